/* Which questions of a run are about host keys. */
#ifndef TUI_HOSTKEYS_H
#define TUI_HOSTKEYS_H

#include <stdbool.h>

struct runview_question;

/* Whether the table of host keys (screen_hostkeys) asks this question. */
bool hostkeys_asks(const struct runview_question *q);

#endif
