/* The encrypted file around a backup: backup.h has its form, backup_text.c what is in it. */
#include "pki/backup.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "pki/private.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "kubewright keys\n"
#define VERSION 1
/* N = 2^17: 128 MiB, most of a second; what a file may ask for is a little more of each */
#define LOG_N 17
#define R 8
#define P 1
#define MEMORY_MAX (UINT64_C(256) << 20)
#define P_MAX 16

enum {
	AT_VERSION = 16,
	AT_LOG_N = 17,
	AT_R = 18,
	AT_P = 19,
	AT_SALT = 20,
	AT_CHECK = 52,
	AT_NONCE = 68,
	AT_LENGTH = 80,
	AT_TEXT = 88,
	SALT = 32,
	CHECK = 16,
	NONCE = 12,
	TAG = 16,
	KEY = 32,
};

static uint64_t length_of(const unsigned char *head)
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | head[AT_LENGTH + i];
	return n;
}

/* ---- what needs no passphrase ------------------------------------------------------------------------------------- */

static int check_head(const char *path, const unsigned char *head, size_t len, struct error *err)
{
	unsigned log_n, r, p;

	if (len < AT_VERSION || memcmp(head, MAGIC, AT_VERSION) != 0) {
		error_set(err, ERROR_PKI, "'%s' is not a backup of a cluster's keys", path);
		return error_hint(err, "'kubewright certs backup FILE' makes one");
	}
	if (len < AT_TEXT + TAG) {
		error_set(err, ERROR_PKI, "'%s' is cut short: %zu bytes are less than any backup has", path, len);
		return error_hint(err, "copy it again from where it was made, or use another backup");
	}
	if (head[AT_VERSION] != VERSION) {
		error_set(err, ERROR_PKI, "'%s' is a backup of version %d, and this kubewright reads version %d", path,
			head[AT_VERSION], VERSION);
		return error_hint(err, "use the kubewright that made it, or a newer one");
	}
	log_n = head[AT_LOG_N];
	r = head[AT_R];
	p = head[AT_P];
	if (log_n >= 1 && log_n <= 24 && r >= 1 && p >= 1 && p <= P_MAX && (UINT64_C(128) << log_n) * r <= MEMORY_MAX)
		return 0;
	error_set(err, ERROR_PKI, "'%s' asks for scrypt with N=2^%u, r=%u, p=%u, which kubewright never writes", path,
		log_n, r, p);
	return error_hint(err, "the file was changed; use another copy of it");
}

static int check_frame(const char *path, const struct str *data, struct error *err)
{
	const unsigned char *head = (const unsigned char *)data->buf;
	uint64_t want, is;

	if (check_head(path, head, data->len, err))
		return -1;
	want = length_of(head);
	is = data->len - AT_TEXT - TAG;
	if (want == is)
		return 0;
	if (want > is)
		error_set(err, ERROR_PKI, "'%s' is cut short: its text has %llu of %llu bytes", path,
			(unsigned long long)is, (unsigned long long)want);
	else
		error_set(err, ERROR_PKI, "'%s' was changed: there are %llu bytes behind its end", path,
			(unsigned long long)(is - want));
	return error_hint(err, "copy it again from where it was made, or use another backup");
}

int pki_backup_read(const char *path, struct str *out, struct error *err)
{
	if (file_read(path, AT_TEXT + PKI_BACKUP_TEXT_MAX + TAG, out, err))
		return -1;
	return check_frame(path, out, err);
}

bool pki_backup_is(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[AT_VERSION];
	bool is = fd >= 0 && read(fd, head, sizeof(head)) == sizeof(head) && memcmp(head, MAGIC, sizeof(head)) == 0;

	if (fd >= 0)
		close(fd);
	return is;
}

/* ---- the ciphers -------------------------------------------------------------------------------------------------- */

/* The key, and behind it what shows that it is the right one. */
static int derive(
	const unsigned char *head, const struct secret *passphrase, unsigned char out[KEY + CHECK], struct error *err)
{
	ERR_clear_error();
	if (EVP_PBE_scrypt(passphrase->text, passphrase->len, head + AT_SALT, SALT, UINT64_C(1) << head[AT_LOG_N],
		    head[AT_R], head[AT_P], MEMORY_MAX + (MEMORY_MAX >> 3), out, KEY + CHECK) == 1)
		return 0;
	pki_error(err, "cannot make a key of the passphrase");
	return error_hint(
		err, "that takes up to %llu MiB of memory: is there as much?", (unsigned long long)(MEMORY_MAX >> 20));
}

/* n bytes of from into to, with the tag that is made or must be met. */
static bool cipher(bool encrypt, const unsigned char *key, const unsigned char *head, const unsigned char *from,
	size_t n, unsigned char *to, unsigned char *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int some, rest = 0;
	bool ok = ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, head + AT_NONCE, encrypt) == 1 &&
		  (encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1) &&
		  EVP_CipherUpdate(ctx, NULL, &some, head, AT_TEXT) == 1 &&
		  EVP_CipherUpdate(ctx, to, &some, from, (int)n) == 1 &&
		  EVP_CipherFinal_ex(ctx, to + some, &rest) == 1 &&
		  (!encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1);

	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

