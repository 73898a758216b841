/* The engine's order: needs, one by one, overtaking, check-only, lost connections. */
#include "tests/unit/fake_engine.h"

#include "tests/test.h"

static struct rig rig;

static int place(int step, int host)
{
	for (int i = 0; i < rig.order_count; i++)
		if (rig.order[i] == host * RIG_STEPS + step)
			return i;
	return -1;
}

static void test_order(void)
{
	rig_init_plan(&rig, "cccww");
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 5);
	CHECK_INT(rig.result.hosts_aside, 0);
	CHECK(!rig.result.first && !rig.result.cancelled);
	/* os images 5 each, init token verify, join 2, join-cp 3, unlock 5 */
	CHECK_INT(rig.result.changed, 23);
	CHECK_INT(rig.result.ok, 5);
	CHECK_INT(rig.events[rig.event_count - 1].ev.outcome, OUTCOME_CHANGED);
	for (int h = 0; h < 5; h++) {
		CHECK(place(P_PROBE, h) < place(P_OS, h) && place(P_OS, h) < place(P_IMAGES, h));
		CHECK_INT(rig.opens[h], 1);
		CHECK_INT(rig_count(&rig, EVENT_STEP_STARTED, P_OS, h), 1);
		CHECK(engine_step_done(rig.engine, P_UNLOCK, h));
	}
	CHECK(place(P_INIT, 0) < place(P_TOKEN, 0));
	for (int h = 3; h < 5; h++)
		CHECK(place(P_TOKEN, 0) < place(P_JOIN, h) && place(P_JOIN, h) < place(P_VERIFY, 0));
	/* not here: no event, but done */
	CHECK_INT(rig_count(&rig, EVENT_STEP_DONE, P_INIT, 1), 0);
	CHECK(engine_step_done(rig.engine, P_INIT, 1));
	CHECK_STR(rig_get(&rig, EVENT_STEP_DONE, P_OS, 2)->text, "is wanted");
	CHECK_STR(rig_get(&rig, EVENT_HOST_STATE, -1, 3)->text, "connecting");
	/* again: everything is done */
	rig_run(&rig);
	CHECK_INT(rig.result.changed, 0);
	CHECK_INT(rig.result.ok, 28);
	CHECK_INT(rig_count(&rig, EVENT_STEP_STARTED, -1, -1), 0);
	CHECK_INT(rig.opens[0], 1);
	rig_release(&rig);
	/* connections that are kept for the next run are closed in peace */
	CHECK_INT(rig.cancels, 0);
}

/* w4's login ends only when everybody else is through: who need not wait for it does not. */
static enum rig_act slow_w4(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return host == 4 && step < 0 ? RIG_AWAIT : RIG_OK;
}

static void join_frees(struct rig *r, int host, int step)
{
	(void)host;
	r->flag |= step == P_JOIN;
}

static void test_slow_host_delays_nobody(void)
{
	rig_init_plan(&rig, "cccww");
	rig.act = slow_w4;
	rig.after = join_frees;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 5);
	/* else it would wait still */
	CHECK(rig.flag && place(P_JOIN, 3) < place(P_OS, 4));
	rig_release(&rig);
}

static enum rig_act dead_w4(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return host == 4 && step < 0 ? RIG_LOSE : RIG_OK;
}

static void test_dead_host(void)
{
	rig_init_plan(&rig, "cccww");
	rig.act = dead_w4;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 4);
	CHECK_INT(rig.result.hosts_aside, 1);
	CHECK_INT(rig.result.failed, 1);
	CHECK_INT(rig.opens[4], 1);
	CHECK(rig.result.first && rig.result.first->kind == ERROR_CONNECT);
	CHECK_STR(rig.result.first->host, "w4");
	CHECK_STR(rig.result.first->step, "probe");
	CHECK_INT(rig_outcome(&rig, P_VERIFY, 0), OUTCOME_CHANGED);
	/* nobody can clean up there */
	CHECK_INT(rig.checks[4][P_UNLOCK], 0);
	CHECK(engine_host_error(rig.engine, 4) && !engine_host_error(rig.engine, 3));
	CHECK(rig.lost[4] && !rig.lost[3]);
	CHECK_INT(rig.events[rig.event_count - 1].ev.outcome, OUTCOME_FAILED);
	rig_release(&rig);
}

static enum rig_act init_fails(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)host;
	(void)nth;
	return step == P_INIT ? RIG_FAIL : RIG_OK;
}

