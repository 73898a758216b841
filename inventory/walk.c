/* From the tree to the inventory, led by the table of fields. */
#include "inventory/private.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum {
	PATH_SIZE = 128,
	MANY = 200, /* complaints after which nobody needs help with the rest */
};

/* Whether a field of this path belongs to a host's struct rather than to the inventory's. */
static bool of_host(const char *path)
{
	return str_starts(path, "hosts[].") || str_starts(path, "ssh.");
}

/* The path's words up to the last, with the last one's own beginning. */
static const char *last_word(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* A word that is known elsewhere: "vip" at the top belongs under "endpoint". */
static const char *home_of(struct inventory_load *l, const char *word)
{
	for (size_t i = 0; i < inventory_field_count; i++) {
		const char *path = inventory_fields[i].path, *last = last_word(path);

		if (last != path && strcmp(last, word) == 0)
			return arena_strndup(&l->arena, path, (size_t)(last - path - 1));
	}
	return NULL;
}

/* A slip like "password=x:" puts the secret into the key: only the key's own letters are shown then. */
static const char *shown_key(struct inventory_load *l, const char *word)
{
	size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

	if (!word[n] || !inventory_sounds_secret(word, strlen(word)))
		return inventory_shown(l, word);
	return arena_printf(&l->arena, "%.*s…", n < 20 ? (int)n : 20, word);
}

static void unknown_key(struct inventory_load *l, const char *section, struct inventory_node *n)
{
	const char *words[64], *word = n->key->text, *shown = shown_key(l, word), *near, *home;
	size_t count = l->errors < MANY ? inventory_field_words(section, words, 64, &l->arena) : 0;
	const struct inventory_field *field;
	char path[PATH_SIZE];

	near = inventory_nearest(word, words, count);
	home = near || !count ? NULL : home_of(l, word);
	snprintf(path, sizeof(path), "%s.%s", near ? section : home ? home : "", near ? near : word);
	field = inventory_field_find(path);
	n->secret = inventory_sounds_secret(word, strlen(word)) || (field && field->type == INVENTORY_TYPE_SECRET);
	if (near)
		inventory_complain(l, n->key, "unknown key '%s'; did you mean '%s'?", shown, near);
	else if (home)
		inventory_complain(l, n->key, "unknown key '%s' here; it belongs under '%s'", shown, home);
	else if (*section)
		inventory_complain(l, n->key, "unknown key '%s' in '%s'", shown, section);
	else
		inventory_complain(l, n->key, "unknown key '%s'", shown);
}

static void walk_map(struct inventory_load *l, const char *section, void *base, struct inventory_node *map)
{
	char path[PATH_SIZE];

	if (inventory_node_empty(map) || map->kind == INVENTORY_KIND_BAD)
		return;
	if (map->kind != INVENTORY_KIND_MAP) {
		inventory_complain(l, map, "'%s' is a section: it must be a map of keys and values, not %s", section,
			inventory_kind_name(map));
		return;
	}
	for (struct inventory_node *n = map->first; n; n = n->next) {
		const struct inventory_field *field;

		if (n->kind == INVENTORY_KIND_BAD || strcmp(n->key->text, "hosts") == 0)
			if (n->kind == INVENTORY_KIND_BAD || !*section)
				continue;
		snprintf(path, sizeof(path), "%s%s%s", section, *section ? "." : "", n->key->text);
		field = strlen(n->key->text) < 40 && !strpbrk(n->key->text, ".[]") ? inventory_field_find(path) : NULL;
		if (field && !(n->kind == INVENTORY_KIND_MAP && inventory_is_section(path)))
			inventory_apply(l, field, base, n);
		else if (strlen(n->key->text) < 40 && !strpbrk(n->key->text, ".[]") && inventory_is_section(path))
			walk_map(l, path, strcmp(path, "ssh") == 0 ? (void *)&l->common : base, n);
		else
			unknown_key(l, section, n);
	}
}

/* A word of some field's path. */
static bool is_word(const char *word)
{
	for (size_t i = 0; i < inventory_field_count; i++)
		for (const char *p = inventory_fields[i].path; *p; p += strcspn(p, ".["), p += strspn(p, "[]."))
			if (strncmp(p, word, strlen(word)) == 0 && strcspn(p, ".[") == strlen(word))
				return true;
	return false;
}

/* A misspelt key has its complaint; that the right one is missing would be a second. */
static bool misspelt(const struct inventory_load *l, const struct inventory_node *map, const char *word)
{
	if (l->errors >= MANY)
		return false;
	if (map->kind != INVENTORY_KIND_MAP)
		return !inventory_node_empty(map);
	for (const struct inventory_node *n = map->first; n; n = n->next)
		if (inventory_nearest(n->key->text, &word, 1) && !is_word(n->key->text))
			return true;
	return false;
}

/* "hosts[].name": is it there, in the tree? (What is there and wrong has its complaint already.) */
static void require(struct inventory_load *l, const char *prefix, const struct inventory_node *map, const char *who)
{
	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *field = &inventory_fields[i];
		const char *rest = field->path + strlen(prefix), *dot;
		const struct inventory_node *n = map;

		if (!field->required || !str_starts(field->path, prefix) ||
			(!*prefix && str_starts(field->path, "hosts[]")))
			continue;
		for (dot = rest; n && *dot; dot += strcspn(dot, ".") + (dot[strcspn(dot, ".")] == '.')) {
			char word[PATH_SIZE];

			snprintf(word, sizeof(word), "%.*s", (int)strcspn(dot, "."), dot);
			if (n->kind == INVENTORY_KIND_BAD || (!inventory_node_get(n, word) && misspelt(l, n, word)))
				break;
			n = inventory_node_get(n, word);
		}
		if (!n)
			inventory_complain(l, *prefix ? map : NULL, "%s has no '%s'", who, rest);
	}
}

