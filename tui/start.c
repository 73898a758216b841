/* The first page: which cluster to work on. Lists the inventory of this folder, recent ones, and ways to another one. */
#include "tui/start.h"

#include "base/alloc.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "tui/widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 30

struct start {
	struct screen screen;
	struct entry *entries;
	size_t count;
	struct list list;
	bool waits; /* for a run to begin */
	char complaint[1024];
};

/* ---- the list --------------------------------------------------------------------------------------------------------- */

static void forget(struct start *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->entries[i].path);
		free(s->entries[i].cluster);
		free(s->entries[i].live);
	}
	free(s->entries);
	s->entries = NULL;
	s->count = 0;
}

static struct entry *add(struct start *s, enum entry_kind kind, const char *path)
{
	struct entry *e;

	s->entries = xrealloc(s->entries, s->count + 1, sizeof(*s->entries));
	e = &s->entries[s->count++];
	*e = (struct entry){ .kind = kind, .path = xstrdup(path), .cluster = xstrdup(""), .style = STYLE_DIM };
	return e;
}

static void add_file(struct start *s, const char *path)
{
	struct error err = { 0 };
	struct document *d;
	struct str name = STR_INIT;
	struct entry *e;
	char *full = realpath(path, NULL);

	/* one that is gone is not news; the same one is shown once */
	for (size_t i = 0; full && i < s->count; i++)
		if (strcmp(s->entries[i].path, full) == 0) {
			free(full);
			return;
		}
	if (!full || s->count >= FILES_MAX) {
		free(full);
		return;
	}
	e = add(s, ENTRY_FILE, full);
	e->folder = start_own_folder(full);
	free(full);
	d = document_load(e->path, &err);
	if (!d) {
		e->style = STYLE_FAIL;
		snprintf(e->state, sizeof(e->state), "cannot be read: %.150s", err.what);
		return;
	}
	if (document_get(d, "cluster", &name) == 1) {
		free(e->cluster);
		e->cluster = str_detach(&name);
	}
	document_free(d);
	str_release(&name);
	if (*e->cluster)
		start_last_run(s->screen.wizard, e);
}

