/* Names of keys, for the bottom bar and for help. */
#include "tui/key.h"

#include "tui/glyph.h"

#include <stdio.h>

static const struct {
	int code;
	const char *name;
} names[] = {
	{ K_NONE, "" },
	{ K_ENTER, "Enter" },
	{ K_TAB, "Tab" },
	{ K_ESCAPE, "Esc" },
	{ ' ', "Space" },
	{ K_BACKSPACE, "Backspace" },
	{ K_UP, "Up" },
	{ K_DOWN, "Down" },
	{ K_LEFT, "Left" },
	{ K_RIGHT, "Right" },
	{ K_PAGE_UP, "PgUp" },
	{ K_PAGE_DOWN, "PgDn" },
	{ K_HOME, "Home" },
	{ K_END, "End" },
	{ K_DELETE, "Del" },
	{ K_INSERT, "Ins" },
	{ K_BACK_TAB, "Shift-Tab" },
	{ K_RESIZE, "Resize" },
};

char *key_name(int code, char *out, unsigned size)
{
	char text[5];

	if (!size)
		return out;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].code == code) {
			snprintf(out, size, "%s", names[i].name);
			return out;
		}
	}
	if (code >= K_F1 && code <= K_F10) {
		snprintf(out, size, "F%d", code - K_F1 + 1);
	} else if (code > 0 && code < 32) {
		snprintf(out, size, "Ctrl-%c", code | 64);
	} else if (code < 0 || code > 0x10ffff || (code >= 0x80 && code < 0xa0) || (code >= 0xd800 && code < 0xe000)) {
		snprintf(out, size, "?");
	} else {
		snprintf(out, size, "%s", glyph_utf8((uint32_t)code, text));
	}
	return out;
}
