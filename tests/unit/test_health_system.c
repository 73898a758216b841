/* Pods of kube-system that are not Ready are reported with their kubelet's words, as are a DNS without Pods, a kubelet out of reach, and what could not be looked at. */
#include "tests/unit/health_rack.h"

#define NOW_MADE "2026-11-28T10:00:00Z"
#define NOW_S 1795860000 /* the same */

static void pods_are(const char *items)
{
	struct str text = STR_INIT;
	struct error err = { 0 };
	struct json *j;

	rack_up();
	rack.view.now_s = NOW_S + 600;
	str_addf(&text, "{\"kind\":\"PodList\",\"metadata\":{},\"items\":[%s]}", items);
	j = json_parse(text.buf, text.len, &err);
	if (!CHECK(j && cluster_pods_add(&rack.state, j, &err) == 0))
		printf("# %s\n", err.what);
	json_free(j);
	str_release(&text);
}

static void event_is(const char *items)
{
	struct str text = STR_INIT;
	struct error err = { 0 };
	struct json *j;

	str_addf(&text, "{\"items\":[%s]}", items);
	j = json_parse(text.buf, text.len, &err);
	if (CHECK(j))
		cluster_pods_events(&rack.state.pods, j);
	json_free(j);
	str_release(&text);
}

#define POD(name, labels, spec, ready, since, more) \
	"{\"metadata\":{\"name\":\"" name "\",\"creationTimestamp\":\"" NOW_MADE "\",\"labels\":{" labels \
	"}},\"spec\":{" spec \
	"},\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"" ready \
	"\",\"lastTransitionTime\":\"" since "\"}]" more "}}"
#define ON_W1 "\"nodeName\":\"w1\""
#define WAITING(reason, message, last) \
	",\"containerStatuses\":[{\"name\":\"c\",\"ready\":false,\"state\":{\"waiting\":{\"reason\":\"" reason \
	"\",\"message\":\"" message "\"}}" last "}]"
#define DNS "\"k8s-app\":\"kube-dns\""

/* The findings' certificates are of now, and the clock of these is not: only what is about Pods counts. */
static const struct finding *about(const char *name)
{
	look();
	for (size_t i = 0; i < rack.found.count; i++)
		if (strcmp(rack.found.list[i].name, name) == 0)
			return &rack.found.list[i];
	return NULL;
}

static void says(int line, const char *name, int host, const char *what, const char *why)
{
	const struct finding *f = about(name);

	if (!CHECK(f && f->host == host && strstr(f->what, what) && strstr(f->why, why) && *f->remedy))
		printf("# line %d: host %d: %s; %s\n", line, f ? f->host : -1, f ? f->what : "nothing",
			f ? f->why : "");
	CHECK(health_kind_find(name) && (!f || !health_remediable(f)));
}

static void test_reasons(void)
{
	pods_are(POD("kube-proxy-1", "\"k8s-app\":\"kube-proxy\"", ON_W1, "False", NOW_MADE,
		WAITING("CrashLoopBackOff", "back-off 5m0s",
			",\"lastState\":{\"terminated\":{\"reason\":\"Error\",\"exitCode\":255,\"message\":\"no conntrack\\n\"}}")));
	says(__LINE__, "pod-not-ready", 3,
		"kube-system/kube-proxy-1 is not Ready for 10 min: c: CrashLoopBackOff; Error, exit status 255: no conntrack",
		"Services");
	rack_down();

	pods_are(POD("coredns-1", DNS, ON_W1, "False", NOW_MADE,
		",\"containerStatuses\":[{\"name\":\"coredns\",\"ready\":false,\"state\":{\"running\":{}}}]"));
	says(__LINE__, "pod-not-ready", 3, "coredns: runs but is not ready", "names of Services");
	rack_down();

	/* a Pod of no Node is reported where the cluster was asked */
	pods_are(
		"{\"metadata\":{\"name\":\"coredns-2\",\"creationTimestamp\":\"" NOW_MADE
		"\"},\"spec\":{},\"status\":{\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\","
		"\"reason\":\"Unschedulable\",\"message\":\"0/4 nodes are available\"}]}}");
	says(__LINE__, "pod-not-ready", 0, "coredns-2 is not Ready for 10 min: Unschedulable: 0/4 nodes are available",
		"");
	rack_down();
}

