/*
 * What the wizard's screens share: the inventory being edited, what was seen of the hosts, the run that is under way;
 * and the port through which tui asks for what it cannot do itself: it talks to no server and opens no key store. The
 * command line gives the port's functions.
 */
#ifndef TUI_WIZARD_H
#define TUI_WIZARD_H

#include "base/error.h"
#include "base/str.h"
#include "cluster/benchmark.h"
#include "cluster/certs.h"
#include "cluster/cluster.h"
#include "cluster/drill.h"
#include "cluster/mesh.h"
#include "cluster/requests.h"
#include "engine/engine.h"
#include "inventory/document.h"
#include "tui/app.h"
#include "tui/runview.h"

#include <stdbool.h>
#include <stddef.h>

struct inventory;
struct port_past;
struct port_run;

enum purpose {
	PURPOSE_CHECK,  /* log in, look, preflight: changes nothing */
	PURPOSE_PLAN,   /* what apply would do: changes nothing */
	PURPOSE_APPLY,
	PURPOSE_REMEDY, /* applies the safe remedy of one finding on one host */
	PURPOSE_LOOK,   /* how the living cluster is: changes nothing */
	PURPOSE_CERTS,  /* which certificates there are: changes nothing */
	PURPOSE_BENCHMARK, /* how the hosts are set up, beside the benchmark: changes nothing */
	PURPOSE_HARDWARE, /* what the machines are made of: changes nothing */
	PURPOSE_MESH,     /* what hosts get through to one another: changes nothing */
	PURPOSE_DRILL_LOOK, /* which faults could be made on purpose: changes nothing */
	PURPOSE_DRILL,      /* makes those that it names */
	PURPOSE_REPAIR_PLAN,
	PURPOSE_REPAIR,
	PURPOSE_REJOIN_PLAN, /* of one host */
	PURPOSE_REJOIN,
	PURPOSE_REMOVE_PLAN, /* of one host */
	PURPOSE_REMOVE,
	PURPOSE_REBOOT_PLAN, /* of one host */
	PURPOSE_REBOOT,
	PURPOSE_UPGRADE_PLAN, /* to the version of the inventory */
	PURPOSE_UPGRADE,
	PURPOSE_RENEW_PLAN,
	PURPOSE_RENEW,    /* all certificates of all hosts */
	PURPOSE_REQUESTS, /* who waits for a certificate: changes nothing */
	PURPOSE_SIGN_PLAN,
	PURPOSE_SIGN,     /* of those that were agreed to */
	PURPOSE_ROTATE_LOOK, /* how far the rotation of a CA, or of a key, is: changes nothing */
	PURPOSE_ROTATE,      /* the phase that the last such look said is next */
	PURPOSE_SUPPORT,     /* an archive for somebody who helps: changes nothing on hosts */
	PURPOSE_ADOPT,       /* a look at a cluster that others made, of which there is no inventory yet */
	PURPOSE_TAKE_KEYS,   /* brings the keys of its CAs to this machine: changes nothing on hosts */
	PURPOSE_SNAPSHOT, /* of etcd, into a file on this machine: changes no host, and is shown as what does */
	PURPOSE_COUNT,
};
struct purpose_kind {
	const char *command; /* of the command line */
	enum purpose_does { PURPOSE_LOOKS, PURPOSE_PLANS, PURPOSE_CHANGES } does;
	bool one_host;       /* is about one host, which the command names */
	enum purpose then;   /* of plans: what does it */
	const char *noun;    /* of plans and of what they lead to: "installation" */
	const char *tell;    /* of plans: what to know before it is confirmed, or "" */
	const char *idle;    /* of plans: why there is nothing to do */
	bool names;          /* the command names what was chosen: struct wizard's what */
	bool alone;          /* is not about the document that is open, which need not be right, or there */
};
/* What the pages know of a purpose; never NULL. */
const struct purpose_kind *purpose_kind(enum purpose purpose);

