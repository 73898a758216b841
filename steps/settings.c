/*
 * kubelet.config of a living cluster: what the inventory says since is put into the kubelets' ConfigMap, by which later joins and upgrades go, and onto the hosts one by one;
 * the first one that does not start with it stops that, and the ConfigMap becomes what it was. What was given is noted in the cluster, so that a setting that leaves the
 * inventory leaves the kubelets; each host records what it has.
 */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

#define FIELD "kubelet.config"
/*
 * Of the ConfigMap kubewright: {"digest", "given", "before": the text of the kubelets' ConfigMap that was replaced, "earlier": {"digest", "given"} of
 * the change before, "accepted": whether some kubelet has started with it}. It is written before the ConfigMap that it is about.
 */
#define NOTE "kubelet-settings"
/* Differences that are said one by one. */
#define TOLD 3

static const char *const settings_words[] = { "record.settings", "error", "hint", NULL };

/* What the inventory says, as JSON and its digest; and what it said when the ConfigMap was last changed, NULL: it never was. */
struct settings {
	struct json *wish, *note;
	char digest[65];
};

static const char *note_text(const struct world *w)
{
	const struct json *note = json_member(json_get(w->seen.cluster.own_config, "data"), NOTE);

	return note ? json_text(note) : NULL;
}

static bool noted(const struct settings *s)
{
	const struct json *given = json_get(s->note, "given");

	return given && json_equal(given, s->wish);
}

static void settings_read(const struct world *w, struct settings *s)
{
	const char *note = note_text(w);
	struct str text = STR_INIT;

	s->wish = w->wish.inventory->kubelet_config ? json_copy(w->wish.inventory->kubelet_config) : json_object();
	s->note = note ? json_parse(note, strlen(note), NULL) : NULL;
	json_write(s->wish, &text);
	pki_sha256_hex(text.buf, text.len, s->digest);
	str_release(&text);
	/* the same in another order is the same */
	if (noted(s))
		snprintf(s->digest, sizeof(s->digest), "%.64s", json_get_str(s->note, "digest", ""));
}

static void settings_release(struct settings *s)
{
	json_free(s->wish);
	json_free(s->note);
}

/* ---- what is to change ------------------------------------------------------------------------------------------------ */

struct differences {
	unsigned count;
	struct str text;
};

static void add_difference(const struct birth_difference *d, void *ctx)
{
	struct differences *all = ctx;

	if (d->unknown || strncmp(d->field, FIELD, strlen(FIELD)) != 0)
		return;
	if (all->count < TOLD && d->field[strlen(FIELD)] == '.')
		str_addf(&all->text, "%s%s from %s to %s", all->count ? ", " : "", d->field + strlen(FIELD) + 1,
			d->unset ? "what is built in" : d->living, d->wanted);
	all->count += d->more ? d->more : 1;
}

struct gone {
	struct json *out;
	const struct json *wish;
};

/* What was given and is no longer wished: null, at its place. */
static void add_gone(const char *key, const struct json *given, void *ctx)
{
	struct gone *g = ctx;
	const struct json *wish = json_member(g->wish, key);

	if (!wish)
		json_set(g->out, key, json_null());
	else if (json_is_object(given) && json_is_object(wish))
		json_each(given, add_gone, &(struct gone){ json_set(g->out, key, json_object()), wish });
}

/* What the change before gave, or this one while it is not noted yet. */
static const struct json *given_before(const struct settings *s)
{
	return json_get(s->note, noted(s) ? "earlier.given" : "given");
}

/* A tree to merge into a KubeletConfiguration. */
static struct json *changes(const struct settings *s)
{
	struct json *out = json_object();

	json_each(given_before(s), add_gone, &(struct gone){ out, s->wish });
	json_merge(out, s->wish);
	return out;
}

struct still {
	const struct json *living;
	bool there;
};

static void look_for(const char *key, const struct json *gone, void *ctx)
{
	struct still *still = ctx;
	const struct json *living = json_member(still->living, key);
	struct str text = STR_INIT;

	if (json_is_object(gone)) {
		struct still inner = { living, false };

		json_each(gone, look_for, &inner);
		still->there = still->there || inner.there;
	} else if (living) {
		json_write(living, &text);
		still->there = still->there || strcmp(text.buf, "null") != 0;
	}
	str_release(&text);
}

/* Whether the ConfigMap still has what was given before and is no longer wished. */
static bool still_there(const struct world *w, const struct settings *s)
{
	const char *text = json_get_str(w->seen.cluster.kubelet_config, "data.kubelet", "");
	struct json *living = inventory_yaml(text, strlen(text), NULL), *gone = json_object();
	struct still still = { living, false };

	json_each(given_before(s), add_gone, &(struct gone){ gone, s->wish });
	if (living)
		json_each(gone, look_for, &still);
	json_free(living);
	json_free(gone);
	return still.there;
}

