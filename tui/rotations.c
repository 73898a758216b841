/* Which CAs and keys of the cluster can be rotated, and which of them are. */
#include "tui/pages.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdlib.h>

enum { AT_NAME = 4, AT_WORDS = 22 };

struct rotations_page {
	struct screen screen;
	struct list list;
};

static const struct port_rotated *selected(const struct screen *screen)
{
	const struct rotations_page *p = (const struct rotations_page *)screen;
	const struct port_certs *seen = &screen->wizard->certs;

	return p->list.selected < seen->rotated_count ? &seen->rotated[p->list.selected] : NULL;
}

static bool on_line(const struct screen *screen)
{
	return selected(screen) != NULL;
}

static void refresh(struct screen *screen)
{
	list_resize(&((struct rotations_page *)screen)->list, screen->wizard->certs.rotated_count);
}

static void open_selected(struct screen *screen)
{
	app_push(screen->app, screen_rotation(selected(screen)->name));
}

static void draw_line(const struct port_rotated *r, bool here, struct canvas *c, int y)
{
	enum style style = r->done ? STYLE_NORMAL : STYLE_WARNING;

	canvas_symbol(c, y, 2, r->done ? STYLE_OK : STYLE_WARNING, r->done ? SYMBOL_OK : SYMBOL_WARNING);
	canvas_text(c, y, AT_NAME, AT_WORDS - AT_NAME - 1, STYLE_NORMAL, r->name);
	canvas_text(c, y, AT_WORDS, c->width - AT_WORDS, style, r->words);
	page_pointer(c, y, c->width, here);
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct rotations_page *p = (const struct rotations_page *)screen;
	const struct port_certs *seen = &screen->wizard->certs;
	int y = 2;

	if (!seen->rotated_count) {
		page_text(c, 0, 0, c->height, STYLE_WARNING,
			"The certificates were not looked at yet: Escape goes to their page.");
		return;
	}
	canvas_text(c, 0, 0, c->width, STYLE_HEADING, "What can be rotated, as the key store of this machine has it");
	for (size_t i = 0; i < seen->rotated_count; i++)
		draw_line(&seen->rotated[i], i == p->list.selected, c, y++);
	if (selected(screen))
		page_text(c, y + 1, 2, c->height, STYLE_NORMAL,
			*selected(screen)->next
				? selected(screen)->next
				: "It is not being rotated: Enter looks at the hosts, and shows what would begin.");
}

static bool key(struct screen *screen, int k)
{
	return list_key(&((struct rotations_page *)screen)->list, k);
}

static void release(struct screen *screen)
{
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Look", "Looks at the hosts, and shows what the next phase would do. Changes nothing.",
		open_selected, on_line },
	{ K_ESCAPE, "Back", "Goes back.", page_back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Rotation",
	.about =
		"The CAs of the cluster, and the key of service accounts, each with the phase in which it is: one is trusted; two are trusted and the earlier one signs; two are trusted and the new one signs. From phase to phase the cluster works on, and may stay so for weeks. The key of Secrets, where they are encrypted, is rotated in one run.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.shown = refresh,
	.changed = refresh,
	.free = release,
};

struct screen *screen_rotations(void)
{
	struct rotations_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	return &p->screen;
}
