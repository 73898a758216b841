/* apply, rejoin and remove on a cluster whose upgrade was interrupted: what is there stays unchanged, and nobody joins. */
#include "tests/test.h"
#include "tests/unit/fake_upgrade.h"

#include "inventory/inventory.h"
#include "steps/run/want.h"

#include <stdio.h>
#include <string.h>

/* What rejoin and remove are about. */
static const bool w2[UPGRADE_HOSTS] = { [4] = true };

static const struct {
	const char *hosts, *from, *to, *wanted; /* of fake_upgrade.h */
	char plan;                              /* a: apply; j: rejoin; r: remove */
	enum code code;
	const char *about;
	bool half, differ; /* and of them the API servers alone */
} rows[] = {
	{ "ooooo", "1.35.6", "1.36.2", "1.35.6", 'a', CODE_NONE, "", false, false },
	{ "Annnn", "1.35.6", "1.36.2", "1.36.2", 'a', CODE_NONE, "", false, false },
	{ "jjjjj", "1.35.6", "1.36.2", "1.36.2", 'j', CODE_NONE, "", false, false },
	/* with the inventory of after, with a minor version alone, and with what the cluster does not run or does no more */
	{ "acooo", "1.35.6", "1.36.2", "1.36.2", 'a', CODE_NONE, "", true, true },
	{ "acooo", "1.35.6", "1.36.2", "1.36", 'a', CODE_NONE, "", true, true },
	{ "acooo", "1.36.1", "1.36.2", "1.36", 'a', CODE_NONE, "", true, true },
	{ "acooo", "1.35.6", "1.36.2", "1.35.6", 'a', REFUSAL_HALF_UPGRADED, "1.36.2", true, true },
	{ "acooo", "1.34.9", "1.35.6", "1.36.2", 'a', REFUSAL_HALF_UPGRADED, "1.35.6", true, true },
	/* kubelets alone are left */
	{ "Annoo", "1.35.6", "1.36.2", "1.36.2", 'a', CODE_NONE, "", true, false },
	/* nothing joins while API servers differ; the host that leaves does not count */
	{ "acooo", "1.35.6", "1.36.2", "1.36.2", 'j', REFUSAL_HALF_UPGRADED, "1.36.2", true, true },
	{ "Annoo", "1.35.6", "1.36.2", "1.36.2", 'j', CODE_NONE, "", true, false },
	{ "Annno", "1.35.6", "1.36.2", "1.36.2", 'j', CODE_NONE, "", false, false },
	{ "acooo", "1.35.6", "1.36.2", "1.36.2", 'r', CODE_NONE, "", true, true },
	{ "Annno", "1.35.6", "1.36.2", "1.36.2", 'r', CODE_NONE, "", false, false },
	{ "ooooo", "1.35.6", "1.36.2", "1.36.2", 'a', REFUSAL_OTHER_VERSION, "1.35.6", false, false },
};

/* Decides as that plan does. */
static void decide(struct fake_upgrade *u, char plan, struct error *why)
{
	fake_upgrade_open(u);
	u->w.wish.upgrade = false;
	u->w.wish.rejoin = plan == 'j' ? w2 : NULL;
	u->w.wish.leave = plan == 'r' ? w2 : NULL;
	u->e.config.check_only = true;
	decide_apply(&u->tasks[0], why);
}

static void test_decided(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_upgrade u = {
			.hosts = rows[i].hosts, .from = rows[i].from, .to = rows[i].to, .wanted = rows[i].wanted
		};
		struct error why = { 0 };
		int before = test_failures;

		decide(&u, rows[i].plan, &why);
		CHECK_STR(code_name(why.code), code_name(rows[i].code));
		CHECK_STR(why.about, rows[i].about);
		CHECK(rows[i].code == CODE_NONE || *why.hint);
		CHECK_INT(u.w.decided.half_upgraded, rows[i].half);
		CHECK_INT(u.w.decided.servers_differ, rows[i].differ);
		CHECK_STR(u.w.decided.version, u.w.seen.cluster.version);
		if (test_failures > before)
			printf("# %s %s %c\n", rows[i].hosts, rows[i].wanted, rows[i].plan);
		fake_upgrade_close(&u);
	}
}

/* The version that is wanted of one of Kubernetes' packages; the last result stays. */
static const char *wanted(const struct fake_upgrade *u, int host, const char *package)
{
	static char version[32];
	struct items l = { 0 };

	version[0] = '\0';
	want_packages.items(&u->w, host, &l);
	for (size_t i = 0; i < l.count; i++)
		if (l.list[i].kind == ITEM_PACKAGE && strcmp(l.list[i].key, package) == 0)
			snprintf(version, sizeof(version), "%s", l.list[i].want);
	items_release(&l);
	return version;
}

static void test_packages(void)
{
	static const struct {
		const char *hosts, *want; /* of those that are installed; of w2 it is 1.36.2 */
		const char *verdicts;     /* a letter per host: = done, ! to do, x impossible */
		enum code code;           /* of w2, which has no part in the cluster yet */
	} packages[] = {
		{ "acoo-", "any", "====x", REFUSAL_HALF_UPGRADED },
		{ "Anno-", "any", "====!", EVIDENCE_PACKAGE },
		{ "Annn-", "1.36.2", "====!", EVIDENCE_PACKAGE },
	};
	static const char *const names[] = { "kubelet", "kubeadm", "kubectl" };

	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
		struct fake_upgrade u = {
			.hosts = packages[i].hosts, .from = "1.35.6", .to = "1.36.2", .wanted = "1.36.2"
		};
		struct error why = { 0 };
		char got[UPGRADE_HOSTS + 1] = "";

		decide(&u, 'a', &why);
		for (int h = 0; h < UPGRADE_HOSTS; h++) {
			got[h] = ".=!~x"[packages_check(&u.tasks[h], &why)];
			for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
				CHECK_STR(wanted(&u, h, names[k]), h < 4 ? packages[i].want : "1.36.2");
		}
		CHECK_STR(got, packages[i].verdicts);
		CHECK_STR(code_name(why.code), code_name(packages[i].code));
		fake_upgrade_close(&u);
	}
}

/* In an upgrade kubeadm comes first; the others when every API server has the version. */
static void test_upgraded_packages(void)
{
	static const struct {
		const char *hosts, *kubeadm, *kubelet;
		int host;
	} order[] = {
		{ "acooo", "1.36.2", "any", 0 },
		{ "accoo", "1.36.2", "1.36.2", 0 },
		{ "accoo", "1.36.2", "any", 3 },
		{ "accco", "1.36.2", "1.36.2", 3 },
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct fake_upgrade u = {
			.hosts = order[i].hosts, .from = "1.35.6", .to = "1.36.2", .stored = "1.36.2"
		};

		fake_upgrade_open(&u);
		u.w.decided.config_new = true;
		CHECK_STR(wanted(&u, order[i].host, "kubeadm"), order[i].kubeadm);
		CHECK_STR(wanted(&u, order[i].host, "kubelet"), order[i].kubelet);
		CHECK_STR(wanted(&u, order[i].host, "kubectl"), order[i].kubelet);
		fake_upgrade_close(&u);
	}
}

static const struct test tests[] = {
	{ "what is decided", test_decided },
	{ "packages of a cluster that is half upgraded", test_packages },
	{ "packages in an upgrade", test_upgraded_packages },
};
TEST_MAIN(tests)
