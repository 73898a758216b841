/* Where the parts of a control plane are. */
#include "cluster/place.h"

#include "cluster/cluster.h"

#include <stdio.h>

#define HERE "127.0.0.1"
#define MANIFESTS "/etc/kubernetes/manifests/"

const struct static_pod static_pods[STATIC_PODS] = {
	{ "etcd", MANIFESTS "etcd.yaml", PLACE_ETCD_PORT, "etcd-manifest" },
	{ "kube-apiserver", MANIFESTS "kube-apiserver.yaml", PLACE_API_PORT, "apiserver-manifest" },
	{ "kube-controller-manager", MANIFESTS "kube-controller-manager.yaml", 10257, "cm-manifest" },
	{ "kube-scheduler", MANIFESTS "kube-scheduler.yaml", 10259, "scheduler-manifest" },
};

struct place place_api(const char *address)
{
	return (struct place){ address ? address : HERE, address ? address : "kubernetes", PLACE_API_PORT, false };
}

struct place place_etcd(const char *address)
{
	return (struct place){ address ? address : HERE, address ? address : HERE, PLACE_ETCD_PORT, true };
}

struct place place_kubelet(const char *address)
{
	return (struct place){ address, address, PLACE_KUBELET_PORT, false };
}

bool place_runs(const struct cluster_host *h, int port)
{
	char text[8];

	snprintf(text, sizeof(text), "%d", port);
	for (size_t i = 0; i < STATIC_PODS; i++)
		if (static_pods[i].port == port && !cluster_fact_has(h, "have", static_pods[i].have))
			return false;
	return cluster_fact_has(h, "listen", text);
}

void place_note_up(struct cluster_host *h)
{
	char text[24];

	snprintf(text, sizeof(text), "%d %d", PLACE_ETCD_PORT, PLACE_API_PORT);
	cluster_set(h, "listen", text);
}
