/* The pages of rotations, by keys and by what is on the canvas, over a port that says how far they are. */
#include "tests/test.h"

#include "base/clock.h"
#include "tests/unit/fake_port.h"

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

static void open_list(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_certs());
	/* before the certificates were looked at there is nothing to list */
	fake_keys("o");
	CHECK_STR(title(), "Certificates");
	fake_wait_over();
	fake_keys("o");
	CHECK_STR(title(), "Rotation");
}

static void open_page(enum fake_rotation which)
{
	fake.rotation = which;
	open_list();
	app_key(fake_app, K_ENTER);
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_ROTATE_LOOK], 1);
	CHECK_STR(fake.what, "etcd-ca");
}

static void test_list(void)
{
	open_list();
	CHECK(fake_sees("etcd-ca           two CAs are trusted, and the earlier one signs"));
	CHECK(fake_sees("When it suits: kubewright certs rotate etcd-ca --reissue"));
	CHECK(fake_sees("front-proxy-ca    one CA is trusted, and signs"));
	fake_keys("jj");
	CHECK(fake_sees("It is not being rotated"));
	fake_keys("?");
	CHECK(fake_sees("may stay so for weeks"));
	app_key(fake_app, K_ESCAPE);
	CHECK_INT(fake.begun[PURPOSE_ROTATE_LOOK], 0);
	app_key(fake_app, K_ENTER);
	fake_wait_over();
	CHECK_STR(fake.what, "sa");
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Certificates");
	fake_tear_down();
}

static void test_begins(void)
{
	open_page(FAKE_ROTATION_NEXT);
	CHECK(fake_sees("Nothing is changed yet. a starts the next phase"));
	CHECK(fake_sees("cp1               etcd/ca.crt               to be placed"));
	/* who is to be given another one stands there before anything begins */
	CHECK(fake_sees("Secrets whose token is from before: 12: ci/build-token"));
	fake_keys("e");
	CHECK(fake_sees("kubewright certs rotate etcd-ca -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("a");
	CHECK(fake_sees("From now on the next CA signs"));
	CHECK(fake_sees("make a backup of it"));
	fake_keys("rack\r");
	CHECK_INT(fake.begun[PURPOSE_ROTATE], 0);
	fake_keys("7\r");
	CHECK_INT(fake.begun[PURPOSE_ROTATE], 1);
	CHECK_STR(fake.what, "etcd-ca");
	fake_wait_over();
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("the rotation is done"));
	fake_tear_down();
}

static void test_refused(void)
{
	open_page(FAKE_ROTATION_REFUSED);
	CHECK(fake_sees("etcd-ca: the next CA does not sign yet"));
	fake_keys("a");
	CHECK(fake_sees("What to do: 'kubewright certs rotate etcd-ca' continues"));
	app_key(fake_app, K_ESCAPE);
	CHECK_INT(fake.begun[PURPOSE_ROTATE], 0);
	fake_tear_down();
}

static void test_scrolls(void)
{
	open_page(FAKE_ROTATION_NEXT);
	CHECK(!strstr(fake_see(), "the last line"));
	app_key(fake_app, K_END);
	CHECK(fake_sees("the last line"));
	CHECK(!strstr(fake_see(), "signs     etcd-ca"));
	app_key(fake_app, K_HOME);
	CHECK(fake_sees("signs     etcd-ca"));
	fake_tear_down();
}

/* Nothing begins over what was not looked at, or of another inventory. */
static void test_edited(void)
{
	open_page(FAKE_ROTATION_NEXT);
	fake.endless = true;
	fake_keys("va");
	CHECK(fake_sees("wait until the hosts were looked at"));
	fake_keys("s");
	fake.endless = false;
	fake_wait_over();
	CHECK_INT(document_set(fake_wizard.document, "kubernetes.version", "1.35", NULL), 0);
	CHECK(fake_sees("out of date"));
	fake_keys("a");
	CHECK(fake_sees("v looks"));
	CHECK_STR(title(), "Rotation");
	fake_tear_down();
}

/* What was seen hours ago is not a reason to forget anything for good. */
static void test_old(void)
{
	open_page(FAKE_ROTATION_NEXT);
	fake_wizard.rotation_ms = clock_mono_ms() - 700000;
	fake_keys("a");
	CHECK(fake_sees("more than 10 minutes ago: v looks"));
	CHECK_STR(title(), "Rotation");
	fake_keys("v");
	fake_wait_over();
	fake_keys("a");
	CHECK(fake_sees("From now on the next CA signs"));
	/* the question stood there for as long */
	fake_wizard.rotation_ms = clock_mono_ms() - 700000;
	fake_keys("rack7\r");
	CHECK(fake_sees("error: the hosts were looked at more than 10 minutes ago"));
	CHECK_INT(fake.begun[PURPOSE_ROTATE], 0);
	fake_tear_down();
}

static void test_hostile(void)
{
	fake.hostile = true;
	for (int i = 0; i < 2; i++) {
		open_page(i == 0 ? FAKE_ROTATION_NEXT : FAKE_ROTATION_REFUSED);
		for (int width = 1; width < 260; width += 9)
			for (int height = 1; height < 60; height += 4) {
				canvas_resize(&fake_canvas, width, height);
				app_key(fake_app, height % 3 ? K_DOWN : K_UP);
				CHECK(fake_see() != NULL);
			}
		fake_tear_down();
	}
	fake.hostile = false;
}

static const struct test tests[] = {
	{ "rotation: which there are, and how far", test_list },
	{ "rotation: the next phase, after the cluster's name was typed", test_begins },
	{ "rotation: one that may not begin", test_refused },
	{ "rotation: more than fits", test_scrolls },
	{ "rotation: during a look, and of another inventory", test_edited },
	{ "rotation: looked at too long ago", test_old },
	{ "rotation: every size, hostile texts", test_hostile },
};

TEST_MAIN_IN_FOLDER(tests)
