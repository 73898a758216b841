/* A run's fold, its log rings, and how the table and the log of it are drawn. */
#include "tui/matrix.h"

#include "base/alloc.h"
#include "base/str.h"
#include "tests/test.h"

static const struct engine_host hosts[] = { { "cp1", 1 }, { "cp2", 1 }, { "w1", 2 } };
static const struct step steps[] = {
	{ "probe", "Looking", 3, STEP_OBSERVES, { { 0 } }, NULL, NULL },
	{ "packages", "Installing packages", 3, 0, { { "probe", 0, 0 } }, NULL, NULL },
	{ "init", "Starting", 1, 0, { { "packages", 0, 0 } }, NULL, NULL },
	{ "join", "Joining", 2, 0, { { "packages", 0, 0 }, { "init", 1, 1 } }, NULL, NULL },
	{ "unlock", "Giving back", 3, STEP_ALWAYS, { { 0 } }, NULL, NULL },
};
enum { PROBE, PACKAGES, INIT, JOIN, UNLOCK };
static const struct engine_config config = {
	.run = "r1", .steps = steps, .step_count = 5, .hosts = hosts, .host_count = 3
};

static struct runview view;
static uint64_t seq;

static void emit(enum event_kind kind, int host, int step, int64_t at, const char *text, struct event more)
{
	struct event ev = more;

	ev.kind = kind;
	ev.host = host;
	ev.step = step;
	ev.at_ms = at;
	ev.wall_ms = 1000000 + at;
	ev.text = text;
	ev.code = kind == EVENT_HOST_STATE && text ? code_of(text) : more.code;
	ev.seq = ++seq;
	runview_event(&ev, &view);
}

static void say(enum event_kind kind, int host, int step, int64_t at, const char *text)
{
	emit(kind, host, step, at, text, (struct event){ 0 });
}

static void done(int host, int step, int64_t at, int64_t ms, enum outcome outcome, const char *text)
{
	emit(EVENT_STEP_DONE, host, step, at, text, (struct event){ .outcome = outcome, .elapsed_ms = ms });
}

static void begin(void)
{
	seq = 0;
	runview_init_config(&view, &config);
	say(EVENT_RUN_STARTED, -1, -1, 0, "r1");
}

static const struct error broken = { .kind = ERROR_COMMAND,
	.step = "packages",
	.what = "apt-get: exit status 100",
	.hint = "fix the mirror",
	.detail = "E: no\nE: never" };

/* ---- the fold ------------------------------------------------------------------------------------------------------- */

static void test_fold(void)
{
	struct runview_counts n;

	begin();
	CHECK_STR(view.run, "r1");
	CHECK_STR(view.steps[PACKAGES].title, "Installing packages");
	CHECK_INT(view.steps[UNLOCK].flags, STEP_ALWAYS);
	CHECK(runview_current(&view, 0) == SIZE_MAX);
	runview_count(&view, &n);
	CHECK_INT(n.waiting, 12); /* init does not concern w1, join no control plane */
	say(EVENT_HOST_STATE, 0, -1, 10, "connecting");
	CHECK_STR(view.hosts[0].state, "connecting");
	say(EVENT_STEP_STARTED, 0, PROBE, 20, NULL);
	CHECK_INT(runview_current(&view, 0), PROBE);
	CHECK_INT(runview_cell(&view, 0, PROBE)->state, CELL_RUNNING);
	done(0, PROBE, 120, 100, OUTCOME_OK, "Debian 12");
	CHECK_STR(runview_text(&view, 0, PROBE), "Debian 12");
	CHECK_STR(runview_text(&view, 1, PROBE), "");
	done(0, PACKAGES, 220, 100, OUTCOME_CHANGED, NULL);
	CHECK_INT(runview_current(&view, 0), PACKAGES);
	done(0, INIT, 320, 100, OUTCOME_CHANGED, NULL);
	runview_count(&view, &n);
	CHECK_INT(n.changed, 2);
	CHECK_INT(n.ok, 1);
	CHECK_INT(n.hosts_done, 1); /* what is left of it is clean-up */
	CHECK_INT(n.waiting, 1 + 4 + 4);
	CHECK_INT(view.at_ms, 320);
	CHECK_INT(view.wall_ms, 1000320);
	CHECK_INT((long long)view.events, (long long)seq);
	say(EVENT_PAUSED, -1, -1, 330, NULL);
	CHECK(view.paused);
	say(EVENT_RESUMED, -1, -1, 340, NULL);
	CHECK(!view.paused);
	say(EVENT_NOTICE, 2, PROBE, 350, "swap is on");
	CHECK_STR(view.notice, "w1: swap is on");
	say(EVENT_CANCELLING, -1, -1, 360, "leave");
	CHECK(view.cancelling);
	emit(EVENT_RUN_DONE, -1, -1, 400, NULL, (struct event){ .outcome = OUTCOME_CANCELLED });
	CHECK(view.over && view.outcome == OUTCOME_CANCELLED && view.progress.over);
	runview_release(&view);
}

