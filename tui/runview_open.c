/*
 * What is still to come on a host. A step that was found not to concern it has no event: whether that was found already follows from the steps that it needs, because a
 * host takes the first step in the plan's order that it can.
 */
#include "tui/runview.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define IDLE_MS 1000 /* a host that could begin something does so sooner */
#define NEVER INT64_MAX

struct runview_passing {
	uint64_t events; /* that it is of; … */
	bool made;       /* … false: of none yet */
	int64_t at[];    /* [host * steps + step] since when the step is known not to concern the host; NEVER */
};

struct runview_passing *runview_passing_new(const struct runview *v)
{
	size_t cells = v->host_count * v->step_count;
	struct runview_passing *p = xcalloc(1, sizeof(*p) + cells * sizeof(p->at[0]));

	for (size_t i = 0; i < cells; i++)
		p->at[i] = NEVER;
	return p;
}

static bool concerns(const struct runview *v, size_t h, size_t s)
{
	return !v->steps[s].roles || (v->steps[s].roles & v->hosts[h].roles);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t ended(const struct progress_cell *c)
{
	return c->started_ms + c->elapsed_ms;
}

/* Since when nobody waits for this cell any more. *done: because it was done, or was not to be. */
static int64_t settled(const struct runview *v, size_t h, size_t s, bool *done)
{
	const struct progress_cell *c = runview_cell(v, h, s);

	*done = false;
	if (c->state == CELL_RUNNING)
		return NEVER;
	*done = c->state == CELL_CHANGED || c->state == CELL_OK || c->state == CELL_WOULD;
	if (c->state != CELL_NONE)
		return ended(c);
	if (v->hosts[h].aside)
		return 0;
	*done = true;
	return concerns(v, h, s) ? v->passing->at[h * v->step_count + s] : 0;
}

static int64_t gate_met(const struct runview *v, const struct runview_need *need)
{
	int64_t met = 0;
	unsigned count = 0;
	bool done;

	for (size_t h = 0; h < v->host_count && met != NEVER; h++) {
		if (!(v->hosts[h].roles & need->roles) || !concerns(v, h, need->step))
			continue;
		met = later(met, settled(v, h, need->step, &done));
		count += done;
	}
	return count >= need->min ? met : NEVER;
}

/* Since when the host does nothing; NEVER: it works, or is not there. */
static int64_t idle_since(const struct runview *v, size_t h)
{
	int64_t since = NEVER;

	if (v->hosts[h].at != HOST_CONNECTED)
		return NEVER;
	for (size_t s = 0; s < v->step_count; s++) {
		const struct progress_cell *c = runview_cell(v, h, s);

		if (c->state == CELL_RUNNING)
			return NEVER;
		if (c->state != CELL_NONE)
			since = since == NEVER ? ended(c) : later(since, ended(c));
	}
	return since;
}

/* Whether a step whose needs are met since then was looked at by the host. */
static bool looked_at(const struct runview *v, size_t h, size_t s, int64_t met, int64_t idle)
{
	for (size_t t = s + 1; t < v->step_count; t++)
		if (runview_cell(v, h, t)->state != CELL_NONE && runview_cell(v, h, t)->started_ms >= met)
			return true;
	/* what is not begun now was not looked at */
	if (v->paused || v->cancelling)
		return v->passing->at[h * v->step_count + s] != NEVER;
	return idle != NEVER && v->at_ms - later(met, idle) >= IDLE_MS;
}

static bool begun_after(const struct runview *v, size_t h, size_t s)
{
	for (size_t t = s + 1; t < v->step_count; t++)
		if (runview_cell(v, h, t)->state != CELL_NONE)
			return true;
	return false;
}

/* Since when a host is not inside the section of step s; NEVER: it is. */
static int64_t outside(const struct runview *v, size_t h, size_t s)
{
	bool begun = false, open = false, done;
	int64_t at = 0;

	for (size_t t = 0; t < v->step_count; t++) {
		if (strcmp(v->steps[t].section, v->steps[s].section) != 0)
			continue;
		if (runview_cell(v, h, t)->state == CELL_NONE) {
			open |= concerns(v, h, t) && !v->hosts[h].aside && !begun_after(v, h, t);
		} else {
			begun = true;
			at = later(at, settled(v, h, t, &done));
		}
	}
	return begun ? open ? NEVER : at : 0;
}

/* Since when the section of step s has room for another host. */
static int64_t room(const struct runview *v, size_t s)
{
	unsigned inside = 0;
	int64_t at = 0;

	for (size_t h = 0; *v->steps[s].section && h < v->host_count; h++) {
		int64_t left = outside(v, h, s);

		inside += left == NEVER;
		at = left == NEVER ? at : later(at, left);
	}
	return inside && inside >= v->steps[s].at_once ? NEVER : at;
}

static void pass_step(const struct runview *v, size_t s, const int64_t *idle)
{
	const struct runview_step *step = &v->steps[s];
	int64_t gate = 0, turn = room(v, s);
	bool done;

	for (size_t n = 0; n < step->need_count; n++)
		if (step->needs[n].roles)
			gate = later(gate, gate_met(v, &step->needs[n]));
	for (size_t h = 0; h < v->host_count; h++) {
		bool inside = *step->section && outside(v, h, s) == NEVER;
		int64_t met = inside ? gate : later(gate, turn), *at = &v->passing->at[h * v->step_count + s];

		for (size_t n = 0; n < step->need_count; n++)
			if (!step->needs[n].roles)
				met = later(met, settled(v, h, step->needs[n].step, &done));
		if (runview_cell(v, h, s)->state != CELL_NONE || met == NEVER || !looked_at(v, h, s, met, idle[h]))
			met = NEVER;
		*at = met;
	}
}

static void pass(const struct runview *v)
{
	int64_t *idle = xcalloc(v->host_count + 1, sizeof(*idle));

	for (size_t h = 0; h < v->host_count; h++)
		idle[h] = idle_since(v, h);
	for (size_t s = 0; s < v->step_count; s++)
		if (!(v->steps[s].flags & STEP_ALWAYS))
			pass_step(v, s, idle);
	free(idle);
	v->passing->made = true;
	v->passing->events = v->events;
}

bool runview_open(const struct runview *v, size_t host, size_t step)
{
	if (host >= v->host_count || step >= v->step_count || !concerns(v, host, step) ||
		runview_cell(v, host, step)->state != CELL_NONE)
		return false;
	if (v->needs_known) {
		if (!v->passing->made || v->passing->events != v->events)
			pass(v);
		return v->passing->at[host * v->step_count + step] == NEVER;
	}
	/* what comes before a step that was begun and has nothing to say did not concern the host */
	for (size_t s = step + 1; s < v->step_count; s++)
		if (runview_cell(v, host, s)->state != CELL_NONE)
			return false;
	return true;
}
