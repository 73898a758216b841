/*
 * The plans, and what their steps share. A plan is a table of steps (engine/step.h) and reads like a table of contents:
 * plan.c. One file per step beside this one; what runs on servers is in steps/host.
 */
#ifndef STEPS_STEPS_H
#define STEPS_STEPS_H

#include "base/secret.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "cluster/place.h"
#include "cluster/quorum.h"
#include "engine/step.h"
#include "inventory/release.h"

struct error;
struct inventory;
struct inventory_host;
struct pki_store;
struct remote_cancel_token;
struct remote_keys;
struct remote_pool;
struct want_part;

enum steps_role {
	ROLE_CONTROL_PLANE = 1,
	ROLE_WORKER = 2,
	ROLE_ALL = 3,
};

/* What the operator's secrets are for one host; filled before the run. */
struct world_login {
	struct secret password, sudo;
};

/* Which machine it is, whatever answers at its address. Empty strings: not looked at. */
struct host_identity {
	char machine_id[48], product_uuid[48];
};

/* How long a lock that nobody touches stays its run's. */
#ifndef LOCK_TTL_S
#define LOCK_TTL_S 900
#endif

/* What this run knows of its lock on one host. */
struct world_lock {
	bool held;       /* taken, and not given back */
	bool lost;       /* for good */
	bool job;        /* a job that this run follows runs on the host: nobody takes over its lock */
	int64_t seen_ms; /* clock_boot_ms at which it was this run's */
	char taker[128]; /* lost: to whom */
};

/*
 * What the steps of one run share. Made by the command line, read by all hosts' threads; members below "shared" are
 * guarded by task_lock.
 */
struct world {
	const struct inventory *inventory;
	const struct release *release;
	const char *run;       /* id */
	const char *owner;     /* "user@machine pid N" */
	const char *machine;   /* this machine's id */
	const char *dead_runs; /* run ids of this machine whose process is dead, space-separated */
	const char *store_dir; /* of the PKI */
	const char *kubeconfig_path; /* where the operator's kubeconfig goes */
	const struct secret *passphrase; /* of the store; may be none */
	bool take_lock;        /* false: only looks (check, plan, status) */
	/* a lock that nobody has touched for so long is of a run that is no more: LOCK_TTL_S, shorter in tests */
	int64_t lock_ttl_ms;
	bool override_quorum;  /* told beforehand: go on where etcd's quorum or a doubt about it forbids */
	const char *snapshots_dir; /* where snapshots of etcd go on this machine */
	bool without_missing;  /* answered beforehand: go on without a control plane that cannot be reached */

	/* logging in */
	const struct remote_keys *keys;
	struct remote_pool *pool;   /* logins of earlier runs; NULL: each run logs in */
	struct world_login *logins; /* per host */
	const char *known_hosts;              /* our own */
	const char *const *other_known_hosts; /* see struct remote_ssh_config */
	bool accept_new_host_keys;
	int connect_timeout_ms;
	const char *cni_manifest; /* text; NULL: none */
	const struct want_part *const *parts; /* what hosts should be: want.h; ends with NULL */
	bool want_texts;    /* the probe brings the managed files: plan shows what changes in them */
	bool want_health;   /* the probe and the survey tell what findings_health wants */
	const bool *rejoin; /* PLAN_REJOIN: per host, whether it is to join anew; NULL: none */
	const bool *leave;  /* per host, whether it is to leave the cluster for good; NULL: none */
	struct world_etcd *etcd_task; /* PLAN_SNAPSHOT, PLAN_RESTORE: what is wanted */
	bool force;         /* what cannot be evicted ends with its host */
	int drain_timeout_s; /* how long no pod need go until that is a failure; 0: 300 */
	const char *remedy; /* PLAN_REMEDY: the finding's name */
	/* PLAN_RESET: per host, what the operator has agreed to; NULL: nobody was asked */
	const struct host_identity *shown;

