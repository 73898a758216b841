/* A journal read back: the same as the live fold at every moment; damaged ones; what history says. */
#include "tests/unit/fake_engine.h"
#include "tui/runview.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "tests/test.h"

static struct rig rig;
static char dir[64];

/* The live fold as it stood after each event. */
struct moment {
	int64_t at_ms;
	struct progress_cell *cells;
	bool aside[RIG_HOSTS];
	bool over;
	size_t questions;
};
static struct runview live;
static struct moment *moments;
static size_t moment_count;

static void make_dir(void)
{
	snprintf(dir, sizeof(dir), "/tmp/test-recording-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
}

static void remove_dir(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	CHECK_INT(system(command), 0);
}

static char *path_of(const char *run)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s.jsonl", dir, run);
	return path;
}

static struct recording *load(const char *run)
{
	struct error err = { 0 };
	struct recording *r = recording_load(path_of(run), &err);

	if (!r)
		printf("# %s\n", err.what);
	return r;
}

/* ---- replay --------------------------------------------------------------------------------------------------------- */

static void watch(struct rig *r, const struct event *ev)
{
	size_t cells = r->config.host_count * r->config.step_count;
	struct moment *m;

	runview_event(ev, &live);
	moments = xrealloc(moments, moment_count + 1, sizeof(*moments));
	m = &moments[moment_count++];
	*m = (struct moment){ .at_ms = ev->at_ms, .over = live.over, .questions = live.question_count };
	m->cells = xcalloc(cells, sizeof(*m->cells));
	memcpy(m->cells, live.progress.cells, cells * sizeof(*m->cells));
	for (size_t h = 0; h < r->config.host_count; h++)
		m->aside[h] = live.hosts[h].aside;
}

static enum rig_act some_fail(struct rig *r, int host, int step, unsigned nth)
{
	(void)r;
	if (host == 3 && step == P_JOIN)
		return RIG_FAIL;
	if (host == 2 && step == P_IMAGES && nth == 1)
		return RIG_LOSE;
	return host == 4 && step == -1 ? RIG_REFUSE : RIG_OK;
}

static void run_journalled(const char *run, const char *roles)
{
	struct error err = { 0 };
	struct journal *j;

	rig_init_plan(&rig, roles);
	rig.config.run = run;
	j = journal_open(dir, run, &rig.config, "apply -f x.yaml", &err);
	if (!CHECK(j != NULL))
		return;
	runview_init_config(&live, &rig.config);
	rig.config.journal = journal_event;
	rig.config.journal_ctx = j;
	rig.on_event = watch;
	rig.act = some_fail;
	rig_run(&rig);
	journal_close(j);
}

static void release(void)
{
	for (size_t i = 0; i < moment_count; i++)
		free(moments[i].cells);
	free(moments);
	moments = NULL;
	moment_count = 0;
	runview_release(&live);
	rig_release(&rig);
}

/* Cells by state and times; those that are not begun have no times. */
static void check_moment(const struct runview *v, const struct moment *m)
{
	for (size_t i = 0; i < v->host_count * v->step_count; i++) {
		CHECK_INT(v->progress.cells[i].state, m->cells[i].state);
		CHECK_INT(v->progress.cells[i].started_ms, m->cells[i].started_ms);
		CHECK_INT(v->progress.cells[i].elapsed_ms, m->cells[i].elapsed_ms);
	}
	for (size_t h = 0; h < v->host_count; h++)
		CHECK_INT(v->hosts[h].aside, m->aside[h]);
	CHECK_INT(v->over, m->over);
	CHECK_INT(v->question_count, m->questions);
}

