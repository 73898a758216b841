/*
 * The record of the client certificates that this machine gave out: as they cannot be revoked, at least it is known
 * which ones there are. A file of JSON lines, one a certificate, with nothing secret in it.
 */
#ifndef PKI_GIVEN_H
#define PKI_GIVEN_H

#include "pki/pki.h"

#define PKI_GIVEN_GROUPS 8
#define PKI_GIVEN_STDOUT "stdout"
/* What the record may grow to; when it is full, certificates that have expired are dropped from it. */
#define PKI_GIVEN_MAX (1u << 20)

/* Texts are one line each, and safe for a terminal. */
struct pki_given {
	char serial[65], sha256[65]; /* hex; the second is of the DER certificate, "": not known */
	char user[128];
	char groups[PKI_GIVEN_GROUPS][128];
	size_t group_count;
	int64_t not_before, not_after, made; /* seconds since 1970; made 0: not known */
	char to[1024];                       /* where it was written: an absolute path, or "stdout" */
};
/* Describes the certificate in a kubeconfig that was made just now; to may be relative to the working directory. */
int pki_given_fill(const char *kubeconfig, const char *to, struct pki_given *out, struct error *err);
/*
 * Adds it to the record, which is on the disk then; its folder is made when it is missing. Processes may do so at
 * once; one that finds the record locked for seconds gives up.
 */
int pki_given_add(const char *path, const struct pki_given *g, struct error *err);
/* Takes it out again, as it was not given out after all. */
int pki_given_drop(const char *path, const char *serial, struct error *err);
/*
 * All of them, in the order of the record; the caller frees *out. A missing record has none. *damaged: how many lines
 * cannot be understood, and are left out.
 */
int pki_given_read(const char *path, struct pki_given **out, size_t *count, size_t *damaged, struct error *err);

#endif
