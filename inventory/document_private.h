/* What the files of a document share: a text with its tree, places in it, and changes of its lines. */
#ifndef INVENTORY_DOCUMENT_PRIVATE_H
#define INVENTORY_DOCUMENT_PRIVATE_H

#include "inventory/document.h"
#include "inventory/private.h"

#include "base/str.h"

/* One parse of a text, which it copies. */
struct reading {
	struct inventory_load load;
	struct inventory inv;
	struct inventory_problems problems;
};
struct reading *reading_new(const char *path, const char *text, size_t len);
void reading_free(struct reading *r);

struct document {
	char *path;
	struct str text;
	struct str saved; /* what the file on disk is thought to hold */
	bool on_disk;
	struct reading *now; /* of text */
};

/* From the root: a key, or with key NULL the index of a list's member. */
struct place {
	struct {
		const char *key;
		size_t index;
	} step[INVENTORY_MAX_DEPTH];
	size_t depth;
};
/* NULL: nothing there. *flow: within [ ] or { }. */
struct inventory_node *place_find(const struct reading *r, const struct place *p, size_t depth, bool *flow);
int place_key(struct place *p, const char *key, struct error *err);

/* A text on its way to another one; offsets are those of r's nodes and hold until the next change. */
struct draft {
	const char *path;
	struct str text; /* without a byte order mark */
	struct reading *r;
	const char *eol;
	size_t step;  /* of indentation */
	bool careful; /* all new text in "…": the second try */
	bool typed;   /* scalars have types: a passthrough */
};
int draft_begin(struct draft *d, const struct document *from, struct error *err);
void draft_release(struct draft *d);
/* Each of these is one change; the draft is parsed anew after it. */
int draft_replace(struct draft *d, const struct place *p, const struct inventory_node *want, struct error *err);
/* There is something at depth steps of p (maybe a key without a value), and not yet what comes after. */
int draft_add(
	struct draft *d, const struct place *p, size_t depth, const struct inventory_node *want, struct error *err);
/* To the list at p. */
int draft_append(struct draft *d, const struct place *p, const struct inventory_node *want, struct error *err);
/* keep: whole lines of comments inside stay. */
int draft_remove(struct draft *d, const struct place *p, bool keep, struct error *err);
/* Comments that are the section's own: behind its key, lines in it, and lines below that are indented deeper. */
bool draft_has_comments(const struct draft *d, const struct inventory_node *n);
/* Parts of the above. */
void draft_splice(struct draft *d, size_t from, size_t to, const char *text, size_t len);
int draft_read(struct draft *d, struct error *err);
int draft_refuse(struct error *err, const struct inventory_node *at);
/* document_flow.c: members of { } and [ ]. */
void flow_insert(struct draft *d, const struct inventory_node *in, const char *item);
void flow_remove(struct draft *d, const struct inventory_node *in, const struct inventory_node *member);

/* document_edit.c: makes the change and looks whether it is that change and no other. */
enum change {
	CHANGE_PUT, /* a list's index may be its count: appended */
	CHANGE_REMOVE,
};
int document_change(struct document *d, enum change change, const struct place *p, const struct inventory_node *want,
	bool typed, struct error *err);
/* ERROR_INVENTORY with the first complaint of r. */
int document_complaint(const struct reading *r, struct error *err);
/* The hosts' list, or NULL; and a host's node (maybe no map), or NULL. */
struct inventory_node *document_hosts(const struct document *d);
struct inventory_node *document_host(const struct document *d, const char *name, size_t *index);
/* document_value.c */
const char *document_scalar(const struct inventory_node *map, const char *key);
struct inventory_node *document_value(
	struct inventory_load *l, const struct inventory_field *field, const char *inside, const char *text);
/* Complaints about a value by itself, into r. */
void document_try(struct reading *r, const struct inventory_field *field, const char *inside, struct inventory_node *n);
void document_show(const struct inventory_field *field, const struct inventory_node *n, struct str *out);

/* document_lines.c: offsets into a text; len is behind its last byte. */
size_t line_start(const char *t, size_t at);
size_t line_end(const char *t, size_t len, size_t at); /* before its break */
size_t line_next(const char *t, size_t len, size_t at);
size_t line_indent(const char *t, size_t len, size_t start);
bool line_blank(const char *t, size_t len, size_t start);
bool line_comment(const char *t, size_t len, size_t start); /* nothing else */
/* The end of a node without the blank lines that belong to a block scalar. */
size_t node_end(const char *t, const struct inventory_node *n);
/* Behind the ':' of a member's key; 0: there is none. */
size_t node_colon(const char *t, const struct inventory_node *n);
/* Whether a byte is part of a key or a scalar below n: a '#' there is none that begins a comment. */
bool node_covers(const struct inventory_node *n, size_t at);
/* Adds the whole lines of comments in n that start between two line starts. */
void node_comments(
	const char *t, size_t len, const struct inventory_node *n, size_t from, size_t to, struct str *out);
/* The column of a node, when only blanks and '- ' are before it on its line; -1: something else is. *dash: offset of the last '-', or of the node. */
int node_column(const char *t, const struct inventory_node *n, size_t *dash);
/* A scalar in the given style where that can be; typed: plain and quoted are different things. */
void quote_scalar(struct str *out, const struct inventory_node *n, char style, bool flow, const struct draft *d);
void quote_flow(struct str *out, const struct inventory_node *n, bool flow, const struct draft *d);
void quote_key(struct str *out, const char *key, bool flow);
/* "|" or "|-" and its lines; each with indent blanks. */
void quote_literal(struct str *head, struct str *body, const char *text, size_t indent, const char *eol);
/* Whether the same text without quotes is a number, a truth or nothing to some reader. */
bool quote_ambiguous(const char *text);

#endif
