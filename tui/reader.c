/* Text to be read: lines broken to the width, scrolling, search. */
#include "tui/app.h"

#include "base/alloc.h"
#include "base/str.h"
#include "tui/widgets.h"

#include <stdlib.h>
#include <string.h>

enum { TAB = 8, ROWS = 22, COLUMNS = 80 };

/* A row of the screen: a part of a line. */
struct row {
	size_t line, from, len; /* from: in the text */
	int indent;             /* of what continues from the row before */
};
/* The text, and what drawing found out and keys need: how many rows there are room for. It changes nothing of what is drawn. */
struct layout {
	int width, height;
	bool ascii;
	char *text; /* lines end with \0 */
	size_t *lines, line_count;
	bool diff;
	struct row *rows;
	size_t count;
};
struct reader {
	struct screen screen;
	struct screen_ops ops; /* with a title of its own */
	char *title;
	struct reader_source source; /* make NULL: the text is always the same */
	size_t top, match;           /* first row; the line found last, SIZE_MAX: none */
	struct search search;
	struct layout *layout;
};

static struct reader *of(struct screen *s)
{
	return (struct reader *)s;
}

/* ---- text ---------------------------------------------------------------------------------------------------------------- */

/* Harmless, without tabs. Caller frees. */
static char *clean(const char *text)
{
	struct str raw = STR_INIT, out = STR_INIT;
	size_t column = 0;

	str_add_printable(&raw, text, strlen(text));
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.buf[i] == '\t') {
			do
				str_addc(&out, ' ');
			while (++column % TAB);
			continue;
		}
		str_addc(&out, raw.buf[i]);
		column = raw.buf[i] == '\n' ? 0 : column + (((unsigned char)raw.buf[i] & 0xc0) != 0x80);
	}
	while (out.len && out.buf[out.len - 1] == '\n')
		str_truncate(&out, out.len - 1);
	str_release(&raw);
	return str_detach(&out);
}

/* Another text, or the first one. text: lent. */
static void set_text(struct layout *l, const char *text)
{
	size_t cap = 0;

	free(l->text);
	free(l->lines);
	l->lines = NULL;
	l->line_count = 0;
	l->diff = false;
	l->text = clean(text);
	for (char *p = l->text;;) {
		char *end = strchr(p, '\n');

		if (l->line_count == cap)
			l->lines = xrealloc(l->lines, cap = cap ? cap * 2 : 64, sizeof(*l->lines));
		l->lines[l->line_count++] = (size_t)(p - l->text);
		l->diff = l->diff || str_starts(p, "@@ ");
		if (!end)
			return;
		*end = '\0';
		p = end + 1;
	}
}

static void make_text(const struct reader *r, const struct canvas *c, int width)
{
	struct str text = STR_INIT;

	r->source.make(r->source.ctx, width, c->ascii, &text);
	set_text(r->layout, text.buf);
	str_release(&text);
}

static const char *line_text(size_t i, void *ctx)
{
	const struct layout *l = ((const struct reader *)ctx)->layout;

	return l->text + l->lines[i];
}

/* Bytes of text that make a row of at most width columns. */
static size_t row_length(const struct canvas *c, const char *text, int width)
{
	size_t at = 0, blank = 0;
	int used = 0;

	while (text[at]) {
		char one[5] = "";
		size_t n = 1;

		while (n < 4 && ((unsigned char)text[at + n] & 0xc0) == 0x80)
			n++;
		memcpy(one, text + at, n);
		used += n == 1 ? 1 : canvas_columns(c, one);
		if (used > width && at > 0)
			return blank > at / 2 ? blank : at;
		at += n;
		if (one[0] == ' ')
			blank = at;
	}
	return at;
}

/* Where a line that is broken continues: below its text, in a table of two columns below the second one. */
static int indent_of(const char *line, int width)
{
	size_t first = strspn(line, " "), word = first + strcspn(line + first, " ");
	size_t gap = strspn(line + word, " "), at = first && gap > 1 && word + gap < 20 ? word + gap : first;

	return (int)at < width / 2 ? (int)at : 0;
}

static void lay_out(const struct reader *r, const struct canvas *c, int width, int height)
{
	struct layout *l = r->layout;
	size_t cap = 0;

	l->height = height < 1 ? 1 : height;
	if (l->width == width && l->ascii == c->ascii)
		return;
	l->width = width;
	l->ascii = c->ascii;
	l->count = 0;
	if (r->source.make)
		make_text(r, c, width);
	free(l->rows);
	l->rows = NULL;
	for (size_t i = 0; i < l->line_count; i++) {
		size_t from = l->lines[i];
		int indent = 0;

		do {
			size_t n = row_length(c, l->text + from, width - indent < 1 ? 1 : width - indent);

			if (l->count == cap)
				l->rows = xrealloc(l->rows, cap = cap ? cap * 2 : 64, sizeof(*l->rows));
			l->rows[l->count++] = (struct row){ i, from, n, indent };
			from += n;
			indent = indent_of(l->text + l->lines[i], width);
		} while (l->text[from]);
	}
}

/* ---- drawing -------------------------------------------------------------------------------------------------------------- */

static size_t last_top(const struct layout *l)
{
	return l->count > (size_t)l->height ? l->count - (size_t)l->height : 0;
}

static enum style row_style(const struct reader *r, const struct row *row)
{
	const char *line = r->layout->text + r->layout->lines[row->line];

	if (search_matches(&r->search, line))
		return STYLE_MARK;
	if (!r->layout->diff)
		return STYLE_NORMAL;
	return str_starts(line, "+++") || str_starts(line, "---") || str_starts(line, "@@") ? STYLE_HEADING
	       : line[0] == '+'                                                             ? STYLE_OK
	       : line[0] == '-'                                                             ? STYLE_FAIL
											    : STYLE_NORMAL;
}

