/* What only the lines around show: private keys over many lines, Secrets, values below their keys. */
#include "base/sieve_private.h"

#include "base/str.h"

#include <string.h>

enum {
	KEY_LINES = 400, /* of a private key, at most */
	HEAD_LINES = 4,  /* before its base64: Proc-Type, DEK-Info, an empty one */
	WRAPPED = 32,    /* digits of base64 in a line that another one follows */
	OVER = 16,       /* of them that a word which goes over the end of a line has there */
};

/* "PRIVATE KEY" as base64, whichever of three bytes it begins with: what is the same whatever stands around it. */
static const char *const encoded[] = { "UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW" };

/* "-----BEGIN … PRIVATE KEY", or the same of END. */
static bool has_marker(const struct sieve_line *l, const char *word)
{
	const char *at = memmem(l->text, l->len, word, strlen(word));
	size_t left = at ? l->len - (size_t)(at - l->text) : 0;

	return at && memmem(at, left < 60 ? left : 60, "PRIVATE KEY", 11) != NULL;
}

/* The base64 that a line ends with; a log's quotes and braces may be behind it. */
static size_t tail(const struct sieve_line *l, const char **from)
{
	size_t end = l->len, n = 0;

	while (end > 0 && strchr(" \t\"'}],\\", l->text[end - 1]))
		end--;
	/* an escaped newline's */
	if (end > 1 && end < l->len && l->text[end - 1] == 'n' && l->text[end - 2] == '\\')
		end -= 2;
	while (n < end && sieve_base64(l->text + end - n - 1, 1, 0))
		n++;
	*from = l->text + end - n;
	return n;
}

/* Whether a line ends with so much of base64 that another line of it may follow. */
static bool continues(const struct sieve_line *l)
{
	const char *from;

	return tail(l, &from) >= WRAPPED;
}

/* Whether a line may be the short one that base64 ends with; of a text that was cut, any. */
static bool is_last(const struct sieve_line *l, bool cut)
{
	const char *from;
	size_t n = tail(l, &from);

	return n && (cut || n % 4 == 0);
}

static bool is_encoded(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++)
		if (memmem(text, len, encoded[i], strlen(encoded[i])))
			return true;
	return false;
}

/* In a line, or over its end. */
static bool has_encoded(const struct sieve_line *l, const struct sieve_line *next)
{
	const char *a, *b;
	char both[2 * OVER];
	size_t n, m;

	if (is_encoded(l->text, l->len))
		return true;
	if (!next || !continues(l))
		return false;
	n = tail(l, &a);
	m = tail(next, &b);
	m = m < OVER ? m : OVER;
	memcpy(both, a + n - OVER, OVER);
	memcpy(both + OVER, b, m);
	return is_encoded(both, OVER + m);
}

static void mark_back(struct sieve_line *lines, size_t from)
{
	while (from > 0 && lines[from - 1].mark == SIEVE_PLAIN && continues(&lines[from - 1]))
		lines[--from].mark = SIEVE_BODY;
}

/* Where its end is, when no other one begins before that; 0: it was cut off. */
static size_t find_end(const struct sieve_line *lines, size_t count, size_t from)
{
	for (size_t i = from + 1; i < count && i - from < KEY_LINES; i++) {
		if (has_marker(&lines[i], "-----END "))
			return i;
		if (has_marker(&lines[i], "-----BEGIN "))
			return 0;
	}
	return 0;
}

/* From the line of its beginning to that of its end, or as far as it looks like a key. Returns the last of them. */
static size_t mark_key(struct sieve_line *lines, size_t count, size_t from)
{
	size_t end = find_end(lines, count, from), i = from, heads = 0;
	bool body = false, goes = true;

	if (!end) {
		while (i + 1 < count && goes && !has_marker(&lines[i + 1], "-----BEGIN ")) {
			goes = continues(&lines[i + 1]);
			if (!goes && body && !is_last(&lines[i + 1], i + 2 == count))
				break;
			i++;
			body = body || goes;
			goes = goes || (!body && heads++ < HEAD_LINES);
		}
		end = i;
	}
	for (i = from; i <= end; i++)
		lines[i].mark = SIEVE_BODY;
	return end;
}

/* Whether it also ends in the line that it begins in. */
static bool one_line(const struct sieve_line *l)
{
	const char *begin = memmem(l->text, l->len, "-----BEGIN ", 11);

	return begin && memmem(begin, l->len - (size_t)(begin - l->text), "-----END ", 9);
}

