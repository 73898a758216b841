/* A dialog with a line to be typed. */
#include "tui/dialog.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdlib.h>
#include <string.h>

static int least(int a, int b)
{
	return a < b ? a : b;
}

struct input {
	struct screen screen;
	char *title, *text, *expected, *complaint;
	struct editor editor;
	bool fresh; /* nothing was typed yet: a character replaces what was proposed */
	const char *(*fn)(struct screen *asked_for, const char *text, void *ctx);
	struct screen *asked_for;
	void *ctx;
};

static void draw_input(const struct screen *s, struct canvas *c)
{
	const struct input *in = (const struct input *)s;
	int y, x, h, w, n = in->complaint ? least(dialog_lines(c, in->complaint), 3) : 0;

	dialog_box(c, in->title, dialog_lines(c, in->text) + 5 + (n ? n - 1 : 0), DIALOG_WIDTH, &y, &x, &h, &w);
	dialog_text(c, y, x, h - 2 - (n ? n : 1), w, in->text);
	if (w <= 0)
		return;
	if (n && h > n)
		canvas_paragraph(c, y + h - n, x, n, w, 0, STYLE_FAIL, in->complaint);
	y += h - 1 - (n ? n : 1);
	editor_draw(&in->editor, c, y < 0 ? 0 : y, x, w, true);
}

static void complain(struct input *in, const char *text)
{
	free(in->complaint);
	in->complaint = xasprintf("error: %s", text);
}

static void take(struct screen *s)
{
	struct input *in = (struct input *)s;
	size_t mark = app_mark(s->app);
	const char *why;

	if (in->expected && strcmp(in->editor.text, in->expected) != 0) {
		char *text = xasprintf("to continue, type: %s", in->expected);

		complain(in, text);
		free(text);
		return;
	}
	why = in->fn ? in->fn(in->asked_for, in->editor.text, in->ctx) : NULL;
	if (why)
		complain(in, why);
	else
		app_pop_at(s->app, mark);
}

static void cancel(struct screen *s)
{
	app_pop(s->app);
}

static bool input_key(struct screen *s, int key)
{
	struct input *in = (struct input *)s;

	if (in->fresh && key >= ' ' && key != K_BACKSPACE && key < K_UP)
		editor_set(&in->editor, "");
	in->fresh = false;
	if (!editor_key(&in->editor, key))
		return false;
	free(in->complaint);
	in->complaint = NULL;
	return true;
}

static bool input_text(const struct screen *s)
{
	(void)s;
	return true;
}

static void input_paste(struct screen *s, const char *text)
{
	size_t n = strlen(text);
	char *line;

	/* the line end that was copied with it */
	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	line = xstrndup(text, n);
	editor_paste(&((struct input *)s)->editor, line);
	secret_wipe(line, n);
	free(line);
}

static void input_free(struct screen *s)
{
	struct input *in = (struct input *)s;

	editor_release(&in->editor);
	free(in->title);
	free(in->text);
	free(in->expected);
	free(in->complaint);
	free(in);
}

struct screen *screen_input(const char *title, const char *text, const char *initial, const char *expected, bool secret,
	const char *(*fn)(struct screen *asked_for, const char *text, void *ctx), struct screen *asked_for, void *ctx)
{
	static const struct binding bindings[] = {
		{ K_ENTER, "OK", "Accepts what was typed.", take, NULL },
		{ K_ESCAPE, "Cancel", "Closes this and changes nothing.", cancel, NULL },
		{ 0 },
	};
	static const struct screen_ops ops = {
		.title = "Input",
		.about = "Type one line. Ctrl-U empties it, Ctrl-W deletes the last word.",
		.bindings = bindings,
		.draw = draw_input,
		.key = input_key,
		.text = input_text,
		.paste = input_paste,
		.free = input_free,
		.dialog = true,
	};
	struct input *in = xcalloc(1, sizeof(*in));

	*in = (struct input){ .screen.ops = &ops, .fn = fn, .asked_for = asked_for, .ctx = ctx };
	in->title = xstrdup(title ? title : "");
	in->text = xstrdup(text ? text : "");
	in->expected = expected ? xstrdup(expected) : NULL;
	editor_init(&in->editor, initial, secret);
	return &in->screen;
}
