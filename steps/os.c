/* The system below Kubernetes: names, swap, modules, sysctls. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host_scripts.h"

#include <stdio.h>
#include <string.h>

static const char modules_conf[] = "# kubewright: containers and bridged pod traffic\noverlay\nbr_netfilter\n";
static const char sysctl_conf[] = "# kubewright: pod traffic is routed by this host and seen by its packet filter\n"
				  "net.ipv4.ip_forward = 1\n"
				  "net.bridge.bridge-nf-call-iptables = 1\n"
				  "net.bridge.bridge-nf-call-ip6tables = 1\n";

static const char *const os_words[] = { "ip_forward", "prepared", "error", "hint", NULL };

static void os_files(struct managed_files *f)
{
	managed_add(f, "/etc/modules-load.d/kubewright.conf", 0644, false, modules_conf, sizeof(modules_conf) - 1);
	managed_add(f, "/etc/sysctl.d/90-kubewright.conf", 0644, false, sysctl_conf, sizeof(sysctl_conf) - 1);
}

/* The kubelet starts beside swap only when its configuration says so. */
static bool keeps_swap(const struct inventory *inv)
{
	return inv->kubelet_config && !json_get_bool(inv->kubelet_config, "failSwapOn", true);
}

enum step_verdict os_check(struct task *t, struct error *why)
{
	const struct cluster_host *h = world_facts(t);
	struct managed_files files = { .count = 0 };
	const char *which = NULL;
	bool same;

	os_files(&files);
	same = managed_check(t, &files, &which);
	managed_release(&files);
	if (!same)
		error_set(why, ERROR_NONE, "writes %s", which);
	else if (strncmp(cluster_fact(h, "resolve"), world_host(t)->address, strlen(world_host(t)->address)) != 0)
		error_set(why, ERROR_NONE, "makes %s resolve to %s", world_host(t)->name, world_host(t)->address);
	else if (*cluster_fact(h, "swap") && !keeps_swap(world_of(t)->inventory))
		error_set(why, ERROR_NONE, "turns swap off");
	else if (!cluster_fact_is(h, "sysctl.net.ipv4.ip_forward", "1"))
		error_set(why, ERROR_NONE, "sets net.ipv4.ip_forward");
	else
		return STEP_DONE;
	return STEP_NEEDED;
}

int os_apply(struct task *t, struct error *err)
{
	struct managed_files files = { .count = 0 };
	const struct remote_param *file_params;
	struct remote_param params[16] = {
		{ "address", world_host(t)->address },
		{ "keep_swap", keeps_swap(world_of(t)->inventory) ? "yes" : "no" },
	};
	struct str script = STR_INIT;
	size_t n;
	int rc;

	os_files(&files);
	n = managed_params(&files, &file_params);
	memcpy(params + 2, file_params, n * sizeof(*params));
	str_add(&script, host_script_trees);
	str_add(&script, host_script_os);
	rc = world_script(t, "os", script.buf, params, n + 2, os_words, NULL, SCRIPT_CHANGE_MS, err);
	str_release(&script);
	if (rc == 0) {
		task_lock(t);
		managed_done(&files, world_facts(t), NULL);
		cluster_set(world_facts(t), "resolve", world_host(t)->address);
		cluster_set(world_facts(t), "sysctl.net.ipv4.ip_forward", "1");
		task_unlock(t);
	}
	managed_release(&files);
	return rc;
}
