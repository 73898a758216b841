/*
 * Hosts ask each other: one exec a host, in which it listens and asks. They begin together, once all are logged in that can be, and none waits for another one
 * longer than its own time.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

/* What the script bounds itself to, and what is asked of a slow host before that. */
#define TIMEOUT_MS 90000

/* Lines of words; all of it is parsed, and the words are cleaned. */
static const char *const words[] = { "=mesh", "=segments", "-perl", "-iface", "-mtu", "-firewall", "error", "hint",
	NULL };

void mesh_of_run(const struct world *w, struct mesh_plan *out)
{
	mesh_plan_make(out, w->wish.inventory, w->wish.mesh, mesh_network(w->wish.cni_manifest), w->wish.run);
}

int mesh_ready_apply(struct task *t, struct error *err)
{
	struct seen *seen = &world_of(t)->seen;

	if (!task_remote(t, err))
		return -1;
	task_lock(t);
	if (!*seen->mesh_token) {
		secret_random_word(seen->mesh_token, sizeof(seen->mesh_token) - 1);
		secret_random_word(seen->mesh_mark, sizeof(seen->mesh_mark) - 1);
	}
	task_unlock(t);
	return 0;
}

int mesh_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const struct inventory *inv = w->wish.inventory;
	struct mesh_host now = { 0 }, *at = &w->seen.mesh[task_host(t)], old;
	struct remote_answer answer = { 0 };
	struct mesh_plan plan;
	struct str text = STR_INIT;
	int64_t end_ms;
	int rc;

	mesh_of_run(w, &plan);
	/* both were made before any host got here */
	mesh_plan_text(&plan, (size_t)task_host(t), w->seen.mesh_token, w->seen.mesh_mark, &text);
	const struct remote_param params[] = { { "plan", text.buf }, { "address", inv->hosts[task_host(t)].address },
		{ "etcd_dir", json_get_str(inv->kubeadm_extra, "etcd.local.dataDir", "/var/lib/etcd") } };
	rc = world_script(t, "mesh", host_script_mesh, params, sizeof(params) / sizeof(params[0]), words, &answer,
		TIMEOUT_MS, err);
	end_ms = clock_mono_ms();
	if (rc == 0)
		rc = mesh_host_take(&now, &plan, (size_t)task_host(t), &answer, err);
	if (rc == 0) {
		now.end_ms = end_ms;
		task_lock(t);
		old = *at;
		*at = now;
		task_unlock(t);
		mesh_host_release(&old);
	}
	remote_answer_release(&answer);
	mesh_plan_release(&plan);
	str_release(&text);
	return rc;
}
