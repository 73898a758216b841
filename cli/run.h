/*
 * What apply, plan, check, status, reset and logs have in common: an inventory, this machine's state folder, secrets,
 * and a run of the engine over the hosts. Used in this order: cli_run_load, cli_run_open, cli_run_execute,
 * cli_run_release.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "base/error.h"
#include "cli/cli.h"
#include "cluster/rotate.h"
#include "engine/engine.h"
#include "steps/steps.h"

struct inventory;
struct cli_run;
struct pki_backup;
struct pki_store;

/* What a run wants, no matter who begins it: cli_kinds. */
enum cli_kind {
	KIND_CHECK,
	KIND_PLAN,
	KIND_APPLY,
	KIND_STATUS,
	KIND_REPAIR_LOOK,
	KIND_REPAIR_PLAN, /* the wizard's: also what the pod network wants */
	KIND_REPAIR,
	KIND_REJOIN_PLAN,
	KIND_REJOIN,
	KIND_UPGRADE_LOOK,
	KIND_UPGRADE,
	KIND_REBOOT_PLAN,
	KIND_REBOOT,
	KIND_REMOVE_PLAN,
	KIND_REMOVE,
	KIND_REMEDY, /* options->remedy */
	KIND_RESET_LOOK,
	KIND_RESET,
	KIND_UNLOCK_LOOK,
	KIND_ADOPT,
	KIND_TAKE_KEYS,
	KIND_CERTS,
	KIND_HARDWARE,
	KIND_BENCHMARK,
	KIND_MESH,
	KIND_SUPPORT,
	KIND_SUPPORT_HOSTS, /* when the cluster's keys cannot be had */
	KIND_RENEW_LOOK, /* options->renew, as the next */
	KIND_RENEW,
	KIND_SIGN_LOOK,
	KIND_SIGN, /* options->sign */
	KIND_ROTATE_LOOK, /* options->renew, as the next */
	KIND_ROTATE,
	KIND_SECRETS_KEY_LOOK,
	KIND_SECRETS_KEY,
	KIND_MEMBERS,
	KIND_DEFRAG_LOOK,
	KIND_DEFRAG,
	KIND_DRILL_LOOK,
	KIND_DRILL,
	KIND_DISARM_LOOK,
	KIND_DISARM,
	KIND_SNAPSHOT,
	KIND_SNAPSHOTS,
	KIND_FETCH, /* options->etcd */
	KIND_RESTORE,
	KIND_LOGS,
	KIND_KEYS, /* no run: the passphrase of the key store alone */
	KIND_COUNT,
};
enum cli_run_flag {
	RUN_CHANGES = 1,  /* takes the lock and writes a journal; else a check-only run */
	RUN_CNI = 2,      /* reads or downloads the manifest of the pod network */
	RUN_TEXTS = 4,    /* brings the texts of managed files: for differences */
	RUN_HEALTH = 8,   /* asks for what findings_health wants */
	RUN_RETRIES = 16, /* waits for a word while a host is set aside, if somebody watches it: options->watched */
	RUN_FINISHES = 32, /* the first Ctrl-C lets finish what is under way: half of it would be worse than all */
};
struct cli_run_kind {
	const char *command;
	const struct plan *plan;
	unsigned flags;
	const char *names; /* what the hosts that it is about are to do; NULL: it is about all that take part */
};
extern const struct cli_run_kind cli_kinds[KIND_COUNT];
extern const struct plan cli_plan_logs, cli_plan_keys;

/* What a run that only looks would do, of one step on one host. */
struct would_step {
	char *text;     /* NULL: nothing is to do */
	enum code code; /* of its evidence, … */
	char *about;    /* … and the first field */
	struct str differences;
};

struct cli_run {
	struct world world; /* first: a step of the command line gets back to the run by it */
	const struct cli_options *options;
	const struct cli_run_kind *kind;
	struct inventory *inventory;
	const struct release *release;

	/* this machine */
	char id[40];     /* of the run */
	char *state_dir; /* ${XDG_STATE_HOME:-~/.local/state}/kubewright/CLUSTER */
	char *known_hosts, *runs_dir, *snapshots_dir, *kubeconfig, *given, *store_dir, *owner, *machine, *dead_runs;

