/* What a run's time went into, and what each step waited for: one pass over the events, in whose order nothing comes before its cause. */
#include "tui/timeline_fold.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define BARS_MAX (1u << 18) /* 10,000 hosts have fewer */
#define LANES_MAX 32

const char *timeline_cause_name(enum timeline_cause cause)
{
	static const char *const names[] = { "start", "host", "need", "turn", "rest", "command", "unknown" };

	return names[cause];
}

/* ---- sums of time ----------------------------------------------------------------------------------------------------- */

static void advance(struct fold *f, int64_t at_ms)
{
	int64_t passed = at_ms > f->at_ms ? at_ms - f->at_ms : 0;

	f->t->no_step_ms += f->running ? 0 : passed;
	f->t->idle_ms += f->working ? 0 : passed;
	f->at_ms += passed;
}

static void more(size_t *count, int by, int64_t *since_ms, int64_t at_ms)
{
	*count += (size_t)by;
	if (*count == 0)
		*since_ms = at_ms;
}

/* A step is reported only at its end: the time before was not lost. */
static void was_busy(int64_t *lost_ms, size_t count, int64_t *since_ms, int64_t at_ms, int64_t ms)
{
	if (count)
		return;
	*lost_ms -= ms < at_ms - *since_ms ? ms : at_ms - *since_ms;
	*since_ms = at_ms;
}

/* ---- bars --------------------------------------------------------------------------------------------------------------- */

static void begin(struct fold *f, size_t h, size_t s, int64_t start_ms)
{
	struct fold_host *host = &f->hosts[h];
	struct timeline *t = f->t;
	struct timeline_bar *b;
	unsigned lane = 0;

	if (t->count == BARS_MAX) {
		t->left_out++;
		return;
	}
	if (t->count == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 256;
		t->bars = xrealloc(t->bars, f->cap, sizeof(*t->bars));
		f->ended = xrealloc(f->ended, f->cap, sizeof(*f->ended));
	}
	while (lane < LANES_MAX - 1 && (host->busy >> lane & 1))
		lane++;
	if (lane >= t->lanes[h])
		t->lanes[h] = lane + 1;
	b = &t->bars[t->count];
	*b = (struct timeline_bar){ .host = h, .step = s, .start_ms = start_ms, .open = true, .lane = lane };
	fold_find_cause(f, b);
	host->busy |= UINT32_C(1) << lane;
	host->current = t->count;
	f->ended[t->count] = 0;
	*fold_cell_of(f, h, s) = ++t->count;
	more(&f->running, 1, &f->none_ms, f->at_ms);
	more(&f->working, 1, &f->idle_ms, f->at_ms);
}

static void answered(struct fold *f, struct fold_host *host)
{
	if (host->asked_ms < 0)
		return;
	f->t->bars[host->current].answer_ms += f->at_ms - host->asked_ms;
	host->asked_ms = -1;
	more(&f->working, 1, &f->idle_ms, f->at_ms);
}

static void connected(struct fold *f, struct fold_host *host)
{
	if (host->connecting_ms >= 0 && host->busy)
		f->t->bars[host->current].login_ms += f->at_ms - host->connecting_ms;
	host->connecting_ms = -1;
}

static void end(struct fold *f, const struct event *ev)
{
	size_t h = (size_t)ev->host, s = (size_t)ev->step, cell = *fold_cell_of(f, h, s);
	struct fold_host *host = &f->hosts[h];
	int64_t start_ms = f->at_ms - ev->elapsed_ms > 0 ? f->at_ms - ev->elapsed_ms : 0;
	struct timeline_bar *b;
	struct moment m;

	if (!cell || !f->t->bars[cell - 1].open) {
		if (ev->outcome == OUTCOME_BLOCKED || ev->outcome == OUTCOME_SKIPPED)
			return;
		was_busy(&f->t->no_step_ms, f->running, &f->none_ms, f->at_ms, ev->elapsed_ms);
		was_busy(&f->t->idle_ms, f->working, &f->idle_ms, f->at_ms, ev->elapsed_ms);
		begin(f, h, s, start_ms);
		if (cell == *fold_cell_of(f, h, s))
			return;
		cell = *fold_cell_of(f, h, s);
	}
	b = &f->t->bars[cell - 1];
	if (host->current == cell - 1) {
		answered(f, host);
		connected(f, host);
	}
	/* its check came before it was reported */
	if (ev->elapsed_ms && start_ms < b->start_ms) {
		b->waited_ms = b->waited_ms > b->start_ms - start_ms ? b->waited_ms - (b->start_ms - start_ms) : 0;
		b->start_ms = start_ms;
	}
	b->end_ms = f->at_ms;
	b->open = false;
	b->outcome = ev->outcome;
	host->busy &= ~(UINT32_C(1) << b->lane);
	m = (struct moment){ cell - 1, ++f->order };
	f->ended[cell - 1] = m.order;
	f->any = host->last = f->sections[fold_section_of(f, s)] = m;
	if (!(f->head->steps[s].flags & STEP_ALWAYS))
		f->ordinary = m;
	fold_settle(f, h, s, m);
	more(&f->running, -1, &f->none_ms, f->at_ms);
	more(&f->working, -1, &f->idle_ms, f->at_ms);
}

/* ---- the pass over the events ------------------------------------------------------------------------------------------ */

