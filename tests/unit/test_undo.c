/*
 * What is taken back when the world is not as it should be: a ledger that is damaged, a file or unit that cannot be put back, somebody's own changes since, a
 * script that was cut. The host is a folder: the real scripts run in it.
 */
#include "tests/test.h"
#include "tests/unit/fake_wished.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "steps/host/scripts.h"

#define LEDGER "var/lib/kubewright/ledger/"

static const struct item rows[] = {
	{ .kind = ITEM_SYSCTL, .key = "vm.max_map_count", .want = "262144" },
	{ .kind = ITEM_FILE, .key = "/etc/foo.conf", .want = "speed = high\n", .mode = 0640, .reader = "foo" },
};
static size_t row_count;

static void more_items(const struct world *w, int index, struct items *out)
{
	want_os.items(w, index, out);
	for (size_t i = 0; i < row_count; i++)
		items_add(out, rows[i]);
}
static void same_items(const struct world *w, int index, struct items *out)
{
	(void)w;
	(void)index;
	items_add(out, rows[1]);
}
static struct want_part os;
static const struct want_part same = { "same", same_items, { NULL }, NULL, NULL };
static const struct want_part *const parts[] = { &os, NULL }, *const two[] = { &os, &same, NULL };
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

static void apply(size_t count)
{
	run(false, count);
	if (!CHECK_INT(wished.first.kind, ERROR_NONE))
		printf("# %s\n", wished.first.what);
	wished_done();
}

/* apply ends with an error that has this in it. */
static void refused(size_t count, const char *what)
{
	run(false, count);
	CHECK_INT(wished.first.kind, ERROR_COMMAND);
	if (!CHECK(strstr(wished.first.what, what) && *wished.first.hint))
		printf("# %s / %s\n", wished.first.what, wished.first.hint);
	wished_done();
}

static bool noted(const char *line)
{
	return strstr(fake_site_get(&wished.site, LEDGER "list"), line) != NULL;
}

static const char *foo(void)
{
	return fake_site_get(&wished.site, "etc/foo.conf");
}

/* A line that is cut short, as by a full disk, is neither "saved" nor "absent": the copy decides, and without one nobody's file goes. */
static void test_short_line(void)
{
	wished_open();
	fake_site_put(&wished.site, "etc/foo.conf", 0600, "theirs\n");
	apply(2);
	fake_site_sh(&wished.site, "sed -i 's/foo.conf|saved$/foo.conf|sav/' " LEDGER "list");
	apply(1);
	CHECK_STR(foo(), "theirs\n");
	apply(2);
	fake_site_sh(
		&wished.site, "sed -i 's/foo.conf|saved$/foo.conf|/' " LEDGER "list; rm " LEDGER "files/*foo.conf");
	refused(1, "has no copy of");
	CHECK_STR(foo(), "speed = high\n");
	CHECK(noted("foo.conf|"));
	fake_site_close(&wished.site);
}

/* A last line without its end is not glued to the next one. */
static void test_no_newline(void)
{
	wished_open();
	apply(1);
	fake_site_sh(&wished.site, "printf 'file|/etc/containerd' >>" LEDGER "list");
	apply(2);
	CHECK(noted("\nfile|/etc/containerd\n"));
	CHECK(noted("/etc/foo.conf|absent\n"));
	apply(1);
	CHECK(!noted("foo.conf"));
	fake_site_close(&wished.site);
}

/* What could not be taken back stays noted, and the run says so; the next one does it. */
static void test_cannot(void)
{
	wished_open();
	apply(2);
	fake_site_put(&wished.site, "bin/rm", 0755,
		"#!/bin/sh\ncase \"$*\" in '-f '*/foo.conf) exit 1 ;; esac\nexec /bin/rm \"$@\"\n");
	refused(1, "cannot remove");
	CHECK(noted("/etc/foo.conf|absent\n"));
	fake_site_sh(&wished.site, "rm bin/rm; sed -i 's/^stop)/stop) exit 1;;\\nxstop)/' bin/systemctl");
	refused(1, "cannot put foo.service back as it was");
	CHECK(noted("unit|foo.service|"));
	fake_site_sh(&wished.site, "sed -i 's/^stop) exit 1;;$//; s/^xstop)/stop)/' bin/systemctl");
	apply(1);
	CHECK(!noted("foo"));
	fake_site_close(&wished.site);
}

