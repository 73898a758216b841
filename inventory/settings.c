/*
 * kubelet.config and kubeproxy.config against the fields that the programs know: what they would ignore, or refuse in the middle of an installation, is
 * reported at its place. A field that is newer than the table is let through by preflight.ignore: [unknown-setting].
 */
#include "inventory/settings.h"

#include "base/str.h"
#include "inventory/private.h"
#include "inventory/release.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATH_SIZE = 128,
	WORDS = 160,
};

struct settings_check {
	struct inventory_load *l;
	const struct inventory_setting *table;
	const char *field; /* "kubelet.config" */
	const char *minor; /* "1.36"; NULL: not known */
	bool let_through;
};

static bool exists_in(const struct settings_check *c, const struct inventory_setting *s)
{
	bool old = c->minor && strcmp(c->minor, "1.20") == 0;

	return !c->minor || s->releases == ALWAYS || (s->releases == UNTIL_1_20) == old;
}

/* What follows prefix in a path; NULL when it is not below. */
static const char *below(const char *path, const char *prefix)
{
	return str_starts(path, prefix) ? path + strlen(prefix) : NULL;
}

static const struct inventory_setting *find(const struct settings_check *c, const char *path)
{
	for (const struct inventory_setting *s = c->table; s->path; s++)
		if (strcmp(s->path, path) == 0)
			return s;
	return NULL;
}

/* Some setting of this release that begins with it; NULL: none of any. */
static const struct inventory_setting *find_below(const struct settings_check *c, const char *prefix)
{
	const struct inventory_setting *found = NULL;

	for (const struct inventory_setting *s = c->table; s->path; s++)
		if (below(s->path, prefix) && (!found || exists_in(c, s)))
			found = s;
	return found;
}

static const char *nearest(const struct settings_check *c, const char *prefix, const char *word)
{
	const char *words[WORDS];
	size_t count = 0;

	for (const struct inventory_setting *s = c->table; s->path && count < WORDS; s++) {
		const char *rest = below(s->path, prefix);

		if (rest && exists_in(c, s))
			words[count++] = arena_strndup(&c->l->arena, rest, strcspn(rest, ".["));
	}
	return inventory_nearest(word, words, count);
}

/* ---- types ---- */

enum scalar { NOTHING, WORD, TRUTH, WHOLE, FRACTION };

static enum scalar scalar_kind(const struct inventory_node *n)
{
	static const char *const truths[] = { "true", "True", "TRUE", "false", "False", "FALSE" };

	/* what is ambiguous has its complaint */
	if (n->plain && (inventory_node_empty(n) || inventory_is_ambiguous(n->text)))
		return NOTHING;
	for (size_t i = 0; n->plain && i < sizeof(truths) / sizeof(truths[0]); i++)
		if (strcmp(n->text, truths[i]) == 0)
			return TRUTH;
	if (n->plain && inventory_is_number(n->text))
		return strpbrk(n->text, ".eE") && !strpbrk(n->text, "xX") ? FRACTION : WHOLE;
	return WORD;
}

static bool in_range(const struct inventory_node *n, enum inventory_setting_type type)
{
	long long v;

	errno = 0;
	v = strtoll(n->text, NULL, 0);
	return !errno && (type == LONG || (v >= -0x80000000LL && v <= 0x7fffffffLL));
}

static const char *wanted(enum inventory_setting_type type)
{
	switch (type) {
	case BOOL: return "true or false";
	case INT:
	case LONG: return "a whole number";
	case REAL: return "a number";
	case DURATION: return "a time like 30s or 1m0s";
	case TEXTS:
	case INTS: return "a list";
	case TEXTS_BY_NAME:
	case BOOLS_BY_NAME:
	case LISTS_BY_NAME:
	case QUANTITIES_BY_NAME: return "a map of names and values";
	default: return "text";
	}
}

