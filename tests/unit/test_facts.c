/* Getters over a host's answer, and Nodes out of a NodeList. */
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "tests/test.h"

static const char answer[] = "motd of the login shell\n"
			     "abc begin\n"
			     "now_ms=1772366400123\n"
			     "cpus=four\n"
			     "mem_kb=16384000\n"
			     "swap=\n"
			     "unit.kubelet=active\n"
			     "pkg.kubelet=1.36.2-1.1\n"
			     "sum./etc/sysctl.d/zz-kubewright.conf=absent\n"
			     "job.init=done 0 4f3a r1\n"
			     "repo.pkgs.k8s.io/443=ok\n"
			     "addrs:ZXRoMCAwMjowMCAxMC4wLjAuMTEvMjQKZXRoMSAwMjowMSAxOTIuMTY4LjEuMS8yNA==\n"
			     "abc end\n";

static void parse(struct cluster_host *h)
{
	struct error err = { 0 };

	memset(h, 0, sizeof(*h));
	if (!CHECK_INT(remote_answer_parse(&h->facts, "abc", answer, sizeof(answer) - 1, cluster_probe_words, &err), 0))
		printf("# %s\n", err.what);
}

static void test_getters(void)
{
	struct cluster_host h;

	parse(&h);
	CHECK_STR(cluster_fact(&h, "unit.kubelet"), "active");
	CHECK_STR(cluster_fact(&h, "unit.containerd"), "");
	CHECK_STR(cluster_factf(&h, "job.%s", "init"), "done 0 4f3a r1");
	CHECK_STR(cluster_factf(&h, "sum.%s", "/etc/sysctl.d/zz-kubewright.conf"), "absent");
	CHECK(cluster_fact_is(&h, "pkg.kubelet", "1.36.2-1.1"));
	CHECK(cluster_fact_is(&h, "swap", ""));
	CHECK(cluster_fact_is(&h, "never said", ""));
	CHECK_INT(cluster_fact_int(&h, "now_ms", 0), 1772366400123);
	CHECK_INT(cluster_fact_int(&h, "cpus", 7), 7);
	CHECK_INT(cluster_fact_int(&h, "inodes", -1), -1);
	cluster_host_release(&h);
	CHECK_STR(cluster_fact(&h, "pkg.kubelet"), "");
}

static void test_long_word(void)
{
	struct cluster_host h;
	char big[1000];

	parse(&h);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	CHECK_STR(cluster_factf(&h, "sum.%s", big), "");
	cluster_host_release(&h);
}

static void collect(const char *line, void *ctx)
{
	str_addf(ctx, "[%s]", line);
}

static void test_lines(void)
{
	struct cluster_host h;
	struct str out = STR_INIT;

	parse(&h);
	cluster_fact_lines(&h, "addrs", collect, &out);
	CHECK_STR(out.buf, "[eth0 02:00 10.0.0.11/24][eth1 02:01 192.168.1.1/24]");
	str_clear(&out);
	cluster_fact_lines(&h, "swap", collect, &out);
	cluster_fact_lines(&h, "routes", collect, &out);
	cluster_set(&h, "routes", "a\n\nb\n");
	cluster_fact_lines(&h, "routes", collect, &out);
	CHECK_STR(out.buf, "[a][b]");
	str_release(&out);
	cluster_host_release(&h);
}

static void test_set(void)
{
	struct cluster_host h;
	size_t count;

	parse(&h);
	count = h.facts.count;
	cluster_set(&h, "unit.kubelet", "failed");
	CHECK_INT(h.facts.count, count);
	CHECK_STR(cluster_fact(&h, "unit.kubelet"), "failed");
	/* a value taken from the facts themselves */
	cluster_set(&h, "hold", "kubelet kubeadm");
	CHECK_INT(h.facts.count, count + 1);
	CHECK_STR(cluster_fact(&h, "hold"), "kubelet kubeadm");
	cluster_host_release(&h);
	cluster_set(&h, "have", "kubelet-conf");
	CHECK_STR(cluster_fact(&h, "have"), "kubelet-conf");
	cluster_host_release(&h);
}

