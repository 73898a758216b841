/*
 * HTTPS from this process: the Kubernetes API, etcd's JSON gateway, downloads with a digest. One client per thread.
 * libcurl lives here; certificates come as PEM text from pki.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct json;

void net_init(void); /* once, before threads */
const char *net_library(void); /* "libcurl/7.88.1 …" */

struct net_identity {
	const char *ca_pem;            /* the only CA trusted */
	const char *cert_pem, *key_pem; /* NULL: anonymous */
};
struct net_client;
/*
 * base: "https://10.0.0.100:6443" (no path); the certificate is checked against this host. fd >= 0: speak over this
 * connected stream socket (a tunnel) instead of dialling; it stays the caller's and open as long as the client; a
 * second connection over it is an error. fd -1: dial base directly, never through a proxy of the environment.
 * connect_to: dial this "host:port" instead, still verifying base's name; NULL: base's own.
 */
struct net_client *net_client_new(const char *base, const struct net_identity *id, int fd, const char *connect_to);
void net_client_free(struct net_client *c);
/*
 * From now on may is called, on the client's thread, right before each request that may change something: all but GET
 * and those of etcd's gateway that only read. When it returns -1, the request is not made and fails with its error.
 */
void net_client_guard(struct net_client *c, int (*may)(void *ctx, struct error *err), void *ctx);

struct net_request {
	const char *method;       /* GET POST PUT PATCH DELETE; NULL: GET */
	const char *path;         /* with query */
	const char *content_type; /* of the body; NULL: application/json */
	const char *accept;       /* of the answer; NULL: application/json, or whatever there is */
	const char *body;         /* NULL: none */
	int64_t timeout_ms;       /* 0: 15 s */
	size_t max;               /* of the answer; 0: 32 MiB */
};
struct net_response {
	long status;
	struct str body;
};
/* 0 with any HTTP status; -1 ERROR_NET when there was none (refused, certificate, time-out: the text says which). */
int net_do(struct net_client *c, const struct net_request *q, struct net_response *r, struct error *err);
/*
 * The same, expecting 2xx and JSON: returns the document (caller frees). Another status is ERROR_NET with the Status
 * object's message; *status is set when not NULL. body may be NULL: content_type is what is accepted then. Strings of
 * the document are safe for a terminal.
 */
struct json *net_json(struct net_client *c, const char *method, const char *path, const char *content_type,
	const struct json *body, long *status, struct error *err);

/* Asked several times a second whether a download is to end: ERROR_CANCELLED then. */
struct net_stop {
	bool (*wanted)(void *ctx);
	void *ctx;
};
/*
 * Downloads url (https, or http when sha256 is given) to memory, at most max bytes and ten minutes, and no slower than
 * 4 KiB a second. stop: NULL, or who may end it. sha256 NULL: not checked. The environment's proxies, CURL_CA_BUNDLE
 * and SSL_CERT_FILE apply.
 */
int net_download(const char *url, const char *sha256, size_t max, const struct net_stop *stop, struct str *out,
	struct error *err);
/*
 * The same for an index that only says what there is to have: https or plain http, as the mirror's URL has it, without
 * a digest. What it names is verified where it is installed (apt, by the repository's signature).
 */
int net_fetch_index(const char *url, size_t max, const struct net_stop *stop, struct str *out, struct error *err);

/* ---- etcd's JSON gateway (v3; seen with 3.4 to 3.6) -------------------------------------------------------------- */
struct net_etcd_member {
	char id[24];       /* decimal, as the gateway prints it */
	char name[64];     /* "" until started */
	char peer_url[128];
	char client_url[128];
	bool learner;
};
/* The members as the connected one knows them, linearizable where the server can. Their count, at most max, or -1. */
int net_etcd_members(struct net_client *c, struct net_etcd_member *list, size_t max, struct error *err);
/* The same as this member knows it, also while the quorum is lost. */
int net_etcd_members_known(struct net_client *c, struct net_etcd_member *list, size_t max, struct error *err);
struct net_etcd_status {
	char member_id[24], leader_id[24], version[32];
	int64_t db_size, raft_index, raft_applied;
	int64_t db_in_use; /* of db_size, after compaction; 0: it does not say (before 3.4) */
	int64_t db_quota;  /* bytes that db_size may grow to; 0: it does not say (before 3.6) */
	bool learner;
};
/* Of the connected member itself, also while the quorum is lost. ERROR_PROTOCOL: it does not say who it is. */
int net_etcd_status(struct net_client *c, struct net_etcd_status *s, struct error *err);
struct net_etcd_alarm {
	char member_id[24], name[24]; /* "NOSPACE", "CORRUPT" */
};
/* Alarms that are raised, of all members. Their count, at most max, or -1. Needs a quorum. */
int net_etcd_alarms(struct net_client *c, struct net_etcd_alarm *list, size_t max, struct error *err);
/* The same of answers that came another way, and are freed; of alarms there may be none. */
int net_etcd_take_members(struct json *answer, struct net_etcd_member *list, size_t max, struct error *err);
int net_etcd_take_status(struct json *answer, struct net_etcd_status *s, struct error *err);
int net_etcd_take_alarms(struct json *answer, struct net_etcd_alarm *list, size_t max);
/* Takes one alarm away, of this member and kind and no other. Needs a quorum. */
int net_etcd_disarm(struct net_client *c, const struct net_etcd_alarm *alarm, struct error *err);
struct net_etcd_read {
	char cluster_id[24];
	int64_t revision; /* of the data: it never falls */
};
/*
 * A read through the connected member that all have to agree to: it answers only with a quorum, and not while it is
 * defragmented, unlike its status.
 */
int net_etcd_read(struct net_client *c, struct net_etcd_read *out, struct error *err);
/*
 * Calls fn for each key that begins with prefix, in their order, and with the first bytes of its value, in base64 (a
 * multiple of four characters, at most 96). -1 of fn, with its error, ends it. The values are wiped here.
 */
typedef int net_etcd_value_fn(const char *key, const char *value, void *ctx, struct error *err);
int net_etcd_values(struct net_client *c, const char *prefix, net_etcd_value_fn *fn, void *ctx, struct error *err);
/*
 * The connected member writes its database again, without what is no longer in use, and returns the room to the disk.
 * Until then it answers nobody, and ends it also when the answer is not awaited. timeout_ms: of the whole.
 */
int net_etcd_defragment(struct net_client *c, int64_t timeout_ms, struct error *err);
/* id as in struct net_etcd_member. Needs a quorum, which may be lost by it: quorum_without asks that beforehand. */
int net_etcd_member_remove(struct net_client *c, const char *id, struct error *err);

struct net_snapshot {
	int64_t size;     /* of the file */
	char sha256[65];  /* of the whole file */
};
/*
 * A snapshot of the connected member's data into path (0600, which must not exist yet), as etcdctl saves one: the
 * database, then the SHA-256 of it. It is decoded as it comes, in bounded memory, and stands at path only when it is
 * whole: nothing remaining, the digest right, no larger than the member's own database and what that may have grown by.
 * Refused beforehand where the disk has no room for it. Works without a quorum.
 */
int net_etcd_snapshot(struct net_client *c, const char *path, struct net_snapshot *out, struct error *err);
/* Whether the file at path is such a snapshot, whole. */
int net_snapshot_check(const char *path, struct net_snapshot *out, struct error *err);

#endif
