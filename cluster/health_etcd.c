/* Health of etcd: its members, beside the control planes that they should be of. */
#include "cluster/health_private.h"

#include "cluster/quorum.h"

#include <stdio.h>
#include <string.h>

/* Findings of the cluster as a whole are reported once: by the control plane that was asked, else by the first one that was looked at. */
static bool speaks(const struct health_scope *h)
{
	if (!health_control_plane(h))
		return false;
	if (h->v->state->lead >= 0)
		return h->v->state->lead == h->s.index;
	for (size_t i = 0; i < h->s.inv->host_count; i++)
		if (h->s.inv->hosts[i].role == INVENTORY_CONTROL_PLANE && h->s.hosts[i].probed)
			return (int)i == h->s.index;
	return false;
}

static const struct inventory_host *host_of(const struct health_scope *h, const struct net_etcd_member *m)
{
	for (size_t i = 0; i < h->s.inv->host_count; i++)
		if (h->s.inv->hosts[i].role == INVENTORY_CONTROL_PLANE &&
			quorum_member_at(m, h->s.inv->hosts[i].address))
			return &h->s.inv->hosts[i];
	return NULL;
}

void health_quorum_lost(const struct health_scope *h)
{
	struct quorum q = quorum_count(&h->v->state->etcd);
	struct finding *f;

	/* those that could not be asked may well be healthy */
	if (!speaks(h) || !q.voters || q.healthy + quorum_unseen(&h->v->state->etcd) >= quorum_needed(q.voters))
		return;
	f = finding_add(&h->s, FINDING_ERROR, "etcd has lost its quorum: %u of %u voters are healthy, %u are needed",
		q.healthy, q.voters, quorum_needed(q.voters));
	finding_why(f, "nothing can be written: the API server answers from its caches, or not at all");
	finding_remedy(
		f, "bring the other control planes back; if they are lost for good, run 'kubewright etcd restore'");
}

/* Another member of the same host that is in a better state. */
static bool second_of_host(const struct health_scope *h, int which, const struct inventory_host *host)
{
	const struct quorum_view *v = &h->v->state->etcd;
	const char *name = v->list[which].name;
	bool healthy = quorum_healthy(v, which);

	for (int i = 0; i < v->count; i++)
		if (i != which &&
			(quorum_member_at(&v->list[i], host->address) ||
				(name[0] && strcmp(v->list[i].name, name) == 0)) &&
			(quorum_healthy(v, i) > healthy || (quorum_healthy(v, i) == healthy && i < which)))
			return true;
	return false;
}

void health_member_down(const struct health_scope *h)
{
	const struct quorum_view *v = &h->v->state->etcd;

	for (int i = 0; speaks(h) && i < v->count; i++) {
		const struct net_etcd_member *m = &v->list[i];
		const struct inventory_host *host = host_of(h, m);
		const struct cluster_host *seen = host ? &h->s.hosts[host - h->s.inv->hosts] : NULL;
		struct finding *f;

		if (!host || m->learner || quorum_healthy(v, i) || !m->name[0] || second_of_host(h, i, host) ||
			v->unseen[i])
			continue;
		/* its own host shows more */
		if (seen->probed && strncmp(cluster_fact(seen, "pod.etcd"), "down", 4) == 0)
			continue;
		f = finding_add(
			&h->s, FINDING_ERROR, "the etcd member %s (%s) %s", m->name, host->address, quorum_state(v, i));
		finding_why(f, "%s",
			seen->probed ? "something listens there, but it has no leader: it may have lost the others"
				     : "its host cannot be reached either");
		finding_remedy(
			f, "bring %s back; if its disk is lost, run 'kubewright rejoin %s'", host->name, host->name);
	}
}

void health_member_missing(const struct health_scope *h)
{
	const struct quorum_view *v = &h->v->state->etcd;
	struct finding *f;

	if (!h->installed || !health_control_plane(h) || !v->count)
		return;
	for (int i = 0; i < v->count; i++)
		if (quorum_member_at(&v->list[i], h->s.host->address))
			return;
	f = finding_add(&h->s, FINDING_ERROR, "etcd has no member of this control plane");
	finding_why(f, "its member was removed; the etcd that runs here is alone, with old data");
	finding_remedy(f, "run 'kubewright rejoin %s' to add it again", h->s.host->name);
}

void health_member_stale(const struct health_scope *h)
{
	const struct quorum_view *v = &h->v->state->etcd;

	for (int i = 0; speaks(h) && i < v->count; i++) {
		const struct net_etcd_member *m = &v->list[i];
		const struct inventory_host *host = host_of(h, m);
		struct finding *f;

		if (quorum_healthy(v, i) || v->unseen[i] || (host && !second_of_host(h, i, host)))
			continue;
		f = finding_add(&h->s, FINDING_ERROR, "the etcd member %s (%s) is %s", m->name[0] ? m->name : m->id,
			m->peer_url,
			host ? "a second member of its host"
			     : "not of any control plane in the inventory, and does not answer");
		finding_why(f, "it counts for the quorum but can never vote");
		finding_remedy(f, "repair removes it if etcd keeps its quorum");
		health_act(f, "%s", m->id);
	}
}

void health_learner_stuck(const struct health_scope *h)
{
	const struct quorum_view *v = &h->v->state->etcd;

	for (int i = 0; speaks(h) && i < v->count; i++) {
		const struct net_etcd_member *m = &v->list[i];
		const struct inventory_host *host = host_of(h, m);
		const char *job;
		struct finding *f;

		if (!host || (!m->learner && m->name[0]) || second_of_host(h, i, host))
			continue;
		job = cluster_fact(&h->s.hosts[host - h->s.inv->hosts], "job.join");
		if (strncmp(job, "running", 7) == 0)
			continue;
		f = finding_add(&h->s, FINDING_ERROR, "the etcd member %s (%s) %s", m->name[0] ? m->name : m->id,
			m->peer_url,
			m->learner ? "is still a learner, but no join runs on its host"
				   : "was added and never started");
		finding_why(f, "etcd takes one learner at a time: no other control plane can join");
		finding_remedy(f, "repair removes it; then its host joins again");
		health_act(f, "%s", m->id);
	}
}
