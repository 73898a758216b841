/*
 * The shipped plan over machines that keep what is done to them: the n-th remote call of an installation fails, for every n, and afterwards a clean run
 * makes the cluster. Each point runs in a process of its own, several at once, because most of them wait for a connection to be tried again.
 */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "base/secret.h"
#include "inventory/inventory.h"
#include "net/net.h"

#define AT_ONCE 8
#define POINT_SECONDS (TEST_SECONDS / 2)

/* ---- one run ------------------------------------------------------------------------------------------------------- */

struct heard {
	struct engine_result result;
	struct error first;
	bool failed;
	unsigned voters;
	bool gone; /* the host that is removed */
};

/* TORTURE=all: each call both ways, and each loses its connection once. It takes its time. TORTURE=43 runs the 43rd call's point alone, and shows what happens in it. */
static bool thorough(void)
{
	return getenv("TORTURE") && strcmp(getenv("TORTURE"), "all") == 0;
}

static unsigned only(void)
{
	return getenv("TORTURE") ? (unsigned)atoi(getenv("TORTURE")) : 0;
}

/* Which control plane lost its disk after the cluster was made, and is to join again in the runs that follow; -1: none. */
static int lost = -1;
static bool rejoining, looking; /* looking: the run changes nothing */
/* Which host is removed in the runs that follow; -1: none. */
static int removed = -1;
static bool removing, force;

static const struct plan *plan(void)
{
	return &plans[removing ? PLAN_REMOVE : rejoining ? PLAN_REJOIN : PLAN_INSTALL];
}

static void tell(const struct event *ev, void *ctx)
{
	(void)ctx;
	printf("# %5d ms %d %s %s %s %s\n", (int)ev->at_ms, ev->host, event_kind_name(ev->kind),
		ev->step >= 0 ? plan()->steps[ev->step].name : "", ev->text ? ev->text : "",
		ev->error ? ev->error->what : "");
}

/* Words are never alone: a code says the same to programs. */
static void coded(const struct event *ev, void *ctx)
{
	(void)ctx;
	if ((ev->kind == EVENT_STEP_STARTED || ev->kind == EVENT_NOTICE) && ev->text && !CHECK(ev->code != CODE_NONE))
		printf("# without a code: %s\n", ev->text);
}

/* A new disk: the cluster still knows the machine. */
static void wipe(struct machine *m)
{
	fake_blank(m);
	m->lock[0] = '\0';
}

static void run(
	struct lab *l, const char *id, const char *dead_runs, unsigned fail_at, enum lab_fault fault, struct heard *o)
{
	bool again[LAB_MACHINES] = { false }, leave[LAB_MACHINES] = { false };
	struct engine_host hosts[LAB_MACHINES];
	struct engine_config config = { .run = id,
		.steps = plan()->steps,
		.step_count = plan()->count,
		.hosts = hosts,
		.host_count = LAB_MACHINES,
		.world = NULL,
		.open = lab_open,
		.mask = mask_new(),
		.check_only = looking,
		.reconnects = 1 };
	struct error err = { 0 };
	struct engine *e;
	struct world w;
	char pki[96], kubeconfig[96], snapshots[96];

	world_init(&w, rack_inventory, release_find("1.36.2"));
	snprintf(pki, sizeof(pki), "%s/pki", rack_dir);
	snprintf(kubeconfig, sizeof(kubeconfig), "%s/conf.%d", rack_dir, (int)getpid());
	if (rejoining)
		again[lost] = true;
	if (removing)
		leave[removed] = true;
	w.wish.rejoin = again;
	w.wish.leave = removing ? leave : NULL;
	w.wish.force = force;
	w.wish.drain_timeout_s = 2;
	w.wish.run = id;
	w.wish.owner = "a@b pid 1";
	w.wish.machine = "m";
	w.wish.dead_runs = dead_runs;
	w.wish.store_dir = pki;
	w.wish.kubeconfig = kubeconfig;
	snprintf(snapshots, sizeof(snapshots), "%s/snapshots.%d", rack_dir, (int)getpid());
	w.wish.snapshots_dir = snapshots;
	w.wish.cni_manifest = "image: example.com/cni:1\n";
	w.pki.store = pki_store_open(pki, NULL, &err);
	for (int i = 0; i < LAB_MACHINES; i++)
		hosts[i] = (struct engine_host){ rack_inventory->hosts[i].name,
			rack_inventory->hosts[i].role == INVENTORY_CONTROL_PLANE ? ROLE_CONTROL_PLANE : ROLE_WORKER };
	config.world = &w;
	lab_run(l, &w, fail_at, fault);
	e = engine_new(&config);
	engine_no_questions(e);
	engine_observe(e, coded, NULL);
	if (only())
		engine_observe(e, tell, NULL);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	engine_result(e, &o->result);
	o->failed = o->result.first != NULL;
	if (o->failed)
		o->first = *o->result.first;
	o->result.first = NULL;
	o->voters = w.seen.quorum.voters;
	o->gone = removed >= 0 && w.seen.gone[removed];
	engine_free(e);
	world_release(&w);
	mask_free(config.mask);
}

