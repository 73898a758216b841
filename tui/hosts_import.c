/* Hosts that are added many at a time: typed or pasted, and chosen from ~/.ssh/config. */
#include "tui/pages.h"

#include "base/alloc.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "tui/widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- typed or pasted ------------------------------------------------------------------------------------------------- */

struct typed {
	struct document *document;
	struct pair {
		char *name, *address;
	} * list;
	size_t count, control_planes, added;
	bool named;
};

static bool name_taken(const struct typed *t, const char *name, size_t before)
{
	for (size_t i = 0; i < document_host_count(t->document); i++)
		if (strcmp(document_host_name(t->document, i), name) == 0)
			return true;
	for (size_t i = 0; i < before; i++)
		if (strcmp(t->list[i].name, name) == 0)
			return true;
	return false;
}

static int collect(void *ctx, const char *name, const char *address, struct error *err)
{
	struct typed *t = ctx;

	(void)err;
	t->list = xrealloc(t->list, t->count + 1, sizeof(*t->list));
	t->list[t->count++] = (struct pair){ xstrdup(name), xstrdup(address) };
	return 0;
}

static size_t control_planes(const struct document *d)
{
	size_t n = 0;

	for (size_t i = 0; i < document_host_count(d); i++) {
		const char *name = document_host_name(d, i);
		char *path = xasprintf("hosts.%s.role", name ? name : "");
		struct str role = STR_INIT;

		if (name && *name && document_get(d, path, &role) == 1)
			n += strcmp(role.buf, "control-plane") == 0;
		str_release(&role);
		free(path);
	}
	return n;
}

/* Without a word from the operator the first three are control planes, or the first alone when there are fewer than four. */
static bool is_control_plane(const struct typed *t, size_t i)
{
	const char *name = t->list[i].name;
	size_t first = t->control_planes ? 0 : t->count > 3 ? 3 : 1;

	if (t->named && (str_starts(name, "cp") || str_starts(name, "control") || str_starts(name, "master")))
		return true;
	if (t->named && (str_starts(name, "worker") || (name[0] == 'w' && name[1] >= '0' && name[1] <= '9')))
		return false;
	return i < first;
}

static void choose_name(struct typed *t, size_t i)
{
	const char *kind = is_control_plane(t, i) ? "cp" : "w";

	free(t->list[i].name);
	for (unsigned n = 1;; n++) {
		t->list[i].name = xasprintf("%s%u", kind, n);
		if (!name_taken(t, t->list[i].name, i))
			return;
		free(t->list[i].name);
	}
}

static int add_all(struct typed *t, struct error *err)
{
	for (size_t i = 0; i < t->count; i++) {
		if (!t->named)
			choose_name(t, i);
		if (document_add_host(t->document, t->list[i].name, t->list[i].address,
			    is_control_plane(t, i) ? "control-plane" : "worker", err)) {
			/* all or none: what was typed stays in the line to be put right */
			while (t->added > 0)
				document_remove_host(t->document, t->list[--t->added].name, NULL);
			return -1;
		}
		t->added++;
	}
	return 0;
}

int hosts_add(struct document *d, const char *typed, struct error *err)
{
	struct typed t = { .document = d, .control_planes = control_planes(d), .named = strchr(typed, '=') != NULL };
	int rc = document_expand_hosts(d, typed, t.control_planes ? "worker" : "control-plane", collect, &t, err);

	if (rc == 0 && t.count == 0)
		rc = error_set(err, ERROR_INVENTORY, "type a name and an address, as in cp1=10.0.0.11");
	if (rc == 0)
		rc = add_all(&t, err);
	for (size_t i = 0; i < t.count; i++) {
		free(t.list[i].name);
		free(t.list[i].address);
	}
	free(t.list);
	return rc;
}

/* ---- from ~/.ssh/config --------------------------------------------------------------------------------------------- */

struct choice {
	struct ssh_config_host host;
	bool marked;
	const char *remark; /* why it cannot be marked; NULL: it can */
};
struct import {
	struct screen screen;
	char *path;
	struct choice *choices;
	size_t count;
	struct list list;
	struct error error;
};

static const char *why_not(const struct document *d, const struct ssh_config_host *h)
{
	if (!inventory_cidr_contains("0.0.0.0/0", h->address))
		return "has no IPv4 address there";
	for (size_t i = 0; i < document_host_count(d); i++) {
		const char *name = document_host_name(d, i);
		char *path = xasprintf("hosts.%s.address", name ? name : "");
		struct str address = STR_INIT;
		bool same = name && strcmp(name, h->name) == 0;

		if (!same && name && *name && document_get(d, path, &address) == 1)
			same = strcmp(address.buf, h->address) == 0;
		str_release(&address);
		free(path);
		if (same)
			return "is already in the inventory";
	}
	return NULL;
}

static void shown(struct screen *screen)
{
	struct import *s = (struct import *)screen;
	struct ssh_config_host *list = NULL;
	size_t count = 0;

	if (s->choices)
		return;
	if (ssh_config_hosts(s->path, &list, &count, &s->error))
		count = 0;
	s->choices = xcalloc(count ? count : 1, sizeof(*s->choices));
	s->count = count;
	for (size_t i = 0; i < count; i++) {
		s->choices[i].host = list[i];
		s->choices[i].remark = why_not(screen->wizard->document, &list[i]);
	}
	free(list);
	list_resize(&s->list, count);
}

