/*
 * A rig for tests of the engine: hosts whose remotes are made here, a world that remembers what is done, events kept
 * for questions afterwards.
 */
#ifndef TESTS_FAKE_ENGINE_H
#define TESTS_FAKE_ENGINE_H

#include "base/error.h"
#include "engine/engine.h"

#include <stdatomic.h>

#define RIG_CP 1u
#define RIG_WORKER 2u
#define RIG_ALL 3u
#define RIG_HOSTS 256
#define RIG_STEPS 16

/* What a remote call does. */
enum rig_act {
	RIG_OK,
	RIG_FAIL,      /* ERROR_COMMAND */
	RIG_LOSE,      /* ERROR_CONNECT */
	RIG_REFUSE,    /* ERROR_AUTH */
	RIG_HANG,      /* until cancelled */
	RIG_LATE,      /* of a login: is cancelled, but too late: it succeeds */
	RIG_AWAIT,     /* until flag is set by a step or by rig_open_flag, or cancelled */
};

struct rig_event {
	struct event ev;
	char *text;
	struct error error;
};
struct rig {
	struct engine_config config;
	struct engine *engine;
	struct engine_host hosts[RIG_HOSTS];
	char names[RIG_HOSTS][8];

	/* guarded by task_lock during a run */
	bool done[RIG_HOSTS][RIG_STEPS];
	unsigned checks[RIG_HOSTS][RIG_STEPS], applies[RIG_HOSTS][RIG_STEPS];
	int running[RIG_STEPS], most[RIG_STEPS];
	int order[RIG_HOSTS * RIG_STEPS], order_count; /* host * RIG_STEPS + step, as applies begin */
	bool lost[RIG_HOSTS]; /* what task_lost says of a host as the last apply begins */
	unsigned opens[RIG_HOSTS];
	int opening, most_opening;
	_Atomic int connections, most_connections; /* open, or being opened */
	bool flag;
	_Atomic bool opened;  /* by the test's thread */

	int only[RIG_STEPS];  /* -1: every host; else this one, NOT_HERE on the others */
	/* step -1: the login. NULL: all is well. nth: 1, 2, … of this step or login on this host. Under task_lock. */
	enum rig_act (*act)(struct rig *r, int host, int step, unsigned nth);
	/* After apply's exec, under task_lock. May be NULL. */
	void (*after)(struct rig *r, int host, int step);
	_Atomic int calls;    /* remote calls */
	_Atomic int cancels;  /* of connections */
	int fail_call;        /* this one fails, as … */
	enum rig_act fail_as;

	int after_cancel_ms;  /* 0: as it is */
	struct rig_event *events;
	size_t event_count;
	void (*on_event)(struct rig *r, const struct event *ev); /* on the dispatching thread */
	struct engine_result result;
};

/* roles: one letter per host, 'c' or 'w'; names c0, c1, w2, … by index. */
void rig_init(struct rig *r, const struct step *steps, size_t count, const char *roles);
void rig_release(struct rig *r);
/* For step tables. */
enum step_verdict rig_check(struct task *t, struct error *why);
int rig_apply(struct task *t, struct error *err);
int rig_step_index(const struct rig *r, const char *name);
/*
 * Starts; with rig_finish: waits for the end, checks what must hold for every run, and fills result. The engine lives
 * till rig_release or the next start.
 */
bool rig_start(struct rig *r);
void rig_finish(struct rig *r);
void rig_run(struct rig *r);
/* Dispatches until the event is there; false after ms. */
bool rig_until(struct rig *r, enum event_kind kind, int step, int host, int ms);
/* Place of the first such event, or -1. -1 for step or host: any. */
int rig_find(const struct rig *r, enum event_kind kind, int step, int host);
unsigned rig_count(const struct rig *r, enum event_kind kind, int step, int host);
const struct rig_event *rig_get(const struct rig *r, enum event_kind kind, int step, int host);
/* Outcome of the last STEP_DONE of the cell, or -1. */
int rig_outcome(const struct rig *r, int step, int host);
void rig_forget(struct rig *r); /* done, counters, events: as if new */
void rig_open_flag(struct rig *r); /* from the test's thread */
int64_t rig_ms(void);

/* The plan of an installation in small: probe os images init token join join-cp verify unlock. */
extern const struct step rig_plan[];
extern const size_t rig_plan_count;
enum { P_PROBE, P_OS, P_IMAGES, P_INIT, P_TOKEN, P_JOIN, P_JOIN_CP, P_VERIFY, P_UNLOCK };
/* rig_init with it; init and token only on host 0. */
void rig_init_plan(struct rig *r, const char *roles);

#endif
