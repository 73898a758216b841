/*
 * The items of the CIS Kubernetes Benchmark about control planes (1), etcd (2), and kubelets and kube-proxy (4): what
 * each wants, in words of ours, and the rule that shows whether it is so. Ids are those of BENCHMARK_EDITION.
 */
#include "cluster/benchmark_private.h"

#define RULE(...) (&(const struct benchmark_rule){ __VA_ARGS__ })
#define MODE(where_, most) RULE(.look = benchmark_mode, .where = where_, .value = most)
#define MODE_IF(where_, most, none) RULE(.look = benchmark_mode, .where = where_, .value = most, .name = none)
#define OWNER(where_, who) RULE(.look = benchmark_owner, .where = where_, .value = who)
#define OWNER_IF(where_, who, none) RULE(.look = benchmark_owner, .where = where_, .value = who, .name = none)
#define FLAG(where_, flag_, op_, value_, built) \
	RULE(.look = benchmark_flag, .where = where_, .name = flag_, .op = op_, .value = value_, .built_in = built)
#define FLAG_OR(where_, flag_, op_, value_, built, file) \
	RULE(.look = benchmark_flag, .where = where_, .name = flag_, .op = op_, .value = value_, .built_in = built, \
		.elsewhere = file)
#define API(flag, op, value, built) FLAG("kube-apiserver", flag, op, value, built)
#define MANAGER(flag, op, value, built) FLAG("kube-controller-manager", flag, op, value, built)
#define ETCD(flag, op, value, built) FLAG_OR("etcd", flag, op, value, built, "config-file")
#define KUBELET(path, flag_, op_, value_, built) \
	RULE(.look = benchmark_kubelet, .name = path, .flag = flag_, .op = op_, .value = value_, .built_in = built)
#define SPECIAL(look_) RULE(.look = look_)

#define ROOT "root:root"
/* Of TLS 1.2; those of TLS 1.3 cannot be chosen. */
#define CIPHERS \
	"TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256," \
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384," \
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256," \
	"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384," \
	"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"

/* ---- what is to be done about it --------------------------------------------------------------------------------------- */

#define CHMOD(mode) "on the host: 'chmod " mode "' of what is named"
#define CHOWN "on the host: 'chown root:root' of what is named"
#define EXTRA(part, text) "in kubeadm.extra, ClusterConfiguration." part ".extraArgs: " text
#define EXTRA_GONE(part, flag) "remove " flag " from kubeadm.extra, ClusterConfiguration." part ".extraArgs"
#define OF_KUBEADM(file) "kubeadm sets it so: compare " file " on the host with kubeadm.extra, ClusterConfiguration"
#define PROFILE "security.profile: cis"
#define AUDIT "security.audit: default"
#define ENCRYPTS "security.encrypt-secrets: true"
#define SERVING "pki.kubelet-serving: cluster"
#define SERVING_WHY \
	"the profile leaves it to you: where no control plane has the CA's key, you sign these certificates whenever they are renewed"
#define OF_KUBELET(text) "in kubelet.config: " text

#define NO_CNI "the host has no such files"

