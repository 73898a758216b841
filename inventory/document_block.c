/* Lines that come to and go from blocks: keys of a map, members of a list. */
#include "inventory/document_private.h"

#include "base/error.h"

#include <string.h>

/* Behind a block's last line and the comments below that are deeper than column: they belong to it. */
static size_t behind(const struct draft *d, size_t end, size_t column)
{
	const char *t = d->text.buf;
	size_t at = line_next(t, d->text.len, end);

	for (size_t next = at; next < d->text.len;) {
		if (line_comment(t, d->text.len, next) && line_indent(t, d->text.len, next) > column)
			at = line_next(t, d->text.len, next);
		else if (!line_blank(t, d->text.len, next))
			break;
		next = line_next(t, d->text.len, next);
	}
	return at;
}

/* lines end with a break each; a file without one at its end keeps to that. */
static void insert_lines(struct draft *d, size_t at, struct str *lines)
{
	struct str s = STR_INIT;

	if (at == d->text.len && at > 0 && line_start(d->text.buf, at) != at) {
		str_add(&s, d->eol);
		str_truncate(lines, lines->len - strlen(d->eol));
	}
	str_addn(&s, lines->buf, lines->len);
	draft_splice(d, at, at, s.buf, s.len);
	str_release(&s);
}

/* "repository:\n  url: x\n" for the steps from depth on. */
static void write_keys(struct draft *d, const struct place *p, size_t depth, size_t indent,
	const struct inventory_node *want, struct str *out)
{
	struct str head = STR_INIT, body = STR_INIT;

	for (; depth < p->depth; depth++, indent += d->step) {
		str_addf(out, "%*s", (int)indent, "");
		quote_key(out, p->step[depth].key, false);
		str_add(out, depth + 1 < p->depth ? ":" : ": ");
		if (depth + 1 < p->depth)
			str_add(out, d->eol);
	}
	if (want->kind == INVENTORY_KIND_SCALAR && strchr(want->text, '\n') && !d->careful && !want->plain)
		quote_literal(&head, &body, want->text, indent, d->eol);
	else
		quote_flow(&head, want, false, d);
	str_addf(out, "%s%s%s", head.buf, d->eol, body.buf);
	str_release(&head);
	str_release(&body);
}

static void write_flow(
	struct draft *d, const struct place *p, size_t depth, const struct inventory_node *want, struct str *out)
{
	size_t braces = p->depth - depth - 1;

	for (; depth < p->depth; depth++) {
		quote_key(out, p->step[depth].key, true);
		str_add(out, depth + 1 < p->depth ? ": {" : ": ");
	}
	quote_flow(out, want, true, d);
	while (braces--)
		str_addc(out, '}');
}

/* Where word stands among the sections of the table. */
static size_t rank(const char *word)
{
	for (size_t i = 0; i < inventory_field_count; i++)
		if (str_starts(inventory_fields[i].path, word) && strchr(".[", inventory_fields[i].path[strlen(word)]))
			return i;
	return inventory_field_count;
}

/* The member that a new one goes below: in the root the one before it in the table's order, elsewhere the last. */
static const struct inventory_node *neighbour(const struct inventory_node *map, const char *word, bool root)
{
	const struct inventory_node *best = NULL;

	for (const struct inventory_node *n = map->first; root && n; n = n->next)
		if (rank(n->key->text) < rank(word) && (!best || rank(n->key->text) >= rank(best->key->text)))
			best = n;
	return best ? best : map->last;
}

/* Sections that are parted by blank lines stay so. */
static bool parted(const struct draft *d, const struct inventory_node *map, size_t at)
{
	const char *t = d->text.buf;

	if (at < d->text.len)
		return line_blank(t, d->text.len, at);
	for (size_t start = line_start(t, map->last->key->start); start > 0;) {
		start = line_start(t, line_start(t, start - 1));
		if (start && t[start - 1] == '\n' && !line_comment(t, d->text.len, start))
			return line_blank(t, d->text.len, start);
		if (!line_comment(t, d->text.len, start))
			break;
	}
	return false;
}

