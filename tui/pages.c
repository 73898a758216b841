/* What the pages of the wizard have in common. */
#include "tui/pages.h"

#include "tui/hostkeys.h"
#include "tui/preflight.h"

#include <stdio.h>
#include <string.h>

/* ---- leaving ---------------------------------------------------------------------------------------------------------- */

static void unsaved(struct screen *s, int answer, void *ctx)
{
	struct error err = { 0 };

	(void)ctx;
	if (answer == 0)
		return;
	if (answer == 1 && document_save(s->wizard->document, true, &err)) {
		page_fail(s, "The inventory could not be written", &err);
		return;
	}
	s->wizard->leave(s);
}

void page_leave(struct screen *s, void (*go)(struct screen *s))
{
	struct document *d = s->wizard->document;
	struct error err = { 0 };
	struct str text = STR_INIT;

	if (!d || !document_changed(d) || document_save(d, false, &err) == 0) {
		go(s);
		return;
	}
	page_error(&text, &err);
	str_add(&text, "\nYour changes are kept as long as this program runs.");
	s->wizard->leave = go;
	app_push(s->app, screen_question("The inventory could not be saved", text.buf,
				 "stay here|overwrite the file|continue without saving", unsaved, s, NULL));
	str_release(&text);
}

static void pop(struct screen *s)
{
	app_pop(s->app);
}

void page_back(struct screen *s)
{
	page_leave(s, pop);
}

