/* What leaves this machine for somebody who helps: text without what is a secret, or looks like one. Pure. */
#ifndef BASE_SIEVE_H
#define BASE_SIEVE_H

#include <stdbool.h>
#include <stddef.h>

struct mask;
struct str;

/*
 * Adds text, made printable, with the words of known (NULL: none) and everything that looks like a secret replaced by
 * "•••": private keys as PEM and as base64 of PEM, over lines; values of keys as of sieve_is_key; Authorization
 * headers, bearer tokens, JWTs and bootstrap tokens; passwords in URLs; what Secrets hold. Of 64 hex digits the first 8
 * stay, as of a container's id, unless "sha256:" is before them. JSON stays JSON. Texts are given as a whole: of one
 * that was cut, from the start of a line.
 */
void sieve_add(struct str *out, const char *text, size_t len, struct mask *known);
/* Whether what stands under this key of n bytes is a secret: it ends with "password", "token", … */
bool sieve_is_key(const char *key, size_t n);
/* The start of the first whole line of what is left of a text whose beginning was cut off; its end: there is none. */
size_t sieve_whole_line(const char *text, size_t len);

#endif
