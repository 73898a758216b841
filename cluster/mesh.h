/*
 * Hosts beside one another on their network: which ports each needs of which other, who asks whom, what came of it.
 * Pure. steps/host/mesh.sh listens and asks.
 */
#ifndef CLUSTER_MESH_H
#define CLUSTER_MESH_H

#include "cluster/findings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct inventory;
struct remote_answer;
struct str;

/* ---- mesh_needs.c: what is needed ------------------------------------------------------------------------------ */

/* How a pod network carries packets between hosts. */
enum mesh_network {
	MESH_NETWORK_UNKNOWN, /* none is given, or one that is not recognised */
	MESH_FLANNEL_VXLAN,
	MESH_FLANNEL_WIREGUARD,
	MESH_FLANNEL_ROUTES,
	MESH_CALICO_VXLAN,
	MESH_CALICO_BGP,
	MESH_CILIUM_VXLAN,
	MESH_CILIUM_GENEVE,
	MESH_CILIUM_ROUTES,
	MESH_NETWORKS,
};
/* Of a manifest; NULL: there is none. */
enum mesh_network mesh_network(const char *manifest);
/* For people: "flannel with VXLAN". */
const char *mesh_network_words(enum mesh_network n);
/* Bytes that it adds to each packet of a pod. */
int mesh_network_overhead(enum mesh_network n);

enum { MESH_CONTROL_PLANE = 1, MESH_ANY = 3 };
struct mesh_need {
	unsigned from, to;    /* MESH_CONTROL_PLANE or MESH_ANY */
	bool udp;
	int port;
	unsigned networks;    /* bits 1 << enum mesh_network; 0: whatever the pod network is */
	const char *what;     /* "the kubelet" */
};
extern const struct mesh_need mesh_needs[];
extern const size_t mesh_need_count;
/* Whether a port is needed only if the pod network, which is not known, turns out to be one that uses it. */
bool mesh_need_guessed(const struct mesh_need *need, enum mesh_network network);
/* What round trip, clock and path are measured with where nothing else answers; no program needs it. */
#define MESH_MEASURE_PORT 10250

/* ---- mesh_plan.c: who asks whom -------------------------------------------------------------------------------- */

/* Up to so many hosts each asks all others. */
#define MESH_WHOLE 16
/* Beyond that each host asks all control planes, of which there are no more than … */
#define MESH_CENTERS 9
/* … both neighbours in a ring, and so many others by chance. */
#define MESH_RANDOM 3
struct mesh_plan {
	const struct inventory *inv;
	enum mesh_network network;
	size_t count;  /* hosts of inv */
	bool whole;    /* all pairs are asked */
	size_t asked;  /* pairs */
	bool *pairs;   /* [from * count + to]; who asks is asked */
};
/* chosen: per host, whether it takes part; NULL: all. The same run makes the same plan. */
void mesh_plan_make(struct mesh_plan *p, const struct inventory *inv, const bool *chosen, enum mesh_network network,
	const char *run);
void mesh_plan_release(struct mesh_plan *p);
bool mesh_plan_pair(const struct mesh_plan *p, size_t from, size_t to);
/* Whether `from` needs that of `to`, and is to ask for it. */
bool mesh_plan_needs(const struct mesh_plan *p, const struct mesh_need *need, size_t from, size_t to);
/* The parameter `plan` of steps/host/mesh.sh for one host; token, mark: random words of this run. */
void mesh_plan_text(const struct mesh_plan *p, size_t host, const char *token, const char *mark, struct str *out);

/* ---- mesh_answer.c: what a host says --------------------------------------------------------------------------- */

enum mesh_listens { MESH_LISTENS_UNKNOWN, MESH_LISTENS_OWN, MESH_LISTENS_BUSY, MESH_LISTENS_HELD, MESH_LISTENS_NONE };
enum mesh_reply {
	MESH_REPLY_OWN,         /* TCP: the listener of this run */
	MESH_REPLY_OPEN,        /* UDP: an echo; TCP: anything else that listens */
	MESH_REPLY_REFUSED,
	MESH_REPLY_SILENT,
	MESH_REPLY_UNREACHABLE,
	MESH_REPLY_FORBIDDEN,   /* the host that asks does not let it out */
};
struct mesh_listen {
	bool udp;
	int port;
	enum mesh_listens is;
};
struct mesh_result {
	int peer, port;
	bool udp;
	enum mesh_reply reply;
};
struct mesh_arrival {
	int peer, port; /* of a datagram */
};
/* Whether a control plane finds another one by ARP, as all that look for the virtual IP must. */
enum mesh_segment { MESH_SEGMENT_UNKNOWN, MESH_SEGMENT_SAME, MESH_SEGMENT_APART };
struct mesh_link {
	unsigned echoes;             /* 0: nothing was measured */
	int64_t rtt_min_ns, rtt_ns;  /* the median */
	int64_t offset_ns;           /* their clock minus this host's, ± half of rtt_min_ns */
	int mtu;                     /* of packets that arrive whole; 0: not known */
	enum mesh_segment segment;   /* of control planes, where there is a virtual IP */
};
/* Why a host that answers has neither listened nor asked; or it has ended before it could say what came of it. */
enum mesh_untried { MESH_TRIED, MESH_NO_PERL, MESH_NO_CLOCK, MESH_NO_ADDRESS, MESH_CUT };
/* One host's answer. */
struct mesh_host {
	bool answered;
	enum mesh_untried untried;
	char iface[32], firewall[16];
	int mtu;             /* of iface; 0: not known */
	struct mesh_listen *listens;
	struct mesh_result *results;
	struct mesh_arrival *arrivals;
	size_t listen_count, result_count, arrival_count;
	struct mesh_link *links; /* per host of the plan */
	bool fsync_asked;
	unsigned fsync_count;    /* 0: not known */
	int64_t fsync_p50_us, fsync_p99_us, fsync_max_us;
	int64_t asked_ms, listened_ms;
	int64_t end_ms;      /* when its answer came, by the clock of this machine; set by the caller */
};
/*
 * Takes what host `host` says into h, which is empty. -1 (ERROR_PROTOCOL): it says what no host with this plan would;
 * h is empty then.
 */
