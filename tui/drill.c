/* Faults on purpose: which can be made, those that are wished for, and what came of them. */
#include "tui/pages.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdlib.h>

#define DETAIL 9 /* lines about the selected one, when the canvas has these many … */
#define DETAIL_FROM 16
enum { AT_BOX = 1, AT_NAME = 5, AT_HOST = 18, AT_RESULT = 35 };

struct drill_page {
	struct screen screen;
	struct list list;
	bool marked[DRILL_FAULTS]; /* by place in the list */
	struct page_look look;
	bool waits; /* for the drill to begin */
	bool keys_asked;
	int64_t now_ms; /* of the last tick */
};

static const struct {
	enum style style;
	enum symbol symbol;
} marks[] = {
	[DRILL_NOT_ASKED] = { STYLE_DIM, SYMBOL_SKIPPED },
	[DRILL_LEFT_OUT] = { STYLE_DIM, SYMBOL_SKIPPED },
	[DRILL_DUE] = { STYLE_NORMAL, SYMBOL_WAITING },
	[DRILL_DONE] = { STYLE_OK, SYMBOL_OK },
	[DRILL_FAILED] = { STYLE_FAIL, SYMBOL_FAIL },
};

static struct drill_page *of(struct screen *s)
{
	return (struct drill_page *)s;
}

static const struct port_drill_fault *fault_at(const struct drill_page *p, size_t i)
{
	const struct port_drill *seen = &p->screen.wizard->drill;

	return i < seen->count && i < DRILL_FAULTS ? &seen->list[i] : NULL;
}

