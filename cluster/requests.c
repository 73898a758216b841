#include "cluster/requests.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "inventory/inventory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SIGNER_CLIENT "kubernetes.io/kube-apiserver-client-kubelet"
#define SIGNER_SERVING "kubernetes.io/kubelet-serving"
#define NODE "system:node:"
#define DAYS 365
/* A control plane that signs has done so by then. */
#define PATIENCE_S 60

static int refuse(struct request *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct request *q, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(q->why, sizeof(q->why), fmt, ap);
	va_end(ap);
	q->verdict = REQUEST_REFUSED;
	return -1;
}

/* ---- what it asks for ---------------------------------------------------------------------------------------------- */

static bool in_list(const struct json *list, const char *word)
{
	for (size_t i = 0; i < json_size(list); i++) {
		const char *text = json_text(json_at(list, i));

		if (text && strcmp(text, word) == 0)
			return true;
	}
	return false;
}

/* Exactly those that the signer gives: one for the key to sign, one for its use, and perhaps one for the key to encipher. */
static int judge_usages(struct request *q, bool server)
{
	const struct json *usages = json_get(q->json, "spec.usages");
	bool encipher = in_list(usages, "key encipherment");

	if (!in_list(usages, "digital signature") || !in_list(usages, server ? "server auth" : "client auth") ||
		json_size(usages) != 2 + (size_t)encipher)
		return refuse(q, "it asks for the usages %.150s", *q->usages ? q->usages : "none");
	q->use = (struct pki_request_use){ .server = server, .encipherment = encipher, .days = DAYS };
	return 0;
}

static int judge_subject(struct request *q)
{
	const struct pki_request *a = &q->asked;

	if (strncmp(a->cn, NODE, strlen(NODE)) != 0 || !a->cn[strlen(NODE)])
		return refuse(q, "its CN is '%.100s', not " NODE "NAME", a->cn);
	if (a->org_count != 1 || strcmp(a->orgs[0], "system:nodes") != 0 || a->more)
		return refuse(q, "its subject is not O=system:nodes and CN=%.100s alone", a->cn);
	if (!(strcmp(a->algorithm, "ECDSA") == 0 && a->bits >= 256) &&
		!(strcmp(a->algorithm, "RSA") == 0 && a->bits >= 2048) && strcmp(a->algorithm, "Ed25519") != 0)
		return refuse(q, "its key is too weak or unknown: %.30s, %d bits", a->algorithm, a->bits);
	return 0;
}

static bool asked_by_itself(const struct request *q)
{
	return strcmp(q->requester, q->asked.cn) == 0 && in_list(json_get(q->json, "spec.groups"), "system:nodes");
}

static bool asked_by_token(const struct request *q)
{
	return str_starts(q->requester, "system:bootstrap:") &&
	       in_list(json_get(q->json, "spec.groups"), "system:bootstrappers");
}

static int judge_host(struct request *q, const struct requests_view *v)
{
	const char *node = q->asked.cn + strlen(NODE);

	return inventory_find(v->inv, node) ? 0 : refuse(q, "no host of the inventory is named '%.100s'", node);
}

static int judge_client(struct request *q, const struct requests_view *v)
{
	const char *node = q->asked.cn + strlen(NODE);

	if (judge_subject(q) || judge_host(q, v))
		return -1;
	if (q->asked.san_count || q->asked.sans_left_out)
		return refuse(q, "it asks for names, which a client's certificate has not");
	if (asked_by_itself(q))
		return judge_usages(q, false);
	if (!asked_by_token(q))
		return refuse(q, "'%.80s' asks for the certificate of %.60s", q->requester, node);
	/* who has a token would become a Node that is there, and read what its pods may */
	if (cluster_find_node(v->state, node))
		return refuse(q, "there is a Node '%.60s', and it is not the one that asks", node);
	return judge_usages(q, false);
}

/* ---- the names of a serving certificate ----------------------------------------------------------------------------- */

/*
 * What the Node says of its addresses does not count: it says that itself, and could name the API server's. Both texts
 * of an address are in the one form that there is for IPv4.
 */
static bool is_own(const struct inventory_host *h, const struct pki_name *name)
{
	return strcmp(name->text, name->kind == PKI_NAME_IP ? h->address : h->name) == 0;
}

static int judge_serving(struct request *q, const struct requests_view *v)
{
	const struct pki_request *a = &q->asked;
	const struct inventory_host *h;

	if (judge_subject(q) || judge_host(q, v))
		return -1;
	if (!asked_by_itself(q))
		return refuse(q, "'%.80s' asks for the certificate of %.60s", q->requester, a->cn + strlen(NODE));
	h = inventory_find(v->inv, a->cn + strlen(NODE));
	if (!a->san_count || a->sans_left_out)
		return refuse(q, "it asks for %s", a->san_count ? "too many names" : "no name");
	for (size_t i = 0; i < a->san_count; i++) {
		if (a->sans[i].kind != PKI_NAME_DNS && a->sans[i].kind != PKI_NAME_IP)
			return refuse(q, "it asks for a name that is neither an address nor a DNS name");
		if (!is_own(h, &a->sans[i]))
			return refuse(q, "%.100s is neither the name nor the address of %.60s in the inventory",
				a->sans[i].text, h->name);
	}
	return judge_usages(q, true);
}

