/* A form over fields of the inventory: what is seen of it. */
#include "tui/form.h"

#include <string.h>

enum { LABEL_WIDTH = 27, MARK_WIDTH = 2, DETAIL_HEIGHT = 7 };

/* "kubernetes" of "kubernetes.repository.url", "host" and "ssh" of a host's fields; length in *n. */
static const char *section(const char *path, int *n)
{
	bool host = str_starts(path, "hosts[].");
	const char *rest = host ? path + strlen("hosts[].") : path, *dot = strchr(rest, '.');

	if (dot) {
		*n = (int)(dot - rest);
		return rest;
	}
	rest = host ? "host" : "general";
	*n = (int)strlen(rest);
	return rest;
}

static bool heads(const struct form *f, size_t i)
{
	const char *a, *b;
	int n, m;

	if (i == 0)
		return true;
	a = section(f->fields[i - 1]->path, &n);
	b = section(f->fields[i]->path, &m);
	return n != m || strncmp(a, b, (size_t)n) != 0;
}

static void draw_left_out(const struct form *f, struct canvas *c, int y, int x, int w, bool selected, size_t i)
{
	const struct inventory_field *field = f->fields[i];
	enum style dim = selected ? STYLE_FOCUS : STYLE_DIM;
	struct str text = STR_INIT;

	if (field->type == INVENTORY_TYPE_RESERVED)
		canvas_text(c, y, x, w, dim, "not yet");
	else if (field->required)
		canvas_text(c, y, x, w, STYLE_WARNING, "required");
	else if (form_fallback(f, field, &text))
		canvas_textf(c, y, x, w, dim, "(default %s)", text.buf);
	str_release(&text);
}

static void draw_field(const struct form *f, struct canvas *c, int y, int x, int width, size_t i)
{
	bool selected = i == f->list.selected && !f->search.typing, here = selected && f->editing;
	bool reserved = f->fields[i]->type == INVENTORY_TYPE_RESERVED;
	int label = width / 2 < LABEL_WIDTH ? width / 2 : LABEL_WIDTH, at = x + MARK_WIDTH + label + 1;
	int w = x + width - at;
	struct str text = STR_INIT;

	if (selected && !here)
		canvas_fill(c, y, x, 1, width, STYLE_FOCUS);
	if (i == f->list.selected)
		canvas_symbol(c, y, x, here ? STYLE_KEY : STYLE_FOCUS, SYMBOL_POINTER);
	if (label > 0)
		canvas_text(c, y, x + MARK_WIDTH, label,
			selected && !here ? STYLE_FOCUS
			: reserved        ? STYLE_DIM
					  : STYLE_LABEL,
			f->fields[i]->label);
	if (w <= 0)
		return;
	if (here)
		editor_draw(&f->editor, c, y, at, w, true);
	else if (form_value(f, f->fields[i], &text))
		canvas_text(c, y, at, w, selected ? STYLE_FOCUS : STYLE_NORMAL, text.buf);
	else
		draw_left_out(f, c, y, at, w, selected, i);
	if (selected && !here)
		canvas_cursor(c, y, at);
	str_release(&text);
}

static void draw_heading(struct canvas *c, int y, int x, int width, const char *path)
{
	int n;
	const char *text = section(path, &n);

	canvas_textf(c, y, x, width, STYLE_HEADING, "%.*s", n, text);
}

/* Fields under headings: lines of the list are more than fields. */
static void draw_list(const struct form *f, struct canvas *c, int y, int x, int height, int width)
{
	struct list lines = { 0 };
	size_t line = 0;

	for (size_t i = 0; i < f->count; i++) {
		lines.count += 1 + heads(f, i);
		if (i == f->list.selected)
			lines.selected = lines.count - 1;
	}
	lines = list_window(&lines, height);
	for (size_t i = 0; i < f->count; i++) {
		for (int part = heads(f, i) ? 0 : 1; part < 2; part++, line++) {
			if (line < lines.top || line >= lines.top + lines.rows)
				continue;
			if (part == 0)
				draw_heading(c, y + (int)(line - lines.top), x, width - 2, f->fields[i]->path);
			else
				draw_field(f, c, y + (int)(line - lines.top), x, width - 2, i);
		}
	}
	list_marks(&lines, c, y, x + width - 1);
}

/* How to write a value of this field. */
static const char *manner(const struct form *f, const struct inventory_field *field)
{
	switch (field->type) {
	case INVENTORY_TYPE_RESERVED: return "This cannot be set yet.";
	case INVENTORY_TYPE_BOOL:
	case INVENTORY_TYPE_CHOICE: return "Left, Right and Space change it. Delete removes it.";
	case INVENTORY_TYPE_SECRET:
		return "Left, Right and Space change it; or type env: and a variable's name, never the secret itself.";
	case INVENTORY_TYPE_MAP: return "Write it as key=value,key=value.";
	case INVENTORY_TYPE_LIST: return "Separate values with commas: a,b.";
	case INVENTORY_TYPE_TREE: return "Write JSON on one line: {\"key\": \"value\"}.";
	default: break;
	}
	if (form_has_lines(field))
		return "Write it on one line, with \\n for a line break.";
	if (f->editing)
		return "Enter accepts it, Esc restores the old value.";
	return field->required ? "Enter changes it." : "Enter changes it, Delete removes it.";
}

static void draw_default(const struct form *f, struct canvas *c, int y, int x, int width)
{
	struct str text = STR_INIT;

	if (form_fallback(f, form_field(f), &text))
		canvas_textf(c, y, x, width, STYLE_DIM, "%s   Default: %s", form_field(f)->path, text.buf);
	else
		canvas_textf(c, y, x, width, STYLE_DIM, "%s%s", form_field(f)->path,
			form_field(f)->required ? "   Required" : "");
	str_release(&text);
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

/* The complaint comes first: it must be seen where there is room for little. */
static void draw_detail(const struct form *f, struct canvas *c, int y, int x, int height, int width)
{
	const struct inventory_field *field = form_field(f);
	int bottom = y + height, n;

	if (height > 2)
		canvas_hline(c, y++, x, width, STYLE_BORDER);
	if (f->complaint[0] && y < bottom) {
		char text[sizeof(f->complaint) + 8] = "error: ";

		strcat(text, f->complaint);
		n = canvas_paragraph(c, y, x, least(3, bottom - y), width, 0, STYLE_FAIL, text);
		y += least(3, n);
	}
	if (f->search.typing && y < bottom) {
		search_draw(&f->search, c, bottom - 1, x, width);
		bottom--;
	}
	if (!field)
		return;
	if (y < bottom) {
		n = canvas_paragraph(c, y, x, least(3, bottom - y), width, 0, STYLE_NORMAL, field->help);
		y += least(3, n);
	}
	if (y < bottom)
		draw_default(f, c, y++, x, width);
	if (y < bottom)
		canvas_text(c, y, x, width, STYLE_DIM, manner(f, field));
}

void form_draw(const struct form *f, struct canvas *c, int y, int x, int height, int width)
{
	int detail = height >= 2 * DETAIL_HEIGHT ? DETAIL_HEIGHT : height / 3;

	if (height <= 0 || width <= 0)
		return;
	if (detail == 0 && (f->complaint[0] || f->search.typing) && height > 1)
		detail = 1;
	draw_list(f, c, y, x, height - detail, width);
	if (detail)
		draw_detail(f, c, y + height - detail, x, detail, width);
}
