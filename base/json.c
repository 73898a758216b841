/* jansson comes first: base/json.h takes over some of its names, which are kept here under others. */
#include <jansson.h>

static json_t *(*const jansson_object)(void) = json_object;
static json_t *(*const jansson_array)(void) = json_array;
static json_t *(*const jansson_string)(const char *) = json_string;
static int (*const jansson_equal)(const json_t *, const json_t *) = json_equal;
static json_t *(*const jansson_real)(double) = json_real;
static json_t *(*const jansson_null)(void) = json_null;

#define jansson_is(name, test) \
	static int jansson_is_##name(const json_t *j) \
	{ \
		return test(j); \
	}
jansson_is(object, json_is_object)
jansson_is(array, json_is_array)
jansson_is(string, json_is_string)
jansson_is(integer, json_is_integer)
jansson_is(boolean, json_is_boolean)
jansson_is(true, json_is_true)

#undef json_is_object
#undef json_is_array
#undef json_is_string

#include "base/json.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 200
/* jansson takes up to 300 bytes a value, so this is what bounds the memory of an answer, not its length */
#define MAX_VALUES 1000000
/* 15 digits: 0.1 is written as it was read, where 17 would give 0.10000000000000001 */
#define FORMAT (JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))

/* struct json is jansson's json_t under a name that no header of theirs is needed for; jansson has no const for what it only reads. */
static json_t *in(const struct json *j)
{
	union {
		const struct json *ours;
		json_t *theirs;
	} same = { j };

	return same.theirs;
}

static struct json *made(json_t *j)
{
	if (!j)
		die_oom();
	return (struct json *)j;
}

/* Nesting and values of a text that may not be JSON: upper bounds are enough. */
static int measure(const char *text, size_t len, struct error *err)
{
	bool quoted = false;
	size_t values = 1;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++, values++;
		else if (!quoted && (text[i] == '}' || text[i] == ']'))
			depth--;
		else if (!quoted && text[i] == ',')
			values++;
		if (depth > MAX_DEPTH)
			return error_set(err, ERROR_PROTOCOL, "the JSON is nested deeper than %d", MAX_DEPTH);
		if (values > MAX_VALUES)
			return error_set(err, ERROR_PROTOCOL, "the JSON has more than %d values", MAX_VALUES);
	}
	return 0;
}

struct json *json_parse(const char *text, size_t len, struct error *err)
{
	json_error_t why;
	json_t *j;

	if (measure(text, len, err))
		return NULL;
	j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (!j) {
		/* jansson quotes the input */
		struct str clean = STR_INIT;

		str_add_printable(&clean, why.text, strlen(why.text));
		error_set(err, ERROR_PROTOCOL, "bad JSON at line %d, column %d: %s", why.line, why.column, clean.buf);
		str_release(&clean);
	}
	return (struct json *)j;
}

void json_free(struct json *j)
{
	json_decref(in(j));
}

struct json *json_copy(const struct json *j)
{
	return made(json_deep_copy(in(j)));
}

bool json_equal(const struct json *a, const struct json *b)
{
	return jansson_equal(in(a), in(b));
}

static int add_piece(const char *data, size_t n, void *out)
{
	str_addn(out, data, n);
	return 0;
}

void json_write(const struct json *j, struct str *out)
{
	json_dump_callback(in(j), add_piece, out, JSON_COMPACT | FORMAT);
}

void json_write_pretty(const struct json *j, struct str *out)
{
	json_dump_callback(in(j), add_piece, out, JSON_INDENT(2) | FORMAT);
	str_addc(out, '\n');
}

struct json *json_object(void)
{
	return made(jansson_object());
}

struct json *json_array(void)
{
	return made(jansson_array());
}

struct json *json_string(const char *text)
{
	json_t *j = jansson_string(text);
	struct str clean = STR_INIT;

	if (j)
		return (struct json *)j;
	str_add_printable(&clean, text, strlen(text));
	j = jansson_string(clean.buf);
	str_release(&clean);
	return made(j);
}

struct json *json_int(int64_t v)
{
	return made(json_integer(v));
}

struct json *json_bool(bool v)
{
	return made(v ? json_true() : json_false());
}

struct json *json_real(double v)
{
	/* JSON has no word for NaN and infinity */
	return isfinite(v) ? made(jansson_real(v)) : json_null();
}

struct json *json_null(void)
{
	return made(jansson_null());
}

struct json *json_set(struct json *object, const char *key, struct json *value)
{
	struct str clean = STR_INIT;

	/* a key that is not UTF-8 would stop the writer half-way; only the first of the two calls looks at it */
	if (json_object_set(in(object), key, in(value))) {
		str_add_printable(&clean, key, strlen(key));
		if (json_object_set_nocheck(in(object), clean.buf, in(value)))
			die_oom();
		str_release(&clean);
	}
	json_decref(in(value));
	return value;
}

