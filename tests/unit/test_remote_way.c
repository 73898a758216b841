/* Tunnels where sshd forbids forwarding: they go by a command on the host, and say why where that does not work either. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "remote/remote.h"
#include "tests/test.h"
#include "tests/unit/fake_sshd.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sshd sshd;
static char *key_path, *known_path;

static enum remote_hostkey_verdict accept_key(
	const char *host, const char *type, const char *fingerprint, const char *note, void *ctx)
{
	(void)note;
	(void)host;
	(void)type;
	(void)fingerprint;
	(void)ctx;
	return REMOTE_HOSTKEY_ACCEPT;
}

static bool begin(const char *extra)
{
	const char *missing = sshd_missing();

	if (missing) {
		printf("# skipped: %s\n", missing);
		return false;
	}
	remote_init();
	sshd_start(&sshd, extra);
	free(key_path);
	free(known_path);
	key_path = xstrdup(sshd_path(&sshd, "id"));
	known_path = xstrdup(sshd_path(&sshd, "known_hosts"));
	return true;
}

static struct remote *login(const char *user)
{
	struct error err = { 0 };
	struct remote_ssh_config c = { .name = "cp1",
		.address = "127.0.0.1",
		.port = sshd.port,
		.user = user,
		.key = key_path,
		.known_hosts = known_path,
		.on_unknown_key = accept_key };
	struct remote *r = remote_ssh_open(&c, &err);

	if (!r) {
		printf("# %s (%s)\n", err.what, err.hint);
		exit(1);
	}
	return r;
}

enum { BYTES = 4 << 20 };

/* Sends back what it gets until its peer's end. */
static void *echo_server(void *arg)
{
	int fd = accept(*(int *)arg, NULL, NULL);
	static char buf[100000];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	close(fd);
	return NULL;
}

/* Says a word and hangs up. */
static void *short_server(void *arg)
{
	int fd = accept(*(int *)arg, NULL, NULL);

	if (send(fd, "bye\n", 4, MSG_NOSIGNAL) != 4)
		abort();
	close(fd);
	return NULL;
}

static void *sender(void *arg)
{
	static char buf[65536];
	int fd = *(int *)arg;

	for (size_t sent = 0; sent < BYTES; sent += sizeof(buf)) {
		memset(buf, (int)(sent / sizeof(buf)) & 0xff, sizeof(buf));
		for (size_t off = 0; off < sizeof(buf);) {
			ssize_t n = send(fd, buf + off, sizeof(buf) - off, MSG_NOSIGNAL);

			if (n <= 0)
				return NULL;
			off += (size_t)n;
		}
	}
	return NULL;
}

/* All bytes there and back, every one. */
static int use_both_ways(int fd, void *ctx, struct error *err)
{
	char buf[50000];
	size_t got = 0;
	bool same = true;
	pthread_t t;
	ssize_t n;

	(void)ctx;
	pthread_create(&t, NULL, sender, &fd);
	while (got < BYTES && (n = recv(fd, buf, sizeof(buf), 0)) > 0)
		for (ssize_t i = 0; i < n; i++, got++)
			same = same && (unsigned char)buf[i] == ((got / 65536) & 0xff);
	pthread_join(t, NULL);
	return same && got == BYTES ? 0
				    : error_set(err, ERROR_INTERNAL, "%zu bytes, %s", got, same ? "same" : "others");
}

static int use_until_end(int fd, void *ctx, struct error *err)
{
	struct str *out = ctx;
	char c;

	(void)err;
	while (recv(fd, &c, 1, 0) == 1)
		str_addc(out, c);
	return 0;
}

static int use_nothing(int fd, void *ctx, struct error *err)
{
	(void)fd;
	(void)ctx;
	(void)err;
	return 0;
}

static int status_of(struct remote *r, const char *command)
{
	const struct remote_exec x = { .command = command, .as_user = true };
	struct error err = { 0 };
	int status = -1;

	if (remote_exec(r, &x, &status, &err))
		printf("# %s: %s\n", command, err.what);
	return status;
}

static void both_ways(struct remote *r)
{
	struct error err = { 0 };
	struct str said = STR_INIT;
	pthread_t t;
	int port, fd = listen_any(&port, 5);

	pthread_create(&t, NULL, echo_server, &fd);
	if (!CHECK_INT(remote_tunnel(r, "127.0.0.1", port, use_both_ways, NULL, &err), 0))
		printf("# %s\n", err.what);
	/* the server sees the end although it was the one that read until then */
	pthread_join(t, NULL);
	pthread_create(&t, NULL, short_server, &fd);
	CHECK_INT(remote_tunnel(r, "127.0.0.1", port, use_until_end, &said, &err), 0);
	CHECK_STR(said.buf, "bye\n");
	pthread_join(t, NULL);
	close(fd);
	/* nobody is there: that is certain */
	CHECK_INT(remote_tunnel(r, "127.0.0.1", port, use_nothing, NULL, &err), -1);
	CHECK_INT(err.kind, ERROR_REFUSED);
	CHECK(strstr(err.what, "cp1 cannot reach 127.0.0.1:") && strstr(err.what, "refused"));
	str_release(&said);
}

