/* Host keys that are not known yet, in one table: those that are marked are accepted together, the others refused. */
#include "tui/hostkeys.h"
#include "tui/wizard.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	uint64_t question;
	char *fields[CODE_FIELDS]; /* HOST_KEY_HOST, … */
	bool marked, sent;
};
struct hostkeys {
	struct screen screen;
	struct list list;
	struct row *rows;
};

static struct hostkeys *keys_of(struct screen *s)
{
	return (struct hostkeys *)s;
}

bool hostkeys_asks(const struct runview_question *q)
{
	return q->code == QUESTION_HOST_KEY;
}

static void row_release(struct row *r)
{
	for (size_t i = 0; i < CODE_FIELDS; i++)
		free(r->fields[i]);
}

static void drop(struct hostkeys *k, size_t i)
{
	row_release(&k->rows[i]);
	memmove(&k->rows[i], &k->rows[i + 1], (k->list.count - i - 1) * sizeof(*k->rows));
	/* the line stays selected whatever goes above it */
	k->list.selected -= k->list.selected > i;
	list_resize(&k->list, k->list.count - 1);
}

static bool is_open(const struct wizard *w, uint64_t question)
{
	for (size_t i = 0; wizard_running(w) && w->view_valid && i < w->view.question_count; i++)
		if (w->view.questions[i].seq == question)
			return true;
	return false;
}

static bool is_listed(const struct hostkeys *k, uint64_t question)
{
	for (size_t i = 0; i < k->list.count; i++)
		if (k->rows[i].question == question)
			return true;
	return false;
}

static void add(struct hostkeys *k, const struct runview_question *q)
{
	struct row *r;

	k->rows = xrealloc(k->rows, k->list.count + 1, sizeof(*k->rows));
	r = &k->rows[k->list.count];
	*r = (struct row){ .question = q->seq };
	for (size_t i = 0; i < CODE_FIELDS; i++)
		r->fields[i] = xstrdup(q->fields[i]);
	list_resize(&k->list, k->list.count + 1);
}

