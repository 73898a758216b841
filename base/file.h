/* Files of this machine. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

struct error;
struct str;

/* Reads a whole file into out. More than max bytes is an error; out is unchanged then. Follows symlinks; directories, devices and FIFOs are refused. */
int file_read(const char *path, size_t max, struct str *out, struct error *err);
/*
 * Replaces path by data: temporary file beside it (O_EXCL, mode from the start), fsync, rename, fsync of the
 * directory. Nothing half written is ever seen. An existing symlink at path is replaced by a file.
 */
int file_write(const char *path, const void *data, size_t len, mode_t mode, struct error *err);
/* Like file_write but refuses to replace an existing file (EEXIST): for CA keys. */
int file_create(const char *path, const void *data, size_t len, mode_t mode, struct error *err);
/* mkdir -p; directories that it makes get mode. */
int file_mkdirs(const char *path, mode_t mode, struct error *err);
/* Leading "~/" becomes $HOME; relative paths are taken from dir (NULL: left alone). The caller frees. */
char *file_expand(const char *path, const char *dir);

#endif
