/* What an installation would do on each host, to be read and confirmed before anything is changed. */
#include "tui/pages.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDE 120 /* from here on hosts and steps stand side by side */

struct plan {
	struct screen screen;
	struct plan_aim aim;
	struct list hosts, steps; /* steps: of the selected host, those that would be done */
	bool on_steps;            /* keys go to the steps */
	bool tried;               /* a plan was begun from here by itself */
	bool waits;               /* for the installation to begin */
};

static struct plan *of(struct screen *s)
{
	return (struct plan *)s;
}

/* ---- what would be done ----------------------------------------------------------------------------------------------- */

static void refresh(struct plan *s)
{
	const struct wizard *w = s->screen.wizard;

	list_resize(&s->hosts, plan_now(w, &s->aim) ? w->plan.host_count : 0);
	list_resize(&s->steps, s->hosts.count ? plan_would_count(&w->plan, s->hosts.selected) : 0);
}

/* NULL: all. */
static const char *host_of(const struct plan *s)
{
	return *s->aim.host ? s->aim.host : NULL;
}

static void make(struct screen *screen)
{
	of(screen)->tried = true;
	page_begin(screen, of(screen)->aim.purpose, host_of(of(screen)), of(screen)->aim.what);
}

static bool installs(const struct screen *screen)
{
	return ((const struct plan *)screen)->aim.purpose == PURPOSE_PLAN;
}

static bool does_else(const struct screen *screen)
{
	return !installs(screen);
}

static void begin_by_itself(struct screen *screen)
{
	struct plan *s = of(screen);

	refresh(s);
	/* a check that is still under way is waited for; how a living cluster is does not hang on the document alone */
	if (!s->tried && !wizard_running(screen->wizard) && (!plan_now(screen->wizard, &s->aim) || does_else(screen)))
		make(screen);
}

static void shown(struct screen *screen)
{
	page_follow(screen, &of(screen)->waits);
	begin_by_itself(screen);
}

