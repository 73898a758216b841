/* The fold of a run's events into what screens show, and the rings of its logs. */
#include "tui/runview.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 1024
#define TEXT_BYTES 512 /* of what a cell's end says */
#define QUESTION_BYTES 4096
#define MALLOC_BYTES 16 /* what a block costs besides */

/* In two lists: of all lines, so that the oldest goes first when there is no more room, and of its cell. */
struct line {
	struct line *older, *newer;
	struct line *prev, *next;
	struct cell_log *cell;
	size_t len;
	char text[];
};
struct cell_log {
	struct line *first, *last;
	size_t count, lost;
	char *text; /* of the last STEP_DONE; NULL: none */
};
struct runview_log {
	struct line *oldest, *newest;
	size_t bytes;
	struct cell_log cells[]; /* [host * (steps + 1) + step], the last one of a host is its own */
};

/* ---- logs ----------------------------------------------------------------------------------------------------------- */

static struct cell_log *log_of(const struct runview *v, size_t host, size_t step)
{
	if (!v->logs || host >= v->host_count || (step >= v->step_count && step != SIZE_MAX))
		return NULL;
	return &v->logs->cells[host * (v->step_count + 1) + (step == SIZE_MAX ? v->step_count : step)];
}

/* Length of text within max bytes, not within a character. */
static size_t cut_length(const char *text, size_t max)
{
	size_t n = strnlen(text, max + 1);

	if (n <= max)
		return n;
	n = max;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	/* no character is that long: it was none */
	return max - n > 4 ? max : n;
}

static size_t cost(const struct line *l)
{
	return sizeof(*l) + l->len + 1 + MALLOC_BYTES;
}

/* Takes out a line, the oldest of its cell. */
static void drop(struct runview_log *log, struct line *l)
{
	*(l->older ? &l->older->newer : &log->oldest) = l->newer;
	*(l->newer ? &l->newer->older : &log->newest) = l->older;
	*(l->prev ? &l->prev->next : &l->cell->first) = l->next;
	*(l->next ? &l->next->prev : &l->cell->last) = l->prev;
	l->cell->count--;
	l->cell->lost++;
	log->bytes -= cost(l);
	free(l);
}

static void log_add(struct runview *v, size_t host, size_t step, const char *before, const char *text)
{
	struct cell_log *cell = log_of(v, host, step);
	struct runview_log *log = v->logs;
	size_t head = strlen(before), n = cut_length(text, LINE_BYTES - head);
	struct line *l;

	if (!cell)
		return;
	l = xcalloc(1, sizeof(*l) + head + n + 1);
	memcpy(l->text, before, head);
	memcpy(l->text + head, text, n);
	l->len = head + n;
	l->cell = cell;
	l->prev = cell->last;
	*(cell->last ? &cell->last->next : &cell->first) = l;
	cell->last = l;
	cell->count++;
	l->older = log->newest;
	*(log->newest ? &log->newest->newer : &log->oldest) = l;
	log->newest = l;
	log->bytes += cost(l);
	if (cell->count > RUNVIEW_CELL_LINES)
		drop(log, cell->first);
	while (log->bytes > RUNVIEW_LOG_BYTES)
		drop(log, log->oldest);
}

size_t runview_lines(const struct runview *v, size_t host, size_t step)
{
	const struct cell_log *cell = log_of(v, host, step);

	return cell ? cell->count : 0;
}

const char *runview_line(const struct runview *v, size_t host, size_t step, size_t i)
{
	const struct cell_log *cell = log_of(v, host, step);
	const struct line *l;

	if (!cell || i >= cell->count)
		return "";
	/* from the nearer end: a cell has some hundred lines at most */
	if (i < cell->count / 2) {
		for (l = cell->first; i > 0; i--)
			l = l->next;
	} else {
		l = cell->last;
		for (i = cell->count - 1 - i; i > 0; i--)
			l = l->prev;
	}
	return l->text;
}

size_t runview_lost(const struct runview *v, size_t host, size_t step)
{
	const struct cell_log *cell = log_of(v, host, step);

	return cell ? cell->lost : 0;
}

const char *runview_text(const struct runview *v, size_t host, size_t step)
{
	const struct cell_log *cell = step == SIZE_MAX ? NULL : log_of(v, host, step);

	return cell && cell->text ? cell->text : "";
}

/* ---- life ----------------------------------------------------------------------------------------------------------- */

void runview_init(struct runview *v, const struct runview_host *hosts, size_t host_count,
	const struct runview_step *steps, size_t step_count)
{
	*v = (struct runview){ .host_count = host_count, .step_count = step_count };
	v->hosts = xcalloc(host_count + 1, sizeof(*v->hosts));
	v->steps = xcalloc(step_count + 1, sizeof(*v->steps));
	if (host_count)
		memcpy(v->hosts, hosts, host_count * sizeof(*hosts));
	if (step_count)
		memcpy(v->steps, steps, step_count * sizeof(*steps));
	progress_init(&v->progress, step_count, host_count);
	v->logs = xcalloc(1, sizeof(*v->logs) + host_count * (step_count + 1) * sizeof(v->logs->cells[0]));
	v->passing = runview_passing_new(v);
}

