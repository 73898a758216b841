/*
 * The lock while its run lives: signs of life for each host, and what a run does that has lost one. What runs on a host is fenced there (fence in lib.sh); what goes through the
 * API or etcd by how long ago the control planes last had this run's locks, by a clock that counts while this machine is suspended.
 */
#include "steps/run/run.h"

#include "base/clock.h"
#include "base/error.h"
#include "inventory/inventory.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

static const char *const beat_words[] = { "holder", "holder_owner", "error", "hint", NULL };

#define BEATS_A_TTL 15 /* signs of life */
#define FRESH_OF_TTL 3 /* what was seen longer ago than this part of it proves nothing any more */
#define BEAT_TIMEOUT_MS 20000
#define RENEW_MS 25000 /* what hosts get to prove their locks after a long silence */

static int64_t interval_ms(const struct world *w)
{
	return w->wish.lock_ttl_ms / BEATS_A_TTL;
}

int64_t lock_beat_s(const struct world *w)
{
	return interval_ms(w) < 1000 ? 1 : interval_ms(w) / 1000;
}

/* This host's lock, of a run that has one; else NULL. */
static struct world_lock *own_lock(struct task *t)
{
	struct world_lock *l = &world_of(t)->locks[task_host(t)];

	return l->held && !l->lost ? l : NULL;
}

void lock_seen(struct task *t, int64_t boot_ms)
{
	struct world_lock *l = &world_of(t)->locks[task_host(t)];

	if (!world_of(t)->wish.take_lock)
		return;
	task_lock(t);
	l->held = true;
	if (boot_ms > l->seen_ms)
		l->seen_ms = boot_ms;
	task_unlock(t);
}

void lock_given_back(struct task *t)
{
	task_lock(t);
	world_of(t)->locks[task_host(t)].held = false;
	task_unlock(t);
}

void lock_job_runs(struct task *t, bool runs)
{
	task_lock(t);
	world_of(t)->locks[task_host(t)].job = runs;
	task_unlock(t);
}

static int lost_error(const struct world *w, size_t host, bool here, struct error *err)
{
	const char *name = w->wish.inventory->hosts[host].name, *taker = w->locks[host].taker;

	if (here)
		error_set(err, ERROR_LOCKED, "this run has lost the lock of %s: %s", name, taker);
	else
		error_set(err, ERROR_LOCKED,
			"this run has lost the lock of the control plane %s and changes nothing more on any host: %s",
			name, taker);
	return error_hint(err,
		"was this machine suspended, or its network away? see 'kubewright status'; when the other run is over, "
		"run the same command again to continue");
}

/* With the lock of the task held: whether nothing may be changed on this host, or through it, any more. */
static int refuse(const struct world *w, size_t host, struct error *err)
{
	if (w->locks[host].lost)
		return lost_error(w, host, true, err);
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && w->locks[i].lost)
			return lost_error(w, i, false, err);
	return 0;
}

/* ---- signs of life ------------------------------------------------------------------------------------------------- */

static int lose(struct task *t, const char *holder, const char *owner, struct error *err)
{
	struct world *w = world_of(t);
	struct world_lock *l = &w->locks[task_host(t)];

	task_lock(t);
	l->lost = true;
	if (strcmp(holder, "none") == 0)
		snprintf(l->taker, sizeof(l->taker), "it was removed");
	else
		snprintf(l->taker, sizeof(l->taker), "run %.40s has it (%.64s)", holder, owner ? owner : "unknown");
	lost_error(w, (size_t)task_host(t), true, err);
	task_unlock(t);
	task_notice(t, NOTICE_LOCK_LOST, holder, "%s", err->what);
	return -1;
}

/* Asks the host whose its lock is, and gives a sign of life in it. */
static int beat(struct task *t, struct error *err)
{
	const char *run = world_of(t)->wish.run;
	const struct remote_param params[] = { { "node", world_host(t)->name }, { "run", run }, { "step", "" } };
	int64_t begun = clock_boot_ms();
	struct remote *r = task_remote(t, err);
	struct remote_answer answer = { 0 };
	struct str text = STR_INIT;
	const char *holder;
	int rc;

	if (!r)
		return -1;
	str_add(&text, host_script_lib);
	str_add(&text, host_script_beat);
	rc = remote_script(r, "beat", text.buf, params, 3, beat_words, &answer, NULL, NULL, BEAT_TIMEOUT_MS, err);
	holder = remote_answer_get(&answer, "holder");
	if (rc == 0 && holder && strcmp(holder, run) == 0)
		lock_seen(t, begun);
	else if (rc == 0)
		rc = lose(t, holder ? holder : "none", remote_answer_get(&answer, "holder_owner"), err);
	remote_answer_release(&answer);
	str_release(&text);
	return rc;
}

