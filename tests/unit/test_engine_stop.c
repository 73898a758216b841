/* What commands do to a run: cancel, leave, pause, retry, skip; clean-up steps; questions. */
#include "tests/unit/fake_engine.h"

#include "tests/test.h"

#include "base/clock.h"

#include <poll.h>

static struct rig rig;

static enum rig_act hang_in_os(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)host;
	(void)nth;
	return step == P_OS ? RIG_HANG : RIG_OK;
}

static int64_t cancel_and_finish(void)
{
	int64_t start = rig_ms();

	engine_command(rig.engine, ENGINE_CANCEL, -1);
	rig_finish(&rig);
	return rig_ms() - start;
}

static void test_cancel_in_exec(void)
{
	struct step plan[2];

	memcpy(plan, rig_plan, sizeof(plan));
	rig_init(&rig, plan, 2, "ccwwwwwwww");
	rig.act = hang_in_os;
	rig_start(&rig);
	for (int h = 0; h < 10; h++)
		CHECK(rig_until(&rig, EVENT_STEP_STARTED, P_OS, h, 5000));
	CHECK(cancel_and_finish() < TEST_SOON_MS);
	CHECK(rig.result.cancelled);
	CHECK_INT(rig.result.hosts_aside, 0);
	CHECK_INT(rig.result.hosts_done, 0);
	for (int h = 0; h < 10; h++)
		CHECK_INT(rig_outcome(&rig, P_OS, h), OUTCOME_CANCELLED);
	CHECK_INT(rig_count(&rig, EVENT_CANCELLING, -1, -1), 1);
	CHECK_INT(rig.events[rig.event_count - 1].ev.outcome, OUTCOME_CANCELLED);
	/* the next run continues */
	rig.act = NULL;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 10);
	CHECK_INT(rig.result.changed, 10);
	rig_release(&rig);
}

static enum rig_act hang_in_open(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return step < 0 && host > 0 ? RIG_HANG : RIG_OK;
}

static enum rig_act every_open_hangs(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)host;
	(void)nth;
	return step < 0 ? RIG_HANG : RIG_OK;
}

static void test_cancel_in_open(void)
{
	rig_init_plan(&rig, "cww");
	rig.act = hang_in_open;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_DONE, P_PROBE, 0, 5000));
	CHECK(cancel_and_finish() < TEST_SOON_MS);
	CHECK(rig.result.cancelled);
	CHECK_INT(rig.result.hosts_aside, 0);
	/* who was connected cleans up, with a new login; who never was has nothing to clean */
	CHECK_INT(rig_outcome(&rig, P_UNLOCK, 0), OUTCOME_CHANGED);
	CHECK_INT(rig.opens[0], 2);
	CHECK_INT(rig.checks[1][P_UNLOCK], 0);
	rig_release(&rig);
	/* one hangs, three wait for their turn */
	rig_init_plan(&rig, "wwww");
	rig.config.parallel = 1;
	rig.act = every_open_hangs;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_HOST_STATE, -1, -1, 5000));
	CHECK(cancel_and_finish() < TEST_SOON_MS);
	CHECK_INT(rig_count(&rig, EVENT_HOST_STATE, -1, -1), 1);
	rig_release(&rig);
}

static enum rig_act late(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)host;
	(void)nth;
	return step < 0 ? RIG_LATE : step == 0 ? RIG_HANG : RIG_OK;
}

/* The remote comes into being after the cancel: it must not be one that works. */
static void test_cancel_before_remote(void)
{
	rig_init(&rig, rig_plan, 1, "cc");
	rig.act = late;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_HOST_STATE, -1, 0, 5000) && rig_until(&rig, EVENT_HOST_STATE, -1, 1, 5000));
	CHECK(cancel_and_finish() < TEST_SOON_MS);
	CHECK_INT(rig_outcome(&rig, P_PROBE, 0), OUTCOME_CANCELLED);
	rig_release(&rig);
}

static enum rig_act hang_in_unlock(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)host;
	(void)nth;
	return step == P_OS || step == P_UNLOCK ? RIG_HANG : RIG_OK;
}

