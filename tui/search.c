/* What `/`, n and N do in lists and texts. */
#include "tui/widgets.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void search_init(struct search *s)
{
	*s = (struct search){ 0 };
	editor_init(&s->pattern, NULL, false);
}

void search_release(struct search *s)
{
	editor_release(&s->pattern);
	free(s->last);
	*s = (struct search){ 0 };
}

/* An empty pattern looks for the one before again. */
static void entered(struct search *s, int *again)
{
	s->typing = false;
	if (s->pattern.len) {
		free(s->last);
		s->last = xstrdup(s->pattern.text);
	}
	*again = s->last ? 1 : 0;
}

static bool typing_key(struct search *s, int key, int *again)
{
	if (key == K_ENTER) {
		entered(s, again);
		return true;
	}
	if (key == K_ESCAPE || (key == K_BACKSPACE && s->pattern.len == 0)) {
		s->typing = false;
		return true;
	}
	return editor_key(&s->pattern, key);
}

bool search_key(struct search *s, int key, int *again)
{
	*again = 0;
	if (s->typing)
		return typing_key(s, key, again);
	if (key == '/') {
		s->typing = true;
		editor_set(&s->pattern, NULL);
		return true;
	}
	if (s->last && (key == 'n' || key == 'N')) {
		*again = key == 'n' ? 1 : -1;
		return true;
	}
	return false;
}

bool search_matches(const struct search *s, const char *text)
{
	if (!s->last || !text)
		return false;
	for (const char *p = s->last; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			return strstr(text, s->last) != NULL;
	return strcasestr(text, s->last) != NULL;
}

size_t search_next(const struct search *s, size_t count, size_t from, int direction,
	const char *(*text)(size_t i, void *ctx), void *ctx)
{
	if (count == 0 || !s->last)
		return count;
	if (from >= count)
		from = direction < 0 ? 0 : count - 1;
	for (size_t k = 0; k < count; k++) {
		from = direction < 0 ? (from ? from : count) - 1 : (from + 1) % count;
		if (search_matches(s, text(from, ctx)))
			return from;
	}
	return count;
}

bool search_list(
	struct search *s, struct list *l, int key, const char *(*text)(size_t i, void *ctx), void *ctx, bool *none)
{
	size_t found = l->count;
	int again;

	*none = false;
	if (!search_key(s, key, &again))
		return false;
	if (again)
		found = search_next(s, l->count, l->selected, again, text, ctx);
	*none = again && found == l->count;
	if (found < l->count)
		l->selected = found;
	return true;
}

void search_draw(const struct search *s, struct canvas *c, int y, int x, int width)
{
	if (!s->typing || width <= 0)
		return;
	canvas_text(c, y, x, width, STYLE_KEY, "/");
	editor_draw(&s->pattern, c, y, x + 1, width - 1, true);
}
