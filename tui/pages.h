/*
 * What the pages of the wizard have in common: nothing typed is lost on the way forward or back, the equivalent
 * command, a run that the page begins.
 */
#ifndef TUI_PAGES_H
#define TUI_PAGES_H

#include "tui/wizard.h"

/* Saves the document, if there is one that changed, and goes; what cannot be saved is asked about first. */
void page_leave(struct screen *s, void (*go)(struct screen *s));
/* The same with app_pop: the act of Escape. */
void page_back(struct screen *s);
/* The command line's words for this page, in a reader. */
void page_equivalent(struct screen *s, enum purpose purpose);
/* wizard_begin, but for a run that waits for an answer about host keys: then the question is put again. */
bool page_begin(struct screen *s, enum purpose purpose, const char *host, const char *what);
/* Stops a run that only looks or plans. */
void page_stop(struct screen *s);
/* Stops what is under way if it is of this purpose: its page is left. */
void page_cancel(struct screen *s, enum purpose purpose);
/* Whether such a run is under way; a run that changes hosts is ended on the Run screen alone. */
bool page_can_stop(const struct screen *s);
/*
 * Begins what changes hosts (host NULL: all) and shows it as soon as it runs: *waits is set until then, and page_follow
 * is to be called by the page's shown and changed.
 */
void page_change(struct screen *s, enum purpose purpose, const char *host, const char *what, bool *waits);
void page_follow(struct screen *s, bool *waits);

/* Whether what the last check, or look of another kind, saw is of the document as it is now. */
bool page_seen_now(const struct wizard *w);
bool page_cluster_now(const struct wizard *w);
bool page_certs_now(const struct wizard *w);
bool page_benchmark_now(const struct wizard *w);
bool page_hardware_now(const struct wizard *w);
bool page_mesh_now(const struct wizard *w);
bool page_drill_now(const struct wizard *w);
bool page_requests_now(const struct wizard *w);
/* … and the last look at a rotation is at this one. */
bool page_rotation_now(const struct wizard *w, const char *name);
/* Whether the document's text is this one; false without either. */
bool page_document_is(const struct wizard *w, const char *text);
/* A check, or a look at the cluster, is under way. */
bool page_checking(const struct wizard *w);
/*
 * The look of a page that looks by itself: when it is shown, and again when the inventory changed. now: whether what
 * was seen is of the inventory as it is. A look that could not begin has said why, and is not tried again by itself.
 */
struct page_look {
	enum purpose purpose;
	bool (*now)(const struct wizard *w);
	bool begun; /* one that has not come to its end: it is under way, or could not begin */
};
/* Begins it, also when it was seen already: the act of a key. */
void page_look_begin(struct screen *s, struct page_look *l);
/* For the page's shown and changed. */
void page_look_shown(struct screen *s, struct page_look *l);
void page_look_changed(struct screen *s, struct page_look *l);
/* Open questions about host keys. */
size_t page_key_questions(const struct wizard *w);
/*
 * Puts those of a run that changes nothing, once each time that there are any (*asked); for the changed of pages that
 * are below all others.
 */
void page_ask_keys(struct screen *s, bool *asked);
/* Whether the open inventory is right and its cluster stands, as far as this machine knows of its runs. */
bool page_installed(const struct wizard *w);
/* Goes to the Dashboard from wherever it is; the one that says so is left. */
void page_dashboard(struct screen *s);
/* "2 workers", "1 worker". Appended. */
void page_count(struct str *out, size_t n, const char *one, const char *many);
/* what, hint and detail, each a paragraph. Appended. */
void page_error(struct str *out, const struct error *err);
/* A message about an error. */
void page_fail(struct screen *s, const char *title, const struct error *err);

/*
 * Columns of a table: drawn at *x, which continues behind it. Nothing is drawn, and false returned, when there is no
 * room for min columns of text.
 */
bool page_cell(struct canvas *c, int y, int *x, int width, int min, enum style style, const char *text);
/* Marks the line that keys go to. */
void page_pointer(struct canvas *c, int y, int width, bool selected);
/* A paragraph at y; returns the line after it. Bounded by bottom. */
int page_text(struct canvas *c, int y, int x, int bottom, enum style style, const char *text);

/* How old it is what a page shows, at the right of its first line: "7 s ago". current: of the document as it is. */
#define PAGE_AGE 13 /* columns that it may take */
void page_draw_age(const struct wizard *w, struct canvas *c, int64_t ms, bool current);
/* In place of what nobody has looked at yet; looking: "Looking at the cluster". */
void page_draw_unseen(const struct wizard *w, struct canvas *c, const char *looking);

/* ---- parts of single pages, in files of their own ---------------------------------------------------------------- */
/* Hosts of ~/.ssh/config to choose from, for the document. path NULL: that of the user. */
struct screen *screen_hosts_import(const char *path);
/* The earlier runs of a cluster. */
struct screen *screen_past_runs(struct wizard *w, const char *cluster);

struct hosts_row {
	char *name, *address;
	bool control_plane;
};
/*
 * Adds what was typed as hosts, all or none; role by name, or the first ones become control planes as in `kubewright
 * init`.
 */
int hosts_add(struct document *d, const char *typed, struct error *err);
/* The table's head, and a line of it. */
void hosts_draw_head(struct canvas *c, int y);
void hosts_draw_row(const struct wizard *w, const struct hosts_row *row, struct canvas *c, int y, bool here);
/* What is known of a host, below the table of hosts. */
void hosts_draw_detail(const struct wizard *w, const struct hosts_row *row, struct canvas *c, int y, int bottom);
/* The host's state in a few words, as the last check or the one under way saw it. */
enum symbol hosts_state(const struct wizard *w, const char *name, enum style *style, struct str *out);

/* The steps that a plan would do on a host: how many, and the i-th (step_count when there is none). */
size_t plan_would_count(const struct runview *v, size_t host);
size_t plan_would_at(const struct runview *v, size_t host, size_t i);
struct plan_sum {
	size_t hosts, steps, aside;
};
/* What a page wants planned: purpose, the host ("": all), and what else it is about (NULL: nothing). */
struct plan_aim {
	enum purpose purpose;
	char host[64];
	char *what;
};
/* Whether the last plan is of this, and of the document as it is now. */
bool plan_now(const struct wizard *w, const struct plan_aim *aim);
/* All 0 without such a plan. */
struct plan_sum plan_sum_of(const struct wizard *w, const struct plan_aim *aim);
/* What a step would do: its words, and the differences that it logged. Appended. */
void plan_step_text(const struct runview *v, size_t host, size_t step, struct str *out);
/* The two lines at the top of the page. */
void plan_draw_head(const struct wizard *w, const struct plan_aim *aim, struct canvas *c);

#endif
