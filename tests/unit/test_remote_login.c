/* Logging in to a real sshd: keys, passwords, the agent, and above all host keys. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/str.h"
#include "remote/remote.h"
#include "tests/test.h"
#include "tests/unit/fake_sshd.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>

static struct sshd sshd;
static unsigned questions;
static char seen_note[256];

static enum remote_hostkey_verdict accept_key(
	const char *host, const char *type, const char *fingerprint, const char *note, void *ctx)
{
	(void)ctx;
	snprintf(seen_note, sizeof(seen_note), "%s", note ? note : "");
	questions++;
	CHECK_STR(host, "cp1");
	CHECK_STR(type, "ssh-ed25519");
	CHECK(strncmp(fingerprint, "SHA256:", 7) == 0 && strlen(fingerprint) == 50);
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
	return true;
}

static struct remote_ssh_config config(const char *user)
{
	return (struct remote_ssh_config){ .name = "cp1",
		.address = "127.0.0.1",
		.port = sshd.port,
		.user = user,
		.key = sshd_path(&sshd, "id"),
		.known_hosts = sshd_path(&sshd, "state/known_hosts"),
		.on_unknown_key = accept_key };
}

/* Logs in and runs id; 0 or the kind of error. */
static int login(const struct remote_ssh_config *c, struct error *err)
{
	struct remote_exec x = { .command = "id -un", .as_user = true };
	struct str out = STR_INIT;
	struct remote *r;
	int status = -1;

	memset(err, 0, sizeof(*err));
	r = remote_ssh_open(c, err);
	if (!r) {
		CHECK(err->kind != ERROR_NONE && err->what[0] && (err->hint[0] || err->kind == ERROR_CANCELLED));
		return (int)err->kind;
	}
	x.out = &out;
	if (!CHECK_INT(remote_exec(r, &x, &status, err), 0))
		printf("# %s\n", err->what);
	CHECK_INT(status, 0);
	CHECK(strncmp(out.buf, c->user, strlen(c->user)) == 0);
	str_release(&out);
	remote_free(r);
	return 0;
}

static bool check_text(const char *got, const char *part)
{
	bool ok = strstr(got, part) != NULL;

	CHECK(ok);
	if (!ok)
		printf("# \"%s\" has no \"%s\"\n", got, part);
	return ok;
}

static void keys(void)
{
	struct remote_keys *keys;
	struct error err;

	if (!begin(NULL))
		return;
	struct remote_ssh_config c = config("ops");
	CHECK_INT(login(&c, &err), 0);
	/* not authorised */
	c.key = sshd_path(&sshd, "other");
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	check_text(err.what, "refuses the login of 'ops' (tried: ");
	check_text(err.hint, "authorized_keys");
	c.key = sshd_path(&sshd, "nowhere");
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	check_text(err.what, "No such file");
	c.key = sshd_path(&sshd, "conf");
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	check_text(err.what, "is not a private key");
	/* encrypted: never a prompt */
	c.key = sshd_path(&sshd, "locked");
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	check_text(err.what, "needs a passphrase");
	CHECK_INT(remote_keys_encrypted(c.key, &err), 1);
	CHECK_INT(remote_keys_encrypted(sshd_path(&sshd, "id"), &err), 0);
	CHECK_INT(remote_keys_encrypted(sshd_path(&sshd, "nowhere"), &err), -1);
	keys = remote_keys_new();
	CHECK_INT(remote_keys_load(keys, c.key, "wrong", &err), -1);
	check_text(err.what, "passphrase of the key");
	CHECK_INT(remote_keys_load(keys, c.key, NULL, &err), -1);
	CHECK_INT(remote_keys_load(keys, c.key, "open sesame", &err), 0);
	CHECK_INT(remote_keys_load(keys, c.key, NULL, &err), 0);
	c.keys = keys;
	CHECK_INT(login(&c, &err), 0);
	remote_keys_free(keys);
	CHECK_INT(questions, 1);
	sshd_stop(&sshd);
}

static void certificates(void)
{
	struct error err;
	struct str command = STR_INIT;

	if (!begin("TrustedUserCAKeys none\nMaxStartups 200"))
		return;
	/* a CA signs "other", and sshd is to trust it for its users */
	struct remote_ssh_config c = config("ops");
	c.key = sshd_path(&sshd, "other");
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	str_addf(&command,
		"cd %s && ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -s ca -I test -n ops other.pub && "
		"printf 'cert-authority %%s\\n' \"$(cat ca.pub)\" > authorized_keys",
		sshd.dir);
	CHECK_INT(system(command.buf), 0);
	CHECK_INT(login(&c, &err), 0);
	str_release(&command);
	sshd_stop(&sshd);
}

