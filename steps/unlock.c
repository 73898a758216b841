/* The end of a run on its hosts: the lock is released, whatever happened before, and on the lead the token goes. The lock of a run which has died is taken away. */
#include "steps/steps.h"

#include "base/error.h"
#include "steps/host/scripts.h"

#include <string.h>

static const char *const unlock_words[] = { "unlocked", "-job", "error", "hint", NULL };

enum step_verdict unlock_check(struct task *t, struct error *why)
{
	(void)why;
	return world_of(t)->wish.take_lock && world_facts(t)->probed ? STEP_NEEDED : STEP_NOT_HERE;
}

int unlock_apply(struct task *t, struct error *err)
{
	const struct remote_param params[] = { { "holder", world_of(t)->wish.run } };

	world_forget_token(t);
	if (world_script_always(t, "unlock", host_script_unlock, params, 1, unlock_words, NULL, 20000, err))
		return -1;
	lock_given_back(t);
	return 0;
}

enum step_verdict unlock_dead_check(struct task *t, struct error *why)
{
	(void)why;
	return *cluster_fact(world_facts(t), "lock_run") ? STEP_NEEDED : STEP_NOT_HERE;
}

int unlock_dead_apply(struct task *t, struct error *err)
{
	const char *holder = cluster_fact(world_facts(t), "lock_run");
	const struct remote_param params[] = { { "holder", holder } };
	struct remote_answer answer = { 0 };
	int rc = world_script_always(t, "unlock", host_script_unlock, params, 1, unlock_words, &answer, 20000, err);
	const char *job = remote_answer_get(&answer, "job"), *unlocked = remote_answer_get(&answer, "unlocked");

	if (rc == 0 && job) {
		rc = error_set(err, ERROR_LOCKED, "the job %s of run %s runs here", job, holder);
		error_hint(err, "wait until it has ended, then run 'kubewright unlock' again");
	} else if (rc == 0 && unlocked && strcmp(unlocked, "yes") == 0) {
		task_lock(t);
		cluster_set(world_facts(t), "lock_run", "");
		task_unlock(t);
	}
	remote_answer_release(&answer);
	return rc;
}
