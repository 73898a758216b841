/* What the page of certificates draws. */
#include "tui/certs.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define WIDE 120 /* from here on there is room for the readers */
#define DETAIL 4 /* lines about the selected one, when the canvas has these many … */
#define DETAIL_FROM 16
enum { AT_MARK = 2, AT_DAYS = 4, AT_END = 10, AT_FILE = 21, FILE_COLUMNS = 28 };

/* ---- the time line ---------------------------------------------------------------------------------------------------- */

#define STEPS 6
#define STEP_MAX 16
#define PAST 2 /* columns before today: what is over stands there */

static const struct {
	int days;
	const char *label;
} ticks[STEPS + 1] = { { 0, "now" }, { 7, "7d" }, { 30, "30d" }, { 90, "90d" }, { 365, "1y" }, { 1095, "3y" },
	{ 3650, "10y" } };

struct columns {
	int readers, reader_columns; /* 0: there is no room for them */
	int today;                   /* its column */
	int step;                    /* columns from a tick to the next one */
};

static struct columns columns_of(const struct canvas *c)
{
	struct columns at = { .today = AT_FILE + FILE_COLUMNS + 1 + PAST };

	if (c->width >= WIDE) {
		at.readers = AT_FILE + FILE_COLUMNS + 1;
		at.reader_columns = c->width >= WIDE + 40 ? 50 : 34;
		at.today += at.reader_columns + 1;
	}
	/* the last tick's label begins at it, and the last column is the list's */
	at.step = (c->width - 1 - at.today - (int)strlen(ticks[STEPS].label)) / STEPS;
	at.step = at.step > STEP_MAX ? STEP_MAX : at.step;
	return at;
}

/* How far from today this is, in columns. */
static int position(int days, int step)
{
	for (int i = 1; i <= STEPS; i++) {
		long part = days - ticks[i - 1].days, whole = ticks[i].days - ticks[i - 1].days;

		if (days < ticks[i].days)
			return part < 0 ? 0 : (i - 1) * step + (int)((2 * part * step + whole) / (2 * whole));
	}
	return STEPS * step;
}

static void draw_axis(const struct columns *at, struct canvas *c, int y)
{
	for (int i = 0; i <= STEPS && at->step > 0; i++)
		canvas_text(c, y, at->today + i * at->step, 0, STYLE_HEADING,
			i == 0 && at->step > 5 ? "today" : ticks[i].label);
}

static void draw_part(struct canvas *c, int y, int x, int width, enum style style)
{
	canvas_gauge(c, y, x, width, 1, 1);
	canvas_restyle(c, y, x, width, style);
}

static void draw_bar(const struct port_cert *cert, const struct columns *at, struct canvas *c, int y)
{
	int from, to;

	for (int i = 0; i <= STEPS && at->step > 0; i++)
		canvas_text(c, y, at->today + i * at->step, 1, STYLE_BORDER, c->ascii ? "|" : "│");
	if (!cert->readable || at->step <= 0)
		return;
	if (cert->days < 0) {
		draw_part(c, y, at->today - PAST, PAST, certs_style(cert->state));
		return;
	}
	from = position(cert->early_days, at->step);
	to = position(cert->days, at->step);
	draw_part(c, y, at->today + 1 + from, to > from ? to - from : 1, certs_style(cert->state));
}

/* ---- the sum ---------------------------------------------------------------------------------------------------------- */

struct sum {
	struct canvas *c;
	int y, x;
};

/* Continues on the next line when there is no more room on this one. */
static void add_part(struct sum *s, enum style style, const struct str *text)
{
	int room = s->c->width - (s->y ? 0 : PAGE_AGE), columns = canvas_columns(s->c, text->buf);

	if (s->x)
		s->x += canvas_text(s->c, s->y, s->x, room - s->x, STYLE_NORMAL, ", ");
	if (s->x && s->x + columns + 1 > room) {
		s->y++;
		s->x = 0;
	}
	s->x += canvas_text(s->c, s->y, s->x, s->c->width - s->x, style, text->buf);
}

/* days: fewer than these; 0: the words say it. */
static void add_count(struct sum *s, enum style style, size_t n, const char *words, int days)
{
	struct str text = STR_INIT;

	if (n) {
		str_addf(&text, "%zu %s", n, words);
		if (days)
			str_addf(&text, " (< %d d)", days);
		add_part(s, style, &text);
	}
	str_release(&text);
}

