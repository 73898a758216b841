/* Who does what next. All of it with engine.lock held. */
#include "engine/private.h"

#include "base/clock.h"

/* What pick found besides work. */
enum idle { IDLE, IDLE_HELD };

static bool stopping(const struct engine *e)
{
	return e->cancelled || e->left;
}

/* A host that was set aside keeps a run with keep_alive up: the operator may yet retry or skip it. */
static bool kept_alive(const struct engine *e)
{
	if (!e->config.keep_alive || e->ended || stopping(e))
		return false;
	for (size_t h = 0; h < e->config.host_count; h++)
		if (e->tasks[h].aside && !e->tasks[h].skipped)
			return true;
	return false;
}

static bool may_take(const struct task *t, int s)
{
	int n = t->e->section[s];

	return n < 0 || t->inside[n] || t->e->turns[n].inside < t->e->turns[n].at_once;
}

static void take_turn(struct task *t, int s)
{
	int n = t->e->section[s];

	if (n < 0 || t->inside[n])
		return;
	t->inside[n] = true;
	t->e->turns[n].inside++;
}

/* Whether a host that has a section's turn has something to do with it, now or later. */
static bool needs_turn(const struct task *t, int n)
{
	const struct engine *e = t->e;

	if (t->busy && t->work == WORK_STEP && e->section[t->work_step] == n)
		return true;
	for (int s = 0; s < (int)e->config.step_count && !t->aside; s++)
		if (e->section[s] == n && t->cells[s].settled == UNSETTLED && !t->cells[s].doomed &&
			engine_concerns(e, s, t->host))
			return true;
	return false;
}

static void leave_turns(struct task *t)
{
	for (size_t n = 0; n < t->e->turn_count; n++)
		if (t->inside[n] && !needs_turn(t, (int)n)) {
			t->inside[n] = false;
			t->e->turns[n].inside--;
		}
}

static bool open_here(const struct task *t, int s, unsigned always)
{
	return t->cells[s].settled == UNSETTLED && engine_concerns(t->e, s, t->host) &&
	       (t->e->config.steps[s].flags & STEP_ALWAYS) == always;
}

/* Ordinary steps: the first one whose needs are met; when there is nothing left to wait for, the first that can never start. *left: some are open. */
static enum work pick_ordinary(const struct task *t, int *step, bool *left)
{
	const struct engine *e = t->e;
	int never = -1, which;
	bool pending = false;

	for (int s = 0; s < (int)e->config.step_count; s++) {
		enum need_state state;

		if (!open_here(t, s, 0))
			continue;
		*left = true;
		state = plan_needs(e, t, s, &which);
		if (state == NEED_MET && may_take(t, s)) {
			*step = s;
			return WORK_STEP;
		}
		if (state == NEED_NEVER && never < 0)
			never = s;
		pending |= state != NEED_NEVER;
	}
	*step = never;
	return never < 0 || pending ? WORK_NONE : WORK_BLOCK;
}

/* Whether ordinary steps are under way, or will be. After a cancel nobody waits for them: they end by themselves. */
static bool others_work(const struct engine *e)
{
	bool busy = false;

	for (size_t h = 0; h < e->config.host_count && e->left; h++) {
		const struct task *t = &e->tasks[h];

		busy |= t->busy && t->work == WORK_STEP && !(e->config.steps[t->work_step].flags & STEP_ALWAYS);
	}
	return e->cancelled ? false : e->left ? busy : e->ordinary_open;
}

/* Clean-up: after everything else of this host; in a run that is kept alive, after everything. */
static enum work pick_always(const struct task *t, int *step)
{
	const struct engine *e = t->e;

	if (e->hard || (t->aside && t->unreachable) || (e->cancelled && !t->ever_connected))
		return WORK_NONE;
	if (e->config.keep_alive && !e->ended && !stopping(e) && (e->ordinary_open || kept_alive(e)))
		return WORK_NONE;
	for (int s = 0; s < (int)e->config.step_count; s++)
		if (open_here(t, s, STEP_ALWAYS) && (e->config.steps[s].flags & STEP_LAST) && others_work(e))
			return WORK_NONE;
		else if (open_here(t, s, STEP_ALWAYS)) {
			*step = s;
			return WORK_STEP;
		}
	return WORK_NONE;
}

static enum work pick(const struct task *t, int *step)
{
	bool left = false;
	enum work work;

	if (t->skip && !t->aside)
		return WORK_SKIP;
	if (!t->aside && !stopping(t->e)) {
		work = pick_ordinary(t, step, &left);
		if (work != WORK_NONE || left)
			return work;
	}
	return pick_always(t, step);
}

