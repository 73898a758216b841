/*
 * kubeadm's part of an upgrade, on each host: `upgrade apply` on the first control plane, `upgrade node` on all others. What is done and what is left is read from the hosts and
 * the API alone: tags of the static Pods' images, packages, what a host has recorded of an upgrade that ended well, the version in kubeadm-config. So an upgrade that was
 * interrupted continues from anywhere.
 */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const upgrade_words[] = { "record.*", "-image.*", "apiserver_files", "encryption", "sum.*", "mode.*",
	"error", "hint", NULL };

static bool is_control_plane(const struct world *w, size_t host)
{
	return w->wish.inventory->hosts[host].role == INVENTORY_CONTROL_PLANE;
}

/* ---- what stops the others ---- */

/*
 * What went wrong on one host would go wrong on the next: 0, or -1 with why nothing is done here. A host that only could not be reached stops no other one's kubelet, but a
 * control plane stops all that follows.
 */
int upgrade_stopped(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct inventory_host *other = world_stopped_at(t);
	int rc = 0;

	task_lock(t);
	/* a worker of the same batch, with its pods gone, is not left so */
	if (w->seen.begun[task_host(t)])
		other = NULL;
	for (size_t i = 0; !other && i < w->wish.inventory->host_count; i++)
		if (is_control_plane(w, i) && (int)i != task_host(t) && task_aside(t, (int)i) &&
			upgrade_member(w, (int)i) && !upgrade_host_done(w, (int)i))
			other = &w->wish.inventory->hosts[i];
	task_unlock(t);
	if (other) {
		rc = error_refuse(why, ERROR_COMMAND, REFUSAL_UPGRADE, other->name,
			"the upgrade stopped at %s, so no other host is upgraded", other->name);
		error_hint(why, "fix what is reported there and run 'kubewright upgrade %s' again", w->decided.version);
	}
	return rc;
}

int upgrade_result(struct task *t, int rc, const struct error *err)
{
	return world_turn_ended(t, rc, err->kind != ERROR_CONNECT && err->kind != ERROR_CANCELLED);
}

/* ---- the steps ---- */

enum step_verdict upgrade_snapshot_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (!upgrade_behind(w))
		return STEP_NOT_HERE;
	/* the first one that comes: a lead that was set aside must not make it be left out */
	if (w->decided.snapshot || (task_check_only(t) && task_host(t) != w->decided.lead))
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_ETCD, "snapshot", "takes a snapshot of etcd: the only way back");
}

int upgrade_snapshot_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct net_snapshot info;
	char *path;

	if (w->decided.snapshot)
		return 0;
	path = world_snapshot(t, &info, err);
	if (!path)
		return error_wrap(err, "no snapshot of etcd could be taken, and nothing is upgraded without one");
	task_notice(t, NOTICE_SNAPSHOT, path, "saved etcd's data before the upgrade: %s (%lld bytes)", path,
		(long long)info.size);
	free(path);
	task_lock(t);
	w->decided.snapshot = true;
	task_unlock(t);
	return 0;
}

/* Before anything is changed: kubewright replaces no container runtime of a living cluster. */
static int refuse_runtime(struct task *t, struct error *why)
{
	const char *have = cluster_runtime_version(world_facts(t)),
		   *floor = world_of(t)->wish.release->containerd_floor;

	if (!*have || release_compare(have, floor) >= 0)
		return 0;
	error_refuse(why, ERROR_PREFLIGHT, REFUSAL_VERSION, cluster_runtime_package(world_facts(t)),
		"containerd %s is too old for Kubernetes %s, which needs %s or newer", have,
		world_of(t)->decided.version, floor);
	return error_hint(
		why, "upgrade containerd on this host first: drain it, install the newer package, uncordon it");
}

enum step_verdict upgrade_kubeadm_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	int host = task_host(t);

	if (!upgrade_member(w, host) || upgrade_host_done(w, host))
		return STEP_NOT_HERE;
	return upgrade_stopped(t, why) || refuse_runtime(t, why) ? STEP_IMPOSSIBLE : packages_check(t, why);
}

