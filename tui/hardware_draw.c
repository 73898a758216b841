/* What the page of the machines draws, and its words. */
#include "tui/hardware.h"

#include <stdio.h>

#define DETAIL 7 /* lines about what is odd, when the canvas has these many … */
#define DETAIL_FROM 16
#define SELECTED 2 /* of them at most about the part that is selected */
#define WIDE 120   /* from here on columns have room for long names */
enum { AT_MARK = 2, AT_NAME = 4, GAP = 2 };

static const char *why_unseen(const struct port_hardware_host *h)
{
	return h->error.kind == ERROR_NONE ? "was not looked at" : h->error.what;
}

/* The worst of what is to be said of it; what the inventory ignores does not count. */
static enum row_kind worst_of(const struct port_hardware_host *h)
{
	enum row_kind worst = ROW_CLEAR;

	if (!h->seen)
		return h->error.kind == ERROR_NONE ? ROW_UNSEEN : ROW_LOGIN;
	for (size_t i = 0; i < h->finding_count; i++)
		if (!h->findings[i].ignored && preflight_kind(&h->findings[i]) < worst)
			worst = preflight_kind(&h->findings[i]);
	return worst;
}

/* ---- to be read ------------------------------------------------------------------------------------------------------- */

void hardware_explain(const struct port_hardware_host *h, struct str *out)
{
	str_addf(out, "%s: %s\n", h->name, h->seen ? h->kind : "could not be looked at");
	if (!h->seen) {
		str_addc(out, '\n');
		page_error(out, &h->error);
	}
	for (enum row_kind kind = ROW_ERROR; kind <= ROW_IGNORED; kind++)
		for (size_t i = 0; i < h->finding_count; i++)
			if (preflight_kind(&h->findings[i]) == kind) {
				str_addc(out, '\n');
				preflight_explain_finding(&h->findings[i], h->name, out);
			}
	if (h->seen)
		str_add(out, "\nAll that was seen\n");
	for (size_t i = 0; i < h->all_count; i++)
		str_addf(out, "  %s: %s\n", h->all[i].label, h->all[i].text);
}

/* ---- the list of hosts ------------------------------------------------------------------------------------------------ */

static void draw_sum(const struct hardware_page *p, struct canvas *c)
{
	const struct wizard *w = p->screen.wizard;
	const struct port_hardware *seen = &w->hardware;
	enum style style = STYLE_OK;
	struct str text = STR_INIT;
	size_t odd = 0, unseen = 0;

	for (size_t i = 0; i < seen->host_count; i++) {
		enum row_kind worst = worst_of(&seen->hosts[i]);

		unseen += worst == ROW_LOGIN || worst == ROW_UNSEEN;
		odd += worst == ROW_ERROR || worst == ROW_WARNING;
	}
	page_count(&text, seen->host_count, "machine", "machines");
	if (odd)
		str_addf(&text, ", %zu with findings", odd);
	if (unseen)
		str_addf(&text, ", %zu could not be looked at", unseen);
	if (odd || unseen)
		style = unseen ? STYLE_FAIL : STYLE_WARNING;
	else
		str_add(&text, "; nothing is odd");
	canvas_text(c, 0, 0, c->width - PAGE_AGE, style, text.buf);
	page_draw_age(w, c, p->now_ms - w->hardware_ms, page_hardware_now(w));
	str_release(&text);
}

static void draw_host(const struct hardware_page *p, size_t i, struct canvas *c, int y, int width)
{
	const struct port_hardware_host *h = &p->screen.wizard->hardware.hosts[i];
	enum row_kind worst = worst_of(h);
	int name = width >= 48 ? 20 : 10;

	canvas_symbol(c, y, AT_MARK, preflight_style(worst), preflight_symbol(worst));
	canvas_text(c, y, AT_NAME, name, STYLE_NORMAL, h->name);
	canvas_text(c, y, AT_NAME + name + 1, width - AT_NAME - name - 2, h->seen ? STYLE_NORMAL : STYLE_FAIL,
		h->seen ? h->kind : "not seen");
	if (i != p->hosts.selected)
		return;
	if (p->on_tree)
		canvas_restyle(c, y, 0, width - 1, STYLE_MARK);
	else
		page_pointer(c, y, width - 1, true);
}

static void draw_hosts(const struct hardware_page *p, struct canvas *c, int y, int rows, int width)
{
	struct list l = list_window(&p->hosts, rows);

	for (int i = 0; i < rows && l.top + (size_t)i < l.count; i++)
		draw_host(p, l.top + (size_t)i, c, y + i, width);
	list_marks(&l, c, y, width - 1);
}

