/* steps/host/drill.sh and drill-measure.sh for real, in a temporary folder: a fault has its end before it begins, and what was measured is counted right. */
#include "tests/test.h"

#include "steps/host/scripts.h"
#include "tests/unit/fake_site.h"

#include <stdlib.h>
#include <unistd.h>

#define DRILL "run/kubewright/drill"

/* Each says what it was asked, and fails when there is a file fails.NAME. */
static const char program[] = "#!/bin/sh\n"
			      "d=${0%/bin/*} name=${0##*/}\n"
			      "echo \"$name $*\" >>\"$d/asked\"\n"
			      "[ \"$name\" != nft ] || [ \"$1\" != -f ] || cat >\"$d/rules\"\n"
			      "[ ! -e \"$d/out.$name\" ] || cat \"$d/out.$name\"\n"
			      "[ \"$1\" != is-active ] || exit 3\n"
			      "[ ! -e \"$d/fails.$name\" ]\n";

static struct fake_site site;

static void open_site(void)
{
	static const char *const names[] = { "systemctl", "systemd-run", "nft", "ss", "ip", "kubectl" };
	char path[32];

	fake_site_open(&site);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "bin/%s", names[i]);
		fake_site_put(&site, path, 0755, program);
	}
	fake_site_put(&site, "asked", 0644, "");
	fake_site_sh(&site, "mkdir -p run/kubewright");
}

static int drill(const char *act, const char *fault)
{
	const struct remote_param params[] = { { "act", act }, { "fault", fault }, { "seconds", "90" },
		{ "vip", "10.0.0.100" } };

	return fake_site_run(&site, host_script_drill, params, 4);
}

static int measure(const char *what)
{
	const struct remote_param params[] = { { "act", "library" }, { "fault", "" }, { "seconds", "900" },
		{ "vip", "" }, { "measure", what }, { "since", "1500" } };
	struct str text = STR_INIT;
	int rc;

	str_addf(&text, "%s%s", host_script_drill, host_script_drill_measure);
	rc = fake_site_run(&site, text.buf, params, 6);
	str_release(&text);
	return rc;
}

static const char *asked(void)
{
	return fake_site_get(&site, "asked");
}

static bool is_there(const char *name)
{
	return access(fake_site_path(&site, name), F_OK) == 0;
}

static void test_begins_and_ends(void)
{
	const char *timer, *stop;

	open_site();
	CHECK_INT(drill("begin", "vip"), 0);
	timer = strstr(asked(), "--on-active=90");
	stop = strstr(asked(), "systemctl stop keepalived");
	CHECK(timer && stop && strcmp(fake_site_get(&site, DRILL "/fault"), "vip\n") == 0);
	CHECK_STR(fake_site_get(&site, DRILL "/run"), "r1\n");
	CHECK(strstr(strstr(asked(), "--on-active=90"), "systemctl stop keepalived\n") != NULL);
	CHECK_INT(drill("end", ""), 0);
	CHECK_STR(cluster_fact(&site.h, "ended"), "run");
	CHECK(strstr(asked(), "systemctl start keepalived\n") != NULL);
	CHECK(strstr(asked(), "systemctl stop kubewright-drill.timer\n") != NULL);
	CHECK(!is_there(DRILL));
	CHECK_INT(drill("end", ""), 0);
	CHECK_STR(cluster_fact(&site.h, "ended"), "itself");
	fake_site_close(&site);
}

/* Without its end nothing is begun; and what cannot be ended is tried again. */
static void test_refused(void)
{
	open_site();
	fake_site_put(&site, "fails.systemd-run", 0644, "");
	CHECK_INT(drill("begin", "worker"), -1);
	CHECK(strstr(site.err.what, "systemd cannot start the timer that ends the fault; nothing was done") != NULL);
	CHECK(!strstr(asked(), "stop kubelet") && !is_there(DRILL));
	fake_site_sh(&site, "rm fails.systemd-run");
	CHECK_INT(drill("begin", "worker"), 0);
	fake_site_put(&site, "fails.systemctl", 0644, "");
	CHECK_INT(drill("end", ""), -1);
	CHECK(strstr(site.err.what, "the fault cannot be ended") != NULL);
	CHECK_STR(fake_site_get(&site, DRILL "/fault"), "worker\n");
	fake_site_sh(&site, "rm fails.systemctl");
	/* the next fault ends it first */
	CHECK_INT(drill("begin", "vip"), 0);
	CHECK(strstr(asked(), "systemctl start kubelet\n") != NULL);
	CHECK_STR(fake_site_get(&site, DRILL "/fault"), "vip\n");
	/* another run has the lock */
	fake_site_put(&site, "var/lib/kubewright/lock", 0600, "run=r2\n");
	CHECK_INT(drill("begin", "worker"), -1);
	CHECK(strstr(site.err.what, "the lock of this host is held by run r2") != NULL);
	fake_site_close(&site);
}

