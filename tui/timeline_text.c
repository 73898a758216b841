/* A time line as lines of text: a row of letters for each host, the waits, the critical path, the sums. No colour says anything. */
#include "tui/timeline.h"

#include "base/alloc.h"
#include "base/str.h"
#include "tui/glyph.h"
#include "tui/matrix.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NAME_WIDTH 20
#define WIDTH_MIN 72
#define TICKS 4
#define ROWS_MAX 200 /* of a table: JSON has all */
#define LONGEST 5
#define WAIT_MIN_MS 100

struct drawing {
	const struct timeline *t;
	struct str *out;
	int width, names, steps, bars; /* columns of all, of hosts' names, of steps' names, of bars */
	bool ascii;
	int64_t wait_ms;   /* shorter waits are not listed */
	size_t *order;     /* bars by host, each host's in the order in which they began */
	size_t *first;     /* per host, and one more: into order */
	char letters[500]; /* per step; '\0': none began */
	char *row;         /* of one lane, NUL-terminated */
	int64_t *best_ms;  /* per column of it: how long the step that it shows ran in that time; -1: it shows none */
};

/* ---- lines -------------------------------------------------------------------------------------------------------------- */

static int columns(const char *text, bool ascii)
{
	long n = reader_columns(reader_of(text, ascii), NAME_WIDTH);

	return n < NAME_WIDTH ? (int)n : NAME_WIDTH;
}

static void widen(int *width, const char *text, bool ascii)
{
	int n = columns(text, ascii);

	*width = n > *width ? n : *width;
}

/* Without blanks before it. */
static void end_line(struct drawing *d)
{
	while (str_ends(d->out->buf, " "))
		str_truncate(d->out, d->out->len - 1);
	str_addc(d->out, '\n');
}

/* At most this many columns of text; returns how many it took. */
static int add(struct drawing *d, const char *text, int width)
{
	struct reader r = reader_of(text, d->ascii);
	struct glyph g;
	char utf8[5];
	int used = 0;

	for (; reader_next(&r, &g) && used + g.width <= width; used += g.width)
		str_add(d->out, d->ascii && g.ch > '~' ? "?" : glyph_utf8(g.ch, utf8));
	return used;
}

/* In this many columns and two blanks. */
static void cell(struct drawing *d, const char *text, int width)
{
	str_addf(d->out, "%*s", width - add(d, text, width) + 2, "");
}

static void time_cell(struct drawing *d, int64_t ms)
{
	char text[24];

	str_addf(d->out, "%7s  ", matrix_duration(ms, text, sizeof(text)));
}

static const struct runview_host *host_of(const struct drawing *d, const struct timeline_bar *b)
{
	return &d->t->head->hosts[b->host];
}

static const struct runview_step *step_of(const struct drawing *d, const struct timeline_bar *b)
{
	return &d->t->head->steps[b->step];
}

static void bar_cells(struct drawing *d, const struct timeline_bar *b)
{
	cell(d, host_of(d, b)->name, d->names);
	cell(d, step_of(d, b)->name, d->steps);
}

static void cause(struct drawing *d, const struct timeline_bar *b)
{
	const struct timeline_bar *after = b->after == SIZE_MAX ? NULL : &d->t->bars[b->after];
	static const char *const words[] = {
		[CAUSE_START] = "the start of the run",
		[CAUSE_HOST] = "",
		[CAUSE_NEED] = "",
		[CAUSE_TURN] = "turn after ",
		[CAUSE_REST] = "all others, last ",
		[CAUSE_COMMAND] = "the operator, after ",
		[CAUSE_UNKNOWN] = "not recorded",
	};

	str_add(d->out, words[b->cause]);
	if (after) {
		add(d, host_of(d, after)->name, NAME_WIDTH);
		str_addc(d->out, ':');
		add(d, step_of(d, after)->name, NAME_WIDTH);
	}
	str_addc(d->out, '\n');
}

static void more_rows(struct drawing *d, size_t rows)
{
	if (rows > ROWS_MAX)
		str_addf(d->out, "%zu more; 'kubewright replay --timeline -o json' has all\n", rows - ROWS_MAX);
}

/* ---- bars --------------------------------------------------------------------------------------------------------------- */

/* A letter for each step, none twice: one of its name when that is free, else any. '#': there are no more. */
static char letter_of(const char *name, const char *taken)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	for (int upper = 0; upper < 2; upper++)
		for (const char *p = name; *p; p++) {
			char c = (char)(upper ? toupper((unsigned char)*p) : *p);

			if (strchr(all, c) && !strchr(taken, c))
				return c;
		}
	for (const char *p = all; *p; p++)
		if (!strchr(taken, *p))
			return *p;
	return '#';
}

static void find_letters(struct drawing *d)
{
	char taken[sizeof(d->letters) + 1] = "";
	size_t count = 0;

	for (size_t i = 0; i < d->t->count; i++)
		d->letters[d->t->bars[i].step] = '#';
	for (size_t s = 0; s < d->t->head->step_count; s++) {
		if (!d->letters[s])
			continue;
		taken[count++] = d->letters[s] = letter_of(d->t->head->steps[s].name, taken);
		widen(&d->steps, d->t->head->steps[s].name, d->ascii);
	}
}