/* The sandbox's failure stands in an event alone: the newest one. */
static void test_sandbox(void)
{
	pods_are(POD("kube-proxy-1", "", ON_W1, "False", NOW_MADE, WAITING("ContainerCreating", "", "")));
	event_is(
		"{\"type\":\"Warning\",\"involvedObject\":{\"name\":\"kube-proxy-1\"},\"lastTimestamp\":\"2026-11-28T10:05:00Z\","
		"\"message\":\"Failed to create pod sandbox: open /etc/resolv.conf: no such file or directory\"},"
		"{\"type\":\"Warning\",\"involvedObject\":{\"name\":\"kube-proxy-1\"},\"lastTimestamp\":\"2026-11-28T10:01:00Z\","
		"\"message\":\"an older one\"},"
		"{\"type\":\"Normal\",\"involvedObject\":{\"name\":\"kube-proxy-1\"},\"lastTimestamp\":\"2026-11-28T10:09:00Z\","
		"\"message\":\"all is well\"}");
	says(__LINE__, "pod-not-ready", 3, "ContainerCreating; Failed to create pod sandbox: open /etc/resolv.conf",
		"/etc/resolv.conf of this host cannot be read");
	rack_down();
}

static void test_not_told(void)
{
	/* Ready; finished; going; starting just now */
	pods_are(POD("a", "", ON_W1, "True", NOW_MADE,
		"") ",{\"metadata\":{\"name\":\"b\"},\"spec\":{" ON_W1
		    "},\"status\":{\"phase\":\"Succeeded\"}},{\"metadata\":{\"name\":\"c\",\"deletionTimestamp\":\"" NOW_MADE
		    "\"},\"spec\":{" ON_W1
		    "},\"status\":{\"phase\":\"Running\"}}," POD("d", DNS, ON_W1, "False", "2026-11-28T10:09:30Z", ""));
	CHECK(!about("pod-not-ready"));
	CHECK_INT(health_settling(&rack.view), 1);
	CHECK_INT(rack.state.nodes[3].pods, 2);
	CHECK_INT(rack.state.nodes[3].pods_ready, 1);
	/* it may yet become Ready */
	rack.state.pods.dns = DNS_SILENT;
	CHECK(!about("dns-down"));
	rack.view.now_s += 60;
	CHECK(about("pod-not-ready") && about("dns-down"));
	CHECK_INT(health_settling(&rack.view), 0);
	/* by the clock of who was asked */
	rack.hosts[0].clock_offset_ms = -60000;
	CHECK(!about("pod-not-ready"));
	rack.hosts[0].clock_offset_ms = 0;
	/* what a Node that is not Ready does to its Pods it says itself */
	rack.state.nodes[3].ready = false;
	CHECK(!about("pod-not-ready"));
	/* no network yet: nothing is where it should be */
	for (int i = 0; i < 3; i++)
		rack.state.nodes[i].ready = false;
	CHECK(!about("dns-down"));
	rack_down();
}

static void test_many(void)
{
	struct str items = STR_INIT;
	unsigned told = 0;

	for (int i = 0; i < 100; i++)
		str_addf(&items, "%s" POD("p%d", "", ON_W1, "False", NOW_MADE, ""), i ? "," : "", i);
	pods_are(items.buf);
	CHECK_INT(rack.state.pods.count, CLUSTER_PODS);
	CHECK_INT(rack.state.pods.more, 100 - CLUSTER_PODS);
	look();
	for (size_t i = 0; i < rack.found.count; i++)
		told += strcmp(rack.found.list[i].name, "pod-not-ready") == 0;
	CHECK_INT(told, 6);
	CHECK(strstr(rack.found.list[rack.found.count - 1].what, "60 more Pods") != NULL);
	str_release(&items);
	rack_down();
}

