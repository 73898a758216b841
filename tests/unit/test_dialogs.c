/* Dialogs, the reader, and the screen around a form. */
#include "tests/unit/probe_app.h"

/* ---- dialogs -------------------------------------------------------------------------------------------------------------------- */

static int answered;

static void take_answer(struct screen *asked_for, int answer, void *ctx)
{
	CHECK(ctx == &answered);
	answered = answer;
	/* the dialog is gone by then: this leaves the one that asked */
	if (answer == 2)
		app_pop(asked_for->app);
	if (answer == 1)
		app_push(asked_for->app, probe('n'));
}

static void ask(struct fixture *f)
{
	answered = -1;
	app_push(f->app,
		screen_question("Sure", "Really do it?", "no|yes|leave", take_answer, app_top(f->app), &answered));
}

static void question(void)
{
	struct fixture f;
	int y;

	begin(&f, probe('1'));
	keys(&f, "a");
	ask(&f);
	str_clear(&journal);
	draw(&f);
	CHECK(find_row(&f.canvas, "Sure") > 0 && find_row(&f.canvas, "Really do it?") > 0);
	y = find_row(&f.canvas, "> no");
	CHECK(y > 0);
	CHECK(strstr(row(&f.canvas, y), "yes") && strstr(row(&f.canvas, y), "leave"));
	CHECK_INT(f.canvas.cursor_y, y);
	/* what is below is there still, dimmed */
	CHECK_STR(row(&f.canvas, 1), "screen 2");
	CHECK_INT(f.canvas.cells[80].style, STYLE_DIM);
	CHECK(str_starts(row(&f.canvas, 0), " kubewright  Probe"));
	app_key(f.app, K_ESCAPE);
	CHECK_INT(answered, 0);
	happened("2:shown ");
	ask(&f);
	app_key(f.app, K_ENTER);
	CHECK_INT(answered, 0);
	ask(&f);
	str_clear(&journal);
	keys(&f, "y");
	CHECK_INT(answered, -1);
	app_key(f.app, K_ENTER);
	CHECK_INT(answered, 1);
	happened("n:shown ");
	keys(&f, "b");
	ask(&f);
	str_clear(&journal);
	app_key(f.app, K_LEFT);
	app_key(f.app, K_ENTER);
	CHECK_INT(answered, 2);
	happened("2:freed 1:shown ");
	ask(&f);
	app_key(f.app, K_TAB);
	app_key(f.app, K_RIGHT);
	app_key(f.app, K_DOWN);
	app_key(f.app, K_CTRL('c'));
	CHECK_INT(answered, 0);
	end(&f);
}

static void many_answers(void)
{
	struct fixture f;

	begin(&f, probe('1'));
	app_push(f.app,
		screen_question("T", "Q",
			"the first long answer of all|the second long answer of all|the third long answer of all", NULL,
			NULL, NULL));
	draw(&f);
	CHECK(find_row(&f.canvas, "the first long") + 1 == find_row(&f.canvas, "the second long"));
	CHECK(find_row(&f.canvas, "the third long") > 0);
	app_key(f.app, K_ENTER);
	app_push(f.app, screen_question(NULL, NULL, NULL, NULL, NULL, NULL));
	draw(&f);
	app_key(f.app, K_LEFT);
	app_key(f.app, K_ENTER);
	CHECK(app_top(f.app)->ops == &probe_ops);
	end(&f);
}

static void message(void)
{
	struct fixture f;
	struct str text = STR_INIT;

	begin(&f, probe('1'));
	app_push(f.app, screen_message("No", STYLE_FAIL, "It did not\nwork."));
	draw(&f);
	CHECK(find_row(&f.canvas, "No") > 0 && find_row(&f.canvas, "It did not") + 1 == find_row(&f.canvas, "work."));
	CHECK(find_row(&f.canvas, "any key") > 0);
	keys(&f, "?");
	CHECK(app_top(f.app)->ops == &probe_ops);
	/* a long one scrolls */
	for (int i = 0; i < 60; i++)
		str_addf(&text, "line %d\n", i);
	app_push(f.app, screen_message("Long", STYLE_NORMAL, text.buf));
	draw(&f);
	CHECK(find_row(&f.canvas, "line 0") > 0 && find_row(&f.canvas, "line 59") < 0);
	for (int i = 0; i < 10; i++)
		app_key(f.app, K_PAGE_DOWN);
	draw(&f);
	CHECK(find_row(&f.canvas, "line 59") > 0);
	app_key(f.app, K_DOWN);
	app_key(f.app, K_UP);
	CHECK(app_top(f.app)->ops != &probe_ops);
	app_key(f.app, K_ENTER);
	CHECK(app_top(f.app)->ops == &probe_ops);
	str_release(&text);
	end(&f);
}