int64_t world_beat(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	struct error why = { 0 };
	const struct world_lock *l;
	int64_t left = -1;

	task_lock(t);
	l = own_lock(t);
	if (l)
		left = l->seen_ms + interval_ms(w) - clock_boot_ms();
	task_unlock(t);
	if (!l || left > 0)
		return l ? left : -1;
	if (beat(t, &why) == 0)
		return interval_ms(w);
	/* a host that does not answer in time may yet do so; its steps find out more */
	if (why.kind != ERROR_LOCKED && why.kind != ERROR_CONNECT && why.kind != ERROR_CANCELLED)
		task_log(t, "cannot give a sign of life: %s", why.what);
	else
		*err = why;
	return why.kind == ERROR_LOCKED ? -1 : interval_ms(w);
}

int lock_explain(struct task *t, struct error *err)
{
	struct error why = { 0 };
	bool held;

	task_lock(t);
	held = own_lock(t) != NULL;
	task_unlock(t);
	if (held && err->kind == ERROR_COMMAND && beat(t, &why) && why.kind == ERROR_LOCKED)
		*err = why;
	return -1;
}

/* ---- what goes through the API or etcd ------------------------------------------------------------------------------ */

/*
 * With the lock of the task held: whether this run still has the control planes. Most of those that it locked were its own a moment ago, or run a job, which nobody
 * takes over; one that cannot be reached any more says nothing.
 */
static bool sure(struct task *t, bool cluster)
{
	const struct world *w = world_of(t);
	int64_t since = clock_boot_ms() - w->wish.lock_ttl_ms / FRESH_OF_TTL;
	unsigned fresh = 0, jobs = 0, stale = 0;

	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const struct world_lock *l = &w->locks[i];

		if (w->wish.inventory->hosts[i].role != INVENTORY_CONTROL_PLANE || !l->held)
			continue;
		if (l->seen_ms > since)
			fresh++;
		else if (l->job)
			jobs++;
		else if (!task_lost(t, (int)i))
			stale++;
	}
	/* what is done on a host is fenced there, too */
	return (fresh > 0 || (!cluster && !stale)) && fresh + jobs >= stale;
}

/* With the lock of the task held. */
static int may(struct task *t, bool cluster, struct error *err)
{
	const struct world *w = world_of(t);

	if (refuse(w, (size_t)task_host(t), err))
		return -1;
	if (sure(t, cluster))
		return 0;
	error_set(err, ERROR_LOCKED, "nothing is changed: this run may have lost the locks of the control planes");
	return error_hint(err,
		"their last sign of life is too old: was this machine suspended, or are they slow to answer? run the "
		"same command again to continue");
}

void lock_renew(struct task *t)
{
	int64_t deadline = clock_mono_ms() + RENEW_MS;
	struct error no = { 0 };
	bool ok;

	task_lock(t);
	ok = !world_of(t)->wish.take_lock || sure(t, false);
	task_unlock(t);
	if (ok)
		return;
	task_beat_all(t);
	task_beat(t);
	task_lock(t);
	while (!sure(t, false) && !refuse(world_of(t), (size_t)task_host(t), &no) && !task_cancelled(t) &&
		clock_mono_ms() < deadline)
		task_wait(t, clock_mono_ms() + 250);
	task_unlock(t);
}

int lock_may_change(struct task *t, struct error *err)
{
	int rc;

	if (!world_of(t)->wish.take_lock)
		return 0;
	lock_renew(t);
	task_lock(t);
	rc = may(t, false, err);
	task_unlock(t);
	return rc;
}

int lock_guard(void *task, struct error *err)
{
	struct task *t = task;
	int rc;

	if (!world_of(t)->wish.take_lock)
		return error_set(err, ERROR_INTERNAL, "a run that only looks was about to change the cluster");
	task_lock(t);
	rc = may(t, true, err);
	task_unlock(t);
	return rc;
}
