/*
 * What follows kubeadm's part of an upgrade on a host: its pods go where a new minor version wants that, kubelet, kubectl and containerd get their versions, the
 * kubelet restarts and is seen to report the new version, and the Node takes pods again if this is what had cordoned it.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

#define NODE_TIMEOUT_MS 300000
/* On a Node that an upgrade has cordoned. */
#define NOTE "kubewright/upgrade"

static const char *const kubelet_words[] = { "restarted", "error", "hint", NULL };

/* This host's Node as the survey saw it; NULL: the cluster has no such Node, and apply's business. */
static const struct cluster_node *node_of(struct task *t)
{
	return upgrade_member(world_of(t), task_host(t))
		       ? cluster_find_node(&world_of(t)->seen.cluster, world_host(t)->name)
		       : NULL;
}

static bool is_new(const struct world *w, const struct cluster_node *node)
{
	return upgrade_is_version(node->version, w->decided.version);
}

/* "1.36" of "1.36.2" */
static bool same_minor(const char *a, const char *b)
{
	size_t n = strcspn(a, ".") + 1;

	n += strcspn(a[n - 1] ? a + n : "", ".");
	return strncmp(a, b, n) == 0 && (b[n] == '.' || b[n] == '\0');
}

/* No kubelet may be newer than any API server. */
static bool held_back(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const char *name = world_host(t)->name;

	if (upgrade_stopped(t, why))
		return true;
	if (task_check_only(t) || upgrade_kubelet_due(w, task_host(t)))
		return false;
	error_refuse(why, ERROR_COMMAND, REFUSAL_UPGRADE, name,
		"%s keeps its kubelet: a control plane is not upgraded yet, and no kubelet may be newer than an API server",
		name);
	error_hint(why, "fix what is reported there and run 'kubewright upgrade %s' again", w->decided.version);
	return true;
}

/* ---- pods go ------------------------------------------------------------------------------------------------------- */

enum step_verdict upgrade_drain_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_node *node = node_of(t);

	/* in place with its pods a kubelet may change its patch level alone */
	if (!node || same_minor(node->version, w->decided.version))
		return STEP_NOT_HERE;
	if (held_back(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_PODS, node->name, "cordons the Node and evicts its pods");
}

static bool cordoned(const struct world *w, int host, const struct cluster_node *node)
{
	return w->seen.begun[host] || json_get(node->json, "metadata.annotations.kubewright/upgrade");
}

enum step_verdict upgrade_uncordon_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_node *node = node_of(t);

	if (!node || !cordoned(w, task_host(t), node))
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_CORDONED, node->name, "lets pods onto the Node again");
}

struct asked_node {
	const char *name;
	const char *version; /* wanted of its kubelet; NULL: any */
	bool serves;         /* it has an API server, which is the one that is asked */
	bool ready;
	char said[200];
};

static int ask_node(struct net_client *c, struct asked_node *n, struct json **out, struct error *err)
{
	char path[128];

	snprintf(path, sizeof(path), "/api/v1/nodes/%s", n->name);
	*out = net_json(c, "GET", path, NULL, NULL, NULL, err);
	return *out ? 0 : -1;
}

static int uncordon(struct net_client *c, void *ctx, struct error *err)
{
	struct asked_node *n = ctx;
	struct json *node, *patch, *answer;
	bool schedulable;
	char path[128];

	if (ask_node(c, n, &node, err))
		return -1;
	/* somebody let pods onto it meanwhile, or had cordoned it before */
	if (!json_get(node, "metadata.annotations.kubewright/upgrade"))
		return json_free(node), 0;
	schedulable = !json_get_bool(node, "spec.unschedulable", false);
	json_free(node);
	patch = json_object();
	/* somebody has let pods onto it: the mark alone goes, so that a later cordon of somebody's is not taken for ours */
	if (!schedulable)
		json_set_bool(json_set(patch, "spec", json_object()), "unschedulable", false);
	json_set_str(json_set(json_set(patch, "metadata", json_object()), "annotations", json_object()), NOTE, NULL);
	snprintf(path, sizeof(path), "/api/v1/nodes/%s", n->name);
	answer = net_json(c, "PATCH", path, "application/merge-patch+json", patch, NULL, err);
	json_free(patch);
	json_free(answer);
	return answer ? 0 : -1;
}

int upgrade_uncordon_apply(struct task *t, struct error *err)
{
	struct asked_node n = { .name = world_host(t)->name };

	return world_any_api(t, uncordon, &n, err);
}

/* Nothing that matters was changed here: the Node takes pods as before. */
static void takes_pods(struct task *t)
{
	struct error no = { 0 };

	if (upgrade_uncordon_apply(t, &no))
		task_log(t, "%s stays cordoned: %s", world_host(t)->name, no.what);
}

/* ---- versions ------------------------------------------------------------------------------------------------------ */

int upgrade_kubeadm_apply(struct task *t, struct error *err)
{
	return upgrade_result(t, packages_apply(t, err), err);
}

int upgrade_packages_apply(struct task *t, struct error *err)
{
	int rc = packages_apply(t, err);

	/* the kubelet that runs is the one of before */
	if (rc)
		takes_pods(t);
	return upgrade_result(t, rc, err);
}

