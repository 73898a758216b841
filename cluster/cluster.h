/*
 * The observed state: what the hosts, the API and etcd said, parsed once. Everything that decides (checks of steps,
 * preflight, plan, status) is a pure function over this and the inventory.
 */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include "cluster/pods.h"
#include "cluster/quorum.h"
#include "remote/remote.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct identities;
struct inventory;
struct inventory_host;
struct json;
struct str;

/*
 * One host's answer to the probe script (steps/host/probe.sh documents every word). Facts stay text; the getters below
 * read them. A script that changed something asks the host again (steps/host/questions.sh) and answers in the same
 * words; what has no question is set (cluster_set). So later checks see the new world.
 */
/* What came of a question; where nobody could ask, nothing may be built on it. */
enum cluster_answer { CLUSTER_UNSEEN, CLUSTER_YES, CLUSTER_NO };
struct cluster_host {
	bool probed;
	/* a Node of a cluster that was taken over: others made it, and the store here has the keys of its CA */
	bool adopted;
	struct remote_answer facts;
	int64_t clock_offset_ms; /* host minus us, corrected by half the round trip */
	int64_t clock_error_ms;  /* ± half the round trip */
	/* of control planes, when health was asked about: whether its own API server says that it is */
	enum cluster_answer api_ready;
	/* why its API server or etcd could not be asked, and what to do; "": they could, or nobody tried */
	char unseen[256], unseen_hint[256];
};
/* The value of a word, or "" when the probe did not say it; lent until it is set again. */
const char *cluster_fact(const struct cluster_host *h, const char *word);
bool cluster_fact_is(const struct cluster_host *h, const char *word, const char *value);
/* def: it was not said, or is not just a decimal number. */
int64_t cluster_fact_int(const struct cluster_host *h, const char *word, int64_t def);
/* Whether the first word of a fact is value. */
bool cluster_fact_first(const struct cluster_host *h, const char *word, const char *value);
/* Whether value is one of the words of a fact, which blanks part. */
bool cluster_fact_has(const struct cluster_host *h, const char *word, const char *value);
/* Whether kubeadm's init or join came to its end here: by our record of it, or because it is adopted. */
bool cluster_kubeadm_done(const struct cluster_host *h);
/* The package that containerd is installed from; the system's own, when it is not installed. */
const char *cluster_runtime_package(const struct cluster_host *h);
/* Its version; "" when it is not installed. */
const char *cluster_runtime_version(const struct cluster_host *h);
/* Whether something keeps this host's clock: by the clock's own state, or by what runs. */
bool cluster_clock_kept(const struct cluster_host *h);
/* Whether the probe may answer this word. */
bool cluster_is_fact(const char *word);
/* Formats the word: cluster_factf(h, "unit.%s", "kubelet"). */
const char *cluster_factf(const struct cluster_host *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Calls fn for each line of a fact that has many (addresses, routes, leftovers). */
void cluster_fact_lines(const struct cluster_host *h, const char *word, void (*fn)(const char *line, void *ctx),
	void *ctx);
/* What this process knows better than the last probe: puts value, copied, in the place of the word's first. */
void cluster_set(struct cluster_host *h, const char *word, const char *value);
void cluster_host_release(struct cluster_host *h);

/* The NULL-terminated list of words the probe may answer, for remote_script. */
extern const char *const cluster_probe_words[];

/* ---- the living cluster, as its API and etcd report it ----------------------------------------------------------- */
/* The way from the API server to a kubelet, which logs, exec and metrics go. */
enum cluster_way { WAY_UNKNOWN, WAY_OPEN, WAY_BROKEN };
struct cluster_node {
	char name[64];
	char address[48]; /* InternalIP */
	char version[32]; /* kubeletVersion */
	bool ready, unschedulable, control_plane;
	bool no_network; /* not Ready only because there is no pod network, as its kubelet says */
	unsigned pods, pods_ready; /* of kube-system, here; see cluster_state.pods */
	enum cluster_way way;
	char way_said[160]; /* when it is broken */
	const struct json *labels; /* lent by nodes_json */
	const struct json *json;
};
struct cluster_state {
	bool exists;           /* some API server answered with our CA */
	int lead;              /* host that asked; -1 none */
	char version[32];      /* API server's gitVersion without v */
	struct json *nodes_json; /* the pages that they came in */
	struct cluster_node *nodes;
	size_t node_count;
	struct quorum_view etcd; /* its members; what they say of themselves when health was asked about */
	struct cluster_pods pods;    /* of kube-system, when health was asked about */
	unsigned requests; /* of kubelets, that wait for their certificate; the same */
	struct json *kubeadm_config; /* ConfigMap kube-system/kubeadm-config; NULL none */
	struct json *own_config;     /* ConfigMap kube-system/kubewright: what we applied; NULL none */
	/*
	 * what kubelets and kube-proxy are given, when the inventory or a note of kubewright's says something of it;
	 * NULL: not read
	 */
	struct json *kubelet_config, *kubeproxy_config;
	struct json *kubeproxy_set; /* kube-proxy's DaemonSet, the same */
	bool no_kubeproxy;          /* there is none */
};
/*
 * Puts the Nodes of a NodeList in the place of those that c has; node_list is taken over in any case. ERROR_PROTOCOL:
 * it is not a list of named Nodes; c is unchanged then.
 */
int cluster_state_nodes(struct cluster_state *c, struct json *node_list, struct error *err);
/* The same for a further page of the list: adds to those that c has, which may move. */
int cluster_state_add_nodes(struct cluster_state *c, struct json *node_list, struct error *err);
/* Frees the Nodes and the documents that they came in; the rest of c stays. */
void cluster_state_forget_nodes(struct cluster_state *c);
/* A condition of a Node by its type; NULL: it has none. */
const struct json *cluster_node_condition(const struct cluster_node *n, const char *type);
/* Whether such a condition is True. */
bool cluster_node_is(const struct cluster_node *n, const char *condition);
/* By metadata.name; NULL: there is none. Lent until nodes are added or forgotten. */
const struct cluster_node *cluster_find_node(const struct cluster_state *c, const char *name);
void cluster_state_release(struct cluster_state *c);

/* ---- findings: preflight ----------------------------------------------------------------------------------------- */
enum finding_level { FINDING_ERROR, FINDING_WARNING };
struct finding {
	char name[48];     /* stable: "swap-on", "duplicate-machine-id"; what preflight.ignore names */
	enum finding_level level;
	bool ignored;      /* named in preflight.ignore */
	int host;          /* index into the inventory; upgrade: -1 the cluster as a whole */
	char what[320];    /* what was seen */
	char why[256];     /* why it matters */
	char remedy[320];  /* what to do; "kubewright does this in apply" when it does */
	char act[128];     /* health: what repair does, in mend.sh's words, or an etcd member's id; "": nothing */
};
struct findings {
	struct finding *list;
	size_t count;
};
void findings_release(struct findings *f);
/*
 * Findings of host index `host`: its own facts against the inventory, and against the other hosts probed so far.
 * identities: those of the hosts (duplicates of machine-id, product_uuid, MAC address, host name); NULL: not looked
 * for. fresh: nothing of Kubernetes is installed by us there yet (stricter: leftovers, ports). Pure. hosts has
 * inventory->host_count entries.
 */
void findings_preflight(const struct inventory *inv, const struct cluster_host *hosts,
	const struct identities *identities, int host, bool fresh, struct findings *out);
/* The table of all findings with their names and one-line descriptions, for docs and `check --list`. */
struct finding_kind {
	const char *name, *summary;
	enum finding_level level;
	const char *kubeadm; /* the name kubeadm uses for the same check in ignorePreflightErrors; NULL: none */
};
extern const struct finding_kind finding_kinds[];
extern const size_t finding_kind_count;
/* NULL: none of that name. */
const struct finding_kind *finding_kind_find(const char *name);

#endif
