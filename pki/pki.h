/*
 * Keys and certificates of a cluster, made here and verified before use, because kubeadm does not
 * (it checks neither SANs nor key match of what it finds at init).
 * The store on disk holds only what cannot be made again: cluster CA, etcd CA, front-proxy CA, service-account key.
 * Leaves and kubeconfigs are made, handed out and forgotten; of kubeconfigs for people given.h keeps a record.
 */
#ifndef PKI_PKI_H
#define PKI_PKI_H

#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct str;

enum pki_key_type { PKI_ECDSA_P256, PKI_RSA_2048, PKI_RSA_3072, PKI_RSA_4096 };
/* By the inventory's word; -1 when unknown. */
int pki_key_type_parse(const char *word);

/* ---- the store --------------------------------------------------------------------------------------------------- */

struct pki_store;
enum pki_store_state { PKI_STORE_NONE, PKI_STORE_PARTIAL, PKI_STORE_COMPLETE };
/* By which of its files are there; they are not read. */
enum pki_store_state pki_store_state(const char *dir);
/* Whether opening needs a passphrase (keys are scrypt-encrypted PKCS#8). */
bool pki_store_encrypted(const char *dir);
/*
 * Makes CAs (10 years, backdated one hour) and sa.key and writes them; an existing file is never replaced. sa_type: RSA
 * where the Kubernetes version demands it. passphrase NULL or none: plain keys, mode 0600. dir is made with mode 0700.
 */
struct pki_store *pki_store_create(const char *dir, enum pki_key_type type, enum pki_key_type sa_type,
	const struct secret *passphrase, struct error *err);
/*
 * Loads and verifies: certificates are CAs, dates, every key matches its certificate, modes are not wider than 0600 for
 * keys. A wrong passphrase, a partial store, an expired CA: ERROR_PKI with a hint.
 */
struct pki_store *pki_store_open(const char *dir, const struct secret *passphrase, struct error *err);
void pki_store_free(struct pki_store *s);

enum pki_pem {
	PKI_CA_CRT,
	PKI_CA_KEY,
	PKI_ETCD_CA_CRT,
	PKI_ETCD_CA_KEY,
	PKI_FRONT_PROXY_CA_CRT,
	PKI_FRONT_PROXY_CA_KEY,
	PKI_SA_KEY,
	PKI_SA_PUB
};
#define PKI_SHARED (PKI_SA_PUB + 1)
/*
 * The files that all control planes have alike, below /etc/kubernetes/pki, by enum pki_pem; the store holds all but the
 * last. The scripts have the names in lib.sh (kw_shared).
 */
extern const struct pki_shared {
	const char *file;
	unsigned mode;
} pki_shared[PKI_SHARED];
/* How many of them those are; the first ones. */
#define PKI_STORED PKI_SA_PUB
/* Whether a file is the private key of a CA. That of service accounts is none: API servers sign with it. */
bool pki_is_ca_key(enum pki_pem which);
/* Writes it as pki_store_create does. */
int pki_store_save(const struct pki_store *s, const char *dir, const struct secret *passphrase, struct error *err);
/* Keys of Secrets that a store holds: the present one, and the one before it. */
#define PKI_SECRETS_KEYS 2
/*
 * Makes a store of a living control plane's PEM texts without encryption, in the order of enum pki_pem: verified as by
 * pki_store_open, written as by pki_store_create. Of the public keys of service accounts, which may be NULL, those that
 * sa.key is not of are kept: tokens of other keys are accepted too. secrets: the keys that Secrets are encrypted with,
 * in base64, the one that writes first; NULL: no more.
 */
struct pki_store *pki_store_import(const char *dir, const char *const pem[PKI_SHARED],
	const char *const secrets[PKI_SECRETS_KEYS], const struct secret *passphrase, struct error *err);
/* Whether both hold the same certificates and keys. */
bool pki_store_same(const struct pki_store *a, const struct pki_store *b);
/*
 * Writes a store again with its keys under another passphrase, `then`, or under none; `now` opens it today. All of them
 * change in one step, at which the folder is replaced as a whole; whatever cuts this short leaves a store that opens
 * with one of the two. Its file system must be able to exchange two folders. Folders that an earlier one left are
 * removed. ERROR_LOCKED: another process is at it.
 */
