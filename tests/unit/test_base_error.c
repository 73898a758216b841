/* Errors as values, and clocks. */
#include "tests/test.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>

static void chain(void)
{
	struct error e = { 0 };

	CHECK_INT(error_set(&e, ERROR_CONNECT, "cannot reach %s:%d", "cp1", 22), -1);
	CHECK_INT(error_hint(&e, "is sshd running?"), -1);
	CHECK_INT(error_hint(&e, "the outer one comes too late"), -1);
	CHECK_INT(error_wrap(&e, "while probing '%s'", "cp1"), -1);
	CHECK_INT(e.kind, ERROR_CONNECT);
	CHECK_STR(e.what, "while probing 'cp1': cannot reach cp1:22");
	CHECK_STR(e.hint, "is sshd running?");
	error_detail(&e, "a\nb");
	CHECK_STR(e.detail, "a\nb");
	/* another error takes nothing over from the last, but place */
	strcpy(e.host, "cp1");
	error_errno(&e, ERROR_SYSTEM, EACCES, "cannot open '%s'", "/etc/x");
	CHECK_STR(e.what, "cannot open '/etc/x': Permission denied");
	CHECK_STR(e.hint, "");
	CHECK_STR(e.detail, "");
	CHECK_STR(e.host, "cp1");
}

static void without_a_place(void)
{
	CHECK_INT(error_set(NULL, ERROR_NET, "x"), -1);
	CHECK_INT(error_errno(NULL, ERROR_NET, EIO, "x"), -1);
	CHECK_INT(error_wrap(NULL, "x"), -1);
	CHECK_INT(error_hint(NULL, "x"), -1);
	CHECK_INT(error_detail(NULL, "x"), -1);
	CHECK_INT(error_about(NULL, CODE_NONE, "x"), -1);
	CHECK_INT(error_refuse(NULL, ERROR_NET, CODE_NONE, "x", "x"), -1);
}

static void own_text_as_argument(void)
{
	struct error e = { 0 };

	error_set(&e, ERROR_NET, "inner");
	error_set(&e, ERROR_NET, "outer, %s", e.what);
	CHECK_STR(e.what, "outer, inner");
	error_wrap(&e, "%s again", e.what);
	CHECK_STR(e.what, "outer, inner again: outer, inner");
	error_detail(&e, "one\ntwo");
	error_detail(&e, e.detail + 4);
	CHECK_STR(e.detail, "two");
}

static void truncation(void)
{
	struct error e = { 0 };
	char big[4096];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	error_set(&e, ERROR_NET, "%s", big);
	CHECK_INT(strlen(e.what), sizeof(e.what) - 1);
	error_errno(&e, ERROR_NET, EIO, "%s", big);
	CHECK_INT(strlen(e.what), sizeof(e.what) - 1);
	error_wrap(&e, "%s", big);
	CHECK_INT(strlen(e.what), sizeof(e.what) - 1);
	error_wrap(&e, "short");
	CHECK(strncmp(e.what, "short: xxx", 10) == 0);
	CHECK_INT(strlen(e.what), sizeof(e.what) - 1);
	error_hint(&e, "%s", big);
	CHECK_INT(strlen(e.hint), sizeof(e.hint) - 1);
}

/* Whatever the length of what stands before, a cut never leaves part of a character. */
static void whole_characters(void)
{
	static const char *const characters[] = { "ü", "€", "🐧" };

	for (size_t c = 0; c < 3; c++)
		for (int pad = 0; pad < 8; pad++) {
			struct error e = { 0 };
			size_t width = strlen(characters[c]), n;
			char big[2048] = "";

			while (strlen(big) < 1100)
				strcat(big, characters[c]);
			error_set(&e, ERROR_NET, "%.*s%s", pad, "aaaaaaaa", big);
			n = strlen(e.what);
			CHECK_INT((n - (size_t)pad) % width, 0);
			CHECK(n + width >= sizeof(e.what));
			error_detail(&e, big);
			CHECK(((unsigned char)e.detail[0] & 0xc0) == 0xc0);
		}
	/* one that just fits stays */
	struct error e = { 0 };
	error_set(&e, ERROR_NET, "%0508d€x", 1);
	CHECK_STR(e.what + 508, "€");
}

static void detail_keeps_the_end(void)
{
	struct error e = { 0 };
	char log[20000] = "";
	size_t n = 0;

	for (int i = 0; n < sizeof(log) - 40; i++)
		n += (size_t)snprintf(log + n, sizeof(log) - n, "line number %d of the log\n", i);
	strcpy(log + n, "E: the reason");
	error_detail(&e, log);
	CHECK(strncmp(e.detail, "line number ", 12) == 0);
	CHECK(strcmp(e.detail + strlen(e.detail) - 13, "E: the reason") == 0);
	CHECK(strlen(e.detail) < sizeof(e.detail));
	/* no line start to cut at */
	memset(log, 'y', sizeof(log) - 1);
	error_detail(&e, log);
	CHECK_INT(strlen(e.detail), sizeof(e.detail) - 1);
	error_detail(&e, "");
	CHECK_STR(e.detail, "");
}

static void kinds(void)
{
	CHECK_STR(error_kind_name(ERROR_HOSTKEY), "host-key");
	CHECK_INT(error_exit_code(ERROR_NONE), 0);
	CHECK_INT(error_exit_code(ERROR_USAGE), 2);
	CHECK_INT(error_exit_code(ERROR_AUTH), 4);
	CHECK_INT(error_exit_code(ERROR_LOCKED), 7);
	CHECK_INT(error_exit_code(ERROR_CANCELLED), 130);
	for (int k = ERROR_NONE; k <= ERROR_CANCELLED; k++) {
		if (!CHECK(error_kind_name((enum error_kind)k) != NULL))
			printf("# kind %d has no name\n", k);
		CHECK(k == ERROR_NONE || error_exit_code((enum error_kind)k) > 0);
	}
}

static void clocks(void)
{
	char out[21];
	int64_t a = clock_mono_ms(), b = clock_mono_ms();

	CHECK(b >= a);
	CHECK(clock_wall_ms() > INT64_C(1700000000000));
	clock_rfc3339(0, out, sizeof(out));
	CHECK_STR(out, "1970-01-01T00:00:00Z");
	setenv("TZ", "America/New_York", 1);
	clock_rfc3339(INT64_C(1772366400999), out, sizeof(out));
	CHECK_STR(out, "2026-03-01T12:00:00Z");
}

static const struct test tests[] = {
	{ "chain", chain },
	{ "without a place", without_a_place },
	{ "own text as argument", own_text_as_argument },
	{ "truncation", truncation },
	{ "whole characters", whole_characters },
	{ "detail keeps the end", detail_keeps_the_end },
	{ "kinds", kinds },
	{ "clocks", clocks },
};
TEST_MAIN(tests)
