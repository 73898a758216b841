/* `etcd defrag` over machines that keep what is done to them: one member after the other, the leader last, and none while another one is not well. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

#define MIB ((int64_t)1 << 20)

/* A whole cluster, whose members have half of their databases to gain. */
static void begin(struct lab *l)
{
	rack_cluster(l);
	for (int i = 0; i < 3; i++) {
		l->machines[i].db_size = 100 * MIB;
		l->machines[i].db_in_use = 50 * MIB;
		l->machines[i].room_kb = 1 << 20;
	}
}

struct ending {
	struct error host[LAB_MACHINES]; /* kind ERROR_NONE: not set aside */
	char states[LAB_MACHINES + 1];   /* of the members, a letter each: - none, due, little, Done */
	bool cancelled;
};

static struct engine *at_work;

/* Its hosts by a bit mask. */
static void run(struct lab *l, unsigned hosts, bool check_only, struct ending *out)
{
	static struct engine_host list[LAB_MACHINES];
	const struct plan *plan = &plans[PLAN_DEFRAG];
	struct engine_config config = { .steps = plan->steps,
		.step_count = plan->count,
		.check_only = check_only,
		.run = "r1",
		.hosts = list,
		.host_count = LAB_MACHINES,
		.open = lab_open };
	struct engine_result result;
	struct error err = { 0 };
	struct world w;

	rack_world(&w);
	w.wish.verify_ms = 300;
	w.wish.take_lock = !check_only;
	for (int i = 0; i < LAB_MACHINES; i++)
		list[i] = (struct engine_host){ rack_inventory->hosts[i].name, !(hosts & 1u << i) ? 0
									       : i < 3            ? ROLE_CONTROL_PLANE
												  : ROLE_WORKER };
	config.world = &w;
	lab_run(l, &w, 0, LAB_LOST);
	at_work = engine_new(&config);
	engine_no_questions(at_work);
	CHECK_INT(engine_start(at_work, &err), 0);
	while (engine_wait(at_work, -1, 1000))
		continue;
	memset(out, 0, sizeof(*out));
	engine_result(at_work, &result);
	out->cancelled = result.cancelled;
	for (int i = 0; i < LAB_MACHINES; i++) {
		if (engine_host_error(at_work, i))
			out->host[i] = *engine_host_error(at_work, i);
		out->states[i] = "-dlD"[w.seen.defrag[i].state];
		if (w.seen.defrag[i].state == DEFRAG_DONE)
			CHECK(w.seen.defrag[i].before == 100 * MIB &&
				w.seen.defrag[i].after == l->machines[i].db_in_use);
	}
	engine_free(at_work);
	world_release(&w);
	for (int i = 0; i < LAB_MACHINES && !check_only && l->dead < 0 && !l->off; i++)
		CHECK(strcmp(l->machines[i].lock, "r1") != 0);
}

static void set_aside(const struct ending *o, char out[LAB_MACHINES + 1])
{
	for (int i = 0; i < LAB_MACHINES; i++)
		out[i] = o->host[i].kind == ERROR_NONE            ? '.'
			 : o->host[i].code == REFUSAL_ETCD_UNWELL ? 'u'
			 : o->host[i].code == REFUSAL_DEFRAG      ? 's'
			 : o->host[i].code == REFUSAL_NO_ROOM     ? 'r'
			 : o->host[i].kind == ERROR_CONNECT       ? 'c'
								  : 'x';
	out[LAB_MACHINES] = '\0';
}

/* ---- rows ------------------------------------------------------------------------------------------------------------- */

static void second_leads(struct lab *l)
{
	l->leads = 2;
}

/* The first leads; while the second is at it the third takes the lead, which is then the last. */
static void lead_moves(struct lab *l, int machine)
{
	if (machine == 1)
		l->leads = 3;
}

static void moving(struct lab *l)
{
	l->on_defrag = lead_moves;
}

/*
 * The first leads, and the second is done. When all were looked at after that the third takes the lead: only its own
 * look shows that.
 */
