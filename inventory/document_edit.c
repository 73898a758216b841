/* Changes of a document: single ones after another until the place holds what is wanted, then a look at the whole. */
#include "inventory/document_private.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* A void section says as much as none. */
static bool is_void(const struct inventory_node *n)
{
	return inventory_node_empty(n) ||
	       ((n->kind == INVENTORY_KIND_MAP || n->kind == INVENTORY_KIND_LIST) && !n->first);
}

static bool is_text(const struct inventory_node *n)
{
	return !n->plain || !quote_ambiguous(n->text);
}

/* Equal as values: for all but passthroughs quotes mean nothing. */
static bool same_value(const struct inventory_node *a, const struct inventory_node *b, bool typed)
{
	const struct inventory_node *x = a->first, *y = b->first;

	if (a->kind != b->kind || a->count != b->count || inventory_node_empty(a) != inventory_node_empty(b))
		return false;
	if (a->kind == INVENTORY_KIND_SCALAR && inventory_node_empty(a))
		return true;
	if (a->kind == INVENTORY_KIND_SCALAR)
		return strcmp(a->text, b->text) == 0 && (!typed || is_text(a) == is_text(b));
	for (; x && y; x = x->next, y = y->next) {
		const struct inventory_node *other = y;

		if (x->key && strcmp(x->key->text, y->key->text) != 0)
			other = inventory_node_get(b, x->key->text);
		if (!other || !same_value(x, other, typed))
			return false;
	}
	return true;
}

struct comparison {
	const struct inventory_node *want; /* below it values matter, elsewhere quotes too */
	bool typed;
	size_t len; /* of the old text */
};

/* A block scalar that the file's end cuts off gets its break with the next line. */
static bool same_text(const struct inventory_node *a, const struct inventory_node *b, const struct comparison *c)
{
	size_t n = strlen(a->text);

	if ((a->style == '|' || a->style == '>') && a->end == c->len && strncmp(a->text, b->text, n) == 0)
		return !b->text[n] || strcmp(b->text + n, "\n") == 0;
	return strcmp(a->text, b->text) == 0;
}

static bool same_tree(const struct inventory_node *a, const struct inventory_node *b, const struct comparison *c)
{
	const struct inventory_node *x = a->first, *y = b->first;

	if (a == c->want)
		return same_value(a, b, c->typed);
	if (a->kind != b->kind || a->count != b->count || a->plain != b->plain || !same_text(a, b, c))
		return false;
	for (; x && y; x = x->next, y = y->next) {
		const struct inventory_node *other = y;

		if (x->key && strcmp(x->key->text, y->key->text) != 0)
			other = inventory_node_get(b, x->key->text);
		if (!other || !same_tree(x, other, c))
			return false;
	}
	return true;
}

static void drop(struct inventory_node *in, struct inventory_node *member)
{
	struct inventory_node **p = &in->first, *before = NULL;

	while (*p != member) {
		before = *p;
		p = &before->next;
	}
	*p = member->next;
	if (in->last == member)
		in->last = before;
	in->count--;
}

/* Takes out of the tree what the text was to lose, and the sections on the way that are void. */
static void expect_removed(struct reading *r, const struct place *p, size_t depth)
{
	struct inventory_node *n;

	for (; depth > 0; depth--) {
		n = place_find(r, p, depth, NULL);
		if (n && (depth == p->depth || (is_void(n) && n->key)))
			drop(place_find(r, p, depth - 1, NULL), n);
	}
}

static void expect_put(struct reading *r, const struct place *p, struct inventory_node *want)
{
	struct inventory_load *l = &r->load;

	for (size_t depth = 0; depth <= p->depth; depth++) {
		struct inventory_node *n = place_find(r, p, depth, NULL), *in, *new;
		bool list = depth < p->depth && !p->step[depth].key;

		if (depth < p->depth && n && n->kind == (list ? INVENTORY_KIND_LIST : INVENTORY_KIND_MAP))
			continue;
		new = depth == p->depth ? want
					: inventory_node_new(l, list ? INVENTORY_KIND_LIST : INVENTORY_KIND_MAP, NULL);
		if (!depth) {
			l->root = new;
			continue;
		}
		in = place_find(r, p, depth - 1, NULL);
		if (n)
			drop(in, n);
		if (p->step[depth - 1].key) {
			new->key = inventory_node_new(l, INVENTORY_KIND_SCALAR, NULL);
			new->key->text = p->step[depth - 1].key;
		}
		inventory_node_add(in, new);
	}
}

