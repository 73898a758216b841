/* Which keys a login offers, in what order, and what it says of those that it could not use. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/str.h"
#include "remote/remote.h"
#include "tests/test.h"
#include "tests/unit/fake_sshd.h"

#include <signal.h>
#include <stdarg.h>

/* libssh 0.10 loses its former list of the agent's keys when it asks again, after a signature that was refused. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:ssh_buffer_new\n";
}

static struct sshd sshd;

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

static char noted[256];

static void note(const char *text, void *ctx)
{
	(void)ctx;
	snprintf(noted, sizeof(noted), "%s", text);
}

static void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *fmt, ...)
{
	char text[2048], *command;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	command = xasprintf("cd %s && %s", sshd.dir, text);
	if (!CHECK_INT(system(command), 0))
		printf("# %s\n", command);
	free(command);
}

static bool begin(const char *extra)
{
	if (sshd_missing()) {
		printf("# skipped: %s\n", sshd_missing());
		return false;
	}
	remote_init();
	sshd_start(&sshd, extra);
	unsetenv("SSH_AUTH_SOCK");
	setenv("HOME", sshd_path(&sshd, "root"), 1);
	shell("mkdir -p root/.ssh");
	return true;
}

static void end(void)
{
	sshd_stop(&sshd);
}

static struct remote_ssh_config config(const char *user, const char *key)
{
	return (struct remote_ssh_config){ .name = "cp1",
		.address = "127.0.0.1",
		.port = sshd.port,
		.user = user,
		.key = key ? sshd_path(&sshd, key) : NULL,
		.agent = true,
		.known_hosts = sshd_path(&sshd, "state/known_hosts"),
		.on_unknown_key = accept_key,
		.on_note = note };
}

/* Logs in: 0 or the kind of error. */
static int login(const struct remote_ssh_config *c, struct error *err)
{
	struct remote *r;

	memset(err, 0, sizeof(*err));
	r = remote_ssh_open(c, err);
	if (r) {
		remote_free(r);
		return 0;
	}
	CHECK(err->what[0] && err->hint[0]);
	return (int)err->kind;
}

static void has(const char *got, const char *part)
{
	if (!CHECK(strstr(got, part) != NULL))
		printf("# \"%s\" has no \"%s\"\n", got, part);
}

/* A login that must fail; what and hint have these parts. */
static void refused(const struct remote_ssh_config *c, const char *what, const char *hint)
{
	struct error err;

	if (CHECK_INT(login(c, &err), ERROR_AUTH)) {
		has(err.what, what);
		has(err.hint, hint);
	}
}

/* A key with a passphrase and a certificate: what holds without the passphrase holds with it. */
static void certificates(void)
{
	struct remote_keys *keys = remote_keys_new();
	struct error err;

	if (!begin(NULL))
		return;
	shell("ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -t ed25519 -a 4 -N 'open sesame' -f cup && "
	      "printf 'cert-authority %%s\\n' \"$(cat ca.pub)\" > authorized_keys && ssh-keygen -q -s ca -I t -n ops cup.pub");
	struct remote_ssh_config c = config("ops", "cup");
	CHECK_INT(remote_keys_load(keys, c.key, "open sesame", &err), 0);
	c.keys = keys;
	CHECK_INT(login(&c, &err), 0);
	remote_keys_free(keys);
	/* why a certificate is refused, the server does not say */
	static const struct {
		const char *options, *says;
	} table[] = { { "-n ops -V 20200101:20200201", "expired on 2020-0" },
		{ "-n ops -V 20990101:20990201", "is not valid before 2099-01-01" },
		{ "-n root,web", "is for the login root, web, not for ops" },
		{ "-h -n ops", "is for hosts, not for users" } };
	shell("ssh-keygen -q -t rsa -b 2048 -N '' -f plain && ssh-keygen -q -t ecdsa -N '' -f curve");
	for (size_t i = 0; i < 2 * sizeof(table) / sizeof(table[0]); i++) {
		const char *name = i % 2 ? "plain" : "curve", *cert;

		shell("ssh-keygen -q -s ca -I t %s %s.pub", table[i / 2].options, name);
		c = config("ops", name);
		cert = i % 2 ? "plain-cert.pub " : "curve-cert.pub ";
		refused(&c, "refuses the login of 'ops'", cert);
		refused(&c, "refuses the login of 'ops'", table[i / 2].says);
	}
	end();
}

