/* kubewright ssh: OpenSSH's client with the inventory's login, to the host that the inventory means and to no other. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "remote/remote.h"
#include "tests/test.h"
#include "tests/unit/fake_sshd.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

static struct sshd sshd;

static void write_file(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void write_file(const char *name, const char *fmt, ...)
{
	struct error err = { 0 };
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	CHECK_INT(file_mkdirs(sshd_path(&sshd, "home/.ssh"), 0700, &err), 0);
	CHECK_INT(file_write(sshd_path(&sshd, name), text, strlen(text), 0600, &err), 0);
}

/* host: more of the host's ssh section. */
static void write_inventory(const char *host)
{
	write_file("inv.yaml",
		"cluster: c\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nssh: {user: root, key: %s}\nhosts:\n"
		"  - {name: cp1, address: 10.0.0.11, role: control-plane, ssh: {address: 127.0.0.1, port: %d%s}}\n",
		sshd_path(&sshd, "id"), sshd.port, host);
}

/* Runs it without a terminal; the exit status, and what it printed into out. */
static int run_ssh(struct str *out)
{
	char host[] = "cp1", command[] = "echo", word[] = "hello", *args[] = { host, command, word };
	struct cli_options o = { .file = sshd_path(&sshd, "inv.yaml"), .args = args, .arg_count = 3 };
	const char *path = sshd_path(&sshd, "out");
	struct error err = { 0 };
	int status = -1, fd;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setsid();
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		dup2(fd, 1);
		dup2(fd, 2);
		dup2(open("/dev/null", O_RDONLY), 0);
		setenv("XDG_STATE_HOME", sshd_path(&sshd, "state"), 1);
		setenv("HOME", sshd_path(&sshd, "home"), 1);
		unsetenv("SSH_AUTH_SOCK");
		_exit(cli_ssh(&o));
	}
	waitpid(pid, &status, 0);
	str_clear(out);
	CHECK_INT(file_read(path, 1 << 16, out, &err), 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void pinned(void)
{
	struct str out = STR_INIT, fingerprint = STR_INIT;
	struct error err = { 0 };
	char *host, *command, *key, *other;

	if (sshd_missing()) {
		printf("# skipped: %s\n", sshd_missing());
		return;
	}
	remote_init();
	sshd_start(&sshd, NULL);
	key = sshd_host_key(&sshd, "ed25519");
	other = sshd_host_key(&sshd, "rsa");
	/* the user's known_hosts knows the key and would let it pass */
	write_file("home/.ssh/known_hosts", "[127.0.0.1]:%d %s\n", sshd.port, key);
	write_inventory("");
	CHECK_INT(run_ssh(&out), 0);
	CHECK_STR(out.buf, "hello\n");
	/* a pin that is wrong */
	write_inventory(", host-key: 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'");
	CHECK_INT(run_ssh(&out), 4);
	CHECK(strstr(out.buf, "is not the pinned one") && !strstr(out.buf, "hello"));
	/* right ones, and nothing in known_hosts */
	write_file("home/.ssh/known_hosts", "[127.0.0.1]:%d ssh-ed25519 AAAA\n", sshd.port);
	command = xasprintf("ssh-keygen -lf %s | cut -d' ' -f2 | tr -d '\\n' > %s",
		sshd_path(&sshd, "host_ed25519.pub"), sshd_path(&sshd, "fp"));
	CHECK_INT(system(command), 0);
	CHECK_INT(file_read(sshd_path(&sshd, "fp"), 100, &fingerprint, &err), 0);
	const char *pins[] = { fingerprint.buf, key, other };
	for (size_t i = 0; i < 3; i++) {
		host = xasprintf(", host-key: '%s'", pins[i]);
		write_inventory(host);
		if (!CHECK_INT(run_ssh(&out), 0))
			printf("# %s\n", out.buf);
		CHECK_STR(out.buf, "hello\n");
		free(host);
	}
	/* without a pin the changed key of known_hosts stops it */
	write_inventory("");
	CHECK(run_ssh(&out) != 0);
	CHECK(!strstr(out.buf, "hello"));
	/* an unknown one is a question, which nobody answers here */
	write_file("home/.ssh/known_hosts", "%s", "");
	CHECK(run_ssh(&out) != 0);
	CHECK(!strstr(out.buf, "hello"));
	/* revoked, pinned or not */
	host = xasprintf(", host-key: '%s'", key);
	write_inventory(host);
	write_file("home/.ssh/known_hosts2", "@revoked * %s\n", key);
	CHECK_INT(run_ssh(&out), 4);
	CHECK(strstr(out.buf, "is revoked by") != NULL);
	free(host);
	free(command);
	free(key);
	free(other);
	str_release(&out);
	str_release(&fingerprint);
	sshd_stop(&sshd);
}

static const struct test tests[] = { { "the pinned key", pinned } };
int main(int argc, char **argv)
{
	sshd_make_keys();
	return test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