static void draw(const struct screen *s, struct canvas *c)
{
	const struct reader *r = (const struct reader *)s;
	int height = c->height - (r->search.typing ? 1 : 0), width = c->width > 4 ? c->width - 2 : c->width;
	struct list marks;
	size_t top;

	lay_out(r, c, width, height);
	top = r->top < last_top(r->layout) ? r->top : last_top(r->layout);
	for (int y = 0; y < height && top + (size_t)y < r->layout->count; y++) {
		const struct row *row = &r->layout->rows[top + (size_t)y];
		char *text = xstrndup(r->layout->text + row->from, row->len);

		canvas_text(c, y, row->indent, width - row->indent, row_style(r, row), text);
		if (row->line == r->match)
			canvas_cursor(c, y, 0);
		free(text);
	}
	marks = (struct list){ .count = r->layout->count, .top = top, .rows = height > 0 ? (size_t)height : 0 };
	if (c->width > 4)
		list_marks(&marks, c, 0, c->width - 1);
	search_draw(&r->search, c, c->height - 1, 0, c->width);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------------- */

static void look(struct reader *r, int direction)
{
	/* without a match yet it begins at what is seen */
	size_t from = r->match, top = r->layout->count ? r->layout->rows[r->top].line : 0, found;

	if (from >= r->layout->line_count)
		from = direction > 0 ? top + r->layout->line_count - 1 : top;
	from %= r->layout->line_count;
	found = search_next(&r->search, r->layout->line_count, from, direction, line_text, r);
	if (found >= r->layout->line_count) {
		app_say(r->screen.app, STYLE_WARNING, "not found: %s", r->search.last ? r->search.last : "");
		return;
	}
	r->match = found;
	for (r->top = 0; r->layout->rows[r->top].line < found; r->top++)
		;
}

static bool scroll(struct reader *r, int key)
{
	size_t last = last_top(r->layout), page = r->layout->height > 1 ? (size_t)r->layout->height - 1 : 1;

	switch (key) {
	case 'k':
	case K_UP: r->top -= r->top > 0; break;
	case 'j':
	case K_ENTER:
	case K_DOWN: r->top += r->top < last; break;
	case 'b':
	case K_PAGE_UP: r->top -= r->top < page ? r->top : page; break;
	case ' ':
	case K_PAGE_DOWN: r->top += last - r->top < page ? last - r->top : page; break;
	case 'g':
	case K_HOME: r->top = 0; break;
	case 'G':
	case K_END: r->top = last; break;
	default: return false;
	}
	return true;
}

static bool key(struct screen *s, int k)
{
	struct reader *r = of(s);
	int again;

	if (r->top > last_top(r->layout))
		r->top = last_top(r->layout);
	if (search_key(&r->search, k, &again)) {
		if (k == K_ENTER)
			r->match = SIZE_MAX;
		if (again)
			look(r, again);
		return true;
	}
	return scroll(r, k);
}

static bool typing(const struct screen *s)
{
	return ((const struct reader *)s)->search.typing;
}

static void paste(struct screen *s, const char *text)
{
	if (of(s)->search.typing)
		editor_paste(&of(s)->search.pattern, text);
}

static void back(struct screen *s)
{
	app_pop(s->app);
}

static void begin_search(struct screen *s)
{
	key(s, '/');
}

static void search_on(struct screen *s)
{
	key(s, 'n');
}

static void search_back(struct screen *s)
{
	key(s, 'N');
}

static bool searched(const struct screen *s)
{
	return ((const struct reader *)s)->search.last != NULL;
}

static void release(struct screen *s)
{
	struct reader *r = of(s);

	search_release(&r->search);
	if (r->source.free)
		r->source.free(r->source.ctx);
	free(r->layout->rows);
	free(r->layout->lines);
	free(r->layout->text);
	free(r->layout);
	free(r->title);
	free(r);
}

static const struct binding bindings[] = {
	{ K_ESCAPE, "Back", "Closes this text.", back, NULL },
	{ 'q', NULL, "Closes this text.", back, NULL },
	{ '/', "Search", "Searches. Upper and lower case differ only if you type a capital.", begin_search, NULL },
	{ 'n', "Next", "Goes to the next match.", search_on, searched },
	{ 'N', NULL, "Goes to the previous match.", search_back, searched },
	{ 0 },
};

static struct reader *new_reader(const char *title, const char *about)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	r->title = xstrdup(title ? title : "");
	r->ops = (struct screen_ops){
		.title = r->title,
		.about = about,
		.bindings = bindings,
		.draw = draw,
		.key = key,
		.text = typing,
		.paste = paste,
		.free = release,
	};
	r->screen.ops = &r->ops;
	r->layout = xcalloc(1, sizeof(*r->layout));
	search_init(&r->search);
	r->match = SIZE_MAX;
	return r;
}

/* Keys may come before it is drawn. */
static struct screen *laid_out(struct reader *r)
{
	struct canvas c;

	canvas_init(&c, COLUMNS, ROWS, false);
	lay_out(r, &c, COLUMNS - 2, ROWS);
	canvas_release(&c);
	return &r->screen;
}

struct screen *screen_reader(const char *title, const char *text)
{
	struct reader *r = new_reader(title, "A text. The arrows, Page Up, Page Down, Home and End scroll.");

	set_text(r->layout, text ? text : "");
	return laid_out(r);
}

struct screen *screen_reader_of(const char *title, const char *about, const struct reader_source *source)
{
	struct reader *r = new_reader(title, about);

	r->source = *source;
	return laid_out(r);
}
