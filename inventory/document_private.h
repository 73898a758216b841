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
/* Never NULL: load.errors counts what is wrong with the text. path is for messages, and lent. */
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
/* Goes one step deeper, to a key, which is lent. ERROR_INVENTORY: too deep. */
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
/* From the document's text. ERROR_INVENTORY: it is not valid YAML to begin with. draft_release in any case. */
int draft_begin(struct draft *d, const struct document *from, struct error *err);
void draft_release(struct draft *d);
/* Each of these is one change; the draft is parsed again after it. */
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
/* Parts of the above: puts text in the place of the bytes from..to - 1, … */
void draft_splice(struct draft *d, size_t from, size_t to, const char *text, size_t len);
/* … parses the text again, -1: it is broken now, … */
int draft_read(struct draft *d, struct error *err);
/* … and says that the file must be changed by hand, at a node's line or NULL. Returns -1. */
int draft_refuse(struct error *err, const struct inventory_node *at);
/* document_flow.c: members of { } and [ ], with the comma that they need or leave. The tree is not parsed again. */
void flow_insert(struct draft *d, const struct inventory_node *in, const char *item);
void flow_remove(struct draft *d, const struct inventory_node *in, const struct inventory_node *member);

enum change {
	CHANGE_PUT, /* a list's index may be its count: appended */
	CHANGE_REMOVE,
};
/*
 * document_edit.c: makes the change and looks whether it is that change and no other, else tries again with all new
 * text in quotes. -1: d is unchanged.
 */
int document_change(struct document *d, enum change change, const struct place *p, const struct inventory_node *want,
	bool typed, struct error *err);
/* ERROR_INVENTORY with the first complaint of r. */
int document_complaint(const struct reading *r, struct error *err);
/* The hosts' list, or NULL; and the node (maybe no map) and index of a host by name, or NULL. */
struct inventory_node *document_hosts(const struct document *d);
struct inventory_node *document_host(const struct document *d, const char *name, size_t *index);
/* document_value.c: the text of a map's member that is a scalar, or NULL; lent. */
const char *document_scalar(const struct inventory_node *map, const char *key);
/* Text in the form of document_set as a node of l, with what is wrong with it in l. NULL: nothing, or complained. */
struct inventory_node *document_value(
	struct inventory_load *l, const struct inventory_field *field, const char *inside, const char *text);
/* Complaints about a value by itself, into r. */
void document_try(struct reading *r, const struct inventory_field *field, const char *inside, struct inventory_node *n);
/* The way back: adds the node in the form of document_get. */
void document_show(const struct inventory_field *field, const struct inventory_node *n, struct str *out);

/* document_lines.c: offsets into a text; len is behind its last byte; the line is the one that at is in. */
size_t line_start(const char *t, size_t at);
size_t line_end(const char *t, size_t len, size_t at);       /* before its break */
size_t line_next(const char *t, size_t len, size_t at);      /* behind it, or len */
size_t line_indent(const char *t, size_t len, size_t start); /* in spaces */
bool line_blank(const char *t, size_t len, size_t start);    /* tabs are blank too */
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
/*
 * The column of a node, when only blanks and '- ' are before it on its line; -1: something else is. *dash: offset of
 * the last '-', or of the node.
 */
int node_column(const char *t, const struct inventory_node *n, size_t *dash);
/* A scalar in the given style where that can be; typed: plain and quoted are different things. */
void quote_scalar(struct str *out, const struct inventory_node *n, char style, bool flow, const struct draft *d);
/* Any node on one line, collections in { } and [ ]. flow: within such already. */
void quote_flow(struct str *out, const struct inventory_node *n, bool flow, const struct draft *d);
/* A map's key, in "…" where it could be read as something else. */
void quote_key(struct str *out, const char *key, bool flow);
/* "|" or "|-" and its lines; each with indent blanks. */
void quote_literal(struct str *head, struct str *body, const char *text, size_t indent, const char *eol);
/* Whether the same text without quotes is a number, a truth or nothing to some reader. */
bool quote_ambiguous(const char *text);

#endif
