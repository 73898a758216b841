/*
 * pki.ca-keys of a living cluster: the keys of the CAs leave its control planes, whose controller managers sign no more, or come back from the key store. By the second
 * half of the step that changes settings of the control plane.
 */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"
#include "steps/run/want.h"

#include <string.h>

#define JOB_MS (20 * 60000)
#define KEY_ARGUMENT "cluster-signing-key-file"
#define CERT_ARGUMENT "cluster-signing-cert-file"

static const char *const custody_words[] = { "pki_manifest", "ca_keys", "ca_keys_left", "ca_signs", "ca_apart",
	"-image.*", "apiserver_files", "encryption", "sum.*", "mode.*", "error", "hint", NULL };

static bool has_name(const struct json *args, const char *name)
{
	for (size_t i = 0; i < json_size(args); i++)
		if (!json_is_object(args) && strcmp(json_get_str(json_at(args, i), "name", ""), name) == 0)
			return true;
	return json_is_object(args) && json_member(args, name);
}

/* Whether the operator has given the controller managers a pair to sign with: kubeadm's own does not count then. */
static bool has_own_pair(const struct world *w)
{
	struct json *living = kubeadm_living_config(w);
	const struct json *args = json_get(living, "controllerManager.extraArgs");
	bool own = has_name(args, KEY_ARGUMENT) || has_name(args, CERT_ARGUMENT);

	json_free(living);
	return own;
}

/* Whether a control plane that is one already is to lose the keys, or to get them; a run that was cut is continued. */
bool custody_is_due(const struct world *w, int host)
{
	const struct cluster_host *h = &w->seen.hosts[host];
	const char *signs = cluster_fact(h, "ca_signs");

	if (w->wish.inventory->hosts[host].role != INVENTORY_CONTROL_PLANE || !world_installed(h) ||
		world_leaves(w, host))
		return false;
	if (custody_differs(w, h) || strcmp(signs, "cut") == 0)
		return true;
	if (inventory_keeps_ca_keys(w->wish.inventory))
		return *cluster_fact(h, "ca_keys_left") || strcmp(signs, "yes") == 0;
	return strcmp(signs, "no") == 0 && !has_own_pair(w);
}

/* The first host on which it is; NULL: all are as they should be. */
static const struct inventory_host *first_due(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (custody_is_due(w, (int)i))
			return &w->wish.inventory->hosts[i];
	return NULL;
}

static int refuse_rotation(const struct world *w, struct error *err)
{
	for (int i = 0; w->pki.store && i < PKI_ISSUERS; i++) {
		const char *file = pki_shared[pki_issuer_crt((enum pki_issuer)i)].file;

		if (pki_store_phase(w->pki.store, (enum pki_issuer)i) == PKI_PHASE_ONE)
			continue;
		error_refuse(err, ERROR_INVENTORY, REFUSAL_ROTATION, file,
			"the place of the CAs' keys (pki.ca-keys) is not changed while the CA in %s is rotated", file);
		return error_hint(err,
			"nothing was changed; set pki.ca-keys to %s until 'kubewright certs rotate' has forgotten the earlier CA",
			inventory_keeps_ca_keys(w->wish.inventory) ? "cluster" : "operator");
	}
	return 0;
}

int custody_refuse(const struct world *w, struct error *err)
{
	const struct wish *wish = &w->wish;
	const struct inventory_host *host = first_due(w);

	if (!host)
		return 0;
	if (wish->upgrade || wish->rejoin || wish->reboot || wish->leave)
		return custody_refuse_mode(w, err);
	/* a look reports it, and a repair leaves it as it is */
	if (wish->health || (!wish->take_lock && !wish->texts))
		return 0;
	if (refuse_rotation(w, err))
		return -1;
	if (!inventory_keeps_ca_keys(wish->inventory) || !has_own_pair(w))
		return 0;
	error_refuse(err, ERROR_INVENTORY, REFUSAL_CA_KEYS, NULL,
		"kubeadm-config gives the controller managers a pair to sign with (" KEY_ARGUMENT
		"), and pki.ca-keys is operator");
	return error_hint(err, "nothing was changed; take " KEY_ARGUMENT " and " CERT_ARGUMENT
			       " out of kubeadm.extra with an apply of its own, then set pki.ca-keys to operator");
}

/* The other host that this change, or one of settings before it, failed on; NULL: none. */
static const struct inventory_host *failed_on(struct task *t)
{
	const struct world *w = world_of(t);
	int at;

	task_lock(t);
	at = w->seen.settings_stopped[SETTINGS_CONTROL_PLANE];
	task_unlock(t);
	return at >= 0 && at != task_host(t) ? &w->wish.inventory->hosts[at] : world_stopped_at(t);
}

