/* The page of a living cluster's certificates: its lines, their words and what it draws. */
#ifndef TUI_CERTS_H
#define TUI_CERTS_H

#include "tui/pages.h"
#include "tui/widgets.h"

/* A line of the list: a host, then its certificates; after all hosts the files that differ. */
enum certs_line_kind { CERTS_LINE_HOST, CERTS_LINE_CERT, CERTS_LINE_DIFFERENCE };
struct certs_line {
	enum certs_line_kind kind;
	size_t index; /* in hosts, list or differences of what was seen */
};
struct certs_page {
	struct screen screen;
	struct certs_line *lines;
	size_t count;
	struct list list;
	struct search search;
	bool attention; /* only what needs some is in the lines */
	struct page_look look;
	int64_t now_ms; /* of the last tick */
};

/* The i-th line, of what was seen as it is now; NULL: none. */
const struct certs_line *certs_line(const struct certs_page *p, size_t i);
/* Whether somebody should do something about a certificate. */
bool certs_attention(const struct port_cert *cert);

/* How a state looks. */
enum style certs_style(enum certs_state state);
enum symbol certs_symbol(enum certs_state state);
/* When a certificate ends, or what else is to be said first of it; a sentence, appended. */
void certs_sentence(const struct port_cert *cert, struct str *out);
/* "kube-apiserver, etcd*": with * who must restart for another one; "-": nobody. True: one must. */
bool certs_readers(const struct port_cert *cert, struct str *out);
/* How many a host has. */
size_t certs_count(const struct port_certs *seen, size_t host);
/* All that is known of what a line is about, to be read. Appended. */
void certs_explain(const struct port_certs *seen, const struct certs_line *line, struct str *out);

/* The whole screen below the title. */
void certs_draw(const struct certs_page *p, struct canvas *c);

#endif
