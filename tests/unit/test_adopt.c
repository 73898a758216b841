/* What becomes of a cluster that others made: its inventory, what stops, and what is to be known. */
#include "tests/unit/adopt_site.h"

#include "base/file.h"

static const char *const no_sets[] = { NULL };

/* ---- the inventory ------------------------------------------------------------------------------------------------- */

static struct inventory *adopted(const char *const *sets, size_t count, struct str *text)
{
	struct error err = { 0 };
	struct document *d = adopt_document(&site.v, "kubewright.yaml", sets, count, &site.found, &err);
	struct inventory_problems problems = { 0 };
	struct inventory *inv = NULL;

	if (CHECK(d != NULL)) {
		str_add(text, document_text(d));
		inv = inventory_parse("-", text->buf, text->len, NULL, 0, &problems, &err);
	}
	if (!CHECK(inv != NULL)) {
		printf("# %s %s\n%s\n", err.what, err.detail, text->buf);
		exit(1);
	}
	document_free(d);
	return inv;
}

static void check_json(const struct json *j, const char *expected)
{
	struct str text = STR_INIT;

	if (j)
		json_write(j, &text);
	CHECK_STR(text.buf, expected);
	str_release(&text);
}

static void test_by_hand(void)
{
	struct str text = STR_INIT;
	struct inventory *inv;

	site_begin();
	inv = adopted(no_sets, 0, &text);
	CHECK_STR(inv->cluster, "kubernetes");
	CHECK_STR(inv->kubernetes.version, "1.36.2");
	CHECK(!inv->kubernetes.image_repository && !inv->endpoint.vip);
	CHECK_STR(inv->endpoint.host, "10.0.0.100");
	CHECK_INT(inv->endpoint.port, 6443);
	CHECK_STR(inv->network.pods, "10.244.0.0/16");
	CHECK_STR(inv->network.services, "10.96.0.0/16");
	CHECK_STR(inv->network.cni, "none");
	CHECK_STR(inv->runtime.cgroup_driver, "cgroupfs");
	check_json(inv->kubelet_config, "{\"failSwapOn\":false,\"maxPods\":200}");
	check_json(inv->kubeproxy_config, "{\"conntrack\":{\"maxPerCore\":0},\"mode\":\"nftables\"}");
	check_json(inv->kubeadm_extra,
		"{\"ClusterConfiguration\":{\"apiServer\":{\"extraArgs\":[{\"name\":\"audit-log-maxage\",\"value\":\"30\"}]}}}");
	CHECK(!strstr(text.buf, "hunter2"));
	CHECK_INT(inv->host_count, SITE_HOSTS);
	CHECK_STR(inv->hosts[0].ssh.address, "gate.example");
	CHECK_STR(inv->hosts[1].ssh.address, "10.0.0.12");
	CHECK_INT(inv->hosts[2].role, INVENTORY_CONTROL_PLANE);
	CHECK_INT(inv->hosts[4].role, INVENTORY_WORKER);
	/* a setting that the inventory does not know is left out, and that is shown */
	CHECK(site.found.count == 1 && strcmp(site.found.list[0].name, "setting-left-out") == 0 &&
		strstr(site.found.list[0].what, "noSuchSetting"));
	inventory_free(inv);
	str_release(&text);
	site_end();
}

static struct json *map_of(const char *key, const char *name, const char *minor)
{
	struct str text = STR_INIT;
	struct error err = { 0 };
	struct json *map;
	char path[80];

	snprintf(path, sizeof(path), "tests/unit/adopt/%s-%s.yaml", name, minor);
	CHECK_INT(file_read(path, 1u << 20, &text, &err), 0);
	map = site_map(key, text.buf);
	str_release(&text);
	return map;
}

