#include "pki/private.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* scrypt: 16 MiB and five passes, which decrypts on any OpenSSL's default memory limit; about 0.2 s a key. */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 5

int pki_error(struct error *err, const char *fmt, ...)
{
	unsigned long code = ERR_peek_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ERR_clear_error();
	return reason ? error_set(err, ERROR_PKI, "%s: %s", text, reason) : error_set(err, ERROR_PKI, "%s", text);
}

int pki_key_type_parse(const char *word)
{
	static const char *const words[] = {
		[PKI_ECDSA_P256] = "ecdsa-p256",
		[PKI_RSA_2048] = "rsa-2048",
		[PKI_RSA_3072] = "rsa-3072",
		[PKI_RSA_4096] = "rsa-4096",
	};

	for (int i = 0; i < (int)(sizeof(words) / sizeof(words[0])); i++)
		if (word && strcmp(word, words[i]) == 0)
			return i;
	return -1;
}

bool pki_passphrase_given(const struct secret *passphrase)
{
	return passphrase && passphrase->text && passphrase->len;
}

EVP_PKEY *pki_key_make(enum pki_key_type type, struct error *err)
{
	static const size_t bits[] = {
		[PKI_ECDSA_P256] = 256, [PKI_RSA_2048] = 2048, [PKI_RSA_3072] = 3072, [PKI_RSA_4096] = 4096
	};
	EVP_PKEY *key = type == PKI_ECDSA_P256 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
					       : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits[type]);

	if (!key)
		pki_error(err, "cannot make a key");
	return key;
}

/* What a memory BIO holds, as a secret. */
static void take(BIO *bio, struct secret *out)
{
	char *data = NULL;
	long n = BIO_get_mem_data(bio, &data);

	secret_set(out, data, n > 0 ? (size_t)n : 0);
}

static X509_SIG *encrypt(PKCS8_PRIV_KEY_INFO *info, const struct secret *passphrase)
{
	X509_ALGOR *how = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 16, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
	X509_SIG *sealed = how ? PKCS8_set0_pbe(passphrase->text, (int)passphrase->len, info, how) : NULL;

	if (!sealed)
		X509_ALGOR_free(how);
	return sealed;
}

int pki_key_to_pem(EVP_PKEY *key, const struct secret *passphrase, struct secret *out, struct error *err)
{
	BIO *bio;
	PKCS8_PRIV_KEY_INFO *info;
	X509_SIG *sealed = NULL;
	bool ok = false;

	/* a longer one would encrypt, and never open again */
	if (pki_passphrase_given(passphrase) && passphrase->len > PEM_BUFSIZE)
		return error_set(err, ERROR_PKI, "the passphrase is longer than %d bytes", PEM_BUFSIZE);
	bio = BIO_new(BIO_s_secmem());
	info = EVP_PKEY2PKCS8(key);
	if (bio && info && pki_passphrase_given(passphrase)) {
		sealed = encrypt(info, passphrase);
		ok = sealed && PEM_write_bio_PKCS8(bio, sealed);
	} else if (bio && info) {
		ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info);
	}
	if (ok)
		take(bio, out);
	else
		pki_error(err, "cannot write a key");
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(info);
	BIO_free(bio);
	return ok ? 0 : -1;
}

int pki_public_to_pem(EVP_PKEY *key, struct secret *out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = bio && PEM_write_bio_PUBKEY(bio, key);

	if (ok)
		take(bio, out);
	else
		pki_error(err, "cannot write a public key");
	BIO_free(bio);
	return ok ? 0 : -1;
}

struct answer {
	const struct secret *passphrase;
	bool asked;
};

int pki_no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf, (void)size, (void)writing, (void)ctx;
	return -1;
}

static int give_passphrase(char *buf, int size, int writing, void *ctx)
{
	struct answer *a = ctx;

	(void)writing;
	a->asked = true;
	if (!pki_passphrase_given(a->passphrase) || a->passphrase->len > (size_t)size)
		return -1;
	memcpy(buf, a->passphrase->text, a->passphrase->len);
	return (int)a->passphrase->len;
}

static EVP_PKEY *read_key(
	const char *pem, size_t len, const char *name, const struct secret *passphrase, struct error *err)
{
	struct answer answer = { passphrase, false };
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	EVP_PKEY *key = NULL;

	ERR_clear_error();
	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &answer);
	BIO_free(bio);
	if (!key && answer.asked) {
		ERR_clear_error();
		if (pki_passphrase_given(passphrase)) {
			error_refuse(
				err, ERROR_PKI, REFUSAL_PASSPHRASE, name, "the passphrase does not open '%s'", name);
			error_hint(err, "enter it again, or correct pki.passphrase in the inventory");
		} else {
			error_set(err, ERROR_PKI, "'%s' is encrypted", name);
			error_hint(err,
				"set pki.passphrase in the inventory to 'ask' or to an environment variable's name");
		}
		return NULL;
	}
	if (!key)
		pki_error(err, "'%s' contains no readable private key", name);
	ERR_clear_error();
	return key;
}

EVP_PKEY *pki_key_from_pem(
	const char *pem, size_t len, const char *name, const struct secret *passphrase, struct error *err)
{
	EVP_PKEY *key = read_key(pem, len, name, passphrase, err);
	int type = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_RSA;

	if (type == EVP_PKEY_RSA || type == EVP_PKEY_EC)
		return key;
	error_set(err, ERROR_PKI, "'%s' is neither an RSA nor an ECDSA key", name);
	error_hint(err, "kubeadm and the API server support no other types");
	EVP_PKEY_free(key);
	return NULL;
}

EVP_PKEY *pki_raw_from_pem(
	const char *pem, size_t len, const char *name, const struct secret *passphrase, struct error *err)
{
	EVP_PKEY *key = read_key(pem, len, name, passphrase, err);

	if (!key || EVP_PKEY_get_base_id(key) == EVP_PKEY_X25519)
		return key;
	error_set(err, ERROR_PKI, "'%s' is not a key that Secrets are encrypted with", name);
	error_hint(err, "restore the key store from a backup");
	EVP_PKEY_free(key);
	return NULL;
}

void pki_pair_release(struct pki_pair *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	memset(p, 0, sizeof(*p));
}

void pki_sha256_hex(const void *data, size_t len, char out[65])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (!EVP_Digest(data, len, sum, &n, EVP_sha256(), NULL))
		memset(sum, 0, sizeof(sum));
	for (int i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

/* EVP_MD_CTX under a name of ours: no header of OpenSSL's leaves this folder. */
struct pki_sha256 *pki_sha256_new(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		die_oom();
	return (struct pki_sha256 *)ctx;
}

void pki_sha256_add(struct pki_sha256 *s, const void *data, size_t len)
{
	EVP_DigestUpdate((EVP_MD_CTX *)s, data, len);
}

void pki_sha256_end(struct pki_sha256 *s, unsigned char out[32])
{
	EVP_DigestFinal_ex((EVP_MD_CTX *)s, out, NULL);
	EVP_MD_CTX_free((EVP_MD_CTX *)s);
}

const char *pki_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
