/*
 * A cluster of three control planes and two workers that a shell script made with kubeadm, as adopt reads it; tests
 * change a part of it.
 */
#ifndef TESTS_UNIT_ADOPT_SITE_H
#define TESTS_UNIT_ADOPT_SITE_H

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/adopt.h"
#include "inventory/document.h"
#include "inventory/inventory.h"
#include "tests/test.h"
#include "tests/unit/certs_made.h"

#define SITE_HOSTS 5
#define SITE_ENDPOINT "10.0.0.100:6443"
#define SITE_API_YAML \
	"apiVersion: v1\nkind: Pod\n" \
	"metadata: {name: kube-apiserver, creationTimestamp: null}\nspec:\n  containers:\n  - command:\n" \
	"    - kube-apiserver\n    - --advertise-address=10.0.0.11\n    - --secure-port=6443\n" \
	"    - --audit-log-maxage=30\n" \
	"    image: registry.k8s.io/kube-apiserver:v1.36.2\n"

static const char site_inventory[] =
	"cluster: adopt-x\nkubernetes: {version: 1.36}\nendpoint: {host: adopt.invalid}\n"
	"network: {cni: none}\nssh: {user: ops}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane, ssh: {address: gate.example}}\n"
	"  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
	"  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker}\n"
	"  - {name: w2, address: 10.0.0.22, role: worker}\n";

/* As kubeadm 1.36 writes it down. */
#define SITE_CONFIG_HEAD \
	"apiServer:\n  extraArgs:\n  - {name: audit-log-maxage, value: \"30\"}\n" \
	"  extraEnvs:\n  - {name: SECRET, value: hunter2hunter2}\n" \
	"apiVersion: kubeadm.k8s.io/v1beta4\ncaCertificateValidityPeriod: 87600h0m0s\n" \
	"certificateValidityPeriod: 8760h0m0s\nclusterName: kubernetes\ncontrolPlaneEndpoint: %s\n" \
	"controllerManager: {}\ndns: {}\nencryptionAlgorithm: RSA-2048\nimageRepository: registry.k8s.io\n" \
	"kind: ClusterConfiguration\nkubernetesVersion: v1.36.2\nnetworking:\n" \
	"  {dnsDomain: cluster.local, podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16}\n" \
	"proxy: {}\nscheduler: {}\n"
#define SITE_CONFIG SITE_CONFIG_HEAD "certificatesDir: /etc/kubernetes/pki\netcd:\n  local: {dataDir: /var/lib/etcd}\n"
static const char site_kubelet[] =
	"apiVersion: kubelet.config.k8s.io/v1beta1\nauthentication:\n"
	"  anonymous: {enabled: false}\n  webhook: {cacheTTL: 0s, enabled: true}\n"
	"  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}\n"
	"authorization: {mode: Webhook, webhook: {cacheAuthorizedTTL: 0s}}\n"
	"cgroupDriver: cgroupfs\nclusterDNS: [10.96.0.10]\nclusterDomain: cluster.local\n"
	"failSwapOn: false\nmaxPods: 200\nnoSuchSetting: 1\n"
	"healthzBindAddress: 127.0.0.1\nhealthzPort: 10248\nkind: KubeletConfiguration\n"
	"memorySwap: {}\nrotateCertificates: true\n"
	"logging: {flushFrequency: 0, verbosity: 0}\nstaticPodPath: /etc/kubernetes/manifests\nsyncFrequency: 0s\n";
static const char site_proxy[] =
	"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nbindAddress: 0.0.0.0\n"
	"bindAddressHardFail: false\nclientConnection:\n"
	"  acceptContentTypes: \"\"\n  burst: 0\n"
	"  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf\nclusterCIDR: 10.244.0.0/16\n"
	"conntrack: {maxPerCore: 0, min: null, udpTimeout: 0s}\nkind: KubeProxyConfiguration\n"
	"mode: nftables\nnodePortAddresses: null\n";

static struct site {
	struct inventory *inv;
	struct cluster_host hosts[SITE_HOSTS];
	struct adopt_host said[SITE_HOSTS];
	struct certs_host certs[SITE_HOSTS];
	struct cluster_state state;
	struct pki_files files;
	struct findings found;
	struct adopt_view v;
} site;

static inline struct json *site_map(const char *key, const char *text)
{
	struct json *map = json_object();

	json_set_str(json_set(map, "data", json_object()), key, text);
	return map;
}

static inline void site_config(const char *text)
{
	json_free(site.state.kubeadm_config);
	site.state.kubeadm_config = site_map("ClusterConfiguration", text);
}

static inline void site_endpoint(const char *endpoint)
{
	char *text = xasprintf(SITE_CONFIG, endpoint);

	site_config(text);
	free(text);
}

/* Says something else of a host than it has said. */
static inline void site_say(int host, const char *word, const char *value)
{
	struct remote_answer a = site.said[host].said;

	memset(&site.said[host].said, 0, sizeof(site.said[host].said));
	remote_answer_set(&a, word, value);
	adopt_host_take(&site.said[host], &a);
}

