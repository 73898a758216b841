/*
 * Internal to cluster: the table of what may be in the way of an upgrade. One small pure function upgrade_NAME in
 * findings_upgrade_*.c each, which adds what it has seen; what preflight and health judge already is named only.
 */
#ifndef CLUSTER_FINDINGS_UPGRADE_H
#define CLUSTER_FINDINGS_UPGRADE_H

#include "cluster/health_private.h"
#include "cluster/upgrade.h"

/* What a row's findings count as, whatever their function says. */
enum upgrade_rule {
	UPGRADE_HARD,  /* as it says */
	/* a state that an interrupted upgrade leaves, and that of workers does not stop: then a warning */
	UPGRADE_STATE,
	UPGRADE_TELL,  /* a warning */
};

/* X(function, name, highest level, rule, kubeadm's name, summary): of the cluster as a whole. */
#define UPGRADE_OF_CLUSTER(X) \
	X(version_skipped, "version-skipped", ERROR, HARD, NULL, "the version skips a minor version") \
	X(version_older, "version-older", ERROR, HARD, NULL, "the version is older than what runs") \
	X(api_server_skew, "api-server-skew", ERROR, HARD, NULL, \
		"API servers are more than one minor version apart") \
	X(kubelet_skew, "kubelet-skew", ERROR, HARD, NULL, \
		"a kubelet is newer than an API server, or too old for the new one") \
	X(kube_proxy_skew, "kube-proxy-skew", ERROR, STATE, NULL, \
		"kube-proxy is newer than an API server, or too far from kubelets") \
	X(etcd_alarm, "etcd-alarm", ERROR, HARD, NULL, "etcd has raised an alarm") \
	X(etcd_quorum_fragile, "etcd-quorum-fragile", ERROR, STATE, NULL, \
		"etcd's quorum tolerates no member lost, and each restarts in an upgrade") \
	X(etcd_too_old, "etcd-too-old", ERROR, HARD, NULL, \
		"an etcd member is older than its upgrade can start from") \
	X(etcd_image_pinned, "etcd-image-pinned", ERROR, HARD, NULL, \
		"kubeadm-config pins etcd to a version that is too old") \
	X(etcd_flag_deprecated, "etcd-flag-deprecated", WARNING, TELL, NULL, \
		"kubeadm-config gives etcd a flag that its next version drops") \
	X(flag_removed, "flag-removed", ERROR, HARD, NULL, "a component is given a flag that the new version lacks") \
	X(feature_gate_removed, "feature-gate-removed", ERROR, HARD, NULL, \
		"a component is given a feature gate that the new version lacks") \
	X(api_removed, "api-removed", ERROR, HARD, NULL, "somebody uses an API that the new version removes") \
	X(crd_stored_version, "crd-stored-version", WARNING, TELL, NULL, \
		"a CustomResourceDefinition has stored a version that it does not serve") \
	X(webhook_without_endpoint, "webhook-without-endpoint", ERROR, STATE, NULL, \
		"a webhook with failurePolicy Fail has no endpoint") \
	X(api_service_unavailable, "api-service-unavailable", WARNING, TELL, NULL, "an APIService is not available") \
	X(eviction_forbidden, "eviction-forbidden", ERROR, STATE, NULL, \
		"a PodDisruptionBudget allows no eviction of a pod that must move") \
	X(pod_without_controller, "pod-without-controller", ERROR, HARD, NULL, \
		"a pod that must move has no controller") \
	X(pod_local_data, "pod-local-data", WARNING, TELL, NULL, "a pod that must move loses its emptyDir data") \
	X(api_server_pod_stale, "api-server-pod-stale", ERROR, STATE, NULL, \
		"an API server's Pod does not run, or its Node is gone") \
	X(api_server_images_differ, "api-server-images-differ", WARNING, TELL, NULL, \
		"API servers have images of different repositories") \
	X(coredns_plugin_unknown, "coredns-plugin-unknown", ERROR, HARD, "CoreDNSUnsupportedPlugins", \
		"the Corefile has a plugin that kubeadm cannot migrate") \
	X(not_looked_at, "not-looked-at", WARNING, TELL, NULL, "something could not be looked at")

/* Of each host that was looked at. */
#define UPGRADE_OF_HOST(X) \
	X(component_skew, "component-skew", ERROR, STATE, NULL, \
		"the controller manager or scheduler does not fit its API server") \
	X(etcd_copy_space, "etcd-copy-space", ERROR, HARD, NULL, \
		"there is no room for the copy of etcd's data that kubeadm makes") \
	X(swap, "swap-on", ERROR, HARD, "Swap", "swap is on") \
	X(cgroup, "cgroup-v1", ERROR, HARD, "SystemVerification", "cgroup v1, which this Kubernetes refuses")

