/* Where controller managers read the certificate that signs from: ca.crt, or a file of its own while that has two. */
#include "steps/steps.h"

#include "base/json.h"
#include "cluster/renew.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

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