/* Not here on c1 and failed on c0: token can be on no host, so join never starts. */
static void test_blocked(void)
{
	rig_init_plan(&rig, "cwwc");
	rig.act = init_fails;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_aside, 4);
	CHECK(strstr(engine_host_error(rig.engine, 3)->what, "needs 'init', which failed on c0: exit status 1") !=
		NULL);
	CHECK_INT(rig.result.failed, 1);
	CHECK_STR(rig.result.first->step, "init");
	CHECK_INT(rig_outcome(&rig, P_INIT, 0), OUTCOME_FAILED);
	/* set aside, and its connection stands */
	CHECK(!rig.lost[0]);
	for (int h = 1; h < 3; h++) {
		const struct rig_event *e = rig_get(&rig, EVENT_STEP_DONE, P_JOIN, h);

		CHECK_INT(e->ev.outcome, OUTCOME_BLOCKED);
		CHECK(strstr(e->error.what, "c0") && strstr(e->error.what, "init") && strstr(e->error.what, "token"));
		CHECK(rig_find(&rig, EVENT_HOST_ASIDE, -1, h) > rig_find(&rig, EVENT_STEP_DONE, P_JOIN, h));
		/* what does not depend on it was done, and it was cleaned up */
		CHECK_INT(rig_outcome(&rig, P_IMAGES, h), OUTCOME_CHANGED);
		CHECK_INT(rig_outcome(&rig, P_UNLOCK, h), OUTCOME_CHANGED);
	}
	CHECK(rig_find(&rig, EVENT_STEP_DONE, P_INIT, 0) < rig_find(&rig, EVENT_HOST_ASIDE, P_INIT, 0));
	CHECK_INT(rig_outcome(&rig, P_UNLOCK, 0), OUTCOME_CHANGED);
	rig_release(&rig);
}

/* clang-format off */
static const struct step min_plan[] = {
	{ "a", "A", RIG_CP, 0, { { 0 } }, rig_check, rig_apply },
	{ "two", "Two", RIG_WORKER, 0, { { "a", RIG_CP, 2 } }, rig_check, rig_apply },
	{ "none", "None", RIG_WORKER, 0, { { "a", RIG_CP, 0 } }, rig_check, rig_apply },
};
/* clang-format on */

static unsigned failing_a;
static enum rig_act a_fails(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return step == 0 && (unsigned)host < failing_a ? RIG_FAIL : RIG_OK;
}

static void test_min(void)
{
	rig_init(&rig, min_plan, 3, "cccw");
	rig.act = a_fails;
	failing_a = 1;
	rig_run(&rig);
	CHECK_INT(rig_outcome(&rig, 1, 3), OUTCOME_CHANGED);
	CHECK_INT(rig_outcome(&rig, 2, 3), OUTCOME_CHANGED);
	rig_forget(&rig);
	failing_a = 2;
	rig_run(&rig);
	CHECK_INT(rig_outcome(&rig, 1, 3), OUTCOME_BLOCKED);
	/* what came to nothing elsewhere is enough for this one */
	CHECK_INT(rig_outcome(&rig, 2, 3), OUTCOME_CHANGED);
	rig_release(&rig);
	/* no such hosts at all: met. Fewer than wanted: never */
	rig_init(&rig, min_plan, 3, "w");
	rig_run(&rig);
	CHECK_INT(rig_outcome(&rig, 1, 0), OUTCOME_CHANGED);
	rig_release(&rig);
	rig_init(&rig, min_plan, 3, "cw");
	rig_run(&rig);
	CHECK_INT(rig_outcome(&rig, 1, 1), OUTCOME_BLOCKED);
	CHECK(strstr(rig.result.first->what, "at least 2"));
	rig_release(&rig);
}

/* clang-format off */
static const struct step chain_plan[] = {
	{ "look", "Look", RIG_CP, 0, { { 0 } }, rig_check, rig_apply },
	{ "judge", "Judge", RIG_CP, 0, { { "look", RIG_CP, 1 } }, rig_check, rig_apply },
	{ "act", "Act", RIG_CP, 0, { { "judge", RIG_CP, 1 } }, rig_check, rig_apply },
	{ "follow", "Follow", RIG_WORKER, 0, { { "act", RIG_CP, 1 } }, rig_check, rig_apply },
};
/* clang-format on */

static enum rig_act c0_lost_c1_refuses(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	if (host == 0 && step < 0)
		return RIG_LOSE;
	return host == 1 && step == 1 ? RIG_FAIL : RIG_OK;
}

/* Who came closest to the step that is missing is to blame, not who was lost first. */
static void test_culprit(void)
{
	rig_init(&rig, chain_plan, 4, "ccw");
	rig.act = c0_lost_c1_refuses;
	rig_run(&rig);
	CHECK_INT(rig_outcome(&rig, 3, 2), OUTCOME_BLOCKED);
	CHECK_STR(engine_host_error(rig.engine, 2)->what,
		"needs 'act', but c1 was set aside before it, in 'judge': exit status 1");
	rig_release(&rig);
}

