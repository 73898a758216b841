/* libyaml's events become a tree with marks, within limits and without YAML's sharing and typing tricks. */
#include "inventory/private.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct builder {
	struct inventory_load *l;
	const char *text;
	size_t len;
	const char *origin;
	struct inventory_node *root;
	struct inventory_node *stack[INVENTORY_MAX_DEPTH];
	struct inventory_node *key[INVENTORY_MAX_DEPTH]; /* the map's key that waits for its value */
	int depth;
	int documents;
	bool stop;
	size_t index, byte; /* where the last mark was: they come nearly in order */
};

struct inventory_node *inventory_node_new(struct inventory_load *l, enum inventory_kind kind, const char *origin)
{
	struct inventory_node *n = arena_alloc(&l->arena, sizeof(*n));

	n->kind = kind;
	n->origin = origin;
	n->text = "";
	return n;
}

void inventory_node_add(struct inventory_node *parent, struct inventory_node *member)
{
	member->next = NULL;
	if (parent->last)
		parent->last->next = member;
	else
		parent->first = member;
	parent->last = member;
	parent->count++;
}

struct inventory_node *inventory_node_get(const struct inventory_node *map, const char *key)
{
	if (map && map->kind == INVENTORY_KIND_MAP)
		for (struct inventory_node *n = map->first; n; n = n->next)
			if (strcmp(n->key->text, key) == 0)
				return n;
	return NULL;
}

const struct inventory_node *inventory_node_near(const struct inventory_node *from, const char *path)
{
	char word[64];

	while (from && *path) {
		size_t n = strcspn(path, ".");
		const struct inventory_node *next;

		if (n >= sizeof(word))
			break;
		memcpy(word, path, n);
		word[n] = '\0';
		next = inventory_node_get(from, word);
		if (!next)
			break;
		from = next;
		path += n + (path[n] == '.');
	}
	return from;
}

bool inventory_node_empty(const struct inventory_node *n)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	if (n->kind != INVENTORY_KIND_SCALAR || !n->plain)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(n->text, words[i]) == 0)
			return true;
	return false;
}

const char *inventory_kind_name(const struct inventory_node *n)
{
	switch (n->kind) {
	case INVENTORY_KIND_LIST: return "a list";
	case INVENTORY_KIND_MAP: return "a map";
	case INVENTORY_KIND_SCALAR:
	case INVENTORY_KIND_BAD: break;
	}
	return inventory_node_empty(n) ? "nothing" : "a single value";
}

static int by_key(const void *a, const void *b)
{
	const struct inventory_node *x = *(struct inventory_node *const *)a, *y = *(struct inventory_node *const *)b;
	int c = strcmp(x->key->text, y->key->text);

	if (c)
		return c;
	if (x->key->line != y->key->line)
		return x->key->line < y->key->line ? -1 : 1;
	return x->key->column < y->key->column ? -1 : x->key->column > y->key->column;
}

/* Sorting keeps a map of 100 000 keys fast. The first of equal keys stays, the rest are passed over. */
static void refuse_doubles(struct builder *b, struct inventory_node *map)
{
	struct inventory_node **all, *n = map->first;
	size_t count = map->count, kept = 0;

	if (count < 2)
		return;
	all = xcalloc(count, sizeof(struct inventory_node *));
	for (size_t i = 0; i < count; i++, n = n->next)
		all[i] = n;
	qsort(all, count, sizeof(struct inventory_node *), by_key);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(all[kept]->key->text, all[i]->key->text) != 0) {
			kept = i;
			continue;
		}
		inventory_complain(b->l, all[i]->key, "duplicate key '%s': it is already on line %d",
			inventory_shown(b->l, all[i]->key->text), all[kept]->key->line);
		all[i]->kind = INVENTORY_KIND_BAD;
	}
	free(all);
}

/* A mark counts characters. */
static size_t byte_of(struct builder *b, size_t index)
{
	for (; b->index < index && b->byte < b->len; b->index++)
		do
			b->byte++;
		while (b->byte < b->len && (b->text[b->byte] & 0xc0) == 0x80);
	for (; b->index > index && b->byte; b->index--)
		do
			b->byte--;
		while (b->byte && (b->text[b->byte] & 0xc0) == 0x80);
	return b->byte;
}

