/* What dialogs share. */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H

#include "tui/app.h"

enum { DIALOG_TEXT = 66, DIALOG_WIDTH = DIALOG_TEXT + 4 };

/* Lines of a text in the width that a dialog has on this canvas. */
int dialog_lines(struct canvas *c, const char *text);
/* A paragraph, where there is room for one. */
void dialog_text(struct canvas *c, int y, int x, int h, int w, const char *text);

#endif
