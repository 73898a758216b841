/* steps/host/support.sh: the ends of logs, as they are, and one byte more than was asked for. */
#include "tests/test.h"

#include "base/alloc.h"
#include "steps/host/scripts.h"
#include "tests/unit/fake_site.h"

static struct fake_site site;

static const char *piece(const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), "piece.%s", name);
	return cluster_fact(&site.h, word);
}

static void run(const char *pieces)
{
	const struct remote_param params[] = { { "pieces", pieces } };

	if (!CHECK_INT(fake_site_run(&site, host_script_support, params, 1), 0))
		printf("# %s\n%s\n", site.err.what, site.log);
}

static void test_pieces(void)
{
	char *pieces;

	fake_site_open(&site);
	fake_site_put(&site, "proc/uptime", 0644, "1000.50 900.00\n");
	fake_site_put(&site, "bin/journalctl", 0755, "#!/bin/sh\necho \"asked: $*\"\necho no >&2\n");
	fake_site_put(&site, "var/log/pods/kube-system_etcd-cp1_1/etcd/0.log", 0600, "the first one died\n");
	fake_site_put(&site, "var/log/pods/kube-system_etcd-cp1_1/etcd/1.log", 0600, "the second one runs\n");
	fake_site_put(&site, "var/log/pods/kube-system_etcd-cp1_1/etcd/2.log", 0600, "older than both\n");
	fake_site_sh(&site, "cd var/log/pods/*/etcd; touch -d '-2 hours' 0.log; touch -d '-3 hours' 2.log");
	fake_site_put(&site, "var/log/pods/kube-system_kube-proxy-x_2/kube-proxy/0.log", 0600, "alone\n");
	fake_site_put(&site, "var/lib/kubewright/history", 0600, "0123456789\n");
	fake_site_put(&site, "var/lib/kubewright/jobs/init/log", 0600, "[init] done\n");
	fake_site_put(&site, "var/lib/kubewright/jobs/init/status", 0600, "0");
	pieces = xasprintf("kubelet unit 1000 kubelet\nkernel unit 1000 -k\netcd container 1000 etcd\n"
			   "kube-proxy container 1000 kube-proxy\nkube-scheduler container 1000 kube-scheduler\n"
			   "history file 4 %s\njobs jobs 1000 \nversions versions 5000 \nother unknown 10 x\n",
		fake_site_path(&site, "var/lib/kubewright/history"));
	run(pieces);
	CHECK_STR(piece("kubelet"), "asked: -q --no-pager -o short-iso -n 20000 -u kubelet\nno\n");
	CHECK_STR(piece("kernel"), "asked: -q --no-pager -o short-iso -n 20000 -k\nno\n");
	CHECK(str_starts(piece("etcd"), "== ") && strstr(piece("etcd"), "/0.log\nthe first one died\n== "));
	CHECK(str_ends(piece("etcd"), "/1.log\nthe second one runs\n") && !strstr(piece("etcd"), "older"));
	CHECK(str_ends(piece("kube-proxy"), "/0.log\nalone\n"));
	CHECK_STR(piece("kube-scheduler"), "");
	/* one byte more shows that it was cut */
	CHECK_STR(piece("history"), "6789\n");
	CHECK_STR(piece("jobs"), "== init, status 0\n[init] done\n");
	CHECK(strstr(piece("versions"), "Linux "));
	CHECK(remote_answer_get(&site.h.facts, "piece.other"));
	free(pieces);
	fake_site_close(&site);
}

/* What hangs costs its time and not the others. */
static void test_slow(void)
{
	fake_site_open(&site);
	fake_site_put(&site, "bin/timeout", 0755,
		"#!/bin/sh\nshift 3\ncase \" $* \" in *' -k '*) exit 124 ;; esac\nexec \"$@\"\n");
	fake_site_put(&site, "proc/uptime", 0644, "1000.50 900.00\n");
	fake_site_put(&site, "bin/journalctl", 0755, "#!/bin/sh\necho \"$6 $7 $8\"\n");
	run("kernel unit 1000 -k\nkubelet unit 1000 kubelet\n");
	CHECK_STR(piece("kubelet"), "20000 -u kubelet\n");
	CHECK(strstr(site.log, "rm") == NULL);
	fake_site_close(&site);
}

static const struct test tests[] = {
	{ "pieces", test_pieces },
	{ "a command that hangs", test_slow },
};
TEST_MAIN(tests)
