/*
 * Internal to cluster: the table of health's findings. One small pure function health_NAME in health_*.c each; it adds
 * what it has seen.
 */
#ifndef CLUSTER_HEALTH_PRIVATE_H
#define CLUSTER_HEALTH_PRIVATE_H

#include "cluster/findings.h"
#include "cluster/health.h"
#include "cluster/place.h"

/* X(function, name, highest level, remedy, summary), causes before what follows from them. */
#define HEALTH(X) \
	X(containerd_down, "containerd-down", ERROR, MEND, "containerd does not run") \
	X(kubelet_down, "kubelet-down", ERROR, MEND, "the kubelet does not run") \
	X(keepalived_down, "keepalived-down", ERROR, MEND, "keepalived does not run") \
	X(unit_not_enabled, "unit-not-enabled", WARNING, MEND, "a unit does not start at boot") \
	X(reboot_pending, "reboot-pending", WARNING, TOLD, "a reboot is pending") \
	X(ip_forward_off, "ip-forward-off", ERROR, APPLY, "the kernel does not forward packets of pods") \
	X(half_done, "half-done", ERROR, APPLY, "a kubeadm init or join did not finish") \
	X(kubelet_conf, "kubelet-conf-lost", ERROR, MEND, \
		"the kubelet's kubeconfig or certificate is missing or unreadable") \
	X(kubelet_files, "kubelet-config-lost", ERROR, MEND, "the kubelet's configuration is missing or unreadable") \
	X(kubelet_files_changed, "kubelet-config-changed", WARNING, TOLD, \
		"the kubelet's configuration was changed after kubeadm made it") \
	X(certificate_lost, "certificate-lost", ERROR, MEND, \
		"a certificate, key or kubeconfig of a control plane is missing") \
	X(certificate_wrong, "certificate-wrong", ERROR, MEND, \
		"a certificate is unreadable, from another CA, or for other names") \
	X(certificate_expired, "certificate-expired", ERROR, MEND, "a certificate has expired") \
	X(certificate_expiring, "certificate-expiring", WARNING, MEND, "a certificate ends within pki.warn-days") \
	X(key_mismatch, "key-mismatch", ERROR, MEND, \
		"a private key does not match its certificate") \
	X(pki_differs, "pki-differs", ERROR, MEND, "CAs or service-account keys differ between control planes") \
	X(ca_key_on_host, "ca-key-on-host", WARNING, TOLD, \
		"pki.ca-keys is operator, and a control plane has the key of a CA, or a copy of it") \
	X(requests_waiting, "requests-waiting", WARNING, TOLD, \
		"kubelets wait for certificates that nobody has signed") \
	X(manifest_lost, "manifest-lost", ERROR, MEND, "a static Pod's manifest is missing") \
	X(manifest_broken, "manifest-broken", ERROR, MEND, "a static Pod's manifest is unreadable") \
	X(manifest_changed, "manifest-changed", WARNING, TOLD, \
		"a static Pod's manifest was changed after kubeadm made it") \
	X(static_pod_down, "static-pod-down", ERROR, MEND, "a control plane's static Pod is not running") \
	X(api_not_ready, "api-not-ready", ERROR, TOLD, "an API server runs but is not ready") \
	X(cannot_look, "cannot-look", ERROR, TOLD, \
		"an API server or etcd cannot be asked from here, but may be healthy") \
	X(quorum_lost, "quorum-lost", ERROR, TOLD, "too few etcd members are healthy: nothing can be written") \
	X(member_down, "member-down", ERROR, TOLD, "an etcd member does not answer") \
	X(member_missing, "member-missing", ERROR, TOLD, "a control plane has no etcd member") \
	X(member_stale, "member-stale", ERROR, MEMBER, \
		"an etcd member without a control plane, or a second one of the same") \
	X(learner_stuck, "learner-stuck", ERROR, MEMBER, "an etcd member stayed a learner, or never started") \
	X(snapshot_failed, "snapshot-failed", WARNING, TOLD, "the last scheduled snapshot of etcd failed") \
	X(snapshot_overdue, "snapshot-overdue", WARNING, TOLD, \
		"a control plane has taken no snapshot of etcd for three periods") \
	X(vip_unheld, "vip-unheld", ERROR, MEND, "no control plane holds the virtual IP") \
	X(vip_held_twice, "vip-held-twice", ERROR, MEND, "two control planes hold the virtual IP") \
	X(node_missing, "node-missing", ERROR, MEND, "an installed host has no Node in the cluster") \
	X(node_address, "node-address", ERROR, MEND, "a Node's address differs from the inventory") \
	X(node_not_ready, "node-not-ready", ERROR, TOLD, "a Node is not Ready") \
	X(node_cordoned, "node-cordoned", WARNING, TOLD, "a Node is cordoned") \
	X(disk_pressure, "disk-pressure", ERROR, TOLD, "a Node has DiskPressure: its kubelet evicts Pods") \
	X(memory_pressure, "memory-pressure", ERROR, TOLD, "a Node has MemoryPressure: its kubelet evicts Pods") \
	X(pid_pressure, "pid-pressure", ERROR, TOLD, "a Node has PIDPressure: it runs too many processes") \
	X(network_unavailable, "network-unavailable", ERROR, TOLD, \
		"a Node has NetworkUnavailable: the pod network has not set it up") \
	X(node_tainted, "node-tainted", WARNING, TOLD, "a taint that is not in the inventory keeps Pods away") \
	X(cni_leftover, "cni-leftover", ERROR, MEND, \
		"a foreign file in /etc/cni/net.d sorts before the pod network's own") \
	X(pods_other_network, "pods-other-network", ERROR, MEND, \
		"Pods have an address from a network that was moved aside") \
	X(pod_not_ready, "pod-not-ready", ERROR, TOLD, "a Pod of kube-system is not Ready") \
	X(dns_down, "dns-down", ERROR, TOLD, "no Pod of the cluster's DNS is Ready") \
	X(kubelet_unreachable, "kubelet-unreachable", ERROR, TOLD, "the API server cannot reach a kubelet") \
	X(not_looked_at, "not-looked-at", WARNING, TOLD, "something could not be looked at")

