/* A host that talks without end: what it says is bounded in events, memory and disk, and costs only itself. */
#include "tests/unit/fake_engine.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "engine/private.h"
#include "tests/test.h"
#include "tui/runview.h"

#include <sys/resource.h>
#include <sys/stat.h>

static struct rig rig;
static char dir[64];

enum flood { FLOOD_LINES, FLOOD_LONG, FLOOD_NO_NEWLINE, FLOOD_KINDS };
static enum flood flood;

/* Twice what is taken of a step is enough where sanitizers make each byte dear. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PIECES 256
#else
#define PIECES 3200
#endif

/* Host 0 says 200 MiB in each of two steps, the others a line. */
static int talk(struct task *t, struct error *err)
{
	static char piece[65536];

	(void)err;
	if (task_host(t) != 0) {
		task_output("hello\n", 6, t);
		return 0;
	}
	memset(piece, 'x', sizeof(piece));
	for (size_t i = flood == FLOOD_LINES ? 7 : 4095; flood != FLOOD_NO_NEWLINE && i < sizeof(piece);
		i += i % 8 ? 8 : 4096)
		piece[i] = '\n';
	for (int i = 0; i < PIECES; i++)
		task_output(piece, sizeof(piece), t);
	task_log(t, "our own word");
	return 0;
}

static const struct step plan[] = {
	{ .name = "one", .title = "one", .roles = RIG_ALL, .apply = talk },
	{ .name = "two", .title = "two", .roles = RIG_ALL, .apply = talk, .needs = { { "one", 0, 0 } } },
};

static size_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static unsigned count_text(const struct rig *r, int step, int host, const char *text)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->event_count; i++)
		n += r->events[i].ev.kind == EVENT_OUTPUT && r->events[i].ev.step == step &&
		     r->events[i].ev.host == host && r->events[i].text && strstr(r->events[i].text, text);
	return n;
}

static struct journal *begin(const char *run)
{
	struct error err = { 0 };
	struct journal *j;

	strcpy(dir, "/tmp/test-bounds-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
	j = journal_open(dir, run, &rig.config, "apply", &err);
	if (!CHECK(j != NULL))
		printf("# %s\n", err.what);
	rig.config.journal = journal_event;
	rig.config.journal_ctx = j;
	return j;
}

static void end(struct journal *j)
{
	char command[96];

	journal_close(j);
	rig.config.journal = NULL;
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	CHECK_INT(system(command), 0);
}

static void test_step(void)
{
	for (flood = FLOOD_LINES; flood < FLOOD_KINDS; flood++) {
		struct journal *j;
		char path[96];

		rig_init(&rig, plan, 2, "cw");
		j = begin("r");
		rig_run(&rig);
		CHECK_INT(rig.result.hosts_done, 2);
		for (int s = 0; s < 2; s++) {
			CHECK_INT(rig_outcome(&rig, s, 0), OUTCOME_CHANGED);
			CHECK_INT(rig_outcome(&rig, s, 1), OUTCOME_CHANGED);
			CHECK_INT(count_text(&rig, s, 0, "was dropped: more than"), 1);
			CHECK_INT(count_text(&rig, s, 0, "our own word"), 1);
			CHECK_INT(count_text(&rig, s, 1, "hello"), 1);
			CHECK_INT(count_text(&rig, s, 1, "was dropped"), 0);
		}
		CHECK(rig.event_count < 2 * 100100);
		snprintf(path, sizeof(path), "%s/r.jsonl", dir);
		if (!CHECK(size_of(path) < 2 * (25u << 20)))
			printf("# %zu bytes\n", size_of(path));
		end(j);
		rig_release(&rig);
	}
}

/* Many hosts and steps, each within its bound: the journal has one of its own, is read back, and has the end of the run. */
static void test_journal(void)
{
	struct event ev = { .kind = EVENT_OUTPUT, .step = 0, .host = 0 };
	struct error err = { 0 };
	struct recording *recording;
	struct str text = STR_INIT;
	struct journal *j;
	char path[96];
	size_t n = 0;

	rig_init(&rig, plan, 2, "cw");
	j = begin("r");
	while (text.len < 4000)
		str_add(&text, "0123456789\"\\");
	ev.text = text.buf;
	for (int i = 0; i < 40000; i++) {
		ev.seq++;
		journal_event(&ev, j);
	}
	ev = (struct event){ .kind = EVENT_STEP_DONE, .seq = ev.seq + 1, .outcome = OUTCOME_OK, .text = "at the end" };
	journal_event(&ev, j);
	snprintf(path, sizeof(path), "%s/r.jsonl", dir);
	CHECK(size_of(path) > JOURNAL_OUTPUT_MAX && size_of(path) < JOURNAL_OUTPUT_MAX + (1u << 20));
	str_clear(&text);
	CHECK_INT(file_read(path, 256u << 20, &text, &err), 0);
	for (const char *p = text.buf; (p = strstr(p, "no longer recorded")) != NULL; p++)
		n++;
	CHECK_INT(n, 1);
	CHECK(strstr(text.buf, "at the end") != NULL);
	recording = recording_load(path, &err);
	if (CHECK(recording != NULL))
		CHECK_INT(recording_bad_lines(recording), 0);
	recording_free(recording);
	str_release(&text);
	end(j);
	rig_release(&rig);
}

static const struct test tests[] = {
	{ "a step's output", test_step },
	{ "a journal", test_journal },
};
TEST_MAIN(tests)