static const char *run_error(const struct heard *o)
{
	static char line[1100];

	snprintf(line, sizeof(line), "%s %s: %s: %s | %s", error_kind_name(o->first.kind), o->first.host, o->first.step,
		o->first.what, o->first.hint);
	return line;
}

/* The cluster stands, whole. */
static void converged(struct lab *l, const struct heard *o)
{
	if (!CHECK(!o->failed))
		printf("# %s\n", run_error(o));
	CHECK_INT(o->result.hosts_aside, 0);
	CHECK_INT(o->voters, 3);
	CHECK(l->applied);
	for (int i = 0; i < LAB_MACHINES; i++) {
		CHECK(l->machines[i].node);
		CHECK_INT(l->machines[i].member, i < 3 ? LAB_VOTER : LAB_NO_MEMBER);
		CHECK_STR(l->machines[i].lock, "");
	}
}

/* What an operator can work with. */
static void sound_error(const struct heard *o)
{
	bool wants_hint = o->first.kind != ERROR_INTERNAL && o->first.kind != ERROR_CANCELLED;

	if (!CHECK(o->first.kind != ERROR_NONE && o->first.kind != ERROR_INTERNAL && o->first.host[0] &&
		    o->first.step[0] && o->first.what[0] && (o->first.hint[0] || !wants_hint)))
		printf("# %s\n", run_error(o));
}

/* A whole cluster, of which one control plane loses its disk. Apply does not guess what became of it; rejoin is given its name. */
static void lose_one(struct lab *l)
{
	struct heard o = { 0 };

	run(l, "r0", "", 0, LAB_LOST, &o);
	converged(l, &o);
	wipe(&l->machines[lost]);
	memset(&o, 0, sizeof(o));
	run(l, "ra", "r0", 0, LAB_LOST, &o);
	if (!CHECK(o.failed && strstr(o.first.hint, "kubewright rejoin cp")))
		printf("# %s\n", run_error(&o));
	rejoining = true;
}

/* The host is out, and blank; the others are as they were, and count no more on it. */
static void left_over(struct lab *l, const struct heard *o)
{
	const struct machine *m = &l->machines[removed];

	if (!CHECK(!o->failed))
		printf("# %s\n", run_error(o));
	CHECK(o->gone);
	CHECK_INT(o->voters, removed < 3 ? 2 : 3);
	CHECK(!m->node && m->member == LAB_NO_MEMBER && !m->pods && !*m->have && !m->packages && !m->keepalived);
	for (int i = 0; i < LAB_MACHINES; i++) {
		CHECK_STR(l->machines[i].lock, "");
		if (i == removed)
			continue;
		CHECK(l->machines[i].node && !l->machines[i].cordoned);
		CHECK_INT(l->machines[i].member, i < 3 ? LAB_VOTER : LAB_NO_MEMBER);
	}
}

static void stand_up(struct lab *l)
{
	struct heard o = { 0 };

	run(l, "r0", "", 0, LAB_LOST, &o);
	converged(l, &o);
	l->machines[removed].pods = 2;
	l->refuses = true;
	removing = true;
}

/* ---- points -------------------------------------------------------------------------------------------------------- */

static void whole(struct lab *l, const struct heard *o)
{
	if (removing)
		left_over(l, o);
	else
		converged(l, o);
}

/* How many calls more or less a run makes: it asks again until something is so, and that takes as long as it takes. */
#define ASKS 8

