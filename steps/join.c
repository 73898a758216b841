/* kubeadm join, for control planes (one at a time) and workers; and the taking back of one that was cut. */
#include "steps/settings.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"
#include "steps/security.h"

#include <stdio.h>
#include <string.h>

static const char *const join_words[] = { "joined", "error", "hint", NULL };
static const char *const clean_words[] = { "cleaned", "have", "pki_manifest", "ca_keys", "ca_keys_left", "ca_signs",
	"ca_apart", "sum.*", "mode.*", "error", "hint", NULL };

enum step_verdict join_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_host *h = world_facts(t);
	const char *name = world_host(t)->name, *state = world_job_state(h, "join");
	bool kubelet = strstr(cluster_fact(h, "have"), "kubelet-conf") != NULL;
	const struct cluster_node *node = cluster_find_node(&w->seen.cluster, name);

	if (task_host(t) == w->decided.init_host)
		return STEP_NOT_HERE;
	/* nobody asked whether the cluster has a Node of it: what is on the host must do */
	if (!w->decided.done && kubelet && (!*state || world_job_done(h, "join")))
		return STEP_NOT_HERE;
	if (!w->decided.done)
		return world_needs_control_plane(t, "its place in the cluster", why);
	if (w->decided.lead < 0 && !task_check_only(t)) {
		error_refuse(why, ERROR_COMMAND, REFUSAL_NO_CLUSTER, NULL,
			"there is no cluster to join: no control plane came up");
		error_hint(why, "fix the control planes first, then run 'kubewright apply' again");
		return STEP_IMPOSSIBLE;
	}
	if (strcmp(state, "running") == 0)
		return step_needed(why, EVIDENCE_JOB_RUNNING, "join", "follows the kubeadm join that is still running");
	if (kubelet && node && (!*state || world_job_done(h, "join")) && !world_rejoins(w, task_host(t)))
		return STEP_DONE;
	if (!world_rejoins(w, task_host(t)) && kubelet && !node && world_job_done(h, "join") &&
		world_is_control_plane(t)) {
		error_refuse(why, ERROR_INVENTORY, REFUSAL_NODE_GONE, name,
			"%s is installed as a control plane, but the living cluster has no Node of that name", name);
		error_hint(why,
			"the Node was deleted, or a rejoin was interrupted: 'kubewright rejoin %s' joins the host "
			"again",
			name);
		return STEP_IMPOSSIBLE;
	}
	/* a look has not taken the old Node out yet */
	if (!kubelet && !*state && node && world_is_control_plane(t) &&
		!(task_check_only(t) && world_rejoins(w, task_host(t)))) {
		error_refuse(why, ERROR_COMMAND, REFUSAL_HOST_BLANK, name,
			"the cluster has the control plane %s, but nothing of it is on this host", name);
		error_hint(
			why, "was it reinstalled, or its disk replaced? 'kubewright rejoin %s' joins it again", name);
		return STEP_IMPOSSIBLE;
	}
	if (world_rejoins(w, task_host(t)) && (kubelet || *state)) {
		step_needed(why, EVIDENCE_LEFTOVERS, name, "removes what is left of the old Node and joins again");
		return STEP_HALF_DONE;
	}
	if (kubelet || *state) {
		step_needed(why, EVIDENCE_JOB_CUT, "join", "undoes a failed kubeadm join and joins again");
		return STEP_HALF_DONE;
	}
	return step_needed(
		why, EVIDENCE_JOB, "join", "joins as a %s", world_is_control_plane(t) ? "control plane" : "worker");
}

/* Before the joins: what is out of the cluster must neither answer at the virtual IP nor bring its Node back by itself. */
enum step_verdict clear_check(struct task *t, struct error *why)
{
	const struct cluster_host *h = world_facts(t);
	const char *join = world_job_state(h, "join");

