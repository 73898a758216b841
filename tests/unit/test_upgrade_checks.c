/* What each step of an upgrade says of each host: what there is to do, what is done, and what has to wait. */
#include "tests/test.h"
#include "tests/unit/fake_upgrade.h"

#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = { "snapshot", "kubeadm", "upgrade", "drain", "packages", "kubelet", "uncordon" };
#define NAMES (sizeof(names) / sizeof(names[0]))

/* The plan's step of this name for a host; NULL: it has none. */
static const struct step *step_of(const char *name, int host)
{
	const struct plan *p = &plans[PLAN_UPGRADE];
	char own[32];

	snprintf(own, sizeof(own), "%s%s", host < 3 ? "" : "worker-", name);
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->steps[i].name, own) == 0)
			return &p->steps[i];
	return NULL;
}

static char verdict(struct fake_upgrade *u, const char *name, int host, struct error *why)
{
	const struct step *s = step_of(name, host);

	return s ? ".=!~x"[s->check(&u->tasks[host], why)] : ' ';
}

/* name: of a host, NULL: nobody */
static int index_of(const struct fake_upgrade *u, const char *name)
{
	const struct inventory_host *h = name ? inventory_find(u->inventory, name) : NULL;

	return h ? (int)(h - u->inventory->hosts) : -1;
}

static const struct scene {
	const char *about;
	const char *hosts, *from, *stored, *cordoned; /* of fake_upgrade.h */
	bool look;
	const char *stopped, *aside;
	/* a letter per host: . not here, = done, ! to do, ~ half done, x impossible, blank: no such step */
	const char *want[NAMES];
} scenes[] = {
	{ "fresh, looked at", "ooooo", "1.35.6", "1.35.6", NULL, true, NULL, NULL,
		{ "!..  ", "!!!!!", "!!!!!", "!!!!!", "!!!!!", "!!!!!", "....." } },
	{ "fresh: no kubelet before the API servers", "ooooo", "1.35.6", "1.35.6", NULL, false, NULL, NULL,
		{ "!!!  ", "!!!!!", "!!!!!", "xxxxx", "xxxxx", "xxxxx", "....." } },
	{ "a patch", "ooooo", "1.36.1", "1.36.1", NULL, true, NULL, NULL,
		{ "!..  ", "!!!!!", "!!!!!", ".....", "!!!!!", "!!!!!", "....." } },
	{ "a patch of the kubelets", "acccc", "1.36.1", "1.36.2", NULL, false, NULL, NULL,
		{ "...  ", ".....", ".....", ".....", "!!!!!", "!!!!!", "....." } },
	{ "died in kubeadm", "doooo", "1.35.6", "1.36.2", NULL, false, NULL, NULL,
		{ "!!!  ", "=!!!!", "~!!!!", "xxxxx", "xxxxx", "xxxxx", "....." } },
	{ "the first is done", "aoooo", "1.35.6", "1.36.2", NULL, false, NULL, NULL,
		{ "!!!  ", ".!!!!", ".!!!!", "xxxxx", "xxxxx", "xxxxx", "....." } },
	{ "control planes done, looked at", "Annoo", "1.35.6", "1.36.2", NULL, true, NULL, NULL,
		{ "...  ", "...!!", "...!!", "...!!", "===!!", "===!!", "....." } },
	{ "control planes done", "Annco", "1.35.6", "1.36.2", NULL, false, NULL, NULL,
		{ "...  ", "....!", "....!", "...!x", "===!x", "===!x", "....." } },
	{ "their kubelets wait", "accoo", "1.35.6", "1.36.2", NULL, false, NULL, NULL,
		{ "...  ", "...!!", "...!!", "!!!xx", "!!!xx", "!!!xx", "....." } },
	{ "all done", "Annnj", "1.35.6", "1.36.2", NULL, false, NULL, NULL,
		{ "...  ", ".....", ".....", ".....", "=====", "=====", "....." } },
	{ "whom an upgrade had cordoned", "Annnn", "1.35.6", "1.36.2", "u.sru", false, NULL, NULL,
		{ "...  ", ".....", ".....", ".....", "=====", "=====", "!..!!" } },
	{ "stopped at one: it alone continues", "aoooo", "1.35.6", "1.36.2", NULL, false, "cp2", NULL,
		{ "!!!  ", ".!xxx", ".!xxx", "xxxxx", "xxxxx", "xxxxx", "....." } },
	{ "stopped at a worker", "Anncc", "1.35.6", "1.36.2", NULL, false, "w1", NULL,
		{ "...  ", ".....", ".....", "...!x", "xxx!x", "===!x", "....." } },
	{ "stopped at a worker of the same batch", "Anncc", "1.35.6", "1.36.2", "....r", false, "w1", NULL,
		{ "...  ", ".....", ".....", "...!!", "xxx!!", "===!!", "....!" } },
	{ "a control plane is set aside", "ooooo", "1.35.6", "1.35.6", NULL, false, NULL, "cp1",
		{ "!!!  ", "!xxxx", "!xxxx", "xxxxx", "xxxxx", "xxxxx", "....." } },
	{ "one that is done is set aside", "Annco", "1.35.6", "1.36.2", NULL, false, NULL, "cp1",
		{ "...  ", "....!", "....!", "...!x", "===!x", "===!x", "....." } },
	{ "a worker is set aside", "Annoc", "1.35.6", "1.36.2", NULL, false, NULL, "w1",
		{ "...  ", "...!.", "...!.", "...x!", "===x!", "===x!", "....." } },
	{ "others than Nodes of the cluster", "Anx-z", "1.35.6", "1.36.2", NULL, false, NULL, NULL,
		{ "...  ", ".....", ".....", ".....", "==...", "==...", "....." } },
};

