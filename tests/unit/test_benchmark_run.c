/* check --security: one exec a host, its table at 80 columns, its JSON, and what a host that cannot be looked at leaves of it. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/wizard.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "tests/unit/benchmark_site.h"
#include "tests/unit/fake_program.h"
#include "tests/unit/fake_remote.h"
#include "tui/wizard.h"

#include <unistd.h>

static const char text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			   "  - {name: w1, address: 10.0.0.21, role: worker}\n"
			   "  - {name: w2, address: 10.0.0.22, role: worker}\n"
			   "  - {name: w3, address: 10.0.0.23, role: worker}\n";
enum { CP1, W1, W2, W3, HOSTS };
static struct fake_host hosts[HOSTS];
static struct cli_run run;

static int answer(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	(void)call;
	(void)log;
	(void)err;
	CHECK(fake_is_script(x) && fake_has(x, host_script_benchmark));
	fake_begin(out, x);
	for (size_t i = 0; i < sizeof(benchmark_says) / sizeof(benchmark_says[0]); i++)
		if (h == &hosts[CP1] || !strstr(benchmark_says[i].word, "manifest"))
			fake_say(out, benchmark_says[i].word, benchmark_says[i].value);
	/* as no script of ours would */
	if (h == &hosts[W2])
		fake_say(out, "key", "x");
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

/* Looks at all of them; run has what was seen. */
static void begin(void)
{
	static struct engine_host list[HOSTS] = { { "cp1", ROLE_CONTROL_PLANE }, { "w1", ROLE_WORKER },
		{ "w2", ROLE_WORKER }, { "w3", ROLE_WORKER } };
	struct engine_config config = { .run = "r1",
		.steps = plans[PLAN_BENCHMARK].steps,
		.step_count = plans[PLAN_BENCHMARK].count,
		.hosts = list,
		.host_count = HOSTS,
		.check_only = true,
		.open = dial };
	struct error err = { 0 };

	memset(&run, 0, sizeof(run));
	run.inventory = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	run.chosen = xcalloc(HOSTS, sizeof(*run.chosen));
	memset(run.chosen, true, HOSTS * sizeof(*run.chosen));
	world_init(&run.world, run.inventory, release_find("1.36.2"));
	run.world.wish.run = "r1";
	run.world.wish.take_lock = false;
	config.world = &run.world;
	for (int i = 0; i < HOSTS; i++)
		hosts[i] = (struct fake_host){ .fn = answer };
	run.engine = engine_new(&config);
	engine_no_questions(run.engine);
	CHECK_INT(engine_start(run.engine, &err), 0);
	while (engine_wait(run.engine, -1, 1000))
		continue;
}

static void end(void)
{
	engine_free(run.engine);
	world_release(&run.world);
	inventory_free(run.inventory);
	free(run.chosen);
}

static void test_run(void)
{
	const struct benchmark_host *seen;

	begin();
	seen = run.world.seen.benchmark;
	CHECK(seen[CP1].said.looked && seen[W1].said.looked && !seen[W2].said.looked && !seen[W3].said.looked);
	CHECK(seen[CP1].kubelet && json_size(seen[CP1].said.manifests) == 4);
	for (int i = 0; i < W3; i++)
		CHECK_INT(hosts[i].calls, 1);
	CHECK_INT(engine_host_error(run.engine, W2)->kind, ERROR_PROTOCOL);
	CHECK_INT(engine_host_error(run.engine, W3)->kind, ERROR_CONNECT);
	CHECK(!engine_host_error(run.engine, CP1) && !engine_host_error(run.engine, W1));
	end();
}