	char *user_known_hosts[2];      /* the operator's */
	const char *other_known_hosts[5]; /* those and the machine's; ends with NULL */

	bool *chosen; /* per host: not left out by --hosts */
	size_t chosen_count;
	bool *named; /* per host: of a kind that names hosts, whether it is about this one; owned */
	int connections; /* at once; 0: one a host */
	struct engine_host *hosts;
	struct step *steps;       /* the plan's, and those of encryption where it is about that */
	size_t step_count;
	struct section *sections; /* the plan's, with the batch that was asked for */
	struct engine_config config;
	struct engine *engine;
	struct journal *journal;
	struct mask *mask;
	struct remote_keys *keys;
	struct secret passphrase; /* of the store */
	struct str cni, audit;
	struct progress progress;
	size_t cells; /* step_count * host_count of config */
	struct would_step *would; /* [host * config.step_count + step]; NULL: it changes things */
	struct plain *plain; /* the observer that prints; NULL: JSON lines */
	bool prepared;       /* world was initialised */
	int64_t elapsed_ms;
};

/*
 * The inventory with its warnings on stderr, the release, the folders, the hosts that --hosts leaves. Prints its own
 * complaints about the file; err has the summary.
 */
int cli_run_load(struct cli_run *r, const struct cli_options *o, struct error *err);
/* Secrets, keys, store, world, engine. Observers may be added to r->engine afterwards. */
int cli_run_open(struct cli_run *r, enum cli_kind kind, struct error *err);
/*
 * Has a run shown as it goes, as lines or JSON lines; of one that changes nothing only the heartbeat, unless verbose.
 * Between open and execute.
 */
void cli_run_show(struct cli_run *r);
/*
 * Makes the engine of r->config, with what gathers its progress and, when it changes nothing, what it would do; part of
 * open. Again, after the end of an earlier one: of another plan over the same hosts, with what was seen of them.
 */
void cli_run_begin(struct cli_run *r);
/* Runs it to its end with signals, questions and heartbeat. -1: it could not be started. */
int cli_run_execute(struct cli_run *r, struct error *err);
void cli_run_release(struct cli_run *r);

/* What a command that changes something adds to its run. */
struct cli_change {
	/* Before anything is opened: has it agreed to. NULL: nobody need be asked. */
	int (*confirm)(const struct cli_run *r, struct error *err);
	void (*begin)(const struct cli_run *r);       /* prints what is about to be done; may be NULL */
	int (*report)(const struct cli_run *r); /* when it is over; returns the exit status */
};
/* The whole of it, from load to release. Returns the exit status; prints its own errors. */
int cli_run_change(const struct cli_options *o, enum cli_kind kind, const struct cli_change *c);
/* Who is contacted, once r->named is known; part of cli_run_change. */
int cli_run_choose(struct cli_run *r, const struct cli_run_kind *kind, struct error *err);
/* Of the workers only those that are named are contacted; part of it. */
void cli_run_narrow(struct cli_run *r, const bool *named);

/* Reads or downloads the manifest of the pod network into the world; part of open for kinds that need it. */
int cli_run_cni(struct cli_run *r, struct error *err);
/*
 * Reads the audit policy that the inventory names, if it names one, into the world; part of open for kinds that
 * install, and for those that look for drift, which only note on stderr what is wrong with it.
 */
int cli_run_audit(struct cli_run *r, struct error *err);
/* Where this machine's state is: ${XDG_STATE_HOME:-~/.local/state}/kubewright. The caller frees. */
char *cli_state_home(struct error *err);
/* The folder of a cluster's journals; the caller frees. */
char *cli_runs_dir(const char *cluster, struct error *err);
/* Fills the folders and names of this machine; part of load. */
int cli_state_fill(struct cli_run *r, struct error *err);
/* masked.c: has values masked whose keys say that they are secrets: all those of the inventory, … */
void cli_mask_inventory(struct cli_run *r);
/* … of containerd's configuration, … */
void cli_mask_toml(struct mask *mask, const char *text);
/* … of JSON settings, … */
void cli_mask_json(struct mask *mask, const struct json *j);
/* … and of Secrets in the manifest of a pod network, as YAML. */
void cli_mask_manifest(struct mask *mask, const char *text);
/* Logins, key files and the store's passphrase, from the environment or the terminal; part of open. */
int cli_secrets_fill(struct cli_run *r, struct error *err);

