/*
 * kubewright certs restore FILE: brings back what a backup of the cluster's keys has. All of it is verified before
 * anything is written, and nothing that is here is ever replaced: the keys first, as only they can be refused.
 */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "pki/backup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECES 3 /* the store, known_hosts, the record of kubeconfigs */

static const struct {
	const char *name, *words;
	int file; /* -1: the store */
} pieces[PIECES] = {
	{ "known_hosts", "accepted host keys", PKI_BACKUP_KNOWN_HOSTS },
	{ "kubeconfigs", "record of kubeconfigs", PKI_BACKUP_GIVEN },
	{ "store", "keys and CAs", -1 },
};

enum piece { ABSENT /* from the backup */, RESTORED, SAME, KEPT };

struct restore {
	struct cli_run run;
	struct pki_backup backup;
	struct pki_store *store; /* the backup's */
	enum piece piece[PIECES];
	bool lacks; /* the store that is here has all but the keys of Secrets */
};

static void info_of(const struct pki_store *s, struct pki_cert_info *out)
{
	const char *pem = pki_store_pem(s, PKI_CA_CRT);

	memset(out, 0, sizeof(*out));
	pki_cert_info(pem, strlen(pem), out, NULL);
}

/* ---- what is here already ---------------------------------------------------------------------------------------- */

/* When the files of the store were written, at the latest. */
static int64_t written(const char *dir)
{
	int64_t newest = 0;

	for (int i = 0; i < PKI_STORED; i++) {
		char *path = xasprintf("%s/%s", dir, pki_shared[i].file);
		struct stat st;

		if (stat(path, &st) == 0 && st.st_mtime > newest)
			newest = st.st_mtime;
		free(path);
	}
	return newest;
}

/* Which is newer: by the cluster CA, and when that is the same one, by when they were written. */
static void compare_ages(const struct restore *x, struct str *out)
{
	struct pki_cert_info here, there;
	int64_t a, b;
	bool same;
	char when[2][32];

	info_of(x->run.world.pki.store, &here);
	info_of(x->store, &there);
	same = strcmp(here.sha256, there.sha256) == 0;
	a = same ? written(x->run.store_dir) : here.not_before;
	b = same ? x->backup.made : there.not_before;
	clock_rfc3339(a * 1000, when[0], sizeof(when[0]));
	clock_rfc3339(b * 1000, when[1], sizeof(when[1]));
	str_addf(out, "%s: here %s, in the backup %s. %s\n",
		same ? "The cluster CA is the same. Written" : "The cluster CA was made", when[0], when[1],
		a == b  ? "Neither is newer."
		: a > b ? "The keys that are here are newer."
			: "The backup is newer.");
}

static bool same_secrets_key(const struct restore *x, int which)
{
	const struct pki_secrets_key *here = pki_store_secrets_key(x->run.world.pki.store, which),
				     *there = pki_store_secrets_key(x->store, which);

	return here && there ? strcmp(here->id, there->id) == 0 : !here && !there;
}

static int refuse_other(const struct restore *x, struct error *err)
{
	static const char *const secrets[PKI_SECRETS_KEYS] = { "secrets.key", "secrets.old.key" };
	const char *dir = x->run.store_dir;
	struct str text = STR_INIT;

	str_add(&text, "Not the same:");
	for (int i = 0; i < PKI_STORED; i++)
		if (strcmp(pki_store_pem(x->store, (enum pki_pem)i),
			    pki_store_pem(x->run.world.pki.store, (enum pki_pem)i)) != 0)
			str_addf(&text, " %s", pki_shared[i].file);
	for (int i = 0; i < PKI_SECRETS_KEYS; i++)
		if (!same_secrets_key(x, i))
			str_addf(&text, " %s", secrets[i]);
	str_add(&text, "\n");
	compare_ages(x, &text);
	error_set(err, ERROR_PKI, "the keys in '%s' are not those of the backup", dir);
	error_hint(err,
		"to have both, move the folder away (mv '%s' '%s.other') or name another one (--set pki.store=DIR), and restore again; nothing was changed",
		dir, dir);
	error_detail(err, text.buf);
	str_release(&text);
	return -1;
}

/* Opened, and compared, when there is one; otherwise its passphrase is asked for, as for any new one. */
static int look_at_store(struct restore *x, struct error *err)
{
	struct cli_run *r = &x->run;
	enum pki_store_state state = pki_store_state(r->store_dir);

	if (state == PKI_STORE_PARTIAL) {
		error_set(err, ERROR_PKI, "the key store in '%s' is incomplete, and a restore replaces nothing",
			r->store_dir);
		return error_hint(
			err, "move the folder away (mv '%s' '%s.other') and restore again", r->store_dir, r->store_dir);
	}
	if (state == PKI_STORE_NONE)
		return cli_keys_secrets(r, err);
	if (cli_keys_open(r, err))
		return -1;
	x->lacks = pki_store_secrets_lacks(r->world.pki.store, x->store);
	x->piece[PIECES - 1] = x->lacks ? RESTORED : SAME;
	if (x->lacks)
		return 0;
	return pki_store_same(r->world.pki.store, x->store) ? 0 : refuse_other(x, err);
}

static const char *path_of(const struct restore *x, size_t i)
{
	return pieces[i].file < 0 ? x->run.store_dir : i == 0 ? x->run.known_hosts : x->run.given;
}

