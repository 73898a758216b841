/* etcd's members, as each says of itself on its own host. */
#include "cli/run.h"

#include "base/json.h"
#include "cluster/health.h"
#include "inventory/inventory.h"

#include <inttypes.h>
#include <string.h>

static const struct inventory_host *host_of(const struct cli_run *r, const struct cluster_member *m)
{
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (health_member_is(m, &r->inventory->hosts[i]))
			return &r->inventory->hosts[i];
	return NULL;
}

/* What the member's own etcd said; NULL: nothing. */
static const struct cluster_etcd *own_word(const struct cli_run *r, const struct cluster_member *m)
{
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct cluster_etcd *e = &r->world.hosts[i].etcd;

		if (e->answered && strcmp(e->member_id, m->id) == 0)
			return e;
	}
	return NULL;
}

static const char *state_of(const struct cluster_member *m, const struct cluster_etcd *e)
{
	if (!m->started)
		return "never started";
	if (!e)
		return m->learner ? "learner, does not answer" : "does not answer";
	if (m->learner)
		return "learner";
	if (!e->leader_id[0])
		return "knows no leader";
	return strcmp(e->leader_id, m->id) == 0 ? "leader" : "voter";
}

const char *status_member(const struct cli_run *r, size_t host)
{
	const struct cluster_state *c = &r->world.cluster;

	for (size_t i = 0; i < c->member_count; i++)
		if (health_member_is(&c->members[i], &r->inventory->hosts[host]))
			return state_of(&c->members[i], own_word(r, &c->members[i]));
	return c->member_count && r->inventory->hosts[host].role == INVENTORY_CONTROL_PLANE ? "no member" : "";
}

/* The furthest of all: what others lack to it is their lag, give or take what was written between two questions. */
static int64_t newest(const struct cli_run *r)
{
	int64_t index = 0;

	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->world.hosts[i].etcd.raft_index > index)
			index = r->world.hosts[i].etcd.raft_index;
	return index;
}

void status_members(const struct cli_run *r)
{
	const struct cluster_state *c = &r->world.cluster;

	if (!c->member_count)
		return;
	printf("\n%-16s  %-15s  %-24s  %10s  %10s\n", "ETCD MEMBER", "HOST", "STATE", "BEHIND", "DATA");
	for (size_t i = 0; i < c->member_count; i++) {
		const struct cluster_member *m = &c->members[i];
		const struct inventory_host *h = host_of(r, m);
		const struct cluster_etcd *e = own_word(r, m);
		char lag[24] = "-", size[24] = "-";

		if (e) {
			snprintf(lag, sizeof(lag), "%" PRId64, newest(r) - e->raft_index);
			snprintf(size, sizeof(size), "%.1f MiB", (double)e->db_size / (1 << 20));
		}
		printf("%-16s  %-15s  %-24s  %10s  %10s\n", m->name[0] ? m->name : m->id, h ? h->name : m->peer_url,
			state_of(m, e), lag, size);
	}
}

struct json *status_members_json(const struct cli_run *r)
{
	struct json *list = json_array();

	for (size_t i = 0; i < r->world.cluster.member_count; i++) {
		const struct cluster_member *m = &r->world.cluster.members[i];
		const struct inventory_host *h = host_of(r, m);
		const struct cluster_etcd *e = own_word(r, m);
		struct json *j = json_add(list, json_object());

		json_set_str(j, "id", m->id);
		json_set_str(j, "name", m->name);
		json_set_str(j, "peer_url", m->peer_url);
		json_set_str(j, "host", h ? h->name : NULL);
		json_set_str(j, "state", state_of(m, e));
		json_set_bool(j, "learner", m->learner);
		json_set_bool(j, "healthy", m->healthy);
		json_set_bool(j, "leader", e && strcmp(e->leader_id, m->id) == 0);
		if (e) {
			json_set_int(j, "behind", newest(r) - e->raft_index);
			json_set_int(j, "db_size", e->db_size);
		}
	}
	return list;
}
