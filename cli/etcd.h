/* The actions of `kubewright etcd`, and what they and others print of its members. */
#ifndef CLI_ETCD_H
#define CLI_ETCD_H

#include "cli/run.h"

/* `etcd restore`, `etcd defrag`, `etcd disarm`. */
int cli_etcd_restore(const struct cli_options *o);
int cli_etcd_defrag(const struct cli_options *o);
int cli_etcd_disarm(const struct cli_options *o);
/* `etcd snapshots`: those that control planes have taken by themselves. */
int cli_etcd_snapshots(const struct cli_options *o);
/* Whether what --snapshot says is not a file of this machine: "latest", "HOST:latest" or "HOST:FILE". */
bool cli_snapshot_on_host(const char *spec);
/*
 * Finds it and brings it to this machine, verified: e->snapshot (the caller frees) and e->info. Returns the exit
 * status, 0 when it is here.
 */
int cli_etcd_fetch(struct cli_session *session, struct world_etcd *e);
/* All that a look saw of etcd's members, on stdout; through: the host whose view it is. */
void cli_etcd_print(const struct cli_run *r, const struct quorum_view *v, int through);
/* Says that no etcd answered, and why as far as it is known; returns the exit status. */
int cli_etcd_silent(const struct cli_run *r);
/* Alarms for people, a line each and what to do next; and as an array, null while they are not known. */
void cli_alarms_print(const struct quorum_view *v, const struct space_alarms *alarms);
struct json *cli_alarms_json(const struct quorum_view *v, const struct space_alarms *alarms);
/* etcd's members for people, a line each after an empty one; and as an array. */
void cli_members_print(const struct quorum_view *v);
struct json *cli_members_json(const struct quorum_view *v);

#endif