static void test_aside(void)
{
	struct runview_counts n;

	begin();
	say(EVENT_STEP_STARTED, 2, PACKAGES, 10, NULL);
	emit(EVENT_STEP_DONE, 2, PACKAGES, 20, NULL,
		(struct event){ .outcome = OUTCOME_FAILED, .error = &broken, .elapsed_ms = 10 });
	emit(EVENT_HOST_ASIDE, 2, PACKAGES, 20, NULL, (struct event){ .error = &broken });
	CHECK(view.hosts[2].aside);
	CHECK_STR(view.hosts[2].error.hint, "fix the mirror");
	CHECK_STR(runview_text(&view, 2, PACKAGES), "apt-get: exit status 100");
	runview_count(&view, &n);
	CHECK_INT(n.failed, 1);
	CHECK_INT(n.hosts_aside, 1);
	CHECK_INT(n.waiting, 8); /* of the other two */
	say(EVENT_HOST_STATE, 2, -1, 30, "retrying");
	CHECK(!view.hosts[2].aside && !view.hosts[2].error.what[0]);
	CHECK_INT(runview_cell(&view, 2, PACKAGES)->state, CELL_NONE);
	runview_release(&view);
}

/* init is for one control plane alone: that cp2 has none shows in nothing but its idleness. */
static void test_open(void)
{
	begin();
	CHECK(runview_open(&view, 0, INIT) && runview_open(&view, 0, UNLOCK));
	CHECK(!runview_open(&view, 0, JOIN) && !runview_open(&view, 3, INIT) && !runview_open(&view, 0, 5));
	for (int h = 0; h < 2; h++) {
		say(EVENT_HOST_STATE, h, -1, 10, "connected");
		done(h, PROBE, 20, 10, OUTCOME_OK, NULL);
		done(h, PACKAGES, 220, 200, OUTCOME_CHANGED, NULL);
	}
	say(EVENT_STEP_STARTED, 0, INIT, 230, NULL);
	CHECK(!runview_open(&view, 0, INIT));
	CHECK(runview_open(&view, 1, INIT));
	say(EVENT_PAUSED, -1, -1, 2900, NULL);
	CHECK(runview_open(&view, 1, INIT));
	say(EVENT_RESUMED, -1, -1, 2910, NULL);
	CHECK(!runview_open(&view, 1, INIT));
	done(0, INIT, 3000, 2770, OUTCOME_CHANGED, NULL);
	CHECK(!runview_open(&view, 1, INIT));
	CHECK(runview_open(&view, 1, UNLOCK));
	CHECK(runview_open(&view, 2, JOIN)); /* nothing was begun there */
	runview_release(&view);
}

static void test_questions(void)
{
	begin();
	emit(EVENT_QUESTION, 0, PROBE, 10, "continue?", (struct event){ .answers = "no|yes" });
	emit(EVENT_QUESTION, 1, PROBE, 11, "you too?", (struct event){ .answers = "no|yes|perhaps" });
	CHECK_INT(view.question_count, 2);
	CHECK_INT((long long)view.questions[0].seq, 2);
	CHECK_STR(view.questions[1].answers, "no|yes|perhaps");
	say(EVENT_ANSWERED, 0, PROBE, 12, "yes");
	CHECK_INT(view.question_count, 1);
	CHECK_STR(view.questions[0].text, "you too?");
	/* a host asks one thing at a time */
	emit(EVENT_QUESTION, 1, PROBE, 13, "again?", (struct event){ .answers = NULL });
	CHECK_INT(view.question_count, 1);
	CHECK_STR(view.questions[0].text, "again?");
	emit(EVENT_RUN_DONE, -1, -1, 20, NULL, (struct event){ .outcome = OUTCOME_OK });
	CHECK_INT(view.question_count, 0);
	runview_release(&view);
}

