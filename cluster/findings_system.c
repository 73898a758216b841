/* Findings about one host's system: what it is, what it has, what is left of it. */
#include "cluster/findings.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum {
	KIB_PER_MIB = 1024,
	KIB_PER_GIB = 1024 * 1024,
	CONTROL_PLANE_MIB = 1700, /* kubeadm's own floor */
	WORKER_MIB = 700,
};

void find_unsupported_system(const struct finding_scope *s)
{
	const char *id = cluster_fact(s->h, "os_id"), *manager = cluster_fact(s->h, "pkg_manager");
	const char *name = *cluster_fact(s->h, "os_name") ? cluster_fact(s->h, "os_name") : id;
	struct finding *f;

	if (strcmp(id, "debian") == 0 || strcmp(id, "ubuntu") == 0)
		return;
	if (strcmp(manager, "apt") == 0) {
		f = finding_add(s, FINDING_WARNING, "the system is %s, which kubewright is not tested with", name);
		finding_why(f, "it has apt, so the installation will probably work");
		finding_remedy(f, "none needed; add unsupported-system to preflight.ignore to silence this");
		return;
	}
	f = finding_add(
		s, FINDING_ERROR, "the system is %s, its package manager %s", *name ? name : "unknown", manager);
	finding_why(f, "kubewright installs packages with apt");
	finding_remedy(f, "install Debian 12 or a supported Ubuntu on this host");
}

void find_not_systemd(const struct finding_scope *s)
{
	const char *init = cluster_fact(s->h, "pid1");

	if (!*init || strcmp(init, "systemd") == 0)
		return;
	struct finding *f = finding_add(s, FINDING_ERROR, "process 1 is %s, not systemd", init);
	finding_why(f, "the kubelet, containerd and kubewright's own jobs run as systemd units");
	finding_remedy(f, "boot this host with systemd (package systemd-sysv)");
}

void find_arch(const struct finding_scope *s)
{
	static const char known[] = "x86_64 aarch64 ppc64le s390x";
	const char *arch = cluster_fact(s->h, "arch");

	if (!*arch || finding_has_word(known, arch))
		return;
	struct finding *f = finding_add(s, FINDING_ERROR, "the processor is %s", arch);
	finding_why(f, "Kubernetes is built for %s", known);
	finding_remedy(f,
		"remove this host from the inventory; a 64-bit processor that runs a 32-bit system needs a 64-bit one");
}

void find_read_only_root(const struct finding_scope *s)
{
	const char *ro = cluster_fact(s->h, "read_only");

	if (!*ro)
		return;
	struct finding *f = finding_add(s, FINDING_ERROR, "cannot write to %s", ro);
	finding_why(f,
		"packages, configuration and the cluster's data go there; a kernel mounts a disk read-only after write errors");
	finding_remedy(
		f, "see 'dmesg | grep -i error' and 'findmnt -O ro'; fix the disk, then 'mount -o remount,rw' it");
}

void find_package_manager_broken(const struct finding_scope *s)
{
	const char *broken = cluster_fact(s->h, "dpkg_broken");

	/* nor is it while an earlier run's installation is still at work */
	if (!*broken || strcmp(broken, "no") == 0 || str_starts(cluster_fact(s->h, "job.packages"), "running "))
		return;
	struct finding *f = finding_add(s, FINDING_WARNING, "dpkg was interrupted: %s", broken);
	finding_why(f, "nothing can be installed until it has finished");
	finding_remedy(f, "kubewright runs 'dpkg --configure -a' in apply; if that fails, see 'dpkg --audit'");
}

void find_cpu_count(const struct finding_scope *s)
{
	int64_t cpus = cluster_fact_int(s->h, "cpus", 2);

	if (!finding_control_plane(s) || cpus >= 2)
		return;
	struct finding *f = finding_add(s, finding_fresh_error(s), "%d CPU for a control plane", (int)cpus);
	finding_same_as(s, f, "NumCPU");
	finding_why(f, "kubeadm asks for 2: the API server and etcd starve each other on one");
	finding_remedy(f, "give the host 2 CPUs or make it a worker");
}

