/* Takes out of etcd what findings_health calls stale or stuck: members that count and can never vote. Through a control plane whose API server answers. */
#include "steps/steps.h"

#include "base/error.h"
#include "cluster/health.h"
#include "cluster/quorum.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

/* The findings that are about members, of all hosts; the caller releases. */
static void look(struct task *t, struct findings *out)
{
	struct world *w = world_of(t);
	struct health_view v;
	size_t n = 0;

	task_lock(t);
	world_health_view(w, &v);
	findings_health(&v, task_host(t), out);
	task_unlock(t);
	for (size_t i = 0; i < out->count; i++)
		if (health_kind_find(out->list[i].name)->remedy == HEALTH_MEMBER)
			out->list[n++] = out->list[i];
	out->count = n;
}

enum step_verdict members_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	struct findings found = { NULL, 0 };
	enum step_verdict verdict = STEP_NOT_HERE;

	if (w->decided.lead < 0 || task_host(t) != w->decided.lead)
		return STEP_NOT_HERE;
	look(t, &found);
	if (found.count)
		verdict = step_needed(why, EVIDENCE_MEMBER, NULL, "removes from etcd: %s%s", found.list[0].what,
			found.count > 1 ? ", and more" : "");
	findings_release(&found);
	return verdict;
}

static int remove_member(struct net_client *c, void *id, struct error *err)
{
	return net_etcd_member_remove(c, id, err);
}

static int index_of(const struct quorum_view *v, const char *id)
{
	int i = v->count - 1;

	while (i >= 0 && strcmp(v->list[i].id, id) != 0)
		i--;
	return i;
}

/* The sum with the member as it is; learners do not count. */
static int bears(const struct quorum_view *v, int i, struct quorum *after, struct error *err)
{
	const struct net_etcd_member *m = &v->list[i];
	struct quorum now = quorum_count(v);

	*after = now;
	return m->learner ? 0
			  : quorum_without(&now, quorum_healthy(v, i), m->name[0] ? m->name : m->id, false, after, err);
}

static int take_out(struct task *t, char *id, struct error *err)
{
	struct quorum_view *v = &world_of(t)->seen.cluster.etcd;
	struct quorum after = { 0, 0 };
	bool voter = false;
	int rc = 0, i;

	task_lock(t);
	i = index_of(v, id);
	if (i >= 0) {
		voter = !v->list[i].learner;
		rc = bears(v, i, &after, err);
	}
	task_unlock(t);
	if (rc || (voter && world_snapshot_first(t, err)) || world_api_at(t, place_etcd(NULL), remove_member, id, err))
		return error_wrap(err, "cannot remove the etcd member %s", id);
	task_lock(t);
	i = index_of(v, id);
	if (i >= 0)
		quorum_drop(v, i);
	task_unlock(t);
	task_notice(t, NOTICE_MEMBER_OUT, id, "removed the etcd member %s: %u voters, %u healthy now, %u may be lost",
		id, after.voters, after.healthy, quorum_tolerates(&after));
	return 0;
}

int members_apply(struct task *t, struct error *err)
{
	struct findings found = { NULL, 0 };
	int rc = 0;

	look(t, &found);
	for (size_t i = 0; rc == 0 && i < found.count; i++)
		rc = take_out(t, found.list[i].act, err);
	findings_release(&found);
	return rc;
}