/* "30s", "1m30.5s", "-1h"; "0" is one without a unit. */
static bool is_duration(const char *text)
{
	static const char *const units[] = { "ns", "us", "ms", "s", "m", "h" };

	text += *text == '-' || *text == '+';
	if (strcmp(text, "0") == 0)
		return true;
	do {
		size_t digits = strspn(text, "0123456789."), i = 0;

		text += digits;
		while (i < sizeof(units) / sizeof(units[0]) &&
			(!str_starts(text, units[i]) ||
				(text[strlen(units[i])] && !strchr("0123456789.", text[strlen(units[i])]))))
			i++;
		if (!digits || i == sizeof(units) / sizeof(units[0]))
			return false;
		text += strlen(units[i]);
	} while (*text);
	return true;
}

static const char *kind_words(enum scalar kind)
{
	return kind == WORD ? "text" : kind == TRUTH ? "true or false" : "a number";
}

static void check_scalar(const struct settings_check *c, const char *name, enum inventory_setting_type type,
	const struct inventory_node *n)
{
	enum scalar kind;
	const char *hint = "";
	bool fits;

	if (n->kind != INVENTORY_KIND_SCALAR) {
		inventory_complain(c->l, n, "'%s' in '%s' must be %s, not %s", name, c->field, wanted(type),
			inventory_kind_name(n));
		return;
	}
	kind = scalar_kind(n);
	switch (type) {
	case BOOL: fits = kind == TRUTH; break;
	case INT:
	case LONG: fits = kind == WHOLE && in_range(n, type); break;
	case REAL: fits = kind == WHOLE || kind == FRACTION; break;
	case TEXT: fits = kind == WORD; break;
	case DURATION: fits = kind == WORD && is_duration(n->text); break;
	default: fits = true; break;
	}
	if (fits || kind == NOTHING)
		return;
	if (kind == WORD && !n->plain && type != DURATION)
		hint = ": remove the quotes";
	else if (kind != WORD && type == TEXT)
		hint = ": put it in quotes";
	if (kind == WHOLE && (type == INT || type == LONG))
		inventory_complain(c->l, n, "'%s' in '%s' is out of range", name, c->field);
	else if (kind == WORD && type == DURATION)
		inventory_complain(c->l, n, "'%s' in '%s' must be %s, not '%s'", name, c->field, wanted(type),
			inventory_shown(c->l, n->text));
	else
		inventory_complain(c->l, n, "'%s' in '%s' must be %s, not %s%s", name, c->field, wanted(type),
			kind_words(kind), hint);
}

static void check_value(const struct settings_check *c, const char *name, enum inventory_setting_type type,
	const struct inventory_node *n)
{
	static const enum inventory_setting_type members[] = { [TEXTS] = TEXT,
		[INTS] = INT,
		[TEXTS_BY_NAME] = TEXT,
		[BOOLS_BY_NAME] = BOOL,
		[LISTS_BY_NAME] = TEXTS,
		[QUANTITIES_BY_NAME] = ANY };
	bool list = type == TEXTS || type == INTS;

	if (n->kind == INVENTORY_KIND_BAD || type == ANY ||
		(n->kind == INVENTORY_KIND_SCALAR && scalar_kind(n) == NOTHING))
		return;
	if (type < TEXTS) {
		check_scalar(c, name, type, n);
		return;
	}
	if (n->kind != (list ? INVENTORY_KIND_LIST : INVENTORY_KIND_MAP)) {
		inventory_complain(c->l, n, "'%s' in '%s' must be %s, not %s", name, c->field, wanted(type),
			inventory_kind_name(n));
		return;
	}
	for (const struct inventory_node *m = n->first; m; m = m->next)
		check_value(c, list ? name : m->key->text, members[type], m);
}

/* ---- names ---- */

