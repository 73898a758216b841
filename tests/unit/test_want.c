/*
 * What a host should be: a setting, a file with the unit that reads it, each one row of a table in the part os, go through everything that follows from items. The
 * host is a folder: the probe, put.sh and reset's scripts run for real in it.
 */
#include "tests/test.h"
#include "tests/unit/fake_remote.h"
#include "tests/unit/fake_site.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"
#include "cli/run.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "inventory/release.h"
#include "steps/host_scripts.h"
#include "steps/steps.h"
#include "steps/want.h"

#include <sys/wait.h>
#include <unistd.h>

static const char inventory_text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nhosts:\n"
				     "  - {name: cp0, address: 10.0.0.9, role: control-plane}\n"
				     "  - {name: cp1, address: 10.0.0.1, role: worker}\n";
#define HOST 1

/* ---- the host ------------------------------------------------------------------------------------------------------------ */

static struct fake_site site;
static unsigned execs;

/* Notes what it is told; "foo" runs once it was started. With a file "cut" a restart ends the script that asked for it. */
static const char systemctl[] =
	"#!/bin/sh\nd=${0%/bin/systemctl}\ncase $1 in\nis-enabled) echo disabled ;;\n"
	"is-active) u=${3:-$2}; [ -e \"$d/up.${u%.service}\" ] && echo active && exit 0; echo inactive; exit 3 ;;\n"
	"show) shift; for u; do case $u in show|--no-pager|-p|Load*) ;; *) if [ -e \"$d/up.$u\" ]; then a=active; else a=inactive; fi\n"
	"printf 'LoadState=loaded\\nActiveState=%s\\nUnitFileState=enabled\\n\\n' $a ;; esac; done ;;\n"
	"*restart|start) [ ! -e \"$d/cut\" ] || { rm \"$d/cut\"; kill -9 $PPID; exit 1; }; echo \"$1 $2\" >>\"$d/told\"; [ $1 = try-restart ] || : >\"$d/up.${2%.service}\" ;;\nstop) echo \"$1 $2\" >>\"$d/told\"; rm -f \"$d/up.${2%.service}\" ;;\nesac\n";
/* Settings are files of proc/sys. */
static const char sysctl[] =
	"#!/bin/sh\np=${0%/bin/sysctl}/proc/sys\ncase $1 in\n-n) cat \"$p/$(echo $2 | tr . /)\" 2>/dev/null ;;\n"
	"-q) printf '%s\\n' \"${3#*=}\" >\"$p/$(echo ${3%%=*} | tr . /)\" ;;\nesac\n";

static void open_host(void)
{
	fake_site_open(&site);
	fake_site_put(&site, "bin/systemctl", 0755, systemctl);
	fake_site_put(&site, "bin/sysctl", 0755, sysctl);
	fake_site_put(&site, "bin/getent", 0755, "#!/bin/sh\necho 10.0.0.1 STREAM\n");
	fake_site_put(&site, "bin/modprobe", 0755, "#!/bin/sh\nexit 1\n");
	fake_site_put(&site, "bin/timedatectl", 0755, "#!/bin/sh\necho yes\n");
	fake_site_put(&site, "etc/hosts", 0644, "10.0.0.1 cp1\n");
	fake_site_put(&site, "etc/fstab", 0644, "");
	fake_site_put(&site, "proc/swaps", 0644, "Filename Type Size Used Priority\n");
	fake_site_put(&site, "proc/sys/net/ipv4/ip_forward", 0644, "0\n");
	fake_site_put(&site, "proc/sys/vm/max_map_count", 0644, "65530\n");
	fake_site_put(&site, "proc/sys/net/ipv4/tcp_rmem", 0644, "4096\t1\t2\n");
	fake_site_put(&site, "proc/modules", 0644, "overlay 1 0\nbr_netfilter 1 0\n");
	fake_site_sh(&site, "mkdir -p sys/module/overlay sys/module/br_netfilter etc/sysctl.d");
}

