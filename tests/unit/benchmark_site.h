/*
 * A control plane as kubeadm 1.36 leaves it, as steps/host/benchmark.sh shows it; tests change a part of it.
 */
#ifndef TESTS_UNIT_BENCHMARK_SITE_H
#define TESTS_UNIT_BENCHMARK_SITE_H

#include "base/alloc.h"
#include "base/str.h"
#include "cluster/benchmark.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define K "/etc/kubernetes"
#define MANIFEST_HEAD(name) \
	"apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    component: " name "\n    tier: control-plane\n" \
	"  name: " name "\n  namespace: kube-system\nspec:\n  containers:\n  - command:\n    - " name "\n"
#define MANIFEST_TAIL(name) \
	"    image: registry.k8s.io/" name ":v1.36.2\n    imagePullPolicy: IfNotPresent\n    name: " name "\n" \
	"    resources:\n      requests:\n        cpu: 100m\n" \
	"    volumeMounts:\n    - mountPath: /etc/kubernetes/pki\n      name: k8s-certs\n      readOnly: true\n" \
	"  hostNetwork: true\n  priority: 2000001000\n  priorityClassName: system-node-critical\n" \
	"  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n" \
	"  volumes:\n  - hostPath:\n      path: /etc/kubernetes/pki\n      type: DirectoryOrCreate\n" \
	"    name: k8s-certs\n" \
	"status: {}\n"

/* What a host says: a word and its value. */
static const struct {
	const char *word, *value;
} benchmark_says[] = {
	{ "files.kube-apiserver.yaml", "600 root:root " K "/manifests/kube-apiserver.yaml\n" },
	{ "files.kube-controller-manager.yaml", "600 root:root " K "/manifests/kube-controller-manager.yaml\n" },
	{ "files.kube-scheduler.yaml", "600 root:root " K "/manifests/kube-scheduler.yaml\n" },
	{ "files.etcd.yaml", "600 root:root " K "/manifests/etcd.yaml\n" },
	{ "files.cni", "644 root:root /etc/cni/net.d/10-flannel.conflist\n" },
	{ "files.etcd-data", "700 root:root /var/lib/etcd\n" },
	{ "files.admin", "600 root:root " K "/admin.conf\n600 root:root " K "/super-admin.conf\n" },
	{ "files.scheduler", "600 root:root " K "/scheduler.conf\n" },
	{ "files.controller-manager", "600 root:root " K "/controller-manager.conf\n" },
	{ "files.pki",
		"755 root:root " K "/pki/\n644 root:root " K "/pki/ca.crt\n600 root:root " K "/pki/ca.key\n" },
	{ "files.certificates", "644 root:root " K "/pki/ca.crt\n" },
	{ "files.keys", "600 root:root " K "/pki/ca.key\n" },
	{ "files.kubelet-config", "644 root:root /var/lib/kubelet/config.yaml\n" },
	{ "files.kubelet-kubeconfig", "600 root:root " K "/kubelet.conf\n" },
	{ "files.client-ca", "644 root:root " K "/pki/ca.crt\n" },
	{ "files.kubelet-unit",
		"644 root:root /usr/lib/systemd/system/kubelet.service\n"
		"644 root:root /usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf\n" },
	{ "files.proxy-kubeconfig", "" },
	{ "etcd_ca", "other" },
	{ "proxy_listens", "127.0.0.1:10249 " },
	{ "kubelet_args",
		"/usr/bin/kubelet\n--bootstrap-kubeconfig=" K "/bootstrap-kubelet.conf\n"
		"--kubeconfig=" K "/kubelet.conf\n--config=/var/lib/kubelet/config.yaml\n"
		"--node-ip=10.0.0.11\n" },
	{ "kubelet_config",
		"apiVersion: kubelet.config.k8s.io/v1beta1\nauthentication:\n  anonymous:\n"
		"    enabled: false\n  webhook:\n    cacheTTL: 0s\n    enabled: true\n  x509:\n"
		"    clientCAFile: " K "/pki/ca.crt\nauthorization:\n  mode: Webhook\n  webhook:\n"
		"    cacheAuthorizedTTL: 0s\n    cacheUnauthorizedTTL: 0s\ncgroupDriver: systemd\n"
		"clusterDNS:\n- 10.96.0.10\nclusterDomain: cluster.local\ncpuManagerReconcilePeriod: 0s\n"
		"evictionPressureTransitionPeriod: 0s\nfileCheckFrequency: 0s\n"
		"healthzBindAddress: 127.0.0.1\nhealthzPort: 10248\nkind: KubeletConfiguration\n"
		"logging:\n  flushFrequency: 0\n  verbosity: 0\nmemorySwap: {}\n"
		"rotateCertificates: true\nstaticPodPath: /etc/kubernetes/manifests\n"
		"streamingConnectionIdleTimeout: 0s\nsyncFrequency: 0s\n" },
	{ "manifest.kube-apiserver.yaml",
		MANIFEST_HEAD("kube-apiserver")
		"    - --advertise-address=10.0.0.11\n    - --allow-privileged=true\n"
		"    - --authorization-mode=Node,RBAC\n"
		"    - --client-ca-file=" K "/pki/ca.crt\n"
		"    - --enable-admission-plugins=NodeRestriction\n"
		"    - --enable-bootstrap-token-auth=true\n"
		"    - --etcd-cafile=" K "/pki/etcd/ca.crt\n"
		"    - --etcd-certfile=" K "/pki/apiserver-etcd-client.crt\n"
		"    - --etcd-keyfile=" K "/pki/apiserver-etcd-client.key\n"
		"    - --etcd-servers=https://127.0.0.1:2379\n"
		"    - --kubelet-client-certificate=" K "/pki/apiserver-kubelet-client.crt\n"
		"    - --kubelet-client-key=" K "/pki/apiserver-kubelet-client.key\n"
		"    - --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname\n"
		"    - --secure-port=6443\n"
		"    - --service-account-issuer=https://kubernetes.default.svc.cluster.local\n"
		"    - --service-account-key-file=" K "/pki/sa.pub\n"
		"    - --service-account-signing-key-file=" K "/pki/sa.key\n"
		"    - --service-cluster-ip-range=10.96.0.0/12\n"
		"    - --tls-cert-file=" K "/pki/apiserver.crt\n"
		"    - --tls-private-key-file=" K "/pki/apiserver.key\n"
		MANIFEST_TAIL("kube-apiserver") },
	{ "manifest.kube-controller-manager.yaml",
		MANIFEST_HEAD("kube-controller-manager")
		"    - --allocate-node-cidrs=true\n"
		"    - --authentication-kubeconfig=" K "/controller-manager.conf\n"
		"    - --bind-address=127.0.0.1\n    - --client-ca-file=" K "/pki/ca.crt\n"
		"    - --cluster-signing-cert-file=" K "/pki/ca.crt\n"
		"    - --cluster-signing-key-file=" K "/pki/ca.key\n"
		"    - --controllers=*,bootstrapsigner,tokencleaner\n"
		"    - --kubeconfig=" K "/controller-manager.conf\n"
		"    - --leader-elect=true\n    - --root-ca-file=" K "/pki/ca.crt\n"
		"    - --service-account-private-key-file=" K "/pki/sa.key\n"
		"    - --use-service-account-credentials=true\n"
		MANIFEST_TAIL("kube-controller-manager") },
	{ "manifest.kube-scheduler.yaml",
		MANIFEST_HEAD("kube-scheduler")
		"    - --authentication-kubeconfig=" K "/scheduler.conf\n"
		"    - --bind-address=127.0.0.1\n    - --kubeconfig=" K "/scheduler.conf\n"
		"    - --leader-elect=true\n"
		MANIFEST_TAIL("kube-scheduler") },
	{ "manifest.etcd.yaml",
		MANIFEST_HEAD("etcd")
		"    - --advertise-client-urls=https://10.0.0.11:2379\n"
		"    - --cert-file=" K "/pki/etcd/server.crt\n"
		"    - --client-cert-auth=true\n    - --data-dir=/var/lib/etcd\n"
		"    - --key-file=" K "/pki/etcd/server.key\n"
		"    - --listen-client-urls=https://127.0.0.1:2379,https://10.0.0.11:2379\n"
		"    - --peer-cert-file=" K "/pki/etcd/peer.crt\n"
		"    - --peer-client-cert-auth=true\n"
		"    - --peer-key-file=" K "/pki/etcd/peer.key\n"
		"    - --peer-trusted-ca-file=" K "/pki/etcd/ca.crt\n"
		"    - --trusted-ca-file=" K "/pki/etcd/ca.crt\n"
		MANIFEST_TAIL("etcd") },
};

