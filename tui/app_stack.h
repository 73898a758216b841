/* What the files of the app share. */
#ifndef TUI_APP_STACK_H
#define TUI_APP_STACK_H

#include "tui/app.h"

#include <stddef.h>

enum change_kind { CHANGE_PUSH, CHANGE_POP, CHANGE_REPLACE, CHANGE_POP_TO };
struct change {
	enum change_kind kind;
	struct screen *screen;
};
struct app {
	struct wizard *wizard;
	bool over, redraw;
	struct screen **stack;
	unsigned *ids; /* a freed screen's address may come again: this does not */
	unsigned last_id;
	size_t count;
	struct change *changes; /* asked for while a screen's function runs */
	size_t change_count;
	int depth; /* of screens' functions that run */
	enum style said_kind;
	char said[320];
};

/* Whether characters are being typed into it. */
bool app_typing(const struct screen *s);

#endif
