/* The certificates for people: 80 columns, by host, what ends first at the top. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

/* where the columns of a certificate begin */
#define AT_END 10
#define AT_READERS 52

static void add_row(struct certs_rows *rows, const struct certs_file *f, size_t index, const struct certs_report *c)
{
	const struct pki_cert *cert = f->count ? &f->list[index] : NULL;

	rows->list = xrealloc(rows->list, rows->count + 1, sizeof(*rows->list));
	rows->list[rows->count++] =
		(struct certs_row){ f, cert, index, certs_state(f, cert, c->run->inventory, c->now_s) };
}

/* What nobody reads comes last, what is unreadable first. */
static int by_end(const void *x, const void *y)
{
	const struct certs_row *a = x, *b = y;
	int64_t end_a = a->cert ? a->cert->info.not_after : INT64_MIN;
	int64_t end_b = b->cert ? b->cert->info.not_after : INT64_MIN;

	if ((a->state == CERTS_UNUSED) != (b->state == CERTS_UNUSED))
		return a->state == CERTS_UNUSED ? 1 : -1;
	if (end_a != end_b)
		return end_a < end_b ? -1 : 1;
	if (a->file != b->file)
		return strcmp(a->file->path, b->file->path);
	return (a->index > b->index) - (a->index < b->index);
}

void certs_rows_make(const struct certs_host *h, const struct certs_report *c, struct certs_rows *out)
{
	*out = (struct certs_rows){ NULL, 0 };
	for (size_t i = 0; i < h->count; i++) {
		const struct certs_file *f = &h->files[i];

		for (size_t k = 0; k < f->count; k++)
			add_row(out, f, k, c);
		/* public keys have no end */
		if (!f->count && !f->key_count)
			add_row(out, f, 0, c);
	}
	if (out->count)
		qsort(out->list, out->count, sizeof(*out->list), by_end);
}

const char *certs_short_path(const struct certs_report *c, const char *path)
{
	static const char *const folders[] = { "/etc/kubernetes/pki/", "/etc/kubernetes/", "/var/lib/kubelet/pki/" };
	const char *own[] = { c->run->store_dir, c->run->state_dir };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (str_starts(path, folders[i]))
			return path + strlen(folders[i]);
	for (size_t i = 0; i < 2; i++)
		if (own[i] && str_starts(path, own[i]) && path[strlen(own[i])] == '/')
			return path + strlen(own[i]) + 1;
	return path;
}

static void readers(const struct certs_row *row, struct str *out)
{
	const struct certs_kind *kind = row->file->kind;

	if (row->state == CERTS_UNUSED || !kind) {
		str_add(out, "-");
		return;
	}
	for (size_t i = 0; i < CERTS_READERS && kind->readers[i].name; i++)
		str_addf(out, "%s%s%s", i ? ", " : "", kind->readers[i].name, kind->readers[i].restarts ? "*" : "");
}

static const struct {
	const char *mark;
	enum cli_color color;
} marks[CERTS_STATES] = {
	[CERTS_UNREADABLE] = { "!!", CLI_RED },
	[CERTS_EXPIRED] = { "!!", CLI_RED },
	[CERTS_EARLY] = { "!!", CLI_RED },
	[CERTS_CRITICAL] = { "!!", CLI_RED },
	[CERTS_WARNING] = { "!", CLI_YELLOW },
	[CERTS_OK] = { "", CLI_PLAIN },
	[CERTS_UNUSED] = { "", CLI_DIM },
};

void certs_subject(const struct pki_cert *cert, struct str *out)
{
	str_addf(out, "CN %s", cert->info.subject_cn[0] ? cert->info.subject_cn : "-");
	for (size_t i = 0; i < cert->org_count; i++)
		str_addf(out, ", O %s", cert->orgs[i]);
}

void certs_names(const struct pki_cert *cert, bool lines, struct str *out)
{
	static const char *const kinds[] = { [PKI_NAME_DNS] = "DNS",
		[PKI_NAME_IP] = "IP",
		[PKI_NAME_URI] = "URI",
		[PKI_NAME_EMAIL] = "mail",
		[PKI_NAME_OTHER] = "other" };

	for (size_t i = 0; i < cert->san_count; i++)
		str_addf(out, "%s%s %s",
			i == 0  ? ""
			: lines ? "\n"
				: ", ",
			kinds[cert->sans[i].kind], cert->sans[i].text);
	if (cert->sans_left_out)
		str_addf(out, "%sand %zu more", lines ? "\n" : " ", cert->sans_left_out);
}

/* Subject, issuer, key and names. */
static void details(const struct pki_cert *cert, struct str *out)
{
	struct str text = STR_INIT;

	certs_subject(cert, &text);
	str_addf(&text, "; issuer %s; %s %d%s", cert->info.issuer_cn[0] ? cert->info.issuer_cn : "-", cert->algorithm,
		cert->bits, cert->info.is_ca ? "; CA" : "");
	if (cert->san_count)
		str_add(&text, "; names ");
	certs_names(cert, false, &text);
	str_addf(out, "%*s", AT_END, "");
	cli_wrap(out, text.buf, AT_END, AT_END);
	str_release(&text);
}

static void row_line(const struct certs_report *c, const struct certs_row *row, bool verbose, struct str *out)
{
	char days[16] = "-", end[32] = "unreadable", number[32] = "", file[160];
	struct str who = STR_INIT;

	if (row->cert) {
		snprintf(days, sizeof(days), "%d", certs_days(row->cert->info.not_after, c->now_s));
		clock_rfc3339(row->cert->info.not_after * 1000, end, sizeof(end));
	}
	if (row->index)
		snprintf(number, sizeof(number), " (%zu)", row->index + 1);
	snprintf(file, sizeof(file), "%s%s", certs_short_path(c, row->file->path), number);
	readers(row, &who);
	str_addf(out, "%s%-2s%s %5s  %-10.10s  %-28s  ", cli_color(stdout, marks[row->state].color),
		marks[row->state].mark, cli_color(stdout, CLI_PLAIN), days, end, file);
	cli_wrap(out, who.buf, AT_READERS, AT_READERS);
	str_release(&who);
	if (verbose && row->cert)
		details(row->cert, out);
}

