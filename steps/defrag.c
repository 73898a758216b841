/*
 * etcd's members return the room that they no longer use to the disk, one after the other. A member answers nobody meanwhile, so that all of them are looked at before each and
 * after it, and the leader is the last one: it would lose its lead, and writes would wait. What was done already shows in the sizes, so that an interrupted run is continued.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <inttypes.h>
#include <string.h>

#define MIB(bytes) ((double)(bytes) / (1 << 20))
#define ROOM_SPARE ((int64_t)64 << 20)

/* All members, through this host. */
struct look {
	struct quorum_view v;
	struct space_alarms alarms;
	struct net_etcd_read at; /* by this host's own member */
	int own;                 /* its place in the view; -1: none */
};

/* ---- what was seen of all of them ------------------------------------------------------------------------------------ */

enum step_verdict judge_etcd_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	struct quorum_view all;

	if (!world_speaks(t))
		return STEP_NOT_HERE;
	quorum_merge(w->seen.etcd, w->wish.inventory->host_count, &all);
	if (!all.count && world_cannot_look(w, why))
		return STEP_IMPOSSIBLE;
	if (lock_refused(t, why) || space_may_defrag(&all, &w->seen.alarms, why))
		return STEP_IMPOSSIBLE;
	return STEP_NEEDED;
}

/* Who has what to gain. */
int judge_etcd_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const struct inventory *inv = w->wish.inventory;
	struct quorum_view all;

	(void)err;
	task_lock(t);
	quorum_merge(w->seen.etcd, inv->host_count, &all);
	for (size_t i = 0; i < inv->host_count; i++) {
		struct world_defrag *d = &w->seen.defrag[i];
		int own = quorum_find(&all, inv->hosts[i].address, inv->hosts[i].name);

		if (own < 0)
			continue;
		d->before = all.status[own].db_size;
		if (strcmp(all.status[own].leader_id, all.list[own].id) == 0)
			w->seen.leads = (int)i;
		if (w->seen.hosts[i].probed)
			d->state = space_little(&all.status[own], space_any_full(&w->seen.alarms)) ? DEFRAG_LITTLE
												   : DEFRAG_DUE;
	}
	task_unlock(t);
	return 0;
}

/* ---- whose turn it is ------------------------------------------------------------------------------------------------ */

/* After one that is not back as it was no other one stands still. */
static int stopped(struct task *t, struct error *why)
{
	const struct inventory_host *other = world_stopped_at(t);

	if (!other)
		return 0;
	error_refuse(why, ERROR_COMMAND, REFUSAL_DEFRAG, other->name,
		"etcd could not be defragmented on %s, so it is on no other host", other->name);
	return error_hint(
		why, "see 'kubewright etcd members'; when all members are healthy, run the same command again");
}

/* It writes what is in use into a new file before it removes the old one. */
static int no_room(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct quorum_view *v = world_etcd_view(w, (size_t)task_host(t));
	int64_t room = w->seen.space[task_host(t)].room, wanted = 0;
	int own = quorum_find(v, world_host(t)->address, world_host(t)->name);
	const char *name = world_host(t)->name;

	if (own >= 0)
		wanted = v->status[own].db_in_use > 0 ? v->status[own].db_in_use : v->status[own].db_size;
	if (own >= 0 && room >= wanted + ROOM_SPARE)
		return 0;
	if (own < 0 || room < 0)
		error_refuse(why, ERROR_COMMAND, REFUSAL_NO_ROOM, name,
			"it is unknown how much room the disk of etcd's data on %s has", name);
	else
		error_refuse(why, ERROR_COMMAND, REFUSAL_NO_ROOM, name,
			"the disk of etcd's data on %s has %.0f MiB free, and a defragmentation needs %.0f MiB", name,
			MIB(room), MIB(wanted + ROOM_SPARE));
	return error_hint(why, "free some space on the disk of /var/lib/etcd, then run the same command again");
}

