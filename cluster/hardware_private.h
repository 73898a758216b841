/* Internal to hardware*.c. */
#ifndef CLUSTER_HARDWARE_PRIVATE_H
#define CLUSTER_HARDWARE_PRIVATE_H

#include "cluster/smbios.h"
#include "cluster/tree.h"

struct json;
struct remote_answer;

struct hardware_seen {
	const struct remote_answer *said;
	struct tree sys, proc, udev, links;
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

#endif
