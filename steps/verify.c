/* The proof at the end: every Node Ready (or waiting for nothing but the pod network that the operator installs), every etcd member a healthy voter, the API there on each control plane and at the endpoint. */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A Pod that is not Ready this long after it was made, and some time after it was Ready, is reported and not waited for. */
#define POD_NEW_S 120
#define LOOK_MS 10000

struct verify {
	struct world *world;
	struct task *task;
	const struct inventory_host *host; /* asked about */
	struct str missing;                /* what is not yet as it should be */
	bool heals;                        /* some of it by what this run does */
	struct str unwell;                 /* Pods of kube-system that are not Ready, and had time enough */
	struct quorum quorum;
	unsigned nodes[2];   /* control planes and workers that are as they should be */
	unsigned no_network; /* of them those that lack only the pod network, which the operator installs */
};

enum step_verdict verify_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	/* a look does not wait; findings_health says at once what this would wait for */
	if (task_check_only(t) || task_host(t) != (w->decided.lead >= 0 ? w->decided.lead : w->decided.init_host))
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_VERIFY, NULL, "verifies Nodes, etcd members and the API");
}

/* Whether a host is expected in the cluster: it is installed, as far as this run saw it, and has not been lost in it. */
static bool expected(const struct verify *v, size_t i)
{
	bool yes;

	/* a Node that went down with its host is not worth the wait: the run reports the host */
	if (task_lost(v->task, (int)i))
		return false;

	task_lock(v->task);
	yes = !world_removes(v->world, (int)i) && v->world->seen.hosts[i].probed &&
	      world_installed(&v->world->seen.hosts[i]);
	task_unlock(v->task);
	return yes;
}

/* Waiting may help a host: not one that this run gave up, nor, when it only mends, one that it did nothing on. */
static bool may_heal(const struct verify *v, int host)
{
	const struct world *w = v->world;
	bool heals = !w->wish.health;

	task_lock(v->task);
	for (size_t i = 0; host >= 0 && i < w->seen.hosts[host].facts.count; i++) {
		const struct remote_answer_line *l = &w->seen.hosts[host].facts.lines[i];
		const char *run = strrchr(l->value, ' ');

		heals = heals || (run && str_starts(l->word, "job.") && strcmp(run + 1, w->wish.run) == 0);
	}
	task_unlock(v->task);
	return heals && (host < 0 || !task_aside(v->task, host));
}

/* Something of a host is not as it should be; -1: of none. */
__attribute__((format(printf, 3, 4))) static void miss(struct verify *v, int host, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_addf(&v->missing, "%s%s", v->missing.len ? "; " : "", text);
	v->heals = v->heals || may_heal(v, host);
}

/* The host that is asked about. */
static int asked(const struct verify *v)
{
	return (int)(v->host - v->world->wish.inventory->hosts);
}

/* Whether a Pod is on a host that the run knows to be well: elsewhere it says nothing new. */
static bool pod_counts(const struct verify *v, const struct cluster_pod *p)
{
	const struct inventory *inv = v->world->wish.inventory;
	const struct inventory_host *h = *p->node ? inventory_find(inv, p->node) : NULL;

	return !*p->node || (h && expected(v, (size_t)(h - inv->hosts)));
}

/* Without these Pods no other works: kube-proxy, the pod network's, DNS. Asked once the Nodes are well. */
static void check_pods(struct net_client *c, struct verify *v, struct cluster_state *seen)
{
	struct survey_look look = { seen, v->world->wish.inventory, clock_mono_ms() + LOOK_MS, 0, -1 };
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

		if (!pod_counts(v, p) || out->len >= 400)
			continue;
		v->heals = v->heals || new;
		str_addf(out, "%sPod kube-system/%s is not Ready (%.100s)", out->len ? "; " : "", p->name, p->reason);
	}
}

