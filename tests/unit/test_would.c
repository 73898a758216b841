/* A run that changes nothing gathers what it would do, by itself; one that changes something does not. */
#include "cli/run.h"
#include "tests/test.h"

#include <string.h>

static enum step_verdict wants_file(struct task *t, struct error *why)
{
	task_log(t, "--- differs %d", task_host(t));
	task_log(t, "+++ on a second line");
	return step_needed(why, EVIDENCE_FILE, "/etc/x", "writes /etc/x");
}

static enum step_verdict is_done(struct task *t, struct error *why)
{
	(void)t;
	(void)why;
	return STEP_DONE;
}

static int does(struct task *t, struct error *err)
{
	(void)t;
	(void)err;
	return 0;
}

static const struct step first[] = {
	{ "done", "Done", 1, 0, { { 0 } }, is_done, does },
	{ "file", "File", 1, 0, { { 0 } }, wants_file, does },
};
static const struct step second[] = {
	{ "file", "File", 1, 0, { { 0 } }, wants_file, does },
};
static const struct engine_host hosts[] = { { "h1", 1 }, { "h2", 1 } };
static const struct cli_options options = { .json = true };

static void run(struct cli_run *r, const struct step *steps, size_t count, bool check_only)
{
	struct error err = { 0 };

	r->options = &options;
	r->kind = &cli_kinds[KIND_PLAN];
	r->config = (struct engine_config){ .run = "r",
		.steps = steps,
		.step_count = count,
		.hosts = hosts,
		.host_count = 2,
		.check_only = check_only };
	cli_run_begin(r);
	CHECK_INT(cli_run_execute(r, &err), 0);
}

static void check_file(const struct cli_run *r, size_t host, size_t step, const char *differences)
{
	const struct would_step *w = would_step(r, host, step);

	if (!CHECK(w != NULL))
		return;
	CHECK_STR(w->text, code_words(EVIDENCE_FILE, "writes /etc/x"));
	CHECK_INT(w->code, EVIDENCE_FILE);
	CHECK_STR(w->about, "/etc/x");
	CHECK_STR(w->differences.buf, differences);
}

static void test_gathered(void)
{
	struct cli_run r = { 0 };

	run(&r, first, 2, true);
	CHECK(would_step(&r, 0, 0) == NULL && would_step(&r, 1, 0) == NULL);
	check_file(&r, 0, 1, "--- differs 0\n+++ on a second line\n");
	check_file(&r, 1, 1, "--- differs 1\n+++ on a second line\n");
	cli_run_release(&r);
}

/* Nothing of the plan before is left. */
static void test_another_plan(void)
{
	struct cli_run r = { 0 };

	run(&r, first, 2, true);
	run(&r, second, 1, true);
	check_file(&r, 0, 0, "--- differs 0\n+++ on a second line\n");
	check_file(&r, 1, 0, "--- differs 1\n+++ on a second line\n");
	cli_run_release(&r);
}

static void test_changes(void)
{
	struct cli_run r = { 0 };

	run(&r, second, 1, false);
	CHECK_INT(cli_run_count(&r, CELL_CHANGED), 2);
	CHECK(would_step(&r, 0, 0) == NULL);
	cli_run_release(&r);
}

static const struct test tests[] = {
	{ "a run that only looks gathers what it would do", test_gathered },
	{ "another plan over the same hosts gathers again", test_another_plan },
	{ "a run that changes something gathers nothing", test_changes },
};
TEST_MAIN(tests)
