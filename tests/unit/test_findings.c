/* Every finding fires when it should and is silent on a healthy rack; the document lists them all. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "cluster/identities.h"
#include "inventory/inventory.h"
#include "tests/test.h"

#define HOSTS 4

struct rack {
	struct inventory inv;
	struct inventory_host hosts[HOSTS];
	struct cluster_host facts[HOSTS];
	struct findings out;
	bool installed;
};

struct word {
	const char *word, *value;
};

static const struct word healthy[] = {
	{ "os_id", "debian" },
	{ "os_name", "Debian GNU/Linux 12 (bookworm)" },
	{ "pkg_manager", "apt" },
	{ "pid1", "systemd" },
	{ "arch", "x86_64" },
	{ "kernel", "6.1.0" },
	{ "read_only", "" },
	{ "dpkg_broken", "no" },
	{ "repo.pkgs.k8s.io/443", "ok" },
	{ "apt_proxy", "no" },
	{ "cpus", "4" },
	{ "mem_kb", "8000000" },
	{ "disk_var_kb", "90000000" },
	{ "disk_etcd_kb", "90000000" },
	{ "disk_etc_kb", "90000000" },
	{ "inodes", "5000000" },
	{ "inodes_total", "6000000" },
	{ "swap", "" },
	{ "cgroup", "v2" },
	{ "module.overlay", "loaded" },
	{ "module.br_netfilter", "available" },
	{ "unit.systemd-timesyncd", "active" },
	{ "enabled.systemd-timesyncd", "enabled" },
	{ "time_sync", "yes" },
	{ "address_iface", "eth0" },
	{ "default_iface", "eth0" },
	{ "routes", "default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link" },
	{ "listen", "22" },
	{ "firewall", "" },
	{ "vip_held", "no" },
	{ "vip_answers", "no" },
	{ "unit.docker", "absent" },
	{ "unit.crio", "absent" },
	{ "unit.firewalld", "absent" },
	{ "have", "" },
	{ "leftovers", "" },
};

static void rack_init(struct rack *r)
{
	static const char *const names[] = { "cp1", "cp2", "cp3", "w1" };
	static const char *const addresses[] = { "10.0.0.11", "10.0.0.12", "10.0.0.13", "10.0.0.21" };
	char text[96];

	memset(r, 0, sizeof(*r));
	r->inv.cluster = "rack7";
	r->inv.kubernetes.version = "1.36.2";
	r->inv.endpoint.vip = "10.0.0.100";
	r->inv.endpoint.port = 6443;
	r->inv.network.pods = "10.244.0.0/16";
	r->inv.network.services = "10.96.0.0/12";
	r->inv.time.manage = true;
	r->inv.hosts = r->hosts;
	r->inv.host_count = HOSTS;
	for (int i = 0; i < HOSTS; i++) {
		r->hosts[i].name = names[i];
		r->hosts[i].address = addresses[i];
		r->hosts[i].role = i < 3 ? INVENTORY_CONTROL_PLANE : INVENTORY_WORKER;
		r->facts[i].probed = true;
		r->facts[i].clock_error_ms = 20;
		for (size_t k = 0; k < sizeof(healthy) / sizeof(healthy[0]); k++)
			cluster_set(&r->facts[i], healthy[k].word, healthy[k].value);
		cluster_set(&r->facts[i], "resolve", addresses[i]);
		cluster_set(&r->facts[i], "hostname", names[i]);
		snprintf(text, sizeof(text), "eth0 02:00:00:00:00:%02d %s/24", i, addresses[i]);
		cluster_set(&r->facts[i], "addrs", text);
		snprintf(text, sizeof(text), "%032d", i + 1);
		cluster_set(&r->facts[i], "machine_id", text);
		cluster_set(&r->facts[i], "product_uuid", text);
	}
}

static void rack_release(struct rack *r)
{
	for (int i = 0; i < HOSTS; i++)
		cluster_host_release(&r->facts[i]);
	findings_release(&r->out);
	json_free(r->inv.kubelet_config);
}

static const struct finding *look(struct rack *r, int host, const char *name)
{
	struct identities identities = { 0 };

	for (int i = 0; i < HOSTS; i++)
		identities_add(&identities, &r->facts[i], i);
	findings_release(&r->out);
	findings_preflight(&r->inv, r->facts, &identities, host, !r->installed, &r->out);
	identities_release(&identities);
	for (size_t i = 0; i < r->out.count; i++)
		if (strcmp(r->out.list[i].name, name) == 0)
			return &r->out.list[i];
	return NULL;
}

/* ---- what a case may change beside one fact of its host ---- */

