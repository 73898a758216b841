/* The wizard under hosts that say whatever they like, as much as they like. */
#include "tests/unit/stress.h"

#include "inventory/inventory.h"

#include <malloc.h>
#include <poll.h>
#include <stdatomic.h>

#define FLOOD (STRESS_SANITIZED ? 8u << 20 : 100000000u)
/* a sanitizer has its own malloc */
#define MEMORY_MAX (48u << 20)
enum { HOSTS = 4, PIECE = 16384, LOOKS = 10 };

/* ---- a run of our own -------------------------------------------------------------------------------------------------------- */

struct port_run {
	struct inventory *inventory;
	struct engine_config config;
	struct engine *engine;
	struct findings findings;
};
static const struct engine_host hosts[HOSTS] = { { "cp1", 1 }, { "cp2", 1 }, { "cp3", 1 }, { "w1", 2 } };
static const struct step *plan;
static size_t plan_count;

static struct port_run *begin(void *ctx, enum purpose purpose, const char *path, const char *host, const char *finding,
	char *ask, size_t ask_size, struct error *err)
{
	struct port_run *r = xcalloc(1, sizeof(*r));

	(void)ctx, (void)purpose, (void)path, (void)host, (void)finding, (void)ask, (void)ask_size, (void)err;
	r->config = (struct engine_config){ .run = "stress",
		.steps = plan,
		.step_count = plan_count,
		.hosts = hosts,
		.host_count = HOSTS,
		.keep_alive = true };
	r->inventory = inventory_load("kubewright.yaml", NULL, 0, NULL, err);
	if (!r->inventory)
		abort();
	r->engine = engine_new(&r->config);
	return r;
}

static struct engine *engine_of(struct port_run *r)
{
	return r->engine;
}

static const struct engine_config *config_of(struct port_run *r)
{
	return &r->config;
}

static const struct inventory *inventory_of(struct port_run *r)
{
	return r->inventory;
}

static const struct findings *findings_of(struct port_run *r, size_t host)
{
	(void)host;
	return &r->findings;
}

static void host_of(struct port_run *r, size_t host, struct port_host *out)
{
	(void)r, (void)host;
	memset(out, 0, sizeof(*out));
}

