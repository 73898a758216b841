/*
 * libFuzzer: any bytes become an inventory or complaints, never a crash. The first line, when it starts with "#set ",
 * is one --set.
 */
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* Where the text starts after a "#set …" line; set gets a copy of its argument. */
static size_t take_set(const uint8_t *data, size_t size, char **set)
{
	const uint8_t *end = size > 5 && memcmp(data, "#set ", 5) == 0 ? memchr(data, '\n', size) : NULL;

	if (!end)
		return 0;
	*set = strndup((const char *)data + 5, (size_t)(end - data) - 5);
	return (size_t)(end - data) + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inventory_problems problems;
	struct error err = { 0 };
	struct str out = STR_INIT, printable = STR_INIT;
	char *set = NULL;
	size_t start = take_set(data, size, &set);
	const char *const sets[] = { set };
	struct inventory *inv = inventory_parse(
		"fuzz.yaml", (const char *)data + start, size - start, sets, set != NULL, &problems, &err);

	inventory_problems_format(&problems, "fuzz.yaml", &out);
	str_add_printable(&printable, out.buf, out.len);
	if ((inv == NULL) != (err.kind == ERROR_INVENTORY) || (!inv && !problems.count) ||
		strcmp(out.buf, printable.buf) != 0)
		abort();
	if (inv)
		(void)inventory_endpoint(inv);
	inventory_free(inv);
	str_release(&out);
	str_release(&printable);
	free(set);
	return 0;
}
