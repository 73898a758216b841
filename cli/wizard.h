/* What the wizard's port is made of, beside cli/wizard.c. */
#ifndef CLI_WIZARD_H
#define CLI_WIZARD_H

#include "cli/run.h"

struct port_cluster;
struct port_host;

/* By enum purpose. A run is over all hosts, or the one that it is about, or all with that one flagged for the steps. */
struct cli_purpose {
	struct cli_run_kind kind; /* without step_count, which is no constant in C */
	const size_t *step_count;
	size_t flags; /* offset of the flags in struct world; 0: none */
	int (*choose)(struct cli_run *r, const bool *flags, struct error *err); /* who is contacted; NULL: all */
};
extern const struct cli_purpose cli_purposes[];

/* The hardware that was discovered. */
void cli_wizard_host(const struct cluster_host *h, struct port_host *out);
/*
 * How a living cluster is, in the words of status and with the findings of repair: over a look that has ended (a run of
 * status' kind), and what it would change. port_cluster_release releases it.
 */
void cli_wizard_cluster(struct cli_run *r, const struct would *w, struct port_cluster *out);

#endif
