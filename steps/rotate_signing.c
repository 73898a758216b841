/*
 * While the cluster's CA is rotated, ca.crt holds two certificates, and a controller manager takes one alone to sign with: it reads that from a file of its own then. By an
 * argument that stands in kubeadm-config as settings of the control plane do, so that hosts that join have it too, from before ca.crt has two until it has one again.
 */
#include "steps/profile.h"
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/settings.h"

#include <string.h>

/* Whether a control plane's ca.crt has more than one, as a host's does that has not followed yet. */
static bool has_two(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const char *pem = w->seen.hosts ? cluster_fact(&w->seen.hosts[i], "ca_crt") : "";
		const char *first = strstr(pem, "-----BEGIN CERTIFICATE-----");

		if (w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && first &&
			strstr(first + 1, "-----BEGIN CERTIFICATE-----"))
			return true;
	}
	return false;
}

bool signing_is_apart(const struct world *w)
{
	if (inventory_keeps_ca_keys(w->wish.inventory))
		return false;
	return (w->pki.store && pki_store_phase(w->pki.store, PKI_ISSUER_CLUSTER) != PKI_PHASE_ONE) || has_two(w);
}

/* As the cluster's own configuration has it, by which hosts join: that follows last. */
bool signing_was_apart(const struct world *w)
{
	struct json *living = kubeadm_living_config(w);
	const struct json *args = json_get(living, "controllerManager.extraArgs");
	const char *file = json_is_object(args) ? json_get_str(args, SIGNING_ARGUMENT, "") : "";

	for (size_t i = 0; json_is_array(args) && i < json_size(args); i++)
		if (strcmp(json_get_str(json_at(args, i), "name", ""), SIGNING_ARGUMENT) == 0)
			file = json_get_str(json_at(args, i), "value", "");
	bool apart = strcmp(file, PKI_SIGNING_CRT) == 0;

	json_free(living);
	return apart;
}

bool signing_is_due(const struct world *w, int host)
{
	const struct cluster_host *h = &w->seen.hosts[host];

	return w->wish.renew && w->wish.renew->rotates && w->wish.renew->issuer == PKI_ISSUER_CLUSTER &&
	       w->wish.inventory->hosts[host].role == INVENTORY_CONTROL_PLANE && world_installed(h) &&
	       (*cluster_fact(h, "ca_apart") != '\0') != signing_is_apart(w);
}

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
		rc = error_set(err, ERROR_COMMAND, "kube-controller-manager of %s does not read the certificate that signs from where it should",
			world_host(t)->name);
		error_hint(err, "was its manifest changed by hand? see 'kubewright plan', run 'kubewright apply', then the same command again");
	}
	return world_turn_ended(t, rc, rc && err->kind != ERROR_CANCELLED && !world_way_lost(err));
}
