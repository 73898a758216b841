/*
 * Findings over a living cluster: what is broken, by the evidence of hosts, API and etcd, with its cause and its
 * remedy. Pure. The same struct finding as preflight's: what (evidence), why (cause, or why it matters), remedy.
 */
#ifndef CLUSTER_HEALTH_H
#define CLUSTER_HEALTH_H

#include "cluster/cluster.h"

enum health_remedy {
	HEALTH_TOLD,   /* an operator's business: the remedy says what */
	HEALTH_APPLY,  /* apply's own steps put it right, so repair and apply both do */
	HEALTH_MEND,   /* repair does it on the host, see finding.act */
	HEALTH_MEMBER, /* repair does it through a healthy etcd member */
};
struct health_kind {
	const char *name, *summary;
	enum finding_level level; /* the highest it comes with */
	enum health_remedy remedy;
};
extern const struct health_kind health_kinds[];
extern const size_t health_kind_count;
/* NULL: none of that name. */
const struct health_kind *health_kind_find(const char *name);

struct health_view {
	const struct inventory *inv;
	const struct cluster_host *hosts;  /* inv->host_count; probed with steps/host/health.sh */
	const struct cluster_state *state;
	int64_t now_s;                     /* since 1970 */
	const char *ca, *etcd_ca, *front_proxy_ca; /* PEM; NULL: not known here */
};
/*
 * Adds the findings of host index `host`; those of the cluster as a whole come with the control plane that they can be
 * mended on, and with the first control plane when there is none. Nothing for a host that was not looked at or has
 * nothing of the cluster.
 */
void findings_health(const struct health_view *v, int host, struct findings *out);
/* How many Pods of kube-system and kubelets may just be starting: no finding yet, and not well yet. */
unsigned health_settling(const struct health_view *v);
/* Whether repair knows what to do about a finding. */
bool health_remediable(const struct finding *f);
/* Days from now_s to the end of the first certificate in pem; INT_MIN when it cannot be read. */
int health_days_left(const char *pem, int64_t now_s);

#endif
