/* What remains of a run. */
#include "engine/private.h"

static void count_cells(const struct engine *e, const struct task *t, struct engine_result *out, bool *left)
{
	for (int s = 0; s < (int)e->config.step_count; s++) {
		const struct cell *c = &t->cells[s];

		out->failed += c->settled == SETTLED_FAILED;
		*left |= c->settled == UNSETTLED && engine_concerns(e, s, t->host) &&
			 !(e->config.steps[s].flags & STEP_ALWAYS);
		if (c->settled != SETTLED_DONE)
			continue;
		out->changed += c->outcome == OUTCOME_CHANGED;
		out->would += c->outcome == OUTCOME_WOULD;
		out->ok += c->outcome == OUTCOME_OK;
	}
}

/* What came first of what still holds; what only followed from it is named only when there is nothing else. */
static bool earlier(const struct task *t, const struct task *than)
{
	bool follows = t->blocked || t->skipped, than_follows = than && (than->blocked || than->skipped);

	if (!than || follows != than_follows)
		return !than || !follows;
	return t->aside_order < than->aside_order;
}

void engine_result_locked(const struct engine *e, struct engine_result *out)
{
	const struct task *first = NULL;
	bool left;

	*out = (struct engine_result){ 0 };
	for (size_t h = 0; h < e->config.host_count; h++) {
		const struct task *t = &e->tasks[h];

		left = false;
		count_cells(e, t, out, &left);
		out->hosts_aside += t->aside;
		out->hosts_done += !t->aside && !left;
		/* a run that was to leave, and had nothing left to do, was not cut short */
		out->cancelled |= !t->aside && left && (e->cancelled || e->left);
		if (t->aside && earlier(t, first))
			first = t;
	}
	out->cancelled |= e->cancelled;
	out->first = first ? &first->error : NULL;
}

void engine_result(struct engine *e, struct engine_result *out)
{
	pthread_mutex_lock(&e->lock);
	engine_result_locked(e, out);
	pthread_mutex_unlock(&e->lock);
}

const struct error *engine_host_error(struct engine *e, int host)
{
	const struct error *err = NULL;

	pthread_mutex_lock(&e->lock);
	if (host >= 0 && (size_t)host < e->config.host_count && e->tasks[host].aside)
		err = &e->tasks[host].error;
	pthread_mutex_unlock(&e->lock);
	return err;
}

bool engine_step_done(struct engine *e, int step, int host)
{
	bool done = false;

	pthread_mutex_lock(&e->lock);
	if (host >= 0 && (size_t)host < e->config.host_count && step >= 0 && (size_t)step < e->config.step_count)
		done = cell_is_done(&e->tasks[host].cells[step]);
	pthread_mutex_unlock(&e->lock);
	return done;
}
