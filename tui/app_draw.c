/* What is seen of the stack: the bars, the top screen, and what dialogs stand over. */
#include "tui/app_stack.h"

#include "base/str.h"
#include "tui/wizard.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, HEIGHT = 24, GAP = 2 };

static void draw_top(const struct app *a, struct canvas *c, const char *title)
{
	const struct document *d = a->wizard ? a->wizard->document : NULL;
	struct str right = STR_INIT;
	int columns, room;

	if (d && document_get(d, "cluster", &right) <= 0)
		str_clear(&right);
	if (a->wizard && wizard_running(a->wizard))
		str_add(&right, right.len ? "  running" : "running");
	columns = canvas_columns(c, right.buf);
	room = columns > c->width / 2 ? c->width / 2 : columns;
	canvas_fill(c, 0, 0, 1, c->width, STYLE_TITLE);
	canvas_textf(c, 0, 0, c->width - room - 2, STYLE_TITLE, " kubewright  %s", title ? title : "");
	if (room > 0)
		canvas_text(c, 0, c->width - room - 1, room, STYLE_TITLE, right.buf);
	str_release(&right);
}

static bool is_character(int key)
{
	return key >= ' ' && key != K_BACKSPACE && key < 0x110000;
}

/* " F2 Command" at x; false when that does not fit before end. */
static bool hint(struct canvas *c, int *x, int end, int key, const char *label)
{
	char name[32];
	int n;

	key_name(key, name, sizeof(name));
	n = canvas_columns(c, name) + 1 + canvas_columns(c, label);
	if (*x + n > end)
		return false;
	*x += canvas_text(c, c->height - 1, *x, 0, STYLE_KEY, name) + 1;
	*x += canvas_text(c, c->height - 1, *x, 0, STYLE_BAR, label) + GAP;
	return true;
}

static void draw_hints(struct canvas *c, const struct screen *s)
{
	bool types = app_typing(s);
	int help = types ? K_F1 : '?', x = 1, end = c->width - (types ? 7 : 6) - GAP;

	for (const struct binding *b = s->ops->bindings; b && b->key; b++) {
		/* a character that would be typed does nothing else */
		if (!b->label || (b->when && !b->when(s)) || (types && is_character(b->key)))
			continue;
		/* what drops out drops out at the right */
		if (!hint(c, &x, end, b->key, b->label))
			break;
	}
	/* a message goes away with any key */
	if (s->ops->bindings)
		hint(c, &x, c->width, help, "Help");
}

static void draw_said(const struct app *a, struct canvas *c)
{
	static const enum symbol symbols[STYLE_COUNT] = {
		[STYLE_OK] = SYMBOL_OK,
		[STYLE_WARNING] = SYMBOL_WARNING,
		[STYLE_FAIL] = SYMBOL_FAIL,
	};
	enum style style = a->said_kind == STYLE_NORMAL || a->said_kind >= STYLE_COUNT ? STYLE_BAR : a->said_kind;
	int x = 1;

	if (symbols[style] != SYMBOL_NONE)
		x += canvas_symbol(c, c->height - 1, x, style, symbols[style]) + 1;
	canvas_text(c, c->height - 1, x, 0, style, a->said);
}

/* The lowest screen that shows: dialogs stand over others. */
static size_t base(const struct app *a)
{
	size_t i = a->count - 1;

	while (i > 0 && a->stack[i]->ops->dialog)
		i--;
	return i;
}

static void draw_screens(const struct app *a, struct canvas *c, size_t from)
{
	struct canvas area;

	canvas_init(&area, c->width, c->height - 2, c->ascii);
	for (size_t i = from; i < a->count; i++) {
		const struct screen *s = a->stack[i];

		for (int y = 0; s->ops->dialog && y < area.height; y++)
			canvas_restyle(&area, y, 0, area.width, STYLE_DIM);
		/* only the top screen has the cursor */
		canvas_cursor(&area, -1, -1);
		if (s->ops->draw)
			s->ops->draw(s, &area);
	}
	memcpy(c->cells + c->width, area.cells, (size_t)area.width * (size_t)area.height * sizeof(*area.cells));
	if (area.cursor_y >= 0)
		canvas_cursor(c, area.cursor_y + 1, area.cursor_x);
	canvas_release(&area);
}

static void draw_small(struct canvas *c)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "too small: %dx%d (need %dx%d)", c->width, c->height, WIDTH, HEIGHT);

	canvas_text(c, c->height / 2, n < c->width ? (c->width - n) / 2 : 0, c->width, STYLE_WARNING, text);
}

void app_draw(struct app *a, struct canvas *c)
{
	size_t from;

	canvas_clear(c);
	canvas_cursor(c, -1, -1);
	if (c->width < WIDTH || c->height < HEIGHT) {
		draw_small(c);
		return;
	}
	if (!a->count)
		return;
	from = base(a);
	draw_top(a, c, a->stack[from]->ops->title);
	draw_screens(a, c, from);
	canvas_fill(c, c->height - 1, 0, 1, c->width, STYLE_BAR);
	if (a->said[0])
		draw_said(a, c);
	else
		draw_hints(c, app_top(a));
}
