/*
 * Two operators: runs of two engines over the same machines, whose locks grow old. One of them waits, is paused, or stands still for longer than a lock lasts: never are two at work,
 * and who has lost a lock does nothing more. A lock lasts three seconds here, so that what is an hour to real ones is twelve.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"
#include "tests/test.h"
#include "tests/unit/fake_remote.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define HOSTS 4
#define TTL_MS 3000
#define CHANGE "main() {\n\tfence\n\tsay changed yes\n}\nmain </dev/null\n"

static const char inventory_text[] =
	"cluster: c\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
	"  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
	"  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker}\n";

enum mode {
	ONCE,       /* each host is changed once, the cluster too */
	ASKS,       /* the same after a question that cp1 asks, and that cp2 waits for */
	ON_AND_ON,  /* until it is to end */
	WORKER_ON,  /* the same for the worker alone */
	CLUSTER_ON, /* the cluster is changed until it is to end, the hosts are not */
};

struct admin {
	struct world world; /* first */
	struct fake_host hosts[HOSTS];
	struct engine_host names[HOSTS];
	struct engine_config config;
	struct engine *engine;
	struct inventory *inventory;
	pthread_t thread;
	enum mode mode;
	atomic_bool frozen, api_frozen, end, asked;
	atomic_ulong question;
	atomic_uint changes, asides;
	atomic_uint late; /* scripts on their way when it stood still, on a host that was still its own when it woke */
	bool answered;    /* under the task's lock */
	struct engine_result result;
	struct error first;
};

/* ---- the machines -------------------------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static struct machine {
	char holder[16];
	int64_t touched_ms;
} machines[HOSTS];
static atomic_bool hold;    /* no host answers: what is under way gets no further */
static char at_work[16];    /* the run that has changed something last */
static char superseded[64]; /* those that were at work before */

/* With the lock held. */
static void note_change(struct admin *o)
{
	const char *run = o->world.wish.run;

	if (!CHECK(!strstr(superseded, run)))
		printf("# %s changes something while %s is at work\n", run, at_work);
	if (at_work[0] && strcmp(at_work, run) != 0)
		strcat(strcat(superseded, " "), at_work);
	snprintf(at_work, sizeof(at_work), "%s", run);
	o->changes++;
}

static void say_lock(struct machine *m, const char *run, struct str *out)
{
	bool old = clock_boot_ms() - m->touched_ms > TTL_MS;

	if (m->holder[0] && strcmp(m->holder, run) != 0 && !old) {
		fake_say(out, "lock", "held");
		fake_say(out, "lock_run", m->holder);
		return;
	}
	fake_say(out, "lock", m->holder[0] && strcmp(m->holder, run) != 0 ? "taken-over" : "ours");
	snprintf(m->holder, sizeof(m->holder), "%s", run);
	m->touched_ms = clock_boot_ms();
}

/* With the lock held. Returns the exit status. */
static int answer(struct admin *o, struct machine *m, const struct remote_exec *x, bool late, struct str *out)
{
	bool ours = strcmp(m->holder, o->world.wish.run) == 0;

	if (fake_has(x, host_script_probe)) {
		say_lock(m, o->world.wish.run, out);
		return 0;
	}
	if (ours)
		m->touched_ms = clock_boot_ms();
	if (fake_has(x, host_script_beat)) {
		fake_say(out, "holder", m->holder[0] ? m->holder : "none");
	} else if (fake_has(x, host_script_unlock)) {
		fake_say(out, "unlocked", ours ? "yes" : "no");
		if (ours)
			m->holder[0] = '\0';
	} else if (ours) {
		if (late)
			o->late++;
		else
			note_change(o);
		fake_say(out, "changed", "yes");
	} else {
		fake_say(out, "error", "the lock of this host is held by another run");
		return 1;
	}
	return 0;
}

static void thaw(const atomic_bool *frozen)
{
	while (*frozen)
		poll(NULL, 0, 5);
}

static int machine_exec(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out,
	struct str *log, struct error *err)
{
	struct admin *o = h->ctx;
	bool late = o->frozen;
	int status;

	(void)call;
	(void)log;
	(void)err;
	thaw(&o->frozen);
	thaw(&hold);
	pthread_mutex_lock(&lock);
	fake_begin(out, x);
	status = answer(o, &machines[h - o->hosts], x, late, out);
	fake_end(out, x);
	pthread_mutex_unlock(&lock);
	return status;
}