	if (!world_rejoins(world_of(t), task_host(t)) || strcmp(join, "running") == 0 ||
		(!strstr(cluster_fact(h, "have"), "kubelet-conf") && !*join && !*world_job_state(h, "init")))
		return STEP_NOT_HERE;
	if (!world_expelled(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_LEFTOVERS, world_host(t)->name, "removes what is left of the old Node");
}

struct own_member {
	const struct inventory_host *host;
	bool learner_only; /* a voter stays */
};

/* The etcd members that are this host's, by its peer URL or its name. */
static int remove_member(struct net_client *c, void *ctx, struct error *err)
{
	const struct own_member *own = ctx;
	const struct inventory_host *h = own->host;
	struct net_etcd_member list[16];
	int n = net_etcd_members(c, list, 16, err);

	for (int i = 0; i < n; i++)
		if (quorum_member_of(&list[i], h->address, h->name) && (list[i].learner || !own->learner_only))
			if (net_etcd_member_remove(c, list[i].id, err))
				return -1;
	return n < 0 ? -1 : 0;
}

int world_clean(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	const char *lead = world_lead_address(t);
	struct inventory_host self = *world_host(t);
	struct own_member own = { &self, false };
	struct remote_answer answer = { 0 };
	struct str script = STR_INIT;
	int rc;

	if (lead && w->decided.lead != task_host(t)) {
		if (world_is_control_plane(t) && world_api_at(t, place_etcd(lead), remove_member, &own, err))
			return error_wrap(err, "cannot remove the etcd member of %s", self.name);
		if (world_api_at(t, place_api(lead), world_delete_node, &self, err))
			return -1;
	}
	const struct remote_param params[] = { { "role", world_is_control_plane(t) ? "control-plane" : "worker" } };
	str_addf(&script, "%s%s", host_script_undo, host_script_clean);
	rc = world_job(t, "clean", script.buf, params, 1, clean_words, &answer, NULL, 10 * 60000, err);
	str_release(&script);
	if (rc)
		return -1;
	world_learn(t, &answer);
	remote_answer_release(&answer);
	if (strstr(cluster_fact(world_facts(t), "have"), "kubelet-conf")) {
		error_set(
			err, ERROR_COMMAND, "kubeadm reset succeeded, but /etc/kubernetes/kubelet.conf is still there");
		return error_hint(
			err, "is it immutable, or its file system read-only? see 'lsattr -d /etc/kubernetes'");
	}
	task_lock(t);
	cluster_set(world_facts(t), "job.init", "");
	cluster_set(world_facts(t), "job.join", "");
	cluster_set(world_facts(t), "apiserver_files", "");
	cluster_set(world_facts(t), "encryption", "");
	task_unlock(t);
	if (!world_is_control_plane(t))
		return 0;
	/* the key of Secrets went with the rest */
	return certificates_apply(t, err) || security_place(t, err) ? -1 : 0;
}

/*
 * etcd takes one learner at a time: what a failed join leaves of one would make the next control plane's fail too. The host itself stays unchanged, for
 * those who look into it; the next apply takes it back.
 */
static void remove_learner(struct task *t)
{
	struct own_member own = { world_host(t), true };
	struct error err = { 0 };
	const char *lead = world_lead_address(t);

	if (lead && world_api_at(t, place_etcd(lead), remove_member, &own, &err))
		task_log(t, "cannot clean up the etcd learner that the join may have left: %s", err.what);
}

static int join(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct str config = STR_INIT;
	struct custody_kubelet kubelet;
	bool attached = false;
	char pin[80], settings[65], components[65];
	int rc;

	if (world_token(t, err) || custody_kubelet_begins(w, world_host(t)->name, &kubelet, err))
		return -1;
	pki_store_pin(w->pki.store, pin, sizeof(pin));
	kubeadm_join_config(w, task_host(t), pin, &config);
	task_lock(t);
	settings_given(w, &settings_kubelet, settings);
	settings_given(w, &settings_control_plane, components);
	task_unlock(t);
	const struct remote_param params[] = {
		{ "secret_config", config.buf },
		{ "validate", w->wish.release->has_validate ? "yes" : "no" },
		{ "version", w->decided.version },
		{ "cluster", w->wish.inventory->cluster },
		{ "ca_pin", pin },
		{ "settings", settings },
		{ "components", world_is_control_plane(t) ? components : "" },
		{ "secret_kubelet_conf", kubelet.conf.text },
		{ "secret_kubelet_pem", kubelet.pem.text },
	};
	rc = world_job(t, "join", host_script_join, params, sizeof(params) / sizeof(params[0]), join_words, NULL,
		&attached, 20 * 60000, err);
	str_wipe(&config);
	custody_kubelet_release(&kubelet);
	if (rc == 0) {
		world_note_installed(t);
		return 0;
	}
	/* before the learner goes: etcd says other things afterwards */
	world_explain(t, "join", err);
	if (err->kind == ERROR_COMMAND && world_is_control_plane(t))
		remove_learner(t);
	return rc;
}

int join_apply(struct task *t, struct error *err)
{
	const struct cluster_host *h = world_facts(t);
	const char *state = world_job_state(h, "join");
	bool half = strcmp(state, "running") != 0 && (*state || strstr(cluster_fact(h, "have"), "kubelet-conf"));
	int rc;

	if (half && world_clean(t, err))
		return -1;
	world_joins(t, true, err);
	rc = join(t, err);
	world_joins(t, false, err);
	return rc;
}