/* Base64 of a key, from the line that shows it in both directions. Returns the last of its lines. */
static size_t mark_encoded(struct sieve_line *lines, size_t count, size_t i)
{
	mark_back(lines, i);
	while (i + 1 < count && continues(&lines[i]) &&
		(continues(&lines[i + 1]) || is_last(&lines[i + 1], i + 2 == count)))
		lines[++i].mark = SIEVE_BODY;
	return i;
}

static void mark_keys(struct sieve_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool begins = has_marker(&lines[i], "-----BEGIN "), ends = has_marker(&lines[i], "-----END ");

		if (!begins && !ends && !has_encoded(&lines[i], i + 1 < count ? &lines[i + 1] : NULL))
			continue;
		lines[i].mark = SIEVE_BODY;
		if (begins && !one_line(&lines[i]))
			i = mark_key(lines, count, i);
		else if (ends && !begins) {
			/* its last line is short */
			if (i > 0 && lines[i - 1].mark == SIEVE_PLAIN && is_last(&lines[i - 1], false))
				lines[--i].mark = SIEVE_BODY, mark_back(lines, i), i++;
		} else if (!begins)
			i = mark_encoded(lines, count, i);
	}
}

static size_t depth(const struct sieve_line *l)
{
	size_t n = 0;

	while (n < l->len && (l->text[n] == ' ' || (l->text[n] == '-' && n + 1 < l->len && l->text[n + 1] == ' ')))
		n++;
	return n;
}

static bool empty(const struct sieve_line *l)
{
	return depth(l) == l->len;
}

/* Whether a line's own key is this one, and what it holds stands below it. */
static bool opens(const struct sieve_line *l, const char *key)
{
	size_t at = sieve_begin(l->text, l->len), n = strlen(key);

	if (at + n >= l->len || memcmp(l->text + at, key, n) != 0)
		return false;
	for (at += n; at < l->len; at++)
		if (!strchr("\": {", l->text[at]))
			return false;
	return true;
}

/* The lines that are deeper than this one. named: those at the first depth have names, and only values are secret. */
static size_t mark_below(struct sieve_line *lines, size_t count, size_t i, bool named, bool block)
{
	size_t d = depth(&lines[i]), first = 0;

	while (i + 1 < count && (empty(&lines[i + 1]) || depth(&lines[i + 1]) > d)) {
		struct sieve_line *l = &lines[++i];

		if (l->mark != SIEVE_PLAIN || empty(l))
			continue;
		first = first ? first : depth(l);
		/* beside a secret's key, what has a name of its own is judged by that */
		if (named || block || !memchr(l->text, ':', l->len))
			l->mark = named && depth(l) == first ? SIEVE_VALUE : SIEVE_WHOLE;
	}
	return i;
}

/* Documents of a YAML text; what says Secret makes the data of the whole document secret. */
static void mark_secrets(struct sieve_line *lines, size_t count)
{
	for (size_t i = 0, end; i < count; i = end + 1) {
		bool secret = false;

		for (end = i; end < count && !(lines[end].len == 3 && memcmp(lines[end].text, "---", 3) == 0); end++)
			secret = secret || sieve_says_secret(lines[end].text, lines[end].len);
		for (size_t k = i; secret && k < end; k++)
			if (opens(&lines[k], "data") || opens(&lines[k], "stringData"))
				k = mark_below(lines, end, k, true, false);
	}
}

/* "password: |", "token:" and then a list: the value stands below. */
static void mark_values(struct sieve_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sieve_line *l = &lines[i];
		size_t at = sieve_begin(l->text, l->len), n = 0, rest;

		while (at + n < l->len && !strchr(":\"' ", l->text[at + n]))
			n++;
		rest = at + n;
		while (rest < l->len && strchr("\"' :", l->text[rest]))
			rest++;
		if (!n || l->mark != SIEVE_PLAIN || !memchr(l->text + at, ':', rest - at) ||
			!sieve_is_key(l->text + at, n))
			continue;
		if (rest == l->len || l->text[rest] == '|' || l->text[rest] == '>' ||
			(l->text[rest] == '[' && rest + 1 == l->len))
			i = mark_below(lines, count, i, false, rest < l->len && l->text[rest] != '[');
	}
}

void sieve_mark(struct sieve_line *lines, size_t count)
{
	mark_keys(lines, count);
	mark_secrets(lines, count);
	mark_values(lines, count);
}
