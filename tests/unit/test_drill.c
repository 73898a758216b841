/* `drill` over machines that keep what is done to them: one fault at a time, none in a cluster that is not well, and nothing is left of any, whatever becomes of the run. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "cli/wizard.h"
#include "cluster/drill.h"
#include "inventory/inventory.h"
#include "tui/wizard.h"

#include <stdio.h>
#include <string.h>

static const char in_order[] = "w1:worker cp1:vip cp1:api cp2:etcd cp1:etcd-leader cp1:link";

static struct engine *at_work;
static struct cli_run cli;
#define w cli.world

static void begin(struct lab *l)
{
	rack_cluster(l);
	l->applied = true;
	l->leads = 1;
}

/* which: bits of faults; fail_at: the call that fails. Released by over. */
static void run(struct lab *l, unsigned which, bool check_only, unsigned fail_at, enum lab_fault how)
{
	static struct engine_host list[LAB_MACHINES];
	const struct plan *plan = &plans[PLAN_DRILL];
	struct engine_config config = { .steps = plan->steps,
		.step_count = plan->count,
		.check_only = check_only,
		.reconnects = 1,
		.run = "r1",
		.hosts = list,
		.host_count = LAB_MACHINES,
		.world = &w,
		.open = lab_open };
	struct error err = { 0 };

	rack_world(&w);
	w.wish.verify_ms = 300;
	w.wish.take_lock = !check_only;
	w.wish.drill = which;
	for (int i = 0; i < LAB_MACHINES; i++)
		list[i] =
			(struct engine_host){ rack_inventory->hosts[i].name, i < 3 ? ROLE_CONTROL_PLANE : ROLE_WORKER };
	lab_run(l, &w, fail_at, how);
	at_work = engine_new(&config);
	engine_no_questions(at_work);
	CHECK_INT(engine_start(at_work, &err), 0);
	while (engine_wait(at_work, -1, 1000))
		continue;
}

static void over(void)
{
	engine_free(at_work);
	world_release(&w);
}

/* Of all faults, a letter each: - not asked, left Out, due, Done, Failed. */
static const char *states(void)
{
	static char out[DRILL_FAULTS + 1];

	for (int f = 0; f < DRILL_FAULTS; f++)
		out[f] = "-OdDF"[w.seen.drill.cases[f].state];
	return out;
}

static const struct error *error_of(int host)
{
	static const struct error none;
	const struct error *e = engine_host_error(at_work, host);

	return e ? e : &none;
}

/* Nothing is under way on a machine that can still be reached. */
static bool nothing_left(const struct lab *l)
{
	for (int i = 0; i < LAB_MACHINES; i++)
		if (i != l->dead && (l->machines[i].fault[0] || l->machines[i].measures))
			return false;
	return true;
}

/* The same for the page of the wizard. */
static void page(void)
{
	struct port_drill seen;

	cli.inventory = rack_inventory;
	cli.engine = at_work;
	cli_wizard_drill(&cli, &seen);
	CHECK_INT(seen.count, DRILL_FAULTS);
	CHECK_INT(seen.error.kind, ERROR_NONE);
	CHECK_STR(seen.list[DRILL_VIP].host, "cp1");
	CHECK_STR(seen.list[DRILL_VIP].result, "waited: writes 2.4 s, reads 1.9 s");
	CHECK(seen.list[DRILL_VIP].expected && !seen.list[DRILL_WORKER].expected);
	CHECK(strstr(seen.list[DRILL_WORKER].text, "the Node was seen not Ready after ") != NULL);
	CHECK(strstr(seen.list[DRILL_LINK].text, "writes: 50, 2 of them failed") != NULL);
	CHECK(strstr(seen.list[DRILL_LINK].text, "written and read from cp2") != NULL);
	port_drill_release(&seen);
	CHECK_INT(cli_drill_bits("vip etcd-leader"), 1u << DRILL_VIP | 1u << DRILL_LEADER);
	CHECK_INT(cli_drill_bits("lightning"), 0);
}

static void test_all(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	run(&l, 0, false, 0, LAB_LOST);
	CHECK_STR(l.drills, in_order);
	CHECK_STR(states(), "DDDDDD");
	CHECK(nothing_left(&l));
	for (int f = 0; f < DRILL_FAULTS; f++) {
		const struct drill_case *c = &w.seen.drill.cases[f];

		CHECK_INT(c->measures, c->host == 0 ? 1 : 0);
		CHECK_INT(c->measured.writes, 50);
		CHECK_INT(c->measured.read_pause_ms, 1900);
		CHECK(drill_as_expected((enum drill_fault)f, &c->measured) == (f != DRILL_WORKER));
	}
	CHECK(w.seen.drill.cases[DRILL_WORKER].noticed_ms > 0);
	for (int i = 0; i < LAB_MACHINES; i++) {
		CHECK_STR(error_of(i)->what, "");
		CHECK_STR(l.machines[i].lock, "");
	}
	page();
	over();
	rack_down();
}

