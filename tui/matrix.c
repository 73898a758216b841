/* The table of hosts and steps: its columns and its rows. */
#include "tui/matrix.h"

#include <stdio.h>
#include <string.h>

#define NAME_WIDTH 16
#define WORDS_WIDTH 20  /* that words get before cells grow */
#define SECONDS_WIDTH 7 /* of a cell that shows them */
#define CELL_WIDTH_MAX 13
#define STEPS_NAMED 64 /* that get two letters of their own */

char *matrix_duration(int64_t ms, char *out, size_t size)
{
	long s = (long)(ms / 1000);

	if (ms < 0)
		ms = s = 0;
	if (ms < 60000)
		snprintf(out, size, "%ld.%ld s", s, (long)(ms % 1000) / 100);
	else if (s < 3600)
		snprintf(out, size, "%ldm%02lds", s / 60, s % 60);
	else
		snprintf(out, size, "%ldh%02ldm", s / 3600, s / 60 % 60);
	return out;
}

/* ---- columns -------------------------------------------------------------------------------------------------------- */

struct columns {
	int name_width, role, cells, cell_width, words, words_width, marks;
	int head; /* lines */
};

static struct columns columns_of(const struct runview *v, const struct canvas *c)
{
	struct columns k = { .name_width = 4, .marks = c->width - 1 };
	int steps = v->step_count ? (int)v->step_count : 1, room;

	for (size_t h = 0; h < v->host_count; h++) {
		int n = canvas_columns(c, v->hosts[h].name);

		k.name_width = n > k.name_width ? n : k.name_width;
	}
	if (k.name_width > NAME_WIDTH)
		k.name_width = NAME_WIDTH;
	k.role = 2 + k.name_width + 1;
	k.cells = k.role + 2;
	room = (k.marks - k.cells - WORDS_WIDTH) / steps;
	k.cell_width = room >= SECONDS_WIDTH ? room : room >= 3 ? 3 : 2;
	if (k.cell_width > CELL_WIDTH_MAX)
		k.cell_width = CELL_WIDTH_MAX;
	k.words = k.cells + (int)v->step_count * k.cell_width + 1;
	k.words_width = k.marks - k.words - 1;
	k.head = k.cell_width == 2 ? 2 : 1;
	return k;
}

/* Two letters for each step that no step before has: the first one of its name and one that follows, first of all one that begins a word. */
static void two_letters(const struct runview *v, size_t s, char (*keys)[3])
{
	const char *name = v->steps[s].name, *dash = strchr(name, '-');
	size_t n = strlen(name);

	snprintf(keys[s], sizeof(keys[s]), "%.2s", name);
	for (size_t i = dash ? 0 : 1; i < n; i++) {
		char try[3] = { name[0], i == 0 ? dash[1] : name[i], '\0' };
		bool taken = false;

		for (size_t o = 0; o < s; o++)
			taken |= strcmp(keys[o], try) == 0;
		if (taken || (unsigned char)try[1] <= ' ' || (unsigned char)try[1] > '~')
			continue;
		memcpy(keys[s], try, sizeof(try));
		return;
	}
}

static void draw_head(const struct matrix *m, const struct runview *v, const struct columns *k, struct canvas *c, int y)
{
	char keys[STEPS_NAMED][3];
	size_t selected = matrix_step(m, v);

	canvas_text(c, y, 2, k->name_width, STYLE_HEADING, "host");
	for (size_t s = 0; s < v->step_count && s < STEPS_NAMED; s++) {
		enum style style = s == selected ? STYLE_FOCUS : STYLE_HEADING;
		int x = k->cells + (int)s * k->cell_width;

		two_letters(v, s, keys);
		if (k->cell_width >= SECONDS_WIDTH) {
			canvas_text(c, y, x, k->cell_width - 1, style, v->steps[s].name);
		} else if (k->head == 1) {
			canvas_text(c, y, x, 2, style, keys[s]);
		} else {
			canvas_textf(c, y, x, 1, style, "%.1s", keys[s]);
			canvas_textf(c, y + 1, x, 1, style, "%s", keys[s][0] ? keys[s] + 1 : "");
		}
	}
	if (k->words_width > 4)
		canvas_text(c, y, k->words, k->words_width, STYLE_HEADING, "now");
}

/* ---- rows ----------------------------------------------------------------------------------------------------------- */

struct look_of_cell {
	enum symbol symbol;
	enum style style;
};

static struct look_of_cell cell_look(enum cell_state state)
{
	static const struct look_of_cell looks[] = {
		[CELL_NONE] = { SYMBOL_WAITING, STYLE_DIM },
		[CELL_RUNNING] = { SYMBOL_RUNNING, STYLE_RUNNING },
		[CELL_CHANGED] = { SYMBOL_CHANGED, STYLE_CHANGED },
		[CELL_OK] = { SYMBOL_OK, STYLE_OK },
		[CELL_WOULD] = { SYMBOL_CHANGED, STYLE_WARNING },
		[CELL_FAILED] = { SYMBOL_FAIL, STYLE_FAIL },
		[CELL_BLOCKED] = { SYMBOL_BLOCKED, STYLE_WARNING },
		[CELL_SKIPPED] = { SYMBOL_SKIPPED, STYLE_DIM },
	};

	return looks[state];
}

static bool waits(const struct runview *v, size_t h, size_t s)
{
	return !v->over && !v->hosts[h].aside && runview_open(v, h, s);
}