/* One look at a run, lent until the next call of any function of the port. */
struct port_summary {
	int exit_status;       /* as the command line's would be; valid when over */
	const char *kubeconfig; /* written by this run, or NULL */
	const char *endpoint;   /* "https://10.0.0.100:6443" */
	const char *version;    /* Kubernetes, resolved */
	const char *snapshot;   /* the file that this run saved etcd's data in, or NULL */
	unsigned voters, tolerates, no_network;
	const struct error *first; /* the error that the exit status goes by, or NULL */
	struct error barred;       /* of a plan: why it must not be begun; ERROR_NONE: it may */
};

/* What the discovered hardware of a host is, in short words; "" where not known. */
struct port_host {
	bool probed;
	char os[64], cpu[80], memory[16], disk[80], nics[128], gpus[80];
	char kind[24]; /* "bare metal", "virtual: kvm" */
};

/* How a living cluster is, for the Dashboard. */
struct port_words {
	char text[240]; /* "": nothing to say */
	enum style style;
};
struct port_node {
	char name[64], role[16], address[64];
	char node[24];    /* "Ready", "NotReady,cordoned", "absent", … */
	char kubelet[24]; /* the unit's state */
	char etcd[32];    /* of the member: "leader", "voter", "does not answer", …; "": none, or not known */
	char snapshot[40]; /* the newest that it has taken of etcd by itself; "": none are wanted, or not known */
	bool probed;      /* else error says why not */
	bool control_plane, ready, kubelet_runs;
	bool etcd_well;   /* a healthy voter, or no member is to be had there */
	struct error error;
	unsigned pods_up, pods; /* of kube-system, and those that are Ready; all 0: not known */
	int days;         /* left of the certificate that ends first; INT_MIN: not known */
	struct findings findings;
};
struct port_cluster {
	bool installed;   /* something of it was seen on a host */
	struct port_words api, etcd, vip;
	struct error problem; /* why nothing can be decided; kind ERROR_NONE: it can */
	struct port_node *nodes;
	size_t node_count;
	unsigned errors, warnings; /* findings that count */
	unsigned remediable;       /* that repair knows what to do about */
};
void port_cluster_release(struct port_cluster *c);

/* The certificates of a living cluster, for their page. What is pointed to is the arena's. */
struct port_cert {
	size_t host;             /* in hosts */
	const char *file, *path; /* in short, for a table; in full */
	enum certs_state state;
	struct certs_reader readers[CERTS_READERS]; /* none: nobody is known to read it */
	bool renewed;            /* by its reader, by itself */
	size_t difference;       /* in differences; SIZE_MAX: it is the same everywhere, or need not be */
	bool readable;           /* else nothing of the following is known */
	int early_days, days;    /* whole days until it is valid, 0 when it is; and until it ends, negative: it has */
	int64_t begin_s, end_s;  /* since 1970 */
	const char *subject, *issuer, *key, *names, *serial, *sha256; /* names: a line each */
	bool ca;
};
struct port_certs {
	struct port_certs_host {
		const char *name, *role; /* role "": this machine, the last one */
		bool looked;             /* else error says why not */
		struct error error;
		const char *left_out;    /* what of it is not in the list; "" */
	} *hosts;
	size_t host_count;
	struct port_cert *list;  /* by host, in the order of `kubewright certs` */
	size_t count;
	/* files that should be the same on all hosts, and are not; groups: a line each, digest and hosts */
	struct port_certs_difference {
		const char *file, *groups;
	} *differences;
	size_t difference_count;
	int warn_days, critical_days; /* fewer are shown so */
	/* what can be rotated, in the order of the table of kinds; by the key store of this machine */
	struct port_rotated {
		const char *name, *what; /* "etcd-ca", "CA" */
		bool done;               /* it is not being rotated */
		const char *words, *next; /* how far it is; what continues, "" */
	} *rotated;
	size_t rotated_count;
	struct arena arena;
};
void port_certs_release(struct port_certs *c);

/* How far a rotation is, and what is next. What is pointed to is the arena's. */
struct port_rotation {
	const char *name;
	const char *state; /* lines: what is trusted and signs, what each host is to get, who uses the earlier one */
	const char *tell;  /* what the next phase does, in sentences; "": refused says why it may not begin */
	struct error refused;
	struct arena arena;
};
void port_rotation_release(struct port_rotation *r);

