#include "tests/unit/fake_rack.h"

#include "tests/unit/fake_tls.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] =
	"cluster: rack7\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: /cni.yaml}\n"
	"hosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
	"  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
	"  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker, labels: {rack: '7'}}\n"
	"  - {name: w2, address: 10.0.0.22, role: worker, labels: {rack: '7'}}\n";

struct inventory *rack_inventory;
struct pki_store *rack_store;
struct ssl_ctx_st *rack_tls[LAB_MACHINES][2];
char rack_dir[64];

static const char *file_of(const struct pki_files *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->list[i].path + strlen("/etc/kubernetes/pki/"), name) == 0)
			return f->list[i].content.text;
	return "";
}

static void serve(const struct pki_store *store)
{
	static const char *const more[] = { "127.0.0.1", "10.0.0.100", "10.0.0.101" };
	struct error err = { 0 };

	for (int i = 0; i < 3; i++) {
		struct pki_node n = { .cluster = "rack7",
			.name = rack_inventory->hosts[i].name,
			.address = rack_inventory->hosts[i].address,
			.endpoint = "10.0.0.100",
			.port = 6443,
			.bind_port = 6443,
			.service_ip = "10.96.0.1",
			.dns_domain = "cluster.local",
			.more_sans = more,
			.more_san_count = 3,
			.admin_org = "kubeadm:cluster-admins",
			.days = 2 };

		struct pki_files f = { 0 };

		if (pki_control_plane_files(store, &n, &f, &err))
			exit(2);
		SSL_CTX_free(rack_tls[i][0]);
		SSL_CTX_free(rack_tls[i][1]);
		rack_tls[i][0] = fake_tls_context(
			file_of(&f, "apiserver.crt"), file_of(&f, "apiserver.key"), pki_store_pem(store, PKI_CA_CRT));
		rack_tls[i][1] = fake_tls_context(file_of(&f, "etcd/server.crt"), file_of(&f, "etcd/server.key"),
			pki_store_pem(store, PKI_ETCD_CA_CRT));
		pki_files_release(&f);
	}
}

void rack_serve(struct lab *l, const struct pki_store *store)
{
	serve(store);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 2; k++)
			l->machines[i].tls[k] = rack_tls[i][k];
}

void rack_up(void)
{
	struct error err = { 0 };
	char path[96];

	signal(SIGPIPE, SIG_IGN);
	net_init();
	strcpy(rack_dir, "/tmp/kubewright-test-XXXXXX");
	rack_inventory = inventory_parse("/kubewright.yaml", text, sizeof(text) - 1, NULL, 0, NULL, &err);
	if (!mkdtemp(rack_dir) || !rack_inventory)
		exit(2);
	snprintf(path, sizeof(path), "%s/pki", rack_dir);
	rack_store = pki_store_create(path, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	if (rack_store)
		serve(rack_store);
}

void rack_down(void)
{
	char command[128];

	for (int i = 0; i < 3; i++) {
		SSL_CTX_free(rack_tls[i][0]);
		SSL_CTX_free(rack_tls[i][1]);
		rack_tls[i][0] = rack_tls[i][1] = NULL;
	}
	pki_store_free(rack_store);
	inventory_free(rack_inventory);
	snprintf(command, sizeof(command), "rm -rf '%s'", rack_dir);
	if (system(command))
		printf("# cannot remove %s\n", rack_dir);
}

void rack_cluster(struct lab *l)
{
	lab_init(l, rack_inventory, rack_store, rack_tls);
	for (int i = 0; i < LAB_MACHINES; i++) {
		struct machine *m = &l->machines[i];

		m->node = m->packages = m->containerd = m->prepared = m->record = true;
		m->have = i < 3 ? RACK_INSTALLED : "kubelet-conf ca-crt";
		m->member = i < 3 ? LAB_VOTER : LAB_NO_MEMBER;
		m->pki = m->ca_keys = i < 3;
		m->init = i == 0;
		snprintf(m->jobs[0].name, sizeof(m->jobs[0].name), "%s", i ? "join" : "init");
		snprintf(m->jobs[0].record, sizeof(m->jobs[0].record), "done 0 x x r0");
	}
}

void rack_world(struct world *w)
{
	static char pki[96], snapshots[96], kubeconfig[96];
	struct error err = { 0 };

	snprintf(pki, sizeof(pki), "%s/pki", rack_dir);
	snprintf(snapshots, sizeof(snapshots), "%s/snapshots", rack_dir);
	snprintf(kubeconfig, sizeof(kubeconfig), "%s/conf", rack_dir);
	world_init(w, rack_inventory, release_find("1.36.2"));
	w->wish.run = "r1";
	w->wish.owner = "a@b pid 1";
	w->wish.machine = "m";
	w->wish.store_dir = pki;
	w->wish.kubeconfig = kubeconfig;
	w->wish.snapshots_dir = snapshots;
	w->wish.take_lock = true;
	w->pki.store = pki_store_open(pki, NULL, &err);
}

struct engine *rack_run(struct lab *l, struct world *w, struct engine_config config, unsigned hosts)
{
	static struct engine_host list[LAB_MACHINES];
	struct error err = { 0 };
	struct engine *e;

	for (int i = 0; i < LAB_MACHINES; i++)
		list[i] = (struct engine_host){ rack_inventory->hosts[i].name, !(hosts & 1u << i) ? 0
									       : i < 3            ? ROLE_CONTROL_PLANE
												  : ROLE_WORKER };
	config.run = w->wish.run;
	config.hosts = list;
	config.host_count = LAB_MACHINES;
	config.open = lab_open;
	config.world = w;
	/* a machine that is lost does not come back: the pauses between three tries say no more than that of one */
	if (!config.reconnects)
		config.reconnects = 1;
	lab_run(l, w, 0, LAB_LOST);
	e = engine_new(&config);
	engine_no_questions(e);
	if (engine_start(e, &err))
		lab_insist(false, err.what);
	while (engine_wait(e, -1, 1000))
		continue;
	return e;
}

void rack_apply(struct lab *l, struct error errors[LAB_MACHINES])
{
	const struct plan *plan = &plans[PLAN_INSTALL];
	struct engine *e;
	struct world w;

	rack_world(&w);
	w.wish.verify_ms = 100;
	e = rack_run(l, &w, (struct engine_config){ .steps = plan->steps, .step_count = plan->count }, 31);
	memset(errors, 0, LAB_MACHINES * sizeof(*errors));
	for (int i = 0; i < LAB_MACHINES; i++)
		if (engine_host_error(e, i))
			errors[i] = *engine_host_error(e, i);
	engine_free(e);
	world_release(&w);
}
