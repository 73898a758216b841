/* The terminal: the only home of curses. One at a time; called by the thread of the app loop alone. */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include "tui/theme.h"

#include <stdbool.h>

struct canvas;
struct error;
struct term;

/*
 * Takes the terminal on stdin and stdout: alternate screen, no echo, keys one by one, Ctrl-C as a key (3), Ctrl-Z stops
 * and comes back with a fresh screen. stderr goes to log_path (0600, appended; NULL: /dev/null) until term_close: no
 * library may write over the screen. ERROR_USAGE when stdin or stdout is not a terminal, TERM is unset, dumb or
 * unknown. A crash (SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL) restores the terminal before it takes its course;
 * SIGTERM, SIGHUP and SIGINT make term_signalled true and term_signal_fd readable.
 */
struct term *term_open(const char *log_path, struct error *err);
/* Puts the terminal and stderr back as they were, and frees t. */
void term_close(struct term *t);
/*
 * Readable also when the process is to stop, continues, or the terminal has a new size: term_key handles that and makes
 * it quiet again (never once term_signalled).
 */
int term_signal_fd(const struct term *t);
/* Whether the process was asked to end. */
bool term_signalled(const struct term *t);

bool term_ascii(const struct term *t);        /* the locale's character set is not UTF-8 */
enum theme term_theme(const struct term *t);  /* NO_COLOR and colourless terminals: monochrome */
void term_size(const struct term *t, int *width, int *height); /* in columns and lines */
/* Shows the canvas; writes only what changed since the last call. force: everything (Ctrl-L, after fg). */
void term_draw(struct term *t, const struct canvas *c, bool force);
/*
 * The next key that waits, or K_NONE at once when none does. Several resizes become one K_RESIZE, after which term_size
 * is right; it comes also after the process was stopped. Where the terminal marks what is pasted, its characters come
 * as plain keys: \r, \n, \r\n and \t as ' ', no other control character and no function key.
 */
int term_key(struct term *t);

#endif
