/*
 * What a host should be: a setting, a file with the unit that reads it, each one row of a table in the part os, go through everything that follows from items. The
 * host is a folder: the probe, put.sh and reset's scripts run for real in it.
 */
#include "tests/test.h"
#include "tests/unit/fake_wished.h"

#include "base/alloc.h"
#include "base/error.h"
#include "steps/host/scripts.h"

/* ---- the wish ------------------------------------------------------------------------------------------------------------ */

static const struct item rows[] = {
	{ .kind = ITEM_SYSCTL, .key = "vm.max_map_count", .want = "262144", .from = "profile fast" },
	{ .kind = ITEM_SYSCTL, .key = "net.ipv4.tcp_rmem", .want = "4096 131072 6291456" },
	{ .kind = ITEM_FILE, .key = "/etc/foo.conf", .want = "speed = high\n", .mode = 0640, .reader = "foo" },
};
static const struct item contrary[] = {
	{ .kind = ITEM_SYSCTL, .key = "vm.max_map_count", .want = "1", .from = "profile slow" },
	{ .kind = ITEM_FILE, .key = "/etc/foo.conf", .want = "speed = low\n", .mode = 0640, .from = "mirrors" },
	{ .kind = ITEM_FILE, .key = "/etc/foo.conf", .want = "speed = high\n", .mode = 0600, .from = "mirrors" },
};
static size_t row_count, contrary_row;

static void more_items(const struct world *w, int index, struct items *out)
{
	want_os.items(w, index, out);
	for (size_t i = 0; i < row_count; i++)
		items_add(out, rows[i]);
}
static void contrary_items(const struct world *w, int index, struct items *out)
{
	(void)w;
	(void)index;
	items_add(out, contrary[contrary_row]);
}
static struct want_part os;
static const struct want_part other = { "profile", contrary_items, { NULL }, NULL, NULL };
static const struct want_part *const parts[] = { &os, NULL };
static const struct want_part *const both[] = { &os, &other, NULL };
static const struct want_part *const *used = parts;

static const struct step os_step = { "os", "Preparing the system", ROLE_WORKER, 0, { { "probe", 0, 0 } }, os_check,
	os_apply };

static void run(bool look, size_t count)
{
	row_count = count;
	os = want_os;
	os.items = more_items;
	wished_run(look, &os_step, used, NULL);
}

static bool ledger_has(const char *line)
{
	return strstr(fake_site_get(&wished.site, "var/lib/kubewright/ledger/list"), line) != NULL;
}

static bool marked(const char *line)
{
	return strstr(fake_site_get(&wished.site, "var/lib/kubewright/ledger/marks"), line) != NULL;
}

/* ---- tests --------------------------------------------------------------------------------------------------------------- */

static void look(size_t count)
{
	run(true, count);
	CHECK_INT(wished.first.kind, ERROR_NONE);
}

static void apply(size_t count)
{
	run(false, count);
	CHECK_INT(wished.first.kind, ERROR_NONE);
	wished_done();
}

/* That nothing is left to do, and that it took one look to see that. */
static void converged(size_t count)
{
	unsigned before = wished.execs;

	look(count);
	CHECK_STR(wished_would(), "");
	CHECK_STR(wished.shown.buf, "");
	CHECK_INT(wished.execs - before, 1);
	wished_done();
}

