/* The page of requests for certificates, by keys and by what is on the canvas, over a port whose requests are canned. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "base/json.h"
#include "cli/wizard.h"
#include "inventory/inventory.h"
#include "tui/certs.h"

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

/* By the page of certificates, whose own look is still under way. */
static void open_page(enum fake_requests which)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake.requests = which;
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_certs());
	fake_keys("w");
	CHECK_STR(title(), "Requests");
	fake_wait_over();
	fake_turn();
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_REQUESTS], 1);
}

static void test_shows(void)
{
	open_page(FAKE_REQUESTS_ALL);
	CHECK(fake_sees("4 requests: 2 may be signed, 1 refused, 1 left alone"));
	CHECK(fake_sees("csr-4kd2x"));
	CHECK(fake_sees("from: system:node:w1"));
	CHECK(fake_sees("names: DNS w1, IP 10.0.0.21"));
	fake_keys("jj");
	CHECK(fake_sees("'system:node:w2' asks for the certificate of w1"));
	/* what may not be signed cannot be marked */
	fake_keys(" ");
	CHECK(!strstr(fake_see(), "[x]"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("csr-evil1: refused"));
	CHECK(fake_sees("'kubectl certificate deny csr-evil1'"));
	CHECK(fake_sees("Age          2 h"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("j");
	CHECK(fake_sees("its signer is not one that kubewright signs for"));
	fake_keys("e");
	CHECK(fake_sees("kubewright certs sign -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("?");
	CHECK(fake_sees("Nothing is signed before you have"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Certificates");
	fake_tear_down();
	open_page(FAKE_REQUESTS_NONE);
	CHECK(fake_sees("Nobody waits for a certificate"));
	app_key(fake_app, K_ENTER);
	fake_keys(" a");
	CHECK(fake_sees("there is nothing to sign"));
	CHECK_STR(title(), "Requests");
	fake_tear_down();
	open_page(FAKE_REQUESTS_SILENT);
	CHECK(fake_sees("no API server answers"));
	CHECK(fake_sees("see 'kubewright status'"));
	fake_tear_down();
}

/* What was agreed to, and nothing else, is planned; the same is then signed. */
static void test_signs(void)
{
	open_page(FAKE_REQUESTS_ALL);
	fake_keys("a");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_SIGN_PLAN], 1);
	CHECK_STR(fake.what, "u-1 u-2 ");
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Requests");
	fake_keys("j ");
	CHECK(fake_sees("[x] csr-8fj3c"));
	/* the plan of before is not of this */
	fake_keys("a");
	CHECK(fake_sees("Making the plan"));
	CHECK(!strstr(fake_see(), "What would be done on"));
	fake_wait_over();
	CHECK_STR(fake.what, "u-2 ");
	CHECK(fake_sees("a starts the signing"));
	fake_keys("a");
	CHECK(fake_sees("only if it is still the one that was shown"));
	CHECK_INT(fake.begun[PURPOSE_SIGN], 0);
	fake.what[0] = '\0';
	fake_keys("rack7\r");
	CHECK_INT(fake.begun[PURPOSE_SIGN], 1);
	CHECK_STR(fake.what, "u-2 ");
	fake_wait_over();
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("the signing is done"));
	fake_tear_down();
}

/* Marks are of one look: the line may be another request after the next one. */
static void test_looks_again(void)
{
	open_page(FAKE_REQUESTS_ALL);
	fake_keys(" v");
	CHECK(!strstr(fake_see(), "[x]"));
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_REQUESTS], 2);
	/* what was marked meanwhile is of the look before */
	fake_keys("v ");
	CHECK(fake_sees("[x]"));
	fake_wait_over();
	CHECK(!strstr(fake_see(), "[x]"));
	CHECK_INT(fake.begun[PURPOSE_REQUESTS], 3);
	fake.endless = true;
	fake_keys("vs");
	CHECK(fake_sees("stopping"));
	fake.endless = false;
	fake_wait_over();
	CHECK(fake_sees("4 requests"));
	/* of another inventory nothing is signed before it was looked at */
	CHECK_INT(document_set(fake_wizard.document, "kubernetes.version", "1.35", NULL), 0);
	CHECK(fake_sees("out of date"));
	fake_keys("a");
	CHECK_STR(title(), "Requests");
	CHECK(fake_sees("v looks"));
	/* nor what was marked before it looks again by itself */
	fake_keys(" ");
	CHECK(fake_sees("[x]"));
	app_changed(fake_app);
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_REQUESTS], 5);
	CHECK(!strstr(fake_see(), "[x]") && !strstr(fake_see(), "out of date"));
	fake_tear_down();
}

