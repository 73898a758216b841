/* From a configuration to a session that is logged in: dial, key exchange, the host's key, the login. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DIAL_TIMEOUT_MS = 10 * 1000,
	LOGIN_TIMEOUT_MS = 20 * 1000,
	DIAL_TRIES = 4,          /* for a server that hangs up without a word */
	PATIENCE_MS = 15 * 1000, /* after a longer question sshd may be about to hang up (LoginGraceTime): start anew */
};

/* curve25519 before sntrup761, which costs forty times the CPU and with old servers buys nothing. Unknown names are dropped by libssh. */
static const char kex_list[] =
	"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
	"ecdh-sha2-nistp521,mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,"
	"diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256";

bool remote_link_alive(const struct remote_link *l)
{
	return ssh_is_connected(l->session) && (ssh_get_status(l->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) == 0;
}

int remote_link_lost(struct remote_link *l, struct error *err)
{
	const char *why = ssh_get_error(l->session);

	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	error_set(
		err, ERROR_CONNECT, "the connection to %s (%s) was lost%s%s", l->name, l->where, *why ? ": " : "", why);
	return error_hint(
		err, "did the host restart, or the network fail? 'kubewright apply' goes on where it stopped");
}

int remote_link_wait(struct remote_link *l, int64_t deadline, const char *what, struct error *err)
{
	int64_t left = deadline - clock_mono_ms();
	struct pollfd p[2] = { { .fd = l->own, .events = POLLIN },
		{ .fd = remote_token_fd(l->token), .events = POLLIN } };

	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	if (left <= 0) {
		error_set(
			err, ERROR_CONNECT, "%s (%s) did not answer in time (waited for %s)", l->name, l->where, what);
		return error_hint(err, "is the host overloaded? look at its console, and try again");
	}
	if (!remote_link_alive(l))
		return remote_link_lost(l, err);
	if (ssh_get_poll_flags(l->session) & SSH_WRITE_PENDING)
		p[0].events |= POLLOUT;
	poll(p, 2, left < 200 ? (int)left : 200);
	return remote_token_fired(l->token) ? remote_cancelled(err) : 0;
}

static int wake(socket_t fd, int events, void *ctx)
{
	(void)fd;
	(void)events;
	(void)ctx;
	return 0;
}

static void link_close(struct remote_link *l)
{
	struct stat a, b;

	if (l->event) {
		ssh_event_remove_fd(l->event, remote_token_fd(l->token));
		ssh_event_remove_session(l->event, l->session);
		ssh_event_free(l->event);
		l->event = NULL;
	}
	if (l->session) {
		if (ssh_is_connected(l->session))
			ssh_disconnect(l->session);
		ssh_free(l->session);
		l->session = NULL;
	}
	if (l->own < 0)
		return;
	remote_token_unwatch(l->token, &l->watch);
	/* libssh closes the socket it was given in some failures and not in others: our duplicate tells whether the number is still it */
	if (fstat(l->own, &a) == 0 && fstat(l->fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		close(l->fd);
	close(l->own);
	l->own = l->fd = -1;
}

static void link_free(struct remote *r)
{
	struct remote_link *l = (struct remote_link *)r;

	link_close(l);
	remote_cancel_token_free(l->token);
	secret_release(&l->sudo);
	secret_wipe(l->mark, sizeof(l->mark));
	free(l->name);
	free(l->where);
	free(l->user);
	free(l);
}

static void link_cancel(struct remote *r)
{
	remote_cancel_token_fire(((struct remote_link *)r)->token);
}

/* What waits unread may be a keepalive or the end: only its first byte, or its absence, tells. */
static bool link_alive(struct remote *r)
{
	const struct remote_link *l = (struct remote_link *)r;
	char c;
	ssize_t n = recv(l->own, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return l->session && ssh_is_connected(l->session) && !remote_token_fired(l->token) &&
	       (n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)));
}

static const struct remote_ops link_ops = { remote_ssh_exec, remote_ssh_tunnel, link_cancel, link_free, link_alive };

static struct remote_link *link_new(const struct remote_ssh_config *c)
{
	struct remote_link *l = xcalloc(1, sizeof(*l));

	l->base.ops = &link_ops;
	l->fd = l->own = -1;
	l->token = c->cancel ? remote_token_ref(c->cancel) : remote_cancel_token_new();
	l->name = xstrdup(c->name);
	l->where = xasprintf(strchr(c->address, ':') ? "[%s]:%d" : "%s:%d", c->address, c->port);
	l->user = xstrdup(c->user);
	l->root = strcmp(c->user, "root") == 0;
	if (c->sudo && c->sudo->text)
		secret_set(&l->sudo, c->sudo->text, c->sudo->len);
	secret_random_word(l->mark, sizeof(l->mark) - 1);
	return l;
}

/* Dials until the server has begun to speak SSH. */
static int link_dial(struct remote_link *l, const struct remote_ssh_config *c, int64_t deadline, struct error *err)
{
	int64_t dial_deadline = clock_mono_ms() + (c->connect_timeout_ms > 0 ? c->connect_timeout_ms : DIAL_TIMEOUT_MS);

	if (dial_deadline > deadline)
		dial_deadline = deadline;
	for (int try = 1;; try++) {
		struct pollfd p = { .fd = remote_token_fd(l->token), .events = POLLIN };
		bool again = false;
		int fd = remote_dial(c->name, c->address, c->port, l->token, dial_deadline, err);

		if (fd < 0)
			return -1;
		l->own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (l->own < 0) {
			close(fd);
			return error_set(err, ERROR_SYSTEM, "too many open files for another connection");
		}
		l->fd = fd;
		remote_token_watch(l->token, &l->watch, l->own);
		if (remote_peek_banner(c->name, l->where, fd, l->token, dial_deadline, &again, err) == 0)
			return 0;
		link_close(l);
		if (!again || try == DIAL_TRIES || clock_mono_ms() + 800 > dial_deadline)
			return -1;
		/* back off, each host by another span, but answer a cancel */
		poll(&p, 1, 100 * try + l->mark[0] * 3);
	}
}

static int session_options(
	struct remote_link *l, const struct remote_ssh_config *c, const struct remote_known *known, struct error *err)
{
	struct str hostkeys = STR_INIT;
	ssh_session s = l->session;
	const int off = 0, on = 1;
	const long timeout = LOGIN_TIMEOUT_MS / 1000;
	int rc = 0;

	remote_known_algorithms(known, c->host_key, &hostkeys);
	/* the name only finds known_hosts lines, which are ours to find, so one that libssh does not like matters not */
	if (ssh_options_set(s, SSH_OPTIONS_HOST, c->address) != 0)
		rc |= ssh_options_set(s, SSH_OPTIONS_HOST, "host");
	rc |= ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &off);
	rc |= ssh_options_set(s, SSH_OPTIONS_LOG_VERBOSITY, &off);
	rc |= ssh_options_set(s, SSH_OPTIONS_FD, &l->fd);
	rc |= ssh_options_set(s, SSH_OPTIONS_PORT, &c->port);
	rc |= ssh_options_set(s, SSH_OPTIONS_NODELAY, &on);
	rc |= ssh_options_set(s, SSH_OPTIONS_TIMEOUT, &timeout);
	rc |= ssh_options_set(s, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
	rc |= ssh_options_set(s, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
	rc |= ssh_options_set(s, SSH_OPTIONS_KEY_EXCHANGE, kex_list);
	rc |= ssh_options_set(s, SSH_OPTIONS_HOSTKEYS, hostkeys.buf);
	str_release(&hostkeys);
	if (rc != 0)
		return error_set(err, ERROR_INTERNAL, "libssh refuses an option: %s", ssh_get_error(s));
	if (ssh_options_set(s, SSH_OPTIONS_USER, c->user) != 0) {
		error_set(err, ERROR_AUTH, "'%s' cannot be used as a login name", c->user);
		return error_hint(err, "check ssh.user in the inventory");
	}
	return 0;
}

static int link_handshake(struct remote_link *l, const struct remote_ssh_config *c, const struct remote_known *known,
	int64_t deadline, struct error *err)
{
	int rc;

	l->session = ssh_new();
	if (!l->session)
		die_oom();
	if (session_options(l, c, known, err) != 0)
		return -1;
	ssh_set_blocking(l->session, 0);
	while ((rc = ssh_connect(l->session)) == SSH_AGAIN) {
		struct pollfd p[2] = { { .fd = l->own, .events = POLLIN },
			{ .fd = remote_token_fd(l->token), .events = POLLIN } };
		int64_t left = deadline - clock_mono_ms();

		if (remote_token_fired(l->token))
			return remote_cancelled(err);
		if (left <= 0) {
			error_set(
				err, ERROR_CONNECT, "%s (%s) does not finish the SSH key exchange", l->name, l->where);
			return error_hint(
				err, "is the host overloaded, or do large packets get lost on the way (path MTU)?");
		}
		if (ssh_get_poll_flags(l->session) & SSH_WRITE_PENDING)
			p[0].events |= POLLOUT;
		poll(p, 2, left < 200 ? (int)left : 200);
	}
	if (rc == SSH_OK)
		return 0;
	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	error_set(err, ERROR_CONNECT, "%s (%s): no SSH session: %s", l->name, l->where, ssh_get_error(l->session));
	return error_hint(err, "is it an SSH server? see its log ('journalctl -u ssh') for what it did not like");
}

static int changed_error(const struct remote_link *l, const struct remote_ssh_config *c,
	const struct remote_known_key *where, const char *type, const char *fingerprint, struct error *err)
{
	const char *open = c->port == 22 ? "" : "[";
	char *port = c->port == 22 ? xstrdup("") : xasprintf("]:%d", c->port);

	error_set(err, ERROR_HOSTKEY, "the host key of %s (%s) has changed: it is now %s (%s), %s:%d has another",
		l->name, l->where, fingerprint, type, where->file, where->line);
	error_hint(err,
		"if the host was installed anew: ssh-keygen -f '%s' -R '%s%s%s', then run again and compare the fingerprint; "
		"if not, somebody may be answering in its place",
		where->file, open, c->address, port);
	free(port);
	return -1;
}

static int pin_error(const struct remote_link *l, const char *type, const char *fingerprint, struct error *err)
{
	error_set(err, ERROR_HOSTKEY, "the host key of %s (%s) is not the pinned one: it is %s (%s)", l->name, l->where,
		fingerprint, type);
	return error_hint(err, "if the host was installed anew, pin its new key in the inventory (ssh.host-key); "
			       "if not, somebody may be answering in its place");
}

static int unknown_key(const struct remote_link *l, const struct remote_ssh_config *c, const char *type,
	const char *base64, const char *fingerprint, struct error *err)
{
	if (c->on_unknown_key && c->on_unknown_key(c->name, type, fingerprint, c->ctx) == REMOTE_HOSTKEY_ACCEPT)
		return c->known_hosts ? remote_known_append(c->known_hosts, c->address, c->port, type, base64, err) : 0;
	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	error_set(err, ERROR_HOSTKEY, "the host key of %s (%s) is not known: %s (%s)", l->name, l->where, fingerprint,
		type);
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
	return state == REMOTE_KNOWN_OK ? 0 : unknown_key(l, c, type, base64, fingerprint, err);
}

/* Before any login: a password must never go to a host that is not the right one. */
static int link_verify(
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
	ssh_clean_pubkey_hash(&hash);
	ssh_string_free_char(fingerprint);
	ssh_string_free_char(base64);
	ssh_key_free(key);
	return rc;
}

/* One attempt. 1: the question for the host key took so long that it is better to begin anew. */
static int link_open(struct remote_link *l, const struct remote_ssh_config *c, struct error *err)
{
	int64_t deadline = clock_mono_ms() + (c->connect_timeout_ms > 0 ? c->connect_timeout_ms : LOGIN_TIMEOUT_MS),
		asked;
	struct remote_known known = { 0 };
	int rc = remote_known_load(&known, c, err);

	if (rc == 0)
		rc = link_dial(l, c, deadline, err);
	if (rc == 0)
		rc = link_handshake(l, c, &known, deadline, err);
	asked = clock_mono_ms();
	if (rc == 0)
		rc = link_verify(l, c, &known, err);
	remote_known_release(&known);
	asked = clock_mono_ms() - asked;
	if (rc == 0 && asked > PATIENCE_MS && c->known_hosts)
		return 1;
	if (rc == 0)
		rc = remote_login(l, c, deadline + asked, err);
	return rc;
}

struct remote *remote_ssh_open(const struct remote_ssh_config *c, struct error *err)
{
	struct remote_link *l = link_new(c);
	int rc;

	ssh_set_log_level(SSH_LOG_NOLOG); /* libssh keeps it per thread; anything above would write to stderr */
	while ((rc = link_open(l, c, err)) == 1)
		link_close(l);
	if (rc != 0) {
		link_free(&l->base);
		return NULL;
	}
	l->event = ssh_event_new();
	if (!l->event)
		die_oom();
	ssh_event_add_session(l->event, l->session);
	ssh_event_add_fd(l->event, remote_token_fd(l->token), POLLIN, wake, NULL);
	return &l->base;
}
