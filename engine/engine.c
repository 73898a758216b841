/* The engine's life, its commands and what remains of a run. */
#include "engine/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "remote/remote.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STACK_BYTES (512 * 1024)

static void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

struct engine *engine_new(const struct engine_config *config)
{
	struct engine *e = xcalloc(1, sizeof(*e));
	size_t steps = config->step_count ? config->step_count : 1;

	e->config = *config;
	e->stream.fd = -1;
	e->after_cancel_ms = AFTER_CANCEL_MS;
	pthread_mutex_init(&e->lock, NULL);
	pthread_mutex_init(&e->world_lock, NULL);
	cond_init(&e->world_wake);
	cond_init(&e->watch);
	e->tasks = xcalloc(config->host_count ? config->host_count : 1, sizeof(*e->tasks));
	for (size_t h = 0; h < config->host_count; h++) {
		struct task *t = &e->tasks[h];

		t->e = e;
		t->host = (int)h;
		t->cells = xcalloc(steps, sizeof(*t->cells));
		t->inside = xcalloc(steps, sizeof(*t->inside));
		cond_init(&t->cond);
		pthread_mutex_init(&t->out_lock, NULL);
		str_init(&t->tail);
	}
	return e;
}

static void stop_all(struct engine *e)
{
	for (size_t h = 0; h < e->config.host_count; h++)
		host_interrupt(&e->tasks[h]);
}

/*
 * Steps in task_wait are to look whether they were cancelled. Their lock is taken alone, and by the watcher: a front end's thread must not wait
 * for a step that itself waits for the front end to take events.
 */
static void wake_world(struct engine *e)
{
	e->wake_world = false;
	pthread_mutex_unlock(&e->lock);
	pthread_mutex_lock(&e->world_lock);
	pthread_cond_broadcast(&e->world_wake);
	pthread_mutex_unlock(&e->world_lock);
	pthread_mutex_lock(&e->lock);
}

/* After a cancel, clean-up steps get so much time and no more. */
static void *watch_main(void *engine)
{
	struct engine *e = engine;

	pthread_mutex_lock(&e->lock);
	while (!e->quit) {
		int64_t until = e->cancel_ms + e->after_cancel_ms;
		struct timespec at = { .tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000 };

		if (e->wake_world) {
			wake_world(e);
		} else if (!e->cancelled || e->hard) {
			pthread_cond_wait(&e->watch, &e->lock);
		} else if (clock_mono_ms() < until) {
			pthread_cond_timedwait(&e->watch, &e->lock, &at);
		} else {
			e->hard = e->wake_world = true;
			stop_all(e);
		}
	}
	wake_world(e);
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

static int start_threads(struct engine *e, struct error *err)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&e->watcher, &attr, watch_main, e);
	e->has_watcher = rc == 0;
	for (size_t h = 0; rc == 0 && h < e->config.host_count; h++) {
		rc = pthread_create(&e->tasks[h].thread, &attr, host_main, &e->tasks[h]);
		e->tasks[h].has_thread = rc == 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return 0;
	error_errno(err, ERROR_SYSTEM, rc, "cannot start a thread for each of %zu hosts", e->config.host_count);
	return error_hint(err, "raise the limit on processes (ulimit -u), or use --hosts to take fewer at once");
}

int engine_start(struct engine *e, struct error *err)
{
	struct event ev = { .kind = EVENT_RUN_STARTED, .step = -1, .host = -1, .text = e->config.run };

	if (plan_resolve(e, err) || stream_init(&e->stream, err) || start_threads(e, err))
		return -1;
	pthread_mutex_lock(&e->lock);
	e->stream.start_ms = clock_mono_ms();
	stream_emit(e, &ev, EMIT_FORCE, NULL);
	e->started = true;
	schedule(e);
	pthread_mutex_unlock(&e->lock);
	return 0;
}

void engine_no_questions(struct engine *e)
{
	e->no_questions = true;
}

void engine_answer(struct engine *e, uint64_t question, int answer)
{
	pthread_mutex_lock(&e->lock);
	for (size_t h = 0; h < e->config.host_count; h++) {
		struct task *t = &e->tasks[h];

		if (question && atomic_load(&t->question) == question && !t->answered) {
			t->answered = true;
			t->answer = answer;
			pthread_cond_signal(&t->cond);
		}
	}
	pthread_mutex_unlock(&e->lock);
}

