/* Dialogs: their frame, a message, a question. */
#include "tui/dialog.h"

#include "base/alloc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = 18 };

static int least(int a, int b)
{
	return a < b ? a : b;
}

void dialog_box(struct canvas *c, const char *title, int height, int width, int *y, int *x, int *h, int *w)
{
	height = height < 1 ? 1 : least(height, c->height);
	width = width < 1 ? 1 : least(width, c->width);
	*y = (c->height - height) / 2;
	*x = (c->width - width) / 2;
	canvas_fill(c, *y, *x, height, width, STYLE_NORMAL);
	canvas_box(c, *y, *x, height, width, STYLE_BORDER, title);
	*y += 1;
	*x += 2;
	*h = height > 2 ? height - 2 : 0;
	*w = width > 4 ? width - 4 : 0;
}

int dialog_lines(struct canvas *c, const char *text)
{
	return canvas_paragraph(c, 0, 0, 0, least(DIALOG_TEXT, c->width - 4), 0, STYLE_NORMAL, text);
}

void dialog_text(struct canvas *c, int y, int x, int h, int w, const char *text)
{
	if (h > 0 && w > 0)
		canvas_paragraph(c, y, x, h, w, 0, STYLE_NORMAL, text);
}

/* ---- a message ---------------------------------------------------------------------------------------------------------- */

struct message {
	struct screen screen;
	char *title, *text;
	enum style kind;
	int from, count; /* first line shown; lines that the text has at least */
};

static void draw_message(const struct screen *s, struct canvas *c)
{
	static const enum symbol symbols[STYLE_COUNT] = {
		[STYLE_OK] = SYMBOL_OK,
		[STYLE_WARNING] = SYMBOL_WARNING,
		[STYLE_FAIL] = SYMBOL_FAIL,
	};
	const struct message *m = (const struct message *)s;
	int y, x, h, w, n = dialog_lines(c, m->text), from;

	dialog_box(c, m->title, n + 4, DIALOG_WIDTH, &y, &x, &h, &w);
	if (symbols[m->kind] != SYMBOL_NONE && x < c->width)
		canvas_symbol(c, y - 1, x - 1, m->kind, symbols[m->kind]);
	h -= 2;
	if (h <= 0 || w <= 0)
		return;
	from = n > h ? least(m->from, n - h) : 0;
	canvas_paragraph(c, y, x, h, w, from, STYLE_NORMAL, m->text);
	if (n > h)
		canvas_text(c, y + h + 1, x, w, STYLE_DIM, "Up and Down show the rest; any other key continues");
	else
		canvas_text(c, y + h + 1, x, w, STYLE_DIM, "any key continues");
	canvas_cursor(c, y + h + 1, x);
}

static bool message_key(struct screen *s, int key)
{
	struct message *m = (struct message *)s;
	int step = key == K_UP ? -1 : key == K_DOWN ? 1 : key == K_PAGE_UP ? -LONG : key == K_PAGE_DOWN ? LONG : 0;

	if (step && m->count > LONG) {
		m->from += step;
		m->from = m->from < 0 ? 0 : least(m->from, m->count - LONG);
		return true;
	}
	app_pop(s->app);
	return true;
}

static void message_free(struct screen *s)
{
	struct message *m = (struct message *)s;

	free(m->title);
	free(m->text);
	free(m);
}

struct screen *screen_message(const char *title, enum style kind, const char *text)
{
	static const struct screen_ops ops = {
		.title = "Message",
		.about = "A message. Any key continues.",
		.draw = draw_message,
		.key = message_key,
		.free = message_free,
		.dialog = true,
	};
	struct message *m = xcalloc(1, sizeof(*m));
	struct canvas c;

	m->screen.ops = &ops;
	m->title = xstrdup(title ? title : "");
	m->text = xstrdup(text ? text : "");
	m->kind = (unsigned)kind < STYLE_COUNT ? kind : STYLE_NORMAL;
	canvas_init(&c, DIALOG_WIDTH, 1, false);
	m->count = dialog_lines(&c, m->text);
	canvas_release(&c);
	return &m->screen;
}

/* ---- a question --------------------------------------------------------------------------------------------------------- */

struct question {
	struct screen screen;
	char *title, *text;
	char **answers;
	int count, selected;
	void (*fn)(struct screen *asked_for, int answer, void *ctx);
	struct screen *asked_for;
	void *ctx;
};

static struct question *question_of(struct screen *s)
{
	return (struct question *)s;
}