/* Whether another member is still to be defragmented in this run. */
static bool others_due(struct task *t)
{
	const struct world *w = world_of(t);
	bool due = false;

	for (size_t i = 0; i < w->wish.inventory->host_count && !due; i++) {
		task_lock(t);
		due = (int)i != task_host(t) && w->seen.defrag[i].state == DEFRAG_DUE;
		task_unlock(t);
		due = due && !task_aside(t, (int)i);
	}
	return due;
}

static enum step_verdict check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	struct world_defrag d;

	task_lock(t);
	d = w->seen.defrag[task_host(t)];
	task_unlock(t);
	if (d.state == DEFRAG_NONE || d.state == DEFRAG_DONE)
		return STEP_NOT_HERE;
	if (d.state == DEFRAG_LITTLE)
		return STEP_DONE;
	if (stopped(t, why) || no_room(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_ETCD, "defrag", "defragments etcd's database of %.1f MiB", MIB(d.before));
}

enum step_verdict defrag_check(struct task *t, struct error *why)
{
	bool leads;

	task_lock(t);
	leads = world_of(t)->seen.leads == task_host(t);
	task_unlock(t);
	return leads ? STEP_NOT_HERE : check(t, why);
}

enum step_verdict defrag_leader_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	bool said;

	task_lock(t);
	said = w->seen.leads != task_host(t) && w->seen.defrag[task_host(t)].state == DEFRAG_LITTLE;
	task_unlock(t);
	return said ? STEP_NOT_HERE : check(t, why);
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

static int read_once(struct net_client *c, void *ctx, struct error *err)
{
	return net_etcd_read(c, ctx, err);
}

/* A member that says how it is and does not serve is as one that does not answer. -1: the way to this host broke. */
static int hear(struct task *t, struct look *l, int i, struct error *err)
{
	struct net_etcd_read at = { "", 0 };
	struct error no = { 0 };
	char address[64];

	quorum_address(&l->v.list[i], address, sizeof(address));
	if (l->v.answers[i] && world_api_at(t, place_etcd(address), read_once, &at, &no)) {
		if (world_way_lost(&no))
			return *err = no, -1;
		task_log(t, "etcd member %s does not serve: %s", l->v.list[i].name, no.what);
		l->v.answers[i] = false;
	}
	if (i == l->own)
		l->at = at;
	return 0;
}

static int look(struct task *t, struct look *l, struct error *err)
{
	const struct inventory_host *h = world_host(t);
	struct error no = { 0 };

	memset(l, 0, sizeof(*l));
	if (world_view(t, &l->v, err))
		return -1;
	l->own = quorum_find(&l->v, h->address, h->name);
	for (int i = 0; i < l->v.count; i++)
		if (hear(t, l, i, err))
			return -1;
	/* without a healthy member here it is refused in any case */
	if (l->own >= 0 && quorum_healthy(&l->v, l->own) && world_alarms(t, &l->alarms, &no) && world_way_lost(&no))
		return *err = no, -1;
	return 0;
}

/* before: this member must have what it had; NULL: nothing to compare with. */
static int judge(struct task *t, const struct look *l, const struct look *before, struct error *err)
{
	const char *name = world_host(t)->name;

	if (l->v.count && l->own < 0)
		return error_refuse(
			err, ERROR_COMMAND, REFUSAL_ETCD_UNWELL, name, "etcd no longer has a member of %s", name);
	if (space_may_defrag(&l->v, &l->alarms, err))
		return -1;
	if (!before || (strcmp(l->at.cluster_id, before->at.cluster_id) == 0 && l->at.revision >= before->at.revision))
		return 0;
	return error_refuse(err, ERROR_COMMAND, REFUSAL_ETCD_UNWELL, name,
		"etcd's member on %s is at revision %" PRId64 ", and was at %" PRId64 " before", name, l->at.revision,
		before->at.revision);
}

