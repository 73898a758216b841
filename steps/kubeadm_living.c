/* The configuration that a living cluster has of itself. */
#include "steps/steps.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <stdio.h>
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

/* Arguments are a list of objects with a name, or in old versions a map. */
bool kubeadm_living_argument(const struct world *w, const char *name, char out[96])
{
	struct json *living = kubeadm_living_config(w);
	const struct json *args = json_get(living, "apiServer.extraArgs");
	const char *value = json_is_object(args) ? json_get_str(args, name, "") : "";
	bool known = living != NULL;

	for (size_t i = 0; !json_is_object(args) && i < json_size(args); i++)
		if (strcmp(json_get_str(json_at(args, i), "name", ""), name) == 0)
			value = json_get_str(json_at(args, i), "value", "");
	snprintf(out, 96, "%s", value);
	json_free(living);
	return known;
}
