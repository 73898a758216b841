/* What a step of a time line began after. A host begins what it can at once: of all that it had to wait for, what came last was the cause. */
#include "tui/timeline_fold.h"

#include <string.h>

#define UNSAID_MS 100 /* a host that need not wait begins its next step sooner */

size_t *fold_cell_of(const struct fold *f, size_t h, size_t s)
{
	return &f->cells[h * f->head->step_count + s];
}

static bool concerns(const struct fold *f, size_t h, size_t s)
{
	return !f->head->steps[s].roles || (f->head->steps[s].roles & f->head->hosts[h].roles);
}

static void consider(
	struct timeline_bar *b, struct moment *best, const struct moment *m, uint64_t from, enum timeline_cause cause)
{
	if (!m->order || m->order < from)
		return;
	*best = *m;
	b->after = m->bar;
	b->cause = cause;
}

static void consider_needs(const struct fold *f, struct timeline_bar *b, struct moment *best)
{
	const struct runview_step *step = &f->head->steps[b->step];

	for (size_t n = 0; n < step->need_count; n++) {
		size_t own = *fold_cell_of(f, b->host, step->needs[n].step);
		struct moment m = f->gates[b->step * NEEDS + n];

		if (!step->needs[n].roles)
			m = own ? (struct moment){ own - 1, f->ended[own - 1] } : (struct moment){ 0 };
		/* the host's step before may be one that it needs */
		consider(b, best, &m, best->order, CAUSE_NEED);
	}
}

size_t fold_section_of(const struct fold *f, size_t s)
{
	const struct runview_step *steps = f->head->steps;

	while (s > 0 && *steps[s].section && strcmp(steps[s - 1].section, steps[s].section) == 0)
		s--;
	return s;
}

/* A host that is in its section has its turn. */
static bool has_turn(const struct fold *f, const struct timeline_bar *b)
{
	const struct moment *last = &f->hosts[b->host].last;
	size_t section = fold_section_of(f, b->step);

	return !*f->head->steps[b->step].section ||
	       (last->order && fold_section_of(f, f->t->bars[last->bar].step) == section);
}

void fold_find_cause(const struct fold *f, struct timeline_bar *b)
{
	const struct fold_host *host = &f->hosts[b->host];
	const struct moment *turn = &f->sections[fold_section_of(f, b->step)];
	unsigned flags = f->head->steps[b->step].flags;
	struct moment best = { SIZE_MAX, 0 };
	int64_t from_ms = host->last.order ? f->t->bars[host->last.bar].end_ms : 0;

	b->cause = CAUSE_START;
	b->after = SIZE_MAX;
	if (f->t->lanes[b->host] == 1)
		consider(b, &best, &host->last, 1, CAUSE_HOST);
	consider_needs(f, b, &best);
	if (!has_turn(f, b) && turn->order && f->t->bars[turn->bar].host != b->host)
		consider(b, &best, turn, best.order + 1, CAUSE_TURN);
	if (flags & STEP_LAST)
		consider(b, &best, &f->ordinary, best.order + 1, CAUSE_REST);
	if (flags & STEP_ALWAYS)
		consider(b, &best, &f->stopped, best.order + 1, CAUSE_COMMAND);
	consider(b, &best, &f->resumed, best.order + 1, CAUSE_COMMAND);
	consider(b, &best, &host->retried, best.order + 1, CAUSE_COMMAND);
	b->waited_ms = host->busy || from_ms > b->start_ms ? 0 : b->start_ms - from_ms;
	if (f->head->needs_known || b->cause > CAUSE_HOST || b->waited_ms <= UNSAID_MS)
		return;
	b->cause = CAUSE_UNKNOWN;
	b->after = SIZE_MAX;
}

void fold_settle(struct fold *f, size_t h, size_t s, struct moment m)
{
	const struct recording_head *head = f->head;

	memset(f->reached, 0, head->step_count * sizeof(*f->reached));
	f->reached[s] = true;
	for (size_t t = s + 1; t < head->step_count; t++)
		for (size_t n = 0; n < head->steps[t].need_count; n++) {
			const struct runview_need *need = &head->steps[t].needs[n];

			if (!f->reached[need->step])
				continue;
			if (!need->roles)
				f->reached[t] |= concerns(f, h, t) && !*fold_cell_of(f, h, t);
			else if (need->roles & head->hosts[h].roles)
				f->gates[t * NEEDS + n] = m;
		}
}

static bool is_done(const struct fold *f, size_t h, size_t s)
{
	size_t cell = *fold_cell_of(f, h, s);
	const struct timeline_bar *b = cell ? &f->t->bars[cell - 1] : NULL;

	return b && !b->open && b->outcome <= OUTCOME_WOULD;
}

void fold_aside(struct fold *f, size_t h)
{
	struct moment m = { f->hosts[h].last.order ? f->hosts[h].last.bar : f->any.bar, ++f->order };

	for (size_t t = 0; t < f->head->step_count; t++)
		for (size_t n = 0; n < f->head->steps[t].need_count; n++) {
			const struct runview_need *need = &f->head->steps[t].needs[n];

			if ((need->roles & f->head->hosts[h].roles) && !is_done(f, h, need->step))
				f->gates[t * NEEDS + n] = m;
		}
}
