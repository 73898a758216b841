/* The hosts of the inventory: added, changed, logged in to and looked at. */
#include "tui/pages.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_ROWS 8

struct hosts {
	struct screen screen;
	struct hosts_row *rows;
	size_t count, control_planes;
	struct list list;
	struct search search;
	bool keys_asked; /* the open questions about host keys were put once */
	char complaint[1024];
};

static struct hosts *of(struct screen *s)
{
	return (struct hosts *)s;
}

static const struct hosts_row *selected(const struct screen *screen)
{
	const struct hosts *s = (const struct hosts *)screen;

	return s->list.selected < s->count ? &s->rows[s->list.selected] : NULL;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------- */

static void forget(struct hosts *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->rows[i].name);
		free(s->rows[i].address);
	}
	free(s->rows);
	s->rows = NULL;
	s->count = s->control_planes = 0;
}

static char *host_value(const struct document *d, const char *host, const char *field)
{
	struct str value = STR_INIT;
	char *path = xasprintf("hosts.%s.%s", host, field);

	if (*host)
		document_get(d, path, &value);
	free(path);
	return str_detach(&value);
}

static void refresh(struct hosts *s)
{
	const struct document *d = s->screen.wizard->document;
	size_t count = d ? document_host_count(d) : 0;

	forget(s);
	s->rows = xcalloc(count ? count : 1, sizeof(*s->rows));
	s->count = count;
	for (size_t i = 0; i < count; i++) {
		const char *name = document_host_name(d, i);
		char *role;

		s->rows[i].name = xstrdup(name ? name : "");
		s->rows[i].address = host_value(d, s->rows[i].name, "address");
		role = host_value(d, s->rows[i].name, "role");
		s->rows[i].control_plane = strcmp(role, "control-plane") == 0;
		s->control_planes += s->rows[i].control_plane;
		free(role);
	}
	list_resize(&s->list, count);
}

static void select_name(struct hosts *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->rows[i].name, name) == 0)
			s->list.selected = i;
}

static void shown(struct screen *screen)
{
	refresh(of(screen));
}

/* Questions about new host keys of a check are put from here, whatever page is on top: this one is always below. */
static void changed(struct screen *screen)
{
	page_ask_keys(screen, &of(screen)->keys_asked);
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static const char *take_hosts(struct screen *screen, const char *text, void *ctx)
{
	struct hosts *s = of(screen);
	struct document *d = screen->wizard->document;
	struct error err = { 0 };
	size_t before = document_host_count(d);

	(void)ctx;
	if (hosts_add(d, text, &err)) {
		snprintf(s->complaint, sizeof(s->complaint), "%s%s%s", err.what, *err.hint ? ": " : "", err.hint);
		return s->complaint;
	}
	refresh(s);
	if (s->count > before)
		s->list.selected = before;
	return NULL;
}

static void add_one(struct screen *screen)
{
	app_push(screen->app,
		screen_input("Add a host",
			"Its name and address, as in cp1=10.0.0.11. Names that begin with cp become control planes; t changes that later.",
			"", NULL, false, take_hosts, screen, NULL));
}

static void add_many(struct screen *screen)
{
	app_push(screen->app,
		screen_input("Add many hosts",
			"Ranges or lists, typed or pasted: cp[1-3]=10.0.0.[11-13] w1=10.0.0.21 10.0.0.[22-25]. Names that begin with cp "
			"become control planes; without names, the first three of four or more do.",
			"", NULL, false, take_hosts, screen, NULL));
}

static void import(struct screen *screen)
{
	app_push(screen->app, screen_hosts_import(NULL));
}

/* A host without a name cannot be given to the document. */
static bool on_host(const struct screen *screen)
{
	const struct hosts_row *row = selected(screen);

	return row && *row->name;
}

static void edit(struct screen *screen)
{
	static const char *const prefixes[] = { "hosts[]", NULL };
	char *title = xasprintf("Host %s", selected(screen)->name);

	app_push(screen->app, screen_form(title, prefixes, selected(screen)->name));
	free(title);
}

static void login(struct screen *screen)
{
	static const char *const prefixes[] = { "ssh.", NULL };

	app_push(screen->app, screen_form("How to log in", prefixes, NULL));
}

static void toggle_role(struct screen *screen)
{
	const struct hosts_row *row = selected(screen);
	char *name = xstrdup(row->name), *path = xasprintf("hosts.%s.role", name);
	struct error err = { 0 };

	if (document_set(screen->wizard->document, path, row->control_plane ? "worker" : "control-plane", &err))
		page_fail(screen, "The role cannot be changed", &err);
	refresh(of(screen));
	select_name(of(screen), name);
	free(path);
	free(name);
}

static void removed(struct screen *screen, int answer, void *ctx)
{
	const struct hosts_row *row = selected(screen);
	struct error err = { 0 };

	(void)ctx;
	if (answer != 1 || !row)
		return;
	if (document_remove_host(screen->wizard->document, row->name, &err))
		page_fail(screen, "The host cannot be removed", &err);
	refresh(of(screen));
}

static void ask_remove(struct screen *screen)
{
	char *text =
		xasprintf("Remove %s from the inventory? The machine itself is not touched.", selected(screen)->name);

	app_push(screen->app, screen_question("Remove a host", text, "no|yes", removed, screen, NULL));
	free(text);
}

static void look(struct screen *screen)
{
	if (of(screen)->count == 0)
		app_say(screen->app, STYLE_WARNING, "no host to log in to yet: a adds one");
	else
		page_begin(screen, PURPOSE_CHECK, NULL, NULL);
}

static void go(struct screen *screen)
{
	app_push(screen->app, screen_cluster());
}

static void next(struct screen *screen)
{
	page_leave(screen, go);
}

static void dashboard(struct screen *screen)
{
	page_leave(screen, page_dashboard);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_CHECK);
}

