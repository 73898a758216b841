/* Each finding of an upgrade fires on its evidence, at its level, and a clean cluster has none; the document lists them all. */
#include "base/file.h"
#include "tests/unit/upgrade_cases.h"

static const struct finding *find(const char *name, int host, int level)
{
	for (size_t i = 0; i < up.found.count; i++) {
		const struct finding *f = &up.found.list[i];

		if (strcmp(f->name, name) == 0 && (level == SILENT || ((int)f->level == level && f->host == host)))
			return f;
	}
	return NULL;
}

static void start(size_t i)
{
	begin();
	change(i);
	findings_upgrade(&up.view, &up.found);
}

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct finding *f;
		int before = test_failures;

		start(i);
		f = find(cases[i].name, cases[i].host, cases[i].level);
		if (cases[i].level == SILENT) {
			CHECK(!f);
		} else if (CHECK(f)) {
			CHECK(strstr(f->what, cases[i].what));
			CHECK(f->why[0]);
			CHECK(f->remedy[0]);
			CHECK_STR(f->act, "");
			CHECK(strstr(f->remedy, "  ") == NULL);
		}
		if (test_failures > before) {
			printf("# line %d: %s\n", cases[i].line, cases[i].name);
			for (size_t k = 0; k < up.found.count; k++)
				printf("# %d %d %s: %s\n", up.found.list[k].host, up.found.list[k].level,
					up.found.list[k].name, up.found.list[k].what);
		}
		end();
	}
}

/* What is wrong alone is found alone: nothing else is said beside a finding but what follows from the same. */
static void test_clean(void)
{
	begin();
	findings_upgrade(&up.view, &up.found);
	CHECK_INT(up.found.count, 0);
	for (size_t k = 0; k < up.found.count; k++)
		printf("# %s: %s\n", up.found.list[k].name, up.found.list[k].what);
	/* with nothing to do nothing is in the way */
	memset(up.due, 0, sizeof(up.due));
	snprintf(up.view.oldest, sizeof(up.view.oldest), "1.20.0");
	up.seen.asked = false;
	findings_upgrade(&up.view, &up.found);
	CHECK_INT(up.found.count, 0);
	end();
}

static void test_every_finding_fires(void)
{
	for (size_t k = 0; k < upgrade_kind_count; k++) {
		bool fires = false, highest = false;

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			if (strcmp(cases[i].name, upgrade_kinds[k].name) == 0 && cases[i].level != SILENT) {
				fires = true;
				highest = highest || cases[i].level == (int)upgrade_kinds[k].level;
				CHECK(cases[i].level >= (int)upgrade_kinds[k].level);
			}
		}
		if (!CHECK(fires) || !CHECK(highest))
			printf("# %s\n", upgrade_kinds[k].name);
		/* once */
		CHECK(upgrade_kind_find(upgrade_kinds[k].name) == &upgrade_kinds[k]);
	}
}

/* What an upgrade that was interrupted leaves stops nobody from continuing it; what it cannot have left does. */
static void test_begun(void)
{
	static const struct {
		const char *name;
		bool stops;
	} rows[] = { { "member-down", false }, { "quorum-lost", false }, { "kubelet-down", false },
		{ "node-not-ready", false }, { "api-server-pod-stale", false }, { "webhook-without-endpoint", false },
		{ "eviction-forbidden", false }, { "disk-space", false }, { "version-skipped", true },
		{ "host-unreachable", true }, { "etcd-alarm", true }, { "api-removed", true },
		{ "pod-without-controller", true }, { "etcd-copy-space", true }, { "certificate-expired", true } };

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			if (strcmp(cases[i].name, rows[k].name) != 0 || cases[i].level != E)
				continue;
			begin();
			change(i);
			up.view.begun = true;
			findings_upgrade(&up.view, &up.found);
			if (!CHECK(find(rows[k].name, cases[i].host, rows[k].stops ? E : W)))
				printf("# line %d: %s\n", cases[i].line, cases[i].name);
			end();
		}
}

/* --force is about pods alone. */
static void test_force(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool pods_only = strcmp(cases[i].name, "eviction-forbidden") == 0 ||
				 strcmp(cases[i].name, "pod-without-controller") == 0;

		if (cases[i].level != E)
			continue;
		begin();
		change(i);
		up.view.force = true;
		findings_upgrade(&up.view, &up.found);
		if (!CHECK(find(cases[i].name, cases[i].host, pods_only ? W : E)))
			printf("# line %d: %s\n", cases[i].line, cases[i].name);
		end();
	}
}

