/* `etcd disarm`: an alarm of a lack of space goes when there is space on every member, and nothing else ever does. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

#define MIB ((int64_t)1 << 20)

/* A whole cluster, of which cp2 has raised the alarm, and which was defragmented since. */
static void begin(struct lab *l)
{
	rack_cluster(l);
	for (int i = 0; i < 3; i++)
		l->machines[i].db_size = l->machines[i].db_in_use = 500 * MIB;
	l->machines[1].alarm = "NOSPACE";
}

static void none(struct lab *l)
{
	l->machines[1].alarm = NULL;
}

static void two(struct lab *l)
{
	l->machines[2].alarm = "NOSPACE";
}

static void corrupt(struct lab *l)
{
	l->machines[2].alarm = "CORRUPT";
}

static void unknown_kind(struct lab *l)
{
	l->machines[1].alarm = "SOMETHING";
}

/* A follower that raised nothing, at the quota that etcd has by itself. */
static void full(struct lab *l)
{
	l->machines[2].db_size = 2048 * MIB - 4096;
}

static void larger_quota(struct lab *l)
{
	for (int i = 0; i < 3; i++) {
		l->machines[i].db_size = 3000 * MIB;
		l->machines[i].quota = 8192 * MIB;
	}
}

static void smaller_quota(struct lab *l)
{
	l->machines[0].quota = 510 * MIB;
}

static void no_limit(struct lab *l)
{
	for (int i = 0; i < 3; i++) {
		l->machines[i].db_size = 3000 * MIB;
		l->machines[i].quota = -1;
	}
}

static void one_down(struct lab *l)
{
	l->machines[2].have = "kubelet-conf admin-conf etcd-data";
}

static void no_quorum(struct lab *l)
{
	l->machines[1].have = l->machines[2].have = "kubelet-conf admin-conf etcd-data";
}

static void raised_again(struct lab *l)
{
	l->alarm_stays = true;
}

static void held(struct lab *l)
{
	snprintf(l->machines[0].lock, sizeof(l->machines[0].lock), "r0");
}

static void unsized(struct lab *l)
{
	l->machines[2].db_size = 0;
}

static const struct {
	const char *what;
	void (*prepare)(struct lab *l);
	enum code refusal; /* of cp1; CODE_NONE: it is done */
	const char *left;  /* alarms afterwards, a letter per machine: none, space, corrupt, another */
} rows[] = {
	{ "cleared", NULL, CODE_NONE, "---" },
	{ "two of them", two, CODE_NONE, "---" },
	{ "nothing is raised", none, CODE_NONE, "---" },
	{ "never one of damage, nor beside one", corrupt, REFUSAL_ETCD_UNWELL, "-NC" },
	{ "never one that nobody knows", unknown_kind, REFUSAL_ETCD_UNWELL, "-S-" },
	{ "another member is full", full, REFUSAL_NO_SPACE, "-N-" },
	{ "by the manifest's quota there is space", larger_quota, CODE_NONE, "---" },
	{ "by the manifest's quota there is none", smaller_quota, REFUSAL_NO_SPACE, "-N-" },
	{ "without a limit", no_limit, CODE_NONE, "---" },
	{ "a member is down", one_down, REFUSAL_ETCD_UNWELL, "-N-" },
	{ "without a quorum", no_quorum, REFUSAL_ETCD_UNWELL, "-N-" },
	{ "a size is not known", unsized, REFUSAL_ETCD_UNWELL, "-N-" },
	{ "it is raised again", raised_again, REFUSAL_ETCD_UNWELL, "-N-" },
};

static void run(struct lab *l, struct error *first, unsigned *cleared)
{
	const struct plan *plan = &plans[PLAN_DISARM];
	struct engine_result result;
	struct engine *e;
	struct world w;

	memset(first, 0, sizeof(*first));
	rack_world(&w);
	e = rack_run(l, &w, (struct engine_config){ .steps = plan->steps, .step_count = plan->count }, 31);
	engine_result(e, &result);
	if (result.first)
		*first = *result.first;
	*cleared = (unsigned)w.seen.cleared.count;
	engine_free(e);
	world_release(&w);
}

static void told(const struct lab *l, char out[4])
{
	for (int i = 0; i < 3; i++)
		out[i] = l->machines[i].alarm ? l->machines[i].alarm[0] : '-';
	out[3] = '\0';
}

static void test_rows(void)
{
	rack_up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error first;
		unsigned cleared;
		struct lab l;
		char left[4];
		bool ok;

		begin(&l);
		if (rows[i].prepare)
			rows[i].prepare(&l);
		run(&l, &first, &cleared);
		told(&l, left);
		ok = CHECK_STR(left, rows[i].left);
		ok = CHECK_INT(first.code, rows[i].refusal) && ok;
		ok = CHECK(rows[i].refusal == CODE_NONE || first.hint[0]) && ok;
		if (!ok)
			printf("# %s: %s: %s: %s\n", rows[i].what, first.host, first.step, first.what);
	}
	rack_down();
}

static void test_locked(void)
{
	struct error first;
	unsigned cleared;
	struct lab l;

	rack_up();
	begin(&l);
	held(&l);
	run(&l, &first, &cleared);
	CHECK_INT(first.kind, ERROR_LOCKED);
	CHECK_INT(cleared, 0);
	CHECK_STR(l.machines[1].alarm, "NOSPACE");
	rack_down();
}

static const struct test tests[] = {
	{ "only what a lack of space raised, when there is space", test_rows },
	{ "not while another run has the lock", test_locked },
};
TEST_MAIN(tests)
