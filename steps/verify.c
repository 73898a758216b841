/* The proof at the end: every Node Ready (or waiting for nothing but the pod network that the operator installs), every etcd member a healthy voter, the API there on each control plane and at the endpoint. */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERIFY_TIMEOUT_MS 300000
#define LOST_TIMEOUT_MS 60000
/* A Pod that is not Ready this long after it was made, and some time after it was Ready, is told of and not waited for. */
#define POD_NEW_S 120
#define LOOK_MS 10000

struct verify {
	struct world *world;
	struct task *task;
	const struct inventory_host *host; /* asked about */
	struct str missing;                /* what is not yet as it should be */
	struct str unwell;                 /* Pods of kube-system that are not Ready, and had time enough */
	struct quorum quorum;
	unsigned nodes[2];   /* control planes and workers that are as they should be */
	unsigned no_network; /* of them those that lack only the pod network, which the operator installs */
};

enum step_verdict verify_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	/* a look does not wait; findings_health says at once what this would wait for */
	if (task_check_only(t) || task_host(t) != (w->lead >= 0 ? w->lead : w->init_host))
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_VERIFY, NULL, "verifies Nodes, etcd members and the API");
}

/* Whether a host is expected in the cluster: it is installed, as far as this run saw it, and has not been lost in it. */
static bool expected(const struct verify *v, size_t i)
{
	bool yes;

	/* a Node that went down with its host is not worth the wait: the run tells of the host */
	if (task_lost(v->task, (int)i))
		return false;

	task_lock(v->task);
	yes = !world_removes(v->world, (int)i) && v->world->hosts[i].probed && world_installed(&v->world->hosts[i]);
	task_unlock(v->task);
	return yes;
}

/* Whether a Pod is on a host that the run knows to be well: elsewhere it says nothing new. */
static bool pod_counts(const struct verify *v, const struct cluster_pod *p)
{
	const struct inventory *inv = v->world->inventory;
	const struct inventory_host *h = *p->node ? inventory_find(inv, p->node) : NULL;

	return !*p->node || (h && expected(v, (size_t)(h - inv->hosts)));
}

/* Without these Pods no other works: kube-proxy, the pod network's, DNS. Asked once the Nodes are well. */
static void check_pods(struct net_client *c, struct verify *v, struct cluster_state *seen)
{
	struct survey_look look = { seen, v->world->inventory, clock_mono_ms() + LOOK_MS, 0, -1 };
	struct error none = { 0 };
	int64_t now_s;

	survey_ask_pods(c, &look, &none);
	task_lock(v->task);
	now_s = (clock_wall_ms() + world_facts(v->task)->clock_offset_ms) / 1000;
	task_unlock(v->task);
	str_clear(&v->unwell);
	for (size_t i = 0; i < seen->pods.count; i++) {
		const struct cluster_pod *p = &seen->pods.list[i];
		bool new = now_s - p->made_s < POD_NEW_S || now_s - p->since_s < CLUSTER_POD_SETTLES_S;
		struct str *out = new ? &v->missing : &v->unwell;

		if (pod_counts(v, p) && out->len < 400)
			str_addf(out, "%sPod kube-system/%s is not Ready (%.100s)", out->len ? "; " : "", p->name,
				p->reason);
	}
}

/* What is known to be wrong with a host that keeps one waiting: it may be why. */
static void add_suspects(struct verify *v, size_t host)
{
	struct findings f = { 0 };
	const char *before = " (check says: ";

	/* as the host is now: what preflight found may have been put right since */
	task_lock(v->task);
	findings_preflight(v->world->inventory, v->world->hosts, (int)host, false, &f);
	task_unlock(v->task);
	for (size_t i = 0; i < f.count && i < 4; i++) {
		if (f.list[i].ignored)
			continue;
		str_addf(&v->missing, "%s%s", before, f.list[i].name);
		before = ", ";
	}
	findings_release(&f);
	if (*before == ',')
		str_add(&v->missing, ")");
}

static int check_nodes(struct net_client *c, void *ctx, struct error *err)
{
	struct verify *v = ctx;
	struct cluster_state seen = { 0 };

	if (world_nodes(c, &seen, err)) {
		cluster_state_release(&seen);
		return -1;
	}
	v->no_network = v->nodes[0] = v->nodes[1] = 0;
	for (size_t i = 0; i < v->world->inventory->host_count; i++) {
		const struct inventory_host *h = &v->world->inventory->hosts[i];
		const struct cluster_node *node = cluster_find_node(&seen, h->name);
		bool waits = node && !node->ready && node->no_network && !v->world->cni_manifest;

		v->world->gone[i] = world_removes(v->world, (int)i) && !node;
		if (!expected(v, i))
			continue;
		v->no_network += waits;
		if (waits || (node && node->ready)) {
			v->nodes[h->role == INVENTORY_WORKER]++;
			continue;
		}
		str_addf(&v->missing, "%sNode %s is %s", v->missing.len ? "; " : "", h->name,
			node ? "not Ready" : "not there");
		add_suspects(v, i);
	}
	if (!v->missing.len && !v->no_network)
		check_pods(c, v, &seen);
	cluster_state_release(&seen);
	return 0;
}

/* Whose member it is; -1: of no host of the inventory. */
static int host_of(const struct verify *v, const struct net_etcd_member *m)
{
	const struct inventory *inv = v->world->inventory;

	for (size_t i = 0; i < inv->host_count; i++)
		if (quorum_member_of(m, inv->hosts[i].address, inv->hosts[i].name))
			return (int)i;
	return -1;
}

