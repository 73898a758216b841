/*
 * Packages, holds and repositories as items: a package more in the part, one row of a table, goes through everything that follows from items; what leaves the
 * inventory leaves the host. The host is a folder, its apt a few lines of shell over the files installed, held and offered.
 */
#include "tests/test.h"
#include "tests/unit/fake_wished.h"

#include "base/alloc.h"
#include "base/error.h"
#include "steps/host/scripts.h"

/* ---- apt ----------------------------------------------------------------------------------------------------------------- */

/* The key of all repositories: 22 bytes that have this fingerprint. */
#define PIN "9DD69CC4683C40DF264C53BDA95EC7EB4C4B47E7"
static const char key[] = "\x98\x14\x04kubewright test key";

static const char dpkg_query[] =
	"#!/bin/sh\nd=${0%/bin/dpkg-query} rc=0 f=\nshift\nif [ \"$1\" = -f ]; then f=$2; shift 2; fi\nfor n; do\n"
	"v=$(sed -n \"s/^$n //p\" \"$d/installed\"); [ -n \"$v\" ] || { rc=1; continue; }\n"
	"s='ii '; ! grep -qx \"$n\" \"$d/held\" || s='hi '\n"
	"case $f in *Conffiles*) ;; *Package*) echo \"$s $n $v\" ;; *) echo \"$s $v\" ;; esac\ndone\nexit $rc\n";
static const char apt_get[] =
	"#!/bin/sh\nd=${0%/bin/apt-get} dry='' do='' n=''\nwhile [ $# -gt 0 ]; do case $1 in\n"
	"-s) dry=yes ;; --print-uris) exit 0 ;; -o) shift ;; -*) ;;\n"
	"*) if [ -z \"$do\" ]; then do=$1; else n=\"$n $1\"; fi ;; esac; shift; done\n"
	"[ -n \"$dry\" ] || echo \"$do$n\" >>\"$d/apt\"\n"
	"for p in $n; do p=${p%%=*}; v=$(sed -n \"s/^$p //p\" \"$d/offered\" | head -n 1)\ncase $dry$do in\n"
	"yesinstall) grep -q \"^$p \" \"$d/installed\" || echo \"Inst $p ($v x)\" ;; yespurge) echo \"Purg $p\" ;;\n"
	"install | purge) sed -i \"/^$p /d\" \"$d/installed\"; [ $do = purge ] || echo \"$p $v\" >>\"$d/installed\" ;;\n"
	"esac; done\n";
static const char apt_mark[] =
	"#!/bin/sh\nd=${0%/bin/apt-mark}\ncase $1 in\nshowhold) cat \"$d/held\" ;;\n"
	"hold) shift; printf '%s\\n' \"$@\" >>\"$d/held\" ;;\nunhold) sed -i \"/^$2\\$/d\" \"$d/held\" ;;\nesac\n";
static const char apt_cache[] =
	"#!/bin/sh\nd=${0%/bin/apt-cache}\ncase $1 in\nmadison) sed -n 's/ / | /p' \"$d/offered\" ;;\n"
	"policy) v=$(sed -n \"s/^$2 //p\" \"$d/offered\"); echo \" Candidate: ${v:-(none)}\" ;;\nesac\n";
static const char dpkg[] = "#!/bin/sh\ncase $1 in --audit) ;; *) exec /usr/bin/dpkg \"$@\" ;; esac\n";
static const char helper[] = "#!/bin/sh\nd=${0%/usr/lib/*}\nwhile [ $# -gt 1 ]; do shift; done\ncp \"$d/key\" \"$1\"\n";
static const char offered[] = "kubelet 1.36.2-1.1\nkubeadm 1.36.2-1.1\nkubectl 1.36.2-1.1\ncontainerd 1.6.20~ds1-1\n"
			      "containerd.io 2.2.1-1\nhtop 3.2.2-2\n";

static void host_open(void)
{
	static const struct {
		const char *name, *text;
	} programs[] = { { "bin/dpkg-query", dpkg_query }, { "bin/apt-get", apt_get }, { "bin/apt-mark", apt_mark },
		{ "bin/apt-cache", apt_cache }, { "bin/dpkg", dpkg }, { "usr/lib/apt/apt-helper", helper } };
	static const char *const empty[] = { "installed", "held", "apt", "var/lib/dpkg/status" };

	wished_open();
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		fake_site_put(&wished.site, programs[i].name, 0755, programs[i].text);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		fake_site_put(&wished.site, empty[i], 0644, "");
	fake_site_put(&wished.site, "offered", 0644, offered);
	fake_site_put(&wished.site, "key", 0644, key);
	fake_site_put(&wished.site, "etc/os-release", 0644, "ID=debian\nVERSION_CODENAME=bookworm\n");
	fake_site_sh(&wished.site, "mkdir -p run etc/apt/sources.list.d");
}

