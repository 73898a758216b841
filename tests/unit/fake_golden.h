/*
 * Files that keep how something looked when somebody last looked at it. GOLDEN_WRITE=1 writes them again; else what
 * differs is shown.
 */
#ifndef TESTS_UNIT_FAKE_GOLDEN_H
#define TESTS_UNIT_FAKE_GOLDEN_H

#include "base/str.h"

#include <stdbool.h>

/* To be called in the checkout. Goes into a new folder, which is shown on screens as /home/admin. */
bool golden_begin(void);
bool golden_end(void);
/*
 * fake_canvas as text, drawn now: the characters, the cursor, the looks with colours and without. Those are left out
 * when they are as in looks, which may be empty and then has them.
 */
void golden_screen(struct str *out, struct str *looks);
/* Whether the file of the checkout has this text. */
bool golden_same(const char *path, const struct str *text);
/* Whether the file has this text between these two; the rest of it is somebody else's. */
bool golden_part(const char *path, const char *before, const struct str *text, const char *after);

#endif
