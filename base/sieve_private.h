/* Internal to base/sieve*.c: a line of the text, and what is found in it. */
#ifndef BASE_SIEVE_PRIVATE_H
#define BASE_SIEVE_PRIVATE_H

#include "base/sieve.h"

#define SIEVE_COVER "•••"

enum sieve_mark {
	SIEVE_PLAIN, /* judged by what is in it */
	SIEVE_BODY,  /* part of a private key */
	SIEVE_VALUE, /* "name: value" in a Secret: the value is secret */
	SIEVE_WHOLE, /* all of it */
};
struct sieve_line {
	const char *text; /* lent; without its newline */
	size_t len;
	enum sieve_mark mark;
};
/* Part of a line: the first keep bytes of it stay, the rest is covered; len 0: none. */
struct sieve_span {
	size_t keep, len;
	bool quotes; /* the cover needs quotes of its own: JSON has a number there */
};

/* Whether a secret begins at a place of a line: by its form, or because the key of a secret ends there. */
struct sieve_span sieve_form(const char *line, size_t n, size_t at);
struct sieve_span sieve_value(const char *line, size_t n, size_t at);
/* Where an object "data" of a Secret in one line is: what is between its braces; len 0: none begins at this place. */
struct sieve_span sieve_secret_data(const char *line, size_t n, size_t at);
/* Whether a line says that an object is a Secret. */
bool sieve_says_secret(const char *line, size_t n);
/* Marks lines of private keys, of Secrets, and of values that stand below their keys. */
void sieve_mark(struct sieve_line *lines, size_t count);
/* Length of the run of base64 digits from a place on. */
size_t sieve_base64(const char *line, size_t n, size_t at);
/* A line's first byte that is not a blank, "- " or a quote. */
size_t sieve_begin(const char *line, size_t n);

#endif