	/* shared */
	struct world_lock *locks;   /* per host */
	struct cluster_host *hosts; /* per host; only its own thread writes, under the lock */
	struct findings *findings;  /* per host */
	struct cluster_state cluster;
	struct world_look *looks; /* per host: what came of asking its etcd, by whoever did */
	/* per host: what its etcd says, by the step ask-etcd; of itself alone when health was asked about */
	struct quorum_view *etcd;
	struct pki_store *store;
	/* the host that the store was fetched from in this run; -1: it was on this machine, or is not known */
	int store_from;
	char version[32];     /* resolved, "1.36.2"; "" until decided */
	bool deciding, decided; /* a host's thread is at it; it is done */
	struct error *decision; /* why not, when decided and refused */
	int init_host;        /* -1 until decided; the one that runs, or ran, kubeadm init */
	int lead;             /* a control plane whose API server answers; -1 none */
	char token[24];       /* bootstrap token, "" until made */
	bool token_known;     /* the API server has it */
	bool token_busy;      /* somebody is making it */
	int joining;     /* hosts that join with it right now */
	bool token_in_use;    /* a join was left that may go on by itself on its host */
	bool token_signed;    /* and cluster-info is signed with it: joins may use it */
	bool asked_again;     /* repair's second look at the cluster has begun */
	bool expelled;        /* who leaves is out of the cluster, as far as it may be */
	bool *gone;           /* per host: it leaves for good, and verify saw neither a Node nor an etcd member of it */
	struct quorum quorum; /* seen by verify; of hosts that were lost in the run none is healthy */
	unsigned nodes[2];    /* the same: control planes and workers that are as they should be */
	unsigned no_network;  /* the same: of them those that wait for a pod network */
	char kubeadm_version[48], kubeadm_digest[72]; /* seen on the lead */
};

/* What came of asking one control plane's etcd, besides an answer. */
struct world_look {
	bool none;            /* asked on its host: nobody listens */
	bool refused, silent; /* asked from another host: nobody listens; no packet comes back */
	char why[256], hint[256]; /* why it could not be asked on its host */
};

/* What `kubewright etcd` wants of a run. */
struct world_etcd {
	/* PLAN_SNAPSHOT: the file to write. PLAN_RESTORE: the file to restore, or NULL: from the host's own data */
	char *snapshot;
	int host;         /* PLAN_RESTORE: where etcd begins anew */
	/* filled by the run */
	bool unstopped; /* PLAN_RESTORE: some other etcd that answers could not be stopped */
	int from; /* PLAN_SNAPSHOT: whose data it is; -1 none */
	struct net_snapshot info;
};

enum plan_id {
	PLAN_LOOK,     /* at the hosts alone, not at the cluster */
	PLAN_CHECK,
	PLAN_INSTALL,
	/*
	 * What findings_health knows to be broken, and after that the installation: what is lost or changed is made
	 * anew. Wants world->want_health.
	 */
	PLAN_REPAIR,
	/* the installation, in a living cluster: hosts of world->rejoin leave it, whatever is left, and join anew */
	PLAN_REJOIN,
	PLAN_REMOVE,   /* takes the hosts of world->leave out of the living cluster and Kubernetes off them */
	PLAN_RESET,
	PLAN_REMEDY,   /* remedies one finding, world->remedy, on the hosts that take part */
	/* takes away locks that the last look found, if they are still those runs'; empties the fact lock_run */
	PLAN_UNLOCK,
	PLAN_MEMBERS,  /* what etcd's members say, also without an API server */
	PLAN_SNAPSHOT, /* the same, and one snapshot of etcd to this machine */
	PLAN_RESTORE,  /* etcd begins anew as a cluster of one, on the host of world->etcd_task */
	PLAN_COUNT,
};
enum plan_flag {
	PLAN_KEYS = 1,    /* wants the cluster's key store, if there is one: it asks the cluster */
	PLAN_REJOINS = 2, /* wants world->rejoin */
	PLAN_LEAVES = 4,  /* wants world->leave */
};
struct plan {
	const char *name;
	const struct step *steps;
	size_t count;
	unsigned flags;
};
extern const struct plan plans[PLAN_COUNT];

/* Sets defaults (init_host, lead -1) and allocates per-host arrays for inventory->host_count hosts. */
void world_init(struct world *w, const struct inventory *inv, const struct release *release);
void world_release(struct world *w);
/* What a login to a host is kept under in world->pool; the caller frees. */
char *world_login_key(const struct inventory_host *h);
/* Hints at it when the address is a Host of an ssh_config file, which is not read for connections. */
void world_explain_alias(const char *address, const char *config, struct error *err);
/* engine_config.open: dials and logs in to a host as the inventory says, or takes up a login that was kept. */
struct remote *world_open(void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err);

/* ---- for the steps ----------------------------------------------------------------------------------------------- */

