/* Private keys: read and decrypted once, then shared read-only by all sessions (libssh allows that). */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "remote/ssh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 1 << 20 };

struct remote_keys {
	struct remote_key *first;
};

/* Notes that a passphrase was wanted. Without a callback OpenSSL would ask on the terminal itself. */
static int refuse_passphrase(const char *prompt, char *buf, size_t len, int echo, int verify, void *asked)
{
	(void)prompt;
	(void)buf;
	(void)len;
	(void)echo;
	(void)verify;
	*(bool *)asked = true;
	return -1;
}

void remote_key_free(struct remote_key *key)
{
	if (!key)
		return;
	ssh_key_free(key->key);
	ssh_key_free(key->certified);
	free(key->path);
	free(key);
}

/* A user certificate beside the key is OpenSSH's own convention; one that does not fit is left alone. */
static ssh_key certificate(const char *path, const ssh_key key)
{
	char *cert_path = xasprintf("%s-cert.pub", path);
	ssh_key cert = NULL, both = NULL;

	if (access(cert_path, R_OK) == 0 && ssh_pki_import_cert_file(cert_path, &cert) == SSH_OK &&
		(both = ssh_key_dup(key)) != NULL && ssh_pki_copy_cert_to_privkey(cert, both) != SSH_OK) {
		ssh_key_free(both);
		both = NULL;
	}
	ssh_key_free(cert);
	free(cert_path);
	return both;
}

static bool on_device(const ssh_key key)
{
	return key && strncmp(ssh_key_type_to_char(ssh_key_type(key)), "sk-", 3) == 0;
}

ssh_key remote_key_public(const char *path, bool *device)
{
	char *beside = xasprintf("%s.pub", path);
	ssh_key key = NULL;

	/* of a private key in OpenSSH's format the public half is readable without its passphrase */
	if (ssh_pki_import_pubkey_file(path, &key) != SSH_OK && ssh_pki_import_pubkey_file(beside, &key) != SSH_OK)
		key = NULL;
	*device = on_device(key);
	free(beside);
	return key;
}

enum remote_key_kind remote_key_kind(const char *path)
{
	struct str text = STR_INIT;
	enum remote_key_kind kind = REMOTE_KEY_PRIVATE;
	ssh_key key = NULL;

	if (ssh_pki_import_pubkey_file(path, &key) == SSH_OK && file_read(path, KEY_FILE_MAX, &text, NULL) == 0) {
		if (!strstr(text.buf, "PRIVATE KEY"))
			kind = REMOTE_KEY_PUBLIC;
		else if (on_device(key))
			kind = REMOTE_KEY_DEVICE;
	}
	ssh_key_free(key);
	str_wipe(&text);
	return kind;
}

/* Why a private key cannot be used. */
static void explain(const char *path, const char *passphrase, bool encrypted, struct error *err)
{
	if (!encrypted && remote_key_kind(path) == REMOTE_KEY_PUBLIC) {
		error_set(err, ERROR_AUTH, "'%s' is a public key, and the agent does not have the private one", path);
		error_hint(err, "load it with 'ssh-add', or set ssh.key to the private key's file");
	} else if (!encrypted && remote_key_kind(path) == REMOTE_KEY_DEVICE) {
		error_set(err, ERROR_AUTH, "'%s' is a key on a device, which only the agent can use", path);
		error_hint(err, "plug the device in and load the key into the agent: 'ssh-add %s'", path);
	} else if (!encrypted) {
		error_set(err, ERROR_AUTH, "'%s' is not a private key that can be used", path);
		error_hint(err, "it must be a private key in OpenSSH or PEM format; see 'ssh-keygen -l -f %s'", path);
	} else if (passphrase) {
		error_set(err, ERROR_AUTH, "the passphrase of the key '%s' is wrong", path);
		error_hint(err, "enter it again, or load the key with 'ssh-add %s'", path);
	} else {
		error_set(err, ERROR_AUTH, "the key '%s' needs a passphrase", path);
		error_hint(err, "load it with 'ssh-add %s', or set ssh.passphrase in the inventory", path);
	}
}

struct remote_key *remote_key_read(const char *path, const char *passphrase, bool *encrypted, struct error *err)
{
	struct remote_key *k;
	ssh_key key = NULL;
	bool asked = false;

	*encrypted = false;
	if (access(path, R_OK) != 0) {
		error_errno(err, ERROR_AUTH, errno, "cannot read the key '%s'", path);
		error_hint(err, "check ssh.key in the inventory");
		return NULL;
	}
	if (ssh_pki_import_privkey_file(path, passphrase, refuse_passphrase, &asked, &key) != SSH_OK) {
		struct error ignored;

		*encrypted = (asked || passphrase) && remote_keys_encrypted(path, &ignored) > 0;
		explain(path, passphrase, *encrypted, err);
		return NULL;
	}
	k = xcalloc(1, sizeof(*k));
	k->path = xstrdup(path);
	k->key = key;
	k->certified = certificate(path, key);
	return k;
}

struct remote_keys *remote_keys_new(void)
{
	return xcalloc(1, sizeof(struct remote_keys));
}

void remote_keys_free(struct remote_keys *k)
{
	if (!k)
		return;
	while (k->first) {
		struct remote_key *next = k->first->next;

		remote_key_free(k->first);
		k->first = next;
	}
	free(k);
}

const struct remote_key *remote_keys_find(const struct remote_keys *k, const char *path)
{
	for (const struct remote_key *key = k ? k->first : NULL; key; key = key->next)
		if (strcmp(key->path, path) == 0)
			return key;
	return NULL;
}

int remote_keys_load(struct remote_keys *k, const char *path, const char *passphrase, struct error *err)
{
	struct remote_key *key;
	bool encrypted;

	if (remote_keys_find(k, path))
		return 0;
	/* the agent's to use: the login looks for it there */
	if (access(path, R_OK) == 0 && remote_key_kind(path) != REMOTE_KEY_PRIVATE)
		return 0;
	key = remote_key_read(path, passphrase, &encrypted, err);
	if (!key)
		return -1;
	key->next = k->first;
	k->first = key;
	return 0;
}

int remote_keys_encrypted(const char *path, struct error *err)
{
	ssh_key key = NULL;
	bool asked = false;

	if (access(path, R_OK) != 0)
		return error_errno(err, ERROR_AUTH, errno, "cannot read the key '%s'", path);
	if (remote_key_kind(path) != REMOTE_KEY_PRIVATE)
		return 0;
	if (ssh_pki_import_privkey_file(path, NULL, refuse_passphrase, &asked, &key) == SSH_OK)
		ssh_key_free(key);
	return asked ? 1 : 0;
}
