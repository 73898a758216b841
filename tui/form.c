/* A form over fields of the inventory: what keys do. */
#include "tui/form.h"

#include "base/alloc.h"
#include "base/error.h"
#include "inventory/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Folded settings and trees may be long: as much as a file may have, and more. */
enum { VALUE_LIMIT = 4 << 20 };

/* "kubernetes" and "kubernetes." mean all below it, "" what is in no section. */
static bool begins(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (n == 0)
		return !strpbrk(path, ".[");
	if (strncmp(path, prefix, n) != 0)
		return false;
	return !path[n] || path[n] == '.' || path[n] == '[' || prefix[n - 1] == '.';
}

void form_init(struct form *f, struct document *d, const char *const *prefixes, const char *host)
{
	*f = (struct form){ .document = d, .host = host ? xstrdup(host) : NULL };
	f->fields = xcalloc(inventory_field_count, sizeof(const struct inventory_field *));
	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *field = &inventory_fields[i];
		bool wanted = false;

		for (const char *const *p = prefixes; p && *p && !wanted; p++)
			wanted = begins(field->path, *p);
		if (wanted && (host || !str_starts(field->path, "hosts[]")))
			f->fields[f->count++] = field;
	}
	list_resize(&f->list, f->count);
	editor_init(&f->editor, NULL, false);
	f->editor.limit = VALUE_LIMIT;
	search_init(&f->search);
}

void form_release(struct form *f)
{
	editor_release(&f->editor);
	search_release(&f->search);
	free(f->fields);
	free(f->host);
	*f = (struct form){ 0 };
}

bool form_select(struct form *f, const char *path)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->fields[i]->path, path) != 0)
			continue;
		f->list.selected = i;
		f->editing = false;
		f->complaint[0] = '\0';
		return true;
	}
	return false;
}

bool form_typing(const struct form *f)
{
	return f->editing || f->search.typing;
}

/* ---- the value -------------------------------------------------------------------------------------------------------------- */

/* Writes what was typed; false: complained, and nothing is changed. */
static bool set(struct form *f, const char *typed)
{
	const struct inventory_field *field = form_field(f);
	struct str now = STR_INIT, value = STR_INIT;
	struct error err = { 0 };
	char *path = form_path(f, field);
	bool good, same;

	form_value(f, field, &now);
	same = strcmp(now.buf, typed) == 0;
	if (form_has_lines(field))
		form_unfold(&value, typed);
	else
		str_add(&value, typed);
	if (!f->document)
		good = error_set(&err, ERROR_INVENTORY, "no inventory is open") == 0;
	else if (same)
		/* the file is not touched for what it says already */
		good = document_check(f->document, path, value.buf, &err) == 0;
	else
		good = document_set(f->document, path, value.buf, &err) == 0;
	snprintf(f->complaint, sizeof(f->complaint), "%s", good ? "" : err.what);
	if (good && strcmp(field->path, "hosts[].name") == 0 && value.len) {
		free(f->host);
		f->host = xstrdup(value.buf);
	}
	free(path);
	str_release(&now);
	str_release(&value);
	return good;
}

static bool editable(const struct form *f)
{
	return form_field(f) && form_field(f)->type != INVENTORY_TYPE_RESERVED;
}

static void begin(struct form *f, bool with_value)
{
	struct str now = STR_INIT;

	if (with_value)
		form_value(f, form_field(f), &now);
	editor_set(&f->editor, now.buf);
	f->editing = true;
	f->complaint[0] = '\0';
	str_release(&now);
}

static bool commit(struct form *f)
{
	if (!set(f, f->editor.text))
		return false;
	f->editing = false;
	editor_set(&f->editor, NULL);
	return true;
}

