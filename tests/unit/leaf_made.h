/* A leaf of a store, of any time: pki's own functions make none that has expired. */
#ifndef TESTS_UNIT_LEAF_MADE_H
#define TESTS_UNIT_LEAF_MADE_H

#include "base/clock.h"
#include "pki/private.h"
#include "tests/unit/certs_made.h"

struct made_leaf {
	enum pki_issuer issuer;
	const char *cn, *org;
	bool server, client;
	const char *const *sans;
	size_t san_count;
	int64_t from_s, to_s; /* from now */
};
static inline void made_leaf(struct pki_store *s, const struct made_leaf *l, struct secret *out)
{
	int64_t now = clock_wall_ms() / 1000;
	const struct pki_spec spec = { .cn = l->cn,
		.org = l->org,
		.server = l->server,
		.client = l->client,
		.sans = l->sans,
		.san_count = l->san_count,
		.not_before = now + l->from_s,
		.not_after = now + l->to_s };
	EVP_PKEY *key = pki_key_make(PKI_ECDSA_P256, NULL);
	struct error err = { 0 };
	X509 *x = pki_cert_make(&spec, key, &s->ca[l->issuer], &err);

	/* set_times keeps it within its issuer's, which has just been made */
	X509_gmtime_adj(X509_getm_notBefore(x), l->from_s);
	X509_sign(x, s->ca[l->issuer].key, EVP_sha256());
	CHECK_INT(pki_cert_to_pem(x, out, &err), 0);
	X509_free(x);
	EVP_PKEY_free(key);
}

#endif
