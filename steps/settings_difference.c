/* What all kinds of settings have in common: what is wished, what was given, and how the document differs from it. */
#include "steps/settings_private.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <stdio.h>
#include <string.h>

/* Differences that are said one by one. */
#define TOLD 3

/* ---- wish and note ---------------------------------------------------------------------------------------------------- */

static const char *note_text(const struct world *w, const struct settings_kind *kind)
{
	const struct json *note = json_member(json_get(w->seen.cluster.own_config, "data"), kind->note);

	return note ? json_text(note) : NULL;
}

bool settings_noted(const struct settings *s)
{
	const struct json *given = json_get(s->note, "given");

	return given && json_equal(given, s->wish) && strcmp(json_get_str(s->note, "with", ""), s->with) == 0;
}

void settings_read(const struct world *w, const struct settings_kind *kind, struct settings *s)
{
	const char *note = note_text(w, kind);
	struct str text = STR_INIT;

	*s = (struct settings){ .kind = kind, .wish = kind->wish(w) };
	s->note = note ? json_parse(note, strlen(note), NULL) : NULL;
	s->with = kind->with ? kind->with(w->wish.inventory) : "";
	json_write(s->wish, &text);
	if (*s->with)
		str_addf(&text, "\n%s", s->with);
	pki_sha256_hex(text.buf, text.len, s->digest);
	str_release(&text);
	/* the same in another order is the same */
	if (settings_noted(s))
		snprintf(s->digest, sizeof(s->digest), "%.64s", json_get_str(s->note, "digest", ""));
}

void settings_release(struct settings *s)
{
	json_free(s->wish);
	json_free(s->note);
}

struct json **settings_seen(struct world *w, const struct settings_kind *kind)
{
	return (struct json **)((char *)&w->seen.cluster + kind->seen);
}

const char *settings_map_name(const struct world *w, const struct settings_kind *kind)
{
	return kind->map ? kind->map : w->wish.release->kubelet_config;
}

const char *settings_text(const struct json *map, const struct settings_kind *kind)
{
	const char *text = json_text(json_member(json_get(map, "data"), kind->key));

	return text ? text : "";
}

struct json *settings_parse(const struct json *map, const struct settings_kind *kind)
{
	const char *text = settings_text(map, kind);
	struct json *document = *text ? inventory_yaml(text, strlen(text), NULL) : NULL;

	if (json_is_object(document))
		return document;
	json_free(document);
	return NULL;
}

struct json *settings_living(const struct world *w, const struct settings_kind *kind)
{
	return settings_parse(*(struct json *const *)((const char *)&w->seen.cluster + kind->seen), kind);
}

/* ---- what is to change ------------------------------------------------------------------------------------------------ */

struct differences {
	const struct settings *s;
	unsigned count;
	struct str text;
};

bool settings_is_of(const struct birth_difference *d, const struct settings_kind *kind)
{
	size_t len = strlen(kind->field);

	if (d->unknown)
		return false;
	if (d->more)
		return str_starts(kind->field, d->field);
	return strncmp(d->field, kind->field, len) == 0 && d->field[len] == '.' &&
	       (!kind->changeable || kind->changeable(d->field + len + 1));
}

static bool is_finished(const struct settings *s, const char *path)
{
	for (const char *const *list = s->kind->lists; list && *list; list++)
		if (str_starts(path, *list) && s->kind->finishes(s, *list))
			return true;
	return false;
}

static void add_difference(const struct birth_difference *d, void *ctx)
{
	struct differences *all = ctx;
	const char *path = d->field + strlen(all->s->kind->field) + 1;

	/* what finishing makes is added whole */
	if (!settings_is_of(d, all->s->kind) || (!d->more && is_finished(all->s, path)))
		return;
	if (all->count < TOLD && !d->more)
		str_addf(&all->text, "%s%s from %s to %s", all->count ? ", " : "", path,
			d->unset ? "what is built in" : d->living, d->wanted);
	all->count += d->more ? d->more : 1;
}

const struct json *settings_given_before(const struct settings *s)
{
	return json_get(s->note, settings_noted(s) ? "earlier.given" : "given");
}

struct gone {
	struct json *document;
	const struct json *wish;
};

