/* The look of an upgrade: what it asks in the shipped plan, that a run asks none of it, and what it makes of a half upgraded cluster. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"
#include "tests/unit/fake_upgrade.h"

#include "base/error.h"
#include "inventory/inventory.h"

#define INSTALLED "kubelet-conf admin-conf apiserver-manifest etcd-manifest etcd-data ca-crt"

/* A whole cluster. */
static void begin(struct lab *l)
{
	lab_init(l, rack_inventory, rack_store, rack_tls);
	l->applied = true;
	for (int i = 0; i < LAB_MACHINES; i++) {
		struct machine *m = &l->machines[i];

		m->packages = m->containerd = m->prepared = m->record = m->node = true;
		m->have = i < 3 ? INSTALLED : "kubelet-conf ca-crt";
		m->member = i < 3 ? LAB_VOTER : LAB_NO_MEMBER;
		m->pki = m->ca_keys = i < 3;
		m->init = i == 0;
		snprintf(m->jobs[0].name, sizeof(m->jobs[0].name), "%s", i ? "join" : "init");
		snprintf(m->jobs[0].record, sizeof(m->jobs[0].record), "done 0 x x r0");
	}
}

/* The steps of the shipped plan up to the one that decides. */
static size_t steps_before(const char *name)
{
	size_t n = 0;

	while (n < plans[PLAN_UPGRADE].count && strcmp(plans[PLAN_UPGRADE].steps[n].name, name) != 0)
		n++;
	return n;
}

static void run(struct lab *l, struct world *w, bool looks)
{
	struct engine_host hosts[LAB_MACHINES];
	struct engine_config config = { .run = "r1",
		.steps = plans[PLAN_UPGRADE].steps,
		.step_count = steps_before("decide"),
		.hosts = hosts,
		.host_count = LAB_MACHINES,
		.check_only = looks,
		.open = lab_open,
		.world = w };
	struct error err = { 0 };
	struct engine *engine;
	static char pki[96];

	snprintf(pki, sizeof(pki), "%s/pki", rack_dir);
	world_init(w, rack_inventory, release_find("1.36.2"));
	w->wish.run = "r1";
	w->wish.owner = "a@b pid 1";
	w->wish.machine = "m";
	w->wish.store_dir = pki;
	w->wish.take_lock = !looks;
	w->wish.health = looks;
	w->wish.upgrade = true;
	w->pki.store = pki_store_open(pki, NULL, &err);
	for (int i = 0; i < LAB_MACHINES; i++)
		hosts[i] =
			(struct engine_host){ rack_inventory->hosts[i].name, i < 3 ? ROLE_CONTROL_PLANE : ROLE_WORKER };
	lab_run(l, w, 0, LAB_LOST);
	engine = engine_new(&config);
	engine_no_questions(engine);
	CHECK_INT(engine_start(engine, &err), 0);
	while (engine_wait(engine, -1, 1000))
		continue;
	for (int i = 0; i < LAB_MACHINES; i++)
		if (!CHECK(!engine_host_error(engine, i)))
			printf("# %s\n", engine_host_error(engine, i)->what);
	engine_free(engine);
}

static bool has(const struct findings *found, const char *name, int host, enum finding_level level)
{
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->list[i].name, name) == 0 && found->list[i].host == host &&
			found->list[i].level == level)
			return true;
	return false;
}

/* How many unknown things have this in their text. */
static unsigned unknown(const struct world *w, const char *text)
{
	const struct upgrade_seen *seen = &w->seen.upgrade;
	unsigned n = 0;

	for (size_t i = 0; i < seen->count; i++)
		n += seen->list[i].thing == UPGRADE_UNKNOWN && strstr(seen->list[i].name, text);
	return n;
}

static void test_plan(void)
{
	struct findings found = { NULL, 0 };
	struct world w;
	struct lab l;

	rack_up();
	begin(&l);
	run(&l, &w, true);
	/* the fake API server has no such lists: each is unknown, of one server; its metrics of each */
	CHECK(w.seen.upgrade.asked);
	CHECK_INT(unknown(&w, "deprecated APIs at the API server of cp1: HTTP 404"), 1);
	CHECK_INT(unknown(&w, "deprecated APIs at the API server of"), 3);
	CHECK_INT(unknown(&w, "CustomResourceDefinitions: "), 1);
	/* its etcd says that there is no alarm */
	CHECK_INT(unknown(&w, "etcd's alarms"), 0);
	snprintf(w.decided.version, sizeof(w.decided.version), "1.36.3");
	obstacles_find(&w, NULL, &found);
	CHECK(has(&found, "not-looked-at", -1, FINDING_WARNING));
	for (size_t i = 0; i < found.count; i++)
		if (!CHECK_INT(found.list[i].level, FINDING_WARNING))
			printf("# %d %s: %s\n", found.list[i].host, found.list[i].name, found.list[i].what);
	findings_release(&found);
	world_release(&w);

	/* a run goes by what the look before it saw */
	begin(&l);
	run(&l, &w, false);
	CHECK(!w.seen.upgrade.asked);
	CHECK_INT(w.seen.upgrade.count, 0);
	world_release(&w);
	rack_down();
}