/* clang-format off */
static const struct step overtake_plan[] = {
	{ "first", "First", RIG_CP, 0, { { 0 } }, rig_check, rig_apply },
	{ "waits", "Waits", RIG_WORKER, 0, { { "first", RIG_CP, 1 } }, rig_check, rig_apply },
	{ "overtakes", "Overtakes", RIG_WORKER, 0, { { 0 } }, rig_check, rig_apply },
};
/* clang-format on */

static enum rig_act first_awaits(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)host;
	(void)nth;
	return step == 0 ? RIG_AWAIT : RIG_OK;
}

static void overtaken(struct rig *r, int host, int step)
{
	(void)host;
	r->flag |= step == 2;
}

static void test_overtaking(void)
{
	rig_init(&rig, overtake_plan, 3, "cw");
	rig.act = first_awaits;
	rig.after = overtaken;
	rig_run(&rig);
	CHECK_INT(rig.result.changed, 3);
	CHECK(place(2, 1) < place(1, 1));
	rig_release(&rig);
}

static enum rig_act slow_c0(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return step == P_IMAGES && host == 1 ? RIG_AWAIT : RIG_OK;
}

static void last_one_frees(struct rig *r, int host, int step)
{
	r->flag |= host == 3 && step == P_JOIN_CP;
}

static void test_one_by_one(void)
{
	rig_init_plan(&rig, "cccccc");
	rig_run(&rig);
	CHECK_INT(rig.most[P_JOIN_CP], 1);
	for (int h = 1; h < 6; h++)
		CHECK(place(P_JOIN_CP, h - 1) < place(P_JOIN_CP, h));
	rig_release(&rig);
	/* clang-format off */
	static const struct step plan[] = {
		{ "ready", "Ready", RIG_ALL, 0, { { 0 } }, rig_check, rig_apply },
		{ "x", "X", RIG_ALL, 0, { { "ready", 0, 0 } }, rig_check, rig_apply },
		{ "images", "Images", RIG_ALL, 0, { { "x", 0, 0 } }, rig_check, rig_apply },
		{ "y", "Y", RIG_ALL, 0, { { 0 } }, rig_check, rig_apply },
		{ "z", "Z", RIG_ALL, 0, { { 0 } }, rig_check, rig_apply },
		{ "u", "U", RIG_ALL, 0, { { 0 } }, rig_check, rig_apply },
		{ "one", "One", RIG_ALL, STEP_ONE_BY_ONE, { { "images", 0, 0 } }, rig_check, rig_apply },
	};
	/* clang-format on */
	/* a host that is not ready lets later ones go first */
	rig_init(&rig, plan, 7, "cccc");
	rig.act = slow_c0;
	rig.after = last_one_frees;
	rig_run(&rig);
	CHECK_INT(rig.most[P_JOIN_CP], 1);
	CHECK(place(6, 3) < place(6, 1));
	rig_release(&rig);
}

static void test_check_only(void)
{
	rig_init_plan(&rig, "cw");
	rig.config.check_only = true;
	rig_run(&rig);
	CHECK_INT(rig.result.changed, 0);
	CHECK_INT(rig.result.ok, 2);
	CHECK_INT(rig.result.would, 11);
	CHECK_INT(rig.order_count, 2);
	CHECK_INT(rig.applies[0][P_PROBE], 1);
	CHECK_INT(rig_outcome(&rig, P_VERIFY, 0), OUTCOME_WOULD);
	CHECK_STR(rig_get(&rig, EVENT_STEP_DONE, P_JOIN, 1)->text, "is wanted");
	CHECK_INT(rig.events[rig.event_count - 1].ev.outcome, OUTCOME_WOULD);
	rig_release(&rig);
}

static enum rig_act lost_once(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	return host == 1 && step == P_JOIN && nth == 1 ? RIG_LOSE : RIG_OK;
}

static void test_reconnect(void)
{
	rig_init_plan(&rig, "cw");
	rig.act = lost_once;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 2);
	CHECK_INT(rig.opens[1], 2);
	CHECK_INT(rig.checks[1][P_JOIN], 2);
	CHECK_INT(rig.applies[1][P_JOIN], 2);
	CHECK_INT(rig_count(&rig, EVENT_STEP_STARTED, P_JOIN, 1), 1);
	CHECK_INT(rig_count(&rig, EVENT_HOST_STATE, -1, 1), 5);
	rig_release(&rig);
}

static enum rig_act lost_always(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return host == 1 && step == P_JOIN ? RIG_LOSE : RIG_OK;
}