void certs_left_out(const struct certs_host *h, struct str *out)
{
	size_t more = h->more, before = out->len;

	for (size_t i = 0; i < h->count; i++)
		more += h->files[i].left_out;
	for (const char *p = h->left_out ? h->left_out : ""; *p; p += strcspn(p, "\n"), p += *p == '\n')
		str_addf(out, "%s %.*s", out->len > before ? "," : "not read:", (int)strcspn(p, "\n"), p);
	if (more)
		str_addf(out, "%s%zu more that are not shown", out->len > before ? "; " : "", more);
}

static void left_out(const struct certs_host *h, struct str *out)
{
	struct str text = STR_INIT;

	certs_left_out(h, &text);
	if (text.len) {
		str_add(out, "   ");
		cli_wrap(out, text.buf, 3, 3);
	}
	str_release(&text);
}

static void heading(const struct certs_report *c, size_t i, size_t rows, struct str *out)
{
	const struct inventory_host *host = certs_report_host(c, i);

	str_addf(out, "\n%s%s%s", cli_color(stdout, CLI_BOLD), host ? host->name : "this machine",
		cli_color(stdout, CLI_PLAIN));
	if (host)
		str_addf(out, ", %s", status_role(c->run, i));
	if (!c->hosts[i]->looked)
		str_addf(out, ": %snot looked at%s", cli_color(stdout, CLI_RED), cli_color(stdout, CLI_PLAIN));
	else if (!rows)
		str_add(out, ": no certificates");
	str_addc(out, '\n');
	if (rows)
		str_addf(out, "   %5s  %-10s  %-28s  %s\n", "DAYS", "END", "FILE", "READ BY");
}

void certs_same(const struct certs_report *c, const char *name, const char *sum, struct str *out)
{
	bool any = false;

	for (size_t i = 0; i < c->host_count; i++) {
		const struct certs_file *f = certs_shared(c->hosts[i], name);
		const struct inventory_host *host = certs_report_host(c, i);

		if (!f || strcmp(f->sum, sum) != 0)
			continue;
		str_addf(out, "%s%s", any ? ", " : "", host ? host->name : "this machine");
		any = true;
	}
}

/* The hosts whose file has this digest. */
static void group(const struct certs_report *c, const char *name, const char *sum, struct str *out)
{
	struct str hosts = STR_INIT;

	certs_same(c, name, sum, &hosts);
	str_addf(out, "   %.12s  ", sum);
	cli_wrap(out, hosts.buf, 17, 17);
	str_release(&hosts);
}

static void differences(const struct certs_report *c, struct str *out)
{
	for (size_t s = 0; s < PKI_SHARED; s++) {
		bool said = false;

		for (size_t i = 0; i < c->host_count; i++) {
			if (!certs_report_first(c, pki_shared[s].file, i))
				continue;
			if (!said)
				str_addf(out, "\n%s%s is not the same everywhere:%s\n", cli_color(stdout, CLI_RED),
					pki_shared[s].file, cli_color(stdout, CLI_PLAIN));
			said = true;
			group(c, pki_shared[s].file, certs_shared(c->hosts[i], pki_shared[s].file)->sum, out);
		}
	}
}

static void total(const unsigned *counts, const struct inventory *inv, struct str *out)
{
	const struct {
		enum certs_state state;
		const char *words;
		int days; /* … words N days left; 0: the words say it */
	} parts[] = { { CERTS_UNREADABLE, "unreadable", 0 }, { CERTS_EXPIRED, "expired", 0 },
		{ CERTS_EARLY, "not valid yet", 0 }, { CERTS_CRITICAL, "with fewer than", inv->pki.critical_days },
		{ CERTS_WARNING, "with fewer than", inv->pki.warn_days } };
	struct str text = STR_INIT;
	unsigned all = 0;

	for (int i = 0; i < CERTS_STATES; i++)
		all += counts[i];
	str_addf(&text, "%u certificate%s", all, all == 1 ? "" : "s");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!counts[parts[i].state])
			continue;
		str_addf(&text, ", %u %s", counts[parts[i].state], parts[i].words);
		if (parts[i].days)
			str_addf(&text, " %d days left", parts[i].days);
	}
	cli_wrap(out, text.buf, 0, 0);
	str_release(&text);
}

void certs_table(const struct certs_report *c, bool verbose, struct str *out)
{
	unsigned counts[CERTS_STATES] = { 0 };
	size_t all = 0;

	str_addf(out, "Certificates of cluster %s\n", c->run->inventory->cluster);
	for (size_t i = 0; i < c->host_count; i++) {
		struct certs_rows rows;

		if (!c->hosts[i])
			continue;
		certs_rows_make(c->hosts[i], c, &rows);
		heading(c, i, rows.count, out);
		for (size_t k = 0; k < rows.count; k++) {
			counts[rows.list[k].state]++;
			row_line(c, &rows.list[k], verbose, out);
		}
		left_out(c->hosts[i], out);
		all += rows.count;
		free(rows.list);
	}
	differences(c, out);
	str_addc(out, '\n');
	if (c->run->store_dir)
		certs_rotations(c->run->store_dir, out);
	total(counts, c->run->inventory, out);
	if (all)
		str_add(out, "* must restart to take up a new certificate\n");
}