/* ---- commands made of several runs: session.c -------------------------------------------------------------------- */

struct cli_session {
	struct cli_options options; /* for each of the runs */
	struct asked *asked;        /* answers of the operator, in wiped memory */
};
/* Connections are kept from run to run, and each secret is asked for once. s must not move. */
void cli_session_begin(struct cli_session *s, const struct cli_options *o);
/* After the first run: what the inventory is warned of was shown. */
void cli_session_next(struct cli_session *s);
/* Closes the connections and wipes the answers. */
void cli_session_end(struct cli_session *s);
/*
 * For the commands that only look: load, open, a quiet observer, execute. Returns 0 with r ready to be read, or the
 * exit status after having printed the error and released r.
 */
int cli_look(struct cli_run *r, enum cli_kind kind, const struct cli_options *o);
/*
 * Prints what kept a host from being looked at, or the run from deciding; returns the exit status of the first, or 0.
 * Findings of preflight are left to check.
 */
int cli_look_errors(const struct cli_run *r, bool preflight);
/* The same; decision: also why apply refuses a cluster that is down, which findings explain better. */
int cli_look_errors_but(const struct cli_run *r, bool preflight, bool decision);
/* Whether the named step was applied or found done on some host. */
bool cli_run_did(const struct cli_run *r, const char *step);
/* How many steps of hosts ended so, without those that only look or clean up. */
unsigned cli_run_count(const struct cli_run *r, enum cell_state state);
/*
 * Has a dangerous thing confirmed by typing the cluster's name, after saying what will happen; --yes does it
 * beforehand, unless --override-quorum is given and somebody can be asked. why: "reset … must be confirmed", for when
 * nobody can be asked.
 */
int cli_confirm_name(const struct cli_run *r, const char *tell, const char *why, struct error *err);
/* The same for a question that a "yes" is enough for, typed in full. */
int cli_confirm_yes(const struct cli_options *o, const char *question, const char *why, struct error *err);
/* Whether that will be possible: for what is to be looked at before the question. */
int cli_may_confirm(const struct cli_options *o, const char *why, struct error *err);
/*
 * The hosts that the command names as flags per host, or NULL: err says which is unknown, or left out although it "is
 * to PURPOSE". The caller frees.
 */
bool *cli_named_hosts(const struct cli_run *r, const char *purpose, struct error *err);
/* Whether a host that was to leave for good is out of the cluster, and was reset unless it could not be reached. */
bool cli_host_removed(const struct cli_run *r, size_t host);
/* Whether it was reset, then. */
bool cli_host_reset(const struct cli_run *r, size_t host);
/* Whether something is left to do on a host: it was set aside, or is still in the cluster that it was to leave. */
bool cli_host_left(const struct cli_run *r, size_t host);
/* How many of those there are. */
unsigned cli_hosts_left(const struct cli_run *r);
/* What to know about the hosts that were removed, for people. */
void cli_removed_print(const struct cli_run *r);
/*
 * What apply, rejoin and remove end with: the summary, the cluster, what comes next; as JSON when asked for. Returns
 * the exit status.
 */
int cli_apply_report(const struct cli_run *r);
/* The error that a run's exit status goes by, or NULL. */
const struct error *cli_run_error(const struct cli_run *r, const struct engine_result *result);
/*
 * The exit status of a run that changes things: 0 nothing left; 130 cancelled; 8 the cluster is verified and hosts are
 * left; else by the error. verified: verify succeeded on some control plane.
 */
int cli_exit_status(bool cancelled, bool verified, unsigned aside, const struct error *first);

/* ---- the plain renderer ------------------------------------------------------------------------------------------ */

