/* A journal read back: an index of its lines by time, and the fold of them up to any moment. */
#include "tui/runview.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES (256u << 20)
#define AT_MAX_MS (INT64_C(1000) * 3600 * 24 * 365) /* no run takes a year */

struct mark {
	uint32_t offset, len;
	int64_t at_ms;
};
struct recording {
	char *path;
	struct str text; /* of the whole file */
	size_t parsed;   /* bytes of it that are whole lines, taken in */
	uint64_t seq;    /* of the last event */
	int64_t wall_ms; /* when it happened */
	bool live;       /* the run's process is there: more may come */
	struct recording_head head;
	struct mark *marks;
	size_t count, cap;
	size_t bad;
	struct runview view;
	size_t folded; /* marks that the view has */
};

/* An event and what it lends. */
struct decoded {
	struct event ev;
	struct error error;
	struct json *line;
};

/* Earlier versions had no code, and the word in the text of two kinds. What is not known is CODE_NONE, and shown as it came. */
static enum code code_of_line(const struct json *line, enum event_kind kind)
{
	bool told = kind == EVENT_HOST_STATE || kind == EVENT_CANCELLING;

	return code_of(json_get_str(line, "code", told ? json_get_str(line, "text", "") : ""));
}

static int kind_of(const char *name)
{
	for (int k = EVENT_RUN_STARTED; k <= EVENT_RUN_DONE; k++)
		if (strcmp(name, event_kind_name((enum event_kind)k)) == 0)
			return k;
	return -1;
}

static int outcome_of(const char *name)
{
	for (int o = OUTCOME_CHANGED; o <= OUTCOME_CANCELLED; o++)
		if (strcmp(name, outcome_name((enum outcome)o)) == 0)
			return o;
	return -1;
}

static enum error_kind error_kind_of(const char *name)
{
	for (int k = ERROR_INTERNAL; k <= ERROR_CANCELLED; k++)
		if (strcmp(name, error_kind_name((enum error_kind)k)) == 0)
			return (enum error_kind)k;
	return ERROR_COMMAND;
}