static void add_to_map(struct draft *d, const struct place *p, size_t depth, const struct inventory_node *map,
	size_t column, const struct inventory_node *want)
{
	const struct inventory_node *above = neighbour(map, p->step[depth].key, depth == 0);
	size_t at = behind(d, node_end(d->text.buf, above), column);
	struct str lines = STR_INIT;

	if (depth == 0 && p->depth > 1 && parted(d, map, at))
		str_add(&lines, d->eol);
	write_keys(d, p, depth, column, want, &lines);
	insert_lines(d, at, &lines);
	str_release(&lines);
}

int draft_add(
	struct draft *d, const struct place *p, size_t depth, const struct inventory_node *want, struct error *err)
{
	bool flow;
	const struct inventory_node *map = place_find(d->r, p, depth, &flow);
	const char *t = d->text.buf;
	struct str s = STR_INIT;
	size_t dash, at = d->text.len;
	int column = 0;

	if (map && map->style == '{') {
		write_flow(d, p, depth, want, &s);
		flow_insert(d, map, s.buf);
	} else if (map && map->kind == INVENTORY_KIND_MAP) {
		column = node_column(t, map->first, &dash);
		if (column < 0)
			return draft_refuse(err, map);
		add_to_map(d, p, depth, map, (size_t)column, want);
	} else if (map && flow) {
		return draft_refuse(err, map);
	} else {
		/* a key without a value, or a file without keys */
		if (map && map->key) {
			column = node_column(t, map, &dash);
			at = node_colon(t, map);
			if (column < 0 || !at || map->start != map->end)
				return draft_refuse(err, map);
			at = line_next(t, d->text.len, at);
		}
		write_keys(d, p, depth, map && map->key ? (size_t)column + d->step : 0, want, &s);
		insert_lines(d, at, &s);
	}
	str_release(&s);
	return draft_read(d, err);
}

/* "- name: x\n  address: y\n" */
static void write_item(
	struct draft *d, size_t indent, size_t gap, bool block, const struct inventory_node *want, struct str *out)
{
	str_addf(out, "%*s-%*s", (int)indent, "", (int)gap, "");
	if (!block || want->kind != INVENTORY_KIND_MAP) {
		quote_flow(out, want, false, d);
		str_add(out, d->eol);
		return;
	}
	for (const struct inventory_node *m = want->first; m; m = m->next) {
		if (m != want->first)
			str_addf(out, "%*s", (int)(indent + 1 + gap), "");
		quote_key(out, m->key->text, false);
		str_add(out, ": ");
		quote_flow(out, m, false, d);
		str_add(out, d->eol);
	}
}

static int append_below(struct draft *d, const struct inventory_node *list, const struct inventory_node *want)
{
	const char *t = d->text.buf;
	const struct inventory_node *last = list->last;
	bool block = last && last->kind == INVENTORY_KIND_MAP && !last->style;
	const struct inventory_node *in = block ? last->first : last;
	struct str s = STR_INIT;
	size_t dash, at, column;

	if (in) {
		if (node_column(t, in, &dash) < 0 || t[dash] != '-' ||
			strspn(t + line_start(t, dash), " ") != dash - line_start(t, dash))
			return -1;
		column = dash - line_start(t, dash);
		at = in->key ? in->key->start : in->start;
		write_item(d, column, at > dash + 1 ? at - dash - 1 : 1, block, want, &s);
		insert_lines(d, behind(d, node_end(t, last), column), &s);
	} else {
		/* "hosts:" or "hosts: []" */
		int key = node_column(t, list, &dash);
		size_t colon = node_colon(t, list);

		if (key < 0 || !colon)
			return -1;
		write_item(d, (size_t)key + d->step, 1, false, want, &s);
		insert_lines(d, line_next(t, d->text.len, list->end > colon ? list->end : colon), &s);
		if (list->style)
			draft_splice(d, colon, list->end, "", 0);
	}
	str_release(&s);
	return 0;
}

