/* A time line while it is made, for timeline.c and timeline_cause.c alone. */
#ifndef TUI_TIMELINE_FOLD_H
#define TUI_TIMELINE_FOLD_H

#include "tui/timeline.h"

#define NEEDS (sizeof(((struct runview_step *)NULL)->needs) / sizeof(struct runview_need))

/* Something that ended, and when: order counts ends and commands; 0: nothing yet. */
struct moment {
	size_t bar;
	uint64_t order;
};
struct fold_host {
	struct moment last, retried;
	uint32_t busy;      /* lanes in which a step runs */
	size_t current;     /* the bar that began last */
	bool online;
	int64_t offline_ms; /* since when, while it is not online */
	int64_t connecting_ms, asked_ms; /* since when; -1: it is not */
};
struct fold {
	struct timeline *t;
	const struct recording_head *head;
	size_t cap;
	uint64_t *ended;         /* per bar: its order */
	size_t *cells;           /* [host * steps + step] its last bar + 1; 0: none */
	struct fold_host *hosts;
	struct moment *gates;    /* [step * NEEDS + need] of needs of other hosts: what settled it last */
	struct moment *sections; /* per first step of a section: who left it last */
	bool *reached;           /* per step, for settle */
	struct moment any, ordinary, resumed, stopped;
	uint64_t order;
	size_t running, working; /* bars that are open; … and do not wait for an answer */
	int64_t at_ms, none_ms, idle_ms; /* now; since when nothing runs, or works */
};

/* Its last bar + 1; 0: none. */
size_t *fold_cell_of(const struct fold *f, size_t h, size_t s);
/* The first step of the section that a step is in; that step itself when it is in none. */
size_t fold_section_of(const struct fold *f, size_t s);
/* Sets cause, after and waited_ms of a bar that begins, by what ended so far. */
void fold_find_cause(const struct fold *f, struct timeline_bar *b);
/*
 * A step ended on a host: needs of it are met, and those of the steps that follow it and have no event there, for they
 * were found not to concern the host. What does concern it ends later and says so itself.
 */
void fold_settle(struct fold *f, size_t h, size_t s, struct moment m);
/* A host was set aside: nobody waits any more for what is not done there. */
void fold_aside(struct fold *f, size_t h);

#endif
