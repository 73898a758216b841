/* pki.kubelet-serving of a living cluster: the order in which approvers, kubelets and API servers change, and back. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"
#include "tests/unit/fake_tls.h"

#include "base/error.h"
#include "base/json.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "steps/settings.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVING \
	"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n" \
	"apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100]}\nscheduler: {}\n"

static struct error errors[LAB_MACHINES];
static struct ssl_ctx_st *kubelets[LAB_MACHINES];
static unsigned notices;
static char said[640];

static void observe(const struct event *ev, void *ctx)
{
	(void)ctx;
	if (ev->kind != EVENT_NOTICE || ev->code != NOTICE_SERVING)
		return;
	notices++;
	snprintf(said, sizeof(said), "%s", ev->text);
}

static void serve_kubelets(struct lab *l)
{
	for (int i = 0; i < LAB_MACHINES; i++) {
		struct pki_node n = { .cluster = "rack7",
			.name = rack_inventory->hosts[i].name,
			.address = rack_inventory->hosts[i].address,
			.endpoint = "10.0.0.100",
			.port = 6443,
			.bind_port = 6443,
			.service_ip = "10.96.0.1",
			.dns_domain = "cluster.local",
			.admin_org = "kubeadm:cluster-admins",
			.days = 2 };
		struct pki_files f = { 0 };
		const char *crt = "", *key = "";
		struct error err = { 0 };

		CHECK_INT(pki_control_plane_files(rack_store, &n, &f, &err), 0);
		for (size_t k = 0; k < f.count; k++) {
			if (strcmp(f.list[k].path, "/etc/kubernetes/pki/apiserver.crt") == 0)
				crt = f.list[k].content.text;
			if (strcmp(f.list[k].path, "/etc/kubernetes/pki/apiserver.key") == 0)
				key = f.list[k].content.text;
		}
		kubelets[i] = fake_tls_context(crt, key, pki_store_pem(rack_store, PKI_CA_CRT));
		l->machines[i].kubelet_tls = kubelets[i];
		pki_files_release(&f);
	}
}

static void apply(struct lab *l, const char *serving, unsigned hosts)
{
	struct step steps[64];
	struct engine *e;
	struct world w;

	rack_inventory->pki.kubelet_serving = serving;
	json_free(rack_inventory->kubelet_config);
	rack_inventory->kubelet_config = NULL;
	if (inventory_signs_serving(rack_inventory)) {
		rack_inventory->kubelet_config = json_object();
		json_set_bool(rack_inventory->kubelet_config, "serverTLSBootstrap", true);
	}
	rack_world(&w);
	w.wish.verify_ms = 100;
	notices = 0;
	said[0] = '\0';
	e = rack_run(l, &w,
		(struct engine_config){ .steps = steps,
			.step_count = plan_with(&plans[PLAN_INSTALL],
				inventory_signs_serving(rack_inventory) ? PLAN_MORE_SERVING : 0, steps),
			.journal = observe },
		hosts);
	memset(errors, 0, sizeof(errors));
	for (int i = 0; i < LAB_MACHINES; i++)
		if (engine_host_error(e, i))
			errors[i] = *engine_host_error(e, i);
	engine_free(e);
	world_release(&w);
}

/* Per machine: approvers; kubelets that ask; API servers that verify; restarts of kubelets; changes of control planes. */
static void looks(const struct lab *l, const char *want)
{
	char now[64];
	size_t n = 0;

	for (int part = 0; part < 5; part++) {
		for (int i = 0; i < LAB_MACHINES; i++) {
			const struct machine *m = &l->machines[i];
			const unsigned values[] = { m->approver, m->asks, m->verifies, m->restarts, m->changes };

			n += (size_t)snprintf(now + n, sizeof(now) - n, "%u", values[part]);
		}
		n += (size_t)snprintf(now + n, sizeof(now) - n, part < 4 ? " " : "");
	}
	if (!CHECK_STR(now, want))
		for (int i = 0; i < LAB_MACHINES; i++)
			printf("# host %d: %s: %s\n", i, errors[i].step, errors[i].what);
}

static void begin(struct lab *l)
{
	rack_up();
	rack_cluster(l);
	l->applied = l->kubelets = true;
	strcpy(l->given[SETTINGS_CONTROL_PLANE].text, LIVING);
	serve_kubelets(l);
}

static void end(void)
{
	for (int i = 0; i < LAB_MACHINES; i++)
		SSL_CTX_free(kubelets[i]);
	rack_down();
}