static int check_members(struct net_client *c, void *ctx, struct error *err)
{
	struct verify *v = ctx;
	struct net_etcd_member list[16];
	int n = net_etcd_members(c, list, 16, err);

	v->quorum = (struct quorum){ 0, 0 };
	for (int i = 0; i < n; i++) {
		int host = host_of(v, &list[i]);
		bool votes = !list[i].learner && list[i].name[0];

		/* asked after the Nodes */
		if (host >= 0)
			v->world->gone[host] = false;
		v->quorum.voters += votes;
		/* one that this run does not contact is not lost for that */
		v->quorum.healthy += votes && (host < 0 || !task_lost(v->task, host));
		/* of a host that has not joined in this run: waiting makes no voter of it, the next apply takes it back */
		if (!votes && (host < 0 || expected(v, (size_t)host)))
			str_addf(&v->missing, "%setcd member %s is %s", v->missing.len ? "; " : "",
				list[i].name[0] ? list[i].name : list[i].peer_url,
				list[i].learner ? "a learner" : "not started");
	}
	return n < 0 ? -1 : 0;
}

static int check_member(struct net_client *c, void *ctx, struct error *err)
{
	struct verify *v = ctx;
	struct net_etcd_status s;

	if (net_etcd_status(c, &s, err))
		return -1;
	if (!s.leader_id[0] || strcmp(s.leader_id, "0") == 0)
		str_addf(&v->missing, "%setcd on %s sees no leader", v->missing.len ? "; " : "", v->host->name);
	return 0;
}

static int check_ready(struct net_client *c, void *ctx, struct error *err)
{
	struct verify *v = ctx;
	struct net_response r = { 0, STR_INIT };
	int rc = net_do(c, &(struct net_request){ .path = "/readyz" }, &r, err);

	if (rc == 0 && r.status != 200)
		str_addf(&v->missing, "%sthe API server of %s is not ready (HTTP %ld)", v->missing.len ? "; " : "",
			v->host->name, r.status);
	str_release(&r.body);
	return rc;
}

/* One question; that it got no answer is something missing, not a failure, unless the way to it broke. */
static int ask(struct task *t, struct verify *v, const char *what, struct place at,
	int (*fn)(struct net_client *c, void *ctx, struct error *err), struct error *err)
{
	struct error local = { 0 };

	if (world_api_at(t, at, fn, v, &local) == 0)
		return 0;
	if (world_way_lost(&local) || local.kind == ERROR_BLOCKED)
		return *err = local, -1;
	str_addf(&v->missing, "%s%s: %s", v->missing.len ? "; " : "", what, local.what);
	return 0;
}

static int look(struct task *t, struct verify *v, struct error *err)
{
	const struct inventory *inv = v->world->inventory;
	struct place endpoint = { inventory_endpoint(inv), inv->endpoint.port, false };
	unsigned control_planes = 0;

	str_clear(&v->missing);
	v->host = world_host(t);
	if (ask(t, v, "the Nodes", place_api(NULL), check_nodes, err))
		return -1;
	if (ask(t, v, "etcd's members", place_etcd(NULL), check_members, err))
		return -1;
	for (size_t i = 0; i < inv->host_count; i++) {
		v->host = &inv->hosts[i];
		if (v->host->role != INVENTORY_CONTROL_PLANE || !expected(v, i))
			continue;
		control_planes++;
		if (ask(t, v, v->host->name, place_api(v->host->address), check_ready, err) ||
			ask(t, v, v->host->name, place_etcd(v->host->address), check_member, err))
			return -1;
	}
	if (v->quorum.healthy < control_planes)
		str_addf(&v->missing, "%setcd has %u voters of %u", v->missing.len ? "; " : "", v->quorum.healthy,
			control_planes);
	v->host = world_host(t);
	return ask(t, v, "the endpoint", endpoint, check_ready, err);
}

/* Without a control plane that was lost in the run the quorum may be gone, too: that is not waited for as long. */
static int64_t patience_ms(const struct verify *v)
{
	const struct inventory *inv = v->world->inventory;

	for (size_t i = 0; i < inv->host_count; i++)
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE && task_lost(v->task, (int)i))
			return LOST_TIMEOUT_MS;
	return VERIFY_TIMEOUT_MS;
}

int verify_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct verify v = { .world = w, .task = t, .missing = STR_INIT, .unwell = STR_INIT };
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	int rc;

	for (;;) {
		rc = look(t, &v, err);
		if (rc || !v.missing.len)
			break;
		world_waits(t, &wait, patience_ms(&v), v.missing.buf);
		if (clock_mono_ms() - wait.begun_ms > patience_ms(&v) || task_cancelled(t)) {
			rc = error_set(err, ERROR_TIMEOUT, "the cluster is not as it should be after %d s: %s",
				(int)((clock_mono_ms() - wait.begun_ms) / 1000), v.missing.buf);
			error_hint(err,
				"see 'kubewright status', and 'kubewright logs HOST' for the hosts named; apply verifies again");
			break;
		}
		task_lock(t);
		task_wait(t, clock_mono_ms() + 500);
		task_unlock(t);
	}
	if (rc)
		world_explain(t, "", err);
	if (rc == 0) {
		task_lock(t);
		w->quorum = v.quorum;
		memcpy(w->nodes, v.nodes, sizeof(w->nodes));
		w->no_network = v.no_network;
		task_unlock(t);
		if (v.no_network)
			task_notice(t, NOTICE_NO_NETWORK, NULL,
				"%u Nodes wait for a pod network: network.cni is none, so install one now, and they get Ready",
				v.no_network);
		else
			task_log(t, "every Node is Ready; %u etcd voters", v.quorum.healthy);
		if (v.unwell.len)
			task_notice(t, NOTICE_UNWELL, NULL, "%s; 'kubewright status' shows why", v.unwell.buf);
	}
	str_release(&v.unwell);
	str_release(&v.missing);
	return rc;
}