/* Returns the line after it. */
static int draw_sum(const struct certs_page *p, struct canvas *c)
{
	const struct wizard *w = p->screen.wizard;
	const struct port_certs *seen = &w->certs;
	size_t counts[CERTS_STATES] = { 0 }, unseen = 0;
	struct sum s = { .c = c };
	struct str text = STR_INIT;

	for (size_t i = 0; i < seen->count; i++)
		counts[seen->list[i].state]++;
	for (size_t i = 0; i < seen->host_count; i++)
		unseen += !seen->hosts[i].looked;
	page_count(&text, seen->count, "certificate", "certificates");
	add_part(&s, STYLE_HEADING, &text);
	add_count(&s, STYLE_FAIL, counts[CERTS_EXPIRED], "expired", 0);
	add_count(&s, STYLE_FAIL, counts[CERTS_UNREADABLE], "unreadable", 0);
	add_count(&s, STYLE_FAIL, counts[CERTS_EARLY], "not valid yet", 0);
	add_count(&s, STYLE_FAIL, counts[CERTS_CRITICAL], "critical", seen->critical_days);
	add_count(&s, STYLE_WARNING, counts[CERTS_WARNING], "warning", seen->warn_days);
	add_count(&s, STYLE_FAIL, seen->difference_count, seen->difference_count == 1 ? "file differs" : "files differ",
		0);
	add_count(&s, STYLE_FAIL, unseen, unseen == 1 ? "host did not answer" : "hosts did not answer", 0);
	page_draw_age(w, c, p->now_ms - w->certs_ms, page_certs_now(w));
	str_release(&text);
	return s.y + 1;
}

/* ---- lines ------------------------------------------------------------------------------------------------------------ */

static void draw_head(const struct columns *at, bool attention, struct canvas *c, int y)
{
	canvas_text(c, y, AT_DAYS + 1, 0, STYLE_HEADING, "Days");
	canvas_text(c, y, AT_END, 0, STYLE_HEADING, "End");
	canvas_text(c, y, AT_FILE, FILE_COLUMNS, STYLE_HEADING, attention ? "File (f shows all)" : "File");
	if (at->readers)
		canvas_text(c, y, at->readers, 0, STYLE_HEADING, "Read by");
	draw_axis(at, c, y);
}

static void draw_host(const struct port_certs *seen, size_t host, struct canvas *c, int y)
{
	const struct port_certs_host *h = &seen->hosts[host];
	int x = 2;

	x += canvas_text(c, y, x, 24, STYLE_HEADING, h->name);
	if (*h->role)
		x += canvas_textf(c, y, x, 0, STYLE_DIM, ", %s", h->role);
	if (!h->looked)
		canvas_textf(c, y, x, c->width - 1 - x, STYLE_FAIL, ": %s",
			h->error.kind == ERROR_NONE ? "was not looked at" : h->error.what);
	else if (*h->left_out)
		canvas_textf(c, y, x, c->width - 1 - x, STYLE_WARNING, ": %s", h->left_out);
	else if (!certs_count(seen, host))
		canvas_text(c, y, x, c->width - 1 - x, STYLE_DIM, ": no certificates");
}

static void draw_cert(const struct port_cert *cert, const struct columns *at, struct canvas *c, int y)
{
	enum style style = certs_style(cert->state), plain = cert->state == CERTS_OK ? STYLE_NORMAL : style;
	bool differs = cert->difference != SIZE_MAX;
	struct str readers = STR_INIT;
	char end[32];

	if (differs)
		canvas_symbol(c, y, AT_MARK, STYLE_FAIL, SYMBOL_FAIL);
	else
		canvas_symbol(c, y, AT_MARK, style, certs_symbol(cert->state));
	if (cert->readable) {
		clock_rfc3339(cert->end_s * 1000, end, sizeof(end));
		canvas_textf(c, y, AT_DAYS, AT_END - AT_DAYS - 1, plain, "%5d", cert->days);
		canvas_textf(c, y, AT_END, 0, plain, "%.10s", end);
	} else {
		canvas_text(c, y, AT_END, 10, plain, "unreadable");
	}
	canvas_textf(c, y, AT_FILE, FILE_COLUMNS, differs ? STYLE_FAIL : plain, "%s%s", cert->file,
		differs ? ", differs" : "");
	if (at->readers) {
		certs_readers(cert, &readers);
		canvas_text(c, y, at->readers, at->reader_columns, plain, readers.buf);
	}
	draw_bar(cert, at, c, y);
	str_release(&readers);
}

