/*
 * Repair, on the hosts: what findings_health knows to do about what it found is done one host after the other, so that etcd never loses two members at once; then all
 * is looked at again, and the installation's own steps do the rest.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "cluster/health.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"
#include "steps/rotate.h"

#include <stdio.h>
#include <string.h>

#define SETTLE_MS 180000

static const char *const mend_words[] = { "mended", "error", "hint", NULL };

/* The lines of acts that hold each of them once. */
static void add_act(struct str *acts, const char *act)
{
	size_t n = strlen(act);

	for (const char *p = acts->buf; n && *p; p += strcspn(p, "\n") + 1)
		if (strncmp(p, act, n) == 0 && p[n] == '\n')
			return;
	if (n)
		str_addf(acts, "%s\n", act);
}

static void gather(struct task *t, struct str *acts, struct str *names)
{
	struct findings found = { NULL, 0 };
	struct health_view v;

	task_lock(t);
	world_health_view(world_of(t), &v);
	findings_health(&v, task_host(t), &found);
	task_unlock(t);
	for (size_t i = 0; i < found.count; i++) {
		if (!found.list[i].act[0] || health_kind_find(found.list[i].name)->remedy != HEALTH_MEND)
			continue;
		add_act(acts, found.list[i].act);
		if (names && !strstr(names->buf, found.list[i].name))
			str_addf(names, "%s%s", names->len ? ", " : "", found.list[i].name);
	}
	findings_release(&found);
}

enum step_verdict mend_check(struct task *t, struct error *why)
{
	struct str acts = STR_INIT, names = STR_INIT;
	enum step_verdict verdict = STEP_NOT_HERE;

	if (lock_refused(t, why))
		return STEP_IMPOSSIBLE;
	gather(t, &acts, &names);
	if (acts.len)
		verdict = step_needed(why, EVIDENCE_FINDING, names.buf, "repairs %s", names.buf);
	str_release(&acts);
	str_release(&names);
	return verdict;
}

/* Which version the certificates are for, when no API server could be asked: the one that is installed here. */
static void guess_version(struct task *t)
{
	struct world *w = world_of(t);
	const char *package = cluster_fact(world_facts(t), "pkg.kubeadm");

	task_lock(t);
	if (!w->decided.version[0])
		snprintf(w->decided.version, sizeof(w->decided.version), "%.*s", (int)strcspn(package, "-+~"), package);
	task_unlock(t);
}

int mend_apply(struct task *t, struct error *err)
{
	struct str acts = STR_INIT, script = STR_INIT;
	struct custody_kubelet kubelet = { { 0 }, { 0 } };
	int rc = 0;

	gather(t, &acts, NULL);
	if (strstr(acts.buf, "certificates\n")) {
		guess_version(t);
		rc = custody_refuse_mode(world_of(t), err) || tokens_refuse(world_of(t), err) ||
				     certificates_apply(t, err)
			     ? -1
			     : 0;
	}
	if (rc == 0 && strstr(acts.buf, "kubelet-conf\n"))
		rc = custody_kubelet_make(world_of(t), world_host(t)->name, &kubelet, err);
	if (rc == 0) {
		const struct remote_param params[] = {
			{ "acts", acts.buf },
			{ "secret_kubelet_conf", kubelet.conf.text ? kubelet.conf.text : "" },
			{ "secret_kubelet_pem", kubelet.pem.text ? kubelet.pem.text : "" },
		};

		str_addf(&script, "%s%s", host_script_pod_networks, host_script_mend);
		rc = world_job(t, "mend", script.buf, params, sizeof(params) / sizeof(params[0]), mend_words, NULL,
			NULL, 10 * 60000, err);
		if (rc)
			world_explain(t, "mend", err);
	}
	custody_kubelet_release(&kubelet);
	str_release(&script);
	str_release(&acts);
	return rc;
}

static bool mended(const struct cluster_host *h, const char *run)
{
	const char *record = cluster_fact(h, "job.mend"), *by = strrchr(record, ' ');

	return by && strcmp(by + 1, run) == 0;
}

enum step_verdict look_again_check(struct task *t, struct error *why)
{
	if (!mended(world_facts(t), world_of(t)->wish.run))
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_MENDED, NULL, "looks at what was repaired");
}

static bool any_mended(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (mended(&w->seen.hosts[i], w->wish.run))
			return true;
	return false;
}

enum step_verdict ask_again_check(struct task *t, struct error *why)
{
	enum step_verdict verdict = survey_check(t, why);
	bool any;

	task_lock(t);
	any = any_mended(world_of(t));
	task_unlock(t);
	return any ? verdict : STEP_NOT_HERE;
}

/* The first that asks again forgets what was said before. */
static void forget_cluster(struct task *t)
{
	struct world *w = world_of(t);

	task_lock(t);
	if (!w->decided.asked_again) {
		w->decided.asked_again = true;
		cluster_state_release(&w->seen.cluster);
		w->decided.lead = -1;
	}
	task_unlock(t);
}

int ask_again_apply(struct task *t, struct error *err)
{
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	const char *name = world_host(t)->name;
	struct cluster_host *h = world_facts(t);
	bool ready = false;

	/* what was restarted takes its time; that it never comes up is for verify to say */
	while (!ready && clock_mono_ms() - wait.begun_ms < SETTLE_MS && !task_cancelled(t)) {
		if (survey_health(t, err))
			return -1;
		ready = h->api_ready == CLUSTER_YES;
		if (h->api_ready == CLUSTER_UNSEEN)
			break;
		if (!ready)
			world_waits(t, &wait, SETTLE_MS, "the API server here is not ready yet");
		task_lock(t);
		if (ready)
			place_note_up(h);
		else
			task_wait(t, clock_mono_ms() + 1000);
		task_unlock(t);
	}
	if (h->api_ready == CLUSTER_NO)
		task_notice(t, NOTICE_API_SLOW, name, "the API server of %s is not ready %d s after it was repaired",
			name, SETTLE_MS / 1000);
	forget_cluster(t);
	return survey_apply(t, err);
}
