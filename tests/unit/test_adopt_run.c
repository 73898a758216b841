/* The runs that take a cluster over: what is asked, in which order, and what is not; and that nothing takes its keys unasked. */
#include "tests/test.h"

#include "base/error.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"
#include "tests/unit/certs_made.h"
#include "tests/unit/fake_remote.h"

static const char text[] = "cluster: adopt-x\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n";

/* What the host says, and how often it was asked what. */
static struct {
	const char *have, *foreign, *record, *join;
	bool no_config, short_page;
	unsigned probes, adopts, fetches, others;
	char etcd[8], paths[4096];
} host;
static struct fake_host remote;
static struct world w;
static struct inventory *inv;
static struct engine *e;

static void say_probe(struct str *out)
{
	fake_say(out, "lock", "none");
	fake_say(out, "now_ms", "1");
	fake_say(out, "hostname", "cp1");
	fake_say(out, "have", host.have);
	fake_say(out, "ca_crt", pki_store_pem(made_store, PKI_CA_CRT));
	if (host.record)
		fake_say(out, "record.cluster", host.record);
	if (host.join)
		fake_say(out, "job.join", host.join);
}

static void say_page(struct str *out, const char *paths)
{
	const char *next = strstr(paths, "continue=abc");

	if (!strstr(paths, "/api/v1/nodes"))
		return;
	fake_say(out, "api.nodes",
		next ? "{\"items\": [{\"metadata\": {\"name\": \"w1\"}}], \"metadata\": {}}"
		     : "{\"items\": [{\"metadata\": {\"name\": \"cp1\"}}], \"metadata\": {\"continue\": \"abc\"}}");
}

static void say_adopt(const struct remote_exec *x, struct str *out)
{
	struct str paths = STR_INIT, etcd = STR_INIT;

	fake_param(x, "paths", &paths);
	fake_param(x, "etcd", &etcd);
	snprintf(host.etcd, sizeof(host.etcd), "%s", etcd.buf);
	strncat(host.paths, paths.buf, sizeof(host.paths) - strlen(host.paths) - 1);
	fake_say(out, "foreign", host.foreign);
	if (strstr(paths.buf, "/version"))
		fake_say(out, "api.version", "{\"gitVersion\": \"v1.36.2\"}");
	if (strstr(paths.buf, "kubeadm-config"))
		fake_say(out, host.no_config ? "api_none" : "api.config",
			host.no_config ? "config" : "{\"data\": {\"ClusterConfiguration\": \"clusterName: k\"}}");
	if (strstr(paths.buf, "configmaps/kubelet-config\n"))
		fake_say(out, "api.kubelet", "{\"data\": {\"kubelet\": \"maxPods: 1\"}}");
	say_page(out, paths.buf);
	str_release(&paths);
	str_release(&etcd);
}

static int answer(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	(void)h;
	(void)call;
	(void)log;
	(void)err;
	fake_begin(out, x);
	if (fake_has(x, host_script_probe)) {
		host.probes++;
		say_probe(out);
	} else if (fake_has(x, host_script_adopt)) {
		host.adopts++;
		say_adopt(x, out);
	} else if (fake_has(x, host_script_fetch_ca)) {
		host.fetches++;
		for (int i = 0; i < 7; i++) {
			char word[8];

			snprintf(word, sizeof(word), "pem_%d", i);
			fake_say(out, word, pki_store_pem(made_store, (enum pki_pem)i));
		}
	} else if (!fake_has(x, host_script_certs)) {
		host.others++;
	}
	fake_end(out, x);
	return 0;
}

static struct remote *dial(void *world, int i, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world;
	(void)i;
	(void)t;
	(void)token;
	(void)err;
	return fake_remote_open(&remote);
}

static void begin(void)
{
	struct error err = { 0 };

	made_begin();
	memset(&host, 0, sizeof(host));
	host.have = "kubelet-conf admin-conf apiserver-manifest ca-crt";
	host.foreign = "";
	remote.fn = answer;
	remote.name = "cp1";
	inv = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	world_init(&w, inv, release_find("1.36.2"));
	w.wish.run = "r1";
	w.wish.take_lock = false;
	w.wish.owner = w.wish.machine = "";
}

/* The error of the host, or NULL. */
static const struct error *run(enum plan_id plan)
{
	static struct engine_host list[1];
	struct engine_config config = { .run = "r1",
		.steps = plans[plan].steps,
		.step_count = plans[plan].count,
		.hosts = list,
		.host_count = 1,
		.check_only = true,
		.world = &w,
		.open = dial };
	struct error err = { 0 };

	list[0] = (struct engine_host){ "cp1", ROLE_CONTROL_PLANE };
	engine_free(e);
	e = engine_new(&config);
	engine_no_questions(e);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	return engine_host_error(e, 0);
}

