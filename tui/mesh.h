/* The page of what hosts get through to one another: a matrix, and what was seen of the selected way. */
#ifndef TUI_MESH_H
#define TUI_MESH_H

#include "tui/pages.h"
#include "tui/preflight.h"
#include "tui/widgets.h"

struct mesh_page {
	struct screen screen;
	struct list from, to; /* rows and columns */
	struct search search; /* for hosts that ask */
	struct page_look look;
	bool keys_asked;
	int64_t now_ms; /* of the last tick */
};

/* All that was seen of the way from one host to another, or of one host, with what to do, to be read. Appended. */
void mesh_page_explain(const struct port_mesh *seen, size_t from, size_t to, struct str *out);

/* The whole screen below the title. */
void mesh_page_draw(const struct mesh_page *p, struct canvas *c);

#endif
