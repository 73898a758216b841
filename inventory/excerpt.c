/* The lines shown below complaints. What might be a secret in them is cut off. */
#include "inventory/private.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	WIDTH = 88,      /* bytes of a line that are shown */
	LOOK_BACK = 200, /* lines above that may own a block */
};

size_t inventory_line(const char *text, size_t len, size_t *step)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; i < len; i++) {
		*step = 0;
		if (p[i] == '\n')
			*step = i + 1;
		else if (p[i] == '\r')
			*step = i + 1 + (i + 1 < len && p[i + 1] == '\n');
		else if (p[i] == 0xc2 && i + 1 < len && p[i + 1] == 0x85)
			*step = i + 2;
		else if (p[i] == 0xe2 && i + 2 < len && p[i + 1] == 0x80 && (p[i + 2] == 0xa8 || p[i + 2] == 0xa9))
			*step = i + 3;
		if (*step)
			return i;
	}
	*step = len;
	return len;
}

bool inventory_sounds_secret(const char *word, size_t len)
{
	static const char *const parts[] = { "pass", "sudo", "secret", "token", "pwd", "credential", "certificatekey" };
	static const char *const near[] = { "password", "passphrase", "sudo" };
	char w[64];

	if (!len || len >= sizeof(w))
		return false;
	for (size_t i = 0; i < len; i++)
		w[i] = (char)tolower((unsigned char)word[i]);
	w[len] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(w, parts[i]))
			return true;
	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		if (str_distance(w, near[i]) <= (strlen(near[i]) > 4 ? 2 : 1))
			return true;
	return false;
}

bool inventory_secret_form(const char *text, enum inventory_secret_source *source, const char **env)
{
	const char *name = str_starts(text, "env:") ? text + 4 : NULL;

	if (env)
		*env = name;
	if (strcmp(text, "none") == 0 || strcmp(text, "ask") == 0) {
		*source = text[0] == 'n' ? INVENTORY_SECRET_NONE : INVENTORY_SECRET_ASK;
		return true;
	}
	*source = INVENTORY_SECRET_ENV;
	return name && (isalpha((unsigned char)*name) || *name == '_') && strlen(name) <= 64 &&
	       name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* Whether what follows "password:" on a line may be shown. */
static bool harmless_value(const char *p, size_t n)
{
	enum inventory_secret_source source;
	char word[80];
	size_t k = 0;

	if (n && (*p == '"' || *p == '\'')) {
		p++;
		n--;
	}
	while (k < n && k < sizeof(word) - 1 && !strchr(" \t,}]\"'", p[k])) {
		word[k] = p[k];
		k++;
	}
	word[k] = '\0';
	while (k < n && strchr("\"' \t", p[k]))
		k++;
	return inventory_secret_form(word, &source, NULL) && (k == n || strchr(",}]#", p[k]));
}

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || (c & 0x80);
}

/* "://name:password@" at i. */
static bool login_in_url(const char *line, size_t n, size_t i)
{
	size_t at = i + 3;

	if (i + 3 >= n || memcmp(line + i, "://", 3) != 0)
		return false;
	while (at < n && !strchr("@/ \t\"'", line[at]))
		at++;
	return at < n && line[at] == '@' && memchr(line + i + 3, ':', at - i - 3);
}

/* Looks at what follows a secret's word: where its value starts, or n. */
static size_t value_of(const char *line, size_t n, size_t i, bool *open)
{
	while (i < n && strchr(" \t\"'", line[i]))
		i++;
	if (i == n || strchr(",}]#", line[i]))
		return n;
	if (line[i] != ':')
		return i; /* a slip of the finger where the colon should be */
	i++;
	while (i < n && (line[i] == ' ' || line[i] == '\t'))
		i++;
	*open = i == n || strchr("|>\"'#", line[i]);
	return i == n || line[i] == '{' || harmless_value(line + i, n - i) ? n : i;
}

/* Where a line begins to show a secret; n when it does not. *open: the last such word's value is below the line. */
static size_t secret_in(const char *line, size_t n, bool *open)
{
	*open = false;
	for (size_t i = 0, end; i < n; i = end) {
		end = i + 1;
		if (login_in_url(line, n, i))
			return i + 3;
		if (!word_char(line[i]))
			continue;
		while (end < n && word_char(line[end]))
			end++;
		if (inventory_sounds_secret(line + i, end - i)) {
			size_t v = value_of(line, n, end, open);

			if (v < n)
				return v;
		}
	}
	return n;
}

static size_t indent_of(const char *line, size_t n)
{
	size_t i = 0;

	while (i < n && (line[i] == ' ' || line[i] == '\t' || (line[i] == '-' && i + 1 < n && line[i + 1] == ' ')))
		i++;
	return i;
}

struct lines {
	const char *at[LOOK_BACK];
	size_t len[LOOK_BACK];
	int count; /* the last one is the wanted */
};

