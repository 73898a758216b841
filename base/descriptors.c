/* The limit of open files. */
#include "base/descriptors.h"

#include "base/error.h"

#include <stdint.h>
#include <sys/resource.h>

void descriptors_raise(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		/* the limit as it was will do for most */
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

size_t descriptors_allowed(void)
{
	struct rlimit l;

	return getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur == RLIM_INFINITY ? SIZE_MAX : (size_t)l.rlim_cur;
}

size_t descriptors_hosts(void)
{
	size_t allowed = descriptors_allowed();

	return allowed > DESCRIPTORS_RUN ? (allowed - DESCRIPTORS_RUN) / DESCRIPTORS_HOST : 0;
}

int descriptors_enough(size_t hosts, struct error *err)
{
	size_t needed = DESCRIPTORS_RUN + hosts * DESCRIPTORS_HOST, allowed = descriptors_allowed();

	if (hosts <= descriptors_hosts())
		return 0;
	error_set(err, ERROR_SYSTEM, "connections to %zu hosts need %zu open files, and this process may have %zu",
		hosts, needed, allowed);
	return error_hint(err,
		"raise the hard limit ('ulimit -Hn %zu' as root, LimitNOFILE= of a unit), or take fewer hosts at a time with --hosts",
		needed);
}
