/* Servers that mean harm: what they send unasked is refused, costs no memory, and ends their own connection alone. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "remote/ssh.h"
#include "tests/test.h"
#include "tests/unit/fake_sshd.h"

#include <arpa/inet.h>
#include <libssh/server.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

enum {
	BIG = 100 * 1000, /* bytes of a name that the server sends with each request */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	MORE_MAX = 256 * 1024, /* kB; without bounds it is gigabytes */
#else
	MORE_MAX = 64 * 1024,
#endif
};

static ssh_channel session_channel(ssh_session s)
{
	ssh_message m;

	/* the login by "none", then the client's own channel */
	while ((m = ssh_message_get(s)) != NULL) {
		ssh_channel c = NULL;

		if (ssh_message_type(m) == SSH_REQUEST_AUTH)
			ssh_message_auth_reply_success(m, 0);
		else if (ssh_message_type(m) == SSH_REQUEST_CHANNEL_OPEN)
			c = ssh_message_channel_request_open_reply_accept(m);
		else
			ssh_message_reply_default(m);
		ssh_message_free(m);
		if (c)
			return c;
	}
	return NULL;
}

/* Opens channels as fast as it can. */
static void flood(ssh_session s)
{
	char *name = xcalloc(1, BIG + 1);

	memset(name, 'a', BIG);
	ssh_set_blocking(s, 0);
	while (ssh_is_connected(s) &&
		ssh_channel_open_reverse_forward(ssh_channel_new(s), name, 1, name, 1) != SSH_ERROR)
		;
}

/* Says nothing any more, and reads. */
static void rest(ssh_session s)
{
	while (ssh_is_connected(s))
		ssh_message_free(ssh_message_get(s));
}

/* A server in a process of its own; it ends with its one connection. */
static pid_t start_server(int listener, const char *key, void (*then)(ssh_session s))
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	alarm(60);
	ssh_bind bind = ssh_bind_new();
	ssh_session s = ssh_new();
	int fd = accept(listener, NULL, NULL);

	ssh_bind_options_set(bind, SSH_BIND_OPTIONS_HOSTKEY, key);
	if (ssh_bind_accept_fd(bind, s, fd) != SSH_OK || ssh_handle_key_exchange(s) != SSH_OK || !session_channel(s))
		_exit(1);
	then(s);
	_exit(0);
}

/* Between client and server: after the first bytes nothing of the client gets through, as if the server did not read. */
static pid_t start_deaf_relay(int listener, int port, size_t hears)
{
	pid_t pid = fork();
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static char buf[64 << 10];

	if (pid != 0)
		return pid;
	alarm(60);
	int client = accept(listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(server, (struct sockaddr *)&to, sizeof(to)) != 0)
		_exit(1);
	for (;;) {
		struct pollfd p[2] = { { server, POLLIN, 0 }, { hears ? client : -1, POLLIN, 0 } };
		ssize_t n;

		poll(p, 2, -1);
		if (p[0].revents) {
			n = read(server, buf, sizeof(buf));
			if (n <= 0 || send(client, buf, (size_t)n, MSG_NOSIGNAL) != n)
				_exit(0);
		}
		if (p[1].revents) {
			n = read(client, buf, hears < sizeof(buf) ? hears : sizeof(buf));
			if (n <= 0 || send(server, buf, (size_t)n, MSG_NOSIGNAL) != n)
				_exit(0);
			hears -= (size_t)n;
		}
	}
}

static enum remote_hostkey_verdict accept_key(
	const char *host, const char *type, const char *fingerprint, const char *note, void *ctx)
{
	(void)host;
	(void)type;
	(void)fingerprint;
	(void)note;
	(void)ctx;
	return REMOTE_HOSTKEY_ACCEPT;
}

/* kB of this process. */
static long resident(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kb = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmRSS: %ld", &kb);
	if (f)
		fclose(f);
	return kb;
}

static struct remote_ssh_config config(const char *name, int port)
{
	return (struct remote_ssh_config){
		.name = name, .address = "127.0.0.1", .port = port, .user = "root", .on_unknown_key = accept_key
	};
}

static char dir[] = "/tmp/kubewright-hostile.XXXXXX", *key;

