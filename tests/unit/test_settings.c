/* kubelet.config and kubeproxy.config: what the kubelet and kube-proxy would ignore or refuse is refused at its place. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "tests/test.h"

/* The complaints about an inventory with these lines; "" when there are none. The caller releases out. */
static void complaints(const char *version, const char *lines, struct str *out)
{
	struct inventory_problems problems;
	struct error err = { 0 };
	char *text = xasprintf(
		"cluster: c\nkubernetes: {version: %s, repository: {url: 'http://r/'}}\nnetwork: {cni: none}\n"
		"hosts: [{name: cp1, address: 10.0.0.11, role: control-plane}]\n%s\n",
		version, lines);
	struct inventory *inv = inventory_parse("f", text, strlen(text), NULL, 0, &problems, &err);

	for (size_t i = 0; i < problems.count; i++)
		str_addf(out, "%s%d: %s%s", i ? "\n" : "", problems.list[i].line,
			problems.list[i].warning ? "warning " : "", problems.list[i].text);
	inventory_free(inv);
	free(text);
}

#define NEW "1.36.2"
#define OLD "1.20.2"

static const struct {
	const char *version, *lines, *want;
} cases[] = {
	{ NEW, "kubelet: {config: {maxPods: 200, evictionHard: {memory.available: 1Gi}}}", "" },
	{ NEW, "kubelet: {config: {maxPod: 200}}",
		"5: unknown setting 'maxPod' in 'kubelet.config'; did you mean 'maxPods'?" },
	{ NEW, "kubelet: {config: {evictionHardd: {memory.available: 1Gi}}}",
		"5: unknown setting 'evictionHardd' in 'kubelet.config'; did you mean 'evictionHard'?" },
	{ NEW, "kubelet: {config: {maxPods: \"200\"}}",
		"5: 'maxPods' in 'kubelet.config' must be a whole number, not text: remove the quotes" },
	{ NEW, "kubelet: {config: {maxPods: many}}",
		"5: 'maxPods' in 'kubelet.config' must be a whole number, not text" },
	{ NEW, "kubelet: {config: {maxPods: 1.5}}",
		"5: 'maxPods' in 'kubelet.config' must be a whole number, not a number" },
	{ NEW, "kubelet: {config: {maxPods: 3000000000}}", "5: 'maxPods' in 'kubelet.config' is out of range" },
	{ NEW, "kubelet: {config: {podPidsLimit: 3000000000, maxPods: 0x10}}", "" },
	{ NEW, "kubelet: {config: {failSwapOn: 'false'}}",
		"5: 'failSwapOn' in 'kubelet.config' must be true or false, not text: remove the quotes" },
	{ NEW, "kubelet: {config: {failSwapOn: 1}}",
		"5: 'failSwapOn' in 'kubelet.config' must be true or false, not a number" },
	{ NEW, "kubelet: {config: {clusterDomain: 7}}",
		"5: 'clusterDomain' in 'kubelet.config' must be text, not a number: put it in quotes" },
	{ NEW, "kubelet: {config: {evictionHard: {memory.available: 100}}}",
		"5: 'memory.available' in 'kubelet.config' must be text, not a number: put it in quotes" },
	{ NEW, "kubelet: {config: {evictionHard: 1Gi}}",
		"5: 'evictionHard' in 'kubelet.config' must be a map of names and values, not a single value" },
	{ NEW, "kubelet: {config: {featureGates: {A: true, B: \"true\"}}}",
		"5: 'B' in 'kubelet.config' must be true or false, not text: remove the quotes" },
	{ NEW, "kubelet: {config: {clusterDNS: 10.96.0.10}}",
		"5: 'clusterDNS' in 'kubelet.config' must be a list, not a single value" },
	{ NEW, "kubelet: {config: {clusterDNS: [10.96.0.10], tlsCurvePreferences: [29]}}", "" },
	{ NEW, "kubelet: {config: {tlsCurvePreferences: [X25519]}}",
		"5: 'tlsCurvePreferences' in 'kubelet.config' must be a whole number, not text" },
	{ NEW, "kubelet: {config: {syncFrequency: 1m30s, fileCheckFrequency: 1.5h, httpCheckFrequency: 100ms, cpuCFSQuotaPeriod: '0'}}",
		"" },
	{ NEW, "kubelet: {config: {syncFrequency: 60}}",
		"5: 'syncFrequency' in 'kubelet.config' must be a time like 30s or 1m0s, not a number" },
	{ NEW, "kubelet: {config: {syncFrequency: 1 minute}}",
		"5: 'syncFrequency' in 'kubelet.config' must be a time like 30s or 1m0s, not '1 minute'" },
	{ NEW, "kubelet: {config: {authentication: {anonymous: {enabled: false}, x509: {clientCaFile: /x}}}}",
		"5: unknown setting 'clientCaFile' in 'kubelet.config'; did you mean 'clientCAFile'?" },
	{ NEW, "kubelet: {config: {authentication: true}}",
		"5: 'authentication' in 'kubelet.config' must be a map of settings, not a single value" },
	{ NEW, "kubelet: {config: {shutdownGracePeriodByPodPriority: [{priority: 1, shutdownGracePeriodSeconds: x}]}}",
		"5: 'shutdownGracePeriodSeconds' in 'kubelet.config' must be a whole number, not text" },
	{ NEW, "kubelet: {config: {reservedMemory: [{numaNode: 0, limits: {memory: 1Gi, hugepages-2Mi: 0}}], memoryThrottlingFactor: 1}}",
		"" },
	{ NEW, "kubelet: {config: {reservedMemory: {numaNode: 0}}}",
		"5: 'reservedMemory' in 'kubelet.config' must be a list of maps, not a map" },
	{ NEW, "kubelet: {config: {zebra: 1}}",
		"5: unknown setting 'zebra' in 'kubelet.config': Kubernetes 1.36 has no such setting (if a newer patch has it, set "
		"preflight.ignore: [unknown-setting])" },
	{ NEW, "kubelet: {config: {zebra: 1, maxPods: x}}\npreflight: {ignore: [unknown-setting]}",
		"5: warning unknown setting 'zebra' in 'kubelet.config': Kubernetes 1.36 has no such setting (if a newer patch has "
		"it, set preflight.ignore: [unknown-setting])\n5: 'maxPods' in 'kubelet.config' must be a whole number, not text" },
	{ NEW, "kubelet: {config: {maxPods: null, evictionHard: ~}}", "" },
	{ NEW, "kubelet:\n  config:\n    kubeReserved:\n      cpu: 500m\n      memory: 1",
		"9: 'memory' in 'kubelet.config' must be text, not a number: put it in quotes" },
	{ NEW, "kubeproxy: {config: {mode: nftables, conntrack: {maxPerCore: 0}, ipvs: {strictArp: true}}}",
		"5: unknown setting 'strictArp' in 'kubeproxy.config'; did you mean 'strictARP'?" },
	{ NEW, "kubeproxy: {config: {clientConnection: {qps: 1.5, burst: 10}, maxPods: 1}}",
		"5: unknown setting 'maxPods' in 'kubeproxy.config': Kubernetes 1.36 has no such setting (if a newer patch has it, set "
		"preflight.ignore: [unknown-setting])" },
	/* by release */
	{ OLD, "kubelet: {config: {failCgroupV1: false}}",
		"5: unknown setting 'failCgroupV1' in 'kubelet.config': Kubernetes 1.20 has no such setting" },
	{ OLD, "kubelet: {config: {memorySwap: {swapBehavior: NoSwap}}}",
		"5: unknown setting 'memorySwap' in 'kubelet.config': Kubernetes 1.20 has no such setting" },
	{ OLD, "kubeproxy: {config: {udpIdleTimeout: 250ms}}", "" },
	{ NEW, "kubeproxy: {config: {udpIdleTimeout: 250ms}}",
		"5: unknown setting 'udpIdleTimeout' in 'kubeproxy.config': Kubernetes 1.36 has no such setting" },
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str got = STR_INIT;

		complaints(cases[i].version, cases[i].lines, &got);
		if (!CHECK_STR(got.buf, cases[i].want))
			printf("# row %zu: %s\n", i, cases[i].lines);
		str_release(&got);
	}
}

static const struct test tests[] = {
	{ "names and types", test_cases },
};
TEST_MAIN(tests)
