/* A cluster that others made, as a look saw it: its hosts, what is known of each, and the inventory to be written. */
#include "tui/adopt.h"

#include "base/alloc.h"
#include "tui/preflight.h"
#include "tui/widgets.h"

#include <stdlib.h>

#define DETAIL 9 /* lines about the selected one, when the canvas has these many … */
#define DETAIL_FROM 16
enum { AT_NAME = 4, AT_ROLE = 24, AT_ADDRESS = 39, AT_STATE = 56 };

struct adopted_page {
	struct screen screen;
	char *what, *command;
	struct list list; /* the cluster as a whole, then its hosts */
	bool fresh;       /* what an earlier page saw is gone */
	bool tried;       /* a look was begun from here by itself */
	bool keys_asked;
	int64_t now_ms; /* of the last tick */
};

static struct adopted_page *of(struct screen *s)
{
	return (struct adopted_page *)s;
}

/* Whether a look of this page has ended. */
static bool seen(const struct screen *screen)
{
	return ((const struct adopted_page *)screen)->fresh && screen->wizard->adopted_valid;
}

static bool ready(const struct screen *screen)
{
	return seen(screen) && screen->wizard->adopted.refused.kind == ERROR_NONE;
}

/* NULL: the cluster as a whole is selected. */
static const struct port_adopted_host *host_at(const struct wizard *w, size_t row)
{
	return row > 0 && row <= w->adopted.host_count ? &w->adopted.hosts[row - 1] : NULL;
}

static const char *name_of(const struct wizard *w, size_t row)
{
	return host_at(w, row) ? host_at(w, row)->name : "the cluster";
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

static void refresh(struct screen *screen)
{
	size_t hosts = screen->wizard->adopted.host_count;

	list_resize(&of(screen)->list, seen(screen) && hosts ? hosts + 1 : 0);
}

static void look(struct screen *screen)
{
	of(screen)->tried = true;
	if (!wizard_running(screen->wizard))
		screen->wizard->adopted_valid = false;
	page_begin(screen, PURPOSE_ADOPT, NULL, of(screen)->what);
	refresh(screen);
}

static void shown(struct screen *screen)
{
	if (!of(screen)->fresh)
		screen->wizard->adopted_valid = false;
	of(screen)->fresh = true;
	refresh(screen);
	if (!of(screen)->tried && !wizard_running(screen->wizard))
		look(screen);
}

static void changed(struct screen *screen)
{
	refresh(screen);
	page_ask_keys(screen, &of(screen)->keys_asked);
	if (app_top(screen->app) == screen && !app_mark(screen->app))
		shown(screen);
}

static int64_t tick(struct screen *screen, int64_t now_ms)
{
	of(screen)->now_ms = now_ms;
	return 1000;
}

/* ---- words ------------------------------------------------------------------------------------------------------------ */

static void error_text(const struct error *err, struct str *out)
{
	if (*err->host)
		str_addf(out, "%s: ", err->host);
	if (*err->step)
		str_addf(out, "%s: ", err->step);
	page_error(out, err);
}

/* How many findings of a level a row has. */
static size_t count_of(const struct wizard *w, size_t row, enum finding_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < w->adopted.found.count; i++)
		n += w->adopted.found.list[i].host == (int)row - 1 && w->adopted.found.list[i].level == level;
	return n;
}

static enum symbol state_of(const struct wizard *w, size_t row, enum style *style, struct str *out)
{
	const struct port_adopted_host *h = host_at(w, row);
	size_t errors = count_of(w, row, FINDING_ERROR), warnings = count_of(w, row, FINDING_WARNING);

	if (h && !h->reached) {
		*style = STYLE_WARNING;
		str_add(out, "could not be looked at");
		return SYMBOL_WARNING;
	}
	if (errors)
		page_count(out, errors, "error", "errors");
	if (warnings) {
		str_add(out, errors ? ", " : "");
		page_count(out, warnings, "warning", "warnings");
	}
	if (!errors && !warnings)
		str_add(out, "fits");
	*style = errors ? STYLE_FAIL : warnings ? STYLE_WARNING : STYLE_OK;
	return errors ? SYMBOL_FAIL : warnings ? SYMBOL_WARNING : SYMBOL_OK;
}

