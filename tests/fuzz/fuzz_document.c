/*
 * Editing of inventories. Lines up to "%%" are changes: "+ADDRESS" adds a host, "-NAME" takes one out, "PATH=VALUE" sets a field. What follows is the document.
 * Properties: a change that is refused changes nothing; one that is taken leaves YAML, and its value can be read again.
 */
#include "base/error.h"
#include "base/str.h"
#include "inventory/document.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define PATH "/nonexistent/x.yaml"

static int set(struct document *d, char *line, struct error *err)
{
	char *equals = strchr(line, '=');
	struct str value = STR_INIT;
	int rc;

	if (!equals)
		return -1;
	*equals = '\0';
	rc = document_set(d, line, equals + 1, err);
	if (rc == 0 && equals[1] && document_get(d, line, &value) != 1)
		fuzz_broken("%s=%s is not there:\n%s", line, equals + 1, document_text(d));
	str_release(&value);
	return rc;
}

static void change(struct document *d, char *line)
{
	char *before = strdup(document_text(d));
	struct error err = { 0 };
	int rc;

	if (*line == '+')
		rc = document_add_host(d, "n1", line + 1, "worker", &err);
	else if (*line == '-')
		rc = document_remove_host(d, line + 1, &err);
	else
		rc = set(d, line, &err);
	if (rc && strcmp(before, document_text(d)) != 0)
		fuzz_broken("'%s' was refused and changed:\n%s", line, document_text(d));
	if (rc == 0) {
		struct document *again = document_parse(PATH, document_text(d), &err);

		if (!again)
			fuzz_broken("after '%s' it is not an inventory: %s\n%s", line, err.what, document_text(d));
		document_free(again);
	}
	free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *all = strndup((const char *)data, size), *end = strstr(all, "\n%%\n"), *save, *line;
	struct error err = { 0 };
	struct document *d = document_parse(PATH, end ? end + 4 : all, &err);

	if (d && end) {
		*end = '\0';
		line = strtok_r(all, "\n", &save);
		for (int i = 0; line && i < 12; i++, line = strtok_r(NULL, "\n", &save))
			change(d, line);
	}
	document_free(d);
	free(all);
	return 0;
}
