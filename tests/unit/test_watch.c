/* A run of another process, followed by its journal: the recording, the screens, the command. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define JOURNAL "state/kubewright/rack7/runs/20261126T120000-abcd.jsonl"

static const struct step steps[] = {
	{ .name = "probe", .title = "Looking at the host", .roles = 3, .flags = STEP_OBSERVES },
	{ .name = "join", .title = "Joining the cluster", .roles = 3 },
	{ .name = "verify", .title = "Verifying the cluster", .roles = 1, .flags = STEP_OBSERVES },
};
static const struct engine_host hosts[] = { { "cp1", 1 }, { "w1", 2 } };
static const struct engine_config config = {
	.run = "20261126T120000-abcd", .steps = steps, .step_count = 3, .hosts = hosts, .host_count = 2
};
static struct journal *journal;
static uint64_t seq;
static int64_t started;

static void begin(void)
{
	struct error err = { 0 };
	char path[256];

	CHECK(getcwd(path, sizeof(path) - 8) != NULL);
	strcat(path, "/state");
	setenv("XDG_STATE_HOME", path, 1);
	unlink(JOURNAL);
	journal = journal_open("state/kubewright/rack7/runs", config.run, &config, "apply", &err);
	if (!CHECK(journal != NULL)) {
		printf("# %s\n", err.what);
		exit(1);
	}
	seq = 0;
	/* it has been under way for a while, however fast or slow this machine is */
	started = clock_wall_ms() - 5000;
}

/* The writer's side, as the engine's threads would do it. */
static void says(enum event_kind kind, int host, int step, enum outcome outcome, const char *text)
{
	struct error err = { 0 };
	struct event ev = { .kind = kind,
		.seq = ++seq,
		.wall_ms = clock_wall_ms(),
		.at_ms = clock_wall_ms() - started,
		.host = host,
		.step = step,
		.outcome = outcome,
		.text = text };

	if (outcome == OUTCOME_FAILED) {
		error_set(&err, ERROR_COMMAND, "it broke");
		ev.error = &err;
	}
	journal_event(&ev, journal);
}

static void begins(void)
{
	begin();
	says(EVENT_RUN_STARTED, -1, -1, OUTCOME_CHANGED, config.run);
	says(EVENT_STEP_STARTED, 0, 0, OUTCOME_CHANGED, NULL);
}

static void ends(void)
{
	journal_close(journal);
	journal = NULL;
}

/* ---- the recording ------------------------------------------------------------------------------------------------------ */

static void append(const char *text, size_t len)
{
	int fd = open(JOURNAL, O_WRONLY | O_APPEND);

	CHECK(write(fd, text, len) == (ssize_t)len);
	close(fd);
}

static void test_recording(void)
{
	static const char line[] =
		"{\"v\":1,\"seq\":3,\"t\":\"2026-11-26T12:00:01.000Z\",\"at\":70,\"kind\":\"paused\"}\n";
	struct error err = { 0 };
	struct recording *r;

	begins();
	r = recording_load(JOURNAL, &err);
	if (!CHECK(r != NULL))
		return;
	CHECK(recording_live(r));
	CHECK_INT(recording_at(r, INT64_MAX)->events, 2);
	CHECK(recording_now_ms(r) >= recording_length_ms(r));
	/* half a line waits for its end */
	append(line, 20);
	CHECK_INT(recording_follow(r, &err), 0);
	CHECK_INT(recording_at(r, INT64_MAX)->events, 2);
	append(line + 20, sizeof(line) - 21);
	CHECK_INT(recording_follow(r, &err), 0);
	CHECK_INT(recording_at(r, INT64_MAX)->events, 3);
	CHECK(recording_at(r, INT64_MAX)->paused);
	CHECK_INT(recording_bad_lines(r), 0);
	/* killed half-way through one */
	append(line, 20);
	ends();
	CHECK_INT(recording_follow(r, &err), 0);
	CHECK(!recording_live(r));
	CHECK_INT(recording_bad_lines(r), 1);
	CHECK_INT(recording_now_ms(r), recording_length_ms(r));
	CHECK_INT(recording_follow(r, &err), 0);
	recording_free(r);
	/* the same file, now of the past */
	r = recording_load(JOURNAL, &err);
	CHECK(r && !recording_live(r) && recording_bad_lines(r) == 1);
	recording_free(r);
}

static void test_recording_gone(void)
{
	struct error err = { 0 };
	struct recording *r;

	begins();
	r = recording_load(JOURNAL, &err);
	CHECK(r && recording_live(r));
	unlink(JOURNAL);
	CHECK_INT(recording_follow(r, &err), -1);
	CHECK(err.kind == ERROR_SYSTEM && !recording_live(r));
	recording_free(r);
	ends();
}

/* ---- the screens ---------------------------------------------------------------------------------------------------------- */

static int64_t tick(void)
{
	struct screen *s = app_top(fake_app);

	return s->ops->tick(s, clock_mono_ms());
}