static void point(unsigned n, enum lab_fault fault)
{
	struct heard bad = { 0 }, good = { 0 };
	struct lab l;
	bool reached;

	alarm(POINT_SECONDS);
	lab_init(&l, rack_inventory, rack_store, rack_tls);
	if (lost >= 0)
		lose_one(&l);
	if (removed >= 0)
		stand_up(&l);
	run(&l, "r1", "", n, fault, &bad);
	reached = l.calls >= n;
	CHECK(l.calls + ASKS >= n && (reached || !bad.failed));
	if (bad.failed)
		sound_error(&bad);
	else
		whole(&l, &bad);
	/* whom it can still reach it leaves without a lock */
	for (int i = 0; i < LAB_MACHINES; i++)
		if (fault != LAB_ERROR && i != l.dead && !CHECK_STR(l.machines[i].lock, ""))
			printf("# %s: %s\n", rack_inventory->hosts[i].name, run_error(&bad));
	if (reached && (fault == LAB_LOST || fault == LAB_LOST_AFTER))
		CHECK(bad.failed);
	else if (fault == LAB_ONCE && !CHECK(!bad.failed))
		printf("# %s\n", run_error(&bad));
	/* power is back */
	l.off = 0;
	run(&l, "r2", "r1", 0, fault, &good);
	whole(&l, &good);
	pthread_mutex_destroy(&l.lock);
}

/* Calls of a control plane's way back that goes well. */
static unsigned good_rejoin(void)
{
	struct heard o = { 0 };
	struct lab l;
	unsigned calls;

	lab_init(&l, rack_inventory, rack_store, rack_tls);
	lose_one(&l);
	looking = true;
	run(&l, "r0", "", 0, LAB_LOST, &o);
	looking = false;
	if (!CHECK(!o.failed && o.result.would > 0))
		printf("# %s\n", run_error(&o));
	memset(&o, 0, sizeof(o));
	/* the lab's hosts are locked by those who look */
	run(&l, "r1", "r0", 0, LAB_LOST, &o);
	converged(&l, &o);
	CHECK_INT(l.inits, 1);
	CHECK_STR(l.token, ""); /* nobody joins with it any more */
	calls = l.calls;
	rejoining = false;
	memset(&o, 0, sizeof(o));
	run(&l, "r2", "", 0, LAB_LOST, &o);
	converged(&l, &o);
	CHECK_INT(o.result.changed, LAB_MACHINES); /* the locks, given back */
	printf("# back again: %u remote calls\n", calls);
	pthread_mutex_destroy(&l.lock);
	return calls;
}

/* Calls of a removal that goes well. */
static unsigned good_remove(void)
{
	struct heard o = { 0 };
	struct lab l;
	unsigned calls;

	lab_init(&l, rack_inventory, rack_store, rack_tls);
	stand_up(&l);
	run(&l, "r1", "", 0, LAB_LOST, &o);
	left_over(&l, &o);
	calls = l.calls;
	memset(&o, 0, sizeof(o));
	run(&l, "r2", "", 0, LAB_LOST, &o);
	left_over(&l, &o);
	removing = false;
	printf("# out: %u remote calls\n", calls);
	pthread_mutex_destroy(&l.lock);
	return calls;
}

/* Calls of an installation that goes well. */
static unsigned good_run(unsigned *again_execs)
{
	struct heard o = { 0 };
	struct lab l;
	unsigned calls;

	lab_init(&l, rack_inventory, rack_store, rack_tls);
	run(&l, "r1", "", 0, LAB_LOST, &o);
	converged(&l, &o);
	CHECK_INT(l.inits, 1);
	CHECK_INT(l.begun, 3); /* images of control planes, beside what else these get */
	calls = l.calls;
	printf("# an installation: %u remote calls, %u of them execs\n", l.calls, l.execs);
	memset(&o, 0, sizeof(o));
	run(&l, "r2", "", 0, LAB_LOST, &o);
	converged(&l, &o);
	CHECK_INT(o.result.changed, LAB_MACHINES); /* the locks, given back */
	CHECK_INT(l.begun, 3);
	*again_execs = l.execs;
	printf("# again: %u remote calls, %u of them execs\n", l.calls, l.execs);
	pthread_mutex_destroy(&l.lock);
	return calls;
}

static void reap(unsigned *running, pid_t *pids, unsigned *numbers)
{
	int status;
	pid_t pid = wait(&status);

	for (unsigned i = 0; i < AT_ONCE; i++)
		if (pids[i] == pid) {
			pids[i] = 0;
			if (!CHECK(status == 0))
				printf("# call %u: status 0x%x\n", numbers[i], (unsigned)status);
			(*running)--;
		}
}

