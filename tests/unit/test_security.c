/* Security settings: the audit policy comes onto control planes before their API servers read it, and goes after. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/run.h"
#include "inventory/inventory.h"
#include "steps/run/want.h"
#include "steps/security.h"
#include "steps/settings_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error errors[LAB_MACHINES];

/* An argument that others have put there. */
#define LIVING \
	"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n" \
	"apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100], extraArgs: [{name: others, value: x}]}\n" \
	"scheduler: {}\n"
#define OWN \
	"audit-policy-file,audit-log-path,audit-log-maxage,audit-log-maxbackup,audit-log-maxsize " \
	"kubewright-security,kubewright-audit-log"
#define POLICY(level) "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: " level "}]\n"

static const char *policy; /* of the operator's file; NULL: none */

static void apply(struct lab *l, const char *audit)
{
	const struct plan *plan = &plans[PLAN_INSTALL];
	struct engine *e;
	struct world w;

	rack_inventory->security.audit = audit;
	rack_world(&w);
	w.wish.verify_ms = 100;
	w.wish.audit_policy = policy;
	e = rack_run(l, &w, (struct engine_config){ .steps = plan->steps, .step_count = plan->count }, 31);
	memset(errors, 0, sizeof(errors));
	for (int i = 0; i < LAB_MACHINES; i++)
		if (engine_host_error(e, i))
			errors[i] = *engine_host_error(e, i);
	engine_free(e);
	world_release(&w);
}

static void add_names(const struct json *list, struct str *out)
{
	str_addc(out, ' ');
	for (size_t i = 0; i < json_size(list); i++)
		str_addf(out, "%s%s", i ? "," : "", json_get_str(json_at(list, i), "name", "?"));
}

/* How often each host's control plane was changed, how many files each has, the API server's arguments and volumes. */
static void looks(struct lab *l, const char *want)
{
	const char *living = l->given[SETTINGS_CONTROL_PLANE].text;
	struct json *map = inventory_yaml(living, strlen(living), NULL);
	struct str now = STR_INIT;

	for (int i = 0; i < LAB_MACHINES; i++)
		str_addf(&now, "%u", l->machines[i].changes);
	str_addc(&now, ' ');
	for (int i = 0; i < LAB_MACHINES; i++)
		str_addf(&now, "%u", lab_own_files(&l->machines[i]));
	add_names(json_get(map, "apiServer.extraArgs"), &now);
	add_names(json_get(map, "apiServer.extraVolumes"), &now);
	CHECK(!json_get(map, "own"));
	if (!CHECK_STR(now.buf, want))
		for (int i = 0; i < LAB_MACHINES; i++)
			printf("# host %d: %s: %s\n", i, errors[i].step, errors[i].what);
	str_release(&now);
	json_free(map);
}

static void begin(struct lab *l)
{
	rack_cluster(l);
	l->applied = true;
	strcpy(l->given[SETTINGS_CONTROL_PLANE].text, LIVING);
	policy = NULL;
}

static void end(void)
{
	json_free(rack_inventory->kubeadm_extra);
	rack_inventory->kubeadm_extra = NULL;
	rack_inventory->security.audit = "none";
	rack_down();
}

static void test_there_and_back(void)
{
	char before[96];
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, "none");
	looks(&l, "00000 00000 others ");
	apply(&l, "default");
	looks(&l, "11100 11100 others," OWN);
	apply(&l, "default");
	looks(&l, "11100 11100 others," OWN);
	strcpy(before, l.machines[1].policy);
	CHECK(str_starts(before, "/etc/kubernetes/kubewright/audit-policy-"));
	/* another policy is another file: the earlier one goes when nobody reads it any more */
	policy = POLICY("Metadata");
	apply(&l, "/policy.yaml");
	looks(&l, "22200 11100 others," OWN);
	CHECK(strcmp(before, l.machines[1].policy) != 0 && lab_file(&l.machines[1], l.machines[1].policy));
	apply(&l, "none");
	looks(&l, "33300 00000 others ");
	CHECK_STR(l.machines[1].policy, "");
	apply(&l, "none");
	looks(&l, "33300 00000 others ");
	end();
}

static void test_beside_the_operators(void)
{
	static const char extra[] =
		"{\"ClusterConfiguration\":{\"apiServer\":{\"extraArgs\":[{\"name\":\"v\",\"value\":\"4\"}]}}}";
	struct lab l;

	rack_up();
	begin(&l);
	rack_inventory->kubeadm_extra = json_parse(extra, sizeof(extra) - 1, NULL);
	apply(&l, "default");
	looks(&l, "11100 11100 v," OWN);
	apply(&l, "default");
	looks(&l, "11100 11100 v," OWN);
	json_free(rack_inventory->kubeadm_extra);
	rack_inventory->kubeadm_extra = NULL;
	apply(&l, "default");
	looks(&l, "22200 11100 " OWN);
	/* and that was all */
	apply(&l, "default");
	looks(&l, "22200 11100 " OWN);
	end();
}

