/* What is in a backup: a line each, and files as they are. backup.h has its form. */
#include "pki/backup.h"

#include "base/error.h"
#include "pki/private.h"

#include <string.h>

#define FIRST "kubewright backup 1"
/* the end of the year 9999, as certificates have it */
#define TIME_MAX INT64_C(253402300799)
#define LINE_MAX_BYTES 128

static const char *name_of(int file)
{
	static const char *const more[] = { "known_hosts", "kubeconfigs.jsonl" };

	return file < PKI_STORE_FILES ? pki_stored_name(file) : more[file - PKI_STORE_FILES];
}

static size_t most(int file)
{
	return file < PKI_STORE_FILES ? PKI_STORE_FILE_MAX : PKI_BACKUP_MORE_MAX;
}

void pki_backup_init(struct pki_backup *b)
{
	memset(b, 0, sizeof(*b));
	for (int i = 0; i < PKI_BACKUP_FILES; i++)
		str_init(&b->file[i]);
}

void pki_backup_release(struct pki_backup *b)
{
	for (int i = 0; i < PKI_BACKUP_FILES; i++)
		str_wipe(&b->file[i]);
}

void pki_backup_fill(struct pki_backup *b, const struct pki_store *s)
{
	for (int i = 0; i < PKI_STORED; i++) {
		str_add(&b->file[i], pki_store_pem(s, (enum pki_pem)i));
		b->has[i] = true;
	}
	for (int i = 0; i < PKI_ROTATED; i++) {
		int file = pki_stored_other(i, s->phase[i]);

		if (file < 0)
			continue;
		str_add(&b->file[file], s->other_key[i].text);
		b->has[file] = true;
	}
	for (int i = 0; i < PKI_SECRETS_KEYS; i++) {
		if (!s->secrets[i].id[0])
			continue;
		str_add(&b->file[PKI_STORE_SECRETS + i], s->secrets_pem[i].text);
		b->has[PKI_STORE_SECRETS + i] = true;
	}
	if (s->more_publics.text) {
		str_add(&b->file[PKI_STORE_PUBLICS], s->pem[PKI_SA_PUB].text);
		b->has[PKI_STORE_PUBLICS] = true;
	}
}

struct pki_store *pki_backup_store(const struct pki_backup *b, struct error *err)
{
	const char *pem[PKI_STORE_FILES];

	for (int i = 0; i < PKI_STORE_FILES; i++)
		pem[i] = b->has[i] ? b->file[i].buf : NULL;
	return pki_store_parse_files(pem, err);
}

int pki_backup_text(const struct pki_backup *b, struct str *out, struct error *err)
{
	str_addf(out, FIRST "\ncluster %s\nmade %lld\npassphrase %s\n", b->cluster, (long long)b->made,
		b->passphrase ? "yes" : "no");
	for (int i = 0; i < PKI_BACKUP_FILES; i++) {
		if (!b->has[i])
			continue;
		if (b->file[i].len > most(i))
			return error_set(err, ERROR_PKI, "'%s' is larger than %zu bytes", name_of(i), most(i));
		if (memchr(b->file[i].buf, '\0', b->file[i].len))
			return error_set(err, ERROR_PKI, "'%s' is damaged: it has a NUL byte", name_of(i));
		str_addf(out, "file %s %zu\n", name_of(i), b->file[i].len);
		str_addn(out, b->file[i].buf, b->file[i].len);
	}
	str_add(out, "end\n");
	return 0;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

struct reader {
	const char *at, *end;
	char line[LINE_MAX_BYTES];
};

static bool next_line(struct reader *r)
{
	size_t left = (size_t)(r->end - r->at);
	const char *end = memchr(r->at, '\n', left < sizeof(r->line) ? left : sizeof(r->line));
	size_t n = end ? (size_t)(end - r->at) : 0;

	if (!end || memchr(r->at, '\0', n))
		return false;
	memcpy(r->line, r->at, n);
	r->line[n] = '\0';
	r->at = end + 1;
	return true;
}

/* What follows "WORD " in the next line, or NULL. */
static const char *word(struct reader *r, const char *name)
{
	size_t n = strlen(name);

	return next_line(r) && strncmp(r->line, name, n) == 0 && r->line[n] == ' ' ? r->line + n + 1 : NULL;
}

/* Digits alone, without a leading zero. */
static bool number(const char *text, uint64_t max, uint64_t *out)
{
	*out = 0;
	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || *out > max / 10)
			return false;
		*out = *out * 10 + (uint64_t)(*text - '0');
	}
	return *out <= max;
}

static bool take_head(struct reader *r, struct pki_backup *out)
{
	uint64_t made;
	const char *text;

	if (!next_line(r) || strcmp(r->line, FIRST) != 0 || !(text = word(r, "cluster")) || !*text ||
		strlen(text) >= sizeof(out->cluster))
		return false;
	str_copy_line(out->cluster, sizeof(out->cluster), text);
	if (strcmp(out->cluster, text) != 0 || !(text = word(r, "made")) || !number(text, TIME_MAX, &made))
		return false;
	out->made = (int64_t)made;
	text = word(r, "passphrase");
	out->passphrase = text && strcmp(text, "yes") == 0;
	return text && (out->passphrase || strcmp(text, "no") == 0);
}

/* The line "file NAME LENGTH" is in r->line. */
static bool take_file(struct reader *r, struct pki_backup *out)
{
	char *name = r->line + 5, *blank = strchr(name, ' ');
	uint64_t n;

	if (!blank)
		return false;
	*blank = '\0';
	for (int i = 0; i < PKI_BACKUP_FILES; i++) {
		if (strcmp(name, name_of(i)) != 0)
			continue;
		if (out->has[i] || !number(blank + 1, most(i), &n) || n > (size_t)(r->end - r->at) ||
			memchr(r->at, '\0', (size_t)n))
			return false;
		str_addn(&out->file[i], r->at, (size_t)n);
		out->has[i] = true;
		r->at += n;
		return true;
	}
	return false;
}

int pki_backup_parse(const struct str *text, struct pki_backup *out, struct error *err)
{
	struct reader r = { text->buf, text->buf + text->len, "" };
	bool ok = take_head(&r, out), end = false;

	while (ok && !end) {
		ok = next_line(&r);
		end = ok && strcmp(r.line, "end") == 0;
		if (ok && !end)
			ok = strncmp(r.line, "file ", 5) == 0 && take_file(&r, out);
	}
	for (int i = 0; i < PKI_STORED; i++)
		ok = ok && out->has[i];
	secret_wipe(r.line, sizeof(r.line));
	if (ok && r.at == r.end)
		return 0;
	error_set(err, ERROR_PKI, "the backup has another form than this kubewright reads");
	return error_hint(err, "use the kubewright that made it, or a newer one");
}
