/* An archive for others: a tar file (POSIX ustar), compressed by gzip, that nobody else can read. */
#ifndef BASE_ARCHIVE_H
#define BASE_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

struct archive;
struct error;

/*
 * Begins the archive that archive_end puts at path, which must not exist; both texts are lent until then. Its members
 * are in the folder and of that time. NULL: err.
 */
struct archive *archive_begin(const char *path, const char *folder, int64_t wall_ms, struct error *err);
/* Adds a file (0600). Names are relative and have up to 100 bytes. -1: the archive is to be dropped. */
int archive_add(struct archive *a, const char *name, const char *text, size_t len, struct error *err);
/* Ends it; nothing is left of it when that fails. Frees a. *size: bytes on disk; may be NULL. */
int archive_end(struct archive *a, int64_t *size, struct error *err);
/* Takes it away again, and frees a. NULL is fine. */
void archive_drop(struct archive *a);

#endif
