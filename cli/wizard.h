/* What the wizard's port is made of, beside cli/wizard.c. */
#ifndef CLI_WIZARD_H
#define CLI_WIZARD_H

#include "cli/adopt.h"

#define CLI_TAKEOVER_SETS 16 /* fields that the page may give values to */

struct port_adopted;
struct port_benchmark;
struct port_certs;
struct port_cluster;
struct port_drill;
struct port_hardware;
struct port_host;
struct port_mesh;
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
/*
 * What the machines are made of, of a look of hardware's kind, and what `kubewright hardware` finds in it; the look is
 * kept for the next one. port_hardware_release releases it.
 */
void cli_wizard_hardware(struct cli_run *r, struct port_hardware *out);
/* What the hosts of a look of the mesh's kind get through to one another. port_mesh_release releases it. */
void cli_wizard_mesh(struct cli_run *r, struct port_mesh *out);
/* Which faults a look could make, or what came of those that a drill made. port_drill_release releases it. */
void cli_wizard_drill(struct cli_run *r, struct port_drill *out);
/* Bits of the faults whose names are given with blanks between them; others count for nothing: cli/drill.c. */
unsigned cli_drill_bits(const char *names);
/* Who waits for a certificate, as a look of certs sign saw it. port_requests_release releases it. */
void cli_wizard_requests(struct cli_run *r, struct port_requests *out);

/* What a look at a rotation said is next: what was shown is what is done. */
struct cli_rotation {
	const struct rotate_kind *kind; /* NULL: nothing, or it may not begin */
	enum rotate_next next;
	enum pki_phase phase; /* of the key store then */
	char inventory[64];   /* the cluster that it was of */
	bool secrets;         /* it is the key of Secrets, which is rotated in one run */
	char key[64];         /* of those: the present one then */
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
/* Whether it is the key of Secrets, whose runs are of another kind. */
bool cli_rotation_secrets(const char *name);
/* Of that: makes the key that the look said, in the key store of a run that is open; not if it has another now. */
int cli_rotation_make(struct cli_rotation *next, struct cli_run *r, struct error *err);

/* Makes the archive of a run of support's kind that has ended; keys: as cli_support_make. Released as others are. */
void cli_wizard_support(struct cli_run *r, const struct error *keys, struct port_support *out);

/* A cluster of others that is taken over: from one run to the next, until its inventory is written. */
struct cli_takeover {
	struct adopting is;
	struct cli_options asked, runs; /* what the command line would say; the options of its runs */
	char *what, *words;             /* what it is about; the same, cut into what asked lends */
	char *args[1];
	const char *sets[CLI_TAKEOVER_SETS];
	enum takeover_stage {
		TAKEOVER_FIRST, /* the first host is looked at, or is to be */
		TAKEOVER_NEXT,  /* it was: all of them are next */
		TAKEOVER_ALL,
	} stage;
	bool ready; /* the inventory may be written */
};
/*
 * Opens the next look: at the host that what names, then at all. what: "KEY=VALUE" lines: host, out, cluster, and
 * fields of the inventory. o: as runs of the wizard have them, copied. *run is the takeover's.
 */
int cli_takeover_open(struct cli_takeover *t, const struct cli_options *o, const char *what, struct cli_run **run,
	struct error *err);
/* What a look that has ended came to. port_adopted_release releases out. */
void cli_takeover_see(struct cli_takeover *t, struct port_adopted *out);
/* Writes the inventory and ends the takeover. *keys: whether this machine has the cluster's keys already. */
int cli_takeover_write(struct cli_takeover *t, bool *keys, struct error *err);
void cli_takeover_release(struct cli_takeover *t);

#endif
