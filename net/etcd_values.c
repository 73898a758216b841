/* What etcd holds below a prefix, through its JSON gateway, in pages: a value may have more than a megabyte. */
#include "net/private.h"

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"

#include <stdio.h>
#include <string.h>

#define PAGE "10"
#define PAGES 100000
#define VALUE 96 /* characters of base64 */

/* The first key that does not begin so. */
static void set_range(struct json *body, const char *from, size_t len, const char *prefix)
{
	struct str key = STR_INIT, end = STR_INIT, last = STR_INIT;

	str_add_base64(&key, from, len);
	str_add(&last, prefix);
	last.buf[last.len - 1]++;
	str_add_base64(&end, last.buf, last.len);
	json_set_str(body, "key", key.buf);
	json_set_str(body, "range_end", end.buf);
	json_set_str(body, "limit", PAGE);
	str_release(&key);
	str_release(&end);
	str_release(&last);
}

static struct json *ask(struct net_client *c, const struct str *from, const char *prefix, struct error *err)
{
	struct json *body = json_object(), *answer = NULL;
	struct net_response r = { 0, STR_INIT };
	struct str text = STR_INIT;

	set_range(body, from->buf, from->len, prefix);
	json_write(body, &text);
	json_free(body);
	if (net_do(c, &(struct net_request){ .method = "POST", .path = NET_ETCD_RANGE, .body = text.buf }, &r, err) ==
			0 &&
		r.status != 200)
		error_set(err, ERROR_NET, "etcd does not show what it holds (HTTP %ld)", r.status);
	else if (r.status == 200)
		answer = json_parse(r.body.buf, r.body.len, err);
	str_wipe(&r.body);
	str_release(&text);
	return answer;
}

/* A key that comes again would lead nowhere, and one from elsewhere was not asked for. */
static bool follows(const struct str *key, const struct str *from, const char *prefix)
{
	size_t n = key->len < from->len ? key->len : from->len;
	int order = memcmp(key->buf, from->buf, n);

	return str_starts(key->buf, prefix) && (order > 0 || (order == 0 && key->len >= from->len));
}

/* from: becomes the place after the last key of the page. */
static int take(const struct json *kvs, const char *prefix, struct str *from, net_etcd_value_fn *fn, void *ctx,
	struct error *err)
{
	for (size_t i = 0; i < json_size(kvs); i++) {
		const char *name = json_get_str(json_at(kvs, i), "key", "");
		struct str key = STR_INIT;
		char value[VALUE + 1];
		int rc = -1;

		snprintf(value, sizeof(value), "%s", json_get_str(json_at(kvs, i), "value", ""));
		if (str_add_unbase64(&key, name, strlen(name)) || !follows(&key, from, prefix))
			error_set(err, ERROR_PROTOCOL, "etcd's list of keys cannot be continued");
		else
			rc = fn(key.buf, value, ctx, err);
		secret_wipe(value, sizeof(value));
		if (rc == 0) {
			str_clear(from);
			str_addn(from, key.buf, key.len);
			/* the NUL byte: the next key there can be */
			str_addn(from, "", 1);
		}
		str_release(&key);
		if (rc)
			return -1;
	}
	return 0;
}

int net_etcd_values(struct net_client *c, const char *prefix, net_etcd_value_fn *fn, void *ctx, struct error *err)
{
	struct str from = STR_INIT;
	bool more = true;
	int rc = 0;

	str_add(&from, prefix);
	for (unsigned pages = 0; rc == 0 && more; pages++) {
		struct json *page = pages < PAGES ? ask(c, &from, prefix, err) : NULL;

		if (pages == PAGES)
			error_set(err, ERROR_PROTOCOL, "etcd's list of keys has no end");
		more = json_get_bool(page, "more", false) && json_size(json_get(page, "kvs"));
		rc = page ? take(json_get(page, "kvs"), prefix, &from, fn, ctx, err) : -1;
		json_free(page);
	}
	str_release(&from);
	return rc;
}
