/* How long verify waits: for what the run may have changed, and for what it did not touch. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "inventory/inventory.h"

enum { W2 = 4, VERIFY_MS = 6000 };

/* A whole cluster that has no Node of w2, whose last job was this run's. */
static void begin(struct lab *l, const char *run)
{
	struct lab_job *last = &l->machines[W2].jobs[0];

	rack_cluster(l);
	l->applied = true;
	l->machines[W2].node = false;
	snprintf(last->record, sizeof(last->record), "done 0 x x %s", run);
}

/* Verifies, as apply or as repair does; returns after how many seconds it gave up, -1: it did not. */
static int seconds(struct lab *l, bool repair)
{
	const struct step steps[] = {
		{ "probe", "Looking", ROLE_ALL, STEP_OBSERVES, { { 0 } }, probe_check, probe_apply },
		{ "verify", "Verifying", ROLE_CONTROL_PLANE, STEP_OBSERVES, { { "probe", ROLE_ALL, 0 } }, verify_check,
			verify_apply },
	};
	struct engine_result result;
	struct engine *e;
	struct world w;
	int s = -1;

	rack_world(&w);
	w.wish.take_lock = false;
	w.decided.lead = 0;
	w.wish.health = repair;
	w.wish.verify_ms = VERIFY_MS;
	e = rack_run(l, &w, (struct engine_config){ .steps = steps, .step_count = 2 }, 31);
	engine_result(e, &result);
	if (result.first && CHECK(strstr(result.first->what, "Node w2 is not there")))
		s = atoi(strstr(result.first->what, "after ") + 6);
	else if (result.first)
		printf("# %s\n", result.first->what);
	engine_free(e);
	world_release(&w);
	return s;
}

static void test_patience(void)
{
	struct lab l;
	int mended;

	rack_up();
	/* apply waits for every host */
	begin(&l, "r0");
	CHECK(seconds(&l, false) >= VERIFY_MS / 1000);
	/* repair for those that it did something on */
	begin(&l, "r1");
	mended = seconds(&l, true);
	CHECK(mended >= VERIFY_MS / 1000);
	begin(&l, "r0");
	CHECK(seconds(&l, true) < mended);
	/* and what is as it should be is not waited for */
	begin(&l, "r0");
	l.machines[W2].node = true;
	CHECK_INT(seconds(&l, true), -1);
	rack_down();
}

static const struct test tests[] = {
	{ "patience", test_patience },
};
TEST_MAIN(tests)
