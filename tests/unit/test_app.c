/* The stack of screens, its keys, its bars and help; and a long walk of keys that mean nothing. */
#include "tests/unit/probe_app.h"

/* ---- the stack ---------------------------------------------------------------------------------------------------------------- */

static void stack(void)
{
	struct fixture f;

	begin(&f, probe('1'));
	happened("1:shown ");
	keys(&f, "a");
	happened("1:pushed 2:shown ");
	keys(&f, "c");
	happened("2:replaced 2:freed 3:shown ");
	keys(&f, "b");
	happened("3:popped 3:freed 1:shown ");
	/* what is not to be seen is not shown */
	keys(&f, "d");
	happened("1:twice y:freed x:shown ");
	keys(&f, "aa");
	str_clear(&journal);
	app_changed(f.app);
	happened("1:changed x:changed y:changed z:changed ");
	keys(&f, "z");
	happened("z:bottom z:freed y:freed x:freed z:shown ");
	app_pop_to(f.app, app_bottom(f.app));
	happened("z:freed 1:shown ");
	/* a screen that is not there, or no longer there */
	struct screen *other = probe('o');
	app_pop_to(f.app, other);
	happened("");
	other->ops->free(other);
	str_clear(&journal);
	CHECK(!app_over(f.app));
	keys(&f, "o");
	happened("1:over 1:freed ");
	CHECK(app_over(f.app) && !app_top(f.app) && !app_bottom(f.app));
	app_key(f.app, 'a');
	app_paste(f.app, "a");
	app_changed(f.app);
	draw(&f);
	end(&f);
}

static void escape(void)
{
	struct fixture f;

	begin(&f, probe('1'));
	keys(&f, "a");
	str_clear(&journal);
	app_key(f.app, K_ESCAPE);
	happened("2:freed 1:shown ");
	/* the last one stays; Ctrl-C is not another key */
	app_key(f.app, K_ESCAPE);
	app_key(f.app, K_CTRL('c'));
	happened("");
	CHECK(!app_over(f.app));
	keys(&f, "a");
	str_clear(&journal);
	app_key(f.app, K_CTRL('c'));
	happened("2:freed 1:shown ");
	CHECK(!app_take_redraw(f.app));
	app_key(f.app, K_CTRL('l'));
	CHECK(app_take_redraw(f.app) && !app_take_redraw(f.app));
	app_quit(f.app);
	CHECK(app_over(f.app));
	end(&f);
}

static void order_of_keys(void)
{
	struct fixture f;
	struct probe *p;

	begin(&f, probe('1'));
	p = probe_of(app_top(f.app));
	str_clear(&journal);
	keys(&f, "eg");
	happened("1:e 1:g ");
	p->off = true;
	keys(&f, "e");
	happened("1:e ");
	/* while it types, letters are letters, and what it does not take is passed on */
	p->off = false;
	p->typing = true;
	str_clear(&journal);
	keys(&f, "ab");
	happened("1:a 1:b ");
	app_key(f.app, K_F3);
	happened("1:e ");
	app_paste(f.app, "h\x1b[1mi\nj");
	happened("1:h 1:i 1:Space 1:j ");
	p->typing = false;
	app_paste(f.app, "ab");
	app_key(f.app, K_NONE);
	app_key(f.app, K_RESIZE);
	happened("");
	end(&f);
}

static void pending_screens_are_freed(void)
{
	struct fixture f;

	begin(&f, NULL);
	CHECK(!app_over(f.app));
	draw(&f);
	app_push(f.app, probe('1'));
	app_push(f.app, probe('2'));
	end(&f);
}

/* ---- drawing ------------------------------------------------------------------------------------------------------------------- */