static void test_replay(void)
{
	struct recording *r;
	const struct runview *v;

	make_dir();
	run_journalled("20260301-1", "ccwwcw");
	r = load("20260301-1");
	if (!CHECK(r != NULL))
		return;
	CHECK_STR(recording_command(r), "apply -f x.yaml");
	CHECK_STR(recording_run(r), "20260301-1");
	CHECK_INT(recording_bad_lines(r), 0);
	CHECK_INT(recording_length_ms(r), moments[moment_count - 1].at_ms);
	/* on, then back: the last event of each millisecond */
	for (size_t i = 0; i < moment_count; i++)
		if (i + 1 == moment_count || moments[i + 1].at_ms > moments[i].at_ms)
			check_moment(recording_at(r, moments[i].at_ms), &moments[i]);
	for (size_t i = moment_count; i-- > 0;)
		if (i + 1 == moment_count || moments[i + 1].at_ms > moments[i].at_ms)
			check_moment(recording_at(r, moments[i].at_ms), &moments[i]);
	v = recording_at(r, INT64_MAX);
	CHECK_STR(v->run, "20260301-1");
	CHECK(v->over && v->outcome == OUTCOME_FAILED);
	CHECK_STR(v->hosts[3].error.what, live.hosts[3].error.what);
	CHECK_STR(v->hosts[3].error.hint, live.hosts[3].error.hint);
	CHECK_INT(v->hosts[3].error.kind, live.hosts[3].error.kind);
	CHECK_STR(v->hosts[3].error.step, "join");
	CHECK_STR(v->hosts[2].state, live.hosts[2].state);
	CHECK_INT(v->wall_ms, live.wall_ms);
	CHECK_INT((long long)v->events, (long long)live.events);
	for (size_t h = 0; h < v->host_count; h++)
		for (size_t s = 0; s < v->step_count; s++)
			CHECK_INT(runview_lines(v, h, s), runview_lines(&live, h, s));
	v = recording_at(r, -1);
	CHECK_INT((long long)v->events, 0);
	CHECK_INT(v->host_count, 6);
	recording_free(r);
	release();
	remove_dir();
}

/* ---- damage --------------------------------------------------------------------------------------------------------- */

#define HEAD \
	"{\"v\":1,\"seq\":0,\"t\":\"2026-03-01T12:00:00.000Z\",\"kind\":\"run\",\"run\":\"r\",\"command\":\"apply\",\"check_only\":false," \
	"\"pid\":1,\"hosts\":[{\"name\":\"a\"},{\"name\":\"b\",\"roles\":2}],\"steps\":[{\"name\":\"os\"},{\"name\":\"join\",\"title\":\"Join\",\"roles\":3}]}\n"
#define STARTED \
	"{\"v\":1,\"seq\":1,\"t\":\"2026-03-01T12:00:01.250Z\",\"at\":0,\"kind\":\"run-started\",\"text\":\"r\"}\n"
#define RUNNING "{\"v\":1,\"seq\":2,\"t\":\"x\",\"at\":5,\"kind\":\"step-started\",\"host\":\"b\",\"step\":\"os\"}\n"

static struct recording *load_text(const char *text, size_t len)
{
	CHECK_INT(file_write(path_of("x"), text, len, 0600, NULL), 0);
	return recording_load(path_of("x"), NULL);
}

static void test_damage(void)
{
	static const char *const garbage[] = { "\n", "garbage\n", "[]\n", "{}\n", "\x01\xff\xfe\n", "{\"v\":1}\n",
		"{\"v\":2,\"seq\":9,\"at\":9,\"kind\":\"paused\"}\n",
		"{\"v\":1,\"seq\":9,\"at\":9,\"kind\":\"news\"}\n",
		"{\"v\":1,\"seq\":9,\"at\":-4,\"kind\":\"paused\"}\n",
		"{\"v\":1,\"seq\":9,\"at\":9223372036854775807,\"kind\":\"paused\"}\n",
		"{\"v\":1,\"seq\":9,\"at\":9,\"kind\":\"step-done\",\"host\":\"a\",\"step\":\"os\",\"outcome\":\"odd\"}\n",
		"{\"v\":1,\"seq\":9,\"at\":9,\"kind\":\"output\",\"host\":\"stranger\",\"text\":\"x\"}\n",
		"{\"v\":1,\"seq\":9,\"at\":9,\"kind\":\"output\",\"host\":\"a\",\"step\":\"dance\"}\n",
		"{\"v\":1,\"seq\":1,\"at\":9,\"kind\":\"paused\"}\n",
		"{\"v\":1,\"seq\":9,\"at\":9,\"kind\":[\"paused\"]}\n" };
	size_t count = sizeof(garbage) / sizeof(garbage[0]);
	struct str text = STR_INIT;
	struct recording *r;

	make_dir();
	str_add(&text, HEAD STARTED);
	for (size_t i = 0; i < count; i++)
		str_add(&text, garbage[i]);
	str_add(&text, RUNNING "{\"v\":1,\"seq\":3,\"at\":6,\"kind\":\"step-do");
	r = load_text(text.buf, text.len);
	if (CHECK(r != NULL)) {
		const struct runview *v = recording_at(r, 100);

		CHECK_INT(recording_bad_lines(r), count + 1);
		CHECK_INT(recording_length_ms(r), 5);
		CHECK_INT(runview_cell(v, 1, 0)->state, CELL_RUNNING);
		CHECK_STR(v->steps[0].title, "os");
		CHECK_INT(v->hosts[0].roles, 0);
		CHECK(!v->paused && !v->over);
		CHECK_INT(recording_at(r, 0)->wall_ms, INT64_C(1772366401250));
	}
	recording_free(r);
	/* cut at every byte: never refused once the header is whole, never more than one bad line */
	str_clear(&text);
	str_add(&text, HEAD STARTED RUNNING);
	for (size_t n = 0; n <= text.len; n += n < strlen(HEAD) - 2 ? 9 : 1) {
		r = load_text(text.buf, n);
		CHECK((r != NULL) == (n >= strlen(HEAD)));
		if (r)
			CHECK(recording_bad_lines(r) <= 1);
		recording_free(r);
	}
	str_release(&text);
	remove_dir();
}

