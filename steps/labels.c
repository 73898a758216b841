/*
 * Labels and taints of the inventory on the Nodes. A Node that registers brings most of them along; this sets what is missing and takes away what has left
 * the inventory. What was given is noted in an annotation of the Node, for the labels and taints of others are theirs.
 */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

#define CONTROL_PLANE_LABEL "node-role.kubernetes.io/control-plane"
/* {"labels":["KEY"],"taints":["KEY:EFFECT"]} */
#define NOTE "kubewright/inventory"
/* How often a patch is made again when somebody else has changed the Node meanwhile. */
#define TRIES 5

/* Path of a member of the Node whose key has dots of its own. */
static const char *member(const struct json *node, const char *where, const char *key)
{
	char path[512];
	size_t n = (size_t)snprintf(path, sizeof(path), "metadata.%s.", where);

	for (; *key && n + 3 < sizeof(path); key++) {
		if (*key == '.' || *key == '\\')
			path[n++] = '\\';
		path[n++] = *key;
	}
	path[n] = '\0';
	return json_get_str(node, path, NULL);
}

static bool is_below(const char *domain, const char *top)
{
	size_t n = strlen(domain), m = strlen(top);

	return n >= m && strcmp(domain + n - m, top) == 0 && (n == m || domain[n - m - 1] == '.');
}

bool node_label_of_kubelet(const char *key)
{
	/* k8s.io/kubelet/pkg/apis, well_known_labels.go */
	static const char *const known[] = { "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
		"beta.kubernetes.io/instance-type", "failure-domain.beta.kubernetes.io/zone",
		"failure-domain.beta.kubernetes.io/region" };
	const char *slash = strchr(key, '/');
	char domain[256];

	snprintf(domain, sizeof(domain), "%.*s", slash ? (int)(slash - key) : 0, key);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(key, known[i]) == 0)
			return true;
	if (is_below(domain, "kubelet.kubernetes.io") || is_below(domain, "node.kubernetes.io"))
		return true;
	return !is_below(domain, "kubernetes.io") && !is_below(domain, "k8s.io");
}

static void taint_id(const char *key, const char *effect, char *out, size_t size)
{
	snprintf(out, size, "%s:%s", key, effect);
}

static bool lists(const struct json *list, const char *word)
{
	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), NULL, ""), word) == 0)
			return true;
	return false;
}

/* What the entry gives: {"labels":[…],"taints":[…]}, as NOTE keeps it. */
static struct json *given(const struct inventory_host *h)
{
	struct json *note = json_object(), *labels = json_set(note, "labels", json_array()),
		    *taints = json_set(note, "taints", json_array());
	char id[512];

	for (size_t i = 0; i < h->label_count; i++)
		json_add(labels, json_string(h->labels[i].key));
	for (size_t i = 0; i < h->taint_count; i++) {
		taint_id(h->taints[i].key, h->taints[i].effect, id, sizeof(id));
		json_add(taints, json_string(id));
	}
	return note;
}

/* The labels of the patch: null takes one away. */
static struct json *patch_labels(
	const struct inventory_host *h, const struct json *node, const struct json *before, const struct json *now)
{
	struct json *labels = json_object();

	/* a control plane's Node that was deleted and came back has lost what kubeadm had marked it with */
	if (h->role == INVENTORY_CONTROL_PLANE && !member(node, "labels", CONTROL_PLANE_LABEL))
		json_set_str(labels, CONTROL_PLANE_LABEL, "");
	for (size_t i = 0; i < json_size(before); i++) {
		const char *key = json_get_str(json_at(before, i), NULL, "");

		if (!lists(now, key) && member(node, "labels", key))
			json_set_str(labels, key, NULL);
	}
	for (size_t i = 0; i < h->label_count; i++) {
		const char *have = member(node, "labels", h->labels[i].key);

		if (!have || strcmp(have, h->labels[i].value) != 0)
			json_set_str(labels, h->labels[i].key, h->labels[i].value);
	}
	return labels;
}

static void add_taint(struct json *list, const char *key, const char *value, const char *effect)
{
	struct json *o = json_add(list, json_object());

	json_set_str(o, "key", key);
	if (*value)
		json_set_str(o, "value", value);
	json_set_str(o, "effect", effect);
}

static bool has_taint(const struct json *list, const struct inventory_taint *want)
{
	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), "key", ""), want->key) == 0 &&
			strcmp(json_get_str(json_at(list, i), "effect", ""), want->effect) == 0)
			return true;
	return false;
}

static const struct inventory_taint *wanted(const struct inventory_host *h, const char *id)
{
	char own[512];

	for (size_t i = 0; i < h->taint_count; i++) {
		taint_id(h->taints[i].key, h->taints[i].effect, own, sizeof(own));
		if (strcmp(own, id) == 0)
			return &h->taints[i];
	}
	return NULL;
}