enum plain_mode {
	PLAIN_RUN,   /* a line per step and host */
	PLAIN_QUIET, /* only the heartbeat, unless verbose */
};
struct findings;
/* One host's findings, indented by two; errors_only: without warnings and what is ignored. */
void cli_findings_print(FILE *out, const struct findings *all, bool errors_only);
struct findings_count {
	unsigned errors, warnings, ignored;
};
/* Adds how many there are of each. */
void cli_findings_count(const struct findings *all, struct findings_count *c);
/* Adds an object for each; that of no host has null as its host. */
void cli_findings_json(const struct cli_run *r, const struct findings *all, struct json *list);
/* Adds what check says of a host: its findings, and why it could not be looked at. */
void cli_check_json(const struct cli_run *r, size_t host, struct json *list);
/* A table of findings, on stdout. Returns the exit status. */
int cli_findings_list(const struct finding_kind *kinds, size_t count, bool json);
/* -1: errors among what is in the way of an upgrade, that are not ignored, forbid it: err counts and names them. */
int cli_upgrade_barred(const struct findings *found, struct error *err);
/* Findings again, after a run, now that all hosts are known: each of two duplicates names the other. */
void cli_findings_complete(struct cli_run *r);

struct plain;
/* out gets the steps' lines, err failures, remarks and the heartbeat. */
struct plain *plain_new(FILE *out, FILE *err, const struct engine_config *config, const struct progress *progress,
	enum plain_mode mode, bool verbose);
void plain_event(const struct event *ev, void *plain); /* an event_fn */
/* findings[host] say more of a failed preflight than its error has room for. */
void plain_findings(struct plain *p, const struct findings *findings);
/* To be called now and then: prints the heartbeat when nothing was printed for 30 s. now_ms since the run's start. */
void plain_tick(struct plain *p, int64_t now_ms);
void plain_free(struct plain *p);

/* JSON lines: each event on stdout. */
void json_event(const struct event *ev, void *config); /* an event_fn */
/* The last line of a run's JSON: {"kind": "summary", …}. */
struct json *json_summary(const struct cli_run *r, const struct engine_result *result, int status);

/* ---- what a run that only looks would do ------------------------------------------------------------------------- */

void would_event(const struct event *ev, void *run); /* an event_fn; of every run that changes nothing */
/* What a step would do, or NULL: nothing. */
const struct would_step *would_step(const struct cli_run *r, size_t host, size_t step);
/* The steps per host with their differences, on stdout; returns how many, on *hosts hosts. */
unsigned would_print(const struct cli_run *r, unsigned *hosts);
/* Adds an object per step of a host. */
void would_json(const struct cli_run *r, size_t host, struct json *steps);

/* ---- health: what is broken, by steps' and cluster's own tables -------------------------------------------------- */

struct health {
	struct findings *hosts; /* per host of the inventory */
	size_t host_count;
	unsigned errors, warnings, remediable;
	/* findings of Pods and of DNS: what was mended may be their cause, and takes its time to show */
	unsigned unwell;
	unsigned settling; /* Pods of kube-system and kubelets that may just be starting */
};
/*
 * Over a run with RUN_HEALTH that has ended: findings_health of every host, and what its steps would change as findings
 * named drift.
 */
void health_fold(struct cli_run *r, struct health *h);
/* The findings of each host that has some, on stdout. */
void health_print(const struct cli_run *r, const struct health *h);
/* A line about what is not a finding yet, because it may just be starting; nothing when there is none. */
void health_print_starting(const struct health *h);
/* An array of objects. */
struct json *health_json(const struct cli_run *r, const struct health *h);
void health_release(struct health *h);

/* ---- status: how things are, folded out of the world; printed by status_print.c ---------------------------------- */

struct status {
	bool installed;          /* something of a cluster was seen on a host */
	bool all_control_planes; /* each control plane was looked at */
	bool all_members;        /* … and no etcd member was hidden from us there */
	/* up: as their own hosts say, so of hosts that were looked at */
	unsigned voters, voters_up, learners, unstarted;
	unsigned not_ready; /* hosts that are not Ready Nodes, or could not be looked at */
	unsigned unreachable;
	const char *vip_holder; /* NULL: nobody that was looked at */
	unsigned vip_holders;
	const char *unseen; /* why an API server or etcd could not be asked; NULL: they could */
	int ca_days; /* days left; INT_MIN: not known */
};
/* Sums up what a look that has ended saw; its texts are lent by r. */
void status_fold(const struct cli_run *r, struct status *s);
/* 0: all is well; CLI_EXIT_HOSTS_LEFT: the cluster stands and something is to do; else an error's, as it does not. */
int status_exit(const struct cli_run *r, const struct status *s);
/*
 * What a host's Node is, in a word: "Ready", "NotReady", "Ready,cordoned", "absent" from the cluster, "unknown",
 * "none": not installed. *well, unless NULL: it is Ready, and nothing more is to be said.
 */
