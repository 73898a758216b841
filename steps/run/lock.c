/* The lock as its hosts report it: who has it, and what another run must not do then. */
#include "steps/run/run.h"

#include "base/error.h"
#include "cluster/drill.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

static const char *const words[] = { "lock", "lock_owner", "lock_run", "lock_since", "lock_machine", "lock_step",
	"lock_age" };

/* "ops@deploy2 pid 4711, run 20261126T120107-abcd" is who holds it; the hint: since when, how far, and how to see more of it. */
static int locked(const struct world *w, const struct cluster_host *h, const char *before, struct error *err)
{
	const char *run = cluster_fact(h, "lock_run"), *step = cluster_fact(h, "lock_step");
	int64_t age = cluster_fact_int(h, "lock_age", 0);
	char way[160];

	if (cluster_fact_is(h, "lock_machine", w->wish.machine))
		snprintf(way, sizeof(way), "'kubewright watch %.40s' follows it", run);
	else
		snprintf(way, sizeof(way),
			"wait for it; if it is dead on its machine, 'kubewright unlock' removes its lock");
	error_set(err, ERROR_LOCKED, "%slocked by another run: %.100s, run %.40s", before,
		cluster_fact(h, "lock_owner"), run);
	return error_hint(err, "at work since %.24s, at step %.32s, last sign of life %lld s ago; %s",
		cluster_fact(h, "lock_since"), *step ? step : "unknown", (long long)(age > 0 ? age : 0), way);
}

/* What a drill of a run that was cut off had begun on this host. */
static void tell_drill(struct task *t, const char *drill)
{
	char text[160];

	drill_left_words(drill, text, sizeof(text));
	if (*text)
		task_notice(t, NOTICE_DRILL_ENDED, world_host(t)->name, "%s", text);
}

int lock_result(struct task *t, const struct remote_answer *a, struct error *err)
{
	const char *lock = remote_answer_get(a, "lock"), *owner = remote_answer_get(a, "lock_owner");
	const char *run = remote_answer_get(a, "lock_run"), *step = remote_answer_get(a, "lock_step");
	struct cluster_host *h = world_facts(t);

	tell_drill(t, remote_answer_get(a, "drill"));
	if (lock && strcmp(lock, "none") == 0 && run) {
		/* who only looks hears of it, too */
		task_notice(t, NOTICE_LOCKED, run, "locked by another run: %s, run %s, at step %s",
			owner ? owner : "unknown", run, step ? step : "unknown");
		return 0;
	}
	if (!lock || strcmp(lock, "none") == 0 || strcmp(lock, "ours") == 0)
		return 0;
	if (strcmp(lock, "taken-over") == 0) {
		task_notice(t, NOTICE_LOCK_TAKEN, owner, "took over the lock of a run that has died: %s",
			owner ? owner : "unknown");
		return 0;
	}
	if (strcmp(lock, "unwritable") == 0) {
		error_set(err, ERROR_COMMAND, "cannot write to /var/lib/kubewright");
		return error_hint(err, "is the disk full or read-only? see 'df /var/lib' on the host");
	}
	/* of a host that is set aside only this is kept: the others have to know */
	task_lock(t);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *value = remote_answer_get(a, words[i]);

		cluster_set(h, words[i], value ? value : "");
	}
	task_unlock(t);
	return locked(world_of(t), h, "", err);
}

int lock_refuse(const struct world *w, struct error *err)
{
	char before[160];

	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const struct inventory_host *h = &w->wish.inventory->hosts[i];

		if (h->role != INVENTORY_CONTROL_PLANE || !cluster_fact_is(&w->seen.hosts[i], "lock", "held"))
			continue;
		snprintf(before, sizeof(before), "nothing is changed on any host while the control plane %.63s is ",
			h->name);
		return locked(w, &w->seen.hosts[i], before, err);
	}
	return 0;
}

bool lock_refused(struct task *t, struct error *why)
{
	int rc;

	task_lock(t);
	rc = lock_refuse(world_of(t), why);
	task_unlock(t);
	return rc != 0;
}

bool lock_job(const struct cluster_host *h, char *name, size_t size)
{
	const char *holder = cluster_fact(h, "lock_run");

	for (size_t i = 0; *holder && i < h->facts.count; i++) {
		const char *word = h->facts.lines[i].word;
		char state[16], run[64];

		/* "running STATUS INPUT RUN" */
		if (strncmp(word, "job.", 4) != 0 ||
			sscanf(h->facts.lines[i].value, "%15s %*s %*s %63s", state, run) != 2 ||
			strcmp(state, "running") != 0 || strcmp(run, holder) != 0)
			continue;
		snprintf(name, size, "%s", word + 4);
		return true;
	}
	return false;
}
