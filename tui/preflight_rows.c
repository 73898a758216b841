/* The lines of the preflight page and their words. */
#include "tui/preflight.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum row_kind preflight_kind(const struct finding *f)
{
	return f->ignored ? ROW_IGNORED : f->level == FINDING_ERROR ? ROW_ERROR : ROW_WARNING;
}

/* A host that could not be looked at has a login failure, or none when the check was stopped before it. */
static enum row_kind host_kind(const struct seen_host *h)
{
	if (h->facts.probed)
		return h->finding_count ? ROW_KINDS : ROW_CLEAR;
	return h->error.kind != ERROR_NONE ? ROW_LOGIN : ROW_UNSEEN;
}

static void add(struct preflight_rows *rows, enum row_kind kind, size_t host, size_t finding)
{
	rows->list = xrealloc(rows->list, rows->count + 1, sizeof(*rows->list));
	rows->list[rows->count++] = (struct preflight_row){ kind, host, finding };
	rows->kinds[kind]++;
}

static bool bad(const struct seen_host *h)
{
	if (host_kind(h) == ROW_LOGIN || host_kind(h) == ROW_UNSEEN)
		return true;
	for (size_t i = 0; i < h->finding_count; i++)
		if (preflight_kind(&h->findings[i]) == ROW_ERROR)
			return true;
	return false;
}

void preflight_rows_make(struct preflight_rows *rows, const struct wizard *w)
{
	free(rows->list);
	memset(rows, 0, sizeof(*rows));
	for (enum row_kind kind = ROW_LOGIN; kind < ROW_KINDS; kind++)
		for (size_t i = 0; i < w->seen_count; i++) {
			if (host_kind(&w->seen[i]) == kind)
				add(rows, kind, i, 0);
			for (size_t k = 0; k < w->seen[i].finding_count; k++)
				if (preflight_kind(&w->seen[i].findings[k]) == kind)
					add(rows, kind, i, k);
		}
	for (size_t i = 0; i < w->seen_count; i++)
		rows->bad_hosts += bad(&w->seen[i]);
}

const struct finding *preflight_finding(const struct wizard *w, const struct preflight_row *row)
{
	if (row->host >= w->seen_count || row->kind == ROW_LOGIN || row->kind == ROW_UNSEEN || row->kind == ROW_CLEAR)
		return NULL;
	return row->finding < w->seen[row->host].finding_count ? &w->seen[row->host].findings[row->finding] : NULL;
}

void preflight_rows_find(const struct preflight_rows *rows, const struct wizard *w, const char *finding, size_t *at)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct finding *f = preflight_finding(w, &rows->list[i]);

		if (f && strcmp(f->name, finding) == 0) {
			*at = i;
			return;
		}
	}
}

/* ---- words ------------------------------------------------------------------------------------------------------------ */

const char *preflight_word(enum row_kind kind)
{
	static const char *const words[ROW_KINDS] = { "error", "error", "warning", "ignored", "unseen", "ready" };

	return kind < ROW_KINDS ? words[kind] : "";
}

enum style preflight_style(enum row_kind kind)
{
	static const enum style styles[ROW_KINDS] = { STYLE_FAIL, STYLE_FAIL, STYLE_WARNING, STYLE_DIM, STYLE_WARNING,
		STYLE_OK };

	return kind < ROW_KINDS ? styles[kind] : STYLE_NORMAL;
}

enum symbol preflight_symbol(enum row_kind kind)
{
	static const enum symbol symbols[ROW_KINDS] = { SYMBOL_FAIL, SYMBOL_FAIL, SYMBOL_WARNING, SYMBOL_SKIPPED,
		SYMBOL_BLOCKED, SYMBOL_OK };

	return kind < ROW_KINDS ? symbols[kind] : SYMBOL_NONE;
}

const char *preflight_what(const struct wizard *w, const struct preflight_row *row)
{
	const struct finding *f = preflight_finding(w, row);

	if (f)
		return f->what;
	if (row->host >= w->seen_count)
		return "";
	if (row->kind == ROW_LOGIN)
		return w->seen[row->host].error.what;
	return row->kind == ROW_UNSEEN ? "was not looked at: the check was stopped" : "no findings";
}

