/*
 * The store: seven files with kubeadm's names, so that it can be read, compared and backed up with any tool. How it is
 * written is in store_write.c.
 */
#include "pki/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES PKI_STORED
#define CA_DAYS 3650
#define CA_BACKDATE_S 3600

/* The certificates are the even ones, each followed by its key; sa.key stands alone at the end. */
bool pki_stored_key(int file)
{
	return file % 2 == 1 || file == PKI_SA_KEY;
}

enum pki_store_state pki_store_state(const char *dir)
{
	int there = 0;

	for (int i = 0; i < FILES; i++) {
		char *path = xasprintf("%s/%s", dir, pki_shared[i].file);

		there += access(path, F_OK) == 0;
		free(path);
	}
	return there == 0 ? PKI_STORE_NONE : there < FILES ? PKI_STORE_PARTIAL : PKI_STORE_COMPLETE;
}

bool pki_store_encrypted(const char *dir)
{
	bool encrypted = false;

	for (int i = 0; i < FILES && !encrypted; i++) {
		char *path = xasprintf("%s/%s", dir, pki_shared[i].file);
		struct str text = STR_INIT;

		if (pki_stored_key(i) && file_read(path, PKI_STORE_FILE_MAX, &text, NULL) == 0)
			encrypted = strstr(text.buf, "ENCRYPTED") != NULL;
		str_wipe(&text);
		free(path);
	}
	return encrypted;
}

void pki_store_free(struct pki_store *s)
{
	if (!s)
		return;
	for (int i = 0; i < PKI_CA_COUNT; i++)
		pki_pair_release(&s->ca[i]);
	EVP_PKEY_free(s->sa);
	for (size_t i = 0; i < sizeof(s->pem) / sizeof(s->pem[0]); i++)
		secret_release(&s->pem[i]);
	free(s);
}

const char *pki_store_pem(const struct pki_store *s, enum pki_pem which)
{
	return s->pem[which].text;
}

void pki_store_pin(const struct pki_store *s, char *out, size_t size)
{
	pki_pin(s->ca[PKI_CA_CLUSTER].cert, out, size);
}

/* Keys and the public half, from what was made or loaded. */
static int fill_pem(struct pki_store *s, struct error *err)
{
	for (int i = 0; i < PKI_CA_COUNT; i++)
		if (pki_key_to_pem(s->ca[i].key, NULL, &s->pem[2 * i + 1], err))
			return -1;
	return pki_key_to_pem(s->sa, NULL, &s->pem[PKI_SA_KEY], err) ||
			       pki_public_to_pem(s->sa, &s->pem[PKI_SA_PUB], err)
		       ? -1
		       : 0;
}

/* ---- checking ----------------------------------------------------------------------------------------------------- */

static int check_dates(X509 *cert, const char *name, struct error *err)
{
	int64_t now = clock_wall_ms() / 1000, from = pki_time(X509_get0_notBefore(cert)),
		to = pki_time(X509_get0_notAfter(cert));
	char when[32];

	clock_rfc3339((now < from ? from : to) * 1000, when, sizeof(when));
	if (now < from) {
		error_set(err, ERROR_PKI, "the CA in '%s' is valid only from %s on", name, when);
		return error_hint(err, "the clock of this machine is wrong");
	}
	if (now > to) {
		error_set(err, ERROR_PKI, "the CA in '%s' has expired at %s", name, when);
		return error_hint(err, "is the clock of this machine right? if so, the CA must be replaced by hand");
	}
	return 0;
}

