/* What changes between two texts: the longest common subsequence of their lines. Plain and quadratic; the files are small. */
#include "base/diff.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 2000, CONTEXT = 3 };

struct line {
	const char *text;
	size_t len;
};
struct side {
	struct line *lines;
	size_t count;
};
/* One line of the result: of both sides, or of one. */
struct edit {
	char sign; /* ' ', '-', '+' */
	const struct line *line;
};

static struct side split(const char *text)
{
	struct side s = { NULL, 0 };

	while (text && *text && s.count <= LINES_MAX) {
		size_t n = strcspn(text, "\n");

		s.lines = xrealloc(s.lines, s.count + 1, sizeof(*s.lines));
		s.lines[s.count++] = (struct line){ text, n };
		text += n + (text[n] == '\n');
	}
	return s;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* table[i * (b.count + 1) + j]: how many lines the ends from i and j on have in common. */
static unsigned short *common(const struct side *a, const struct side *b)
{
	size_t w = b->count + 1;
	unsigned short *t = xcalloc((a->count + 1) * w, sizeof(*t));

	for (size_t i = a->count; i-- > 0;)
		for (size_t j = b->count; j-- > 0;) {
			unsigned short down = t[(i + 1) * w + j], right = t[i * w + j + 1];

			if (same(&a->lines[i], &b->lines[j]))
				t[i * w + j] = (unsigned short)(t[(i + 1) * w + j + 1] + 1);
			else
				t[i * w + j] = down > right ? down : right;
		}
	return t;
}

static struct edit *edits(const struct side *a, const struct side *b, size_t *count)
{
	struct edit *list = xcalloc(a->count + b->count + 1, sizeof(*list));
	unsigned short *t = common(a, b);
	size_t w = b->count + 1, i = 0, j = 0, n = 0;

	while (i < a->count || j < b->count) {
		if (i < a->count && j < b->count && same(&a->lines[i], &b->lines[j])) {
			list[n++] = (struct edit){ ' ', &a->lines[i] };
			i++, j++;
		} else if (i < a->count && (j == b->count || t[(i + 1) * w + j] >= t[i * w + j + 1])) {
			list[n++] = (struct edit){ '-', &a->lines[i++] };
		} else {
			list[n++] = (struct edit){ '+', &b->lines[j++] };
		}
	}
	free(t);
	*count = n;
	return list;
}

/* From edit `from` on: where the hunk ends, which is after CONTEXT equal lines that no change follows soon. */
static size_t hunk_end(const struct edit *list, size_t count, size_t from)
{
	size_t end = from, equal = 0;

	for (size_t i = from; i < count && equal <= 2 * CONTEXT; i++) {
		equal = list[i].sign == ' ' ? equal + 1 : 0;
		if (!equal)
			end = i + 1;
	}
	return end + CONTEXT < count ? end + CONTEXT : count;
}

static void add_hunk(struct str *out, const struct edit *list, size_t from, size_t to, size_t a, size_t b)
{
	size_t olds = 0, news = 0;

	for (size_t i = from; i < to; i++) {
		olds += list[i].sign != '+';
		news += list[i].sign != '-';
	}
	str_addf(out, "@@ -%zu,%zu +%zu,%zu @@\n", olds ? a + 1 : a, olds, news ? b + 1 : b, news);
	for (size_t i = from; i < to; i++) {
		str_addc(out, list[i].sign);
		str_addn(out, list[i].line->text, list[i].line->len);
		str_addc(out, '\n');
	}
}

static void add_hunks(struct str *out, const struct edit *list, size_t count)
{
	size_t done = 0, a = 0, b = 0;

	for (size_t i = 0; i < count; i++) {
		if (list[i].sign == ' ')
			continue;
		size_t from = i - done > CONTEXT ? i - CONTEXT : done, to = hunk_end(list, count, i);

		/* what stands between the hunks is equal on both sides */
		a += from - done;
		b += from - done;
		add_hunk(out, list, from, to, a, b);
		for (size_t k = from; k < to; k++) {
			a += list[k].sign != '+';
			b += list[k].sign != '-';
		}
		done = to;
		i = to - 1;
	}
}

void diff_add(struct str *out, const char *path, const char *before, const char *after)
{
	struct side a = split(before), b = split(after);
	size_t count = 0;
	struct edit *list = NULL;

	if (a.count > LINES_MAX || b.count > LINES_MAX) {
		if (strcmp(before ? before : "", after) != 0)
			str_addf(out, "%s differs\n", path);
	} else {
		bool differ = false;

		list = edits(&a, &b, &count);
		for (size_t i = 0; i < count; i++)
			differ = differ || list[i].sign != ' ';
		if (differ) {
			str_addf(out, "--- %s\n+++ %s\n", before ? path : "/dev/null", path);
			add_hunks(out, list, count);
		}
	}
	free(list);
	free(a.lines);
	free(b.lines);
}
