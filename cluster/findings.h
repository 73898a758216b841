/*
 * Internal to cluster: the table of findings and what each of them is given. A finding is one small pure function
 * find_NAME in findings_*.c; it adds nothing, or what it has seen.
 */
#ifndef CLUSTER_FINDINGS_H
#define CLUSTER_FINDINGS_H

#include "cluster/cluster.h"
#include "inventory/inventory.h"
#include "inventory/release.h"

#define ANY_PORT "Port-6443,Port-10250,Port-10257,Port-10259,Port-2379,Port-2380"
#define ANY_FILE                                                                                                     \
	"FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml,"                                               \
	"FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml,"                                      \
	"FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml,"                                                \
	"FileAvailable--etc-kubernetes-manifests-etcd.yaml,"                                                          \
	"FileAvailable--etc-kubernetes-kubelet.conf,FileAvailable--etc-kubernetes-bootstrap-kubelet.conf,"            \
	"FileAvailable--etc-kubernetes-pki-ca.crt,DirAvailable--var-lib-etcd"

/* X(function, name, highest level, kubeadm's names, summary), in the order in which an operator reads them. */
#define FINDINGS(X) \
	X(unsupported_system, "unsupported-system", ERROR, NULL, "the system is neither Debian nor Ubuntu") \
	X(not_systemd, "not-systemd", ERROR, NULL, "process 1 is not systemd") \
	X(arch, "arch", ERROR, NULL, "no Kubernetes is built for this processor") \
	X(read_only_root, "read-only-root", ERROR, NULL, "a folder that kubewright writes to is read-only") \
	X(package_manager_broken, "package-manager-broken", WARNING, NULL, "dpkg was interrupted") \
	X(package_sources_broken, "package-sources-broken", ERROR, NULL, "apt cannot read its package sources") \
	X(foreign_package_source, "foreign-package-source", ERROR, NULL, \
		"a package source for the same place trusts other keys") \
	X(repository_unreachable, "repository-unreachable", ERROR, NULL, \
		"a package repository does not answer this host") \
	X(cpu_count, "cpu-count", ERROR, "NumCPU", "a control plane has fewer than 2 CPUs") \
	X(memory_low, "memory-low", ERROR, "Mem", "too little memory for its role") \
	X(disk_space, "disk-space", ERROR, NULL, "little free space in /var/lib, etcd's folder or /etc") \
	X(inode_low, "inode-low", ERROR, NULL, "few free inodes in /var/lib") \
	X(swap_on, "swap-on", WARNING, "Swap", "swap is on") \
	X(cgroup_v1, "cgroup-v1", ERROR, "SystemVerification", "cgroup v1, which this Kubernetes refuses") \
	X(kernel_module_missing, "kernel-module-missing", WARNING, NULL, \
		"overlay or br_netfilter is not in this kernel") \
	X(kernel_lacks, "kernel-lacks", ERROR, "SystemVerification", \
		"the kernel lacks what Kubernetes needs, or does not publish its configuration") \
	X(sudo_logs_input, "sudo-logs-input", WARNING, NULL, "sudo keeps a record of what it is given") \
	X(sysctl_overridden, "sysctl-overridden", WARNING, NULL, \
		"a file that is not kubewright's overrides a kernel setting that Kubernetes needs") \
	X(resolv_conf_broken, "resolv-conf-broken", ERROR, NULL, \
		"the resolver's file, which every pod gets, is missing") \
	X(dns_loop, "dns-loop", WARNING, NULL, "the resolver's file names this host itself, or the cluster's DNS") \
	X(program_shadowed, "program-shadowed", WARNING, NULL, \
		"another kubelet, kubeadm, kubectl, crictl or containerd comes first in PATH") \
	X(path_writable, "path-writable", ERROR, NULL, "users other than root can write where root's files are") \
	X(time_service_missing, "time-service-missing", WARNING, NULL, "no time service sets the clock") \
	X(clock_skew, "clock-skew", ERROR, NULL, "the clock is off") \
	X(address_missing, "address-missing", ERROR, NULL, "the inventory's address is on no interface") \
	X(name_unresolved, "name-unresolved", WARNING, "Hostname", "the Node's name does not resolve to its address") \
	X(forwarding_forbidden, "forwarding-forbidden", ERROR, NULL, \
		"the API server and etcd could not be asked through this host's sshd") \
	X(default_route_missing, "default-route-missing", WARNING, NULL, "there is no default route") \
	X(cidr_route_overlap, "cidr-route-overlap", ERROR, NULL, "the pods' or services' range overlaps a route") \
	X(port_in_use, "port-in-use", ERROR, ANY_PORT, "something else listens on a port that Kubernetes needs") \
	X(firewall_active, "firewall-active", WARNING, "Firewalld", "a packet filter may drop the cluster's traffic") \
	X(vip_interface_missing, "vip-interface-missing", ERROR, NULL, \
		"endpoint.interface does not exist or has no IPv4 address") \
	X(vip_outside_subnet, "vip-outside-subnet", WARNING, NULL, \
		"the virtual IP is not in any of the interface's subnets") \
	X(vip_taken, "vip-taken", ERROR, NULL, "a machine outside the inventory answers for the virtual IP") \
	X(foreign_keepalived, "foreign-keepalived", ERROR, NULL, \
		"keepalived has a configuration that is not kubewright's") \
	X(foreign_containerd_config, "foreign-containerd-config", WARNING, NULL, \
		"containerd has a configuration that is not kubewright's") \
	X(duplicate_machine_id, "duplicate-machine-id", ERROR, NULL, "two hosts have the same /etc/machine-id") \
	X(duplicate_product_uuid, "duplicate-product-uuid", WARNING, NULL, "two hosts have the same product_uuid") \
	X(duplicate_mac, "duplicate-mac", ERROR, NULL, "two hosts have the same MAC address") \
	X(duplicate_hostname, "duplicate-hostname", WARNING, NULL, "two hosts have the same host name") \
	X(foreign_runtime, "foreign-runtime", ERROR, NULL, "a container runtime that kubewright did not install") \
	X(runtime_too_old, "runtime-too-old", ERROR, NULL, "containerd is older than this Kubernetes needs") \
	X(other_cluster, "other-cluster", ERROR, NULL, "kubewright installed the host for another cluster") \
	X(other_name, "other-name", ERROR, NULL, "the host was installed under another name") \
	X(already_joined_elsewhere, "already-joined-elsewhere", ERROR, NULL, \
		"the kubelet belongs to another API server") \
	X(ca_mismatch, "ca-mismatch", ERROR, NULL, "the hosts' cluster CAs differ") \
	X(leftovers, "leftovers", ERROR, ANY_FILE, "files or interfaces of an earlier Kubernetes") \
	X(cni_leftover, "cni-leftover", WARNING, NULL, \
		"a foreign file in /etc/cni/net.d sorts before the pod network's own")

