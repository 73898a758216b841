/* The lint of headers finds what it is there for, and nothing else. */
#include "base/file.h"
#include "base/str.h"
#include "tests/test.h"

static char header[] = "/tmp/kubewright-lint.XXXXXX";

/* What the lint says of a header with this text, without the file's name, lent; *fails: that it must be mended. */
static const char *lint(const char *text, bool *fails)
{
	static char said[1024];
	char command[sizeof(header) + 64];
	size_t n = 0, skip = strlen(header) + 1;
	char line[512];
	FILE *f;

	CHECK_INT(file_write(header, text, strlen(text), 0600, NULL), 0);
	snprintf(command, sizeof(command), "tests/lint/headers %s", header);
	f = popen(command, "r");
	if (!CHECK(f != NULL))
		exit(1);
	said[0] = '\0';
	while (fgets(line, sizeof(line), f))
		n += (size_t)snprintf(said + n, sizeof(said) - n, "%s", strlen(line) > skip ? line + skip : line);
	*fails = pclose(f) != 0;
	return said;
}

static void good(const char *text)
{
	bool fails;

	CHECK_STR(lint(text, &fails), "");
	CHECK(!fails);
}

static void bad(const char *text, const char *want)
{
	bool fails;

	CHECK_STR(lint(text, &fails), want);
	CHECK(fails);
}

static void test_said(void)
{
	good("/* What it does. */\nint a(void);\n");
	good("int a(void); /* what it does */\n");
	good("/* Both. */\nint a(void);\nint b(void);\n");
	good("/*\n * Both,\n * at length.\n */\nint a(void);\nint b(int c,\n\tint d);\n");
	good("void a_free(struct a *a);\nvoid a_release(struct a *a);\n");
	good("struct a {\n\tint (*fn)(void);\n};\n#define A(x) \\\n\tb((x));\n#define B(x) c((x));\n");
}

static void test_bare(void)
{
	bad("int a(void);\n", "1: a prototype without a comment: int a(void);\n");
	bad("/* Of a alone. */\nint a(void);\n\nint b(void);\n", "4: a prototype without a comment: int b(void);\n");
	bad("int a(void); /* of a alone */\nint b(void);\n", "2: a prototype without a comment: int b(void);\n");
	bad("/* ---- a.c ---- */\nint a(void);\n", "2: a prototype without a comment: int a(void);\n");
	bad("/* A type. */\nstruct a {\n\tint b;\n};\nint a(void);\n",
		"5: a prototype without a comment: int a(void);\n");
	bad("int a(int b,\n\tint c);\n", "2: a prototype without a comment: \tint c);\n");
	bad("#define A(x) \\\n\tb(x)\nint a(void);\n", "3: a prototype without a comment: int a(void);\n");
}

static void test_width(void)
{
	struct str text = STR_INIT;

	/* 112 characters of two bytes each, and a tab */
	for (int i = 0; i < 112; i++)
		str_add(&text, "ä");
	str_add(&text, "\t\n");
	good(text.buf);
	str_truncate(&text, text.len - 1);
	str_add(&text, "x\n");
	bad(text.buf, "1: 121 columns, more than 120\n");
	str_release(&text);
}

static const struct test tests[] = {
	{ "a word for each prototype, behind it or over its group", test_said },
	{ "a prototype without one is reported", test_bare },
	{ "lines have 120 columns, of characters and tabs", test_width },
};

int main(int argc, char **argv)
{
	int fd = mkstemp(header), rc;

	if (fd < 0)
		return 1;
	close(fd);
	rc = test_main(tests, sizeof(tests) / sizeof(tests)[0], argc, argv);
	unlink(header);
	return rc;
}
