/* The snapshots of etcd that control planes take by themselves, as the probe lists them. Pure. */
#ifndef CLUSTER_SNAPSHOTS_H
#define CLUSTER_SNAPSHOTS_H

#include "cluster/cluster.h"

struct inventory;

/* Of one on a host: as steps/host/snapshots.sh lists at most. */
#define SNAPSHOT_FILES 500
/* The service that takes one is ended after so many seconds. */
#define SNAPSHOT_LIMIT_S 1800
struct snapshot_file {
	char name[128];  /* "rack7-3f2a9c1e-20261130T120000Z.db" */
	int64_t taken_s; /* since 1970, by its name */
	int64_t size;
	bool ours; /* of this cluster, by the CA that the host has now */
};
/* Seconds between two; 0: none are scheduled. */
int64_t snapshots_period_s(const struct inventory *inv);
/* Those of a host, the newest first; at most max. */
size_t snapshots_of(const struct cluster_host *h, struct snapshot_file *out, size_t max);
/* The newest of this cluster. False: there is none. */
bool snapshots_newest(const struct cluster_host *h, struct snapshot_file *out);
/*
 * What "latest" (of all control planes), "HOST:latest" or "HOST:FILE" names: the index of its host, or -1. The latest
 * is of this cluster; a file may be of another.
 */
int snapshots_find(const struct inventory *inv, const struct cluster_host *hosts, const char *spec,
	struct snapshot_file *out);
/*
 * How the last try ended: a code of steps/host/etcd-snapshot.sh, or "cut"; "": there was none. *when: seconds since
 * 1970.
 */
const char *snapshots_try(const struct cluster_host *h, int64_t now_s, int64_t *when);
/* "3 h", "2 d": for people. */
void snapshots_age(int64_t seconds, char *out, size_t size);

#endif
