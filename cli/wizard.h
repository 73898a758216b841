/* What the wizard's port is made of, beside cli/wizard.c. */
#ifndef CLI_WIZARD_H
#define CLI_WIZARD_H

#include "cli/run.h"

struct port_benchmark;
struct port_certs;
struct port_cluster;
struct port_host;
struct port_requests;

/* The hardware that was discovered. */
void cli_wizard_host(const struct cluster_host *h, struct port_host *out);
/*
 * How a living cluster is, in the words of status and with the findings of repair: over a look that has ended (a run of
 * status' kind), and what it would change. port_cluster_release releases it.
 */
void cli_wizard_cluster(struct cli_run *r, struct port_cluster *out);
/* The certificates that a look of certs' kind saw, and this machine's. port_certs_release releases them. */
void cli_wizard_certs(struct cli_run *r, struct port_certs *out);
/* What a look of the benchmark's kind saw, item by item. port_benchmark_release releases it. */
void cli_wizard_benchmark(struct cli_run *r, struct port_benchmark *out);
/* Who waits for a certificate, as a look of certs sign saw it. port_requests_release releases it. */
void cli_wizard_requests(struct cli_run *r, struct port_requests *out);

#endif