/* Nothing is changed but that a file lies there: the API server had not started with it. */
static void test_refused(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	for (int i = 0; i < LAB_MACHINES; i++)
		l.machines[i].picky = true;
	apply(&l, "default");
	looks(&l, "00000 11100 others ");
	for (int i = 0; i < LAB_MACHINES; i++)
		l.machines[i].picky = false;
	apply(&l, "none");
	looks(&l, "00000 00000 others ");
	end();
}

/* A file that is lost or changed is written again; nothing restarts for that. */
static void test_drift(void)
{
	struct lab_file *f;
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, "default");
	f = lab_file(&l.machines[1], l.machines[1].policy);
	strcpy(f->sum, "x");
	f = lab_file(&l.machines[2], l.machines[2].policy);
	*f = l.machines[2].files[--l.machines[2].file_count];
	apply(&l, "default");
	looks(&l, "11100 11100 others," OWN);
	CHECK(strcmp(lab_file(&l.machines[1], l.machines[1].policy)->sum, "x") != 0);
	/* a policy that was not read changes nothing */
	apply(&l, "/policy.yaml");
	looks(&l, "11100 11100 others," OWN);
	end();
}

/* The cluster still has the earlier policy when a control plane joins: that one is there as well until all have the new one. */
static void test_joins(void)
{
	struct machine *m;
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, "default");
	m = &l.machines[2];
	fake_blank(m);
	m->node = false;
	m->member = LAB_NO_MEMBER;
	m->policy[0] = m->components[0] = '\0';
	policy = POLICY("Metadata");
	apply(&l, "/policy.yaml");
	/* it has what the cluster had when it joined, as with other settings, and the next apply changes that */
	looks(&l, "22100 11200 others," OWN);
	apply(&l, "/policy.yaml");
	looks(&l, "22200 11100 others," OWN);
	CHECK_STR(m->policy, l.machines[0].policy);
	end();
}

/* Whatever the cluster's configuration says, nothing is written but what is called like a policy. */
static void test_joins_hostile(void)
{
	static const struct {
		const char *path;
		size_t files;
	} all[] = {
		{ "/etc/kubernetes/kubewright/audit-policy-0123456789ab.yaml", 1 },
		{ "/etc/kubernetes/kubewright/audit-policy-0123456789ab.yaml/../../../passwd", 0 },
		{ "/etc/kubernetes/kubewright/audit-policy-../../../passwd", 0 },
		{ "/etc/kubernetes/kubewright/audit-policy-0123456789abc.yaml", 0 },
		{ "/etc/kubernetes/kubewright/audit-policy-", 0 },
		{ "/etc/passwd", 0 },
		{ "", 0 },
	};

	rack_up();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct items items = { 0 };
		struct str text = STR_INIT;
		struct world w;

		rack_world(&w);
		str_addf(&text, "apiServer: {extraArgs: [{name: audit-policy-file, value: '%s'}]}\n", all[i].path);
		w.seen.cluster.kubeadm_config = json_object();
		json_set_str(json_set(w.seen.cluster.kubeadm_config, "data", json_object()), "ClusterConfiguration",
			text.buf);
		want_security.items(&w, 2, &items);
		CHECK_INT(items.count, all[i].files);
		CHECK(!items.count || strcmp(items.list[0].key, all[i].path) == 0);
		items_release(&items);
		/* and nothing on a worker */
		want_security.items(&w, 3, &items);
		CHECK_INT(items.count, 0);
		items_release(&items);
		str_release(&text);
		world_release(&w);
	}
	end();
}

static void test_born(void)
{
	struct json *config;
	struct str text = STR_INIT;
	struct world w;

	rack_up();
	rack_world(&w);
	rack_inventory->security.audit = "default";
	config = kubeadm_cluster_config(&w);
	add_names(json_get(config, "apiServer.extraArgs"), &text);
	add_names(json_get(config, "apiServer.extraVolumes"), &text);
	CHECK_STR(text.buf, " " OWN);
	/* kubeadm leaves out what is false, and would differ from it for ever */
	CHECK(!json_get(json_at(json_get(config, "apiServer.extraVolumes"), 1), "readOnly"));
	json_free(config);
	/* in 1.20 arguments are a map */
	w.wish.release = release_find("1.20.15");
	config = kubeadm_cluster_config(&w);
	CHECK_STR(json_get_str(config, "apiServer.extraArgs.audit-log-maxage", NULL), "30");
	CHECK(json_is_array(json_get(config, "apiServer.extraVolumes")));
	json_free(config);
	str_release(&text);
	world_release(&w);
	end();
}