static enum idle assign(struct engine *e, struct task *t)
{
	int step = -1;
	enum work work = pick(t, &step);

	if (work == WORK_NONE)
		return IDLE;
	if (work == WORK_STEP && e->paused && !stopping(e))
		return IDLE_HELD;
	if (work == WORK_STEP)
		take_turn(t, step);
	t->work = work;
	t->work_step = step;
	t->busy = true;
	t->grace = e->cancelled;
	e->running++;
	pthread_cond_signal(&t->cond);
	return IDLE;
}

static void finish(struct engine *e)
{
	struct event ev = { .kind = EVENT_RUN_DONE, .step = -1, .host = -1 };
	struct engine_result r;

	e->over = true;
	engine_result_locked(e, &r);
	ev.outcome = r.cancelled     ? OUTCOME_CANCELLED
		     : r.hosts_aside ? OUTCOME_FAILED
		     : r.would       ? OUTCOME_WOULD
		     : r.changed     ? OUTCOME_CHANGED
				     : OUTCOME_OK;
	ev.elapsed_ms = clock_mono_ms() - e->stream.start_ms;
	stream_emit(e, &ev, EMIT_FORCE, NULL);
	e->quit = true;
	for (size_t h = 0; h < e->config.host_count; h++)
		pthread_cond_signal(&e->tasks[h].cond);
	pthread_cond_signal(&e->watch);
}

void schedule(struct engine *e)
{
	bool held = false;

	if (e->over || !e->started)
		return;
	plan_refresh(e);
	for (size_t h = 0; h < e->config.host_count; h++)
		leave_turns(&e->tasks[h]);
	for (size_t h = 0; h < e->config.host_count; h++)
		if (!e->tasks[h].busy)
			held |= assign(e, &e->tasks[h]) == IDLE_HELD;
	if (e->wanting)
		schedule_room(e);
	if (e->running == 0 && !held && !kept_alive(e))
		finish(e);
}

/* What a step that only looks has looked at may have been put right since: the steps before it look again. */
static void look_again(struct task *t, int step)
{
	const struct engine *e = t->e;
	const struct step *steps = e->config.steps;

	for (int n = 0; n < NEEDS_MAX && steps[step].needs[n].step; n++) {
		int needed = e->need_step[step][n];

		if (!(steps[needed].flags & STEP_OBSERVES) || !engine_concerns(e, needed, t->host))
			continue;
		t->cells[needed].settled = UNSETTLED;
		look_again(t, needed);
	}
}

/* Out of the corner: what failed, was blocked or skipped is open again. */
static void reopen(struct task *t)
{
	struct event ev = { .kind = EVENT_HOST_STATE, .step = -1, .host = t->host, .code = HOST_RETRYING };

	t->aside = t->blocked = t->unreachable = t->skip = t->skipped = t->retry = false;
	t->reconnects = 0;
	for (size_t s = 0; s < t->e->config.step_count; s++)
		if (!cell_is_done(&t->cells[s]) || (t->e->config.steps[s].flags & STEP_ALWAYS))
			t->cells[s].settled = UNSETTLED;
	if (t->aside_step >= 0 && (t->e->config.steps[t->aside_step].flags & STEP_OBSERVES))
		look_again(t, t->aside_step);
	ev.text = code_name(ev.code);
	stream_emit(t->e, &ev, EMIT_FORCE, NULL);
}

void schedule_retry(struct engine *e, struct task *t)
{
	bool again = true;
	int which;

	reopen(t);
	while (again) {
		again = false;
		plan_refresh(e);
		for (size_t h = 0; h < e->config.host_count; h++) {
			struct task *b = &e->tasks[h];

			if (!b->aside || !b->blocked || plan_needs(e, b, b->blocked_step, &which) == NEED_NEVER)
				continue;
			if (b->busy) {
				b->retry = true;
			} else {
				reopen(b);
				again = true;
			}
		}
	}
}

void schedule_room(struct engine *e)
{
	int wanted = e->wanting - e->giving - (e->config.connections - e->connections);

	for (size_t h = 0; h < e->config.host_count && wanted > 0; h++) {
		struct task *t = &e->tasks[h];

		if (t->work != WORK_NONE || !t->remote || t->gives)
			continue;
		t->gives = true;
		e->giving++;
		wanted--;
		pthread_cond_signal(&t->cond);
	}
}

void schedule_login(struct engine *e)
{
	for (size_t h = 0; h < e->config.host_count; h++)
		if (e->tasks[h].wants_login) {
			pthread_cond_signal(&e->tasks[h].cond);
			return;
		}
}
