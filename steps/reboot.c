/*
 * Hosts restart one after the other while the cluster works: a host's pods go, it reboots, it is back when SSH, its boot id and its Node say so, and its Node takes
 * pods again. Which boot a host was to leave stands in an annotation of its Node, so that an interrupted run is continued and restarts nothing twice.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

/* On a Node that a reboot has cordoned: the boot id of before. */
#define NOTE "kubewright/reboot"

static const char *const reboot_words[] = { "boot_id", "going", "error", "hint", NULL };

static const struct cluster_node *node_of(struct task *t)
{
	return upgrade_member(world_of(t), task_host(t))
		       ? cluster_find_node(&world_of(t)->seen.cluster, world_host(t)->name)
		       : NULL;
}

static const char *boot_of(struct task *t)
{
	return cluster_fact(world_facts(t), "boot_id");
}

/* Cordoned by an earlier run, or by this one, and not let go. */
static const char *note_of(struct task *t)
{
	const struct cluster_node *node = node_of(t);

	return node ? node_noted(node, NOTE) : NULL;
}

static bool is_named(struct task *t)
{
	const struct world *w = world_of(t);
	const struct wish *wish = &w->wish;

	return wish->reboot && wish->reboot[task_host(t)] &&
	       (!wish->pending || *cluster_fact(world_facts(t), "reboot") || w->seen.begun[task_host(t)] || note_of(t));
}

/* An earlier run restarted it, and did not get as far as its Node. Somebody who let pods onto it has left the note alone. */
static bool is_restarted(struct task *t)
{
	const char *note = note_of(t);

	return note && strcmp(note, boot_of(t)) != 0 && json_get_bool(node_of(t)->json, "spec.unschedulable", false);
}

/* ---- what keeps a host from restarting ---- */

/* One that did not come back may be what etcd can spare: no other one goes. */
static int stopped(struct task *t, struct error *why)
{
	const struct inventory_host *other = world_stopped_at(t);

	if (!other || world_of(t)->seen.begun[task_host(t)])
		return 0;
	error_refuse(why, ERROR_COMMAND, REFUSAL_REBOOT, other->name,
		"%s is not back from its reboot, so no other host is restarted", other->name);
	return error_hint(why, "see its console, and run the same command again when it is back");
}

static int result(struct task *t, int rc, const struct error *err)
{
	return world_turn_ended(t, rc, err->kind != ERROR_CANCELLED);
}

/* By a view of etcd: can the others agree while this host's member is away? */
static int judge(struct task *t, const struct quorum_view *view, struct error *err)
{
	const struct world *w = world_of(t);
	const struct inventory_host *h = world_host(t);
	struct quorum now = quorum_count(view);
	int own = quorum_find(view, h->address, h->name);

	if (own < 0 || view->list[own].learner)
		return 0;
	if (quorum_pause(&now, quorum_healthy(view, own), h->name, w->wish.override_quorum, err) == 0)
		return 0;
	return error_about(err, REFUSAL_QUORUM, h->name);
}

/* Whether a member of etcd is on this host, of which nobody knows how the others are. */
static int refuse_unseen(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);

	if (w->wish.override_quorum || !strstr(cluster_fact(world_facts(t), "have"), "etcd-"))
		return 0;
	error_refuse(err, ERROR_COMMAND, REFUSAL_QUORUM, world_host(t)->name,
		"%s has an etcd member, and no member could be asked whether the others can do without it",
		world_host(t)->name);
	return error_hint(err, "see 'kubewright etcd members'");
}

static int judge_seen(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	struct quorum_view all;

	if (!world_is_control_plane(t))
		return 0;
	if (quorum_merge(w->seen.etcd, w->wish.inventory->host_count, &all) < 0)
		return refuse_unseen(t, why);
	return judge(t, &all, why);
}

static int judge_now(struct task *t, struct error *err)
{
	struct quorum_view view = { 0 };

	if (!world_is_control_plane(t))
		return 0;
	if (world_view(t, &view, err))
		return -1;
	return view.count ? judge(t, &view, err) : refuse_unseen(t, err);
}

/* What kept the run from deciding also keeps hosts from restarting: another run's lock, no API server, another cluster. */
static int refuse_undecided(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (w->decided.done && !w->decided.refusal)
		return 0;
	error_refuse(why, ERROR_BLOCKED, REFUSAL_NO_API, NULL, "%s is not restarted: the cluster could not be asked",
		world_host(t)->name);
	return error_hint(why, "see what is reported of the control planes");
}

static int refuse_stranger(struct task *t, struct error *why)
{
	const char *cluster = cluster_fact(world_facts(t), "record.cluster");

	if (!*cluster || strcmp(cluster, world_of(t)->wish.inventory->cluster) == 0)
		return 0;
	error_refuse(why, ERROR_INVENTORY, REFUSAL_OTHER_CLUSTER, cluster,
		"%s is installed for the cluster %s: it is not restarted", world_host(t)->name, cluster);
	return error_hint(why, "is its address in the inventory right?");
}

static bool refused(struct task *t, struct error *why)
{
	return stopped(t, why) || refuse_undecided(t, why) || refuse_stranger(t, why) || judge_seen(t, why);
}

/* Nothing was restarted: the Node takes pods as before. */
static void takes_pods(struct task *t)
{
	struct error no = { 0 };

	if (node_of(t) && node_uncordon(t, NOTE, &no))
		task_log(t, "%s stays cordoned: %s", world_host(t)->name, no.what);
}

