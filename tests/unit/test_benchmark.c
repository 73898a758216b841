/* The items of the benchmark: on a control plane of kubeadm's, each of them passing and not, and hosts that lie. */
#include "tests/test.h"

#include "tests/unit/benchmark_site.h"

#define PASSED BENCHMARK_PASSED
#define FAILED BENCHMARK_FAILED
#define HAND BENCHMARK_BY_HAND
#define UNKNOWN BENCHMARK_UNKNOWN
#define NONE BENCHMARK_NOT_APPLICABLE

#define API "manifest.kube-apiserver.yaml"
#define MANAGER "manifest.kube-controller-manager.yaml"
#define SCHEDULER "manifest.kube-scheduler.yaml"
#define ETCD "manifest.etcd.yaml"
#define API_HEAD "    - kube-apiserver\n"
#define MANAGER_HEAD "    - kube-controller-manager\n"
#define SCHEDULER_HEAD "    - kube-scheduler\n"
#define ETCD_HEAD "    - etcd\n"
#define ARG(head, flag) head "    - --" flag "\n"
#define CONFIG "kubelet_config"
#define ARGS "kubelet_args"
#define LAST_ARG "--node-ip=10.0.0.11\n"

/* What is not so on a control plane of kubeadm's; everything else passes. */
static const struct {
	const char *id;
	enum benchmark_state state;
} defaults[] = {
	{ "1.1.9", HAND },
	{ "1.1.12", HAND },
	{ "1.2.1", HAND },
	{ "1.2.3", HAND },
	{ "1.2.5", HAND },
	{ "1.2.9", HAND },
	{ "1.2.11", HAND },
	{ "1.2.15", FAILED },
	{ "1.2.16", FAILED },
	{ "1.2.17", FAILED },
	{ "1.2.18", FAILED },
	{ "1.2.19", FAILED },
	{ "1.2.27", FAILED },
	{ "1.2.28", FAILED },
	{ "1.2.29", FAILED },
	{ "1.2.30", FAILED },
	{ "1.3.1", FAILED },
	{ "1.3.2", FAILED },
	{ "1.4.1", FAILED },
	{ "4.1.1", HAND },
	{ "4.1.3", NONE },
	{ "4.1.4", NONE },
	{ "4.1.9", FAILED },
	{ "4.2.8", FAILED },
	{ "4.2.9", HAND },
	{ "4.2.11", HAND },
	{ "4.2.12", FAILED },
	{ "4.2.13", FAILED },
	{ "4.2.14", FAILED },
};

static enum benchmark_state expected(const char *id)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (strcmp(defaults[i].id, id) == 0)
			return defaults[i].state;
	return PASSED;
}

static void test_kubeadm(void)
{
	struct benchmark_host h = { 0 };
	struct benchmark_seen seen;

	benchmark_site(&h, NULL, NULL, NULL);
	for (size_t i = 0; i < benchmark_item_count; i++) {
		const struct benchmark_item *item = &benchmark_items[i];

		benchmark_judge(item, &h, &seen);
		if (!CHECK_STR(benchmark_state_name(seen.state), benchmark_state_name(expected(item->id))))
			printf("# %s: %s\n", item->id, seen.what);
		CHECK(*seen.what && *item->wants && *item->remedy);
		if (strcmp(item->id, "1.2.27") == 0 || strcmp(item->id, "1.2.28") == 0)
			CHECK(str_starts(item->remedy, "security.encrypt-secrets: true"));
	}
	benchmark_host_release(&h);
	CHECK_INT(benchmark_item_count, 92);
}

