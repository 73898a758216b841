/* One CA or key that is rotated: what hosts have of it, and its next phase. */
#include "tui/pages.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TEXT 2 /* the line that the text begins in */
/* A phase begins by what was looked at so long ago at most: hosts and Pods change meanwhile, and nothing looks again before the key store changes. */
#define LOOK_MAX_MS 600000
#define TOO_OLD "the hosts were looked at more than 10 minutes ago"

struct rotation_page {
	struct screen screen;
	char *name;
	int top;    /* the first line of the text that is shown */
	bool tried; /* a look was begun from here by itself */
	bool waits; /* for the rotation to begin */
	bool keys_asked;
	int64_t now_ms; /* of the last tick */
};

static struct rotation_page *of(struct screen *s)
{
	return (struct rotation_page *)s;
}

static bool seen_now(const struct screen *screen)
{
	return page_rotation_now(screen->wizard, ((const struct rotation_page *)screen)->name);
}

static bool is_old(const struct screen *screen)
{
	return clock_mono_ms() - screen->wizard->rotation_ms > LOOK_MAX_MS;
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

static void look(struct screen *screen)
{
	of(screen)->tried = true;
	of(screen)->top = 0;
	page_begin(screen, PURPOSE_ROTATE_LOOK, NULL, of(screen)->name);
}

/* Also when there was one before: how hosts are does not hang on the document alone. */
static void shown(struct screen *screen)
{
	page_follow(screen, &of(screen)->waits);
	if (!of(screen)->tried && !wizard_running(screen->wizard))
		look(screen);
}

static void changed(struct screen *screen)
{
	page_ask_keys(screen, &of(screen)->keys_asked);
	if (app_top(screen->app) == screen && !app_mark(screen->app))
		shown(screen);
}

static int64_t tick(struct screen *screen, int64_t now_ms)
{
	of(screen)->now_ms = now_ms;
	return 1000;
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static const char *confirmed(struct screen *screen, const char *text, void *ctx)
{
	(void)text;
	(void)ctx;
	if (is_old(screen))
		return TOO_OLD ": go back, and v looks";
	page_change(screen, PURPOSE_ROTATE, NULL, of(screen)->name, &of(screen)->waits);
	return NULL;
}

static void ask(struct screen *screen)
{
	struct str cluster = STR_INIT, text = STR_INIT;

	if (document_get(screen->wizard->document, "cluster", &cluster) != 1 || !cluster.len) {
		app_say(screen->app, STYLE_FAIL, "the cluster has no name: set it on the page Cluster");
	} else {
		str_addf(&text,
			"%s The key store changes: make a backup of it afterwards. Type the cluster's name, %s, and Enter to start.",
			screen->wizard->rotation.tell, cluster.buf);
		app_push(screen->app, screen_input("Start the next phase", text.buf, "", cluster.buf, false, confirmed,
					      screen, NULL));
	}
	str_release(&text);
	str_release(&cluster);
}

static void begin(struct screen *screen)
{
	const struct port_rotation *r = &screen->wizard->rotation;

	if (wizard_running(screen->wizard) || !seen_now(screen))
		app_say(screen->app, STYLE_WARNING, "%s",
			wizard_running(screen->wizard) ? "wait until the hosts were looked at"
						       : "not looked at yet, or the inventory changed: v looks");
	else if (*r->tell && is_old(screen))
		app_say(screen->app, STYLE_WARNING, TOO_OLD ": v looks");
	else if (*r->tell)
		ask(screen);
	else if (r->refused.kind != ERROR_NONE)
		page_fail(screen, "This is not started", &r->refused);
}

static void back(struct screen *screen)
{
	page_cancel(screen, PURPOSE_ROTATE_LOOK);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_ROTATE_LOOK);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

static void draw_head(const struct screen *screen, struct canvas *c)
{
	const struct wizard *w = screen->wizard;
	const struct port_rotation *r = &w->rotation;
	bool may = *r->tell;

	canvas_text(c, 0, 0, c->width - PAGE_AGE, may ? STYLE_HEADING : STYLE_FAIL,
		may ? "Nothing is changed yet. a starts the next phase" : r->refused.what);
	page_draw_age(w, c, ((const struct rotation_page *)screen)->now_ms - w->rotation_ms, seen_now(screen));
	if (!may)
		canvas_text(c, 1, 0, c->width, STYLE_NORMAL, "a shows all of it, and what to do");
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct rotation_page *p = (const struct rotation_page *)screen;
	const struct wizard *w = screen->wizard;
	int rows = c->height - TEXT, lines, top;

	if (!w->rotation_text || !w->rotation.name || strcmp(w->rotation.name, p->name) != 0) {
		page_draw_unseen(w, c, "Looking at how far the rotation is");
		return;
	}
	draw_head(screen, c);
	if (rows <= 0)
		return;
	lines = canvas_paragraph(c, TEXT, 0, 0, c->width - 1, 0, STYLE_NORMAL, w->rotation.state);
	top = p->top < lines - rows ? p->top : lines - rows > 0 ? lines - rows : 0;
	canvas_paragraph(c, TEXT, 0, rows, c->width - 1, top, STYLE_NORMAL, w->rotation.state);
	if (top > 0)
		canvas_symbol(c, TEXT, c->width - 1, STYLE_DIM, SYMBOL_UP);
	if (top + rows < lines)
		canvas_symbol(c, c->height - 1, c->width - 1, STYLE_DIM, SYMBOL_DOWN);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

#define PAGE 10
#define NARROW 60 /* no line of the text is broken after fewer columns */

/* About as many lines as the text has: drawing knows. */
static int last_line(const struct screen *screen)
{
	const char *p = screen->wizard->rotation_text ? screen->wizard->rotation.state : "";
	size_t lines = 0;

	for (; *p; p += strcspn(p, "\n"), p += *p == '\n')
		lines += 1 + strcspn(p, "\n") / NARROW;
	return lines > INT_MAX / 2 ? INT_MAX / 2 : (int)lines;
}

static bool key(struct screen *screen, int k)
{
	static const struct {
		int key, by;
	} moves[] = { { K_UP, -1 }, { 'k', -1 }, { K_DOWN, 1 }, { 'j', 1 }, { K_PAGE_UP, -PAGE }, { K_PAGE_DOWN, PAGE },
		{ K_HOME, -INT_MAX / 2 }, { K_END, INT_MAX / 2 } };
	int *top = &of(screen)->top, last = last_line(screen);

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		if (moves[i].key != k)
			continue;
		*top += moves[i].by;
		*top = *top < 0 ? 0 : *top > last ? last : *top;
		return true;
	}
	return false;
}

static void release(struct screen *screen)
{
	free(of(screen)->name);
	free(screen);
}

static const struct binding bindings[] = {
	{ 'a', "Begin", "Starts the next phase after you type the cluster's name, or shows why it may not begin.",
		begin, NULL },
	{ 'v', "Look", "Looks at the hosts again. Changes nothing.", look, NULL },
	{ 's', "Stop", "Stops the look that is under way.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Rotation",
	.about =
		"How far a rotation is: what is trusted and what signs, what each host is yet to get, and who still uses the earlier one. A phase that has begun is completed before the next one begins. Nothing is changed before you confirm it by typing the cluster's name.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.shown = shown,
	.changed = changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_rotation(const char *name)
{
	struct rotation_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->name = xstrdup(name);
	return &p->screen;
}
