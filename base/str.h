/* A growing string, and lists of strings. buf is NUL-terminated; STR_INIT is a valid empty string. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
	char *buf; /* never NULL after STR_INIT; the shared str_empty, not to be written to, while nothing was added */
	size_t len;
	size_t cap;
};
extern char str_empty[1];
/* clang-format off */
#define STR_INIT { str_empty, 0, 0 }
/* clang-format on */

void str_init(struct str *s);                 /* STR_INIT, for what is there already */
void str_release(struct str *s);              /* frees and re-initialises */
void str_wipe(struct str *s);                 /* like release, but overwrites the memory first (secrets) */
void str_clear(struct str *s);                /* keeps the memory, length 0 */
void str_truncate(struct str *s, size_t len); /* forgets what is behind len, wiping it; len beyond the end: no change */

/* What is added is copied; memory grows as it must. */
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *data, size_t n);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds text as one single-quoted POSIX shell word; any bytes but NUL survive. */
void str_add_quoted(struct str *s, const char *text);
char *str_detach(struct str *s); /* the caller frees; s is empty afterwards */

/* Whether s begins or ends with these bytes. */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/*
 * Replaces control characters, escape sequences and invalid UTF-8 so that text from elsewhere is safe on a terminal.
 * Keeps \n and \t; in place is not possible: result is added to out.
 */
void str_add_printable(struct str *out, const char *data, size_t n);
/* The same on one line: newlines and tabs become blanks. */
void str_add_line(struct str *out, const char *data, size_t n);
/* The same into a buffer, cut at a character's start. */
void str_copy_line(char *out, size_t size, const char *text);
/* Damerau-Levenshtein distance, for did-you-mean; cut off at 9. */
int str_distance(const char *a, const char *b);

/* base64 (RFC 4648, padded, one line) and lower-case hex. -1: the text is something else; out is unchanged then. */
void str_add_base64(struct str *out, const void *data, size_t n);
int str_add_unbase64(struct str *out, const char *text, size_t n);
void str_add_hex(struct str *out, const void *data, size_t n);

#endif