int draft_append(struct draft *d, const struct place *p, const struct inventory_node *want, struct error *err)
{
	bool flow;
	const struct inventory_node *list = place_find(d->r, p, p->depth, &flow);
	struct str s = STR_INIT;

	if (list->style && (list->first || flow)) {
		quote_flow(&s, want, true, d);
		flow_insert(d, list, s.buf);
		str_release(&s);
	} else if (append_below(d, list, want)) {
		return draft_refuse(err, list);
	}
	return draft_read(d, err);
}

/* Takes lines out, and one of two blank lines that come together. */
static void remove_lines(struct draft *d, size_t from, size_t to, bool section, const struct str *kept)
{
	const char *t = d->text.buf;
	size_t above = from ? line_start(t, line_start(t, from - 1)) : 0;

	/* the break before the last line of a file that ends without one */
	if (to == d->text.len && to && line_start(t, to) != to && from && !kept->len)
		from -= from > 1 && t[from - 1] == '\n' && t[from - 2] == '\r' ? 2 : 1;
	else if (section && from && !kept->len && line_blank(t, d->text.len, to)) {
		if (from >= 2 && t[from - 1] == '\n' && t[from - 2] == '\r')
			above = line_start(t, from - 2);
		else
			above = line_start(t, from - 1);
		if (line_blank(t, d->text.len, above))
			from = above;
	}
	draft_splice(d, from, to, kept->buf, kept->len);
}

/* The first key of "- name: x": the next one moves up behind the dash. */
static int remove_first(struct draft *d, const struct inventory_node *map, const struct inventory_node *n)
{
	const char *t = d->text.buf;
	size_t from = n->key->start;

	if (!n->next) {
		draft_splice(d, from, node_end(t, n), "{}", 2);
		return 0;
	}
	if (map->first != n)
		return -1;
	for (size_t at = line_next(t, d->text.len, node_end(t, n)); at < n->next->key->start;
		at = line_next(t, d->text.len, at))
		if (line_comment(t, d->text.len, at))
			return -1;
	draft_splice(d, from, n->next->key->start, "", 0);
	return 0;
}

static int remove_block(struct draft *d, const struct inventory_node *in, const struct inventory_node *n, bool keep)
{
	const char *t = d->text.buf;
	struct str kept = STR_INIT;
	size_t dash, from, to = line_next(t, d->text.len, node_end(t, n));
	bool item = in->kind == INVENTORY_KIND_LIST;
	const struct inventory_node *first =
		item && n->kind == INVENTORY_KIND_MAP && !n->style && n->first ? n->first : n;

	if (node_column(t, first, &dash) < 0)
		return -1;
	from = line_start(t, dash);
	if (strspn(t + from, " ") != dash - from)
		return -1;
	if (!item && t[dash] == '-' && dash != n->key->start)
		return remove_first(d, in, n);
	if (!n->key && n->start == n->end)
		to = line_next(t, d->text.len, dash);
	if (keep)
		node_comments(t, d->text.len, n, from, to, &kept);
	/* a list that has lost all */
	if (item && in->count == 1) {
		size_t colon = node_colon(t, in);

		if (!colon || line_end(t, d->text.len, colon) >= from) {
			str_release(&kept);
			return -1;
		}
		remove_lines(d, from, to, false, &kept);
		draft_splice(d, colon, colon, " []", 3);
	} else {
		remove_lines(d, from, to, !item && in == d->r->load.root, &kept);
	}
	str_release(&kept);
	return 0;
}

int draft_remove(struct draft *d, const struct place *p, bool keep, struct error *err)
{
	const struct inventory_node *in = place_find(d->r, p, p->depth - 1, NULL),
				    *n = place_find(d->r, p, p->depth, NULL);

	if (in->style)
		flow_remove(d, in, n);
	else if (remove_block(d, in, n, keep))
		return draft_refuse(err, n);
	return draft_read(d, err);
}