static char taken[64];

static const char *take_text(struct screen *asked_for, const char *text, void *ctx)
{
	(void)ctx;
	if (strcmp(text, "bad") == 0)
		return "not this one";
	snprintf(taken, sizeof(taken), "%s", text);
	if (strcmp(text, "more") == 0)
		app_push(asked_for->app, probe('m'));
	if (strcmp(text, "leave") == 0)
		app_pop(asked_for->app);
	return NULL;
}

static void typed(struct fixture *f, const char *initial, const char *expected, bool secret)
{
	taken[0] = '\0';
	app_push(f->app,
		screen_input("Type", "Which one?", initial, expected, secret, take_text, app_top(f->app), NULL));
	str_clear(&journal);
}

static void input(void)
{
	struct fixture f;
	int y;

	begin(&f, probe('1'));
	keys(&f, "a");
	typed(&f, "ba", NULL, false);
	keys(&f, "d?");
	draw(&f);
	CHECK(find_row(&f.canvas, "bad?") > 0);
	app_key(f.app, K_BACKSPACE);
	app_key(f.app, K_ENTER);
	draw(&f);
	y = find_row(&f.canvas, "error: not this one");
	CHECK(y > 0 && y == find_row(&f.canvas, "bad") + 1);
	CHECK_INT(f.canvas.cursor_y, y - 1);
	CHECK_STR(taken, "");
	app_key(f.app, K_CTRL('u'));
	draw(&f);
	CHECK(find_row(&f.canvas, "error:") < 0);
	app_paste(f.app, "more\n");
	app_key(f.app, K_ENTER);
	CHECK_STR(taken, "more");
	happened("m:shown ");
	keys(&f, "b");
	typed(&f, NULL, NULL, false);
	keys(&f, "leave\r");
	happened("2:freed 1:shown ");
	typed(&f, "x", NULL, false);
	app_key(f.app, K_ESCAPE);
	CHECK_STR(taken, "");
	CHECK(app_top(f.app)->ops == &probe_ops);
	end(&f);
}

static void input_expected_and_secret(void)
{
	struct fixture f;
	struct str dump = STR_INIT;

	begin(&f, probe('1'));
	typed(&f, NULL, "blue", false);
	keys(&f, "red\r");
	draw(&f);
	CHECK(find_row(&f.canvas, "error: to continue, type: blue") > 0);
	CHECK_STR(taken, "");
	app_key(f.app, K_CTRL('u'));
	keys(&f, "blue\r");
	CHECK_STR(taken, "blue");
	typed(&f, NULL, NULL, true);
	keys(&f, "hunter2");
	draw(&f);
	CHECK(find_row(&f.canvas, "*******") > 0);
	canvas_dump(&f.canvas, THEME_MONOCHROME, &dump);
	CHECK(!strstr(dump.buf, "hunter"));
	keys(&f, "\r");
	CHECK_STR(taken, "hunter2");
	str_release(&dump);
	end(&f);
}

/* ---- the reader ------------------------------------------------------------------------------------------------------------------ */

static void reader(void)
{
	struct fixture f;
	struct str text = STR_INIT;

	begin(&f, probe('1'));
	for (int i = 1; i <= 200; i++)
		str_addf(&text, "line %d%s\n", i, i == 150 ? " Needle" : i == 20 ? " needle" : "");
	app_push(f.app, screen_reader("A text", text.buf));
	draw(&f);
	CHECK(strstr(row(&f.canvas, 0), "A text") != NULL);
	CHECK_STR(row(&f.canvas, 1), "line 1");
	app_key(f.app, K_PAGE_DOWN);
	draw(&f);
	CHECK(str_starts(row(&f.canvas, 1), "line 22 "));
	keys(&f, "G");
	draw(&f);
	CHECK_STR(row(&f.canvas, 22), "line 200");
	app_key(f.app, K_DOWN);
	app_key(f.app, K_UP);
	draw(&f);
	CHECK(str_starts(row(&f.canvas, 22), "line 199 "));
	keys(&f, "g/needle\r");
	draw(&f);
	CHECK(str_starts(row(&f.canvas, 1), "line 20 needle "));
	CHECK_INT(f.canvas.cells[80].style, STYLE_MARK);
	CHECK_INT(f.canvas.cursor_y, 1);
	keys(&f, "n");
	draw(&f);
	CHECK(str_starts(row(&f.canvas, 1), "line 150 Needle "));
	keys(&f, "nN");
	draw(&f);
	CHECK(str_starts(row(&f.canvas, 1), "line 150 Needle "));
	keys(&f, "/nowhere");
	draw(&f);
	CHECK_STR(row(&f.canvas, 22), "/nowhere");
	keys(&f, "\r");
	draw(&f);
	CHECK_STR(row(&f.canvas, 23), " ! not found: nowhere");
	keys(&f, "q");
	CHECK(app_top(f.app)->ops == &probe_ops);
	str_release(&text);
	end(&f);
}

