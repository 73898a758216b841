/*
 * The store: seven files with kubeadm's names, and the key of an issuer that comes or goes, so that it can be read, compared and backed up with any tool. How it is
 * written is in store_write.c.
 */
#include "pki/private.h"
#include "pki/subordinate.h"

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

#define CA_DAYS 3650
#define CA_BACKDATE_S 3600

const char *const pki_ca_names[PKI_CA_COUNT] = {
	[PKI_CA_CLUSTER] = "kubernetes", [PKI_CA_ETCD] = "etcd-ca", [PKI_CA_FRONT_PROXY] = "front-proxy-ca"
};

/* The certificates are the even ones, each followed by its key; sa.key stands alone at the end, and then come keys alone, but for the last. */
bool pki_stored_key(int file)
{
	return file != PKI_STORE_PUBLICS && (file % 2 == 1 || file >= PKI_SA_KEY);
}

const char *pki_stored_name(int file)
{
	static const char *const others[] = { "ca.next.key", "ca.old.key", "etcd/ca.next.key", "etcd/ca.old.key",
		"front-proxy-ca.next.key", "front-proxy-ca.old.key", "sa.next.key", "sa.old.key", "secrets.key",
		"secrets.old.key", "sa.pub" };

	return file < PKI_STORED ? pki_shared[file].file : others[file - PKI_STORED];
}

int pki_stored_other(int issuer, enum pki_phase phase)
{
	return phase == PKI_PHASE_ONE ? -1 : PKI_STORED + 2 * issuer + (phase == PKI_PHASE_REISSUED);
}