static void test_folder_is_gone(void)
{
	struct remote_param params[] = { { "part", "os" }, { "files", "0" }, { "wish", NULL } };
	char *script = xasprintf("%s%s%s", host_script_undo, host_script_wish, host_script_put), *wish;

	wished_open();
	wish = xasprintf("gone file %s -\n", fake_site_path(&wished.site, "etc/d/foo.conf"));
	params[2].value = wish;
	apply(0);
	fake_site_sh(&wished.site, "f=$PWD/etc/d/foo.conf; echo theirs >" LEDGER
				   "files/\"$(printf %s \"$f\" | tr / %)\"; echo \"file|$f|saved\" >>" LEDGER "list");
	CHECK_INT(fake_site_run(&wished.site, script, params, 3), -1);
	CHECK(strstr(wished.site.err.what, "its folder is gone"));
	CHECK(noted("foo.conf|saved\n"));
	fake_site_sh(&wished.site, "test -e " LEDGER "files/*foo.conf && mkdir etc/d");
	CHECK_INT(fake_site_run(&wished.site, script, params, 3), 0);
	CHECK_STR(fake_site_get(&wished.site, "etc/d/foo.conf"), "theirs\n");
	CHECK(!noted("foo.conf"));
	fake_site_close(&wished.site);
	free(script);
	free(wish);
}

/* A file that somebody edited since is kept; a setting that they changed stays. */
static void test_changed_since(void)
{
	wished_open();
	fake_site_put(&wished.site, "etc/foo.conf", 0600, "theirs\n");
	apply(2);
	fake_site_put(&wished.site, "etc/foo.conf", 0640, "work of a week\n");
	fake_site_put(&wished.site, "proc/sys/vm/max_map_count", 0644, "1048576\n");
	apply(0);
	CHECK_STR(foo(), "theirs\n");
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/vm/max_map_count"), "1048576\n");
	fake_site_sh(&wished.site, "grep -qx 'work of a week' var/lib/kubewright/edited/*foo.conf");
	/* a second edit does not take the place of the first; a run that was cut has not edited anything */
	apply(2);
	fake_site_put(&wished.site, "etc/foo.conf", 0640, "another week\n");
	fake_site_sh(&wished.site, ": >up.foo; : >cut");
	run(false, 0);
	wished_done();
	apply(0);
	CHECK_STR(foo(), "theirs\n");
	fake_site_sh(&wished.site,
		"cd var/lib/kubewright/edited && test $(ls | wc -l) = 2 && cat * | sort | tr -d '\\n' | grep -qx 'another weekwork of a week'");
	fake_site_sh(&wished.site, "rm -rf var/lib/kubewright/edited cut");
	/* and what nobody changed is not */
	apply(2);
	apply(0);
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/vm/max_map_count"), "1048576\n");
	fake_site_sh(&wished.site, "test ! -e var/lib/kubewright/edited");
	fake_site_close(&wished.site);
}

/* Wanted by two, and one lets go. */
static void test_shared(void)
{
	wished_open();
	used = two;
	apply(2);
	run(true, 1);
	CHECK_STR(wished_would(), "");
	wished_done();
	apply(1);
	CHECK_STR(foo(), "speed = high\n");
	used = parts;
	fake_site_close(&wished.site);
}

/* Cut between the file and the question whether its unit takes it: the next run asks, and puts back what was there before the first one. */
static void test_cut_before_it_was_accepted(void)
{
	static const char accepts[] =
		"accepts_foo() { grep -q high /etc/foo.conf || { kw_why='foo refuses'; kw_hint=h; return 1; }; }\n";
	struct remote_param params[] = { { "part", "os" }, { "files", "1" }, { "file_1_path", NULL },
		{ "file_1_mode", "640" }, { "file_1_data", "YmFkCg==" }, { "file_1_reader", "foo" },
		{ "wish", "unit foo restart\n" } };
	char *put = xasprintf("%s%s%s%s", host_script_undo, host_script_wish, accepts, host_script_put), *path;

	wished_open();
	apply(2);
	path = xstrdup(fake_site_path(&wished.site, "etc/foo.conf"));
	params[2].value = path;
	fake_site_sh(&wished.site, ": >told");
	/* the question is where it is cut */
	char *cut = xasprintf("%s%saccepts_foo() { kill -9 $(exec sh -c 'echo $PPID'); }\n%s", host_script_undo,
		host_script_wish, host_script_put);
	CHECK_INT(fake_site_run(&wished.site, cut, params, 7), -1);
	CHECK_STR(foo(), "bad\n");
	CHECK_INT(fake_site_run(&wished.site, put, params, 7), -1);
	CHECK_STR(wished.site.err.what, "foo refuses");
	CHECK_STR(foo(), "speed = high\n");
	CHECK_STR(fake_site_get(&wished.site, "told"), "");
	fake_site_close(&wished.site);
	free(cut);
	free(put);
	free(path);
}

