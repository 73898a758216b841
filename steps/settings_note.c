/*
 * What all kinds of settings have in common: what differs, the document and the note about it, and the order in which a change goes: note, document, hosts one after
 * the other; the first host that does not start with it stops that, and the document becomes what it was.
 */
#include "steps/settings.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/steps.h"

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

static bool noted(const struct settings *s)
{
	const struct json *given = json_get(s->note, "given");

	return given && json_equal(given, s->wish);
}

static void read_settings(const struct world *w, const struct settings_kind *kind, struct settings *s)
{
	const char *note = note_text(w, kind);
	struct str text = STR_INIT;

	*s = (struct settings){ .kind = kind, .wish = kind->wish(w->wish.inventory) };
	s->note = note ? json_parse(note, strlen(note), NULL) : NULL;
	json_write(s->wish, &text);
	pki_sha256_hex(text.buf, text.len, s->digest);
	str_release(&text);
	/* the same in another order is the same */
	if (noted(s))
		snprintf(s->digest, sizeof(s->digest), "%.64s", json_get_str(s->note, "digest", ""));
}

static void release_settings(struct settings *s)
{
	json_free(s->wish);
	json_free(s->note);
}

static struct json **seen_map(struct world *w, const struct settings_kind *kind)
{
	return (struct json **)((char *)&w->seen.cluster + kind->seen);
}

static const char *map_name(const struct world *w, const struct settings_kind *kind)
{
	return kind->map ? kind->map : w->wish.release->kubelet_config;
}

static const char *text_in(const struct json *map, const struct settings_kind *kind)
{
	const char *text = json_text(json_member(json_get(map, "data"), kind->key));

	return text ? text : "";
}

static struct json *document_in(const struct json *map, const struct settings_kind *kind)
{
	const char *text = text_in(map, kind);
	struct json *document = *text ? inventory_yaml(text, strlen(text), NULL) : NULL;

	if (json_is_object(document))
		return document;
	json_free(document);
	return NULL;
}

struct json *settings_living(const struct world *w, const struct settings_kind *kind)
{
	return document_in(*(struct json *const *)((const char *)&w->seen.cluster + kind->seen), kind);
}

/* ---- what is to change ------------------------------------------------------------------------------------------------ */