static void test_rows(void)
{
	wished_open();
	apply(0);
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/net/ipv4/ip_forward"), "1\n");
	CHECK(ledger_has("sysctl|net.ipv4.ip_forward|0\n") && marked("sysctl|net.ipv4.ip_forward|os|1\n"));
	CHECK(ledger_has("file|") && !ledger_has("foo"));
	converged(0);
	/* plan, drift and status */
	look(3);
	CHECK(wished_drifts());
	CHECK(strncmp(wished_would(), "file /etc/", 10) == 0);
	CHECK(strstr(wished.shown.buf, "vm.max_map_count: 65530 -> 262144\n"));
	CHECK(strstr(wished.shown.buf, "+vm.max_map_count = 262144\n"));
	CHECK(strstr(wished.shown.buf, "+++ /etc/foo.conf\n"));
	CHECK(strstr(wished.shown.buf, "foo: inactive -> active\n"));
	CHECK_STR(fake_site_get(&wished.site, "etc/foo.conf"), "");
	wished_done();
	apply(3);
	CHECK_STR(fake_site_get(&wished.site, "etc/foo.conf"), "speed = high\n");
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/vm/max_map_count"), "262144\n");
	CHECK_STR(fake_site_get(&wished.site, "told"), "restart foo\n");
	CHECK(ledger_has("sysctl|vm.max_map_count|65530\n") && marked("sysctl|vm.max_map_count|os|262144\n"));
	CHECK(ledger_has("/etc/foo.conf|absent\n") && marked("/etc/foo.conf|os/foo|"));
	CHECK(ledger_has("unit|foo.service|disabled inactive\n") && marked("unit|foo.service|os|\n"));
	CHECK(strstr(fake_site_get(&wished.site, "etc/sysctl.d/zz-kubewright.conf"),
		"\nnet.ipv4.tcp_rmem = 4096 131072 6291456\n"));
	converged(3);
	/* each kind is seen when somebody changes it, and mended */
	fake_site_put(&wished.site, "etc/foo.conf", 0640, "speed = none\n");
	fake_site_put(&wished.site, "proc/sys/net/ipv4/tcp_rmem", 0644, "4096\t131072\t1\n");
	fake_site_sh(&wished.site, "rm up.foo");
	look(3);
	CHECK(wished_drifts());
	CHECK_STR(wished_would(), "file /etc/foo.conf");
	CHECK(strstr(wished.shown.buf, "-speed = none\n") && strstr(wished.shown.buf, "net.ipv4.tcp_rmem: 4096") &&
		strstr(wished.shown.buf, "foo: inactive -> active\n"));
	wished_done();
	apply(3);
	converged(3);
	fake_site_close(&wished.site);
}

/* What was wanted no more is as the ledger has it, and nothing else is touched. */
static void test_gone(void)
{
	wished_open();
	fake_site_put(&wished.site, "etc/foo.conf", 0600, "theirs\n");
	apply(3);
	CHECK(ledger_has("/etc/foo.conf|saved\n") && marked("/etc/foo.conf|os/foo|"));
	look(2);
	CHECK_STR(wished_would(), "gone /etc/foo.conf");
	wished_done();
	apply(2);
	CHECK_STR(fake_site_get(&wished.site, "etc/foo.conf"), "theirs\n");
	fake_site_sh(&wished.site,
		"test $(stat -c %a etc/foo.conf) = 600 && test ! -e up.foo && ! ls var/lib/kubewright/ledger/files | grep foo");
	CHECK(!ledger_has("foo"));
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/vm/max_map_count"), "262144\n");
	converged(2);
	/* the settings too; how they were stays noted for reset, and nobody wants them */
	apply(0);
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/vm/max_map_count"), "65530\n");
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/net/ipv4/ip_forward"), "1\n");
	CHECK(ledger_has("sysctl|vm.max_map_count|65530\n") && !marked("vm."));
	CHECK(!strstr(fake_site_get(&wished.site, "etc/sysctl.d/zz-kubewright.conf"), "vm."));
	converged(0);
	fake_site_close(&wished.site);
}

