/* Reset: whose host it is, what the operator is shown, and the network's way back when no new session gets in. */
#include "tests/test.h"
#include "tests/unit/fake_remote.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "cli/run.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

static const char text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			   "  - {name: w1, address: 10.0.0.21, role: worker, ssh: {address: 192.168.9.21}}\n";

static struct inventory *parse(void)
{
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);

	if (!CHECK(inv != NULL)) {
		printf("# %s\n%s\n", err.what, err.detail);
		exit(1);
	}
	return inv;
}

/* ---- whose host it is ---- */

static const struct {
	const char *words[6]; /* pairs */
	const char *says;     /* NULL: it may be reset */
	enum code code;
	const char *about;
} guards[] = {
	{ { "ledger", "yes", "record.cluster", "rack7", "record.node", "cp1" }, NULL, CODE_NONE, "" },
	{ { "ledger", "no" }, NULL, CODE_NONE, "" },
	/* prepared, and cut before it joined */
	{ { "ledger", "yes", "have", "kubelet-config" }, NULL, CODE_NONE, "" },
	{ { "ledger", "yes", "record.cluster", "rack8", "record.node", "cp1" },
		"belongs to the cluster rack8; the inventory is for rack7", REFUSAL_OTHER_CLUSTER, "rack8" },
	{ { "ledger", "no", "record.cluster", "rack8" }, "belongs to the cluster rack8", REFUSAL_OTHER_CLUSTER,
		"rack8" },
	{ { "ledger", "yes", "record.cluster", "rack7", "record.node", "w1" },
		"was installed as w1; the inventory calls it cp1", REFUSAL_OTHER_NAME, "w1" },
	{ { "ledger", "no", "have", "kubelet-conf ca-crt" }, "kubewright did not install it", REFUSAL_NO_LEDGER, "" },
	{ { "ledger", "no", "unit.kubelet", "active" }, "kubewright did not install", REFUSAL_NO_LEDGER, "" },
	{ { "ledger", "no", "pods", "3" }, "kubewright did not install", REFUSAL_NO_LEDGER, "" },
	/* taken over, and changed by an apply since; joined again by kubewright it is its own */
	{ { "ledger", "yes", "record.cluster", "rack7", "have", "kubelet-conf ca-crt" }, "was not made by kubewright",
		REFUSAL_NOT_OURS, "cp1" },
	{ { "ledger", "yes", "job.join", "done 0 x r1", "have", "kubelet-conf ca-crt" }, NULL, CODE_NONE, "" },
	/* of something else that has no Kubernetes */
	{ { "ledger", "no", "have", "etcd-data cni-conf", "pods", "0" }, NULL, CODE_NONE, "" },
};

static void test_guard(void)
{
	struct inventory *inv = parse();

	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		struct cluster_host hosts[2] = { 0 };
		struct error err = { 0 };
		int rc;

		for (size_t w = 0; w + 1 < 6 && guards[i].words[w]; w += 2)
			cluster_set(&hosts[0], guards[i].words[w], guards[i].words[w + 1]);
		rc = reset_guard(inv, hosts, 0, &err);
		if (!CHECK_INT(rc, guards[i].says ? -1 : 0) ||
			(rc && !CHECK(strstr(err.what, code_words(guards[i].code, guards[i].says)) && *err.hint &&
				       err.kind == ERROR_PREFLIGHT)))
			printf("# row %zu: %s\n", i, err.what);
		CHECK_INT(err.code, guards[i].code);
		CHECK_STR(err.about, guards[i].about);
		cluster_host_release(&hosts[0]);
	}
	inventory_free(inv);
}

static void test_table(void)
{
	struct cli_run r = { 0 };
	struct str out = STR_INIT;
	struct cluster_host *h;

	r.inventory = parse();
	world_init(&r.world, r.inventory, release_find("1.36.2"));
	r.chosen = xcalloc(2, sizeof(*r.chosen));
	r.chosen[0] = r.chosen[1] = true;
	h = &r.world.seen.hosts[0];
	h->probed = true;
	cluster_set(h, "serial", "CZ\033[2J123");
	cluster_set(h, "uptime_s", "1054800");
	cluster_set(h, "pods", "1");
	cluster_set(h, "containers", "2");
	cluster_set(h, "record.cluster", "rack7");
	cluster_set(h, "record.node", "cp1");
	reset_table(&r, &out);
	CHECK(strstr(out.buf, "12d 5h"));
	CHECK(strstr(out.buf, "1 pod, 2 containers"));
	CHECK(strstr(out.buf, "rack7 as cp1\n"));
	CHECK(!strchr(out.buf, '\033') && strstr(out.buf, "CZ"));
	CHECK(strstr(out.buf, "w1    192.168.9.21  cannot look: not reached\n"));
	str_clear(&out);
	h = &r.world.seen.hosts[1];
	h->probed = true;
	cluster_set(h, "ledger", "no");
	cluster_set(h, "uptime_s", "59");
	cluster_set(h, "pods", "0");
	r.chosen[0] = false;
	reset_table(&r, &out);
	CHECK_STR(out.buf, "  HOST  ADDRESS       SERIAL NUMBER  UP FOR  RUNS    RECORDED THERE\n"
			   "  w1    192.168.9.21  -              0m      0 pods  nothing from kubewright\n");
	str_release(&out);
	free(r.chosen);
	world_release(&r.world);
	inventory_free(r.inventory);
}

