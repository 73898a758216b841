/*
 * The unit tests' runner: a table of functions, each in a process of its own so that a crash or a hang in one
 * is a failure and not the end. Prints one line per test and "N passed, N failed".
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct test {
	const char *name;
	void (*fn)(void);
};

/*
 * "At once", in ms: far from the half minute and more that the tests' commands would take, and with room for a machine
 * that is busy. TEST_STEP: of what is struck at each call, every how many-th is; odd: faults come in turn. Under
 * a sanitizer each takes much longer, and one in nine goes through the same code; threads meet in all of them alike.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED 1
#ifdef __SANITIZE_THREAD__
#define TEST_STEP 27
#else
#define TEST_STEP 9
#endif
#define TEST_SOON_MS 15000
#define TEST_SECONDS 3600
#else
#define TEST_SANITIZED 0
#define TEST_STEP 1
#define TEST_SOON_MS 5000
#define TEST_SECONDS 1200
#endif

/* One count of a program, whichever file looks: a fake is a file of its own. */
__attribute__((weak)) int test_failures;

#define CHECK(cond) test_check((cond), #cond, __FILE__, __LINE__)
#define CHECK_STR(got, want) test_check_str((got), (want), #got, __FILE__, __LINE__)
#define CHECK_INT(got, want) test_check_int((long long)(got), (long long)(want), #got, __FILE__, __LINE__)

static inline bool test_check(bool ok, const char *text, const char *file, int line)
{
	if (!ok) {
		test_failures++;
		printf("# %s:%d: %s is false\n", file, line, text);
	}
	return ok;
}

static inline bool test_check_str(const char *got, const char *want, const char *text, const char *file, int line)
{
	bool ok = got && want ? strcmp(got, want) == 0 : got == want;

	if (!ok) {
		test_failures++;
		printf("# %s:%d: %s is \"%s\", not \"%s\"\n", file, line, text, got ? got : "(null)",
			want ? want : "(null)");
	}
	return ok;
}

static inline bool test_check_int(long long got, long long want, const char *text, const char *file, int line)
{
	if (got != want) {
		test_failures++;
		printf("# %s:%d: %s is %lld, not %lld\n", file, line, text, got, want);
	}
	return got == want;
}

/* argv[1..] may name tests to run alone. Seconds per test are limited by alarm. */
static inline int test_main(const struct test *tests, size_t count, int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	for (size_t i = 0; i < count; i++) {
		bool wanted = argc < 2;
		int status = 0;

		for (int a = 1; a < argc; a++)
			wanted = wanted || strcmp(argv[a], tests[i].name) == 0;
		if (!wanted)
			continue;
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			alarm(TEST_SECONDS);
			tests[i].fn();
			fflush(stdout);
			exit(test_failures ? 1 : 0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
			failed++;
			printf("not ok - %s (status 0x%x)\n", tests[i].name, (unsigned)status);
		} else {
			passed++;
			printf("ok - %s\n", tests[i].name);
		}
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}

/* The same in a folder of its own, which is the working directory and is gone afterwards. */
static char test_folder[] = "/tmp/kubewright-test.XXXXXX";

static inline int test_main_in_folder(const struct test *tests, size_t count, int argc, char **argv)
{
	char command[sizeof(test_folder) + 16];
	int rc;

	if (!mkdtemp(test_folder) || chdir(test_folder))
		return 1;
	setenv("TZ", "UTC", 1);
	rc = test_main(tests, count, argc, argv);
	snprintf(command, sizeof(command), "rm -rf %s", test_folder);
	return chdir("/") || system(command) ? 1 : rc;
}

#define TEST_MAIN_BY(runner, tests) \
	int main(int argc, char **argv) { return runner((tests), sizeof(tests) / sizeof(tests)[0], argc, argv); }
#define TEST_MAIN_IN_FOLDER(tests) TEST_MAIN_BY(test_main_in_folder, tests)
#define TEST_MAIN(tests) TEST_MAIN_BY(test_main, tests)

#endif
