/* A TCP connection from the host, moved by the thread that owns the session, used by another. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TUNNEL_CHUNK = 32 << 10,
	TUNNEL_FLUSH_MS = 5 * 1000, /* for what use has sent before it returned */
};

/* use(fd) in a thread; its end of the pair is closed when use returns, which the other end sees. */
struct user {
	int (*use)(int fd, void *ctx, struct error *err);
	void *ctx;
	struct error *err; /* use's own, at the caller's */
	int fd, rc;
	pthread_t thread;
};

static void *user_thread(void *arg)
{
	struct user *u = arg;

	u->rc = u->use(u->fd, u->ctx, u->err);
	/* the other end sees the end; the number stays ours until the join */
	shutdown(u->fd, SHUT_RDWR);
	return NULL;
}

static int user_start(struct user *u, int *our_end, struct error *err)
{
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot make a socket pair");
	u->fd = pair[0];
	rc = pthread_create(&u->thread, NULL, user_thread, u);
	if (rc != 0) {
		close(pair[0]);
		close(pair[1]);
		return error_errno(err, ERROR_SYSTEM, rc, "cannot start a thread");
	}
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	*our_end = pair[1];
	return 0;
}

static int user_join(struct user *u)
{
	pthread_join(u->thread, NULL);
	close(u->fd);
	return u->rc;
}

/* What is on the way in one tunnel. */
struct flow {
	struct remote_link *l;
	ssh_channel channel;
	bool relayed; /* by a command on the host */
	int fd;       /* our end of the pair */
	char to_host[TUNNEL_CHUNK], to_user[TUNNEL_CHUNK];
	size_t host_len, user_len, user_off;
	bool user_eof;  /* use has no more to send */
	bool user_gone; /* use has returned, or wants to read no more */
	bool host_eof;
	bool sent_eof, told_eof;
	int64_t hung_up; /* when both directions of the pair were shut: use has returned; 0: not yet */
};

/* From use to the host: one piece at a time, as libssh would queue any amount. */
static int upstream(struct flow *f)
{
	if (f->host_len == 0 && !f->user_eof) {
		ssize_t n = recv(f->fd, f->to_host, sizeof(f->to_host), 0);

		if (n > 0)
			f->host_len = (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			f->user_eof = true;
	}
	if (f->host_len > 0 && (ssh_get_poll_flags(f->l->session) & SSH_WRITE_PENDING) == 0) {
		uint32_t window = ssh_channel_window_size(f->channel);
		size_t n = f->host_len > window ? window : f->host_len;
		int written = n > 0 ? ssh_channel_write(f->channel, f->to_host, (uint32_t)n) : 0;

		if (written < 0)
			return -1;
		memmove(f->to_host, f->to_host + written, f->host_len - (size_t)written);
		f->host_len -= (size_t)written;
	}
	if (f->user_eof && f->host_len == 0 && !f->sent_eof) {
		/* the end of its input is the end of a relay */
		if (!f->relayed)
			ssh_channel_send_eof(f->channel);
		f->sent_eof = true;
	}
	return 0;
}

/* From the host to use: read from the channel only what the pair has room for, so that the window holds the sender back. */
static void downstream(struct flow *f)
{
	while (!f->user_gone) {
		if (f->user_len == 0) {
			int n = ssh_channel_read_nonblocking(f->channel, f->to_user, sizeof(f->to_user), 0);

			if (n <= 0) {
				f->host_eof = n == SSH_ERROR || n == SSH_EOF || ssh_channel_is_eof(f->channel) ||
					      ssh_channel_is_closed(f->channel);
				break;
			}
			f->user_len = (size_t)n;
			f->user_off = 0;
		}
		ssize_t n = send(f->fd, f->to_user + f->user_off, f->user_len, MSG_NOSIGNAL);

		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				f->user_gone = true;
			break;
		}
		f->user_off += (size_t)n;
		f->user_len -= (size_t)n;
	}
	if (f->host_eof && f->user_len == 0 && !f->told_eof) {
		shutdown(f->fd, SHUT_WR);
		f->told_eof = true;
	}
}

static int flow_wait(struct flow *f)
{
	/* a pair that is hung up would wake poll again and again */
	struct pollfd p[3] = { { .fd = f->l->own, .events = POLLIN },
		{ .fd = remote_token_fd(f->l->token), .events = POLLIN }, { .fd = f->hung_up ? -1 : f->fd } };

	if (ssh_get_poll_flags(f->l->session) & SSH_WRITE_PENDING)
		p[0].events |= POLLOUT;
	if (f->host_len == 0 && !f->user_eof)
		p[2].events |= POLLIN;
	if (f->user_len > 0)
		p[2].events |= POLLOUT;
	poll(p, 3, f->hung_up ? 20 : 200);
	if (p[2].revents & POLLHUP)
		f->hung_up = clock_mono_ms();
	return ssh_event_dopoll(f->l->event, 0) == SSH_ERROR ? -1 : 0;
}

static bool flow_over(const struct flow *f)
{
	if (f->hung_up && clock_mono_ms() - f->hung_up > TUNNEL_FLUSH_MS)
		return true;
	return (f->hung_up || f->user_gone) && f->user_eof && f->host_len == 0;
}

/* Until use is through. 0, or -1 when the link died or was cancelled. */
static int flow_run(struct flow *f, struct error *err)
{
	while (!flow_over(f)) {
		if (remote_token_fired(f->l->token))
			return remote_cancelled(err);
		if (!remote_link_alive(f->l) || flow_wait(f) != 0)
			return remote_link_lost(f->l, err);
		downstream(f);
		if (upstream(f) != 0) {
			f->user_eof = f->sent_eof = true;
			f->host_len = 0;
		}
	}
	return 0;
}

int remote_ssh_tunnel(struct remote *r, const char *host, int port, int (*use)(int fd, void *ctx, struct error *err),
	void *ctx, struct error *err)
{
	struct remote_link *l = (struct remote_link *)r;
	struct error link_error = { 0 }, use_error = { 0 };
	struct user user = { .use = use, .ctx = ctx, .err = &use_error };
	struct flow *f;
	int rc, fd = -1;

	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	if (!remote_link_alive(l))
		return remote_link_lost(l, err);
	f = xcalloc(1, sizeof(*f));
	f->l = l;
	rc = remote_link_way(l, &f->channel, &f->relayed, host, port, err);
	if (rc == 0)
		rc = user_start(&user, &fd, err);
	if (rc == 0) {
		f->fd = fd;
		rc = flow_run(f, &link_error);
		shutdown(fd, SHUT_RDWR);
		/* a use that has got all it wanted has succeeded, whatever became of the link */
		rc = user_join(&user);
		if (rc != 0 && err)
			*err = link_error.kind != ERROR_NONE ? link_error : use_error;
		close(fd);
	}
	if (f->channel && f->relayed)
		remote_link_session_free(l, f->channel);
	else if (f->channel)
		ssh_channel_free(f->channel);
	secret_wipe(f, sizeof(*f));
	free(f);
	return rc;
}
