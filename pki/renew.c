/* A certificate is made again for the same subject, names and usages. */
#include "pki/private.h"

#include "base/clock.h"
#include "base/error.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#define BACKDATE_S 3600

static bool has_signed(X509 *ca, X509 *leaf)
{
	bool right = ca && X509_NAME_cmp(X509_get_issuer_name(leaf), X509_get_subject_name(ca)) == 0 &&
		     X509_verify(leaf, X509_get0_pubkey(ca)) == 1;

	ERR_clear_error();
	return right;
}

static int signed_by(X509 *leaf, const struct pki_store *s, enum pki_issuer issuer, struct error *err)
{
	bool right = has_signed(s->ca[issuer].cert, leaf) || has_signed(s->other[issuer].cert, leaf);
	struct pki_cert_info info;

	if (right && X509_check_ca(leaf) == 0)
		return 0;
	pki_cert_fill(leaf, &info);
	if (right)
		return error_set(err, ERROR_PKI, "'%s' is a CA", info.subject_cn);
	return error_set(
		err, ERROR_PKI, "it is signed by another CA ('%s') than that of the key store", info.issuer_cn);
}

int pki_signed_here(const struct pki_store *s, enum pki_issuer issuer, const char *pem, size_t len, struct error *err)
{
	STACK_OF(X509) *certs = pki_certs_from_pem(pem, len, "certificate", err);
	int rc = certs ? signed_by(sk_X509_value(certs, 0), s, issuer, err) : -1;

	pki_certs_free(certs);
	return rc;
}

bool pki_signed_now(const struct pki_store *s, enum pki_issuer issuer, const char *pem, size_t len)
{
	STACK_OF(X509) *certs = pki_certs_from_pem(pem, len, "certificate", NULL);
	bool right = certs && has_signed(s->ca[issuer].cert, sk_X509_value(certs, 0));

	pki_certs_free(certs);
	return right;
}

static int renew(X509 *old, const struct pki_pair *ca, int days, struct pki_pair *out, struct error *err)
{
	int64_t now = clock_wall_ms() / 1000;
	uint32_t usage = X509_get_extended_key_usage(old);
	struct pki_cert_info info;
	struct pki_spec spec = {
		.like = old, .not_before = now - BACKDATE_S, .not_after = now + days * INT64_C(86400)
	};

	pki_cert_fill(old, &info);
	spec.cn = info.subject_cn;
	/* UINT32_MAX: it says nothing of its use */
	spec.server = usage != UINT32_MAX && usage & XKU_SSL_SERVER;
	spec.client = usage != UINT32_MAX && usage & XKU_SSL_CLIENT;
	if (!spec.server && !spec.client)
		return error_set(err, ERROR_PKI, "'%s' is a certificate of neither a server nor a client", spec.cn);
	return pki_leaf_make(&spec, ca, out, err);
}

int pki_renew(const struct pki_store *s, enum pki_issuer issuer, const char *pem, size_t len, int days,
	struct secret *cert_pem, struct secret *key_pem, struct error *err)
{
	STACK_OF(X509) *certs = pki_certs_from_pem(pem, len, "certificate", err);
	struct pki_pair made = { 0 };
	int rc = -1;

	if (certs && signed_by(sk_X509_value(certs, 0), s, issuer, err) == 0)
		rc = renew(sk_X509_value(certs, 0), &s->ca[issuer], days, &made, err);
	if (rc == 0)
		rc = pki_served_to_pem(s, issuer, made.cert, X509_get_extended_key_usage(made.cert) & XKU_SSL_SERVER,
			     cert_pem, err) ||
				     pki_key_to_pem(made.key, NULL, key_pem, err)
			     ? -1
			     : 0;
	pki_pair_release(&made);
	pki_certs_free(certs);
	return rc;
}