static void passwords(void)
{
	struct secret right = { 0 }, wrong = { 0 };
	struct error err;

	if (!begin(NULL))
		return;
	secret_set(&right, SSHD_PASSWORD, strlen(SSHD_PASSWORD));
	secret_set(&wrong, "wrong horse", 11);
	setenv("HOME", sshd_path(&sshd, "root"), 1);
	struct remote_ssh_config c = config("ops");
	c.key = NULL;
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	check_text(err.what, "nothing: there is no key and no password");
	check_text(err.hint, "ssh.password");
	c.password = &right;
	CHECK_INT(login(&c, &err), 0);
	c.password = &wrong;
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	check_text(err.what, "the password");
	check_text(err.hint, "is the password right?");
	CHECK(strstr(err.what, "horse") == NULL && strstr(err.hint, "horse") == NULL);
	secret_release(&right);
	secret_release(&wrong);
	sshd_stop(&sshd);
}

/* Only keyboard-interactive, and only after a key: two factors. */
static void two_factors(void)
{
	struct secret right = { 0 };
	struct error err;

	if (!begin("AuthenticationMethods publickey,keyboard-interactive\nKbdInteractiveAuthentication yes"))
		return;
	secret_set(&right, SSHD_PASSWORD, strlen(SSHD_PASSWORD));
	struct remote_ssh_config c = config("ops");
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	c.password = &right;
	CHECK_INT(login(&c, &err), 0);
	secret_release(&right);
	sshd_stop(&sshd);
}

/* Starts an agent with keys. */
static void start_agent(unsigned strangers)
{
	struct str command = STR_INIT;

	sshd_agent_start(&sshd);
	str_addf(&command, "cd %s && ", sshd.dir);
	for (unsigned i = 0; i < strangers; i++)
		str_addf(&command,
			"{ [ -f stranger%u ] || ssh-keygen -q -t ed25519 -N '' -f stranger%u; } && ssh-add -q stranger%u && ",
			i, i, i);
	str_add(&command, "ssh-add -q id");
	CHECK_INT(system(command.buf), 0);
	str_release(&command);
}

static void agent(void)
{
	struct error err;

	if (!begin(NULL))
		return;
	setenv("HOME", sshd_path(&sshd, "root"), 1);
	struct remote_ssh_config c = config("ops");
	c.key = NULL;
	c.agent = true;
	unsetenv("SSH_AUTH_SOCK");
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	start_agent(3);
	CHECK_INT(login(&c, &err), 0);
	sshd_agent_stop(&sshd);
	/* five keys are offered, not eight: sshd does not hang up, and a named key still gets its turn */
	start_agent(8);
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	check_text(err.what, "5 of the agent's 9 keys");
	c.key = sshd_path(&sshd, "id");
	CHECK_INT(login(&c, &err), 0);
	/* one that hangs costs the time limit and no more */
	kill(sshd.agent, SIGSTOP);
	c.key = NULL;
	c.connect_timeout_ms = 2500;
	int64_t start = clock_mono_ms();
	CHECK(login(&c, &err) != 0);
	CHECK(clock_mono_ms() - start < 15000);
	sshd_stop(&sshd);
}

/* A server that takes two tries: the error says what to do. */
static void few_tries(void)
{
	struct error err;

	if (!begin("MaxAuthTries 2"))
		return;
	struct remote_ssh_config c = config("ops");
	c.key = NULL;
	c.agent = true;
	start_agent(4);
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	check_text(err.what, "allows no more attempts to log in as 'ops' (tried: the agent's keys)");
	check_text(err.hint, "ssh.key");
	/* a key that needs a passphrase which nobody gave: the agent's turn */
	sshd_agent_stop(&sshd);
	start_agent(0);
	c.key = sshd_path(&sshd, "locked");
	CHECK_INT(login(&c, &err), 0);
	sshd_stop(&sshd);
}

