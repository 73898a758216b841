/* kubewright certs backup FILE: the cluster's keys, and what else another machine needs to manage it, in one encrypted file. */
#include "cli/run.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "pki/backup.h"
#include "pki/given.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KNOWN_HOSTS_MAX (16u << 20)

/* ---- what a backup has, for people and programs ------------------------------------------------------------------ */

static size_t lines(const struct str *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->buf[i] == '\n' && i > 0 && text->buf[i - 1] != '\n';
	return n;
}

static void day(int64_t s, char out[32])
{
	clock_rfc3339(s * 1000, out, 32);
	out[10] = '\0';
}

static const enum pki_pem cas[] = { PKI_CA_CRT, PKI_ETCD_CA_CRT, PKI_FRONT_PROXY_CA_CRT };
#define CAS (sizeof(cas) / sizeof(cas[0]))

static void info_of(const struct pki_store *s, enum pki_pem which, struct pki_cert_info *out)
{
	const char *pem = pki_store_pem(s, which);

	memset(out, 0, sizeof(*out));
	pki_cert_info(pem, strlen(pem), out, NULL);
}

void cli_backup_print(const char *file, const struct pki_backup *b, const struct pki_store *s)
{
	struct pki_cert_info info;
	char made[32], from[32], to[32];

	clock_rfc3339(b->made * 1000, made, sizeof(made));
	printf("%s: backup of cluster %s, made %s\n", file, b->cluster, made);
	for (size_t i = 0; i < CAS; i++) {
		info_of(s, cas[i], &info);
		day(info.not_before, from);
		day(info.not_after, to);
		printf("  CA %-16s %s to %s\n    sha256 %s\n", info.subject_cn, from, to, info.sha256);
	}
	puts("  key of the service accounts");
	for (int i = 0; i < PKI_SECRETS_KEYS && pki_store_secrets_key(s, i); i++)
		printf("  key of Secrets %s%s\n", pki_store_secrets_key(s, i)->id, i ? ", an earlier one" : "");
	if (b->has[PKI_BACKUP_KNOWN_HOSTS])
		printf("  accepted host keys: %zu\n", lines(&b->file[PKI_BACKUP_KNOWN_HOSTS]));
	if (b->has[PKI_BACKUP_GIVEN])
		printf("  record of kubeconfigs: %zu\n", lines(&b->file[PKI_BACKUP_GIVEN]));
}

void cli_backup_json(const struct pki_backup *b, const struct pki_store *s, struct json *j)
{
	struct pki_cert_info info;
	struct json *list, *ca;
	char time[32];

	json_set_str(j, "cluster", b->cluster);
	clock_rfc3339(b->made * 1000, time, sizeof(time));
	json_set_str(j, "made", time);
	list = json_set(j, "cas", json_array());
	for (size_t i = 0; i < CAS; i++) {
		info_of(s, cas[i], &info);
		ca = json_add(list, json_object());
		json_set_str(ca, "subject_cn", info.subject_cn);
		json_set_str(ca, "sha256", info.sha256);
		clock_rfc3339(info.not_before * 1000, time, sizeof(time));
		json_set_str(ca, "not_before", time);
		clock_rfc3339(info.not_after * 1000, time, sizeof(time));
		json_set_str(ca, "not_after", time);
	}
	list = json_set(j, "secrets_keys", json_array());
	for (int i = 0; i < PKI_SECRETS_KEYS && pki_store_secrets_key(s, i); i++)
		json_add(list, json_string(pki_store_secrets_key(s, i)->id));
	json_set_int(j, "host_keys", (int64_t)lines(&b->file[PKI_BACKUP_KNOWN_HOSTS]));
	json_set_int(j, "kubeconfigs", (int64_t)lines(&b->file[PKI_BACKUP_GIVEN]));
}

/* ---- making one ---------------------------------------------------------------------------------------------------- */

/* An earlier backup is replaced when that is agreed to; nothing else ever is. *replace: there is one. */
static int check_file(const struct cli_options *o, const char *file, bool *replace, struct error *err)
{
	struct str question = STR_INIT, why = STR_INIT;
	struct stat st;
	int rc;

	*replace = false;
	if (lstat(file, &st))
		return errno == ENOENT ? 0 : error_errno(err, ERROR_SYSTEM, errno, "cannot look at '%s'", file);
	if (!S_ISREG(st.st_mode) || !pki_backup_is(file)) {
		error_set(err, ERROR_USAGE, "'%s' already exists and is not a backup of a cluster's keys", file);
		return error_hint(err, "name another file");
	}
	str_addf(&question, "'%s' is an earlier backup. Replace it?", file);
	str_addf(&why, "'%s' is an earlier backup, and replacing it must be confirmed", file);
	rc = cli_confirm_yes(o, question.buf, why.buf, err);
	if (rc)
		error_hint(err, "name another file, or confirm it with --yes");
	*replace = rc == 0;
	str_release(&question);
	str_release(&why);
	return rc;
}

static int add_file(struct pki_backup *b, int file, const char *path, size_t max, struct error *err)
{
	b->has[file] = access(path, F_OK) == 0;
	return b->has[file] ? file_read(path, max, &b->file[file], err) : 0;
}

static int fill(const struct cli_run *r, struct pki_backup *b, struct error *err)
{
	str_copy_line(b->cluster, sizeof(b->cluster), r->inventory->cluster);
	if (strcmp(b->cluster, r->inventory->cluster) != 0)
		return error_set(err, ERROR_INVENTORY, "the cluster's name is too long for a backup");
	b->made = clock_wall_ms() / 1000;
	b->passphrase = pki_store_encrypted(r->store_dir);
	pki_backup_fill(b, r->world.pki.store);
	return add_file(b, PKI_BACKUP_KNOWN_HOSTS, r->known_hosts, KNOWN_HOSTS_MAX, err) ||
			       add_file(b, PKI_BACKUP_GIVEN, r->given, PKI_GIVEN_MAX, err)
		       ? -1
		       : 0;
}

static void report(const struct cli_run *r, const char *file, const struct pki_backup *b)
{
	struct json *j;

	if (r->options->json) {
		j = json_object();
		json_set_str(j, "file", file);
		cli_backup_json(b, r->world.pki.store, j);
		cli_json_print(j);
		return;
	}
	cli_backup_print(file, b, r->world.pki.store);
	puts("\nwritten, read back and verified; its passphrase alone opens it, and the keys in it\n"
	     "next: keep it on another machine, with the inventory, which is not in it; 'kubewright certs restore' reads it");
}

static int backup(struct cli_run *r, struct pki_backup *b, const struct cli_options *o, struct error *err)
{
	const char *file = o->args[1];
	struct secret passphrase = { 0 };
	bool replace;
	int rc = cli_run_load(r, o, err) || cli_keys_there(r, err) || check_file(o, file, &replace, err) ||
				 cli_keys_open(r, err) || fill(r, b, err) ||
				 cli_passphrase(r, "new backup", true, &passphrase, err) ||
				 pki_backup_write(b, file, replace, &passphrase, err)
			 ? -1
			 : 0;

	secret_release(&passphrase);
	if (rc == 0)
		report(r, file, b);
	return rc;
}

int cli_certs_backup(const struct cli_options *o)
{
	struct pki_backup b;
	struct error err = { 0 };
	struct cli_run r;
	int status;

	pki_backup_init(&b);
	status = backup(&r, &b, o, &err) ? cli_fail(&err) : 0;
	pki_backup_release(&b);
	cli_keys_close(&r);
	return status;
}
