/* The Dashboard's lines and words. */
#include "tui/dashboard.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define WIDE 120 /* from here on columns have room for long names and words */
#define LABEL 12

/* ---- words ------------------------------------------------------------------------------------------------------------ */

static size_t findings_that_count(const struct port_node *n)
{
	size_t count = 0;

	for (size_t i = 0; i < n->findings.count; i++)
		count += !n->findings.list[i].ignored;
	return count;
}

/* All that its line says; what is not may have its finding on another host. */
static bool well(const struct port_node *n)
{
	return n->ready && n->kubelet_runs && n->etcd_well && n->pods_up == n->pods;
}

static enum row_kind worst_of(const struct port_node *n)
{
	enum row_kind worst = well(n) ? ROW_CLEAR : ROW_WARNING;

	if (!n->probed)
		return n->error.kind == ERROR_NONE ? ROW_UNSEEN : ROW_LOGIN;
	for (size_t i = 0; i < n->findings.count; i++)
		if (preflight_kind(&n->findings.list[i]) < worst && !n->findings.list[i].ignored)
			worst = preflight_kind(&n->findings.list[i]);
	return worst;
}

static const char *why_unseen(const struct port_node *n)
{
	return n->error.kind == ERROR_NONE ? "was not looked at" : n->error.what;
}

static void days_words(int days, char *out, size_t size)
{
	if (days == INT_MIN)
		snprintf(out, size, "-");
	else if (days < 0)
		snprintf(out, size, "ended");
	else
		snprintf(out, size, "%d d", days);
}

static void pods_words(const struct port_node *n, char *out, size_t size)
{
	snprintf(out, size, n->pods ? "%u/%u" : "-", n->pods_up, n->pods);
}

static void fact(struct str *out, const char *label, const char *value)
{
	if (*value)
		str_addf(out, "%-12s  %s\n", label, value);
}

void dashboard_explain(const struct port_node *n, struct str *out)
{
	char pods[24], days[24];

	pods_words(n, pods, sizeof(pods));
	days_words(n->days, days, sizeof(days));
	str_addf(out, "%s (%s, %s)\n\n", n->name, n->role, n->address);
	if (!n->probed) {
		page_error(out, &n->error);
		return;
	}
	fact(out, "Node", n->node);
	fact(out, "kubelet", n->kubelet);
	fact(out, "system Pods", n->pods ? pods : "");
	fact(out, "etcd member", n->etcd);
	fact(out, "snapshot", n->snapshot);
	fact(out, "certificate", n->days != INT_MIN ? days : "");
	if (!n->findings.count && well(n))
		str_add(out, "\nNo problems found here.\n");
	for (enum row_kind kind = ROW_ERROR; kind <= ROW_IGNORED; kind++)
		for (size_t i = 0; i < n->findings.count; i++)
			if (preflight_kind(&n->findings.list[i]) == kind) {
				str_addc(out, '\n');
				preflight_explain_finding(&n->findings.list[i], n->name, out);
			}
}

/* ---- the lines at the top --------------------------------------------------------------------------------------------- */

static int draw_words(struct canvas *c, int y, const char *label, const struct port_words *words)
{
	if (!words->text[0])
		return y;
	canvas_text(c, y, 0, LABEL, STYLE_LABEL, label);
	canvas_text(c, y, LABEL, c->width - LABEL, words->style, words->text);
	return y + 1;
}

static void sum_words(const struct port_cluster *cluster, enum style *style, struct str *out)
{
	*style = cluster->errors ? STYLE_FAIL : cluster->warnings ? STYLE_WARNING : STYLE_OK;
	if (!cluster->errors && !cluster->warnings) {
		str_add(out, "none");
		return;
	}
	page_count(out, cluster->errors, "error, ", "errors, ");
	page_count(out, cluster->warnings, "warning", "warnings");
	if (cluster->remediable && cluster->errors + cluster->warnings == 1)
		str_add(out, "; r repairs it");
	else if (cluster->remediable)
		str_addf(out, "; r repairs %s%u of them",
			cluster->remediable < cluster->errors + cluster->warnings ? "" : "all ", cluster->remediable);
}

/* Returns the line after them. */
static int draw_top(const struct dashboard *d, struct canvas *c)
{
	const struct port_cluster *cluster = &d->screen.wizard->cluster;
	struct port_words sum = { .style = STYLE_OK };
	struct str text = STR_INIT;
	int y = 1;

	canvas_text(c, 0, 0, c->width - PAGE_AGE, cluster->api.style, cluster->api.text);
	page_draw_age(
		d->screen.wizard, c, d->now_ms - d->screen.wizard->cluster_ms, page_cluster_now(d->screen.wizard));
	y = draw_words(c, y, "etcd", &cluster->etcd);
	y = draw_words(c, y, "virtual IP", &cluster->vip);
	if (!cluster->installed)
		str_add(&text, "h goes to its hosts, and on to the installation");
	else
		sum_words(cluster, &sum.style, &text);
	snprintf(sum.text, sizeof(sum.text), "%s", text.buf);
	y = draw_words(c, y, cluster->installed ? "findings" : "", &sum);
	str_release(&text);
	if (cluster->installed && cluster->problem.kind != ERROR_NONE)
		canvas_text(c, y++, 0, c->width, STYLE_FAIL, cluster->problem.what);
	return y;
}

/* ---- hosts ------------------------------------------------------------------------------------------------------------ */

enum { NAME, ROLE, NODE, KUBELET, PODS, ETCD, CERTIFICATE, FOUND, COLUMNS };

