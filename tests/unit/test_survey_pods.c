/* What an API server says of kube-system and of the way to its kubelets; silence is judged by whose it is, and is never taken for a no. */
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "steps/steps.h"
#include "tests/unit/api_call.h"

#include <signal.h>

/* How the server is: bits of hosts whose kubelets are out of reach, and whether it still answers anything. */
static struct manners {
	bool w1_drops, cp2_refuses, dead, endless, bad_token, same_token;
	unsigned pages, asked;
	unsigned nodes; /* that the cluster has */
	unsigned first; /* of the page that is wrong: … */
	int wrong;      /* … with this status, or 200: it is not a list */
	unsigned times; /* so often */
} manners;

/* Each page has the Nodes from the number in its token on, as many as it was asked for. */
static int say_nodes(struct manners *m, const char *path, struct str *out)
{
	const char *from = strstr(path, "continue=at_");
	unsigned i = from ? (unsigned)atoi(from + 12) : 0, to = i + (unsigned)atoi(strchr(path, '=') + 1);

	m->pages++;
	if (m->times && m->first == i) {
		m->times--;
		str_add(out, m->wrong == 200 ? "{\"items\":[{}]}"
					     : "{\"kind\":\"Status\",\"message\":\"it was told to fail\"}");
		return m->wrong;
	}
	str_add(out, "{\"metadata\":{\"continue\":\"");
	if (m->bad_token)
		str_add(out, "x&y");
	else if (m->same_token)
		str_add(out, "at_0");
	else if (to < m->nodes)
		str_addf(out, "at_%u", to);
	str_add(out, "\"},\"items\":[");
	for (unsigned n = i; n < to && n < m->nodes; n++)
		str_addf(out, "%s{\"metadata\":{\"name\":\"n%u\"}}", n > i ? "," : "", n);
	str_add(out, "]}");
	return 200;
}

#define SERVING "kubernetes.io/kubelet-serving"

static int answer(void *ctx, const char *method, const char *path, const char *body, struct str *out)
{
	struct manners *m = ctx;

	(void)method;
	(void)body;
	m->asked++;
	if (m->dead)
		usleep(6000000);
	if (strstr(path, "/nodes/w1/proxy/healthz") && m->w1_drops) {
		usleep(6000000);
	} else if (strstr(path, "/nodes/cp2/proxy/healthz") && m->cp2_refuses) {
		str_add(out,
			"{\"kind\":\"Status\",\"message\":\"dial tcp 10.0.0.12:10250: connect: connection refused\"}");
		return 503;
	} else if (strstr(path, "/pods?limit=100")) {
		m->pages++;
		str_add(out, "{\"metadata\":{\"continue\":\"");
		if (m->bad_token)
			str_add(out, "x&y");
		else if (m->same_token || m->endless || m->pages < 3)
			str_addf(out, "abc_-%u", m->same_token ? 0 : m->pages);
		str_addf(out,
			"\"},\"items\":[{\"metadata\":{\"name\":\"p%u\"},\"spec\":{\"nodeName\":\"w1\"},"
			"\"status\":{\"phase\":\"Running\"}}]}",
			m->pages);
	} else if (strstr(path, "/api/v1/nodes?limit=")) {
		return say_nodes(m, path, out);
	} else if (strstr(path, "/events")) {
		str_add(out,
			"{\"items\":[{\"type\":\"Warning\",\"involvedObject\":{\"name\":\"p2\"},\"lastTimestamp\":\"2026-11-28T10:00:00Z\","
			"\"message\":\"no sandbox\"}]}");
	} else if (strstr(path, "/certificatesigningrequests")) {
		/* one waits; one has its certificate, one is refused, one is somebody else's */
		str_add(out,
			"{\"items\":[{\"metadata\":{\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{\"signerName\":\"" SERVING
			"\"}},{\"spec\":{\"signerName\":\"" SERVING "\"},\"status\":{\"certificate\":\"x\"}},"
			"{\"metadata\":{\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{\"signerName\":\"" SERVING
			"\"},\"status\":{\"conditions\":[{\"type\":\"Denied\"}]}},"
			"{\"metadata\":{\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{\"signerName\":\"a/b\"}}]}");
	} else if (strstr(path, "/endpoints/kube-dns")) {
		str_add(out, "{\"kind\":\"Status\",\"message\":\"not found\"}");
		return 404;
	} else {
		str_add(out, "{}");
	}
	return 200;
}

static struct survey_look look_of(void)
{
	return (struct survey_look){ &rack.state, rack.inv, clock_mono_ms() + 20000, 0, -1 };
}

static int call(int (*fn)(struct net_client *c, void *ctx, struct error *err), void *l)
{
	return api_call(answer, &manners, fn, l);
}

static void begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	net_init();
	rack_up();
	memset(&manners, 0, sizeof(manners));
	for (size_t i = 0; i < rack.state.node_count; i++)
		rack.state.nodes[i].ready = true;
}

