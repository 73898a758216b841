/* Many hosts, many lines, many faults: the stream under pressure, secrets, and a plan in which every remote call fails once. */
#include "tests/unit/fake_engine.h"

#include "base/clock.h"
#include "base/secret.h"
#include "tests/test.h"

static struct rig rig;

/* ---- 200 hosts × 12 steps ------------------------------------------------------------------------------------------- */

/* clang-format off */
#define ROW(name, roles, flags, ...) { name, name, roles, flags, { __VA_ARGS__ }, rig_check, rig_apply }
static const struct step big_plan[] = {
	ROW("s0", RIG_ALL, STEP_OBSERVES, { 0 }),
	ROW("s1", RIG_ALL, 0, { "s0", 0, 0 }),
	ROW("s2", RIG_CP, 0, { "s1", RIG_CP, 1 }),
	ROW("s3", RIG_ALL, 0, { "s1", 0, 0 }, { "s2", RIG_CP, 1 }),
	ROW("s4", RIG_ALL, 0, { "s3", 0, 0 }),
	ROW("s5", RIG_CP, STEP_ONE_BY_ONE, { "s4", 0, 0 }),
	ROW("s6", RIG_WORKER, 0, { "s4", 0, 0 }, { "s5", RIG_CP, 2 }),
	ROW("s7", RIG_ALL, 0, { "s1", 0, 0 }),
	ROW("s8", RIG_ALL, STEP_RETRY, { "s7", 0, 0 }),
	ROW("s9", RIG_CP, 0, { "s6", RIG_WORKER, 0 }),
	ROW("s10", RIG_ALL, 0, { "s8", 0, 0 }),
	ROW("s11", RIG_ALL, STEP_ALWAYS, { 0 }),
};
/* clang-format on */

/* Every 10th worker is dead, every 10th fails in the middle. */
static enum rig_act some_fail(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	if (host < 5)
		return RIG_OK;
	return host % 10 == 7 && step < 0 ? RIG_LOSE : host % 10 == 8 && step == 4 ? RIG_FAIL : RIG_OK;
}

static void test_many_hosts(void)
{
	char roles[201] = "ccccc";
	int64_t start = rig_ms();

	memset(roles + 5, 'w', 195);
	rig_init(&rig, big_plan, 12, roles);
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 200);
	/* 8 of all, 1 of workers, 3 of control planes */
	CHECK_INT(rig.result.changed + rig.result.ok, 8 * 200 + 195 + 3 * 5);
	CHECK_INT(rig.most[5], 1);
	CHECK(rig.most_opening <= 32);
	printf("# 200 hosts, 12 steps: %lld ms\n", (long long)(rig_ms() - start));
	rig_forget(&rig);
	rig.act = some_fail;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_aside, 40);
	CHECK_INT(rig.result.hosts_done, 160);
	CHECK_INT(rig.result.failed, 40);
	CHECK_INT(rig_outcome(&rig, 9, 0), OUTCOME_CHANGED);
	CHECK_INT(rig_outcome(&rig, 11, 18), OUTCOME_CHANGED);
	rig.act = NULL;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 200);
	rig_release(&rig);
}

/* ---- back pressure -------------------------------------------------------------------------------------------------- */

#define LINES 20000
static _Atomic int written;

static int talk(struct task *t, struct error *err)
{
	(void)err;
	for (int i = 0; i < LINES && !task_cancelled(t); i++) {
		task_log(t, "line %d", i);
		atomic_fetch_add(&written, 1);
	}
	return 0;
}

static const struct step talk_plan[] = { { "talk", "Talk", RIG_ALL, 0, { { 0 } }, NULL, talk } };

static void let_it_fill(void)
{
	int before;

	do {
		before = atomic_load(&written);
		usleep(100000);
	} while (before != atomic_load(&written) || before == 0);
}

static void test_back_pressure(void)
{
	int next[2] = { 0, 0 };

	rig_init(&rig, talk_plan, 1, "cw");
	rig_start(&rig);
	/* nobody takes events: the hosts must come to a halt */
	let_it_fill();
	CHECK(written < 4096 + 2);
	/* commands are not held up by it */
	engine_command(rig.engine, ENGINE_PAUSE, -1);
	engine_command(rig.engine, ENGINE_RESUME, -1);
	rig_finish(&rig);
	/* nothing was lost, and each host's lines are in order */
	CHECK_INT(rig_count(&rig, EVENT_OUTPUT, 0, -1), 2 * LINES);
	for (size_t i = 0; i < rig.event_count; i++) {
		char want[32];
		int host = rig.events[i].ev.host;

		if (rig.events[i].ev.kind != EVENT_OUTPUT)
			continue;
		snprintf(want, sizeof(want), "line %d", next[host]++);
		if (!CHECK_STR(rig.events[i].text, want))
			break;
	}
	rig_release(&rig);
}

static void test_cancel_under_pressure(void)
{
	int64_t start;

	rig_init(&rig, talk_plan, 1, "cw");
	rig_start(&rig);
	let_it_fill();
	start = rig_ms();
	engine_command(rig.engine, ENGINE_CANCEL, -1);
	rig_finish(&rig);
	CHECK(rig_ms() - start < 20000);
	CHECK(rig_count(&rig, EVENT_OUTPUT, 0, -1) < LINES);
	/* and when nobody ever takes them */
	rig_start(&rig);
	let_it_fill();
	rig_release(&rig);
}

/* ---- text ----------------------------------------------------------------------------------------------------------- */

#define SECRET "tOpSeCrEt99"
#define PEM "-----BEGIN KEY-----\nMIIabcdefghijkl\nMNOPqrstuvwxyz\n-----END KEY-----\n"