/* What kubeadm itself writes down ("kubeadm config print init-defaults") is nothing that an inventory says. Run from the top of the sources. */
static void test_defaults(void)
{
	/* of 1.20 there is no public one */
	static const char *const repository[] = { "kubernetes.repository.url=https://mirror.example.com/k8s/" };
	static const char *const versions[][2] = { { "1.36", "1.36.2" }, { "1.20", "1.20.2" } };

	for (size_t i = 0; i < 2; i++) {
		struct str text = STR_INIT;
		struct inventory *inv;

		site_begin();
		site.inv->hosts[1].role = site.inv->hosts[2].role = INVENTORY_WORKER;
		strcpy(site.state.version, versions[i][1]);
		json_free(site.state.kubeadm_config);
		json_free(site.state.kubelet_config);
		json_free(site.state.kubeproxy_config);
		site.state.kubeadm_config = map_of("ClusterConfiguration", "config", versions[i][0]);
		site.state.kubelet_config = map_of("kubelet", "kubelet", versions[i][0]);
		site.state.kubeproxy_config = map_of("config.conf", "proxy", versions[i][0]);
		inv = adopted(repository, i, &text);
		if (!CHECK(!inv->kubelet_config && !inv->kubeproxy_config && !inv->kubeadm_extra &&
			    !inv->kubernetes.image_repository && site.found.count == 0))
			printf("# %s\n", text.buf);
		CHECK_STR(inv->runtime.cgroup_driver, i ? "cgroupfs" : "systemd");
		CHECK_STR(inv->network.services, "10.96.0.0/12");
		inventory_free(inv);
		str_release(&text);
		site_end();
	}
}

#define OWN_POLICY "/etc/kubernetes/kubewright/audit-policy-%s.yaml"
#define OWN_KEYS "/etc/kubernetes/kubewright/secrets-0123456789ab-identity.yaml"

/* What kubewright notes of what it has given control planes; and a configuration that has it, with an argument of the operator. */
static void give_own(const char *policy, bool list)
{
	char *note = xasprintf(
		"{\"given\":{\"certSANs\":{},\"own\":{\"args\":{\"audit-policy-file\":{\"value\":\"" OWN_POLICY
		"\"},\"audit-log-maxage\":{\"value\":\"30\"},\"encryption-provider-config\":{\"value\":\"" OWN_KEYS
		"\"}},\"volumes\":{\"kubewright-security\":{\"hostPath\":\"/etc/kubernetes/kubewright\",\"readOnly\":true}}},"
		"\"profile\":{\"apiServer\":{\"profiling\":{\"value\":\"false\"}},\"scheduler\":{\"profiling\":{\"value\":\"false\"}}}},"
		"\"digest\":\"x\"}",
		policy);
	char *args = xasprintf(
		list ? "[{name: audit-policy-file, value: " OWN_POLICY "}, {name: audit-log-maxage, value: '30'}, "
		       "{name: encryption-provider-config, value: " OWN_KEYS "}, {name: profiling, value: 'false'}, "
		       "{name: v, value: '4'}]"
		     : "{audit-policy-file: " OWN_POLICY
		       ", audit-log-maxage: '30', encryption-provider-config: " OWN_KEYS
		       ", profiling: 'false', v: '4'}",
		policy);
	char *config = xasprintf(
		"apiServer:\n  extraArgs: %s\n"
		"  extraVolumes: [{name: kubewright-security, hostPath: /etc/kubernetes/kubewright, readOnly: true}]\n"
		"scheduler:\n  extraArgs: %s\ncontrolPlaneEndpoint: " SITE_ENDPOINT "\n",
		args, list ? "[{name: profiling, value: 'true'}]" : "{profiling: 'true'}");

	site_config(config);
	json_free(site.state.own_config);
	site.state.own_config = site_map("control-plane-settings", note);
	free(config);
	free(args);
	free(note);
}

