/*
 * The engine runs a plan over hosts and reports it to front ends by one ordered stream of events. It knows no step,
 * prints nothing, and talks to hosts only through the remotes that its config's open function makes.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/step.h"

struct engine;
struct mask;
struct remote_cancel_token;

enum event_kind {
	EVENT_RUN_STARTED, /* text: run id */
	EVENT_HOST_STATE,  /* state: connecting, connected, lost, waiting … in text */
	EVENT_STEP_STARTED,
	EVENT_STEP_DONE,   /* outcome, elapsed_ms, text: evidence; error when failed */
	EVENT_HOST_ASIDE,  /* the host is set aside: error says why */
	EVENT_OUTPUT,      /* one line of log in text */
	EVENT_NOTICE,      /* remark for people in text */
	EVENT_QUESTION,    /* text: question, answers: "yes|no"; answered with engine_answer(seq) */
	EVENT_ANSWERED,
	EVENT_PAUSED, EVENT_RESUMED, EVENT_CANCELLING,
	EVENT_RUN_DONE,    /* outcome */
};
enum outcome {
	OUTCOME_CHANGED,  /* applied */
	OUTCOME_OK,       /* nothing was to do */
	OUTCOME_WOULD,    /* check-only: apply would be called; text says why */
	OUTCOME_FAILED,
	OUTCOME_BLOCKED,  /* a need can no longer be met */
	OUTCOME_SKIPPED,  /* by command */
	OUTCOME_CANCELLED,
};
/* The words of the journal and of --json, which stay: "step-done", "failed". */
const char *event_kind_name(enum event_kind kind);
const char *outcome_name(enum outcome outcome);

struct event {
	enum event_kind kind;
	uint64_t seq;      /* 1, 2, 3, … without gaps */
	int64_t wall_ms;   /* since 1970 */
	int64_t at_ms;     /* since the run's start */
	int64_t elapsed_ms; /* STEP_DONE: of the step */
	int step, host;    /* indexes; -1: none */
	enum outcome outcome;
	/* what programs go by: evidence, question, state; CODE_NONE: none, or one of another version */
	enum code code;
	const char *fields[CODE_FIELDS]; /* the code's, in its order; lent, masked and printable; may be NULL */
	const char *text;    /* for people; lent during the call; masked and printable; may be NULL */
	const char *answers; /* QUESTION */
	const struct error *error; /* FAILED and ASIDE; lent */
};
/* Is given the events one by one, in order; ev and what it points to are lent during the call. */
typedef void event_fn(const struct event *ev, void *ctx);

struct engine_host {
	const char *name;
	unsigned roles;
};
struct engine_config {
	const char *run;   /* id */
	const char *machine; /* this machine's id, for the journal; may be NULL */
	const struct step *steps;
	size_t step_count;
	const struct engine_host *hosts;
	size_t host_count;
	const struct section *sections; /* of the steps; they do not overlap */
	size_t section_count;
	int parallel;      /* logins at once; 0: 32 */
	/*
	 * Connections at once; 0: one a host. When there are fewer, a host that has nothing to do gives up its own for
	 * one that has, and logs in again for its next step. Not for steps that wait for what another host does
	 * meanwhile, nor with beat.
	 */
	int connections;
	bool check_only;
	void *world;
	/* Host's thread. Returns a remote the engine frees. token cancels it while it is being made. */
	struct remote *(*open)(void *world, int host, struct task *t, struct remote_cancel_token *token,
		struct error *err);
	/*
	 * A sign of life to a host that was logged in to. By its thread and without locks, now and then while it waits:
	 * for other hosts, for an answer, for the end of a pause, in task_wait. Returns in how many ms it wants to be
	 * called again, or -1: not before the next step has ended. ERROR_CONNECT: the connection is closed, and made
	 * again for the next one; another error sets a host aside that waits. May be NULL.
	 */
	int64_t (*beat)(struct task *t, struct error *err);
	struct mask *mask; /* shared; may be NULL */
	/*
	 * Called under the event lock for every event in order, before any observer, by the thread that made it: the
	 * journal. May be NULL. Must be quick.
	 */
	event_fn *journal;
	void *journal_ctx;
	bool keep_alive;   /* the run does not end by itself while a host is set aside: the wizard may retry it */
	int reconnects;    /* per host; 0: 3 */
};