/* The API server that the probe looks for. */
static int no_api(struct fake_host *h, const char *address, int port, int (*use)(int fd, void *ctx, struct error *err),
	void *ctx, struct error *err)
{
	(void)h;
	(void)use;
	(void)ctx;
	return error_set(err, ERROR_NET, "nobody listens at %s:%d", address, port);
}

/* ---- the plan ------------------------------------------------------------------------------------------------------ */

static int change_host(struct task *t, struct error *err)
{
	static const char *const words[] = { "changed", "error", "hint", NULL };

	return world_script(t, "change", CHANGE, NULL, 0, words, NULL, 60000, err);
}

/* As world_api_at does it before the tunnel, and the client in it. */
static int change_cluster(struct task *t, struct error *err)
{
	struct admin *o = task_world(t);

	thaw(&o->api_frozen);
	lock_renew(t);
	if (lock_guard(t, err))
		return -1;
	pthread_mutex_lock(&lock);
	note_change(o);
	pthread_mutex_unlock(&lock);
	return 0;
}

static enum step_verdict needed(struct task *t, struct error *why)
{
	(void)t;
	(void)why;
	return STEP_NEEDED;
}

static void wait_for_answer(struct task *t)
{
	struct admin *o = task_world(t);

	if (task_host(t) == 0) {
		task_ask(t, &(struct question){ .text = "continue?", .answers = "no|yes" });
		task_lock(t);
		o->answered = true;
		task_wake(t);
		task_unlock(t);
	}
	task_lock(t);
	while (!o->answered && !task_cancelled(t))
		task_wait(t, clock_mono_ms() + 60000);
	task_unlock(t);
}

static int work_apply(struct task *t, struct error *err)
{
	struct admin *o = task_world(t);

	if (o->mode == ASKS && task_host(t) < 2)
		wait_for_answer(t);
	do {
		if ((o->mode != CLUSTER_ON && change_host(t, err)) || (task_host(t) == 0 && change_cluster(t, err)))
			return -1;
		task_lock(t);
		task_wait(t, clock_mono_ms() + 20);
		task_unlock(t);
	} while ((o->mode == ON_AND_ON || (o->mode == CLUSTER_ON && task_host(t) == 0) ||
			 (o->mode == WORKER_ON && task_host(t) == HOSTS - 1)) &&
		 !o->end && !task_cancelled(t));
	return 0;
}

/* What decide begins with. */
static enum step_verdict decide(struct task *t, struct error *why)
{
	return lock_refused(t, why) ? STEP_IMPOSSIBLE : STEP_DONE;
}

static const struct step plan[] = {
	{ "probe", "Looking", ROLE_ALL, STEP_OBSERVES, { { 0 } }, probe_check, probe_apply },
	{ "decide", "Deciding", ROLE_CONTROL_PLANE, STEP_OBSERVES, { { "probe", ROLE_ALL, 0 } }, decide, NULL },
	{ "work", "Changing", ROLE_ALL, 0, { { "decide", ROLE_CONTROL_PLANE, 1 } }, needed, work_apply },
	{ "unlock", "Giving back", ROLE_ALL, STEP_ALWAYS | STEP_LAST, { { 0 } }, unlock_check, unlock_apply },
};

/* ---- runs ---------------------------------------------------------------------------------------------------------- */

static struct remote *open_host(
	void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	struct admin *o = world;

	(void)t;
	(void)token;
	(void)err;
	return fake_remote_open(&o->hosts[host]);
}

static void see(const struct event *ev, void *ctx)
{
	struct admin *o = ctx;

	if (ev->kind == EVENT_QUESTION)
		o->question = ev->seq;
	/* one that waits for another is blocked by it, where that one notices first */
	o->asides += ev->kind == EVENT_HOST_ASIDE;
}

static void *dispatch(void *ctx)
{
	struct admin *o = ctx;

	while (engine_wait(o->engine, -1, 1000))
		continue;
	return NULL;
}

