/*
 * The certificates that a host, or this machine, has: who reads them, how long they are good, and where control planes
 * differ. Pure.
 */
#ifndef CLUSTER_CERTS_H
#define CLUSTER_CERTS_H

#include "base/alloc.h"
#include "pki/pki.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inventory;
struct remote_answer;

/* Of one host; what is more is counted. */
#define CERTS_FILES 64
#define CERTS_IN_FILE 16

struct certs_reader {
	const char *name; /* NULL: none, nor another after it */
	bool restarts;    /* it takes another certificate up only when it starts */
};
#define CERTS_READERS 3
/* A file that kubewright knows. */
struct certs_kind {
	const char *path;   /* on a host; NULL: on this machine */
	bool worker;        /* of workers; else of all hosts that have no such row */
	struct certs_reader readers[CERTS_READERS];
	bool renewed;       /* its reader renews it by itself, when a tenth of its time and more is left */
	const char *shared; /* its name in pki_shared: it is the same on all hosts that have it; NULL: it need not be */
	const char *until;  /* nobody reads it once this file is there; NULL: that depends on nothing */
};
/* Of this machine: the store's CAs, in the order of enum pki_issuer, and the operator's kubeconfig. */
extern const struct certs_kind certs_store[3], certs_kubeconfig;

struct certs_file {
	const struct certs_kind *kind; /* NULL: none that is known */
	const char *path;
	bool unused;  /* by nobody, because of kind->until */
	bool differs; /* from that of another host: certs_compare */
	struct pki_cert *list;
	size_t count;
	struct pki_public *keys; /* of a file of public keys, instead */
	size_t key_count;
	size_t left_out; /* certificates or keys */
	/* of a certificate that can be made again: its own text, the first of the file; "": none of that is known */
	const char *pem;
	char sum[65];    /* over all that are in the list; "": none can be read */
};
struct certs_host {
	bool looked; /* the host has answered */
	struct certs_file *files;
	size_t count;
	const char *left_out; /* lines: files that were not read; "" */
	size_t more;          /* files of the answer beyond CERTS_FILES */
	/* who has yet to restart because of a renewal that was interrupted, with blanks between; "" */
	const char *restart;
	struct arena arena;
};
/* What a host answered to steps/host/certs.sh. */
void certs_answer(struct certs_host *h, const struct remote_answer *a, bool worker);
/* One file more of this machine. pem: "" when it holds none. */
void certs_add(struct certs_host *h, const struct certs_kind *kind, const char *path, const char *pem, size_t len);
void certs_release(struct certs_host *h);
/* Its file of that name in pki_shared that can be read; NULL: it has none, or h is NULL. */
struct certs_file *certs_shared(const struct certs_host *h, const char *name);
/* Notes in all of them which shared files differ between any two; NULL among them counts for nothing. */
void certs_compare(struct certs_host *const *hosts, size_t count);

enum certs_state {
	CERTS_UNREADABLE,
	CERTS_EXPIRED,
	CERTS_EARLY,  /* it is not valid yet */
	CERTS_CRITICAL,
	CERTS_WARNING,
	CERTS_OK,
	CERTS_UNUSED, /* nobody reads it */
	CERTS_STATES,
};
/* For programs: "ok", "warning", … */
const char *certs_state_name(enum certs_state state);
/* cert: one of the file; NULL: it has none. inv: how many days are few. */
enum certs_state certs_state(
	const struct certs_file *f, const struct pki_cert *cert, const struct inventory *inv, int64_t now_s);
/* Whether who renews it should have done so: less than a tenth of its time is left. */
bool certs_overdue(const struct pki_cert_info *info, int64_t now_s);
/* Whole days until then; negative: it is past. */
int certs_days(int64_t not_after, int64_t now_s);

#endif