static void take_mark(struct builder *b, struct inventory_node *n, const yaml_event_t *e)
{
	n->start = byte_of(b, e->start_mark.index);
	n->end = byte_of(b, e->end_mark.index);
	n->line = n->origin ? 0 : (int)e->start_mark.line + 1;
	n->column = n->origin ? 0 : (int)e->start_mark.column + 1;
	n->last_line = n->origin ? 0 : (int)e->end_mark.line + (e->end_mark.column > 0);
	if (n->last_line < n->line)
		n->last_line = n->line;
}

static void give_up(struct builder *b, const struct inventory_node *at, const char *text)
{
	inventory_complain(b->l, at, "%s", text);
	b->stop = true;
}

/* Puts a finished scalar or a fresh container where the stack says. */
static void place(struct builder *b, struct inventory_node *n)
{
	struct inventory_node *top = b->depth ? b->stack[b->depth - 1] : NULL;

	if (!top) {
		b->root = n;
	} else if (top->kind == INVENTORY_KIND_LIST) {
		inventory_node_add(top, n);
	} else if (!b->key[b->depth - 1]) {
		if (n->kind != INVENTORY_KIND_SCALAR)
			give_up(b, n, "a key must be a single word; quote a value that starts with '[' or '{'");
		else if (n->plain && strcmp(n->text, "<<") == 0)
			give_up(b, n, "merge keys ('<<') are not supported: write the keys out");
		b->key[b->depth - 1] = n;
	} else {
		n->key = b->key[b->depth - 1];
		b->key[b->depth - 1] = NULL;
		inventory_node_add(top, n);
	}
}

static struct inventory_node *fresh(struct builder *b, enum inventory_kind kind, const yaml_event_t *e)
{
	struct inventory_node *n = inventory_node_new(b->l, kind, b->origin);

	take_mark(b, n, e);
	if (++b->l->nodes > INVENTORY_MAX_NODES)
		give_up(b, n, "the file has more than 100000 values");
	return n;
}

/* Their names are not shown: a password may well start with '&', '*' or '!'. */
static void refuse_properties(
	struct builder *b, const struct inventory_node *n, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		inventory_complain(b->l, n,
			"anchors ('&…') are not supported: write the value out, or quote it if it is plain text");
	if (tag)
		inventory_complain(b->l, n, "tags ('!…') are not supported: quote a value that starts with '!'");
}

static char scalar_style(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE: return '\'';
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return '"';
	case YAML_LITERAL_SCALAR_STYLE: return '|';
	case YAML_FOLDED_SCALAR_STYLE: return '>';
	case YAML_ANY_SCALAR_STYLE:
	case YAML_PLAIN_SCALAR_STYLE: break;
	}
	return 0;
}

static void scalar(struct builder *b, const yaml_event_t *e)
{
	struct inventory_node *n = fresh(b, INVENTORY_KIND_SCALAR, e);
	const char *text = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;

	n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->style = scalar_style(e->data.scalar.style);
	refuse_properties(b, n, e->data.scalar.anchor, e->data.scalar.tag);
	if (memchr(text, '\0', len)) {
		inventory_complain(b->l, n, "this text has a NUL character (\\0)");
		n->kind = INVENTORY_KIND_BAD;
	} else if (len > INVENTORY_MAX_SCALAR) {
		inventory_complain(b->l, n, "this text is longer than 64 KiB");
		n->kind = INVENTORY_KIND_BAD;
	} else if (!len && e->data.scalar.tag) {
		n->kind = INVENTORY_KIND_BAD;
	} else {
		n->text = arena_strndup(&b->l->arena, text, len);
	}
	/* a bad key would hang on nothing: end here */
	if (n->kind == INVENTORY_KIND_BAD && b->depth && b->stack[b->depth - 1]->kind == INVENTORY_KIND_MAP &&
		!b->key[b->depth - 1])
		b->stop = true;
	else
		place(b, n);
}