static void test_secret(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake.secret_first = true;
	fake.requests = FAKE_REQUESTS_ALL;
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_requests());
	CHECK(fake_sees("Password of root"));
	app_key(fake_app, K_ESCAPE);
	fake_turn();
	CHECK(fake_sees("Nothing was looked at yet: v looks"));
	fake_keys("a");
	CHECK_STR(title(), "Requests");
	fake_keys("v");
	fake_keys("secret\r");
	fake_wait_over();
	CHECK(fake_sees("4 requests"));
	CHECK_INT(fake.begun[PURPOSE_REQUESTS], 1);
	fake.secret_first = fake.secret_told = false;
	fake_tear_down();
}

static void test_hostile(void)
{
	fake.hostile = true;
	for (int i = 0; i < 4; i++) {
		open_page(i < 2 ? FAKE_REQUESTS_ALL : FAKE_REQUESTS_SILENT);
		fake_canvas.ascii = i % 2 == 1;
		for (int width = 1; width < 260; width += 9)
			for (int height = 1; height < 60; height += 4) {
				canvas_resize(&fake_canvas, width, height);
				app_key(fake_app, height % 3 ? K_DOWN : K_UP);
				CHECK(fake_see() != NULL);
			}
		canvas_resize(&fake_canvas, 80, 24);
		app_key(fake_app, K_ENTER);
		CHECK(fake_see() != NULL);
		fake_tear_down();
	}
	fake.hostile = false;
}

/* What a look has seen, for the page: bounded, printable, with its verdict. */
static void test_filled(void)
{
	struct inventory *inv;
	struct request list[2] = { { .name = "csr-1",
		.uid = "u-1",
		.signer = "s",
		.requester = "a\x1b[2Jb\nc",
		.usages = "server auth",
		.asked = { .cn = "system:node:w1" },
		.verdict = REQUEST_REFUSED,
		.why = "no",
		.age_s = 7 } };
	struct port_requests out;
	struct cli_run run = { 0 };
	static char many[5000];

	memset(many, 'x', sizeof(many) - 1);
	list[1] = list[0];
	list[1].requester = many;
	fake_write("kubewright.yaml", fake_file);
	run.inventory = inv = inventory_load("kubewright.yaml", NULL, 0, NULL, NULL);
	run.world.seen.requests = (struct requests){ .pages = json_array(), .list = list, .count = 2, .more = 3 };
	cli_wizard_requests(&run, &out);
	CHECK(out.asked && out.count == 2 && out.more == 3);
	CHECK_STR(out.list[0].uid, "u-1");
	CHECK(out.list[0].verdict == REQUEST_REFUSED && out.list[0].age_s == 7);
	CHECK_STR(out.list[0].why, "no");
	CHECK_STR(out.list[0].subject, "system:node:w1");
	CHECK(!strchr(out.list[0].requester, '\x1b') && !strchr(out.list[0].requester, '\n'));
	CHECK_INT(strlen(out.list[1].requester), 2000);
	port_requests_release(&out);
	json_free(run.world.seen.requests.pages);
	inventory_free(inv);
}

static const struct test tests[] = {
	{ "requests: who asks for what, and why not", test_shows },
	{ "requests: what was agreed to is signed, by a plan", test_signs },
	{ "requests: looks again", test_looks_again },
	{ "requests: a secret is asked for once", test_secret },
	{ "requests: every size, hostile texts", test_hostile },
	{ "requests: of a look", test_filled },
};

TEST_MAIN_IN_FOLDER(tests)
