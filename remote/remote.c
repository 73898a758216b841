/* What all kinds of remote share: dispatch, counting, the library's start. */
#include "remote/remote.h"

#include "remote/ssh.h"

#include <signal.h>
#include <stdio.h>

int remote_exec(struct remote *r, const struct remote_exec *x, int *status, struct error *err)
{
	r->execs++;
	return r->ops->exec(r, x, status, err);
}

int remote_tunnel(struct remote *r, const char *host, int port, int (*use)(int fd, void *ctx, struct error *err),
	void *ctx, struct error *err)
{
	return r->ops->tunnel(r, host, port, use, ctx, err);
}

void remote_cancel(struct remote *r)
{
	r->ops->cancel(r);
}

void remote_free(struct remote *r)
{
	if (r)
		r->ops->free(r);
}

bool remote_alive(struct remote *r)
{
	return !r->ops->alive || r->ops->alive(r);
}

bool remote_relays(struct remote *r)
{
	return r->ops->relays && r->ops->relays(r);
}

void remote_init(void)
{
	struct sigaction now;

	ssh_init();
	/* SSH sockets are written with MSG_NOSIGNAL, those to the agent are not */
	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

const char *remote_library(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "libssh %s", ssh_version(0));
	return text;
}
