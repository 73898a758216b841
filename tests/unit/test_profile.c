/* security.profile: what it gives control planes and kubelets, beside what the operator and others have given them, and that it goes again. */
#include "tests/test.h"
#include "tests/unit/benchmark_site.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/profile.h"
#include "steps/settings_private.h"

#include <stdio.h>
#include <string.h>

static struct error errors[LAB_MACHINES];

/* An argument that others have put there, and a component without any. */
#define LIVING \
	"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n" \
	"apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100], extraArgs: [{name: others, value: x}]}\n" \
	"controllerManager: {extraArgs: [{name: v, value: \"2\"}]}\nscheduler: {}\n"
#define API "profiling=false,service-account-extend-token-expiration=false,tls-cipher-suites="
#define MANAGER "profiling=false,terminated-pod-gc-threshold=1000"

/* ---- a living cluster -------------------------------------------------------------------------------------------------- */

static void apply(struct lab *l, const char *profile, const char *extra)
{
	json_free(rack_inventory->kubeadm_extra);
	rack_inventory->kubeadm_extra = extra ? json_parse(extra, strlen(extra), NULL) : NULL;
	rack_inventory->security.profile = profile;
	rack_apply(l, errors);
}

static void add_args(const struct json *config, const char *component, struct str *out)
{
	const struct json *list = json_get(json_get(config, component), "extraArgs");

	str_addf(out, " %s", list ? "" : "-");
	for (size_t i = 0; i < json_size(list); i++)
		str_addf(out, "%s%s=%.9s", i ? "," : "", json_get_str(json_at(list, i), "name", "?"),
			json_get_str(json_at(list, i), "value", "?"));
}

/* How often each host's control plane was changed, and the arguments of the three components. */
static void looks(struct lab *l, const char *want)
{
	const char *living = l->given[SETTINGS_CONTROL_PLANE].text;
	struct json *config = inventory_yaml(living, strlen(living), NULL);
	struct str now = STR_INIT;

	for (int i = 0; i < LAB_MACHINES; i++)
		str_addf(&now, "%u", l->machines[i].changes);
	add_args(config, "apiServer", &now);
	add_args(config, "controllerManager", &now);
	add_args(config, "scheduler", &now);
	CHECK(!json_get(config, "own") && !json_get(config, "profile"));
	if (!CHECK_STR(now.buf, want))
		for (int i = 0; i < LAB_MACHINES; i++)
			printf("# host %d: %s: %s\n", i, errors[i].step, errors[i].what);
	str_release(&now);
	json_free(config);
}

static void begin(struct lab *l)
{
	rack_cluster(l);
	l->applied = true;
	strcpy(l->given[SETTINGS_CONTROL_PLANE].text, LIVING);
}

static void end(void)
{
	json_free(rack_inventory->kubeadm_extra);
	rack_inventory->kubeadm_extra = NULL;
	rack_inventory->security.profile = "none";
	rack_down();
}

static void test_there_and_back(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, "none", NULL);
	looks(&l, "00000 others=x v=2 -");
	apply(&l, "cis", NULL);
	looks(&l, "11100 others=x," API "TLS_ECDHE v=2," MANAGER " profiling=false");
	apply(&l, "cis", NULL);
	looks(&l, "11100 others=x," API "TLS_ECDHE v=2," MANAGER " profiling=false");
	apply(&l, "none", NULL);
	looks(&l, "22200 others=x v=2 -");
	apply(&l, "none", NULL);
	looks(&l, "22200 others=x v=2 -");
	end();
}

#define EXTRA(component, name, value) \
	"{\"ClusterConfiguration\":{\"" component "\":{\"extraArgs\":[{\"name\":\"" name "\",\"value\":\"" value \
	"\"}]}}}"

/* What the operator says counts from the beginning, while the profile is there, and after it. */
static void test_the_operator_wins(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, "cis", EXTRA("scheduler", "profiling", "true"));
	looks(&l, "11100 others=x," API "TLS_ECDHE v=2," MANAGER " profiling=true");
	apply(&l, "cis", NULL);
	looks(&l, "22200 others=x," API "TLS_ECDHE v=2," MANAGER " profiling=false");
	apply(&l, "cis", EXTRA("scheduler", "profiling", "true"));
	looks(&l, "33300 others=x," API "TLS_ECDHE v=2," MANAGER " profiling=true");
	apply(&l, "none", EXTRA("scheduler", "profiling", "true"));
	looks(&l, "44400 others=x v=2 profiling=true");
	apply(&l, "cis", EXTRA("controllerManager", "terminated-pod-gc-threshold", "7"));
	looks(&l, "55500 others=x," API "TLS_ECDHE terminated-pod-gc-threshold=7,profiling=false profiling=false");
	end();
}