static void take_needs(struct runview_step *steps, size_t s, const struct step *from)
{
	for (size_t n = 0; n < sizeof(from->needs) / sizeof(from->needs[0]) && from->needs[n].step; n++)
		for (size_t i = 0; i < s; i++)
			if (strcmp(steps[i].name, from->needs[n].step) == 0)
				steps[s].needs[steps[s].need_count++] =
					(struct runview_need){ i, from->needs[n].roles, from->needs[n].min };
}

static void take_section(struct runview_step *step, const struct step *from, const struct section *section)
{
	if (!section && !(from->flags & STEP_ONE_BY_ONE))
		return;
	snprintf(step->section, sizeof(step->section), "%s", section ? section->name : from->name);
	step->at_once = section ? section->at_once : 1;
}

void runview_init_config(struct runview *v, const struct engine_config *config)
{
	struct runview_host *hosts = xcalloc(config->host_count + 1, sizeof(*hosts));
	struct runview_step *steps = xcalloc(config->step_count + 1, sizeof(*steps));

	for (size_t h = 0; h < config->host_count; h++) {
		snprintf(hosts[h].name, sizeof(hosts[h].name), "%s", config->hosts[h].name);
		hosts[h].roles = config->hosts[h].roles;
	}
	for (size_t s = 0; s < config->step_count; s++) {
		const struct step *from = &config->steps[s];

		snprintf(steps[s].name, sizeof(steps[s].name), "%s", from->name);
		snprintf(steps[s].title, sizeof(steps[s].title), "%s", from->title ? from->title : from->name);
		steps[s].roles = from->roles;
		steps[s].flags = from->flags;
		take_section(&steps[s], from, engine_section(config, s));
		take_needs(steps, s, from);
	}
	runview_init(v, hosts, config->host_count, steps, config->step_count);
	v->needs_known = true;
	free(hosts);
	free(steps);
}

static void question_drop(struct runview *v, size_t i)
{
	free(v->questions[i].text);
	free(v->questions[i].answers);
	for (size_t k = 0; k < CODE_FIELDS; k++)
		free(v->questions[i].fields[k]);
	memmove(&v->questions[i], &v->questions[i + 1], (v->question_count - i - 1) * sizeof(v->questions[0]));
	v->question_count--;
}

void runview_release(struct runview *v)
{
	while (v->question_count)
		question_drop(v, v->question_count - 1);
	while (v->logs && v->logs->oldest)
		drop(v->logs, v->logs->oldest);
	for (size_t i = 0; v->logs && i < v->host_count * (v->step_count + 1); i++)
		free(v->logs->cells[i].text);
	progress_release(&v->progress);
	free(v->questions);
	free(v->logs);
	free(v->passing);
	free(v->hosts);
	free(v->steps);
	*v = (struct runview){ 0 };
}

/* ---- events --------------------------------------------------------------------------------------------------------- */

/* A host's thread waits for its answer: it has one question at a time. */
static void question_end(struct runview *v, int host)
{
	for (size_t i = v->question_count; i-- > 0;)
		if (v->questions[i].host == host)
			question_drop(v, i);
}

static void question_begin(struct runview *v, const struct event *ev)
{
	const char *text = ev->text ? ev->text : "", *answers = ev->answers ? ev->answers : "no|yes";

	question_end(v, ev->host);
	v->questions = xrealloc(v->questions, v->question_count + 1, sizeof(v->questions[0]));
	v->questions[v->question_count++] = (struct runview_question){ .seq = ev->seq,
		.code = ev->code,
		.host = ev->host,
		.step = ev->step,
		.text = xstrndup(text, cut_length(text, QUESTION_BYTES)),
		.answers = xstrndup(answers, cut_length(answers, QUESTION_BYTES)) };
	for (size_t k = 0; k < CODE_FIELDS; k++)
		v->questions[v->question_count - 1].fields[k] = xstrdup(ev->fields[k] ? ev->fields[k] : "");
}

static void host_state(struct runview *v, struct runview_host *host, size_t h, const struct event *ev)
{
	const char *text = ev->text ? ev->text : "";

	host->at = ev->code;
	snprintf(host->state, sizeof(host->state), "%.*s", (int)cut_length(text, sizeof(host->state) - 1), text);
	log_add(v, h, SIZE_MAX, "", text);
	if (ev->code != HOST_RETRYING)
		return;
	host->aside = false;
	memset(&host->error, 0, sizeof(host->error));
}

static void step_done(struct runview *v, const struct event *ev, size_t host, size_t step)
{
	struct cell_log *cell = step == SIZE_MAX ? NULL : log_of(v, host, step);
	const char *text = ev->error ? ev->error->what : ev->text;

	if (!cell)
		return;
	free(cell->text);
	cell->text = text ? xstrndup(text, cut_length(text, TEXT_BYTES)) : NULL;
}