static void fits(const char *out)
{
	for (const char *p = out; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (!CHECK(strcspn(p, "\n") <= 80))
			printf("# %.*s\n", (int)strcspn(p, "\n"), p);
}

static void has(const char *out, const char *part)
{
	if (!CHECK(strstr(out, part) != NULL))
		printf("# no %s in:\n%s", part, out);
}

static void test_table(void)
{
	struct str out = STR_INIT;
	size_t counts[BENCHMARK_STATES];

	begin();
	benchmark_table(&run, false, &out);
	fits(out.buf);
	has(out.buf, "\n1.1.1   passed          only its owner can read the API server's manifest\n1.1.2 ");
	has(out.buf, "\n1.2.15  failed          the API server serves no profiles\n"
		     "        cp1: --profiling is not set, and true is built in\n"
		     "        remedy: security.profile: cis\n");
	has(out.buf,
		"\n1.1.12  by hand         etcd's folder belongs to a user etcd\n        cp1: /var/lib/etcd is root:root\n"
		"        why: kubeadm runs etcd as root");
	/* hosts that show the same stand together, and none that could not be looked at passes */
	has(out.buf, "\n4.2.14  failed          ");
	has(out.buf, "        cp1, w1: seccompDefault is not set, and false is built in\n"
		     "        w2, w3: the host was not looked at\n");
	has(out.buf, "\n4.2.1   unknown         the kubelet answers nobody without a name\n"
		     "        w2, w3: the host was not looked at\n4.2.2 ");
	has(out.buf,
		"\n92 items: 17 failed, 20 unknown, 7 by hand, 48 passed, 0 not applicable. Nothing\nwas changed.\n");
	str_clear(&out);
	/* of what is left out nothing is said */
	run.chosen[W2] = run.chosen[W3] = false;
	benchmark_table(&run, true, &out);
	fits(out.buf);
	has(out.buf, "\n4.2.1   passed          the kubelet answers nobody without a name\n"
		     "        cp1, w1: authentication.anonymous.enabled is false\n4.2.2 ");
	CHECK(!strstr(out.buf, "w2") && !strstr(out.buf, "unknown  "));
	benchmark_count(&run, counts);
	CHECK_INT(counts[BENCHMARK_FAILED], 17);
	CHECK_INT(counts[BENCHMARK_BY_HAND], 10);
	CHECK_INT(counts[BENCHMARK_UNKNOWN], 0);
	CHECK_INT(counts[BENCHMARK_NOT_APPLICABLE], 2);
	/* workers alone: nothing of it is about a control plane */
	run.chosen[CP1] = false;
	benchmark_count(&run, counts);
	CHECK_INT(counts[BENCHMARK_NOT_APPLICABLE], 69);
	str_release(&out);
	end();
}

static const struct port_benchmark_item *page_item(const struct port_benchmark *b, const char *id)
{
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->items[i].is->id, id) == 0)
			return &b->items[i];
	printf("# no item %s\n", id);
	exit(1);
}

/* The same for the page of the wizard. */
static void test_page(void)
{
	const struct port_benchmark_item *item;
	struct port_benchmark b;

	begin();
	cli_wizard_benchmark(&run, &b);
	CHECK_INT(b.count, benchmark_item_count);
	item = page_item(&b, "4.2.14");
	CHECK(item->state == BENCHMARK_FAILED && item->group_count == 2);
	CHECK_STR(item->words, benchmark_words(BENCHMARK_FAILED));
	CHECK(item->groups[0].state == BENCHMARK_FAILED && item->groups[1].state == BENCHMARK_UNKNOWN);
	CHECK_STR(item->groups[0].hosts, "cp1, w1");
	CHECK_STR(item->groups[0].seen, "seccompDefault is not set, and false is built in");
	CHECK_STR(item->groups[1].hosts, "w2, w3");
	/* control planes' alone, by hand */
	item = page_item(&b, "1.1.12");
	CHECK(item->state == BENCHMARK_BY_HAND && item->group_count == 1);
	CHECK_STR(item->groups[0].hosts, "cp1");
	CHECK_INT(b.unseen_count, 2);
	CHECK_STR(b.unseen[0].host, "w2");
	CHECK_STR(b.unseen[1].host, "w3");
	CHECK_INT(b.unseen[1].error.kind, ERROR_CONNECT);
	port_benchmark_release(&b);
	/* what was left out is not there */
	run.chosen[W2] = run.chosen[W3] = run.chosen[CP1] = false;
	cli_wizard_benchmark(&run, &b);
	CHECK_INT(b.unseen_count, 0);
	item = page_item(&b, "1.1.12");
	CHECK(item->state == BENCHMARK_NOT_APPLICABLE && item->group_count == 0);
	port_benchmark_release(&b);
	end();
}

static const struct json *item_of(const struct json *j, const char *id)
{
	const struct json *items = json_get(j, "items");

	for (size_t i = 0; i < json_size(items); i++)
		if (strcmp(json_get_str(json_at(items, i), "id", ""), id) == 0)
			return json_at(items, i);
	return NULL;
}

