/* What could not be asked is not down: nothing is started again, undone or removed on its account, and the reason is reported. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "cluster/health.h"
#include "inventory/inventory.h"
#include "net/net.h"

struct heard {
	bool failed;
	struct error first, host[LAB_MACHINES];
	struct world world; /* released */
	bool exists;
	enum cluster_answer ready[LAB_MACHINES];
	char unseen[LAB_MACHINES][256];
	struct quorum_view etcd;
};

/* A whole cluster, of whose machines some let nothing through. */
static void begin(struct lab *l, unsigned forbids)
{
	rack_cluster(l);
	l->forbids = forbids;
}

/* bits of machines that take part */
static unsigned chosen = 31;

static void run(struct lab *l, enum plan_id plan, struct world *w, bool looks, struct heard *o)
{
	struct engine_result result;
	struct health_view view;
	struct engine *engine;

	memset(o, 0, sizeof(*o));
	w->wish.take_lock = !looks;
	engine = rack_run(l, w,
		(struct engine_config){ .steps = plans[plan].steps,
			.step_count = plans[plan].count,
			.check_only = looks,
			.reconnects = 1 },
		chosen);
	engine_result(engine, &result);
	o->failed = result.first != NULL;
	if (o->failed)
		o->first = *result.first;
	for (int i = 0; i < LAB_MACHINES; i++) {
		if (engine_host_error(engine, i))
			o->host[i] = *engine_host_error(engine, i);
		o->ready[i] = w->seen.hosts[i].api_ready;
		memcpy(o->unseen[i], w->seen.hosts[i].unseen, sizeof(o->unseen[i]));
	}
	o->exists = w->seen.cluster.exists;
	world_health_view(w, &view);
	o->etcd = w->seen.cluster.etcd;
	engine_free(engine);
	world_release(w);
}

static void test_restore(void)
{
	/* who cannot be asked; who is off */
	static const struct {
		unsigned forbids, off;
		bool done;
	} rows[] = { { 7, 0, false }, { 3, 4, false }, { 1, 4, false }, { 2, 4, false }, { 1, 6, false },
		{ 0, 6, true } };

	rack_up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world_etcd e = { .host = 0, .from = -1 };
		struct heard o;
		struct world w;
		struct lab l;

		begin(&l, rows[i].forbids);
		l.off = rows[i].off;
		rack_world(&w);
		w.wish.etcd = &e;
		run(&l, PLAN_RESTORE, &w, false, &o);
		if (!CHECK_INT(l.restores, rows[i].done))
			printf("# row %zu: %s\n", i, o.first.what);
		CHECK_INT(l.stops, 0);
		if (!rows[i].done)
			CHECK(strstr(o.host[0].what, "nothing was changed") && *o.host[0].hint);
	}
	rack_down();
}

/* A whole cluster, or one whose init was cut and that runs all the same: no second one is begun over it, and nothing is taken back. */
static void test_apply(void)
{
	rack_up();
	for (int cut = 0; cut < 2; cut++) {
		struct heard o;
		struct world w;
		struct lab l;

		begin(&l, 7);
		if (cut)
			snprintf(l.machines[0].jobs[0].record, sizeof(l.machines[0].jobs[0].record), "dead");
		rack_world(&w);
		run(&l, PLAN_INSTALL, &w, false, &o);
		/* half of an installation is checked like none */
		CHECK(o.failed && (o.first.kind == ERROR_BLOCKED || (cut && o.first.kind == ERROR_PREFLIGHT)));
		CHECK(strstr(o.first.what, code_words(o.first.code, "cannot look at 127.0.0.1:6443")) != NULL);
		CHECK_STR(o.first.hint, "permit it");
		CHECK_INT(l.inits, 0);
		CHECK_STR(l.machines[0].have, RACK_INSTALLED);
	}
	rack_down();
}

/* One of three does not let us ask: the cluster is seen through the others, and of that one nothing is said. */
static void test_one_of_three(void)
{
	struct heard o;
	struct world w;
	struct lab l;

	rack_up();
	begin(&l, 1);
	rack_world(&w);
	w.wish.health = true;
	run(&l, PLAN_CHECK, &w, true, &o);
	CHECK(!o.failed && o.exists);
	CHECK_INT(o.ready[0], CLUSTER_UNSEEN);
	CHECK_INT(o.ready[1], CLUSTER_YES);
	CHECK(strstr(o.unseen[0], "cannot look at") != NULL);
	CHECK_STR(o.unseen[1], "");
	CHECK_INT(o.etcd.count, 3);
	for (int i = 0; i < 3; i++)
		if (i == quorum_find(&o.etcd, rack_inventory->hosts[0].address, rack_inventory->hosts[0].name))
			CHECK_STR(quorum_state(&o.etcd, i), "cannot be asked");
		else
			CHECK(quorum_healthy(&o.etcd, i));
	rack_down();
}

