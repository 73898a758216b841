/* Preflight and Plan: what stands between an inventory and its installation. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "base/alloc.h"

/* ---- preflight ---------------------------------------------------------------------------------------------------------- */

static void test_preflight(void)
{
	struct str value = STR_INIT;

	fake.refuse_login = true;
	fake_set_up(fake_file, screen_preflight(), 80, 24, false);
	CHECK_INT(fake.begun[PURPOSE_CHECK], 1);
	CHECK(fake_sees("Looking at the hosts"));
	fake_wait_over();
	CHECK(fake_sees("5 hosts: 2 errors, 1 warning, 0 ignored"));
	CHECK(fake_sees("swap is on: /dev/sda2"));
	CHECK(fake_sees("the host refused the login of root"));
	CHECK(fake_sees("no findings"));
	app_key(fake_app, K_DOWN);
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("Why it matters"));
	CHECK(fake_sees("swapoff"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("x");
	CHECK(fake_sees("ignored"));
	CHECK_INT(document_get(fake_wizard.document, "preflight.ignore", &value), 1);
	CHECK_STR(value.buf, "swap-on");
	CHECK(fake_sees("1 error, 1 warning, 1 ignored"));
	fake_keys("x");
	str_clear(&value);
	CHECK_INT(document_get(fake_wizard.document, "preflight.ignore", &value), 0);
	CHECK(fake_sees("2 errors"));
	CHECK_INT(fake.begun[PURPOSE_CHECK], 1);
	str_release(&value);
	fake_tear_down();
}

static void test_preflight_keeps_exceptions(void)
{
	struct str value = STR_INIT, text = STR_INIT;

	str_addf(&text, "%spreflight:\n  ignore: [ports, SystemVerification]\n", fake_file);
	fake_set_up(text.buf, screen_preflight(), 80, 24, false);
	fake_wait_over();
	fake_keys("x");
	document_get(fake_wizard.document, "preflight.ignore", &value);
	CHECK_STR(value.buf, "ports,SystemVerification,swap-on");
	fake_keys("x");
	str_clear(&value);
	document_get(fake_wizard.document, "preflight.ignore", &value);
	CHECK_STR(value.buf, "ports,SystemVerification");
	str_release(&value);
	str_release(&text);
	fake_tear_down();
}

static void test_preflight_goes_on(void)
{
	struct screen *page = screen_preflight();

	fake_set_up(fake_file, page, 80, 24, false);
	fake_wait_over();
	app_key(fake_app, K_F10);
	CHECK(fake_sees("1 host has errors: cp1"));
	app_key(fake_app, K_ENTER);
	CHECK(app_top(fake_app) == page);
	fake_keys("f");
	CHECK(fake_sees("turns swap off"));
	app_key(fake_app, K_RIGHT);
	app_key(fake_app, K_ENTER);
	CHECK_INT(fake.begun[PURPOSE_REMEDY], 1);
	CHECK(!fake.wrong_remedy);
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_CHECK], 2);
	CHECK(fake_sees("0 errors, 1 warning"));
	app_key(fake_app, K_F10);
	CHECK_STR(app_top(fake_app)->ops->title, "Plan");
	fake_wait_over();
	app_key(fake_app, K_ESCAPE);
	/* nothing changed: nothing is asked again */
	CHECK_INT(fake.begun[PURPOSE_CHECK], 2);
	fake_tear_down();
}

/* What cannot begin says so once, and does not come back on its own. */
static void test_preflight_cannot_begin(void)
{
	struct screen *page = screen_preflight();

	fake_set_up("cluster: rack7\nkubernetes:\n  version: 1.36.2\nhosts: []\n", page, 80, 24, false);
	CHECK(app_top(fake_app) != page);
	app_key(fake_app, K_ESCAPE);
	CHECK(app_top(fake_app) == page);
	CHECK(fake_sees("c checks the hosts"));
	app_key(fake_app, K_ENTER);
	fake_keys("xf");
	CHECK(app_top(fake_app) == page);
	CHECK_INT(fake.begun[PURPOSE_CHECK], 0);
	fake_tear_down();
}

/* ---- plan --------------------------------------------------------------------------------------------------------------- */

