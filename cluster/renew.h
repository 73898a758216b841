/* Which certificates of a host a renewal makes again, and who restarts for them. Pure. */
#ifndef CLUSTER_RENEW_H
#define CLUSTER_RENEW_H

#include "cluster/certs.h"
#include "pki/pki.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

/* In this order over the whole cluster: nothing of a later one works while an earlier one has expired. */
enum renew_stage { RENEW_ETCD, RENEW_SERVERS, RENEW_KUBELET };
struct renew_kind {
	/* as kubeadm calls it: "apiserver", "etcd-peer", "admin.conf"; "kubelet", "kubelet-serving" */
	const char *name;
	const char *path;
	enum pki_issuer issuer;
	enum renew_stage stage;
	bool optional; /* a host may do without */
};
#define RENEW_KINDS (PKI_OWN + 2)
extern const struct renew_kind renew_kinds[RENEW_KINDS];
/* Whether a kubelet cannot start without it; the other one it shows at its port, if the cluster signs that. */
bool renew_is_kubelet(const struct renew_kind *k);
/* By its name, its path, or its path below /etc/kubernetes or /etc/kubernetes/pki; NULL: there is none. */
const struct renew_kind *renew_kind_find(const char *word);
/* All names, with commas between, appended. */
void renew_names(struct str *out);

/* Those who may have to restart, as bits. */
enum renew_reader {
	RENEW_READER_ETCD = 1,
	RENEW_READER_API = 2,
	RENEW_READER_MANAGER = 4,
	RENEW_READER_SCHEDULER = 8,
	RENEW_READER_KUBELET = 16,
};
/* Their names, with sep between, appended. */
void renew_reader_names(unsigned readers, const char *sep, struct str *out);
/* The bits of names with blanks between; what is none of them does not count. */
unsigned renew_readers_of(const char *names);

/* What the operator asked for. */
struct renew_wish {
	unsigned kinds; /* bits by place in renew_kinds; 0: all of them */
	int days;       /* only with fewer days left; 0: however many */
	bool kubelets;  /* no control plane can sign for them, so that they cannot renew their own */
	/* instead of both: this CA is rotated, and what it has not signed that signs now is due */
	bool rotates;
	enum pki_issuer issuer;
	/*
	 * … and the run has the key store take the phase after `from` before any host follows; forced: although that
	 * would break something
	 */
	bool turns, forced;
	enum pki_phase from;
};
enum renew_verdict {
	RENEW_LEFT, /* not asked for, or good for long enough */
	RENEW_NEW,  /* just made: by a run that was interrupted, or a moment ago */
	RENEW_DUE,
	RENEW_REFUSED, /* it cannot be made again: why */
};
struct renew_item {
	const struct renew_kind *kind;
	const struct certs_file *file; /* that it is made again from; NULL: there is none */
	enum renew_verdict verdict;
	bool expired;
	char why[200];
};
struct renew_host {
	struct renew_item items[RENEW_KINDS];
	size_t count;
	/* of what is due, or was interrupted: who does not take it up without a restart */
	unsigned restarts;
	/*
	 * of the file of a CA that is rotated, and of its key beside it: NEW, when this run has placed it; why, if
	 * REFUSED
	 */
	enum renew_verdict trust;
	char trust_why[120];
	bool ahead; /* it is further than the key store, which is an earlier copy: trust is REFUSED */
};
/* In which stage such a file is placed on a control plane, or a worker. */
enum renew_stage renew_trust_stage(enum pki_issuer issuer, bool worker);
/* How long after it was made a certificate is a new one. */
#define RENEW_NEW_S 3600
/*
 * What becomes of each certificate of a host. By itself a kubelet renews its own, unless wish->kubelets says that it
 * cannot: that one is due only when it has expired, was not renewed in time, or is named. A reader that would take
 * another certificate up by itself restarts all the same when the earlier one has expired: connections that it has
 * given up begin again.
 */
void renew_decide(const struct certs_host *h, bool worker, const struct pki_store *store, const struct renew_wish *wish,
	int64_t now_s, struct renew_host *out);
/* How many have that verdict; stages: bits 1 << stage. */
unsigned renew_count(const struct renew_host *h, enum renew_verdict verdict, unsigned stages);
#define RENEW_STAGES (1u << RENEW_ETCD | 1u << RENEW_SERVERS | 1u << RENEW_KUBELET)
/* Whether one has expired without which a control plane's API server cannot answer, however long it is waited for. */
bool renew_api_expired(const struct certs_host *h, int64_t now_s);
/* Whether a host's kubelet can start with the certificate that it has, or gets. */
bool renew_kubelet_starts(const struct renew_host *h);

#endif