/* The second cancel ends clean-up too; and without it the time it gets is bounded. */
static void test_cancel_twice(void)
{
	rig_init_plan(&rig, "cw");
	rig.act = hang_in_unlock;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_STARTED, P_OS, 0, 5000) && rig_until(&rig, EVENT_STEP_STARTED, P_OS, 1, 5000));
	engine_command(rig.engine, ENGINE_CANCEL, -1);
	CHECK(rig_until(&rig, EVENT_STEP_STARTED, P_UNLOCK, 0, 5000) &&
		rig_until(&rig, EVENT_STEP_STARTED, P_UNLOCK, 1, 5000));
	CHECK(cancel_and_finish() < TEST_SOON_MS);
	CHECK(rig.result.cancelled);
	CHECK_INT(rig_outcome(&rig, P_UNLOCK, 0), OUTCOME_CANCELLED);
	rig_forget(&rig);
	rig.after_cancel_ms = 600;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_STARTED, P_OS, 0, 5000) && rig_until(&rig, EVENT_STEP_STARTED, P_OS, 1, 5000));
	int64_t took = cancel_and_finish();
	CHECK(took >= 600 && took < TEST_SOON_MS);
	rig_release(&rig);
}

static enum rig_act lose_c0(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	return host == 0 && (step == P_OS || (step < 0 && nth > 1)) ? RIG_LOSE : RIG_OK;
}

static void test_cancel_while_reconnecting(void)
{
	struct step plan[2];

	memcpy(plan, rig_plan, sizeof(plan));
	rig_init(&rig, plan, 2, "c");
	rig.act = lose_c0;
	rig_start(&rig);
	while (rig_count(&rig, EVENT_HOST_STATE, -1, 0) < 5 && engine_wait(rig.engine, -1, 5))
		continue;
	/* it sits in the second wait, of 2 s */
	CHECK(cancel_and_finish() < TEST_SOON_MS);
	rig_release(&rig);
}

static enum rig_act images_await(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)host;
	(void)nth;
	return step == P_IMAGES ? RIG_AWAIT : RIG_OK;
}

static void test_leave(void)
{
	rig_init_plan(&rig, "cw");
	rig.act = images_await;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_STARTED, P_IMAGES, 0, 5000) &&
		rig_until(&rig, EVENT_STEP_STARTED, P_IMAGES, 1, 5000));
	engine_command(rig.engine, ENGINE_LEAVE, -1);
	CHECK(engine_wait(rig.engine, -1, 100));
	engine_command(rig.engine, ENGINE_PAUSE, -1);
	CHECK_INT(rig_count(&rig, EVENT_PAUSED, -1, -1), 0);
	rig_open_flag(&rig);
	rig_finish(&rig);
	CHECK(rig.result.cancelled);
	for (int h = 0; h < 2; h++) {
		CHECK_INT(rig_outcome(&rig, P_IMAGES, h), OUTCOME_CHANGED);
		CHECK_INT(rig.checks[h][P_JOIN] + rig.checks[h][P_INIT], 0);
		CHECK_INT(rig_outcome(&rig, P_UNLOCK, h), OUTCOME_CHANGED);
		CHECK_INT(rig.opens[h], 1);
	}
	rig_release(&rig);
}

static void test_pause(void)
{
	rig_init_plan(&rig, "cw");
	rig.act = images_await;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_STARTED, P_IMAGES, 0, 5000) &&
		rig_until(&rig, EVENT_STEP_STARTED, P_IMAGES, 1, 5000));
	engine_command(rig.engine, ENGINE_PAUSE, -1);
	engine_command(rig.engine, ENGINE_PAUSE, -1);
	rig_open_flag(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_DONE, P_IMAGES, 0, 5000) &&
		rig_until(&rig, EVENT_STEP_DONE, P_IMAGES, 1, 5000));
	CHECK(engine_wait(rig.engine, -1, 150));
	CHECK_INT(rig_count(&rig, EVENT_STEP_STARTED, P_INIT, -1), 0);
	CHECK_INT(rig_count(&rig, EVENT_PAUSED, -1, -1), 1);
	engine_command(rig.engine, ENGINE_RESUME, -1);
	rig_finish(&rig);
	CHECK_INT(rig_count(&rig, EVENT_RESUMED, -1, -1), 1);
	CHECK_INT(rig.result.hosts_done, 2);
	rig_release(&rig);
}