/* Compares the draft with what the old tree should have become. */
static int verify(const struct document *d, const struct draft *draft, enum change change, const struct place *p,
	const struct inventory_node *want, bool typed, struct error *err)
{
	struct reading *old = reading_new(d->path, d->now->load.text, d->now->load.len);
	struct reading *new = reading_new(d->path, draft->text.buf, draft->text.len);
	struct inventory_node own = { 0 };
	struct comparison c = { &own, typed, d->now->load.len };
	const struct inventory_node *a, *b;
	bool same;

	if (change == CHANGE_PUT) {
		own = *want;
		own.next = NULL;
		expect_put(old, p, &own);
	} else {
		expect_removed(old, p, p->depth);
		expect_removed(new, p, p->depth - 1);
	}
	a = old->load.root;
	b = new->load.root;
	same = (!a || is_void(a)) ? !b || is_void(b) : b && same_tree(a, b, &c);
	reading_free(old);
	reading_free(new);
	return same ? 0 : draft_refuse(err, NULL);
}

/* The table's path of the first steps: "hosts[].ssh". */
static void table_path(const struct place *p, size_t depth, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < depth && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", p->step[i].key && i ? "." : "",
			p->step[i].key ? p->step[i].key : "[]");
}

static int reach(struct draft *d, struct place *p, const struct inventory_node *want, struct error *err);

static int reach_map(struct draft *d, struct place *p, const struct inventory_node *want, struct error *err)
{
	const struct inventory_node *m;
	struct place below = *p;

	for (m = want->first; m; m = m->next) {
		below.depth = p->depth;
		if (place_key(&below, m->key->text, err))
			return -1;
		if (place_find(d->r, &below, below.depth, NULL) ? reach(d, &below, m, err)
								: draft_add(d, &below, p->depth, m, err))
			return -1;
	}
	m = place_find(d->r, p, p->depth, NULL)->first;
	while (m) {
		if (inventory_node_get(want, m->key->text)) {
			m = m->next;
			continue;
		}
		below.depth = p->depth;
		if (place_key(&below, m->key->text, err) || draft_remove(d, &below, true, err))
			return -1;
		/* the tree is another one now */
		m = place_find(d->r, p, p->depth, NULL)->first;
	}
	return 0;
}

/* How many members of want the list has already, in order and at want's beginning. */
static size_t kept(const struct inventory_node *list, const struct inventory_node *want, bool typed)
{
	const struct inventory_node *w = want->first;
	size_t count = 0;

	for (const struct inventory_node *n = list->first; n && w; n = n->next)
		if (same_value(n, w, typed)) {
			w = w->next;
			count++;
		}
	return count;
}

static int reach_list(
	struct draft *d, struct place *p, const struct inventory_node *want, size_t keep, struct error *err)
{
	const struct inventory_node *n = place_find(d->r, p, p->depth, NULL), *w = want->first;
	struct place below = *p;
	size_t index = 0, old = n->count;

	for (size_t i = 0; w; w = w->next, i++)
		if (i >= keep && draft_append(d, p, w, err))
			return -1;
	if (p->depth == INVENTORY_MAX_DEPTH)
		return draft_refuse(err, n);
	for (w = want->first; old > 0; old--) {
		below.depth = p->depth + 1;
		below.step[p->depth].key = NULL;
		below.step[p->depth].index = index;
		n = place_find(d->r, &below, below.depth, NULL);
		if (keep && w && same_value(n, w, d->typed)) {
			keep--;
			w = w->next;
			index++;
		} else if (draft_remove(d, &below, true, err)) {
			return -1;
		}
	}
	return 0;
}

/* Makes the node at p what is wanted, by its members where it can be. */
static int reach(struct draft *d, struct place *p, const struct inventory_node *want, struct error *err)
{
	const struct inventory_node *n = place_find(d->r, p, p->depth, NULL);
	size_t keep;

	if (same_value(n, want, d->typed))
		return 0;
	if (n->kind == want->kind && n->first && want->first) {
		if (n->kind == INVENTORY_KIND_MAP)
			return reach_map(d, p, want, err);
		keep = kept(n, want, d->typed);
		if (keep)
			return reach_list(d, p, want, keep, err);
	}
	return draft_replace(d, p, want, err);
}

/* {c: want} for the steps from depth on. */
static int replace_nested(
	struct draft *d, const struct place *p, size_t depth, const struct inventory_node *want, struct error *err)
{
	struct inventory_node maps[INVENTORY_MAX_DEPTH] = { 0 }, keys[INVENTORY_MAX_DEPTH] = { 0 }, value = *want;
	struct place at = *p;

