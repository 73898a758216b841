/*
 * kubeadm.extra's ClusterConfiguration of a living cluster, as far as it can change: arguments, volumes and variables of the control plane's components, and the names
 * in the API server's certificate. From kubeadm-config onto the control planes one by one.
 */
#include "steps/settings.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"
#include "steps/profile.h"
#include "steps/rotate.h"
#include "steps/run/want.h"
#include "steps/security.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define CONFIG "ClusterConfiguration"
#define SANS "apiServer.certSANs"
/* In a wish, a note and a document that is not finished: an object with a member for each name. */
#define NAMES "certSANs"
/* The same of what is not the operator's: arguments and volumes of the API server, by their names (security_own). */
#define OWN "own"
/* … and of the profile, by the component's name (profile_own). */
#define PROFILE "profile"
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"

static const char *const components_words[] = { "-record.components", "-image.*", "ca_signs", "apiserver_files",
	"encryption", "ca_apart", "sum.*", "mode.*", "error", "hint", NULL };

/* What kubeadm writes into the static Pods' manifests, by its beginning; the certificate's names besides. */
static const char *const parts[] = {
	"apiServer.extraArgs",
	"apiServer.extraVolumes",
	"apiServer.extraEnvs",
	SANS,
	"controllerManager.extraArgs",
	"controllerManager.extraVolumes",
	"controllerManager.extraEnvs",
	"scheduler.extraArgs",
	"scheduler.extraVolumes",
	"scheduler.extraEnvs",
	"etcd.local.extraArgs",
	"etcd.local.extraEnvs",
};

static bool changeable(const char *path)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (str_starts(path, parts[i]) && strchr(".[", path[strlen(parts[i])]))
			return true;
	return false;
}

/* ---- what is wished ---------------------------------------------------------------------------------------------------- */

/* Sets what stands at "a.b.c" of `from`, if anything does, at the same place of `to`. */
static void copy_part(struct json *to, const struct json *from, const char *path)
{
	const struct json *value = json_get(from, path);
	const char *p = path;
	char word[64];

	if (!value)
		return;
	for (; strchr(p, '.'); p = strchr(p, '.') + 1) {
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(p, "."), p);
		to = json_get(to, word) ? json_set(to, word, json_copy(json_get(to, word)))
					: json_set(to, word, json_object());
	}
	json_set(to, p, json_copy(value));
}

static struct json *wish(const struct world *w)
{
	const struct json *extra = json_get(w->wish.inventory->kubeadm_extra, CONFIG), *names = json_get(extra, SANS);
	struct json *out = json_object(), *wished, *own = security_own(w), *profile = profile_own(w);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i], SANS) != 0)
			copy_part(out, extra, parts[i]);
	/* there in any case, so that what leaves it is seen one by one */
	wished = json_set(out, NAMES, json_object());
	for (size_t i = 0; i < json_size(names); i++)
		if (json_text(json_at(names, i)))
			json_set_str(wished, json_text(json_at(names, i)), "yes");
	if (own)
		json_set(out, OWN, own);
	if (profile)
		json_set(out, PROFILE, profile);
	return out;
}

/* ---- the names of the certificate -------------------------------------------------------------------------------------- */

static bool in_list(const struct json *list, const char *name)
{
	for (size_t i = 0; i < json_size(list); i++)
		if (json_text(json_at(list, i)) && strcmp(json_text(json_at(list, i)), name) == 0)
			return true;
	return false;
}

static void add_asked(const char *name, const struct json *wanted, void *out)
{
	(void)wanted;
	if (!in_list(out, name))
		json_add(out, json_string(name));
}

/* kubeadm gives the certificate this name by itself. */
static bool is_endpoint(const struct json *document, const char *name)
{
	const char *endpoint = json_get_str(document, "controlPlaneEndpoint", "");

	return strlen(name) == strcspn(endpoint, ":") && str_starts(endpoint, name);
}

