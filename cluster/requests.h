/*
 * CertificateSigningRequests that wait, and whether this machine may sign each: for the two signers of Kubernetes for
 * kubelets. Pure.
 */
#ifndef CLUSTER_REQUESTS_H
#define CLUSTER_REQUESTS_H

#include "base/alloc.h"
#include "pki/pki.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cluster_state;
struct error;
struct inventory;
struct json;

enum request_verdict {
	REQUEST_GOOD,    /* it asks for what its signer gives, and who asks may have it */
	REQUEST_REFUSED, /* why */
	REQUEST_FOREIGN, /* of another signer: left alone */
	REQUEST_SIGNED,  /* by this run */
};
struct request {
	const char *name, *uid, *signer, *requester;
	const char *usages; /* with ", " between */
	const char *pem;    /* the request itself; NULL: there is none that can be read */
	size_t pem_len;
	struct pki_request asked;
	struct pki_request_use use;
	int64_t age_s;
	enum request_verdict verdict;
	char why[240];
	const struct json *json; /* lent by the list */
};
#define REQUESTS_MAX 500
struct requests {
	struct arena arena;
	struct json *pages; /* an array of the lists */
	struct request *list;
	size_t count, more; /* waiting ones; beyond REQUESTS_MAX */
};
struct requests_view {
	const struct inventory *inv;
	const struct cluster_state *state; /* its Nodes */
	int64_t now_s;
};
/* Adds what waits of a CertificateSigningRequestList, which is taken over in any case, and judges each. */
int requests_add(struct requests *r, const struct requests_view *v, struct json *list, struct error *err);
void requests_release(struct requests *r);
/* How many of a list wait for a signature for a kubelet, and for longer than a control plane takes. */
unsigned requests_waiting(const struct json *list, int64_t now_s);
/* The names that one asks for, with ", " between, appended. */
void request_names(const struct request *q, struct str *out);

#endif
