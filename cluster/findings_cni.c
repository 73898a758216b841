/* What decides which network the Pods of a host get: the first file of /etc/cni/net.d, by name. */
#include "cluster/health_private.h"

#include <stdio.h>
#include <string.h>

struct files {
	unsigned n;
	char first[128], network[64]; /* the first one, when it was there before Kubernetes */
	char own[128];                /* the first that was written since */
};

static void add_file(const char *line, void *ctx)
{
	struct files *f = ctx;
	char age[8], name[128], network[64] = "";

	if (sscanf(line, "%7s %127s %63s", age, name, network) < 2)
		return;
	if (f->n++ == 0 && strcmp(age, "before") == 0) {
		snprintf(f->first, sizeof(f->first), "%s", name);
		snprintf(f->network, sizeof(f->network), "%s", network);
	}
	if (!f->own[0] && strcmp(age, "since") == 0)
		snprintf(f->own, sizeof(f->own), "%s", name);
}

struct pods {
	unsigned n, ours; /* in all; of kube-system */
	char network[64];
	char names[160], first[128]; /* some of them; the first one that is not of kube-system, as kubectl wants it */
};

static void add_pod(const char *line, void *ctx)
{
	struct pods *p = ctx;
	char network[64], pod[96], *slash;
	size_t len = strlen(p->names);

	if (sscanf(line, "%63s %95s", network, pod) != 2 || !(slash = strchr(pod, '/')))
		return;
	snprintf(p->network, sizeof(p->network), "%s", network);
	if (p->n++ < 3)
		snprintf(p->names + len, sizeof(p->names) - len, "%s%s", len ? ", " : "", pod);
	if (strncmp(pod, "kube-system/", 12) == 0) {
		p->ours++;
	} else if (!p->first[0]) {
		*slash = ' ';
		snprintf(p->first, sizeof(p->first), "%s", pod);
	}
}

/* The file of others that sorts before the pod network's own; NULL: there is none. */
static struct finding *leftover(const struct finding_scope *s, struct files *f)
{
	struct pods p = { 0 };
	struct finding *found;

	cluster_fact_lines(s->h, "cni", add_file, f);
	if (!f->first[0] || !f->own[0])
		return NULL;
	cluster_fact_lines(s->h, "cni_pods", add_pod, &p);
	found = finding_add(s, FINDING_WARNING,
		"/etc/cni/net.d/%s is older than Kubernetes and sorts before the pod network's %s", f->first, f->own);
	if (p.n)
		finding_why(found, "Pods of this host get its network '%s', so other hosts cannot reach them: %s%s",
			f->network, p.names, p.n > 3 ? " and more" : "");
	else
		finding_why(found,
			"the next Pods of this host will get its network '%s', and other hosts cannot reach them",
			f->network);
	finding_remedy(found,
		"'kubewright repair' moves it aside and restarts the Pods of kube-system that have an address from it; 'reset' puts it back");
	return found;
}

void find_cni_leftover(const struct finding_scope *s)
{
	struct files f = { 0 };

	leftover(s, &f);
}

void health_cni_leftover(const struct health_scope *h)
{
	struct files f = { 0 };
	struct finding *found = h->installed ? leftover(&h->s, &f) : NULL;

	if (!found)
		return;
	found->level = FINDING_ERROR;
	health_act(found, "cni-aside /etc/cni/net.d/%.80s", f.first);
}

void health_pods_other_network(const struct health_scope *h)
{
	struct files files = { 0 };
	struct pods p = { 0 };
	struct finding *f;

	cluster_fact_lines(h->s.h, "cni", add_file, &files);
	cluster_fact_lines(h->s.h, "cni_pods", add_pod, &p);
	if (!h->installed || !p.n || (files.first[0] && files.own[0]))
		return;
	f = finding_add(&h->s, FINDING_ERROR,
		"%u Pod%s of this host still ha%s an address from the old network '%s': %s%s", p.n, p.n == 1 ? "" : "s",
		p.n == 1 ? "s" : "ve", p.network, p.names, p.n > 3 ? ", and more" : "");
	finding_why(f, "they cannot reach anything outside this host, and cannot be reached from outside");
	if (p.ours)
		health_act(f, "cni-pods");
	if (p.n == p.ours)
		finding_remedy(f, "repair restarts them");
	else
		finding_remedy(f,
			"%sdelete what is yours, so that its controller makes it again: 'kubectl delete pod -n %s'; a Pod without a "
			"controller must be made again by hand",
			p.ours ? "repair starts those of kube-system again; " : "", p.first);
}
