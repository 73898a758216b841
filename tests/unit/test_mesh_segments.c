/* Whether control planes are on one segment, as the virtual IP needs it: what a host may say, and what comes of it. */
#include "tests/test.h"

#include "base/error.h"
#include "remote/remote.h"
#include "tests/unit/mesh_site.h"

static const char text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\n"
			   "endpoint: {vip: 10.0.0.100}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			   "  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
			   "  - {name: cp3, address: 10.1.0.13, role: control-plane}\n"
			   "  - {name: w1, address: 10.0.0.21, role: worker}\n";
enum { CP1, CP2, CP3, W1, HOSTS };

/* All is well but for what the first host says of segments. findings is released by the caller when 0 is returned. */
static int look(const char *segments, struct findings *found, struct error *err)
{
	struct inventory *inv = inventory_parse("-", text, strlen(text), NULL, 0, NULL, err);
	struct mesh_host hosts[HOSTS] = { 0 };
	struct mesh_plan plan;
	struct mesh_view view = { &plan, hosts };
	int rc = 0;

	mesh_plan_make(&plan, inv, NULL, MESH_FLANNEL_VXLAN, "r1");
	for (size_t i = 0; i < HOSTS && rc == 0; i++) {
		struct remote_answer a = { 0 };
		struct str said = STR_INIT;

		mesh_site(&plan, i, &said);
		remote_answer_set(&a, "mesh", said.buf);
		remote_answer_set(&a, "iface", "eth0");
		remote_answer_set(&a, "mtu", "1500");
		if (i == CP1)
			remote_answer_set(&a, "segments", segments);
		rc = mesh_host_take(&hosts[i], &plan, i, &a, err);
		remote_answer_release(&a);
		str_release(&said);
	}
	*found = (struct findings){ 0 };
	if (rc == 0)
		findings_mesh(&view, found);
	for (size_t i = 0; i < HOSTS; i++)
		mesh_host_release(&hosts[i]);
	mesh_plan_release(&plan);
	inventory_free(inv);
	return rc;
}

static void test_said(void)
{
	static const struct {
		const char *said;
		bool taken;
		int apart; /* findings */
	} table[] = {
		{ "", true, 0 },
		{ "1 same\n2 unknown\n", true, 0 },
		{ "1 same\n2 apart\n", true, 1 },
		{ "1 apart", true, 1 },
		{ "0 apart\n", false, 0 },
		{ "4 apart\n", false, 0 },
		{ "-1 apart\n", false, 0 },
		{ "1 far\n", false, 0 },
		{ "1\n", false, 0 },
		{ "1 apart more\n", false, 0 },
		{ "\n\n", false, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct error err = { 0 };
		struct findings found;
		bool ok = CHECK_INT(look(table[i].said, &found, &err), table[i].taken ? 0 : -1);

		ok = CHECK_INT(found.count, table[i].apart) && ok;
		ok = CHECK_INT(err.kind, table[i].taken ? ERROR_NONE : ERROR_PROTOCOL) && ok;
		if (!ok)
			printf("# %s: %s\n", table[i].said, err.what);
		findings_release(&found);
	}
}

static void test_finding(void)
{
	struct error err = { 0 };
	struct findings found;

	CHECK_INT(look("1 apart\n2 apart\n", &found, &err), 0);
	if (!CHECK_INT(found.count, 1))
		return;
	CHECK_INT(found.list[0].host, CP1);
	CHECK_INT(found.list[0].level, FINDING_ERROR);
	CHECK_STR(found.list[0].name, "mesh-segment");
	CHECK_STR(found.list[0].what, "packets from here to cp2, cp3 go by a gateway: they are on another segment");
	CHECK(strstr(found.list[0].why, "10.0.0.100") && strstr(found.list[0].remedy, "endpoint.host"));
	findings_release(&found);
}

static const struct test tests[] = {
	{ "what a host may say of segments", test_said },
	{ "control planes on different segments", test_finding },
};
TEST_MAIN(tests)
