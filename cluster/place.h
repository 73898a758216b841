/* Where the parts of a control plane are: the API server and etcd on the network, the static Pods on the host. */
#ifndef CLUSTER_PLACE_H
#define CLUSTER_PLACE_H

#include <stdbool.h>
#include <stddef.h>

struct cluster_host;

enum { PLACE_API_PORT = 6443, PLACE_ETCD_PORT = 2379, PLACE_KUBELET_PORT = 10250 };
/* Something that is asked over TLS, and whose CA it has: etcd's, else the cluster's. Both are lent. */
struct place {
	const char *address;
	const char *name; /* that its certificate must have */
	int port;
	bool etcd;
};
/*
 * A control plane's API server, and its etcd member. NULL: the address they have on their own host, which certificates
 * of API servers that kubeadm made do not have: they all have the name "kubernetes".
 */
struct place place_api(const char *address);
struct place place_etcd(const char *address);
/* A host's kubelet. */
struct place place_kubelet(const char *address);
/* Whether the static Pod of this port has its manifest on the host and something listens there, as the probe saw it. */
bool place_runs(const struct cluster_host *h, int port);
/* Notes in the facts that the API server and etcd came up since the probe. */
void place_note_up(struct cluster_host *h);

/* The static Pods of a control plane. The scripts have their names and ports in lib.sh (kw_statics). */
struct static_pod {
	const char *name, *manifest;
	int port;         /* of its health or its service, on the host */
	const char *have; /* the word for its manifest in the fact "have" */
};
#define STATIC_PODS 4
extern const struct static_pod static_pods[STATIC_PODS];

#endif