/* The usual files, when they cannot be used. */
static void usual_files(void)
{
	struct error err;

	if (!begin(NULL))
		return;
	struct remote_ssh_config c = config("ops", NULL);
	refused(&c, "nothing: there is no key and no password", "authorized_keys");
	shell("cp locked locked.pub root/.ssh && cd root/.ssh && mv locked id_ed25519 && mv locked.pub id_ed25519.pub");
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	has(err.what, "(tried: nothing)");
	has(err.hint, "root/.ssh/id_ed25519 needs a passphrase: load it with 'ssh-add ");
	has(err.hint, "ssh.passphrase");
	has(err.detail, "id_ed25519: not offered: it needs a passphrase");
	/* another one is tried all the same; and the agent's help is enough */
	shell("cp other root/.ssh/id_rsa");
	refused(&c, "id_rsa)", "id_ed25519 needs a passphrase");
	sshd_agent_start(&sshd);
	shell("cp locked.pub authorized_keys && printf '#!/bin/sh\\necho open sesame\\n' > ask && chmod 755 ask && "
	      "SSH_ASKPASS=./ask SSH_ASKPASS_REQUIRE=force ssh-add -q locked 2>/dev/null");
	CHECK_INT(login(&c, &err), 0);
	/* the agent has it, and the server does not want it: then a passphrase would not help */
	shell("cp other.pub authorized_keys; rm root/.ssh/id_rsa");
	refused(&c, "the agent's keys", "authorized_keys");
	end();
}

static void many_in_the_agent(void)
{
	struct error err;

	if (!begin(NULL))
		return;
	sshd_agent_start(&sshd);
	shell("for i in 1 2 3 4 5 6; do ssh-keygen -q -t ed25519 -N '' -C key$i -f k$i && ssh-add -q k$i; done; ssh-add -q id");
	struct remote_ssh_config c = config("ops", NULL);
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	has(err.what, "5 of the agent's 7 keys");
	has(err.hint, "name it with ssh.key; its .pub file is enough");
	has(err.detail, "the agent's key key6: not offered");
	/* named by its .pub file; or in a usual file: it goes first */
	c = config("ops", "id.pub");
	CHECK_INT(login(&c, &err), 0);
	c.agent = false;
	refused(&c, "id.pub' is a public key", "ssh-add");
	c = config("ops", NULL);
	shell("cp id.pub root/.ssh/id_ed25519.pub");
	CHECK_INT(login(&c, &err), 0);
	/* a named key that the agent does not have */
	shell("rm root/.ssh/id_ed25519.pub && ssh-add -q -d id");
	c = config("ops", "other.pub");
	refused(&c, "other.pub' is a public key, and the agent does not have the private one", "ssh-add");
	end();
}

/* One that the agent does not sign with is not the end of the list. */
static void agent_refuses(void)
{
	struct error err;

	if (!begin(NULL))
		return;
	sshd_agent_start(&sshd);
	shell("cat other.pub id.pub > authorized_keys && ssh-add -q -c other 2>/dev/null");
	struct remote_ssh_config c = config("ops", NULL);
	CHECK_INT(login(&c, &err), ERROR_AUTH);
	has(err.hint, "the agent did not sign with ");
	has(err.hint, "plugged in");
	has(err.detail, "accepted, but the agent did not sign with it");
	CHECK_STR(noted, "");
	shell("ssh-add -q id");
	CHECK_INT(login(&c, &err), 0);
	has(noted, "cp1 accepts the agent's key ");
	end();
}

static void add_u32(struct str *s, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		str_addc(s, (char)(v >> shift));
}

static void add_string(struct str *s, const void *data, size_t n)
{
	add_u32(s, (uint32_t)n);
	str_addn(s, data, n);
}

