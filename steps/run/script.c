/* A script of steps/host on the task's host, and what its answers say of it. */
#include "steps/run/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"

#include <stdlib.h>
#include <string.h>

struct remote_param *world_params(
	struct task *t, const char *name, const struct remote_param *params, size_t param_count)
{
	struct remote_param *all = xcalloc(WORLD_PARAMS + param_count, sizeof(*all));

	all[0] = (struct remote_param){ "node", world_host(t)->name };
	all[1] = (struct remote_param){ "run", world_of(t)->wish.run };
	all[2] = (struct remote_param){ "step", name };
	for (size_t i = 0; i < param_count; i++)
		all[WORLD_PARAMS + i] = params[i];
	return all;
}

int world_script_always(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, int64_t timeout_ms,
	struct error *err)
{
	struct remote *r = task_remote(t, err);
	struct remote_param *all;
	struct str text = STR_INIT;
	int rc;

	if (!r)
		return -1;
	all = world_params(t, name, params, param_count);
	str_add(&text, host_script_lib);
	str_add(&text, host_script_questions);
	str_add(&text, script);
	rc = remote_script(
		r, name, text.buf, all, WORLD_PARAMS + param_count, words, answer, task_output, t, timeout_ms, err);
	free(all);
	str_release(&text);
	return rc;
}

/* A script that changes the host begins with the fence: that it ran is a sign of life. */
static bool fences(const char *script)
{
	return strstr(script, "\n\tfence\n") != NULL;
}

int world_script(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, int64_t timeout_ms,
	struct error *err)
{
	int64_t begun = clock_boot_ms();

	if (lock_may_change(t, err))
		return -1;
	if (world_script_always(t, name, script, params, param_count, words, answer, timeout_ms, err))
		return fences(script) ? lock_explain(t, err) : -1;
	if (fences(script))
		lock_seen(t, begun);
	return 0;
}

void world_learn(struct task *t, const struct remote_answer *answer)
{
	task_lock(t);
	for (size_t i = 0; i < answer->count; i++)
		if (cluster_is_fact(answer->lines[i].word))
			cluster_set(world_facts(t), answer->lines[i].word, answer->lines[i].value);
	task_unlock(t);
}