static void changed(struct screen *screen)
{
	if (app_top(screen->app) == screen)
		shown(screen);
	else
		refresh(of(screen));
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static void read_step(struct screen *screen)
{
	const struct plan *s = of(screen);
	const struct runview *v = &screen->wizard->plan;
	size_t host = s->hosts.selected, step;
	struct str text = STR_INIT;

	if (s->hosts.selected >= s->hosts.count)
		return;
	for (size_t i = 0; (step = plan_would_at(v, host, i)) < v->step_count; i++)
		if (!s->on_steps || i == s->steps.selected)
			plan_step_text(v, host, step, &text);
	if (v->hosts[host].aside) {
		str_add(&text, "This host is left out:\n\n");
		page_error(&text, &v->hosts[host].error);
	} else if (!text.len) {
		str_add(&text, "Nothing to do here.\n");
	}
	app_push(screen->app, screen_reader(v->hosts[host].name, text.buf));
	str_release(&text);
}

static bool has_plan(const struct screen *screen)
{
	return ((const struct plan *)screen)->hosts.count > 0;
}

static void other_list(struct screen *screen)
{
	of(screen)->on_steps = !of(screen)->on_steps && of(screen)->steps.count;
}

static const char *confirmed(struct screen *screen, const char *text, void *ctx)
{
	struct plan *s = of(screen);

	(void)text;
	(void)ctx;
	page_change(screen, purpose_kind(s->aim.purpose)->then, host_of(s), s->aim.what, &s->waits);
	return NULL;
}

static void ask(struct screen *screen, const struct plan_sum *sum)
{
	const struct plan_aim *aim = &of(screen)->aim;
	struct str cluster = STR_INIT, text = STR_INIT, title = STR_INIT;

	if (document_get(screen->wizard->document, "cluster", &cluster) != 1 || !cluster.len) {
		app_say(screen->app, STYLE_FAIL, "the cluster has no name: set it on the page Cluster");
		str_release(&cluster);
		return;
	}
	str_add(&text, "This changes ");
	page_count(&text, sum->hosts, "host", "hosts");
	str_add(&text, " in ");
	page_count(&text, sum->steps, "step", "steps");
	if (sum->aside) {
		str_add(&text, "; ");
		page_count(&text, sum->aside, "host is left out", "hosts are left out");
	}
	str_addf(&text, ". %sType the cluster's name, %s, and Enter to start.", purpose_kind(aim->purpose)->tell,
		cluster.buf);
	str_addf(&title, "Start the %s%s%s", purpose_kind(aim->purpose)->noun, *aim->host ? " of " : "", aim->host);
	app_push(screen->app, screen_input(title.buf, text.buf, "", cluster.buf, false, confirmed, screen, NULL));
	str_release(&title);
	str_release(&text);
	str_release(&cluster);
}

static void install(struct screen *screen)
{
	const struct plan_aim *aim = &of(screen)->aim;
	struct plan_sum sum = plan_sum_of(screen->wizard, aim);

	if (wizard_running(screen->wizard) || !plan_now(screen->wizard, aim))
		app_say(screen->app, STYLE_WARNING, "no plan yet%s",
			wizard_running(screen->wizard) ? "; wait until it is ready" : ": c makes it");
	else if (sum.steps == 0)
		app_say(screen->app, STYLE_NORMAL, "nothing to do");
	else if (screen->wizard->plan_barred.kind)
		page_fail(screen, "This is not started", &screen->wizard->plan_barred);
	else
		ask(screen, &sum);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, of(screen)->aim.purpose);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

static void draw_host(const struct plan *s, struct canvas *c, int y, int width, size_t i)
{
	const struct runview *v = &s->screen.wizard->plan;
	const struct runview_host *h = &v->hosts[i];
	size_t n = plan_would_count(v, i);
	enum symbol symbol = h->aside ? SYMBOL_FAIL : n ? SYMBOL_CHANGED : SYMBOL_OK;
	enum style style = h->aside ? STYLE_FAIL : n ? STYLE_CHANGED : STYLE_OK;
	struct str text = STR_INIT;

	if (h->aside)
		str_addf(&text, "left out: %s", h->error.what);
	else if (n)
		page_count(&text, n, "step", "steps");
	else
		str_add(&text, "nothing to do");
	canvas_symbol(c, y, 2, style, symbol);
	canvas_text(c, y, 4, 16, STYLE_NORMAL, h->name);
	if (width > 21)
		canvas_text(c, y, 21, width - 21, style, text.buf);
	if (i == s->hosts.selected)
		canvas_restyle(c, y, 0, width, s->on_steps ? STYLE_MARK : STYLE_FOCUS);
	if (i == s->hosts.selected && !s->on_steps) {
		canvas_symbol(c, y, 0, STYLE_FOCUS, SYMBOL_POINTER);
		canvas_cursor(c, y, 0);
	}
	str_release(&text);
}

static void draw_hosts(const struct plan *s, struct canvas *c, int y, int rows, int width)
{
	struct list l = list_window(&s->hosts, rows);

	for (int i = 0; i < rows && l.top + (size_t)i < s->hosts.count; i++)
		draw_host(s, c, y + i, width, l.top + (size_t)i);
	list_marks(&l, c, y, width - 1);
}

static void draw_step(const struct runview *v, size_t host, size_t step, struct canvas *c, int y, int x)
{
	const char *text = runview_text(v, host, step);
	int room = c->width - 1;

	if (room - x > 2)
		canvas_text(c, y, x + 2, room - x - 2 < 20 ? room - x - 2 : 20, STYLE_NORMAL, v->steps[step].name);
	if (room - x > 24)
		canvas_text(c, y, x + 23, room - x - 23, STYLE_NORMAL, text && *text ? text : v->steps[step].title);
}

static void draw_steps(const struct plan *s, struct canvas *c, int y, int rows, int x)
{
	const struct runview *v = &s->screen.wizard->plan;
	size_t host = s->hosts.selected;
	struct list l = list_window(&s->steps, rows);

	if (host >= s->hosts.count)
		return;
	if (s->steps.count == 0)
		page_text(c, y, x, y + rows, v->hosts[host].aside ? STYLE_FAIL : STYLE_DIM,
			v->hosts[host].aside ? v->hosts[host].error.what : "Nothing to do here.");
	if (s->steps.count == 0 && v->hosts[host].aside)
		page_text(c, y + 2, x, y + rows, STYLE_NORMAL, v->hosts[host].error.hint);
	for (int i = 0; i < rows && l.top + (size_t)i < s->steps.count; i++) {
		draw_step(v, host, plan_would_at(v, host, l.top + (size_t)i), c, y + i, x);
		if (s->on_steps && l.top + (size_t)i == s->steps.selected) {
			canvas_symbol(c, y + i, x, STYLE_FOCUS, SYMBOL_POINTER);
			canvas_restyle(c, y + i, x, c->width - x, STYLE_FOCUS);
			canvas_cursor(c, y + i, x);
		}
	}
	list_marks(&l, c, y, c->width - 1);
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct plan *s = (const struct plan *)screen;
	const struct runview *v = &screen->wizard->plan;
	int rows = c->height - 3 > 1 ? c->height - 3 : 1, upper;

	plan_draw_head(screen->wizard, &s->aim, c);
	if (!plan_now(screen->wizard, &s->aim) || s->hosts.selected >= v->host_count || s->hosts.count != v->host_count)
		return;
	if (c->width >= WIDE) {
		draw_hosts(s, c, 3, rows, 60);
		canvas_textf(c, 2, 62, c->width - 62, STYLE_HEADING, "What would be done on %s",
			v->hosts[s->hosts.selected].name);
		draw_steps(s, c, 3, rows, 62);
		return;
	}
	upper = (int)(s->hosts.count < (size_t)(rows / 2) ? s->hosts.count : (size_t)(rows / 2));
	upper = upper > 0 ? upper : 1;
	draw_hosts(s, c, 2, upper, c->width);
	canvas_hline(c, 2 + upper, 0, c->width, STYLE_BORDER);
	canvas_textf(c, 2 + upper, 2, c->width - 4, STYLE_HEADING, " What would be done on %s ",
		v->hosts[s->hosts.selected].name);
	if (rows - upper > 0)
		draw_steps(s, c, 3 + upper, rows - upper, 0);
}

/* ---- keys --------------------------------------------------------------------------------------------------------------- */

static bool key(struct screen *screen, int k)
{
	struct plan *s = of(screen);
	bool taken = list_key(s->on_steps ? &s->steps : &s->hosts, k);

	if (taken && !s->on_steps) {
		s->steps = (struct list){ 0 };
		refresh(s);
	}
	return taken;
}

static void release(struct screen *screen)
{
	free(of(screen)->aim.what);
	free(screen);
}

static const struct binding bindings[] = {
	{ 'a', "Install", "Starts the installation after you type the cluster's name.", install, installs },
	{ 'a', "Begin", "Starts what is planned after you type the cluster's name.", install, does_else },
	{ K_F10, "Next", "The same.", install, NULL },
	{ 'n', NULL, "The same.", install, NULL },
	{ K_ENTER, "Details", "Shows in full what would change: files, packages and commands.", read_step, has_plan },
	{ K_TAB, "Steps", "Goes to the steps of the selected host, and back.", other_list, has_plan },
	{ 'c', "Plan again", "Makes the plan again. Changes nothing on the hosts.", make, NULL },
	{ 's', "Stop", "Stops the running look.", page_stop, page_can_stop },
	{ K_ESCAPE, "Back", "Goes back to the previous page.", page_back, NULL },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Plan",
	.about =
		"What the installation, a repair or a rejoin would do on each host. Nothing has been changed, and nothing will be before you confirm it by typing the cluster's name.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.shown = shown,
	.changed = changed,
	.free = release,
};

struct screen *screen_plan_of(enum purpose purpose, const char *host)
{
	struct plan *s = xcalloc(1, sizeof(*s));

	s->screen.ops = &ops;
	s->aim.purpose = purpose;
	snprintf(s->aim.host, sizeof(s->aim.host), "%s", host ? host : "");
	return &s->screen;
}

struct screen *screen_plan_what(enum purpose purpose, const char *what)
{
	struct screen *screen = screen_plan_of(purpose, NULL);

	of(screen)->aim.what = xstrdup(what);
	return screen;
}

struct screen *screen_plan(void)
{
	return screen_plan_of(PURPOSE_PLAN, NULL);
}