/* The Node's whole list as it should be, for a merge patch replaces lists; NULL when it is so. */
static struct json *patch_taints(const struct release *release, const struct inventory_host *h, const struct json *node,
	const struct json *before)
{
	const struct json *have = json_get(node, "spec.taints");
	struct json *list = json_array();
	bool changed = false;
	/* a taint alone may have been taken off on purpose */
	bool mark = h->role == INVENTORY_CONTROL_PLANE && !member(node, "labels", CONTROL_PLANE_LABEL);
	char id[512];

	for (size_t i = 0; i < json_size(have); i++) {
		const struct json *t = json_at(have, i);
		const struct inventory_taint *want;

		taint_id(json_get_str(t, "key", ""), json_get_str(t, "effect", ""), id, sizeof(id));
		want = wanted(h, id);
		mark = mark && strcmp(json_get_str(t, "key", ""), release->taint) != 0;
		if (want ? strcmp(json_get_str(t, "value", ""), want->value) != 0 : lists(before, id))
			changed = true;
		else
			json_add(list, json_copy(t));
	}
	for (size_t i = 0; i < h->taint_count; i++)
		if (!has_taint(list, &h->taints[i])) {
			add_taint(list, h->taints[i].key, h->taints[i].value, h->taints[i].effect);
			changed = true;
		}
	if (mark)
		add_taint(list, release->taint, "", "NoSchedule");
	if (changed || mark)
		return list;
	json_free(list);
	return NULL;
}

struct json *node_patch(const struct release *release, const struct inventory_host *h, const struct json *node)
{
	const char *noted = member(node, "annotations", NOTE);
	struct json *before = noted ? json_parse(noted, strlen(noted), NULL) : NULL, *note = given(h);
	struct json *patch = json_object(), *meta = json_set(patch, "metadata", json_object()), *labels, *taints;
	struct str text = STR_INIT;
	bool any;

	labels = patch_labels(h, node, json_get(before, "labels"), json_get(note, "labels"));
	taints = patch_taints(release, h, node, json_get(before, "taints"));
	json_write(note, &text);
	any = json_size(labels) || taints;
	json_set(meta, "labels", labels);
	if (noted ? strcmp(noted, text.buf) != 0 : h->label_count || h->taint_count) {
		json_set_str(json_set(meta, "annotations", json_object()), NOTE,
			h->label_count || h->taint_count ? text.buf : NULL);
		any = true;
	}
	if (taints) {
		json_set(json_set(patch, "spec", json_object()), "taints", taints);
		/* the list is replaced whole: not one that another has changed since it was read */
		json_set_str(meta, "resourceVersion", json_get_str(node, "metadata.resourceVersion", ""));
	}
	str_release(&text);
	json_free(before);
	json_free(note);
	if (any)
		return patch;
	json_free(patch);
	return NULL;
}

/* Whether a host's Node needs a patch, or will once it has registered in this run. */
static bool needs_patch(const struct world *w, size_t host)
{
	const struct inventory_host *h = &w->wish.inventory->hosts[host];
	const struct cluster_node *node = cluster_find_node(&w->seen.cluster, h->name);
	struct json *patch;

	if (!node || world_leaves(w, (int)host))
		return w->seen.hosts[host].probed && (h->label_count || h->taint_count);
	patch = node_patch(w->wish.release, h, node->json);
	json_free(patch);
	return patch != NULL;
}

enum step_verdict labels_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (task_host(t) != (w->decided.lead >= 0 ? w->decided.lead : w->decided.init_host))
		return STEP_NOT_HERE;
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (needs_patch(w, i))
			return step_needed(why, EVIDENCE_NODE, w->wish.inventory->hosts[i].name,
				"sets labels and taints of %s", w->wish.inventory->hosts[i].name);
	return STEP_DONE;
}

/* 0 also when there is no such Node: its host did not get so far. */
static int patch_node(struct net_client *c, const struct world *w, const struct inventory_host *h, struct error *err)
{
	char path[128];
	long status = 409;

	snprintf(path, sizeof(path), "/api/v1/nodes/%s", h->name);
	for (int i = 0; i < TRIES && status == 409; i++) {
		struct json *node = net_json(c, "GET", path, NULL, NULL, &status, err), *patch, *answer;

		if (!node)
			break;
		patch = node_patch(w->wish.release, h, node);
		json_free(node);
		if (!patch)
			return 0;
		answer = net_json(c, "PATCH", path, "application/merge-patch+json", patch, &status, err);
		json_free(patch);
		if (answer) {
			json_free(answer);
			return 0;
		}
	}
	return status == 404 ? 0 : error_wrap(err, "labels of %s", h->name);
}

static int patch_nodes(struct net_client *c, void *ctx, struct error *err)
{
	const struct world *w = ctx;

	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (needs_patch(w, i) && patch_node(c, w, &w->wish.inventory->hosts[i], err))
			return -1;
	memset(err, 0, sizeof(*err));
	return 0;
}

int labels_apply(struct task *t, struct error *err)
{
	return world_api(t, patch_nodes, world_of(t), err);
}
