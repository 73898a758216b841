/* kubeadm's copies of etcd's data: steps/host/upgrade.sh, run for real in a temporary folder, takes away those of each of its tries and no others. */
#include "steps/host/scripts.h"
#include "tests/test.h"
#include "tests/unit/fake_site.h"

#include <sys/stat.h>

#define TMP "etc/kubernetes/tmp/kubeadm-backup-etcd-"
#define BEGAN "var/lib/kubewright/etcd/upgrade-began"

static bool there(const struct fake_site *s, const char *name)
{
	struct stat st;

	return lstat(fake_site_path(s, name), &st) == 0;
}

/* A try; kubeadm makes a copy of this name, some time after it began, and ends with this status. */
static int try(struct fake_site *s, const char *copy, int status)
{
	static const struct remote_param params[] = { { "config", "" }, { "version", "1.36.2" }, { "mode", "node" },
		{ "role", "worker" }, { "renewal", "yes" } };
	char kubeadm[512];

	snprintf(kubeadm, sizeof(kubeadm),
		"#!/bin/sh\ncd %s && mkdir -p " TMP "%s/member && touch -d '+1 minute' " TMP "%s\nexit %d\n", s->dir,
		copy, copy, status);
	fake_site_put(s, "bin/kubeadm", 0755, kubeadm);
	fake_site_sh(s, "mkdir -p run/kubewright var/lib/kubewright");
	return fake_site_run(s, host_script_upgrade, params, sizeof(params) / sizeof(params[0]));
}

static void test_copies(void)
{
	struct fake_site s;

	fake_site_open(&s);
	fake_site_sh(&s, "mkdir -p " TMP "of-others && touch -d 2020-01-01 " TMP "of-others");
	CHECK_INT(try(&s, "failed", 1), -1);
	CHECK(there(&s, TMP "failed") && there(&s, BEGAN));
	/* as after a power failure: what that try had in /run is gone */
	fake_site_sh(&s, "rm -rf run");
	if (!CHECK_INT(try(&s, "good", 0), 0))
		printf("# %s: %s\n", s.err.what, s.log);
	CHECK(!there(&s, TMP "failed") && !there(&s, TMP "good") && !there(&s, BEGAN));
	CHECK(there(&s, TMP "of-others"));
	fake_site_close(&s);
}

static const struct test tests[] = { { "those of every try go with the one that ends well", test_copies } };
TEST_MAIN(tests)
