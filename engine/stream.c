/* The one ordered stream of events: many producers, one consumer, bounded. */
#include "engine/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/secret.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What a front end can spare between two looks at its keyboard. */
#define DISPATCH_MS 10

struct node {
	struct node *next;
	struct event ev;
	char *text, *answers, *fields[CODE_FIELDS];
	struct error *error;
};

int stream_init(struct stream *s, struct error *err)
{
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->space, NULL);
	s->tail = &s->head;
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return s->fd < 0 ? error_errno(err, ERROR_SYSTEM, errno, "cannot make an eventfd") : 0;
}

static void node_free(struct node *n)
{
	free(n->text);
	free(n->answers);
	for (size_t i = 0; i < CODE_FIELDS; i++)
		free(n->fields[i]);
	free(n->error);
	free(n);
}

void stream_release(struct stream *s)
{
	struct node *next;

	for (struct node *n = s->head; n; n = next) {
		next = n->next;
		node_free(n);
	}
	if (s->fd >= 0)
		close(s->fd);
	pthread_cond_destroy(&s->space);
	pthread_mutex_destroy(&s->lock);
}

/* Cuts at max bytes, not within a character. */
static void cut(char *text, size_t max)
{
	size_t n = strlen(text);
	static const char mark[] = " …";

	if (n <= max)
		return;
	n = max - (sizeof(mark) - 1);
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	memcpy(text + n, mark, sizeof(mark));
}

char *stream_clean_text(struct mask *mask, const char *text, size_t n, size_t max)
{
	char *copy = xstrndup(text, n), *clean;
	struct str out = STR_INIT;

	if (mask)
		mask_apply(mask, copy);
	str_add_printable(&out, copy, strlen(copy));
	free(copy);
	clean = str_detach(&out);
	/* again: without its escape sequences a text may have become a secret */
	if (mask)
		mask_apply(mask, clean);
	cut(clean, max);
	return clean;
}

static void clean_field(struct mask *mask, char *field, size_t size)
{
	char *clean = stream_clean_text(mask, field, strnlen(field, size - 1), size - 1);

	memcpy(field, clean, strlen(clean) + 1);
	free(clean);
}

void stream_clean_error(struct mask *mask, struct error *err)
{
	clean_field(mask, err->what, sizeof(err->what));
	clean_field(mask, err->hint, sizeof(err->hint));
	clean_field(mask, err->detail, sizeof(err->detail));
	clean_field(mask, err->about, sizeof(err->about));
}

static struct node *node_new(struct engine *e, const struct event *ev)
{
	struct node *n = xcalloc(1, sizeof(*n));
	struct mask *mask = e->config.mask;

	n->ev = *ev;
	n->text = ev->text ? stream_clean_text(mask, ev->text, strlen(ev->text), TEXT_MAX) : NULL;
	for (size_t i = 0; i < CODE_FIELDS; i++)
		n->ev.fields[i] = n->fields[i] =
			ev->fields[i] ? stream_clean_text(mask, ev->fields[i], strlen(ev->fields[i]), TEXT_MAX) : NULL;
	n->answers = ev->answers ? xstrdup(ev->answers) : NULL;
	if (ev->error) {
		n->error = xcalloc(1, sizeof(*n->error));
		*n->error = *ev->error;
		stream_clean_error(mask, n->error);
	}
	n->ev.text = n->text;
	n->ev.answers = n->answers;
	n->ev.error = n->error;
	return n;
}

void stream_wait_space(struct stream *s)
{
	pthread_mutex_lock(&s->lock);
	while (s->count >= STREAM_SLOTS && !s->unbounded)
		pthread_cond_wait(&s->space, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

void stream_unbound(struct stream *s)
{
	pthread_mutex_lock(&s->lock);
	s->unbounded = true;
	pthread_cond_broadcast(&s->space);
	pthread_mutex_unlock(&s->lock);
}

static void push(struct stream *s, struct node *n)
{
	*s->tail = n;
	s->tail = &n->next;
	if (s->count++ == 0) {
		/* cannot fail: the counter was 0 */
		ssize_t written = write(s->fd, &(uint64_t){ 1 }, sizeof(uint64_t));

		(void)written;
	}
}

void stream_emit(struct engine *e, const struct event *ev, enum emit_mode mode, _Atomic uint64_t *seq_to)
{
	struct stream *s = &e->stream;
	struct node *n = node_new(e, ev);

	pthread_mutex_lock(&s->lock);
	while (mode == EMIT_WAIT && s->count >= STREAM_SLOTS && !s->unbounded)
		pthread_cond_wait(&s->space, &s->lock);
	if (s->count >= STREAM_SLOTS && ev->kind == EVENT_OUTPUT) {
		pthread_mutex_unlock(&s->lock);
		node_free(n);
		return;
	}
	n->ev.seq = ++s->seq;
	n->ev.wall_ms = clock_wall_ms();
	n->ev.at_ms = clock_mono_ms() - s->start_ms;
	if (seq_to)
		atomic_store(seq_to, n->ev.seq);
	if (e->config.journal)
		e->config.journal(&n->ev, e->config.journal_ctx);
	push(s, n);
	pthread_mutex_unlock(&s->lock);
}

static struct node *pop(struct stream *s)
{
	struct node *n;

	pthread_mutex_lock(&s->lock);
	n = s->head;
	if (n) {
		s->head = n->next;
		if (!s->head)
			s->tail = &s->head;
		if (--s->count == 0) {
			uint64_t drained;
			ssize_t got = read(s->fd, &drained, sizeof(drained));

			(void)got;
		}
		/* half empty first: else every single slot wakes everybody */
		if (s->count == STREAM_SLOTS / 2 || s->count == 0)
			pthread_cond_broadcast(&s->space);
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}

void engine_observe(struct engine *e, event_fn *fn, void *ctx)
{
	struct stream *s = &e->stream;

	if (s->observer_count == OBSERVERS_MAX)
		return;
	s->observers[s->observer_count] = fn;
	s->observer_ctx[s->observer_count++] = ctx;
}

int engine_fd(const struct engine *e)
{
	return e->stream.fd;
}

bool engine_dispatch(struct engine *e)
{
	struct stream *s = &e->stream;
	int64_t until = clock_mono_ms() + DISPATCH_MS;
	struct node *n;

	/* for some time, not "until empty": fast producers must not keep the caller from its keyboard */
	while (!s->done && (n = pop(s)) != NULL) {
		for (size_t o = 0; o < s->observer_count; o++)
			s->observers[o](&n->ev, s->observer_ctx[o]);
		s->done = n->ev.kind == EVENT_RUN_DONE;
		node_free(n);
		if (clock_mono_ms() >= until)
			break;
	}
	return !s->done;
}

bool engine_wait(struct engine *e, int other_fd, int timeout_ms)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;

	while (engine_dispatch(e)) {
		struct pollfd fds[] = { { .fd = e->stream.fd, .events = POLLIN },
			{ .fd = other_fd, .events = POLLIN } };
		int64_t left = timeout_ms < 0 ? -1 : deadline - clock_mono_ms();
		int n;

		if (timeout_ms >= 0 && left < 0)
			return true;
		n = poll(fds, 2, (int)left);
		/* a signal may have reached the caller: let it look */
		if (n < 0 || n == 0 || fds[1].revents)
			return true;
	}
	return false;
}
