/* What the Dashboard draws: plain words over what the last look saw. */
#ifndef TUI_DASHBOARD_H
#define TUI_DASHBOARD_H

#include "tui/preflight.h"
#include "tui/widgets.h"

struct dashboard {
	struct screen screen;
	struct list list;
	struct search search;
	int64_t now_ms;  /* of the last tick */
	bool begun;      /* a look that has not come to its end: it is under way, or could not begin */
	bool saves;      /* a snapshot waits for the look to end */
	bool waits;      /* for the snapshot to begin */
	bool keys_asked; /* the open questions about host keys were put once */
};

/* The whole screen below the title. */
void dashboard_draw(const struct dashboard *d, struct canvas *c);
/* All that is known of a host, its findings with why and what to do. Appended. */
void dashboard_explain(const struct port_node *n, struct str *out);

#endif
