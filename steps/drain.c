/*
 * Takes the pods off hosts that leave the living cluster, as operators know it of kubectl drain: no new ones come, and those that are there are evicted, which respects
 * PodDisruptionBudgets. DaemonSets' and static Pods end with the host. And the end of a host that leaves for good.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Of a list of pods in an error. */
#define NAMES_MAX 300
#define API_PATIENCE_MS 60000

struct drain {
	const struct world *world;
	const char *node;
	const struct drain_purpose *purpose; /* NULL: the host leaves */
	unsigned left;                       /* pods that are to go */
	struct str names;                    /* of those, with what keeps each */
	struct str lost;                     /* pods without a controller */
	bool cordoned;
	bool silent; /* its kubelet does not reach the API, in this round */
};

/* Only where a kubelet ends them are pods worth waiting for; of the others' the cluster makes new ones once the Node is gone. */
static bool kubelet_works(const struct world *w, size_t host, const struct cluster_node *node)
{
	return node->ready && strcmp(node->address, w->wish.inventory->hosts[host].address) == 0 &&
	       w->seen.hosts[host].probed && cluster_fact_is(&w->seen.hosts[host], "unit.kubelet", "active");
}

enum step_verdict drain_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (task_host(t) != w->decided.lead)
		return STEP_NOT_HERE;
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (world_leaves(w, (int)i) && cluster_find_node(&w->seen.cluster, w->wish.inventory->hosts[i].name))
			return step_needed(why, EVIDENCE_PODS, w->wish.inventory->hosts[i].name,
				"evicts the pods of hosts that leave");
	return STEP_NOT_HERE;
}

enum drain_pod drain_pod(const struct json *pod)
{
	const struct json *owners = json_get(pod, "metadata.ownerReferences");
	const char *phase = json_get_str(pod, "status.phase", "");

	if (json_get(pod, "metadata.annotations.kubernetes\\.io/config\\.mirror") || strcmp(phase, "Succeeded") == 0 ||
		strcmp(phase, "Failed") == 0)
		return DRAIN_POD_STAYS;
	for (size_t i = 0; i < json_size(owners); i++) {
		const struct json *o = json_at(owners, i);

		if (json_get_bool(o, "controller", false))
			return strcmp(json_get_str(o, "kind", ""), "DaemonSet") == 0 ? DRAIN_POD_STAYS : DRAIN_POD_GOES;
	}
	return json_get(pod, "metadata.deletionTimestamp") ? DRAIN_POD_GOES : DRAIN_POD_LOST;
}

static void add_name(struct str *names, const struct json *pod, const char *why)
{
	if (names->len > NAMES_MAX) {
		if (names->buf[names->len - 1] != '.')
			str_add(names, ", ...");
		return;
	}
	str_addf(names, "%s%s/%s", names->len ? ", " : "", json_get_str(pod, "metadata.namespace", ""),
		json_get_str(pod, "metadata.name", ""));
	if (*why)
		str_addf(names, " (%s)", why);
}

/* The API server's reason not to evict: the budget's own words, if it has some. */
static void add_refused(struct drain *d, const struct json *pod, const struct str *body)
{
	struct json *status = json_parse(body->buf, body->len, NULL);
	const char *cause = json_get_str(status, "details.causes.0.message", "");

	add_name(&d->names, pod, *cause ? cause : json_get_str(status, "message", "its eviction is refused"));
	json_free(status);
}

static int evict(struct net_client *c, struct drain *d, const struct json *pod, struct error *err)
{
	const char *namespace = json_get_str(pod, "metadata.namespace", ""),
		   *name = json_get_str(pod, "metadata.name", "");
	struct json *e = json_object(), *m = json_set(e, "metadata", json_object());
	struct net_response r = { 0, STR_INIT };
	struct str body = STR_INIT;
	char path[640];
	int rc;

	json_set_str(e, "apiVersion", d->world->wish.release->policy_api);
	json_set_str(e, "kind", "Eviction");
	json_set_str(m, "namespace", namespace);
	json_set_str(m, "name", name);
	json_write(e, &body);
	json_free(e);
	snprintf(path, sizeof(path), "/api/v1/namespaces/%s/pods/%s/eviction", namespace, name);
	rc = net_do(c, &(struct net_request){ .method = "POST", .path = path, .body = body.buf }, &r, err);
	d->left++;
	if (rc == 0 && r.status == 404)
		d->left--; /* gone meanwhile */
	else if (rc == 0 && r.status / 100 == 2)
		add_name(&d->names, pod, "ends");
	else if (rc == 0 && (r.status == 429 || r.status == 500))
		/* 500: more than one budget */
		add_refused(d, pod, &r.body);
	else if (rc == 0)
		rc = error_set(
			err, ERROR_NET, "the API server refuses to evict %s/%s (HTTP %ld)", namespace, name, r.status);
	str_release(&body);
	str_release(&r.body);
	return rc;
}

