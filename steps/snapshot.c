/* A snapshot of etcd, from a member that is up to date, onto this machine. */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct taking {
	const char *path;
	struct net_snapshot *info;
};

static int save(struct net_client *c, void *ctx, struct error *err)
{
	const struct taking *wish = ctx;

	return net_etcd_snapshot(c, wish->path, wish->info, err);
}

static int take(struct task *t, const char *path, struct net_snapshot *info, struct error *err)
{
	struct taking wish = { path, info };

	return world_api_at(t, place_etcd(NULL), save, &wish, err);
}

/* "20261126T105400Z.db", or with -2, -3, … when there is one of this second. */
static char *default_path(const char *dir)
{
	char stamp[32], name[32], *path;
	size_t n = 0;

	clock_rfc3339(clock_wall_ms(), stamp, sizeof(stamp));
	for (const char *p = stamp; *p; p++)
		if (*p != '-' && *p != ':')
			name[n++] = *p;
	name[n] = '\0';
	path = xasprintf("%s/%s.db", dir, name);
	for (int i = 2; access(path, F_OK) == 0; i++) {
		free(path);
		path = xasprintf("%s/%s-%d.db", dir, name, i);
	}
	return path;
}

char *world_snapshot(struct task *t, struct net_snapshot *info, struct error *err)
{
	const struct world *w = world_of(t);
	char *path = default_path(w->wish.snapshots_dir);

	/* the cluster's Secrets are in what a run that died has left */
	file_sweep(w->wish.snapshots_dir);
	if (file_mkdirs(w->wish.snapshots_dir, 0700, err) == 0 && take(t, path, info, err) == 0)
		return path;
	free(path);
	return NULL;
}

/* On the control plane whose member has seen most; of equals, the first. */
static int best_host(const struct world *w)
{
	int64_t index = 0;
	int best = -1;

	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const struct inventory_host *h = &w->wish.inventory->hosts[i];
		const struct quorum_view *v = world_etcd_view(w, i);
		int own = quorum_find(v, h->address, h->name);

		/* members of a working cluster differ by what is on its way: not worth a choice by chance */
		if (own >= 0 && v->answers[own] && !v->list[own].learner &&
			(best < 0 || v->status[own].raft_index > index + 1000)) {
			index = v->status[own].raft_index;
			best = (int)i;
		}
	}
	return best;
}

enum step_verdict snapshot_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	int best = best_host(w);

	if (best >= 0 && best != task_host(t))
		return STEP_NOT_HERE;
	if (best < 0 && world_cannot_look(w, why))
		return STEP_IMPOSSIBLE;
	if (best < 0) {
		error_refuse(why, ERROR_COMMAND, REFUSAL_NO_ETCD, NULL,
			"no etcd of a control plane answers: there is nothing to take a snapshot of");
		error_hint(why, "see 'kubewright etcd members' and 'kubewright logs HOST'");
		return STEP_IMPOSSIBLE;
	}
	return step_needed(why, EVIDENCE_ETCD, "snapshot", "takes a snapshot of etcd");
}

int snapshot_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct world_etcd *e = w->wish.etcd;

	if (e->snapshot) {
		if (take(t, e->snapshot, &e->info, err))
			return -1;
	} else {
		e->snapshot = world_snapshot(t, &e->info, err);
		if (!e->snapshot)
			return -1;
	}
	e->from = task_host(t);
	return 0;
}
