/* CAs that another CA signs: keys without certificates, requests, and what comes back. */
#include "pki/subordinate.h"

#include "pki/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

/* Certificates that are looked at, and how many may stand above a CA. */
#define CERTS_MAX 64
#define ABOVE_MAX 10

bool pki_subordinate_waits(const char *dir)
{
	/* what more there is has been in use: its certificates are lost, and are not to come */
	for (int i = 0; i < PKI_STORE_FILES; i++)
		if (pki_stored_there(dir, i) != (i < PKI_STORED && pki_stored_key(i)))
			return false;
	return true;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------ */

int pki_subordinate_begin(const char *dir, enum pki_key_type type, enum pki_key_type sa_type,
	const struct secret *passphrase, struct error *err)
{
	struct pki_store *s = xcalloc(1, sizeof(*s));
	int rc = 0;

	for (int i = 0; rc == 0 && i < PKI_CA_COUNT; i++) {
		s->ca[i].key = pki_key_make(type, err);
		rc = s->ca[i].key ? 0 : -1;
	}
	if (rc == 0) {
		s->sa = pki_key_make(sa_type, err);
		rc = s->sa && pki_store_fill(s, err) == 0 ? pki_store_save(s, dir, passphrase, err) : -1;
	}
	pki_store_free(s);
	return rc;
}

static EVP_PKEY *open_key(const char *dir, int file, const struct secret *passphrase, struct error *err)
{
	char *path = xasprintf("%s/%s", dir, pki_stored_name(file));
	struct secret text = { 0 };
	EVP_PKEY *key = NULL;

	if (pki_stored_read(path, true, &text, err) == 0)
		key = pki_key_from_pem(text.text, text.len, path, passphrase, err);
	secret_release(&text);
	free(path);
	return key;
}

/* The keys alone, with nothing that they belong to. */
static struct pki_store *open_keys(const char *dir, const struct secret *passphrase, struct error *err)
{
	struct pki_store *s = xcalloc(1, sizeof(*s));
	int rc = 0;

	for (int i = 0; rc == 0 && i < PKI_CA_COUNT; i++) {
		s->ca[i].key = open_key(dir, 2 * i + 1, passphrase, err);
		rc = s->ca[i].key ? 0 : -1;
	}
	if (rc == 0) {
		s->sa = open_key(dir, PKI_SA_KEY, passphrase, err);
		rc = s->sa ? pki_store_fill(s, err) : -1;
	}
	if (rc == 0)
		return s;
	pki_store_free(s);
	return NULL;
}

/* Under the lock of the store: another process may have completed it since it was looked at. */
static struct pki_store *open_waiting(const char *dir, const struct secret *passphrase, struct error *err)
{
	if (pki_subordinate_waits(dir))
		return open_keys(dir, passphrase, err);
	error_set(err, ERROR_LOCKED, "another process has changed the key store meanwhile");
	error_hint(err, "run the same command again");
	return NULL;
}

/* One that waits, or whose CAs others have signed. */
static struct pki_store *open_store(const char *dir, const struct secret *passphrase, struct error *err)
{
	struct pki_store *s;
	bool own = true;

	if (pki_subordinate_waits(dir))
		return open_keys(dir, passphrase, err);
	s = pki_store_open(dir, passphrase, err);
	for (int i = 0; s && i < PKI_CA_COUNT; i++)
		own = own && pki_signed_itself(s->ca[i].cert);
	if (!s || !own)
		return s;
	pki_store_free(s);
	error_set(err, ERROR_PKI, "the CAs in '%s' were made here, and sign themselves", dir);
	error_hint(err, "another CA signs those of a new cluster alone: nothing was changed");
	return NULL;
}

/* ---- requests -------------------------------------------------------------------------------------------------------- */

static bool add_entry(X509_NAME *name, int nid, const char *text)
{
	return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool add_extension(STACK_OF(X509_EXTENSION) * list, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (e && sk_X509_EXTENSION_push(list, e))
		return true;
	X509_EXTENSION_free(e);
	return false;
}

static int make_request(EVP_PKEY *key, const char *cn, const char *org, struct secret *out, struct error *err)
{
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	long n = 0;
	bool ok = req && list && bio && add_entry(X509_REQ_get_subject_name(req), NID_organizationName, org) &&
		  add_entry(X509_REQ_get_subject_name(req), NID_commonName, cn) &&
		  add_extension(list, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
		  add_extension(list, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign") &&
		  X509_REQ_add_extensions(req, list) && X509_REQ_set_pubkey(req, key) &&
		  X509_REQ_sign(req, key, EVP_sha256()) > 0 && PEM_write_bio_X509_REQ(bio, req);

	if (ok)
		n = BIO_get_mem_data(bio, &data);
	if (ok)
		secret_set(out, data, n > 0 ? (size_t)n : 0);
	else
		pki_error(err, "cannot make a request for the CA %s of '%s'", cn, org);
	BIO_free(bio);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(req);
	return ok ? 0 : -1;
}

int pki_subordinate_requests(const char *dir, const struct secret *passphrase, const char *org,
	struct secret out[PKI_ISSUERS], struct error *err)
{
	struct pki_store *s = open_store(dir, passphrase, err);
	int rc = s ? 0 : -1;

	for (int i = 0; rc == 0 && i < PKI_CA_COUNT; i++)
		rc = make_request(s->ca[i].key, pki_ca_names[i], org, &out[i], err);
	pki_store_free(s);
	return rc;
}

/* ---- what was signed --------------------------------------------------------------------------------------------- */

static void name_of(X509 *cert, char *out, size_t size)
{
	struct pki_cert_info info;

	pki_cert_fill(cert, &info);
	str_copy_line(out, size, info.subject_cn[0] ? info.subject_cn : "(no CN)");
}

static int read_files(const struct pki_signed *files, size_t count, STACK_OF(X509) * all, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		STACK_OF(X509) *list = pki_certs_from_pem(files[i].pem, files[i].len, files[i].name, err);

		if (!list)
			return error_hint(err,
				"files are PEM: 'openssl x509 -inform DER' makes it of a .cer or .der, 'openssl pkcs7 -print_certs' of a .p7b; nothing was changed");
		while (sk_X509_num(list) && sk_X509_num(all) < CERTS_MAX)
			sk_X509_push(all, sk_X509_shift(list));
		if (sk_X509_num(list)) {
			pki_certs_free(list);
			return error_set(err, ERROR_PKI, "these files hold more than %d certificates", CERTS_MAX);
		}
		pki_certs_free(list);
	}
	return 0;
}

/* The certificate of a key, lent. */
static X509 *find_own(STACK_OF(X509) * all, EVP_PKEY *key, const char *ca, struct error *err)
{
	X509 *found = NULL;
	char name[128] = "";

	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *cert = sk_X509_value(all, i);

		if (EVP_PKEY_eq(X509_get0_pubkey(cert), key) != 1) {
			name_of(cert, name, sizeof(name));
		} else if (found && X509_cmp(found, cert) != 0) {
			error_set(err, ERROR_PKI, "these files hold two certificates for the key of the CA %s", ca);
			error_hint(err, "give only the files that belong together; nothing was changed");
			return NULL;
		} else {
			found = cert;
		}
	}
	ERR_clear_error();
	if (found)
		return found;
	error_set(err, ERROR_PKI, "no certificate for the key of the CA %s is among these files%s%.100s%s", ca,
		*name ? "; another one, of '" : "", name, *name ? "', is for another key" : "");
	error_hint(err, "was it signed by the request that 'kubewright certs csr' wrote last? nothing was changed");
	return NULL;
}

static int check_own(X509 *cert, EVP_PKEY *key, const char *ca, struct error *err)
{
	struct pki_pair pair = { cert, key };

	/* of such a one OpenSSL says that it is none */
	if (X509_get_extension_flags(cert) & EXFLAG_CA && !(X509_get_key_usage(cert) & KU_KEY_CERT_SIGN)) {
		error_set(err, ERROR_PKI,
			"the certificate of the CA %s may not sign certificates: its key usage is another", ca);
		return error_hint(err, "it needs the key usage keyCertSign (certificate sign); nothing was changed");
	}
	if (pki_ca_check(&pair, ca, err) == 0)
		return 0;
	return error_hint(err,
		"it must be the certificate of a CA, and in its time; is the clock of this machine right? nothing was changed");
}

/* Of two certificates of one key: one that has not expired, then one that signed itself. */
static int rank(X509 *cert)
{
	int64_t now = clock_wall_ms() / 1000;
	bool in_time = now >= pki_time(X509_get0_notBefore(cert)) && now <= pki_time(X509_get0_notAfter(cert));

	return 2 * in_time + pki_signed_itself(cert);
}

/* Who signed it, among all; lent, or NULL. A company's file may hold a root as it was, and as another one signed it. */
static X509 *issuer_of(STACK_OF(X509) * all, X509 *cert)
{
	X509 *found = NULL;

	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *other = sk_X509_value(all, i);

		if (X509_check_issued(other, cert) == X509_V_OK && X509_verify(cert, X509_get0_pubkey(other)) == 1 &&
			(!found || rank(other) > rank(found)))
			found = other;
	}
	ERR_clear_error();
	return found;
}

/* The one that signed itself at the end of a chain, lent. */
static X509 *find_root(STACK_OF(X509) * all, X509 *cert, const char *ca, struct pki_above *above, struct error *err)
{
	struct pki_cert_info info;

	above->not_after = INT64_MAX;
	for (int i = 0; i < ABOVE_MAX; i++) {
		X509 *issuer = issuer_of(all, cert);

		pki_cert_fill(cert, &info);
		if (info.not_after < above->not_after)
			above->not_after = info.not_after;
		if (issuer == cert || (issuer && X509_cmp(issuer, cert) == 0)) {
			name_of(cert, above->root, sizeof(above->root));
			return cert;
		}
		if (!issuer)
			break;
		cert = issuer;
	}
	error_set(err, ERROR_PKI, "the chain of the CA %s ends at '%s': the certificate of its issuer '%s' is not here",
		ca, info.subject_cn, info.issuer_cn);
	error_hint(err,
		"give the certificates of all CAs above it too, up to one that signed itself; nothing was changed");
	return NULL;
}

/* Dates, lengths of paths, constraints of names and uses: by something that this CA has signed. */
static int verify_path(STACK_OF(X509) * all, X509 *leaf, X509 *root, int purpose, struct error *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc = -1;

	if (!store || !ctx || !X509_STORE_add_cert(store, root) || !X509_STORE_CTX_init(ctx, store, leaf, all)) {
		pki_error(err, "cannot verify a certificate");
	} else {
		X509_STORE_CTX_set_purpose(ctx, purpose);
		rc = X509_verify_cert(ctx) == 1 ? 0 : -1;
	}
	if (rc && store && ctx) {
		char name[128] = "";
		X509 *at = X509_STORE_CTX_get_current_cert(ctx);

		if (at && at != leaf)
			name_of(at, name, sizeof(name));
		error_set(err, ERROR_PKI, "%s%s%s%s", *name ? "'" : "", name, *name ? "': " : "",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	}
	ERR_clear_error();
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return rc;
}

static int verify_ca(STACK_OF(X509) * all, const struct pki_pair *ca, int which, X509 *root, struct error *err)
{
	static const char *const names[] = { "kubernetes", "127.0.0.1" };
	int64_t now = clock_wall_ms() / 1000;
	struct pki_spec spec = { .cn = "kubernetes",
		.server = which != PKI_CA_FRONT_PROXY,
		.client = true,
		.sans = names,
		.san_count = which != PKI_CA_FRONT_PROXY ? 2 : 0,
		.not_before = now - 60,
		.not_after = now + 86400 };
	struct pki_pair leaf = { 0 };
	int rc = pki_leaf_make(&spec, ca, &leaf, err);

	if (rc == 0 && spec.server)
		rc = verify_path(all, leaf.cert, root, X509_PURPOSE_SSL_SERVER, err);
	if (rc == 0)
		rc = verify_path(all, leaf.cert, root, X509_PURPOSE_SSL_CLIENT, err);
	pki_pair_release(&leaf);
	if (rc == 0)
		return 0;
	error_wrap(err, "what the CA %s signs cannot be verified", pki_ca_names[which]);
	return error_hint(err,
		"its certificate, or one above it, forbids what a cluster needs (server and client certificates, of any name), or has expired; nothing was changed");
}

struct found {
	const struct pki_signed *files;
	size_t count;
	struct pki_above *above;
	X509 *cert[PKI_CA_COUNT]; /* the caller's */
};

static int find(const struct pki_store *s, STACK_OF(X509) * all, struct found *f, struct error *err)
{
	for (int i = 0; i < PKI_CA_COUNT; i++) {
		const char *ca = pki_ca_names[i];
		X509 *cert = find_own(all, s->ca[i].key, ca, err), *root;
		struct pki_pair pair = { cert, s->ca[i].key };

		if (!cert || check_own(cert, s->ca[i].key, ca, err))
			return -1;
		root = find_root(all, cert, ca, &f->above[i], err);
		if (!root || verify_ca(all, &pair, i, root, err))
			return -1;
		X509_up_ref(cert);
		f->cert[i] = cert;
	}
	return 0;
}

static int find_all(const struct pki_store *s, struct found *f, struct error *err)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	int rc = all ? read_files(f->files, f->count, all, err) : pki_error(err, "cannot read certificates");

	if (rc == 0)
		rc = find(s, all, f, err);
	pki_certs_free(all);
	return rc;
}

static int take(struct pki_store *s, void *ctx, struct error *err)
{
	struct found *f = ctx;

	if (find_all(s, f, err))
		return -1;
	for (int i = 0; i < PKI_CA_COUNT; i++) {
		s->ca[i].cert = f->cert[i];
		f->cert[i] = NULL;
		if (pki_cert_to_pem(s->ca[i].cert, &s->pem[2 * i], err))
			return -1;
	}
	return 0;
}

/* Of a store that is complete. */
static int compare(const char *dir, const struct secret *passphrase, struct found *f, struct error *err)
{
	struct pki_store *s = open_store(dir, passphrase, err);
	int rc = s ? find_all(s, f, err) : -1;

	for (int i = 0; rc == 0 && i < PKI_CA_COUNT; i++) {
		if (X509_cmp(f->cert[i], s->ca[i].cert) == 0)
			continue;
		rc = error_set(
			err, ERROR_PKI, "the CA %s in '%s' has another certificate already", pki_ca_names[i], dir);
		error_hint(err, "certificates of CAs are taken for a new cluster alone: nothing was changed");
	}
	pki_store_free(s);
	return rc;
}

int pki_subordinate_complete(const char *dir, const struct secret *passphrase, const struct pki_signed *files,
	size_t count, struct pki_above above[PKI_ISSUERS], bool *changed, struct error *err)
{
	struct found f = { .files = files, .count = count, .above = above };
	int rc;

	*changed = pki_subordinate_waits(dir);
	rc = *changed ? pki_store_complete(dir, passphrase, open_waiting, take, &f, err)
		      : compare(dir, passphrase, &f, err);
	for (int i = 0; i < PKI_CA_COUNT; i++)
		X509_free(f.cert[i]);
	return rc;
}