/* By our name, or by kubeadm's for the same check. */
static void test_ignored(void)
{
	static const struct {
		const char *finding, *name;
	} rows[] = { { "api-removed", "api-removed" }, { "coredns-plugin-unknown", "CoreDNSUnsupportedPlugins" },
		{ "node-not-ready", "ControlPlaneNodesReady" }, { "disk-space", "disk-space" } };

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			const char *ignore[] = { rows[k].name };
			const struct finding *f;

			if (strcmp(cases[i].name, rows[k].finding) == 0 && cases[i].level == E) {
				begin();
				change(i);
				rack.inv->preflight.ignore = ignore;
				rack.inv->preflight.ignore_count = 1;
				findings_upgrade(&up.view, &up.found);
				f = find(cases[i].name, cases[i].host, E);
				if (!CHECK(f && f->ignored))
					printf("# %s\n", rows[k].finding);
				rack.inv->preflight.ignore = NULL;
				rack.inv->preflight.ignore_count = 0;
				end();
			}
		}
}

/* A patch of the same minor version moves no pods, and CoreDNS stays. */
static void test_patch(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool silent = cases[i].change == BUDGETS || cases[i].change == POD;

		if (cases[i].level == SILENT || !(silent || cases[i].change == COREFILE))
			continue;
		begin();
		change(i);
		up.view.to = "1.35.7";
		findings_upgrade(&up.view, &up.found);
		CHECK(silent ? !find(cases[i].name, 0, SILENT) : find(cases[i].name, CLUSTER, W) != NULL);
		end();
	}
}

/* More than are kept are counted, and never silent. */
static void test_many(void)
{
	begin();
	for (int i = 0; i < 2 * UPGRADE_KEPT; i++) {
		struct upgrade_item item = { .thing = UPGRADE_POD_LOST, .host = -1, .node = "w9" };

		snprintf(item.name, sizeof(item.name), "ns/p%d", i);
		upgrade_see(&up.seen, &item);
		if (i < UPGRADE_KEPT)
			upgrade_see(&up.seen, &item);
	}
	CHECK_INT(up.seen.count, UPGRADE_KEPT);
	findings_upgrade(&up.view, &up.found);
	CHECK(find("pod-without-controller", CLUSTER, E));
	CHECK(strstr(up.found.list[0].what, "64 that were not looked at"));
	end();

	begin();
	for (int i = 0; i < 12; i++)
		upgrade_unknown(&up.seen, "thing %d", i);
	findings_upgrade(&up.view, &up.found);
	CHECK_INT(up.found.count, 11);
	CHECK_STR(up.found.list[9].what, "could not look at thing 9");
	CHECK_STR(up.found.list[10].what, "could not look at 2 things more");
	end();
}

/* docs/findings.md has exactly one row for each, as the table says it. */
static void test_document(void)
{
	struct str doc = STR_INIT, row = STR_INIT;
	struct error err = { 0 };
	const char *part;
	size_t rows = 0;

	if (!CHECK_INT(file_read("docs/findings.md", 1 << 20, &doc, &err), 0))
		return;
	part = strstr(doc.buf, "\n## Findings of an upgrade\n");
	if (CHECK(part)) {
		for (size_t i = 0; i < upgrade_kind_count; i++) {
			str_clear(&row);
			str_addf(&row, "\n| `%s` | %s | %s |", upgrade_kinds[i].name,
				upgrade_kinds[i].level == FINDING_ERROR ? "error" : "warning",
				upgrade_kinds[i].summary);
			if (!CHECK(strstr(part, row.buf)))
				printf("#%s\n", row.buf);
		}
		for (const char *p = part; (p = strstr(p, "\n| `")) != NULL; p++)
			rows++;
		CHECK_INT(rows, upgrade_kind_count);
	}
	str_release(&doc);
	str_release(&row);
}

static const struct test tests[] = {
	{ "every expectation holds", test_cases },
	{ "a clean cluster has none", test_clean },
	{ "every finding fires somewhere, at its level", test_every_finding_fires },
	{ "what an interrupted upgrade leaves", test_begun },
	{ "--force", test_force },
	{ "preflight.ignore", test_ignored },
	{ "a patch", test_patch },
	{ "more than are kept", test_many },
	{ "docs/findings.md lists them all", test_document },
};
TEST_MAIN(tests)
