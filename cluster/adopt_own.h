/*
 * Security settings of a cluster that kubewright has set up, and whose inventory was lost: from the note in its
 * ConfigMap kubewright. Pure.
 */
#ifndef CLUSTER_ADOPT_OWN_H
#define CLUSTER_ADOPT_OWN_H

#include <stdbool.h>

struct adopt_view;
struct json;

struct adopt_own {
	bool profile; /* security.profile: cis */
	bool encrypt; /* security.encrypt-secrets */
	bool audit;   /* security.audit: of the policy that is built in, or of a file */
	bool audit_default;
	bool serving; /* API servers verify kubelets, by an argument that was taken out: pki.kubelet-serving */
};
/* Takes what these fields gave out of the ClusterConfiguration; what others changed since stays in it. */
void adopt_own(const struct adopt_view *v, struct json *config, struct adopt_own *out);
/* Whether a ClusterConfiguration has API servers verify what kubelets show. */
bool adopt_verifies(const struct json *config);
/*
 * Whether kubelets ask the cluster for what they show: with a certificate of their own, or none that they ask for, they
 * are as the operator has them.
 */
bool adopt_kubelets_ask(const struct adopt_view *v);

#endif