/* A look makes none; and of those with a name the others are not made. */
static void test_some(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	run(&l, 0, true, 0, LAB_LOST);
	CHECK_STR(l.drills, "");
	CHECK_STR(states(), "dddddd");
	over();
	run(&l, 1u << DRILL_LEADER | 1u << DRILL_WORKER, false, 0, LAB_LOST);
	CHECK_STR(l.drills, "w1:worker cp1:etcd-leader");
	CHECK_STR(states(), "D---D-");
	over();
	/* who leads and holds the address is not a member that follows */
	memset(l.drills, 0, sizeof(l.drills));
	l.leads = 3;
	run(&l, 1u << DRILL_ETCD | 1u << DRILL_LEADER, false, 0, LAB_LOST);
	CHECK_STR(l.drills, "cp1:etcd cp3:etcd-leader");
	over();
	memset(l.drills, 0, sizeof(l.drills));
	l.no_filter = true;
	run(&l, 1u << DRILL_API | 1u << DRILL_LINK, false, 0, LAB_LOST);
	CHECK_STR(l.drills, "cp1:api");
	CHECK_STR(states(), "--D--O");
	CHECK(strstr(w.seen.drill.cases[DRILL_LINK].why->what, "nft is not on every control plane") != NULL);
	over();
	rack_down();
}

static void mute(struct lab *l)
{
	l->machines[2].have = "kubelet-conf admin-conf etcd-data";
}

static void not_ready(struct lab *l)
{
	l->machines[4].silent = true;
}

static void unreached(struct lab *l)
{
	l->out_of_sight = 1u << 2;
}

static void held(struct lab *l)
{
	for (int i = 0; i < 3; i++)
		snprintf(l->machines[i].lock, sizeof(l->machines[i].lock), "r0");
}

static const struct {
	void (*prepare)(struct lab *l);
	const char *what; /* one of the hosts says so */
} refused[] = {
	{ mute, "the cluster is not well, so no fault is made in it: etcd member cp3: does not answer" },
	{ not_ready, "Node w2 is not Ready" },
	{ unreached, "cp3 was not looked at, and no fault is made without all control planes" },
	{ held, "locked by another run" },
};

static void test_refused(void)
{
	rack_up();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		bool said = false;
		struct lab l;

		begin(&l);
		refused[i].prepare(&l);
		run(&l, 0, false, 0, LAB_LOST);
		CHECK_STR(l.drills, "");
		for (int h = 0; h < LAB_MACHINES; h++)
			said = said || strstr(error_of(h)->what, refused[i].what);
		CHECK(said);
		for (int h = 0; !said && h < LAB_MACHINES; h++)
			printf("# %s: %s\n", refused[i].what, error_of(h)->what);
		over();
	}
	rack_down();
}

/* What is not well after a fault keeps the next one from being made. */
static void breaks(struct lab *l, int machine, const char *fault)
{
	(void)machine;
	if (strcmp(fault, "api") == 0)
		l->machines[2].have = "kubelet-conf admin-conf etcd-data";
}

static void test_stops(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	l.on_drill = breaks;
	run(&l, 0, false, 0, LAB_LOST);
	CHECK_STR(l.drills, "w1:worker cp1:vip cp1:api");
	CHECK_STR(states(), "DDFddd");
	CHECK(nothing_left(&l));
	over();
	/* neither when nobody can write before it */
	begin(&l);
	l.never_again = true;
	run(&l, 0, false, 0, LAB_LOST);
	CHECK_STR(l.drills, "");
	CHECK_STR(states(), "Fddddd");
	CHECK(nothing_left(&l));
	over();
	begin(&l);
	l.writes_lost = "3";
	run(&l, 1u << DRILL_API, false, 0, LAB_LOST);
	CHECK_INT(w.seen.drill.cases[DRILL_API].measured.lost, 3);
	CHECK(!drill_as_expected(DRILL_API, &w.seen.drill.cases[DRILL_API].measured));
	over();
	begin(&l);
	l.writes_lost = "300";
	run(&l, 1u << DRILL_API, false, 0, LAB_LOST);
	CHECK_STR(states(), "--F---");
	CHECK_INT(w.seen.drill.cases[DRILL_API].why->kind, ERROR_PROTOCOL);
	over();
	rack_down();
}

static void cancel(struct lab *l, int machine, const char *fault)
{
	(void)machine;
	(void)fault;
	(void)l;
	engine_command(at_work, ENGINE_CANCEL, -1);
}

