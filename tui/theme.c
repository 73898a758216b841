/* What each style looks like, with colours and without. */
#include "tui/theme.h"

/* clang-format off */
#define OWN .foreground = COLOR_OWN, .background = COLOR_OWN
#define FG(color) .foreground = (color), .background = COLOR_OWN
/* clang-format on */

static const struct look looks[THEME_COUNT][STYLE_COUNT] = {
	[THEME_COLOR] = {
		[STYLE_NORMAL] = { OWN },
		[STYLE_TITLE] = { OWN, .reverse = true, .bold = true },
		[STYLE_BAR] = { OWN, .reverse = true },
		[STYLE_KEY] = { OWN, .bold = true },
		[STYLE_HEADING] = { OWN, .bold = true, .underline = true },
		[STYLE_LABEL] = { OWN },
		[STYLE_INPUT] = { OWN, .underline = true },
		[STYLE_FOCUS] = { OWN, .reverse = true },
		[STYLE_MARK] = { FG(COLOR_3_YELLOW), .reverse = true },
		[STYLE_DIM] = { OWN, .dim = true },
		[STYLE_BORDER] = { FG(COLOR_6_CYAN), .dim = true },
		[STYLE_OK] = { FG(COLOR_2_GREEN) },
		[STYLE_CHANGED] = { FG(COLOR_2_GREEN), .bold = true },
		[STYLE_RUNNING] = { FG(COLOR_6_CYAN), .bold = true },
		[STYLE_WARNING] = { FG(COLOR_3_YELLOW), .bold = true },
		[STYLE_FAIL] = { FG(COLOR_1_RED), .bold = true },
	},
	/* a VT220 knows no dim: OK, WARNING and FAIL must differ without it */
	[THEME_MONOCHROME] = {
		[STYLE_NORMAL] = { OWN },
		[STYLE_TITLE] = { OWN, .reverse = true, .bold = true },
		[STYLE_BAR] = { OWN, .reverse = true },
		[STYLE_KEY] = { OWN, .bold = true },
		[STYLE_HEADING] = { OWN, .bold = true, .underline = true },
		[STYLE_LABEL] = { OWN },
		[STYLE_INPUT] = { OWN, .underline = true },
		[STYLE_FOCUS] = { OWN, .reverse = true },
		[STYLE_MARK] = { OWN, .reverse = true, .underline = true },
		[STYLE_DIM] = { OWN, .dim = true },
		[STYLE_BORDER] = { OWN, .dim = true },
		[STYLE_OK] = { OWN },
		[STYLE_CHANGED] = { OWN, .bold = true },
		[STYLE_RUNNING] = { OWN, .underline = true },
		[STYLE_WARNING] = { OWN, .bold = true, .underline = true },
		[STYLE_FAIL] = { OWN, .bold = true, .reverse = true },
	},
};

static const char *const names[STYLE_COUNT] = {
	[STYLE_NORMAL] = "normal",
	[STYLE_TITLE] = "title",
	[STYLE_BAR] = "bar",
	[STYLE_KEY] = "key",
	[STYLE_HEADING] = "heading",
	[STYLE_LABEL] = "label",
	[STYLE_INPUT] = "input",
	[STYLE_FOCUS] = "focus",
	[STYLE_MARK] = "mark",
	[STYLE_DIM] = "dim",
	[STYLE_BORDER] = "border",
	[STYLE_OK] = "ok",
	[STYLE_CHANGED] = "changed",
	[STYLE_RUNNING] = "running",
	[STYLE_WARNING] = "warning",
	[STYLE_FAIL] = "fail",
};

const struct look *theme_look(enum theme theme, enum style style)
{
	unsigned t = theme, s = style;

	return &looks[t < THEME_COUNT ? t : THEME_MONOCHROME][s < STYLE_COUNT ? s : STYLE_NORMAL];
}

const char *style_name(enum style style)
{
	unsigned s = style;

	return names[s < STYLE_COUNT ? s : STYLE_NORMAL];
}
