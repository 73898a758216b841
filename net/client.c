/* The client of one server: one handle, one connection that serves all requests, one CA trusted. */
#include "net/private.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 15000
#define CONNECT_TIMEOUT_MS 10000
#define ANSWER_MAX (32u << 20)
#define SLOW_BYTES 1024L /* a second: what comes slower than this has stalled */

struct net_client {
	CURL *curl;
	char *base;
	struct curl_slist *connect_to;
	struct secret ca, cert, key;
	struct net_relay *relay;                  /* to the caller's socket; NULL: dial */
	int no_relay;                             /* errno: why there is none */
	int (*may)(void *ctx, struct error *err); /* asked before what changes something; NULL: nobody */
	void *may_ctx;
	char error[CURL_ERROR_SIZE];
};

void net_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

const char *net_library(void)
{
	return curl_version();
}

static void keep(struct secret *s, const char *text)
{
	if (text)
		secret_set(s, text, strlen(text));
}

struct net_client *net_client_new(const char *base, const struct net_identity *id, int fd, const char *connect_to)
{
	struct net_client *c = xcalloc(1, sizeof(*c));
	char *dial = NULL;

	c->curl = curl_easy_init();
	if (!c->curl)
		die_oom();
	c->base = xstrdup(base);
	c->relay = fd >= 0 ? net_relay_new(fd) : NULL;
	c->no_relay = fd >= 0 && !c->relay ? errno : 0;
	keep(&c->ca, id->ca_pem);
	keep(&c->cert, id->cert_pem);
	keep(&c->key, id->key_pem);
	if (connect_to)
		dial = xasprintf("::%s", connect_to);
	if (dial && !(c->connect_to = curl_slist_append(NULL, dial)))
		die_oom();
	free(dial);
	return c;
}

void net_client_free(struct net_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	curl_slist_free_all(c->connect_to);
	net_relay_free(c->relay);
	secret_release(&c->ca);
	secret_release(&c->cert);
	secret_release(&c->key);
	free(c->base);
	free(c);
}

void net_client_guard(struct net_client *c, int (*may)(void *ctx, struct error *err), void *ctx)
{
	c->may = may;
	c->may_ctx = ctx;
}

/* etcd's gateway reads by POST, too; what is not known to read may change something. */
static bool only_reads(const struct net_request *q)
{
	static const char *const reads[] = { "/v3/cluster/member/list", "/v3/maintenance/status",
		"/v3/maintenance/snapshot", NET_ETCD_RANGE };

	if (!q->method || strcmp(q->method, "GET") == 0)
		return true;
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		if (strcmp(q->path, reads[i]) == 0)
			return true;
	/* the same path also takes alarms away */
	return strcmp(q->path, NET_ETCD_ALARMS) == 0 && q->body && strcmp(q->body, NET_ETCD_ALARMS_GET) == 0;
}

/* ---- one request --------------------------------------------------------------------------------------------------- */

static void set_blob(CURL *curl, CURLoption option, const struct secret *s)
{
	struct curl_blob blob = { s->text, s->len, CURL_BLOB_NOCOPY };

	if (s->text)
		curl_easy_setopt(curl, option, &blob);
}

static void set_tls(struct net_client *c)
{
	CURL *curl = c->curl;

	/* the distribution's CAPATH stays trusted beside CAINFO_BLOB unless it is taken away */
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	set_blob(curl, CURLOPT_CAINFO_BLOB, &c->ca);
	set_blob(curl, CURLOPT_SSLCERT_BLOB, &c->cert);
	set_blob(curl, CURLOPT_SSLKEY_BLOB, &c->key);
	curl_easy_setopt(curl, CURLOPT_SSLCERTTYPE, "PEM");
	curl_easy_setopt(curl, CURLOPT_SSLKEYTYPE, "PEM");
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
}

static void set_connection(struct net_client *c, int64_t timeout_ms)
{
	CURL *curl = c->curl;

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	/* HTTP/2 would gain nothing for one request at a time, and over a given socket a connection must never be given up for it */
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(timeout_ms && timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS));
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "kubewright");
	if (c->connect_to)
		curl_easy_setopt(curl, CURLOPT_CONNECT_TO, c->connect_to);
	if (c->relay) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, net_relay_path(c->relay));
		/* the connection is the only one there will be: libcurl drops those that were idle for two minutes */
		curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, 86400L);
	} else {
		curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	}
}

