/* known_hosts without a server: names, hashes, patterns, markers; and appending from many threads and processes. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "remote/ssh.h"
#include "tests/test.h"

#include <pthread.h>

#define KEY_A "AAAAC3NzaC1lZDI1NTE5AAAAIDIdF0cpsVKBcUJcEK8wKnvXQRQKsSa0bvhWSDgxNDpT"
#define KEY_B "AAAAC3NzaC1lZDI1NTE5AAAAIJKz8/mZSF8mGIPJJLnMVM8HpXNSKAcVtyiOvnlFEnYg"

static enum remote_known_state check(const char *text, const char *address, int port, const char *key, int *line)
{
	struct remote_known k = { 0 };
	const struct remote_known_key *where;
	enum remote_known_state state;

	remote_known_add(&k, text, "file", address, port, false);
	state = remote_known_check(&k, "ssh-ed25519", key, &where);
	*line = where ? where->line : 0;
	remote_known_release(&k);
	return state;
}

static void matching(void)
{
	static const struct {
		const char *text, *address;
		int port;
		enum remote_known_state want;
		int line;
	} table[] = {
		{ "", "h", 22, REMOTE_KNOWN_NONE, 0 },
		{ "h ssh-ed25519 " KEY_A "\n", "h", 22, REMOTE_KNOWN_OK, 1 },
		{ "h ssh-ed25519 " KEY_A " a comment", "h", 22, REMOTE_KNOWN_OK, 1 },
		{ "h\tssh-ed25519\t" KEY_A "\r\n", "H", 22, REMOTE_KNOWN_OK, 1 },
		{ "# h\n\nH,10.0.0.1 ssh-ed25519 " KEY_A "\n", "10.0.0.1", 22, REMOTE_KNOWN_OK, 3 },
		{ "h ssh-ed25519 " KEY_A "\n", "h", 2222, REMOTE_KNOWN_NONE, 0 },
		{ "[h]:2222 ssh-ed25519 " KEY_A "\n", "h", 2222, REMOTE_KNOWN_OK, 1 },
		{ "[h]:2222 ssh-ed25519 " KEY_A "\n", "h", 22, REMOTE_KNOWN_NONE, 0 },
		{ "10.0.*.1 ssh-ed25519 " KEY_A "\n", "10.0.7.1", 22, REMOTE_KNOWN_OK, 1 },
		{ "!10.0.7.1,10.0.*.1 ssh-ed25519 " KEY_A "\n", "10.0.7.1", 22, REMOTE_KNOWN_NONE, 0 },
		{ "10.0.*.1,!10.0.7.1 ssh-ed25519 " KEY_A "\n", "10.0.7.1", 22, REMOTE_KNOWN_NONE, 0 },
		{ "!10.0.8.1,10.0.*.1 ssh-ed25519 " KEY_A "\n", "10.0.7.1", 22, REMOTE_KNOWN_OK, 1 },
		{ "[10.0.?.1]:* ssh-ed25519 " KEY_A "\n", "10.0.7.1", 2222, REMOTE_KNOWN_OK, 1 },
		{ "*a*b*c,,! ssh-ed25519 " KEY_A "\n", "xaxbxbxd", 22, REMOTE_KNOWN_NONE, 0 },
		{ "*a**b*c ssh-ed25519 " KEY_A "\n", "xaxbxbxc", 22, REMOTE_KNOWN_OK, 1 },
		{ "h ssh-ed25519 " KEY_B "\n", "h", 22, REMOTE_KNOWN_CHANGED, 1 },
		{ "h ssh-ed25519 " KEY_B "\nh ssh-ed25519 " KEY_A "\n", "h", 22, REMOTE_KNOWN_OK, 2 },
		{ "h ssh-rsa AAAA\nh ssh-ed25519 " KEY_B "\n", "h", 22, REMOTE_KNOWN_CHANGED, 2 },
		{ "h ssh-ed25519 " KEY_A "\n@revoked h ssh-ed25519 " KEY_A "\n", "h", 22, REMOTE_KNOWN_REVOKED, 2 },
		{ "@revoked * ssh-ed25519 " KEY_A "\nh ssh-ed25519 " KEY_A "\n", "h", 22, REMOTE_KNOWN_REVOKED, 1 },
		{ "@revoked * ssh-ed25519 " KEY_B "\n", "h", 22, REMOTE_KNOWN_NONE, 0 },
		{ "@cert-authority * ssh-ed25519 " KEY_A "\n", "h", 22, REMOTE_KNOWN_NONE, 0 },
		{ "@strange h ssh-ed25519 " KEY_A "\n", "h", 22, REMOTE_KNOWN_NONE, 0 },
		{ "h\nh ssh-ed25519\n@revoked\njunk\n", "h", 22, REMOTE_KNOWN_NONE, 0 },
		/* HMAC-SHA1 of "h" and of "[h]:2222", as ssh-keygen -H writes them */
		{ "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|P52femGmyhHsNXzeKdYpm86Fs/c= ssh-ed25519 " KEY_A "\n", "h", 22,
			REMOTE_KNOWN_OK, 1 },
		{ "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|P52femGmyhHsNXzeKdYpm86Fs/c= ssh-ed25519 " KEY_A "\n", "i", 22,
			REMOTE_KNOWN_NONE, 0 },
		{ "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|Avm5UpIGgve3xVXVINJ50c+pB5g= ssh-ed25519 " KEY_B "\n", "h", 2222,
			REMOTE_KNOWN_CHANGED, 1 },
		{ "|1|broken ssh-ed25519 " KEY_A "\n", "h", 22, REMOTE_KNOWN_NONE, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int line;

		if (!CHECK_INT(check(table[i].text, table[i].address, table[i].port, KEY_A, &line), table[i].want))
			printf("# %zu\n", i);
		CHECK_INT(line, table[i].line);
	}
}