/* A name that was asked for and is no longer; what the cluster or the inventory has by itself stays. */
static bool goes(const struct inventory *inv, const struct settings *s, const struct json *document, const char *name)
{
	if (!json_member(json_get(settings_given_before(s), NAMES), name) ||
		json_member(json_get(s->wish, NAMES), name) || strcmp(name, inventory_endpoint(inv)) == 0 ||
		is_endpoint(document, name) || strcmp(name, "127.0.0.1") == 0 || strcmp(name, "localhost") == 0)
		return false;
	for (size_t i = 0; i < inv->host_count; i++)
		if (strcmp(inv->hosts[i].address, name) == 0)
			return false;
	return true;
}

/* Whether each certificate has the endpoint's name without being asked: the cluster's own, or the one control plane's address. */
static bool is_known(const struct inventory *inv, const struct json *document)
{
	return is_endpoint(document, inventory_endpoint(inv)) ||
	       (!inv->endpoint.vip && !inv->endpoint.host && inventory_count(inv, INVENTORY_CONTROL_PLANE) == 1);
}

static void finish_names(const struct inventory *inv, const struct settings *s, struct json *document)
{
	const struct json *old = json_get(document, SANS), *server = json_get(document, "apiServer");
	struct json *out = json_array();

	for (size_t i = 0; i < json_size(old); i++) {
		const char *name = json_text(json_at(old, i));

		if (name && !goes(inv, s, document, name))
			json_add(out, json_string(name));
	}
	/* before anybody asks for the API there */
	if (!in_list(out, inventory_endpoint(inv)) && !is_known(inv, document))
		json_add(out, json_string(inventory_endpoint(inv)));
	json_each(json_get(s->wish, NAMES), add_asked, out);
	/* none before and none now: the document stays the same */
	if (old || json_size(out))
		json_set(json_set(document, "apiServer", json_is_object(server) ? json_copy(server) : json_object()),
			NAMES, out);
	else
		json_free(out);
	json_remove(document, NAMES);
}

static void finish(const struct world *w, const struct settings *s, struct json *document)
{
	finish_names(w->wish.inventory, s, document);
	security_join(document, json_get(s->wish, OWN), json_get(settings_given_before(s), OWN),
		w->wish.release->extra_args_list);
	json_remove(document, OWN);
	profile_join(w, document, json_get(s->wish, PROFILE), json_get(settings_given_before(s), PROFILE),
		w->wish.release->extra_args_list);
	json_remove(document, PROFILE);
}

/* Of arguments and volumes only where some are not the operator's, or were not. */
static bool finishes(const struct settings *s, const char *path)
{
	const struct json *before = settings_given_before(s);

	if (strcmp(path, SANS) == 0 || profile_is_about(json_get(s->wish, PROFILE), json_get(before, PROFILE), path))
		return true;
	return str_starts(path, "apiServer.") && (json_get(s->wish, OWN) || json_get(before, OWN));
}

static const char *const lists[] = { SANS, "apiServer.extraArgs", "apiServer.extraVolumes",
	"controllerManager.extraArgs", "scheduler.extraArgs", NULL };

const struct settings_kind settings_control_plane = {
	.id = SETTINGS_CONTROL_PLANE,
	.field = "kubeadm.extra." CONFIG,
	.whom = "the control plane",
	.record = "record.components",
	.note = "control-plane-settings",
	.map = "kubeadm-config",
	.key = CONFIG,
	.document = CONFIG,
	.seen = offsetof(struct cluster_state, kubeadm_config),
	.wish = wish,
	/* each control plane needs a certificate with its name before anybody goes by it */
	.with = inventory_endpoint,
	.changeable = changeable,
	.finish = finish,
	.finishes = finishes,
	.lists = lists,
};

/* ---- the step ---------------------------------------------------------------------------------------------------------- */

/* Whether this change, or what it takes back, is about a part of the configuration. */
static bool is_about(const struct settings *s, const char *path)
{
	return json_size(json_get(s->wish, path)) || json_size(json_get(settings_given_before(s), path));
}

/* A new certificate of the API server, and its key, for a change of names. */
static int add_certificate(struct task *t, struct items *files, struct error *err)
{
	struct pki_files made = { 0 };

	if (certificates_make(world_of(t), task_host(t), &made, err)) {
		pki_files_release(&made);
		return error_wrap(err, "no certificate with the changed names could be made");
	}
	for (size_t i = 0; i < made.count; i++)
		if (str_starts(made.list[i].path, "/etc/kubernetes/pki/apiserver."))
			items_add(files, (struct item){ .kind = ITEM_FILE,
						 .key = made.list[i].path,
						 .mode = made.list[i].mode,
						 .secret = true,
						 .want = made.list[i].content.text });
	pki_files_release(&made);
	return 0;
}

