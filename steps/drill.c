/*
 * Faults on purpose, one after the other, on a cluster that is well: one control plane writes and reads at the endpoint, another host has the fault, and both take turns
 * (enum drill_phase). Whatever becomes of the run, the host that has a fault ends it by itself: steps/host/drill.sh.
 */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPT_MS 180000
/* The writer and the reader end by themselves after the longest fault and the wait after it. */
#define MEASURE_S 900
/* A fault is looked at for a thirtieth of the time that a cluster may take to be well, 10 s: what it does may show late. */
#define HOLD_PART 30
#define EACH_MS 500
/* Of the last writes, and of the last reads: so many in a row, and they go again. */
#define IN_A_ROW 3

static const char *const fault_words[] = { "held", "filter", "ended", "error", "hint", NULL };
static const char *const measure_words[] = { "now", "writes_ok", "reads_ok", "writes", "writes_failed", "reads",
	"reads_failed", "write_pause", "read_pause", "lost", "ended", "error", "hint", NULL };

static struct world_drill *drill_of(struct task *t)
{
	return &world_of(t)->seen.drill;
}

static struct drill_case *case_of(struct world_drill *d)
{
	return &d->cases[d->at];
}

static const struct drill_kind *kind_of(const struct world_drill *d)
{
	return &drill_kinds[d->at];
}

/* With the lock. */
static void fail(struct drill_case *c, enum drill_state state, const struct error *why)
{
	c->state = state;
	free(c->why);
	c->why = xcalloc(1, sizeof(*c->why));
	*c->why = *why;
}

/* ---- before the first: is the cluster well, and which faults can be made in it? --------------------------------------- */

enum step_verdict judge_drill_check(struct task *t, struct error *why)
{
	if (!world_speaks(t))
		return STEP_NOT_HERE;
	return lock_refused(t, why) ? STEP_IMPOSSIBLE : STEP_NEEDED;
}

/* A worker that was looked at; -1: none was. */
static int some_worker(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (w->wish.inventory->hosts[i].role == INVENTORY_WORKER && w->seen.hosts[i].probed)
			return (int)i;
	return -1;
}

static int refuse_absent(const struct world *w, struct error *err)
{
	const struct inventory *inv = w->wish.inventory;

	for (size_t i = 0; i < inv->host_count; i++)
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE && !w->seen.hosts[i].probed) {
			error_refuse(err, ERROR_COMMAND, REFUSAL_DRILL, NULL,
				"%s was not looked at, and no fault is made without all control planes",
				inv->hosts[i].name);
			return error_hint(err, "is it left out by --hosts, or out of reach?");
		}
	return 0;
}

/* What cannot be made is left out, and refused when it was asked for by its name. */
static int choose(struct world *w, unsigned voters, struct error *err)
{
	struct world_drill *d = &w->seen.drill;

	for (int f = 0; f < DRILL_FAULTS; f++) {
		struct drill_case *c = &d->cases[f];
		struct error why = { 0 };

		*c = (struct drill_case){ .state = DRILL_NOT_ASKED, .host = -1, .measures = -1 };
		if (w->wish.drill && !(w->wish.drill & 1u << f))
			continue;
		c->state = DRILL_DUE;
		if (f == DRILL_WORKER)
			c->host = some_worker(w);
		if (drill_possible(w->wish.inventory, f, voters, &why) == 0 && f == DRILL_WORKER && c->host < 0)
			error_set(&why, ERROR_COMMAND, "worker: no worker was looked at");
		if (why.kind == ERROR_NONE)
			continue;
		fail(c, DRILL_LEFT_OUT, &why);
		if (w->wish.drill) {
			*err = why;
			return error_about(err, REFUSAL_DRILL, drill_kinds[f].name);
		}
	}
	return 0;
}