const char *status_node(const struct cli_run *r, size_t host, bool *well);
/* "control plane" or "worker". */
const char *status_role(const struct cli_run *r, size_t host);
/* Days left of the host's certificate that ends first, its kubelet's among them, and its path; INT_MIN: not known. */
int status_days(const struct cli_run *r, size_t host, const char **path);
/* How many of kube-system's Pods on a host are Ready, or run where only the host says so; all 0: not asked about. */
void status_pods(const struct cli_run *r, size_t host, unsigned *up, unsigned *all);
/*
 * What stands in a line about API, etcd and virtual IP, appended; nothing where there is nothing to say. Returns the
 * colour it wants.
 */
enum cli_color status_api_words(const struct cli_run *r, const struct status *s, struct str *out);
enum cli_color status_etcd_words(const struct status *s, struct str *out);
enum cli_color status_vip_words(const struct cli_run *r, const struct status *s, struct str *out);
/* The newest snapshot that a control plane has taken by itself. False: none are wanted there, or it was not seen. */
bool status_snapshot_words(const struct cli_run *r, size_t host, struct str *out);
/*
 * The state of a control plane's etcd member (quorum_state), or "no member"; "": not known, or a worker. *well, unless
 * NULL: it is a healthy voter, or there is none to be had.
 */
const char *status_member(const struct cli_run *r, size_t host, bool *well);
/* All of it, with the findings, on stdout; and the same as a JSON document, which the caller frees. */
void status_print(const struct cli_run *r, const struct status *s, const struct health *h);
struct json *status_json(const struct cli_run *r, const struct status *s, const struct health *h);

/* ---- locks that the hosts report, by run: status_lock.c --------------------------------------------------------- */

struct status_lock {
	const char *run;
	const struct cluster_host *newest; /* that heard of the run last: it says how far it is */
	int64_t age_s;                     /* of the last sign of life there, by its clock */
	bool here, alive; /* its journal is on this machine; and its process */
};
/* The next lock; *from: 0 at first. False: there is none. What it points to is lent by the facts. */
bool status_lock_next(const struct cli_run *r, size_t *from, struct status_lock *l);
/* Whether this host, which the command is about, reports it. */
bool status_lock_on(const struct cli_run *r, const struct status_lock *l, size_t host);
/* For people; nothing when no host is locked. */
void status_lock_print(const struct cli_run *r);
/* The member "locks". */
void status_lock_json(const struct cli_run *r, struct json *j);

/* ---- certs ------------------------------------------------------------------------------------------------------- */

/* What `certs` shows; what the hosts showed is in run->world.seen.certs. */
struct certs_report {
	const struct cli_run *run;
	/* per host of the inventory, lent, and then this machine's; NULL: it is not shown */
	struct certs_host **hosts;
	size_t host_count;
	int64_t now_s; /* since 1970 */
};
/* The certificates that this machine has; the caller frees them with certs_release. */
void certs_look_here(struct certs_host *here, const struct cli_run *r);
/* A line of the table. */
struct certs_row {
	const struct certs_file *file;
	const struct pki_cert *cert; /* NULL: the file has none that can be read */
	size_t index;                /* in its file */
	enum certs_state state;
};
struct certs_rows {
	struct certs_row *list;
	size_t count;
};
/* A host's, in the order of the table: unreadable first, then by their end, unused last. The caller frees the list. */
void certs_rows_make(const struct certs_host *h, const struct certs_report *c, struct certs_rows *out);
/* A file's path without the folder that all of them are in; lent. */
const char *certs_short_path(const struct certs_report *c, const char *path);
/* Common name and organisations; and the other names, a line each or with ", " between them. Appended. */
void certs_subject(const struct pki_cert *cert, struct str *out);
void certs_names(const struct pki_cert *cert, bool lines, struct str *out);
/* What of a host is not in its rows; nothing when all of it is. Appended. */
void certs_left_out(const struct certs_host *h, struct str *out);
/* The hosts whose shared file of this name has this digest. Appended. */
void certs_same(const struct certs_report *c, const char *name, const char *sum, struct str *out);
/* For people, in lines of 80 columns; verbose: with subject, issuer, key and names. */
void certs_table(const struct certs_report *c, bool verbose, struct str *out);
/* All of it, as a document. */
struct json *certs_json(const struct certs_report *c);
/*
 * What a run has seen, compared, and this machine's unless here is NULL; both are lent. The caller frees
 * with certs_report_release.
 */
