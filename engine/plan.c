/* The plan as a graph: which needs are met, which never will be. */
#include "engine/private.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

static int step_index(const struct engine *e, const char *name, int before)
{
	for (int i = 0; i < before; i++)
		if (strcmp(e->config.steps[i].name, name) == 0)
			return i;
	return -1;
}

static int gate_index(struct engine *e, int step, unsigned roles)
{
	for (size_t g = 0; g < e->gate_count; g++)
		if (e->gates[g].step == step && e->gates[g].roles == roles)
			return (int)g;
	e->gates = xrealloc(e->gates, e->gate_count + 1, sizeof(*e->gates));
	e->gates[e->gate_count] = (struct gate){ .step = step, .roles = roles };
	return (int)e->gate_count++;
}

static int index_of(const struct engine_config *config, const char *name)
{
	for (size_t s = 0; s < config->step_count; s++)
		if (strcmp(config->steps[s].name, name) == 0)
			return (int)s;
	return -1;
}

const struct section *engine_section(const struct engine_config *config, size_t step)
{
	for (size_t i = 0; i < config->section_count; i++) {
		int first = index_of(config, config->sections[i].first),
		    last = index_of(config, config->sections[i].last);

		if (first >= 0 && (int)step >= first && (int)step <= last)
			return &config->sections[i];
	}
	return NULL;
}

static int check_section(struct engine *e, const struct section *section, struct error *err)
{
	int first = index_of(&e->config, section->first), last = index_of(&e->config, section->last);

	if (first < 0 || last < first || section->at_once == 0)
		return error_set(err, ERROR_INTERNAL, "section '%s' has no steps from '%s' to '%s', or admits no host",
			section->name, section->first, section->last);
	for (int s = first; s <= last; s++) {
		const char *name = e->config.steps[s].name;

		if (e->config.steps[s].flags & (STEP_ALWAYS | STEP_ONE_BY_ONE))
			return error_set(err, ERROR_INTERNAL,
				"step '%s' cannot be in section '%s': its flags forbid it", name, section->name);
		if (e->section[s] >= 0)
			return error_set(err, ERROR_INTERNAL, "step '%s' is in two sections", name);
		e->section[s] = (int)e->turn_count;
	}
	e->turns[e->turn_count++].at_once = section->at_once;
	return 0;
}

static int resolve_sections(struct engine *e, struct error *err)
{
	size_t count = e->config.step_count;

	e->section = xcalloc(count + 1, sizeof(*e->section));
	e->turns = xcalloc(count + 1, sizeof(*e->turns));
	for (size_t s = 0; s < count; s++)
		e->section[s] = -1;
	for (size_t i = 0; i < e->config.section_count; i++)
		if (check_section(e, &e->config.sections[i], err))
			return -1;
	for (size_t s = 0; s < count; s++) {
		if (!(e->config.steps[s].flags & STEP_ONE_BY_ONE))
			continue;
		if (e->config.steps[s].flags & STEP_ALWAYS)
			return error_set(err, ERROR_INTERNAL,
				"step '%s' runs in any case, so it cannot wait for a turn", e->config.steps[s].name);
		e->section[s] = (int)e->turn_count;
		e->turns[e->turn_count++].at_once = 1;
	}
	return 0;
}

static int check_need(const struct engine *e, size_t s, const struct step_need *need, int index, struct error *err)
{
	const struct step *step = &e->config.steps[s];

	if (index < 0)
		return error_set(err, ERROR_INTERNAL, "step '%s' needs '%s', which is not an earlier step of the plan",
			step->name, need->step);
	if ((e->config.steps[index].flags & STEP_ALWAYS) && !(step->flags & STEP_ALWAYS))
		return error_set(err, ERROR_INTERNAL, "step '%s' needs '%s', which runs last", step->name, need->step);
	/* inside it would wait for hosts that wait to get in */
	if (need->roles && e->section[s] >= 0 && e->section[s] == e->section[index])
		return error_set(err, ERROR_INTERNAL,
			"step '%s' needs '%s' of other hosts, and both are of one section", step->name, need->step);
	return 0;
}

int plan_resolve(struct engine *e, struct error *err)
{
	size_t count = e->config.step_count;

	e->need_step = xcalloc(count ? count : 1, sizeof(*e->need_step));
	e->need_gate = xcalloc(count ? count : 1, sizeof(*e->need_gate));
	if (resolve_sections(e, err))
		return -1;
	for (size_t s = 0; s < count; s++) {
		const struct step *step = &e->config.steps[s];

		for (int n = 0; n < NEEDS_MAX && step->needs[n].step; n++) {
			const struct step_need *need = &step->needs[n];
			int index = step_index(e, need->step, (int)s);

			if (check_need(e, s, need, index, err))
				return -1;
			e->need_step[s][n] = index;
			e->need_gate[s][n] = need->roles ? gate_index(e, index, need->roles) : -1;
		}
	}
	return 0;
}

static void count_gate(const struct engine *e, struct gate *g)
{
	g->total = g->done = g->open = g->here = g->failed = 0;
	for (size_t h = 0; h < e->config.host_count; h++) {
		const struct task *t = &e->tasks[h];
		const struct cell *c = &t->cells[g->step];

		if (!(e->config.hosts[h].roles & g->roles) || !engine_concerns(e, g->step, (int)h))
			continue;
		g->total++;
		g->done += cell_is_done(c);
		g->here += c->settled == SETTLED_DONE;
		g->failed += c->settled == SETTLED_FAILED;
		g->open += c->settled == UNSETTLED && !t->aside && !c->doomed;
	}
}

