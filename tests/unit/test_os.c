/* The step os and the questions that it answers: the scripts run for real in a temporary folder, with commands that change nothing of this machine. */
#include "steps/host/scripts.h"
#include "tests/test.h"
#include "tests/unit/fake_site.h"

#include "base/alloc.h"

#include <sys/stat.h>

/* As the resolver does it: all lines of a name, loopback addresses first. */
static const char getent[] =
	"#!/bin/sh\nawk -v n=\"$2\" '{ sub(/#.*/, \"\") } { for (i = 2; i <= NF; i++) if ($i == n && $1 ~ /^[0-9.]+$/) print ($1 ~ /^127/ ? 0 : 1), NR, $1 }' "
	"\"${0%/bin/getent}/etc/hosts\" | sort -n | while read -r _ _ a; do echo \"$a STREAM\"; done\n";
/* Writes down its commands; masks what is not of /etc itself. */
static const char systemctl[] =
	"#!/bin/sh\nd=${0%/bin/systemctl}\necho \"$*\" >>\"$d/told\"\ncase $1 in\nis-enabled) echo enabled ;;\n"
	"is-active) echo inactive ;;\nmask) [ ! -f \"$d/etc/systemd/system/$3\" ] && ln -s /dev/null \"$d/etc/systemd/system/$3\" ;;\n"
	"disable) rm -f \"$d\"/etc/systemd/system/*.wants/\"$3\" ;;\nesac\n";

static void open_site(struct fake_site *s)
{
	fake_site_open(s);
	fake_site_put(s, "bin/getent", 0755, getent);
	fake_site_put(s, "bin/systemctl", 0755, systemctl);
	fake_site_put(s, "bin/swapoff", 0755,
		"#!/bin/sh\nhead -n 1 \"${0%/bin/swapoff}/proc/swaps\" >\"${0%/bin/swapoff}/s\" && cp \"${0%/bin/swapoff}/s\" \"${0%/bin/swapoff}/proc/swaps\"\n");
	fake_site_put(s, "bin/sysctl", 0755, "#!/bin/sh\nexit 1\n");
	fake_site_put(s, "bin/modprobe", 0755, "#!/bin/sh\nexit 1\n");
	fake_site_put(s, "etc/hosts", 0644, "127.0.0.1 localhost\n10.0.0.11 cp1\n");
	fake_site_put(s, "etc/fstab", 0644, "");
	fake_site_put(s, "proc/swaps", 0644, "Filename Type Size Used Priority\n");
	fake_site_put(s, "proc/sys/net/ipv4/ip_forward", 0644, "1\n");
	fake_site_put(s, "proc/modules", 0644, "overlay 1 0\nbr_netfilter 1 0\n");
	fake_site_sh(s, "mkdir -p etc/systemd/system etc/sysctl.d sys/module/overlay");
}

static int run(struct fake_site *s)
{
	const struct remote_param params[] = { { "part", "os" }, { "files", "0" },
		{ "wish", "name cp1 10.0.0.11\nswap - off\nmodule overlay loaded\nsysctl net.ipv4.ip_forward 1\n" } };
	char *script = xasprintf(
		"%s%s%s%s%s", host_script_undo, host_script_wish, host_script_trees, host_script_os, host_script_put);
	int rc = fake_site_run(s, script, params, 3);

	free(script);
	return rc;
}

static void apply(struct fake_site *s)
{
	if (!CHECK_INT(run(s), 0))
		printf("# %s: %s\n%s", s->err.what, s->err.detail, s->log);
}

static const struct {
	const char *before, *after;
} names[] = {
	{ "127.0.0.1 localhost\n127.0.1.1 cp1.example.com cp1\n::1 localhost\n",
		"127.0.0.1 localhost\n# kubewright: 127.0.1.1 cp1.example.com cp1\n::1 localhost\n10.0.0.11\tcp1.example.com cp1 # kubewright\n" },
	{ "127.0.0.1 localhost cp1 # here\n10.0.0.111 cp11\n",
		"127.0.0.1\tlocalhost # here\n10.0.0.111 cp11\n10.0.0.11\tcp1 # kubewright\n" },
	/* an address that begins as ours does; a full name elsewhere is somebody's */
	{ "10.0.0.111 cp1 db\n10.0.0.7 cp1.other.org\n",
		"10.0.0.111\tdb\n10.0.0.7 cp1.other.org\n10.0.0.11\tcp1 # kubewright\n" },
	/* an older line of ours keeps the full name that it took over */
	{ "# 127.0.1.1 cp1\n10.0.0.9\tcp1.example.com cp1 # kubewright\n",
		"# 127.0.1.1 cp1\n10.0.0.11\tcp1.example.com cp1 # kubewright\n" },
	{ "10.0.0.11 cp1\n", "10.0.0.11 cp1\n" },
};

