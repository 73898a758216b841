/* How a run gets into its hosts. The command line fills it before the run. */
#ifndef STEPS_RUN_LOGINS_H
#define STEPS_RUN_LOGINS_H

#include "base/secret.h"

#include <stdbool.h>

struct remote_keys;
struct remote_pool;

/* What the operator's secrets are for one host. */
struct login_secrets {
	struct secret password, sudo;
};

struct logins {
	const struct remote_keys *keys;
	struct remote_pool *pool;      /* logins of earlier runs; NULL: each run logs in */
	struct login_secrets *secrets; /* per host */
	const char *known_hosts;       /* our own */
	const char *const *other_known_hosts; /* see struct remote_ssh_config */
	bool accept_new; /* host keys */
	int connect_timeout_ms;
};

#endif
