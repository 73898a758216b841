/* The sieve: lines are marked by what is around them, then each is copied without its secrets. */
#include "base/sieve_private.h"

#include "base/alloc.h"
#include "base/secret.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define RUN_MIN 16 /* of base64 in a line of a key; its last one may be shorter */

size_t sieve_whole_line(const char *text, size_t len)
{
	const char *newline = memchr(text, '\n', len);

	return newline ? (size_t)(newline - text) + 1 : len;
}

/* Splits a text; a last line without a newline counts. The caller frees. */
static struct sieve_line *split(const struct str *text, size_t *count)
{
	struct sieve_line *lines;
	size_t n = 1, from = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->buf[i] == '\n';
	lines = xcalloc(n, sizeof(*lines));
	for (size_t k = 0; k < n; k++) {
		size_t len = strcspn(text->buf + from, "\n");

		lines[k] = (struct sieve_line){ text->buf + from, len, SIEVE_PLAIN };
		from += len + 1;
	}
	*count = n;
	return lines;
}

static struct sieve_span span_at(const char *line, size_t n, size_t at, bool secret)
{
	struct sieve_span s = { 0, 0, false };

	if (secret)
		s = sieve_secret_data(line, n, at);
	if (!s.len)
		s = sieve_value(line, n, at);
	return s.len ? s : sieve_form(line, n, at);
}

static void add_plain(struct str *out, const char *line, size_t n)
{
	bool secret = sieve_says_secret(line, n);

	for (size_t i = 0; i < n;) {
		struct sieve_span s = span_at(line, n, i, secret);
		const char *quote = s.quotes ? "\"" : "";

		if (!s.len) {
			str_addc(out, line[i++]);
			continue;
		}
		str_addn(out, line + i, s.keep);
		/* an object without members stays one */
		if (line[i + s.keep - (s.keep > 0)] != '{')
			str_addf(out, "%s%s%s", quote, SIEVE_COVER, quote);
		i += s.len;
	}
}

/* The end of the marker by which a private key begins in this part of a line; 0: there is none. */
static size_t after_marker(const char *line, size_t n)
{
	const char *begin = memmem(line, n, "-----BEGIN ", 11);
	const char *end = begin ? memmem(begin + 11, n - (size_t)(begin + 11 - line), "-----", 5) : NULL;

	return end ? (size_t)(end - line) + 5 : 0;
}

/* What is escaped does not count: the letter of a newline, the digits of \u001b. */
static size_t run_at(const char *line, size_t n, size_t at)
{
	if (at > 0 && line[at - 1] == '\\')
		return 0;
	for (size_t i = 1; i <= 4 && i < at; i++)
		if (line[at - i] == 'u' && line[at - i - 1] == '\\')
			return 0;
	return sieve_base64(line, n, at);
}

/* Names of JSON's members, and its numbers, are none of a key's. */
static bool is_json(const char *line, size_t n, size_t at, size_t len)
{
	return (at > 1 && line[at - 1] == ':' && line[at - 2] == '"') ||
	       (at + len + 1 < n && line[at + len] == '"' && line[at + len + 1] == ':');
}

/*
 * A line of a private key, with whatever a log has before it: long runs of base64 digits are covered, and the last one
 * unless the key ended before this line's.
 */
static void add_runs(struct str *out, const char *line, size_t n, bool ended)
{
	bool done = ended || memmem(line, n, SIEVE_COVER, strlen(SIEVE_COVER));
	size_t last = n;

	for (size_t i = 0, len; !done && i < n; i += len ? len : 1) {
		len = run_at(line, n, i);
		last = len && !is_json(line, n, i, len) ? i : last;
	}
	for (size_t i = 0, len; i < n; i += len ? len : 1) {
		len = run_at(line, n, i);
		if (len && (len >= RUN_MIN || i == last) && !is_json(line, n, i, len))
			str_add(out, SIEVE_COVER);
		else
			str_addn(out, line + i, len ? len : 1);
	}
}

/* From one marker of a private key to the other, and what follows, as far as there is another key. */
static void add_body(struct str *out, const char *line, size_t n)
{
	for (;;) {
		size_t after = after_marker(line, n);
		const char *end = memmem(line + after, n - after, "-----END ", 9);
		size_t to = end ? (size_t)(end - line) : n, rest;

		str_addn(out, line, after);
		if (after && end && to > after)
			str_add(out, SIEVE_COVER);
		else if (to > after)
			add_runs(out, line + after, to - after, end != NULL);
		if (!end)
			return;
		end = memmem(end + 9, n - to - 9, "-----", 5);
		rest = end ? (size_t)(end - line) + 5 : n;
		str_addn(out, line + to, rest - to);
		line += rest;
		n -= rest;
		if (after_marker(line, n))
			continue;
		str_addn(out, line, n);
		return;
	}
}

static void add_from(struct str *out, const char *line, size_t n, size_t at)
{
	size_t end = n;

	while (at < n && strchr(" \"'", line[at]))
		at++;
	while (end > at && strchr(" \"',", line[end - 1]))
		end--;
	str_addn(out, line, at);
	if (end > at)
		str_add(out, SIEVE_COVER);
	str_addn(out, line + end, n - end);
}

static void add_value(struct str *out, const char *line, size_t n)
{
	size_t from = sieve_begin(line, n);
	const char *colon = memchr(line + from, ':', n - from);

	add_from(out, line, n, colon ? (size_t)(colon - line) + 1 : from);
}

static void add_whole(struct str *out, const char *line, size_t n)
{
	add_from(out, line, n, sieve_begin(line, n));
}

void sieve_add(struct str *out, const char *text, size_t len, struct mask *known)
{
	static void (*const add[])(struct str * out, const char *line,
		size_t n) = { [SIEVE_BODY] = add_body, [SIEVE_VALUE] = add_value, [SIEVE_WHOLE] = add_whole };
	struct str clean = STR_INIT, line = STR_INIT;
	struct sieve_line *lines;
	size_t count;

	str_add_printable(&clean, text, len);
	if (known && clean.len) {
		mask_apply(known, clean.buf);
		clean.len = strlen(clean.buf);
	}
	lines = split(&clean, &count);
	sieve_mark(lines, count);
	for (size_t i = 0; i < count; i++) {
		if (add[lines[i].mark]) {
			/* what stays of it may be a secret by its form */
			str_clear(&line);
			add[lines[i].mark](&line, lines[i].text, lines[i].len);
			add_plain(out, line.buf, line.len);
		} else {
			add_plain(out, lines[i].text, lines[i].len);
		}
		if (i + 1 < count)
			str_addc(out, '\n');
	}
	free(lines);
	str_wipe(&line);
	str_wipe(&clean);
}
