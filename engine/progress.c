/* The fold of events into what front ends show. */
#include "engine/engine.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void progress_init(struct progress *p, size_t step_count, size_t host_count)
{
	size_t cells = step_count * host_count;

	*p = (struct progress){ .step_count = step_count, .host_count = host_count };
	p->cells = xcalloc(cells ? cells : 1, sizeof(*p->cells));
	p->aside = xcalloc(host_count ? host_count : 1, sizeof(*p->aside));
}

void progress_release(struct progress *p)
{
	free(p->cells);
	free(p->aside);
	*p = (struct progress){ 0 };
}

static enum cell_state state_of(enum outcome outcome)
{
	static const enum cell_state states[] = {
		[OUTCOME_CHANGED] = CELL_CHANGED,
		[OUTCOME_OK] = CELL_OK,
		[OUTCOME_WOULD] = CELL_WOULD,
		[OUTCOME_FAILED] = CELL_FAILED,
		[OUTCOME_BLOCKED] = CELL_BLOCKED,
		[OUTCOME_SKIPPED] = CELL_SKIPPED,
		[OUTCOME_CANCELLED] = CELL_NONE,
	};

	return states[outcome];
}

/* Taken up again: what stood in the way is forgotten. */
static void host_state(struct progress *p, const struct event *ev)
{
	struct progress_cell *row = p->cells + (size_t)ev->host * p->step_count;

	if (ev->code != HOST_RETRYING)
		return;
	p->aside[ev->host] = false;
	for (size_t s = 0; s < p->step_count; s++)
		if (row[s].state == CELL_FAILED || row[s].state == CELL_BLOCKED || row[s].state == CELL_SKIPPED)
			row[s] = (struct progress_cell){ 0 };
}

void progress_event(const struct event *ev, void *progress)
{
	struct progress *p = progress;
	bool has_host = ev->host >= 0 && (size_t)ev->host < p->host_count;
	struct progress_cell *cell = NULL;

	if (has_host && ev->step >= 0 && (size_t)ev->step < p->step_count)
		cell = &p->cells[(size_t)ev->host * p->step_count + (size_t)ev->step];
	p->elapsed_ms = ev->at_ms;
	if (ev->kind == EVENT_RUN_STARTED) {
		p->started_wall_ms = ev->wall_ms;
	} else if (ev->kind == EVENT_RUN_DONE) {
		p->over = true;
		p->cancelled = ev->outcome == OUTCOME_CANCELLED;
	} else if (ev->kind == EVENT_HOST_ASIDE && has_host) {
		p->aside[ev->host] = true;
	} else if (ev->kind == EVENT_HOST_STATE && has_host) {
		host_state(p, ev);
	} else if (ev->kind == EVENT_STEP_STARTED && cell) {
		*cell = (struct progress_cell){ .state = CELL_RUNNING, .started_ms = ev->at_ms };
	} else if (ev->kind == EVENT_STEP_DONE && cell) {
		cell->state = state_of(ev->outcome);
		cell->elapsed_ms = ev->elapsed_ms;
		cell->started_ms = ev->at_ms - ev->elapsed_ms;
	}
}
