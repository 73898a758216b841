/* The canvas: what comes onto it from elsewhere is harmless and where it belongs; dumps, pictures, themes, names of keys, pasted input. */
#include "tests/test.h"

#include "base/str.h"
#include "tui/canvas.h"
#include "tui/input.h"
#include "tui/key.h"

#include <limits.h>
#include <locale.h>

/* Line y of a dump. */
static void line_is(const struct canvas *c, int y, const char *want)
{
	struct str out = STR_INIT;
	char *at;

	canvas_dump(c, THEME_COLOR, &out);
	at = out.buf;
	for (int i = 0; i <= y && at; i++) {
		at = strchr(at, '\n');
		at += at ? 1 : 0;
	}
	if (CHECK(at != NULL)) {
		at[strcspn(at, "\n")] = '\0';
		CHECK_STR(at, want);
	}
	str_release(&out);
}

/* Text drawn alone on a line of its own. */
static void shows(bool ascii, int width, const char *text, const char *want, int columns)
{
	struct canvas c;

	canvas_init(&c, width, 1, ascii);
	CHECK_INT(canvas_text(&c, 0, 0, 0, STYLE_NORMAL, text), columns);
	line_is(&c, 0, want);
	canvas_release(&c);
}

static void text(void)
{
	shows(false, 20, "plain", "plain", 5);
	shows(false, 20, NULL, "", 0);
	shows(false, 20, "a\nb\tc", "a b c", 5);
	shows(false, 20, "grün 日本", "grün 日本", 9);
	shows(false, 20, "e\xcc\x81t", "et", 2);
	shows(true, 20, "grün 日本", "gr?n ??", 7);
	shows(true, 20, "e\xcc\x81t", "et", 2);
	shows(false, 5, "exact", "exact", 5);
	shows(false, 5, "longer", "long…", 5);
	shows(true, 5, "longer", "long~", 5);
	shows(false, 5, "日本語", "日本…", 5);
	shows(false, 4, "日本語", "日…", 3);
	shows(false, 1, "日", "…", 1);
	shows(false, 1, "xy", "…", 1);
}

static void hostile(void)
{
	shows(false, 20, "\x1b[31mred", "�[31mred", 8);
	shows(false, 20, "a\rb\x07\x7f", "a�b��", 5);
	shows(false, 20, "\xc2\x9bm", "�m", 2);
	/* direction of writing, zero width, byte order mark, line separator */
	shows(false, 20, "\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xe2\x80\xa8x", "�����x", 6);
	/* not UTF-8: alone, cut off, too long, a surrogate, beyond the end */
	shows(false, 20, "\xff\x80x", "��x", 3);
	shows(false, 20, "x\xe2\x82", "x��", 3);
	shows(false, 20, "\xc0\xaf", "��", 2);
	shows(false, 20, "\xe0\x80\xaf", "���", 3);
	shows(false, 20, "\xed\xa0\x80", "�", 1);
	shows(false, 20, "\xf4\x90\x80\x80", "����", 4);
	shows(true, 20, "\x1b[0m\xff", "?[0m?", 5);
	/* no character of a private use, of no use, tags */
	shows(false, 20, "\xee\x80\x80\xef\xbf\xbf\xf3\xa0\x80\xa1", "���", 3);
}

static void locale_does_not_matter(void)
{
	setlocale(LC_ALL, "C");
	shows(false, 20, "✓ 日 é", "✓ 日 é", 6);
	setlocale(LC_ALL, "C.UTF-8");
	shows(false, 20, "✓ 日 é", "✓ 日 é", 6);
}