static void test_cancelled(void)
{
	rack_up();
	for (int f = 0; f < DRILL_FAULTS; f++) {
		struct lab l;

		begin(&l);
		l.on_drill = cancel;
		run(&l, 1u << f, false, 0, LAB_LOST);
		CHECK(l.drills[0]);
		CHECK(nothing_left(&l));
		for (int i = 0; i < LAB_MACHINES; i++)
			CHECK_STR(l.machines[i].lock, "");
		over();
	}
	rack_down();
}

/* Each call to a host is struck once: nothing is left on a machine that can be reached, and nobody waits for ever. */
static void test_struck(void)
{
	static const enum lab_fault hows[] = { LAB_ERROR, LAB_ONCE, LAB_LOST };
	/* who is lost is waited for, some seconds each time */
	static const unsigned every[] = { 5, 11, 29 };

	rack_up();
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		unsigned at = 1, calls;
		struct lab l;

		do {
			begin(&l);
			run(&l, 1u << DRILL_VIP | 1u << DRILL_WORKER, false, at, hows[i]);
			calls = l.calls;
			if (!CHECK(nothing_left(&l)))
				printf("# struck at call %u by %d\n", at, (int)hows[i]);
			over();
			at += TEST_STEP * every[i];
		} while (at <= calls);
	}
	rack_down();
}

/* ---- the sums --------------------------------------------------------------------------------------------------------- */

static struct inventory *inventory_of(unsigned control_planes, unsigned workers, bool vip)
{
	struct str yaml = STR_INIT;
	struct error err = { 0 };
	struct inventory *inv;

	str_addf(&yaml, "cluster: c\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\n%shosts:\n",
		vip ? "endpoint: {vip: 10.0.0.100}\n" : "endpoint: {host: k8s.example.org}\n");
	for (unsigned i = 0; i < control_planes + workers; i++)
		str_addf(&yaml, "  - {name: h%u, address: 10.0.0.%u, role: %s}\n", i, i + 1,
			i < control_planes ? "control-plane" : "worker");
	inv = inventory_parse("-", yaml.buf, yaml.len, NULL, 0, NULL, &err);
	if (!CHECK(inv != NULL))
		printf("# %s\n", err.what);
	str_release(&yaml);
	return inv;
}

/* Per fault: y it can be made, n not. */
static const struct {
	unsigned control_planes, workers;
	bool vip;
	unsigned voters;
	const char *possible;
} sums[] = {
	{ 3, 2, true, 3, "yyyyyy" },
	{ 3, 2, false, 3, "ynyyyy" },
	{ 3, 0, true, 3, "nyyyyy" },
	{ 5, 1, true, 4, "yyyyyy" },
	{ 2, 1, true, 2, "yyynnn" },
	{ 3, 1, true, 2, "yyynnn" },
	{ 3, 1, true, 0, "yyynnn" },
	{ 1, 1, true, 1, "ynnnnn" },
};

static void test_left(void)
{
	char out[160];

	drill_left_words("ended vip", out, sizeof(out));
	CHECK_STR(out, "ended what a drill that was cut off had begun here: vip");
	drill_left_words("left link", out, sizeof(out));
	CHECK_STR(out, "what a drill that was cut off has begun here cannot be ended: link; the host tries by itself");
	drill_left_words("", out, sizeof(out));
	CHECK_STR(out, "");
	drill_left_words(NULL, out, sizeof(out));
	CHECK_STR(out, "");
}

static void test_possible(void)
{
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		struct inventory *inv = inventory_of(sums[i].control_planes, sums[i].workers, sums[i].vip);
		char got[DRILL_FAULTS + 1] = { 0 };

		for (int f = 0; f < DRILL_FAULTS; f++) {
			struct error why = { 0 };

			got[f] = drill_possible(inv, (enum drill_fault)f, sums[i].voters, &why) ? 'n' : 'y';
			CHECK((got[f] == 'n') == (why.kind != ERROR_NONE));
		}
		CHECK_STR(got, sums[i].possible);
		inventory_free(inv);
	}
	CHECK_INT(drill_find("etcd-leader"), DRILL_LEADER);
	CHECK_INT(drill_find("etcd"), DRILL_ETCD);
	CHECK_INT(drill_find(""), DRILL_FAULTS);
}

static const struct test tests[] = {
	{ "drill: all faults, in their order", test_all },
	{ "drill: a look, some, and what a host lacks", test_some },
	{ "drill: none in a cluster that is not well", test_refused },
	{ "drill: nothing after one that went wrong", test_stops },
	{ "drill: cancelled in the middle of each", test_cancelled },
	{ "drill: each call struck", test_struck },
	{ "drill: what one that was cut off has left", test_left },
	{ "drill: what a cluster can do without", test_possible },
};

TEST_MAIN(tests)