static void bars(void)
{
	struct fixture f;
	struct probe *p;

	begin(&f, probe('1'));
	p = probe_of(app_top(f.app));
	draw(&f);
	CHECK(str_starts(row(&f.canvas, 0), " kubewright  Probe   "));
	CHECK(str_ends(row(&f.canvas, 0), " blue"));
	CHECK_INT(f.canvas.cells[0].style, STYLE_TITLE);
	CHECK_INT(f.canvas.cells[79].style, STYLE_TITLE);
	CHECK_STR(row(&f.canvas, 1), "screen 1");
	CHECK_STR(row(&f.canvas, 22), "last line, 80x22");
	CHECK_INT(f.canvas.cursor_y, 3);
	CHECK_INT(f.canvas.cursor_x, 3);
	/* the rightmost hints drop out, help never does */
	CHECK_STR(row(&f.canvas, 23), " a Push  b Pop  c Replace  e Sometimes  F3 A label that is rather long  ? Help");
	CHECK_INT(f.canvas.cells[23 * 80 + 1].style, STYLE_KEY);
	CHECK_INT(f.canvas.cells[23 * 80 + 3].style, STYLE_BAR);
	for (int width = 80; width <= 200; width++) {
		canvas_resize(&f.canvas, width, 24);
		draw(&f);
		CHECK(str_ends(row(&f.canvas, 23), "  ? Help"));
	}
	p->off = true;
	canvas_resize(&f.canvas, 160, 24);
	draw(&f);
	CHECK_STR(row(&f.canvas, 23),
		" a Push  b Pop  c Replace  F3 A label that is rather long  F4 Another one as long as that"
		"  F5 Dropped  ? Help");
	p->typing = true;
	draw(&f);
	CHECK_STR(row(&f.canvas, 23),
		" F3 A label that is rather long  F4 Another one as long as that  F5 Dropped  F1 Help");
	app_say(f.app, STYLE_FAIL, "cannot %s", "do it");
	draw(&f);
	CHECK_STR(row(&f.canvas, 23), " x cannot do it");
	CHECK_INT(f.canvas.cells[23 * 160 + 3].style, STYLE_FAIL);
	app_key(f.app, K_F3);
	draw(&f);
	CHECK(strstr(row(&f.canvas, 23), "F1 Help") != NULL);
	end(&f);
}

static void hostile_cluster_name(void)
{
	struct fixture f;
	struct error err = { 0 };
	struct str text = STR_INIT;

	begin(&f, probe('1'));
	str_add(&text, "cluster: \"\\e[31m");
	for (int i = 0; i < 100; i++)
		str_add(&text, "漢");
	str_add(&text, "\"\n");
	document_free(f.wizard.document);
	f.wizard.document = document_parse("/nonexistent/x", text.buf, &err);
	draw(&f);
	CHECK(str_starts(row(&f.canvas, 0), " kubewright  Probe "));
	document_free(f.wizard.document);
	f.wizard.document = NULL;
	draw(&f);
	CHECK_STR(row(&f.canvas, 0), " kubewright  Probe");
	str_release(&text);
	end(&f);
}

static void too_small(void)
{
	struct fixture f;

	begin(&f, probe('1'));
	canvas_resize(&f.canvas, 70, 20);
	draw(&f);
	CHECK_STR(row(&f.canvas, 10), "                    too small: 70x20 (need 80x24)");
	for (int y = 0; y < 20; y++)
		if (y != 10)
			CHECK_STR(row(&f.canvas, y), "");
	CHECK_INT(f.canvas.cursor_y, -1);
	canvas_resize(&f.canvas, 79, 24);
	draw(&f);
	CHECK(find_row(&f.canvas, "too small: 79x24") >= 0);
	canvas_resize(&f.canvas, 200, 23);
	draw(&f);
	CHECK(find_row(&f.canvas, "too small: 200x23") >= 0);
	canvas_resize(&f.canvas, 80, 24);
	draw(&f);
	CHECK(find_row(&f.canvas, "too small") < 0);
	end(&f);
}

static void drawing_is_pure(void)
{
	struct fixture f;
	struct str one = STR_INIT, two = STR_INIT;

	begin(&f, probe('1'));
	app_push(f.app, screen_reader("Text", "some\ntext"));
	app_push(f.app, screen_question("Sure", "Really", "no|yes", NULL, NULL, NULL));
	draw(&f);
	canvas_dump(&f.canvas, THEME_COLOR, &one);
	canvas_resize(&f.canvas, 120, 40);
	draw(&f);
	canvas_resize(&f.canvas, 80, 24);
	draw(&f);
	canvas_dump(&f.canvas, THEME_COLOR, &two);
	CHECK_STR(two.buf, one.buf);
	str_release(&one);
	str_release(&two);
	end(&f);
}

/* ---- help ---------------------------------------------------------------------------------------------------------------------- */

