/* Which containerd is installed: by the shell that runs on hosts, and by the check before it. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "inventory/inventory.h"
#include "inventory/release.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"
#include "steps/run/want.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* What stands for the host's programs: a package is installed when it is in $have, to be had when it is in $madison. */
static const char stands[] = "LC_ALL=C\nkw_failed=\n"
			     "fail() { echo \"error $1\"; exit 1; }\nfail_first() { fail \"$@\"; }\n"
			     "installed() { printf '%s\\n' $have | sed -n \"s/^$1=//p\"; }\n"
			     "wish_of() { printf '%s\\n' \"$wish\" | sed -n \"s|^$1 $2 ||p\"; }\n"
			     "entries() { printf '%s\\n' $ledger; }\n"
			     "apt_cache() { case $1 in\n"
			     "madison) printf '%s\\n' $madison | sed 's/=/ | /' ;;\n"
			     "*) printf ' Candidate: %s\\n' \"$candidate\" ;;\n"
			     "esac; }\n"
			     "runtime_floor=1.7.0\n";

static const struct {
	const char *what, *set, *answer;
} cases[] = {
	{ "any: the system's when it will do", "candidate=1.7.24-1", "containerd containerd" },
	{ "any: ours when the system's is too old", "candidate=1.6.20~ds1-1", "containerd.io containerd.io" },
	{ "any: ours when the system has none", "candidate='(none)'", "containerd.io containerd.io" },
	{ "the operator's repository goes before the system's",
		"candidate=1.7.24-1 wish='repository containerd https://x/ y stable k F'",
		"containerd.io containerd.io" },
	{ "a version that the system has",
		"runtime_version=1.7.24 madison='containerd=1.7.24~ds1-6 containerd=1.6.20~ds1-1'",
		"containerd containerd=1.7.24~ds1-6" },
	{ "a version that the repository has",
		"runtime_version=2.2.0 madison='containerd=1.7.24~ds1-6 containerd.io=2.2.1-1~debian.12 containerd.io=2.2.0-1~debian.12'",
		"containerd.io containerd.io=2.2.0-1~debian.12" },
	{ "a minor is its newest patch",
		"runtime_version=2.2 madison='containerd.io=2.20.0-1 containerd.io=2.2.1-1 containerd.io=2.2.0-1'",
		"containerd.io containerd.io=2.2.1-1" },
	{ "no candidate of a release is one", "runtime_version=2.2.0 madison='containerd.io=2.2.0~rc.1-1'",
		"error the package repositories have no containerd.io 2.2.0" },
	{ "a version that nobody has", "runtime_version=2.2.0 madison=containerd.io=2.2.10-1",
		"error the package repositories have no containerd.io 2.2.0" },
	{ "the right one is there", "runtime_version=2.2.0 have=containerd.io=2.2.0-1",
		"containerd.io containerd.io=2.2.0-1" },
	{ "the right one is there, of an epoch", "runtime_version=2.2.0 have=containerd=1:2.2.0-1",
		"containerd containerd=1:2.2.0-1" },
	{ "another one is there that kubewright installed",
		"runtime_version=2.2.0 have=containerd.io=1.7.24-1 ledger='containerd.io|absent' madison=containerd.io=2.2.0-1",
		"containerd.io containerd.io=2.2.0-1" },
	{ "another one is there of somebody else",
		"runtime_version=2.2.0 have=containerd.io=1.7.24-1 madison=containerd.io=2.2.0-1",
		"error containerd.io 1.7.24-1 is installed here, and containerd.version of the inventory is 2.2.0" },
	{ "somebody else's that was brought to another version",
		"runtime_version=2.2.0 have=containerd=1.7.24-1 ledger='containerd|1.7.20-1'",
		"error containerd 1.7.24-1 is installed here, and containerd.version of the inventory is 2.2.0" },
	{ "one that is too old", "have=containerd=1.6.20~ds1-1",
		"error containerd 1.6.20~ds1-1 is installed here; this Kubernetes needs at least containerd 1.7.0" },
};

/* The script without its last line, and apt-cache by another name, as a function's has no hyphen. */
static void script_of(struct str *out, const char *set)
{
	const char *p = host_script_packages, *end = strstr(p, "\nmain </dev/null"), *hit;

	for (; (hit = strstr(p, "apt-cache")) != NULL && hit < end; p = hit + strlen("apt-cache")) {
		str_addn(out, p, (size_t)(hit - p));
		str_add(out, "apt_cache");
	}
	str_addn(out, p, (size_t)(end - p));
	str_addf(out,
		"\n%shave='' ledger='' madison='' candidate='' runtime_version=any wish=''\n%s\n"
		"kw_offers=$(apt_cache madison)\nruntime_package\nruntime_wanted\necho \"$kw_runtime $kw_install\"\n",
		stands, set);
}

