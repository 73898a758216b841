/* Differences of texts, compared with what diff -u says. */
#include "base/alloc.h"
#include "base/diff.h"
#include "base/str.h"
#include "tests/test.h"

static void is(const char *before, const char *after, const char *want)
{
	struct str out = STR_INIT;

	diff_add(&out, "/etc/x", before, after);
	CHECK_STR(out.buf, want);
	str_release(&out);
}

static void test_small(void)
{
	is("a\nb\n", "a\nb\n", "");
	is(NULL, "a\nb\n", "--- /dev/null\n+++ /etc/x\n@@ -0,0 +1,2 @@\n+a\n+b\n");
	is("a\nb\n", "", "--- /etc/x\n+++ /etc/x\n@@ -1,2 +0,0 @@\n-a\n-b\n");
	is("a\nb\nc\n", "a\nx\nc", "--- /etc/x\n+++ /etc/x\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
	is("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "1\nx\n3\n4\n5\n6\n7\n8\n9\n10\n11\n",
		"--- /etc/x\n+++ /etc/x\n@@ -1,5 +1,5 @@\n 1\n-2\n+x\n 3\n 4\n 5\n@@ -9,4 +9,3 @@\n 9\n 10\n 11\n-12\n");
}

/* Random texts of few different lines: patch(1) must make the one into the other. */
static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (CHECK(f)) {
		fputs(text, f);
		fclose(f);
	}
}

static void test_patch(void)
{
	char dir[] = "/tmp/kubewright-diff.XXXXXX", *command;
	unsigned seed = 7;

	if (!CHECK(mkdtemp(dir)))
		return;
	char *old = xasprintf("%s/old", dir), *new = xasprintf("%s/new", dir), *patch = xasprintf("%s/patch", dir);
	for (int round = 0; round < 40; round++) {
		struct str a = STR_INIT, b = STR_INIT, d = STR_INIT;

		for (int i = 0; i < 30; i++) {
			str_addf(&a, "%d\n", rand_r(&seed) % 6);
			str_addf(&b, "%d\n", rand_r(&seed) % 6);
		}
		diff_add(&d, "old", a.buf, b.buf);
		write_file(old, a.buf);
		write_file(new, b.buf);
		write_file(patch, d.buf);
		command = xasprintf("cd %s && patch -s --fuzz=0 old patch && cmp -s old new", dir);
		CHECK_INT(system(command), 0);
		free(command);
		str_release(&a);
		str_release(&b);
		str_release(&d);
	}
	command = xasprintf("rm -rf %s", dir);
	CHECK_INT(system(command), 0);
	free(command);
	free(old);
	free(new);
	free(patch);
}

static void test_huge(void)
{
	struct str a = STR_INIT;

	for (int i = 0; i < 3000; i++)
		str_add(&a, "x\n");
	is(a.buf, "y\n", "/etc/x differs\n");
	str_release(&a);
}

static const struct test tests[] = {
	{ "small texts", test_small },
	{ "patch makes the one of the other", test_patch },
	{ "huge texts", test_huge },
};
TEST_MAIN(tests)