static void set_method(CURL *curl, const struct net_request *q)
{
	const char *method = q->method ? q->method : "GET";

	if (q->body || strcmp(method, "POST") == 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(q->body ? strlen(q->body) : 0));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, q->body ? q->body : "");
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
	char *line = xasprintf("%s:%s%s", name, *value ? " " : "", value);
	struct curl_slist *grown = curl_slist_append(list, line);

	free(line);
	if (!grown)
		die_oom();
	return grown;
}

static struct curl_slist *set_request(struct net_client *c, const struct net_request *q, const char *url)
{
	struct curl_slist *headers = NULL;

	set_tls(c);
	set_method(c->curl, q);
	headers = add_header(headers, "Accept", q->accept ? q->accept : "application/json, */*");
	headers = add_header(headers, "Expect", "");
	if (q->body)
		headers = add_header(headers, "Content-Type", q->content_type ? q->content_type : "application/json");
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	return headers;
}

int net_perform(struct net_client *c, const struct net_request *q, int64_t stall_ms, curl_write_callback write,
	void *ctx, long *status, struct error *err)
{
	int64_t timeout_ms = stall_ms ? 0 : q->timeout_ms ? q->timeout_ms : TIMEOUT_MS;
	char *url = xasprintf("%s%s", c->base, q->path);
	struct curl_slist *headers;
	CURLcode code;
	int rc = -1;

	if (c->no_relay) {
		free(url);
		return error_errno(
			err, ERROR_NET, c->no_relay, "%s: cannot make a socket in /tmp for the tunnel", c->base);
	}
	if (c->may && !only_reads(q) && c->may(c->may_ctx, err)) {
		free(url);
		return -1;
	}
	curl_easy_reset(c->curl);
	c->error[0] = '\0';
	*status = 0;
	set_connection(c, timeout_ms);
	if (stall_ms) {
		curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
		curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)(stall_ms / 1000));
	}
	headers = set_request(c, q, url);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, write);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, ctx);
	code = curl_easy_perform(c->curl);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, status);
	if (code == CURLE_OK)
		rc = 0;
	else if (code == CURLE_WRITE_ERROR)
		rc = 1;
	else if (c->relay && code == CURLE_COULDNT_CONNECT)
		error_set(err, ERROR_NET, "%s: the server closed the connection", c->base);
	else
		net_explain(err, c->curl, code, c->base, c->error, timeout_ms);
	curl_slist_free_all(headers);
	free(url);
	return rc;
}

int net_do(struct net_client *c, const struct net_request *q, struct net_response *r, struct error *err)
{
	struct net_sink sink = { &r->body, q->max ? q->max : ANSWER_MAX, false };
	long status;
	int rc;

	str_clear(&r->body);
	rc = net_perform(c, q, 0, net_sink_write, &sink, &status, err);
	r->status = rc ? 0 : status;
	if (rc > 0)
		error_set(err, ERROR_NET, "%s: the answer is larger than %zu bytes", c->base, sink.max);
	return rc ? -1 : 0;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------- */

static struct json *parse(const struct net_response *r, struct error *err)
{
	struct error why = { 0 };
	struct json *j = r->body.len ? json_parse(r->body.buf, r->body.len, &why) : json_null();

	if (!j)
		error_set(err, ERROR_PROTOCOL, "the answer is not JSON: %s", why.what);
	json_clean(j);
	return j;
}

/* The path without its query, which may be long. */
static int refused(const char *method, const char *path, const struct net_response *r, struct error *err)
{
	struct str message = STR_INIT;

	net_message(&r->body, &message);
	error_set(err, ERROR_NET, "%s %.*s: %s%s(HTTP %ld)", method, (int)strcspn(path, "?"), path, message.buf,
		message.len ? " " : "", r->status);
	str_release(&message);
	return -1;
}

struct json *net_json(struct net_client *c, const char *method, const char *path, const char *content_type,
	const struct json *body, long *status, struct error *err)
{
	struct net_response r = { 0, STR_INIT };
	struct str text = STR_INIT;
	struct json *answer = NULL;
	int rc;

	if (body)
		json_write(body, &text);
	rc = net_do(c,
		&(struct net_request){ .method = method,
			.path = path,
			.content_type = content_type,
			.accept = body ? NULL : content_type,
			.body = body ? text.buf : NULL },
		&r, err);
	if (status)
		*status = r.status;
	if (rc == 0 && r.status >= 200 && r.status < 300) {
		answer = parse(&r, err);
		if (!answer)
			error_wrap(err, "%s %.*s", method, (int)strcspn(path, "?"), path);
	} else if (rc == 0) {
		refused(method, path, &r, err);
	}
	/* bodies may be Secrets */
	str_wipe(&text);
	str_wipe(&r.body);
	return answer;
}
