/* Maps that are passed through when a cluster is created, beside what the living cluster has: value by value; and what that costs. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"
#include "tests/unit/fake_wished.h"

#include "base/code.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"

/* As kubeadm writes them. */
static const char kubelet_has[] =
	"apiVersion: kubelet.config.k8s.io/v1beta1\nauthentication:\n  anonymous:\n    enabled: false\n  webhook:\n"
	"    cacheTTL: 0s\n    enabled: true\ncgroupDriver: systemd\nclusterDNS:\n- 10.96.0.10\nevictionHard:\n"
	"  memory.available: 5%\nfileCheckFrequency: 0s\nkind: KubeletConfiguration\nmaxPods: 110\nmemorySwap: {}\n"
	"reservedMemory:\n- limits:\n    memory: 1Gi\n  numaNode: 0\nresolvConf: /run/systemd/resolve/resolv.conf\n"
	"streamingConnectionIdleTimeout: 5m0s\ntlsCipherSuites:\n- TLS_AES_128_GCM_SHA256\n";
static const char kubeproxy_has[] =
	"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nclientConnection:\n  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf\n"
	"  qps: 0\nconntrack:\n  maxPerCore: null\n  tcpEstablishedTimeout: null\nipvs:\n  strictARP: false\n"
	"  syncPeriod: 1m30s\nkind: KubeProxyConfiguration\nmode: \"\"\noomScoreAdj: null\n";
static const char cluster_has[] =
	"apiServer:\n  extraArgs:\n  - name: audit-log-maxage\n    value: \"30\"\n  extraEnvs:\n  - name: P\n    value: aaa\n"
	"apiVersion: kubeadm.k8s.io/v1beta4\ncertificateValidityPeriod: 8760h0m0s\nclusterName: rack7\n"
	"controlPlaneEndpoint: 10.0.0.9:6443\nimageRepository: registry.k8s.io\nnetworking:\n  dnsDomain: cluster.local\n"
	"  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/12\nscheduler: {}\n";
static const char older[] = "apiVersion: kubeadm.k8s.io/v1beta3\nnetworking:\n  podSubnet: 10.244.0.0/16\n";

#define REST "; it counts only when a cluster is created, so nothing changes\n"
#define KUBELET(config) "kubernetes: {version: 1.36.2}\nkubelet: {config: {" config "}}\n"
#define KUBEPROXY(config) "kubernetes: {version: 1.36.2}\nkubeproxy: {config: {" config "}}\n"
#define EXTRA(config) "kubernetes: {version: 1.36.2}\nkubeadm: {extra: {" config "}}\n"
#define ONLY(field, living, wanted) \
	"birth-only " field ": " field " is " living " in the living cluster and " wanted " in the inventory" REST

