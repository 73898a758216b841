/* Strings, quoting, encodings, memory. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdint.h>

static void growing(void)
{
	struct str s = STR_INIT;
	char *p;

	CHECK_STR(s.buf, "");
	str_clear(&s);
	str_release(&s);
	for (int i = 0; i < 1000; i++)
		str_addf(&s, "%d,", i);
	CHECK_INT(s.len, strlen(s.buf));
	CHECK(str_ends(s.buf, ",998,999,"));
	str_truncate(&s, 4);
	CHECK_STR(s.buf, "0,1,");
	str_truncate(&s, 100);
	CHECK_INT(s.len, 4);
	str_addn(&s, "a\0b", 3);
	CHECK_INT(s.len, 7);
	CHECK(memcmp(s.buf, "0,1,a\0b", 8) == 0);
	p = str_detach(&s);
	CHECK_STR(p, "0,1,a");
	free(p);
	CHECK_STR(s.buf, "");
	p = str_detach(&s);
	CHECK_STR(p, "");
	free(p);
	str_add(&s, "secret");
	str_wipe(&s);
	CHECK_STR(s.buf, "");
	CHECK_INT(str_empty[0], 0);
}

static void clear_keeps_memory(void)
{
	struct str s = STR_INIT;

	str_add(&s, "something");
	size_t cap = s.cap;
	str_clear(&s);
	CHECK_STR(s.buf, "");
	CHECK_INT(s.cap, cap);
	str_addc(&s, 'x');
	CHECK_STR(s.buf, "x");
	str_release(&s);
}

static void affixes(void)
{
	CHECK(str_starts("kube-proxy", "kube-"));
	CHECK(str_starts("x", ""));
	CHECK(!str_starts("ku", "kube"));
	CHECK(str_ends("a.yaml", ".yaml"));
	CHECK(str_ends("x", ""));
	CHECK(!str_ends("yaml", "x.yaml"));
	CHECK(!str_ends("a.yaml ", ".yaml"));
}

/* What a real shell makes of a quoted word must be the word. */
static void shell_gives_back(const char *word)
{
	struct str cmd = STR_INIT, got = STR_INIT;
	char buf[4096];
	size_t n;
	FILE *f;

	str_add(&cmd, "printf %s ");
	str_add_quoted(&cmd, word);
	f = popen(cmd.buf, "r");
	if (!CHECK(f != NULL))
		return;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_addn(&got, buf, n);
	CHECK_INT(pclose(f), 0);
	CHECK_STR(got.buf, word);
	str_release(&cmd);
	str_release(&got);
}

static void quoting(void)
{
	static const char *const words[] = {
		"",
		"plain",
		"two words",
		"it's",
		"''",
		"'",
		"\\",
		"\\'",
		"\"$HOME\" `id` $(id)",
		"a\nb\n",
		"*?[a-z]~",
		"-n",
		"%s %d",
		"\x01\x1b[31m\x7f",
		"\xff\xfe\x80",
		"!history",
		"tab\there",
		"; rm -rf /nonexistent",
		"ü日本",
	};
	char all[256];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		shell_gives_back(words[i]);
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	shell_gives_back(all);
}

static void base64_vectors(void)
{
	/* RFC 4648, 10 */
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct str out = STR_INIT, back = STR_INIT;

		str_add_base64(&out, vectors[i][0], strlen(vectors[i][0]));
		CHECK_STR(out.buf, vectors[i][1]);
		CHECK_INT(str_add_unbase64(&back, out.buf, out.len), 0);
		CHECK_STR(back.buf, vectors[i][0]);
		str_release(&out);
		str_release(&back);
	}
}

static void base64_round_trips(void)
{
	unsigned char data[300];
	uint32_t x = 12345;

	for (size_t n = 0; n <= sizeof(data); n++) {
		struct str out = STR_INIT, back = STR_INIT;

		for (size_t i = 0; i < n; i++) {
			x = x * 1664525u + 1013904223u;
			data[i] = (unsigned char)(x >> 24);
		}
		str_add_base64(&out, data, n);
		CHECK_INT(out.len, (n + 2) / 3 * 4);
		CHECK_INT(str_add_unbase64(&back, out.buf, out.len), 0);
		CHECK(back.len == n && memcmp(back.buf, data, n) == 0);
		str_release(&out);
		str_release(&back);
	}
}