/* Indexes that are of no host or step, and nothing where something is promised. */
static void test_strange(void)
{
	begin();
	for (int kind = EVENT_RUN_STARTED; kind <= EVENT_RUN_DONE; kind++)
		for (int at = -2; at < 9; at++)
			say((enum event_kind)kind, at, at, 5, NULL);
	CHECK(runview_current(&view, 99) == SIZE_MAX);
	CHECK_INT(runview_cell(&view, 99, 0)->state, CELL_NONE);
	CHECK_STR(runview_line(&view, 0, PROBE, 1000), "");
	CHECK_STR(runview_line(&view, 99, PROBE, 0), "");
	CHECK_INT(runview_lines(&view, 0, 77), 0);
	runview_release(&view);
	runview_init(&view, NULL, 0, NULL, 0);
	say(EVENT_OUTPUT, 0, 0, 5, "x");
	CHECK_INT(runview_lines(&view, 0, 0), 0);
	runview_release(&view);
}

/* ---- rings ---------------------------------------------------------------------------------------------------------- */

static void test_ring(void)
{
	char text[32];

	begin();
	for (int i = 0; i < RUNVIEW_CELL_LINES + 7; i++) {
		snprintf(text, sizeof(text), "line %d", i);
		say(EVENT_OUTPUT, 1, PACKAGES, i, text);
	}
	say(EVENT_OUTPUT, 1, -1, 1, "of no step");
	CHECK_INT(runview_lines(&view, 1, PACKAGES), RUNVIEW_CELL_LINES);
	CHECK_INT(runview_lost(&view, 1, PACKAGES), 7);
	for (int i = 0; i < RUNVIEW_CELL_LINES; i += 83) {
		snprintf(text, sizeof(text), "line %d", i + 7);
		CHECK_STR(runview_line(&view, 1, PACKAGES, (size_t)i), text);
	}
	CHECK_STR(runview_line(&view, 1, PACKAGES, RUNVIEW_CELL_LINES - 1), "line 506");
	CHECK_INT(runview_lines(&view, 1, SIZE_MAX), 1);
	CHECK_INT(runview_lines(&view, 0, PACKAGES), 0);
	runview_release(&view);
}

static size_t kept(void)
{
	size_t bytes = 0;

	for (size_t h = 0; h < view.host_count; h++)
		for (size_t s = 0; s <= view.step_count; s++) {
			size_t step = s < view.step_count ? s : SIZE_MAX;

			for (size_t i = 0; i < runview_lines(&view, h, step); i++)
				bytes += strlen(runview_line(&view, h, step, i)) + 1;
		}
	return bytes;
}

/* 100 MB over many cells: bounded as a whole, and the newest lines are those that are kept. */
static void test_flood(void)
{
	struct runview_host many[40] = { { .name = "h" } };
	struct runview_step one[2] = { { .name = "a" }, { .name = "b" } };
	size_t lost = 0, lines = 0;
	char *text = xcalloc(1, 1001);

	memset(text, 'x', 1000);
	seq = 0;
	runview_init(&view, many, 40, one, 2);
	for (int i = 0; i < 100000; i++) {
		text[0] = (char)('a' + i % 26);
		say(EVENT_OUTPUT, i % 40, i / 40 % 2, i, text);
	}
	for (size_t h = 0; h < 40; h++)
		for (size_t s = 0; s < 2; s++) {
			lost += runview_lost(&view, h, s);
			lines += runview_lines(&view, h, s);
		}
	CHECK_INT(lost + lines, 100000);
	CHECK(kept() <= RUNVIEW_LOG_BYTES);
	CHECK(kept() > RUNVIEW_LOG_BYTES / 2);
	CHECK_INT(runview_line(&view, 39, 1, runview_lines(&view, 39, 1) - 1)[0], 'a' + 99999 % 26);
	/* lines of nothing cost too */
	for (int i = 0; i < 300000; i++)
		say(EVENT_OUTPUT, i % 40, 0, i, "");
	CHECK(runview_lines(&view, 0, 0) <= RUNVIEW_CELL_LINES);
	runview_release(&view);
	free(text);
}

static void test_cut(void)
{
	struct str text = STR_INIT;
	size_t n;

	begin();
	for (int i = 0; i < 400000; i++)
		str_add(&text, "\xe2\x82\xac");
	say(EVENT_OUTPUT, 0, PROBE, 1, text.buf);
	n = strlen(runview_line(&view, 0, PROBE, 0));
	CHECK(n <= 1024 && n > 1000 && n % 3 == 0);
	str_clear(&text);
	for (int i = 0; i < 5000; i++)
		str_addc(&text, (char)0x80);
	say(EVENT_OUTPUT, 0, PROBE, 1, text.buf);
	CHECK_INT(strlen(runview_line(&view, 0, PROBE, 1)), 1024);
	say(EVENT_HOST_STATE, 0, -1, 1, text.buf);
	say(EVENT_NOTICE, 0, -1, 1, text.buf);
	emit(EVENT_QUESTION, 0, 0, 1, text.buf, (struct event){ .answers = text.buf });
	done(0, PROBE, 1, 1, OUTCOME_OK, text.buf);
	CHECK(strlen(runview_text(&view, 0, PROBE)) <= 512);
	CHECK(strlen(view.notice) < sizeof(view.notice));
	str_release(&text);
	runview_release(&view);
}

