/* An upgrade: which version may follow which, and what is done and left. */
#include "tests/test.h"
#include "tests/unit/fake_upgrade.h"

#include "inventory/inventory.h"

static void test_versions(void)
{
	CHECK(upgrade_is_version("v1.36.3", "1.36.3"));
	CHECK(upgrade_is_version("1.36.3-1.1", "1.36.3"));
	CHECK(upgrade_is_version("1.20.2~ds1-1", "1.20.2"));
	CHECK(!upgrade_is_version("1.36.30", "1.36.3"));
	CHECK(!upgrade_is_version("", "1.36.3"));
	CHECK(!upgrade_is_version("v1.36.3", ""));
}

static const struct {
	const char *oldest, *newest, *to;
	enum code code;    /* CODE_NONE: it may */
	const char *first; /* with --through: the minor version before it */
} steps[] = {
	{ "1.36.2", "1.36.2", "1.36.3", CODE_NONE, NULL },
	{ "1.36.2", "1.36.2", "1.36.2", CODE_NONE, NULL },
	{ "1.35.6", "1.35.6", "1.36.0", CODE_NONE, NULL },
	/* half done, and continued */
	{ "1.35.6", "1.36.2", "1.36.2", CODE_NONE, NULL },
	/* half done, and the inventory of before: no API server may be taken down again */
	{ "1.35.6", "1.36.2", "1.35.6", REFUSAL_OLDER, NULL },
	{ "1.36.3", "1.36.3", "1.36.2", REFUSAL_OLDER, NULL },
	{ "1.34.9", "1.34.9", "1.36.2", REFUSAL_SKIPS, "1.35" },
	{ "1.33.9", "1.33.9", "1.36", REFUSAL_SKIPS, "1.34" },
	/* an upgrade that stopped on the way to 1.35 is not continued to 1.36 */
	{ "1.34.9", "1.35.6", "1.36.2", REFUSAL_SKIPS, "1.35" },
};

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct error err = { 0 };
		char first[16] = "";
		int rc = upgrade_refuse(steps[i].oldest, steps[i].newest, steps[i].to, &err);

		CHECK_INT(rc, steps[i].code == CODE_NONE ? 0 : -1);
		CHECK_INT(err.code, steps[i].code);
		CHECK_INT(upgrade_first(&err, first), steps[i].first != NULL);
		CHECK_STR(first, steps[i].first ? steps[i].first : "");
	}
}

/* ---- how far it is ---- */

/* Rows: the hosts' letters are those of fake_upgrade.h. */
static const struct {
	const char *hosts, *stored;
	bool config_new, half;
	const char *done, *due, *member; /* a letter per host */
	const char *behind;
} stages[] = {
	{ "ooooo", "1.35.6", false, false, ".....", ".....", "yyyyy", "cp1" },
	/* interrupted after kubeadm had stored the version: `apply` is not done before a host has recorded it */
	{ "doooo", "1.36.2", false, true, ".....", ".....", "yyyyy", "cp1" },
	{ "ccccc", "1.36.2", false, true, "...yy", ".....", "yyyyy", "cp1" },
	{ "aoooo", "1.36.2", true, true, "y....", ".....", "yyyyy", "cp2" },
	/* what an earlier upgrade applied says nothing */
	{ "aoooo", "1.35.6", false, true, ".....", ".....", "yyyyy", "cp1" },
	{ "acdoo", "1.36.2", true, true, "yy...", ".....", "yyyyy", "cp3" },
	{ "accoo", "1.36.2", true, true, "yyy..", "yyy..", "yyyyy", NULL },
	{ "Anncn", "1.36.2", true, true, "yyyyy", "yyyyy", "yyyyy", NULL },
	{ "Annnn", "1.36.2", true, false, "yyyyy", "yyyyy", "yyyyy", NULL },
	/* never upgraded: it was born so; and a host that joined meanwhile */
	{ "jjjjj", "1.36.2", true, false, "yyyyy", "yyyyy", "yyyyy", NULL },
	{ "Annoj", "1.36.2", true, true, "yyy.y", "yyy.y", "yyyyy", NULL },
	{ "Ann?n", "1.36.2", true, true, "yyy.y", "yyy.y", "yyyyy", NULL },
	{ "An?nn", "1.36.2", true, true, "yy.yy", ".....", "yyyyy", "cp3" },
	{ "AnnDn", "1.36.2", true, false, "yyy.y", "yyy.y", "yyyyy", NULL },
	{ "Abnnn", "1.36.2", true, true, "y.yyy", ".....", "yyyyy", "cp2" },
	/* a host that is not a Node of the cluster is not waited for */
	{ "An-nn", "1.36.2", true, false, "yy.yy", "yy.yy", "yy.yy", NULL },
	{ "Anxnn", "1.36.2", true, true, "yy.yy", "yy.yy", "yy.yy", NULL },
	{ "Anznz", "1.36.2", true, true, "yy.y.", "yy.y.", "yy.y.", NULL },
};

