/* One host's thread: runs the work that the schedule gives it. */
#include "engine/private.h"

#include "base/clock.h"
#include "remote/remote.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Waits before reconnecting, in ms; the last one is for all later ones too. */
static const int backoff_ms[] = { 500, 2000, 5000 };
#define BACKOFFS ((int)(sizeof(backoff_ms) / sizeof(backoff_ms[0])))

static _Thread_local const struct task *own; /* whose thread this is */

/* One step on this host, from check to verdict. */
struct attempt {
	const struct step *step;
	int64_t started_ms;
	bool announced; /* STEP_STARTED was sent */
	bool retried;
	enum settled settled;
	enum outcome outcome;
	struct error err, evidence;
};

bool host_stopped(const struct task *t)
{
	return t->e->hard || t->skip || (t->e->cancelled && !t->grace);
}

bool host_wait(struct task *t, int64_t deadline_ms)
{
	struct timespec at = { .tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000 };

	if (deadline_ms < 0)
		return pthread_cond_wait(&t->cond, &t->e->lock) == 0;
	return pthread_cond_timedwait(&t->cond, &t->e->lock, &at) == 0;
}

bool host_is_own(const struct task *t)
{
	return own == t;
}

void host_beat(struct task *t, struct error *err)
{
	int64_t next;

	if (!t->e->config.beat || clock_mono_ms() < t->beat_at)
		return;
	next = t->opening ? 1000 : t->ever_connected ? t->e->config.beat(t, err) : -1;
	t->beat_at = next < 0 ? INT64_MAX : clock_mono_ms() + next;
}

void host_rest(struct task *t, struct error *err)
{
	struct engine *e = t->e;

	if (!e->config.beat || host_stopped(t) || t->unreachable || t->beat_at == INT64_MAX) {
		host_wait(t, -1);
	} else if (clock_mono_ms() < t->beat_at) {
		host_wait(t, t->beat_at);
	} else {
		t->resting = true;
		pthread_mutex_unlock(&e->lock);
		host_beat(t, err);
		pthread_mutex_lock(&e->lock);
		t->resting = t->beating = false;
	}
}

void host_close(struct task *t)
{
	struct remote *r;
	struct remote_cancel_token *token;

	pthread_mutex_lock(&t->e->lock);
	r = t->remote;
	token = t->token;
	t->remote = NULL;
	t->token = NULL;
	t->remote_dead = false;
	pthread_mutex_unlock(&t->e->lock);
	remote_free(r);
	if (token)
		remote_cancel_token_free(token);
	pthread_mutex_lock(&t->e->lock);
	t->e->connections -= t->has_connection;
	t->e->giving -= t->gives;
	t->has_connection = t->gives = false;
	schedule_login(t->e);
	pthread_mutex_unlock(&t->e->lock);
}

void host_interrupt(struct task *t)
{
	if (t->token)
		remote_cancel_token_fire(t->token);
	if (t->remote) {
		remote_cancel(t->remote);
		t->remote_dead = true;
	}
	pthread_cond_signal(&t->cond);
}

/* A lost connection: waits and says whether the step is to be tried again. */
static bool reconnect(struct task *t)
{
	struct engine *e = t->e;
	int limit = e->config.reconnects > 0 ? e->config.reconnects : 3;
	int wait_ms = backoff_ms[t->reconnects < BACKOFFS ? t->reconnects : BACKOFFS - 1];
	int64_t until;
	bool go_on;

	host_close(t);
	host_state(t, HOST_LOST);
	pthread_mutex_lock(&e->lock);
	go_on = t->reconnects < limit;
	until = clock_mono_ms() + wait_ms;
	while (go_on && !host_stopped(t) && clock_mono_ms() < until)
		host_wait(t, until);
	t->reconnects += go_on;
	go_on = go_on && !host_stopped(t);
	pthread_mutex_unlock(&e->lock);
	return go_on;
}

/* Whether a failed apply gets another chance. */
static bool again(struct task *t, struct attempt *a)
{
	bool stopped, connected;

	pthread_mutex_lock(&t->e->lock);
	stopped = host_stopped(t);
	connected = t->ever_connected;
	pthread_mutex_unlock(&t->e->lock);
	if (stopped)
		return false;
	if (a->err.kind == ERROR_CONNECT) {
		task_log(t, "connection: %s", a->err.what);
		return connected && reconnect(t);
	}
	if (!(a->step->flags & STEP_RETRY) || a->retried || a->err.kind == ERROR_HOSTKEY || a->err.kind == ERROR_AUTH ||
		a->err.kind == ERROR_CANCELLED)
		return false;
	a->retried = true;
	task_log(t, "failed, is tried once more: %s", a->err.what);
	return true;
}