/* What the certificate is asked for, separated by blanks; one with a wildcard in it, or of IPv6, cannot be. */
static void add_names(const struct world *w, struct str *names)
{
	struct json *living = settings_living(w, &settings_control_plane);
	const struct json *list = json_get(living, SANS);

	for (size_t i = 0; i < json_size(list); i++) {
		const char *name = json_text(json_at(list, i));

		if (name && *name && !name[strspn(name, NAME_CHARS)])
			str_addf(names, "%s%s", names->len ? " " : "", name);
	}
	json_free(living);
}

struct gone_names {
	const struct json *living;
	struct str *out;
};

static void add_gone_name(const char *name, const struct json *given, void *ctx)
{
	struct gone_names *g = ctx;

	(void)given;
	if (!in_list(g->living, name) && !name[strspn(name, NAME_CHARS)])
		str_addf(g->out, "%s%s", g->out->len ? " " : "", name);
}

/* What was asked for before and is no longer in the configuration. */
static void add_names_gone(const struct world *w, const struct settings *s, struct str *names)
{
	struct json *living = settings_living(w, &settings_control_plane);

	json_each(json_get(settings_given_before(s), NAMES), add_gone_name,
		&(struct gone_names){ json_get(living, SANS), names });
	json_free(living);
}

/* Whether other names are asked for than before: one that goes is not missed by anybody who asks. */
static bool names_change(const struct settings *s)
{
	const struct json *now = json_get(s->wish, NAMES), *before = json_get(settings_given_before(s), NAMES);

	return before ? !json_equal(now, before) : json_size(now) > 0;
}

static int on_host(struct task *t, const struct settings *s, struct error *err)
{
	struct str script = STR_INIT, config = STR_INIT, names = STR_INIT, gone = STR_INIT;
	struct remote_answer answer = { 0 };
	struct items files = { 0 };
	bool apart;
	int rc;

	/* what its API server is to read is there before a manifest names it */
	if (security_place(t, err) || add_certificate(t, &files, err))
		return items_release(&files), -1;
	/* by what other hosts have as well, whose threads write that */
	task_lock(t);
	apart = signing_is_apart(world_of(t));
	task_unlock(t);
	add_names(world_of(t), &names);
	add_names_gone(world_of(t), s, &gone);
	kubeadm_components_config(world_of(t), task_host(t), true, &config);
	items_params(&files);
	items_param(&files, "config", config.buf);
	items_param(&files, "digest", s->digest);
	items_param(&files, "names", names.buf);
	items_param(&files, "names_gone", gone.buf);
	items_param(&files, "names_change", names_change(s) ? "yes" : "no");
	items_param(&files, "signing", apart ? "apart" : "");
	items_param(&files, "etcd", is_about(s, "etcd") ? "yes" : "no");
	str_addf(&script, "%s%s", host_script_component, host_script_components);
	rc = world_job(t, "components", script.buf, files.params, files.param_count, components_words, &answer, NULL,
		20 * 60000, err);
	if (rc == 0)
		world_learn(t, &answer);
	remote_answer_release(&answer);
	items_release(&files);
	str_release(&script);
	str_release(&config);
	str_release(&names);
	str_release(&gone);
	if (rc)
		return -1;
	/* what was followed may have been the job of another run */
	if (!cluster_fact_is(world_facts(t), "record.components", s->digest)) {
		error_set(err, ERROR_COMMAND, "another run has given this control plane other settings meanwhile");
		return error_hint(err, "run 'kubewright apply' again");
	}
	return node_await(t, &(struct node_wanted){ .version = NULL }, err) ? -1 : security_place(t, err);
}

int components_apply(struct task *t, struct error *err)
{
	struct error why = { 0 };

	if (settings_look(t, &settings_control_plane, &why) == STEP_NEEDED &&
		settings_change(t, &settings_control_plane, on_host, err))
		return -1;
	return custody_check(t, &why) == STEP_NEEDED ? custody_apply(t, err) : 0;
}