/* What comes of a list with these manners; no half of one is left. */
static const struct {
	struct manners m;
	const char *says; /* NULL: it is whole */
	unsigned pages;
} lists[] = {
	{ { .nodes = 0 }, NULL, 1 },
	{ { .nodes = 250 }, NULL, 1 },
	{ { .nodes = 251 }, NULL, 2 },
	{ { .nodes = 1234 }, NULL, 5 },
	{ { .nodes = 10000 }, NULL, 40 },
	{ { .nodes = 10001 }, "the cluster has more than 10000 Nodes", 40 },
	/* the rest of a list is not kept for ever: once from the beginning */
	{ { .nodes = 1234, .first = 500, .wrong = 410, .times = 1 }, NULL, 3 + 5 },
	{ { .nodes = 1234, .first = 500, .wrong = 410, .times = 2 }, "it was told to fail", 3 + 3 },
	{ { .nodes = 10000, .first = 9750, .wrong = 410, .times = 1 }, NULL, 40 + 40 },
	/* a page in the middle fails, or is none */
	{ { .nodes = 1234, .first = 500, .wrong = 500, .times = 1 }, "it was told to fail", 3 },
	{ { .nodes = 1234, .first = 1000, .wrong = 200, .times = 1 }, "has a Node without a name", 5 },
	{ { .nodes = 1234, .bad_token = true }, "the API server's list cannot be continued", 1 },
	{ { .nodes = 1234, .same_token = true }, "the API server's list cannot be continued", 2 },
};

static void test_nodes(void)
{
	char last[16];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct cluster_state seen = { .lead = -1 };
		const char *says = lists[i].says;
		unsigned nodes = lists[i].m.nodes;

		begin();
		manners = lists[i].m;
		if (!CHECK_INT(call(world_nodes, &seen), says ? -1 : 0) || !CHECK(!says || strstr(why.what, says)))
			printf("# %zu: %s\n", i, why.what);
		CHECK_INT(manners.pages, lists[i].pages);
		CHECK_INT(seen.node_count, says ? 0 : nodes);
		snprintf(last, sizeof(last), "n%u", nodes - 1);
		CHECK_INT(cluster_find_node(&seen, last) != NULL, !says && nodes);
		cluster_state_release(&seen);
		rack_down();
	}
}

static void test_pages(void)
{
	struct survey_look l;

	begin();
	l = look_of();
	CHECK_INT(call(survey_ask_pods, &l), 0);
	CHECK_INT(rack.state.pods.count, 3);
	CHECK_INT(rack.state.nodes[3].pods, 3);
	CHECK_STR(rack.state.pods.list[1].event, "no sandbox");
	CHECK_INT(rack.state.pods.dns, DNS_NONE);
	CHECK_INT(rack.state.requests, 1);
	CHECK_STR(rack.state.pods.unknown, "");
	rack_down();

	/* a list without end, and one whose next page is not a word */
	begin();
	manners.endless = true;
	l = look_of();
	CHECK_INT(call(survey_ask_pods, &l), 0);
	CHECK(manners.pages <= 40 && strstr(rack.state.pods.unknown, "too many"));
	CHECK_INT(rack.state.pods.dns, DNS_UNKNOWN);
	rack_down();
	begin();
	manners.bad_token = true;
	l = look_of();
	CHECK_INT(call(survey_ask_pods, &l), 0);
	CHECK_INT(manners.pages, 1);
	CHECK(strstr(rack.state.pods.unknown, "cannot be continued"));
	rack_down();
	begin();
	manners.same_token = true;
	l = look_of();
	CHECK_INT(call(survey_ask_pods, &l), 0);
	CHECK_INT(manners.pages, 2);
	CHECK(strstr(rack.state.pods.unknown, "cannot be continued"));
	rack_down();
}

static void test_ways(void)
{
	struct survey_look l;

	begin();
	manners.cp2_refuses = manners.w1_drops = true;
	l = look_of();
	CHECK_INT(call(survey_ask_kubelets, &l), -1);
	CHECK_INT(l.doubt, 3);
	/* not yet: the API server may be the one that is silent */
	CHECK_INT(rack.state.nodes[3].way, WAY_UNKNOWN);
	CHECK_INT(rack.state.nodes[0].way, WAY_OPEN);
	CHECK_INT(rack.state.nodes[1].way, WAY_BROKEN);
	CHECK_STR(rack.state.nodes[1].way_said, "dial tcp 10.0.0.12:10250: connect: connection refused");
	CHECK_INT(call(survey_ask_kubelets, &l), 0);
	CHECK_INT(rack.state.nodes[3].way, WAY_BROKEN);
	CHECK(strstr(rack.state.nodes[3].way_said, "no answer within"));
	rack_down();

	begin();
	manners.w1_drops = true;
	l = look_of();
	CHECK_INT(call(survey_ask_kubelets, &l), -1);
	manners.dead = true;
	CHECK_INT(call(survey_ask_kubelets, &l), -1);
	CHECK_INT(l.doubt, -1);
	CHECK_INT(rack.state.nodes[3].way, WAY_UNKNOWN);
	rack_down();
}

/* A Node that is not Ready is not asked, nor one that is none of ours, nor any when there is no time. */
static void test_not_asked(void)
{
	struct survey_look l;

	begin();
	rack.state.nodes[3].ready = false;
	l = look_of();
	CHECK_INT(call(survey_ask_kubelets, &l), 0);
	CHECK_INT(manners.asked, 3);
	CHECK_INT(rack.state.nodes[3].way, WAY_UNKNOWN);
	rack_down();
	begin();
	l = look_of();
	l.deadline = 0;
	CHECK_INT(call(survey_ask_kubelets, &l), 0);
	CHECK_INT(call(survey_ask_pods, &l), 0);
	CHECK_INT(manners.asked, 0);
	CHECK(strstr(rack.state.pods.unknown, "no time left"));
	rack_down();
}

static const struct test tests[] = {
	{ "Nodes in pages, as many as there may be", test_nodes },
	{ "pages of Pods", test_pages },
	{ "the way to kubelets", test_ways },
	{ "what is not asked", test_not_asked },
};
TEST_MAIN(tests)
