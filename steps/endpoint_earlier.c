/* Which endpoint the living cluster goes by, beside the one that the inventory has for it. */
#include "steps/steps.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

void endpoint_wanted(const struct world *w, char out[300])
{
	const struct inventory *inv = w->wish.inventory;
	/* what is passed through has the last word */
	const char *extra = json_get_str(inv->kubeadm_extra, "ClusterConfiguration.controlPlaneEndpoint", "");

	if (*extra)
		snprintf(out, 300, "%s%s", extra, strchr(extra, ':') ? "" : ":6443");
	else
		snprintf(out, 300, "%s:%d", inventory_endpoint(inv), inv->endpoint.port);
}

bool endpoint_earlier(const struct world *w, char out[300])
{
	struct json *living = w->seen.cluster.exists ? kubeadm_living_config(w) : NULL;
	const char *at = json_get_str(living, "controlPlaneEndpoint", "");
	char wish[300];

	endpoint_wanted(w, wish);
	snprintf(out, 300, "%s%s", at, *at && !strchr(at, ':') ? ":6443" : "");
	json_free(living);
	return *out && strcmp(out, wish) != 0;
}

bool endpoint_earlier_vip(const struct world *w, char out[64])
{
	const struct inventory *inv = w->wish.inventory;
	char at[300], held[80];

	out[0] = '\0';
	if (!endpoint_earlier(w, at))
		return false;
	at[strcspn(at, ":")] = '\0';
	if (strcmp(at, inventory_endpoint(inv)) == 0 || strlen(at) >= 64)
		return false;
	snprintf(held, sizeof(held), " %s/32", at);
	for (size_t i = 0; i < inv->host_count; i++) {
		if (strcmp(inv->hosts[i].address, at) == 0)
			return false;
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE &&
			strstr(cluster_fact(&w->seen.hosts[i], "addrs"), held))
			snprintf(out, 64, "%s", at);
	}
	return *out != '\0';
}