/* What somebody's own unit reads is theirs again, and the unit takes that up. What the ledger does not have is nobody's of ours. */
static void test_gone_reader(void)
{
	const struct remote_param params[] = { { "part", "os" }, { "files", "0" },
		{ "wish", "gone file /etc/foo.conf foo\ngone unit foo -\ngone sysctl vm.max_map_count -\n" } };
	char *script = xasprintf("%s%s%s", host_script_undo, host_script_wish, host_script_put);

	wished_open();
	fake_site_put(&wished.site, "etc/foo.conf", 0600, "theirs\n");
	fake_site_put(&wished.site, "up.foo", 0600, "");
	if (!CHECK_INT(fake_site_run(&wished.site, script, params, 3), 0))
		printf("# %s\n%s", wished.site.err.what, wished.site.log);
	CHECK_STR(fake_site_get(&wished.site, "etc/foo.conf"), "theirs\n");
	CHECK_STR(fake_site_get(&wished.site, "told"), "");
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/vm/max_map_count"), "65530\n");
	apply(3);
	apply(2);
	CHECK_STR(fake_site_get(&wished.site, "etc/foo.conf"), "theirs\n");
	CHECK_STR(fake_site_get(&wished.site, "told"), "restart foo\nstart foo.service\ntry-restart foo\n");
	CHECK(!ledger_has("foo"));
	converged(2);
	fake_site_close(&wished.site);
	free(script);
}

/* put.sh with one file of the site's, or without it any more. */
static void put(const char *path, bool gone)
{
	const char *at = fake_site_path(&wished.site, path);
	char *wish = xasprintf("gone file %s -\n", at),
	     *script = xasprintf("%s%s%s", host_script_undo, host_script_wish, host_script_put);
	const struct remote_param params[] = { { "part", "os" }, { "files", gone ? "0" : "1" }, { "file_1_path", at },
		{ "file_1_mode", "644" }, { "file_1_data", "eAo=" }, { "wish", gone ? wish : "" } };

	if (!CHECK_INT(fake_site_run(&wished.site, script, params, 6), 0))
		printf("# %s\n%s", wished.site.err.what, wished.site.log);
	free(script);
	free(wish);
}

/* Folders that were made for a file go with it, but for those that others use. */
static void test_gone_folders(void)
{
	wished_open();
	for (int theirs = 0; theirs < 2; theirs++) {
		put("etc/foo.d/deep/er/x.conf", false);
		CHECK_STR(fake_site_get(&wished.site, "etc/foo.d/deep/er/x.conf"), "x\n");
		CHECK(ledger_has("dir|") && ledger_has("/etc/foo.d|absent\n"));
		if (theirs)
			fake_site_put(&wished.site, "etc/foo.d/deep/theirs", 0644, "");
		put("etc/foo.d/deep/er/x.conf", true);
		CHECK(!ledger_has("x.conf"));
		CHECK_INT(ledger_has("/etc/foo.d|absent"), theirs);
		fake_site_sh(&wished.site, theirs ? "test -e etc/foo.d/deep/theirs && test ! -e etc/foo.d/deep/er"
						  : "test ! -e etc/foo.d");
	}
	fake_site_close(&wished.site);
}

/* Cut at the worst moment: files are in place and not in use. */
static void test_cut(void)
{
	wished_open();
	fake_site_put(&wished.site, "etc/foo.conf", 0600, "theirs\n");
	fake_site_sh(&wished.site, ": >up.foo; : >cut");
	run(false, 3);
	CHECK_INT(wished.first.kind, ERROR_COMMAND);
	wished_done();
	CHECK_STR(fake_site_get(&wished.site, "etc/foo.conf"), "speed = high\n");
	look(3);
	CHECK_STR(wished_would(), "unit-stale foo");
	wished_done();
	apply(3);
	converged(3);
	fake_site_sh(&wished.site, ": >told; : >cut");
	run(false, 2);
	CHECK_INT(wished.first.kind, ERROR_COMMAND);
	wished_done();
	look(2);
	CHECK_STR(wished_would(), "gone /etc/foo.conf");
	wished_done();
	apply(2);
	CHECK(strstr(fake_site_get(&wished.site, "told"), "try-restart foo\n"));
	CHECK(!ledger_has("foo"));
	converged(2);
	fake_site_sh(&wished.site, "! ls -A etc | grep -q kubewright");
	fake_site_close(&wished.site);
}

/* The part of reset-network.sh that is about settings. */
static char *settings_back(void)
{
	const char *from = strstr(host_script_reset_network, "\nsettings() {"), *to = strstr(from, "\n}\n");

	return xasprintf("%.*s\n}\nsettings\n", (int)(to - from), from);
}