/* The other state of each item that the one above does not show, and what else is judged. */
static const struct {
	const char *id, *word, *from, *to;
	enum benchmark_state state;
} cases[] = {
	{ "1.1.1", "files.kube-apiserver.yaml", "600", "640", FAILED },
	{ "1.1.1", "files.kube-apiserver.yaml", "600", "400", PASSED },
	{ "1.1.1", "files.kube-apiserver.yaml", NULL, "", UNKNOWN },
	{ "1.1.2", "files.kube-apiserver.yaml", "root:root", "root:adm", FAILED },
	{ "1.1.3", "files.kube-controller-manager.yaml", "600", "644", FAILED },
	{ "1.1.4", "files.kube-controller-manager.yaml", "root:root", "kube:root", FAILED },
	{ "1.1.5", "files.kube-scheduler.yaml", "600", "604", FAILED },
	{ "1.1.6", "files.kube-scheduler.yaml", "root:root", "root:kube", FAILED },
	{ "1.1.7", "files.etcd.yaml", "600", "700", FAILED },
	{ "1.1.8", "files.etcd.yaml", "root:root", "etcd:etcd", FAILED },
	{ "1.1.9", "files.cni", "644", "600", PASSED },
	{ "1.1.9", "files.cni", NULL, "", NONE },
	{ "1.1.9", "files.cni", NULL, NULL, UNKNOWN },
	{ "1.1.10", "files.cni", "root:root", "1001:1001", HAND },
	{ "1.1.11", "files.etcd-data", "700", "755", FAILED },
	{ "1.1.11", "files.etcd-data", NULL, NULL, UNKNOWN },
	{ "1.1.12", "files.etcd-data", "root:root", "etcd:etcd", PASSED },
	{ "1.1.13", "files.admin", "600 root:root " K "/super", "644 root:root " K "/super", FAILED },
	{ "1.1.13", "files.admin", NULL, "", NONE },
	{ "1.1.14", "files.admin", "root:root " K "/super", "ops:ops " K "/super", FAILED },
	{ "1.1.15", "files.scheduler", "600", "660", FAILED },
	{ "1.1.16", "files.scheduler", "root:root", "root:users", FAILED },
	{ "1.1.17", "files.controller-manager", "600", "601", FAILED },
	{ "1.1.18", "files.controller-manager", "root:root", "x:root", FAILED },
	{ "1.1.19", "files.pki", "755 root:root", "755 root:etcd", FAILED },
	{ "1.1.20", "files.certificates", "644", "664", FAILED },
	{ "1.1.21", "files.keys", "600", "640", FAILED },
	{ "1.2.1", API, API_HEAD, ARG(API_HEAD, "anonymous-auth=false"), PASSED },
	{ "1.2.1", API, API_HEAD, ARG(API_HEAD, "authentication-config=/x"), UNKNOWN },
	{ "1.2.2", API, API_HEAD, ARG(API_HEAD, "token-auth-file=/x"), FAILED },
	{ "1.2.3", API, "=NodeRestriction", "=NodeRestriction,DenyServiceExternalIPs", PASSED },
	{ "1.2.4", API, "kubelet-client-key=", "kubelet-other-key=", FAILED },
	{ "1.2.5", API, API_HEAD, ARG(API_HEAD, "kubelet-certificate-authority=/x"), PASSED },
	{ "1.2.6", API, "=Node,RBAC", "=Node,AlwaysAllow", FAILED },
	{ "1.2.6", API, "    - --authorization-mode=Node,RBAC\n", "", FAILED },
	{ "1.2.6", API, "authorization-mode=Node,RBAC", "authorization-config=/x", UNKNOWN },
	{ "1.2.7", API, "=Node,RBAC", "=RBAC", FAILED },
	{ "1.2.8", API, "=Node,RBAC", "=Node", FAILED },
	{ "1.2.9", API, "=NodeRestriction", "=EventRateLimit", PASSED },
	{ "1.2.10", API, "=NodeRestriction", "=NodeRestriction,AlwaysAdmit", FAILED },
	{ "1.2.11", API, "=NodeRestriction", "=NodeRestriction, AlwaysPullImages", PASSED },
	{ "1.2.12", API, API_HEAD, ARG(API_HEAD, "disable-admission-plugins=ServiceAccount"), FAILED },
	{ "1.2.13", API, API_HEAD, ARG(API_HEAD, "disable-admission-plugins=x,NamespaceLifecycle"), FAILED },
	{ "1.2.14", API, "=NodeRestriction", "=NodeRestrictions", FAILED },
	{ "1.2.15", API, API_HEAD, ARG(API_HEAD, "profiling=false"), PASSED },
	{ "1.2.15", API, API_HEAD, ARG(API_HEAD, "profiling=0"), PASSED },
	{ "1.2.15", API, API_HEAD, ARG(API_HEAD, "profiling=true"), FAILED },
	{ "1.2.15", API, API_HEAD, ARG(API_HEAD, "profiling"), FAILED },
	/* the last one counts */
	{ "1.2.15", API, API_HEAD, ARG(API_HEAD, "profiling=false\n    - --profiling=true"), FAILED },
	{ "1.2.16", API, API_HEAD, ARG(API_HEAD, "audit-log-path=/x"), PASSED },
	{ "1.2.17", API, API_HEAD, ARG(API_HEAD, "audit-log-maxage=30"), PASSED },
	{ "1.2.17", API, API_HEAD, ARG(API_HEAD, "audit-log-maxage=29"), FAILED },
	{ "1.2.18", API, API_HEAD, ARG(API_HEAD, "audit-log-maxbackup=10"), PASSED },
	{ "1.2.19", API, API_HEAD, ARG(API_HEAD, "audit-log-maxsize=100"), PASSED },
	{ "1.2.19", API, API_HEAD, ARG(API_HEAD, "audit-log-maxsize=ten"), UNKNOWN },
	{ "1.2.20", API, API_HEAD, ARG(API_HEAD, "request-timeout=5m0s"), PASSED },
	{ "1.2.20", API, API_HEAD, ARG(API_HEAD, "request-timeout=5m1s"), FAILED },
	{ "1.2.21", API, API_HEAD, ARG(API_HEAD, "service-account-lookup=false"), FAILED },
	{ "1.2.22", API, "service-account-key-file", "service-account-no-file", FAILED },
	{ "1.2.23", API, "etcd-certfile=" K "/pki/apiserver-etcd-client.crt", "etcd-certfile=", FAILED },
	{ "1.2.24", API, "tls-cert-file", "tls-no-file", FAILED },
	{ "1.2.25", API, "client-ca-file", "client-no-file", FAILED },
	{ "1.2.26", API, "etcd-cafile", "etcd-nofile", FAILED },
	{ "1.2.27", API, API_HEAD, ARG(API_HEAD, "encryption-provider-config=/x"), PASSED },
	{ "1.2.28", API, API_HEAD, ARG(API_HEAD, "encryption-provider-config=/x"), UNKNOWN },
	{ "1.2.29", API, API_HEAD, ARG(API_HEAD, "tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), PASSED },
	{ "1.2.29", API, API_HEAD,
		ARG(API_HEAD, "tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA"),
		FAILED },
	{ "1.2.30", API, API_HEAD, ARG(API_HEAD, "service-account-extend-token-expiration=false"), PASSED },
	{ "1.3.1", MANAGER, MANAGER_HEAD, ARG(MANAGER_HEAD, "terminated-pod-gc-threshold=10"), PASSED },
	{ "1.3.1", MANAGER, MANAGER_HEAD, ARG(MANAGER_HEAD, "terminated-pod-gc-threshold=0"), FAILED },
	{ "1.3.2", MANAGER, MANAGER_HEAD, ARG(MANAGER_HEAD, "profiling=false"), PASSED },
	{ "1.3.3", MANAGER, "credentials=true", "credentials=false", FAILED },
	{ "1.3.4", MANAGER, "service-account-private-key-file", "x", FAILED },
	{ "1.3.5", MANAGER, "root-ca-file", "x", FAILED },
	{ "1.3.6", MANAGER, MANAGER_HEAD, ARG(MANAGER_HEAD, "feature-gates=X=true,RotateKubeletServerCertificate=0"),
		FAILED },
	{ "1.3.6", MANAGER, MANAGER_HEAD, ARG(MANAGER_HEAD, "feature-gates=RotateKubeletServerCertificate=true"),
		PASSED },
	{ "1.3.7", MANAGER, "    - --bind-address=127.0.0.1\n", "", FAILED },
	{ "1.4.1", SCHEDULER, SCHEDULER_HEAD, ARG(SCHEDULER_HEAD, "profiling=false"), PASSED },
	{ "1.4.1", SCHEDULER, SCHEDULER_HEAD, ARG(SCHEDULER_HEAD, "profiling=false\n    - --config=/x"), UNKNOWN },
	{ "1.4.2", SCHEDULER, "127.0.0.1", "0.0.0.0", FAILED },
	{ "2.1", ETCD, "    - --key-file=" K "/pki/etcd/server.key\n", "", FAILED },
	{ "2.2", ETCD, "--client-cert-auth=true", "--client-cert-auth=false", FAILED },
	{ "2.2", ETCD, ETCD_HEAD, ARG(ETCD_HEAD, "config-file=/x"), UNKNOWN },
	{ "2.3", ETCD, ETCD_HEAD, ARG(ETCD_HEAD, "auto-tls"), FAILED },
	{ "2.3", ETCD, "    image:", "    env:\n    - {name: ETCD_AUTO_TLS, value: \"true\"}\n    image:", FAILED },
	{ "2.4", ETCD, "peer-cert-file", "x", FAILED },
	{ "2.5", ETCD, "--peer-client-cert-auth=true", "--peer-client-cert-auth=false", FAILED },
	{ "2.6", ETCD, ETCD_HEAD, ARG(ETCD_HEAD, "peer-auto-tls=true"), FAILED },
	{ "2.7", "etcd_ca", NULL, "same", FAILED },
	{ "2.7", "etcd_ca", NULL, NULL, UNKNOWN },
	{ "2.7", ETCD, "--trusted-ca-file=" K "/pki/etcd/ca.crt", "--trusted-ca-file=" K "/pki/ca.crt", FAILED },
	{ "2.7", ETCD, "--trusted-ca-file=" K "/pki/etcd/ca.crt", "--trusted-ca-file=/x", UNKNOWN },
	{ "4.1.1", "files.kubelet-unit", NULL, "600 root:root /etc/systemd/system/kubelet.service\n", PASSED },
	{ "4.1.2", "files.kubelet-unit", "root:root", "root:ops", FAILED },
	{ "4.1.3", "files.proxy-kubeconfig", NULL, "644 root:root " K "/kube-proxy.conf\n", FAILED },
	{ "4.1.3", "files.proxy-kubeconfig", NULL, "600 root:root " K "/kube-proxy.conf\n", PASSED },
	{ "4.1.4", "files.proxy-kubeconfig", NULL, "600 kube:kube " K "/kube-proxy.conf\n", FAILED },
	{ "4.1.4", "files.proxy-kubeconfig", NULL, "600 root:root " K "/kube-proxy.conf\n", PASSED },
	{ "4.1.5", "files.kubelet-kubeconfig", "600", "644", FAILED },
	{ "4.1.6", "files.kubelet-kubeconfig", "root:root", "root:x", FAILED },
	{ "4.1.7", "files.client-ca", "644", "666", FAILED },
	{ "4.1.8", "files.client-ca", "root:root", "x:x", FAILED },
	{ "4.1.9", "files.kubelet-config", "644", "600", PASSED },
	{ "4.1.10", "files.kubelet-config", "root:root", "x:root", FAILED },
	{ "4.2.1", CONFIG, "enabled: false", "enabled: true", FAILED },
	{ "4.2.1", ARGS, LAST_ARG, "--anonymous-auth=true\n", FAILED },
	{ "4.2.2", CONFIG, "mode: Webhook", "mode: AlwaysAllow", FAILED },
	{ "4.2.2", ARGS, LAST_ARG, "--authorization-mode=AlwaysAllow", FAILED },
	{ "4.2.3", CONFIG, "clientCAFile: " K "/pki/ca.crt", "clientCAFile: \"\"", FAILED },
	{ "4.2.4", CONFIG, "healthzPort: 10248\n", "healthzPort: 10248\nreadOnlyPort: 10255\n", FAILED },
	{ "4.2.5", ARGS, LAST_ARG, "--streaming-connection-idle-timeout=0\n", FAILED },
	{ "4.2.5", CONFIG, "streamingConnectionIdleTimeout: 0s", "streamingConnectionIdleTimeout: 5m0s", PASSED },
	{ "4.2.6", CONFIG, "memorySwap: {}", "makeIPTablesUtilChains: false", FAILED },
	{ "4.2.7", ARGS, LAST_ARG, "--hostname-override=cp1\n", HAND },
	{ "4.2.8", CONFIG, "memorySwap: {}", "eventRecordQPS: 50", PASSED },
	{ "4.2.8", CONFIG, "memorySwap: {}", "eventRecordQPS: 0", PASSED },
	{ "4.2.9", CONFIG, "memorySwap: {}", "serverTLSBootstrap: true", PASSED },
	{ "4.2.9", CONFIG, "memorySwap: {}", "tlsCertFile: /x\ntlsPrivateKeyFile: /y", PASSED },
	{ "4.2.9", CONFIG, "memorySwap: {}", "tlsCertFile: /x", HAND },
	{ "4.2.10", CONFIG, "rotateCertificates: true", "rotateCertificates: false", FAILED },
	{ "4.2.11", CONFIG, "memorySwap: {}", "serverTLSBootstrap: true", PASSED },
	{ "4.2.11", CONFIG, "memorySwap: {}",
		"serverTLSBootstrap: true\nfeatureGates: {RotateKubeletServerCertificate: false}", HAND },
	{ "4.2.12", CONFIG, "memorySwap: {}",
		"tlsCipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305]",
		PASSED },
	{ "4.2.12", CONFIG, "memorySwap: {}", "tlsCipherSuites: [TLS_RSA_WITH_RC4_128_SHA]", FAILED },
	{ "4.2.12", CONFIG, "memorySwap: {}", "tlsCipherSuites: [{}]", FAILED },
	{ "4.2.13", CONFIG, "memorySwap: {}", "podPidsLimit: 4096", PASSED },
	{ "4.2.13", CONFIG, "memorySwap: {}", "podPidsLimit: -1", FAILED },
	{ "4.2.14", CONFIG, "memorySwap: {}", "seccompDefault: true", PASSED },
	{ "4.2.14", ARGS, LAST_ARG, "--seccomp-default\n", PASSED },
	{ "4.3.1", "proxy_listens", NULL, "*:10249 ", FAILED },
	{ "4.3.1", "proxy_listens", NULL, "127.0.0.1:10249 10.0.0.11:10249 ", FAILED },
	{ "4.3.1", "proxy_listens", NULL, "[::1]:10249 ", PASSED },
	{ "4.3.1", "proxy_listens", NULL, "absent", NONE },
	{ "4.3.1", "proxy_listens", NULL, "none", UNKNOWN },
	{ "4.3.1", "proxy_listens", NULL, NULL, UNKNOWN },
};

static void test_both_ways(void)
{
	struct benchmark_host h = { 0 };
	struct benchmark_seen seen;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		benchmark_site(&h, cases[i].word, cases[i].from, cases[i].to);
		benchmark_judge(benchmark_item(cases[i].id), &h, &seen);
		if (!CHECK_STR(benchmark_state_name(seen.state), benchmark_state_name(cases[i].state)))
			printf("# row %zu, %s: %s\n", i, cases[i].id, seen.what);
	}
	benchmark_host_release(&h);
	/* none of them is only seen one way */
	for (size_t i = 0; i < benchmark_item_count; i++) {
		const char *id = benchmark_items[i].id;
		enum benchmark_state wrong = benchmark_items[i].why ? HAND : FAILED;
		bool is[BENCHMARK_STATES] = { false };

		is[expected(id)] = true;
		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
			is[cases[k].state] |= strcmp(cases[k].id, id) == 0;
		if (strcmp(id, "1.2.28") != 0 && !CHECK(is[PASSED] && is[wrong]))
			printf("# %s\n", id);
	}
}

static void says(const char *id, struct benchmark_host *h, enum benchmark_state state, const char *what)
{
	struct benchmark_seen seen;

	benchmark_judge(benchmark_item(id), h, &seen);
	CHECK_STR(benchmark_state_name(seen.state), benchmark_state_name(state));
	CHECK_STR(seen.what, what);
}

static void test_words(void)
{
	struct benchmark_host h = { 0 };
	struct remote_answer said = { 0 };

	benchmark_site(&h, NULL, NULL, NULL);
	says("1.2.15", &h, FAILED, "--profiling is not set, and true is built in");
	says("1.2.16", &h, FAILED, "--audit-log-path is not set");
	says("4.1.9", &h, FAILED, "/var/lib/kubelet/config.yaml is 644");
	says("4.2.13", &h, FAILED, "podPidsLimit is not set, and -1 is built in");
	says("1.1.12", &h, HAND, "/var/lib/etcd is root:root");
	benchmark_site(&h, ARGS, LAST_ARG, "--pod-max-pids=0\n");
	says("4.2.13", &h, FAILED, "--pod-max-pids is 0");
	/* Secrets: by the first provider of each rule */
	benchmark_site(&h, API, API_HEAD, ARG(API_HEAD, "encryption-provider-config=/x"));
	said = h.said.said;
	memset(&h.said.said, 0, sizeof(h.said.said));
	remote_answer_set(&said, "providers", "secretbox aescbc ");
	benchmark_host_take(&h, &said);
	says("1.2.28", &h, PASSED, "written by secretbox aescbc ");
	said = h.said.said;
	memset(&h.said.said, 0, sizeof(h.said.said));
	remote_answer_set(&said, "providers", "secretbox identity ");
	benchmark_host_take(&h, &said);
	says("1.2.28", &h, FAILED, "written by secretbox identity ");
	benchmark_host_release(&h);
	says("1.2.28", &h, UNKNOWN, "the host was not looked at");
}

/* A host that says nothing: each item is unknown, and none passes. */
static void all_unknown(struct benchmark_host *h)
{
	struct benchmark_seen seen;

	for (size_t i = 0; i < benchmark_item_count; i++) {
		benchmark_judge(&benchmark_items[i], h, &seen);
		if (!CHECK_INT(seen.state, UNKNOWN))
			printf("# %s: %s\n", benchmark_items[i].id, seen.what);
	}
}

static void test_nothing_said(void)
{
	struct remote_answer said = { 0 };
	struct benchmark_host h = { 0 };

	all_unknown(&h);
	benchmark_host_take(&h, &said);
	all_unknown(&h);
	benchmark_host_release(&h);
}

static void test_lies(void)
{
	static const struct {
		const char *id, *word, *from, *to;
	} lies[] = {
		{ "1.1.1", "files.kube-apiserver.yaml", NULL, "what is this\n" },
		{ "1.1.1", "files.kube-apiserver.yaml", NULL, "600\n" },
		{ "1.1.1", "files.kube-apiserver.yaml", NULL, "-1 root:root /x\n" },
		{ "1.1.1", "files.kube-apiserver.yaml", NULL, "99999999999999999999999999 root:root /x\n" },
		{ "1.1.1", "files.kube-apiserver.yaml", NULL, "600 root:root \n" },
		{ "1.2.2", API, NULL, "" },
		{ "1.2.2", API, NULL, "[" },
		{ "1.2.2", API, NULL, "spec: {containers: 1}" },
		{ "1.2.2", API, NULL, "spec: {containers: [{command: [1]}]}" },
		{ "1.2.2", API, NULL, "spec: {containers: [{command: [sh, -c, kube-apiserver]}]}" },
		{ "4.2.4", CONFIG, NULL, "[]" },
		{ "4.2.4", CONFIG, NULL, "{" },
		{ "4.2.4", ARGS, NULL, "" },
		{ "4.2.4", ARGS, "--config=/var/lib/kubelet/config.yaml", "--config=/elsewhere" },
		{ "4.2.4", ARGS, "--config=/var/lib/kubelet/config.yaml\n", "" },
		{ "4.2.4", ARGS, LAST_ARG, "--config-dir=/etc/x\n" },
		{ "4.2.13", CONFIG, "memorySwap: {}", "podPidsLimit: a lot" },
		{ "4.2.13", CONFIG, "memorySwap: {}", "podPidsLimit: 0x1m1" },
		{ "4.2.13", CONFIG, "memorySwap: {}", "podPidsLimit: nan" },
	};
	struct benchmark_host h = { 0 };
	struct benchmark_seen seen;
	struct str many = STR_INIT, large = STR_INIT;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		benchmark_site(&h, lies[i].word, lies[i].from, lies[i].to);
		benchmark_judge(benchmark_item(lies[i].id), &h, &seen);
		if (!CHECK_INT(seen.state, UNKNOWN))
			printf("# row %zu, %s: %s\n", i, lies[i].id, seen.what);
	}
	/* more files than are looked at: what is seen of them counts, and not that it is all well */
	for (int i = 0; i < 201; i++)
		str_addf(&many, "600 root:root /etc/kubernetes/pki/%d.key\n", i);
	benchmark_site(&h, "files.keys", NULL, many.buf);
	says("1.1.21", &h, UNKNOWN, "there are more files than are looked at");
	str_add(&many, "644 root:root /x\n644 root:root /y\n644 root:root /z\n");
	benchmark_site(&h, "files.keys", NULL, many.buf);
	says("1.1.21", &h, FAILED, "/x is 644, /y is 644 and 1 more");
	/* no control characters, and no more than fits */
	str_add(&large, "spec: {containers: [{command: [kube-apiserver, \"--profiling=\\e[2J\\n");
	for (int i = 0; i < 5000; i++)
		str_add(&large, "x");
	str_add(&large, "\"]}]}");
	benchmark_site(&h, API, NULL, large.buf);
	benchmark_judge(benchmark_item("1.2.15"), &h, &seen);
	CHECK_INT(seen.state, FAILED);
	CHECK(!strchr(seen.what, '\033') && !strchr(seen.what, '\n') && strlen(seen.what) < 120);
	CHECK(str_starts(seen.what, "--profiling is "));
	str_release(&many);
	str_release(&large);
	benchmark_host_release(&h);
}

static const struct test tests[] = {
	{ "a control plane of kubeadm's", test_kubeadm },
	{ "each item passes and fails", test_both_ways },
	{ "what is said", test_words },
	{ "a host that says nothing", test_nothing_said },
	{ "hosts that lie", test_lies },
};
TEST_MAIN(tests)