/* What was given and is no longer wished goes, value by value: what stands beside it is others'. An object that is empty without it goes, too. */
static void remove_gone(const char *key, const struct json *given, void *ctx)
{
	struct gone *g = ctx;
	const struct json *wish = json_member(g->wish, key), *living = json_member(g->document, key);
	struct json *inner;

	if (!living)
		return;
	if (json_is_object(given) && json_is_object(living) && (!wish || json_is_object(wish))) {
		inner = json_set(g->document, key, json_copy(living));
		json_each(given, remove_gone, &(struct gone){ inner, wish });
		if (!wish && json_size(inner) == 0)
			json_remove(g->document, key);
	} else if (!wish) {
		json_remove(g->document, key);
	}
}

static struct json *without_gone(const struct settings *s, const struct json *living)
{
	struct json *out = json_copy(living);

	json_each(settings_given_before(s), remove_gone, &(struct gone){ out, s->wish });
	return out;
}

/* The document as it is to be. The caller frees. */
struct json *settings_document(const struct world *w, const struct settings *s, const struct json *living)
{
	struct json *out = without_gone(s, living);

	json_merge(out, s->wish);
	if (s->kind->finish)
		s->kind->finish(w, s, out);
	return out;
}

/* Whether the document still has what was given before and is no longer wished. What finishing would put back is not that. */
static bool still_there(const struct world *w, const struct settings *s, const struct json *living)
{
	struct json *without = without_gone(s, living), *after = settings_document(w, s, living);
	bool there = !json_equal(without, living) && !json_equal(after, living);

	json_free(without);
	json_free(after);
	return there;
}

struct names {
	const struct json *others; /* that the same name is looked for among */
	struct str *out;
	size_t count;
};

static void add_name(struct names *n, const char *name)
{
	if (n->count++ < TOLD)
		str_addf(n->out, "%s%s", n->count > 1 ? ", " : " ", name);
}

static const struct json *of_name(const struct json *list, const char *name)
{
	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), "name", ""), name) == 0)
			return json_at(list, i);
	return NULL;
}

static void add_if_other(const char *name, const struct json *value, void *ctx)
{
	struct names *n = ctx;
	const struct json *other = json_is_object(n->others) ? json_member(n->others, name) : of_name(n->others, name);

	if (!other || !json_equal(other, value))
		add_name(n, name);
}

/* The names of what is in one list of named things, or one map, and not the same in the other. */
static void add_other_names(struct names *n, const struct json *list, const struct json *others)
{
	n->others = others;
	if (json_is_object(list))
		json_each(list, add_if_other, n);
	for (size_t i = 0; !json_is_object(list) && i < json_size(list); i++)
		add_if_other(json_get_str(json_at(list, i), "name", "?"), json_at(list, i), n);
}

static void add_list(const char *path, const struct json *a, const struct json *b, struct differences *all)
{
	struct names n = { .out = &all->text };

	if ((a && b) ? json_equal(a, b) : a == b)
		return;
	str_addf(&all->text, "%s%s", all->count++ ? ", " : "", path);
	if (json_text(json_at(b ? b : a, 0))) {
		str_add(&all->text, " to ");
		json_write(b, &all->text);
		return;
	}
	add_other_names(&n, b, a);
	if (!n.count)
		add_other_names(&n, a, b);
	if (n.count > TOLD)
		str_addf(&all->text, " and %zu more", n.count - TOLD);
}

/* What finishing makes. */
static void add_lists(
	const struct world *w, const struct settings *s, const struct json *living, struct differences *all)
{
	struct json *after = s->kind->lists ? settings_document(w, s, living) : NULL;

	for (const char *const *list = s->kind->lists; list && *list; list++)
		if (s->kind->finishes(s, *list))
			add_list(*list, json_get(living, *list), json_get(after, *list), all);
	json_free(after);
}

bool settings_differ(const struct world *w, const struct settings *s, struct str *text)
{
	struct differences all = { .s = s, .text = STR_INIT };
	struct json *living = settings_living(w, s->kind), *config = kubeadm_living_config(w);

	birth_maps(w, config, add_difference, &all);
	if (living)
		add_lists(w, s, living, &all);
	str_add(text, all.text.buf);
	if (all.count > TOLD)
		str_addf(text, " and %u more", all.count - TOLD);
	str_release(&all.text);
	if (all.count == 0 && living && still_there(w, s, living))
		str_addf(text, "what left %s", s->kind->field);
	json_free(living);
	json_free(config);
	return text->len > 0;
}

void settings_given(const struct world *w, const struct settings_kind *kind, char digest[65])
{
	struct settings s;

	settings_read(w, kind, &s);
	snprintf(digest, 65, "%.64s", json_get_str(s.note, "digest", ""));
	settings_release(&s);
}
