/* The run that looks at certificates: one exec a host, and what a host that cannot be looked at leaves of it. */
#include "tests/test.h"

#include "base/error.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"
#include "tests/unit/certs_made.h"
#include "tests/unit/fake_remote.h"

#define PKI "/etc/kubernetes/pki/"

static const char text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			   "  - {name: w1, address: 10.0.0.21, role: worker}\n"
			   "  - {name: w2, address: 10.0.0.22, role: worker}\n"
			   "  - {name: w3, address: 10.0.0.23, role: worker}\n";
enum { CP1, W1, W2, W3, HOSTS };
static struct fake_host hosts[HOSTS];

static int answer(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	(void)call;
	(void)log;
	(void)err;
	CHECK(fake_is_script(x) && fake_has(x, host_script_certs));
	fake_begin(out, x);
	if (h != &hosts[W2])
		fake_say(out, "cert." PKI "ca.crt", pki_store_pem(made_store, PKI_CA_CRT));
	if (h == &hosts[CP1])
		fake_say(out, "public." PKI "sa.pub", pki_store_pem(made_store, PKI_SA_PUB));
	/* as no script of ours would */
	if (h == &hosts[W1])
		fake_say(out, "key." PKI "ca.key", "x");
	fake_end(out, x);
	return 0;
}

static struct remote *dial(void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world;
	(void)t;
	(void)token;
	if (host != W3)
		return fake_remote_open(&hosts[host]);
	error_set(err, ERROR_CONNECT, "no route to host");
	return NULL;
}

static void test_run(void)
{
	struct engine_host list[HOSTS] = { { "cp1", ROLE_CONTROL_PLANE }, { "w1", ROLE_WORKER }, { "w2", ROLE_WORKER },
		{ "w3", ROLE_WORKER } };
	struct engine_config config = { .run = "r1",
		.steps = plans[PLAN_CERTS].steps,
		.step_count = plans[PLAN_CERTS].count,
		.hosts = list,
		.host_count = HOSTS,
		.check_only = true,
		.open = dial };
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	const struct certs_host *seen;
	struct engine *e;
	struct world w;

	made_begin();
	world_init(&w, inv, release_find("1.36.2"));
	w.wish.run = "r1";
	w.wish.take_lock = false;
	config.world = &w;
	for (int i = 0; i < HOSTS; i++)
		hosts[i].fn = answer;
	e = engine_new(&config);
	engine_no_questions(e);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	seen = w.seen.certs;
	CHECK(seen[CP1].looked && !seen[W1].looked && seen[W2].looked && !seen[W3].looked);
	CHECK_INT(seen[CP1].count, 2);
	CHECK_STR(seen[CP1].files[0].list[0].info.subject_cn, "kubernetes");
	CHECK_INT(seen[CP1].files[1].key_count, 1);
	CHECK_INT(seen[W2].count, 0);
	for (int i = 0; i < W3; i++)
		CHECK_INT(hosts[i].calls, 1);
	CHECK_INT(engine_host_error(e, W1)->kind, ERROR_PROTOCOL);
	CHECK_INT(engine_host_error(e, W3)->kind, ERROR_CONNECT);
	CHECK(!engine_host_error(e, CP1) && !engine_host_error(e, W2));
	engine_free(e);
	world_release(&w);
	inventory_free(inv);
	made_end();
}

static const struct test tests[] = {
	{ "one exec a host", test_run },
};
TEST_MAIN(tests)
