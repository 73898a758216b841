/* What a step's function sees of what its run shares. */
#include "steps/run/run.h"

#include "inventory/inventory.h"

struct world *world_of(struct task *t)
{
	return task_world(t);
}

const struct inventory_host *world_host(struct task *t)
{
	return &world_of(t)->wish.inventory->hosts[task_host(t)];
}

struct cluster_host *world_facts(struct task *t)
{
	return &world_of(t)->seen.hosts[task_host(t)];
}

bool world_is_control_plane(struct task *t)
{
	return world_host(t)->role == INVENTORY_CONTROL_PLANE;
}

const char *world_lead_address(struct task *t)
{
	const struct world *w = world_of(t);

	return w->decided.lead >= 0 ? w->wish.inventory->hosts[w->decided.lead].address : NULL;
}

const struct inventory_host *world_stopped_at(struct task *t)
{
	const struct world *w = world_of(t);
	int at;

	task_lock(t);
	at = w->seen.stopped;
	task_unlock(t);
	return at < 0 || at == task_host(t) ? NULL : &w->wish.inventory->hosts[at];
}

int world_turn_ended(struct task *t, int rc, bool stops)
{
	struct world *w = world_of(t);

	task_lock(t);
	if (rc && stops && w->seen.stopped < 0)
		w->seen.stopped = task_host(t);
	/* it was tried again */
	if (rc == 0 && w->seen.stopped == task_host(t))
		w->seen.stopped = -1;
	task_unlock(t);
	return rc;
}
