/*
 * What the steps of a run share: logins, scripts and jobs on hosts, the lock, the API through a host's connection, the
 * bootstrap token, what was seen and what was not. What hosts should be is want.h; the data are world.h.
 */
#ifndef STEPS_RUN_RUN_H
#define STEPS_RUN_RUN_H

#include "cluster/cluster.h"
#include "cluster/place.h"
#include "cluster/quorum.h"
#include "engine/step.h"
#include "steps/run/world.h"

struct error;
struct inventory_host;
struct remote_answer;
struct remote_cancel_token;
struct remote_param;

/* ---- login.c: the way into a host ---- */
/* What a login to a host is kept under in logins.pool; the caller frees. */
char *world_login_key(const struct inventory_host *h);
/* Hints at it when the address is a Host of an ssh_config file, which is not read for connections. */
void world_explain_alias(const char *address, const char *config, struct error *err);
/* engine_config.open: dials and logs in to a host as the inventory says, or takes up a login that was kept. */
struct remote *world_open(void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err);

/* ---- world.c: what a step asks about its task ---- */
struct world *world_of(struct task *t);                  /* what all steps of the run share */
const struct inventory_host *world_host(struct task *t); /* this task's entry of the inventory */
struct cluster_host *world_facts(struct task *t);        /* what was seen of this task's host */
bool world_is_control_plane(struct task *t);             /* by the inventory */
/* The other host that a plan of one host after the other stopped at; NULL: none, or this one. */
const struct inventory_host *world_stopped_at(struct task *t);
/* What came of this host's turn: with stops one that failed keeps the hosts after it from theirs. Returns rc. */
int world_turn_ended(struct task *t, int rc, bool stops);
/* Whether a host is a control plane whose kubeadm is done: its static Pods are there, and init or join ended well. */
bool world_installed(const struct cluster_host *h);

/* How long a script that changes a host may take: a slow or busy host is not a broken one. */
#define SCRIPT_CHANGE_MS (5 * 60000)

/* ---- scripts and jobs on this host ---- */
/* What each script is sent, node, run and step, before its own parameters. The caller frees; the texts are lent. */
#define WORLD_PARAMS 3
struct remote_param *world_params(
	struct task *t, const char *name, const struct remote_param *params, size_t param_count);
/*
 * Runs a script of steps/host on this task's host (remote_script with the run's log). The library lib.sh and the
 * parameters run, node and step (its name) come before it. words: as in remote_script. Not when the run has lost its
 * lock.
 */
int world_script(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, int64_t timeout_ms,
	struct error *err);
/* The same also for a run that has lost its lock: to give back what it still has. */
int world_script_always(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, int64_t timeout_ms,
	struct error *err);
/* Takes into the facts what a script answered in the probe's words: how the host is, now that it was changed. */
void world_learn(struct task *t, const struct remote_answer *answer);
/*
 * The same as a job: spooled on the host, run there by systemd under a fixed name, followed; a job of that name which
 * still runs is followed instead of starting another. *attached says so. Its record stays under
 * /var/lib/kubewright/jobs.
 */
int world_job(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, bool *attached, int64_t timeout_ms,
	struct error *err);
/*
 * Only begins it: what follows on this host runs beside it, until world_job of the same name and parameters follows it
 * or takes its result. Not for a job that notes in the undo ledger, which one script at a time writes.
 */
int world_job_begin(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, struct error *err);
/*
 * After a command or job failed or took too long: brings the host's logs into the log of this step and, when they hold
 * a known failure, puts its cause and remedy into err's hint and the line into its detail. job: the job's name, or "".
 * err's kind and what stay; cannot fail.
 */
void world_explain(struct task *t, const char *job, struct error *err);
/* What the network's way back is called by: steps/host/deadman.sh. Long enough for a few logins to be tried. */
#define DEADMAN_SECONDS 60
/*
 * Runs a job that changes the network, with filter.sh and deadman.sh before it, and confirms the change by a session of
 * its own: the host puts its network back after DEADMAN_SECONDS when none gets in, and this fails saying so. what: the
 * changes, for that error. The script arms by deadman_arm "$seconds".
 */
