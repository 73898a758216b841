/* What the wizard's port is made of, beside cli/wizard.c. */
#ifndef CLI_WIZARD_H
#define CLI_WIZARD_H

#include "cli/run.h"

struct port_benchmark;
struct port_certs;
struct port_cluster;
struct port_host;
struct port_requests;
struct port_rotation;
struct port_support;

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

/* What a look at a rotation said is next: what was shown is what is done. */
struct cli_rotation {
	const struct rotate_kind *kind; /* NULL: nothing, or it may not begin */
	enum rotate_next next;
	enum pki_phase phase; /* of the key store then */
	char inventory[64];   /* the cluster that it was of */
};
/* The wish of a run about what is rotated by this name. */
int cli_rotation_wish(const char *name, struct renew_wish *out, struct error *err);
/* How far it is, of a look that has ended, and what is next. port_rotation_release releases out. */
void cli_wizard_rotation(struct cli_run *r, const char *name, struct cli_rotation *next, struct port_rotation *out);
/*
 * Has the run do what the look said: the key store takes the next phase, if it has not yet, and the hosts follow.
 * -1: it was not of this.
 */
int cli_rotation_turn(const struct cli_rotation *next, const char *name, const struct inventory *inv,
	struct renew_wish *out, struct error *err);

/* Makes the archive of a run of support's kind that has ended; keys: as cli_support_make. Released as others are. */
void cli_wizard_support(struct cli_run *r, const struct error *keys, struct port_support *out);

#endif
