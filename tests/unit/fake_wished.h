/*
 * The worker cp1 of a cluster of two, as a folder (fake_site.h): a run of the probe and one step goes through the
 * engine, and the scripts run for real. Its units note their commands in a file; foo and keepalived run when
 * a file up.NAME is there, and a file "cut" ends the script that asks for the next restart.
 */
#ifndef TESTS_UNIT_FAKE_WISHED_H
#define TESTS_UNIT_FAKE_WISHED_H

#include "tests/unit/fake_site.h"

#include "cli/run.h"
#include "steps/steps.h"
#include "steps/run/want.h"

#define WISHED_HOST 1 /* cp1 in the inventory */

struct fake_wished {
	struct fake_site site;
	const char *more; /* of the inventory, before its hosts; NULL: Kubernetes' version alone */
	unsigned execs;
	struct cli_run cli;  /* of the last run, until wished_done */
	struct str shown;    /* what the step logged, and its notices: "CODE FIELD: text" */
	struct error first;  /* the run's first error */
};
extern struct fake_wished wished;

/* fake_site_close(&wished.site) closes it. */
void wished_open(void);
/*
 * One run; look: it changes nothing, and what it would do is in wished.cli. living: what to fill in of the world, as
 * the survey would; NULL: nothing.
 */
void wished_run(
	bool look, const struct step *step, const struct want_part *const *parts, void (*living)(struct world *w));
/* Lets go of what wished_run has made. */
void wished_done(void);
/* The code of what the step would do, and its first field: "file /etc/x"; or "". */
const char *wished_would(void);
/* Whether status and repair would report drift, were the host installed; after a run that looks. */
bool wished_drifts(void);

/* These lines of wished.shown as this build says them: words, or their codes. The caller frees. */
char *wished_said(const char *lines);

#endif
