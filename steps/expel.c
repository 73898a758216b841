/*
 * Takes hosts that leave, for good or to join again, out of the living cluster: their etcd members and Nodes, through a control plane that stays. One that cannot be reached is
 * never taken for dead on our word alone; etcd's data is saved before a voter goes.
 */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdlib.h>
#include <string.h>

static bool has_leaving(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (world_leaves(w, (int)i))
			return true;
	return false;
}

enum step_verdict expel_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (!has_leaving(w))
		return STEP_NOT_HERE;
	if (w->decided.lead < 0) {
		if (!world_cannot_look(w, why)) {
			error_refuse(why, ERROR_COMMAND, REFUSAL_NO_API, NULL,
				"no API server of a control plane that stays answers, so no host can be removed from "
				"the cluster");
			error_hint(why, "see 'kubewright status'");
		}
		return STEP_IMPOSSIBLE;
	}
	if (task_host(t) != w->decided.lead)
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_LEAVING, NULL, "removes hosts from the cluster");
}

/* Whether the member of a view that is this host's own knows a leader: its word about the others counts. */
static bool is_witness(const struct quorum_view *v, const struct inventory_host *h)
{
	int own = quorum_find(v, h->address, h->name);

	return own >= 0 && quorum_healthy(v, own);
}

/* What speaks for and against a host's being dead: our own look, and etcd as each control plane that stays sees it. lead: the view of now. */
static struct quorum_evidence evidence(const struct world *w, size_t host, const struct quorum_view *lead)
{
	const struct inventory_host *h = &w->wish.inventory->hosts[host];
	struct quorum_evidence e = { .looked = w->seen.hosts[host].probed,
		.runs = world_etcd_runs(&w->seen.hosts[host]) };
	int member = quorum_find(lead, h->address, h->name);

	for (int i = 0; i < lead->count; i++)
		e.others += i != member && !lead->list[i].learner && quorum_healthy(lead, i);
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const struct quorum_view *v = (int)i == w->decided.lead ? lead : world_etcd_view(w, i);
		int seen = quorum_find(v, h->address, h->name);

		if (i == host || seen < 0 || v->unseen[seen] || !is_witness(v, &w->wish.inventory->hosts[i]))
			continue;
		e.asked++;
		e.seen += v->answers[seen];
	}
	return e;
}

/* A refusal that the operator may have overruled beforehand. */
static int overruled(struct task *t, const struct error *why, bool tell, struct error *err)
{
	if (!world_of(t)->wish.override_quorum)
		return *err = *why, -1;
	if (tell)
		task_notice(t, NOTICE_OVERRULED, NULL, "continuing because of --override-quorum: %s", why->what);
	return 0;
}

/* Whether a host leaves in fact: 1; 0: it is left unchanged; -1: the run must not continue. */
static int leaves(struct task *t, size_t host, const struct quorum_view *v, bool tell, struct error *err)
{
	const struct world *w = world_of(t);
	const struct inventory_host *h = &w->wish.inventory->hosts[host];
	const struct cluster_node *node = cluster_find_node(&w->seen.cluster, h->name);
	struct quorum_evidence e = evidence(w, host, v);
	struct error why = { 0 };

	if (!world_leaves(w, (int)host))
		return 0;
	if (!e.looked && world_rejoins(w, (int)host)) {
		if (tell)
			task_notice(t, NOTICE_LEFT_ALONE, h->name,
				"%s could not be looked at: its place in the cluster stays unchanged%s", h->name,
				e.seen ? "; its etcd answers other control planes, so it is alive and only the "
					 "connection from here is cut"
				       : "");
		return 0;
	}
	if (quorum_find(v, h->address, h->name) >= 0) {
		if (quorum_confirm(&e, h->name, &why) && overruled(t, &why, tell, err))
			return -1;
	} else if (!e.looked && node && node->ready) {
		error_set(err, ERROR_COMMAND, "%s cannot be reached from here, but its Node is Ready: it is alive",
			h->name);
		return error_hint(err,
			"fix the connection to it, or shut it down if it is to leave; its Node may stay Ready for "
			"another minute");
	}
	return 1;
}