/* "2026-03-01T12:00:41.120Z"; 0 when it is not a time. */
static int64_t wall_of(const char *t)
{
	struct tm tm = { 0 };
	int ms = 0;

	if (sscanf(t, "%4d-%2d-%2dT%2d:%2d:%2d.%3d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		    &tm.tm_sec, &ms) < 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

/* -1: the line names none; -2: one that is not in the header. */
static int host_of(const struct recording *r, const char *name)
{
	for (size_t h = 0; name && h < r->head.host_count; h++)
		if (strcmp(r->head.hosts[h].name, name) == 0)
			return (int)h;
	return name ? -2 : -1;
}

static int step_of(const struct recording *r, const char *name)
{
	for (size_t s = 0; name && s < r->head.step_count; s++)
		if (strcmp(r->head.steps[s].name, name) == 0)
			return (int)s;
	return name ? -2 : -1;
}

static void error_of(const struct json *line, const struct event *ev, const struct recording *r, struct error *out)
{
	out->kind = error_kind_of(json_get_str(line, "error.kind", ""));
	snprintf(out->what, sizeof(out->what), "%s", json_get_str(line, "error.what", ""));
	snprintf(out->hint, sizeof(out->hint), "%s", json_get_str(line, "error.hint", ""));
	snprintf(out->detail, sizeof(out->detail), "%s", json_get_str(line, "error.detail", ""));
	snprintf(out->host, sizeof(out->host), "%s", ev->host >= 0 ? r->head.hosts[ev->host].name : "");
	snprintf(out->step, sizeof(out->step), "%s", ev->step >= 0 ? r->head.steps[ev->step].name : "");
}

static bool decode_line(const struct recording *r, struct decoded *d)
{
	struct event *ev = &d->ev;
	int kind = kind_of(json_get_str(d->line, "kind", "")), outcome;

	if (json_get_int(d->line, "v", 0) != 1 || kind < 0)
		return false;
	ev->kind = (enum event_kind)kind;
	ev->seq = (uint64_t)json_get_int(d->line, "seq", 0);
	ev->wall_ms = wall_of(json_get_str(d->line, "t", ""));
	ev->at_ms = json_get_int(d->line, "at", -1);
	ev->elapsed_ms = json_get_int(d->line, "ms", 0);
	ev->host = host_of(r, json_get_str(d->line, "host", NULL));
	ev->step = step_of(r, json_get_str(d->line, "step", NULL));
	ev->text = json_get_str(d->line, "text", NULL);
	ev->answers = json_get_str(d->line, "answers", NULL);
	ev->code = code_of_line(d->line, ev->kind);
	for (size_t i = 0; code_field(ev->code, i); i++)
		ev->fields[i] = json_get_str(json_get(d->line, "fields"), code_field(ev->code, i), NULL);
	if (ev->at_ms < 0 || ev->at_ms > AT_MAX_MS || ev->elapsed_ms < 0 || ev->elapsed_ms > AT_MAX_MS ||
		ev->host == -2 || ev->step == -2)
		return false;
	if (ev->kind == EVENT_STEP_DONE || ev->kind == EVENT_RUN_DONE) {
		outcome = outcome_of(json_get_str(d->line, "outcome", ""));
		if (outcome < 0)
			return false;
		ev->outcome = (enum outcome)outcome;
	}
	if (json_is_object(json_get(d->line, "error"))) {
		error_of(d->line, ev, r, &d->error);
		ev->error = &d->error;
	}
	return true;
}

/* Somebody may have sent the file: what it says is not safer for a terminal than what a host says. */
static struct json *parse(const char *text, size_t len)
{
	struct json *line = json_parse(text, len, NULL);

	json_clean(line);
	return line;
}

/* false: cannot be understood, nothing to free. */
static bool decode(const struct recording *r, const char *text, size_t len, struct decoded *d)
{
	memset(d, 0, sizeof(*d));
	d->line = parse(text, len);
	if (d->line && decode_line(r, d))
		return true;
	json_free(d->line);
	return false;
}

static void add_line(struct recording *r, size_t offset, size_t len)
{
	int64_t last = r->count ? r->marks[r->count - 1].at_ms : 0;
	struct decoded d;
	bool ok = decode(r, r->text.buf + offset, len, &d);

	if (ok && d.ev.seq > r->seq) {
		if (r->count == r->cap) {
			r->cap = r->cap ? r->cap * 2 : 256;
			r->marks = xrealloc(r->marks, r->cap, sizeof(*r->marks));
		}
		/* the clock of a run never goes back */
		r->marks[r->count++] =
			(struct mark){ (uint32_t)offset, (uint32_t)len, d.ev.at_ms > last ? d.ev.at_ms : last };
		r->seq = d.ev.seq;
		r->wall_ms = d.ev.wall_ms;
	} else {
		r->bad++;
	}
	if (ok)
		json_free(d.line);
}

/* The lines that are whole; of a run that is over also the half one at the end, which is counted as damage. */
static void take_lines(struct recording *r)
{
	while (r->parsed < r->text.len) {
		const char *from = r->text.buf + r->parsed, *end = memchr(from, '\n', r->text.len - r->parsed);

		if (!end && r->live)
			return;
		add_line(r, r->parsed, end ? (size_t)(end - from) : r->text.len - r->parsed);
		r->parsed = end ? (size_t)(end - r->text.buf) + 1 : r->text.len;
	}
}

static int open_journal(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static int read_all(struct recording *r, const char *path, struct error *err)
{
	const char *end;
	int fd = open_journal(path);

	/* asked first: of a run that is over nothing comes after that */
	r->live = fd >= 0 && !journal_is_dead(path);
	if (fd >= 0)
		close(fd);
	if (file_read(path, FILE_BYTES, &r->text, err))
		return -1;
	end = r->text.len ? memchr(r->text.buf, '\n', r->text.len) : NULL;
	if (recording_head_read(&r->head, path, r->text.buf, end ? (size_t)(end - r->text.buf) : 0, err))
		return -1;
	r->parsed = (size_t)(end - r->text.buf) + 1;
	take_lines(r);
	return 0;
}

struct recording *recording_load(const char *path, struct error *err)
{
	struct recording *r = xcalloc(1, sizeof(*r));

	str_init(&r->text);
	r->path = xstrdup(path);
	if (read_all(r, path, err)) {
		recording_free(r);
		return NULL;
	}
	runview_init(&r->view, r->head.hosts, r->head.host_count, r->head.steps, r->head.step_count);
	return r;
}

int recording_follow(struct recording *r, struct error *err)
{
	char buf[65536];
	ssize_t n = 0;
	int fd;

	if (!r->live)
		return 0;
	fd = open_journal(r->path);
	r->live = fd >= 0 && !journal_is_dead(r->path);
	while (fd >= 0 && r->text.len < FILE_BYTES && (n = pread(fd, buf, sizeof(buf), (off_t)r->text.len)) > 0)
		str_addn(&r->text, buf, (size_t)n);
	if (fd < 0 || n < 0) {
		error_errno(err, ERROR_SYSTEM, errno, "cannot continue reading '%s'", r->path);
		r->live = false;
	} else if (r->text.len >= FILE_BYTES) {
		error_set(err, ERROR_SYSTEM, "'%s' has grown too large to be followed", r->path);
		r->live = false;
		n = -1;
	}
	if (fd >= 0)
		close(fd);
	take_lines(r);
	return fd < 0 || n < 0 ? -1 : 0;
}

bool recording_live(const struct recording *r)
{
	return r->live;
}

int64_t recording_now_ms(const struct recording *r)
{
	int64_t since = r->live && r->wall_ms ? clock_wall_ms() - r->wall_ms : 0;

	/* a clock that was set to another year is not believed */
	return recording_length_ms(r) + (since > 0 && since < AT_MAX_MS ? since : 0);
}

const char *recording_lines(const struct recording *r, size_t *len)
{
	*len = r->parsed;
	return r->text.buf;
}

void recording_free(struct recording *r)
{
	if (!r)
		return;
	runview_release(&r->view);
	str_release(&r->text);
	free(r->path);
	recording_head_release(&r->head);
	free(r->marks);
	free(r);
}

const struct recording_head *recording_head(const struct recording *r)
{
	return &r->head;
}

const char *recording_command(const struct recording *r)
{
	return r->head.command;
}

const char *recording_run(const struct recording *r)
{
	return r->head.run;
}

int64_t recording_length_ms(const struct recording *r)
{
	return r->count ? r->marks[r->count - 1].at_ms : 0;
}

size_t recording_bad_lines(const struct recording *r)
{
	return r->bad;
}

static void fold_mark(const struct recording *r, size_t i, event_fn *fn, void *ctx)
{
	struct decoded d;

	if (!decode(r, r->text.buf + r->marks[i].offset, r->marks[i].len, &d))
		return;
	fn(&d.ev, ctx);
	json_free(d.line);
}

size_t recording_events(const struct recording *r, size_t first, event_fn *fn, void *ctx)
{
	for (; first < r->count; first++)
		fold_mark(r, first, fn, ctx);
	return r->count;
}

const struct runview *recording_at(struct recording *r, int64_t at_ms)
{
	if (r->folded && r->marks[r->folded - 1].at_ms > at_ms) {
		runview_release(&r->view);
		runview_init(&r->view, r->head.hosts, r->head.host_count, r->head.steps, r->head.step_count);
		r->folded = 0;
	}
	for (; r->folded < r->count && r->marks[r->folded].at_ms <= at_ms; r->folded++)
		fold_mark(r, r->folded, runview_event, &r->view);
	return &r->view;
}
