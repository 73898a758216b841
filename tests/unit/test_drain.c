/* What a drain does with each kind of pod. */
#include "base/error.h"
#include "base/json.h"
#include "steps/steps.h"
#include "tests/test.h"

#include <string.h>

#define OWNED(kind) "\"ownerReferences\":[{\"kind\":\"" kind "\",\"name\":\"x\",\"controller\":true}]"

static const struct {
	const char *pod;
	enum drain_pod want;
} pods[] = {
	{ "{\"metadata\":{" OWNED("ReplicaSet") "},\"status\":{\"phase\":\"Running\"}}", DRAIN_POD_GOES },
	{ "{\"metadata\":{" OWNED("StatefulSet") "},\"status\":{\"phase\":\"Pending\"}}", DRAIN_POD_GOES },
	{ "{\"metadata\":{" OWNED("Job") "},\"status\":{\"phase\":\"Running\"}}", DRAIN_POD_GOES },
	{ "{\"metadata\":{" OWNED("DaemonSet") "},\"status\":{\"phase\":\"Running\"}}", DRAIN_POD_STAYS },
	/* a static Pod's mirror is owned by its Node */
	{ "{\"metadata\":{\"annotations\":{\"kubernetes.io/config.mirror\":\"ab12\"}," OWNED("Node") "}}",
		DRAIN_POD_STAYS },
	{ "{\"metadata\":{" OWNED("Job") "},\"status\":{\"phase\":\"Succeeded\"}}", DRAIN_POD_STAYS },
	{ "{\"metadata\":{},\"status\":{\"phase\":\"Failed\"}}", DRAIN_POD_STAYS },
	{ "{\"metadata\":{\"name\":\"bare\"},\"status\":{\"phase\":\"Running\"}}", DRAIN_POD_LOST },
	/* an owner that is not a controller creates nothing again */
	{ "{\"metadata\":{\"ownerReferences\":[{\"kind\":\"ConfigMap\",\"controller\":false}]},\"status\":{\"phase\":\"Running\"}}",
		DRAIN_POD_LOST },
	/* somebody deletes it already: it is only waited for */
	{ "{\"metadata\":{\"name\":\"bare\",\"deletionTimestamp\":\"2026-11-26T10:00:00Z\"},\"status\":{\"phase\":\"Running\"}}",
		DRAIN_POD_GOES },
	{ "{}", DRAIN_POD_LOST },
};

static void test_kinds(void)
{
	for (size_t i = 0; i < sizeof(pods) / sizeof(pods[0]); i++) {
		struct json *pod = json_parse(pods[i].pod, strlen(pods[i].pod), NULL);

		if (!CHECK(pod != NULL))
			continue;
		if (!CHECK_INT(drain_pod(pod), pods[i].want))
			printf("# %s\n", pods[i].pod);
		json_free(pod);
	}
}

static const struct test tests[] = {
	{ "kinds of pods", test_kinds },
};
TEST_MAIN(tests)