static void clipping(void)
{
	struct canvas c;

	canvas_init(&c, 6, 2, false);
	CHECK_INT(canvas_text(&c, 0, 2, 0, STYLE_NORMAL, "abcdef"), 4);
	line_is(&c, 0, "  abc…");
	canvas_clear(&c);
	CHECK_INT(canvas_text(&c, 0, -2, 0, STYLE_NORMAL, "abcdef"), 6);
	line_is(&c, 0, "cdef");
	canvas_clear(&c);
	canvas_text(&c, 0, -1, 0, STYLE_NORMAL, "日x");
	line_is(&c, 0, " x");
	canvas_clear(&c);
	CHECK_INT(canvas_text(&c, 1, 1, 3, STYLE_NORMAL, "abcdef"), 3);
	line_is(&c, 1, " ab…");
	CHECK_INT(canvas_text(&c, 0, 6, 0, STYLE_NORMAL, "x"), 0);
	CHECK_INT(canvas_text(&c, 0, INT_MAX, INT_MAX, STYLE_NORMAL, "x"), 0);
	CHECK_INT(canvas_text(&c, 7, 0, 0, STYLE_NORMAL, "x"), 1);
	CHECK_INT(canvas_text(&c, -7, INT_MIN, INT_MAX, STYLE_NORMAL, "x"), 1);
	canvas_fill(&c, INT_MAX, INT_MAX, INT_MAX, INT_MAX, STYLE_FAIL);
	canvas_fill(&c, INT_MIN, INT_MIN, INT_MAX, INT_MAX, STYLE_FAIL);
	canvas_fill(&c, 0, 0, -5, -5, STYLE_FAIL);
	canvas_restyle(&c, 0, INT_MIN, INT_MAX, STYLE_FAIL);
	canvas_hline(&c, 9, -9, INT_MAX, STYLE_FAIL);
	canvas_box(&c, INT_MIN, INT_MIN, INT_MAX, INT_MAX, STYLE_FAIL, "far away");
	line_is(&c, 0, "");
	line_is(&c, 1, " ab…");
	for (int x = 0; x < 6; x++)
		CHECK_INT(c.cells[x].style, STYLE_NORMAL);
	canvas_release(&c);
	canvas_release(&c);
}

static void sizes(void)
{
	struct canvas c;

	canvas_init(&c, 0, -3, false);
	CHECK_INT(c.width, 1);
	CHECK_INT(c.height, 1);
	canvas_resize(&c, 5000, INT_MAX);
	CHECK_INT(c.width, 1000);
	CHECK_INT(c.height, 1000);
	for (int w = 1; w < 9; w++) {
		for (int h = 1; h < 4; h++) {
			canvas_resize(&c, w, h);
			canvas_box(&c, 0, 0, h, w, STYLE_BORDER, "標題 title");
			canvas_box(&c, -1, -1, h + 2, w + 2, STYLE_BORDER, "標題 title");
			canvas_paragraph(&c, 0, 0, h, w, 0, STYLE_NORMAL, "日本 some words\n\n  there");
			canvas_gauge(&c, 0, -1, w + 2, 1, 3);
			canvas_symbol(&c, h - 1, w - 1, STYLE_OK, SYMBOL_MARKED);
		}
	}
	canvas_release(&c);
}

static void wide_stays_whole(void)
{
	struct canvas c;

	canvas_init(&c, 8, 1, false);
	canvas_text(&c, 0, 0, 0, STYLE_NORMAL, "日本語");
	canvas_text(&c, 0, 1, 0, STYLE_NORMAL, "x");
	line_is(&c, 0, " x本語");
	canvas_text(&c, 0, 4, 0, STYLE_NORMAL, "y");
	line_is(&c, 0, " x本y");
	CHECK_INT(c.cells[5].ch, ' ');
	canvas_text(&c, 0, 1, 0, STYLE_NORMAL, "日");
	line_is(&c, 0, " 日 y");
	canvas_restyle(&c, 0, 2, 1, STYLE_FAIL);
	CHECK_INT(c.cells[1].style, STYLE_FAIL);
	CHECK_INT(c.cells[2].style, STYLE_FAIL);
	CHECK_INT(c.cells[3].style, STYLE_NORMAL);
	canvas_restyle(&c, 0, 0, 2, STYLE_OK);
	CHECK_INT(c.cells[2].style, STYLE_OK);
	canvas_fill(&c, 0, 2, 1, 1, STYLE_NORMAL);
	line_is(&c, 0, "    y");
	canvas_release(&c);
}

static void paragraphs(void)
{
	struct canvas c;

	canvas_init(&c, 20, 4, false);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 4, 10, 0, STYLE_NORMAL, "The quick brown fox jumps"), 3);
	line_is(&c, 0, "The quick");
	line_is(&c, 1, "brown fox");
	line_is(&c, 2, "jumps");
	canvas_clear(&c);
	CHECK_INT(canvas_paragraph(&c, 0, 2, 1, 10, 1, STYLE_NORMAL, "The quick brown fox jumps"), 3);
	line_is(&c, 0, "  brown fox");
	line_is(&c, 1, "");
	canvas_clear(&c);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 4, 5, 0, STYLE_NORMAL, "abcdefgh i\n  j"), 3);
	line_is(&c, 0, "abcde");
	line_is(&c, 1, "fgh i");
	line_is(&c, 2, "  j");
	/* 10 columns exactly, spaces and a newline at the break, an empty line */
	CHECK_INT(canvas_paragraph(&c, 0, 0, 0, 10, 0, STYLE_NORMAL, "0123456789\nx"), 2);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 0, 10, 0, STYLE_NORMAL, "0123456789   \nx"), 2);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 0, 10, 0, STYLE_NORMAL, "a\n\nb\n"), 3);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 0, 10, 0, STYLE_NORMAL, ""), 0);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 0, 10, 0, STYLE_NORMAL, NULL), 0);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 4, 0, 0, STYLE_NORMAL, "x"), 0);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 4, -1, -9, STYLE_NORMAL, "x"), 0);
	/* a character wider than the line does not hang it */
	CHECK_INT(canvas_paragraph(&c, 0, 0, 4, 1, 0, STYLE_NORMAL, "日本"), 2);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 0, 3, 0, STYLE_NORMAL, "         "), 3);
	CHECK_INT(canvas_paragraph(&c, 0, 0, 0, 4, 0, STYLE_NORMAL, "日本語"), 2);
	canvas_release(&c);
}

