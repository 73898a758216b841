/* A journal that somebody sent: what it says is text, no matter who shows it. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "tui/runview.h"

#include <fcntl.h>
#include <sys/stat.h>

#define EVIL \
	"x\\u001b]0;OWNED\\u0007\\u001b[2J\\u001b]52;c;Y3VybA==\\u0007\\u009b31m\xe2\x80\xae\\n" \
	"forged"
#define LINE(seq, kind, more) \
	"{\"v\":1,\"seq\":" seq ",\"t\":\"2026-03-01T12:00:00.000Z\",\"at\":1,\"kind\":\"" kind "\"" more "}\n"

static const char text[] = "{\"v\":1,\"seq\":0,\"t\":\"2026-03-01T12:00:00.000Z\",\"kind\":\"run\",\"run\":\"" EVIL
			   "\",\"command\":\"" EVIL "\",\"hosts\":[{\"name\":\"" EVIL
			   "\",\"roles\":1}],\"steps\":[{\"name\":\"probe\",\"title\":\"" EVIL
			   "\",\"roles\":1}]}\n" /* the rest names no host: a name is what it was made */
	LINE("1", "run-started", ",\"text\":\"" EVIL "\"") LINE("2", "output",
		",\"step\":\"probe\",\"text\":\"" EVIL "\"") LINE("3", "notice", ",\"text\":\"" EVIL "\"") LINE("4",
		"question",
		",\"text\":\"" EVIL "\",\"answers\":\"" EVIL
		"\"") "this is no JSON \x1b[2J\xc2\x9b"
		      "31m\n" LINE("5", "step-done",
			      ",\"step\":\"probe\",\"outcome\":\"failed\",\"ms\":1,\"error\":{\"kind\":\"net\",\"what\":\"" EVIL
			      "\",\"hint\":\"" EVIL "\",\"detail\":\"" EVIL "\"}")
			      LINE("6", "run-done", ",\"outcome\":\"failed\",\"ms\":1");

static char dir[64], path[96];

static void begin(void)
{
	strcpy(dir, "/tmp/kubewright-journal-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
	snprintf(path, sizeof(path), "%s/r.jsonl", dir);
	CHECK_INT(file_write(path, text, sizeof(text) - 1, 0600, NULL), 0);
}

static void end(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	CHECK_INT(system(command), 0);
}

static bool harmless(const char *out, size_t len)
{
	struct str clean = STR_INIT;
	bool same;

	str_add_printable(&clean, out, len);
	same = clean.len == len && memcmp(clean.buf, out, len) == 0;
	str_release(&clean);
	return same;
}

static void look(const struct event *ev, void *seen)
{
	++*(int *)seen;
	CHECK(!ev->text || strcmp(ev->text, "x31m\nforged") == 0);
	CHECK(!ev->answers || strcmp(ev->answers, "x31m\nforged") == 0);
	if (ev->error) {
		CHECK_STR(ev->error->what, "x31m\nforged");
		CHECK(harmless(ev->error->hint, strlen(ev->error->hint)));
		CHECK(harmless(ev->error->detail, strlen(ev->error->detail)));
	}
}

static void test_decoded(void)
{
	struct error err = { 0 };
	struct recording *r;
	int seen = 0;

	begin();
	r = recording_load(path, &err);
	if (CHECK(r != NULL)) {
		CHECK_STR(recording_run(r), "x31m forged");
		CHECK_STR(recording_command(r), "x31m forged");
		CHECK_STR(recording_at(r, 0)->hosts[0].name, "x31m forged");
		CHECK_STR(recording_at(r, 0)->steps[0].title, "x31m forged");
		recording_events(r, 0, look, &seen);
		CHECK_INT(seen, 6);
		CHECK_INT(recording_bad_lines(r), 1);
	} else {
		printf("# %s\n", err.what);
	}
	recording_free(r);
	end();
}

/* `watch`, with words in front of the journal's path, prints it to its end. */
static void watch(const char *option, const char *value, const char *has)
{
	char *argv[] = { (char *)"kubewright", (char *)"watch", (char *)option, (char *)value, path, NULL };
	struct str out = STR_INIT;
	char file[96];
	int status;
	pid_t pid;

	snprintf(file, sizeof(file), "%s/out", dir);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, 1);
		dup2(fd, 2);
		setenv("HOME", dir, 1);
		exit(cli_main(5, argv));
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	CHECK_INT(file_read(file, 1u << 20, &out, NULL), 0);
	if (!CHECK(harmless(out.buf, out.len)) || !CHECK(strstr(out.buf, has)))
		printf("# %s\n", out.buf);
	str_release(&out);
}

static void test_watch(void)
{
	begin();
	watch("--color", "never", "x31m");
	watch("-o", "json", "this is no JSON 31m");
	end();
}

static const struct test tests[] = {
	{ "decoded", test_decoded },
	{ "watched", test_watch },
};
TEST_MAIN(tests)