static void walk_host(struct inventory_load *l, struct inventory_node *n)
{
	struct inventory *inv = l->inv;
	struct inventory_host *h = &inv->hosts[inv->host_count];
	const struct inventory_node *role = inventory_node_get(n, "role");
	size_t errors = l->errors;
	const char *who = "this host";

	if (n->kind == INVENTORY_KIND_BAD)
		return;
	if (n->kind != INVENTORY_KIND_MAP) {
		inventory_complain(l, n,
			"a host is a map like {name: cp1, address: 10.0.0.11, role: control-plane}, not %s",
			inventory_kind_name(n));
		l->roles_unknown = true;
		return;
	}
	*h = l->common;
	h->line = n->line;
	walk_map(l, "hosts[]", h, n);
	if (h->name)
		who = arena_printf(&l->arena, "host '%s'", h->name);
	require(l, "hosts[].", n, who);
	/* a wrong or missing role cannot be counted; any complaint near it is enough to be careful */
	if (!role || (errors != l->errors && role->kind != INVENTORY_KIND_SCALAR) ||
		(role->kind == INVENTORY_KIND_SCALAR && strcmp(role->text, "worker") != 0 &&
			strcmp(role->text, "control-plane") != 0))
		l->roles_unknown = true;
	if (!h->ssh.address)
		h->ssh.address = h->address;
	l->host_nodes[inv->host_count++] = n;
}

static void walk_hosts(struct inventory_load *l, struct inventory_node *list)
{
	if (!list) {
		inventory_complain(l, NULL, "the file has no 'hosts'");
		return;
	}
	if (list->kind == INVENTORY_KIND_BAD)
		return;
	if (list->kind != INVENTORY_KIND_LIST) {
		inventory_complain(l, list, "'hosts' must be a list of hosts, each with '- ' or in [ ], not %s",
			inventory_kind_name(list));
		return;
	}
	if (!list->count) {
		inventory_complain(l, list, "'hosts' is empty: at least one control plane is needed");
		return;
	}
	if (list->count > INVENTORY_MAX_HOSTS) {
		inventory_complain(l, list, "%zu hosts are more than the %d that Kubernetes supports", list->count,
			INVENTORY_MAX_HOSTS);
		return;
	}
	l->inv->hosts = arena_alloc(&l->inv->arena, list->count * sizeof(*l->inv->hosts));
	l->host_nodes = arena_alloc(&l->arena, list->count * sizeof(struct inventory_node *));
	for (struct inventory_node *n = list->first; n; n = n->next)
		walk_host(l, n);
}

static void apply_defaults(struct inventory_load *l)
{
	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *field = &inventory_fields[i];
		struct inventory_node *n;

		if (!field->fallback)
			continue;
		n = inventory_node_new(l, INVENTORY_KIND_SCALAR, NULL);
		n->text = field->fallback;
		inventory_apply(l, field, of_host(field->path) ? (void *)&l->common : (void *)l->inv, n);
	}
}

void inventory_walk(struct inventory_load *l)
{
	apply_defaults(l);
	walk_map(l, "", l->inv, l->root);
	require(l, "", l->root, "the file");
	walk_hosts(l, inventory_node_get(l->root, "hosts"));
}
