/* What is asked for an upgrade: in pages, bounded, and what is not answered is noted; nothing is asked that may change something. */
#include "net/net.h"
#include "steps/steps.h"
#include "tests/unit/api_call.h"

#include <signal.h>

/* How the server is. */
static struct manners {
	const char *fails; /* in a path: answered with this status … */
	int status;
	bool endless, no_endpoints, dead;
	unsigned asked, written, pods, endpoints;
} manners;

static int answer(void *ctx, const char *method, const char *path, const char *body, struct str *out)
{
	struct manners *m = ctx;

	(void)body;
	m->asked++;
	m->written += strcmp(method, "GET") != 0;
	if (m->dead)
		usleep(10000000);
	if (m->fails && strstr(path, m->fails)) {
		str_add(out, "{\"message\":\"it was told to fail\"}");
		return m->status;
	}
	if (strstr(path, "/validatingwebhook")) {
		str_add(out,
			"{\"items\":[{\"metadata\":{\"name\":\"c\"},\"webhooks\":[{\"name\":\"a\",\"clientConfig\":{\"service\":{\"namespace\":\"ns\",\"name\":\"s\"}},\"rules\":[{\"apiGroups\":[\"\"]}]}"
			",{\"name\":\"b\",\"clientConfig\":{\"service\":{\"namespace\":\"ns\",\"name\":\"s\"}}}"
			",{\"name\":\"d\",\"clientConfig\":{\"service\":{\"namespace\":\"../x\",\"name\":\"s\"}}}]}]}");
	} else if (strstr(path, "/endpoints/")) {
		m->endpoints++;
		CHECK_STR(path, "/api/v1/namespaces/ns/endpoints/s");
		if (m->no_endpoints)
			return 404;
		str_add(out, "{\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.1\"}]}]}");
	} else if (strstr(path, "/api/v1/pods?")) {
		str_addf(out,
			"{\"metadata\":{\"continue\":\"%s\"},\"items\":[{\"metadata\":{\"namespace\":\"ns\",\"name\":\"p%u\"},\"spec\":{\"nodeName\":\"w1\"}}]}",
			m->endless ? (m->pods % 2 ? "a" : "b")
			: m->pods  ? ""
				   : "a",
			m->pods);
		m->pods++;
	} else if (strstr(path, "configmaps/kubelet-config")) {
		str_add(out, "{\"data\":{\"kubelet\":\"failSwapOn: false\\n\"}}");
	} else if (strstr(path, "/metrics")) {
		str_add(out, "apiserver_requested_deprecated_apis{group=\"g\",removed_release=\"1.36\"} 1\n");
	} else {
		str_add(out, "{\"items\":[]}");
	}
	return 200;
}

static struct upgrade_seen seen;

static int ask(int (*fn)(struct net_client *c, void *ctx, struct error *err), bool drains, int64_t ms)
{
	struct upgrade_question q = { .seen = &seen,
		.release = release_find("1.35"),
		.drains = drains,
		.deadline = clock_mono_ms() + ms,
		.host = 2 };

	return api_call(answer, &manners, fn, &q);
}

static void begin(struct manners m)
{
	signal(SIGPIPE, SIG_IGN);
	net_init();
	rack_up();
	manners = m;
}

static void end(void)
{
	upgrade_seen_release(&seen);
	rack_down();
}

static unsigned count(enum upgrade_thing thing)
{
	unsigned n = 0;

	for (size_t i = 0; i < seen.count; i++)
		n += seen.list[i].thing == thing;
	return n;
}

static bool unknown(const char *text)
{
	for (size_t i = 0; i < seen.count; i++)
		if (seen.list[i].thing == UPGRADE_UNKNOWN && strstr(seen.list[i].name, text))
			return true;
	return false;
}

static void test_objects(void)
{
	begin((struct manners){ .no_endpoints = false });
	CHECK_INT(ask(obstacles_ask_objects, true, 20000), 0);
	CHECK(seen.asked);
	CHECK_INT(count(UPGRADE_WEBHOOK), 3);
	CHECK_INT(seen.list[0].served, CLUSTER_YES);
	CHECK_INT(seen.list[1].served, CLUSTER_YES);
	/* once for both */
	CHECK_INT(manners.endpoints, 1);
	/* what could lead elsewhere is not asked for, and reported */
	CHECK_INT(seen.list[2].served, CLUSTER_UNSEEN);
	CHECK_INT(count(UPGRADE_UNKNOWN), 1);
	CHECK(unknown("the endpoints of ../x/s: its name cannot be"));
	CHECK_INT(manners.pods, 2);
	CHECK_INT(count(UPGRADE_POD_LOST), 2);
	CHECK(!json_get_bool(seen.kubelet_config, "failSwapOn", true));
	CHECK_INT(manners.written, 0);
	end();

	begin((struct manners){ .no_endpoints = true });
	CHECK_INT(ask(obstacles_ask_objects, false, 20000), 0);
	CHECK_INT(seen.list[0].served, CLUSTER_NO);
	/* no pod has to move */
	CHECK_INT(manners.pods, 0);
	end();
}

