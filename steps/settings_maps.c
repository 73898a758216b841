/* The document of a kind of settings in its ConfigMap, and the note about it: changed, accepted, put back. */
#include "steps/settings_private.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

static void map_path(const struct settings_task *u, char path[128])
{
	snprintf(path, 128, "/api/v1/namespaces/kube-system/configmaps/%s", settings_map_name(u->w, u->s->kind));
}

static int config_map(struct net_client *c, const struct settings_task *u, struct json **out, struct error *err)
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

static int replace_text(struct net_client *c, const struct settings_task *u, const struct json *map, const char *text,
	struct error *err)
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

/* A text under a key of the ConfigMap kubewright; NULL: takes it away. Returns the ConfigMap afterwards. */
static struct json *put_note(struct net_client *c, const char *key, const char *text, struct error *err)
{
	struct json *m = json_object(), *meta = json_set(m, "metadata", json_object()), *data, *answer;
	char path[160];

	json_set_str(m, "apiVersion", "v1");
	json_set_str(m, "kind", "ConfigMap");
	json_set_str(meta, "name", "kubewright");
	json_set_str(meta, "namespace", "kube-system");
	data = json_set(m, "data", json_object());
	if (text)
		json_set_str(data, key, text);
	snprintf(path, sizeof(path),
		"/api/v1/namespaces/kube-system/configmaps/kubewright?fieldManager=kubewright-%s&force=true", key);
	answer = net_json(c, "PATCH", path, "application/apply-patch+yaml", m, NULL, err);
	json_free(m);
	return answer;
}

struct own_note {
	const char *key;
	struct str text;
	struct json *now;
};

static int put_own_note(struct net_client *c, void *ctx, struct error *err)
{
	struct own_note *n = ctx;

	n->now = put_note(c, n->key, n->text.buf, err);
	return n->now ? 0 : -1;
}

int settings_note_here(struct task *t, const char *key, struct json *note, struct error *err)
{
	struct own_note n = { key, STR_INIT, NULL };
	int rc;

	json_write(note, &n.text);
	json_free(note);
	rc = world_api(t, put_own_note, &n, err);
	if (rc == 0)
		see(t, &world_of(t)->seen.cluster.own_config, n.now);
	str_release(&n.text);
	return rc;
}

static int write_note(struct net_client *c, const struct settings_task *u, const char *note, struct error *err)
{
	struct json *answer = put_note(c, u->s->kind->note, note, err);

	if (!answer)
		return -1;
	see(u->t, &u->w->seen.cluster.own_config, answer);
	return 0;
}

/* Of a change that is noted already, as its run was cut, the text of before stays. */
static int note_change(
	struct net_client *c, const struct settings_task *u, const char *before, bool accepted, struct error *err)
{
	struct json *note = json_object(), *earlier = NULL;
	const struct json *old = u->s->note;
	struct str text = STR_INIT;
	int rc;

	json_set_str(note, "digest", u->s->digest);
	json_set(note, "given", json_copy(u->s->wish));
	if (*u->s->with)
		json_set_str(note, "with", u->s->with);
	if (settings_noted(u->s)) {
		json_set_str(note, "before", json_get_str(old, "before", ""));
		if (json_get(old, "earlier"))
			earlier = json_copy(json_get(old, "earlier"));
	} else {
		json_set_str(note, "before", before);
		if (json_get(old, "given")) {
			earlier = json_object();
			json_set_str(earlier, "digest", json_get_str(old, "digest", ""));
			json_set(earlier, "given", json_copy(json_get(old, "given")));
			if (json_get(old, "with"))
				json_set_str(earlier, "with", json_get_str(old, "with", ""));
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

int settings_upload(struct net_client *c, void *ctx, struct error *err)
{
	struct settings_task *u = ctx;
	struct json *map, *living, *config = NULL;
	struct str text = STR_INIT;
	const char *before;
	int rc = -1;

	if (config_map(c, u, &map, err))
		return -1;
	before = settings_text(map, u->s->kind);
	living = settings_parse(map, u->s->kind);
	if (!living) {
		error_set(err, ERROR_PROTOCOL, "the ConfigMap %s holds no %s", settings_map_name(u->w, u->s->kind),
			u->s->kind->document);
	} else {
		config = settings_document(u->w, u->s, living);
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
		see(u->t, settings_seen(u->w, u->s->kind), map);
	return rc;
}

int settings_accept(struct net_client *c, void *ctx, struct error *err)
{
	return note_change(c, ctx, NULL, true, err);
}

/* The note that stood there before comes back with the text. */
int settings_put_back(struct net_client *c, void *ctx, struct error *err)
{
	struct settings_task *u = ctx;
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
		see(u->t, settings_seen(u->w, u->s->kind), map);
	str_release(&text);
	json_free(earlier);
	return rc;
}

/* ---- at birth --------------------------------------------------------------------------------------------------------- */

void settings_born(const struct world *w, const struct settings_kind *kind, char digest[65])
{
	const struct inventory none = { 0 };
	struct world empty = { .wish = { .inventory = &none, .release = w->wish.release } };
	struct json *nothing = kind->wish(&empty);
	struct settings s;

	settings_read(w, kind, &s);
	snprintf(digest, 65, "%s", json_equal(s.wish, nothing) ? "" : s.digest);
	settings_release(&s);
	json_free(nothing);
}

void settings_note_birth(struct task *t, const struct settings_kind *kind)
{
	struct world *w = world_of(t);
	struct settings s;
	struct settings_task u = { t, w, &s };
	struct error no = { 0 };
	char digest[65];

	task_lock(t);
	settings_born(w, kind, digest);
	settings_read(w, kind, &s);
	task_unlock(t);
	if (*digest && world_any_api(t, settings_accept, &u, &no))
		task_log(t, "what %s gave the cluster is not noted: %s", kind->field, no.what);
	settings_release(&s);
}
