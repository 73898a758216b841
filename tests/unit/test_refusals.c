/* Why a step is refused: each reason has a code of its own with its field, a word for people, and what to do. */
#include "base/code.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/private.h"
#include "inventory/inventory.h"
#include "steps/steps.h"
#include "tests/test.h"

static const char text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nendpoint: {host: 10.0.0.100}\n"
			   "network: {cni: none}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			   "  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
			   "  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
			   "  - {name: w1, address: 10.0.0.21, role: worker}\n";
static const bool all[] = { true, true, true, true };
static struct cluster_node node;
static struct world_etcd etcd;

static void fact(struct world *w, int host, const char *word, const char *value)
{
	cluster_set(&w->seen.hosts[host], word, value);
}

static void installed(struct world *w, int host)
{
	fact(w, host, "have", "kubelet-conf");
	fact(w, host, "job.join", "done 0 x");
}

static void other_system(struct world *w)
{
	fact(w, 1, "pkg_manager", "zypper");
}

static void other_version(struct world *w)
{
	fact(w, 1, "pkg_manager", "apt");
	fact(w, 1, "pkg.kubelet", "1.35.1-1.1");
	installed(w, 1);
	snprintf(w->decided.version, sizeof(w->decided.version), "1.36.2");
}

static void alone(struct world *w)
{
	fact(w, 1, "pkg_manager", "apt");
}

static void decided(struct world *w)
{
	w->decided.done = true;
}

static void no_node(struct world *w)
{
	w->decided.done = true;
	w->decided.lead = 0;
	installed(w, 1);
}

static void blank(struct world *w)
{
	w->decided.done = true;
	w->decided.lead = 0;
	snprintf(node.name, sizeof(node.name), "cp2");
	w->seen.cluster.nodes = &node;
	w->seen.cluster.node_count = 1;
}

static void leaving(struct world *w)
{
	w->wish.leave = all;
}

static void rejoining(struct world *w)
{
	w->wish.rejoin = all;
	installed(w, 1);
}

static void foreign(struct world *w)
{
	w->wish.leave = all;
	fact(w, 1, "record.cluster", "rack8");
}

static void unknown_finding(struct world *w)
{
	w->wish.remedy = "disk-space";
}

static void living(struct world *w)
{
	w->wish.remedy = "duplicate-hostname";
	installed(w, 1);
}

static void unseen(struct world *w)
{
	snprintf(w->seen.hosts[2].unseen, sizeof(w->seen.hosts[2].unseen), "the way to cp3's etcd is blocked");
	snprintf(w->seen.hosts[2].unseen_hint, sizeof(w->seen.hosts[2].unseen_hint), "open it");
}

static void side_by_side(struct world *w)
{
	etcd = (struct world_etcd){ .host = 1, .unstopped = true };
	w->wish.etcd = &etcd;
	w->wish.override_quorum = true;
}

static void as_it_is(struct world *w)
{
	(void)w;
}

static const struct {
	void (*set)(struct world *w);
	enum step_verdict (*check)(struct task *t, struct error *why);
	enum code code;
	const char *about, *says;
} cases[] = {
	{ other_system, packages_check, REFUSAL_NO_APT, "zypper", "package manager" },
	{ other_version, packages_check, REFUSAL_VERSION, "kubelet", "kubelet 1.35.1-1.1" },
	{ alone, packages_check, REFUSAL_NO_CONTROL_PLANE, "cp2", "cp2 lacks kubelet" },
	{ as_it_is, join_check, REFUSAL_NO_CONTROL_PLANE, "cp2", "cp2 lacks its place" },
	{ decided, join_check, REFUSAL_NO_CLUSTER, "", "no cluster to join" },
	{ no_node, join_check, REFUSAL_NODE_GONE, "cp2", "no Node of that name" },
	{ blank, join_check, REFUSAL_HOST_BLANK, "cp2", "nothing of it" },
	{ leaving, expel_check, REFUSAL_NO_API, "", "no API server" },
	{ rejoining, clear_check, REFUSAL_NOT_OUT, "cp2", "still has cp2" },
	{ leaving, leave_check, REFUSAL_NOT_OUT, "cp2", "still has cp2" },
	{ foreign, leave_check, REFUSAL_OTHER_CLUSTER, "rack8", "cluster rack8" },
	{ foreign, reset_check, REFUSAL_OTHER_CLUSTER, "rack8", "cluster rack8" },
	{ unknown_finding, remedy_check, REFUSAL_NO_REMEDY, "disk-space", "disk-space" },
	{ living, remedy_check, REFUSAL_LIVING, "cp2", "living cluster" },
	{ as_it_is, snapshot_check, REFUSAL_NO_ETCD, "", "no etcd" },
	{ unseen, snapshot_check, REFUSAL_UNSEEN, "cp3", "the way to cp3's etcd is blocked" },
	{ side_by_side, restore_check, REFUSAL_ETCD_RUNS, "", "could not be stopped" },
	{ as_it_is, preflight_check, REFUSAL_PREFLIGHT, "unsupported-system", "unsupported-system: " },
};

static void test_refused(void)
{
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);

	if (!CHECK(inv != NULL))
		return;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct engine e = { .world_lock = PTHREAD_MUTEX_INITIALIZER };
		struct task t = { .e = &e, .host = 1 };
		struct error why = { 0 };
		struct world w;

		CHECK_INT(stream_init(&e.stream, &why), 0);
		world_init(&w, inv, release_find("1.36.2"));
		e.config.world = &w;
		for (int h = 0; h < 4; h++)
			w.seen.hosts[h].probed = true;
		cases[i].set(&w);
		CHECK_INT(cases[i].check(&t, &why), STEP_IMPOSSIBLE);
		CHECK(why.kind != ERROR_NONE);
		if (!CHECK_STR(code_name(why.code), code_name(cases[i].code)) ||
			!CHECK(strstr(why.what, code_words(cases[i].code, cases[i].says))))
			printf("# %zu: %s\n", i, why.what);
		CHECK_STR(why.about, cases[i].about);
		/* that there is no remedy says all */
		CHECK(*why.hint || why.code == REFUSAL_NO_REMEDY);
		w.seen.cluster.nodes = NULL;
		world_release(&w);
		stream_release(&e.stream);
	}
	inventory_free(inv);
}

static const struct test tests[] = {
	{ "a code, a field, words and what to do", test_refused },
};
TEST_MAIN(tests)