/* A cluster of kubewright whose inventory is lost: its settings are fields again; what others changed since stays an argument. */
static void test_own(void)
{
	static const char *const expected[] = {
		"{\"ClusterConfiguration\":{\"apiServer\":{\"extraArgs\":[{\"name\":\"v\",\"value\":\"4\"}]},"
		"\"scheduler\":{\"extraArgs\":[{\"name\":\"profiling\",\"value\":\"true\"}]}}}",
		"{\"ClusterConfiguration\":{\"apiServer\":{\"extraArgs\":{\"v\":\"4\"}},"
		"\"scheduler\":{\"extraArgs\":{\"profiling\":\"true\"}}}}",
	};
	static const char *const repository[] = { "kubernetes.repository.url=https://mirror.example.com/k8s/" };

	for (size_t i = 0; i < 4; i++) {
		bool list = i % 2 == 0, built_in = i < 2;
		struct str text = STR_INIT;
		char path[96];
		struct inventory *inv;

		site_begin();
		strcpy(site.state.version, list ? "1.36.2" : "1.20.2");
		snprintf(path, sizeof(path), OWN_POLICY, built_in ? "abcdefabcdef" : "111111111111");
		site.v.audit_default = path;
		give_own("abcdefabcdef", list);
		inv = adopted(repository, list ? 0 : 1, &text);
		CHECK(inv->security.encrypt_secrets);
		CHECK_STR(inv->security.profile ? inv->security.profile : "", "cis");
		/* which the profile asks for besides */
		CHECK(built_in == (strstr(text.buf, "audit: default") != NULL));
		check_json(inv->kubeadm_extra, expected[i % 2]);
		/* after the setting that this site's kubelets have */
		CHECK_INT(site.found.count, built_in ? 1 : 2);
		CHECK(built_in || strstr(site.found.list[1].what, "audit policy of a file"));
		inventory_free(inv);
		str_release(&text);
		site_end();
	}
}

#define OWN_FOR_A_TIME \
	"apiServer:\n  extraArgs: [{name: kubelet-certificate-authority, value: /etc/kubernetes/pki/ca.crt}]\n" \
	"controllerManager:\n  extraArgs: [{name: cluster-signing-cert-file, value: /etc/kubernetes/pki/ca-signing.crt}]\n" \
	"controlPlaneEndpoint: " SITE_ENDPOINT "\n"

/* While its CA is rotated, which is not a profile; and kubelets' certificates that its API servers verify stay those of the cluster. */
static void test_own_for_a_time(void)
{
	static const char note[] =
		"{\"given\":{\"own\":{\"args\":{\"kubelet-certificate-authority\":{\"value\":\"/etc/kubernetes/pki/ca.crt\"}}},"
		"\"profile\":{\"controllerManager\":{\"cluster-signing-cert-file\":{\"value\":\"/etc/kubernetes/pki/ca-signing.crt\"}}}}}";
	static const char *const kubelets[] = { "serverTLSBootstrap: true\n", "maxPods: 110\n",
		"serverTLSBootstrap: true\ntlsCertFile: /etc/mine.crt\n" };

	for (size_t i = 0; i < 4; i++) {
		struct str text = STR_INIT;
		struct inventory *inv;

		site_begin();
		/* at last somebody has given another one since */
		site_config(
			i < 3 ? OWN_FOR_A_TIME
			      : "apiServer:\n  extraArgs: [{name: kubelet-certificate-authority, value: /etc/mine.crt}]\n"
				"controlPlaneEndpoint: " SITE_ENDPOINT "\n");
		json_free(site.state.own_config);
		site.state.own_config = site_map("control-plane-settings", note);
		json_free(site.state.kubelet_config);
		site.state.kubelet_config = site_map("kubelet", kubelets[i % 3]);
		inv = adopted(NULL, 0, &text);
		if (!CHECK_STR(inv->pki.kubelet_serving, i == 0 ? "cluster" : "self") ||
			!CHECK(!strstr(text.buf, "profile:")) || !CHECK((inv->kubeadm_extra != NULL) == (i == 3)))
			printf("# row %zu\n%s", i, text.buf);
		inventory_free(inv);
		str_release(&text);
		site_end();
	}
}

static void test_given(void)
{
	static const char *const sets[] = { "cluster=rack7", "ssh.user=ops", "pki.store=/srv/pki" };
	static const char *const bad[] = { "endpoint.port=x" };
	struct error err = { 0 };
	struct str text = STR_INIT;
	struct inventory *inv;

	site_begin();
	inv = adopted(sets, 3, &text);
	CHECK_STR(inv->cluster, "rack7");
	CHECK_STR(inv->hosts[3].ssh.user, "ops");
	CHECK_STR(inv->pki.store, "/srv/pki");
	CHECK(!adopt_document(&site.v, "k.yaml", bad, 1, &site.found, &err));
	CHECK(strstr(err.what, "endpoint.port") != NULL);
	inventory_free(inv);
	str_release(&text);
	site_end();
}