static void test_beside_audit(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	rack_inventory->security.audit = "default";
	apply(&l, "cis", NULL);
	CHECK_INT(l.machines[0].changes, 1);
	CHECK(strstr(l.given[SETTINGS_CONTROL_PLANE].text, "audit-policy-file") &&
		strstr(l.given[SETTINGS_CONTROL_PLANE].text, "tls-cipher-suites"));
	apply(&l, "none", NULL);
	CHECK(strstr(l.given[SETTINGS_CONTROL_PLANE].text, "audit-policy-file") &&
		!strstr(l.given[SETTINGS_CONTROL_PLANE].text, "tls-cipher-suites"));
	rack_inventory->security.audit = "none";
	apply(&l, "none", NULL);
	looks(&l, "33300 others=x v=2 -");
	end();
}

static void test_refused(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	for (int i = 0; i < LAB_MACHINES; i++)
		l.machines[i].picky = true;
	apply(&l, "cis", NULL);
	looks(&l, "00000 others=x v=2 -");
	end();
}

/* ---- a new one --------------------------------------------------------------------------------------------------------- */

static void test_born(void)
{
	static const char extra[] = EXTRA("scheduler", "profiling", "true");
	struct json *config;
	struct str text = STR_INIT;
	struct world w;

	rack_up();
	rack_world(&w);
	rack_inventory->security.profile = "cis";
	rack_inventory->kubeadm_extra = json_parse(extra, sizeof(extra) - 1, NULL);
	config = kubeadm_cluster_config(&w);
	add_args(config, "apiServer", &text);
	add_args(config, "controllerManager", &text);
	add_args(config, "scheduler", &text);
	CHECK_STR(text.buf, " " API "TLS_ECDHE " MANAGER " profiling=true");
	json_free(config);
	/* in 1.20 arguments are a map */
	w.wish.release = release_find("1.20.15");
	json_free(rack_inventory->kubeadm_extra);
	rack_inventory->kubeadm_extra = NULL;
	config = kubeadm_cluster_config(&w);
	CHECK_STR(json_get_str(config, "scheduler.extraArgs.profiling", NULL), "false");
	CHECK_STR(json_get_str(config, "controllerManager.extraArgs.terminated-pod-gc-threshold", NULL), "1000");
	json_free(config);
	str_release(&text);
	world_release(&w);
	end();
}

/* ---- the inventory ----------------------------------------------------------------------------------------------------- */

#define INVENTORY(version, rest) \
	"cluster: c\nkubernetes: {version: " version \
	", repository: {url: \"http://r/\"}}\nnetwork: {cni: none}\n" rest "\nhosts:\n" \
	"  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"

/* The audit log, the kubelets' settings, and what is warned of, a line each. */
static void reads(const char *text, const char *audit, const char *kubelet, const char *warnings)
{
	struct inventory_problems problems = { 0 };
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("-", text, strlen(text), NULL, 0, &problems, &err);
	struct str now = STR_INIT;

	if (!CHECK(inv != NULL)) {
		printf("# %s: %s\n", err.what, err.detail);
		return;
	}
	CHECK_STR(inv->security.audit, audit);
	for (const char *name = "eventRecordQPS\0seccompDefault\0tlsCipherSuites\0maxPods\0"; *name;
		name += strlen(name) + 1) {
		const struct json *value = json_member(inv->kubelet_config, name);
		struct str one = STR_INIT;

		if (value)
			json_write(value, &one);
		str_addf(&now, "%s%.5s", now.len ? " " : "", value ? one.buf : "-");
		str_release(&one);
	}
	CHECK_STR(now.buf, kubelet);
	str_clear(&now);
	for (size_t i = 0; i < problems.count; i++) {
		CHECK(problems.list[i].warning && problems.list[i].line);
		str_addf(&now, "%s\n", problems.list[i].text);
	}
	CHECK_STR(now.buf, warnings);
	str_release(&now);
	inventory_free(inv);
}

