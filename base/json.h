/*
 * JSON trees. A struct json * is always an owned reference; functions that
 * return `const struct json *` lend one that lives as long as its parent.
 * Objects keep their order of insertion. Invalid input is an error, never a guess:
 * duplicate keys, trailing text, bad UTF-8, nesting over 200 and more than a million values are refused.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct str;
struct json;

/* jansson exports these names too: ours are linked under others. */
#define json_object kw_json_object
#define json_array kw_json_array
#define json_string kw_json_string
#define json_real kw_json_real
#define json_null kw_json_null
#define json_copy kw_json_copy
#define json_equal kw_json_equal

/* Any JSON value, up to a million of them; NULL with err set when the text is none. The caller frees. */
struct json *json_parse(const char *text, size_t len, struct error *err);
void json_free(struct json *j);
struct json *json_copy(const struct json *j);                  /* deep */
bool json_equal(const struct json *a, const struct json *b);   /* whatever the order of an object's members */
void json_write(const struct json *j, struct str *out);        /* one line */
void json_write_pretty(const struct json *j, struct str *out); /* indented by two, ends with a newline */

/* New values, the caller's until json_set or json_add takes them. */
struct json *json_object(void);
struct json *json_array(void);
struct json *json_string(const char *text); /* bytes that are not UTF-8 are replaced */
struct json *json_int(int64_t v);
struct json *json_bool(bool v);
struct json *json_real(double v); /* NaN and infinity become null */
struct json *json_null(void);
/* These take ownership of value, replace an existing key and return value lent. Keys are made UTF-8 as strings are. */
struct json *json_set(struct json *object, const char *key, struct json *value);
struct json *json_add(struct json *array, struct json *value);
void json_set_str(struct json *object, const char *key, const char *text); /* NULL: null */
void json_set_int(struct json *object, const char *key, int64_t v);
void json_set_bool(struct json *object, const char *key, bool v);
/* Takes a member away, if it is there. */
void json_remove(struct json *object, const char *key);
/* Merges src into dst: objects by key, recursively; anything else replaces. */
void json_merge(struct json *dst, const struct json *src);

/*
 * Makes every string in it, and every key, safe for a terminal (str_add_printable): for what came from elsewhere and is
 * not sent back.
 */
void json_clean(struct json *j);

/*
 * Reading. path is "metadata.name", with array indexes as numbers ("items.0.spec"); '\\' escapes a dot. Missing: NULL,
 * 0, false or def.
 */
const struct json *json_get(const struct json *j, const char *path);
const char *json_get_str(const struct json *j, const char *path, const char *def);
/* Of a string itself, lent; NULL: it is none. */
const char *json_text(const struct json *j);
int64_t json_get_int(const struct json *j, const char *path, int64_t def);
bool json_get_bool(const struct json *j, const char *path, bool def);
/* A member by its key, whatever characters that has; NULL: there is none. */
const struct json *json_member(const struct json *object, const char *key);
size_t json_size(const struct json *j); /* members of an array or object, else 0 */
const struct json *json_at(const struct json *array, size_t i);
bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
bool json_is_string(const struct json *j);
/* Calls fn for each member of an object, in order. */
void json_each(const struct json *object, void (*fn)(const char *key, const struct json *value, void *ctx), void *ctx);

#endif