static enum remote_hostkey_verdict freeze(
	const char *host, const char *type, const char *fingerprint, const char *note, void *ctx)
{
	(void)host;
	(void)type;
	(void)fingerprint;
	(void)note;
	(void)ctx;
	sshd_freeze(&sshd);
	return REMOTE_HOSTKEY_ACCEPT;
}

static void *fire_soon(void *token)
{
	usleep(200000);
	remote_cancel_token_fire(token);
	return NULL;
}

/* A host that freezes between the key exchange and the login. */
static void frozen(void)
{
	struct error err;
	int64_t start;
	pthread_t t;

	if (!begin(NULL))
		return;
	struct remote_ssh_config c = config("ops");
	c.on_unknown_key = freeze;
	c.known_hosts = NULL;
	c.connect_timeout_ms = 2500;
	start = clock_mono_ms();
	CHECK_INT(login(&c, &err), ERROR_CONNECT);
	CHECK(clock_mono_ms() - start < 15000);
	check_text(err.what, "did not answer in time (waited for the login)");
	c.cancel = remote_cancel_token_new();
	/* long before its own limit */
	c.connect_timeout_ms = 10 * TEST_SOON_MS;
	start = clock_mono_ms();
	pthread_create(&t, NULL, fire_soon, c.cancel);
	CHECK_INT(login(&c, &err), ERROR_CANCELLED);
	CHECK(clock_mono_ms() - start < TEST_SOON_MS);
	pthread_join(t, NULL);
	remote_cancel_token_free(c.cancel);
	sshd_stop(&sshd);
}