/* One control plane, which is the endpoint itself; arguments as an older kubeadm writes them down; an own registry. */
static void test_single(void)
{
	struct str text = STR_INIT;
	struct inventory *inv;

	site_begin();
	site.inv->hosts[1].role = site.inv->hosts[2].role = INVENTORY_WORKER;
	site_config(
		"apiServer: {timeoutForControlPlane: 4m0s, extraArgs: {v: \"4\"}, certSANs: [a.example]}\napiVersion: kubeadm.k8s.io/v1beta3\n"
		"clusterName: k\nimageRepository: reg.example/k8s\netcd: {local: {dataDir: /var/lib/etcd, extraArgs: {a: b}}}\n"
		"networking: {dnsDomain: my.example, serviceSubnet: 10.96.0.0/12}\n");
	inv = adopted(no_sets, 0, &text);
	CHECK(!inv->endpoint.vip && !inv->endpoint.host);
	CHECK_STR(inv->kubernetes.image_repository, "reg.example/k8s");
	CHECK_STR(inv->network.dns_domain, "my.example");
	check_json(inv->kubeadm_extra,
		"{\"ClusterConfiguration\":{\"apiServer\":{\"extraArgs\":[{\"name\":\"v\",\"value\":\"4\"}],\"certSANs\":[\"a.example\"]},"
		"\"etcd\":{\"local\":{\"extraArgs\":[{\"name\":\"a\",\"value\":\"b\"}]}}}}");
	CHECK(site_found("endpoint-own-address") != NULL);
	inventory_free(inv);
	str_release(&text);
	site_end();
}

/* A virtual IP that kubewright keeps is one in the inventory, too. */
static void test_endpoints(void)
{
	struct str text = STR_INIT;
	struct inventory *inv;

	site_begin();
	cluster_set(&site.hosts[0], "record.cluster", "kubernetes");
	inv = adopted(no_sets, 0, &text);
	CHECK_STR(inv->endpoint.vip, "10.0.0.100");
	CHECK(site_found("recorded") && !site_found("endpoint-left-alone"));
	inventory_free(inv);
	str_clear(&text);
	cluster_set(&site.hosts[0], "record.cluster", "");
	site_endpoint("lb.example.com:8443");
	inv = adopted(no_sets, 0, &text);
	CHECK_STR(inv->endpoint.host, "lb.example.com");
	CHECK_INT(inv->endpoint.port, 8443);
	inventory_free(inv);
	str_release(&text);
	site_end();
}

/* ---- what is found ------------------------------------------------------------------------------------------------- */

static void check_found(const char *name, enum finding_level level, int host, const char *what)
{
	const struct finding *f = site_found(name);

	if (!CHECK(f != NULL)) {
		printf("# no %s\n", name);
		return;
	}
	if (!CHECK(f->level == level && f->host == host && strstr(f->what, what)))
		printf("# %s: %d on %d: %s\n", name, f->level, f->host, f->what);
}
#define STOPS(name, host, what) check_found(name, FINDING_ERROR, host, what)
#define NOTES(name, host, what) check_found(name, FINDING_WARNING, host, what)

/* Of a cluster without anything odd only what is left alone is shown. */
static void test_sound(void)
{
	site_begin();
	NOTES("endpoint-left-alone", -1, "kept by others");
	NOTES("pod-network-left-alone", -1, "the pod network stays unchanged");
	CHECK_INT(site.found.count, 2);
	site_end();
	/* where kubewright was once, a host knows its files */
	site_begin();
	cluster_set(&site.hosts[1], "cni", "before 10-old.conf\nsince 20-cilium.conflist cilium");
	cluster_set(&site.hosts[2], "cni", "since 05-flannel.conflist flannel\nsince 10-x.conf x");
	NOTES("pod-network-left-alone", -1, "the pod network flannel stays unchanged");
	site_end();
}

