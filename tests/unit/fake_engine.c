#include "tests/unit/fake_engine.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "engine/private.h"
#include "remote/remote.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* tests/test.h counts per file: here a failure ends the test's process. */
#define CHECK(cond) expect((cond), #cond, __LINE__)
#define CHECK_INT(got, want) CHECK((got) == (want))
#define CHECK_STR(got, want) CHECK(strcmp((got), (want)) == 0)

static bool expect(bool ok, const char *text, int line)
{
	if (!ok) {
		printf("# rig, line %d: %s is false\n", line, text);
		fflush(stdout);
		_exit(1);
	}
	return ok;
}

/* ---- remote --------------------------------------------------------------------------------------------------------- */

struct fake {
	struct remote base;
	struct rig *rig;
	struct task *task;
	int host;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool cancelled;
};

static bool fake_cancelled(struct fake *f)
{
	bool cancelled;

	pthread_mutex_lock(&f->lock);
	cancelled = f->cancelled;
	pthread_mutex_unlock(&f->lock);
	return cancelled;
}

/* RIG_AWAIT: as a step would, with the engine's own means. */
static bool await_flag(struct rig *r, struct task *t)
{
	bool flag;

	task_lock(t);
	while (!r->flag && !r->opened && !task_cancelled(t))
		task_wait(t, clock_mono_ms() + 20);
	flag = r->flag || r->opened;
	task_unlock(t);
	return flag;
}

static int act_error(enum rig_act act, struct error *err)
{
	if (act == RIG_FAIL)
		error_set(err, ERROR_COMMAND, "exit status 1");
	else if (act == RIG_LOSE)
		error_set(err, ERROR_CONNECT, "the connection was lost");
	else if (act == RIG_REFUSE)
		error_set(err, ERROR_AUTH, "login refused");
	else
		error_set(err, ERROR_CANCELLED, "cancelled");
	return error_hint(err, "a hint");
}

static enum rig_act next_act(struct rig *r, struct task *t, int host, int step, unsigned nth)
{
	enum rig_act act = RIG_OK;

	if (atomic_fetch_add(&r->calls, 1) + 1 == r->fail_call)
		return r->fail_as;
	task_lock(t);
	if (r->act)
		act = r->act(r, host, step, nth);
	task_unlock(t);
	return act;
}

static int fake_exec(struct remote *remote, const struct remote_exec *x, int *status, struct error *err)
{
	struct fake *f = (struct fake *)remote;
	int step = rig_step_index(f->rig, x->command);
	unsigned nth;
	enum rig_act act;

	task_lock(f->task);
	nth = f->rig->applies[f->host][step];
	task_unlock(f->task);
	act = next_act(f->rig, f->task, f->host, step, nth);
	*status = 0;
	if (act == RIG_HANG) {
		pthread_mutex_lock(&f->lock);
		while (!f->cancelled)
			pthread_cond_wait(&f->cond, &f->lock);
		pthread_mutex_unlock(&f->lock);
	}
	if (fake_cancelled(f) || (act == RIG_AWAIT && !await_flag(f->rig, f->task)))
		return act_error(RIG_HANG, err);
	return act == RIG_OK || act == RIG_AWAIT ? 0 : act_error(act, err);
}

static void fake_cancel(struct remote *remote)
{
	struct fake *f = (struct fake *)remote;

	pthread_mutex_lock(&f->lock);
	f->cancelled = true;
	f->rig->cancels++;
	pthread_cond_broadcast(&f->cond);
	pthread_mutex_unlock(&f->lock);
}

static void fake_free(struct remote *remote)
{
	struct fake *f = (struct fake *)remote;

	f->rig->connections--;
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->cond);
	free(f);
}

static const struct remote_ops fake_ops = { .exec = fake_exec, .cancel = fake_cancel, .free = fake_free };

static struct remote *fake_open(
	void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	struct rig *r = world;
	struct fake *f;
	unsigned nth;
	enum rig_act act;

	task_lock(t);
	nth = ++r->opens[host];
	if (++r->opening > r->most_opening)
		r->most_opening = r->opening;
	if (++r->connections > r->most_connections)
		r->most_connections = r->connections;
	task_unlock(t);
	act = token ? next_act(r, t, host, -1, nth) : RIG_FAIL;
	if (act == RIG_HANG || act == RIG_AWAIT || act == RIG_LATE)
		act = await_flag(r, t) || act == RIG_LATE ? RIG_OK : RIG_HANG;
	task_lock(t);
	r->opening--;
	task_unlock(t);
	if (act != RIG_OK) {
		act_error(act, err);
		r->connections--;
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	*f = (struct fake){ .base.ops = &fake_ops, .rig = r, .task = t, .host = host };
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->cond, NULL);
	return &f->base;
}

/* ---- steps ---------------------------------------------------------------------------------------------------------- */

int rig_step_index(const struct rig *r, const char *name)
{
	for (size_t s = 0; s < r->config.step_count; s++)
		if (strcmp(r->config.steps[s].name, name) == 0)
			return (int)s;
	abort();
}

/* Which step runs: check and apply do not know, so each table row has its own name and this finds the one that is due by its counters. */
static _Thread_local int current_step;

