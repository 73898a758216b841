/* Complaints: collected in file order, shown as a compiler does. */
#include "inventory/private.h"

#include "base/error.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* Copies printable text on one line, cut at a character's start. */
static void copy_line(char *out, size_t size, const char *text)
{
	struct str s = STR_INIT;
	size_t n;

	str_add_printable(&s, text, strlen(text));
	for (size_t i = 0; i < s.len; i++)
		if (s.buf[i] == '\n' || s.buf[i] == '\t')
			s.buf[i] = ' ';
	n = s.len < size ? s.len : size - 1;
	while (n < s.len && n > 0 && (s.buf[n] & 0xc0) == 0x80)
		n--;
	memcpy(out, s.buf, n);
	out[n] = '\0';
	str_release(&s);
}

static bool before(const struct inventory_problem *a, const struct inventory_problem *b)
{
	/* what has no place comes last */
	if (!a->line || !b->line)
		return a->line && !b->line;
	return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* Errors push warnings out, earlier ones later ones. */
static void insert(struct inventory_problems *p, const struct inventory_problem *new)
{
	const size_t max = sizeof(p->list) / sizeof(p->list[0]);
	size_t i = p->count;

	while (i > 0 && before(new, &p->list[i - 1]))
		i--;
	if (p->count == max) {
		p->more++;
		if (i == max)
			return;
		p->count--;
	}
	memmove(p->list + i + 1, p->list + i, (p->count - i) * sizeof(p->list[0]));
	p->list[i] = *new;
	p->count++;
}

__attribute__((format(printf, 4, 0))) static void report(
	struct inventory_load *l, bool warning, const struct inventory_node *at, const char *fmt, va_list ap)
{
	struct inventory_problem p = { .warning = warning };
	char text[1024];
	int n = 0;

	if (at && at->origin)
		n = snprintf(text, sizeof(text) / 2, "%s: ", at->origin);
	if (n >= (int)sizeof(text) / 2)
		n = (int)sizeof(text) / 2 - 1;
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	copy_line(p.text, sizeof(p.text), text);
	if (at && !at->origin) {
		p.line = at->line;
		p.column = at->column;
	}
	if (!warning)
		l->errors++;
	insert(l->problems, &p);
}

void inventory_complain(struct inventory_load *l, const struct inventory_node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(l, false, at, fmt, ap);
	va_end(ap);
}

void inventory_warn(struct inventory_load *l, const struct inventory_node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(l, true, at, fmt, ap);
	va_end(ap);
}

const char *inventory_where(struct inventory_load *l, const struct inventory_node *n)
{
	if (n->origin)
		return arena_printf(&l->arena, " (%s)", n->origin);
	return n->line && !l->unseen ? arena_printf(&l->arena, " (line %d)", n->line) : "";
}

const char *inventory_shown(struct inventory_load *l, const char *text)
{
	char out[61];

	copy_line(out, sizeof(out), text);
	return strlen(out) == sizeof(out) - 1 ? arena_printf(&l->arena, "%s...", out) : arena_strdup(&l->arena, out);
}

const char *inventory_nearest(const char *word, const char *const *words, size_t count)
{
	const char *best = NULL;
	int least = 3;

	for (size_t i = 0; i < count; i++) {
		int d = str_distance(word, words[i]);

		/* two edits turn any short word into another */
		if (d < least && d * 2 < (int)strlen(words[i])) {
			least = d;
			best = words[i];
		}
	}
	for (size_t i = 0; i < count && !best; i++)
		if (strlen(word) >= 3 && (str_starts(words[i], word) || str_starts(word, words[i])))
			best = words[i];
	return best;
}

static void format_one(const struct inventory_problem *p, const char *name, struct str *out)
{
	str_add_printable(out, name, strlen(name));
	if (p->line)
		str_addf(out, ":%d:%d", p->line, p->column);
	str_addf(out, ": %s: %s\n%s", p->warning ? "warning" : "error", p->text, p->excerpt);
	if (p->excerpt[0])
		str_addc(out, '\n');
}

static void format_more(size_t more, struct str *out)
{
	if (more)
		str_addf(out, "and %zu more\n", more);
}

void inventory_problems_format(const struct inventory_problems *p, const char *name, struct str *out)
{
	for (size_t i = 0; i < p->count; i++)
		format_one(&p->list[i], name, out);
	format_more(p->more, out);
}

/* error_detail keeps an end; here the first complaints matter most, so only whole ones that fit go in. */
int inventory_problems_error(const struct inventory_problems *p, const char *name, size_t errors, struct error *err)
{
	struct str text = STR_INIT, one = STR_INIT;
	size_t i;

	for (i = 0; i < p->count; i++) {
		str_clear(&one);
		format_one(&p->list[i], name, &one);
		if (err && text.len + one.len + 32 > sizeof(err->detail))
			break;
		str_addn(&text, one.buf, one.len);
	}
	format_more(p->more + p->count - i, &text);
	str_clear(&one);
	str_add_printable(&one, name, strlen(name));
	error_set(err, ERROR_INVENTORY, errors == 1 ? "'%s' has %zu error" : "'%s' has %zu errors", one.buf, errors);
	error_detail(err, text.buf);
	str_release(&text);
	str_release(&one);
	return -1;
}
