/* Sections: a turn that is held over several steps, whatever happens to the hosts in it. */
#include "tests/unit/fake_engine.h"

#include "tests/test.h"

static struct rig rig;

/* clang-format off */
#define ROW(name, roles, flags, ...) { name, name, roles, flags, { __VA_ARGS__ }, rig_check, rig_apply }
static const struct step plan[] = {
	/* all are ready at the same moment: their order is the hosts' */
	ROW("look", RIG_ALL, STEP_OBSERVES, { 0 }),
	ROW("drain", RIG_ALL, 0, { "look", RIG_ALL, 1 }),
	ROW("see", RIG_ALL, STEP_OBSERVES, { "drain", 0, 0 }),
	ROW("upgrade", RIG_ALL, 0, { "see", 0, 0 }),
	ROW("boot", RIG_CP, 0, { "look", RIG_ALL, 1 }),
	ROW("back", RIG_CP, 0, { "boot", 0, 0 }),
	ROW("one", RIG_ALL, STEP_ONE_BY_ONE, { "look", RIG_ALL, 1 }),
	ROW("verify", RIG_CP, 0, { "upgrade", RIG_ALL, 0 }, { "back", RIG_CP, 0 }),
	ROW("unlock", RIG_ALL, STEP_ALWAYS, { 0 }),
};
/* clang-format on */
enum { S_LOOK, S_DRAIN, S_SEE, S_UPGRADE, S_BOOT, S_BACK, S_ONE, S_VERIFY, S_UNLOCK, S_COUNT };
static const struct section sections[] = { { "turn", "drain", "upgrade", 1 }, { "reboot", "boot", "back", 1 } };

static void init(const struct section *of, const char *roles)
{
	rig_init(&rig, plan, S_COUNT, roles);
	rig.config.sections = of;
	rig.config.section_count = 2;
}

static bool ends_for(const struct event *ev, int last)
{
	return ev->kind == EVENT_HOST_ASIDE || (ev->kind == EVENT_STEP_DONE && ev->step == last);
}

/* How many hosts were inside steps first to last at once, at most, as the events show it. */
static unsigned most_inside(int first, int last)
{
	bool inside[RIG_HOSTS] = { false };
	unsigned now = 0, most = 0;

	for (size_t i = 0; i < rig.event_count; i++) {
		const struct event *ev = &rig.events[i].ev;
		bool here = ev->host >= 0 && ev->step >= first && ev->step <= last;

		if (ev->host < 0)
			continue;
		if (inside[ev->host] && ends_for(ev, last)) {
			inside[ev->host] = false;
			now--;
		} else if (!inside[ev->host] && here && ev->kind == EVENT_STEP_STARTED) {
			inside[ev->host] = true;
			now++;
		}
		most = now > most ? now : most;
	}
	return most;
}

static enum rig_act c0_waits(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return host == 0 && step == S_SEE ? RIG_AWAIT : RIG_OK;
}

/* The others do what needs no turn meanwhile. */
static void when_others_did_one(struct rig *r, int host, int step)
{
	(void)host;
	(void)step;
	r->flag |= r->done[1][S_ONE] && r->done[2][S_ONE];
}

static void test_in_turn(void)
{
	int last = -1;

	init(sections, "cww");
	rig.act = c0_waits;
	rig.after = when_others_did_one;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 3);
	CHECK_INT(most_inside(S_DRAIN, S_UPGRADE), 1);
	CHECK_INT(rig.most[S_ONE], 1);
	/* in the order of hosts, each to its end before the next */
	for (int h = 0; h < 3; h++)
		for (int s = S_DRAIN; s <= S_UPGRADE; s++) {
			CHECK(rig_find(&rig, EVENT_STEP_STARTED, s, h) > last);
			last = rig_find(&rig, EVENT_STEP_DONE, s, h);
		}
	rig_release(&rig);
}

/* "drain" ends when two are in it: less would hang. */
static enum rig_act drain_together(struct rig *r, int host, int step, unsigned nth)
{
	(void)host;
	(void)nth;
	if (step != S_DRAIN)
		return RIG_OK;
	r->flag |= r->running[S_DRAIN] == 2;
	return RIG_AWAIT;
}

/* The run has the limit. */
static void test_at_once(void)
{
	const struct section two[] = { { "turn", "drain", "upgrade", 2 }, { "reboot", "boot", "back", 1 } };

	init(two, "cwwwww");
	rig.act = drain_together;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 6);
	CHECK_INT(most_inside(S_DRAIN, S_UPGRADE), 2);
	rig_release(&rig);
}

static enum rig_act c0_fails_inside(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	return host == 0 && step == S_UPGRADE && nth == 1 ? RIG_FAIL : host == 1 && step == S_SEE ? RIG_LOSE : RIG_OK;
}

static void retry_c0(struct rig *r, const struct event *ev)
{
	if (ev->kind != EVENT_HOST_ASIDE || ev->host != 0)
		return;
	engine_command(r->engine, ENGINE_RETRY_HOST, 0);
	engine_command(r->engine, ENGINE_END, -1);
}

/* Who is set aside gives its turn to the next one, and waits for another when it is taken up again. */
static void test_aside_and_retry(void)
{
	init(sections, "cwwww");
	rig.config.reconnects = 1;
	rig.config.keep_alive = true;
	rig.act = c0_fails_inside;
	rig.on_event = retry_c0;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_aside, 1);
	CHECK_INT(rig_outcome(&rig, S_UPGRADE, 0), OUTCOME_CHANGED);
	CHECK_INT(rig_outcome(&rig, S_UPGRADE, 4), OUTCOME_CHANGED);
	CHECK_INT(most_inside(S_DRAIN, S_UPGRADE), 1);
	rig_release(&rig);
}

