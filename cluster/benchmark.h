/*
 * How hosts are set up beside what the CIS Kubernetes Benchmark wants of control planes, etcd and kubelets: a table of
 * its items, each with a rule about what a host shows. Pure.
 */
#ifndef CLUSTER_BENCHMARK_H
#define CLUSTER_BENCHMARK_H

#include "cluster/adopt.h"

#include <stdbool.h>
#include <stddef.h>

/* The edition that the ids are of. */
#define BENCHMARK_EDITION "1.12"

/* Of an item, on one host or on all: the later one counts. */
enum benchmark_state {
	BENCHMARK_NOT_APPLICABLE,
	BENCHMARK_PASSED,
	BENCHMARK_BY_HAND, /* it is not as the item wants it, and kubewright has a reason not to set it so */
	BENCHMARK_UNKNOWN, /* it could not be seen: never passed */
	BENCHMARK_FAILED,
	BENCHMARK_STATES,
};
/* For programs: "passed", "by-hand", … */
const char *benchmark_state_name(enum benchmark_state state);

/* What one host answered to steps/host/benchmark.sh. */
struct benchmark_host {
	struct adopt_host said; /* its static Pods' manifests and flags as adopt has them */
	struct json *kubelet;   /* the kubelet's configuration file; NULL: none that can be read */
};
/* Takes the answer over. */
void benchmark_host_take(struct benchmark_host *h, struct remote_answer *said);
void benchmark_host_release(struct benchmark_host *h);

struct benchmark_rule;
struct benchmark_item {
	const char *id;
	const char *wants;  /* in words of ours, plain */
	const char *remedy; /* what an operator does about it */
	const char *why;    /* not NULL: what is not so is BY_HAND, for this reason */
	bool all;           /* of all hosts; else of control planes */
	const struct benchmark_rule *rule;
};
extern const struct benchmark_item benchmark_items[];
extern const size_t benchmark_item_count;

struct benchmark_seen {
	enum benchmark_state state;
	char what[240]; /* what was seen; printable, one line */
};
/* Whether an item is about hosts of this role, by the inventory. */
bool benchmark_concerns(const struct benchmark_item *item, bool control_plane);
/* What an item comes to on a host that it concerns; one that was not looked at leaves it unknown. */
void benchmark_judge(const struct benchmark_item *item, const struct benchmark_host *h, struct benchmark_seen *out);

#endif