struct finding_scope {
	const struct inventory *inv;
	const struct release *release; /* NULL: of no supported version */
	const struct inventory_host *host;
	const struct cluster_host *hosts; /* all; see probed in each */
	const struct cluster_host *h;     /* this one */
	int index;
	const struct identities *identities; /* of hosts; NULL: duplicates are not looked for */
	bool fresh;     /* nothing of Kubernetes was installed here by kubewright */
	bool untouched; /* nor did a run of it begin: what is here is of others */
	const char *name; /* of the finding that is being looked for */
	struct findings *out;
};

#define FINDINGS_PROTOTYPE(function, name, level, kubeadm, summary) void find_##function(const struct finding_scope *s);
FINDINGS(FINDINGS_PROTOTYPE)
#undef FINDINGS_PROTOTYPE

/* Adds a finding; the text may hold what hosts said, and is made printable. Valid until the next one is added. */
struct finding *finding_add(const struct finding_scope *s, enum finding_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Set its why and its remedy, made printable and cut as the text of finding_add is. */
void finding_why(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_remedy(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* kubeadm has this very check: who ignores it by that name ignores the finding too. */
void finding_same_as(const struct finding_scope *s, struct finding *f, const char *kubeadm);
/* An error where something is to be installed; what runs already is only warned of. */
enum finding_level finding_fresh_error(const struct finding_scope *s);
/* By the inventory, whatever runs there. */
bool finding_control_plane(const struct finding_scope *s);
/* What is below the kubelet's own thresholds: space, or inodes. */
void finding_eviction(const struct finding_scope *s, bool inodes);
/* Whether a space-separated list has this word. */
bool finding_has_word(const char *list, const char *word);

#endif