void find_memory_low(const struct finding_scope *s)
{
	int64_t mib = cluster_fact_int(s->h, "mem_kb", INT64_MAX) / KIB_PER_MIB;
	int floor = finding_control_plane(s) ? CONTROL_PLANE_MIB : WORKER_MIB;

	if (mib >= floor)
		return;
	struct finding *f = finding_add(s, finding_control_plane(s) ? finding_fresh_error(s) : FINDING_WARNING,
		"%d MiB of memory; a %s needs %d", (int)mib, finding_control_plane(s) ? "control plane" : "worker",
		floor);
	finding_same_as(s, f, "Mem");
	finding_why(f, "%s",
		finding_control_plane(s) ? "kubeadm refuses less: the kernel would kill etcd or the API server"
					 : "the kubelet and containerd leave little for pods");
	finding_remedy(f, "add memory or give this host another role");
}

static void check_space(
	const struct finding_scope *s, const char *word, const char *where, int64_t error_kb, int64_t warning_kb)
{
	int64_t kb = cluster_fact_int(s->h, word, INT64_MAX);
	enum finding_level level = kb < error_kb ? finding_fresh_error(s) : FINDING_WARNING;
	struct finding *f;

	if (kb >= warning_kb)
		return;
	f = finding_add(s, level, "%lld MiB free in %s, less than %lld", (long long)(kb / KIB_PER_MIB), where,
		(long long)((kb < error_kb ? error_kb : warning_kb) / KIB_PER_MIB));
	finding_why(f,
		"packages, images and etcd fill it; a full disk stops etcd, and the kubelet evicts pods below 15 %% free");
	finding_remedy(f,
		"free some space ('apt-get clean', 'journalctl --vacuum-size=100M', 'du -xh -d2 %s | sort -h') or enlarge the disk",
		where);
}

void find_disk_space(const struct finding_scope *s)
{
	check_space(s, "disk_var_kb", "/var/lib", 2LL * KIB_PER_GIB, 10LL * KIB_PER_GIB);
	if (finding_control_plane(s) && !cluster_fact_is(s->h, "disk_etcd_kb", cluster_fact(s->h, "disk_var_kb")))
		check_space(s, "disk_etcd_kb", "/var/lib/etcd", 2LL * KIB_PER_GIB, 4LL * KIB_PER_GIB);
	check_space(s, "disk_containerd_kb",
		*cluster_fact(s->h, "containerd_root") ? cluster_fact(s->h, "containerd_root") : "/var/lib/containerd",
		2LL * KIB_PER_GIB, 10LL * KIB_PER_GIB);
	check_space(s, "disk_kubelet_kb", "/var/lib/kubelet", 1LL * KIB_PER_GIB, 5LL * KIB_PER_GIB);
	check_space(s, "disk_etc_kb", "/etc", 20LL * KIB_PER_MIB, 100LL * KIB_PER_MIB);
	finding_eviction(s, false);
}

void find_inode_low(const struct finding_scope *s)
{
	int64_t left = cluster_fact_int(s->h, "inodes", 0);

	finding_eviction(s, true);
	/* some file systems have none to count */
	if (cluster_fact_int(s->h, "inodes_total", 0) <= 0 || left >= 100000)
		return;
	struct finding *f = finding_add(s, left < 10000 ? finding_fresh_error(s) : FINDING_WARNING,
		"%lld inodes left in /var/lib", (long long)left);
	finding_why(
		f, "unpacked images are many small files: 'no space left on device' comes while df shows gigabytes");
	finding_remedy(f,
		"remove small files ('du --inodes -xd3 /var | sort -n | tail'), or put /var/lib on a file system with more inodes");
}

void find_swap_on(const struct finding_scope *s)
{
	const char *swap = cluster_fact(s->h, "swap"), *boot = cluster_fact(s->h, "swap_boot");
	struct finding *f;

	if ((!*swap && !*boot) || inventory_keeps_swap(s->inv))
		return;
	f = *swap ? finding_add(s, FINDING_WARNING, "swap is on: %.*s", (int)strcspn(swap, " \n"), swap)
		  : finding_add(s, FINDING_WARNING, "swap is off, but the next boot turns it on: %.*s",
			    (int)strcspn(boot, "\n"), boot);
	finding_why(f, "the kubelet does not start with swap unless its configuration allows it");
	finding_remedy(f, "apply turns it off and keeps it off; to keep swap, set kubelet.config.failSwapOn: false");
}

