#include "base/alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*hook)(void);

void die_hook(void (*fn)(void))
{
	hook = fn;
}

void die_oom(void)
{
	if (hook)
		hook();
	fputs("kubewright: out of memory\n", stderr);
	_exit(1);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die_oom();
	return p;
}

void *xrealloc(void *p, size_t n, size_t size)
{
	void *q = reallocarray(p, n ? n : 1, size ? size : 1);

	if (!q)
		die_oom();
	return q;
}

char *xstrndup(const char *s, size_t n)
{
	char *p = xcalloc(n + 1, 1);

	memcpy(p, s, n);
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	if (vasprintf(&p, fmt, ap) < 0)
		die_oom();
	va_end(ap);
	return p;
}

#define BLOCK 4096

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	max_align_t data[];
};

void *arena_alloc(struct arena *a, size_t size)
{
	size_t align = sizeof(max_align_t), need = (size + align - 1) / align * align;
	struct arena_block *b = a->head;

	if (size > PTRDIFF_MAX)
		die_oom();
	if (!b || b->size - b->used < need) {
		size_t room = need > BLOCK ? need : BLOCK;

		b = xcalloc(1, sizeof(*b) + room);
		b->size = room;
		b->next = a->head;
		a->head = b;
	}
	void *p = (char *)b->data + b->used;
	b->used += need;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p, *q;

	va_start(ap, fmt);
	if (vasprintf(&p, fmt, ap) < 0)
		die_oom();
	va_end(ap);
	q = arena_strdup(a, p);
	free(p);
	return q;
}

void arena_release(struct arena *a)
{
	while (a->head) {
		struct arena_block *b = a->head;

		a->head = b->next;
		free(b);
	}
}