/* The members of one host out of a view. Returns the voters among them, or -1: the quorum does not allow it. */
static int without(const struct inventory_host *h, bool override, struct quorum_view *v, struct error *err)
{
	int voters = 0;

	for (int i; (i = quorum_find(v, h->address, h->name)) >= 0;) {
		struct quorum now = quorum_count(v), after = now;

		if (!v->list[i].learner && quorum_without(&now, quorum_healthy(v, i), h->name, override, &after, err))
			return -1;
		voters += !v->list[i].learner;
		v->count--;
		memmove(&v->list[i], &v->list[i + 1], (size_t)(v->count - i) * sizeof(v->list[0]));
		memmove(&v->answers[i], &v->answers[i + 1], (size_t)(v->count - i) * sizeof(v->answers[0]));
		memmove(&v->unseen[i], &v->unseen[i + 1], (size_t)(v->count - i) * sizeof(v->unseen[0]));
		memmove(&v->status[i], &v->status[i + 1], (size_t)(v->count - i) * sizeof(v->status[0]));
	}
	return voters;
}

int world_snapshot_first(struct task *t, struct error *err)
{
	struct net_snapshot info;
	struct error why = { 0 };
	char *path = world_snapshot(t, &info, &why);

	if (path) {
		task_notice(t, NOTICE_SNAPSHOT, path, "saved etcd's data before any member is removed: %s (%lld bytes)",
			path, (long long)info.size);
		free(path);
		return 0;
	}
	error_wrap(&why, "no snapshot of etcd could be taken, and without one no voter is removed");
	if (why.kind == ERROR_CONNECT || why.kind == ERROR_CANCELLED)
		return *err = why, -1;
	return overruled(t, &why, true, err);
}

static int remove_one(struct net_client *c, void *id, struct error *err)
{
	return net_etcd_member_remove(c, id, err);
}

/* All members of one host; that the quorum allows it was seen before. */
static int expel_members(struct task *t, const struct inventory_host *h, struct quorum_view *v, struct error *err)
{
	struct quorum_view before = *v;
	struct quorum now = quorum_count(v), after;
	struct str words = STR_INIT;

	if (without(h, world_of(t)->wish.override_quorum, v, err) < 0)
		return -1;
	after = quorum_count(v);
	if (before.count == v->count)
		return 0;
	for (int i; (i = quorum_find(&before, h->address, h->name)) >= 0;) {
		if (world_api_at(t, place_etcd(NULL), remove_one, before.list[i].id, err))
			return error_wrap(err, "cannot remove the etcd member of %s", h->name);
		before.list[i].name[0] = before.list[i].peer_url[0] = '\0';
	}
	quorum_words(&now, &words);
	str_add(&words, " -> ");
	quorum_words(&after, &words);
	task_notice(t, NOTICE_MEMBER_OUT, h->name, "removed the etcd member of %s: %s", h->name, words.buf);
	str_release(&words);
	return 0;
}

/* The rest of the run must not count on a Node that is gone. */
static void forget_node(struct task *t, const char *name)
{
	struct cluster_state *c = &world_of(t)->seen.cluster;

	task_lock(t);
	for (size_t i = 0; i < c->node_count; i++)
		if (strcmp(c->nodes[i].name, name) == 0)
			c->nodes[i].name[0] = '\0';
	task_unlock(t);
}

