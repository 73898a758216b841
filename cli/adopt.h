/*
 * Taking over a cluster that others made: what `kubewright adopt` and the page of the wizard do with it. In this order:
 * adopting_begin, _first and a run of it, _all and a run of it, _judge, _finish, _release.
 */
#ifndef CLI_ADOPT_H
#define CLI_ADOPT_H

#include "cli/run.h"

struct document;

struct adopting {
	struct cli_options *options; /* of each of its runs; lent */
	const char *host;            /* without its user */
	const char *file;            /* the inventory's */
	char work[48];               /* what the cluster is called until its name is known */
	char **sets;                 /* the operator's, with user and cluster's name */
	size_t set_count;
	struct cli_run first, all; /* the first host; all of them */
	bool first_run, all_run;   /* they were loaded */
	struct findings found;
	struct document *document; /* the inventory; NULL: there is none yet, or it cannot be adopted */
};

struct adopt_report {
	const struct cli_run *run; /* over all hosts of the cluster */
	const char *file;          /* the inventory's */
	const char *store_dir;     /* of the cluster */
	const char *cluster;
	const struct findings *found;
	bool written, keys; /* in this run */
};

/*
 * What o asks for: its argument [USER@]HOST, --set, --cluster, --out; a file that is there is refused, but with
 * --take-ca-keys. runs: the options of its runs, which are changed. Both are lent until the release, and a must not
 * move. a: zeroed; to be released in any case.
 */
int adopting_begin(struct adopting *a, const struct cli_options *o, struct cli_options *runs, struct error *err);
/* That the file is there; returns -1. */
int adopting_exists(const struct adopting *a, struct error *err);
/* Opens a->first, to be executed. */
int adopting_first(struct adopting *a, struct error *err);
/* When that has ended: opens a->all. -1: also when the first host could not be looked at, or has no such cluster. */
int adopting_all(struct adopting *a, struct error *err);
/* When that has ended: a->found and a->document. -1: err says why it cannot be adopted; a->found is there. */
int adopting_judge(struct adopting *a, struct error *err);
/*
 * Writes the inventory and keeps host keys that were accepted; one that is there already must be of this cluster, and
 * stays. Loads r with it, which is to be released when r->options is set. Fills store_dir, cluster and written, the
 * first two lent by r.
 */
int adopting_finish(struct adopting *a, struct cli_run *r, struct adopt_report *report, struct error *err);
/* Also of the host keys that were accepted on the way and are not kept. */
void adopting_release(struct adopting *a);

/* Whether this machine has the cluster's keys. */
bool adopt_keys_here(const char *store_dir);
/* -1: a run of KIND_TAKE_KEYS that has ended did not bring them, and why. */
int adopt_keys_taken(const struct cli_run *r, struct error *err);

/* The CAs as a control plane has them, a line each: file, fingerprint, last day. Appended. */
void adopt_print_cas(const struct cli_run *r, struct str *out);
/* For people, or as a document. */
void adopt_print(const struct adopt_report *a);
void adopt_print_json(const struct adopt_report *a);

#endif
