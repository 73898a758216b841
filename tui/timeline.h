/*
 * The time line of a recorded run: which host did what when, what each step had waited for, and the chain of steps that
 * the run took its time from. Made once, in one pass over the events; what is drawn of it is in timeline_text.c.
 */
#ifndef TUI_TIMELINE_H
#define TUI_TIMELINE_H

#include "tui/runview.h"

struct str;

/* What a step began after: of all that it had to wait for, what came last. */
enum timeline_cause {
	CAUSE_START,   /* the start of the run */
	CAUSE_HOST,    /* the step before on its host, which does one at a time */
	CAUSE_NEED,    /* a step that it needs */
	CAUSE_TURN,    /* its turn in its section, which another host had */
	CAUSE_REST,    /* all other steps of the run: it is to be the last */
	CAUSE_COMMAND, /* the operator: a pause that ended, a retry, a cancel */
	CAUSE_UNKNOWN, /* an earlier version recorded the run, without the needs of steps */
};
/* The words of the JSON output, which stay: "start", "turn". */
const char *timeline_cause_name(enum timeline_cause cause);

/* A step on a host, from its check to its end. */
struct timeline_bar {
	size_t host, step; /* indexes of the recording's head */
	int64_t start_ms, end_ms; /* since the run's start; open: end_ms is the last moment known */
	bool open;         /* no end of it is recorded */
	enum outcome outcome; /* when not open */
	unsigned lane;     /* 0, but for what runs beside another step of the same host */
	int64_t waited_ms; /* from the end of the host's step before, or the run's start, to its start */
	enum timeline_cause cause;
	size_t after;      /* the bar whose end it began after, an earlier one; SIZE_MAX: none */
	/* parts of it in which it did nothing: until a login began (a limit of logins, or before another attempt), … */
	int64_t queue_ms;
	int64_t login_ms;  /* … until that was through, … */
	int64_t answer_ms; /* … and until the operator answered */
};
struct timeline {
	const struct recording_head *head; /* lent */
	struct timeline_bar *bars; /* in the order in which they began */
	size_t count;
	size_t left_out;      /* that there was no room for */
	unsigned *lanes;      /* per host, at least 1 */
	int64_t wall_ms;      /* to the end of the run, or to the last moment known */
	bool over, live;      /* it came to its end; its process is there */
	int64_t no_step_ms;   /* of wall_ms: no step of any host ran */
	int64_t idle_ms;      /* of wall_ms: no host worked: no step ran, or those that did waited for an answer */
	size_t *path;         /* bars, from the one that ended last back to the first: each began after the next one */
	size_t path_count;
	int64_t path_ms;      /* its steps; the rest of wall_ms passed between them */
};

/* r is lent, as long as the time line is there: nothing of it but its head is needed later. */
struct timeline *timeline_make(const struct recording *r);
void timeline_free(struct timeline *t);
/* The bars that took longest, the longest first: up to max of them into list. Returns how many there are. */
size_t timeline_longest(const struct timeline *t, size_t *list, size_t max);
/* ms between the end of what a bar began after and its start. */
int64_t timeline_gap_ms(const struct timeline *t, const struct timeline_bar *b);

/* The whole of it, in lines of width columns and not under 72; long names may need more. ascii: nothing else in it. */
void timeline_text(const struct timeline *t, int width, bool ascii, struct str *out);

#endif