static const bool no_w2[UPGRADE_HOSTS] = { true, true, true, true, false };
/* Letters as in fake_upgrade.h; all hosts there are well but for what their letters say. */
static const struct {
	const char *hosts, *from, *to, *stored;
	const char *name; /* NULL: nothing at all is found */
	int host;
	enum finding_level level;
	const bool *chosen;
} rows[] = {
	{ "ooooo", "1.34.9", "1.36.2", "1.34.9", "version-skipped", -1, FINDING_ERROR, NULL },
	{ "ooooo", "1.35.6", "1.36.2", "1.36.3", "version-older", -1, FINDING_ERROR, NULL },
	{ "o?ooo", "1.35.6", "1.36.2", "1.35.6", "host-unreachable", 1, FINDING_ERROR, NULL },
	{ "oooo?", "1.35.6", "1.36.2", "1.35.6", "host-unreachable", 4, FINDING_WARNING, NULL },
	/* all is done, and a host that is not of the cluster is not waited for */
	{ "Annnn", "1.35.6", "1.36.2", "1.36.2", NULL, 0, FINDING_ERROR, NULL },
	{ "An-nn", "1.35.6", "1.36.2", "1.36.2", NULL, 0, FINDING_ERROR, NULL },
	{ "jjjjj", "1.35.6", "1.36.2", "1.36.2", NULL, 0, FINDING_ERROR, NULL },
	/* who is left out is not missed, and what has nothing to do is not judged */
	{ "oooo?", "1.35.6", "1.36.2", "1.35.6", "not-looked-at", -1, FINDING_WARNING, no_w2 },
	{ "Annn?", "1.35.6", "1.36.2", "1.36.2", NULL, 0, FINDING_ERROR, no_w2 },
	/* begun: a kubelet that does not run may be of the upgrade */
	{ "ooooo", "1.35.6", "1.36.2", "1.35.6", "kubelet-down", 0, FINDING_ERROR, NULL },
	{ "acooo", "1.35.6", "1.36.2", "1.36.2", "kubelet-down", 0, FINDING_WARNING, NULL },
	{ "dooo-", "1.35.6", "1.36.2", "1.35.6", "kubelet-down", 0, FINDING_WARNING, NULL },
};

static void test_found(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_upgrade u = {
			.hosts = rows[i].hosts, .from = rows[i].from, .to = rows[i].to, .stored = rows[i].stored
		};
		struct findings found = { NULL, 0 };
		struct error err = { 0 };
		int before = test_failures;

		fake_upgrade_open(&u);
		u.w.seen.upgrade.asked = !rows[i].chosen;
		for (int h = 0; h < UPGRADE_HOSTS; h++)
			if (u.w.seen.hosts[h].probed)
				cluster_set(&u.w.seen.hosts[h], "unit.kubelet", h ? "active" : "inactive");
		upgrade_decide(&u.w, &err);
		obstacles_find(&u.w, rows[i].chosen, &found);
		if (rows[i].name)
			CHECK(has(&found, rows[i].name, rows[i].host, rows[i].level));
		else
			CHECK_INT(found.count, 0);
		CHECK(!rows[i].chosen || !has(&found, "host-unreachable", 4, FINDING_WARNING));
		if (test_failures > before) {
			printf("# %s from %s to %s\n", rows[i].hosts, rows[i].from, rows[i].to);
			for (size_t k = 0; k < found.count; k++)
				printf("# %d %d %s: %s\n", found.list[k].host, found.list[k].level, found.list[k].name,
					found.list[k].what);
		}
		findings_release(&found);
		fake_upgrade_close(&u);
	}
}

static const struct test tests[] = {
	{ "the shipped plan asks in its look alone", test_plan },
	{ "what is due, and what has begun", test_found },
};
TEST_MAIN(tests)
