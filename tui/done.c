/* What the run came to: what stands, how to use it, which hosts are left and why, what to do next. */
#include "tui/wizard.h"

#include "base/alloc.h"
#include "base/str.h"
#include "tui/pages.h"
#include "tui/run.h"
#include "tui/widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_WIDTH 13
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"

struct done {
	struct screen screen;
	struct list left; /* hosts that were set aside, in the order of the view */
};

static struct done *done_of(struct screen *s)
{
	return (struct done *)s;
}

static size_t hosts_left(const struct wizard *w)
{
	size_t n = 0;

	for (size_t h = 0; w->view_valid && h < w->view.host_count; h++)
		n += w->view.hosts[h].aside;
	return n;
}

/* The i-th host that was set aside, or NULL. */
static const struct runview_host *host_left(const struct wizard *w, size_t i)
{
	for (size_t h = 0; w->view_valid && h < w->view.host_count; h++)
		if (w->view.hosts[h].aside && i-- == 0)
			return &w->view.hosts[h];
	return NULL;
}

static bool cancelled(const struct wizard *w)
{
	return w->view_valid && w->view.over && w->view.outcome == OUTCOME_CANCELLED;
}

/* The run verified the cluster and wrote its kubeconfig. */
static bool stands(const struct wizard *w)
{
	return w->summary_valid && w->summary.kubeconfig;
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

static enum style verdict(const struct wizard *w, char *out, size_t size)
{
	size_t n = hosts_left(w);
	char left[64];

	snprintf(left, sizeof(left), "%zu host%s left to do", n, n == 1 ? " is" : "s are");
	if (!w->summary_valid) {
		snprintf(out, size, "No run has ended yet.");
		return STYLE_DIM;
	}
	if (cancelled(w)) {
		snprintf(out, size, "The run was stopped before it ended.");
		return STYLE_WARNING;
	}
	if (stands(w) && !n && w->summary.exit_status == 0) {
		snprintf(out, size, "The cluster is up.");
		return STYLE_OK;
	}
	if (stands(w) && n) {
		snprintf(out, size, "The cluster is up; %s.", left);
		return STYLE_WARNING;
	}
	if (w->summary.exit_status == 0 && !n) {
		snprintf(out, size, w->summary.snapshot ? "etcd's data is saved." : "Done.");
		return STYLE_OK;
	}
	snprintf(out, size, "Not finished%s%s.", n ? ": " : "", n ? left : "");
	return STYLE_FAIL;
}

static void etcd_words(const struct port_summary *s, char *out, size_t size)
{
	if (s->tolerates)
		snprintf(out, size, "%u voters; the cluster survives the loss of %u control plane%s", s->voters,
			s->tolerates, s->tolerates == 1 ? "" : "s");
	else
		snprintf(out, size, "%u voter%s; the cluster does not survive the loss of a%s control plane", s->voters,
			s->voters == 1 ? "" : "s", s->voters > 2 ? "nother" : "");
}

static void next_words(const struct wizard *w, struct str *out)
{
	const char *noun = purpose_kind(w->purpose)->noun;

	if (!w->summary_valid)
		return;
	if (cancelled(w))
		str_addf(out, "Start the %s again; it continues where this run stopped.", noun);
	else if (hosts_left(w))
		str_addf(out, "Fix the hosts above, then start the %s again; it continues with them.", noun);
	else if (w->summary.exit_status != 0)
		str_addf(out, "Fix the error above, then start the %s again; what is done stays done.", noun);
	else if (w->summary.snapshot)
		str_add(out, "It holds the cluster's Secrets: keep it as safe as its keys.");
	else if (stands(w) && w->summary.no_network)
		str_addf(out,
			"%u node%s for a pod network: install one, or name its manifest in the cluster's settings and begin the installation again.",
			w->summary.no_network, w->summary.no_network == 1 ? " waits" : "s wait");
	else if (stands(w))
		str_add(out,
			"Keep the inventory and the cluster's folder: you need them to add hosts and to maintain the cluster.");
}

/* ---- drawing -------------------------------------------------------------------------------------------------------- */

static void fact(struct canvas *c, int *y, const char *label, const char *value)
{
	if (!value || !*value || *y >= c->height)
		return;
	canvas_text(c, *y, 1, LABEL_WIDTH, STYLE_LABEL, label);
	if (1 + LABEL_WIDTH < c->width)
		*y += canvas_paragraph(
			c, *y, 1 + LABEL_WIDTH, c->height - *y, c->width - 1 - LABEL_WIDTH, 0, STYLE_NORMAL, value);
	else
		*y += 1;
}

static int draw_facts(const struct wizard *w, struct canvas *c, int y)
{
	const struct port_summary *s = &w->summary;
	struct str command = STR_INIT;
	char etcd[128] = "", took[24] = "";

	if (s->voters)
		etcd_words(s, etcd, sizeof(etcd));
	if (stands(w)) {
		str_add(&command, "kubectl --kubeconfig ");
		/* quotes only where a shell needs them */
		if (strspn(s->kubeconfig, PLAIN) == strlen(s->kubeconfig))
			str_add(&command, s->kubeconfig);
		else
			str_add_quoted(&command, s->kubeconfig);
		str_add(&command, " get nodes");
	}
	if (w->view_valid)
		matrix_duration(w->view.at_ms, took, sizeof(took));
	fact(c, &y, "Kubernetes", s->version);
	fact(c, &y, "endpoint", s->endpoint);
	fact(c, &y, "etcd", etcd);
	fact(c, &y, "kubeconfig", s->kubeconfig);
	fact(c, &y, "use it with", command.buf);
	fact(c, &y, "snapshot", s->snapshot);
	fact(c, &y, "time", took);
	str_release(&command);
	return y;
}

static void draw_why(const struct runview_host *h, struct canvas *c, int y, int height)
{
	int width = c->width > 4 ? c->width - 4 : 1, used = 0;
	char text[640];

	if (!h || height <= 0)
		return;
	snprintf(text, sizeof(text), "%s%s%s", h->error.step, *h->error.step ? ": " : "", h->error.what);
	used = canvas_paragraph(c, y, 3, height, width, 0, STYLE_FAIL, text);
	if (used >= height || !h->error.hint[0])
		return;
	snprintf(text, sizeof(text), "What to do: %s", h->error.hint);
	canvas_paragraph(c, y + used, 3, height - used, width, 0, STYLE_WARNING, text);
}

static void draw_left(const struct done *d, const struct wizard *w, struct canvas *c, int y, int bottom)
{
	struct list list = d->left;
	size_t n = hosts_left(w);
	int why = 5, rows = bottom - y - 1 - why;

	list_resize(&list, n);
	if (rows > (int)(n < 500 ? n : 500))
		rows = (int)n;
	if (rows < 1)
		rows = 1;
	canvas_textf(c, y, 1, 0, STYLE_HEADING, "Hosts left to do (%zu of %zu)", n, w->view.host_count);
	list = list_window(&list, rows);
	for (int i = 0; i < rows && y + 1 + i < bottom; i++) {
		const struct runview_host *h = host_left(w, list.top + (size_t)i);
		bool selected = list.top + (size_t)i == list.selected;
		int used;

		if (!h)
			break;
		if (selected) {
			canvas_symbol(c, y + 1 + i, 0, STYLE_FOCUS, SYMBOL_POINTER);
			canvas_cursor(c, y + 1 + i, 0);
		}
		used = canvas_text(c, y + 1 + i, 2, 20, selected ? STYLE_FOCUS : STYLE_NORMAL, h->name);
		used = 2 + (used > 14 ? used : 14) + 2;
		if (used < c->width - 1)
			canvas_textf(c, y + 1 + i, used, c->width - 1 - used, STYLE_DIM, "%s%s%s", h->error.step,
				*h->error.step ? ": " : "", h->error.what);
	}
	list_marks(&list, c, y + 1, c->width - 1);
	draw_why(host_left(w, list.selected), c, y + 1 + rows, bottom - y - 1 - rows);
}

static void draw(const struct screen *s, struct canvas *c)
{
	const struct wizard *w = s->wizard;
	struct str next = STR_INIT;
	char text[160];
	int y = 2, bottom = c->height, width = c->width > 2 ? c->width - 2 : 1, lines = 0;
	enum style style = verdict(w, text, sizeof(text));

	canvas_text(c, 0, 1, 0, style, text);
	if (w->summary_valid)
		y = draw_facts(w, c, y) + 1;
	next_words(w, &next);
	if (next.len) {
		lines = canvas_paragraph(c, 0, 1, 0, width, 0, STYLE_NORMAL, next.buf);
		bottom -= lines + 1;
	}
	if (hosts_left(w) && y < bottom - 1)
		draw_left((const struct done *)s, w, c, y, bottom - 1);
	else if (w->summary_valid && w->summary.first && !hosts_left(w) && y < bottom)
		canvas_paragraph(c, y, 1, bottom - y, width, 0, STYLE_FAIL, w->summary.first->what);
	if (lines && bottom > 0) {
		canvas_text(c, bottom, 1, 0, STYLE_HEADING, "What comes next");
		canvas_paragraph(c, bottom + 1, 1, lines, width, 0, STYLE_NORMAL, next.buf);
	}
	str_release(&next);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

static bool some_left(const struct screen *s)
{
	return hosts_left(s->wizard) > 0;
}

static void read_why(struct screen *s)
{
	const struct runview_host *h = host_left(s->wizard, done_of(s)->left.selected);
	struct str text = STR_INIT;

	if (!h)
		return;
	str_addf(&text, "%s%s%s\n", h->error.step, *h->error.step ? ": " : "", h->error.what);
	if (*h->error.detail)
		str_addf(&text, "\n%s\n", h->error.detail);
	if (*h->error.hint)
		str_addf(&text, "\nWhat to do: %s\n", h->error.hint);
	app_push(s->app, screen_reader(h->name, text.buf));
	str_release(&text);
}

static void to_start(struct screen *s)
{
	app_pop_to(s->app, app_bottom(s->app));
}

static bool is_up(const struct screen *s)
{
	return stands(s->wizard);
}

static bool key(struct screen *s, int code)
{
	list_resize(&done_of(s)->left, hosts_left(s->wizard));
	return list_key(&done_of(s)->left, code);
}

static void release(struct screen *s)
{
	free(s);
}

static const struct binding bindings[] = {
	{ K_ENTER, "To the start", "Goes back to the first page.", to_start, NULL },
	{ 'b', "Dashboard", "Shows the current state of the cluster.", page_dashboard, is_up },
	{ 'o', "Why", "Shows why the selected host is not done.", read_why, some_left },
	{ 'q', NULL, "Goes back to the first page.", to_start, NULL },
	{ K_ESCAPE, NULL, "Goes back to the first page.", to_start, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Done",
	.about = "The result of the run: what is up now and how to use it, which hosts are not done and why.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.free = release,
};

struct screen *screen_done(void)
{
	struct done *d = xcalloc(1, sizeof(*d));

	d->screen.ops = &ops;
	return &d->screen;
}