static void test_stops(void)
{
	site_begin();
	site_config(
		"etcd: {external: {endpoints: [\"https://10.0.0.9:2379\"]}}\ncontrolPlaneEndpoint: a.example:6443\n");
	STOPS("external-etcd", -1, "external");
	site_config("certificatesDir: /etc/kubernetes/ssl\ncontrolPlaneEndpoint: a.example:6443\n");
	STOPS("pki-elsewhere", -1, "/etc/kubernetes/ssl");
	site_config("networking: {podSubnet: \"10.244.0.0/16,fd00::/48\"}\ncontrolPlaneEndpoint: a.example:6443\n");
	STOPS("address-family", -1, "fd00");
	site_config("{}");
	STOPS("endpoint-missing", -1, "3 control planes");
	site_config("{ :");
	STOPS("version-unsupported", -1, "ClusterConfiguration");
	site_endpoint(SITE_ENDPOINT);
	strcpy(site.state.version, "1.28.3");
	STOPS("version-unsupported", -1, "1.28.3");
	strcpy(site.state.version, "1.36.2");
	cluster_set(&site.hosts[1], "image.kube-apiserver", "v1.35.7");
	STOPS("api-servers-differ", -1, "v1.35.7");
	cluster_set(&site.hosts[1], "image.kube-apiserver", "v1.36.2");
	site_say(2, "manifest.kube-apiserver.yaml",
		"spec: {containers: [{command: [kube-apiserver, --secure-port=443, --audit-log-maxage=30]}]}");
	STOPS("api-port", 2, "443");
	for (int i = 0; i < 3; i++)
		site_say(i, "keys", "ca.crt sa.key");
	STOPS("external-ca", -1, "ca.key");
	CHECK(strstr(site_found("external-ca")->remedy, "--set pki.ca-keys=operator") != NULL);
	site.v.keys_elsewhere = true;
	NOTES("external-ca", -1, "ca.key");
	site.v.keys_elsewhere = false;
	site_nodes("cri-o://1.36.0", NULL);
	STOPS("runtime-other", 4, "cri-o");
	site_end();
}

/* Kubelets ask for what they show, and nothing verifies it yet: pki.kubelet-serving stays self. */
static void test_serving(void)
{
	static const char verifies[] =
		"apiServer:\n  extraArgs: [{name: kubelet-certificate-authority, value: /etc/kubernetes/pki/ca.crt}]\n"
		"controlPlaneEndpoint: " SITE_ENDPOINT "\n";
	struct str text = STR_INIT;
	struct inventory *inv;

	site_begin();
	CHECK(!site_found("kubelets-not-verified"));
	json_free(site.state.kubelet_config);
	site.state.kubelet_config = site_map("kubelet", "serverTLSBootstrap: true\n");
	NOTES("kubelets-not-verified", -1, "no API server verifies them");
	inv = adopted(no_sets, 0, &text);
	CHECK_STR(inv->pki.kubelet_serving, "self");
	inventory_free(inv);
	/* by an argument, from anyone, or by hand on a control plane */
	site_config(verifies);
	CHECK(!site_found("kubelets-not-verified"));
	site_endpoint(SITE_ENDPOINT);
	NOTES("kubelets-not-verified", -1, "serverTLSBootstrap");
	site_say(2, "manifest.kube-apiserver.yaml",
		"spec: {containers: [{command: [kube-apiserver, --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt]}]}");
	CHECK(!site_found("kubelets-not-verified"));
	/* it has a certificate of the operator's */
	site_say(2, "manifest.kube-apiserver.yaml", SITE_API_YAML);
	json_free(site.state.kubelet_config);
	site.state.kubelet_config = site_map("kubelet", "serverTLSBootstrap: true\ntlsCertFile: /etc/mine.crt\n");
	CHECK(!site_found("kubelets-not-verified"));
	str_release(&text);
	site_end();
}

/* Another CA on one control plane; and leaves that are not of the CA beside them, whatever it is called. */
static void test_cas(void)
{
	struct pki_files other = { 0 };
	struct remote_answer a = { 0 };
	struct pki_store *store;

	site_begin();
	store = made_store_new("other");
	made_files(store, "cp2", NULL, 0, &other);
	certs_release(&site.certs[1]);
	made_answer(&other, &a);
	certs_answer(&site.certs[1], &a, false);
	STOPS("ca-differs", -1, "ca.crt of cp2 is not that of cp1");
	CHECK(!site_found("ca-unknown"));
	site_say(1, "pem.ca.crt", made_file(&other, "/etc/kubernetes/pki/ca.crt"));
	STOPS("ca-unknown", 1, "apiserver.crt");
	site_say(1, "pem.ca.crt", "");
	STOPS("ca-unknown", 1, "apiserver.crt");
	remote_answer_release(&a);
	pki_files_release(&other);
	pki_store_free(store);
	site_end();
}

