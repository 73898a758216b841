/* Below the table: what failed, in words, and the log of the selected cell. */
#include "tui/matrix.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *state_word(enum cell_state state)
{
	static const char *const names[] = { [CELL_NONE] = "not begun",
		[CELL_RUNNING] = "running",
		[CELL_CHANGED] = "changed",
		[CELL_OK] = "ok",
		[CELL_WOULD] = "would change",
		[CELL_FAILED] = "failed",
		[CELL_BLOCKED] = "blocked",
		[CELL_SKIPPED] = "skipped" };

	return names[state];
}

/* The error of a host is shown with the step that it is of, and wherever no step was chosen. */
static const struct error *error_here(const struct matrix *m, const struct runview *v)
{
	size_t host = matrix_host(m, v), step = matrix_step(m, v);
	const struct error *e = host == SIZE_MAX ? NULL : &v->hosts[host].error;

	if (!e || !v->hosts[host].aside || !e->what[0])
		return NULL;
	if (m->step >= v->step_count || step == SIZE_MAX || !e->step[0] || strcmp(e->step, v->steps[step].name) == 0)
		return e;
	return NULL;
}

char *matrix_title(const struct matrix *m, const struct runview *v, char *out, size_t size)
{
	size_t host = matrix_host(m, v), step = matrix_step(m, v);

	if (host == SIZE_MAX)
		snprintf(out, size, "no hosts");
	else if (step == SIZE_MAX)
		snprintf(out, size, "%s", v->hosts[host].name);
	else
		snprintf(out, size, "%s  %s: %s", v->hosts[host].name, v->steps[step].name, v->steps[step].title);
	return out;
}

static void draw_title(const struct matrix *m, const struct runview *v, int64_t now_ms, struct canvas *c, int y)
{
	size_t host = matrix_host(m, v), step = matrix_step(m, v);
	const struct progress_cell *cell = runview_cell(v, host, step);
	char title[160], took[24], state[64] = "";
	int x = 2;

	canvas_hline(c, y, 0, c->width, STYLE_BORDER);
	canvas_text(c, y, 1, 1, STYLE_BORDER, " ");
	x += canvas_text(c, y, x, c->width - 4, STYLE_HEADING, matrix_title(m, v, title, sizeof(title)));
	if (cell->state == CELL_NONE)
		snprintf(state, sizeof(state), "  %s ", step == SIZE_MAX ? "" : state_word(cell->state));
	else
		snprintf(state, sizeof(state), "  %s %s ", state_word(cell->state),
			matrix_duration(cell->state == CELL_RUNNING ? now_ms - cell->started_ms : cell->elapsed_ms,
				took, sizeof(took)));
	x += canvas_text(c, y, x, c->width - x, STYLE_DIM, state);
	if (m->back && x + 30 < c->width)
		canvas_text(c, y, c->width - 28, 0, STYLE_WARNING, " scrolled back, End follows ");
}

static int paragraph(struct canvas *c, int y, int height, int width, enum style style, const char *text)
{
	int lines = height > 0 && *text ? canvas_paragraph(c, y, 1, height, width, 0, style, text) : 0;

	return lines < height ? lines : height > 0 ? height : 0;
}

/* Returns the lines used. What is to be done has its room before the detail has. */
static int draw_error(const struct error *e, struct canvas *c, int y, int height)
{
	int width = c->width > 2 ? c->width - 2 : 1, used = 0, keep;
	char text[640];

	snprintf(text, sizeof(text), "%s%s%s", e->step, e->step[0] ? ": " : "", e->what);
	used += paragraph(c, y, height, width, STYLE_FAIL, text);
	snprintf(text, sizeof(text), "%s%s", e->hint[0] ? "What to do: " : "", e->hint);
	keep = text[0] ? canvas_paragraph(c, y, 1, 0, width, 0, STYLE_WARNING, text) : 0;
	used += paragraph(c, y + used, height - used - keep, width, STYLE_NORMAL, e->detail);
	used += paragraph(c, y + used, height - used, width, STYLE_WARNING, text);
	return used;
}

static void draw_lines(const struct matrix *m, const struct runview *v, struct canvas *c, int y, int height)
{
	size_t host = matrix_host(m, v), step = matrix_step(m, v);
	size_t count = runview_lines(v, host, step), lost = runview_lost(v, host, step), end = lost + count, from;

	if (m->back && m->bottom < end)
		end = m->bottom > lost ? m->bottom : lost;
	from = end > lost + (size_t)height ? end - (size_t)height : lost;
	for (int i = 0; i < height && from + (size_t)i < lost + count; i++)
		canvas_text(c, y + i, 1, 0, STYLE_NORMAL, runview_line(v, host, step, from + (size_t)i - lost));
	if (count == 0)
		canvas_text(c, y, 1, 0, STYLE_DIM,
			*runview_text(v, host, step) ? runview_text(v, host, step) : "no output yet");
}

static void draw_log(
	const struct matrix *m, const struct runview *v, int64_t now_ms, struct canvas *c, int y, int height)
{
	const struct error *e = error_here(m, v);
	size_t lines;
	int used = 1, most;

	if (height < 1 || matrix_host(m, v) == SIZE_MAX)
		return;
	draw_title(m, v, now_ms, c, y);
	lines = runview_lines(v, matrix_host(m, v), matrix_step(m, v));
	if (e && !m->back) {
		/* the log keeps a third: its end often says more */
		most = height - 1 - (lines ? (height - 1) / 3 : 0);
		used += draw_error(e, c, y + used, most);
	}
	if (used < height && !(e && !lines))
		draw_lines(m, v, c, y + used, height - used);
}

void matrix_draw_all(
	const struct matrix *m, const struct runview *v, int64_t now_ms, struct canvas *c, int y, int height)
{
	int wanted = (int)(v->host_count < 1000 ? v->host_count : 1000) + 2, half = height / 2, used;

	if (m->search.typing && height > 1)
		search_draw(&m->search, c, y + --height, 0, c->width);
	used = matrix_draw(m, v, now_ms, c, y, wanted < half || half < 3 ? wanted : half);
	if (used < height)
		draw_log(m, v, now_ms, c, y + used, height - used);
}

void matrix_text(const struct matrix *m, const struct runview *v, struct str *out)
{
	size_t host = matrix_host(m, v), step = matrix_step(m, v), count = runview_lines(v, host, step);
	const struct error *e = error_here(m, v);
	const char *text = runview_text(v, host, step);

	if (step != SIZE_MAX)
		str_addf(out, "%s%s%s\n", state_word(runview_cell(v, host, step)->state), *text ? ": " : "", text);
	if (e)
		str_addf(out, "\n%s: %s\n%s%s%s%s%s", *e->step ? e->step : "set aside", e->what, e->detail,
			*e->detail ? "\n" : "", *e->hint ? "What to do: " : "", e->hint, *e->hint ? "\n" : "");
	str_addc(out, '\n');
	if (runview_lost(v, host, step))
		str_addf(out, "(%zu earlier lines are not kept here; the recording has them)\n",
			runview_lost(v, host, step));
	for (size_t i = 0; i < count; i++)
		str_addf(out, "%s\n", runview_line(v, host, step, i));
	if (!count)
		str_add(out, "No output.\n");
	count = runview_lines(v, host, SIZE_MAX);
	if (step == SIZE_MAX || !count)
		return;
	str_add(out, "\nConnection and remarks:\n");
	for (size_t i = 0; i < count; i++)
		str_addf(out, "%s\n", runview_line(v, host, SIZE_MAX, i));
}
