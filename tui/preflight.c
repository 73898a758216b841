/* Hosts and findings: what stands in the way of an installation, and what to do about it. */
#include "tui/preflight.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct preflight {
	struct screen screen;
	struct preflight_rows rows;
	struct list list;
	struct search search;
	bool tried;    /* a check was begun from here by itself */
	bool remedied; /* a remedy was begun from here: check again after it */
};

static struct preflight *of(struct screen *s)
{
	return (struct preflight *)s;
}

static const struct preflight_row *selected(const struct screen *screen)
{
	const struct preflight *s = (const struct preflight *)screen;

	const struct preflight_row *row = s->list.selected < s->rows.count ? &s->rows.list[s->list.selected] : NULL;

	return row && row->host < screen->wizard->seen_count ? row : NULL;
}

static const struct finding *selected_finding(const struct screen *screen)
{
	const struct preflight_row *row = selected(screen);

	return row ? preflight_finding(screen->wizard, row) : NULL;
}

/* ---- checking --------------------------------------------------------------------------------------------------------- */

static void refresh(struct preflight *s)
{
	preflight_rows_make(&s->rows, s->screen.wizard);
	list_resize(&s->list, s->rows.count);
}

static void check(struct screen *screen)
{
	of(screen)->tried = true;
	page_begin(screen, PURPOSE_CHECK, NULL, NULL);
}

static void shown(struct screen *screen)
{
	struct preflight *s = of(screen);

	refresh(s);
	/* only once: a check that cannot begin has said why, and would say it again and again */
	if (!page_seen_now(screen->wizard) && !wizard_running(screen->wizard) && !s->tried)
		check(screen);
}

static void changed(struct screen *screen)
{
	struct preflight *s = of(screen);
	const struct wizard *w = screen->wizard;

	refresh(s);
	if (wizard_running(w) || !s->remedied || w->purpose != PURPOSE_REMEDY)
		return;
	s->remedied = false;
	if (w->summary_valid && w->summary.first)
		page_fail(screen, "The remedy did not work", w->summary.first);
	check(screen);
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static void explain(struct screen *screen)
{
	const struct preflight_row *row = selected(screen);
	struct str text = STR_INIT;

	if (!row)
		return;
	preflight_explain(screen->wizard, row, &text);
	app_push(screen->app, screen_reader(preflight_title(screen->wizard, row), text.buf));
	str_release(&text);
}

static bool on_finding(const struct screen *screen)
{
	return selected_finding(screen) != NULL;
}

static void toggle_ignored(struct screen *screen)
{
	const struct finding *f = selected_finding(screen);
	char name[sizeof(f->name)];
	bool ignored = !f->ignored;
	struct error err = { 0 };

	snprintf(name, sizeof(name), "%s", f->name);
	if (preflight_ignore(screen->wizard, name, ignored, &err)) {
		page_fail(screen, "The exception cannot be saved", &err);
		return;
	}
	refresh(of(screen));
	preflight_rows_find(&of(screen)->rows, screen->wizard, name, &of(screen)->list.selected);
	app_say(screen->app, STYLE_NORMAL,
		ignored ? "%s is ignored now, on all hosts; x counts it again" : "%s counts again", name);
}

static void remedy(struct screen *screen, int answer, void *ctx)
{
	const struct preflight_row *row = selected(screen);
	const struct finding *f = selected_finding(screen);

	(void)ctx;
	if (answer != 1 || !f)
		return;
	of(screen)->remedied = page_begin(screen, PURPOSE_REMEDY, screen->wizard->seen[row->host].name, f->name);
}

static void ask_remedy(struct screen *screen)
{
	const struct finding *f = selected_finding(screen);
	const char *sentence = screen->wizard->port->remedy(f->name);
	char *text;

	if (!sentence) {
		app_say(screen->app, STYLE_WARNING, "kubewright cannot fix this itself; Enter shows what you can do");
		return;
	}
	text = xasprintf("%s\n\nDo this on %s now?", sentence, screen->wizard->seen[selected(screen)->host].name);
	app_push(screen->app, screen_question("Apply the remedy", text, "no|yes", remedy, screen, NULL));
	free(text);
}

static bool can_remedy(const struct screen *screen)
{
	const struct finding *f = selected_finding(screen);

	return f && screen->wizard->port->remedy(f->name) != NULL;
}

/* ---- continuing ------------------------------------------------------------------------------------------------------ */

static void go(struct screen *screen)
{
	app_push(screen->app, screen_plan());
}

static void go_anyway(struct screen *screen, int answer, void *ctx)
{
	(void)ctx;
	if (answer == 1)
		page_leave(screen, go);
}

static void next(struct screen *screen)
{
	const struct preflight *s = of(screen);
	struct str text = STR_INIT;

	if (page_checking(screen->wizard)) {
		app_say(screen->app, STYLE_WARNING, "the check is still running; s stops it");
		return;
	}
	if (!page_seen_now(screen->wizard))
		str_add(&text, "The hosts were not checked with the current inventory.");
	else if (s->rows.bad_hosts)
		preflight_bad(screen->wizard, &text);
	if (text.len) {
		str_add(&text, "\n\nContinue anyway? Hosts with errors are left out.");
		app_push(screen->app,
			screen_question("Not everything is ready", text.buf, "no|yes", go_anyway, screen, NULL));
	} else {
		go_anyway(screen, 1, NULL);
	}
	str_release(&text);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_CHECK);
}

static bool no_search(const struct screen *screen)
{
	return !((const struct preflight *)screen)->search.last;
}

static void mesh(struct screen *screen)
{
	app_push(screen->app, screen_mesh());
}

