/* Internal to cluster: the parts of the table of signatures, by topic. */
#ifndef CLUSTER_SIGNATURES_PRIVATE_H
#define CLUSTER_SIGNATURES_PRIVATE_H

#include "cluster/signatures.h"

extern const struct signature_table signatures_host;
extern const struct signature_table signatures_runtime;
extern const struct signature_table signatures_etcd;
extern const struct signature_table signatures_cluster;

#endif