/* The rows are the open questions. When the run has taken all answers there is nothing left to see here. */
static void changed(struct screen *s)
{
	struct hostkeys *k = keys_of(s);
	const struct wizard *w = s->wizard;

	for (size_t i = k->list.count; i-- > 0;)
		if (!is_open(w, k->rows[i].question))
			drop(k, i);
	for (size_t i = 0; wizard_running(w) && w->view_valid && i < w->view.question_count; i++) {
		const struct runview_question *q = &w->view.questions[i];

		if (hostkeys_asks(q) && !is_listed(k, q->seq))
			add(k, q);
	}
	if (!k->list.count && app_top(s->app) == s)
		app_pop(s->app);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

static void toggle(struct screen *s)
{
	struct hostkeys *k = keys_of(s);

	if (k->list.count)
		k->rows[k->list.selected].marked ^= !k->rows[k->list.selected].sent;
}

static void mark_all(struct screen *s)
{
	struct hostkeys *k = keys_of(s);
	bool all = true;

	for (size_t i = 0; i < k->list.count; i++)
		all &= k->rows[i].marked || k->rows[i].sent;
	for (size_t i = 0; i < k->list.count; i++)
		if (!k->rows[i].sent)
			k->rows[i].marked = !all;
}

/* The screen stays until the run has taken the answers: then none of them can be asked again. */
static void answer(struct screen *s)
{
	struct hostkeys *k = keys_of(s);

	for (size_t i = 0; i < k->list.count; i++) {
		if (k->rows[i].sent)
			continue;
		k->rows[i].sent = true;
		wizard_answer(s->wizard, k->rows[i].question, k->rows[i].marked);
	}
	if (!k->list.count)
		app_pop(s->app);
}

static void refuse(struct screen *s)
{
	struct hostkeys *k = keys_of(s);

	for (size_t i = 0; i < k->list.count; i++)
		if (!k->rows[i].sent)
			k->rows[i].marked = false;
	answer(s);
}

static bool key(struct screen *s, int code)
{
	return list_key(&keys_of(s)->list, code);
}

/* ---- drawing -------------------------------------------------------------------------------------------------------- */

static void draw_row(const struct row *r, bool selected, int host_width, struct canvas *c, int y, int x, int width)
{
	enum style style = selected ? STYLE_FOCUS : r->sent ? STYLE_DIM : STYLE_NORMAL;
	int at = x, end = x + width;

	if (selected) {
		canvas_fill(c, y, x, 1, width, style);
		canvas_cursor(c, y, x);
	}
	at += 1 + canvas_symbol(c, y, at, style, r->marked ? SYMBOL_MARKED : SYMBOL_UNMARKED);
	canvas_text(c, y, at, host_width < end - at ? host_width : end - at, style, r->fields[HOST_KEY_HOST]);
	at += host_width + 1;
	if (at < end)
		canvas_text(c, y, at, end - at, style, r->fields[HOST_KEY_TYPE]);
	at += 20;
	if (at < end)
		canvas_text(c, y, at, end - at, style, r->fields[HOST_KEY_FINGERPRINT]);
}

static int host_width(const struct hostkeys *k, const struct canvas *c)
{
	int width = 4;

	for (size_t i = 0; i < k->list.count; i++) {
		int n = canvas_columns(c, k->rows[i].fields[HOST_KEY_HOST]);

		width = n > width ? n : width;
	}
	return width > 20 ? 20 : width;
}

/* What a narrow table cuts off is written out for the selected one. */
static void draw_selected(const struct row *r, struct canvas *c, int y, int x, int height, int width)
{
	char text[640];

	if (height <= 0)
		return;
	if (r->sent)
		snprintf(text, sizeof(text), "the answer was sent");
	else
		snprintf(text, sizeof(text), "%s  %s %s%s%s", r->fields[HOST_KEY_HOST], r->fields[HOST_KEY_TYPE],
			r->fields[HOST_KEY_FINGERPRINT], *r->fields[HOST_KEY_NOTE] ? "; " : "",
			r->fields[HOST_KEY_NOTE]);
	canvas_paragraph(c, y, x, height, width, 0, STYLE_LABEL, text);
}

static void draw(const struct screen *s, struct canvas *c)
{
	const struct hostkeys *k = (const struct hostkeys *)s;
	struct list list = k->list;
	int y, x, h, w, intro, rows, wide;

	dialog_box(c, "Host keys that are not known yet", (int)(list.count < 500 ? list.count : 500) + 9, 96, &y, &x,
		&h, &w);
	if (h < 1 || w < 1)
		return;
	intro = canvas_paragraph(c, y, x, h > 4 ? h - 4 : 1, w, 0, STYLE_NORMAL,
		"Compare each fingerprint with what the host itself shows (ssh-keygen -l on its console). Mark those that match.");
	y += intro + 1;
	h -= intro + 1;
	rows = h > 5 ? h - 3 : h;
	if (rows < 1)
		return;
	wide = host_width(k, c);
	list = list_window(&list, rows);
	for (size_t i = list.top; i < list.count && i < list.top + (size_t)rows; i++)
		draw_row(&k->rows[i], i == list.selected, wide, c, y + (int)(i - list.top), x, w - 1);
	list_marks(&list, c, y, x + w - 1);
	if (list.selected < list.count)
		draw_selected(&k->rows[list.selected], c, y + rows + 1, x, h - rows - 1, w);
}

static void release(struct screen *s)
{
	struct hostkeys *k = keys_of(s);

	for (size_t i = 0; i < k->list.count; i++)
		row_release(&k->rows[i]);
	free(k->rows);
	free(k);
}

static const struct binding bindings[] = {
	{ ' ', "Mark", "Marks the selected key as correct, or removes the mark.", toggle, NULL },
	{ 'a', "All", "Marks all keys, or removes all marks.", mark_all, NULL },
	{ K_ENTER, "Accept marked",
		"Accepts the keys that are marked and refuses the others. Hosts whose key is refused are set aside.",
		answer, NULL },
	{ K_ESCAPE, "Refuse all", "Refuses all keys. Their hosts are set aside; you can retry them.", refuse, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Host keys",
	.about =
		"New hosts show a key. Only if its fingerprint is that of the host itself are you talking to that host. "
		"Accepted keys are remembered; a key that changes later is refused.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.shown = changed,
	.changed = changed,
	.free = release,
	.dialog = true,
};

struct screen *screen_hostkeys(void)
{
	struct hostkeys *k = xcalloc(1, sizeof(*k));

	k->screen.ops = &ops;
	return &k->screen;
}
