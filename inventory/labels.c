/* Labels and taints, by Kubernetes' rules (apimachinery's qualified names and label values). */
#include "inventory/private.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* At most 63 of letters, digits, '-', '_', '.', with a letter or digit at both ends. */
static bool is_name(const char *s, size_t n)
{
	if (n == 0 || n > 63 || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[n - 1]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("-_.", s[i]))
			return false;
	return true;
}

static bool is_value(const char *s)
{
	return !*s || is_name(s, strlen(s));
}

static bool is_key(struct inventory_load *l, const char *key, size_t n)
{
	const char *slash = memchr(key, '/', n);
	size_t prefix = slash ? (size_t)(slash - key) : 0;

	if (slash && !inventory_is_domain(arena_strndup(&l->arena, key, prefix)))
		return false;
	return slash ? is_name(slash + 1, n - prefix - 1) : is_name(key, n);
}

/* Keys that others write, and write again when they are changed: an entry of the inventory would never hold. */
struct owned {
	const char *key, *why;
};
#define NODE_CONTROLLER "Kubernetes sets and removes it according to the state of the Node"
#define CLOUD_PROVIDER "a cloud provider sets and removes it"
static const struct owned owned_labels[] = {
	{ "node-role.kubernetes.io/control-plane", "it is set from 'role'" },
	{ "node-role.kubernetes.io/master", "it is set from 'role'" },
	{ "kubernetes.io/hostname", "the kubelet sets it" },
	{ "kubernetes.io/arch", "the kubelet sets it" },
	{ "kubernetes.io/os", "the kubelet sets it" },
	{ "beta.kubernetes.io/arch", "the kubelet sets it" },
	{ "beta.kubernetes.io/os", "the kubelet sets it" },
};
static const struct owned owned_taints[] = {
	{ "node-role.kubernetes.io/control-plane", "it is set from 'role'" },
	{ "node-role.kubernetes.io/master", "it is set from 'role'" },
	{ "node.kubernetes.io/not-ready", NODE_CONTROLLER },
	{ "node.kubernetes.io/unreachable", NODE_CONTROLLER },
	{ "node.kubernetes.io/unschedulable", NODE_CONTROLLER },
	{ "node.kubernetes.io/memory-pressure", NODE_CONTROLLER },
	{ "node.kubernetes.io/disk-pressure", NODE_CONTROLLER },
	{ "node.kubernetes.io/pid-pressure", NODE_CONTROLLER },
	{ "node.kubernetes.io/network-unavailable", NODE_CONTROLLER },
	{ "node.cloudprovider.kubernetes.io/uninitialized", CLOUD_PROVIDER },
	{ "node.cloudprovider.kubernetes.io/shutdown", CLOUD_PROVIDER },
};
#define OWNER(table, key) owner(table, sizeof(table) / sizeof((table)[0]), key)

/* Why a key is not the inventory's; NULL: it may be. */
static const char *owner(const struct owned *table, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].key, key) == 0)
			return table[i].why;
	return NULL;
}

void inventory_labels(
	struct inventory_load *l, struct inventory_pair **out, size_t *count, const struct inventory_node *n)
{
	struct inventory_pair *list = arena_alloc(&l->inv->arena, (n->count + 1) * sizeof(*list));

	*count = 0;
	for (const struct inventory_node *m = n->first; m; m = m->next) {
		const char *key = m->key->text, *shown = inventory_shown(l, key);

		if (m->kind == INVENTORY_KIND_BAD)
			continue;
		if (!is_key(l, key, strlen(key)))
			inventory_complain(l, m->key,
				"'%s' is not a label key: [DOMAIN/]NAME with at most 63 letters, digits, '-', '_', '.'",
				shown);
		else if (OWNER(owned_labels, key))
			inventory_complain(
				l, m->key, "remove '%s' from the labels: %s", shown, OWNER(owned_labels, key));
		else if (m->kind != INVENTORY_KIND_SCALAR)
			inventory_complain(
				l, m, "label '%s' must have a single value, not %s", shown, inventory_kind_name(m));
		else if (inventory_node_empty(m))
			inventory_complain(l, m->key, "label '%s' has no value; write \"\" for an empty one", shown);
		else if (!is_value(m->text))
			inventory_complain(l, m,
				"'%s' is not a label value: at most 63 letters, digits, '-', '_', '.', a letter or digit at both ends",
				inventory_shown(l, m->text));
		else
			list[(*count)++] = (struct inventory_pair){ arena_strdup(&l->inv->arena, key),
				arena_strdup(&l->inv->arena, m->text) };
	}
	*out = list;
}

/* "key=value:Effect" or "key:Effect"; NULL when sound. */
static const char *parse_taint(struct inventory_load *l, const char *text, struct inventory_taint *out)
{
	static const char *const effects[] = { "NoSchedule", "PreferNoSchedule", "NoExecute" };
	const char *colon = strrchr(text, ':'), *equals = memchr(text, '=', colon ? (size_t)(colon - text) : 0), *near;
	size_t key = colon ? (size_t)((equals ? equals : colon) - text) : 0;
	struct arena *a = &l->inv->arena;

	if (!colon)
		return arena_printf(
			a, "taint '%s' has no effect; write key=value:NoSchedule", inventory_shown(l, text));
	out->effect = NULL;
	for (size_t i = 0; i < 3; i++)
		if (strcmp(colon + 1, effects[i]) == 0)
			out->effect = effects[i];
	if (!out->effect) {
		near = inventory_nearest(colon + 1, effects, 3);
		return arena_printf(a, "unknown taint effect '%s'; %s%s", inventory_shown(l, colon + 1),
			near ? "did you mean " : "it is NoSchedule, PreferNoSchedule or NoExecute",
			near ? arena_printf(a, "'%s'?", near) : "");
	}
	out->key = arena_strndup(a, text, key);
	out->value = equals ? arena_strndup(a, equals + 1, (size_t)(colon - equals - 1)) : "";
	if (!is_key(l, text, key))
		return arena_printf(
			a, "taint key '%s' is not a label key: [DOMAIN/]NAME", inventory_shown(l, out->key));
	if (OWNER(owned_taints, out->key))
		return arena_printf(a, "remove '%s' from the taints: %s", inventory_shown(l, out->key),
			OWNER(owned_taints, out->key));
	if (!is_value(out->value))
		return arena_printf(a, "taint value '%s' is not a label value", inventory_shown(l, out->value));
	return NULL;
}

void inventory_taints(
	struct inventory_load *l, struct inventory_taint **out, size_t *count, const struct inventory_node *n)
{
	struct inventory_taint *list = arena_alloc(&l->inv->arena, (n->count + 1) * sizeof(*list));

	*count = 0;
	for (const struct inventory_node *m = n->first; m; m = m->next) {
		const char *why;

		if (m->kind == INVENTORY_KIND_BAD)
			continue;
		if (m->kind != INVENTORY_KIND_SCALAR || inventory_node_empty(m)) {
			inventory_complain(
				l, m, "a taint is a text like key=value:NoSchedule, not %s", inventory_kind_name(m));
			continue;
		}
		why = parse_taint(l, m->text, &list[*count]);
		for (size_t i = 0; i < *count && !why; i++)
			if (strcmp(list[i].key, list[*count].key) == 0 && list[i].effect == list[*count].effect)
				why = arena_printf(&l->arena, "a second taint '%s' with effect %s",
					inventory_shown(l, list[i].key), list[i].effect);
		if (why)
			inventory_complain(l, m, "%s", why);
		else
			(*count)++;
	}
	*out = list;
}
