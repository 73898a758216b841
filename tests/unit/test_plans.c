/* The tables of plans and of what can be run hold together. */
#include "cli/run.h"
#include "tests/test.h"

#include <string.h>

/* A step that needs one which is not before it would only fail when its plan is begun. */
static void every_plan_begins(void)
{
	for (size_t i = 0; i < PLAN_COUNT; i++) {
		const struct engine_config config = { .run = "r",
			.steps = plans[i].steps,
			.step_count = plans[i].count,
			.hosts = &(struct engine_host){ "h", 0 },
			.host_count = 1 };
		struct engine *e = engine_new(&config);
		struct error err = { 0 };

		if (!CHECK_INT(engine_start(e, &err), 0)) {
			printf("# %s: %s\n", plans[i].name, err.what);
			engine_free(e);
			continue;
		}
		while (engine_wait(e, -1, 1000))
			;
		engine_free(e);
		CHECK(plans[i].count > 0);
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(plans[i].name, plans[k].name) != 0);
	}
}

/* What takes the lock also gives it back, and nobody asks the cluster without its keys. */
static void every_kind_fits_its_plan(void)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		const struct cli_run_kind *k = &cli_kinds[i];
		bool unlocks = false;

		if (!CHECK(k->command && k->plan))
			continue;
		for (size_t s = 0; s < k->plan->count; s++)
			unlocks |= strcmp(k->plan->steps[s].name, "unlock") == 0;
		if (k->flags & RUN_CHANGES)
			CHECK(unlocks);
		else
			CHECK(!(k->flags & RUN_RETRIES));
		CHECK_INT(k->names != NULL,
			(k->plan->flags & (PLAN_REJOINS | PLAN_LEAVES | PLAN_REBOOTS | PLAN_NAMED | PLAN_RENEWS)) != 0);
		if (k->plan == &plans[PLAN_REPAIR])
			CHECK(k->flags & RUN_HEALTH);
		if (!(k->plan->flags & PLAN_KEYS))
			CHECK(!(k->flags & RUN_HEALTH));
		/* who does not install the pod network may ask which one it is */
		if (!(k->plan->flags & PLAN_KEYS) && i != KIND_MESH)
			CHECK(!(k->flags & RUN_CNI));
	}
}

static const struct test tests[] = {
	{ "every plan begins", every_plan_begins },
	{ "every kind of run fits its plan", every_kind_fits_its_plan },
};
TEST_MAIN(tests)