/* The first that is to be made, from `at` on. With the lock. */
static void next(struct world *w, int at)
{
	struct world_drill *d = &w->seen.drill;

	while (at < DRILL_FAULTS && d->cases[at].state != DRILL_DUE)
		at++;
	d->at = at;
	d->phase = DRILL_ASK;
	d->holds = -1;
	d->filter = true;
	memset(d->asked, 0, w->wish.inventory->host_count * sizeof(*d->asked));
}

int judge_drill_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct quorum_view v;
	int rc;

	if (refuse_absent(w, err) || drill_await(t, w->wish.take_lock ? w->wish.verify_ms / 5 : 0, &v, err))
		return -1;
	task_lock(t);
	rc = choose(w, quorum_count(&v).voters, err);
	next(w, 0);
	task_unlock(t);
	return rc;
}

/* ---- whose turn it is ------------------------------------------------------------------------------------------------- */

static bool control_plane(const struct world *w, int host)
{
	return w->wish.inventory->hosts[host].role == INVENTORY_CONTROL_PLANE;
}

/* The first control plane that takes part still, without one; -1: none. */
static int other_than(struct task *t, int host)
{
	const struct world *w = world_of(t);

	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if ((int)i != host && control_plane(w, (int)i) && !task_aside(t, (int)i))
			return (int)i;
	return -1;
}

/* Whom the others wait for; -1: nobody is left. With the lock. */
static int whose(struct task *t)
{
	struct world *w = world_of(t);
	struct world_drill *d = &w->seen.drill;

	switch (d->phase) {
	case DRILL_ASK:
		for (size_t i = 0; i < w->wish.inventory->host_count; i++)
			if (control_plane(w, (int)i) && !d->asked[i])
				return (int)i;
		return -1;
	case DRILL_AWAIT: return other_than(t, -1);
	case DRILL_BEGIN:
	case DRILL_END: return case_of(d)->host;
	default: return case_of(d)->measures;
	}
}

/* Nothing more is begun; what is under way is ended by drill-end. With the lock. */
static void stop(struct task *t)
{
	drill_of(t)->stopped = true;
	task_wake(t);
}

static bool mine(struct task *t)
{
	struct world_drill *d = drill_of(t);

	if (d->phase == DRILL_ASK)
		return control_plane(world_of(t), task_host(t)) && !d->asked[task_host(t)];
	return whose(t) == task_host(t);
}

/* Waits for it. DRILL_PHASES: no other one comes. */
static enum drill_phase turn(struct task *t)
{
	struct world_drill *d = drill_of(t);
	enum drill_phase phase;

	task_lock(t);
	while (!d->stopped && d->at < DRILL_FAULTS && !task_cancelled(t) && !mine(t)) {
		int host = whose(t);

		if (host < 0 || task_aside(t, host))
			stop(t);
		else
			task_wait(t, clock_mono_ms() + 1000);
	}
	phase = !d->stopped && d->at < DRILL_FAULTS && !task_cancelled(t) ? d->phase : DRILL_PHASES;
	task_unlock(t);
	return phase;
}

static void go(struct task *t, enum drill_phase phase)
{
	task_lock(t);
	drill_of(t)->phase = phase;
	task_wake(t);
	task_unlock(t);
}

static void pause_ms(struct task *t, int64_t ms)
{
	task_lock(t);
	if (!task_cancelled(t))
		task_wait(t, clock_mono_ms() + ms);
	task_unlock(t);
}

/* ---- what is said to hosts -------------------------------------------------------------------------------------------- */

static int say_fault(
	struct task *t, const char *act, const char *fault, bool always, struct remote_answer *a, struct error *err)
{
	const struct inventory *inv = world_of(t)->wish.inventory;
	enum drill_fault f = drill_find(fault);
	char seconds[16];
	const struct remote_param params[] = { { "act", act }, { "fault", fault }, { "seconds", seconds },
		{ "vip", inv->endpoint.vip ? inv->endpoint.vip : "" } };

	snprintf(seconds, sizeof(seconds), "%u", f < DRILL_FAULTS ? drill_kinds[f].hold_s : 0);
	return (always ? world_script_always : world_script)(
		t, "drill", host_script_drill, params, 4, fault_words, a, SCRIPT_MS, err);
}

