/*
 * What a step sees of the engine. A plan is a table of steps; the engine runs it as a graph, one step per host at a
 * time, one thread per host. A step's functions run on the thread of its host, the only one that touches the host's
 * remote.
 */
#ifndef ENGINE_STEP_H
#define ENGINE_STEP_H

#include "base/code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct remote;
struct task;

enum step_verdict {
	/* not of this host: no event, done for needs (unless the step failed on another host and was done on none) */
	STEP_NOT_HERE,
	STEP_DONE,       /* nothing to do */
	STEP_NEEDED,     /* apply will be called */
	STEP_HALF_DONE,  /* apply will be called and cleans up first */
	STEP_IMPOSSIBLE, /* the host is set aside with the error that check has set */
};

struct step_need {
	const char *step;    /* name of an earlier step of the plan; NULL ends the list */
	unsigned roles;      /* 0: on this host. Else: on all hosts that have one of these role bits, … */
	/*
	 * … each done or set aside, with at least min of them done (0: set aside is enough). Never met any more: this
	 * host is set aside ("blocked")
	 */
	unsigned min;
};

struct step {
	const char *name;    /* stable word: events, JSON, --help */
	const char *title;   /* for people: "Installing packages" */
	unsigned roles;      /* bits of the hosts it concerns */
	unsigned flags;
	struct step_need needs[6];
	/*
	 * Pure over the observed state (no remote calls). Evidence for the verdict may be put into why by step_needed;
	 * for STEP_IMPOSSIBLE why is an error with kind and hint. NULL: always STEP_NEEDED.
	 */
	enum step_verdict (*check)(struct task *t, struct error *why);
	/* Reaches the wanted state and updates the observed one. Safe to run twice. */
	int (*apply)(struct task *t, struct error *err);
};
/*
 * A stretch of the plan that a host holds from the first to the last of its steps: it takes its turn, in the order of
 * hosts, with the first of them that it begins, and has it until the last is settled or it is set aside. No STEP_ALWAYS
 * is among them, and none needs another of them of other hosts.
 */
struct section {
	const char *name, *first, *last; /* of steps: the last two */
	unsigned at_once;                /* hosts in it */
};
enum step_flag {
	STEP_OBSERVES = 1,   /* changes nothing that matters: applied in check-only runs too */
	STEP_ONE_BY_ONE = 2, /* on one host at a time, in the order of hosts: a section of one step */
	/* also on a host set aside for a reason other than its connection, and after a cancel: unlock, clean up */
	STEP_ALWAYS = 4,
	STEP_RETRY = 8,      /* a failure other than a lost connection is tried again once */
	/* with STEP_ALWAYS: not while another host has ordinary steps before it or, after ENGINE_LEAVE, at work */
	STEP_LAST = 16,
};

/* Returns STEP_NEEDED with its evidence: a code with its first field (or NULL) for programs, words for people. */
enum step_verdict step_needed(struct error *why, enum code code, const char *about, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

int task_host(const struct task *t);        /* index into the run's hosts */
void *task_world(const struct task *t);     /* what engine_config.world was */
bool task_check_only(const struct task *t); /* engine_config.check_only */
bool task_cancelled(const struct task *t);  /* the step is to end: for loops */
/* Whether a host was set aside because of its connection: what is seen of it will not change in this run. */
bool task_lost(const struct task *t, int host);
/* Whether a host was set aside, for whatever reason: this run does nothing more for it. */
bool task_aside(const struct task *t, int host);
/* The same as task_lost, and nothing answered at its address: not one that refused the login, which lives. */
bool task_unreached(const struct task *t, int host);
/*
 * The host's connection, opened (logged in) on first use and again after it was lost, a bounded number of times; NULL:
 * err set. Lent. Logins are bounded by engine_config.parallel.
 */
struct remote *task_remote(struct task *t, struct error *err);
/*
 * A new login beside the connection that there is, which it then takes the place of: the proof that the host still lets
 * one in. NULL: err set, and the old connection is the task's as before.
 */
struct remote *task_reopen(struct task *t, struct error *err);
/*
 * For a host that restarts: closes the connection and makes another one after wait_ms. Unlike those of task_remote
 * these are bounded by the caller. NULL: err set.
 */
struct remote *task_reconnect(struct task *t, int64_t wait_ms, struct error *err);
/* A line for the log of this cell. Secrets are masked. */
void task_log(struct task *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line of the host's logs, gathered from source after a failure. */
void task_gathered(struct task *t, const char *source, const char *line, size_t len);
/* The same for raw output in pieces, a remote_output_fn with ctx = the task: lines are split, printable, bounded. */
void task_output(const char *data, size_t len, void *task);
/* A finding or remark people must see in every front end, with a code and its first field (or NULL) for programs. */
void task_notice(struct task *t, enum code code, const char *about, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Registers a secret with the run's mask. */
void task_secret(struct task *t, const char *text);
/* The one lock for what several hosts' steps share in the world. Not recursive; never held over a remote call. */
void task_lock(struct task *t);
void task_unlock(struct task *t);
/*
 * Waits until deadline_ms (clock_mono_ms) or until another task calls task_wake or the run is cancelled. With the lock
 * held, like a condition variable: it may also return for nothing, and does after a sign of life of the run, for which
 * the lock is given up.
 */
void task_wait(struct task *t, int64_t deadline_ms);
/* Ends the waiting of all who are in task_wait. With the lock held. */
void task_wake(struct task *t);
/* A sign of life of the run to this host if one is due: for loops that do not wait. Host's thread, without the lock. */
void task_beat(struct task *t);
/*
 * Has every host that waits see at once whether one is due: the clocks of waits stand still while the machine is
 * suspended. Without the lock.
 */
void task_beat_all(struct task *t);
struct question {
	enum code code;                  /* CODE_NONE: one of which only its text says what it asks */
	const char *fields[CODE_FIELDS]; /* its own; NULL: not known */
	const char *text, *answers;      /* answers: "yes|no" style, default first */
};
/* Asks the operator; blocks. Returns the index of the chosen answer, or the default when no front end can ask. */
int task_ask(struct task *t, const struct question *question);

#endif
