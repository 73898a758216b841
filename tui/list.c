/* A list that scrolls. It knows numbers only: what the lines say is its owner's. */
#include "tui/widgets.h"

enum { PAGE = 10 };

void list_resize(struct list *l, size_t count)
{
	l->count = count;
	if (l->selected >= count)
		l->selected = count ? count - 1 : 0;
	if (l->top > l->selected)
		l->top = l->selected;
}

struct list list_window(const struct list *l, int rows)
{
	struct list w = *l;
	size_t room = rows > 0 ? (size_t)rows : 1, last;

	list_resize(&w, w.count);
	last = w.count > room ? w.count - room : 0;
	if (l->rows == 0)
		/* nobody keeps the window between keys: the selection stands in the middle, so that both sides of it show */
		w.top = w.selected > room / 2 ? w.selected - room / 2 : 0;
	else if (w.selected < w.top)
		w.top = w.selected;
	else if (w.selected - w.top >= room)
		w.top = w.selected - room + 1;
	if (w.top > last)
		w.top = last;
	w.rows = rows > 0 ? (size_t)rows : 0;
	return w;
}

bool list_key(struct list *l, int key)
{
	size_t page = l->rows ? l->rows : PAGE, last = l->count ? l->count - 1 : 0;

	list_resize(l, l->count);
	switch (key) {
	case K_UP:
	case 'k': l->selected -= l->selected > 0; break;
	case K_DOWN:
	case 'j': l->selected += l->selected < last; break;
	case K_PAGE_UP: l->selected -= l->selected < page ? l->selected : page; break;
	case K_PAGE_DOWN: l->selected += last - l->selected < page ? last - l->selected : page; break;
	case K_HOME:
	case 'g': l->selected = 0; break;
	case K_END:
	case 'G': l->selected = last; break;
	default: return false;
	}
	if (l->rows)
		*l = list_window(l, (int)l->rows);
	return true;
}

void list_marks(const struct list *l, struct canvas *c, int y, int x)
{
	if (l->rows == 0)
		return;
	if (l->top > 0)
		canvas_symbol(c, y, x, STYLE_DIM, SYMBOL_UP);
	if (l->count > l->rows && l->top < l->count - l->rows)
		canvas_symbol(c, y + (int)l->rows - 1, x, STYLE_DIM, SYMBOL_DOWN);
}
