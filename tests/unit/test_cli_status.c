/* The arithmetic of status: voters, what may be lost, the virtual IP's holder, the exit status. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/run.h"
#include "inventory/inventory.h"

#include <limits.h>

static const char text[] =
	"cluster: c\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
	"  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
	"  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker}\n";

static struct cluster_node nodes[4];

static void probed(struct cli_run *r, size_t i, const char *listen, const char *vip)
{
	struct cluster_host *h = &r->world.seen.hosts[i];

	h->probed = true;
	cluster_set(h, "have", "kubelet-conf");
	cluster_set(h, "listen", listen);
	if (vip)
		cluster_set(h, "vip_held", vip);
}

/* A healthy cluster of three and one. */
static void cluster_up(struct cli_run *r)
{
	struct error err = { 0 };

	memset(r, 0, sizeof(*r));
	r->inventory = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	if (!CHECK(r->inventory != NULL)) {
		printf("# %s\n%s\n", err.what, err.detail);
		exit(1);
	}
	r->release = release_find("1.36.2");
	world_init(&r->world, r->inventory, r->release);
	r->chosen = xcalloc(4, sizeof(*r->chosen));
	r->chosen_count = 4;
	r->world.seen.cluster.exists = true;
	r->world.seen.cluster.nodes = nodes;
	r->world.seen.cluster.node_count = 4;
	r->world.seen.cluster.etcd.count = 3;
	for (size_t i = 0; i < 4; i++) {
		r->chosen[i] = true;
		memset(&nodes[i], 0, sizeof(nodes[i]));
		snprintf(nodes[i].name, sizeof(nodes[i].name), "%s", r->inventory->hosts[i].name);
		nodes[i].ready = true;
		probed(r, i, i < 3 ? "22 2379 2380 6443" : "22 10250 23790", i == 1 ? "yes" : i == 3 ? NULL : "no");
		if (i == 3)
			break;
		snprintf(r->world.seen.cluster.etcd.list[i].name, sizeof(r->world.seen.cluster.etcd.list[i].name), "%s",
			nodes[i].name);
		snprintf(r->world.seen.cluster.etcd.status[i].leader_id,
			sizeof(r->world.seen.cluster.etcd.status[i].leader_id), "1");
		r->world.seen.cluster.etcd.answers[i] = true;
	}
}

static void cluster_down(struct cli_run *r)
{
	r->world.seen.cluster.nodes = NULL;
	r->world.seen.cluster.node_count = 0;
	world_release(&r->world);
	inventory_free(r->inventory);
	free(r->chosen);
}

static void test_healthy(void)
{
	struct cli_run r;
	struct status s;

	cluster_up(&r);
	status_fold(&r, &s);
	CHECK_INT(s.voters, 3);
	CHECK_INT(s.voters_up, 3);
	CHECK_INT(s.vip_holders, 1);
	CHECK_STR(s.vip_holder, "cp2");
	CHECK_INT(s.not_ready, 0);
	CHECK_INT(s.ca_days, INT_MIN);
	CHECK(s.all_control_planes && s.installed);
	CHECK_INT(status_exit(&r, &s), 0);
	cluster_down(&r);
}

static void test_one_lost(void)
{
	struct cli_run r;
	struct status s;
	bool well;

	cluster_up(&r);
	r.world.seen.hosts[2].probed = false;
	r.world.seen.cluster.etcd.answers[2] = false;
	cluster_host_release(&r.world.seen.hosts[2]);
	nodes[2].ready = false;
	status_fold(&r, &s);
	CHECK_INT(s.voters, 3);
	CHECK_INT(s.voters_up, 2);
	CHECK_INT(s.unreachable, 1);
	CHECK_INT(s.not_ready, 1);
	CHECK(!s.all_control_planes);
	CHECK_STR(status_node(&r, 2, &well), "NotReady");
	CHECK(!well);
	CHECK_STR(status_node(&r, 0, &well), "Ready");
	CHECK(well);
	/* a Node that is Ready and ends its Pods is not well */
	nodes[3].json =
		json_parse("{\"status\":{\"conditions\":[{\"type\":\"DiskPressure\",\"status\":\"True\"}]}}", 67, NULL);
	CHECK_STR(status_node(&r, 3, &well), "Ready,DiskPressure");
	CHECK(!well);
	status_fold(&r, &s);
	CHECK_INT(s.not_ready, 2);
	json_free((struct json *)nodes[3].json);
	CHECK_INT(status_exit(&r, &s), 8);
	cluster_down(&r);
}

