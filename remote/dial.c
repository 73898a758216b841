/*
 * From a name to a connected socket, with errors that distinguish refused from silent. libssh's own dialling blocks in getaddrinfo, tries
 * one address and says "Socket error" to everything.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* A look-up that may outlive who asked for it: getaddrinfo cannot be interrupted. */
struct lookup {
	atomic_int refs;
	char *name, port[8];
	int done_fd;
	atomic_bool done; /* rc and list are there */
	int rc;
	struct addrinfo *list;
};

static void lookup_unref(struct lookup *k)
{
	if (atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	if (k->list)
		freeaddrinfo(k->list);
	close(k->done_fd);
	free(k->name);
	free(k);
}

static void *lookup_thread(void *arg)
{
	struct lookup *k = arg;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	const uint64_t one = 1;

	k->rc = getaddrinfo(k->name, k->port, &hints, &k->list);
	atomic_store(&k->done, true);
	/* cannot fail; and if nobody waits any more, nobody minds */
	ssize_t ignored = write(k->done_fd, &one, sizeof(one));
	(void)ignored;
	lookup_unref(k);
	return NULL;
}

static int left_ms(int64_t deadline)
{
	int64_t left = deadline - clock_mono_ms();

	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

/* Waits for fd or the token: 1 ready, 0 time is up, -1 cancelled. */
static int wait_fd(int fd, short events, struct remote_cancel_token *t, int64_t deadline)
{
	for (;;) {
		struct pollfd p[2] = { { .fd = fd, .events = events }, { .fd = remote_token_fd(t), .events = POLLIN } };
		int left = left_ms(deadline), n = poll(p, 2, left < 500 ? left : 500);

		if (remote_token_fired(t))
			return -1;
		if (n > 0 && p[0].revents)
			return 1;
		if (n == 0 && left_ms(deadline) == 0)
			return 0;
	}
}

static int lookup_error(const char *name, const char *address, int rc, struct error *err)
{
	if (rc == EAI_AGAIN) {
		error_set(
			err, ERROR_CONNECT, "cannot look up %s of %s: the name server does not answer", address, name);
		return error_hint(err, "check this machine's /etc/resolv.conf, or put the IP address in the inventory");
	}
	error_set(err, ERROR_CONNECT, "cannot look up %s of %s: %s", address, name,
		rc == EAI_NONAME ? "no such name" : gai_strerror(rc));
	return error_hint(err, "check the host's address in the inventory");
}

/* The addresses of a name into *out (freeaddrinfo). */
static int look_up(const char *name, const char *address, int port, struct remote_cancel_token *t, int64_t deadline,
	struct addrinfo **out, struct error *err)
{
	const struct addrinfo numeric = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct lookup *k;
	pthread_t thread;
	pthread_attr_t attr;
	char text[8];
	int rc;

	snprintf(text, sizeof(text), "%d", port);
	if (getaddrinfo(address, text, &numeric, out) == 0)
		return 0;
	k = xcalloc(1, sizeof(*k));
	atomic_init(&k->refs, 2);
	atomic_init(&k->done, false);
	k->name = xstrdup(address);
	memcpy(k->port, text, sizeof(text));
	k->done_fd = eventfd(0, EFD_CLOEXEC);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = k->done_fd < 0 ? errno : pthread_create(&thread, &attr, lookup_thread, k);
	pthread_attr_destroy(&attr);
	if (rc != 0) {
		free(k->name);
		free(k);
		return error_errno(err, ERROR_SYSTEM, rc, "cannot look up %s", address);
	}
	rc = wait_fd(k->done_fd, POLLIN, t, deadline);
	if (rc < 0) {
		rc = remote_cancelled(err);
	} else if (rc == 0 || !atomic_load(&k->done)) {
		rc = lookup_error(name, address, EAI_AGAIN, err);
	} else if (k->rc != 0) {
		rc = lookup_error(name, address, k->rc, err);
	} else {
		*out = k->list;
		k->list = NULL;
		rc = 0;
	}
	lookup_unref(k);
	return rc;
}

/* Dead peers are noticed within 30 s idle (keepalive) and 20 s with data on the way. */
static void socket_options(int fd)
{
	const int on = 1, idle = 15, interval = 5, count = 3, user_timeout = 20000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout));
}