static enum step_verdict check_index(struct task *t, struct error *why, int step)
{
	struct rig *r = task_world(t);
	int host = task_host(t);
	enum step_verdict verdict;

	current_step = step;
	task_lock(t);
	r->checks[host][step]++;
	verdict = r->only[step] >= 0 && r->only[step] != host ? STEP_NOT_HERE
		  : r->done[host][step]                       ? STEP_DONE
							      : STEP_NEEDED;
	task_unlock(t);
	if (verdict == STEP_NEEDED)
		error_set(why, ERROR_NONE, "is wanted");
	return verdict;
}

#define CHECKS(n) \
	static enum step_verdict check_##n(struct task *t, struct error *why) \
	{ \
		return check_index(t, why, n); \
	}
/* clang-format off */
CHECKS(0) CHECKS(1) CHECKS(2) CHECKS(3) CHECKS(4) CHECKS(5) CHECKS(6) CHECKS(7) CHECKS(8) CHECKS(9) CHECKS(10) CHECKS(11)
CHECKS(12) CHECKS(13) CHECKS(14) CHECKS(15)
	/* clang-format on */
	static enum step_verdict (*const checks[RIG_STEPS])(struct task *, struct error *) = { check_0, check_1,
		check_2, check_3, check_4, check_5, check_6, check_7, check_8, check_9, check_10, check_11, check_12,
		check_13, check_14, check_15 };

/* A row's check is replaced by the one of its place. */
enum step_verdict rig_check(struct task *t, struct error *why)
{
	return check_index(t, why, current_step);
}

int rig_apply(struct task *t, struct error *err)
{
	struct rig *r = task_world(t);
	int host = task_host(t), step = current_step, status, rc;
	struct remote *remote = NULL;

	task_lock(t);
	r->applies[host][step]++;
	r->order[r->order_count++] = host * RIG_STEPS + step;
	for (size_t i = 0; i < r->config.host_count; i++)
		r->lost[i] = task_lost(t, (int)i);
	if (++r->running[step] > r->most[step])
		r->most[step] = r->running[step];
	task_unlock(t);
	remote = task_remote(t, err);
	rc = remote ? remote_exec(remote, &(struct remote_exec){ .command = r->config.steps[step].name }, &status, err)
		    : -1;
	task_lock(t);
	r->running[step]--;
	r->done[host][step] = rc == 0;
	if (rc == 0 && r->after)
		r->after(r, host, step);
	if (r->flag)
		task_wake(t);
	task_unlock(t);
	return rc;
}

/* clang-format off */
const struct step rig_plan[] = {
	{ "probe", "Probe", RIG_ALL, STEP_OBSERVES, { { 0 } }, rig_check, rig_apply },
	{ "os", "System", RIG_ALL, 0, { { "probe", 0, 0 } }, rig_check, rig_apply },
	{ "images", "Images", RIG_ALL, 0, { { "os", 0, 0 } }, rig_check, rig_apply },
	{ "init", "Init", RIG_CP, 0, { { "images", 0, 0 } }, rig_check, rig_apply },
	{ "token", "Token", RIG_CP, 0, { { "init", RIG_CP, 1 } }, rig_check, rig_apply },
	{ "join", "Join", RIG_WORKER, 0, { { "images", 0, 0 }, { "token", RIG_CP, 1 } }, rig_check, rig_apply },
	{ "join-cp", "Join", RIG_CP, STEP_ONE_BY_ONE, { { "images", 0, 0 }, { "token", RIG_CP, 1 } }, rig_check, rig_apply },
	{ "verify", "Verify", RIG_CP, 0, { { "join-cp", RIG_CP, 1 }, { "join", RIG_WORKER, 0 } }, rig_check, rig_apply },
	{ "unlock", "Unlock", RIG_ALL, STEP_ALWAYS, { { 0 } }, rig_check, rig_apply },
};
/* clang-format on */
const size_t rig_plan_count = sizeof(rig_plan) / sizeof(rig_plan[0]);

/* ---- rig ------------------------------------------------------------------------------------------------------------ */

void rig_init(struct rig *r, const struct step *steps, size_t count, const char *roles)
{
	struct step *copy = xcalloc(count, sizeof(*copy));

	memset(r, 0, sizeof(*r));
	memcpy(copy, steps, count * sizeof(*copy));
	for (size_t s = 0; s < count; s++)
		if (copy[s].check == rig_check)
			copy[s].check = checks[s];
	for (size_t s = 0; s < RIG_STEPS; s++)
		r->only[s] = -1;
	for (size_t h = 0; roles[h]; h++) {
		snprintf(r->names[h], sizeof(r->names[h]), "%c%u", roles[h], (unsigned char)h);
		r->hosts[h] = (struct engine_host){ r->names[h], roles[h] == 'c' ? RIG_CP : RIG_WORKER };
	}
	r->config = (struct engine_config){ .run = "run1",
		.steps = copy,
		.step_count = count,
		.hosts = r->hosts,
		.host_count = strlen(roles),
		.world = r,
		.open = fake_open };
}

