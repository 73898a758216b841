/* The Dashboard, by keys and by what is on the canvas, over a port whose cluster is canned. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "tui/dashboard.h"

static const char *title(void)
{
	return app_top(fake_app)->ops->title;
}

static int64_t tick(int64_t after_ms)
{
	struct screen *s = app_top(fake_app);

	return s->ops->tick(s, fake_wizard.cluster_ms + after_ms);
}

/* On the Dashboard, after the first look. */
static void open_dashboard(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_dashboard());
	CHECK_INT(fake.begun[PURPOSE_LOOK], 1);
	CHECK(fake_sees("Looking at the cluster"));
	fake_wait_over();
}

static void test_shows(void)
{
	fake.broken = true;
	open_dashboard();
	CHECK(fake_sees("3 voters, 2 up; quorum 2, tolerates 0 lost"));
	CHECK(fake_sees("1 error, 0 warnings; r repairs it"));
	CHECK(fake_sees("NotReady       inactive 3/4  does not answer 364 d 1"));
	CHECK(fake_sees("No problems found here"));
	fake_keys("/cp3\r");
	CHECK(fake_sees("cp3: what is wrong"));
	CHECK(fake_sees("error kubelet-down: kubelet.service is inactive"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("system Pods   3/4"));
	CHECK(fake_sees("Why it matters"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("e");
	CHECK(fake_sees("kubewright status -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("?");
	CHECK(fake_sees("It is refreshed automatically"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("l");
	CHECK_STR(title(), "Past runs");
	app_key(fake_app, K_ESCAPE);
	fake_keys("h");
	CHECK_STR(title(), "Hosts");
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Start");
	CHECK_INT(fake.begun[PURPOSE_LOOK], 1);
	fake_tear_down();
}

/* How a host is comes beside its words, which may be any. */
static void test_words(void)
{
	struct port_node n = { .name = "cp1", .node = "1", .kubelet = "2", .etcd = "3", .probed = true, .days = 9 };
	struct str well = STR_INIT, ill = STR_INIT;

	n.ready = n.kubelet_runs = n.etcd_well = true;
	dashboard_explain(&n, &well);
	CHECK(strstr(well.buf, "No problems found here") != NULL);
	n.etcd_well = false;
	dashboard_explain(&n, &ill);
	CHECK(strstr(ill.buf, "No problems found here") == NULL);
	str_release(&well);
	str_release(&ill);
}

/* By itself when nothing is under way and nothing stands over it, and by a key. */
static void test_looks_again(void)
{
	open_dashboard();
	CHECK(tick(9000) > 0);
	CHECK(fake_sees("9 s ago"));
	CHECK_INT(fake.begun[PURPOSE_LOOK], 1);
	tick(10000);
	CHECK_INT(fake.begun[PURPOSE_LOOK], 2);
	tick(20000);
	CHECK_INT(fake.begun[PURPOSE_LOOK], 2);
	fake_wait_over();
	fake_keys("/");
	tick(20000);
	CHECK_INT(fake.begun[PURPOSE_LOOK], 2);
	app_key(fake_app, K_ESCAPE);
	fake_keys("v");
	CHECK_INT(fake.begun[PURPOSE_LOOK], 3);
	fake_wait_over();
	/* what the operator would be asked for comes when it is asked for */
	fake.refuse_login = true;
	fake_keys("v");
	fake_wait_over();
	CHECK(fake_sees("the host refused the login"));
	tick(60000);
	CHECK_INT(fake.begun[PURPOSE_LOOK], 4);
	fake.refuse_login = false;
	fake_tear_down();
}

/* A secret that is not given is asked for once, and not again and again. */
static void test_secret(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake.secret_first = true;
	fake_set_up(fake_file, screen_start(), 80, 24, false);
	app_push(fake_app, screen_dashboard());
	CHECK(fake_sees("Password of root"));
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	tick(60000);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("v looks"));
	fake_keys("v");
	CHECK(fake_sees("Password of root"));
	fake_keys("secret\r");
	fake_wait_over();
	CHECK(fake_sees("3 voters"));
	CHECK_INT(fake.begun[PURPOSE_LOOK], 1);
	fake.secret_first = fake.secret_told = false;
	fake_tear_down();
}

static void test_repair(void)
{
	fake.broken = true;
	open_dashboard();
	fake_keys("r");
	CHECK_STR(title(), "Plan");
	CHECK_INT(fake.begun[PURPOSE_REPAIR_PLAN], 1);
	fake_wait_over();
	CHECK(fake_sees("10 steps on 5 hosts. a starts the repair"));
	fake_keys("e");
	CHECK(fake_sees("kubewright repair --check -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("a");
	CHECK(fake_sees("Start the repair"));
	fake_keys("rack\r");
	CHECK_INT(fake.begun[PURPOSE_REPAIR], 0);
	fake_keys("7\r");
	CHECK_INT(fake.begun[PURPOSE_REPAIR], 1);
	CHECK_STR(fake.host, "");
	CHECK_STR(title(), "Run");
	fake_wait_over();
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("the repair is done"));
	CHECK_INT(fake.begun[PURPOSE_LOOK], 2);
	fake_wait_over();
	CHECK(fake_sees("3 voters; quorum 2, tolerates 1 lost"));
	CHECK_INT(fake.begun[PURPOSE_APPLY], 0);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Start");
	fake_tear_down();
}

static void test_rejoin(void)
{
	fake.broken = true;
	open_dashboard();
	/* a look under way is not a hindrance */
	fake_keys("vJ");
	CHECK_STR(title(), "Plan");
	fake_wait_over();
	fake_turn();
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_REJOIN_PLAN], 1);
	CHECK_STR(fake.host, "cp1");
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("cp3"));
	fake_keys("jjJ");
	fake_wait_over();
	CHECK_STR(fake.host, "cp3");
	CHECK(fake_sees("a starts the rejoin"));
	fake_keys("a");
	CHECK(fake_sees("Start the rejoin of cp3"));
	CHECK(fake_sees("data there is deleted"));
	fake_keys("rack7\r");
	CHECK_INT(fake.begun[PURPOSE_REJOIN], 1);
	CHECK_STR(fake.host, "cp3");
	fake_keys("w");
	CHECK(fake_sees("kubewright rejoin cp3 -f "));
	app_key(fake_app, K_ESCAPE);
	fake_wait_over();
	fake_keys("q");
	CHECK_STR(title(), "Dashboard");
	fake_wait_over();
	CHECK(!fake.broken);
	CHECK(fake_sees("tolerates 1 lost"));
	fake_tear_down();
}

/* What left the cluster leaves the inventory, and the Dashboard. */
static void test_remove(void)
{
	open_dashboard();
	fake_keys("/w2\rx");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_REMOVE_PLAN], 1);
	CHECK_STR(fake.host, "w2");
	CHECK(fake_sees("a starts the removal of w2"));
	fake_keys("e");
	CHECK(fake_sees("kubewright remove w2 -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("a");
	CHECK(fake_sees("Start the removal of w2"));
	CHECK(fake_sees("the cluster for good"));
	fake_keys("rack7\r");
	CHECK_INT(fake.begun[PURPOSE_REMOVE], 1);
	fake_wait_over();
	CHECK(!strstr(document_text(fake_wizard.document), "name: w2"));
	CHECK(strstr(document_text(fake_wizard.document), "# ours\n") && !document_changed(fake_wizard.document));
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("the removal is done"));
	fake_wait_over();
	CHECK(fake_sees("w1") && !strstr(fake_see(), "w2"));
	fake_tear_down();
}

static void test_reboot(void)
{
	open_dashboard();
	fake_keys("/w2\rb");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_REBOOT_PLAN], 1);
	CHECK_STR(fake.host, "w2");
	CHECK(fake_sees("a starts the reboot of w2"));
	fake_keys("e");
	CHECK(fake_sees("kubewright reboot w2 -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("a");
	CHECK(fake_sees("Start the reboot of w2"));
	CHECK(fake_sees("restarts, and pods are let onto it"));
	fake_keys("rack7\r");
	CHECK_INT(fake.begun[PURPOSE_REBOOT], 1);
	fake_wait_over();
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("the reboot is done"));
	fake_tear_down();
}

static void test_upgrade(void)
{
	open_dashboard();
	fake_keys("u");
	fake_wait_over();
	CHECK_INT(fake.begun[PURPOSE_UPGRADE_PLAN], 1);
	CHECK_STR(fake.host, "");
	CHECK(fake_sees("a starts the upgrade"));
	fake_keys("e");
	CHECK(fake_sees("kubewright upgrade --check -f "));
	app_key(fake_app, K_ESCAPE);
	fake_keys("a");
	CHECK(fake_sees("A snapshot of etcd is taken"));
	fake_keys("rack\r");
	CHECK_INT(fake.begun[PURPOSE_UPGRADE], 0);
	fake_keys("7\r");
	CHECK_INT(fake.begun[PURPOSE_UPGRADE], 1);
	fake_wait_over();
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("the upgrade is done"));
	fake_tear_down();
}

static void test_barred(void)
{
	fake.barred = true;
	open_dashboard();
	fake_keys("u");
	fake_wait_over();
	CHECK(fake_sees("1 error is in the way of the upgrade: etcd-alarm: a shows why"));
	fake_keys("a");
	CHECK(fake_sees("This is not started"));
	CHECK(fake_sees("a member has no space left"));
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Plan");
	CHECK_INT(fake.begun[PURPOSE_UPGRADE], 0);
	fake_tear_down();
}

/* A look under way is ended for it; nothing is planned, for no host is changed. */
static void test_snapshot(void)
{
	open_dashboard();
	fake_keys("vs");
	fake_wait_over();
	fake_turn();
	CHECK_INT(fake.begun[PURPOSE_SNAPSHOT], 1);
	CHECK_STR(title(), "Run");
	fake_keys("w");
	CHECK(fake_sees("kubewright etcd snapshot -f "));
	app_key(fake_app, K_ESCAPE);
	fake_wait_over();
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Dashboard");
	CHECK(fake_sees("saved in /state/rack7/snapshots/20261126T120000.db"));
	fake_wait_over();
	CHECK(fake_sees("3 voters"));
	fake_tear_down();
}

/* A plan of one thing is none of another. */
static void test_plans_apart(void)
{
	open_dashboard();
	fake_keys("r");
	fake_wait_over();
	app_key(fake_app, K_ESCAPE);
	app_push(fake_app, screen_plan());
	CHECK_INT(fake.begun[PURPOSE_PLAN], 1);
	fake_wait_over();
	CHECK(fake_sees("a starts the installation"));
	app_key(fake_app, K_ESCAPE);
	fake_keys("r");
	CHECK_INT(fake.begun[PURPOSE_REPAIR_PLAN], 2);
	fake_wait_over();
	fake_tear_down();
}

static void test_ways(void)
{
	memset(fake.begun, 0, sizeof(fake.begun));
	fake_write("kubewright.yaml", fake_file);
	fake.stands = true;
	fake_set_up(NULL, screen_start(), 80, 24, false);
	app_key(fake_app, K_ENTER);
	CHECK_STR(title(), "Dashboard");
	fake_wait_over();
	fake_keys("h");
	CHECK_STR(title(), "Hosts");
	/* what was seen is not looked at again */
	fake_keys("b");
	CHECK_STR(title(), "Dashboard");
	CHECK_INT(fake.begun[PURPOSE_LOOK], 1);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Start");
	/* an inventory that is not right begins with its hosts */
	fake_write("kubewright.yaml", "cluster: rack7\nhosts: []\nnonsense: 1\n");
	app_key(fake_app, K_ENTER);
	app_key(fake_app, K_ESCAPE);
	CHECK_STR(title(), "Hosts");
	fake.stands = false;
	fake_tear_down();
}

/* Another inventory than was looked at: what is shown says so until it was looked at again. */
static void test_edited(void)
{
	open_dashboard();
	CHECK_INT(document_set(fake_wizard.document, "kubernetes.version", "1.35", NULL), 0);
	CHECK(fake_sees("out of date"));
	fake_keys("h");
	app_key(fake_app, K_ESCAPE);
	CHECK_INT(fake.begun[PURPOSE_LOOK], 2);
	fake_wait_over();
	CHECK(!strstr(fake_see(), "out of date"));
	fake_tear_down();
}

static void test_small_and_hostile(void)
{
	fake.broken = fake.hostile = fake.refuse_login = true;
	for (int i = 0; i < 2; i++) {
		fake_set_up(fake_file, screen_start(), 80, 24, i == 1);
		app_push(fake_app, screen_dashboard());
		fake_wait_over();
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
	fake.broken = fake.hostile = fake.refuse_login = false;
}

static const struct test tests[] = {
	{ "dashboard: hosts, findings, and ways out", test_shows },
	{ "dashboard: whether a host is well is not read out of words", test_words },
	{ "dashboard: looks again by itself, but not out of the blue", test_looks_again },
	{ "dashboard: a secret is asked for once", test_secret },
	{ "dashboard: repair", test_repair },
	{ "dashboard: rejoin of the selected host", test_rejoin },
	{ "dashboard: removal of the selected host", test_remove },
	{ "dashboard: a reboot of the selected host", test_reboot },
	{ "dashboard: an upgrade", test_upgrade },
	{ "dashboard: an upgrade that something forbids", test_barred },
	{ "dashboard: a snapshot of etcd", test_snapshot },
	{ "dashboard: plans are kept apart", test_plans_apart },
	{ "dashboard: how one gets there", test_ways },
	{ "dashboard: an inventory that changed", test_edited },
	{ "dashboard: every size, hostile hosts", test_small_and_hostile },
};

TEST_MAIN_IN_FOLDER(tests)