static void shapes(void)
{
	struct canvas c;

	canvas_init(&c, 12, 3, false);
	canvas_box(&c, 0, 0, 3, 12, STYLE_BORDER, "Hosts");
	line_is(&c, 0, "┌─ Hosts ──┐");
	line_is(&c, 1, "│          │");
	line_is(&c, 2, "└──────────┘");
	canvas_box(&c, 0, 0, 3, 12, STYLE_BORDER, "A long title");
	line_is(&c, 0, "┌─ A lon… ─┐");
	canvas_clear(&c);
	CHECK_INT(canvas_symbol(&c, 0, 0, STYLE_OK, SYMBOL_OK), 1);
	CHECK_INT(canvas_symbol(&c, 0, 2, STYLE_OK, SYMBOL_MARKED), 3);
	CHECK_INT(canvas_symbol(&c, 0, 6, STYLE_OK, SYMBOL_COUNT), 1);
	line_is(&c, 0, "✓ [x]");
	canvas_gauge(&c, 1, 0, 10, 99, 100);
	line_is(&c, 1, "█████████░");
	canvas_gauge(&c, 1, 0, 10, LONG_MAX, 100);
	line_is(&c, 1, "██████████");
	canvas_gauge(&c, 1, 0, 10, 1, LONG_MAX);
	line_is(&c, 1, "█░░░░░░░░░");
	canvas_gauge(&c, 1, 0, 10, -4, 0);
	line_is(&c, 1, "░░░░░░░░░░");
	canvas_cursor(&c, 2, 11);
	CHECK_INT(c.cursor_x, 11);
	canvas_cursor(&c, 2, 12);
	CHECK_INT(c.cursor_x, -1);
	CHECK_INT(c.cursor_y, -1);
	canvas_release(&c);
}

/* Whatever is drawn, an ASCII canvas holds nothing else. */
static void ascii_only(void)
{
	struct canvas c;

	canvas_init(&c, 30, 10, true);
	canvas_box(&c, 0, 0, 10, 30, STYLE_BORDER, "Tïtle 日本 that is long enough to be cut");
	for (int i = 0; i < SYMBOL_COUNT; i++)
		canvas_symbol(&c, 1, 2 * i, STYLE_OK, (enum symbol)i);
	canvas_gauge(&c, 2, 1, 20, 3, 7);
	canvas_hline(&c, 3, 1, 20, STYLE_BORDER);
	canvas_textf(&c, 4, 1, 6, STYLE_NORMAL, "%s", "ünïcödé and more");
	canvas_paragraph(&c, 5, 1, 3, 10, 0, STYLE_NORMAL, "日本語 ✓ \xff \x1b[0m");
	for (int i = 0; i < c.width * c.height; i++)
		CHECK(c.cells[i].ch >= ' ' && c.cells[i].ch < 0x7f);
	line_is(&c, 4, "|?n?c?~                      |");
	canvas_release(&c);
}

static void dumps(void)
{
	struct str color = STR_INIT, mono = STR_INIT;
	struct canvas c;

	canvas_init(&c, 10, 2, false);
	canvas_text(&c, 0, 0, 0, STYLE_FAIL, "FAIL");
	canvas_text(&c, 0, 5, 0, STYLE_LABEL, "host");
	canvas_text(&c, 1, 1, 0, STYLE_FOCUS, "日");
	canvas_text(&c, 1, 3, 0, STYLE_BAR, "x");
	canvas_dump(&c, THEME_COLOR, &color);
	canvas_dump(&c, THEME_MONOCHROME, &mono);
	CHECK_STR(color.buf, "10x2\nFAIL host\n 日x\n0: 0-3 bold fg=red\n1: 1-3 reverse\n");
	CHECK_STR(mono.buf, "10x2\nFAIL host\n 日x\n0: 0-3 bold reverse\n1: 1-3 reverse\n");
	str_release(&color);
	str_release(&mono);
	canvas_release(&c);
}