/* In the order of the plan, needs being of earlier steps: what is doomed somewhere is nothing that others may wait for. */
static void refresh_step(struct engine *e, int s)
{
	bool always = (e->config.steps[s].flags & STEP_ALWAYS) != 0;
	int which;

	for (size_t h = 0; h < e->config.host_count; h++) {
		struct task *t = &e->tasks[h];

		t->cells[s].doomed = !always && !t->aside && t->cells[s].settled == UNSETTLED &&
				     engine_concerns(e, s, (int)h) && plan_needs(e, t, s, &which) == NEED_NEVER;
	}
	for (size_t g = 0; g < e->gate_count; g++)
		if (e->gates[g].step == s)
			count_gate(e, &e->gates[g]);
}

void plan_refresh(struct engine *e)
{
	for (size_t s = 0; s < e->config.step_count; s++)
		refresh_step(e, (int)s);
	e->ordinary_open = false;
	for (size_t h = 0; h < e->config.host_count && !e->ordinary_open; h++) {
		const struct task *t = &e->tasks[h];

		for (size_t s = 0; s < e->config.step_count && !t->aside; s++)
			e->ordinary_open |= t->cells[s].settled == UNSETTLED && engine_concerns(e, (int)s, (int)h) &&
					    !(e->config.steps[s].flags & STEP_ALWAYS);
	}
}

static enum need_state one_need(const struct engine *e, const struct task *t, int s, int n)
{
	const struct step_need *need = &e->config.steps[s].needs[n];
	int index = e->need_step[s][n];
	const struct gate *g;
	unsigned done;

	if (e->need_gate[s][n] < 0) {
		if (!engine_concerns(e, index, t->host) || cell_is_done(&t->cells[index]))
			return NEED_MET;
		return t->cells[index].settled == UNSETTLED && !t->cells[index].doomed ? NEED_PENDING : NEED_NEVER;
	}
	g = &e->gates[e->need_gate[s][n]];
	if (g->total == 0)
		return NEED_MET;
	/* where it failed was where it mattered: that it is not here on the others helps nobody */
	done = g->failed && !g->here ? 0 : g->done;
	if (done + g->open < need->min)
		return NEED_NEVER;
	return g->open ? NEED_PENDING : NEED_MET;
}

enum need_state plan_needs(const struct engine *e, const struct task *t, int s, int *which)
{
	enum need_state worst = NEED_MET;

	for (int n = 0; n < NEEDS_MAX && e->config.steps[s].needs[n].step; n++) {
		enum need_state state = one_need(e, t, s, n);

		if (state > worst) {
			worst = state;
			*which = n;
		}
	}
	return worst;
}

/* Whether a says more of why a step is missing than b: it failed there, else it came closer to it, else it was set aside first. */
static bool tells_more(const struct task *a, const struct task *b, int step)
{
	bool failed = a->cells[step].settled == SETTLED_FAILED;

	if (failed != (b->cells[step].settled == SETTLED_FAILED))
		return failed;
	if (a->aside_step != b->aside_step)
		return a->aside_step > b->aside_step;
	return a->aside_order < b->aside_order;
}

/* The host that was set aside, and whose step would have been needed. */
static const struct task *culprit(const struct engine *e, int step, unsigned roles)
{
	const struct task *who = NULL;

	for (size_t h = 0; h < e->config.host_count; h++) {
		const struct task *t = &e->tasks[h];

		if (!t->aside || !(e->config.hosts[h].roles & roles) || cell_is_done(&t->cells[step]) ||
			!engine_concerns(e, step, (int)h))
			continue;
		if (!who || tells_more(t, who, step))
			who = t;
	}
	return who;
}

/* No host that was set aside is to blame: one that will be, or the inventory. */
static void explain_doomed(
	const struct engine *e, const struct task *t, int index, const struct step_need *need, struct error *err)
{
	const struct task *who = need->roles ? NULL : t;

	for (size_t h = 0; h < e->config.host_count && !who; h++)
		if ((e->config.hosts[h].roles & need->roles) && e->tasks[h].cells[index].doomed)
			who = &e->tasks[h];
	if (who) {
		plan_explain(e, who, index, err);
		error_wrap(err, "needs '%s', which cannot start on %s", need->step, e->config.hosts[who->host].name);
		return;
	}
	error_set(err, ERROR_COMMAND, "needs '%s' on at least %u hosts, and there are not so many", need->step,
		need->min);
	error_hint(err, "add hosts to the inventory");
}

void plan_explain(const struct engine *e, const struct task *t, int s, struct error *err)
{
	const struct step *step = &e->config.steps[s];
	const struct task *who;
	const char *needed, *name;
	int which = 0, index;

	plan_needs(e, t, s, &which);
	index = e->need_step[s][which];
	needed = e->config.steps[index].name;
	who = culprit(e, index, step->needs[which].roles);
	if (!who) {
		explain_doomed(e, t, index, &step->needs[which], err);
		return;
	}
	name = e->config.hosts[who->host].name;
	if (who->cells[index].settled == SETTLED_FAILED)
		error_set(err, ERROR_COMMAND, "needs '%s', which failed on %s: %s", needed, name, who->error.what);
	else if (who->skipped)
		error_set(err, ERROR_COMMAND, "needs '%s', but %s was skipped", needed, name);
	else
		error_set(err, ERROR_COMMAND, "needs '%s', but %s was set aside before it, in '%s': %s", needed, name,
			who->error.step, who->error.what);
	error_hint(err, "put %s right first: %s", name, who->error.hint[0] ? who->error.hint : "see its error");
}
