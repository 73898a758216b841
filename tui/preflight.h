/* The lines of the preflight page: findings, login failures and hosts without any, of what the last check saw. */
#ifndef TUI_PREFLIGHT_H
#define TUI_PREFLIGHT_H

#include "tui/pages.h"

/* In the order of the table: what stands in the way comes first. */
enum row_kind { ROW_LOGIN, ROW_ERROR, ROW_WARNING, ROW_IGNORED, ROW_UNSEEN, ROW_CLEAR, ROW_KINDS };
struct preflight_row {
	enum row_kind kind;
	size_t host;    /* in wizard.seen */
	size_t finding; /* of the host; of findings alone */
};
struct preflight_rows {
	struct preflight_row *list;
	size_t count;
	size_t kinds[ROW_KINDS]; /* how many of each */
	size_t bad_hosts;        /* with a login failure or an error that is not ignored */
};

/* Again from what was seen. */
void preflight_rows_make(struct preflight_rows *rows, const struct wizard *w);
/* The first row of a finding, into *at; left alone when there is none. */
void preflight_rows_find(const struct preflight_rows *rows, const struct wizard *w, const char *finding, size_t *at);
/* NULL for other rows. */
const struct finding *preflight_finding(const struct wizard *w, const struct preflight_row *row);
/* How a finding is shown: by its level, unless it is ignored. */
enum row_kind preflight_kind(const struct finding *f);
/* How such rows look: a word, a style and a mark. */
const char *preflight_word(enum row_kind kind);
enum style preflight_style(enum row_kind kind);
enum symbol preflight_symbol(enum row_kind kind);
/* What was seen, in one line; lent. */
const char *preflight_what(const struct wizard *w, const struct preflight_row *row);
/* What, why and what to do. Appended. */
void preflight_explain(const struct wizard *w, const struct preflight_row *row, struct str *out);
/* The same of any finding, without what this page could do about it. */
void preflight_explain_finding(const struct finding *f, const char *host, struct str *out);
/* The worst first, from line y on and above bottom; what finds no room is counted. Returns the line after them. */
int preflight_draw_findings(const struct finding *list, size_t count, struct canvas *c, int y, int bottom);
/* While the first look has no lines yet: how far each host is, from line y on. */
void preflight_draw_live(const struct wizard *w, struct canvas *c, int y);
/* The finding's name, or the host's where there is none; lent. */
const char *preflight_title(const struct wizard *w, const struct preflight_row *row);
/* The line at the top. */
void preflight_sum(const struct wizard *w, const struct preflight_rows *rows, enum style *style, struct str *out);
/* The names of the hosts that stand in the way, the first few. Appended. */
void preflight_bad(const struct wizard *w, struct str *out);
/* Writes an exception into the document, or takes it out, also in what was seen: that stays true. */
int preflight_ignore(struct wizard *w, const char *finding, bool ignored, struct error *err);

#endif