/* clang-format off */
const struct benchmark_item benchmark_items[] = {
	{ "1.1.1", "only its owner can read the API server's manifest", CHMOD("600"), NULL, false, MODE("kube-apiserver.yaml", "600") },
	{ "1.1.2", "the API server's manifest belongs to root", CHOWN, NULL, false, OWNER("kube-apiserver.yaml", ROOT) },
	{ "1.1.3", "only its owner can read the controller manager's manifest", CHMOD("600"), NULL, false, MODE("kube-controller-manager.yaml", "600") },
	{ "1.1.4", "the controller manager's manifest belongs to root", CHOWN, NULL, false, OWNER("kube-controller-manager.yaml", ROOT) },
	{ "1.1.5", "only its owner can read the scheduler's manifest", CHMOD("600"), NULL, false, MODE("kube-scheduler.yaml", "600") },
	{ "1.1.6", "the scheduler's manifest belongs to root", CHOWN, NULL, false, OWNER("kube-scheduler.yaml", ROOT) },
	{ "1.1.7", "only its owner can read etcd's manifest", CHMOD("600"), NULL, false, MODE("etcd.yaml", "600") },
	{ "1.1.8", "etcd's manifest belongs to root", CHOWN, NULL, false, OWNER("etcd.yaml", ROOT) },
	{ "1.1.9", "only their owner can read the pod network's files", CHMOD("600"),
		"the pod network's own Pods write these files, and write them again", false, MODE_IF("cni", "600", NO_CNI) },
	{ "1.1.10", "the pod network's files belong to root", CHOWN,
		"the pod network's own Pods write these files, and write them again", false, OWNER_IF("cni", ROOT, NO_CNI) },
	{ "1.1.11", "only its owner can enter etcd's folder", CHMOD("700"), NULL, false, MODE("etcd-data", "700") },
	{ "1.1.12", "etcd's folder belongs to a user etcd", "make the user and group, and give etcd's static Pod a securityContext by kubeadm's patches",
		"kubeadm runs etcd as root, so that it could not use a folder of another user", false, OWNER("etcd-data", "etcd:etcd") },
	{ "1.1.13", "only its owner can read the administrator's kubeconfig", CHMOD("600"), NULL, false,
		MODE_IF("admin", "600", "no administrator's kubeconfig is on the host") },
	{ "1.1.14", "the administrator's kubeconfig belongs to root", CHOWN, NULL, false,
		OWNER_IF("admin", ROOT, "no administrator's kubeconfig is on the host") },
	{ "1.1.15", "only its owner can read the scheduler's kubeconfig", CHMOD("600"), NULL, false, MODE("scheduler", "600") },
	{ "1.1.16", "the scheduler's kubeconfig belongs to root", CHOWN, NULL, false, OWNER("scheduler", ROOT) },
	{ "1.1.17", "only its owner can read the controller manager's kubeconfig", CHMOD("600"), NULL, false, MODE("controller-manager", "600") },
	{ "1.1.18", "the controller manager's kubeconfig belongs to root", CHOWN, NULL, false, OWNER("controller-manager", ROOT) },
	{ "1.1.19", "all files and folders of the PKI belong to root", CHOWN, NULL, false, OWNER("pki", ROOT) },
	{ "1.1.20", "only their owner can write the certificates of the PKI", CHMOD("644"), NULL, false, MODE("certificates", "644") },
	{ "1.1.21", "only their owner can read the keys of the PKI", CHMOD("600"), NULL, false, MODE("keys", "600") },

	{ "1.2.1", "the API server answers nobody without a name", EXTRA("apiServer", "anonymous-auth \"false\", and other probes of its Pod"),
		"the probes of its own Pod, and joins by token, ask without a name", false,
		FLAG_OR("kube-apiserver", "anonymous-auth", OP_IS, "false", "true", "authentication-config") },
	{ "1.2.2", "the API server takes no tokens from a file", EXTRA_GONE("apiServer", "token-auth-file"), NULL, false,
		API("token-auth-file", OP_UNSET, NULL, NULL) },
	{ "1.2.3", "no Service gets an external address that a user has chosen",
		EXTRA("apiServer", "enable-admission-plugins NodeRestriction,DenyServiceExternalIPs"),
		"Services with externalIPs no longer work then", false, API("enable-admission-plugins", OP_HAS, "DenyServiceExternalIPs", NULL) },
	{ "1.2.4", "the API server shows kubelets a certificate", OF_KUBEADM("kube-apiserver.yaml"), NULL, false,
		API("kubelet-client-certificate,kubelet-client-key", OP_SET, NULL, NULL) },
	{ "1.2.5", "the API server verifies the certificates of kubelets",
		SERVING, SERVING_WHY, false,
		API("kubelet-certificate-authority", OP_SET, NULL, NULL) },
	{ "1.2.6", "the API server does not allow everything to everybody", EXTRA("apiServer", "authorization-mode Node,RBAC"), NULL, false,
		FLAG_OR("kube-apiserver", "authorization-mode", OP_LACKS, "AlwaysAllow", "AlwaysAllow", "authorization-config") },
	{ "1.2.7", "a kubelet may read what its own Node needs, and no more", EXTRA("apiServer", "authorization-mode Node,RBAC"), NULL, false,
		FLAG_OR("kube-apiserver", "authorization-mode", OP_HAS, "Node", "AlwaysAllow", "authorization-config") },
	{ "1.2.8", "rights are given by roles", EXTRA("apiServer", "authorization-mode Node,RBAC"), NULL, false,
		FLAG_OR("kube-apiserver", "authorization-mode", OP_HAS, "RBAC", "AlwaysAllow", "authorization-config") },
	{ "1.2.9", "the API server limits how many events it takes",
		"a file of limits on each control plane, and enable-admission-plugins with EventRateLimit and admission-control-config-file in kubeadm.extra",
		"the limits depend on what runs in the cluster", false, API("enable-admission-plugins", OP_HAS, "EventRateLimit", NULL) },
	{ "1.2.10", "no admission plugin lets everything pass", EXTRA_GONE("apiServer", "AlwaysAdmit of enable-admission-plugins"), NULL, false,
		API("enable-admission-plugins", OP_LACKS, "AlwaysAdmit", NULL) },
	{ "1.2.11", "images are pulled again for every Pod", EXTRA("apiServer", "enable-admission-plugins NodeRestriction,AlwaysPullImages"),
		"no Pod could start while the registry does not answer, and none without a network", false,
		API("enable-admission-plugins", OP_HAS, "AlwaysPullImages", NULL) },
	{ "1.2.12", "every Pod has a service account", EXTRA_GONE("apiServer", "ServiceAccount of disable-admission-plugins"), NULL, false,
		API("disable-admission-plugins", OP_LACKS, "ServiceAccount", NULL) },
	{ "1.2.13", "nothing is made in a namespace that is being deleted", EXTRA_GONE("apiServer", "NamespaceLifecycle of disable-admission-plugins"),
		NULL, false, API("disable-admission-plugins", OP_LACKS, "NamespaceLifecycle", NULL) },
	{ "1.2.14", "a kubelet may change its own Node and Pods alone", EXTRA("apiServer", "enable-admission-plugins with NodeRestriction"), NULL, false,
		API("enable-admission-plugins", OP_HAS, "NodeRestriction", NULL) },
	{ "1.2.15", "the API server serves no profiles", PROFILE, NULL, false, API("profiling", OP_IS, "false", "true") },
	{ "1.2.16", "the API server keeps an audit log", AUDIT, NULL, false, API("audit-log-path", OP_SET, NULL, NULL) },
	{ "1.2.17", "the audit log is kept for 30 days or more", AUDIT, NULL, false, API("audit-log-maxage", OP_AT_LEAST, "30", NULL) },
	{ "1.2.18", "ten earlier files of the audit log are kept, or more", AUDIT, NULL, false, API("audit-log-maxbackup", OP_AT_LEAST, "10", NULL) },
	{ "1.2.19", "a file of the audit log holds 100 MiB or more", AUDIT, NULL, false, API("audit-log-maxsize", OP_AT_LEAST, "100", NULL) },
	{ "1.2.20", "a request to the API server ends after five minutes at most", EXTRA("apiServer", "request-timeout 60s"), NULL, false,
		API("request-timeout", OP_AT_MOST, "300", "60") },
	{ "1.2.21", "a token of a service account that was deleted counts no more", EXTRA("apiServer", "service-account-lookup \"true\""), NULL, false,
		API("service-account-lookup", OP_IS, "true", "true") },
	{ "1.2.22", "service accounts have a key of their own", OF_KUBEADM("kube-apiserver.yaml"), NULL, false,
		API("service-account-key-file", OP_SET, NULL, NULL) },
	{ "1.2.23", "the API server shows etcd a certificate", OF_KUBEADM("kube-apiserver.yaml"), NULL, false,
		API("etcd-certfile,etcd-keyfile", OP_SET, NULL, NULL) },
	{ "1.2.24", "the API server has a certificate of its own", OF_KUBEADM("kube-apiserver.yaml"), NULL, false,
		API("tls-cert-file,tls-private-key-file", OP_SET, NULL, NULL) },
	{ "1.2.25", "the API server knows its clients by certificates", OF_KUBEADM("kube-apiserver.yaml"), NULL, false,
		API("client-ca-file", OP_SET, NULL, NULL) },
	{ "1.2.26", "the API server verifies etcd's certificate", OF_KUBEADM("kube-apiserver.yaml"), NULL, false,
		API("etcd-cafile", OP_SET, NULL, NULL) },
	{ "1.2.27", "Secrets are encrypted in etcd", ENCRYPTS, NULL, false, API("encryption-provider-config", OP_SET, NULL, NULL) },
	{ "1.2.28", "Secrets are written with aescbc, secretbox or kms", ENCRYPTS "; in an EncryptionConfiguration that others give, one of them first", NULL, false,
		SPECIAL(benchmark_providers) },
	{ "1.2.29", "the API server takes strong ciphers alone", PROFILE, NULL, false, API("tls-cipher-suites", OP_ONLY, CIPHERS, NULL) },
	{ "1.2.30", "tokens of service accounts end when they say so", PROFILE, NULL, false,
		API("service-account-extend-token-expiration", OP_IS, "false", "true") },

	{ "1.3.1", "it is decided how many ended Pods are kept", PROFILE, NULL, false, MANAGER("terminated-pod-gc-threshold", OP_ABOVE, "0", NULL) },
	{ "1.3.2", "the controller manager serves no profiles", PROFILE, NULL, false, MANAGER("profiling", OP_IS, "false", "true") },
	{ "1.3.3", "each controller has a service account of its own", EXTRA("controllerManager", "use-service-account-credentials \"true\""), NULL, false,
		MANAGER("use-service-account-credentials", OP_IS, "true", "false") },
	{ "1.3.4", "the controller manager signs tokens with the service accounts' key", OF_KUBEADM("kube-controller-manager.yaml"), NULL, false,
		MANAGER("service-account-private-key-file", OP_SET, NULL, NULL) },
	{ "1.3.5", "Pods are given the CA to verify the API server by", OF_KUBEADM("kube-controller-manager.yaml"), NULL, false,
		MANAGER("root-ca-file", OP_SET, NULL, NULL) },
	{ "1.3.6", "kubelets can renew their serving certificates", EXTRA_GONE("controllerManager", "RotateKubeletServerCertificate of feature-gates"), NULL,
		false, MANAGER("feature-gates", OP_LACKS, "RotateKubeletServerCertificate=false", NULL) },
	{ "1.3.7", "the controller manager listens on its own host alone", EXTRA("controllerManager", "bind-address 127.0.0.1"), NULL, false,
		MANAGER("bind-address", OP_IS, "127.0.0.1", "0.0.0.0") },

	{ "1.4.1", "the scheduler serves no profiles", PROFILE, NULL, false,
		FLAG_OR("kube-scheduler", "profiling", OP_IS, "false", "true", "config") },
	{ "1.4.2", "the scheduler listens on its own host alone", EXTRA("scheduler", "bind-address 127.0.0.1"), NULL, false,
		FLAG("kube-scheduler", "bind-address", OP_IS, "127.0.0.1", "0.0.0.0") },

	{ "2.1", "etcd shows its clients a certificate", OF_KUBEADM("etcd.yaml"), NULL, false, ETCD("cert-file,key-file", OP_SET, NULL, NULL) },
	{ "2.2", "etcd answers no client without a certificate", OF_KUBEADM("etcd.yaml"), NULL, false, ETCD("client-cert-auth", OP_IS, "true", "false") },
	{ "2.3", "etcd does not sign its own certificate for clients", OF_KUBEADM("etcd.yaml"), NULL, false, ETCD("auto-tls", OP_IS, "false", "false") },
	{ "2.4", "etcd's members show each other certificates", OF_KUBEADM("etcd.yaml"), NULL, false,
		ETCD("peer-cert-file,peer-key-file", OP_SET, NULL, NULL) },
	{ "2.5", "etcd answers no member without a certificate", OF_KUBEADM("etcd.yaml"), NULL, false,
		ETCD("peer-client-cert-auth", OP_IS, "true", "false") },
	{ "2.6", "etcd does not sign its own certificate for members", OF_KUBEADM("etcd.yaml"), NULL, false,
		ETCD("peer-auto-tls", OP_IS, "false", "false") },
	{ "2.7", "etcd trusts another CA than the cluster's", OF_KUBEADM("etcd.yaml"), NULL, false, SPECIAL(benchmark_etcd_ca) },

	{ "4.1.1", "only its owner can read the kubelet's unit and drop-ins", CHMOD("600"),
		"the files are of a package, and its next version sets their modes again", true, MODE("kubelet-unit", "600") },
	{ "4.1.2", "the kubelet's unit and drop-ins belong to root", CHOWN, NULL, true, OWNER("kubelet-unit", ROOT) },
	{ "4.1.3", "only its owner can read kube-proxy's kubeconfig", CHMOD("600"), NULL, true,
		MODE_IF("proxy-kubeconfig", "600", "kube-proxy has it from a ConfigMap, not from a file of the host") },
	{ "4.1.4", "kube-proxy's kubeconfig belongs to root", CHOWN, NULL, true,
		OWNER_IF("proxy-kubeconfig", ROOT, "kube-proxy has it from a ConfigMap, not from a file of the host") },
	{ "4.1.5", "only its owner can read the kubelet's kubeconfig", CHMOD("600"), NULL, true, MODE("kubelet-kubeconfig", "600") },
	{ "4.1.6", "the kubelet's kubeconfig belongs to root", CHOWN, NULL, true, OWNER("kubelet-kubeconfig", ROOT) },
	{ "4.1.7", "only its owner can write the CA that the kubelet knows its clients by", CHMOD("644"), NULL, true, MODE("client-ca", "644") },
	{ "4.1.8", "the CA that the kubelet knows its clients by belongs to root", CHOWN, NULL, true, OWNER("client-ca", ROOT) },
	{ "4.1.9", "only its owner can read the kubelet's configuration", CHMOD("600"), NULL, true, MODE("kubelet-config", "600") },
	{ "4.1.10", "the kubelet's configuration belongs to root", CHOWN, NULL, true, OWNER("kubelet-config", ROOT) },

	{ "4.2.1", "the kubelet answers nobody without a name", OF_KUBELET("authentication: {anonymous: {enabled: false}}"), NULL, true,
		KUBELET("authentication.anonymous.enabled", "anonymous-auth", OP_IS, "false", "false") },
	{ "4.2.2", "the kubelet asks the API server who may do what", OF_KUBELET("authorization: {mode: Webhook}"), NULL, true,
		KUBELET("authorization.mode", "authorization-mode", OP_NOT, "AlwaysAllow", "Webhook") },
	{ "4.2.3", "the kubelet knows its clients by certificates", OF_KUBELET("authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}"), NULL, true,
		KUBELET("authentication.x509.clientCAFile", "client-ca-file", OP_SET, NULL, NULL) },
	{ "4.2.4", "the kubelet has no port that anybody can read", OF_KUBELET("readOnlyPort: 0"), NULL, true,
		KUBELET("readOnlyPort", "read-only-port", OP_IS, "0", "0") },
	{ "4.2.5", "connections of exec and logs that are idle end", OF_KUBELET("streamingConnectionIdleTimeout: 4h"), NULL, true,
		KUBELET("streamingConnectionIdleTimeout", "streaming-connection-idle-timeout", OP_ABOVE, "0", "4h0m0s") },
	{ "4.2.6", "the kubelet keeps its chains of the packet filter", OF_KUBELET("makeIPTablesUtilChains: true"), NULL, true,
		KUBELET("makeIPTablesUtilChains", "make-iptables-util-chains", OP_IS, "true", "true") },
	{ "4.2.7", "the Node is called as its host calls itself", "give the host the name that it has in the inventory, then 'kubewright rejoin'",
		"the Node's name is that of the inventory, whatever the host calls itself", true,
		KUBELET(NULL, "hostname-override", OP_UNSET, NULL, NULL) },
	{ "4.2.8", "it is decided how many events a second the kubelet sends", PROFILE, NULL, true,
		KUBELET("eventRecordQPS", "event-qps", OP_AT_LEAST, "0", NULL) },
	{ "4.2.9", "the kubelet's serving certificate is signed by a CA", SERVING,
		SERVING_WHY, true, SPECIAL(benchmark_serving) },
	{ "4.2.10", "the kubelet renews its client certificate", OF_KUBELET("rotateCertificates: true"), NULL, true,
		KUBELET("rotateCertificates", "rotate-certificates", OP_IS, "true", "false") },
	{ "4.2.11", "the kubelet renews its serving certificate", SERVING,
		SERVING_WHY, true, SPECIAL(benchmark_rotates) },
	{ "4.2.12", "the kubelet takes strong ciphers alone", PROFILE, NULL, true, KUBELET("tlsCipherSuites", "tls-cipher-suites", OP_ONLY, CIPHERS, NULL) },
	{ "4.2.13", "the processes of a Pod are limited in number", OF_KUBELET("podPidsLimit: 4096, or what the Pods need"), NULL, true,
		KUBELET("podPidsLimit", "pod-max-pids", OP_ABOVE, "0", "-1") },
	{ "4.2.14", "Pods have the runtime's seccomp profile unless they ask for another one", PROFILE, NULL, true,
		KUBELET("seccompDefault", "seccomp-default", OP_IS, "true", "false") },

	{ "4.3.1", "kube-proxy shows its metrics on its own host alone", "in kubeproxy.config: metricsBindAddress: 127.0.0.1:10249", NULL, true,
		SPECIAL(benchmark_proxy) },
};
/* clang-format on */
const size_t benchmark_item_count = sizeof(benchmark_items) / sizeof(benchmark_items[0]);