struct documents {
	const char *kubelet, *kubeproxy, *cluster; /* NULL: not to be read */
};
static const struct documents all = { kubelet_has, kubeproxy_has, cluster_has };
static const struct row {
	const char *more, *says;
} rows[] = {
	{ KUBELET("maxPods: 110, cgroupDriver: systemd"), "" },
	{ KUBELET("maxPods: 250"), ONLY("kubelet.config.maxPods", "110", "250") },
	{ KUBELET("clusterDNS: [10.96.0.10]"), "" },
	{ KUBELET("clusterDNS: [10.96.0.11]"), ONLY("kubelet.config.clusterDNS[0]", "10.96.0.10", "10.96.0.11") },
	/* a list counts as a whole, and its order too */
	{ KUBELET("tlsCipherSuites: [A, TLS_AES_128_GCM_SHA256]"),
		ONLY("kubelet.config.tlsCipherSuites", "[\"TLS_AES_128_GCM_SHA256\"]",
			"[\"A\",\"TLS_AES_128_GCM_SHA256\"]") },
	/* keys with dots are keys */
	{ KUBELET("evictionHard: {memory.available: 5%}"), "" },
	{ KUBELET("evictionHard: {memory.available: 5%, nodefs.available: 10%}"),
		ONLY("kubelet.config.evictionHard.nodefs.available", "not set", "10%") },
	{ KUBELET("authentication: {anonymous: {enabled: true}}"),
		ONLY("kubelet.config.authentication.anonymous.enabled", "false", "true") },
	/* written otherwise, and the same */
	{ KUBELET("streamingConnectionIdleTimeout: 300s, fileCheckFrequency: 0s"), "" },
	{ KUBELET("streamingConnectionIdleTimeout: 5m1s"),
		ONLY("kubelet.config.streamingConnectionIdleTimeout", "5m0s", "5m1s") },
	{ KUBELET("reservedMemory: [{numaNode: 0, limits: {memory: 1024Mi}}]"), "" },
	{ KUBELET("reservedMemory: [{numaNode: 0, limits: {memory: 1073741824}}]"), "" },
	{ KUBELET("reservedMemory: [{numaNode: 0, limits: {memory: 1024M}}]"),
		ONLY("kubelet.config.reservedMemory[0].limits.memory", "1Gi", "1024M") },
	/* what is not written down is zero, but where zero is a value */
	{ KUBELET("serverTLSBootstrap: false, readOnlyPort: 0, memorySwap: {}"), "" },
	{ KUBELET("failSwapOn: false"), ONLY("kubelet.config.failSwapOn", "not set", "false") },
	{ KUBELET("failSwapOn: true"), ONLY("kubelet.config.failSwapOn", "not set", "true") },
	{ KUBELET("podCIDR: null"), "" },
	{ KUBEPROXY("mode: nftables"), ONLY("kubeproxy.config.mode", "\"\"", "nftables") },
	{ KUBEPROXY("ipvs: {strictARP: false, syncPeriod: 90s}, clientConnection: {qps: 0.0}"), "" },
	{ KUBEPROXY("conntrack: {maxPerCore: 0}, ipvs: {strictARP: true}"),
		ONLY("kubeproxy.config.conntrack.maxPerCore", "not set", "0")
			ONLY("kubeproxy.config.ipvs.strictARP", "false", "true") },
	{ EXTRA("ClusterConfiguration: {apiServer: {extraArgs: [{name: audit-log-maxage, value: '30'}]}}"), "" },
	{ EXTRA("ClusterConfiguration: {apiServer: {extraArgs: [{name: audit-log-maxage, value: '7'}]}}"),
		ONLY("kubeadm.extra.ClusterConfiguration.apiServer.extraArgs[0].value", "30", "7") },
	{ EXTRA("ClusterConfiguration: {scheduler: {extraArgs: [{name: v, value: '2'}]}}"),
		ONLY("kubeadm.extra.ClusterConfiguration.scheduler.extraArgs", "not set",
			"[{\"name\":\"v\",\"value\":\"2\"}]") },
	{ EXTRA("ClusterConfiguration: {certificateValidityPeriod: 8760h}"), "" },
	/* of a field of its own: it is reported as that */
	{ EXTRA("ClusterConfiguration: {networking: {podSubnet: 10.8.0.0/16}}"), "" },
	{ EXTRA("ClusterConfiguration: {apiServer: {extraEnvs: [{name: P, value: bbb}]}}"),
		ONLY("kubeadm.extra.ClusterConfiguration.apiServer.extraEnvs[0].value", "a value that is not shown",
			"a value that is not shown") },
	/* these are nowhere in the cluster */
	{ EXTRA("InitConfiguration: {skipPhases: [addon/coredns]}, JoinConfiguration: {skipPhases: [preflight]}"), "" },
};

static const struct documents *has;

static struct json *config_map(const char *key, const char *text)
{
	struct json *map = json_object();

	json_set_str(json_set(map, "data", json_object()), key, text);
	return map;
}

static void living(struct world *w)
{
	struct cluster_state *c = &w->seen.cluster;

	c->exists = true;
	c->lead = w->decided.lead = 0;
	snprintf(c->version, sizeof(c->version), "1.36.2");
	if (has->cluster)
		c->kubeadm_config = config_map("ClusterConfiguration", has->cluster);
	if (has->kubelet)
		c->kubelet_config = config_map("kubelet", has->kubelet);
	if (has->kubeproxy)
		c->kubeproxy_config = config_map("config.conf", has->kubeproxy);
}