static void test_screen(void)
{
	begins();
	fake_write("kubewright.yaml", fake_file);
	fake.recent = NULL;
	fake.live = JOURNAL;
	fake_set_up(NULL, screen_start(), 80, 24, false);
	CHECK(fake_sees("active now: apply"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("  live"));
	CHECK(fake_sees("probe"));
	CHECK(tick() > 0);
	says(EVENT_STEP_DONE, 0, 0, OUTCOME_CHANGED, "seen");
	says(EVENT_STEP_STARTED, 1, 1, OUTCOME_CHANGED, NULL);
	CHECK(tick() > 0);
	CHECK(fake_sees("join "));
	/* back in time, where it stays while the run continues */
	app_key(fake_app, K_HOME);
	CHECK(fake_sees("0:00 of "));
	CHECK(fake_sees("stopped; End goes to now"));
	says(EVENT_STEP_DONE, 1, 1, OUTCOME_CHANGED, "joins as a worker");
	CHECK(tick() > 0);
	CHECK(fake_sees("stopped; End goes to now"));
	app_key(fake_app, K_END);
	CHECK(fake_sees("  live"));
	says(EVENT_RUN_DONE, -1, -1, OUTCOME_CHANGED, NULL);
	ends();
	while (tick() > 0)
		continue;
	CHECK(fake_sees("over"));
	CHECK(fake_sees("stopped"));
	CHECK(!strstr(fake_see(), "End goes to now"));
	/* behind it is the inventory */
	app_key(fake_app, K_ESCAPE);
	CHECK(fake_sees("cp3"));
	fake_tear_down();
}

static void test_screen_killed(void)
{
	struct error err = { 0 };
	struct recording *r;

	begins();
	r = recording_load(JOURNAL, &err);
	fake_set_up(NULL, screen_replay(r), 80, 24, false);
	CHECK(fake_sees("  live"));
	ends();
	tick();
	CHECK(fake_sees("cut off"));
	fake_tear_down();
}

/* ---- the command ----------------------------------------------------------------------------------------------------------- */

/* This program as kubewright: the journal's writer is a thread, and a child that continued without exec could wait for a lock that it held. */
#define AS_KUBEWRIGHT "as-kubewright"

static pid_t watch_begin(const char *word, const char *value)
{
	char *argv[] = { (char *)AS_KUBEWRIGHT, (char *)"watch", (char *)word, (char *)value, NULL };
	pid_t pid;

	unlink("out");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		/* the writer's lock is not the child's */
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		if (dup2(open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO) < 0 ||
			dup2(open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO) < 0)
			_exit(99);
		execv("/proc/self/exe", argv);
		_exit(98);
	}
	return pid;
}

static int watch_end(pid_t pid)
{
	int status = 0;

	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const char *file(const char *name)
{
	static struct str text[2] = { STR_INIT, STR_INIT };
	static int n;

	n = !n;
	str_clear(&text[n]);
	return file_read(name, 1u << 20, &text[n], NULL) || !text[n].len ? "" : text[n].buf;
}

/* Until the watcher has printed this. */
static bool printed(const char *text)
{
	int64_t end = clock_mono_ms() + 10000;

	while (!strstr(file("out"), text)) {
		if (clock_mono_ms() > end) {
			printf("# not printed: %s\n%s%s", text, file("out"), file("err"));
			return false;
		}
		usleep(10000);
	}
	return true;
}

static void test_command(void)
{
	pid_t pid;

	begins();
	pid = watch_begin(NULL, NULL);
	CHECK(printed("run 20261126T120000-abcd\n"));
	says(EVENT_STEP_DONE, 0, 0, OUTCOME_CHANGED, "seen");
	says(EVENT_STEP_DONE, 1, 1, OUTCOME_CHANGED, "joins as a worker");
	CHECK(printed("w1   join    joins as a worker"));
	says(EVENT_STEP_DONE, 0, 2, OUTCOME_CHANGED, NULL);
	says(EVENT_QUESTION, 0, 1, OUTCOME_CHANGED, "continue?");
	says(EVENT_RUN_DONE, -1, -1, OUTCOME_CHANGED, NULL);
	CHECK_INT(watch_end(pid), 0);
	CHECK(strstr(file("out"), "\nDone after ") && strstr(file("out"), "with exit status 0\n"));
	/* looking is not news */
	CHECK(!strstr(file("out"), "seen") &&
		strstr(file("err"), "waits for an answer in its own terminal: continue?"));
	ends();
}

static void test_command_left(void)
{
	pid_t pid;

	begins();
	pid = watch_begin("-o", "json");
	CHECK(printed("run-started"));
	says(EVENT_STEP_DONE, 0, 2, OUTCOME_OK, NULL);
	says(EVENT_STEP_DONE, 1, 1, OUTCOME_FAILED, NULL);
	says(EVENT_HOST_ASIDE, 1, 1, OUTCOME_FAILED, NULL);
	says(EVENT_RUN_DONE, -1, -1, OUTCOME_FAILED, NULL);
	ends();
	CHECK_INT(watch_end(pid), 8);
	CHECK_STR(file("out"), file(JOURNAL));
	/* what is over is shown whole */
	CHECK_INT(watch_end(watch_begin("-v", "20261126T12")), 8);
	CHECK(strstr(file("out"), "; hosts left to do: w1\n") && strstr(file("err"), "it broke"));
	CHECK_INT(watch_end(watch_begin(NULL, NULL)), 2);
	CHECK(strstr(file("err"), "no run is active in ") != NULL);
}

static void test_command_killed(void)
{
	pid_t pid;

	begins();
	pid = watch_begin(NULL, NULL);
	CHECK(printed("run 20261126T120000-abcd\n"));
	ends();
	CHECK_INT(watch_end(pid), 130);
	CHECK(strstr(file("err"), "the run's process is gone") && strstr(file("err"), "'kubewright apply' continues"));
}

static const struct test tests[] = {
	{ "a journal that grows", test_recording },
	{ "a journal that goes away", test_recording_gone },
	{ "the start page leads to the run under way", test_screen },
	{ "a run that is killed while it is looked at", test_screen_killed },
	{ "watch follows to the end", test_command },
	{ "watch: JSON, hosts left, nothing to watch", test_command_left },
	{ "watch: a killed run", test_command_killed },
};
int main(int argc, char **argv)
{
	if (strcmp(argv[0], AS_KUBEWRIGHT) == 0)
		return cli_main(argc, argv);
	return test_main_in_folder(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
