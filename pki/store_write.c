/*
 * How a store comes to be and how its passphrase changes: always in a folder beside it that gets its name in one step,
 * so that a store is whole at any moment, under the old passphrase or under the new one.
 */
#include "pki/private.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORD 8 /* random characters in the name of a folder that is being made */

static bool has(const struct pki_store *s, int file)
{
	int issuer = (file - PKI_STORED) / 2;

	if (file == PKI_STORE_PUBLICS)
		return s->more_publics.text != NULL;
	if (file >= PKI_STORE_SECRETS)
		return s->secrets[file - PKI_STORE_SECRETS].id[0] != '\0';
	/* of CAs that others sign there are keys alone at first */
	if (file < PKI_STORED)
		return s->pem[file].text != NULL;
	return file == pki_stored_other(issuer, s->phase[issuer]);
}

static const struct secret *text_of(const struct pki_store *s, int file)
{
	return file < PKI_STORED           ? &s->pem[file]
	       : file == PKI_STORE_PUBLICS ? &s->pem[PKI_SA_PUB]
	       : file >= PKI_STORE_SECRETS ? &s->secrets_pem[file - PKI_STORE_SECRETS]
					   : &s->other_key[(file - PKI_STORED) / 2];
}

/* Under the passphrase, of a file that holds a key. */
static int seal(
	const struct pki_store *s, int i, const struct secret *passphrase, struct secret *out, struct error *err)
{
	const struct secret *text = text_of(s, i);
	EVP_PKEY *key = i == PKI_SA_KEY  ? s->sa
			: i < PKI_STORED ? s->ca[i / 2].key
			: i < PKI_STORE_SECRETS
				? s->other[(i - PKI_STORED) / 2].key
				: pki_raw_from_pem(text->text, text->len, pki_stored_name(i), NULL, err);
	int rc = key ? pki_key_to_pem(key, passphrase, out, err) : -1;

	if (i >= PKI_STORE_SECRETS)
		EVP_PKEY_free(key);
	return rc;
}

static int write_one(
	const struct pki_store *s, int i, const char *dir, const struct secret *passphrase, struct error *err)
{
	char *path = xasprintf("%s/%s", dir, pki_stored_name(i));
	struct secret sealed = { 0 };
	const struct secret *text = text_of(s, i);
	int rc = 0;

	if (pki_stored_key(i) && pki_passphrase_given(passphrase)) {
		rc = seal(s, i, passphrase, &sealed, err);
		text = &sealed;
	}
	if (rc == 0)
		rc = file_create(path, text->text, text->len, pki_stored_key(i) ? 0600 : 0644, err);
	secret_release(&sealed);
	free(path);
	return rc;
}

/* All files of a folder that this file made, with those that a killed process had not finished. */
static void remove_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL)
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
}

static int remove_staging(const char *dir)
{
	char *etcd = xasprintf("%s/etcd", dir);

	remove_files(etcd);
	rmdir(etcd);
	free(etcd);
	remove_files(dir);
	return rmdir(dir);
}

/* rename puts a folder in the place of none or of an empty one, and refuses every other: nothing is ever replaced. */
static int put_in_place(const char *staging, const char *dir, struct error *err)
{
	if (rename(staging, dir) == 0) {
		file_sync_dir(dir);
		return 0;
	}
	if (errno != ENOTEMPTY && errno != EEXIST)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot make the key store '%s'", dir);
	error_set(err, ERROR_PKI, "cannot make the key store '%s': the folder is not empty", dir);
	return error_hint(err, "existing keys are never replaced; let pki.store name a folder of its own");
}

/* Where the folder really is: a symlink to it stays one. The caller frees. */
static char *place_of(const char *dir)
{
	char *real = realpath(dir, NULL), *place = real ? real : xstrdup(dir);

	while (strlen(place) > 1 && str_ends(place, "/"))
		place[strlen(place) - 1] = '\0';
	return place;
}