void rig_init_plan(struct rig *r, const char *roles)
{
	rig_init(r, rig_plan, rig_plan_count, roles);
	r->only[P_INIT] = r->only[P_TOKEN] = r->only[P_VERIFY] = 0;
}

static void drop_events(struct rig *r)
{
	for (size_t i = 0; i < r->event_count; i++)
		free(r->events[i].text);
	free(r->events);
	r->events = NULL;
	r->event_count = 0;
}

void rig_release(struct rig *r)
{
	engine_free(r->engine);
	drop_events(r);
	free((void *)r->config.steps);
}

void rig_forget(struct rig *r)
{
	memset(r->done, 0, sizeof(r->done));
	memset(r->checks, 0, sizeof(r->checks));
	memset(r->applies, 0, sizeof(r->applies));
	memset(r->opens, 0, sizeof(r->opens));
	memset(r->most, 0, sizeof(r->most));
	r->order_count = 0;
	r->flag = false;
	atomic_store(&r->opened, false);
	atomic_store(&r->calls, 0);
	drop_events(r);
}

static void keep(const struct event *ev, void *ctx)
{
	struct rig *r = ctx;
	struct rig_event *e;

	if ((r->event_count & (r->event_count - 1)) == 0)
		r->events = xrealloc(r->events, r->event_count ? r->event_count * 2 : 1, sizeof(*r->events));
	e = &r->events[r->event_count++];
	*e = (struct rig_event){ .ev = *ev, .text = ev->text ? xstrdup(ev->text) : NULL };
	if (ev->error)
		e->error = *ev->error;
	if (r->on_event)
		r->on_event(r, ev);
}

bool rig_start(struct rig *r)
{
	struct error err = { 0 };

	engine_free(r->engine);
	drop_events(r);
	r->engine = engine_new(&r->config);
	engine_observe(r->engine, keep, r);
	if (r->after_cancel_ms)
		r->engine->after_cancel_ms = r->after_cancel_ms;
	return CHECK_INT(engine_start(r->engine, &err), 0);
}

/* What holds for every run. */
static void check_stream(const struct rig *r)
{
	CHECK(r->event_count >= 2);
	if (r->event_count < 2)
		return;
	CHECK_INT(r->events[0].ev.kind, EVENT_RUN_STARTED);
	CHECK_INT(r->events[r->event_count - 1].ev.kind, EVENT_RUN_DONE);
	for (size_t i = 0; i < r->event_count; i++) {
		const struct rig_event *e = &r->events[i];

		if (e->ev.seq != i + 1) {
			CHECK_INT(e->ev.seq, i + 1);
			return;
		}
		if (e->ev.error) {
			CHECK(e->error.host[0] && e->error.what[0] && e->error.kind != ERROR_NONE);
			CHECK_STR(e->error.host, r->hosts[e->ev.host].name);
		}
		CHECK((e->ev.kind != EVENT_HOST_ASIDE && e->ev.outcome != OUTCOME_FAILED) || e->ev.error ||
			e->ev.kind == EVENT_RUN_DONE);
	}
}

void rig_finish(struct rig *r)
{
	CHECK(!engine_wait(r->engine, -1, 200 * 1000));
	CHECK(!engine_dispatch(r->engine));
	check_stream(r);
	engine_result(r->engine, &r->result);
}

void rig_run(struct rig *r)
{
	if (rig_start(r))
		rig_finish(r);
}

int rig_find(const struct rig *r, enum event_kind kind, int step, int host)
{
	for (size_t i = 0; i < r->event_count; i++) {
		const struct event *ev = &r->events[i].ev;

		if (ev->kind == kind && (step < 0 || ev->step == step) && (host < 0 || ev->host == host))
			return (int)i;
	}
	return -1;
}

unsigned rig_count(const struct rig *r, enum event_kind kind, int step, int host)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->event_count; i++) {
		const struct event *ev = &r->events[i].ev;

		n += ev->kind == kind && (step < 0 || ev->step == step) && (host < 0 || ev->host == host);
	}
	return n;
}

const struct rig_event *rig_get(const struct rig *r, enum event_kind kind, int step, int host)
{
	static const struct rig_event none = { .text = NULL };
	int i = rig_find(r, kind, step, host);

	CHECK(i >= 0);
	return i < 0 ? &none : &r->events[i];
}

int rig_outcome(const struct rig *r, int step, int host)
{
	int outcome = -1;

	for (size_t i = 0; i < r->event_count; i++) {
		const struct event *ev = &r->events[i].ev;

		if (ev->kind == EVENT_STEP_DONE && ev->step == step && ev->host == host)
			outcome = (int)ev->outcome;
	}
	return outcome;
}

bool rig_until(struct rig *r, enum event_kind kind, int step, int host, int ms)
{
	int64_t deadline = rig_ms() + ms;

	while (rig_find(r, kind, step, host) < 0) {
		if (rig_ms() > deadline || !engine_wait(r->engine, -1, 5))
			break;
	}
	return rig_find(r, kind, step, host) >= 0;
}

void rig_open_flag(struct rig *r)
{
	atomic_store(&r->opened, true);
}

int64_t rig_ms(void)
{
	return clock_mono_ms();
}