struct world *world_of(struct task *t);                  /* what all steps of the run share */
const struct inventory_host *world_host(struct task *t); /* this task's entry of the inventory */
struct cluster_host *world_facts(struct task *t);        /* what was seen of this task's host */
bool world_is_control_plane(struct task *t);             /* by the inventory */
/* Whether a host is a control plane whose kubeadm is done: its static Pods are there, and init or join ended well. */
bool world_installed(const struct cluster_host *h);

/* How long a script that changes a host may take: a slow or busy host is no broken one. */
#define SCRIPT_CHANGE_MS (5 * 60000)

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
 * still runs is followed instead of starting another. *attached tells that. Its record stays under
 * /var/lib/kubewright/jobs.
 */
int world_job(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, bool *attached, int64_t timeout_ms,
	struct error *err);
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
/* Whether the host's record says that job NAME ended with status 0. */
bool world_job_done(const struct cluster_host *h, const char *name);
/*
 * Digest of a job's script and parameters (but for the one named secret_config): its record keeps it, so that a check
 * can tell a result from mere evidence.
 */
void job_input(const char *script, const struct remote_param *params, size_t param_count, char out[65]);
/* Whether the host's record says that job NAME ended with status 0 and had this input. */
bool world_job_same(const struct cluster_host *h, const char *name, const char *input);

/* ---- the lock ---- */
/*
 * What the probe's answer says of it: 0 when this run may go on here. Held by another run: ERROR_LOCKED, and the host's
 * facts are those of the lock alone.
 */
int lock_result(struct task *t, const struct remote_answer *a, struct error *err);
/*
 * Whether another run holds the lock of a control plane that was looked at: then this one must not change anything, for
 * who has some control planes and who has the others would both go on. 0: no; -1: ERROR_LOCKED names it. With the lock
 * of the task held.
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
/* The same at another place, dialled from this host and verified against the certificate for its address. */
int world_api_at(struct task *t, struct place at,
	int (*fn)(struct net_client *c, void *ctx, struct error *err), void *ctx, struct error *err);

/* For world_api; ctx: a struct cluster_state, whose Nodes are asked for anew, page by page. */
int world_nodes(struct net_client *c, void *state, struct error *err);
/* The token of the page after this one, "" after the last; -1: it is none that could go into a path. */
int world_next_page(const struct json *page, char *token, size_t size, struct error *err);

/*
 * Asks this control plane's own etcd and API server how they are, into the facts; what does not answer is a fact too.
 * -1: the way there broke.
 */
int survey_health(struct task *t, struct error *err);
/* For world_api; ready: a bool, whether the API server says that it is. */
int survey_ready(struct net_client *c, void *ready, struct error *err);

/* ---- waiting.c ---- */
struct world_wait {
	int64_t begun_ms; /* clock_mono_ms; the rest is zero */
	int64_t told_ms;
	bool told;
	char said[512];
};
/*
 * Tells what a loop of this step waits for, called in each round: in the log when that changes, and in a notice once it
 * takes long. limit_ms: of the whole wait.
 */
void world_waits(struct task *t, struct world_wait *w, int64_t limit_ms, const char *what);

/* ---- seen.c: what an answer that does not come tells ---- */
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
/* "running", "done" or "" (never begun), or "died": begun, and neither running nor done. */
const char *world_job_state(const struct cluster_host *h, const char *name);
/*
 * Takes back a kubeadm run that did not end, on this host: its etcd member and Node through the lead if there is one,
 * then kubeadm reset; then certificates again.
 */
int world_clean(struct task *t, struct error *err);
/* A snapshot of etcd, through this host's own member, into world->snapshots_dir. Its path (caller frees) or NULL. */
char *world_snapshot(struct task *t, struct net_snapshot *info, struct error *err);
/* The same before a voter is taken out; that none can be taken is an error unless the operator overrides it. */
int world_snapshot_first(struct task *t, struct error *err);
/*
 * Fills a view of etcd through this host's own member, or from here through another one while that is down: its list,
 * and who of it answers. -1 only when the way to this host broke or the run was cancelled.
 */
