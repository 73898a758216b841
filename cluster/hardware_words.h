/* The map of a machine in words, for commands and screens: hardware.h. Pure. */
#ifndef CLUSTER_HARDWARE_WORDS_H
#define CLUSTER_HARDWARE_WORDS_H

#include <stddef.h>

struct json;
struct str;

/*
 * Calls fn for each part: "disk nvme0n1", "3.84 TB, nvme, …". Where a machine has NUMA nodes, what is near which one
 * comes last.
 */
void hardware_lines(
	const struct json *map, void (*fn)(const char *label, const char *text, void *ctx), void *ctx);
/*
 * Calls fn for each line of what is near what: each NUMA node (depth 0) with its processors, memory and devices (depth
 * 1), and last what has no node that is known, and what is made of several cards. What is not known is called unknown.
 */
void hardware_tree(const struct json *map,
	void (*fn)(int depth, const char *label, const char *text, void *ctx), void *ctx);
/*
 * Adds what a table of hosts says of this one in a column (map NULL: nothing). Returns what the column is called; NULL:
 * there is none of that number.
 */
const char *hardware_column(const struct json *map, size_t column, struct str *out);

#endif
