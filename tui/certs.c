/* The certificates of a living cluster: who reads them, and how long they are good. */
#include "tui/certs.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

static struct certs_page *of(struct screen *s)
{
	return (struct certs_page *)s;
}

/* ---- lines ------------------------------------------------------------------------------------------------------------ */

const struct certs_line *certs_line(const struct certs_page *p, size_t i)
{
	const struct port_certs *seen = &p->screen.wizard->certs;
	const size_t counts[] = { seen->host_count, seen->count, seen->difference_count };
	const struct certs_line *line = i < p->count ? &p->lines[i] : NULL;

	return line && line->index < counts[line->kind] ? line : NULL;
}

bool certs_attention(const struct port_cert *cert)
{
	return cert->state < CERTS_OK || cert->difference != SIZE_MAX;
}

static void add(struct certs_page *p, enum certs_line_kind kind, size_t index)
{
	p->lines[p->count++] = (struct certs_line){ kind, index };
}

/* A host that has nothing to show for it is left out with its certificates. */
static void add_host(struct certs_page *p, const struct port_certs *seen, size_t host, size_t *next)
{
	const struct port_certs_host *h = &seen->hosts[host];
	size_t at = p->count;

	add(p, CERTS_LINE_HOST, host);
	for (; *next < seen->count && seen->list[*next].host == host; ++*next)
		if (!p->attention || certs_attention(&seen->list[*next]))
			add(p, CERTS_LINE_CERT, *next);
	if (p->attention && p->count == at + 1 && h->looked && !*h->left_out)
		p->count = at;
}

/* Again from what was seen; the selection stays on what it was on, when that is still there. */
static void refresh(struct certs_page *p)
{
	const struct port_certs *seen = &p->screen.wizard->certs;
	struct certs_line was = p->list.selected < p->count ? p->lines[p->list.selected] : (struct certs_line){ 0, 0 };
	size_t next = 0;

	p->lines = xrealloc(p->lines, seen->host_count + seen->count + seen->difference_count + 1, sizeof(*p->lines));
	p->count = 0;
	for (size_t i = 0; i < seen->host_count; i++)
		add_host(p, seen, i, &next);
	for (size_t i = 0; i < seen->difference_count; i++)
		add(p, CERTS_LINE_DIFFERENCE, i);
	for (size_t i = 0; i < p->count; i++)
		if (p->lines[i].kind == was.kind && p->lines[i].index == was.index)
			p->list.selected = i;
	list_resize(&p->list, p->count);
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

static void look(struct screen *screen)
{
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
	page_look_changed(screen, &of(screen)->look);
}

static int64_t tick(struct screen *screen, int64_t now_ms)
{
	of(screen)->now_ms = now_ms;
	return 1000;
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static bool on_line(const struct screen *screen)
{
	const struct certs_page *p = (const struct certs_page *)screen;

	return certs_line(p, p->list.selected) != NULL;
}

static const char *title_of(const struct port_certs *seen, const struct certs_line *line)
{
	return line->kind == CERTS_LINE_HOST   ? seen->hosts[line->index].name
	       : line->kind == CERTS_LINE_CERT ? seen->list[line->index].file
					       : seen->differences[line->index].file;
}

static void explain(struct screen *screen)
{
	const struct port_certs *seen = &screen->wizard->certs;
	const struct certs_line *line = certs_line(of(screen), of(screen)->list.selected);
	struct str text = STR_INIT;

	certs_explain(seen, line, &text);
	app_push(screen->app, screen_reader(title_of(seen, line), text.buf));
	str_release(&text);
}

static void filter(struct screen *screen)
{
	of(screen)->attention = !of(screen)->attention;
	refresh(of(screen));
}

static bool has_seen(const struct screen *screen)
{
	return screen->wizard->certs_text != NULL;
}

/* What changes hosts is planned first, and begun from there. */
static void renew(struct screen *screen)
{
	page_cancel(screen, PURPOSE_CERTS);
	app_push(screen->app, screen_plan_of(PURPOSE_RENEW_PLAN, NULL));
}

static void rotations(struct screen *screen)
{
	page_cancel(screen, PURPOSE_CERTS);
	app_push(screen->app, screen_rotations());
}

static void requests(struct screen *screen)
{
	page_cancel(screen, PURPOSE_CERTS);
	app_push(screen->app, screen_requests());
}

static void back(struct screen *screen)
{
	page_cancel(screen, PURPOSE_CERTS);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_CERTS);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static void draw(const struct screen *screen, struct canvas *c)
{
	certs_draw((const struct certs_page *)screen, c);
}

static const char *row_text(size_t i, void *ctx)
{
	static char text[320];
	const struct certs_page *p = ctx;
	const struct port_certs *seen = &p->screen.wizard->certs;
	const struct certs_line *line = certs_line(p, i);

	if (!line || line->kind != CERTS_LINE_CERT)
		return line ? title_of(seen, line) : NULL;
	snprintf(text, sizeof(text), "%s %s", seen->hosts[seen->list[line->index].host].name,
		seen->list[line->index].path);
	return text;
}

static bool key(struct screen *screen, int k)
{
	struct certs_page *p = of(screen);
	bool none;

	if (!search_list(&p->search, &p->list, k, row_text, p, &none))
		return list_key(&p->list, k);
	if (none)
		app_say(screen->app, STYLE_WARNING, "no file or host name contains this");
	return true;
}

static bool typing(const struct screen *screen)
{
	return ((const struct certs_page *)screen)->search.typing;
}

static void release(struct screen *screen)
{
	free(of(screen)->lines);
	search_release(&of(screen)->search);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Details",
		"Shows all that is known of the selected certificate: who it is for, its names, who must restart for another one, and on which hosts it differs.",
		explain, on_line },
	{ 'f', "Filter", "Shows only what needs attention; again: all.", filter, has_seen },
	{ 'v', "Look", "Looks at the certificates of all hosts again. Changes nothing on them.", look, NULL },
	{ 'r', "Renew", "Plans how all certificates are renewed, host by host; start it from there.", renew, NULL },
	{ 'w', "Waiting", "Shows which kubelets wait for a certificate; sign them from there.", requests, NULL },
	{ 'o', "Rotation", "Shows which CAs and keys are being rotated; begin or continue it from there.", rotations,
		has_seen },
	{ 's', "Stop", "Stops the look that is under way.", page_stop, page_can_stop },
	{ 'e', "Command", "Shows the command that reports the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Certificates",
	.about =
		"The certificates on all hosts and on this machine, by host, what ends first at the top, with the time that each has left. Nothing is changed. / searches for a file or a host.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = typing,
	.shown = shown,
	.changed = changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_certs(void)
{
	struct certs_page *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &ops;
	p->look = (struct page_look){ .purpose = PURPOSE_CERTS, .now = page_certs_now };
	search_init(&p->search);
	return &p->screen;
}