/* A pause keeps the turn where it is; a skip and a cancel end it. */
static void test_commands(void)
{
	init(sections, "cww");
	rig.act = c0_waits;
	rig_start(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_STARTED, S_SEE, 0, 5000));
	engine_command(rig.engine, ENGINE_PAUSE, -1);
	rig_open_flag(&rig);
	CHECK(rig_until(&rig, EVENT_STEP_DONE, S_SEE, 0, 5000));
	engine_command(rig.engine, ENGINE_RESUME, -1);
	rig_finish(&rig);
	CHECK_INT(rig.result.hosts_done, 3);
	CHECK_INT(most_inside(S_DRAIN, S_UPGRADE), 1);
	rig_release(&rig);
	for (int cancel = 0; cancel < 2; cancel++) {
		init(sections, "cww");
		rig.act = c0_waits;
		rig_start(&rig);
		CHECK(rig_until(&rig, EVENT_STEP_STARTED, S_SEE, 0, 5000));
		engine_command(rig.engine, cancel ? ENGINE_CANCEL : ENGINE_SKIP_HOST, 0);
		rig_finish(&rig);
		CHECK_INT(rig.result.cancelled, cancel);
		CHECK_INT(rig_count(&rig, EVENT_STEP_DONE, S_UPGRADE, 1), !cancel);
		CHECK_INT(most_inside(S_DRAIN, S_UPGRADE), 1);
		rig_release(&rig);
	}
}

/* What does not concern a host keeps nobody. */
static void test_not_here(void)
{
	init(sections, "cww");
	rig.only[S_DRAIN] = 1;
	rig.only[S_UPGRADE] = 2;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_done, 3);
	CHECK_INT(rig_count(&rig, EVENT_STEP_DONE, S_SEE, -1), 3);
	rig_release(&rig);
}

/* Sections that could never end, or of which nobody knows what they are. */
static void test_bad_sections(void)
{
	static const struct section bad[] = { { "none", "drain", "nothing", 1 }, { "back", "upgrade", "drain", 1 },
		{ "empty", "drain", "see", 0 }, { "clean", "verify", "unlock", 1 }, { "all", "look", "boot", 1 },
		{ "twice", "see", "one", 1 } };
	const struct section overlap[] = { { "a", "drain", "see", 1 }, { "b", "see", "upgrade", 1 } };

	for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		bool two = i == sizeof(bad) / sizeof(bad[0]);
		struct error err = { 0 };
		struct engine *e;

		init(two ? overlap : &bad[i], "cw");
		rig.config.section_count = two ? 2 : 1;
		e = engine_new(&rig.config);
		CHECK_INT(engine_start(e, &err), -1);
		CHECK_INT(err.kind, ERROR_INTERNAL);
		engine_free(e);
		rig_release(&rig);
	}
}

/* ---- at random ------------------------------------------------------------------------------------------------------ */

static unsigned seed;

static unsigned chance(unsigned a, unsigned b, unsigned c)
{
	unsigned x = seed * 2654435761u ^ a * 40503u ^ b * 9973u ^ c * 131u;

	x ^= x >> 15;
	x *= 2246822519u;
	return (x ^ x >> 13) % 100;
}

static enum rig_act at_random(struct rig *r, int host, int step, unsigned nth)
{
	unsigned n = chance((unsigned)host, (unsigned)(step + 1), nth);

	(void)r;
	return n < 8 ? RIG_FAIL : n < 9 && step >= 0 ? RIG_REFUSE : RIG_OK;
}

static void command_at_random(struct rig *r, const struct event *ev)
{
	unsigned n = chance((unsigned)ev->kind, (unsigned)ev->seq, 77);

	if (ev->kind == EVENT_HOST_ASIDE && n < 60)
		engine_command(r->engine, ENGINE_RETRY_HOST, ev->host);
	else if (ev->kind == EVENT_STEP_STARTED && n < 3)
		engine_command(r->engine, ENGINE_SKIP_HOST, ev->host);
	else if (ev->kind == EVENT_STEP_DONE && n < 6)
		engine_command(r->engine, n & 1 ? ENGINE_PAUSE : ENGINE_RESUME, -1);
	/* never to be left in a pause */
	if (ev->kind == EVENT_PAUSED)
		engine_command(r->engine, ENGINE_RESUME, -1);
}

static void test_random(void)
{
	for (seed = 1; seed <= 150; seed++) {
		unsigned n = 1 + seed % 4, aside = 0;
		const struct section of[] = { { "turn", "drain", "upgrade", n }, { "reboot", "boot", "back", 1 } };

		init(of, "cccwwwwwww");
		rig.only[S_SEE] = seed % 5 == 0 ? 4 : -1;
		rig.act = at_random;
		rig.on_event = command_at_random;
		rig_run(&rig);
		if (!CHECK(most_inside(S_DRAIN, S_UPGRADE) <= n) || !CHECK(most_inside(S_BOOT, S_BACK) <= 1) ||
			!CHECK(rig.most[S_ONE] <= 1))
			printf("# seed %u\n", seed);
		/* all end: done, or set aside with a reason */
		for (int h = 0; h < 10; h++)
			aside += engine_host_error(rig.engine, h) != NULL;
		CHECK_INT(rig.result.hosts_done + aside, 10);
		rig_release(&rig);
	}
}

static const struct test tests[] = {
	{ "in turn", test_in_turn },
	{ "more than one at once", test_at_once },
	{ "set aside and taken up again", test_aside_and_retry },
	{ "pause, skip and cancel", test_commands },
	{ "steps that are not here", test_not_here },
	{ "bad sections", test_bad_sections },
	{ "at random", test_random },
};
TEST_MAIN(tests)