static void test_learner_is_no_voter(void)
{
	struct cli_run r;
	struct status s;

	cluster_up(&r);
	r.world.seen.cluster.etcd.list[2].learner = true;
	status_fold(&r, &s);
	CHECK_INT(s.voters, 2);
	CHECK_INT(s.voters_up, 2);
	CHECK_INT(s.learners, 1);
	cluster_down(&r);
}

static void test_vip(void)
{
	struct cli_run r;
	struct status s;

	cluster_up(&r);
	cluster_set(&r.world.seen.hosts[0], "vip_held", "yes");
	status_fold(&r, &s);
	CHECK_INT(s.vip_holders, 2);
	CHECK_INT(status_exit(&r, &s), 8);
	cluster_set(&r.world.seen.hosts[0], "vip_held", "no");
	cluster_set(&r.world.seen.hosts[1], "vip_held", "no");
	status_fold(&r, &s);
	CHECK(s.vip_holder == NULL);
	CHECK_INT(status_exit(&r, &s), 8);
	cluster_down(&r);
}

static void test_api_down(void)
{
	struct cli_run r;
	struct status s;

	cluster_up(&r);
	r.world.seen.cluster.exists = false;
	r.world.seen.cluster.etcd.count = 0;
	status_fold(&r, &s);
	CHECK(s.installed);
	CHECK_INT(s.voters, 0);
	CHECK_STR(status_node(&r, 0, NULL), "unknown");
	CHECK_INT(status_exit(&r, &s), 5);
	for (size_t i = 0; i < 4; i++)
		r.world.seen.hosts[i].probed = false;
	status_fold(&r, &s);
	CHECK_INT(s.unreachable, 4);
	CHECK_INT(status_exit(&r, &s), 4);
	cluster_down(&r);
}

static void test_nothing_installed(void)
{
	struct cli_run r;
	struct status s;

	cluster_up(&r);
	r.world.seen.cluster.exists = false;
	r.world.seen.cluster.etcd.count = 0;
	for (size_t i = 0; i < 4; i++)
		cluster_set(&r.world.seen.hosts[i], "have", "");
	status_fold(&r, &s);
	CHECK(!s.installed);
	CHECK_STR(status_node(&r, 0, NULL), "none");
	CHECK_INT(status_exit(&r, &s), 0);
	cluster_down(&r);
}

/* A host that --hosts leaves out counts for nothing. */
static void test_left_out(void)
{
	struct cli_run r;
	struct status s;

	cluster_up(&r);
	r.chosen[3] = false;
	r.world.seen.hosts[3].probed = false;
	nodes[3].ready = false;
	status_fold(&r, &s);
	CHECK_INT(s.not_ready, 0);
	CHECK_INT(s.unreachable, 0);
	CHECK_INT(status_exit(&r, &s), 0);
	cluster_down(&r);
}

static void locked(struct cli_run *r, size_t host, const char *run, const char *step, const char *age)
{
	cluster_set(&r->world.seen.hosts[host], "lock", "none");
	cluster_set(&r->world.seen.hosts[host], "lock_run", run);
	cluster_set(&r->world.seen.hosts[host], "lock_owner", "ops@deploy2 pid 4711");
	cluster_set(&r->world.seen.hosts[host], "lock_since", "2026-11-26T12:01:07Z");
	cluster_set(&r->world.seen.hosts[host], "lock_step", step);
	cluster_set(&r->world.seen.hosts[host], "lock_age", age);
}

