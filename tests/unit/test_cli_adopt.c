/* `adopt` from the command line: what it refuses, and that it leaves nothing behind then; the login is a real one. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "remote/remote.h"
#include "remote/ssh.h"
#include "tests/unit/fake_sshd.h"

#include <unistd.h>

static char dir[] = "/tmp/kubewright-adopt-XXXXXX";

static void begin(void)
{
	if (!mkdtemp(dir) || chdir(dir))
		exit(2);
	setenv("XDG_STATE_HOME", dir, 1);
	setenv("HOME", dir, 1);
	remote_init();
}

static void end(void)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK_INT(system(command), 0);
}

/* Runs it with more arguments; returns its status. NULL ends them. */
static int adopt(const char *host, const char *const *more)
{
	char words[24][200], *argv[24];
	int argc = 0, status;
	struct cli_options o;
	struct error err = { 0 };

	snprintf(words[argc++], sizeof(words[0]), "kubewright");
	snprintf(words[argc++], sizeof(words[0]), "adopt");
	snprintf(words[argc++], sizeof(words[0]), "%s", host);
	for (; *more; more++)
		snprintf(words[argc++], sizeof(words[0]), "%s", *more);
	for (int i = 0; i < argc; i++)
		argv[i] = words[i];
	argv[argc] = NULL;
	if (!CHECK_INT(cli_options_parse(&o, argc, argv, &err), 0))
		printf("# %s\n", err.what);
	status = cli_adopt(&o);
	cli_options_release(&o);
	return status;
}

/* Of state nothing stays but the empty folder of the program. */
static void check_nothing_left(void)
{
	CHECK_INT(system("[ ! -e kubewright.yaml ] && [ -z \"$(find kubewright -mindepth 1 2>/dev/null)\" ]"), 0);
}

static void test_refused(void)
{
	static const char *const none[] = { NULL };
	static const char *const out[] = { "--out", "there.yaml", NULL };
	static const char *const bad[] = { "--set", "ssh.port=x", NULL };
	static const char *const unknown[] = { "--set", "endpoint.portt=1", NULL };
	static const char *const name[] = { "--cluster", "no name", NULL };
	struct error err = { 0 };

	begin();
	CHECK_INT(file_write("there.yaml", "x", 1, 0644, &err), 0);
	CHECK_INT(adopt("10.0.0.11", out), CLI_EXIT_USAGE);
	CHECK_INT(adopt("not a host", none), CLI_EXIT_USAGE);
	CHECK_INT(adopt("10.0.0.11", bad), error_exit_code(ERROR_INVENTORY));
	CHECK_INT(adopt("10.0.0.11", unknown), error_exit_code(ERROR_INVENTORY));
	CHECK_INT(adopt("10.0.0.11", name), error_exit_code(ERROR_INVENTORY));
	check_nothing_left();
	end();
}

static void test_unreached(void)
{
	char port[40];
	const char *const more[] = { "--set", port, "--connect-timeout", "2", NULL };
	int n, fd = listen_any(&n, 1);

	begin();
	close(fd);
	snprintf(port, sizeof(port), "ssh.port=%d", n);
	CHECK_INT(adopt("127.0.0.1", more), error_exit_code(ERROR_CONNECT));
	check_nothing_left();
	end();
}

/* This machine has no cluster: it is looked at, and nothing is written. */
static void test_no_cluster(void)
{
	struct sshd s;
	char port[40], key[200];
	const char *const more[] = { "--set", port, "--set", key, "--accept-new-host-keys", NULL };

	if (sshd_missing() || access("/etc/kubernetes/kubelet.conf", F_OK) == 0) {
		printf("# skipped: %s\n", sshd_missing() ? sshd_missing() : "a Node of a cluster");
		return;
	}
	begin();
	sshd_start(&s, "");
	snprintf(port, sizeof(port), "ssh.port=%d", s.port);
	snprintf(key, sizeof(key), "ssh.key=%s", sshd_path(&s, "id"));
	CHECK_INT(adopt("root@127.0.0.1", more), error_exit_code(ERROR_PREFLIGHT));
	check_nothing_left();
	sshd_stop(&s);
	end();
}

static const struct test tests[] = {
	{ "refused before anything is contacted", test_refused },
	{ "a host that does not answer", test_unreached },
	{ "a host without a cluster", test_no_cluster },
};
TEST_MAIN(tests)