/* What is known to be wrong with a host that keeps one waiting: it may be why. */
static void add_suspects(struct verify *v, size_t host)
{
	struct findings f = { 0 };
	const char *before = " (check says: ";

	/* as the host is now: what preflight found may have been put right since */
	task_lock(v->task);
	findings_preflight(
		v->world->wish.inventory, v->world->seen.hosts, &v->world->seen.identities, (int)host, false, &f);
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
	for (size_t i = 0; i < v->world->wish.inventory->host_count; i++) {
		const struct inventory_host *h = &v->world->wish.inventory->hosts[i];
		const struct cluster_node *node = cluster_find_node(&seen, h->name);
		bool waits = node && !node->ready && node->no_network && !v->world->wish.cni_manifest;

		v->world->seen.gone[i] = world_removes(v->world, (int)i) && !node;
		if (!expected(v, i))
			continue;
		v->no_network += waits;
		if (waits || (node && node->ready)) {
			v->nodes[h->role == INVENTORY_WORKER]++;
			if (v->world->wish.upgrade && !task_aside(v->task, (int)i) &&
				!upgrade_is_version(node->version, v->world->decided.version))
				miss(v, (int)i, "the kubelet of %s is %s", h->name, node->version);
			continue;
		}
		miss(v, (int)i, "Node %s is %s", h->name, node ? "not Ready" : "not there");
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
	const struct inventory *inv = v->world->wish.inventory;

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
			v->world->seen.gone[host] = false;
		v->quorum.voters += votes;
		/* one that this run does not contact is not lost for that */
		v->quorum.healthy += votes && (host < 0 || !task_lost(v->task, host));
		/* of a host that has not joined in this run: waiting makes no voter of it, the next apply takes it back */
		if (votes || (host >= 0 && !expected(v, (size_t)host)))
			continue;
		miss(v, host, "etcd member %s is %s", list[i].name[0] ? list[i].name : list[i].peer_url,
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
		miss(v, asked(v), "etcd on %s sees no leader", v->host->name);
	return 0;
}

static int check_ready(struct net_client *c, void *ctx, struct error *err)
{
	struct verify *v = ctx;
	struct net_response r = { 0, STR_INIT };
	int rc = net_do(c, &(struct net_request){ .path = "/readyz" }, &r, err);

	if (rc == 0 && r.status != 200)
		miss(v, asked(v), "the API server of %s is not ready (HTTP %ld)", v->host->name, r.status);
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
	miss(v, asked(v), "%s: %s", what, local.what);
	return 0;
}

static int look(struct task *t, struct verify *v, struct error *err)
{
	const struct inventory *inv = v->world->wish.inventory;
	struct place endpoint = { inventory_endpoint(inv), inventory_endpoint(inv), inv->endpoint.port, false };
	unsigned control_planes = 0;

	str_clear(&v->missing);
	v->heals = false;
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
		miss(v, -1, "etcd has %u voters of %u", v->quorum.healthy, control_planes);
	v->host = world_host(t);
	return ask(t, v, "the endpoint", endpoint, check_ready, err);
}

/* What this run cannot heal is not waited for as long; nor without a control plane that was lost in it: the quorum may be gone, too. */
static int64_t patience_ms(const struct verify *v)
{
	const struct inventory *inv = v->world->wish.inventory;

	for (size_t i = 0; i < inv->host_count; i++)
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE && task_lost(v->task, (int)i))
			return v->world->wish.verify_ms / 5;
	return v->heals ? v->world->wish.verify_ms : v->world->wish.verify_ms / 5;
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
				"see 'kubewright status', and 'kubewright logs HOST' for the hosts named; apply "
				"verifies again");
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
		w->seen.quorum = v.quorum;
		memcpy(w->seen.nodes, v.nodes, sizeof(w->seen.nodes));
		w->seen.no_network = v.no_network;
		task_unlock(t);
		if (v.no_network)
			task_notice(t, NOTICE_NO_NETWORK, NULL,
				"%u Nodes wait for a pod network: network.cni is none; install a pod network and they "
				"become Ready",
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
