/* Health of what every Pod needs: the Pods of kube-system, DNS, and the way from the API server to each kubelet. */
#include "cluster/health_private.h"

#include "cluster/signatures.h"

#include <stdio.h>
#include <string.h>

#define TOLD 4 /* Pods of a host that are named one by one */

/* By the clock of the cluster: that of the control plane which was asked. */
static int64_t now_of(const struct health_view *v)
{
	int lead = v->state->lead;

	return v->now_s + (lead >= 0 ? v->hosts[lead].clock_offset_ms / 1000 : 0);
}

static bool settles(const struct health_view *v, const struct cluster_pod *p)
{
	return now_of(v) - p->since_s < CLUSTER_POD_SETTLES_S;
}

/* What belongs to no host that is looked at is reported at the one that was asked. */
static bool speaks_for_cluster(const struct health_scope *h)
{
	return h->v->state->exists && h->v->state->lead == h->s.index;
}

static const struct inventory_host *host_named(const struct health_scope *h, const char *name)
{
	return *name ? inventory_find(h->s.inv, name) : NULL;
}

/* Of a Pod of a Node that is not Ready nothing is known but that; a static Pod that is down has a finding of its own. */
static bool told_elsewhere(const struct health_scope *h, const struct cluster_pod *p)
{
	const struct cluster_node *n = cluster_find_node(h->v->state, p->node);

	if (n && !n->ready)
		return true;
	for (size_t i = 0; p->mirror && i < STATIC_PODS; i++) {
		const char *state = health_pod(h, static_pods[i].name);

		if (strncmp(p->name, static_pods[i].name, strlen(static_pods[i].name)) == 0 && state &&
			strcmp(state, "down") == 0)
			return true;
	}
	return false;
}

/* Nothing is where it should be as long as no Node has a network. */
static bool network_awaited(const struct health_scope *h)
{
	for (size_t i = 0; i < h->v->state->node_count; i++)
		if (h->v->state->nodes[i].ready)
			return false;
	return true;
}

static void age(int64_t s, char *out, size_t size)
{
	if (s < 120)
		snprintf(out, size, "%d s", (int)s);
	else if (s < 7200)
		snprintf(out, size, "%d min", (int)(s / 60));
	else if (s < 172800)
		snprintf(out, size, "%d h", (int)(s / 3600));
	else
		snprintf(out, size, "%d days", (int)(s / 86400));
}

static void add_pod(const struct health_scope *h, const struct cluster_pod *p)
{
	struct signature_source source = { "kubelet", p->event, strlen(p->event) };
	struct signature_hit hit;
	char since[24];
	struct finding *f;

	age(now_of(h->v) - p->since_s, since, sizeof(since));
	f = finding_add(&h->s, FINDING_ERROR, "kube-system/%s is not Ready for %s: %s%s%s", p->name, since, p->reason,
		p->event[0] ? "; " : "", p->event);
	if (host_named(h, p->node) == NULL && p->node[0])
		finding_why(f, "it is on the Node %s, which is not in the inventory", p->node);
	else
		finding_why(f, "%s",
			p->dns     ? "it resolves the names of Services"
			: p->proxy ? "Pods of this host reach Services through it"
				   : "it is part of the cluster itself");
	finding_remedy(f, "'kubectl -n kube-system describe pod %s' and 'kubectl -n kube-system logs %s' show more",
		p->name, p->name);
	if (p->event[0] && signatures_match(&source, 1, &hit, 1)) {
		finding_why(f, "%s", hit.cause);
		finding_remedy(f, "%s", hit.remedy);
	}
}