static const char nodes[] =
	"{\"kind\":\"NodeList\",\"items\":["
	"{\"metadata\":{\"name\":\"cp1\",\"labels\":{\"node-role.kubernetes.io/control-plane\":\"\",\"rack\":\"7\"}},\"spec\":{},"
	"\"status\":{\"addresses\":[{\"type\":\"Hostname\",\"address\":\"cp1\"},{\"type\":\"InternalIP\",\"address\":\"10.0.0.11\"}],"
	"\"conditions\":[{\"type\":\"MemoryPressure\",\"status\":\"False\"},{\"type\":\"Ready\",\"status\":\"True\"}],"
	"\"nodeInfo\":{\"kubeletVersion\":\"v1.36.2\"}}},"
	"{\"metadata\":{\"name\":\"old\",\"labels\":{\"node-role.kubernetes.io/master\":\"\"}},\"spec\":{\"unschedulable\":true},"
	"\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"Unknown\"}],\"nodeInfo\":{\"kubeletVersion\":\"v1.20.2\"}}},"
	"{\"metadata\":{\"name\":\"w1\"}}]}";

static void test_nodes(void)
{
	struct cluster_state c = { .lead = 1 };
	struct error err = { 0 };
	const struct cluster_node *n;

	if (!CHECK_INT(cluster_state_nodes(&c, json_parse(nodes, sizeof(nodes) - 1, &err), &err), 0))
		return;
	CHECK_INT(c.node_count, 3);
	n = cluster_find_node(&c, "cp1");
	if (CHECK(n)) {
		CHECK(n->ready && n->control_plane && !n->unschedulable);
		CHECK_STR(n->address, "10.0.0.11");
		CHECK_STR(n->version, "1.36.2");
		CHECK_STR(json_get_str(n->labels, "rack", ""), "7");
	}
	n = cluster_find_node(&c, "old");
	CHECK(n && !n->ready && n->control_plane && n->unschedulable && !n->address[0]);
	n = cluster_find_node(&c, "w1");
	CHECK(n && !n->ready && !n->control_plane);
	CHECK(!cluster_find_node(&c, "w"));
	/* a second look replaces the first */
	CHECK_INT(cluster_state_nodes(&c, json_parse("{\"items\":[]}", 12, &err), &err), 0);
	CHECK_INT(c.node_count, 0);
	CHECK_INT(cluster_state_nodes(&c, json_parse("{\"items\":null}", 14, &err), &err), 0);
	CHECK_INT(c.node_count, 0);
	cluster_state_release(&c);
	CHECK_INT(c.lead, -1);
}

/* What a Node lacks when no pod network was installed, apart from what else keeps it from being Ready. */
static void test_no_network(void)
{
	static const struct {
		const char *status, *message;
		bool no_network;
	} all[] = {
		{ "False",
			"container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
			"message:Network plugin returns error: cni plugin not initialized",
			true },
		{ "False",
			"runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
			"message:docker: network plugin is not ready: cni config uninitialized",
			true },
		{ "False",
			"[container runtime network not ready: reason:NetworkPluginNotReady message:x, PLEG is not healthy]",
			false },
		{ "False", "container runtime is down", false },
		{ "Unknown", "reason:NetworkPluginNotReady", false },
		{ "True", "kubelet is posting ready status", false },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct cluster_state c = { .lead = -1 };
		struct error err = { 0 };
		char text[600];

		snprintf(text, sizeof(text),
			"{\"items\":[{\"metadata\":{\"name\":\"w1\"},\"status\":{\"conditions\":[{\"type\":\"Ready\","
			"\"status\":\"%s\",\"message\":\"%s\"}]}}]}",
			all[i].status, all[i].message);
		CHECK_INT(cluster_state_nodes(&c, json_parse(text, strlen(text), &err), &err), 0);
		CHECK_INT(c.nodes[0].no_network, all[i].no_network);
		CHECK_INT(c.nodes[0].ready, strcmp(all[i].status, "True") == 0);
		cluster_state_release(&c);
	}
}

static void test_bad_nodes(void)
{
	static const char *const bad[] = { "[]", "{\"items\":{\"a\":1}}", "{\"items\":[{}]}", "{\"items\":[3]}", "3" };
	struct cluster_state c = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = { 0 };
		struct json *j = json_parse(bad[i], strlen(bad[i]), &err);

		if (!j)
			continue;
		if (!CHECK_INT(cluster_state_nodes(&c, j, &err), -1))
			printf("# %s\n", bad[i]);
		CHECK_INT(err.kind, ERROR_PROTOCOL);
	}
	cluster_state_release(&c);
}

static const struct test tests[] = {
	{ "getters read an answer", test_getters },
	{ "a word that is too long is never there", test_long_word },
	{ "lines of a fact", test_lines },
	{ "what a step set is what a check sees", test_set },
	{ "Nodes of a NodeList", test_nodes },
	{ "a Node without a pod network", test_no_network },
	{ "what is not a NodeList", test_bad_nodes },
};
TEST_MAIN(tests)
