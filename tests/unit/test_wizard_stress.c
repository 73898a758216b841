/* The wizard's pages under keys at random, while runs are under way. */
#include "tests/unit/stress.h"

#include "base/clock.h"
#include "base/file.h"

#include <sys/mman.h>

enum { KEYS = STRESS_SANITIZED ? 10000 : 100000, LAST = 80, KEYS_A_LIFE = 300, HOSTS = 4 };

/* In memory that the process shares with the one that waits for it. */
static struct {
	int keys[LAST];
	unsigned count;
	const char *title;
} * told;

static int key_at_random(void)
{
	static const int often[] = { K_UP, K_DOWN, K_LEFT, K_RIGHT, K_ENTER, K_ENTER, K_ESCAPE, K_TAB, K_BACK_TAB,
		K_PAGE_UP, K_PAGE_DOWN, K_HOME, K_END, K_BACKSPACE, K_DELETE, ' ' };
	const struct binding *b = app_top(fake_app)->ops->bindings;
	unsigned n = 0, kind = chance(100);

	while (b && b[n].key)
		n++;
	if (kind < 40 && n)
		return b[chance(n)].key;
	if (kind < 70)
		return often[chance(sizeof(often) / sizeof(often[0]))];
	if (kind < 90)
		return ' ' + (int)chance(95);
	if (kind < 95)
		return K_UP + (int)chance(K_RESIZE - K_UP + 2);
	return kind < 98 ? (int)chance(32) : (int)chance(0x110000);
}

static struct screen *recorded(void)
{
	static const struct step step = { .name = "os", .title = "System", .roles = 3 };
	static const struct engine_host hosts[HOSTS] = { { "cp1", 1 }, { "cp2", 1 }, { "cp3", 1 }, { "w1", 2 } };
	static const struct engine_config config = {
		.run = "r", .steps = &step, .step_count = 1, .hosts = hosts, .host_count = HOSTS
	};
	struct journal *j;
	struct recording *r;

	unlink("runs/r.jsonl");
	j = journal_open("runs", "r", &config, "apply", NULL);
	for (int i = 1; j && i < 40; i++)
		journal_event(&(struct event){ .kind = i == 1      ? EVENT_RUN_STARTED
						       : i == 2    ? EVENT_STEP_STARTED
						       : i % 9 > 3 ? EVENT_OUTPUT
								   : (enum event_kind)(i % 9),
				      .seq = (uint64_t)i,
				      .at_ms = i * 500,
				      .text = "\xe4\xb8\x96 says the host",
				      .answers = "no|yes",
				      .step = 0,
				      .host = i % HOSTS },
			j);
	journal_close(j);
	r = recording_load("runs/r.jsonl", NULL);
	return r ? screen_replay(r) : screen_start();
}

static struct screen *screen_at_random(void)
{
	static const char *const prefixes[] = { "kubernetes.", "ssh.", NULL };

	switch (chance(12)) {
	case 0: return screen_hosts();
	case 1: return screen_cluster();
	case 2: return screen_preflight();
	case 3: return screen_plan();
	case 4: return screen_done();
	case 5: return screen_form("A form", prefixes, chance(2) ? "cp1" : NULL);
	case 6: return screen_hosts_import(".ssh/config");
	case 7: return screen_past_runs(&fake_wizard, "rack7");
	case 8: return recorded();
	case 9: return screen_hostkeys();
	case 10: return screen_run();
	default: return screen_start();
	}
}

static void pass_events(void)
{
	struct screen *top;

	wizard_dispatch(&fake_wizard);
	top = app_top(fake_app);
	if (top && top->ops->tick)
		top->ops->tick(top, clock_mono_ms() + chance(5000));
}

static void fake_at_random(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.refuse_login = chance(2);
	fake.hostile = chance(2);
	fake.nothing_to_do = chance(4) == 0;
	fake.ask_keys = chance(2);
	fake.secret_first = chance(4) == 0;
	fake.dead = chance(2);
	fake.recent = chance(2) ? "other.yaml\nkubewright.yaml\ngone.yaml\n" : NULL;
}

/* One wizard from its beginning to its end; returns the keys pressed. */
static int live(int most)
{
	int n = 0;

	fake_at_random();
	fake_set_up(fake_file, screen_start(), 80, 24, chance(3) == 0);
	app_push(fake_app, screen_at_random());
	/* mostly something is under way */
	if (!wizard_running(&fake_wizard) && chance(3))
		wizard_begin(&fake_wizard, (enum purpose)chance(3), NULL, NULL);
	for (; n < most && !app_over(fake_app); n++) {
		int key = key_at_random();

		told->keys[told->count++ % LAST] = key;
		told->title = app_top(fake_app)->ops->title;
		app_key(fake_app, key);
		if (chance(200) == 0)
			app_paste(fake_app, "a\x1b[31mb\r\n\tc\xff\xe4\xb8\x96");
		if (chance(20) == 0)
			resize_at_random();
		if (chance(4) == 0 && !app_over(fake_app))
			pass_events();
		if (chance(3) == 0 && !look())
			abort();
	}
	fake_tear_down();
	return n;
}

static void live_on(void)
{
	/* the shared alarm of a test is its parent's */
	alarm(TEST_SECONDS - 10);
	chance_state = seed();
	for (int left = KEYS; left > 0;)
		left -= live(left < KEYS_A_LIFE ? left : KEYS_A_LIFE);
	fflush(stdout);
	_exit(test_failures != 0);
}

static void test_random_keys(void)
{
	int status = -1;
	char name[32];
	pid_t pid;

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!CHECK(told != MAP_FAILED))
		return;
	fake_write("other.yaml", "cluster: blue\nkubernetes:\n  version: 1.36\nhosts: []\n");
	CHECK(file_mkdirs(".ssh", 0700, NULL) == 0);
	fake_write(".ssh/config", "Host cp1\n  HostName 10.0.0.11\nHost gpu1\n  HostName 10.0.0.31\n");
	pid = fork();
	if (pid == 0)
		live_on();
	waitpid(pid, &status, 0);
	if (CHECK_INT(status, 0))
		return;
	printf("# KW_SEED=%llu, %u keys, on page '%s'; the last ones:", (unsigned long long)seed(), told->count,
		told->title);
	for (unsigned i = told->count > LAST ? told->count - LAST : 0; i < told->count; i++)
		printf(" %s", key_name(told->keys[i % LAST], name, sizeof(name)));
	printf("\n");
}

static const struct test tests[] = {
	{ "keys at random on all pages", test_random_keys },
};

int main(int argc, char **argv)
{
	return stress_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
