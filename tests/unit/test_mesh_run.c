/* check --mesh: one exec a host once all are logged in, its table at 80 columns, its JSON, and what a host that cannot be looked at leaves of it. */
#include "tests/test.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/mesh.h"
#include "cli/wizard.h"
#include "steps/host/scripts.h"
#include "tests/unit/fake_program.h"
#include "tests/unit/fake_remote.h"
#include "tests/unit/mesh_site.h"
#include "tui/wizard.h"

#include <unistd.h>

enum { CP1, CP2, CP3, W1, W2, FEW, MANY = 200 };
static struct fake_host hosts[MANY];
static struct engine_host list[MANY];
static struct cli_run run;
static struct mesh_plan plan;
static struct mesh_view view;
static struct findings found;
static int unreached, many, bad;
static atomic_int opened, early;

/* What a host says of w2, where nothing listens. */
static void nobody_there(struct str *text, bool control_plane)
{
	mesh_site_change(text, "udp 4 8472 open", "udp 4 8472 silent");
	mesh_site_change(text, "udp 4 4789 open", "udp 4 4789 silent");
	mesh_site_change(text, "udp 4 10250 open", "udp 4 10250 silent");
	mesh_site_change(text, "echo 4 5 400000 600000 1000", NULL);
	mesh_site_change(text, "mtu 4 1500", NULL);
	mesh_site_change(text, "from 4 10250", NULL);
	if (control_plane)
		mesh_site_change(text, "tcp 4 10250 own", "tcp 4 10250 refused");
}

static int answer(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	int host = (int)(h - hosts);
	struct str text = STR_INIT, got = STR_INIT, want = STR_INIT;

	(void)call;
	(void)log;
	(void)err;
	CHECK(fake_is_script(x) && fake_has(x, host_script_mesh));
	/* nobody asks before all are there that will be */
	early += opened < (int)run.inventory->host_count - (unreached >= 0);
	mesh_plan_text(&plan, (size_t)host, run.world.seen.mesh_token, run.world.seen.mesh_mark, &want);
	CHECK(strlen(run.world.seen.mesh_token) == 32 && strlen(run.world.seen.mesh_mark) == 16);
	CHECK(fake_param(x, "plan", &got) && strcmp(got.buf, want.buf) == 0);
	fake_begin(out, x);
	if (many || host != W2) {
		mesh_site(&plan, (size_t)host, &text);
		if (!many && host == W1 && bad) {
			mesh_site_change(&text, "udp 0 8472 open", "udp 0 8472 silent");
			mesh_site_change(&text, "mtu 1 1500", "mtu 1 1400");
		}
		if (!many && bad)
			nobody_there(&text, host < W1);
		if (!many && host == CP2 && bad)
			mesh_site_change(&text, "listen udp 4789 own", "listen udp 4789 busy");
		if (!many && host == CP3 && bad)
			mesh_site_change(&text, "mtu 1 1500", "mtu 1 0");
		for (int i = 0; !many && bad && host == W1 && i < W1; i++) {
			char was[64], is[64];

			snprintf(was, sizeof(was), "echo %d 5 400000 600000 1000", i);
			snprintf(is, sizeof(is), "echo %d 5 400000 600000 3000000000", i);
			mesh_site_change(&text, was, is);
		}
		for (int i = 0; !many && bad && host != W1 && i == 0; i++)
			mesh_site_change(&text, "echo 3 5 400000 600000 1000", "echo 3 5 400000 600000 -3000000000");
		if (!many && host == W1 && bad)
			mesh_site_change(&text, "udp 1 4789 open", "udp 1 4789 silent");
		fake_say(out, "mesh", text.buf);
	} else {
		fake_say(out, "perl", "none");
	}
	fake_say(out, "iface", "eth0");
	fake_say(out, "mtu", "1500");
	fake_say(out, "firewall", "nft");
	fake_end(out, x);
	str_release(&text);
	str_release(&got);
	str_release(&want);
	return 0;
}