static void host_state(struct fold *f, struct fold_host *host, enum code state)
{
	const struct timeline_bar *b = host->busy ? &f->t->bars[host->current] : NULL;
	int64_t from_ms = b && b->start_ms > host->offline_ms ? b->start_ms : host->offline_ms;

	if (state == HOST_CONNECTING) {
		if (b && !host->online)
			f->t->bars[host->current].queue_ms += f->at_ms - from_ms;
		host->connecting_ms = f->at_ms;
	} else if (state == HOST_CONNECTED) {
		connected(f, host);
		host->online = true;
	} else if (state == HOST_LOST) {
		connected(f, host);
		host->online = false;
		host->offline_ms = f->at_ms;
	} else if (state == HOST_RETRYING) {
		host->retried = (struct moment){ f->any.bar, ++f->order };
	}
}

static void asked(struct fold *f, struct fold_host *host)
{
	if (!host->busy || host->asked_ms >= 0)
		return;
	host->asked_ms = f->at_ms;
	more(&f->working, -1, &f->idle_ms, f->at_ms);
}

static void fold_event(const struct event *ev, void *fold)
{
	struct fold *f = fold;
	struct fold_host *host = ev->host >= 0 ? &f->hosts[ev->host] : NULL;

	advance(f, ev->at_ms);
	if (ev->kind == EVENT_RUN_DONE)
		f->t->over = true;
	else if (ev->kind == EVENT_RESUMED)
		f->resumed = (struct moment){ f->any.bar, ++f->order };
	else if (ev->kind == EVENT_CANCELLING)
		f->stopped = (struct moment){ f->any.bar, ++f->order };
	if (!host)
		return;
	if (ev->kind == EVENT_STEP_DONE && ev->step >= 0)
		end(f, ev);
	else if (ev->kind == EVENT_HOST_ASIDE)
		fold_aside(f, (size_t)ev->host);
	else if (ev->kind == EVENT_HOST_STATE)
		host_state(f, host, ev->code);
	else if (ev->kind == EVENT_QUESTION)
		asked(f, host);
	else if (ev->kind == EVENT_ANSWERED)
		answered(f, host);
	else if (ev->kind == EVENT_STEP_STARTED && ev->step >= 0) {
		size_t cell = *fold_cell_of(f, (size_t)ev->host, (size_t)ev->step);

		if (!cell || !f->t->bars[cell - 1].open)
			begin(f, (size_t)ev->host, (size_t)ev->step, f->at_ms);
	}
}

/* From what ended last, or is not over yet, back to the start. */
static void find_path(struct fold *f)
{
	struct timeline *t = f->t;
	size_t last = SIZE_MAX;

	for (size_t i = 0; i < t->count; i++)
		if (last == SIZE_MAX || (!t->bars[last].open && (t->bars[i].open || f->ended[i] > f->ended[last])))
			last = i;
	for (size_t i = last; i != SIZE_MAX; i = t->bars[i].after)
		t->path_count++;
	t->path = xcalloc(t->path_count + 1, sizeof(*t->path));
	t->path_ms = last == SIZE_MAX ? 0 : t->bars[last].end_ms;
	for (size_t i = last, n = 0; i != SIZE_MAX; i = t->bars[i].after) {
		t->path[n++] = i;
		t->path_ms -= timeline_gap_ms(t, &t->bars[i]);
	}
}

static void fold_init(struct fold *f, const struct recording_head *head)
{
	size_t steps = head->step_count, hosts = head->host_count;

	f->head = head;
	f->any.bar = SIZE_MAX;
	f->cells = xcalloc(hosts * steps + 1, sizeof(*f->cells));
	f->hosts = xcalloc(hosts + 1, sizeof(*f->hosts));
	f->gates = xcalloc(steps * NEEDS + 1, sizeof(*f->gates));
	f->sections = xcalloc(steps + 1, sizeof(*f->sections));
	f->reached = xcalloc(steps + 1, sizeof(*f->reached));
	for (size_t h = 0; h < hosts; h++)
		f->hosts[h].connecting_ms = f->hosts[h].asked_ms = -1;
	f->t->head = head;
	f->t->lanes = xcalloc(hosts + 1, sizeof(*f->t->lanes));
	for (size_t h = 0; h < hosts; h++)
		f->t->lanes[h] = 1;
}

static void fold_release(struct fold *f)
{
	free(f->ended);
	free(f->cells);
	free(f->hosts);
	free(f->gates);
	free(f->sections);
	free(f->reached);
}

struct timeline *timeline_make(const struct recording *r)
{
	struct timeline *t = xcalloc(1, sizeof(*t));
	struct fold f = { .t = t };

	fold_init(&f, recording_head(r));
	recording_events(r, 0, fold_event, &f);
	t->live = recording_live(r);
	advance(&f, t->over ? recording_length_ms(r) : recording_now_ms(r));
	t->wall_ms = f.at_ms;
	for (size_t i = 0; i < t->count; i++)
		if (t->bars[i].open)
			t->bars[i].end_ms = t->wall_ms;
	find_path(&f);
	fold_release(&f);
	return t;
}

void timeline_free(struct timeline *t)
{
	if (!t)
		return;
	free(t->bars);
	free(t->lanes);
	free(t->path);
	free(t);
}

size_t timeline_longest(const struct timeline *t, size_t *list, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct timeline_bar *b = &t->bars[i];
		size_t at = count;

		while (at > 0 &&
			b->end_ms - b->start_ms > t->bars[list[at - 1]].end_ms - t->bars[list[at - 1]].start_ms)
			at--;
		if (at == max)
			continue;
		count += count < max;
		memmove(list + at + 1, list + at, (count - at - 1) * sizeof(*list));
		list[at] = i;
	}
	return count;
}

int64_t timeline_gap_ms(const struct timeline *t, const struct timeline_bar *b)
{
	int64_t from_ms = b->after == SIZE_MAX ? 0 : t->bars[b->after].end_ms;

	return b->start_ms > from_ms ? b->start_ms - from_ms : 0;
}
