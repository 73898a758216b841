/* Passthroughs: YAML 1.2's core types, and a complaint where YAML 1.1 would have read something else. */
#include "inventory/private.h"

#include "base/json.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

bool inventory_is_number(const char *s)
{
	bool digits = false, dot = false;

	if (str_starts(s, "0x") || str_starts(s, "0o"))
		return s[2] && strspn(s + 2, s[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567") == strlen(s + 2);
	s += *s == '+' || *s == '-';
	for (; *s && *s != 'e' && *s != 'E'; s++) {
		if (*s == '.' && !dot)
			dot = true;
		else if (isdigit((unsigned char)*s))
			digits = true;
		else
			return false;
	}
	if (!digits || !*s)
		return digits;
	s++;
	s += *s == '+' || *s == '-';
	return *s && strspn(s, "0123456789") == strlen(s);
}

/* *taken: the text was a number, sound (result) or not (NULL, complained). */
static struct json *number(struct inventory_load *l, const struct inventory_node *n, bool *taken)
{
	const char *s = n->text, *digits = s + (*s == '+' || *s == '-');
	bool hex =
		digits == s && str_starts(s, "0x") && s[2] && strspn(s + 2, "0123456789abcdefABCDEF") == strlen(s + 2);
	bool octal = digits == s && str_starts(s, "0o") && s[2] && strspn(s + 2, "01234567") == strlen(s + 2);
	long long v;
	double d;

	*taken = true;
	errno = 0;
	if (hex || octal || (*digits && strspn(digits, "0123456789") == strlen(digits))) {
		if (!hex && !octal && digits[0] == '0' && digits[1]) {
			inventory_complain(l, n,
				"'%s' starts with a zero: put it in quotes, or write 0o… if it is octal",
				inventory_shown(l, s));
			return NULL;
		}
		v = strtoll(octal ? s + 2 : s, NULL, hex ? 16 : octal ? 8 : 10);
		if (!errno)
			return json_int(v);
		inventory_complain(
			l, n, "'%s' is too large for a number: put it in quotes if it is text", inventory_shown(l, s));
		return NULL;
	}
	*taken = inventory_is_number(s);
	if (!*taken)
		return NULL;
	d = strtod(s, NULL);
	if (isfinite(d))
		return json_real(d);
	inventory_complain(
		l, n, "'%s' is too large for a number: put it in quotes if it is text", inventory_shown(l, s));
	return NULL;
}

bool inventory_is_ambiguous(const char *text)
{
	static const char *const old[] = { "yes", "no", "on", "off", "y", "n" };

	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		if (strcasecmp(text, old[i]) == 0)
			return true;
	return false;
}

static struct json *scalar(struct inventory_load *l, const struct inventory_node *n)
{
	static const char *const truths[] = { "true", "True", "TRUE" }, *const lies[] = { "false", "False", "FALSE" };
	static const char *const endless[] = { ".inf", "-.inf", "+.inf", ".nan" };
	struct json *j;
	bool taken;

	if (!n->plain)
		return json_string(n->text);
	if (inventory_node_empty(n))
		return json_null();
	if (one_of(n->text, truths, 3) || one_of(n->text, lies, 3))
		return json_bool(n->text[0] == 't' || n->text[0] == 'T');
	if (inventory_is_ambiguous(n->text)) {
		inventory_complain(l, n,
			"'%s' is true or false for some YAML readers and text for others: write true or false, or put it in quotes",
			n->text);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++)
		if (strcasecmp(n->text, endless[i]) == 0) {
			inventory_complain(
				l, n, "'%s' cannot be written in JSON: put it in quotes if it is text", n->text);
			return NULL;
		}
	j = number(l, n, &taken);
	return taken ? j : json_string(n->text);
}

struct json *inventory_json(struct inventory_load *l, const struct inventory_node *n)
{
	struct json *j, *value;

	if (n->kind == INVENTORY_KIND_SCALAR)
		return scalar(l, n);
	if (n->kind == INVENTORY_KIND_BAD)
		return NULL;
	j = n->kind == INVENTORY_KIND_MAP ? json_object() : json_array();
	for (const struct inventory_node *m = n->first; m; m = m->next) {
		value = inventory_json(l, m);
		if (!value)
			continue;
		if (n->kind == INVENTORY_KIND_MAP)
			json_set(j, m->key->text, value);
		else
			json_add(j, value);
	}
	return j;
}
