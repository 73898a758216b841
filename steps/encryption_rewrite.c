/*
 * Every Secret is written again, so that the provider by which API servers write now has written it: an empty patch has an API server do that without anything of a Secret
 * coming here. And etcd is asked whether one is left that another provider has written.
 */
#include "steps/encryption.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

#define SECRETS "/api/v1/secrets"
#define BELOW "/registry/secrets/"
/* Annotations of one may have 256 KiB, and six times that in JSON: an answer of so many is read. */
#define PAGE 20
#define PAGES 50000
/* How often one is tried that somebody else changes at the same time, and how often all are. */
#define TRIES 5
#define PASSES 3
#define MOST_NAME 254
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789.-"

/* Their names alone, of which nothing is secret. */
#define LIST_ALONE "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
#define ONE_ALONE "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

struct rewriting {
	struct task *task;
	unsigned long written;
};

static int cancelled(struct task *t, struct error *err)
{
	if (!task_cancelled(t))
		return 0;
	return error_set(err, ERROR_CANCELLED, "cancelled");
}

/* Expecting 2xx; *status is set in any case. The answer is parsed into *out, unless that is NULL. */
static int call(struct net_client *c, const struct net_request *q, long *status, struct json **out, struct error *err)
{
	struct net_response r = { 0, STR_INIT };
	int rc = net_do(c, q, &r, err);

	*status = r.status;
	if (rc == 0 && r.status / 100 != 2)
		rc = error_set(
			err, ERROR_NET, "%s %.*s: HTTP %ld", q->method, (int)strcspn(q->path, "?"), q->path, r.status);
	if (rc == 0 && out) {
		*out = json_parse(r.body.buf, r.body.len, err);
		json_clean(*out);
		rc = *out ? 0 : -1;
	}
	str_wipe(&r.body);
	return rc;
}

static bool is_name(const char *name)
{
	return *name && strlen(name) < MOST_NAME && !name[strspn(name, NAME_CHARS)];
}

/* One that is gone needs no writing, and one that was made again since has been written. */
static int rewrite_one(struct net_client *c, struct rewriting *r, const struct json *secret, struct error *err)
{
	const char *space = json_get_str(secret, "metadata.namespace", ""),
		   *name = json_get_str(secret, "metadata.name", "");
	struct error why = { 0 };
	char path[600];
	long status = 0;
	int rc = -1;

	if (!is_name(space) || !is_name(name))
		return error_set(err, ERROR_PROTOCOL, "the API server's list has a Secret without a proper name");
	snprintf(path, sizeof(path), "/api/v1/namespaces/%s/secrets/%s?fieldManager=kubewright", space, name);
	for (int i = 0; rc && i < TRIES; i++) {
		if (cancelled(r->task, err))
			return -1;
		rc = call(c,
			&(struct net_request){ .method = "PATCH",
				.path = path,
				.content_type = "application/merge-patch+json",
				.accept = ONE_ALONE,
				.body = "{}" },
			&status, NULL, &why);
		if (status == 404)
			return 0;
		if (status != 409)
			break;
	}
	if (rc == 0)
		r->written++;
	else
		*err = why;
	return rc ? error_wrap(err, "the Secret %s/%s is not written again", space, name) : 0;
}

static int rewrite_page(struct net_client *c, struct rewriting *r, const struct json *items, struct error *err)
{
	for (size_t i = 0; i < json_size(items); i++)
		if (rewrite_one(c, r, json_at(items, i), err))
			return -1;
	return 0;
}

static int rewrite_all(struct net_client *c, void *ctx, struct error *err)
{
	struct rewriting *r = ctx;
	char path[2300], token[2048] = "";

	for (int pages = 0; pages < PAGES; pages++) {
		struct json *page = NULL;
		struct error why = { 0 };
		long status = 0;
		int rc;

		snprintf(path, sizeof(path), SECRETS "?limit=%d%s%s", PAGE, *token ? "&continue=" : "", token);
		rc = call(c, &(struct net_request){ .method = "GET", .path = path, .accept = LIST_ALONE }, &status,
			&page, &why);
		/* the rest of a list is kept for some minutes only: from the beginning */
		if (rc && status == 410 && *token) {
			*token = '\0';
			continue;
		}
		if (rc)
			*err = why;
		rc = rc || world_next_page(page, token, sizeof(token), err) ||
				     rewrite_page(c, r, json_get(page, "items"), err)
			     ? -1
			     : 0;
		json_free(page);
		if (rc || !*token)
			return rc;
	}
	return error_set(err, ERROR_PROTOCOL, "the API server's list of Secrets has no end");
}

/* ---- what etcd holds --------------------------------------------------------------------------------------------------- */

struct counted {
	struct task *task;
	const char *prefix; /* "": none */
	unsigned long all, others;
	char first[400]; /* of the others */
};

static int count_one(const char *key, const char *value, void *ctx, struct error *err)
{
	static const char encrypted[] = "k8s:enc:";
	struct counted *n = ctx;
	struct str text = STR_INIT;
	bool right;

	if (cancelled(n->task, err))
		return -1;
	if (str_add_unbase64(&text, value, strlen(value)))
		return error_set(err, ERROR_PROTOCOL, "a value that etcd shows is not base64");
	right = *n->prefix ? str_starts(text.buf, n->prefix) : !str_starts(text.buf, encrypted);
	n->all++;
	if (!right && !n->others++)
		str_copy_line(n->first, sizeof(n->first), key + strlen(BELOW));
	str_wipe(&text);
	return 0;
}

static int count(struct net_client *c, void *ctx, struct error *err)
{
	return net_etcd_values(c, BELOW, count_one, ctx, err);
}

static int count_others(struct task *t, const char *by, struct counted *n, struct error *err)
{
	char prefix[64];

	encryption_prefix(by, prefix);
	*n = (struct counted){ .task = t, .prefix = prefix };
	if (world_api_at(t, place_etcd(NULL), count, n, err))
		return error_wrap(err, "etcd cannot be asked how Secrets lie there");
	n->prefix = NULL;
	return 0;
}

int encryption_rewrite(struct task *t, const char *by, struct error *err)
{
	struct rewriting r = { .task = t };
	struct counted n = { 0 };

	for (int pass = 0; pass < PASSES; pass++) {
		if (lock_may_change(t, err))
			return -1;
		r.written = 0;
		if (world_api(t, rewrite_all, &r, err) || count_others(t, by, &n, err))
			return -1;
		task_log(t, "%lu Secrets were written again; of %lu in etcd %lu are not as they are to be", r.written,
			n.all, n.others);
		/* none at all would be somewhere else there */
		if (!n.others && (n.all || !r.written))
			return 0;
	}
	if (!n.all)
		error_set(err, ERROR_COMMAND, "etcd has no Secrets below " BELOW ", where they are looked for");
	else
		error_set(err, ERROR_COMMAND, "%lu of %lu Secrets in etcd are not as they are to be, the first is %s",
			n.others, n.all, n.first);
	return error_hint(err,
		"no API server was given another file; see 'kubewright logs' of the control planes, then run the same "
		"command again");
}