static void open_scene(struct fake_upgrade *u, const struct scene *s)
{
	struct error err = { 0 };
	int aside;

	*u = (struct fake_upgrade){
		.hosts = s->hosts, .from = s->from, .to = "1.36.2", .stored = s->stored, .cordoned = s->cordoned
	};
	fake_upgrade_open(u);
	CHECK_INT(upgrade_decide(&u->w, &err), 0);
	u->e.config.check_only = s->look;
	u->w.seen.stopped = index_of(u, s->stopped);
	aside = index_of(u, s->aside);
	if (aside >= 0)
		u->tasks[aside].aside = true;
}

static void test_verdicts(void)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct fake_upgrade u;

		open_scene(&u, &scenes[i]);
		for (size_t k = 0; k < NAMES; k++) {
			char got[UPGRADE_HOSTS + 1] = "";

			for (int h = 0; h < UPGRADE_HOSTS; h++) {
				struct error why = { 0 };

				got[h] = verdict(&u, names[k], h, &why);
				CHECK(got[h] != 'x' || (why.code == REFUSAL_UPGRADE && *why.hint));
				CHECK(got[h] != 'x' || !scenes[i].stopped || h == u.w.seen.stopped ||
					strcmp(why.about, scenes[i].stopped) == 0);
			}
			if (!CHECK_STR(got, scenes[i].want[k]))
				printf("# %s: %s\n", scenes[i].about, names[k]);
		}
		fake_upgrade_close(&u);
	}
}

/* What is said, in the scenes above. */
static const struct {
	const char *about, *step;
	int host;
	enum code code;
	const char *field, *says;
} reasons[] = {
	{ "fresh, looked at", "snapshot", 0, EVIDENCE_ETCD, "snapshot", "takes a snapshot of etcd" },
	{ "fresh, looked at", "kubeadm", 0, EVIDENCE_PACKAGE, "kubeadm", "installs kubeadm 1.36.2" },
	{ "fresh, looked at", "kubeadm", 4, EVIDENCE_PACKAGE, "kubeadm", "installs kubeadm 1.36.2" },
	{ "fresh, looked at", "upgrade", 0, EVIDENCE_UPGRADE, "1.36.2", "runs kubeadm upgrade apply, to 1.36.2" },
	{ "fresh, looked at", "upgrade", 1, EVIDENCE_UPGRADE, "1.36.2", "runs kubeadm upgrade node, to 1.36.2" },
	{ "fresh, looked at", "upgrade", 4, EVIDENCE_UPGRADE, "1.36.2", "runs kubeadm upgrade node, to 1.36.2" },
	{ "fresh, looked at", "drain", 3, EVIDENCE_PODS, "w1", "cordons the Node" },
	{ "fresh, looked at", "packages", 0, EVIDENCE_PACKAGE, "kubelet", "installs kubelet and kubectl 1.36.2" },
	{ "fresh, looked at", "packages", 4, EVIDENCE_PACKAGE, "kubelet", "installs kubelet and kubectl 1.36.2" },
	{ "fresh, looked at", "kubelet", 4, EVIDENCE_UNIT, "kubelet", "restarts the kubelet with 1.36.2" },
	/* the next one that comes applies, as long as nobody has */
	{ "fresh: no kubelet before the API servers", "upgrade", 1, EVIDENCE_UPGRADE, "1.36.2", "upgrade apply" },
	{ "fresh: no kubelet before the API servers", "upgrade", 4, EVIDENCE_UPGRADE, "1.36.2", "upgrade node" },
	{ "fresh: no kubelet before the API servers", "kubelet", 1, REFUSAL_UPGRADE, "cp2", "cp2 keeps its kubelet" },
	{ "died in kubeadm", "upgrade", 0, EVIDENCE_UPGRADE, "1.36.2", "upgrade apply" },
	{ "the first is done", "upgrade", 1, EVIDENCE_UPGRADE, "1.36.2", "upgrade node" },
	{ "their kubelets wait", "packages", 2, EVIDENCE_PACKAGE, "kubelet", "installs kubelet 1.36.2" },
	{ "whom an upgrade had cordoned", "uncordon", 4, EVIDENCE_CORDONED, "w2", "lets pods onto the Node" },
	{ "stopped at one: it alone continues", "upgrade", 2, REFUSAL_UPGRADE, "cp2", "the upgrade stopped at cp2" },
	{ "stopped at one: it alone continues", "kubelet", 0, REFUSAL_UPGRADE, "cp2", "the upgrade stopped at cp2" },
	{ "a control plane is set aside", "kubeadm", 4, REFUSAL_UPGRADE, "cp1", "the upgrade stopped at cp1" },
};