static int cordon(struct net_client *c, struct drain *d, struct error *err)
{
	struct json *patch, *answer, *node;
	char path[128];
	long status = 0;
	bool there, already;

	snprintf(path, sizeof(path), "/api/v1/nodes/%s", d->node);
	node = net_json(c, "GET", path, NULL, NULL, &status, err);
	already = json_get_bool(node, "spec.unschedulable", false);
	there = node != NULL;
	json_free(node);
	if (!there || already)
		return there || status == 404 ? (d->cordoned = true, 0) : -1;
	patch = json_object();
	json_set_bool(json_set(patch, "spec", json_object()), "unschedulable", true);
	/* one that somebody else had cordoned stays so */
	if (d->purpose)
		json_set_str(json_set(json_set(patch, "metadata", json_object()), "annotations", json_object()),
			d->purpose->note, d->purpose->value);
	answer = net_json(c, "PATCH", path, "application/merge-patch+json", patch, &status, err);
	json_free(patch);
	json_free(answer);
	d->cordoned = true;
	return answer || status == 404 ? 0 : -1;
}

/* Of a Node whose kubelet the cluster has not heard for so long pods are not waited for: none ends there. */
#define SILENT_MS 30000

/* Whether the cluster hears nothing of a Node's kubelet. After a pause of the API that is so of all, for a moment. */
static int listen(struct net_client *c, struct drain *d, struct error *err)
{
	char path[128];
	struct json *node;
	const struct json *conditions;
	long status = 0;

	snprintf(path, sizeof(path), "/api/v1/nodes/%s", d->node);
	node = net_json(c, "GET", path, NULL, NULL, &status, err);
	if (!node)
		return status == 404 ? 0 : -1;
	conditions = json_get(node, "status.conditions");
	d->silent = false;
	for (size_t i = 0; i < json_size(conditions); i++) {
		const struct json *one = json_at(conditions, i);

		d->silent = d->silent || (strcmp(json_get_str(one, "type", ""), "Ready") == 0 &&
						 strcmp(json_get_str(one, "status", ""), "Unknown") == 0);
	}
	json_free(node);
	return 0;
}

/* One round: what is there now, and an eviction for each that is to go and does not yet. */
static int evict_all(struct net_client *c, void *ctx, struct error *err)
{
	struct drain *d = ctx;
	char path[160];
	struct json *list;
	const struct json *pods;
	int rc = 0;

	d->left = 0;
	str_clear(&d->names);
	str_clear(&d->lost);
	snprintf(path, sizeof(path), "/api/v1/pods?fieldSelector=spec.nodeName%%3D%s", d->node);
	list = net_json(c, "GET", path, NULL, NULL, NULL, err);
	if (!list)
		return -1;
	pods = json_get(list, "items");
	for (size_t i = 0; i < json_size(pods); i++)
		if (drain_pod(json_at(pods, i)) == DRAIN_POD_LOST)
			add_name(&d->lost, json_at(pods, i), "");
	if (!d->lost.len || d->world->wish.force) {
		rc = d->cordoned ? 0 : cordon(c, d, err);
		for (size_t i = 0; rc == 0 && i < json_size(pods); i++) {
			const struct json *pod = json_at(pods, i);

			if (drain_pod(pod) == DRAIN_POD_STAYS)
				continue;
			if (!json_get(pod, "metadata.deletionTimestamp"))
				rc = evict(c, d, pod, err);
			else
				d->left++, add_name(&d->names, pod, "ends");
		}
	}
	json_free(list);
	return rc == 0 && !d->purpose && d->left ? listen(c, d, err) : rc;
}

