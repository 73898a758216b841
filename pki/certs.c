/* Certificates and public keys in full, for who lists them: what is kept of one is bounded, as a host made them. */
#include "pki/private.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 256
/* of the names of one certificate together */
#define SANS_MAX 100
#define SANS_BYTES 4096
/* of a request's PEM */
#define REQUEST_MAX 65536

static const char *line(struct arena *a, const void *data, int len)
{
	struct str clean = STR_INIT;
	char text[TEXT_MAX];

	str_add_line(&clean, data, len > 0 ? (size_t)len : 0);
	str_copy_line(text, sizeof(text), clean.buf);
	str_release(&clean);
	return arena_strdup(a, text);
}

static const char *entry(struct arena *a, const X509_NAME *name, int at)
{
	unsigned char *text = NULL;
	int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	const char *out = line(a, text, n);

	OPENSSL_free(text);
	return out;
}

static size_t read_orgs(const X509_NAME *name, struct arena *a, const char **orgs)
{
	size_t count = 0;

	for (int at = -1; count < PKI_ORGS && (at = X509_NAME_get_index_by_NID(name, NID_organizationName, at)) >= 0;)
		orgs[count++] = entry(a, name, at);
	return count;
}

static const char *address(struct arena *a, const ASN1_OCTET_STRING *ip)
{
	int n = ASN1_STRING_length(ip);
	char text[INET6_ADDRSTRLEN] = "";

	if (n == 4 || n == 16)
		inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text, sizeof(text));
	return arena_strdup(a, text);
}

static struct pki_name read_name(struct arena *a, const GENERAL_NAME *g)
{
	static const struct {
		int type;
		enum pki_name_kind kind;
	} texts[] = { { GEN_DNS, PKI_NAME_DNS }, { GEN_URI, PKI_NAME_URI }, { GEN_EMAIL, PKI_NAME_EMAIL } };
	int type = 0;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(g, &type);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].type == type)
			return (struct pki_name){ texts[i].kind,
				line(a, ASN1_STRING_get0_data(value), ASN1_STRING_length(value)) };
	if (type == GEN_IPADD)
		return (struct pki_name){ PKI_NAME_IP, address(a, value) };
	return (struct pki_name){ PKI_NAME_OTHER, "" };
}

static size_t read_names(const GENERAL_NAMES *names, struct arena *a, struct pki_name **out, size_t *left_out)
{
	int all = names ? sk_GENERAL_NAME_num(names) : 0;
	size_t bytes = 0, count = 0;

	*out = arena_alloc(a, (size_t)(all < SANS_MAX ? all : SANS_MAX) * sizeof(**out) + 1);
	for (int i = 0; i < all && i < SANS_MAX && bytes < SANS_BYTES; i++) {
		struct pki_name *n = &(*out)[count++];

		*n = read_name(a, sk_GENERAL_NAME_value(names, i));
		bytes += strlen(n->text);
	}
	*left_out = (size_t)all - count;
	return count;
}

static void read_sans(X509 *cert, struct arena *a, struct pki_cert *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	out->san_count = read_names(names, a, &out->sans, &out->sans_left_out);
	GENERAL_NAMES_free(names);
}

/* key NULL: it is of a kind that OpenSSL does not know, or broken. */
static const char *algorithm(const EVP_PKEY *key, struct arena *a, int *bits)
{
	int type = key ? EVP_PKEY_get_base_id(key) : NID_undef;
	const char *name = type == EVP_PKEY_RSA ? "RSA" : type == EVP_PKEY_EC ? "ECDSA" : NULL;

	*bits = key ? EVP_PKEY_get_bits(key) : 0;
	if (name)
		return name;
	name = type == EVP_PKEY_ED25519 ? "Ed25519" : key ? OBJ_nid2sn(type) : NULL;
	return name ? arena_strdup(a, name) : "unknown";
}

int pki_certs_read(const char *pem, size_t len, size_t max, struct arena *arena, struct pki_cert **out,
	size_t *left_out, struct error *err)
{
	STACK_OF(X509) *certs = pki_certs_from_pem(pem, len, "file", err);
	size_t all = certs ? (size_t)sk_X509_num(certs) : 0, count = all < max ? all : max;

	if (!certs)
		return -1;
	*out = arena_alloc(arena, count * sizeof(**out));
	*left_out = all - count;
	for (size_t i = 0; i < count; i++) {
		X509 *x = sk_X509_value(certs, (int)i);
		struct pki_cert *c = &(*out)[i];

		pki_cert_fill(x, &c->info);
		c->org_count = read_orgs(X509_get_subject_name(x), arena, c->orgs);
		read_sans(x, arena, c);
		c->algorithm = algorithm(X509_get0_pubkey(x), arena, &c->bits);
	}
	pki_certs_free(certs);
	ERR_clear_error();
	return (int)count;
}

