/* What the files of `kubewright adopt` share. */
#ifndef CLI_ADOPT_H
#define CLI_ADOPT_H

#include "cli/run.h"

struct document;

struct adopt_report {
	const struct cli_run *run; /* over all hosts of the cluster */
	const char *file;          /* the inventory's */
	const char *store_dir;     /* of the cluster */
	const char *cluster;
	const struct findings *found;
	bool written, keys; /* in this run */
};
/* For people, or as a document. */
void adopt_print(const struct adopt_report *a);
void adopt_print_json(const struct adopt_report *a);

#endif
