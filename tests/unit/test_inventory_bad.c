/* Every tests/unit/inventory/CLASS-NAME.yaml is refused with exactly the text of CLASS-NAME.err. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <dirent.h>

#define FOLDER "tests/unit/inventory/"

static int only_yaml(const struct dirent *d)
{
	return str_ends(d->d_name, ".yaml");
}

static void compare(const char *name)
{
	struct inventory_problems problems;
	struct str got = STR_INIT, want = STR_INIT;
	struct error err = { 0 };
	struct inventory *inv;
	char path[512];

	snprintf(path, sizeof(path), FOLDER "%.*s.err", (int)strlen(name) - 5, name);
	if (!CHECK(file_read(path, 1 << 16, &want, &err) == 0))
		printf("# %s\n", err.what);
	snprintf(path, sizeof(path), FOLDER "%s", name);
	inv = inventory_load(path, NULL, 0, &problems, &err);
	CHECK(inv == NULL && err.kind == ERROR_INVENTORY);
	inventory_problems_format(&problems, name, &got);
	if (strcmp(got.buf, want.buf) != 0) {
		CHECK(!"the expected text");
		printf("# %s: got\n%s# want\n%s", name, got.buf, want.buf);
	}
	/* the corpus' own secret */
	CHECK(strstr(got.buf, "hunter2") == NULL && strstr(err.detail, "hunter2") == NULL);
	inventory_free(inv);
	str_release(&got);
	str_release(&want);
}

static void test_corpus(void)
{
	struct dirent **list;
	int count = scandir(FOLDER, &list, only_yaml, alphasort), classes = 0;
	char class[64] = "";

	for (int i = 0; i < count; i++) {
		const char *name = list[i]->d_name;
		size_t n = strcspn(name, "-");

		CHECK(n < sizeof(class) && name[n] == '-');
		if (strncmp(class, name, n + 1) != 0) {
			snprintf(class, sizeof(class), "%.*s-", (int)n, name);
			classes++;
		}
		compare(name);
		free(list[i]);
	}
	free(list);
	CHECK(count >= 60);
	CHECK(classes >= 20);
	printf("# %d bad inventories of %d classes\n", count, classes);
}

static const struct test tests[] = {
	{ "corpus", test_corpus },
};
TEST_MAIN(tests)
