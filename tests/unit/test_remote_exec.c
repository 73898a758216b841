/* Commands, scripts, sudo, tunnels and cancelling over a real sshd. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/str.h"
#include "remote/remote.h"
#include "tests/test.h"
#include "tests/unit/fake_sshd.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

static struct sshd sshd;
static char *key_path, *known_path;

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

static struct remote *login(const char *user, const char *sudo)
{
	struct secret password = { 0 };
	struct error err = { 0 };
	struct remote_ssh_config c = { .name = "cp1",
		.address = "127.0.0.1",
		.port = sshd.port,
		.user = user,
		.key = key_path,
		.known_hosts = known_path,
		.on_unknown_key = accept_key,
		.sudo = &password };
	struct remote *r;

	if (sudo)
		secret_set(&password, sudo, strlen(sudo));
	r = remote_ssh_open(&c, &err);
	secret_release(&password);
	if (!r) {
		printf("# %s (%s)\n", err.what, err.hint);
		exit(1);
	}
	return r;
}

static void collect(const char *data, size_t len, void *out)
{
	str_addn(out, data, len);
}

/* Runs a command or, with input, what is given on stdin. Returns the status, or -(kind). */
static int run(
	struct remote *r, const char *command, const char *input, struct str *out, struct str *log, struct error *err)
{
	struct remote_exec x = { .command = command,
		.input = input,
		.input_len = input ? strlen(input) : 0,
		.out = out,
		.on_stderr = collect,
		.ctx = log,
		.timeout_ms = 20000,
		.out_max = 64 << 20 };
	int status = -1;

	str_clear(out);
	str_clear(log);
	memset(err, 0, sizeof(*err));
	if (remote_exec(r, &x, &status, err) == 0)
		return status;
	CHECK(err->what[0] && (err->hint[0] || err->kind == ERROR_CANCELLED));
	return -(int)err->kind;
}

static void statuses(void)
{
	static const char *const users[] = { "root", "ops", "noisy", "free" };
	struct str out = STR_INIT, log = STR_INIT;
	struct error err;

	if (!begin(NULL))
		return;
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		struct remote *r = login(users[i], SSHD_PASSWORD);

		CHECK_INT(run(r, "echo out; echo log >&2; exit 42", NULL, &out, &log, &err), 42);
		CHECK_STR(out.buf, "out\n");
		CHECK(strstr(log.buf, "log\n") != NULL);
		CHECK(strstr(log.buf, "sudo-") == NULL && strstr(log.buf, "horse") == NULL);
		CHECK_INT(run(r, NULL, "id -u; exit 255", &out, &log, &err), 255);
		CHECK_STR(out.buf, "0\n");
		CHECK_INT(run(r, "kill -TERM $$", NULL, &out, &log, &err), 143);
		CHECK_INT(run(r, "kill -KILL $$", NULL, &out, &log, &err), 137);
		CHECK_INT(run(r, "no-such-command", NULL, &out, &log, &err), 127);
		CHECK_INT(run(r, "echo 'it'\\''s'; printf %s \"$HOME\" | wc -c >/dev/null", NULL, &out, &log, &err), 0);
		CHECK_STR(out.buf, "it's\n");
		/* nothing but the script is on its stdin: the password least of all */
		CHECK_INT(run(r, "cat", "only\nthis\n", &out, &log, &err), 0);
		CHECK_STR(out.buf, "only\nthis\n");
		/* a child in the background that holds stdout does not hold us */
		if (i == 0) {
			int64_t start = clock_mono_ms();

			CHECK_INT(run(r, "sleep 9 & echo started", NULL, &out, &log, &err), 0);
			CHECK(clock_mono_ms() - start < 8000);
		}
		CHECK_INT(r->execs, i == 0 ? 8 : 7);
		remote_free(r);
	}
	str_release(&out);
	str_release(&log);
	sshd_stop(&sshd);
}

