/*
 * The answer of a script. Lines are "word=plain text" or "word:base64", between "<nonce> begin" and "<nonce> end". What is outside is
 * noise; what is inside and not understood is an error, never a guess.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "remote/remote.h"

#include <stdlib.h>
#include <string.h>

enum {
	ANSWER_MAX = 4 << 20,
	ANSWER_LINES_MAX = 100000,
	ANSWER_WORD_MAX = 128,
};

static bool is_line(const char *line, size_t len, const char *nonce, const char *what)
{
	size_t n = strlen(nonce), w = strlen(what);

	return len == n + 1 + w && memcmp(line, nonce, n) == 0 && line[n] == ' ' && memcmp(line + n + 1, what, w) == 0;
}

/* What a word's value may hold. */
enum value_kind { VALUE_UNKNOWN, VALUE_LINES, VALUE_LINE, VALUE_BYTES };

/* What becomes an error's text is one line, whatever the script. */
static bool is_failure(const char *word, size_t len)
{
	return (len == 5 && memcmp(word, "error", len) == 0) || (len == 4 && memcmp(word, "hint", len) == 0);
}

static enum value_kind kind_of(const char *const *words, const char *word, size_t len)
{
	for (; words && *words; words++) {
		enum value_kind kind = **words == '=' ? VALUE_BYTES : **words == '-' ? VALUE_LINE : VALUE_LINES;
		const char *known = *words + (kind != VALUE_LINES);
		size_t n = strlen(known);

		if (n > 0 && known[n - 1] == '*' ? len >= n - 1 && memcmp(known, word, n - 1) == 0
						 : len == n && memcmp(known, word, n) == 0)
			return kind == VALUE_LINES && is_failure(word, len) ? VALUE_LINE : kind;
	}
	return words ? VALUE_UNKNOWN : VALUE_LINES;
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_.-@/+", c) != NULL);
}

/* Names a bad line in an error, made safe and short. */
static int bad_line(const char *why, const char *line, size_t len, struct error *err)
{
	struct str text = STR_INIT;

	str_add_printable(&text, line, len > 60 ? 60 : len);
	error_set(err, ERROR_PROTOCOL, "the host's answer has %s: \"%s\"", why, text.buf);
	str_release(&text);
	return -1;
}

/* Cleaned here, at the door: nobody who prints, logs or compares a value need think of what a host may have put into it. */
static int add_value(struct remote_answer_line *out, enum value_kind kind, bool encoded, const char *text, size_t len,
	struct error *err)
{
	struct str value = STR_INIT, clean = STR_INIT;

	if (encoded) {
		if (str_add_unbase64(&value, text, len) != 0) {
			str_release(&value);
			return bad_line("invalid base64", text, len, err);
		}
	} else {
		for (size_t i = 0; i < len; i++)
			if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
				return bad_line("control characters in a value", text, len, err);
		str_addn(&value, text, len);
	}
	if (kind != VALUE_BYTES) {
		(kind == VALUE_LINE ? str_add_line : str_add_printable)(&clean, value.buf, value.len);
		str_wipe(&value);
		value = clean;
	}
	out->len = value.len;
	out->value = str_detach(&value);
	return 0;
}

static int add_line(
	struct remote_answer *a, size_t *cap, const char *line, size_t len, const char *const *words, struct error *err)
{
	struct remote_answer_line l = { 0 };
	enum value_kind kind;
	size_t n = 0;

	while (n < len && word_char(line[n]))
		n++;
	if (n == 0 || n == len || n > ANSWER_WORD_MAX || (line[n] != '=' && line[n] != ':'))
		return bad_line("an invalid line", line, len, err);
	kind = kind_of(words, line, n);
	if (kind == VALUE_UNKNOWN)
		return bad_line("an unexpected word", line, n, err);
	if (a->count == ANSWER_LINES_MAX)
		return error_set(err, ERROR_PROTOCOL, "the host's answer has too many lines");
	if (add_value(&l, kind, line[n] == ':', line + n + 1, len - n - 1, err) != 0)
		return -1;
	l.word = xstrndup(line, n);
	if (a->count == *cap) {
		*cap = *cap ? *cap * 2 : 16;
		a->lines = xrealloc(a->lines, *cap, sizeof(*a->lines));
	}
	a->lines[a->count++] = l;
	return 0;
}

