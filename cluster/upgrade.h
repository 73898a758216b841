/*
 * What is in the way of an upgrade: what an API server says of it (struct upgrade_seen), and the findings over that,
 * the hosts, the Nodes and etcd. The same struct finding as preflight's: what, why, remedy. Pure.
 */
#ifndef CLUSTER_UPGRADE_H
#define CLUSTER_UPGRADE_H

#include "cluster/health.h"

struct error;
struct json;
struct release;

/* ---- what an API server says ------------------------------------------------------------------------------------- */

enum upgrade_thing {
	UPGRADE_API_USE,      /* an API that somebody uses and that will be removed; more: the release that does */
	UPGRADE_STORED,       /* a CustomResourceDefinition; more: a version that is stored and not served */
	UPGRADE_WEBHOOK,      /* one with failurePolicy Fail; more: "NAMESPACE/NAME" of its Service */
	UPGRADE_API_SERVICE,  /* an APIService that is not available; more: why */
	UPGRADE_BUDGET,       /* a disruption budget that allows nothing, and one of its pods; more: that pod */
	UPGRADE_POD_LOST,     /* a pod without a controller */
	UPGRADE_POD_EMPTYDIR, /* one that keeps data in its Node */
	UPGRADE_API_POD,      /* an API server's Pod; more: the repository of its image */
	UPGRADE_PLUGIN,       /* a plugin of CoreDNS */
	UPGRADE_ALARM,        /* an alarm of etcd; more: the member's id */
	UPGRADE_UNKNOWN,      /* what was asked and not answered, and why */
	UPGRADE_THINGS,
};
enum {
	UPGRADE_KEPT = 64, /* of each; the others are counted */
};
struct upgrade_item {
	enum upgrade_thing thing;
	char name[200], more[160];
	char node[64];              /* of pods */
	int host;                   /* whose API server said it; -1: it is of the cluster */
	bool serious;               /* webhooks: of what an upgrade itself makes; API_POD: it does not run */
	enum cluster_answer served; /* of a webhook's Service: whether it has an endpoint */
};
struct upgrade_seen {
	bool asked; /* an API server was asked for the cluster's objects */
	struct upgrade_item *list;
	size_t count;
	unsigned seen[UPGRADE_THINGS]; /* also those that are not kept */
	char proxy[32];                /* kube-proxy's version, by its image; "": there is none, or it is not known */
	struct json *kubelet_config;   /* KubeletConfiguration that kubeadm gives to kubelets; NULL: not known */
	struct json *budgets;          /* of those that allow nothing, for upgrade_see_pods */
};
/* Adds one; the same thing of the same name, on the same Node, counts once, as far as it is kept. */
void upgrade_see(struct upgrade_seen *s, const struct upgrade_item *item);
/* Adds an UPGRADE_UNKNOWN. */
void upgrade_unknown(struct upgrade_seen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Takes over what from has, which is empty afterwards. */
void upgrade_seen_join(struct upgrade_seen *s, struct upgrade_seen *from);
void upgrade_seen_release(struct upgrade_seen *s);

/*
 * Each takes from a document (a list, one page of it, or one object) what matters; a document of another shape adds
 * nothing.
 */
/* /metrics of the API server of host. -1: err; it is cut off, or a line of the metric cannot be read. */
int upgrade_see_metrics(struct upgrade_seen *s, int host, const char *text, size_t len, struct error *err);
void upgrade_see_crds(struct upgrade_seen *s, const struct json *list);
/* Validating or mutating configurations. */
void upgrade_see_webhooks(struct upgrade_seen *s, const struct json *list);
/* endpoints: of this Service; NULL: it has none. */
void upgrade_see_endpoints(struct upgrade_seen *s, const char *service, const struct json *endpoints);
void upgrade_see_api_services(struct upgrade_seen *s, const struct json *list);
/* Before the pods. */
void upgrade_see_budgets(struct upgrade_seen *s, const struct json *list);
/* A pod. stays: whether a drain leaves it where it is; lost: whether nothing would make it again. */
void upgrade_see_pod(struct upgrade_seen *s, const struct json *pod, bool stays, bool lost);
/* The static Pods of API servers, by their label. */
void upgrade_see_api_pods(struct upgrade_seen *s, const struct json *list);
/* The DaemonSet kube-proxy. */
void upgrade_see_proxy(struct upgrade_seen *s, const struct json *daemonset);
/* CoreDNS' Corefile: its plugins that kubeadm's migration does not know. */
void upgrade_see_corefile(struct upgrade_seen *s, const char *text);
/* Whether a LabelSelector selects these labels; one that says nothing selects all. */
bool upgrade_selects(const struct json *selector, const struct json *labels);

/* ---- the findings ------------------------------------------------------------------------------------------------ */

struct upgrade_view {
	struct health_view health;
	const struct upgrade_seen *seen;
	const struct json *config;     /* ClusterConfiguration of the living cluster; NULL: not known */
	const struct release *release; /* of `to`; NULL: of no supported version */
	const char *to;                /* "1.36.2"; "": not decided */
	char oldest[32], newest[32];   /* of API servers and kubelets; of API servers and kubeadm's record */
	const bool *due;               /* per host: the upgrade has something to do there */
	/* an upgrade has begun: what an interruption leaves is only warned of, so that it can be continued */
	bool begun;
	bool force; /* pods that cannot be evicted are not waited for, and those without a controller deleted */
};
/*
 * All of them: first those of the cluster as a whole, whose host is -1. None when there is nothing to do, or no cluster
 * was seen.
 */
void findings_upgrade(const struct upgrade_view *v, struct findings *out);
/* The table of all their names, as finding_kinds. */
extern const struct finding_kind upgrade_kinds[];
extern const size_t upgrade_kind_count;
/* NULL: none of that name. */
const struct finding_kind *upgrade_kind_find(const char *name);

#endif
