/* What the steps of one run share, by who writes it. Made by the command line, read by all hosts' threads. */
#ifndef STEPS_RUN_WORLD_H
#define STEPS_RUN_WORLD_H

#include "steps/run/logins.h"
#include "steps/run/seen.h"
#include "steps/run/wish.h"

#include <stdint.h>

struct error;
struct pki_store;

/* The cluster's keys: opened by the command line, fetched by survey or made by decide. */
struct world_pki {
	struct pki_store *store;
	struct pki_store *earlier; /* the one before this run had it take the next phase of a rotation; or NULL */
	/* the host that the store was fetched from in this run; -1: it was on this machine, or is not known */
	int from;
};

/* By decide, and by the steps after it that do one thing for all hosts. */
struct decided {
	bool busy, done;       /* a host's thread is at it; it is done */
	struct error *refusal; /* why not, when done and refused */
	char version[32];      /* resolved, "1.36.2"; "" until decided */
	int init_host;         /* -1 until decided; the one that runs, or ran, kubeadm init */
	int lead;              /* a control plane whose API server answers; -1 none */
	bool asked_again;      /* repair's second look at the cluster has begun */
	bool expelled;         /* who leaves is out of the cluster, as far as it may be */
	bool snapshot;         /* of etcd, before an upgrade: it is taken */
	char newest[32];       /* of the living cluster's API servers */
	bool servers_differ;   /* … from one another, as an upgrade that was interrupted leaves them */
	bool half_upgraded;    /* … or kubelets from them: an upgrade was interrupted: what installed hosts have stays unchanged */
	/* hosts did not start with changed settings, and the cluster has those of before */
	bool settings_back[SETTINGS_KINDS];
	bool signing_apart;    /* as signing_is_apart found it when the run began; the steps of a rotation change it */
	bool custody_told;     /* which control planes keep the keys of CAs, as they cannot be reached */
	bool kubelets_verified; /* each shows a certificate of the cluster's CA, or none before its API server verifies it */
	bool moved;            /* the cluster goes by another endpoint since this run */
	/* by decide, and by each step that changes them: what API servers are to read Secrets by */
	struct {
		unsigned turn;  /* so many of them have set it; 0: nobody */
		bool known;
		char path[96];  /* of the file; "": none */
		bool stays;     /* they cannot get another one, why[] says as what */
		char why[300];
		bool rewritten; /* every Secret, since all API servers write by the last of them */
	} encryption;
	bool config_new;       /* upgrade: kubeadm-config has the new version, and joins and `upgrade node` go by it */
};

/* The bootstrap token of this run: token.c. */
struct token {
	char text[24];  /* "" until made */
	bool known;     /* the API server has it */
	bool is_signed; /* and cluster-info is signed with it: joins may use it */
	bool busy;      /* somebody is making it */
	int joining;    /* hosts that join with it right now */
	bool in_use;    /* a join was left that may continue by itself on its host */
};

/* What this run knows of its lock on one host: heartbeat.c. */
struct world_lock {
	bool held;       /* taken, and not given back */
	bool lost;       /* for good */
	bool job;        /* a job that this run follows runs on the host: nobody takes over its lock */
	int64_t seen_ms; /* clock_boot_ms at which it was this run's */
	char taker[128]; /* lost: to whom */
};

struct world {
	struct wish wish;
	struct logins logins;

	/* guarded by task_lock */
	struct seen seen;
	struct world_pki pki;
	struct decided decided;
	struct token token;
	struct world_lock *locks; /* per host */
};

#endif
