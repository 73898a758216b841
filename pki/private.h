/* Private to pki/: OpenSSL's types stay behind this header; nothing outside this folder includes it. */
#ifndef PKI_PRIVATE_H
#define PKI_PRIVATE_H

#include "pki/backup.h"
#include "pki/pki.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* CAs of a store. */
enum {
	PKI_CA_CLUSTER = PKI_ISSUER_CLUSTER,
	PKI_CA_ETCD = PKI_ISSUER_ETCD,
	PKI_CA_FRONT_PROXY = PKI_ISSUER_FRONT_PROXY,
	PKI_CA_COUNT
};

/* A certificate and the key that belongs to it. */
struct pki_pair {
	X509 *cert;
	EVP_PKEY *key;
};

struct pki_store {
	struct pki_pair ca[PKI_CA_COUNT];
	EVP_PKEY *sa;
	struct secret pem[PKI_SA_PUB + 1]; /* by enum pki_pem, unencrypted */
	/* the second certificate of the CA's file and its key, as the phase has them; NULL: none */
	struct pki_pair other[PKI_ROTATED];
	struct secret other_key[PKI_ROTATED];
	enum pki_phase phase[PKI_ROTATED];
	/* what Secrets are encrypted with: now, and before that; empty: none */
	struct secret secrets_pem[PKI_SECRETS_KEYS];
	struct pki_secrets_key secrets[PKI_SECRETS_KEYS];
	/* public keys that are trusted besides, whose private ones are not here; NULL: none */
	struct secret more_publics;
};

/* ---- store.c ----------------------------------------------------------------------------------------------------- */

/* What a file of a store may have. */
#define PKI_STORE_FILE_MAX (256u << 10)
/* What the first CAs of a cluster are called, as by kubeadm. */
extern const char *const pki_ca_names[PKI_CA_COUNT];
/*
 * Its files: those by enum pki_pem, then, which may be missing, NAME.next.key and NAME.old.key of each issuer, the
 * keys of Secrets, and sa.pub, which is there when it holds keys that cannot be made of those here.
 */
#define PKI_STORE_FILES PKI_BACKUP_STORE
#define PKI_STORE_SECRETS (PKI_STORED + 2 * PKI_ROTATED)
#define PKI_STORE_PUBLICS (PKI_STORE_FILES - 1)
/* The name of a file, in the store's folder; whether it holds a private key. */
const char *pki_stored_name(int file);
bool pki_stored_key(int file);
/* Whether it is there. */
bool pki_stored_there(const char *dir, int file);
/* Its text; that of a key only with a mode that keeps others out. */
int pki_stored_read(const char *path, bool key, struct secret *out, struct error *err);
/* Whether that is a CA in its time, with its key. name: for messages. */
int pki_ca_check(const struct pki_pair *ca, const char *name, struct error *err);
/* The place among them of an issuer's other key; -1 in PKI_PHASE_ONE. */
int pki_stored_other(int issuer, enum pki_phase phase);
/* A store of its files' texts, without encryption; verified as by pki_store_open. NULL: a file that is missing. */
struct pki_store *pki_store_parse_files(const char *const pem[PKI_STORE_FILES], struct error *err);
/* Whether no other CA has signed it. */
bool pki_signed_itself(X509 *cert);
/* A CA of its own with that name. */
int pki_ca_make(const char *name, enum pki_key_type type, struct pki_pair *out, struct error *err);
/* The keys as text, and the public half, from what was made, loaded or changed. */
int pki_store_fill(struct pki_store *s, struct error *err);

/* ---- store_write.c ----------------------------------------------------------------------------------------------- */

/* As pki_store_protect, of a store that change, unless NULL, makes another one of. */
int pki_store_change(const char *dir, const struct secret *now, const struct secret *then,
	int (*change)(struct pki_store *s, void *ctx, struct error *err), void *ctx, struct error *err);

/* The same of a folder that is opened otherwise, and whose passphrase stays. */
int pki_store_complete(const char *dir, const struct secret *passphrase,
	struct pki_store *(*open)(const char *dir, const struct secret *passphrase, struct error *err),
	int (*change)(struct pki_store *s, void *ctx, struct error *err), void *ctx, struct error *err);

/* ---- backup_text.c ----------------------------------------------------------------------------------------------- */

/* What the text of a backup may have: a store, and this much of each other file. */
#define PKI_BACKUP_MORE_MAX (16u << 20)
#define PKI_BACKUP_TEXT_MAX (2 * PKI_BACKUP_MORE_MAX + PKI_STORE_FILES * PKI_STORE_FILE_MAX + 4096)
/* Adds the text of a backup. */
int pki_backup_text(const struct pki_backup *b, struct str *out, struct error *err);
/* The other way round; what is not exactly of that form is an error. out is to be initialised. */
int pki_backup_parse(const struct str *text, struct pki_backup *out, struct error *err);

/* ---- keys.c ------------------------------------------------------------------------------------------------------ */

/*
 * Sets ERROR_PKI: the text, then OpenSSL's innermost reason if it has one. Empties OpenSSL's error queue of this
 * thread. Returns -1.
 */
