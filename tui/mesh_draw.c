/* What the page of the mesh draws, and its words. */
#include "tui/mesh.h"

#include <stdio.h>

#define DETAIL 9 /* lines about the selected way, when the canvas has these many … */
#define DETAIL_FROM 16
#define OF_WAY 3 /* of them at most about its ports, when there are findings too */
#define WIDE 120 /* from here on there is room for long names */
#define CELL 4
enum { AT_NUMBER = 1, AT_NAME = 5 };

static const char not_asked[] =
	"This way is not asked: of many hosts each asks control planes, both neighbours in a ring, and three others by chance.";

static const struct port_mesh_way *way_of(const struct port_mesh *seen, size_t from, size_t to)
{
	return &seen->ways[from * seen->host_count + to];
}

static enum style style_of(enum mesh_state s)
{
	static const enum style styles[MESH_STATES] = { STYLE_OK, STYLE_DIM, STYLE_WARNING, STYLE_WARNING, STYLE_FAIL };

	return styles[s];
}

/* A way that is well is not what its hosts' findings are about: they are shown where a host meets itself. */
static bool concerns(const struct port_mesh_way *way, const struct port_mesh_host *h)
{
	return h->error.kind != ERROR_NONE || (way->text && (way->state == MESH_FAILED || way->state == MESH_WARNED));
}

/* ---- to be read ------------------------------------------------------------------------------------------------------- */

static void explain_host(const struct port_mesh_host *h, struct str *out)
{
	if (h->error.kind != ERROR_NONE) {
		str_addf(out, "\n%s could not be looked at.\n", h->name);
		page_error(out, &h->error);
	}
	for (enum row_kind kind = ROW_ERROR; kind <= ROW_IGNORED; kind++)
		for (size_t i = 0; i < h->finding_count; i++)
			if (preflight_kind(&h->findings[i]) == kind) {
				str_addc(out, '\n');
				preflight_explain_finding(&h->findings[i], h->name, out);
			}
}

void mesh_page_explain(const struct port_mesh *seen, size_t from, size_t to, struct str *out)
{
	const struct port_mesh_host *a = &seen->hosts[from], *b = &seen->hosts[to];
	const struct port_mesh_way *way = way_of(seen, from, to);

	if (from == to) {
		str_addf(out, "%s\n", a->name);
	} else {
		str_addf(out, "From %s to %s: %s\n\n%s\n", a->name, b->name,
			way->text ? mesh_state_words(way->state) : "not asked", way->text ? way->text : not_asked);
		if (concerns(way, b))
			explain_host(b, out);
	}
	if (from == to || concerns(way, a))
		explain_host(a, out);
	if (from == to && a->error.kind == ERROR_NONE && !a->finding_count)
		str_add(out, "\nNothing was found.\n");
}

/* ---- the matrix ------------------------------------------------------------------------------------------------------- */

static void draw_sum(const struct mesh_page *p, struct canvas *c)
{
	const struct wizard *w = p->screen.wizard;
	const struct port_mesh *seen = &w->mesh;
	enum mesh_state worst = MESH_OK;
	const char *comma = "";
	struct str text = STR_INIT;

	page_count(&text, seen->host_count, "host", "hosts");
	str_addf(&text, ", %zu ways asked, pod network %s:", seen->asked, seen->network);
	for (int s = MESH_STATES - 1; s >= 0; s--)
		if (seen->counts[s]) {
			worst = (enum mesh_state)s > worst ? (enum mesh_state)s : worst;
			str_addf(&text, "%s %zu %s", comma, seen->counts[s], mesh_state_mark((enum mesh_state)s));
			comma = ",";
		}
	canvas_text(c, 0, 0, c->width - PAGE_AGE, style_of(worst), text.buf);
	page_draw_age(w, c, p->now_ms - w->mesh_ms, page_mesh_now(w));
	str_release(&text);
}

static void draw_cell(const struct mesh_page *p, size_t from, size_t to, struct canvas *c, int y, int x)
{
	const struct port_mesh_way *way = way_of(&p->screen.wizard->mesh, from, to);

	canvas_textf(c, y, x, CELL, way->text ? style_of(way->state) : STYLE_DIM, "%*s", CELL,
		way->text    ? mesh_state_mark(way->state)
		: from == to ? "-"
			     : ".");
	if (from != p->from.selected || to != p->to.selected)
		return;
	canvas_restyle(c, y, x + 1, CELL - 1, STYLE_FOCUS);
	canvas_cursor(c, y, x + CELL - 1);
}

