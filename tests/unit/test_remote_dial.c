/* Servers that refuse, drop, hang, hang up or talk rubbish: each has its own error, in time, and a cancel ends each at once. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "remote/remote.h"
#include "tests/test.h"
#include "tests/unit/fake_sshd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

/* The second is for what is known at once: nobody waits that long, on a busy machine either. */
enum { LIMIT_MS = 600, LONG_MS = 10 * TEST_SOON_MS };
static int limit_ms = LIMIT_MS;

/* A server that says something to all who connect, and then hangs or closes. */
struct rude {
	int fd, port;
	const char *says;
	size_t len;
	bool hangs;
	pthread_t thread;
};

static void *rude_thread(void *arg)
{
	struct rude *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		char c;

		if (s->len > 0 && send(fd, s->says, s->len, MSG_NOSIGNAL) < 0)
			printf("# send failed\n");
		while (s->hangs && recv(fd, &c, 1, 0) > 0)
			continue;
		close(fd);
	}
	return NULL;
}

static void rude_start(struct rude *s, const char *says, bool hangs)
{
	*s = (struct rude){ .says = says, .len = strlen(says), .hangs = hangs };
	s->fd = listen_any(&s->port, 50);
	pthread_create(&s->thread, NULL, rude_thread, s);
}

static void rude_stop(struct rude *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

/* Error of an attempt that must fail, and how long it took. */
static int64_t attempt(const char *address, int port, struct remote_cancel_token *t, struct error *err)
{
	const struct remote_ssh_config c = { .name = "cp1",
		.address = address,
		.port = port,
		.user = "root",
		.cancel = t,
		.connect_timeout_ms = limit_ms };
	int64_t start = clock_mono_ms();

	memset(err, 0, sizeof(*err));
	CHECK(remote_ssh_open(&c, err) == NULL);
	CHECK(err->what[0] && (err->hint[0] || err->kind == ERROR_CANCELLED));
	return clock_mono_ms() - start;
}

static void has(const struct error *err, const char *part)
{
	if (!CHECK(strstr(err->what, part) != NULL))
		printf("# \"%s\" has no \"%s\"\n", err->what, part);
}

static void refused(void)
{
	struct error err;
	int port, fd = listen_any(&port, 1);

	close(fd);
	limit_ms = LONG_MS;
	CHECK(attempt("127.0.0.1", port, NULL, &err) < TEST_SOON_MS);
	CHECK_INT(err.kind, ERROR_CONNECT);
	has(&err, "cannot connect to cp1 (127.0.0.1:");
	has(&err, "Connection refused");
	CHECK(strstr(err.hint, "sshd") != NULL);
	CHECK(attempt("::1", port, NULL, &err) < TEST_SOON_MS);
	has(&err, "([::1]:");
	limit_ms = LIMIT_MS;
}

static void names(void)
{
	struct error err;

	attempt("no-such-host.invalid", 22, NULL, &err);
	CHECK_INT(err.kind, ERROR_CONNECT);
	has(&err, "cannot look up no-such-host.invalid of cp1");
	int port, fd = listen_any(&port, 1);
	close(fd);
	attempt("localhost", port, NULL, &err);
	has(&err, "Connection refused");
	attempt("bad_name!", 22, NULL, &err);
	CHECK_INT(err.kind, ERROR_CONNECT);
}

/* A port whose queue is full drops what comes: as a firewall does. fds are to be closed. */
static int full_queue(int *fds, size_t count, int *port)
{
	int listener = listen_any(port, 0);
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	for (size_t i = 0; i < count; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(fds[i], (struct sockaddr *)&name, sizeof(name)) == 0)
			continue;
	}
	usleep(50000);
	return listener;
}

