/* The values of a form's fields, as they are shown and typed. */
#include "tui/form.h"

#include "base/alloc.h"
#include "inventory/document.h"

#include <stdlib.h>
#include <string.h>

#define HOSTS "hosts[]."

const struct inventory_field *form_field(const struct form *f)
{
	return f->list.selected < f->count ? f->fields[f->list.selected] : NULL;
}

char *form_path(const struct form *f, const struct inventory_field *field)
{
	if (!str_starts(field->path, HOSTS))
		return xstrdup(field->path);
	return xasprintf("hosts.%s.%s", f->host ? f->host : "", field->path + strlen(HOSTS));
}

const char *form_words(const struct inventory_field *field)
{
	switch (field->type) {
	case INVENTORY_TYPE_BOOL: return "true|false";
	case INVENTORY_TYPE_CHOICE: return field->choices;
	case INVENTORY_TYPE_SECRET: return "none|ask";
	default: return NULL;
	}
}

bool form_has_lines(const struct inventory_field *field)
{
	return field->type == INVENTORY_TYPE_STRING && field->choices && strcmp(field->choices, "lines") == 0;
}

void form_fold(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			str_add(out, "\\n");
		else if (*text == '\t')
			str_add(out, "\\t");
		else if (*text == '\\')
			str_add(out, "\\\\");
		else
			str_addc(out, *text);
	}
}

void form_unfold(struct str *out, const char *text)
{
	for (; *text; text++) {
		char after = *text == '\\' ? text[1] : '\0';
		bool pair = after == 'n' || after == 't' || after == '\\';

		/* a backslash before anything else is one */
		str_addc(out, !pair ? *text : after == 'n' ? '\n' : after == 't' ? '\t' : '\\');
		text += pair;
	}
}

bool form_value(const struct form *f, const struct inventory_field *field, struct str *out)
{
	struct str raw = STR_INIT;
	char *path;
	bool there;

	if (!f->document || field->type == INVENTORY_TYPE_RESERVED)
		return false;
	path = form_path(f, field);
	there = document_get(f->document, path, &raw) > 0;
	if (there && form_has_lines(field))
		form_fold(out, raw.buf);
	else if (there)
		str_add(out, raw.buf);
	free(path);
	str_release(&raw);
	return there;
}

static const struct inventory_field *find(const char *path)
{
	for (size_t i = 0; i < inventory_field_count; i++)
		if (strcmp(inventory_fields[i].path, path) == 0)
			return &inventory_fields[i];
	return NULL;
}

bool form_fallback(const struct form *f, const struct inventory_field *field, struct str *out)
{
	const struct inventory_field *common = NULL;

	/* a host's login is that of all hosts unless it says otherwise; it is dialled at its address */
	if (strcmp(field->path, HOSTS "ssh.address") == 0)
		common = find(HOSTS "address");
	else if (str_starts(field->path, HOSTS "ssh."))
		common = find(field->path + strlen(HOSTS));
	if (common && form_value(f, common, out))
		return true;
	if (!field->fallback && (!common || !common->fallback))
		return false;
	str_add(out, field->fallback ? field->fallback : common->fallback);
	return true;
}
