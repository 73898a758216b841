/* What the machines are made of: host by host, what is near what, and the odd one out. */
#include "tui/hardware.h"

#include "base/alloc.h"

#include <stdlib.h>

static struct hardware_page *of(struct screen *s)
{
	return (struct hardware_page *)s;
}

static const struct port_hardware_host *selected(const struct screen *screen)
{
	const struct hardware_page *p = (const struct hardware_page *)screen;
	const struct port_hardware *seen = &screen->wizard->hardware;

	return p->hosts.selected < seen->host_count ? &seen->hosts[p->hosts.selected] : NULL;
}

static bool on_host(const struct screen *screen)
{
	return selected(screen) != NULL;
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

static void refresh(struct screen *screen)
{
	struct hardware_page *p = of(screen);

	list_resize(&p->hosts, screen->wizard->hardware.host_count);
	list_resize(&p->tree, on_host(screen) ? selected(screen)->near_count : 0);
	p->on_tree = p->on_tree && p->tree.count;
}

static void look(struct screen *screen)
{
	page_look_begin(screen, &of(screen)->look);
}

static void shown(struct screen *screen)
{
	refresh(screen);
	page_look_shown(screen, &of(screen)->look);
}

static void changed(struct screen *screen)
{
	refresh(screen);
	page_ask_keys(screen, &of(screen)->keys_asked);
	page_look_changed(screen, &of(screen)->look);
}

static int64_t tick(struct screen *screen, int64_t now_ms)
{
	of(screen)->now_ms = now_ms;
	return 1000;
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static void explain(struct screen *screen)
{
	struct str text = STR_INIT;

	hardware_explain(selected(screen), &text);
	app_push(screen->app, screen_reader(selected(screen)->name, text.buf));
	str_release(&text);
}

static bool has_tree(const struct screen *screen)
{
	return ((const struct hardware_page *)screen)->tree.count > 0;
}

static void other_list(struct screen *screen)
{
	of(screen)->on_tree = !of(screen)->on_tree && has_tree(screen);
}

static void back(struct screen *screen)
{
	page_cancel(screen, PURPOSE_HARDWARE);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_HARDWARE);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static void draw(const struct screen *screen, struct canvas *c)
{
	hardware_draw((const struct hardware_page *)screen, c);
}

static const char *row_text(size_t i, void *ctx)
{
	return ((const struct port_hardware *)ctx)->hosts[i].name;
}

/* Another machine's tree is read from its top. */
static void select_host(struct screen *screen, size_t before)
{
	struct hardware_page *p = of(screen);

	if (p->hosts.selected != before)
		p->tree = (struct list){ 0 };
	refresh(screen);
}

static bool key(struct screen *screen, int k)
{
	struct hardware_page *p = of(screen);
	size_t before = p->hosts.selected;
	bool none;

	if (search_list(&p->search, &p->hosts, k, row_text, &screen->wizard->hardware, &none)) {
		if (none)
			app_say(screen->app, STYLE_WARNING, "no host name contains this");
		select_host(screen, before);
		return true;
	}
	if (k == K_LEFT || k == K_RIGHT) {
		p->on_tree = k == K_RIGHT && p->tree.count;
		return true;
	}
	if (p->on_tree)
		return list_key(&p->tree, k);
	if (!list_key(&p->hosts, k))
		return false;
	select_host(screen, before);
	return true;
}

static bool typing(const struct screen *screen)
{
	return ((const struct hardware_page *)screen)->search.typing;
}

static void release(struct screen *screen)
{
	search_release(&of(screen)->search);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Details",
		"Shows all that was seen of the selected machine, and each finding with why it matters and what to do.",
		explain, on_host },
	{ K_TAB, "Parts", "Goes to the parts of the selected machine, and back; the arrows right and left do too.",
		other_list, has_tree },
	{ 'v', "Look", "Looks at all hosts again. Changes nothing on them.", look, NULL },
	{ 's', "Stop", "Stops the look that is under way.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that reports the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Hardware",
	.about =
		"What the machines are made of: of the selected one each NUMA node with the processors, memory, cards and disks that are near it, and then what has no node that is known. Below it is what is odd beside machines of its kind, not well, or gone since the last look. Nothing is changed on a host. / searches for a host.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = typing,
	.shown = shown,
	.changed = changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_hardware(void)
{
	struct hardware_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->look = (struct page_look){ .purpose = PURPOSE_HARDWARE, .now = page_hardware_now };
	search_init(&p->search);
	return &p->screen;
}