int world_view(struct task *t, struct quorum_view *view, struct error *err);
/* Whether a control plane has unfinished business of an `etcd restore`, begun by an earlier run. */
bool world_restoring(const struct cluster_host *h);
/* Whether etcd listens on a host, as the probe saw it. */
bool world_etcd_runs(const struct cluster_host *h);
/* Whether a host is to leave the cluster and join anew in this run. */
bool world_rejoins(const struct world *w, int host);
/* Whether a host is to leave the cluster in this run, for good or to join anew. */
bool world_leaves(const struct world *w, int host);
/* False in a run that changes things while the cluster still has this host, as nobody took it out: err says so. */
bool world_expelled(struct task *t, struct error *err);
/* Whether a host is to leave the cluster for good in this run. */
bool world_removes(const struct world *w, int host);
/* For world_api; ctx: a struct inventory_host. A Node that is not there is fine. */
int world_delete_node(struct net_client *c, void *host, struct error *err);
/* A new bootstrap token into world->token, registered as a secret. With the lock held. */
void world_new_token(struct task *t);
/* Sees to it that the API server has this run's token and signed cluster-info with it; the first who asks does it. */
int world_token(struct task *t, struct error *err);
/* At the end of the run, on the lead: deletes the token, unless a join of this run may still need it. */
void world_forget_token(struct task *t);
/* Around a join: until it ends its token stays. err: how it ended. */
void world_joins(struct task *t, bool begins, const struct error *err);

/* ---- kubeadm's configuration ---- */
/* Appends Init-, Cluster-, Kubelet- and KubeProxyConfiguration as JSON documents with "---" between them. */
void kubeadm_init_config(const struct world *w, int host, struct str *out);
/* Calls fn for each of apiServer.certSANs of a ClusterConfiguration, as kubeadm writes its YAML. Pure. */
void kubeadm_cert_sans(const char *configuration, void (*fn)(const char *name, void *ctx), void *ctx);
/* JoinConfiguration; token, pin and API endpoint from the world. */
void kubeadm_join_config(const struct world *w, int host, const char *pin, struct str *out);

/* ---- the steps, one file each ------------------------------------------------------------------------------------ */
/* NAME_check and NAME_apply are those of struct step, in NAME.c, whose first comment says what the step is for. */
/* Adds the text that probe sends, without its parameters. */
void probe_script(const struct world *w, struct str *out);
enum step_verdict probe_check(struct task *t, struct error *why);
int probe_apply(struct task *t, struct error *err);
enum step_verdict survey_check(struct task *t, struct error *why);
int survey_apply(struct task *t, struct error *err);
enum step_verdict preflight_check(struct task *t, struct error *why);
enum step_verdict decide_check(struct task *t, struct error *why);
int decide_apply(struct task *t, struct error *err);
enum step_verdict os_check(struct task *t, struct error *why);
int os_apply(struct task *t, struct error *err);
/* Adds the probe's parameter sources: where packages come from, and whose key signs them. */
void packages_sources(const struct world *w, struct str *out);
/* The part about containerd: whether it is there, and held at containerd.version if that is given. Pure. */
enum step_verdict packages_runtime_check(
	const struct inventory *inv, const struct cluster_host *h, struct error *why);
enum step_verdict packages_check(struct task *t, struct error *why);
int packages_apply(struct task *t, struct error *err);
enum step_verdict runtime_check(struct task *t, struct error *why);
int runtime_apply(struct task *t, struct error *err);
enum step_verdict endpoint_check(struct task *t, struct error *why);
int endpoint_apply(struct task *t, struct error *err);
enum step_verdict certificates_check(struct task *t, struct error *why);
int certificates_apply(struct task *t, struct error *err);
enum step_verdict images_check(struct task *t, struct error *why);
int images_apply(struct task *t, struct error *err);
enum step_verdict init_check(struct task *t, struct error *why);
int init_apply(struct task *t, struct error *err);
enum step_verdict cni_check(struct task *t, struct error *why);
int cni_apply(struct task *t, struct error *err);
enum step_verdict join_check(struct task *t, struct error *why);
int join_apply(struct task *t, struct error *err);
/*
 * A merge patch that gives a Node what its entry of the inventory says, takes away what an earlier entry gave it and
 * this one does not, and notes in an annotation what this one gives. NULL: nothing to do. Caller frees. Pure.
 */
