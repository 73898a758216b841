/* The page of certificates, by keys and by what is on the canvas, over a port whose certificates are canned. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "base/alloc.h"
#include "tui/certs.h"

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

/* By the Dashboard, whose own look is still under way. */
static void open_page(enum fake_certs which)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake.certs = which;
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_dashboard());
	fake_keys("c");
	CHECK_STR(title(), "Certificates");
	fake_wait_over();
	fake_turn();
	CHECK_INT(fake.begun[PURPOSE_CERTS], 1);
	fake_wait_over();
}

/* The line of the screen with this text; -1: none. */
static int row_of(const char *text)
{
	const char *screen = fake_see(), *at = strstr(screen, text);
	int y = 0;

	for (const char *p = screen; at && p < at; p++)
		y += *p == '\n';
	if (!CHECK(at != NULL))
		printf("# not there: \"%s\"\n%s", text, screen);
	return at ? y : -1;
}

static const struct cell *cell_at(int y, int x)
{
	return &fake_canvas.cells[y * fake_canvas.width + x];
}

static bool is_bar(int y, int x)
{
	return cell_at(y, x)->ch == (fake_canvas.ascii ? '#' : 0x2588);
}

/* The bar of a file's row is at these columns, and nowhere else; in this style unless it is selected. */
static void has_bar(const char *file, int from, int to, enum style style)
{
	int y = row_of(file), wrong = 0;

	for (int x = 45; y >= 0 && x < fake_canvas.width; x++)
		wrong += is_bar(y, x) != (x >= from && x < to) || (is_bar(y, x) && cell_at(y, x)->style != style);
	if (!CHECK_INT(wrong, 0))
		printf("# of %s\n", file);
}

static void test_shows(void)
{
	open_page(FAKE_CERTS_ENDS);
	CHECK(fake_sees("19 certificates, 1 expired, 1 unreadable, 1 not valid yet"));
	CHECK(fake_sees("1 critical (< 7 d), 1 warning (< 30 d), 1 file differs, 1 host did not answer"));
	CHECK(fake_sees("cp1, control plane "));
	/* what can be read of it, what ends first */
	CHECK(row_of("unreadable etcd/peer.crt") < row_of("   -3 2026-02-27 apiserver-etcd-client.crt"));
	CHECK(row_of("apiserver-etcd-client.crt") < row_of("    5 2026-03-07 scheduler.conf"));
	fake_keys("/cp2\r");
	CHECK(fake_sees("cp2, control plane: not read: /etc/kubernetes/pki/huge.crt"));
	fake_keys("/cp3\r");
	CHECK(fake_sees("cp3, control plane: cannot connect to cp3 (10.0.0.13:22): no route to host"));
	CHECK(fake_sees("is the machine on? see its console"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("What to do: is the machine on?"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_END);
	CHECK(row_of("this machine") < row_of("front-proxy-ca.crt is not the same everywhere"));
	CHECK(row_of("cp3, control plane") < row_of("this machine"));
	CHECK(fake_sees("60303ae22b99  cp2"));
	fake_tear_down();
}

static void test_renews(void)
{
	open_page(FAKE_CERTS_ENDS);
	fake_keys("r");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_RENEW_PLAN], 1);
	CHECK_STR(fake.host, "");
	CHECK(fake_sees("a starts the renewal"));
	fake_keys("e");
	CHECK(fake_sees("kubewright certs renew -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("a");
	CHECK(fake_sees("restarts what reads them"));
	CHECK_INT(fake.begun[PURPOSE_RENEW], 0);
	fake_keys("rack7\r");
	CHECK_INT(fake.begun[PURPOSE_RENEW], 1);
	fake_wait_over();
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("the renewal is done"));
	/* what was seen before is not how it is any longer */
	fake_keys("c");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_CERTS], 2);
	fake_tear_down();
}

/* A look under way is ended for a plan. */
static void test_renews_amid(void)
{
	open_page(FAKE_CERTS_ENDS);
	fake_keys("vr");
	fake_wait_over();
	fake_turn();
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_CERTS], 2);
	CHECK_INT(fake.begun[PURPOSE_RENEW_PLAN], 1);
	fake_tear_down();
}

