/* Single changes of a draft's lines: values, keys and members of lists. */
#include "inventory/document_private.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

int draft_refuse(struct error *err, const struct inventory_node *at)
{
	if (at && at->line)
		error_set(
			err, ERROR_INVENTORY, "line %d cannot be changed without touching more of the file", at->line);
	else
		error_set(err, ERROR_INVENTORY, "this cannot be changed without touching more of the file");
	return error_hint(err, "make this change with an editor");
}

void draft_splice(struct draft *d, size_t from, size_t to, const char *text, size_t len)
{
	struct str s = STR_INIT;

	str_addn(&s, d->text.buf, from);
	str_addn(&s, text, len);
	str_addn(&s, d->text.buf + to, d->text.len - to);
	str_release(&d->text);
	d->text = s;
}

int draft_read(struct draft *d, struct error *err)
{
	reading_free(d->r);
	d->r = reading_new(d->path, d->text.buf, d->text.len);
	return d->r->load.errors ? draft_refuse(err, NULL) : 0;
}

/* The first section that is indented below another shows by how much. */
static size_t find_step(const struct inventory_node *root)
{
	for (const struct inventory_node *n = root ? root->first : NULL; n; n = n->next)
		if (n->kind == INVENTORY_KIND_MAP && !n->style && n->first && n->first->key->column > n->key->column)
			return (size_t)(n->first->key->column - n->key->column);
	return 2;
}

int draft_begin(struct draft *d, const struct document *from, struct error *err)
{
	const char *newline = strchr(from->text.buf, '\n');

	*d = (struct draft){ .path = from->path, .text = STR_INIT, .eol = "\n" };
	str_addn(&d->text, from->now->load.text, from->now->load.len);
	if (newline && newline > from->text.buf && newline[-1] == '\r')
		d->eol = "\r\n";
	if (draft_read(d, NULL)) {
		document_complaint(d->r, err);
		return error_hint(err, "correct this with an editor first");
	}
	d->step = find_step(d->r->load.root);
	return 0;
}

void draft_release(struct draft *d)
{
	str_release(&d->text);
	reading_free(d->r);
}

struct inventory_node *place_find(const struct reading *r, const struct place *p, size_t depth, bool *flow)
{
	struct inventory_node *n = r->load.root;
	bool in_flow = false;

	for (size_t i = 0; i < depth && n; i++) {
		in_flow = in_flow || n->style == '{' || n->style == '[';
		if (p->step[i].key) {
			n = inventory_node_get(n, p->step[i].key);
			continue;
		}
		if (n->kind != INVENTORY_KIND_LIST)
			return NULL;
		n = n->first;
		for (size_t k = 0; n && k < p->step[i].index; k++)
			n = n->next;
	}
	if (flow)
		*flow = in_flow;
	return n;
}

int place_key(struct place *p, const char *key, struct error *err)
{
	if (p->depth == INVENTORY_MAX_DEPTH)
		return error_set(err, ERROR_INVENTORY, "nested more than %d deep", INVENTORY_MAX_DEPTH);
	p->step[p->depth].key = key;
	p->step[p->depth++].index = 0;
	return 0;
}

static size_t characters(const char *t, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += (t[i] & 0xc0) != 0x80;
	return count;
}

/* Another value on its line: a comment behind it stays in its column when it can. */
static void put_inline(struct draft *d, size_t from, size_t to, const char *text, size_t len)
{
	const char *t = d->text.buf;
	size_t blanks = strspn(t + to, " "), old = characters(t + from, to - from), new = characters(text, len);
	struct str s = STR_INIT;

	str_addn(&s, text, len);
	if (blanks > 1 && t[to + blanks] == '#' && line_end(t, d->text.len, from) >= to) {
		size_t column = old + blanks;

		str_addf(&s, "%*s", column > new + 1 ? (int)(column - new) : 2, "");
		to += blanks;
	}
	draft_splice(d, from, to, s.buf, s.len);
	str_release(&s);
}

/* How deep the lines of a block scalar are, or are to be. */
static size_t literal_indent(const struct draft *d, const struct inventory_node *n)
{
	const char *t = d->text.buf;
	size_t dash;
	int column = node_column(t, n, &dash);

	for (size_t at = line_next(t, d->text.len, n->start); n->style == '|' && at < n->end;
		at = line_next(t, d->text.len, at))
		if (!line_blank(t, d->text.len, at))
			return line_indent(t, d->text.len, at);
	return (size_t)(column < 0 ? 0 : column) + d->step;
}

