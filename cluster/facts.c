/* What one host said of itself: the getters, and the list of words that the probe may answer. */
#include "base/alloc.h"
#include "cluster/cluster.h"
#include "cluster/findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kept in the order of steps/host/probe.sh, which documents each; "-" and "=" as remote_script says. */
const char *const cluster_probe_words[] = {
	"now_ms",
	"now_end_ms",
	"lock",
	"-lock_owner",
	"-lock_run",
	"-lock_since",
	"-lock_machine",
	"-lock_step",
	"lock_age",
	"-os_id",
	"-os_version_id",
	"-os_name",
	"-os_codename",
	"-kernel",
	"-boot_id",
	"reboot",
	"-arch",
	"-hostname",
	"-machine_id",
	"-product_uuid",
	"cpus",
	"mem_kb",
	"swap",
	"swap_boot",
	"-cpu_model",
	"-serial",
	"uptime_s",
	"pods",
	"containers",
	"block_devices",
	"nics",
	"gpus",
	"cgroup",
	"-virt",
	"-pid1",
	"addrs",
	"routes",
	"-default_iface",
	"-address_iface",
	"vip_held",
	"drill",
	"vip_answers",
	"disk_var_kb",
	"disk_etcd_kb",
	"disk_etc_kb",
	"disk_containerd_kb",
	"-containerd_root",
	"disk_kubelet_kb",
	"inodes",
	"inodes_total",
	"-data_disk",
	"read_only",
	"writable_dirs",
	"listen",
	"listen_who",
	"resolve",
	"-resolve_by",
	"-unit.*",
	"-enabled.*",
	"-pkg_manager",
	"-pkg.*",
	"hold",
	"shadowed",
	"dpkg_broken",
	"apt_proxy",
	"sum.*",
	"-mode.*",
	"=text.*",
	"pki_manifest",
	"ca_keys",
	"ca_keys_left",
	"ca_signs",
	"ca_apart",
	"have",
	"-image.*",
	"apiserver_files",
	"encryption",
	"ca_crt",
	"kubelet_cert",
	"-kubelet_server",
	"-record.*",
	"ledger",
	"owned",
	"-job.*",
	"cert.*",
	"pki.*",
	"pki_sum.*",
	"kept.*",
	"kubelet_args",
	"pod.*",
	"log.*",
	"sysctl.*",
	"-sysctl_boot.*",
	"module.*",
	"images",
	"-containerd_version",
	"-time_sync",
	"-time_daemon",
	"-time_keeper",
	"-resolv_conf",
	"-nameservers",
	"repo.*",
	"source.*",
	"apt_refuses",
	"foreign",
	"kernel_lacks",
	"sudo_logs_input",
	"leftovers",
	"firewall",
	"cni",
	"cni_pods",
	"snapshots",
	"-snapshot_try",
	"-snapshot_since",
	"-snapshot_id",
	"filesystems",
	"fills",
	"error",
	"hint",
	NULL,
};

const char *cluster_fact(const struct cluster_host *h, const char *word)
{
	const char *value = remote_answer_get(&h->facts, word);

	return value ? value : "";
}

bool cluster_fact_is(const struct cluster_host *h, const char *word, const char *value)
{
	return strcmp(cluster_fact(h, word), value) == 0;
}

int64_t cluster_fact_int(const struct cluster_host *h, const char *word, int64_t def)
{
	const char *text = cluster_fact(h, word);
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	return end == text || *end || errno ? def : (int64_t)v;
}

const char *cluster_factf(const struct cluster_host *h, const char *fmt, ...)
{
	char word[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= sizeof(word) ? "" : cluster_fact(h, word);
}

void cluster_fact_lines(
	const struct cluster_host *h, const char *word, void (*fn)(const char *line, void *ctx), void *ctx)
{
	const char *p = cluster_fact(h, word);

	while (*p) {
		size_t n = strcspn(p, "\n");

		if (n) {
			char *line = xstrndup(p, n);

			fn(line, ctx);
			free(line);
		}
		p += n + (p[n] == '\n');
	}
}

bool cluster_fact_first(const struct cluster_host *h, const char *word, const char *value)
{
	const char *text = cluster_fact(h, word);
	size_t n = strcspn(text, " \n");

	return n == strlen(value) && strncmp(text, value, n) == 0;
}

bool cluster_fact_has(const struct cluster_host *h, const char *word, const char *value)
{
	return finding_has_word(cluster_fact(h, word), value);
}

bool cluster_is_fact(const char *word)
{
	for (const char *const *w = cluster_probe_words; *w; w++) {
		const char *name = *w + strspn(*w, "-=");
		size_t n = strcspn(name, "*");

		if (strncmp(name, word, n) == 0 && (name[n] == '*' || word[n] == '\0'))
			return true;
	}
	return false;
}

const char *cluster_runtime_package(const struct cluster_host *h)
{
	return *cluster_fact(h, "pkg.containerd.io") ? "containerd.io" : "containerd";
}

const char *cluster_runtime_version(const struct cluster_host *h)
{
	return cluster_factf(h, "pkg.%s", cluster_runtime_package(h));
}

bool cluster_clock_kept(const struct cluster_host *h)
{
	static const char *const services[] = { "systemd-timesyncd", "chrony", "ntp", "ntpsec" };

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(cluster_factf(h, "unit.%s", services[i]), "active") == 0 ||
			strcmp(cluster_factf(h, "enabled.%s", services[i]), "enabled") == 0)
			return true;
	return cluster_fact_is(h, "time_sync", "yes") || *cluster_fact(h, "time_keeper");
}

void cluster_set(struct cluster_host *h, const char *word, const char *value)
{
	remote_answer_set(&h->facts, word, value);
}

static bool job_done(const struct cluster_host *h, const char *name)
{
	return strncmp(cluster_factf(h, "job.%s", name), "done 0 ", 7) == 0;
}

bool cluster_kubeadm_done(const struct cluster_host *h)
{
	return h->adopted || job_done(h, "init") || job_done(h, "join");
}

void cluster_host_release(struct cluster_host *h)
{
	remote_answer_release(&h->facts);
	memset(h, 0, sizeof(*h));
}
