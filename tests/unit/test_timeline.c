/* What a run's time went into: computed from small recordings made by hand. */
#include "tests/test.h"
#include "tests/unit/fake_told.h"

/* ---- what is computed ---------------------------------------------------------------------------------------------------- */

/* The n-th bar of a step on a host, counted from 0. */
static const struct timeline_bar *bar(const struct timeline *t, const char *host, const char *step, int n)
{
	static const struct timeline_bar none = { .after = SIZE_MAX, .start_ms = -1 };

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->head->hosts[t->bars[i].host].name, host) == 0 &&
			strcmp(t->head->steps[t->bars[i].step].name, step) == 0 && n-- == 0)
			return &t->bars[i];
	printf("# no %s:%s\n", host, step);
	test_failures++;
	return &none;
}

/* "need c2:os 4000": cause, after what, and how long its host waited. */
static const char *why(const struct timeline *t, const struct timeline_bar *b)
{
	static char said[128];
	const struct timeline_bar *a = b->after == SIZE_MAX ? NULL : &t->bars[b->after];

	snprintf(said, sizeof(said), "%s %s%s%s %d", timeline_cause_name(b->cause),
		a ? t->head->hosts[a->host].name : "-", a ? ":" : "", a ? t->head->steps[a->step].name : "",
		(int)b->waited_ms);
	return said;
}

static const char *path(const struct timeline *t)
{
	static struct str said = STR_INIT;

	str_clear(&said);
	for (size_t i = 0; i < t->path_count; i++) {
		const struct timeline_bar *b = &t->bars[t->path[i]];

		str_addf(&said, "%s%s:%s", i ? " " : "", t->head->hosts[b->host].name, t->head->steps[b->step].name);
	}
	return said.buf;
}

static void test_install(void)
{
	size_t longest[2];
	struct timeline *t;

	tell_install();
	t = told_timeline();
	CHECK_STR(why(t, bar(t, "c1", "probe", 0)), "start - 0");
	/* through survey, which c2 passed by when its probe ended */
	CHECK_STR(why(t, bar(t, "c1", "decide", 0)), "need c2:probe 500");
	CHECK_STR(why(t, bar(t, "c1", "os", 0)), "need c1:decide 0");
	CHECK_STR(why(t, bar(t, "w1", "os", 0)), "need c1:decide 210");
	CHECK_STR(why(t, bar(t, "c1", "init", 0)), "need c1:os 0");
	CHECK_STR(why(t, bar(t, "w1", "join", 0)), "need c1:init 4800");
	CHECK_STR(why(t, bar(t, "c2", "join-cp", 0)), "need c1:init 4000");
	CHECK_STR(why(t, bar(t, "c3", "join-cp", 0)), "turn c2:join-cp 8500");
	CHECK_STR(why(t, bar(t, "c1", "verify", 0)), "need c3:join-cp 7000");
	CHECK_STR(why(t, bar(t, "c1", "unlock", 0)), "host c1:verify 0");
	CHECK_STR(why(t, bar(t, "w1", "unlock", 0)), "rest c1:verify 7000");
	CHECK_STR(path(t), "c3:unlock c1:verify c3:join-cp c2:join-cp c1:init c1:os c1:decide c2:probe");
	CHECK_INT(t->path_ms, 16150);
	CHECK_INT(t->wall_ms, 16200);
	CHECK_INT(t->no_step_ms, 50);
	CHECK_INT(t->idle_ms, 50);
	CHECK(t->over && !t->live && t->head->needs_known);
	CHECK_INT(bar(t, "w1", "probe", 0)->queue_ms, 400);
	CHECK_INT(bar(t, "w1", "probe", 0)->login_ms, 100);
	CHECK_INT(bar(t, "c1", "probe", 0)->queue_ms, 0);
	CHECK_INT(timeline_longest(t, longest, 2), 2);
	CHECK(&t->bars[longest[0]] == bar(t, "c1", "init", 0) && &t->bars[longest[1]] == bar(t, "c2", "join-cp", 0));
	told_forget(t);
}

/* clang-format off */
#define BATCH(name, needs) \
	"{\"name\":\"" name "\",\"roles\":1,\"flags\":0,\"needs\":[" needs "],\"section\":\"batch\",\"at_once\":2}"
