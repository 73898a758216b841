/*
 * The way from the host to an address of its network: a channel that its sshd connects, or, where sshd may not (AllowTcpForwarding, DisableForwarding,
 * PermitOpen, options of the key), a command there that does. What goes over it is TLS from end to end in both cases.
 */
#include "base/clock.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
	WAY_OPEN_MS = 20 * 1000,
	WAY_ALIVE_MS = 5 * 1000,
	WAY_NOISE_MAX = 16 << 10, /* of what the login shell says first */
	SESSION_RETRY_MS = 3 * 1000,
	SESSION_PAUSE_MS = 20,
};

/*
 * sshd counts a session (MaxSessions) until it has seen our end of it, which it may do only after the question for the next one: who has just ended one asks
 * again.
 */
int remote_link_session(
	struct remote_link *l, ssh_channel *channel, int64_t deadline, const char *what, struct error *err)
{
	int rc;

	for (;;) {
		*channel = ssh_channel_new(l->session);
		if (!*channel)
			return remote_link_lost(l, err);
		while ((rc = ssh_channel_open_session(*channel)) == SSH_AGAIN)
			if (remote_link_wait(l, deadline, what, err) != 0)
				return -1;
		if (rc == SSH_OK)
			return 0;
		if (!remote_link_alive(l))
			return remote_link_lost(l, err);
		if (!l->session_ended || clock_mono_ms() - l->session_ended > SESSION_RETRY_MS)
			return 1;
		ssh_channel_free(*channel);
		*channel = NULL;
		poll(NULL, 0, SESSION_PAUSE_MS);
	}
}

void remote_link_session_free(struct remote_link *l, ssh_channel channel)
{
	ssh_channel_free(channel);
	l->session_ended = clock_mono_ms();
}

/* An answer that does not come: is it the link, or what is behind it? 0: the link is well. */
static int link_answers(struct remote_link *l, struct error *err)
{
	ssh_channel channel = NULL;
	int rc = remote_link_session(l, &channel, clock_mono_ms() + WAY_ALIVE_MS, "a channel", err);

	if (channel)
		remote_link_session_free(l, channel);
	/* refused is an answer, too */
	return rc < 0 ? -1 : 0;
}

static int silent(struct remote_link *l, const char *host, int port, struct error *err)
{
	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	if (link_answers(l, err))
		return -1;
	error_set(err, ERROR_UNREACHABLE, "nothing answers %s from %s:%d within %d s", l->name, host, port,
		WAY_OPEN_MS / 1000);
	return error_hint(err, "is that host up, and does a firewall between them drop TCP port %d?", port);
}

/* why: what the operating system of the host said. */
static int failed(const struct remote_link *l, const char *host, int port, const char *why, struct error *err)
{
	/* EHOSTUNREACH, ENETUNREACH, ETIMEDOUT */
	bool gone = strstr(why, "No route") || strstr(why, "unreachable") || strstr(why, "timed out");

	/* not ERROR_CONNECT: the way to the host itself is sound */
	error_set(err,
		strstr(why, "refused") ? ERROR_REFUSED
		: gone                 ? ERROR_UNREACHABLE
				       : ERROR_NET,
		"%s cannot reach %s:%d from there: %s", l->name, host, port, why);
	return error_hint(err, "does the service listen there? check with 'ss -ltn' on the host");
}

/* Through sshd. 1: it may not. */
static int forward(struct remote_link *l, ssh_channel channel, const char *host, int port, struct error *err)
{
	int64_t deadline = clock_mono_ms() + WAY_OPEN_MS;
	const char *why, *text;
	struct error no = { 0 };
	int rc;

	while ((rc = ssh_channel_open_forward(channel, host, port, "127.0.0.1", 0)) == SSH_AGAIN)
		if (remote_link_wait(l, deadline, "a tunnel", &no) != 0)
			return remote_link_alive(l) ? silent(l, host, port, err) : (*err = no, -1);
	if (rc == SSH_OK)
		return 0;
	if (!remote_link_alive(l))
		return remote_link_lost(l, err);
	/* the reason codes of RFC 4254 5.1, as libssh prints them */
	why = ssh_get_error(l->session);
	if (strstr(why, "error (1)") || strstr(why, "prohibited"))
		return 1;
	text = strstr(why, "error (") ? strchr(strstr(why, "error ("), ')') : NULL;
	return failed(l, host, port, text && text[1] ? text + 2 : why, err);
}

/* ---- by a command ------------------------------------------------------------------------------------------------------ */

/*
 * bash connects. The end of either direction ends it: the host's is seen as the end of our input, ours by closing the channel. A half close is not
 * passed on, which TLS has no use for.
 */
static void relay_command(const struct remote_link *l, const char *host, int port, struct str *out)
{
	struct str script = STR_INIT;

	str_addf(&script,
		"exec 3<>/dev/tcp/%s/%d || exit 1; echo %s; cat <&3 3>&- 2>/dev/null & exec >/dev/null 2>&1; cat >&3 3>&-; kill $!",
		host, port, l->mark);
	str_add(out, "exec env LC_ALL=C bash -c ");
	str_add_quoted(out, script.buf);
	str_release(&script);
}