struct json *json_add(struct json *array, struct json *value)
{
	if (json_array_append_new(in(array), in(value)))
		die_oom();
	return value;
}

void json_set_str(struct json *object, const char *key, const char *text)
{
	json_set(object, key, text ? json_string(text) : json_null());
}

void json_set_int(struct json *object, const char *key, int64_t v)
{
	json_set(object, key, json_int(v));
}

void json_set_bool(struct json *object, const char *key, bool v)
{
	json_set(object, key, json_bool(v));
}

void json_remove(struct json *object, const char *key)
{
	json_object_del(in(object), key);
}

void json_merge(struct json *dst, const struct json *src)
{
	const char *key;
	json_t *value;

	json_object_foreach(in(src), key, value) {
		json_t *old = json_object_get(in(dst), key);

		if (old && jansson_is_object(old) && jansson_is_object(value))
			json_merge((struct json *)old, (struct json *)value);
		else
			json_set(dst, key, json_copy((struct json *)value));
	}
}

/* One step of a path from p into word; returns where the next begins, NULL at the end. */
static const char *next_word(const char *p, char *word, size_t size)
{
	size_t n = 0;

	for (; *p && *p != '.'; p++) {
		if (*p == '\\' && p[1])
			p++;
		if (n + 1 < size)
			word[n++] = *p;
	}
	word[n] = '\0';
	return *p ? p + 1 : NULL;
}

const struct json *json_get(const struct json *j, const char *path)
{
	json_t *at = in(j);
	char word[512];

	while (at && path) {
		path = next_word(path, word, sizeof(word));
		if (jansson_is_array(at)) {
			char *end;
			unsigned long i = strtoul(word, &end, 10);

			at = *word && !*end ? json_array_get(at, i) : NULL;
		} else {
			at = json_object_get(at, word);
		}
	}
	return (struct json *)at;
}

const char *json_get_str(const struct json *j, const char *path, const char *def)
{
	const char *text = json_string_value(in(json_get(j, path)));

	return text ? text : def;
}

const char *json_text(const struct json *j)
{
	return json_string_value(in(j));
}

const struct json *json_member(const struct json *object, const char *key)
{
	return (struct json *)json_object_get(in(object), key);
}

int64_t json_get_int(const struct json *j, const char *path, int64_t def)
{
	json_t *v = in(json_get(j, path));

	return v && jansson_is_integer(v) ? json_integer_value(v) : def;
}

bool json_get_bool(const struct json *j, const char *path, bool def)
{
	json_t *v = in(json_get(j, path));

	return v && jansson_is_boolean(v) ? jansson_is_true(v) : def;
}

size_t json_size(const struct json *j)
{
	return jansson_is_array(in(j)) ? json_array_size(in(j)) : json_object_size(in(j));
}

const struct json *json_at(const struct json *array, size_t i)
{
	return (struct json *)json_array_get(in(array), i);
}

bool json_is_object(const struct json *j)
{
	return jansson_is_object(in(j));
}

bool json_is_array(const struct json *j)
{
	return jansson_is_array(in(j));
}

bool json_is_string(const struct json *j)
{
	return jansson_is_string(in(j));
}

void json_each(const struct json *object, void (*fn)(const char *key, const struct json *value, void *ctx), void *ctx)
{
	const char *key;
	json_t *value;

	json_object_foreach(in(object), key, value)
		fn(key, (struct json *)value, ctx);
}

/* The text made printable; NULL: it is. */
static char *cleaned(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	struct str clean = STR_INIT;

	while ((*p >= ' ' && *p < 0x7f) || *p == '\n' || *p == '\t')
		p++;
	if (!*p)
		return NULL;
	str_add_printable(&clean, text, strlen(text));
	if (strcmp(clean.buf, text) != 0)
		return str_detach(&clean);
	str_release(&clean);
	return NULL;
}

static void clean_object(json_t *j)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(j, next, key, value)
	{
		char *name = cleaned(key);

		json_clean((struct json *)value);
		if (!name)
			continue;
		/* one that there is already keeps its value */
		if (!json_object_get(j, name))
			json_set((struct json *)j, name, (struct json *)json_incref(value));
		json_object_del(j, key);
		free(name);
	}
}

void json_clean(struct json *j)
{
	json_t *at = in(j), *value;
	size_t i;
	char *text;

	if (!at)
		return;
	if (jansson_is_object(at)) {
		clean_object(at);
	} else if (jansson_is_array(at)) {
		json_array_foreach(at, i, value)
			json_clean((struct json *)value);
	} else if (jansson_is_string(at) && (text = cleaned(json_string_value(at))) != NULL) {
		if (json_string_set_nocheck(at, text))
			die_oom();
		free(text);
	}
}