static struct remote *dial(void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world;
	(void)t;
	(void)token;
	if (host != unreached) {
		opened++;
		return fake_remote_open(&hosts[host]);
	}
	error_set(err, ERROR_CONNECT, "no route to host");
	return NULL;
}

static void begin(size_t count, int without)
{
	static char names[MANY][8];
	struct engine_config config = { .run = "r1",
		.steps = plans[PLAN_MESH].steps,
		.step_count = plans[PLAN_MESH].count,
		.hosts = list,
		.host_count = count,
		.check_only = true,
		.open = dial };
	struct error err = { 0 };
	struct str yaml = STR_INIT;

	memset(&run, 0, sizeof(run));
	many = count > FEW;
	unreached = without;
	opened = early = 0;
	str_add(&yaml,
		"cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nendpoint: {vip: 10.1.0.250}\nhosts:\n");
	for (size_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "%s%zu", i < 3 ? "cp" : "w", i < 3 ? i + 1 : i - 2);
		list[i] = (struct engine_host){ names[i], i < 3 ? ROLE_CONTROL_PLANE : ROLE_WORKER };
		str_addf(&yaml, "  - {name: %s, address: 10.1.1.%zu, role: %s}\n", names[i], i + 1,
			i < 3 ? "control-plane" : "worker");
		hosts[i] = (struct fake_host){ .fn = answer };
	}
	run.inventory = inventory_parse("-", yaml.buf, yaml.len, NULL, 0, NULL, &err);
	str_release(&yaml);
	run.chosen = xcalloc(count, sizeof(*run.chosen));
	memset(run.chosen, true, count * sizeof(*run.chosen));
	run.chosen_count = count;
	world_init(&run.world, run.inventory, release_find("1.36.2"));
	run.world.wish.run = "r1";
	run.world.wish.mesh = run.chosen;
	mesh_of_run(&run.world, &plan);
	config.world = &run.world;
	run.config = config;
	run.engine = engine_new(&config);
	engine_no_questions(run.engine);
	CHECK_INT(engine_start(run.engine, &err), 0);
	while (engine_wait(run.engine, -1, 1000))
		continue;
	view = (struct mesh_view){ &plan, run.world.seen.mesh };
	memset(&found, 0, sizeof(found));
	findings_mesh(&view, &found);
}

static void end(void)
{
	findings_release(&found);
	mesh_plan_release(&plan);
	engine_free(run.engine);
	world_release(&run.world);
	inventory_free(run.inventory);
	free(run.chosen);
}