void certs_report_fill(struct certs_report *c, struct cli_run *r, struct certs_host *here, int64_t now_s);
void certs_report_release(struct certs_report *c);
/* `certs renew`, `certs sign`. */
int cli_certs_renew(const struct cli_options *o);
int cli_certs_sign(const struct cli_options *o);
/* `certs rotate`. */
int cli_certs_rotate(const struct cli_options *o);
/* … of the key that Secrets are encrypted with. */
int cli_certs_secrets_key(const struct cli_options *o);
#define CERTS_SECRETS_KEY "secrets-key"
struct encryption_state;
/* Over a look of KIND_SECRETS_KEY_LOOK: how it is, in lines, added; why it may not begin: -1; … */
void certs_secrets_key_state(const struct cli_run *r, const struct encryption_state *s, struct str *out);
int certs_secrets_key_refuse(const struct cli_run *r, const struct encryption_state *s, struct error *err);
/* … whether it is under way, so that no other key is made; and what the run will do, in sentences, added. */
bool certs_secrets_key_begun(const struct encryption_state *s);
void certs_secrets_key_tell(const struct cli_run *r, bool begun, struct str *out);
/* For programs: "one", "both", "reissued". */
const char *certs_phase_name(enum pki_phase phase);
/* Over a look of KIND_ROTATE_LOOK that saw a key store: how it is, in lines, added; … */
void certs_rotate_state(const struct cli_run *r, const struct rotate_kind *kind, struct str *out);
/* … what is next; ROTATE_REFUSED: err says why; … */
enum rotate_next certs_rotate_next(const struct cli_run *r, const struct rotate_kind *kind, enum rotate_ask ask,
	const struct rotate_state *s, struct error *err);
/* … and what is agreed to then, in sentences, added. */
void certs_rotate_tell(const struct rotate_kind *kind, enum rotate_ask ask, enum rotate_next next, struct str *out);
/* For people, added: "two CAs are trusted, and …"; which command continues. */
void certs_phase_words(const struct rotate_kind *kind, enum pki_phase phase, struct str *out);
void certs_phase_next(const struct rotate_kind *kind, enum pki_phase phase, struct str *out);
/* Adds a line for each issuer of a key store that is being rotated: how far, and what comes next. */
void certs_rotations(const char *store_dir, struct str *out);
/* The same for programs, as a list; store_dir NULL: none. */
struct json *certs_rotations_json(const char *store_dir);
/* Whether a host's shared file of this name differs from others' and is the first one with its digest. */
bool certs_report_first(const struct certs_report *c, const char *name, size_t host);
/* Its i-th host; NULL: this machine. */
const struct inventory_host *certs_report_host(const struct certs_report *c, size_t i);

/* ---- check --security -------------------------------------------------------------------------------------------- */