/* Several lines are said as base64. */
static void decode_owned(struct str *said)
{
	const char *at = strstr(said->buf, "\nowned:");
	struct str text = STR_INIT, all = STR_INIT;
	char dir[80];
	size_t n;

	if (!at)
		return;
	at += strlen("\nowned:");
	n = strcspn(at, "\n");
	str_add_unbase64(&text, at, n);
	snprintf(dir, sizeof(dir), "%s/", site.dir);
	fake_site_replace(&text, dir, "/");
	str_addn(&all, said->buf, (size_t)(at - said->buf));
	str_add_base64(&all, text.buf, text.len);
	str_add(&all, at + n);
	str_release(&text);
	str_release(said);
	*said = all;
}

/* The script and its parameters on the folder, what it answers as of the system. */
static int host_exec(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	static const char *const roots[] = { "/etc/", "/var/", "/run/", "/proc/", "/sys/", "/usr/lib/" };
	struct str text = STR_INIT, bin = STR_INIT, said = STR_INIT;
	char *command = xasprintf("sh '%s/script' 2>'%s/log'", site.dir, site.dir), buf[4096];
	FILE *f;
	size_t n;
	int status;

	(void)h;
	(void)call;
	(void)err;
	execs++;
	str_addn(&text, x->input, x->input_len);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		fake_site_replace(&text, roots[i], fake_site_path(&site, roots[i] + 1));
	str_addf(&bin, "PATH=%s/bin:", site.dir);
	fake_site_replace(&text, "PATH=", bin.buf);
	fake_site_put(&site, "script", 0600, text.buf);
	f = popen(command, "r");
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_addn(&said, buf, n);
	status = pclose(f);
	decode_owned(&said);
	snprintf(buf, sizeof(buf), "%s/", site.dir);
	fake_site_replace(&said, buf, "/");
	/* who runs the test is root there */
	snprintf(buf, sizeof(buf), " %u:%u\n", getuid(), getgid());
	fake_site_replace(&said, buf, " 0:0\n");
	str_add(out, said.buf);
	str_add(log, fake_site_get(&site, "log"));
	str_release(&text);
	str_release(&bin);
	str_release(&said);
	free(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct fake_host host = { .name = "cp1", .fn = host_exec };
static struct remote *open_remote(
	void *world, int index, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world;
	(void)index;
	(void)t;
	(void)token;
	(void)err;
	return fake_remote_open(&host);
}

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

static const struct step plan[] = {
	{ "probe", "Looking", ROLE_WORKER, STEP_OBSERVES, { { 0 } }, probe_check, probe_apply },
	{ "os", "Preparing the system", ROLE_WORKER, 0, { { "probe", 0, 0 } }, os_check, os_apply },
};

static struct cli_run cli;
static struct would would;
static struct str shown; /* what the step os logged */
static struct error first;

static void gather(const struct event *ev, void *ctx)
{
	(void)ctx;
	would_event(ev, &would);
	if (ev->kind == EVENT_OUTPUT && ev->step == 1 && ev->text)
		str_addf(&shown, "%s\n", ev->text);
}

/* One run; look: it changes nothing, and what it would do is in `would`. */
static void run(bool look, size_t count)
{
	struct engine_host hosts[2] = { { "cp0", ROLE_CONTROL_PLANE }, { "cp1", ROLE_WORKER } };
	struct error err = { 0 };
	struct engine_result result;
	struct engine *e;
	struct world *w = &cli.world;

	row_count = count;
	os = want_os;
	os.items = more_items;
	would_release(&would);
	would = (struct would){ .steps = 2 };
	str_clear(&shown);
	memset(&cli, 0, sizeof(cli));
	cli.inventory = inventory_parse("-", inventory_text, strlen(inventory_text), NULL, 0, NULL, &err);
	world_init(w, cli.inventory, release_find("1.36.2"));
	w->run = "r1";
	w->owner = "a@b pid 1";
	w->machine = "m";
	w->parts = used;
	w->want_texts = look;
	cli.config = (struct engine_config){ .run = "r1",
		.steps = plan,
		.step_count = 2,
		.hosts = hosts,
		.host_count = 2,
		.world = w,
		.open = open_remote,
		.check_only = look,
		.mask = mask_new() };
	e = engine_new(&cli.config);
	engine_observe(e, gather, NULL);
	engine_no_questions(e);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	engine_result(e, &result);
	first = result.first ? *result.first : err;
	engine_free(e);
	if (first.kind)
		printf("# %s | %s\n", first.what, first.detail);
}

static void done(void)
{
	world_release(&cli.world);
	mask_free(cli.config.mask);
	inventory_free((struct inventory *)cli.inventory);
}

/* What plan says of the step os. */
static const char *would_do(void)
{
	const struct would_step *s = would_step(&would, HOST, 1);

	return s ? s->text : "";
}

/* What status and repair would find on an installed host. */
static bool drifts(const char *text)
{
	struct health h;
	bool chosen[2] = { false, true }, found = false;

	cluster_set(&cli.world.hosts[HOST], "job.join", "done 0 x r0");
	cluster_set(&cli.world.hosts[HOST], "have", "kubelet-conf");
	cli.chosen = chosen;
	health_fold(&cli, &would, &h);
	for (size_t i = 0; i < h.hosts[HOST].count; i++)
		found = found ||
			(strcmp(h.hosts[HOST].list[i].name, "drift") == 0 && strstr(h.hosts[HOST].list[i].what, text));
	health_release(&h);
	return found;
}

static bool ledger_has(const char *line)
{
	return strstr(fake_site_get(&site, "var/lib/kubewright/ledger/list"), line) != NULL;
}

/* ---- tests --------------------------------------------------------------------------------------------------------------- */

static void look(size_t count)
{
	run(true, count);
	CHECK_INT(first.kind, ERROR_NONE);
}

static void apply(size_t count)
{
	run(false, count);
	CHECK_INT(first.kind, ERROR_NONE);
	done();
}

/* That nothing is left to do, and that it took one look to see that. */
static void converged(size_t count)
{
	unsigned before = execs;

	look(count);
	CHECK_STR(would_do(), "");
	CHECK_STR(shown.buf, "");
	CHECK_INT(execs - before, 1);
	done();
}

static void test_rows(void)
{
	open_host();
	apply(0);
	CHECK_STR(fake_site_get(&site, "proc/sys/net/ipv4/ip_forward"), "1\n");
	CHECK(ledger_has("sysctl|net.ipv4.ip_forward|0|@os\n"));
	CHECK(ledger_has("file|") && !ledger_has("foo"));
	converged(0);
	/* plan, drift and status */
	look(3);
	CHECK(drifts("os: writes /etc/"));
	CHECK(strstr(shown.buf, "vm.max_map_count: 65530 -> 262144\n"));
	CHECK(strstr(shown.buf, "+vm.max_map_count = 262144\n"));
	CHECK(strstr(shown.buf, "+++ /etc/foo.conf\n"));
	CHECK(strstr(shown.buf, "foo: inactive -> active\n"));
	CHECK_STR(fake_site_get(&site, "etc/foo.conf"), "");
	done();
	apply(3);
	CHECK_STR(fake_site_get(&site, "etc/foo.conf"), "speed = high\n");
	CHECK_STR(fake_site_get(&site, "proc/sys/vm/max_map_count"), "262144\n");
	CHECK_STR(fake_site_get(&site, "told"), "restart foo\n");
	CHECK(ledger_has("sysctl|vm.max_map_count|65530|@os\n"));
	CHECK(ledger_has("/etc/foo.conf|absent|@os/foo\n"));
	CHECK(ledger_has("unit|foo.service|disabled inactive|@os\n"));
	CHECK(strstr(fake_site_get(&site, "etc/sysctl.d/zz-kubewright.conf"),
		"\nnet.ipv4.tcp_rmem = 4096 131072 6291456\n"));
	converged(3);
	/* each kind is seen when somebody changes it, and mended */
	fake_site_put(&site, "etc/foo.conf", 0640, "speed = none\n");
	fake_site_put(&site, "proc/sys/net/ipv4/tcp_rmem", 0644, "4096\t131072\t1\n");
	fake_site_sh(&site, "rm up.foo");
	look(3);
	CHECK(drifts("writes /etc/foo.conf"));
	CHECK(strstr(shown.buf, "-speed = none\n") && strstr(shown.buf, "net.ipv4.tcp_rmem: 4096") &&
		strstr(shown.buf, "foo: inactive -> active\n"));
	done();
	apply(3);
	converged(3);
	fake_site_close(&site);
}

/* What was wanted no more is as the ledger has it, and nothing else is touched. */
static void test_gone(void)
{
	open_host();
	fake_site_put(&site, "etc/foo.conf", 0600, "theirs\n");
	apply(3);
	CHECK(ledger_has("/etc/foo.conf|saved|@os/foo\n"));
	look(2);
	CHECK_STR(would_do(), "puts /etc/foo.conf back as it was before kubewright");
	done();
	apply(2);
	CHECK_STR(fake_site_get(&site, "etc/foo.conf"), "theirs\n");
	fake_site_sh(&site,
		"test $(stat -c %a etc/foo.conf) = 600 && test ! -e up.foo && ! ls var/lib/kubewright/ledger/files | grep foo");
	CHECK(!ledger_has("foo"));
	CHECK_STR(fake_site_get(&site, "proc/sys/vm/max_map_count"), "262144\n");
	converged(2);
	/* the settings too; how they were stays noted for reset, and nobody wants them */
	apply(0);
	CHECK_STR(fake_site_get(&site, "proc/sys/vm/max_map_count"), "65530\n");
	CHECK_STR(fake_site_get(&site, "proc/sys/net/ipv4/ip_forward"), "1\n");
	CHECK(ledger_has("sysctl|vm.max_map_count|65530\n"));
	CHECK(!strstr(fake_site_get(&site, "etc/sysctl.d/zz-kubewright.conf"), "vm."));
	converged(0);
	fake_site_close(&site);
}

/* What somebody's own unit reads is his again, and the unit takes that up. What the ledger does not have is nobody's of ours. */
static void test_gone_reader(void)
{
	const struct remote_param params[] = { { "part", "os" }, { "files", "0" },
		{ "wish", "gone file /etc/foo.conf foo\ngone unit foo -\ngone sysctl vm.max_map_count -\n" } };
	char *script = xasprintf("%s%s", host_script_undo, host_script_put);

	open_host();
	fake_site_put(&site, "etc/foo.conf", 0600, "theirs\n");
	fake_site_put(&site, "up.foo", 0600, "");
	if (!CHECK_INT(fake_site_run(&site, script, params, 3), 0))
		printf("# %s\n%s", site.err.what, site.log);
	CHECK_STR(fake_site_get(&site, "etc/foo.conf"), "theirs\n");
	CHECK_STR(fake_site_get(&site, "told"), "");
	CHECK_STR(fake_site_get(&site, "proc/sys/vm/max_map_count"), "65530\n");
	apply(3);
	apply(2);
	CHECK_STR(fake_site_get(&site, "etc/foo.conf"), "theirs\n");
	CHECK_STR(fake_site_get(&site, "told"), "restart foo\nstart foo.service\ntry-restart foo\n");
	CHECK(!ledger_has("foo"));
	converged(2);
	fake_site_close(&site);
	free(script);
}

/* Cut at the worst moment: files are in place and not in use. */
static void test_cut(void)
{
	open_host();
	fake_site_put(&site, "etc/foo.conf", 0600, "theirs\n");
	fake_site_sh(&site, ": >up.foo; : >cut");
	run(false, 3);
	CHECK_INT(first.kind, ERROR_COMMAND);
	done();
	CHECK_STR(fake_site_get(&site, "etc/foo.conf"), "speed = high\n");
	look(3);
	CHECK_STR(would_do(), "restarts foo, which runs with an older configuration");
	done();
	apply(3);
	converged(3);
	fake_site_sh(&site, ": >told; : >cut");
	run(false, 2);
	CHECK_INT(first.kind, ERROR_COMMAND);
	done();
	look(2);
	CHECK_STR(would_do(), "puts /etc/foo.conf back as it was before kubewright");
	done();
	apply(2);
	CHECK(strstr(fake_site_get(&site, "told"), "try-restart foo\n"));
	CHECK(!ledger_has("foo"));
	converged(2);
	fake_site_sh(&site, "! ls -A etc | grep -q kubewright");
	fake_site_close(&site);
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
	char *script = xasprintf(
		"%s%s%s%s%s", host_script_filter, host_script_trees, host_script_undo, settings, host_script_reset);

	open_host();
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "bin/%s", quiet[i]);
		fake_site_put(&site, name, 0755, "#!/bin/sh\nexit 1\n");
	}
	fake_site_sh(&site, "find etc proc/sys up.* -type f -exec sha256sum {} + 2>/dev/null | sort >before");
	apply(3);
	if (!CHECK_INT(fake_site_run(&site, script, NULL, 0), 0))
		printf("# %s\n%s", site.err.what, site.log);
	CHECK_STR(cluster_fact(&site.h, "undone"), "yes");
	fake_site_sh(&site, "find etc proc/sys up.* -type f -exec sha256sum {} + 2>/dev/null | sort | diff before -");
	fake_site_sh(&site, "test ! -e var/lib/kubewright/ledger");
	fake_site_close(&site);
	free(settings);
	free(script);
}

