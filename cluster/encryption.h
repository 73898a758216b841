/*
 * How Secrets lie in etcd: which providers the API servers read an EncryptionConfiguration with, and in which steps
 * that changes while several of them write. The first one writes, all of them read. Pure.
 */
#ifndef CLUSTER_ENCRYPTION_H
#define CLUSTER_ENCRYPTION_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct pki_store;
struct str;

#define ENCRYPTION_MOST 4
/* Of a provider that writes them as they are. */
#define ENCRYPTION_IDENTITY "identity"
/* Ids of keys (pki.h), or ENCRYPTION_IDENTITY, in their order; that one alone wants no file. */
struct encryption {
	char by[ENCRYPTION_MOST][13];
	size_t count;
};
/* One that writes and reads by one provider alone. */
void encryption_only(const char *by, struct encryption *out);

/* The file's path, which says what is in it; "": none. */
#define ENCRYPTION_PATH 96
void encryption_path(const struct encryption *e, char out[ENCRYPTION_PATH]);
/* The other way round; false: the path is not one of kubewright's. */
bool encryption_of_path(const char *path, struct encryption *out);
/* The file's text, with keys in it: out is to be wiped. -1: the store does not have one of the keys. */
int encryption_text(const struct encryption *e, const struct pki_store *store, struct str *out, struct error *err);
/* The id of a key that it has, and the store has not; NULL: none. */
const char *encryption_lacks(const struct encryption *e, const struct pki_store *store);
/* What the value of a Secret in etcd begins with when this provider has written it; "": anything else. */
void encryption_prefix(const char *by, char out[64]);

enum encryption_step {
	ENCRYPTION_THERE,    /* by `to` alone */
	ENCRYPTION_CHANGE,   /* all API servers are to get *next; each of them can then read what any of both writes */
	ENCRYPTION_REWRITE,  /* all write by `to`: every Secret is written again, then they are to get *next */
};
/* From what all API servers run with to one provider alone. */
enum encryption_step encryption_step(const struct encryption *now, const char *to, struct encryption *next);

#endif