static int say_measure(struct task *t, const char *measure, int64_t since, struct remote_answer *a, struct error *err)
{
	char seconds[16], text[24];
	const struct remote_param params[] = { { "act", "library" }, { "fault", "" }, { "vip", "" },
		{ "seconds", seconds }, { "measure", measure }, { "since", text } };
	struct str script = STR_INIT;
	int rc;

	snprintf(seconds, sizeof(seconds), "%d", MEASURE_S);
	snprintf(text, sizeof(text), "%lld", (long long)since);
	str_addf(&script, "%s%s", host_script_drill, host_script_drill_measure);
	rc = world_script(t, "drill-measure", script.buf, params, 6, measure_words, a, SCRIPT_MS, err);
	str_release(&script);
	return rc;
}

static void note(struct task *t, bool under_way)
{
	task_lock(t);
	drill_of(t)->under_way[task_host(t)] = under_way;
	task_unlock(t);
}

/* ---- the phases ------------------------------------------------------------------------------------------------------- */

static int ask(struct task *t, struct error *err)
{
	struct world_drill *d = drill_of(t);
	struct remote_answer a = { 0 };
	const char *held, *filter;
	bool all = true;

	if (say_fault(t, "look", "", false, &a, err))
		return -1;
	held = remote_answer_get(&a, "held");
	filter = remote_answer_get(&a, "filter");
	task_lock(t);
	if (held && strcmp(held, "yes") == 0)
		d->holds = task_host(t);
	d->filter = d->filter && filter && strcmp(filter, "yes") == 0;
	d->asked[task_host(t)] = true;
	for (size_t i = 0; i < world_of(t)->wish.inventory->host_count; i++)
		all = all && (!control_plane(world_of(t), (int)i) || d->asked[i]);
	d->phase = all ? DRILL_AWAIT : DRILL_ASK;
	task_wake(t);
	task_unlock(t);
	remote_answer_release(&a);
	return 0;
}

/* The one whose member leads, or some other one; -1: none. */
static int member_host(const struct inventory *inv, const struct quorum_view *v, bool leads)
{
	for (size_t i = 0; i < inv->host_count; i++) {
		int own = quorum_find(v, inv->hosts[i].address, inv->hosts[i].name);

		if (own >= 0 && !v->list[own].learner &&
			(strcmp(v->status[own].leader_id, v->list[own].id) == 0) == leads)
			return (int)i;
	}
	return -1;
}

static bool leads(const struct inventory *inv, const struct quorum_view *v, int host)
{
	return host >= 0 && member_host(inv, v, true) == host;
}

/* The worst that can be hit: who holds the virtual IP, where that is not the other question. */
static int victim(struct task *t, enum drill_fault f, const struct quorum_view *v)
{
	const struct world *w = world_of(t);
	const struct inventory *inv = w->wish.inventory;
	int holds = w->seen.drill.holds;

	switch (f) {
	case DRILL_WORKER: return w->seen.drill.cases[f].host;
	case DRILL_VIP: return holds;
	case DRILL_LEADER: return member_host(inv, v, true);
	case DRILL_ETCD: return holds >= 0 && !leads(inv, v, holds) ? holds : member_host(inv, v, false);
	default: return holds >= 0 ? holds : other_than(t, -1);
	}
}

static int await(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct world_drill *d = &w->seen.drill;
	struct quorum_view v;
	struct error why = { 0 };
	struct drill_case *c = case_of(d);
	enum drill_fault f = (enum drill_fault)d->at;

	if (drill_await(t, w->wish.verify_ms, &v, err))
		return -1;
	task_lock(t);
	c->host = victim(t, f, &v);
	c->measures = other_than(t, c->host);
	if (f == DRILL_LINK && !d->filter)
		error_set(&why, ERROR_COMMAND, "link: nft is not on every control plane, and cuts one off");
	else if (c->host < 0)
		error_set(&why, ERROR_COMMAND, "%s: no host is such a one", drill_kinds[f].name);
	else if (drill_possible(w->wish.inventory, f, quorum_count(&v).voters, &why) == 0 && c->measures < 0)
		error_set(&why, ERROR_COMMAND, "%s: no other control plane is there to write and read",
			drill_kinds[f].name);
	if (why.kind != ERROR_NONE) {
		fail(c, DRILL_LEFT_OUT, &why);
		next(w, d->at + 1);
	} else {
		d->phase = DRILL_MEASURE;
	}
	task_wake(t);
	task_unlock(t);
	return 0;
}