static void much(void)
{
	struct str out = STR_INIT, log = STR_INIT, in = STR_INIT;
	struct error err;
	int status = -1;

	if (!begin(NULL))
		return;
	struct remote *r = login("ops", SSHD_PASSWORD);
	CHECK_INT(run(r, "head -c 31457280 /dev/zero | tr '\\0' x", NULL, &out, &log, &err), 0);
	CHECK(out.len == 30 << 20 && out.buf[0] == 'x' && out.buf[out.len - 1] == 'x');
	CHECK_INT(run(r, "head -c 5000000 /dev/zero | tee /dev/stderr | tee /dev/stderr", NULL, &out, &log, &err), 0);
	CHECK_INT(out.len, 5000000);
	CHECK_INT(log.len, 10000000);
	for (int i = 0; i < 1000000; i++)
		str_addf(&in, "%08d\n", i);
	struct remote_exec x = { .command = "tee /dev/stderr",
		.input = in.buf,
		.input_len = in.len,
		.out = &out,
		.on_stderr = collect,
		.ctx = &log };
	str_clear(&out);
	str_clear(&log);
	CHECK_INT(remote_exec(r, &x, &status, &err), 0);
	CHECK(status == 0 && out.len == in.len && memcmp(out.buf, in.buf, in.len) == 0);
	CHECK(log.len == in.len && memcmp(log.buf, in.buf, in.len) == 0);
	/* one that does not read what is sent */
	x = (struct remote_exec){ .command = "head -c 10", .input = in.buf, .input_len = in.len, .out = &out };
	str_clear(&out);
	CHECK_INT(remote_exec(r, &x, &status, &err), 0);
	CHECK_STR(out.buf, "00000000\n0");
	/* too much: an error, and the session continues */
	x = (struct remote_exec){ .command = "yes", .out_max = 100000, .out = &out };
	CHECK_INT(remote_exec(r, &x, &status, &err), -1);
	CHECK_INT(err.kind, ERROR_PROTOCOL);
	/* less than a minute, and enough for a busy machine to begin it */
	x = (struct remote_exec){ .command = "sleep 60", .timeout_ms = TEST_SOON_MS };
	memset(&err, 0, sizeof(err));
	CHECK_INT(remote_exec(r, &x, &status, &err), -1);
	CHECK_INT(err.kind, ERROR_TIMEOUT);
	CHECK_INT(run(r, "echo alive", NULL, &out, &log, &err), 0);
	CHECK_STR(out.buf, "alive\n");
	remote_free(r);
	str_release(&out);
	str_release(&log);
	str_release(&in);
	sshd_stop(&sshd);
}

static void sudo(void)
{
	static const struct {
		const char *user, *password, *what, *hint;
	} table[] = {
		{ "ops", NULL, "needs the password of 'ops', and none was given", "ssh.sudo" },
		{ "ops", "wrong horse", "the sudo password of 'ops' on cp1 is wrong", "sudo -k" },
		{ "plain", SSHD_PASSWORD, "'plain' may not become root", "sudoers" },
		{ "plain", NULL, "password", "ssh.sudo" },
		{ "term", SSHD_PASSWORD, "requiretty", "!requiretty" },
		{ "term", NULL, "requiretty", "!requiretty" },
		{ "bare", NULL, "sudo is not installed", "log in as root" },
		{ "closed", NULL, "does not run commands", "nologin" },
	};
	struct str out = STR_INIT, log = STR_INIT;
	struct error err;

	if (!begin(NULL))
		return;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct remote *r = login(table[i].user, table[i].password);

		CHECK_INT(run(r, NULL, "echo secret script\n", &out, &log, &err), -ERROR_AUTH);
		if (!CHECK(strstr(err.what, table[i].what) && strstr(err.hint, table[i].hint)))
			printf("# %zu: %s (%s)\n", i, err.what, err.hint);
		CHECK(strstr(err.what, "horse") == NULL && strstr(err.detail, "horse") == NULL);
		CHECK_INT(out.len, 0);
		remote_free(r);
	}
	str_release(&out);
	str_release(&log);
	sshd_stop(&sshd);
}

/* Without as_user a login that is not root gets root; with it, it stays what it is. */
static void as_user(void)
{
	struct str out = STR_INIT;
	struct error err = { 0 };
	int status = -1;

	if (!begin(NULL))
		return;
	struct remote *r = login("noisy", NULL);
	struct remote_exec x = { .command = "id -un", .out = &out, .as_user = true };
	CHECK_INT(remote_exec(r, &x, &status, &err), 0);
	CHECK_STR(out.buf, "noisy\n");
	remote_free(r);
	str_release(&out);
	sshd_stop(&sshd);
}

/* A ticket that lets a command pass unasked says nothing of the next one: nothing but the password may go to sudo. */
static void sudo_ticket(void)
{
	struct str out = STR_INIT, log = STR_INIT;
	struct error err;

	if (!begin(NULL))
		return;
	struct remote *r = login("tick", SSHD_PASSWORD);
	struct remote_exec old = { .command = "sudo -k", .as_user = true };
	int status = -1;

	for (int i = 0; i < 2; i++) {
		CHECK_INT(run(r, NULL, "id -u\n", &out, &log, &err), 0);
		CHECK_STR(out.buf, "0\n");
	}
	CHECK_INT(remote_exec(r, &old, &status, &err), 0);
	if (!CHECK_INT(run(r, NULL, "id -u\n", &out, &log, &err), 0))
		printf("# %s\n", err.what);
	CHECK_STR(out.buf, "0\n");
	CHECK(strstr(log.buf, "incorrect") == NULL);
	remote_free(r);
	str_release(&out);
	str_release(&log);
	sshd_stop(&sshd);
}

