/* What the files of the form share: what the document has for a field, and what stands in when it has none. */
#ifndef TUI_FORM_H
#define TUI_FORM_H

#include "base/str.h"
#include "inventory/inventory.h"
#include "tui/widgets.h"

/* The path of document.h for a field of the table: "hosts[].ssh.port" becomes "hosts.cp1.ssh.port". Caller frees. */
char *form_path(const struct form *f, const struct inventory_field *field);
/* The value as it is typed: one line. False: left out, or no document. */
bool form_value(const struct form *f, const struct inventory_field *field, struct str *out);
/* What holds when it is left out: the default, for a host what holds for all. False: nothing. */
bool form_fallback(const struct form *f, const struct inventory_field *field, struct str *out);
/* Words to step through: "true|false", "ask|none"; NULL: none. */
const char *form_words(const struct inventory_field *field);
/* Several lines as one and back: a line end is \n, a tab \t, a backslash doubled. */
bool form_has_lines(const struct inventory_field *field);
void form_fold(struct str *out, const char *text);
void form_unfold(struct str *out, const char *text);
/* The selected one, or NULL. */
const struct inventory_field *form_field(const struct form *f);

#endif