int pki_store_protect(const char *dir, const struct secret *now, const struct secret *then, struct error *err);
/* PEM text, unencrypted, lent; keys are PKCS#8 (RSA, EC). Of more than one public key the first is that of sa.key. */
const char *pki_store_pem(const struct pki_store *s, enum pki_pem which);
/* "sha256:<hex>" of the cluster CA's SubjectPublicKeyInfo: kubeadm's discovery pin. out: 72 bytes or more. */
void pki_store_pin(const struct pki_store *s, char *out, size_t size);

/*
 * The CAs; then the key of service accounts, which signs tokens, and whose public keys stand where a CA's certificates
 * do.
 */
enum pki_issuer { PKI_ISSUER_CLUSTER, PKI_ISSUER_ETCD, PKI_ISSUER_FRONT_PROXY, PKI_ISSUER_TOKENS };
#define PKI_ISSUERS 3 /* that are CAs */
#define PKI_ROTATED 4 /* that another one can take the place of */
/* Its certificates, or public keys, and its key in the store and below /etc/kubernetes/pki. */
enum pki_pem pki_issuer_crt(enum pki_issuer issuer);
enum pki_pem pki_issuer_key(enum pki_issuer issuer);

/*
 * How far a CA is that another one takes the place of, or the key of service accounts. Of a file with two certificates
 * the first one signs, and both are trusted. The key of the other one lies beside, also encrypted: it is what a step
 * back would need.
 */
enum pki_phase {
	PKI_PHASE_ONE,      /* there is one */
	PKI_PHASE_BOTH,     /* the next one is trusted too, and signs nothing yet: NAME.next.key */
	PKI_PHASE_REISSUED, /* the next one signs, and the earlier one is still trusted: NAME.old.key */
};
/* Of one of the store's. */
enum pki_phase pki_store_phase(const struct pki_store *s, enum pki_issuer issuer);
/* The same by which files are there; they are not read, and need no passphrase. */
enum pki_phase pki_store_phase_at(const char *dir, enum pki_issuer issuer);
/* The key that lies beside, as PEM, lent; NULL: there is none. */
const char *pki_store_other_key(const struct pki_store *s, enum pki_issuer issuer);
/*
 * Whether the next CA can be made: -1, err says why not, when there are certificates of more than one already, or
 * another CA has signed the one that there is.
 */
int pki_store_may_rotate(const struct pki_store *s, enum pki_issuer issuer, struct error *err);
/*
 * One phase on, in one step as pki_store_protect; from which one, is checked. From PKI_PHASE_ONE a CA is made, of the
 * same kind of key, with a name of its own; back to it the earlier CA and its key are gone for good.
 */
int pki_store_rotate(const char *dir, const struct secret *passphrase, enum pki_issuer issuer, enum pki_phase from,
	struct error *err);

/*
 * What API servers encrypt Secrets with: the present key, and the one before it, which snapshots of etcd from then
 * want.
 * secrets.key and secrets.old.key in the store, encrypted as the others are.
 */
struct pki_secrets_key {
	char id[13];     /* of its digest, in hex; "": there is none */
	char base64[45]; /* the 32 bytes */
};
/* 0: the present one. Lent; NULL: there is none. */
const struct pki_secrets_key *pki_store_secrets_key(const struct pki_store *s, int which);
/* The one with that id. */
const struct pki_secrets_key *pki_store_secrets_find(const struct pki_store *s, const char *id);
/* Whether a folder has one; it is not read. */
bool pki_store_secrets_at(const char *dir);
/*
 * Makes another one the present one, in the folder, in one step as pki_store_protect, and in s, which was opened from
 * it; the earlier one of the two goes. ERROR_LOCKED: the folder has another present key than s.
 */
int pki_store_secrets_make(struct pki_store *s, const char *dir, const struct secret *passphrase, struct error *err);
/* The same with keys that are known, the present one first (NULL: no more), to a store that has none. */
int pki_store_secrets_give(struct pki_store *s, const char *dir, const struct secret *passphrase,
	const char *const base64[PKI_SECRETS_KEYS], struct error *err);
/* Whether both hold the same but for keys of Secrets, which the first one has none of and the second one has. */
bool pki_store_secrets_lacks(const struct pki_store *s, const struct pki_store *other);

/*
 * The one certificate that controller managers sign with, while ca.crt has two: of such a file they take no more than
 * one.
 */
#define PKI_SIGNING_CRT "/etc/kubernetes/pki/ca-signing.crt"