/* " > yes " at y, x. */
static void draw_answer(const struct question *q, struct canvas *c, int y, int x, int w, int i)
{
	enum style style = i == q->selected ? STYLE_FOCUS : STYLE_INPUT;

	if (w <= 0)
		return;
	canvas_fill(c, y, x, 1, least(w, canvas_columns(c, q->answers[i]) + 4), style);
	canvas_text(c, y, x + 3, w > 3 ? w - 3 : 1, style, q->answers[i]);
	if (i != q->selected)
		return;
	canvas_symbol(c, y, x + 1, style, SYMBOL_POINTER);
	canvas_cursor(c, y, x + 1);
}

/* Columns of all answers side by side. */
static int answers_width(const struct question *q, const struct canvas *c)
{
	int n = 0;

	for (int i = 0; i < q->count; i++)
		n += canvas_columns(c, q->answers[i]) + 6;
	return n - 2;
}

static void draw_question(const struct screen *s, struct canvas *c)
{
	const struct question *q = (const struct question *)s;
	bool beside = answers_width(q, c) <= least(DIALOG_TEXT, c->width - 4);
	int rows = beside ? 1 : q->count, y, x, h, w;

	dialog_box(c, q->title, dialog_lines(c, q->text) + rows + 3, DIALOG_WIDTH, &y, &x, &h, &w);
	/* the answers are there before the question is: they must be seen */
	dialog_text(c, y, x, h - rows - 1, w, q->text);
	y += h > rows ? h - rows : 0;
	for (int i = 0; i < q->count; i++) {
		draw_answer(q, c, beside ? y : y + i, x, w, i);
		x += beside ? canvas_columns(c, q->answers[i]) + 6 : 0;
		w -= beside ? canvas_columns(c, q->answers[i]) + 6 : 0;
	}
}

static void answer(struct question *q, int i)
{
	app_pop(q->screen.app);
	if (q->fn)
		q->fn(q->asked_for, i, q->ctx);
}

static void choose(struct screen *s)
{
	answer(question_of(s), question_of(s)->selected);
}

static void refuse(struct screen *s)
{
	answer(question_of(s), 0);
}

static void forward(struct screen *s)
{
	question_of(s)->selected = (question_of(s)->selected + 1) % question_of(s)->count;
}

static void back(struct screen *s)
{
	question_of(s)->selected = (question_of(s)->selected + question_of(s)->count - 1) % question_of(s)->count;
}

/* An answer's first letter moves to it, and to the next one that begins with it. It does not choose: a slip must not. */
static bool question_key(struct screen *s, int key)
{
	struct question *q = question_of(s);

	for (int k = 1; key < 0x80 && isalnum(key) && k <= q->count; k++) {
		int i = (q->selected + k) % q->count;

		if (tolower((unsigned char)q->answers[i][0]) != tolower(key))
			continue;
		q->selected = i;
		return true;
	}
	return false;
}

static void question_free(struct screen *s)
{
	struct question *q = question_of(s);

	for (int i = 0; i < q->count; i++)
		free(q->answers[i]);
	free(q->answers);
	free(q->title);
	free(q->text);
	free(q);
}

struct screen *screen_question(const char *title, const char *text, const char *answers,
	void (*fn)(struct screen *asked_for, int answer, void *ctx), struct screen *asked_for, void *ctx)
{
	static const struct binding bindings[] = {
		{ K_ENTER, "Choose", "Chooses the marked answer.", choose, NULL },
		{ K_ESCAPE, "Back", "Chooses the first answer, the safe one.", refuse, NULL },
		{ K_RIGHT, "Next", "Marks the next answer. Its first letter does so too.", forward, NULL },
		{ K_LEFT, NULL, "Marks the previous answer.", back, NULL },
		{ K_TAB, NULL, "Marks the next answer.", forward, NULL },
		{ K_BACK_TAB, NULL, "Marks the previous answer.", back, NULL },
		{ K_DOWN, NULL, "Marks the next answer.", forward, NULL },
		{ K_UP, NULL, "Marks the previous answer.", back, NULL },
		{ 0 },
	};
	static const struct screen_ops ops = {
		.title = "Question",
		.about = "A question. Nothing happens before you answer it.",
		.bindings = bindings,
		.draw = draw_question,
		.key = question_key,
		.free = question_free,
		.dialog = true,
	};
	struct question *q = xcalloc(1, sizeof(*q));
	const char *p = answers ? answers : "";

	*q = (struct question){ .screen.ops = &ops, .fn = fn, .asked_for = asked_for, .ctx = ctx };
	q->title = xstrdup(title ? title : "");
	q->text = xstrdup(text ? text : "");
	for (;; p++) {
		size_t n = strcspn(p, "|");

		q->answers = xrealloc(q->answers, (size_t)q->count + 1, sizeof(*q->answers));
		q->answers[q->count++] = xstrndup(p, n);
		p += n;
		if (!*p)
			return &q->screen;
	}
}
