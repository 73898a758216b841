/*
 * A grid of cells that screens draw on: pure memory, no terminal. Everything is clipped to the canvas; text from
 * elsewhere is made harmless here (control characters, escape sequences, invalid UTF-8, characters of unknown width
 * become a visible replacement), so no screen needs to.
 */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include "tui/theme.h"

#include <stdbool.h>
#include <stdint.h>

struct str;

struct cell {
	uint32_t ch;     /* code point; 0: the right half of the wide character before */
	uint8_t style;   /* enum style */
};
struct canvas {
	int width, height;
	bool ascii;      /* the terminal's character set is not UTF-8: nothing above 126 gets on the canvas */
	struct cell *cells; /* [y * width + x] */
	int cursor_x, cursor_y; /* the hardware cursor, on the focused item; -1: none */
};

enum symbol {
	SYMBOL_NONE,
	SYMBOL_OK,      /* ✓ + */
	SYMBOL_CHANGED, /* ● * */
	SYMBOL_FAIL,    /* ✗ x */
	SYMBOL_RUNNING, /* ▸ > */
	SYMBOL_WAITING, /* · . */
	SYMBOL_WARNING, /* ! ! */
	SYMBOL_BLOCKED, /* − - */
	SYMBOL_SKIPPED, /* ○ o */
	SYMBOL_POINTER, /* ▶ > : the selected line */
	SYMBOL_UP, SYMBOL_DOWN, /* more above, below */
	SYMBOL_MARKED, SYMBOL_UNMARKED, /* [x] [ ]: three columns in both sets */
	SYMBOL_COUNT,
};

/* All blank and without cursor; sizes as for canvas_resize. */
void canvas_init(struct canvas *c, int width, int height, bool ascii);
/* New size, cleared. Sizes are bounded to 1..1000 each way. */
void canvas_resize(struct canvas *c, int width, int height);
/* Blanks all of it and takes the cursor away. */
void canvas_clear(struct canvas *c);
void canvas_release(struct canvas *c);

/*
 * Draws text into at most max columns (0 or less: to the right edge); cut text ends with "…" ("~" in ASCII). \n and \t
 * become a space. Returns the columns used. text may be NULL.
 */
int canvas_text(struct canvas *c, int y, int x, int max, enum style style, const char *text);
int canvas_textf(struct canvas *c, int y, int x, int max, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* The columns that text takes on this canvas, uncut. */
int canvas_columns(const struct canvas *c, const char *text);
/*
 * Breaks text at spaces and newlines into lines of at most width columns, skips `from` of them, draws at most height.
 * Returns the number of lines the whole text has. height 0: only counts.
 */
int canvas_paragraph(struct canvas *c, int y, int x, int height, int width, int from, enum style style,
	const char *text);
/* Returns the columns used: 1, or 3 for marks. */
int canvas_symbol(struct canvas *c, int y, int x, enum style style, enum symbol symbol);
/* Blanks an area in a style. */
void canvas_fill(struct canvas *c, int y, int x, int height, int width, enum style style);
/* Changes the style of what is there. */
void canvas_restyle(struct canvas *c, int y, int x, int width, enum style style);
/* A line of width columns. */
void canvas_hline(struct canvas *c, int y, int x, int width, enum style style);
/* A frame with a blank inside and a title in its upper edge (may be NULL). */
void canvas_box(struct canvas *c, int y, int x, int height, int width, enum style style, const char *title);
/* A bar of width columns, filled by done of total. */
void canvas_gauge(struct canvas *c, int y, int x, int width, long done, long total);
/* Puts the hardware cursor there; off the canvas: none. */
void canvas_cursor(struct canvas *c, int y, int x);

/* Golden text: the characters, then the looks of the theme as runs per line. */
void canvas_dump(const struct canvas *c, enum theme theme, struct str *out);
/* A standalone SVG picture with selectable text; needs no fonts but a monospace one. */
void canvas_svg(const struct canvas *c, enum theme theme, struct str *out);

#endif