static void test_reset(void)
{
	static const char *const quiet[] = { "ip", "nft", "apt-get", "apt-mark", "dpkg-query", "iptables-nft-save",
		"ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save" };
	char *settings = settings_back();
	char *script = xasprintf("%s%s%s%s%s%s", host_script_filter, host_script_trees, host_script_undo,
		host_script_packages_undo, settings, host_script_reset);

	wished_open();
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "bin/%s", quiet[i]);
		fake_site_put(&wished.site, name, 0755, "#!/bin/sh\nexit 1\n");
	}
	fake_site_sh(&wished.site, "find etc proc/sys up.* -type f -exec sha256sum {} + 2>/dev/null | sort >before");
	apply(3);
	if (!CHECK_INT(fake_site_run(&wished.site, script, NULL, 0), 0))
		printf("# %s\n%s", wished.site.err.what, wished.site.log);
	CHECK_STR(cluster_fact(&wished.site.h, "undone"), "yes");
	fake_site_sh(
		&wished.site, "find etc proc/sys up.* -type f -exec sha256sum {} + 2>/dev/null | sort | diff before -");
	fake_site_sh(&wished.site, "test ! -e var/lib/kubewright/ledger");
	fake_site_close(&wished.site);
	free(settings);
	free(script);
}

/* A ledger of an earlier version does not say whose wish a change was: what a part names itself goes, the rest is left to reset, which reads both. */
static void test_earlier_ledger(void)
{
	struct items l = { 0 };

	wished_open();
	apply(3);
	fake_site_sh(&wished.site, "rm var/lib/kubewright/ledger/marks");
	converged(3);
	fake_site_put(&wished.site, "var/lib/kubewright/ledger/list", 0600,
		"file|/etc/containerd/conf.d/90-kubewright.toml|absent\nfile|/etc/x|absent\nunit|containerd.service|enabled active\n");
	look(3);
	want_items(&wished.cli.world, WISHED_HOST, &want_runtime, &l);
	for (size_t i = 0; i < l.count; i++)
		CHECK_INT(l.list[i].gone, strcmp(l.list[i].key, "/etc/containerd/conf.d/90-kubewright.toml") == 0);
	CHECK_INT(l.count, 3);
	items_release(&l);
	wished_done();
	fake_site_close(&wished.site);
}

static void test_contradictions(void)
{
	static const char *const says[] = {
		"vm.max_map_count is wanted twice: 262144 by profile fast, 1 by profile slow",
		"/etc/foo.conf is wanted twice with different values: by os and by mirrors",
		"/etc/foo.conf is wanted twice with different values: by os and by mirrors",
	};

	wished_open();
	for (contrary_row = 0; contrary_row < 3; contrary_row++) {
		struct error err = { 0 };

		look(3);
		CHECK_INT(want_contradicts(&wished.cli.world, WISHED_HOST, &err), 0);
		wished.cli.world.wish.parts = both;
		CHECK_INT(want_contradicts(&wished.cli.world, WISHED_HOST, &err), -1);
		CHECK_INT(err.kind, ERROR_INVENTORY);
		CHECK_STR(err.what, says[contrary_row]);
		CHECK(*err.hint);
		wished_done();
		used = both;
		run(false, 3);
		used = parts;
		CHECK_INT(wished.first.kind, ERROR_INVENTORY);
		CHECK_STR(wished.first.what, says[contrary_row]);
		wished_done();
	}
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/vm/max_map_count"), "65530\n");
	CHECK_STR(fake_site_get(&wished.site, "etc/foo.conf"), "");
	fake_site_close(&wished.site);
}

static const struct test tests[] = {
	{ "one row: plan, drift, apply, ledger", test_rows },
	{ "what is wanted no more", test_gone },
	{ "what is wanted no more, of somebody's unit", test_gone_reader },
	{ "what is wanted no more, and its folders", test_gone_folders },
	{ "a run that is cut", test_cut },
	{ "reset", test_reset },
	{ "a ledger of an earlier version", test_earlier_ledger },
	{ "two parts that contradict each other", test_contradictions },
};
TEST_MAIN(tests)