static void test_plan(void)
{
	struct screen *page = screen_plan();

	fake.refuse_login = true;
	fake_set_up(fake_file, page, 80, 24, false);
	CHECK_INT(fake.begun[PURPOSE_PLAN], 1);
	CHECK(fake_sees("Nothing is changed"));
	fake_wait_over();
	CHECK(fake_sees("8 steps on 4 hosts"));
	CHECK(fake_sees("1 host is left out"));
	CHECK(fake_sees(code_words(EVIDENCE_SYSCTL, "2 sysctls are not as they should be")));
	CHECK(fake_sees("Kubernetes 1.36.2"));
	CHECK(!strstr(fake_see(), "unlock"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("+fs.inotify.max_user_watches = 524288"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_DOWN);
	CHECK(fake_sees("the host refused the login of root"));
	app_key(fake_app, K_UP);
	app_key(fake_app, K_TAB);
	app_key(fake_app, K_DOWN);
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("Installing packages"));
	CHECK(!strstr(fake_see(), "Preparing the system"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("a");
	CHECK(fake_sees("rack7"));
	fake_keys("rack\r");
	CHECK_INT(fake.begun[PURPOSE_APPLY], 0);
	fake_keys("7\r");
	CHECK_INT(fake.begun[PURPOSE_APPLY], 1);
	CHECK(app_top(fake_app) != page);
	fake_wait_over();
	fake_tear_down();
}

static void test_plan_nothing(void)
{
	fake.nothing_to_do = true;
	fake_set_up(fake_file, screen_plan(), 80, 24, false);
	fake_wait_over();
	CHECK(fake_sees("Nothing to do"));
	fake_keys("a");
	CHECK(fake_sees("nothing to do"));
	CHECK_INT(fake.begun[PURPOSE_APPLY], 0);
	fake_tear_down();
}

/* The secret is typed first; the installation is shown when it began, and not before. */
static void test_plan_secret(void)
{
	struct screen *page = screen_plan();

	fake_set_up(fake_file, page, 80, 24, false);
	fake_wait_over();
	fake.secret_first = true;
	fake_keys("arack7\r");
	CHECK_INT(fake.begun[PURPOSE_APPLY], 0);
	CHECK(fake_sees("Password of root"));
	fake_keys("hunter2\r");
	CHECK(!strstr(fake_see(), "hunter2"));
	wizard_dispatch(&fake_wizard);
	CHECK_INT(fake.begun[PURPOSE_APPLY], 1);
	CHECK(app_top(fake_app) != page);
	fake_wait_over();
	fake_tear_down();
	/* also one that is over as soon as it began */
	page = screen_plan();
	memset(&fake, 0, sizeof(fake));
	fake_set_up(fake_file, page, 80, 24, false);
	fake_wait_over();
	fake.secret_first = fake.at_once = true;
	fake_keys("arack7\r");
	fake_keys("hunter2\r");
	wizard_dispatch(&fake_wizard);
	CHECK_INT(fake.begun[PURPOSE_APPLY], 1);
	CHECK(app_top(fake_app) != page);
	fake_wait_over();
	fake_tear_down();
}

/* Two pages asked for it, one dialog lies on the other: the second answer must not begin a run over the one that the first began. */
static void test_secret_twice(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_set_up(fake_file, screen_hosts(), 80, 24, false);
	fake.secret_first = true;
	CHECK(wizard_begin(&fake_wizard, PURPOSE_CHECK, NULL, NULL));
	CHECK(wizard_begin(&fake_wizard, PURPOSE_CHECK, NULL, NULL));
	fake_keys("hunter2\r");
	wizard_dispatch(&fake_wizard);
	CHECK_INT(fake.begun[PURPOSE_CHECK], 1);
	CHECK(fake_sees("Password of root"));
	fake_keys("hunter2\r");
	wizard_dispatch(&fake_wizard);
	CHECK_INT(fake.begun[PURPOSE_CHECK], 1);
	fake_wait_over();
	fake_tear_down();
}

static const struct test tests[] = {
	{ "preflight: findings, explanations, exceptions", test_preflight },
	{ "preflight: other exceptions stay", test_preflight_keeps_exceptions },
	{ "preflight: remedy, and continuing", test_preflight_goes_on },
	{ "preflight: a check that cannot begin", test_preflight_cannot_begin },
	{ "plan: steps, details, confirmation", test_plan },
	{ "plan: nothing to do", test_plan_nothing },
	{ "plan: a secret is typed first", test_plan_secret },
	{ "a secret that two pages asked for begins one run", test_secret_twice },
};
TEST_MAIN_IN_FOLDER(tests)
