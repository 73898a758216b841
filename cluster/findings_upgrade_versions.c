/* Findings of an upgrade about versions: which may follow which, and which may stand beside which. */
#include "cluster/findings_upgrade.h"

#include "base/str.h"
#include "inventory/inventory.h"
#include "inventory/release.h"

#include <stdio.h>
#include <string.h>

#define KUBELET_BEHIND \
	3      /* so many minor versions a kubelet may be older than an API server, and kube-proxy than either */
#define TOLD 4 /* names in one finding */

/* ---- what several of them ask ---------------------------------------------------------------------------------------- */

/* The oldest and newest API server that are known; "" none. */
static void servers(const struct upgrade_scope *s, char oldest[32], char newest[32])
{
	const struct inventory *inv = s->h.s.inv;

	snprintf(oldest, 32, "%s", s->u->health.state->version);
	snprintf(newest, 32, "%s", s->u->health.state->version);
	for (size_t i = 0; i < inv->host_count; i++) {
		const char *tag = cluster_fact(&s->h.s.hosts[i], "image.kube-apiserver");

		if (inv->hosts[i].role != INVENTORY_CONTROL_PLANE || release_minor(tag) < 0)
			continue;
		tag += *tag == 'v';
		if (!oldest[0] || release_compare(tag, oldest) < 0)
			snprintf(oldest, 32, "%.31s", tag);
		if (release_compare(tag, newest) > 0)
			snprintf(newest, 32, "%.31s", tag);
	}
}

bool upgrade_drains(const struct upgrade_scope *s, const char *node)
{
	const struct inventory_host *h = inventory_find(s->h.s.inv, node);
	const struct cluster_node *n = cluster_find_node(s->u->health.state, node);

	return h && n && s->u->due[h - s->h.s.inv->hosts] && release_minor(n->version) != release_minor(s->u->to);
}

bool upgrade_to_minor(const struct upgrade_scope *s)
{
	char oldest[32], newest[32];

	servers(s, oldest, newest);
	return release_minor(oldest) != release_minor(s->u->to);
}

/* ---- the findings ----------------------------------------------------------------------------------------------------- */

void upgrade_version_skipped(const struct upgrade_scope *s)
{
	int have = release_minor(s->u->oldest), want = release_minor(s->u->to);
	struct str path = STR_INIT;
	struct finding *f;

	if (have < 0 || want <= have + 1)
		return;
	for (int m = have + 1; m <= want; m++)
		str_addf(&path, "%s'kubewright upgrade 1.%d'", path.len ? ", then " : "", m);
	f = finding_add(&s->h.s, FINDING_ERROR, "Kubernetes %s runs, and %s skips %d minor version%s", s->u->oldest,
		s->u->to, want - have - 1, want - have == 2 ? "" : "s");
	finding_why(f, "kubeadm and the objects in etcd are made for one minor version at a time");
	finding_remedy(f, "%s", path.buf);
	str_release(&path);
}

void upgrade_version_older(const struct upgrade_scope *s)
{
	struct finding *f;

	if (release_compare(s->u->to, s->u->newest) >= 0)
		return;
	f = finding_add(&s->h.s, FINDING_ERROR, "Kubernetes %s runs, and %s is older", s->u->newest, s->u->to);
	finding_why(f, "what a newer API server has stored, an older one may not be able to read");
	finding_remedy(f, "name %s or a newer version; the way back is a snapshot of etcd, see 'kubewright help etcd'",
		s->u->newest);
}

void upgrade_api_server_skew(const struct upgrade_scope *s)
{
	char oldest[32], newest[32];
	struct finding *f;

	servers(s, oldest, newest);
	if (release_minor(oldest) < 0 || release_minor(newest) - release_minor(oldest) <= 1)
		return;
	f = finding_add(&s->h.s, FINDING_ERROR, "API servers run %s and %s at the same time", oldest, newest);
	finding_why(f, "they may be one minor version apart: an older one cannot read all that a newer one stores");
	finding_remedy(f, "remove the control plane with %s and let it join again, then upgrade", oldest);
}

struct skewed {
	const char *lo, *hi, *to;
	struct str names;
	unsigned count;
};

static void note(struct skewed *k, const char *name, const char *version)
{
	if (k->count++ < TOLD)
		str_addf(&k->names, "%s%s (%s)", k->names.len ? ", " : "", name, version);
}

