/* What stands on a canvas, as tests look at it; and text as keys. */
#ifndef TESTS_UNIT_SCREEN_TEXT_H
#define TESTS_UNIT_SCREEN_TEXT_H

#include "base/str.h"
#include "tui/canvas.h"

#include <string.h>

static inline void text_code(struct str *out, uint32_t c)
{
	if (c >= 0x800)
		str_addf(out, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
	else if (c >= 0x80)
		str_addf(out, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
	else if (c)
		str_addc(out, (char)c);
}

/* A line without blanks at its end; lent until the next call. */
static inline const char *row(const struct canvas *c, int y)
{
	static struct str s = STR_INIT;

	str_clear(&s);
	for (int x = 0; x < c->width; x++)
		text_code(&s, c->cells[y * c->width + x].ch);
	while (s.len && s.buf[s.len - 1] == ' ')
		str_truncate(&s, s.len - 1);
	return s.len ? s.buf : "";
}

/* The line that has this text; -1: none. */
static inline int find_row(const struct canvas *c, const char *text)
{
	for (int y = 0; y < c->height; y++)
		if (strstr(row(c, y), text))
			return y;
	return -1;
}

/* The style of the first cell of text in line y; -1: not there. ASCII before it only. */
static inline int style_of(const struct canvas *c, int y, const char *text)
{
	const char *line = row(c, y), *at = strstr(line, text);
	int x = 0;

	if (!at)
		return -1;
	for (const char *p = line; p < at; p++)
		x += ((unsigned char)*p & 0xc0) != 0x80;
	return c->cells[y * c->width + x].style;
}

/* The code point at *p, which continues behind it. */
static inline int next_code(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	int more = *s >= 0xf0 ? 3 : *s >= 0xe0 ? 2 : *s >= 0xc0 ? 1 : 0, code = more ? *s & (0x3f >> more) : *s;

	for (int i = 1; i <= more; i++)
		code = code << 6 | (s[i] & 0x3f);
	*p += more + 1;
	return code;
}

#endif