static void test_map(void)
{
	static const char old[] = "{\"apiServer\":{\"extraArgs\":{\"v\":\"4\",\"a\":\"1\"}}}",
			  own[] = "{\"args\":{\"b\":{\"value\":\"2\"}}}",
			  before[] = "{\"args\":{\"a\":{\"value\":\"1\"}}}";
	struct json *config = json_parse(old, sizeof(old) - 1, NULL), *o = json_parse(own, sizeof(own) - 1, NULL),
		    *b = json_parse(before, sizeof(before) - 1, NULL);
	struct str text = STR_INIT;

	security_join(config, o, b, true);
	json_write(config, &text);
	CHECK_STR(text.buf, "{\"apiServer\":{\"extraArgs\":{\"v\":\"4\",\"b\":\"2\"}}}");
	json_free(config);
	json_free(o);
	json_free(b);
	str_release(&text);
}

static void test_policies(void)
{
	static const struct {
		const char *text, *why; /* NULL: it is one */
	} all[] = {
		{ POLICY("Metadata"), NULL },
		{ "", "nothing" },
		{ "a: [", "line" },
		{ "apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]\n", "apiVersion" },
		{ "apiVersion: audit.k8s.io/v1\nkind: Pod\nrules: [{level: None}]\n", "kind" },
		{ "apiVersion: audit.k8s.io/v1\nkind: Policy\n", "no rules" },
		{ "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: {}\n", "no rules" },
		{ POLICY("Everything"), "a level is" },
		{ "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{}]\n", "a level is" },
		{ "- a\n", "apiVersion" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct error err = { 0 };
		int rc = security_policy_refuse(all[i].text, strlen(all[i].text), &err);

		if (!CHECK_INT(rc, all[i].why ? -1 : 0) || (all[i].why && !CHECK(strstr(err.what, all[i].why))))
			printf("# %s: %s\n", all[i].text, err.what);
		CHECK(!all[i].why || (err.kind == ERROR_INVENTORY && *err.hint));
	}
	struct error err = { 0 };
	CHECK_INT(security_policy_refuse("a\0b", 3, &err), -1);
}

/* What plan says of it: by their names, as there are many. */
static void test_said(void)
{
	static const char *const wanted[] = { "none", "default" };
	static const char *const says[] = { "",
		"apiServer.extraArgs audit-policy-file, audit-log-path, audit-log-maxage and 2 more, "
		"apiServer.extraVolumes kubewright-security, kubewright-audit-log" };
	struct settings s;
	struct world w;

	rack_up();
	rack_world(&w);
	w.seen.cluster.exists = true;
	w.seen.cluster.kubeadm_config = json_object();
	json_set_str(json_set(w.seen.cluster.kubeadm_config, "data", json_object()), "ClusterConfiguration", LIVING);
	for (size_t i = 0; i < 2; i++) {
		struct str text = STR_INIT;

		rack_inventory->security.audit = wanted[i];
		settings_read(&w, &settings_control_plane, &s);
		CHECK_INT(settings_differ(&w, &s, &text), (int)i);
		CHECK_STR(text.buf, says[i]);
		settings_release(&s);
		str_release(&text);
	}
	world_release(&w);
	end();
}

/* Runs cli_run_audit over a file with this text, or none; what it says, from the path on. */
static const char *read_policy(const char *text, size_t len, struct cli_run *r)
{
	static struct error err;
	struct error no = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/policy.yaml", rack_dir);
	if (text)
		CHECK_INT(file_write(path, text, len, 0600, &no), 0);
	rack_inventory->security.audit = path;
	r->inventory = rack_inventory;
	memset(&err, 0, sizeof(err));
	if (cli_run_audit(r, &err) == 0)
		return "";
	CHECK_INT(err.kind, ERROR_INVENTORY);
	CHECK(str_starts(err.what, "security.audit: /") && strstr(err.what, "policy.yaml"));
	return err.what;
}

static void test_file(void)
{
	struct cli_run r = { .audit = STR_INIT };
	char *large = xcalloc(1, SECURITY_POLICY_MAX + 2);

	rack_up();
	CHECK(*read_policy(NULL, 0, &r) && !r.world.wish.audit_policy);
	CHECK(strstr(read_policy("kind: Pod\n", 10, &r), "not an audit policy") && !r.world.wish.audit_policy);
	memset(large, '#', SECURITY_POLICY_MAX + 1);
	CHECK(*read_policy(large, SECURITY_POLICY_MAX + 1, &r) && !r.world.wish.audit_policy);
	/* a second time over the first */
	for (int i = 0; i < 2; i++) {
		CHECK_STR(read_policy(POLICY("None"), strlen(POLICY("None")), &r), "");
		CHECK_STR(r.world.wish.audit_policy, POLICY("None"));
	}
	str_release(&r.audit);
	free(large);
	end();
}

static const struct test tests[] = {
	{ "there and back", test_there_and_back },
	{ "beside the operator's own arguments", test_beside_the_operators },
	{ "control planes that do not start with it", test_refused },
	{ "drift", test_drift },
	{ "a control plane joins meanwhile", test_joins },
	{ "a control plane joins, and the configuration is hostile", test_joins_hostile },
	{ "a new cluster", test_born },
	{ "arguments in a map", test_map },
	{ "what is an audit policy", test_policies },
	{ "what a plan says", test_said },
	{ "the operator's file", test_file },
};
TEST_MAIN(tests)