#define PKI_LEAVES 7
#define PKI_OWN (PKI_LEAVES + 4)
/*
 * A control plane's own files that hold a certificate: PKI_LEAVES of them, each with its key beside it (.key), then
 * kubeconfigs.
 */
extern const struct pki_own {
	const char *path;
	enum pki_issuer issuer;
	bool server, client;
	const char *cn; /* NULL: the Node's name */
} pki_own[PKI_OWN];

/* ---- what a node gets -------------------------------------------------------------------------------------------- */

struct pki_node {
	const char *cluster;       /* name in kubeconfigs */
	const char *name;          /* Node name */
	const char *address;       /* advertise address */
	const char *endpoint;      /* host part of the cluster's endpoint: IP or DNS name */
	int port;                  /* of the endpoint */
	int bind_port;             /* of the local API server */
	const char *service_ip;    /* first address of the services CIDR */
	const char *dns_domain;
	/* further names or addresses for the API server's certificate (VIP, all control planes) */
	const char *const *more_sans;
	size_t more_san_count;
	const char *admin_org;     /* O of admin.conf */
	const char *kubelet_client_org; /* O of apiserver-kubelet-client; NULL: none */
	bool super_admin;          /* make super-admin.conf too (O=system:masters) */
	bool no_ca_keys;           /* leave out the CAs' keys, which are to stay on this machine */
	bool signing_apart;        /* with the keys: PKI_SIGNING_CRT too */
	int days;                  /* validity of leaves; 365 as kubeadm */
};
struct pki_file {
	char path[96];  /* absolute, /etc/kubernetes/… */
	unsigned mode;  /* 0600 keys and kubeconfigs, 0644 certificates */
	struct secret content;
};
struct pki_files {
	struct pki_file *list;
	size_t count;
};
/*
 * Everything a control plane needs below /etc/kubernetes: the eight shared files (without the CAs' keys when that is
 * asked), apiserver, apiserver-kubelet-client,
 * front-proxy-client, apiserver-etcd-client, etcd/server, etcd/peer, etcd/healthcheck-client with keys, admin.conf,
 * controller-manager.conf, scheduler.conf (these two against the local API server), super-admin.conf when asked. Not
 * kubelet.conf: kubeadm makes it. Subjects, SANs, usages as in kubeadm 1.36 certlist.go. Each leaf is verified (chain,
 * SANs, key match, dates, usages) before it is returned. Leaf keys are ECDSA P-256 unless the CA is RSA (then
 * RSA-2048).
 */
int pki_control_plane_files(const struct pki_store *s, const struct pki_node *n, struct pki_files *out,
	struct error *err);
void pki_files_release(struct pki_files *f);

/*
 * 0: a CA of the store, also one that comes or goes, has signed the first certificate of pem, whatever its dates; -1:
 * err says why not.
 */
int pki_signed_here(const struct pki_store *s, enum pki_issuer issuer, const char *pem, size_t len, struct error *err);
/* Whether the one that signs now has. */
bool pki_signed_now(const struct pki_store *s, enum pki_issuer issuer, const char *pem, size_t len);
/*
 * The same certificate again: subject, names and usages of pem's first one, which that CA has signed and which may have
 * expired, with a new key and so many days, backdated one hour.
 */
int pki_renew(const struct pki_store *s, enum pki_issuer issuer, const char *pem, size_t len, int days,
	struct secret *cert_pem, struct secret *key_pem, struct error *err);
/* A client certificate for this process, backdated 5 minutes, seconds of validity from now. */
int pki_client_certificate(const struct pki_store *s, enum pki_issuer issuer, const char *cn, const char *org,
	int64_t seconds, struct secret *cert_pem, struct secret *key_pem, struct error *err);
/* A kubeconfig for people: user cn/org, valid days, server https://host:port; with all CAs that are trusted. */
int pki_kubeconfig(const struct pki_store *s, const char *cluster, const char *server, const char *cn, const char *org,
	int days, struct secret *out, struct error *err);
/*
 * What a kubelet that does not bootstrap begins with: its kubeconfig, whose client certificate and key are those in
 * PKI_KUBELET_PEM, as in one that renews them, and the content of that file. server as above.
 */
#define PKI_KUBELET_PEM "/var/lib/kubelet/pki/kubelet-client-current.pem"
int pki_kubelet(const struct pki_store *s, const char *cluster, const char *server, const char *node, int days,
	struct secret *conf, struct secret *pem, struct error *err);