static void test_reconnects_are_bounded(void)
{
	int64_t start = rig_ms();

	rig_init_plan(&rig, "cw");
	rig.config.reconnects = 2;
	rig.act = lost_always;
	rig_run(&rig);
	CHECK_INT(rig.applies[1][P_JOIN], 3);
	CHECK_INT(rig_outcome(&rig, P_JOIN, 1), OUTCOME_FAILED);
	CHECK_INT(rig.result.first->kind, ERROR_CONNECT);
	CHECK_INT(rig.checks[1][P_UNLOCK], 0);
	/* 0.5 s and 2 s */
	CHECK(rig_ms() - start >= 2450 && rig_ms() - start < 30000);
	rig_release(&rig);
}

static enum rig_act refused(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	return host == 0 && step == 0 ? (nth == 1 ? RIG_FAIL : RIG_OK) : host == 1 && step < 0 ? RIG_REFUSE : RIG_OK;
}

static void test_step_retry(void)
{
	struct step plan[1] = { { "flaky", "Flaky", RIG_ALL, STEP_RETRY, { { 0 } }, rig_check, rig_apply } };

	rig_init(&rig, plan, 1, "cc");
	rig.act = refused;
	rig_run(&rig);
	CHECK_INT(rig.applies[0][0], 2);
	CHECK_INT(rig_outcome(&rig, 0, 0), OUTCOME_CHANGED);
	/* a refused login is not tried twice: accounts get locked */
	CHECK_INT(rig.opens[1], 1);
	CHECK_INT(rig_outcome(&rig, 0, 1), OUTCOME_FAILED);
	rig_release(&rig);
}

static enum step_verdict impossible(struct task *t, struct error *why)
{
	(void)t;
	error_set(why, ERROR_PREFLIGHT, "port 6443 is taken");
	error_hint(why, "stop what listens there");
	return STEP_IMPOSSIBLE;
}

static void test_impossible(void)
{
	struct step plan[1] = { { "preflight", "Preflight", RIG_ALL, STEP_OBSERVES, { { 0 } }, impossible, NULL } };
	const struct rig_event *e;

	rig_init(&rig, plan, 1, "c");
	rig_run(&rig);
	e = rig_get(&rig, EVENT_HOST_ASIDE, -1, 0);
	CHECK_INT(e->error.kind, ERROR_PREFLIGHT);
	CHECK_STR(e->error.what, "port 6443 is taken");
	CHECK_STR(e->error.step, "preflight");
	CHECK_INT(rig_outcome(&rig, 0, 0), OUTCOME_FAILED);
	rig_release(&rig);
}

static void test_bad_plans(void)
{
	struct step plan[2] = { { "a", "A", RIG_ALL, 0, { { "b", 0, 0 } }, NULL, NULL },
		{ "b", "B", RIG_ALL, 0, { { 0 } }, NULL, NULL } };
	struct error err = { 0 };
	struct engine *e;

	rig_init(&rig, plan, 2, "c");
	e = engine_new(&rig.config);
	CHECK_INT(engine_start(e, &err), -1);
	CHECK(strstr(err.what, "'b'") != NULL);
	engine_free(e);
	rig_release(&rig);
	/* nothing to do ends at once */
	rig_init(&rig, plan + 1, 0, "c");
	rig_run(&rig);
	CHECK_INT(rig.events[rig.event_count - 1].ev.outcome, OUTCOME_OK);
	rig_release(&rig);
}

static enum rig_act logins_await(struct rig *r, int host, int step, unsigned nth)
{
	(void)host;
	(void)nth;
	r->flag |= r->opening == 3;
	return step < 0 ? RIG_AWAIT : RIG_OK;
}

static void test_parallel_logins(void)
{
	rig_init_plan(&rig, "cccwwwwwww");
	rig.config.parallel = 3;
	rig.act = logins_await;
	rig_run(&rig);
	CHECK_INT(rig.most_opening, 3);
	CHECK_INT(rig.result.hosts_done, 10);
	rig_release(&rig);
}

static const struct test tests[] = {
	{ "order", test_order },
	{ "slow host delays nobody", test_slow_host_delays_nobody },
	{ "dead host", test_dead_host },
	{ "blocked", test_blocked },
	{ "min", test_min },
	{ "who is to blame", test_culprit },
	{ "overtaking", test_overtaking },
	{ "one by one", test_one_by_one },
	{ "check only", test_check_only },
	{ "reconnect", test_reconnect },
	{ "reconnects are bounded", test_reconnects_are_bounded },
	{ "step retry", test_step_retry },
	{ "impossible", test_impossible },
	{ "bad plans", test_bad_plans },
	{ "parallel logins", test_parallel_logins },
};
TEST_MAIN(tests)