/* How far the writer and the reader are. */
static int look(struct task *t, int64_t since, int64_t *now, bool *both, struct error *err)
{
	struct remote_answer a = { 0 };
	const char *text;

	if (say_measure(t, "look", since, &a, err))
		return -1;
	text = remote_answer_get(&a, "now");
	*now = text ? strtoll(text, NULL, 10) : 0;
	text = remote_answer_get(&a, "writes_ok");
	*both = text && atoi(text) >= IN_A_ROW;
	text = remote_answer_get(&a, "reads_ok");
	*both = *both && text && atoi(text) >= IN_A_ROW;
	remote_answer_release(&a);
	return 0;
}

/* Until both have succeeded a few times since then, for so long. *did: whether they have. */
static int await_both(struct task *t, int64_t since, int64_t limit_ms, bool *did, struct error *err)
{
	int64_t begun = clock_mono_ms(), now;

	for (;;) {
		if (look(t, since, &now, did, err))
			return -1;
		if (*did || clock_mono_ms() - begun > limit_ms)
			return 0;
		if (task_cancelled(t))
			return error_set(err, ERROR_CANCELLED, "cancelled");
		pause_ms(t, EACH_MS);
	}
}

static int measure(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	bool did = false;

	note(t, true);
	if (say_measure(t, "begin", 0, NULL, err) || await_both(t, 0, w->wish.verify_ms / 5, &did, err))
		return -1;
	if (!did) {
		error_refuse(err, ERROR_COMMAND, REFUSAL_DRILL, kind_of(&w->seen.drill)->name,
			"writes and reads at the endpoint do not succeed from %s, so no fault is made",
			world_host(t)->name);
		return error_hint(err, "does its /etc/kubernetes/admin.conf work? try 'kubectl get nodes' there");
	}
	go(t, DRILL_BEGIN);
	return 0;
}

static int begin(struct task *t, struct error *err)
{
	const struct drill_kind *k = kind_of(drill_of(t));

	/* what dies comes back by itself */
	note(t, k->hold_s > 0);
	task_notice(t, NOTICE_DRILL, k->name, "%s: %s on %s", k->name, k->does, world_host(t)->name);
	if (say_fault(t, "begin", k->name, false, NULL, err))
		return -1;
	go(t, DRILL_HOLD);
	return 0;
}

/* Until its Node is seen to be down, or the host puts itself back. */
static int await_noticed(struct task *t, struct drill_case *c, int64_t begun, int64_t limit_ms, struct error *err)
{
	const char *node = world_of(t)->wish.inventory->hosts[c->host].name;

	while (clock_mono_ms() - begun < limit_ms) {
		if (task_cancelled(t))
			return error_set(err, ERROR_CANCELLED, "cancelled");
		if (!drill_ready(t, node)) {
			c->noticed_ms = clock_mono_ms() - begun;
			return 0;
		}
		pause_ms(t, EACH_MS);
	}
	return 0;
}

