/* What kubeadm is given for an upgrade: what the operator had given it when the cluster was created, where it knows such a file. */
#include "tests/test.h"
#include "tests/unit/fake_upgrade.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

static const struct {
	const char *to, *more;
	const char *apply, *node; /* NULL: there is no document */
} documents[] = {
	{ "1.36.2", "", "{\"imagePullPolicy\":\"IfNotPresent\",\"kubernetesVersion\":\"v1.36.2\"}",
		"{\"imagePullPolicy\":\"IfNotPresent\"}" },
	/* a finding under kubeadm's names for it, none of one that kubeadm does not have, and kubeadm's own */
	{ "1.36.2", "preflight: {ignore: [swap-on, clock-skew, Mem]}\n",
		"{\"imagePullPolicy\":\"IfNotPresent\",\"ignorePreflightErrors\":[\"Swap\",\"Mem\"],\"kubernetesVersion\":\"v1.36.2\"}",
		"{\"imagePullPolicy\":\"IfNotPresent\",\"ignorePreflightErrors\":[\"Swap\",\"Mem\"]}" },
	/* swap that is to stay */
	{ "1.36.2", "kubelet: {config: {failSwapOn: false}}\n",
		"{\"imagePullPolicy\":\"IfNotPresent\",\"ignorePreflightErrors\":[\"Swap\"],\"kubernetesVersion\":\"v1.36.2\"}",
		"{\"imagePullPolicy\":\"IfNotPresent\",\"ignorePreflightErrors\":[\"Swap\"]}" },
	/* patches, and nothing else of the same part */
	{ "1.35.6",
		"kubeadm: {extra: {InitConfiguration: {skipPhases: [addon], patches: {directory: /i}},"
		" JoinConfiguration: {patches: {directory: /j}}}}\n",
		"{\"imagePullPolicy\":\"IfNotPresent\",\"patches\":{\"directory\":\"/i\"},\"kubernetesVersion\":\"v1.35.6\"}",
		"{\"imagePullPolicy\":\"IfNotPresent\",\"patches\":{\"directory\":\"/j\"}}" },
	/* it has not the CAs' keys */
	{ "1.36.2", "pki: {ca-keys: operator}\n",
		"{\"imagePullPolicy\":\"IfNotPresent\",\"certificateRenewal\":false,\"kubernetesVersion\":\"v1.36.2\"}",
		"{\"imagePullPolicy\":\"IfNotPresent\",\"certificateRenewal\":false}" },
	{ "1.20.2", "preflight: {ignore: [swap-on]}\n", NULL, NULL },
};

static void part(const struct json *d, const char *name, const char *want)
{
	struct str text = STR_INIT;

	json_write(json_get(d, name), &text);
	CHECK_STR(text.buf, want);
	str_release(&text);
}

static void test_documents(void)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		struct fake_upgrade u = { .hosts = "ooooo",
			.from = "1.35.5",
			.to = documents[i].to,
			.wanted = "1.36.2",
			.more = documents[i].more };
		struct str text = STR_INIT;
		struct json *d;

		fake_upgrade_open(&u);
		u.w.wish.release = release_find(documents[i].to);
		kubeadm_upgrade_config(&u.w, &text);
		if (!documents[i].apply) {
			CHECK_STR(text.buf, "");
		} else {
			d = json_parse(text.buf, text.len, NULL);
			CHECK_STR(json_get_str(d, "apiVersion", ""), "kubeadm.k8s.io/v1beta4");
			CHECK_STR(json_get_str(d, "kind", ""), "UpgradeConfiguration");
			CHECK_STR(json_get_str(d, "timeouts.kubernetesAPICall", ""), "5m0s");
			CHECK_INT(json_size(d), 5);
			part(d, "apply", documents[i].apply);
			part(d, "node", documents[i].node);
			json_free(d);
		}
		str_release(&text);
		fake_upgrade_close(&u);
	}
}

static const struct test tests[] = {
	{ "the document", test_documents },
};
TEST_MAIN(tests)