static const struct port_drill_fault *selected(const struct screen *screen)
{
	const struct drill_page *p = (const struct drill_page *)screen;

	return fault_at(p, p->list.selected);
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

static void refresh(struct drill_page *p)
{
	list_resize(&p->list, p->screen.wizard->drill.count);
}

static void look(struct screen *screen)
{
	page_look_begin(screen, &of(screen)->look);
}

static void shown(struct screen *screen)
{
	refresh(of(screen));
	page_follow(screen, &of(screen)->waits);
	page_look_shown(screen, &of(screen)->look);
}

static void changed(struct screen *screen)
{
	refresh(of(screen));
	page_ask_keys(screen, &of(screen)->keys_asked);
	page_follow(screen, &of(screen)->waits);
	page_look_changed(screen, &of(screen)->look);
}

static int64_t tick(struct screen *screen, int64_t now_ms)
{
	of(screen)->now_ms = now_ms;
	return 1000;
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static bool on_fault(const struct screen *screen)
{
	return selected(screen) != NULL;
}

static bool can_mark(const struct screen *screen)
{
	return selected(screen) && selected(screen)->state != DRILL_LEFT_OUT;
}

static void mark(struct screen *screen)
{
	bool *m = &of(screen)->marked[of(screen)->list.selected];

	*m = !*m;
}

static void explain(struct screen *screen)
{
	app_push(screen->app, screen_reader(selected(screen)->name, selected(screen)->text));
}

/* Those that are marked; all that can be made when none is. Returns how many. */
static unsigned wished(const struct drill_page *p, struct str *names)
{
	unsigned n = 0;
	bool any = false;

	for (size_t i = 0; fault_at(p, i); i++)
		any = any || p->marked[i];
	for (size_t i = 0; fault_at(p, i); i++)
		if (fault_at(p, i)->state != DRILL_LEFT_OUT && (!any || p->marked[i])) {
			str_addf(names, "%s%s", n ? " " : "", fault_at(p, i)->name);
			n++;
		}
	return n;
}

static const char *confirmed(struct screen *screen, const char *text, void *ctx)
{
	struct str names = STR_INIT;

	(void)text;
	(void)ctx;
	if (wished(of(screen), &names))
		page_change(screen, PURPOSE_DRILL, NULL, names.buf, &of(screen)->waits);
	str_release(&names);
	return NULL;
}

static void ask(struct screen *screen, const char *names, unsigned count)
{
	struct str cluster = STR_INIT, text = STR_INIT;

	if (document_get(screen->wizard->document, "cluster", &cluster) != 1 || !cluster.len) {
		app_say(screen->app, STYLE_FAIL, "the cluster has no name: set it on the page Cluster");
	} else {
		str_addf(&text,
			"%u %s, one at a time: %s. The API may not answer for some seconds each time, and pods "
			"of a host that is cut off have no network. Then everything is put back. Type the "
			"cluster's name, %s, and Enter to start.",
			count, count == 1 ? "fault" : "faults", names, cluster.buf);
		app_push(screen->app, screen_input("Make faults on purpose", text.buf, "", cluster.buf, false,
					      confirmed, screen, NULL));
	}
	str_release(&text);
	str_release(&cluster);
}

static void begin(struct screen *screen)
{
	const struct wizard *w = screen->wizard;
	struct str names = STR_INIT;
	unsigned count = page_drill_now(w) ? wished(of(screen), &names) : 0;

	if (wizard_running(w))
		app_say(screen->app, STYLE_WARNING, "wait until the hosts were looked at");
	else if (count)
		ask(screen, names.buf, count);
	else if (page_drill_now(w) && w->drill.error.kind != ERROR_NONE)
		page_fail(screen, "No fault is made", &w->drill.error);
	else
		app_say(screen->app, STYLE_WARNING,
			page_drill_now(w) ? "this cluster can do without none of them"
					  : "not looked at yet, or the inventory changed: v looks");
	str_release(&names);
}

static void back(struct screen *screen)
{
	page_cancel(screen, PURPOSE_DRILL_LOOK);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_DRILL);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

static void draw_sum(const struct drill_page *p, struct canvas *c)
{
	const struct wizard *w = p->screen.wizard;
	const struct port_drill *seen = &w->drill;
	unsigned counts[DRILL_FAILED + 1] = { 0 }, lost = 0;
	struct str text = STR_INIT;
	enum style style = STYLE_HEADING;

	for (size_t i = 0; i < seen->count; i++) {
		counts[seen->list[i].state]++;
		lost += seen->list[i].state == DRILL_DONE && !seen->list[i].expected;
	}
	if (seen->error.kind != ERROR_NONE && !counts[DRILL_DONE] && !counts[DRILL_DUE])
		str_add(&text, seen->error.what);
	else if (counts[DRILL_DONE] || counts[DRILL_FAILED])
		str_addf(&text, "%u made: %u as expected, %u not, %u failed", counts[DRILL_DONE] + counts[DRILL_FAILED],
			counts[DRILL_DONE] - lost, lost, counts[DRILL_FAILED]);
	else
		str_addf(&text, "%u can be made, %u left out. Nothing is done yet", counts[DRILL_DUE],
			counts[DRILL_LEFT_OUT]);
	if (seen->error.kind != ERROR_NONE || counts[DRILL_FAILED])
		style = STYLE_FAIL;
	else if (lost)
		style = STYLE_WARNING;
	canvas_text(c, 0, 0, c->width - PAGE_AGE, style, text.buf);
	page_draw_age(w, c, p->now_ms - w->drill_ms, page_drill_now(w));
	str_release(&text);
}

static void draw_line(const struct drill_page *p, size_t i, struct canvas *c, int y)
{
	const struct port_drill_fault *f = fault_at(p, i);
	bool slow = f->state == DRILL_DONE && !f->expected;
	enum style style = slow ? STYLE_WARNING : marks[f->state].style;

	if (f->state != DRILL_LEFT_OUT)
		canvas_symbol(c, y, AT_BOX, STYLE_NORMAL, p->marked[i] ? SYMBOL_MARKED : SYMBOL_UNMARKED);
	canvas_text(c, y, AT_NAME, AT_HOST - AT_NAME - 1, STYLE_NORMAL, f->name);
	canvas_text(c, y, AT_HOST, AT_RESULT - AT_HOST - 3, STYLE_NORMAL, *f->host ? f->host : "-");
	canvas_symbol(c, y, AT_RESULT - 2, style, slow ? SYMBOL_WARNING : marks[f->state].symbol);
	canvas_text(c, y, AT_RESULT, c->width - 1 - AT_RESULT, style, f->result);
	page_pointer(c, y, c->width, i == p->list.selected);
}

static void draw_detail(const struct drill_page *p, struct canvas *c, int y)
{
	const struct port_drill_fault *f = fault_at(p, p->list.selected);

	if (!f)
		return;
	canvas_hline(c, y, 0, c->width, STYLE_BORDER);
	canvas_textf(c, y++, 2, c->width - 4, STYLE_HEADING, " %s ", f->name);
	page_text(c, y, 2, c->height, STYLE_NORMAL, f->text);
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct drill_page *p = (const struct drill_page *)screen;
	int rows = c->height - 2 - (c->height >= DETAIL_FROM ? DETAIL : 0);
	struct list l;

	if (!screen->wizard->drill_text) {
		page_draw_unseen(screen->wizard, c, "Looking at what the cluster can do without");
		return;
	}
	draw_sum(p, c);
	canvas_text(c, 1, AT_NAME, 0, STYLE_HEADING, "Fault");
	canvas_text(c, 1, AT_HOST, 0, STYLE_HEADING, "Host");
	canvas_text(c, 1, AT_RESULT, 0, STYLE_HEADING, "What came of it");
	rows = rows < 1 ? 1 : rows;
	l = list_window(&p->list, rows);
	for (int i = 0; i < rows && fault_at(p, l.top + (size_t)i) && l.top + (size_t)i < p->list.count; i++)
		draw_line(p, l.top + (size_t)i, c, 2 + i);
	list_marks(&l, c, 2, c->width - 1);
	if (c->height >= DETAIL_FROM)
		draw_detail(p, c, 2 + rows);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static bool key(struct screen *screen, int k)
{
	return list_key(&of(screen)->list, k);
}

static void release(struct screen *screen)
{
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Details", "Shows all that was measured of the selected fault, or why it is left out.", explain,
		on_fault },
	{ ' ', "Mark", "Marks the fault to be made, or takes the mark away.", mark, can_mark },
	{ 'a', "Begin",
		"Makes what is marked, or without a mark all that can be made, after you type the cluster's name.",
		begin, NULL },
	{ 'v', "Look", "Looks again at what the cluster can do without. Changes nothing.", look, NULL },
	{ 's', "Stop", "Stops the look that is under way.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Drill",
	.about =
		"Faults on purpose, one at a time, in a cluster that is well: the seconds that writes and reads have to wait, beside what is expected, and whether a write that was acknowledged is gone. Everything is put back, also when kubewright is interrupted or killed: each host ends its fault by itself. Nothing is done before you confirm it by typing the cluster's name.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.shown = shown,
	.changed = changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_drill(void)
{
	struct drill_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->look = (struct page_look){ .purpose = PURPOSE_DRILL_LOOK, .now = page_drill_now };
	return &p->screen;
}
