/*
 * Styles by meaning, and what a terminal makes of them. A style never shows a state alone: a word or a symbol stands
 * with it.
 */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include <stdbool.h>

enum style {
	STYLE_NORMAL,
	STYLE_TITLE,    /* the top bar */
	STYLE_BAR,      /* the bottom bar: key hints */
	STYLE_KEY,      /* a key's name in the bottom bar or in help */
	STYLE_HEADING,  /* column heads, headings in text */
	STYLE_LABEL,    /* the label of a form's field */
	STYLE_INPUT,    /* a field that can be typed into */
	STYLE_FOCUS,    /* the field or line that keys go to */
	STYLE_MARK,     /* what a search found */
	STYLE_DIM,
	STYLE_BORDER,
	STYLE_OK,       /* done, healthy */
	STYLE_CHANGED,  /* done by this run */
	STYLE_RUNNING,
	STYLE_WARNING,
	STYLE_FAIL,
	STYLE_COUNT,
};

/* The eight colours that every console has; -1: the terminal's own. */
enum theme_color {
	COLOR_OWN = -1,
	COLOR_0_BLACK,
	COLOR_1_RED,
	COLOR_2_GREEN,
	COLOR_3_YELLOW,
	COLOR_4_BLUE,
	COLOR_5_MAGENTA,
	COLOR_6_CYAN,
	COLOR_7_WHITE
};
struct look {
	int foreground, background; /* enum theme_color */
	bool bold, dim, underline, reverse;
};
enum theme { THEME_COLOR, THEME_MONOCHROME, THEME_COUNT };

/* Never NULL. In THEME_MONOCHROME no look has a colour. */
const struct look *theme_look(enum theme theme, enum style style);
/* "fail", "focus", …: stable words for dumps. */
const char *style_name(enum style style);

#endif