static int refuse_lost(const struct drain *d, struct error *err)
{
	error_set(
		err, ERROR_COMMAND, "%s runs pods without a controller; they would be lost: %s", d->node, d->lost.buf);
	return error_hint(err, "save their data and delete them, then run this again; --force deletes them");
}

static int stuck(struct task *t, const struct drain *d, struct error *err)
{
	if (d->world->wish.force) {
		task_notice(t, NOTICE_PODS_END, d->node, "pods on %s could not be evicted and %s: %s", d->node,
			d->purpose ? d->purpose->otherwise : "end with the host", d->names.buf);
		return 0;
	}
	error_set(err, ERROR_TIMEOUT, "pods on %s could not be evicted: %s", d->node, d->names.buf);
	if (d->purpose)
		return error_hint(err, "fix them and run the same command again; or --force does not wait for them");
	return error_hint(err,
		"fix them and run the same command again; --force deletes them; 'kubectl uncordon %s' if the host is "
		"to stay",
		d->node);
}

static bool restarts(const struct error *err)
{
	return err->kind == ERROR_NET || err->kind == ERROR_REFUSED || err->kind == ERROR_UNREACHABLE;
}

/* Waits as long as some go; the time limit is for the next one. */
int drain_node(struct task *t, const char *node, const struct drain_purpose *purpose, struct error *err)
{
	const struct world *w = world_of(t);
	struct drain d = { .world = w, .node = node, .purpose = purpose, .names = STR_INIT, .lost = STR_INIT };
	int64_t patience = 1000 * (w->wish.drain_timeout_s ? w->wish.drain_timeout_s : 300), deadline = 0;
	int64_t begun = clock_mono_ms(), silent = 0;
	unsigned fewest = UINT_MAX, first = 0;
	char said[NAMES_MAX] = "";
	int rc;

	for (;;) {
		rc = world_any_api(t, evict_all, &d, err);
		/* an API server that restarts is back in a moment */
		if (rc && restarts(err) && clock_mono_ms() < begun + API_PATIENCE_MS && !task_cancelled(t)) {
			task_log(t, "the API server cannot be asked: %s", err->what);
			memset(err, 0, sizeof(*err));
			task_lock(t);
			task_wait(t, clock_mono_ms() + 1000);
			task_unlock(t);
			continue;
		}
		begun = clock_mono_ms();
		if (rc)
			error_wrap(err, "the pods of %s", node);
		else if (d.lost.len && !w->wish.force)
			rc = refuse_lost(&d, err);
		if (rc || !d.left)
			break;
		silent = !d.silent ? 0 : silent ? silent : clock_mono_ms();
		if (silent && clock_mono_ms() - silent > (patience < 2 * SILENT_MS ? patience / 2 : SILENT_MS)) {
			task_notice(t, NOTICE_PODS_END, node,
				"the kubelet of %s does not reach the API: its pods end with the host: %s", node,
				d.names.buf);
			break;
		}
		if (d.left < fewest)
			deadline = clock_mono_ms() + patience;
		fewest = d.left < fewest ? d.left : fewest;
		first = d.left > first ? d.left : first;
		if (strncmp(said, d.names.buf, sizeof(said) - 1) != 0)
			task_log(t, "%u pods are still to leave %s: %s", d.left, node, d.names.buf);
		snprintf(said, sizeof(said), "%s", d.names.buf);
		if (clock_mono_ms() > deadline || task_cancelled(t)) {
			rc = task_cancelled(t) ? error_set(err, ERROR_CANCELLED, "cancelled") : stuck(t, &d, err);
			break;
		}
		task_lock(t);
		task_wait(t, clock_mono_ms() + 1000);
		task_unlock(t);
	}
	if (rc == 0)
		task_log(t, "%s is cordoned; %u pods were evicted", node, first - d.left);
	str_release(&d.names);
	str_release(&d.lost);
	return rc;
}

int drain_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);

	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const struct inventory_host *h = &w->wish.inventory->hosts[i];
		const struct cluster_node *node = cluster_find_node(&w->seen.cluster, h->name);
		int rc = 0;

		if (!world_leaves(w, (int)i) || !node)
			continue;
		if (kubelet_works(w, i, node))
			rc = drain_node(t, h->name, NULL, err);
		else
			task_log(t, "the kubelet of %s does not work: its pods are not waited for", h->name);
		if (rc)
			return rc;
	}
	return 0;
}
