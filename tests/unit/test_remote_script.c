/* Scripts: run for real by this machine's /bin/sh, and by busybox's where it is there. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "remote/remote.h"
#include "tests/test.h"
#include "tests/unit/fake_remote.h"

#include <pthread.h>

static const char *const words[] = { "=a", "=b.*", "error", "hint", NULL };

static int run(const char *script, const struct remote_param *p, size_t n, struct remote_answer *a, struct error *err)
{
	struct remote *r = remote_local_open();
	int rc = remote_script(r, "test", script, p, n, words, a, NULL, NULL, 300000, err);

	CHECK_INT(r->execs, 1);
	remote_free(r);
	return rc;
}

static void values(void)
{
	static const char *const table[] = { "", "plain", "with  blanks ", "it's", "\"$HOME\" `id` \\n \\",
		"two\nlines\n", "\ttab", "caf\xc3\xa9", "\x01\x7f\xff", "-n", "=x=", "$(touch /tmp/never)", "*", "!",
		"~", "a'b'c''" };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct remote_param p = { "value", table[i] };
		struct remote_answer a = { 0 };
		struct error err = { 0 };

		if (!CHECK_INT(run("main() { say a \"$value\"; printf %s \"$value\" | say64 b.64; }\nmain </dev/null",
				       &p, 1, &a, &err),
			    0))
			printf("# %zu: %s\n", i, err.what);
		CHECK_STR(remote_answer_get(&a, "a"), table[i]);
		CHECK_STR(remote_answer_get(&a, "b.64"), table[i]);
		remote_answer_release(&a);
	}
}

static void big_value(void)
{
	char *big = xcalloc(1, (1 << 20) + 1);
	struct remote_param p = { "value", big };
	struct remote_answer a = { 0 };
	struct error err = { 0 };

	for (size_t i = 0; i < 1 << 20; i++)
		big[i] = (char)(1 + i % 255);
	CHECK_INT(run("main() { say a \"$value\"; }\nmain </dev/null\n", &p, 1, &a, &err), 0);
	CHECK(a.count == 1 && a.lines[0].len == 1 << 20 && memcmp(a.lines[0].value, big, 1 << 20) == 0);
	remote_answer_release(&a);
	free(big);
}

static void failures(void)
{
	struct remote_answer a = { 0 };
	struct error err = { 0 };

	CHECK_INT(
		run("main() { echo loud; echo log >&2; say a 1; say error 'it broke'; say hint 'mend it'; exit 3; }\nmain </dev/null\n",
			NULL, 0, &a, &err),
		-1);
	CHECK_INT(err.kind, ERROR_COMMAND);
	CHECK_STR(err.what, "it broke");
	CHECK_STR(err.hint, "mend it");
	CHECK_STR(err.detail, "loud\nlog\n");
	CHECK_STR(remote_answer_get(&a, "a"), "1");
	remote_answer_release(&a);
	memset(&err, 0, sizeof(err));
	CHECK_INT(run("exit 7", NULL, 0, NULL, &err), -1);
	CHECK_STR(err.what, "test: exit status 7");
	memset(&err, 0, sizeof(err));
	CHECK_INT(run("kill -9 $$", NULL, 0, NULL, &err), -1);
	CHECK_STR(err.what, "test: exit status 137");
	memset(&err, 0, sizeof(err));
	CHECK_INT(run("say c 1\n", NULL, 0, NULL, &err), -1);
	CHECK_INT(err.kind, ERROR_PROTOCOL);
	memset(&err, 0, sizeof(err));
	CHECK_INT(run("main() {\n", NULL, 0, NULL, &err), -1);
	CHECK_INT(err.kind, ERROR_COMMAND);
	memset(&err, 0, sizeof(err));
	const struct remote_param bad = { "PATH; id", "x" };
	CHECK_INT(remote_script(NULL, "test", "", &bad, 1, words, NULL, NULL, NULL, 0, &err), -1);
	CHECK_INT(err.kind, ERROR_INTERNAL);
}

/* A text that is cut anywhere before its last lines runs nothing of the script, under any shell that is here. */
static void cut(void)
{
	static const char *const shells[] = { "/bin/sh", "busybox sh", "bash --posix" };
	struct str text = STR_INIT;

	remote_script_text(&text, "N", "main() { echo r\"\"an >&2; say a 1; }\nmain </dev/null\n", NULL, 0);
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		struct remote *r = remote_local_open();
		char *command = xasprintf("%s -s 2>&1", shells[i]),
		     *here = xasprintf("command -v %s >/dev/null", shells[i]);
		struct remote_exec probe = { .command = here };
		int status = 0;

		CHECK_INT(remote_exec(r, &probe, &status, NULL), 0);
		for (size_t n = 0; status == 0 && n <= text.len; n += n + 60 < text.len ? 7 : 1) {
			struct str out = STR_INIT;
			struct remote_exec x = { .command = command, .input = text.buf, .input_len = n, .out = &out };
			int ended;

			CHECK_INT(remote_exec(r, &x, &ended, NULL), 0);
			if (n < (size_t)(strstr(text.buf, "\n)") - text.buf) + 2 && strstr(out.buf, "ran"))
				CHECK_STR(out.buf, "");
			if (n == text.len)
				CHECK(strstr(out.buf, "ran") && strstr(out.buf, "a=1") && strstr(out.buf, "N end"));
			str_release(&out);
		}
		free(here);
		free(command);
		remote_free(r);
	}
	str_release(&text);
}