static void open_container(struct builder *b, enum inventory_kind kind, const yaml_event_t *e)
{
	struct inventory_node *n = fresh(b, kind, e);

	if (kind == INVENTORY_KIND_MAP)
		n->style = e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? '{' : 0;
	else
		n->style = e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? '[' : 0;
	if (kind == INVENTORY_KIND_MAP)
		refuse_properties(b, n, e->data.mapping_start.anchor, e->data.mapping_start.tag);
	else
		refuse_properties(b, n, e->data.sequence_start.anchor, e->data.sequence_start.tag);
	if (b->depth == INVENTORY_MAX_DEPTH) {
		give_up(b, n, "nested more than 32 deep");
		return;
	}
	place(b, n);
	b->stack[b->depth] = n;
	b->key[b->depth++] = NULL;
}

static void close_container(struct builder *b, const yaml_event_t *e)
{
	struct inventory_node *n = b->stack[--b->depth];

	if (!b->origin)
		n->last_line = (int)e->end_mark.line + (e->end_mark.column > 0);
	/* a block's end is reported with what follows it, behind comments */
	n->end = n->style ? byte_of(b, e->end_mark.index) : n->last ? n->last->end : n->start;
	if (n->kind == INVENTORY_KIND_MAP)
		refuse_doubles(b, n);
}

static void refuse_alias(struct builder *b, const yaml_event_t *e)
{
	struct inventory_node *n = fresh(b, INVENTORY_KIND_BAD, e);

	inventory_complain(
		b->l, n, "aliases ('*…') are not supported: write the value out, or quote it if it is plain text");
	if (b->depth && b->stack[b->depth - 1]->kind == INVENTORY_KIND_MAP && !b->key[b->depth - 1])
		b->stop = true;
	else
		place(b, n);
}

static void event(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++)
			give_up(b, fresh(b, INVENTORY_KIND_BAD, e),
				"a second document ('---') starts here: an inventory is one document");
		break;
	case YAML_ALIAS_EVENT: refuse_alias(b, e); break;
	case YAML_SCALAR_EVENT: scalar(b, e); break;
	case YAML_SEQUENCE_START_EVENT: open_container(b, INVENTORY_KIND_LIST, e); break;
	case YAML_MAPPING_START_EVENT: open_container(b, INVENTORY_KIND_MAP, e); break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: close_container(b, e); break;
	case YAML_STREAM_END_EVENT: b->stop = true; break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT: break;
	}
}

static struct inventory_node *build(struct inventory_load *l, const char *text, size_t len, const char *origin)
{
	struct builder b = { .l = l, .text = text, .len = len, .origin = origin };
	yaml_parser_t parser;
	yaml_event_t e;

	if (!yaml_parser_initialize(&parser))
		die_oom();
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!b.stop) {
		if (!yaml_parser_parse(&parser, &e)) {
			if (parser.error == YAML_MEMORY_ERROR)
				die_oom();
			inventory_syntax(l, &parser, text, len, origin);
			b.root = NULL;
			break;
		}
		event(&b, &e);
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&parser);
	return b.depth ? NULL : b.root;
}

/* What libyaml would take for another encoding, or report in riddles. */
static bool readable(struct inventory_load *l)
{
	const char *nul = memchr(l->text, '\0', l->len);
	struct inventory_node *at = inventory_node_new(l, INVENTORY_KIND_BAD, NULL);
	size_t step;

	if (l->len > INVENTORY_MAX_FILE) {
		inventory_complain(l, NULL, "the file is larger than 1 MiB");
		return false;
	}
	if (l->len >= 2 && (memcmp(l->text, "\xff\xfe", 2) == 0 || memcmp(l->text, "\xfe\xff", 2) == 0)) {
		inventory_complain(l, NULL, "the file is UTF-16: save it as UTF-8");
		return false;
	}
	if (!nul)
		return true;
	for (const char *p = l->text; p <= nul; p += step) {
		inventory_line(p, (size_t)(l->text + l->len - p), &step);
		at->line++;
	}
	at->column = 1;
	inventory_complain(l, at, "this line has a NUL byte: the file is not UTF-8 text");
	return false;
}

void inventory_tree_read(struct inventory_load *l)
{
	if (l->len >= 3 && memcmp(l->text, "\xef\xbb\xbf", 3) == 0) {
		l->text += 3;
		l->len -= 3;
	}
	if (readable(l))
		l->root = build(l, l->text, l->len, NULL);
}

struct inventory_node *inventory_tree_value(struct inventory_load *l, const char *text, size_t len, const char *origin)
{
	return build(l, text, len, origin);
}
