/* The page of the hosts beside the benchmark, by keys and by what is on the canvas, over a port whose items are canned. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "tui/security.h"

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

/* By the Dashboard, whose own look is still under way. */
static void open_page(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_dashboard());
	fake_keys("S");
	CHECK_STR(title(), "Security");
	/* the Dashboard's look comes to its end, then this page's does */
	fake_wait_over();
	fake_wait_over();
}

/* It looks by itself: when it opens, and again when the inventory is another; not when it comes back, nor with time. */
static void test_looks(void)
{
	open_page();
	CHECK_INT(fake.begun[PURPOSE_BENCHMARK], 1);
	CHECK(fake_sees("92 items, 2 failed, 1 by hand, 88 passed, 1 not applicable"));
	app_key(fake_app, K_ENTER);
	fake_keys("?");
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Security");
	fake_turn();
	app_top(fake_app)->ops->tick(app_top(fake_app), 1000000000);
	CHECK_INT(fake.begun[PURPOSE_BENCHMARK], 1);
	fake_keys("v");
	CHECK(fake_sees("looking"));
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_BENCHMARK], 2);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_wait_over();
	fake_keys("S");
	CHECK(fake_sees("92 items, 2 failed"));
	CHECK_INT(fake.begun[PURPOSE_BENCHMARK], 2);
	CHECK_INT(document_set(fake_wizard.document, "kubernetes.version", "1.35", NULL), 0);
	CHECK(fake_sees("out of date"));
	app_changed(fake_app);
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_BENCHMARK], 3);
	fake_tear_down();
}

static void test_shows(void)
{
	open_page();
	CHECK(fake_sees("1.1.1   passed          only its owner can read the API server's manifest"));
	fake_keys("/1.2.1 \r");
	CHECK(fake_sees("1.2.1   by hand         the API server answers nobody without a name"));
	CHECK(fake_sees("cp1, cp2, cp3: --anonymous-auth is not given"));
	CHECK(fake_sees("why: the probes of its own Pod"));
	CHECK(fake_sees("remedy: in kubeadm.extra"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("What is wanted"));
	CHECK(fake_sees("by hand, on cp1, cp2, cp3: --anonymous-auth is not given"));
	CHECK(fake_sees("Why kubewright does not set it so"));
	CHECK(fake_sees("What to do"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("/1.1.1 \r");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("Where it is set"));
	CHECK(!strstr(fake_see(), "What to do"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("/nowhere\r");
	CHECK(fake_sees("no item contains this"));
	fake_keys("e");
	CHECK(fake_sees("kubewright check --security -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("?");
	CHECK(fake_sees("beside the items of the CIS Kubernetes"));
	fake_tear_down();
}

static void test_filter(void)
{
	open_page();
	fake_keys("/1.2.16\rf");
	CHECK(fake_sees("What is wanted (f shows all)"));
	CHECK(fake_sees("1.2.15  failed"));
	CHECK(!strstr(fake_see(), "1.2.14"));
	/* the selection stays on what it was on */
	CHECK(fake_sees("1.2.16: the API server keeps an audit log"));
	fake_keys("f");
	CHECK(fake_sees("1.2.14  passed"));
	CHECK(fake_sees("1.2.16: the API server keeps an audit log"));
	for (size_t i = 0; i < fake_wizard.benchmark.count; i++)
		fake_wizard.benchmark.items[i].state = BENCHMARK_PASSED;
	fake_keys("f");
	CHECK(fake_sees("No item failed: f shows all"));
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Security");
	fake_tear_down();
}

/* A host that could not be looked at is on the page, whatever is filtered, and nothing passes for it. */
static void test_unseen(void)
{
	fake.refuse_login = true;
	open_page();
	CHECK(fake_sees("cp2: cannot connect to cp2"));
	CHECK(fake_sees("90 unknown"));
	fake_keys("f");
	CHECK(fake_sees("cp2: cannot connect to cp2"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("each item that is about it is unknown"));
	CHECK(fake_sees("What to do: is the machine on?"));
	fake.refuse_login = false;
	fake_tear_down();
}

/* A look that is stopped changes nothing of what was seen before; one that is left is ended. */
static void test_stops(void)
{
	open_page();
	fake.endless = true;
	fake_keys("v");
	CHECK(fake_sees("looking"));
	/* keys work meanwhile, over what was seen before */
	fake_keys("f");
	CHECK(fake_sees("1.2.15  failed"));
	fake_keys("s");
	CHECK(fake_sees("stopping"));
	fake_wait_over();
	CHECK(fake_sees("92 items, 2 failed"));
	CHECK_INT(fake.begun[PURPOSE_BENCHMARK], 2);
	fake_keys("v");
	fake_turn();
	/* the Dashboard's own look comes to its end */
	fake.endless = false;
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_BENCHMARK], 3);
	fake_tear_down();
}

/* A secret that is not given is asked for once, and the look begins when it was. */
static void test_secret(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	fake.secret_first = true;
	app_push(fake_app, screen_security());
	CHECK(fake_sees("Password of root"));
	app_key(fake_app, K_ESCAPE);
	fake_turn();
	CHECK(fake_sees("Nothing was looked at yet: v looks"));
	fake_keys("v");
	fake_keys("secret\r");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_BENCHMARK], 1);
	CHECK(fake_sees("92 items"));
	fake.secret_first = fake.secret_told = false;
	fake_tear_down();
}

static void test_hostile(void)
{
	fake.hostile = fake.refuse_login = true;
	for (int i = 0; i < 2; i++) {
		open_page();
		fake_canvas.ascii = i == 1;
		for (int width = 1; width < 260; width += 9)
			for (int height = 1; height < 60; height += 4) {
				canvas_resize(&fake_canvas, width, height);
				app_key(fake_app, height % 3 ? K_DOWN : K_UP);
				CHECK(fake_see() != NULL);
			}
		canvas_resize(&fake_canvas, 80, 24);
		app_key(fake_app, K_HOME);
		for (int k = 0; k < 4; k++) {
			app_key(fake_app, K_ENTER);
			CHECK(fake_see() != NULL);
			app_key(fake_app, K_ESCAPE);
			app_key(fake_app, K_DOWN);
		}
		fake_tear_down();
	}
	fake.hostile = fake.refuse_login = false;
}

static const struct test tests[] = {
	{ "security: looks by itself", test_looks },
	{ "security: items, what was seen and what to do", test_shows },
	{ "security: what failed alone", test_filter },
	{ "security: a host that could not be looked at", test_unseen },
	{ "security: a look that is stopped, or left", test_stops },
	{ "security: a secret is asked for once", test_secret },
	{ "security: every size, hostile texts", test_hostile },
};

TEST_MAIN_IN_FOLDER(tests)
