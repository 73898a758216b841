/* The earlier runs of a cluster: what became of the last one, and all of them to be watched again. */
#include "tui/start.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A check is not news of the cluster: one that is under way is, else the newest run that changes hosts. */
static const struct port_past *newest(const struct port_past *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].alive)
			return &list[i];
	for (size_t i = 0; i < count; i++)
		if (list[i].command && (strcmp(list[i].command, "apply") == 0 || strcmp(list[i].command, "reset") == 0))
			return &list[i];
	return count ? &list[0] : NULL;
}

void start_last_run(const struct wizard *w, struct entry *e)
{
	struct port_past *list = NULL;
	size_t count = w->port->runs(w->port->ctx, e->cluster, &list);
	const struct port_past *p = newest(list, count);
	const char *command = p && p->command ? p->command : "run";
	time_t at = p ? (time_t)(p->wall_ms / 1000) : 0;
	struct tm tm = { 0 };
	char when[32] = "";

	if (p && localtime_r(&at, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	if (!p) {
		snprintf(e->state, sizeof(e->state), "no run yet");
	} else if (p->alive) {
		e->alive = true;
		e->live = xstrdup(p->path);
		e->style = STYLE_RUNNING;
		snprintf(e->state, sizeof(e->state), "active now: %s, since %s", command, when);
	} else if (p->dead && strcmp(command, "apply") == 0) {
		e->dead = true;
		e->style = STYLE_WARNING;
		snprintf(e->state, sizeof(e->state), "was cut off on %s; continues where it stopped", when);
	} else {
		e->style = p->dead ? STYLE_WARNING : STYLE_NORMAL;
		snprintf(e->state, sizeof(e->state), "%s %s on %s", command, p->dead ? "was cut off" : "ended", when);
	}
	port_past_free(list, count);
}

struct past_runs {
	struct screen screen;
	char *cluster;
	struct port_past *runs;
	size_t count;
	struct list list;
};

static const char *ending(const struct port_past *p)
{
	return p->alive ? "active now" : p->dead ? "was cut off" : "ended";
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct past_runs *s = (const struct past_runs *)screen;
	int rows = c->height - 3 > 1 ? c->height - 3 : 1;
	struct list l = list_window(&s->list, rows);

	canvas_textf(c, 0, 0, c->width, STYLE_HEADING, "Runs of %s, the newest first", s->cluster);
	if (s->count == 0)
		page_text(c, 2, 0, c->height, STYLE_DIM, "There are no runs yet.");
	for (int i = 0; i < rows && l.top + (size_t)i < s->count; i++) {
		const struct port_past *p = &s->runs[l.top + (size_t)i];
		time_t at = (time_t)(p->wall_ms / 1000);
		struct tm tm = { 0 };
		char when[32] = "";
		int x = 2;

		if (localtime_r(&at, &tm))
			strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
		page_cell(c, 2 + i, &x, 19, 4, STYLE_NORMAL, when);
		page_cell(c, 2 + i, &x, 12, 4, STYLE_NORMAL, p->command);
		page_cell(c, 2 + i, &x, 14, 4,
			p->dead    ? STYLE_WARNING
			: p->alive ? STYLE_RUNNING
				   : STYLE_NORMAL,
			ending(p));
		page_cell(c, 2 + i, &x, c->width, 4, STYLE_DIM, p->run);
		page_pointer(c, 2 + i, c->width, l.top + (size_t)i == l.selected);
	}
	list_marks(&l, c, 2, c->width - 1);
}

static void watch(struct screen *screen)
{
	struct past_runs *s = (struct past_runs *)screen;
	struct error err = { 0 };
	struct recording *r;

	if (s->list.selected >= s->count)
		return;
	r = recording_load(s->runs[s->list.selected].path, &err);
	if (r)
		app_push(screen->app, screen_replay(r));
	else
		page_fail(screen, "This run cannot be shown", &err);
}

static void leave(struct screen *screen)
{
	app_pop(screen->app);
}

static bool key(struct screen *screen, int k)
{
	return list_key(&((struct past_runs *)screen)->list, k);
}

static void release(struct screen *screen)
{
	struct past_runs *s = (struct past_runs *)screen;

	port_past_free(s->runs, s->count);
	free(s->cluster);
	free(s);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Watch", "Replays the run.", watch, NULL },
	{ K_ESCAPE, "Back", "Goes back.", leave, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Past runs",
	.about = "Each run is recorded. Replay one here, with the full output of the hosts.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.free = release,
};

struct screen *screen_past_runs(struct wizard *w, const char *cluster)
{
	struct past_runs *s = xcalloc(1, sizeof(*s));

	s->screen.ops = &ops;
	s->cluster = xstrdup(cluster);
	s->count = w->port->runs(w->port->ctx, cluster, &s->runs);
	list_resize(&s->list, s->count);
	return &s->screen;
}
