/* The Run screen's two lines above the table. */
#include "tui/run.h"

#include <stdio.h>
#include <string.h>

#define REST_MS 1500 /* so long no event has to come: between two steps none runs either */

bool run_was_skipped(const struct runview_host *h)
{
	return h->aside && (h->error.kind == ERROR_CANCELLED || h->at == HOST_SKIPPED);
}

static size_t in_need(const struct runview *v)
{
	size_t n = 0;

	for (size_t h = 0; h < v->host_count; h++)
		n += v->hosts[h].aside && !run_was_skipped(&v->hosts[h]);
	return n;
}

bool run_at_rest(const struct run_screen *r, const struct runview *v)
{
	struct runview_counts n;

	runview_count(v, &n);
	return in_need(v) && !n.running && !v->question_count && !v->paused && r->idle_ms >= REST_MS;
}

/* "● 12 changed" before end; what finds no room is left out. The symbols are those of the table: here one sees what they mean. */
static void part(struct canvas *c, int *x, int end, enum style style, enum symbol symbol, size_t n, const char *word)
{
	char text[48];

	snprintf(text, sizeof(text), "%zu %s", n, word);
	if (!n || *x + 2 + canvas_columns(c, text) > end)
		return;
	canvas_symbol(c, 0, *x, style, symbol);
	*x += 4 + canvas_text(c, 0, *x + 2, 0, style, text);
}

static void draw_counts(const struct run_screen *r, const struct runview *v, bool live, struct canvas *c)
{
	struct runview_counts n;
	char took[24], left[48] = "";
	int x = 0, end = c->width;

	runview_count(v, &n);
	/* while the operator is waited for nobody knows */
	if (live && !run_at_rest(r, v) && r->left_ms >= 60000)
		snprintf(left, sizeof(left), "about %ld min left", (long)((r->left_ms + 30000) / 60000));
	else if (live && !run_at_rest(r, v) && r->left_ms > 0)
		snprintf(left, sizeof(left), "less than 1 min left");
	if (left[0])
		end -= canvas_columns(c, left) + 2;
	x += 2 + canvas_text(c, 0, x, 0, STYLE_HEADING,
			 matrix_duration(v->at_ms + (live ? r->idle_ms : 0), took, sizeof(took)));
	if (x < c->width)
		x += 2 + canvas_textf(c, 0, x, c->width - x, STYLE_NORMAL, "%zu of %zu hosts done", n.hosts_done,
				 v->host_count);
	part(c, &x, end, STYLE_FAIL, SYMBOL_FAIL, n.hosts_aside, n.hosts_aside == 1 ? "host failed" : "hosts failed");
	part(c, &x, end, STYLE_RUNNING, SYMBOL_RUNNING, n.running, "running");
	part(c, &x, end, STYLE_CHANGED, SYMBOL_CHANGED, n.changed, "changed");
	part(c, &x, end, STYLE_OK, SYMBOL_OK, n.ok, "ok");
	if (left[0] && x <= end + 2)
		canvas_text(c, 0, c->width - canvas_columns(c, left), 0, STYLE_HEADING, left);
}

static enum style ending(const struct runview *v, bool saved, char *out, size_t size)
{
	size_t n = in_need(v);

	switch (v->outcome) {
	case OUTCOME_CANCELLED: snprintf(out, size, "The run was stopped. Enter continues."); return STYLE_WARNING;
	case OUTCOME_FAILED:
		snprintf(out, size, "The run is over; %zu host%s left to do. Enter continues.", n,
			n == 1 ? " is" : "s are");
		return STYLE_FAIL;
	case OUTCOME_OK:
		snprintf(out, size, "The run is over; %s. Enter continues.",
			saved ? "etcd's data is saved" : "there was nothing to do");
		return STYLE_OK;
	default: snprintf(out, size, "The run is over; all is done. Enter continues."); return STYLE_OK;
	}
}

static enum style banner(const struct run_screen *r, const struct runview *v, bool live, char *out, size_t size)
{
	const struct wizard *w = r->screen.wizard;
	size_t n = in_need(v);

	if (!live && !v->over) {
		snprintf(out, size, "The run ended early. Enter continues.");
		return STYLE_WARNING;
	}
	if (!live)
		return ending(v, v == &w->view && w->summary.snapshot, out, size);
	if (v->cancelling) {
		snprintf(out, size,
			r->cancelled ? "Cancelling: connections are cut, jobs on hosts finish by themselves."
				     : "Stopping: running steps finish, no new ones start.");
		return STYLE_WARNING;
	}
	if (run_at_rest(r, v)) {
		snprintf(out, size, "%zu host%s you: r retry, s skip, e end the run", n, n == 1 ? " needs" : "s need");
		return STYLE_WARNING;
	}
	if (v->question_count) {
		snprintf(out, size, "The run waits for your answer.");
		return STYLE_WARNING;
	}
	if (v->paused) {
		snprintf(out, size, "Paused: running steps finish, no new ones start. p continues.");
		return STYLE_WARNING;
	}
	snprintf(out, size, "%s%s", v->notice[0] ? "note: " : "", v->notice);
	return STYLE_DIM;
}

void run_draw(const struct run_screen *r, const struct runview *v, bool live, struct canvas *c)
{
	char text[400];
	enum style style;

	if (!v) {
		canvas_text(c, 0, 0, 0, STYLE_DIM, "There is no run.");
		return;
	}
	draw_counts(r, v, live, c);
	style = banner(r, v, live, text, sizeof(text));
	canvas_text(c, 1, 0, 0, style, text);
	matrix_draw_all(&r->matrix, v, v->at_ms + (live ? r->idle_ms : 0), c, 2, c->height - 2);
}