static void draw_line(const struct certs_page *p, size_t i, const struct columns *at, struct canvas *c, int y)
{
	const struct port_certs *seen = &p->screen.wizard->certs;
	const struct certs_line *line = certs_line(p, i);

	if (!line)
		return;
	if (line->kind == CERTS_LINE_HOST)
		draw_host(seen, line->index, c, y);
	else if (line->kind == CERTS_LINE_CERT)
		draw_cert(&seen->list[line->index], at, c, y);
	else
		canvas_textf(c, y, 2, c->width - 3, STYLE_FAIL,
			"%s is not the same everywhere: Enter shows who has which",
			seen->differences[line->index].file);
	page_pointer(c, y, c->width, i == p->list.selected);
}

/* ---- the selected one ------------------------------------------------------------------------------------------------- */

static void detail_cert(
	const struct port_certs *seen, const struct port_cert *cert, struct canvas *c, int y, int bottom)
{
	struct str text = STR_INIT;

	canvas_textf(c, y++, 2, c->width - 4, STYLE_HEADING, " %s: %s ", seen->hosts[cert->host].name, cert->path);
	certs_sentence(cert, &text);
	y = page_text(c, y, 2, bottom, certs_style(cert->state), text.buf);
	str_clear(&text);
	str_add(&text, "Read by ");
	if (certs_readers(cert, &text))
		str_add(&text, " (* must restart)");
	if (y < bottom)
		canvas_text(c, y++, 2, c->width - 2, STYLE_NORMAL, text.buf);
	if (cert->readable && y < bottom)
		canvas_textf(
			c, y, 2, c->width - 2, STYLE_DIM, "%s; issuer %s; %s", cert->subject, cert->issuer, cert->key);
	str_release(&text);
}

static void detail_host(const struct port_certs *seen, size_t host, struct canvas *c, int y, int bottom)
{
	const struct port_certs_host *h = &seen->hosts[host];
	struct str text = STR_INIT;

	canvas_textf(c, y++, 2, c->width - 4, STYLE_HEADING, " %s ", h->name);
	if (!h->looked) {
		y = page_text(c, y, 2, bottom, STYLE_FAIL,
			h->error.kind == ERROR_NONE ? "It was not looked at." : h->error.what);
		page_text(c, y, 2, bottom, STYLE_NORMAL, h->error.hint);
	} else {
		page_count(&text, certs_count(seen, host), "certificate", "certificates");
		y = page_text(c, y, 2, bottom, STYLE_NORMAL, text.buf);
		page_text(c, y, 2, bottom, STYLE_WARNING, h->left_out);
	}
	str_release(&text);
}

static void draw_detail(const struct certs_page *p, struct canvas *c, int y, int bottom)
{
	const struct port_certs *seen = &p->screen.wizard->certs;
	const struct certs_line *line = certs_line(p, p->list.selected);

	if (!line)
		return;
	canvas_hline(c, y, 0, c->width, STYLE_BORDER);
	if (line->kind == CERTS_LINE_CERT) {
		detail_cert(seen, &seen->list[line->index], c, y, bottom);
	} else if (line->kind == CERTS_LINE_HOST) {
		detail_host(seen, line->index, c, y, bottom);
	} else {
		canvas_textf(c, y, 2, c->width - 4, STYLE_HEADING, " %s ", seen->differences[line->index].file);
		page_text(c, y + 1, 2, bottom, STYLE_NORMAL, seen->differences[line->index].groups);
	}
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

void certs_draw(const struct certs_page *p, struct canvas *c)
{
	struct columns at = columns_of(c);
	int bottom = c->height - p->search.typing, y, rows;
	struct list l;

	if (!p->screen.wizard->certs_text) {
		page_draw_unseen(p->screen.wizard, c, "Looking at the certificates");
	} else {
		y = draw_sum(p, c);
		draw_head(&at, p->attention, c, y++);
		rows = bottom - y - (c->height >= DETAIL_FROM ? DETAIL : 0);
		rows = rows < 1 ? 1 : rows;
		l = list_window(&p->list, rows);
		if (!p->count)
			canvas_text(c, y, 2, 0, STYLE_OK, "Nothing needs attention: f shows all");
		for (int i = 0; i < rows && l.top + (size_t)i < p->count; i++)
			draw_line(p, l.top + (size_t)i, &at, c, y + i);
		list_marks(&l, c, y, c->width - 1);
		if (c->height >= DETAIL_FROM)
			draw_detail(p, c, y + rows, bottom);
	}
	if (p->search.typing)
		search_draw(&p->search, c, c->height - 1, 0, c->width);
}
