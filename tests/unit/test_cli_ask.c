/* Questions on a terminal: what was typed before them is not an answer, and neither is half a word. */
#include "base/str.h"
#include "base/error.h"
#include "cli/run.h"
#include "tests/test.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>

/* Reads the terminal until it has shown text. */
static bool await(int master, struct str *seen, const char *text)
{
	char buf[256];

	while (!strstr(seen->buf, text)) {
		struct pollfd p = { master, POLLIN, 0 };
		ssize_t n = poll(&p, 1, 20000) > 0 ? read(master, buf, sizeof(buf)) : -1;

		if (n <= 0)
			return CHECK(!"the terminal shows what is awaited");
		str_addn(seen, buf, (size_t)n);
	}
	str_clear(seen);
	return true;
}

static void put(int master, const char *text)
{
	CHECK(write(master, text, strlen(text)) == (ssize_t)strlen(text));
}

/* A process on a terminal of its own that asks once "yes" was typed ahead, and exits with the number of the answer. */
static pid_t start(int *master)
{
	pid_t pid = forkpty(master, NULL, NULL, NULL);

	if (pid != 0)
		return pid;
	struct pollfd p = { STDIN_FILENO, POLLIN, 0 };

	alarm(60);
	printf("ready\n");
	fflush(stdout);
	poll(&p, 1, -1);
	_exit(cli_ask_answer("Is it the right one?", "no|yes|later", -1));
}

static void answers(void)
{
	static const struct {
		const char *typed[3]; /* each after the question was put (again) */
		int want;
	} table[] = {
		{ { "yes\n" }, 1 },
		{ { "\n" }, 0 },
		{ { "y\n", "yes\n" }, 1 },
		{ { "yesterday\n", "Yes\n", "later\n" }, 2 },
		{ { "maybe\n", "\n" }, 0 },
		{ { "\x04" }, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct str seen = STR_INIT;
		int master, status = -1;
		pid_t pid = start(&master);

		await(master, &seen, "ready");
		put(master, "yes\n");
		for (int k = 0; k < 3 && table[i].typed[k]; k++)
			if (await(master, &seen, "[no|yes|later] "))
				put(master, table[i].typed[k]);
		waitpid(pid, &status, 0);
		if (!CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, table[i].want))
			printf("# %zu\n", i);
		close(master);
		str_release(&seen);
	}
}

/* A letter is not enough where a host is to be changed; --yes is. */
static void confirmed(void)
{
	static const struct {
		const char *typed[2];
		bool yes;
		int want;
	} table[] = { { { "y\n", "yes\n" }, false, 0 }, { { "y\n", "\n" }, false, 1 }, { { "\n" }, false, 1 },
		{ { 0 }, true, 0 } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct cli_options o = { .yes = table[i].yes };
		struct str seen = STR_INIT;
		struct error err = { 0 };
		int master, status = -1;
		pid_t pid = forkpty(&master, NULL, NULL, NULL);

		if (pid == 0) {
			alarm(60);
			_exit(cli_confirm_yes(&o, "Do it?", "it must be confirmed", &err) == 0 ? 0
				: err.kind == ERROR_CANCELLED                                  ? 1
											       : 2);
		}
		for (int k = 0; k < 2 && table[i].typed[k]; k++)
			if (await(master, &seen, "[no|yes] "))
				put(master, table[i].typed[k]);
		waitpid(pid, &status, 0);
		if (!CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, table[i].want))
			printf("# %zu\n", i);
		close(master);
		str_release(&seen);
	}
}

static const struct test tests[] = { { "answers", answers }, { "confirmed by a word", confirmed } };
TEST_MAIN(tests)