static void find_lines(const struct inventory_load *l, int line, struct lines *out)
{
	size_t left = l->len, step;
	const char *p = l->text;

	out->count = 0;
	for (int i = 1; i <= line; i++, p += step, left -= step) {
		size_t n = inventory_line(p, left, &step);

		if (i <= line - LOOK_BACK)
			continue;
		out->at[out->count] = p;
		out->len[out->count++] = n;
	}
}

/* "word:" or "word: value" */
static bool has_key(const char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (line[i] == ':' && (i + 1 == n || line[i + 1] == ' '))
			return true;
	return false;
}

/*
 * The last line belongs to a secret's block that starts above it. The very next line does so wherever it starts:
 * a wrong indentation may be what the complaint is about.
 */
static bool inside_secret(const struct lines *s)
{
	const char *last = s->at[s->count - 1];
	size_t indent = indent_of(last, s->len[s->count - 1]);
	bool key = has_key(last, s->len[s->count - 1]), next = true, open;

	for (int i = s->count - 2; i >= 0; i--) {
		size_t mine = indent_of(s->at[i], s->len[i]);

		if (mine == s->len[i])
			continue;
		if (mine < indent || (next && !key)) {
			secret_in(s->at[i], s->len[i], &open);
			if (open)
				return true;
			indent = mine < indent ? mine : indent;
		}
		next = false;
	}
	return false;
}

/* The first byte of line that must not be shown, by what the tree knows. */
static size_t tree_cut(const struct inventory_node *n, int line, const char *text, size_t len, bool secret)
{
	size_t cut = len;

	secret = secret || n->secret;
	for (const struct inventory_node *m = n->first; m; m = m->next) {
		size_t c;

		if (m->origin || m->line > line || m->last_line < line)
			continue;
		c = tree_cut(m, line, text, len,
			secret || (m->key && inventory_sounds_secret(m->key->text, strlen(m->key->text))));
		cut = c < cut ? c : cut;
	}
	if (n->kind == INVENTORY_KIND_SCALAR && !n->origin && n->line <= line && n->last_line >= line) {
		enum inventory_secret_source source;
		size_t at = 0;

		if (strstr(n->text, "PRIVATE KEY") ||
			(secret && !inventory_secret_form(n->text, &source, NULL) && n->text[0])) {
			for (int column = 1; n->line == line && at < len && column < n->column; column++)
				do
					at++;
				while (at < len && (text[at] & 0xc0) == 0x80);
			cut = at < cut ? at : cut;
		}
	}
	return cut;
}

static size_t cut_of(const struct inventory_load *l, int line, const struct lines *s)
{
	const char *text = s->at[s->count - 1];
	size_t len = s->len[s->count - 1], by_tree = len, by_text;
	bool open;

	if (inside_secret(s))
		return 0;
	by_text = secret_in(text, len, &open);
	if (l->root)
		by_tree = tree_cut(l->root, line, text, len, false);
	return by_text < by_tree ? by_text : by_tree;
}

static void excerpt(const struct inventory_load *l, struct inventory_problem *p)
{
	struct str shown = STR_INIT;
	struct lines s = { .count = 0 };
	size_t len, cut, at = 0, start = 0, caret = 0, end, spaces = 0;
	bool has_caret = false;
	const char *text;

	find_lines(l, p->line, &s);
	text = s.at[s.count - 1];
	len = s.len[s.count - 1];
	cut = cut_of(l, p->line, &s);
	for (int column = 1; at <= cut; column++) {
		size_t n = 1;

		if (column == p->column) {
			caret = shown.len;
			has_caret = true;
		}
		if (at == cut)
			break;
		while (at + n < cut && (text[at + n] & 0xc0) == 0x80)
			n++;
		if (text[at] == '\t')
			str_addc(&shown, ' ');
		else
			str_add_printable(&shown, text + at, n);
		at += n;
	}
	if (cut < len)
		str_add(&shown, "***");
	start = caret + 8 > WIDTH ? caret - WIDTH / 2 : 0;
	while (start > 0 && (shown.buf[start] & 0xc0) == 0x80)
		start--;
	end = shown.len - start > WIDTH ? start + WIDTH : shown.len;
	while (end < shown.len && (shown.buf[end] & 0xc0) == 0x80)
		end--;
	for (size_t i = start; i < caret; i++)
		spaces += (shown.buf[i] & 0xc0) != 0x80;
	if (shown.len && has_caret)
		snprintf(p->excerpt, sizeof(p->excerpt), "%5d | %.*s\n      | %*s^", p->line, (int)(end - start),
			shown.buf + start, (int)spaces, "");
	else if (shown.len)
		snprintf(p->excerpt, sizeof(p->excerpt), "%5d | %.*s", p->line, (int)(end - start), shown.buf + start);
	str_release(&shown);
}

void inventory_excerpts(struct inventory_load *l)
{
	for (size_t i = 0; i < l->problems->count; i++)
		if (l->problems->list[i].line > 0)
			excerpt(l, &l->problems->list[i]);
}
