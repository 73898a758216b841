/* Why a run is refused for all hosts: each reason has a code of its own, and is printed once. */
#include "base/code.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/run.h"
#include "engine/private.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "steps/steps.h"
#include "tests/test.h"

#define HEAD "cluster: rack7\nendpoint: {host: 10.0.0.100}\nnetwork: {cni: none}\n"
#define CP1 "hosts:\n  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
#define CP2 "  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
#define CP3 "  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
#define VERSION "kubernetes: {version: 1.36.2}\n"
static const char three[] = HEAD VERSION CP1 CP2 CP3, two[] = HEAD VERSION CP1 CP2;
static const char newest[] = HEAD "kubernetes: {version: 1.36, repository: {url: 'http://127.0.0.1:1/'}}\n" CP1 CP2 CP3;
static const bool all[] = { true, true, true };

static void living(struct world *w, const char *version, const char *node)
{
	struct error err = { 0 };
	struct json *list = json_parse(node, strlen(node), &err);

	w->seen.cluster.exists = true;
	snprintf(w->seen.cluster.version, sizeof(w->seen.cluster.version), "%s", version);
	CHECK_INT(cluster_state_nodes(&w->seen.cluster, list, &err), 0);
}

/* A NodeList of one. */
#define NODE(name, address, label) \
	"{\"items\":[{\"metadata\":{\"name\":\"" name "\",\"labels\":{" label "}},\"status\":{\"addresses\":" \
	"[{\"type\":\"InternalIP\",\"address\":\"" address "\"}]}}]}"
#define CONTROL_PLANE "\"node-role.kubernetes.io/control-plane\":\"\""

static void unlisted(struct world *w)
{
	living(w, "1.36.2", NODE("cp9", "10.0.0.19", CONTROL_PLANE));
}

static void other_address(struct world *w)
{
	living(w, "1.36.2", NODE("cp2", "10.0.0.99", CONTROL_PLANE));
}

static void other_role(struct world *w)
{
	living(w, "1.36.2", NODE("cp2", "10.0.0.12", ""));
}

static void other_version(struct world *w)
{
	living(w, "1.35.4", NODE("cp2", "10.0.0.12", CONTROL_PLANE));
}

static void unseen(struct world *w)
{
	snprintf(w->seen.hosts[2].unseen, sizeof(w->seen.hosts[2].unseen), "the way to cp3's etcd is blocked");
	snprintf(w->seen.hosts[2].unseen_hint, sizeof(w->seen.hosts[2].unseen_hint), "open it");
}

static void down(struct world *w)
{
	cluster_set(&w->seen.hosts[1], "have", "apiserver-manifest etcd-manifest kubelet-conf");
	cluster_set(&w->seen.hosts[1], "job.join", "done 0 x");
}

static void leaving(struct world *w)
{
	w->wish.leave = all;
}

static void as_it_is(struct world *w)
{
	(void)w;
}

static void absent(struct world *w)
{
	w->seen.hosts[0].probed = w->seen.hosts[2].probed = false;
}

static const struct {
	const char *inventory;
	void (*set)(struct world *w);
	bool looks;
	enum code code;
	const char *about, *says;
} cases[] = {
	{ three, unlisted, true, REFUSAL_UNLISTED, "cp9", "the control plane cp9 (10.0.0.19)" },
	{ three, other_address, true, REFUSAL_OTHER_ADDRESS, "cp2", "10.0.0.99 in the living cluster and 10.0.0.12" },
	{ three, other_role, true, REFUSAL_OTHER_ROLE, "cp2", "cp2 is a worker in the living cluster" },
	{ three, other_version, true, REFUSAL_OTHER_VERSION, "1.35.4", "runs Kubernetes 1.35.4 and" },
	{ newest, as_it_is, true, REFUSAL_UNRESOLVED, "1.36", "127.0.0.1:1" },
	{ three, unseen, true, REFUSAL_UNSEEN, "cp3", "the way to cp3's etcd is blocked" },
	{ three, down, true, REFUSAL_DOWN, "cp2", "cp2 is an installed control plane" },
	{ three, leaving, true, REFUSAL_NO_API, "", "no cluster to remove hosts from" },
	{ two, as_it_is, true, REFUSAL_EVEN, "", "2 control planes" },
	{ three, absent, true, REFUSAL_ABSENT, "cp1, cp3", "cannot be reached: cp1, cp3" },
	{ three, as_it_is, false, REFUSAL_NO_STORE, "/proc/none/pki", "/proc/none" },
};