/* Lines below the value's first one are replaced by body. */
static void put_below(struct draft *d, size_t first, size_t last, const struct str *body)
{
	const char *t = d->text.buf;
	size_t from = line_next(t, d->text.len, first), to = last > from ? line_next(t, d->text.len, last) : from;
	struct str s = STR_INIT;

	if (body->len && from == d->text.len && line_end(t, d->text.len, first) == d->text.len)
		str_add(&s, d->eol);
	str_addn(&s, body->buf, body->len);
	draft_splice(d, from, to, s.buf, s.len);
	str_release(&s);
}

/* Where the value of a key that has none, or one in lines below, goes. */
static int put_behind_colon(struct draft *d, const struct inventory_node *n, struct str *value)
{
	size_t colon = node_colon(d->text.buf, n);
	struct str s = STR_INIT;

	if (!colon)
		return -1;
	str_addf(&s, " %s", value->buf);
	put_inline(d, colon, colon, s.buf, s.len);
	str_release(&s);
	return 0;
}

static int put_value(struct draft *d, const struct inventory_node *n, struct str *value, struct str *body, bool literal)
{
	const char *t = d->text.buf;
	size_t end = node_end(t, n);
	bool block = (n->kind == INVENTORY_KIND_LIST || n->kind == INVENTORY_KIND_MAP) && !n->style;

	if (n->key && block) {
		size_t colon = node_colon(t, n);

		if (!colon || line_end(t, d->text.len, colon) >= n->start)
			return -1;
		node_comments(t, d->text.len, n, line_next(t, d->text.len, colon), end, body);
		put_below(d, colon, end, body);
		return put_behind_colon(d, n, value);
	}
	if (n->style == '|' || n->style == '>') {
		put_below(d, n->start, end, body);
		put_inline(d, n->start, n->start + strcspn(d->text.buf + n->start, " \t\r\n"), value->buf, value->len);
		return 0;
	}
	if (literal)
		put_below(d, end, end, body);
	if (n->key && n->start == n->end)
		return put_behind_colon(d, n, value);
	put_inline(d, n->start, end, value->buf, value->len);
	return 0;
}

int draft_replace(struct draft *d, const struct place *p, const struct inventory_node *want, struct error *err)
{
	bool flow, literal;
	const struct inventory_node *n = place_find(d->r, p, p->depth, &flow);
	struct str value = STR_INIT, body = STR_INIT;
	bool scalar = want->kind == INVENTORY_KIND_SCALAR, had = n->kind == INVENTORY_KIND_SCALAR;
	int rc;

	literal = scalar && !flow && !d->careful && n->key && (strchr(want->text, '\n') || (had && n->style == '|')) &&
		  !want->plain;
	if (literal)
		quote_literal(&value, &body, want->text, literal_indent(d, n), d->eol);
	else if (scalar)
		quote_scalar(&value, want, had ? n->style : 0, flow, d);
	else
		quote_flow(&value, want, flow, d);
	rc = put_value(d, n, &value, &body, literal);
	rc = rc ? draft_refuse(err, n) : draft_read(d, err);
	str_release(&value);
	str_release(&body);
	return rc;
}

/* A '#' between two offsets that begins a comment. */
static bool has_hash(const char *t, const struct inventory_node *n, size_t from, size_t to)
{
	for (; from < to; from++)
		if (t[from] == '#' && !node_covers(n, from))
			return true;
	return false;
}

bool draft_has_comments(const struct draft *d, const struct inventory_node *n)
{
	const char *t = d->text.buf;
	size_t colon = node_colon(t, n), dash, end = n->end > colon ? node_end(t, n) : colon, head;
	int column = node_column(t, n, &dash);
	struct str inside = STR_INIT;
	bool any;

	if (!colon)
		return true;
	/* what is behind the last key goes with that one */
	head = line_end(t, d->text.len, n->style ? end : colon);
	node_comments(t, d->text.len, n, line_next(t, d->text.len, colon), end, &inside);
	any = has_hash(t, n, colon, head) || inside.len;
	str_release(&inside);
	for (size_t at = line_next(t, d->text.len, end); at < d->text.len && !any; at = line_next(t, d->text.len, at))
		if (line_comment(t, d->text.len, at) && (int)line_indent(t, d->text.len, at) > column)
			any = true;
		else if (!line_blank(t, d->text.len, at))
			break;
	return any;
}
