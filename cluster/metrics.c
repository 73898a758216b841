/* One metric out of what a component says of itself: strict, as half of a line would be another statement. */
#include "cluster/metrics.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *metric_label(const struct metric *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->labels[i].name, name) == 0)
			return m->labels[i].value;
	return "";
}

struct cursor {
	const char *at, *end;
};

static char peek(const struct cursor *c)
{
	return c->at < c->end ? *c->at : '\0';
}

static bool take(struct cursor *c, char want)
{
	if (peek(c) != want || !want)
		return false;
	c->at++;
	return true;
}

static void blanks(struct cursor *c)
{
	while (peek(c) == ' ' || peek(c) == '\t')
		c->at++;
}

static bool name_char(char ch, bool first)
{
	return ch == '_' || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (!first && ch >= '0' && ch <= '9');
}

static bool label_name(struct cursor *c, char out[METRIC_NAME])
{
	size_t n = 0;

	while (n < METRIC_NAME - 1 && name_char(peek(c), n == 0))
		out[n++] = *c->at++;
	out[n] = '\0';
	return n > 0 && !name_char(peek(c), false);
}

/* Between its quotes. */
static bool label_value(struct cursor *c, char out[METRIC_VALUE])
{
	size_t n = 0;

	if (!take(c, '"'))
		return false;
	for (; c->at < c->end && *c->at != '"'; c->at++) {
		char ch = *c->at;

		if (ch == '\\') {
			if (++c->at == c->end || !strchr("\\\"n", *c->at) || !*c->at)
				return false;
			ch = *c->at == 'n' ? '\n' : *c->at;
		}
		if (!ch || n == METRIC_VALUE - 1)
			return false;
		out[n++] = ch;
	}
	out[n] = '\0';
	return take(c, '"');
}

static bool labels(struct cursor *c, struct metric *m)
{
	if (!take(c, '{'))
		return true;
	for (blanks(c); peek(c) != '}'; blanks(c)) {
		if (m->count == METRIC_LABELS || !label_name(c, m->labels[m->count].name))
			return false;
		blanks(c);
		if (!take(c, '='))
			return false;
		blanks(c);
		if (!label_value(c, m->labels[m->count].value))
			return false;
		m->count++;
		blanks(c);
		if (!take(c, ',') && peek(c) != '}')
			return false;
	}
	return take(c, '}');
}

/* Only what strtod reads whole, in a text of its own: the line has no end of its own. */
static bool number(struct cursor *c, double *out)
{
	char text[64], *end;
	size_t n = 0;

	while (n < sizeof(text) - 1 && peek(c) && peek(c) != ' ' && peek(c) != '\t')
		text[n++] = *c->at++;
	text[n] = '\0';
	*out = strtod(text, &end);
	return n > 0 && !*end && n < sizeof(text) - 1;
}

int metric_line(const char *line, size_t len, const char *name, struct metric *m)
{
	size_t n = strlen(name);
	struct cursor c = { line, line + len };
	double time;

	if (len <= n || memcmp(line, name, n) != 0 || !strchr("{ \t", line[n]) || !line[n])
		return 0;
	m->count = 0;
	m->value = 0;
	c.at += n;
	blanks(&c);
	if (!labels(&c, m))
		return -1;
	blanks(&c);
	if (!number(&c, &m->value))
		return -1;
	blanks(&c);
	if (c.at < c.end && !number(&c, &time))
		return -1;
	return c.at == c.end ? 1 : -1;
}

unsigned metrics_each(
	const char *text, size_t len, const char *name, void (*fn)(const struct metric *m, void *ctx), void *ctx)
{
	const char *end = text + len;
	struct metric m;
	unsigned bad = 0;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);
		int rc = metric_line(text, n, name, &m);

		bad += rc < 0;
		if (rc > 0)
			fn(&m, ctx);
		text += n + (stop != NULL);
	}
	return bad;
}
