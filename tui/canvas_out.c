/* A canvas as text for golden files, and as a picture. */
#include "tui/canvas.h"

#include "base/str.h"
#include "tui/glyph.h"

#include <string.h>

/* A cell of the picture, in tenths of a pixel. */
#define CELL_WIDTH 84
#define CELL_HEIGHT 170
#define BASELINE 130

#define PAPER "#15181e"
#define INK "#d3d7cf"

static const char *const color_names[] = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white" };
static const char *const colors[] = { "#5c6370", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2",
	"#dcdfe4" };

/* Cells x to end - 1 of a line look alike. */
struct run {
	int y, x, end;
	const struct look *look;
};

static bool same(const struct look *a, const struct look *b)
{
	return a == b || (a->foreground == b->foreground && a->background == b->background && a->bold == b->bold &&
				 a->dim == b->dim && a->underline == b->underline && a->reverse == b->reverse);
}

static const struct cell *cell_at(const struct canvas *c, int y, int x)
{
	return c->cells + (long)y * c->width + x;
}

/* The run after the one in r, line by line; begins with { 0 }. */
static bool next_run(const struct canvas *c, enum theme theme, struct run *r)
{
	if (r->end == c->width) {
		r->y++;
		r->end = 0;
	}
	if (r->y >= c->height)
		return false;
	r->x = r->end;
	r->look = theme_look(theme, cell_at(c, r->y, r->x)->style);
	while (r->end < c->width && same(theme_look(theme, cell_at(c, r->y, r->end)->style), r->look))
		r->end++;
	return true;
}

static void add_look(struct str *out, const struct look *look)
{
	if (look->bold)
		str_add(out, " bold");
	if (look->dim)
		str_add(out, " dim");
	if (look->underline)
		str_add(out, " underline");
	if (look->reverse)
		str_add(out, " reverse");
	if (look->foreground != COLOR_OWN)
		str_addf(out, " fg=%s", color_names[look->foreground]);
	if (look->background != COLOR_OWN)
		str_addf(out, " bg=%s", color_names[look->background]);
}

void canvas_dump(const struct canvas *c, enum theme theme, struct str *out)
{
	const struct look *normal = theme_look(theme, STYLE_NORMAL);
	struct run r = { 0 };
	char utf8[5];

	str_addf(out, "%dx%d\n", c->width, c->height);
	for (int y = 0; y < c->height; y++) {
		int end = c->width;

		while (end > 0 && cell_at(c, y, end - 1)->ch == ' ')
			end--;
		for (int x = 0; x < end; x++)
			str_add(out, glyph_utf8(cell_at(c, y, x)->ch, utf8));
		str_addc(out, '\n');
	}
	while (next_run(c, theme, &r)) {
		if (same(r.look, normal))
			continue;
		str_addf(out, "%d: %d-%d", r.y, r.x, r.end - 1);
		add_look(out, r.look);
		str_addc(out, '\n');
	}
}

/* ---- the picture ----------------------------------------------------------------------------------------------------- */

/* Not %f: its decimal point is the locale's. */
static void add_length(struct str *out, const char *name, long tenths)
{
	str_addf(out, " %s=\"%ld", name, tenths / 10);
	if (tenths % 10)
		str_addf(out, ".%ld", tenths % 10);
	str_addc(out, '"');
}

static void add_area(struct str *out, long y, long x, long height, long width, const char *fill)
{
	str_add(out, "<rect");
	add_length(out, "x", x);
	add_length(out, "y", y);
	add_length(out, "width", width);
	add_length(out, "height", height);
	str_addf(out, " fill=\"%s\"/>\n", fill);
}

static void add_characters(struct str *out, const struct canvas *c, const struct run *r)
{
	char utf8[5];

	for (int x = r->x; x < r->end; x++) {
		uint32_t ch = cell_at(c, r->y, x)->ch;

		if (ch == '&')
			str_add(out, "&amp;");
		else if (ch == '<')
			str_add(out, "&lt;");
		else if (ch == '>')
			str_add(out, "&gt;");
		else
			str_add(out, glyph_utf8(ch, utf8));
	}
}

/* Blanks at the ends draw nothing, unless they are underlined. */
static void trim(const struct canvas *c, struct run *r)
{
	if (r->look->underline)
		return;
	while (r->end > r->x && cell_at(c, r->y, r->end - 1)->ch == ' ')
		r->end--;
	while (r->end > r->x && cell_at(c, r->y, r->x)->ch == ' ')
		r->x++;
}

static void add_run(struct str *out, const struct canvas *c, struct run r)
{
	const struct look *look = r.look;
	const char *ink = look->foreground == COLOR_OWN ? INK : colors[look->foreground];
	const char *paper = look->background == COLOR_OWN ? PAPER : colors[look->background];
	long top = (long)r.y * CELL_HEIGHT;

	if (look->reverse) {
		const char *swap = ink;

		ink = paper;
		paper = swap;
	}
	if (strcmp(paper, PAPER) != 0)
		add_area(out, top, (long)r.x * CELL_WIDTH, CELL_HEIGHT, (long)(r.end - r.x) * CELL_WIDTH, paper);
	trim(c, &r);
	if (r.x == r.end)
		return;
	str_add(out, "<text");
	add_length(out, "x", (long)r.x * CELL_WIDTH);
	add_length(out, "y", top + BASELINE);
	/* keeps to the grid whatever font there is */
	add_length(out, "textLength", (long)(r.end - r.x) * CELL_WIDTH);
	str_addf(out, " lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"%s\"", ink);
	if (look->bold)
		str_add(out, " font-weight=\"bold\"");
	if (look->dim)
		str_add(out, " opacity=\"0.65\"");
	if (look->underline)
		str_add(out, " text-decoration=\"underline\"");
	str_addc(out, '>');
	add_characters(out, c, &r);
	str_add(out, "</text>\n");
}

void canvas_svg(const struct canvas *c, enum theme theme, struct str *out)
{
	long width = (long)c->width * CELL_WIDTH, height = (long)c->height * CELL_HEIGHT;
	struct run r = { 0 };

	str_add(out, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
	add_length(out, "width", width);
	add_length(out, "height", height);
	str_addf(out, " viewBox=\"0 0 %ld.%ld %ld\"", width / 10, width % 10, height / 10);
	str_add(out,
		" font-family=\"'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n");
	add_area(out, 0, 0, height, width, PAPER);
	while (next_run(c, theme, &r))
		add_run(out, c, r);
	str_add(out, "</svg>\n");
}
