/* The cluster's CA is rotated: who may still trust the earlier one alone, by what the API shows. */
#include "tests/test.h"
#include "tests/unit/store_rotated.h"

#include "base/json.h"
#include "cluster/trusting.h"

#include <string.h>

#define TOLD "\"spec\":{\"volumes\":[{\"projected\":{\"sources\":[{\"configMap\":{\"name\":\"kube-root-ca.crt\"}}]}}]}"
#define RUNS(at) "{\"state\":{\"running\":{\"startedAt\":\"2026-03-01T1" at ":00:00Z\"}}}"

static struct trusting pods(const char *pod)
{
	struct trusting t = { .asked = true, .since_s = 1772366400 /* 2026-03-01T12:00:00Z */ };
	char text[700];
	struct json *list;

	snprintf(
		text, sizeof(text), "{\"items\":[{\"metadata\":{\"namespace\":\"shop\",\"name\":\"web-0\"},%s}]}", pod);
	list = json_parse(text, strlen(text), NULL);
	CHECK(list != NULL);
	trusting_add_pods(&t, list);
	json_free(list);
	return t;
}

static void test_pods(void)
{
	static const struct {
		const char *pod;
		unsigned count;
	} rows[] = {
		{ TOLD ",\"status\":{\"phase\":\"Running\",\"containerStatuses\":[" RUNS("1") "]}", 1 },
		/* one of two has started again */
		{ TOLD ",\"status\":{\"containerStatuses\":[" RUNS("3") "," RUNS("1") "]}", 1 },
		{ TOLD ",\"status\":{\"containerStatuses\":[" RUNS("3") "]}", 0 },
		/* one beside it that never ends has not */
		{ TOLD ",\"status\":{\"initContainerStatuses\":[" RUNS("1") "],\"containerStatuses\":[" RUNS("3") "]}",
			1 },
		/* one before the others runs on */
		{ TOLD ",\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":[" RUNS(
			  "1") "],\"containerStatuses\":[{\"state\":{\"waiting\":{}}}]}",
			1 },
		{ TOLD ",\"status\":{\"containerStatuses\":[" RUNS("2") "]}", 0 },
		{ TOLD ",\"status\":{\"phase\":\"Failed\",\"containerStatuses\":[" RUNS("1") "]}", 0 },
		{ TOLD ",\"status\":{\"containerStatuses\":[{\"state\":{\"waiting\":{}}}]}", 0 },
		/* with its token in a Secret, as in old versions; and one that is given no CA */
		{ "\"spec\":{\"volumes\":[{\"secret\":{\"secretName\":\"default-token-x7k2p\"}}]},"
		  "\"status\":{\"containerStatuses\":[" RUNS("1") "]}",
			1 },
		{ "\"spec\":{\"volumes\":[{\"secret\":{\"secretName\":\"tls\"}}]},\"status\":{\"containerStatuses\":[" RUNS(
			  "1") "]}",
			0 },
	};
	char what[400], hint[300];
	struct trusting t;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = pods(rows[i].pod);
		if (!CHECK_INT(t.pods, rows[i].count))
			printf("# row %zu\n", i);
	}
	t = pods(rows[0].pod);
	trusting_breaks(&t, what, sizeof(what), hint, sizeof(hint));
	CHECK(strstr(what, "1 pod may trust it alone") && strstr(what, ": shop/web-0") &&
		strstr(hint, "rollout restart"));
	t.asked = false;
	snprintf(t.unknown, sizeof(t.unknown), "no answer");
	trusting_breaks(&t, what, sizeof(what), hint, sizeof(hint));
	CHECK_STR(what, "who still trusts it alone is not known: no answer");
}