static void announce(struct engine *e, enum event_kind kind, int host, enum code code)
{
	struct event ev = { .kind = kind, .step = -1, .host = host, .code = code };

	ev.text = code != CODE_NONE ? code_name(code) : NULL;

	stream_emit(e, &ev, EMIT_FORCE, NULL);
}

/* Once: remotes end, clean-up steps may follow. Twice: everything ends. */
static void cancel(struct engine *e)
{
	if (e->cancelled) {
		e->hard = true;
	} else {
		e->cancelled = true;
		e->cancel_ms = clock_mono_ms();
		announce(e, EVENT_CANCELLING, -1, RUN_CANCEL);
		stream_unbound(&e->stream);
	}
	stop_all(e);
	e->wake_world = true;
	pthread_cond_signal(&e->watch);
}

static void host_command(struct engine *e, enum engine_verb verb, int host)
{
	struct task *t = host >= 0 && (size_t)host < e->config.host_count ? &e->tasks[host] : NULL;

	if (!t || e->cancelled || e->left)
		return;
	if (verb == ENGINE_SKIP_HOST) {
		if (t->aside && !t->busy) {
			t->skipped = true;
			announce(e, EVENT_HOST_STATE, host, HOST_SKIPPED);
			return;
		}
		t->skip = true;
		host_interrupt(t);
		e->wake_world = true;
		pthread_cond_signal(&e->watch);
	} else if (t->aside && t->busy) {
		t->retry = true;
	} else if (t->aside) {
		schedule_retry(e, t);
	}
}

static void command(struct engine *e, enum engine_verb verb, int host)
{
	switch (verb) {
	case ENGINE_PAUSE:
	case ENGINE_RESUME:
		if (e->paused == (verb == ENGINE_PAUSE) || e->cancelled || e->left)
			break;
		e->paused = verb == ENGINE_PAUSE;
		announce(e, e->paused ? EVENT_PAUSED : EVENT_RESUMED, -1, CODE_NONE);
		break;
	case ENGINE_RETRY_HOST:
	case ENGINE_SKIP_HOST: host_command(e, verb, host); break;
	case ENGINE_CANCEL: cancel(e); break;
	case ENGINE_LEAVE:
		if (!e->left && !e->cancelled)
			announce(e, EVENT_CANCELLING, -1, RUN_LEAVE);
		e->left = true;
		break;
	case ENGINE_END: e->ended = true; break;
	}
}

void engine_command(struct engine *e, enum engine_verb verb, int host)
{
	pthread_mutex_lock(&e->lock);
	if (e->started && !e->over) {
		command(e, verb, host);
		schedule(e);
	}
	pthread_mutex_unlock(&e->lock);
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->quit = true;
	if (e->over) {
		/* nothing is under way: connections are closed in peace, and who keeps them may take them up again */
		for (size_t h = 0; h < e->config.host_count; h++)
			if (e->tasks[h].beating)
				host_interrupt(&e->tasks[h]);
			else
				pthread_cond_signal(&e->tasks[h].cond);
	} else {
		e->cancelled = e->hard = true;
		stop_all(e);
	}
	pthread_cond_signal(&e->watch);
	pthread_mutex_unlock(&e->lock);
	if (e->stream.fd >= 0)
		stream_unbound(&e->stream);
	if (e->has_watcher)
		pthread_join(e->watcher, NULL);
	for (size_t h = 0; h < e->config.host_count; h++)
		if (e->tasks[h].has_thread)
			pthread_join(e->tasks[h].thread, NULL);
	for (size_t h = 0; h < e->config.host_count; h++) {
		struct task *t = &e->tasks[h];

		pthread_cond_destroy(&t->cond);
		pthread_mutex_destroy(&t->out_lock);
		str_release(&t->tail);
		free(t->cells);
		free(t->inside);
	}
	if (e->stream.fd >= 0)
		stream_release(&e->stream);
	pthread_cond_destroy(&e->world_wake);
	pthread_cond_destroy(&e->watch);
	pthread_mutex_destroy(&e->world_lock);
	pthread_mutex_destroy(&e->lock);
	free(e->need_step);
	free(e->need_gate);
	free(e->gates);
	free(e->section);
	free(e->turns);
	free(e->tasks);
	free(e);
}
