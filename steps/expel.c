/*
 * Takes hosts that leave, for good or to join anew, out of the living cluster: their etcd members and Nodes, through a control plane that stays. Only hosts that
 * were looked at in this run: one that merely cannot be reached is never taken for dead.
 */
#include "steps/steps.h"

#include "base/error.h"
#include "base/str.h"
#include "cluster/quorum.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

struct members {
	struct net_etcd_member list[16];
	bool healthy[16];
	int count;
};

bool world_rejoins(const struct world *w, int host)
{
	return w->rejoin && w->rejoin[host];
}

bool world_leaves(const struct world *w, int host)
{
	return world_rejoins(w, host) || (w->leave && w->leave[host]);
}

static bool has_leaving(const struct world *w)
{
	for (size_t i = 0; i < w->inventory->host_count; i++)
		if (world_leaves(w, (int)i))
			return true;
	return false;
}

enum step_verdict expel_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (!has_leaving(w))
		return STEP_NOT_HERE;
	if (w->lead < 0) {
		error_set(why, ERROR_COMMAND,
			"no API server of a control plane that stays answers: nobody can be taken out of the cluster");
		error_hint(why, "see 'kubewright status'");
		return STEP_IMPOSSIBLE;
	}
	if (task_host(t) != w->lead)
		return STEP_NOT_HERE;
	error_set(why, ERROR_NONE, "takes hosts out of the cluster");
	return STEP_NEEDED;
}

static int list_members(struct net_client *c, void *ctx, struct error *err)
{
	struct members *m = ctx;

	m->count = net_etcd_members(c, m->list, 16, err);
	return m->count < 0 ? -1 : 0;
}

static int ask_status(struct net_client *c, void *ctx, struct error *err)
{
	struct net_etcd_status *s = ctx;

	return net_etcd_status(c, s, err);
}

/* "https://10.0.0.11:2380" -> "10.0.0.11" */
static void address_of(const char *url, char *out, size_t size)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	snprintf(out, size, "%.*s", (int)strcspn(host, ":/"), host);
}

/* A voter is healthy when it answers itself and knows a leader. */
static int look_at_members(struct task *t, struct members *m, struct error *err)
{
	if (world_api_at(t, "127.0.0.1", 2379, true, list_members, m, err))
		return error_wrap(err, "etcd's members cannot be listed");
	for (int i = 0; i < m->count; i++) {
		struct net_etcd_status s = { 0 };
		struct error no = { 0 };
		char address[64];

		address_of(m->list[i].peer_url, address, sizeof(address));
		m->healthy[i] = world_api_at(t, address, 2379, true, ask_status, &s, &no) == 0 && s.leader_id[0] &&
				strcmp(s.leader_id, "0") != 0;
		if (no.kind == ERROR_CANCELLED)
			return *err = no, -1;
		task_log(t, "etcd member %s (%s): %s%s", m->list[i].name[0] ? m->list[i].name : "not started", address,
			m->list[i].learner ? "learner, " : "", m->healthy[i] ? "healthy" : "does not answer");
	}
	return 0;
}

static struct quorum count(const struct members *m)
{
	struct quorum q = { 0, 0 };

	for (int i = 0; i < m->count; i++) {
		q.voters += !m->list[i].learner;
		q.healthy += !m->list[i].learner && m->healthy[i];
	}
	return q;
}

static bool is_member_of(const struct net_etcd_member *m, const struct inventory_host *h)
{
	char address[64];

	address_of(m->peer_url, address, sizeof(address));
	return strcmp(address, h->address) == 0 || strcmp(m->name, h->name) == 0;
}

static int remove_one(struct net_client *c, void *id, struct error *err)
{
	return net_etcd_member_remove(c, id, err);
}

/* All members of one host; voters only when the quorum bears it. */
static int expel_members(struct task *t, const struct inventory_host *h, struct members *m, struct error *err)
{
	for (int i = 0; i < m->count; i++) {
		struct quorum now = count(m), after = now;

		if (!is_member_of(&m->list[i], h))
			continue;
		if (!m->list[i].learner && quorum_without(&now, m->healthy[i], h->name, &after, err))
			return -1;
		if (world_api_at(t, "127.0.0.1", 2379, true, remove_one, m->list[i].id, err))
			return error_wrap(err, "cannot take the etcd member of %s out", h->name);
		task_notice(t,
			"took the etcd member of %s out: %u voters, %u healthy -> %u voters, %u healthy, tolerates %u lost",
			h->name, now.voters, now.healthy, after.voters, after.healthy, quorum_tolerates(&after));
		memmove(&m->list[i], &m->list[i + 1], (size_t)(m->count - i - 1) * sizeof(m->list[0]));
		memmove(&m->healthy[i], &m->healthy[i + 1], (size_t)(m->count - i - 1) * sizeof(m->healthy[0]));
		m->count--;
		i--;
	}
	return 0;
}

/* The rest of the run must not count on a Node that is gone. */
static void forget_node(struct task *t, const char *name)
{
	struct cluster_state *c = &world_of(t)->cluster;

	task_lock(t);
	for (size_t i = 0; i < c->node_count; i++)
		if (strcmp(c->nodes[i].name, name) == 0)
			c->nodes[i].name[0] = '\0';
	task_unlock(t);
}

int expel_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct members members = { .count = 0 };

	if (look_at_members(t, &members, err))
		return -1;
	for (size_t i = 0; i < w->inventory->host_count; i++) {
		struct inventory_host h = w->inventory->hosts[i];

		if (!world_leaves(w, (int)i))
			continue;
		if (!w->hosts[i].probed) {
			task_notice(t, "%s could not be looked at: its place in the cluster is left as it is", h.name);
			continue;
		}
		if (expel_members(t, &h, &members, err) || world_api(t, world_delete_node, &h, err))
			return -1;
		forget_node(t, h.name);
	}
	return 0;
}
