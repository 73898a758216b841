/*
 * What stands around a full screen while it is shown: stderr in a log, the terminal's modes kept and put back whatever
 * happens, signals turned into something to poll. No curses. One at a time.
 */
#ifndef TUI_GUARD_H
#define TUI_GUARD_H

#include <stdbool.h>

struct error;

enum guard_event {
	GUARD_STOP = 1,      /* SIGTSTP came: the terminal is to be left, then guard_stop() */
	GUARD_CONTINUED = 2, /* SIGCONT: someone else had the terminal */
	GUARD_RESIZED = 4,
};

/* Standard output is the terminal. See term_open for log_path. */
int guard_start(const char *log_path, struct error *err);
/* The terminal's modes, stderr and the signals as they were before. Nothing happens when nothing was started. */
void guard_end(void);
/* What a crash writes to leave the screen; copied. "": there is no screen to leave. */
void guard_screen(const char *leave);
/* Readable when a signal came, until guard_take; for good once guard_ended. */
int guard_fd(void);
/* SIGTERM, SIGHUP or SIGINT came. */
bool guard_ended(void);
/* The events since the last call, of enum guard_event. */
unsigned guard_take(void);
/* Stops the process as Ctrl-Z does; returns when it continues. */
void guard_stop(void);
/* False while another job has the terminal. */
bool guard_foreground(void);

#endif