static void kubelet(struct rack *r, const char *text)
{
	r->inv.kubelet_config = json_parse(text, strlen(text), NULL);
}
static void no_way_through(struct rack *r)
{
	for (int i = 0; i < HOSTS; i++) {
		snprintf(r->facts[i].unseen, sizeof(r->facts[i].unseen), "cannot look at it");
		snprintf(r->facts[i].unseen_hint, sizeof(r->facts[i].unseen_hint), "permit it");
	}
}
static void keep_swap(struct rack *r)
{
	kubelet(r, "{\"failSwapOn\":false}");
}
static void keep_v1(struct rack *r)
{
	kubelet(r, "{\"failCgroupV1\":false}");
}
static void old_release(struct rack *r)
{
	r->inv.kubernetes.version = "1.20.2";
}
static void installed(struct rack *r)
{
	r->installed = true;
}
static void half_installed(struct rack *r)
{
	cluster_set(&r->facts[0], "record.cluster", "rack7");
}
static void begun(struct rack *r)
{
	cluster_set(&r->facts[0], "ledger", "yes");
}
static void our_source(struct rack *r)
{
	cluster_set(&r->facts[0], "source.ours", "/etc/apt/sources.list.d/kubewright-kubernetes.list");
}
static void half_joined(struct rack *r)
{
	cluster_set(&r->facts[3], "job.join", "died - - r1");
}
static void time_unmanaged(struct rack *r)
{
	r->inv.time.manage = false;
}
static void proxy(struct rack *r)
{
	cluster_set(&r->facts[0], "apt_proxy", "yes");
}
static void no_vip(struct rack *r)
{
	r->inv.endpoint.vip = NULL;
}
static void other_interface(struct rack *r)
{
	r->inv.endpoint.interface = "bond0";
}
static void held_by_cp2(struct rack *r)
{
	cluster_set(&r->facts[1], "vip_held", "yes");
}
static void cp2_unknown(struct rack *r)
{
	r->facts[1].probed = false;
}
static void slow_clock(struct rack *r)
{
	r->facts[0].clock_offset_ms = -5000;
}
static void fast_clock(struct rack *r)
{
	r->facts[0].clock_offset_ms = 31000;
}
static void slow_link(struct rack *r)
{
	r->facts[0].clock_offset_ms = 2500, r->facts[0].clock_error_ms = 800;
}
static void own_clock_off(struct rack *r)
{
	for (int i = 0; i < HOSTS; i++)
		r->facts[i].clock_offset_ms = 60000;
}
static void own_clock_far_off(struct rack *r)
{
	for (int i = 0; i < HOSTS; i++)
		r->facts[i].clock_offset_ms = 600000;
}
static void no_time_service(struct rack *r)
{
	cluster_set(&r->facts[0], "unit.systemd-timesyncd", "absent");
	cluster_set(&r->facts[0], "time_sync", "no");
}
static void no_time_unmanaged(struct rack *r)
{
	no_time_service(r);
	time_unmanaged(r);
}
static void pod_network(struct rack *r)
{
	r->installed = true;
	cluster_set(&r->facts[0], "routes",
		"10.244.0.0/24 dev cni0 proto kernel\n10.244.1.0/24 via 10.0.0.12 dev eth0\nblackhole 10.244.3.0/26");
}
static void who_listens(struct rack *r)
{
	cluster_set(&r->facts[0], "listen_who", "2379 etcd (pid 7)\n6443 haproxy (pid 812)");
}
static void packages_run(struct rack *r)
{
	cluster_set(&r->facts[0], "job.packages", "running - - 20260301T120000-aaaa");
}
static void packages_died(struct rack *r)
{
	cluster_set(&r->facts[0], "job.packages", "died - - 20260301T120000-aaaa");
}
static void packages_done(struct rack *r)
{
	cluster_set(&r->facts[0], "job.packages", "done 0 - 20260301T120000-aaaa");
}
static void packaged(struct rack *r)
{
	cluster_set(&r->facts[0], "pkg.containerd.io", "2.2.0-1~debian.12~bookworm");
}
static void ca_of_cp1(struct rack *r)
{
	cluster_set(&r->facts[0], "ca_crt", "PEM A");
}

