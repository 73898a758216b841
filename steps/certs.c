/* The certificates that a host has: one exec, nothing else of it is looked at. */
#include "steps/steps.h"

#include "cluster/certs.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

static const char *const words[] = { "cert.*", "public.*", "left_out", "restart", "error", "hint", NULL };

int certs_apply(struct task *t, struct error *err)
{
	struct remote_answer answer = { 0 };
	struct certs_host seen = { 0 };
	int rc = world_script(t, "certs", host_script_certs, NULL, 0, words, &answer, 30000, err);

	if (rc == 0) {
		certs_answer(&seen, &answer, !world_is_control_plane(t));
		task_lock(t);
		certs_release(&world_of(t)->seen.certs[task_host(t)]);
		world_of(t)->seen.certs[task_host(t)] = seen;
		task_unlock(t);
	}
	remote_answer_release(&answer);
	return rc;
}
