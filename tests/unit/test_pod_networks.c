/* steps/host/pod_networks.sh and room.sh, run for real in a folder of their own: whose file comes first, which Pods have its network, and what is large. */
#include "base/file.h"
#include "base/error.h"
#include "base/str.h"
#include "steps/host/scripts.h"
#include "tests/test.h"

#include <sys/stat.h>
#include <utime.h>

static char dir[] = "/tmp/kubewright-test-XXXXXX";
#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void put(const char *name, const char *text, int64_t age_s)
{
	struct utimbuf times;
	struct stat st;
	char path[256];
	char *slash;
	struct error err = { 0 };

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	CHECK_INT(file_mkdirs(path, 0755, &err), 0);
	*slash = '/';
	CHECK_INT(file_write(path, text, strlen(text), 0644, &err), 0);
	CHECK_INT(stat(path, &st), 0);
	times.actime = times.modtime = st.st_mtime - age_s;
	CHECK_INT(utime(path, &times), 0);
}

static void replace(struct str *text, const char *from, const char *to)
{
	struct str out = STR_INIT;
	const char *p = text->buf, *hit;

	while ((hit = strstr(p, from)) != NULL) {
		str_addn(&out, p, (size_t)(hit - p));
		str_addf(&out, "%s/%s", dir, to);
		p = hit + strlen(from);
	}
	str_add(&out, p);
	str_release(text);
	*text = out;
}

/* What this shell text prints, after the script. */
static void run(const char *script, const char *call, struct str *out)
{
	struct str text = STR_INIT;
	char buf[4096];
	size_t n;
	FILE *pipe;

	str_addf(&text,
		"export LC_ALL=C; kw_state=/var/lib/kubewright\nhas() { command -v \"$1\" >/dev/null; }\nsay() { echo \"$1=$2\"; }\n%s\n%s\n",
		script, call);
	replace(&text, "/var/lib/kubewright", "state");
	replace(&text, "/etc/cni/net.d", "net.d");
	replace(&text, "/var/lib/cni", "cni");
	replace(&text, "/run/containerd", "run");
	replace(&text, "/var/lib/kubelet", "kubelet");
	replace(&text, "/var/lib/containerd", "images");
	put("script", text.buf, 0);
	str_clear(&text);
	str_addf(&text, "sh %s/script 2>&1", dir);
	pipe = popen(text.buf, "r");
	str_clear(out);
	while (CHECK(pipe) && (n = fread(buf, 1, sizeof(buf), pipe)) > 0)
		str_addn(out, buf, n);
	pclose(pipe);
	str_release(&text);
}

static void trees(const char *const *names)
{
	struct str text = STR_INIT;

	for (; *names; names++)
		str_addf(&text, "%s/net.d/%s\n", dir, *names);
	put("state/ledger/trees", text.buf, 1000);
	str_release(&text);
}

static void test_files(void)
{
	static const char *const before[] = { "00-old.conf", "10-lab.conflist", NULL };
	struct str out = STR_INIT;

	CHECK(mkdtemp(dir));
	put("net.d/00-old.conf", "{\"cniVersion\":\"0.3.1\",\"name\" : \"old\",\"type\":\"bridge\"}", 2000);
	/* rewritten by the pod network since, so its own */
	put("net.d/10-lab.conflist", "{\n  \"name\": \"lab\",\n  \"plugins\": [{\"name\":\"x\"}]}", 10);
	put("net.d/20-new.json", "{}", 10);
	put("net.d/readme", "{}", 10);
	/* no ledger: nothing is known */
	run(host_script_pod_networks, "cni_files", &out);
	CHECK_STR(out.buf, "");
	trees(before);
	run(host_script_pod_networks, "cni_files", &out);
	CHECK_STR(out.buf, "before 00-old.conf old\nsince 10-lab.conflist lab\nsince 20-new.json \n");
	str_release(&out);
}

static void pod(const char *network, const char *id, const char *name)
{
	char path[256], text[256];

	snprintf(path, sizeof(path), "cni/results/%s-%s-eth0", network, id);
	snprintf(text, sizeof(text),
		"{\"cniArgs\":[[\"K8S_POD_NAMESPACE\",\"kube-system\"],[\"K8S_POD_NAME\",\"%s\"]]}", name);
	put(path, text, 0);
}

