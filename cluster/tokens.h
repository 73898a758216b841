/*
 * The key of service accounts is rotated: since when the new one signs, and which tokens of the earlier one are still
 * in use, by what the API shows. The tokens themselves are not read. Pure.
 */
#ifndef CLUSTER_TOKENS_H
#define CLUSTER_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;
struct pki_store;

/* The note in the ConfigMap kubewright: {"key", "since"}. */
#define TOKENS_NOTE "service-account-key"
/* pin: 72 bytes or more; of the key that signs by the store, as pki_publics_read has it. */
void tokens_pin(const struct pki_store *store, char *pin, size_t size);
/* Since when it signs on all control planes; 0: that is not noted. own: the ConfigMap, or NULL. */
int64_t tokens_since(const struct json *own, const struct pki_store *store);

/*
 * Whether the note is of a key that the store does not sign with, nor has just begun to do without: it is a copy from
 * before a rotation.
 */
bool tokens_earlier_copy(const struct json *own, const struct pki_store *store);
/*
 * Whether a ClusterConfiguration names other files for the key of service accounts than kubeadm does, which no rotation
 * reaches: what is then the component and its argument.
 */
bool tokens_elsewhere(const struct json *config, char *what, size_t size);

#define TOKENS_NAMED 5
struct tokens {
	bool asked;        /* and answered, all of it */
	char unknown[200]; /* what was not answered, and why */
	int64_t since_s, now_s; /* of the control planes' clock */
	unsigned secrets;  /* of the type kubernetes.io/service-account-token, whose token is from before */
	unsigned pods;     /* from before, which read a token */
	char secret_names[400], pod_names[400]; /* the first TOKENS_NAMED, NAMESPACE/NAME */
	int64_t renewed_s; /* when kubelets have given the last of those pods another one */
};
/* A page of a list of Secrets, of which the metadata are enough; of Pods. */
void tokens_add_secrets(struct tokens *t, const struct json *list);
void tokens_add_pods(struct tokens *t, const struct json *list);
/* What would fail if the earlier key were forgotten now, and what to do about it; "" in both: nothing that is known. */
void tokens_breaks(const struct tokens *t, char *what, size_t size, char *hint, size_t hint_size);

#endif