static void reader_lines(void)
{
	struct fixture f;

	begin(&f, probe('1'));
	app_push(f.app, screen_reader("T",
				"a\tb\n\x1b[31mred\x1b[0m\n\n"
				"one two three four five six seven eight nine ten eleven twelve thirteen four"
				"teen fifteen\n"
				"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
				"56789\n"));
	draw(&f);
	CHECK_STR(row(&f.canvas, 1), "a       b");
	CHECK_STR(row(&f.canvas, 2), "red");
	CHECK_STR(row(&f.canvas, 3), "");
	/* broken at blanks where there are some; nothing is lost */
	CHECK(str_ends(row(&f.canvas, 4), "fourteen") || str_ends(row(&f.canvas, 4), "thirteen"));
	CHECK(str_ends(row(&f.canvas, 5), "fifteen"));
	CHECK_INT(strlen(row(&f.canvas, 6)), 78);
	CHECK_STR(row(&f.canvas, 7), "890123456789");
	app_replace(f.app, screen_reader("D", "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same\n"));
	draw(&f);
	CHECK_INT(f.canvas.cells[4 * 80].style, STYLE_FAIL);
	CHECK_INT(f.canvas.cells[5 * 80].style, STYLE_OK);
	CHECK_INT(f.canvas.cells[6 * 80].style, STYLE_NORMAL);
	CHECK_INT(f.canvas.cells[80].style, STYLE_HEADING);
	app_replace(f.app, screen_reader(NULL, NULL));
	draw(&f);
	keys(&f, "G/x\rnN \r");
	draw(&f);
	end(&f);
}

/* ---- the form's screen ------------------------------------------------------------------------------------------------------------- */

static void form_screen(void)
{
	static const char *const prefixes[] = { "hosts[]", NULL };
	char title[] = "Host cp1", folder[] = "/tmp/kubewright-test-XXXXXX";
	struct fixture f;
	struct error err = { 0 };
	char *path;

	begin(&f, probe('1'));
	CHECK(mkdtemp(folder) != NULL);
	path = xasprintf("%s/kubewright.yaml", folder);
	document_free(f.wizard.document);
	f.wizard.document = document_parse(path, base, &err);
	CHECK_INT(document_save(f.wizard.document, false, &err), 0);
	app_push(f.app, screen_form(title, prefixes, "cp1"));
	title[0] = 'X';
	draw(&f);
	CHECK(strstr(row(&f.canvas, 0), "Host cp1") != NULL);
	CHECK(find_row(&f.canvas, "changed") < 0);
	CHECK(strstr(row(&f.canvas, 23), "Enter Edit") && strstr(row(&f.canvas, 23), "Esc Back"));
	app_key(f.app, K_DOWN);
	app_key(f.app, K_ENTER);
	draw(&f);
	CHECK(strstr(row(&f.canvas, 23), "Enter Take") && strstr(row(&f.canvas, 23), "Esc Undo") &&
		strstr(row(&f.canvas, 23), "F1 Help"));
	app_key(f.app, K_CTRL('u'));
	keys(&f, "10.0.0.77\r");
	draw(&f);
	CHECK(find_row(&f.canvas, "changed, saved when you leave") > 0);
	CHECK(document_changed(f.wizard.document));
	app_key(f.app, K_F2);
	CHECK(strstr(app_top(f.app)->ops->title, "Host") == NULL);
	draw(&f);
	CHECK(find_row(&f.canvas, "kubewright apply") > 0);
	app_key(f.app, K_ESCAPE);
	keys(&f, "q");
	CHECK(app_top(f.app)->ops == &probe_ops);
	CHECK(!document_changed(f.wizard.document));
	CHECK(strstr(document_text(f.wizard.document), "10.0.0.77") != NULL);
	end(&f);
	unlink(path);
	CHECK_INT(rmdir(folder), 0);
	free(path);
}

static const struct test tests[] = {
	{ "question", question },
	{ "many answers", many_answers },
	{ "message", message },
	{ "input", input },
	{ "input: expected and secret", input_expected_and_secret },
	{ "reader", reader },
	{ "lines of the reader", reader_lines },
	{ "form's screen", form_screen },
};
TEST_MAIN(tests)