/* out: the whole file. */
static int seal(const struct str *text, const struct secret *passphrase, struct str *out, struct error *err)
{
	unsigned char head[AT_TEXT] = MAGIC, key[KEY + CHECK], tag[TAG], *to = xcalloc(text->len + 1, 1);
	int rc = -1;

	head[AT_VERSION] = VERSION;
	head[AT_LOG_N] = LOG_N;
	head[AT_R] = R;
	head[AT_P] = P;
	for (int i = 0; i < 8; i++)
		head[AT_LENGTH + i] = (unsigned char)((uint64_t)text->len >> (56 - 8 * i));
	if (RAND_bytes(head + AT_SALT, SALT) != 1 || RAND_bytes(head + AT_NONCE, NONCE) != 1) {
		pki_error(err, "cannot make random numbers");
	} else if (derive(head, passphrase, key, err) == 0) {
		memcpy(head + AT_CHECK, key + KEY, CHECK);
		rc = cipher(true, key, head, (const unsigned char *)text->buf, text->len, to, tag)
			     ? 0
			     : error_set(err, ERROR_PKI, "cannot encrypt the backup");
	}
	secret_wipe(key, sizeof(key));
	if (rc == 0) {
		str_addn(out, head, AT_TEXT);
		str_addn(out, to, text->len);
		str_addn(out, tag, TAG);
	}
	free(to);
	return rc;
}

/* text: to be wiped. */
static int unseal(
	const char *path, const struct str *data, const struct secret *passphrase, struct str *text, struct error *err)
{
	const unsigned char *head = (const unsigned char *)data->buf;
	size_t n = data->len - AT_TEXT - TAG;
	unsigned char key[KEY + CHECK], tag[TAG], *to;
	int rc = derive(head, passphrase, key, err);

	if (rc == 0 && CRYPTO_memcmp(key + KEY, head + AT_CHECK, CHECK) != 0) {
		rc = error_refuse(err, ERROR_PKI, REFUSAL_PASSPHRASE, path, "the passphrase does not open '%s'", path);
		error_hint(err,
			"enter it again; if it is right, the beginning of the file was changed: use another copy of it");
	}
	if (rc == 0) {
		to = xcalloc(n + 1, 1);
		memcpy(tag, data->buf + AT_TEXT + n, TAG);
		if (cipher(false, key, head, head + AT_TEXT, n, to, tag)) {
			str_addn(text, to, n);
		} else {
			rc = error_set(err, ERROR_PKI, "'%s' was changed or is damaged", path);
			error_hint(err, "nothing of it was used; use another copy of it, or another backup");
		}
		secret_wipe(to, n + 1);
		free(to);
	}
	secret_wipe(key, sizeof(key));
	return rc;
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

/* As it stands on the disk now. */
static int verify(const char *tmp, const struct str *text, const struct secret *passphrase, struct error *err)
{
	struct str data = STR_INIT, read = STR_INIT;
	int rc = pki_backup_read(tmp, &data, err) || unseal(tmp, &data, passphrase, &read, err) ? -1 : 0;

	if (rc == 0 && (read.len != text->len || memcmp(read.buf, text->buf, read.len) != 0))
		rc = error_set(err, ERROR_SYSTEM, "'%s' is not what was written", tmp);
	str_release(&data);
	str_wipe(&read);
	return rc ? error_wrap(err, "the new backup cannot be read back") : 0;
}

int pki_backup_write(
	const struct pki_backup *b, const char *path, bool replace, const struct secret *passphrase, struct error *err)
{
	struct str text = STR_INIT, sealed = STR_INIT;
	char *tmp = NULL;
	int fd = -1, rc = pki_backup_text(b, &text, err) || seal(&text, passphrase, &sealed, err) ? -1 : 0;

	if (rc == 0)
		fd = file_begin(path, 0600, &tmp, err);
	rc = fd < 0 || file_add(fd, path, sealed.buf, sealed.len, err) || verify(tmp, &text, passphrase, err) ? -1 : 0;
	if (rc == 0)
		rc = replace ? file_replace(fd, tmp, path, err) : file_end(fd, tmp, path, err);
	else if (fd >= 0)
		file_drop(fd, tmp);
	str_wipe(&text);
	str_release(&sealed);
	return rc;
}

int pki_backup_open(const char *path, const struct str *data, const struct secret *passphrase, struct pki_backup *out,
	struct error *err)
{
	struct str text = STR_INIT;
	int rc = check_frame(path, data, err) || unseal(path, data, passphrase, &text, err) ? -1 : 0;

	if (rc == 0 && pki_backup_parse(&text, out, err))
		rc = error_wrap(err, "'%s'", path);
	str_wipe(&text);
	return rc;
}
