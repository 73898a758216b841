/* Clears the alarms that a lack of space has raised in etcd, when there is space again. What may be damage is never cleared. */
#include "steps/steps.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <string.h>

static int judge(struct task *t, const struct quorum_view *v, const struct space_alarms *alarms, struct error *err)
{
	int64_t quotas[QUORUM_MEMBERS] = { 0 };

	task_lock(t);
	world_quotas(world_of(t), v, quotas);
	task_unlock(t);
	return space_may_disarm(v, alarms, quotas, err);
}

enum step_verdict disarm_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	struct quorum_view all;

	if (!world_speaks(t))
		return STEP_NOT_HERE;
	quorum_merge(w->seen.etcd, w->wish.inventory->host_count, &all);
	if (!all.count && world_cannot_look(w, why))
		return STEP_IMPOSSIBLE;
	if (w->seen.alarms.known && !w->seen.alarms.count)
		return STEP_DONE;
	if (lock_refused(t, why) || judge(t, &all, &w->seen.alarms, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_ETCD, "disarm", "clears etcd's alarms of a lack of space");
}

static int clear_alarm(struct net_client *c, void *alarm, struct error *err)
{
	return net_etcd_disarm(c, alarm, err);
}

/* All of them are NOSPACE: that was judged. */
static int clear_all(struct task *t, const struct quorum_view *v, struct space_alarms *alarms, struct error *err)
{
	struct space_alarms *cleared = &world_of(t)->seen.cleared;

	for (int i = 0; i < alarms->count; i++) {
		const char *name = space_member(v, &alarms->list[i]);

		if (world_api_at(t, place_etcd(NULL), clear_alarm, &alarms->list[i], err))
			return error_wrap(
				err, "cannot clear the alarm %s of etcd's member %s", alarms->list[i].name, name);
		task_lock(t);
		cleared->known = true;
		/* tried again in the same run it may clear the same ones many times */
		if (cleared->count < SPACE_ALARMS)
			cleared->list[cleared->count++] = alarms->list[i];
		task_unlock(t);
		task_notice(t, NOTICE_ALARM_CLEARED, name, "cleared the alarm %s of etcd's member %s",
			alarms->list[i].name, name);
	}
	return 0;
}

int disarm_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct space_alarms alarms, after;
	struct quorum_view v;

	/* what has happened since the look counts */
	if (world_view(t, &v, err) || world_alarms(t, &alarms, err) || judge(t, &v, &alarms, err) ||
		clear_all(t, &v, &alarms, err) || world_alarms(t, &after, err))
		return -1;
	task_lock(t);
	*w->seen.etcd[task_host(t)] = v;
	w->seen.alarms = after;
	task_unlock(t);
	if (!after.count)
		return 0;
	error_refuse(err, ERROR_COMMAND, REFUSAL_ETCD_UNWELL, space_member(&v, &after.list[0]),
		"the alarm %s of etcd's member %s was cleared and is raised again", after.list[0].name,
		space_member(&v, &after.list[0]));
	return error_hint(err, "see 'kubewright etcd members'");
}
