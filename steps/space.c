/* The room that etcd's data has on each control plane, by its manifest and its disk, and the alarms that etcd has raised. */
#include "steps/steps.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"

#include <stdlib.h>
#include <string.h>

static const char *const space_words[] = { "manifest", "quota", "room_kb", "error", "hint", NULL };

enum step_verdict space_check(struct task *t, struct error *why)
{
	return ask_etcd_check(t, why);
}

/* 0: text is not a number that fits. */
static int64_t number(const char *text)
{
	char *end;
	long long n = text ? strtoll(text, &end, 10) : 0;

	return text && *text && !*end && n < INT64_MAX / 2048 && n > INT64_MIN / 2048 ? n : 0;
}

/* -1: the way to this host broke. */
static int look_at_host(struct task *t, struct space_host *out, struct error *err)
{
	struct remote_answer answer = { 0 };
	struct error why = { 0 };
	const char *room;

	*out = (struct space_host){ .room = -1 };
	if (world_script(t, "etcd-space", host_script_etcd_space, NULL, 0, space_words, &answer, 30000, &why) == 0) {
		room = remote_answer_get(&answer, "room_kb");
		out->looked = remote_answer_get(&answer, "manifest") != NULL;
		out->quota = number(remote_answer_get(&answer, "quota"));
		out->room = room && *room ? number(room) * 1024 : -1;
	} else {
		task_log(t, "the room of etcd's data is not known: %s", why.what);
	}
	remote_answer_release(&answer);
	return world_way_lost(&why) ? (*err = why, -1) : 0;
}

static int list_alarms(struct net_client *c, void *ctx, struct error *err)
{
	struct space_alarms *a = ctx;

	a->count = net_etcd_alarms(c, a->list, SPACE_ALARMS, err);
	a->known = a->count >= 0;
	a->count = a->known ? a->count : 0;
	return a->known ? 0 : -1;
}

int world_alarms(struct task *t, struct space_alarms *out, struct error *err)
{
	*out = (struct space_alarms){ 0 };
	return world_api_at(t, place_etcd(NULL), list_alarms, out, err);
}

/* Without a leader the question would only wait for its end. */
static bool member_here_is_healthy(struct task *t)
{
	const struct inventory_host *h = world_host(t);
	bool healthy;
	int own;

	task_lock(t);
	own = quorum_find(world_etcd_view(world_of(t), (size_t)task_host(t)), h->address, h->name);
	healthy = own >= 0 && quorum_healthy(world_etcd_view(world_of(t), (size_t)task_host(t)), own);
	task_unlock(t);
	return healthy;
}

int space_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct space_alarms alarms = { 0 };
	struct space_host host;
	struct error why = { 0 };

	if (look_at_host(t, &host, err))
		return -1;
	if (member_here_is_healthy(t) && world_alarms(t, &alarms, &why)) {
		if (world_way_lost(&why))
			return *err = why, -1;
		task_log(t, "etcd here does not show its alarms: %s", why.what);
	}
	task_lock(t);
	w->seen.space[task_host(t)] = host;
	if (alarms.known)
		w->seen.alarms = alarms;
	task_unlock(t);
	return 0;
}

bool world_speaks(struct task *t)
{
	const struct world *w = world_of(t);

	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (world_etcd_view(w, i)->count && !task_lost(t, (int)i))
			return (int)i == task_host(t);
	return true;
}

void world_quotas(const struct world *w, const struct quorum_view *v, int64_t quotas[QUORUM_MEMBERS])
{
	const struct inventory *inv = w->wish.inventory;

	for (int i = 0; i < v->count; i++) {
		size_t h = 0;

		while (h < inv->host_count && !quorum_member_of(&v->list[i], inv->hosts[h].address, inv->hosts[h].name))
			h++;
		quotas[i] = space_quota(&v->status[i], h < inv->host_count ? &w->seen.space[h] : NULL);
	}
}
