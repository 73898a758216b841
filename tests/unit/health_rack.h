/* A rack of three control planes and a worker, as findings_health sees it: healthy until a fact is set otherwise. */
#ifndef TESTS_UNIT_HEALTH_RACK_H
#define TESTS_UNIT_HEALTH_RACK_H

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/health.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "tests/test.h"

#define HOSTS 4

static const char rack_text[] =
	"cluster: rack7\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
	"  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
	"  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker}\n";
static const char nodes_text[] = "{\"items\":[%s]}";
static const char node_text[] =
	"{\"metadata\":{\"name\":\"%s\"},\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"%s\"}],"
	"\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}";

static struct rack {
	struct inventory *inv;
	struct cluster_host hosts[HOSTS];
	struct cluster_state state;
	struct health_view view;
	struct findings found;
} rack;
static struct pki_store *store; /* since the first rack_up */
static char dir[] = "/tmp/kubewright-test-XXXXXX";
static const char *const pods[] = { "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler" };

static inline void set(int host, const char *word, const char *value)
{
	cluster_set(&rack.hosts[host], word, value);
}

static inline void setf(int host, const char *value, const char *prefix, const char *name)
{
	char word[160];

	snprintf(word, sizeof(word), "%s%s", prefix, name);
	set(host, word, value);
}

static inline void certificates(int host)
{
	static const char *const more[] = { "127.0.0.1" };
	struct pki_node n = { .cluster = "rack7",
		.name = rack.inv->hosts[host].name,
		.address = rack.inv->hosts[host].address,
		.endpoint = "10.0.0.100",
		.port = 6443,
		.bind_port = 6443,
		.service_ip = "10.96.0.1",
		.dns_domain = "cluster.local",
		.more_sans = more,
		.more_san_count = 1,
		.admin_org = "kubeadm:cluster-admins",
		.days = 90 };
	struct secret cert = { 0 }, key = { 0 };
	struct pki_files files = { 0 };
	struct error err = { 0 };

	if (!CHECK_INT(pki_control_plane_files(store, &n, &files, &err), 0))
		exit(1);
	CHECK_INT(pki_client_certificate(store, PKI_ISSUER_CLUSTER, "a", NULL, 90 * 86400, &cert, &key, &err), 0);
	for (size_t i = 0; i < files.count; i++) {
		const char *path = files.list[i].path, *end = path + strlen(path);

		setf(host, "ok", "pki.", path);
		if (strcmp(end - 4, ".crt") == 0)
			setf(host, files.list[i].content.text, "cert.", path);
		else if (strcmp(end - 5, ".conf") == 0)
			setf(host, cert.text, "cert.", path);
	}
	pki_files_release(&files);
	secret_release(&cert);
	secret_release(&key);
}

/* Whether a member says that it knows a leader. */
static inline void speaks(int member, bool healthy)
{
	rack.state.etcd.answers[member] = healthy;
	snprintf(rack.state.etcd.status[member].leader_id, sizeof(rack.state.etcd.status[member].leader_id), "100");
}

static inline void control_plane(int host)
{
	static const char *const shared[] = { "ca.crt", "ca.key", "etcd/ca.crt", "etcd/ca.key", "front-proxy-ca.crt",
		"front-proxy-ca.key", "sa.key", "sa.pub" };
	struct net_etcd_member *m = &rack.state.etcd.list[host];
	struct cluster_host *h = &rack.hosts[host];
	char path[96];

	certificates(host);
	for (size_t i = 0; i < 8; i++)
		setf(host, "1234", "pki_sum.", shared[i]);
	for (size_t i = 0; i < 4; i++) {
		setf(host, "up 1", "pod.", pods[i]);
		snprintf(path, sizeof(path), "/etc/kubernetes/manifests/%s.yaml", pods[i]);
		setf(host, "ok", "kept.", path);
	}
	set(host, "vip_held", host == 1 ? "yes" : "no");
	h->api_ready = CLUSTER_YES;
	snprintf(m->id, sizeof(m->id), "%d", 100 + host);
	snprintf(m->name, sizeof(m->name), "%s", rack.inv->hosts[host].name);
	snprintf(m->peer_url, sizeof(m->peer_url), "https://%s:2380", rack.inv->hosts[host].address);
	speaks(host, true);
	rack.state.etcd.count = 3;
}