static void mark(struct screen *screen)
{
	struct import *s = (struct import *)screen;
	struct choice *c = s->list.selected < s->count ? &s->choices[s->list.selected] : NULL;

	if (!c)
		return;
	if (c->remark)
		app_say(screen->app, STYLE_WARNING, "%s", c->remark);
	else
		c->marked = !c->marked;
	if (s->list.selected + 1 < s->count)
		s->list.selected++;
}

static void mark_all(struct screen *screen)
{
	struct import *s = (struct import *)screen;
	bool all = true;

	for (size_t i = 0; i < s->count; i++)
		all = all && (s->choices[i].marked || s->choices[i].remark);
	for (size_t i = 0; i < s->count; i++)
		s->choices[i].marked = !all && !s->choices[i].remark;
}

static int set(struct document *d, const char *host, const char *field, const char *value, struct error *err)
{
	char *path = xasprintf("hosts.%s.ssh.%s", host, field);
	int rc = *value ? document_set(d, path, value, err) : 0;

	free(path);
	return rc;
}

static int add_choice(struct document *d, const struct ssh_config_host *h, struct error *err)
{
	char port[16] = "", *line = xasprintf("%s=%s", h->name, h->address);
	int rc = hosts_add(d, line, err);

	if (h->port > 0 && h->port != 22)
		snprintf(port, sizeof(port), "%d", h->port);
	/* a setting that does not suit is reported, the host stays */
	if (rc == 0)
		rc = set(d, h->name, "user", h->user, err) | set(d, h->name, "port", port, err) |
		     set(d, h->name, "key", h->key, err);
	free(line);
	return rc;
}

static void take(struct screen *screen)
{
	struct import *s = (struct import *)screen;
	struct str bad = STR_INIT;
	size_t marked = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct error err = { 0 };

		if (!s->choices[i].marked)
			continue;
		marked++;
		if (add_choice(screen->wizard->document, &s->choices[i].host, &err))
			str_addf(&bad, "%s: %s\n", s->choices[i].host.name, err.what);
		if (s->choices[i].host.jump[0])
			str_addf(&bad, "%s: its jump host (%s) is ignored: kubewright connects directly\n",
				s->choices[i].host.name, s->choices[i].host.jump);
	}
	if (marked == 0) {
		app_say(screen->app, STYLE_WARNING, "nothing is marked; Space marks a host");
		return;
	}
	app_pop(screen->app);
	if (bad.len)
		app_push(screen->app, screen_message("Some hosts were changed or left out", STYLE_WARNING, bad.buf));
	str_release(&bad);
}

static void leave(struct screen *screen)
{
	app_pop(screen->app);
}

static void draw_choice(const struct choice *h, struct canvas *c, int y, bool here)
{
	char port[16] = "";
	int x = 6;

	if (h->host.port)
		snprintf(port, sizeof(port), ":%d", h->host.port);
	canvas_symbol(c, y, 2, h->remark ? STYLE_DIM : STYLE_NORMAL, h->marked ? SYMBOL_MARKED : SYMBOL_UNMARKED);
	page_cell(c, y, &x, 20, 1, h->remark ? STYLE_DIM : STYLE_NORMAL, h->host.name);
	page_cell(c, y, &x, 18, 4, STYLE_NORMAL, h->host.address);
	if (h->remark) {
		page_cell(c, y, &x, c->width, 4, STYLE_DIM, h->remark);
	} else {
		page_cell(c, y, &x, 12, 4, STYLE_DIM, h->host.user);
		page_cell(c, y, &x, 6, 4, STYLE_DIM, port);
		page_cell(c, y, &x, c->width, 8, STYLE_DIM, h->host.key);
	}
	page_pointer(c, y, c->width, here);
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct import *s = (const struct import *)screen;
	int rows = c->height - 3 > 1 ? c->height - 3 : 1, y;
	struct list l = list_window(&s->list, rows);

	canvas_textf(c, 0, 0, c->width, STYLE_HEADING, "Hosts of %s", s->path);
	if (s->error.kind != ERROR_NONE) {
		y = page_text(c, 2, 0, c->height, STYLE_FAIL, s->error.what);
		page_text(c, y, 0, c->height, STYLE_NORMAL, s->error.hint);
	} else if (s->count == 0) {
		page_text(c, 2, 0, c->height, STYLE_NORMAL,
			"It names no single machine; patterns with * or ? do not count.");
	}
	for (int i = 0; i < rows && l.top + (size_t)i < s->count; i++)
		draw_choice(&s->choices[l.top + (size_t)i], c, 2 + i, l.top + (size_t)i == l.selected);
	list_marks(&l, c, 2, c->width - 1);
}

static bool key(struct screen *screen, int k)
{
	return list_key(&((struct import *)screen)->list, k);
}

static void release(struct screen *screen)
{
	struct import *s = (struct import *)screen;

	free(s->path);
	free(s->choices);
	free(s);
}

static const struct binding bindings[] = {
	{ ' ', "Mark", "Marks the selected host, or removes the mark.", mark, NULL },
	{ 'a', "All", "Marks all, or none.", mark_all, NULL },
	{ K_ENTER, "Add", "Adds the marked hosts, with their user, port and key.", take, NULL },
	{ K_ESCAPE, "Back", "Goes back without adding hosts.", leave, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Import hosts",
	.about =
		"Machines in the configuration of your SSH client. Marked ones are added with address, user, port and key.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.shown = shown,
	.free = release,
};

struct screen *screen_hosts_import(const char *path)
{
	struct import *s = xcalloc(1, sizeof(*s));

	s->screen.ops = &ops;
	s->path = path ? xstrdup(path) : file_expand("~/.ssh/config", NULL);
	return &s->screen;
}
