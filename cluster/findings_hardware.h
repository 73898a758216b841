/* What is odd about machines: one that is not like those of its make and role, and what is not well by itself. Pure. */
#ifndef CLUSTER_FINDINGS_HARDWARE_H
#define CLUSTER_FINDINGS_HARDWARE_H

#include "cluster/findings.h"

#include <stddef.h>

struct inventory;
struct json;

/*
 * Adds what is seen, with stable names. maps: per host of inv, as hardware_map makes them; NULL: it was not looked at.
 * Hosts of the same vendor, product, processor and role are compared when there are three; what most of them have is
 * what is expected. What is not known is not compared.
 */
void findings_hardware(const struct inventory *inv, struct json *const *maps, struct findings *out);
/* The i-th of all their names; NULL: there is none of that number. */
const char *findings_hardware_name(size_t i);

#endif
