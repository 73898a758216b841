/* What a look at certificates saw, for the page of the wizard. */
#include "cli/wizard.h"

#include "base/clock.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "tui/wizard.h"

#include <stdlib.h>
#include <string.h>

/* Into the arena; text is empty afterwards. */
static const char *keep(struct arena *a, struct str *text)
{
	const char *kept = arena_strdup(a, text->buf);

	str_clear(text);
	return kept;
}

static void fill_known(
	const struct pki_cert *cert, const struct certs_report *c, struct arena *a, struct port_cert *out)
{
	const struct pki_cert_info *info = &cert->info;
	struct str text = STR_INIT;

	out->readable = true;
	out->days = certs_days(info->not_after, c->now_s);
	out->early_days = info->not_before > c->now_s ? certs_days(info->not_before, c->now_s) : 0;
	out->begin_s = info->not_before;
	out->end_s = info->not_after;
	out->ca = info->is_ca;
	certs_subject(cert, &text);
	out->subject = keep(a, &text);
	certs_names(cert, true, &text);
	out->names = keep(a, &text);
	out->issuer = arena_strdup(a, info->issuer_cn[0] ? info->issuer_cn : "-");
	out->key = arena_printf(a, "%s %d", cert->algorithm, cert->bits);
	out->serial = arena_strdup(a, info->serial);
	out->sha256 = arena_strdup(a, info->sha256);
	str_release(&text);
}

static size_t difference_of(const struct port_certs *out, const struct certs_file *f)
{
	for (size_t i = 0; f->differs && i < out->difference_count; i++)
		if (strcmp(out->differences[i].file, f->kind->shared) == 0)
			return i;
	return SIZE_MAX;
}

static void fill_cert(
	const struct certs_row *row, const struct certs_report *c, struct port_certs *out, struct port_cert *cert)
{
	const struct certs_file *f = row->file;

	*cert = (struct port_cert){ .host = out->host_count, .state = row->state, .difference = difference_of(out, f) };
	cert->path = arena_strdup(&out->arena, f->path);
	cert->file =
		arena_printf(&out->arena, row->index ? "%s (%zu)" : "%s", certs_short_path(c, f->path), row->index + 1);
	cert->renewed = f->kind && f->kind->renewed;
	if (f->kind && !f->unused)
		memcpy(cert->readers, f->kind->readers, sizeof(cert->readers));
	if (row->cert)
		fill_known(row->cert, c, &out->arena, cert);
}

static void fill_host(const struct certs_report *c, size_t i, struct arena *a, struct port_certs_host *out)
{
	const struct inventory_host *host = certs_report_host(c, i);
	const struct error *e = host && c->run->engine ? engine_host_error(c->run->engine, (int)i) : NULL;
	struct str text = STR_INIT;

	certs_left_out(c->hosts[i], &text);
	out->name = arena_strdup(a, host ? host->name : "this machine");
	out->role = host ? status_role(c->run, i) : "";
	out->looked = c->hosts[i]->looked;
	out->left_out = keep(a, &text);
	if (e)
		out->error = *e;
	str_release(&text);
}

/* The hosts, each with its rows; lists: per host of the report. */
static void fill_hosts(const struct certs_report *c, const struct certs_rows *lists, struct port_certs *out)
{
	size_t all = 0;

	for (size_t i = 0; i < c->host_count; i++)
		all += lists[i].count;
	out->hosts = arena_alloc(&out->arena, (c->host_count + 1) * sizeof(*out->hosts));
	out->list = arena_alloc(&out->arena, (all + 1) * sizeof(*out->list));
	for (size_t i = 0; i < c->host_count; i++) {
		if (!c->hosts[i])
			continue;
		fill_host(c, i, &out->arena, &out->hosts[out->host_count]);
		for (size_t k = 0; k < lists[i].count; k++)
			fill_cert(&lists[i].list[k], c, out, &out->list[out->count++]);
		out->host_count++;
	}
}

static void fill_differences(const struct certs_report *c, struct port_certs *out)
{
	struct str text = STR_INIT;

	out->differences = arena_alloc(&out->arena, PKI_SHARED * sizeof(*out->differences));
	for (size_t s = 0; s < PKI_SHARED; s++) {
		const char *name = pki_shared[s].file;

		for (size_t i = 0; i < c->host_count; i++) {
			const char *sum;

			if (!certs_report_first(c, name, i))
				continue;
			sum = certs_shared(c->hosts[i], name)->sum;
			str_addf(&text, "%.12s  ", sum);
			certs_same(c, name, sum, &text);
			str_addc(&text, '\n');
		}
		if (text.len)
			out->differences[out->difference_count++] =
				(struct port_certs_difference){ name, keep(&out->arena, &text) };
	}
	str_release(&text);
}

/* By which files are there: no passphrase is needed. */
static void fill_rotated(const struct cli_run *r, struct port_certs *out)
{
	struct str text = STR_INIT;

	out->rotated = arena_alloc(&out->arena, (PKI_ROTATED + 1) * sizeof(*out->rotated));
	for (size_t i = 0; i < PKI_ROTATED; i++) {
		const struct rotate_kind *kind = &rotate_kinds[i];
		struct port_rotated *at = &out->rotated[out->rotated_count];
		enum pki_phase phase = pki_store_phase_at(r->store_dir, kind->issuer);

		*at = (struct port_rotated){ kind->name, kind->what, phase == PKI_PHASE_ONE, "", "" };
		certs_phase_words(kind, phase, &text);
		at->words = keep(&out->arena, &text);
		if (!at->done)
			certs_phase_next(kind, phase, &text);
		at->next = keep(&out->arena, &text);
		out->rotated_count++;
	}
	/* in one run, so that it is in no phase */
	if (r->inventory->security.encrypt_secrets)
		out->rotated[out->rotated_count++] =
			(struct port_rotated){ CERTS_SECRETS_KEY, "key", true, "Secrets are encrypted with it", "" };
	str_release(&text);
}

void cli_wizard_certs(struct cli_run *r, struct port_certs *out)
{
	struct certs_host here = { 0 };
	struct certs_rows *lists;
	struct certs_report c;

	*out = (struct port_certs){ .warn_days = r->inventory->pki.warn_days,
		.critical_days = r->inventory->pki.critical_days };
	certs_look_here(&here, r);
	certs_report_fill(&c, r, &here, clock_wall_ms() / 1000);
	fill_differences(&c, out);
	fill_rotated(r, out);
	lists = xcalloc(c.host_count, sizeof(*lists));
	for (size_t i = 0; i < c.host_count; i++)
		if (c.hosts[i])
			certs_rows_make(c.hosts[i], &c, &lists[i]);
	fill_hosts(&c, lists, out);
	for (size_t i = 0; i < c.host_count; i++)
		free(lists[i].list);
	free(lists);
	certs_report_release(&c);
	certs_release(&here);
}