/* Addresses come from members of etcd, too: nothing that a shell would take for more. */
static bool plain_address(const char *host)
{
	return *host &&
	       strspn(host, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-") == strlen(host);
}

/* The line that says "connected" (1), or the end of it all (0); -1: the link is lost, or there is no answer in time. */
static int await_mark(struct remote_link *l, ssh_channel channel, int64_t deadline, struct str *said, struct error *err)
{
	struct str line = STR_INIT;
	size_t seen = 0;
	int rc = -1;
	char c;

	for (;;) {
		int n = ssh_channel_read_nonblocking(channel, &c, 1, 0);
		int errors;
		char text[512];

		if (n == 1 && c != '\n' && line.len < sizeof(l->mark) * 2)
			str_addc(&line, c);
		if (n == 1 && c == '\n' && line.len >= strlen(l->mark) &&
			strcmp(line.buf + line.len - strlen(l->mark), l->mark) == 0) {
			rc = 1;
			break;
		}
		if (n == 1 && c == '\n')
			str_clear(&line);
		if (n == 1 && ++seen <= WAY_NOISE_MAX)
			continue;
		errors = ssh_channel_read_nonblocking(channel, text, sizeof(text), 1);
		if (errors > 0 && said->len < WAY_NOISE_MAX)
			str_add_printable(said, text, (size_t)errors);
		if (seen > WAY_NOISE_MAX || (n != 1 && errors <= 0 && ssh_channel_is_closed(channel))) {
			rc = 0;
			break;
		}
		if (remote_link_wait(l, deadline, "a relay", err) != 0 || ssh_event_dopoll(l->event, 0) == SSH_ERROR) {
			rc = -1;
			break;
		}
	}
	str_release(&line);
	return rc;
}

static int blocked(const struct remote_link *l, const char *host, int port, const char *why, struct error *err)
{
	error_set(err, ERROR_BLOCKED, "cannot look at %s:%d from %s: its sshd forbids TCP forwarding, and %s", host,
		port, l->name, why);
	return error_hint(err,
		"allow it for '%s' with 'AllowTcpForwarding local' in sshd_config (and no 'restrict' or 'no-port-forwarding' before its key), or install bash there",
		l->user);
}

/* What came of a relay that did not connect, from what bash said. */
static int relay_failed(
	struct remote_link *l, ssh_channel channel, const char *host, int port, const char *said, struct error *err)
{
	const char *at = said, *next, *why;
	int status = ssh_channel_get_exit_status(channel);
	char text[200];

	/* "bash: line 1: /dev/tcp/10.0.0.1/6443: Connection refused", after "connect: " and the like */
	while ((next = strstr(at + 1, "/dev/tcp/")) != NULL)
		at = next;
	why = strncmp(at, "/dev/tcp/", 9) == 0 ? strstr(at, ": ") : NULL;
	if (status == 1 && why && strstr(why, "No such file") == NULL && strstr(why, "Permission") == NULL) {
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(why + 2, "\n"), why + 2);
		return failed(l, host, port, text, err);
	}
	if (status == 127)
		return blocked(l, host, port, "there is no bash to connect instead", err);
	snprintf(text, sizeof(text), "bash there cannot connect instead (status %d)", status);
	blocked(l, host, port, text, err);
	return error_detail(err, said);
}

static int relay(struct remote_link *l, ssh_channel *channel, const char *host, int port, struct error *err)
{
	int64_t deadline = clock_mono_ms() + WAY_OPEN_MS;
	struct str command = STR_INIT, said = STR_INIT;
	struct error no = { 0 };
	int rc;

	if (!plain_address(host))
		return error_set(err, ERROR_NET, "'%.64s' is not an address", host);
	rc = remote_link_session(l, channel, deadline, "a channel", err);
	if (rc > 0)
		return blocked(l, host, port, "it permits no session for a command to connect instead", err);
	if (rc < 0)
		return -1;
	relay_command(l, host, port, &command);
	while ((rc = ssh_channel_request_exec(*channel, command.buf)) == SSH_AGAIN)
		if (remote_link_wait(l, deadline, "the relay's start", err) != 0)
			break;
	str_release(&command);
	if (rc == SSH_ERROR)
		return remote_link_alive(l) ? blocked(l, host, port, "it runs no commands", err)
					    : remote_link_lost(l, err);
	if (rc != SSH_OK)
		return -1;
	rc = await_mark(l, *channel, deadline, &said, &no);
	if (rc < 0)
		rc = !remote_link_alive(l) || remote_token_fired(l->token) ? remote_link_lost(l, err)
									   : silent(l, host, port, err);
	else
		rc = rc ? 0 : relay_failed(l, *channel, host, port, said.buf, err);
	str_release(&said);
	return rc;
}

int remote_link_way(
	struct remote_link *l, ssh_channel *channel, bool *relayed, const char *host, int port, struct error *err)
{
	int rc = 1;

	*relayed = false;
	if (!l->no_forward) {
		*channel = ssh_channel_new(l->session);
		rc = *channel ? forward(l, *channel, host, port, err) : remote_link_lost(l, err);
	}
	if (rc <= 0)
		return rc;
	if (*channel)
		ssh_channel_free(*channel);
	*channel = NULL;
	*relayed = true;
	rc = relay(l, channel, host, port, err);
	/* one that does not work is not a reason not to ask sshd again: it may permit another target */
	l->no_forward = l->no_forward || rc == 0 || (err && err->kind != ERROR_BLOCKED);
	return rc;
}