static void test_reasons(void)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		const struct scene *s = scenes;
		struct error why = { 0 };
		struct fake_upgrade u;

		while (strcmp(s->about, reasons[i].about) != 0)
			s++;
		open_scene(&u, s);
		verdict(&u, reasons[i].step, reasons[i].host, &why);
		CHECK_STR(why.about, reasons[i].field);
		if (!CHECK_STR(code_name(why.code), code_name(reasons[i].code)) ||
			!CHECK(strstr(why.what, code_words(reasons[i].code, reasons[i].says))))
			printf("# %s, %s: %s\n", reasons[i].about, reasons[i].step, why.what);
		fake_upgrade_close(&u);
	}
}

/* Each control plane that comes would take it, until one has. */
static void test_snapshot(void)
{
	struct fake_upgrade u = { .hosts = "ooooo", .from = "1.35.6", .to = "1.36.2" };
	struct error why = { 0 };

	fake_upgrade_open(&u);
	CHECK_INT(upgrade_snapshot_check(&u.tasks[1], &why), STEP_NEEDED);
	u.w.decided.snapshot = true;
	CHECK_INT(upgrade_snapshot_check(&u.tasks[1], &why), STEP_NOT_HERE);
	/* nor is a second one taken by who had asked before */
	CHECK_INT(upgrade_snapshot_apply(&u.tasks[2], &why), 0);
	fake_upgrade_close(&u);
}

/* What stops the others, and what does not. */
static void test_failed(void)
{
	static const struct {
		int rc;
		enum error_kind kind;
		int stopped, then;
	} rows[] = { { -1, ERROR_COMMAND, -1, 1 }, { -1, ERROR_TIMEOUT, -1, 1 }, { -1, ERROR_CONNECT, -1, -1 },
		{ -1, ERROR_CANCELLED, -1, -1 }, { -1, ERROR_COMMAND, 2, 2 },
		/* tried again */
		{ 0, ERROR_NONE, 1, -1 }, { 0, ERROR_NONE, 2, 2 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_upgrade u = { .hosts = "aoooo", .from = "1.35.6", .to = "1.36.2" };
		struct error err = { .kind = rows[i].kind };

		fake_upgrade_open(&u);
		u.w.seen.stopped = rows[i].stopped;
		CHECK_INT(upgrade_result(&u.tasks[1], rows[i].rc, &err), rows[i].rc);
		CHECK_INT(u.w.seen.stopped, rows[i].then);
		fake_upgrade_close(&u);
	}
}

/* Before anything is changed: the floor of the new version counts, which no step of an upgrade would reach. */
static void test_runtime(void)
{
	static const struct {
		const char *have;
		enum step_verdict want;
		enum code code;
	} rows[] = { { "1.7.28-1", STEP_IMPOSSIBLE, REFUSAL_VERSION }, { "2.0.0-1", STEP_NEEDED, EVIDENCE_PACKAGE } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_upgrade u = { .hosts = "ooooo", .from = "1.35.6", .to = "1.36.2" };
		struct error why = { 0 };

		fake_upgrade_open(&u);
		cluster_set(&u.w.seen.hosts[4], "pkg.containerd", rows[i].have);
		CHECK_INT(upgrade_kubeadm_check(&u.tasks[4], &why), rows[i].want);
		CHECK_STR(code_name(why.code), code_name(rows[i].code));
		CHECK_STR(why.about, i ? "kubeadm" : "containerd");
		fake_upgrade_close(&u);
	}
}

/* Its tags are not known any more, so a host that was done is to be done again. */
static void test_forget(void)
{
	struct fake_upgrade u = { .hosts = "Annnn", .from = "1.35.6", .to = "1.36.2", .stored = "1.36.2" };

	fake_upgrade_open(&u);
	u.w.decided.config_new = true;
	CHECK(upgrade_behind(&u.w) == NULL);
	upgrade_forget(&u.w, 1);
	CHECK(upgrade_behind(&u.w) == &u.inventory->hosts[1]);
	fake_upgrade_close(&u);
}

static const struct test tests[] = {
	{ "verdicts", test_verdicts },
	{ "reasons", test_reasons },
	{ "one snapshot", test_snapshot },
	{ "what stops the others", test_failed },
	{ "a runtime that is too old", test_runtime },
	{ "forgotten tags", test_forget },
};
TEST_MAIN(tests)