/* All of it into a new folder beside place, on the disk then; its name, which the caller frees, or NULL. */
static char *stage(const struct pki_store *s, const char *place, const struct secret *passphrase, struct error *err)
{
	char word[WORD + 1], *staging, *etcd;
	int rc;

	secret_random_word(word, WORD);
	staging = xasprintf("%s.%s.new", place, word);
	etcd = xasprintf("%s/etcd", staging);
	rc = file_mkdirs(etcd, 0700, err);
	for (int i = 0; rc == 0 && i < PKI_STORE_FILES; i++)
		if (has(s, i))
			rc = write_one(s, i, staging, passphrase, err);
	/* the files are synced; that they have names in these folders is not */
	if (rc == 0)
		file_sync_dir(etcd);
	free(etcd);
	if (rc == 0)
		return staging;
	remove_staging(staging);
	free(staging);
	return NULL;
}

int pki_store_save(const struct pki_store *s, const char *dir, const struct secret *passphrase, struct error *err)
{
	char *place = place_of(dir), *slash = strrchr(place, '/'), *staging = NULL;
	int rc = 0;

	if (slash && slash != place) {
		*slash = '\0';
		rc = file_mkdirs(place, 0700, err);
		*slash = '/';
	}
	if (rc == 0)
		staging = stage(s, place, passphrase, err);
	rc = staging ? put_in_place(staging, place, err) : -1;
	if (staging && rc)
		remove_staging(staging);
	free(staging);
	free(place);
	return rc;
}

/* ---- another passphrase, another issuer ------------------------------------------------------------------------------------------ */

static bool ours(const char *name, bool etcd)
{
	for (int i = 0; i < PKI_STORE_FILES; i++) {
		const char *file = pki_stored_name(i);

		if (str_starts(file, "etcd/") == etcd && strcmp(etcd ? file + 5 : file, name) == 0)
			return true;
	}
	return false;
}

/* The folder is replaced as a whole: nobody else's file may be in it, and no file of its own may be elsewhere. */
static int check_folder(const char *dir, bool etcd, struct error *err)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	struct stat st;
	int rc = 0;

	if (!d)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot read the folder '%s'", dir);
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;
		mode_t want = !etcd && strcmp(name, "etcd") == 0 ? S_IFDIR : ours(name, etcd) ? S_IFREG : 0;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && want == (st.st_mode & S_IFMT))
			continue;
		rc = error_set(err, ERROR_PKI, "'%s' in the key store '%s' is %s", name, dir,
			want ? "a link or of another kind than kubewright makes" : "not one of its files");
		error_hint(err, want ? "put the file itself there: the folder is replaced as a whole"
				     : "move it elsewhere: the folder is replaced as a whole");
	}
	closedir(d);
	return rc;
}

static int check_files(const char *place, struct error *err)
{
	char *etcd = xasprintf("%s/etcd", place);
	int rc = check_folder(place, false, err) || check_folder(etcd, true, err) ? -1 : 0;

	free(etcd);
	return rc;
}

/* One process at a time; the lock is on the folder itself, which another one may have replaced meanwhile. */
static int lock_folder(const char *place, struct stat *st, struct error *err)
{
	int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat there;

	if (fd < 0)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot open the key store '%s'", place);
	/* not every file system has locks */
	if ((flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) || fstat(fd, st) || stat(place, &there) ||
		st->st_ino != there.st_ino || st->st_dev != there.st_dev) {
		error_set(err, ERROR_LOCKED, "another process is changing the key store '%s'", place);
		error_hint(err, "wait until it has finished, and try again");
		close(fd);
		return -1;
	}
	return fd;
}

/* What earlier ones left when they were killed: keys under a passphrase that may be known to others, or under none. */
static void sweep(const char *place)
{
	const char *slash = strrchr(place, '/'), *base = slash ? slash + 1 : place;
	char *dir = slash ? xstrndup(place, slash == place ? 1 : (size_t)(slash - place)) : xstrdup(".");
	size_t n = strlen(base);
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;

		if (strncmp(name, base, n) == 0 && name[n] == '.' && strlen(name + n) == WORD + 5 &&
			strspn(name + n + 1, "abcdefghijklmnopqrstuvwxyz0123456789") == WORD &&
			str_ends(name, ".new")) {
			char *path = xasprintf("%s/%s", dir, name);

			remove_staging(path);
			free(path);
		}
	}
	if (d)
		closedir(d);
	free(dir);
}