int mesh_host_take(struct mesh_host *h, const struct mesh_plan *p, size_t host, const struct remote_answer *a,
	struct error *err);
void mesh_host_release(struct mesh_host *h);

/* ---- mesh_judge.c: what comes of it ---------------------------------------------------------------------------- */

/* The worse, the later. */
enum mesh_state { MESH_OK, MESH_NOT_TESTED, MESH_WARNED, MESH_UNKNOWN, MESH_FAILED, MESH_STATES };
enum mesh_reason {
	MESH_ANSWERED,
	MESH_SERVED,      /* by the program that has the port */
	MESH_IN_USE,      /* a program has it that does not speak with us */
	MESH_HELD,        /* Kubernetes is there, and nothing listens right now */
	MESH_NOT_ASKED,   /* the host that should ask did not */
	MESH_NOT_THERE,   /* the other one was not looked at */
	MESH_APART,       /* it did not listen while this one asked */
	MESH_ANSWER_LOST, /* it arrived; the answer did not */
	MESH_OTHER,       /* something else answers than the host that listens there */
	MESH_REFUSED,
	MESH_SILENT,
	MESH_UNREACHABLE,
	MESH_FORBIDDEN,
	MESH_REASONS,
};
struct mesh_view {
	const struct mesh_plan *plan;
	const struct mesh_host *hosts; /* per host of the plan */
};
struct mesh_verdict {
	enum mesh_state state;
	enum mesh_reason reason;
};
/* What comes of one need, of a pair that has it. */
struct mesh_verdict mesh_judge(const struct mesh_view *v, const struct mesh_need *need, size_t from, size_t to);
/* Whether the path MTU from one host to another is known. */
bool mesh_path_known(const struct mesh_view *v, size_t from, size_t to);
/* Whether larger packets than these are sent on the way from one host to another, and get lost. */
bool mesh_path_narrow(const struct mesh_view *v, size_t from, size_t to);
/* The worst of a pair that is asked, the path among it. */
enum mesh_state mesh_pair(const struct mesh_view *v, size_t from, size_t to);
/* What is measured from a host to another; NULL: nothing. */
const struct mesh_link *mesh_link(const struct mesh_view *v, size_t from, size_t to);
/* How far a host's clock is ahead of the others', in ns, ± *error; false: nobody compared it. */
bool mesh_clock(const struct mesh_view *v, size_t host, int64_t *ahead, int64_t *error);
/* Stable, for programs: "failed", "silent". */
const char *mesh_state_name(enum mesh_state s);
const char *mesh_reason_name(enum mesh_reason r);
/* For people: two characters at most, and what they mean. */
const char *mesh_state_mark(enum mesh_state s);
const char *mesh_state_words(enum mesh_state s);
/* What became of a need: "does not answer". */
const char *mesh_reason_words(enum mesh_reason r);

/* ---- findings_mesh.c ------------------------------------------------------------------------------------------- */

#define MESH_FINDINGS(X) \
	X(port_blocked, "mesh-port-blocked", ERROR, \
		"a port that Kubernetes or the pod network needs does not answer another host") \
	X(answer_lost, "mesh-answer-lost", WARNING, \
		"datagrams arrive at another host, and its answers do not come back") \
	X(other_answers, "mesh-other-answers", ERROR, \
		"something else answers at the address of a host") \
	X(path_mtu, "mesh-path-mtu", ERROR, \
		"the path to another host carries smaller packets than the interface sends") \
	X(segment, "mesh-segment", ERROR, \
		"control planes are on different segments, between which the virtual IP cannot move") \
	X(clock, "mesh-clock", ERROR, \
		"the clock differs from those of the other hosts") \
	X(round_trip, "mesh-round-trip", WARNING, \
		"packets between control planes take too long for etcd") \
	X(fsync, "mesh-fsync", ERROR, \
		"the disk of etcd's data is slow to write durably") \
	X(unknown, "mesh-unknown", WARNING, \
		"what another host lets in could not be tested")
extern const struct finding_kind mesh_finding_kinds[];
extern const size_t mesh_finding_kind_count;
/* Adds what is not well, by the host whose matter it is. */
void findings_mesh(const struct mesh_view *v, struct findings *out);

#endif
