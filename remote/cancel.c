/* Cancelling from another thread: an eventfd for those who poll, shutdown for those who are blocked inside libssh. */
#include "base/alloc.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct remote_cancel_token {
	atomic_int refs; /* the maker's and one for each remote: neither needs to know who goes last */
	atomic_bool fired;
	int fd;
	pthread_mutex_t mutex;
	struct remote_watch *watches;
};

struct remote_cancel_token *remote_cancel_token_new(void)
{
	struct remote_cancel_token *t = xcalloc(1, sizeof(*t));

	atomic_init(&t->refs, 1);
	atomic_init(&t->fired, false);
	/* without a descriptor (EMFILE) cancelling still works, by the flag and the watches */
	t->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&t->mutex, NULL);
	return t;
}

struct remote_cancel_token *remote_token_ref(struct remote_cancel_token *t)
{
	atomic_fetch_add(&t->refs, 1);
	return t;
}

void remote_cancel_token_fire(struct remote_cancel_token *t)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&t->mutex);
	atomic_store(&t->fired, true);
	if (t->fd >= 0) {
		/* EAGAIN would mean that it is readable already */
		ssize_t ignored = write(t->fd, &one, sizeof(one));

		(void)ignored;
	}
	for (const struct remote_watch *w = t->watches; w; w = w->next)
		shutdown(w->fd, SHUT_RDWR);
	pthread_mutex_unlock(&t->mutex);
}

void remote_cancel_token_free(struct remote_cancel_token *t)
{
	if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	if (t->fd >= 0)
		close(t->fd);
	pthread_mutex_destroy(&t->mutex);
	free(t);
}

bool remote_token_fired(const struct remote_cancel_token *t)
{
	return atomic_load(&t->fired);
}

int remote_token_fd(const struct remote_cancel_token *t)
{
	return t->fd;
}

void remote_token_watch(struct remote_cancel_token *t, struct remote_watch *w, int fd)
{
	pthread_mutex_lock(&t->mutex);
	w->fd = fd;
	w->next = t->watches;
	t->watches = w;
	if (atomic_load(&t->fired))
		shutdown(fd, SHUT_RDWR);
	pthread_mutex_unlock(&t->mutex);
}

void remote_token_unwatch(struct remote_cancel_token *t, struct remote_watch *w)
{
	pthread_mutex_lock(&t->mutex);
	for (struct remote_watch **p = &t->watches; *p; p = &(*p)->next) {
		if (*p == w) {
			*p = w->next;
			break;
		}
	}
	pthread_mutex_unlock(&t->mutex);
}

int remote_cancelled(struct error *err)
{
	return error_set(err, ERROR_CANCELLED, "cancelled");
}
