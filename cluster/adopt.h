/*
 * A cluster that others made with kubeadm, as its hosts and its API show it: what an inventory of it says, what is in
 * the way of taking it over, and what is to be known about it. Pure.
 */
#ifndef CLUSTER_ADOPT_H
#define CLUSTER_ADOPT_H

#include "cluster/certs.h"
#include "cluster/cluster.h"
#include "cluster/quorum.h"
#include "cluster/space.h"
#include "remote/remote.h"

#include <stdbool.h>
#include <stddef.h>

struct document;
struct error;
struct inventory;
struct json;

/* What one host answered to steps/host/adopt.sh. */
struct adopt_host {
	bool looked;
	struct remote_answer said;
	struct json *manifests; /* static Pods by the names of their files, parsed; null: one that cannot be read */
};
/* Takes the answer over. */
void adopt_host_take(struct adopt_host *h, struct remote_answer *said);
void adopt_host_release(struct adopt_host *h);
/* A word of the answer, "" when it is missing; lent. */
const char *adopt_said(const struct adopt_host *h, const char *word);
/*
 * The value of a flag of a control plane's component ("kube-apiserver", "advertise-address"), "" of one without a
 * value; NULL: it is not given. Lent.
 */
const char *adopt_flag(const struct adopt_host *h, const char *component, const char *flag);
/* Calls fn for each flag of a component. */
void adopt_flags(const struct adopt_host *h, const char *component,
	void (*fn)(const char *flag, const char *value, void *ctx), void *ctx);

/* All that was seen. Lists are per host of inv, in which hosts are called as their Nodes are. */
struct adopt_view {
	const struct inventory *inv;
	const struct cluster_host *hosts;
	const struct adopt_host *said;
	const struct certs_host *certs;
	const struct cluster_state *state; /* version, Nodes, and the configurations in ConfigMaps */
	const struct json *sets;           /* DaemonSetList of all namespaces; NULL: not known */
	const char *audit_default;         /* path of the audit policy that is built in */
	bool keys_elsewhere;               /* pki.ca-keys is to be operator: no control plane has the CAs' keys */
};

/*
 * Whether a host is a control plane of a cluster that kubeadm made: -1: err says what it is instead, or why its cluster
 * cannot be asked.
 */
int adopt_refuse(const struct cluster_host *h, const struct adopt_host *said, struct error *err);
/* ClusterConfiguration of the cluster; NULL: there is none that can be read. The caller frees. */
struct json *adopt_config(const struct adopt_view *v);
/*
 * etcd as the hosts' own members show it: the list of the first that answers, and who answers; the alarms
 * are those of the first that shows them.
 */
void adopt_etcd(const struct adopt_view *v, struct quorum_view *out, struct space_alarms *alarms);

/* What stops an adoption (level error) and what is to be known (warning), with stable names. */
void findings_adopt(const struct adopt_view *v, struct findings *out);
extern const struct finding_kind adopt_kinds[];
extern const size_t adopt_kind_count;

/*
 * The inventory, to be saved at path; sets: fields of it that the operator has given, "ssh.user=ops". What it cannot
 * say is added to notes. NULL: err says which field.
 */
struct document *adopt_document(const struct adopt_view *v, const char *path, const char *const *sets, size_t set_count,
	struct findings *notes, struct error *err);

#endif
