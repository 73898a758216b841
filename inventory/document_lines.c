/* Lines and places in a document's text, and how values are written there. */
#include "inventory/document_private.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

size_t line_start(const char *t, size_t at)
{
	while (at > 0 && t[at - 1] != '\n' && t[at - 1] != '\r')
		at--;
	return at;
}

size_t line_end(const char *t, size_t len, size_t at)
{
	while (at < len && t[at] != '\n' && t[at] != '\r')
		at++;
	return at;
}

size_t line_next(const char *t, size_t len, size_t at)
{
	at = line_end(t, len, at);
	if (at < len && t[at] == '\r' && at + 1 < len && t[at + 1] == '\n')
		return at + 2;
	return at < len ? at + 1 : len;
}

size_t line_indent(const char *t, size_t len, size_t start)
{
	size_t i = start;

	while (i < len && t[i] == ' ')
		i++;
	return i - start;
}

bool line_blank(const char *t, size_t len, size_t start)
{
	while (start < len && (t[start] == ' ' || t[start] == '\t'))
		start++;
	return start == len || t[start] == '\n' || t[start] == '\r';
}

bool line_comment(const char *t, size_t len, size_t start)
{
	while (start < len && (t[start] == ' ' || t[start] == '\t'))
		start++;
	return start < len && t[start] == '#';
}

size_t node_end(const char *t, const struct inventory_node *n)
{
	size_t end = n->end;

	while (end > n->start && strchr(" \t\r\n", t[end - 1]))
		end--;
	return end;
}

size_t node_colon(const char *t, const struct inventory_node *n)
{
	size_t at = n->key ? n->key->end : 0;

	while (n->key && (t[at] == ' ' || t[at] == '\t'))
		at++;
	return n->key && t[at] == ':' ? at + 1 : 0;
}

bool node_covers(const struct inventory_node *n, size_t at)
{
	if (n->kind == INVENTORY_KIND_SCALAR && at >= n->start && at < n->end)
		return true;
	for (const struct inventory_node *m = n->first; m; m = m->next)
		if ((m->key && at >= m->key->start && at < m->key->end) || node_covers(m, at))
			return true;
	return false;
}

void node_comments(const char *t, size_t len, const struct inventory_node *n, size_t from, size_t to, struct str *out)
{
	for (size_t next; from < to; from = next) {
		next = line_next(t, len, from);
		if (line_comment(t, len, from) && !node_covers(n, from + strspn(t + from, " \t")))
			str_addn(out, t + from, next - from);
	}
}

int node_column(const char *t, const struct inventory_node *n, size_t *dash)
{
	size_t at = n->key ? n->key->start : n->start, start = line_start(t, at);

	*dash = at;
	for (size_t i = start; i < at; i++) {
		if (t[i] == '-' && (t[i + 1] == ' ' || i + 1 == at))
			*dash = i;
		else if (t[i] != ' ')
			return -1;
	}
	return (int)(at - start);
}

static bool is_word(const char *text)
{
	static const char *const words[] = { "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf",
		"-.inf", "+.inf", ".nan", "<<", "=" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* Numbers of all YAML's versions: also 1_000, 1:30 and dates, but no address. */
bool quote_ambiguous(const char *text)
{
	const char *p = text + (*text == '-' || *text == '+'), *first;
	size_t n, dots = 0;

	if (!*text || is_word(text))
		return true;
	if (p[0] == '0' && p[1] && strchr("xXoObB", p[1]))
		return p[2] && strspn(p + 2, "0123456789abcdefABCDEF_") == strlen(p + 2);
	first = p + (*p == '.');
	if (!isdigit((unsigned char)*first))
		return false;
	n = strspn(p, "0123456789_.:-");
	for (size_t i = 0; i < n; i++)
		dots += p[i] == '.';
	if (dots > 1)
		return false;
	if (p[n] != 'e' && p[n] != 'E')
		return !p[n];
	p += n + 1;
	p += *p == '-' || *p == '+';
	return strspn(p, "0123456789") == strlen(p);
}

/* Whether text keeps being one scalar without quotes. */
static bool plain_possible(const char *text, bool flow)
{
	size_t n = strlen(text);
	const unsigned char *p = (const unsigned char *)text;

	if (n == 0 || text[0] == ' ' || text[n - 1] == ' ' || text[n - 1] == ':')
		return false;
	if (strchr("?:,[]{}#&*!|>'\"%@`", text[0]) || (text[0] == '-' && !isdigit(p[1]) && p[1] != '.'))
		return false;
	if (strncmp(text, "...", 3) == 0 || strstr(text, ": ") || strstr(text, " #"))
		return false;
	if (flow && strpbrk(text, ",[]{}:"))
		return false;
	for (; *p; p++)
		if (*p < ' ' || *p == 127)
			return false;
	return true;
}

static void add_double(struct str *out, const char *text)
{
	str_addc(out, '"');
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			str_addf(out, "\\%c", *p);
		else if (*p == '\n' || *p == '\t')
			str_add(out, *p == '\n' ? "\\n" : "\\t");
		else if ((unsigned char)*p < ' ' || *p == 127)
			str_addf(out, "\\x%02x", (unsigned)*p);
		else
			str_addc(out, *p);
	}
	str_addc(out, '"');
}

static void add_single(struct str *out, const char *text)
{
	str_addc(out, '\'');
	for (const char *p = text; *p; p++)
		str_add(out, *p == '\'' ? "''" : (const char[2]){ *p, '\0' });
	str_addc(out, '\'');
}

static bool single_possible(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < ' ' || *p == 127)
			return false;
	return true;
}

void quote_scalar(struct str *out, const struct inventory_node *n, char style, bool flow, const struct draft *d)
{
	const char *text = n->text;
	bool meant = n->plain || !quote_ambiguous(text);

	if (d->typed && n->plain)
		str_add(out, *text ? text : "null");
	else if (d->careful || style == '"')
		add_double(out, text);
	else if (style == '\'' && single_possible(text))
		add_single(out, text);
	else if (meant && plain_possible(text, flow))
		str_add(out, text);
	else if (strpbrk(text, "\"\\") && single_possible(text))
		add_single(out, text);
	else
		add_double(out, text);
}

void quote_key(struct str *out, const char *key, bool flow)
{
	if (plain_possible(key, flow) && !quote_ambiguous(key) && strlen(key) < 128)
		str_add(out, key);
	else
		add_double(out, key);
}

void quote_flow(struct str *out, const struct inventory_node *n, bool flow, const struct draft *d)
{
	bool map = n->kind == INVENTORY_KIND_MAP;

	if (n->kind == INVENTORY_KIND_SCALAR) {
		quote_scalar(out, n, 0, flow, d);
		return;
	}
	str_addc(out, map ? '{' : '[');
	for (const struct inventory_node *m = n->first; m; m = m->next) {
		if (map) {
			quote_key(out, m->key->text, true);
			str_add(out, ": ");
		}
		quote_flow(out, m, true, d);
		if (m->next)
			str_add(out, ", ");
	}
	str_addc(out, map ? '}' : ']');
}

void quote_literal(struct str *head, struct str *body, const char *text, size_t indent, const char *eol)
{
	size_t len = strlen(text), breaks = 0;

	while (breaks < len && text[len - 1 - breaks] == '\n')
		breaks++;
	str_add(head, breaks == 0 ? "|-" : breaks == 1 ? "|" : "|+");
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n)
			str_addf(body, "%*s%.*s", (int)indent, "", (int)n, text);
		str_add(body, eol);
		text += n + (text[n] == '\n');
	}
}