static void test_refused(void)
{
	static const char *const bad[] = { "", "\n", "hello\n", STARTED, "{\"v\":1,\"kind\":\"run\"}\n",
		"{\"v\":1,\"kind\":\"run\",\"hosts\":{},\"steps\":[]}\n",
		"{\"v\":7,\"kind\":\"run\",\"hosts\":[],\"steps\":[]}\n" };
	struct error err = { 0 };

	make_dir();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		CHECK_INT(file_write(path_of("x"), bad[i], strlen(bad[i]), 0600, NULL), 0);
		CHECK(!recording_load(path_of("x"), &err));
		CHECK(err.kind == ERROR_PROTOCOL && err.what[0] && err.hint[0]);
	}
	CHECK(!recording_load(path_of("none"), &err));
	CHECK(!recording_load(dir, &err));
	recording_free(NULL);
	remove_dir();
}

/* ---- history -------------------------------------------------------------------------------------------------------- */

static const struct step plan[] = {
	{ "probe", "", 3, STEP_OBSERVES, { { 0 } }, NULL, NULL },
	{ "os", "", 3, 0, { { "probe", 0, 0 } }, NULL, NULL },
	{ "init", "", 1, 0, { { "os", 0, 0 } }, NULL, NULL },
	{ "join", "", 2, 0, { { "os", 0, 0 }, { "init", 1, 1 } }, NULL, NULL },
	{ "join-cp", "", 1, STEP_ONE_BY_ONE, { { "os", 0, 0 }, { "init", 1, 1 } }, NULL, NULL },
};
static const struct engine_host plan_hosts[] = { { "c1", 1 }, { "c2", 1 }, { "c3", 1 }, { "w1", 2 } };
static const struct engine_config plan_config = {
	.run = "r", .steps = plan, .step_count = 5, .hosts = plan_hosts, .host_count = 4
};

static void step_line(struct str *out, int *seq, const char *step, const char *outcome, int ms)
{
	*seq += 1;
	str_addf(out,
		"{\"v\":1,\"seq\":%d,\"at\":%d,\"kind\":\"step-done\",\"host\":\"c1\",\"step\":\"%s\",\"outcome\":\"%s\",\"ms\":%d}\n",
		*seq, *seq, step, outcome, ms);
}

/* times[]: of probe os init join join-cp, in seconds. */
static void write_run(const char *run, const int *times, bool ended)
{
	struct str text = STR_INIT;
	int seq = 0;

	str_add(&text,
		"{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"r\",\"hosts\":[{\"name\":\"c1\",\"roles\":1}],\"steps\":["
		"{\"name\":\"probe\"},{\"name\":\"os\"},{\"name\":\"init\"},{\"name\":\"join\"},{\"name\":\"join-cp\"}]}\n");
	for (size_t s = 0; s < 5; s++) {
		step_line(&text, &seq, plan[s].name, s ? "changed" : "ok", times[s] * 1000);
		/* looking again at what is done takes no time, and is not a measure */
		step_line(&text, &seq, plan[s].name, s ? "ok" : "failed", 1);
	}
	if (ended)
		str_addf(&text,
			"{\"v\":1,\"seq\":%d,\"at\":99,\"kind\":\"run-done\",\"outcome\":\"changed\",\"ms\":99}\n",
			++seq);
	CHECK_INT(file_write(path_of(run), text.buf, text.len, 0600, NULL), 0);
	str_release(&text);
}

