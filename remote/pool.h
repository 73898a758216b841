/*
 * Logins that outlive a run: a session that a run gives back is taken up by the next one instead of another login. One
 * pool serves a front end that does several runs in a row; sessions are lent to one thread at a time.
 */
#ifndef REMOTE_POOL_H
#define REMOTE_POOL_H

#include "remote/remote.h"

struct remote_pool;

/* Empty; for any number of threads. */
struct remote_pool *remote_pool_new(void);
/* Closes what is idle. Nothing may be lent out any more. */
void remote_pool_free(struct remote_pool *p);
/*
 * An idle session that was kept under this key and is still alive, or NULL. Freed by remote_free: that gives it back to
 * the pool, unless a call on it lost the link, was cancelled or was refused; then it is closed.
 */
struct remote *remote_pool_take(struct remote_pool *p, const char *key);
/* Wraps a session that was just opened, which it takes, so that remote_free keeps it; one idle session a key. */
struct remote *remote_pool_keep(struct remote_pool *p, const char *key, struct remote *r);
/*
 * Whether an idle session is kept under key whose connection stands, as far as this side can see without asking. Closes
 * it when not.
 */
bool remote_pool_alive(struct remote_pool *p, const char *key);

#endif
