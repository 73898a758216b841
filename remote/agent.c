/*
 * Between libssh and the operator's agent (protocol: draft-miller-ssh-agent). libssh offers all keys the agent has, which runs into
 * MaxAuthTries, ends with the first that the agent does not sign with, and waits for it without limit. So it is shown some at a time, in our order.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "remote/ssh.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	AGENT_MESSAGE_MAX = 256 << 10,
	AGENT_LIST_MS = 5 * 1000,
	AGENT_REQUEST_IDENTITIES = 11,
	AGENT_IDENTITIES_ANSWER = 12,
	AGENT_SIGN_REQUEST = 13,
	AGENT_SIGN_RESPONSE = 14,
};

struct remote_agent {
	struct remote_cancel_token *token;
	int64_t deadline;
	struct identity {
		struct str blob;
		char *comment;
		ssh_key key; /* NULL: of a kind that libssh does not know */
	} * list;
	unsigned count;
	unsigned order[REMOTE_AGENT_KEYS_MAX]; /* of what libssh may see: indexes into list, */
	atomic_uint from, to;                  /* from here up to there */
	atomic_uint asked;                     /* the place in order that it wanted a signature of last */
	atomic_bool no_signature, hung;        /* the agent did not give one; it did not answer in time */
	int agent, ours, theirs;               /* the agent's socket; our end and libssh's end of the pair */
	pthread_t thread;
	bool running;
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

static void add_u32(struct str *s, uint32_t v)
{
	char four[4];

	put_u32(four, v);
	str_addn(s, four, sizeof(four));
}

/* One string of a message at *at, or false at its end. */
static bool take_string(const struct str *s, size_t *at, const char **data, size_t *len)
{
	if (s->len - *at < 4 || s->len - *at - 4 < get_u32(s->buf + *at))
		return false;
	*len = get_u32(s->buf + *at);
	*data = s->buf + *at + 4;
	*at += 4 + *len;
	return true;
}

static ssh_key import(const struct str *blob)
{
	struct str base64 = STR_INIT, type = STR_INIT;
	size_t at = 0, len;
	const char *name;
	ssh_key key = NULL;
	enum ssh_keytypes_e t;

	if (take_string(blob, &at, &name, &len)) {
		str_addn(&type, name, len);
		str_add_base64(&base64, blob->buf, blob->len);
		t = ssh_key_type_from_name(type.buf);
		if (ssh_pki_import_pubkey_base64(base64.buf, t, &key) != SSH_OK &&
			ssh_pki_import_cert_base64(base64.buf, t, &key) != SSH_OK)
			key = NULL;
	}
	str_release(&base64);
	str_release(&type);
	return key;
}

/* Asks for the keys that there are: count, then each key's blob and comment. */
static bool list_keys(struct remote_agent *a)
{
	static const char request[] = { 0, 0, 0, 1, AGENT_REQUEST_IDENTITIES };
	int64_t deadline = a->deadline, soon = clock_mono_ms() + AGENT_LIST_MS;
	struct str s = STR_INIT, text = STR_INIT;
	const char *blob, *comment;
	size_t at = 9, blob_len, comment_len;
	bool ok;

	a->deadline = soon < deadline ? soon : deadline;
	ok = write_all(a, a->agent, request, sizeof(request)) && read_message(a, a->agent, &s);
	a->deadline = deadline;
	if (ok && s.len >= at && s.buf[4] == AGENT_IDENTITIES_ANSWER) {
		a->list = xcalloc(REMOTE_AGENT_KEYS_MAX, sizeof(*a->list));
		while (a->count < REMOTE_AGENT_KEYS_MAX && a->count < get_u32(s.buf + 5) &&
			take_string(&s, &at, &blob, &blob_len) && take_string(&s, &at, &comment, &comment_len)) {
			struct identity *id = &a->list[a->count++];

			str_init(&id->blob);
			str_addn(&id->blob, blob, blob_len);
			str_clear(&text);
			str_add_printable(&text, comment, comment_len > 64 ? 64 : comment_len);
			id->comment = xstrdup(text.len ? text.buf : "without a name");
			id->key = import(&id->blob);
		}
	}
	str_release(&s);
	str_release(&text);
	return ok;
}