static void add(const struct birth_difference *d, void *out)
{
	str_addf(out, "birth-%s %s: %s\n", d->unknown ? "unknown" : "only", d->field, d->text);
}

/* As birth_maps says it, of what the inventory and the cluster of the last run have. */
static void told_of_maps(struct str *out)
{
	struct json *configuration = kubeadm_living_config(&wished.cli.world);

	birth_maps(&wished.cli.world, configuration, add, out);
	json_free(configuration);
}

static void compared(const struct documents *documents, const char *more, const char *says)
{
	static const struct step step = { "decide", "Deciding", ROLE_WORKER, STEP_OBSERVES, { { "probe", 0, 0 } },
		decide_check, decide_apply };
	static const struct want_part *const parts[] = { NULL };
	struct str said = STR_INIT;

	has = documents;
	wished.more = more;
	wished_run(false, &step, parts, living);
	CHECK_INT(wished.first.kind, ERROR_NONE);
	told_of_maps(&said);
	if (!CHECK_STR(said.buf, says))
		printf("# %s\n", more);
	str_release(&said);
	wished_done();
}

static void test_values(void)
{
	wished_open();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		compared(&all, rows[i].more, rows[i].says);
	fake_site_close(&wished.site);
}

/* Neither the same nor another. */
static void test_unknown(void)
{
	static const struct documents none = { NULL, NULL, NULL }, cut = { "a: [", "b: {", "c: 'x" },
				      no_maps = { "text", "[]", "- a" }, old = { kubelet_has, kubeproxy_has, older };
	static const struct documents *const unread[] = { &none, &cut, &no_maps };
	static const char extra[] = EXTRA("ClusterConfiguration: {scheduler: {extraArgs: []}}");
#define UNKNOWN(field, map) \
	"birth-unknown " field ": " field " could not be compared with the living cluster: its ConfigMap " map \
	" in kube-system could not be read\n"

	wished_open();
	for (size_t i = 0; i < sizeof(unread) / sizeof(unread[0]); i++) {
		compared(unread[i], KUBELET("maxPods: 250"), UNKNOWN("kubelet.config", "kubelet-config"));
		compared(unread[i], KUBEPROXY("mode: ipvs"), UNKNOWN("kubeproxy.config", "kube-proxy"));
		compared(unread[i], extra, UNKNOWN("kubeadm.extra", "kubeadm-config"));
		/* of which the inventory says nothing */
		compared(unread[i], KUBELET(""), "");
	}
	compared(&old, extra,
		"birth-unknown kubeadm.extra: kubeadm.extra could not be compared with the living cluster: its kubeadm-config "
		"is written in kubeadm.k8s.io/v1beta3, not in v1beta4\n");
	fake_site_close(&wished.site);
}

/* Of very many the first are reported, and how many there are. */
static void test_many(void)
{
	struct str more = STR_INIT, said = STR_INIT;
	const char *at;
	unsigned told = 0;

	str_add(&more, "kubernetes: {version: 1.36.2}\nkubelet: {config: {featureGates: {");
	for (int i = 0; i < 1000; i++)
		str_addf(&more, "%sG%d: true", i ? ", " : "", i);
	str_add(&more, "}}}\n");
	wished_open();
	has = &all;
	wished.more = more.buf;
	wished_run(false,
		&(const struct step){ "decide", "Deciding", ROLE_WORKER, STEP_OBSERVES, { { "probe", 0, 0 } },
			decide_check, decide_apply },
		(const struct want_part *const[]){ NULL }, living);
	told_of_maps(&said);
	for (at = said.buf; (at = strstr(at, "birth-only kubelet.config")) != NULL; at++)
		told++;
	CHECK_INT(told, 21);
	CHECK(strstr(said.buf, "kubelet.config has 980 more values") != NULL);
	str_release(&said);
	wished_done();
	fake_site_close(&wished.site);
	str_release(&more);
}

/* ---- what it costs --------------------------------------------------------------------------------------------------- */

static struct lab lab;
static unsigned told[2]; /* that differ; that could not be read */

