/* One line of text being edited. The text is valid UTF-8 without control characters at every moment, whatever came in. */
#include "tui/widgets.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 4096, FIRST = 64 };

static size_t limit(const struct editor *e)
{
	return e->limit ? e->limit : LIMIT;
}

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t next(const struct editor *e, size_t at)
{
	if (at < e->len)
		at++;
	while (at < e->len && continues(e->text[at]))
		at++;
	return at;
}

static size_t previous(const struct editor *e, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && continues(e->text[at]))
		at--;
	return at;
}

/* Room for n more bytes and the end. realloc would leave a copy of a secret behind. */
static void grow(struct editor *e, size_t n)
{
	size_t cap = e->cap ? e->cap : FIRST;
	char *text;

	while (cap < e->len + n + 1)
		cap *= 2;
	if (cap == e->cap)
		return;
	text = xcalloc(cap, 1);
	if (e->text) {
		memcpy(text, e->text, e->len);
		secret_wipe(e->text, e->cap);
		free(e->text);
	}
	e->text = text;
	e->cap = cap;
}

static void cut(struct editor *e, size_t from, size_t to)
{
	if (to <= from)
		return;
	memmove(e->text + from, e->text + to, e->len - to);
	e->len -= to - from;
	secret_wipe(e->text + e->len, to - from);
	e->at = from;
}

static void insert(struct editor *e, const char *bytes, size_t n)
{
	if (n > limit(e) || e->len > limit(e) - n)
		return;
	grow(e, n);
	memmove(e->text + e->at + n, e->text + e->at, e->len - e->at);
	memcpy(e->text + e->at, bytes, n);
	e->len += n;
	e->at += n;
	e->text[e->len] = '\0';
}

static size_t encode(int code, char out[4])
{
	unsigned c = (unsigned)code;

	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

static bool is_character(int key)
{
	return key >= ' ' && key != K_BACKSPACE && key < 0x110000 && !(key >= 0x80 && key < 0xa0) &&
	       !(key >= 0xd800 && key < 0xe000);
}

void editor_init(struct editor *e, const char *text, bool secret)
{
	*e = (struct editor){ .secret = secret };
	grow(e, 0);
	editor_set(e, text);
}

void editor_set(struct editor *e, const char *text)
{
	grow(e, 0);
	cut(e, 0, e->len);
	e->at = 0;
	if (text)
		editor_paste(e, text);
}

void editor_paste(struct editor *e, const char *text)
{
	struct str clean = STR_INIT;
	size_t room = limit(e) > e->len ? limit(e) - e->len : 0, n;

	grow(e, 0);
	str_add_printable(&clean, text, strlen(text));
	for (size_t i = 0; i < clean.len; i++)
		if ((unsigned char)clean.buf[i] < ' ')
			clean.buf[i] = ' ';
	n = clean.len < room ? clean.len : room;
	/* what finds no room is cut between characters */
	while (n > 0 && n < clean.len && continues(clean.buf[n]))
		n--;
	if (n)
		insert(e, clean.buf, n);
	str_wipe(&clean);
}

/* Start of the word before the cursor, with the blanks between. */
static size_t word_start(const struct editor *e)
{
	size_t at = e->at;

	while (at > 0 && e->text[at - 1] == ' ')
		at--;
	while (at > 0 && e->text[at - 1] != ' ')
		at--;
	return at;
}

bool editor_key(struct editor *e, int key)
{
	char bytes[4];

	grow(e, 0);
	switch (key) {
	case K_LEFT: e->at = previous(e, e->at); return true;
	case K_RIGHT: e->at = next(e, e->at); return true;
	case K_HOME:
	case K_CTRL('a'): e->at = 0; return true;
	case K_END:
	case K_CTRL('e'): e->at = e->len; return true;
	case K_BACKSPACE: cut(e, previous(e, e->at), e->at); return true;
	case K_DELETE: cut(e, e->at, next(e, e->at)); return true;
	case K_CTRL('u'): cut(e, 0, e->at); return true;
	case K_CTRL('k'): cut(e, e->at, e->len); return true;
	case K_CTRL('w'): cut(e, word_start(e), e->at); return true;
	default: break;
	}
	/* a character that finds no room is taken all the same: it was not meant for anyone else */
	if (!is_character(key))
		return false;
	insert(e, bytes, encode(key, bytes));
	return true;
}

/* What may be seen: the text, or a star for each character. *at: the cursor in it. Caller frees. */
static char *visible(const struct editor *e, size_t *at)
{
	size_t stars = 0;
	char *out;

	*at = e->at;
	if (!e->secret)
		return xstrndup(e->text, e->len);
	out = xcalloc(e->len + 1, 1);
	*at = 0;
	for (size_t i = 0; i < e->len; i = next(e, i)) {
		*at += i < e->at;
		out[stars++] = '*';
	}
	return out;
}

static int columns(const struct canvas *c, char *text, size_t from, size_t to)
{
	char end = text[to];
	int n;

	text[to] = '\0';
	n = canvas_columns(c, text + from);
	text[to] = end;
	return n;
}

/* Where drawing begins, so that the cursor and what it stands on have room; *before: columns from there to the cursor. */
static size_t scroll(const struct canvas *c, char *text, size_t at, int width, int *before)
{
	size_t len = strlen(text), start = at, after = at;
	int room;

	while (after < len && (after == at || continues(text[after])))
		after++;
	/* a cut end takes a column for its mark */
	room = width - (at == len ? 1 : columns(c, text, at, after)) - (after < len ? 1 : 0);
	*before = 0;
	while (start > 0) {
		size_t p = start - 1;
		int n;

		while (p > 0 && continues(text[p]))
			p--;
		n = columns(c, text, p, start);
		if (*before + n > room)
			break;
		*before += n;
		start = p;
	}
	return start;
}

void editor_draw(const struct editor *e, struct canvas *c, int y, int x, int width, bool focused)
{
	enum style style = focused ? STYLE_FOCUS : STYLE_INPUT;
	size_t at, start;
	char *text;
	int before = 0;

	if (width <= 0)
		return;
	canvas_fill(c, y, x, 1, width, style);
	if (!e->text) {
		if (focused)
			canvas_cursor(c, y, x);
		return;
	}
	text = visible(e, &at);
	start = focused ? scroll(c, text, at, width, &before) : 0;
	canvas_text(c, y, x, width, style, text + start);
	if (focused)
		canvas_cursor(c, y, x + (before < width ? before : width - 1));
	free(text);
}

void editor_release(struct editor *e)
{
	if (e->text)
		secret_wipe(e->text, e->cap);
	free(e->text);
	*e = (struct editor){ 0 };
}