int world_network_job(struct task *t, const char *name, const char *script, const char *what, const char *const *words,
	int64_t timeout_ms, struct error *err);
/* "running", "done" or "" (never begun), or "died": begun, and neither running nor done. */
const char *world_job_state(const struct cluster_host *h, const char *name);
/* Whether the host's record says that job NAME ended with status 0. */
bool world_job_done(const struct cluster_host *h, const char *name);
/*
 * Digest of a job's script and parameters (but for the one named secret_config): its record keeps it, so that a check
 * can distinguish a result from mere evidence.
 */
void job_input(const char *script, const struct remote_param *params, size_t param_count, char out[65]);
/* Whether the host's record says that job NAME ended with status 0 and had this input. */
bool world_job_same(const struct cluster_host *h, const char *name, const char *input);

/* ---- the lock ---- */
/*
 * What the probe's answer says of it: 0 when this run may continue here. Held by another run: ERROR_LOCKED, and the
 * host's facts are those of the lock alone.
 */
int lock_result(struct task *t, const struct remote_answer *a, struct error *err);
/*
 * Whether another run holds the lock of a control plane that was looked at: then this one must not change anything, for
 * who has some control planes and who has the others would both continue. 0: no; -1: ERROR_LOCKED names it. With the
 * lock of the task held.
 */
int lock_refuse(const struct world *w, struct error *err);
/* The same for a check of what changes hosts before, or without, `decide`; takes the lock of the task. */
bool lock_refused(struct task *t, struct error *why);
/* engine_config.beat: a sign of life in the host's lock, each minute. ERROR_LOCKED: it is another run's. */
int64_t world_beat(struct task *t, struct error *err);
/* Seconds between two signs of life, for a host that gives them itself. */
int64_t lock_beat_s(const struct world *w);
/* This host's lock was this run's at that time (clock_boot_ms), or at some later one. */
void lock_seen(struct task *t, int64_t boot_ms);
/* It is no longer this run's: nothing proves it any more. */
void lock_given_back(struct task *t);
/* Around the following of a job. */
void lock_job_runs(struct task *t, bool runs);
/*
 * 0: this run may change this host; -1: it has lost its lock, or that of a control plane. world_script, world_job ask;
 * what goes another way must.
 */
int lock_may_change(struct task *t, struct error *err);
/* After a change failed here: when that was because the lock is lost, err says so. Returns -1. */
int lock_explain(struct task *t, struct error *err);
/*
 * Has control planes that were not heard of for long prove that they are still this run's; before a tunnel is opened,
 * for inside of it nobody can.
 */
void lock_renew(struct task *t);
/* net_client_guard's, with a task: 0 while this run is certain to have the control planes. */
int lock_guard(void *task, struct error *err);
/* The name of a job of the run that holds the lock, which runs on the host. False: none does. */
bool lock_job(const struct cluster_host *h, char *name, size_t size);

/* ---- the API through this host's connection ---- */
struct net_client;
/*
 * Calls fn with a client of the API server on 127.0.0.1 (via the host), authenticated with a short-lived certificate.
 * In another thread than the caller's, which waits.
 */
int world_api(struct task *t, int (*fn)(struct net_client *c, void *ctx, struct error *err), void *ctx,
	struct error *err);
/* The same of the first control plane's API server that answers, the lead's before others, from whatever host. */
int world_any_api(struct task *t, int (*fn)(struct net_client *c, void *ctx, struct error *err), void *ctx,
	struct error *err);
/* The same at another place, dialled from this host and verified against the certificate for its address. */
int world_api_at(struct task *t, struct place at,
	int (*fn)(struct net_client *c, void *ctx, struct error *err), void *ctx, struct error *err);