void page_equivalent(struct screen *s, enum purpose purpose)
{
	struct str text = STR_INIT;

	if (!s->wizard->document)
		return;
	str_add(&text, "The command line that does the same as this page:\n\n    ");
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

static const char *const under_way[] = { "a check", "a plan", "a run" };

bool page_begin(struct screen *s, enum purpose purpose, const char *host, const char *what)
{
	struct wizard *w = s->wizard;

	if (page_key_questions(w)) {
		app_push(s->app, screen_hostkeys());
		return false;
	}
	if (wizard_running(w)) {
		app_say(s->app, STYLE_WARNING, "%s is running; wait until it is done, or stop it with s",
			under_way[purpose_kind(w->purpose)->does]);
		return false;
	}
	return wizard_begin(w, purpose, host, what);
}

void page_look_begin(struct screen *s, struct page_look *l)
{
	l->begun = page_begin(s, l->purpose, NULL, NULL) || !wizard_running(s->wizard);
}

void page_look_shown(struct screen *s, struct page_look *l)
{
	if (!l->now(s->wizard) && !wizard_running(s->wizard) && !l->begun)
		page_look_begin(s, l);
}

void page_look_changed(struct screen *s, struct page_look *l)
{
	if (wizard_running(s->wizard))
		return;
	if (l->now(s->wizard))
		l->begun = false;
	else if (app_top(s->app) == s && !app_mark(s->app))
		page_look_shown(s, l);
}

bool page_can_stop(const struct screen *s)
{
	return wizard_running(s->wizard) && purpose_kind(s->wizard->purpose)->does != PURPOSE_CHANGES;
}

void page_cancel(struct screen *s, enum purpose purpose)
{
	if (wizard_running(s->wizard) && s->wizard->purpose == purpose)
		wizard_command(s->wizard, ENGINE_CANCEL, -1);
}

void page_stop(struct screen *s)
{
	if (!page_can_stop(s))
		return;
	wizard_command(s->wizard, ENGINE_CANCEL, -1);
	app_say(s->app, STYLE_NORMAL, "stopping");
}

void page_change(struct screen *s, enum purpose purpose, const char *host, const char *what, bool *waits)
{
	*waits = page_begin(s, purpose, host, what);
	page_follow(s, waits);
}

void page_follow(struct screen *s, bool *waits)
{
	/* a secret may have to be typed first: the run begins when it was */
	if (!*waits || !wizard_running(s->wizard) || purpose_kind(s->wizard->purpose)->does != PURPOSE_CHANGES)
		return;
	*waits = false;
	app_push(s->app, screen_run());
}

void page_ask_keys(struct screen *s, bool *asked)
{
	if (!page_key_questions(s->wizard)) {
		*asked = false;
	} else if (!*asked && purpose_kind(s->wizard->purpose)->does != PURPOSE_CHANGES) {
		*asked = true;
		/* not a second time by a page above or below */
		if (!app_mark(s->app))
			app_push(s->app, screen_hostkeys());
	}
}

bool page_installed(const struct wizard *w)
{
	struct str cluster = STR_INIT;
	struct port_past *list = NULL;
	size_t count = 0;
	bool good = w->document && document_problems(w->document, NULL, NULL), stands = false, gone = false;

	if (good && document_get(w->document, "cluster", &cluster) == 1)
		count = w->port->runs(w->port->ctx, cluster.buf, &list);
	/* the newest come first */
	for (size_t i = 0; i < count && !stands && !gone; i++) {
		stands = list[i].stands;
		gone = strcmp(list[i].command, "reset") == 0;
	}
	port_past_free(list, count);
	str_release(&cluster);
	return stands;
}

void page_dashboard(struct screen *s)
{
	app_pop_to(s->app, app_bottom(s->app));
	app_push(s->app, screen_dashboard());
}

bool page_document_is(const struct wizard *w, const char *text)
{
	return text && w->document && strcmp(text, document_text(w->document)) == 0;
}

bool page_seen_now(const struct wizard *w)
{
	return page_document_is(w, w->seen_text);
}

bool page_cluster_now(const struct wizard *w)
{
	return page_document_is(w, w->cluster_text);
}

bool page_certs_now(const struct wizard *w)
{
	return page_document_is(w, w->certs_text);
}

bool page_benchmark_now(const struct wizard *w)
{
	return page_document_is(w, w->benchmark_text);
}

bool page_hardware_now(const struct wizard *w)
{
	return page_document_is(w, w->hardware_text);
}

bool page_mesh_now(const struct wizard *w)
{
	return page_document_is(w, w->mesh_text);
}

bool page_drill_now(const struct wizard *w)
{
	return page_document_is(w, w->drill_text);
}

bool page_requests_now(const struct wizard *w)
{
	return page_document_is(w, w->requests_text);
}

bool page_rotation_now(const struct wizard *w, const char *name)
{
	return page_document_is(w, w->rotation_text) && strcmp(w->rotation.name, name) == 0;
}

bool page_checking(const struct wizard *w)
{
	return wizard_running(w) && w->view_valid && purpose_kind(w->purpose)->does == PURPOSE_LOOKS;
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

static void age_words(int64_t ms, char *out, size_t size)
{
	if (ms < 120000)
		snprintf(out, size, "%d s ago", ms > 0 ? (int)(ms / 1000) : 0);
	else
		snprintf(out, size, "%lld min ago", (long long)(ms / 60000));
}

void page_draw_age(const struct wizard *w, struct canvas *c, int64_t ms, bool current)
{
	char text[32];

	age_words(ms, text, sizeof(text));
	if (page_checking(w))
		snprintf(text, sizeof(text), "looking");
	else if (!current)
		snprintf(text, sizeof(text), "out of date");
	canvas_text(c, 0, c->width - canvas_columns(c, text), 0, page_checking(w) ? STYLE_RUNNING : STYLE_DIM, text);
}

void page_draw_unseen(const struct wizard *w, struct canvas *c, const char *looking)
{
	struct str text = STR_INIT;

	if (page_checking(w)) {
		int used = canvas_text(c, 0, 0, 0, STYLE_RUNNING, looking);

		if (page_key_questions(w))
			canvas_text(
				c, 0, used + 2, 0, STYLE_WARNING, "New host keys wait to be confirmed: v shows them");
		preflight_draw_live(w, c, 2);
	} else {
		str_addf(&text, "%s",
			wizard_running(w) ? "Waiting for the current task" : "Nothing was looked at yet: v looks");
		if (w->begin_error.kind != ERROR_NONE)
			str_addf(&text, " (%s)", w->begin_error.what);
		page_text(c, 0, 0, c->height, STYLE_WARNING, text.buf);
	}
	str_release(&text);
}
