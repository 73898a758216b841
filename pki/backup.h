/*
 * A cluster's keys, and what else its management needs of this machine, in one encrypted file. All numbers in it are
 * bounded before they are used; what its text says is looked at only once the whole of it is authentic.
 *
 *   offset  bytes
 *        0     16  "kubewright keys\n"
 *       16      1  version: 1
 *       17      3  scrypt: log2 of N, r, p
 *       20     32  salt
 *       52     16  shows whether the passphrase is right: bytes 32 to 47 of what scrypt makes
 *       68     12  nonce
 *       80      8  length of the text, big-endian
 *       88         the text, by AES-256-GCM with bytes 0 to 31 as its key; the 88 bytes above are authenticated with it
 *      end     16  tag
 *
 * The text: "kubewright backup 1", "cluster NAME", "made SECONDS", "passphrase yes" or "no", a line each; of every file
 * the line "file NAME LENGTH" and its bytes; "end". Keys are PKCS#8 without encryption.
 */
#ifndef PKI_BACKUP_H
#define PKI_BACKUP_H

#include "base/str.h"
#include "pki/pki.h"

/* How many files of a store there may be. */
#define PKI_BACKUP_STORE (PKI_STORED + 2 * PKI_ROTATED + PKI_SECRETS_KEYS + 1)
/* The files: those of the store by enum pki_pem; then, which may be missing, the store's others, and more. */
enum { PKI_BACKUP_KNOWN_HOSTS = PKI_BACKUP_STORE, PKI_BACKUP_GIVEN, PKI_BACKUP_FILES };

struct pki_backup {
	char cluster[64];
	int64_t made;    /* seconds since 1970 */
	bool passphrase; /* the store had one */
	bool has[PKI_BACKUP_FILES];
	struct str file[PKI_BACKUP_FILES];
};
/* Made empty before it is filled; release wipes it. */
void pki_backup_init(struct pki_backup *b);
void pki_backup_release(struct pki_backup *b);
/* Takes the store's keys and certificates; the rest is the caller's to fill in. */
void pki_backup_fill(struct pki_backup *b, const struct pki_store *s);
/* The store in it, verified as by pki_store_open. */
struct pki_store *pki_backup_store(const struct pki_backup *b, struct error *err);

/*
 * Writes it, mode 0600, and reads it back, opens and compares it before it gets its name. replace: in the place of a
 * file that is there; else such a one is an error. Takes about a second, and 128 MiB, as opening does.
 */
int pki_backup_write(const struct pki_backup *b, const char *path, bool replace, const struct secret *passphrase,
	struct error *err);
/* Reads such a file into out, and refuses what is none, is cut short, or asks for too much. Needs no passphrase. */
int pki_backup_read(const char *path, struct str *out, struct error *err);
/* Whether a file begins as one. */
bool pki_backup_is(const char *path);
/* Opens what was read; out is to be initialised, path is for messages. REFUSAL_PASSPHRASE: it is another one. */
int pki_backup_open(const char *path, const struct str *data, const struct secret *passphrase, struct pki_backup *out,
	struct error *err);

#endif
