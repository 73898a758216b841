/*
 * Files of a host as lines "PATH", NUL, "VALUE", newline (steps/host/machine.sh): found by their paths, in any number
 * and of any content. Pure.
 */
#ifndef CLUSTER_TREE_H
#define CLUSTER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree_line {
	const char *path;
	char *value;
};
struct tree {
	char *text;
	struct tree_line *lines; /* by path, and in their order where that is the same */
	size_t count;
};

/* Of an answer, which is copied; NULL: none. Other lines are left out. Released by tree_release. */
void tree_read(struct tree *t, const char *answer, size_t len);
void tree_release(struct tree *t);

/* The first line of a file, its blanks at both ends left out; NULL: there is none, or it is empty. Lent. */
const char *tree_get(const struct tree *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same as a number, also "0x1f" and with another word behind it; false: it is none, or below 0. */
bool tree_number(const struct tree *t, int64_t *out, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* All lines of a file, one after the other. */
void tree_lines(const struct tree *t, const char *path, void (*fn)(const char *line, void *ctx), void *ctx);
#define TREE_NAMES 4096
struct tree_names {
	char **list;
	size_t count;
};
/*
 * The names in a folder ("class/net"), each once, as people count: nvme2 before nvme10. No more than TREE_NAMES. The
 * caller frees them with tree_names_release.
 */
void tree_names(const struct tree *t, const char *folder, struct tree_names *out);
void tree_names_release(struct tree_names *n);

#endif