static void lead_taken(struct lab *l, int machine)
{
	if (strcmp(l->defrags, "1") == 0 && machine == 2)
		l->leads = 3;
}

static void moving_unseen(struct lab *l)
{
	l->on_read = lead_taken;
}

/* The same, and after that look the first leads again, while the third has yet to be done. */
static void lead_comes_and_goes(struct lab *l, int machine)
{
	if (strcmp(l->defrags, "1") == 0 && machine == 2)
		l->leads = l->leads ? 1 : 3;
}

static void never_calm(struct lab *l)
{
	l->on_read = lead_comes_and_goes;
}

/* The lead goes to one that was done already, so that nobody has to wait. */
static void lead_moves_back(struct lab *l, int machine)
{
	if (machine == 0)
		l->leads = 1;
}

static void moving_back(struct lab *l)
{
	l->leads = 3;
	l->on_defrag = lead_moves_back;
}

static void little(struct lab *l)
{
	l->machines[1].db_in_use = 97 * MIB;
	l->machines[2].db_in_use = 80 * MIB;
	l->machines[2].db_size = 83 * MIB;
}

static void little_and_full(struct lab *l)
{
	for (int i = 0; i < 3; i++)
		l->machines[i].db_in_use = 95 * MIB;
	l->machines[1].alarm = "NOSPACE";
}

static void not_little(struct lab *l)
{
	for (int i = 0; i < 3; i++)
		l->machines[i].db_in_use = 95 * MIB;
}

static void full(struct lab *l)
{
	l->machines[1].alarm = "NOSPACE";
}

static void corrupt(struct lab *l)
{
	l->machines[1].alarm = "CORRUPT";
}

static void learner(struct lab *l)
{
	l->machines[2].member = LAB_LEARNER;
}

static void etcd_down(struct lab *l)
{
	l->machines[2].have = "kubelet-conf admin-conf etcd-data";
}

static void other_version(struct lab *l)
{
	l->machines[2].etcd_version = "3.5.26";
}

/* Defragmented by somebody else, maybe: it says how it is all the same. */
static void mute(struct lab *l)
{
	l->machines[2].mute = true;
}

static void out_of_sight(struct lab *l)
{
	l->out_of_sight = 1u << 1;
}

static void no_room(struct lab *l)
{
	l->machines[1].room_kb = 60 * 1024;
}

static void held(struct lab *l)
{
	for (int i = 0; i < 3; i++)
		snprintf(l->machines[i].lock, sizeof(l->machines[i].lock), "r0");
}

static void stays_down(struct lab *l, int machine)
{
	if (machine == 1)
		l->machines[1].have = "kubelet-conf admin-conf etcd-data";
}

static void never_back(struct lab *l)
{
	l->on_defrag = stays_down;
}

static void stays_mute(struct lab *l, int machine)
{
	l->machines[machine].mute = true;
}

static void never_serves(struct lab *l)
{
	l->on_defrag = stays_mute;
}

/* Each in a cluster of its own. */
static const struct {
	const char *what;
	void (*prepare)(struct lab *l);
	unsigned hosts;
	const char *order, *aside, *states;
} rows[] = {
	{ "the leader last", NULL, 31, "120", ".....", "DDD--" },
	{ "another leader", second_leads, 31, "021", ".....", "DDD--" },
	{ "a leader that changes meanwhile", moving, 31, "102", ".....", "DDD--" },
	{ "a leader that changes after the last look", moving_unseen, 31, "102", ".....", "DDD--" },
	{ "a lead that comes and goes: one is left", never_calm, 31, "12", ".....", "dDD--" },
	{ "a lead that moves to one that is done", moving_back, 31, "012", ".....", "DDD--" },
	{ "only some", NULL, 1 | 4, "20", ".....", "D-D--" },
	{ "little to gain", little, 31, "0", ".....", "Dll--" },
	{ "every byte counts", little_and_full, 31, "120", ".....", "DDD--" },
	{ "a twentieth is little", not_little, 31, "", ".....", "lll--" },
	{ "a full one", full, 31, "120", ".....", "DDD--" },
	{ "a corrupt one", corrupt, 31, "", "uxx..", "-----" },
	{ "a learner", learner, 31, "", "uxx..", "-----" },
	{ "a member that is down", etcd_down, 31, "", "uxx..", "-----" },
	{ "versions that differ", other_version, 31, "", "uxx..", "-----" },
	{ "one that does not serve", mute, 31, "", "sus..", "ddd--" },
	{ "a host out of sight, whose member is well", out_of_sight, 31, "20", ".c...", "D-D--" },
	{ "a disk without room", no_room, 31, "20", ".r...", "DdD--" },
	{ "another run has the lock", held, 31, "", "xxx..", "-----" },
	{ "a member that does not come back", never_back, 31, "1", "sus..", "ddd--" },
	{ "a member that serves nobody afterwards", never_serves, 31, "1", "sus..", "ddd--" },
};

