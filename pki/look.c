#include "pki/private.h"

#include "base/error.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool pki_is_address(const char *text)
{
	unsigned char raw[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

int64_t pki_time(const ASN1_TIME *t)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	return ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

void pki_certs_free(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}

STACK_OF(X509) * pki_certs_from_pem(const char *pem, size_t len, const char *name, struct error *err)
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	STACK_OF(X509) *list = sk_X509_new_null();
	unsigned long why;
	X509 *x;

	ERR_clear_error();
	while (bio && list && (x = PEM_read_bio_X509(bio, NULL, pki_no_passphrase, NULL)))
		if (!sk_X509_push(list, x))
			X509_free(x);
	BIO_free(bio);
	why = ERR_peek_last_error();
	/* the end of the text shows as "no start line" */
	if (list && sk_X509_num(list) > 0 && (!why || ERR_GET_REASON(why) == PEM_R_NO_START_LINE)) {
		ERR_clear_error();
		return list;
	}
	pki_certs_free(list);
	pki_error(err, "'%s' contains no readable certificate", name);
	return NULL;
}

size_t pki_first_len(const char *pem)
{
	static const char end[] = "-----END CERTIFICATE-----\n";
	const char *last = strstr(pem, end);

	return last ? (size_t)(last - pem) + sizeof(end) - 1 : strlen(pem);
}

int pki_certs_to_pem(STACK_OF(X509) * certs, struct secret *out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = bio != NULL;
	char *data = NULL;
	long n;

	for (int i = 0; ok && i < sk_X509_num(certs); i++)
		ok = PEM_write_bio_X509(bio, sk_X509_value(certs, i));
	n = ok ? BIO_get_mem_data(bio, &data) : 0;
	if (ok)
		secret_set(out, data, n > 0 ? (size_t)n : 0);
	else
		pki_error(err, "cannot write a certificate");
	BIO_free(bio);
	return ok ? 0 : -1;
}

int pki_cert_to_pem(X509 *cert, struct secret *out, struct error *err)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	int rc = list && sk_X509_push(list, cert) ? pki_certs_to_pem(list, out, err)
						  : pki_error(err, "cannot write a certificate");

	sk_X509_free(list);
	return rc;
}

static int verify_once(
	X509_STORE *store, X509 *leaf, STACK_OF(X509) * chain, unsigned long flags, bool server, struct error *err)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc = -1;

	if (!ctx || !X509_STORE_CTX_init(ctx, store, leaf, chain)) {
		pki_error(err, "cannot verify a certificate");
		goto out;
	}
	X509_STORE_CTX_set_flags(ctx, flags);
	X509_STORE_CTX_set_purpose(ctx, server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
	if (X509_verify_cert(ctx) == 1)
		rc = 0;
	else
		error_set(err, ERROR_PKI, "certificate: %s",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	ERR_clear_error();
out:
	X509_STORE_CTX_free(ctx);
	return rc;
}

static int covers(X509 *leaf, const char *name, struct error *err)
{
	int found = pki_is_address(name) ? X509_check_ip_asc(leaf, name, 0)
					 : X509_check_host(leaf, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL);

	ERR_clear_error();
	return found == 1 ? 0 : error_set(err, ERROR_PKI, "certificate: not valid for '%s'", name);
}

int pki_leaf_verify(X509 *leaf, STACK_OF(X509) * chain, STACK_OF(X509) * anchors, bool server, bool client,
	const char *const *sans, size_t san_count, struct error *err)
{
	X509_STORE *store = X509_STORE_new();
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT;
	int rc = 0;

	for (int i = 0; store && i < sk_X509_num(anchors); i++) {
		X509 *anchor = sk_X509_value(anchors, i);

		X509_STORE_add_cert(store, anchor);
		if (!X509_get0_subject_key_id(anchor))
			flags &= ~(unsigned long)X509_V_FLAG_X509_STRICT;
	}
	if (!store)
		rc = pki_error(err, "cannot verify a certificate");
	if (rc == 0 && server)
		rc = verify_once(store, leaf, chain, flags, true, err);
	if (rc == 0 && client)
		rc = verify_once(store, leaf, chain, flags, false, err);
	for (size_t i = 0; rc == 0 && i < san_count; i++)
		rc = covers(leaf, sans[i], err);
	X509_STORE_free(store);
	return rc;
}

int pki_cert_verify(const char *pem, size_t len, const char *ca_pem, bool server, const char *const *sans,
	size_t san_count, struct error *err)
{
	STACK_OF(X509) *certs = pki_certs_from_pem(pem, len, "certificate", err);
	STACK_OF(X509) *anchors = certs ? pki_certs_from_pem(ca_pem, strlen(ca_pem), "CA", err) : NULL;
	int rc = -1;

	if (anchors)
		rc = pki_leaf_verify(sk_X509_value(certs, 0), certs, anchors, server, !server, sans, san_count, err);
	pki_certs_free(certs);
	pki_certs_free(anchors);
	return rc;
}

/* The first entry of a kind as UTF-8, cut to size, safe for a terminal. */
static void name_entry(const X509_NAME *name, int nid, char *out, size_t size)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	unsigned char *text = NULL;
	struct str clean = STR_INIT;
	int n;

	out[0] = '\0';
	if (at < 0)
		return;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	str_add_line(&clean, (const char *)text, n > 0 ? (size_t)n : 0);
	str_copy_line(out, size, clean.buf);
	str_release(&clean);
	OPENSSL_free(text);
}

