/*
 * The table of fields. Offsets of "hosts[]…" and "ssh.…" are into struct inventory_host (the ssh section is a host's
 * on which each host's own is laid), all others into struct inventory. choices: of CHOICE the words; of PATH words that
 * are taken as they are; of HEX the number of digits; of STRING "lines" when it may have several.
 */
#include "inventory/private.h"

#include "base/str.h"

#include <string.h>

#define AT(member) offsetof(struct inventory, member)
#define HOST(member) offsetof(struct inventory_host, member)
#define DIGITS_FINGERPRINT "40"
#define DIGITS_SHA256 "64"

const struct inventory_field inventory_fields[] = {
	{ "cluster", INVENTORY_TYPE_NAME, NULL, "Cluster name",
		"The cluster's name: in kubeconfigs and in the place of its keys.", NULL, true, AT(cluster) },
	{ "kubernetes.version", INVENTORY_TYPE_VERSION, NULL, "Kubernetes version",
		"1.36.2, or 1.36 for its newest patch at the first apply. Later the living cluster's version rules.",
		NULL, true, AT(kubernetes.version) },
	{ "kubernetes.repository.url", INVENTORY_TYPE_URL, NULL, "Package repository",
		"The apt repository of kubelet, kubeadm and kubectl. Default: pkgs.k8s.io for the version.", NULL,
		false, AT(kubernetes.repository.url) },
	{ "kubernetes.repository.key-url", INVENTORY_TYPE_URL, NULL, "Repository's key",
		"Where the repository's signing key is. Default: Release.key below its URL.", NULL, false,
		AT(kubernetes.repository.key_url) },
	{ "kubernetes.repository.fingerprint", INVENTORY_TYPE_HEX, DIGITS_FINGERPRINT, "Key's fingerprint",
		"40 hex digits that the signing key must have. Default: that of pkgs.k8s.io.", NULL, false,
		AT(kubernetes.repository.fingerprint) },
	{ "kubernetes.image-repository", INVENTORY_TYPE_STRING, NULL, "Image registry",
		"Where the control plane's images come from. Default: the version's own, registry.k8s.io.", NULL, false,
		AT(kubernetes.image_repository) },
	{ "containerd.version", INVENTORY_TYPE_VERSION, NULL, "containerd version",
		"2.2.1, or 2.2 for its newest patch: this version is installed, and held. Default: the newest that suits the Kubernetes version, not held.",
		NULL, false, AT(containerd.version) },
	{ "containerd.repository.url", INVENTORY_TYPE_URL, NULL, "containerd repository",
		"The apt repository of containerd.io, which is then installed from nowhere else. Default: download.docker.com, where the host's system has no containerd that will do.",
		NULL, false, AT(containerd.repository.url) },
	{ "containerd.repository.key-url", INVENTORY_TYPE_URL, NULL, "Repository's key",
		"Where the repository's signing key is. Default: gpg below its URL.", NULL, false,
		AT(containerd.repository.key_url) },
	{ "containerd.repository.fingerprint", INVENTORY_TYPE_HEX, DIGITS_FINGERPRINT, "Key's fingerprint",
		"40 hex digits that the signing key must have. Default: Docker's.", NULL, false,
		AT(containerd.repository.fingerprint) },
	{ "containerd.config", INVENTORY_TYPE_STRING, "lines", "containerd settings",
		"TOML that goes into a drop-in file of containerd's configuration, which root alone can read: passwords of registries may stand in it, and are never shown.",
		NULL, false, AT(containerd.config) },
	{ "endpoint.vip", INVENTORY_TYPE_ADDRESS, NULL, "Virtual IP",
		"A free address in the control planes' segment that keepalived moves between them.", NULL, false,
		AT(endpoint.vip) },
	{ "endpoint.interface", INVENTORY_TYPE_STRING, NULL, "Interface of the virtual IP",
		"Default: the interface that has the host's address.", NULL, false, AT(endpoint.interface) },
	{ "endpoint.host", INVENTORY_TYPE_STRING, NULL, "Load balancer",
		"Name or address of a load balancer of your own, instead of a virtual IP.", NULL, false,
		AT(endpoint.host) },
	{ "endpoint.port", INVENTORY_TYPE_PORT, NULL, "Port of the endpoint",
		"Where the API is reached at the endpoint.", "6443", false, AT(endpoint.port) },
	{ "network.pods", INVENTORY_TYPE_CIDR, NULL, "Pod network", "Addresses of Pods. Each Node takes a /24 of it.",
		"10.244.0.0/16", false, AT(network.pods) },
	{ "network.services", INVENTORY_TYPE_CIDR, NULL, "Service network", "Addresses of Services.", "10.96.0.0/12",
		false, AT(network.services) },
	{ "network.dns-domain", INVENTORY_TYPE_STRING, NULL, "DNS domain", "The cluster's own domain.", "cluster.local",
		false, AT(network.dns_domain) },
	{ "network.cni", INVENTORY_TYPE_PATH, "none", "Pod network plugin",
		"none, the path of a manifest, or a map with url and sha256. With none no Node gets Ready until you "
		"install a pod network.",
		"none", false, AT(network.cni) },
	{ "network.cni.url", INVENTORY_TYPE_URL, NULL, "Manifest's URL", "An https URL of the plugin's manifest.", NULL,
		false, AT(network.cni) },
	{ "network.cni.sha256", INVENTORY_TYPE_HEX, DIGITS_SHA256, "Manifest's SHA-256",
		"64 hex digits that the downloaded manifest must have.", NULL, false, AT(network.cni_sha256) },
	{ "network.ipv6", INVENTORY_TYPE_RESERVED, NULL, "IPv6", "Clusters have IPv4 addresses only.", NULL, false, 0 },
	{ "runtime.cgroup-driver", INVENTORY_TYPE_CHOICE, "systemd|cgroupfs", "cgroup driver",
		"Of kubelet and containerd alike.", "systemd", false, AT(runtime.cgroup_driver) },
	{ "pki.key-type", INVENTORY_TYPE_CHOICE, "ecdsa-p256|rsa-2048|rsa-3072|rsa-4096", "Key type",
		"Of all certificates that kubewright makes.", "ecdsa-p256", false, AT(pki.key_type) },
	{ "pki.ca-keys", INVENTORY_TYPE_CHOICE, "cluster", "Place of CA keys",
		"cluster: on the control planes too, so that they sign kubelets' certificates.", "cluster", false,
		AT(pki.ca_keys) },
	{ "pki.store", INVENTORY_TYPE_PATH, NULL, "Key store",
		"Folder of the cluster's CA keys on this machine. Default: in kubewright's state folder.", NULL, false,
		AT(pki.store) },
	{ "pki.passphrase", INVENTORY_TYPE_SECRET, NULL, "Store's passphrase",
		"Encrypts the CA keys in the store: ask, none or env:NAME.", "none", false, AT(pki.passphrase) },
	{ "kubelet.config", INVENTORY_TYPE_TREE, NULL, "kubelet settings",
		"Merged into KubeletConfiguration. Names and types of its fields are checked.", NULL, false,
		AT(kubelet_config) },
	{ "kubeproxy.config", INVENTORY_TYPE_TREE, NULL, "kube-proxy settings",
		"Merged into KubeProxyConfiguration. Names and types of its fields are checked.", NULL, false,
		AT(kubeproxy_config) },
	{ "kubeadm.extra", INVENTORY_TYPE_TREE, NULL, "kubeadm settings",
		"By kind (ClusterConfiguration, InitConfiguration, JoinConfiguration): merged into kubeadm's files.",
		NULL, false, AT(kubeadm_extra) },
	{ "preflight.ignore", INVENTORY_TYPE_LIST, NULL, "Findings to ignore",
		"Names of findings that shall not stop a run, and of kubeadm's own checks, such as SystemVerification.",
		NULL, false, AT(preflight.ignore) },
	{ "time.manage", INVENTORY_TYPE_BOOL, NULL, "Keep time",
		"Install and enable a time service where nothing keeps the clock.", "true", false, AT(time.manage) },
	{ "ssh.user", INVENTORY_TYPE_STRING, NULL, "Login", "The user to log in as; root's rights come from sudo.",
		"root", false, HOST(ssh.user) },
	{ "ssh.key", INVENTORY_TYPE_PATH, NULL, "Private key",
		"Path of a private key file, or of the .pub file of a key that the agent has. Default: the agent's keys and the usual files in ~/.ssh.",
		NULL, false, HOST(ssh.key) },
	{ "ssh.port", INVENTORY_TYPE_PORT, NULL, "Port", "Of sshd.", "22", false, HOST(ssh.port) },
	{ "ssh.agent", INVENTORY_TYPE_BOOL, NULL, "Use the agent", "Offer the keys of the SSH agent.", "true", false,
		HOST(ssh.agent) },
	{ "ssh.password", INVENTORY_TYPE_SECRET, NULL, "Password", "Of the login: ask, none or env:NAME.", "none",
		false, HOST(ssh.password) },
	{ "ssh.passphrase", INVENTORY_TYPE_SECRET, NULL, "Key's passphrase", "Of the key file: ask, none or env:NAME.",
		"none", false, HOST(ssh.passphrase) },
	{ "ssh.sudo", INVENTORY_TYPE_SECRET, NULL, "sudo password",
		"What sudo asks for: ask, none (it asks nothing) or env:NAME.", "none", false, HOST(ssh.sudo) },
	{ "ssh.bastion", INVENTORY_TYPE_RESERVED, NULL, "Bastion",
		"Run kubewright where it reaches the hosts directly.", NULL, false, 0 },
	{ "proxy", INVENTORY_TYPE_RESERVED, NULL, "Proxy", "Hosts need a way to their repositories and registries.",
		NULL, false, 0 },
	{ "mirrors", INVENTORY_TYPE_RESERVED, NULL, "Mirrors",
		"Name mirrors in kubernetes.repository, containerd.repository and kubernetes.image-repository.", NULL,
		false, 0 },
	{ "registries", INVENTORY_TYPE_RESERVED, NULL, "Registries",
		"Use containerd.config for settings of registries.", NULL, false, 0 },
	{ "hosts[].name", INVENTORY_TYPE_NODE, NULL, "Name",
		"The Node's name: lower case, dots allowed. The host's own hostname is left alone.", NULL, true,
		HOST(name) },
	{ "hosts[].address", INVENTORY_TYPE_ADDRESS, NULL, "Address", "The Node's address, for the cluster's traffic.",
		NULL, true, HOST(address) },
	{ "hosts[].role", INVENTORY_TYPE_CHOICE, "control-plane|worker", "Role", "What the host does in the cluster.",
		NULL, true, HOST(role) },
	{ "hosts[].labels", INVENTORY_TYPE_MAP, NULL, "Labels",
		"Labels of the Node; one that is taken out here leaves the Node.", NULL, false, HOST(labels) },
	{ "hosts[].taints", INVENTORY_TYPE_LIST, NULL, "Taints",
		"Taints of the Node, as key=value:Effect; one that is taken out here leaves the Node.", NULL, false,
		HOST(taints) },
	{ "hosts[].ssh.address", INVENTORY_TYPE_STRING, NULL, "SSH address",
		"Where to connect to, when it is not the Node's address.", NULL, false, HOST(ssh.address) },
	{ "hosts[].ssh.port", INVENTORY_TYPE_PORT, NULL, "Port", "Of this host's sshd.", NULL, false, HOST(ssh.port) },
	{ "hosts[].ssh.user", INVENTORY_TYPE_STRING, NULL, "Login", "The user to log in as on this host.", NULL, false,
		HOST(ssh.user) },
	{ "hosts[].ssh.key", INVENTORY_TYPE_PATH, NULL, "Private key", "Path of a private key file for this host.",
		NULL, false, HOST(ssh.key) },
	{ "hosts[].ssh.host-key", INVENTORY_TYPE_STRING, NULL, "Host key",
		"Pins the host's key: SHA256:… or the line of its .pub file.", NULL, false, HOST(ssh.host_key) },
	{ "hosts[].ssh.agent", INVENTORY_TYPE_BOOL, NULL, "Use the agent",
		"Offer the keys of the SSH agent to this host.", NULL, false, HOST(ssh.agent) },
	{ "hosts[].ssh.password", INVENTORY_TYPE_SECRET, NULL, "Password",
		"Of this host's login: ask, none or env:NAME.", NULL, false, HOST(ssh.password) },
	{ "hosts[].ssh.passphrase", INVENTORY_TYPE_SECRET, NULL, "Key's passphrase",
		"Of this host's key file: ask, none or env:NAME.", NULL, false, HOST(ssh.passphrase) },
	{ "hosts[].ssh.sudo", INVENTORY_TYPE_SECRET, NULL, "sudo password",
		"What sudo asks for on this host: ask, none or env:NAME.", NULL, false, HOST(ssh.sudo) },
	{ "hosts[].ssh.bastion", INVENTORY_TYPE_RESERVED, NULL, "Bastion",
		"Run kubewright where it reaches the hosts directly.", NULL, false, 0 },
};
const size_t inventory_field_count = sizeof(inventory_fields) / sizeof(inventory_fields[0]);

