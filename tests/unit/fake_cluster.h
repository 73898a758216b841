/*
 * Machines that kubeadm can make a cluster of: they understand the scripts of steps/host and keep what was done to
 * them, and answer as the API server and etcd (over TLS, with the certificates of a real store). One remote call of a
 * run can be made to fail.
 */
#ifndef TESTS_UNIT_FAKE_CLUSTER_H
#define TESTS_UNIT_FAKE_CLUSTER_H

#include "engine/engine.h"
#include "pki/pki.h"
#include "steps/steps.h"
#include "tests/unit/fake_remote.h"

#include <pthread.h>

#define LAB_MACHINES 5
/* As a probe says that they are there. */
#define LAB_CA_KEYS "ca.key etcd/ca.key front-proxy-ca.key"

struct ssl_ctx_st;

enum lab_fault {
	/* the call's connection is lost before anything happens, and the machine is not to be reached any more */
	LAB_LOST,
	LAB_LOST_AFTER, /* the same, but what was asked for happened, and a worker is off from then on */
	LAB_ONCE,       /* the connection is lost and can be made again */
	LAB_ERROR,      /* the script ends with an error half way, the API server answers 500 */
};

enum lab_member { LAB_NO_MEMBER, LAB_LEARNER, LAB_VOTER };

struct lab_job {
	char name[16], record[160];
};

struct machine {
	struct fake_host host;
	struct lab *lab;
	int index;
	struct lab_job jobs[8];
	struct lab_file {
		char path[96], sum[65];
		unsigned mode;
	} files[24];
	size_t file_count;
	bool prepared, packages, containerd, keepalived, pki, record, init;
	bool timer; /* of snapshots of etcd */
	bool approver; /* that of kubelets' requests */
	/* its kubelet asks for a serving certificate; its API server verifies kubelets */
	bool asks, verifies;
	struct ssl_ctx_st *kubelet_tls; /* with such a certificate; lent; NULL: nobody answers at its port */
	bool ca_keys;   /* the keys of the CAs are on it, all of them */
	/* whether its controller manager signs with them; 0: when it has them, 1: yes, -1: no */
	int signs;
	bool apart;     /* … with a certificate that has a file of its own */
	bool keys_left, cut; /* copies of the keys are elsewhere; a change of their place was cut */
	bool kubelet;   /* its kubelet was given what it goes by */
	bool silent; /* its kubelet does not reach the API */
	bool stale; /* containerd runs with another configuration than it has */
	char lock[64];       /* the run that holds it */
	const char *have;    /* of kubeadm's files */
	bool node, cordoned; /* registered; and takes no pods */
	bool upgrade_note;   /* as an annotation says because of an upgrade */
	char reboot_note[40]; /* the same of a reboot: "" none */
	unsigned boots, node_boots; /* that it has had; that its Node has heard of */
	unsigned shuts;      /* asked so often again it still stops */
	unsigned away;       /* logins that fail before it is back */
	bool pending;        /* a reboot is */
	char settings[65], components[65]; /* digests of those that it recorded */
	char endpoint[64];   /* that its kubeconfigs go by; "": of the inventory that the lab began with */
	unsigned moves;      /* times that they were changed */
	char vrrp[2048];     /* keepalived's configuration */
	unsigned restarts;   /* of its kubelet, for other settings */
	unsigned changes;    /* of its control plane's */
	unsigned custody;    /* of the place of the CAs' keys */
	char policy[96];     /* the audit policy that its API server was started with; "": none */
	char encryption[96]; /* the same of how Secrets are encrypted */
	char cleaned[700]; /* what its job clean says */
	bool stuck;          /* its API server has not started with what its manifest has */
	bool picky;          /* nothing of it starts with other settings */
	char proxy[65], proxy_server[64]; /* what the template of its kube-proxy noted: settings, server */
	unsigned proxies, crashes; /* Pods of kube-proxy that it had; times that the one there ended */
	char note[128];      /* what its Node was given, as the annotation has it */
	unsigned pods;       /* that a controller made */
	bool bare;           /* a pod that none made */
	enum lab_member member;
	/* of etcd's database; 0: it says nothing of that. quota: that its manifest gives, 0: none */
	int64_t db_size, db_in_use, quota, room_kb;
	const char *alarm, *etcd_version; /* NULL: none; 3.6.0 */
	bool mute;                        /* it says how it is, and serves nobody */
	unsigned defrags;
	struct lab_cert {
		char path[64];
		struct str pem;
	} certs[RENEW_KINDS]; /* what certs.sh shows; fake_renew.c */
	/* of each CA's file, and of sa.pub; and what the API server had of the front proxy's when it started */
	struct str trusts[PKI_ROTATED], running, running_ca;
	struct str sa_key;   /* as it was placed; "": it never was */
	struct str accepts;  /* sa.pub when its API server started */
	unsigned managers;   /* times that its controller manager was restarted by a renewal */
	char restart[96]; /* who has yet to, as it is noted there */
	unsigned expired; /* bits of readers that have not restarted since theirs had expired */
	char fault[16];  /* of a drill, which is under way there; "": none */
	bool measures;   /* somebody writes and reads there meanwhile */
	struct ssl_ctx_st *tls[2]; /* of the API server, of etcd; lent */
};

