/* The pages on which a cluster of others is taken over, by keys and by what is on the canvas, over a port that makes its looks up. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include <unistd.h>

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

static void clear_line(void)
{
	app_key(fake_app, K_CTRL('u'));
}

/* The form, with an address and a user typed. */
static void open_form(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake.adopt_next = false;
	unlink("kubewright.yaml");
	unlink("adopted-1.yaml");
	fake_set_up(NULL, screen_start(), 80, 24, false);
	app_key(fake_app, K_DOWN);
	CHECK(fake_sees("Looks at a cluster that was made with kubeadm"));
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Take over");
	app_key(fake_app, K_ENTER);
	fake_keys("10.0.0.11");
	app_key(fake_app, K_ENTER);
	app_key(fake_app, K_ENTER);
	fake_keys("ops");
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Take over");
}

static void open_seen(void)
{
	open_form();
	fake_keys("a");
	CHECK_STR(title(), "What is there");
	fake_wait_over();
}

/* From the address to the living cluster. */
static void test_takes_over(void)
{
	fake.adopt = FAKE_ADOPT_FITS;
	open_seen();
	/* one look at the first host, one at all */
	CHECK_INT(fake.begun[PURPOSE_ADOPT], 2);
	CHECK(strstr(fake.what, "host=10.0.0.11\nssh.user=ops\nout=/") != NULL);
	CHECK(fake_sees("rack7: Kubernetes 1.36.2, 3 control planes, 2 workers"));
	CHECK(fake_sees("It can be taken over: a writes /"));
	CHECK(fake_sees("endpoint-left-alone: 10.0.0.100:6443 is kept by kube-vip"));
	CHECK(fake_sees("could not be looked at"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("sha256:2f6c1e0b, until 2036-11-20"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_END);
	CHECK(fake_sees("cannot connect to w2 (10.0.0.22:22): no route to host"));
	fake_keys("e");
	CHECK(fake_sees("kubewright adopt '10.0.0.11' --set 'ssh.user=ops' "));
	CHECK(fake_sees("--out '/"));
	app_key(fake_app, K_ESCAPE);
	/* nothing without a yes */
	fake_keys("a");
	app_key(fake_app, K_ENTER);
	CHECK(access("kubewright.yaml", F_OK) != 0);
	fake_keys("a");
	app_key(fake_app, K_RIGHT);
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Keys");
	CHECK(access("kubewright.yaml", F_OK) == 0);
	CHECK(fake_wizard.document != NULL);
	CHECK(fake_sees("The inventory was written: /"));
	CHECK_INT(fake.begun[PURPOSE_TAKE_KEYS], 0);
	fake_keys("e");
	CHECK(fake_sees("--take-ca-keys"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("a");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_TAKE_KEYS], 1);
	CHECK_STR(title(), "Dashboard");
	fake_tear_down();
}

static void write_it(void)
{
	fake_keys("a");
	app_key(fake_app, K_RIGHT);
	app_key(fake_app, K_ENTER);
}

static void test_keys(void)
{
	fake.no_keys = true;
	open_seen();
	write_it();
	fake_keys("a");
	fake_wait_over();
	CHECK_STR(title(), "Keys");
	CHECK(fake_sees("no control plane has given its CAs"));
	fake_keys("n");
	CHECK_STR(title(), "Hosts");
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Start");
	fake_tear_down();
	fake.no_keys = false;
	/* this machine has them from before */
	fake.keys_here = true;
	open_seen();
	write_it();
	CHECK_STR(title(), "Dashboard");
	fake_tear_down();
	fake.keys_here = false;
}

static void test_refused(void)
{
	fake.adopt = FAKE_ADOPT_REFUSED;
	open_seen();
	CHECK(fake_sees("the cluster cannot be adopted: 1 error was found"));
	fake_keys("jj");
	CHECK(fake_sees("ca-differs: the CA of cp2 is not that of cp1"));
	CHECK(fake_sees("find out which one is right"));
	fake_keys("a");
	CHECK(fake_sees("It cannot be taken over"));
	CHECK(fake_sees("correct what is named"));
	app_key(fake_app, K_ESCAPE);
	CHECK(access("kubewright.yaml", F_OK) != 0);
	fake_tear_down();
	/* the first host alone was asked; the form keeps what was typed */
	fake.adopt = FAKE_ADOPT_UNREACHED;
	open_seen();
	CHECK_INT(fake.begun[PURPOSE_ADOPT], 1);
	CHECK(fake_sees("10.0.0.11: connect: the host refused the login of ops"));
	CHECK(fake_sees("What to do: name another user"));
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Take over");
	CHECK(fake_sees("10.0.0.11"));
	fake_tear_down();
	fake.adopt = FAKE_ADOPT_FITS;
	/* the keys of another cluster have its name: nothing is written */
	fake.adopt_fails = true;
	open_seen();
	write_it();
	CHECK(fake_sees("those of another cluster"));
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "What is there");
	fake_tear_down();
	fake.adopt_fails = false;
}

/* What cannot be right is refused where it is typed. */
static void test_form(void)
{
	open_form();
	app_key(fake_app, K_ENTER);
	fake_keys("ssh");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("'ssh' is not"));
	clear_line();
	fake_keys("2222");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("2222"));
	app_key(fake_app, K_END);
	app_key(fake_app, K_ENTER);
	clear_line();
	fake_write("there.yaml", "x");
	fake_keys("there.yaml");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("this file exists"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("e");
	CHECK(fake_sees("ssh.port=2222"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("?");
	CHECK(fake_sees("Takes over a cluster that runs already"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_HOME);
	app_key(fake_app, K_DELETE);
	fake_keys("a");
	CHECK_STR(title(), "Take over");
	CHECK(fake_sees("a host name or an IPv4 address"));
	CHECK_INT(fake.begun[PURPOSE_ADOPT], 0);
	fake_tear_down();
}

/* One that is stopped shows nothing, and v looks from the beginning; a secret may be asked for, and host keys. */
static void test_stops_and_asks(void)
{
	open_form();
	fake.endless = true;
	fake_keys("a");
	CHECK(fake_sees("Looking at the cluster"));
	fake_keys("s");
	fake_wait_over();
	CHECK_STR(title(), "What is there");
	CHECK(fake_sees("Nothing was looked at yet: v looks"));
	fake.endless = false;
	fake.secret_first = true;
	fake.secret_told = false;
	fake_keys("v");
	CHECK(fake_sees("Password of root"));
	fake_keys("x");
	app_key(fake_app, K_ENTER);
	fake_wait_over();
	CHECK(fake_sees("rack7: Kubernetes 1.36.2"));
	fake.secret_first = false;
	fake.ask_keys = true;
	fake_keys("v");
	for (int i = 0; i < 100 && !page_key_questions(&fake_wizard); i++)
		fake_turn();
	CHECK_STR(title(), "Host keys");
	fake.ask_keys = false;
	fake_tear_down();
}

static void test_hostile(void)
{
	fake.hostile = true;
	for (int i = 0; i < 6; i++) {
		fake.adopt = (enum fake_adopt)(i % 3);
		open_seen();
		fake_canvas.ascii = i > 2;
		for (int width = 1; width < 260; width += 9)
			for (int height = 1; height < 60; height += 4) {
				canvas_resize(&fake_canvas, width, height);
				CHECK(fake_see() != NULL);
			}
		fake_tear_down();
	}
	fake.hostile = false;
	fake.adopt = FAKE_ADOPT_FITS;
}

static const struct test tests[] = {
	{ "takeover: from an address to the living cluster", test_takes_over },
	{ "takeover: the keys, had, missed and left", test_keys },
	{ "takeover: what stops it", test_refused },
	{ "takeover: what is typed", test_form },
	{ "takeover: stopped, secrets and host keys", test_stops_and_asks },
	{ "takeover: every size, hostile texts", test_hostile },
};

TEST_MAIN_IN_FOLDER(tests)