static bool begin(void)
{
	char *command;

	remote_init();
	if (!CHECK(mkdtemp(dir) != NULL))
		return false;
	key = xasprintf("%s/key", dir);
	command = xasprintf("ssh-keygen -q -t ed25519 -N '' -f %s", key);
	CHECK_INT(system(command), 0);
	free(command);
	return true;
}

static void end(pid_t pid)
{
	char *command = xasprintf("rm -rf %s", dir);

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK_INT(system(command), 0);
	free(command);
	free(key);
}

static struct sshd sshd;

/* Another host of the same run, at the same time. */
static void *neighbour(void *done)
{
	struct remote_ssh_config c = config("good", sshd.port);
	struct remote_exec x = { .command = "sleep 1; echo done", .as_user = true };
	struct error err = { 0 };
	int status = -1;

	c.key = sshd_path(&sshd, "id");
	x.out = done;
	struct remote *r = remote_ssh_open(&c, &err);

	if (!r || remote_exec(r, &x, &status, &err) != 0)
		printf("# %s\n", err.what);
	remote_free(r);
	return NULL;
}

static void channels(void)
{
	struct remote_exec x = { .command = "true", .as_user = true, .timeout_ms = 30000 };
	struct error err = { 0 };
	struct str done = STR_INIT;
	int port, status = -1, listener;
	int64_t start = clock_mono_ms();
	pthread_t t;

	if (sshd_missing() || !begin())
		return;
	sshd_start(&sshd, NULL);
	listener = listen_any(&port, 1);
	pid_t pid = start_server(listener, key, flood);
	struct remote_ssh_config c = config("evil", port);
	struct remote *r = remote_ssh_open(&c, &err);
	if (!CHECK(r != NULL))
		return;
	long before = resident();
	pthread_create(&t, NULL, neighbour, &done);
	CHECK_INT(remote_exec(r, &x, &status, &err), -1);
	CHECK_INT(err.kind, ERROR_PROTOCOL);
	CHECK(strstr(err.what, "evil (127.0.0.1:") && strstr(err.what, "keeps opening channels") && err.hint[0]);
	CHECK(!remote_alive(r));
	CHECK_INT(remote_exec(r, &x, &status, &err), -1);
	pthread_join(t, NULL);
	CHECK_STR(done.buf, "done\n");
	CHECK(clock_mono_ms() - start < 20000);
	if (!CHECK(resident() - before < MORE_MAX))
		printf("# %ld kB more\n", resident() - before);
	remote_free(r);
	str_release(&done);
	sshd_stop(&sshd);
	close(listener);
	end(pid);
}

/* What a server does not read is not kept without limit: here our own packets stand for answers to its requests. */
static void deaf(void)
{
	static char junk[1000];
	struct error err = { 0 };
	int port, relay_port, listener, relay;
	size_t sent = 0;

	if (sshd_missing() || !begin())
		return;
	listener = listen_any(&port, 1);
	relay = listen_any(&relay_port, 1);
	pid_t pid = start_server(listener, key, rest), deaf_pid = start_deaf_relay(relay, port, 8000);
	struct remote_ssh_config c = config("evil", relay_port);
	struct remote *r = remote_ssh_open(&c, &err);
	if (!CHECK(r != NULL))
		return;
	struct remote_link *l = (struct remote_link *)r;
	long before = resident();

	memset(junk, 'x', sizeof(junk) - 1);
	CHECK(remote_link_alive(l));
	for (; sent < (256 << 20) && remote_link_alive(l); sent += sizeof(junk))
		ssh_send_ignore(l->session, junk);
	/* the kernel's buffers take some of it */
	CHECK(sent < (64 << 20));
	CHECK(resident() - before < MORE_MAX);
	CHECK_INT(remote_link_lost(l, &err), -1);
	CHECK_INT(err.kind, ERROR_PROTOCOL);
	CHECK(strstr(err.what, "does not read the answers") != NULL);
	remote_free(r);
	kill(deaf_pid, SIGKILL);
	waitpid(deaf_pid, NULL, 0);
	close(listener);
	close(relay);
	end(pid);
}

static const struct test tests[] = {
	{ "channels without end", channels },
	{ "answers that nobody reads", deaf },
};
TEST_MAIN(tests)
