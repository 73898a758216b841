/*
 * Internal to cluster: the table of what stops an adoption (STOP), and of what is to be known about it (NOTE). One
 * small pure function adopt_NAME in findings_adopt_*.c each, which adds what it has seen.
 */
#ifndef CLUSTER_FINDINGS_ADOPT_H
#define CLUSTER_FINDINGS_ADOPT_H

#include "cluster/adopt.h"
#include "cluster/findings.h"

#define STOP FINDING_ERROR
#define NOTE FINDING_WARNING

/* X(function, name, level, summary): of the cluster as a whole. */
#define ADOPT_OF_CLUSTER(X) \
	X(version, "version-unsupported", STOP, "kubewright does not know this version of Kubernetes") \
	X(servers, "api-servers-differ", STOP, "API servers are of different versions: an upgrade is not finished") \
	X(external_etcd, "external-etcd", STOP, "etcd is not run by kubeadm on the control planes") \
	X(no_endpoint, "endpoint-missing", STOP, "several control planes without a common endpoint") \
	X(families, "address-family", STOP, "IPv6, or two address families") \
	X(pki_folder, "pki-elsewhere", STOP, "the PKI is not below /etc/kubernetes/pki") \
	X(cas, "ca-differs", STOP, "control planes have different CAs or service-account keys") \
	X(external_ca, "external-ca", STOP, "no control plane has the keys of the cluster's CAs") \
	X(own_endpoint, "endpoint-own-address", NOTE, "the one control plane's address is the endpoint") \
	X(endpoint_held, "endpoint-left-alone", NOTE, "the endpoint is kept by others") \
	X(managers, "managed-by-others", NOTE, "another manager has marked the Nodes") \
	X(etcd_unseen, "etcd-unseen", NOTE, "etcd's members could not be asked for") \
	X(etcd_members, "etcd-members-differ", NOTE, "etcd's members are not the control planes") \
	X(etcd_health, "etcd-member-down", NOTE, "an etcd member does not answer, or is a learner") \
	X(etcd_alarms, "etcd-alarm", NOTE, "etcd has raised an alarm") \
	X(network, "pod-network-left-alone", NOTE, "the pod network stays unchanged") \
	X(serving, "kubelets-not-verified", NOTE, "kubelets ask for serving certificates that no API server verifies")

/* Of each host that was looked at. */
#define ADOPT_OF_HOST(X) \
	X(runtime, "runtime-other", STOP, "the container runtime is not containerd") \
	X(port, "api-port", STOP, "the API server listens on another port than 6443") \
	X(ca_unknown, "ca-unknown", STOP, "certificates are not signed by the CA beside them") \
	X(role, "role-differs", NOTE, "the Node's label and the host's static Pods disagree") \
	X(by_hand, "flags-by-hand", NOTE, "a static Pod has other flags than kubeadm-config gives it") \
	X(unreadable, "manifest-unreadable", NOTE, "a static Pod's manifest cannot be read") \
	X(data_folder, "etcd-data-elsewhere", NOTE, "etcd's data is not in /var/lib/etcd") \
	X(kubelet, "kubelet-elsewhere", NOTE, "the kubelet reads other files than kubeadm's") \
	X(balancer, "local-balancer", NOTE, "the kubelet asks a balancer on its own host") \
	X(renewers, "renewed-by-others", NOTE, "another tool renews the certificates") \
	X(packages, "not-packaged", NOTE, "the kubelet was not installed from a package") \
	X(recorded, "recorded", NOTE, "kubewright has worked on this host before")

/* Of each that was not. */
#define ADOPT_OF_UNSEEN(X) X(unseen, "host-unreachable", NOTE, "a host could not be looked at")

struct adopt_scope {
	struct finding_scope s; /* first; of the cluster: without a host */
	const struct adopt_view *v;
	const struct adopt_host *a;
	const struct json *config; /* ClusterConfiguration; NULL: none that can be read */
	const struct quorum_view *etcd;
	const struct space_alarms *alarms;
};
#define ADOPT_PROTOTYPE(function, name, level, summary) void adopt_##function(const struct adopt_scope *s);
ADOPT_OF_CLUSTER(ADOPT_PROTOTYPE)
ADOPT_OF_HOST(ADOPT_PROTOTYPE)
ADOPT_OF_UNSEEN(ADOPT_PROTOTYPE)
#undef ADOPT_PROTOTYPE

#endif
