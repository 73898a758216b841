/* What changes between two texts, line by line. */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H

struct str;

/*
 * Adds a unified difference ("--- PATH", "+++ PATH", hunks with three lines of context); nothing when the texts are
 * equal. before NULL: there is no file yet. Texts of more than 2000 lines are only said to differ. A last line without
 * a newline counts as one with.
 */
void diff_add(struct str *out, const char *path, const char *before, const char *after);

#endif