/* A ledger of an earlier version does not say whose wish a change was: what a part names itself goes, the rest is left to reset, which reads both. */
static void test_earlier_ledger(void)
{
	struct items l = { 0 };

	open_host();
	apply(3);
	fake_site_sh(&site, "sed -i 's/|@[^|]*$//' var/lib/kubewright/ledger/list");
	converged(3);
	cluster_set(&cli.world.hosts[HOST], "owned", "");
	fake_site_put(&site, "var/lib/kubewright/ledger/list", 0600,
		"file|/etc/containerd/conf.d/90-kubewright.toml|absent\nfile|/etc/x|absent\nunit|containerd.service|enabled active\n");
	look(3);
	want_items(&cli.world, HOST, &want_runtime, &l);
	for (size_t i = 0; i < l.count; i++)
		CHECK_INT(l.list[i].gone, strcmp(l.list[i].key, "/etc/containerd/conf.d/90-kubewright.toml") == 0);
	CHECK_INT(l.count, 3);
	items_release(&l);
	done();
	fake_site_close(&site);
}

static void test_contradictions(void)
{
	static const char *const says[] = {
		"vm.max_map_count is wanted twice: 262144 by profile fast, 1 by profile slow",
		"/etc/foo.conf is wanted twice, and not the same: by os and by mirrors",
		"/etc/foo.conf is wanted twice, and not the same: by os and by mirrors",
	};

	open_host();
	for (contrary_row = 0; contrary_row < 3; contrary_row++) {
		struct error err = { 0 };

		look(3);
		CHECK_INT(want_contradicts(&cli.world, HOST, &err), 0);
		cli.world.parts = both;
		CHECK_INT(want_contradicts(&cli.world, HOST, &err), -1);
		CHECK_INT(err.kind, ERROR_INVENTORY);
		CHECK_STR(err.what, says[contrary_row]);
		CHECK(*err.hint);
		done();
		used = both;
		run(false, 3);
		used = parts;
		CHECK_INT(first.kind, ERROR_INVENTORY);
		CHECK_STR(first.what, says[contrary_row]);
		done();
	}
	CHECK_STR(fake_site_get(&site, "proc/sys/vm/max_map_count"), "65530\n");
	CHECK_STR(fake_site_get(&site, "etc/foo.conf"), "");
	fake_site_close(&site);
}

static const struct test tests[] = {
	{ "one row: plan, drift, apply, ledger", test_rows },
	{ "what is wanted no more", test_gone },
	{ "what is wanted no more, of somebody's unit", test_gone_reader },
	{ "a run that is cut", test_cut },
	{ "reset", test_reset },
	{ "a ledger of an earlier version", test_earlier_ledger },
	{ "two parts that contradict each other", test_contradictions },
};
TEST_MAIN(tests)
