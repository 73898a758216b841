/* The whole program in a process of its own, without a terminal. */
#ifndef TESTS_UNIT_FAKE_PROGRAM_H
#define TESTS_UNIT_FAKE_PROGRAM_H

#include <stdbool.h>

struct str;

/*
 * With these words, up to NULL, in the folder dir, which is its home and has its state too. What it printed on stdout,
 * and with errors on stderr too, is put into out; it is in dir/out meanwhile. Its exit status; -1: it was ended, or
 * what it printed cannot be read.
 */
int fake_program(const char *dir, const char *const *words, bool errors, struct str *out);

#endif