/* For world_api; ctx: a struct cluster_state, whose Nodes are asked for again, page by page; none when it fails. */
int world_nodes(struct net_client *c, void *state, struct error *err);
/* For world_api; ctx: a struct inventory_host. A Node that is not there is fine. */
int world_delete_node(struct net_client *c, void *host, struct error *err);
/*
 * Puts the token of the page after this one, "" after the last, in the place of that which this page was asked for by;
 * -1: it is none that could go into a path, or the same again.
 */
int world_next_page(const struct json *page, char *token, size_t size, struct error *err);
/*
 * For world_api: calls page with each page of a list of objects, up to 20000 of them; list: its path with a query;
 * accept: NULL, or the content type that is accepted.
 */
int world_each_page(struct net_client *c, const char *list, const char *accept,
	void (*page)(void *ctx, const struct json *list), void *ctx, struct error *err);

/* ---- waiting.c: what a loop waits for ---- */
struct world_wait {
	int64_t begun_ms; /* clock_mono_ms; the rest is zero */
	int64_t told_ms;
	bool told;
	char said[512];
};
/*
 * Says what a loop of this step waits for, called in each round: in the log when that changes, and in a notice once it
 * takes long. limit_ms: of the whole wait.
 */
void world_waits(struct task *t, struct world_wait *w, int64_t limit_ms, const char *what);

/* ---- seen.c: what an answer that does not come means ---- */
/* Whether the way to this host itself broke, or the run was cancelled: no word about whom it was to ask. */
bool world_way_lost(const struct error *e);
/* Notes that the API server or etcd here could not be asked, if that is what e says. True then. */
bool world_note_unseen(struct task *t, const struct error *e);
/* Notes what came of asking the etcd at an address, from this task's host; e: NULL when it answered. */
void world_note_look(struct task *t, const char *address, const struct error *e);
/* What wants to know of the cluster, in a run without any control plane. Always STEP_IMPOSSIBLE; what: is not there. */
enum step_verdict world_needs_control_plane(struct task *t, const char *what, struct error *why);
/*
 * Whether some control plane's API server or etcd could not be asked: err (ERROR_BLOCKED) says which, and why. With the
 * lock of the task held, or after the run.
 */
bool world_cannot_look(const struct world *w, struct error *err);
/* quorum_given_up over what this run saw. unreached: whether nothing answers at a host's address. */
int world_quorum_given_up(const struct world *w, bool (*unreached)(void *ctx, int host), void *ctx, struct error *err);

/* The address that this host reaches the lead's API server and etcd at; NULL while there is no lead. */
const char *world_lead_address(struct task *t);
/* Notes that kubeadm's init or join ended well here: facts of an installed Node. */
void world_note_installed(struct task *t);
/* What a host's etcd says: of no members where it is not a control plane or was not asked. */
const struct quorum_view *world_etcd_view(const struct world *w, size_t host);
/* Whether a control plane has unfinished business of an `etcd restore`, begun by an earlier run. */
bool world_restoring(const struct cluster_host *h);
/* Whether etcd listens on a host, as the probe saw it. */
bool world_etcd_runs(const struct cluster_host *h);

/* ---- leave.c: who leaves the cluster in this run ---- */
/* Whether a host is to leave the cluster and join again in this run. */
bool world_rejoins(const struct world *w, int host);
/* Whether a host is to leave the cluster in this run, for good or to join again. */
bool world_leaves(const struct world *w, int host);
/* False in a run that changes things while the cluster still has this host, as nobody took it out: err says so. */
bool world_expelled(struct task *t, struct error *err);
/* Whether a host is to leave the cluster for good in this run. */
bool world_removes(const struct world *w, int host);

/* ---- token.c: the bootstrap token ---- */
/* A new bootstrap token into token.text, registered as a secret. With the lock held. */
void world_new_token(struct task *t);
/* Makes sure that the API server has this run's token and signed cluster-info with it; the first who asks does it. */
int world_token(struct task *t, struct error *err);
/* At the end of the run, on the lead: deletes the token, unless a join of this run may still need it. */
void world_forget_token(struct task *t);
/* Around a join: until it ends its token stays. err: how it ended. */
void world_joins(struct task *t, bool begins, const struct error *err);

#endif
