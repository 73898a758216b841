/* --set PATH=VALUE: laid into the tree before it is read, so that every rule holds for it as well. */
#include "inventory/private.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 256 };

/* Where the name of a host ends in "hosts.NAME.ssh.port", whose name may have dots: the longest of the inventory's that fits, else up to the first dot. NULL: no such path. */
static const char *behind_name(const struct inventory_load *l, const char *path)
{
	const struct inventory_node *hosts = inventory_node_get(l->root, "hosts");
	const char *end = str_starts(path, "hosts.") ? strchr(path + 6, '.') : NULL;

	if (!end || !hosts || hosts->kind != INVENTORY_KIND_LIST)
		return end;
	for (const struct inventory_node *h = hosts->first; h; h = h->next) {
		const struct inventory_node *name = inventory_node_get(h, "name");
		size_t n = name && name->text ? strlen(name->text) : 0;

		if (n > (size_t)(end - path - 6) && strncmp(path + 6, name->text, n) == 0 && path[6 + n] == '.')
			end = path + 6 + n;
	}
	return end;
}

/* The field that path names, or the map or tree that it leads into; *inside: what follows that. */
const struct inventory_field *inventory_set_field(const char *path, const char **inside)
{
	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *f = &inventory_fields[i];
		size_t n = strlen(f->path);

		*inside = "";
		if (strcmp(path, f->path) == 0)
			return f;
		*inside = path + n + 1;
		if ((f->type == INVENTORY_TYPE_MAP || f->type == INVENTORY_TYPE_TREE) &&
			strncmp(path, f->path, n) == 0 && path[n] == '.' && path[n + 1])
			return f;
	}
	return NULL;
}

void inventory_unknown_path(struct inventory_load *l, const struct inventory_node *at, const char *path)
{
	const char *words[128];
	size_t count = 0;
	const char *near;

	if (inventory_is_section(path) || strcmp(path, "hosts") == 0) {
		inventory_complain(l, at, "this is a section: name one of its keys");
		return;
	}
	for (size_t i = 0; i < inventory_field_count && count < 128; i++)
		words[count++] = inventory_fields[i].path;
	near = inventory_nearest(path, words, count);
	if (near)
		inventory_complain(l, at, "unknown key; did you mean '%s'?", near);
	else
		inventory_complain(l, at, "unknown key");
}

/* Puts member under name, in the place of what was there. */
static void put(struct inventory_load *l, struct inventory_node *map, const char *name, struct inventory_node *member)
{
	struct inventory_node *old = inventory_node_get(map, name), **p = &map->first;

	member->key = inventory_node_new(l, INVENTORY_KIND_SCALAR, member->origin);
	member->key->text = arena_strdup(&l->arena, name);
	if (!old) {
		inventory_node_add(map, member);
		return;
	}
	while (*p != old)
		p = &(*p)->next;
	member->next = old->next;
	*p = member;
	if (map->last == old)
		map->last = member;
}

/* The map below name, made when there is none (or something else in its place). */
static struct inventory_node *descend(
	struct inventory_load *l, struct inventory_node *map, const char *name, const char *origin)
{
	struct inventory_node *n = inventory_node_get(map, name);

	if (!n || n->kind != INVENTORY_KIND_MAP) {
		n = inventory_node_new(l, INVENTORY_KIND_MAP, origin);
		put(l, map, name, n);
	}
	return n;
}

static struct inventory_node *find_host(struct inventory_load *l, const struct inventory_node *at, const char *name)
{
	const struct inventory_node *hosts = inventory_node_get(l->root, "hosts");
	const char *words[64], *near;
	size_t count = 0;

	for (struct inventory_node *n = hosts && hosts->kind == INVENTORY_KIND_LIST ? hosts->first : NULL; n;
		n = n->next) {
		const struct inventory_node *own = inventory_node_get(n, "name");

		if (own && strcmp(own->text, name) == 0)
			return n;
		if (own && count < 64)
			words[count++] = own->text;
	}
	near = inventory_nearest(name, words, count);
	if (near)
		inventory_complain(l, at, "no such host; did you mean '%s'?", inventory_shown(l, near));
	else
		inventory_complain(l, at, "no such host");
	return NULL;
}

