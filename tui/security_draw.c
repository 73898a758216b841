/* What the page of the benchmark draws, and its words. */
#include "tui/security.h"

#include <stdio.h>

#define DETAIL 6 /* lines about the selected one, when the canvas has these many … */
#define DETAIL_FROM 16
enum { AT_MARK = 2, AT_ID = 4, AT_STATE = 12, AT_WANTS = 28 };

static const struct {
	enum style style;
	enum symbol symbol;
} looks[BENCHMARK_STATES] = {
	[BENCHMARK_NOT_APPLICABLE] = { STYLE_DIM, SYMBOL_SKIPPED },
	[BENCHMARK_PASSED] = { STYLE_OK, SYMBOL_OK },
	[BENCHMARK_BY_HAND] = { STYLE_WARNING, SYMBOL_WARNING },
	[BENCHMARK_UNKNOWN] = { STYLE_WARNING, SYMBOL_WARNING },
	[BENCHMARK_FAILED] = { STYLE_FAIL, SYMBOL_FAIL },
};

static const char *why_unseen(const struct port_benchmark_unseen *u)
{
	return u->error.kind == ERROR_NONE ? "was not looked at" : u->error.what;
}

/* ---- to be read ------------------------------------------------------------------------------------------------------- */

static void paragraph(struct str *out, const char *head, const char *text)
{
	str_addf(out, "\n%s\n  %s\n", head, text);
}

void security_explain(const struct security_line *line, struct str *out)
{
	const struct port_benchmark_item *item = line->item;

	if (line->unseen) {
		str_addf(out, "%s could not be looked at; each item that is about it is unknown.\n\n",
			line->unseen->host);
		page_error(out, &line->unseen->error);
		return;
	}
	str_addf(out, "%s  %s\n", item->is->id, item->words);
	paragraph(out, "What is wanted", item->is->wants);
	str_add(out, "\nWhat was seen\n");
	for (size_t i = 0; i < item->group_count; i++)
		str_addf(out, "  %s, on %s: %s\n", item->groups[i].words, item->groups[i].hosts, item->groups[i].seen);
	if (!item->group_count)
		str_add(out, "  there is no host that it is about\n");
	if (item->is->why)
		paragraph(out, "Why kubewright does not set it so", item->is->why);
	paragraph(out,
		item->state == BENCHMARK_FAILED || item->state == BENCHMARK_BY_HAND ? "What to do" : "Where it is set",
		item->is->remedy);
}

/* ---- the list --------------------------------------------------------------------------------------------------------- */

static void draw_sum(const struct security_page *p, struct canvas *c)
{
	const struct wizard *w = p->screen.wizard;
	const struct port_benchmark *seen = &w->benchmark;
	int x = 0, room = c->width - PAGE_AGE;
	struct str text = STR_INIT;

	page_count(&text, seen->count, "item", "items");
	x += canvas_text(c, 0, x, room, STYLE_HEADING, text.buf);
	for (int state = BENCHMARK_STATES - 1; state >= 0; state--) {
		const char *words = NULL;
		size_t n = 0;

		for (size_t i = 0; i < seen->count; i++)
			if (seen->items[i].state == (enum benchmark_state)state) {
				words = seen->items[i].words;
				n++;
			}
		if (!n || x >= room)
			continue;
		x += canvas_text(c, 0, x, room - x, STYLE_NORMAL, ", ");
		if (x < room)
			x += canvas_textf(c, 0, x, room - x, looks[state].style, "%zu %s", n, words);
	}
	str_release(&text);
	page_draw_age(w, c, p->now_ms - w->benchmark_ms, page_benchmark_now(w));
}

static void draw_head(bool failed, struct canvas *c, int y)
{
	canvas_text(c, y, AT_ID, 0, STYLE_HEADING, "Item");
	canvas_text(c, y, AT_STATE, 0, STYLE_HEADING, "State");
	canvas_text(c, y, AT_WANTS, 0, STYLE_HEADING, failed ? "What is wanted (f shows all)" : "What is wanted");
}

