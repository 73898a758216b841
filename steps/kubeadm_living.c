/* The configuration that a living cluster has of itself. */
#include "steps/steps.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <string.h>

struct json *kubeadm_living_config(const struct world *w)
{
	const char *text = json_get_str(w->seen.cluster.kubeadm_config, "data.ClusterConfiguration", NULL);
	struct json *config = text ? inventory_yaml(text, strlen(text), NULL) : NULL;

	if (json_is_object(config))
		return config;
	json_free(config);
	return NULL;
}
