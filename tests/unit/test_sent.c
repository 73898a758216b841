/* The scripts as they are sent to a host. */
#include "base/str.h"
#include "steps/steps.h"
#include "tests/test.h"

#include <string.h>

/* A name of ours in the text from p on, which is after its "kw_". */
static size_t name_length(const char *p)
{
	return strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

/* Whether it stands anywhere without a $: set, read, or a loop's. */
static bool is_given(const char *text, const char *name, size_t len)
{
	for (const char *p = text; (p = strstr(p, "kw_")) != NULL; p += 3)
		if (p[-1] != '$' && p[-1] != '{' && 3 + name_length(p + 3) == len && strncmp(p, name, len) == 0)
			return true;
	return false;
}

/* What one script sets and another reads is sent with it: the shell takes what is not set as empty, and says nothing. */
static void test_names_are_given(void)
{
	struct world w = { .wish.texts = true, .wish.health = true };
	struct str text = STR_INIT;
	unsigned count = 0;

	probe_script(&w, &text);
	for (const char *p = text.buf; (p = strstr(p, "kw_")) != NULL; p += 3) {
		size_t len = 3 + name_length(p + 3);

		if (p[-1] != '$' && p[-1] != '{')
			continue;
		count++;
		if (!CHECK(is_given(text.buf, p, len)))
			printf("# %.*s\n", (int)len, p);
	}
	CHECK(count > 100);
	str_release(&text);
}

static const struct test tests[] = {
	{ "what is read is set somewhere in what is sent", test_names_are_given },
};
TEST_MAIN(tests)
