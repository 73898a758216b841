/* Which ports hosts need of one another, and which of them the pod network does. */
#include "cluster/mesh.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1u << (n))
#define CALICO (BIT(MESH_CALICO_VXLAN) | BIT(MESH_CALICO_BGP))
#define CILIUM (BIT(MESH_CILIUM_VXLAN) | BIT(MESH_CILIUM_GENEVE) | BIT(MESH_CILIUM_ROUTES))

const struct mesh_need mesh_needs[] = {
	{ MESH_ANY, MESH_CONTROL_PLANE, false, 6443, 0, "the API server" },
	{ MESH_CONTROL_PLANE, MESH_CONTROL_PLANE, false, 2379, 0, "etcd's clients" },
	{ MESH_CONTROL_PLANE, MESH_CONTROL_PLANE, false, 2380, 0, "etcd's members" },
	{ MESH_CONTROL_PLANE, MESH_ANY, false, 10250, 0, "the kubelet" },
	{ MESH_ANY, MESH_ANY, true, 8472, BIT(MESH_FLANNEL_VXLAN) | BIT(MESH_CILIUM_VXLAN),
		"VXLAN of flannel or Cilium" },
	{ MESH_ANY, MESH_ANY, true, 4789, BIT(MESH_CALICO_VXLAN), "VXLAN of Calico" },
	{ MESH_ANY, MESH_ANY, true, 6081, BIT(MESH_CILIUM_GENEVE), "Geneve of Cilium" },
	{ MESH_ANY, MESH_ANY, true, 51820, BIT(MESH_FLANNEL_WIREGUARD), "WireGuard of flannel" },
	{ MESH_ANY, MESH_ANY, false, 179, BIT(MESH_CALICO_BGP), "BGP of Calico" },
	{ MESH_ANY, MESH_ANY, false, 4240, CILIUM, "health checks of Cilium" },
};
const size_t mesh_need_count = COUNT(mesh_needs);

static const struct {
	const char *words;
	int overhead;
} networks[MESH_NETWORKS] = {
	[MESH_NETWORK_UNKNOWN] = { "not known", 50 },
	[MESH_FLANNEL_VXLAN] = { "flannel with VXLAN", 50 },
	[MESH_FLANNEL_WIREGUARD] = { "flannel with WireGuard", 60 },
	[MESH_FLANNEL_ROUTES] = { "flannel with routes", 0 },
	[MESH_CALICO_VXLAN] = { "Calico with VXLAN", 50 },
	[MESH_CALICO_BGP] = { "Calico with BGP", 20 },
	[MESH_CILIUM_VXLAN] = { "Cilium with VXLAN", 50 },
	[MESH_CILIUM_GENEVE] = { "Cilium with Geneve", 50 },
	[MESH_CILIUM_ROUTES] = { "Cilium with routes", 0 },
};

/* The word behind a key, in quotes or not, after the first `from`: "Type": "vxlan", tunnel-protocol: vxlan. */
static bool says(const char *manifest, const char *from, const char *key, const char *word)
{
	const char *p = strstr(manifest, from);

	p = p ? strstr(p, key) : NULL;
	if (!p)
		return false;
	p += strlen(key);
	p += strspn(p, "\": '");
	return strncmp(p, word, strlen(word)) == 0;
}

enum mesh_network mesh_network(const char *manifest)
{
	if (!manifest)
		return MESH_NETWORK_UNKNOWN;
	if (strstr(manifest, "name: kube-flannel")) {
		if (says(manifest, "\"Backend\"", "\"Type\"", "vxlan"))
			return MESH_FLANNEL_VXLAN;
		if (says(manifest, "\"Backend\"", "\"Type\"", "wireguard"))
			return MESH_FLANNEL_WIREGUARD;
		return says(manifest, "\"Backend\"", "\"Type\"", "host-gw") ? MESH_FLANNEL_ROUTES
									    : MESH_NETWORK_UNKNOWN;
	}
	if (strstr(manifest, "name: cilium-config")) {
		if (says(manifest, "name: cilium-config", "routing-mode:", "native"))
			return MESH_CILIUM_ROUTES;
		return says(manifest, "name: cilium-config", "tunnel-protocol:", "geneve") ? MESH_CILIUM_GENEVE
											   : MESH_CILIUM_VXLAN;
	}
	if (says(manifest, "name: calico-config", "calico_backend:", "vxlan"))
		return MESH_CALICO_VXLAN;
	return says(manifest, "name: calico-config", "calico_backend:", "bird") ? MESH_CALICO_BGP
										: MESH_NETWORK_UNKNOWN;
}

const char *mesh_network_words(enum mesh_network n)
{
	return networks[n].words;
}

int mesh_network_overhead(enum mesh_network n)
{
	return networks[n].overhead;
}

/* Of pod networks that are not known those two count which most have. */
bool mesh_need_guessed(const struct mesh_need *need, enum mesh_network network)
{
	return network == MESH_NETWORK_UNKNOWN && need->networks && (need->port == 8472 || need->port == 4789);
}