static int apply(struct task *t, struct attempt *a)
{
	int rc = 0;

	if (!a->announced) {
		a->announced = true;
		host_step_started(t, &a->evidence);
	}
	if (a->step->apply)
		rc = a->step->apply(t, &a->err);
	output_flush(t);
	return rc;
}

/* check and, if wanted, apply: once. false: to be tried again. */
static bool try_once(struct task *t, struct attempt *a)
{
	enum step_verdict verdict;

	memset(&a->err, 0, sizeof(a->err));
	memset(&a->evidence, 0, sizeof(a->evidence));
	verdict = a->step->check ? a->step->check(t, &a->evidence) : STEP_NEEDED;
	a->settled = verdict == STEP_NOT_HERE ? SETTLED_NOT_HERE : SETTLED_DONE;
	a->outcome = OUTCOME_OK;
	if (verdict == STEP_IMPOSSIBLE) {
		a->settled = SETTLED_FAILED;
		a->err = a->evidence;
		memset(&a->evidence, 0, sizeof(a->evidence));
	}
	if (verdict != STEP_NEEDED && verdict != STEP_HALF_DONE)
		return true;
	if (t->e->config.check_only && !(a->step->flags & STEP_OBSERVES)) {
		a->outcome = OUTCOME_WOULD;
		return true;
	}
	if (apply(t, a)) {
		a->settled = SETTLED_FAILED;
		return !again(t, a);
	}
	a->outcome = a->step->flags & STEP_OBSERVES ? OUTCOME_OK : OUTCOME_CHANGED;
	return true;
}

/* Sets the host aside because of *err; engine.lock held. The first reason stays. */
static void set_aside(struct task *t, const struct error *err)
{
	struct event ev = { .kind = EVENT_HOST_ASIDE, .step = t->step, .host = t->host, .error = &t->error };

	if (t->aside)
		return;
	t->aside = true;
	t->aside_order = ++t->e->aside_count;
	t->aside_step = t->step;
	t->unreachable = err->kind == ERROR_CONNECT || err->kind == ERROR_HOSTKEY || err->kind == ERROR_AUTH;
	t->error = *err;
	event_about(&ev, err);
	stream_emit(t->e, &ev, EMIT_FORCE, NULL);
}

/* Who, where: the step did not know. And what must never be empty. */
static void complete_error(struct task *t, struct error *err)
{
	const struct engine *e = t->e;

	if (err->kind == ERROR_NONE)
		err->kind = ERROR_INTERNAL;
	if (!err->what[0])
		snprintf(err->what, sizeof(err->what), "failed without saying why");
	snprintf(err->host, sizeof(err->host), "%s", e->config.hosts[t->host].name);
	snprintf(err->step, sizeof(err->step), "%s", t->step >= 0 ? e->config.steps[t->step].name : "");
	stream_clean_error(e->config.mask, err);
}

/* Outcome, event and state of a step that ended; engine.lock held. */
static void settle(struct task *t, struct attempt *a)
{
	struct event ev = { .kind = EVENT_STEP_DONE,
		.step = t->step,
		.host = t->host,
		.outcome = a->outcome,
		.elapsed_ms = clock_mono_ms() - a->started_ms,
		.text = a->evidence.what[0] ? a->evidence.what : NULL };
	bool always = (a->step->flags & STEP_ALWAYS) != 0;

	if (a->settled == SETTLED_FAILED) {
		complete_error(t, &a->err);
		ev.error = &a->err;
		ev.outcome = OUTCOME_FAILED;
		if (host_stopped(t)) {
			/* no failure: it was to end */
			ev.outcome = t->skip ? OUTCOME_SKIPPED : OUTCOME_CANCELLED;
			a->settled = t->skip && always ? SETTLED_SKIPPED : UNSETTLED;
		}
	} else {
		t->reconnects = 0;
	}
	event_about(&ev, ev.error ? ev.error : &a->evidence);
	t->cells[t->step].settled = a->settled;
	t->cells[t->step].outcome = ev.outcome;
	/* an ordinary step that is skipped is reported with the rest of its host */
	if (a->settled != SETTLED_NOT_HERE && (ev.outcome != OUTCOME_SKIPPED || always))
		stream_emit(t->e, &ev, EMIT_FORCE, NULL);
	if (a->settled == SETTLED_FAILED)
		set_aside(t, &a->err);
}

