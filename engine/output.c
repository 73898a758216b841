/* Raw output to lines of log. */
#include "engine/private.h"

#include <stdlib.h>
#include <string.h>

/* One line without its newline. What a terminal would show: after a carriage return the line starts again. */
static void line(struct task *t, enum code code, const char *field, const char *data, size_t len)
{
	struct event ev = { .kind = EVENT_OUTPUT, .step = t->step, .host = t->host, .code = code, .fields = { field } };
	char *clean;
	const char *start;

	while (len > 0 && data[len - 1] == '\r')
		len--;
	start = memrchr(data, '\r', len);
	if (start) {
		len -= (size_t)(start + 1 - data);
		data = start + 1;
	}
	/* masked here, whole: cutting first could leave half a secret */
	clean = stream_clean_text(t->e->config.mask, data, len, TEXT_MAX);
	ev.text = clean;
	stream_emit(t->e, &ev, EMIT_WAIT, NULL);
	free(clean);
}

void output_lines(struct task *t, const char *data, size_t len)
{
	const char *end;

	while (len > 0) {
		end = memchr(data, '\n', len);
		line(t, CODE_NONE, NULL, data, end ? (size_t)(end - data) : len);
		if (!end)
			return;
		len -= (size_t)(end + 1 - data);
		data = end + 1;
	}
}

void task_gathered(struct task *t, const char *source, const char *text, size_t len)
{
	struct str words = STR_INIT;

	str_addf(&words, "gathered %s: %.*s", source, (int)len, text);
	line(t, OUTPUT_GATHERED, source, words.buf, words.len);
	str_release(&words);
}

static bool is_spent(const struct task *t)
{
	return t->out_bytes > STEP_OUTPUT_MAX || t->out_lines > STEP_LINES_MAX;
}

/* Counts a piece. False: the step has said too much already; *last: with this piece. A host must not fill a disk, nor the memory of who reads the journal. */
static bool pay(struct task *t, size_t len, bool complete, bool *last)
{
	if (is_spent(t))
		return false;
	t->out_bytes += len;
	t->out_lines += complete;
	*last = is_spent(t);
	if (*last)
		str_release(&t->tail);
	return !*last;
}

/* A piece without newline, or the rest of a line up to it. Returns the complete line in whole, if any. */
static void collect(struct task *t, const char *data, size_t len, bool complete)
{
	static const char spent[] =
		"(the rest of what this step says here was dropped: more than 8 MiB or 100000 lines)";
	struct str whole = STR_INIT;
	bool cut = false, last = false;

	pthread_mutex_lock(&t->out_lock);
	if (!pay(t, len, complete && len + t->tail.len > 0, &last)) {
		pthread_mutex_unlock(&t->out_lock);
		if (last)
			line(t, CODE_NONE, NULL, spent, sizeof(spent) - 1);
		return;
	}
	if (!t->dropping)
		str_addn(&t->tail, data, len);
	if (!t->dropping && t->tail.len > LINE_MAX_BYTES)
		cut = t->dropping = true;
	if (cut || (complete && !t->dropping)) {
		whole = t->tail;
		str_init(&t->tail);
	}
	if (complete)
		t->dropping = false;
	pthread_mutex_unlock(&t->out_lock);
	if (cut || (complete && whole.len))
		line(t, CODE_NONE, NULL, whole.buf, whole.len);
	if (cut)
		line(t, CODE_NONE, NULL, "(the rest of this line was dropped: too long)", 45);
	str_release(&whole);
}

void task_output(const char *data, size_t len, void *task)
{
	struct task *t = task;
	const char *end;

	while (len > 0 && (end = memchr(data, '\n', len)) != NULL) {
		collect(t, data, (size_t)(end - data), true);
		len -= (size_t)(end + 1 - data);
		data = end + 1;
	}
	if (len > 0)
		collect(t, data, len, false);
}

void output_begin(struct task *t)
{
	pthread_mutex_lock(&t->out_lock);
	t->out_bytes = t->out_lines = 0;
	pthread_mutex_unlock(&t->out_lock);
}

void output_flush(struct task *t)
{
	collect(t, "", 0, true);
}
