#include "pki/private.h"

#include "base/error.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

/* 127 random bits, the highest set: positive, of fixed length, never met twice. */
static int set_serial(X509 *x)
{
	unsigned char bytes[16];
	BIGNUM *n;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -1;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok ? 0 : -1;
}

static int set_time(ASN1_TIME *t, int64_t seconds)
{
	time_t at = (time_t)seconds;

	return X509_time_adj_ex(t, 0, 0, &at) ? 0 : -1;
}

static int set_times(X509 *x, const struct pki_spec *spec, X509 *issuer)
{
	int64_t from = spec->not_before, to = spec->not_after;

	/* a leaf outside its issuer's time is refused somewhere later, where nobody understands why */
	if (issuer) {
		int64_t first = pki_time(X509_get0_notBefore(issuer)), last = pki_time(X509_get0_notAfter(issuer));

		from = from < first ? first : from;
		to = to > last ? last : to;
	}
	return set_time(X509_getm_notBefore(x), from) || set_time(X509_getm_notAfter(x), to) ? -1 : 0;
}

static int set_subject(X509 *x, const struct pki_spec *spec, struct error *err)
{
	X509_NAME *name = X509_get_subject_name(x);

	if (spec->like)
		return X509_set_subject_name(x, X509_get_subject_name(spec->like))
			       ? 0
			       : pki_error(err, "cannot make a certificate for '%s'", spec->cn);
	if (spec->org && !X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
				 (const unsigned char *)spec->org, -1, -1, 0))
		return pki_error(err, "'%s' cannot be a certificate's organisation", spec->org);
	if (!X509_NAME_add_entry_by_NID(
		    name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)spec->cn, -1, -1, 0)) {
		pki_error(err, "'%s' cannot be a certificate's name", spec->cn);
		return error_hint(err, "the common name of a certificate has 1 to 64 characters");
	}
	return 0;
}

static int add_extension(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	bool ok = e && X509_add_ext(x, e, -1);

	X509_EXTENSION_free(e);
	return ok ? 0 : -1;
}

static bool is_dns_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*";
	size_t n = strlen(text);

	return n > 0 && n <= 253 && strspn(text, allowed) == n;
}

static GENERAL_NAME *general_name(const char *text)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	bool address = pki_is_address(text);
	ASN1_STRING *value = address ? a2i_IPADDRESS(text) : ASN1_IA5STRING_new();

	if (!g || !value || (!address && !ASN1_STRING_set(value, text, -1))) {
		GENERAL_NAME_free(g);
		ASN1_STRING_free(value);
		return NULL;
	}
	GENERAL_NAME_set0_value(g, address ? GEN_IPADD : GEN_DNS, value);
	return g;
}

/* Names come from people: they are put in as values, never through OpenSSL's configuration syntax. */
static int add_names(X509 *x, const struct pki_spec *spec, struct error *err)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < spec->san_count; i++) {
		const char *text = spec->sans[i];
		GENERAL_NAME *g = NULL;
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(text, spec->sans[k]) == 0;
		if (seen)
			continue;
		if (!pki_is_address(text) && !is_dns_name(text))
			rc = error_set(err, ERROR_PKI,
				"'%s' is neither an address nor a DNS name, so no certificate can be made for it",
				text);
		else if (!(g = general_name(text)) || !sk_GENERAL_NAME_push(names, g))
			rc = pki_error(err, "cannot make a certificate for '%s'", text);
	}
	if (rc == 0 && !X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT))
		rc = pki_error(err, "cannot make a certificate for '%s'", spec->cn);
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	return rc;
}

/* Usages as kubeadm's (certlist.go, pkiutil): key encipherment for EC keys too. */
static int add_extensions(X509 *x, const struct pki_spec *spec, X509 *issuer)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer ? issuer : x, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	if (add_extension(x, &ctx, NID_basic_constraints, spec->ca ? "critical,CA:TRUE" : "critical,CA:FALSE") ||
		add_extension(x, &ctx, NID_key_usage,
			spec->ca           ? "critical,digitalSignature,keyEncipherment,keyCertSign"
			: spec->signs_only ? "critical,digitalSignature"
					   : "critical,digitalSignature,keyEncipherment"))
		return -1;
	if ((spec->server || spec->client) && add_extension(x, &ctx, NID_ext_key_usage,
						      !spec->client   ? "serverAuth"
						      : !spec->server ? "clientAuth"
								      : "serverAuth,clientAuth"))
		return -1;
	if (add_extension(x, &ctx, NID_subject_key_identifier, "hash"))
		return -1;
	/* a CA from before subject key identifiers has none to point at */
	if (issuer && !X509_get0_subject_key_id(issuer))
		return 0;
	return add_extension(x, &ctx, NID_authority_key_identifier, "keyid:always");
}

/* As they are, of whatever kind. */
static int copy_names(X509 *x, const struct pki_spec *spec, struct error *err)
{
	int at = X509_get_ext_by_NID(spec->like, NID_subject_alt_name, -1);

	if (at < 0 || X509_add_ext(x, X509_get_ext(spec->like, at), -1))
		return 0;
	return pki_error(err, "cannot make a certificate for '%s'", spec->cn);
}

X509 *pki_cert_make(const struct pki_spec *spec, EVP_PKEY *key, const struct pki_pair *issuer, struct error *err)
{
	X509 *x = X509_new();
	X509 *ca = issuer ? issuer->cert : NULL;

	ERR_clear_error();
	if (!x || !X509_set_version(x, X509_VERSION_3) || set_serial(x) || set_times(x, spec, ca) ||
		!X509_set_pubkey(x, key)) {
		pki_error(err, "cannot make a certificate for '%s'", spec->cn);
		goto fail;
	}
	if (set_subject(x, spec, err))
		goto fail;
	if (!X509_set_issuer_name(x, X509_get_subject_name(ca ? ca : x)) || add_extensions(x, spec, ca)) {
		pki_error(err, "cannot make a certificate for '%s'", spec->cn);
		goto fail;
	}
	if (spec->like ? copy_names(x, spec, err) : spec->san_count && add_names(x, spec, err))
		goto fail;
	if (!X509_sign(x, issuer ? issuer->key : key, EVP_sha256())) {
		pki_error(err, "cannot sign the certificate for '%s'", spec->cn);
		goto fail;
	}
	return x;
fail:
	X509_free(x);
	return NULL;
}

int pki_leaf_make(const struct pki_spec *spec, const struct pki_pair *issuer, struct pki_pair *out, struct error *err)
{
	bool rsa = EVP_PKEY_get_base_id(issuer->key) == EVP_PKEY_RSA;
	STACK_OF(X509) *anchors = sk_X509_new_null();
	struct pki_pair made = { 0 };
	int rc = -1;

	made.key = pki_key_make(rsa ? PKI_RSA_2048 : PKI_ECDSA_P256, err);
	if (!made.key)
		goto out;
	made.cert = pki_cert_make(spec, made.key, issuer, err);
	if (!made.cert)
		goto out;
	if (!anchors || !sk_X509_push(anchors, issuer->cert) || !X509_check_private_key(made.cert, made.key)) {
		pki_error(err, "the certificate made for '%s' does not match its key", spec->cn);
		goto out;
	}
	rc = pki_leaf_verify(made.cert, NULL, anchors, spec->server, spec->client, spec->sans, spec->san_count, err);
	if (rc)
		error_wrap(err, "the certificate made for '%s' is not valid", spec->cn);
out:
	/* the anchor is lent: only the list goes */
	sk_X509_free(anchors);
	if (rc == 0)
		*out = made;
	else
		pki_pair_release(&made);
	return rc;
}