static void test_name(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fake_site s;

		open_site(&s);
		fake_site_put(&s, "etc/hosts", 0640, names[i].before);
		apply(&s);
		CHECK_STR(fake_site_get(&s, "etc/hosts"), names[i].after);
		CHECK_STR(cluster_fact(&s.h, "resolve"), "10.0.0.11");
		CHECK_STR(cluster_fact(&s.h, "resolve_by"), "");
		fake_site_sh(&s, "test $(stat -c %a etc/hosts) = 640 && ! ls -A etc | grep kubewright");
		/* and again */
		apply(&s);
		CHECK_STR(fake_site_get(&s, "etc/hosts"), names[i].after);
		fake_site_close(&s);
	}
}

/* Another source of names comes before the file. */
static void test_name_elsewhere(void)
{
	struct fake_site s;

	open_site(&s);
	fake_site_put(&s, "bin/getent", 0755, "#!/bin/sh\necho 10.9.9.9 STREAM\n");
	fake_site_put(&s, "etc/nsswitch.conf", 0644, "passwd: files\nhosts:\t\tdns files\n");
	apply(&s);
	CHECK_STR(cluster_fact(&s.h, "resolve"), "10.9.9.9");
	CHECK(str_starts(cluster_fact(&s.h, "resolve_by"), "'hosts: dns files' of "));
	fake_site_close(&s);
}

static void test_swap(void)
{
	struct fake_site s;

	open_site(&s);
	fake_site_put(&s, "etc/fstab", 0600,
		"UUID=1 / ext4 defaults 0 1\n//nas/s /mnt cifs username=u,password=hunter2 0 0\n/dev/sda2 none swap sw 0 0\n/swap none swap noauto 0 0\n");
	fake_site_put(&s, "proc/swaps", 0644, "Filename Type Size Used Priority\n/dev/sda2 partition 100 0 -2\n");
	/* of /etc itself; zram's, by a generator; of a line of fstab; masked already; and a service */
	fake_site_put(&s, "etc/systemd/system/dev-sdb.swap", 0644, "[Swap]\nWhat=/dev/sdb\n");
	fake_site_put(&s, "run/systemd/generator/dev-zram0.swap", 0644, "[Swap]\n");
	fake_site_put(&s, "run/systemd/generator/dev-sda2.swap", 0644, "SourcePath=/etc/fstab\n");
	fake_site_put(&s, "usr/lib/systemd/system/zramswap.service", 0644, "[Service]\n");
	fake_site_sh(&s,
		"sed -i \"s|=/etc|=$PWD/etc|\" run/systemd/generator/dev-sda2.swap; ln -s /dev/null etc/systemd/system/old.swap\n"
		"mkdir -p etc/systemd/system/multi-user.target.wants run/systemd/generator/swap.target.wants run/systemd/generator/swap.target.requires\n"
		"ln -s ../dev-sdb.swap ../old.swap ../../../../usr/lib/systemd/system/zramswap.service etc/systemd/system/multi-user.target.wants/\n"
		"ln -s ../dev-zram0.swap run/systemd/generator/swap.target.wants/; ln -s ../dev-sda2.swap run/systemd/generator/swap.target.requires/");
	apply(&s);
	CHECK_STR(fake_site_get(&s, "etc/fstab"),
		"UUID=1 / ext4 defaults 0 1\n//nas/s /mnt cifs username=u,password=hunter2 0 0\n# kubewright: /dev/sda2 none swap sw 0 0\n/swap none swap noauto 0 0\n");
	fake_site_sh(&s, "test $(stat -c %a etc/fstab) = 600");
	CHECK_STR(cluster_fact(&s.h, "swap"), "");
	CHECK_STR(cluster_fact(&s.h, "swap_boot"), "");
	CHECK(strstr(fake_site_get(&s, "told"), "stop zramswap.service"));
	fake_site_sh(&s,
		"l=var/lib/kubewright/ledger/list; grep -qx 'unit|dev-sdb.swap|enabled inactive' $l && grep -qx 'unit|dev-zram0.swap|enabled inactive' $l &&"
		"grep -qx 'unit|zramswap.service|enabled inactive' $l && grep -qx 'swap|/dev/sda2|on' $l && ! grep -q dev-sda2 $l");
	fake_site_close(&s);
}

/* What cannot be kept off is said, not wished away. */
static void test_swap_that_stays(void)
{
	struct fake_site s;

	open_site(&s);
	fake_site_put(&s, "proc/swaps", 0644, "Filename Type Size Used Priority\n/dev/sdb partition 100 0 -2\n");
	fake_site_put(&s, "bin/swapoff", 0755, "#!/bin/sh\nexit 0\n");
	apply(&s);
	CHECK_STR(cluster_fact(&s.h, "swap"), "/dev/sdb partition 100");
	fake_site_close(&s);
}

