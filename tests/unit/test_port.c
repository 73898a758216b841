/* A port that lacks a member is refused when the wizard takes it up, not when the member is called for the first time. */
#include "tests/test.h"
#include "tests/unit/fake_port.h"

#include <stddef.h>

enum { FIRST = offsetof(struct port, begin), SIZE = sizeof(void (*)(void)) };

/* What wizard_init says of the fake port without the member at an offset (0: with all), and the exit status. */
static int taken_up(size_t at, char *said, size_t size)
{
	struct port p = fake_port;
	struct wizard w;
	int out[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(out))
		exit(2);
	if (at)
		memset((char *)&p + at, 0, SIZE);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDERR_FILENO);
		wizard_init(&w, &p);
		_exit(0);
	}
	close(out[1]);
	n = read(out[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(out[0]);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_members(void)
{
	char said[160];

	CHECK_INT(taken_up(0, said, sizeof(said)), 0);
	CHECK_STR(said, "");
	for (size_t at = FIRST; at < sizeof(struct port); at += SIZE) {
		CHECK_INT(taken_up(at, said, sizeof(said)), 1);
		CHECK(strstr(said, "the wizard's port has no '"));
	}
	taken_up(offsetof(struct port, removed), said, sizeof(said));
	CHECK(strstr(said, "has no 'removed'"));
	taken_up(offsetof(struct port, remember), said, sizeof(said));
	CHECK(strstr(said, "has no 'remember'"));
}

static const struct test tests[] = {
	{ "a port that lacks a member", test_members },
};

TEST_MAIN(tests)
