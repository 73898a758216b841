/*
 * What a run looks like: a fold over its events, live or replayed. Bounded memory: each cell (host and step) keeps the
 * last lines of its log in a ring, all of them together at most RUNVIEW_LOG_BYTES; a line is cut at 1024 bytes.
 */
#ifndef TUI_RUNVIEW_H
#define TUI_RUNVIEW_H

#include "base/error.h"
#include "engine/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUNVIEW_LOG_BYTES (8u << 20)
#define RUNVIEW_CELL_LINES 500

struct runview_question {
	uint64_t seq;
	int host, step;
	enum code code;
	char *fields[CODE_FIELDS]; /* never NULL */
	char *text, *answers;
};
struct runview_host {
	char name[64];
	unsigned roles;
	enum code at;        /* HOST_CONNECTED, …: the last EVENT_HOST_STATE, … */
	char state[96];      /* … and in words */
	bool aside;
	struct error error;  /* why, when aside */
};
/* As in engine/step.h, with the step's index. */
struct runview_need {
	size_t step;
	unsigned roles, min;
};
struct runview_step {
	char name[32], title[64];
	unsigned roles, flags;
	char section[32];  /* "": none */
	unsigned at_once;  /* hosts in it */
	struct runview_need needs[6];
	size_t need_count;
};
struct runview {
	struct runview_host *hosts;
	size_t host_count;
	struct runview_step *steps;
	size_t step_count;
	struct progress progress;
	char run[40];
	uint64_t events;             /* seq of the last one */
	int64_t at_ms, wall_ms;      /* of the last one */
	bool paused, cancelling, over;
	enum outcome outcome;        /* when over */
	struct runview_question *questions; /* open ones, in order */
	size_t question_count;
	char notice[320];            /* the last one */
	struct runview_log *logs;    /* opaque */
	bool needs_known;            /* of the steps; not of a recorded run */
	struct runview_passing *passing; /* opaque; of runview_open */
};

/* Nothing has happened yet. Hosts and steps are copied. */
void runview_init(struct runview *v, const struct runview_host *hosts, size_t host_count,
	const struct runview_step *steps, size_t step_count);
/* From what an engine was made of. */
void runview_init_config(struct runview *v, const struct engine_config *config);
void runview_event(const struct event *ev, void *runview); /* an event_fn */
void runview_release(struct runview *v);

/* How a step stands on a host; lent. Beyond the last host or step: a cell to which nothing happened. */
const struct progress_cell *runview_cell(const struct runview *v, size_t host, size_t step);
/* What the last STEP_DONE of the cell carried: evidence, or what failed; "": nothing. Lent until the next event. */
const char *runview_text(const struct runview *v, size_t host, size_t step);
/*
 * Log of a cell: lines kept, and the i-th of them (0: the oldest kept). Step SIZE_MAX: the host's notices and states.
 * Lent until the next event.
 */
size_t runview_lines(const struct runview *v, size_t host, size_t step);
const char *runview_line(const struct runview *v, size_t host, size_t step, size_t i);
/* Lines that found no more room in the cell. */
size_t runview_lost(const struct runview *v, size_t host, size_t step);
/* The step that a host is at: running, else the last one that ended; SIZE_MAX: none. */
size_t runview_current(const struct runview *v, size_t host);
/* Whether a step is still to come on a host, as far as is known: no event says that one does not concern a host. */
bool runview_open(const struct runview *v, size_t host, size_t step);
struct runview_counts { size_t changed, ok, failed, running, waiting; size_t hosts_done, hosts_aside; };
/* Steps of all hosts by how they stand, and hosts. */
void runview_count(const struct runview *v, struct runview_counts *out);

/* For runview_init alone: what runview_open keeps. One block, to be freed. */
struct runview_passing *runview_passing_new(const struct runview *v);

/* ---- a recorded run ---------------------------------------------------------------------------------------------- */
struct recording;
/*
 * A journal read back, with time: the fold of its events up to any moment. Lines that cannot be understood (a run that
 * was killed half-way through a line, another version) are counted and left out; a file without a header is refused.
 * Bounded: files up to 256 MiB, events are kept as offsets.
 */
struct recording *recording_load(const char *path, struct error *err);
void recording_free(struct recording *r);
/* What the first line of a journal says. */
struct recording_head {
	char *command, *run; /* "apply"; its id */
	struct runview_host *hosts;
	size_t host_count;
	struct runview_step *steps;
	size_t step_count;
	bool needs_known;    /* of the steps: earlier versions did not record them */
};
const struct recording_head *recording_head(const struct recording *r); /* lent until recording_free */
/* For recording.c alone: from text, whose first line has len bytes; 0: it has no complete one. */
int recording_head_read(struct recording_head *h, const char *path, const char *text, size_t len, struct error *err);
void recording_head_release(struct recording_head *h);
const char *recording_command(const struct recording *r); /* "apply" */
const char *recording_run(const struct recording *r);     /* its id */
int64_t recording_length_ms(const struct recording *r);   /* from the run's start to the last event */
size_t recording_bad_lines(const struct recording *r);    /* that were left out */
/*
 * Reads on in the recording of a run under way in another process: half a line at the end waits for the rest. -1: it
 * cannot be read any more. Afterwards recording_live says whether that process is still there: when not, all was read.
 */
int recording_follow(struct recording *r, struct error *err);
bool recording_live(const struct recording *r);
/* How long the run has been under way; of one that is over, recording_length_ms. */
int64_t recording_now_ms(const struct recording *r);
/* Calls fn for the events from the first-th on; returns how many there are in all. */
size_t recording_events(const struct recording *r, size_t first, event_fn *fn, void *ctx);
/* The journal's lines as they are, so far; lent until the next call of recording_follow. */
const char *recording_lines(const struct recording *r, size_t *len);
/* The run as it stood at_ms after its start; lent, moves with the next call. Backwards folds again from the start. */
const struct runview *recording_at(struct recording *r, int64_t at_ms);
struct history;
/* Median ms that each step took in the newest 20 recordings of a folder, by name, for the time left; 0: not known. */
struct history *history_load(const char *runs_dir);
void history_free(struct history *h);
int64_t history_ms(const struct history *h, const char *step);
/*
 * ms left on the critical path of what is not yet done: the longest chain of needs over hosts; -1: no history for it
 * it from. needs as in the plan.
 */
int64_t history_left_ms(const struct history *h, const struct runview *v, const struct step *plan, size_t step_count);

#endif