/* The archive that was made. What is pointed to is the arena's. */
struct port_support {
	const char *path;    /* in full; NULL: there is none, and error says why */
	const char *listing; /* what was taken, a line each, and what is not in it and why */
	unsigned files, cut; /* cut: to their limit */
	int64_t size;        /* bytes */
	struct error error;
	struct arena arena;
};
void port_support_release(struct port_support *s);

/* A cluster that others made, as a takeover saw it. What is pointed to is the arena's. */
struct port_adopted {
	bool more;            /* nothing yet: another run of the same purpose is to look at the other hosts */
	struct error refused; /* why it cannot be taken over; ERROR_NONE: it can */
	const char *cluster, *version, *file; /* file: that the inventory goes into */
	const char *cas;      /* a line each: file, fingerprint, last day */
	struct port_adopted_host {
		const char *name, *address;
		bool control_plane, reached; /* not reached: error says why not */
		struct error error;
	} *hosts;             /* none: the first host could not be looked at, or has no such cluster */
	size_t host_count;
	struct findings found; /* host: in hosts; -1: of the cluster as a whole */
	struct arena arena;
};
void port_adopted_release(struct port_adopted *a);

/* Requests for certificates that wait, for their page. What is pointed to is the arena's. */
struct port_request {
	const char *name, *uid, *signer, *requester;
	const char *subject, *names, *usages; /* what it asks for; "": it cannot be read, or nothing */
	enum request_verdict verdict;
	const char *why; /* it is not signed; "" */
	int64_t age_s;
};
struct port_requests {
	bool asked; /* an API server; else error says why not */
	struct error error;
	struct port_request *list;
	size_t count, more; /* more: that are not in the list */
	struct arena arena;
};
void port_requests_release(struct port_requests *r);

/* What comes of the benchmark, for its page. What is pointed to is the arena's. */
struct port_benchmark_item {
	const struct benchmark_item *is;
	enum benchmark_state state; /* over all hosts */
	const char *words;          /* for it */
	/* who shows the same, in the order of the inventory */
	struct port_benchmark_group {
		enum benchmark_state state;
		const char *words, *hosts, *seen;
	} *groups;
	size_t group_count;
};
struct port_benchmark {
	struct port_benchmark_item *items; /* all, in the order of `kubewright check --security` */
	size_t count;
	/* hosts that could not be looked at, and why not */
	struct port_benchmark_unseen {
		const char *host;
		struct error error;
	} *unseen;
	size_t unseen_count;
	struct arena arena;
};
void port_benchmark_release(struct port_benchmark *b);

/* What the machines are made of, for their page. What is pointed to is the arena's. */
struct port_hardware_line {
	int depth; /* of the tree: 0 a group, 1 what is in it */
	const char *label, *text;
};
struct port_hardware {
	struct port_hardware_host {
		const char *name, *kind;  /* kind: vendor and product, or what it runs on; "unknown" */
		bool seen;                /* else error says why not */
		struct error error;
		struct port_hardware_line *near; /* the tree: what is near what */
		size_t near_count;
		struct port_hardware_line *all;  /* all that was seen, as `kubewright hardware` shows it */
		size_t all_count;
		struct finding *findings;
		size_t finding_count;
	} *hosts;
	size_t host_count;
	const char *tell; /* what of the looks that this machine keeps could not be read or written; "" */
	struct arena arena;
};
void port_hardware_release(struct port_hardware *h);

/* What hosts get through to one another, for its page. What is pointed to is the arena's. */
struct port_mesh {
	struct port_mesh_host {
		const char *name;
		struct error error; /* ERROR_NONE: it was looked at */
		struct finding *findings;
		size_t finding_count;
	} *hosts;
	size_t host_count;
	struct port_mesh_way {
		enum mesh_state state;
		const char *text; /* lines: what was asked and measured, the worst first; NULL: it is not asked */
	} *ways; /* [from * host_count + to] */
	size_t asked, counts[MESH_STATES]; /* ways, and how many of them came to what */
	const char *network; /* the pod network that they were asked for */
	struct arena arena;
};
void port_mesh_release(struct port_mesh *m);