/* The answer to libssh's question for the keys. */
static void show(struct remote_agent *a, struct str *s)
{
	unsigned from = atomic_load(&a->from), to = atomic_load(&a->to);

	str_clear(s);
	add_u32(s, 0);
	str_addc(s, AGENT_IDENTITIES_ANSWER);
	add_u32(s, to - from);
	for (unsigned i = from; i < to; i++) {
		const struct identity *id = &a->list[a->order[i]];

		add_u32(s, (uint32_t)id->blob.len);
		str_addn(s, id->blob.buf, id->blob.len);
		add_u32(s, 0);
	}
	put_u32(s->buf, (uint32_t)(s->len - 4));
}

/* Which key libssh wants a signature of. */
static void note_asked(struct remote_agent *a, const struct str *s)
{
	unsigned to = atomic_load(&a->to);
	size_t at = 5, len;
	const char *blob;

	atomic_store(&a->no_signature, false);
	if (!take_string(s, &at, &blob, &len))
		return;
	for (unsigned i = atomic_load(&a->from); i < to; i++)
		if (a->list[a->order[i]].blob.len == len && memcmp(a->list[a->order[i]].blob.buf, blob, len) == 0)
			atomic_store(&a->asked, i);
}

static void *filter(void *arg)
{
	struct remote_agent *a = arg;
	struct str s = STR_INIT;

	while (read_message(a, a->ours, &s)) {
		char asked = s.len > 4 ? s.buf[4] : 0;

		if (asked == AGENT_REQUEST_IDENTITIES) {
			show(a, &s);
		} else {
			if (asked == AGENT_SIGN_REQUEST)
				note_asked(a, &s);
			if (!write_all(a, a->agent, s.buf, s.len) || !read_message(a, a->agent, &s)) {
				atomic_store(&a->hung, true);
				break;
			}
			if (asked == AGENT_SIGN_REQUEST && (s.len < 5 || s.buf[4] != AGENT_SIGN_RESPONSE))
				atomic_store(&a->no_signature, true);
		}
		if (!write_all(a, a->ours, s.buf, s.len))
			break;
	}
	shutdown(a->ours, SHUT_RDWR);
	str_wipe(&s);
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

struct remote_agent *remote_agent_open(struct remote_cancel_token *t, int64_t deadline)
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
	a->token = t;
	a->deadline = deadline;
	a->agent = fd;
	a->ours = pair[0];
	a->theirs = pair[1];
	if (!list_keys(a))
		atomic_store(&a->hung, true);
	a->running = a->count > 0 && pthread_create(&a->thread, NULL, filter, a) == 0;
	return a;
}

unsigned remote_agent_count(const struct remote_agent *a)
{
	return a->running ? a->count : 0;
}

ssh_key remote_agent_key(const struct remote_agent *a, unsigned i, const char **comment)
{
	*comment = a->list[i].comment;
	return a->list[i].key;
}

void remote_agent_show(struct remote_agent *a, const unsigned *order, unsigned from, unsigned to)
{
	memcpy(a->order, order, to * sizeof(*order));
	atomic_store(&a->no_signature, false);
	atomic_store(&a->asked, from);
	atomic_store(&a->to, to);
	atomic_store(&a->from, from);
}

unsigned remote_agent_asked(struct remote_agent *a)
{
	return atomic_load(&a->asked);
}

bool remote_agent_unsigned(struct remote_agent *a)
{
	return atomic_load(&a->no_signature);
}

bool remote_agent_hung(struct remote_agent *a)
{
	return atomic_load(&a->hung) && !remote_token_fired(a->token);
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
	if (a->running)
		pthread_join(a->thread, NULL);
	for (unsigned i = 0; i < a->count; i++) {
		str_release(&a->list[i].blob);
		free(a->list[i].comment);
		ssh_key_free(a->list[i].key);
	}
	free(a->list);
	if (a->theirs >= 0)
		close(a->theirs);
	close(a->ours);
	close(a->agent);
	free(a);
}
