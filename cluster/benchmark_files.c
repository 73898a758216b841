/* Modes and owners of files, beside what the benchmark wants of them. */
#include "cluster/benchmark_private.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As steps/host/benchmark.sh sends them: one more says that there are more. */
#define LINES_MAX 200
/* Files that are named one by one. */
#define NAMED 2

struct line {
	unsigned mode;
	char owner[80];
	const char *path; /* up to the end of the line */
	int path_len;
};

/* "MODE OWNER:GROUP PATH" */
static bool read_line(const char *text, struct line *out)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);
	size_t n;

	if (end == text || *end != ' ' || mode > 07777)
		return false;
	n = strcspn(++end, " \n");
	if (n == 0 || n >= sizeof(out->owner) || end[n] != ' ')
		return false;
	out->mode = (unsigned)mode;
	snprintf(out->owner, sizeof(out->owner), "%.*s", (int)n, end);
	out->path = end + n + 1;
	out->path_len = (int)strcspn(out->path, "\n");
	return out->path_len > 0;
}

typedef bool fits_fn(const struct line *l, const char *value, struct str *how);

static bool mode_fits(const struct line *l, const char *value, struct str *how)
{
	str_addf(how, "%03o", l->mode);
	return (l->mode & ~(unsigned)strtoul(value, NULL, 8)) == 0;
}

static bool owner_fits(const struct line *l, const char *value, struct str *how)
{
	str_add(how, l->owner);
	return strcmp(l->owner, value) == 0;
}

struct counts {
	size_t lines, bad, unread;
};

static void look_at_line(
	const char *text, fits_fn *fits, const struct benchmark_rule *rule, struct counts *c, struct str *seen)
{
	struct str how = STR_INIT;
	struct line l;

	c->lines++;
	if (!read_line(text, &l))
		c->unread++;
	else if (!fits(&l, rule->value, &how) && c->bad++ < NAMED)
		str_addf(seen, "%s%.*s is %s", c->bad > 1 ? ", " : "", l.path_len > 100 ? 100 : l.path_len, l.path,
			how.buf);
	str_release(&how);
}

static enum benchmark_answer look(
	const struct benchmark_rule *rule, const struct benchmark_host *h, fits_fn *fits, struct str *seen)
{
	struct counts c = { 0 };
	char word[64];
	const char *text;

	snprintf(word, sizeof(word), "files.%s", rule->where);
	text = remote_answer_get(&h->said.said, word);
	for (const char *p = text ? text : ""; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (*p != '\n')
			look_at_line(p, fits, rule, &c, seen);
	if (c.bad > NAMED)
		str_addf(seen, " and %zu more", c.bad - NAMED);
	if (c.bad)
		return BENCHMARK_NO;
	if (c.unread || c.lines > LINES_MAX) {
		str_add(seen, c.unread ? "what the host says of its files cannot be read"
				       : "there are more files than are looked at");
		return BENCHMARK_UNSEEN;
	}
	if (c.lines) {
		str_addf(seen, "%zu file%s or folder%s", c.lines, c.lines == 1 ? "" : "s", c.lines == 1 ? "" : "s");
		return BENCHMARK_YES;
	}
	str_add(seen, text && rule->name ? rule->name : "there is no such file, or it could not be looked at");
	return text && rule->name ? BENCHMARK_NONE : BENCHMARK_UNSEEN;
}

enum benchmark_answer benchmark_mode(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen)
{
	return look(rule, h, mode_fits, seen);
}

enum benchmark_answer benchmark_owner(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen)
{
	return look(rule, h, owner_fits, seen);
}
