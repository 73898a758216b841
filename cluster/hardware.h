/*
 * What a machine is made of, by one answer of steps/host/machine.sh. A map is JSON, the same for programs, tables and
 * comparisons; what is not known is null, or is not there. Pure.
 */
#ifndef CLUSTER_HARDWARE_H
#define CLUSTER_HARDWARE_H

struct json;
struct remote_answer;

/*
 * {"system", "cpu", "memory", "disks", "nics", "bonds", "bridges", "vlans", "infiniband", "accelerators",
 * "temperatures", "pcie-errors"}: texts cleaned, sizes in bytes, speeds in Mbit/s. The caller frees.
 */
struct json *hardware_map(const struct remote_answer *said);

#endif
