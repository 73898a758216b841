/* What an answer that does not come means: that nobody is there, or only that nobody could ask. Nothing is built on the second. */
#include "steps/run/run.h"

#include "base/alloc.h"
#include "base/error.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool world_way_lost(const struct error *e)
{
	return e->kind == ERROR_CONNECT || e->kind == ERROR_CANCELLED;
}

bool world_note_unseen(struct task *t, const struct error *e)
{
	struct cluster_host *h = world_facts(t);

	if (e->kind != ERROR_BLOCKED)
		return false;
	task_lock(t);
	snprintf(h->unseen, sizeof(h->unseen), "%s", e->what);
	snprintf(h->unseen_hint, sizeof(h->unseen_hint), "%s", e->hint);
	task_unlock(t);
	return true;
}

static int host_at(const struct inventory *inv, const char *address)
{
	for (size_t i = 0; i < inv->host_count; i++)
		if (strcmp(inv->hosts[i].address, address) == 0)
			return (int)i;
	return -1;
}

void world_note_look(struct task *t, const char *address, const struct error *e)
{
	struct world *w = world_of(t);
	bool own = strcmp(address, "127.0.0.1") == 0;
	int host = own ? task_host(t) : host_at(w->wish.inventory, address);
	struct world_look *l;

	/* by its address from its own host shows no more */
	if (host < 0 || (!own && host == task_host(t)))
		return;
	task_lock(t);
	l = &w->seen.looks[host];
	if (own) {
		l->none = e && e->kind == ERROR_REFUSED;
		snprintf(l->why, sizeof(l->why), "%s", e && !l->none ? e->what : "");
		snprintf(l->hint, sizeof(l->hint), "%s", e && e->kind == ERROR_BLOCKED ? e->hint : "");
	} else {
		l->refused = l->refused || (e && e->kind == ERROR_REFUSED);
		l->silent = l->silent || (e && e->kind == ERROR_UNREACHABLE);
	}
	task_unlock(t);
}

bool world_cannot_look(const struct world *w, struct error *err)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		if (!*w->seen.hosts[i].unseen)
			continue;
		error_refuse(err, ERROR_BLOCKED, REFUSAL_UNSEEN, w->wish.inventory->hosts[i].name, "%s",
			w->seen.hosts[i].unseen);
		error_hint(err, "%s", w->seen.hosts[i].unseen_hint);
		return true;
	}
	return false;
}

enum step_verdict world_needs_control_plane(struct task *t, const char *what, struct error *why)
{
	const char *name = world_host(t)->name;

	error_refuse(why, ERROR_COMMAND, REFUSAL_NO_CONTROL_PLANE, name,
		"%s lacks %s, which only a control plane knows, and none takes part", name, what);
	error_hint(why, "name a control plane too: --hosts %s,CONTROL-PLANE", name);
	return STEP_IMPOSSIBLE;
}

const struct quorum_view *world_etcd_view(const struct world *w, size_t host)
{
	static const struct quorum_view none;

	return w->seen.etcd[host] ? w->seen.etcd[host] : &none;
}

int world_quorum_given_up(const struct world *w, bool (*unreached)(void *ctx, int host), void *ctx, struct error *err)
{
	const struct inventory *inv = w->wish.inventory;
	struct quorum_look *looks = xcalloc(inv->host_count, sizeof(*looks));
	struct quorum_view all;
	size_t n = 0;
	int rc;

	quorum_merge(w->seen.etcd, inv->host_count, &all);
	for (size_t i = 0; i < inv->host_count; i++) {
		const struct cluster_host *h = &w->seen.hosts[i];
		const struct world_look *l = &w->seen.looks[i];

		if (inv->hosts[i].role != INVENTORY_CONTROL_PLANE)
			continue;
		looks[n++] = (struct quorum_look){
			.name = inv->hosts[i].name,
			.address = inv->hosts[i].address,
			.none = l->none || (h->probed && !strstr(cluster_fact(h, "have"), "etcd-")),
			.unreached = !h->probed && unreached(ctx, (int)i),
			.refused = l->refused,
			.silent = l->silent,
			.why = *l->why     ? l->why
			       : h->probed ? ""
					   : "its host could not be looked at",
			.hint = l->hint,
		};
	}
	rc = quorum_given_up(&all, looks, n, err);
	free(looks);
	return rc;
}

void world_note_installed(struct task *t)
{
	task_lock(t);
	cluster_set(world_facts(t), "have",
		world_is_control_plane(t) ? "kubelet-conf apiserver-manifest etcd-manifest etcd-data admin-conf ca-crt"
					  : "kubelet-conf ca-crt");
	task_unlock(t);
}

bool world_etcd_runs(const struct cluster_host *h)
{
	return place_runs(h, PLACE_ETCD_PORT);
}

bool world_restoring(const struct cluster_host *h)
{
	const char *record = cluster_fact(h, "record.etcd_restore");

	return (*record && strcmp(record, "finished") != 0) ||
	       strcmp(world_job_state(h, "etcd-restore"), "running") == 0;
}
