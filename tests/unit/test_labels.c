/* Labels and taints of Nodes: what is missing is set, what has left the inventory is taken away, what others gave stays. */
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/steps.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define MASTER "node-role.kubernetes.io/control-plane"

static struct inventory *parse(const char *cp1, const char *w1)
{
	struct str text = STR_INIT;
	struct error err = { 0 };
	struct inventory *inv;

	str_addf(&text,
		"cluster: c\nkubernetes: {version: 1.36.2}\nhosts:\n"
		"  - {name: cp1, address: 10.0.0.11, role: control-plane%s}\n"
		"  - {name: w1, address: 10.0.0.21, role: worker%s}\n",
		cp1, w1);
	inv = inventory_parse("-", text.buf, text.len, NULL, 0, NULL, &err);
	if (!CHECK(inv != NULL))
		printf("# %s\n", err.what);
	str_release(&text);
	return inv;
}

/* The patch for a Node, as text; "none" when there is none. */
static void check(const char *cp1, const char *w1, int host, const char *node, const char *want)
{
	struct inventory *inv = parse(cp1, w1);
	const struct release *release = release_find("1.36.2");
	struct json *j = json_parse(node, strlen(node), NULL), *patch;
	struct str out = STR_INIT;

	if (!CHECK(inv && j && release))
		return;
	patch = node_patch(release, &inv->hosts[host], j);
	if (patch)
		json_write(patch, &out);
	else
		str_add(&out, "none");
	CHECK_STR(out.buf, want);
	str_release(&out);
	json_free(patch);
	json_free(j);
	inventory_free(inv);
}

#define NOTE(labels, taints) "\"kubewright/inventory\":\"{\\\"labels\\\":[" labels "],\\\"taints\\\":[" taints "]}\""
#define Q(word) "\\\"" word "\\\""

static void test_set(void)
{
	check("", "", 1, "{\"metadata\":{\"name\":\"w1\"}}", "none");
	check("", ", labels: {a.b/c: d}", 1, "{\"metadata\":{}}",
		"{\"metadata\":{\"labels\":{\"a.b/c\":\"d\"},\"annotations\":{" NOTE(Q("a.b/c"), "") "}}}");
	/* it registered with the label: what was given is noted all the same */
	check("", ", labels: {a.b/c: d}", 1, "{\"metadata\":{\"labels\":{\"a.b/c\":\"d\"}}}",
		"{\"metadata\":{\"labels\":{},\"annotations\":{" NOTE(Q("a.b/c"), "") "}}}");
	check("", ", labels: {a.b/c: d}", 1,
		"{\"metadata\":{\"labels\":{\"a.b/c\":\"d\"},\"annotations\":{" NOTE(Q("a.b/c"), "") "}}}", "none");
}

static void test_removed(void)
{
	check("", "", 1,
		"{\"metadata\":{\"labels\":{\"a\":\"b\",\"of-others\":\"1\"},\"annotations\":{" NOTE(Q("a"), "") "}}}",
		"{\"metadata\":{\"labels\":{\"a\":null},\"annotations\":{\"kubewright/inventory\":null}}}");
	/* somebody was faster */
	check("", "", 1, "{\"metadata\":{\"labels\":{},\"annotations\":{" NOTE(Q("a"), "") "}}}",
		"{\"metadata\":{\"labels\":{},\"annotations\":{\"kubewright/inventory\":null}}}");
	check("", "", 1,
		"{\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":{" NOTE("",
			Q("gpu:NoSchedule")) "}},\"spec\":{\"taints\":["
					     "{\"key\":\"gpu\",\"value\":\"x\",\"effect\":\"NoSchedule\"},{\"key\":\"gpu\",\"effect\":\"NoExecute\"}]}}",
		"{\"metadata\":{\"labels\":{},\"annotations\":{\"kubewright/inventory\":null},\"resourceVersion\":\"7\"},\"spec\":{"
		"\"taints\":[{\"key\":\"gpu\",\"effect\":\"NoExecute\"}]}}");
	/* a note that is damaged takes nothing away */
	check("", "", 1, "{\"metadata\":{\"labels\":{\"a\":\"b\"},\"annotations\":{\"kubewright/inventory\":\"[\"}}}",
		"{\"metadata\":{\"labels\":{},\"annotations\":{\"kubewright/inventory\":null}}}");
}

/* Kubernetes refuses two taints of one key and effect: a new value takes the old one's place. */
static void test_taint_value(void)
{
	check("", ", taints: ['gpu=b:NoSchedule']", 1,
		"{\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":{" NOTE("",
			Q("gpu:NoSchedule")) "}},\"spec\":{\"taints\":[{\"key\":\"gpu\","
					     "\"value\":\"a\",\"effect\":\"NoSchedule\"},{\"key\":\"x\",\"effect\":\"NoSchedule\"}]}}",
		"{\"metadata\":{\"labels\":{},\"resourceVersion\":\"7\"},\"spec\":{\"taints\":[{\"key\":\"x\",\"effect\":\"NoSchedule\"},"
		"{\"key\":\"gpu\",\"value\":\"b\",\"effect\":\"NoSchedule\"}]}}");
}

static void test_control_plane(void)
{
	check("", "", 0, "{\"metadata\":{\"resourceVersion\":\"3\"}}",
		"{\"metadata\":{\"labels\":{\"" MASTER
		"\":\"\"},\"resourceVersion\":\"3\"},\"spec\":{\"taints\":[{\"key\":\"" MASTER
		"\",\"effect\":\"NoSchedule\"}]}}");
	/* a taint alone was taken off on purpose */
	check("", "", 0, "{\"metadata\":{\"labels\":{\"" MASTER "\":\"\"}}}", "none");
}

static void test_kubelet(void)
{
	CHECK(node_label_of_kubelet("gpu") && node_label_of_kubelet("example.com/gpu"));
	CHECK(node_label_of_kubelet("topology.kubernetes.io/zone") && node_label_of_kubelet("node.kubernetes.io/x"));
	CHECK(node_label_of_kubelet("a.kubelet.kubernetes.io/x") && node_label_of_kubelet("notkubernetes.io/x"));
	CHECK(!node_label_of_kubelet("node-role.kubernetes.io/storage") && !node_label_of_kubelet("k8s.io/x"));
	CHECK(!node_label_of_kubelet("node-restriction.kubernetes.io/x") && !node_label_of_kubelet("x.k8s.io/y"));
}

/* The kubelet would end at it: it is set after the join. */
static void test_registration(void)
{
	struct inventory *inv = parse("", ", labels: {node-role.kubernetes.io/storage: '', disk: nvme}");
	struct world w;
	struct str out = STR_INIT;

	world_init(&w, inv, release_find("1.36.2"));
	strcpy(w.token.text, "abcdef.0123456789abcdef");
	kubeadm_join_config(&w, 1, "sha256:0", &out);
	CHECK(strstr(out.buf, "\"disk=nvme\"") != NULL);
	CHECK(!strstr(out.buf, "storage"));
	str_release(&out);
	world_release(&w);
	inventory_free(inv);
}

static const struct test tests[] = {
	{ "what is missing is set and noted", test_set },
	{ "what left the inventory leaves the Node", test_removed },
	{ "a taint's new value replaces the old one", test_taint_value },
	{ "a control plane's marks", test_control_plane },
	{ "labels that a kubelet may register with", test_kubelet },
	{ "a label that a kubelet may not set is left for later", test_registration },
};
TEST_MAIN(tests)
