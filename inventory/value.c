/* From a node of the tree to a member of the inventory, by the field's declared type. */
#include "inventory/private.h"

#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* The two members of a list lie side by side: the pointer, then its count. */
_Static_assert(offsetof(struct inventory_host, label_count) == offsetof(struct inventory_host, labels) + sizeof(void *),
	"labels");
_Static_assert(offsetof(struct inventory_host, taint_count) == offsetof(struct inventory_host, taints) + sizeof(void *),
	"taints");
_Static_assert(offsetof(struct inventory, preflight.ignore_count) ==
		       offsetof(struct inventory, preflight.ignore) + sizeof(void *),
	"preflight.ignore");

static const char *last_word(const struct inventory_field *field)
{
	const char *dot = strrchr(field->path, '.');

	return dot ? dot + 1 : field->path;
}

static const char *wanted(const struct inventory_field *field)
{
	switch (field->type) {
	case INVENTORY_TYPE_MAP:
	case INVENTORY_TYPE_TREE: return "a map of keys and values";
	case INVENTORY_TYPE_LIST: return "a list: [a, b]";
	case INVENTORY_TYPE_SECRET: return "ask, none or env:NAME";
	default: return "a single value";
	}
}

static void apply_list(
	struct inventory_load *l, const struct inventory_field *field, void *at, const struct inventory_node *n)
{
	size_t *count = (size_t *)((char *)at + sizeof(void *));
	const char **list, *why;

	if (strcmp(last_word(field), "taints") == 0) {
		inventory_taints(l, at, count, n);
		return;
	}
	list = arena_alloc(&l->inv->arena, (n->count + 1) * sizeof(*list));
	*count = 0;
	for (const struct inventory_node *m = n->first; m; m = m->next) {
		if (m->kind == INVENTORY_KIND_BAD)
			continue;
		if (m->kind != INVENTORY_KIND_SCALAR || inventory_node_empty(m))
			inventory_complain(l, m, "a member of '%s' must be a single word, not %s", last_word(field),
				inventory_kind_name(m));
		else if ((why = inventory_rule_check(l, field, m->text)) != NULL)
			inventory_complain(l, m, "%s", why);
		else
			list[(*count)++] = arena_strdup(&l->inv->arena, m->text);
	}
	*(const char ***)at = list;
}

static void apply_tree(struct inventory_load *l, struct json **at, const struct inventory_node *n)
{
	json_free(*at);
	*at = inventory_json(l, n);
}

static void store(struct inventory_load *l, const struct inventory_field *field, void *at, const char *text)
{
	struct inventory_secret *secret = at;

	switch (field->type) {
	case INVENTORY_TYPE_COUNT:
	case INVENTORY_TYPE_DAYS:
	case INVENTORY_TYPE_PORT: *(int *)at = atoi(text); break;
	case INVENTORY_TYPE_BOOL: *(bool *)at = text[0] == 't' || text[0] == 'T'; break;
	case INVENTORY_TYPE_SECRET:
		inventory_secret_form(text, &secret->source, &secret->env);
		if (secret->env)
			secret->env = arena_strdup(&l->inv->arena, secret->env);
		break;
	case INVENTORY_TYPE_CHOICE:
		if (strcmp(field->path, "hosts[].role") == 0) {
			*(enum inventory_role *)at =
				strcmp(text, "worker") == 0 ? INVENTORY_WORKER : INVENTORY_CONTROL_PLANE;
			break;
		}
		/* fall through */
	default: *(const char **)at = arena_strdup(&l->inv->arena, text); break;
	}
}

/* The reason for the most common surprise: a key without a value. */
static bool refuse_kind(struct inventory_load *l, const struct inventory_field *field, struct inventory_node *n)
{
	enum inventory_kind want = field->type == INVENTORY_TYPE_MAP || field->type == INVENTORY_TYPE_TREE
					   ? INVENTORY_KIND_MAP
				   : field->type == INVENTORY_TYPE_LIST ? INVENTORY_KIND_LIST
									: INVENTORY_KIND_SCALAR;

	if (inventory_node_empty(n))
		inventory_complain(l, n->key ? n->key : n, "'%s' has no value; it needs %s%s", last_word(field),
			wanted(field), field->required ? "" : ", or leave it out");
	else if (n->kind != want)
		inventory_complain(
			l, n, "'%s' must be %s, not %s", last_word(field), wanted(field), inventory_kind_name(n));
	else
		return false;
	return true;
}

void inventory_apply(
	struct inventory_load *l, const struct inventory_field *field, void *base, struct inventory_node *n)
{
	void *at = (char *)base + field->offset;
	const char *why, *text = n->text;

	if (n->kind == INVENTORY_KIND_BAD)
		return;
	if (field->type == INVENTORY_TYPE_RESERVED) {
		inventory_complain(
			l, n->key ? n->key : n, "'%s' is not supported yet. %s", last_word(field), field->help);
		return;
	}
	n->secret = field->type == INVENTORY_TYPE_SECRET;
	if (refuse_kind(l, field, n))
		return;
	if (field->type == INVENTORY_TYPE_MAP) {
		inventory_labels(l, at, (size_t *)((char *)at + sizeof(void *)), n);
	} else if (field->type == INVENTORY_TYPE_LIST) {
		apply_list(l, field, at, n);
	} else if (field->type == INVENTORY_TYPE_TREE) {
		apply_tree(l, at, n);
	} else if ((why = inventory_text_check(l, field, n->text, &text)) != NULL) {
		inventory_complain(l, n, "%s", why);
		/* the default must not stand in for it in later checks */
		if (field->type == INVENTORY_TYPE_CIDR)
			*(const char **)at = NULL;
	} else {
		store(l, field, at, text);
	}
}
