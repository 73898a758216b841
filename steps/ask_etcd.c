/* What each control plane's own etcd says of the members: also without a quorum, and without an API server. */
#include "steps/steps.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "steps/host/scripts.h"

#include <stdlib.h>
#include <string.h>

enum step_verdict ask_etcd_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	(void)why;
	/* what a host that leaves says is not evidence */
	if (world_leaves(w, task_host(t)) || !w->pki.store)
		return STEP_NOT_HERE;
	/* where it is down the others can still be asked from there */
	return strstr(cluster_fact(world_facts(t), "have"), "etcd-") ? STEP_NEEDED : STEP_NOT_HERE;
}

static int list_members(struct net_client *c, void *ctx, struct error *err)
{
	struct quorum_view *v = ctx;

	v->count = net_etcd_members_known(c, v->list, QUORUM_MEMBERS, err);
	return v->count < 0 ? (v->count = 0, -1) : 0;
}

static int member_status(struct net_client *c, void *ctx, struct error *err)
{
	struct net_etcd_status *s = ctx;

	return net_etcd_status(c, s, err);
}

/* This host's own etcd is asked for the members; when it is down, the first of the other control planes' that answers from here. */
static void list(struct task *t, struct quorum_view *v, struct error *why)
{
	const struct inventory *inv = world_of(t)->wish.inventory;

	if (world_api_at(t, place_etcd(NULL), list_members, v, why))
		task_log(t, "%s: %s",
			world_note_unseen(t, why) ? "etcd here cannot be asked" : "etcd does not answer here",
			why->what);
	world_note_look(t, "127.0.0.1", v->count ? NULL : why);
	for (size_t i = 0; i < inv->host_count && !v->count && !world_way_lost(why); i++) {
		if ((int)i == task_host(t) || inv->hosts[i].role != INVENTORY_CONTROL_PLANE)
			continue;
		memset(why, 0, sizeof(*why));
		if (world_api_at(t, place_etcd(inv->hosts[i].address), list_members, v, why))
			task_log(t, "that of %s does not answer from here either: %s", inv->hosts[i].name, why->what);
		world_note_look(t, inv->hosts[i].address, v->count ? NULL : why);
	}
	if (!world_way_lost(why))
		memset(why, 0, sizeof(*why));
}

int world_view(struct task *t, struct quorum_view *v, struct error *err)
{
	struct error why = { 0 };

	memset(v, 0, sizeof(*v));
	list(t, v, &why);
	for (int i = 0; i < v->count && why.kind == ERROR_NONE; i++) {
		struct error no = { 0 };
		char address[64];

		quorum_address(&v->list[i], address, sizeof(address));
		v->answers[i] = world_api_at(t, place_etcd(address), member_status, &v->status[i], &no) == 0;
		v->unseen[i] = no.kind == ERROR_BLOCKED;
		task_log(t, "etcd member %s (%s): %s%s%s", v->list[i].name[0] ? v->list[i].name : "not started",
			address, v->list[i].learner ? "learner, " : "",
			quorum_healthy(v, i) ? "healthy"
			: v->answers[i]      ? "knows no leader"
			: v->unseen[i]       ? "cannot be asked: "
					     : "does not answer: ",
			no.what);
		world_note_look(t, address, v->answers[i] ? NULL : &no);
		if (world_way_lost(&no))
			why = no;
	}
	return world_way_lost(&why) ? (*err = why, -1) : 0;
}

/* Without a leader nothing is written any more: how old what is left has become. */
static void ask_last_write(struct task *t, struct quorum_view *v)
{
	static const char *const words[] = { "last", "error", "hint", NULL };
	struct remote_answer answer = { 0 };
	struct error no = { 0 };

	for (int i = 0; i < v->count; i++)
		if (quorum_healthy(v, i))
			return;
	if (world_script(t, "etcd-last", host_script_etcd_last, NULL, 0, words, &answer, 30000, &no) == 0 &&
		remote_answer_get(&answer, "last"))
		v->last_write = strtoll(remote_answer_get(&answer, "last"), NULL, 10);
	remote_answer_release(&answer);
}

int ask_etcd_apply(struct task *t, struct error *err)
{
	struct quorum_view v;

	if (world_view(t, &v, err))
		return -1;
	ask_last_write(t, &v);
	task_lock(t);
	*world_of(t)->seen.etcd[task_host(t)] = v;
	task_unlock(t);
	return 0;
}
