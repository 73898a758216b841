/* How the hosts are set up, beside the CIS Kubernetes Benchmark: item by item. */
#include "tui/security.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

static struct security_page *of(struct screen *s)
{
	return (struct security_page *)s;
}

/* ---- lines ------------------------------------------------------------------------------------------------------------ */

struct security_line security_line(const struct security_page *p, size_t i)
{
	const struct port_benchmark *seen = &p->screen.wizard->benchmark;
	size_t at = i < p->count ? p->lines[i] : SIZE_MAX;

	if (at < seen->unseen_count)
		return (struct security_line){ &seen->unseen[at], NULL };
	if (at != SIZE_MAX && at - seen->unseen_count < seen->count)
		return (struct security_line){ NULL, &seen->items[at - seen->unseen_count] };
	return (struct security_line){ NULL, NULL };
}

/* Again from what was seen; the selection stays on what it was on, when that is still there. */
static void refresh(struct security_page *p)
{
	const struct port_benchmark *seen = &p->screen.wizard->benchmark;
	size_t all = seen->unseen_count + seen->count;
	size_t was = p->list.selected < p->count ? p->lines[p->list.selected] : SIZE_MAX;

	p->lines = xrealloc(p->lines, all + 1, sizeof(*p->lines));
	p->count = 0;
	for (size_t i = 0; i < all; i++) {
		if (p->failed && i >= seen->unseen_count &&
			seen->items[i - seen->unseen_count].state != BENCHMARK_FAILED)
			continue;
		if (i == was)
			p->list.selected = p->count;
		p->lines[p->count++] = i;
	}
	list_resize(&p->list, p->count);
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

static void look(struct screen *screen)
{
	page_look_begin(screen, &of(screen)->look);
}

static void shown(struct screen *screen)
{
	refresh(of(screen));
	page_look_shown(screen, &of(screen)->look);
}

static void changed(struct screen *screen)
{
	refresh(of(screen));
	page_ask_keys(screen, &of(screen)->keys_asked);
	page_look_changed(screen, &of(screen)->look);
}

static int64_t tick(struct screen *screen, int64_t now_ms)
{
	of(screen)->now_ms = now_ms;
	return 1000;
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static const char *title_of(const struct security_line *line)
{
	return line->unseen ? line->unseen->host : line->item ? line->item->is->id : NULL;
}

static bool on_line(const struct screen *screen)
{
	const struct security_page *p = (const struct security_page *)screen;
	struct security_line line = security_line(p, p->list.selected);

	return title_of(&line) != NULL;
}

static void explain(struct screen *screen)
{
	struct security_line line = security_line(of(screen), of(screen)->list.selected);
	struct str text = STR_INIT;

	security_explain(&line, &text);
	app_push(screen->app, screen_reader(title_of(&line), text.buf));
	str_release(&text);
}

static void filter(struct screen *screen)
{
	of(screen)->failed = !of(screen)->failed;
	refresh(of(screen));
}

static bool has_seen(const struct screen *screen)
{
	return screen->wizard->benchmark_text != NULL;
}

static void back(struct screen *screen)
{
	page_cancel(screen, PURPOSE_BENCHMARK);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_BENCHMARK);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static void draw(const struct screen *screen, struct canvas *c)
{
	security_draw((const struct security_page *)screen, c);
}

static const char *row_text(size_t i, void *ctx)
{
	static char text[320];
	struct security_line line = security_line(ctx, i);

	if (!line.item)
		return title_of(&line);
	snprintf(text, sizeof(text), "%s %s %s", line.item->is->id, line.item->words, line.item->is->wants);
	return text;
}

static bool key(struct screen *screen, int k)
{
	struct security_page *p = of(screen);
	bool none;

	if (!search_list(&p->search, &p->list, k, row_text, p, &none))
		return list_key(&p->list, k);
	if (none)
		app_say(screen->app, STYLE_WARNING, "no item contains this");
	return true;
}

static bool typing(const struct screen *screen)
{
	return ((const struct security_page *)screen)->search.typing;
}

static void release(struct screen *screen)
{
	free(of(screen)->lines);
	search_release(&of(screen)->search);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Details",
		"Shows all of the selected item: what is wanted, what each host shows, and what to do about it.",
		explain, on_line },
	{ 'f', "Failed", "Shows only the items that failed; again: all.", filter, has_seen },
	{ 'v', "Look", "Looks at all hosts. Changes nothing on them.", look, NULL },
	{ 's', "Stop", "Stops the look that is under way.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that reports the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Security",
	.about =
		"How the hosts are set up, beside the items of the CIS Kubernetes Benchmark " BENCHMARK_EDITION
		": passed, failed, by hand where kubewright has a reason to set it otherwise, unknown where it could not be seen, or not applicable. Hosts are looked at when you ask for it, and nothing is changed. / searches for an item.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = typing,
	.shown = shown,
	.changed = changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_security(void)
{
	struct security_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->look = (struct page_look){ .purpose = PURPOSE_BENCHMARK, .now = page_benchmark_now };
	search_init(&p->search);
	return &p->screen;
}
