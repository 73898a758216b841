/*
 * What follows kubeadm's part of an upgrade on a host: its pods go where a new minor version wants that, kubelet, kubectl and containerd get their versions, the
 * kubelet restarts and is seen to report the new version, and the Node takes pods again if this is what had cordoned it.
 */
#include "steps/steps.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

/* On a Node that an upgrade has cordoned. */
#define NOTE "kubewright/upgrade"

static const char *const kubelet_words[] = { "restarted", "error", "hint", NULL };

/* This host's Node as the survey saw it; NULL: the cluster has no such Node, and apply's business. */
static const struct cluster_node *node_of(struct task *t)
{
	return upgrade_member(world_of(t), task_host(t))
		       ? cluster_find_node(&world_of(t)->seen.cluster, world_host(t)->name)
		       : NULL;
}

static bool is_new(const struct world *w, const struct cluster_node *node)
{
	return upgrade_is_version(node->version, w->decided.version);
}

/* No kubelet may be newer than any API server. */
static bool held_back(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const char *name = world_host(t)->name;

	if (upgrade_stopped(t, why))
		return true;
	if (task_check_only(t) || upgrade_kubelet_due(w, task_host(t)))
		return false;
	error_refuse(why, ERROR_COMMAND, REFUSAL_UPGRADE, name,
		"%s keeps its kubelet: a control plane is not upgraded yet, and no kubelet may be newer than an API server",
		name);
	error_hint(why, "fix what is reported there and run 'kubewright upgrade %s' again", w->decided.version);
	return true;
}

/* ---- pods go ------------------------------------------------------------------------------------------------------- */

enum step_verdict upgrade_drain_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_node *node = node_of(t);

	/* in place with its pods a kubelet may change its patch level alone */
	if (!node || release_minor(node->version) == release_minor(w->decided.version))
		return STEP_NOT_HERE;
	if (held_back(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_PODS, node->name, "cordons the Node and evicts its pods");
}

static bool cordoned(const struct world *w, int host, const struct cluster_node *node)
{
	return w->seen.begun[host] || node_noted(node, NOTE);
}

enum step_verdict upgrade_uncordon_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_node *node = node_of(t);

	if (!node || !cordoned(w, task_host(t), node))
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_CORDONED, node->name, "lets pods onto the Node again");
}

int upgrade_uncordon_apply(struct task *t, struct error *err)
{
	return node_uncordon(t, NOTE, err);
}

/* Nothing that matters was changed here: the Node takes pods as before. */
static void takes_pods(struct task *t)
{
	struct error no = { 0 };

	if (upgrade_uncordon_apply(t, &no))
		task_log(t, "%s stays cordoned: %s", world_host(t)->name, no.what);
}

/* ---- versions ------------------------------------------------------------------------------------------------------ */

int upgrade_kubeadm_apply(struct task *t, struct error *err)
{
	return upgrade_result(t, packages_apply(t, err), err);
}

int upgrade_packages_apply(struct task *t, struct error *err)
{
	int rc = packages_apply(t, err);

	/* the kubelet that runs is the one of before */
	if (rc)
		takes_pods(t);
	return upgrade_result(t, rc, err);
}

int upgrade_runtime_apply(struct task *t, struct error *err)
{
	return upgrade_result(t, runtime_apply(t, err), err);
}

enum step_verdict upgrade_packages_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_node *node = node_of(t);

	if (!node)
		return STEP_NOT_HERE;
	/* in a look no API server has the version yet, and the kubelet would have to wait */
	if (task_check_only(t) && !upgrade_is_version(cluster_fact(world_facts(t), "pkg.kubelet"), w->decided.version))
		return step_needed(
			why, EVIDENCE_PACKAGE, "kubelet", "installs kubelet and kubectl %s", w->decided.version);
	return held_back(t, why) ? STEP_IMPOSSIBLE : packages_check(t, why);
}

enum step_verdict upgrade_runtime_check(struct task *t, struct error *why)
{
	if (!node_of(t))
		return STEP_NOT_HERE;
	return held_back(t, why) ? STEP_IMPOSSIBLE : runtime_check(t, why);
}

enum step_verdict upgrade_kubelet_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_node *node = node_of(t);

	if (!node)
		return STEP_NOT_HERE;
	if (is_new(w, node))
		return STEP_DONE;
	if (held_back(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_UNIT, "kubelet", "restarts the kubelet with %s", w->decided.version);
}

int upgrade_drain_apply(struct task *t, struct error *err)
{
	static const struct drain_purpose purpose = { NOTE, "yes", "continue while the kubelet changes" };
	struct world *w = world_of(t);
	int rc;

	task_lock(t);
	w->seen.begun[task_host(t)] = true;
	task_unlock(t);
	rc = node_drain(t, &purpose, err);
	if (rc)
		takes_pods(t);
	return upgrade_result(t, rc, err);
}

int upgrade_kubelet_apply(struct task *t, struct error *err)
{
	int rc = world_script(t, "kubelet", host_script_kubelet, NULL, 0, kubelet_words, NULL, SCRIPT_CHANGE_MS, err);

	if (rc)
		world_explain(t, "", err);
	else
		rc = node_await(t, &(struct node_wanted){ .version = world_of(t)->decided.version }, err);
	return upgrade_result(t, rc, err);
}