/* Faults on purpose, for their page. What is pointed to is the arena's. */
struct port_drill {
	struct port_drill_fault {
		const char *name, *title;
		const char *host;   /* that had it; "": none yet */
		const char *result; /* on one line: how long writes and reads waited, or why it is left out */
		const char *text;   /* all of it, in lines */
		enum drill_state state;
		bool expected; /* nothing is lost, and nobody waited longer than that */
	} *list;
	size_t count;
	struct error error; /* why nothing is made, or nothing more; ERROR_NONE: nothing is in the way */
	struct arena arena;
};
void port_drill_release(struct port_drill *d);

struct port {
	void *ctx;
	/*
	 * Begins a run of the inventory file. Returns NULL with err set, or NULL with *ask filled (a prompt, without
	 * err) when a secret is needed first: call secret() with it and begin again. host: for purposes about one;
	 * what: of PURPOSE_REMEDY the finding; of signing the uids of the requests, with a blank behind each; of
	 * rotating the name of the CA or key; of a takeover lines "KEY=VALUE": host, out (the file), cluster, and
	 * fields of the inventory.
	 */
	struct port_run *(*begin)(void *ctx, enum purpose purpose, const char *path, const char *host,
		const char *what, char *ask, size_t ask_size, struct error *err);
	/* The answer to an ask; copied into wiped memory for the session. NULL forgets all: one of them was wrong. */
	void (*secret)(void *ctx, const char *ask, const char *text);
	struct engine *(*engine)(struct port_run *r);
	const struct engine_config *(*config)(struct port_run *r);
	const struct inventory *(*inventory)(struct port_run *r);
	/* Of a host of the run's inventory, once the run is over. */
	void (*host)(struct port_run *r, size_t host, struct port_host *out);
	/* Findings of a host, lent until the run is freed; complete once it is over. */
	const struct findings *(*findings)(struct port_run *r, size_t host);
	/* What a run of PURPOSE_LOOK saw, once it is over; the caller releases it. */
	void (*cluster)(struct port_run *r, struct port_cluster *out);
	/* The same of PURPOSE_CERTS. */
	void (*certs)(struct port_run *r, struct port_certs *out);
	/* … and of PURPOSE_BENCHMARK. */
	void (*benchmark)(struct port_run *r, struct port_benchmark *out);
	/* … of PURPOSE_HARDWARE: it is compared with the last look that this machine keeps, and kept. */
	void (*hardware)(struct port_run *r, struct port_hardware *out);
	/* … of PURPOSE_MESH, … */
	void (*mesh)(struct port_run *r, struct port_mesh *out);
	/* … of PURPOSE_DRILL_LOOK and PURPOSE_DRILL, … */
	void (*drill)(struct port_run *r, struct port_drill *out);
	/* … and of PURPOSE_REQUESTS, … */
	void (*requests)(struct port_run *r, struct port_requests *out);
	/* … of PURPOSE_ROTATE_LOOK: what is next is remembered, and PURPOSE_ROTATE of the same name does it. */
	void (*rotation)(struct port_run *r, struct port_rotation *out);
	/* Makes the archive of what a run of PURPOSE_SUPPORT saw. */
	void (*support)(struct port_run *r, struct port_support *out);
	/* What a run of PURPOSE_ADOPT saw. */
	void (*adopted)(struct port_run *r, struct port_adopted *out);
	/* Writes the inventory of the cluster that it saw. *keys: whether this machine has the cluster's keys. */
	int (*adopt)(void *ctx, bool *keys, struct error *err);
	/* -1: a run of PURPOSE_TAKE_KEYS did not bring the keys, and why. */
	int (*took)(struct port_run *r, struct error *err);
	void (*summary)(struct port_run *r, struct port_summary *out);
	/* Whether the run, once over, took this host out for good: its entry is to leave the inventory. */
	bool (*removed)(struct port_run *r, size_t host);
	void (*end)(struct port_run *r); /* waits for its threads (cancel first) and frees it */