/* What wants an API server to take hosts out says why there is none. */
static void test_rejoin(void)
{
	bool again[LAB_MACHINES] = { false, true };
	struct heard o;
	struct world w;
	struct lab l;

	rack_up();
	begin(&l, 5);
	rack_world(&w);
	w.wish.rejoin = again;
	run(&l, PLAN_REJOIN, &w, false, &o);
	CHECK(o.failed && o.first.kind == ERROR_BLOCKED);
	CHECK_INT(l.machines[1].member, LAB_VOTER);
	CHECK_STR(l.machines[1].have, RACK_INSTALLED);
	rack_down();
}

/* After a power failure apply waits for the API servers; a look does not. */
static void test_boot(void)
{
	struct heard o;
	struct world w;
	struct lab l;

	rack_up();
	begin(&l, 0);
	l.booting = 4;
	rack_world(&w);
	run(&l, PLAN_INSTALL, &w, true, &o);
	CHECK(o.failed && strstr(o.first.what, code_words(REFUSAL_DOWN, "no API server of the cluster answers")));
	CHECK_INT(l.booting, 4);
	rack_world(&w);
	run(&l, PLAN_INSTALL, &w, false, &o);
	CHECK(o.exists);
	CHECK(!o.failed || !strstr(o.first.what, "no API server of the cluster answers"));
	CHECK_INT(l.booting, 0);
	CHECK_INT(l.inits, 0);
	rack_down();
}

/* repair --hosts w1: what is on the host is mended; the version that nobody knows is not another one. */
static void test_worker_alone(void)
{
	struct heard o;
	struct world w;
	struct lab l;

	rack_up();
	chosen = 8;
	for (int looks = 1; looks >= 0; looks--) {
		begin(&l, 0);
		rack_world(&w);
		w.wish.health = true;
		run(&l, PLAN_REPAIR, &w, looks, &o);
		if (!CHECK(!o.failed))
			printf("# %s: %s\n", o.first.step, o.first.what);
	}
	/* what would have to join cannot */
	begin(&l, 0);
	fake_blank(&l.machines[3]);
	rack_world(&w);
	w.wish.health = true;
	run(&l, PLAN_REPAIR, &w, false, &o);
	CHECK(o.failed && o.first.code == REFUSAL_NO_CONTROL_PLANE);
	CHECK(strstr(o.first.hint, "--hosts w1,") != NULL);
	chosen = 31;
	rack_down();
}

/* Reported by check, before anything is installed. */
static void test_told_beforehand(void)
{
	struct heard o;
	struct world w;
	struct lab l;

	rack_up();
	begin(&l, 1);
	for (int i = 0; i < LAB_MACHINES; i++) {
		fake_blank(&l.machines[i]);
		l.machines[i].node = false;
		l.machines[i].member = LAB_NO_MEMBER;
	}
	rack_world(&w);
	run(&l, PLAN_CHECK, &w, true, &o);
	CHECK_INT(o.host[0].kind, ERROR_PREFLIGHT);
	CHECK(strstr(
		o.host[0].what, code_words(REFUSAL_PREFLIGHT, "forwarding-forbidden: cannot look at 127.0.0.1:6443")));
	CHECK(o.host[0].code == REFUSAL_PREFLIGHT && strcmp(o.host[0].about, "forwarding-forbidden") == 0);
	CHECK_STR(o.host[0].hint, "permit it");
	CHECK(strcmp(o.host[1].about, "forwarding-forbidden") != 0);
	rack_down();
}

static const struct test tests[] = {
	{ "check: that nobody could be asked is reported first", test_told_beforehand },
	{ "apply waits for API servers after a power failure", test_boot },
	{ "repair of a worker alone", test_worker_alone },
	{ "etcd restore: refused while who could not be asked may be alive", test_restore },
	{ "apply: no new cluster over one that could not be asked", test_apply },
	{ "status: one of three could not be asked", test_one_of_three },
	{ "rejoin: nobody is taken out", test_rejoin },
};
TEST_MAIN(tests)
