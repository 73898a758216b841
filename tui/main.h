/* The wizard, whole: takes the terminal, runs its loop, gives the terminal back. */
#ifndef TUI_MAIN_H
#define TUI_MAIN_H

struct error;
struct screen;
struct wizard;

/*
 * Runs the wizard from its first screen (taken over) until the operator leaves; second, if not NULL, stands on it.
 * stderr goes to log_path meanwhile. A run that is under way at the end is cancelled: its jobs on hosts continue there.
 * 0; 1: ended by a signal or because the terminal went away; -1: err says why the terminal cannot be used.
 */
int tui_main(struct wizard *w, struct screen *first, struct screen *second, const char *log_path, struct error *err);

#endif