static void tell_kubelets(const struct upgrade_scope *s, struct skewed *k, bool newer)
{
	struct finding *f;

	if (!k->count)
		return;
	if (k->count > TOLD)
		str_addf(&k->names, " and %u more", k->count - TOLD);
	f = finding_add(&s->h.s, FINDING_ERROR, "%s than %s: %s",
		newer ? "kubelets are newer" : "kubelets are more than three minor versions older",
		newer ? k->lo : k->to, k->names.buf);
	finding_why(f, "%s",
		newer ? "no kubelet may be newer than any API server: its requests may not be understood"
		      : "an API server supports kubelets up to three minor versions older");
	finding_remedy(f, "%s",
		newer ? "install the API servers' version of the kubelet there, or upgrade the control planes to it first"
		      : "upgrade these kubelets first; a Node whose host is not in the inventory is put there, or deleted");
	str_release(&k->names);
}

void upgrade_kubelet_skew(const struct upgrade_scope *s)
{
	const struct cluster_state *c = s->u->health.state;
	char oldest[32], newest[32];
	struct skewed above = { .lo = oldest, .hi = newest, .to = s->u->to, .names = STR_INIT }, below = above;

	servers(s, oldest, newest);
	for (size_t i = 0; i < c->node_count; i++) {
		int minor = release_minor(c->nodes[i].version);

		if (minor < 0)
			continue;
		if (release_minor(oldest) >= 0 && minor > release_minor(oldest))
			note(&above, c->nodes[i].name, c->nodes[i].version);
		if (release_minor(s->u->to) - minor > KUBELET_BEHIND)
			note(&below, c->nodes[i].name, c->nodes[i].version);
	}
	tell_kubelets(s, &above, true);
	tell_kubelets(s, &below, false);
}

void upgrade_kube_proxy_skew(const struct upgrade_scope *s)
{
	const struct cluster_state *c = s->u->health.state;
	const char *proxy = s->u->seen->proxy, *apart = NULL;
	char oldest[32], newest[32];
	struct finding *f;

	servers(s, oldest, newest);
	if (release_minor(proxy) < 0 || release_minor(oldest) < 0)
		return;
	for (size_t i = 0; i < c->node_count; i++) {
		int minor = release_minor(c->nodes[i].version), off = minor - release_minor(proxy);

		if (minor >= 0 && (off > KUBELET_BEHIND || off < -KUBELET_BEHIND))
			apart = c->nodes[i].name;
	}
	if (release_minor(proxy) > release_minor(oldest))
		f = finding_add(&s->h.s, FINDING_ERROR, "kube-proxy %s is newer than the API server %s", proxy, oldest);
	else if (release_minor(newest) - release_minor(proxy) > KUBELET_BEHIND)
		f = finding_add(&s->h.s, FINDING_ERROR,
			"kube-proxy %s is more than three minor versions older than the API server %s", proxy, newest);
	else if (apart)
		f = finding_add(&s->h.s, FINDING_ERROR,
			"kube-proxy %s and the kubelet of %s are more than three minor versions apart", proxy, apart);
	else
		return;
	finding_why(f, "Services are not set up as the API server and the kubelets expect");
	finding_remedy(f,
		"run 'kubeadm upgrade node phase addon kube-proxy' on a control plane: kubeadm leaves it unchanged while API servers differ");
}

/* Its own API server is the one that it talks to. */
static void component(const struct upgrade_scope *s, const char *name)
{
	char word[64];
	const char *server = cluster_fact(s->h.s.h, "image.kube-apiserver"), *tag;
	int off;
	struct finding *f;

	snprintf(word, sizeof(word), "image.%s", name);
	tag = cluster_fact(s->h.s.h, word);
	off = release_minor(server) - release_minor(tag);
	if (release_minor(server) < 0 || release_minor(tag) < 0 || (off >= 0 && off <= 1))
		return;
	f = finding_add(&s->h.s, FINDING_ERROR, "%s %s is %s its API server %s", name, tag,
		off < 0 ? "newer than" : "more than one minor version older than", server);
	finding_why(f, "it may ask for what the API server does not have, or no longer has");
	finding_remedy(f, "give its manifest in /etc/kubernetes/manifests the image of the API server's version");
}

void upgrade_component_skew(const struct upgrade_scope *s)
{
	component(s, "kube-controller-manager");
	component(s, "kube-scheduler");
}

void upgrade_host_unreachable(const struct upgrade_scope *s)
{
	bool worker = !finding_control_plane(&s->h.s);
	struct finding *f = finding_add(
		&s->h.s, worker ? FINDING_WARNING : FINDING_ERROR, "%s could not be looked at", s->h.s.host->name);

	finding_why(f, "%s",
		worker ? "it is left out and keeps its version"
		       : "kubeadm upgrades no cluster with a control plane that is down, and no host may be newer than it");
	finding_remedy(f, "bring it back; if it is lost for good, run 'kubewright remove %s'", s->h.s.host->name);
}