static bool broken;
static enum rig_act init_broken(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)host;
	(void)nth;
	return step == P_INIT && broken ? RIG_FAIL : RIG_OK;
}

static void test_retry(void)
{
	struct progress p;

	rig_init_plan(&rig, "cww");
	rig.config.keep_alive = true;
	rig.act = init_broken;
	broken = true;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_HOST_ASIDE, -1, 1, 5000) && rig_until(&rig, EVENT_HOST_ASIDE, -1, 2, 5000));
	CHECK(engine_wait(rig.engine, -1, 50));
	CHECK(engine_host_error(rig.engine, 1) && strstr(engine_host_error(rig.engine, 1)->what, "init"));
	CHECK_INT(rig.checks[0][P_UNLOCK], 0);
	/* all are idle now: nobody else looks at this */
	broken = false;
	engine_command(rig.engine, ENGINE_RETRY_HOST, 0);
	rig_finish(&rig);
	CHECK_INT(rig.result.hosts_done, 3);
	CHECK_INT(rig.result.failed, 0);
	CHECK(!rig.result.first);
	CHECK_INT(rig.applies[0][P_OS], 1);
	CHECK_INT(rig.applies[0][P_INIT], 2);
	CHECK_INT(rig_outcome(&rig, P_JOIN, 2), OUTCOME_CHANGED);
	CHECK_INT(rig_outcome(&rig, P_UNLOCK, 1), OUTCOME_CHANGED);
	progress_init(&p, rig.config.step_count, rig.config.host_count);
	for (size_t i = 0; i < rig.event_count; i++) {
		rig.events[i].ev.text = rig.events[i].text;
		progress_event(&rig.events[i].ev, &p);
		if (rig.events[i].ev.kind == EVENT_STEP_DONE && rig.events[i].ev.outcome == OUTCOME_BLOCKED)
			CHECK_INT(p.cells[(size_t)rig.events[i].ev.host * p.step_count + P_JOIN].state, CELL_BLOCKED);
	}
	CHECK(p.over && !p.cancelled && !p.aside[0] && !p.aside[1]);
	CHECK_INT(p.cells[P_INIT].state, CELL_CHANGED);
	CHECK_INT(p.cells[2 * p.step_count + P_INIT].state, CELL_NONE);
	progress_release(&p);
	rig_release(&rig);
}

static enum rig_act broken_at_judge(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	return host == 0 && step >= 1 && nth == 1 ? RIG_FAIL : RIG_OK;
}

/* What was judged may have been put right: the retry judges what it sees then. What changed something before is not undone by that. */
static void test_retry_looks_again(void)
{
	const struct step plan[] = {
		{ "look", "Look", RIG_ALL, STEP_OBSERVES, { { 0 } }, rig_check, rig_apply },
		{ "judge", "Judge", RIG_ALL, STEP_OBSERVES, { { "look", 0, 0 }, { "look", RIG_CP, 0 } }, rig_check,
			rig_apply },
		{ "work", "Work", RIG_ALL, 0, { { "judge", 0, 0 } }, rig_check, rig_apply },
	};

	rig_init(&rig, plan, 3, "cw");
	rig.config.keep_alive = true;
	rig.act = broken_at_judge;
	rig_start(&rig);
	for (int step = 1; step <= 2; step++) {
		CHECK(rig_until(&rig, EVENT_HOST_ASIDE, step, 0, 5000));
		engine_command(rig.engine, ENGINE_RETRY_HOST, 0);
	}
	rig_finish(&rig);
	CHECK_INT(rig.result.failed, 0);
	CHECK_INT(rig.checks[0][0], 2);
	CHECK_INT(rig.checks[0][1], 2);
	CHECK_INT(rig.checks[0][2], 2);
	for (int step = 0; step < 3; step++)
		CHECK_INT(rig.checks[1][step], 1);
	rig_release(&rig);
}