/* n looks for the next match while there is something to look for. */
static bool no_search(const struct screen *screen)
{
	return !((const struct hosts *)screen)->search.last;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

static void draw_sum(const struct hosts *s, struct canvas *c, int y)
{
	const struct wizard *w = s->screen.wizard;
	struct str text = STR_INIT;
	size_t looked = 0;

	for (size_t i = 0; i < w->seen_count; i++)
		looked += w->seen[i].facts.probed;
	page_count(&text, s->control_planes, "control plane", "control planes");
	str_add(&text, ", ");
	page_count(&text, s->count - s->control_planes, "worker", "workers");
	if (page_checking(w))
		str_add(&text, "; looking at them now");
	else
		str_addf(&text, "; %zu of %zu looked at", looked < s->count ? looked : s->count, s->count);
	if (page_key_questions(w))
		str_add(&text, "; v shows new host keys");
	canvas_text(c, y, 0, c->width, STYLE_NORMAL, text.buf);
	str_release(&text);
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct hosts *s = (const struct hosts *)screen;
	int detail = c->height >= 16 ? DETAIL_ROWS : 0, rows = c->height - 2 - (detail ? detail + 1 : 0);
	struct list l;

	if (rows < 1)
		rows = 1;
	l = list_window(&s->list, rows);
	hosts_draw_head(c, 0);
	if (s->count == 0)
		page_text(c, 2, 2, c->height - 1, STYLE_NORMAL,
			"No hosts yet. Press a to add one, m to add many at once, or i to import them from ~/.ssh/config. "
			"With three control planes the cluster survives the loss of one; one is enough to try it.");
	for (int i = 0; i < rows && l.top + (size_t)i < s->count; i++)
		hosts_draw_row(screen->wizard, &s->rows[l.top + (size_t)i], c, 1 + i, l.top + (size_t)i == l.selected);
	list_marks(&l, c, 1, c->width - 1);
	if (detail) {
		canvas_hline(c, 1 + rows, 0, c->width, STYLE_BORDER);
		if (selected(screen))
			hosts_draw_detail(screen->wizard, selected(screen), c, 2 + rows, c->height - 1);
	}
	if (s->search.typing)
		search_draw(&s->search, c, c->height - 1, 0, c->width);
	else
		draw_sum(s, c, c->height - 1);
}

/* ---- keys --------------------------------------------------------------------------------------------------------------- */

static const char *row_text(size_t i, void *ctx)
{
	return ((struct hosts *)ctx)->rows[i].name;
}

static bool key(struct screen *screen, int k)
{
	struct hosts *s = of(screen);
	bool none;

	if (!search_list(&s->search, &s->list, k, row_text, s, &none))
		return list_key(&s->list, k);
	if (none)
		app_say(screen->app, STYLE_WARNING, "no host name contains this");
	return true;
}

static bool typing(const struct screen *screen)
{
	return ((const struct hosts *)screen)->search.typing;
}

static void release(struct screen *screen)
{
	forget(of(screen));
	search_release(&of(screen)->search);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_F10, "Next", "Continues to the cluster's settings. The inventory is saved.", next, NULL },
	{ 'n', NULL, "Continues to the cluster's settings.", next, no_search },
	{ 'v', "Verify", "Logs in to all hosts and looks at them. Changes nothing on them.", look, NULL },
	{ 'a', "Add", "Adds one host.", add_one, NULL },
	{ 'm', "Many", "Adds many hosts at once: ranges, or a pasted list.", add_many, NULL },
	{ 'i', "Import", "Imports hosts from ~/.ssh/config.", import, NULL },
	{ K_ENTER, "Edit", "Edits all settings of the selected host.", edit, on_host },
	{ 't', "Role", "Changes the role between control plane and worker.", toggle_role, on_host },
	{ 'd', "Delete", "Removes the selected host from the inventory.", ask_remove, on_host },
	{ K_DELETE, NULL, "Removes the selected host from the inventory.", ask_remove, on_host },
	{ 'u', "Login", "How to log in, for all hosts: user, key, passwords.", login, NULL },
	{ 's', "Stop", "Stops the running check.", page_stop, page_can_stop },
	{ 'b', NULL, "Goes to the Dashboard: the state of the cluster, when it is up.", dashboard, on_host },
	{ 'e', NULL, "Shows the command that does the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back. The inventory is saved.", page_back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Hosts",
	.about =
		"The machines that become the cluster: name, address and role of each, and how to log in to it. / searches for a name.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = typing,
	.shown = shown,
	.changed = changed,
	.free = release,
};

struct screen *screen_hosts(void)
{
	struct hosts *s = xcalloc(1, sizeof(*s));

	s->screen.ops = &ops;
	search_init(&s->search);
	return &s->screen;
}
