/* The search for known failures. Patterns are matched by hand: no input makes that slow, and they read like the lines they mean. */
#include "cluster/signatures_private.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 64 /* bytes of a capture */
#define ATTEMPTS 8  /* places of a line that a pattern is tried at */

const struct signature_table *const signature_tables[] = { &signatures_host, &signatures_runtime, &signatures_etcd,
	&signatures_cluster };
const size_t signature_table_count = sizeof(signature_tables) / sizeof(signature_tables[0]);

struct word {
	const char *at;
	size_t len;
};

/* ---- one pattern in one line --------------------------------------------------------------------------------------- */

/* Length of the literal at p: up to the next "*" or "{}". */
static size_t literal(const char *p)
{
	size_t n = 0;

	while (p[n] && p[n] != '*' && !(p[n] == '{' && p[n + 1] == '}'))
		n++;
	return n;
}

/* The last word of a pattern ends where words do. */
static size_t word_end(const char *s)
{
	size_t n = strcspn(s, " \t\"'`,;()[]");

	while (n > 0 && (s[n - 1] == ':' || s[n - 1] == '.'))
		n--;
	return n < WORD_MAX ? n : WORD_MAX;
}

/* What is between s and the literal that follows it, if it is one word. */
static const char *up_to(const char *s, const char *lit, size_t n)
{
	size_t window = strcspn(s, " \t");
	size_t all = strnlen(s, window + n);

	/* the literal may begin with the blank that ends the word */
	const char *at = memmem(s, all, lit, n);
	return at && at > s && (size_t)(at - s) <= window && at - s <= WORD_MAX ? at : NULL;
}

/* The pattern behind its first literal. */
static bool rest_matches(const char *p, const char *s, struct word words[2])
{
	size_t captured = 0;

	while (*p) {
		bool word = *p == '{';
		const char *at;
		size_t n;

		p += word ? 2 : 1;
		n = literal(p);
		if (word && n == 0)
			at = s + word_end(s);
		else
			at = word ? up_to(s, p, n) : memmem(s, strlen(s), p, n);
		if (!at || (word && at == s))
			return false;
		if (word && captured < 2)
			words[captured++] = (struct word){ s, (size_t)(at - s) };
		s = at + n;
		p += n;
	}
	return true;
}

/* Where the pattern begins in the line, or NULL. Every pattern begins with a literal. */
static const char *find(const char *pattern, const char *line, struct word words[2])
{
	size_t n = literal(pattern), left = strlen(line);
	const char *at = line;

	for (int i = 0; i < ATTEMPTS; i++) {
		const char *hit = memmem(at, left, pattern, n);

		if (!hit)
			return NULL;
		words[0] = words[1] = (struct word){ "", 0 };
		if (rest_matches(pattern + n, hit + n, words))
			return hit;
		left -= (size_t)(hit + 1 - at);
		at = hit + 1;
	}
	return NULL;
}

static const char *find_any(const struct signature *s, const char *line, struct word words[2])
{
	const char *at = NULL;

	for (size_t i = 0; i < sizeof(s->patterns) / sizeof(s->patterns[0]) && s->patterns[i] && !at; i++)
		at = find(s->patterns[i], line, words);
	for (size_t i = 0; i < sizeof(s->unless) / sizeof(s->unless[0]) && s->unless[i] && at; i++)
		if (strstr(line, s->unless[i]))
			at = NULL;
	return at;
}

/* ---- a source's lines ---------------------------------------------------------------------------------------------- */

struct lines {
	char *text;                        /* the lines, each NUL-terminated */
	const char *list[SIGNATURE_LINES]; /* newest first */
	size_t count;
};

/* Printable and without the backslashes that a log puts before quotes of quotes. */
static char *clean_line(const char *p, size_t n, char *out)
{
	struct str clean = STR_INIT;
	size_t len = 0;

	str_add_printable(&clean, p, n < SIGNATURE_LINE ? n : SIGNATURE_LINE);
	for (const char *c = clean.buf; *c && len < SIGNATURE_LINE; c++)
		if (*c != '\\')
			out[len++] = *c == '\t' || *c == '\n' ? ' ' : *c;
	out[len++] = '\0';
	str_release(&clean);
	return out + len;
}

static void lines_take(struct lines *l, const char *text, size_t len)
{
	const char *end, *start;
	size_t used = 0;
	char *out;

	if (len > SIGNATURE_TEXT) {
		text += len - SIGNATURE_TEXT;
		len = SIGNATURE_TEXT;
	}
	/* a byte that is not UTF-8 does not grow, and each line has its NUL */
	out = l->text = xcalloc(2 * len + 2, 1);
	for (end = text + len; l->count < SIGNATURE_LINES && end > text; end = start > text ? start - 1 : text) {
		const char *newline = memrchr(text, '\n', (size_t)(end - text));

		start = newline ? newline + 1 : text;
		used = (size_t)(end - start);
		if (!used)
			continue;
		l->list[l->count++] = out;
		out = clean_line(start, used, out);
	}
}

