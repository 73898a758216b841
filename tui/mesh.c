/* What hosts get through to one another: who asks whom, and what became of it. */
#include "tui/mesh.h"

#include "base/alloc.h"

#include <stdlib.h>

static struct mesh_page *of(struct screen *s)
{
	return (struct mesh_page *)s;
}

static bool on_way(const struct screen *screen)
{
	return screen->wizard->mesh.host_count > 0;
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

static void refresh(struct screen *screen)
{
	list_resize(&of(screen)->from, screen->wizard->mesh.host_count);
	list_resize(&of(screen)->to, screen->wizard->mesh.host_count);
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
	const struct port_mesh *seen = &screen->wizard->mesh;
	size_t from = of(screen)->from.selected, to = of(screen)->to.selected;
	struct str title = STR_INIT, text = STR_INIT;

	str_add(&title, seen->hosts[from].name);
	if (from != to)
		str_addf(&title, " to %s", seen->hosts[to].name);
	mesh_page_explain(seen, from, to, &text);
	app_push(screen->app, screen_reader(title.buf, text.buf));
	str_release(&title);
	str_release(&text);
}

static bool is_bad(const struct port_mesh *seen, size_t at)
{
	const struct port_mesh_way *way = &seen->ways[at];

	return way->text && (way->state == MESH_FAILED || way->state == MESH_WARNED);
}

/* The next one that is not well, row by row and around. */
static void next_bad(struct screen *screen)
{
	const struct port_mesh *seen = &screen->wizard->mesh;
	struct mesh_page *p = of(screen);
	size_t all = seen->host_count * seen->host_count, at = p->from.selected * seen->host_count + p->to.selected;

	for (size_t i = 1; i <= all; i++)
		if (is_bad(seen, (at + i) % all)) {
			p->from.selected = (at + i) % all / seen->host_count;
			p->to.selected = (at + i) % all % seen->host_count;
			return;
		}
}

static bool has_bad(const struct screen *screen)
{
	const struct port_mesh *seen = &screen->wizard->mesh;

	return seen->counts[MESH_FAILED] + seen->counts[MESH_WARNED] > 0;
}

static void back(struct screen *screen)
{
	page_cancel(screen, PURPOSE_MESH);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_MESH);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static void draw(const struct screen *screen, struct canvas *c)
{
	mesh_page_draw((const struct mesh_page *)screen, c);
}

static const char *row_text(size_t i, void *ctx)
{
	return ((const struct port_mesh *)ctx)->hosts[i].name;
}

static bool key(struct screen *screen, int k)
{
	struct mesh_page *p = of(screen);
	bool none;

	if (search_list(&p->search, &p->from, k, row_text, &screen->wizard->mesh, &none)) {
		if (none)
			app_say(screen->app, STYLE_WARNING, "no host name contains this");
		return true;
	}
	if (k == K_LEFT || k == K_RIGHT)
		return list_key(&p->to, k == K_LEFT ? K_UP : K_DOWN);
	return list_key(&p->from, k);
}

static bool typing(const struct screen *screen)
{
	return ((const struct mesh_page *)screen)->search.typing;
}

static void release(struct screen *screen)
{
	search_release(&of(screen)->search);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Details",
		"Shows each port that was asked for on the selected way, and each finding with why it matters and what to do.",
		explain, on_way },
	{ K_TAB, "Next", "Goes to the next way that is not well.", next_bad, has_bad },
	{ 'v', "Look", "Has the hosts ask each other again. Changes nothing on them.", look, NULL },
	{ 's', "Stop", "Stops the look that is under way.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that reports the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Mesh",
	.about =
		"What hosts get through to one another: a row for each that asks, a column for each that is asked, by their numbers. ok: all that is needed. X: something does not get through. !: a warning. ?: it could not be asked. ~: a part of it cannot be tested. Where row and column meet the same host is what was found about it: its clock, its disk. Nothing is changed on a host. / searches for a host.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = typing,
	.shown = shown,
	.changed = changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_mesh(void)
{
	struct mesh_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->look = (struct page_look){ .purpose = PURPOSE_MESH, .now = page_mesh_now };
	search_init(&p->search);
	return &p->screen;
}
