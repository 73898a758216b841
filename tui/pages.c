/* What the pages of the wizard have in common. */
#include "tui/pages.h"

#include "tui/hostkeys.h"

#include <string.h>

/* ---- leaving ---------------------------------------------------------------------------------------------------------- */

static void unsaved(struct screen *s, int answer, void *ctx)
{
	const struct page_way *way = ctx;
	struct error err = { 0 };

	if (answer == 0)
		return;
	if (answer == 1 && document_save(s->wizard->document, true, &err)) {
		page_fail(s, "The inventory could not be written", &err);
		return;
	}
	way->go(s);
}

void page_leave(struct screen *s, const struct page_way *way)
{
	struct document *d = s->wizard->document;
	struct error err = { 0 };
	struct str text = STR_INIT;

	if (!d || !document_changed(d) || document_save(d, false, &err) == 0) {
		way->go(s);
		return;
	}
	page_error(&text, &err);
	str_add(&text, "\nWhat you changed is not lost as long as this program runs.");
	app_push(
		s->app, screen_question("The inventory could not be saved", text.buf,
				"stay here|write it over what is there|go on without saving", unsaved, s, (void *)way));
	str_release(&text);
}

static void pop(struct screen *s)
{
	app_pop(s->app);
}

void page_back(struct screen *s)
{
	static const struct page_way back = { pop };

	page_leave(s, &back);
}

void page_equivalent(struct screen *s, enum purpose purpose)
{
	struct str text = STR_INIT;

	if (!s->wizard->document)
		return;
	str_add(&text, "The command line does the same as this page with:\n\n    ");
	wizard_equivalent(s->wizard, purpose, &text);
	str_addc(&text, '\n');
	app_push(s->app, screen_reader("The same as a command", text.buf));
	str_release(&text);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------- */

size_t page_key_questions(const struct wizard *w)
{
	size_t n = 0;

	for (size_t i = 0; wizard_running(w) && w->view_valid && i < w->view.question_count; i++)
		n += w->view.questions[i].text && hostkeys_asks(&w->view.questions[i]);
	return n;
}

bool page_begin(struct screen *s, enum purpose purpose, const char *host, const char *finding)
{
	struct wizard *w = s->wizard;

	if (page_key_questions(w)) {
		app_push(s->app, screen_hostkeys());
		return false;
	}
	if (wizard_running(w)) {
		app_say(s->app, STYLE_WARNING, "%s is under way; wait until it is over, or stop it with s",
			w->purpose == PURPOSE_CHECK  ? "a check"
			: w->purpose == PURPOSE_PLAN ? "a plan"
						     : "a run");
		return false;
	}
	return wizard_begin(w, purpose, host, finding);
}

bool page_can_stop(const struct screen *s)
{
	const struct wizard *w = s->wizard;

	return wizard_running(w) && (w->purpose == PURPOSE_CHECK || w->purpose == PURPOSE_PLAN);
}

void page_stop(struct screen *s)
{
	if (!page_can_stop(s))
		return;
	wizard_command(s->wizard, ENGINE_CANCEL, -1);
	app_say(s->app, STYLE_NORMAL, "stopping");
}

void page_install(struct screen *s, bool *waits)
{
	*waits = page_begin(s, PURPOSE_APPLY, NULL, NULL);
	page_follow(s, waits);
}

void page_follow(struct screen *s, bool *waits)
{
	/* a secret may have to be typed first: the run begins when it was */
	if (!*waits || !wizard_running(s->wizard) || s->wizard->purpose != PURPOSE_APPLY)
		return;
	*waits = false;
	app_push(s->app, screen_run());
}

bool page_document_is(const struct wizard *w, const char *text)
{
	return text && w->document && strcmp(text, document_text(w->document)) == 0;
}

bool page_seen_now(const struct wizard *w)
{
	return page_document_is(w, w->seen_text);
}

bool page_plan_now(const struct wizard *w)
{
	return page_document_is(w, w->plan_text);
}

bool page_checking(const struct wizard *w)
{
	return wizard_running(w) && w->view_valid && w->purpose == PURPOSE_CHECK;
}

/* ---- words ------------------------------------------------------------------------------------------------------------ */

void page_count(struct str *out, size_t n, const char *one, const char *many)
{
	str_addf(out, "%zu %s", n, n == 1 ? one : many);
}

void page_error(struct str *out, const struct error *err)
{
	str_addf(out, "%s\n", *err->what ? err->what : "no reason was given");
	if (*err->hint)
		str_addf(out, "\nWhat to do: %s\n", err->hint);
	if (*err->detail)
		str_addf(out, "\n%s\n", err->detail);
}

void page_fail(struct screen *s, const char *title, const struct error *err)
{
	struct str text = STR_INIT;

	page_error(&text, err);
	app_push(s->app, screen_message(title, STYLE_FAIL, text.buf));
	str_release(&text);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

bool page_cell(struct canvas *c, int y, int *x, int width, int min, enum style style, const char *text)
{
	int room = c->width - *x;

	if (room < min || room <= 0)
		return false;
	canvas_text(c, y, *x, width < room ? width : room, style, text);
	*x += width + 1;
	return true;
}

void page_pointer(struct canvas *c, int y, int width, bool selected)
{
	if (!selected)
		return;
	canvas_symbol(c, y, 0, STYLE_FOCUS, SYMBOL_POINTER);
	canvas_restyle(c, y, 0, width, STYLE_FOCUS);
	canvas_cursor(c, y, 0);
}

int page_text(struct canvas *c, int y, int x, int bottom, enum style style, const char *text)
{
	int width = c->width - x, room = bottom - y, lines;

	if (room <= 0 || width <= 0 || !text || !*text)
		return y;
	lines = canvas_paragraph(c, y, x, room, width, 0, style, text);
	return y + (lines < room ? lines : room);
}