static int hold(struct task *t, struct error *err)
{
	struct world_drill *d = drill_of(t);
	struct drill_case *c = case_of(d);
	int64_t begun = clock_mono_ms(), since = 0;
	/* a part of the time is left to the end that this run makes of it */
	int64_t limit_ms = (kind_of(d)->hold_s ? (int64_t)kind_of(d)->hold_s * 1000 * 2 / 3 : 60000);
	bool did = false;

	if (look(t, 0, &since, &did, err))
		return -1;
	if (d->at == DRILL_WORKER && await_noticed(t, c, begun, limit_ms, err))
		return -1;
	while (clock_mono_ms() - begun < world_of(t)->wish.verify_ms / HOLD_PART && !task_cancelled(t))
		pause_ms(t, EACH_MS);
	if (await_both(t, since, limit_ms, &did, err))
		return -1;
	if (!did)
		task_log(t, "writes and reads do not succeed again within %lld s", (long long)limit_ms / 1000);
	go(t, DRILL_END);
	return 0;
}

static int end_fault(struct task *t, bool always, struct error *err)
{
	struct remote_answer a = { 0 };
	const char *ended;
	int rc = say_fault(t, "end", "", always, &a, err);

	ended = remote_answer_get(&a, "ended");
	if (rc == 0 && ended && strcmp(ended, "itself") == 0)
		task_log(t, "nothing is under way here any more");
	remote_answer_release(&a);
	if (rc == 0)
		note(t, false);
	return rc;
}

static int end(struct task *t, struct error *err)
{
	if (kind_of(drill_of(t))->hold_s && end_fault(t, false, err))
		return -1;
	go(t, DRILL_SETTLE);
	return 0;
}

static int settle(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct world_drill *d = &w->seen.drill;
	struct drill_measured m;
	struct remote_answer a = { 0 };
	struct quorum_view v;
	int64_t begun = clock_mono_ms();
	bool did;
	int rc;

	if (drill_await(t, w->wish.verify_ms, &v, err) || await_both(t, 0, w->wish.verify_ms / 5, &did, err))
		return -1;
	begun = clock_mono_ms() - begun;
	rc = say_measure(t, "end", 0, &a, err) ? -1 : drill_measured_take(&m, &a, err);
	remote_answer_release(&a);
	if (rc)
		return -1;
	note(t, false);
	task_lock(t);
	case_of(d)->measured = m;
	case_of(d)->back_ms = begun;
	case_of(d)->state = DRILL_DONE;
	next(w, d->at + 1);
	task_wake(t);
	task_unlock(t);
	return 0;
}

/* ---- the steps -------------------------------------------------------------------------------------------------------- */

enum step_verdict drill_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	bool here = world_is_control_plane(t), due = false;

	for (int f = 0; f < DRILL_FAULTS; f++)
		due = due || w->seen.drill.cases[f].state == DRILL_DUE;
	here = here || (w->seen.drill.cases[DRILL_WORKER].state == DRILL_DUE &&
			       w->seen.drill.cases[DRILL_WORKER].host == task_host(t));
	if (!here || !due)
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_DRILL, NULL, "makes faults on purpose, writes and reads meanwhile");
}

int drill_apply(struct task *t, struct error *err)
{
	static int (*const acts[DRILL_PHASES])(struct task * t, struct error * err) = { [DRILL_ASK] = ask,
		[DRILL_AWAIT] = await,
		[DRILL_MEASURE] = measure,
		[DRILL_BEGIN] = begin,
		[DRILL_HOLD] = hold,
		[DRILL_END] = end,
		[DRILL_SETTLE] = settle };
	struct world_drill *d = drill_of(t);
	enum drill_phase phase;

	while ((phase = turn(t)) != DRILL_PHASES) {
		if (acts[phase](t, err) == 0)
			continue;
		task_lock(t);
		if (d->at < DRILL_FAULTS)
			fail(case_of(d), DRILL_FAILED, err);
		stop(t);
		task_unlock(t);
		return -1;
	}
	return task_cancelled(t) ? error_set(err, ERROR_CANCELLED, "cancelled") : 0;
}

enum step_verdict drill_end_check(struct task *t, struct error *why)
{
	(void)why;
	return drill_of(t)->under_way[task_host(t)] ? STEP_NEEDED : STEP_NOT_HERE;
}

int drill_end_apply(struct task *t, struct error *err)
{
	return end_fault(t, true, err);
}
