/* Private keys: read and decrypted once, then shared read-only by all sessions (libssh allows that). */
#include "base/alloc.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
static ssh_key certificate(const char *path)
{
	char *cert_path = xasprintf("%s-cert.pub", path);
	ssh_key cert = NULL, key = NULL;
	bool asked = false;

	if (access(cert_path, R_OK) == 0 && ssh_pki_import_cert_file(cert_path, &cert) == SSH_OK &&
		ssh_pki_import_privkey_file(path, NULL, refuse_passphrase, &asked, &key) == SSH_OK &&
		ssh_pki_copy_cert_to_privkey(cert, key) != SSH_OK) {
		ssh_key_free(key);
		key = NULL;
	}
	ssh_key_free(cert);
	free(cert_path);
	return key;
}

struct remote_key *remote_key_read(const char *path, const char *passphrase, bool *encrypted, struct error *err)
{
	struct remote_key *k;
	ssh_key key = NULL;
	bool asked = false;
	int rc;

	*encrypted = false;
	if (access(path, R_OK) != 0) {
		error_errno(err, ERROR_AUTH, errno, "cannot read the key '%s'", path);
		error_hint(err, "check ssh.key in the inventory");
		return NULL;
	}
	rc = ssh_pki_import_privkey_file(path, passphrase, refuse_passphrase, &asked, &key);
	if (rc != SSH_OK) {
		struct error ignored;

		*encrypted = asked || (passphrase && remote_keys_encrypted(path, &ignored) > 0);
		if (!*encrypted) {
			error_set(err, ERROR_AUTH, "'%s' is not a private key that can be used", path);
			error_hint(err, "it must be a private key in OpenSSH or PEM format; see 'ssh-keygen -l -f %s'",
				path);
		} else if (passphrase) {
			error_set(err, ERROR_AUTH, "the passphrase of the key '%s' is wrong", path);
			error_hint(err, "give it again, or load the key with 'ssh-add %s'", path);
		} else {
			error_set(err, ERROR_AUTH, "the key '%s' needs a passphrase", path);
			error_hint(err, "load it with 'ssh-add %s', or set ssh.passphrase in the inventory", path);
		}
		return NULL;
	}
	k = xcalloc(1, sizeof(*k));
	k->path = xstrdup(path);
	k->key = key;
	k->certified = passphrase ? NULL : certificate(path);
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
	if (ssh_pki_import_privkey_file(path, NULL, refuse_passphrase, &asked, &key) == SSH_OK)
		ssh_key_free(key);
	return asked ? 1 : 0;
}
