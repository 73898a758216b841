/* What is wanted of a run: by inventory, options and answers given beforehand. Nothing changes it during the run. */
#ifndef STEPS_RUN_WISH_H
#define STEPS_RUN_WISH_H

#include "base/json.h"
#include "cluster/snapshots.h"
#include "net/net.h"

#include <stdbool.h>
#include <stdint.h>

struct inventory;
struct release;
struct renew_wish;
struct secret;
struct want_part;

/* How long a lock that nobody touches stays its run's. */
#ifndef LOCK_TTL_S
#define LOCK_TTL_S 900
#endif

/* Which machine it is, whatever answers at its address. Empty strings: not looked at. */
struct host_identity {
	char machine_id[48], product_uuid[48];
};

/* What `kubewright etcd` wants of a run. */
struct world_etcd {
	/* PLAN_SNAPSHOT: the file to write. PLAN_RESTORE: the file to restore, or NULL: from the host's own data */
	char *snapshot;
	int host;         /* PLAN_RESTORE: where etcd starts again */
	struct snapshot_file file; /* PLAN_FETCH: which one of the host `from`; its path here goes into snapshot */
	/* filled by the run */
	bool unstopped; /* PLAN_RESTORE: some other etcd that answers could not be stopped */
	int from; /* PLAN_SNAPSHOT, PLAN_FETCH: whose data it is; -1 none */
	struct net_snapshot info;
};

struct wish {
	const struct inventory *inventory;
	const struct release *release;
	const struct want_part *const *parts; /* what hosts should be: want.h; ends with NULL */

	/* who we are, and this machine's files */
	const char *run;             /* id */
	const char *owner;           /* "user@machine pid N" */
	const char *machine;         /* this machine's id */
	const char *dead_runs;       /* run ids of this machine whose process is dead, space-separated */
	const char *store_dir;       /* of the PKI */
	const struct secret *passphrase; /* of the store; may be none */
	const char *kubeconfig;      /* where the operator's kubeconfig goes */
	const char *given;           /* the record that it is noted in (pki/given.h); NULL: none */
	const char *snapshots_dir;   /* the folder of etcd's snapshots on this machine */
	const char *cni_manifest;    /* text; NULL: none */
	const char *audit_policy;    /* text of the file that the inventory names; NULL: none, or it was not read */

	/* how far it goes */
	bool take_lock; /* false: only looks (check, plan, status) */
	/* a lock that nobody has touched for so long is of a run that has died: LOCK_TTL_S, shorter in tests */
	int64_t lock_ttl_ms;
	int64_t verify_ms; /* how long verify waits for what this run may have changed; a fifth of it for the rest */
	bool texts;  /* the probe brings the managed files: plan shows what changes in them */
	bool health; /* the probe and the survey say what findings_health wants */

	/* answered beforehand */
	bool override_quorum; /* continue where etcd's quorum or a doubt about it forbids */
	bool without_missing; /* continue without a control plane that cannot be reached */
	bool force;           /* what cannot be evicted ends with its host */
	int drain_timeout_s;  /* how long no pod need go until that is a failure; 0: 300 */

	/* what a single plan is about */
	bool upgrade;       /* PLAN_UPGRADE: the living cluster is brought to the version of the inventory */
	const bool *reboot; /* PLAN_REBOOT: per host, whether it is to restart; NULL: none */
	bool pending;       /* … only where a reboot is pending */
	/* how long a host may take to come back, and the pause before each try */
	int64_t reboot_ms, reboot_try_ms;
	const bool *rejoin; /* PLAN_REJOIN: per host, whether it is to join again; NULL: none */
	const bool *leave;  /* per host, whether it is to leave the cluster for good; NULL: none */
	const struct renew_wish *renew; /* PLAN_RENEW, PLAN_ROTATE: which certificates, or which CA */
	const bool *renew_hosts; /* … per host, whether it is about this one; NULL: about all */
	/* PLAN_SIGN: uids, with a blank after each, of the requests that the operator has agreed to; NULL: only a look */
	const char *sign;
	struct world_etcd *etcd; /* PLAN_SNAPSHOT, PLAN_RESTORE: what is wanted, and what came of it */
	const bool *mesh; /* PLAN_MESH: per host, whether it is asked and asks; NULL: all do */
	unsigned drill; /* PLAN_DRILL: bits 1 << enum drill_fault; 0: all that can be made */
	const char *remedy; /* PLAN_REMEDY: the finding's name */
	/* PLAN_RESET: per host, what the operator has agreed to; NULL: nobody was asked */
	const struct host_identity *shown;
};

#endif