/* ---- a list ---------------------------------------------------------------------------------------------------------- */

static int64_t age_of(const struct json *j, int64_t now_s)
{
	int64_t made_s = clock_seconds(json_get_str(j, "metadata.creationTimestamp", ""));

	return made_s ? now_s - made_s : 0;
}

static bool waits(const struct json *j)
{
	const struct json *conditions = json_get(j, "status.conditions");

	if (*json_get_str(j, "status.certificate", ""))
		return false;
	for (size_t i = 0; i < json_size(conditions); i++) {
		const char *type = json_get_str(json_at(conditions, i), "type", "");

		if (strcmp(type, "Denied") == 0 || strcmp(type, "Failed") == 0)
			return false;
	}
	return true;
}

/* It goes into a path. */
static bool name_is_safe(const char *name)
{
	return *name && strlen(name) < 254 && name[0] != '.' &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.:ABCDEFGHIJKLMNOPQRSTUVWXYZ_")];
}

static void judge(struct request *q, struct arena *arena, const struct requests_view *v)
{
	bool client = strcmp(q->signer, SIGNER_CLIENT) == 0;
	struct error err = { 0 };

	q->verdict = REQUEST_GOOD;
	if (!client && strcmp(q->signer, SIGNER_SERVING) != 0) {
		q->verdict = REQUEST_FOREIGN;
		snprintf(q->why, sizeof(q->why), "another signer's");
	} else if (!q->pem || pki_request_read(q->pem, q->pem_len, arena, &q->asked, &err)) {
		q->asked.cn = "";
		refuse(q, "%.200s", q->pem ? err.what : "it holds no request");
	} else if (client) {
		judge_client(q, v);
	} else {
		judge_serving(q, v);
	}
}

static void take(struct requests *r, const struct requests_view *v, const struct json *j)
{
	struct request *q = &r->list[r->count++];
	const struct json *usages = json_get(j, "spec.usages");
	const char *data = json_get_str(j, "spec.request", "");
	struct str text = STR_INIT;

	*q = (struct request){
		.name = json_get_str(j, "metadata.name", ""),
		.uid = json_get_str(j, "metadata.uid", ""),
		.signer = json_get_str(j, "spec.signerName", ""),
		.requester = json_get_str(j, "spec.username", ""),
		.age_s = age_of(j, v->now_s),
		.asked = { .cn = "" },
		.json = j,
	};
	for (size_t i = 0; i < json_size(usages); i++)
		str_addf(&text, "%s%s", text.len ? ", " : "",
			json_text(json_at(usages, i)) ? json_text(json_at(usages, i)) : "?");
	q->usages = arena_strdup(&r->arena, text.buf);
	str_clear(&text);
	if (*data && str_add_unbase64(&text, data, strlen(data)) == 0 && text.len) {
		q->pem = arena_strndup(&r->arena, text.buf, text.len);
		q->pem_len = text.len;
	}
	str_release(&text);
	judge(q, &r->arena, v);
}

int requests_add(struct requests *r, const struct requests_view *v, struct json *list, struct error *err)
{
	const struct json *items = json_get(list, "items");

	if (!json_is_array(items)) {
		json_free(list);
		return error_set(err, ERROR_PROTOCOL, "the API server's list of CertificateSigningRequests is none");
	}
	if (!r->pages)
		r->pages = json_array();
	json_add(r->pages, list);
	if (!r->list)
		r->list = arena_alloc(&r->arena, REQUESTS_MAX * sizeof(*r->list));
	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *j = json_at(items, i);

		if (!waits(j) || !name_is_safe(json_get_str(j, "metadata.name", "")))
			continue;
		if (r->count < REQUESTS_MAX)
			take(r, v, j);
		else
			r->more++;
	}
	return 0;
}

void requests_release(struct requests *r)
{
	json_free(r->pages);
	arena_release(&r->arena);
	memset(r, 0, sizeof(*r));
}

unsigned requests_waiting(const struct json *list, int64_t now_s)
{
	const struct json *items = json_get(list, "items");
	unsigned n = 0;

	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *j = json_at(items, i);
		const char *signer = json_get_str(j, "spec.signerName", "");

		n += (strcmp(signer, SIGNER_CLIENT) == 0 || strcmp(signer, SIGNER_SERVING) == 0) && waits(j) &&
		     age_of(j, now_s) >= PATIENCE_S;
	}
	return n;
}

void request_names(const struct request *q, struct str *out)
{
	for (size_t i = 0; i < q->asked.san_count; i++)
		str_addf(out, "%s%s", i ? ", " : "", q->asked.sans[i].text);
}
