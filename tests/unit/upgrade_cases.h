/* A clean cluster on its way to a new minor version, and a row for each case of each finding in its way. */
#ifndef TESTS_UNIT_UPGRADE_CASES_H
#define TESTS_UNIT_UPGRADE_CASES_H

#include "cluster/upgrade.h"
#include "inventory/release.h"
#include "tests/unit/health_rack.h"

enum { E = FINDING_ERROR, W = FINDING_WARNING, SILENT };
enum { CLUSTER = -1, CP1, CP2, CP3, W1 };

static struct upgrade {
	struct upgrade_view view;
	struct upgrade_seen seen;
	struct findings found;
	bool due[HOSTS];
} up;

/* What a case changes. */
enum change {
	FACT,    /* of the host: word, text */
	FLAG,    /* the same, on the way from 1.34 to 1.35 */
	NODE,    /* version of the Node of the host */
	GONE,    /* the host is not looked at */
	TO,      /* the version that is wanted */
	RUNS,    /* oldest and newest, "1.35.6 1.36.2" */
	MEMBER,  /* of etcd: "VERSION MIB" of the host's */
	DEAD,    /* the members of so many hosts do not answer */
	LEARNER, /* the host's member is one */
	CONFIG,  /* ClusterConfiguration */
	KUBELET, /* KubeletConfiguration */
	CRDS,
	WEBHOOKS, /* whose Service has no endpoint */
	SERVED,   /* the same, with one */
	API_SERVICES,
	BUDGETS, /* and the pods below */
	POD,
	API_PODS,
	PROXY,
	METRICS,
	COREFILE,
	ALARM,
	UNKNOWN,
	NOT_ASKED,
	POD_UNWELL,
	DNS,
	UNREADY,
	PRESSURE,
	ENDS, /* the days that certificates still have */
	CLOCK,
	CANNOT,
	NOT_READY_API,
};

#define TYPED(kind, status) "\"status\":{\"conditions\":[{\"type\":\"" kind "\",\"status\":\"" status "\"}]}"
#define POD_OF(node, more) \
	"{\"metadata\":{\"namespace\":\"ns\",\"name\":\"p\",\"labels\":{\"app\":\"db\"}" more \
	"},\"spec\":{\"nodeName\":\"" node "\"}}"
#define OWNED ",\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"controller\":true}]"
#define HOOK(groups, policy) \
	"{\"items\":[{\"metadata\":{\"name\":\"c\"},\"webhooks\":[{\"name\":\"h\"" policy \
	",\"clientConfig\":{\"service\":{\"namespace\":\"ns\",\"name\":\"s\"}},\"rules\":[{\"apiGroups\":[" groups \
	"]}]}]}]}"
#define BUDGET(allowed, selector) \
	"{\"items\":[{\"metadata\":{\"namespace\":\"ns\",\"name\":\"b\"},\"spec\":{\"selector\":" selector \
	"},\"status\":{\"disruptionsAllowed\":" allowed ",\"expectedPods\":1}}]}"
#define API_POD(name, node, phase, image) \
	"{\"metadata\":{\"namespace\":\"kube-system\",\"name\":\"" name "\"},\"spec\":{\"nodeName\":\"" node \
	"\",\"containers\":[{\"image\":\"" image "\"}]},\"status\":{\"phase\":\"" phase "\"}}"
#define PROXY_OF(tag) "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"image\":\"r/kube-proxy:" tag "\"}]}}}}"
#define USES(release) \
	"# HELP x\napiserver_requested_deprecated_apis{group=\"g\",removed_release=\"" release \
	"\",resource=\"things\",subresource=\"\",version=\"v1beta1\"} 1\n"