/* Of each that was not, and should have been. */
#define UPGRADE_OF_UNSEEN(X) \
	X(host_unreachable, "host-unreachable", ERROR, HARD, NULL, "a host of the cluster could not be looked at")

/* Those of cluster/health_private.h, of each host: X(function, name, highest level, rule, kubeadm's name, summary). */
#define UPGRADE_OF_HEALTH(X) \
	X(containerd_down, "containerd-down", ERROR, STATE, NULL, "containerd does not run") \
	X(kubelet_down, "kubelet-down", ERROR, STATE, NULL, "the kubelet does not run") \
	X(certificate_lost, "certificate-lost", ERROR, HARD, NULL, \
		"a certificate, key or kubeconfig of a control plane is missing") \
	X(certificate_expired, "certificate-expired", ERROR, HARD, NULL, "a certificate has expired") \
	X(certificate_expiring, "certificate-expiring", WARNING, TELL, NULL, "a certificate ends soon: pki.warn-days") \
	X(manifest_lost, "manifest-lost", ERROR, STATE, NULL, "a static Pod's manifest is missing") \
	X(manifest_broken, "manifest-broken", ERROR, STATE, NULL, "a static Pod's manifest is unreadable") \
	X(manifest_changed, "manifest-changed", WARNING, TELL, NULL, \
		"a static Pod's manifest was changed after kubeadm made it") \
	X(kubelet_files_changed, "kubelet-config-changed", WARNING, TELL, NULL, \
		"the kubelet's configuration was changed after kubeadm made it") \
	X(static_pod_down, "static-pod-down", ERROR, STATE, NULL, "a control plane's static Pod is not running") \
	X(api_not_ready, "api-not-ready", ERROR, STATE, NULL, "an API server runs but is not ready") \
	X(cannot_look, "cannot-look", ERROR, HARD, NULL, \
		"an API server or etcd cannot be asked from here, but may be healthy") \
	X(quorum_lost, "quorum-lost", ERROR, STATE, NULL, "too few etcd members are healthy: nothing can be written") \
	X(member_down, "member-down", ERROR, STATE, NULL, "an etcd member does not answer") \
	X(member_missing, "member-missing", ERROR, STATE, NULL, "a control plane has no etcd member") \
	X(member_stale, "member-stale", ERROR, HARD, NULL, \
		"an etcd member without a control plane, or a second one of the same") \
	X(learner_stuck, "learner-stuck", ERROR, HARD, NULL, "an etcd member stayed a learner, or never started") \
	X(node_not_ready, "node-not-ready", ERROR, STATE, "ControlPlaneNodesReady", "a Node is not Ready") \
	X(disk_pressure, "disk-pressure", ERROR, STATE, NULL, \
		"a Node has DiskPressure: its kubelet evicts Pods") \
	X(pod_not_ready, "pod-not-ready", WARNING, TELL, NULL, "a Pod of kube-system is not Ready") \
	X(dns_down, "dns-down", WARNING, TELL, NULL, "no Pod of the cluster's DNS is Ready")

/* Those of cluster/findings.h, of each host, for the new version. */
#define UPGRADE_OF_PREFLIGHT(X) \
	X(read_only_root, "read-only-root", ERROR, HARD, NULL, "a folder that kubewright writes to is read-only") \
	X(package_manager_broken, "package-manager-broken", WARNING, TELL, NULL, "dpkg was interrupted") \
	X(package_sources_broken, "package-sources-broken", ERROR, HARD, NULL, "apt cannot read its package sources") \
	X(disk_space, "disk-space", ERROR, STATE, NULL, "little free space in /var/lib, etcd's folder or /etc") \
	X(inode_low, "inode-low", ERROR, STATE, NULL, "few free inodes in /var/lib") \
	X(clock_skew, "clock-skew", ERROR, HARD, NULL, "the clock is off") \
	X(runtime_too_old, "runtime-too-old", ERROR, HARD, NULL, "containerd is older than this Kubernetes needs")

struct upgrade_scope {
	struct health_scope h; /* first: h.s is first in it, what finding_add wants; of the cluster: without a host */
	const struct upgrade_view *u;
};
#define UPGRADE_PROTOTYPE(function, name, level, rule, kubeadm, summary) \
	void upgrade_##function(const struct upgrade_scope *s);
UPGRADE_OF_CLUSTER(UPGRADE_PROTOTYPE)
UPGRADE_OF_HOST(UPGRADE_PROTOTYPE)
UPGRADE_OF_UNSEEN(UPGRADE_PROTOTYPE)
#undef UPGRADE_PROTOTYPE

/* ---- findings_upgrade_versions.c ---- */

/* Whether the upgrade evicts the pods of a Node: its kubelet gets another minor version. */
bool upgrade_drains(const struct upgrade_scope *s, const char *node);
/* Whether the control planes get another minor version. */
bool upgrade_to_minor(const struct upgrade_scope *s);

#endif