static void write_known(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void write_known(const char *name, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	struct error err = { 0 };

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	CHECK_INT(file_write(sshd_path(&sshd, name), text, strlen(text), 0600, &err), 0);
}

static void unknown_host(void)
{
	struct str text = STR_INIT;
	struct error err;
	struct stat st;

	if (!begin(NULL))
		return;
	char *key = sshd_host_key(&sshd, "ed25519"), *line = xasprintf("[127.0.0.1]:%d %s\n", sshd.port, key);
	struct remote_ssh_config c = config("root");
	c.on_unknown_key = NULL;
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	check_text(err.what, "is not known: SHA256:");
	check_text(err.hint, "ssh-keygen -lf");
	CHECK(access(c.known_hosts, F_OK) != 0);
	c.on_unknown_key = accept_key;
	CHECK_INT(login(&c, &err), 0);
	CHECK_INT(login(&c, &err), 0);
	CHECK_INT(questions, 1);
	CHECK_INT(file_read(c.known_hosts, 4096, &text, &err), 0);
	CHECK_STR(text.buf, line);
	CHECK(stat(c.known_hosts, &st) == 0 && (st.st_mode & 0777) == 0600);
	/* the operator's file has the plain name: good for this port too */
	c.known_hosts = sshd_path(&sshd, "kh");
	c.other_known_hosts = (const char *const[]){ sshd_path(&sshd, "user_kh"), NULL };
	write_known("user_kh", "127.0.0.1 %s\n", key);
	CHECK_INT(login(&c, &err), 0);
	CHECK_INT(questions, 1);
	/* a certificate authority alone does not help, and that is said */
	write_known("user_kh", "\n@cert-authority * %s\n", key);
	c.on_unknown_key = NULL;
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	check_text(
		err.what, "user_kh:2 trusts a certificate authority for it, but libssh cannot check host certificates");
	c.on_unknown_key = accept_key;
	CHECK_INT(login(&c, &err), 0);
	check_text(seen_note, "user_kh:2 trusts a certificate authority");
	str_release(&text);
	free(line);
	free(key);
	sshd_stop(&sshd);
}

static void changed_host(void)
{
	struct error err;

	if (!begin(NULL))
		return;
	char *rsa = sshd_host_key(&sshd, "rsa"), *ed = sshd_host_key(&sshd, "ed25519"), *other = NULL;
	struct str stranger = STR_INIT;
	CHECK_INT(file_read(sshd_path(&sshd, "other.pub"), 4096, &stranger, &err), 0);
	other = stranger.buf;
	struct remote_ssh_config c = config("root");
	c.known_hosts = sshd_path(&sshd, "kh");
	write_known("kh", "# mine\n[127.0.0.1]:%d %s\n", sshd.port, other);
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	check_text(err.what, "has changed: it is now SHA256:");
	check_text(err.what, "kh:2 has another");
	check_text(err.hint, "ssh-keygen -f '");
	check_text(err.hint, "-R '[127.0.0.1]:");
	/* the remedy in the hint works */
	char *command = xstrndup(strstr(err.hint, "ssh-keygen"), strcspn(strstr(err.hint, "ssh-keygen"), ","));
	char *quiet = xasprintf("%s >/dev/null 2>&1", command);
	CHECK_INT(system(quiet), 0);
	CHECK_INT(login(&c, &err), 0);
	CHECK_INT(questions, 1);
	/* only the RSA key is known: asked for it, and no question */
	write_known("kh", "[127.0.0.1]:%d %s\n", sshd.port, rsa);
	CHECK_INT(login(&c, &err), 0);
	/* a wrong key of another type and no right one: changed, too */
	write_known("kh", "[127.0.0.1]:%d ecdsa-sha2-nistp256 AAAA\n", sshd.port);
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	/* ours knows it wrong, the operator's right: ours rules; the other way round too */
	c.other_known_hosts = (const char *const[]){ sshd_path(&sshd, "user_kh"), NULL };
	write_known("kh", "[127.0.0.1]:%d %s\n", sshd.port, other);
	write_known("user_kh", "[127.0.0.1]:%d %s\n", sshd.port, ed);
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	write_known("kh", "%s", "");
	CHECK_INT(login(&c, &err), 0);
	write_known("user_kh", "[127.0.0.1]:%d %s\n", sshd.port, other);
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	check_text(err.what, "user_kh:1");
	CHECK_INT(questions, 1);
	free(quiet);
	free(command);
	str_release(&stranger);
	free(rsa);
	free(ed);
	sshd_stop(&sshd);
}

/* Revoked by either file, and a pin does not help. */
static void revoked_host(void)
{
	struct error err;

	if (!begin(NULL))
		return;
	char *ed = sshd_host_key(&sshd, "ed25519");
	struct remote_ssh_config c = config("root");
	c.known_hosts = sshd_path(&sshd, "kh");
	c.other_known_hosts = (const char *const[]){ sshd_path(&sshd, "user_kh"), NULL };
	write_known("kh", "[127.0.0.1]:%d %s\n", sshd.port, ed);
	write_known("user_kh", "@revoked * %s\n", ed);
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	check_text(err.what, "is revoked by ");
	c.host_key = ed;
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	check_text(err.what, "is revoked by ");
	CHECK_INT(questions, 0);
	free(ed);
	sshd_stop(&sshd);
}

static void pinned_host(void)
{
	struct str text = STR_INIT, command = STR_INIT;
	struct error err;

	if (!begin(NULL))
		return;
	char *rsa = sshd_host_key(&sshd, "rsa"), *ed = sshd_host_key(&sshd, "ed25519");
	struct remote_ssh_config c = config("root");
	c.host_key = ed;
	CHECK_INT(login(&c, &err), 0);
	c.host_key = rsa;
	CHECK_INT(login(&c, &err), 0);
	str_addf(&command, "ssh-keygen -lf %s | cut -d' ' -f2 | tr -d '\\n' > %s", sshd_path(&sshd, "host_ed25519.pub"),
		sshd_path(&sshd, "fp"));
	CHECK_INT(system(command.buf), 0);
	CHECK_INT(file_read(sshd_path(&sshd, "fp"), 100, &text, &err), 0);
	c.host_key = text.buf;
	CHECK_INT(login(&c, &err), 0);
	c.host_key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	check_text(err.what, "is not the pinned one");
	text.buf[20] = '\0';
	c.host_key = text.buf;
	CHECK_INT(login(&c, &err), ERROR_HOSTKEY);
	CHECK_INT(questions, 0);
	CHECK(access(c.known_hosts, F_OK) != 0);
	str_release(&text);
	str_release(&command);
	free(rsa);
	free(ed);
	sshd_stop(&sshd);
}

static const struct test tests[] = {
	{ "keys", keys },
	{ "certificates", certificates },
	{ "passwords", passwords },
	{ "two factors", two_factors },
	{ "agent", agent },
	{ "few tries", few_tries },
	{ "frozen", frozen },
	{ "unknown host", unknown_host },
	{ "changed host keys", changed_host },
	{ "revoked host keys", revoked_host },
	{ "pinned host keys", pinned_host },
};

int main(int argc, char **argv)
{
	sshd_make_keys();
	return test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
