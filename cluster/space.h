/*
 * The room that etcd's data has: what a defragmentation would return, and whether the members may be defragmented or
 * their alarms cleared. Pure.
 */
#ifndef CLUSTER_SPACE_H
#define CLUSTER_SPACE_H

#include "cluster/quorum.h"

#define SPACE_QUOTA (2LL << 30) /* etcd's own, when it is given none */
#define SPACE_NONE INT64_MAX    /* a quota that limits nothing */
#define SPACE_ALARMS (2 * QUORUM_MEMBERS)

/* What one control plane's manifest and disk say. */
struct space_host {
	bool looked;   /* at the manifest */
	int64_t quota; /* that the manifest gives, in bytes; 0: none, below 0: no limit */
	int64_t room;  /* bytes that are free on the disk of etcd's data; -1: not known */
};
/* The alarms of all members, as one of them reported them. */
struct space_alarms {
	bool known;
	int count;
	struct net_etcd_alarm list[SPACE_ALARMS];
};

/* Bytes that a member's database may grow to, as it says itself or its host's manifest does. 0: not known. */
int64_t space_quota(const struct net_etcd_status *s, const struct space_host *host);
/*
 * Whether what a defragmentation would return is known, and not worth the time that the member stands still. full: a
 * member has raised NOSPACE.
 */
bool space_little(const struct net_etcd_status *s, bool full);
/* How long a defragmentation may take, in milliseconds: minutes, and more for a large database. */
int64_t space_limit_ms(const struct net_etcd_status *s);
/* Whether an alarm is of the kind that a lack of space raises. */
bool space_is_full(const struct net_etcd_alarm *alarm);
/* Whether one of them is. */
bool space_any_full(const struct space_alarms *alarms);
/* The name of the member that has raised it, or its id; lent. */
const char *space_member(const struct quorum_view *v, const struct net_etcd_alarm *alarm);

/*
 * Whether a member may stand still while it is defragmented: all of them vote, answer, agree on the leader and run the
 * same version, and nothing but NOSPACE is raised. -1: err names what is in the way.
 */
int space_may_defrag(const struct quorum_view *v, const struct space_alarms *alarms, struct error *err);
/*
 * Whether the alarms may be cleared: all of them are NOSPACE, and every member's database is smaller than its quota by
 * a twentieth, for otherwise the next writes raise them again. quotas: of the members of v. -1: err names what is in
 * the way.
 */
int space_may_disarm(const struct quorum_view *v, const struct space_alarms *alarms,
	const int64_t quotas[QUORUM_MEMBERS], struct error *err);

#endif
