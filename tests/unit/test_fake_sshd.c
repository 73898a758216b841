/* What the tests start ends with them, however they end, and holds nothing of theirs. */
#include "tests/unit/fake_sshd.h"

#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A test that starts an agent while it holds a lock, prints its pid and hangs. */
static void hang(const char *lock, int out)
{
	struct sshd s = { 0 };
	int fd = open(lock, O_RDWR);

	snprintf(s.dir, sizeof(s.dir), "%.*s", (int)(strrchr(lock, '/') - lock), lock);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		_exit(1);
	sshd_agent_start(&s);
	if (write(out, &s.agent, sizeof(s.agent)) == sizeof(s.agent))
		pause();
	_exit(1);
}

static void test_killed(void)
{
	char dir[] = "/tmp/kubewright-agent.XXXXXX", lock[64], command[64];
	struct pollfd gone = { .events = POLLIN };
	pid_t test, agent = 0;
	int fd, told[2];

	if (sshd_missing()) {
		printf("# skipped: %s\n", sshd_missing());
		return;
	}
	if (!CHECK(mkdtemp(dir) != NULL) || !CHECK_INT(pipe(told), 0))
		return;
	snprintf(lock, sizeof(lock), "%s/lock", dir);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	test = fork();
	if (test == 0)
		hang(lock, told[1]);
	close(told[1]);
	if (CHECK_INT(read(told[0], &agent, sizeof(agent)), (int)sizeof(agent))) {
		gone.fd = (int)syscall(SYS_pidfd_open, agent, 0);
		CHECK(gone.fd >= 0);
		kill(test, SIGKILL);
		waitpid(test, NULL, 0);
		CHECK_INT(flock(fd, LOCK_EX | LOCK_NB), 0);
		CHECK_INT(poll(&gone, 1, 10000), 1);
		close(gone.fd);
	}
	close(fd);
	close(told[0]);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	CHECK_INT(system(command), 0);
}

static const struct test tests[] = {
	{ "an agent of a test that is killed", test_killed },
};
TEST_MAIN(tests)
