/* Characters: from UTF-8 and back, their columns, which of them must not reach a terminal. Knows no locale. */
#ifndef TUI_GLYPH_H
#define TUI_GLYPH_H

#include <stdbool.h>
#include <stdint.h>

#define GLYPH_REPLACEMENT 0xfffd

struct glyph {
	uint32_t ch;
	int width; /* 1 or 2; 0: a mark that joins the character before it, to be dropped */
};
/* A piece of text that is being read. */
struct reader {
	const unsigned char *at, *end;
	bool ascii; /* what is not ASCII becomes '?' */
};

/* text may be NULL. */
struct reader reader_of(const char *text, bool ascii);
/*
 * Takes one character; false at the end. \n and \t are blanks. Controls, what turns the direction of writing, what
 * cannot be seen and each byte that is not UTF-8 (RFC 3629) is GLYPH_REPLACEMENT.
 */
bool reader_next(struct reader *r, struct glyph *out);
/* The columns of what is left, counted no further than just above most. */
long reader_columns(struct reader r, long most);
/* UTF-8 of a code point, NUL-terminated; returns out. */
char *glyph_utf8(uint32_t ch, char out[5]);

#endif