/* The command; returns its exit status. */
int cli_benchmark(const struct cli_options *o);
/* What comes of one item. */
struct benchmark_judged {
	enum benchmark_state state; /* over all hosts; none of them: not applicable */
	/* per host; shown: it is not one that the item concerns, or it was shown beside another host */
	struct benchmark_shows {
		struct benchmark_seen is;
		bool shown;
	} * hosts;
	size_t count;
};
/* Of what r->world.seen.benchmark has; the caller frees the hosts. */
void benchmark_judge_all(const struct cli_run *r, const struct benchmark_item *item, struct benchmark_judged *j);
/* Adds the hosts that show the same as this one, which is the first of them, and marks them as shown. */
void benchmark_same(const struct cli_run *r, struct benchmark_judged *j, size_t first, struct str *out);
/* For people: "by hand". */
const char *benchmark_words(enum benchmark_state state);
/* Of what r->world.seen.benchmark has: how many items came to each state. */
void benchmark_count(const struct cli_run *r, size_t counts[BENCHMARK_STATES]);
/* The exit status that they lead to; unseen: that of a host that could not be looked at, 0: all could be. */
int benchmark_status(const size_t counts[BENCHMARK_STATES], int unseen);
/* For people, in lines of 80 columns; verbose: also what was seen of items that passed. */
void benchmark_table(const struct cli_run *r, bool verbose, struct str *out);
/* All of it, as a document. */
struct json *benchmark_json(const struct cli_run *r);

/* ---- the cluster's keys on this machine, for commands that contact no host: keys.c ------------------------------- */

/* -1: this machine has no key store of the cluster. */
int cli_keys_there(const struct cli_run *r, struct error *err);
/* Between load and release: the store's passphrase, the only secret that is wanted. A new one is typed twice. */
int cli_keys_secrets(struct cli_run *r, struct error *err);
/* All of these, and the store itself in r->world.pki.store. */
int cli_keys_open(struct cli_run *r, struct error *err);
/* cli_run_release, and the store. */
void cli_keys_close(struct cli_run *r);
/*
 * A passphrase that is not the inventory's, and never empty: from the terminal, "passphrase of the WHAT: ", twice for
 * one that is new; or from the environment variable that --passphrase names.
 */
int cli_passphrase(const struct cli_run *r, const char *what, bool twice, struct secret *out, struct error *err);
/* `certs passphrase`, `certs backup`, `certs restore`. */
int cli_certs_passphrase(const struct cli_options *o);
int cli_certs_backup(const struct cli_options *o);
int cli_certs_restore(const struct cli_options *o);
int cli_certs_csr(const struct cli_options *o);
int cli_certs_import(const struct cli_options *o);
/* What a backup has; s: the store in it. On stdout, and as members of j. */
void cli_backup_print(const char *file, const struct pki_backup *b, const struct pki_store *s);
void cli_backup_json(const struct pki_backup *b, const struct pki_store *s, struct json *j);

/* ---- hardware ---------------------------------------------------------------------------------------------------- */

/*
 * What is odd, not well, or gone since the last look of this machine, of what r->world.seen.hardware has; this look is
 * kept for the next one. forget: what is gone is not missed any more. unread: a line is added for each last look that
 * cannot be read. -1: a look could not be kept; found is complete all the same.
 */
int cli_hardware_find(
	const struct cli_run *r, bool forget, struct findings *found, struct str *unread, struct error *err);

/* ---- support ----------------------------------------------------------------------------------------------------- */

struct support_made {
	char *path; /* in full; the caller frees */
	unsigned files, cut;
	int64_t size; /* bytes */
};
/*
 * The archive of a run of KIND_SUPPORT, or KIND_SUPPORT_HOSTS, that has ended, in the working folder; keys: why it was
 * not the first, or NULL. Its list of what was taken and what is missing is added. -1: there is no archive.
 */
int cli_support_make(
	struct cli_run *r, const struct error *keys, struct support_made *out, struct str *listing, struct error *err);

/* ---- kubeconfig -------------------------------------------------------------------------------------------------- */

/* `kubeconfig --list`. */
int cli_kubeconfig_list(const struct cli_options *o);

/* Who is contacted when hosts leave: the control planes, and they. leave: per host. -1: no control plane would stay. */
int cli_remove_choose(struct cli_run *r, const bool *leave, struct error *err);
/* ---- reset: what the operator agrees to -------------------------------------------------------------------------- */

/*
 * The chosen hosts, one a line: which machine it is, what runs there, what kubewright noted on it, or why it could not
 * be looked at.
 */
void reset_table(const struct cli_run *r, struct str *out);

/* The summary of a run that changed something, for people: steps, hosts left and why. */
void cli_summary(const struct cli_run *r, const struct engine_result *result);

#endif