static void test_etcd(void)
{
	site_begin();
	site_say(2, "etcd.status", "");
	NOTES("etcd-member-down", -1, "cp3: does not answer");
	site_say(1, "etcd.alarms", "{\"alarms\": [{\"memberID\": \"2\", \"alarm\": \"NOSPACE\"}]}");
	NOTES("etcd-alarm", -1, "NOSPACE (cp2)");
	/* its machine is gone, and its Node with it */
	site_say(0, "etcd.members",
		"{\"members\": [{\"ID\": \"1\", \"name\": \"cp1\", \"peerURLs\": [\"https://10.0.0.11:2380\"]},"
		" {\"ID\": \"2\", \"name\": \"cp2\", \"peerURLs\": [\"https://10.0.0.12:2380\"]},"
		" {\"ID\": \"9\", \"name\": \"cp9\", \"peerURLs\": [\"https://10.0.0.19:2380\"]}]}");
	NOTES("etcd-members-differ", -1, "cp9 (10.0.0.19)");
	for (int i = 0; i < 3; i++)
		site_say(i, "etcd.members", "nonsense");
	NOTES("etcd-unseen", -1, "no etcd member");
	site_end();
}

/* As Kubespray leaves it: a link in the place of the PKI, a proxy on each host, its own kubelet. */
static void test_kubespray(void)
{
	struct str text = STR_INIT;
	struct inventory *inv;

	site_begin();
	site_config("certificatesDir: /etc/kubernetes/ssl\ncontrolPlaneEndpoint: 10.0.0.11:6443\n"
		    "networking: {podSubnet: 10.233.64.0/18, serviceSubnet: 10.233.0.0/18}\n");
	for (int i = 0; i < 3; i++)
		site_say(i, "pki", "/etc/kubernetes/ssl");
	site_say(3, "manifest.nginx-proxy.yml", "spec: {containers: [{image: \"docker.io/library/nginx:1.28\"}]}");
	cluster_set(&site.hosts[3], "kubelet_server", "https://localhost:6443");
	cluster_set(&site.hosts[3], "pkg.kubelet", "");
	site_say(3, "kubelet_args", "/usr/local/bin/kubelet\n--v=2\n--config=/etc/kubernetes/kubelet-config.yaml");
	inv = adopted(no_sets, 0, &text);
	CHECK_STR(inv->endpoint.host, "10.0.0.11");
	CHECK_STR(inv->network.pods, "10.233.64.0/18");
	inventory_free(inv);
	str_release(&text);
	NOTES("local-balancer", 3, "localhost:6443");
	NOTES("kubelet-elsewhere", 3, "/etc/kubernetes/kubelet-config.yaml");
	NOTES("not-packaged", 3, "package");
	for (size_t i = 0; i < site.found.count; i++)
		if (!CHECK(site.found.list[i].level == FINDING_WARNING))
			printf("# %s: %s\n", site.found.list[i].name, site.found.list[i].what);
	site_end();
}

static void test_notes(void)
{
	static const char sets_text[] =
		"{\"items\": [{\"metadata\": {\"name\": \"vip-set\"}, \"spec\": {\"template\": {\"spec\": "
		"{\"containers\": [{\"image\": \"kube-vip:1\"}]}}}}]}";
	struct json *sets = json_parse(sets_text, strlen(sets_text), NULL);

	site_begin();
	site_say(1, "manifest.kube-apiserver.yaml",
		"spec: {containers: [{command: [kube-apiserver, --secure-port=6443, --audit-log-maxage=7, --profiling=false]}]}");
	NOTES("flags-by-hand", 1, "kube-apiserver --audit-log-maxage, kube-apiserver --profiling");
	CHECK(!strstr(site_found("flags-by-hand")->what, "secure-port"));
	site_say(1, "manifest.etcd.yaml", "spec: {containers: [{command: [etcd, --data-dir=/data/etcd]}]}");
	NOTES("etcd-data-elsewhere", 1, "/data/etcd");
	site_say(1, "manifest.kube-vip.yaml", "a: b: c");
	NOTES("manifest-unreadable", 1, "kube-vip.yaml");
	site_say(1, "manifest.kube-vip.yaml", "spec: {containers: [{image: \"ghcr.io/kube-vip/kube-vip:v1\"}]}");
	NOTES("endpoint-left-alone", -1, "kube-vip (kube-vip.yaml)");
	site_say(1, "manifest.kube-vip.yaml", "{}");
	site.v.sets = sets;
	NOTES("endpoint-left-alone", -1, "kube-vip (vip-set)");
	site_say(0, "renewers", "k8s-certs-renew.timer");
	NOTES("renewed-by-others", 0, "k8s-certs-renew.timer");
	cluster_set(&site.hosts[4], "have", "kubelet-conf apiserver-manifest");
	NOTES("role-differs", 4, "no label");
	site.hosts[3].probed = false;
	NOTES("host-unreachable", 3, "w1 (10.0.0.21)");
	site_nodes("containerd://2.2.0", "cluster.x-k8s.io/machine");
	NOTES("managed-by-others", -1, "cluster.x-k8s.io/machine");
	json_free(sets);
	site_end();
}

