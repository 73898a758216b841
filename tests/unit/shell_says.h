/* What a command of sh prints. */
#ifndef TESTS_UNIT_SHELL_SAYS_H
#define TESTS_UNIT_SHELL_SAYS_H

#include "base/str.h"

#include <stdio.h>

/* Lent until the next call. */
static inline const char *shell_says(const char *command)
{
	static struct str out;
	FILE *f = popen(command, "r");
	char buf[4096];
	size_t n;

	str_release(&out);
	str_init(&out);
	while (f && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_addn(&out, buf, n);
	if (f)
		pclose(f);
	return out.buf;
}

#endif