static void test_end_and_skip_aside(void)
{
	for (int skip = 0; skip < 2; skip++) {
		rig_init_plan(&rig, "cw");
		rig.config.keep_alive = true;
		rig.act = init_broken;
		broken = true;
		rig_start(&rig);
		CHECK(rig_until(&rig, EVENT_HOST_ASIDE, -1, 1, 5000));
		CHECK(engine_wait(rig.engine, -1, 50));
		if (skip) {
			engine_command(rig.engine, ENGINE_SKIP_HOST, 0);
			engine_command(rig.engine, ENGINE_SKIP_HOST, 1);
		} else {
			engine_command(rig.engine, ENGINE_END, -1);
		}
		rig_finish(&rig);
		CHECK_INT(rig.result.hosts_aside, 2);
		CHECK_INT(rig_outcome(&rig, P_UNLOCK, 0), OUTCOME_CHANGED);
		CHECK_INT(rig_outcome(&rig, P_UNLOCK, 1), OUTCOME_CHANGED);
		rig_release(&rig);
	}
}

static enum rig_act w2_hangs(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return host == 2 && step == P_OS ? RIG_HANG : RIG_OK;
}

static void test_skip_running(void)
{
	rig_init_plan(&rig, "cww");
	rig.act = w2_hangs;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_DONE, P_JOIN, 1, 5000));
	CHECK_INT(rig_count(&rig, EVENT_STEP_STARTED, P_VERIFY, 0), 0);
	engine_command(rig.engine, ENGINE_SKIP_HOST, 2);
	rig_finish(&rig);
	CHECK(!rig.result.cancelled);
	CHECK_INT(rig.result.hosts_done, 2);
	CHECK_INT(rig.result.hosts_aside, 1);
	CHECK_INT(rig_outcome(&rig, P_OS, 2), OUTCOME_SKIPPED);
	CHECK_INT(rig_outcome(&rig, P_JOIN, 2), OUTCOME_SKIPPED);
	CHECK_INT(rig_outcome(&rig, P_VERIFY, 0), OUTCOME_CHANGED);
	CHECK_INT(rig_outcome(&rig, P_UNLOCK, 2), OUTCOME_CHANGED);
	CHECK_INT(rig.result.first->kind, ERROR_CANCELLED);
	rig_release(&rig);
}

static enum rig_act os_fails(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return step == P_OS && host == 1 ? RIG_FAIL : RIG_OK;
}

static void test_always(void)
{
	rig_init_plan(&rig, "cw");
	rig.act = os_fails;
	rig_run(&rig);
	for (int h = 0; h < 2; h++) {
		CHECK_INT(rig_outcome(&rig, P_UNLOCK, h), OUTCOME_CHANGED);
		CHECK_INT(rig.order[rig.order_count - 1] % RIG_STEPS, P_UNLOCK);
		CHECK_INT(rig.opens[h], 1);
	}
	CHECK_STR(engine_host_error(rig.engine, 1)->step, "os");
	CHECK_INT(rig.result.hosts_done, 1);
	rig_release(&rig);
}

/* ---- questions ------------------------------------------------------------------------------------------------------ */

static _Atomic int answers[4];

static int ask(struct task *t, struct error *err)
{
	(void)err;
	atomic_store(&answers[task_host(t)],
		100 + task_ask(t, &(struct question){ .text = "continue without w3?", .answers = "no|yes|later" }));
	return 0;
}

static const struct step ask_plan[] = { { "ask", "Ask", RIG_ALL, 0, { { 0 } }, NULL, ask } };

static void answer_by_host(struct rig *r, const struct event *ev)
{
	if (ev->kind == EVENT_QUESTION) {
		CHECK_STR(ev->text, "continue without w3?");
		CHECK_STR(ev->answers, "no|yes|later");
		engine_answer(r->engine, ev->seq + 1000, 0);
		/* out of range is the default */
		engine_answer(r->engine, ev->seq, ev->host + 1);
		engine_answer(r->engine, ev->seq, 0);
	}
}

static void test_questions(void)
{
	rig_init(&rig, ask_plan, 1, "ccc");
	rig.on_event = answer_by_host;
	rig_run(&rig);
	CHECK_INT(answers[0], 101);
	CHECK_INT(answers[1], 102);
	CHECK_INT(answers[2], 100);
	CHECK_STR(rig_get(&rig, EVENT_ANSWERED, 0, 1)->text, "later");
	rig_release(&rig);
}

