/* The pages of the wizard, by keys and by what is on the canvas, over a port whose hosts and findings are canned. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include "base/alloc.h"
#include "base/file.h"

#include <sys/stat.h>

/* Until a question about host keys is open. */
static void wait_question(void)
{
	while (fake_wizard.run && !page_key_questions(&fake_wizard))
		fake_turn();
}

/* ---- start -------------------------------------------------------------------------------------------------------------- */

static void test_start_lists(void)
{
	fake_write("kubewright.yaml", fake_file);
	fake_write("other.yaml", "cluster: blue\nkubernetes:\n  version: 1.36\nhosts: []\n");
	fake_write("broken.yaml", "- no\n- mapping\n");
	fake.recent = "other.yaml\nkubewright.yaml\nbroken.yaml\ngone.yaml\n";
	fake_set_up(NULL, screen_start(), 80, 24, false);
	CHECK(fake_sees("rack7"));
	CHECK(fake_sees("blue"));
	CHECK(fake_sees("no run yet"));
	CHECK(fake_sees("apply ended on 2023-07"));
	CHECK(fake_sees("cannot be read"));
	CHECK(fake_sees("New cluster in this folder"));
	CHECK(!strstr(fake_see(), "gone.yaml"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("cp1"));
	CHECK(fake_wizard.document != NULL);
	app_key(fake_app, K_ESCAPE);
	CHECK(fake_sees("New cluster in this folder"));
	app_key(fake_app, K_ESCAPE);
	CHECK(app_over(fake_app));
	fake_tear_down();
}

static void test_start_new(void)
{
	struct stat st;

	unlink("kubewright.yaml");
	fake.recent = NULL;
	fake_set_up(NULL, screen_start(), 80, 24, false);
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("The cluster's name"));
	fake_keys("\x15"
		  "Rack_8");
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("lower-case letters"));
	CHECK(fake_wizard.document == NULL);
	fake_keys("\x15"
		  "rack8");
	app_key(fake_app, K_ENTER);
	CHECK(fake_wizard.document != NULL);
	CHECK(fake_sees("No hosts yet"));
	CHECK(stat("kubewright.yaml", &st) != 0);
	app_key(fake_app, K_ESCAPE);
	CHECK(stat("kubewright.yaml", &st) == 0);
	CHECK(fake_sees("rack8"));
	fake_tear_down();
}