/* ---- the way back ---- */

struct site {
	struct fake_host host;
	const char *deadman; /* what the host says of it */
	const char *machine_id;
	atomic_uint closed; /* so many new sessions are not let in */
	bool cancel;
	bool cut; /* the change to the network loses the connection, and was done */
	unsigned opens, confirms, networks, resets, unlocks;
	bool confirmed_anew;   /* by a session that was opened for it */
	unsigned opens_before; /* when the network was changed */
};
static struct site site;

static void probe_answer(struct str *out)
{
	fake_say(out, "lock", "ours");
	fake_say(out, "machine_id", site.machine_id);
	fake_say(out, "product_uuid", "u1");
	fake_say(out, "ledger", site.resets ? "no" : "yes");
	fake_say(out, "record.cluster", "rack7");
	fake_say(out, "record.node", "cp1");
	fake_say(out, "now_end_ms", "1");
}

static int job_answer(const struct remote_exec *x, struct str *out, struct error *err)
{
	struct str name = STR_INIT;
	bool network;

	fake_param(x, "job", &name);
	network = strcmp(name.buf, "reset-network") == 0;
	str_release(&name);
	if (network) {
		CHECK(fake_has(x, "deadman_arm \"$seconds\"") && fake_has(x, "putting the network back"));
		site.networks++;
		site.opens_before = site.opens;
		if (site.cut && site.networks == 1)
			return error_set(err, ERROR_CONNECT, "the connection was lost");
	} else {
		CHECK(site.confirms > 0);
		site.resets++;
	}
	fake_say(out, "attached", "no");
	fake_say(out, "status", "0");
	fake_say(out, "stdout",
		network ? "kubewright-job begin\nstopped=yes\nkubewright-job end\n"
			: "kubewright-job begin\nundone=yes\nkubewright-job end\n");
	return 0;
}

static int site_exec(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	int rc = 0;

	(void)h;
	(void)call;
	(void)log;
	fake_begin(out, x);
	if (fake_has(x, host_script_probe)) {
		probe_answer(out);
	} else if (fake_has(x, host_script_job)) {
		rc = job_answer(x, out, err);
	} else if (fake_has(x, host_script_confirm)) {
		site.confirms++;
		site.confirmed_anew = site.opens > site.opens_before;
		fake_say(out, "deadman", site.deadman);
		fake_say(out, "at", "11:42:13 UTC");
	} else {
		CHECK(fake_has(x, host_script_unlock));
		site.unlocks++;
		fake_say(out, "unlocked", "yes");
	}
	fake_end(out, x);
	return rc;
}

static struct remote *site_open(
	void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world;
	(void)host;
	(void)t;
	(void)token;
	if (site.networks && site.closed && site.closed--) {
		error_set(err, ERROR_CONNECT, "cp1 (10.0.0.11:22): connection timed out");
		return NULL;
	}
	site.opens++;
	return fake_remote_open(&site.host);
}

/* Cancels when the notice comes that no new session gets in. */
static void cancel_on_notice(const struct event *ev, void *engine)
{
	if (ev->code != NOTICE_LOCKED_OUT)
		return;
	engine_command(engine, ENGINE_CANCEL, -1);
	site.closed = 0;
}

static void run(const struct host_identity *shown, struct error *first)
{
	struct inventory *inv = parse();
	struct engine_host hosts[2] = { { "cp1", ROLE_CONTROL_PLANE }, { "w1", 0 } };
	struct engine_config config = { .run = "r1",
		.steps = plans[PLAN_RESET].steps,
		.step_count = plans[PLAN_RESET].count,
		.hosts = hosts,
		.host_count = 2,
		.open = site_open,
		.mask = mask_new() };
	struct engine_result result;
	struct error err = { 0 };
	struct engine *e;
	struct world w;

	world_init(&w, inv, release_find("1.36.2"));
	w.wish.run = "r1";
	w.wish.owner = "a@b pid 1";
	w.wish.machine = "m";
	w.wish.shown = shown;
	config.world = &w;
	site.host.fn = site_exec;
	site.host.name = "cp1";
	if (!site.machine_id)
		site.machine_id = "m1";
	e = engine_new(&config);
	engine_no_questions(e);
	if (site.cancel)
		engine_observe(e, cancel_on_notice, e);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	engine_result(e, &result);
	*first = result.first ? *result.first : err;
	engine_free(e);
	world_release(&w);
	mask_free(config.mask);
	inventory_free(inv);
}