static void digest_hex(const unsigned char *der, int n, char *out)
{
	if (n > 0)
		pki_sha256_hex(der, (size_t)n, out);
	else
		out[0] = '\0';
}

void pki_pin(X509 *cert, char *out, size_t size)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	char hex[65];

	digest_hex(der, n, hex);
	snprintf(out, size, "sha256:%s", hex);
	OPENSSL_free(der);
}

/* One that RFC 5280 allows has 40 digits. */
static void serial_hex(X509 *cert, char *out, size_t size)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = n ? BN_bn2hex(n) : NULL;

	if (hex && strlen(hex) < size)
		memcpy(out, hex, strlen(hex) + 1);
	OPENSSL_free(hex);
	BN_free(n);
}

void pki_cert_fill(X509 *cert, struct pki_cert_info *out)
{
	unsigned char *der = NULL;
	int n;

	memset(out, 0, sizeof(*out));
	name_entry(X509_get_subject_name(cert), NID_commonName, out->subject_cn, sizeof(out->subject_cn));
	name_entry(X509_get_subject_name(cert), NID_organizationName, out->subject_o, sizeof(out->subject_o));
	name_entry(X509_get_issuer_name(cert), NID_commonName, out->issuer_cn, sizeof(out->issuer_cn));
	out->not_before = pki_time(X509_get0_notBefore(cert));
	out->not_after = pki_time(X509_get0_notAfter(cert));
	out->is_ca = X509_check_ca(cert) == 1;
	pki_pin(cert, out->pin, sizeof(out->pin));
	n = i2d_X509(cert, &der);
	digest_hex(der, n, out->sha256);
	serial_hex(cert, out->serial, sizeof(out->serial));
	OPENSSL_free(der);
	ERR_clear_error();
}

int pki_cert_info(const char *pem, size_t len, struct pki_cert_info *out, struct error *err)
{
	STACK_OF(X509) *certs = pki_certs_from_pem(pem, len, "certificate", err);

	if (!certs)
		return -1;
	pki_cert_fill(sk_X509_value(certs, 0), out);
	pki_certs_free(certs);
	return 0;
}

/* Whether it has signed another one of the same text: a company's root, which other clusters have too. */
static bool is_above(STACK_OF(X509) * certs, int i)
{
	for (int k = 0; k < sk_X509_num(certs); k++)
		if (k != i && X509_check_issued(sk_X509_value(certs, i), sk_X509_value(certs, k)) == X509_V_OK)
			return true;
	return false;
}

bool pki_same_key(const char *pem_a, const char *pem_b)
{
	STACK_OF(X509) *a = pem_a ? pki_certs_from_pem(pem_a, strlen(pem_a), "CA", NULL) : NULL;
	STACK_OF(X509) *b = pem_b ? pki_certs_from_pem(pem_b, strlen(pem_b), "CA", NULL) : NULL;
	bool share = false;

	for (int i = 0; a && b && i < sk_X509_num(a); i++)
		for (int k = 0; k < sk_X509_num(b); k++)
			share = share || (!is_above(a, i) && !is_above(b, k) &&
						 EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(a, i)),
							 X509_get0_pubkey(sk_X509_value(b, k))) == 1);
	ERR_clear_error();
	pki_certs_free(a);
	pki_certs_free(b);
	return share;
}
