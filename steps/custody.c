/*
 * pki.ca-keys: where the CAs' keys are. With `operator` they are on this machine alone: kubeadm works with an external CA then, so that a kubelet finds its certificate
 * when it starts, instead of asking a control plane for it.
 */
#include "steps/steps.h"

#include "base/error.h"
#include "cluster/findings.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "remote/remote.h"

#include <stdio.h>
#include <string.h>

/* As the control plane's own certificates. */
#define DAYS 365

/* Whether its probe said which are there, none among it. */
static bool is_known(const struct cluster_host *h)
{
	return remote_answer_find(&h->facts, "ca_keys") != NULL;
}

static bool has_key(const struct cluster_host *h, int which)
{
	return finding_has_word(cluster_fact(h, "ca_keys"), pki_shared[which].file);
}

/* Whether a key of the cluster's CA is among what was placed there. */
static bool was_placed(const struct cluster_host *h)
{
	return *cluster_factf(h, "pki./etc/kubernetes/pki/%s", pki_shared[PKI_CA_KEY].file) != '\0';
}

bool custody_differs(const struct world *w, const struct cluster_host *h)
{
	bool here = inventory_keeps_ca_keys(w->wish.inventory);

	if (!is_known(h))
		return false;
	for (int i = 0; i < PKI_SHARED; i++)
		if (pki_is_ca_key((enum pki_pem)i) && has_key(h, i) == here)
			return true;
	return false;
}

/* One of them that has keys, or lacks them, alone is a finding: the mode is what all are in. */
int custody_refuse_mode(const struct world *w, struct error *err)
{
	bool here = inventory_keeps_ca_keys(w->wish.inventory);
	unsigned installed = 0, differ = 0;

	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const struct cluster_host *h = &w->seen.hosts[i];

		if (w->wish.inventory->hosts[i].role != INVENTORY_CONTROL_PLANE || !is_known(h) ||
			!world_installed(h) || world_leaves(w, (int)i))
			continue;
		installed++;
		/* one that was placed there and got lost is for repair */
		differ += here ? has_key(h, PKI_CA_KEY) : !*cluster_fact(h, "ca_keys") && !was_placed(h);
	}
	if (!installed || differ < installed)
		return 0;
	error_refuse(err, ERROR_INVENTORY, REFUSAL_CA_KEYS, NULL, "%s",
		here ? "the living cluster has the keys of its CAs on its control planes, and pki.ca-keys is operator"
		     : "the living cluster has the keys of its CAs on no control plane, and pki.ca-keys is cluster");
	return error_hint(err, "run 'kubewright apply' first: it %s; or set pki.ca-keys to %s in the inventory",
		here ? "takes them off the hosts" : "puts them there", here ? "cluster" : "operator");
}

int custody_kubelet_make(const struct world *w, const char *node, struct custody_kubelet *out, struct error *err)
{
	const struct inventory *inv = w->wish.inventory;
	char server[300];

	*out = (struct custody_kubelet){ { 0 }, { 0 } };
	if (!w->pki.store) {
		error_set(err, ERROR_PKI, "the cluster's CA is not on this machine");
		return error_hint(err, "copy the key store from the machine that created the cluster, see pki.store");
	}
	snprintf(server, sizeof(server), "https://%s:%d", inventory_endpoint(inv), inv->endpoint.port);
	return pki_kubelet(w->pki.store, inv->cluster, server, node, DAYS, &out->conf, &out->pem, err);
}

int custody_kubelet_begins(const struct world *w, const char *node, struct custody_kubelet *out, struct error *err)
{
	if (inventory_keeps_ca_keys(w->wish.inventory))
		return custody_kubelet_make(w, node, out, err);
	*out = (struct custody_kubelet){ { 0 }, { 0 } };
	secret_set(&out->conf, "", 0);
	secret_set(&out->pem, "", 0);
	return 0;
}

void custody_kubelet_release(struct custody_kubelet *k)
{
	secret_release(&k->conf);
	secret_release(&k->pem);
}