static int column_of(const struct drawing *d, int64_t ms)
{
	int64_t wall = d->t->wall_ms > 0 ? d->t->wall_ms : 1, at = ms * d->bars / wall;

	return at < d->bars ? (int)at : d->bars - 1;
}

/* A column shows what ran longest in its time. */
static void draw_bar(struct drawing *d, const struct timeline_bar *b)
{
	int first = column_of(d, b->start_ms), last = column_of(d, b->end_ms > b->start_ms ? b->end_ms - 1 : b->end_ms);

	for (int x = first; x <= last; x++) {
		int64_t from = d->t->wall_ms * x / d->bars, to = d->t->wall_ms * (x + 1) / d->bars;

		from = b->start_ms > from ? b->start_ms : from;
		to = b->end_ms < to ? b->end_ms : to;
		if (to - from <= d->best_ms[x])
			continue;
		d->best_ms[x] = to > from ? to - from : 0;
		d->row[x] = d->letters[b->step];
	}
	if (b->open || b->outcome == OUTCOME_FAILED) {
		d->row[last] = b->open ? '>' : '!';
		d->best_ms[last] = INT64_MAX;
	}
}

static void draw_lane(struct drawing *d, size_t h, unsigned lane)
{
	int end = -1;

	memset(d->row, ' ', (size_t)d->bars);
	for (int x = 0; x < d->bars; x++)
		d->best_ms[x] = -1;
	for (size_t i = d->first[h]; i < d->first[h + 1]; i++) {
		const struct timeline_bar *b = &d->t->bars[d->order[i]];

		if (b->lane == lane)
			draw_bar(d, b);
	}
	for (int x = 0; x < d->bars; x++)
		end = d->best_ms[x] >= 0 ? x : end;
	cell(d, lane ? "" : d->t->head->hosts[h].name, d->names);
	for (int x = 0; x <= end; x++)
		if (d->best_ms[x] < 0 && !lane)
			str_add(d->out, d->ascii ? "." : "\u00b7");
		else
			str_addc(d->out, d->row[x]);
	end_line(d);
}

static void draw_axis(struct drawing *d)
{
	char text[24];
	int used = 0;

	cell(d, "", d->names);
	for (int i = 0; i <= TICKS; i++) {
		int n = (int)strlen(matrix_duration(d->t->wall_ms * i / TICKS, text, sizeof(text)));
		int x = i < TICKS ? d->bars * i / TICKS : d->bars - n;

		str_addf(d->out, "%*s%s", x - used, "", text);
		used = x + n;
	}
	str_addc(d->out, '\n');
}

static void draw_legend(struct drawing *d)
{
	int used = 0;

	for (size_t s = 0; s < d->t->head->step_count; s++) {
		const char *name = d->t->head->steps[s].name;
		int n = 2 + columns(name, d->ascii);

		if (!d->letters[s])
			continue;
		if (used + 2 + n > d->bars) {
			str_addc(d->out, '\n');
			used = 0;
		}
		if (used == 0)
			cell(d, "", d->names);
		str_addf(d->out, "%s%c ", used ? "  " : "", d->letters[s]);
		add(d, name, NAME_WIDTH);
		used += n + (used ? 2 : 0);
	}
	str_addc(d->out, '\n');
	cell(d, "", d->names);
	str_addf(d->out, "%s waits  ! failed  > not ended\n", d->ascii ? "." : "\u00b7");
}

/* ---- tables ------------------------------------------------------------------------------------------------------------- */

static void wait_row(
	struct drawing *d, const struct timeline_bar *b, size_t *rows, int64_t at_ms, int64_t ms, const char *inside)
{
	if (ms < d->wait_ms || (*rows)++ >= ROWS_MAX)
		return;
	bar_cells(d, b);
	time_cell(d, at_ms);
	time_cell(d, ms);
	if (inside)
		str_addf(d->out, "%s\n", inside);
	else
		cause(d, b);
}

static void draw_waits(struct drawing *d)
{
	char least[24];
	size_t rows = 0;

	str_addf(d->out, "\nWaits of %s and more\n", matrix_duration(d->wait_ms, least, sizeof(least)));
	cell(d, "host", d->names);
	cell(d, "step", d->steps);
	str_add(d->out, "  began   waited  for\n");
	for (size_t i = 0; i < d->t->count; i++) {
		const struct timeline_bar *b = &d->t->bars[d->order[i]];

		wait_row(d, b, &rows, b->start_ms, b->waited_ms, NULL);
		wait_row(d, b, &rows, b->start_ms, b->queue_ms, "a turn to log in (inside the step)");
		wait_row(d, b, &rows, b->start_ms, b->login_ms, "the login (inside the step)");
		wait_row(d, b, &rows, b->start_ms, b->answer_ms, "an answer (inside the step)");
	}
	if (!rows)
		str_add(d->out, "none\n");
	more_rows(d, rows);
}