static void test_dns(void)
{
	struct error err = { 0 };
	static const char empty[] = "{\"subsets\":[{\"notReadyAddresses\":[{\"ip\":\"10.99.0.3\"}]}]}";
	static const char serves[] = "{\"subsets\":[{\"addresses\":[{\"ip\":\"10.244.0.3\"}]}]}";
	struct json *j = json_parse(empty, strlen(empty), &err);

	rack_up();
	cluster_pods_dns(&rack.state.pods, j);
	finds(__LINE__, 0, "dns-down", "kube-dns", "");
	json_free(j);
	j = json_parse(serves, strlen(serves), &err);
	cluster_pods_dns(&rack.state.pods, j);
	look();
	CHECK_INT(rack.found.count, 0);
	json_free(j);
	rack_down();
}

static void test_kubelet_way(void)
{
	rack_up();
	rack.state.nodes[3].way = WAY_BROKEN;
	snprintf(rack.state.nodes[3].way_said, sizeof(rack.state.nodes[3].way_said), "no answer within 4 s");
	set(3, "firewall", "nft ip filter INPUT: tcp dport 10250 counter drop\nmore");
	/* one that was started just now does not listen yet */
	look();
	CHECK_INT(rack.found.count, 0);
	CHECK_INT(health_settling(&rack.view), 1);
	set(3, "listen", "22 10250");
	CHECK_INT(health_settling(&rack.view), 0);
	finds(__LINE__, 3, "kubelet-unreachable", "kubelet at 10.0.0.21, port 10250: no answer within 4 s", "");
	CHECK(strstr(rack.found.list[0].why, "dport 10250 counter drop, and more"));
	set(3, "firewall", "");
	look();
	CHECK(strstr(rack.found.list[0].why, "no packet filter was seen"));
	rack.state.nodes[3].way = WAY_OPEN;
	look();
	CHECK_INT(rack.found.count, 0);
	rack_down();
}

static void test_unknown(void)
{
	rack_up();
	cluster_pods_unknown(&rack.state.pods, "the Pods of kube-system: %s", "time-out");
	cluster_pods_unknown(&rack.state.pods, "the kubelet of w1");
	finds(__LINE__, 0, "not-looked-at", "could not look at the Pods of kube-system: time-out; the kubelet of w1",
		"");
	CHECK_INT(rack.found.list[0].level, FINDING_WARNING);
	for (int i = 0; i < 100; i++)
		cluster_pods_unknown(&rack.state.pods, "very much");
	rack_down();
}

/* w1 with these conditions and taints beside Ready. */
static void node_is(const char *conditions, const char *taints)
{
	struct str text = STR_INIT;
	struct error err = { 0 };

	rack_up();
	str_addf(&text,
		"{\"items\":[{\"metadata\":{\"name\":\"cp1\"},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}},"
		"{\"metadata\":{\"name\":\"cp2\"},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}},"
		"{\"metadata\":{\"name\":\"cp3\"},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}},"
		"{\"metadata\":{\"name\":\"w1\"},\"spec\":{\"taints\":[%s]},\"status\":{\"conditions\":[%s{\"type\":\"Ready\","
		"\"status\":\"True\"}]}}]}",
		taints, conditions);
	CHECK_INT(cluster_state_nodes(&rack.state, json_parse(text.buf, text.len, &err), &err), 0);
	str_release(&text);
}

