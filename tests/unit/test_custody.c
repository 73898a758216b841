/* pki.ca-keys: operator: what control planes and kubelets get, and that no key of a CA is among it. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"
#include "tests/unit/fake_site.h"
#include "tests/unit/fake_told.h"

#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

#include <stdlib.h>
#include <string.h>

#define PKI "etc/kubernetes/pki/"
#define KUBELET "var/lib/kubelet/pki/kubelet-client-current.pem"

static void operator_up(void)
{
	rack_up();
	rack_inventory->pki.ca_keys = "operator";
}

/* ---- what is made -------------------------------------------------------------------------------------------------- */

static bool has_file(const struct pki_files *f, const char *path)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->list[i].path, path) == 0)
			return true;
	return false;
}

/* A line of a key's base64 is found in whatever else holds the key. */
static void no_line_of(const struct pki_files *f, const char *key)
{
	for (const char *p = strchr(key, '\n') + 1; *p && *p != '-'; p += strcspn(p, "\n") + 1) {
		char line[80];

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		for (size_t i = 0; i < f->count; i++)
			if (!CHECK(!strstr(f->list[i].content.text, line)))
				printf("# %s\n", f->list[i].path);
	}
}

static void test_control_plane(void)
{
	struct pki_files f = { 0 };
	struct error err = { 0 };
	struct world w;

	operator_up();
	rack_world(&w);
	strcpy(w.decided.version, "1.36.2");
	w.decided.init_host = 0;
	CHECK_INT(certificates_make(&w, 0, &f, &err), 0);
	CHECK(has_file(&f, "/" PKI "ca.crt") && has_file(&f, "/" PKI "sa.key") && has_file(&f, "/" PKI "sa.pub"));
	CHECK(has_file(&f, "/etc/kubernetes/super-admin.conf"));
	for (int i = 0; i < PKI_SHARED; i++) {
		char path[96];

		snprintf(path, sizeof(path), "/" PKI "%s", pki_shared[i].file);
		CHECK_INT(has_file(&f, path), !pki_is_ca_key((enum pki_pem)i));
		if (pki_is_ca_key((enum pki_pem)i))
			no_line_of(&f, pki_store_pem(rack_store, (enum pki_pem)i));
	}
	pki_files_release(&f);
	world_release(&w);
	rack_down();
}

static void test_kubelet(void)
{
	struct custody_kubelet k;
	struct pki_cert_info info;
	struct error err = { 0 };
	struct world w;

	operator_up();
	rack_world(&w);
	pki_store_free(w.pki.store);
	w.pki.store = NULL;
	CHECK_INT(custody_kubelet_begins(&w, "w1", &k, &err), -1);
	CHECK(err.kind == ERROR_PKI && *err.hint);
	w.pki.store = rack_store;
	CHECK_INT(custody_kubelet_begins(&w, "w1", &k, &err), 0);
	CHECK(strstr(k.conf.text, "    client-certificate: /" KUBELET "\n    client-key: /" KUBELET "\n"));
	CHECK(strstr(k.conf.text, "    server: https://10.0.0.100:6443\n"));
	CHECK(!strstr(k.conf.text, "client-key-data"));
	CHECK_INT(
		pki_cert_verify(k.pem.text, k.pem.len, pki_store_pem(rack_store, PKI_CA_CRT), false, NULL, 0, &err), 0);
	CHECK_INT(pki_cert_info(k.pem.text, k.pem.len, &info, &err), 0);
	CHECK_STR(info.subject_cn, "system:node:w1");
	CHECK_STR(info.subject_o, "system:nodes");
	CHECK(strstr(k.pem.text, "-----BEGIN PRIVATE KEY-----"));
	custody_kubelet_release(&k);
	/* elsewhere it asks for one */
	rack_inventory->pki.ca_keys = "cluster";
	CHECK_INT(custody_kubelet_begins(&w, "w1", &k, &err), 0);
	CHECK_STR(k.conf.text, "");
	CHECK_STR(k.pem.text, "");
	custody_kubelet_release(&k);
	w.pki.store = NULL;
	world_release(&w);
	rack_down();
}

