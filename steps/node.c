/*
 * The Node of the host that a step is about, while it is worked on: its pods go, it is waited for, it takes pods again. Who cordoned it stands in an annotation, so
 * that what somebody else had cordoned stays so.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

#define NODE_TIMEOUT_MS 300000

struct asked_node {
	const char *name;
	const char *note; /* annotation */
	struct node_wanted wanted;
	bool serves; /* it has an API server, which is the one that is asked */
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

/* ---- its pods ------------------------------------------------------------------------------------------------------ */

const char *node_noted(const struct cluster_node *node, const char *note)
{
	return json_get_str(json_get(node->json, "metadata.annotations"), note, NULL);
}

static int uncordon(struct net_client *c, void *ctx, struct error *err)
{
	struct asked_node *n = ctx;
	struct json *node, *patch, *answer;
	bool schedulable, noted;
	char path[128];

	if (ask_node(c, n, &node, err))
		return -1;
	/* somebody let pods onto it meanwhile, or had cordoned it before */
	noted = json_get_str(json_get(node, "metadata.annotations"), n->note, NULL);
	schedulable = !json_get_bool(node, "spec.unschedulable", false);
	json_free(node);
	if (!noted)
		return 0;
	patch = json_object();
	/* somebody has let pods onto it: the mark alone goes, so that a later cordon of somebody's is not taken for ours */
	if (!schedulable)
		json_set_bool(json_set(patch, "spec", json_object()), "unschedulable", false);
	json_set_str(json_set(json_set(patch, "metadata", json_object()), "annotations", json_object()), n->note, NULL);
	snprintf(path, sizeof(path), "/api/v1/nodes/%s", n->name);
	answer = net_json(c, "PATCH", path, "application/merge-patch+json", patch, NULL, err);
	json_free(patch);
	json_free(answer);
	return answer ? 0 : -1;
}

int node_uncordon(struct task *t, const char *note, struct error *err)
{
	struct asked_node n = { .name = world_host(t)->name, .note = note };

	return world_any_api(t, uncordon, &n, err);
}

/* ---- how it is ----------------------------------------------------------------------------------------------------- */

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

static bool is_wanted(const struct cluster_node *node, const struct node_wanted *wanted)
{
	return (node->ready || node->no_network) &&
	       (!wanted->version || upgrade_is_version(node->version, wanted->version)) &&
	       (!wanted->boot || strcmp(json_get_str(node->json, "status.nodeInfo.bootID", ""), wanted->boot) == 0);
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
	n->ready = seen && is_wanted(seen, &n->wanted);
	snprintf(n->said, sizeof(n->said), "the kubelet of %.63s reports %s, %s%s", n->name,
		seen ? seen->version : "nothing", seen && seen->ready ? "Ready" : "not Ready",
		seen && seen->ready && n->wanted.boot && !n->ready ? " since before the reboot" : "");
	cluster_state_release(&one);
	return n->ready && n->serves ? look_at_server(c, n, err) : 0;
}

int node_drain(struct task *t, const struct drain_purpose *purpose, struct error *err)
{
	struct asked_node n = { .name = world_host(t)->name };
	struct error no = { 0 };

	/* a kubelet that does not work ends no pod: what comes next may be what makes it work again */
	if (world_any_api(t, look_at_node, &n, &no) == 0 && !n.ready) {
		task_notice(t, NOTICE_PODS_END, n.name, "the kubelet of %s does not work: its pods are not evicted",
			n.name);
		return 0;
	}
	return drain_node(t, n.name, purpose, err);
}

/* That an API server cannot be asked for a moment is not a reason to give up: it may be the one that restarts. */
int node_await(struct task *t, const struct node_wanted *wanted, struct error *err)
{
	struct asked_node n = { .name = world_host(t)->name, .wanted = *wanted, .serves = world_is_control_plane(t) };
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	struct error why = { 0 };

	for (;;) {
		if (n.serves ? world_api(t, look_at_node, &n, &why) : world_any_api(t, look_at_node, &n, &why)) {
			if (world_way_lost(&why) || task_cancelled(t))
				return *err = why, -1;
			n.ready = false;
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