const struct inventory_field *inventory_field_find(const char *path)
{
	for (size_t i = 0; i < inventory_field_count; i++)
		if (strcmp(inventory_fields[i].path, path) == 0)
			return &inventory_fields[i];
	return NULL;
}

/* What follows path in a field's path: after "" all, after "ssh" "port"; NULL when it is not below. */
static const char *below(const char *field, const char *path)
{
	size_t n = strlen(path);

	if (n == 0)
		return field;
	return strncmp(field, path, n) == 0 && field[n] == '.' ? field + n + 1 : NULL;
}

bool inventory_is_section(const char *path)
{
	for (size_t i = 0; i < inventory_field_count; i++)
		if (below(inventory_fields[i].path, path))
			return true;
	return false;
}

size_t inventory_field_words(const char *path, const char **words, size_t max, struct arena *a)
{
	size_t count = 0;

	for (size_t i = 0; i < inventory_field_count && count < max; i++) {
		const char *rest = below(inventory_fields[i].path, path);
		const char *word = rest ? arena_strndup(a, rest, strcspn(rest, ".[")) : NULL;
		bool known = !word;

		for (size_t k = 0; k < count && !known; k++)
			known = strcmp(words[k], word) == 0;
		if (!known)
			words[count++] = word;
	}
	return count;
}
