/* Drawing on a grid of cells. All that puts a character there goes through put(), which keeps wide characters whole. */
#include "tui/canvas.h"

#include "base/alloc.h"
#include "tui/glyph.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MAX 1000

/* ---- cells ----------------------------------------------------------------------------------------------------------- */

static int bounded(int n)
{
	return n < 1 ? 1 : n > SIDE_MAX ? SIDE_MAX : n;
}

void canvas_init(struct canvas *c, int width, int height, bool ascii)
{
	*c = (struct canvas){ .ascii = ascii };
	canvas_resize(c, width, height);
}

void canvas_resize(struct canvas *c, int width, int height)
{
	c->width = bounded(width);
	c->height = bounded(height);
	c->cells = xrealloc(c->cells, (size_t)c->width * (size_t)c->height, sizeof(*c->cells));
	canvas_clear(c);
}

void canvas_clear(struct canvas *c)
{
	for (size_t i = 0; i < (size_t)c->width * (size_t)c->height; i++)
		c->cells[i] = (struct cell){ ' ', STYLE_NORMAL };
	c->cursor_x = c->cursor_y = -1;
}

void canvas_release(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){ .cursor_x = -1, .cursor_y = -1 };
}

/* Columns x to x + g.width - 1; of a wide character that is half outside a blank is left. */
static void put(struct canvas *c, long y, long x, struct glyph g, enum style style)
{
	struct cell *row;

	if (y < 0 || y >= c->height)
		return;
	row = c->cells + y * c->width;
	if (g.width == 2 && (x == -1 || x == c->width - 1)) {
		x = x < 0 ? 0 : x;
		g = (struct glyph){ ' ', 1 };
	}
	if (x < 0 || x + g.width > c->width)
		return;
	if (!row[x].ch)
		row[x - 1].ch = ' ';
	if (x + g.width < c->width && !row[x + g.width].ch)
		row[x + g.width].ch = ' ';
	row[x] = (struct cell){ g.ch, (uint8_t)style };
	if (g.width == 2)
		row[x + 1] = (struct cell){ 0, (uint8_t)style };
}

static long clipped(long n, long low, long high)
{
	return n < low ? low : n > high ? high : n;
}

/* The same one-column character over an area. */
static void spread(struct canvas *c, long y, long x, long height, long width, enum style style, uint32_t ch)
{
	long y1 = clipped(y + height, 0, c->height), x1 = clipped(x + width, 0, c->width), x0 = x < 0 ? 0 : x;

	for (y = y < 0 ? 0 : y; y < y1; y++)
		for (x = x0; x < x1; x++)
			put(c, y, x, (struct glyph){ ch, 1 }, style);
}

void canvas_fill(struct canvas *c, int y, int x, int height, int width, enum style style)
{
	spread(c, y, x, height, width, style, ' ');
}

void canvas_restyle(struct canvas *c, int y, int x, int width, enum style style)
{
	long x0 = clipped(x, 0, c->width), x1 = clipped((long)x + width, 0, c->width);
	struct cell *row;

	if (y < 0 || y >= c->height || x0 >= x1)
		return;
	row = c->cells + (long)y * c->width;
	/* a wide character has one style */
	x0 -= row[x0].ch ? 0 : 1;
	x1 += x1 < c->width && !row[x1].ch ? 1 : 0;
	for (; x0 < x1; x0++)
		row[x0].style = (uint8_t)style;
}

void canvas_cursor(struct canvas *c, int y, int x)
{
	bool inside = y >= 0 && y < c->height && x >= 0 && x < c->width;

	c->cursor_y = inside ? y : -1;
	c->cursor_x = inside ? x : -1;
}

/* ---- text ------------------------------------------------------------------------------------------------------------ */

static int draw(struct canvas *c, long y, long x, long max, enum style style, struct reader r)
{
	long room = (long)c->width - x, used = 0;
	struct glyph g;
	bool cut;

	if (max > 0 && max < room)
		room = max;
	if (room <= 0)
		return 0;
	cut = reader_columns(r, room) > room;
	while (reader_next(&r, &g) && used + g.width <= room - cut) {
		if (g.width)
			put(c, y, x + used, g, style);
		used += g.width;
	}
	if (cut)
		put(c, y, x + used++, (struct glyph){ c->ascii ? '~' : 0x2026, 1 }, style);
	return (int)(used < INT_MAX ? used : INT_MAX);
}

int canvas_text(struct canvas *c, int y, int x, int max, enum style style, const char *text)
{
	return draw(c, y, x, max, style, reader_of(text, c->ascii));
}

int canvas_textf(struct canvas *c, int y, int x, int max, enum style style, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		die_oom();
	va_end(ap);
	n = canvas_text(c, y, x, max, style, text);
	free(text);
	return n;
}

int canvas_columns(const struct canvas *c, const char *text)
{
	return (int)clipped(reader_columns(reader_of(text, c->ascii), INT_MAX - 1L), 0, INT_MAX);
}

