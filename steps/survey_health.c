/* How a control plane's own etcd and API server are: asked on each host, so that it can be told without an API server and without a quorum. */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "cluster/health.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"

#include <stdio.h>
#include <string.h>

struct own_etcd {
	struct net_etcd_status status;
	struct cluster_state known; /* its members alone */
};

static int ask_etcd(struct net_client *c, void *ctx, struct error *err)
{
	struct own_etcd *own = ctx;
	struct net_etcd_member list[16];
	int n;

	if (net_etcd_status(c, &own->status, err))
		return -1;
	n = net_etcd_members_known(c, list, 16, err);
	for (int i = 0; i < n; i++) {
		struct cluster_member *m = &own->known.members[i];

		snprintf(m->id, sizeof(m->id), "%s", list[i].id);
		snprintf(m->name, sizeof(m->name), "%s", list[i].name);
		snprintf(m->peer_url, sizeof(m->peer_url), "%s", list[i].peer_url);
		snprintf(m->client_url, sizeof(m->client_url), "%s", list[i].client_url);
		m->learner = list[i].learner;
		m->started = list[i].name[0] != '\0';
	}
	own->known.member_count = n > 0 ? (size_t)n : 0;
	return n < 0 ? -1 : 0;
}

static int ask_ready(struct net_client *c, void *ctx, struct error *err)
{
	struct net_response r = { 0, STR_INIT };
	int rc = net_do(c, &(struct net_request){ .path = "/readyz", .timeout_ms = 5000 }, &r, err);

	*(bool *)ctx = rc == 0 && r.status == 200;
	str_release(&r.body);
	return rc;
}

/* A connection that is lost is an error, an answer that does not come is not. */
static bool broken(const struct error *local, struct error *err)
{
	if (local->kind != ERROR_CONNECT && local->kind != ERROR_CANCELLED)
		return false;
	*err = *local;
	return true;
}

static void note_etcd(struct task *t, const struct own_etcd *own)
{
	struct cluster_etcd *e = &world_facts(t)->etcd;
	struct cluster_state *c = &world_of(t)->cluster;

	e->answered = true;
	snprintf(e->member_id, sizeof(e->member_id), "%s", own->status.member_id);
	snprintf(e->leader_id, sizeof(e->leader_id), "%s",
		strcmp(own->status.leader_id, "0") == 0 ? "" : own->status.leader_id);
	snprintf(e->version, sizeof(e->version), "%s", own->status.version);
	e->db_size = own->status.db_size;
	e->raft_index = own->status.raft_index;
	/* while no API server has been asked this is all that is known */
	if (!c->member_count) {
		memcpy(c->members, own->known.members, sizeof(c->members));
		c->member_count = own->known.member_count;
	}
}

int survey_health(struct task *t, struct error *err)
{
	struct own_etcd own = { .known = { .lead = -1 } };
	struct error local = { 0 };
	bool ready = false, etcd = false;

	etcd = world_api_at(t, "127.0.0.1", 2379, true, ask_etcd, &own, &local) == 0;
	if (!etcd && broken(&local, err))
		return -1;
	if (!etcd)
		task_log(t, "etcd here does not answer: %s", local.what);
	memset(&local, 0, sizeof(local));
	if (world_api_at(t, "127.0.0.1", 6443, false, ask_ready, &ready, &local) && broken(&local, err))
		return -1;
	task_lock(t);
	if (etcd)
		note_etcd(t, &own);
	world_facts(t)->api_ready = ready;
	task_unlock(t);
	return 0;
}

/* A member is healthy when its own host says that it knows a leader. */
static void fill_healthy(struct world *w)
{
	for (size_t i = 0; i < w->cluster.member_count; i++) {
		struct cluster_member *m = &w->cluster.members[i];

		m->healthy = false;
		for (size_t k = 0; k < w->inventory->host_count; k++)
			if (w->hosts[k].etcd.answered && w->hosts[k].etcd.leader_id[0] &&
				strcmp(w->hosts[k].etcd.member_id, m->id) == 0)
				m->healthy = true;
	}
}

void world_health_view(struct world *w, struct health_view *v)
{
	fill_healthy(w);
	*v = (struct health_view){
		.inv = w->inventory,
		.hosts = w->hosts,
		.state = &w->cluster,
		.now_s = clock_wall_ms() / 1000,
	};
	if (w->store) {
		v->ca = pki_store_pem(w->store, PKI_CA_CRT);
		v->etcd_ca = pki_store_pem(w->store, PKI_ETCD_CA_CRT);
		v->front_proxy_ca = pki_store_pem(w->store, PKI_FRONT_PROXY_CA_CRT);
	}
}