static void draw_matrix(const struct mesh_page *p, struct canvas *c, int y, int rows)
{
	const struct port_mesh *seen = &p->screen.wizard->mesh;
	int at = c->width >= WIDE ? 34 : 22, fit = (c->width - 1 - at) / CELL;
	struct list down = list_window(&p->from, rows), across = list_window(&p->to, fit < 1 ? 1 : fit);

	canvas_text(c, y, AT_NAME, at - AT_NAME - 1, STYLE_HEADING, "from \\ to");
	for (int k = 0; k < fit && across.top + (size_t)k < across.count; k++)
		canvas_textf(c, y, at + k * CELL, CELL, STYLE_HEADING, "%*zu", CELL, across.top + (size_t)k + 1);
	if (across.top > 0)
		canvas_text(c, y, at - 1, 1, STYLE_HEADING, "<");
	if (fit > 0 && across.top + (size_t)fit < across.count)
		canvas_text(c, y, c->width - 1, 1, STYLE_HEADING, ">");
	y++;
	for (int i = 0; i < rows && down.top + (size_t)i < down.count; i++) {
		size_t from = down.top + (size_t)i;

		canvas_textf(c, y + i, AT_NUMBER, AT_NAME - AT_NUMBER - 1, STYLE_NORMAL, "%3zu", from + 1);
		canvas_text(c, y + i, AT_NAME, at - AT_NAME - 1,
			seen->hosts[from].error.kind == ERROR_NONE ? STYLE_NORMAL : STYLE_FAIL, seen->hosts[from].name);
		for (int k = 0; k < fit && across.top + (size_t)k < across.count; k++)
			draw_cell(p, from, across.top + (size_t)k, c, y + i, at + k * CELL);
	}
	list_marks(&down, c, y, c->width - 1);
}

/* ---- of the selected way ---------------------------------------------------------------------------------------------- */

static int draw_host(const struct port_mesh_host *h, struct canvas *c, int y, int bottom)
{
	if (h->error.kind != ERROR_NONE && y < bottom)
		y = page_text(c, y, 2, bottom, STYLE_FAIL, h->error.what);
	return preflight_draw_findings(h->findings, h->finding_count, c, y, bottom);
}

static void draw_detail(const struct mesh_page *p, struct canvas *c, int y, int bottom)
{
	const struct port_mesh *seen = &p->screen.wizard->mesh;
	size_t from = p->from.selected, to = p->to.selected;
	const struct port_mesh_host *a = &seen->hosts[from], *b = &seen->hosts[to];
	const struct port_mesh_way *way = way_of(seen, from, to);

	canvas_hline(c, y, 0, c->width, STYLE_BORDER);
	if (from == to) {
		canvas_textf(c, y++, 2, c->width - 4, STYLE_HEADING, " %s ", a->name);
		if (a->error.kind == ERROR_NONE && !a->finding_count)
			page_text(c, y, 2, bottom, STYLE_DIM, "Nothing was found about this host.");
		draw_host(a, c, y, bottom);
		return;
	}
	canvas_textf(c, y++, 2, c->width - 4, STYLE_HEADING, " %s to %s: %s ", a->name, b->name,
		way->text ? mesh_state_words(way->state) : "not asked");
	y = page_text(c, y, 2, (concerns(way, a) || concerns(way, b)) && y + OF_WAY < bottom ? y + OF_WAY : bottom,
		STYLE_NORMAL, way->text ? way->text : not_asked);
	if (concerns(way, b))
		y = draw_host(b, c, y, bottom);
	if (concerns(way, a))
		draw_host(a, c, y, bottom);
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

static void draw_seen(const struct mesh_page *p, struct canvas *c, int bottom)
{
	const struct port_mesh *seen = &p->screen.wizard->mesh;
	int rows = bottom - 2 - (c->height >= DETAIL_FROM ? DETAIL : 0);

	draw_sum(p, c);
	rows = rows < 1 ? 1 : rows;
	draw_matrix(p, c, 1, rows);
	if (c->height >= DETAIL_FROM && p->from.selected < seen->host_count && p->to.selected < seen->host_count)
		draw_detail(p, c, 2 + rows, bottom);
}

void mesh_page_draw(const struct mesh_page *p, struct canvas *c)
{
	if (p->screen.wizard->mesh_text)
		draw_seen(p, c, c->height - p->search.typing);
	else
		page_draw_unseen(p->screen.wizard, c, "The hosts ask each other");
	if (p->search.typing)
		search_draw(&p->search, c, c->height - 1, 0, c->width);
}
