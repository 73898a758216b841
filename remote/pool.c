/* Logins that outlive a run. */
#include "remote/pool.h"

#include "base/alloc.h"
#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct kept {
	struct remote base; /* first */
	struct remote_pool *pool;
	struct remote *inner;
	char *key;
	atomic_bool spoiled; /* its link is not to be trusted any more */
	struct kept *next;   /* while idle */
};
struct remote_pool {
	pthread_mutex_t lock;
	struct kept *idle;
};

static void spoil_on(struct kept *k, int rc, const struct error *err)
{
	if (rc && (err->kind == ERROR_CONNECT || err->kind == ERROR_CANCELLED || err->kind == ERROR_AUTH ||
			  err->kind == ERROR_TIMEOUT || err->kind == ERROR_PROTOCOL))
		atomic_store(&k->spoiled, true);
}

static int kept_exec(struct remote *r, const struct remote_exec *x, int *status, struct error *err)
{
	struct kept *k = (struct kept *)r;
	struct error e = { 0 };
	int rc = remote_exec(k->inner, x, status, &e);

	spoil_on(k, rc, &e);
	if (rc && err)
		*err = e;
	return rc;
}

static int kept_tunnel(struct remote *r, const char *host, int port, int (*use)(int fd, void *ctx, struct error *err),
	void *ctx, struct error *err)
{
	struct kept *k = (struct kept *)r;
	struct error e = { 0 };
	int rc = remote_tunnel(k->inner, host, port, use, ctx, &e);

	spoil_on(k, rc, &e);
	if (rc && err)
		*err = e;
	return rc;
}

static void kept_cancel(struct remote *r)
{
	struct kept *k = (struct kept *)r;

	atomic_store(&k->spoiled, true);
	remote_cancel(k->inner);
}

static bool kept_alive(struct remote *r)
{
	struct kept *k = (struct kept *)r;

	return !atomic_load(&k->spoiled) && remote_alive(k->inner);
}

static bool kept_relays(struct remote *r)
{
	return remote_relays(((struct kept *)r)->inner);
}

static void close_kept(struct kept *k)
{
	remote_free(k->inner);
	free(k->key);
	free(k);
}

/* The place in the list of the idle one with this key. With the lock held. */
static struct kept **find(struct remote_pool *p, const char *key)
{
	struct kept **at = &p->idle;

	while (*at && strcmp((*at)->key, key) != 0)
		at = &(*at)->next;
	return at;
}

static void kept_free(struct remote *r)
{
	struct kept *k = (struct kept *)r, **at;
	struct remote_pool *p = k->pool;

	pthread_mutex_lock(&p->lock);
	at = find(p, k->key);
	if (!*at && kept_alive(r)) {
		k->next = NULL;
		*at = k;
		k = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	if (k)
		close_kept(k);
}

static const struct remote_ops kept_ops = { kept_exec, kept_tunnel, kept_cancel, kept_free, kept_alive, kept_relays };

struct remote_pool *remote_pool_new(void)
{
	struct remote_pool *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void remote_pool_free(struct remote_pool *p)
{
	struct kept *next;

	if (!p)
		return;
	for (struct kept *k = p->idle; k; k = next) {
		next = k->next;
		close_kept(k);
	}
	pthread_mutex_destroy(&p->lock);
	free(p);
}

struct remote *remote_pool_keep(struct remote_pool *p, const char *key, struct remote *r)
{
	struct kept *k = xcalloc(1, sizeof(*k));

	k->base.ops = &kept_ops;
	k->pool = p;
	k->inner = r;
	k->key = xstrdup(key);
	return &k->base;
}

/* Out of the list, if it is there and alive; a dead one is closed. */
static struct kept *take(struct remote_pool *p, const char *key)
{
	struct kept **at, *k;

	pthread_mutex_lock(&p->lock);
	at = find(p, key);
	k = *at;
	if (k)
		*at = k->next;
	pthread_mutex_unlock(&p->lock);
	if (k && !kept_alive(&k->base)) {
		close_kept(k);
		k = NULL;
	}
	return k;
}

struct remote *remote_pool_take(struct remote_pool *p, const char *key)
{
	struct kept *k = take(p, key);

	return k ? &k->base : NULL;
}

bool remote_pool_alive(struct remote_pool *p, const char *key)
{
	struct kept *k = take(p, key);

	if (k)
		kept_free(&k->base);
	return k != NULL;
}
