/* Health of the certificates that a kubelet has: it renews them itself, until it cannot any more. */
#include "cluster/health_private.h"

#include "base/error.h"
#include "cluster/certs.h"
#include "pki/pki.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define KUBELET "/var/lib/kubelet/pki/"

static const struct {
	const char *word, *path, *what, *why, *remedy, *act;
	bool optional; /* nothing stops without it */
} own[] = {
	{ "kubelet_cert", KUBELET "kubelet-client-current.pem", "client",
		"the API server refuses the kubelet, which then does not start: the Node becomes NotReady",
		"repair makes a new kubelet.conf with the cluster's CA; the kubelet asks for a new certificate with it",
		"kubelet-conf", false },
	{ "cert." KUBELET "kubelet-server-current.pem", KUBELET "kubelet-server-current.pem", "serving",
		"clients that verify the kubelet's certificate refuse it: logs, exec and metrics of this host fail",
		"repair removes it, and the kubelet requests another; 'kubectl get csr' shows whether it must be approved",
		"kubelet-serving", false },
	{ "cert." KUBELET "kubelet.crt", KUBELET "kubelet.crt", "serving",
		"the kubelet signed it itself and does not renew it; clients that check its dates refuse this host's metrics",
		"repair removes it, and the kubelet makes another when it starts", "kubelet-serving", true },
};
#define OWN (sizeof(own) / sizeof(own[0]))

/* Whether it should have been renewed by now: a kubelet does that when 10 to 30 of 100 parts of its time are left. */
static bool overdue(const char *pem, int64_t now_s)
{
	struct pki_cert_info info;

	return pki_cert_info(pem, strlen(pem), &info, NULL) == 0 && certs_overdue(&info, now_s);
}

static struct finding *add(const struct health_scope *h, size_t i, enum finding_level level, const char *end)
{
	struct finding *f =
		finding_add(&h->s, level, "the kubelet's %s certificate in %s %s", own[i].what, own[i].path, end);

	finding_why(f, "%s", own[i].why);
	finding_remedy(f, "%s", own[i].remedy);
	health_act(f, "%s", own[i].act);
	return f;
}

void health_kubelet_ends(const struct health_scope *h, int from, int to, enum finding_level level)
{
	for (size_t i = 0; h->installed && i < OWN; i++) {
		const char *pem = cluster_fact(h->s.h, own[i].word);
		int days = health_days_left(pem, h->v->now_s);
		char end[64] = "has expired";

		if (days == INT_MIN || days < from || days >= to || (days >= 0 && !overdue(pem, h->v->now_s)))
			continue;
		if (days >= 0)
			snprintf(end, sizeof(end), "ends in %d day%s and was not renewed", days, days == 1 ? "" : "s");
		add(h, i, own[i].optional ? FINDING_WARNING : level, end);
	}
}

bool health_kubelet_expired(const struct health_scope *h)
{
	int days = health_days_left(cluster_fact(h->s.h, "kubelet_cert"), h->v->now_s);

	return days != INT_MIN && days < 0;
}

void health_kubelet_wrong(const struct health_scope *h)
{
	const char *pem = cluster_fact(h->s.h, "kubelet_cert");
	struct error err = { 0 };

	/* that there is none that can be read, or no more time left, is said elsewhere */
	if (!h->installed || !h->v->ca || health_days_left(pem, h->v->now_s) < 0 ||
		pki_cert_verify(pem, strlen(pem), h->v->ca, false, NULL, 0, &err) == 0)
		return;
	finding_why(add(h, 0, FINDING_ERROR, "is not signed by the cluster's CA"), "%s", err.what);
}
