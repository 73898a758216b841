/* The line editor, lists and search. */
#include "tests/test.h"

#include "tests/unit/screen_text.h"
#include "tui/widgets.h"

static void type(struct editor *e, const char *text)
{
	while (*text)
		CHECK(editor_key(e, next_code(&text)));
}

/* ---- the editor ------------------------------------------------------------------------------------------------------------- */

static void editor_keys(void)
{
	struct editor e;

	editor_init(&e, "ab", false);
	type(&e, "cü漢😀");
	CHECK_STR(e.text, "abcü漢😀");
	CHECK_INT(e.at, e.len);
	/* backwards and forwards over characters, never into one */
	CHECK(editor_key(&e, K_LEFT) && editor_key(&e, K_LEFT));
	CHECK_INT(e.at, 5);
	CHECK(editor_key(&e, K_BACKSPACE));
	CHECK_STR(e.text, "abc漢😀");
	CHECK(editor_key(&e, K_DELETE));
	CHECK_STR(e.text, "abc😀");
	CHECK(editor_key(&e, K_RIGHT));
	CHECK_INT(e.at, e.len);
	CHECK(editor_key(&e, K_RIGHT) && editor_key(&e, K_DELETE));
	CHECK_STR(e.text, "abc😀");
	CHECK(editor_key(&e, K_BACKSPACE));
	CHECK_STR(e.text, "abc");
	CHECK(editor_key(&e, K_HOME) && editor_key(&e, K_BACKSPACE) && editor_key(&e, K_LEFT));
	CHECK_INT(e.at, 0);
	type(&e, "x");
	CHECK_STR(e.text, "xabc");
	CHECK(editor_key(&e, K_END));
	CHECK_INT(e.at, 4);
	CHECK(editor_key(&e, K_CTRL('a')));
	CHECK_INT(e.at, 0);
	CHECK(editor_key(&e, K_CTRL('e')));
	CHECK_INT(e.at, 4);
	editor_release(&e);
}

static void editor_cuts(void)
{
	struct editor e;

	editor_init(&e, "one two  thrée", false);
	CHECK(editor_key(&e, K_CTRL('w')));
	CHECK_STR(e.text, "one two  ");
	CHECK(editor_key(&e, K_CTRL('w')));
	CHECK_STR(e.text, "one ");
	type(&e, "1 2");
	for (int i = 0; i < 3; i++)
		editor_key(&e, K_LEFT);
	CHECK(editor_key(&e, K_CTRL('u')));
	CHECK_STR(e.text, "1 2");
	CHECK_INT(e.at, 0);
	editor_key(&e, K_RIGHT);
	CHECK(editor_key(&e, K_CTRL('k')));
	CHECK_STR(e.text, "1");
	CHECK(editor_key(&e, K_CTRL('w')) && editor_key(&e, K_CTRL('w')) && editor_key(&e, K_CTRL('k')));
	CHECK_STR(e.text, "");
	editor_release(&e);
}

static void editor_refuses(void)
{
	static const int others[] = { K_ENTER, K_TAB, K_ESCAPE, K_UP, K_DOWN, K_F1, K_INSERT, K_RESIZE, 0, 3, 12, 0x9b,
		0x85, 0xd800, -1, 0x7fffffff };
	struct editor e;

	editor_init(&e, NULL, false);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!CHECK(!editor_key(&e, others[i])))
			printf("# key %d\n", others[i]);
	CHECK_STR(e.text, "");
	e.limit = 4;
	/* what finds no room is taken and not there; half a character neither */
	type(&e, "abcü");
	CHECK_STR(e.text, "abc");
	type(&e, "de");
	CHECK_STR(e.text, "abcd");
	editor_set(&e, "abcü");
	CHECK_STR(e.text, "abc");
	editor_paste(&e, "xyz");
	CHECK_STR(e.text, "abcx");
	e.limit = 0;
	editor_set(&e, "a");
	editor_paste(&e, "1\n2\t3\x01\x7f\xff\x1b[31m4");
	CHECK_STR(e.text, "a1 2 3?4");
	editor_release(&e);
}