/* ---- drawn ---------------------------------------------------------------------------------------------------------- */

static char *row_text(const struct canvas *c, int y)
{
	static char out[4096];
	size_t n = 0;

	for (int x = 0; x < c->width && n + 5 < sizeof(out); x++) {
		uint32_t ch = c->cells[y * c->width + x].ch;

		out[n++] = ch >= ' ' && ch < 127 ? (char)ch : ch == 0 ? ' ' : '?';
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return out;
}

static bool shows(const struct canvas *c, const char *text)
{
	for (int y = 0; y < c->height; y++)
		if (strstr(row_text(c, y), text))
			return true;
	return false;
}

static void test_table(void)
{
	struct matrix m;
	struct canvas c;
	struct str text = STR_INIT;

	begin();
	matrix_init(&m);
	canvas_init(&c, 80, 22, true);
	say(EVENT_STEP_STARTED, 0, PACKAGES, 1000, NULL);
	say(EVENT_OUTPUT, 0, PACKAGES, 1100, "Unpacking kubelet");
	emit(EVENT_STEP_DONE, 2, PACKAGES, 2000, NULL, (struct event){ .outcome = OUTCOME_FAILED, .error = &broken });
	emit(EVENT_HOST_ASIDE, 2, PACKAGES, 2000, NULL, (struct event){ .error = &broken });
	matrix_draw_all(&m, &view, 13300, &c, 0, 22);
	CHECK(shows(&c, "cp1"));
	CHECK(shows(&c, "packages 12.3 s"));
	CHECK(shows(&c, "failed: apt-get"));
	CHECK(shows(&c, "waiting"));
	CHECK(shows(&c, "Unpacking kubelet"));
	CHECK(shows(&c, "cp1  packages: Installing packages"));
	CHECK(matrix_key(&m, &view, 'f'));
	CHECK_INT(matrix_host(&m, &view), 2);
	CHECK_INT(matrix_step(&m, &view), PACKAGES);
	canvas_clear(&c);
	matrix_draw_all(&m, &view, 13300, &c, 0, 22);
	CHECK(shows(&c, "packages: apt-get: exit status 100"));
	CHECK(shows(&c, "E: never"));
	CHECK(shows(&c, "What to do: fix the mirror"));
	/* another step of that host shows its own log, not the failure */
	CHECK(matrix_key(&m, &view, K_LEFT));
	CHECK_INT(matrix_step(&m, &view), PROBE);
	canvas_clear(&c);
	matrix_draw_all(&m, &view, 13300, &c, 0, 22);
	CHECK(!shows(&c, "What to do:"));
	CHECK(matrix_key(&m, &view, K_LEFT));
	CHECK(m.step == SIZE_MAX);
	matrix_text(&m, &view, &text);
	CHECK(strstr(text.buf, "What to do: fix the mirror") != NULL);
	str_release(&text);
	canvas_release(&c);
	matrix_release(&m);
	runview_release(&view);
}

/* Looking back stands still while lines come; the end is followed again on demand. */
static void test_scroll(void)
{
	struct matrix m;
	struct canvas c;
	char text[32];

	begin();
	matrix_init(&m);
	canvas_init(&c, 80, 22, true);
	say(EVENT_STEP_STARTED, 0, PROBE, 0, NULL);
	for (int i = 0; i < 700; i++) {
		snprintf(text, sizeof(text), "line-%d.", i);
		say(EVENT_OUTPUT, 0, PROBE, i, text);
		if (i == 99) {
			CHECK(matrix_key(&m, &view, K_PAGE_UP));
			CHECK(m.back);
		}
		if (i == 99 || i == 300) {
			canvas_clear(&c);
			matrix_draw_all(&m, &view, 0, &c, 0, 22);
			CHECK(shows(&c, "line-89."));
			CHECK(!shows(&c, "line-90."));
			CHECK(shows(&c, "End follows"));
		}
	}
	/* what was looked at is gone by now: the oldest that is kept */
	canvas_clear(&c);
	matrix_draw_all(&m, &view, 0, &c, 0, 22);
	CHECK(shows(&c, "line-200.") || !shows(&c, "line-89."));
	CHECK(matrix_key(&m, &view, K_END));
	canvas_clear(&c);
	matrix_draw_all(&m, &view, 0, &c, 0, 22);
	CHECK(shows(&c, "line-699."));
	for (int i = 0; i < 200; i++)
		CHECK(matrix_key(&m, &view, K_PAGE_UP));
	canvas_clear(&c);
	matrix_draw_all(&m, &view, 0, &c, 0, 22);
	CHECK(shows(&c, "line-200."));
	for (int i = 0; i < 200; i++)
		CHECK(matrix_key(&m, &view, K_PAGE_DOWN));
	CHECK(!m.back);
	canvas_release(&c);
	matrix_release(&m);
	runview_release(&view);
}

static void test_hostile(void)
{
	static const char *const bad[] = { "\x1b[2J\x1b]0;owned\x07", "\xff\xfe\xc0\xaf\xed\xa0\x80", "a\rb\nc\td\x7f",
		"\xe2\x80\xae\xe2\x81\xa6right to left", "%s%n%x" };
	struct matrix m;
	struct canvas c;
	char *wide = xcalloc(1, 1000001);

	memset(wide, 'w', 1000000);
	begin();
	matrix_init(&m);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = broken;

		snprintf(err.what, sizeof(err.what), "%s", bad[i]);
		say(EVENT_HOST_STATE, 0, -1, 1, bad[i]);
		say(EVENT_OUTPUT, 0, PROBE, 1, bad[i]);
		say(EVENT_NOTICE, 0, PROBE, 1, bad[i]);
		emit(EVENT_HOST_ASIDE, 1, PROBE, 1, NULL, (struct event){ .error = &err });
	}
	say(EVENT_OUTPUT, 0, PROBE, 1, wide);
	for (int w = 1; w < 210; w += w < 30 ? 1 : 45)
		for (int h = 1; h < 52; h += h < 12 ? 1 : 13)
			for (int host = 0; host < 2; host++) {
				m.hosts.selected = (size_t)host;
				m.step = host ? SIZE_MAX : PROBE;
				canvas_init(&c, w, h, w % 2);
				matrix_draw_all(&m, &view, 5, &c, 0, h);
				for (int i = 0; i < w * h; i++) {
					uint32_t ch = c.cells[i].ch;

					CHECK((ch == 0 || ch >= 32) && ch != 127 && (ch < 0x80 || ch > 0x9f) &&
						ch != 0x202e && ch != 0x2066);
				}
				canvas_release(&c);
			}
	matrix_release(&m);
	runview_release(&view);
	free(wide);
}

