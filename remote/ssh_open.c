/* From a configuration to a session that is logged in: dial, key exchange, the host's key, the login. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <errno.h>
#include <libssh/server.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DIAL_TIMEOUT_MS = 10 * 1000,
	LOGIN_TIMEOUT_MS = 20 * 1000,
	DIAL_TRIES = 4,       /* for a server that hangs up without a word */
	UNASKED_MAX = 64,     /* channels a server may try to open; OpenSSH's tries none */
	UNREAD_MAX = 1 << 20, /* bytes of ours that wait for it to read */
	PACKET_OVERHEAD = 25, /* at least: length, padding, MAC */
	PATIENCE_MS =
		15 * 1000, /* after a longer question sshd may be about to hang up (LoginGraceTime): start again */
};

/* curve25519 before sntrup761, which costs forty times the CPU and with old servers buys nothing. Unknown names are dropped by libssh. */
static const char kex_list[] =
	"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
	"ecdh-sha2-nistp521,mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,"
	"diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256";

/* Without this libssh keeps every request of the server for ever, with its strings. 1: it is refused and forgotten. */
static int refuse(ssh_session session, ssh_message message, void *link)
{
	struct remote_link *l = link;

	(void)session;
	l->unasked += ssh_message_type(message) == SSH_REQUEST_CHANNEL_OPEN;
	return 1;
}

/* libssh queues without limit what the server does not read, say our answers to a flood of its requests. */
static bool unread(const struct remote_link *l)
{
	return l->packets.out_bytes + PACKET_OVERHEAD * l->packets.out_packets > l->wire.out_bytes + UNREAD_MAX;
}

bool remote_link_alive(const struct remote_link *l)
{
	return l->unasked <= UNASKED_MAX && !unread(l) && ssh_is_connected(l->session) &&
	       (ssh_get_status(l->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) == 0;
}

int remote_link_lost(struct remote_link *l, struct error *err)
{
	const char *why = ssh_get_error(l->session);

	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	if (l->unasked > UNASKED_MAX || unread(l)) {
		error_set(err, ERROR_PROTOCOL, "%s (%s) misuses the connection: it %s", l->name, l->where,
			l->unasked > UNASKED_MAX ? "keeps opening channels that were not requested"
						 : "sends requests and does not read the answers");
		return error_hint(err, "no SSH server does that: find out what answers at this address");
	}
	error_set(
		err, ERROR_CONNECT, "the connection to %s (%s) was lost%s%s", l->name, l->where, *why ? ": " : "", why);
	return error_hint(
		err, "did the host restart, or the network fail? 'kubewright apply' continues where it stopped");
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
		return error_hint(err, "is the host overloaded? look at its console and try again");
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
	/* libssh closes the socket it was given in some failures and not in others: our duplicate shows whether the number is still it */
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
	free(l->server_key);
	free(l);
}

static void link_cancel(struct remote *r)
{
	remote_cancel_token_fire(((struct remote_link *)r)->token);
}

/* What waits unread may be a keepalive or the end: only its first byte, or its absence, shows. */
static bool link_alive(struct remote *r)
{
	const struct remote_link *l = (struct remote_link *)r;
	char c;
	ssize_t n = recv(l->own, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return l->session && remote_link_alive(l) && !remote_token_fired(l->token) &&
	       (n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)));
}

static bool link_relays(struct remote *r)
{
	return ((struct remote_link *)r)->no_forward;
}

static const struct remote_ops link_ops = { remote_ssh_exec, remote_ssh_tunnel, link_cancel, link_free, link_alive,
	link_relays };

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

/* libssh says "kex error : no match for method KIND: server [A,B], client [C,D]". */
static bool no_common_method(const struct remote_link *l, const char *text, struct error *err)
{
	static const struct {
		const char *kind, *means, *option;
	} kinds[] = { { "kex algos", "key exchange", "KexAlgorithms" },
		{ "server host key algo", "kind of host key", "HostKeyAlgorithms" },
		{ "encryption ", "cipher", "Ciphers" }, { "mac algo", "MAC", "MACs" } };
	const char *at = strstr(text, "no match for method "), *theirs = at ? strstr(at, "server [") : NULL;

	if (!theirs)
		return false;
	theirs += strlen("server [");
	at += strlen("no match for method ");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(at, kinds[i].kind, strlen(kinds[i].kind)) != 0)
			continue;
		error_set(err, ERROR_CONNECT, "%s (%s) has no %s that libssh here (%s) knows: it offers %.*s", l->name,
			l->where, kinds[i].means, ssh_version(0), (int)strcspn(theirs, "]"), theirs);
		error_hint(err,
			"allow one more in its sshd_config, such as '%s +%s', or run kubewright on a machine with a newer libssh",
			kinds[i].option,
			i == 0   ? "curve25519-sha256"
			: i == 1 ? "ssh-ed25519"
			: i == 2 ? "aes256-gcm@openssh.com"
				 : "hmac-sha2-256");
		return true;
	}
	return false;
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
	l->wire = l->packets = (struct ssh_counter_struct){ 0 };
	l->unasked = 0;
	ssh_set_counters(l->session, &l->wire, &l->packets);
	ssh_set_message_callback(l->session, refuse, l);
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
	if (no_common_method(l, ssh_get_error(l->session), err))
		return -1;
	error_set(err, ERROR_CONNECT, "%s (%s): no SSH session: %s", l->name, l->where, ssh_get_error(l->session));
	return error_hint(err, "is it an SSH server? its log ('journalctl -u ssh') shows why it refused");
}

/* One attempt, to the verified key or to the end of the login. 1: the question for the host key took so long that it is better to start again. */
static int link_open(struct remote_link *l, const struct remote_ssh_config *c, bool login, struct error *err)
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
		rc = remote_link_verify(l, c, &known, err);
	remote_known_release(&known);
	asked = clock_mono_ms() - asked;
	if (rc == 0 && login && asked > PATIENCE_MS && c->known_hosts)
		return 1;
	if (rc == 0 && login)
		rc = remote_login(l, c, deadline + asked, err);
	return rc;
}

char *remote_ssh_host_key(const struct remote_ssh_config *c, struct error *err)
{
	struct remote_link *l = link_new(c);
	char *key = NULL;

	ssh_set_log_level(SSH_LOG_NOLOG);
	if (link_open(l, c, false, err) == 0) {
		key = l->server_key;
		l->server_key = NULL;
	}
	link_free(&l->base);
	return key;
}

struct remote *remote_ssh_open(const struct remote_ssh_config *c, struct error *err)
{
	struct remote_link *l = link_new(c);
	int rc;

	ssh_set_log_level(SSH_LOG_NOLOG); /* libssh keeps it per thread; anything above would write to stderr */
	while ((rc = link_open(l, c, true, err)) == 1)
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
