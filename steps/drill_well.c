/* Whether a cluster is well: before a fault is made on purpose, and after its end. */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "inventory/inventory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EACH_MS 500

__attribute__((format(printf, 2, 3))) static void miss(struct str *why, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_addf(why, "%s%s", why->len ? "; " : "", text);
}

static void miss_members(const struct quorum_view *v, struct str *why)
{
	if (!v->count)
		miss(why, "etcd does not answer");
	for (int i = 0; i < v->count; i++)
		if (!quorum_healthy(v, i))
			miss(why, "etcd member %s: %s", v->list[i].name, quorum_state(v, i));
}

/* -1: the way to this host broke. */
static int miss_api(struct task *t, struct place at, const char *name, struct str *why, struct error *err)
{
	bool ready = false;
	struct error no = { 0 };

	if (world_api_at(t, at, survey_ready, &ready, &no) && world_way_lost(&no))
		return *err = no, -1;
	if (!ready)
		miss(why, "the API server %s is not ready", name);
	return 0;
}

static int miss_nodes(struct task *t, struct str *why, struct error *err)
{
	const struct inventory *inv = world_of(t)->wish.inventory;
	struct cluster_state seen = { 0 };
	struct error no = { 0 };
	int rc = world_api(t, world_nodes, &seen, &no);

	for (size_t i = 0; rc == 0 && i < inv->host_count; i++) {
		const struct cluster_node *node = cluster_find_node(&seen, inv->hosts[i].name);

		if (!node || !node->ready)
			miss(why, "Node %s is %s", inv->hosts[i].name, node ? "not Ready" : "not there");
	}
	cluster_state_release(&seen);
	if (rc && world_way_lost(&no))
		return *err = no, -1;
	if (rc)
		miss(why, "the API does not say how the Nodes are");
	return 0;
}

/* why: what is not as it should be, "" when all is. -1: the way to this host broke. */
static int look(struct task *t, struct quorum_view *v, struct str *why, struct error *err)
{
	const struct inventory *inv = world_of(t)->wish.inventory;
	char name[320];

	str_clear(why);
	*v = (struct quorum_view){ 0 };
	if (world_view(t, v, err))
		return -1;
	miss_members(v, why);
	for (size_t i = 0; i < inv->host_count; i++) {
		const char *at = (int)i == task_host(t) ? NULL : inv->hosts[i].address;

		snprintf(name, sizeof(name), "of %s", inv->hosts[i].name);
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE && miss_api(t, place_api(at), name, why, err))
			return -1;
	}
	snprintf(name, sizeof(name), "at the virtual IP %s", inv->endpoint.vip ? inv->endpoint.vip : "");
	if (inv->endpoint.vip && miss_api(t, place_api(inv->endpoint.vip), name, why, err))
		return -1;
	return miss_nodes(t, why, err);
}

int drill_await(struct task *t, int64_t limit_ms, struct quorum_view *v, struct error *err)
{
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	struct str why = STR_INIT;
	int rc;

	for (;;) {
		rc = look(t, v, &why, err);
		if (rc || !why.len)
			break;
		if (task_cancelled(t) || clock_mono_ms() - wait.begun_ms > limit_ms) {
			rc = task_cancelled(t)
				     ? error_set(err, ERROR_CANCELLED, "cancelled")
				     : error_refuse(err, ERROR_COMMAND, REFUSAL_DRILL, NULL,
					       "the cluster is not well, so no fault is made in it: %.400s", why.buf);
			error_hint(err, "see 'kubewright repair --check'");
			break;
		}
		world_waits(t, &wait, limit_ms, why.buf);
		task_lock(t);
		task_wait(t, clock_mono_ms() + EACH_MS);
		task_unlock(t);
	}
	str_release(&why);
	return rc;
}

bool drill_ready(struct task *t, const char *node)
{
	struct cluster_state seen = { 0 };
	struct error no = { 0 };
	const struct cluster_node *n =
		world_api(t, world_nodes, &seen, &no) == 0 ? cluster_find_node(&seen, node) : NULL;
	bool ready = n && n->ready;

	cluster_state_release(&seen);
	return ready;
}
