/* The page of the machines, by keys and by what is on the canvas, over a port whose machines are canned. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "tui/hardware.h"

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

/* By the Dashboard, whose own look is still under way: then the page looks by itself. */
static void open_page(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_dashboard());
	fake_keys("H");
	CHECK_STR(title(), "Hardware");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_HARDWARE], 1);
}

static void test_shows(void)
{
	open_page();
	CHECK(fake_sees("5 machines, 1 with findings"));
	CHECK(fake_sees("What is near what on cp1"));
	CHECK(fake_sees("processors  CPUs 0-31"));
	CHECK(fake_sees("Nothing is odd, not well or gone here."));
	fake_keys("/w1\r");
	CHECK(fake_sees("What is near what on w1"));
	CHECK(fake_sees("NUMA node 0"));
	CHECK(fake_sees("warning few-lanes: the accelerator 0000:4c:00.0 has 8 of 16"));
	CHECK(fake_sees("warning gone-dimm: the DIMM B7"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("What to do"));
	app_key(fake_app, K_END);
	CHECK(fake_sees("disk sda: unknown"));
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Hardware");
	fake_keys("/nowhere\r");
	CHECK(fake_sees("no host name contains this"));
	fake_keys("e");
	CHECK(fake_sees("kubewright hardware -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("?");
	CHECK(fake_sees("What the machines are made of"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_tear_down();
}

/* Its lower end is reached, and another machine's tree begins at its top again. */
static void test_scrolls(void)
{
	open_page();
	fake_keys("/w1\r");
	CHECK(!strstr(fake_see(), "bond bond0"));
	app_key(fake_app, K_TAB);
	app_key(fake_app, K_END);
	CHECK(fake_sees("bond bond0"));
	CHECK(fake_sees("disk sda  unknown"));
	CHECK(!strstr(fake_see(), "NUMA node 0"));
	fake_keys("/lanes");
	app_key(fake_app, K_ESCAPE);
	/* what has no room in its line is below */
	app_key(fake_app, K_HOME);
	for (int i = 0; i < 9; i++)
		app_key(fake_app, K_DOWN);
	CHECK(fake_sees("accelerator 0000:4c:00.0: NVIDIA, NVIDIA H200, 8 lanes of 16, driver nvidia"));
	app_key(fake_app, K_END);
	/* the hosts stay where they were */
	CHECK(fake_sees("What is near what on w1"));
	app_key(fake_app, K_LEFT);
	app_key(fake_app, K_DOWN);
	CHECK(fake_sees("What is near what on w2"));
	CHECK(fake_sees("NUMA node 0"));
	app_key(fake_app, K_RIGHT);
	app_key(fake_app, K_DOWN);
	CHECK(fake_sees("What is near what on w2"));
	app_key(fake_app, K_TAB);
	app_key(fake_app, K_UP);
	CHECK(fake_sees("What is near what on w1"));
	fake_tear_down();
}

/* What the inventory ignores is shown, and leaves no mark. */
static void test_ignored(void)
{
	open_page();
	fake_keys("/cp3\r");
	CHECK(fake_sees("ignored odd-firmware: "));
	fake_canvas.ascii = true;
	CHECK(fake_sees("+ cp3"));
	CHECK(fake_sees("5 machines, 1 with findings"));
	fake_wizard.hardware.hosts[2].findings[0].ignored = false;
	CHECK(fake_sees("5 machines, 2 with findings"));
	CHECK(fake_sees("! cp3"));
	for (size_t i = 0; i < fake_wizard.hardware.host_count; i++)
		fake_wizard.hardware.hosts[i].finding_count = 0;
	CHECK(fake_sees("5 machines; nothing is odd"));
	fake_tear_down();
}

static void test_unseen(void)
{
	fake.refuse_login = true;
	open_page();
	CHECK(fake_sees("5 machines, 1 with findings, 1 could not be looked at"));
	fake_keys("j");
	CHECK(fake_sees("cannot connect to cp2"));
	CHECK(fake_sees("is the machine on?"));
	/* there is no tree to go to */
	app_key(fake_app, K_TAB);
	app_key(fake_app, K_RIGHT);
	fake_keys("j");
	CHECK(fake_sees("What is near what on cp3"));
	fake_keys("k");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("could not be looked at"));
	CHECK(fake_sees("What to do: is the machine on?"));
	fake.refuse_login = false;
	fake_tear_down();
}

/* A look that is stopped changes nothing of what was seen before; one that is left is ended. */
static void test_looks(void)
{
	open_page();
	CHECK(fake_sees("ago"));
	fake.endless = true;
	fake_keys("v");
	CHECK(fake_sees("looking"));
	fake_keys("j");
	CHECK(fake_sees("What is near what on cp2"));
	fake_keys("s");
	CHECK(fake_sees("stopping"));
	fake_wait_over();
	CHECK(fake_sees("5 machines"));
	CHECK_INT(fake.begun[PURPOSE_HARDWARE], 2);
	fake_keys("v");
	fake_turn();
	fake.endless = false;
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_wait_over();
	/* it is not looked at again when the page comes back … */
	fake_keys("H");
	CHECK(fake_sees("5 machines"));
	CHECK_INT(fake.begun[PURPOSE_HARDWARE], 3);
	/* … unless the inventory is another one */
	CHECK_INT(document_set(fake_wizard.document, "kubernetes.version", "1.35", NULL), 0);
	CHECK(fake_sees("out of date"));
	app_changed(fake_app);
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_HARDWARE], 4);
	fake_tear_down();
}

static void test_hostile(void)
{
	fake.hostile = true;
	for (int i = 0; i < 4; i++) {
		fake.refuse_login = i % 2 == 1;
		open_page();
		fake_canvas.ascii = i > 1;
		for (int width = 1; width < 260; width += 9)
			for (int height = 1; height < 60; height += 4) {
				canvas_resize(&fake_canvas, width, height);
				app_key(fake_app, height % 3 ? K_DOWN : K_TAB);
				CHECK(fake_see() != NULL);
			}
		canvas_resize(&fake_canvas, 80, 24);
		app_key(fake_app, K_ENTER);
		CHECK(fake_see() != NULL);
		fake_tear_down();
	}
	fake.hostile = fake.refuse_login = false;
}

static const struct test tests[] = {
	{ "hardware: machines, what is near what, what is odd", test_shows },
	{ "hardware: the tree scrolls", test_scrolls },
	{ "hardware: what the inventory ignores", test_ignored },
	{ "hardware: a host that could not be looked at", test_unseen },
	{ "hardware: a look that is stopped, or left, or of another inventory", test_looks },
	{ "hardware: every size, hostile texts", test_hostile },
};

TEST_MAIN_IN_FOLDER(tests)
