/* What was given of pki.kubelet-serving, by the notes and facts of a run: who may verify kubelets, and who approves. Pure. */
#include "steps/steps.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <string.h>

#define SETTING "serverTLSBootstrap"

static struct json *note(const struct world *w, const char *key)
{
	const char *text = json_text(json_member(json_get(w->seen.cluster.own_config, "data"), key));

	return text ? json_parse(text, strlen(text), NULL) : NULL;
}

static bool gives_argument(const struct json *note, const char *given)
{
	return json_member(json_get(json_get(note, given), "own.args"), SERVING_ARGUMENT) != NULL;
}

/* A control plane whose API server may have the argument still, after the cluster's configuration has it no more; NULL: none. */
static const struct inventory_host *still_verifies(const struct world *w)
{
	const struct inventory *inv = w->wish.inventory;
	struct json *n = note(w, "control-plane-settings");
	const char *digest = json_get_str(n, "digest", "");
	bool now = gives_argument(n, "given"), before = now || gives_argument(n, "earlier.given");
	/* a look shows what comes after those that can be reached have changed */
	bool theirs = now && w->wish.take_lock;
	const struct inventory_host *found = NULL;

	for (size_t i = 0; before && !found && i < inv->host_count; i++) {
		const struct cluster_host *h = &w->seen.hosts[i];

		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE && !world_leaves(w, (int)i) &&
			cluster_find_node(&w->seen.cluster, inv->hosts[i].name) &&
			(theirs || !h->probed || (!now && !cluster_fact_is(h, "record.components", digest))))
			found = &inv->hosts[i];
	}
	json_free(n);
	return found;
}

/* What kubelets are given; NULL: it was not read. */
static struct json *living_kubelets(const struct world *w)
{
	const char *text = json_text(json_member(json_get(w->seen.cluster.kubelet_config, "data"), "kubelet"));

	return text ? inventory_yaml(text, strlen(text), NULL) : NULL;
}

const struct inventory_host *serving_kept_by(const struct world *w)
{
	const struct inventory_host *host = inventory_signs_serving(w->wish.inventory) ? NULL : still_verifies(w);
	struct json *living, *n;
	bool asks;

	if (!host)
		return NULL;
	living = living_kubelets(w);
	n = note(w, "kubelet-settings");
	/* what the operator has set stays */
	asks = json_get_bool(living, SETTING, false) &&
	       (json_get_bool(n, "given." SETTING, false) || json_get_bool(n, "earlier.given." SETTING, false));
	json_free(living);
	json_free(n);
	return asks ? host : NULL;
}

void serving_keep(const struct world *w, struct json *wish)
{
	if (serving_kept_by(w) && !json_member(wish, SETTING))
		json_set_bool(wish, SETTING, true);
}

bool serving_is_verified(const struct world *w)
{
	char path[96];

	return w->decided.kubelets_verified || (kubeadm_living_argument(w, SERVING_ARGUMENT, path) && *path);
}

bool serving_approves(const struct world *w, int host)
{
	const struct inventory *inv = w->wish.inventory;

	/* without the key a control plane signs nothing: the one who signs looks at it himself */
	return inv->hosts[host].role == INVENTORY_CONTROL_PLANE && !world_removes(w, host) &&
	       !inventory_keeps_ca_keys(inv) && (inventory_signs_serving(inv) || serving_kept_by(w));
}
