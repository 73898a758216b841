/* A kubelet's certificates are found to have ended, on a worker too, and the last words of a log are what an operator can use. */
#include "tests/unit/health_rack.h"

#define SERVING "cert./var/lib/kubelet/pki/kubelet.crt"

/* A client certificate that is valid for so long from now on. */
static void certificate(int host, const char *word, int64_t seconds)
{
	struct secret cert = { 0 }, key = { 0 };
	struct error err = { 0 };

	CHECK_INT(pki_client_certificate(store, PKI_ISSUER_CLUSTER, "n", NULL, seconds, &cert, &key, &err), 0);
	set(host, word, cert.text);
	secret_release(&cert);
	secret_release(&key);
}

static const struct finding *found(const char *name)
{
	look();
	for (size_t i = 0; i < rack.found.count; i++)
		if (strcmp(rack.found.list[i].name, name) == 0)
			return &rack.found.list[i];
	return NULL;
}

static void test_expired(void)
{
	const struct finding *f;

	rack_up();
	certificate(3, "kubelet_cert", 60);
	rack.view.now_s += 3600;
	finds(__LINE__, 3, "certificate-expired",
		"client certificate in /var/lib/kubelet/pki/kubelet-client-current.pem has expired", "kubelet-conf");
	CHECK(health_remediable(&rack.found.list[0]));
	/* it ends in a loop of restarts: repair starts it, and not in vain */
	set(3, "unit.kubelet", "activating");
	f = found("kubelet-down");
	CHECK(f && strstr(f->why, "client certificate has expired") && strstr(f->remedy, "renews the certificate"));
	rack_down();
}

static void test_serving(void)
{
	rack_up();
	certificate(3, SERVING, 60);
	rack.view.now_s += 3600;
	finds(__LINE__, 3, "certificate-expired", "serving certificate in /var/lib/kubelet/pki/kubelet.crt has expired",
		"kubelet-serving");
	CHECK_INT(rack.found.list[0].level, FINDING_WARNING);
	rack_down();
}

/* A short one is not overdue because it is short; one that should have been renewed is. */
static void test_overdue(void)
{
	rack_up();
	certificate(3, "kubelet_cert", 20 * 86400);
	look();
	CHECK_INT(rack.found.count, 0);
	rack.view.now_s += 19 * 86400;
	finds(__LINE__, 3, "certificate-expiring", "ends in 1 day and was not renewed", "kubelet-conf");
	rack_down();
}

static void test_other_ca(void)
{
	rack_up();
	set(3, "kubelet_cert", pki_store_pem(store, PKI_FRONT_PROXY_CA_CRT));
	finds(__LINE__, 3, "certificate-wrong", "is not signed by the cluster's CA", "kubelet-conf");
	rack_down();
}

/* Every family that a control plane has; its CAs are reported, and not made again. */
static void test_families(void)
{
	static const char *const paths[] = { "/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf",
		"/etc/kubernetes/scheduler.conf", "/etc/kubernetes/pki/apiserver.crt",
		"/etc/kubernetes/pki/etcd/healthcheck-client.crt" };
	char word[96];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		rack_up();
		snprintf(word, sizeof(word), "cert.%s", paths[i]);
		certificate(1, word, 60);
		rack.view.now_s += 3600;
		CHECK(found("certificate-expired") && strstr(found("certificate-expired")->what, paths[i]));
		rack_down();
	}
	rack_up();
	certificate(1, "cert./etc/kubernetes/pki/ca.crt", 60);
	rack.view.now_s += 3600;
	finds(__LINE__, 1, "certificate-expired", "/etc/kubernetes/pki/ca.crt has expired", "");
	rack_down();
}

static void why(const char *log, const char *wanted)
{
	rack_up();
	set(3, "unit.kubelet", "activating");
	set(3, "log.kubelet", log);
	finds(__LINE__, 3, "kubelet-down", "being restarted", "unit kubelet");
	if (!CHECK(strstr(rack.found.list[0].why, wanted)))
		printf("# %s\n", rack.found.list[0].why);
	rack_down();
}

static void test_last_words(void)
{
	why("I1128 10:00:00.100000    11 server.go:1] starting\n"
	    "F1128 10:00:01.100000    11 server.go:269] failed to do a thing: no such thing\n"
	    "goroutine 1 [running]:\n"
	    "k8s.io/kubernetes/vendor/k8s.io/klog/v2.stacks(0xc00000e001, 0xc000a6c000, 0x9f, 0x2a5)\n"
	    "\t/build/klog.go:1026 +0xb9\n"
	    "created by os/signal.Notify.func1.1\n"
	    "os/signal/signal.go:151 +0x2a\n"
	    "kubelet.service: Main process exited, code=exited, status=255/EXCEPTION\n",
		"its log: failed to do a thing: no such thing");
	why("panic: runtime error: index out of range [3] with length 3\n\ngoroutine 7 [running]:\nmain.main()\n\t/x.go:3 +0x1d\n",
		"its log: panic: runtime error: index out of range");
	why("E1128 10:00:01.100000    11 a.go:9] the first\nI1128 10:00:02.100000    11 a.go:9] all is well\n",
		"its log: the first");
	/* why it ended last time, not what the next attempt says so far */
	why("F1128 10:00:01.100000    11 server.go:269] failed to do a thing\n"
	    "I1128 10:00:11.100000    12 server.go:1] starting\n"
	    "E1128 10:00:12.100000    12 a.go:9] something smaller\n",
		"its log: failed to do a thing");
	/* as the container runtime keeps it */
	why("2026-11-28T10:00:00.123456789Z stderr F E1128 10:00:01.100000       1 run.go:74] \"command failed\" err=\"x\"\n"
	    "2026-11-28T10:00:00.123456789Z stderr F net/http/transport.go:1419 +0x3f2\n",
		"its log: \"command failed\" err=\"x\"");
	/* a line that only looks like something is better than none */
	why("unknown flag: --nonsense\nmain.main()\n", "its log: unknown flag: --nonsense");
	why("F1128 10:00:01.100000 11 server.go:269] failed to run Kubelet: unable to load bootstrap kubeconfig: stat "
	    "/etc/kubernetes/bootstrap-kubelet.conf: no such file or directory\n",
		"no valid client certificate");
}

static const struct test tests[] = {
	{ "an expired client certificate", test_expired },
	{ "an expired serving certificate", test_serving },
	{ "a certificate that was not renewed", test_overdue },
	{ "a certificate of another CA", test_other_ca },
	{ "every family of certificates", test_families },
	{ "last words", test_last_words },
};
TEST_MAIN(tests)
