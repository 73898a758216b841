/* How a control plane's own etcd and API server are: asked on each host, so that it is known without an API server and without a quorum. */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "cluster/health.h"
#include "cluster/quorum.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"

#include <string.h>

/* The host's own member: whom it knows, and how it is itself. */
static int ask_own(struct net_client *c, void *ctx, struct error *err)
{
	struct quorum_view *v = ctx;
	struct net_etcd_status status;
	int n;

	if (net_etcd_status(c, &status, err) || (n = net_etcd_members_known(c, v->list, QUORUM_MEMBERS, err)) < 0)
		return -1;
	v->count = n;
	for (int i = 0; i < n; i++)
		if (strcmp(v->list[i].id, status.member_id) == 0) {
			v->answers[i] = true;
			v->status[i] = status;
		}
	return 0;
}

int survey_ready(struct net_client *c, void *ctx, struct error *err)
{
	struct net_response r = { 0, STR_INIT };
	int rc = net_do(c, &(struct net_request){ .path = "/readyz", .timeout_ms = 5000 }, &r, err);

	*(bool *)ctx = rc == 0 && r.status == 200;
	str_release(&r.body);
	return rc;
}

int survey_health(struct task *t, struct error *err)
{
	struct quorum_view own = { .count = 0 };
	struct error local = { 0 };
	enum cluster_answer answer;
	bool ready = false;

	if (world_api_at(t, place_etcd(NULL), ask_own, &own, &local)) {
		if (world_way_lost(&local))
			return *err = local, -1;
		world_note_unseen(t, &local);
		task_log(t, "etcd here does not answer: %s", local.what);
	}
	memset(&local, 0, sizeof(local));
	if (world_api(t, survey_ready, &ready, &local) && world_way_lost(&local))
		return *err = local, -1;
	answer = ready ? CLUSTER_YES : world_note_unseen(t, &local) ? CLUSTER_UNSEEN : CLUSTER_NO;
	task_lock(t);
	*world_of(t)->seen.etcd[task_host(t)] = own;
	world_facts(t)->api_ready = answer;
	task_unlock(t);
	return 0;
}

void world_health_view(struct world *w, struct health_view *v)
{
	const size_t n = w->wish.inventory->host_count;

	/* the list that the survey has from a member with a leader, else what is known without one */
	if (w->seen.cluster.etcd.count)
		quorum_hear(w->seen.etcd, n, &w->seen.cluster.etcd);
	else
		quorum_merge(w->seen.etcd, n, &w->seen.cluster.etcd);
	for (size_t i = 0; i < n; i++)
		if (w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && *w->seen.hosts[i].unseen)
			quorum_mark_unseen(&w->seen.cluster.etcd, w->wish.inventory->hosts[i].address,
				w->wish.inventory->hosts[i].name);
	*v = (struct health_view){
		.inv = w->wish.inventory,
		.hosts = w->seen.hosts,
		.state = &w->seen.cluster,
		.now_s = clock_wall_ms() / 1000,
	};
	if (w->pki.store) {
		v->ca = pki_store_pem(w->pki.store, PKI_CA_CRT);
		v->etcd_ca = pki_store_pem(w->pki.store, PKI_ETCD_CA_CRT);
		v->front_proxy_ca = pki_store_pem(w->pki.store, PKI_FRONT_PROXY_CA_CRT);
	}
}
