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
/* The last name has the last word among the files that a boot reads. */
static const char sysctl_path[] = "/etc/sysctl.d/zz-kubewright.conf";
static const char sysctl_conf[] = "# kubewright: pod traffic is routed by this host and seen by its packet filter\n"
				  "net.ipv4.ip_forward = 1\n"
				  "net.bridge.bridge-nf-call-iptables = 1\n"
				  "net.bridge.bridge-nf-call-ip6tables = 1\n";

static const char *const os_words[] = { "resolve", "resolve_by", "swap", "swap_boot", "sysctl.*", "sysctl_boot.*",
	"module.*", "sum.*", "mode.*", "prepared", "error", "hint", NULL };

static const char *const keys[] = { "net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables",
	"net.bridge.bridge-nf-call-ip6tables" };
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static void os_files(struct managed_files *f)
{
	managed_add(f, "/etc/modules-load.d/kubewright.conf", 0644, false, modules_conf, sizeof(modules_conf) - 1);
	managed_add(f, sysctl_path, 0644, false, sysctl_conf, sizeof(sysctl_conf) - 1);
}

/* The kubelet starts beside swap only when its configuration says so. */
static bool keeps_swap(const struct inventory *inv)
{
	return inv->kubelet_config && !json_get_bool(inv->kubelet_config, "failSwapOn", true);
}

/* Whether a key is to be set now, or at the next boot. Bridges have none before their module is loaded. */
static bool wrong_now(const struct cluster_host *h, size_t i)
{
	const char *now = cluster_factf(h, "sysctl.%s", keys[i]);

	return strcmp(now, "1") != 0 && (*now || i == 0);
}

static bool wrong_at_boot(const struct cluster_host *h, size_t i)
{
	return strncmp(cluster_factf(h, "sysctl_boot.%s", keys[i]), "1 ", 2) != 0;
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
		return step_needed(why, EVIDENCE_FILE, which, "writes %s", which);
	if (!cluster_fact_first(h, "resolve", world_host(t)->address))
		return step_needed(why, EVIDENCE_NAME, world_host(t)->name, "makes %s resolve to %s",
			world_host(t)->name, world_host(t)->address);
	if (*cluster_fact(h, "swap") && !keeps_swap(world_of(t)->inventory))
		return step_needed(why, EVIDENCE_SWAP, NULL, "turns swap off");
	if (*cluster_fact(h, "swap_boot") && !keeps_swap(world_of(t)->inventory))
		return step_needed(why, EVIDENCE_SWAP_BOOT, NULL, "keeps swap off at the next boot");
	for (size_t i = 0; i < KEYS; i++) {
		if (wrong_now(h, i))
			return step_needed(why, EVIDENCE_SYSCTL, keys[i], "sets %s", keys[i]);
		if (wrong_at_boot(h, i))
			return step_needed(why, EVIDENCE_SYSCTL_BOOT, keys[i], "sets %s for the next boot", keys[i]);
	}
	return STEP_DONE;
}

/* What is still as it was after the script has changed it, and what has the last word. */
static int os_verify(struct task *t, struct error *err)
{
	const struct cluster_host *h = world_facts(t);
	const char *name = world_host(t)->name, *by = cluster_fact(h, "resolve_by");
	const char *swap = cluster_fact(h, "swap"), *boot = cluster_fact(h, "swap_boot");

	if (!cluster_fact_first(h, "resolve", world_host(t)->address)) {
		error_set(err, ERROR_COMMAND, "%s still resolves to '%s', although /etc/hosts has %s", name,
			cluster_fact(h, "resolve"), world_host(t)->address);
		return error_hint(err, "%s has the last word: correct it, so that 'getent ahostsv4 %s' gives %s first",
			*by ? by : "/etc/nsswitch.conf", name, world_host(t)->address);
	}
	if (!keeps_swap(world_of(t)->inventory) && (*swap || *boot)) {
		error_set(err, ERROR_COMMAND, "swap is %s: %.*s", *swap ? "on again" : "still made by the next boot",
			(int)strcspn(*swap ? swap : boot, "\n"), *swap ? swap : boot);
		return error_hint(
			err, "turn it off where it is configured; to keep it, set kubelet.config.failSwapOn: false");
	}
	for (size_t i = 0; i < KEYS; i++) {
		const char *last = cluster_factf(h, "sysctl_boot.%s", keys[i]), *where = strchr(last, ' ');

		if (wrong_now(h, i)) {
			error_set(err, ERROR_COMMAND, "%s was set to 1 and is '%s' again", keys[i],
				cluster_factf(h, "sysctl.%s", keys[i]));
			return error_hint(err, "a program on this host sets it back; find it and change its setting");
		}
		if (wrong_at_boot(h, i)) {
			error_set(err, ERROR_COMMAND, "the next boot would set %s to '%.*s': %s", keys[i],
				(int)strcspn(last, " "), last, where ? where + 1 : "no file sets it");
			return error_hint(
				err, "take that line out: its file is read after kubewright's %s", sysctl_path);
		}
	}
	return world_verified(t, os_check, err);
}

int os_apply(struct task *t, struct error *err)
{
	struct managed_files files = { .count = 0 };
	const struct remote_param *file_params;
	struct remote_param params[16] = {
		{ "address", world_host(t)->address },
		{ "keep_swap", keeps_swap(world_of(t)->inventory) ? "yes" : "no" },
	};
	struct remote_answer answer = { 0 };
	struct str script = STR_INIT;
	size_t n;
	int rc;

	os_files(&files);
	n = managed_params(&files, &file_params);
	memcpy(params + 2, file_params, n * sizeof(*params));
	str_add(&script, host_script_trees);
	str_add(&script, host_script_os);
	rc = world_script(t, "os", script.buf, params, n + 2, os_words, &answer, SCRIPT_CHANGE_MS, err);
	str_release(&script);
	if (rc == 0) {
		world_learn(t, &answer);
		rc = os_verify(t, err);
	}
	remote_answer_release(&answer);
	managed_release(&files);
	return rc;
}
