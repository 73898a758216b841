/* What goes into the archive of `kubewright support`: each text through the sieve, bounded, and listed. */
#ifndef CLI_SUPPORT_PACK_H
#define CLI_SUPPORT_PACK_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct archive;
struct cli_options;
struct cli_run;
struct mask;

struct pack {
	struct archive *archive;
	struct mask *known;  /* secrets, lent */
	struct str manifest; /* a line for each file */
	struct str missing;  /* and for what is not in it, and why */
	unsigned files, cut;
	char run[64]; /* the newest recording that is in it; "": none */
	int64_t bytes; /* before they are compressed */
	bool failed;   /* err says why; what is added then is dropped */
	struct error err;
};
enum pack_end {
	PACK_START, /* what is beyond the limit is left out */
	PACK_END,   /* … before the last bytes: of a log those count */
};
/*
 * Adds a file, at most limit bytes of it, whole lines. cut: how much of it is missing already, in words, or NULL. what
 * is for the manifest.
 */
void pack_add(struct pack *p, const char *name, const char *what, const struct str *text, size_t limit,
	enum pack_end end, const char *cut);
/* Notes what is not in it. */
void pack_missing(struct pack *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- support_local.c: what this machine has ---------------------------------------------------------------------- */

/* The inventory as it was written, and what is wrong with it. */
void pack_inventory(struct pack *p, const struct cli_options *o);
/* The newest recordings of a folder. */
void pack_recordings(struct pack *p, const char *runs_dir);
/* Has what this machine keeps of a cluster's secrets covered: keys of its store, values of its kubeconfig. */
void pack_secrets(struct mask *known, const struct cli_run *r);

/* ---- support_hosts.c: what a look has seen ----------------------------------------------------------------------- */

/* Of each host its facts and logs; findings; status. Hosts that did not answer are noted. */
void pack_hosts(struct pack *p, struct cli_run *r);

#endif