static void draw_columns(struct canvas *c, int y, const char *const texts[COLUMNS], const enum style styles[COLUMNS])
{
	static const int widths[2][COLUMNS] = { { 10, 7, 14, 8, 4, 15, 5, 5 }, { 24, 13, 18, 12, 8, 24, 8, 8 } };
	int x = 4;

	for (size_t i = 0; i < COLUMNS && texts[i]; i++) {
		bool last = i + 1 == COLUMNS || !texts[i + 1];

		page_cell(c, y, &x, last ? c->width : widths[c->width >= WIDE][i], 1, styles[i], texts[i]);
	}
}

static void draw_head(struct canvas *c, int y)
{
	static const enum style styles[COLUMNS] = { STYLE_HEADING, STYLE_HEADING, STYLE_HEADING, STYLE_HEADING,
		STYLE_HEADING, STYLE_HEADING, STYLE_HEADING, STYLE_HEADING };
	const char *const texts[COLUMNS] = { "Host", "Role", "Node", "Kubelet", "Pods", "etcd", "Cert", "Found" };

	draw_columns(c, y, texts, styles);
}

static enum style bad_unless(bool good)
{
	return good ? STYLE_NORMAL : STYLE_FAIL;
}

static void draw_host(const struct port_node *n, struct canvas *c, int y, bool here)
{
	enum row_kind worst = worst_of(n);
	char pods[24], days[24], found[24];
	const char *texts[COLUMNS] = { n->name, n->role, n->node, *n->kubelet ? n->kubelet : "-", pods,
		*n->etcd ? n->etcd : "-", days, found };
	enum style styles[COLUMNS] = { STYLE_NORMAL, STYLE_NORMAL, bad_unless(n->ready), bad_unless(n->kubelet_runs),
		bad_unless(n->pods_up == n->pods), bad_unless(n->etcd_well),
		n->days < 0    ? STYLE_FAIL
		: n->days < 30 ? STYLE_WARNING
			       : STYLE_NORMAL,
		preflight_style(worst) };

	pods_words(n, pods, sizeof(pods));
	days_words(n->days, days, sizeof(days));
	snprintf(found, sizeof(found), "%zu", findings_that_count(n));
	if (n->days == INT_MIN)
		styles[CERTIFICATE] = STYLE_NORMAL;
	if (!n->probed) {
		texts[KUBELET] = why_unseen(n);
		texts[PODS] = NULL;
	}
	if (c->width < WIDE && n->control_plane)
		texts[ROLE] = "control";
	canvas_symbol(c, y, 2, preflight_style(worst), preflight_symbol(worst));
	draw_columns(c, y, texts, styles);
	page_pointer(c, y, c->width, here);
}

/* ---- findings of the selected host ------------------------------------------------------------------------------------ */

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

static void draw_findings(const struct port_node *n, struct canvas *c, int y, int bottom)
{
	size_t left = n->findings.count;

	if (!n->probed) {
		y = page_text(c, y, 2, bottom, STYLE_FAIL, why_unseen(n));
		page_text(c, y, 2, bottom, STYLE_NORMAL, n->error.hint);
	} else if (!left) {
		page_text(c, y, 2, bottom, well(n) ? STYLE_DIM : STYLE_WARNING,
			well(n) ? "No problems found here."
				: "This host has a problem; the findings of other hosts explain it.");
	}
	for (enum row_kind kind = ROW_ERROR; kind <= ROW_IGNORED; kind++)
		for (size_t i = 0; i < n->findings.count; i++) {
			if (preflight_kind(&n->findings.list[i]) != kind)
				continue;
			/* the last line is kept for what finds no room */
			if (y >= bottom - (left > 1)) {
				canvas_textf(c, y, 4, 0, STYLE_DIM, "and %zu more: Enter shows all", left);
				return;
			}
			y = draw_finding(&n->findings.list[i], c, y, bottom - (left > 1));
			left--;
		}
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

static void draw_hosts(const struct dashboard *d, struct canvas *c, int y, int rows)
{
	const struct port_cluster *cluster = &d->screen.wizard->cluster;
	struct list l = list_window(&d->list, rows);

	for (int i = 0; i < rows && l.top + (size_t)i < cluster->node_count; i++)
		draw_host(&cluster->nodes[l.top + (size_t)i], c, y + i, l.top + (size_t)i == l.selected);
	list_marks(&l, c, y, c->width - 1);
}

void dashboard_draw(const struct dashboard *d, struct canvas *c)
{
	const struct wizard *w = d->screen.wizard;
	int bottom = c->height - d->search.typing, y, rows;

	if (!w->cluster_text) {
		page_draw_unseen(w, c, "Looking at the cluster");
		return;
	}
	y = draw_top(d, c);
	draw_head(c, y++);
	rows = (bottom - y) / 2 > 1 ? (bottom - y) / 2 : 1;
	if (w->cluster.node_count < (size_t)rows)
		rows = (int)w->cluster.node_count;
	draw_hosts(d, c, y, rows);
	y += rows;
	if (d->list.selected < w->cluster.node_count && y < bottom) {
		const struct port_node *n = &w->cluster.nodes[d->list.selected];

		canvas_hline(c, y, 0, c->width, STYLE_BORDER);
		canvas_textf(c, y, 2, c->width - 4, STYLE_HEADING, " %s: %s ", n->name,
			n->findings.count ? "what is wrong" : "findings");
		draw_findings(n, c, y + 1, bottom);
	}
	if (d->search.typing)
		search_draw(&d->search, c, c->height - 1, 0, c->width);
}
