/* Events for people: a line per step and host that reads well live and in a log. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_MS 30000
#define TAIL_LINES 15
#define HOST_WIDTH_MAX 24

/* The last lines that a host's running step said. */
struct tail {
	char *lines[TAIL_LINES];
	size_t next, count;
};
struct plain {
	FILE *out, *err;
	const struct engine_config *config;
	const struct progress *progress;
	enum plain_mode mode;
	bool verbose;
	int host_width, step_width;
	int64_t printed_ms; /* when something was printed last, since the run's start */
	struct tail *tails; /* per host */
	bool *told;         /* per host: its failure was printed */
	struct error last;  /* the failure that was printed last */
	int last_host;
	const struct findings *findings; /* per host; NULL: not to be had */
};

static int widest(int width, const char *text, int max)
{
	int n = (int)strlen(text);

	return n > width ? (n > max ? max : n) : width;
}

struct plain *plain_new(FILE *out, FILE *err, const struct engine_config *config, const struct progress *progress,
	enum plain_mode mode, bool verbose)
{
	struct plain *p = xcalloc(1, sizeof(*p));

	*p = (struct plain){
		.out = out, .err = err, .config = config, .progress = progress, .mode = mode, .verbose = verbose
	};
	for (size_t i = 0; i < config->host_count; i++)
		p->host_width = widest(p->host_width, config->hosts[i].name, HOST_WIDTH_MAX);
	for (size_t i = 0; i < config->step_count; i++)
		p->step_width = widest(p->step_width, config->steps[i].name, HOST_WIDTH_MAX);
	p->tails = xcalloc(config->host_count, sizeof(*p->tails));
	p->told = xcalloc(config->host_count, sizeof(*p->told));
	return p;
}

void plain_findings(struct plain *p, const struct findings *findings)
{
	p->findings = findings;
}

static void tail_clear(struct tail *t)
{
	for (size_t i = 0; i < TAIL_LINES; i++) {
		free(t->lines[i]);
		t->lines[i] = NULL;
	}
	t->next = t->count = 0;
}

void plain_free(struct plain *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->config->host_count; i++)
		tail_clear(&p->tails[i]);
	free(p->tails);
	free(p->told);
	free(p);
}

static void tail_add(struct tail *t, const char *line)
{
	free(t->lines[t->next]);
	t->lines[t->next] = xstrdup(line);
	t->next = (t->next + 1) % TAIL_LINES;
	if (t->count < TAIL_LINES)
		t->count++;
}

static const char *tail_line(const struct tail *t, size_t i)
{
	return t->lines[(t->next + TAIL_LINES - t->count + i) % TAIL_LINES];
}

static const char *host_name(const struct plain *p, const struct event *ev)
{
	return ev->host >= 0 ? p->config->hosts[ev->host].name : "";
}

static const char *step_name(const struct plain *p, const struct event *ev)
{
	return ev->step >= 0 ? p->config->steps[ev->step].name : "";
}

/* "  12.3s cp1  packages  " */
static void columns(struct plain *p, FILE *f, const struct event *ev)
{
	fprintf(f, "%s%6lld.%llds%s  %-*s  %-*s  ", cli_color(f, CLI_DIM), (long long)(ev->at_ms / 1000),
		(long long)(ev->at_ms % 1000 / 100), cli_color(f, CLI_PLAIN), p->host_width, host_name(p, ev),
		p->step_width, step_name(p, ev));
	p->printed_ms = ev->at_ms;
}

/* The whole story of a failure: where, what, the log's end, what to do. */
static void failure(struct plain *p, const struct event *ev)
{
	const struct tail *t = ev->host >= 0 ? &p->tails[ev->host] : NULL;
	const struct error *e = ev->error;
	const char *last = t && t->count ? tail_line(t, t->count - 1) : NULL;
	/* all that was said is what the error says */
	bool silent = last && t->count == 1 && e && strstr(last, e->what);
	/* each with a remedy of its own */
	bool findings = e && e->kind == ERROR_PREFLIGHT && p->findings && ev->host >= 0 && p->findings[ev->host].count;
	char took[16];

	if (ev->host >= 0)
		p->told[ev->host] = true;
	fflush(p->out);
	columns(p, p->err, ev);
	/* of the cluster, not of each host: once is enough */
	if (e && ev->host >= 0 && strcmp(e->what, p->last.what) == 0 && strcmp(e->step, p->last.step) == 0) {
		fprintf(p->err, "%sFAILED%s for the same reason as %s\n", cli_color(p->err, CLI_RED),
			cli_color(p->err, CLI_PLAIN), p->config->hosts[p->last_host].name);
		return;
	}
	if (e && ev->host >= 0) {
		p->last = *e;
		p->last_host = ev->host;
	}
	fprintf(p->err, "%sFAILED%s after %s\n", cli_color(p->err, CLI_RED), cli_color(p->err, CLI_PLAIN),
		cli_duration(ev->elapsed_ms, took, sizeof(took)));
	fprintf(p->err, "%serror:%s %s: %s: %s\n", cli_color(p->err, CLI_RED), cli_color(p->err, CLI_PLAIN),
		host_name(p, ev), step_name(p, ev), e ? e->what : "no reason was given");
	if (findings)
		cli_findings_print(p->err, &p->findings[ev->host], true);
	/* a detail that is the end of the log is in the log's lines */
	else if (e && *e->detail && !(last && strstr(e->detail, last)))
		cli_indented(p->err, "  ", e->detail);
	for (size_t i = 0; t && !silent && i < t->count; i++)
		fprintf(p->err, "  %s| %s%s\n", cli_color(p->err, CLI_DIM), tail_line(t, i),
			cli_color(p->err, CLI_PLAIN));
	if (e && *e->hint && !findings)
		fprintf(p->err, "  %shint:%s %s\n", cli_color(p->err, CLI_BOLD), cli_color(p->err, CLI_PLAIN), e->hint);
	fflush(p->err);
}

