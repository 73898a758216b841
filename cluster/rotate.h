/*
 * Another CA takes the place of one of the cluster's, or another key of service accounts, in three phases (pki.h). The
 * key store says what hosts are to have; what is done next follows from it and from what the hosts have. Pure.
 */
#ifndef CLUSTER_ROTATE_H
#define CLUSTER_ROTATE_H

#include "pki/pki.h"

#include <stdbool.h>

struct certs_host;
struct error;
struct json;
struct renew_host;
struct renew_item;

/* A CA by the name that an operator gives it, which is that of its file without ".crt"; the key of service accounts. */
struct rotate_kind {
	const char *name, *what; /* what: "CA", "key" */
	enum pki_issuer issuer;
};
/* In the order of enum pki_issuer. */
extern const struct rotate_kind rotate_kinds[PKI_ROTATED];
/* NULL: there is none. */
const struct rotate_kind *rotate_kind_find(const char *name);

/* What the operator asked for: the first phase, or that the one begun ends; the second; the third. */
enum rotate_ask { ROTATE_BEGIN, ROTATE_REISSUE, ROTATE_FORGET };
/* Which CAs servers behind the API are given, to know an API server by. */
enum rotate_told {
	ROTATE_TOLD_UNKNOWN,
	ROTATE_TOLD_LACKS, /* not all of those that the store has */
	ROTATE_TOLD_SAME,
	ROTATE_TOLD_MORE,
};
/* By the text that they are given. */
enum rotate_told rotate_told(const struct pki_store *store, enum pki_issuer issuer, const char *pem);

struct rotate_state {
	enum pki_phase phase; /* of the key store */
	bool due;             /* something of it is yet to reach a host, or the cluster */
	char ahead[200];      /* a host that is further than the store, an earlier copy, and how; "": none is */
	char behind[300];     /* what does not have it, in words; "": all have it */
	/*
	 * what would fail by the next phase, of PKI_PHASE_REISSUED without the earlier one, and what to do; "": nothing
	 * that is known
	 */
	char breaks[600], breaks_hint[300];
	bool forced; /* the operator wants it forgotten all the same */
};
/* An argument in a ClusterConfiguration, of which a rotation knows one value alone. */
struct rotate_argument {
	const char *args, *component, *name, *value; /* args: where such arguments stand there */
};
/* Whether one of them has another value, which no rotation reaches: what is then the component and the argument. */
bool rotate_elsewhere(
	const struct json *config, const struct rotate_argument *arguments, size_t count, char *what, size_t size);

enum rotate_next {
	ROTATE_REFUSED,   /* err says why */
	ROTATE_CHANGES,   /* the key store takes the next phase, then the hosts follow */
	ROTATE_CONTINUES, /* the hosts follow */
	ROTATE_NOTHING,
};
/* By what was asked for, and what a look has seen. */
enum rotate_next rotate_next(
	const struct rotate_kind *kind, enum rotate_ask ask, const struct rotate_state *state, struct error *err);

/* Whether a control plane, or a worker, has anything of it. */
bool rotate_reaches(enum pki_issuer issuer, bool worker);
/*
 * Whether the file of a certificate has behind it what it is to have: an API server's, while the cluster's CA is
 * rotated, a CA that the other one has certified, so that clients which know one of them alone verify it.
 */
bool rotate_is_served(const struct renew_item *i, const struct pki_store *store);
/*
 * Sets of plan what the rotation of a CA makes of its file on a host: to be replaced by the store's, refused,
 * or left; and who restarts for it.
 */
void rotate_trust(
	const struct certs_host *h, const struct pki_store *store, enum pki_issuer issuer, struct renew_host *plan);

#endif