static void pictures(void)
{
	struct str one = STR_INIT, two = STR_INIT;
	struct canvas c;

	canvas_init(&c, 20, 3, false);
	canvas_text(&c, 0, 0, 0, STYLE_NORMAL, "a<b>&\"c\"");
	canvas_text(&c, 1, 1, 0, STYLE_FOCUS, "focus");
	canvas_text(&c, 2, 3, 0, STYLE_WARNING, "日本");
	canvas_svg(&c, THEME_COLOR, &one);
	canvas_svg(&c, THEME_COLOR, &two);
	CHECK_STR(one.buf, two.buf);
	CHECK(str_starts(one.buf,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"168\" height=\"51\" viewBox=\"0 0 168.0 51\""));
	CHECK(str_ends(one.buf, "</svg>\n"));
	CHECK(strstr(one.buf, ">a&lt;b&gt;&amp;\"c\"</text>") != NULL);
	CHECK(strstr(one.buf, "<rect x=\"8.4\" y=\"17\" width=\"42\" height=\"17\"") != NULL);
	CHECK(strstr(one.buf, "x=\"25.2\" y=\"47\" textLength=\"33.6\"") != NULL);
	CHECK(strstr(one.buf, "font-weight=\"bold\">日本</text>") != NULL);
	CHECK(strstr(one.buf, "xml:space=\"preserve\"") != NULL);
	str_clear(&two);
	canvas_svg(&c, THEME_MONOCHROME, &two);
	CHECK(strcmp(one.buf, two.buf) != 0);
	str_release(&one);
	str_release(&two);
	canvas_release(&c);
}

static bool alike(const struct look *a, const struct look *b)
{
	return a->foreground == b->foreground && a->background == b->background && a->bold == b->bold &&
	       a->dim == b->dim && a->underline == b->underline && a->reverse == b->reverse;
}

static void themes(void)
{
	static const enum style states[] = { STYLE_OK, STYLE_CHANGED, STYLE_RUNNING, STYLE_WARNING, STYLE_FAIL };

	for (int t = 0; t < THEME_COUNT; t++)
		for (int i = 0; i < 5; i++)
			for (int k = 0; k < i; k++)
				CHECK(!alike(
					theme_look((enum theme)t, states[i]), theme_look((enum theme)t, states[k])));
	for (int i = 0; i < STYLE_COUNT; i++) {
		const struct look *mono = theme_look(THEME_MONOCHROME, (enum style)i);

		CHECK_INT(mono->foreground, COLOR_OWN);
		CHECK_INT(mono->background, COLOR_OWN);
		CHECK(theme_look(THEME_COLOR, (enum style)i)->foreground != COLOR_0_BLACK);
		CHECK(*style_name((enum style)i) != '\0');
	}
	CHECK_STR(style_name(STYLE_FOCUS), "focus");
	CHECK(theme_look((enum theme)77, (enum style)255) != NULL);
	CHECK_STR(style_name((enum style)255), "normal");
}

static void key_names(void)
{
	static const struct {
		int code;
		const char *name;
	} want[] = { { K_ENTER, "Enter" }, { K_TAB, "Tab" }, { K_ESCAPE, "Esc" }, { ' ', "Space" }, { 'q', "q" },
		{ K_CTRL('L'), "Ctrl-L" }, { K_F1, "F1" }, { K_F10, "F10" }, { K_PAGE_UP, "PgUp" },
		{ K_BACK_TAB, "Shift-Tab" }, { K_BACKSPACE, "Backspace" }, { 0xe9, "é" }, { 0x65e5, "日" },
		{ 0x1f600, "😀" }, { 0x9b, "?" }, { 0xd800, "?" }, { -5, "?" }, { INT_MAX, "?" }, { K_NONE, "" } };
	char out[16], small[4];

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		CHECK_STR(key_name(want[i].code, out, sizeof(out)), want[i].name);
	CHECK_STR(key_name(K_BACKSPACE, small, sizeof(small)), "Bac");
}