static void shown(struct screen *screen)
{
	struct start *s = (struct start *)screen;
	const struct port *port = screen->wizard->port;
	char *recent = port->recent(port->ctx), *save = NULL;

	forget(s);
	add_file(s, START_FILE);
	for (char *line = recent ? strtok_r(recent, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		add_file(s, line);
	free(recent);
	add(s, ENTRY_NEW, "");
	add(s, ENTRY_ADOPT, "");
	add(s, ENTRY_OPEN, "");
	list_resize(&s->list, s->count);
	page_follow(screen, &s->waits);
}

static void changed(struct screen *screen)
{
	if (app_top(screen->app) == screen)
		page_follow(screen, &((struct start *)screen)->waits);
}

/* ---- opening ---------------------------------------------------------------------------------------------------------- */

static void tell_problems(struct screen *screen)
{
	struct inventory_problems *p = xcalloc(1, sizeof(*p));
	struct document *d = screen->wizard->document;
	struct error err = { 0 };
	struct str text = STR_INIT;

	if (!document_problems(d, p, &err)) {
		str_add(&text, "The file is open and can be corrected here. Before an installation, fix this:\n\n");
		inventory_problems_format(p, document_path(d), &text);
		if (p->count == 0)
			page_error(&text, &err);
		app_push(screen->app, screen_reader("What is wrong in the inventory", text.buf));
	}
	str_release(&text);
	free(p);
}

/* A cluster that stands is looked at; anything else begins with its hosts. */
static void look(struct screen *screen)
{
	app_push(screen->app, page_installed(screen->wizard) ? screen_dashboard() : screen_hosts());
	tell_problems(screen);
}

static void go_on_or_look(struct screen *screen, int answer, void *ctx)
{
	(void)ctx;
	if (answer == 1)
		look(screen);
	else if (answer == 2)
		page_change(screen, PURPOSE_APPLY, NULL, NULL, &((struct start *)screen)->waits);
}

static bool open_file(struct screen *screen, const char *path, struct error *err)
{
	struct document *d = document_load(path, err);

	if (d)
		wizard_open(screen->wizard, d);
	return d != NULL;
}

static void ask_to_go_on(struct screen *screen, const struct entry *e)
{
	char *text = xasprintf(
		"The last installation of %s was cut off. It can continue where it stopped: what is done on the hosts "
		"is not repeated.",
		e->cluster);

	app_push(screen->app, screen_question("An installation was cut off", text,
				      "back|look at it first|continue the installation", go_on_or_look, screen, NULL));
	free(text);
}

static const char *complain(struct start *s, const struct error *err)
{
	snprintf(s->complaint, sizeof(s->complaint), "%s%s%s", err->what, *err->hint ? ": " : "", err->hint);
	return s->complaint;
}

/* The name goes into the text as it is: only one that needs no quotes may. */
static bool plain_name(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n < 64 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static const char *take_name(struct screen *screen, const char *text, void *ctx)
{
	struct error err = { 0 };
	struct document *d;

	(void)ctx;
	if (!plain_name(text))
		return "a name may contain lower-case letters, digits and '-'";
	d = start_new_document(text, &err);
	if (d && document_check(d, "cluster", text, &err)) {
		document_free(d);
		d = NULL;
	}
	if (!d)
		return complain((struct start *)screen, &err);
	wizard_open(screen->wizard, d);
	app_push(screen->app, screen_hosts());
	return NULL;
}

static const char *take_path(struct screen *screen, const char *text, void *ctx)
{
	struct error err = { 0 };
	char *path = file_expand(text, NULL);
	bool ok = open_file(screen, path, &err);

	(void)ctx;
	free(path);
	if (!ok)
		return complain((struct start *)screen, &err);
	look(screen);
	return NULL;
}

/* The run that another process is at is what one wants to see; behind it is the inventory. */
static void watch(struct screen *screen, const struct entry *e)
{
	struct error err = { 0 };
	struct recording *r = recording_load(e->live, &err);

	if (r)
		app_push(screen->app, screen_replay(r));
	else
		page_fail(screen, "The active run cannot be shown", &err);
}

static void open_entry(struct screen *screen, const struct entry *e)
{
	struct error err = { 0 };

	if (!open_file(screen, e->path, &err)) {
		page_fail(screen, "This file cannot be opened", &err);
		return;
	}
	if (e->dead && !e->alive) {
		ask_to_go_on(screen, e);
		return;
	}
	look(screen);
	if (e->alive)
		watch(screen, e);
}

static void go_on(struct screen *screen)
{
	struct start *s = (struct start *)screen;
	const struct entry *e = s->list.selected < s->count ? &s->entries[s->list.selected] : NULL;

	if (!e)
		return;
	if (e->kind == ENTRY_FILE)
		open_entry(screen, e);
	else if (e->kind == ENTRY_ADOPT)
		app_push(screen->app, screen_adopt());
	else if (e->kind == ENTRY_NEW)
		app_push(
			screen->app, screen_input("New cluster",
					     "The cluster's name, in lower-case letters, digits and '-'. It is used in "
					     "kubeconfigs and in the path of the cluster's keys.",
					     "kubernetes", NULL, false, take_name, screen, NULL));
	else
		app_push(screen->app, screen_input("Open another file", "The path of an inventory file.", "", NULL,
					      false, take_path, screen, NULL));
}

static bool on_file(const struct screen *screen)
{
	const struct start *s = (const struct start *)screen;

	return s->list.selected < s->count && *s->entries[s->list.selected].cluster;
}

static void past_runs(struct screen *screen)
{
	const struct start *s = (const struct start *)screen;

	app_push(screen->app, screen_past_runs(screen->wizard, s->entries[s->list.selected].cluster));
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_CHECK);
}

static bool has_document(const struct screen *screen)
{
	return screen->wizard->document != NULL;
}

/* ---- the screen --------------------------------------------------------------------------------------------------------- */

static const char *title_of(const struct entry *e)
{
	switch (e->kind) {
	case ENTRY_NEW: return "New cluster in this folder";
	case ENTRY_ADOPT: return "Take over a cluster that runs already";
	case ENTRY_OPEN: return "Open another file";
	case ENTRY_FILE: break;
	}
	return *e->cluster ? e->cluster : "(no name)";
}

/* The end of a path says more than its beginning. */
static void path_end(const char *path, int width, struct str *out)
{
	size_t n = strlen(path), max = (size_t)width;

	if (n > max && max > 3) {
		path += n - (max - 3);
		/* not in the middle of a character */
		while ((*path & 0xc0) == 0x80)
			path++;
		str_add(out, "...");
	}
	str_add(out, path);
}

static void draw_entry(const struct entry *e, struct canvas *c, int y, bool selected)
{
	struct str path = STR_INIT;
	int x = 2, width = c->width > 110 ? 44 : 22;

	if (e->kind == ENTRY_FILE) {
		page_cell(c, y, &x, 18, 1, STYLE_NORMAL, title_of(e));
		path_end(e->path + e->folder, width, &path);
		page_cell(c, y, &x, width, 8, STYLE_DIM, path.buf);
		page_cell(c, y, &x, c->width, 8, e->style, e->state);
	} else {
		page_cell(c, y, &x, c->width, 1, STYLE_NORMAL, title_of(e));
	}
	page_pointer(c, y, c->width, selected);
	str_release(&path);
}

static const char *says(const struct entry *e)
{
	switch (e->kind) {
	case ENTRY_NEW:
		return "Starts an inventory: the list of machines and their roles. Nothing is written before you leave a page.";
	case ENTRY_ADOPT:
		return "Looks at a cluster that was made with kubeadm without kubewright, and writes its inventory. Nothing is changed on its hosts.";
	case ENTRY_OPEN: return "Asks for the path of an inventory in another place.";
	case ENTRY_FILE: break;
	}
	if (e->alive)
		return "Another kubewright is working on it. Enter follows it live.";
	if (e->dead)
		return "Enter asks whether to continue the installation or to look at it first.";
	return "Enter opens it. Nothing is changed on the hosts before you have confirmed a plan.";
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct start *s = (const struct start *)screen;
	int rows = c->height - 9 > 1 ? c->height - 9 : 1, y = c->height - 6 > rows + 2 ? rows + 3 : rows + 2;
	struct list l = list_window(&s->list, rows);
	const struct entry *e = s->list.selected < s->count ? &s->entries[s->list.selected] : NULL;

	canvas_text(c, 0, 0, c->width, STYLE_HEADING, "Which cluster?");
	for (int i = 0; i < rows && l.top + (size_t)i < s->count; i++)
		draw_entry(&s->entries[l.top + (size_t)i], c, 2 + i, l.top + (size_t)i == l.selected);
	list_marks(&l, c, 2, c->width - 1);
	if (!e)
		return;
	canvas_hline(c, y - 1, 0, c->width, STYLE_BORDER);
	y = page_text(c, y, 0, c->height, STYLE_HEADING, title_of(e));
	y = page_text(c, y, 0, c->height, STYLE_DIM, e->path);
	y = page_text(c, y, 0, c->height, e->style, e->state);
	page_text(c, y, 0, c->height, STYLE_NORMAL, says(e));
}

static bool key(struct screen *screen, int k)
{
	return list_key(&((struct start *)screen)->list, k);
}

static void release(struct screen *screen)
{
	forget((struct start *)screen);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Open", "Opens what is selected.", go_on, NULL },
	{ K_F10, "Next", "Opens the selected inventory and goes to its hosts.", go_on, NULL },
	{ 'n', NULL, "Opens the selected inventory and goes to its hosts.", go_on, NULL },
	{ 'r', "Past runs", "Lists the earlier runs of this cluster; each can be replayed.", past_runs, on_file },
	{ 'e', "Command", "Shows the command that does the same.", equivalent, has_document },
	{ K_ESCAPE, "Leave", "Leaves kubewright. What you typed is saved.", page_back, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Start",
	.about =
		"Choose the cluster to work on. An inventory is one file that names the machines and their roles; the wizard reads and writes it, and the command line uses the same file.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.shown = shown,
	.changed = changed,
	.free = release,
};

struct screen *screen_start(void)
{
	struct start *s = xcalloc(1, sizeof(*s));

	s->screen.ops = &ops;
	return &s->screen;
}