/* A lock is one of a run, over hosts; the host that heard of the run last says how far it is. */
static void test_locks(void)
{
	struct json *j = json_object();
	struct str line = STR_INIT;
	char runs_dir[] = "/nowhere", machine[] = "m";
	struct status_lock l;
	struct cli_run r;
	size_t from = 0;

	cluster_up(&r);
	r.runs_dir = runs_dir;
	r.machine = machine;
	CHECK(!status_lock_next(&r, &from, &l));
	locked(&r, 0, "r1", "images", "40");
	locked(&r, 1, "r2", "join", "7");
	locked(&r, 3, "r1", "packages", "3");
	cluster_set(&r.world.seen.hosts[0], "job.images", "running - cafe r1");
	status_lock_json(&r, j);
	json_write(j, &line);
	CHECK_STR(line.buf,
		"{\"locks\":[{\"run\":\"r1\",\"owner\":\"ops@deploy2 pid 4711\",\"since\":\"2026-11-26T12:01:07Z\","
		"\"step\":\"packages\",\"age_s\":3,\"alive_here\":false,\"hosts\":[{\"name\":\"cp1\",\"job\":\"images\"},"
		"{\"name\":\"w1\"}]},{\"run\":\"r2\",\"owner\":\"ops@deploy2 pid 4711\",\"since\":\"2026-11-26T12:01:07Z\","
		"\"step\":\"join\",\"age_s\":7,\"alive_here\":false,\"hosts\":[{\"name\":\"cp2\"}]}]}");
	/* a host that --hosts leaves out was not looked at */
	r.chosen[0] = false;
	from = 0;
	CHECK(status_lock_next(&r, &from, &l) && strcmp(l.run, "r2") == 0);
	CHECK(status_lock_next(&r, &from, &l) && strcmp(l.run, "r1") == 0 && l.age_s == 3);
	CHECK(!status_lock_next(&r, &from, &l));
	str_release(&line);
	json_free(j);
	cluster_down(&r);
}

/* A line's words and the colour that they want. */
static void words_are(const struct cli_run *r, const char *etcd, enum cli_color color)
{
	struct str words = STR_INIT;
	struct status s;

	status_fold(r, &s);
	CHECK_INT(status_etcd_words(&s, &words), color);
	CHECK_STR(words.buf, etcd);
	str_release(&words);
}

static void member_is(const struct cli_run *r, size_t host, const char *words, bool well)
{
	bool is = !well;

	CHECK_STR(status_member(r, host, &is), words);
	CHECK_INT(is, well);
}

static void test_words(void)
{
	struct quorum_view *v;
	struct str words = STR_INIT;
	struct cli_run r;
	struct status s;

	cluster_up(&r);
	v = &r.world.seen.cluster.etcd;
	words_are(&r, "3 voters; quorum 2, tolerates 1 lost", CLI_PLAIN);
	v->answers[2] = false;
	words_are(&r, "3 voters, 2 up; quorum 2, tolerates 0 lost", CLI_RED);
	v->answers[1] = false;
	words_are(&r, "3 voters, 1 up; quorum 2 is lost: nothing can be written", CLI_RED);
	r.world.seen.hosts[1].probed = false;
	words_are(&r, "3 voters, 1 seen; fewer than the quorum of 2 were seen", CLI_YELLOW);
	for (size_t i = 0; i < 3; i++)
		snprintf(v->list[i].peer_url, sizeof(v->list[i].peer_url), "https://%s:2380",
			r.inventory->hosts[i].address);
	member_is(&r, 0, "voter", true);
	member_is(&r, 1, "does not answer", false);
	member_is(&r, 3, "", true);
	v->list[0].learner = true;
	member_is(&r, 0, "learner", false);
	v->list[0].learner = false;
	v->count = 2;
	member_is(&r, 2, "no member", false);
	status_fold(&r, &s);
	r.world.seen.cluster.exists = false;
	CHECK_INT(status_api_words(&r, &s, &words), CLI_RED);
	CHECK_STR(words.buf, "no API server answers on the control planes that were reached");
	str_release(&words);
	cluster_down(&r);
}

static const struct test tests[] = {
	{ "healthy", test_healthy },
	{ "one control plane lost", test_one_lost },
	{ "a learner is not a voter", test_learner_is_no_voter },
	{ "virtual IP at two, at none", test_vip },
	{ "API down", test_api_down },
	{ "nothing installed", test_nothing_installed },
	{ "left out hosts", test_left_out },
	{ "locks", test_locks },
	{ "words", test_words },
};
TEST_MAIN(tests)
