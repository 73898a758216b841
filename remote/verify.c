/* Whether the host key of a session is the right one, before anything is sent that only the right host may have. */
#include "base/alloc.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <stdio.h>
#include <stdlib.h>

static int changed_error(const struct remote_link *l, const struct remote_ssh_config *c,
	const struct remote_known_key *where, const char *type, const char *fingerprint, struct error *err)
{
	const char *open = c->port == 22 ? "" : "[";
	char *port = c->port == 22 ? xstrdup("") : xasprintf("]:%d", c->port);

	error_set(err, ERROR_HOSTKEY, "the host key of %s (%s) has changed: it is now %s (%s), %s:%d has another",
		l->name, l->where, fingerprint, type, where->file, where->line);
	error_hint(err,
		"if the host was reinstalled: ssh-keygen -f '%s' -R '%s%s%s', then run again and compare the fingerprint; "
		"if not, another machine may be answering in its place",
		where->file, open, c->address, port);
	free(port);
	return -1;
}

static int pin_error(const struct remote_link *l, const char *type, const char *fingerprint, struct error *err)
{
	error_set(err, ERROR_HOSTKEY, "the host key of %s (%s) is not the pinned one: it is %s (%s)", l->name, l->where,
		fingerprint, type);
	return error_hint(err, "if the host was reinstalled, pin its new key in the inventory (ssh.host-key); "
			       "if not, another machine may be answering in its place");
}

static int unknown_key(const struct remote_link *l, const struct remote_ssh_config *c, const struct remote_known *known,
	const char *type, const char *base64, const char *fingerprint, struct error *err)
{
	const struct remote_known_key *authority = remote_known_authority(known);
	char note[256] = "";

	if (authority)
		snprintf(note, sizeof(note),
			"%s:%d trusts a certificate authority for it, but libssh cannot check host certificates",
			authority->file, authority->line);
	if (c->on_unknown_key &&
		c->on_unknown_key(c->name, type, fingerprint, *note ? note : NULL, c->ctx) == REMOTE_HOSTKEY_ACCEPT)
		return c->known_hosts ? remote_known_append(c->known_hosts, c->address, c->port, type, base64, err) : 0;
	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	error_set(err, ERROR_HOSTKEY, "the host key of %s (%s) is not known: %s (%s)%s%s", l->name, l->where,
		fingerprint, type, *note ? "; " : "", note);
	return error_hint(err,
		"compare it with 'ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub' on the host's console; then accept it, "
		"pin it (ssh.host-key), or give --accept-new-host-keys");
}

static int check_key(const struct remote_link *l, const struct remote_ssh_config *c, const struct remote_known *known,
	const char *type, const char *base64, const char *fingerprint, struct error *err)
{
	const struct remote_known_key *where;
	enum remote_known_state state = remote_known_check(known, type, base64, &where);

	if (state == REMOTE_KNOWN_REVOKED) {
		error_set(err, ERROR_HOSTKEY, "the host key of %s (%s) is revoked by %s:%d: %s (%s)", l->name, l->where,
			where->file, where->line, fingerprint, type);
		return error_hint(err, "the host must get a new host key; do not log in with this one");
	}
	if (c->host_key)
		return remote_pin_matches(c->host_key, type, base64, fingerprint)
			       ? 0
			       : pin_error(l, type, fingerprint, err);
	if (state == REMOTE_KNOWN_CHANGED)
		return changed_error(l, c, where, type, fingerprint, err);
	return state == REMOTE_KNOWN_OK ? 0 : unknown_key(l, c, known, type, base64, fingerprint, err);
}

int remote_link_verify(
	struct remote_link *l, const struct remote_ssh_config *c, const struct remote_known *known, struct error *err)
{
	unsigned char *hash = NULL;
	size_t hash_len = 0;
	ssh_key key = NULL;
	char *base64 = NULL, *fingerprint = NULL;
	int rc;

	if (ssh_get_server_publickey(l->session, &key) == SSH_OK &&
		ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK &&
		ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &hash_len) == 0)
		fingerprint = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, hash_len);
	if (fingerprint)
		rc = check_key(l, c, known, ssh_key_type_to_char(ssh_key_type(key)), base64, fingerprint, err);
	else
		rc = error_set(err, ERROR_HOSTKEY, "the host key of %s (%s) cannot be read", l->name, l->where);
	free(l->server_key);
	l->server_key = rc == 0 ? xasprintf("%s %s", ssh_key_type_to_char(ssh_key_type(key)), base64) : NULL;
	ssh_clean_pubkey_hash(&hash);
	ssh_string_free_char(fingerprint);
	ssh_string_free_char(base64);
	ssh_key_free(key);
	return rc;
}