/* sudo's noexec, and a login that says at once that another user is meant. */
static void restricted(void)
{
	struct str out = STR_INIT, log = STR_INIT;
	struct error err;

	if (!begin(NULL))
		return;
	struct remote *r = login("nox", NULL);
	CHECK_INT(run(r, NULL, "id -u\n", &out, &log, &err), -ERROR_AUTH);
	CHECK(strstr(err.what, "noexec") != NULL && strstr(err.hint, "NOEXEC") != NULL);
	remote_free(r);
	/* a command of ours that ends so is none of sudo's business */
	r = login("free", NULL);
	CHECK_INT(run(r, "echo x; exit 126", NULL, &out, &log, &err), 126);
	remote_free(r);
	int64_t start = clock_mono_ms();
	r = login("cloud", NULL);
	CHECK_INT(run(r, NULL, "id -u\n", &out, &log, &err), -ERROR_AUTH);
	CHECK(clock_mono_ms() - start < 8000);
	CHECK(strstr(err.what, "it asks for the user 'debian'") != NULL);
	CHECK(strstr(err.hint, "set ssh.user to 'debian'") != NULL);
	remote_free(r);
	str_release(&out);
	str_release(&log);
	sshd_stop(&sshd);
}

static _Atomic int64_t fired_at;

static void *cancel_soon(void *r)
{
	usleep(200000);
	fired_at = clock_mono_ms();
	remote_cancel(r);
	return NULL;
}

static void *cut_soon(void *arg)
{
	(void)arg;
	usleep(200000);
	fired_at = clock_mono_ms();
	CHECK(sshd_cut(&sshd) > 0);
	return NULL;
}

static void ended_early(void)
{
	struct str out = STR_INIT, log = STR_INIT;
	struct error err;
	pthread_t t;

	if (!begin(NULL))
		return;
	for (int i = 0; i < 4; i++) {
		struct remote *r = login("root", NULL);

		pthread_create(&t, NULL, i < 2 ? cancel_soon : cut_soon, r);
		CHECK_INT(
			run(r, i % 2 ? "while echo y; do :; done" : "sleep 60", NULL, i % 2 ? &log : &out, &log, &err),
			i < 2 ? -ERROR_CANCELLED : -ERROR_CONNECT);
		int64_t ended = clock_mono_ms();
		pthread_join(t, NULL);
		CHECK(ended - fired_at < TEST_SOON_MS);
		if (i >= 2)
			CHECK(strstr(err.what, "the connection to cp1 (127.0.0.1:") != NULL);
		CHECK_INT(run(r, "true", NULL, &out, &log, &err), i < 2 ? -ERROR_CANCELLED : -ERROR_CONNECT);
		remote_free(r);
	}
	str_release(&out);
	str_release(&log);
	sshd_stop(&sshd);
}

/* ---- tunnels --------------------------------------------------------------------------------------------------------- */

/* A listener that sends back what it gets until its peer's end. */
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

enum { TUNNEL_BYTES = 8 << 20 };

static void *sender(void *arg)
{
	static char buf[65536];
	int fd = *(int *)arg;

	for (size_t sent = 0; sent < TUNNEL_BYTES; sent += sizeof(buf)) {
		memset(buf, (int)(sent / sizeof(buf)) & 0xff, sizeof(buf));
		for (size_t off = 0; off < sizeof(buf);) {
			ssize_t n = send(fd, buf + off, sizeof(buf) - off, MSG_NOSIGNAL);

			if (n <= 0)
				return NULL;
			off += (size_t)n;
		}
	}
	shutdown(fd, SHUT_WR);
	return NULL;
}

static int use_both_ways(int fd, void *ctx, struct error *err)
{
	char buf[50000];
	size_t got = 0;
	pthread_t t;
	ssize_t n;

	(void)err;
	pthread_create(&t, NULL, sender, &fd);
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		for (ssize_t i = 0; i < n; i++, got++)
			if ((unsigned char)buf[i] != ((got / 65536) & 0xff))
				return -1;
	pthread_join(t, NULL);
	*(size_t *)ctx = got;
	return got == TUNNEL_BYTES ? 0 : -1;
}