bool pki_stored_there(const char *dir, int file)
{
	char *path = xasprintf("%s/%s", dir, pki_stored_name(file));
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

enum pki_store_state pki_store_state(const char *dir)
{
	int there = 0;

	for (int i = 0; i < PKI_STORED; i++)
		there += pki_stored_there(dir, i);
	return there == 0 ? PKI_STORE_NONE : there < PKI_STORED ? PKI_STORE_PARTIAL : PKI_STORE_COMPLETE;
}

enum pki_phase pki_store_phase_at(const char *dir, enum pki_issuer issuer)
{
	return pki_stored_there(dir, pki_stored_other((int)issuer, PKI_PHASE_BOTH))       ? PKI_PHASE_BOTH
	       : pki_stored_there(dir, pki_stored_other((int)issuer, PKI_PHASE_REISSUED)) ? PKI_PHASE_REISSUED
											  : PKI_PHASE_ONE;
}

bool pki_store_secrets_at(const char *dir)
{
	return pki_stored_there(dir, PKI_STORE_SECRETS);
}

bool pki_store_encrypted(const char *dir)
{
	bool encrypted = false;

	for (int i = 0; i < PKI_STORE_FILES && !encrypted; i++) {
		char *path = xasprintf("%s/%s", dir, pki_stored_name(i));
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
	for (int i = 0; i < PKI_ROTATED; i++) {
		pki_pair_release(&s->other[i]);
		secret_release(&s->other_key[i]);
	}
	EVP_PKEY_free(s->sa);
	for (int i = 0; i < PKI_SECRETS_KEYS; i++)
		secret_release(&s->secrets_pem[i]);
	secret_wipe(s->secrets, sizeof(s->secrets));
	secret_release(&s->more_publics);
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

/* That of sa.key comes first: kubeadm takes the first one for its other half. */
static int fill_publics(struct pki_store *s, struct error *err)
{
	struct secret own = { 0 }, other = { 0 };
	struct str all = STR_INIT;
	EVP_PKEY *second = s->other[PKI_ISSUER_TOKENS].key;
	int rc = pki_public_to_pem(s->sa, &own, err);

	if (rc == 0 && second)
		rc = pki_public_to_pem(second, &other, err);
	if (rc == 0) {
		str_addf(&all, "%s%s%s", own.text, other.text ? other.text : "",
			s->more_publics.text ? s->more_publics.text : "");
		secret_set(&s->pem[PKI_SA_PUB], all.buf, all.len);
	}
	str_release(&all);
	secret_release(&own);
	secret_release(&other);
	return rc;
}

int pki_store_fill(struct pki_store *s, struct error *err)
{
	for (int i = 0; i < PKI_CA_COUNT; i++)
		if (pki_key_to_pem(s->ca[i].key, NULL, &s->pem[2 * i + 1], err))
			return -1;
	for (int i = 0; i < PKI_ROTATED; i++)
		if (s->other[i].key && pki_key_to_pem(s->other[i].key, NULL, &s->other_key[i], err))
			return -1;
	return pki_key_to_pem(s->sa, NULL, &s->pem[PKI_SA_KEY], err) || fill_publics(s, err) ? -1 : 0;
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

/* dated: its dates count. */
static int check_ca(
	const struct pki_pair *ca, bool dated, const char *cert_name, const char *key_name, struct error *err)
{
	if (X509_check_ca(ca->cert) != 1)
		return error_set(err, ERROR_PKI, "the certificate in '%s' is not that of a CA", cert_name);
	if (dated && check_dates(ca->cert, cert_name, err))
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

/* The texts of a store's files, and what they are called in messages. */
struct files {
	struct secret text[PKI_STORE_FILES];
	char *name[PKI_STORE_FILES];
	const struct secret *passphrase;
};

static void files_release(struct files *f)
{
	for (int i = 0; i < PKI_STORE_FILES; i++) {
		secret_release(&f->text[i]);
		free(f->name[i]);
	}
}

static EVP_PKEY *load_key(const struct files *f, int file, struct error *err)
{
	return pki_key_from_pem(f->text[file].text, f->text[file].len, f->name[file], f->passphrase, err);
}

/* The file of the key of an issuer that comes or goes, and the phase that follows from it; -1: there is none. */
static int find_other(struct pki_store *s, int issuer, const struct files *f)
{
	int next = pki_stored_other(issuer, PKI_PHASE_BOTH), old = pki_stored_other(issuer, PKI_PHASE_REISSUED);

	s->phase[issuer] = f->text[next].text ? PKI_PHASE_BOTH : f->text[old].text ? PKI_PHASE_REISSUED : PKI_PHASE_ONE;
	return pki_stored_other(issuer, s->phase[issuer]);
}

static bool has_both(int issuer, const struct files *f)
{
	return f->text[pki_stored_other(issuer, PKI_PHASE_BOTH)].text &&
	       f->text[pki_stored_other(issuer, PKI_PHASE_REISSUED)].text;
}

/* rest: the certificates after the first one. Without a key of a CA that comes or goes they are only trusted, whatever they are. */
static int load_other(struct pki_store *s, int ca, STACK_OF(X509) * rest, const struct files *f, struct error *err)
{
	int file = find_other(s, ca, f);

	if (file < 0)
		return 0;
	if (has_both(ca, f) || sk_X509_num(rest) != 1) {
		error_set(err, ERROR_PKI, "'%s' does not go with '%s', which must hold two certificates", f->name[file],
			f->name[2 * ca]);
		return error_hint(err, "restore the key store from a backup");
	}
	s->other[ca].cert = sk_X509_shift(rest);
	s->other[ca].key = load_key(f, file, err);
	/* one that goes may have expired, which is why it goes */
	return s->other[ca].key
		       ? check_ca(&s->other[ca], s->phase[ca] == PKI_PHASE_BOTH, f->name[2 * ca], f->name[file], err)
		       : -1;
}

/* Public keys of others are kept, as the certificates of CAs whose keys are not here. */
static int load_publics(struct pki_store *s, const struct files *f, struct error *err)
{
	const struct secret *text = &f->text[PKI_STORE_PUBLICS];
	bool same;

	if (!text->text)
		return 0;
	if (pki_publics_besides(text->text, text->len, s->sa, &s->more_publics, &same, err))
		return error_wrap(err, "'%s'", f->name[PKI_STORE_PUBLICS]);
	if (same && (s->phase[PKI_ISSUER_TOKENS] == PKI_PHASE_ONE || !s->more_publics.text))
		return 0;
	error_set(err, ERROR_PKI, "'%s' does not go with '%s'", f->name[PKI_STORE_PUBLICS],
		f->name[same ? pki_stored_other(PKI_ISSUER_TOKENS, s->phase[PKI_ISSUER_TOKENS]) : PKI_SA_KEY]);
	return error_hint(err, "restore the files that belong together");
}

static int load_tokens(struct pki_store *s, const struct files *f, struct error *err)
{
	int file = find_other(s, PKI_ISSUER_TOKENS, f);
	EVP_PKEY **other = &s->other[PKI_ISSUER_TOKENS].key;

	s->sa = load_key(f, PKI_SA_KEY, err);
	if (!s->sa)
		return -1;
	if (has_both(PKI_ISSUER_TOKENS, f)) {
		error_set(err, ERROR_PKI, "'%s' does not go with '%s'", f->name[file],
			f->name[pki_stored_other(PKI_ISSUER_TOKENS, PKI_PHASE_REISSUED)]);
		return error_hint(err, "restore the key store from a backup");
	}
	if (file >= 0 && !(*other = load_key(f, file, err)))
		return -1;
	return load_publics(s, f, err);
}

/* Bundles of CAs are kept whole, the first certificate is the one that signs. */
static int load_ca(struct pki_store *s, int ca, const struct files *f, struct error *err)
{
	int crt = 2 * ca, key = crt + 1;
	STACK_OF(X509) *certs = pki_certs_from_pem(f->text[crt].text, f->text[crt].len, f->name[crt], err);
	int rc = certs ? pki_certs_to_pem(certs, &s->pem[crt], err) : -1;

	if (rc == 0) {
		s->ca[ca].cert = sk_X509_shift(certs);
		s->ca[ca].key = load_key(f, key, err);
		rc = s->ca[ca].key ? check_ca(&s->ca[ca], true, f->name[crt], f->name[key], err) : -1;
	}
	if (rc == 0)
		rc = load_other(s, ca, certs, f, err);
	pki_certs_free(certs);
	return rc;
}

/* Those that there are; an earlier one alone is of no use to anybody who writes. */
static int load_secrets(struct pki_store *s, const struct files *f, struct error *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < PKI_SECRETS_KEYS; i++) {
		int file = PKI_STORE_SECRETS + i;
		EVP_PKEY *key;

		if (!f->text[file].text)
			continue;
		key = pki_raw_from_pem(f->text[file].text, f->text[file].len, f->name[file], f->passphrase, err);
		rc = key ? pki_raw_read(key, &s->secrets[i], err) : -1;
		if (rc == 0)
			rc = pki_key_to_pem(key, NULL, &s->secrets_pem[i], err);
		EVP_PKEY_free(key);
	}
	if (rc || s->secrets[0].id[0] || !s->secrets[1].id[0])
		return rc;
	error_set(err, ERROR_PKI, "'%s' is there without '%s'", f->name[PKI_STORE_SECRETS + 1],
		f->name[PKI_STORE_SECRETS]);
	return error_hint(err, "restore the key store from a backup");
}

static struct pki_store *load(const struct files *f, struct error *err)
{
	struct pki_store *s = xcalloc(1, sizeof(*s));
	int rc = 0;

	for (int i = 0; rc == 0 && i < PKI_CA_COUNT; i++)
		rc = load_ca(s, i, f, err);
	if (rc == 0)
		rc = load_tokens(s, f, err) || pki_store_fill(s, err) ? -1 : 0;
	if (rc == 0)
		rc = load_secrets(s, f, err);
	if (rc == 0)
		return s;
	pki_store_free(s);
	return NULL;
}

int pki_stored_read(const char *path, bool key, struct secret *out, struct error *err)
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
	if (pki_subordinate_waits(dir)) {
		error_set(err, ERROR_PKI, "the key store in '%s' waits for the certificates of its CAs", dir);
		return error_hint(err,
			"'kubewright certs import FILE…' completes it with what your CA has signed; 'kubewright certs csr' writes the requests again");
	}
	for (int i = 0; i < PKI_STORED; i++)
		if (!pki_stored_there(dir, i))
			str_addf(&missing, "%s%s", missing.len ? ", " : "", pki_shared[i].file);
	error_set(err, ERROR_PKI, "the key store in '%s' is incomplete: %s missing", dir, missing.buf);
	str_release(&missing);
	return error_hint(
		err, "restore the files from a copy; move the folder away only if no cluster was made with it");
}

struct pki_store *pki_store_open(const char *dir, const struct secret *passphrase, struct error *err)
{
	struct files f = { .passphrase = passphrase };
	struct pki_store *s = NULL;
	int rc = refuse_incomplete(dir, err);

	for (int i = 0; rc == 0 && i < PKI_STORE_FILES; i++) {
		f.name[i] = xasprintf("%s/%s", dir, pki_stored_name(i));
		if (i < PKI_STORED || pki_stored_there(dir, i))
			rc = pki_stored_read(f.name[i], pki_stored_key(i), &f.text[i], err);
	}
	if (rc == 0)
		s = load(&f, err);
	files_release(&f);
	return s;
}

/* ---- making ------------------------------------------------------------------------------------------------------- */

bool pki_signed_itself(X509 *cert)
{
	bool own = X509_check_issued(cert, cert) == X509_V_OK;

	ERR_clear_error();
	return own;
}

int pki_ca_check(const struct pki_pair *ca, const char *name, struct error *err)
{
	return check_ca(ca, true, name, name, err);
}

int pki_ca_make(const char *name, enum pki_key_type type, struct pki_pair *out, struct error *err)
{
	int64_t now = clock_wall_ms() / 1000;
	struct pki_spec spec = { .cn = name,
		.ca = true,
		.sans = &name,
		.san_count = 1,
		.not_before = now - CA_BACKDATE_S,
		.not_after = now + CA_DAYS * INT64_C(86400) };

	out->key = pki_key_make(type, err);
	out->cert = out->key ? pki_cert_make(&spec, out->key, NULL, err) : NULL;
	return out->cert ? check_ca(out, true, name, name, err) : -1;
}

static int make_ca(struct pki_store *s, int which, enum pki_key_type type, struct error *err)
{
	if (pki_ca_make(pki_ca_names[which], type, &s->ca[which], err))
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
		rc = s->sa && pki_store_fill(s, err) == 0 ? pki_store_save(s, dir, passphrase, err) : -1;
	}
	if (rc == 0)
		return s;
	pki_store_free(s);
	return NULL;
}

struct pki_store *pki_store_parse_files(const char *const pem[PKI_STORE_FILES], struct error *err)
{
	struct files f = { 0 };
	struct pki_store *s;

	for (int i = 0; i < PKI_STORE_FILES; i++) {
		f.name[i] = xstrdup(pki_stored_name(i));
		if (pem[i])
			secret_set(&f.text[i], pem[i], strlen(pem[i]));
	}
	s = load(&f, err);
	files_release(&f);
	return s;
}

static bool same(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && (!a->len || memcmp(a->text, b->text, a->len) == 0);
}

static bool same_but_secrets(const struct pki_store *a, const struct pki_store *b)
{
	for (int i = 0; i < PKI_STORED; i++)
		if (!same(&a->pem[i], &b->pem[i]))
			return false;
	for (int i = 0; i < PKI_ROTATED; i++)
		if (a->phase[i] != b->phase[i] || !same(&a->other_key[i], &b->other_key[i]))
			return false;
	return true;
}

bool pki_store_secrets_lacks(const struct pki_store *s, const struct pki_store *other)
{
	return !s->secrets[0].id[0] && other->secrets[0].id[0] && same_but_secrets(s, other);
}

bool pki_store_same(const struct pki_store *a, const struct pki_store *b)
{
	if (!same_but_secrets(a, b))
		return false;
	for (int i = 0; i < PKI_SECRETS_KEYS; i++)
		if (strcmp(a->secrets[i].base64, b->secrets[i].base64) != 0)
			return false;
	return true;
}

struct pki_store *pki_store_import(const char *dir, const char *const pem[PKI_SHARED],
	const char *const secrets[PKI_SECRETS_KEYS], const struct secret *passphrase, struct error *err)
{
	const char *all[PKI_STORE_FILES] = { 0 }, *publics = pem[PKI_SA_PUB];
	struct pki_store *s;
	int rc = 0;

	memcpy(all, pem, PKI_STORED * sizeof(*pem));
	/* other forms that an API server reads hold one key alone */
	if (publics && strstr(publics, "-----BEGIN PUBLIC KEY-----"))
		all[PKI_STORE_PUBLICS] = publics;
	s = pki_store_parse_files(all, err);
	for (int i = 0; s && rc == 0 && i < PKI_SECRETS_KEYS; i++)
		if (secrets[i])
			rc = pki_secrets_set(s, i, secrets[i], err);
	if (s && (rc || pki_store_save(s, dir, passphrase, err))) {
		pki_store_free(s);
		s = NULL;
	}
	return s;
}
