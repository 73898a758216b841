/*
 * The engine's insides. Two locks, taken in this order: engine.lock (state of run and hosts), stream.lock (events). A
 * step's task_lock comes before both and is never taken while one of them is held. All fields are under engine.lock
 * unless said otherwise.
 */
#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

#define STREAM_SLOTS 4096
#define TEXT_MAX 4096         /* bytes of an event's text */
#define LINE_MAX_BYTES 65536  /* of output without a newline */
#define STEP_OUTPUT_MAX (8u << 20)    /* bytes of output that a step of one host may say … */
#define STEP_LINES_MAX 100000u        /* … and lines */
#define JOURNAL_OUTPUT_MAX (96u << 20) /* bytes of a journal after which it takes no more output */
#define JOURNAL_FREE_MIN (64u << 20)   /* nor when its disk has less room */
#define OBSERVERS_MAX 8
#define NEEDS_MAX 6
#define AFTER_CANCEL_MS 10000 /* what clean-up steps get after a cancel */

/* ---- events ------------------------------------------------------------------------------------------------------ */

struct node;
struct stream {
	pthread_mutex_t lock;
	pthread_cond_t space;
	struct node *head, **tail;
	size_t count;
	uint64_t seq;
	int fd;         /* eventfd: readable while count > 0 */
	int64_t start_ms;
	bool unbounded; /* nobody waits for space any more: cancelled */
	bool done;      /* RUN_DONE was delivered */
	event_fn *observers[OBSERVERS_MAX];
	void *observer_ctx[OBSERVERS_MAX];
	size_t observer_count;
};
enum emit_mode {
	EMIT_WAIT,  /* waits while the stream is full; never with engine.lock held */
	EMIT_FORCE, /* never waits: kinds whose number is bounded, with engine.lock held or from a front end's thread */
};

/* An empty stream with its eventfd, which may fail (ERROR_SYSTEM). Release drops the events that nobody took. */
int stream_init(struct stream *s, struct error *err);
void stream_release(struct stream *s);
/* Waits while the stream is full, before engine.lock is taken for what will be EMIT_FORCEd: back pressure. */
void stream_wait_space(struct stream *s);
/* From now on nobody waits for space, and output that finds none is dropped: the run was cancelled. */
void stream_unbound(struct stream *s);
/*
 * Masks, makes printable, numbers, journals and queues *ev; seq and times are set here. seq_to, if given, is set before
 * anyone can see the event. Output that comes while the stream is full after a cancel is dropped, before it gets a
 * number.
 */
void stream_emit(struct engine *e, const struct event *ev, enum emit_mode mode, _Atomic uint64_t *seq_to);
/* n bytes of text, masked, printable and at most max bytes; the caller frees. Errors are changed in place. */
char *stream_clean_text(struct mask *mask, const char *text, size_t n, size_t max);
void stream_clean_error(struct mask *mask, struct error *err);

/* ---- state ------------------------------------------------------------------------------------------------------- */

enum settled { UNSETTLED, SETTLED_DONE, SETTLED_NOT_HERE, SETTLED_FAILED, SETTLED_BLOCKED, SETTLED_SKIPPED };
struct cell {
	enum settled settled;
	enum outcome outcome; /* of SETTLED_DONE */
	bool doomed;          /* refreshed: unsettled, and can never start */
};

/* What a host's thread is to do next. */
enum work { WORK_NONE, WORK_STEP, WORK_BLOCK, WORK_SKIP };

/* One host, its thread, and what its steps see. */
struct task {
	struct engine *e;
	int host;
	pthread_t thread;
	pthread_cond_t cond; /* every wait of this thread but the stream's and the steps' */
	bool has_thread;

	enum work work;
	int work_step;       /* of work */
	int step;            /* at which its own thread is, and nobody else's: without lock */
	bool busy;
	bool grace;          /* the step was begun after the cancel: clean-up */
	struct cell *cells;  /* per step */
	bool *inside;        /* per section: it has its turn */

	bool aside;
	bool blocked;        /* … because blocked_step can never start */
	int blocked_step;
	bool unreachable;    /* … because of its connection */
	bool skip;           /* to be skipped */
	bool skipped;        /* … by command */
	bool retry;          /* RETRY_HOST came while busy */
	unsigned aside_order;
	int aside_step;      /* at which; -1: at none */
	struct error error;

	struct remote *remote;
	struct remote_cancel_token *token;
	bool remote_dead;    /* cancelled for good */
	bool ever_connected;
	bool wants_login, holds_login;
	bool has_connection; /* or is making it: one of engine.connections */
	bool gives;          /* is to close it, for a host that wants one */
	int reconnects;
	_Atomic int64_t beat_at; /* clock_mono_ms of the next sign of life */
	bool resting;        /* nothing to do, and asks whether a sign of life is due */
	bool beating;        /* … and it is: the connection is in use */
	bool opening;        /* its thread is logging in, which may ask the operator */

	_Atomic uint64_t question;
	bool answered;
	int answer;

	pthread_mutex_t out_lock; /* the next four; a leaf before stream.lock */
	struct str tail;
	bool dropping;
	size_t out_bytes, out_lines; /* of this step, from the host */
};

/* "step on all hosts of these roles", counted once for all who need it. */
struct gate {
	int step;
	unsigned roles;
	unsigned total, done, open;
	unsigned here, failed; /* of done: not "not here" */
};