/* ---- runs ---------------------------------------------------------------------------------------------------------- */

static void right(const struct lab *l, bool operator)
{
	for (int i = 0; i < LAB_MACHINES; i++) {
		CHECK_INT(l->machines[i].ca_keys, !operator&& i<3);
		CHECK_INT(l->machines[i].kubelet, operator);
		CHECK(l->machines[i].node);
	}
}

static void test_install(void)
{
	static const char *const modes[] = { "operator", "cluster" };

	for (int i = 0; i < 2; i++) {
		struct error errors[LAB_MACHINES];
		struct lab l;

		rack_up();
		rack_inventory->pki.ca_keys = modes[i];
		lab_init(&l, rack_inventory, rack_store, rack_tls);
		rack_apply(&l, errors);
		for (int m = 0; m < LAB_MACHINES; m++)
			CHECK_STR(errors[m].what, "");
		right(&l, i == 0);
		rack_down();
	}
}

/* The mode was another one when the installation was cut short. */
static void test_half(void)
{
	struct error errors[LAB_MACHINES];
	struct lab l;

	operator_up();
	lab_init(&l, rack_inventory, rack_store, rack_tls);
	for (int i = 0; i < 3; i++)
		l.machines[i].pki = l.machines[i].ca_keys = l.machines[i].record = true;
	rack_apply(&l, errors);
	for (int m = 0; m < LAB_MACHINES; m++)
		CHECK_STR(errors[m].what, "");
	right(&l, true);
	rack_down();
}

/* ---- a living cluster ---------------------------------------------------------------------------------------------- */

#define LIVING "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n"
#define NAMES "apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100]}\n"

/* It has the keys, or not, and the inventory wants them in the other place. */
static void living(struct lab *l, bool has)
{
	rack_up();
	rack_inventory->pki.ca_keys = has ? "operator" : "cluster";
	rack_cluster(l);
	strcpy(l->given[SETTINGS_CONTROL_PLANE].text, LIVING NAMES);
	for (int m = 0; m < 3; m++)
		l->machines[m].ca_keys = has;
}

static void quiet(const struct error errors[LAB_MACHINES])
{
	for (int m = 0; m < LAB_MACHINES; m++)
		CHECK_STR(errors[m].what, "");
}

static void are(const struct lab *l, bool has, unsigned changes)
{
	for (int m = 0; m < 3; m++) {
		CHECK_INT(l->machines[m].ca_keys, has);
		CHECK_INT(l->machines[m].custody, changes);
	}
	CHECK_INT(l->machines[3].custody, 0);
}

static void test_living(void)
{
	for (int i = 0; i < 2; i++) {
		struct error errors[LAB_MACHINES];
		struct lab l;

		living(&l, i == 1);
		rack_apply(&l, errors);
		quiet(errors);
		are(&l, i == 0, 1);
		rack_apply(&l, errors);
		quiet(errors);
		are(&l, i == 0, 1);
		/* and back */
		rack_inventory->pki.ca_keys = i ? "cluster" : "operator";
		rack_apply(&l, errors);
		quiet(errors);
		are(&l, i == 1, 2);
		rack_down();
	}
}

