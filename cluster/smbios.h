/* The firmware's table of what is in the machine (SMBIOS, DMTF DSP0134): the memory's slots. Pure. */
#ifndef CLUSTER_SMBIOS_H
#define CLUSTER_SMBIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A memory device, type 17. Texts: "" when the maker has written none; numbers: 0 when it is not known. */
struct smbios_dimm {
	char slot[48], bank[48], maker[48], part[48], serial[48];
	const char *type; /* "DDR5"; "" unknown */
	int64_t bytes;    /* 0: the slot is empty */
	bool unknown;     /* of which size, is not known */
	unsigned rated, speed; /* MT/s */
	bool ecc;
};

#define SMBIOS_DIMMS 1024
struct smbios {
	struct smbios_dimm *dimms;
	size_t count;
	bool managed; /* there is an interface to a BMC (type 38) */
	bool cut;     /* the table ends in the middle of something, or has more devices */
};

/*
 * Reads a table of len bytes (/sys/firmware/dmi/tables/DMI), whatever they are: nothing beyond them is read. Texts
 * are cleaned. Released by smbios_release.
 */
void smbios_read(struct smbios *s, const void *table, size_t len);
void smbios_release(struct smbios *s);

#endif