/* What a terminal sends, as text of key codes. */
static void types(const char *bytes, const char *want)
{
	struct input in = { 0 };
	struct str got = STR_INIT;
	char name[16];

	for (const char *p = bytes; *p; p++) {
		int key;

		if (str_starts(p, INPUT_PASTE_BEGIN)) {
			input_paste(&in, true, 0);
			p += sizeof(INPUT_PASTE_BEGIN) - 2;
			continue;
		}
		key = input_byte(&in, (unsigned char)*p, 0);
		if (key != K_NONE)
			str_addf(&got, "%s%s", got.len ? " " : "", key_name(key, name, sizeof(name)));
	}
	CHECK_STR(got.buf, want);
	str_release(&got);
}

static void typed(void)
{
	types("aé日😀", "a é 日 😀");
	types("\r\n\b\x7f\t\x03", "Enter Enter Backspace Backspace Tab Ctrl-C");
	/* a broken character takes nothing with it */
	types("\xff"
	      "a\xe2\x82"
	      "b\xc3\xc3\xa9\x80"
	      "c\xf8\x88\x80\x80"
	      "d",
		"a b é c d");
	types("\xc2\x9b"
	      "x",
		"x");
}

static void pasted(void)
{
	struct input in = { 0 };

	types("\033[200~one\r\ntwo\rthree\n\x03\x1a\033[201~\r", "o n e Space t w o Space t h r e e Space Enter");
	/* an Escape within does not end it, and does not get out */
	types("\033[200~a\033b\033[201~\x03", "a b Ctrl-C");
	types("\033[200~\033[20\033[201~\r", "Enter");
	types("\033[200~é\033[201~é", "é é");
	input_paste(&in, true, 1000);
	CHECK_INT(input_function(&in, K_F1, 1500), K_NONE);
	CHECK_INT(input_byte(&in, '\r', 2400), ' ');
	/* its end got lost */
	CHECK_INT(input_byte(&in, '\r', 3500), K_ENTER);
	CHECK_INT(input_function(&in, K_F1, 3600), K_F1);
}

static unsigned draw_lots(unsigned *seed, unsigned below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % below;
}

/* Half of it wide characters, the rest any bytes. */
static void make_junk(unsigned *seed, char *out, size_t size)
{
	size_t n = 0;

	while (n + 4 < size) {
		if (draw_lots(seed, 2)) {
			memcpy(out + n, "日", 3);
			n += 3;
		} else {
			out[n++] = (char)(1 + draw_lots(seed, 127));
		}
	}
	out[n] = '\0';
}

static bool whole(const struct canvas *c)
{
	for (int i = 0; i < c->width * c->height; i++) {
		const struct cell *cell = c->cells + i;

		if (!cell->ch && (i % c->width == 0 || cell[-1].ch != 0x65e5 || cell[-1].style != cell->style))
			return false;
		if (cell->ch == 0x65e5 && (i % c->width == c->width - 1 || cell[1].ch))
			return false;
	}
	return true;
}

/* Whatever is drawn over what, no half of a wide character is left alone. */
static void noise(void)
{
	unsigned seed = 7;
	struct canvas c;
	char junk[64];

	canvas_init(&c, 17, 5, false);
	for (int round = 0; round < 5000; round++) {
		int v[6];

		make_junk(&seed, junk, sizeof(junk));
		for (int i = 0; i < 6; i++)
			v[i] = (int)draw_lots(&seed, 30) - 6;
		canvas_text(&c, v[0], v[1], v[2], STYLE_OK, junk);
		canvas_paragraph(&c, v[0], v[1], v[2], v[3], v[4], STYLE_FAIL, junk + 5);
		CHECK(whole(&c));
		canvas_restyle(&c, v[3] / 4, v[0], v[1], STYLE_BAR);
		CHECK(whole(&c));
		canvas_fill(&c, v[4], v[5], v[1], v[2], STYLE_DIM);
		canvas_box(&c, v[2], v[1], v[4], v[3], STYLE_BORDER, round % 2 ? junk : NULL);
		CHECK(whole(&c));
	}
	canvas_release(&c);
}

static const struct test tests[] = {
	{ "text", text },
	{ "hostile", hostile },
	{ "locale_does_not_matter", locale_does_not_matter },
	{ "clipping", clipping },
	{ "sizes", sizes },
	{ "wide_stays_whole", wide_stays_whole },
	{ "paragraphs", paragraphs },
	{ "shapes", shapes },
	{ "ascii_only", ascii_only },
	{ "dumps", dumps },
	{ "pictures", pictures },
	{ "themes", themes },
	{ "key_names", key_names },
	{ "typed", typed },
	{ "pasted", pasted },
	{ "noise", noise },
};
TEST_MAIN(tests)
