#include "base/file.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_AFTER_S 60

int file_read(const char *path, size_t max, struct str *out, struct error *err)
{
	/* without O_NONBLOCK the open of a FIFO waits for ever */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t before = out->len;
	struct stat st;
	char buf[16384];
	ssize_t n;
	int rc = -1;

	if (fd < 0)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		error_set(err, ERROR_SYSTEM, "cannot read '%s': not a regular file", path);
		goto out;
	}
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_errno(err, ERROR_SYSTEM, errno, "cannot read '%s'", path);
			goto out;
		}
		if (out->len - before + (size_t)n > max) {
			error_set(err, ERROR_SYSTEM, "'%s' is larger than %zu bytes", path, max);
			goto out;
		}
		str_addn(out, buf, (size_t)n);
	}
	rc = 0;
out:
	if (rc < 0)
		str_truncate(out, before);
	secret_wipe(buf, sizeof(buf));
	close(fd);
	return rc;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

void file_sync_dir(const char *path)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');
	int fd;

	if (slash)
		*(slash == dir ? slash + 1 : slash) = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		/* not every file system can; the rename stands anyway */
		(void)fsync(fd);
		close(fd);
	}
	free(dir);
}

int file_begin(const char *path, mode_t mode, char **tmp, struct error *err)
{
	char word[9];
	int fd;

	secret_random_word(word, 8);
	*tmp = xasprintf("%s.%s.new", path, word);
	fd = open(*tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0600);
	/* the lock shows file_sweep that somebody is at it; not every file system has locks */
	if (fd >= 0 && fchmod(fd, mode) == 0) {
		(void)flock(fd, LOCK_EX | LOCK_NB);
		return fd;
	}
	error_errno(err, ERROR_SYSTEM, errno, "cannot write '%s'", path);
	if (fd >= 0)
		file_drop(fd, *tmp);
	else
		free(*tmp);
	return -1;
}

static bool is_left(const char *name)
{
	size_t n = strlen(name);

	/* NAME.k3f9x2ab.new */
	return n > 13 && str_ends(name, ".new") && name[n - 13] == '.' &&
	       strspn(name + n - 12, "abcdefghijklmnopqrstuvwxyz0123456789") == 8;
}

void file_sweep(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		int fd = is_left(entry->d_name)
				 ? openat(dirfd(d), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
				 : -1;
		struct stat st;

		if (fd < 0)
			continue;
		/* one that was made a moment ago may not be locked yet */
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && time(NULL) - st.st_mtime > SWEEP_AFTER_S &&
			flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(d), entry->d_name, 0);
		close(fd);
	}
	if (d)
		closedir(d);
}

int file_add(int fd, const char *path, const void *data, size_t len, struct error *err)
{
	return write_all(fd, data, len) ? error_errno(err, ERROR_SYSTEM, errno, "cannot write '%s'", path) : 0;
}

void file_drop(int fd, char *tmp)
{
	close(fd);
	unlink(tmp);
	free(tmp);
}

static int place(int fd, char *tmp, const char *path, bool replace, struct error *err)
{
	int saved = fsync(fd) ? errno : 0;

	if (close(fd) && !saved)
		saved = errno;
	/* link refuses what exists, rename does not */
	if (!saved && (replace ? rename(tmp, path) : link(tmp, path)))
		saved = errno;
	if (saved || !replace)
		unlink(tmp);
	free(tmp);
	if (saved)
		return error_errno(err, ERROR_SYSTEM, saved, "cannot write '%s'", path);
	file_sync_dir(path);
	return 0;
}

int file_end(int fd, char *tmp, const char *path, struct error *err)
{
	return place(fd, tmp, path, false, err);
}

int file_replace(int fd, char *tmp, const char *path, struct error *err)
{
	return place(fd, tmp, path, true, err);
}

static int put(const char *path, const void *data, size_t len, mode_t mode, bool replace, struct error *err)
{
	char *tmp;
	int fd = file_begin(path, mode, &tmp, err);

	if (fd < 0)
		return -1;
	if (file_add(fd, path, data, len, err)) {
		file_drop(fd, tmp);
		return -1;
	}
	return place(fd, tmp, path, replace, err);
}

int file_write(const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
	return put(path, data, len, mode, true, err);
}

int file_create(const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
	return put(path, data, len, mode, false, err);
}

int file_mkdirs(const char *path, mode_t mode, struct error *err)
{
	char *copy = xstrdup(path);
	struct stat st;
	int rc = 0;

	for (char *p = copy[0] ? copy + 1 : copy; rc == 0; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) && (errno != EEXIST || stat(copy, &st) || !S_ISDIR(st.st_mode)))
			rc = error_errno(err, ERROR_SYSTEM, errno == EEXIST ? ENOTDIR : errno,
				"cannot make the folder '%s'", copy);
		*p = c;
		if (c == '\0')
			break;
	}
	free(copy);
	return rc;
}

char *file_expand(const char *path, const char *dir)
{
	const char *home = getenv("HOME");

	if (home && (str_starts(path, "~/") || strcmp(path, "~") == 0))
		return xasprintf("%s%s", home, path + 1);
	if (path[0] != '/' && path[0] != '~' && dir)
		return xasprintf("%s/%s", dir, path);
	return xstrdup(path);
}