/* What fails is unknown, and the rest is asked all the same. */
static void test_unanswered(void)
{
	static const struct {
		const char *path;
		int status;
		const char *unknown;
	} rows[] = {
		{ "customresourcedefinitions", 500, "CustomResourceDefinitions: HTTP 500: it was told to fail" },
		{ "poddisruptionbudgets", 403, "PodDisruptionBudgets: HTTP 403: it was told to fail" },
		{ "daemonsets/kube-proxy", 503, "kube-proxy: HTTP 503" },
		{ "endpoints/", 500, "the endpoints of ns/s: HTTP 500" },
		{ "configmaps/kubelet-config", 404, "the kubelets' configuration: HTTP 404" },
		/* a cluster without it */
		{ "daemonsets/kube-proxy", 404, "the endpoints of ../x/s" },
		{ "configmaps/coredns", 404, "the endpoints of ../x/s" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin((struct manners){ .fails = rows[i].path, .status = rows[i].status });
		CHECK_INT(ask(obstacles_ask_objects, true, 20000), 0);
		/* that of the webhook's service beside it */
		if (!CHECK(unknown(rows[i].unknown)) ||
			!CHECK_INT(count(UPGRADE_UNKNOWN), strstr(rows[i].unknown, "../x") ? 1 : 2))
			printf("# %s\n", rows[i].path);
		CHECK_INT(count(UPGRADE_POD_LOST), 2);
		end();
	}
}

static void test_bounds(void)
{
	begin((struct manners){ .endless = true });
	CHECK_INT(ask(obstacles_ask_objects, true, 20000), 0);
	CHECK(unknown("Pods: there are too many"));
	CHECK_INT(manners.pods, 100);
	CHECK_INT(count(UPGRADE_POD_LOST), UPGRADE_KEPT);
	CHECK_INT(seen.seen[UPGRADE_POD_LOST], 100);
	end();
	/* no time: nothing is asked, and all of it is unknown */
	begin((struct manners){ .asked = 0 });
	CHECK_INT(ask(obstacles_ask_objects, true, -1), 0);
	CHECK_INT(manners.asked, 0);
	CHECK(unknown("CustomResourceDefinitions: there was no time left to ask"));
	end();
}

static void test_metrics(void)
{
	begin((struct manners){ .asked = 0 });
	CHECK_INT(ask(obstacles_ask_metrics, true, 20000), 0);
	CHECK_INT(count(UPGRADE_API_USE), 1);
	CHECK_INT(seen.list[0].host, 2);
	CHECK_STR(seen.list[0].more, "1.36");
	end();
	begin((struct manners){ .fails = "/metrics", .status = 403 });
	CHECK_INT(ask(obstacles_ask_metrics, true, 20000), -1);
	CHECK_STR(why.what, "HTTP 403");
	end();
}

static void test_join(void)
{
	struct upgrade_seen other = { .asked = true, .proxy = "1.35.6" };
	struct upgrade_item item = { .thing = UPGRADE_API_USE, .name = "a" };

	upgrade_see(&seen, &item);
	upgrade_see(&other, &item);
	snprintf(item.name, sizeof(item.name), "b");
	upgrade_see(&other, &item);
	upgrade_unknown(&seen, "y");
	upgrade_unknown(&other, "x");
	upgrade_unknown(&other, "y");
	upgrade_seen_join(&seen, &other);
	CHECK_INT(seen.count, 4);
	CHECK(unknown("x") && unknown("y"));
	CHECK_STR(seen.proxy, "1.35.6");
	CHECK(seen.asked);
	CHECK_INT(other.count, 0);
	upgrade_seen_release(&seen);
}

static const struct {
	const char *selector;
	bool selects; /* {"app": "db", "tier": "1"} */
} selectors[] = {
	{ "{}", true },
	{ "{\"matchLabels\":{\"app\":\"db\"}}", true },
	{ "{\"matchLabels\":{\"app\":\"db\",\"tier\":\"2\"}}", false },
	{ "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"x\",\"db\"]}]}", true },
	{ "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"x\"]}]}", false },
	{ "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":[\"db\"]}]}", false },
	{ "{\"matchExpressions\":[{\"key\":\"none\",\"operator\":\"NotIn\",\"values\":[\"db\"]}]}", true },
	{ "{\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"Exists\"}]}", true },
	{ "{\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"DoesNotExist\"}]}", false },
	{ "{\"matchExpressions\":[{\"key\":\"none\",\"operator\":\"DoesNotExist\"}]}", true },
	/* an operator of tomorrow excludes nothing */
	{ "{\"matchExpressions\":[{\"key\":\"none\",\"operator\":\"Gt\",\"values\":[\"1\"]}]}", true },
};

static void test_selectors(void)
{
	static const char text[] = "{\"app\":\"db\",\"tier\":\"1\"}";
	struct error err = { 0 };
	struct json *labels = json_parse(text, strlen(text), &err);

	for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		struct json *s = json_parse(selectors[i].selector, strlen(selectors[i].selector), &err);

		if (!CHECK_INT(upgrade_selects(s, labels), selectors[i].selects))
			printf("# %s\n", selectors[i].selector);
		json_free(s);
	}
	json_free(labels);
}

static const struct test tests[] = {
	{ "objects", test_objects },
	{ "what fails is unknown", test_unanswered },
	{ "bounds", test_bounds },
	{ "metrics", test_metrics },
	{ "what several say", test_join },
	{ "selectors", test_selectors },
};
TEST_MAIN(tests)