static void unknown(
	const struct settings_check *c, const char *prefix, const struct inventory_node *n, bool other_release)
{
	inventory_say_fn *say = c->let_through ? inventory_warn : inventory_complain;
	const char *shown = inventory_shown(c->l, n->key->text),
		   *near = other_release ? NULL : nearest(c, prefix, n->key->text);

	if (near)
		say(c->l, n->key, "unknown setting '%s' in '%s'; did you mean '%s'?", shown, c->field, near);
	else
		say(c->l, n->key, "unknown setting '%s' in '%s': Kubernetes %s has no such setting%s", shown, c->field,
			c->minor ? c->minor : "1.36",
			other_release ? "" : " (if a newer patch has it, set preflight.ignore: [unknown-setting])");
}

static void check_map(const struct settings_check *c, const char *prefix, const struct inventory_node *map);

static void check_member(const struct settings_check *c, const char *prefix, const struct inventory_node *n)
{
	char path[PATH_SIZE], deeper[PATH_SIZE + 4];
	const struct inventory_setting *s;

	if (n->kind == INVENTORY_KIND_BAD)
		return;
	if (strlen(prefix) + strlen(n->key->text) >= sizeof(path) || strpbrk(n->key->text, ".[]")) {
		unknown(c, prefix, n, false);
		return;
	}
	snprintf(path, sizeof(path), "%s%s", prefix, n->key->text);
	s = find(c, path);
	if (s) {
		if (exists_in(c, s))
			check_value(c, n->key->text, s->type, n);
		else
			unknown(c, prefix, n, true);
		return;
	}
	snprintf(deeper, sizeof(deeper), "%s.", path);
	s = find_below(c, deeper);
	if (!s) {
		snprintf(deeper, sizeof(deeper), "%s[].", path);
		s = find_below(c, deeper);
	}
	if (!s || !exists_in(c, s)) {
		unknown(c, prefix, n, s != NULL);
		return;
	}
	if (n->kind == INVENTORY_KIND_SCALAR && scalar_kind(n) == NOTHING)
		return;
	if (n->kind != (strchr(deeper + strlen(path), '[') ? INVENTORY_KIND_LIST : INVENTORY_KIND_MAP)) {
		inventory_complain(c->l, n, "'%s' in '%s' must be %s, not %s", n->key->text, c->field,
			strchr(deeper + strlen(path), '[') ? "a list of maps" : "a map of settings",
			inventory_kind_name(n));
		return;
	}
	if (n->kind == INVENTORY_KIND_MAP)
		check_map(c, deeper, n);
	for (const struct inventory_node *m = n->first; m && n->kind == INVENTORY_KIND_LIST; m = m->next)
		if (m->kind == INVENTORY_KIND_MAP)
			check_map(c, deeper, m);
		else if (m->kind != INVENTORY_KIND_BAD)
			inventory_complain(c->l, m, "a member of '%s' must be a map, not %s", n->key->text,
				inventory_kind_name(m));
}

static void check_map(const struct settings_check *c, const char *prefix, const struct inventory_node *map)
{
	for (const struct inventory_node *n = map->first; n; n = n->next)
		check_member(c, prefix, n);
}

static void check_tree(struct settings_check *c, const char *section)
{
	const struct inventory_node *config = inventory_node_get(inventory_node_get(c->l->root, section), "config");

	if (config && config->kind == INVENTORY_KIND_MAP)
		check_map(c, "", config);
}

void inventory_check_settings(struct inventory_load *l)
{
	const struct inventory *inv = l->inv;
	const struct release *release = inv->kubernetes.version ? release_find(inv->kubernetes.version) : NULL;
	struct settings_check c = { .l = l, .minor = release ? release->minor : NULL };

	for (size_t i = 0; i < inv->preflight.ignore_count; i++)
		c.let_through = c.let_through || strcmp(inv->preflight.ignore[i], "unknown-setting") == 0;
	c.table = inventory_kubelet_settings;
	c.field = "kubelet.config";
	check_tree(&c, "kubelet");
	c.table = inventory_kubeproxy_settings;
	c.field = "kubeproxy.config";
	check_tree(&c, "kubeproxy");
}
