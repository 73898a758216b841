/*
 * Between libssh and the operator's agent (protocol: draft-miller-ssh-agent). libssh offers all keys the agent has, which runs into
 * MaxAuthTries, and waits for it without limit.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "remote/ssh.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	AGENT_MESSAGE_MAX = 256 << 10,
	AGENT_IDENTITIES_ANSWER = 12,
};

struct remote_agent {
	struct remote_cancel_token *token;
	int64_t deadline;
	unsigned max;
	int agent, ours, theirs; /* the agent's socket; our end and libssh's end of the pair */
	pthread_t thread;
};

static uint32_t get_u32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static void put_u32(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(v >> (24 - 8 * i));
}

static bool ready(const struct remote_agent *a, int fd, short events)
{
	for (;;) {
		struct pollfd p[2] = { { .fd = fd, .events = events },
			{ .fd = remote_token_fd(a->token), .events = POLLIN } };
		int64_t left = a->deadline - clock_mono_ms();

		if (left <= 0 || remote_token_fired(a->token))
			return false;
		if (poll(p, 2, left > 1000 ? 1000 : (int)left) > 0 && p[0].revents)
			return true;
	}
}

static bool read_all(const struct remote_agent *a, int fd, char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = ready(a, fd, POLLIN) ? recv(fd, buf, len, MSG_DONTWAIT) : 0;

		if (n <= 0)
			return false;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

static bool write_all(const struct remote_agent *a, int fd, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = ready(a, fd, POLLOUT) ? send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

		if (n <= 0)
			return false;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

/* One message with its length in front into s. */
static bool read_message(const struct remote_agent *a, int fd, struct str *s)
{
	char head[4], buf[4096];
	size_t left;

	str_clear(s);
	if (!read_all(a, fd, head, sizeof(head)))
		return false;
	left = get_u32(head);
	if (left == 0 || left > AGENT_MESSAGE_MAX)
		return false;
	str_addn(s, head, sizeof(head));
	while (left > 0) {
		size_t n = left > sizeof(buf) ? sizeof(buf) : left;

		if (!read_all(a, fd, buf, n))
			return false;
		str_addn(s, buf, n);
		left -= n;
	}
	return true;
}

/* Keeps the first keys of a list: count, then each key's blob and comment. */
static void limit_identities(const struct remote_agent *a, struct str *s)
{
	size_t at = 9;
	uint32_t count;

	if (s->len < at || s->buf[4] != AGENT_IDENTITIES_ANSWER)
		return;
	count = get_u32(s->buf + 5);
	if (count <= a->max)
		return;
	for (uint32_t i = 0; i < 2 * a->max; i++) {
		if (s->len - at < 4 || s->len - at - 4 < get_u32(s->buf + at))
			return; /* broken: libssh says so */
		at += 4 + get_u32(s->buf + at);
	}
	s->len = at;
	put_u32(s->buf, (uint32_t)(at - 4));
	put_u32(s->buf + 5, a->max);
}

static void *filter(void *arg)
{
	struct remote_agent *a = arg;
	struct str s = STR_INIT;

	while (read_message(a, a->ours, &s) && write_all(a, a->agent, s.buf, s.len) && read_message(a, a->agent, &s)) {
		limit_identities(a, &s);
		if (!write_all(a, a->ours, s.buf, s.len))
			break;
	}
	shutdown(a->ours, SHUT_RDWR);
	str_release(&s);
	return NULL;
}

/* The socket of $SSH_AUTH_SOCK, or -1. */
static int connect_agent(void)
{
	const char *path = getenv("SSH_AUTH_SOCK");
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd;

	if (!path || !*path || strlen(path) >= sizeof(name.sun_path))
		return -1;
	memcpy(name.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof(name)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

struct remote_agent *remote_agent_open(struct remote_cancel_token *t, int64_t deadline, unsigned max)
{
	struct remote_agent *a;
	int pair[2], fd = connect_agent();

	if (fd < 0)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		close(fd);
		return NULL;
	}
	a = xcalloc(1, sizeof(*a));
	*a = (struct remote_agent){
		.token = t, .deadline = deadline, .max = max, .agent = fd, .ours = pair[0], .theirs = pair[1]
	};
	if (pthread_create(&a->thread, NULL, filter, a) != 0) {
		close(fd);
		close(pair[0]);
		close(pair[1]);
		free(a);
		return NULL;
	}
	return a;
}

int remote_agent_take_fd(struct remote_agent *a)
{
	int fd = a->theirs;

	a->theirs = -1;
	return fd;
}

void remote_agent_free(struct remote_agent *a)
{
	shutdown(a->ours, SHUT_RDWR);
	pthread_join(a->thread, NULL);
	if (a->theirs >= 0)
		close(a->theirs);
	close(a->ours);
	close(a->agent);
	free(a);
}
