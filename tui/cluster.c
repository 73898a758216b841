/* The cluster's settings: every field of the inventory but hosts and login, with what is wrong below. */
#include "tui/pages.h"

#include "base/alloc.h"
#include "inventory/inventory.h"
#include "tui/widgets.h"

#include <stdlib.h>
#include <string.h>

struct cluster {
	struct screen screen;
	struct form form;
	bool open; /* form is made, over the document of that time */
	struct inventory_problems problems;
	struct error error;
	bool good;
	char *checked; /* the text that problems are of */
};

static struct cluster *of(struct screen *s)
{
	return (struct cluster *)s;
}

/* ---- what is wrong ---------------------------------------------------------------------------------------------------- */

/* The top-level key that a line of the file is below, into out. */
static void section(const char *text, int line, char *out, size_t size)
{
	*out = '\0';
	for (int i = 1; i <= line && *text; i++) {
		size_t n = strcspn(text, "\n");

		/* hosts may be listed without indent */
		if (n && !strchr(" \t#-", *text)) {
			size_t word = strcspn(text, ":\n");

			word = word < size ? word : size - 1;
			memcpy(out, text, word);
			out[word] = '\0';
		}
		text += n + (text[n] == '\n');
	}
}

/* Complaints about hosts and login belong to the page before. */
static bool concerns(const struct document *d, const struct inventory_problem *p)
{
	char top[32];

	section(document_text(d), p->line, top, sizeof(top));
	return strcmp(top, "hosts") != 0 && strcmp(top, "ssh") != 0;
}

static void check(struct cluster *s)
{
	const struct document *d = s->screen.wizard->document;

	if (page_document_is(s->screen.wizard, s->checked))
		return;
	free(s->checked);
	s->checked = xstrdup(document_text(d));
	memset(&s->problems, 0, sizeof(s->problems));
	memset(&s->error, 0, sizeof(s->error));
	s->good = document_problems(d, &s->problems, &s->error);
}

static void shown(struct screen *screen)
{
	static const char *const prefixes[] = { "cluster", "kubernetes.", "endpoint.", "network.", "containerd.",
		"runtime.", "etcd.", "pki.", "kubelet.", "kubeproxy.", "kubeadm.", "security.", "preflight.", "time.",
		NULL };
	struct cluster *s = of(screen);

	if (!s->open)
		form_init(&s->form, screen->wizard->document, prefixes, NULL);
	s->open = true;
	check(s);
}

static void all_problems(struct screen *screen)
{
	struct cluster *s = of(screen);
	struct str text = STR_INIT;

	inventory_problems_format(&s->problems, document_path(screen->wizard->document), &text);
	if (!text.len && !s->good)
		page_error(&text, &s->error);
	app_push(screen->app,
		screen_reader("What is wrong in the inventory", text.len ? text.buf : "Nothing is wrong.\n"));
	str_release(&text);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

static void draw_problems(const struct cluster *s, struct canvas *c, int y)
{
	const struct document *d = s->screen.wizard->document;
	size_t elsewhere = 0;
	int from = y;

	for (size_t i = 0; i < s->problems.count; i++) {
		const struct inventory_problem *p = &s->problems.list[i];
		enum style style = p->warning ? STYLE_WARNING : STYLE_FAIL;

		if (!concerns(d, p)) {
			elsewhere++;
			continue;
		}
		if (y >= c->height - 1)
			continue;
		canvas_symbol(c, y, 0, style, p->warning ? SYMBOL_WARNING : SYMBOL_FAIL);
		y = page_text(c, y, 2, y + 2 < c->height - 1 ? y + 2 : c->height - 1, style, p->text);
	}
	if (elsewhere)
		canvas_textf(c, y < c->height ? y : c->height - 1, 0, c->width, STYLE_DIM,
			"%zu more on the page of hosts (F3 shows all)", elsewhere);
	else if (y == from && s->good && !s->form.complaint[0])
		canvas_text(c, y, 0, c->width, STYLE_OK, "Nothing is wrong here.");
	else if (y == from && !s->good)
		page_text(c, y, 0, c->height, STYLE_FAIL, s->error.what);
}

static void draw(const struct screen *screen, struct canvas *c)
{
	const struct cluster *s = (const struct cluster *)screen;
	int below = c->height >= 16 ? c->height >= 32 ? 8 : 4 : 0;

	if (!s->open)
		return;
	form_draw(&s->form, c, 0, 0, below ? c->height - below - 1 : c->height, c->width);
	if (!below)
		return;
	canvas_hline(c, c->height - below - 1, 0, c->width, STYLE_BORDER);
	draw_problems(s, c, c->height - below);
}

/* ---- keys --------------------------------------------------------------------------------------------------------------- */

static bool key(struct screen *screen, int k)
{
	bool taken = form_key(&of(screen)->form, k);

	check(of(screen));
	return taken;
}

static void go(struct screen *screen)
{
	app_push(screen->app, screen_preflight());
}

static void next(struct screen *screen)
{
	struct cluster *s = of(screen);

	/* what is being typed is taken with it, or complained about */
	if (s->form.editing)
		key(screen, K_ENTER);
	if (!s->form.editing)
		page_leave(screen, go);
}

static bool editing(const struct screen *screen)
{
	const struct cluster *s = (const struct cluster *)screen;

	return s->open && s->form.editing;
}

static bool resting(const struct screen *screen)
{
	return !editing(screen);
}

static void take(struct screen *screen)
{
	key(screen, K_ENTER);
}

static void undo(struct screen *screen)
{
	key(screen, K_ESCAPE);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_CHECK);
}

/* n looks for the next match while there is something to look for. */
static bool no_search(const struct screen *screen)
{
	return !((const struct cluster *)screen)->form.search.last;
}

static bool typing(const struct screen *screen)
{
	const struct cluster *s = (const struct cluster *)screen;

	return s->open && form_typing(&s->form);
}

static void paste(struct screen *screen, const char *text)
{
	form_paste(&of(screen)->form, text);
	check(of(screen));
}

static void release(struct screen *screen)
{
	if (of(screen)->open)
		form_release(&of(screen)->form);
	free(of(screen)->checked);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_F10, "Next", "Continues to the check of the hosts. The inventory is saved.", next, NULL },
	{ 'n', NULL, "Continues to the check of the hosts, while no field is being edited.", next, no_search },
	{ K_F3, "Problems", "Lists everything that is wrong in the inventory.", all_problems, NULL },
	{ K_F2, "Command", "Shows the command that does the same.", equivalent, NULL },
	{ 'e', NULL, "Shows the command that does the same, while no field is being edited.", equivalent, NULL },
	{ K_ENTER, "Take", "Accepts what was typed.", take, editing },
	{ K_ESCAPE, "Undo", "While editing: restores the old value.", undo, editing },
	{ K_ESCAPE, "Back", "Goes back to the hosts. The inventory is saved.", page_back, resting },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Cluster",
	.about =
		"The cluster's settings: its Kubernetes version, the address of its API, its networks. An empty field has the default that is shown. Enter starts and ends editing.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = typing,
	.paste = paste,
	.shown = shown,
	.free = release,
};

struct screen *screen_cluster(void)
{
	struct cluster *s = xcalloc(1, sizeof(*s));

	s->screen.ops = &ops;
	return &s->screen;
}
