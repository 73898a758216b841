/*
 * The cluster's CA is rotated: since when Pods have both, and who still trusts the earlier one alone, by what
 * the API shows. Pure.
 */
#ifndef CLUSTER_TRUSTING_H
#define CLUSTER_TRUSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;
struct pki_store;

/* The note in the ConfigMap kubewright: {"ca": sha256 of the new one, "since", "signs"}. */
#define TRUSTING_NOTE "cluster-ca"
/* The digest of the CA that comes, or has come, by a store in which it is rotated; "": there is none. */
void trusting_new(const struct pki_store *store, char sum[65]);
/* Since when all namespaces have had both; 0: that is not noted. own: the ConfigMap, or NULL. */
int64_t trusting_since(const struct json *own, const struct pki_store *store);
/* The same of since when the new one signs on all hosts. */
int64_t trusting_signs(const struct json *own, const struct pki_store *store);

#define TRUSTING_NAMED 5
struct trusting {
	bool asked;        /* and answered, all of it */
	char unknown[200]; /* what was not answered, and why */
	int64_t since_s;
	/* whose containers run since before, and may have read which CA to trust when they started */
	unsigned pods;
	/* of webhooks and the like: those whose caBundle has the earlier CA, and not the new one */
	unsigned bundles;
	char pod_names[400], bundle_names[400]; /* the first TRUSTING_NAMED: NAMESPACE/NAME; KIND NAME */
};
/* A page of a list of Pods. */
void trusting_add_pods(struct trusting *t, const struct json *list);
/* The same of webhook configurations, APIServices or CustomResourceDefinitions, which are called so for people. */
void trusting_add_bundles(
	struct trusting *t, const struct pki_store *store, const char *kind, const struct json *list);
/* What would fail if the earlier CA were forgotten now, and what to do about it; "" in both: nothing that is known. */
void trusting_breaks(const struct trusting *t, char *what, size_t size, char *hint, size_t hint_size);

#endif
