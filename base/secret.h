/* Text that must not outlive its use: its memory is wiped when released. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

struct secret {
	char *text; /* NUL-terminated; NULL: none */
	size_t len;
};
void secret_set(struct secret *s, const char *text, size_t len); /* copies */
void secret_release(struct secret *s);                           /* wipes, frees, sets to none */
void secret_wipe(void *p, size_t n);                             /* cannot be optimised away */
/* n random characters of a-z and 0-9 into out (n + 1 bytes). Ends the process when the kernel has no randomness. */
void secret_random_word(char *out, size_t n);

/*
 * A set of secrets whose appearance in any text is replaced by "•••" ("***" when shorter than 9 bytes); safe for use by
 * several threads. Words shorter than 6 bytes are ignored.
 */
struct mask;
struct mask *mask_new(void);
void mask_free(struct mask *m);
void mask_add(struct mask *m, const char *text); /* copied into wiped memory */
/* Replaces in place (the result is never longer than text). */
void mask_apply(struct mask *m, char *text);

#endif
