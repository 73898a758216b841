/*
 * What the API shows of kube-system: its Pods that are not Ready and why, its DNS, and what of it could not be looked
 * at. Filled from documents; pure.
 */
#ifndef CLUSTER_PODS_H
#define CLUSTER_PODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cluster_state;
struct error;
struct json;

enum {
	CLUSTER_PODS = 64, /* that are kept; the others are counted */
	CLUSTER_POD_SETTLES_S = 60, /* a Pod that is not Ready for less may just be starting */
};
struct cluster_pod {
	char name[128], node[64]; /* node "": nowhere yet */
	char reason[256];  /* as its kubelet or the scheduler says */
	char event[256];   /* the newest warning about it; "" */
	char event_at[32]; /* RFC 3339 */
	int64_t since_s;   /* not Ready since, seconds since 1970 */
	int64_t made_s;
	bool mirror; /* of a static Pod */
	bool dns, proxy;
};
enum cluster_dns { DNS_UNKNOWN, DNS_NONE, DNS_SILENT, DNS_SERVES };
struct cluster_pods {
	bool asked;
	struct cluster_pod *list;
	size_t count, more;
	enum cluster_dns dns; /* DNS_SILENT: its Service is there, and no Pod behind it is Ready */
	char unknown[256];    /* what was asked and not answered, and why; "": nothing */
};

/*
 * Adds a page of a PodList of kube-system; counts Pods at their Nodes, which come first. Finished Pods and those that
 * go are left out.
 */
int cluster_pods_add(struct cluster_state *c, const struct json *pod_list, struct error *err);
/* Takes the newest warning of each Pod from an EventList. */
void cluster_pods_events(struct cluster_pods *p, const struct json *event_list);
/* endpoints: of kube-system/kube-dns. */
void cluster_pods_dns(struct cluster_pods *p, const struct json *endpoints);
/* Adds to what is unknown, behind "; ". */
void cluster_pods_unknown(struct cluster_pods *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cluster_pods_release(struct cluster_pods *p);

#endif
