/* The limit of open files: raised at the start, and named when it is too low. */
#include "base/descriptors.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "tests/test.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

static void test_raise(void)
{
	struct rlimit l, was;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	l = was;
	l.rlim_cur = 64;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &l), 0);
	CHECK_INT(descriptors_allowed(), 64);
	descriptors_raise();
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &l), 0);
	CHECK(l.rlim_cur == was.rlim_max && l.rlim_max == was.rlim_max);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
}

static void test_enough(void)
{
	struct error err = { 0 };
	struct rlimit was, l;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	l = was;
	l.rlim_cur = DESCRIPTORS_RUN + 10 * DESCRIPTORS_HOST;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &l), 0);
	CHECK_INT(descriptors_enough(10, &err), 0);
	CHECK_INT(err.kind, ERROR_NONE);
	CHECK_INT(descriptors_enough(11, &err), -1);
	CHECK_INT(err.kind, ERROR_SYSTEM);
	CHECK_STR(err.what, "connections to 11 hosts need 81 open files, and this process may have 78");
	CHECK(strstr(err.hint, "'ulimit -Hn 81'") && strstr(err.hint, "--hosts"));
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
}

/* Where one runs out all the same, the message has the number too. */
static void test_run_out(void)
{
	struct error err = { 0 };
	char number[32];

	error_errno(&err, ERROR_SYSTEM, EMFILE, "cannot open a socket");
	snprintf(number, sizeof(number), "%zu files", descriptors_allowed());
	CHECK(strstr(err.hint, number) != NULL);
	err = (struct error){ 0 };
	error_errno(&err, ERROR_SYSTEM, ENOENT, "cannot open x");
	CHECK_STR(err.hint, "");
}

static void test_main_raises(void)
{
	struct str text = STR_INIT;

	CHECK_INT(file_read("main.c", 4096, &text, NULL), 0);
	CHECK(strstr(text.buf, "descriptors_raise();") < strstr(text.buf, "cli_main("));
	CHECK(strstr(text.buf, "descriptors_raise();") != NULL);
	str_release(&text);
}

static const struct test tests[] = {
	{ "raised to the hard limit", test_raise },
	{ "enough for so many hosts", test_enough },
	{ "the number in the message", test_run_out },
	{ "main raises it first", test_main_raises },
};
TEST_MAIN(tests)