static void summary(struct port_run *r, struct port_summary *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void end(struct port_run *r)
{
	engine_free(r->engine);
	inventory_free(r->inventory);
	free(r);
}

/* The fake port, but for its runs. */
static struct port own_port(void)
{
	struct port p = fake_port;

	p.begin = begin;
	p.engine = engine_of;
	p.config = config_of;
	p.inventory = inventory_of;
	p.findings = findings_of;
	p.host = host_of;
	p.summary = summary;
	p.end = end;
	return p;
}

/* ---- hostile hosts ------------------------------------------------------------------------------------------------------------ */

#define ESCAPES \
	"\x1b[2J\x1b[?1049l\x1b]0;owned\x07\x1b]52;c;cm0=\x1b\\\x9b" \
	"31m\x1bP$q\x1b\\\x1b(0\x0e\x0f\x05\b\b\v\f\x7f\xc2\x9b" \
	"5n"
#define INVALID "\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe4\xb8\xf0\x9f\x98"
#define DIRECTIONS \
	"\xe2\x80\xae" \
	"desrever\xe2\x80\x8b\xe2\x81\xa6\xef\xbb\xbf\xe2\x80\xa8"

static _Atomic unsigned long said;

static void say(struct task *t, const char *text, size_t n)
{
	task_output(text, n, t);
	atomic_fetch_add(&said, n);
}

/* A line of times parts, in pieces as a connection would deliver it. */
static void say_long(struct task *t, const char *part, size_t times)
{
	struct str s = STR_INIT;

	for (; times > 0; times--) {
		str_add(&s, part);
		if (s.len < PIECE && times > 1)
			continue;
		say(t, s.buf, s.len);
		str_clear(&s);
	}
	say(t, "\n", 1);
	str_release(&s);
}

static int speak(struct task *t, struct error *err)
{
	static const char texts[] = ESCAPES "\n" INVALID "\n" DIRECTIONS "\n10%\r20%\r30%\r\n\0\0\n\n" ESCAPES INVALID;
	unsigned char binary[4096];
	uint32_t x = (uint32_t)task_host(t) + 1;

	say(t, texts, sizeof(texts));
	/* in pieces: what is split in the middle is as harmful */
	for (size_t i = 0; i < sizeof(texts); i++)
		say(t, texts + i, 1);
	for (size_t i = 0; i < sizeof(binary); i++) {
		x = x * 1664525 + 1013904223;
		binary[i] = (unsigned char)(x >> 24);
	}
	say(t, (const char *)binary, sizeof(binary));
	say_long(t, "x", 1000000);
	say_long(t, "\xe4\xb8\x96", 1000000);
	say_long(t, "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81", 10000);
	say_long(t, ESCAPES, 10000);
	task_notice(t, NOTICE_FINDING, ESCAPES, "%s%s%s", ESCAPES, INVALID, DIRECTIONS);
	if (task_host(t) == 0)
		task_ask(t, &(struct question){
				    .text = ESCAPES INVALID DIRECTIONS "?", .answers = "no|" ESCAPES "|" DIRECTIONS });
	if (task_host(t) != 1)
		return 0;
	error_set(err, ERROR_COMMAND, "%s%s%s", ESCAPES, INVALID, DIRECTIONS);
	error_detail(err, ESCAPES INVALID DIRECTIONS);
	return error_hint(err, "%s%s", ESCAPES, DIRECTIONS);
}

static enum step_verdict evidence(struct task *t, struct error *why)
{
	(void)t;
	return step_needed(why, EVIDENCE_FILE, DIRECTIONS ESCAPES INVALID, "%s%s%s", DIRECTIONS, ESCAPES, INVALID);
}

static int flood(struct task *t, struct error *err)
{
	static const char line[] = "\x1b[32mok\x1b[0m Unpacking \xe4\xb8\x96-" INVALID " over (1.2) ... done\n";
	struct str lines = STR_INIT;

	(void)err;
	while (lines.len < PIECE)
		str_add(&lines, line);
	for (size_t n = 0; n < FLOOD / HOSTS && !task_cancelled(t); n += lines.len + 6 * PIECE) {
		say(t, lines.buf, lines.len);
		say_long(t, "\xe4\xb8\x96\x1b[K", PIECE);
	}
	str_release(&lines);
	return 0;
}

static const struct step speak_plan[] = {
	{ "speak", "Speaking", 3, 0, { { 0 } }, evidence, speak },
	{ "again", DIRECTIONS ESCAPES, 3, 0, { { "speak", 0, 0 } }, evidence, speak },
};
static const struct step flood_plan[] = { { "flood", "Talking", 3, 0, { { 0 } }, NULL, flood } };

static size_t memory(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* A look at each of the run's pages, as an operator would have it. */
static void look_around(unsigned i)
{
	static const int keys[] = { K_DOWN, K_RIGHT, K_PAGE_UP, K_END, K_UP, K_LEFT, 'o', K_END, K_PAGE_UP, K_ESCAPE,
		'?', K_ESCAPE, 'f', 'o', '/', 0xe9, K_ENTER, K_ESCAPE, K_ENTER };

	if (i % 5 == 0)
		resize_at_random();
	app_key(fake_app, keys[i % (sizeof(keys) / sizeof(keys[0]))]);
	if (wizard_running(&fake_wizard) && fake_wizard.view.question_count)
		wizard_answer(&fake_wizard, fake_wizard.view.questions[0].seq, (int)chance(3));
}

/* Until every host has come to its end, or was set aside: such a run waits for the operator. */
static bool settled(void)
{
	struct runview_counts n;

	if (!wizard_running(&fake_wizard))
		return true;
	runview_count(&fake_wizard.view, &n);
	return n.hosts_done + n.hosts_aside == HOSTS;
}

static void watch(const struct step *steps, size_t count, bool ascii)
{
	struct port p = own_port();
	struct pollfd ready = { .events = POLLIN };
	size_t before, most = 0;

	plan = steps;
	plan_count = count;
	chance_state = seed();
	fake_set_up(fake_file, screen_start(), 80, 24, ascii);
	fake_wizard.port = &p;
	app_push(fake_app, screen_run());
	before = memory();
	CHECK(wizard_begin(&fake_wizard, PURPOSE_APPLY, NULL, NULL));
	for (unsigned i = 0; !settled() && !test_failures; i++) {
		ready.fd = wizard_fd(&fake_wizard);
		poll(&ready, 1, 1000);
		wizard_dispatch(&fake_wizard);
		for (unsigned k = 0; k < LOOKS; k++) {
			look_around(i * LOOKS + k);
			CHECK(look());
		}
		most = memory() > most ? memory() : most;
	}
	for (unsigned i = 0; i < 100 && !app_over(fake_app); i++) {
		look_around(i);
		CHECK(look());
	}
	CHECK(most - before < MEMORY_MAX);
	fake_tear_down();
}

static void test_hostile(void)
{
	watch(speak_plan, 2, false);
	watch(speak_plan, 2, true);
}

static void test_flood(void)
{
	watch(flood_plan, 1, false);
	CHECK(said >= FLOOD);
}

static const struct test tests[] = {
	{ "hosts that try to harm the terminal", test_hostile },
	{ "a hundred megabytes of output", test_flood },
};

int main(int argc, char **argv)
{
	return stress_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