/* Whether the ConfigMap is to be changed; text: what, in words. */
static bool differs(const struct world *w, const struct settings *s, struct str *text)
{
	struct differences all = { 0, STR_INIT };

	birth_maps(w, NULL, add_difference, &all);
	str_add(text, all.text.buf);
	if (all.count > TOLD)
		str_addf(text, " and %u more", all.count - TOLD);
	str_release(&all.text);
	if (all.count == 0 && still_there(w, s))
		str_add(text, "what left " FIELD);
	return text->len > 0;
}

/* Whether a host's kubelet is to get other settings than it has, by the ConfigMaps and what the host has recorded; text: which, in words, appended. */
static bool settings_due(const struct world *w, int host, struct str *text)
{
	struct settings s;
	bool due;

	if (!w->seen.cluster.kubelet_config || w->decided.half_upgraded || world_leaves(w, host) ||
		!upgrade_member(w, host) || !strstr(cluster_fact(&w->seen.hosts[host], "have"), "kubelet-conf"))
		return false;
	settings_read(w, &s);
	due = differs(w, &s, text);
	if (!due && noted(&s) && !cluster_fact_is(&w->seen.hosts[host], "record.settings", s.digest)) {
		str_add(text, "what the cluster's other kubelets have");
		due = true;
	}
	settings_release(&s);
	return due;
}

void settings_given(const struct world *w, char digest[65])
{
	struct settings s;

	settings_read(w, &s);
	snprintf(digest, 65, "%.64s", json_get_str(s.note, "digest", ""));
	settings_release(&s);
}

/* ---- the ConfigMaps --------------------------------------------------------------------------------------------------- */

struct upload {
	struct task *t;
	struct world *w;
	struct settings s;
};

static int config_map(struct net_client *c, const struct upload *u, struct json **out, struct error *err)
{
	char path[128];

	snprintf(
		path, sizeof(path), "/api/v1/namespaces/kube-system/configmaps/%s", u->w->wish.release->kubelet_config);
	*out = net_json(c, "GET", path, NULL, NULL, NULL, err);
	return *out ? 0 : -1;
}

/* Not over somebody's change of meanwhile. */
static int replace_text(
	struct net_client *c, const struct upload *u, const struct json *map, const char *text, struct error *err)
{
	struct json *patch = json_object(), *answer;
	char path[128];
	long status = 0;

	json_set_str(json_set(patch, "metadata", json_object()), "resourceVersion",
		json_get_str(map, "metadata.resourceVersion", ""));
	json_set_str(json_set(patch, "data", json_object()), "kubelet", text);
	snprintf(
		path, sizeof(path), "/api/v1/namespaces/kube-system/configmaps/%s", u->w->wish.release->kubelet_config);
	answer = net_json(c, "PATCH", path, "application/merge-patch+json", patch, &status, err);
	json_free(patch);
	json_free(answer);
	if (!answer && status == 409)
		error_hint(err, "somebody else changes the ConfigMap %s: run the same command again",
			u->w->wish.release->kubelet_config);
	return answer ? 0 : -1;
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

	json_set_str(m, "apiVersion", "v1");
	json_set_str(m, "kind", "ConfigMap");
	json_set_str(meta, "name", "kubewright");
	json_set_str(meta, "namespace", "kube-system");
	data = json_set(m, "data", json_object());
	if (note)
		json_set_str(data, NOTE, note);
	answer = net_json(c, "PATCH",
		"/api/v1/namespaces/kube-system/configmaps/kubewright?fieldManager=kubewright-settings&force=true",
		"application/apply-patch+yaml", m, NULL, err);
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
	const struct json *old = u->s.note;
	struct str text = STR_INIT;
	int rc;

	json_set_str(note, "digest", u->s.digest);
	json_set(note, "given", json_copy(u->s.wish));
	if (noted(&u->s)) {
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
	struct json *map, *config, *change;
	struct str text = STR_INIT;
	const char *before;
	int rc = -1;

	if (config_map(c, u, &map, err))
		return -1;
	before = json_get_str(map, "data.kubelet", "");
	config = inventory_yaml(before, strlen(before), NULL);
	if (!json_is_object(config)) {
		error_set(err, ERROR_PROTOCOL, "the ConfigMap %s holds no KubeletConfiguration",
			u->w->wish.release->kubelet_config);
	} else {
		change = changes(&u->s);
		json_merge(config, change);
		json_free(change);
		json_write_pretty(config, &text);
		rc = note_change(c, u, before, false, err) || replace_text(c, u, map, text.buf, err) ? -1 : 0;
	}
	json_free(config);
	json_free(map);
	str_release(&text);
	if (rc == 0)
		rc = config_map(c, u, &map, err);
	if (rc == 0)
		see(u->t, &u->w->seen.cluster.kubelet_config, map);
	return rc;
}

static int note_accepted(struct net_client *c, void *ctx, struct error *err)
{
	return note_change(c, ctx, NULL, true, err);
}

/* The note that stood there before comes back with the text. */
static int put_back(struct net_client *c, void *ctx, struct error *err)
{
	struct upload *u = ctx;
	const char *before = json_get_str(u->s.note, "before", "");
	struct json *map = NULL,
		    *earlier = json_get(u->s.note, "earlier") ? json_copy(json_get(u->s.note, "earlier")) : NULL;
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
		see(u->t, &u->w->seen.cluster.kubelet_config, map);
	str_release(&text);
	json_free(earlier);
	return rc;
}

/* ---- the step --------------------------------------------------------------------------------------------------------- */

enum step_verdict settings_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	struct str text = STR_INIT;
	bool due;

