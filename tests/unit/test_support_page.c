/* The page of the archive for somebody who helps, by keys and by what is on the canvas, over a port that makes none. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

static void open_page(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_dashboard());
	fake_keys("p");
	CHECK_STR(title(), "Support");
	fake_wait_over();
	/* not by itself */
	CHECK_INT(fake.begun[PURPOSE_SUPPORT], 0);
	CHECK(fake_sees("a makes an archive of the inventory"));
}

static void test_makes(void)
{
	open_page();
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Support");
	fake_keys("a");
	CHECK(fake_sees("Asking the hosts for what goes into the archive"));
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_SUPPORT], 1);
	CHECK(fake_sees("/home/admin/kubewright-support-rack7-20261130T120000Z.tar.gz"));
	CHECK(fake_sees("11 files, 121 KiB; 4 of them cut to their limit"));
	CHECK(fake_sees("versions.txt"));
	CHECK(!strstr(fake_see(), "cannot connect to cp3"));
	app_key(fake_app, K_ENTER);
	app_key(fake_app, K_END);
	CHECK(fake_sees("cp3: cannot connect to cp3"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("e");
	CHECK(fake_sees("kubewright support -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("?");
	CHECK(fake_sees("One archive, without a secret"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_tear_down();
}

static void test_fails(void)
{
	fake.no_archive = true;
	open_page();
	fake_keys("a");
	fake_wait_over();
	CHECK(fake_sees("no space left on device"));
	CHECK(fake_sees("make room there"));
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Support");
	fake.no_archive = false;
	fake_keys("a");
	fake_wait_over();
	CHECK(fake_sees(".tar.gz"));
	fake_tear_down();
}

/* One that is stopped leaves no archive, and what was made before is still shown. */
static void test_stops(void)
{
	open_page();
	fake.endless = true;
	fake_keys("as");
	CHECK(fake_sees("stopping"));
	fake_wait_over();
	CHECK(!strstr(fake_see(), ".tar.gz"));
	fake_keys("a");
	fake_turn();
	fake.endless = false;
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_wait_over();
	CHECK(!fake_wizard.support_text);
	fake_tear_down();
}

static void test_hostile(void)
{
	fake.hostile = true;
	for (int i = 0; i < 4; i++) {
		fake.no_archive = i % 2 == 1;
		open_page();
		fake_canvas.ascii = i > 1;
		fake_keys("a");
		fake_wait_over();
		for (int width = 1; width < 260; width += 9)
			for (int height = 1; height < 60; height += 4) {
				canvas_resize(&fake_canvas, width, height);
				CHECK(fake_see() != NULL);
			}
		fake_tear_down();
	}
	fake.hostile = fake.no_archive = false;
}

static const struct test tests[] = {
	{ "support: the archive, where it lies and what is in it", test_makes },
	{ "support: one that cannot be written", test_fails },
	{ "support: one that is stopped", test_stops },
	{ "support: every size, hostile texts", test_hostile },
};

TEST_MAIN_IN_FOLDER(tests)
