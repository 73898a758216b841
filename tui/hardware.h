/* The page of the machines: hosts, and of the selected one what is near what; its words and what it draws. */
#ifndef TUI_HARDWARE_H
#define TUI_HARDWARE_H

#include "tui/pages.h"
#include "tui/preflight.h"
#include "tui/widgets.h"

struct hardware_page {
	struct screen screen;
	struct list hosts, tree;
	struct search search; /* for hosts */
	bool on_tree;         /* keys go there, else to the hosts */
	struct page_look look;
	bool keys_asked;
	int64_t now_ms; /* of the last tick */
};

/* All that is known of a machine, and its findings, to be read. Appended. */
void hardware_explain(const struct port_hardware_host *h, struct str *out);

/* The whole screen below the title. */
void hardware_draw(const struct hardware_page *p, struct canvas *c);

#endif