static void draw_path(struct drawing *d)
{
	static const char *const words[] = {
		[CAUSE_START] = "the start of the run",
		[CAUSE_HOST] = "its step before",
		[CAUSE_NEED] = "a step it needs",
		[CAUSE_TURN] = "its turn",
		[CAUSE_REST] = "all other steps",
		[CAUSE_COMMAND] = "the operator",
		[CAUSE_UNKNOWN] = "not recorded",
	};

	str_add(d->out, "\nCritical path, from the end back: each began after the one below it\n  ended     took  ");
	cell(d, "host", d->names);
	cell(d, "step", d->steps);
	str_add(d->out, " waited  for\n");
	for (size_t i = 0; i < d->t->path_count && i < ROWS_MAX; i++) {
		const struct timeline_bar *b = &d->t->bars[d->t->path[i]];

		time_cell(d, b->end_ms);
		time_cell(d, b->end_ms - b->start_ms);
		bar_cells(d, b);
		time_cell(d, b->waited_ms);
		str_addf(d->out, "%s\n", words[b->cause]);
	}
	more_rows(d, d->t->path_count);
}

static void sum(struct drawing *d, const char *what, int64_t ms)
{
	int64_t wall = d->t->wall_ms > 0 ? d->t->wall_ms : 1, share = (ms * 1000 + wall / 2) / wall;

	time_cell(d, ms);
	str_addf(d->out, "%3d.%d %%  %s\n", (int)(share / 10), (int)(share % 10), what);
}

static void draw_sums(struct drawing *d)
{
	size_t longest[LONGEST], count = timeline_longest(d->t, longest, LONGEST);

	str_add(d->out, "\nSums\n");
	sum(d, "wall", d->t->wall_ms);
	sum(d, "no step of any host ran", d->t->no_step_ms);
	sum(d, "no host worked: no step ran, or it waited for you", d->t->idle_ms);
	sum(d, "steps of the critical path", d->t->path_ms);
	sum(d, "between them", d->t->wall_ms - d->t->path_ms);
	str_add(d->out, "\nLongest steps\n");
	for (size_t i = 0; i < count; i++) {
		const struct timeline_bar *b = &d->t->bars[longest[i]];

		time_cell(d, b->end_ms - b->start_ms);
		bar_cells(d, b);
		end_line(d);
	}
}

/* ---- the whole ---------------------------------------------------------------------------------------------------------- */

static void draw_head(struct drawing *d)
{
	const struct timeline *t = d->t;
	char took[24];

	add(d, t->head->command, NAME_WIDTH);
	str_add(d->out, ", run ");
	add(d, t->head->run, NAME_WIDTH + 4);
	str_addf(d->out, ": %s%s, %zu host%s\n", matrix_duration(t->wall_ms, took, sizeof(took)),
		t->over   ? ""
		: t->live ? " so far"
			  : ", then cut off",
		t->head->host_count, t->head->host_count == 1 ? "" : "s");
	if (!t->head->needs_known && t->count)
		str_add(d->out, "Recorded by an earlier version: what steps waited for is not known.\n");
	if (t->left_out)
		str_addf(d->out, "%zu steps found no room here.\n", t->left_out);
	if (!t->count)
		str_add(d->out, "No step has begun.\n");
}

/* Bars by host: their order within one stays. */
static void sort_bars(struct drawing *d)
{
	size_t hosts = d->t->head->host_count, *next = xcalloc(hosts + 1, sizeof(*next));

	d->order = xcalloc(d->t->count + 1, sizeof(*d->order));
	d->first = xcalloc(hosts + 1, sizeof(*d->first));
	for (size_t i = 0; i < d->t->count; i++)
		d->first[d->t->bars[i].host + 1]++;
	for (size_t h = 0; h < hosts; h++)
		d->first[h + 1] += next[h] = d->first[h];
	for (size_t i = 0; i < d->t->count; i++)
		d->order[next[d->t->bars[i].host]++] = i;
	free(next);
}

void timeline_text(const struct timeline *t, int width, bool ascii, struct str *out)
{
	struct drawing d = { .t = t, .out = out, .width = width < WIDTH_MIN ? WIDTH_MIN : width, .ascii = ascii };

	draw_head(&d);
	if (!t->count)
		return;
	d.names = d.steps = 4;
	for (size_t h = 0; h < t->head->host_count; h++)
		widen(&d.names, t->head->hosts[h].name, ascii);
	d.wait_ms = t->wall_ms / 100 > WAIT_MIN_MS ? t->wall_ms / 100 : WAIT_MIN_MS;
	find_letters(&d);
	d.bars = d.width - d.names - 2;
	d.row = xcalloc((size_t)d.bars + 1, 1);
	d.best_ms = xcalloc((size_t)d.bars, sizeof(*d.best_ms));
	sort_bars(&d);
	str_addc(out, '\n');
	draw_axis(&d);
	for (size_t h = 0; h < t->head->host_count; h++)
		for (unsigned lane = 0; lane < t->lanes[h]; lane++)
			draw_lane(&d, h, lane);
	draw_legend(&d);
	draw_waits(&d);
	draw_path(&d);
	draw_sums(&d);
	free(d.row);
	free(d.best_ms);
	free(d.order);
	free(d.first);
}
