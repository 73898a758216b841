/*
 * What screens are made of: a line editor, a list that scrolls, a form over the inventory's field table. Plain values:
 * no ties to the app.
 */
#ifndef TUI_WIDGETS_H
#define TUI_WIDGETS_H

#include "base/secret.h"
#include "tui/canvas.h"
#include "tui/key.h"

#include <stdbool.h>
#include <stddef.h>

struct document;
struct inventory_field;

/* ---- one line of text being edited, UTF-8 ------------------------------------------------------------------------ */
struct editor {
	char *text;      /* never NULL after editor_init; secrets are wiped when it moves or goes */
	size_t len, cap;
	size_t at;       /* of the cursor, in bytes, at the start of a character */
	bool secret;     /* drawn as stars, never on the canvas */
	size_t limit;    /* bytes; 0: 4096 */
};
/* With the cursor at the end of text, which is copied; NULL: empty. */
void editor_init(struct editor *e, const char *text, bool secret);
/* Another text, in the same way. */
void editor_set(struct editor *e, const char *text);
/*
 * Characters, left, right, Home, End (Ctrl-A, Ctrl-E), Backspace, Delete, Ctrl-U, Ctrl-K, Ctrl-W. False: not a key of
 * editing. Control characters are never taken.
 */
bool editor_key(struct editor *e, int key);
/* Inserts text; line ends and control characters become a space. */
void editor_paste(struct editor *e, const char *text);
/* Scrolls so that the cursor shows; sets the canvas's cursor when focused. */
void editor_draw(const struct editor *e, struct canvas *c, int y, int x, int width, bool focused);
void editor_release(struct editor *e);

/* ---- a list that scrolls, one selected --------------------------------------------------------------------------- */
struct list {
	size_t count;    /* kept up to date by the owner with list_resize */
	size_t selected; /* < count, or 0 */
	size_t top;      /* first line shown */
	size_t rows;     /* lines that there is room for: set by list_window before drawing */
};
/* Keeps the selection inside. */
void list_resize(struct list *l, size_t count);
/*
 * Scroll so that the selection shows in rows lines: a copy with top adjusted, as draw is pure. While l->rows is 0
 * (nobody keeps the copy) the selection stands in the middle.
 */
struct list list_window(const struct list *l, int rows);
/* Up, Down, PageUp, PageDown (l->rows lines, or 10 while that is 0), Home, End, j, k, g, G. False: no such key. */
bool list_key(struct list *l, int key);
/* Draws "more above/below" marks in the column x of the lines y..y+rows-1. */
void list_marks(const struct list *l, struct canvas *c, int y, int x);

/* ---- search in lists and texts: `/`, n, N ------------------------------------------------------------------------ */
struct search {
	bool typing;
	struct editor pattern;
	char *last;      /* what is looked for; NULL: nothing */
};
/* Nothing searched for yet. */
void search_init(struct search *s);
void search_release(struct search *s);
/*
 * `/` begins, characters follow, Enter ends typing, Escape gives it up. *again: 1 or -1 when the owner is to look for
 * the next or previous match (n, N, Enter). False: not taken.
 */
bool search_key(struct search *s, int key, int *again);
/* Case is ignored when the pattern has no upper-case letter. */
bool search_matches(const struct search *s, const char *text);
/* The first of count items, after (direction 1) or before `from` and around, whose text matches; count when none. */
size_t search_next(const struct search *s, size_t count, size_t from, int direction,
	const char *(*text)(size_t i, void *ctx), void *ctx);
/*
 * Both for a list, whose selection goes to what is found. *none: something was looked for and no row's text matches.
 * False: not taken.
 */
bool search_list(struct search *s, struct list *l, int key, const char *(*text)(size_t i, void *ctx), void *ctx,
	bool *none);
/* The prompt while typing, in one line. */
void search_draw(const struct search *s, struct canvas *c, int y, int x, int width);

/* ---- a form: fields of the inventory, one line each, a detail area below ----------------------------------------- */
/*
 * Shows and edits the fields whose path begins with one of the prefixes (NULL-terminated list; "" for the rest of the
 * top level), in the table's order, under section headings. host: for "hosts[]." fields the host's name, else NULL.
 * Values are read from and written to the document at once when a field is left (Enter, Tab, Up, Down) and valid; a
 * value that is not valid stays in the line with its complaint below and the focus does not move, except by Escape,
 * which restores. A field left empty is removed from the file: its default shows dimmed.
 */
struct form {
	struct document *document; /* lent */
	char *host;                /* owned copy; NULL */
	const struct inventory_field **fields;
	size_t count;
	struct list list;
	struct editor editor;      /* of the selected field while editing */
	bool editing;
	char complaint[320];       /* "" none */
	struct search search;
};
/* d is lent, host copied; prefixes are needed for the call alone. */
void form_init(struct form *f, struct document *d, const char *const *prefixes, const char *host);
void form_release(struct form *f);
/*
 * Enter begins and ends editing (typing a character begins too), Left/Right and Space step through choices and
 * booleans, Delete empties the field.
 */
bool form_key(struct form *f, int key);
/* Into the search, or the selected field, whose editing it begins; a line end at the end is dropped. */
void form_paste(struct form *f, const char *text);
/* True while characters are typed (also into the search). */
bool form_typing(const struct form *f);
/* Lines with label and value, below them the selected field's help, default and complaint. */
void form_draw(const struct form *f, struct canvas *c, int y, int x, int height, int width);
/* Moves the focus to the field of this table path; false: not in this form. */
bool form_select(struct form *f, const char *path);

#endif
