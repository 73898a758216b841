/* The keys that API servers encrypt Secrets with, in the store: the present one, and the one before it. */
#include "pki/private.h"

#include "base/error.h"
#include "base/str.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define RAW 32

/* ---- in the form of a private key ----------------------------------------------------------------------------------- */

static int make(struct secret *pem, struct error *err)
{
	unsigned char bytes[RAW];
	EVP_PKEY *key = NULL;
	int rc;

	if (RAND_priv_bytes(bytes, RAW) == 1)
		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, bytes, RAW);
	secret_wipe(bytes, sizeof(bytes));
	if (!key)
		return pki_error(err, "cannot make a key");
	rc = pki_key_to_pem(key, NULL, pem, err);
	EVP_PKEY_free(key);
	return rc;
}

int pki_raw_read(EVP_PKEY *key, struct pki_secrets_key *out, struct error *err)
{
	unsigned char bytes[RAW];
	struct str text = STR_INIT;
	char sum[65];
	size_t n = RAW;

	if (EVP_PKEY_get_raw_private_key(key, bytes, &n) != 1 || n != RAW)
		return pki_error(err, "a key of Secrets cannot be read");
	str_add_base64(&text, bytes, RAW);
	pki_sha256_hex(bytes, RAW, sum);
	snprintf(out->base64, sizeof(out->base64), "%s", text.buf);
	snprintf(out->id, sizeof(out->id), "%.12s", sum);
	str_wipe(&text);
	secret_wipe(bytes, sizeof(bytes));
	return 0;
}

/* ---- in the store -------------------------------------------------------------------------------------------------- */

const struct pki_secrets_key *pki_store_secrets_key(const struct pki_store *s, int which)
{
	return s->secrets[which].id[0] ? &s->secrets[which] : NULL;
}

const struct pki_secrets_key *pki_store_secrets_find(const struct pki_store *s, const char *id)
{
	for (int i = 0; *id && i < PKI_SECRETS_KEYS; i++)
		if (strcmp(s->secrets[i].id, id) == 0)
			return &s->secrets[i];
	return NULL;
}

static void copy(struct secret *to, const struct secret *from)
{
	secret_release(to);
	if (from->len)
		secret_set(to, from->text, from->len);
}

/* The present one becomes the earlier one. */
static int add(struct pki_store *s, struct error *err)
{
	struct pki_secrets_key made = { "", "" };
	struct secret pem = { 0 };
	EVP_PKEY *key = NULL;
	int rc = make(&pem, err);

	if (rc == 0)
		key = pki_raw_from_pem(pem.text, pem.len, pki_stored_name(PKI_STORE_SECRETS), NULL, err);
	rc = key ? pki_raw_read(key, &made, err) : -1;
	EVP_PKEY_free(key);
	if (rc == 0) {
		copy(&s->secrets_pem[1], &s->secrets_pem[0]);
		s->secrets[1] = s->secrets[0];
		copy(&s->secrets_pem[0], &pem);
		s->secrets[0] = made;
	}
	secret_wipe(&made, sizeof(made));
	secret_release(&pem);
	return rc;
}

/* What is to be done with the folder, as long as it is what was opened. */
struct change {
	const struct pki_store *s;
	const char *const *base64; /* keys that it gets; NULL: a new one */
};

int pki_secrets_set(struct pki_store *there, int which, const char *base64, struct error *err)
{
	struct str bytes = STR_INIT;
	EVP_PKEY *key = NULL;
	int rc = -1;

	if (str_add_unbase64(&bytes, base64, strlen(base64)) == 0 && bytes.len == RAW)
		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, (const unsigned char *)bytes.buf, RAW);
	if (key)
		rc = pki_raw_read(key, &there->secrets[which], err) ||
				     pki_key_to_pem(key, NULL, &there->secrets_pem[which], err)
			     ? -1
			     : 0;
	else
		pki_error(err, "what should be a key of Secrets is not one");
	EVP_PKEY_free(key);
	str_wipe(&bytes);
	return rc;
}

static int change(struct pki_store *there, void *ctx, struct error *err)
{
	const struct change *c = ctx;

	if (strcmp(there->secrets[0].id, c->s->secrets[0].id) != 0) {
		error_set(err, ERROR_LOCKED, "another process has changed the key store meanwhile");
		return error_hint(err, "run the same command again");
	}
	if (!c->base64)
		return add(there, err);
	for (int i = 0; i < PKI_SECRETS_KEYS; i++)
		if (c->base64[i] && pki_secrets_set(there, i, c->base64[i], err))
			return -1;
	return 0;
}

static void take(struct pki_store *s, const struct pki_store *from)
{
	for (int i = 0; i < PKI_SECRETS_KEYS; i++) {
		copy(&s->secrets_pem[i], &from->secrets_pem[i]);
		s->secrets[i] = from->secrets[i];
	}
}

static int change_folder(struct pki_store *s, const char *dir, const struct secret *passphrase,
	const char *const *base64, struct error *err)
{
	struct change c = { s, base64 };
	struct pki_store *now;

	if (pki_store_change(dir, passphrase, passphrase, change, &c, err))
		return -1;
	now = pki_store_open(dir, passphrase, err);
	if (!now)
		return -1;
	take(s, now);
	pki_store_free(now);
	return 0;
}

int pki_store_secrets_make(struct pki_store *s, const char *dir, const struct secret *passphrase, struct error *err)
{
	return change_folder(s, dir, passphrase, NULL, err);
}

int pki_store_secrets_give(struct pki_store *s, const char *dir, const struct secret *passphrase,
	const char *const base64[PKI_SECRETS_KEYS], struct error *err)
{
	if (s->secrets[0].id[0] || !base64[0])
		return 0;
	return change_folder(s, dir, passphrase, base64, err);
}