static const char batches[] = HEAD(HOST("a", 1) "," HOST("b", 1) "," HOST("c", 1),
	BATCH("drain", "") "," BATCH("upgrade", NEED("drain", 0)));
/* clang-format on */

/* A turn is held from the first to the last step of its section. */
static void test_section(void)
{
	struct timeline *t;

	tell_begin(batches);
	tell_start("a", "drain", 0);
	tell_start("b", "drain", 0);
	tell_end("a", "drain", "changed", 1000, 1000);
	tell_start("a", "upgrade", 1000);
	tell_end("b", "drain", "changed", 2000, 2000);
	tell_start("b", "upgrade", 2001);
	tell_end("b", "upgrade", "changed", 4000, 1999);
	tell_start("c", "drain", 4000);
	tell_end("c", "drain", "changed", 4600, 600);
	tell_end("a", "upgrade", "changed", 4601, 3601);
	tell_start("c", "upgrade", 4602);
	tell_end("c", "upgrade", "changed", 5000, 398);
	tell_over(5000);
	t = told_timeline();
	CHECK_STR(why(t, bar(t, "b", "upgrade", 0)), "need b:drain 1");
	CHECK_STR(why(t, bar(t, "c", "drain", 0)), "turn b:upgrade 4000");
	CHECK_STR(why(t, bar(t, "c", "upgrade", 0)), "need c:drain 2");
	CHECK_STR(path(t), "c:upgrade c:drain b:upgrade b:drain");
	CHECK_INT(t->path_ms, 4997);
	CHECK_INT(timeline_gap_ms(t, bar(t, "c", "upgrade", 0)), 2);
	told_forget(t);
}

/* Nobody waits for a host that was set aside; what was done there counts. */
static void test_aside(void)
{
	struct timeline *t;

	tell_begin(told_install);
	tell_start("c1", "probe", 0);
	tell_start("c2", "probe", 0);
	tell_end("c1", "probe", "ok", 100, 100);
	tell_end("c2", "probe", "failed", 900, 900);
	tell(900, "host-aside", "c2", "probe", ",\"error\":{\"kind\":\"connect\",\"what\":\"no\"}");
	tell_start("c1", "decide", 900);
	tell_end("c1", "decide", "ok", 1000, 100);
	tell_end("c2", "unlock", "blocked", 1000, 0);
	tell_over(1000);
	t = told_timeline();
	CHECK_STR(why(t, bar(t, "c1", "decide", 0)), "need c2:probe 800");
	CHECK_INT(bar(t, "c2", "probe", 0)->outcome, OUTCOME_FAILED);
	CHECK_INT(t->count, 3);
	told_forget(t);
}

/* Given up before it did anything: what continued knows no step to blame. */
static void test_skipped(void)
{
	struct timeline *t;

	tell_begin(told_install);
	tell_end("c2", "probe", "skipped", 100, 0);
	tell(100, "host-aside", "c2", NULL, ",\"error\":{\"kind\":\"cancelled\",\"what\":\"no\"}");
	tell_start("c1", "decide", 100);
	tell_end("c1", "decide", "ok", 200, 100);
	tell_over(200);
	t = told_timeline();
	CHECK_STR(why(t, bar(t, "c1", "decide", 0)), "need - 100");
	CHECK_STR(path(t), "c1:decide");
	told_forget(t);
}

