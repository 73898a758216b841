/* A time line as text, on a screen, and as the command prints it. */
#include "tests/test.h"
#include "tests/unit/fake_golden.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/fake_told.h"

#include "base/file.h"
#include "base/json.h"
#include "cli/cli.h"

#include <fcntl.h>

/* ---- as text ------------------------------------------------------------------------------------------------------------- */

static void check_golden(int width, bool ascii)
{
	struct timeline *t = told_timeline();
	struct str out = STR_INIT;
	char name[80];

	timeline_text(t, width, ascii, &out);
	snprintf(name, sizeof(name), "tests/tui/golden/timeline-text-%d-%s.txt", width, ascii ? "ascii" : "utf8");
	CHECK(golden_same(name, &out));
	for (const char *p = out.buf; ascii && *p; p += strcspn(p, "\n") + 1)
		CHECK(strcspn(p, "\n") <= (size_t)width);
	for (const char *p = out.buf; ascii && *p; p++)
		CHECK(*p == '\n' || (*p >= ' ' && *p <= '~'));
	str_release(&out);
	told_forget(t);
}

static void test_text(void)
{
	tell_install();
	check_golden(80, true);
	check_golden(80, false);
	check_golden(132, true);
}

/* Beside one step another; one that failed, one that did not end; letters that are taken. */
static void test_marks(void)
{
	tell_begin(told_install);
	tell_start("c1", "probe", 0);
	tell_end("c1", "probe", "ok", 2000, 2000);
	tell_start("c1", "os", 2000);
	tell_start("c1", "init", 4000);
	tell_end("c1", "init", "changed", 6000, 2000);
	tell_end("c1", "os", "failed", 8000, 6000);
	tell_start("c2", "join", 6000);
	tell_start("w1", "join-cp", 6000);
	tell(10000, "output", "w1", "join-cp", ",\"text\":\"…\"");
	check_golden(72, true);
}

/* ---- on a screen --------------------------------------------------------------------------------------------------------- */

static void test_screen(void)
{
	struct error err = { 0 };

	tell_install();
	CHECK_INT(file_write(TOLD_JOURNAL, told.buf, told.len, 0600, NULL), 0);
	fake_set_up(NULL, screen_replay(recording_load(TOLD_JOURNAL, &err)), 80, 24, false);
	CHECK(fake_sees("t Waits"));
	fake_keys("t");
	CHECK(fake_sees("Time line"));
	CHECK(fake_sees("apply, run 20260301T120000-abcd: 16.2 s, 4 hosts"));
	CHECK(!strstr(fake_see(), "Longest steps"));
	app_key(fake_app, K_END);
	CHECK(fake_sees("Longest steps"));
	app_key(fake_app, K_HOME);
	/* a wider terminal has longer bars, another character set other dots */
	CHECK(!strstr(fake_see(), "ooooooooooooo"));
	canvas_resize(&fake_canvas, 200, 50);
	CHECK(fake_sees("ooooooooooooo"));
	canvas_resize(&fake_canvas, 80, 24);
	CHECK(!strstr(fake_see(), ". waits"));
	fake_canvas.ascii = true;
	CHECK(fake_sees(". waits"));
	fake_keys("/turn\r");
	CHECK(fake_sees("turn after c2:join-cp"));
	app_key(fake_app, K_ESCAPE);
	CHECK(fake_sees("stopped"));
	fake_keys("?");
	CHECK(fake_sees("Opens the time line"));
	fake_tear_down();
}

/* ---- the command --------------------------------------------------------------------------------------------------------- */

static int command(const char *out, const char *const *words)
{
	char *argv[8] = { (char *)"kubewright", (char *)"replay" };
	int argc = 2, status = 0;
	pid_t pid;

	for (; *words; words++)
		argv[argc++] = (char *)*words;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		exit(cli_main(argc, argv));
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define REPLAY(...) command("out", (const char *const[]){ __VA_ARGS__, NULL })

static const char *printed(void)
{
	static struct str out = STR_INIT;

	str_clear(&out);
	CHECK_INT(file_read("out", 1u << 20, &out, NULL), 0);
	return out.buf;
}

static void test_command(void)
{
	struct json *j;

	tell_install();
	CHECK_INT(file_write(TOLD_JOURNAL, told.buf, told.len, 0600, NULL), 0);
	CHECK_INT(REPLAY("--timeline", "./" TOLD_JOURNAL), 0);
	CHECK(strstr(printed(), "\nCritical path, "));
	CHECK_INT(REPLAY("--timeline", "-o", "json", "./" TOLD_JOURNAL), 0);
	printed();
	j = json_parse(printed(), strlen(printed()), NULL);
	CHECK_STR(json_get_str(j, "kind", ""), "timeline");
	CHECK_STR(json_get_str(j, "state", ""), "over");
	CHECK_INT(json_get_int(j, "wall_ms", 0), 16200);
	CHECK_INT(json_get_int(j, "path_ms", 0), 16150);
	CHECK_INT(json_size(json_get(j, "hosts")), 4);
	CHECK_INT(json_get_int(j, "path.2", 0), 12);
	CHECK_STR(json_get_str(j, "steps.12.host", ""), "c3");
	CHECK_STR(json_get_str(j, "steps.12.step", ""), "join-cp");
	CHECK_STR(json_get_str(j, "steps.12.outcome", ""), "changed");
	CHECK_INT(json_get_int(j, "steps.12.waited_ms", 0), 8500);
	CHECK_STR(json_get_str(j, "steps.12.after.cause", ""), "turn");
	CHECK_STR(json_get_str(j, "steps.12.after.section", ""), "join-cp");
	CHECK_STR(json_get_str(j, "steps.12.after.host", ""), "c2");
	CHECK_INT(json_get_int(j, "steps.12.after.index", 0), 10);
	json_free(j);
	/* without a terminal the screen has no place, and its output no other form */
	CHECK_INT(REPLAY("-o", "json", "./" TOLD_JOURNAL), 2);
	CHECK(strstr(printed(), "with --timeline"));
	CHECK_INT(REPLAY("./" TOLD_JOURNAL), 2);
	CHECK(strstr(printed(), "replay --timeline needs none"));
	CHECK_INT(REPLAY("--timeline", "./none.jsonl"), 5);
	CHECK(strstr(printed(), "error: "));
	CHECK_INT(file_write("bad.jsonl", "{}\n", 3, 0600, NULL), 0);
	CHECK(REPLAY("--timeline", "./bad.jsonl") != 0);
	CHECK(strstr(printed(), "is not the recording of a run"));
}

static const struct test tests[] = {
	{ "text", test_text },
	{ "text: marks and lanes", test_marks },
	{ "the screen", test_screen },
	{ "the command", test_command },
};

int main(int argc, char **argv)
{
	int rc;

	if (!golden_begin())
		return 1;
	rc = test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
	return golden_end() ? rc : 1;
}
