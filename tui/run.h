/* The Run screen's own state, and how it is drawn. */
#ifndef TUI_RUN_H
#define TUI_RUN_H

#include "tui/matrix.h"
#include "tui/wizard.h"

struct run_screen {
	struct screen screen;
	struct matrix matrix;
	struct history *history;  /* NULL: not loaded */
	uint64_t seen;            /* the last event that a tick saw, … */
	int64_t seen_ms;          /* … when, … */
	int64_t idle_ms;          /* … and how long ago: time passes between events */
	int64_t left_ms;          /* -1: not known */
	struct screen *dialog;    /* over this screen, with a question of the run; NULL: none */
	uint64_t asking;          /* the question that it asks; 0: none, or the host keys */
	uint64_t *answered;       /* whose answers the run has not taken yet */
	size_t answered_count;
	int skipping;             /* the host that a dialog asks about */
	bool cancelled;           /* by this screen */
};

/* Set aside by command: nobody is waited for. */
bool run_was_skipped(const struct runview_host *h);
/* Nothing runs, and hosts that failed are all that the run waits for. */
bool run_at_rest(const struct run_screen *r, const struct runview *v);
/* v NULL: there is no run. */
void run_draw(const struct run_screen *r, const struct runview *v, bool live, struct canvas *c);

/* Puts the next open question, when nothing is over the screen. */
void run_ask_next(struct screen *s);
/* The run said something: screen_ops.changed. */
void run_ask_changed(struct screen *s);

#endif