/* The n-th point's fault is a for an odd n, b for an even one. */
static void series(enum lab_fault a, enum lab_fault b, unsigned step)
{
	pid_t pids[AT_ONCE] = { 0 };
	unsigned numbers[AT_ONCE], running = 0, execs, points, made = 0;
	int before;

	if (!thorough() && step < TEST_STEP)
		step = TEST_STEP;
	rack_up();
	points = removed >= 0 ? good_remove() : lost >= 0 ? good_rejoin() : good_run(&execs);
	before = test_failures;
	for (unsigned n = only() ? only() : 1; n <= points && test_failures < before + 5; n += step) {
		unsigned slot = 0;

		while (running == AT_ONCE)
			reap(&running, pids, numbers);
		while (pids[slot])
			slot++;
		fflush(stdout);
		numbers[slot] = n;
		pids[slot] = fork();
		if (pids[slot] == 0) {
			test_failures = 0;
			point(n, n % 2 ? a : b);
			fflush(stdout);
			exit(test_failures ? 1 : 0);
		}
		running++;
		made++;
		if (only())
			break;
	}
	while (running)
		reap(&running, pids, numbers);
	printf("# %u points\n", made);
	rack_down();
}

static void test_good(void)
{
	unsigned execs;

	rack_up();
	good_run(&execs);
	CHECK_INT(execs, 2 * LAB_MACHINES);
	rack_down();
}

/* A run that has some control planes while another has one ends before it changes anything; a worker that is held is set aside alone. */
static void test_locked(void)
{
	struct heard o = { 0 };
	struct lab l;

	rack_up();
	lab_init(&l, rack_inventory, rack_store, rack_tls);
	snprintf(l.machines[1].lock, sizeof(l.machines[1].lock), "other");
	run(&l, "r1", "", 0, LAB_LOST, &o);
	CHECK(o.failed);
	CHECK_INT(o.first.kind, ERROR_LOCKED);
	CHECK_INT(o.result.hosts_aside, LAB_MACHINES);
	CHECK_INT(o.result.changed, LAB_MACHINES - 1); /* the locks, given back */
	for (int i = 0; i < LAB_MACHINES; i++) {
		CHECK(!l.machines[i].prepared && !l.machines[i].packages);
		CHECK_STR(l.machines[i].lock, i == 1 ? "other" : "");
	}
	l.machines[1].lock[0] = '\0';
	snprintf(l.machines[4].lock, sizeof(l.machines[4].lock), "other");
	memset(&o, 0, sizeof(o));
	run(&l, "r2", "", 0, LAB_LOST, &o);
	CHECK_INT(o.first.kind, ERROR_LOCKED);
	CHECK_INT(o.result.hosts_aside, 1);
	CHECK_INT(o.voters, 3);
	l.machines[4].lock[0] = '\0';
	memset(&o, 0, sizeof(o));
	run(&l, "r3", "", 0, LAB_LOST, &o);
	converged(&l, &o);
	pthread_mutex_destroy(&l.lock);
	rack_down();
}

static void test_lost(void)
{
	series(LAB_LOST, LAB_LOST_AFTER, 1);
	if (thorough())
		series(LAB_LOST_AFTER, LAB_LOST, 1);
}

static void test_once(void)
{
	series(LAB_ONCE, LAB_ONCE, thorough() ? 1 : 5);
}

static void test_error(void)
{
	series(LAB_ERROR, LAB_ERROR, 1);
}

/* Each of the three, the first one too. */
static void test_rejoin(void)
{
	rack_up();
	for (lost = 0; lost < 3; lost++)
		good_rejoin();
	rack_down();
}

/* A rejoin died while its kubeadm join continued: the next one follows that, and takes nothing back. */
static void test_rejoin_follows(void)
{
	struct heard o = { 0 };
	struct lab l;

	rack_up();
	lost = 1;
	lab_init(&l, rack_inventory, rack_store, rack_tls);
	lose_one(&l);
	run(&l, "r1", "", 0, LAB_LOST, &o);
	for (size_t i = 0; i < sizeof(l.machines[lost].jobs) / sizeof(l.machines[lost].jobs[0]); i++)
		if (strcmp(l.machines[lost].jobs[i].name, "join") == 0)
			strcpy(l.machines[lost].jobs[i].record, "running - - r1");
	l.machines[lost].member = LAB_LEARNER;
	l.machines[lost].have = "kubelet-conf admin-conf apiserver-manifest etcd-manifest etcd-data";
	memset(&o, 0, sizeof(o));
	run(&l, "r2", "r1", 0, LAB_LOST, &o);
	converged(&l, &o);
	rejoining = false;
	pthread_mutex_destroy(&l.lock);
	rack_down();
}