struct lab {
	pthread_mutex_t lock;
	const struct inventory *inventory;
	struct world *world; /* of the run at work */
	struct machine machines[LAB_MACHINES];
	const char *ca;
	char cni[65]; /* digest of the applied manifest, as kubewright noted it */
	bool applied; /* a pod network is there */
	char token[8]; /* id of the bootstrap token that the API server has, the newest */
	unsigned inits, begun; /* begun: jobs, without waiting for them */
	unsigned surveys, settings; /* times that kubeadm's ConfigMap was asked for; those of kubelets and kube-proxy */
	int settings_status;        /* of the second; 0: 200 */
	bool no_proxy;              /* the cluster has no kube-proxy */
	/* what its Pod template notes; none starts with the mode "nonsense", picky ones not with 0.0.0.0:1 */
	char proxy[65], proxy_server[64];
	bool log_gone;              /* of the container before: the kubelet has removed it */
	char proxy_kubeconfig[256]; /* in its ConfigMap; "": none */
	unsigned sets;              /* times that the DaemonSet was asked for */
	/* by enum settings_id: text of the kind's ConfigMap, and what kubewright noted of it; "": nothing */
	struct lab_settings {
		char text[8192], note[8192];
	} given[SETTINGS_KINDS];
	/* Secrets, and by which provider each lies in etcd; fake_secrets.c */
	struct lab_secret {
		char name[16], by[13];
	} secrets[12];
	size_t secret_count;
	unsigned rewrites;  /* times that one was written again */
	const char *strange_key; /* of the last one, by what etcd says; NULL: its own */
	unsigned conflicts; /* so many of those are refused, as somebody else changes it */
	void (*on_turn)(struct lab *l, int machine); /* its API server has other settings, or has written one again */
	struct str told;    /* CAs that the API servers publish; fake_renew.c */
	/* the same of the cluster's: by API servers, in cluster-info, and by the controller managers for Pods */
	struct str told_ca, info, roots;
	char tokens_note[200]; /* since when the key of service accounts signs, as kubewright noted it */
	char ca_note[200];     /* since when Pods have two CAs, the same */
	const char *hooks;     /* a list of validating webhook configurations; NULL: an empty one */
	const char *token_secrets, *token_pods; /* lists of those that have tokens; NULL: empty ones */
	bool tokens_refused; /* some API server once did not know a key that another one signs with */
	char renewals[512]; /* jobs of renewals, in order: "cp1:etcd cp2:etcd cp1:restart(etcd) …" */
	void (*on_renew)(struct lab *l, int machine, const char *job); /* before it is done; NULL: nothing */
	bool kubelets;           /* they are asked at their ports */
	const char *request;     /* a CertificateSigningRequest that waits; NULL: none */
	bool approved;           /* one was */
	char signed_body[16384]; /* and what its status became */
	int leads;       /* 1 + the machine whose member leads; 0: the first that can */
	char defrags[16]; /* machines whose databases were defragmented, a digit each, in order */
	void (*on_defrag)(struct lab *l, int machine); /* what happens meanwhile; NULL: nothing */
	void (*on_read)(struct lab *l, int machine);   /* the same of a read through a machine's member */
	bool alarm_stays;                              /* an alarm that is cleared is raised again */
	char drills[256]; /* faults on purpose, in order: "w1:worker cp1:vip …" */
	void (*on_drill)(struct lab *l, int machine, const char *fault); /* what happens meanwhile; NULL: nothing */
	bool no_filter;          /* no machine has nft */
	bool never_again;        /* writes do not succeed three times in a row */
	const char *writes_lost; /* so many; NULL: 0 */
	unsigned stops, restores; /* etcd stopped on a machine; started again on one */
	size_t uploaded;          /* bytes sent to commands */
	/* of the run at work */
	unsigned calls, execs, fail_at;
	enum lab_fault fault;
	/* connections that API servers refuse before they are up; not 0: the machines have just started */
	unsigned booting;
	unsigned forbids; /* bits of machines that no tunnel leads through */
	unsigned out_of_sight; /* bits of machines that cannot be logged in to, and work all the same */
	unsigned off; /* bits of machines that are switched off, and whose Nodes are no longer Ready */
	int dead; /* machine that cannot be reached any more; -1 none */
	bool failing; /* the faulty tunnel is in use */
	unsigned down, most_down; /* control planes that restart: at the moment, and at most */
	unsigned refuses; /* evictions that a disruption budget still forbids */
};

