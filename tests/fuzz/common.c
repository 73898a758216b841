#include "tests/fuzz/fuzz.h"

#include "base/str.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fuzz_broken(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void fuzz_printable(const char *what, const char *text)
{
	struct str s = STR_INIT;

	str_add_printable(&s, text, strlen(text));
	if (strcmp(s.buf, text) != 0)
		fuzz_broken("%s is not printable: %s", what, text);
	str_release(&s);
}

static char path[64];

static void remove_file(void)
{
	unlink(path);
}

const char *fuzz_file(const void *data, size_t size)
{
	int fd;

	if (!*path) {
		/* in memory: it is written for each input */
		snprintf(path, sizeof(path), "/dev/shm/kubewright-fuzz.XXXXXX");
		fd = mkstemp(path);
		atexit(remove_file);
	} else {
		fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	}
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd))
		fuzz_broken("cannot write %s", path);
	return path;
}
