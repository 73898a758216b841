/*
 * pki.kubelet-serving: the certificates that kubelets show are signed by the cluster. Control planes approve by themselves what kubelets ask for; API servers verify
 * kubelets once each of them has such a certificate, and no longer before the first of them signs its own again.
 */
#include "steps/run/want.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "steps/host/scripts.h"
#include "steps/settings.h"

#include <stdio.h>
#include <string.h>

#define UNIT "kubewright-approve-kubelets"
#define HOSTS "/etc/kubewright/kubelets"
#define SCRIPT "/etc/kubewright/approve-kubelets"
/* Seconds between two looks of one control plane; the others look in between. */
#define PERIOD_S 30
#define TURN_S 10
/* Of one kubelet. */
#define ASK_MS 5000
#define ROUND_MS 3000

/* ---- what approves ------------------------------------------------------------------------------------------------------- */

static void add_hosts(const struct world *w, struct str *out)
{
	str_add(out, "# Written by kubewright: whose serving certificates are approved.\n");
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (!world_removes(w, (int)i))
			str_addf(out, "%s %s\n", w->wish.inventory->hosts[i].name, w->wish.inventory->hosts[i].address);
}

static const char service[] = "# Written by kubewright.\n"
			      "[Unit]\n"
			      "Description=Approval of kubelets' serving certificates, by kubewright\n"
			      "After=containerd.service kubelet.service\n"
			      "[Service]\n"
			      "Type=oneshot\n"
			      "ExecStart=/bin/sh " SCRIPT " " HOSTS "\n"
			      "UMask=0077\n"
			      "Nice=10\n"
			      "# what is done each time is not worth a line\n"
			      "LogLevelMax=notice\n"
			      "TimeoutStartSec=300\n";

static void timer(const struct world *w, int host, struct str *out)
{
	int place = 0;

	for (int i = 0; i < host; i++)
		place += w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE;
	str_addf(out,
		"# Written by kubewright.\n"
		"[Unit]\n"
		"Description=Approvals of kubelets' serving certificates, by kubewright\n"
		"[Timer]\n"
		"OnCalendar=*-*-* *:*:%02d/%d\n"
		"AccuracySec=1s\n"
		"[Install]\n"
		"WantedBy=timers.target\n",
		place * TURN_S % PERIOD_S, PERIOD_S);
}

static void serving_items(const struct world *w, int host, struct items *out)
{
	struct item row = { .kind = ITEM_FILE, .mode = 0644, .reader = UNIT ".timer", .from = "pki.kubelet-serving" };
	struct str text = STR_INIT;

	if (!serving_approves(w, host))
		return;
	row.key = SCRIPT;
	row.want = host_script_approve;
	items_add(out, row);
	add_hosts(w, &text);
	row.key = HOSTS;
	row.want = text.buf;
	row.mode = 0600;
	items_add(out, row);
	row.mode = 0644;
	row.key = "/etc/systemd/system/" UNIT ".service";
	row.want = service;
	items_add(out, row);
	str_clear(&text);
	timer(w, host, &text);
	row.key = "/etc/systemd/system/" UNIT ".timer";
	row.want = text.buf;
	items_add(out, row);
	str_release(&text);
}

const struct want_part want_serving = { "approver", serving_items, { NULL }, NULL, NULL };

/* As long as some API server may verify kubelets, one host says so. */
enum step_verdict approver_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	enum step_verdict verdict = want_check(t, "approver", why);
	const struct inventory_host *keeps;

	task_lock(t);
	keeps = task_host(t) == w->decided.lead ? serving_kept_by(w) : NULL;
	task_unlock(t);
	if (verdict != STEP_DONE || !keeps)
		return verdict;
	return step_needed(why, EVIDENCE_SETTINGS, "pki.kubelet-serving",
		"leaves kubelets' certificates signed by the cluster, as the API server of %s may verify them still",
		keeps->name);
}

int approver_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	const struct inventory_host *keeps;
	struct error why = { 0 };

	if (want_check(t, "approver", &why) != STEP_DONE && want_apply(t, "approver", NULL, 0, NULL, err))
		return -1;
	task_lock(t);
	keeps = task_host(t) == w->decided.lead ? serving_kept_by(w) : NULL;
	task_unlock(t);
	if (keeps)
		task_notice(t, NOTICE_SERVING, keeps->name,
			"kubelets keep the certificates that the cluster has signed, as the API server of %s may verify them still; 'kubewright apply' continues when it can be reached",
			keeps->name);
	return 0;
}

/* ---- whether each kubelet has its certificate --------------------------------------------------------------------------- */

