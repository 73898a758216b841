/*
 * The order in which a change of settings goes: note, document, hosts one after the other; the first host that does not start with it stops that, and the document
 * becomes what it was.
 */
#include "steps/settings_private.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <string.h>

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
	settings_read(w, kind, &s);
	due = settings_differ(w, &s, text);
	if (!due && settings_noted(&s) && behind(w, &s, host)) {
		str_add(text, kind->behind ? "what its ConfigMap has" : "what the others have");
		due = true;
	}
	settings_release(&s);
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
static void take_back(struct task *t, struct settings_task *u)
{
	struct error no = { 0 };

	if (!settings_noted(u->s) || json_get_bool(u->s->note, "accepted", false))
		return;
	if (world_any_api(t, settings_put_back, u, &no))
		task_log(t, "the ConfigMap %s is not what it was before: %s", settings_map_name(u->w, u->s->kind),
			no.what);
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
	struct settings_task u = { t, w, &s };
	struct str text = STR_INIT;
	struct error no = { 0 };
	int rc = 0;

	/* one host at a time has the step */
	settings_read(w, kind, &s);
	if (settings_differ(w, &s, &text))
		rc = world_any_api(t, settings_upload, &u, err);
	str_release(&text);
	if (rc == 0)
		rc = on_host(t, &s, err);
	result(t, kind, rc, err);
	settings_release(&s);
	settings_read(w, kind, &s);
	if (rc && goes_back(kind, err))
		take_back(t, &u);
	else if (rc == 0 && settings_noted(&s) && !json_get_bool(s.note, "accepted", false) &&
		 world_any_api(t, settings_accept, &u, &no))
		task_log(t, "that a host has started with them is not noted: %s", no.what);
	settings_release(&s);
	return rc;
}
