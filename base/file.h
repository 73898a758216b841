/* Files of this machine. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

struct error;
struct str;

/*
 * Reads a whole file into out. More than max bytes is an error; out is unchanged then. Follows symlinks; directories,
 * devices and FIFOs are refused.
 */
int file_read(const char *path, size_t max, struct str *out, struct error *err);
/*
 * Replaces path by data: temporary file beside it (O_EXCL, mode from the start), fsync, rename, fsync of the
 * directory. Nothing half written is ever seen. An existing symlink at path is replaced by a file.
 */
int file_write(const char *path, const void *data, size_t len, mode_t mode, struct error *err);
/* Like file_write but refuses to replace an existing file (EEXIST): for CA keys. */
int file_create(const char *path, const void *data, size_t len, mode_t mode, struct error *err);
/*
 * The same for what comes in pieces. file_begin makes the temporary file and returns its descriptor, *tmp is its name;
 * write to it with file_add. file_end puts it in place of path, which must not exist yet, file_replace also of a file
 * that does; file_drop takes it away again. They close fd and free tmp.
 */
int file_begin(const char *path, mode_t mode, char **tmp, struct error *err);
int file_add(int fd, const char *path, const void *data, size_t len, struct error *err);
int file_end(int fd, char *tmp, const char *path, struct error *err);
int file_replace(int fd, char *tmp, const char *path, struct error *err);
void file_drop(int fd, char *tmp);
/* Has the folder that path is in written to disk: a rename in it, or a link, survives a power failure then. */
void file_sync_dir(const char *path);
/* Takes away what file_begin left in the folder when its process died: temporary files that no process holds. */
void file_sweep(const char *dir);
/* mkdir -p; directories that it makes get mode. */
int file_mkdirs(const char *path, mode_t mode, struct error *err);
/* Leading "~/" becomes $HOME; relative paths are taken from dir (NULL: left alone). The caller frees. */
char *file_expand(const char *path, const char *dir);

#endif