/* What preflight finds that also breaks a living cluster: X(function, name, remedy, summary). */
#define HEALTH_OF_PREFLIGHT(X) \
	X(read_only_root, "read-only-root", TOLD, "a folder that kubewright writes to is read-only") \
	X(package_manager_broken, "package-manager-broken", APPLY, "dpkg was interrupted") \
	X(disk_space, "disk-space", TOLD, "little free space in /var/lib, etcd's folder or /etc") \
	X(inode_low, "inode-low", TOLD, "few free inodes in /var/lib") \
	X(swap_on, "swap-on", APPLY, "swap is on") \
	X(clock_skew, "clock-skew", TOLD, "the clock is off") \
	X(name_unresolved, "name-unresolved", APPLY, "the Node's name does not resolve to its address") \
	X(address_missing, "address-missing", TOLD, "the inventory's address is on no interface") \
	X(other_cluster, "other-cluster", TOLD, "kubewright installed the host for another cluster") \
	X(other_name, "other-name", TOLD, "the host was installed under another name") \
	X(ca_mismatch, "ca-mismatch", TOLD, "the hosts' cluster CAs differ")

/* What only the plan's own checks can show; the command line adds it. */
#define HEALTH_OF_PLAN(X) \
	X("drift", WARNING, APPLY, \
		"a file, kernel setting, module, package, unit or label differs from what apply sets up")

struct health_scope {
	struct finding_scope s; /* first: what finding_add wants */
	const struct health_view *v;
	bool installed; /* kubeadm's init or join ended well here */
};
#define HEALTH_PROTOTYPE(function, name, level, remedy, summary) void health_##function(const struct health_scope *h);
HEALTH(HEALTH_PROTOTYPE)
#undef HEALTH_PROTOTYPE

/* What repair does: words of steps/host/mend.sh; of HEALTH_MEMBER the member's id. */
void health_act(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * The line of a log that says most about why its program ended: the last fatal one, else the last error, else the last
 * that is not part of a stack dump. "": none.
 */
void health_last_words(const char *text, char *out, size_t size);
/* What is known of a log.NAME fact, or its last words: into why and remedy, when there is something. */
void health_explain(const struct health_scope *h, struct finding *f, const char *name);
/* "up" and "down" of a static Pod; NULL: not asked about. */
const char *health_pod(const struct health_scope *h, const char *name);
/* Whether systemd says "active". False also when the probe did not ask about the unit. */
bool health_unit_up(const struct health_scope *h, const char *unit);
/* By the inventory, whatever runs there. */
bool health_control_plane(const struct health_scope *h);

/* health_kubelet.c: the kubelet's own certificates, of any host; as certificate-expired, -expiring and -wrong. */
void health_kubelet_ends(const struct health_scope *h, int from, int to, enum finding_level level);
void health_kubelet_wrong(const struct health_scope *h);
/* Whether its client certificate's time is over; false when there is none that can be read. */
bool health_kubelet_expired(const struct health_scope *h);

#endif
