/* What a step may ask of the engine. */
#include "engine/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/secret.h"
#include "remote/remote.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOGINS 32

int task_host(const struct task *t)
{
	return t->host;
}

void *task_world(const struct task *t)
{
	return t->e->config.world;
}

bool task_check_only(const struct task *t)
{
	return t->e->config.check_only;
}

bool task_cancelled(const struct task *t)
{
	bool stopped;

	pthread_mutex_lock(&t->e->lock);
	stopped = host_stopped(t);
	pthread_mutex_unlock(&t->e->lock);
	return stopped;
}

bool task_lost(const struct task *t, int host)
{
	bool lost;

	pthread_mutex_lock(&t->e->lock);
	lost = t->e->tasks[host].aside && t->e->tasks[host].unreachable;
	pthread_mutex_unlock(&t->e->lock);
	return lost;
}

bool task_aside(const struct task *t, int host)
{
	bool aside;

	pthread_mutex_lock(&t->e->lock);
	aside = t->e->tasks[host].aside;
	pthread_mutex_unlock(&t->e->lock);
	return aside;
}

bool task_unreached(const struct task *t, int host)
{
	const struct task *other = &t->e->tasks[host];
	bool unreached;

	pthread_mutex_lock(&t->e->lock);
	unreached = other->aside && other->error.kind == ERROR_CONNECT;
	pthread_mutex_unlock(&t->e->lock);
	return unreached;
}

static int cancelled(struct error *err)
{
	error_set(err, ERROR_CANCELLED, "cancelled");
	return error_hint(err, "run the same command again to continue");
}

static bool connections_full(const struct task *t)
{
	const struct engine *e = t->e;

	return e->config.connections > 0 && e->connections >= e->config.connections && !t->has_connection;
}

/* A place among the logins under way at once, and among the connections; engine.lock held. */
static int take_login(struct task *t, struct error *err)
{
	struct engine *e = t->e;
	int limit = e->config.parallel > 0 ? e->config.parallel : LOGINS;

	t->wants_login = true;
	while ((e->logins >= limit || connections_full(t)) && !host_stopped(t)) {
		bool wanting = connections_full(t);

		e->wanting += wanting;
		if (wanting)
			schedule_room(e);
		host_wait(t, -1);
		e->wanting -= wanting;
	}
	t->wants_login = false;
	if (host_stopped(t)) {
		schedule_login(e);
		return cancelled(err);
	}
	t->holds_login = true;
	e->logins++;
	e->connections += !t->has_connection;
	t->has_connection = true;
	schedule_login(e); /* one signal may have stood for several places */
	return 0;
}

static void leave_login(struct task *t)
{
	if (!t->holds_login)
		return;
	t->holds_login = false;
	t->e->logins--;
	schedule_login(t->e);
}

static int may_open(struct task *t, struct error *err)
{
	int rc = 0;

	pthread_mutex_lock(&t->e->lock);
	if (host_stopped(t))
		rc = cancelled(err);
	else if (t->e->cancelled && !t->ever_connected)
		rc = cancelled(err);
	else
		rc = take_login(t, err);
	if (rc == 0)
		t->token = remote_cancel_token_new();
	pthread_mutex_unlock(&t->e->lock);
	return rc;
}

static struct remote *open_remote(struct task *t, struct error *err)
{
	struct engine *e = t->e;
	struct remote *r;

	if (may_open(t, err))
		return NULL;
	host_state(t, HOST_CONNECTING);
	t->opening = true;
	r = e->config.open(e->config.world, t->host, t, t->token, err);
	t->opening = false;
	pthread_mutex_lock(&e->lock);
	leave_login(t);
	t->remote = r;
	if (r) {
		t->ever_connected = true;
		/* the cancel may have come after the login and before it was known here */
		if (host_stopped(t))
			host_interrupt(t);
	}
	pthread_mutex_unlock(&e->lock);
	if (r)
		host_state(t, HOST_CONNECTED);
	else
		host_close(t);
	return r;
}

struct remote *task_remote(struct task *t, struct error *err)
{
	struct remote *r;
	bool dead, stopped;

	pthread_mutex_lock(&t->e->lock);
	t->beating = t->resting;
	r = t->remote;
	dead = t->remote_dead;
	stopped = host_stopped(t);
	pthread_mutex_unlock(&t->e->lock);
	if (stopped) {
		cancelled(err);
		return NULL;
	}
	if (r && !dead)
		return r;
	if (r)
		host_close(t);
	return open_remote(t, err);
}

struct remote *task_reopen(struct task *t, struct error *err)
{
	struct remote *old, *r;
	struct remote_cancel_token *old_token;
	bool old_dead;

	/* out of sight while the new one is made: a cancel is for that one */
	pthread_mutex_lock(&t->e->lock);
	old = t->remote;
	old_token = t->token;
	old_dead = t->remote_dead;
	t->remote = NULL;
	t->token = NULL;
	t->remote_dead = false;
	pthread_mutex_unlock(&t->e->lock);
	r = open_remote(t, err);
	if (r) {
		remote_free(old);
		if (old_token)
			remote_cancel_token_free(old_token);
		return r;
	}
	pthread_mutex_lock(&t->e->lock);
	t->remote = old;
	t->token = old_token;
	t->remote_dead = old_dead;
	pthread_mutex_unlock(&t->e->lock);
	return NULL;
}

