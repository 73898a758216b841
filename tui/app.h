/*
 * One loop and a stack of screens. A screen is one file: a table of functions and a struct that begins with struct
 * screen. Nothing here or in a screen blocks; dialogs are screens. Drawing is pure: state to canvas.
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include "tui/canvas.h"
#include "tui/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct screen;
struct str;
struct wizard;

/* A key and what it does. The bottom bar, the help screen and the dispatch come from the same table; {0} ends it. */
struct binding {
	int key;
	const char *label; /* in the bottom bar, one or two words; NULL: only in help */
	const char *help;  /* a sentence */
	void (*act)(struct screen *s);
	bool (*when)(const struct screen *s); /* NULL: always; when false the key is free and not shown */
};

struct screen_ops {
	const char *title; /* in the top bar */
	const char *about; /* what the screen is for: the first paragraph of its help */
	const struct binding *bindings;
	void (*draw)(const struct screen *s, struct canvas *c); /* between the bars: canvas of the area alone */
	bool (*key)(struct screen *s, int key); /* keys that no binding took; may be NULL; true: taken */
	/* true while characters are typed: then `key` is asked before bindings and the app's own keys; NULL: never */
	bool (*text)(const struct screen *s);
	void (*paste)(struct screen *s, const char *text); /* may be NULL: then the characters come as keys */
	void (*shown)(struct screen *s);        /* came to the top: pushed, or what was above it left; may be NULL */
	/* the wizard's run said something; called for all screens of the stack; may be NULL */
	void (*changed)(struct screen *s);
	void (*free)(struct screen *s);         /* frees s itself */
	/* drawn over the one below, which is drawn too; draw gets the same area and frames itself (dialog_box) */
	bool dialog;
	/*
	 * Time for what moves without events; of the top screen alone. now_ms is clock_mono_ms. Called when due, and
	 * after keys and events while it waits for nothing. Returns the ms until it wants to be called again, or -1:
	 * not before something else happens. The screen is redrawn after it unless it returned -1. May be NULL.
	 */
	int64_t (*tick)(struct screen *s, int64_t now_ms);
};
struct screen {
	const struct screen_ops *ops;
	struct app *app;       /* set by app_push */
	struct wizard *wizard; /* set by app_push; what the screens share */
};

/* Without a screen yet; w is lent. ascii: the terminal's character set is not UTF-8. */
struct app *app_new(struct wizard *w, bool ascii);
void app_free(struct app *a);
/* The screen is the app's from here on. Also inside a screen's own functions: it takes effect after they returned. */
void app_push(struct app *a, struct screen *s);
/* Leaves the top screen. The last one left ends the app. */
void app_pop(struct app *a);
/* Leaves the top screen for another one. */
void app_replace(struct app *a, struct screen *s);
/* Leaves all screens above `s`. */
void app_pop_to(struct app *a, struct screen *s);
/* Ends the app, whatever is on the stack. */
void app_quit(struct app *a);
/* Whether it has ended: no more keys, the loop returns. */
bool app_over(const struct app *a);
/* A line for the operator in the bottom bar, until the next key. kind: NORMAL, OK, WARNING or FAIL. */
void app_say(struct app *a, enum style kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* One key; K_RESIZE is taken elsewhere. */
void app_key(struct app *a, int key);
/* Pasted text, for what is being typed into; nothing when nothing is. */
void app_paste(struct app *a, const char *text);
/* The wizard's run said something. */
void app_changed(struct app *a);
/*
 * Draws the stack with its bars; below 80x24 only "too small". Pure over the app's state and now_ms (wall, for clocks
 * and spinners).
 */
void app_draw(struct app *a, struct canvas *c);
/* Whether the terminal is to be redrawn (Ctrl-L came); asking clears it. */
bool app_take_redraw(struct app *a);
/* The screen that keys go to; NULL: none was pushed yet. */
struct screen *app_top(const struct app *a);
/* The first screen of the stack. */
struct screen *app_bottom(const struct app *a);
/*
 * For dialogs that call back from their own functions: app_mark before the call, and app_pop_at when the dialog leaves,
 * so that what the callback did to the stack comes after that.
 */
size_t app_mark(const struct app *a);
void app_pop_at(struct app *a, size_t mark);

/* Frames a dialog of this size (bounded by the canvas) in the middle; *y, *x, *h, *w: its inside. */
void dialog_box(struct canvas *c, const char *title, int height, int width, int *y, int *x, int *h, int *w);

/* ---- screens that every screen may push; each takes copies of its texts ------------------------------------------ */
/* A message to be read; any key leaves. */
struct screen *screen_message(const char *title, enum style kind, const char *text);
/* A question; answers: "no|yes"; the first is the safe one and has the focus. fn gets the index; Escape gives 0. */
struct screen *screen_question(const char *title, const char *text, const char *answers,
	void (*fn)(struct screen *asked_for, int answer, void *ctx), struct screen *asked_for, void *ctx);
/*
 * A line to be typed. expected (may be NULL): only this text is accepted ("type the cluster's name"). secret: no echo,
 * kept in wiped memory. fn gets the text, lent, on Enter (not on Escape); returns NULL when it is taken, or a complaint
 * to show while the dialog stays (static or valid until the next call).
 */
struct screen *screen_input(const char *title, const char *text, const char *initial, const char *expected, bool secret,
	const char *(*fn)(struct screen *asked_for, const char *text, void *ctx), struct screen *asked_for, void *ctx);
/* Text to be read, with scrolling and search: diffs, explanations, logs, equivalent commands. */
struct screen *screen_reader(const char *title, const char *text);
/* Text that is made for a width and a character set, and again when these change. */
struct reader_source {
	void (*make)(void *ctx, int width, bool ascii, struct str *out); /* adds to out; no line wider than width */
	void (*free)(void *ctx);                                         /* with the screen */
	void *ctx;
};
/* The same of such a text; about: as in struct screen_ops, lent. */
struct screen *screen_reader_of(const char *title, const char *about, const struct reader_source *source);
/* Help of a screen, from its table. The app pushes it itself on `?` and F1. */
struct screen *screen_help(const struct screen_ops *ops);

#endif
