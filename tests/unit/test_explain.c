/* What a failed step says after the host's logs were looked at: the cause in the hint, the line in the detail, and never another failure. */
#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"
#include "tests/test.h"
#include "tests/unit/fake_remote.h"

#define KUBEADM_HINT "the log above is kubeadm's own; 'kubewright logs HOST' shows more, 'kubewright apply' tries again"
#define SWAP "E1124 run.go:72] \"command failed\" err=\"failed to run Kubelet: running with swap on is not supported\""

struct story {
	enum error_kind kind;
	const char *hint, *detail;                       /* of the failed step */
	const char *job, *kubelet, *containerd, *system; /* what the host answers; NULL: nothing */
	bool broken;                                     /* the connection breaks instead */
	bool fails;                                      /* the script ends with an error */
	unsigned asked;                                  /* how often the host was */
	char asked_job[16];
	struct error seen;
	struct str log;
};
static struct story *story;

static int answer(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	struct str job = STR_INIT;

	(void)h, (void)call, (void)log;
	CHECK(fake_has(x, host_script_explain) && fake_has(x, host_script_lib));
	story->asked++;
	if (story->broken)
		return error_set(err, ERROR_CONNECT, "the connection was lost");
	if (fake_param(x, "job", &job))
		snprintf(story->asked_job, sizeof(story->asked_job), "%s", job.buf);
	str_release(&job);
	fake_begin(out, x);
	if (story->fails)
		fake_say(out, "error", "no");
	if (story->job)
		fake_say(out, "job", story->job);
	if (story->kubelet)
		fake_say(out, "kubelet", story->kubelet);
	if (story->system)
		fake_say(out, "system", story->system);
	if (story->containerd)
		fake_say(out, "containerd", story->containerd);
	fake_end(out, x);
	return story->fails ? 1 : 0;
}

static struct fake_host host = { .fn = answer, .name = "cp1" };

static struct remote *open_host(
	void *world, int index, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world, (void)index, (void)t, (void)token, (void)err;
	return fake_remote_open(&host);
}

static int fail(struct task *t, struct error *err)
{
	error_set(err, story->kind, "kubeadm init failed");
	if (story->hint)
		error_hint(err, "%s", story->hint);
	if (story->detail)
		error_detail(err, story->detail);
	world_explain(t, "init", err);
	return -1;
}

static void on_event(const struct event *ev, void *ctx)
{
	struct story *s = ctx;

	if (ev->kind == EVENT_OUTPUT)
		str_addf(&s->log, "%s\n", ev->text);
	if (ev->kind == EVENT_STEP_DONE && ev->error)
		s->seen = *ev->error;
}

static void run(struct story *s)
{
	static const char text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\n"
				   "hosts: [{name: cp1, address: 10.0.0.11, role: control-plane}]\n";
	static const struct step steps[] = { { .name = "init", .title = "x", .roles = 3, .apply = fail } };
	const struct engine_host hosts[] = { { "cp1", 1 } };
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("/kubewright.yaml", text, sizeof(text) - 1, NULL, 0, NULL, &err);
	struct world w;

	if (!CHECK(inv)) {
		printf("# %s\n", err.what);
		return;
	}
	world_init(&w, inv, release_find("1.36.2"));
	w.wish.run = "r1";
	const struct engine_config config = { .run = "r1",
		.steps = steps,
		.step_count = 1,
		.hosts = hosts,
		.host_count = 1,
		.world = &w,
		.open = open_host,
		.reconnects = 1 };
	struct engine *e = engine_new(&config);
	str_init(&s->log);
	story = s;
	engine_no_questions(e);
	engine_observe(e, on_event, s);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	engine_free(e);
	world_release(&w);
	inventory_free(inv);
}

