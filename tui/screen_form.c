/* A screen around a form: one host, or sections of the inventory. */
#include "tui/pages.h"

#include "base/alloc.h"
#include "tui/widgets.h"

#include <stdlib.h>

struct form_screen {
	struct screen screen;
	struct screen_ops ops; /* with a title of its own */
	char *title, *host;
	char **prefixes;  /* owned, NULL-terminated */
	struct form form; /* over form.document, if that is still the wizard's */
	bool open;
};

static struct form_screen *of(struct screen *s)
{
	return (struct form_screen *)s;
}

static bool current(const struct screen *s)
{
	const struct form_screen *f = (const struct form_screen *)s;

	return f->open && f->form.document == s->wizard->document;
}

static void shown(struct screen *s)
{
	struct form_screen *f = of(s);

	if (current(s))
		return;
	if (f->open)
		form_release(&f->form);
	form_init(&f->form, s->wizard->document, (const char *const *)f->prefixes, f->host);
	f->open = true;
}

static void draw(const struct screen *s, struct canvas *c)
{
	const struct form_screen *f = (const struct form_screen *)s;
	int below = c->height > 8 ? 1 : 0;

	if (!current(s))
		return;
	form_draw(&f->form, c, 0, 0, c->height - below, c->width);
	if (below && s->wizard->document && document_changed(s->wizard->document))
		canvas_text(c, c->height - 1, 0, c->width, STYLE_WARNING, "changed, saved when you leave");
}

static bool typing(const struct screen *s)
{
	return current(s) && form_typing(&((const struct form_screen *)s)->form);
}

static bool editing(const struct screen *s)
{
	return typing(s) && ((const struct form_screen *)s)->form.editing;
}

static bool resting(const struct screen *s)
{
	return !typing(s);
}

static bool key(struct screen *s, int k)
{
	return current(s) && form_key(&of(s)->form, k);
}

static void paste(struct screen *s, const char *text)
{
	if (current(s))
		form_paste(&of(s)->form, text);
}

static void enter(struct screen *s)
{
	key(s, K_ENTER);
}

static void equivalent(struct screen *s)
{
	page_equivalent(s, PURPOSE_APPLY);
}

static void cancel(struct screen *s)
{
	key(s, K_ESCAPE);
}

static void search(struct screen *s)
{
	key(s, '/');
}

static void empty(struct screen *s)
{
	key(s, K_DELETE);
}

static void release(struct screen *s)
{
	struct form_screen *f = of(s);

	if (f->open)
		form_release(&f->form);
	for (char **p = f->prefixes; *p; p++)
		free(*p);
	free(f->prefixes);
	free(f->title);
	free(f->host);
	free(f);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Edit", "Edits the marked field. Typing starts a new value.", enter, resting },
	{ K_ENTER, "Take", "Accepts what was typed.", enter, editing },
	{ K_ESCAPE, "Undo", "Restores the old value.", cancel, editing },
	{ K_ESCAPE, "Back", "Goes back. The inventory is saved.", page_back, resting },
	{ 'q', NULL, "Goes back, while no field is being edited. The inventory is saved.", page_back, resting },
	{ K_DELETE, "Clear", "Removes the field from the inventory: its default applies.", empty, resting },
	{ '/', "Search", "Searches for a field by its name or value.", search, resting },
	{ K_F2, "Command", "Shows the command that does the same.", equivalent, NULL },
	{ 0 },
};

struct screen *screen_form(const char *title, const char *const *prefixes, const char *host)
{
	struct form_screen *f = xcalloc(1, sizeof(*f));
	size_t n = 0;

	while (prefixes && prefixes[n])
		n++;
	f->prefixes = xcalloc(n + 1, sizeof(*f->prefixes));
	for (size_t i = 0; i < n; i++)
		f->prefixes[i] = xstrdup(prefixes[i]);
	f->title = xstrdup(title ? title : "");
	f->host = host ? xstrdup(host) : NULL;
	f->ops = (struct screen_ops){
		.title = f->title,
		.about = "Settings of the inventory. A field that is not set has its default, which is shown dimmed. "
			 "Each value is checked when you leave its field.",
		.bindings = bindings,
		.draw = draw,
		.key = key,
		.text = typing,
		.paste = paste,
		.shown = shown,
		.free = release,
	};
	f->screen.ops = &f->ops;
	return &f->screen;
}