void health_pod_not_ready(const struct health_scope *h)
{
	const struct cluster_pods *pods = &h->v->state->pods;
	unsigned n = 0;

	if (!h->v->state->exists || network_awaited(h))
		return;
	for (size_t i = 0; i < pods->count; i++) {
		const struct cluster_pod *p = &pods->list[i];
		const struct inventory_host *host = host_named(h, p->node);
		bool here = host ? host == h->s.host : speaks_for_cluster(h);

		if (!here || settles(h->v, p) || told_elsewhere(h, p))
			continue;
		if (n++ < TOLD)
			add_pod(h, p);
	}
	if (n > TOLD || (pods->more && speaks_for_cluster(h))) {
		struct finding *f = finding_add(&h->s, FINDING_ERROR, "%zu more Pods of kube-system are not Ready",
			(n > TOLD ? n - TOLD : 0) + (speaks_for_cluster(h) ? pods->more : 0));

		finding_why(f, "they are part of the cluster itself");
		finding_remedy(f, "'kubectl -n kube-system get pods -o wide' shows them");
	}
}

void health_dns_down(const struct health_scope *h)
{
	const struct cluster_pods *pods = &h->v->state->pods;
	struct finding *f;

	if (!speaks_for_cluster(h) || pods->dns != DNS_SILENT || network_awaited(h))
		return;
	for (size_t i = 0; i < pods->count; i++)
		if (pods->list[i].dns && settles(h->v, &pods->list[i]))
			return;
	f = finding_add(&h->s, FINDING_ERROR, "no Pod behind the Service kube-system/kube-dns is Ready");
	finding_why(f, "Pods cannot resolve any name: of Services, other Pods or the outside");
	finding_remedy(f,
		"the findings about its Pods show why; 'kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide' shows them");
}

/* A kubelet that has just been started runs and does not listen yet; one that does not run has a finding of its own. */
static bool listens(const struct health_view *v, size_t host)
{
	return place_runs(&v->hosts[host], PLACE_KUBELET_PORT);
}

void health_kubelet_unreachable(const struct health_scope *h)
{
	const struct cluster_node *n = h->v->state->exists ? cluster_find_node(h->v->state, h->s.host->name) : NULL;
	const char *rules = cluster_fact(h->s.h, "firewall");
	bool firewalld = cluster_fact_is(h->s.h, "unit.firewalld", "active");
	struct finding *f;

	if (!n || n->way != WAY_BROKEN || !health_unit_up(h, "kubelet") || !listens(h->v, (size_t)h->s.index))
		return;
	f = finding_add(&h->s, FINDING_ERROR, "the API server cannot reach the kubelet at %s, port 10250: %s",
		n->address, n->way_said);
	if (*rules || firewalld)
		finding_why(f,
			"logs, exec and metrics of this host's Pods hang; a packet filter is active here: %.*s%s",
			(int)(*rules ? strcspn(rules, "\n") : 9), *rules ? rules : "firewalld",
			strchr(rules, '\n') ? ", and more" : "");
	else
		finding_why(f,
			"logs, exec and metrics of this host's Pods hang; no packet filter was seen on the host itself");
	finding_remedy(f, "allow TCP 10250 from the control planes, on this host and between the networks");
}

void health_not_looked_at(const struct health_scope *h)
{
	struct finding *f;

	if (!speaks_for_cluster(h) || !h->v->state->pods.unknown[0])
		return;
	f = finding_add(&h->s, FINDING_WARNING, "could not look at %s", h->v->state->pods.unknown);
	finding_why(f, "its state is unknown");
	finding_remedy(f, "run this again; 'kubewright logs %s' shows what its API server says", h->s.host->name);
}

unsigned health_settling(const struct health_view *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->state->pods.count; i++)
		n += settles(v, &v->state->pods.list[i]);
	for (size_t i = 0; i < v->inv->host_count; i++) {
		const struct cluster_node *node =
			v->state->exists ? cluster_find_node(v->state, v->inv->hosts[i].name) : NULL;

		n += node && node->way == WAY_BROKEN && v->hosts[i].probed && !listens(v, i) &&
		     cluster_fact_is(&v->hosts[i], "unit.kubelet", "active");
	}
	return n;
}