static void test_known(void)
{
	struct story s = { .kind = ERROR_COMMAND,
		.hint = KUBEADM_HINT,
		.detail =
			"[kubelet-check] The kubelet is not healthy after 4m0s\nerror execution phase wait-control-plane",
		.kubelet = "Started kubelet.\n" SWAP "\nkubelet.service: Failed\n" };

	run(&s);
	CHECK_INT(s.asked, 1);
	CHECK_STR(s.asked_job, "init");
	CHECK_INT(s.seen.kind, ERROR_COMMAND);
	CHECK_STR(s.seen.what, "kubeadm init failed");
	CHECK(str_starts(s.seen.hint, "swap is on, and the kubelet does not start with it: run 'swapoff -a'"));
	CHECK(str_ends(s.seen.hint, "; " KUBEADM_HINT));
	CHECK(str_starts(s.seen.detail, "kubelet: E1124 run.go:72]"));
	CHECK(str_ends(s.seen.detail, "\nerror execution phase wait-control-plane"));
	CHECK(strstr(s.log.buf, "kubelet: Started kubelet.\n"));
	CHECK(str_ends(s.log.buf, "also seen: the kubelet does not run, or stops again at once (kubelet-unhealthy)\n"
				  "most likely: swap is on, and the kubelet does not start with it (swap-on)\n"));
	str_release(&s.log);
}

static void test_unknown(void)
{
	struct story s = {
		.kind = ERROR_TIMEOUT, .hint = "try again", .detail = "nothing known", .kubelet = "all is well\n"
	};

	run(&s);
	CHECK_INT(s.asked, 1);
	CHECK_INT(s.seen.kind, ERROR_TIMEOUT);
	CHECK_STR(s.seen.hint, "try again");
	CHECK_STR(s.seen.detail, "nothing known");
	CHECK_STR(s.log.buf, "gathered kubelet: all is well\n");
	str_release(&s.log);
}

/* The job's log says more than its end in the error, and is in the log already. */
static void test_job_log(void)
{
	struct story s = {
		.kind = ERROR_COMMAND, .detail = "the end", .job = "\t[ERROR Port-6443]: Port 6443 is in use\nthe end\n"
	};

	run(&s);
	CHECK(strstr(s.seen.hint, "the port 6443 is taken"));
	CHECK_STR(s.seen.detail, "job: [ERROR Port-6443]: Port 6443 is in use\nthe end");
	CHECK(!strstr(s.log.buf, "the end"));
	str_release(&s.log);
}

/* What the machine is like anyway explains nothing: kubeadm's own first error does. */
static void test_first_error(void)
{
	static const struct {
		const char *job, *line;
	} cases[] = {
		{ "[init] Using Kubernetes version: v1.20.2\nfrobnication failed: no frobs\nTo see the stack trace of this error execute with --v=5 or higher\n",
			"frobnication failed: no frobs" },
		{ "[preflight] Running pre-flight checks\nerror execution phase preflight: [preflight] Some fatal errors occurred:\n"
		  "\t[ERROR Frobs]: there are no frobs\n\t[ERROR Second]: nor these\n[preflight] If you know what you are doing\nTo see the stack trace of this error\n",
			"[ERROR Frobs]: there are no frobs" },
		{ "\t[WARNING Hostname]: hostname \"cp1\" could not be reached\nerror execution phase certs: no room\nbye\n",
			"error execution phase certs: no room" },
		{ "To see the stack trace of this error execute with --v=5 or higher\nerrors are fun\n",
			"errors are fun" },
		{ "To see the stack trace of this error execute with --v=5 or higher\n", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct story s = { .kind = ERROR_COMMAND,
			.hint = "try again",
			.detail = "the end",
			.job = cases[i].job,
			.system = "NTP service: inactive\nSystem clock synchronized: no\n" };

		run(&s);
		CHECK(!strstr(s.log.buf, "most likely:") &&
			strstr(s.log.buf, "also seen: nothing keeps the clock of this host in sync"));
		CHECK(!strstr(s.seen.hint, "clock"));
		if (!cases[i].line) {
			CHECK_STR(s.seen.hint, "try again");
		} else if (!CHECK(str_starts(s.seen.hint, "its first error: ") &&
				   str_starts(s.seen.hint + 17, cases[i].line) &&
				   str_ends(s.seen.hint, "; try again") && str_starts(s.seen.detail, "job: ") &&
				   strstr(s.seen.detail, cases[i].line))) {
			printf("# %s | %s\n", s.seen.hint, s.seen.detail);
		}
		str_release(&s.log);
	}
}

/* Of other failures the host is not asked. */
static void test_not_asked(void)
{
	static const enum error_kind kinds[] = { ERROR_NET, ERROR_PROTOCOL, ERROR_INTERNAL, ERROR_AUTH };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct story s = { .kind = kinds[i], .hint = "a", .detail = SWAP };

		run(&s);
		CHECK_INT(s.asked, 0);
		CHECK_INT(s.seen.kind, kinds[i]);
		CHECK_STR(s.seen.hint, "a");
		str_release(&s.log);
	}
}

