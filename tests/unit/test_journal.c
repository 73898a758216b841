/* The journal: what is in it, whose it is, and whether its run lives. */
#include "tests/unit/fake_engine.h"

#include "base/file.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "tests/test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

static struct rig rig;
static char dir[64];
static const char *machine = "m1";

static void make_dir(void)
{
	snprintf(dir, sizeof(dir), "/tmp/test-journal-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	strcat(dir, "/a/b");
}

static void remove_dir(void)
{
	char command[128];

	dir[strlen(dir) - 4] = '\0';
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	CHECK_INT(system(command), 0);
}

static struct journal *open_journal(const char *run)
{
	struct error err = { 0 };
	struct journal *j;

	rig.config.machine = machine;
	j = journal_open(dir, run, &rig.config, "apply -f x.yaml", &err);

	if (!CHECK(j != NULL))
		printf("# %s\n", err.what);
	return j;
}

static size_t dead(char *first)
{
	char **list;
	size_t n = journal_dead_runs(dir, "m1", &list);

	*first = '\0';
	if (n)
		strcpy(first, list[0]);
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
	return n;
}

static void test_dispatched(struct rig *r, const struct event *ev)
{
	(void)r;
	/* the journal has it before any observer */
	if (ev->kind == EVENT_STEP_DONE && ev->step == P_INIT) {
		char path[128];
		struct str text = STR_INIT;

		snprintf(path, sizeof(path), "%s/run1.jsonl", dir);
		CHECK_INT(file_read(path, 1 << 24, &text, NULL), 0);
		CHECK(strstr(text.buf, "\"step\":\"init\"") != NULL);
		str_release(&text);
	}
}

static enum rig_act w1_fails(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	(void)nth;
	return host == 1 && step == P_JOIN ? RIG_FAIL : RIG_OK;
}

static void check_line(const struct json *line, size_t i)
{
	const struct rig_event *e = i > 0 ? &rig.events[i - 1] : NULL;

	CHECK_INT(json_get_int(line, "v", 0), 1);
	CHECK_INT(json_get_int(line, "seq", -1), (long long)i);
	CHECK_INT(strlen(json_get_str(line, "t", "")), 24);
	if (!e)
		return;
	CHECK_STR(json_get_str(line, "kind", NULL), event_kind_name(e->ev.kind));
	CHECK_STR(json_get_str(line, "host", NULL), e->ev.host >= 0 ? rig.hosts[e->ev.host].name : NULL);
	CHECK_STR(json_get_str(line, "step", NULL), e->ev.step >= 0 ? rig.config.steps[e->ev.step].name : NULL);
	CHECK_STR(json_get_str(line, "text", NULL), e->text);
	if (e->ev.kind == EVENT_STEP_DONE)
		CHECK_STR(json_get_str(line, "outcome", NULL), outcome_name(e->ev.outcome));
	if (e->ev.error) {
		CHECK_STR(json_get_str(line, "error.kind", NULL), error_kind_name(e->error.kind));
		CHECK_STR(json_get_str(line, "error.what", NULL), e->error.what);
		CHECK_STR(json_get_str(line, "error.hint", NULL), e->error.hint[0] ? e->error.hint : NULL);
	}
}

static void test_content(void)
{
	struct str text = STR_INIT;
	struct error err = { 0 };
	struct journal *j;
	struct stat st;
	char path[128], first[64];
	size_t i = 0;

	make_dir();
	rig_init_plan(&rig, "cw");
	rig.config.sections = &(const struct section){ "start", "os", "images", 2 };
	rig.config.section_count = 1;
	j = open_journal("run1");
	CHECK_INT(dead(first), 0);
	rig.config.journal = journal_event;
	rig.config.journal_ctx = j;
	rig.on_event = test_dispatched;
	rig.act = w1_fails;
	rig_run(&rig);
	/* the end is in it, but its process lives: still no dead run */
	CHECK_INT(dead(first), 0);
	journal_close(j);
	/* a host that went away before the end may still hold its lock */
	CHECK_INT(dead(first), 1);
	snprintf(path, sizeof(path), "%s/run1.jsonl", dir);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(stat(dir, &st) == 0 && (st.st_mode & 0777) == 0700);
	CHECK_INT(file_read(path, 1 << 24, &text, &err), 0);
	for (char *line = strtok(text.buf, "\n"); line; line = strtok(NULL, "\n"), i++) {
		struct json *tree = json_parse(line, strlen(line), &err);

		if (!CHECK(tree != NULL))
			break;
		check_line(tree, i);
		if (i == 0) {
			CHECK_STR(json_get_str(tree, "run", NULL), "run1");
			CHECK_STR(json_get_str(tree, "command", NULL), "apply -f x.yaml");
			CHECK_STR(json_get_str(tree, "hosts.1.name", NULL), "w1");
			CHECK_STR(json_get_str(tree, "steps.3.name", NULL), "init");
			CHECK_STR(json_get_str(tree, "steps.2.section", NULL), "start");
			CHECK_INT(json_get_int(tree, "steps.2.at_once", 0), 2);
			CHECK(!json_get(tree, "steps.5.section"));
			CHECK_STR(json_get_str(tree, "steps.5.needs.1.step", NULL), "token");
			CHECK_INT(json_get_int(tree, "steps.5.needs.1.roles", 0), RIG_CP);
			CHECK_INT(json_get_int(tree, "steps.5.needs.1.min", 0), 1);
		}
		json_free(tree);
	}
	CHECK_INT(i, rig.event_count + 1);
	/* a run's name is used once */
	CHECK(!journal_open(dir, "run1", &rig.config, "apply", &err) && err.kind == ERROR_SYSTEM && err.hint[0]);
	CHECK(!journal_open(dir, "../run2", &rig.config, "apply", &err));
	str_release(&text);
	rig_release(&rig);
	remove_dir();
}

static void test_liveness(void)
{
	char first[64];
	int ready[2];
	pid_t pid;
	char c;

	make_dir();
	rig_init_plan(&rig, "cw");
	CHECK_INT(dead(first), 0); /* no such folder */
	CHECK_INT(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		open_journal("killed");
		CHECK_INT(write(ready[1], "x", 1), 1);
		pause();
		_exit(0);
	}
	CHECK_INT(read(ready[0], &c, 1), 1);
	CHECK_INT(dead(first), 0);
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	CHECK_INT(dead(first), 1);
	CHECK_STR(first, "killed");
	/* looking does not change that */
	CHECK_INT(dead(first), 1);
	rig_release(&rig);
	remove_dir();
}

/* Dead runs pile up: the newest hundred are listed, whatever is in them. */
static void test_many(void)
{
	const char *head = "{\"kind\":\"run\",\"machine\":\"m1\"}\n{";
	char path[160], **list = NULL;
	size_t n;

	make_dir();
	CHECK_INT(file_mkdirs(dir, 0700, NULL), 0);
	for (int i = 0; i < 130; i++) {
		snprintf(path, sizeof(path), "%s/r%03d.jsonl", dir, i);
		CHECK_INT(file_write(path, head, strlen(head), 0600, NULL), 0);
	}
	/* what is not a journal, or of an unknown machine */
	snprintf(path, sizeof(path), "%s/s.jsonl", dir);
	CHECK_INT(file_write(path, "\n{", 2, 0600, NULL), 0);
	n = journal_dead_runs(dir, "m1", &list);
	CHECK_INT(n, 100);
	CHECK_STR(list[0], "r129");
	CHECK_STR(list[99], "r030");
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
	remove_dir();
}

/* The machine is found wherever the head has it, and only there. */
static void test_long_head(void)
{
	struct str head = STR_INIT;
	char path[128], first[64];

	make_dir();
	CHECK_INT(file_mkdirs(dir, 0700, NULL), 0);
	str_add(&head, "{\"v\":1,\"hosts\":[");
	for (int i = 0; i < 1000; i++)
		str_addf(&head, "%s{\"name\":\"host%d\",\"roles\":1}", i ? "," : "", i);
	str_add(&head, "],\"machine\":\"m1\"}\n{\"kind\":\"x\"}\n");
	snprintf(path, sizeof(path), "%s/long.jsonl", dir);
	CHECK_INT(file_write(path, head.buf, head.len, 0600, NULL), 0);
	snprintf(path, sizeof(path), "%s/short.jsonl", dir);
	str_clear(&head);
	str_add(&head, "{\"v\":1,\"hosts\":[{\"machine\":\"m1\"}],\"machine\":\"m2\"}\n{\"machine\":\"m1\"}\n");
	CHECK_INT(file_write(path, head.buf, head.len, 0600, NULL), 0);
	CHECK_INT(dead(first), 1);
	CHECK_STR(first, "long");
	str_release(&head);
	remove_dir();
}

/* A run of another machine: a folder on a file server, or a copy of one. Its process may live there. */
static void test_elsewhere(void)
{
	char first[64];

	make_dir();
	rig_init_plan(&rig, "cw");
	machine = "m2";
	journal_close(open_journal("theirs"));
	CHECK_INT(dead(first), 0);
	machine = NULL;
	journal_close(open_journal("nobody's"));
	CHECK_INT(dead(first), 0);
	machine = "m1";
	journal_close(open_journal("ours"));
	CHECK_INT(dead(first), 1);
	CHECK_STR(first, "ours");
	rig_release(&rig);
	remove_dir();
}

static atomic_bool over;
static atomic_uint called_dead;

static void *look(void *arg)
{
	char first[64];

	(void)arg;
	while (!over)
		called_dead += dead(first) > 0;
	return NULL;
}

/* Others look while runs begin: none of them is called dead, and none is hindered. */
static void test_beginning(void)
{
	struct journal *list[200];
	pthread_t lookers[3];
	char run[16];

	make_dir();
	rig_init_plan(&rig, "cw");
	over = false;
	called_dead = 0;
	CHECK_INT(file_mkdirs(dir, 0700, NULL), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&lookers[i], NULL, look, NULL), 0);
	for (int i = 0; i < 200; i++) {
		snprintf(run, sizeof(run), "r%d", i);
		list[i] = open_journal(run);
	}
	over = true;
	for (int i = 0; i < 3; i++)
		pthread_join(lookers[i], NULL);
	CHECK_INT(called_dead, 0);
	for (int i = 0; i < 200; i++)
		journal_close(list[i]);
	rig_release(&rig);
	remove_dir();
}

static const struct test tests[] = {
	{ "content", test_content },
	{ "liveness", test_liveness },
	{ "many", test_many },
	{ "a head with many hosts", test_long_head },
	{ "a run of another machine is never called dead", test_elsewhere },
	{ "a run that begins is never called dead", test_beginning },
};
TEST_MAIN(tests)