static int check_ca(const struct pki_pair *ca, const char *cert_name, const char *key_name, struct error *err)
{
	if (X509_check_ca(ca->cert) != 1)
		return error_set(err, ERROR_PKI, "the certificate in '%s' is not that of a CA", cert_name);
	if (check_dates(ca->cert, cert_name, err))
		return -1;
	if (!X509_check_private_key(ca->cert, ca->key)) {
		/* OpenSSL leaves its own complaint in the queue */
		ERR_clear_error();
		error_set(
			err, ERROR_PKI, "the key in '%s' does not match the certificate in '%s'", key_name, cert_name);
		return error_hint(err, "restore the two files that belong together");
	}
	return 0;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/* Takes the seven texts; names are for messages. Bundles of CAs are kept whole, the first certificate is the one that signs. */
static struct pki_store *load(const struct secret text[FILES], const char *const names[FILES],
	const struct secret *passphrase, struct error *err)
{
	struct pki_store *s = xcalloc(1, sizeof(*s));

	for (int i = 0; i < PKI_CA_COUNT; i++) {
		int crt = 2 * i, key = crt + 1;
		STACK_OF(X509) *certs = pki_certs_from_pem(text[crt].text, text[crt].len, names[crt], err);
		int rc = certs ? pki_certs_to_pem(certs, &s->pem[crt], err) : -1;

		if (rc == 0)
			s->ca[i].cert = sk_X509_shift(certs);
		pki_certs_free(certs);
		if (rc)
			goto fail;
		s->ca[i].key = pki_key_from_pem(text[key].text, text[key].len, names[key], passphrase, err);
		if (!s->ca[i].key || check_ca(&s->ca[i], names[crt], names[key], err))
			goto fail;
	}
	s->sa = pki_key_from_pem(text[PKI_SA_KEY].text, text[PKI_SA_KEY].len, names[PKI_SA_KEY], passphrase, err);
	if (s->sa && fill_pem(s, err) == 0)
		return s;
fail:
	pki_store_free(s);
	return NULL;
}

static int read_one(const char *path, bool key, struct secret *out, struct error *err)
{
	struct str text = STR_INIT;
	struct stat st;
	int rc;

	if (key && stat(path, &st) == 0 && (st.st_mode & 0077)) {
		error_set(err, ERROR_PKI, "the key file '%s' has mode %04o: others can read or change it", path,
			(unsigned)st.st_mode & 07777);
		return error_hint(err, "run chmod 600 '%s', and consider who may have read it", path);
	}
	rc = file_read(path, PKI_STORE_FILE_MAX, &text, err);
	if (rc == 0)
		secret_set(out, text.buf, text.len);
	str_wipe(&text);
	return rc;
}

static int refuse_incomplete(const char *dir, struct error *err)
{
	enum pki_store_state state = pki_store_state(dir);
	struct str missing = STR_INIT;

	if (state == PKI_STORE_COMPLETE)
		return 0;
	if (state == PKI_STORE_NONE) {
		error_set(err, ERROR_PKI, "no key store in '%s'", dir);
		return error_hint(err, "pki.store in the inventory names its folder");
	}
	for (int i = 0; i < FILES; i++) {
		char *path = xasprintf("%s/%s", dir, pki_shared[i].file);

		if (access(path, F_OK))
			str_addf(&missing, "%s%s", missing.len ? ", " : "", pki_shared[i].file);
		free(path);
	}
	error_set(err, ERROR_PKI, "the key store in '%s' is incomplete: %s missing", dir, missing.buf);
	str_release(&missing);
	return error_hint(
		err, "restore the files from a copy; move the folder away only if no cluster was made with it");
}

struct pki_store *pki_store_open(const char *dir, const struct secret *passphrase, struct error *err)
{
	struct secret text[FILES] = { { 0 } };
	char *names[FILES] = { 0 };
	struct pki_store *s = NULL;
	int rc = refuse_incomplete(dir, err);

	for (int i = 0; rc == 0 && i < FILES; i++) {
		names[i] = xasprintf("%s/%s", dir, pki_shared[i].file);
		rc = read_one(names[i], pki_stored_key(i), &text[i], err);
	}
	if (rc == 0)
		s = load(text, (const char *const *)names, passphrase, err);
	for (int i = 0; i < FILES; i++) {
		secret_release(&text[i]);
		free(names[i]);
	}
	return s;
}

/* ---- making ------------------------------------------------------------------------------------------------------- */

static int make_ca(struct pki_store *s, int which, enum pki_key_type type, struct error *err)
{
	static const char *const names[PKI_CA_COUNT] = {
		[PKI_CA_CLUSTER] = "kubernetes", [PKI_CA_ETCD] = "etcd-ca", [PKI_CA_FRONT_PROXY] = "front-proxy-ca"
	};
	int64_t now = clock_wall_ms() / 1000;
	struct pki_spec spec = { .cn = names[which],
		.ca = true,
		.sans = &names[which],
		.san_count = 1,
		.not_before = now - CA_BACKDATE_S,
		.not_after = now + CA_DAYS * INT64_C(86400) };

	s->ca[which].key = pki_key_make(type, err);
	s->ca[which].cert = s->ca[which].key ? pki_cert_make(&spec, s->ca[which].key, NULL, err) : NULL;
	if (!s->ca[which].cert || check_ca(&s->ca[which], spec.cn, spec.cn, err))
		return -1;
	return pki_cert_to_pem(s->ca[which].cert, &s->pem[2 * which], err);
}

struct pki_store *pki_store_create(const char *dir, enum pki_key_type type, enum pki_key_type sa_type,
	const struct secret *passphrase, struct error *err)
{
	struct pki_store *s = xcalloc(1, sizeof(*s));
	int rc = 0;

	for (int i = 0; rc == 0 && i < PKI_CA_COUNT; i++)
		rc = make_ca(s, i, type, err);
	if (rc == 0) {
		s->sa = pki_key_make(sa_type, err);
		rc = s->sa && fill_pem(s, err) == 0 ? pki_store_save(s, dir, passphrase, err) : -1;
	}
	if (rc == 0)
		return s;
	pki_store_free(s);
	return NULL;
}

struct pki_store *pki_store_parse(const char *const pem[PKI_STORED], struct error *err)
{
	struct secret text[FILES] = { { 0 } };
	const char *names[FILES];
	struct pki_store *s;

	for (int i = 0; i < FILES; i++) {
		names[i] = pki_shared[i].file;
		secret_set(&text[i], pem[i], strlen(pem[i]));
	}
	s = load(text, names, NULL, err);
	for (int i = 0; i < FILES; i++)
		secret_release(&text[i]);
	return s;
}

bool pki_store_same(const struct pki_store *a, const struct pki_store *b)
{
	for (int i = 0; i < FILES; i++)
		if (a->pem[i].len != b->pem[i].len || memcmp(a->pem[i].text, b->pem[i].text, a->pem[i].len) != 0)
			return false;
	return true;
}

struct pki_store *pki_store_import(
	const char *dir, const char *const pem[PKI_STORED], const struct secret *passphrase, struct error *err)
{
	struct pki_store *s = pki_store_parse(pem, err);

	if (s && pki_store_save(s, dir, passphrase, err)) {
		pki_store_free(s);
		s = NULL;
	}
	return s;
}