static void fill_public(const EVP_PKEY *key, struct arena *arena, struct pki_public *out)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	char hex[65] = "";

	if (n > 0)
		pki_sha256_hex(der, (size_t)n, hex);
	snprintf(out->pin, sizeof(out->pin), "sha256:%s", hex);
	out->algorithm = algorithm(key, arena, &out->bits);
	OPENSSL_free(der);
}

/* The next block of that label; NULL: there is none, or it is broken, as OpenSSL's error queue says. */
static EVP_PKEY *next_public(BIO *bio)
{
	char *label = NULL, *header = NULL;
	unsigned char *data = NULL;
	EVP_PKEY *key = NULL;
	long len;

	for (bool found = false; !found && PEM_read_bio(bio, &label, &header, &data, &len);) {
		const unsigned char *p = data;

		found = strcmp(label, PEM_STRING_PUBLIC) == 0;
		if (found)
			key = d2i_PUBKEY(NULL, &p, len);
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	return key;
}

int pki_publics_read(const char *pem, size_t len, size_t max, struct arena *arena, struct pki_public **out,
	size_t *left_out, struct error *err)
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	size_t count = 0;
	EVP_PKEY *key;

	ERR_clear_error();
	*out = arena_alloc(arena, max * sizeof(**out));
	*left_out = 0;
	while (bio && (key = next_public(bio))) {
		if (count < max)
			fill_public(key, arena, &(*out)[count++]);
		else
			++*left_out;
		EVP_PKEY_free(key);
	}
	BIO_free(bio);
	/* the end of the text shows as "no start line" */
	if (!count || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return pki_error(err, "no readable public key");
	ERR_clear_error();
	return (int)count;
}

int pki_publics_besides(const char *pem, size_t len, EVP_PKEY *key, struct secret *out, bool *same, struct error *err)
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	struct str all = STR_INIT;
	EVP_PKEY *one;
	int rc = 0, count = 0;

	*same = false;
	ERR_clear_error();
	for (; rc == 0 && bio && (one = next_public(bio)); count++) {
		struct secret text = { 0 };
		bool right = EVP_PKEY_eq(one, key) == 1;

		*same = *same || right;
		if (!right)
			rc = pki_public_to_pem(one, &text, err);
		if (text.text && !strstr(all.buf, text.text))
			str_add(&all, text.text);
		secret_release(&text);
		EVP_PKEY_free(one);
	}
	BIO_free(bio);
	/* as above; kinds that cannot be compared are complained of, too */
	if (rc == 0 && (!count || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
		rc = pki_error(err, "no readable public key");
	ERR_clear_error();
	secret_release(out);
	if (rc == 0 && all.len)
		secret_set(out, all.buf, all.len);
	str_release(&all);
	return rc;
}

X509_REQ *pki_request_from_pem(const char *pem, size_t len, struct error *err)
{
	BIO *bio = len <= REQUEST_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	X509_REQ *req, *more;
	bool fits = false;

	ERR_clear_error();
	req = bio ? PEM_read_bio_X509_REQ(bio, NULL, pki_no_passphrase, NULL) : NULL;
	more = req ? PEM_read_bio_X509_REQ(bio, NULL, pki_no_passphrase, NULL) : NULL;
	fits = req && !more && X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) == 1;
	X509_REQ_free(more);
	BIO_free(bio);
	if (!fits) {
		X509_REQ_free(req);
		ERR_clear_error();
		error_set(err, ERROR_PKI, "it is not one request, signed by its own key");
		return NULL;
	}
	ERR_clear_error();
	return req;
}

void pki_request_fill(X509_REQ *req, struct arena *arena, struct pki_request *out)
{
	const X509_NAME *subject = X509_REQ_get_subject_name(req);
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(req);
	GENERAL_NAMES *names = extensions ? X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL) : NULL;
	int cn = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	*out = (struct pki_request){ .cn = cn < 0 ? "" : entry(arena, subject, cn) };
	out->org_count = read_orgs(subject, arena, out->orgs);
	out->more = X509_NAME_entry_count(subject) != (int)out->org_count + (cn >= 0);
	out->san_count = read_names(names, arena, &out->sans, &out->sans_left_out);
	out->algorithm = algorithm(X509_REQ_get0_pubkey(req), arena, &out->bits);
	GENERAL_NAMES_free(names);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	ERR_clear_error();
}
