/*
 * A made-up installation of rack7 (three control planes, two workers) with the shipped plan, event by event at fixed
 * times; and what was seen before it.
 */
#ifndef TESTS_UNIT_FAKE_STORY_H
#define TESTS_UNIT_FAKE_STORY_H

#include "tui/wizard.h"

#include <stdint.h>

enum story {
	STORY_CHECK, /* hosts whose keys are not known yet ask about them */
	STORY_PLAN,
	STORY_WELL,
	STORY_FAILS, /* w2 cannot install packages; the run waits for the operator, and is ended */
};
#define STORY_MIDDLE 131000      /* of STORY_WELL: one joins, the others are ahead or behind */
#define STORY_WAITS 190000       /* of STORY_FAILS: all others are done */
#define STORY_RUN "20260301T120000-q7rx"

extern const char story_file[];  /* the inventory */
/* Its steps are there once a story is made. */
extern struct engine_config story_config;
/* fake_port, but for what it is asked of a run and of earlier ones; their journals are in the folder "runs". */
extern const struct port story_port;

/* How the run looks at at_ms. */
void story_view(struct runview *v, enum story which, int64_t at_ms);
/*
 * The wizard as if this run were under way, or were over. It is not a run that takes commands: story_forget before
 * the wizard is released.
 */
void story_run(struct wizard *w, enum story which, int64_t at_ms);
void story_forget(struct wizard *w);
/* The whole run as its journal, in a folder. */
void story_journal(const char *dir, enum story which);
/* What a check has seen, for the document as it is. */
void story_seen(struct wizard *w);
enum story_cluster {
	STORY_HEALTHY,
	STORY_CP_DEAD,   /* cp3's kubelet was stopped, and etcd's manifest is gone */
	STORY_NO_QUORUM, /* and cp2's disk is full; w2 cannot be reached */
};
/* What a look at the cluster saw, for the document as it is, 7 s ago at the time 1000000. */
void story_cluster(struct wizard *w, enum story_cluster which);
/*
 * Opens a page of a takeover in fake_app, as it is after a look 7 s ago: "adopt", "adopted", "adopted-refused",
 * "adopted-unreached" or "adopt-keys".
 */
void story_adopt(const char *page);
/* What a plan came to, for the document as it is. */
void story_plan(struct wizard *w);

#endif