/* Looks until all members are well, as after an election, for so long. */
static int await(struct task *t, int64_t limit_ms, const struct look *before, struct look *l, struct error *err)
{
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	struct error why = { 0 };

	for (;;) {
		memset(&why, 0, sizeof(why));
		if (look(t, l, err))
			return -1;
		if (judge(t, l, before, &why) == 0)
			return 0;
		if (task_cancelled(t) || clock_mono_ms() - wait.begun_ms > limit_ms)
			return *err = why, -1;
		world_waits(t, &wait, limit_ms, why.what);
		task_lock(t);
		task_wait(t, clock_mono_ms() + 500);
		task_unlock(t);
	}
}

/* ---- one member ------------------------------------------------------------------------------------------------------- */

static int defragment_here(struct net_client *c, void *limit_ms, struct error *err)
{
	return net_etcd_defragment(c, *(const int64_t *)limit_ms, err);
}

static int defragment(struct task *t, const struct look *before, struct look *after, struct error *err)
{
	const struct net_etcd_status *s = &before->v.status[before->own];
	const char *name = world_host(t)->name;
	int64_t limit_ms = space_limit_ms(s), begun = clock_mono_ms();
	int rc;

	task_log(t, "defragments etcd's member on %s: %.1f of %.1f MiB are in use", name, MIB(s->db_in_use),
		MIB(s->db_size));
	/* inside of the tunnel nobody gives a sign of life to this host */
	lock_job_runs(t, true);
	rc = world_api_at(t, place_etcd(NULL), defragment_here, &limit_ms, err);
	lock_job_runs(t, false);
	if (rc == 0)
		rc = await(t, world_of(t)->wish.verify_ms, before, after, err);
	if (rc)
		return error_wrap(err, "etcd's member on %s was being defragmented", name);
	task_notice(t, NOTICE_DEFRAGMENTED, name, "etcd on %s: %.1f MiB became %.1f MiB in %.1f s", name,
		MIB(s->db_size), MIB(after->v.status[after->own].db_size), (double)(clock_mono_ms() - begun) / 1000);
	return 0;
}

static void note(struct task *t, const struct look *l, enum defrag_state state, int64_t before)
{
	struct world *w = world_of(t);
	struct world_defrag *d = &w->seen.defrag[task_host(t)];
	const struct inventory *inv = w->wish.inventory;

	task_lock(t);
	*w->seen.etcd[task_host(t)] = l->v;
	w->seen.leads = -1;
	for (size_t i = 0; i < inv->host_count; i++) {
		int member = quorum_find(&l->v, inv->hosts[i].address, inv->hosts[i].name);

		if (member >= 0 && strcmp(l->v.status[member].leader_id, l->v.list[member].id) == 0)
			w->seen.leads = (int)i;
	}
	d->state = state;
	d->before = before;
	d->after = state == DEFRAG_DONE ? l->v.status[l->own].db_size : 0;
	task_unlock(t);
}

static int stop(struct task *t, const struct error *err)
{
	return world_turn_ended(t, -1, err->kind != ERROR_CANCELLED);
}

int defrag_apply(struct task *t, struct error *err)
{
	struct look before, after;
	const struct net_etcd_status *s;
	bool full;

	if (await(t, world_of(t)->wish.verify_ms / 5, NULL, &before, err))
		return stop(t, err);
	s = &before.v.status[before.own];
	note(t, &before, DEFRAG_DUE, s->db_size);
	if (strcmp(s->leader_id, before.v.list[before.own].id) == 0 && others_due(t)) {
		task_log(t, "etcd's member on %s leads, and others are to be defragmented before it",
			world_host(t)->name);
		return 0;
	}
	full = space_any_full(&before.alarms);
	if (space_little(s, full))
		return note(t, &before, DEFRAG_LITTLE, s->db_size), 0;
	if (defragment(t, &before, &after, err))
		return stop(t, err);
	note(t, &after, DEFRAG_DONE, s->db_size);
	return 0;
}
