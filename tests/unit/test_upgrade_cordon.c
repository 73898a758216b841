/* A Node that is drained for an upgrade takes pods again afterwards, unless it was somebody else who had cordoned it; one that leaves is not waited for when it is silent. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

enum { W1 = 3 };

/* A whole cluster, with pods on w1. */
static void begin(struct lab *l)
{
	rack_cluster(l);
	l->applied = true;
	l->machines[W1].pods = 2;
}

static enum step_verdict w1_check(struct task *t, struct error *why)
{
	(void)why;
	return task_host(t) == W1 ? STEP_NEEDED : STEP_NOT_HERE;
}

/* Looks, then does one thing to w1; first: the error of the run. */
static void run(struct lab *l, int (*apply)(struct task *t, struct error *err), struct error *first)
{
	const struct step steps[] = {
		{ "probe", "Looking", ROLE_ALL, STEP_OBSERVES, { { 0 } }, probe_check, probe_apply },
		{ "survey", "Asking", ROLE_CONTROL_PLANE, STEP_OBSERVES, { { "probe", 0, 0 } }, survey_check,
			survey_apply },
		{ "do", "Doing", ROLE_WORKER, 0, { { "probe", 0, 0 }, { "survey", ROLE_CONTROL_PLANE, 1 } }, w1_check,
			apply },
		{ "unlock", "Unlocking", ROLE_ALL, STEP_ALWAYS | STEP_LAST, { { 0 } }, unlock_check, unlock_apply },
	};
	struct engine_result result;
	struct engine *e;
	struct world w;

	rack_world(&w);
	w.wish.drain_timeout_s = 1;
	snprintf(w.decided.version, sizeof(w.decided.version), "1.36.2");
	e = rack_run(
		l, &w, (struct engine_config){ .steps = steps, .step_count = sizeof(steps) / sizeof(steps[0]) }, 31);
	engine_result(e, &result);
	memset(first, 0, sizeof(*first));
	if (result.first)
		*first = *result.first;
	engine_free(e);
	world_release(&w);
}

/* Each row in a cluster of its own: how w1 is before, after the drain, and after it is let go. */
static const struct {
	bool before;           /* somebody had cordoned it */
	bool freed;            /* somebody lets pods onto it after the drain: the note alone is left to go */
	enum error_kind fails; /* a pod would be lost; or a disruption budget lets none go */
	bool drained, noted;   /* after the drain: cordoned; with the note of an upgrade */
	unsigned pods;
	bool after; /* cordoned at the end */
} rows[] = {
	{ false, false, ERROR_NONE, true, true, 0, false },
	{ false, true, ERROR_NONE, true, true, 0, false },
	{ true, false, ERROR_NONE, true, false, 0, true },
	{ false, false, ERROR_COMMAND, false, false, 2, false },
	{ true, false, ERROR_COMMAND, true, false, 2, true },
	/* nothing else was changed there yet: it takes pods as before */
	{ false, false, ERROR_TIMEOUT, false, false, 2, false },
	{ true, false, ERROR_TIMEOUT, true, false, 2, true },
};

static void test_notes(void)
{
	rack_up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine *m;
		struct error first;
		struct lab l;

		begin(&l);
		m = &l.machines[W1];
		m->cordoned = rows[i].before;
		m->bare = rows[i].fails == ERROR_COMMAND;
		l.refuses = rows[i].fails == ERROR_TIMEOUT ? 1000 : 0;
		run(&l, upgrade_drain_apply, &first);
		if (!CHECK_INT(first.kind, rows[i].fails))
			printf("# row %zu: %s\n", i, first.what);
		CHECK_INT(m->cordoned, rows[i].drained);
		CHECK_INT(m->upgrade_note, rows[i].noted);
		CHECK_INT(m->pods, rows[i].pods);
		m->cordoned = m->cordoned && !rows[i].freed;
		run(&l, upgrade_uncordon_apply, &first);
		CHECK_STR(first.what, "");
		CHECK_INT(m->cordoned, rows[i].after);
		CHECK(!m->upgrade_note);
	}
	rack_down();
}

static int leave(struct task *t, struct error *err)
{
	return drain_node(t, "w1", NULL, err);
}

/* Of a host that leaves: a kubelet that fell silent ends no pod, and nothing is waited for; one that works is waited for. */
static void test_silent(void)
{
	rack_up();
	for (int silent = 0; silent < 2; silent++) {
		struct error first;
		struct lab l;

		begin(&l);
		l.refuses = 1000;
		l.machines[W1].silent = silent;
		run(&l, leave, &first);
		CHECK_INT(first.kind, silent ? ERROR_NONE : ERROR_TIMEOUT);
		CHECK(l.machines[W1].cordoned);
	}
	rack_down();
}

static const struct test tests[] = {
	{ "who had cordoned it", test_notes },
	{ "a host that leaves, with a kubelet that fell silent", test_silent },
};
TEST_MAIN(tests)