static void test_conditions(void)
{
	static const struct {
		const char *type, *name;
	} cases[] = { { "DiskPressure", "disk-pressure" }, { "MemoryPressure", "memory-pressure" },
		{ "PIDPressure", "pid-pressure" }, { "NetworkUnavailable", "network-unavailable" } };
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int on = 0; on < 2; on++) {
			snprintf(text, sizeof(text),
				"{\"type\":\"%s\",\"status\":\"%s\",\"message\":\"kubelet has a word\"},",
				cases[i].type, on ? "True" : "False");
			node_is(text, "");
			look();
			CHECK_INT(rack.found.count, on);
			if (on)
				finds(__LINE__, 3, cases[i].name, "kubelet has a word", "");
			rack_down();
		}
	}
	node_is("{\"type\":\"DiskPressure\",\"status\":\"True\",\"message\":\"kubelet has disk pressure\"},",
		"{\"key\":\"node.kubernetes.io/disk-pressure\",\"effect\":\"NoSchedule\"}");
	set(3, "fills", "41943040 /var/lib/containerd\n512000 /var/log/pods\n");
	finds(__LINE__, 3, "disk-pressure", "DiskPressure: kubelet has disk pressure", "");
	CHECK(strstr(
		rack.found.list[0].why, "images (/var/lib/containerd) 40 GiB, container logs (/var/log/pods) 500 MiB"));
	rack_down();
}

static void test_taints(void)
{
	node_is("",
		"{\"key\":\"node.cloudprovider.kubernetes.io/uninitialized\",\"value\":\"true\",\"effect\":\"NoSchedule\"}");
	finds(__LINE__, 3, "node-tainted", "node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule", "");
	rack_down();
	node_is("",
		"{\"key\":\"a\",\"effect\":\"PreferNoSchedule\"},{\"key\":\"node-role.kubernetes.io/master\",\"effect\":\"NoSchedule\"},"
		"{\"key\":\"node.kubernetes.io/unschedulable\",\"effect\":\"NoSchedule\"}");
	look();
	CHECK_INT(rack.found.count, 0);
	rack_down();
}

static void test_cni(void)
{
	rack_up();
	set(3, "cni", "before 00-old.conf old\nsince 10-lab.conflist lab\nbefore 87-podman-bridge.conflist podman");
	finds(__LINE__, 3, "cni-leftover",
		"/etc/cni/net.d/00-old.conf is older than Kubernetes and sorts before the pod network's 10-lab.conflist",
		"cni-aside /etc/cni/net.d/00-old.conf");
	set(3, "cni_pods", "old kube-system/coredns-1 4711 /x\nold default/web-1 4712 /y");
	finds(__LINE__, 3, "cni-leftover", "00-old.conf", "cni-aside /etc/cni/net.d/00-old.conf");
	CHECK(strstr(rack.found.list[0].why, "network 'old'") &&
		strstr(rack.found.list[0].why, "kube-system/coredns-1, default/web-1"));
	/* the file is out of the way, the Pods still have what they got */
	set(3, "cni", "since 10-lab.conflist lab");
	finds(__LINE__, 3, "pods-other-network", "2 Pods of this host still have an address from the old network 'old'",
		"cni-pods");
	CHECK(strstr(rack.found.list[0].remedy, "kubectl delete pod -n default web-1"));
	/* somebody's own is not for repair to end */
	set(3, "cni_pods", "old default/web-1 4712 /y");
	finds(__LINE__, 3, "pods-other-network", "1 Pod of this host still has", "");
	set(3, "cni_pods", "");
	/* the pod network's own first, or nothing else: nobody's business */
	set(3, "cni", "since 00-multus.conf multus\nbefore 10-old.conf old\nsince 20-lab.conflist lab");
	look();
	CHECK_INT(rack.found.count, 0);
	set(3, "cni", "before 10-mine.conflist mine");
	look();
	CHECK_INT(rack.found.count, 0);
	rack_down();
}

static const struct test tests[] = {
	{ "why a Pod is not Ready", test_reasons },
	{ "a sandbox that cannot be made", test_sandbox },
	{ "what is not trouble, or reported elsewhere", test_not_told },
	{ "many Pods", test_many },
	{ "DNS without Pods", test_dns },
	{ "a kubelet out of reach", test_kubelet_way },
	{ "what was not answered", test_unknown },
	{ "a Node's conditions", test_conditions },
	{ "a Node's taints", test_taints },
	{ "the network of others", test_cni },
};
TEST_MAIN(tests)