static inline void set_nodes(const char *left_out, const char *other_address)
{
	struct str list = STR_INIT, all = STR_INIT;
	struct error err = { 0 };

	for (int i = 0; i < HOSTS; i++) {
		const char *name = rack.inv->hosts[i].name;

		if (left_out && strcmp(left_out, name) == 0)
			continue;
		str_addf(&list, "%s", list.len ? "," : "");
		str_addf(&list, node_text, name, i == 3 && other_address ? other_address : rack.inv->hosts[i].address);
	}
	str_addf(&all, nodes_text, list.buf);
	CHECK_INT(cluster_state_nodes(&rack.state, json_parse(all.buf, all.len, &err), &err), 0);
	str_release(&list);
	str_release(&all);
}

static inline void rack_up(void)
{
	struct error err = { 0 };

	memset(&rack, 0, sizeof(rack));
	rack.inv = inventory_parse("-", rack_text, strlen(rack_text), NULL, 0, NULL, &err);
	if (!CHECK(rack.inv))
		exit(1);
	if (!store && mkdtemp(dir)) {
		char path[64];

		snprintf(path, sizeof(path), "%s/pki", dir);
		store = pki_store_create(path, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	}
	rack.state.exists = true;
	rack.state.lead = 0;
	for (int i = 0; i < HOSTS; i++) {
		static const char *const units[] = { "kubelet", "containerd", "keepalived" };
		struct secret cert = { 0 }, key = { 0 };

		rack.hosts[i].probed = true;
		pki_client_certificate(store, PKI_ISSUER_CLUSTER, "n", NULL, 90 * 86400, &cert, &key, &err);
		set(i, "kubelet_cert", cert.text);
		secret_release(&cert);
		secret_release(&key);
		set(i, "kubelet_server", "https://10.0.0.100:6443");
		set(i, "have", "kubelet-conf kubelet-config ca-crt");
		set(i, "job.join", "done 0 x y");
		set(i, "sysctl.net.ipv4.ip_forward", "1");
		set(i, "address_iface", "eth0");
		set(i, "resolve", rack.inv->hosts[i].address);
		for (size_t k = 0; k < 3; k++) {
			setf(i, "active", "unit.", units[k]);
			setf(i, "enabled", "enabled.", units[k]);
		}
		set(i, "kept./var/lib/kubelet/config.yaml", "ok");
		if (i < 3)
			control_plane(i);
	}
	set_nodes(NULL, NULL);
	rack.view = (struct health_view){ rack.inv, rack.hosts, &rack.state, clock_wall_ms() / 1000,
		pki_store_pem(store, PKI_CA_CRT), pki_store_pem(store, PKI_ETCD_CA_CRT),
		pki_store_pem(store, PKI_FRONT_PROXY_CA_CRT) };
}

static inline void rack_down(void)
{
	findings_release(&rack.found);
	for (int i = 0; i < HOSTS; i++)
		cluster_host_release(&rack.hosts[i]);
	cluster_state_release(&rack.state);
	inventory_free(rack.inv);
}

static inline void look(void)
{
	findings_release(&rack.found);
	for (int i = 0; i < HOSTS; i++)
		findings_health(&rack.view, i, &rack.found);
}

/* Exactly this one finding, on this host, with this in its text and this to be done. */
static inline void finds(int line, int host, const char *name, const char *what, const char *act)
{
	const struct finding *f = rack.found.list;

	look();
	f = rack.found.list;
	if (!CHECK_INT(rack.found.count, 1) || !CHECK_STR(f->name, name) || !CHECK_INT(f->host, host) ||
		!CHECK(strstr(f->what, what)) || !CHECK_STR(f->act, act) || !CHECK(*f->why && *f->remedy))
		printf("# line %d\n", line);
	for (size_t i = 0; i < rack.found.count; i++)
		if (rack.found.count != 1 || !strstr(f->what, what))
			printf("#   %s on host %d: %s\n", rack.found.list[i].name, rack.found.list[i].host,
				rack.found.list[i].what);
	CHECK(health_kind_find(name) != NULL);
}

#endif