static void explain_row(const struct wizard *w, size_t row, struct str *out)
{
	const struct port_adopted_host *h = host_at(w, row);

	if (!h && *w->adopted.cas)
		str_addf(out, "Its CAs\n%s\n", w->adopted.cas);
	if (h && h->error.kind != ERROR_NONE) {
		error_text(&h->error, out);
		str_addc(out, '\n');
	}
	for (size_t i = 0; i < w->adopted.found.count; i++)
		if (w->adopted.found.list[i].host == (int)row - 1) {
			preflight_explain_finding(&w->adopted.found.list[i], name_of(w, row), out);
			str_addc(out, '\n');
		}
	if (!out->len)
		str_add(out, "Nothing is in the way, and nothing is odd.\n");
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static bool on_row(const struct screen *screen)
{
	return seen(screen) && ((const struct adopted_page *)screen)->list.count > 0;
}

static void explain(struct screen *screen)
{
	size_t row = of(screen)->list.selected;
	struct str text = STR_INIT;

	explain_row(screen->wizard, row, &text);
	app_push(screen->app, screen_reader(name_of(screen->wizard, row), text.buf));
	str_release(&text);
}

/* The inventory is the document from here on. */
static void written(struct screen *screen, const char *file, bool keys)
{
	struct error err = { 0 };
	struct document *d = document_load(file, &err);
	struct screen *next;

	if (!d) {
		page_fail(screen, "The inventory was written, but cannot be opened", &err);
		return;
	}
	next = keys ? screen_dashboard() : screen_adopt_keys(of(screen)->command);
	wizard_open(screen->wizard, d);
	app_pop_to(screen->app, app_bottom(screen->app));
	app_push(screen->app, next);
}

static void confirmed(struct screen *screen, int answer, void *ctx)
{
	const struct port *port = screen->wizard->port;
	struct error err = { 0 };
	bool keys = false;
	char *file;

	(void)ctx;
	if (answer != 1 || !ready(screen))
		return;
	if (port->adopt(port->ctx, &keys, &err)) {
		page_fail(screen, "The inventory was not written", &err);
		return;
	}
	file = xstrdup(screen->wizard->adopted.file);
	written(screen, file, keys);
	free(file);
}

static void begin(struct screen *screen)
{
	const struct port_adopted *a = &screen->wizard->adopted;
	struct str text = STR_INIT;

	if (!seen(screen) || wizard_running(screen->wizard)) {
		app_say(screen->app, STYLE_WARNING, "%s",
			wizard_running(screen->wizard) ? "wait until the hosts were looked at"
						       : "nothing was looked at yet: v looks");
	} else if (ready(screen)) {
		str_addf(&text, "The inventory of %s is written to %s. Nothing is changed on a host.", a->cluster,
			a->file);
		app_push(screen->app, screen_question("Take over this cluster", text.buf, "no|write the inventory",
					      confirmed, screen, NULL));
	} else {
		error_text(&a->refused, &text);
		app_push(screen->app, screen_message("It cannot be taken over", STYLE_FAIL, text.buf));
	}
	str_release(&text);
}

static void back(struct screen *screen)
{
	page_cancel(screen, PURPOSE_ADOPT);
	app_pop(screen->app);
}

static void equivalent(struct screen *screen)
{
	struct str text = STR_INIT;

	str_addf(&text, "The command line that does the same as this page:\n\n    %s\n", of(screen)->command);
	app_push(screen->app, screen_reader("The same as a command", text.buf));
	str_release(&text);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

static void draw_head(const struct screen *screen, struct canvas *c)
{
	const struct port_adopted *a = &screen->wizard->adopted;
	struct str text = STR_INIT;
	size_t control_planes = 0;

	for (size_t i = 0; i < a->host_count; i++)
		control_planes += a->hosts[i].control_plane;
	str_addf(&text, "%s%sKubernetes %s, ", a->cluster, *a->cluster ? ": " : "", a->version);
	page_count(&text, control_planes, "control plane", "control planes");
	str_add(&text, ", ");
	page_count(&text, a->host_count - control_planes, "worker", "workers");
	canvas_text(c, 0, 0, c->width - PAGE_AGE, STYLE_HEADING, text.buf);
	page_draw_age(
		screen->wizard, c, ((const struct adopted_page *)screen)->now_ms - screen->wizard->adopted_ms, true);
	str_clear(&text);
	if (ready(screen))
		str_addf(&text, "It can be taken over: a writes %s", a->file);
	else
		str_add(&text, a->refused.what);
	canvas_text(c, 1, 0, c->width, ready(screen) ? STYLE_OK : STYLE_FAIL, text.buf);
	str_release(&text);
}

static void draw_row(const struct adopted_page *p, size_t row, struct canvas *c, int y)
{
	const struct port_adopted_host *h = host_at(p->screen.wizard, row);
	enum style style = STYLE_NORMAL;
	struct str text = STR_INIT;
	enum symbol symbol = state_of(p->screen.wizard, row, &style, &text);

	canvas_symbol(c, y, 2, style, symbol);
	canvas_text(c, y, AT_NAME, AT_ROLE - AT_NAME - 1, STYLE_NORMAL, name_of(p->screen.wizard, row));
	if (h) {
		canvas_text(c, y, AT_ROLE, AT_ADDRESS - AT_ROLE - 1, STYLE_NORMAL,
			h->control_plane ? "control plane" : "worker");
		canvas_text(c, y, AT_ADDRESS, AT_STATE - AT_ADDRESS - 1, STYLE_NORMAL, h->address);
	}
	canvas_text(c, y, AT_STATE, c->width - AT_STATE - 1, style, text.buf);
	page_pointer(c, y, c->width, row == p->list.selected);
	str_release(&text);
}

static void draw_detail(const struct adopted_page *p, struct canvas *c, int y, int bottom)
{
	const struct wizard *w = p->screen.wizard;
	const struct port_adopted_host *h = host_at(w, p->list.selected);
	struct str text = STR_INIT;

	canvas_hline(c, y, 0, c->width, STYLE_BORDER);
	canvas_textf(c, y++, 2, c->width - 4, STYLE_HEADING, " %s ", name_of(w, p->list.selected));
	if (h && h->error.kind != ERROR_NONE) {
		y = page_text(c, y, 2, bottom, STYLE_WARNING, h->error.what);
		y = page_text(c, y, 2, bottom, STYLE_NORMAL, h->error.hint);
	}
	for (size_t i = 0; i < w->adopted.found.count; i++) {
		const struct finding *f = &w->adopted.found.list[i];

		if (f->host != (int)p->list.selected - 1)
			continue;
		str_clear(&text);
		str_addf(&text, "%s: %s", f->name, f->what);
		y = page_text(c, y, 2, bottom, preflight_style(preflight_kind(f)), text.buf);
		y = page_text(c, y, 4, bottom, STYLE_NORMAL, f->remedy);
	}
	str_release(&text);
}

/* The first host could not be looked at, or its cluster is not one that can be taken over: why, and what to do. */
static void draw_refused(const struct screen *screen, struct canvas *c)
{
	const struct error *why = &screen->wizard->adopted.refused;
	struct str text = STR_INIT;

	canvas_text(c, 0, 0, c->width, STYLE_FAIL,
		why->kind == ERROR_PREFLIGHT ? "There is no cluster there that can be taken over"
					     : "The control plane could not be looked at");
	error_text(why, &text);
	str_add(&text, "\nEsc goes back to the address and the login; v looks again.\n");
	page_text(c, 2, 0, c->height, STYLE_NORMAL, text.buf);
	str_release(&text);
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct adopted_page *p = (const struct adopted_page *)screen;
	int y = 4, rows;
	struct list l;

	if (!seen(screen)) {
		page_draw_unseen(screen->wizard, c, "Looking at the cluster");
		return;
	}
	if (!p->list.count) {
		draw_refused(screen, c);
		return;
	}
	draw_head(screen, c);
	canvas_text(c, 3, AT_NAME, 0, STYLE_HEADING, "Host");
	canvas_text(c, 3, AT_ROLE, 0, STYLE_HEADING, "Role");
	canvas_text(c, 3, AT_ADDRESS, 0, STYLE_HEADING, "Address");
	canvas_text(c, 3, AT_STATE, 0, STYLE_HEADING, "Found");
	rows = c->height - y - (c->height >= DETAIL_FROM ? DETAIL : 0);
	rows = rows < 1 ? 1 : rows;
	l = list_window(&p->list, rows);
	for (int i = 0; i < rows && l.top + (size_t)i < p->list.count; i++)
		draw_row(p, l.top + (size_t)i, c, y + i);
	list_marks(&l, c, y, c->width - 1);
	if (c->height >= DETAIL_FROM)
		draw_detail(p, c, y + rows, c->height);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static bool key(struct screen *screen, int k)
{
	return list_key(&of(screen)->list, k);
}

static void release(struct screen *screen)
{
	free(of(screen)->what);
	free(of(screen)->command);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Details", "Shows all that was found about the selected line, why it matters and what to do.",
		explain, on_row },
	{ 'a', "Write", "Writes the inventory after you confirm it, or shows why the cluster cannot be taken over.",
		begin, NULL },
	{ 'v', "Look", "Looks at the hosts again. Changes nothing.", look, NULL },
	{ 's', "Stop", "Stops the look that is under way.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back to the address and the login.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "What is there",
	.about =
		"The hosts of a cluster that others made, and what is found about it and about each of them. An error stops the takeover; a warning is to be known before anything is changed. Nothing is changed on a host, and no inventory is written before you confirm it.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.shown = shown,
	.changed = changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_adopted(const char *what, const char *command)
{
	struct adopted_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->what = xstrdup(what);
	p->command = xstrdup(command);
	return &p->screen;
}
