/* This machine as a remote, by fork and exec: for tests, and where no SSH is needed. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct local {
	struct remote base;
	struct remote_cancel_token *token;
};

/* A child and our ends of its pipes; -1: closed. */
struct child {
	pid_t pid;
	int in, out, errors;
	size_t sent, got;
	bool too_much;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int spawn(struct child *c, const char *command, struct error *err)
{
	int p[3][2];

	for (int i = 0; i < 3; i++) {
		if (pipe2(p[i], O_CLOEXEC) != 0) {
			int why = errno;

			while (--i >= 0) {
				close(p[i][0]);
				close(p[i][1]);
			}
			return error_errno(err, ERROR_SYSTEM, why, "cannot make a pipe");
		}
	}
	c->pid = fork();
	if (c->pid == 0) {
		setpgid(0, 0);
		signal(SIGPIPE, SIG_DFL);
		if (dup2(p[0][0], 0) == 0 && dup2(p[1][1], 1) == 1 && dup2(p[2][1], 2) == 2)
			execl("/bin/sh", "sh", command ? "-c" : "-s", command, (char *)NULL);
		_exit(127);
	}
	close(p[0][0]);
	close(p[1][1]);
	close(p[2][1]);
	c->in = p[0][1];
	c->out = p[1][0];
	c->errors = p[2][0];
	if (c->pid > 0) {
		setpgid(c->pid, c->pid); /* both do it, so that it is done no matter who comes first */
		fcntl(c->in, F_SETFL, O_NONBLOCK);
		return 0;
	}
	close_fd(&c->in);
	close_fd(&c->out);
	close_fd(&c->errors);
	return error_errno(err, ERROR_SYSTEM, errno, "cannot fork");
}

static void feed(struct child *c, const struct remote_exec *x)
{
	ssize_t n = 0;

	if (c->sent < x->input_len)
		n = write(c->in, (const char *)x->input + c->sent, x->input_len - c->sent);
	if (n > 0)
		c->sent += (size_t)n;
	if (c->sent >= x->input_len || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&c->in);
}

static void drain(struct child *c, int *fd, const struct remote_exec *x)
{
	char buf[32768];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		close_fd(fd);
	} else if (n > 0 && fd == &c->errors) {
		if (x->on_stderr)
			x->on_stderr(buf, (size_t)n, x->ctx);
	} else if (n > 0) {
		c->got += (size_t)n;
		c->too_much = c->got > (x->out_max ? x->out_max : 16 << 20);
		if (x->out && !c->too_much)
			str_addn(x->out, buf, (size_t)n);
	}
}

static int pump(struct local *l, struct child *c, const struct remote_exec *x, struct error *err)
{
	int64_t timeout = x->timeout_ms ? x->timeout_ms : 60000, deadline = clock_mono_ms() + timeout;

	while (c->out >= 0 || c->errors >= 0) {
		struct pollfd p[4] = { { .fd = c->in, .events = POLLOUT }, { .fd = c->out, .events = POLLIN },
			{ .fd = c->errors, .events = POLLIN }, { .fd = remote_token_fd(l->token), .events = POLLIN } };
		int64_t left = deadline - clock_mono_ms();

		if (left <= 0)
			return error_set(
				err, ERROR_TIMEOUT, "a command did not end within %.0f s", (double)timeout / 1000);
		poll(p, 4, left > 1000 ? 1000 : (int)left);
		if (remote_token_fired(l->token))
			return remote_cancelled(err);
		if (p[0].revents)
			feed(c, x);
		if (p[1].revents)
			drain(c, &c->out, x);
		if (p[2].revents)
			drain(c, &c->errors, x);
		if (c->too_much)
			return error_set(err, ERROR_PROTOCOL, "a command printed too much");
	}
	return 0;
}

static int local_exec(struct remote *r, const struct remote_exec *x, int *status, struct error *err)
{
	struct local *l = (struct local *)r;
	struct child c = { 0 };
	int rc, how = 0;

	if (remote_token_fired(l->token))
		return remote_cancelled(err);
	if (spawn(&c, x->command, err) != 0)
		return -1;
	rc = pump(l, &c, x, err);
	if (rc != 0)
		kill(-c.pid, SIGKILL);
	close_fd(&c.in);
	close_fd(&c.out);
	close_fd(&c.errors);
	while (waitpid(c.pid, &how, 0) < 0 && errno == EINTR)
		;
	if (rc == 0)
		*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return rc;
}

static int local_tunnel(struct remote *r, const char *host, int port, int (*use)(int fd, void *ctx, struct error *err),
	void *ctx, struct error *err)
{
	struct local *l = (struct local *)r;
	struct remote_watch watch;
	int fd = remote_dial("this machine", host, port, l->token, clock_mono_ms() + 20000, err), rc;

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFL, 0); /* as the far end of a tunnel is: blocking */
	remote_token_watch(l->token, &watch, fd);
	rc = use(fd, ctx, err);
	remote_token_unwatch(l->token, &watch);
	close(fd);
	return rc;
}

static void local_cancel(struct remote *r)
{
	remote_cancel_token_fire(((struct local *)r)->token);
}

static void local_free(struct remote *r)
{
	remote_cancel_token_free(((struct local *)r)->token);
	free(r);
}

static const struct remote_ops local_ops = { local_exec, local_tunnel, local_cancel, local_free, NULL, NULL };

struct remote *remote_local_open(void)
{
	struct local *l = xcalloc(1, sizeof(*l));

	l->base.ops = &local_ops;
	l->token = remote_cancel_token_new();
	return &l->base;
}