/* ---- the wish ------------------------------------------------------------------------------------------------------------ */

#define KUBERNETES "kubernetes: {version: 1.36.2, repository: {url: 'http://r/k/', fingerprint: " PIN "}}\n"
static const char plain[] = KUBERNETES, pinned[] = KUBERNETES
					"containerd: {version: 2.2, repository: {url: 'http://r/d', fingerprint: " PIN
					"}}\n";

static const struct item rows[] = { { .kind = ITEM_PACKAGE, .key = "htop", .want = "any" } };
static size_t row_count;

static void more_items(const struct world *w, int index, struct items *out)
{
	want_packages.items(w, index, out);
	for (size_t i = 0; i < row_count; i++)
		items_add(out, rows[i]);
}
static struct want_part packages;
static const struct want_part *const parts[] = { &packages, NULL };
static const struct step step = { "packages", "Installing packages", ROLE_WORKER, 0, { { "probe", 0, 0 } },
	packages_check, packages_apply };

static void decided(struct world *w)
{
	snprintf(w->decided.version, sizeof(w->decided.version), "1.36.2");
}

static void run(bool look, const char *inventory, size_t count)
{
	row_count = count;
	packages = want_packages;
	packages.items = more_items;
	wished.more = inventory;
	wished_run(look, &step, parts, decided);
}

static void look(const char *inventory, size_t count)
{
	run(true, inventory, count);
	CHECK_INT(wished.first.kind, ERROR_NONE);
}

static void apply(const char *inventory, size_t count)
{
	run(false, inventory, count);
	if (!CHECK_INT(wished.first.kind, ERROR_NONE))
		printf("# %s\n", fake_site_get(&wished.site, "var/lib/kubewright/jobs/packages/log"));
	wished_done();
}

static void converged(const char *inventory, size_t count)
{
	unsigned before = wished.execs;

	look(inventory, count);
	CHECK_STR(wished_would(), "");
	CHECK_STR(wished.shown.buf, "");
	CHECK_INT(wished.execs - before, 1);
	wished_done();
}

static void would(const char *inventory, size_t count, const char *says)
{
	look(inventory, count);
	CHECK_STR(wished_would(), says);
	wished_done();
}

static const char *list(const char *name)
{
	return fake_site_get(&wished.site, name);
}

static bool ledger_has(const char *line)
{
	return strstr(list("var/lib/kubewright/ledger/list"), line) != NULL;
}

#define LIST_OF(name) "etc/apt/sources.list.d/kubewright-" name ".list"
#define KEY_OF(name) "etc/apt/keyrings/kubewright-" name ".gpg"

/* ---- tests --------------------------------------------------------------------------------------------------------------- */

static void test_row(void)
{
	host_open();
	apply(pinned, 0);
	CHECK_STR(list("held"), "kubelet\nkubeadm\nkubectl\ncontainerd.io\n");
	CHECK(strstr(list("installed"), "containerd.io 2.2.1-1\n") && !strstr(list("installed"), "htop"));
	CHECK(strstr(list(LIST_OF("containerd")), "http://r/d bookworm stable\n"));
	converged(pinned, 0);
	/* plan, drift and status */
	look(pinned, 1);
	CHECK(wished_drifts());
	CHECK_STR(wished_would(), "package htop");
	CHECK_STR(wished.shown.buf, "package htop: not installed -> installed\n");
	wished_done();
	CHECK(!strstr(list("installed"), "htop"));
	apply(pinned, 1);
	CHECK(strstr(list("installed"), "htop 3.2.2-2\n"));
	CHECK(ledger_has("package|htop|absent\n") && ledger_has("hold|kubelet|no\n") &&
		ledger_has("kubewright-containerd.list|absent\n"));
	/* nobody's: enabled for kubeadm */
	CHECK(ledger_has("unit|kubelet.service|disabled inactive\n"));
	converged(pinned, 1);
	fake_site_close(&wished.site);
}

