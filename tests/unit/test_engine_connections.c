/* Fewer connections than hosts: who has nothing to do gives up its own, never are there more, and everything is done all the same. */
#include "tests/unit/fake_engine.h"

#include "tests/test.h"

static struct rig rig;

static unsigned logins(void)
{
	unsigned n = 0;

	for (size_t h = 0; h < rig.config.host_count; h++)
		n += rig.opens[h];
	return n;
}

/* Workers wait for control planes in the middle of the plan, and each of them comes back for the rest. */
static void test_bounded(void)
{
	char roles[101] = "ccc";

	memset(roles + 3, 'w', 97);
	for (int connections = 1; connections <= 16; connections *= 2) {
		rig_init_plan(&rig, roles);
		rig.config.connections = connections;
		rig.config.parallel = 4;
		rig_run(&rig);
		CHECK_INT(rig.result.hosts_done, 100);
		CHECK(rig.most_connections <= connections);
		CHECK(rig.most_opening <= 4);
		CHECK(logins() > 100);
		rig_release(&rig);
		CHECK_INT(rig.connections, 0);
	}
}

/* As long as there are enough nobody gives anything up, and each host is logged in to once. */
static void test_enough(void)
{
	static const int connections[] = { 0, 10, 11 };

	for (size_t i = 0; i < 3; i++) {
		rig_init_plan(&rig, "cccwwwwwww");
		rig.config.connections = connections[i];
		rig_run(&rig);
		CHECK_INT(rig.result.hosts_done, 10);
		CHECK_INT(logins(), 10);
		rig_release(&rig);
	}
}

/* Hosts that cannot be reached, that fail in the middle and that lose their connection give their places back. */
static enum rig_act trouble(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	if (host % 5 == 4)
		return step < 0 ? RIG_LOSE : RIG_OK;
	if (host % 5 == 3)
		return step == P_OS ? RIG_FAIL : RIG_OK;
	return host % 5 == 2 && step == P_IMAGES && nth == 1 ? RIG_LOSE : RIG_OK;
}

static void test_trouble(void)
{
	rig_init_plan(&rig, "ccwwwwwwwwwwwwwwwwww");
	rig.config.connections = 3;
	rig.act = trouble;
	rig_run(&rig);
	CHECK_INT(rig.result.hosts_aside, 8);
	CHECK_INT(rig.result.hosts_done, 12);
	CHECK(rig.most_connections <= 3);
	rig_release(&rig);
	CHECK_INT(rig.connections, 0);
}

/* All places are taken by hosts at work: who waits for one is there when the run is cancelled. */
static enum rig_act hang(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)host;
	(void)nth;
	return step == P_PROBE ? RIG_HANG : RIG_OK;
}

static void test_cancel(void)
{
	rig_init_plan(&rig, "cwwwww");
	rig.config.connections = 2;
	rig.act = hang;
	if (!rig_start(&rig))
		return;
	CHECK(rig_until(&rig, EVENT_STEP_STARTED, P_PROBE, 5, 10000));
	engine_command(rig.engine, ENGINE_CANCEL, -1);
	rig_finish(&rig);
	CHECK(rig.result.cancelled);
	CHECK(rig.most_connections <= 2);
	rig_release(&rig);
	CHECK_INT(rig.connections, 0);
}

static const struct test tests[] = {
	{ "never more connections than there may be", test_bounded },
	{ "one login a host when there are enough", test_enough },
	{ "places of hosts in trouble", test_trouble },
	{ "a cancel while hosts wait for a place", test_cancel },
};
TEST_MAIN(tests)