static void test_there_and_back(void)
{
	struct lab l;

	begin(&l);
	apply(&l, "self", 31);
	looks(&l, "00000 00000 00000 00000 00000");
	apply(&l, "cluster", 31);
	looks(&l, "11100 11111 11100 11111 11100");
	CHECK_INT(notices, 0);
	CHECK(strstr(l.given[SETTINGS_CONTROL_PLANE].text, SERVING_CA));
	CHECK_INT(lab_file(&l.machines[1], "/etc/kubewright/kubelets")->mode, 0600);
	/* and that was all */
	apply(&l, "cluster", 31);
	looks(&l, "11100 11111 11100 11111 11100");
	apply(&l, "self", 31);
	looks(&l, "00000 00000 00000 22222 22200");
	CHECK(!strstr(l.given[SETTINGS_CONTROL_PLANE].text, SERVING_ARGUMENT));
	CHECK(!lab_file(&l.machines[1], "/etc/kubewright/kubelets"));
	apply(&l, "self", 31);
	looks(&l, "00000 00000 00000 22222 22200");
	end();
}

/* One kubelet has none: no API server verifies any, until it has. */
static void test_waits(void)
{
	struct lab l;

	begin(&l);
	l.machines[4].kubelet_tls = NULL;
	apply(&l, "cluster", 31);
	looks(&l, "11100 11111 00000 11111 00000");
	CHECK_INT(notices, 1);
	CHECK(strstr(said, "API servers do not verify kubelets yet") && strstr(said, "w2 ("));
	CHECK_INT(errors[0].kind, ERROR_NONE);
	/* one that is signed by somebody else is none */
	l.machines[4].kubelet_tls = rack_tls[0][1];
	apply(&l, "cluster", 31);
	looks(&l, "11100 11111 00000 11111 00000");
	CHECK_INT(notices, 1);
	/* nor is that of another host */
	l.machines[4].kubelet_tls = kubelets[3];
	apply(&l, "cluster", 31);
	looks(&l, "11100 11111 00000 11111 00000");
	l.machines[4].kubelet_tls = kubelets[4];
	apply(&l, "cluster", 31);
	looks(&l, "11100 11111 11100 11111 11100");
	CHECK_INT(notices, 0);
	end();
}

/* A Node that cannot be reached may sign its own when it is back. */
static void test_away(void)
{
	struct lab l;

	begin(&l);
	l.off = 1u << 4;
	apply(&l, "cluster", 31);
	looks(&l, "11100 11110 00000 11110 00000");
	CHECK(notices == 1 && strstr(said, "w2 (it is not Ready)"));
	l.off = 0;
	apply(&l, "cluster", 31);
	looks(&l, "11100 11111 11100 11111 11100");
	end();
}

/* An API server that may verify kubelets still keeps all of them from signing their own again. */
static void test_kept(void)
{
	struct lab l;

	begin(&l);
	apply(&l, "cluster", 31);
	looks(&l, "11100 11111 11100 11111 11100");
	l.out_of_sight = 1u << 1;
	apply(&l, "self", 31);
	looks(&l, "11100 11111 01000 11111 21200");
	CHECK(notices == 1 && strstr(said, "cp2"));
	apply(&l, "self", 31);
	looks(&l, "11100 11111 01000 11111 21200");
	CHECK_INT(notices, 1);
	l.out_of_sight = 0;
	apply(&l, "self", 31);
	looks(&l, "00000 00000 00000 22222 22200");
	CHECK_INT(notices, 0);
	end();
}

/* One that joins gets its certificate as the others did; where it gets none, that is reported, and the rest continues. */
static void test_joins(void)
{
	struct lab l;

	begin(&l);
	apply(&l, "cluster", 31);
	fake_blank(&l.machines[4]);
	l.machines[4].node = l.machines[4].asks = false;
	apply(&l, "cluster", 31);
	looks(&l, "11100 11111 11100 11111 11100");
	CHECK_INT(notices, 0);
	fake_blank(&l.machines[4]);
	l.machines[4].node = false;
	l.machines[4].kubelet_tls = NULL;
	apply(&l, "cluster", 31);
	CHECK_INT(notices, 1);
	CHECK(strstr(said, "logs and exec fail there") && strstr(said, "w2 ("));
	CHECK_INT(errors[0].kind, ERROR_NONE);
	/* the next run, which none joins in, has nothing to wait for: status reports it */
	for (size_t i = 0; i < sizeof(l.machines[4].jobs) / sizeof(l.machines[4].jobs[0]); i++)
		if (strcmp(l.machines[4].jobs[i].name, "join") == 0)
			strcpy(l.machines[4].jobs[i].record, "done 0 x x r0");
	apply(&l, "cluster", 31);
	CHECK_INT(notices, 0);
	end();
}

