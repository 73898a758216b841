/* Health of what hosts have in common: the virtual IP, and Nodes. */
#include "cluster/health_private.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

static bool holds(const struct health_scope *h, size_t i)
{
	return h->s.inv->hosts[i].role == INVENTORY_CONTROL_PLANE && h->s.hosts[i].probed &&
	       cluster_fact_is(&h->s.hosts[i], "vip_held", "yes");
}

/* The first control plane whose API server is ready. */
static int first_ready(const struct health_scope *h)
{
	for (size_t i = 0; i < h->s.inv->host_count; i++)
		if (h->s.hosts[i].probed && h->s.hosts[i].api_ready == CLUSTER_YES)
			return (int)i;
	return -1;
}

void health_vip_unheld(const struct health_scope *h)
{
	struct finding *f;

	if (!h->s.inv->endpoint.vip || !h->installed || first_ready(h) != h->s.index)
		return;
	for (size_t i = 0; i < h->s.inv->host_count; i++)
		/* one that was not looked at may hold it */
		if (holds(h, i) || (h->s.inv->hosts[i].role == INVENTORY_CONTROL_PLANE && !h->s.hosts[i].probed))
			return;
	f = finding_add(&h->s, FINDING_ERROR, "no control plane holds the virtual IP %s", h->s.inv->endpoint.vip);
	finding_why(f, "kubelets and clients cannot reach any API server");
	finding_remedy(f, "repair restarts keepalived here");
	health_act(f, "vip-renew %s", h->s.inv->endpoint.vip);
}

void health_vip_held_twice(const struct health_scope *h)
{
	unsigned holders = 0;
	struct finding *f;

	if (!h->s.inv->endpoint.vip || !holds(h, (size_t)h->s.index))
		return;
	for (size_t i = 0; i < h->s.inv->host_count; i++)
		holders += holds(h, i);
	if (holders < 2)
		return;
	f = finding_add(
		&h->s, FINDING_ERROR, "%u control planes hold the virtual IP %s", holders, h->s.inv->endpoint.vip);
	finding_why(f,
		"each gets a part of the traffic; VRRP (IP protocol 112) between them is blocked, or the address was set by hand");
	finding_remedy(f, "repair removes the address and restarts keepalived on each of them, one after the other");
	health_act(f, "vip-renew %s", h->s.inv->endpoint.vip);
}

/* Whether the cluster was asked at all, and this host should have a Node. */
static const struct cluster_node *node_of(const struct health_scope *h, bool *expected)
{
	*expected = h->installed && h->v->state->exists;
	return *expected ? cluster_find_node(h->v->state, h->s.host->name) : NULL;
}

void health_node_missing(const struct health_scope *h)
{
	bool expected;
	struct finding *f;

	if (node_of(h, &expected) || !expected)
		return;
	f = finding_add(&h->s, FINDING_ERROR, "the cluster has no Node %s", h->s.host->name);
	finding_why(f, "it was deleted; a kubelet registers itself only when it starts");
	finding_remedy(f, "repair restarts the kubelet, and sets labels and taints");
	health_act(f, "restart kubelet");
}

void health_node_address(const struct health_scope *h)
{
	bool expected;
	const struct cluster_node *n = node_of(h, &expected);
	struct finding *f;

	if (!n || !n->address[0] || strcmp(n->address, h->s.host->address) == 0)
		return;
	f = finding_add(&h->s, FINDING_ERROR, "the Node's address is %s, and the inventory says %s", n->address,
		h->s.host->address);
	finding_why(f, "certificates and etcd depend on the address; kubectl logs and exec cannot reach the kubelet");
	/* the host still has the right one: its kubelet was given another */
	if (*cluster_fact(h->s.h, "address_iface")) {
		finding_remedy(f, "repair restarts the kubelet with the arguments that kubeadm made");
		health_act(f, "kept /var/lib/kubelet/kubeadm-flags.env");
	} else {
		finding_remedy(f,
			"give the host its address back, or correct the inventory and run 'kubewright rejoin %s'",
			h->s.host->name);
	}
}

static const char *ready_message(const struct cluster_node *n)
{
	const struct json *ready = cluster_node_condition(n, "Ready");

	return ready ? json_get_str(ready, "message", "") : "";
}

void health_node_not_ready(const struct health_scope *h)
{
	bool expected;
	const struct cluster_node *n = node_of(h, &expected);
	struct finding *f;

	/* what stopped units and lost files do to a Node they say themselves */
	if (!n || n->ready || !health_unit_up(h, "kubelet") || !health_unit_up(h, "containerd"))
		return;
	f = finding_add(&h->s, FINDING_ERROR, "the Node is not Ready: %.200s", ready_message(n));
	if (n->no_network) {
		finding_why(f, "no pod network is installed, or its agent does not run here");
		finding_remedy(
			f, "set network.cni to its manifest and run 'kubewright apply', or install one yourself");
	} else {
		finding_why(f, "its kubelet runs, but does not report to the API server that all is well");
		finding_remedy(f, "see 'kubewright logs %s'", h->s.host->name);
	}
}

void health_node_cordoned(const struct health_scope *h)
{
	bool expected;
	const struct cluster_node *n = node_of(h, &expected);
	struct finding *f;

	if (!n || !n->unschedulable)
		return;
	f = finding_add(&h->s, FINDING_WARNING, "the Node is cordoned");
	finding_why(f, "it gets no new pods; this was intended, or a drain was not undone");
	finding_remedy(f, "run 'kubectl uncordon %s' when it should take pods again", h->s.host->name);
}
