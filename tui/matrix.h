/* Hosts x steps as a table, and the log of the selected cell: what Run and Replay show of a struct runview. */
#ifndef TUI_MATRIX_H
#define TUI_MATRIX_H

#include "tui/runview.h"
#include "tui/widgets.h"

struct str;

struct matrix {
	struct list hosts;
	size_t step;        /* the selected one; SIZE_MAX: the one that the host is at */
	bool back;          /* the log does not follow its end */
	size_t bottom;      /* then: of the line after the last one shown, counted from the cell's first line ever */
	struct search search; /* in names of hosts */
};
/* The first host, at the step that it is at. */
void matrix_init(struct matrix *m);
void matrix_release(struct matrix *m);
/*
 * Up, Down, j, k, g, G: the host; Left, Right, Tab: the step; PageUp, PageDown, End: the log; `/`, n, N: a host by
 * name; f: the next host that was set aside. False: not taken.
 */
bool matrix_key(struct matrix *m, const struct runview *v, int key);
/* The next host, after the selected one and around, that was set aside; host_count: none. */
size_t matrix_next_failed(const struct matrix *m, const struct runview *v);
/* The host and the step that are shown; SIZE_MAX: none. */
size_t matrix_host(const struct matrix *m, const struct runview *v);
size_t matrix_step(const struct matrix *m, const struct runview *v);

/* The table in the lines y..y+height-1, at now_ms of the run. Returns the lines used. */
int matrix_draw(const struct matrix *m, const struct runview *v, int64_t now_ms, struct canvas *c, int y, int height);
/*
 * The table, and below it what failed on the selected host and the log of the selected cell, with a line for the search
 * while it is typed: the table gets what its hosts need, at most half.
 */
void matrix_draw_all(const struct matrix *m, const struct runview *v, int64_t now_ms, struct canvas *c, int y,
	int height);
/* The whole of what is known of the selected cell, to be read. Appended. */
void matrix_text(const struct matrix *m, const struct runview *v, struct str *out);
/* A title for it; at most 160 bytes. Returns out. */
char *matrix_title(const struct matrix *m, const struct runview *v, char *out, size_t size);

/* "12.3 s", "2m05s", "1h02m"; returns out. */
char *matrix_duration(int64_t ms, char *out, size_t size);

#endif