static void editor_drawing(void)
{
	struct canvas c;
	struct editor e;

	canvas_init(&c, 20, 2, false);
	editor_init(&e, "漢字漢字x", false);
	editor_draw(&e, &c, 0, 2, 12, true);
	CHECK_STR(row(&c, 0), "  漢字漢字x");
	CHECK_INT(c.cursor_x, 2 + 9);
	CHECK_INT(c.cursor_y, 0);
	/* the cursor stays in the window, whatever is to the left and right of it */
	editor_set(&e, "漢字漢字漢字漢字漢字漢字");
	for (int i = 0; i < 14; i++) {
		canvas_clear(&c);
		editor_draw(&e, &c, 1, 3, 7, true);
		CHECK(c.cursor_x >= 3 && c.cursor_x < 10);
		CHECK_INT(c.cursor_y, 1);
		CHECK(c.cells[20 + 2].ch == ' ' && c.cells[20 + 10].ch == ' ');
		editor_key(&e, K_LEFT);
	}
	CHECK_INT(c.cursor_x, 3);
	canvas_clear(&c);
	editor_draw(&e, &c, 0, 0, 20, false);
	CHECK_INT(c.cursor_x, -1);
	for (int w = -1; w < 4; w++)
		for (int x = -3; x < 22; x++)
			editor_draw(&e, &c, 0, x, w, true);
	editor_release(&e);
	canvas_release(&c);
}

static void secrets_never_show(void)
{
	struct str dump = STR_INIT;
	struct canvas c;
	struct editor e;

	canvas_init(&c, 30, 1, false);
	editor_init(&e, NULL, true);
	type(&e, "hunter2ü");
	for (int i = 0; i < 12; i++) {
		canvas_clear(&c);
		editor_draw(&e, &c, 0, 0, 30, i % 2);
		CHECK_STR(row(&c, 0), "********");
		canvas_dump(&c, THEME_COLOR, &dump);
		editor_key(&e, K_LEFT);
	}
	for (const char *p = "hunter2ü"; *p; p++)
		CHECK(!strstr(row(&c, 0), p));
	CHECK(!strstr(dump.buf, "hunter") && !strstr(dump.buf, "ü"));
	/* what was cut is gone from the memory too */
	editor_key(&e, K_END);
	editor_key(&e, K_CTRL('u'));
	for (size_t i = 0; i < e.cap; i++)
		CHECK_INT(e.text[i], 0);
	str_release(&dump);
	editor_release(&e);
	CHECK(!e.text);
	canvas_release(&c);
}

/* ---- lists ------------------------------------------------------------------------------------------------------------------ */

static void list_paging(void)
{
	struct list l = { .count = 100 };

	CHECK(list_key(&l, K_DOWN) && list_key(&l, 'j'));
	CHECK_INT(l.selected, 2);
	CHECK(list_key(&l, K_PAGE_DOWN));
	CHECK_INT(l.selected, 12);
	l.rows = 30;
	CHECK(list_key(&l, K_PAGE_DOWN));
	CHECK_INT(l.selected, 42);
	CHECK_INT(l.top, 13);
	CHECK(list_key(&l, 'k') && list_key(&l, K_UP));
	CHECK_INT(l.selected, 40);
	CHECK_INT(l.top, 13);
	CHECK(list_key(&l, K_PAGE_UP));
	CHECK_INT(l.selected, 10);
	CHECK_INT(l.top, 10);
	CHECK(list_key(&l, K_PAGE_UP) && list_key(&l, K_UP));
	CHECK_INT(l.selected, 0);
	CHECK(list_key(&l, 'G'));
	CHECK_INT(l.selected, 99);
	CHECK_INT(l.top, 70);
	CHECK(list_key(&l, K_DOWN) && list_key(&l, K_PAGE_DOWN) && list_key(&l, K_END));
	CHECK_INT(l.selected, 99);
	CHECK(list_key(&l, 'g') && list_key(&l, K_HOME));
	CHECK_INT(l.selected, 0);
	CHECK(!list_key(&l, 'x') && !list_key(&l, K_ENTER) && !list_key(&l, K_LEFT));
}

static void list_sizes(void)
{
	static const int keys[] = { K_UP, K_DOWN, K_PAGE_UP, K_PAGE_DOWN, K_HOME, K_END };

	for (size_t count = 0; count < 12; count++) {
		for (int rows = -1; rows < 14; rows++) {
			struct list l = { .count = count, .rows = rows > 7 ? (size_t)rows : 0 };

			for (int k = 0; k < 60; k++) {
				struct list w;

				list_key(&l, keys[(k * 7 + k / 6) % 6]);
				w = list_window(&l, rows);
				CHECK(l.selected < count || (l.selected == 0 && count == 0));
				CHECK_INT(w.selected, l.selected);
				CHECK_INT(w.rows, rows > 0 ? rows : 0);
				CHECK(w.selected >= w.top);
				if (rows > 0)
					CHECK(w.selected < w.top + w.rows);
				/* no empty lines at the end while there are others above */
				if (rows > 0 && count >= (size_t)rows)
					CHECK(w.top + w.rows <= count);
			}
		}
	}
	struct list l = { .count = 5, .selected = 4 };
	list_resize(&l, 2);
	CHECK_INT(l.selected, 1);
	list_resize(&l, 0);
	CHECK_INT(l.selected, 0);
}

