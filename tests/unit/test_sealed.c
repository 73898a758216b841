/* What must not be left behind, or lie open: core files, half-written files, kubeconfigs. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "pki/pki.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

static char dir[64];

static const char *in(const char *name)
{
	static char path[4][160];
	static unsigned n;

	snprintf(path[n = (n + 1) % 4], sizeof(path[0]), "%s/%s", dir, name);
	return path[n];
}

static void begin(void)
{
	strcpy(dir, "/tmp/kubewright-sealed-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
}

static void end(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	CHECK_INT(system(command), 0);
}

static void test_core(void)
{
	struct rlimit limit = { 0, 0 };

	CHECK_INT(getrlimit(RLIMIT_CORE, &limit), 0);
	setenv("KUBEWRIGHT_DUMPABLE", "1", 1);
	cli_seal();
	CHECK_INT(prctl(PR_GET_DUMPABLE), 1);
	unsetenv("KUBEWRIGHT_DUMPABLE");
	cli_seal();
	CHECK_INT(getrlimit(RLIMIT_CORE, &limit), 0);
	CHECK(limit.rlim_cur == 0 && limit.rlim_max == 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	CHECK_INT(prctl(PR_GET_DUMPABLE), 0);
#endif
}

/* The main program seals itself before it reads anything. */
static void test_main_seals(void)
{
	struct str text = STR_INIT;
	const char *call, *main_call;

	CHECK_INT(file_read("main.c", 1u << 16, &text, NULL), 0);
	call = strstr(text.buf, "cli_seal();");
	main_call = strstr(text.buf, "cli_main(argc");
	CHECK(call && main_call && call < main_call);
	str_release(&text);
}

static void leave(const char *name, int age_s)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - age_s }, { .tv_sec = time(NULL) - age_s } };

	CHECK_INT(file_write(in(name), "x", 1, 0600, NULL), 0);
	CHECK_INT(utimensat(AT_FDCWD, in(name), times, 0), 0);
}

/* What a killed run has left goes; what somebody is at, or is somebody else's, stays. */
static void test_sweep(void)
{
	char *tmp;
	int fd, held;

	begin();
	leave("a.db.k3f9x2ab.new", 3600);
	leave("b.db.k3f9x2ab.new", 1);
	leave("c.db.k3f9x2ab.new", 3600);
	leave("mine.new", 3600);
	leave("a.db", 3600);
	leave("a.db.K3F9X2AB.new", 3600);
	held = open(in("c.db.k3f9x2ab.new"), O_RDONLY | O_CLOEXEC);
	CHECK_INT(flock(held, LOCK_EX | LOCK_NB), 0);
	fd = file_begin(in("d.db"), 0600, &tmp, NULL);
	CHECK(fd >= 0);
	CHECK_INT(utimensat(AT_FDCWD, tmp, (struct timespec[2]){ { .tv_sec = 1 }, { .tv_sec = 1 } }, 0), 0);
	file_sweep(dir);
	file_sweep("/nonexistent");
	CHECK(access(in("a.db.k3f9x2ab.new"), F_OK) != 0);
	CHECK(access(in("b.db.k3f9x2ab.new"), F_OK) == 0);
	CHECK(access(in("c.db.k3f9x2ab.new"), F_OK) == 0);
	CHECK(access(in("mine.new"), F_OK) == 0 && access(in("a.db"), F_OK) == 0);
	CHECK(access(in("a.db.K3F9X2AB.new"), F_OK) == 0);
	CHECK_INT(file_end(fd, tmp, in("d.db"), NULL), 0);
	close(held);
	end();
}

/* The program with these words; its streams in files, its exit status. */
static int run(mode_t out_mode, const char *const *words)
{
	char *argv[16] = { (char *)"kubewright" };
	int argc = 1, status;
	pid_t pid;

	for (; *words; words++)
		argv[argc++] = (char *)*words;
	unlink(in("out"));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		umask(0);
		dup2(open(in("out"), O_WRONLY | O_CREAT, out_mode), 1);
		dup2(open(in("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
		setenv("HOME", dir, 1);
		unsetenv("XDG_STATE_HOME");
		if (chdir(dir))
			_exit(99);
		exit(cli_main(argc, argv));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool says(const char *file, const char *what)
{
	struct str text = STR_INIT;
	bool found;

	file_read(in(file), 1u << 20, &text, NULL);
	found = strstr(text.buf, what) != NULL;
	str_release(&text);
	return found;
}

#define RUN(mode, ...) run(mode, (const char *const[]){ "kubeconfig", __VA_ARGS__, NULL })

static void test_kubeconfig(void)
{
	static const char inventory[] =
		"cluster: c\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\n"
		"hosts:\n  - {name: cp1, address: 10.0.0.11, role: control-plane}\n";
	struct pki_store *s;
	struct error err = { 0 };
	struct stat st;

	begin();
	CHECK_INT(file_write(in("kubewright.yaml"), inventory, strlen(inventory), 0600, NULL), 0);
	s = pki_store_create(in(".local/state/kubewright/c/pki"), PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	if (!CHECK(s != NULL))
		printf("# %s\n", err.what);
	pki_store_free(s);
	/* a file of its own, never another's place */
	CHECK_INT(RUN(0600, "--user", "alice", "--group", "team", "--days", "3", "--out", "alice.conf"), 0);
	CHECK(stat(in("alice.conf"), &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(says("alice.conf", "- name: alice\n") && says("out", "alice.conf\n") && says("err", "valid for 3 days"));
	CHECK(RUN(0600, "--user", "bob", "--out", "alice.conf") == 5);
	CHECK(says("alice.conf", "- name: alice\n") && says("err", "never replaces a file"));
	/* to a file that others can read: named; to one that they cannot: not */
	CHECK_INT(RUN(0644, "--days", "3"), 0);
	CHECK(says("out", "kubernetes-admin") && says("err", "warning: other users of this machine can read"));
	CHECK_INT(RUN(0600, "--days", "3"), 0);
	CHECK(says("out", "kubernetes-admin") && !says("err", "warning"));
	CHECK_INT(RUN(0600, "--write", "--user", "bob"), 2);
	CHECK_INT(RUN(0600, "--user", ""), 2);
	CHECK_INT(RUN(0600, "--group", "a\nb"), 2);
	CHECK_INT(RUN(0600, "--user", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), 2);
	end();
}

static const struct test tests[] = {
	{ "no core, no debugger", test_core },
	{ "main seals first", test_main_seals },
	{ "temporary files of the dead are swept", test_sweep },
	{ "kubeconfig: --out, --user, --group", test_kubeconfig },
};
TEST_MAIN(tests)