void find_cgroup_v1(const struct finding_scope *s)
{
	bool told = s->inv->kubelet_config && !json_get_bool(s->inv->kubelet_config, "failCgroupV1", true);

	if (!cluster_fact_is(s->h, "cgroup", "v1") || !s->release || s->release->cgroup_v1)
		return;
	struct finding *f = finding_add(s, told ? FINDING_WARNING : FINDING_ERROR, "the host uses cgroup v1");
	finding_why(f, "the kubelet of %s %s", s->release->minor,
		told ? "runs on it only because failCgroupV1 is false; support for it ends soon"
		     : "does not start on cgroup v1");
	finding_remedy(f,
		told ? "boot with systemd.unified_cgroup_hierarchy=1 when you can"
		     : "add systemd.unified_cgroup_hierarchy=1 to the kernel's command line and reboot, or set kubelet.config.failCgroupV1: false");
}

void find_kernel_module_missing(const struct finding_scope *s)
{
	static const char *const names[] = { "overlay", "br_netfilter" };
	static const char *const uses[] = { "containerd stacks image layers with it",
		"most pod networks filter bridged traffic with it" };

	for (size_t i = 0; i < 2; i++) {
		if (strcmp(cluster_factf(s->h, "module.%s", names[i]), "unavailable") != 0)
			continue;
		struct finding *f = finding_add(s, FINDING_WARNING, "the kernel %s does not have the module %s",
			cluster_fact(s->h, "kernel"), names[i]);
		finding_why(f, "%s", uses[i]);
		finding_remedy(f,
			"install the modules of the running kernel (linux-modules-extra on Ubuntu), or reboot after a kernel upgrade");
	}
}

void find_kernel_lacks(const struct finding_scope *s)
{
	const char *lacks = cluster_fact(s->h, "kernel_lacks"), *kernel = cluster_fact(s->h, "kernel");
	const char *controller = strstr(lacks, "cgroup:");
	struct finding *f;

	if (!*lacks)
		return;
	if (strcmp(lacks, "config") == 0)
		f = finding_add(s, finding_fresh_error(s), "the kernel %s does not publish its configuration", kernel);
	else
		f = finding_add(s, finding_fresh_error(s), "the kernel %s lacks %s", kernel, lacks);
	finding_same_as(s, f, "SystemVerification");
	finding_why(
		f, "kubeadm refuses such a kernel, and the kubelet does not start without these cgroup controllers");
	if (controller)
		finding_remedy(f,
			"add cgroup_enable=%.*s to the kernel's command line and reboot (Raspberry Pi: cmdline.txt)",
			(int)strcspn(controller + 7, " "), controller + 7);
	else
		finding_remedy(f,
			"install the distribution's own kernel with its /boot/config file; if you know that the kernel has everything, set preflight.ignore: [SystemVerification]");
}

void find_time_service_missing(const struct finding_scope *s)
{
	const char *installed = cluster_fact(s->h, "time_daemon");
	struct finding *f;

	/* with time.manage: false the operator has said that something else does it */
	if (!s->inv->time.manage || cluster_clock_kept(s->h))
		return;
	f = *installed ? finding_add(
				 s, FINDING_WARNING, "%s is installed to keep the clock, but is not running", installed)
		       : finding_add(s, FINDING_WARNING, "no time service keeps this host's clock");
	finding_why(f,
		"certificates and etcd's leases depend on the clock; hosts whose clocks drift apart fail later, in strange ways");
	if (*installed)
		finding_remedy(f,
			"start its service on the host; if something else sets the clock (PTP, a hypervisor), set 'time: {manage: false}'");
	else
		finding_remedy(f,
			"apply installs systemd-timesyncd; if something else sets the clock (PTP, a hypervisor), set 'time: {manage: false}'");
}