/* hosts: how many of the first take part. */
static void begin(struct admin *o, const char *run, enum mode mode, int hosts)
{
	struct error err = { 0 };

	memset(o, 0, sizeof(*o));
	o->inventory = inventory_parse("-", inventory_text, strlen(inventory_text), NULL, 0, NULL, &err);
	world_init(&o->world, o->inventory, release_find("1.36.2"));
	o->world.wish.run = run;
	o->world.wish.owner = "ana@jump01 pid 7";
	o->world.wish.machine = "m1";
	o->world.wish.lock_ttl_ms = TTL_MS;
	o->mode = mode;
	for (int i = 0; i < HOSTS; i++) {
		o->hosts[i].fn = machine_exec;
		o->hosts[i].tunnel = no_api;
		o->hosts[i].ctx = o;
		o->names[i].name = o->inventory->hosts[i].name;
		if (i < hosts)
			o->names[i].roles = i < 3 ? ROLE_CONTROL_PLANE : ROLE_WORKER;
	}
	o->config = (struct engine_config){ .run = run,
		.steps = plan,
		.step_count = sizeof(plan) / sizeof(plan[0]),
		.hosts = o->names,
		.host_count = HOSTS,
		.world = &o->world,
		.open = open_host,
		.beat = world_beat };
	o->engine = engine_new(&o->config);
	engine_observe(o->engine, see, o);
	CHECK_INT(engine_start(o->engine, &err), 0);
	CHECK_INT(pthread_create(&o->thread, NULL, dispatch, o), 0);
}

static void finish(struct admin *o)
{
	pthread_join(o->thread, NULL);
	engine_result(o->engine, &o->result);
	for (int i = 0; i < HOSTS; i++)
		if (engine_host_error(o->engine, i) && o->first.kind != ERROR_LOCKED)
			o->first = *engine_host_error(o->engine, i);
	engine_free(o->engine);
	world_release(&o->world);
	inventory_free(o->inventory);
	if (o->first.kind && strcmp(o->config.run, "r2") != 0)
		printf("# %s: %s: %s | %s\n", o->first.host, o->first.step, o->first.what, o->first.hint);
}

static void new_machines(void)
{
	memset(machines, 0, sizeof(machines));
	at_work[0] = superseded[0] = '\0';
}

/* Somebody else tries again and again for so long, and changes nothing. */
static void others_wait(int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;
	struct admin b;

	do {
		begin(&b, "r2", ONCE, HOSTS);
		finish(&b);
		CHECK_INT(b.first.kind, ERROR_LOCKED);
		CHECK_INT(b.changes, 0);
		poll(NULL, 0, TTL_MS / 6);
	} while (clock_mono_ms() < end);
}

/* Waits until a run has all locks. */
static bool locked_by(const char *run)
{
	bool all = false;

	for (int n = 0; n < 2000 && !all; n++) {
		poll(NULL, 0, 5);
		pthread_mutex_lock(&lock);
		all = true;
		for (int i = 0; i < HOSTS; i++)
			all &= strcmp(machines[i].holder, run) == 0;
		pthread_mutex_unlock(&lock);
	}
	return all;
}

/* Has its locks, and is paused before it changes anything. */
static void begin_paused(struct admin *o, const char *run)
{
	hold = true;
	begin(o, run, ONCE, HOSTS);
	engine_command(o->engine, ENGINE_PAUSE, -1);
	hold = false;
	CHECK(locked_by(run));
}

static bool changed(struct admin *o, unsigned n)
{
	for (int i = 0; i < 2000 && o->changes < n; i++)
		poll(NULL, 0, 5);
	return CHECK(o->changes >= n);
}

static void whole(const struct admin *o)
{
	CHECK_INT(o->first.kind, ERROR_NONE);
	CHECK_INT(o->changes, HOSTS + 1);
}

static void free_again(void)
{
	struct admin b;

	for (int i = 0; i < HOSTS; i++)
		CHECK_STR(machines[i].holder, "");
	begin(&b, "r3", ONCE, HOSTS);
	finish(&b);
	whole(&b);
}

/* ---- the cases ----------------------------------------------------------------------------------------------------- */

/* An hour: four times what a lock lasts. */
static void test_pause(void)
{
	struct admin a;

	new_machines();
	begin_paused(&a, "r1");
	others_wait(4 * TTL_MS);
	CHECK(a.changes == 0);
	engine_command(a.engine, ENGINE_RESUME, -1);
	finish(&a);
	whole(&a);
	free_again();
}

