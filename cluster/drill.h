/* Faults on purpose: which there are, whom they hit, what is expected of the cluster, and what came of it. Pure. */
#ifndef CLUSTER_DRILL_H
#define CLUSTER_DRILL_H

#include "cluster/quorum.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct inventory;
struct remote_answer;

/* In the order in which they are made: what costs least first. */
enum drill_fault {
	DRILL_WORKER, /* a worker's kubelet stands still */
	DRILL_VIP,    /* the virtual IP's holder gives it away */
	DRILL_API,    /* an API server dies */
	DRILL_ETCD,   /* an etcd member that follows dies */
	DRILL_LEADER, /* the one that leads */
	DRILL_LINK,   /* a control plane is cut off from everybody */
	DRILL_FAULTS,
};
struct drill_kind {
	const char *name;  /* stable: "etcd-leader" */
	const char *title; /* "the etcd member that leads dies" */
	const char *does;  /* what is done, without the host: "SIGKILL to etcd" */
	unsigned pause_s;  /* writes and reads are expected to wait no longer than this */
	unsigned hold_s;   /* the host puts itself back after so long, whatever happens; 0: there is nothing to */
};
extern const struct drill_kind drill_kinds[DRILL_FAULTS];
/* DRILL_FAULTS: there is none of this name. */
enum drill_fault drill_find(const char *name);
/*
 * Whether the cluster of an inventory can do without what a fault takes away. voters: of etcd, 0: not known. -1: err
 * (ERROR_COMMAND) has the sum.
 */
int drill_possible(const struct inventory *inv, enum drill_fault f, unsigned voters, struct error *err);

/*
 * What the probe says of a drill that was cut off ("ended FAULT", "left FAULT"), in words; "": nothing. out is for a
 * line.
 */
void drill_left_words(const char *said, char *out, size_t size);

/* What a writer and a reader have met with, from before a fault until everything is as it was. */
struct drill_measured {
	unsigned writes, writes_failed, reads, reads_failed;
	unsigned lost;                        /* writes that were acknowledged and are not there */
	int64_t write_pause_ms, read_pause_ms; /* the longest time from one that succeeded to the next */
};
/* Of what steps/host/drill-measure.sh says at its end. -1 (ERROR_PROTOCOL): it says what it would not. */
int drill_measured_take(struct drill_measured *m, const struct remote_answer *a, struct error *err);
/* Whether nothing was lost and nobody waited longer than is expected of this fault. */
bool drill_as_expected(enum drill_fault f, const struct drill_measured *m);

/* DUE: also of one that was never made, as the run ended before. */
enum drill_state { DRILL_NOT_ASKED, DRILL_LEFT_OUT, DRILL_DUE, DRILL_DONE, DRILL_FAILED };
/* Stable, for programs: "left-out". */
const char *drill_state_name(enum drill_state s);
struct drill_case {
	enum drill_state state;
	int host, measures;         /* whom it hits, and who measures; -1: not known yet */
	struct error *why;          /* LEFT_OUT, FAILED; owned, or NULL */
	struct drill_measured measured;
	int64_t noticed_ms;         /* DRILL_WORKER: until its Node was not Ready; 0: it was never */
	int64_t back_ms;            /* from its end until the cluster was well again */
};

#endif