static char waits[4096];

/* A request that waits, csr-1, of w1's kubelet. */
static void wait_for_w1(struct lab *l)
{
	static const char command[] =
		"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null "
		"-subj /O=system:nodes/CN=system:node:w1 -addext subjectAltName=DNS:w1,IP:10.0.0.21 2>/dev/null | base64 -w 0";
	FILE *f = popen(command, "r");
	char pem[3000] = "";

	if (!f || !fgets(pem, sizeof(pem), f))
		exit(2);
	pclose(f);
	snprintf(waits, sizeof(waits),
		"{\"metadata\":{\"name\":\"csr-1\",\"uid\":\"u1\",\"resourceVersion\":\"7\",\"creationTimestamp\":"
		"\"2026-01-01T00:00:00Z\"},\"spec\":{\"signerName\":\"kubernetes.io/kubelet-serving\",\"username\":"
		"\"system:node:w1\",\"groups\":[\"system:nodes\"],\"usages\":[\"digital signature\",\"server auth\"],"
		"\"request\":\"%s\"}}",
		pem);
	l->request = waits;
}

/* Where no control plane can sign, nobody approves by itself: the run does both. */
static void test_operator(void)
{
	struct lab l;

	begin(&l);
	rack_inventory->pki.ca_keys = "operator";
	for (int i = 0; i < 3; i++)
		l.machines[i].ca_keys = false;
	wait_for_w1(&l);
	apply(&l, "cluster", 31);
	looks(&l, "00000 11111 11100 11111 11100");
	CHECK_INT(notices, 0);
	CHECK(l.approved && strstr(l.signed_body, "\"certificate\":\""));
	end();
}

/* ---- the inventory ------------------------------------------------------------------------------------------------------ */

static void test_inventory(void)
{
	static const char head[] =
		"cluster: a\nkubernetes: {version: 1.36.2}\nhosts: [{name: cp1, address: 10.0.0.1, role: "
		"control-plane}]\n";
	static const struct {
		const char *text, *error;
		bool asks;
	} rows[] = {
		{ "", NULL, false },
		{ "pki: {kubelet-serving: self}\n", NULL, false },
		{ "pki: {kubelet-serving: self}\nkubelet: {config: {serverTLSBootstrap: true}}\n", NULL, true },
		{ "pki: {kubelet-serving: cluster}\n", NULL, true },
		{ "pki: {kubelet-serving: cluster}\nkubelet: {config: {serverTLSBootstrap: true, maxPods: 50}}\n", NULL,
			true },
		{ "pki: {kubelet-serving: cluster}\nsecurity: {profile: cis}\n", NULL, true },
		{ "pki: {kubelet-serving: both}\n", "kubelet-serving", false },
		{ "pki: {kubelet-serving: cluster}\nkubelet: {config: {serverTLSBootstrap: false}}\n",
			"for which kubelets need serverTLSBootstrap", false },
		{ "pki: {kubelet-serving: cluster}\nkubelet: {config: {tlsCertFile: /a}}\n", "asks for no certificate",
			false },
		{ "pki: {kubelet-serving: cluster}\nkubeadm: {extra: {ClusterConfiguration: {apiServer: {extraArgs: "
		  "[{name: kubelet-certificate-authority, value: /a}]}}}}\n",
			"sets 'kubelet-certificate-authority' itself", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];
		struct error err = { 0 };
		struct inventory *inv;

		snprintf(text, sizeof(text), "%s%s", head, rows[i].text);
		inv = inventory_parse("/x.yaml", text, strlen(text), NULL, 0, NULL, &err);
		if (!CHECK((inv == NULL) == (rows[i].error != NULL)) ||
			!CHECK(!rows[i].error || strstr(err.detail, rows[i].error)))
			printf("# %zu: %s %s\n", i, err.what, err.detail);
		if (inv)
			CHECK(json_get_bool(inv->kubelet_config, "serverTLSBootstrap", false) == rows[i].asks);
		inventory_free(inv);
	}
}

static const struct test tests[] = {
	{ "the inventory", test_inventory },
	{ "one that joins", test_joins },
	{ "with the CA's key on this machine alone", test_operator },
	{ "there and back", test_there_and_back },
	{ "a kubelet without a certificate", test_waits },
	{ "a Node that is away", test_away },
	{ "a control plane that is away on the way back", test_kept },
};
TEST_MAIN(tests)