static void put(struct task *t, const char *text)
{
	task_output(text, strlen(text), t);
}

static int leak(struct task *t, struct error *err)
{
	static char wide[100000];

	task_secret(t, SECRET);
	task_secret(t, PEM);
	put(t, "the word is tOpSe");
	put(t, "CrEt99 and\nmore\r\n10%\r50%\r100%\r\n\x1b[31mred\x1b[0m tOpSe\x1b[1mCrEt99\n");
	put(t, PEM);
	task_log(t, "two\nlines with %s", SECRET);
	task_notice(t, CODE_NONE, NULL, "noticed %s", SECRET);
	memset(wide, 'x', sizeof(wide) - 1);
	put(t, wide);
	put(t, "yyy\nnext\nno newline");
	error_set(err, ERROR_COMMAND, "cannot log in with '%s'", SECRET);
	error_hint(err, "not %s\x1b[2J", SECRET);
	return error_detail(err, "said:\n" SECRET "\n");
}

static void test_texts(void)
{
	static const char *const want[] = { "the word is •••", "more", "100%", "red •••", "-----BEGIN KEY-----", "•••",
		"•••", "-----END KEY-----", "two", "lines with •••", NULL,
		"(the rest of this line was dropped: too long)", "next", "no newline" };
	struct step plan[] = { { "leak", "Leak", RIG_ALL, 0, { { 0 } }, NULL, leak } };
	struct mask *mask = mask_new();
	size_t n = 0;

	rig_init(&rig, plan, 1, "c");
	rig.config.mask = mask;
	rig_run(&rig);
	for (size_t i = 0; i < rig.event_count; i++) {
		const struct rig_event *e = &rig.events[i];

		CHECK(!e->text || (!strstr(e->text, SECRET) && !strchr(e->text, '\x1b') && strlen(e->text) <= 4096));
		CHECK(!strstr(e->error.what, SECRET) && !strstr(e->error.hint, SECRET) &&
			!strstr(e->error.detail, SECRET));
		CHECK(!strchr(e->error.hint, '\x1b'));
		if (e->ev.kind == EVENT_OUTPUT && n < sizeof(want) / sizeof(want[0])) {
			const char *start = n == 0 ? strstr(e->text, "the word") : e->text;

			CHECK(start != NULL);
			if (n == 0)
				CHECK_STR(e->text, "the word is ••• and");
			else if (want[n])
				CHECK_STR(e->text, want[n]);
			else
				CHECK(strlen(e->text) > 4000 && strstr(e->text, "…") != NULL);
			n++;
		}
	}
	CHECK_INT(n, sizeof(want) / sizeof(want[0]));
	CHECK_STR(rig_get(&rig, EVENT_NOTICE, 0, 0)->text, "noticed •••");
	CHECK(strstr(rig_get(&rig, EVENT_STEP_DONE, 0, 0)->error.what, "•••") != NULL);
	CHECK(strstr(engine_host_error(rig.engine, 0)->what, "•••") != NULL);
	rig_release(&rig);
	mask_free(mask);
}

/* ---- torture -------------------------------------------------------------------------------------------------------- */

static void check_ended_well(int n)
{
	const struct error *first = rig.result.first;

	CHECK(first != NULL);
	if (first && !(first->host[0] && first->step[0] && first->what[0] && first->hint[0]))
		CHECK_INT(n, -1);
	for (size_t h = 0; h < rig.config.host_count; h++) {
		const struct error *err = engine_host_error(rig.engine, (int)h);

		/* set aside with a reason, or done: nothing in between */
		for (size_t s = 0; s < rig.config.step_count && !err; s++)
			CHECK((rig.hosts[h].roles & rig.config.steps[s].roles) == 0 ||
				engine_step_done(rig.engine, (int)s, (int)h));
	}
}

static void torture(enum rig_act as, int stride)
{
	int total, n;

	rig_init_plan(&rig, "ccwww");
	rig_run(&rig);
	total = rig.calls;
	CHECK(total > 25);
	for (n = 1; n <= total; n += stride) {
		rig_forget(&rig);
		rig.fail_call = n;
		rig.fail_as = as;
		rig_run(&rig);
		if (as == RIG_FAIL || rig.result.first)
			check_ended_well(n);
		rig.fail_call = 0;
		rig_run(&rig);
		CHECK_INT(rig.result.hosts_done, 5);
		CHECK_INT(rig.result.hosts_aside, 0);
		rig_run(&rig);
		CHECK_INT(rig.result.changed, 0);
	}
	rig_release(&rig);
}

static void test_torture_failures(void)
{
	torture(RIG_FAIL, 1);
}

static void test_torture_lost_links(void)
{
	torture(RIG_LOSE, 6);
}

/* Cancelled at any moment: the run ends, the next one converges. */
static void test_torture_cancel(void)
{
	for (int n = 0; n < 60; n++) {
		rig_init_plan(&rig, "ccwww");
		rig_start(&rig);
		while ((int)rig.event_count < n && engine_wait(rig.engine, -1, 0))
			continue;
		engine_command(rig.engine, ENGINE_CANCEL, -1);
		rig_finish(&rig);
		rig_run(&rig);
		CHECK_INT(rig.result.hosts_done, 5);
		rig_release(&rig);
	}
}

static const struct test tests[] = {
	{ "200 hosts, 12 steps", test_many_hosts },
	{ "back pressure", test_back_pressure },
	{ "cancel under pressure", test_cancel_under_pressure },
	{ "texts", test_texts },
	{ "torture: failures", test_torture_failures },
	{ "torture: lost links", test_torture_lost_links },
	{ "torture: cancel", test_torture_cancel },
};
TEST_MAIN(tests)