/* Machines as their installer left them. store outlives the lab. */
void lab_init(struct lab *l, const struct inventory *inventory, const struct pki_store *store,
	struct ssl_ctx_st *tls[LAB_MACHINES][2]);
/* As its installer left it; the cluster still knows it, and who holds its lock still does. */
void fake_blank(struct machine *m);
/* Before each run. fail_at 0: nothing fails. */
void lab_run(struct lab *l, struct world *w, unsigned fail_at, enum lab_fault fault);
/* engine_config.open, of a world whose lab is the static one below. */
struct remote *lab_open(void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err);
/* The one that lab_open means. */
extern struct lab *lab_current;
/* Ends the test: no real machine would have taken part in this. */
void lab_insist(bool ok, const char *what);

/*
 * fake_cluster_facts.c: what a machine says of itself: that it is as it should be; what the step os changes; a file
 * that was put there.
 */
void lab_say_health(struct str *out);
void lab_say_system(struct machine *m, struct str *out);
void lab_say_file(const struct lab_file *f, struct str *out);
/* The file of that path; NULL: it is not there. */
struct lab_file *lab_file(struct machine *m, const char *path);
/* How many files of security settings a host has; all of them must be its owner's alone. */
unsigned lab_own_files(const struct machine *m);
/*
 * Of its security settings: what the ledger has of them, and what the API server's manifest names. Takes away what is
 * wanted no more.
 */
void lab_say_statics(struct machine *m, struct str *out); /* of that the second half */
void lab_say_security(struct machine *m, bool manifest, struct str *out);
void lab_files_gone(struct machine *m, const struct remote_exec *x);
/* Of the CAs' keys. */
void lab_say_keys(const struct machine *m, struct str *out);
/* As steps/host/settings.sh, or reboot.sh, after which lab_open says when the machine is back. False: neither. */
bool lab_restarts(struct machine *m, const struct remote_exec *x, bool whole, struct str *out);

/* fake_drill.c: as steps/host/drill.sh and drill-measure.sh. False: neither. */
bool lab_drill(struct machine *m, const struct remote_exec *x, bool whole, struct str *out);
/* Whose kubelet shows a certificate of the cluster's CA at an address: it asks for one, and somebody approves it. */
struct machine *lab_kubelet(struct lab *l, const char *address);

/* Its role in the inventory. */
bool lab_is_control_plane(const struct machine *m);
/* fake_cluster_jobs.c: runs a job, or half of it; whether it reached the host. */
bool lab_job(struct machine *m, const struct remote_exec *x, bool whole, struct str *out);

/*
 * fake_renew.c: certificates that were made so long ago and end then, all of a machine's that it has as its role says;
 * what certs.sh shows; a job of renew.sh. Released by lab_certs_gone.
 */
void lab_certs(struct lab *l, struct pki_store *store, int64_t from_s, int64_t to_s);
void lab_certs_gone(struct lab *l);
void lab_say_certs(struct machine *m, struct str *out);
/* As a ConfigMap: the CAs that the API servers publish; each adds its own. */
int lab_told(struct lab *l, const char *method, const char *body, struct str *out);
/* The same of cluster-info; and of kube-root-ca.crt of all namespaces. */
int lab_info(struct lab *l, const char *method, const char *body, struct str *out);
int lab_roots(struct lab *l, struct str *out);
const char *lab_renew(struct machine *m, const struct remote_exec *x, const char *job, bool whole);
/* Whether a certificate of this name there is good; and whether who listens on a port there works by them. */
bool lab_cert_good(const struct machine *m, const char *name);
bool lab_serves(const struct machine *m, int port);

/*
 * fake_secrets.c: every API server writes one and all read all, which they must be able to at any time; what they and
 * etcd answer about them, 0: a path is about something else.
 */
void lab_secrets_used(struct lab *l);
int lab_answer_secrets(struct machine *m, const char *method, const char *path, struct str *out);
int lab_secrets_range(struct lab *l, const char *body, struct str *out);

/*
 * fake_api.c: whether an API server and etcd run there; who answers at an address, seen from m (itself, another
 * machine, for the virtual IP any; NULL: nobody listens); whether the machine there is off.
 */
bool lab_has_api(const struct machine *m);
struct machine *lab_find(struct machine *m, const char *address);
bool lab_is_off(const struct lab *l, const char *address);
/* What the API server and etcd of a machine say; with the lab's lock held. */
int lab_answer(struct machine *m, const char *method, const char *path, const char *body, struct str *out);
/* fake_etcd.c: the same of etcd; and the machine whose voter leads, -1: too few of them run. */
int lab_answer_etcd(struct machine *m, const char *path, const char *body, struct str *out);
int lab_leader(const struct lab *l);

#endif