	/* Whether the login to a host that the last run left is still there, as far as this side can see. */
	bool (*connected)(void *ctx, const char *host);
	/* Whether kubewright has a safe remedy for a finding that it can apply alone; its sentence, or NULL. */
	const char *(*remedy)(const char *finding);
	/* Of the cluster's earlier runs, newest first: caller frees with end_runs. */
	size_t (*runs)(void *ctx, const char *cluster, struct port_past **list);
	/* The folder of a cluster's journals; caller frees. */
	char *(*runs_dir)(void *ctx, const char *cluster);
	/* Recent inventories, newest first, one path a line; caller frees. remember puts one at the top. */
	char *(*recent)(void *ctx);
	void (*remember)(void *ctx, const char *path);
};
/* An earlier run, as its journal's name and first line say. */
struct port_past {
	char *path, *run, *command;
	bool dead;     /* its process is gone and it did not come to its end: apply continues it */
	bool alive;    /* it is under way, in another process of this machine */
	int64_t wall_ms; /* when it ended; alive: when it began */
	bool stands;   /* it verified the cluster before its end */
};
void port_past_free(struct port_past *list, size_t count);

struct wizard {
	const struct port *port;
	struct app *app;
	void (*leave)(struct screen *s); /* where the page goes that asks about a document which cannot be saved */
	struct document *document; /* NULL until Start has opened one */

	/* the run under way, or the last one: at most one at a time */
	struct port_run *run;      /* NULL: none */
	enum purpose purpose;
	char host[64];             /* that it is about; "": all */
	char *what;                /* as struct port's begin; NULL: nothing */
	struct runview view;       /* valid when view_valid; outlives the run */
	bool view_valid;
	struct error begin_error;  /* why the last begin failed; kind ERROR_NONE: it did not */

	/* what the last check saw; outlives its run. Indexes are those of names. */
	struct seen_host {
		char name[64], address[64];
		struct port_host facts;
		char state[96];
		struct error error;          /* kind ERROR_NONE: none */
		struct finding *findings;
		size_t finding_count;
		bool connected;              /* the login of the check still stands: the next run takes it up */
	} *seen;
	size_t seen_count;
	char *seen_text;           /* the document as it was then; NULL: nothing was seen */
	bool seen_stale;           /* the document changed since, or nothing was seen */

	/* what the last look at the living cluster saw, by its end */
	struct port_cluster cluster;
	char *cluster_text;        /* the document as it was then; NULL: nothing was seen */
	int64_t cluster_ms;        /* when: clock_mono_ms */
	/* what the last look at its certificates saw, in the same way */
	struct port_certs certs;
	char *certs_text;
	int64_t certs_ms;
	/* … and who waits for one */
	struct port_requests requests;
	char *requests_text;
	int64_t requests_ms;
	/* … and how far a rotation is */
	struct port_rotation rotation;
	char *rotation_text;
	int64_t rotation_ms;
	/* … and what was packed */
	struct port_support support;
	char *support_text;
	int64_t support_ms;
	/* … and beside the benchmark */
	struct port_benchmark benchmark;
	char *benchmark_text;
	int64_t benchmark_ms;
	/* what was seen of a cluster that others made, and whether something was */
	struct port_adopted adopted;
	bool adopted_valid;
	int64_t adopted_ms;
	/* how the last copying of keys ended, and whether one did since the document was opened */
	struct error took;
	bool took_valid;
	/* … and what the machines are made of */
	struct port_hardware hardware;
	char *hardware_text;
	int64_t hardware_ms;
	/* … and what they get through to one another */
	struct port_mesh mesh;
	char *mesh_text;
	int64_t mesh_ms;
	/* … and faults on purpose */
	struct port_drill drill;
	char *drill_text;
	int64_t drill_ms;

