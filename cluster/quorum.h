/* The arithmetic of etcd's quorum, before anything touches a member. Pure. */
#ifndef CLUSTER_QUORUM_H
#define CLUSTER_QUORUM_H

#include <stdbool.h>

struct error;

struct quorum {
	unsigned voters, healthy; /* learners do not count */
};
/* More than half of the voters: so many must be healthy for anything to be written. */
unsigned quorum_needed(unsigned voters);
/* How many more healthy voters may be lost; 0 also when the quorum is lost. */
unsigned quorum_tolerates(const struct quorum *q);
/*
 * Whether a voter may be taken out: the members must be able to agree on it now, and those that stay must be able to go on alone. healthy: of the one that goes. after
 * is filled in any case. -1: err (ERROR_COMMAND) has the sum in words.
 */
int quorum_without(const struct quorum *now, bool healthy, const char *name, struct quorum *after, struct error *err);

#endif