static void end(void)
{
	engine_free(e);
	e = NULL;
	world_release(&w);
	inventory_free(inv);
	made_end();
}

static void test_reads(void)
{
	const struct error *err;

	begin();
	err = run(PLAN_ADOPT);
	if (!CHECK(!err))
		printf("# %s\n", err->what);
	CHECK(w.seen.cluster.exists);
	CHECK_STR(w.seen.cluster.version, "1.36.2");
	CHECK_INT(w.seen.cluster.node_count, 2);
	CHECK_STR(w.seen.cluster.nodes[1].name, "w1");
	CHECK(w.seen.cluster.kubeadm_config && w.seen.cluster.kubelet_config);
	CHECK_INT(host.adopts, 2);
	CHECK_STR(host.etcd, "no");
	/* the second look asks etcd, and the API no more */
	host.paths[0] = '\0';
	CHECK(!run(PLAN_ADOPT));
	CHECK_STR(host.paths, "");
	CHECK_STR(host.etcd, "yes");
	CHECK_INT(w.seen.cluster.node_count, 2);
	CHECK(w.seen.adopt[0].looked);
	CHECK_INT(host.others + host.fetches, 0);
	end();
}

static void check_refused(const char *says, enum error_kind kind)
{
	const struct error *err = run(PLAN_ADOPT);

	if (CHECK(err != NULL) && !CHECK(strstr(err->what, says) && err->kind == kind && *err->hint))
		printf("# %s\n", err->what);
	CHECK(!w.seen.cluster.exists);
	end();
}

static void test_refuses(void)
{
	begin();
	host.no_config = true;
	check_refused("not made by kubeadm", ERROR_PREFLIGHT);
}

static void test_refuses_worker(void)
{
	begin();
	host.have = "kubelet-conf ca-crt";
	check_refused("is a worker", ERROR_PREFLIGHT);
}

static void test_refuses_other(void)
{
	begin();
	host.foreign = "k3s";
	check_refused("host of k3s", ERROR_PREFLIGHT);
}

/* Keys of a cluster that others made are not fetched by a look, and are when the operator says so. */
static void test_keys(void)
{
	struct error why = { 0 };
	const struct error *err;
	char dir[96];

	begin();
	snprintf(dir, sizeof(dir), "%s/taken", made_dir);
	w.wish.store_dir = dir;
	err = run(PLAN_CHECK);
	CHECK(err && err->code == REFUSAL_NOT_OURS && strstr(err->hint, "--take-ca-keys"));
	CHECK_INT(host.fetches, 0);
	CHECK(!w.pki.store && !w.seen.hosts[0].adopted && !world_installed(&w.seen.hosts[0]));
	CHECK(!run(PLAN_TAKE_KEYS));
	CHECK_INT(host.fetches, 1);
	CHECK(w.pki.store && w.pki.from == 0);
	CHECK_INT(pki_store_state(dir), PKI_STORE_COMPLETE);
	/* it counts as installed from now on, and is not kubewright's to reset */
	run(PLAN_CHECK);
	CHECK(w.seen.hosts[0].adopted && world_installed(&w.seen.hosts[0]));
	cluster_set(&w.seen.hosts[0], "ledger", "yes");
	CHECK_INT(reset_guard(inv, w.seen.hosts, 0, &why), -1);
	CHECK_INT(why.code, REFUSAL_NOT_OURS);
	/* there once more, nothing is fetched */
	CHECK(!run(PLAN_TAKE_KEYS));
	CHECK_INT(host.fetches, 1);
	end();
}

/* What our own record says counts, and so does another CA. */
static void test_ours(void)
{
	struct pki_store *other;

	begin();
	host.record = "adopt-x";
	host.join = "running - - r0";
	w.wish.store_dir = made_dir;
	w.pki.store = made_store_new("kept");
	run(PLAN_LOOK);
	CHECK(!w.seen.hosts[0].adopted);
	host.join = NULL;
	/* another CA */
	run(PLAN_LOOK);
	CHECK(!w.seen.hosts[0].adopted);
	other = w.pki.store;
	w.pki.store = made_store;
	host.have = "kubelet-config ca-crt";
	run(PLAN_LOOK);
	CHECK(!w.seen.hosts[0].adopted);
	host.have = "kubelet-conf ca-crt";
	run(PLAN_LOOK);
	CHECK(w.seen.hosts[0].adopted);
	w.pki.store = other;
	end();
}

static const struct test tests[] = {
	{ "the cluster is read, page by page, once", test_reads },
	{ "no cluster of kubeadm's", test_refuses },
	{ "a worker", test_refuses_worker },
	{ "another distribution", test_refuses_other },
	{ "keys only when told", test_keys },
	{ "what is taken over, and what is not", test_ours },
};
TEST_MAIN(tests)
