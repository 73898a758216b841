/* The lock is given back, whatever happened before. */
#include "steps/steps.h"

#include "base/error.h"
#include "steps/host_scripts.h"

static const char *const unlock_words[] = { "unlocked", "error", "hint", NULL };

enum step_verdict unlock_check(struct task *t, struct error *why)
{
	(void)why;
	return world_of(t)->take_lock && world_facts(t)->probed ? STEP_NEEDED : STEP_NOT_HERE;
}

int unlock_apply(struct task *t, struct error *err)
{
	return world_script(t, "unlock", host_script_unlock, NULL, 0, unlock_words, NULL, 20000, err);
}
