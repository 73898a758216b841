/*
 * The table of fields. Offsets of "hosts[]…" and "ssh.…" are into struct inventory_host (the ssh section is a host's
 * on which each host's own is laid), all others into struct inventory. choices: of CHOICE the words; of PATH words that
 * are taken unchanged; of HEX the number of digits; of STRING "lines" when it may have several.
 */
#include "inventory/private.h"

#include "base/str.h"

#include <string.h>

#define AT(member) offsetof(struct inventory, member), NULL
#define BIRTH(member, key) offsetof(struct inventory, member), key
#define HOST(member) offsetof(struct inventory_host, member), NULL
#define NOWHERE 0, NULL
#define DIGITS_FINGERPRINT "40"
#define DIGITS_SHA256 "64"

const struct inventory_field inventory_fields[] = {
	{ "cluster", INVENTORY_TYPE_NAME, NULL, "Cluster name",
		"Name of the cluster; used in kubeconfigs and in the path of its keys.", NULL, true,
		BIRTH(cluster, "clusterName") },
	{ "kubernetes.version", INVENTORY_TYPE_VERSION, NULL, "Kubernetes version",
		"1.36.2, or 1.36 for its newest patch at the first apply. A living cluster gets another one only by an upgrade.",
		NULL, true, AT(kubernetes.version) },
	{ "kubernetes.repository.url", INVENTORY_TYPE_URL, NULL, "Package repository",
		"The apt repository of kubelet, kubeadm and kubectl. A folder v1.N in it follows the version. Default: pkgs.k8s.io for the version.",
		NULL, false, AT(kubernetes.repository.url) },
	{ "kubernetes.repository.key-url", INVENTORY_TYPE_URL, NULL, "Repository's key",
		"URL of the repository's signing key. Default: Release.key below its URL.", NULL, false,
		AT(kubernetes.repository.key_url) },
	{ "kubernetes.repository.fingerprint", INVENTORY_TYPE_HEX, DIGITS_FINGERPRINT, "Key's fingerprint",
		"40 hex digits: fingerprint of the signing key. Default: that of pkgs.k8s.io.", NULL, false,
		AT(kubernetes.repository.fingerprint) },
	{ "kubernetes.image-repository", INVENTORY_TYPE_STRING, NULL, "Image registry",
		"Registry of the control plane's images. Default: that of the version, registry.k8s.io.", NULL, false,
		BIRTH(kubernetes.image_repository, "imageRepository") },
	{ "containerd.version", INVENTORY_TYPE_VERSION, NULL, "containerd version",
		"2.2.1, or 2.2 for its newest patch: this version is installed and held. Default: the newest that suits the Kubernetes version, not held.",
		NULL, false, AT(containerd.version) },
	{ "containerd.repository.url", INVENTORY_TYPE_URL, NULL, "containerd repository",
		"The apt repository of containerd.io, which is then installed only from there. Default: download.docker.com, if the host's system has no suitable containerd.",
		NULL, false, AT(containerd.repository.url) },
	{ "containerd.repository.key-url", INVENTORY_TYPE_URL, NULL, "Repository's key",
		"URL of the repository's signing key. Default: gpg below its URL.", NULL, false,
		AT(containerd.repository.key_url) },
	{ "containerd.repository.fingerprint", INVENTORY_TYPE_HEX, DIGITS_FINGERPRINT, "Key's fingerprint",
		"40 hex digits: fingerprint of the signing key. Default: Docker's.", NULL, false,
		AT(containerd.repository.fingerprint) },
	{ "containerd.config", INVENTORY_TYPE_STRING, "lines", "containerd settings",
		"TOML for a drop-in file of containerd's configuration, which only root can read. It may contain passwords of registries; they are never shown.",
		NULL, false, AT(containerd.config) },
	{ "endpoint.vip", INVENTORY_TYPE_ADDRESS, NULL, "Virtual IP",
		"A free address in the control planes' network segment; keepalived moves it between them.", NULL, false,
		AT(endpoint.vip) },
	{ "endpoint.interface", INVENTORY_TYPE_STRING, NULL, "Interface of the virtual IP",
		"Default: the interface that has the host's address.", NULL, false, AT(endpoint.interface) },
	{ "endpoint.host", INVENTORY_TYPE_STRING, NULL, "Load balancer",
		"Name or address of your own load balancer, instead of a virtual IP.", NULL, false, AT(endpoint.host) },
	{ "endpoint.port", INVENTORY_TYPE_PORT, NULL, "Port of the endpoint", "TCP port of the API at the endpoint.",
		"6443", false, AT(endpoint.port) },
	{ "network.pods", INVENTORY_TYPE_CIDR, NULL, "Pod network", "Addresses of Pods. Each Node takes a /24 of it.",
		"10.244.0.0/16", false, BIRTH(network.pods, "networking.podSubnet") },
	{ "network.services", INVENTORY_TYPE_CIDR, NULL, "Service network", "Addresses of Services.", "10.96.0.0/12",
		false, BIRTH(network.services, "networking.serviceSubnet") },
	{ "network.dns-domain", INVENTORY_TYPE_STRING, NULL, "DNS domain", "The cluster's own domain.", "cluster.local",
		false, BIRTH(network.dns_domain, "networking.dnsDomain") },
	{ "network.cni", INVENTORY_TYPE_PATH, "none", "Pod network plugin",
		"none, the path of a manifest, or a map with url and sha256. With none, no Node becomes Ready until you "
		"install a pod network.",
		"none", false, AT(network.cni) },
	{ "network.cni.url", INVENTORY_TYPE_URL, NULL, "Manifest's URL", "An https URL of the plugin's manifest.", NULL,
		false, AT(network.cni) },
	{ "network.cni.sha256", INVENTORY_TYPE_HEX, DIGITS_SHA256, "Manifest's SHA-256",
		"64 hex digits: SHA-256 of the downloaded manifest.", NULL, false, AT(network.cni_sha256) },
	{ "network.ipv6", INVENTORY_TYPE_RESERVED, NULL, "IPv6", "Clusters have IPv4 addresses only.", NULL, false,
		NOWHERE },
	{ "runtime.cgroup-driver", INVENTORY_TYPE_CHOICE, "systemd|cgroupfs", "cgroup driver",
		"Driver of both kubelet and containerd.", "systemd", false, AT(runtime.cgroup_driver) },
	{ "etcd.snapshots.every", INVENTORY_TYPE_CHOICE, "never|30m|1h|2h|4h|6h|12h|24h", "Snapshots of etcd",
		"How often each control plane saves its etcd member's data on its own disk. The control planes take turns.",
		"12h", false, AT(etcd.snapshots.every) },
	{ "etcd.snapshots.keep", INVENTORY_TYPE_COUNT, NULL, "Snapshots to keep",
		"So many of the newest snapshots stay on each control plane; each is as large as etcd's database.",
		"14", false, AT(etcd.snapshots.keep) },
	{ "etcd.snapshots.keep-days", INVENTORY_TYPE_DAYS, NULL, "Days to keep",
		"The newest snapshot of each of the last so many days stays too.", "1", false,
		AT(etcd.snapshots.keep_days) },
	{ "etcd.snapshots.folder", INVENTORY_TYPE_STRING, NULL, "Folder of snapshots",
		"Folder on the control planes, best on another disk than etcd's. Only root can read it.",
		"/var/lib/kubewright/snapshots", false, AT(etcd.snapshots.folder) },
	{ "pki.key-type", INVENTORY_TYPE_CHOICE, "ecdsa-p256|rsa-2048|rsa-3072|rsa-4096", "Key type",
		"Type of the keys of all certificates that kubewright makes.", "ecdsa-p256", false, AT(pki.key_type) },
	{ "pki.ca-keys", INVENTORY_TYPE_CHOICE, "cluster|operator", "Place of CA keys",
		"cluster: also on the control planes, so that they can sign kubelets' certificates. operator: on this "
		"machine alone, which signs them with 'certs sign' and 'certs renew'.",
		"cluster", false, AT(pki.ca_keys) },
	{ "pki.kubelet-serving", INVENTORY_TYPE_CHOICE, "self|cluster", "Kubelets' certificates",
		"self: each kubelet signs its own, which nobody verifies. cluster: the cluster's CA signs them, and API "
		"servers verify them once every kubelet has one. Any time.",
		"self", false, AT(pki.kubelet_serving) },
	{ "pki.store", INVENTORY_TYPE_PATH, NULL, "Key store",
		"Folder of the cluster's CA keys on this machine. Default: in kubewright's state folder.", NULL, false,
		AT(pki.store) },
	{ "pki.passphrase", INVENTORY_TYPE_SECRET, NULL, "Store's passphrase",
		"Encrypts the CA keys in the store: ask, none or env:NAME.", "none", false, AT(pki.passphrase) },
	{ "pki.warn-days", INVENTORY_TYPE_DAYS, NULL, "Warn of certificates",
		"A certificate with fewer days left is warned of; one that its reader renews, only when it is overdue.",
		"30", false, AT(pki.warn_days) },
	{ "pki.critical-days", INVENTORY_TYPE_DAYS, NULL, "Critical certificates",
		"A certificate with fewer days left is critical.", "7", false, AT(pki.critical_days) },
	{ "kubelet.config", INVENTORY_TYPE_TREE, NULL, "kubelet settings",
		"Merged into KubeletConfiguration. Names and types of its fields are checked.", NULL, false,
		AT(kubelet_config) },
	{ "kubeproxy.config", INVENTORY_TYPE_TREE, NULL, "kube-proxy settings",
		"Merged into KubeProxyConfiguration. Names and types of its fields are checked.", NULL, false,
		AT(kubeproxy_config) },
	{ "kubeadm.extra", INVENTORY_TYPE_TREE, NULL, "kubeadm settings",
		"By kind (ClusterConfiguration, InitConfiguration, JoinConfiguration): merged into kubeadm's files. "
		"In a living cluster only arguments, volumes and variables of the control plane and apiServer.certSANs change.",
		NULL, false, AT(kubeadm_extra) },
	{ "security.profile", INVENTORY_TYPE_CHOICE, "none|cis", "Security profile",
		"cis: what the CIS Kubernetes Benchmark wants of control planes and kubelets and costs little, where kubeadm.extra, "
		"kubelet.config and security.audit say nothing else. Any time.",
		"none", false, AT(security.profile) },
	{ "security.audit", INVENTORY_TYPE_PATH, "none|default", "Audit log",
		"none, default for the policy that is built in, or the path of an audit policy: "
		"each control plane then logs requests in /var/log/kubernetes/audit. Any time. Not given, it is default with the profile cis.",
		"none", false, AT(security.audit) },
	{ "security.encrypt-secrets", INVENTORY_TYPE_BOOL, NULL, "Encrypt Secrets",
		"Secrets are encrypted in etcd, with a key of the cluster's key store, which control planes get too. Any time.",
		"false", false, AT(security.encrypt_secrets) },
	{ "preflight.ignore", INVENTORY_TYPE_LIST, NULL, "Findings to ignore",
		"Names of findings that must not stop a run, and of kubeadm's own checks, such as SystemVerification.",
		NULL, false, AT(preflight.ignore) },
	{ "time.manage", INVENTORY_TYPE_BOOL, NULL, "Keep time",
		"Install and enable a time service on hosts that have none.", "true", false, AT(time.manage) },
	{ "ssh.user", INVENTORY_TYPE_STRING, NULL, "Login", "The user to log in as; root's rights come from sudo.",
		"root", false, HOST(ssh.user) },
	{ "ssh.key", INVENTORY_TYPE_PATH, NULL, "Private key",
		"Path of a private key file, or of the .pub file of a key that the agent has. Default: the agent's keys and the usual files in ~/.ssh.",
		NULL, false, HOST(ssh.key) },
	{ "ssh.port", INVENTORY_TYPE_PORT, NULL, "Port", "TCP port of sshd.", "22", false, HOST(ssh.port) },
	{ "ssh.agent", INVENTORY_TYPE_BOOL, NULL, "Use the agent", "Offer the keys of the SSH agent.", "true", false,
		HOST(ssh.agent) },
	{ "ssh.password", INVENTORY_TYPE_SECRET, NULL, "Password", "Password of the login: ask, none or env:NAME.",
		"none", false, HOST(ssh.password) },
	{ "ssh.passphrase", INVENTORY_TYPE_SECRET, NULL, "Key's passphrase",
		"Passphrase of the key file: ask, none or env:NAME.", "none", false, HOST(ssh.passphrase) },
	{ "ssh.sudo", INVENTORY_TYPE_SECRET, NULL, "sudo password",
		"Password for sudo: ask, none (sudo needs none) or env:NAME.", "none", false, HOST(ssh.sudo) },
	{ "ssh.bastion", INVENTORY_TYPE_RESERVED, NULL, "Bastion",
		"Run kubewright on a machine that reaches the hosts directly.", NULL, false, NOWHERE },
	{ "proxy", INVENTORY_TYPE_RESERVED, NULL, "Proxy", "Hosts must reach their repositories and registries.", NULL,
		false, NOWHERE },
	{ "mirrors", INVENTORY_TYPE_RESERVED, NULL, "Mirrors",
		"Set mirrors in kubernetes.repository, containerd.repository and kubernetes.image-repository.", NULL,
		false, NOWHERE },
	{ "registries", INVENTORY_TYPE_RESERVED, NULL, "Registries",
		"Use containerd.config for settings of registries.", NULL, false, NOWHERE },
	{ "hosts[].name", INVENTORY_TYPE_NODE, NULL, "Name",
		"Name of the Node: lower case, dots allowed. The host's own hostname does not change.", NULL, true,
		HOST(name) },
	{ "hosts[].address", INVENTORY_TYPE_ADDRESS, NULL, "Address", "Address of the Node, for the cluster's traffic.",
		NULL, true, HOST(address) },
	{ "hosts[].role", INVENTORY_TYPE_CHOICE, "control-plane|worker", "Role", "Role of the host in the cluster.",
		NULL, true, HOST(role) },
	{ "hosts[].labels", INVENTORY_TYPE_MAP, NULL, "Labels",
		"Labels of the Node; a label removed here is removed from the Node.", NULL, false, HOST(labels) },
	{ "hosts[].taints", INVENTORY_TYPE_LIST, NULL, "Taints",
		"Taints of the Node, as key=value:Effect; a taint removed here is removed from the Node.", NULL, false,
		HOST(taints) },
	{ "hosts[].ssh.address", INVENTORY_TYPE_STRING, NULL, "SSH address",
		"Address to connect to, if it is not the Node's address.", NULL, false, HOST(ssh.address) },
	{ "hosts[].ssh.port", INVENTORY_TYPE_PORT, NULL, "Port", "TCP port of this host's sshd.", NULL, false,
		HOST(ssh.port) },
	{ "hosts[].ssh.user", INVENTORY_TYPE_STRING, NULL, "Login", "The user to log in as on this host.", NULL, false,
		HOST(ssh.user) },
	{ "hosts[].ssh.key", INVENTORY_TYPE_PATH, NULL, "Private key", "Path of a private key file for this host.",
		NULL, false, HOST(ssh.key) },
	{ "hosts[].ssh.host-key", INVENTORY_TYPE_STRING, NULL, "Host key",
		"Pins the host's key: SHA256:… or the line of its .pub file.", NULL, false, HOST(ssh.host_key) },
	{ "hosts[].ssh.agent", INVENTORY_TYPE_BOOL, NULL, "Use the agent",
		"Offer the keys of the SSH agent to this host.", NULL, false, HOST(ssh.agent) },
	{ "hosts[].ssh.password", INVENTORY_TYPE_SECRET, NULL, "Password",
		"Password of this host's login: ask, none or env:NAME.", NULL, false, HOST(ssh.password) },
	{ "hosts[].ssh.passphrase", INVENTORY_TYPE_SECRET, NULL, "Key's passphrase",
		"Passphrase of this host's key file: ask, none or env:NAME.", NULL, false, HOST(ssh.passphrase) },
	{ "hosts[].ssh.sudo", INVENTORY_TYPE_SECRET, NULL, "sudo password",
		"Password for sudo on this host: ask, none or env:NAME.", NULL, false, HOST(ssh.sudo) },
	{ "hosts[].ssh.bastion", INVENTORY_TYPE_RESERVED, NULL, "Bastion",
		"Run kubewright on a machine that reaches the hosts directly.", NULL, false, NOWHERE },
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
