/* Lines of logs, for the tests of what is known about them. */
#ifndef TESTS_FAKE_LOGS_H
#define TESTS_FAKE_LOGS_H

#include <stddef.h>

struct fake_line {
	const char *signature; /* the only one that it has; NULL: none */
	const char *source, *line;
};
extern const struct fake_line fake_failures[];
extern const size_t fake_failure_count;
extern const struct fake_line fake_innocents[];
extern const size_t fake_innocent_count;

#endif
