/*
 * kubeadm's own preflight, check by check: each that stops an installation has a finding of ours with the same judgement or a stricter one, or a step that
 * fixes it before kubeadm runs. To be looked through with each new release (kubeadm's preflight/checks.go and checks_linux.go; this is 1.36).
 */
#include "base/error.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "inventory/inventory.h"
#include "tests/test.h"

struct kubeadm_check {
	const char *name;    /* as ignorePreflightErrors has it; "*" at the end: all that begin so */
	const char *finding; /* of ours */
	const char *other;   /* what fixes it otherwise, or why it cannot fail */
};

static const struct kubeadm_check checks[] = {
	{ "CRI", NULL, "the step runtime waits until containerd answers" },
	{ "ContainerRuntimeVersion", "runtime-too-old", NULL },
	{ "DirAvailable--var-lib-etcd", "leftovers", NULL },
	{ "DirAvailable--etc-kubernetes-manifests", "leftovers", "1.20 only" },
	{ "ExternalEtcdClientCertificates", NULL, "there is no external etcd" },
	{ "ExternalEtcdVersion", NULL, "there is no external etcd" },
	{ "FileAvailable--etc-kubernetes-bootstrap-kubelet.conf", "leftovers", NULL },
	{ "FileAvailable--etc-kubernetes-kubelet.conf", "leftovers", NULL },
	{ "FileAvailable--etc-kubernetes-manifests-etcd.yaml", "leftovers", NULL },
	{ "FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml", "leftovers", NULL },
	{ "FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml", "leftovers", NULL },
	{ "FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml", "leftovers", NULL },
	{ "FileAvailable--etc-kubernetes-pki-ca.crt", "leftovers", NULL },
	{ "FileContent--proc-sys-net-bridge-bridge-nf-call-iptables", "kernel-module-missing",
		"1.20 only; the step os sets it" },
	{ "FileContent--proc-sys-net-ipv4-ip_forward", NULL, "the step os sets it" },
	{ "FileContent--proc-sys-net-ipv6-conf-default-forwarding", NULL, "clusters have IPv4 addresses only" },
	{ "FileExisting-*", NULL, "the package kubelet depends on what has them" },
	{ "Firewalld", "firewall-active", NULL },
	{ "HTTPProxy", NULL, "a warning; jobs of systemd have no proxy in their environment" },
	{ "HTTPProxyCIDR", NULL, "as HTTPProxy" },
	{ "Hostname", "name-unresolved", NULL },
	{ "ImagePull", NULL, "the step images pulls them" },
	{ "IsPrivilegedUser", NULL, "scripts run as root, or the login fails" },
	{ "KubeletVersion", NULL, "the step packages installs the version of kubeadm" },
	{ "KubernetesVersion", NULL, "the step packages installs the version of kubeadm" },
	{ "Mem", "memory-low", NULL },
	{ "NumCPU", "cpu-count", NULL },
	{ "Port-10250", "port-in-use", NULL },
	{ "Port-10257", "port-in-use", NULL },
	{ "Port-10259", "port-in-use", NULL },
	{ "Port-2379", "port-in-use", NULL },
	{ "Port-2380", "port-in-use", NULL },
	{ "Port-6443", "port-in-use", NULL },
	{ "Service-kubelet", NULL, "the step packages enables it" },
	{ "Swap", "swap-on", NULL },
	{ "SystemVerification", "kernel-lacks", NULL },
};

static const struct finding_kind *kind(const char *name)
{
	for (size_t i = 0; i < finding_kind_count; i++)
		if (strcmp(finding_kinds[i].name, name) == 0)
			return &finding_kinds[i];
	return NULL;
}

static bool in_list(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, name, n) == 0 && (p[n] == ',' || !p[n]))
			return true;
	return false;
}

static void test_every_check(void)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct kubeadm_check *c = &checks[i];
		const struct finding_kind *k = c->finding ? kind(c->finding) : NULL;

		/* who ignores the finding has kubeadm ignore its own check */
		if (!CHECK(c->finding ? k && (c->other || strcmp(c->name, "ContainerRuntimeVersion") == 0 ||
						     in_list(k->kubeadm, c->name))
				      : c->other != NULL))
			printf("# %s\n", c->name);
	}
}

static bool known(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (strlen(checks[i].name) == len && strncmp(checks[i].name, name, len) == 0)
			return true;
	return false;
}

/* No finding names a check that kubeadm does not have. */
static void test_every_name(void)
{
	for (size_t i = 0; i < finding_kind_count; i++)
		for (const char *p = finding_kinds[i].kubeadm; p && *p; p += strcspn(p, ","), p += *p == ',')
			if (!CHECK(known(p, strcspn(p, ","))))
				printf("# %s: %s\n", finding_kinds[i].name, p);
}

/* A host of 1 CPU and a few MiB with etcd's port taken, ignored by kubeadm's names. */
static void test_ignored_by_kubeadms_name(void)
{
	static const char *const names[] = { "numcpu", "Mem", "Port-2379", "SystemVerification" };
	const char *ignore[4];
	struct inventory_host host = { .name = "cp1", .address = "10.0.0.11", .role = INVENTORY_CONTROL_PLANE };
	struct inventory inv = { .cluster = "c", .hosts = &host, .host_count = 1 };
	struct cluster_host h = { .probed = true };
	size_t errors[2] = { 0 };

	inv.kubernetes.version = "1.36.2";
	inv.network.pods = "10.244.0.0/16";
	inv.network.services = "10.96.0.0/12";
	cluster_set(&h, "cpus", "1");
	cluster_set(&h, "mem_kb", "100000");
	cluster_set(&h, "listen", "2379 2380");
	cluster_set(&h, "kernel_lacks", "config");
	memcpy(ignore, names, sizeof(ignore));
	inv.preflight.ignore = ignore;
	for (int round = 0; round < 2; round++) {
		struct findings out = { 0 };

		inv.preflight.ignore_count = round ? 4 : 0;
		findings_preflight(&inv, &h, NULL, 0, true, &out);
		for (size_t i = 0; i < out.count; i++) {
			const char *name = out.list[i].name;

			if (strcmp(name, "cpu-count") && strcmp(name, "memory-low") && strcmp(name, "port-in-use") &&
				strcmp(name, "kernel-lacks"))
				continue;
			errors[round] += !out.list[i].ignored;
			/* the other port is in use as well */
			CHECK(!strstr(out.list[i].what, "2380") || !out.list[i].ignored);
		}
		findings_release(&out);
	}
	CHECK_INT(errors[0], 5);
	CHECK_INT(errors[1], 1);
	cluster_host_release(&h);
}

static const struct test tests[] = {
	{ "each check of kubeadm has its finding or its step", test_every_check },
	{ "each name of kubeadm's is one that it knows", test_every_name },
	{ "a finding ignored by kubeadm's name", test_ignored_by_kubeadms_name },
};
TEST_MAIN(tests)
