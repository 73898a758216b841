/* A snapshot of a control plane comes to this machine: whole, verified and its owner's alone, or not at all. The host is this machine, with a folder of its own. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "cluster/snapshots.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/steps.h"
#include "tests/unit/fake_site.h"

#include <sys/stat.h>

#define NAME "rack7-3f2a9c1e-20261130T120000Z.db"
#define HERE "state/cp1-" NAME

static const char text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n";
static struct fake_site site;
static struct error first;
static unsigned execs;

/* A snapshot of more than one piece. */
static void open_site(void)
{
	fake_site_open(&site);
	fake_site_sh(&site,
		"mkdir -p data state && head -c 5000001 /dev/urandom >db && { cat db; sha256sum <db | cut -c 1-64 | sed 's/../\\\\\\\\x&/g' | xargs printf '%b'; } >data/" NAME);
}

static struct remote *open_remote(
	void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world;
	(void)host;
	(void)t;
	(void)token;
	(void)err;
	execs++;
	return remote_local_open();
}

/* The path here, "" when it failed; first says why. */
static const char *fetch(void)
{
	static const struct engine_host hosts[] = { { "cp1", ROLE_CONTROL_PLANE } };
	static char path[256];
	const struct plan *plan = &plans[PLAN_FETCH];
	struct world_etcd e = {
		.host = -1, .from = 0, .file = { .name = NAME, .taken_s = 1796040000, .size = 5000033, .ours = true }
	};
	struct engine_config config = { .run = "r1",
		.steps = plan->steps,
		.step_count = plan->count,
		.hosts = hosts,
		.host_count = 1,
		.open = open_remote,
		.check_only = true };
	struct inventory *inv = inventory_parse("-", text, sizeof(text) - 1, NULL, 0, NULL, &first);
	char *folder = xstrdup(fake_site_path(&site, "data")), *state = xstrdup(fake_site_path(&site, "state"));
	struct engine_result result;
	struct engine *engine;
	struct world w;

	memset(&first, 0, sizeof(first));
	inv->etcd.snapshots.folder = folder;
	world_init(&w, inv, release_find("1.36.2"));
	w.wish.snapshots_dir = state;
	w.wish.take_lock = false;
	w.wish.etcd = &e;
	config.world = &w;
	engine = engine_new(&config);
	engine_no_questions(engine);
	CHECK_INT(engine_start(engine, &first), 0);
	while (engine_wait(engine, -1, 1000))
		continue;
	engine_result(engine, &result);
	if (result.first)
		first = *result.first;
	engine_free(engine);
	world_release(&w);
	inventory_free(inv);
	snprintf(path, sizeof(path), "%s", e.snapshot ? e.snapshot : "");
	if (e.snapshot)
		CHECK_INT(e.info.size, 5000033);
	free(e.snapshot);
	free(folder);
	free(state);
	return path;
}

static void test_fetched(void)
{
	struct stat st;

	open_site();
	if (!CHECK_STR(fetch(), fake_site_path(&site, HERE)))
		printf("# %s | %s\n", first.what, first.hint);
	fake_site_sh(&site, "cmp data/" NAME " " HERE " && [ \"$(ls -A state | wc -l)\" = 1 ]");
	CHECK_INT(stat(fake_site_path(&site, HERE), &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_INT(st.st_mtime, 1796040000);
	/* it is not fetched twice */
	execs = 0;
	CHECK_STR(fetch(), fake_site_path(&site, HERE));
	CHECK_INT(execs, 0);
	fake_site_close(&site);
}

static void test_refused(void)
{
	static const struct {
		const char *how, *what;
	} cases[] = {
		{ "printf x | dd of=data/" NAME " bs=1 seek=4500000 conv=notrunc status=none",
			"is damaged: its digest does not match" },
		{ "truncate -s 4999999 data/" NAME, "cannot be read" },
		{ "rm data/" NAME, "cannot be read" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_site();
		fake_site_sh(&site, cases[i].how);
		CHECK_STR(fetch(), "");
		if (!CHECK(strstr(first.what, cases[i].what) && *first.hint))
			printf("# case %zu: %s | %s\n", i, first.what, first.hint);
		fake_site_sh(&site, "[ -z \"$(ls -A state)\" ]");
		fake_site_close(&site);
	}
	/* what is here and something else stays */
	open_site();
	fake_site_put(&site, HERE, 0600, "theirs\n");
	CHECK_STR(fetch(), "");
	CHECK(strstr(first.what, "already exists, and is not that snapshot") && *first.hint);
	CHECK_STR(fake_site_get(&site, HERE), "theirs\n");
	fake_site_close(&site);
}

static const struct test tests[] = {
	{ "fetched", test_fetched },
	{ "refused", test_refused },
};
TEST_MAIN(tests)
