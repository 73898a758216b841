/* Exit statuses, errors, and the plain renderer over canned events. */
#include "tests/test.h"

#include "base/error.h"
#include "base/json.h"
#include "cli/run.h"

static const struct step steps[] = {
	{ .name = "probe", .title = "Looking at the host", .flags = STEP_OBSERVES },
	{ .name = "packages", .title = "Installing packages" },
	{ .name = "join", .title = "Joining the cluster" },
};
static const struct engine_host hosts[] = { { "cp1", 1 }, { "worker12", 2 } };
static const struct engine_config config = {
	.run = "r1", .steps = steps, .step_count = 3, .hosts = hosts, .host_count = 2
};

struct screen {
	char *out, *err;
	size_t out_len, err_len;
	FILE *fout, *ferr;
	struct progress progress;
	struct plain *plain;
};

static void screen_open(struct screen *s, enum plain_mode mode, bool verbose)
{
	memset(s, 0, sizeof(*s));
	s->fout = open_memstream(&s->out, &s->out_len);
	s->ferr = open_memstream(&s->err, &s->err_len);
	progress_init(&s->progress, 3, 2);
	s->plain = plain_new(s->fout, s->ferr, &config, &s->progress, mode, verbose);
}

static void screen_close(struct screen *s)
{
	plain_free(s->plain);
	progress_release(&s->progress);
	fclose(s->fout);
	fclose(s->ferr);
	free(s->out);
	free(s->err);
}

static void feed(struct screen *s, struct event ev)
{
	progress_event(&ev, &s->progress);
	plain_event(&ev, s->plain);
	fflush(s->fout);
	fflush(s->ferr);
}

static struct event step(
	enum event_kind kind, int64_t at, int st, int host, enum outcome outcome, int64_t elapsed, const char *text)
{
	return (struct event){ .kind = kind,
		.at_ms = at,
		.step = st,
		.host = host,
		.outcome = outcome,
		.elapsed_ms = elapsed,
		.text = text };
}

static void test_plain_lines(void)
{
	struct screen s;

	screen_open(&s, PLAIN_RUN, false);
	feed(&s, (struct event){ .kind = EVENT_RUN_STARTED, .step = -1, .host = -1, .text = "20260301T120000-k3f9" });
	feed(&s, step(EVENT_STEP_DONE, 400, 0, 0, OUTCOME_OK, 300, "seen"));
	feed(&s, step(EVENT_STEP_DONE, 12340, 1, 0, OUTCOME_CHANGED, 11900, "installs kubelet 1.36.2"));
	feed(&s, step(EVENT_STEP_DONE, 12400, 1, 1, OUTCOME_OK, 10, NULL));
	feed(&s, step(EVENT_STEP_DONE, 135000, 2, 1, OUTCOME_CHANGED, 112000, "joins as a worker"));
	CHECK_STR(s.out, "run 20260301T120000-k3f9\n"
			 "    12.3s  cp1       packages  installs kubelet 1.36.2  11.9 s\n"
			 "   135.0s  worker12  join      joins as a worker  1m52s\n");
	CHECK_STR(s.err, "");
	screen_close(&s);
}

static void test_plain_failure(void)
{
	static const char begin[] = "     2.5s  cp1       packages  FAILED after 2.4 s\n"
				    "error: cp1: packages: apt cannot install kubelet\n"
				    "  E: no space left\n"
				    "  E: dpkg failed\n"
				    "  | line 5\n";
	struct error err = { 0 };
	struct screen s;
	struct event ev;

	error_set(&err, ERROR_COMMAND, "apt cannot install kubelet");
	error_hint(&err, "see the log above");
	error_detail(&err, "E: no space left\nE: dpkg failed");
	screen_open(&s, PLAIN_RUN, false);
	feed(&s, step(EVENT_STEP_STARTED, 100, 1, 0, OUTCOME_OK, 0, NULL));
	for (int i = 0; i < 20; i++) {
		char line[32];

		snprintf(line, sizeof(line), "line %d", i);
		feed(&s, step(EVENT_OUTPUT, 200, 1, 0, OUTCOME_OK, 0, line));
	}
	CHECK_STR(s.err, "");
	ev = step(EVENT_STEP_DONE, 2500, 1, 0, OUTCOME_FAILED, 2400, NULL);
	ev.error = &err;
	feed(&s, ev);
	ev = step(EVENT_HOST_ASIDE, 2500, -1, 0, OUTCOME_OK, 0, NULL);
	ev.error = &err;
	feed(&s, ev);
	CHECK(strncmp(s.err, begin, strlen(begin)) == 0);
	CHECK(strstr(s.err, "line 4\n") == NULL);
	CHECK(strstr(s.err, "  | line 19\n  hint: see the log above\n") != NULL);
	CHECK(strstr(s.err, "set aside") == NULL);
	screen_close(&s);
}