static void algorithms(void)
{
	struct remote_known k = { 0 };
	struct str out = STR_INIT;

	remote_known_algorithms(&k, NULL, &out);
	CHECK(strncmp(out.buf, "ssh-ed25519,ecdsa-sha2-nistp256,", 32) == 0);
	str_clear(&out);
	remote_known_add(&k, "h ssh-rsa AAAA\n@revoked h ecdsa-sha2-nistp256 AAAA\n", "file", "h", 22, false);
	remote_known_algorithms(&k, NULL, &out);
	CHECK_INT(k.count, 1 + 1);
	CHECK(strncmp(out.buf, "rsa-sha2-512,rsa-sha2-256,ssh-ed25519,", 38) == 0);
	str_clear(&out);
	remote_known_algorithms(&k, "ecdsa-sha2-nistp384 AAAA", &out);
	CHECK(strncmp(out.buf, "ecdsa-sha2-nistp384,ssh-ed25519,", 32) == 0);
	str_release(&out);
	remote_known_release(&k);
}

static void pins(void)
{
	CHECK(remote_pin_matches("SHA256:abc", "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(remote_pin_matches("SHA256:abc=", "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(!remote_pin_matches("SHA256:ab", "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(!remote_pin_matches("SHA256:", "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(!remote_pin_matches("SHA256:abcd", "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(remote_pin_matches("ssh-ed25519 " KEY_A, "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(remote_pin_matches(" ssh-ed25519  " KEY_A " root@h\n", "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(!remote_pin_matches("ssh-ed25519 " KEY_B, "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(!remote_pin_matches("ssh-rsa " KEY_A, "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(!remote_pin_matches("", "ssh-ed25519", KEY_A, "SHA256:abc"));
	CHECK(!remote_pin_matches("ssh-ed25519", "ssh-ed25519", KEY_A, "SHA256:abc"));
}

static char file[] = "/tmp/kubewright-known.XXXXXX/sub/known_hosts";

static void *append(void *arg)
{
	for (int i = 0; i < 10; i++) {
		char *name = xasprintf("10.%d.%d.%d", (int)getpid() % 200, (int)(intptr_t)arg, i);
		struct error err = { 0 };

		if (!CHECK_INT(remote_known_append(file, name, i % 2 ? 22 : 2222, "ssh-ed25519", KEY_A, &err), 0))
			printf("# %s\n", err.what);
		free(name);
	}
	return NULL;
}

static void appending(void)
{
	char dir[] = "/tmp/kubewright-known.XXXXXX", *command;
	struct str text = STR_INIT;
	struct error err = { 0 };
	unsigned lines = 0;
	pid_t pids[3];

	CHECK(mkdtemp(dir) != NULL);
	memcpy(file, dir, strlen(dir));
	/* one line without its newline is there before */
	CHECK_INT(file_mkdirs(file, 0700, &err), 0);
	rmdir(file);
	CHECK_INT(file_write(file, "first ssh-ed25519 AAAA", 22, 0600, &err), 0);
	for (int p = 0; p < 3; p++) {
		pids[p] = fork();
		if (pids[p] == 0) {
			pthread_t t[4];

			for (intptr_t i = 0; i < 4; i++)
				pthread_create(&t[i], NULL, append, (void *)i);
			for (int i = 0; i < 4; i++)
				pthread_join(t[i], NULL);
			_exit(test_failures ? 1 : 0);
		}
	}
	for (int p = 0; p < 3; p++) {
		int status = -1;

		waitpid(pids[p], &status, 0);
		CHECK_INT(status, 0);
	}
	append((void *)9);
	append((void *)9);
	CHECK_INT(file_read(file, 1 << 20, &text, &err), 0);
	for (size_t i = 0; i < text.len; i++)
		lines += text.buf[i] == '\n';
	CHECK_INT(lines, 1 + 3 * 4 * 10 + 10);
	CHECK(strncmp(text.buf, "first ssh-ed25519 AAAA\n", 23) == 0);
	command = xasprintf("rm -r %s", dir);
	CHECK_INT(system(command), 0);
	free(command);
	str_release(&text);
}

static const struct test tests[] = {
	{ "matching", matching },
	{ "algorithms", algorithms },
	{ "pins", pins },
	{ "appending", appending },
};
TEST_MAIN(tests)
