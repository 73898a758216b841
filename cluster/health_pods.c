/* Health of a control plane's static Pods and their manifests. */
#include "cluster/health_private.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool applies(const struct health_scope *h)
{
	return h->installed && health_control_plane(h);
}

static const char *kept(const struct health_scope *h, size_t i)
{
	return cluster_factf(h->s.h, "kept.%s", static_pods[i].manifest);
}

static bool down(const struct health_scope *h, size_t i)
{
	const char *pod = health_pod(h, static_pods[i].name);

	return pod && strcmp(pod, "down") == 0;
}

static void manifest(const struct health_scope *h, const char *state, const char *what)
{
	for (size_t i = 0; applies(h) && i < STATIC_PODS; i++) {
		struct finding *f;

		if (strcmp(kept(h, i), state) != 0)
			continue;
		f = finding_add(&h->s, FINDING_ERROR, "%s %s", static_pods[i].manifest, what);
		finding_why(f, "the kubelet does not run %s without it%s", static_pods[i].name,
			down(h, i) ? "" : "; what runs now stops at the next change or restart");
		finding_remedy(f, "repair puts it back as kubeadm made it");
		health_act(f, "kept %s", static_pods[i].manifest);
	}
}

void health_manifest_lost(const struct health_scope *h)
{
	manifest(h, "absent", "is gone");
}

void health_manifest_broken(const struct health_scope *h)
{
	manifest(h, "broken", "is not a valid Pod manifest");
}

void health_manifest_changed(const struct health_scope *h)
{
	for (size_t i = 0; applies(h) && i < STATIC_PODS; i++) {
		struct finding *f;

		if (strcmp(kept(h, i), "changed") != 0 || down(h, i))
			continue;
		f = finding_add(
			&h->s, FINDING_WARNING, "%s was changed after kubeadm made it", static_pods[i].manifest);
		finding_why(f, "the next kubeadm upgrade, or a rejoin, writes it without the change");
		finding_remedy(f,
			"if it was intended, put it in kubeadm.extra of the inventory too; the original is "
			"/var/lib/kubewright/kept%s on the host",
			static_pods[i].manifest);
	}
}

void health_static_pod_down(const struct health_scope *h)
{
	for (size_t i = 0; applies(h) && i < STATIC_PODS; i++) {
		const char *name = static_pods[i].name, *state = kept(h, i);
		const char *pod = cluster_factf(h->s.h, "pod.%s", name);
		int attempts = str_starts(pod, "down ") ? atoi(pod + strlen("down ")) : 0;
		struct finding *f;

		/* it is down because of what other findings say */
		if (!down(h, i) || strcmp(state, "absent") == 0 || strcmp(state, "broken") == 0 ||
			!health_unit_up(h, "kubelet") || !health_unit_up(h, "containerd"))
			continue;
		f = finding_add(&h->s, FINDING_ERROR, "%s is not running; its container was started %d time%s", name,
			attempts, attempts == 1 ? "" : "s");
		finding_why(f, "nothing listens on its port");
		if (strcmp(state, "changed") == 0) {
			finding_remedy(f, "its manifest was changed after kubeadm made it; repair restores it");
			health_act(f, "kept %s", static_pods[i].manifest);
		} else {
			finding_remedy(f, "repair restarts the kubelet, which starts it");
			health_act(f, "restart kubelet");
		}
		health_explain(h, f, name);
	}
}

void health_api_not_ready(const struct health_scope *h)
{
	const char *pod = health_pod(h, "kube-apiserver");
	struct finding *f;

	if (!applies(h) || !pod || strcmp(pod, "up") != 0 || h->s.h->api_ready != CLUSTER_NO)
		return;
	f = finding_add(&h->s, FINDING_ERROR, "the API server of this control plane is not ready");
	finding_why(f, "it cannot reach etcd, or is still starting; it does not get the virtual IP");
	finding_remedy(f, "see the findings about etcd first, then 'kubewright logs %s'", h->s.host->name);
}

void health_cannot_look(const struct health_scope *h)
{
	struct finding *f;

	if (!health_control_plane(h) || !*h->s.h->unseen)
		return;
	f = finding_add(&h->s, FINDING_ERROR, "%s", h->s.h->unseen);
	finding_why(f, "the state of its API server and its etcd is unknown, and so is the cluster as seen from here");
	finding_remedy(f, "%s", h->s.h->unseen_hint);
}