static void draw_line(const struct security_page *p, size_t i, struct canvas *c, int y)
{
	struct security_line line = security_line(p, i);
	int room = c->width - 1;

	if (line.unseen) {
		canvas_symbol(c, y, AT_MARK, STYLE_FAIL, SYMBOL_FAIL);
		canvas_textf(
			c, y, AT_ID, room - AT_ID, STYLE_FAIL, "%s: %s", line.unseen->host, why_unseen(line.unseen));
	} else if (line.item) {
		enum style style = looks[line.item->state].style;

		canvas_symbol(c, y, AT_MARK, style, looks[line.item->state].symbol);
		canvas_text(c, y, AT_ID, AT_STATE - AT_ID - 1, STYLE_NORMAL, line.item->is->id);
		canvas_text(c, y, AT_STATE, AT_WANTS - AT_STATE - 1, style, line.item->words);
		canvas_text(c, y, AT_WANTS, room - AT_WANTS, STYLE_NORMAL, line.item->is->wants);
	}
	page_pointer(c, y, c->width, i == p->list.selected);
}

/* ---- the selected one ------------------------------------------------------------------------------------------------- */

static int draw_labelled(struct canvas *c, int y, int bottom, enum style style, const char *label, const char *text)
{
	struct str all = STR_INIT;

	str_addf(&all, "%s: %s", label, text);
	y = page_text(c, y, 2, bottom, style, all.buf);
	str_release(&all);
	return y;
}

/* What was seen, the worst first, as far as a line is left for what to do. */
static void detail_item(const struct port_benchmark_item *item, struct canvas *c, int y, int bottom)
{
	bool act = item->state == BENCHMARK_FAILED || item->state == BENCHMARK_BY_HAND;

	canvas_textf(c, y++, 2, c->width - 4, STYLE_HEADING, " %s: %s ", item->is->id, item->is->wants);
	if (!item->group_count)
		y = page_text(c, y, 2, bottom, STYLE_DIM, "There is no host that it is about.");
	for (int state = BENCHMARK_STATES - 1; state >= 0; state--)
		for (size_t i = 0; i < item->group_count; i++)
			if (item->groups[i].state == (enum benchmark_state)state && y < bottom - act)
				y = draw_labelled(c, y, bottom - act, looks[state].style, item->groups[i].hosts,
					item->groups[i].seen);
	if (item->state == BENCHMARK_BY_HAND && y < bottom - 1)
		y = draw_labelled(c, y, bottom - 1, STYLE_NORMAL, "why", item->is->why);
	if (act)
		draw_labelled(c, y, bottom, STYLE_NORMAL, "remedy", item->is->remedy);
}

static void draw_detail(const struct security_page *p, struct canvas *c, int y, int bottom)
{
	struct security_line line = security_line(p, p->list.selected);

	if (!line.item && !line.unseen)
		return;
	canvas_hline(c, y, 0, c->width, STYLE_BORDER);
	if (line.item) {
		detail_item(line.item, c, y, bottom);
		return;
	}
	canvas_textf(c, y++, 2, c->width - 4, STYLE_HEADING, " %s ", line.unseen->host);
	y = page_text(c, y, 2, bottom, STYLE_FAIL, why_unseen(line.unseen));
	page_text(c, y, 2, bottom, STYLE_NORMAL, line.unseen->error.hint);
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

void security_draw(const struct security_page *p, struct canvas *c)
{
	int bottom = c->height - p->search.typing, y = 2, rows;
	struct list l;

	if (!p->screen.wizard->benchmark_text) {
		page_draw_unseen(p->screen.wizard, c, "Looking at the hosts beside the benchmark");
	} else {
		draw_sum(p, c);
		draw_head(p->failed, c, 1);
		rows = bottom - y - (c->height >= DETAIL_FROM ? DETAIL : 0);
		rows = rows < 1 ? 1 : rows;
		l = list_window(&p->list, rows);
		if (!p->count)
			canvas_text(c, y, 2, 0, STYLE_OK, "No item failed: f shows all");
		for (int i = 0; i < rows && l.top + (size_t)i < p->count; i++)
			draw_line(p, l.top + (size_t)i, c, y + i);
		list_marks(&l, c, y, c->width - 1);
		if (c->height >= DETAIL_FROM)
			draw_detail(p, c, y + rows, bottom);
	}
	if (p->search.typing)
		search_draw(&p->search, c, c->height - 1, 0, c->width);
}