static const struct {
	const char *break_it, *would, *shown;
} drifts[] = {
	{ "sed -i /htop/d installed", "package htop", "package htop: not installed -> installed\n" },
	{ "sed -i 's/kubectl .*/kubectl 1.36.1-1.1/' installed", "package kubectl",
		"package kubectl: 1.36.1-1.1 -> 1.36.2\n" },
	{ "sed -i /kubeadm/d held", "hold kubeadm", "package kubeadm: not held -> held\n" },
	{ "sed -i /containerd/d held", "hold containerd.io", "package containerd.io: not held -> held\n" },
	{ "rm " LIST_OF("kubernetes"), "source kubernetes",
		"+deb [signed-by=/etc/apt/keyrings/kubewright-kubernetes.gpg] http://r/k/ /\n" },
	{ "rm " KEY_OF("containerd"), "source containerd",
		"/etc/apt/keyrings/kubewright-containerd.gpg: is fetched\n" },
};

static void test_drifts(void)
{
	host_open();
	apply(pinned, 1);
	for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++) {
		fake_site_sh(&wished.site, drifts[i].break_it);
		look(pinned, 1);
		CHECK(wished_drifts());
		CHECK_STR(wished_would(), drifts[i].would);
		if (!CHECK(strstr(wished.shown.buf, drifts[i].shown)))
			printf("# %s\n", wished.shown.buf);
		wished_done();
		apply(pinned, 1);
		converged(pinned, 1);
	}
	fake_site_close(&wished.site);
}

/* Nothing is fetched or installed for that. */
static void test_gone(void)
{
	for (int earlier = 0; earlier < 2; earlier++) {
		host_open();
		apply(pinned, 0);
		/* an earlier version did not note whose wish it was */
		if (earlier)
			fake_site_sh(&wished.site, "rm var/lib/kubewright/ledger/marks");
		fake_site_sh(&wished.site, ": >apt; rm key");
		would(plain, 0, "gone containerd.io");
		apply(plain, 0);
		CHECK_STR(list("apt"), "");
		CHECK_STR(list("held"), "kubelet\nkubeadm\nkubectl\n");
		fake_site_sh(&wished.site,
			"test ! -e " LIST_OF("containerd") " && test ! -e " KEY_OF("containerd") " && test -s " LIST_OF(
				"kubernetes") " && test -s " KEY_OF("kubernetes"));
		CHECK(!ledger_has("kubewright-containerd") && !ledger_has("hold|containerd.io"));
		CHECK(ledger_has("kubewright-kubernetes.list|absent") && ledger_has("package|containerd.io|absent"));
		converged(plain, 0);
		fake_site_close(&wished.site);
	}
}

/* Where the inventory names no repository of containerd's the system's own is taken when it will do; one that somebody held himself stays so. */
static void test_of_the_system(void)
{
	host_open();
	fake_site_sh(&wished.site, "sed -i 's/^containerd .*/containerd 2.2.0-1/' offered; echo kubectl >held");
	apply(plain, 0);
	CHECK(strstr(list("installed"), "containerd 2.2.0-1\n") && !strstr(list("installed"), "containerd.io"));
	CHECK_STR(list(LIST_OF("containerd")), "");
	CHECK(!ledger_has("hold|kubectl") && ledger_has("hold|kubeadm"));
	converged(plain, 0);
	fake_site_close(&wished.site);
}

static void test_reset(void)
{
	char *script = xasprintf("%s%s%s%s%s", host_script_filter, host_script_trees, host_script_undo,
		host_script_packages_undo, host_script_reset);

	host_open();
	fake_site_put(&wished.site, "bin/ip", 0755, "#!/bin/sh\nexit 1\n");
	fake_site_put(&wished.site, "bin/nft", 0755, "#!/bin/sh\nexit 1\n");
	fake_site_put(&wished.site, "installed", 0644, "curl 7.88\n");
	fake_site_put(&wished.site, "held", 0644, "curl\n");
	apply(pinned, 1);
	if (!CHECK_INT(fake_site_run(&wished.site, script, NULL, 0), 0))
		printf("# %s\n%s", wished.site.err.what, wished.site.log);
	CHECK_STR(list("installed"), "curl 7.88\n");
	CHECK_STR(list("held"), "curl\n");
	fake_site_sh(&wished.site, "test ! -e etc/apt/keyrings && ! ls etc/apt/sources.list.d | grep .");
	fake_site_close(&wished.site);
	free(script);
}

static const struct test tests[] = {
	{ "one row: plan, drift, apply, ledger", test_row },
	{ "each kind drifts, and is mended", test_drifts },
	{ "what is wanted no more", test_gone },
	{ "the system's own containerd", test_of_the_system },
	{ "reset", test_reset },
};
TEST_MAIN(tests)
