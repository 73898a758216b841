/* An archive for somebody who helps: made by a key, and then where it lies, what is in it and what is not. */
#include "tui/pages.h"

#include "base/alloc.h"

#include <stdlib.h>

struct support_page {
	struct screen screen;
	bool keys_asked;
};

static bool packing(const struct wizard *w)
{
	return wizard_running(w) && w->purpose == PURPOSE_SUPPORT;
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static void make(struct screen *screen)
{
	page_begin(screen, PURPOSE_SUPPORT, NULL, NULL);
}

static void changed(struct screen *screen)
{
	page_ask_keys(screen, &((struct support_page *)screen)->keys_asked);
}

static bool made(const struct screen *screen)
{
	return screen->wizard->support_text && screen->wizard->support.path;
}

static void list(struct screen *screen)
{
	app_push(screen->app, screen_reader("What is in the archive", screen->wizard->support.listing));
}

static void back(struct screen *screen)
{
	page_cancel(screen, PURPOSE_SUPPORT);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_SUPPORT);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

static int draw_made(const struct port_support *s, struct canvas *c)
{
	struct str text = STR_INIT;
	int y = page_text(c, 0, 0, c->height, STYLE_OK, s->path);

	page_count(&text, s->files, "file", "files");
	str_addf(&text, ", %lld KiB", (long long)((s->size + 1023) / 1024));
	if (s->cut)
		str_addf(&text, "; %u of them cut to their limit", s->cut);
	y = page_text(c, y, 0, c->height, STYLE_NORMAL, text.buf);
	y = page_text(c, y + 1, 0, c->height, STYLE_NORMAL,
		"Secrets are replaced by dots; names, addresses and serial numbers are not. Look through it before you hand it on: Enter shows all of this list.");
	str_release(&text);
	return y;
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct wizard *w = screen->wizard;
	int y;

	if (packing(w)) {
		page_draw_unseen(w, c, "Asking the hosts for what goes into the archive");
	} else if (!w->support_text) {
		y = page_text(c, 0, 0, c->height, STYLE_NORMAL,
			"a makes an archive of the inventory, the state and the logs of all hosts, and the newest recordings, for somebody who helps. It is written into the folder where kubewright was started. Secrets are left out; nothing is changed on a host.");
		if (w->begin_error.kind != ERROR_NONE)
			page_text(c, y + 1, 0, c->height, STYLE_FAIL, w->begin_error.what);
	} else if (!w->support.path) {
		y = page_text(c, 0, 0, c->height, STYLE_FAIL, w->support.error.what);
		page_text(c, y + 1, 0, c->height, STYLE_NORMAL, w->support.error.hint);
	} else {
		y = draw_made(&w->support, c);
		canvas_hline(c, y + 1, 0, c->width, STYLE_BORDER);
		page_text(c, y + 2, 0, c->height, STYLE_DIM, w->support.listing);
	}
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static void release(struct screen *screen)
{
	free(screen);
}

static const struct binding bindings[] = {
	{ 'a', "Make", "Looks at all hosts and makes the archive. Changes nothing on them.", make, NULL },
	{ K_ENTER, "List", "Shows what is in the archive, and what is not and why.", list, made },
	{ 's', "Stop", "Stops it; no archive is written.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Support",
	.about =
		"One archive, without a secret, for somebody who helps: the inventory, what hosts say of themselves, their logs, findings, and the newest recordings of runs.",
	.bindings = bindings,
	.draw = draw,
	.changed = changed,
	.free = release,
};

struct screen *screen_support(void)
{
	struct support_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	return &p->screen;
}
