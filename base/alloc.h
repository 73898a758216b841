/*
 * Memory: the x-functions never return NULL; when memory is gone they call the
 * hook set by die_hook (the terminal is restored there), say so on stderr and exit 1.
 * An arena owns everything of one document and frees it in one go.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* As without the x, but never NULL: without memory the process ends (die_oom). The caller frees. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size); /* n × size, overflow checked */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* fn is called by die_oom, on its thread, before the process ends: to put a terminal back. */
void die_hook(void (*fn)(void));
/* Says that memory is gone and ends the process at once, with status 1. */
void die_oom(void) __attribute__((noreturn));

/* Memory that is freed together; {0} is an empty one. What these return is the arena's, and never NULL. */
struct arena {
	struct arena_block *head;
};

/* As xcalloc, xstrdup, xstrndup and xasprintf, in the arena. */
void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_release(struct arena *a);

#endif