/* Socket, or -1 with *why: an errno, ETIMEDOUT when time is up, ECANCELED. */
static int connect_one(const struct addrinfo *a, struct remote_cancel_token *t, int64_t deadline, int *why)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(*why);

	if (fd < 0) {
		*why = errno;
		return -1;
	}
	socket_options(fd);
	*why = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
	if (*why == EINPROGRESS) {
		int rc = wait_fd(fd, POLLOUT, t, deadline);

		if (rc < 0)
			*why = ECANCELED;
		else if (rc == 0)
			*why = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, why, &size) != 0)
			*why = errno;
	}
	if (*why == 0)
		return fd;
	close(fd);
	return -1;
}

static int connect_error(const char *name, const char *address, int port, int why, int64_t took, struct error *err)
{
	const char *v6 = strchr(address, ':') ? "[" : "", *end = *v6 ? "]" : "";

	if (why == ECANCELED)
		return remote_cancelled(err);
	if (why == ETIMEDOUT)
		error_set(err, ERROR_CONNECT, "cannot connect to %s (%s%s%s:%d): no answer within %.0f s", name, v6,
			address, end, port, (double)took / 1000);
	else
		error_errno(err, ERROR_CONNECT, why, "cannot connect to %s (%s%s%s:%d)", name, v6, address, end, port);
	switch (why) {
	case ECONNREFUSED:
		return error_hint(
			err, "is sshd running there and listening on port %d? does a firewall reject it?", port);
	case ETIMEDOUT:
		return error_hint(err, "is the host on? is its address right? does a firewall drop port %d?", port);
	case EHOSTUNREACH:
	case ENETUNREACH: return error_hint(err, "is the host on and in this network? see 'ip route get %s'", address);
	default: return error_hint(err, "check the host's address and port in the inventory");
	}
}

int remote_dial(const char *name, const char *address, int port, struct remote_cancel_token *t, int64_t deadline,
	struct error *err)
{
	struct addrinfo *list = NULL;
	int64_t start = clock_mono_ms();
	int fd = -1, why = 0, count = 0;

	if (remote_token_fired(t))
		return remote_cancelled(err);
	if (look_up(name, address, port, t, deadline, &list, err) != 0)
		return -1;
	for (const struct addrinfo *a = list; a; a = a->ai_next)
		count++;
	for (const struct addrinfo *a = list; a && fd < 0 && why != ECANCELED; a = a->ai_next, count--) {
		/* each address gets its share of the time that is left, so that a silent one does not eat the others' */
		int64_t now = clock_mono_ms();

		fd = connect_one(a, t, now + (deadline - now) / count, &why);
	}
	freeaddrinfo(list);
	return fd >= 0 ? fd : connect_error(name, address, port, why, clock_mono_ms() - start, err);
}

int remote_peek_banner(const char *name, const char *where, int fd, struct remote_cancel_token *t, int64_t deadline,
	bool *again, struct error *err)
{
	int64_t start = clock_mono_ms();
	struct str text = STR_INIT;
	char buf[128];
	ssize_t n;
	int rc = wait_fd(fd, POLLIN, t, deadline);

	*again = false;
	if (rc < 0)
		return remote_cancelled(err);
	if (rc == 0) {
		error_set(err, ERROR_CONNECT, "%s (%s) accepts connections but says nothing within %.0f s", name, where,
			(double)(clock_mono_ms() - start) / 1000);
		return error_hint(
			err, "is it an SSH server? sshd may be overloaded or frozen: look at the host's console");
	}
	n = recv(fd, buf, sizeof(buf), MSG_PEEK);
	if (n <= 0) {
		*again = true;
		error_set(err, ERROR_CONNECT, "%s (%s) closed the connection at once%s%s", name, where,
			n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
		return error_hint(err,
			"sshd may be busy (MaxStartups), refuse this address (PerSourcePenalties, hosts.deny), or be starting up");
	}
	/* RFC 4253 4.2 allows lines before the version: what looks like text is libssh's to judge */
	if (n < 4 ? memcmp(buf, "SSH-", (size_t)n) == 0 : memcmp(buf, "SSH-", 4) == 0)
		return 0;
	if (memchr(buf, '\0', (size_t)n) == NULL && strncmp(buf, "HTTP/", 5) != 0 && strncmp(buf, "220", 3) != 0 &&
		memmem(buf, (size_t)n, "\nSSH-", 5))
		return 0;
	str_add_printable(&text, buf, n > 40 ? 40 : (size_t)n);
	for (size_t i = 0; i < text.len; i++)
		if (text.buf[i] == '\n' || text.buf[i] == '\t')
			text.buf[i] = ' ';
	error_set(err, ERROR_CONNECT, "%s (%s) does not speak SSH: it says \"%s\"", name, where, text.buf);
	str_release(&text);
	return error_hint(err, "check ssh.port in the inventory");
}
