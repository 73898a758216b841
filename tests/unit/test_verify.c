/* How long verify waits: for what the run may have changed, and for what it did not touch. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "inventory/inventory.h"

#define INSTALLED "kubelet-conf admin-conf apiserver-manifest etcd-manifest etcd-data ca-crt"

enum { W2 = 4, VERIFY_MS = 6000 };

/* A whole cluster that has no Node of w2, whose last job was this run's. */
static void begin(struct lab *l, const char *run)
{
	lab_init(l, rack_inventory, rack_store, rack_tls);
	l->applied = true;
	for (int i = 0; i < LAB_MACHINES; i++) {
		struct machine *m = &l->machines[i];

		m->packages = m->containerd = m->prepared = m->record = true;
		m->node = i != W2;
		m->have = i < 3 ? INSTALLED : "kubelet-conf ca-crt";
		m->member = i < 3 ? LAB_VOTER : LAB_NO_MEMBER;
		m->pki = i < 3;
		m->init = i == 0;
		snprintf(m->jobs[0].name, sizeof(m->jobs[0].name), "%s", i ? "join" : "init");
		snprintf(m->jobs[0].record, sizeof(m->jobs[0].record), "done 0 x x %s", i == W2 ? run : "r0");
	}
}

/* Verifies, as apply or as repair does; returns after how many seconds it gave up, -1: it did not. */
static int seconds(struct lab *l, bool repair)
{
	const struct step steps[] = {
		{ "probe", "Looking", ROLE_ALL, STEP_OBSERVES, { { 0 } }, probe_check, probe_apply },
		{ "verify", "Verifying", ROLE_CONTROL_PLANE, STEP_OBSERVES, { { "probe", ROLE_ALL, 0 } }, verify_check,
			verify_apply },
	};
	struct engine_host hosts[LAB_MACHINES];
	struct engine_config config = { .run = "r1",
		.steps = steps,
		.step_count = 2,
		.hosts = hosts,
		.host_count = LAB_MACHINES,
		.open = lab_open };
	struct engine_result result;
	struct error err = { 0 };
	struct engine *e;
	struct world w;
	char pki[96];
	int s = -1;

	snprintf(pki, sizeof(pki), "%s/pki", rack_dir);
	world_init(&w, rack_inventory, release_find("1.36.2"));
	w.wish.run = "r1";
	w.wish.owner = "a@b pid 1";
	w.wish.machine = "m";
	w.wish.store_dir = pki;
	w.pki.store = pki_store_open(pki, NULL, &err);
	w.decided.lead = 0;
	w.wish.health = repair;
	w.wish.verify_ms = VERIFY_MS;
	config.world = &w;
	for (int i = 0; i < LAB_MACHINES; i++)
		hosts[i] =
			(struct engine_host){ rack_inventory->hosts[i].name, i < 3 ? ROLE_CONTROL_PLANE : ROLE_WORKER };
	lab_run(l, &w, 0, LAB_LOST);
	e = engine_new(&config);
	engine_no_questions(e);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
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
