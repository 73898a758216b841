/* tar (POSIX.1-1988, ustar) in gzip, written as it is made; the only place that knows zlib. */
#include "base/archive.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define BLOCK 512
#define OUT_SIZE (64u << 10)

struct archive {
	const char *path, *folder;
	char *tmp;
	int fd;
	int64_t time_s;
	z_stream z;
	unsigned char out[OUT_SIZE];
};

/* Where the fields of a header are. */
enum {
	AT_NAME = 0,
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_TIME = 136,
	AT_SUM = 148,
	AT_TYPE = 156,
	AT_MAGIC = 257,
	AT_PREFIX = 345,
	NAME_MAX_BYTES = 100,
	PREFIX_MAX_BYTES = 155,
};

/* Writes what zlib has made; flush Z_FINISH: until there is no more. */
static int press(struct archive *a, const void *data, size_t len, int flush, struct error *err)
{
	int rc = Z_OK;

	/* zlib reads it, and its own type does not say so */
	a->z.next_in = (Bytef *)(uintptr_t)data;
	a->z.avail_in = (uInt)len;
	do {
		a->z.next_out = a->out;
		a->z.avail_out = OUT_SIZE;
		rc = deflate(&a->z, flush);
		if (rc == Z_STREAM_ERROR)
			return error_set(err, ERROR_INTERNAL, "cannot compress '%s'", a->path);
		if (file_add(a->fd, a->path, a->out, OUT_SIZE - a->z.avail_out, err))
			return -1;
	} while (a->z.avail_out == 0);
	return 0;
}

struct archive *archive_begin(const char *path, const char *folder, int64_t wall_ms, struct error *err)
{
	struct archive *a = xcalloc(1, sizeof(*a));
	struct stat st;

	a->path = path;
	a->folder = folder;
	a->time_s = wall_ms / 1000;
	if (lstat(path, &st) == 0) {
		error_set(err, ERROR_SYSTEM, "cannot write '%s': it exists already", path);
		error_hint(err, "name another file");
		free(a);
		return NULL;
	}
	a->fd = file_begin(path, 0600, &a->tmp, err);
	if (a->fd < 0) {
		error_hint(err, "name a file in a folder that you may write to");
		free(a);
		return NULL;
	}
	/* 16: with a header of gzip */
	if (deflateInit2(&a->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		die_oom();
	return a;
}

static void put_octal(unsigned char *field, int digits, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*llo", digits, (unsigned long long)value);
	memcpy(field, text, (size_t)digits + 1);
}

static void make_header(const struct archive *a, const char *name, size_t len, unsigned char block[BLOCK])
{
	unsigned sum = 0;

	memset(block, 0, BLOCK);
	memcpy(block + AT_NAME, name, strlen(name));
	memcpy(block + AT_PREFIX, a->folder, strlen(a->folder));
	put_octal(block + AT_MODE, 7, 0600);
	put_octal(block + AT_UID, 7, 0);
	put_octal(block + AT_GID, 7, 0);
	put_octal(block + AT_SIZE, 11, (int64_t)len);
	put_octal(block + AT_TIME, 11, a->time_s > 0 ? a->time_s : 0);
	block[AT_TYPE] = '0';
	memcpy(block + AT_MAGIC, "ustar\00000", 8);
	/* of the header with blanks in the place of the sum itself */
	memset(block + AT_SUM, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += block[i];
	put_octal(block + AT_SUM, 6, sum);
	block[AT_SUM + 7] = ' ';
}

int archive_add(struct archive *a, const char *name, const char *text, size_t len, struct error *err)
{
	static const unsigned char zeros[BLOCK];
	unsigned char block[BLOCK];

	if (strlen(name) > NAME_MAX_BYTES || strlen(a->folder) > PREFIX_MAX_BYTES)
		return error_set(err, ERROR_INTERNAL, "'%s/%s' is too long a name for '%s'", a->folder, name, a->path);
	make_header(a, name, len, block);
	if (press(a, block, BLOCK, Z_NO_FLUSH, err) || press(a, text, len, Z_NO_FLUSH, err))
		return -1;
	return press(a, zeros, (BLOCK - len % BLOCK) % BLOCK, Z_NO_FLUSH, err);
}

int archive_end(struct archive *a, int64_t *size, struct error *err)
{
	static const unsigned char zeros[2 * BLOCK];
	int rc = press(a, zeros, sizeof(zeros), Z_FINISH, err);

	if (rc) {
		archive_drop(a);
		return -1;
	}
	if (size)
		*size = (int64_t)a->z.total_out;
	deflateEnd(&a->z);
	rc = file_end(a->fd, a->tmp, a->path, err);
	free(a);
	return rc;
}

void archive_drop(struct archive *a)
{
	if (!a)
		return;
	deflateEnd(&a->z);
	file_drop(a->fd, a->tmp);
	free(a);
}
