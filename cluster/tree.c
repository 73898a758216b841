/* Files of a host by their paths: tree.h. */
#include "cluster/tree.h"

#include "base/alloc.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines of one host. */
#define LINES_MAX 200000
#define PATH_MAX_BYTES 256

static int compare(const void *a, const void *b)
{
	const struct tree_line *x = a, *y = b;
	int by_path = strcmp(x->path, y->path);

	/* all are of one text: who is behind comes later */
	return by_path ? by_path : (x->path > y->path) - (x->path < y->path);
}

static void add(struct tree *t, size_t *size, const char *path, char *value)
{
	if (t->count == *size) {
		*size = *size ? 2 * *size : 256;
		t->lines = xrealloc(t->lines, *size, sizeof(*t->lines));
	}
	t->lines[t->count++] = (struct tree_line){ path, value };
}

void tree_read(struct tree *t, const char *answer, size_t len)
{
	size_t size = 0;
	char *end;

	*t = (struct tree){ 0 };
	if (!answer)
		return;
	t->text = xcalloc(len + 1, 1);
	memcpy(t->text, answer, len);
	end = t->text + len;
	for (char *p = t->text; p < end && t->count < LINES_MAX;) {
		char *nul = memchr(p, '\0', (size_t)(end - p)), *stop;

		if (!nul)
			break;
		stop = memchr(nul + 1, '\n', (size_t)(end - nul - 1));
		/* one that was cut off is none */
		if (!stop)
			break;
		*stop = '\0';
		if (nul - p < PATH_MAX_BYTES)
			add(t, &size, p, nul + 1);
		p = stop + 1;
	}
	if (t->count)
		qsort(t->lines, t->count, sizeof(*t->lines), compare);
}

void tree_release(struct tree *t)
{
	free(t->text);
	free(t->lines);
	*t = (struct tree){ 0 };
}

/* The first line whose path is not before this one. */
static size_t lower(const struct tree *t, const char *path)
{
	size_t from = 0, to = t->count;

	while (from < to) {
		size_t at = from + (to - from) / 2;

		if (strcmp(t->lines[at].path, path) < 0)
			from = at + 1;
		else
			to = at;
	}
	return from;
}

static const char *first(const struct tree *t, const char *path)
{
	size_t at = lower(t, path);
	char *value, *end;

	if (at == t->count || strcmp(t->lines[at].path, path) != 0)
		return NULL;
	value = t->lines[at].value;
	while (isspace((unsigned char)*value))
		value++;
	for (end = value + strlen(value); end > value && isspace((unsigned char)end[-1]); end--)
		end[-1] = '\0';
	return *value ? value : NULL;
}

const char *tree_get(const struct tree *t, const char *fmt, ...)
{
	char path[PATH_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return first(t, path);
}

bool tree_number(const struct tree *t, int64_t *out, const char *fmt, ...)
{
	char path[PATH_MAX_BYTES], *end;
	const char *text;
	va_list ap;
	long long n;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	text = first(t, path);
	if (!text || !isdigit((unsigned char)*text))
		return false;
	errno = 0;
	n = strtoll(text, &end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
	if (errno || (*end && !isspace((unsigned char)*end)))
		return false;
	*out = n;
	return true;
}

void tree_lines(const struct tree *t, const char *path, void (*fn)(const char *line, void *ctx), void *ctx)
{
	for (size_t at = lower(t, path); at < t->count && strcmp(t->lines[at].path, path) == 0; at++)
		fn(t->lines[at].value, ctx);
}

static int as_people_count(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

void tree_names(const struct tree *t, const char *folder, struct tree_names *out)
{
	size_t len = strlen(folder), size = 0;

	*out = (struct tree_names){ 0 };
	for (size_t at = lower(t, folder); at < t->count && str_starts(t->lines[at].path, folder); at++) {
		const char *name = t->lines[at].path + len;
		size_t n = *name == '/' ? strcspn(name + 1, "/") : 0;

		if (!n || (out->count && strncmp(out->list[out->count - 1], name + 1, n) == 0 &&
				  !out->list[out->count - 1][n]))
			continue;
		if (out->count == TREE_NAMES)
			break;
		if (out->count == size) {
			size = size ? 2 * size : 16;
			out->list = xrealloc(out->list, size, sizeof(*out->list));
		}
		out->list[out->count++] = xstrndup(name + 1, n);
	}
	if (out->count)
		qsort(out->list, out->count, sizeof(*out->list), as_people_count);
	/* "eth0" and "eth0.5" lie between one another's files */
	for (size_t i = 1, kept = out->count ? 1 : 0, all = out->count; i < all; i++) {
		if (strcmp(out->list[kept - 1], out->list[i]) == 0) {
			free(out->list[i]);
			out->count--;
		} else {
			out->list[kept++] = out->list[i];
		}
	}
}

void tree_names_release(struct tree_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->list[i]);
	free(n->list);
	*n = (struct tree_names){ 0 };
}