static void forbidden_by_config(void)
{
	static const char *const lines[] = { "AllowTcpForwarding no", "DisableForwarding yes", "PermitOpen none",
		"AllowTcpForwarding remote\nMaxSessions 1" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!begin(lines[i]))
			return;
		struct remote *r = login("ops");

		CHECK(!remote_relays(r));
		both_ways(r);
		CHECK(remote_relays(r));
		/* one session after the other, also when only one may be there */
		for (int k = 0; k < 5; k++)
			CHECK_INT(status_of(r, "exit 3"), 3);
		both_ways(r);
		remote_free(r);
		sshd_stop(&sshd);
	}
}

static void forbidden_by_key(void)
{
	static const char *const options[] = { "restrict", "no-port-forwarding", "permitopen=\"192.0.2.1:1\"" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct str key = STR_INIT, line = STR_INIT;
		struct error err = { 0 };

		if (!begin(NULL))
			return;
		CHECK_INT(file_read(sshd_path(&sshd, "id.pub"), 4096, &key, &err), 0);
		str_addf(&line, "%s %s", options[i], key.buf);
		CHECK_INT(file_write(sshd_path(&sshd, "authorized_keys"), line.buf, line.len, 0644, &err), 0);
		struct remote *r = login("root");

		both_ways(r);
		CHECK(remote_relays(r));
		remote_free(r);
		sshd_stop(&sshd);
		str_release(&key);
		str_release(&line);
	}
}

/* The login shell talks before anything of ours runs. */
static void talking_shell(void)
{
	if (!begin("AllowTcpForwarding no"))
		return;
	struct remote *r = login("noisy");

	both_ways(r);
	remote_free(r);
	sshd_stop(&sshd);
}

/* bash is not in the PATH of this user: nothing is known of who was to be asked, and it says what is missing. */
static void no_bash(void)
{
	struct error err = { 0 };

	if (!begin("AllowTcpForwarding no"))
		return;
	struct remote *r = login("bare");

	CHECK_INT(remote_tunnel(r, "127.0.0.1", sshd.port, use_nothing, NULL, &err), -1);
	CHECK_INT(err.kind, ERROR_BLOCKED);
	CHECK(strstr(err.what, "cannot look at 127.0.0.1:") && strstr(err.what, "no bash"));
	CHECK(strstr(err.hint, "AllowTcpForwarding local") != NULL);
	/* the login itself continues */
	CHECK_INT(status_of(r, "exit 4"), 4);
	remote_free(r);
	sshd_stop(&sshd);
}

/* Where forwarding works nothing else is tried, and an address is never a command. */
static void permitted(void)
{
	struct error err = { 0 };

	if (!begin(NULL))
		return;
	struct remote *r = login("ops");

	both_ways(r);
	CHECK(!remote_relays(r));
	remote_free(r);
	sshd_stop(&sshd);
	begin("AllowTcpForwarding no");
	r = login("ops");
	CHECK_INT(remote_tunnel(r, "$(touch /tmp/x)", 1, use_nothing, NULL, &err), -1);
	CHECK(strstr(err.what, "is not an address") != NULL);
	remote_free(r);
	sshd_stop(&sshd);
}

static int use_in_vain(int fd, void *ctx, struct error *err)
{
	use_until_end(fd, ctx, err);
	return error_set(err, ERROR_NET, "the end");
}

static void *fire(void *r)
{
	poll(NULL, 0, 200);
	remote_cancel(r);
	return NULL;
}

static void cancelled(void)
{
	struct str said = STR_INIT;
	struct error err = { 0 };
	pthread_t t, c;
	int port, fd;

	if (!begin("AllowTcpForwarding no"))
		return;
	struct remote *r = login("ops");

	fd = listen_any(&port, 5);
	pthread_create(&t, NULL, echo_server, &fd);
	pthread_create(&c, NULL, fire, r);
	CHECK_INT(remote_tunnel(r, "127.0.0.1", port, use_in_vain, &said, &err), -1);
	CHECK_INT(err.kind, ERROR_CANCELLED);
	pthread_join(c, NULL);
	remote_free(r);
	/* and nothing of it stays on the host */
	pthread_join(t, NULL);
	close(fd);
	str_release(&said);
	sshd_stop(&sshd);
}

static const struct test tests[] = {
	{ "forwarding forbidden by sshd_config", forbidden_by_config },
	{ "forwarding forbidden by the key's options", forbidden_by_key },
	{ "a login shell that talks", talking_shell },
	{ "no bash", no_bash },
	{ "forwarding permitted; addresses are not commands", permitted },
	{ "cancelled while a relay is open", cancelled },
};

int main(int argc, char **argv)
{
	sshd_make_keys();
	return test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