	value.next = NULL;
	for (size_t i = depth; i < p->depth; i++) {
		struct inventory_node *member = i + 1 < p->depth ? &maps[i + 1] : &value;

		maps[i].kind = INVENTORY_KIND_MAP;
		maps[i].text = "";
		keys[i].text = p->step[i].key;
		member->key = &keys[i];
		inventory_node_add(&maps[i], member);
	}
	at.depth = depth;
	return draft_replace(d, &at, &maps[depth], err);
}

/* Something that is not a map stands where a section is to be. */
static int put_into(
	struct draft *d, const struct place *p, size_t depth, const struct inventory_node *want, struct error *err)
{
	char path[256];
	bool flow;
	const struct inventory_node *n = place_find(d->r, p, depth, &flow);

	table_path(p, depth, path, sizeof(path));
	if (inventory_node_empty(n) && !flow && n->start == n->end)
		return draft_add(d, p, depth, want, err);
	/* network.cni: none */
	if (inventory_node_empty(n) || (inventory_field_find(path) && inventory_is_section(path)))
		return replace_nested(d, p, depth, want, err);
	return error_set(err, ERROR_INVENTORY, "'%s' is a section: it must be a map of keys and values, not %s",
		n->key ? n->key->text : path, inventory_kind_name(n));
}

static int append(struct draft *d, const struct place *p, const struct inventory_node *want, struct error *err)
{
	static const struct inventory_node none = { .kind = INVENTORY_KIND_LIST, .text = "" };
	struct place list = *p;
	const struct inventory_node *n;

	list.depth--;
	n = place_find(d->r, &list, list.depth, NULL);
	if (!n && draft_add(d, &list, list.depth - 1, &none, err))
		return -1;
	if (n && n->kind != INVENTORY_KIND_LIST && !inventory_node_empty(n))
		return error_set(err, ERROR_INVENTORY, "'%s' must be a list, not %s", n->key ? n->key->text : "",
			inventory_kind_name(n));
	return draft_append(d, &list, want, err);
}

static int put(struct draft *d, const struct place *p, const struct inventory_node *want, struct error *err)
{
	struct place at = *p;
	size_t depth = p->depth;
	const struct inventory_node *n;

	if (place_find(d->r, p, depth, NULL))
		return reach(d, &at, want, err);
	if (!p->step[depth - 1].key)
		return append(d, p, want, err);
	while (depth > 0 && !(n = place_find(d->r, p, depth, NULL)))
		depth--;
	n = place_find(d->r, p, depth, NULL);
	if (!n || n->kind == INVENTORY_KIND_MAP)
		return draft_add(d, p, depth, want, err);
	return put_into(d, p, depth, want, err);
}

/* A section goes with its last key, unless a comment in it would go as well. */
static int take_out(struct draft *d, const struct place *p, struct error *err)
{
	struct place at = *p;
	const char *inside;
	char path[256];

	while (at.depth > 1 && at.step[at.depth - 1].key) {
		const struct inventory_node *in = place_find(d->r, &at, at.depth - 1, NULL);

		table_path(&at, at.depth - 1, path, sizeof(path));
		if (in->count > 1 || !in->key || (draft_has_comments(d, in) && !inventory_set_field(path, &inside)))
			break;
		at.depth--;
	}
	return draft_remove(d, &at, at.step[at.depth - 1].key != NULL, err);
}

static void commit(struct document *d, struct draft *draft)
{
	bool marked = str_starts(d->text.buf, "\xef\xbb\xbf");

	str_clear(&d->text);
	if (marked)
		str_add(&d->text, "\xef\xbb\xbf");
	str_addn(&d->text, draft->text.buf, draft->text.len);
	reading_free(d->now);
	d->now = draft->r;
	draft->r = NULL;
}

int document_change(struct document *d, enum change change, const struct place *p, const struct inventory_node *want,
	bool typed, struct error *err)
{
	struct error first = { 0 };
	struct draft draft;
	int rc = -1;

	for (int i = 0; i < 2 && rc; i++) {
		struct error *e = i ? NULL : &first;

		rc = draft_begin(&draft, d, e);
		draft.careful = i > 0;
		draft.typed = typed;
		if (rc == 0)
			rc = change == CHANGE_PUT ? put(&draft, p, want, e) : take_out(&draft, p, e);
		if (rc == 0)
			rc = verify(d, &draft, change, p, want, typed, e);
		if (rc == 0)
			commit(d, &draft);
		draft_release(&draft);
	}
	if (rc && err)
		*err = first;
	return rc;
}