static void test_rejoin_cut(void)
{
	lost = 1;
	series(LAB_LOST, LAB_LOST_AFTER, thorough() ? 1 : 6);
}

/* Each host, the first one too. */
static void test_remove(void)
{
	rack_up();
	for (removed = 0; removed < LAB_MACHINES; removed++)
		good_remove();
	rack_down();
}

/* A pod without a controller is not taken away without a word, and nothing is changed then. */
static void test_bare(void)
{
	struct heard o = { 0 };
	struct lab l;

	rack_up();
	removed = 3;
	lab_init(&l, rack_inventory, rack_store, rack_tls);
	stand_up(&l);
	l.machines[3].bare = true;
	run(&l, "r1", "", 0, LAB_LOST, &o);
	CHECK(o.failed && strstr(o.first.what, "default/bare") && strstr(o.first.hint, "--force"));
	CHECK(l.machines[3].node && !l.machines[3].cordoned && l.machines[3].pods == 2 && !o.gone);
	force = true;
	memset(&o, 0, sizeof(o));
	run(&l, "r2", "", 0, LAB_LOST, &o);
	left_over(&l, &o);
	pthread_mutex_destroy(&l.lock);
	rack_down();
}

/* A host that cannot be reached: while it works it is not taken for dead; when it is switched off it leaves, and stays unchanged. */
static void test_unreachable(void)
{
	struct heard o = { 0 };
	struct lab l;

	rack_up();
	removed = 3;
	lab_init(&l, rack_inventory, rack_store, rack_tls);
	stand_up(&l);
	l.out_of_sight = 1u << removed;
	run(&l, "r1", "", 0, LAB_LOST, &o);
	CHECK(o.failed && l.machines[3].node && !o.gone);
	l.out_of_sight = 0;
	l.off = 1u << removed;
	memset(&o, 0, sizeof(o));
	run(&l, "r2", "r1", 0, LAB_LOST, &o);
	CHECK(o.gone && !l.machines[3].node && *l.machines[3].have);
	CHECK_INT(o.voters, 3);
	removing = false;
	pthread_mutex_destroy(&l.lock);
	rack_down();
}

/* What the quorum does not allow is refused before any pod goes for it. */
static void test_judged_first(void)
{
	struct heard o = { 0 };
	struct lab l;

	rack_up();
	removed = 1;
	lab_init(&l, rack_inventory, rack_store, rack_tls);
	stand_up(&l);
	l.off = 1u << 2;
	run(&l, "r1", "", 0, LAB_LOST, &o);
	CHECK(o.failed && !o.gone);
	CHECK(l.machines[1].node && l.machines[1].member == LAB_VOTER);
	CHECK(!l.machines[1].cordoned && l.machines[1].pods == 2);
	removing = false;
	pthread_mutex_destroy(&l.lock);
	rack_down();
}

static void test_remove_cut(void)
{
	removed = 2;
	series(LAB_LOST, LAB_LOST_AFTER, thorough() ? 1 : 5);
	removed = 3;
	series(LAB_ERROR, LAB_ONCE, thorough() ? 1 : 5);
}

static const struct test tests[] = {
	{ "an installation, and again", test_good },
	{ "another run holds a host", test_locked },
	{ "a machine is lost before or after the n-th call", test_lost },
	{ "the connection is lost once", test_once },
	{ "the n-th call fails", test_error },
	{ "a control plane that lost its disk joins again", test_rejoin },
	{ "a rejoin follows the join of an earlier one", test_rejoin_follows },
	{ "a machine is lost while another joins again", test_rejoin_cut },
	{ "a host is removed", test_remove },
	{ "a pod without a controller", test_bare },
	{ "a removal of a host that cannot be reached", test_unreachable },
	{ "a removal that the quorum does not allow", test_judged_first },
	{ "a removal is cut", test_remove_cut },
};
TEST_MAIN(tests)