static void test_rows(void)
{
	rack_up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char aside[LAB_MACHINES + 1];
		struct ending out;
		struct lab l;
		bool ok;

		begin(&l);
		if (rows[i].prepare)
			rows[i].prepare(&l);
		run(&l, rows[i].hosts, false, &out);
		set_aside(&out, aside);
		ok = CHECK_STR(l.defrags, rows[i].order);
		ok = CHECK_STR(aside, rows[i].aside) && ok;
		ok = CHECK_STR(out.states, rows[i].states) && ok;
		for (int h = 0; !ok && h < LAB_MACHINES; h++)
			printf("# %s: host %d: %s: %s\n", rows[i].what, h, out.host[h].step, out.host[h].what);
	}
	rack_down();
}

/* ---- looked at, interrupted, run again -------------------------------------------------------------------------------- */

static void test_look(void)
{
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l);
	little(&l);
	run(&l, 31, true, &out);
	CHECK_STR(l.defrags, "");
	CHECK_STR(out.states, "dll--");
	rack_down();
}

/* Ctrl-C while the second machine is at it. */
static void leave(struct lab *l, int machine)
{
	(void)l;
	if (machine == 1)
		engine_command(at_work, ENGINE_LEAVE, -1);
}

static void lose(struct lab *l, int machine)
{
	if (machine == 1)
		l->dead = 1;
}

/* What is under way ends well, nothing more begins, and what was done is not done again. */
static void test_left(void)
{
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l);
	l.on_defrag = leave;
	run(&l, 31, false, &out);
	CHECK_STR(l.defrags, "1");
	CHECK_STR(out.states, "dDd--");
	CHECK(out.cancelled);
	l.on_defrag = NULL;
	run(&l, 31, false, &out);
	CHECK_STR(l.defrags, "120");
	CHECK_STR(out.states, "DlD--");
	rack_down();
}

/* The connection to a host is lost while its member is at it: no other one is touched, and the next run continues. */
static void test_cut(void)
{
	char aside[LAB_MACHINES + 1];
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l);
	l.on_defrag = lose;
	run(&l, 31, false, &out);
	set_aside(&out, aside);
	CHECK_STR(l.defrags, "1");
	CHECK_STR(aside, "scs..");
	l.on_defrag = NULL;
	snprintf(l.machines[1].lock, sizeof(l.machines[1].lock), "%s", "");
	run(&l, 31, false, &out);
	CHECK_STR(l.defrags, "120");
	CHECK_STR(out.states, "DlD--");
	rack_down();
}

/* A cluster of one: its member leads, and is done all the same. */
static void test_single(void)
{
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l);
	for (int i = 1; i < 3; i++)
		fake_blank(&l.machines[i]), l.machines[i].member = LAB_NO_MEMBER;
	run(&l, 1, false, &out);
	CHECK_STR(l.defrags, "0");
	CHECK_STR(out.states, "D----");
	rack_down();
}

static const struct test tests[] = {
	{ "one after the other, and none while one is not well", test_rows },
	{ "the look changes nothing", test_look },
	{ "left, and run again", test_left },
	{ "cut, and run again", test_cut },
	{ "a single member", test_single },
};
TEST_MAIN(tests)
