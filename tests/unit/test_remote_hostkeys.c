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
		/* the plain name is good for another port, unless the name with the port is there; it never says "changed" */
		{ "h ssh-ed25519 " KEY_A "\n", "h", 2222, REMOTE_KNOWN_OK, 1 },
		{ "h ssh-ed25519 " KEY_B "\n", "h", 2222, REMOTE_KNOWN_NONE, 0 },
		{ "h ssh-ed25519 " KEY_A "\n[h]:2222 ssh-ed25519 " KEY_B "\n", "h", 2222, REMOTE_KNOWN_CHANGED, 2 },
		{ "h ssh-ed25519 " KEY_B "\n[h]:2222 ssh-ed25519 " KEY_A "\n", "h", 2222, REMOTE_KNOWN_OK, 2 },
		{ "@revoked h ssh-ed25519 " KEY_A "\n[h]:2222 ssh-ed25519 " KEY_A "\n", "h", 2222, REMOTE_KNOWN_REVOKED,
			1 },
		{ "[h]:2222 ssh-ed25519 " KEY_A "\n", "h", 2223, REMOTE_KNOWN_NONE, 0 },
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

static void authorities(void)
{
	struct remote_known k = { 0 };
	const struct remote_known_key *key;
	struct str out = STR_INIT;

	remote_known_add(&k, "@cert-authority other ssh-rsa AAAA\n@cert-authority *.dom,h ssh-rsa AAAA\n", "file", "h",
		22, false);
	key = remote_known_authority(&k);
	CHECK(key && key->line == 2);
	/* its type is not one to ask the host for */
	remote_known_algorithms(&k, NULL, &out);
	CHECK(strncmp(out.buf, "ssh-ed25519,", 12) == 0);
	remote_known_release(&k);
	CHECK(remote_known_authority(&k) == NULL);
	str_release(&out);
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

/* What has the text of a line in it does not have the line. */
static void append_whole_lines(void)
{
	static const char *const before[] = { "110.0.0.1 ssh-ed25519 " KEY_A "\n", "#10.0.0.1 ssh-ed25519 " KEY_A "\n",
		"@revoked 10.0.0.2 ssh-ed25519 " KEY_A "\n10.0.0.1 ssh-ed25519 " KEY_B "\n",
		"[10.0.0.1]:2222 ssh-ed25519 " KEY_A, "10.0.0.9,10.0.0.1 ssh-ed25519 " KEY_A " already there" };
	char dir[] = "/tmp/kubewright-known.XXXXXX", *path, *command;

	CHECK(mkdtemp(dir) != NULL);
	path = xasprintf("%s/known_hosts", dir);
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		struct str text = STR_INIT, again = STR_INIT;
		struct error err = { 0 };
		int line;

		CHECK_INT(file_write(path, before[i], strlen(before[i]), 0600, &err), 0);
		CHECK_INT(remote_known_append(path, "10.0.0.1", 22, "ssh-ed25519", KEY_A, &err), 0);
		CHECK_INT(file_read(path, 4096, &text, &err), 0);
		CHECK_INT(check(text.buf, "10.0.0.1", 22, KEY_A, &line), REMOTE_KNOWN_OK);
		CHECK(strncmp(text.buf, before[i], strlen(before[i])) == 0);
		CHECK_INT(text.len == strlen(before[i]), i == 4);
		CHECK_INT(remote_known_append(path, "10.0.0.1", 22, "ssh-ed25519", KEY_A, &err), 0);
		CHECK_INT(file_read(path, 4096, &again, &err), 0);
		CHECK_STR(again.buf, text.buf);
		str_release(&text);
		str_release(&again);
	}
	command = xasprintf("rm -r %s", dir);
	CHECK_INT(system(command), 0);
	free(command);
	free(path);
}

/* Several files: ours, then the operator's and the machine's. */
static void files(void)
{
	static const char zero[] = "10.0.0.1 ssh-ed25519 " KEY_B "\n\0\n@revoked * ssh-ed25519 " KEY_A "\n";
	char dir[] = "/tmp/kubewright-known.XXXXXX", *ours, *machine, *command;
	struct remote_known k = { 0 };
	const struct remote_known_key *where;
	struct error err = { 0 };

	CHECK(mkdtemp(dir) != NULL);
	ours = xasprintf("%s/known_hosts", dir);
	machine = xasprintf("%s/ssh_known_hosts", dir);
	const char *others[] = { "/nowhere/known_hosts", machine, NULL };
	struct remote_ssh_config c = {
		.address = "10.0.0.1", .port = 22, .known_hosts = ours, .other_known_hosts = others
	};
	static const char known[] = "10.0.0.1 ssh-ed25519 " KEY_A "\n",
			  revoked[] = "10.0.0.1 ssh-ed25519 " KEY_B "\n@revoked * ssh-ed25519 " KEY_A "\n";

	CHECK_INT(file_write(machine, known, strlen(known), 0644, &err), 0);
	CHECK_INT(remote_known_load(&k, &c, &err), 0);
	CHECK_INT(remote_known_check(&k, "ssh-ed25519", KEY_A, &where), REMOTE_KNOWN_OK);
	CHECK(where && where->file == machine);
	remote_known_release(&k);
	/* ours knows the host: of the others only revocations count */
	CHECK_INT(file_write(ours, known, strlen(known), 0600, &err), 0);
	CHECK_INT(file_write(machine, revoked, strlen(revoked), 0644, &err), 0);
	CHECK_INT(remote_known_load(&k, &c, &err), 0);
	CHECK_INT(k.count, 2);
	CHECK_INT(remote_known_check(&k, "ssh-ed25519", KEY_A, &where), REMOTE_KNOWN_REVOKED);
	remote_known_release(&k);
	/* what is behind a NUL is not to be seen: an error, as if the file could not be read */
	CHECK_INT(file_write(machine, zero, sizeof(zero) - 1, 0644, &err), 0);
	CHECK_INT(remote_known_load(&k, &c, &err), -1);
	CHECK_INT(err.kind, ERROR_SYSTEM);
	CHECK(strstr(err.what, "NUL byte") && strstr(err.what, machine) && err.hint[0]);
	remote_known_release(&k);
	CHECK_INT(file_write(ours, zero, sizeof(zero) - 1, 0600, &err), 0);
	CHECK_INT(remote_known_append(ours, "10.0.0.7", 22, "ssh-ed25519", KEY_A, &err), -1);
	command = xasprintf("rm -r %s", dir);
	CHECK_INT(system(command), 0);
	free(command);
	free(ours);
	free(machine);
}

static const struct test tests[] = {
	{ "matching", matching },
	{ "certificate authorities", authorities },
	{ "algorithms", algorithms },
	{ "pins", pins },
	{ "appending", appending },
	{ "appended lines are whole", append_whole_lines },
	{ "files", files },
};
TEST_MAIN(tests)