enum step_verdict custody_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct inventory_host *other;
	bool due;

	/* a repair changes only what is a fault */
	if (w->decided.half_upgraded || (w->wish.health && !task_check_only(t)) || w->wish.rejoin)
		return STEP_NOT_HERE;
	task_lock(t);
	due = custody_is_due(w, task_host(t)) && upgrade_member(w, task_host(t));
	task_unlock(t);
	if (!due)
		return STEP_NOT_HERE;
	other = failed_on(t);
	if (!other)
		return step_needed(why, EVIDENCE_SETTINGS, "pki.ca-keys", "%s",
			inventory_keeps_ca_keys(w->wish.inventory)
				? "takes the keys of the CAs off the host, and its controller manager signs no more"
				: "puts the keys of the CAs onto the host, and its controller manager signs with them");
	error_refuse(why, ERROR_COMMAND, REFUSAL_SETTINGS, other->name,
		"the keys of the CAs are where they were, as a change of the control plane failed on %s", other->name);
	error_hint(why, "correct what is reported there and run 'kubewright apply' again");
	return STEP_IMPOSSIBLE;
}

static void add_keys(const struct world *w, struct items *l)
{
	for (int i = 0; i < PKI_SHARED; i++) {
		struct str path = STR_INIT;

		if (!pki_is_ca_key((enum pki_pem)i))
			continue;
		str_addf(&path, "/etc/kubernetes/pki/%s", pki_shared[i].file);
		items_add(l, (struct item){ .kind = ITEM_FILE,
				     .key = items_keep(l, str_detach(&path)),
				     .mode = pki_shared[i].mode,
				     .secret = true,
				     .want = pki_store_pem(w->pki.store, (enum pki_pem)i) });
	}
}

/* What cannot be reached has its keys still; once, by the first that loses its own. */
static void tell_away(struct task *t)
{
	struct world *w = world_of(t);
	bool told;

	task_lock(t);
	told = w->decided.custody_told;
	w->decided.custody_told = true;
	task_unlock(t);
	for (size_t i = 0; !told && i < w->wish.inventory->host_count; i++) {
		const struct inventory_host *h = &w->wish.inventory->hosts[i];

		if (h->role == INVENTORY_CONTROL_PLANE && !w->seen.hosts[i].probed)
			task_notice(t, NOTICE_CA_KEYS, h->name,
				"%s was not looked at: if the keys of the CAs are on it, they stay there, and it signs with them, until 'kubewright apply' reaches it",
				h->name);
	}
}

/* Without it kubeadm would write a manifest that is not the cluster's. */
static int refuse_unread(const struct world *w, struct error *err)
{
	struct json *living = kubeadm_living_config(w);

	json_free(living);
	if (living)
		return 0;
	error_set(err, ERROR_COMMAND,
		"the cluster's configuration (ConfigMap kubeadm-config) could not be read, so its controller managers are not changed");
	return error_hint(
		err, "see 'kubectl -n kube-system get configmap kubeadm-config', then run 'kubewright apply' again");
}

static int change(struct task *t, bool away, struct error *err)
{
	static const char *const certs[] = { "ca_1", "ca_2", "ca_3" };
	const struct world *w = world_of(t);
	struct str script = STR_INIT, config = STR_INIT;
	struct remote_answer answer = { 0 };
	struct items l = { 0 };
	int rc;

	if (!away)
		add_keys(w, &l);
	kubeadm_components_config(w, task_host(t), !away, &config);
	items_params(&l);
	items_param(&l, "keys", away ? "away" : "back");
	items_param(&l, "config", config.buf);
	for (int i = 0; i < PKI_ISSUERS; i++)
		items_param(&l, certs[i], pki_store_pem(w->pki.store, pki_issuer_crt((enum pki_issuer)i)));
	str_addf(&script, "%s%s", host_script_component, host_script_custody);
	rc = world_job(t, "custody", script.buf, l.params, l.param_count, custody_words, &answer, NULL, JOB_MS, err);
	if (rc == 0)
		world_learn(t, &answer);
	remote_answer_release(&answer);
	items_release(&l);
	str_release(&config);
	str_release(&script);
	return rc;
}

int custody_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	bool away = inventory_keeps_ca_keys(w->wish.inventory);
	int rc;

	if (!w->pki.store) {
		error_refuse(err, ERROR_PKI, REFUSAL_NO_STORE, w->wish.store_dir,
			"the cluster's CAs are not on this machine, in %s", w->wish.store_dir);
		return error_hint(err, "copy the key store from the machine that created the cluster, see pki.store");
	}
	if (refuse_unread(w, err))
		return -1;
	if (away)
		tell_away(t);
	rc = change(t, away, err);
	/* what was followed may have been the job of another run */
	if (rc == 0 && custody_is_due(w, task_host(t))) {
		rc = error_set(err, ERROR_COMMAND, "the keys of the CAs are not where pki.ca-keys says on %s",
			world_host(t)->name);
		error_hint(err, "another run may have changed it meanwhile; run 'kubewright apply' again");
	}
	if (rc == 0)
		rc = node_await(t, &(struct node_wanted){ .version = NULL }, err);
	return world_turn_ended(t, rc, rc && err->kind != ERROR_CANCELLED && !world_way_lost(err));
}
