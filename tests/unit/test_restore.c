/* `etcd restore` and `etcd snapshot` over machines that keep what is done to them: refused while the quorum stands, and what becomes of it when it is lost. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "net/net.h"

/* ---- one run ------------------------------------------------------------------------------------------------------- */

/* A whole cluster, of which the machines of a bit mask have lost their disks. */
static void begin(struct lab *l, unsigned lost)
{
	rack_cluster(l);
	for (int i = 0; i < LAB_MACHINES; i++)
		if (lost & 1u << i)
			fake_blank(&l->machines[i]);
}

struct heard {
	bool failed;
	struct error first;
	struct quorum_view view; /* of the machine that was restored */
	size_t nodes;
	char refusal[512]; /* of the machine to be restored */
};

static void run(struct lab *l, struct world_etcd *e, bool restore, bool override, struct heard *o)
{
	const struct plan *plan = &plans[restore ? PLAN_RESTORE : PLAN_SNAPSHOT];
	struct engine_result result;
	struct engine *engine;
	struct world w;

	memset(o, 0, sizeof(*o));
	rack_world(&w);
	w.wish.take_lock = restore;
	w.wish.override_quorum = override;
	w.wish.etcd = e;
	engine = rack_run(l, &w,
		(struct engine_config){
			.steps = plan->steps, .step_count = plan->count, .check_only = !restore, .reconnects = 1 },
		31);
	engine_result(engine, &result);
	o->failed = result.first != NULL;
	if (o->failed)
		o->first = *result.first;
	if (e->host >= 0 && engine_host_error(engine, e->host))
		snprintf(o->refusal, sizeof(o->refusal), "%s", engine_host_error(engine, e->host)->what);
	if (e->host >= 0)
		o->view = *w.seen.etcd[e->host];
	o->nodes = w.seen.cluster.node_count;
	engine_free(engine);
	world_release(&w);
	for (int i = 0; i < LAB_MACHINES && restore && !l->out_of_sight; i++)
		CHECK_STR(l->machines[i].lock, "");
}

/* ---- restore ---------------------------------------------------------------------------------------------------------- */

static void test_stands(void)
{
	static const unsigned lost[] = { 0, 4 };
	struct heard o;
	struct lab l;

	rack_up();
	for (size_t i = 0; i < 2; i++) {
		struct world_etcd e = { .host = 0, .from = -1 };

		begin(&l, lost[i]);
		run(&l, &e, true, false, &o);
		CHECK(o.failed && strstr(o.first.what, "quorum is not lost") && o.first.hint[0]);
		CHECK_STR(o.first.host, "cp1");
		CHECK_INT(l.stops + l.restores, 0);
	}
	rack_down();
}

/* The etcd there is down, the other two cannot be reached from here, and they are well: seen through that host. */
static void test_stands_out_of_sight(void)
{
	struct world_etcd e = { .host = 0, .from = -1 };
	struct heard o;
	struct lab l;

	rack_up();
	begin(&l, 0);
	l.machines[0].have = "kubelet-conf admin-conf etcd-data";
	l.out_of_sight = 2 | 4;
	run(&l, &e, true, false, &o);
	CHECK(o.failed);
	CHECK_INT(l.stops + l.restores, 0);
	CHECK(strstr(o.refusal, "2 of 3 voters answer") != NULL);
	rack_down();
}

static void test_lost(void)
{
	struct world_etcd e = { .host = 1, .from = -1 };
	struct heard o;
	struct lab l;

	rack_up();
	begin(&l, 1 | 4);
	run(&l, &e, true, false, &o);
	if (!CHECK(!o.failed))
		printf("# %s: %s: %s\n", o.first.host, o.first.step, o.first.what);
	CHECK_INT(l.restores, 1);
	CHECK_INT(l.stops, 0);
	CHECK_INT(l.uploaded, 0);
	CHECK_INT(o.view.count, 1);
	CHECK(quorum_healthy(&o.view, 0));
	CHECK_STR(o.view.list[0].name, "cp2");
	CHECK_INT(o.nodes, LAB_MACHINES);
	rack_down();
}

/* Overridden: no two clusters live side by side. */
static void test_overridden(void)
{
	struct world_etcd e = { .host = 0, .from = -1 };
	struct heard o;
	struct lab l;

	rack_up();
	begin(&l, 0);
	run(&l, &e, true, true, &o);
	CHECK(!o.failed);
	CHECK_INT(l.stops, 2);
	CHECK_INT(l.restores, 1);
	CHECK_INT(o.view.count, 1);
	rack_down();
}

/* A snapshot is taken from a member that lives, and gets to the host in pieces. */
static void test_snapshot(void)
{
	struct world_etcd e = { .host = -1, .from = -1 };
	struct error err = { 0 };
	struct str got = STR_INIT;
	struct heard o;
	struct lab l;

	rack_up();
	begin(&l, 1 | 4);
	run(&l, &e, false, false, &o);
	CHECK(!o.failed);
	CHECK_INT(e.from, 1);
	if (CHECK(e.snapshot != NULL))
		CHECK_INT(file_read(e.snapshot, 1000, &got, &err), 0);
	CHECK_INT((int64_t)got.len, e.info.size);
	e.host = 1;
	run(&l, &e, true, false, &o);
	CHECK(!o.failed);
	CHECK_INT(l.uploaded, got.len);
	CHECK_INT(l.restores, 1);
	free(e.snapshot);
	str_release(&got);
	rack_down();
}

static void test_nothing_left(void)
{
	struct world_etcd e = { .host = -1, .from = -1 };
	struct heard o;
	struct lab l;

	rack_up();
	begin(&l, 1 | 2 | 4);
	run(&l, &e, false, false, &o);
	CHECK(o.failed && o.first.code == REFUSAL_NO_ETCD && o.first.hint[0]);
	CHECK(e.from < 0 && !e.snapshot);
	rack_down();
}

static const struct test tests[] = {
	{ "refused while the quorum stands", test_stands },
	{ "refused while it stands where nobody here can reach", test_stands_out_of_sight },
	{ "starts again when it is lost", test_lost },
	{ "overridden, the others' etcd is stopped", test_overridden },
	{ "a snapshot there and back", test_snapshot },
	{ "nothing to take a snapshot of", test_nothing_left },
};
TEST_MAIN(tests)