/* The superuser changes it for the operator whose store it is. */
static int give_to_owner(const char *staging, const struct stat *st, struct error *err)
{
	static const char *const folders[] = { "etcd", "" };
	int rc = chmod(staging, st->st_mode & 0777);

	for (int i = 0; rc == 0 && st->st_uid != geteuid() && i < PKI_STORE_FILES + 2; i++) {
		bool file = i < PKI_STORE_FILES;
		char *path = xasprintf("%s/%s", staging, file ? pki_stored_name(i) : folders[i - PKI_STORE_FILES]);

		rc = file && access(path, F_OK) ? 0 : chown(path, st->st_uid, st->st_gid);
		free(path);
	}
	if (rc == 0)
		return 0;
	error_errno(err, ERROR_SYSTEM, errno, "cannot give the new key store to the owner of the present one");
	return error_hint(err, "run this as the user whose key store it is");
}

static int verify(const char *staging, const struct pki_store *s, const struct secret *passphrase, struct error *err)
{
	struct pki_store *read = pki_store_open(staging, passphrase, err);
	bool same = read && pki_store_same(read, s);

	pki_store_free(read);
	if (!read)
		return error_wrap(err, "the new key store cannot be read back");
	if (!same)
		return error_set(err, ERROR_SYSTEM, "the new key store in '%s' is not what was written", staging);
	/* nor may a temporary file that could not be removed come with it */
	return check_files(staging, err);
}

static int exchange(const char *staging, const char *place, struct error *err)
{
	if (renameat2(AT_FDCWD, staging, AT_FDCWD, place, RENAME_EXCHANGE)) {
		error_errno(err, ERROR_SYSTEM, errno, "cannot exchange the key store '%s' for the new one", place);
		error_hint(err,
			"its file system must be able to exchange two folders (ext4, XFS, Btrfs and tmpfs are); copy the store to such a one and let pki.store name it");
		remove_staging(staging);
		return -1;
	}
	file_sync_dir(place);
	if (remove_staging(staging) == 0)
		return 0;
	error_errno(err, ERROR_SYSTEM, errno, "the key store '%s' is changed, but what it was before is still in '%s'",
		place, staging);
	return error_hint(err, "remove that folder: the keys in it open with what was valid before");
}

/* How a store is opened, and what becomes of it; open NULL: as pki_store_open, change NULL: nothing. */
struct changes {
	struct pki_store *(*open)(const char *dir, const struct secret *passphrase, struct error *err);
	int (*change)(struct pki_store *s, void *ctx, struct error *err);
	void *ctx;
};

static int replace(const char *dir, const struct secret *now, const struct secret *then, const struct changes *c,
	struct error *err)
{
	char *place = place_of(dir), *staging = NULL;
	struct stat st;
	int fd = lock_folder(place, &st, err), rc = -1;
	struct pki_store *s = fd < 0 ? NULL : c->open ? c->open(place, now, err) : pki_store_open(place, now, err);

	if (s && (!c->change || c->change(s, c->ctx, err) == 0) && check_files(place, err) == 0) {
		sweep(place);
		staging = stage(s, place, then, err);
	}
	if (staging) {
		rc = give_to_owner(staging, &st, err) || verify(staging, s, then, err) ? -1 : 0;
		if (rc)
			remove_staging(staging);
		else
			rc = exchange(staging, place, err);
	}
	if (fd >= 0)
		close(fd);
	pki_store_free(s);
	free(staging);
	free(place);
	return rc;
}

int pki_store_change(const char *dir, const struct secret *now, const struct secret *then,
	int (*change)(struct pki_store *s, void *ctx, struct error *err), void *ctx, struct error *err)
{
	return replace(dir, now, then, &(struct changes){ NULL, change, ctx }, err);
}

int pki_store_complete(const char *dir, const struct secret *passphrase,
	struct pki_store *(*open)(const char *dir, const struct secret *passphrase, struct error *err),
	int (*change)(struct pki_store *s, void *ctx, struct error *err), void *ctx, struct error *err)
{
	return replace(dir, passphrase, passphrase, &(struct changes){ open, change, ctx }, err);
}

int pki_store_protect(const char *dir, const struct secret *now, const struct secret *then, struct error *err)
{
	return pki_store_change(dir, now, then, NULL, NULL, err);
}
