/* pki.kubelet-serving: what kubelets get for it, and what of the operator's settings contradicts it. */
#include "inventory/private.h"

#include "base/json.h"

#include <string.h>

#define OWN_ARGUMENT "kubelet-certificate-authority"

/* With a certificate of the operator's the kubelet asks for none. */
static const char *const own_files[] = { "tlsCertFile", "tlsPrivateKeyFile" };

static void refuse_own_argument(struct inventory_load *l)
{
	const struct inventory_node *extra = inventory_node_get(inventory_node_get(l->root, "kubeadm"), "extra");
	const struct inventory_node *server =
		inventory_node_get(inventory_node_get(extra, "ClusterConfiguration"), "apiServer");
	const struct inventory_node *args = inventory_node_get(server, "extraArgs");

	for (const struct inventory_node *n = args ? args->first : NULL; n; n = n->next) {
		const struct inventory_node *name =
			args->kind == INVENTORY_KIND_MAP ? n->key : inventory_node_get(n, "name");

		if (name && name->kind == INVENTORY_KIND_SCALAR && strcmp(name->text, OWN_ARGUMENT) == 0)
			inventory_complain(l, name,
				"pki.kubelet-serving sets '%s' itself: remove it here, or set pki.kubelet-serving to self",
				name->text);
	}
}

void inventory_check_serving(struct inventory_load *l)
{
	const struct inventory_node *config = inventory_node_get(inventory_node_get(l->root, "kubelet"), "config");
	struct json **settings = &l->inv->kubelet_config;

	if (!inventory_signs_serving(l->inv))
		return;
	refuse_own_argument(l);
	for (size_t i = 0; i < sizeof(own_files) / sizeof(own_files[0]); i++) {
		const struct inventory_node *n = inventory_node_get(config, own_files[i]);

		if (n)
			inventory_complain(l, n->key,
				"with '%s' a kubelet asks for no certificate: remove it, or set pki.kubelet-serving to self",
				own_files[i]);
	}
	if (*settings && !json_get_bool(*settings, "serverTLSBootstrap", true))
		inventory_complain(l, inventory_node_near(config, "serverTLSBootstrap"),
			"pki.kubelet-serving is cluster, for which kubelets need serverTLSBootstrap: remove it here, or set "
			"pki.kubelet-serving to self");
	if (!*settings)
		*settings = json_object();
	json_set_bool(*settings, "serverTLSBootstrap", true);
}