static void test_question(void)
{
	struct admin a;

	new_machines();
	begin(&a, "r1", ASKS, HOSTS);
	for (int i = 0; i < 2000 && !a.question; i++)
		poll(NULL, 0, 5);
	others_wait(2 * TTL_MS);
	engine_answer(a.engine, a.question, 1);
	finish(&a);
	whole(&a);
	free_again();
}

/* The control planes are through, and the run is not: nobody else gets at the cluster. */
static void test_not_through(void)
{
	struct admin a;

	new_machines();
	begin(&a, "r1", WORKER_ON, HOSTS);
	changed(&a, HOSTS + 1 + 5);
	others_wait(TTL_MS);
	a.end = true;
	finish(&a);
	CHECK_INT(a.first.kind, ERROR_NONE);
	free_again();
}

/* Stands still for so long, while another run of so many hosts begins; then both continue. */
static void stand_still(enum mode mode, int64_t ms, int hosts)
{
	struct admin a, b;
	unsigned before;

	new_machines();
	begin(&a, "r1", mode, HOSTS);
	changed(&a, 2 * HOSTS);
	a.frozen = a.api_frozen = true;
	poll(NULL, 0, (int)ms);
	begin(&b, "r2", ON_AND_ON, hosts);
	changed(&b, 2);
	before = a.changes;
	/* at first only what goes through the API moves */
	a.api_frozen = false;
	poll(NULL, 0, 200);
	a.frozen = false;
	/* the first comes to its end by itself, and the second does not notice */
	finish(&a);
	CHECK_INT(a.first.kind, ERROR_LOCKED);
	CHECK_INT(a.changes, before);
	/* what was sent already arrives only where nobody took the lock */
	CHECK(a.late <= (hosts < HOSTS));
	changed(&b, b.changes + 10);
	b.end = true;
	finish(&b);
	CHECK_INT(b.first.kind, ERROR_NONE);
	free_again();
}

static void test_still(void)
{
	stand_still(ON_AND_ON, TTL_MS + 200, HOSTS);
}

/* It wakes right before a request to the API, and no host has said anything to it yet. */
static void test_still_at_the_api(void)
{
	stand_still(CLUSTER_ON, TTL_MS + 200, HOSTS);
}

/* The worker is still the first run's: that it lost the control planes is enough. */
static void test_still_partly(void)
{
	stand_still(ON_AND_ON, TTL_MS + 200, 3);
}

/* Reported at once, also while the run is paused: its hosts are set aside, and when it continues nothing is changed. */
static void test_still_paused(void)
{
	struct admin a, b;

	new_machines();
	begin_paused(&a, "r1");
	a.frozen = true;
	poll(NULL, 0, TTL_MS + 200);
	begin(&b, "r2", ONCE, HOSTS);
	finish(&b);
	whole(&b);
	a.frozen = false;
	for (int i = 0; i < 2000 && a.asides < HOSTS; i++)
		poll(NULL, 0, 5);
	CHECK_INT(a.asides, HOSTS);
	engine_command(a.engine, ENGINE_RESUME, -1);
	finish(&a);
	CHECK_INT(a.first.kind, ERROR_LOCKED);
	CHECK_INT(a.changes, 0);
	free_again();
}

/* Not for so long that somebody could have come: it continues. */
static void test_still_short(void)
{
	struct admin a;
	unsigned before;

	new_machines();
	begin(&a, "r1", ON_AND_ON, HOSTS);
	changed(&a, 2 * HOSTS);
	a.frozen = true;
	poll(NULL, 0, TTL_MS / 2);
	before = a.changes;
	a.frozen = false;
	changed(&a, before + 10 * HOSTS);
	a.end = true;
	finish(&a);
	CHECK_INT(a.first.kind, ERROR_NONE);
	free_again();
}

static const struct test tests[] = {
	{ "a run that is paused keeps its locks", test_pause },
	{ "a run that waits for an answer keeps its locks", test_question },
	{ "control planes that are through keep their locks until all are", test_not_through },
	{ "who stood still for longer than a lock lasts does nothing more", test_still },
	{ "nor through the API", test_still_at_the_api },
	{ "nor where nobody took the lock", test_still_partly },
	{ "who was paused meanwhile hears of it at once", test_still_paused },
	{ "who stood still for less continues", test_still_short },
};
TEST_MAIN(tests)
