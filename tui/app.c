/* The stack of screens: who is on top, and who gets a key. */
#include "tui/app_stack.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the stack -------------------------------------------------------------------------------------------------------- */

static void remove_top(struct app *a)
{
	struct screen *s = a->stack[--a->count];

	if (s->ops->free)
		s->ops->free(s);
}

static void add(struct app *a, struct screen *s)
{
	a->stack = xrealloc(a->stack, a->count + 1, sizeof(*a->stack));
	a->ids = xrealloc(a->ids, a->count + 1, sizeof(*a->ids));
	a->ids[a->count] = ++a->last_id;
	a->stack[a->count++] = s;
}

static bool has(const struct app *a, const struct screen *s)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->stack[i] == s)
			return true;
	return false;
}

static void change(struct app *a, const struct change *c)
{
	if (c->kind == CHANGE_POP_TO) {
		while (has(a, c->screen) && a->stack[a->count - 1] != c->screen)
			remove_top(a);
		return;
	}
	if (c->kind != CHANGE_PUSH && a->count)
		remove_top(a);
	if (c->kind != CHANGE_POP)
		add(a, c->screen);
}

static void enter(struct app *a)
{
	a->depth++;
}

/* A screen's function came back: what was asked for meanwhile is done, and the new top screen hears of it. */
static void leave(struct app *a)
{
	if (a->depth > 1) {
		a->depth--;
		return;
	}
	while (a->change_count) {
		struct change *list = a->changes;
		size_t count = a->change_count;
		unsigned top = a->count ? a->ids[a->count - 1] : 0;

		a->changes = NULL;
		a->change_count = 0;
		for (size_t i = 0; i < count; i++)
			change(a, &list[i]);
		free(list);
		a->over = a->over || a->count == 0;
		if (a->count && a->ids[a->count - 1] != top && a->stack[a->count - 1]->ops->shown)
			a->stack[a->count - 1]->ops->shown(a->stack[a->count - 1]);
	}
	a->depth--;
}

static void later(struct app *a, size_t at, enum change_kind kind, struct screen *s)
{
	if (s) {
		s->app = a;
		s->wizard = a->wizard;
	}
	enter(a);
	a->changes = xrealloc(a->changes, a->change_count + 1, sizeof(*a->changes));
	memmove(a->changes + at + 1, a->changes + at, (a->change_count - at) * sizeof(*a->changes));
	a->changes[at] = (struct change){ kind, s };
	a->change_count++;
	leave(a);
}

struct app *app_new(struct wizard *w, bool ascii)
{
	struct app *a = xcalloc(1, sizeof(*a));

	a->wizard = w;
	(void)ascii; /* each canvas knows that itself */
	return a;
}

void app_free(struct app *a)
{
	if (!a)
		return;
	/* screens that go may ask for changes still: nothing comes of them */
	a->depth = 1;
	while (a->count)
		remove_top(a);
	for (size_t i = 0; i < a->change_count; i++) {
		struct screen *s = a->changes[i].screen;

		if ((a->changes[i].kind == CHANGE_PUSH || a->changes[i].kind == CHANGE_REPLACE) && s->ops->free)
			s->ops->free(s);
	}
	free(a->changes);
	free(a->stack);
	free(a->ids);
	free(a);
}

void app_push(struct app *a, struct screen *s)
{
	later(a, a->change_count, CHANGE_PUSH, s);
}

void app_pop(struct app *a)
{
	later(a, a->change_count, CHANGE_POP, NULL);
}

void app_replace(struct app *a, struct screen *s)
{
	later(a, a->change_count, CHANGE_REPLACE, s);
}

void app_pop_to(struct app *a, struct screen *s)
{
	later(a, a->change_count, CHANGE_POP_TO, s);
}

size_t app_mark(const struct app *a)
{
	return a->change_count;
}

void app_pop_at(struct app *a, size_t mark)
{
	later(a, mark < a->change_count ? mark : a->change_count, CHANGE_POP, NULL);
}

void app_quit(struct app *a)
{
	a->over = true;
}

bool app_over(const struct app *a)
{
	return a->over;
}

struct screen *app_bottom(const struct app *a)
{
	return a->count ? a->stack[0] : NULL;
}

struct screen *app_top(const struct app *a)
{
	return a->count ? a->stack[a->count - 1] : NULL;
}

bool app_take_redraw(struct app *a)
{
	bool redraw = a->redraw;

	a->redraw = false;
	return redraw;
}

void app_say(struct app *a, enum style kind, const char *fmt, ...)
{
	va_list ap;

	a->said_kind = kind;
	va_start(ap, fmt);
	vsnprintf(a->said, sizeof(a->said), fmt, ap);
	va_end(ap);
}

/* ---- keys --------------------------------------------------------------------------------------------------------------- */

bool app_typing(const struct screen *s)
{
	return s->ops->text && s->ops->text(s);
}

static bool bound(struct screen *s, int key)
{
	for (const struct binding *b = s->ops->bindings; b && b->key; b++) {
		if (b->key != key || (b->when && !b->when(s)))
			continue;
		if (b->act)
			b->act(s);
		return true;
	}
	return false;
}

static void own_key(struct app *a, struct screen *s, int key)
{
	if (key == '?' || key == K_F1)
		app_push(a, screen_help(s->ops));
	else if (key == K_CTRL('l'))
		a->redraw = true;
	else if (key == K_ESCAPE && a->count > 1)
		app_pop(a);
}

void app_key(struct app *a, int key)
{
	struct screen *s = app_top(a);
	bool first;

	if (!s || a->over || key == K_NONE || key == K_RESIZE)
		return;
	a->said[0] = '\0';
	/* the habit of Ctrl-C must not end a run */
	if (key == K_CTRL('c'))
		key = K_ESCAPE;
	enter(a);
	first = app_typing(s) && s->ops->key;
	if (!(first && s->ops->key(s, key)) && !bound(s, key) && !(!first && s->ops->key && s->ops->key(s, key)))
		own_key(a, s, key);
	leave(a);
}

/* Characters one by one, for a screen that knows no pasting. Line ends and controls must not be taken for keys. */
static void paste_keys(struct app *a, struct screen *s, const char *text)
{
	struct str clean = STR_INIT;

	str_add_printable(&clean, text, strlen(text));
	for (const unsigned char *p = (const unsigned char *)clean.buf; *p && app_typing(s) && app_mark(a) == 0;) {
		int code = *p < ' ' ? ' ' : *p, more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;

		code = more ? code & (0x3f >> more) : code;
		for (p++; more > 0 && *p; more--)
			code = code << 6 | (*p++ & 0x3f);
		s->ops->key(s, code);
	}
	str_wipe(&clean);
}

void app_paste(struct app *a, const char *text)
{
	struct screen *s = app_top(a);

	if (!s || a->over || !text)
		return;
	a->said[0] = '\0';
	enter(a);
	if (s->ops->paste)
		s->ops->paste(s, text);
	else if (s->ops->key)
		paste_keys(a, s, text);
	leave(a);
}

void app_changed(struct app *a)
{
	enter(a);
	for (size_t i = 0; i < a->count; i++)
		if (a->stack[i]->ops->changed)
			a->stack[i]->ops->changed(a->stack[i]);
	leave(a);
}