struct differences {
	const struct settings_kind *kind;
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

static void add_difference(const struct birth_difference *d, void *ctx)
{
	struct differences *all = ctx;

	/* a list of its own is added whole */
	if (!settings_is_of(d, all->kind) ||
		(all->kind->list && !d->more && str_starts(d->field + strlen(all->kind->field) + 1, all->kind->list)))
		return;
	if (all->count < TOLD && !d->more)
		str_addf(&all->text, "%s%s from %s to %s", all->count ? ", " : "",
			d->field + strlen(all->kind->field) + 1, d->unset ? "what is built in" : d->living, d->wanted);
	all->count += d->more ? d->more : 1;
}

const struct json *settings_given_before(const struct settings *s)
{
	return json_get(s->note, noted(s) ? "earlier.given" : "given");
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
static struct json *wanted(const struct world *w, const struct settings *s, const struct json *living)
{
	struct json *out = without_gone(s, living);

	json_merge(out, s->wish);
	if (s->kind->finish)
		s->kind->finish(w->wish.inventory, s, out);
	return out;
}

/* Whether the document still has what was given before and is no longer wished. */
static bool still_there(const struct settings *s, const struct json *living)
{
	struct json *without = without_gone(s, living);
	bool there = !json_equal(without, living);

	json_free(without);
	return there;
}

/* The list that finishing makes is compared whole. */
static void add_list(
	const struct world *w, const struct settings *s, const struct json *living, struct differences *all)
{
	struct json *after = s->kind->list ? wanted(w, s, living) : NULL;
	const struct json *a = after ? json_get(living, s->kind->list) : NULL,
			  *b = after ? json_get(after, s->kind->list) : NULL;

	if (b && !(a && json_equal(a, b))) {
		str_addf(&all->text, "%s%s to ", all->count++ ? ", " : "", s->kind->list);
		json_write(b, &all->text);
	}
	json_free(after);
}

static bool differs(const struct world *w, const struct settings *s, struct str *text)
{
	struct differences all = { .kind = s->kind, .text = STR_INIT };
	struct json *living = settings_living(w, s->kind), *config = kubeadm_living_config(w);

	birth_maps(w, config, add_difference, &all);
	if (living)
		add_list(w, s, living, &all);
	str_add(text, all.text.buf);
	if (all.count > TOLD)
		str_addf(text, " and %u more", all.count - TOLD);
	str_release(&all.text);
	if (all.count == 0 && living && still_there(s, living))
		str_addf(text, "what left %s", s->kind->field);
	json_free(living);
	json_free(config);
	return text->len > 0;
}

void settings_given(const struct world *w, const struct settings_kind *kind, char digest[65])
{
	struct settings s;

	read_settings(w, kind, &s);
	snprintf(digest, 65, "%.64s", json_get_str(s.note, "digest", ""));
	release_settings(&s);
}

/* ---- the ConfigMaps --------------------------------------------------------------------------------------------------- */

struct upload {
	struct task *t;
	struct world *w;
	const struct settings *s;
};

static void map_path(const struct upload *u, char path[128])
{
	snprintf(path, 128, "/api/v1/namespaces/kube-system/configmaps/%s", map_name(u->w, u->s->kind));
}

static int config_map(struct net_client *c, const struct upload *u, struct json **out, struct error *err)
{
	char path[128];

	map_path(u, path);
	*out = net_json(c, "GET", path, NULL, NULL, NULL, err);
	return *out ? 0 : -1;
}

int settings_put(struct net_client *c, const char *path, const struct json *map, const char *key, const char *text,
	struct json **now, struct error *err)
{
	struct json *patch = json_object();
	long status = 0;

	json_set_str(json_set(patch, "metadata", json_object()), "resourceVersion",
		json_get_str(map, "metadata.resourceVersion", ""));
	json_set_str(json_set(patch, "data", json_object()), key, text);
	*now = net_json(c, "PATCH", path, "application/merge-patch+json", patch, &status, err);
	json_free(patch);
	if (!*now && status == 409)
		error_hint(err, "somebody else changes the ConfigMap %s: run the same command again",
			strrchr(path, '/') + 1);
	return *now ? 0 : -1;
}

static int replace_text(
	struct net_client *c, const struct upload *u, const struct json *map, const char *text, struct error *err)
{
	struct json *now;
	char path[128];
	int rc;

	map_path(u, path);
	rc = settings_put(c, path, map, u->s->kind->key, text, &now, err);
	json_free(now);
	return rc;
}

/* What is seen of it from now on. */
static void see(struct task *t, struct json **what, struct json *now)
{
	struct json *old;

	task_lock(t);
	old = *what;
	*what = now;
	task_unlock(t);
	json_free(old);
}

/* NULL: takes it away. */
static int write_note(struct net_client *c, const struct upload *u, const char *note, struct error *err)
{
	struct json *m = json_object(), *meta = json_set(m, "metadata", json_object()), *data, *answer;
	char path[160];

	json_set_str(m, "apiVersion", "v1");
	json_set_str(m, "kind", "ConfigMap");
	json_set_str(meta, "name", "kubewright");
	json_set_str(meta, "namespace", "kube-system");
	data = json_set(m, "data", json_object());
	if (note)
		json_set_str(data, u->s->kind->note, note);
	snprintf(path, sizeof(path),
		"/api/v1/namespaces/kube-system/configmaps/kubewright?fieldManager=kubewright-%s&force=true",
		u->s->kind->note);
	answer = net_json(c, "PATCH", path, "application/apply-patch+yaml", m, NULL, err);
	json_free(m);
	if (!answer)
		return -1;
	see(u->t, &u->w->seen.cluster.own_config, answer);
	return 0;
}

/* Of a change that is noted already, as its run was cut, the text of before stays. */
static int note_change(
	struct net_client *c, const struct upload *u, const char *before, bool accepted, struct error *err)
{
	struct json *note = json_object(), *earlier = NULL;
	const struct json *old = u->s->note;
	struct str text = STR_INIT;
	int rc;

	json_set_str(note, "digest", u->s->digest);
	json_set(note, "given", json_copy(u->s->wish));
	if (noted(u->s)) {
		json_set_str(note, "before", json_get_str(old, "before", ""));
		if (json_get(old, "earlier"))
			earlier = json_copy(json_get(old, "earlier"));
	} else {
		json_set_str(note, "before", before);
		if (json_get(old, "given")) {
			earlier = json_object();
			json_set_str(earlier, "digest", json_get_str(old, "digest", ""));
			json_set(earlier, "given", json_copy(json_get(old, "given")));
		}
	}
	if (earlier)
		json_set(note, "earlier", earlier);
	json_set_bool(note, "accepted", accepted);
	json_write(note, &text);
	rc = write_note(c, u, text.buf, err);
	str_release(&text);
	json_free(note);
	return rc;
}

static int upload(struct net_client *c, void *ctx, struct error *err)
{
	struct upload *u = ctx;
	struct json *map, *living, *config = NULL;
	struct str text = STR_INIT;
	const char *before;
	int rc = -1;

	if (config_map(c, u, &map, err))
		return -1;
	before = text_in(map, u->s->kind);
	living = document_in(map, u->s->kind);
	if (!living) {
		error_set(err, ERROR_PROTOCOL, "the ConfigMap %s holds no %s", map_name(u->w, u->s->kind),
			u->s->kind->document);
	} else {
		config = wanted(u->w, u->s, living);
		json_write_pretty(config, &text);
		rc = note_change(c, u, before, false, err) || replace_text(c, u, map, text.buf, err) ? -1 : 0;
	}
	json_free(living);
	json_free(config);
	json_free(map);
	str_release(&text);
	if (rc == 0)
		rc = config_map(c, u, &map, err);
	if (rc == 0)
		see(u->t, seen_map(u->w, u->s->kind), map);
	return rc;
}

static int accept(struct net_client *c, void *ctx, struct error *err)
{
	return note_change(c, ctx, NULL, true, err);
}

/* The note that stood there before comes back with the text. */
static int put_back(struct net_client *c, void *ctx, struct error *err)
{
	struct upload *u = ctx;
	const char *before = json_get_str(u->s->note, "before", "");
	struct json *map = NULL,
		    *earlier = json_get(u->s->note, "earlier") ? json_copy(json_get(u->s->note, "earlier")) : NULL;
	struct str text = STR_INIT;
	int rc = 0;

	if (earlier) {
		/* some kubelet had started with it */
		json_set_bool(earlier, "accepted", true);
		json_write(earlier, &text);
	}
	if (config_map(c, u, &map, err))
		rc = -1;
	else if (*before)
		rc = replace_text(c, u, map, before, err) || write_note(c, u, earlier ? text.buf : NULL, err) ? -1 : 0;
	json_free(map);
	if (rc == 0)
		rc = config_map(c, u, &map, err);
	if (rc == 0)
		see(u->t, seen_map(u->w, u->s->kind), map);
	str_release(&text);
	json_free(earlier);
	return rc;
}

/* ---- at birth --------------------------------------------------------------------------------------------------------- */

void settings_born(const struct world *w, const struct settings_kind *kind, char digest[65])
{
	struct json *nothing = kind->wish(&(struct inventory){ 0 });
	struct settings s;

	read_settings(w, kind, &s);
	snprintf(digest, 65, "%s", json_equal(s.wish, nothing) ? "" : s.digest);
	release_settings(&s);
	json_free(nothing);
}

void settings_note_birth(struct task *t, const struct settings_kind *kind)
{
	struct world *w = world_of(t);
	struct settings s;
	struct upload u = { t, w, &s };
	struct error no = { 0 };
	char digest[65];

	task_lock(t);
	settings_born(w, kind, digest);
	read_settings(w, kind, &s);
	task_unlock(t);
	if (*digest && world_any_api(t, accept, &u, &no))
		task_log(t, "what %s gave the cluster is not noted: %s", kind->field, no.what);
	release_settings(&s);
}

/* ---- a change --------------------------------------------------------------------------------------------------------- */

/* Whether what is noted is still to reach the host, or the cluster, whose document has it. */
static bool behind(const struct world *w, const struct settings *s, int host)
{
	if (s->kind->behind)
		return s->kind->behind(w, s);
	return !cluster_fact_is(&w->seen.hosts[host], s->kind->record, s->digest);
}

/* Whether a host is to get other settings than it has, by the document and what the host has recorded; text: which, in words, appended. */
static bool due(const struct world *w, const struct settings_kind *kind, int host, struct str *text)
{
	struct settings s;
	bool due;

	if (!*(struct json *const *)((const char *)&w->seen.cluster + kind->seen) || w->decided.half_upgraded ||
		world_leaves(w, host) || !upgrade_member(w, host) ||
		!strstr(cluster_fact(&w->seen.hosts[host], "have"), "kubelet-conf"))
		return false;
	read_settings(w, kind, &s);
	due = differs(w, &s, text);
	if (!due && noted(&s) && behind(w, &s, host)) {
		str_add(text, kind->behind ? "what its ConfigMap has" : "what the others have");
		due = true;
	}
	release_settings(&s);
	return due;
}

enum step_verdict settings_look(struct task *t, const struct settings_kind *kind, struct error *why)
{
	const struct world *w = world_of(t);
	struct str text = STR_INIT;
	const char *failed = NULL;
	bool needed;

	task_lock(t);
	if (w->seen.settings_stopped[kind->id] >= 0 && w->seen.settings_stopped[kind->id] != task_host(t))
		failed = w->wish.inventory->hosts[w->seen.settings_stopped[kind->id]].name;
	/* what failed on the first host is as it was: there is nothing to do on the others */
	needed = !(failed && w->decided.settings_back[kind->id]) && due(w, kind, task_host(t), &text);
	task_unlock(t);
	if (needed && !failed)
		step_needed(why, EVIDENCE_SETTINGS, kind->field, "gives %s other settings: %s", kind->whom, text.buf);
	str_release(&text);
	if (!needed)
		return STEP_NOT_HERE;
	if (!failed)
		return STEP_NEEDED;
	error_refuse(why, ERROR_COMMAND, REFUSAL_SETTINGS, failed,
		"the settings of %s were not changed here, as that failed on %s", kind->whom, failed);
	error_hint(why, "correct what is reported there and run 'kubewright apply' again");
	return STEP_IMPOSSIBLE;
}

/* Nobody has started with it: the cluster becomes what it was. */
static void take_back(struct task *t, struct upload *u)
{
	struct error no = { 0 };

	if (!noted(u->s) || json_get_bool(u->s->note, "accepted", false))
		return;
	if (world_any_api(t, put_back, u, &no))
		task_log(t, "the ConfigMap %s is not what it was before: %s", map_name(u->w, u->s->kind), no.what);
	else
		u->w->decided.settings_back[u->s->kind->id] = true;
}

/* What comes of it for the others; tried again and done, it counts as that. */
static void result(struct task *t, const struct settings_kind *kind, int rc, const struct error *err)
{
	struct world *w = world_of(t);
	int *stopped = &w->seen.settings_stopped[kind->id];

	task_lock(t);
	if (rc && err->kind != ERROR_CANCELLED)
		*stopped = task_host(t);
	if (rc == 0 && *stopped == task_host(t)) {
		*stopped = -1;
		w->decided.settings_back[kind->id] = false;
	}
	task_unlock(t);
}

/* A cut is continued, and so is what only took too long, where the kind says so. */
static bool goes_back(const struct settings_kind *kind, const struct error *err)
{
	return err->kind != ERROR_CANCELLED && err->kind != ERROR_CONNECT &&
	       !(err->kind == ERROR_TIMEOUT && kind->continues);
}

int settings_change(struct task *t, const struct settings_kind *kind, settings_fn *on_host, struct error *err)
{
	struct world *w = world_of(t);
	struct settings s;
	struct upload u = { t, w, &s };
	struct str text = STR_INIT;
	struct error no = { 0 };
	int rc = 0;

	/* one host at a time has the step */
	read_settings(w, kind, &s);
	if (differs(w, &s, &text))
		rc = world_any_api(t, upload, &u, err);
	str_release(&text);
	if (rc == 0)
		rc = on_host(t, &s, err);
	result(t, kind, rc, err);
	release_settings(&s);
	read_settings(w, kind, &s);
	if (rc && goes_back(kind, err))
		take_back(t, &u);
	else if (rc == 0 && noted(&s) && !json_get_bool(s.note, "accepted", false) && world_any_api(t, accept, &u, &no))
		task_log(t, "that a host has started with them is not noted: %s", no.what);
	release_settings(&s);
	return rc;
}
