/* Documents made and asked in a word. */
#ifndef TESTS_UNIT_DOCUMENT_TEXT_H
#define TESTS_UNIT_DOCUMENT_TEXT_H

#include "base/error.h"
#include "base/str.h"
#include "inventory/document.h"
#include "tests/test.h"

static inline struct document *parse(const char *text)
{
	struct error err = { 0 };
	struct document *d = document_parse("/nowhere/x.yaml", text, &err);

	if (!CHECK(d != NULL)) {
		printf("# %s\n%s\n", err.what, err.detail);
		exit(1);
	}
	return d;
}

static inline bool set(struct document *d, const char *path, const char *value)
{
	struct error err = { 0 };

	if (document_set(d, path, value, &err) == 0)
		return true;
	printf("# %s=%s: %s\n", path, value ? value : "(null)", err.what);
	return CHECK(err.kind != ERROR_NONE) && false;
}

static inline const char *get(const struct document *d, const char *path)
{
	static struct str s = STR_INIT;

	str_clear(&s);
	return document_get(d, path, &s) ? s.buf : NULL;
}

#endif