static void test_question_cancelled(void)
{
	struct error err = { 0 };

	rig_init(&rig, ask_plan, 1, "c");
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_QUESTION, 0, 0, 5000));
	CHECK(engine_wait(rig.engine, -1, 50));
	CHECK(cancel_and_finish() < TEST_SOON_MS);
	CHECK_INT(answers[0], 100);
	engine_free(rig.engine);
	rig.engine = engine_new(&rig.config);
	engine_no_questions(rig.engine);
	atomic_store(&answers[0], 0);
	CHECK_INT(engine_start(rig.engine, &err), 0);
	CHECK(!engine_wait(rig.engine, -1, 5000));
	CHECK_INT(answers[0], 100);
	rig_release(&rig);
}

static int wait_forever(struct task *t, struct error *err)
{
	task_lock(t);
	while (!task_cancelled(t))
		task_wait(t, clock_mono_ms() + 60000);
	task_unlock(t);
	return error_set(err, ERROR_NET, "gave up");
}

static void test_cancel_in_task_wait(void)
{
	struct step plan[] = { { "wait", "Wait", RIG_ALL, 0, { { 0 } }, NULL, wait_forever } };

	for (int i = 0; i < 20; i++) {
		rig_init(&rig, plan, 1, "ccc");
		rig_start(&rig);
		CHECK(rig_until(&rig, EVENT_STEP_STARTED, 0, i % 3, 5000));
		CHECK(cancel_and_finish() < TEST_SOON_MS);
		CHECK_INT(rig.result.failed, 0);
		rig_release(&rig);
	}
	/* freed in the middle of a run */
	rig_init(&rig, plan, 1, "ccc");
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_STARTED, 0, 1, 5000));
	rig_release(&rig);
}

static _Atomic bool over;

static void is_over(struct rig *r, const struct event *ev)
{
	(void)r;
	if (ev->kind == EVENT_RUN_DONE)
		atomic_store(&over, true);
}

/* It finds that there is nothing to do, and is slow about it. */
static int64_t beat_idly(struct task *t, struct error *err)
{
	(void)t;
	(void)err;
	for (int i = 0; i < TEST_SOON_MS && !atomic_load(&over); i++)
		poll(NULL, 0, 1);
	poll(NULL, 0, 50);
	return -1;
}

static enum rig_act c1_waits(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return host == 1 && step == 0 ? RIG_AWAIT : RIG_OK;
}

/* The next engine takes the connections up: who frees this one cuts none that is not in use. */
static void test_free_while_a_host_rests(void)
{
	struct step plan[] = { { "work", "Work", RIG_ALL, 0, { { 0 } }, rig_check, rig_apply } };

	rig_init(&rig, plan, 1, "cc");
	rig.config.beat = beat_idly;
	rig.on_event = is_over;
	rig.act = c1_waits;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_DONE, 0, 0, 5000));
	rig_open_flag(&rig);
	rig_finish(&rig);
	CHECK(atomic_load(&over));
	engine_free(rig.engine);
	rig.engine = NULL;
	CHECK_INT(rig.cancels, 0);
	rig_release(&rig);
}

static const struct test tests[] = {
	{ "cancel in exec", test_cancel_in_exec },
	{ "cancel in open", test_cancel_in_open },
	{ "cancel before there is a remote", test_cancel_before_remote },
	{ "cancel twice", test_cancel_twice },
	{ "cancel while reconnecting", test_cancel_while_reconnecting },
	{ "cancel in task_wait", test_cancel_in_task_wait },
	{ "freed while a host rests", test_free_while_a_host_rests },
	{ "leave", test_leave },
	{ "pause", test_pause },
	{ "retry", test_retry },
	{ "retry of what judged looks again", test_retry_looks_again },
	{ "end, and skip of hosts set aside", test_end_and_skip_aside },
	{ "skip of a running host", test_skip_running },
	{ "always", test_always },
	{ "questions", test_questions },
	{ "question cancelled", test_question_cancelled },
};
TEST_MAIN(tests)
