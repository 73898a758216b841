/* The pages on which a cluster that others made is taken over. */
#ifndef TUI_ADOPT_H
#define TUI_ADOPT_H

#include "tui/pages.h"

/* What a look sees, and the inventory; what: of PURPOSE_ADOPT; command: the command line that does the same. */
struct screen *screen_adopted(const char *what, const char *command);
/* The keys of its CAs, once the inventory is written and open. command: as above. */
struct screen *screen_adopt_keys(const char *command);

#endif
