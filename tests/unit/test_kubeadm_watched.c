/* What runs beside kubeadm: the watch over the kubelet. */
#include "base/clock.h"
#include "tests/test.h"
#include "tests/unit/fake_site.h"

static struct fake_site site;

static const char watched[] =
	"main() { kw_rc=0; kubeadm_watched join --config x || kw_rc=$?; say done $kw_rc; }\nmain </dev/null\n";

/* Its end is seen at once, however long the watch over the kubelet rests. */
static void test_ends(void)
{
	int64_t begun;

	fake_site_open(&site);
	fake_site_put(&site, "bin/kubeadm", 0755, "#!/bin/sh\necho \"$*\" >\"${0%/bin/*}/told\"\nexit 3\n");
	fake_site_put(&site, "bin/journalctl", 0755, "#!/bin/sh\n");
	fake_site_put(&site, "bin/sleep", 0755, "#!/bin/sh\nexec /bin/sleep 40\n");
	begun = clock_mono_ms();
	CHECK_INT(fake_site_run(&site, watched, NULL, 0), 0);
	CHECK(clock_mono_ms() - begun < TEST_SOON_MS);
	CHECK_STR(cluster_fact(&site.h, "done"), "3");
	CHECK_STR(fake_site_get(&site, "told"), "join --config x\n");
	fake_site_close(&site);
}

/* A kubelet that refuses a static Pod is restarted while kubeadm waits for it. */
static void test_refused(void)
{
	fake_site_open(&site);
	fake_site_put(&site, "bin/kubeadm", 0755,
		"#!/bin/sh\ni=0\nuntil [ -e \"${0%/bin/*}/told\" ]; do /bin/sleep 0.1; i=$((i + 1)); [ $i -lt 300 ] || exit 1; done\n");
	fake_site_put(&site, "bin/journalctl", 0755,
		"#!/bin/sh\n[ -e \"${0%/bin/*}/told\" ] || echo 'Failed to admit pod etcd-cp1'\n");
	fake_site_put(&site, "bin/systemctl", 0755, "#!/bin/sh\necho \"$*\" >>\"${0%/bin/*}/told\"\n");
	CHECK_INT(fake_site_run(&site, watched, NULL, 0), 0);
	CHECK_STR(cluster_fact(&site.h, "done"), "0");
	CHECK_STR(fake_site_get(&site, "told"), "restart kubelet\n");
	fake_site_close(&site);
}

static const struct test tests[] = {
	{ "kubeadm's end is seen at once", test_ends },
	{ "a kubelet that refuses a Pod is restarted", test_refused },
};
TEST_MAIN(tests)