/* The operator: an answer, a pause, a retry, a cancel. */
static void test_operator(void)
{
	struct timeline *t;

	tell_begin(told_install);
	tell_start("c1", "probe", 0);
	tell(100, "question", "c1", "probe", ",\"text\":\"?\",\"answers\":\"no|yes\"");
	tell(700, "answered", "c1", "probe", ",\"text\":\"yes\"");
	tell(800, "paused", NULL, NULL, "");
	tell_end("c1", "probe", "ok", 1000, 1000);
	tell(3000, "resumed", NULL, NULL, "");
	tell_start("c1", "os", 3000);
	tell_end("c1", "os", "failed", 3500, 500);
	tell(3500, "host-aside", "c1", "os", ",\"error\":{\"kind\":\"command\",\"what\":\"no\"}");
	tell_state("c1", "retrying", 6000);
	tell_start("c1", "os", 6001);
	tell_end("c1", "os", "cancelled", 7000, 999);
	tell(7500, "cancelling", NULL, NULL, ",\"code\":\"leave\"");
	tell_start("c1", "unlock", 7500);
	tell_end("c1", "unlock", "changed", 7600, 100);
	tell_over(7600);
	t = told_timeline();
	CHECK_INT(bar(t, "c1", "probe", 0)->answer_ms, 600);
	CHECK_STR(why(t, bar(t, "c1", "os", 0)), "command c1:probe 2000");
	CHECK_STR(why(t, bar(t, "c1", "os", 1)), "command c1:os 2501");
	CHECK_STR(why(t, bar(t, "c1", "unlock", 0)), "command c1:os 500");
	CHECK_INT(t->no_step_ms, 2000 + 2501 + 500);
	CHECK_INT(t->idle_ms, t->no_step_ms + 600);
	CHECK_STR(path(t), "c1:unlock c1:os c1:os c1:probe");
	CHECK_INT(t->path_ms, 100 + 999 + 500 + 1000);
	told_forget(t);
}

/* Steps that have something to do are reported when they begin; others when they end, and their time is not lost. */
static void test_told_at_end(void)
{
	struct timeline *t;

	tell_begin(told_install);
	tell_end("c1", "probe", "ok", 1000, 700);
	tell_end("c1", "os", "ok", 1000, 0);
	tell_end("c2", "probe", "ok", 1200, 900);
	tell_over(1200);
	t = told_timeline();
	CHECK_INT(bar(t, "c1", "probe", 0)->start_ms, 300);
	CHECK_INT(bar(t, "c1", "probe", 0)->waited_ms, 300);
	CHECK_INT(t->no_step_ms, 300);
	CHECK_STR(why(t, bar(t, "c1", "os", 0)), "need c1:probe 0");
	told_forget(t);
}

/* Steps of one host side by side: a lane each, and none of them waited for another. */
static void test_side_by_side(void)
{
	struct timeline *t;

	tell_begin(told_install);
	tell_start("c1", "probe", 0);
	tell_end("c1", "probe", "ok", 100, 100);
	tell_start("c1", "os", 100);
	tell_start("c1", "init", 100);
	tell_end("c1", "os", "changed", 400, 300);
	tell_start("c1", "join-cp", 400);
	tell_end("c1", "init", "changed", 500, 400);
	tell_end("c1", "join-cp", "changed", 600, 200);
	tell_over(600);
	t = told_timeline();
	CHECK_INT(t->lanes[0], 2);
	CHECK_INT(t->lanes[1], 1);
	CHECK_INT(bar(t, "c1", "init", 0)->lane, 1);
	CHECK_INT(bar(t, "c1", "join-cp", 0)->lane, 0);
	CHECK_STR(why(t, bar(t, "c1", "join-cp", 0)), "need c1:os 0");
	CHECK_STR(path(t), "c1:join-cp c1:os c1:probe");
	CHECK_INT(t->no_step_ms, 0);
	told_forget(t);
}

/* ---- recordings that lack something ------------------------------------------------------------------------------------ */

static const char *shown(const struct timeline *t, int width, bool ascii)
{
	static struct str out = STR_INIT;

	str_clear(&out);
	timeline_text(t, width, ascii, &out);
	return out.buf;
}

static void test_old(void)
{
	struct timeline *t;

	tell_begin(HEAD(RACK, "{\"name\":\"probe\",\"roles\":3},{\"name\":\"join\",\"roles\":3,\"flags\":2}"));
	tell_start("c1", "probe", 0);
	tell_start("c2", "probe", 0);
	tell_end("c1", "probe", "ok", 100, 100);
	tell_end("c2", "probe", "ok", 500, 500);
	tell_start("c1", "join", 1000);
	tell_end("c1", "join", "changed", 2000, 1000);
	tell_start("c2", "join", 2000);
	tell_end("c2", "join", "changed", 3000, 1000);
	tell_over(3000);
	t = told_timeline();
	CHECK(!t->head->needs_known);
	CHECK_STR(why(t, bar(t, "c1", "join", 0)), "unknown - 900");
	CHECK_STR(why(t, bar(t, "c2", "join", 0)), "turn c1:join 1500");
	CHECK_STR(path(t), "c2:join c1:join");
	CHECK_INT(t->path_ms, 2000);
	CHECK(strstr(shown(t, 80, true), "what steps waited for is not known"));
	CHECK(strstr(shown(t, 80, true), "not recorded\n"));
	told_forget(t);
}