struct remote *task_reconnect(struct task *t, int64_t wait_ms, struct error *err)
{
	int64_t until = clock_mono_ms() + wait_ms;

	host_close(t);
	host_state(t, HOST_LOST);
	pthread_mutex_lock(&t->e->lock);
	while (!host_stopped(t) && clock_mono_ms() < until)
		host_wait(t, until);
	pthread_mutex_unlock(&t->e->lock);
	return task_remote(t, err);
}

void task_notice(struct task *t, enum code code, const char *about, const char *fmt, ...)
{
	struct event ev = { .kind = EVENT_NOTICE, .step = t->step, .host = t->host, .code = code, .fields = { about } };
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		die_oom();
	va_end(ap);
	ev.text = code_words(code, text);
	stream_emit(t->e, &ev, EMIT_WAIT, NULL);
	free(text);
}

void task_log(struct task *t, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		die_oom();
	output_lines(t, text, (size_t)n);
	free(text);
}

/* Output is masked line by line, so the lines of a secret (a PEM key's) are secrets too; its first and last are everybody's. */
void task_secret(struct task *t, const char *text)
{
	struct mask *mask = t->e->config.mask;
	char *line;
	size_t n;

	if (!mask || !text)
		return;
	mask_add(mask, text);
	if (!strchr(text, '\n'))
		return;
	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (strncmp(text, "-----", 5) == 0)
			continue;
		line = xstrndup(text, n);
		mask_add(mask, line);
		secret_wipe(line, n);
		free(line);
	}
}

void task_lock(struct task *t)
{
	pthread_mutex_lock(&t->e->world_lock);
}

void task_unlock(struct task *t)
{
	pthread_mutex_unlock(&t->e->world_lock);
}

void task_wait(struct task *t, int64_t deadline_ms)
{
	struct timespec at = { .tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000 };

	if (deadline_ms <= 0 || task_cancelled(t))
		return;
	if (!t->e->config.beat || !host_is_own(t)) {
		pthread_cond_timedwait(&t->e->world_wake, &t->e->world_lock, &at);
	} else if (clock_mono_ms() < t->beat_at) {
		if (t->beat_at < deadline_ms)
			at = (struct timespec){ t->beat_at / 1000, t->beat_at % 1000 * 1000000 };
		pthread_cond_timedwait(&t->e->world_wake, &t->e->world_lock, &at);
	} else {
		/* the caller looks again at what it waits for: a wake may have come meanwhile */
		task_unlock(t);
		task_beat(t);
		task_lock(t);
	}
}

void task_beat(struct task *t)
{
	struct error lost = { 0 };

	host_beat(t, &lost);
}

void task_beat_all(struct task *t)
{
	struct engine *e = t->e;

	pthread_mutex_lock(&e->lock);
	for (size_t h = 0; h < e->config.host_count; h++) {
		e->tasks[h].beat_at = 0;
		pthread_cond_signal(&e->tasks[h].cond);
	}
	pthread_mutex_unlock(&e->lock);
	pthread_mutex_lock(&e->world_lock);
	task_wake(t);
	pthread_mutex_unlock(&e->world_lock);
}

void task_wake(struct task *t)
{
	pthread_cond_broadcast(&t->e->world_wake);
}

/* The index-th word of "a|b|c". */
static char *answer_word(const char *answers, int index)
{
	for (; index > 0 && strchr(answers, '|'); index--)
		answers = strchr(answers, '|') + 1;
	return xstrndup(answers, strcspn(answers, "|"));
}

static int answer_count(const char *answers)
{
	int n = 1;

	for (; *answers; answers++)
		n += *answers == '|';
	return n;
}

int task_ask(struct task *t, const struct question *q)
{
	struct engine *e = t->e;
	struct event ev = { .kind = EVENT_QUESTION,
		.step = t->step,
		.host = t->host,
		.code = q->code,
		.text = code_words(q->code, q->text),
		.answers = q->answers };
	struct error lost = { 0 };
	char *word;
	int answer;

	memcpy(ev.fields, q->fields, sizeof(ev.fields));
	pthread_mutex_lock(&e->lock);
	t->answered = e->no_questions;
	t->answer = 0;
	pthread_mutex_unlock(&e->lock);
	stream_emit(e, &ev, EMIT_WAIT, &t->question);
	pthread_mutex_lock(&e->lock);
	/* who waits for a person gives way to the logins that do not */
	leave_login(t);
	while (!t->answered && !host_stopped(t))
		host_rest(t, &lost);
	answer = t->answered && t->answer >= 0 && t->answer < answer_count(q->answers) ? t->answer : 0;
	atomic_store(&t->question, 0);
	pthread_mutex_unlock(&e->lock);
	word = answer_word(q->answers, answer);
	host_event(t, EVENT_ANSWERED, word);
	free(word);
	return answer;
}