static void test_inventory(void)
{
	reads(INVENTORY("1.36.2", ""), "none", "- - - -", "");
	reads(INVENTORY("1.36.2", "security: {profile: none}"), "none", "- - - -", "");
	reads(INVENTORY("1.36.2", "security: {profile: cis}"), "default", "50 true [\"TLS -", "");
	reads(INVENTORY("1.36", "security: {profile: cis, audit: none}"), "none", "50 true [\"TLS -", "");
	/* 1.20 has no default of seccomp */
	reads(INVENTORY("1.20.2", "security: {profile: cis}"), "default", "50 - [\"TLS -", "");
	/* the operator's counts, and is warned of only where it is another one */
	reads(INVENTORY("1.36.2", "kubelet: {config: {maxPods: 250, eventRecordQPS: 5, seccompDefault: true}}\n"
				  "security: {profile: cis}"),
		"default", "5 true [\"TLS 250",
		"security.profile does not set eventRecordQPS here, as kubelet.config does\n");
	reads(INVENTORY("1.36.2",
		      "kubeadm: {extra: {ClusterConfiguration: {scheduler: {extraArgs: [{name: profiling, value: \"true\"}]},\n"
		      "  controllerManager: {extraArgs: [{name: profiling, value: \"false\"}]}}}}\nsecurity: {profile: cis}"),
		"default", "50 true [\"TLS -", "security.profile does not set profiling here, as kubeadm.extra does\n");
	reads(INVENTORY("1.20.2",
		      "kubeadm: {extra: {ClusterConfiguration: {scheduler: {extraArgs: {profiling: \"true\"}}}}}\n"
		      "security: {profile: cis}"),
		"default", "50 - [\"TLS -", "security.profile does not set profiling here, as kubeadm.extra does\n");
	/* an audit log of the operator's own */
	reads(INVENTORY("1.36.2",
		      "kubeadm: {extra: {ClusterConfiguration: {apiServer: {extraArgs: [{name: audit-log-path, value: /x}]}}}}\n"
		      "security: {profile: cis}"),
		"none", "50 true [\"TLS -",
		"security.profile sets no audit log, as kubeadm.extra sets audit-log-path\n");
}

/* ---- beside the benchmark ---------------------------------------------------------------------------------------------- */

static void add_flags(const char *component, const char *program, struct str *out)
{
	str_addf(out, "    - %s\n", program);
	for (size_t i = 0; i < inventory_profile_arg_count; i++)
		if (strcmp(inventory_profile_args[i].component, component) == 0)
			str_addf(out, "    - --%s=%s\n", inventory_profile_args[i].name,
				inventory_profile_args[i].value);
}

/* Where the inventory's profile is the remedy, its settings make the item pass. */
static void test_remedies(void)
{
	static const struct {
		const char *component, *program, *word, *items;
	} parts[] = {
		{ "apiServer", "kube-apiserver", "manifest.kube-apiserver.yaml", "1.2." },
		{ "controllerManager", "kube-controller-manager", "manifest.kube-controller-manager.yaml", "1.3." },
		{ "scheduler", "kube-scheduler", "manifest.kube-scheduler.yaml", "1.4." },
		{ NULL, NULL, "kubelet_config", "4." },
	};
	static const char text[] = INVENTORY("1.36.2", "security: {profile: cis}");
	struct inventory *inv = inventory_parse("-", text, sizeof(text) - 1, NULL, 0, NULL, NULL);
	unsigned remedied = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct benchmark_host h = { 0 };
		struct benchmark_seen seen;
		struct str to = STR_INIT, from = STR_INIT;

		if (parts[i].component) {
			str_addf(&from, "    - %s\n", parts[i].program);
			add_flags(parts[i].component, parts[i].program, &to);
			benchmark_site(&h, parts[i].word, from.buf, to.buf);
		} else {
			benchmark_site(&h, NULL, NULL, NULL);
			json_merge(h.kubelet, inv->kubelet_config);
		}
		for (size_t k = 0; k < benchmark_item_count; k++) {
			const struct benchmark_item *item = &benchmark_items[k];

			if (!str_starts(item->id, parts[i].items) || !strstr(item->remedy, "security.profile"))
				continue;
			remedied++;
			benchmark_judge(item, &h, &seen);
			if (!CHECK_INT(seen.state, BENCHMARK_PASSED))
				printf("# %s: %s\n", item->id, seen.what);
		}
		benchmark_host_release(&h);
		str_release(&to);
		str_release(&from);
	}
	CHECK_INT(remedied, inventory_profile_arg_count + 3);
	inventory_free(inv);
}

static const struct test tests[] = {
	{ "there and back", test_there_and_back },
	{ "the operator wins", test_the_operator_wins },
	{ "beside the audit log", test_beside_audit },
	{ "no control plane starts with it", test_refused },
	{ "at birth", test_born },
	{ "in the inventory", test_inventory },
	{ "the benchmark is content", test_remedies },
};
TEST_MAIN(tests)