/* ---- hits ---------------------------------------------------------------------------------------------------------- */

static void fill_in(char *out, size_t size, const char *text, const struct word words[2])
{
	struct str s = STR_INIT;

	for (; *text; text++)
		if (*text == '$' && (text[1] == '1' || text[1] == '2')) {
			const struct word *w = &words[*++text - '1'];

			str_addn(&s, w->at, w->len);
		} else {
			str_addc(&s, *text);
		}
	snprintf(out, size, "%s", s.buf);
	str_release(&s);
}

/* The part of the line that says most: where the match begins, and a little of what is before it. */
static void cut_line(char *out, size_t size, const char *line, const char *at)
{
	const char *start = line + strspn(line, " ");

	if (strlen(line) >= size && at - line > 60) {
		start = at - 40;
		while (((unsigned char)*start & 0xc0) == 0x80)
			start++;
	}
	size_t n = strlen(start);
	if (n >= size) {
		n = size - 1;
		while (n > 0 && ((unsigned char)start[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, start, n);
	out[n] = '\0';
}

static bool before(const struct signature_hit *a, const struct signature_hit *b)
{
	return a->signature->rank != b->signature->rank ? a->signature->rank > b->signature->rank : a->age < b->age;
}

/* Keeps the list in order; a signature that is there already stays with its newest line. */
static size_t keep(struct signature_hit *hits, size_t count, size_t max, const struct signature_hit *hit)
{
	size_t i = 0;

	while (i < count && hits[i].signature != hit->signature)
		i++;
	if (i < count) {
		if (hits[i].age <= hit->age)
			return count;
		memmove(&hits[i], &hits[i + 1], (--count - i) * sizeof(*hits));
	}
	for (i = 0; i < count && !before(hit, &hits[i]); i++)
		continue;
	if (i >= max)
		return count;
	if (count == max)
		count--;
	memmove(&hits[i + 1], &hits[i], (count - i) * sizeof(*hits));
	hits[i] = *hit;
	return count + 1;
}

static size_t look(const struct signature *s, const struct lines *l, const char *source, struct signature_hit *hits,
	size_t count, size_t max)
{
	struct signature_hit hit = { .signature = s, .source = source };
	struct word words[2];

	for (size_t i = 0; i < l->count; i++) {
		const char *at = find_any(s, l->list[i], words);

		if (!at)
			continue;
		hit.age = i;
		cut_line(hit.line, sizeof(hit.line), l->list[i], at);
		fill_in(hit.cause, sizeof(hit.cause), s->cause, words);
		fill_in(hit.remedy, sizeof(hit.remedy), s->remedy, words);
		return keep(hits, count, max, &hit);
	}
	return count;
}

static const char *const names[] = { "job", "kubelet", "containerd", "keepalived", "pods", "system" };

const char *signature_where_name(enum signature_where where)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (where == 1u << i)
			return names[i];
	return "";
}

static unsigned where_of(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return 1u << i;
	return 0;
}

size_t signatures_match(const struct signature_source *sources, size_t count, struct signature_hit *hits, size_t max)
{
	struct lines *l = xcalloc(1, sizeof(*l));
	size_t found = 0;

	for (size_t i = 0; i < count && max > 0; i++) {
		unsigned where = where_of(sources[i].name);

		if (!where || !sources[i].text || !sources[i].len)
			continue;
		l->count = 0;
		lines_take(l, sources[i].text, sources[i].len);
		for (size_t t = 0; t < signature_table_count; t++)
			for (size_t k = 0; k < signature_tables[t]->count; k++)
				if (signature_tables[t]->list[k].where & where)
					found = look(
						&signature_tables[t]->list[k], l, sources[i].name, hits, found, max);
		free(l->text);
	}
	free(l);
	return found;
}

bool signatures_first_error(const char *text, size_t len, char line[256])
{
	static const char *const marks[] = { "[ERROR ", "error", "To see the stack trace" };
	struct lines *l = xcalloc(1, sizeof(*l));
	bool found = false;

	lines_take(l, text, len);
	for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]) && !found; m++)
		for (size_t i = l->count; i-- > 0 && !found;) {
			const char *start = l->list[i] + strspn(l->list[i], " ");

			if (strncasecmp(start, marks[m], strlen(marks[m])) != 0)
				continue;
			/* the trace is offered behind the error; other errors begin their line */
			if (m == 2 && i + 1 == l->count)
				continue;
			start = m == 2 ? l->list[i + 1] : start;
			cut_line(line, 256, start, start);
			found = true;
		}
	free(l->text);
	free(l);
	return found;
}