/* 200 hosts scroll; 17 steps fit in 80 columns; wide ones show seconds. */
static void test_sizes(void)
{
	struct runview_host *many = xcalloc(200, sizeof(*many));
	struct runview_step *plan = xcalloc(17, sizeof(*plan));
	struct matrix m;
	struct canvas c;

	for (int i = 0; i < 200; i++) {
		snprintf(many[i].name, sizeof(many[i].name), "worker-%03d.example", i);
		many[i].roles = 2;
	}
	for (int i = 0; i < 17; i++) {
		snprintf(plan[i].name, sizeof(plan[i].name), "step%c", 'a' + i);
		plan[i].roles = 3;
	}
	seq = 0;
	runview_init(&view, many, 200, plan, 17);
	for (int h = 0; h < 200; h++)
		done(h, 0, 100, 45678, OUTCOME_CHANGED, NULL);
	say(EVENT_STEP_STARTED, 150, 16, 100, NULL);
	matrix_init(&m);
	canvas_init(&c, 80, 22, true);
	for (int i = 0; i < 150; i++)
		CHECK(matrix_key(&m, &view, 'j'));
	matrix_draw_all(&m, &view, 2600, &c, 0, 22);
	CHECK(shows(&c, "worker-150."));
	CHECK(shows(&c, "stepq 2.5 s"));
	CHECK(!shows(&c, "worker-000."));
	canvas_resize(&c, 200, 50);
	matrix_draw_all(&m, &view, 2600, &c, 0, 50);
	CHECK(shows(&c, "*45.6"));
	CHECK(shows(&c, "stepq"));
	canvas_release(&c);
	matrix_release(&m);
	runview_release(&view);
	free(many);
	free(plan);
}

static const struct test tests[] = {
	{ "fold", test_fold },
	{ "aside", test_aside },
	{ "fold: what is still to come on a host", test_open },
	{ "questions", test_questions },
	{ "strange", test_strange },
	{ "ring", test_ring },
	{ "flood", test_flood },
	{ "cut", test_cut },
	{ "table", test_table },
	{ "scroll", test_scroll },
	{ "hostile", test_hostile },
	{ "sizes", test_sizes },
};
TEST_MAIN(tests)
