/* Where controller managers read the certificate that signs from: ca.crt, or a file of its own while that has two. */
#include "steps/rotate.h"

#include "base/json.h"
#include "cluster/renew.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <string.h>

static bool is_two(const char *pem)
{
	const char *first = strstr(pem, "-----BEGIN CERTIFICATE-----");

	return first && strstr(first + 1, "-----BEGIN CERTIFICATE-----");
}

/* Whether a control plane's ca.crt has more than one, as a host's does that has not followed yet. */
static bool has_two(const struct world *w)
{
	for (size_t i = 0; w->seen.hosts && i < w->wish.inventory->host_count; i++)
		if (w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE &&
			is_two(cluster_fact(&w->seen.hosts[i], "ca_crt")))
			return true;
	return false;
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

/*
 * Until all hosts have followed the store back to one certificate. Where the store has several outside of a rotation, or
 * there is none, what the cluster has stays.
 */
bool signing_is_apart(const struct world *w)
{
	if (inventory_keeps_ca_keys(w->wish.inventory))
		return false;
	if (w->pki.store && pki_store_phase(w->pki.store, PKI_ISSUER_CLUSTER) != PKI_PHASE_ONE)
		return true;
	if (!has_two(w))
		return false;
	return (w->pki.store && !is_two(pki_store_pem(w->pki.store, PKI_CA_CRT))) || signing_was_apart(w);
}

bool signing_is_due(const struct world *w, int host)
{
	const struct cluster_host *h = &w->seen.hosts[host];

	return w->wish.renew && w->wish.renew->rotates && w->wish.renew->issuer == PKI_ISSUER_CLUSTER &&
	       w->wish.inventory->hosts[host].role == INVENTORY_CONTROL_PLANE && world_installed(h) &&
	       (*cluster_fact(h, "ca_apart") != '\0') != signing_is_apart(w);
}
