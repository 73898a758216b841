/*
 * libcurl over a socket that is connected already. libcurl 7.88 (Debian 12) dials even what its callback calls connected, and it keeps
 * no connection for a second request whose peer has no address in print, which leaves out socket pairs and abstract names. So it
 * gets a Unix socket in a private folder to dial, behind which a thread passes the bytes on. Both are gone once it has dialled.
 */
#include "net/private.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct net_relay {
	char dir[40], path[48];
	int listener, fd, stop[2];
	pthread_t thread;
};

/* One direction. */
struct lane {
	int from, to;
	bool ended; /* from has no more */
	size_t at, len;
	char data[16384];
};

/* 0: it continues; -1: one side is gone. Never waits: the stop pipe must be heard whatever a side does. */
static int move(struct lane *l, short from_events, short to_events)
{
	ssize_t n;

	if (from_events && !l->len && !l->ended) {
		n = recv(l->from, l->data, sizeof(l->data), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		l->ended = n == 0;
		l->at = 0;
		l->len = n > 0 ? (size_t)n : 0;
		to_events |= POLLOUT;
	}
	if (l->len && to_events) {
		n = send(l->to, l->data + l->at, l->len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		l->at += n > 0 ? (size_t)n : 0;
		l->len -= n > 0 ? (size_t)n : 0;
	}
	return l->ended ? -1 : 0;
}

static void pump(const struct net_relay *r, int client)
{
	struct lane up = { .from = client, .to = r->fd }, down = { .from = r->fd, .to = client };

	for (;;) {
		short near = (short)((up.len ? 0 : POLLIN) | (down.len ? POLLOUT : 0));
		short far = (short)((down.len ? 0 : POLLIN) | (up.len ? POLLOUT : 0));
		/* a side that nothing is wanted of would still wake us by its hang-up, again and again */
		struct pollfd p[3] = { { near ? client : -1, near, 0 }, { far ? r->fd : -1, far, 0 },
			{ r->stop[0], POLLIN, 0 } };

		if (poll(p, 3, -1) < 0) {
			if (errno != EINTR)
				return;
			continue;
		}
		if (p[2].revents || move(&up, p[0].revents, p[1].revents) || move(&down, p[1].revents, p[0].revents))
			return;
	}
}

static bool is_us(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && peer.pid == getpid();
}

/* -1 when it is time to stop. */
static int wait_client(const struct net_relay *r)
{
	struct pollfd p[2] = { { r->listener, POLLIN, 0 }, { r->stop[0], POLLIN, 0 } };

	for (;;) {
		int client;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return -1;
		if (p[1].revents)
			return -1;
		client = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
		if (client >= 0 && is_us(client))
			return client;
		if (client >= 0)
			close(client);
	}
}

static void *relay_main(void *ctx)
{
	struct net_relay *r = ctx;
	int client = wait_client(r);

	/* one connection is all there is: a second finds nothing to dial */
	close(r->listener);
	unlink(r->path);
	rmdir(r->dir);
	if (client >= 0) {
		pump(r, client);
		close(client);
	}
	return NULL;
}

static int start(struct net_relay *r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int saved;

	if (!mkdtemp(r->dir))
		return -1;
	snprintf(r->path, sizeof(r->path), "%s/s", r->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", r->path);
	r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->listener >= 0 && pipe2(r->stop, O_CLOEXEC) == 0) {
		if (bind(r->listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
			listen(r->listener, 1) == 0 && (errno = pthread_create(&r->thread, NULL, relay_main, r)) == 0)
			return 0;
		saved = errno;
		close(r->stop[0]);
		close(r->stop[1]);
		errno = saved;
	}
	saved = errno;
	if (r->listener >= 0)
		close(r->listener);
	unlink(r->path);
	rmdir(r->dir);
	errno = saved;
	return -1;
}

struct net_relay *net_relay_new(int fd)
{
	struct net_relay *r = xcalloc(1, sizeof(*r));
	int saved;

	snprintf(r->dir, sizeof(r->dir), "/tmp/kubewright-XXXXXX");
	r->fd = fd;
	if (start(r) == 0)
		return r;
	saved = errno;
	free(r);
	errno = saved;
	return NULL;
}

const char *net_relay_path(const struct net_relay *r)
{
	return r->path;
}

void net_relay_free(struct net_relay *r)
{
	if (!r)
		return;
	close(r->stop[1]);
	pthread_join(r->thread, NULL);
	close(r->stop[0]);
	free(r);
}