/* Without the host's logs there is still the end of the step's own. */
static void test_no_answer(void)
{
	struct story broken = { .kind = ERROR_COMMAND, .detail = "unknown flag: --a", .broken = true };
	struct story fails = { .kind = ERROR_COMMAND, .detail = "nothing", .fails = true, .kubelet = SWAP };

	run(&broken);
	CHECK_INT(broken.seen.kind, ERROR_COMMAND);
	CHECK_STR(broken.seen.what, "kubeadm init failed");
	CHECK(strstr(broken.seen.hint, "does not have the flag --a"));
	CHECK_STR(broken.seen.detail, "unknown flag: --a"); /* it is there already */
	CHECK(strstr(broken.log.buf, "cannot gather more of the host's logs: the connection was lost"));
	run(&fails);
	CHECK_INT(fails.seen.kind, ERROR_COMMAND);
	CHECK(strstr(fails.seen.hint, "swap is on"));
	str_release(&broken.log);
	str_release(&fails.log);
}

/* Everything as long as it may be, and not of this world. */
static void test_limits(void)
{
	struct str detail = STR_INIT, kubelet = STR_INIT;
	char hint[sizeof(((struct error *)0)->hint)];
	size_t lines = 0;

	memset(hint, 'h', sizeof(hint) - 1);
	hint[sizeof(hint) - 1] = '\0';
	for (int i = 0; i < 200; i++)
		str_addf(&detail, "line %d of kubeadm's log\n", i);
	for (int i = 0; i < 3000; i++)
		str_addf(&kubelet, "\n\033[2J%%s%%n kubelet says %d", i);
	str_add(&kubelet, "\n" SWAP);
	struct story s = { .kind = ERROR_COMMAND, .hint = hint, .detail = detail.buf, .kubelet = kubelet.buf };

	run(&s);
	CHECK(str_starts(s.seen.hint, "swap is on") && !strstr(s.seen.hint, "hhh"));
	CHECK(str_starts(s.seen.detail, "kubelet: E1124") && strstr(s.seen.detail, "\nline 199 of"));
	for (const char *p = s.log.buf; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	CHECK(lines > 50 && lines < 70);
	CHECK(!strchr(s.log.buf, '\033') && strstr(s.log.buf, "kubelet: %s%n kubelet says 2999"));
	str_release(&s.log);
	/* one line that fills the detail: it has no place beside the one that was found */
	str_clear(&detail);
	for (int i = 0; i < 2000; i++)
		str_addc(&detail, 'x');
	s = (struct story){ .kind = ERROR_COMMAND, .detail = detail.buf, .kubelet = "\n\n" SWAP "\n\n" };
	run(&s);
	CHECK(str_starts(s.seen.detail, "kubelet: E1124") && !strstr(s.seen.detail, "xxx"));
	str_release(&s.log);
	str_release(&detail);
	str_release(&kubelet);
}

static const struct test tests[] = {
	{ "a known failure", test_known },
	{ "an unknown one", test_unknown },
	{ "the job's whole log is searched", test_job_log },
	{ "the first error, where nothing is known", test_first_error },
	{ "other failures are left alone", test_not_asked },
	{ "a host that does not answer", test_no_answer },
	{ "limits", test_limits },
};
TEST_MAIN(tests)