static void test_stages(void)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		struct fake_upgrade u = {
			.hosts = stages[i].hosts, .from = "1.35.6", .to = "1.36.2", .stored = stages[i].stored
		};
		const struct inventory_host *behind;
		struct error err = { 0 };
		int before = test_failures;
		char mask[8], newest[32];

		fake_upgrade_open(&u);
		CHECK_INT(upgrade_decide(&u.w, &err), 0);
		CHECK_INT(u.w.decided.config_new, stages[i].config_new);
		CHECK_INT(upgrade_half_done(&u.w, newest), stages[i].half);
		CHECK_STR(newest, strcmp(stages[i].hosts, "ooooo") ? "1.36.2" : "1.35.6");
		fake_upgrade_mask(&u, upgrade_host_done, mask);
		CHECK_STR(mask, stages[i].done);
		fake_upgrade_mask(&u, upgrade_kubelet_due, mask);
		CHECK_STR(mask, stages[i].due);
		fake_upgrade_mask(&u, upgrade_member, mask);
		CHECK_STR(mask, stages[i].member);
		behind = upgrade_behind(&u.w);
		CHECK_STR(behind ? behind->name : NULL, stages[i].behind);
		if (test_failures > before)
			printf("# %s %s\n", stages[i].hosts, stages[i].stored);
		fake_upgrade_close(&u);
	}
}

static const struct {
	const char *hosts, *from, *stored, *wanted;
	enum code code;
	const char *about;
} decisions[] = {
	{ "ooooo", "1.35.6", "1.35.6", "1.36.2", CODE_NONE, "" },
	{ "ooooo", "1.34.9", "1.34.9", "1.36.2", REFUSAL_SKIPS, "1.34.9" },
	/* one API server is enough, be it one that could not be looked at */
	{ "acooo", "1.34.9", "1.36.2", "1.36.2", REFUSAL_SKIPS, "1.34.9" },
	{ "An?nn", "1.34.9", "1.36.2", "1.36.2", REFUSAL_SKIPS, "1.34.9" },
	/* a kubelet takes one minor version at a time, too */
	{ "accoo", "1.34.9", "1.36.2", "1.36.2", REFUSAL_SKIPS, "1.34.9" },
	{ "Annno", "1.34.9", "1.36.2", "1.36.2", REFUSAL_SKIPS, "1.34.9" },
	/* a control plane that has left does not count */
	{ "An-nn", "1.34.9", "1.36.2", "1.36.2", CODE_NONE, "" },
	{ "acooo", "1.35.6", "1.36.2", "1.35.6", REFUSAL_OLDER, "1.36.2" },
	/* kubeadm has stored it, and no API server runs it yet */
	{ "ooooo", "1.35.6", "1.36.2", "1.35.6", REFUSAL_OLDER, "1.36.2" },
	{ "Annnn", "1.35.6", "1.36.2", "1.36.2", CODE_NONE, "" },
};

static void test_decisions(void)
{
	for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
		struct fake_upgrade u = { .hosts = decisions[i].hosts,
			.from = decisions[i].from,
			.to = "1.36.2",
			.stored = decisions[i].stored };
		struct error err = { 0 };
		int before = test_failures;

		fake_upgrade_open(&u);
		snprintf(u.w.decided.version, sizeof(u.w.decided.version), "%s", decisions[i].wanted);
		CHECK_INT(upgrade_decide(&u.w, &err), decisions[i].code == CODE_NONE ? 0 : -1);
		CHECK_STR(code_name(err.code), code_name(decisions[i].code));
		CHECK_STR(err.about, decisions[i].about);
		if (test_failures > before)
			printf("# %s from %s\n", decisions[i].hosts, decisions[i].from);
		fake_upgrade_close(&u);
	}
}

static const struct test tests[] = {
	{ "versions", test_versions },
	{ "what may follow what", test_refused },
	{ "how far it is", test_stages },
	{ "what may follow the living cluster", test_decisions },
};
TEST_MAIN(tests)