/* A private key file as ssh-keygen -t ed25519-sk makes it (PROTOCOL.key, PROTOCOL.u2f), without the device. */
static void write_device_key(const char *name)
{
	static const char type[] = "sk-ssh-ed25519@openssh.com";
	struct str public = STR_INIT, private = STR_INIT, all = STR_INIT, text = STR_INIT;
	struct error err = { 0 };
	unsigned char point[32];

	memset(point, 7, sizeof(point));
	add_string(&public, type, sizeof(type) - 1);
	add_string(&public, point, sizeof(point));
	add_string(&public, "ssh:", 4);
	add_u32(&private, 1);
	add_u32(&private, 1);
	str_addn(&private, public.buf, public.len);
	str_addc(&private, 1);
	add_string(&private, "handle", 6);
	add_string(&private, "", 0);
	add_string(&private, "token", 5);
	for (char pad = 1; private.len % 8; pad++)
		str_addc(&private, pad);
	str_addn(&all, "openssh-key-v1", 15);
	add_string(&all, "none", 4);
	add_string(&all, "none", 4);
	add_string(&all, "", 0);
	add_u32(&all, 1);
	add_string(&all, public.buf, public.len);
	add_string(&all, private.buf, private.len);
	str_add(&text, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	str_add_base64(&text, all.buf, all.len);
	str_add(&text, "\n-----END OPENSSH PRIVATE KEY-----\n");
	CHECK_INT(file_write(sshd_path(&sshd, name), text.buf, text.len, 0600, &err), 0);
	str_release(&public);
	str_release(&private);
	str_release(&all);
	str_release(&text);
}

static void on_a_device(void)
{
	struct remote_keys *keys = remote_keys_new();
	struct error err;

	if (!begin(NULL))
		return;
	write_device_key("id_ed25519_sk");
	shell("ssh-keygen -y -f id_ed25519_sk | grep -q '^sk-ssh-ed25519'");
	struct remote_ssh_config c = config("ops", "id_ed25519_sk");
	refused(&c, "id_ed25519_sk' is a key on a device", "'ssh-add ");
	/* nothing to ask for before the login */
	CHECK_INT(remote_keys_encrypted(c.key, &err), 0);
	CHECK_INT(remote_keys_load(keys, c.key, NULL, &err), 0);
	CHECK_INT(remote_keys_load(keys, sshd_path(&sshd, "id.pub"), NULL, &err), 0);
	remote_keys_free(keys);
	write_device_key("root/.ssh/id_ed25519_sk");
	c = config("ops", NULL);
	refused(&c, "(tried: nothing)", "is a key on a device: load it into the agent with 'ssh-add ");
	end();
}

/* What the server alone knows is named by likelihood. */
static void server_says_no(void)
{
	if (!begin("AllowUsers root free"))
		return;
	struct remote_ssh_config c = config("ops", "id");
	refused(&c, "refuses the login of 'ops'", "AllowUsers in sshd_config");
	refused(&c, "refuses the login of 'ops'", "from=");
	c = config("root", "other");
	refused(&c, "refuses the login of 'root'",
		"may root log in (PermitRootLogin, AllowUsers in sshd_config)? if not, set ssh.user");
	refused(&c, "refuses the login of 'root'", "or set ssh.password");
	end();
}

static void second_factors(void)
{
	struct secret wrong = { 0 };

	if (!begin("AuthenticationMethods publickey,password"))
		return;
	secret_set(&wrong, "wrong horse", 11);
	struct remote_ssh_config c = config("ops", "id");
	refused(&c, "/id for 'ops', but also requires a password", "set ssh.password in the inventory");
	c.password = &wrong;
	refused(&c, "/id for 'ops', but also requires a password", "the password was refused: is it right?");
	secret_release(&wrong);
	/* the same by a certificate */
	shell("ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -s ca -I t -n ops other.pub && "
	      "printf 'cert-authority %%s\\n' \"$(cat ca.pub)\" > authorized_keys");
	c = config("ops", "other");
	refused(&c, "/other for 'ops', but also requires a password", "set ssh.password in the inventory");
	end();
}

/* The server hangs up right after it has said what it can: on a busy machine its end may be seen first, and what it said is lost. */
static int refused_early(const struct remote_ssh_config *c, struct error *err)
{
	int rc = -1;

	for (int i = 0; i < 50; i++) {
		rc = login(c, err);
		if (rc == 0 || !strstr(err->what, "Socket error"))
			break;
	}
	return rc;
}

/* A server whose only key exchange this libssh may not have. */
static void no_common_method(void)
{
	struct error err;

	if (!begin("KexAlgorithms sntrup761x25519-sha512@openssh.com"))
		return;
	struct remote_ssh_config c = config("ops", "id");
	/* a newer libssh knows it */
	if (refused_early(&c, &err) != 0) {
		CHECK_INT(err.kind, ERROR_CONNECT);
		has(err.what, "has no key exchange that libssh here (0.");
		has(err.what, "it offers sntrup761x25519-sha512@openssh.com");
		has(err.hint, "'KexAlgorithms +curve25519-sha256'");
	}
	end();
	if (!begin("MACs hmac-md5-96\nCiphers aes128-ctr"))
		return;
	c = config("ops", "id");
	refused_early(&c, &err);
	CHECK_INT(err.kind, ERROR_CONNECT);
	has(err.what, "has no MAC that libssh here (0.");
	has(err.hint, "'MACs +hmac-sha2-256'");
	end();
}

static const struct test tests[] = {
	{ "certificates", certificates },
	{ "usual files", usual_files },
	{ "many in the agent", many_in_the_agent },
	{ "an agent that refuses", agent_refuses },
	{ "on a device", on_a_device },
	{ "the server says no", server_says_no },
	{ "second factors", second_factors },
	{ "no common method", no_common_method },
};

int main(int argc, char **argv)
{
	sshd_make_keys();
	return test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