static void notice(struct runview *v, const struct event *ev, const struct runview_host *host)
{
	const char *text = ev->text ? ev->text : "";
	int n = snprintf(v->notice, sizeof(v->notice), "%s%s", host ? host->name : "", host ? ": " : "");

	snprintf(v->notice + n, sizeof(v->notice) - (size_t)n, "%.*s",
		(int)cut_length(text, sizeof(v->notice) - (size_t)n - 1), text);
}

static void host_event(struct runview *v, const struct event *ev, struct runview_host *host, size_t h, size_t s)
{
	const char *text = ev->text ? ev->text : "";

	switch (ev->kind) {
	case EVENT_HOST_STATE: host_state(v, host, h, ev); break;
	case EVENT_STEP_DONE: step_done(v, ev, h, s); break;
	case EVENT_HOST_ASIDE:
		host->aside = true;
		if (ev->error)
			host->error = *ev->error;
		log_add(v, h, SIZE_MAX, "set aside: ", host->error.what);
		break;
	case EVENT_OUTPUT: log_add(v, h, s, "", text); break;
	case EVENT_NOTICE:
		log_add(v, h, SIZE_MAX, "note: ", text);
		if (s != SIZE_MAX)
			log_add(v, h, s, "note: ", text);
		break;
	case EVENT_QUESTION: log_add(v, h, s, "asked: ", text); break;
	case EVENT_ANSWERED: log_add(v, h, s, "answered: ", text); break;
	default: break;
	}
}

static void run_event(struct runview *v, const struct event *ev, const struct runview_host *host)
{
	switch (ev->kind) {
	case EVENT_RUN_STARTED: snprintf(v->run, sizeof(v->run), "%s", ev->text ? ev->text : ""); break;
	case EVENT_NOTICE: notice(v, ev, host); break;
	case EVENT_QUESTION: question_begin(v, ev); break;
	case EVENT_ANSWERED: question_end(v, ev->host); break;
	case EVENT_PAUSED: v->paused = true; break;
	case EVENT_RESUMED: v->paused = false; break;
	case EVENT_CANCELLING: v->cancelling = true; break;
	case EVENT_RUN_DONE:
		v->over = true;
		v->paused = false;
		v->outcome = ev->outcome;
		while (v->question_count)
			question_drop(v, v->question_count - 1);
		break;
	default: break;
	}
}

void runview_event(const struct event *ev, void *runview)
{
	struct runview *v = runview;
	bool has_host = ev->host >= 0 && (size_t)ev->host < v->host_count;
	size_t step = ev->step >= 0 && (size_t)ev->step < v->step_count ? (size_t)ev->step : SIZE_MAX;

	progress_event(ev, &v->progress);
	v->events = ev->seq;
	v->at_ms = ev->at_ms;
	v->wall_ms = ev->wall_ms;
	if (has_host)
		host_event(v, ev, &v->hosts[ev->host], (size_t)ev->host, step);
	run_event(v, ev, has_host ? &v->hosts[ev->host] : NULL);
}

/* ---- questions about it --------------------------------------------------------------------------------------------- */

const struct progress_cell *runview_cell(const struct runview *v, size_t host, size_t step)
{
	static const struct progress_cell none = { .state = CELL_NONE };

	if (!v->progress.cells || host >= v->host_count || step >= v->step_count)
		return &none;
	return &v->progress.cells[host * v->step_count + step];
}

size_t runview_current(const struct runview *v, size_t host)
{
	size_t last = SIZE_MAX;
	int64_t ended = INT64_MIN;

	for (size_t s = 0; host < v->host_count && s < v->step_count; s++) {
		const struct progress_cell *c = runview_cell(v, host, s);

		if (c->state == CELL_RUNNING)
			return s;
		if (c->state == CELL_NONE || c->started_ms + c->elapsed_ms < ended)
			continue;
		/* what follows from a failure says less than the failure */
		if (last != SIZE_MAX && c->started_ms + c->elapsed_ms == ended && c->state == CELL_SKIPPED)
			continue;
		ended = c->started_ms + c->elapsed_ms;
		last = s;
	}
	return last;
}

static void count_cell(const struct progress_cell *c, struct runview_counts *out)
{
	out->changed += c->state == CELL_CHANGED;
	out->ok += c->state == CELL_OK || c->state == CELL_WOULD;
	out->failed += c->state == CELL_FAILED;
	out->running += c->state == CELL_RUNNING;
}

void runview_count(const struct runview *v, struct runview_counts *out)
{
	*out = (struct runview_counts){ 0 };
	for (size_t h = 0; h < v->host_count; h++) {
		size_t open = 0, waiting = 0, running = out->running;

		for (size_t s = 0; s < v->step_count; s++) {
			const struct progress_cell *c = runview_cell(v, h, s);

			count_cell(c, out);
			if (!runview_open(v, h, s))
				continue;
			waiting++;
			open += !(v->steps[s].flags & STEP_ALWAYS);
		}
		running = out->running - running;
		out->hosts_aside += v->hosts[h].aside;
		if (v->hosts[h].aside)
			continue;
		if (v->over && v->outcome != OUTCOME_CANCELLED)
			open = 0;
		out->waiting += v->over ? 0 : waiting;
		out->hosts_done += !open && !running;
	}
}