/* What is on a host shows what is not done yet. */
static void test_cut(void)
{
	struct error errors[LAB_MACHINES];
	struct lab l;

	living(&l, true);
	/* the controller manager alone; only the keys; copies; a change that was not finished */
	l.machines[0].signs = -1;
	l.machines[1].ca_keys = false, l.machines[1].signs = 1;
	l.machines[2].ca_keys = false, l.machines[2].keys_left = true;
	rack_apply(&l, errors);
	quiet(errors);
	are(&l, false, 1);
	/* and back: the controller manager alone; nothing yet; all but its end */
	rack_inventory->pki.ca_keys = "cluster";
	l.machines[0].ca_keys = l.machines[2].ca_keys = true;
	l.machines[0].signs = -1;
	l.machines[2].cut = true;
	rack_apply(&l, errors);
	quiet(errors);
	CHECK_INT(l.machines[0].custody, 2);
	CHECK_INT(l.machines[1].custody, 2);
	CHECK_INT(l.machines[2].custody, 2);
	CHECK(l.machines[1].ca_keys && !l.machines[2].cut);
	rack_down();
}

/* It fails on one: the others are not begun, and the next run continues. */
static void test_stopped(void)
{
	/* the change itself; and one of settings, that comes before it */
	static const char *const configs[] = { LIVING NAMES, LIVING };

	for (int i = 0; i < 2; i++) {
		struct error errors[LAB_MACHINES];
		unsigned failed = 0, stopped = 0;
		struct lab l;

		living(&l, true);
		strcpy(l.given[SETTINGS_CONTROL_PLANE].text, configs[i]);
		for (int m = 0; m < 3; m++)
			l.machines[m].picky = true;
		rack_apply(&l, errors);
		for (int m = 0; m < 3; m++) {
			failed += errors[m].code == CODE_NONE && strcmp(errors[m].step, "components") == 0;
			stopped += errors[m].code == REFUSAL_SETTINGS;
			CHECK(l.machines[m].ca_keys);
			l.machines[m].picky = false;
		}
		CHECK_INT(failed, 1);
		CHECK_INT(stopped, 2);
		rack_apply(&l, errors);
		quiet(errors);
		for (int m = 0; m < 3; m++)
			CHECK(!l.machines[m].ca_keys && !l.machines[m].cut);
		rack_down();
	}
}

static unsigned named;

static void count(const struct event *ev, void *ctx)
{
	(void)ctx;
	named += ev->kind == EVENT_NOTICE && ev->code == NOTICE_CA_KEYS && strcmp(ev->fields[0], "cp3") == 0;
}

/* A run whose notices are counted, or a look that changes nothing. */
static void watched(struct lab *l, bool look)
{
	const struct plan *plan = &plans[PLAN_INSTALL];
	struct engine *e;
	struct world w;

	rack_world(&w);
	w.wish.verify_ms = 100;
	w.wish.take_lock = !look;
	w.wish.texts = look;
	e = rack_run(l, &w,
		(struct engine_config){
			.steps = plan->steps, .step_count = plan->count, .check_only = look, .journal = count },
		31);
	engine_free(e);
	world_release(&w);
}

/* One that cannot be reached keeps none of the others from it, and gets its turn when it is back. */
static void test_away(void)
{
	struct error errors[LAB_MACHINES];
	struct lab l;

	living(&l, true);
	l.out_of_sight = 1u << 2;
	watched(&l, true);
	are(&l, true, 0);
	CHECK_INT(named, 0);
	watched(&l, false);
	CHECK_INT(named, 1);
	CHECK(!l.machines[0].ca_keys && !l.machines[1].ca_keys && l.machines[2].ca_keys);
	l.out_of_sight = 0;
	rack_apply(&l, errors);
	quiet(errors);
	are(&l, false, 1);
	rack_down();
}