static void fold(struct runview *v, enum event_kind kind, int host, int step, int64_t at, enum outcome outcome)
{
	struct event ev = {
		.kind = kind, .host = host, .step = step, .at_ms = at, .seq = v->events + 1, .outcome = outcome
	};

	runview_event(&ev, v);
}

static void test_medians(void)
{
	struct history *h;
	char run[16];

	make_dir();
	h = history_load(path_of("no such folder"));
	CHECK_INT(history_ms(h, "os"), 0);
	history_free(h);
	h = history_load(NULL);
	history_free(h);
	/* twenty newest are counted; older ones and one that did not end are not */
	for (int i = 0; i < 30; i++) {
		const int times[5] = { 1, i < 10 ? 900 : i, 60, 20, 30 };

		snprintf(run, sizeof(run), "r%02d", i);
		write_run(run, times, true);
	}
	write_run("r05", (int[]){ 500, 500, 500, 500, 500 }, false);
	h = history_load(dir);
	CHECK_INT(history_ms(h, "probe"), 1000);
	CHECK_INT(history_ms(h, "os"), 19500); /* between 10..29 */
	CHECK_INT(history_ms(h, "init"), 60000);
	CHECK_INT(history_ms(h, "dance"), 0);
	history_free(h);
	history_free(NULL);
	remove_dir();
}

static void test_left(void)
{
	struct history *h;
	struct runview v;

	make_dir();
	write_run("r1", (int[]){ 1, 10, 60, 20, 30 }, true);
	h = history_load(dir);
	runview_init_config(&v, &plan_config);
	/* probe, os, init, then three joins one by one (nobody knows yet who begins) */
	CHECK_INT(history_left_ms(h, &v, plan, 5), 1000 + 10000 + 60000 + 3 * 30000);
	for (int host = 0; host < 4; host++)
		for (int step = 0; step < 2; step++)
			fold(&v, EVENT_STEP_DONE, host, step, 11000, OUTCOME_CHANGED);
	fold(&v, EVENT_STEP_STARTED, 0, 2, 11000, OUTCOME_OK);
	fold(&v, EVENT_OUTPUT, 0, 2, 31000, OUTCOME_OK);
	/* 20 s of init are over on c1; c2 and c3 may have to begin yet, as far as this shows */
	CHECK_INT(history_left_ms(h, &v, plan, 5), 60000 + 3 * 30000);
	fold(&v, EVENT_STEP_DONE, 0, 2, 71000, OUTCOME_CHANGED);
	/* a join has begun: init is through everywhere */
	fold(&v, EVENT_STEP_STARTED, 1, 4, 71000, OUTCOME_OK);
	fold(&v, EVENT_OUTPUT, 1, 4, 81000, OUTCOME_OK);
	CHECK_INT(history_left_ms(h, &v, plan, 5), 30000 + 20000 + 30000);
	/* what takes longer than ever has no time left, not less than none */
	fold(&v, EVENT_OUTPUT, 1, 4, 771000, OUTCOME_OK);
	CHECK_INT(history_left_ms(h, &v, plan, 5), 60000);
	fold(&v, EVENT_HOST_ASIDE, 2, 4, 772000, OUTCOME_OK);
	CHECK_INT(history_left_ms(h, &v, plan, 5), 30000);
	fold(&v, EVENT_RUN_DONE, -1, -1, 773000, OUTCOME_OK);
	CHECK_INT(history_left_ms(h, &v, plan, 5), 0);
	history_free(h);
	/* no history, or none of a step that is to come */
	CHECK_INT(history_left_ms(NULL, &v, plan, 5), -1);
	runview_release(&v);
	CHECK_INT(file_write(path_of("r1"), HEAD, strlen(HEAD), 0600, NULL), 0);
	h = history_load(dir);
	runview_init_config(&v, &plan_config);
	CHECK_INT(history_left_ms(h, &v, plan, 5), -1);
	history_free(h);
	runview_release(&v);
	remove_dir();
}

static const struct test tests[] = {
	{ "replay", test_replay },
	{ "damage", test_damage },
	{ "refused", test_refused },
	{ "medians", test_medians },
	{ "left", test_left },
};
TEST_MAIN(tests)