static void test_json(void)
{
	struct json *j;

	begin();
	j = benchmark_json(&run);
	CHECK_STR(json_get_str(j, "benchmark", ""), "1.12");
	CHECK_INT(json_size(json_get(j, "items")), benchmark_item_count);
	CHECK_INT(json_get_int(j, "counts.failed", 0), 17);
	CHECK_STR(json_get_str(j, "hosts.3.error.kind", ""), "connect");
	CHECK(json_get_bool(j, "hosts.0.reached", false) && !json_get_bool(j, "hosts.3.reached", true));
	CHECK_STR(json_get_str(item_of(j, "1.2.15"), "state", ""), "failed");
	CHECK_INT(json_size(json_get(item_of(j, "1.2.15"), "hosts")), 1);
	CHECK_STR(json_get_str(item_of(j, "1.2.15"), "hosts.0.name", ""), "cp1");
	CHECK_STR(
		json_get_str(item_of(j, "1.2.15"), "hosts.0.seen", ""), "--profiling is not set, and true is built in");
	CHECK_STR(json_get_str(item_of(j, "1.2.15"), "remedy", ""), "security.profile: cis");
	CHECK_STR(json_get_str(item_of(j, "4.2.1"), "state", ""), "unknown");
	CHECK_STR(json_get_str(item_of(j, "4.2.1"), "hosts.1.state", ""), "passed");
	CHECK_STR(json_get_str(item_of(j, "4.2.1"), "hosts.2.state", ""), "unknown");
	CHECK_STR(json_get_str(item_of(j, "1.1.12"), "state", ""), "by-hand");
	json_free(j);
	end();
}

static void test_status(void)
{
	size_t counts[BENCHMARK_STATES] = { [BENCHMARK_PASSED] = 80, [BENCHMARK_BY_HAND] = 12 };

	CHECK_INT(benchmark_status(counts, 0), 0);
	CHECK_INT(benchmark_status(counts, 4), 4);
	counts[BENCHMARK_UNKNOWN] = 1;
	CHECK_INT(benchmark_status(counts, 0), 5);
	CHECK_INT(benchmark_status(counts, 4), 4);
	counts[BENCHMARK_FAILED] = 1;
	CHECK_INT(benchmark_status(counts, 0), 6);
	CHECK_INT(benchmark_status(counts, 4), 6);
}

/* No host answers: everything is unknown, and nothing passes. */
static void test_program(void)
{
	static const char *const look[] = { "check", "--security", "-o", "json", "-f", "k.yaml", NULL };
	static const char *const all[] = { "check", "--security", "--list", NULL };
	static const char *const other[] = { "plan", "--security", NULL };
	static const char inventory[] =
		"cluster: c\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nssh: {agent: false}\nhosts:\n"
		"  - {name: cp1, address: 10.1.0.1, role: control-plane, ssh: {address: 127.0.0.1, port: 1}}\n";
	char dir[] = "/tmp/kubewright-test.XXXXXX", path[64], *remove;
	struct str out = STR_INIT;
	struct json *j;

	if (!CHECK(mkdtemp(dir) != NULL))
		return;
	snprintf(path, sizeof(path), "%s/k.yaml", dir);
	CHECK_INT(file_write(path, inventory, sizeof(inventory) - 1, 0600, NULL), 0);
	CHECK_INT(fake_program(dir, look, false, &out), 4);
	j = json_parse(out.buf, out.len, NULL);
	CHECK_INT(json_get_int(j, "counts.unknown", 0), benchmark_item_count);
	CHECK_STR(json_get_str(j, "hosts.0.error.kind", ""), "connect");
	json_free(j);
	CHECK_INT(fake_program(dir, all, false, &out), 0);
	CHECK(str_starts(out.buf, "1.1.1   only its owner can read the API server's manifest\n"));
	CHECK_INT(fake_program(dir, other, false, &out), 2);
	str_release(&out);
	remove = xasprintf("rm -rf %s", dir);
	CHECK_INT(system(remove), 0);
	free(remove);
}

static const struct test tests[] = {
	{ "one exec a host", test_run },
	{ "the table", test_table },
	{ "JSON", test_json },
	{ "the page of the wizard", test_page },
	{ "exit statuses", test_status },
	{ "the program", test_program },
};
TEST_MAIN(tests)