static void dropped(void)
{
	struct error err;
	int fds[4], port, listener = full_queue(fds, 4, &port);
	int64_t took = attempt("127.0.0.1", port, NULL, &err);

	CHECK(took >= LIMIT_MS - 50 && took < TEST_SOON_MS);
	CHECK_INT(err.kind, ERROR_CONNECT);
	has(&err, "no answer within");
	CHECK(strstr(err.hint, "firewall") != NULL);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	close(listener);
}

static void rude_servers(void)
{
	static const struct {
		const char *says;
		bool hangs;
		const char *what;
		bool at_once;
	} table[] = {
		{ "", true, "accepts connections but says nothing", false },
		{ "", false, "closed the connection at once", false },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", false, "does not speak SSH: it says \"HTTP/1.1 400", true },
		{ "220 mail.example.org ESMTP\r\n", true, "does not speak SSH", true },
		{ "\x16\x03\x01\x02", true, "does not speak SSH", true },
		{ "SSH-2.0-x\r\n", true, "key exchange", false },
		{ "SSH-2.0-x\r\n", false, "no SSH session", true },
		{ "SSH-2.0-x\r\nrubbish that is no packet, rubbish that is no packet, rubbish\r\n", true, "", true },
		{ "SSH-1.5-old\r\n", true, "no SSH session", true },
		{ "SSH-", true, "", false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct error err;
		struct rude s;
		int64_t took;

		rude_start(&s, table[i].says, table[i].hangs);
		limit_ms = table[i].at_once ? LONG_MS : LIMIT_MS;
		took = attempt("127.0.0.1", s.port, NULL, &err);
		CHECK_INT(err.kind, ERROR_CONNECT);
		has(&err, table[i].what);
		if (!CHECK(took < TEST_SOON_MS))
			printf("# %zu took %lld ms\n", i, (long long)took);
		rude_stop(&s);
	}
	limit_ms = LIMIT_MS;
}

struct firing {
	struct remote_cancel_token *token;
	int64_t at;
};

static void *fire_soon(void *arg)
{
	struct firing *f = arg;

	usleep(100000);
	f->at = clock_mono_ms();
	remote_cancel_token_fire(f->token);
	return NULL;
}

static void cancel_at(const char *address, int port)
{
	struct firing f = { .token = remote_cancel_token_new() };
	struct error err;
	pthread_t t;

	pthread_create(&t, NULL, fire_soon, &f);
	attempt(address, port, f.token, &err);
	CHECK_INT(err.kind, ERROR_CANCELLED);
	pthread_join(t, NULL);
	CHECK(clock_mono_ms() - f.at < TEST_SOON_MS);
	/* for good */
	CHECK(attempt(address, port, f.token, &err) < TEST_SOON_MS);
	CHECK_INT(err.kind, ERROR_CANCELLED);
	remote_cancel_token_free(f.token);
}

static void cancelled(void)
{
	static const char *const says[] = { "", "SSH-2.0-x\r\n" };
	int fds[4], port, listener = full_queue(fds, 4, &port);

	cancel_at("127.0.0.1", port);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	close(listener);
	for (int i = 0; i < 2; i++) {
		struct rude s;

		rude_start(&s, says[i], true);
		cancel_at("127.0.0.1", s.port);
		rude_stop(&s);
	}
	remote_cancel_token_free(NULL);
	remote_free(NULL);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Nothing is left open, no matter who closed first. */
static void descriptors(void)
{
	struct rude s;
	int before;

	rude_start(&s, "SSH-2.0-x\r\n", false);
	before = open_fds();
	for (int i = 0; i < 10; i++) {
		struct error err;

		attempt("127.0.0.1", s.port, NULL, &err);
	}
	/* the server's own accepted socket may be on its way out */
	CHECK(open_fds() <= before + 1);
	rude_stop(&s);
}

static const struct test tests[] = {
	{ "refused", refused },
	{ "names", names },
	{ "dropped", dropped },
	{ "rude servers", rude_servers },
	{ "cancelled", cancelled },
	{ "descriptors", descriptors },
};

int main(int argc, char **argv)
{
	remote_init();
	return test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
