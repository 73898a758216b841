/* Internal to hardware*.c. */
#ifndef CLUSTER_HARDWARE_PRIVATE_H
#define CLUSTER_HARDWARE_PRIVATE_H

#include "cluster/smbios.h"
#include "cluster/tree.h"

struct json;
struct remote_answer;

struct hardware_seen {
	const struct remote_answer *said;
	struct tree sys, proc, udev, links, asked;
	struct smbios smbios;
};

/* Sets a member to a text, or to null when there is none. */
void hardware_text(struct json *o, const char *key, const char *text);
/* Sets a member to the number in a file below /sys, or to null. */
void hardware_number(const struct hardware_seen *s, struct json *o, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The NUMA node of a device; null where the kernel knows none. */
void hardware_node(const struct hardware_seen *s, struct json *o, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The last part of where a link leads; NULL: there is none. Lent. */
const char *hardware_link(const struct hardware_seen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The PCI address in where a link below /sys leads, the last one of them; "" when there is none. */
#define HARDWARE_PCI 16
void hardware_pci(const struct hardware_seen *s, const char *link, char out[HARDWARE_PCI]);

/* Lists of the map, as hardware_map has them. The caller frees. */
struct json *hardware_disks(const struct hardware_seen *s);
struct json *hardware_nics(const struct hardware_seen *s);
struct json *hardware_bonds(const struct hardware_seen *s);
struct json *hardware_bridges(const struct hardware_seen *s);
struct json *hardware_vlans(const struct hardware_seen *s);
struct json *hardware_infiniband(const struct hardware_seen *s);
struct json *hardware_accelerators(const struct hardware_seen *s);
struct json *hardware_pcie_errors(const struct hardware_seen *s);

/* "252 GiB". */
void hardware_binary(int64_t bytes, char out[32]);
/* Calls fn for a device of this list of the map, as hardware_lines does. */
void hardware_device_line(
	const char *list, const struct json *o, void (*fn)(const char *label, const char *text, void *ctx), void *ctx);

struct hardware_device {
	int64_t node;          /* -1: none is known */
	const struct json *is; /* lent by the map */
	const char *list, *key; /* where it is in the map; the member that names it */
	size_t at;
	bool taken;
};
struct hardware_near {
	struct hardware_device *list; /* by node, and in the order of the map; the caller frees */
	size_t count;
};
/* The devices of a map by their NUMA nodes: those of each node are found without a search through all. */
void hardware_near_read(const struct json *map, struct hardware_near *out);
/* Those of a node, lent; *count 0: there are none, or they were taken before. */
const struct hardware_device *hardware_near_take(struct hardware_near *n, int64_t node, size_t *count);

#endif