int pki_error(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A new private key; the caller frees. NULL: err. */
EVP_PKEY *pki_key_make(enum pki_key_type type, struct error *err);
/* PKCS#8; scrypt-encrypted when passphrase is one. */
int pki_key_to_pem(EVP_PKEY *key, const struct secret *passphrase, struct secret *out, struct error *err);
/* PKCS#8, PKCS#1 or SEC1 (after EC PARAMETERS too); RSA and ECDSA, as kubeadm knows no other. name: for messages. */
EVP_PKEY *pki_key_from_pem(const char *pem, size_t len, const char *name, const struct secret *passphrase,
	struct error *err);
/* A key of 32 bytes, in the form of one that has as many: X25519. As pki_key_from_pem. */
EVP_PKEY *pki_raw_from_pem(const char *pem, size_t len, const char *name, const struct secret *passphrase,
	struct error *err);
/* Its bytes in base64, and the first of their digest. */
int pki_raw_read(EVP_PKEY *key, struct pki_secrets_key *out, struct error *err);
/* Makes a key of Secrets of a store another one, by its bytes in base64. */
int pki_secrets_set(struct pki_store *s, int which, const char *base64, struct error *err);
/* The public half alone, as SubjectPublicKeyInfo: sa.pub. */
int pki_public_to_pem(EVP_PKEY *key, struct secret *out, struct error *err);
/* The public halves of a text that are not key's, one after the other; *same: whether key's is among them. */
int pki_publics_besides(const char *pem, size_t len, EVP_PKEY *key, struct secret *out, bool *same, struct error *err);
void pki_pair_release(struct pki_pair *p);
/* For what nobody has a passphrase of: without one OpenSSL would ask at the terminal. */
int pki_no_passphrase(char *buf, int size, int writing, void *ctx);
/* Not NULL, none or empty. */
bool pki_passphrase_given(const struct secret *passphrase);

/* ---- certs.c ----------------------------------------------------------------------------------------------------- */

/* One request of pem, whose signature is right; the caller frees. NULL: err. */
X509_REQ *pki_request_from_pem(const char *pem, size_t len, struct error *err);
void pki_request_fill(X509_REQ *req, struct arena *arena, struct pki_request *out);

/* ---- make.c ------------------------------------------------------------------------------------------------------ */

struct pki_spec {
	const char *cn;
	const char *org; /* NULL: none */
	bool ca, server, client;
	bool signs_only; /* its key enciphers no other keys */
	const char *const *sans; /* addresses and DNS names, known by their form */
	size_t san_count;
	int64_t not_before, not_after; /* seconds since 1970; kept within the issuer's */
	X509 *like; /* lent: the subject and names are this certificate's, not those above; NULL: they are not */
};
/* A certificate for key, signed by issuer (NULL: by itself). */
X509 *pki_cert_make(const struct pki_spec *spec, EVP_PKEY *key, const struct pki_pair *issuer, struct error *err);
/* A new key (ECDSA P-256, or RSA 2048 under an RSA CA) and its certificate, verified against the issuer and spec. */
int pki_leaf_make(const struct pki_spec *spec, const struct pki_pair *issuer, struct pki_pair *out, struct error *err);

/* ---- rotate.c ---------------------------------------------------------------------------------------------------- */

/*
 * A certificate of that issuer as its file has it: of an API server, while the cluster's CA is rotated, followed by the
 * CA that signs now, which the other one has certified, so that clients which trust one of the two alone verify it.
 */
int pki_served_to_pem(const struct pki_store *s, enum pki_issuer issuer, X509 *cert, bool server, struct secret *out,
	struct error *err);

/* ---- look.c ------------------------------------------------------------------------------------------------------ */

/* Every certificate of pem; NULL when there is none or one is broken. name is for messages. */
STACK_OF(X509) *pki_certs_from_pem(const char *pem, size_t len, const char *name, struct error *err);
/* All of them in order, or one; out is replaced. */
int pki_certs_to_pem(STACK_OF(X509) *certs, struct secret *out, struct error *err);
int pki_cert_to_pem(X509 *cert, struct secret *out, struct error *err);
void pki_certs_free(STACK_OF(X509) *certs);
/* How much of a text of certificates the first one is, with its end of line. */
size_t pki_first_len(const char *pem);
/*
 * Chain (anchors are trusted as they are, root or not), dates, usages, names. chain: further certificates from which a
 * path may be built, or NULL. Strict by RFC 5280 unless the anchor is from before subject key identifiers.
 */
int pki_leaf_verify(X509 *leaf, STACK_OF(X509) *chain, STACK_OF(X509) *anchors, bool server, bool client,
	const char *const *sans, size_t san_count, struct error *err);
/* Seconds since 1970; 0: no time. */
int64_t pki_time(const ASN1_TIME *t);
/* Of one certificate what pki_cert_info says. */
void pki_cert_fill(X509 *cert, struct pki_cert_info *out);
/* "sha256:" and the hex digest of its SubjectPublicKeyInfo, as kubeadm's --discovery-token-ca-cert-hash has it. */
void pki_pin(X509 *cert, char *out, size_t size);
/* IPv4 or IPv6, by its form. */
bool pki_is_address(const char *text);

/* ---- kubeconfig.c ------------------------------------------------------------------------------------------------ */

/*
 * A kubeconfig in kubeadm's shape with a new client certificate; server is "https://host:port". all: with all CAs that
 * are trusted; else with the one that signs, as kubeadm wants it of a host's.
 */
int pki_kubeconfig_make(const struct pki_store *s, const char *cluster, const char *server, const struct pki_spec *spec,
	bool all, struct secret *out, struct error *err);
/* "https://host:port" with an IPv6 address in brackets. */
void pki_server_url(char *out, size_t size, const char *host, int port);

#endif