static void help_lists_all_bindings(void)
{
	static const int ways[] = { '?', K_F1 };
	struct fixture f;
	char name[32];

	begin(&f, probe('1'));
	probe_of(app_top(f.app))->off = true;
	canvas_resize(&f.canvas, 80, 50);
	for (int i = 0; i < 2; i++) {
		app_key(f.app, ways[i]);
		draw(&f);
		CHECK(strstr(row(&f.canvas, 0), "Help: Probe") != NULL);
		CHECK(find_row(&f.canvas, "Shows what happens to it.") > 0);
		for (const struct binding *b = bindings; b->key; b++) {
			int y = find_row(&f.canvas, b->help);

			key_name(b->key, name, sizeof(name));
			if (CHECK(y > 0))
				CHECK(strncmp(row(&f.canvas, y) + 2, name, strlen(name)) == 0);
		}
		CHECK(find_row(&f.canvas, "Ctrl-L") > 0);
		app_key(f.app, K_ESCAPE);
		CHECK(app_top(f.app)->ops == &probe_ops);
	}
	end(&f);
}

/* ---- a long walk ------------------------------------------------------------------------------------------------------------------- */

static unsigned random_state = 12345;

static unsigned any(unsigned below)
{
	random_state = random_state * 1103515245u + 12345u;
	return (random_state >> 8) % below;
}

static int any_key(void)
{
	static const int special[] = { K_ENTER, K_TAB, K_BACK_TAB, K_ESCAPE, K_BACKSPACE, K_UP, K_DOWN, K_LEFT, K_RIGHT,
		K_PAGE_UP, K_PAGE_DOWN, K_HOME, K_END, K_DELETE, K_F1, K_F2, K_F10, K_RESIZE, '?', '/', 'n', 'N', 'q',
		'G', ' ', 0x6f22, 0x1f600, 0xfc, K_CTRL('u'), K_CTRL('w'), K_CTRL('c'), K_CTRL('l') };

	if (any(4) == 0)
		return (int)any(0x300);
	return special[any(sizeof(special) / sizeof(special[0]))];
}

static struct screen *any_screen(struct app *a)
{
	static const char *const prefixes[] = { "", "kubernetes", "network", "hosts[]", NULL };
	struct screen *top = app_top(a);

	switch (any(7)) {
	case 0: return screen_message("Message", STYLE_WARNING, "text 漢字 that\nhas lines");
	case 1: return screen_question("Question", "text", "no|yes|all of them", NULL, top, NULL);
	case 2: return screen_input("Input", "text", "漢字", NULL, any(2), NULL, top, NULL);
	case 3: return screen_reader("Reader", "one\ntwo 漢字漢字 three\n\nfour\n@@ five\n+six");
	case 4: return screen_help(top->ops);
	default: return screen_form("Form", prefixes, "cp1");
	}
}

static void any_keys_and_sizes(void)
{
	struct fixture f;
	size_t depth = 0;

	begin(&f, probe('1'));
	for (int i = 0; i < 100000; i++) {
		if (app_over(f.app)) {
			app_free(f.app);
			f.app = f.wizard.app = app_new(&f.wizard, false);
			app_push(f.app, probe('1'));
		}
		if (any(12) == 0 && depth++ % 40 < 20)
			app_push(f.app, any_screen(f.app));
		if (any(2000) == 0)
			app_paste(f.app, "pasted \x1b[2J\xff\n漢字");
		if (any(500) == 0)
			app_pop_to(f.app, app_bottom(f.app));
		app_key(f.app, any_key());
		if (journal.len > 4096)
			str_clear(&journal);
		if (i % 8 == 0) {
			canvas_resize(&f.canvas, (int)any(200) + 1, (int)any(60) + 1);
			draw(&f);
		}
	}
	end(&f);
}

/* Each kind of screen, without the bars too: on every size there is. */
static void all_sizes(void)
{
	struct fixture f;

	begin(&f, probe('1'));
	for (int width = 1; width <= 200; width += width < 90 ? 3 : 11) {
		for (int height = 1; height <= 60; height += height < 30 ? 1 : 6) {
			struct screen *top;

			app_push(f.app, any_screen(f.app));
			top = app_top(f.app);
			canvas_resize(&f.canvas, width, height);
			draw(&f);
			canvas_clear(&f.canvas);
			top->ops->draw(top, &f.canvas);
			app_key(f.app, any_key());
			draw(&f);
			app_pop_to(f.app, app_bottom(f.app));
		}
	}
	end(&f);
}

static const struct test tests[] = {
	{ "stack", stack },
	{ "escape", escape },
	{ "order of keys", order_of_keys },
	{ "pending screens are freed", pending_screens_are_freed },
	{ "bars", bars },
	{ "hostile cluster name", hostile_cluster_name },
	{ "too small", too_small },
	{ "drawing is pure", drawing_is_pure },
	{ "help lists all bindings", help_lists_all_bindings },
	{ "any keys and sizes", any_keys_and_sizes },
	{ "all sizes", all_sizes },
};
TEST_MAIN(tests)