static const unsigned char *after_spaces(const unsigned char *p, const unsigned char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* Takes one line from r: broken where it must, else at a newline. */
static struct reader take_line(struct reader *r, long width)
{
	struct reader line = *r, at = *r;
	const unsigned char *fits = NULL; /* the end of the last whole word */
	bool in_word = false;
	struct glyph g;

	for (long used = 0; at.at < at.end && *at.at != '\n';) {
		const unsigned char *before = at.at;
		bool space = *before == ' ' || *before == '\t';

		if (space && in_word)
			fits = before;
		in_word = !space;
		reader_next(&at, &g);
		used += g.width;
		if (used <= width || before == line.at)
			continue;
		line.end = fits ? fits : before;
		r->at = fits ? after_spaces(fits, r->end) : before;
		/* spaces at a break belong to no line, and a newline right after them is this break */
		if (r->at < r->end && *r->at == '\n')
			r->at++;
		return line;
	}
	line.end = at.at;
	r->at = at.at < at.end ? at.at + 1 : at.at;
	return line;
}

int canvas_paragraph(
	struct canvas *c, int y, int x, int height, int width, int from, enum style style, const char *text)
{
	struct reader r = reader_of(text, c->ascii);
	int n = 0;

	if (width < 1)
		return 0;
	for (; r.at < r.end && n < INT_MAX; n++) {
		struct reader line = take_line(&r, width);

		if (n >= from && (long)n - from < height)
			draw(c, (long)y + n - from, x, width, style, line);
	}
	return n;
}

/* ---- shapes ---------------------------------------------------------------------------------------------------------- */

int canvas_symbol(struct canvas *c, int y, int x, enum style style, enum symbol symbol)
{
	static const struct {
		const char *text, *ascii;
	} symbols[SYMBOL_COUNT] = {
		[SYMBOL_NONE] = { " ", " " },
		[SYMBOL_OK] = { "✓", "+" },
		[SYMBOL_CHANGED] = { "●", "*" },
		[SYMBOL_FAIL] = { "✗", "x" },
		[SYMBOL_RUNNING] = { "▸", ">" },
		[SYMBOL_WAITING] = { "·", "." },
		[SYMBOL_WARNING] = { "!", "!" },
		[SYMBOL_BLOCKED] = { "−", "-" },
		[SYMBOL_SKIPPED] = { "○", "o" },
		[SYMBOL_POINTER] = { "▶", ">" },
		[SYMBOL_UP] = { "▲", "^" },
		[SYMBOL_DOWN] = { "▼", "v" },
		[SYMBOL_MARKED] = { "[x]", "[x]" },
		[SYMBOL_UNMARKED] = { "[ ]", "[ ]" },
	};
	unsigned i = symbol;
	const char *text;

	i = i < SYMBOL_COUNT ? i : SYMBOL_NONE;
	text = c->ascii ? symbols[i].ascii : symbols[i].text;
	canvas_text(c, y, x, 0, style, text);
	return canvas_columns(c, text);
}

void canvas_hline(struct canvas *c, int y, int x, int width, enum style style)
{
	spread(c, y, x, 1, width, style, c->ascii ? '-' : 0x2500);
}

void canvas_box(struct canvas *c, int y, int x, int height, int width, enum style style, const char *title)
{
	static const uint32_t lines[2][5] = { { 0x2502, 0x250c, 0x2510, 0x2514, 0x2518 }, { '|', '+', '+', '+', '+' } };
	const uint32_t *line = lines[c->ascii];
	long bottom = (long)y + height - 1, right = (long)x + width - 1;
	int n;

	if (height < 1 || width < 1)
		return;
	canvas_fill(c, y, x, height, width, STYLE_NORMAL);
	spread(c, y, x, 1, width, style, c->ascii ? '-' : 0x2500);
	spread(c, bottom, x, 1, width, style, c->ascii ? '-' : 0x2500);
	spread(c, y, x, height, 1, style, line[0]);
	spread(c, y, right, height, 1, style, line[0]);
	put(c, y, x, (struct glyph){ line[1], 1 }, style);
	put(c, y, right, (struct glyph){ line[2], 1 }, style);
	put(c, bottom, x, (struct glyph){ line[3], 1 }, style);
	put(c, bottom, right, (struct glyph){ line[4], 1 }, style);
	if (!title || !*title || width < 7)
		return;
	n = draw(c, y, x + 3L, width - 6, STYLE_HEADING, reader_of(title, c->ascii));
	put(c, y, x + 2L, (struct glyph){ ' ', 1 }, style);
	put(c, y, x + 3L + n, (struct glyph){ ' ', 1 }, style);
}

void canvas_gauge(struct canvas *c, int y, int x, int width, long done, long total)
{
	long full = 0;

	if (width < 1)
		return;
	done = total > 0 ? clipped(done, 0, total) : 0;
	if (done > 0)
		full = done == total ? width
				     : clipped((long)((double)done / (double)total * width), width > 1, width - 1);
	spread(c, y, x, 1, full, done == total ? STYLE_OK : STYLE_RUNNING, c->ascii ? '#' : 0x2588);
	spread(c, y, x + full, 1, width - full, STYLE_DIM, c->ascii ? '.' : 0x2591);
}
