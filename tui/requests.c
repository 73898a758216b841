/* Kubelets that wait for a certificate: who asks for what, and whether it may be signed. */
#include "tui/pages.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdlib.h>

#define DETAIL 6 /* lines about the selected one, when the canvas has these many … */
#define DETAIL_FROM 16
enum { AT_BOX = 2, AT_NAME = 6, AT_STATE = 28, AT_SUBJECT = 43 };

struct requests_page {
	struct screen screen;
	struct list list;
	bool *marked;    /* per request of what was seen: to be signed */
	size_t marks;    /* how many there is room for */
	int64_t seen_ms; /* of the look that they are of */
	struct page_look look;
	bool keys_asked;
	int64_t now_ms; /* of the last tick */
};

static const struct {
	const char *words;
	enum style style;
	enum symbol symbol;
} verdicts[] = {
	[REQUEST_GOOD] = { "may be signed", STYLE_OK, SYMBOL_OK },
	[REQUEST_REFUSED] = { "refused", STYLE_FAIL, SYMBOL_FAIL },
	[REQUEST_FOREIGN] = { "left alone", STYLE_DIM, SYMBOL_SKIPPED },
	[REQUEST_SIGNED] = { "signed", STYLE_OK, SYMBOL_OK },
};

static struct requests_page *of(struct screen *s)
{
	return (struct requests_page *)s;
}

static const struct port_request *request_at(const struct requests_page *p, size_t i)
{
	const struct port_requests *seen = &p->screen.wizard->requests;

	return i < seen->count && i < p->list.count ? &seen->list[i] : NULL;
}

static const struct port_request *selected(const struct screen *screen)
{
	const struct requests_page *p = (const struct requests_page *)screen;

	return request_at(p, p->list.selected);
}