/* A list of one object whose caBundle is this text, where its kind has it. */
static unsigned bundles(const char *before, const char *pem, const char *after, char names[400])
{
	struct trusting t = { .asked = true };
	struct str text = STR_INIT;
	struct json *list;

	str_addf(&text, "{\"items\":[{\"metadata\":{\"name\":\"x\"},%s", before);
	str_add_base64(&text, pem, strlen(pem));
	str_addf(&text, "%s}]}", after);
	list = json_parse(text.buf, text.len, NULL);
	CHECK(list != NULL);
	trusting_add_bundles(&t, made_store, "Kind", list);
	snprintf(names, 400, "%s", t.bundle_names);
	json_free(list);
	str_release(&text);
	return t.bundles;
}

static void test_bundles(void)
{
	static const char *const where[][2] = {
		{ "\"webhooks\":[{\"clientConfig\":{}},{\"clientConfig\":{\"caBundle\":\"", "\"}}]" },
		{ "\"spec\":{\"caBundle\":\"", "\"}" },
		{ "\"spec\":{\"conversion\":{\"webhook\":{\"clientConfig\":{\"caBundle\":\"", "\"}}}}" },
	};
	struct str earlier = STR_INIT, later = STR_INIT;
	char names[400];

	begin();
	str_add(&earlier, pki_store_pem(made_store, PKI_CA_CRT));
	rotate(PKI_ISSUER_CLUSTER, PKI_PHASE_ONE);
	str_add(&later, pki_store_pem(made_store, PKI_CA_CRT) + earlier.len);
	/* in either phase: which of the two signs makes no difference */
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < 3; k++) {
			CHECK_INT(bundles(where[k][0], earlier.buf, where[k][1], names), 1);
			CHECK_STR(names, "Kind x");
			CHECK_INT(bundles(where[k][0], later.buf, where[k][1], names), 0);
		}
		CHECK_INT(bundles(where[1][0], pki_store_pem(made_store, PKI_CA_CRT), where[1][1], names), 0);
		CHECK_INT(bundles(where[1][0], pki_store_pem(made_store, PKI_ETCD_CA_CRT), where[1][1], names), 0);
		CHECK_INT(bundles(where[1][0], "rubbish", where[1][1], names), 0);
		if (!i)
			rotate(PKI_ISSUER_CLUSTER, PKI_PHASE_BOTH);
	}
	rotate(PKI_ISSUER_CLUSTER, PKI_PHASE_REISSUED);
	CHECK_INT(bundles(where[1][0], earlier.buf, where[1][1], names), 0);
	str_release(&earlier);
	str_release(&later);
	made_end();
}

/* A note of an earlier rotation says nothing of this one. */
static void test_note(void)
{
	struct json *own = json_object(), *data;
	char sum[65], note[200];

	begin();
	trusting_new(made_store, sum);
	CHECK_STR(sum, "");
	CHECK_INT(trusting_since(NULL, made_store), 0);
	rotate(PKI_ISSUER_CLUSTER, PKI_PHASE_ONE);
	trusting_new(made_store, sum);
	CHECK_INT(strlen(sum), 64);
	snprintf(note, sizeof(note),
		"{\"ca\":\"%s\",\"since\":\"2026-03-01T12:00:00Z\",\"signs\":\"2026-03-01T13:00:00Z\"}", sum);
	data = json_set(own, "data", json_object());
	json_set_str(data, TRUSTING_NOTE, note);
	CHECK_INT(trusting_since(own, made_store), 1772366400);
	rotate(PKI_ISSUER_CLUSTER, PKI_PHASE_BOTH);
	CHECK_INT(trusting_since(own, made_store), 1772366400);
	CHECK_INT(trusting_signs(own, made_store), 1772370000);
	json_set_str(data, TRUSTING_NOTE, "{\"ca\":\"00\",\"since\":\"2026-03-01T12:00:00Z\"}");
	CHECK_INT(trusting_since(own, made_store), 0);
	json_set_str(data, TRUSTING_NOTE, "nonsense");
	CHECK_INT(trusting_since(own, made_store), 0);
	json_free(own);
	made_end();
}

static const struct test tests[] = {
	{ "pods", test_pods },
	{ "caBundles", test_bundles },
	{ "since when", test_note },
};
TEST_MAIN(tests)