/* What the operator has asked for, all of it, before any of it is done, by etcd as it is now: who leaves, and how many voters. */
static int judge(struct task *t, struct quorum_view *now, bool *going, bool tell, struct error *err)
{
	const struct world *w = world_of(t);
	struct quorum_view v;
	int voters = 0;

	if (world_view(t, now, err))
		return -1;
	if (!now->count) {
		error_set(err, ERROR_NET, "etcd's members cannot be listed");
		return error_hint(err, "see 'kubewright etcd members'");
	}
	v = *now;
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		int one = leaves(t, i, now, tell, err);

		going[i] = one > 0;
		if (one > 0)
			one = without(&w->wish.inventory->hosts[i], w->wish.override_quorum, &v, err);
		if (one < 0)
			return -1;
		voters += one;
	}
	return voters;
}

static int answers(struct net_client *c, void *ctx, struct error *err)
{
	(void)c;
	(void)ctx;
	(void)err;
	return 0;
}

/* Another machine takes the place: as long as the old one runs, its kubelet would speak for the new one's Node. */
static int refuse_old_machine(struct task *t, const struct inventory_host *h, const char *old, struct error *err)
{
	struct error no = { 0 };
	int rc = world_api_at(t, place_kubelet(old), answers, NULL, &no);

	/* no answer in time: is it the way to this host that broke? */
	if (rc && no.kind == ERROR_CONNECT && world_api(t, answers, NULL, err) == 0)
		rc = world_api_at(t, place_kubelet(old), answers, NULL, &no);
	if (rc && no.kind == ERROR_BLOCKED) {
		*err = no;
		return error_wrap(err, "cannot find out whether the old machine of %s still runs at %s", h->name, old);
	}
	if (rc) {
		if (err->kind != ERROR_NONE || no.kind == ERROR_CANCELLED)
			return err->kind != ERROR_NONE ? -1 : (*err = no, -1);
		task_notice(t, NOTICE_OLD_MACHINE, old,
			"%s was at %s before: wipe that machine's disk before it boots again: its kubelet and "
			"keepalived still belong to the cluster",
			h->name, old);
		return 0;
	}
	error_set(err, ERROR_COMMAND, "the old machine of %s still runs at %s, and the inventory says %s", h->name, old,
		h->address);
	return error_hint(err,
		"power it off for good and run this again; or restore its old address in the inventory, run "
		"'kubewright remove %s', then enter the new machine and apply",
		h->name);
}

static int refuse_old_machines(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < w->wish.inventory->host_count; i++) {
		const struct inventory_host *h = &w->wish.inventory->hosts[i];
		const struct cluster_node *node = cluster_find_node(&w->seen.cluster, h->name);

		if (world_leaves(w, (int)i) && node && node->address[0] && strcmp(node->address, h->address) != 0)
			rc = refuse_old_machine(t, h, node->address, err);
	}
	return rc;
}

int judge_apply(struct task *t, struct error *err)
{
	bool *going = xcalloc(world_of(t)->wish.inventory->host_count, sizeof(*going));
	struct quorum_view view;
	int voters = -1;

	/* first: what its etcd seems to be is known by its machine */
	if (refuse_old_machines(t, err) == 0)
		voters = judge(t, &view, going, true, err);
	free(going);
	return voters < 0 ? -1 : 0;
}

/* A drain may have taken long: it is judged again, and said only when the verdict is another one. */
int expel_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	bool *going = xcalloc(w->wish.inventory->host_count, sizeof(*going));
	struct quorum_view view;
	int voters = judge(t, &view, going, false, err), rc;

	rc = voters < 0 || (voters > 0 && world_snapshot_first(t, err)) ? -1 : 0;
	for (size_t i = 0; rc == 0 && i < w->wish.inventory->host_count; i++) {
		struct inventory_host h = w->wish.inventory->hosts[i];

		if (!going[i])
			continue;
		rc = expel_members(t, &h, &view, err) || world_api(t, world_delete_node, &h, err) ? -1 : 0;
		if (rc == 0)
			forget_node(t, h.name);
	}
	free(going);
	task_lock(t);
	w->decided.expelled = rc == 0;
	task_unlock(t);
	return rc;
}
