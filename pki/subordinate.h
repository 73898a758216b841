/*
 * CAs that another CA signs, such as a company's: their keys are made here, with a request for each, and the store is
 * complete when what was signed comes back. Kept of that is only the certificate of the CA itself: who trusted the
 * CA above it would let in everybody who has a certificate of that one.
 */
#ifndef PKI_SUBORDINATE_H
#define PKI_SUBORDINATE_H

#include "pki/pki.h"

/* Whether a folder holds all keys of a store, and none of its certificates: they are waited for. */
bool pki_subordinate_waits(const char *dir);
/* Makes them as pki_store_create does, in a folder that is not there yet. */
int pki_subordinate_begin(const char *dir, enum pki_key_type type, enum pki_key_type sa_type,
	const struct secret *passphrase, struct error *err);
/*
 * A request (PKCS #10, PEM) for each CA, by enum pki_issuer, of the keys of a store that waits, or that others have
 * signed; org: of the subject. The same keys make the same requests, but for their signatures. The caller releases.
 */
int pki_subordinate_requests(const char *dir, const struct secret *passphrase, const char *org,
	struct secret out[PKI_ISSUERS], struct error *err);

/* What was signed, as a file has it: certificates of CAs, and those above them, in any order. Lent. */
struct pki_signed {
	const char *name;
	const char *pem;
	size_t len;
};
struct pki_above {
	char root[128];    /* CN of the one that the chain of a CA ends at */
	int64_t not_after; /* of the first that ends in it, seconds since 1970 */
};
/*
 * Verifies what was signed for the keys of the store: for each CA one certificate with its key, of a CA that may sign,
 * in time, with a chain among these files that ends at one that signed itself, and by which what such a CA signs can be
 * verified. Completes a store that waits, in one step as pki_store_protect; of one that is complete nothing changes,
 * and other certificates than it has are an error. *changed: it was completed; above: by enum pki_issuer.
 */
int pki_subordinate_complete(const char *dir, const struct secret *passphrase, const struct pki_signed *files,
	size_t count, struct pki_above above[PKI_ISSUERS], bool *changed, struct error *err);

#endif