/*
 * The host as above, but for one word, in which `from` stands once and becomes `to`; from NULL: the whole value becomes
 * `to`, and without that the word is not said; word NULL: nothing differs.
 */
static inline void benchmark_site(struct benchmark_host *h, const char *word, const char *from, const char *to)
{
	struct remote_answer said = { 0 };

	for (size_t i = 0; i < sizeof(benchmark_says) / sizeof(benchmark_says[0]); i++) {
		const char *value = benchmark_says[i].value, *at;
		struct str text = STR_INIT;

		if (!word || strcmp(word, benchmark_says[i].word) != 0) {
			remote_answer_set(&said, benchmark_says[i].word, value);
			continue;
		}
		at = from ? strstr(value, from) : NULL;
		if (from && CHECK(at != NULL)) {
			str_addn(&text, value, (size_t)(at - value));
			str_add(&text, to);
			str_add(&text, at + strlen(from));
			remote_answer_set(&said, word, text.buf);
		} else if (!from && to) {
			remote_answer_set(&said, word, to);
		}
		str_release(&text);
	}
	benchmark_host_take(h, &said);
	remote_answer_release(&said);
}

/* The item with an id, which there is. */
static inline const struct benchmark_item *benchmark_item(const char *id)
{
	for (size_t i = 0; i < benchmark_item_count; i++)
		if (strcmp(benchmark_items[i].id, id) == 0)
			return &benchmark_items[i];
	printf("# no item %s\n", id);
	exit(1);
}

#endif