static void test_confirmed(void)
{
	struct error err = { 0 };

	site = (struct site){ .deadman = "confirmed" };
	run(NULL, &err);
	if (!CHECK_INT(err.kind, ERROR_NONE))
		printf("# %s\n", err.what);
	CHECK_INT(site.networks, 1);
	CHECK_INT(site.resets, 1);
	CHECK_INT(site.opens, 2);
	CHECK(site.confirmed_anew);
	CHECK_INT(site.host.frees, 2);
}

static void test_put_back(void)
{
	struct error err = { 0 };

	site = (struct site){ .deadman = "restored", .closed = 2 };
	run(NULL, &err);
	CHECK_INT(err.kind, ERROR_COMMAND);
	CHECK_STR(err.host, "cp1");
	CHECK(strstr(err.what, "so the host put its network back at 11:42:13 UTC"));
	CHECK(strstr(err.hint, "kubewright reset"));
	CHECK_INT(site.resets, 0);
	CHECK(site.confirmed_anew);
}

/* The connection is lost in the change, which was done: a new session confirms it, and the job is found ended. */
static void test_cut(void)
{
	struct error err = { 0 };

	site = (struct site){ .deadman = "confirmed", .cut = true, .closed = 1 };
	run(NULL, &err);
	if (!CHECK_INT(err.kind, ERROR_NONE))
		printf("# %s\n", err.what);
	CHECK_INT(site.networks, 2);
	CHECK_INT(site.resets, 1);
	site = (struct site){ .deadman = "restored", .cut = true, .closed = 1 };
	run(NULL, &err);
	CHECK(err.kind == ERROR_COMMAND && strstr(err.what, "put its network back at"));
	CHECK_INT(site.resets, 0);
}

static void test_cancel(void)
{
	int64_t start = clock_mono_ms();
	struct error err = { 0 };

	site = (struct site){ .deadman = "confirmed", .closed = 1000, .cancel = true };
	run(NULL, &err);
	CHECK(clock_mono_ms() - start < 5000);
	CHECK_INT(site.resets, 0);
	/* the lock is released */
	CHECK_INT(site.unlocks, 1);
}

static void test_another_machine(void)
{
	struct error err = { 0 };

	site = (struct site){ .deadman = "other" };
	run(NULL, &err);
	CHECK(strstr(err.what, "another machine answers at 10.0.0.11") && *err.hint);
	site = (struct site){ .deadman = "none" };
	run(NULL, &err);
	CHECK(strstr(err.what, "no longer knows") && *err.hint);
	CHECK_INT(site.resets, 0);
}

/* Only what was shown is touched. */
static void test_shown(void)
{
	static const struct host_identity same[2] = { { "m1", "u1" } }, other[2] = { { "m2", "u1" } }, unseen[2];
	struct error err = { 0 };

	site = (struct site){ .deadman = "confirmed" };
	run(same, &err);
	CHECK_INT(err.kind, ERROR_NONE);
	CHECK_INT(site.resets, 1);
	site = (struct site){ .deadman = "confirmed" };
	run(other, &err);
	CHECK(err.kind == ERROR_PREFLIGHT &&
		strstr(err.what, code_words(REFUSAL_OTHER_MACHINE, "its machine-id is m1, not m2")));
	CHECK(err.code == REFUSAL_OTHER_MACHINE && strcmp(err.about, "m1") == 0);
	CHECK_INT(site.networks, 0);
	run(unseen, &err);
	CHECK(err.kind == ERROR_PREFLIGHT &&
		strstr(err.what, code_words(REFUSAL_NOT_SHOWN, "could not be looked at before")));
	CHECK_INT(err.code, REFUSAL_NOT_SHOWN);
	CHECK_INT(site.networks, 0);
}

static const struct test tests[] = {
	{ "whose host it is", test_guard },
	{ "what is shown", test_table },
	{ "a new session confirms", test_confirmed },
	{ "no new session gets in", test_put_back },
	{ "the connection is cut", test_cut },
	{ "a cancel while no new session gets in", test_cancel },
	{ "another machine answers", test_another_machine },
	{ "only what was shown", test_shown },
};
TEST_MAIN(tests)