/* The keys of another machine, or of a rotation that is half done, are not to be lost. */
static void test_refused(void)
{
	static const char config[] =
		LIVING NAMES "controllerManager: {extraArgs: [{name: cluster-signing-key-file, value: /x}]}\n";
	struct error errors[LAB_MACHINES], err = { 0 };
	char pki[96], command[256];
	struct lab l;

	living(&l, true);
	strcpy(l.given[SETTINGS_CONTROL_PLANE].text, config);
	rack_apply(&l, errors);
	CHECK_INT(errors[0].code, REFUSAL_CA_KEYS);
	CHECK(strstr(errors[0].what, "a pair to sign with"));
	are(&l, true, 0);
	l.given[SETTINGS_CONTROL_PLANE].text[0] = '\0';
	rack_apply(&l, errors);
	CHECK(strstr(errors[0].what, "could not be read") || strstr(errors[1].what, "could not be read") ||
		strstr(errors[2].what, "could not be read"));
	are(&l, true, 0);
	snprintf(pki, sizeof(pki), "%s/pki", rack_dir);
	CHECK_INT(pki_store_rotate(pki, NULL, PKI_ISSUER_ETCD, PKI_PHASE_ONE, &err), 0);
	rack_apply(&l, errors);
	CHECK_INT(errors[1].code, REFUSAL_ROTATION);
	CHECK(strstr(errors[1].what, "etcd/ca.crt") && strstr(errors[1].hint, "pki.ca-keys to cluster"));
	are(&l, true, 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", pki);
	CHECK_INT(system(command), 0);
	rack_apply(&l, errors);
	CHECK_INT(errors[0].code, REFUSAL_NO_STORE);
	CHECK(strstr(errors[0].what, "nothing was changed") && strstr(errors[0].hint, "certs restore"));
	are(&l, true, 0);
	CHECK_INT(pki_store_state(pki), PKI_STORE_NONE);
	rack_down();
}

/* What is about something else leaves them where they are. */
static void test_other_runs(void)
{
	static const bool host[LAB_MACHINES] = { false, true };
	struct error err = { 0 };
	struct world w;
	struct lab l;

	living(&l, true);
	rack_world(&w);
	for (int m = 0; m < 3; m++) {
		cluster_set(&w.seen.hosts[m], "ca_keys", LAB_CA_KEYS);
		cluster_set(&w.seen.hosts[m], "have", RACK_INSTALLED);
		cluster_set(&w.seen.hosts[m], "job.init", "done 0 x x r0");
		w.seen.hosts[m].probed = true;
	}
	CHECK_INT(custody_refuse(&w, &err), 0);
	w.wish.reboot = host;
	CHECK_INT(custody_refuse(&w, &err), -1);
	CHECK_INT(err.code, REFUSAL_CA_KEYS);
	CHECK(strstr(err.hint, "'kubewright apply' first"));
	world_release(&w);
	rack_down();
}

/* ---- on the host --------------------------------------------------------------------------------------------------- */

static void open_host(struct fake_site *s)
{
	fake_site_open(s);
	fake_site_sh(s, "mkdir -p run/kubewright var/lib/kubewright etc/kubernetes/pki/etcd");
	fake_site_put(s, "bin/kubeadm", 0755, "#!/bin/sh\necho \"$*\" >>${0%/bin/kubeadm}/did\n");
	fake_site_put(s, "bin/journalctl", 0755, "#!/bin/sh\n");
}

static void test_kubelet_files(void)
{
	static const struct remote_param init[] = { { "secret_config", "" }, { "validate", "no" }, { "resume", "no" },
		{ "settings", "" }, { "components", "" }, { "secret_kubelet_conf", "conf\n" },
		{ "secret_kubelet_pem", "pem\n" } };
	static const struct remote_param join[] = { { "secret_config", "" }, { "validate", "no" }, { "cluster", "c" },
		{ "ca_pin", "p" }, { "settings", "" }, { "components", "" }, { "secret_kubelet_conf", "conf\n" },
		{ "secret_kubelet_pem", "pem\n" } };
	static const struct remote_param plain[] = { { "secret_config", "" }, { "validate", "no" }, { "cluster", "c" },
		{ "ca_pin", "p" }, { "settings", "" }, { "components", "" }, { "secret_kubelet_conf", "" },
		{ "secret_kubelet_pem", "" } };
	struct fake_site s;

	open_host(&s);
	if (!CHECK_INT(fake_site_run(&s, host_script_init, init, 7), 0))
		printf("# %s: %s\n", s.err.what, s.log);
	CHECK_STR(fake_site_get(&s, "etc/kubernetes/kubelet.conf"), "conf\n");
	CHECK_STR(fake_site_get(&s, KUBELET), "pem\n");
	fake_site_sh(&s, "[ \"$(stat -c %a etc/kubernetes/kubelet.conf)\" = 600 ] && [ -L " KUBELET
			 " ] && [ \"$(stat -L -c %a " KUBELET ")\" = 600 ]");
	CHECK(!strstr(fake_site_get(&s, "did"), "kubelet.conf"));
	fake_site_close(&s);

	open_host(&s);
	CHECK_INT(fake_site_run(&s, host_script_join, join, 8), 0);
	CHECK_STR(fake_site_get(&s, KUBELET), "pem\n");
	CHECK(strstr(fake_site_get(&s, "did"), "--ignore-preflight-errors=FileAvailable--etc-kubernetes-kubelet.conf"));
	fake_site_close(&s);

	open_host(&s);
	CHECK_INT(fake_site_run(&s, host_script_join, plain, 8), 0);
	CHECK_STR(fake_site_get(&s, "etc/kubernetes/kubelet.conf"), "");
	CHECK(!strstr(fake_site_get(&s, "did"), "ignore"));
	fake_site_close(&s);
}

static void place(struct fake_site *s, const char *no_ca_keys)
{
	const struct remote_param params[] = { { "init", "no" }, { "cluster", "c" }, { "ca_pin", "p" },
		{ "no_ca_keys", no_ca_keys }, { "files", "1" }, { "file_1_path", fake_site_path(s, PKI "ca.crt") },
		{ "file_1_mode", "644" }, { "file_1_data", "eAo=" }, { "file_1_reader", "" } };

	if (!CHECK_INT(fake_site_run(s, host_script_certificates, params, sizeof(params) / sizeof(params[0])), 0))
		printf("# %s: %s\n", s->err.what, s->log);
}

static void test_keys_away(void)
{
	struct fake_site s;

	open_host(&s);
	fake_site_put(&s, PKI "ca.key", 0600, "k\n");
	fake_site_put(&s, PKI "etcd/ca.key", 0600, "k\n");
	fake_site_put(&s, PKI "sa.key", 0600, "k\n");
	fake_site_sh(&s,
		"mkdir -p var/lib/kubewright/ledger/files && echo k >var/lib/kubewright/ledger/files/$(printf %s $PWD/" PKI
		"ca.key | tr / %)");
	place(&s, "yes");
	CHECK_STR(fake_site_get(&s, PKI "ca.key"), "");
	CHECK_STR(fake_site_get(&s, PKI "etcd/ca.key"), "");
	CHECK_STR(fake_site_get(&s, PKI "sa.key"), "k\n");
	CHECK_STR(cluster_fact(&s.h, "ca_keys"), "");
	fake_site_sh(&s, "! ls var/lib/kubewright/ledger/files/*ca.key 2>/dev/null");
	fake_site_put(&s, PKI "front-proxy-ca.key", 0600, "k\n");
	place(&s, "no");
	CHECK_STR(cluster_fact(&s.h, "ca_keys"), "front-proxy-ca.key");
	fake_site_close(&s);
}

static const struct test tests[] = {
	{ "files of a control plane", test_control_plane },
	{ "what a kubelet begins with", test_kubelet },
	{ "an installation", test_install },
	{ "an installation that had begun otherwise", test_half },
	{ "a living cluster changes its mode, and back", test_living },
	{ "a change that was cut", test_cut },
	{ "a change that fails", test_stopped },
	{ "a control plane that is away", test_away },
	{ "what is not changed", test_refused },
	{ "runs about something else", test_other_runs },
	{ "a kubelet's files on the host", test_kubelet_files },
	{ "keys are taken off the host", test_keys_away },
};
TEST_MAIN(tests)
