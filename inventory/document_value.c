/* Values of a document's fields as one line of text, and back. */
#include "inventory/document_private.h"

#include "base/json.h"

#include <string.h>

const char *document_scalar(const struct inventory_node *map, const char *key)
{
	const struct inventory_node *n = inventory_node_get(map, key);

	return n && n->kind == INVENTORY_KIND_SCALAR ? n->text : NULL;
}

static struct inventory_node *text_node(struct inventory_load *l, const char *text, size_t n)
{
	struct inventory_node *node = inventory_node_new(l, INVENTORY_KIND_SCALAR, NULL);

	while (n && text[n - 1] == ' ')
		n--;
	for (; n && *text == ' '; n--)
		text++;
	node->text = arena_strndup(&l->arena, text, n);
	return node;
}

/* "a,b", or "gpu=h200,rack=7". What has no '=' has no value, as "gpu:" has none. */
static struct inventory_node *split(struct inventory_load *l, bool pairs, const char *text)
{
	struct inventory_node *all = inventory_node_new(l, pairs ? INVENTORY_KIND_MAP : INVENTORY_KIND_LIST, NULL);

	while (*text) {
		size_t n = strcspn(text, ","), key = pairs ? strcspn(text, "=,") : 0;
		struct inventory_node *m;

		if (pairs && key < n) {
			m = text_node(l, text + key + 1, n - key - 1);
		} else {
			m = text_node(l, pairs ? "" : text, pairs ? 0 : n);
			m->plain = pairs;
		}
		if (pairs) {
			m->key = text_node(l, text, key);
			if (inventory_node_get(all, m->key->text))
				inventory_complain(l, m->key, "duplicate key '%s'", inventory_shown(l, m->key->text));
		}
		inventory_node_add(all, m);
		text += n + (text[n] == ',');
	}
	return all;
}

struct inventory_node *document_value(
	struct inventory_load *l, const struct inventory_field *field, const char *inside, const char *text)
{
	bool map = field->type == INVENTORY_TYPE_MAP && !*inside, list = field->type == INVENTORY_TYPE_LIST;
	struct inventory_node *n;

	if (field->type == INVENTORY_TYPE_TREE || (map && text[0] == '{') || (list && text[0] == '[')) {
		n = inventory_tree_value(l, text, strlen(text), NULL);
		if (!n && !l->errors)
			inventory_complain(l, NULL, "the value is missing");
		return n;
	}
	if (map || list)
		return split(l, map, text);
	n = inventory_node_new(l, INVENTORY_KIND_SCALAR, NULL);
	n->text = arena_strdup(&l->arena, text);
	/* readable as numbers and truths, and wanted so */
	n->plain = field->type == INVENTORY_TYPE_VERSION || field->type == INVENTORY_TYPE_PORT ||
		   field->type == INVENTORY_TYPE_DAYS || field->type == INVENTORY_TYPE_COUNT ||
		   field->type == INVENTORY_TYPE_BOOL;
	return n;
}

/* {inside: n}; a label's key has dots of its own. */
static struct inventory_node *wrap(
	struct inventory_load *l, const struct inventory_field *field, const char *inside, struct inventory_node *n)
{
	const char *end = inside + strlen(inside);

	while (end > inside) {
		struct inventory_node *map = inventory_node_new(l, INVENTORY_KIND_MAP, NULL),
				      *member = inventory_node_new(l, n->kind, NULL);
		const char *start = end;

		while (start > inside && (field->type == INVENTORY_TYPE_MAP || start[-1] != '.'))
			start--;
		/* a copy: the value itself must not get a key */
		*member = *n;
		member->key = inventory_node_new(l, INVENTORY_KIND_SCALAR, NULL);
		member->key->text = arena_strndup(&l->arena, start, (size_t)(end - start));
		inventory_node_add(map, member);
		n = map;
		end = start > inside ? start - 1 : inside;
	}
	return n;
}

void document_try(struct reading *r, const struct inventory_field *field, const char *inside, struct inventory_node *n)
{
	struct inventory_load *l = &r->load;
	bool host = str_starts(field->path, "hosts[].") || str_starts(field->path, "ssh.");
	const unsigned char *p = (const unsigned char *)n->text;

	/* what can be written into a file with an escape, and is meant by nobody */
	for (; n->kind == INVENTORY_KIND_SCALAR && *p; p++)
		if (((*p < ' ' && *p != '\n' && *p != '\t') || *p == 127) && !l->errors)
			inventory_complain(l, NULL, "control character (0x%02x) here", *p);
	if (!l->errors)
		inventory_apply(l, field, host ? (void *)&l->common : (void *)l->inv, wrap(l, field, inside, n));
}

/* Whether the members can be written as "a,b" and read back. */
static bool simple(const struct inventory_node *n, bool pairs)
{
	for (const struct inventory_node *m = n->first; m; m = m->next) {
		const char *key = pairs ? m->key->text : "x", *text = m->text;

		if (m->kind != INVENTORY_KIND_SCALAR || inventory_node_empty(m) || strpbrk(key, ",= ") || !*key ||
			strpbrk(text, ", ") || (!pairs && !*text))
			return false;
		if (m == n->first && (*key == '{' || (!pairs && *text == '[')))
			return false;
	}
	return true;
}

static void show_json(const struct inventory_node *n, struct str *out)
{
	struct reading *r = reading_new("-", "", 0);
	struct json *j = inventory_json(&r->load, n);

	if (j)
		json_write(j, out);
	json_free(j);
	reading_free(r);
}

void document_show(const struct inventory_field *field, const struct inventory_node *n, struct str *out)
{
	bool pairs = field->type == INVENTORY_TYPE_MAP && n->kind == INVENTORY_KIND_MAP;

	if (inventory_node_empty(n) || n->kind == INVENTORY_KIND_BAD)
		return;
	if (n->kind == INVENTORY_KIND_SCALAR && field->type != INVENTORY_TYPE_TREE) {
		str_add(out, n->text);
		return;
	}
	if ((!pairs && (field->type != INVENTORY_TYPE_LIST || n->kind != INVENTORY_KIND_LIST)) || !simple(n, pairs)) {
		show_json(n, out);
		return;
	}
	for (const struct inventory_node *m = n->first; m; m = m->next)
		str_addf(out, "%s%s%s%s", m == n->first ? "" : ",", pairs ? m->key->text : "", pairs ? "=" : "",
			m->text);
}
