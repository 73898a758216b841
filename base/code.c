#include "base/code.h"

#include <string.h>

static const struct {
	const char *name, *fields[CODE_FIELDS];
} codes[] = {
#define ROW(code, name, ...) [code] = { name, { __VA_ARGS__ } },
	[CODE_NONE] = { "", { NULL } }, CODES(ROW)
#undef ROW
};

const char *code_name(enum code code)
{
	return codes[code].name;
}

enum code code_of(const char *name)
{
	for (int i = CODE_NONE + 1; i < CODE_COUNT; i++)
		if (strcmp(codes[i].name, name) == 0)
			return (enum code)i;
	return CODE_NONE;
}

const char *code_field(enum code code, size_t i)
{
	return i < CODE_FIELDS ? codes[code].fields[i] : NULL;
}

const char *code_words(enum code code, const char *text)
{
#ifdef WORDS_ARE_CODES
	return code != CODE_NONE ? codes[code].name : text;
#else
	(void)code;
	return text;
#endif
}
