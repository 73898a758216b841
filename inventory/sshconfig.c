/* Hosts that ~/.ssh/config knows: enough of its grammar to offer them, no more. */
#include "inventory/document.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	MAX_FILE = 1 << 20,
	MAX_FILES = 64, /* of all Includes together */
	MAX_DEPTH = 8,
	MAX_HOSTS = 4096,
	MAX_WORDS = 64, /* of one line */
};

struct config {
	struct ssh_config_host *list;
	size_t count;
	size_t *current; /* those that the lines are about: indexes into list */
	size_t current_count;
	bool ignored; /* within a Match block */
	int files, depth;
	char *folder; /* relative Includes start here */
};

static bool printable(const char *text, bool blanks)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < ' ' || *p >= 127 || (*p == ' ' && !blanks))
			return false;
	return *text;
}

/* The next word of a line, with or without quotes, in place; NULL at the end or a comment. */
static char *next_word(char **p)
{
	char *word, *end;

	*p += strspn(*p, " \t\r");
	if (!**p || **p == '#')
		return NULL;
	if (**p == '"') {
		word = *p + 1;
		end = word + strcspn(word, "\"");
	} else {
		word = *p;
		end = word + strcspn(word, " \t\r");
	}
	*p = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* "Port 22", "Port=22", "Port = 22". */
static char *keyword(char **p)
{
	char *word, *end;

	*p += strspn(*p, " \t\r");
	word = *p;
	end = word + strcspn(word, " \t\r=\"#");
	if (end == word)
		return NULL;
	*p = end + strspn(end, " \t\r");
	if (**p == '=')
		++*p;
	else if (*p == end && *end)
		return NULL;
	*end = '\0';
	return word;
}

static void add_host(struct config *c, const char *name)
{
	struct ssh_config_host *h;
	size_t i = 0;

	if (!printable(name, false) || strpbrk(name, "*?!") || strlen(name) >= sizeof(h->name))
		return;
	while (i < c->count && strcmp(c->list[i].name, name) != 0)
		i++;
	if (i == c->count) {
		if (c->count == MAX_HOSTS)
			return;
		if (c->count % 64 == 0)
			c->list = xrealloc(c->list, c->count + 64, sizeof(*c->list));
		h = &c->list[c->count++];
		memset(h, 0, sizeof(*h));
		snprintf(h->name, sizeof(h->name), "%s", name);
	}
	c->current[c->current_count++] = i;
}

static void begin_host(struct config *c, char *rest)
{
	char *words[MAX_WORDS];
	size_t count = 0;

	c->ignored = false;
	c->current_count = 0;
	while (count < MAX_WORDS && (words[count] = next_word(&rest)) != NULL)
		count++;
	for (size_t i = 0; i < count; i++)
		add_host(c, words[i]);
}

/* The first value counts, as for ssh. What does not fit is left out rather than cut. */
static void take(char *out, size_t size, const char *text, bool blanks)
{
	if (!*out && printable(text, blanks) && strlen(text) < size)
		memcpy(out, text, strlen(text) + 1);
}

/* "%h.example.com" */
static void take_address(struct ssh_config_host *h, const char *text)
{
	struct str s = STR_INIT;
	bool known = true;

	for (const char *p = text; *p; p++) {
		if (*p != '%') {
			str_addc(&s, *p);
			continue;
		}
		p++;
		if (*p == 'h')
			str_add(&s, h->name);
		else if (*p == '%')
			str_addc(&s, '%');
		else
			known = false;
		if (!*p)
			break;
	}
	if (known)
		take(h->address, sizeof(h->address), s.buf, false);
	str_release(&s);
}

static void option(struct config *c, const char *word, const char *value)
{
	for (size_t i = 0; i < c->current_count; i++) {
		struct ssh_config_host *h = &c->list[c->current[i]];

		if (strcasecmp(word, "HostName") == 0)
			take_address(h, value);
		else if (strcasecmp(word, "User") == 0)
			take(h->user, sizeof(h->user), value, false);
		else if (strcasecmp(word, "IdentityFile") == 0 && strcmp(value, "none") != 0 && !strchr(value, '$')) {
			if (str_starts(value, "%d/")) {
				char *home = xasprintf("~%s", value + 2);

				if (!strchr(home, '%'))
					take(h->key, sizeof(h->key), home, true);
				free(home);
			} else if (!strchr(value, '%')) {
				take(h->key, sizeof(h->key), value, true);
			}
		} else if (strcasecmp(word, "Port") == 0 && !h->port && *value &&
			   strspn(value, "0123456789") == strlen(value) && strlen(value) < 6 && atoi(value) > 0 &&
			   atoi(value) < 65536)
			h->port = atoi(value);
		else if (strcasecmp(word, "ProxyJump") == 0)
			take(h->jump, sizeof(h->jump), value, false);
		else if (strcasecmp(word, "ProxyCommand") == 0)
			take(h->jump, sizeof(h->jump), strcasecmp(value, "none") == 0 ? value : "ProxyCommand", false);
	}
}

static void read_text(struct config *c, char *text);

static void include_one(struct config *c, const char *path)
{
	struct str text = STR_INIT;

	if (c->files++ < MAX_FILES && file_read(path, MAX_FILE, &text, NULL) == 0 && text.len)
		read_text(c, text.buf);
	str_release(&text);
}

/* Hosts that an included file begins end with it; what is around continues after it. */
static void include(struct config *c, char *rest)
{
	size_t *around = c->current, around_count = c->current_count;
	char *pattern;

	if (c->depth == MAX_DEPTH)
		return;
	c->depth++;
	while ((pattern = next_word(&rest)) != NULL) {
		char *full = file_expand(pattern, c->folder);
		glob_t found;

		if (glob(full, 0, NULL, &found) == 0) {
			for (size_t i = 0; i < found.gl_pathc && c->files < MAX_FILES; i++) {
				c->current = xcalloc(MAX_WORDS, sizeof(*c->current));
				memcpy(c->current, around, around_count * sizeof(*around));
				c->current_count = around_count;
				include_one(c, found.gl_pathv[i]);
				free(c->current);
			}
			globfree(&found);
		}
		free(full);
	}
	c->current = around;
	c->current_count = around_count;
	c->ignored = false;
	c->depth--;
}

static void read_line(struct config *c, char *line)
{
	const char *word = keyword(&line);
	char *value;

	if (!word)
		return;
	if (strcasecmp(word, "Host") == 0) {
		begin_host(c, line);
	} else if (strcasecmp(word, "Match") == 0) {
		c->ignored = true;
	} else if (!c->ignored && strcasecmp(word, "Include") == 0) {
		include(c, line);
	} else if (!c->ignored && (value = next_word(&line)) != NULL) {
		option(c, word, value);
	}
}

static void read_text(struct config *c, char *text)
{
	while (*text) {
		char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : end;

		*end = '\0';
		read_line(c, text);
		text = next;
	}
}

int ssh_config_hosts(const char *path, struct ssh_config_host **list, size_t *count, struct error *err)
{
	struct config c = { 0 };
	struct str text = STR_INIT;
	char *full = file_expand(path, NULL), *slash = strrchr(full, '/');

	*list = NULL;
	*count = 0;
	if (file_read(full, MAX_FILE, &text, err)) {
		free(full);
		return -1;
	}
	c.folder = slash ? xstrndup(full, slash == full ? 1 : (size_t)(slash - full)) : xstrdup(".");
	c.current = xcalloc(MAX_WORDS, sizeof(*c.current));
	if (text.len)
		read_text(&c, text.buf);
	for (size_t i = 0; i < c.count; i++) {
		if (!c.list[i].address[0])
			memcpy(c.list[i].address, c.list[i].name, sizeof(c.list[i].name));
		if (strcasecmp(c.list[i].jump, "none") == 0)
			c.list[i].jump[0] = '\0';
	}
	*list = c.list;
	*count = c.count;
	free(c.current);
	free(c.folder);
	free(full);
	str_release(&text);
	return 0;
}