static void count(const struct event *ev, void *ctx)
{
	(void)ctx;
	told[0] += ev->kind == EVENT_NOTICE && ev->code == NOTICE_BIRTH;
	told[1] += ev->kind == EVENT_NOTICE && ev->code == NOTICE_BIRTH_UNKNOWN;
}

/* A whole cluster, and one run of apply, plan or status over it. */
static void run(bool looks, bool texts)
{
	struct engine_host hosts[LAB_MACHINES];
	char pki[96], kubeconfig[96];
	struct error err = { 0 };
	struct world w;
	struct engine_config config = { .run = "r1",
		.steps = plans[PLAN_INSTALL].steps,
		.step_count = plans[PLAN_INSTALL].count,
		.hosts = hosts,
		.host_count = LAB_MACHINES,
		.check_only = looks,
		.open = lab_open,
		.world = &w };
	struct engine *engine;

	world_init(&w, rack_inventory, release_find("1.36.2"));
	snprintf(pki, sizeof(pki), "%s/pki", rack_dir);
	snprintf(kubeconfig, sizeof(kubeconfig), "%s/conf", rack_dir);
	w.wish.run = "r1";
	w.wish.owner = "a@b pid 1";
	w.wish.machine = "m";
	w.wish.store_dir = pki;
	w.wish.kubeconfig = kubeconfig;
	w.wish.take_lock = !looks;
	w.wish.texts = texts;
	w.pki.store = pki_store_open(pki, NULL, &err);
	for (int i = 0; i < LAB_MACHINES; i++)
		hosts[i] =
			(struct engine_host){ rack_inventory->hosts[i].name, i < 3 ? ROLE_CONTROL_PLANE : ROLE_WORKER };
	lab.surveys = lab.settings = told[0] = told[1] = 0;
	lab_run(&lab, &w, 0, LAB_LOST);
	engine = engine_new(&config);
	engine_no_questions(engine);
	engine_observe(engine, count, NULL);
	CHECK_INT(engine_start(engine, &err), 0);
	while (engine_wait(engine, -1, 1000))
		continue;
	CHECK(w.seen.cluster.exists);
	engine_free(engine);
	world_release(&w);
	CHECK(lab.surveys > 0);
}

static void test_round_trips(void)
{
	static const char extra[] = "{\"ClusterConfiguration\":{\"dns\":{\"imageTag\":\"v9\"}}}";
	struct error err = { 0 };

	rack_up();
	rack_cluster(&lab);
	/* an inventory that says nothing of it costs nothing */
	run(false, false);
	CHECK_INT(lab.settings, 0);
	rack_inventory->kubelet_config = json_parse("{\"maxPods\":110}", 15, &err);
	run(false, false);
	CHECK_INT(lab.settings, lab.surveys);
	CHECK_INT(told[0], 0);
	rack_inventory->kubeproxy_config = json_parse("{\"mode\":\"iptables\"}", 19, &err);
	strcpy(lab.given[SETTINGS_CONTROL_PLANE].text,
		"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
		"apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100]}\n");
	rack_inventory->kubeadm_extra = json_parse(extra, sizeof(extra) - 1, &err);
	run(false, false);
	CHECK_INT(lab.settings, 2 * lab.surveys);
	CHECK_INT(told[0], 1);
	json_free(rack_inventory->kubeadm_extra);
	rack_inventory->kubeadm_extra = NULL;
	/* plan reads it too; what is repeated, as status is, does not */
	run(true, true);
	CHECK_INT(lab.settings, 2 * lab.surveys);
	run(true, false);
	CHECK_INT(lab.settings, 0);
	CHECK_INT(told[0] + told[1], 0);
	/* what is refused is not known, and stops nothing */
	lab.settings_status = 403;
	run(false, false);
	CHECK_INT(lab.settings, 2 * lab.surveys);
	CHECK_INT(told[0], 0);
	CHECK_INT(told[1], 2);
	rack_down();
}

static const struct test tests[] = {
	{ "maps are compared value by value", test_values },
	{ "what could not be read is told as that", test_unknown },
	{ "very many differences", test_many },
	{ "what the comparison costs", test_round_trips },
};
TEST_MAIN(tests)
