/* Help of a screen: what it is for, and every key that it binds. */
#include "tui/app.h"

#include "base/str.h"

#include <stdlib.h>

enum { KEY_WIDTH = 11 };

static void key_line(struct str *out, int key, const char *help)
{
	char name[32];

	key_name(key, name, sizeof(name));
	str_addf(out, "  %-*s %s\n", KEY_WIDTH, name, help ? help : "");
}

struct screen *screen_help(const struct screen_ops *ops)
{
	struct str text = STR_INIT, title = STR_INIT;
	struct screen *s;

	str_addf(&text, "%s\n\nKeys here:\n", ops->about ? ops->about : ops->title ? ops->title : "");
	for (const struct binding *b = ops->bindings; b && b->key; b++)
		key_line(&text, b->key, b->help ? b->help : b->label);
	str_add(&text, "\nKeys everywhere:\n");
	key_line(&text, '?', "This help. While editing: F1.");
	key_line(&text, K_ESCAPE, "Goes back. Ctrl-C does the same: it does not end the program.");
	key_line(&text, K_CTRL('l'), "Redraws the screen.");
	str_add(&text,
		"\nIn lists the arrows, Page Up, Page Down, Home and End move; so do j, k, g, G.\n"
		"In lists and texts: / searches, n and N go to the next and the previous match.\n"
		"While editing: Ctrl-U, Ctrl-K and Ctrl-W delete the text before, after, and the word before.\n");
	str_addf(&title, "Help: %s", ops->title ? ops->title : "");
	s = screen_reader(title.buf, text.buf);
	str_release(&title);
	str_release(&text);
	return s;
}