static int look_at_file(struct restore *x, size_t i, struct error *err)
{
	const struct str *text = &x->backup.file[pieces[i].file];
	struct str here = STR_INIT;
	struct stat st;

	if (!x->backup.has[pieces[i].file])
		return 0;
	if (lstat(path_of(x, i), &st)) {
		x->piece[i] = RESTORED;
		return 0;
	}
	if (file_read(path_of(x, i), text->len + (1u << 24), &here, err))
		return -1;
	x->piece[i] = here.len == text->len && memcmp(here.buf, text->buf, here.len) == 0 ? SAME : KEPT;
	str_release(&here);
	return 0;
}

static int look(struct restore *x, struct error *err)
{
	x->piece[PIECES - 1] = RESTORED;
	for (size_t i = 0; i + 1 < PIECES; i++)
		if (look_at_file(x, i, err))
			return -1;
	return look_at_store(x, err);
}

/* ---- restoring --------------------------------------------------------------------------------------------------- */

static int put(const struct restore *x, struct error *err)
{
	const struct cli_run *r = &x->run;
	const char *base64[PKI_SECRETS_KEYS] = { NULL };

	for (int i = 0; x->lacks && i < PKI_SECRETS_KEYS && pki_store_secrets_key(x->store, i); i++)
		base64[i] = pki_store_secrets_key(x->store, i)->base64;
	if (x->lacks ? pki_store_secrets_give(r->world.pki.store, r->store_dir, &r->passphrase, base64, err)
		     : x->piece[PIECES - 1] == RESTORED && pki_store_save(x->store, r->store_dir, &r->passphrase, err))
		return -1;
	if (file_mkdirs(r->state_dir, 0700, err))
		return -1;
	for (size_t i = 0; i + 1 < PIECES; i++) {
		const struct str *text = &x->backup.file[pieces[i].file];

		if (x->piece[i] == RESTORED && file_create(path_of(x, i), text->buf, text->len, 0600, err))
			return error_hint(err, "run the same command again; it continues with what is missing");
	}
	return 0;
}

static bool any(const struct restore *x, enum piece state)
{
	for (size_t i = 0; i < PIECES; i++)
		if (x->piece[i] == state)
			return true;
	return false;
}

static void report_json(const struct restore *x)
{
	static const char *const states[] = {
		[ABSENT] = "absent", [RESTORED] = "restored", [SAME] = "same", [KEPT] = "kept"
	};
	struct json *j = json_object(), *list;

	json_set_str(j, "file", x->run.options->args[1]);
	cli_backup_json(&x->backup, x->store, j);
	json_set_bool(j, "changed", any(x, RESTORED));
	list = json_set(j, "restored", json_object());
	for (size_t i = 0; i < PIECES; i++)
		json_set_str(list, pieces[i].name, states[x->piece[i]]);
	cli_json_print(j);
}

static void report(const struct restore *x)
{
	const struct cli_run *r = &x->run;
	bool encrypted = pki_store_encrypted(r->store_dir);

	if (x->piece[PIECES - 1] == RESTORED && x->backup.passphrase && !encrypted)
		fputs("note: the keys had a passphrase when the backup was made, and are stored without one now; 'kubewright certs passphrase' sets one\n",
			stderr);
	if (r->options->json) {
		report_json(x);
		return;
	}
	puts("");
	for (size_t i = 0; i < PIECES; i++)
		if (x->piece[i] == RESTORED)
			printf("restored: %s, in %s\n", pieces[i].words, path_of(x, i));
		else if (x->piece[i] == KEPT)
			printf("kept: %s, as %s is there and differs from the backup\n", pieces[i].words,
				path_of(x, i));
	if (!any(x, RESTORED))
		puts("nothing to do: the same keys are here already");
	else
		puts("next: kubewright status");
}

/* All that can be refused without a look at what is here. */
static int open_backup(struct restore *x, const char *file, struct error *err)
{
	struct secret passphrase = { 0 };
	struct str data = STR_INIT, what = STR_INIT;
	int rc = pki_backup_read(file, &data, err);

	str_addf(&what, "backup %s", file);
	if (rc == 0)
		rc = cli_passphrase(&x->run, what.buf, false, &passphrase, err) ||
				     pki_backup_open(file, &data, &passphrase, &x->backup, err)
			     ? -1
			     : 0;
	secret_release(&passphrase);
	str_release(&what);
	str_release(&data);
	x->store = rc == 0 ? pki_backup_store(&x->backup, err) : NULL;
	if (rc == 0 && !x->store)
		error_wrap(err, "in the backup '%s'", file);
	return x->store ? 0 : -1;
}

static int check_cluster(const struct restore *x, const char *file, struct error *err)
{
	const char *want = x->run.inventory->cluster;

	if (strcmp(x->backup.cluster, want) == 0)
		return 0;
	error_refuse(err, ERROR_PKI, REFUSAL_OTHER_CLUSTER, x->backup.cluster,
		"'%s' is the backup of cluster %s, and the inventory describes %s", file, x->backup.cluster, want);
	return error_hint(err, "name the inventory of cluster %s with --file; nothing was changed", x->backup.cluster);
}

static int restore(struct restore *x, const struct cli_options *o, struct error *err)
{
	const char *file = o->args[1];

	if (cli_run_load(&x->run, o, err) || open_backup(x, file, err))
		return -1;
	if (!o->json)
		cli_backup_print(file, &x->backup, x->store);
	fflush(stdout);
	if (check_cluster(x, file, err) || look(x, err) || put(x, err))
		return -1;
	report(x);
	return 0;
}

int cli_certs_restore(const struct cli_options *o)
{
	struct restore x = { 0 };
	struct error err = { 0 };
	int status;

	pki_backup_init(&x.backup);
	status = restore(&x, o, &err) ? cli_fail(&err) : 0;
	pki_store_free(x.store);
	pki_backup_release(&x.backup);
	cli_keys_close(&x.run);
	return status;
}