static void test_cut(void)
{
	struct timeline *t;

	tell_begin(told_install);
	tell_start("c1", "probe", 0);
	tell_end("c1", "probe", "ok", 1000, 1000);
	tell_start("c1", "os", 1000);
	tell_start("c2", "probe", 1000);
	tell(4000, "output", "c1", "os", ",\"text\":\"…\"");
	t = told_timeline();
	CHECK(!t->over && !t->live);
	CHECK_INT(t->wall_ms, 4000);
	CHECK(bar(t, "c1", "os", 0)->open);
	CHECK_INT(bar(t, "c1", "os", 0)->end_ms, 4000);
	CHECK_STR(path(t), "c1:os c1:probe");
	CHECK(strstr(shown(t, 80, true), "4.0 s, then cut off, 4 hosts\n"));
	CHECK(strstr(shown(t, 80, true), "ooo>\n"));
	told_forget(t);
}

static void test_empty(void)
{
	struct timeline *t;
	size_t longest[1];

	tell_begin(told_install);
	t = told_timeline();
	CHECK_INT(t->count + t->path_count + (size_t)t->wall_ms, 0);
	CHECK_INT(timeline_longest(t, longest, 1), 0);
	CHECK_STR(shown(t, 80, true),
		"apply, run 20260301T120000-abcd: 0.0 s, then cut off, 4 hosts\nNo step has begun.\n");
	told_forget(t);
	tell_begin(HEAD("", ""));
	t = told_timeline();
	CHECK(strstr(shown(t, 80, true), "No step has begun.\n"));
	told_forget(t);
	/* a plan: nothing takes time */
	tell_begin(told_install);
	tell_end("c1", "os", "would", 0, 0);
	tell_end("w1", "os", "would", 0, 0);
	tell_over(0);
	t = told_timeline();
	CHECK_INT(t->count, 2);
	CHECK(strstr(shown(t, 80, true), "\nc1    o\n"));
	told_forget(t);
}

/* What is kept has a bound, and so has what is printed. */
static void test_many(void)
{
	enum { HOSTS = 50, ROUNDS = 5244, KEPT = 1 << 18 };
	struct str head = STR_INIT;
	struct timeline *t;
	char name[16];

	str_add(&head, "{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"r\",\"command\":\"apply\",\"steps\":["
		       "{\"name\":\"os\",\"needs\":[]}],\"hosts\":[");
	for (int h = 0; h < HOSTS; h++)
		str_addf(&head, "%s{\"name\":\"h%d\",\"roles\":1}", h ? "," : "", h);
	str_add(&head, "]}\n");
	tell_begin(head.buf);
	for (int i = 0; i < ROUNDS; i++)
		for (int h = 0; h < HOSTS; h++) {
			snprintf(name, sizeof(name), "h%d", h);
			tell_end(name, "os", "failed", 500 * (i + 1), 100);
		}
	t = told_timeline();
	CHECK_INT(t->count, KEPT);
	CHECK_INT(t->left_out, HOSTS * ROUNDS - KEPT);
	CHECK_INT(t->path_count, (KEPT - 1) / HOSTS + 1);
	CHECK(strstr(shown(t, 80, true), "56 steps found no room here.\n"));
	CHECK(strstr(shown(t, 80, true), " more; 'kubewright replay --timeline -o json' has all\n"));
	CHECK(strlen(shown(t, 80, true)) < 100 * 1024);
	told_forget(t);
	str_release(&head);
}

static const struct test tests[] = {
	{ "needs, turns, what is passed by, the last", test_install },
	{ "a section of several steps", test_section },
	{ "a host that is set aside", test_aside },
	{ "a host that is skipped", test_skipped },
	{ "the operator", test_operator },
	{ "told only at its end", test_told_at_end },
	{ "side by side", test_side_by_side },
	{ "a recording without needs", test_old },
	{ "a run that was cut", test_cut },
	{ "nothing, and nothing that takes time", test_empty },
	{ "many steps", test_many },
};

int main(int argc, char **argv)
{
	return test_main_in_folder(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