static void draw_cell(
	const struct runview *v, const struct columns *k, int64_t now_ms, struct canvas *c, int y, size_t h, size_t s)
{
	const struct progress_cell *cell = runview_cell(v, h, s);
	struct look_of_cell look = cell_look(cell->state);
	int64_t ms = cell->state == CELL_RUNNING ? now_ms - cell->started_ms : cell->elapsed_ms;
	int x = k->cells + (int)s * k->cell_width;
	long sec = ms > 0 ? (long)(ms / 1000) : 0;
	char text[24];

	if (cell->state == CELL_NONE && !waits(v, h, s))
		return;
	canvas_symbol(c, y, x, look.style, look.symbol);
	if (k->cell_width < SECONDS_WIDTH || cell->state == CELL_NONE || cell->state == CELL_SKIPPED ||
		cell->state == CELL_BLOCKED)
		return;
	if (sec < 60)
		snprintf(text, sizeof(text), "%ld.%ld", sec, ms > 0 ? (long)(ms % 1000) / 100 : 0);
	else if (sec < 3600)
		snprintf(text, sizeof(text), "%ldm%02ld", sec / 60, sec % 60);
	else
		snprintf(text, sizeof(text), "%ldh%02ld", sec / 3600, sec / 60 % 60);
	canvas_text(c, y, x + 1, k->cell_width - 2, look.style, text);
}

static enum style aside_words(const struct runview *v, size_t h, char *out, size_t size)
{
	const struct runview_host *host = &v->hosts[h];
	bool blocked = false;

	if (host->error.kind == ERROR_CANCELLED || host->at == HOST_SKIPPED) {
		snprintf(out, size, "skipped");
		return STYLE_DIM;
	}
	for (size_t s = 0; s < v->step_count; s++)
		blocked |= runview_cell(v, h, s)->state == CELL_BLOCKED;
	snprintf(out, size, "%s: %s", blocked ? "blocked" : "failed",
		host->error.what[0] ? host->error.what : "no reason was given");
	return blocked ? STYLE_WARNING : STYLE_FAIL;
}

/* What the host is doing, in words. */
static enum style words(const struct runview *v, size_t h, int64_t now_ms, char *out, size_t size)
{
	size_t s = runview_current(v, h);
	const struct progress_cell *cell = s == SIZE_MAX ? NULL : runview_cell(v, h, s);
	char took[24];
	bool left = false;

	for (size_t i = 0; i < v->question_count; i++)
		if (v->questions[i].host == (int)h) {
			snprintf(out, size, "asks you");
			return STYLE_WARNING;
		}
	if (v->hosts[h].aside && !(cell && cell->state == CELL_RUNNING))
		return aside_words(v, h, out, size);
	if (cell && cell->state == CELL_RUNNING) {
		snprintf(out, size, "%s %s", v->steps[s].name,
			matrix_duration(now_ms - cell->started_ms, took, sizeof(took)));
		return STYLE_RUNNING;
	}
	for (size_t i = 0; i < v->step_count; i++)
		left |= !(v->steps[i].flags & STEP_ALWAYS) && runview_open(v, h, i);
	if (v->over && v->outcome == OUTCOME_CANCELLED && left) {
		snprintf(out, size, "stopped");
		return STYLE_WARNING;
	}
	if (!left || v->over) {
		snprintf(out, size, "done");
		return STYLE_OK;
	}
	if (!cell && v->hosts[h].state[0])
		snprintf(out, size, "%s", v->hosts[h].state);
	else
		snprintf(out, size, "waiting");
	return STYLE_DIM;
}

static const char *role_letter(unsigned roles)
{
	/* as the steps have them: the first bit is of control planes, the second of workers */
	return roles & 1 ? "c" : roles & 2 ? "w" : " ";
}

static void draw_row(const struct matrix *m, const struct runview *v, const struct columns *k, int64_t now_ms,
	struct canvas *c, int y, size_t h)
{
	bool selected = h == matrix_host(m, v);
	enum style name = selected ? STYLE_FOCUS : STYLE_NORMAL, style;
	size_t step = matrix_step(m, v);
	char text[600];

	if (selected) {
		canvas_symbol(c, y, 0, STYLE_FOCUS, SYMBOL_POINTER);
		canvas_cursor(c, y, 0);
	}
	if (!selected && m->search.last && search_matches(&m->search, v->hosts[h].name))
		name = STYLE_MARK;
	canvas_text(c, y, 2, k->name_width, name, v->hosts[h].name);
	canvas_text(c, y, k->role, 1, STYLE_DIM, role_letter(v->hosts[h].roles));
	for (size_t s = 0; s < v->step_count; s++)
		draw_cell(v, k, now_ms, c, y, h, s);
	if (selected && step != SIZE_MAX && m->step == step)
		canvas_restyle(c, y, k->cells + (int)step * k->cell_width, 1, STYLE_FOCUS);
	if (k->words_width < 4)
		return;
	style = words(v, h, now_ms, text, sizeof(text));
	canvas_text(c, y, k->words, k->words_width, style, text);
}

int matrix_draw(const struct matrix *m, const struct runview *v, int64_t now_ms, struct canvas *c, int y, int height)
{
	struct columns k = columns_of(v, c);
	struct list list = m->hosts;
	int rows = height - k.head, row = 0;

	if (rows < 1)
		return 0;
	list_resize(&list, v->host_count);
	list = list_window(&list, rows);
	draw_head(m, v, &k, c, y);
	for (size_t h = list.top; h < v->host_count && row < rows; h++, row++)
		draw_row(m, v, &k, now_ms, c, y + k.head + row, h);
	list_marks(&list, c, y + k.head, k.marks);
	return k.head + row;
}