struct expectation {
	const char *name;
	int level; /* -1: silent */
	int host;
	const char *word, *value;      /* a fact of the host; word NULL: none */
	void (*setup)(struct rack *r); /* may be NULL */
	const char *text;              /* somewhere in what, why or remedy; NULL: not looked at */
};
#define E FINDING_ERROR
#define W FINDING_WARNING
#define SILENT (-1)

static const struct expectation cases[] = {
	{ "unsupported-system", W, 0, "os_id", "devuan", NULL, "not tested" },
	{ "unsupported-system", SILENT, 0, "os_id", "ubuntu", NULL, NULL },
	{ "not-systemd", E, 0, "pid1", "runit", NULL, "runit" },
	{ "arch", E, 0, "arch", "armv7l", NULL, "armv7l" },
	{ "arch", SILENT, 0, "arch", "aarch64", NULL, NULL },
	{ "read-only-root", E, 0, "read_only", "/var/lib", NULL, "/var/lib" },
	{ "package-manager-broken", W, 0, "dpkg_broken", "2 packages are half installed", NULL, "kubewright runs" },
	{ "package-manager-broken", W, 0, "dpkg_broken", "2 packages are half installed", packages_died, NULL },
	{ "package-manager-broken", SILENT, 0, "dpkg_broken", "2 packages are half installed", packages_run, NULL },
	{ "repository-unreachable", E, 0, "repo.pkgs.k8s.io/443", "timeout", NULL, "pkgs.k8s.io, port 443" },
	{ "repository-unreachable", E, 0, "repo.pkgs.k8s.io/443", "unresolved", NULL, "DNS" },
	{ "repository-unreachable", SILENT, 0, "repo.pkgs.k8s.io/443", "timeout", proxy, NULL },
	{ "cpu-count", E, 0, "cpus", "1", NULL, "2 CPUs" },
	{ "cpu-count", W, 0, "cpus", "1", installed, NULL },
	{ "cpu-count", SILENT, 3, "cpus", "1", NULL, NULL },
	{ "memory-low", E, 0, "mem_kb", "1700000", NULL, "1660 MiB" },
	{ "memory-low", SILENT, 3, "mem_kb", "1700000", NULL, NULL },
	{ "memory-low", SILENT, 0, "mem_kb", "1740800", NULL, NULL },
	{ "memory-low", W, 3, "mem_kb", "500000", NULL, "worker" },
	{ "disk-space", E, 0, "disk_var_kb", "1000000", NULL, "/var/lib" },
	{ "disk-space", W, 0, "disk_var_kb", "1000000", installed, NULL },
	{ "disk-space", W, 3, "disk_var_kb", "9000000", NULL, "10240" },
	{ "disk-space", E, 0, "disk_etcd_kb", "1000000", NULL, "/var/lib/etcd" },
	{ "disk-space", SILENT, 3, "disk_etcd_kb", "1000000", NULL, NULL },
	{ "disk-space", E, 3, "disk_containerd_kb", "60000", NULL, "/var/lib/containerd" },
	{ "disk-space", E, 3, "disk_kubelet_kb", "500000", NULL, "/var/lib/kubelet" },
	{ "disk-space", E, 0, "disk_etc_kb", "1000", NULL, "/etc" },
	{ "inode-low", E, 0, "inodes", "900", NULL, "900" },
	{ "inode-low", W, 0, "inodes", "90000", NULL, NULL },
	{ "inode-low", SILENT, 0, "inodes_total", "0", NULL, NULL },
	{ "swap-on", W, 0, "swap", "/dev/sda2 partition 4000000", NULL, "/dev/sda2" },
	{ "swap-on", W, 0, "swap_boot", "unit dev-sdb.swap\nunit zramswap.service", NULL,
		"the next boot turns it on: unit dev-sdb.swap" },
	{ "swap-on", SILENT, 0, "swap_boot", "fstab /dev/sda2", keep_swap, NULL },
	{ "swap-on", SILENT, 0, "swap", "/dev/sda2 partition 4000000", keep_swap, NULL },
	{ "cgroup-v1", E, 0, "cgroup", "v1", NULL, "systemd.unified_cgroup_hierarchy" },
	{ "cgroup-v1", W, 0, "cgroup", "v1", keep_v1, NULL },
	{ "cgroup-v1", SILENT, 0, "cgroup", "v1", old_release, NULL },
	{ "kernel-module-missing", W, 0, "module.br_netfilter", "unavailable", NULL, "br_netfilter" },
	{ "time-service-missing", W, 0, "enabled.systemd-timesyncd", "absent", no_time_service, "apply installs" },
	{ "time-service-missing", W, 0, "enabled.systemd-timesyncd", "absent", no_time_service,
		"time: {manage: false}" },
	{ "time-service-missing", SILENT, 0, "enabled.systemd-timesyncd", "absent", no_time_unmanaged, NULL },
	{ "time-service-missing", SILENT, 0, "unit.chrony", "active", no_time_service, NULL },
	{ "sysctl-overridden", W, 0, "sysctl_boot.net.ipv4.ip_forward", "0 /etc/sysctl.d/zzz.conf:7", NULL, NULL },
	{ "resolv-conf-broken", E, 3, "resolv_conf", "/etc/resolv.conf absent", NULL, NULL },
	{ "dns-loop", W, 0, "nameservers", "10.0.0.1 127.0.0.53", NULL, NULL },
	{ "program-shadowed", W, 0, "shadowed", "/usr/local/bin/kubelet", NULL, NULL },
	{ "path-writable", E, 0, "writable_dirs", "/etc/containerd mode 777, owner 0:0", NULL, NULL },
	{ "clock-skew", W, 0, NULL, NULL, slow_clock, "5.0 s behind" },
	{ "clock-skew", E, 0, NULL, NULL, fast_clock, "31.0 s ahead of" },
	{ "clock-skew", SILENT, 0, NULL, NULL, slow_link, NULL },
	{ "clock-skew", W, 0, NULL, NULL, own_clock_off, "the machine that kubewright runs on" },
	{ "clock-skew", E, 0, NULL, NULL, own_clock_far_off, NULL },
	{ "address-missing", E, 0, "address_iface", "", NULL, "10.0.0.11" },
	{ "name-unresolved", W, 0, "resolve", "127.0.1.1", NULL, "127.0.1.1" },
	{ "name-unresolved", W, 0, "resolve", "", NULL, "does not resolve" },
	{ "name-unresolved", W, 0, "resolve", "10.0.0.111", NULL, NULL },
	{ "name-unresolved", SILENT, 0, "resolve", "10.0.0.11 192.168.1.1", NULL, NULL },
	{ "forwarding-forbidden", E, 0, NULL, NULL, no_way_through, "cannot look" },
	{ "forwarding-forbidden", SILENT, 3, NULL, NULL, no_way_through, NULL },
	{ "default-route-missing", W, 0, "default_iface", "", NULL, "default route" },
	{ "cidr-route-overlap", E, 0, "routes", "10.244.7.0/24 via 10.0.0.9 dev eth0", NULL, "pods" },
	{ "cidr-route-overlap", E, 0, "routes", "10.100.1.5 dev wg0 scope link", NULL, "10.100.1.5/32 on wg0" },
	{ "cidr-route-overlap", W, 0, "routes", "10.96.0.0/16 dev eth1 proto kernel", installed, "services" },
	{ "cidr-route-overlap", SILENT, 0, NULL, NULL, pod_network, NULL },
	{ "port-in-use", E, 0, "listen", "22 6443", who_listens, "haproxy (pid 812)" },
	{ "port-in-use", E, 3, "listen", "22 10250", NULL, "10250" },
	{ "port-in-use", SILENT, 3, "listen", "22 6443 16443", NULL, NULL },
	{ "port-in-use", SILENT, 0, "listen", "22 16443 64430", NULL, NULL },
	{ "port-in-use", SILENT, 0, "listen", "22 6443", half_installed, NULL },
	{ "port-in-use", SILENT, 0, "listen", "22 6443", installed, NULL },
	{ "firewall-active", W, 0, "unit.firewalld", "active", NULL, "VRRP" },
	{ "firewall-active", W, 3, "firewall", "nft inet filter input policy drop\nmore", NULL,
		"inet filter input policy drop" },
	{ "vip-interface-missing", E, 0, NULL, NULL, other_interface, "bond0" },
	{ "vip-interface-missing", SILENT, 3, NULL, NULL, other_interface, NULL },
	{ "vip-outside-subnet", W, 0, "addrs", "eth0 02:00:00:00:00:00 10.0.0.11/28", NULL, "10.0.0.100" },
	{ "vip-outside-subnet", W, 0, "addrs",
		"eth0 02:00:00:00:00:00 10.0.0.11/28\neth0 02:00:00:00:00:00 10.0.0.100/32", NULL, NULL },
	{ "vip-outside-subnet", SILENT, 0, "addrs", "eth0 02:00:00:00:00:00 10.0.0.11/28", no_vip, NULL },
	{ "vip-taken", E, 0, "vip_answers", "yes 52:54:00:aa:bb:cc", NULL, "52:54:00:aa:bb:cc" },
	{ "vip-taken", SILENT, 0, "vip_answers", "yes 02:00:00:00:00:01", NULL, NULL },
	{ "vip-taken", SILENT, 0, "vip_answers", "yes 52:54:00:aa:bb:cc", held_by_cp2, NULL },
	{ "vip-taken", W, 0, "vip_answers", "yes 52:54:00:aa:bb:cc", cp2_unknown, "has not answered yet" },
	{ "duplicate-machine-id", E, 1, "machine_id", "00000000000000000000000000000001", NULL, "cp1" },
	{ "duplicate-machine-id", SILENT, 2, "machine_id", "00000000000000000000000000000002", cp2_unknown, NULL },
	{ "duplicate-product-uuid", W, 1, "product_uuid", "00000000000000000000000000000001", NULL, "cp1" },
	{ "duplicate-product-uuid", SILENT, 1, "product_uuid", "", NULL, NULL },
	{ "duplicate-mac", E, 1, "addrs", "eth0 02:00:00:00:00:00 10.0.0.12/24", NULL, "cp1" },
	{ "duplicate-mac", SILENT, 1, "addrs", "docker0 02:00:00:00:00:00 172.17.0.1/16", NULL, NULL },
	{ "duplicate-hostname", W, 1, "hostname", "cp1", NULL, "hostnamectl set-hostname cp2" },
	{ "foreign-runtime", E, 0, "containerd_version", "containerd v2.0.0", NULL, "belongs to no package" },
	{ "foreign-runtime", SILENT, 0, "containerd_version", "containerd v2.2.0", packaged, NULL },
	{ "foreign-runtime", SILENT, 0, "containerd_version", "containerd v2.2.0", packages_run, NULL },
	{ "foreign-runtime", SILENT, 0, "containerd_version", "containerd v2.2.0", packages_died, NULL },
	{ "foreign-runtime", E, 0, "containerd_version", "containerd v2.2.0", packages_done, "belongs to no package" },
	{ "foreign-runtime", W, 0, "unit.docker", "active", NULL, "Docker" },
	{ "foreign-runtime", W, 0, "unit.crio", "active", NULL, "CRI-O" },
	{ "runtime-too-old", E, 0, "pkg.containerd", "1.6.20~ds1-1+b1", NULL, "2.0.0" },
	{ "runtime-too-old", SILENT, 0, "pkg.containerd", "1.6.20~ds1-1+b1", old_release, NULL },
	{ "runtime-too-old", SILENT, 0, "pkg.containerd.io", "2.2.0-1", NULL, NULL },
	{ "other-cluster", E, 0, "record.cluster", "rack8", NULL, "rack8" },
	{ "other-cluster", SILENT, 0, "record.cluster", "rack7", NULL, NULL },
	{ "other-name", E, 0, "record.node", "cp9", NULL, "cp9" },
	{ "already-joined-elsewhere", E, 0, "kubelet_server", "https://172.16.0.5:6443", NULL, "172.16.0.5" },
	{ "already-joined-elsewhere", SILENT, 0, "kubelet_server", "https://10.0.0.100:6443", NULL, NULL },
	{ "already-joined-elsewhere", SILENT, 0, "kubelet_server", "https://10.0.0.11:6443", NULL, NULL },
	{ "ca-mismatch", E, 1, "ca_crt", "PEM B", ca_of_cp1, "cp1" },
	{ "ca-mismatch", SILENT, 1, "ca_crt", "PEM A", ca_of_cp1, NULL },
	{ "ca-mismatch", SILENT, 0, "ca_crt", "PEM B", NULL, NULL },
	{ "leftovers", E, 0, "leftovers", "interface cni0\nfile /etc/kubernetes/admin.conf", NULL, "kubeadm reset" },
	{ "leftovers", W, 0, "leftovers", "interface cni0", NULL, "ip link delete" },
	{ "leftovers", E, 3, "have", "kubelet-conf ca-crt", NULL, "/etc/kubernetes/kubelet.conf" },
	{ "leftovers", E, 0, "leftovers", "file /var/lib/etcd/lost+found", NULL, "lost+found" },
	{ "leftovers", SILENT, 3, "leftovers", "file /var/lib/etcd/lost+found", NULL, NULL },
	{ "leftovers", SILENT, 3, "have", "kubelet-conf ca-crt", half_joined, NULL },
	{ "leftovers", SILENT, 0, "leftovers", "interface cni0", installed, NULL },
	{ "leftovers", SILENT, 0, "leftovers", "file /etc/kubernetes/admin.conf", begun, NULL },
	{ "cni-leftover", W, 3, "cni", "before 00-old.conf old\nsince 10-flannel.conflist cbr0", NULL, "'old'" },
	{ "cni-leftover", SILENT, 3, "cni", "since 10-flannel.conflist cbr0\nbefore 99-old.conf old", NULL, NULL },
	{ "package-sources-broken", E, 0, "apt_refuses", "Malformed entry 1 in list file /etc/apt/x.list (Suite)", NULL,
		"/etc/apt/x.list" },
	{ "package-sources-broken", W, 0, "apt_refuses", "Malformed entry 1", installed, NULL },
	{ "package-sources-broken", W, 0, "apt_refuses", "Conflicting values set for option Signed-By", our_source,
		"removes kubewright's own source" },
	{ "package-sources-broken", E, 0, "apt_refuses", "Malformed entry 1", our_source, NULL },
	{ "foreign-package-source", E, 0, "source.kubernetes", "wrong /etc/apt/sources.list.d/k.list:1 trusts /k.asc",
		NULL, "kubernetes in /etc/apt/sources.list.d/k.list:1 trusts /k.asc" },
	{ "foreign-package-source", W, 0, "source.kubernetes", "wrong /etc/apt/k.list:1 trusts /k.asc", installed,
		NULL },
	{ "foreign-package-source", SILENT, 0, "source.kubernetes", "right /etc/apt/k.list:1", NULL, NULL },
	{ "foreign-package-source", W, 0, "source.containerd", "wrong /etc/apt/d.list:1 has no signed-by", NULL, NULL },
	{ "foreign-keepalived", E, 0, "foreign", "/etc/x\n/etc/keepalived/keepalived.conf", NULL, "preflight.ignore" },
	{ "foreign-keepalived", E, 0, "foreign", "/etc/keepalived/keepalived.conf", installed, NULL },
	{ "foreign-keepalived", E, 0, "unit.keepalived", "active", NULL, "did not start it" },
	{ "foreign-keepalived", SILENT, 0, "unit.keepalived", "active", begun, NULL },
	{ "foreign-keepalived", SILENT, 0, "unit.keepalived", "active", installed, NULL },
	{ "foreign-keepalived", SILENT, 3, "foreign", "/etc/keepalived/keepalived.conf", NULL, NULL },
	{ "foreign-keepalived", SILENT, 0, "foreign", "/etc/keepalived/keepalived.conf", no_vip, NULL },
	{ "foreign-containerd-config", W, 3, "foreign", "/etc/containerd/config.toml", NULL, "containerd.config" },
	{ "vip-taken", E, 0, "vip_held", "yes", NULL, "already has" },
	{ "vip-taken", SILENT, 0, "vip_held", "yes", begun, NULL },
	{ "kernel-lacks", E, 0, "kernel_lacks", "config", NULL, "/boot/config" },
	{ "kernel-lacks", E, 3, "kernel_lacks", "CONFIG_MEMCG cgroup:memory", NULL, "cgroup_enable=memory to" },
	{ "kernel-lacks", W, 3, "kernel_lacks", "CONFIG_CGROUP_BPF", installed, "CONFIG_CGROUP_BPF" },
	{ "sudo-logs-input", W, 0, "sudo_logs_input", "yes", NULL, "!log_input" },
	{ "cidr-route-overlap", SILENT, 0, "routes", "10.244.1.0/24 via 10.0.0.12 dev eth0", begun, NULL },
	{ "cpu-count", E, 0, "cpus", "1", begun, NULL },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static bool mentions(const struct finding *f, const char *text)
{
	return strstr(f->what, text) || strstr(f->why, text) || strstr(f->remedy, text);
}

static void test_cases(void)
{
	for (size_t i = 0; i < CASES; i++) {
		const struct expectation *c = &cases[i];
		const struct finding *f;
		struct rack r;

		rack_init(&r);
		if (c->setup)
			c->setup(&r);
		if (c->word)
			cluster_set(&r.facts[c->host], c->word, c->value);
		f = look(&r, c->host, c->name);
		if (!CHECK_INT(f ? (int)f->level : SILENT, c->level) || (f && c->text && !CHECK(mentions(f, c->text))))
			printf("# case %zu: %s, %s=%s: %s | %s | %s\n", i, c->name, c->word ? c->word : "",
				c->value ? c->value : "", f ? f->what : "silent", f ? f->why : "", f ? f->remedy : "");
		if (f) {
			CHECK_INT(f->host, c->host);
			CHECK(f->what[0] && f->why[0] && f->remedy[0]);
			/* cut texts help nobody */
			CHECK(strlen(f->what) < sizeof(f->what) - 1 && strlen(f->why) < sizeof(f->why) - 1 &&
				strlen(f->remedy) < sizeof(f->remedy) - 1);
		}
		rack_release(&r);
	}
}

static void test_every_finding_fires(void)
{
	for (size_t k = 0; k < finding_kind_count; k++) {
		bool fires = false, highest = false;

		for (size_t i = 0; i < CASES; i++)
			if (strcmp(cases[i].name, finding_kinds[k].name) == 0 && cases[i].level != SILENT) {
				fires = true;
				highest = highest || cases[i].level == (int)finding_kinds[k].level;
				/* nothing is worse than the table says */
				CHECK(cases[i].level >= (int)finding_kinds[k].level);
			}
		if (!CHECK(fires) || !(strcmp(finding_kinds[k].name, "unsupported-system") == 0 || CHECK(highest)))
			printf("# %s\n", finding_kinds[k].name);
	}
}

static void test_healthy_is_silent(void)
{
	struct rack r;

	rack_init(&r);
	for (int k = 0; k < 2 * HOSTS; k++) {
		r.installed = k < HOSTS;
		look(&r, k % HOSTS, "");
		if (!CHECK_INT(r.out.count, 0))
			printf("# %s: %s\n", r.out.list[0].name, r.out.list[0].what);
	}
	rack_release(&r);
}

/* A host that says nothing at all makes no noise but what it cannot do without. */
static void test_silent_and_unprobed_host(void)
{
	struct rack r;

	rack_init(&r);
	r.facts[0].probed = false;
	CHECK(!look(&r, 0, "swap-on"));
	CHECK_INT(r.out.count, 0);
	cluster_host_release(&r.facts[0]);
	r.facts[0].probed = true;
	look(&r, 0, "");
	CHECK(r.out.count > 0);
	rack_release(&r);
}

static void test_unsupported_system_without_apt(void)
{
	struct rack r;
	const struct finding *f;

	rack_init(&r);
	cluster_set(&r.facts[0], "os_id", "rocky");
	cluster_set(&r.facts[0], "os_name", "Rocky Linux 9");
	cluster_set(&r.facts[0], "pkg_manager", "dnf");
	f = look(&r, 0, "unsupported-system");
	CHECK(f && f->level == FINDING_ERROR && strstr(f->what, "Rocky Linux 9"));
	rack_release(&r);
}

static void test_ignore(void)
{
	const char *ignore[] = { "swap-on" };
	const struct finding *f;
	struct rack r;

	rack_init(&r);
	cluster_set(&r.facts[0], "swap", "/dev/sda2 partition 1");
	cluster_set(&r.facts[0], "cpus", "1");
	r.inv.preflight.ignore = ignore;
	r.inv.preflight.ignore_count = 1;
	f = look(&r, 0, "swap-on");
	CHECK(f && f->ignored);
	f = look(&r, 0, "cpu-count");
	CHECK(f && !f->ignored);
	rack_release(&r);
}

/* What hosts say reaches a terminal: escapes and new lines must not. */
static void test_text_is_printable(void)
{
	const struct finding *f;
	struct rack r;

	rack_init(&r);
	cluster_set(&r.facts[0], "pid1", "evil\033[2J\nname");
	f = look(&r, 0, "not-systemd");
	if (CHECK(f))
		CHECK(!strchr(f->what, '\033') && !strchr(f->what, '\n'));
	rack_release(&r);
}

static void test_long_texts(void)
{
	struct rack r;
	char big[4096];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	rack_init(&r);
	for (size_t i = 0; i < sizeof(healthy) / sizeof(healthy[0]); i++)
		cluster_set(&r.facts[0], healthy[i].word, big);
	cluster_set(&r.facts[0], "kubelet_server", big);
	cluster_set(&r.facts[0], "addrs", big);
	cluster_set(&r.facts[0], "leftovers", big);
	look(&r, 0, "");
	CHECK(r.out.count > 5);
	for (size_t i = 0; i < r.out.count; i++)
		CHECK(memchr(r.out.list[i].what, '\0', sizeof(r.out.list[i].what)) != NULL);
	rack_release(&r);
}

/* docs/findings.md has exactly one row for each, as the table says it, before those of an upgrade. */
static void test_document(void)
{
	struct str doc = STR_INIT, row = STR_INIT;
	struct error err = { 0 };
	size_t rows = 0;

	if (!CHECK_INT(file_read("docs/findings.md", 1 << 20, &doc, &err), 0)) {
		printf("# %s\n", err.what);
		return;
	}
	for (size_t i = 0; i < finding_kind_count; i++) {
		str_clear(&row);
		str_addf(&row, "\n| `%s` | %s | %s |", finding_kinds[i].name,
			finding_kinds[i].level == FINDING_ERROR ? "error" : "warning", finding_kinds[i].summary);
		if (!CHECK(strstr(doc.buf, row.buf)))
			printf("#%s\n", row.buf);
	}
	for (const char *p = doc.buf, *end = strstr(p, "\n## Findings of an upgrade\n"); (p = strstr(p, "\n| `")) < end;
		p++)
		rows++;
	CHECK_INT(rows, finding_kind_count);
	str_release(&doc);
	str_release(&row);
}

static const struct test tests[] = {
	{ "every expectation holds", test_cases },
	{ "every finding fires somewhere, at its level", test_every_finding_fires },
	{ "a healthy rack has no findings", test_healthy_is_silent },
	{ "an unprobed host has none, a mute one some", test_silent_and_unprobed_host },
	{ "a system without apt is an error", test_unsupported_system_without_apt },
	{ "preflight.ignore", test_ignore },
	{ "hosts' text cannot reach the terminal raw", test_text_is_printable },
	{ "long facts are cut, not overrun", test_long_texts },
	{ "docs/findings.md lists them all", test_document },
};
TEST_MAIN(tests)
