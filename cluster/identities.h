/*
 * Who has which machine-id, product_uuid, host name and MAC address: duplicates are found without comparing each host
 * with all others.
 */
#ifndef CLUSTER_IDENTITIES_H
#define CLUSTER_IDENTITIES_H

#include <stddef.h>
#include <stdint.h>

struct cluster_host;

struct identities {
	struct identity {
		uint64_t hash; /* of kind and value */
		int host;
	} *list; /* sorted */
	size_t count, size;
};
/* Adds those of one host; to be done again when its facts are new: what it no longer has is passed over. */
void identities_add(struct identities *all, const struct cluster_host *h, int host);
/* The first host but this one with the same value of the fact word, or -1. */
int identities_other(const struct identities *all, const struct cluster_host *hosts, int host, const char *word);
/* The same for a MAC address of this host's; mac: it, for messages. Not those of cards that software makes. */
int identities_other_mac(const struct identities *all, const struct cluster_host *hosts, int host, char mac[18]);
void identities_release(struct identities *all);

#endif