static void fits(const char *out)
{
	for (const char *p = out; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (!CHECK(strcspn(p, "\n") <= 80) || !CHECK(p == out || p[-1] != ' ' || *p != '\n'))
			printf("# %.*s\n", (int)strcspn(p, "\n"), p);
}

static void has(const char *out, const char *part)
{
	if (!CHECK(strstr(out, part) != NULL))
		printf("# no %s in:\n%.4000s", part, out);
}

static void test_well(void)
{
	struct str out = STR_INIT;

	bad = 0;
	begin(W2, -1);
	CHECK_INT(found.count, 0);
	CHECK_INT(early, 0);
	for (int i = 0; i < W2; i++)
		CHECK_INT(hosts[i].calls, 1);
	cli_mesh_table(&run, &view, &out);
	fits(out.buf);
	CHECK_STR(out.buf, "Cluster rack7: 4 hosts, 12 of 12 directions asked. Pod network: not known.\n\n"
			   "from \\ to         1   2   3   4\n"
			   " 1 cp1            -  ok  ok  ok\n"
			   " 2 cp2           ok   -  ok  ok\n"
			   " 3 cp3           ok  ok   -  ok\n"
			   " 4 w1            ok  ok  ok   -\n"
			   "  ok  all that is needed gets through\n\n"
			   "measured at              round trips        clock        path MTU    fsync p99\n"
			   "cp1                      0.40-0.40 ms       0.000 s      1500        2.0 ms\n"
			   "cp2                      0.40-0.40 ms       0.000 s      1500        2.0 ms\n"
			   "cp3                      0.40-0.40 ms       0.000 s      1500        2.0 ms\n"
			   "w1                       0.40-0.40 ms       0.000 s      1500\n\n"
			   "not tested: VRRP (IP protocol 112) between control planes, for the virtual IP\n");
	CHECK_INT(cli_mesh_status(&view, &found, 0), 0);
	CHECK_INT(cli_mesh_status(&view, &found, 4), 4);
	str_release(&out);
	end();
}

/* One direction is dropped, one path is narrow, a clock is off, one host has no perl. */
static void test_not_well(void)
{
	struct str out = STR_INIT;
	struct json *j;

	bad = 1;
	begin(FEW, -1);
	cli_mesh_table(&run, &view, &out);
	fits(out.buf);
	has(out.buf, " 1 cp1            -  ok  ok  ok   ?\n");
	has(out.buf, " 4 w1             !   X  ok   -   ?\n");
	has(out.buf, " 5 w2             ?   ?   ?   ?   -\n");
	has(out.buf, "w1                       0.40-0.40 ms       -3.000 s     1400-1500\n");
	has(out.buf, "w2                       unknown            unknown      unknown\n");
	has(out.buf,
		"not tested: UDP 4789 (VXLAN of Calico) of cp2: in use there, by a program that\n  does not answer this\n");
	has(out.buf, " 3 cp3           ok   ~   -  ok   ?\n");
	has(out.buf, "not measured: the path from cp3 to cp2: UDP 10250 gets no answer there\n");
	CHECK_INT(cli_mesh_status(&view, &found, 0), 6);
	j = cli_mesh_json(&run, &view, &found);
	CHECK_STR(json_get_str(j, "hosts.4.unknown", ""), "no-perl");
	CHECK_INT(json_get_int(j, "hosts.3.clock-ahead-us", 0), -3000000);
	CHECK_INT(json_get_int(j, "hosts.0.fsync.p99-us", 0), 2000);
	CHECK_INT(json_size(json_get(j, "directions")), 20);
	CHECK_STR(json_get_str(j, "directions.12.from", ""), "w1");
	CHECK_STR(json_get_str(j, "directions.12.to", ""), "cp1");
	CHECK_STR(json_get_str(j, "directions.12.state", ""), "warning");
	CHECK_STR(json_get_str(j, "directions.12.ports.1.reason", ""), "silent");
	CHECK_INT(json_get_int(j, "directions.13.path-mtu", 0), 1400);
	CHECK_STR(json_get_str(j, "directions.13.ports.2.reason", ""), "in-use");
	CHECK_STR(json_get_str(j, "findings.0.name", ""), "mesh-port-blocked");
	CHECK_STR(json_get_str(j, "findings.0.host", ""), "cp1");
	CHECK_INT(json_size(json_get(j, "findings")), 4);
	json_free(j);
	str_release(&out);
	end();
}

/* The same for the wizard's page. */
static void test_page_of_wizard(void)
{
	struct port_mesh page;

	bad = 1;
	begin(FEW, -1);
	cli_wizard_mesh(&run, &page);
	CHECK_INT(page.host_count, FEW);
	CHECK_INT(page.asked, FEW * W2);
	CHECK_STR(page.network, "not known");
	CHECK_INT(page.counts[MESH_FAILED], 1);
	CHECK_INT(page.counts[MESH_WARNED], 1);
	CHECK_INT(page.counts[MESH_NOT_TESTED], 1);
	CHECK_INT(page.counts[MESH_UNKNOWN], 8);
	CHECK_INT(page.counts[MESH_OK], 9);
	CHECK(page.ways[W1 * FEW + W1].text == NULL);
	/* what is not well comes first */
	CHECK_INT(page.ways[W1 * FEW + CP1].state, MESH_WARNED);
	has(page.ways[W1 * FEW + CP1].text, "): does not answer\nTCP 6443 (");
	CHECK(strncmp(page.ways[W1 * FEW + CP1].text, "UDP 8472 (", 10) == 0);
	has(page.ways[W1 * FEW + CP2].text,
		"There and back in 0.40 ms. Packets of at most 1400 bytes arrive, and eth0 sends up to 1500.\n");
	has(page.ways[CP3 * FEW + CP2].text, "There and back in 0.40 ms; how large packets may be is not known.");
	has(page.ways[CP1 * FEW + CP2].text, "There and back in 0.40 ms, packets of up to 1500 bytes.");
	has(page.ways[CP1 * FEW + W2].text, "Nothing was measured on this way.");
	CHECK_STR(page.hosts[W2].name, "w2");
	CHECK_INT(page.hosts[W2].error.kind, ERROR_NONE);
	CHECK_INT(page.hosts[W2].finding_count, 1);
	CHECK_STR(page.hosts[W2].findings[0].name, "mesh-unknown");
	CHECK_STR(page.hosts[CP1].findings[0].name, "mesh-port-blocked");
	port_mesh_release(&page);
	/* hosts that were not chosen are not on it */
	run.chosen[CP1] = run.chosen[W2] = false;
	cli_wizard_mesh(&run, &page);
	CHECK_INT(page.host_count, 3);
	CHECK_STR(page.hosts[2].name, "w1");
	CHECK_INT(page.ways[2 * 3 + 0].state, MESH_FAILED);
	CHECK_INT(page.counts[MESH_UNKNOWN], 0);
	port_mesh_release(&page);
	end();
	bad = 0;
	begin(W2, W1);
	cli_wizard_mesh(&run, &page);
	CHECK_INT(page.hosts[W1].error.kind, ERROR_CONNECT);
	CHECK_INT(page.ways[W1 * W2 + CP1].state, MESH_UNKNOWN);
	port_mesh_release(&page);
	end();
	begin(MANY, -1);
	cli_wizard_mesh(&run, &page);
	CHECK_INT(page.asked, plan.asked);
	CHECK_INT(page.counts[MESH_OK], plan.asked);
	port_mesh_release(&page);
	end();
}

/* A host that nobody reaches keeps nobody waiting, and is not well. */
static void test_unreached(void)
{
	bad = 0;
	begin(W2, W1);
	CHECK_INT(early, 0);
	CHECK_INT(hosts[CP1].calls, 1);
	CHECK_INT(engine_host_error(run.engine, W1)->kind, ERROR_CONNECT);
	CHECK(view.hosts[CP1].answered && !view.hosts[W1].answered);
	CHECK_INT(mesh_pair(&view, W1, CP1), MESH_UNKNOWN);
	/* what answered has been answered, by whatever; the others are asked as always */
	CHECK_INT(mesh_pair(&view, CP1, CP2), MESH_OK);
	CHECK_INT(cli_mesh_status(&view, &found, 4), 4);
	CHECK_INT(cli_mesh_status(&view, &found, 0), 5);
	end();
}

static void test_many(void)
{
	struct str out = STR_INIT;
	struct json *j;
	int64_t begun = clock_mono_ms();

	begin(MANY, -1);
	CHECK_INT(early, 0);
	CHECK_INT(found.count, 0);
	cli_mesh_table(&run, &view, &out);
	fits(out.buf);
	has(out.buf, "(to and from the\ncontrol planes, a ring, and pairs by chance)");
	has(out.buf, "cp1                               199    199\n");
	j = cli_mesh_json(&run, &view, &found);
	CHECK_INT(json_size(json_get(j, "directions")), plan.asked);
	json_free(j);
	CHECK(clock_mono_ms() - begun < 20 * TEST_SOON_MS);
	str_release(&out);
	end();
}

/* No host answers: everything is unknown, and nothing is well. */
static void test_program(void)
{
	static const char *const look[] = { "check", "--mesh", "-o", "json", "-f", "k.yaml", NULL };
	static const char *const plain[] = { "check", "--mesh", "-f", "k.yaml", NULL };
	static const char *const apply[] = { "apply", "-f", "k.yaml", NULL };
	static const char *const all[] = { "check", "--mesh", "--list", NULL };
	static const char *const two[] = { "check", "--mesh", "--security", "-f", "k.yaml", NULL };
	static const char *const other[] = { "plan", "--mesh", NULL };
	static const char inventory[] =
		"cluster: c\nkubernetes: {version: 1.36.2}\nnetwork: {cni: ./flannel.yaml}\nssh: {agent: false}\nhosts:\n"
		"  - {name: cp1, address: 10.1.0.1, role: control-plane, ssh: {address: 127.0.0.1, port: 1}}\n"
		"  - {name: w1, address: 10.1.0.2, role: worker, ssh: {address: 127.0.0.1, port: 2}}\n";
	static const char manifest[] = "# name: kube-flannel\n# \"Backend\": {\"Type\": \"vxlan\"}\n";
	char dir[] = "/tmp/kubewright-test.XXXXXX", path[64], *remove;
	struct str out = STR_INIT;
	struct json *j;

	if (!CHECK(mkdtemp(dir) != NULL))
		return;
	snprintf(path, sizeof(path), "%s/k.yaml", dir);
	CHECK_INT(file_write(path, inventory, sizeof(inventory) - 1, 0600, NULL), 0);
	snprintf(path, sizeof(path), "%s/flannel.yaml", dir);
	CHECK_INT(file_write(path, manifest, sizeof(manifest) - 1, 0600, NULL), 0);
	CHECK_INT(fake_program(dir, look, false, &out), 4);
	j = json_parse(out.buf, out.len, NULL);
	CHECK_STR(json_get_str(j, "pod-network", ""), "flannel with VXLAN");
	CHECK_STR(json_get_str(j, "hosts.0.error.kind", ""), "connect");
	CHECK_STR(json_get_str(j, "directions.0.state", ""), "unknown");
	CHECK_STR(json_get_str(j, "directions.1.ports.0.reason", ""), "not-asked");
	json_free(j);
	CHECK_INT(fake_program(dir, plain, false, &out), 4);
	has(out.buf, "0 of 2 hosts looked at: 0 errors, 0 warnings, 0 ignored. Nothing was changed.\n");
	/* of hosts that cannot be reached the apply speaks, not what asks them before it */
	CHECK_INT(fake_program(dir, apply, false, &out), 4);
	has(out.buf, "0 of 2 hosts asked each other: 0 errors, 0 warnings\n");
	has(out.buf, "applying k.yaml to 2 hosts of cluster c\n");
	CHECK_INT(fake_program(dir, all, false, &out), 0);
	has(out.buf, "mesh-path-mtu                error    the path to another host carries smaller");
	CHECK_INT(fake_program(dir, other, false, &out), 2);
	CHECK_INT(fake_program(dir, two, false, &out), 2);
	str_release(&out);
	remove = xasprintf("rm -rf %s", dir);
	CHECK_INT(system(remove), 0);
	free(remove);
}

/* What the manual says of findings is what there is. */
static void test_page(void)
{
	struct str page = STR_INIT;
	struct error err = { 0 };

	CHECK_INT(file_read("docs/mesh.md", 1u << 20, &page, &err), 0);
	for (size_t i = 0; i < mesh_finding_kind_count; i++) {
		char word[64];

		snprintf(word, sizeof(word), "| `%s` |", mesh_finding_kinds[i].name);
		has(page.buf, word);
	}
	for (size_t i = 0; i < mesh_need_count; i++) {
		char port[16];

		snprintf(port, sizeof(port), " %d |", mesh_needs[i].port);
		has(page.buf, port);
	}
	str_release(&page);
}

static const struct test tests[] = {
	{ "all is well", test_well },
	{ "not all is well", test_not_well },
	{ "the page of the wizard", test_page_of_wizard },
	{ "a host that cannot be reached", test_unreached },
	{ "200 hosts", test_many },
	{ "the program", test_program },
	{ "each stands in docs/mesh.md", test_page },
};
TEST_MAIN(tests)