/* In this run: its kubelet waits for its first one. */
static bool has_joined(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const char *run = strrchr(cluster_fact(&w->seen.hosts[i], "job.join"), ' ');

		if (run && strcmp(run + 1, w->wish.run) == 0)
			return true;
	}
	return false;
}

enum step_verdict kubelets_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	char path[96] = "";
	bool known, joined;

	if (task_host(t) != w->decided.lead || w->decided.half_upgraded)
		return STEP_NOT_HERE;
	task_lock(t);
	known = kubeadm_living_argument(w, SERVING_ARGUMENT, path);
	joined = has_joined(w) || (!known && w->decided.kubelets_verified);
	task_unlock(t);
	if (!inventory_signs_serving(w->wish.inventory) || ((*path || !known) && !joined))
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_SETTINGS, "pki.kubelet-serving", "%s",
		*path || !known ? "waits for kubelets' serving certificates"
				: "waits for kubelets' serving certificates, then has API servers verify them");
}

struct kubelets {
	struct task *task;
	struct str missing, away; /* Nodes without one, that are Ready, and others; with why */
};

static int answers(struct net_client *c, void *ctx, struct error *err)
{
	struct net_response r = { 0, STR_INIT };
	int rc = net_do(c, &(struct net_request){ .path = "/healthz", .timeout_ms = ASK_MS, .max = 65536 }, &r, err);

	(void)ctx;
	str_release(&r.body);
	return rc;
}

static void add(struct str *out, const char *name, const char *why)
{
	if (out->len < 300)
		str_addf(out, "%s%s (%.120s)", out->len ? "; " : "", name, why);
}

/* Any answer will do: the certificate was verified before it. -1: the way to this host broke. */
static int ask_kubelet(struct kubelets *k, const struct cluster_node *n, struct error *err)
{
	struct error no = { 0 };

	if (world_api_at(k->task, place_kubelet(n->address), answers, NULL, &no) == 0)
		return 0;
	if (world_way_lost(&no))
		return *err = no, -1;
	add(n->ready ? &k->missing : &k->away, n->name, n->ready ? no.what : "it is not Ready");
	return 0;
}

static int ask_all(struct kubelets *k, struct error *err)
{
	struct cluster_state seen = { 0 };
	int rc = world_api(k->task, world_nodes, &seen, err);

	str_clear(&k->missing);
	str_clear(&k->away);
	for (size_t i = 0; rc == 0 && i < seen.node_count; i++)
		rc = ask_kubelet(k, &seen.nodes[i], err);
	cluster_state_release(&seen);
	return rc;
}

/* Until all that are Ready have one, or it takes too long, which is reported and no failure: what waits is shown by status. */
static int await(struct kubelets *k, struct error *err)
{
	const struct world *w = world_of(k->task);
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	int64_t limit = w->wish.verify_ms / 2;

	for (;;) {
		if ((inventory_keeps_ca_keys(w->wish.inventory) && sign_serving(k->task, err)) || ask_all(k, err))
			return -1;
		if (!k->missing.len || clock_mono_ms() - wait.begun_ms > limit)
			return 0;
		world_waits(k->task, &wait, limit, k->missing.buf);
		task_lock(k->task);
		task_wait(k->task, clock_mono_ms() + (limit < ROUND_MS ? limit : ROUND_MS));
		task_unlock(k->task);
		if (task_cancelled(k->task))
			return error_set(err, ERROR_CANCELLED, "cancelled");
	}
}

int kubelets_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct kubelets k = { t, STR_INIT, STR_INIT };
	int rc;

	rc = await(&k, err);
	if (rc == 0 && !k.missing.len && !k.away.len) {
		task_lock(t);
		w->decided.kubelets_verified = true;
		task_unlock(t);
		task_log(t, "every kubelet shows a certificate of the cluster's CA");
	} else if (rc == 0) {
		task_notice(t, NOTICE_SERVING, NULL,
			"%s: no certificate of the cluster's CA is shown by %s%s%s; see 'kubewright status' and 'kubewright certs sign', then 'kubewright apply' again",
			serving_is_verified(w) ? "logs and exec fail there" : "API servers do not verify kubelets yet",
			k.missing.buf, k.missing.len && k.away.len ? "; " : "", k.away.buf);
	}
	str_release(&k.missing);
	str_release(&k.away);
	return rc;
}

/* ---- API servers ------------------------------------------------------------------------------------------------------------ */

enum step_verdict trust_kubelets_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	bool verified;

	task_lock(t);
	verified = inventory_signs_serving(w->wish.inventory) && w->decided.kubelets_verified;
	task_unlock(t);
	return verified ? settings_look(t, &settings_control_plane, why) : STEP_NOT_HERE;
}