static void base64_refused(void)
{
	static const char *const bad[] = {
		"Z",
		"Zg",
		"Zg=",
		"Zg===",
		"====",
		"Z===",
		"=Zg=",
		"Zg==Zg==",
		"Zm9v\n",
		"Zm 9v",
		"Zm9-",
		"Zm9_",
		"Zh==",
		"Zm9=",
		"Zm9v====",
	};
	struct str out = STR_INIT;

	str_add(&out, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!CHECK_INT(str_add_unbase64(&out, bad[i], strlen(bad[i])), -1))
			printf("# for %s\n", bad[i]);
		CHECK_STR(out.buf, "kept");
	}
	CHECK_INT(str_add_unbase64(&out, "Zm\0v", 4), -1);
	/* what is behind the end is not looked at */
	CHECK_INT(str_add_unbase64(&out, "Zm9vYmFy", 6), -1);
	str_release(&out);
}

static void hex(void)
{
	struct str out = STR_INIT;

	str_add_hex(&out, "\x00\x7f\x80\xff\x0a", 5);
	CHECK_STR(out.buf, "007f80ff0a");
	str_release(&out);
}

static void distance(void)
{
	char far[200];

	CHECK_INT(str_distance("", ""), 0);
	CHECK_INT(str_distance("role", "role"), 0);
	CHECK_INT(str_distance("", "abc"), 3);
	CHECK_INT(str_distance("wroker", "worker"), 1);
	CHECK_INT(str_distance("adress", "address"), 1);
	CHECK_INT(str_distance("kitten", "sitting"), 3);
	CHECK_INT(str_distance("aaaaaaaaaaaa", "bbbbbbbbbbbb"), 9);
	memset(far, 'x', sizeof(far) - 1);
	far[sizeof(far) - 1] = '\0';
	CHECK_INT(str_distance(far, "x"), 9);
	CHECK_INT(str_distance(far, far), 0);
}

static void arena(void)
{
	struct arena a = { NULL };
	char *first = arena_printf(&a, "%s-%d", "first", 1);

	for (size_t i = 1; i < 2000; i++) {
		unsigned char *p = arena_alloc(&a, i);

		CHECK((uintptr_t)p % sizeof(max_align_t) % _Alignof(max_align_t) == 0);
		for (size_t k = 0; k < i; k++)
			if (p[k])
				CHECK_INT(p[k], 0);
		memset(p, 0xff, i);
	}
	CHECK_STR(first, "first-1");
	char *big = arena_alloc(&a, 100000);
	memset(big, 1, 100000);
	CHECK_STR(arena_strndup(&a, "abcdef", 3), "abc");
	CHECK_STR(arena_strdup(&a, ""), "");
	CHECK_STR(first, "first-1");
	arena_release(&a);
	CHECK(a.head == NULL);
	arena_release(&a);
}

/* The sanitizers' own allocators end the process where malloc returns NULL: ask them for NULL. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void hook_exits_3(void)
{
	_exit(3);
}

/* Runs fn in a process of its own with stderr closed; its exit status, -1 when it was killed. */
static int status_of(void (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		close(STDERR_FILENO);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static volatile size_t huge = SIZE_MAX / 4;

static void too_many(void)
{
	void *p = xrealloc(NULL, huge, 16);

	free(p);
}

static void arena_too_big(void)
{
	struct arena a = { NULL };

	arena_alloc(&a, huge * 4);
}

static void too_many_with_hook(void)
{
	die_hook(hook_exits_3);
	too_many();
}

static void out_of_memory(void)
{
	CHECK_INT(status_of(too_many), 1);
	CHECK_INT(status_of(arena_too_big), 1);
	CHECK_INT(status_of(too_many_with_hook), 3);
}

static const struct test tests[] = {
	{ "growing", growing },
	{ "clear keeps memory", clear_keeps_memory },
	{ "affixes", affixes },
	{ "quoting against sh", quoting },
	{ "base64 vectors", base64_vectors },
	{ "base64 round trips", base64_round_trips },
	{ "base64 refused", base64_refused },
	{ "hex", hex },
	{ "distance", distance },
	{ "arena", arena },
	{ "out of memory", out_of_memory },
};
TEST_MAIN(tests)