static void run_step(struct task *t)
{
	struct attempt a = { .step = &t->e->config.steps[t->step], .started_ms = clock_mono_ms() };
	bool stopped;

	pthread_mutex_lock(&t->e->lock);
	stopped = host_stopped(t);
	pthread_mutex_unlock(&t->e->lock);
	if (!stopped) {
		output_begin(t);
		while (!try_once(t, &a))
			continue;
		output_flush(t);
		if (a.settled == SETTLED_FAILED && a.err.kind == ERROR_CONNECT)
			host_close(t);
		stream_wait_space(&t->e->stream);
	}
	pthread_mutex_lock(&t->e->lock);
	if (!stopped)
		settle(t, &a);
}

/* The step can never start. Takes engine.lock and keeps it. */
static void block(struct task *t)
{
	struct error err = { 0 };
	struct event ev = {
		.kind = EVENT_STEP_DONE, .step = t->step, .host = t->host, .outcome = OUTCOME_BLOCKED, .error = &err
	};
	int which;

	stream_wait_space(&t->e->stream);
	pthread_mutex_lock(&t->e->lock);
	plan_refresh(t->e);
	/* the host in the way may have been retried meanwhile */
	if (plan_needs(t->e, t, t->step, &which) != NEED_NEVER)
		return;
	plan_explain(t->e, t, t->step, &err);
	complete_error(t, &err);
	t->cells[t->step].settled = SETTLED_BLOCKED;
	stream_emit(t->e, &ev, EMIT_FORCE, NULL);
	set_aside(t, &err);
	t->blocked = true;
	t->blocked_step = t->step;
}

/* By command. Takes engine.lock and keeps it. */
static void skip(struct task *t)
{
	struct error err = { 0 };

	error_set(&err, ERROR_CANCELLED, "skipped by command");
	error_hint(&err, "run the same command again to take it up later");
	host_close(t);
	stream_wait_space(&t->e->stream);
	pthread_mutex_lock(&t->e->lock);
	for (int s = 0; s < (int)t->e->config.step_count; s++) {
		struct event ev = { .kind = EVENT_STEP_DONE, .step = s, .host = t->host, .outcome = OUTCOME_SKIPPED };

		if (t->cells[s].settled != UNSETTLED || !engine_concerns(t->e, s, t->host) ||
			(t->e->config.steps[s].flags & STEP_ALWAYS))
			continue;
		t->cells[s].settled = SETTLED_SKIPPED;
		stream_emit(t->e, &ev, EMIT_FORCE, NULL);
	}
	t->step = -1;
	complete_error(t, &err);
	set_aside(t, &err);
	t->skip = false;
	t->skipped = true;
}

/* Each kind of work ends with engine.lock held. */
static void work(struct task *t)
{
	switch (t->work) {
	case WORK_STEP: run_step(t); break;
	case WORK_BLOCK: block(t); break;
	case WORK_SKIP: skip(t); break;
	case WORK_NONE: pthread_mutex_lock(&t->e->lock); break;
	}
}

/* There is nothing to do: who loses the lock of its host meanwhile is set aside. engine.lock held. */
static void idle(struct task *t)
{
	struct error err = { 0 };

	host_rest(t, &err);
	if (err.kind == ERROR_CONNECT) {
		pthread_mutex_unlock(&t->e->lock);
		host_close(t);
		pthread_mutex_lock(&t->e->lock);
	} else if (err.kind != ERROR_NONE && err.kind != ERROR_CANCELLED && t->work == WORK_NONE && !t->aside) {
		t->step = -1;
		complete_error(t, &err);
		set_aside(t, &err);
		schedule(t->e);
	}
}

void *host_main(void *task)
{
	struct task *t = task;
	struct engine *e = t->e;

	own = t;
	pthread_mutex_lock(&e->lock);
	while (!e->quit) {
		if (t->gives) {
			pthread_mutex_unlock(&e->lock);
			host_close(t);
			pthread_mutex_lock(&e->lock);
			continue;
		}
		if (t->work == WORK_NONE) {
			idle(t);
			continue;
		}
		pthread_mutex_unlock(&e->lock);
		t->step = t->work_step;
		work(t);
		t->work = WORK_NONE;
		t->busy = false;
		t->beat_at = 0;
		e->running--;
		if (t->aside && t->skip) {
			t->skip = false;
			t->skipped = true;
		}
		if (t->aside && t->retry)
			schedule_retry(e, t);
		t->retry = false;
		schedule(e);
	}
	pthread_mutex_unlock(&e->lock);
	host_close(t);
	return NULL;
}
