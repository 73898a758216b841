/* The keys of a cluster that was taken over: they come to this machine only when the operator wants it. */
#include "tui/adopt.h"

#include "base/alloc.h"

#include <stdlib.h>

struct keys_page {
	struct screen screen;
	char *command; /* the one that adopts */
	bool keys_asked;
};

static struct keys_page *of(struct screen *s)
{
	return (struct keys_page *)s;
}

static bool copying(const struct wizard *w)
{
	return wizard_running(w) && w->purpose == PURPOSE_TAKE_KEYS;
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static void copy(struct screen *screen)
{
	if (!wizard_running(screen->wizard))
		screen->wizard->took_valid = false;
	page_begin(screen, PURPOSE_TAKE_KEYS, NULL, NULL);
}

/* With its keys the living cluster can be looked at. */
static void go_on(struct screen *screen)
{
	if (screen->wizard->took_valid && screen->wizard->took.kind == ERROR_NONE && app_top(screen->app) == screen)
		page_dashboard(screen);
}

static void changed(struct screen *screen)
{
	page_ask_keys(screen, &of(screen)->keys_asked);
	if (!app_mark(screen->app))
		go_on(screen);
}

static void stop(struct screen *screen)
{
	page_cancel(screen, PURPOSE_TAKE_KEYS);
}

static void hosts(struct screen *screen)
{
	stop(screen);
	app_replace(screen->app, screen_hosts());
}

static void back(struct screen *screen)
{
	stop(screen);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	struct str text = STR_INIT;

	str_addf(&text, "The command line that does the same as this page:\n\n    %s --take-ca-keys\n",
		of(screen)->command);
	app_push(screen->app, screen_reader("The same as a command", text.buf));
	str_release(&text);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct wizard *w = screen->wizard;
	struct str text = STR_INIT;
	int y = 0;

	if (copying(w)) {
		page_draw_unseen(w, c, "Copying the keys of the cluster's CAs");
		return;
	}
	if (w->document)
		str_addf(&text, "The inventory was written: %s", document_path(w->document));
	y = page_text(c, y, 0, c->height, STYLE_OK, text.buf);
	y = page_text(c, y + 1, 0, c->height, STYLE_NORMAL,
		"All that is done with the cluster from here on needs the keys of its CAs on this machine, and they were not copied yet. a copies them from a control plane, and then shows how the cluster is. Nothing is changed on the hosts.");
	y = page_text(c, y + 1, 0, c->height, STYLE_WARNING, "Anyone who has these keys controls the cluster.");
	str_clear(&text);
	if (w->took_valid && w->took.kind != ERROR_NONE) {
		str_addf(&text, "The keys were not copied: %s%s", w->took.host, *w->took.host ? ": " : "");
		str_addf(&text, "%s%s", w->took.step, *w->took.step ? ": " : "");
		page_error(&text, &w->took);
	} else if (w->begin_error.kind != ERROR_NONE) {
		str_add(&text, w->begin_error.what);
	}
	page_text(c, y + 1, 0, c->height, STYLE_FAIL, text.buf);
	str_release(&text);
}

static void release(struct screen *screen)
{
	free(of(screen)->command);
	free(screen);
}

static const struct binding bindings[] = {
	{ 'a', "Copy", "Copies the keys of the cluster's CAs to this machine, then opens the Dashboard.", copy, NULL },
	{ 'n', "Hosts", "Goes to the hosts of the inventory without the keys.", hosts, NULL },
	{ 's', "Stop", "Stops the copying.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back to the first page. The inventory stays.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Keys",
	.about =
		"The keys of the CAs of a cluster that was taken over. They are copied to the key store of this machine only when you say so; without them the cluster cannot be looked at or changed from here.",
	.bindings = bindings,
	.draw = draw,
	.shown = go_on,
	.changed = changed,
	.free = release,
};

struct screen *screen_adopt_keys(const char *command)
{
	struct keys_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->command = xstrdup(command);
	return &p->screen;
}