static void list_more_marks(void)
{
	struct list l = { .count = 10, .selected = 5 }, w = list_window(&l, 4);
	struct canvas c;

	canvas_init(&c, 3, 6, true);
	list_marks(&w, &c, 1, 2);
	CHECK_STR(row(&c, 1), "  ^");
	CHECK_STR(row(&c, 4), "  v");
	canvas_clear(&c);
	w = list_window(&l, 10);
	list_marks(&w, &c, 0, 2);
	for (int y = 0; y < 6; y++)
		CHECK_STR(row(&c, y), "");
	canvas_release(&c);
}

/* ---- search ------------------------------------------------------------------------------------------------------------------ */

static const char *word(size_t i, void *ctx)
{
	return ((const char *const *)ctx)[i];
}

static void search_for(struct search *s, const char *text)
{
	int again = 5;

	CHECK(search_key(s, '/', &again));
	CHECK_INT(again, 0);
	CHECK(s->typing);
	while (*text)
		CHECK(search_key(s, next_code(&text), &again));
	CHECK(search_key(s, K_ENTER, &again));
	CHECK_INT(again, 1);
	CHECK(!s->typing);
}

static void searching(void)
{
	static const char *const words[] = { "alpha", "Beta", "gamma", "beta two", "ünter" };
	struct search s;
	int again = 5;

	search_init(&s);
	CHECK(!search_key(&s, 'n', &again) && again == 0);
	CHECK(!search_matches(&s, "alpha"));
	CHECK_INT(search_next(&s, 5, 0, 1, word, (void *)words), 5);
	search_for(&s, "beta");
	CHECK_INT(search_next(&s, 5, 0, 1, word, (void *)words), 1);
	CHECK_INT(search_next(&s, 5, 1, 1, word, (void *)words), 3);
	CHECK_INT(search_next(&s, 5, 3, 1, word, (void *)words), 1);
	CHECK_INT(search_next(&s, 5, 3, -1, word, (void *)words), 1);
	CHECK_INT(search_next(&s, 5, 0, -1, word, (void *)words), 3);
	CHECK_INT(search_next(&s, 0, 0, 1, word, (void *)words), 0);
	CHECK_INT(search_next(&s, 5, 99, 1, word, (void *)words), 1);
	CHECK(search_key(&s, 'n', &again) && again == 1);
	CHECK(search_key(&s, 'N', &again) && again == -1);
	CHECK(!search_key(&s, 'x', &again) && again == 0);
	/* given up: what was looked for stays */
	CHECK(search_key(&s, '/', &again) && search_key(&s, 'z', &again) && search_key(&s, K_ESCAPE, &again));
	CHECK(!s.typing && again == 0);
	CHECK_STR(s.last, "beta");
	search_for(&s, "");
	CHECK_STR(s.last, "beta");
	/* capitals count when there is one */
	search_for(&s, "Beta");
	CHECK_INT(search_next(&s, 5, 1, 1, word, (void *)words), 1);
	search_for(&s, "ünt");
	CHECK_INT(search_next(&s, 5, 0, 1, word, (void *)words), 4);
	search_for(&s, "nowhere");
	CHECK_INT(search_next(&s, 5, 0, 1, word, (void *)words), 5);
	CHECK(!search_matches(&s, NULL));
	search_release(&s);
}

static void search_prompt(void)
{
	struct search s;
	struct canvas c;
	int again;

	canvas_init(&c, 20, 1, false);
	search_init(&s);
	search_draw(&s, &c, 0, 0, 20);
	CHECK_STR(row(&c, 0), "");
	search_key(&s, '/', &again);
	search_key(&s, 'a', &again);
	search_draw(&s, &c, 0, 0, 20);
	CHECK_STR(row(&c, 0), "/a");
	CHECK_INT(c.cursor_x, 2);
	CHECK(search_key(&s, K_BACKSPACE, &again) && s.typing);
	CHECK(search_key(&s, K_BACKSPACE, &again) && !s.typing);
	search_release(&s);
	canvas_release(&c);
}

static const struct test tests[] = {
	{ "editor keys", editor_keys },
	{ "editor cuts", editor_cuts },
	{ "editor refuses", editor_refuses },
	{ "editor drawing", editor_drawing },
	{ "secrets never show", secrets_never_show },
	{ "list paging", list_paging },
	{ "list sizes", list_sizes },
	{ "list marks", list_more_marks },
	{ "searching", searching },
	{ "search prompt", search_prompt },
};
TEST_MAIN(tests)