int upgrade_runtime_apply(struct task *t, struct error *err)
{
	return upgrade_result(t, runtime_apply(t, err), err);
}

enum step_verdict upgrade_packages_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_node *node = node_of(t);

	if (!node)
		return STEP_NOT_HERE;
	/* in a look no API server has the version yet, and the kubelet would have to wait */
	if (task_check_only(t) && !upgrade_is_version(cluster_fact(world_facts(t), "pkg.kubelet"), w->decided.version))
		return step_needed(
			why, EVIDENCE_PACKAGE, "kubelet", "installs kubelet and kubectl %s", w->decided.version);
	return held_back(t, why) ? STEP_IMPOSSIBLE : packages_check(t, why);
}

enum step_verdict upgrade_runtime_check(struct task *t, struct error *why)
{
	if (!node_of(t))
		return STEP_NOT_HERE;
	return held_back(t, why) ? STEP_IMPOSSIBLE : runtime_check(t, why);
}

enum step_verdict upgrade_kubelet_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_node *node = node_of(t);

	if (!node)
		return STEP_NOT_HERE;
	if (is_new(w, node))
		return STEP_DONE;
	if (held_back(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_UNIT, "kubelet", "restarts the kubelet with %s", w->decided.version);
}

/* Its own etcd member is part of what it says of itself. */
static int look_at_server(struct net_client *c, struct asked_node *n, struct error *err)
{
	struct net_response r = { 0, STR_INIT };
	int rc = net_do(c, &(struct net_request){ .path = "/readyz" }, &r, err);

	n->ready = rc == 0 && r.status == 200;
	if (rc == 0 && !n->ready)
		snprintf(
			n->said, sizeof(n->said), "the API server of %.63s is not ready (HTTP %ld)", n->name, r.status);
	str_release(&r.body);
	return rc;
}

static int look_at_node(struct net_client *c, void *ctx, struct error *err)
{
	struct asked_node *n = ctx;
	struct cluster_state one = { .lead = -1 };
	struct json *node, *list;
	const struct cluster_node *seen;

	if (ask_node(c, n, &node, err))
		return -1;
	list = json_object();
	json_add(json_set(list, "items", json_array()), node);
	if (cluster_state_nodes(&one, list, err))
		return -1;
	seen = cluster_find_node(&one, n->name);
	n->ready = seen && seen->ready && (!n->version || upgrade_is_version(seen->version, n->version));
	snprintf(n->said, sizeof(n->said), "the kubelet of %.63s reports %s, %s", n->name,
		seen ? seen->version : "nothing", seen && seen->ready ? "Ready" : "not Ready");
	cluster_state_release(&one);
	return n->ready && n->serves ? look_at_server(c, n, err) : 0;
}

int upgrade_drain_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct asked_node n = { .name = world_host(t)->name };
	struct error no = { 0 };
	int rc;

	task_lock(t);
	w->seen.begun[task_host(t)] = true;
	task_unlock(t);
	/* a kubelet that does not work ends no pod: what comes next may be what makes it work again */
	if (world_any_api(t, look_at_node, &n, &no) == 0 && !n.ready) {
		task_notice(t, NOTICE_PODS_END, n.name, "the kubelet of %s does not work: its pods are not evicted",
			n.name);
		return 0;
	}
	rc = drain_node(t, n.name, NOTE, err);
	if (rc)
		takes_pods(t);
	return upgrade_result(t, rc, err);
}

/* That an API server cannot be asked for a moment is not a reason to give up: it may be the one that restarts. */
static int await_node(struct task *t, struct error *err)
{
	struct asked_node n = { .name = world_host(t)->name,
		.version = world_of(t)->decided.version,
		.serves = world_is_control_plane(t) };
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	struct error why = { 0 };

	for (;;) {
		if (n.serves ? world_api(t, look_at_node, &n, &why) : world_any_api(t, look_at_node, &n, &why)) {
			if (world_way_lost(&why) || task_cancelled(t))
				return *err = why, -1;
			snprintf(n.said, sizeof(n.said), "%s", why.what);
			memset(&why, 0, sizeof(why));
		}
		if (n.ready)
			return 0;
		world_waits(t, &wait, NODE_TIMEOUT_MS, n.said);
		if (clock_mono_ms() - wait.begun_ms > NODE_TIMEOUT_MS || task_cancelled(t))
			break;
		task_lock(t);
		task_wait(t, clock_mono_ms() + 500);
		task_unlock(t);
	}
	if (task_cancelled(t))
		return error_set(err, ERROR_CANCELLED, "cancelled");
	error_set(err, ERROR_TIMEOUT, "%s after %d s", n.said, NODE_TIMEOUT_MS / 1000);
	world_explain(t, "", err);
	return -1;
}

int upgrade_kubelet_apply(struct task *t, struct error *err)
{
	int rc = world_script(t, "kubelet", host_script_kubelet, NULL, 0, kubelet_words, NULL, SCRIPT_CHANGE_MS, err);

	if (rc)
		world_explain(t, "", err);
	else
		rc = await_node(t, err);
	return upgrade_result(t, rc, err);
}
