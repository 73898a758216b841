/* The lint of words finds them in texts and comments, over the ends of lines too, and nowhere else. */
#include "base/file.h"
#include "base/str.h"
#include "tests/test.h"

static char folder[] = "/tmp/kubewright-lint.XXXXXX";

/* What the lint says of a file of this name and text is want, without the file's path; it fails when it says anything. */
static void says(const char *name, const char *text, const char *want)
{
	char path[sizeof(folder) + 16], command[sizeof(path) + 32], line[512];
	struct str said = STR_INIT;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	CHECK_INT(file_write(path, text, strlen(text), 0600, NULL), 0);
	snprintf(command, sizeof(command), "tests/lint/words %s", path);
	f = popen(command, "r");
	if (!CHECK(f != NULL))
		exit(1);
	while (fgets(line, sizeof(line), f))
		str_add(&said, strncmp(line, path, strlen(path)) == 0 ? line + strlen(path) + 1 : line);
	CHECK_INT(pclose(f) != 0, *want != '\0');
	CHECK_STR(said.buf, want);
	str_release(&said);
	unlink(path);
}

static void test_c(void)
{
	says("a.c", "/* It starts. */\nconst char *anew = \"it stops\";\n", "");
	says("a.c", "int a; /* Anew, and twice. */\n", "1: \"anew\": again, or re-: redrawn, restarted\n");
	says("a.c", "f(\"it goes \"\n  \"on\");\n", "2: \"goes on\": continue, be under way\n");
	says("a.c", "f(\"it goes\",\n  on, \"on\");\n", "");
	says("a.h", "/*\n * What he\n * has.\n */\nint he;\n",
		"2: \"he\": it, its: of machines; they, their: of people\n");
	says("a.c", "f(\"say \\\"x\\\" /* tell */\", tell); // told\n",
		"1: \"tell\": show, say, report; distinguish\n1: \"told\": show, say, report; distinguish\n");
}

static void test_scripts_and_pages(void)
{
	says("a.sh", "told() { tell \"$1\"; }\n# what it bears\n", "2: \"bears\": allow\n");
	says("a.sh", "fail \"it is no host\"\n", "1: \"is no host\": is not a …\n");
	says("a.md", "The lock is given\nback.\n", "2: \"lock is given back\": the lock is released\n");
}

static void test_allowed(void)
{
	says("a.md", "There is no host, and it is no longer there. See the kubelet's journal.\n", "");
	says("a.md", "There is no host. It is no host. The journal.\n",
		"1: \"is no host\": is not a …\n1: \"journal\": recording\n");
	/* a run's file is a journal in code, and a recording for people */
	says("a.c", "/* The journal. */\n", "");
	says("a.c", "f(\"the journal\");\n", "1: \"journal\": recording\n");
}

static const struct test tests[] = {
	{ "strings and comments of C, and no code", test_c },
	{ "scripts and pages", test_scripts_and_pages },
	{ "what is allowed, and what only texts must not have", test_allowed },
};

int main(int argc, char **argv)
{
	int rc;

	if (!mkdtemp(folder))
		return 1;
	rc = test_main(tests, sizeof(tests) / sizeof(tests)[0], argc, argv);
	rmdir(folder);
	return rc;
}