static const struct {
	int line;
	const char *name;
	int level, host; /* of the finding */
	const char *what;
	enum change change;
	int at; /* host of the change */
	const char *word, *text;
} cases[] = {
	{ __LINE__, "version-skipped", E, CLUSTER, "skips 2 minor versions", RUNS, 0, NULL, "1.33.9 1.33.9" },
	{ __LINE__, "version-skipped", SILENT, 0, NULL, RUNS, 0, NULL, "1.35.0 1.35.0" },
	{ __LINE__, "version-older", E, CLUSTER, "1.36.3 runs, and 1.36.2 is older", RUNS, 0, NULL, "1.35.6 1.36.3" },
	{ __LINE__, "version-older", SILENT, 0, NULL, RUNS, 0, NULL, "1.35.6 1.36.2" },
	{ __LINE__, "api-server-skew", E, CLUSTER, "1.33.1 and 1.35.6", FACT, CP2, "image.kube-apiserver", "v1.33.1" },
	{ __LINE__, "api-server-skew", SILENT, 0, NULL, FACT, CP2, "image.kube-apiserver", "v1.34.9" },
	{ __LINE__, "kubelet-skew", E, CLUSTER, "w1 (1.36.0)", NODE, W1, NULL, "1.36.0" },
	{ __LINE__, "kubelet-skew", E, CLUSTER, "w1 (1.32.9)", NODE, W1, NULL, "1.32.9" },
	{ __LINE__, "kubelet-skew", SILENT, 0, NULL, NODE, W1, NULL, "1.33.0" },
	{ __LINE__, "component-skew", E, CP2, "kube-scheduler v1.36.0 is newer", FACT, CP2, "image.kube-scheduler",
		"v1.36.0" },
	{ __LINE__, "component-skew", E, CP2, "more than one minor version older", FACT, CP2,
		"image.kube-controller-manager", "v1.33.0" },
	{ __LINE__, "component-skew", SILENT, 0, NULL, FACT, CP2, "image.kube-scheduler", "v1.34.0" },
	{ __LINE__, "kube-proxy-skew", E, CLUSTER, "1.36.0 is newer than the API server 1.35.6", PROXY, 0, NULL,
		PROXY_OF("v1.36.0") },
	{ __LINE__, "kube-proxy-skew", E, CLUSTER, "more than three minor versions older", PROXY, 0, NULL,
		PROXY_OF("v1.31.0") },
	{ __LINE__, "kube-proxy-skew", SILENT, 0, NULL, PROXY, 0, NULL, PROXY_OF("v1.34.9") },
	{ __LINE__, "host-unreachable", E, CP2, "cp2 could not be looked at", GONE, CP2, NULL, NULL },
	{ __LINE__, "host-unreachable", W, W1, "w1 could not be looked at", GONE, W1, NULL, NULL },
	{ __LINE__, "etcd-alarm", E, CLUSTER, "NOSPACE of member 101", ALARM, 0, NULL, "NOSPACE" },
	{ __LINE__, "etcd-quorum-fragile", E, CLUSTER, "2 of 3 etcd voters", DEAD, 1, NULL, NULL },
	{ __LINE__, "etcd-too-old", E, CLUSTER, "cp2 runs 3.5.24; its upgrade starts from 3.5.26", MEMBER, CP2, NULL,
		"3.5.24 100" },
	{ __LINE__, "etcd-too-old", SILENT, 0, NULL, MEMBER, CP2, NULL, "3.5.26 100" },
	{ __LINE__, "etcd-image-pinned", E, CLUSTER, "pins etcd to 3.5.31-0", CONFIG, 0, NULL,
		"{\"etcd\":{\"local\":{\"imageTag\":\"3.5.31-0\"}}}" },
	{ __LINE__, "etcd-image-pinned", SILENT, 0, NULL, CONFIG, 0, NULL,
		"{\"etcd\":{\"local\":{\"imageTag\":\"3.6.8-0\"}}}" },
	{ __LINE__, "etcd-copy-space", E, CP2, "1024 MiB are free", MEMBER, CP2, NULL, "3.6.8 2000" },
	{ __LINE__, "etcd-copy-space", SILENT, 0, NULL, MEMBER, CP2, NULL, "3.6.8 500" },
	{ __LINE__, "etcd-flag-deprecated", W, CLUSTER, "--experimental-x", CONFIG, 0, NULL,
		"{\"etcd\":{\"local\":{\"extraArgs\":[{\"name\":\"experimental-x\",\"value\":\"1\"}]}}}" },
	{ __LINE__, "flag-removed", E, CP2, "--pod-infra-container-image in /etc/default/kubelet", FLAG, CP2,
		"kubelet_args", "/etc/default/kubelet --v\n/etc/default/kubelet --pod-infra-container-image" },
	{ __LINE__, "flag-removed", SILENT, 0, NULL, FLAG, CP2, "kubelet_args",
		"/var/lib/kubelet/kubeadm-flags.env --pod-infra-container-image" },
	{ __LINE__, "flag-removed", SILENT, 0, NULL, FLAG, CP2, "kubelet_args", "/etc/default/kubelet --node-ip" },
	{ __LINE__, "feature-gate-removed", E, CLUSTER, "kube-apiserver has the feature gate CSIMigrationPortworx",
		CONFIG, 0, NULL,
		"{\"apiServer\":{\"extraArgs\":[{\"name\":\"feature-gates\",\"value\":\"X=true,"
		"CSIMigrationPortworx=false\"}]}}" },
	{ __LINE__, "feature-gate-removed", E, CLUSTER, "the kubelet has the feature gate CSIMigrationPortworx",
		KUBELET, 0, NULL, "{\"featureGates\":{\"CSIMigrationPortworx\":true}}" },
	{ __LINE__, "feature-gate-removed", E, W1, "InTreePluginPortworxUnregister", FACT, W1, "kubelet_args",
		"/etc/default/kubelet --feature-gates=A=true,InTreePluginPortworxUnregister=true" },
	{ __LINE__, "feature-gate-removed", SILENT, 0, NULL, CONFIG, 0, NULL,
		"{\"scheduler\":{\"extraArgs\":{\"feature-gates\":\"Y=true\"}}}" },
	{ __LINE__, "api-removed", E, CLUSTER, "things of g/v1beta1 is used, and Kubernetes 1.36 removes it", METRICS,
		CP2, NULL, USES("1.36") },
	{ __LINE__, "api-removed", SILENT, 0, NULL, METRICS, CP2, NULL, USES("1.37") },
	{ __LINE__, "api-removed", SILENT, 0, NULL, METRICS, CP2, NULL, USES("") },
	{ __LINE__, "crd-stored-version", W, CLUSTER, "x.g has objects stored as v1alpha1", CRDS, 0, NULL,
		"{\"items\":[{\"metadata\":{\"name\":\"x.g\"},\"spec\":{\"versions\":[{\"name\":\"v1\","
		"\"served\":true},{\"name\":\"v1alpha1\",\"served\":false}]},"
		"\"status\":{\"storedVersions\":[\"v1alpha1\",\"v1\"]}}]}" },
	{ __LINE__, "crd-stored-version", SILENT, 0, NULL, CRDS, 0, NULL,
		"{\"items\":[{\"metadata\":{\"name\":\"x.g\"},\"spec\":{\"versions\":[{\"name\":\"v1\","
		"\"served\":true}]},\"status\":{\"storedVersions\":[\"v1\"]}}]}" },
	{ __LINE__, "webhook-without-endpoint", E, CLUSTER, "h of c has failurePolicy Fail, and its Service ns/s",
		WEBHOOKS, 0, NULL, HOOK("\"\"", ",\"failurePolicy\":\"Fail\"") },
	{ __LINE__, "webhook-without-endpoint", W, CLUSTER, "h of c", WEBHOOKS, 0, NULL, HOOK("\"cert.io\"", "") },
	{ __LINE__, "webhook-without-endpoint", SILENT, 0, NULL, WEBHOOKS, 0, NULL,
		HOOK("\"*\"", ",\"failurePolicy\":\"Ignore\"") },
	{ __LINE__, "webhook-without-endpoint", SILENT, 0, NULL, SERVED, 0, NULL, HOOK("\"*\"", "") },
	{ __LINE__, "api-service-unavailable", W, CLUSTER, "v1.metrics is not available: no endpoints", API_SERVICES, 0,
		NULL,
		"{\"items\":[{\"metadata\":{\"name\":\"v1.metrics\"},"
		"\"status\":{\"conditions\":[{\"type\":\"Available\",\"status\":\"False\","
		"\"message\":\"no endpoints\"}]}}]}" },
	{ __LINE__, "api-service-unavailable", SILENT, 0, NULL, API_SERVICES, 0, NULL,
		"{\"items\":[{\"metadata\":{\"name\":\"v1.\"}," TYPED("Available", "True") "}]}" },
	{ __LINE__, "eviction-forbidden", E, CLUSTER, "ns/b allows no eviction of ns/p on w1", BUDGETS, 0,
		BUDGET("0", "{\"matchLabels\":{\"app\":\"db\"}}"), POD_OF("w1", OWNED) },
	{ __LINE__, "eviction-forbidden", SILENT, 0, NULL, BUDGETS, 0,
		BUDGET("0", "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":[\"db\"]}]}"),
		POD_OF("w1", OWNED) },
	{ __LINE__, "eviction-forbidden", SILENT, 0, NULL, BUDGETS, 0, BUDGET("1", "{}"), POD_OF("w1", OWNED) },
	/* a Node that is not of the inventory keeps its kubelet */
	{ __LINE__, "eviction-forbidden", SILENT, 0, NULL, BUDGETS, 0, BUDGET("0", "{}"), POD_OF("w9", OWNED) },
	{ __LINE__, "pod-without-controller", E, CLUSTER, "ns/p on w1", POD, 0, NULL, POD_OF("w1", "") },
	{ __LINE__, "pod-without-controller", SILENT, 0, NULL, POD, 0, NULL, POD_OF("w1", OWNED) },
	{ __LINE__, "pod-local-data", W, CLUSTER, "ns/q on cp1", POD, 0, NULL,
		"{\"metadata\":{\"namespace\":\"ns\",\"name\":\"q\"" OWNED
		"},\"spec\":{\"nodeName\":\"cp1\",\"volumes\":[{\"emptyDir\":{}}]}}" },
	{ __LINE__, "pod-local-data", SILENT, 0, NULL, POD, 0, NULL,
		"{\"metadata\":{\"namespace\":\"ns\",\"name\":\"q\"" OWNED
		"},\"spec\":{\"nodeName\":\"cp1\",\"volumes\":[{\"emptyDir\":{\"medium\":\"Memory\"}}]}}" },
	{ __LINE__, "api-server-pod-stale", E, CLUSTER, "of the Node cp9, which does not exist", API_PODS, 0, NULL,
		"{\"items\":[" API_POD("kube-apiserver-cp9", "cp9", "Running", "r/k:v1") "]}" },
	{ __LINE__, "api-server-pod-stale", E, CLUSTER, "does not run", API_PODS, 0, NULL,
		"{\"items\":[" API_POD("kube-apiserver-cp1", "cp1", "Pending", "r/k:v1") "]}" },
	{ __LINE__, "api-server-pod-stale", SILENT, 0, NULL, API_PODS, 0, NULL,
		"{\"items\":[" API_POD("kube-apiserver-cp1", "cp1", "Running", "r/k:v1") "]}" },
	{ __LINE__, "api-server-images-differ", W, CLUSTER, "cp1 is an image of r:5000/k, that of cp2 one of s/k",
		API_PODS, 0, NULL,
		"{\"items\":[" API_POD("kube-apiserver-cp1", "cp1", "Running", "r:5000/k:v1") "," API_POD(
			"kube-apiserver-cp2", "cp2", "Running", "s/k:v1") "]}" },
	/* tags differ in the middle of an upgrade */
	{ __LINE__, "api-server-images-differ", SILENT, 0, NULL, API_PODS, 0, NULL,
		"{\"items\":[" API_POD("kube-apiserver-cp1", "cp1", "Running", "r:5000/k:v1") "," API_POD(
			"kube-apiserver-cp2", "cp2", "Running", "r:5000/k:v2") "]}" },
	{ __LINE__, "coredns-plugin-unknown", E, CLUSTER, "the plugin rrl", COREFILE, 0, NULL,
		".:53 {\n  errors\n  rrl . {\n    window 1\n  }\n  cache 30 # rrl\n}\n" },
	{ __LINE__, "coredns-plugin-unknown", SILENT, 0, NULL, COREFILE, 0, NULL,
		"# x\n.:53 {\n\terrors\n\thealth {\n\t\tlameduck 5s\n\t}\n"
		"\tkubernetes c in-addr.arpa {\n\t\tpods insecure\n\t}\n"
		"\tforward . /etc/resolv.conf {\n\t\tmax_concurrent 1\n\t}\n}\n" },
	{ __LINE__, "not-looked-at", W, CLUSTER, "could not look at Pods: too many", UNKNOWN, 0, NULL,
		"Pods: too many" },
	{ __LINE__, "not-looked-at", W, CLUSTER, "webhooks, budgets, pods", NOT_ASKED, 0, NULL, NULL },
	{ __LINE__, "swap-on", E, W1, "swap is on", FACT, W1, "swap", "/dev/sda2 partition 1000" },
	{ __LINE__, "swap-on", W, W1, "the next boot", FACT, W1, "swap_boot", "fstab /dev/sda2" },
	{ __LINE__, "cgroup-v1", E, W1, "cgroup v1", FACT, W1, "cgroup", "v1" },
	{ __LINE__, "cgroup-v1", SILENT, 0, NULL, FACT, W1, "cgroup", "v2" },
	{ __LINE__, "containerd-down", E, CP1, "containerd.service", FACT, CP1, "unit.containerd", "failed" },
	{ __LINE__, "kubelet-down", E, CP1, "kubelet.service", FACT, CP1, "unit.kubelet", "inactive" },
	{ __LINE__, "kubelet-down", W, W1, "kubelet.service", FACT, W1, "unit.kubelet", "inactive" },
	{ __LINE__, "certificate-lost", E, CP3, "apiserver.key is gone", FACT, CP3,
		"pki./etc/kubernetes/pki/apiserver.key", "absent" },
	{ __LINE__, "certificate-expired", E, CP1, "has expired", ENDS, 0, NULL, "100" },
	{ __LINE__, "certificate-expiring", W, CP1, "ends in", ENDS, 0, NULL, "80" },
	{ __LINE__, "manifest-lost", E, CP2, "etcd.yaml is gone", FACT, CP2, "kept./etc/kubernetes/manifests/etcd.yaml",
		"absent" },
	{ __LINE__, "manifest-broken", E, CP2, "not a valid Pod", FACT, CP2,
		"kept./etc/kubernetes/manifests/kube-scheduler.yaml", "broken" },
	{ __LINE__, "manifest-changed", W, CP2, "was changed", FACT, CP2,
		"kept./etc/kubernetes/manifests/kube-scheduler.yaml", "changed" },
	{ __LINE__, "kubelet-config-changed", W, W1, "was changed", FACT, W1, "kept./var/lib/kubelet/config.yaml",
		"changed" },
	{ __LINE__, "static-pod-down", E, CP2, "kube-scheduler is not running", FACT, CP2, "pod.kube-scheduler",
		"down 7" },
	{ __LINE__, "api-not-ready", E, CP2, "not ready", NOT_READY_API, CP2, NULL, NULL },
	{ __LINE__, "cannot-look", E, CP2, "", CANNOT, CP2, NULL, NULL },
	{ __LINE__, "quorum-lost", E, CP1, "lost its quorum", DEAD, 2, NULL, NULL },
	{ __LINE__, "member-down", E, CP1, "does not answer", DEAD, 1, NULL, NULL },
	{ __LINE__, "learner-stuck", E, CP1, "learner", LEARNER, CP3, NULL, NULL },
	{ __LINE__, "member-missing", E, CP3, "no member of this control plane", DEAD, 9, NULL, NULL },
	{ __LINE__, "member-stale", E, CP1, "not of any control plane", DEAD, 8, NULL, NULL },
	{ __LINE__, "node-not-ready", E, CP2, "", UNREADY, CP2, NULL, NULL },
	{ __LINE__, "node-not-ready", W, W1, "", UNREADY, W1, NULL, NULL },
	{ __LINE__, "disk-pressure", E, CP1, "DiskPressure", PRESSURE, CP1, NULL, NULL },
	{ __LINE__, "pod-not-ready", W, W1, "kube-system/x", POD_UNWELL, 0, NULL, NULL },
	{ __LINE__, "dns-down", W, CP1, "kube-dns", DNS, 0, NULL, NULL },
	{ __LINE__, "read-only-root", E, W1, "cannot write", FACT, W1, "read_only", "/etc" },
	{ __LINE__, "package-manager-broken", W, W1, "dpkg", FACT, W1, "dpkg_broken", "half-installed x" },
	{ __LINE__, "package-sources-broken", E, W1, "apt", FACT, W1, "apt_refuses",
		"E: Malformed line 1 in /etc/apt/x" },
	{ __LINE__, "disk-space", E, CP1, "/var/lib", FACT, CP1, "disk_var_kb", "1000" },
	{ __LINE__, "disk-space", W, W1, "/var/lib", FACT, W1, "disk_var_kb", "1000" },
	{ __LINE__, "inode-low", E, CP1, "inodes", FACT, CP1, "inodes", "5" },
	{ __LINE__, "clock-skew", E, CP2, "clock", CLOCK, CP2, NULL, NULL },
	{ __LINE__, "runtime-too-old", E, W1, "needs 2.0.0", FACT, W1, "pkg.containerd", "1.7.28-1" },
};

static struct json *config; /* of begin, or of a case */
static const char *const statics[] = { "kube-apiserver", "kube-controller-manager", "kube-scheduler" };

static inline void begin(void)
{
	rack_up();
	memset(&up, 0, sizeof(up));
	snprintf(rack.state.version, sizeof(rack.state.version), "1.35.6");
	for (int i = 0; i < HOSTS; i++) {
		snprintf(rack.state.nodes[i].version, sizeof(rack.state.nodes[i].version), "1.35.6");
		for (size_t k = 0; k < 3 && i < 3; k++)
			setf(i, "v1.35.6", "image.", statics[k]);
		set(i, "pkg.containerd", "2.2.1-1");
		set(i, "pkg_manager", "apt");
		set(i, "cgroup", "v2");
		set(i, "inodes", "900000");
		set(i, "inodes_total", "1000000");
		set(i, "disk_etc_kb", "1048576");
		up.due[i] = true;
	}
	up.seen.asked = true;
	config = json_object();
	up.view = (struct upgrade_view){ .health = rack.view,
		.seen = &up.seen,
		.config = config,
		.release = release_find("1.36"),
		.to = "1.36.2",
		.oldest = "1.35.6",
		.newest = "1.35.6",
		.due = up.due };
}

static inline void end(void)
{
	json_free(config);
	findings_release(&up.found);
	upgrade_seen_release(&up.seen);
	rack_down();
}

static inline struct json *parse(const char *text)
{
	struct error err = { 0 };
	struct json *j = json_parse(text, strlen(text), &err);

	if (!CHECK(j))
		printf("# %s: %s\n", err.what, text);
	return j;
}

static inline void document(size_t i)
{
	struct json *j = parse(cases[i].text);

	switch (cases[i].change) {
	case CRDS: upgrade_see_crds(&up.seen, j); break;
	case WEBHOOKS:
	case SERVED: upgrade_see_webhooks(&up.seen, j); break;
	case API_SERVICES: upgrade_see_api_services(&up.seen, j); break;
	case API_PODS: upgrade_see_api_pods(&up.seen, j); break;
	case PROXY: upgrade_see_proxy(&up.seen, j); break;
	default: upgrade_see_pod(&up.seen, j, false, !json_get(j, "metadata.ownerReferences")); break;
	}
	json_free(j);
	if (cases[i].change == WEBHOOKS)
		upgrade_see_endpoints(&up.seen, "ns/s", NULL);
	if (cases[i].change == SERVED) {
		j = parse("{\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.1\"}]}]}");
		upgrade_see_endpoints(&up.seen, "ns/s", j);
		json_free(j);
	}
}

static inline void members(size_t i)
{
	struct quorum_view *v = &rack.state.etcd;
	long mib = 0;

	if (cases[i].change == MEMBER) {
		sscanf(cases[i].text, "%31s %ld", v->status[cases[i].at].version, &mib);
		v->status[cases[i].at].db_size = mib << 20;
	} else if (cases[i].change == LEARNER) {
		v->list[cases[i].at].learner = true;
	} else if (cases[i].at == 9) {
		v->count = 2;
	} else if (cases[i].at == 8) {
		v->list[3] = (struct net_etcd_member){ "200", "old", "https://10.0.0.99:2380", "", false };
		v->count = 4;
	} else {
		for (int k = 0; k < cases[i].at; k++)
			v->answers[2 - k] = false;
	}
}

static inline void cluster_change(size_t i)
{
	struct cluster_pods *seen = &rack.state.pods;
	struct upgrade_item alarm = { .thing = UPGRADE_ALARM, .host = -1, .more = "101" };
	struct cluster_pod pod = { .name = "x", .node = "w1", .reason = "r" };
	struct error err = { 0 };
	struct json *j;

	switch (cases[i].change) {
	case ALARM:
		snprintf(alarm.name, sizeof(alarm.name), "%s", cases[i].text);
		upgrade_see(&up.seen, &alarm);
		break;
	case METRICS:
		CHECK_INT(upgrade_see_metrics(&up.seen, cases[i].at, cases[i].text, strlen(cases[i].text), &err), 0);
		break;
	case BUDGETS:
		j = parse(cases[i].word);
		upgrade_see_budgets(&up.seen, j);
		json_free(j);
		document(i);
		break;
	case COREFILE: upgrade_see_corefile(&up.seen, cases[i].text); break;
	case UNKNOWN: upgrade_unknown(&up.seen, "%s", cases[i].text); break;
	case NOT_ASKED: up.seen.asked = false; break;
	case POD_UNWELL:
		seen->list = malloc(sizeof(pod));
		*seen->list = pod;
		seen->count = 1;
		break;
	case DNS: seen->dns = DNS_SILENT; break;
	default: document(i);
	}
}

static inline void pressure(int host)
{
	struct json *list =
		parse("{\"items\":[{\"metadata\":{\"name\":\"cp1\"},\"status\":{\"conditions\":"
		      "[{\"type\":\"Ready\",\"status\":\"True\"},{\"type\":\"DiskPressure\",\"status\":\"True\"}]}}]}");
	struct error err = { 0 };

	CHECK_INT(host, CP1);
	CHECK_INT(cluster_state_nodes(&rack.state, list, &err), 0);
}

static inline void change(size_t i)
{
	struct cluster_host *h = cases[i].at < HOSTS ? &rack.hosts[cases[i].at] : NULL;
	const char *text = cases[i].text;

	switch (cases[i].change) {
	case FLAG:
		snprintf(up.view.oldest, sizeof(up.view.oldest), "1.34.9");
		up.view.to = "1.35.7";
		/* fall through */
	case FACT: set(cases[i].at, cases[i].word, text); break;
	case NODE:
		snprintf(rack.state.nodes[cases[i].at].version, sizeof(rack.state.nodes->version), "%s", text);
		break;
	case GONE: h->probed = false; break;
	case TO: up.view.to = text; break;
	case RUNS: sscanf(text, "%31s %31s", up.view.oldest, up.view.newest); break;
	case MEMBER:
	case DEAD:
	case LEARNER: members(i); break;
	case CONFIG:
		json_free(config);
		up.view.config = config = parse(text);
		break;
	case KUBELET: up.seen.kubelet_config = parse(text); break;
	case UNREADY: rack.state.nodes[cases[i].at].ready = false; break;
	case PRESSURE: pressure(cases[i].at); break;
	case ENDS: up.view.health.now_s += atoi(text) * 86400LL; break;
	case CLOCK: h->clock_offset_ms = 60000; break;
	case CANNOT:
		snprintf(h->unseen, sizeof(h->unseen), "sshd forbids it");
		snprintf(h->unseen_hint, sizeof(h->unseen_hint), "allow it");
		break;
	case NOT_READY_API: h->api_ready = CLUSTER_NO; break;
	default: cluster_change(i);
	}
}

#endif