/* Of a section, or of a step with STEP_ONE_BY_ONE. */
struct turn {
	unsigned at_once, inside; /* hosts */
};

struct engine {
	struct engine_config config;
	pthread_mutex_t lock;
	struct stream stream;
	struct task *tasks;
	int (*need_step)[NEEDS_MAX]; /* indexes of the steps that are needed */
	int (*need_gate)[NEEDS_MAX]; /* indexes into gates; -1: this host */
	struct gate *gates;
	size_t gate_count;
	int *section;                /* per step: index into turns, or -1 */
	struct turn *turns;
	size_t turn_count;

	pthread_t watcher;
	pthread_cond_t watch;
	bool has_watcher;

	bool started, paused, left, cancelled, ended, over, quit;
	bool hard;                   /* not even clean-up steps continue */
	bool wake_world;             /* for the watcher */
	bool ordinary_open;          /* refreshed: some host has steps left, clean-up aside */
	bool no_questions;
	int64_t cancel_ms, after_cancel_ms;
	unsigned running, aside_count;
	int logins, connections;
	int wanting, giving; /* hosts that wait for a connection, and those that close theirs for them */

	pthread_mutex_t world_lock;
	pthread_cond_t world_wake;
};

/* Whether step s is one of host's. */
static inline bool engine_concerns(const struct engine *e, int s, int host)
{
	return (e->config.steps[s].roles & e->config.hosts[host].roles) != 0;
}
static inline bool cell_is_done(const struct cell *c)
{
	return c->settled == SETTLED_DONE || c->settled == SETTLED_NOT_HERE;
}

/* engine_result with engine.lock held. */
void engine_result_locked(const struct engine *e, struct engine_result *out);

/* ---- plan.c ------------------------------------------------------------------------------------------------------ */
/*
 * Turns the names of needs and sections into indexes. ERROR_INTERNAL: a need is not an earlier step, or of those that
 * run last, or would keep a section waiting for itself; or a section is none of the plan.
 */
int plan_resolve(struct engine *e, struct error *err);
enum need_state { NEED_MET, NEED_PENDING, NEED_NEVER };
/* Counts the gates again, and which cells are doomed: after every change of state, before the next is asked. */
void plan_refresh(struct engine *e);
/* Whether step s may start on t's host. *which: the first need that is not met. */
enum need_state plan_needs(const struct engine *e, const struct task *t, int s, int *which);
/* Says in err why step s can never start on t's host. */
void plan_explain(const struct engine *e, const struct task *t, int s, struct error *err);

/* ---- schedule.c: with engine.lock held --------------------------------------------------------------------------- */
/* Gives work to idle hosts, ends the run when there is none. After every change of state. */
void schedule(struct engine *e);
/* Lets a host that is set aside and idle continue, and with it those that were blocked by it alone. */
void schedule_retry(struct engine *e, struct task *t);
/* A place for a login got free. */
void schedule_login(struct engine *e);
/* Has hosts that have nothing to do close their connections for those that wait for one. */
void schedule_room(struct engine *e);

/* ---- host.c ------------------------------------------------------------------------------------------------------ */
/* The thread of one host, for pthread_create: does what schedule gives it until the run is over. Returns NULL. */
void *host_main(void *task);
/* Whether the running step must end; with engine.lock held. */
bool host_stopped(const struct task *t);
/* Host's thread, without lock. */
void host_close(struct task *t);
/* Makes what the host is doing end; with engine.lock held. */
void host_interrupt(struct task *t);
/* Host's thread, engine.lock held: waits on t->cond, until deadline_ms if that is >= 0; false: it passed. */
bool host_wait(struct task *t, int64_t deadline_ms);
/* Whether the caller is this host's thread. */
bool host_is_own(const struct task *t);
/* A sign of life, if it is time; host's thread, without lock. */
void host_beat(struct task *t, struct error *err);
/* Waits for a signal or gives a sign of life, whichever comes first; engine.lock held. */
void host_rest(struct task *t, struct error *err);

/* ---- say.c ------------------------------------------------------------------------------------------------------- */
/* These three emit an event of t's host, on its thread and without lock, as a full stream is waited for. */
void host_event(struct task *t, enum event_kind kind, const char *text); /* of the step that it is at */
void host_state(struct task *t, enum code state);                       /* HOST_CONNECTED, …: of no step */
void host_step_started(struct task *t, const struct error *evidence);   /* evidence: of check's verdict */
/* Gives ev the code of an error or a verdict and its field, which is lent from it. */
void event_about(struct event *ev, const struct error *of);

/* ---- event_json.c ------------------------------------------------------------------------------------------------ */
struct json;
/* Sets "t" of a line: RFC 3339 with milliseconds. */
void event_json_time(struct json *line, int64_t wall_ms);

/* ---- output.c ---------------------------------------------------------------------------------------------------- */
/* What kubewright itself says in a step's log, whole: an OUTPUT event a line, not counted (see output_begin). */
void output_lines(struct task *t, const char *data, size_t len);
/* The step ended: what is left without newline is a line too. */
void output_flush(struct task *t);
/* A step begins: what its host may say, STEP_OUTPUT_MAX and STEP_LINES_MAX, is counted again. */
void output_begin(struct task *t);

#endif
