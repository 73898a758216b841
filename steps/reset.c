/* Undoing the installation by the host's own ledger, on the hosts that the operator was shown and no other. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/str.h"
#include "cluster/snapshots.h"
#include "inventory/inventory.h"
#include "steps/run/family.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

static const char *const network_words[] = { "stopped", "error", "hint", NULL };
static const char *const reset_words[] = { "undone", "error", "hint", NULL };

void host_identify(const struct cluster_host *h, struct host_identity *out)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->machine_id, sizeof(out->machine_id), "%s", cluster_fact(h, "machine_id"));
	snprintf(out->product_uuid, sizeof(out->product_uuid), "%s", cluster_fact(h, "product_uuid"));
}

/* A pod network's configuration or etcd's data alone may be of something else. */
static bool runs_kubernetes(const struct cluster_host *h)
{
	const char *have = cluster_fact(h, "have");

	return strstr(have, "kubelet-conf") || strstr(have, "admin-conf") || strstr(have, "-manifest") ||
	       cluster_fact_is(h, "unit.kubelet", "active") || cluster_fact_int(h, "pods", 0) > 0;
}

/* What kubewright changed there has a ledger; init or join was not among it. */
static bool joined_by_others(const struct cluster_host *h)
{
	return cluster_fact_has(h, "have", "kubelet-conf") && !*cluster_fact(h, "job.init") &&
	       !*cluster_fact(h, "job.join");
}

int reset_guard(const struct inventory *inv, const struct cluster_host *hosts, int host, struct error *err)
{
	const struct cluster_host *h = &hosts[host];
	const char *name = inv->hosts[host].name;
	const char *cluster = cluster_fact(h, "record.cluster"), *node = cluster_fact(h, "record.node");

	if (*cluster && strcmp(cluster, inv->cluster) != 0) {
		error_refuse(err, ERROR_PREFLIGHT, REFUSAL_OTHER_CLUSTER, cluster,
			"this host belongs to the cluster %s; the inventory is for %s", cluster, inv->cluster);
		return error_hint(
			err, "is its address right? a host of %s is reset with that cluster's inventory", cluster);
	}
	if (*node && strcmp(node, name) != 0) {
		error_refuse(err, ERROR_PREFLIGHT, REFUSAL_OTHER_NAME, node,
			"this host was installed as %s; the inventory calls it %s", node, name);
		return error_hint(err, "are two addresses swapped in the inventory? correct it, then reset");
	}
	if (!cluster_fact_is(h, "ledger", "yes") && runs_kubernetes(h)) {
		error_refuse(err, ERROR_PREFLIGHT, REFUSAL_NO_LEDGER, NULL,
			"Kubernetes is on this host, but kubewright did not install it: there is no undo ledger");
		return error_hint(err,
			"is its address right? to remove it anyway, run 'kubeadm reset' or its installer's own command "
			"on the host; --hosts leaves it out");
	}
	if (joined_by_others(h)) {
		error_refuse(err, ERROR_PREFLIGHT, REFUSAL_NOT_OURS, name,
			"the cluster on this host was not made by kubewright: it was there before");
		return error_hint(err,
			"reset undoes only what kubewright installed; 'kubewright remove %s' takes the host out of its "
			"cluster; --hosts leaves it out",
			name);
	}
	return 0;
}

/* Between the question and the answer an address may have come to another machine. */
static int same_host(const struct host_identity *shown, const struct cluster_host *h, struct error *err)
{
	struct host_identity now;

	host_identify(h, &now);
	if (!*shown->machine_id && !*shown->product_uuid) {
		error_refuse(err, ERROR_PREFLIGHT, REFUSAL_NOT_SHOWN, NULL,
			"this host could not be looked at before the reset was confirmed, but answers now");
		return error_hint(err, "run 'kubewright reset' again: it shows the host and asks");
	}
	if (strcmp(now.machine_id, shown->machine_id) == 0 && strcmp(now.product_uuid, shown->product_uuid) == 0)
		return 0;
	error_refuse(err, ERROR_PREFLIGHT, REFUSAL_OTHER_MACHINE, now.machine_id,
		"the machine that answers is not the one that was shown: its machine-id is %s, not %s", now.machine_id,
		shown->machine_id);
	return error_hint(err,
		"nothing was done to it; is the address used twice? run 'kubewright reset' again to see what answers "
		"now");
}

enum step_verdict reset_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_host *facts = world_facts(t);
	const char *name = world_host(t)->name;

	if (lock_refused(t, why) || (w->wish.shown && same_host(&w->wish.shown[task_host(t)], facts, why)) ||
		reset_guard(w->wish.inventory, w->seen.hosts, task_host(t), why))
		return STEP_IMPOSSIBLE;
	if (cluster_fact_is(facts, "ledger", "no"))
		return STEP_DONE;
	return step_needed(why, EVIDENCE_LEDGER, name, "undoes everything that kubewright changed on %s", name);
}

/* The last copy of the data must not be lost without a word, nor stay without one. */
static void tell_snapshots(struct task *t)
{
	const char *name = world_host(t)->name;
	struct snapshot_file one;

	if (snapshots_of(world_facts(t), &one, 1))
		task_notice(t, NOTICE_SNAPSHOTS_STAY, name,
			"snapshots of etcd stay on %s in %s: they hold the cluster's Secrets, so delete them when they are needed no more",
			name, world_of(t)->wish.inventory->etcd.snapshots.folder);
}

int reset_apply(struct task *t, struct error *err)
{
	struct str script = STR_INIT;
	int rc;

	/* a reset that still runs is past its changes to the network */
	if (strcmp(world_job_state(world_facts(t), "reset"), "running") != 0) {
		str_addf(&script, "%s%s", host_script_undo, host_script_reset_network);
		rc = world_network_job(t, "reset-network", script.buf,
			"Kubernetes' packet filter rules, kernel settings and interfaces were removed", network_words,
			10 * 60000, err);
		str_release(&script);
		if (rc)
			return -1;
	}
	str_add(&script, host_script_filter);
	str_add(&script, host_script_trees);
	str_add(&script, host_script_undo);
	str_add(&script, package_family_of(world_facts(t))->undo);
	str_add(&script, host_script_reset);
	rc = world_job(t, "reset", script.buf, NULL, 0, reset_words, NULL, NULL, 20 * 60000, err);
	str_release(&script);
	if (rc == 0)
		tell_snapshots(t);
	return rc;
}

enum step_verdict leave_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const char *cluster = cluster_fact(world_facts(t), "record.cluster");

	if (!world_removes(w, task_host(t)))
		return STEP_NOT_HERE;
	if (*cluster && strcmp(cluster, w->wish.inventory->cluster) != 0) {
		error_refuse(why, ERROR_INVENTORY, REFUSAL_OTHER_CLUSTER, cluster,
			"%s is installed for the cluster %s, not for %s: it stays unchanged", world_host(t)->name,
			cluster, w->wish.inventory->cluster);
		error_hint(why, "is its address in the inventory right?");
		return STEP_IMPOSSIBLE;
	}
	if (!world_expelled(t, why))
		return STEP_IMPOSSIBLE;
	if (!world_facts(t)->adopted)
		return reset_check(t, why);
	if (lock_refused(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_LEFTOVERS, world_host(t)->name,
		"runs kubeadm reset; what else was installed before kubewright stays");
}

int leave_apply(struct task *t, struct error *err)
{
	/* one that was taken over: what kubewright changed there since goes, too */
	return cluster_fact_is(world_facts(t), "ledger", "yes") ? reset_apply(t, err) : world_clean(t, err);
}