const char *preflight_title(const struct wizard *w, const struct preflight_row *row)
{
	const struct finding *f = preflight_finding(w, row);

	return f ? f->name : row->host < w->seen_count ? w->seen[row->host].name : "";
}

void preflight_explain_finding(const struct finding *f, const char *host, struct str *out)
{
	str_addf(out, "%s on %s (%s)\n\nWhat was seen\n  %s\n", f->name, host, preflight_word(preflight_kind(f)),
		f->what);
	if (*f->why)
		str_addf(out, "\nWhy it matters\n  %s\n", f->why);
	if (*f->remedy)
		str_addf(out, "\nWhat to do\n  %s\n", f->remedy);
}

static void explain_finding(const struct wizard *w, const struct finding *f, const char *host, struct str *out)
{
	const char *remedy = w->port->remedy(f->name);

	preflight_explain_finding(f, host, out);
	if (remedy)
		str_addf(out, "\nkubewright can do this now (f)\n  %s\n", remedy);
	if (f->ignored)
		str_add(out, "\nThe inventory ignores this finding; x counts it again.\n");
}

static void fact(struct str *out, const char *label, const char *value)
{
	if (*value)
		str_addf(out, "%-8s  %s\n", label, value);
}

void preflight_explain(const struct wizard *w, const struct preflight_row *row, struct str *out)
{
	const struct finding *f = preflight_finding(w, row);
	const struct seen_host *h = row->host < w->seen_count ? &w->seen[row->host] : NULL;

	if (f) {
		explain_finding(w, f, h->name, out);
	} else if (h && row->kind == ROW_LOGIN) {
		str_addf(out, "%s (%s)\n\n", h->name, h->address);
		page_error(out, &h->error);
	} else if (h) {
		str_addf(out, "%s (%s): %s\n\n", h->name, h->address, preflight_what(w, row));
		fact(out, "System", h->facts.os);
		fact(out, "CPU", h->facts.cpu);
		fact(out, "Memory", h->facts.memory);
		fact(out, "Disks", h->facts.disk);
		fact(out, "Network", h->facts.nics);
		fact(out, "GPUs", h->facts.gpus);
		fact(out, "Machine", h->facts.kind);
	}
}

static void sum_running(const struct wizard *w, struct str *out)
{
	size_t over = 0;

	for (size_t i = 0; i < w->view.host_count; i++)
		for (size_t k = 0; k < w->view.step_count; k++) {
			const struct progress_cell *cell = runview_cell(&w->view, i, k);

			if (w->view.hosts[i].aside ||
				(cell && cell->state != CELL_NONE && cell->state != CELL_RUNNING &&
					strcmp(w->view.steps[k].name, "preflight") == 0)) {
				over++;
				break;
			}
		}
	str_addf(out, "Looking at the hosts: %zu of %zu", over, w->view.host_count);
	if (page_key_questions(w))
		str_add(out, ". New host keys wait to be confirmed: c shows them");
}

void preflight_sum(const struct wizard *w, const struct preflight_rows *rows, enum style *style, struct str *out)
{
	*style = STYLE_HEADING;
	if (page_checking(w)) {
		*style = STYLE_RUNNING;
		sum_running(w, out);
	} else if (wizard_running(w)) {
		*style = STYLE_RUNNING;
		str_add(out, w->purpose == PURPOSE_REMEDY ? "Applying the remedy" : "A run is under way");
	} else if (!page_seen_now(w)) {
		*style = STYLE_WARNING;
		str_add(out, w->seen_count ? "The inventory changed after this check: c checks again"
					   : "Nothing was checked yet: c checks the hosts");
		if (w->begin_error.kind != ERROR_NONE)
			str_addf(out, " (%s)", w->begin_error.what);
	} else {
		page_count(out, w->seen_count, "host: ", "hosts: ");
		page_count(out, rows->kinds[ROW_LOGIN] + rows->kinds[ROW_ERROR], "error, ", "errors, ");
		page_count(out, rows->kinds[ROW_WARNING], "warning, ", "warnings, ");
		str_addf(out, "%zu ignored", rows->kinds[ROW_IGNORED]);
		if (!rows->bad_hosts)
			str_add(out, ". No findings");
	}
}

