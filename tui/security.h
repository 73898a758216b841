/* The page of the hosts beside the benchmark: its lines, their words and what it draws. */
#ifndef TUI_SECURITY_H
#define TUI_SECURITY_H

#include "tui/pages.h"
#include "tui/widgets.h"

struct security_page {
	struct screen screen;
	size_t *lines; /* the hosts that could not be looked at, from 0 on, and after them the items */
	size_t count;
	struct list list;
	struct search search;
	struct page_look look;
	bool failed; /* of the items only those that failed are in the lines */
	bool keys_asked;
	int64_t now_ms; /* of the last tick */
};

/* What a line is about: one of both. */
struct security_line {
	const struct port_benchmark_unseen *unseen;
	const struct port_benchmark_item *item;
};
/* The i-th line, of what was seen as it is now; NULL, NULL: there is none. */
struct security_line security_line(const struct security_page *p, size_t i);
/* All that is known of what a line is about, to be read. Appended. */
void security_explain(const struct security_line *line, struct str *out);

/* The whole screen below the title. */
void security_draw(const struct security_page *p, struct canvas *c);

#endif