static bool worth_a_line(const struct plain *p, const struct event *ev)
{
	if (p->verbose)
		return true;
	if (p->mode == PLAIN_QUIET)
		return false;
	/* that a host is blocked is said once, when it is set aside */
	if (ev->outcome == OUTCOME_OK || ev->outcome == OUTCOME_BLOCKED)
		return false;
	/* looking is not news; what it found is */
	return ev->outcome != OUTCOME_CHANGED || !(p->config->steps[ev->step].flags & (STEP_OBSERVES | STEP_ALWAYS));
}

static void step_done(struct plain *p, const struct event *ev)
{
	FILE *f = p->mode == PLAIN_QUIET ? p->err : p->out;
	char took[16];

	if (ev->outcome == OUTCOME_FAILED) {
		/* a look reports what it could not see in its own words */
		if (p->mode == PLAIN_RUN || p->verbose)
			failure(p, ev);
		return;
	}
	if (!worth_a_line(p, ev))
		return;
	columns(p, f, ev);
	if (ev->outcome == OUTCOME_CHANGED)
		fprintf(f, "%s  %s%s%s\n", ev->text && *ev->text ? ev->text : "done", cli_color(f, CLI_DIM),
			cli_duration(ev->elapsed_ms, took, sizeof(took)), cli_color(f, CLI_PLAIN));
	else if (ev->outcome == OUTCOME_OK)
		fprintf(f, "ok%s%s\n", ev->text && *ev->text ? ": " : "", ev->text ? ev->text : "");
	else
		fprintf(f, "%s%s%s\n", outcome_name(ev->outcome), ev->text && *ev->text ? ": " : "",
			ev->text ? ev->text : "");
}

static void host_aside(struct plain *p, const struct event *ev)
{
	const struct error *e = ev->error;

	/* most often the failure of its step was printed a moment ago */
	if ((p->mode == PLAIN_QUIET && !p->verbose) || ev->host < 0 || p->told[ev->host])
		return;
	fflush(p->out);
	columns(p, p->err, ev);
	fprintf(p->err, "%sset aside%s%s%s; the others continue\n", cli_color(p->err, CLI_YELLOW),
		cli_color(p->err, CLI_PLAIN), e && *e->what ? ": " : "", e ? e->what : "");
}

static void output(struct plain *p, const struct event *ev)
{
	const char *text = ev->text ? ev->text : "";

	/* what stood at the end before logs were gathered says more in few lines */
	if (ev->host >= 0 && ev->code != OUTPUT_GATHERED)
		tail_add(&p->tails[ev->host], text);
	if (!p->verbose)
		return;
	columns(p, p->err, ev);
	fprintf(p->err, "| %s\n", text);
}

static void remark(struct plain *p, const struct event *ev, const char *word)
{
	if (p->mode == PLAIN_QUIET && !p->verbose)
		return;
	fflush(p->out);
	columns(p, p->err, ev);
	fprintf(p->err, "%s%s%s%s\n", cli_color(p->err, CLI_YELLOW), word, cli_color(p->err, CLI_PLAIN),
		ev->text ? ev->text : "");
}

void plain_event(const struct event *ev, void *plain)
{
	struct plain *p = plain;

	switch (ev->kind) {
	case EVENT_RUN_STARTED:
		if (p->mode == PLAIN_RUN)
			fprintf(p->out, "run %s\n", ev->text ? ev->text : "");
		break;
	case EVENT_HOST_STATE:
		if (p->verbose)
			remark(p, ev, "");
		break;
	case EVENT_STEP_STARTED:
		if (ev->host >= 0) {
			tail_clear(&p->tails[ev->host]);
			p->told[ev->host] = false;
		}
		break;
	case EVENT_STEP_DONE: step_done(p, ev); break;
	case EVENT_HOST_ASIDE: host_aside(p, ev); break;
	case EVENT_OUTPUT: output(p, ev); break;
	case EVENT_NOTICE: remark(p, ev, "note: "); break;
	case EVENT_QUESTION:
	case EVENT_ANSWERED:
	case EVENT_PAUSED:
	case EVENT_RESUMED:
	case EVENT_CANCELLING:
	case EVENT_RUN_DONE: break;
	}
	fflush(p->out);
}

void plain_tick(struct plain *p, int64_t now_ms)
{
	bool first = true;

	if (now_ms - p->printed_ms < HEARTBEAT_MS)
		return;
	p->printed_ms = now_ms;
	for (size_t h = 0; h < p->progress->host_count; h++) {
		for (size_t s = 0; s < p->progress->step_count; s++) {
			const struct progress_cell *cell = &p->progress->cells[h * p->progress->step_count + s];
			char took[16];

			if (cell->state != CELL_RUNNING)
				continue;
			if (first)
				fprintf(p->err, "%s%6lld.%llds%s  at work:", cli_color(p->err, CLI_DIM),
					(long long)(now_ms / 1000), (long long)(now_ms % 1000 / 100),
					cli_color(p->err, CLI_PLAIN));
			fprintf(p->err, "%s %s %s (%s)", first ? "" : ",", p->config->hosts[h].name,
				p->config->steps[s].name, cli_duration(now_ms - cell->started_ms, took, sizeof(took)));
			first = false;
		}
	}
	if (!first)
		fputc('\n', p->err);
	fflush(p->err);
}
