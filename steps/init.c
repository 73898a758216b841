/* kubeadm init, on one control plane, once; or the rest of one that was cut. */
#include "steps/settings.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

static const char *const init_words[] = { "initialized", "error", "hint", NULL };

enum step_verdict init_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const char *state = world_job_state(world_facts(t), "init");

	if (task_host(t) != w->decided.init_host)
		return STEP_NOT_HERE;
	if (world_job_done(world_facts(t), "init") && w->seen.cluster.exists)
		return STEP_DONE;
	if (!*state)
		/* a cluster without a record of ours was made otherwise */
		return w->seen.cluster.exists
			       ? STEP_DONE
			       : step_needed(why, EVIDENCE_JOB, "init", "runs kubeadm init %s", w->decided.version);
	if (strcmp(state, "running") == 0)
		return step_needed(why, EVIDENCE_JOB_RUNNING, "init", "follows the kubeadm init that is still running");
	step_needed(why, EVIDENCE_JOB_CUT, "init", "%s",
		w->seen.cluster.exists ? "finishes an interrupted kubeadm init"
				       : "undoes an interrupted kubeadm init and runs it again");
	return STEP_HALF_DONE;
}

int init_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const char *state = world_job_state(world_facts(t), "init");
	bool half = *state && strcmp(state, "running") != 0;
	bool resume =
		half && w->seen.cluster.exists && w->seen.cluster.kubeadm_config && w->seen.cluster.etcd.count == 1;
	struct str config = STR_INIT;
	struct custody_kubelet kubelet;
	char settings[65], components[65];
	bool attached = false;
	int rc;

	if (half && !resume) {
		if (w->seen.cluster.etcd.count > 1) {
			error_set(err, ERROR_COMMAND,
				"kubeadm init did not succeed here, but the cluster has %d etcd members",
				w->seen.cluster.etcd.count);
			return error_hint(err,
				"kubewright resets a control plane only while it is the only one; see 'kubewright "
				"status'");
		}
		if (world_clean(t, err))
			return -1;
	}
	if (custody_kubelet_begins(w, world_host(t)->name, &kubelet, err))
		return -1;
	task_lock(t);
	/* no kubelet of a new cluster ever shows a certificate of its own */
	w->decided.kubelets_verified = inventory_signs_serving(w->wish.inventory);
	world_new_token(t);
	settings_born(w, &settings_kubelet, settings);
	settings_born(w, &settings_control_plane, components);
	task_unlock(t);
	kubeadm_init_config(w, task_host(t), &config);
	const struct remote_param params[] = {
		{ "secret_config", config.buf },
		{ "validate", w->wish.release->has_validate ? "yes" : "no" },
		{ "resume", resume ? "yes" : "no" },
		{ "version", w->decided.version },
		{ "settings", settings },
		{ "components", components },
		{ "secret_kubelet_conf", kubelet.conf.text },
		{ "secret_kubelet_pem", kubelet.pem.text },
	};
	rc = world_job(t, "init", host_script_init, params, sizeof(params) / sizeof(params[0]), init_words, NULL,
		&attached, 20 * 60000, err);
	str_wipe(&config);
	custody_kubelet_release(&kubelet);
	task_lock(t);
	w->token.known = rc == 0 && !attached;
	if (rc == 0) {
		w->seen.cluster.exists = true;
		w->decided.lead = task_host(t);
	}
	task_unlock(t);
	if (rc == 0) {
		world_note_installed(t);
		settings_note_birth(t, &settings_kubelet);
		settings_note_birth(t, &settings_control_plane);
		settings_note_birth(t, &settings_kubeproxy);
	} else {
		world_explain(t, "init", err);
	}
	return rc;
}
