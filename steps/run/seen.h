/* What a run has seen of its hosts and of the cluster. */
#ifndef STEPS_RUN_SEEN_H
#define STEPS_RUN_SEEN_H

#include "base/error.h"
#include "cluster/adopt.h"
#include "cluster/benchmark.h"
#include "cluster/certs.h"
#include "cluster/cluster.h"
#include "cluster/drill.h"
#include "cluster/identities.h"
#include "cluster/mesh.h"
#include "cluster/quorum.h"
#include "cluster/renew.h"
#include "cluster/requests.h"
#include "cluster/rotate.h"
#include "cluster/space.h"
#include "cluster/tokens.h"
#include "cluster/trusting.h"
#include "cluster/upgrade.h"
#include "remote/remote.h"

#include <stdbool.h>

/* What came of asking one control plane's etcd, besides an answer. */
struct world_look {
	bool none;            /* asked on its host: nobody listens */
	bool refused, silent; /* asked from another host: nobody listens; no packet comes back */
	char why[256], hint[256]; /* why it could not be asked on its host */
};

/* What becomes of a control plane's etcd member in PLAN_DEFRAG. NONE: it has none, or the host was not looked at. */
enum defrag_state { DEFRAG_NONE, DEFRAG_DUE, DEFRAG_LITTLE, DEFRAG_DONE };
struct world_defrag {
	enum defrag_state state;
	int64_t before, after; /* bytes of its database */
};

/* PLAN_DRILL: whose turn it is. Each phase is one host's, the first one every control plane's. */
enum drill_phase {
	DRILL_ASK,     /* control planes say whether they hold the virtual IP */
	DRILL_AWAIT,   /* one of them waits until the cluster is well, and says whom the fault hits */
	DRILL_MEASURE, /* another one begins to write and to read */
	DRILL_BEGIN,   /* the one that it hits makes it */
	DRILL_HOLD,    /* who measures waits until writes and reads succeed again */
	DRILL_END,     /* the one that it hits ends it */
	DRILL_SETTLE,  /* who measures waits until the cluster is well again */
	DRILL_PHASES,
};
/* By judge-drill and the steps after it. */
struct world_drill {
	struct drill_case cases[DRILL_FAULTS];
	int at; /* the fault whose turn it is; DRILL_FAULTS: there is no other one */
	enum drill_phase phase;
	bool *asked;     /* per host: it has said so */
	bool *under_way; /* per host: something was begun there that is to be ended */
	int holds;       /* who has the virtual IP; -1: nobody has said so */
	bool filter;     /* each of them can be cut off from the network */
	bool stopped;    /* nothing more is begun */
};

/* A host's logs, by support: an answer "piece.NAME" for each of support_pieces that it has. */
struct world_support {
	bool looked;
	struct error error; /* why not */
	struct remote_answer answer;
};

/* PLAN_RENEW, PLAN_ROTATE: what becomes of a host's certificates, by judge-certs; what is done has the verdict RENEW_NEW. */
enum { RENEW_SERVED_API, RENEW_SERVED_ETCD, RENEW_SERVED_PEER, RENEW_SERVED };
struct world_renew {
	struct renew_host plan;
	unsigned done;      /* certificates that this run has made */
	unsigned restarted; /* readers that it has restarted */
	/* serial numbers of new ones that are yet to be seen on their ports; "": none */
	char served[RENEW_SERVED][65];
	bool kubelet;       /* its kubelet has another certificate, and its Node is yet to be seen */
};

/* Settings of a living cluster: settings.h. */
enum settings_id { SETTINGS_KUBELET, SETTINGS_CONTROL_PLANE, SETTINGS_KUBEPROXY, SETTINGS_KINDS };

/* The host's own thread writes what is per host, survey and verify the rest; under the lock of the task. */
struct seen {
	struct cluster_host *hosts;   /* per host */
	struct identities identities; /* of hosts, as they were probed */
	struct findings *findings;    /* per host */
	struct certs_host *certs;     /* per host, by certs */
	struct benchmark_host *benchmark; /* per host, by benchmark */
	struct mesh_host *mesh;       /* per host, by mesh */
	char mesh_token[33], mesh_mark[17]; /* of this run; "" until one is ready */
	struct json **hardware;       /* per host, by hardware; NULL: it was not looked at */
	struct world_support *support; /* per host, by support */
	struct adopt_host *adopt;     /* per host, by adopt */
	struct json *sets;            /* by adopt: the DaemonSets of the cluster; NULL: not known */
	struct cluster_state cluster;
	struct world_look *looks; /* per host: what came of asking its etcd, no matter who did */
	/* per control plane, else NULL: what its etcd says, by ask-etcd; of itself alone when health was asked about */
	struct quorum_view **etcd;
	struct space_host *space;    /* per host, by space: the room that etcd's data has there */
	struct space_alarms alarms;  /* of etcd, by space and by what clears them */
	struct space_alarms cleared; /* by disarm */
	struct world_defrag *defrag; /* per host, by judge-etcd and the steps after it */
	struct world_renew *renew;   /* per host, by judge-certs and the steps after it */
	struct requests requests;    /* PLAN_SIGN: by requests, and sign */
	enum rotate_told told;       /* PLAN_ROTATE, by ask-trust and tell-trust */
	struct trusting trusting;    /* the same, while the earlier CA of the cluster is trusted */
	struct tokens tokens;        /* the same, while the earlier key of service accounts is trusted */
	struct world_drill drill;    /* PLAN_DRILL */
	int leads;                   /* PLAN_DEFRAG: the host whose member led when it was last looked at; -1: none */
	char kubeadm_version[48], kubeadm_digest[72]; /* on the lead */

	struct upgrade_seen upgrade; /* by obstacles: what the API servers say of that */

	/* by verify; of hosts that were lost in the run none is healthy */
	struct quorum quorum;
	unsigned nodes[2];   /* control planes and workers that are as they should be */
	unsigned no_network; /* of them those that wait for a pod network */
	/* the host that an upgrade, a reboot, a defragmentation or a renewal stopped at; -1: none */
	int stopped;
	int settings_stopped[SETTINGS_KINDS]; /* … that a change of settings stopped at */
	bool *begun;    /* per host: its pods are being evicted for either, or have been, in this run */
	bool *gone; /* per host: it leaves for good, and neither a Node nor an etcd member of it is there */
};

#endif
