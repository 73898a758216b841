/*
 * The cluster's CA is rotated: since when Pods have both stands in the ConfigMap kubewright, where every machine finds it, and by it goes which of them may still trust
 * the earlier one alone, before that is forgotten.
 */
#include "steps/rotate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/settings.h"

#include <stdio.h>
#include <string.h>

/* Also of those that are Pending: a container that comes before the others may run for days. */
#define PODS "/api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed"
#define HOOKS "/apis/admissionregistration.k8s.io/v1/"

/* ---- who trusts the earlier one alone -------------------------------------------------------------------------------- */

struct asked {
	const struct world *w;
	struct trusting seen;
	const char *kind; /* of what is listed, for people */
};

static void add_pods(void *ctx, const struct json *page)
{
	struct asked *a = ctx;

	trusting_add_pods(&a->seen, page);
}

static void add_bundles(void *ctx, const struct json *page)
{
	struct asked *a = ctx;

	trusting_add_bundles(&a->seen, a->w->pki.store, a->kind, page);
}

static int ask(struct net_client *c, void *ctx, struct error *err)
{
	static const struct {
		const char *kind, *list;
	} lists[] = {
		{ "ValidatingWebhookConfiguration", HOOKS "validatingwebhookconfigurations?" },
		{ "MutatingWebhookConfiguration", HOOKS "mutatingwebhookconfigurations?" },
		{ "APIService", "/apis/apiregistration.k8s.io/v1/apiservices?" },
		{ "CustomResourceDefinition", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?" },
	};
	struct asked *a = ctx;

	if (world_each_page(c, PODS, NULL, add_pods, a, err))
		return error_wrap(err, "Pods");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		a->kind = lists[i].kind;
		if (world_each_page(c, lists[i].list, NULL, add_bundles, a, err))
			return error_wrap(err, "%ss", lists[i].kind);
	}
	return 0;
}

int trusting_ask(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct asked a = { .w = w, .seen = { .since_s = trusting_since(w->seen.cluster.own_config, w->pki.store) } };
	int rc;

	if (!a.seen.since_s || pki_store_phase(w->pki.store, PKI_ISSUER_CLUSTER) != PKI_PHASE_REISSUED)
		return 0;
	rc = world_api(t, ask, &a, err);
	a.seen.asked = rc == 0;
	if (rc)
		snprintf(a.seen.unknown, sizeof(a.seen.unknown), "%.199s", err->what);
	task_lock(t);
	w->seen.trusting = a.seen;
	task_unlock(t);
	return rc;
}

/* ---- what no rotation reaches ------------------------------------------------------------------------------------------ */

static bool elsewhere(const struct world *w, char *what, size_t size)
{
	static const struct rotate_argument arguments[] = {
		{ "apiServer.extraArgs", "kube-apiserver", "client-ca-file", "/etc/kubernetes/pki/ca.crt" },
		{ "apiServer.extraArgs", "kube-apiserver", "kubelet-certificate-authority",
			"/etc/kubernetes/pki/ca.crt" },
		{ "apiServer.extraArgs", "kube-apiserver", "tls-cert-file", "/etc/kubernetes/pki/apiserver.crt" },
		{ "controllerManager.extraArgs", "kube-controller-manager", "client-ca-file",
			"/etc/kubernetes/pki/ca.crt" },
		{ "controllerManager.extraArgs", "kube-controller-manager", "root-ca-file",
			"/etc/kubernetes/pki/ca.crt" },
		{ "controllerManager.extraArgs", "kube-controller-manager", "cluster-signing-key-file",
			"/etc/kubernetes/pki/ca.key" },
		{ "controllerManager.extraArgs", "kube-controller-manager", SIGNING_ARGUMENT,
			"/etc/kubernetes/pki/ca.crt" },
	};
	struct json *config = kubeadm_living_config(w);
	bool found = rotate_elsewhere(config, arguments, sizeof(arguments) / sizeof(arguments[0]), what, size);

	json_free(config);
	return found;
}

/* A kubelet that asks a control plane for what it serves with does so when that runs out. */
static bool serves_earlier(const struct world *w, const struct certs_host *h)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct certs_file *f = &h->files[i];

		if (strcmp(f->path, "/var/lib/kubelet/pki/kubelet-server-current.pem") == 0 && f->count &&
			pki_signed_here(w->pki.store, PKI_ISSUER_CLUSTER, f->pem, strlen(f->pem), NULL) == 0 &&
			!pki_signed_now(w->pki.store, PKI_ISSUER_CLUSTER, f->pem, strlen(f->pem)))
			return true;
	}
	return false;
}

static void see_kubelets(const struct world *w, struct rotate_state *out)
{
	for (size_t i = 0; i < w->wish.inventory->host_count && !out->breaks[0]; i++) {
		const char *name = w->wish.inventory->hosts[i].name;

		if (!serves_earlier(w, &w->seen.certs[i]))
			continue;
		snprintf(out->breaks, sizeof(out->breaks),
			"the kubelet of %s serves with a certificate that it has signed", name);
		snprintf(out->breaks_hint, sizeof(out->breaks_hint),
			"remove /var/lib/kubelet/pki/kubelet-server-current.pem there and restart the kubelet; 'kubewright certs sign' signs its request");
	}
}

void trusting_see(const struct world *w, struct rotate_state *out)
{
	char what[100];

	if (out->phase == PKI_PHASE_REISSUED && !out->due) {
		trusting_breaks(&w->seen.trusting, out->breaks, sizeof(out->breaks), out->breaks_hint,
			sizeof(out->breaks_hint));
		see_kubelets(w, out);
	}
	if (out->phase != PKI_PHASE_ONE || out->due || !elsewhere(w, what, sizeof(what)))
		return;
	snprintf(out->breaks, sizeof(out->breaks),
		"the cluster's configuration gives %s a file of its own, which kubewright does not change", what);
	snprintf(out->breaks_hint, sizeof(out->breaks_hint),
		"take the argument out of kubeadm.extra and of the ConfigMap kubeadm-config; a CA elsewhere is rotated by hand");
}

/* ---- since when Pods have both ---------------------------------------------------------------------------------- */

bool trusting_unnoted(const struct world *w)
{
	const struct json *own = w->seen.cluster.own_config;
	enum pki_phase phase = pki_store_phase(w->pki.store, PKI_ISSUER_CLUSTER);

	return w->seen.cluster.exists && phase != PKI_PHASE_ONE &&
	       (!trusting_since(own, w->pki.store) ||
		       (phase == PKI_PHASE_REISSUED && !trusting_signs(own, w->pki.store)));
}

int trusting_note(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct json *j = json_object();
	/* as the control plane has it, whose clock the times of objects are of */
	int64_t now_ms = clock_wall_ms() + world_facts(t)->clock_offset_ms;
	int64_t since_s = trusting_since(w->seen.cluster.own_config, w->pki.store);
	char sum[65], when[32];

	trusting_new(w->pki.store, sum);
	json_set_str(j, "ca", sum);
	/* a kubelet brings it to Pods within two minutes */
	clock_rfc3339(since_s ? since_s * 1000 : now_ms + 120000, when, sizeof(when));
	json_set_str(j, "since", when);
	clock_rfc3339(now_ms, when, sizeof(when));
	if (pki_store_phase(w->pki.store, PKI_ISSUER_CLUSTER) == PKI_PHASE_REISSUED)
		json_set_str(j, "signs", when);
	return settings_note_here(t, TRUSTING_NOTE, j, err);
}