/* The section that a step is in, lent; NULL: none but, with STEP_ONE_BY_ONE, its own. */
const struct section *engine_section(const struct engine_config *config, size_t step);
/* Never NULL; engine_free frees it. The config is copied, but what it points to must outlive the engine. */
struct engine *engine_new(const struct engine_config *config);
/* Observers are called in order, on the thread that calls engine_dispatch. Before engine_start. */
void engine_observe(struct engine *e, event_fn *fn, void *ctx);
/* Begins the run and returns. -1: a step needs one that is not before it (ERROR_INTERNAL), or threads are short. */
int engine_start(struct engine *e, struct error *err);
/* Readable while events wait; -1 before engine_start. */
int engine_fd(const struct engine *e);
/* Delivers waiting events; false: the run is over and all were delivered. */
bool engine_dispatch(struct engine *e);
/* Blocks: poll + dispatch until over or until another fd (>= 0) gets readable; returns false when over. */
bool engine_wait(struct engine *e, int other_fd, int timeout_ms);

enum engine_verb {
	ENGINE_PAUSE,
	ENGINE_RESUME,
	ENGINE_RETRY_HOST,
	ENGINE_SKIP_HOST,
	ENGINE_CANCEL,
	ENGINE_LEAVE,
	ENGINE_END
};
/*
 * LEAVE: running steps finish, nothing new starts. CANCEL: remotes are cancelled at once; jobs on hosts continue. END:
 * finishes a keep_alive run. host: for *_HOST.
 */
void engine_command(struct engine *e, enum engine_verb verb, int host);
/* question: the event's seq; answer: the index of one of its answers. One that is no longer open is left alone. */
void engine_answer(struct engine *e, uint64_t question, int answer);
/* Without a front end that can ask: every question gets its default at once. Call before start. */
void engine_no_questions(struct engine *e);

struct engine_result {
	unsigned changed, ok, would, failed; /* steps */
	unsigned hosts_done, hosts_aside;
	bool cancelled;
	const struct error *first; /* the first failure, or NULL; lent */
};
/* How the run stands; any thread, final once engine_dispatch returned false. first is lent until engine_free. */
void engine_result(struct engine *e, struct engine_result *out);
/* Why a host was set aside, or NULL. */
const struct error *engine_host_error(struct engine *e, int host);
/* Whether a step is done (or not here) on a host. */
bool engine_step_done(struct engine *e, int step, int host);
void engine_free(struct engine *e);

/* ---- fold: what front ends show ---------------------------------------------------------------------------------- */
enum cell_state { CELL_NONE, CELL_RUNNING, CELL_CHANGED, CELL_OK, CELL_WOULD, CELL_FAILED, CELL_BLOCKED, CELL_SKIPPED };
struct progress_cell { enum cell_state state; int64_t started_ms, elapsed_ms; };
struct progress {
	size_t step_count, host_count;
	struct progress_cell *cells; /* [host * step_count + step] */
	bool *aside;                 /* per host */
	bool over, cancelled;
	int64_t started_wall_ms, elapsed_ms;
};
/* Nothing has happened yet: all cells are CELL_NONE. progress_event does the rest. */
void progress_init(struct progress *p, size_t step_count, size_t host_count);
void progress_event(const struct event *ev, void *progress); /* an event_fn */
void progress_release(struct progress *p);

/* ---- journal: JSON lines ----------------------------------------------------------------------------------------- */
struct journal;
/*
 * Makes DIR/RUN.jsonl (0600, dir 0700), locked for the life of this process (flock) from the moment it has its name: a
 * journal without a lock is of a dead run.
 */
struct journal *journal_open(const char *dir, const char *run, const struct engine_config *config, const char *command,
	struct error *err);
void journal_event(const struct event *ev, void *journal); /* an event_fn; fsyncs at state changes */
void journal_close(struct journal *j);
/* One event as a JSON object without newline: the contract of --output json and of the journal, see docs/events.md. */
struct str;
struct json;
void event_write_json(const struct event *ev, const struct engine_config *config, struct str *out);
/* Sets its members code and fields, unless it is CODE_NONE. */
void event_write_code(enum code code, const char *const fields[CODE_FIELDS], struct json *j);
/*
 * Run ids in dir that were this machine's and whose process is gone, the newest hundred, newest first; into list
 * (caller frees each and the list). Returns the count. Those that ended well are among them: a host that went away
 * before the end still holds the run's lock.
 */
size_t journal_dead_runs(const char *dir, const char *machine, char ***list);
/* Whether the process that wrote this journal is gone. False also when the file cannot be opened. */
bool journal_is_dead(const char *path);

#endif
