/* A job that is begun, so that something else runs beside it, and followed later. */
#include "base/clock.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"
#include "tests/test.h"
#include "tests/unit/fake_site.h"

static struct fake_site site;

/* The job images as the run r1 sends it; how long it took, in ms. */
static int64_t send_job(const char *follow, const char *expect_run)
{
	char sum[65];
	int64_t begun = clock_mono_ms();

	pki_sha256_hex("true", 4, sum);
	const struct remote_param params[] = { { "job", "images" }, { "input", "cafe" }, { "script", "true" },
		{ "script_sum", sum }, { "expect_run", expect_run }, { "follow", follow }, { "beat", "1" } };
	if (!CHECK_INT(fake_site_run(&site, host_script_job, params, sizeof(params) / sizeof(params[0])), 0))
		printf("# %s: %s\n", site.err.what, site.log);
	return clock_mono_ms() - begun;
}

/* The unit of each job runs while there is a file up. */
static void open_host(void)
{
	fake_site_open(&site);
	fake_site_put(&site, "bin/systemctl", 0755,
		"#!/bin/sh\nd=${0%/bin/*}\ncase $1 in\nis-active) [ -e \"$d/up\" ] && echo active || { echo inactive; exit 3; } ;;\n"
		"show) echo 0 ;;\nesac\n");
	fake_site_put(
		&site, "bin/systemd-run", 0755, "#!/bin/sh\nd=${0%/bin/*}\necho started >>\"$d/told\"\n: >\"$d/up\"\n");
}

static void job_ends(int status)
{
	char command[256];

	snprintf(command, sizeof(command),
		"rm up; cd var/lib/kubewright/jobs/images && echo r1 >run && echo cafe >input && echo %d >status && echo images=7 >stdout",
		status);
	fake_site_sh(&site, command);
}

/* It is not waited for; later its result is taken, and it is not done twice. */
static void test_begun(void)
{
	open_host();
	CHECK(send_job("no", "") < TEST_SOON_MS);
	CHECK_STR(cluster_fact(&site.h, "attached"), "no");
	CHECK_STR(cluster_fact(&site.h, "status"), "");
	/* it runs, of this run or of an earlier one: left alone */
	CHECK(send_job("no", "r1") < TEST_SOON_MS);
	CHECK_STR(cluster_fact(&site.h, "attached"), "yes");
	job_ends(3);
	send_job("yes", "r1");
	CHECK_STR(cluster_fact(&site.h, "attached"), "yes");
	CHECK_STR(cluster_fact(&site.h, "status"), "3");
	CHECK_STR(cluster_fact(&site.h, "stdout"), "images=7\n");
	CHECK_STR(fake_site_get(&site, "told"), "started\n");
	fake_site_close(&site);
}

static const struct test tests[] = {
	{ "a job that is begun and followed later", test_begun },
};
TEST_MAIN(tests)