static struct inventory_node *scalar(struct inventory_load *l, const char *text, size_t n, const char *origin)
{
	struct inventory_node *node = inventory_node_new(l, INVENTORY_KIND_SCALAR, origin);

	node->text = arena_strndup(&l->arena, text, n);
	return node;
}

/* A list may be given as a,b; trees, maps and lists as YAML; everything else is text as it stands. */
static struct inventory_node *value_node(struct inventory_load *l, const struct inventory_field *field,
	const char *inside, const char *text, const char *origin)
{
	struct inventory_node *n;

	if (field->type == INVENTORY_TYPE_TREE || (field->type == INVENTORY_TYPE_MAP && !*inside) ||
		(field->type == INVENTORY_TYPE_LIST && text[0] == '[')) {
		size_t errors = l->errors;

		n = inventory_tree_value(l, text, strlen(text), origin);
		if (!n && errors == l->errors)
			inventory_complain(l, NULL, "%s: the value is missing", origin);
		return n;
	}
	if (field->type != INVENTORY_TYPE_LIST)
		return scalar(l, text, strlen(text), origin);
	n = inventory_node_new(l, INVENTORY_KIND_LIST, origin);
	while (*text) {
		size_t k = strcspn(text, ",");

		inventory_node_add(n, scalar(l, text, k, origin));
		text += k + (text[k] == ',');
	}
	return n;
}

/* Walks to the map that holds the value and puts it there. rest: path from map on; inside: its part within a MAP or TREE. */
static void lay(struct inventory_load *l, struct inventory_node *map, const char *rest,
	const struct inventory_field *field, const char *inside, struct inventory_node *value)
{
	char word[PATH_SIZE];

	for (;;) {
		/* a label's key has dots of its own */
		bool whole = field->type == INVENTORY_TYPE_MAP && *inside && strcmp(rest, inside) == 0;
		size_t n = whole ? strlen(rest) : strcspn(rest, ".");

		snprintf(word, sizeof(word), "%.*s", (int)n, rest);
		if (!rest[n])
			break;
		map = descend(l, map, word, value->origin);
		rest += n + 1;
	}
	put(l, map, word, value);
}

static bool printable(const char *text)
{
	struct str s = STR_INIT;
	bool same;

	str_add_printable(&s, text, strlen(text));
	same = strcmp(s.buf, text) == 0;
	str_release(&s);
	return same;
}

void inventory_set(struct inventory_load *l, const char *argument)
{
	const char *equals = strchr(argument, '='), *inside, *rest;
	const char *path = arena_strndup(&l->arena, argument, equals ? (size_t)(equals - argument) : strlen(argument));
	struct inventory_node *at = inventory_node_new(l, INVENTORY_KIND_BAD, NULL), *map = l->root, *value;
	const struct inventory_field *field;
	char known[PATH_SIZE];

	/* without '=' it may be anything, even a secret */
	if (!equals || equals == argument || strlen(path) >= PATH_SIZE || !printable(argument)) {
		inventory_complain(l, NULL, "--set needs KEY=VALUE, such as kubernetes.version=1.36.2");
		return;
	}
	at->origin = arena_printf(&l->arena, "--set %s", inventory_shown(l, path));
	rest = behind_name(l, path);
	snprintf(known, sizeof(known), "%s%s", rest ? "hosts[]" : "", rest ? rest : path);
	if (!(field = inventory_set_field(known, &inside))) {
		inventory_unknown_path(l, at, known);
		return;
	}
	if (rest) {
		map = find_host(l, at, arena_strndup(&l->arena, path + 6, (size_t)(rest - path - 6)));
		if (!map)
			return;
		rest++;
	}
	value = value_node(l, field, inside, equals + 1, at->origin);
	if (value)
		lay(l, map, rest ? rest : path, field, inside, value);
}