enum step_verdict upgrade_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	int host = task_host(t);
	/* a look changes nothing: the first control plane is the one that will have done it for the others */
	bool first = !task_check_only(t) || upgrade_behind(w) == world_host(t);
	const char *mode = is_control_plane(w, (size_t)host) && !w->decided.config_new && first ? "apply" : "node";

	if (!upgrade_member(w, host) || upgrade_host_done(w, host))
		return STEP_NOT_HERE;
	if (upgrade_stopped(t, why))
		return STEP_IMPOSSIBLE;
	step_needed(
		why, EVIDENCE_UPGRADE, w->decided.version, "runs kubeadm upgrade %s, to %s", mode, w->decided.version);
	return strcmp(world_job_state(&w->seen.hosts[host], "upgrade"), "died") == 0 ? STEP_HALF_DONE : STEP_NEEDED;
}

/* The job may have been that of another run, and to another version. */
static int verify_components(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	int host = task_host(t);
	const struct cluster_host *h = &w->seen.hosts[host];
	const char *recorded = cluster_fact(h, "record.upgraded");

	if (upgrade_is_version(recorded, w->decided.version) &&
		(!is_control_plane(w, (size_t)host) || upgrade_components_new(w, h)))
		return 0;
	error_set(err, ERROR_COMMAND, "kubeadm upgrade ended well, yet %s is not at %s but at %s",
		w->wish.inventory->hosts[host].name, w->decided.version, *recorded ? recorded : "none");
	return error_hint(
		err, "another run may have upgraded it: see 'kubewright logs %s'", w->wish.inventory->hosts[host].name);
}

int upgrade_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	bool control_plane = world_is_control_plane(t), apply = control_plane && !w->decided.config_new;
	struct remote_answer answer = { 0 };
	struct str config = STR_INIT;
	int rc;

	kubeadm_upgrade_config(w, &config);
	const struct remote_param params[] = {
		{ "config", config.buf },
		{ "version", w->decided.version },
		{ "mode", apply ? "apply" : "node" },
		{ "role", control_plane ? "control-plane" : "worker" },
		{ "renewal", inventory_keeps_ca_keys(w->wish.inventory) ? "no" : "yes" },
	};
	rc = world_job(t, "upgrade", host_script_upgrade, params, sizeof(params) / sizeof(params[0]), upgrade_words,
		&answer, NULL, 40 * 60000, err);
	str_release(&config);
	if (rc) {
		world_explain(t, "upgrade", err);
		task_lock(t);
		upgrade_forget(w, task_host(t));
		task_unlock(t);
		return upgrade_result(t, -1, err);
	}
	world_learn(t, &answer);
	remote_answer_release(&answer);
	if (upgrade_result(t, verify_components(t, err), err))
		return -1;
	task_lock(t);
	w->decided.config_new = w->decided.config_new || apply;
	task_unlock(t);
	return 0;
}

/* ---- the end ---- */

/* kubeadm leaves the add-ons unchanged, and ends well, while it sees an API server's Pod of another version. */
static int look_at_addons(struct net_client *c, void *world, struct error *err)
{
	const struct world *w = world;
	long status = 0;
	struct json *set = net_json(
		c, "GET", "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy", NULL, NULL, &status, err);
	const char *image, *tag;
	int rc = 0;

	/* a cluster without kube-proxy */
	if (!set)
		return status == 404 ? (memset(err, 0, sizeof(*err)), 0) : -1;
	image = json_get_str(json_at(json_get(set, "spec.template.spec.containers"), 0), "image", "");
	tag = strrchr(image, ':');
	if (tag && !strchr(tag, '/') && !upgrade_is_version(tag + 1, w->decided.version)) {
		rc = error_set(err, ERROR_COMMAND, "kube-proxy is still %.31s: kubeadm has left the add-ons unchanged",
			tag + 1);
		error_hint(err,
			"it does while there is a Pod of an API server of another version: see 'kubectl -n kube-system get pods'; then run 'kubeadm upgrade node phase addon all' on a control plane");
	}
	json_free(set);
	return rc;
}

int upgrade_verify_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);

	return verify_apply(t, err) || (!upgrade_behind(w) && world_any_api(t, look_at_addons, w, err)) ? -1 : 0;
}
