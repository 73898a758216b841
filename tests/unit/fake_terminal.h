/*
 * A program on a pseudo-terminal of its own, under a shell that watches the terminal's modes and lets the program
 * continue when it was stopped.
 */
#ifndef TESTS_FAKE_TERMINAL_H
#define TESTS_FAKE_TERMINAL_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

struct fake_terminal {
	int master;
	pid_t shell;
	struct str out; /* what the terminal was sent, without NULs (padding) */
	char dir[64];   /* "log" for the program, "stderr": its standard error */
	struct {
		struct termios before, stopped, after;
		int status; /* of the program, as of wait */
		int stops;  /* how often it was stopped */
	} *seen;
};
/*
 * 80x24. type: TERM, locale: LC_ALL; NULL: unset. program gets the path of the log; it exits 0 when it returns. False:
 * no terminal to be had.
 */
bool fake_terminal_start(struct fake_terminal *t, const char *type, const char *locale,
	void (*program)(const char *log));
/* Reads until text was sent for the n-th time; NULL: until the end. False: the end, or nothing for 20 s. */
bool fake_terminal_await(struct fake_terminal *t, const char *text, int n);
/* Waits for the program's end; seen is complete then. */
bool fake_terminal_finish(struct fake_terminal *t);
void fake_terminal_release(struct fake_terminal *t);
/* The text of "log" or "stderr"; "" when there is no such file. */
void fake_terminal_file(const struct fake_terminal *t, const char *name, char *out, size_t size);
bool fake_terminal_same(const struct termios *a, const struct termios *b);

#endif
