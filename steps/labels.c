/* Labels and taints of the inventory on Nodes that exist already; new ones get theirs when they register. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Path of a label for json_get: its dots are part of the key. */
static void label_path(const char *key, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "metadata.labels.");

	for (; *key && n + 3 < size; key++) {
		if (*key == '.' || *key == '\\')
			out[n++] = '\\';
		out[n++] = *key;
	}
	out[n] = '\0';
}

static bool has_taint(const struct json *node, const struct inventory_taint *want)
{
	const struct json *taints = json_get(node, "spec.taints");

	for (size_t i = 0; i < json_size(taints); i++) {
		const struct json *have = json_at(taints, i);

		if (strcmp(json_get_str(have, "key", ""), want->key) == 0 &&
			strcmp(json_get_str(have, "value", ""), want->value) == 0 &&
			strcmp(json_get_str(have, "effect", ""), want->effect) == 0)
			return true;
	}
	return false;
}

#define CONTROL_PLANE_LABEL "node-role.kubernetes.io/control-plane"

/* A control plane's Node that was deleted and came back has lost what kubeadm had marked it with; a taint alone may have been taken off on purpose. */
static void mark_control_plane(const struct world *w, const struct json *node, struct json *labels, struct json *taints)
{
	const struct inventory_taint taint = { .key = (char *)w->release->taint, .value = "", .effect = "NoSchedule" };
	char path[512];
	struct json *o;

	label_path(CONTROL_PLANE_LABEL, path, sizeof(path));
	if (json_get_str(node, path, NULL))
		return;
	json_set_str(labels, CONTROL_PLANE_LABEL, "");
	if (has_taint(node, &taint))
		return;
	o = json_add(taints, json_object());
	json_set_str(o, "key", taint.key);
	json_set_str(o, "effect", taint.effect);
}

/* A merge patch with what is missing on a Node; NULL when nothing is. */
static struct json *missing_patch(const struct world *w, const struct inventory_host *h, const struct json *node)
{
	struct json *patch = json_object(), *labels = json_object(), *taints = json_array();
	char path[512];

	if (h->role == INVENTORY_CONTROL_PLANE)
		mark_control_plane(w, node, labels, taints);

	for (size_t i = 0; i < h->label_count; i++) {
		label_path(h->labels[i].key, path, sizeof(path));
		if (strcmp(json_get_str(node, path, "\n"), h->labels[i].value) != 0)
			json_set_str(labels, h->labels[i].key, h->labels[i].value);
	}
	for (size_t i = 0; i < h->taint_count; i++)
		if (!has_taint(node, &h->taints[i])) {
			struct json *o = json_object();

			json_set_str(o, "key", h->taints[i].key);
			json_set_str(o, "value", h->taints[i].value);
			json_set_str(o, "effect", h->taints[i].effect);
			json_add(taints, o);
		}
	if (!json_size(labels) && !json_size(taints)) {
		json_free(labels);
		json_free(taints);
		json_free(patch);
		return NULL;
	}
	json_set(json_set(patch, "metadata", json_object()), "labels", labels);
	if (json_size(taints)) {
		/* the list is replaced whole: what is there stays in it */
		const struct json *have = json_get(node, "spec.taints");

		for (size_t i = 0; i < json_size(have); i++)
			json_add(taints, json_copy(json_at(have, i)));
		json_set(json_set(patch, "spec", json_object()), "taints", taints);
	} else {
		json_free(taints);
	}
	return patch;
}

enum step_verdict labels_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (task_host(t) != (w->lead >= 0 ? w->lead : w->init_host))
		return STEP_NOT_HERE;
	for (size_t i = 0; i < w->inventory->host_count; i++) {
		const struct inventory_host *h = &w->inventory->hosts[i];
		const struct cluster_node *node = cluster_find_node(&w->cluster, h->name);
		struct json *patch = node ? missing_patch(w, h, node->json) : NULL;

		/* one that joined in this run brought its own along */
		if (patch) {
			json_free(patch);
			error_set(why, ERROR_NONE, "sets labels and taints of %s", h->name);
			return STEP_NEEDED;
		}
	}
	return STEP_DONE;
}

static int patch_nodes(struct net_client *c, void *ctx, struct error *err)
{
	const struct world *w = ctx;

	for (size_t i = 0; i < w->inventory->host_count; i++) {
		const struct inventory_host *h = &w->inventory->hosts[i];
		const struct cluster_node *node = cluster_find_node(&w->cluster, h->name);
		struct json *patch = node ? missing_patch(w, h, node->json) : NULL, *answer;
		char path[128];
		long status = 0;

		if (!patch)
			continue;
		snprintf(path, sizeof(path), "/api/v1/nodes/%s", h->name);
		/* merge patch: lists are replaced, keys are merged */
		answer = net_json(c, "PATCH", path, "application/merge-patch+json", patch, &status, err);
		json_free(patch);
		json_free(answer);
		/* taken out in this run: the Node that its join makes brings its own labels along */
		if (!answer && status != 404)
			return error_wrap(err, "labels of %s", h->name);
	}
	memset(err, 0, sizeof(*err));
	return 0;
}

int labels_apply(struct task *t, struct error *err)
{
	return world_api(t, patch_nodes, world_of(t), err);
}