/* ---- the tree of the selected one ------------------------------------------------------------------------------------- */

static void draw_part(const struct port_hardware_line *part, struct canvas *c, int y, int x, int room)
{
	int at = 2 + 2 * part->depth, used;

	if (room <= at)
		return;
	used = canvas_text(c, y, x + at, room - at, part->depth ? STYLE_LABEL : STYLE_HEADING, part->label);
	at += used + 2;
	if (room > at)
		canvas_text(c, y, x + at, room - at, part->depth ? STYLE_NORMAL : STYLE_DIM, part->text);
}

static void draw_tree(
	const struct hardware_page *p, const struct port_hardware_host *h, struct canvas *c, int y, int rows, int x)
{
	struct list l = list_window(&p->tree, rows);
	int room = c->width - 1 - x;

	if (!h->seen) {
		page_text(c, y, x + 2, y + rows, STYLE_FAIL, why_unseen(h));
		return;
	}
	for (int i = 0; i < rows && l.top + (size_t)i < l.count && l.top + (size_t)i < h->near_count; i++) {
		draw_part(&h->near[l.top + (size_t)i], c, y + i, x, room);
		if (p->on_tree && l.top + (size_t)i == l.selected) {
			canvas_symbol(c, y + i, x, STYLE_FOCUS, SYMBOL_POINTER);
			canvas_restyle(c, y + i, x, room, STYLE_FOCUS);
			canvas_cursor(c, y + i, x);
		}
	}
	list_marks(&l, c, y, c->width - 1);
}

/* ---- what is odd about it --------------------------------------------------------------------------------------------- */

/* The part that keys are on, which may have found no room in the tree. */
static int draw_selected(const struct hardware_page *p, const struct port_hardware_host *h, struct canvas *c, int y)
{
	const struct port_hardware_line *part =
		p->on_tree && p->tree.selected < h->near_count ? &h->near[p->tree.selected] : NULL;
	struct str text = STR_INIT;

	if (part && *part->text) {
		str_addf(&text, "%s: %s", part->label, part->text);
		y = page_text(c, y, 2, y + SELECTED, STYLE_NORMAL, text.buf);
	}
	str_release(&text);
	return y;
}

static void draw_findings(const struct port_hardware_host *h, struct canvas *c, int y, int bottom)
{
	if (!h->seen) {
		page_text(c, y, 2, bottom, STYLE_NORMAL, h->error.hint);
		return;
	}
	if (!h->finding_count)
		page_text(c, y, 2, bottom, STYLE_DIM, "Nothing is odd, not well or gone here.");
	preflight_draw_findings(h->findings, h->finding_count, c, y, bottom);
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

static void draw_seen(const struct hardware_page *p, struct canvas *c, int bottom)
{
	const struct port_hardware *seen = &p->screen.wizard->hardware;
	const struct port_hardware_host *h =
		p->hosts.selected < seen->host_count ? &seen->hosts[p->hosts.selected] : NULL;
	int width = c->width >= WIDE ? 60 : 32, y = 1, rows;

	draw_sum(p, c);
	if (*seen->tell)
		canvas_text(c, y++, 0, c->width, STYLE_WARNING, seen->tell);
	canvas_text(c, y, AT_NAME, 0, STYLE_HEADING, "Host");
	canvas_text(c, y, AT_NAME + (width >= 48 ? 21 : 11), 0, STYLE_HEADING, "Machine");
	if (h)
		canvas_textf(
			c, y, width + GAP, c->width - width - GAP, STYLE_HEADING, "What is near what on %s", h->name);
	y++;
	rows = bottom - y - (c->height >= DETAIL_FROM ? DETAIL : 0);
	rows = rows < 1 ? 1 : rows;
	draw_hosts(p, c, y, rows, width);
	if (!h)
		return;
	draw_tree(p, h, c, y, rows, width);
	y += rows;
	if (c->height >= DETAIL_FROM && y < bottom) {
		canvas_hline(c, y, 0, c->width, STYLE_BORDER);
		canvas_textf(c, y, 2, c->width - 4, STYLE_HEADING, " %s: %s ", h->name, h->kind);
		draw_findings(h, c, draw_selected(p, h, c, y + 1), bottom);
	}
}

void hardware_draw(const struct hardware_page *p, struct canvas *c)
{
	if (p->screen.wizard->hardware_text)
		draw_seen(p, c, c->height - p->search.typing);
	else
		page_draw_unseen(p->screen.wizard, c, "Looking at the machines");
	if (p->search.typing)
		search_draw(&p->search, c, c->height - 1, 0, c->width);
}