static int use_nothing(int fd, void *ctx, struct error *err)
{
	(void)fd;
	(void)ctx;
	return error_set(err, ERROR_NET, "did nothing");
}

static int use_until_end(int fd, void *ctx, struct error *err)
{
	char c;

	(void)ctx;
	while (recv(fd, &c, 1, 0) > 0)
		continue;
	return error_set(err, ERROR_NET, "the end");
}

static void tunnel(void)
{
	struct error err = { 0 };
	size_t got = 0;
	pthread_t t;
	int port, fd;

	if (!begin(NULL))
		return;
	fd = listen_any(&port, 5);
	struct remote *r = login("ops", NULL);
	pthread_create(&t, NULL, echo_server, &fd);
	CHECK_INT(remote_tunnel(r, "127.0.0.1", port, use_both_ways, &got, &err), 0);
	CHECK_INT(got, TUNNEL_BYTES);
	pthread_join(t, NULL);
	pthread_create(&t, NULL, echo_server, &fd);
	CHECK_INT(remote_tunnel(r, "localhost", port, use_nothing, NULL, &err), -1);
	CHECK_STR(err.what, "did nothing");
	pthread_join(t, NULL);
	/* the link dies: use sees the end, the caller gets the reason */
	pthread_t cut;
	pthread_create(&t, NULL, echo_server, &fd);
	pthread_create(&cut, NULL, cut_soon, NULL);
	CHECK_INT(remote_tunnel(r, "127.0.0.1", port, use_until_end, NULL, &err), -1);
	CHECK_INT(err.kind, ERROR_CONNECT);
	pthread_join(t, NULL);
	pthread_join(cut, NULL);
	remote_free(r);
	r = login("root", NULL);
	pthread_create(&t, NULL, echo_server, &fd);
	pthread_create(&cut, NULL, cancel_soon, r);
	CHECK_INT(remote_tunnel(r, "127.0.0.1", port, use_until_end, NULL, &err), -1);
	CHECK_INT(err.kind, ERROR_CANCELLED);
	CHECK(clock_mono_ms() - fired_at < TEST_SOON_MS);
	pthread_join(t, NULL);
	pthread_join(cut, NULL);
	remote_free(r);
	/* nobody listens */
	close(fd);
	r = login("root", NULL);
	CHECK_INT(remote_tunnel(r, "127.0.0.1", port, use_nothing, NULL, &err), -1);
	CHECK_INT(err.kind, ERROR_REFUSED);
	CHECK(strstr(err.what, "cp1 cannot reach 127.0.0.1:") && strstr(err.hint, "ss -ltn"));
	remote_free(r);
	sshd_stop(&sshd);
}

/* ---- many ------------------------------------------------------------------------------------------------------------- */

static atomic_int done;

static void *one_of_many(void *arg)
{
	static const char *const words[] = { "n", NULL };
	char number[16];
	const struct remote_param p = { "n", number };
	struct remote *r = login((intptr_t)arg % 2 ? "ops" : "root", SSHD_PASSWORD);

	snprintf(number, sizeof(number), "%d", (int)(intptr_t)arg);
	for (int i = 0; i < 2; i++) {
		struct remote_answer a = { 0 };
		struct error err = { 0 };

		if (remote_script(r, "many", "main() { say n \"$n\"; }\nmain </dev/null\n", &p, 1, words, &a, NULL,
			    NULL, 300000, &err) == 0 &&
			a.count == 1 && strcmp(remote_answer_get(&a, "n"), number) == 0)
			atomic_fetch_add(&done, 1);
		else
			printf("# %s\n", err.what);
		remote_answer_release(&a);
	}
	remote_free(r);
	return NULL;
}

static void many(void)
{
	pthread_t t[40];

	if (!begin(NULL))
		return;
	for (intptr_t i = 0; i < 40; i++)
		pthread_create(&t[i], NULL, one_of_many, (void *)i);
	for (int i = 0; i < 40; i++)
		pthread_join(t[i], NULL);
	CHECK_INT(atomic_load(&done), 80);
	sshd_stop(&sshd);
}

static const struct test tests[] = {
	{ "statuses and output", statuses },
	{ "much in, much out", much },
	{ "sudo says no", sudo },
	{ "as the login's own user", as_user },
	{ "a sudo ticket that ends", sudo_ticket },
	{ "noexec and cloud images", restricted },
	{ "cancelled and cut", ended_early },
	{ "tunnels", tunnel },
	{ "forty at once", many },
};

int main(int argc, char **argv)
{
	sshd_make_keys();
	return test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
