/* An app over a small inventory, and a screen that writes down what happens to it. */
#ifndef TESTS_UNIT_PROBE_APP_H
#define TESTS_UNIT_PROBE_APP_H

#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/document.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/screen_text.h"
#include "tui/app.h"
#include "tui/wizard.h"

static const char base[] = "cluster: blue\nkubernetes: {version: \"1.36\"}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n";

/* ---- a screen that shows what happened to it --------------------------------------------------------------------- */

static struct str journal = STR_INIT;

struct probe {
	struct screen screen;
	char name;
	bool typing, off;
};

static inline struct probe *probe_of(struct screen *s)
{
	return (struct probe *)s;
}

static inline void note(const struct screen *s, const char *what)
{
	str_addf(&journal, "%c:%s ", ((const struct probe *)s)->name, what);
}

/* What happened since the last call. */
static inline void happened(const char *want)
{
	CHECK_STR(journal.len ? journal.buf : "", want);
	str_clear(&journal);
}

static inline struct screen *probe(char name); /* a new one, below */

static inline void act_push(struct screen *s)
{
	app_push(s->app, probe((char)(probe_of(s)->name + 1)));
	note(s, "pushed");
}

static inline void act_pop(struct screen *s)
{
	app_pop(s->app);
	/* s is there until this returns */
	note(s, "popped");
}

static inline void act_replace(struct screen *s)
{
	app_replace(s->app, probe((char)(probe_of(s)->name + 1)));
	note(s, "replaced");
}

static inline void act_twice(struct screen *s)
{
	app_push(s->app, probe('x'));
	app_push(s->app, probe('y'));
	app_pop(s->app);
	note(s, "twice");
}

static inline void act_over(struct screen *s)
{
	app_pop(s->app);
	app_pop(s->app);
	app_pop(s->app);
	note(s, "over");
}

static inline void act_bottom(struct screen *s)
{
	app_pop_to(s->app, app_bottom(s->app));
	app_push(s->app, probe('z'));
	note(s, "bottom");
}

static inline void act_e(struct screen *s)
{
	note(s, "e");
}

static inline bool when_on(const struct screen *s)
{
	return !((const struct probe *)s)->off;
}

static inline bool probe_key(struct screen *s, int key)
{
	char name[32];

	if (key == K_ESCAPE || key == '?' || key == K_F1 || key == K_CTRL('l'))
		return false;
	if (probe_of(s)->typing && key > 0x10ffff)
		return false;
	note(s, key_name(key, name, sizeof(name)));
	return true;
}

static inline bool probe_text(const struct screen *s)
{
	return ((const struct probe *)s)->typing;
}

static inline void probe_shown(struct screen *s)
{
	note(s, "shown");
}

static inline void probe_changed(struct screen *s)
{
	note(s, "changed");
}

static inline void probe_free(struct screen *s)
{
	note(s, "freed");
	free(s);
}

static inline void probe_draw(const struct screen *s, struct canvas *c)
{
	canvas_textf(c, 0, 0, 0, STYLE_OK, "screen %c", ((const struct probe *)s)->name);
	canvas_textf(c, c->height - 1, 0, 0, STYLE_OK, "last line, %dx%d", c->width, c->height);
	canvas_cursor(c, 2, 3);
}

static const struct binding bindings[] = {
	{ 'a', "Push", "Puts a screen on top.", act_push, NULL },
	{ 'b', "Pop", "Leaves.", act_pop, NULL },
	{ 'c', "Replace", "Leaves for another.", act_replace, NULL },
	{ 'd', NULL, "Does several at once.", act_twice, NULL },
	{ 'e', "Sometimes", "Now and then.", act_e, when_on },
	{ 'o', NULL, "Leaves more than there are.", act_over, NULL },
	{ 'z', NULL, "Goes to the first.", act_bottom, NULL },
	{ K_F3, "A label that is rather long", "Nothing.", act_e, NULL },
	{ K_F4, "Another one as long as that", "Nothing either.", act_e, NULL },
	{ K_F5, "Dropped", "What does not fit.", act_e, NULL },
	{ 0 },
};
static const struct screen_ops probe_ops = {
	.title = "Probe",
	.about = "Shows what happens to it.",
	.bindings = bindings,
	.draw = probe_draw,
	.key = probe_key,
	.text = probe_text,
	.shown = probe_shown,
	.changed = probe_changed,
	.free = probe_free,
};

static inline struct screen *probe(char name)
{
	struct probe *p = xcalloc(1, sizeof(*p));

	p->screen.ops = &probe_ops;
	p->name = name;
	return &p->screen;
}

/* ---- an app around it -------------------------------------------------------------------------------------------- */

struct fixture {
	struct wizard wizard;
	struct app *app;
	struct canvas canvas;
};

static inline void begin(struct fixture *f, struct screen *first)
{
	struct error err = { 0 };

	memset(f, 0, sizeof(*f));
	wizard_init(&f->wizard, &fake_port);
	f->wizard.document = document_parse("/nonexistent/kubewright-test.yaml", base, &err);
	CHECK(f->wizard.document != NULL);
	f->app = f->wizard.app = app_new(&f->wizard, true);
	canvas_init(&f->canvas, 80, 24, true);
	if (first)
		app_push(f->app, first);
}

static inline void end(struct fixture *f)
{
	app_free(f->app);
	wizard_release(&f->wizard);
	canvas_release(&f->canvas);
	str_release(&journal);
}

static inline void keys(struct fixture *f, const char *text)
{
	for (; *text; text++)
		app_key(f->app, (unsigned char)*text);
}

static inline void draw(struct fixture *f)
{
	app_draw(f->app, &f->canvas);
}

#endif