/* What keeps the whole run from continuing is reported once, and who else it concerns. */
static void test_plain_same_failure(void)
{
	struct error err = { 0 };
	struct screen s;
	struct event ev = step(EVENT_STEP_DONE, 1000, 1, 0, OUTCOME_FAILED, 900, NULL);

	error_set(&err, ERROR_LOCKED, "locked by another run");
	error_hint(&err, "wait");
	ev.error = &err;
	screen_open(&s, PLAIN_RUN, false);
	feed(&s, ev);
	ev.host = 1;
	feed(&s, ev);
	CHECK_STR(s.err,
		"     1.0s  cp1       packages  FAILED after 0.9 s\nerror: cp1: packages: locked by another run\n"
		"  hint: wait\n"
		"     1.0s  worker12  packages  FAILED for the same reason as cp1\n");
	screen_close(&s);
}

static void test_plain_detail_not_twice(void)
{
	struct error err = { 0 };
	struct screen s;
	struct event ev = step(EVENT_STEP_DONE, 1, 1, 0, OUTCOME_FAILED, 1, NULL);

	error_set(&err, ERROR_COMMAND, "failed");
	error_detail(&err, "a tail\nthe end");
	ev.error = &err;
	screen_open(&s, PLAIN_RUN, false);
	feed(&s, step(EVENT_OUTPUT, 0, 1, 0, OUTCOME_OK, 0, "a tail"));
	feed(&s, step(EVENT_OUTPUT, 0, 1, 0, OUTCOME_OK, 0, "the end"));
	feed(&s, ev);
	CHECK(strstr(s.err, "  | a tail\n  | the end\n") != NULL);
	CHECK(strstr(s.err, "  a tail\n  the end") == NULL);
	screen_close(&s);
}

static void test_plain_blocked_is_said_once(void)
{
	struct error err = { 0 };
	struct screen s;
	struct event ev = step(EVENT_STEP_DONE, 1000, 2, 1, OUTCOME_BLOCKED, 0, NULL);

	error_set(&err, ERROR_COMMAND, "blocked: no control plane finished init");
	ev.error = &err;
	screen_open(&s, PLAIN_RUN, false);
	feed(&s, ev);
	ev = step(EVENT_HOST_ASIDE, 1000, -1, 1, OUTCOME_OK, 0, NULL);
	ev.error = &err;
	feed(&s, ev);
	CHECK_STR(s.err,
		"     1.0s  worker12            set aside: blocked: no control plane finished init; the others continue\n");
	CHECK_STR(s.out, "");
	screen_close(&s);
}

static void test_heartbeat(void)
{
	struct screen s;

	screen_open(&s, PLAIN_RUN, false);
	feed(&s, step(EVENT_STEP_STARTED, 1000, 1, 0, OUTCOME_OK, 0, NULL));
	feed(&s, step(EVENT_STEP_STARTED, 2000, 2, 1, OUTCOME_OK, 0, NULL));
	plain_tick(s.plain, 29000);
	fflush(s.ferr);
	CHECK_STR(s.err, "");
	plain_tick(s.plain, 62000);
	plain_tick(s.plain, 63000);
	fflush(s.ferr);
	CHECK_STR(s.err, "    62.0s  at work: cp1 packages (1m01s), worker12 join (1m00s)\n");
	screen_close(&s);
}

static void test_quiet_and_verbose(void)
{
	struct error err = { 0 };
	struct screen s;
	struct event ev = step(EVENT_STEP_DONE, 1, 0, 0, OUTCOME_FAILED, 1, NULL);

	error_set(&err, ERROR_CONNECT, "no route");
	ev.error = &err;
	screen_open(&s, PLAIN_QUIET, false);
	feed(&s, ev);
	feed(&s, step(EVENT_NOTICE, 1, 0, 0, OUTCOME_OK, 0, "swap is on"));
	CHECK_STR(s.err, "");
	CHECK_STR(s.out, "");
	screen_close(&s);
	screen_open(&s, PLAIN_RUN, true);
	feed(&s, step(EVENT_OUTPUT, 100, 0, 0, OUTCOME_OK, 0, "hello"));
	feed(&s, step(EVENT_NOTICE, 100, 0, 0, OUTCOME_OK, 0, "swap is on"));
	feed(&s, step(EVENT_STEP_DONE, 100, 0, 0, OUTCOME_OK, 0, "seen"));
	CHECK_STR(s.err, "     0.1s  cp1       probe     | hello\n     0.1s  cp1       probe     note: swap is on\n");
	CHECK_STR(s.out, "     0.1s  cp1       probe     ok: seen\n");
	screen_close(&s);
}