	task_lock(t);
	/* what failed on the first host is as it was: there is nothing to do on the others */
	due = !(w->decided.settings_back && w->seen.stopped != task_host(t)) && settings_due(w, task_host(t), &text);
	task_unlock(t);
	if (!due) {
		str_release(&text);
		return STEP_NOT_HERE;
	}
	if (w->seen.stopped >= 0 && w->seen.stopped != task_host(t)) {
		error_refuse(why, ERROR_COMMAND, REFUSAL_SETTINGS, w->wish.inventory->hosts[w->seen.stopped].name,
			"the settings of kubelets were not changed here, as that failed on %s",
			w->wish.inventory->hosts[w->seen.stopped].name);
		error_hint(why, "correct what is reported there and run 'kubewright apply' again");
		str_release(&text);
		return STEP_IMPOSSIBLE;
	}
	step_needed(why, EVIDENCE_SETTINGS, FIELD, "gives the kubelet other settings: %s", text.buf);
	str_release(&text);
	return STEP_NEEDED;
}

static int script(struct task *t, const char *phase, const char *digest, struct error *err)
{
	const struct json *extra = json_get(world_of(t)->wish.inventory->kubeadm_extra, "JoinConfiguration");
	const struct remote_param params[] = {
		{ "phase", phase },
		{ "digest", digest },
		{ "patches", json_get_str(extra, "patches.directory", "") },
	};
	struct remote_answer answer = { 0 };

	if (world_script(
		    t, "settings", host_script_settings, params, 3, settings_words, &answer, SCRIPT_CHANGE_MS, err)) {
		remote_answer_release(&answer);
		return -1;
	}
	world_learn(t, &answer);
	remote_answer_release(&answer);
	return 0;
}

static int on_host(struct task *t, const char *digest, struct error *err)
{
	struct error why = { 0 };

	if (script(t, "begin", digest, err))
		return -1;
	if (node_await(t, &(struct node_wanted){ .version = NULL }, &why) == 0)
		return script(t, "accept", digest, err);
	if (why.kind == ERROR_CANCELLED || why.kind == ERROR_CONNECT)
		return *err = why, -1;
	task_log(t, "%s", why.what);
	/* it always fails: with what was wrong, and that what was before is back */
	script(t, "back", digest, err);
	return -1;
}

/* Nobody has started with it: the cluster becomes what it was. */
static void take_back(struct task *t, struct upload *u)
{
	struct world *w = u->w;
	struct error no = { 0 };

	if (!noted(&u->s) || json_get_bool(u->s.note, "accepted", false))
		return;
	if (world_any_api(t, put_back, u, &no))
		task_log(t, "the ConfigMap %s is not what it was before: %s", w->wish.release->kubelet_config, no.what);
	else
		w->decided.settings_back = true;
}

/* What comes of it for the others; tried again and done, it counts as that. */
static int result(struct task *t, int rc, const struct error *err)
{
	struct world *w = world_of(t);

	task_lock(t);
	if (rc && err->kind != ERROR_CANCELLED)
		w->seen.stopped = task_host(t);
	if (rc == 0 && w->seen.stopped == task_host(t)) {
		w->seen.stopped = -1;
		w->decided.settings_back = false;
	}
	task_unlock(t);
	return rc;
}

int settings_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct upload u = { .t = t, .w = w };
	struct str text = STR_INIT;
	struct error no = { 0 };
	int rc = 0;

	/* one host at a time has this step */
	settings_read(w, &u.s);
	if (differs(w, &u.s, &text))
		rc = world_any_api(t, upload, &u, err);
	str_release(&text);
	if (rc == 0)
		rc = on_host(t, u.s.digest, err);
	result(t, rc, err);
	settings_release(&u.s);
	settings_read(w, &u.s);
	if (rc && err->kind != ERROR_CANCELLED && err->kind != ERROR_CONNECT)
		take_back(t, &u);
	else if (rc == 0 && noted(&u.s) && !json_get_bool(u.s.note, "accepted", false) &&
		 world_any_api(t, note_accepted, &u, &no))
		task_log(t, "that a kubelet has started with them is not noted: %s", no.what);
	settings_release(&u.s);
	return rc;
}