/* ---- the steps ---- */

enum step_verdict reboot_drain_check(struct task *t, struct error *why)
{
	if (!is_named(t) || !node_of(t) || is_restarted(t))
		return STEP_NOT_HERE;
	if (refused(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_PODS, world_host(t)->name, "cordons the Node and evicts its pods");
}

int reboot_drain_apply(struct task *t, struct error *err)
{
	const struct drain_purpose purpose = { NOTE, boot_of(t), "end with the reboot" };
	struct world *w = world_of(t);
	int rc;

	/* what has happened since the look counts */
	if (judge_now(t, err))
		return -1;
	task_lock(t);
	w->seen.begun[task_host(t)] = true;
	task_unlock(t);
	rc = node_drain(t, &purpose, err);
	if (rc)
		takes_pods(t);
	return rc;
}

enum step_verdict reboot_check(struct task *t, struct error *why)
{
	if (!is_named(t) || is_restarted(t))
		return STEP_NOT_HERE;
	if (refused(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_REBOOT, world_host(t)->name, "restarts the host");
}

/* Has the host restart, or hears that it has: 1 it still runs as before; 0 it is back; -1 err. */
static int tell(struct task *t, const char *boot, struct error *err)
{
	const struct remote_param params[] = { { "boot", boot } };
	struct remote_answer answer = { 0 };
	const char *now;
	int rc;

	if (world_script(t, "reboot", host_script_reboot, params, 1, reboot_words, &answer, SCRIPT_CHANGE_MS, err)) {
		remote_answer_release(&answer);
		return -1;
	}
	now = remote_answer_get(&answer, "boot_id");
	rc = remote_answer_get(&answer, "going") ? 1 : 0;
	if (rc == 0 && now) {
		task_lock(t);
		cluster_set(world_facts(t), "boot_id", now);
		cluster_set(world_facts(t), "reboot", "");
		task_unlock(t);
	}
	remote_answer_release(&answer);
	return rc;
}

/*
 * A login is refused while a host stops and while it boots, and what runs while it stops is ended half way: the answer too with which it was to say that it is going.
 */
static bool on_its_way(bool *told, const struct error *e)
{
	*told = *told || e->kind == ERROR_CONNECT || e->kind == ERROR_PROTOCOL;
	return *told && e->kind != ERROR_HOSTKEY && e->kind != ERROR_LOCKED && e->kind != ERROR_CANCELLED;
}

/* The flag is set once it may be going down, whatever comes of it. */
static int restart(struct task *t, const char *boot, bool *told, struct error *err)
{
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	int64_t limit = world_of(t)->wish.reboot_ms, pause = world_of(t)->wish.reboot_try_ms;
	bool up = true;
	char said[200];

	for (;;) {
		int rc = up ? tell(t, boot, err) : -1;

		if (rc == 0 || (rc < 0 && !on_its_way(told, err)))
			return rc;
		*told = true;
		snprintf(said, sizeof(said), rc > 0 ? "%.63s shuts down" : "%.63s restarts: no login yet",
			world_host(t)->name);
		if (rc < 0)
			task_log(t, "%s", err->what);
		world_waits(t, &wait, limit, said);
		if (task_cancelled(t))
			return error_set(err, ERROR_CANCELLED, "cancelled");
		if (clock_mono_ms() - wait.begun_ms > limit)
			break;
		memset(err, 0, sizeof(*err));
		up = task_reconnect(t, pause, err) != NULL;
		/* many logins that are refused look like an attack */
		pause = pause * 5 / 4 < 5 * world_of(t)->wish.reboot_try_ms ? pause * 5 / 4 : pause;
	}
	error_set(err, ERROR_TIMEOUT, "%s was to reboot and %s after %lld s", world_host(t)->name,
		up ? "still runs as before" : "cannot be logged in to", (long long)(limit / 1000));
	return error_hint(err, "%s",
		up ? "see 'systemctl list-jobs' and 'systemd-inhibit --list' on the host"
		   : "look at its console; when it is back, the same command continues");
}

int reboot_apply(struct task *t, struct error *err)
{
	char boot[64];
	bool told = false;
	int rc;

	snprintf(boot, sizeof(boot), "%s", boot_of(t));
	/* the pods went, and that took time */
	if (!*boot)
		rc = error_set(err, ERROR_PROTOCOL, "%s does not say which boot it runs", world_host(t)->name);
	else
		rc = judge_now(t, err);
	if (rc == 0) {
		/* its lock is out of reach as long as it is away */
		lock_job_runs(t, true);
		rc = restart(t, boot, &told, err);
		lock_job_runs(t, false);
	}
	if (rc && !told) {
		takes_pods(t);
		return rc;
	}
	return result(t, rc, err);
}

enum step_verdict reboot_uncordon_check(struct task *t, struct error *why)
{
	if (!is_named(t) || !node_of(t))
		return STEP_NOT_HERE;
	return step_needed(
		why, EVIDENCE_CORDONED, world_host(t)->name, "waits for the Node and lets pods onto it again");
}

int reboot_uncordon_apply(struct task *t, struct error *err)
{
	int rc = node_await(t, &(struct node_wanted){ .boot = boot_of(t) }, err);

	return result(t, rc == 0 ? node_uncordon(t, NOTE, err) : rc, err);
}