/* What a cut script has left goes with reset, passwords in it too. */
static void test_nothing_left(void)
{
	static const char *const quiet[] = { "ip", "nft", "apt-get", "apt-mark", "dpkg-query", "iptables-nft-save",
		"ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save" };
	char *script = xasprintf("%s%s%s%s%s", host_script_filter, host_script_trees, host_script_undo,
		host_script_packages_undo, host_script_reset);

	wished_open();
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "bin/%s", quiet[i]);
		fake_site_put(&wished.site, name, 0755, "#!/bin/sh\nexit 1\n");
	}
	apply(2);
	fake_site_put(&wished.site, "etc/.kubewright.4711", 0600, "hunter2\n");
	fake_site_put(&wished.site, "run/kubewright/was/os/%etc%foo.conf", 0600, "hunter2\n");
	CHECK_INT(fake_site_run(&wished.site, script, NULL, 0), 0);
	fake_site_sh(&wished.site, "! grep -rl hunter2 .");
	fake_site_close(&wished.site);
	free(script);
}

/* A copy that is a link is none to write through. */
static void test_link(void)
{
	wished_open();
	apply(1);
	fake_site_put(&wished.site, "etc/real.conf", 0600, "theirs\n");
	fake_site_put(&wished.site, "etc/foo.conf", 0600, "a file now\n");
	fake_site_sh(&wished.site,
		"ln -s \"$PWD/etc/real.conf\" " LEDGER "files/\"$(printf %s \"$PWD/etc/foo.conf\" | tr / %)\"");
	apply(2);
	CHECK_STR(fake_site_get(&wished.site, "etc/real.conf"), "theirs\n");
	apply(1);
	CHECK_STR(foo(), "a file now\n");
	fake_site_close(&wished.site);
}

/* A ledger that kubewright did not write is refused: its lines are compared with each other. */
static void test_too_long(void)
{
	wished_open();
	apply(0);
	fake_site_sh(&wished.site,
		"i=0; while [ $i -lt 1100 ]; do echo \"unit|u$i.service|enabled active\"; i=$((i + 1)); done >>" LEDGER
		"list");
	run(true, 0);
	CHECK_INT(wished.first.kind, ERROR_PROTOCOL);
	CHECK(strstr(wished.first.what, "more than 1000 entries"));
	wished_done();
	fake_site_close(&wished.site);
}

/* A unit of ours goes with where it notes what it has done; another's folder stays, and so does that of a unit that was there before. */
static void test_unit_of_ours(void)
{
	static const char units[] = "etc/systemd/system/", ours[] = "kubewright-approve-kubelets";
	struct fake_site *s = &wished.site;
	struct str script = STR_INIT;

	wished_open();
	for (int i = 0; i < 2; i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s%s.service", units, i ? "foo" : ours);
		fake_site_put(s, name, 0644, "[Service]\n");
		snprintf(name, sizeof(name), "run/%s/reported", i ? "foo" : ours);
		fake_site_put(s, name, 0600, "a uid\n");
	}
	str_addf(&script,
		"%smain() { for u in kubewright-approve-kubelets foo; do file_back /etc/systemd/system/$u.service absent; done; }\n"
		"main </dev/null\n",
		host_script_undo);
	CHECK_INT(fake_site_run(s, script.buf, NULL, 0), 0);
	fake_site_sh(s,
		"[ ! -e run/kubewright-approve-kubelets ] && [ -e run/foo/reported ] && [ -z \"$(ls etc/systemd/system)\" ]");
	str_release(&script);
	fake_site_close(s);
}

static const struct test tests[] = {
	{ "a line that is cut short", test_short_line },
	{ "a last line without its end", test_no_newline },
	{ "what cannot be taken back stays noted", test_cannot },
	{ "the folder of a file is gone", test_folder_is_gone },
	{ "what somebody changed since", test_changed_since },
	{ "what another part wants too", test_shared },
	{ "cut before a unit was asked", test_cut_before_it_was_accepted },
	{ "reset leaves nothing of a cut script", test_nothing_left },
	{ "a copy that is a link", test_link },
	{ "a unit of ours, and its folder", test_unit_of_ours },
	{ "a ledger that is too long", test_too_long },
};
TEST_MAIN(tests)