static void test_cut_off(void)
{
	open_site();
	CHECK_INT(drill("begin", "link"), -1);
	CHECK(strstr(site.err.what, "the port of this SSH connection is not known") != NULL);
	CHECK(!is_there(DRILL) && !is_there("rules"));
	fake_site_put(&site, "out.ss", 0644,
		"0 0 10.0.0.11:2222 10.0.0.1:50000 users:((\"sshd\",pid=7,fd=4))\n"
		"0 0 10.0.0.11:6443 10.0.0.2:50001 users:((\"kube-apiserver\",pid=8,fd=9))\n"
		"0 0 [::ffff:10.0.0.11]:22 [::ffff:10.0.0.3]:4 users:((\"sshd-session\",pid=9,fd=4))\n");
	CHECK_INT(drill("begin", "link"), 0);
	CHECK(strstr(fake_site_get(&site, "rules"), "tcp dport { 22,2222 } accept") != NULL);
	CHECK(strstr(fake_site_get(&site, "rules"), "arp saddr ip 10.0.0.100 drop") != NULL);
	CHECK_INT(drill("end", ""), 0);
	CHECK(strstr(asked(), "nft delete table inet kubewright_drill\n") != NULL);
	CHECK(strstr(asked(), "nft delete table arp kubewright_drill\n") != NULL);
	CHECK(!is_there(DRILL));
	/* rules that the kernel does not take */
	fake_site_put(&site, "fails.nft", 0644, "");
	CHECK_INT(drill("begin", "link"), -1);
	CHECK(strstr(site.err.what, "nft refuses the rules") != NULL);
	CHECK(!is_there(DRILL));
	fake_site_close(&site);
}

static void test_looks(void)
{
	open_site();
	CHECK_INT(drill("look", ""), 0);
	CHECK_STR(cluster_fact(&site.h, "held"), "no");
	CHECK_STR(cluster_fact(&site.h, "filter"), "yes");
	fake_site_put(&site, "out.ip", 0644, "2: eth0    inet 10.0.0.100/32 scope global eth0\n");
	CHECK_INT(drill("look", ""), 0);
	CHECK_STR(cluster_fact(&site.h, "held"), "yes");
	fake_site_close(&site);
}

static const char writes[] = "1000 1100 ok w-1\n"
			     "1400 1500 ok w-2\n"
			     "1800 2800 no w-3\n"
			     "3100 3900 ok w-4\n"
			     "4200 4300 ok w-5\n"
			     "4600 4700 ok w-6\n";
static const char reads[] = "1000 1050 ok\n1350 1400 ok\n1700 2700 no\n3000 4000 no\n4300 5300 no\n";

static void test_measures(void)
{
	open_site();
	fake_site_sh(&site, "mkdir -p " DRILL);
	fake_site_put(&site, DRILL "/fault", 0600, "measure\n");
	fake_site_put(&site, DRILL "/loops", 0600, "");
	fake_site_sh(&site, "touch " DRILL "/putback");
	fake_site_put(&site, DRILL "/writes", 0600, writes);
	fake_site_put(&site, DRILL "/reads", 0600, reads);
	CHECK_INT(measure("look"), 0);
	CHECK_STR(cluster_fact(&site.h, "writes_ok"), "3");
	CHECK_STR(cluster_fact(&site.h, "reads_ok"), "0");
	CHECK(strtoll(cluster_fact(&site.h, "now"), NULL, 10) > 1600000000000);
	/* w-2 was acknowledged, and is gone; w-3 was not */
	fake_site_put(&site, "out.kubectl", 0644, "configmap/w-1\nconfigmap/w-4\nconfigmap/w-5\nconfigmap/w-6\n");
	CHECK_INT(measure("end"), 0);
	CHECK_STR(cluster_fact(&site.h, "writes"), "6");
	CHECK_STR(cluster_fact(&site.h, "writes_failed"), "1");
	CHECK_STR(cluster_fact(&site.h, "write_pause"), "2400");
	CHECK_STR(cluster_fact(&site.h, "reads"), "5");
	CHECK_STR(cluster_fact(&site.h, "reads_failed"), "3");
	/* one that never succeeds again waits to the end */
	CHECK_STR(cluster_fact(&site.h, "read_pause"), "3900");
	CHECK_STR(cluster_fact(&site.h, "lost"), "1");
	CHECK(is_there(DRILL "/stop"));
	CHECK(strstr(asked(), "get configmaps -o name") != NULL);
	/* what is there is not known: nothing is said to be lost, or not */
	fake_site_put(&site, "fails.kubectl", 0644, "");
	CHECK_INT(measure("end"), -1);
	CHECK(strstr(site.err.what, "what was written cannot be read back") != NULL);
	fake_site_sh(&site, "rm -r " DRILL);
	CHECK_INT(measure("end"), -1);
	CHECK(strstr(site.err.what, "the writer and the reader had ended before") != NULL);
	fake_site_close(&site);
}

/* A namespace of that name which does not go is somebody else's: it is asked for by its label alone. */
static void test_namespace(void)
{
	open_site();
	fake_site_put(&site, "bin/date", 0755,
		"#!/bin/sh\nn=$(cat \"${0%/bin/*}/now\" 2>/dev/null || echo 1)\necho $((n + 100)) >\"${0%/bin/*}/now\"\necho $n\n");
	CHECK_INT(measure("begin"), -1);
	CHECK(strstr(site.err.what, "a namespace kubewright-drill is there and does not go away") != NULL);
	CHECK(strstr(asked(), "delete namespaces --selector=kubewright/drill=yes --wait=false\n") != NULL);
	CHECK(!strstr(asked(), "delete --raw") && !strstr(asked(), "kubewright-drill-measure"));
	/* what was armed for it asks for it in the same way, and is ended */
	CHECK_INT(drill("end", ""), 0);
	CHECK(!strstr(asked(), "delete --raw") && !is_there(DRILL));
	fake_site_close(&site);
}

static const struct test tests[] = {
	{ "drill.sh: a fault has its end before it begins", test_begins_and_ends },
	{ "drill.sh: what cannot be ended, or armed", test_refused },
	{ "drill.sh: cut off", test_cut_off },
	{ "drill.sh: who has the virtual IP", test_looks },
	{ "drill-measure.sh: what was measured", test_measures },
	{ "drill-measure.sh: a namespace of somebody else's", test_namespace },
};
TEST_MAIN(tests)
