/* Who leaves the cluster in this run: for good, or to join again. */
#include "steps/run/run.h"

#include "base/error.h"
#include "inventory/inventory.h"

#include <string.h>

/* One whose kubeadm join runs already is on its way back, by an earlier rejoin: that is followed, and its member must not go. */
bool world_rejoins(const struct world *w, int host)
{
	return w->wish.rejoin && w->wish.rejoin[host] &&
	       strcmp(world_job_state(&w->seen.hosts[host], "join"), "running") != 0;
}

bool world_leaves(const struct world *w, int host)
{
	return world_rejoins(w, host) || (w->wish.leave && w->wish.leave[host]);
}

bool world_removes(const struct world *w, int host)
{
	return w->wish.leave && w->wish.leave[host];
}

bool world_expelled(struct task *t, struct error *err)
{
	const char *name = world_host(t)->name;
	bool yes = task_check_only(t);

	task_lock(t);
	yes = yes || world_of(t)->decided.expelled;
	task_unlock(t);
	if (yes)
		return true;
	error_refuse(err, ERROR_COMMAND, REFUSAL_NOT_OUT, name,
		"the cluster still has %s: the control plane that was to remove it is lost", name);
	error_hint(err, "run the same command again; it continues with another control plane");
	return false;
}
