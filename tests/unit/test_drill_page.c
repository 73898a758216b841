/* The page of faults on purpose, by keys and by what is on the canvas, over a port whose cluster is canned. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

static void open_page(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake.what[0] = '\0';
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_dashboard());
	fake_keys("D");
	CHECK_STR(title(), "Drill");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_DRILL_LOOK], 1);
}

static void test_shows(void)
{
	open_page();
	CHECK(fake_sees("5 can be made, 1 left out. Nothing is done yet"));
	CHECK(fake_sees("link: nft is not on every"));
	fake_keys("e");
	CHECK(fake_sees("kubewright drill -f "));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_END);
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("nft is not on every control plane"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("?");
	CHECK(fake_sees("Faults on purpose"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_tear_down();
}

/* Nothing is made without the cluster's name; then the run is shown, and after it what came of it. */
static void test_makes(void)
{
	open_page();
	fake_keys("a");
	CHECK(fake_sees("5 faults, one at a time: worker vip api etcd etcd-leader."));
	fake_keys("rack8\r");
	CHECK_INT(fake.begun[PURPOSE_DRILL], 0);
	app_key(fake_app, K_ESCAPE);
	/* those that are marked; one that is left out cannot be */
	fake_keys("j jj ");
	app_key(fake_app, K_END);
	fake_keys(" a");
	CHECK(fake_sees("2 faults, one at a time: vip etcd."));
	fake_keys("rack7\r");
	CHECK_INT(fake.begun[PURPOSE_DRILL], 1);
	CHECK_STR(fake.what, "vip etcd");
	CHECK(strcmp(title(), "Drill") != 0);
	fake_wait_over();
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Drill");
	CHECK(fake_sees("5 made: 4 as expected, 1 not, 0 failed"));
	CHECK(fake_sees("waited: writes 11.3 s, reads 2.0 s"));
	CHECK_INT(fake.begun[PURPOSE_DRILL_LOOK], 1);
	fake_tear_down();
}

static void test_refused(void)
{
	fake.broken = true;
	open_page();
	CHECK(fake_sees("the cluster is not well, so no fault is made in it"));
	fake_keys("a");
	CHECK(fake_sees("see 'kubewright repair --check'"));
	app_key(fake_app, K_ESCAPE);
	/* there is nothing to mark */
	fake_keys(" ");
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Drill");
	CHECK_INT(fake.begun[PURPOSE_DRILL], 0);
	fake.broken = false;
	fake_tear_down();
}

static void test_looks(void)
{
	open_page();
	fake.endless = true;
	fake_keys("v");
	CHECK(fake_sees("looking"));
	fake_keys("a");
	CHECK(fake_sees("wait until the hosts were looked at"));
	fake_keys("s");
	fake_wait_over();
	CHECK(fake_sees("5 can be made"));
	fake.endless = false;
	/* another inventory */
	CHECK_INT(document_set(fake_wizard.document, "kubernetes.version", "1.35", NULL), 0);
	CHECK(fake_sees("out of date"));
	fake_keys("a");
	CHECK(fake_sees("not looked at yet, or the inventory changed"));
	fake_tear_down();
}

static void test_hostile(void)
{
	fake.hostile = true;
	for (int i = 0; i < 4; i++) {
		fake.broken = i % 2 == 1;
		open_page();
		fake_canvas.ascii = i > 1;
		for (int width = 1; width < 260; width += 9)
			for (int height = 1; height < 60; height += 4) {
				canvas_resize(&fake_canvas, width, height);
				app_key(fake_app, K_DOWN);
				CHECK(fake_see() != NULL);
			}
		canvas_resize(&fake_canvas, 80, 24);
		app_key(fake_app, K_ENTER);
		CHECK(fake_see() != NULL);
		fake_tear_down();
	}
	fake.hostile = fake.broken = false;
}

static const struct test tests[] = {
	{ "drill page: what can be made", test_shows },
	{ "drill page: it is made, and what came of it", test_makes },
	{ "drill page: a cluster that is not well", test_refused },
	{ "drill page: a look that is stopped, or of another inventory", test_looks },
	{ "drill page: every size, hostile texts", test_hostile },
};

TEST_MAIN_IN_FOLDER(tests)