static bool no_check(const struct screen *screen)
{
	return !page_checking(screen->wizard);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

static void draw_row(const struct wizard *w, const struct preflight_row *row, struct canvas *c, int y, bool here)
{
	const char *host = row->host < w->seen_count ? w->seen[row->host].name : "";
	const struct finding *f = preflight_finding(w, row);
	enum style style = preflight_style(row->kind);
	int x = 4;

	canvas_symbol(c, y, 2, style, preflight_symbol(row->kind));
	page_cell(c, y, &x, 8, 1, style, preflight_word(row->kind));
	page_cell(c, y, &x, 22, 8, STYLE_NORMAL, f ? f->name : row->kind == ROW_LOGIN ? "login" : "");
	page_cell(c, y, &x, 14, 4, STYLE_NORMAL, host);
	page_cell(
		c, y, &x, c->width, 8, f || row->kind == ROW_LOGIN ? STYLE_NORMAL : STYLE_DIM, preflight_what(w, row));
	page_pointer(c, y, c->width, here);
}

static void draw_head(const struct preflight *s, struct canvas *c)
{
	const struct wizard *w = s->screen.wizard;
	struct str text = STR_INIT;
	enum style style = STYLE_HEADING;

	preflight_sum(w, &s->rows, &style, &text);
	canvas_text(c, 0, 0, c->width, style, text.buf);
	str_release(&text);
}

/* The selected line in full: what it takes at 80 columns is cut in the table. */
static void draw_detail(const struct screen *screen, struct canvas *c, int y)
{
	const struct preflight_row *row = selected(screen);
	const struct finding *f = selected_finding(screen);
	struct str text = STR_INIT;
	const char *todo;

	if (!row)
		return;
	y = page_text(c, y, 0, c->height - 1, preflight_style(row->kind), preflight_what(screen->wizard, row));
	todo = f ? f->remedy : row->kind == ROW_LOGIN ? screen->wizard->seen[row->host].error.hint : "";
	if (!*todo)
		return;
	str_addf(&text, "What to do: %s", todo);
	page_text(c, y, 0, c->height - 1, STYLE_NORMAL, text.buf);
	str_release(&text);
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct preflight *s = (const struct preflight *)screen;
	int detail = c->height >= 16 ? 5 : 0, rows = c->height - 2 - (detail ? detail + 1 : 0);
	struct list l;

	if (rows < 1)
		rows = 1;
	l = list_window(&s->list, rows);
	draw_head(s, c);
	if (s->rows.count == 0 && page_checking(screen->wizard))
		preflight_draw_live(screen->wizard, c, 2);
	for (int i = 0; i < rows && l.top + (size_t)i < s->rows.count; i++)
		draw_row(screen->wizard, &s->rows.list[l.top + (size_t)i], c, 2 + i, l.top + (size_t)i == l.selected);
	list_marks(&l, c, 2, c->width - 1);
	if (detail && s->rows.count) {
		canvas_hline(c, 2 + rows, 0, c->width, STYLE_BORDER);
		draw_detail(screen, c, 3 + rows);
	}
	if (s->search.typing)
		search_draw(&s->search, c, c->height - 1, 0, c->width);
}

/* ---- keys --------------------------------------------------------------------------------------------------------------- */

/* A finding is looked for by its name, and so is a host. */
static const char *row_text(size_t i, void *ctx)
{
	static char text[128];
	const struct preflight *s = ctx;
	const struct wizard *w = s->screen.wizard;
	const struct preflight_row *row = &s->rows.list[i];
	const struct finding *f = preflight_finding(w, row);

	snprintf(text, sizeof(text), "%s %s", f ? f->name : preflight_word(row->kind),
		row->host < w->seen_count ? w->seen[row->host].name : "");
	return text;
}

static bool key(struct screen *screen, int k)
{
	struct preflight *s = of(screen);
	bool none;

	if (!search_list(&s->search, &s->list, k, row_text, s, &none))
		return list_key(&s->list, k);
	if (none)
		app_say(screen->app, STYLE_WARNING, "no finding or host name contains this");
	return true;
}

static bool typing(const struct screen *screen)
{
	return ((const struct preflight *)screen)->search.typing;
}

static void release(struct screen *screen)
{
	free(of(screen)->rows.list);
	search_release(&of(screen)->search);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_F10, "Next", "Continues to the plan.", next, NULL },
	{ 'n', NULL, "Continues to the plan.", next, no_search },
	{ K_ENTER, "Explain", "Shows what was seen, why it matters and what to do.", explain, NULL },
	{ 'x', "Exception",
		"Ignores this finding: the inventory records that it must not stop a run. Again: counts it.",
		toggle_ignored, on_finding },
	{ 'f', "Fix", "Applies kubewright's own remedy; asks first.", ask_remedy, can_remedy },
	{ 'c', "Check again", "Checks all hosts again. Changes nothing on them.", check, NULL },
	{ 'm', "Mesh", "Has the hosts ask each other, and shows what they get through to one another.", mesh,
		no_check },
	{ 's', "Stop", "Stops the running check.", page_stop, page_can_stop },
	{ K_ESCAPE, "Back", "Goes back to the cluster's settings.", page_back, NULL },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Preflight",
	.about =
		"Whether the hosts are ready. Errors leave a host out of the installation, warnings do not. Nothing is changed on a host unless you say so.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = typing,
	.shown = shown,
	.changed = changed,
	.free = release,
};

struct screen *screen_preflight(void)
{
	struct preflight *s = xcalloc(1, sizeof(*s));

	s->screen.ops = &ops;
	search_init(&s->search);
	return &s->screen;
}