static void test_explains(void)
{
	open_page(FAKE_CERTS_ENDS);
	fake_keys("/scheduler\r");
	CHECK(fake_sees("Read by kube-scheduler* (* must restart)"));
	CHECK(fake_sees("It ends in 5 days, on 2026-03-07T12:00:00Z."));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("/etc/kubernetes/scheduler.conf on cp1"));
	CHECK(fake_sees("kube-scheduler, which must restart to take up a new one"));
	CHECK(fake_sees("None of them renews it."));
	CHECK(fake_sees("SHA-256      9f86d081884c"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("/apiserver.crt\r");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("Names        DNS kubernetes"));
	CHECK(fake_sees("             IP 10.0.0.100"));
	CHECK(fake_sees("takes up a new one without a restart"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("/client-current\r");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("kubelet also renews it by itself"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("/kubelet.conf\r");
	CHECK(fake_sees("nothing reads it any more"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("  nobody"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_HOME);
	fake_keys("/front-proxy-ca\r");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("certificate authority"));
	CHECK(fake_sees("9f86d081884c  cp1"));
	fake_tear_down();
}

/* Today stands in column 52, and a step is 4 columns. */
static void test_time_line(void)
{
	for (int ascii = 0; ascii < 2; ascii++) {
		open_page(FAKE_CERTS_ENDS);
		fake_canvas.ascii = ascii == 1;
		CHECK(fake_sees("now 7d  30d 90d 1y  3y  10y"));
		has_bar("etcd/peer.crt", 0, 0, STYLE_FAIL);
		has_bar("apiserver-etcd-client.crt", 50, 52, STYLE_FAIL);
		has_bar("scheduler.conf", 53, 53 + 3, STYLE_FAIL);
		has_bar("front-proxy-client.crt", 53, 53 + 6, STYLE_WARNING);
		has_bar("etcd/server.crt", 53 + 5, 53 + 16, STYLE_FAIL);
		has_bar("kubelet-client-current.pem", 53, 53 + 10, STYLE_OK);
		has_bar(" apiserver.crt", 53, 53 + 16, STYLE_OK);
		has_bar(" ca.crt", 53, 53 + 24, STYLE_OK);
		has_bar("kubelet.conf", 53, 53 + 15, STYLE_DIM);
		fake_tear_down();
	}
}

static void test_filter(void)
{
	open_page(FAKE_CERTS_ENDS);
	fake_keys("/front-proxy-client\r");
	CHECK(fake_sees("kubelet.conf"));
	fake_keys("f");
	CHECK(fake_sees("cp1: /etc/kubernetes/pki/front-proxy-client.crt"));
	CHECK(fake_sees("front-proxy-ca.crt, differs"));
	CHECK(fake_sees("cp3, control plane: cannot connect"));
	CHECK(!strstr(fake_see(), "kubelet.conf"));
	CHECK(fake_sees("File (f shows all)"));
	CHECK(!strstr(fake_see(), "w1, worker"));
	CHECK(!strstr(fake_see(), "this machine"));
	fake_keys("f");
	CHECK(fake_sees("cp1: /etc/kubernetes/pki/front-proxy-client.crt"));
	CHECK(fake_sees("kubelet.conf"));
	fake_tear_down();
	open_page(FAKE_CERTS_FINE);
	fake_keys("f");
	CHECK(fake_sees("Nothing needs attention: f shows all"));
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Certificates");
	fake_tear_down();
	open_page(FAKE_CERTS_EMPTY);
	CHECK(fake_sees("0 certificates"));
	CHECK(fake_sees("w2, worker: no certificates"));
	fake_tear_down();
}

static void test_keys(void)
{
	open_page(FAKE_CERTS_ENDS);
	fake_keys("/nowhere\r");
	CHECK(fake_sees("no file or host name contains this"));
	fake_keys("e");
	CHECK(fake_sees("kubewright certs -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("?");
	CHECK(fake_sees("with the time that each has left"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("jj");
	fake.certs = FAKE_CERTS_FINE;
	fake_keys("v");
	CHECK_INT(fake.begun[PURPOSE_CERTS], 2);
	/* what was seen stays meanwhile, and keys work */
	CHECK(fake_sees("looking"));
	CHECK(fake_sees("1 expired"));
	fake_keys("j");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("scheduler.conf on cp1"));
	app_key(fake_app, K_ESCAPE);
	fake_wait_over();
	CHECK(fake_sees("19 certificates "));
	CHECK(!strstr(fake_see(), "expired"));
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	fake_wait_over();
	fake_turn();
	fake_wait_over();
	CHECK(fake_sees("3 voters"));
	/* what was seen is not looked at again */
	fake_keys("c");
	CHECK_INT(fake.begun[PURPOSE_CERTS], 2);
	CHECK(fake_sees("19 certificates "));
	fake_tear_down();
}

/* A look that is stopped says so, changes nothing of what was seen, and is not begun again by itself. */
static void test_stops(void)
{
	open_page(FAKE_CERTS_ENDS);
	fake.certs = FAKE_CERTS_FINE;
	fake.endless = true;
	fake_keys("vs");
	CHECK(fake_sees("stopping"));
	fake_wait_over();
	CHECK(fake_sees("1 expired"));
	CHECK_INT(fake.begun[PURPOSE_CERTS], 2);
	fake.endless = false;
	fake_tear_down();
}

/* A secret that is not given is asked for once, and not again and again. */
static void test_secret(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake.secret_first = true;
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_certs());
	CHECK(fake_sees("Password of root"));
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Certificates");
	fake_turn();
	CHECK(fake_sees("Nothing was looked at yet: v looks"));
	app_key(fake_app, K_ENTER);
	fake_keys("f/x\rnv");
	CHECK(fake_sees("Password of root"));
	fake_keys("secret\r");
	fake_wait_over();
	CHECK(fake_sees("certificates"));
	CHECK_INT(fake.begun[PURPOSE_CERTS], 1);
	fake.secret_first = fake.secret_told = false;
	fake_tear_down();
}

/* Another inventory than was looked at: what is shown says so. */
static void test_edited(void)
{
	open_page(FAKE_CERTS_FINE);
	CHECK_INT(document_set(fake_wizard.document, "kubernetes.version", "1.35", NULL), 0);
	CHECK(fake_sees("out of date"));
	app_key(fake_app, K_ENTER);
	app_key(fake_app, K_ESCAPE);
	CHECK_INT(fake.begun[PURPOSE_CERTS], 2);
	fake_wait_over();
	CHECK(!strstr(fake_see(), "out of date"));
	fake_tear_down();
}

/* Nothing of a subject gets beyond its cells, whatever it is. */
static void test_hostile(void)
{
	char subject[321];

	memset(subject, 'x', sizeof(subject) - 1);
	memcpy(subject, "\x1b[2J\x1b]0;owned\x07\r\n\x9b", 17);
	subject[sizeof(subject) - 1] = '\0';
	for (int i = 0; i < 2; i++) {
		open_page(FAKE_CERTS_ENDS);
		fake_canvas.ascii = i == 1;
		port_certs_release(&fake_wizard.certs);
		fake_certs_fill(&fake_wizard.certs, FAKE_CERTS_ENDS, subject);
		app_changed(fake_app);
		fake_keys("jj");
		CHECK(fake_see() != NULL);
		/* the file ends before the time line, where it should */
		CHECK(cell_at(6, 21)->ch != ' ' && cell_at(6, 49)->ch == ' ' && cell_at(6, 52)->ch != 'x');
		for (int width = 80; width < 260; width += 9)
			for (int height = 24; height < 60; height += 4) {
				canvas_resize(&fake_canvas, width, height);
				app_key(fake_app, height % 3 ? K_DOWN : K_UP);
				CHECK(fake_see() != NULL);
			}
		canvas_resize(&fake_canvas, 80, 24);
		app_key(fake_app, K_ENTER);
		CHECK(fake_see() != NULL);
		fake_tear_down();
	}
	fake.hostile = fake.refuse_login = true;
	open_page(FAKE_CERTS_ENDS);
	for (int i = 0; i < 24; i++) {
		CHECK(fake_see() != NULL);
		app_key(fake_app, K_ENTER);
		CHECK(fake_see() != NULL);
		app_key(fake_app, K_ESCAPE);
		app_key(fake_app, K_DOWN);
	}
	fake.hostile = fake.refuse_login = false;
	fake_tear_down();
}

static const struct test tests[] = {
	{ "certificates: hosts, rows and sums", test_shows },
	{ "certificates: all of one to be read", test_explains },
	{ "certificates: the time line", test_time_line },
	{ "certificates: what needs attention alone", test_filter },
	{ "certificates: keys, and keys while it looks", test_keys },
	{ "certificates: a look that is stopped", test_stops },
	{ "certificates: a secret is asked for once", test_secret },
	{ "certificates: all are renewed, by a plan", test_renews },
	{ "certificates: a plan in the middle of a look", test_renews_amid },
	{ "certificates: an inventory that changed", test_edited },
	{ "certificates: every size, hostile texts", test_hostile },
};

TEST_MAIN_IN_FOLDER(tests)
