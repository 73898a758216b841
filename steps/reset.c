/* Undoing the installation by the host's own ledger. */
#include "steps/steps.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "steps/host_scripts.h"

static const char *const reset_words[] = { "undone", "error", "hint", NULL };

enum step_verdict reset_check(struct task *t, struct error *why)
{
	if (lock_refused(t, why))
		return STEP_IMPOSSIBLE;
	if (cluster_fact_is(world_facts(t), "ledger", "no"))
		return STEP_DONE;
	error_set(why, ERROR_NONE, "takes back everything that kubewright changed on %s", world_host(t)->name);
	return STEP_NEEDED;
}

int reset_apply(struct task *t, struct error *err)
{
	return world_job(t, "reset", host_script_reset, NULL, 0, reset_words, NULL, NULL, 20 * 60000, err);
}