	/* what the last plan saw: [host * steps + step] */
	struct runview plan;
	enum purpose plan_purpose;
	char plan_host[64];
	char *plan_what;
	char *plan_text;           /* the document as it was then; NULL: there is no plan */
	bool plan_valid;           /* and it has not changed since */
	struct error plan_barred;  /* why it must not be begun; ERROR_NONE: it may */
	struct port_summary summary; /* of the last run that ended */
	char *summary_texts[4];      /* what its strings are lent by */
	struct error summary_error;
	bool summary_valid;

	/* a run that waits for a secret to be typed */
	struct {
		enum purpose purpose;
		char *host, *what;
		char ask[320];
		bool ready; /* the answer is there: begin */
	} pending;
	char *run_text; /* the document as it was when the run began */
	bool ascii;
};

/* port: lent, with all its members set; one that is not ends the program, by name. */
void wizard_init(struct wizard *w, const struct port *port);
void wizard_release(struct wizard *w);

/* The file to work on; replaces (and frees) the one before, and forgets what was seen. */
void wizard_open(struct wizard *w, struct document *d);
/*
 * Saves the document (refused while it is not right, but for PURPOSE_CHECK) and begins a run; secrets are asked by
 * screens that it pushes, then it begins by itself. False: complained in the app's bar or in a message.
 */
bool wizard_begin(struct wizard *w, enum purpose purpose, const char *host, const char *what);
/* Whether a run is under way. */
bool wizard_running(const struct wizard *w);
/*
 * Cancels what is under way and waits for its threads; a run that changes hosts is left first (ENGINE_LEAVE) only by
 * the Run screen.
 */
void wizard_stop(struct wizard *w);
/* engine_command and engine_answer for it; nothing when there is none. */
void wizard_command(struct wizard *w, enum engine_verb verb, int host);
void wizard_answer(struct wizard *w, uint64_t question, int answer);
/* The app loop's part: the fd that reports events (-1: none), and their delivery. */
int wizard_fd(const struct wizard *w);
void wizard_dispatch(struct wizard *w);
/* Asks again whether the logins still stand; true: something changed. Cheap, for every second or two. */
bool wizard_refresh(struct wizard *w);
/* What the last check saw of a host, by name; NULL: nothing. */
const struct seen_host *wizard_seen(const struct wizard *w, const char *host);
/* Adds the command that does what this page does; for purposes about one host, about that of the run. */
void wizard_equivalent(const struct wizard *w, enum purpose purpose, struct str *out);

/* ---- the screens, one file each ---------------------------------------------------------------------------------- */
struct screen *screen_start(void);      /* choose or begin an inventory */
struct screen *screen_adopt(void);      /* take over a cluster that others made */
struct screen *screen_hosts(void);      /* the machines */
struct screen *screen_cluster(void);    /* what holds for all of them */
struct screen *screen_preflight(void);  /* what stands in the way */
struct screen *screen_plan(void);       /* of the installation */
struct screen *screen_plan_of(enum purpose purpose, const char *host); /* of anything else; host NULL: all */
struct screen *screen_plan_what(enum purpose purpose, const char *what); /* of what a page has chosen */
struct screen *screen_dashboard(void);  /* of a living cluster */
struct screen *screen_certs(void);      /* its certificates */
struct screen *screen_rotations(void);  /* its CAs and keys that can be rotated */
struct screen *screen_rotation(const char *name); /* one of them */
struct screen *screen_requests(void);   /* kubelets that wait for one */
struct screen *screen_support(void);    /* an archive for somebody who helps */
struct screen *screen_security(void);   /* its hosts beside the benchmark */
struct screen *screen_hardware(void);   /* what its machines are made of */
struct screen *screen_mesh(void);       /* what they get through to one another */
struct screen *screen_drill(void);      /* faults on purpose */
struct screen *screen_run(void);        /* over w->view, of w->run */
struct screen *screen_done(void);       /* how the last run ended, and what comes next */
struct screen *screen_replay(struct recording *r); /* takes it */
/* New host keys: the open questions of this kind in one table, to be accepted together. Pushed by Hosts and Run. */
struct screen *screen_hostkeys(void);
/* A form over one host, or over top-level sections. */
struct screen *screen_form(const char *title, const char *const *prefixes, const char *host);

#endif