static void test_start_cut_off(void)
{
	fake_write("kubewright.yaml", fake_file);
	fake.dead = true;
	fake_set_up(NULL, screen_start(), 80, 24, false);
	CHECK(fake_sees("continues where it stopped"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("look at it first"));
	app_key(fake_app, K_ESCAPE);
	CHECK_INT(fake.begun[PURPOSE_APPLY], 0);
	app_key(fake_app, K_ENTER);
	app_key(fake_app, K_RIGHT);
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("10.0.0.11"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_ENTER);
	app_key(fake_app, K_RIGHT);
	app_key(fake_app, K_RIGHT);
	app_key(fake_app, K_ENTER);
	CHECK_INT(fake.begun[PURPOSE_APPLY], 1);
	CHECK(strcmp(app_top(fake_app)->ops->title, "Start") != 0);
	fake_wait_over();
	fake_tear_down();
}

static void test_start_runs(void)
{
	fake_write("kubewright.yaml", fake_file);
	fake_set_up(NULL, screen_start(), 80, 24, false);
	fake_keys("r");
	CHECK(fake_sees("Runs of rack7"));
	CHECK(fake_sees("apply"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("cannot be shown"));
	app_key(fake_app, K_ENTER);
	app_key(fake_app, K_ESCAPE);
	CHECK(fake_sees("New cluster"));
	fake_tear_down();
}

/* ---- hosts -------------------------------------------------------------------------------------------------------------- */

static void test_hosts_edit(void)
{
	struct str role = STR_INIT;

	fake_set_up(
		"# ours\ncluster: rack7\nkubernetes:\n  version: 1.36.2\nhosts: []\n", screen_hosts(), 80, 24, false);
	CHECK(fake_sees("No hosts yet"));
	CHECK(fake_sees("0 control planes, 0 workers; 0 of 0 looked at"));
	fake_keys("t\r");
	fake_keys("v");
	CHECK(fake_sees("no host to log in to"));
	fake_keys("acp1=10.0.0.11\r");
	CHECK(fake_sees("1 control plane, 0 workers"));
	fake_keys("acp1=10.0.0.12\r");
	CHECK_INT(document_host_count(fake_wizard.document), 1);
	app_key(fake_app, K_ESCAPE);
	fake_keys("mcp[2-3]=10.0.0.[12-13] w[1-2]=10.0.0.[21-22]\r");
	CHECK(fake_sees("3 control planes, 2 workers; 0 of 5 looked at"));
	CHECK(fake_sees("10.0.0.22"));
	app_key(fake_app, K_END);
	fake_keys("t");
	CHECK_INT(document_get(fake_wizard.document, "hosts.w2.role", &role), 1);
	CHECK_STR(role.buf, "control-plane");
	fake_keys("d");
	CHECK(fake_sees("Remove w2"));
	app_key(fake_app, K_ENTER);
	CHECK_INT(document_host_count(fake_wizard.document), 5);
	fake_keys("d");
	app_key(fake_app, K_RIGHT);
	app_key(fake_app, K_ENTER);
	CHECK_INT(document_host_count(fake_wizard.document), 4);
	CHECK(strstr(document_text(fake_wizard.document), "# ours") != NULL);
	fake_keys("/p3\r");
	fake_keys("d");
	CHECK(fake_sees("Remove cp3"));
	str_release(&role);
	fake_tear_down();
}

static void test_hosts_without_names(void)
{
	fake_set_up("cluster: rack7\nkubernetes:\n  version: 1.36.2\nhosts: []\n", screen_hosts(), 80, 24, false);
	fake_keys("m10.0.0.[11-15]\r");
	CHECK(fake_sees("3 control planes, 2 workers"));
	CHECK(strstr(document_text(fake_wizard.document), "name: cp3") != NULL);
	CHECK(strstr(document_text(fake_wizard.document), "name: w2") != NULL);
	fake_keys("m10.0.0.16, 10.0.0.16\r");
	app_key(fake_app, K_ESCAPE);
	CHECK_INT(document_host_count(fake_wizard.document), 5);
	fake_keys("e");
	CHECK(fake_sees("kubewright check -f"));
	fake_tear_down();
}

static void test_hosts_look(void)
{
	fake.refuse_login = true;
	fake_set_up(fake_file, screen_hosts(), 80, 24, false);
	CHECK(fake_sees("not looked at yet"));
	fake_keys("v");
	CHECK_INT(fake.begun[PURPOSE_CHECK], 1);
	fake_wait_over();
	CHECK(fake_sees("looked at"));
	CHECK(fake_sees("4 of 5 looked at"));
	CHECK(fake_sees("8 x H200"));
	app_key(fake_app, K_DOWN);
	CHECK(fake_sees("the host refused the login of root"));
	CHECK(fake_sees("name another user with ssh.user"));
	canvas_resize(&fake_canvas, 200, 50);
	CHECK(fake_sees("64 x EPYC 9354"));
	CHECK(fake_sees("bare metal"));
	CHECK(fake_sees("Memory"));
	fake_tear_down();
}

static void test_hosts_keys(void)
{
	struct screen *hosts = screen_hosts();

	fake.ask_keys = true;
	fake_set_up(fake_file, hosts, 80, 24, false);
	fake_keys("v");
	wait_question();
	CHECK(app_top(fake_app) != hosts);
	CHECK(fake_sees("SHA256:abc"));
	/* left without an answer they are shown again on demand */
	app_pop_to(fake_app, hosts);
	CHECK(fake_sees("waits for your answer"));
	app_changed(fake_app);
	CHECK(app_top(fake_app) == hosts);
	fake_keys("v");
	CHECK(app_top(fake_app) != hosts);
	app_pop_to(fake_app, hosts);
	/* both steps of the host ask; the second may or may not have asked when the first is answered */
	while (fake_wizard.run) {
		if (page_key_questions(&fake_wizard))
			wizard_answer(&fake_wizard, fake_wizard.view.questions[0].seq, 1);
		fake_turn();
	}
	fake.ask_keys = false;
	CHECK(fake_sees("5 of 5 looked at"));
	fake_tear_down();
}

static void test_hosts_import(void)
{
	struct str value = STR_INIT;
	char *path;

	fake_set_up(fake_file, screen_hosts(), 80, 24, false);
	CHECK_INT(file_mkdirs(".ssh", 0700, NULL), 0);
	fake_write(".ssh/config",
		"Host *\n  User ops\nHost cp1\n  HostName 10.0.0.11\nHost gpu1\n  HostName 10.0.0.31\n  Port 2222\n  User root\n"
		"Host named\n  HostName named.example.com\n");
	path = xasprintf("%s/.ssh/config", test_folder);
	app_push(fake_app, screen_hosts_import(path));
	free(path);
	CHECK(fake_sees("is already in the inventory"));
	CHECK(fake_sees("has no IPv4 address there"));
	app_key(fake_app, K_ENTER);
	CHECK(fake_sees("nothing is marked"));
	fake_keys("a");
	app_key(fake_app, K_ENTER);
	CHECK_INT(document_host_count(fake_wizard.document), 6);
	CHECK_INT(document_get(fake_wizard.document, "hosts.gpu1.ssh.port", &value), 1);
	CHECK_STR(value.buf, "2222");
	CHECK(fake_sees("gpu1"));
	app_push(fake_app, screen_hosts_import("/nowhere/config"));
	CHECK(fake_sees("/nowhere/config"));
	str_release(&value);
	fake_tear_down();
}

/* ---- cluster ------------------------------------------------------------------------------------------------------------ */

static void test_cluster(void)
{
	fake_set_up(fake_file, screen_cluster(), 80, 24, false);
	CHECK(fake_sees("Kubernetes version"));
	CHECK(fake_sees("Nothing is wrong here"));
	CHECK_INT(document_set(fake_wizard.document, "endpoint.vip", "10.0.0.11", NULL), 0);
	app_key(fake_app, K_DOWN);
	CHECK(!strstr(fake_see(), "Nothing is wrong here"));
	app_key(fake_app, K_F3);
	CHECK(fake_sees("10.0.0.11"));
	app_key(fake_app, K_ESCAPE);
	app_key(fake_app, K_ESCAPE);
	CHECK(app_over(fake_app));
	CHECK(!document_changed(fake_wizard.document));
	fake_tear_down();
}

static void test_cluster_hosts_elsewhere(void)
{
	fake_set_up(
		"cluster: rack7\nkubernetes:\n  version: 1.36.2\nhosts:\n  - {name: cp1, address: 10.0.0.11, role: king}\n",
		screen_cluster(), 80, 24, false);
	CHECK(fake_sees("1 more on the page of hosts"));
	fake_tear_down();
}

/* ---- all ---------------------------------------------------------------------------------------------------------------- */

static void many(struct str *out, int hosts)
{
	str_add(out, "cluster: rack7\nkubernetes:\n  version: 1.36.2\nendpoint:\n  vip: 10.0.9.100\nhosts:\n");
	for (int i = 0; i < hosts; i++)
		str_addf(out, "  - {name: %s%d, address: 10.0.%d.%d, role: %s}\n", i < 3 ? "cp" : "w", i + 1, i / 200,
			i % 200 + 1, i < 3 ? "control-plane" : "worker");
}

static struct screen *(*const pages[])(
	void) = { screen_start, screen_hosts, screen_cluster, screen_preflight, screen_plan };

static void draw_sizes(void)
{
	static const int sizes[][2] = { { 1, 1 }, { 2, 3 }, { 20, 5 }, { 79, 24 }, { 80, 23 }, { 80, 24 }, { 119, 30 },
		{ 120, 30 }, { 200, 50 }, { 400, 100 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		canvas_resize(&fake_canvas, sizes[i][0], sizes[i][1]);
		fake_see();
		/* also where the app itself would not: a page must not rely on it */
		canvas_clear(&fake_canvas);
		app_top(fake_app)->ops->draw(app_top(fake_app), &fake_canvas);
	}
	canvas_resize(&fake_canvas, 80, 24);
}

static void each_page(const char *text)
{
	static const int all_keys[] = { K_UP, K_DOWN, K_PAGE_DOWN, K_END, K_HOME, K_PAGE_UP, K_TAB, K_BACK_TAB };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		fake_set_up(text, pages[i](), 80, 24, false);
		draw_sizes();
		fake_wait_over();
		if (i == 1 && document_host_count(fake_wizard.document)) {
			fake_keys("v");
			fake_wait_over();
		}
		draw_sizes();
		for (size_t k = 0; k < sizeof(all_keys) / sizeof(all_keys[0]); k++) {
			app_key(fake_app, all_keys[k]);
			fake_see();
		}
		draw_sizes();
		fake_tear_down();
	}
}

static void test_sizes(void)
{
	each_page(fake_file);
}

static void test_no_hosts(void)
{
	each_page("cluster: rack7\nkubernetes:\n  version: 1.36.2\nhosts: []\n");
}

static void test_many_hosts(void)
{
	struct str text = STR_INIT;

	many(&text, 200);
	each_page(text.buf);
	fake_set_up(text.buf, screen_hosts(), 80, 24, false);
	app_key(fake_app, K_END);
	CHECK(fake_sees("w200"));
	CHECK(fake_sees("3 control planes, 197 workers"));
	fake_tear_down();
	str_release(&text);
}

static void test_hostile(void)
{
	fake.hostile = fake.refuse_login = true;
	each_page(fake_file);
}

/* Each has its own folder: the file of this folder is part of the first page. */
static void test_whole_way(void)
{
	fake_write("kubewright.yaml", fake_file);
	fake.fixed = true;
	fake_set_up(NULL, screen_start(), 80, 24, true);
	app_key(fake_app, K_ENTER);
	CHECK_STR(app_top(fake_app)->ops->title, "Hosts");
	app_key(fake_app, K_F10);
	CHECK_STR(app_top(fake_app)->ops->title, "Cluster");
	app_key(fake_app, K_F10);
	CHECK_STR(app_top(fake_app)->ops->title, "Preflight");
	fake_wait_over();
	fake_keys("n");
	CHECK_STR(app_top(fake_app)->ops->title, "Plan");
	fake_wait_over();
	CHECK(fake_sees("10 steps on 5 hosts"));
	for (int i = 0; i < 5; i++)
		app_key(fake_app, K_ESCAPE);
	CHECK(app_over(fake_app));
	fake_tear_down();
}

/* A file that others changed meanwhile is not written over without a question. */
static void test_changed_on_disk(void)
{
	struct str text = STR_INIT;
	struct screen *hosts = screen_hosts();

	fake_set_up(fake_file, hosts, 80, 24, false);
	CHECK_INT(document_set(fake_wizard.document, "kubernetes.version", "1.35", NULL), 0);
	fake_write("kubewright.yaml", "cluster: theirs\nkubernetes:\n  version: 1.36\nhosts: []\n");
	app_key(fake_app, K_F10);
	CHECK(fake_sees("stay here"));
	app_key(fake_app, K_ENTER);
	CHECK(app_top(fake_app) == hosts);
	app_key(fake_app, K_F10);
	app_key(fake_app, K_RIGHT);
	app_key(fake_app, K_ENTER);
	CHECK_STR(app_top(fake_app)->ops->title, "Cluster");
	CHECK_INT(file_read("kubewright.yaml", 1 << 20, &text, NULL), 0);
	CHECK(strstr(text.buf, "1.35") != NULL);
	str_release(&text);
	fake_tear_down();
}

static const struct test tests[] = {
	{ "start: what there is, and what became of it", test_start_lists },
	{ "start: a new cluster is written on leaving", test_start_new },
	{ "start: an installation that was cut off", test_start_cut_off },
	{ "start: past runs", test_start_runs },
	{ "hosts: added, changed, taken out", test_hosts_edit },
	{ "hosts: names and roles are chosen", test_hosts_without_names },
	{ "hosts: logged in and looked at", test_hosts_look },
	{ "hosts: questions about keys are put once", test_hosts_keys },
	{ "hosts: taken from ssh's config", test_hosts_import },
	{ "cluster: complaints below", test_cluster },
	{ "cluster: complaints about hosts are elsewhere", test_cluster_hosts_elsewhere },
	{ "all: any size of canvas", test_sizes },
	{ "all: no hosts", test_no_hosts },
	{ "all: two hundred hosts", test_many_hosts },
	{ "all: hostile texts", test_hostile },
	{ "all: from start to plan and back", test_whole_way },
	{ "all: the file was changed by another program", test_changed_on_disk },
};
TEST_MAIN_IN_FOLDER(tests)