static void local_exec(void)
{
	struct remote *r = remote_local_open();
	struct str out = STR_INIT, in = STR_INIT;
	struct error err = { 0 };
	struct remote_exec x = { .command = "cat", .out = &out, .out_max = 8 << 20 };
	int status = -1;

	for (int i = 0; i < 500000; i++)
		str_add(&in, "0123456789");
	x.input = in.buf;
	x.input_len = in.len;
	CHECK_INT(remote_exec(r, &x, &status, &err), 0);
	CHECK(status == 0 && out.len == in.len && memcmp(out.buf, in.buf, in.len) == 0);
	x.out_max = 1000;
	CHECK_INT(remote_exec(r, &x, &status, &err), -1);
	CHECK_INT(err.kind, ERROR_PROTOCOL);
	x = (struct remote_exec){ .command = "sleep 30", .timeout_ms = 100 };
	CHECK_INT(remote_exec(r, &x, &status, &err), -1);
	CHECK_INT(err.kind, ERROR_TIMEOUT);
	str_release(&in);
	str_release(&out);
	remote_free(r);
}

static void *cancel_soon(void *r)
{
	usleep(50000);
	remote_cancel(r);
	return NULL;
}

static void local_cancel(void)
{
	struct remote *r = remote_local_open();
	struct remote_exec x = { .command = "sleep 30" };
	struct error err = { 0 };
	int64_t start = clock_mono_ms();
	pthread_t t;
	int status;

	pthread_create(&t, NULL, cancel_soon, r);
	CHECK_INT(remote_exec(r, &x, &status, &err), -1);
	CHECK_INT(err.kind, ERROR_CANCELLED);
	CHECK(clock_mono_ms() - start < TEST_SOON_MS);
	pthread_join(t, NULL);
	CHECK_INT(remote_exec(r, &x, &status, &err), -1);
	CHECK_INT(err.kind, ERROR_CANCELLED);
	remote_free(r);
}

static int answer(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	struct str value = STR_INIT;

	(void)h;
	(void)call;
	(void)err;
	CHECK(fake_is_script(x) && fake_has(x, "main </dev/null") && !fake_param(x, "none", &value));
	CHECK(fake_param(x, "who", &value));
	str_add(log, "hello");
	fake_begin(out, x);
	fake_say(out, "a", value.buf);
	fake_end(out, x);
	str_release(&value);
	return 0;
}

static void fake(void)
{
	struct fake_host h = { .fn = answer, .fail_at = 2, .name = "cp1" };
	struct remote *r = fake_remote_open(&h);
	const struct remote_param p = { "who", "it's\n'me'" };
	struct remote_answer a = { 0 };
	struct error err = { 0 };

	CHECK_INT(remote_script(r, "test", "main </dev/null", &p, 1, words, &a, NULL, NULL, 0, &err), 0);
	CHECK_STR(remote_answer_get(&a, "a"), "it's\n'me'");
	remote_answer_release(&a);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(remote_script(r, "test", "main </dev/null", &p, 1, words, &a, NULL, NULL, 0, &err), -1);
		CHECK_INT(err.kind, ERROR_CONNECT);
	}
	remote_free(r);
	r = fake_remote_open(&h);
	CHECK_INT(remote_script(r, "test", "main </dev/null", &p, 1, words, NULL, NULL, NULL, 0, &err), 0);
	remote_cancel(r);
	CHECK_INT(remote_script(r, "test", "main </dev/null", &p, 1, words, NULL, NULL, NULL, 0, &err), -1);
	CHECK_INT(err.kind, ERROR_CANCELLED);
	remote_free(r);
	CHECK_INT(atomic_load(&h.calls), 5);
	CHECK_INT(atomic_load(&h.opens), 2);
	CHECK_INT(atomic_load(&h.frees), 2);
}

static const struct test tests[] = {
	{ "values survive", values },
	{ "a big value", big_value },
	{ "failures", failures },
	{ "a text that is cut", cut },
	{ "local: exec", local_exec },
	{ "local: cancel", local_cancel },
	{ "a fake host", fake },
};
TEST_MAIN(tests)