/* Adds the client certificate of such a kubeconfig to out, as PEM. -1: it has none. */
int pki_kubeconfig_client(const char *text, struct str *out);

/* ---- looking at certificates ------------------------------------------------------------------------------------- */

struct pki_cert_info {
	char subject_cn[128], subject_o[128], issuer_cn[128];
	int64_t not_before, not_after; /* seconds since 1970 */
	bool is_ca;
	char pin[72]; /* sha256:<hex> of its SPKI */
	char sha256[65]; /* of the DER certificate */
	char serial[65]; /* hex in capitals, as openssl shows it; "": a longer one */
};
/* Of the first certificate in pem. */
int pki_cert_info(const char *pem, size_t len, struct pki_cert_info *out, struct error *err);

enum pki_name_kind { PKI_NAME_DNS, PKI_NAME_IP, PKI_NAME_URI, PKI_NAME_EMAIL, PKI_NAME_OTHER };
struct pki_name {
	enum pki_name_kind kind;
	const char *text; /* "" of PKI_NAME_OTHER */
};
#define PKI_ORGS 8
/* A certificate for who lists it. Texts are one line each, safe for a terminal, and the arena's. */
struct pki_cert {
	struct pki_cert_info info;
	const char *orgs[PKI_ORGS]; /* of the subject, in its order */
	size_t org_count;
	struct pki_name *sans;
	size_t san_count, sans_left_out; /* the second: more of them than are kept */
	const char *algorithm;           /* of its key: "RSA", "ECDSA", "Ed25519", or as OpenSSL calls it */
	int bits;                        /* 0: a key that cannot be read */
};
/*
 * The first max certificates of pem. Returns how many they are, and in *left_out how many more there are; -1 when there
 * is none, or one is broken. What *out points to is the arena's.
 */
int pki_certs_read(const char *pem, size_t len, size_t max, struct arena *arena, struct pki_cert **out,
	size_t *left_out, struct error *err);
struct pki_public {
	const char *algorithm; /* as of a certificate */
	int bits;
	char pin[72]; /* sha256:<hex> of its SubjectPublicKeyInfo */
};
/* The same of public keys. */
int pki_publics_read(const char *pem, size_t len, size_t max, struct arena *arena, struct pki_public **out,
	size_t *left_out, struct error *err);
/* A request for a certificate (PKCS #10), for who decides about it. Texts as above. */
struct pki_request {
	const char *cn; /* "": none */
	const char *orgs[PKI_ORGS];
	size_t org_count;
	bool more; /* the subject has other parts, a second CN, or more Os than are kept */
	struct pki_name *sans;
	size_t san_count, sans_left_out;
	const char *algorithm; /* of its key, as above */
	int bits;
};
/* pem is one request and nothing else, signed by its own key; of its extensions only the names are read. */
int pki_request_read(const char *pem, size_t len, struct arena *arena, struct pki_request *out, struct error *err);
struct pki_request_use {
	bool server, encipherment; /* else of a client; the key may encipher keys too */
	int days;                  /* never longer than the CA */
};
/*
 * The certificate that such a request asks for, signed by the cluster's CA: its CN, O and names as pki_request_read has
 * them, and its key. Nothing else of it is taken over.
 */
int pki_request_sign(const struct pki_store *s, const char *pem, size_t len, const struct pki_request_use *use,
	struct secret *cert_pem, struct error *err);
/* Verifies a leaf against a CA of the store: chain, dates, server or client use, and that it covers every san. */
int pki_cert_verify(const char *pem, size_t len, const char *ca_pem, bool server, const char *const *sans,
	size_t san_count, struct error *err);
/*
 * Whether some certificate of the one text has the key of one of the other: while a CA is rotated a host has two. One
 * that stands above another in its text does not count: clusters of one company have the same root.
 */
bool pki_same_key(const char *pem_a, const char *pem_b);

/* SHA-256 as 64 hex digits + NUL. */
void pki_sha256_hex(const void *data, size_t len, char out[65]);
struct pki_sha256;
/* The same for what comes in pieces: 32 bytes at the end, which frees it. Without memory the process ends. */
struct pki_sha256 *pki_sha256_new(void);
void pki_sha256_add(struct pki_sha256 *s, const void *data, size_t len);
void pki_sha256_end(struct pki_sha256 *s, unsigned char out[32]);
/* "OpenSSL 3.0.x …" for --version. */
const char *pki_library(void);

#endif