struct json *node_patch(const struct release *release, const struct inventory_host *h, const struct json *node);
/* Whether a kubelet may register with a label of this key: below kubernetes.io and k8s.io it may with few. Pure. */
bool node_label_of_kubelet(const char *key);
enum step_verdict labels_check(struct task *t, struct error *why);
int labels_apply(struct task *t, struct error *err);
enum step_verdict verify_check(struct task *t, struct error *why);
int verify_apply(struct task *t, struct error *err);
enum step_verdict kubeconfig_check(struct task *t, struct error *why);
int kubeconfig_apply(struct task *t, struct error *err);
enum step_verdict unlock_check(struct task *t, struct error *why);
int unlock_apply(struct task *t, struct error *err);
enum step_verdict unlock_dead_check(struct task *t, struct error *why);
int unlock_dead_apply(struct task *t, struct error *err);
enum step_verdict reset_check(struct task *t, struct error *why);
int reset_apply(struct task *t, struct error *err);
/* Whether kubewright installed this host for this cluster under this name; -1: err says what it is instead. Pure. */
int reset_guard(const struct inventory *inv, const struct cluster_host *hosts, int host, struct error *err);
/* Which machine it is, by its facts; "" where the probe did not say it. */
void host_identify(const struct cluster_host *h, struct host_identity *out);
enum step_verdict expel_check(struct task *t, struct error *why);
/* Whether the hosts that leave may: changes nothing. */
int judge_apply(struct task *t, struct error *err);
int expel_apply(struct task *t, struct error *err);
enum step_verdict ask_etcd_check(struct task *t, struct error *why);
int ask_etcd_apply(struct task *t, struct error *err);
enum step_verdict snapshot_check(struct task *t, struct error *why);
int snapshot_apply(struct task *t, struct error *err);
enum step_verdict stop_etcd_check(struct task *t, struct error *why);
int stop_etcd_apply(struct task *t, struct error *err);
enum step_verdict restore_check(struct task *t, struct error *why);
int restore_apply(struct task *t, struct error *err);
enum step_verdict restored_check(struct task *t, struct error *why);
int restored_apply(struct task *t, struct error *err);
enum step_verdict drain_check(struct task *t, struct error *why);
int drain_apply(struct task *t, struct error *err);
enum drain_pod {
	DRAIN_POD_STAYS, /* a DaemonSet's, a static Pod's mirror, or finished: it ends with the host */
	DRAIN_POD_GOES,  /* evicted: its controller makes another elsewhere */
	DRAIN_POD_LOST,  /* nothing would make it anew */
};
/* What a drain does with a pod of its Node. Pure. */
enum drain_pod drain_pod(const struct json *pod);
/* Takes back what is left of Kubernetes on hosts that join anew, before anybody counts on that they are out. */
enum step_verdict clear_check(struct task *t, struct error *why);
/* Of hosts that leave for good; reset_apply does it. */
enum step_verdict leave_check(struct task *t, struct error *why);
enum step_verdict remedy_check(struct task *t, struct error *why);
int remedy_apply(struct task *t, struct error *err);
enum step_verdict mend_check(struct task *t, struct error *why);
int mend_apply(struct task *t, struct error *err);
enum step_verdict look_again_check(struct task *t, struct error *why);
enum step_verdict ask_again_check(struct task *t, struct error *why);
int ask_again_apply(struct task *t, struct error *err);
enum step_verdict members_check(struct task *t, struct error *why);
int members_apply(struct task *t, struct error *err);
struct health_view;
/* Fills a struct health_view over what this run saw; lent from the world. */
void world_health_view(struct world *w, struct health_view *v);
/*
 * Asks the API server about kube-system and the kubelets, into out, whose Nodes are known; what it does not answer is
 * noted there. -1: the run was cancelled.
 */
int survey_pods(struct task *t, struct cluster_state *out, struct error *err);
struct survey_look {
	struct cluster_state *out;
	const struct inventory *inventory;
	int64_t deadline; /* of the monotonic clock */
	size_t next;      /* Node */
	int doubt;        /* the Node whose kubelet was silent, if it is not the API server that is; -1: none */
};
/* The halves of that, for world_api, with a struct survey_look. Of kube-system: what is not answered is noted. */
int survey_ask_pods(struct net_client *c, void *look, struct error *err);
/* The kubelets from `next` on. -1: one is silent; to be called again with another client. */
int survey_ask_kubelets(struct net_client *c, void *look, struct error *err);
/* What PLAN_REMEDY does about a finding, in a sentence without its subject; NULL: it has no safe remedy. */
const char *remedy_sentence(const char *finding);

#endif