static int parse(struct remote_answer *a, const char *nonce, const char *data, size_t len, const char *const *words,
	struct error *err)
{
	const char *end = data + len;
	bool begun = false;
	size_t cap = 0, total = 0;

	while (data < end) {
		const char *nl = memchr(data, '\n', (size_t)(end - data));
		size_t n = (size_t)((nl ? nl : end) - data);

		if (is_line(data, n, nonce, "begin")) {
			if (begun)
				return error_set(err, ERROR_PROTOCOL, "the host's answer begins twice");
			begun = true;
		} else if (begun && is_line(data, n, nonce, "end")) {
			return 0;
		} else if (begun) {
			if (add_line(a, &cap, data, n, words, err) != 0)
				return -1;
			total += a->lines[a->count - 1].len;
			if (total > ANSWER_MAX)
				return error_set(err, ERROR_PROTOCOL, "the host's answer is larger than %d MiB",
					ANSWER_MAX >> 20);
		}
		data = nl ? nl + 1 : end;
	}
	if (begun)
		return error_set(err, ERROR_PROTOCOL, "the host's answer is cut off after %zu lines", a->count);
	return error_set(err, ERROR_PROTOCOL, "the host gave no answer");
}

/* Equal words in the order in which they came. */
static int by_word(const void *x, const void *y, void *lines)
{
	const struct remote_answer_line *l = lines;
	unsigned a = *(const unsigned *)x, b = *(const unsigned *)y;
	int rc = strcmp(l[a].word, l[b].word);

	return rc ? rc : (a > b) - (a < b);
}

static void index_lines(struct remote_answer *a)
{
	a->order = xrealloc(a->order, a->count + 1, sizeof(*a->order));
	for (size_t i = 0; i < a->count; i++)
		a->order[i] = (unsigned)i;
	qsort_r(a->order, a->count, sizeof(*a->order), by_word, a->lines);
}

int remote_answer_parse(struct remote_answer *a, const char *nonce, const char *data, size_t len,
	const char *const *words, struct error *err)
{
	*a = (struct remote_answer){ 0 };
	if (parse(a, nonce, data, len, words, err) == 0) {
		index_lines(a);
		return 0;
	}
	remote_answer_release(a);
	return error_hint(err, "was the connection cut, or the script killed? run the same command again");
}

void remote_answer_release(struct remote_answer *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free(a->lines[i].word);
		free(a->lines[i].value);
	}
	free(a->lines);
	free(a->order);
	*a = (struct remote_answer){ 0 };
}

/* The first place in order whose word is not before this one. */
static size_t place_of(const struct remote_answer *a, const char *word)
{
	size_t low = 0, high = a->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(a->lines[a->order[mid]].word, word) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct remote_answer_line *remote_answer_find(const struct remote_answer *a, const char *word)
{
	size_t at = place_of(a, word);

	return at < a->count && strcmp(a->lines[a->order[at]].word, word) == 0 ? &a->lines[a->order[at]] : NULL;
}

const char *remote_answer_get(const struct remote_answer *a, const char *word)
{
	const struct remote_answer_line *l = remote_answer_find(a, word);

	return l ? l->value : NULL;
}

void remote_answer_set(struct remote_answer *a, const char *word, const char *value)
{
	size_t at = place_of(a, word), i;

	if (at < a->count && strcmp(a->lines[a->order[at]].word, word) == 0) {
		i = a->order[at];
		free(a->lines[i].value);
	} else {
		i = a->count++;
		a->lines = xrealloc(a->lines, a->count, sizeof(*a->lines));
		a->order = xrealloc(a->order, a->count, sizeof(*a->order));
		memmove(a->order + at + 1, a->order + at, (i - at) * sizeof(*a->order));
		a->order[at] = (unsigned)i;
		a->lines[i].word = xstrdup(word);
	}
	a->lines[i].value = xstrdup(value);
	a->lines[i].len = strlen(value);
}
