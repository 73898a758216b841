/* security.profile: settings that the CIS Kubernetes Benchmark wants, kubeadm leaves out, and that cost little. */
#include "inventory/private.h"

#include "base/json.h"
#include "inventory/release.h"

#include <string.h>

#define LEAVES "security.profile does not set %s here, as %s does"
/* Of TLS 1.2, and for keys of both kinds; those of TLS 1.3 cannot be chosen. Clients of HTTP/2 need one of the first two. */
#define CIPHERS(between) \
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" between "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" between \
	"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" between "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"

const struct inventory_profile_arg inventory_profile_args[] = {
	{ "apiServer", "profiling", "false" },
	{ "apiServer", "service-account-extend-token-expiration", "false" },
	{ "apiServer", "tls-cipher-suites", CIPHERS(",") },
	{ "controllerManager", "profiling", "false" },
	{ "controllerManager", "terminated-pod-gc-threshold", "1000" },
	{ "scheduler", "profiling", "false" },
};
const size_t inventory_profile_arg_count = sizeof(inventory_profile_args) / sizeof(inventory_profile_args[0]);

static const char kubelets[] =
	"{\"eventRecordQPS\":50,\"seccompDefault\":true,\"tlsCipherSuites\":[\"" CIPHERS("\",\"") "\"]}";
/* … of which this one depends on the version */
#define SECCOMP "seccompDefault"

/* The operator's argument of that name: a list of maps with name and value, or, in old versions, a map. */
static const struct inventory_node *given_arg(const struct inventory_node *all, const char *name, const char **value)
{
	for (const struct inventory_node *n = all ? all->first : NULL; n; n = n->next) {
		bool map = all->kind == INVENTORY_KIND_MAP;
		const struct inventory_node *at = map ? n->key : inventory_node_get(n, "name");
		const struct inventory_node *v = map ? n : inventory_node_get(n, "value");

		if (!at || at->kind != INVENTORY_KIND_SCALAR || strcmp(at->text, name) != 0)
			continue;
		*value = v && v->kind == INVENTORY_KIND_SCALAR ? v->text : "";
		return at;
	}
	return NULL;
}

static void warn_of_args(struct inventory_load *l)
{
	const struct inventory_node *extra = inventory_node_get(inventory_node_get(l->root, "kubeadm"), "extra");
	const struct inventory_node *config = inventory_node_get(extra, "ClusterConfiguration");

	for (size_t i = 0; i < inventory_profile_arg_count; i++) {
		const struct inventory_profile_arg *a = &inventory_profile_args[i];
		const struct inventory_node *part = inventory_node_get(config, a->component), *at;
		const char *value = "";

		at = given_arg(inventory_node_get(part, "extraArgs"), a->name, &value);
		if (at && strcmp(value, a->value) != 0)
			inventory_warn(l, at, LEAVES, a->name, "kubeadm.extra");
	}
}

static void warn_of_setting(const char *name, const struct json *value, void *ctx)
{
	struct inventory_load *l = ctx;
	const struct inventory_node *config = inventory_node_get(inventory_node_get(l->root, "kubelet"), "config");
	const struct inventory_node *n = inventory_node_get(config, name);
	const struct json *is = json_member(l->inv->kubelet_config, name);

	if (n && !(is && json_equal(is, value)))
		inventory_warn(l, n->key, LEAVES, name, "kubelet.config");
}

void inventory_check_profile(struct inventory_load *l)
{
	struct inventory *inv = l->inv;
	const struct release *release = inv->kubernetes.version ? release_find(inv->kubernetes.version) : NULL;
	struct json *config;

	if (strcmp(inv->security.profile, "cis") != 0)
		return;
	warn_of_args(l);
	config = json_parse(kubelets, sizeof(kubelets) - 1, NULL);
	if (!release || !release->seccomp_default)
		json_remove(config, SECCOMP);
	json_each(config, warn_of_setting, l);
	if (inv->kubelet_config)
		json_merge(config, inv->kubelet_config);
	json_free(inv->kubelet_config);
	inv->kubelet_config = config;
}
