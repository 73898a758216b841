/* Members of { } and [ ] in a document's text. */
#include "inventory/document_private.h"

#include <string.h>

static size_t skip_blanks(const char *t, size_t at)
{
	while (t[at] == ' ' || t[at] == '\t')
		at++;
	return at;
}

static size_t begin_of(const struct inventory_node *m)
{
	return m->key ? m->key->start : m->start;
}

/* The member is the first thing on its line. */
static bool begins_line(const char *t, const struct inventory_node *m)
{
	size_t at = begin_of(m);

	return skip_blanks(t, line_start(t, at)) == at;
}

/* Nothing but a comment follows on the line. */
static bool ends_line(const char *t, size_t at)
{
	at = skip_blanks(t, at);
	return !t[at] || strchr("#\r\n", t[at]);
}

/* A member without a value is said to end where the next thing is. */
static size_t end_of(const char *t, const struct inventory_node *m)
{
	size_t colon;

	if (m->end > m->start || !m->key)
		return m->end;
	colon = node_colon(t, m);
	return colon ? colon : m->key->end;
}

void flow_insert(struct draft *d, const struct inventory_node *in, const char *item)
{
	const char *t = d->text.buf;
	const struct inventory_node *last = in->last;
	struct str s = STR_INIT;
	size_t end, comma;
	bool has_comma;

	if (!last) {
		draft_splice(d, in->start + 1, in->start + 1, item, strlen(item));
		return;
	}
	end = end_of(t, last);
	comma = skip_blanks(t, end);
	has_comma = t[comma] == ',';
	if (has_comma)
		comma++;
	else
		comma = end;
	if (begins_line(t, last) && ends_line(t, comma)) {
		size_t start = line_start(t, begin_of(last)), at = line_next(t, d->text.len, comma);

		str_addf(
			&s, "%.*s%s%s%s", (int)(begin_of(last) - start), t + start, item, has_comma ? "," : "", d->eol);
		draft_splice(d, at, at, s.buf, s.len);
		if (!has_comma)
			draft_splice(d, end, end, ",", 1);
	} else {
		str_addf(&s, "%s %s", has_comma ? "" : ",", item);
		draft_splice(d, comma, comma, s.buf, s.len);
	}
	str_release(&s);
}

void flow_remove(struct draft *d, const struct inventory_node *in, const struct inventory_node *member)
{
	const char *t = d->text.buf;
	size_t from = begin_of(member), to = end_of(t, member), comma = skip_blanks(t, to);
	const struct inventory_node *before = in->first;

	while (before != member && before->next != member)
		before = before->next;
	if (t[comma] == ',')
		comma++;
	else
		comma = to;
	if (begins_line(t, member) && ends_line(t, comma)) {
		draft_splice(d, line_start(t, from), line_next(t, d->text.len, comma), "", 0);
		return;
	}
	if (comma > to) {
		/* with its comma, and what is between that and the next */
		to = skip_blanks(t, comma);
		if (!member->next && before == member)
			to = comma;
		draft_splice(d, from, to, "", 0);
		return;
	}
	/* the last: with the comma before it, when that is on its line */
	if (before != member && !memchr(t + end_of(t, before), '\n', from - end_of(t, before)) &&
		!memchr(t + end_of(t, before), '\r', from - end_of(t, before)))
		from = end_of(t, before);
	draft_splice(d, from, to, "", 0);
}
