/*
 * While the cluster's CA is rotated, ca.crt holds two certificates, and a controller manager takes one alone to sign with: it reads that from a file of its own then. By an
 * argument that stands in kubeadm-config as settings of the control plane do, so that hosts that join have it too, from before ca.crt has two until it has one again.
 */
#include "steps/rotate.h"

#include "base/error.h"
#include "inventory/inventory.h"

static enum step_verdict check(struct task *t, bool apart, struct error *why)
{
	struct world *w = world_of(t);
	const struct inventory_host *other = world_stopped_at(t);
	bool due;

	task_lock(t);
	/* what components_apply goes by, which other plans decide */
	decide_begun(w);
	due = signing_is_due(w, task_host(t)) && signing_is_apart(w) == apart;
	task_unlock(t);
	if (!due)
		return STEP_NOT_HERE;
	if (!other)
		return step_needed(why, EVIDENCE_RENEW, "signing", "%s",
			apart ? "gives the certificate that signs a file of its own, and restarts kube-controller-manager"
			      : "takes the certificate that signs from ca.crt again, and restarts kube-controller-manager");
	error_refuse(why, ERROR_COMMAND, REFUSAL_RENEW, other->name,
		"the certificate that signs stays in its file here, as something failed on %s", other->name);
	error_hint(why, "correct what is reported there, then run the same command again; it continues");
	return STEP_IMPOSSIBLE;
}

enum step_verdict split_signing_check(struct task *t, struct error *why)
{
	return check(t, true, why);
}

enum step_verdict join_signing_check(struct task *t, struct error *why)
{
	return check(t, false, why);
}

int signing_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	int rc = components_apply(t, err);
	bool due;

	task_lock(t);
	due = signing_is_due(w, task_host(t));
	task_unlock(t);
	if (rc == 0 && due) {
		rc = error_set(err, ERROR_COMMAND,
			"kube-controller-manager of %s does not read the certificate that signs from where it should",
			world_host(t)->name);
		error_hint(err,
			"was its manifest changed by hand? see 'kubewright plan', run 'kubewright apply', then the same command again");
	}
	return world_turn_ended(t, rc, rc && err->kind != ERROR_CANCELLED && !world_way_lost(err));
}
