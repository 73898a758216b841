/*
 * The n-th call that changes the disk fails, or is the last one of its process: these stand before the C library's own.
 */
#ifndef TESTS_UNIT_FAULTS_H
#define TESTS_UNIT_FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum { GOES, FAILS, DIES, LIES /* what is written is not what was to be */ } fault;
static int calls, fatal;

static bool struck(void)
{
	if (fault == GOES || fault == LIES || ++calls != fatal)
		return false;
	if (fault == DIES)
		_exit(77);
	errno = EIO;
	return true;
}

int mkdir(const char *path, mode_t mode)
{
	return struck() ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

ssize_t write(int fd, const void *data, size_t n)
{
	char *copy;
	ssize_t rc;

	if (fault != LIES || n < 2)
		return struck() ? -1 : syscall(SYS_write, fd, data, n);
	copy = malloc(n);
	memcpy(copy, data, n);
	copy[n / 2] ^= 1;
	rc = syscall(SYS_write, fd, copy, n);
	free(copy);
	return rc;
}

int fsync(int fd)
{
	return struck() ? -1 : (int)syscall(SYS_fsync, fd);
}

int link(const char *from, const char *to)
{
	return struck() ? -1 : (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
	return struck() ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int fd, const char *path, int flags)
{
	return struck() ? -1 : (int)syscall(SYS_unlinkat, fd, path, flags);
}

int rmdir(const char *path)
{
	return struck() ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

int rename(const char *from, const char *to)
{
	return struck() ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	return struck() ? -1 : (int)syscall(SYS_renameat2, a, from, b, to, flags);
}

#endif