static void test_pods(void)
{
	static const char *const before[] = { "00-old.conf", NULL };
	struct str out = STR_INIT;
	char wanted[256];

	CHECK(mkdtemp(dir));
	put("net.d/00-old.conf", "{\"name\":\"old\"}", 2000);
	put("net.d/10-lab.conflist", "{\"name\":\"lab\"}", 10);
	trees(before);
	pod("old", ID, "coredns-1");
	pod("lab", ID, "coredns-2");
	pod("old", "short", "x");
	/* its sandbox is gone */
	run(host_script_pod_networks, "cni_pods", &out);
	CHECK_STR(out.buf, "");
	put("run/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json", "{}", 0);
	snprintf(wanted, sizeof(wanted), "old kube-system/coredns-1 " ID " %s/cni/results/old-" ID "-eth0\n", dir);
	run(host_script_pod_networks, "cni_pods", &out);
	CHECK_STR(out.buf, wanted);
	/* moved aside, as the ledger says */
	put("state/ledger/list", "file|/etc/cni/net.d/00-old.conf|saved\nfile|/etc/fstab|saved\n", 0);
	put("state/ledger/files/%etc%cni%net.d%00-old.conf", "{\"name\":\"old\"}", 0);
	snprintf(wanted + 200, 56, "%s/net.d/00-old.conf", dir);
	CHECK_INT(unlink(wanted + 200), 0);
	run(host_script_pod_networks, "cni_pods", &out);
	CHECK(str_starts(out.buf, "old kube-system/coredns-1 " ID));
	str_release(&out);
}

static void test_room(void)
{
	struct str out = STR_INIT;

	CHECK(mkdtemp(dir));
	put("images/blob", "x", 0);
	run(host_script_room, "filesystems", &out);
	CHECK(strstr(out.buf, "nodefs ") && strstr(out.buf, "\nimagefs "));
	run(host_script_room,
		"short_of_room 'nodefs /x 1000 190 0 0' && echo short; short_of_room 'nodefs /x 1000 210 100 11' || echo room",
		&out);
	CHECK_STR(out.buf, "short\nroom\n");
	run(host_script_room, "short_of_room 'nodefs /x 1000 900 100 9' && echo inodes", &out);
	CHECK_STR(out.buf, "inodes\n");
	/* this kubelet ends Pods before that */
	put("kubelet/config.yaml", "evictionHard:\n  nodefs.available: \"95%\"\n", 0);
	run(host_script_room, "short_of_room 'nodefs /x 1000 900 0 0' && echo short", &out);
	CHECK_STR(out.buf, "short\n");
	run(host_script_room, "fills | grep -c images", &out);
	CHECK_STR(out.buf, "1\n");
	str_release(&out);
}

static void test_words(void)
{
	struct str out = STR_INIT;

	CHECK(mkdtemp(dir));
	put("log",
		"F1128 10:00:01.100000 11 server.go:269] failed (as it is)\n"
		"goroutine 1 [running]:\n"
		"k8s.io/kubernetes/vendor/k8s.io/klog/v2.stacks(0xc00000e001, 0xc000a6c000)\n"
		"\t/build/klog.go:1026 +0xb9\n\n"
		"created by os/signal.Notify.func1.1\n"
		"2026-11-28T10:00:00.123456789Z stderr F panic: no\n"
		"2026-11-28T10:00:00.123456789Z stderr F \n"
		"2026-11-28T10:00:00.123456789Z stderr F goroutine 7 [select]:\n"
		"2026-11-28T10:00:00.123456789Z stderr F main.main()\n",
		0);
	run(host_script_words, "without_stacks <${0%/script}/log", &out);
	CHECK_STR(out.buf,
		"F1128 10:00:01.100000 11 server.go:269] failed (as it is)\n2026-11-28T10:00:00.123456789Z stderr F panic: no\n");
	str_release(&out);
}

static const struct test tests[] = {
	{ "whose file comes first", test_files },
	{ "Pods of another network", test_pods },
	{ "room", test_room },
	{ "a log without stacks", test_words },
};
TEST_MAIN(tests)