static bool is_marked(const struct requests_page *p, size_t i)
{
	return i < p->marks && p->marked[i];
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

/* What was marked may be another request by now: marks are of one look. */
static void unmark(struct requests_page *p)
{
	free(p->marked);
	p->marked = NULL;
	p->marks = 0;
}

static void refresh(struct requests_page *p)
{
	if (p->seen_ms != p->screen.wizard->requests_ms)
		unmark(p);
	p->seen_ms = p->screen.wizard->requests_ms;
	list_resize(&p->list, p->screen.wizard->requests.count);
}

static void look(struct screen *screen)
{
	unmark(of(screen));
	page_look_begin(screen, &of(screen)->look);
}

static void shown(struct screen *screen)
{
	refresh(of(screen));
	page_look_shown(screen, &of(screen)->look);
}

static void changed(struct screen *screen)
{
	refresh(of(screen));
	page_ask_keys(screen, &of(screen)->keys_asked);
	page_look_changed(screen, &of(screen)->look);
}

static int64_t tick(struct screen *screen, int64_t now_ms)
{
	of(screen)->now_ms = now_ms;
	return 1000;
}

/* ---- words ------------------------------------------------------------------------------------------------------------ */

static void age_words(int64_t s, struct str *out)
{
	if (s < 120)
		str_addf(out, "%lld s", (long long)(s < 0 ? 0 : s));
	else if (s < 7200)
		str_addf(out, "%lld min", (long long)s / 60);
	else if (s < (int64_t)2 * 86400)
		str_addf(out, "%lld h", (long long)s / 3600);
	else
		str_addf(out, "%lld d", (long long)s / 86400);
}

static const char *why_not(const struct port_request *q)
{
	return q->verdict == REQUEST_FOREIGN ? "its signer is not one that kubewright signs for" : q->why;
}

static void fact(struct str *out, const char *label, const char *value)
{
	str_addf(out, " %-12s %s\n", label, *value ? value : "-");
}

static void explain_request(const struct port_request *q, struct str *out)
{
	struct str age = STR_INIT;

	age_words(q->age_s, &age);
	str_addf(out, "%s: %s\n", q->name, verdicts[q->verdict].words);
	if (*why_not(q))
		str_addf(out, "\nWhy not\n  %s\n", why_not(q));
	if (q->verdict == REQUEST_REFUSED)
		str_addf(out, "\nWhat to do\n  'kubectl certificate deny %s' refuses it for good\n", q->name);
	str_add(out, "\nWhat it asks for\n");
	fact(out, "From", q->requester);
	fact(out, "For", q->subject);
	fact(out, "Names", q->names);
	fact(out, "Usages", q->usages);
	fact(out, "Signer", q->signer);
	fact(out, "Age", age.buf);
	str_release(&age);
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static bool on_request(const struct screen *screen)
{
	return selected(screen) != NULL;
}

static bool on_good(const struct screen *screen)
{
	return selected(screen) && selected(screen)->verdict == REQUEST_GOOD;
}

static void explain(struct screen *screen)
{
	struct str text = STR_INIT;

	explain_request(selected(screen), &text);
	app_push(screen->app, screen_reader(selected(screen)->name, text.buf));
	str_release(&text);
}

static void mark(struct screen *screen)
{
	struct requests_page *p = of(screen);

	if (!p->marked) {
		p->marks = p->list.count;
		p->marked = xcalloc(p->marks, sizeof(*p->marked));
	}
	if (p->list.selected < p->marks)
		p->marked[p->list.selected] = !p->marked[p->list.selected];
}

/* Those that are marked; all that may be signed when none is. */
static void wished(const struct requests_page *p, struct str *uids)
{
	const struct port_requests *seen = &p->screen.wizard->requests;
	bool any = false;

	for (size_t i = 0; i < seen->count; i++)
		any = any || is_marked(p, i);
	for (size_t i = 0; i < seen->count; i++)
		if (seen->list[i].verdict == REQUEST_GOOD && (!any || is_marked(p, i)))
			str_addf(uids, "%s ", seen->list[i].uid);
}

/* What changes something is planned first, and begun from there. */
static void sign(struct screen *screen)
{
	struct str uids = STR_INIT;

	if (page_requests_now(screen->wizard))
		wished(of(screen), &uids);
	if (uids.len) {
		page_cancel(screen, PURPOSE_REQUESTS);
		app_push(screen->app, screen_plan_what(PURPOSE_SIGN_PLAN, uids.buf));
	} else {
		app_say(screen->app, STYLE_WARNING,
			page_requests_now(screen->wizard)
				? "there is nothing to sign"
				: "nothing was looked at yet, or the inventory changed: v looks");
	}
	str_release(&uids);
}

static void back(struct screen *screen)
{
	page_cancel(screen, PURPOSE_REQUESTS);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_REQUESTS);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

static void draw_sum(const struct requests_page *p, struct canvas *c)
{
	const struct wizard *w = p->screen.wizard;
	const struct port_requests *seen = &w->requests;
	struct str text = STR_INIT;
	size_t counts[REQUEST_SIGNED + 1] = { 0 };
	enum style style = STYLE_HEADING;

	for (size_t i = 0; i < seen->count; i++)
		counts[seen->list[i].verdict]++;
	if (!seen->asked) {
		style = STYLE_FAIL;
		str_add(&text, seen->error.what);
	} else if (!seen->count) {
		style = STYLE_OK;
		str_add(&text, "Nobody waits for a certificate");
	} else {
		page_count(&text, seen->count + seen->more, "request", "requests");
		str_addf(&text, ": %zu may be signed, %zu refused, %zu left alone", counts[REQUEST_GOOD],
			counts[REQUEST_REFUSED], counts[REQUEST_FOREIGN]);
		if (seen->more)
			str_addf(&text, "; %zu more are shown when these are done", seen->more);
	}
	canvas_text(c, 0, 0, c->width - PAGE_AGE, style, text.buf);
	page_draw_age(w, c, p->now_ms - w->requests_ms, page_requests_now(w));
	if (!seen->asked)
		page_text(c, 2, 0, c->height, STYLE_NORMAL, seen->error.hint);
	str_release(&text);
}

static void draw_line(const struct requests_page *p, size_t i, struct canvas *c, int y)
{
	const struct port_request *q = request_at(p, i);
	int room = c->width - 1;

	if (!q)
		return;
	if (q->verdict == REQUEST_GOOD)
		canvas_symbol(c, y, AT_BOX, STYLE_NORMAL, is_marked(p, i) ? SYMBOL_MARKED : SYMBOL_UNMARKED);
	canvas_text(c, y, AT_NAME, AT_STATE - AT_NAME - 1, STYLE_NORMAL, q->name);
	canvas_symbol(c, y, AT_STATE - 2 + 1, verdicts[q->verdict].style, verdicts[q->verdict].symbol);
	canvas_text(
		c, y, AT_STATE + 1, AT_SUBJECT - AT_STATE - 2, verdicts[q->verdict].style, verdicts[q->verdict].words);
	canvas_text(c, y, AT_SUBJECT, room - AT_SUBJECT, STYLE_NORMAL, *q->subject ? q->subject : q->requester);
	page_pointer(c, y, c->width, i == p->list.selected);
}

static int draw_fact(struct canvas *c, int y, int bottom, const char *label, const char *text)
{
	struct str all = STR_INIT;

	str_addf(&all, "%s: %s", label, *text ? text : "-");
	y = page_text(c, y, 2, bottom, STYLE_NORMAL, all.buf);
	str_release(&all);
	return y;
}

static void draw_detail(const struct requests_page *p, struct canvas *c, int y, int bottom)
{
	const struct port_request *q = request_at(p, p->list.selected);

	if (!q)
		return;
	canvas_hline(c, y, 0, c->width, STYLE_BORDER);
	canvas_textf(c, y++, 2, c->width - 4, STYLE_HEADING, " %s ", q->name);
	y = page_text(c, y, 2, bottom, verdicts[q->verdict].style, why_not(q));
	y = draw_fact(c, y, bottom, "from", q->requester);
	y = draw_fact(c, y, bottom, "names", q->names);
	y = draw_fact(c, y, bottom, "usages", q->usages);
	draw_fact(c, y, bottom, "signer", q->signer);
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct requests_page *p = (const struct requests_page *)screen;
	int y = 2, rows;
	struct list l;

	if (!screen->wizard->requests_text) {
		page_draw_unseen(screen->wizard, c, "Asking who waits for a certificate");
		return;
	}
	draw_sum(p, c);
	if (!p->list.count)
		return;
	canvas_text(c, 1, AT_NAME, 0, STYLE_HEADING, "Request");
	canvas_text(c, 1, AT_STATE + 1, 0, STYLE_HEADING, "State");
	canvas_text(c, 1, AT_SUBJECT, 0, STYLE_HEADING, "For");
	rows = c->height - y - (c->height >= DETAIL_FROM ? DETAIL : 0);
	rows = rows < 1 ? 1 : rows;
	l = list_window(&p->list, rows);
	for (int i = 0; i < rows && l.top + (size_t)i < p->list.count; i++)
		draw_line(p, l.top + (size_t)i, c, y + i);
	list_marks(&l, c, y, c->width - 1);
	if (c->height >= DETAIL_FROM)
		draw_detail(p, c, y + rows, c->height);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static bool key(struct screen *screen, int k)
{
	return list_key(&of(screen)->list, k);
}

static void release(struct screen *screen)
{
	unmark(of(screen));
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Details", "Shows all that the selected request asks for, and why it is not signed.", explain,
		on_request },
	{ ' ', "Mark", "Marks the request to be signed, or takes the mark away.", mark, on_good },
	{ 'a', "Sign", "Plans to sign what is marked, or without a mark all that may be signed; start it from there.",
		sign, NULL },
	{ 'v', "Look", "Asks an API server again. Changes nothing.", look, NULL },
	{ 's', "Stop", "Stops the look that is under way.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Requests",
	.about =
		"Requests for certificates that wait: who asks, for which names, and whether kubewright may sign it or why not. A kubelet gets a certificate for itself alone, with the name and the address that the inventory gives its host. Nothing is signed before you have confirmed a plan.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.shown = shown,
	.changed = changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_requests(void)
{
	struct requests_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->look = (struct page_look){ .purpose = PURPOSE_REQUESTS, .now = page_requests_now };
	return &p->screen;
}