void preflight_bad(const struct wizard *w, struct str *out)
{
	size_t n = 0, shown = 0;

	for (size_t i = 0; i < w->seen_count; i++)
		n += bad(&w->seen[i]);
	page_count(out, n, "host has errors: ", "hosts have errors: ");
	for (size_t i = 0; i < w->seen_count && shown < 12; i++)
		if (bad(&w->seen[i]))
			str_addf(out, "%s%s", shown++ ? ", " : "", w->seen[i].name);
	str_addf(out, n > shown ? " and %zu more." : ".", n - shown);
}

void preflight_draw_live(const struct wizard *w, struct canvas *c, int y)
{
	for (size_t i = 0; i < w->view.host_count && y + (int)i < c->height - 1; i++) {
		const char *name = w->view.hosts[i].name;
		enum style style = STYLE_NORMAL;
		struct str text = STR_INIT;
		enum symbol symbol = hosts_state(w, name, &style, &text);
		int x = 4;

		canvas_symbol(c, y + (int)i, 2, style, symbol);
		page_cell(c, y + (int)i, &x, 16, 1, STYLE_NORMAL, name);
		page_cell(c, y + (int)i, &x, c->width, 8, style, text.buf);
		str_release(&text);
	}
}

/* ---- exceptions ------------------------------------------------------------------------------------------------------- */

/* list without name; with it at the end when wanted. */
static void edit_list(const char *list, const char *name, bool wanted, struct str *out)
{
	size_t n;

	for (; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (n == strlen(name) && strncmp(list, name, n) == 0)
			continue;
		str_add(out, out->len && n ? "," : "");
		str_addn(out, list, n);
	}
	if (wanted)
		str_addf(out, "%s%s", out->len ? "," : "", name);
}

int preflight_ignore(struct wizard *w, const char *finding, bool ignored, struct error *err)
{
	struct str now = STR_INIT, then = STR_INIT;
	bool current = page_seen_now(w);
	int rc;

	document_get(w->document, "preflight.ignore", &now);
	edit_list(now.buf, finding, ignored, &then);
	rc = document_set(w->document, "preflight.ignore", then.len ? then.buf : NULL, err);
	for (size_t i = 0; rc == 0 && i < w->seen_count; i++)
		for (size_t k = 0; k < w->seen[i].finding_count; k++)
			if (strcmp(w->seen[i].findings[k].name, finding) == 0)
				w->seen[i].findings[k].ignored = ignored;
	/* no host has to be asked again for this */
	if (rc == 0 && current) {
		free(w->seen_text);
		w->seen_text = xstrdup(document_text(w->document));
		w->seen_stale = false;
	}
	str_release(&now);
	str_release(&then);
	return rc;
}

static int draw_finding(const struct finding *f, struct canvas *c, int y, int bottom)
{
	enum row_kind kind = preflight_kind(f);
	struct str text = STR_INIT;

	str_addf(&text, "%s %s: %s", preflight_word(kind), f->name, f->what);
	canvas_symbol(c, y, 2, preflight_style(kind), preflight_symbol(kind));
	y = page_text(c, y, 4, bottom, preflight_style(kind), text.buf);
	str_release(&text);
	return y;
}

int preflight_draw_findings(const struct finding *list, size_t count, struct canvas *c, int y, int bottom)
{
	size_t left = count;

	for (enum row_kind kind = ROW_ERROR; kind <= ROW_IGNORED; kind++)
		for (size_t i = 0; i < count; i++) {
			if (preflight_kind(&list[i]) != kind)
				continue;
			/* the last line is kept for what finds no room */
			if (y >= bottom - (left > 1)) {
				if (y < bottom)
					canvas_textf(c, y, 4, 0, STYLE_DIM, "and %zu more: Enter shows all", left);
				return bottom;
			}
			y = draw_finding(&list[i], c, y, bottom - (left > 1));
			left--;
		}
	return y;
}