static void test_exit_status(void)
{
	struct error err = { 0 };
	static const struct {
		enum error_kind kind;
		int status;
	} kinds[] = {
		{ ERROR_INTERNAL, 1 },
		{ ERROR_USAGE, 2 },
		{ ERROR_INVENTORY, 3 },
		{ ERROR_CONNECT, 4 },
		{ ERROR_HOSTKEY, 4 },
		{ ERROR_AUTH, 4 },
		{ ERROR_COMMAND, 5 },
		{ ERROR_NET, 5 },
		{ ERROR_REFUSED, 5 },
		{ ERROR_UNREACHABLE, 5 },
		{ ERROR_BLOCKED, 4 },
		{ ERROR_PKI, 5 },
		{ ERROR_SYSTEM, 5 },
		{ ERROR_PROTOCOL, 5 },
		{ ERROR_TIMEOUT, 5 },
		{ ERROR_PREFLIGHT, 6 },
		{ ERROR_LOCKED, 7 },
		{ ERROR_CANCELLED, 130 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		error_set(&err, kinds[i].kind, "x");
		CHECK_INT(cli_exit_status(false, false, 1, &err), kinds[i].status);
		CHECK_INT(cli_exit_status(false, true, 1, &err), 8);
	}
	CHECK_INT(cli_exit_status(false, true, 0, NULL), 0);
	CHECK_INT(cli_exit_status(false, false, 0, NULL), 0);
	CHECK_INT(cli_exit_status(true, true, 0, NULL), 130);
	CHECK_INT(cli_exit_status(true, false, 3, &err), 130);
	CHECK_INT(cli_exit_status(false, false, 2, NULL), 5);
}

static void test_error_text(void)
{
	struct error err = { 0 };
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	error_set(&err, ERROR_AUTH, "sudo wants a password");
	error_hint(&err, "set ssh.sudo");
	error_detail(&err, "one\ntwo\n");
	snprintf(err.host, sizeof(err.host), "cp1");
	snprintf(err.step, sizeof(err.step), "probe");
	cli_error_print(f, &err);
	err.host[0] = err.step[0] = err.detail[0] = err.hint[0] = '\0';
	cli_error_print(f, &err);
	fclose(f);
	CHECK_STR(text, "error: cp1: probe: sudo wants a password\n  one\n  two\n  hint: set ssh.sudo\n"
			"error: sudo wants a password\n");
	free(text);
}

static void test_durations(void)
{
	char out[16];

	CHECK_STR(cli_duration(0, out, sizeof(out)), "0.0 s");
	CHECK_STR(cli_duration(39149, out, sizeof(out)), "39.1 s");
	CHECK_STR(cli_duration(59999, out, sizeof(out)), "59.9 s");
	CHECK_STR(cli_duration(60000, out, sizeof(out)), "1m00s");
	CHECK_STR(cli_duration(3599000, out, sizeof(out)), "59m59s");
	CHECK_STR(cli_duration(7500000, out, sizeof(out)), "2h05m");
}

/* Each event is one line, and each line a document. */
static void test_json_lines(void)
{
	char path[] = "/tmp/kubewright-test-XXXXXX", line[4096];
	int fd = mkstemp(path), keep = dup(STDOUT_FILENO);
	struct event ev = step(EVENT_STEP_DONE, 12340, 1, 0, OUTCOME_CHANGED, 11900, "line\nbreak \"quoted\"");
	struct json *j;
	FILE *f;

	CHECK(fd >= 0);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	json_event(&ev, (void *)(uintptr_t)&config);
	json_event(&ev, (void *)(uintptr_t)&config);
	dup2(keep, STDOUT_FILENO);
	close(keep);
	close(fd);
	f = fopen(path, "r");
	for (int i = 0; i < 2; i++) {
		CHECK(fgets(line, sizeof(line), f) != NULL);
		j = json_parse(line, strlen(line), NULL);
		CHECK_STR(json_get_str(j, "kind", ""), "step-done");
		CHECK_STR(json_get_str(j, "host", ""), "cp1");
		CHECK_STR(json_get_str(j, "step", ""), "packages");
		json_free(j);
	}
	CHECK(fgets(line, sizeof(line), f) == NULL);
	fclose(f);
	unlink(path);
}

static const struct test tests[] = {
	{ "plain lines", test_plain_lines },
	{ "plain failure", test_plain_failure },
	{ "plain: the same failure of many", test_plain_same_failure },
	{ "a log's end is not printed twice", test_plain_detail_not_twice },
	{ "blocked is said once", test_plain_blocked_is_said_once },
	{ "heartbeat", test_heartbeat },
	{ "quiet and verbose", test_quiet_and_verbose },
	{ "exit status", test_exit_status },
	{ "error text", test_error_text },
	{ "durations", test_durations },
	{ "json lines", test_json_lines },
};
TEST_MAIN(tests)