/* runtime: of w2; mark: an annotation of w1, NULL: none. */
static inline void site_nodes(const char *runtime, const char *mark)
{
	struct json *list = json_object(), *items = json_set(list, "items", json_array());
	struct error err = { 0 };

	for (int i = 0; i < SITE_HOSTS; i++) {
		const struct inventory_host *h = &site.inv->hosts[i];
		struct json *node = json_add(items, json_object()), *meta = json_set(node, "metadata", json_object());
		struct json *status = json_set(node, "status", json_object()), *address;

		json_set_str(meta, "name", h->name);
		if (i < 3)
			json_set_str(
				json_set(meta, "labels", json_object()), "node-role.kubernetes.io/control-plane", "");
		address = json_add(json_set(status, "addresses", json_array()), json_object());
		json_set_str(address, "type", "InternalIP");
		json_set_str(address, "address", h->address);
		json_set_str(
			json_set(status, "nodeInfo", json_object()), "containerRuntimeVersion",
			i == 4 ? runtime : "containerd://2.2.0");
		if (i == 3 && mark)
			json_set_str(json_set(meta, "annotations", json_object()), mark, "x");
	}
	CHECK_INT(cluster_state_nodes(&site.state, list, &err), 0);
}

static inline void site_etcd(void)
{
	site_say(0, "etcd.members",
		"{\"members\": [{\"ID\": \"1\", \"name\": \"cp1\", \"peerURLs\": [\"https://10.0.0.11:2380\"]},"
		" {\"ID\": \"2\", \"name\": \"cp2\", \"peerURLs\": [\"https://10.0.0.12:2380\"]},"
		" {\"ID\": \"3\", \"name\": \"cp3\", \"peerURLs\": [\"https://10.0.0.13:2380\"]}]}");
	for (int i = 0; i < 3; i++) {
		char text[160];

		snprintf(text, sizeof(text),
			"{\"header\": {\"member_id\": \"%d\"}, \"version\": \"3.6.4\", \"leader\": \"1\"}", i + 1);
		site_say(i, "etcd.status", text);
	}
}

static inline void site_host(int i)
{
	static const char *const pem[] = { "ca.crt", "apiserver.crt", "etcd/ca.crt", "etcd/server.crt",
		"front-proxy-ca.crt", "front-proxy-client.crt" };
	struct remote_answer certs = { 0 };
	bool plane = i < 3;

	site.hosts[i].probed = true;
	cluster_set(&site.hosts[i], "have",
		plane ? "kubelet-conf admin-conf etcd-manifest apiserver-manifest kubelet-config ca-crt"
		      : "kubelet-conf kubelet-config ca-crt");
	cluster_set(&site.hosts[i], "pkg.kubelet", "1.36.2-1.1");
	cluster_set(&site.hosts[i], "kubelet_server", "https://" SITE_ENDPOINT);
	site_say(i, "kubelet_args", "/usr/bin/kubelet\n--config=/var/lib/kubelet/config.yaml");
	if (!plane)
		return;
	cluster_set(&site.hosts[i], "image.kube-apiserver", "v1.36.2");
	site_say(i, "pki", "/etc/kubernetes/pki");
	site_say(
		i, "keys", "ca.crt ca.key etcd/ca.crt etcd/ca.key front-proxy-ca.crt front-proxy-ca.key sa.key sa.pub");
	site_say(i, "manifest.kube-apiserver.yaml", SITE_API_YAML);
	for (size_t k = 0; k < sizeof(pem) / sizeof(pem[0]); k++) {
		char word[64], path[96];

		snprintf(word, sizeof(word), "pem.%s", pem[k]);
		snprintf(path, sizeof(path), "/etc/kubernetes/pki/%s", pem[k]);
		site_say(i, word, made_file(&site.files, path));
	}
	made_answer(&site.files, &certs);
	certs_answer(&site.certs[i], &certs, false);
	remote_answer_release(&certs);
}

static inline void site_begin(void)
{
	struct error err = { 0 };

	memset(&site, 0, sizeof(site));
	made_begin();
	made_files(made_store, "cp1", NULL, 0, &site.files);
	site.inv = inventory_parse("-", site_inventory, strlen(site_inventory), NULL, 0, NULL, &err);
	if (!CHECK(site.inv != NULL))
		exit(1);
	strcpy(site.state.version, "1.36.2");
	site_endpoint(SITE_ENDPOINT);
	site.state.kubelet_config = site_map("kubelet", site_kubelet);
	site.state.kubeproxy_config = site_map("config.conf", site_proxy);
	for (int i = 0; i < SITE_HOSTS; i++)
		site_host(i);
	site_nodes("containerd://2.2.0", NULL);
	site_etcd();
	site.v = (struct adopt_view){ .inv = site.inv,
		.hosts = site.hosts,
		.said = site.said,
		.certs = site.certs,
		.state = &site.state };
}

static inline void site_end(void)
{
	for (int i = 0; i < SITE_HOSTS; i++) {
		cluster_host_release(&site.hosts[i]);
		adopt_host_release(&site.said[i]);
		certs_release(&site.certs[i]);
	}
	cluster_state_release(&site.state);
	pki_files_release(&site.files);
	findings_release(&site.found);
	inventory_free(site.inv);
	/* the folder's name is a pattern again */
	made_end();
	memcpy(made_dir + strlen(made_dir) - 6, "XXXXXX", 6);
}

/* What is found, by name; NULL: it is not. */
static inline const struct finding *site_found(const char *name)
{
	findings_release(&site.found);
	findings_adopt(&site.v, &site.found);
	for (size_t i = 0; i < site.found.count; i++)
		if (strcmp(site.found.list[i].name, name) == 0)
			return &site.found.list[i];
	return NULL;
}

#endif