/* The word after (or before) text in "a|b|c", around; the first (or last) when text is none of them. Caller frees. */
static char *step_word(const char *words, const char *text, int direction)
{
	const char *at[16];
	size_t count = 0, n = strlen(text), i;

	for (const char *p = words; p && count < 16; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		at[count++] = p;
	for (i = 0; i < count; i++)
		if (n && strcspn(at[i], "|") == n && strncmp(at[i], text, n) == 0)
			break;
	if (i == count)
		i = direction > 0 ? 0 : count - 1;
	else
		i = (i + count + (direction > 0 ? 1 : count - 1)) % count;
	return xstrndup(at[i], strcspn(at[i], "|"));
}

static bool step(struct form *f, int direction)
{
	const struct inventory_field *field = form_field(f);
	const char *words = form_words(field);
	struct str now = STR_INIT;
	char *word;

	if (!words)
		return false;
	if (f->editing)
		str_add(&now, f->editor.text);
	else if (!form_value(f, field, &now))
		form_fallback(f, field, &now);
	word = step_word(words, now.buf, direction);
	if (f->editing)
		editor_set(&f->editor, word);
	else
		set(f, word);
	free(word);
	str_release(&now);
	return true;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------- */

static void move(struct form *f, int key)
{
	f->complaint[0] = '\0';
	list_key(&f->list, key);
}

/* Keys that go to another field; K_NONE: not one. */
static int moving(int key)
{
	switch (key) {
	case K_TAB:
	case K_DOWN: return K_DOWN;
	case K_BACK_TAB:
	case K_UP: return K_UP;
	case K_PAGE_UP:
	case K_PAGE_DOWN: return key;
	default: return K_NONE;
	}
}

static bool editing_key(struct form *f, int key)
{
	/* what is a word among few steps; what may also be a name of the operator's (env:NAME) is text */
	bool words = form_words(form_field(f)) && form_field(f)->type != INVENTORY_TYPE_SECRET;

	if (key == K_ENTER) {
		commit(f);
		return true;
	}
	if (key == K_ESCAPE) {
		f->editing = false;
		editor_set(&f->editor, NULL);
		f->complaint[0] = '\0';
		return true;
	}
	if (moving(key) != K_NONE) {
		if (commit(f))
			move(f, moving(key));
		return true;
	}
	if (words && (key == K_LEFT || key == K_RIGHT || key == ' '))
		return step(f, key == K_LEFT ? -1 : 1);
	if (!editor_key(&f->editor, key))
		return false;
	f->complaint[0] = '\0';
	return true;
}

/* What the search looks at: label, path and value. */
static const char *field_text(size_t i, void *ctx)
{
	struct form *f = ((void **)ctx)[0];
	struct str *text = ((void **)ctx)[1];

	str_clear(text);
	str_addf(text, "%s %s ", f->fields[i]->label, f->fields[i]->path);
	form_value(f, f->fields[i], text);
	return text->buf;
}

static bool searching_key(struct form *f, int key)
{
	struct str text = STR_INIT;
	void *ctx[2] = { f, &text };
	size_t found;
	int again;

	if (!search_key(&f->search, key, &again))
		return false;
	if (!again)
		return true;
	found = search_next(&f->search, f->count, f->list.selected, again, field_text, ctx);
	str_release(&text);
	if (found < f->count)
		f->list.selected = found;
	f->complaint[0] = '\0';
	if (found == f->count)
		snprintf(f->complaint, sizeof(f->complaint), "not found: %s", f->search.last);
	return true;
}

/* Keys on a field that is not being edited. */
static bool field_key(struct form *f, int key)
{
	if (!editable(f))
		return key == K_ENTER;
	if (key == K_ENTER) {
		begin(f, true);
		return true;
	}
	if (key == K_LEFT || key == K_RIGHT || key == ' ')
		return step(f, key == K_LEFT ? -1 : 1);
	if (key == K_DELETE) {
		set(f, "");
		return true;
	}
	if (key == '?' || key == K_CTRL('l') || (key < ' ' && key != K_CTRL('u')) || key >= 0x110000)
		return false;
	/* what is typed takes the place of what was there; a correction begins with Enter or Backspace */
	begin(f, key == K_BACKSPACE);
	if (key == K_CTRL('u') || editor_key(&f->editor, key))
		return true;
	f->editing = false;
	return false;
}

bool form_key(struct form *f, int key)
{
	if (f->count == 0)
		return false;
	if (f->editing)
		return editing_key(f, key);
	if (searching_key(f, key))
		return true;
	if (f->search.typing)
		return false;
	/* n and N are letters again once something else was done */
	free(f->search.last);
	f->search.last = NULL;
	if (moving(key) != K_NONE || key == K_HOME || key == K_END) {
		move(f, moving(key) != K_NONE ? moving(key) : key);
		return true;
	}
	return field_key(f, key);
}

void form_paste(struct form *f, const char *text)
{
	struct str line = STR_INIT;
	size_t n = strlen(text);

	/* the line end that was copied with it */
	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	str_addn(&line, text, n);
	if (f->search.typing) {
		editor_paste(&f->search.pattern, line.buf);
	} else if (editable(f)) {
		struct str folded = STR_INIT;

		if (!f->editing)
			begin(f, false);
		if (form_has_lines(form_field(f)))
			form_fold(&folded, line.buf);
		editor_paste(&f->editor, folded.len ? folded.buf : line.buf);
		f->complaint[0] = '\0';
		str_release(&folded);
	}
	str_release(&line);
}
