/* What steps took in earlier runs, and what that says about the time left. */
#include "tui/runview.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 20
#define RUN_BYTES (32u << 20) /* of a journal that is worth the time to read it */
#define SAMPLES_MAX 4096      /* per step */
#define SUFFIX ".jsonl"

struct samples {
	int64_t *ms;
	size_t count;
};
struct past_step {
	char *name;
	struct samples changed, looked; /* where there was something to do; where there was nothing, or it only looks */
	int64_t median;
};
struct history {
	struct past_step *steps;
	size_t count;
};

static struct past_step *find(const struct history *h, const char *name)
{
	for (size_t i = 0; h && i < h->count; i++)
		if (strcmp(h->steps[i].name, name) == 0)
			return &h->steps[i];
	return NULL;
}

static struct past_step *find_or_add(struct history *h, const char *name)
{
	struct past_step *p = find(h, name);

	if (p || h->count >= 1000)
		return p;
	h->steps = xrealloc(h->steps, h->count + 1, sizeof(*h->steps));
	p = &h->steps[h->count++];
	*p = (struct past_step){ .name = xstrdup(name) };
	return p;
}

static void sample(struct samples *s, int64_t ms)
{
	if (s->count >= SAMPLES_MAX)
		return;
	if ((s->count & (s->count - 1)) == 0)
		s->ms = xrealloc(s->ms, s->count ? s->count * 2 : 1, sizeof(*s->ms));
	s->ms[s->count++] = ms;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t median(struct samples *s)
{
	if (!s->count)
		return 0;
	qsort(s->ms, s->count, sizeof(*s->ms), by_value);
	return (s->ms[(s->count - 1) / 2] + s->ms[s->count / 2]) / 2;
}

static void step_done(struct history *h, const struct json *line)
{
	const char *outcome = json_get_str(line, "outcome", ""), *name = json_get_str(line, "step", NULL);
	int64_t ms = json_get_int(line, "ms", -1);
	bool changed = strcmp(outcome, "changed") == 0;
	struct past_step *p;

	/* no step takes a month */
	if (!name || ms < 0 || ms > INT64_C(1000) * 3600 * 24 * 30 || (!changed && strcmp(outcome, "ok") != 0))
		return;
	p = find_or_add(h, name);
	if (p)
		sample(changed ? &p->changed : &p->looked, ms);
}

/* A run that came to a good end knows all steps of its plan, also those that had nothing to say. */
static void whole_plan(struct history *h, const char *head, size_t len, const struct json *last)
{
	const char *outcome = json_get_str(last, "outcome", "");
	struct json *j;

	if (strcmp(outcome, "changed") != 0 && strcmp(outcome, "ok") != 0)
		return;
	j = json_parse(head, len, NULL);
	for (size_t i = 0; j && i < json_size(json_get(j, "steps")); i++) {
		const char *name = json_get_str(json_at(json_get(j, "steps"), i), "name", NULL);

		if (name)
			find_or_add(h, name);
	}
	json_free(j);
}

static void read_line(struct history *h, const char *head, size_t head_len, const char *line, size_t len)
{
	/* most lines are output: not worth parsing */
	bool done = memmem(line, len, "\"step-done\"", 11) != NULL,
	     over = memmem(line, len, "\"run-done\"", 10) != NULL;
	struct json *j = done || over ? json_parse(line, len, NULL) : NULL;
	const char *kind = json_get_str(j, "kind", "");

	if (j && json_get_int(j, "v", 0) == 1) {
		if (strcmp(kind, "step-done") == 0)
			step_done(h, j);
		else if (strcmp(kind, "run-done") == 0)
			whole_plan(h, head, head_len, j);
	}
	json_free(j);
}

/* Only runs that ended: the one that is under way is not history. */
static void read_run(struct history *h, const char *path)
{
	struct str text = STR_INIT;
	size_t head, from, len, last = 0;

	if (file_read(path, RUN_BYTES, &text, NULL) == 0 && text.len) {
		for (last = text.len - 1; last > 0 && text.buf[last - 1] != '\n'; last--)
			continue;
		head = strcspn(text.buf, "\n");
		if (!memmem(text.buf + last, text.len - last, "\"run-done\"", 10))
			head = text.len;
		for (from = head + 1; from < text.len; from += len + 1) {
			const char *end = memchr(text.buf + from, '\n', text.len - from);

			len = (end ? (size_t)(end - text.buf) : text.len) - from;
			read_line(h, text.buf, head, text.buf + from, len);
		}
	}
	str_release(&text);
}

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

struct history *history_load(const char *runs_dir)
{
	struct history *h = xcalloc(1, sizeof(*h));
	DIR *d = runs_dir ? opendir(runs_dir) : NULL;
	struct dirent *entry;
	char **names = NULL;
	size_t count = 0;

	while (d && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.' || !str_ends(entry->d_name, SUFFIX))
			continue;
		names = xrealloc(names, count + 1, sizeof(*names));
		names[count++] = xasprintf("%s/%s", runs_dir, entry->d_name);
	}
	if (d)
		closedir(d);
	/* names begin with the time */
	if (count)
		qsort(names, count, sizeof(*names), newest_first);
	for (size_t i = 0; i < count; i++) {
		if (i < RUNS_MAX)
			read_run(h, names[i]);
		free(names[i]);
	}
	free(names);
	for (size_t i = 0; i < h->count; i++)
		h->steps[i].median = median(h->steps[i].changed.count ? &h->steps[i].changed : &h->steps[i].looked);
	return h;
}

void history_free(struct history *h)
{
	for (size_t i = 0; h && i < h->count; i++) {
		free(h->steps[i].name);
		free(h->steps[i].changed.ms);
		free(h->steps[i].looked.ms);
	}
	if (h)
		free(h->steps);
	free(h);
}

int64_t history_ms(const struct history *h, const char *step)
{
	const struct past_step *p = find(h, step);

	return p ? p->median : 0;
}

/* ---- the time left -------------------------------------------------------------------------------------------------- */

struct estimate {
	const struct runview *v;
	const struct step *plan;
	size_t steps;
	int64_t *ends;    /* [host * steps + step]: ms from now */
	int64_t *free_at; /* per host: it does one step at a time */
	bool *begun;      /* per step: on some host */
};

static bool concerns(const struct estimate *e, size_t h, size_t s)
{
	return !e->plan[s].roles || (e->plan[s].roles & e->v->hosts[h].roles);
}

/* A step without any event before one that waited for it: it did not concern the host. */
static bool passed(const struct estimate *e, size_t h, size_t s)
{
	for (size_t t = s + 1; t < e->steps; t++)
		for (size_t n = 0; n < 6 && e->plan[t].needs[n].step; n++) {
			const struct step_need *need = &e->plan[t].needs[n];

			if (strcmp(need->step, e->plan[s].name) != 0)
				continue;
			if (need->roles ? (need->roles & e->v->hosts[h].roles) && e->begun[t]
					: runview_cell(e->v, h, t)->state != CELL_NONE)
				return true;
		}
	return false;
}

static bool is_left(const struct estimate *e, size_t h, size_t s)
{
	enum cell_state state = runview_cell(e->v, h, s)->state;

	if (e->v->hosts[h].aside || e->v->over || !concerns(e, h, s))
		return false;
	return state == CELL_RUNNING || (state == CELL_NONE && !passed(e, h, s));
}

static int64_t needs_met(const struct estimate *e, size_t h, size_t s)
{
	int64_t at = 0;

	for (size_t n = 0; n < 6 && e->plan[s].needs[n].step; n++) {
		const struct step_need *need = &e->plan[s].needs[n];

		for (size_t t = 0; t < s; t++) {
			if (strcmp(e->plan[t].name, need->step) != 0)
				continue;
			for (size_t o = 0; o < e->v->host_count; o++)
				if ((need->roles ? (need->roles & e->v->hosts[o].roles) != 0 : o == h) &&
					e->ends[o * e->steps + t] > at)
					at = e->ends[o * e->steps + t];
		}
	}
	return at;
}

/* One cell's end; what runs is nearly through. */
static int64_t walk_cell(const struct estimate *e, size_t o, size_t s, int64_t took, int64_t turn)
{
	const struct progress_cell *c = runview_cell(e->v, o, s);
	int64_t at = 0;

	if (c->state == CELL_RUNNING) {
		took -= e->v->at_ms - c->started_ms;
	} else {
		at = needs_met(e, o, s);
		at = e->free_at[o] > at ? e->free_at[o] : at;
		at = turn > at ? turn : at;
	}
	at += took > 0 ? took : 0;
	e->ends[o * e->steps + s] = e->free_at[o] = at;
	return at;
}

/* The steps of a section, or one without, which a host does in one go. */
struct stretch {
	size_t first, end;
	int64_t *turns; /* when each place in the section is free; NULL: no section */
	size_t turn_count;
};

static bool at_it(const struct estimate *e, size_t o, const struct stretch *r)
{
	bool begun = false, left = false;

	for (size_t s = r->first; s < r->end; s++) {
		begun |= runview_cell(e->v, o, s)->state != CELL_NONE;
		left |= is_left(e, o, s);
	}
	return begun && left;
}

/* False: nothing is known of a step that is left. */
static bool walk_host(const struct estimate *e, const struct history *h, size_t o, struct stretch *r, int64_t *longest)
{
	int64_t none = 0, *turn = r->turns ? r->turns : &none;

	for (size_t i = 1; i < r->turn_count; i++)
		if (r->turns[i] < *turn)
			turn = &r->turns[i];
	for (size_t s = r->first; s < r->end; s++) {
		const struct past_step *past = find(h, e->plan[s].name);

		if (!is_left(e, o, s))
			continue;
		if (!past)
			return false;
		*turn = walk_cell(e, o, s, past->median, *turn);
		if (*turn > *longest)
			*longest = *turn;
	}
	return true;
}

/* All hosts at the steps that begin with s, those that are at them now first. *end: the first step after them. */
static bool walk_steps(const struct estimate *e, const struct history *h, size_t s, size_t *end, int64_t *longest)
{
	const struct runview_step *steps = e->v->steps;
	struct stretch r = { .first = s, .end = s + 1 };
	bool known = true;

	while (*steps[s].section && r.end < e->steps && strcmp(steps[r.end].section, steps[s].section) == 0)
		r.end++;
	if (*steps[s].section) {
		r.turn_count = steps[s].at_once < e->v->host_count ? steps[s].at_once : e->v->host_count;
		r.turns = xcalloc(r.turn_count + 1, sizeof(*r.turns));
	}
	for (int now = 1; now >= 0 && known; now--)
		for (size_t o = 0; o < e->v->host_count && known; o++)
			if (at_it(e, o, &r) == now)
				known = walk_host(e, h, o, &r, longest);
	free(r.turns);
	*end = r.end;
	return known;
}

int64_t history_left_ms(const struct history *h, const struct runview *v, const struct step *plan, size_t step_count)
{
	struct estimate e = { .v = v, .plan = plan, .steps = step_count };
	int64_t longest = 0;
	bool known = h && h->count && step_count == v->step_count;

	if (!known)
		return -1;
	e.ends = xcalloc(v->host_count * step_count + 1, sizeof(*e.ends));
	e.free_at = xcalloc(v->host_count + 1, sizeof(*e.free_at));
	e.begun = xcalloc(step_count + 1, sizeof(*e.begun));
	for (size_t i = 0; i < v->host_count * step_count; i++)
		e.begun[i % step_count] |= v->progress.cells[i].state != CELL_NONE;
	for (size_t s = 0; s < step_count && known;)
		known = walk_steps(&e, h, s, &s, &longest);
	free(e.ends);
	free(e.free_at);
	free(e.begun);
	return known ? longest : -1;
}