/* The refusal of one of them on cp1. */
static void refuse(size_t i, struct world *w, struct inventory **inv, struct error *why)
{
	struct engine e = { .world_lock = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct task t = { .e = &e };
	struct error err = { 0 };

	*inv = inventory_parse("-", cases[i].inventory, strlen(cases[i].inventory), NULL, 0, NULL, &err);
	if (!*inv)
		exit(2);
	world_init(w, *inv, release_find("1.36.2"));
	w->wish.store_dir = "/proc/none/pki";
	e.config.world = w;
	e.config.check_only = cases[i].looks;
	CHECK_INT(stream_init(&e.stream, &err), 0);
	for (size_t h = 0; h < (*inv)->host_count; h++)
		w->seen.hosts[h].probed = true;
	cases[i].set(w);
	CHECK_INT(decide_apply(&t, why), -1);
	stream_release(&e.stream);
}

static void test_codes(void)
{
	net_init();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error why = { 0 };
		struct inventory *inv;
		struct world w;

		refuse(i, &w, &inv, &why);
		CHECK(why.kind != ERROR_NONE);
		if (!CHECK_STR(code_name(why.code), code_name(cases[i].code)) ||
			!CHECK(strstr(why.what, code_words(cases[i].code, cases[i].says))))
			printf("# %zu: %s\n", i, why.what);
		CHECK_STR(why.about, cases[i].about);
		CHECK(*why.hint);
		world_release(&w);
		inventory_free(inv);
	}
}

/* What is printed of three hosts' errors, and the exit status. */
static void printed(struct cli_run *r, const struct error errors[3], bool decision, struct str *out, int *status)
{
	struct task tasks[3] = { { .aside = true }, { .aside = true }, { .aside = true } };
	struct engine e = { .lock = PTHREAD_MUTEX_INITIALIZER, .tasks = tasks };
	int real = dup(STDERR_FILENO), n;
	FILE *f = tmpfile();
	char buf[4096];

	for (int h = 0; h < 3; h++)
		tasks[h].error = errors[h];
	e.config.host_count = r->config.host_count = 3;
	r->engine = &e;
	fflush(stderr);
	dup2(fileno(f), STDERR_FILENO);
	*status = cli_look_errors_but(r, true, decision);
	fflush(stderr);
	dup2(real, STDERR_FILENO);
	close(real);
	rewind(f);
	n = (int)fread(buf, 1, sizeof(buf), f);
	str_addn(out, buf, (size_t)n);
	fclose(f);
}

static unsigned times(const struct str *text, const char *word)
{
	unsigned n = 0;

	for (const char *p = text->buf; (p = strstr(p, word)) != NULL; p++)
		n++;
	return n;
}

static void test_once(void)
{
	struct error errors[3] = { { 0 } };
	char what[sizeof(errors[0].what) + 2];
	struct cli_run r = { 0 };
	struct inventory *inv;
	int status;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool of_inventory;

		if (cases[i].code == REFUSAL_NO_STORE || cases[i].code == REFUSAL_UNRESOLVED)
			continue;
		refuse(i, &r.world, &inv, &errors[0]);
		of_inventory = errors[0].kind == ERROR_INVENTORY;
		snprintf(what, sizeof(what), ": %s", errors[0].what);
		snprintf(errors[0].step, sizeof(errors[0].step), "decide");
		snprintf(errors[0].host, sizeof(errors[0].host), "cp1");
		errors[1] = errors[0];
		/* another host's own failure of the same kind */
		errors[2] = errors[0];
		error_set(&errors[2], errors[0].kind, "its own");
		for (int decision = 0; decision < 2; decision++) {
			struct str out = STR_INIT;

			printed(&r, errors, decision, &out, &status);
			CHECK_INT(status, error_exit_code(errors[0].kind));
			if (!CHECK_INT(times(&out, what), decision || of_inventory))
				printf("# %zu %d: %s\n", i, decision, out.buf);
			CHECK_INT(times(&out, "cp1: decide: its own"), 1);
			CHECK_INT(times(&out, "cp1: decide: "), 1);
			str_release(&out);
		}
		world_release(&r.world);
		inventory_free(inv);
		memset(errors, 0, sizeof(errors));
	}
}

static const struct test tests[] = {
	{ "a code and a field for each reason", test_codes },
	{ "each reason is printed once", test_once },
};
TEST_MAIN(tests)