static const struct {
	const char *files[8]; /* pairs; the value that counts, in the first column of boot */
	const char *boot;
} settings[] = {
	{ { "etc/sysctl.d/zz-kubewright.conf", "net.ipv4.ip_forward = 1\n" }, "1 etc/sysctl.d/zz-kubewright.conf:1" },
	{ { "etc/sysctl.d/99-sysctl.conf", "# x\nnet.ipv4.ip_forward=0\n", "etc/sysctl.d/zz-kubewright.conf",
		  "net.ipv4.ip_forward = 1\n" },
		"1 etc/sysctl.d/zz-kubewright.conf:1" },
	{ { "etc/sysctl.d/zzz.conf", " - net/ipv4/ip_forward = 0\n-net/ipv4/ip_forward = 0\n",
		  "etc/sysctl.d/zz-kubewright.conf", "net.ipv4.ip_forward = 1\n" },
		"0 etc/sysctl.d/zzz.conf:2" },
	/* under its other name */
	{ { "usr/lib/sysctl.d/zzz.conf", "net.ipv4.conf.all.forwarding = 0\n", "etc/sysctl.d/a.conf",
		  "net.ipv4.ip_forward = 1\n" },
		"0 usr/lib/sysctl.d/zzz.conf:1" },
	{ { "etc/sysctl.d/zzz.conf", "net.ipv4.conf.*.forwarding = 0\n", "etc/sysctl.d/a.conf",
		  "net.ipv4.ip_forward = 1\n" },
		"0 etc/sysctl.d/zzz.conf:1" },
	/* a pattern is for keys that nobody names */
	{ { "etc/sysctl.d/zzz.conf", "net.ipv4.ip_f* = 0\n", "etc/sysctl.d/a.conf", "net.ipv4.ip_forward = 1\n" },
		"1 etc/sysctl.d/a.conf:1" },
	/* a name in /etc masks the same one of the distribution */
	{ { "usr/lib/sysctl.d/zzz.conf", "net.ipv4.ip_forward = 0\n", "etc/sysctl.d/zzz.conf", "\n",
		  "etc/sysctl.d/a.conf", "net.ipv4.ip_forward=1\n" },
		"1 etc/sysctl.d/a.conf:1" },
	{ { "etc/ufw/ufw.conf", "ENABLED=yes\n", "etc/ufw/sysctl.conf", "net/ipv4/ip_forward=0\n",
		  "etc/sysctl.d/zz.conf", "net.ipv4.ip_forward=1\n" },
		"0 etc/ufw/sysctl.conf:1" },
	{ { "etc/sysctl.d/a.conf", "vm.swappiness = 1\n" }, "" },
};

static void test_settings_at_boot(void)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		struct fake_site s;
		struct str said = STR_INIT;
		char dir[80];

		open_site(&s);
		for (size_t f = 0; f < 8 && settings[i].files[f]; f += 2)
			fake_site_put(&s, settings[i].files[f], 0644, settings[i].files[f + 1]);
		apply(&s);
		str_add(&said, cluster_fact(&s.h, "sysctl_boot.net.ipv4.ip_forward"));
		snprintf(dir, sizeof(dir), "%s/", s.dir);
		fake_site_replace(&said, dir, "");
		if (!CHECK_STR(said.buf, settings[i].boot))
			printf("# row %zu\n", i);
		str_release(&said);
		fake_site_close(&s);
	}
}

/* What is in place keeps its mode and owner too. */
static void test_put_file(void)
{
	const struct remote_param params[] = { { "files", "1" }, { "file_1_path", "" }, { "file_1_mode", "600" },
		{ "file_1_data", "eA==" } };
	struct remote_param all[4];
	struct fake_site s;
	char path[96], word[128];

	open_site(&s);
	memcpy(all, params, sizeof(all));
	snprintf(path, sizeof(path), "%s/etc/ours.conf", s.dir);
	all[1].value = path;
	fake_site_put(&s, "elsewhere", 0644, "x");
	fake_site_sh(&s, "ln -s ../elsewhere etc/ours.conf");
	for (int round = 0; round < 2; round++) {
		CHECK_INT(
			fake_site_run(&s,
				"main() { put_files; files_told $kw_put; say done \"$kw_changed\"; }\nmain </dev/null\n",
				all, 4),
			0);
		snprintf(word, sizeof(word), "mode.%s", all[1].value);
		CHECK(strncmp(cluster_fact(&s.h, word), "600 ", 4) == 0);
		CHECK(*cluster_fact(&s.h, "done"));
		CHECK_STR(fake_site_get(&s, "elsewhere"), "x");
		fake_site_sh(&s, "test ! -L etc/ours.conf && chmod 666 etc/ours.conf");
	}
	fake_site_sh(&s, "rm etc/ours.conf && ln -s ../elsewhere etc/ours.conf");
	CHECK_INT(fake_site_run(&s, "main() { files_told $file_1_path; say done yes; }\nmain </dev/null\n", all, 4), 0);
	CHECK_STR(cluster_fact(&s.h, word), "link");
	fake_site_close(&s);
}

static const struct test tests[] = {
	{ "a name that another line gives another address", test_name },
	{ "a name that comes from elsewhere first", test_name_elsewhere },
	{ "swap now and at the next boot", test_swap },
	{ "swap that stays on", test_swap_that_stays },
	{ "kernel settings at the next boot", test_settings_at_boot },
	{ "mode and owner of a file of ours", test_put_file },
};
TEST_MAIN(tests)