/* ---- whether it is one of kubeadm's -------------------------------------------------------------------------------- */

static void test_refusals(void)
{
	static const struct {
		const char *have, *word, *value, *says;
	} table[] = {
		{ "", "foreign", "", "nothing of a Kubernetes cluster" },
		{ "kubelet-conf", "foreign", "rke2", "host of rke2" },
		{ "", "foreign", "k3s", "host of k3s" },
		{ "kubelet-conf kubelet-config ca-crt", "foreign", "", "is a worker" },
		{ "kubelet-conf apiserver-manifest", "foreign", "", "has no CA" },
		{ "kubelet-conf apiserver-manifest ca-crt", "api_error", "connection refused", "connection refused" },
		{ "kubelet-conf apiserver-manifest ca-crt", "api_none", "proxy config", "no ConfigMap kubeadm-config" },
		{ "kubelet-conf apiserver-manifest ca-crt", "api_none", "proxy", NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct remote_answer a = { 0 };
		struct cluster_host h = { 0 };
		struct adopt_host said = { 0 };
		struct error err = { 0 };
		int rc;

		cluster_set(&h, "have", table[i].have);
		remote_answer_set(&a, table[i].word, table[i].value);
		adopt_host_take(&said, &a);
		rc = adopt_refuse(&h, &said, &err);
		if (!CHECK_INT(rc, table[i].says ? -1 : 0) ||
			(rc && !CHECK(strstr(err.what, table[i].says) && *err.hint)))
			printf("# row %zu: %s\n", i, err.what);
		adopt_host_release(&said);
		cluster_host_release(&h);
	}
}

/* Run from the top of the sources. */
static void test_page(void)
{
	struct str page = STR_INIT;
	struct error err = { 0 };
	char row[300];

	CHECK_INT(file_read("docs/adopt.md", 1u << 20, &page, &err), 0);
	for (size_t i = 0; i < adopt_kind_count; i++) {
		const struct finding_kind *k = &adopt_kinds[i];

		snprintf(row, sizeof(row), "\n| `%s` | %s | %s | ", k->name,
			k->level == FINDING_ERROR ? "error" : "warning", k->summary);
		if (!CHECK(strstr(page.buf, row) != NULL))
			printf("# docs/adopt.md lacks:%s\n", row);
	}
	str_release(&page);
}

static const struct test tests[] = {
	{ "a cluster that a script made with kubeadm", test_by_hand },
	{ "kubeadm's own defaults", test_defaults },
	{ "what the operator gives counts", test_given },
	{ "what kubewright has set is fields again", test_own },
	{ "a rotation is no profile, and kubelets stay verified", test_own_for_a_time },
	{ "one control plane, an older configuration", test_single },
	{ "whose endpoint it is", test_endpoints },
	{ "of a sound cluster little is shown", test_sound },
	{ "what stops", test_stops },
	{ "kubelets that nothing verifies", test_serving },
	{ "CAs that differ, and unknown ones", test_cas },
	{ "etcd's members", test_etcd },
	{ "as Kubespray leaves it", test_kubespray },
	{ "what is to be known", test_notes },
	{ "what is no control plane of kubeadm's", test_refusals },
	{ "each stands in docs/adopt.md", test_page },
};
TEST_MAIN(tests)