static void test_choice(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str script = STR_INIT;
		char path[] = "/tmp/kubewright-runtime.XXXXXX", said[512] = "", *command;
		int fd = mkstemp(path);
		FILE *f = fdopen(fd, "w");

		script_of(&script, cases[i].set);
		fputs(script.buf, f);
		fclose(f);
		command = xasprintf("sh %s 2>/dev/null", path);
		f = popen(command, "r");
		said[fread(said, 1, sizeof(said) - 1, f)] = '\0';
		pclose(f);
		said[strcspn(said, "\n")] = '\0';
		if (!CHECK_STR(said, cases[i].answer))
			printf("# %s\n", cases[i].what);
		unlink(path);
		free(command);
		str_release(&script);
	}
}

static void test_words(void)
{
	struct cluster_host h = { .probed = true };

	cluster_set(&h, "hold", "containerd.io kubelet");
	CHECK(cluster_fact_has(&h, "hold", "containerd.io"));
	CHECK(!cluster_fact_has(&h, "hold", "containerd"));
	cluster_host_release(&h);
}

static const struct {
	const char *want, *package, *have, *hold;
	bool installed; /* a host of the living cluster */
	enum step_verdict verdict;
	enum code code;
	const char *says;
} checks[] = {
	{ NULL, "containerd", "", "", false, STEP_NEEDED, EVIDENCE_PACKAGE, "installs containerd" },
	{ NULL, "containerd", "1.7.24~ds1-6", "", true, STEP_DONE, CODE_NONE, "" },
	{ "2.2.0", "containerd.io", "", "", false, STEP_NEEDED, EVIDENCE_PACKAGE, "installs containerd 2.2.0" },
	{ "2.2.0", "containerd.io", "1.7.24-1", "", false, STEP_NEEDED, EVIDENCE_PACKAGE,
		"installs containerd.io 2.2.0" },
	{ "2.2.0", "containerd.io", "2.2.0-1~debian.12", "containerd kubelet", false, STEP_NEEDED, EVIDENCE_HOLD,
		"holds containerd.io" },
	{ "2.2.0", "containerd.io", "2.2.0-1~debian.12", "containerd.io", true, STEP_DONE, CODE_NONE, "" },
	{ "2.2", "containerd", "1:2.2.1+ds1-1", "containerd", true, STEP_DONE, CODE_NONE, "" },
	{ "2.2.0", "containerd.io", "2.2.0~rc.1-1", "containerd.io", true, STEP_IMPOSSIBLE, REFUSAL_VERSION,
		"containerd.io 2.2.0~rc.1-1 is installed on a host of the living cluster, and containerd.version is 2.2.0" },
	{ "2.2", "containerd", "2.20.1-1", "containerd", true, STEP_IMPOSSIBLE, REFUSAL_VERSION,
		"containerd 2.20.1-1 is installed on a host of the living cluster, and containerd.version is 2.2" },
};

static struct inventory *parse(const char *version)
{
	char *text = xasprintf(
		"cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\ncontainerd: {version: %s}\n"
		"hosts:\n  - {name: cp1, address: 10.0.0.1, role: control-plane}\n",
		version ? version : "2.2");
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);

	if (!CHECK(inv != NULL))
		exit(1);
	if (!version)
		inv->containerd.version = NULL;
	free(text);
	return inv;
}

/* Of the part's items those about containerd. */
static enum step_verdict judged(const struct world *w, struct error *why)
{
	enum step_verdict verdict = STEP_DONE;
	struct items l = { 0 };

	want_items(w, 0, &want_packages, &l);
	for (size_t i = 0; verdict == STEP_DONE && i < l.count; i++)
		if ((l.list[i].kind == ITEM_PACKAGE || l.list[i].kind == ITEM_HOLD) &&
			str_starts(l.list[i].key, "containerd") && !item_met(&w->seen.hosts[0], &l.list[i]))
			verdict = item_need(&w->seen.hosts[0], &l.list[i], why);
	items_release(&l);
	return verdict;
}

static void test_verdicts(void)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct inventory *inv = parse(checks[i].want);
		struct error why = { 0 };
		struct world w;
		char word[32];

		world_init(&w, inv, release_find("1.36.2"));
		snprintf(word, sizeof(word), "pkg.%s", checks[i].package);
		if (*checks[i].have)
			cluster_set(&w.seen.hosts[0], word, checks[i].have);
		cluster_set(&w.seen.hosts[0], "hold", checks[i].hold);
		if (checks[i].installed) {
			cluster_set(&w.seen.hosts[0], "have", "kubelet-conf");
			cluster_set(&w.seen.hosts[0], "job.join", "done 0 x");
		}
		CHECK_INT(world_installed(&w.seen.hosts[0]), checks[i].installed);
		CHECK_INT(judged(&w, &why), checks[i].verdict);
		CHECK_INT(why.code, checks[i].code);
		CHECK_STR(why.what, code_words(checks[i].code, checks[i].says));
		world_release(&w);
		inventory_free(inv);
	}
}

static const struct test tests[] = {
	{ "what is to be done", test_verdicts },
	{ "which package, at which version", test_choice },
	{ "what is held", test_words },
};
TEST_MAIN(tests)
