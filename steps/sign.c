/* What waits for a certificate, by the API; and what the operator has agreed to of it, signed by the CA of the key store, as long as it is what was shown and may still be signed. */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"

#include <stdio.h>
#include <string.h>

#define REQUESTS "/apis/certificates.k8s.io/v1/certificatesigningrequests"
#define PAGES 20

/* The one that asks for all. */
static bool speaks(struct task *t)
{
	return world_of(t)->decided.lead == task_host(t);
}

enum step_verdict requests_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (w->decided.lead < 0) {
		error_refuse(why, ERROR_COMMAND, REFUSAL_NO_API, NULL, "no API server answers, so nobody can ask it");
		error_hint(why, "see 'kubewright status'; 'kubewright certs renew' works without one");
		return STEP_IMPOSSIBLE;
	}
	return speaks(t) ? STEP_NEEDED : STEP_NOT_HERE;
}

struct asked {
	struct requests_view view;
	struct requests *out;
};

static int ask(struct net_client *c, void *ctx, struct error *err)
{
	struct asked *a = ctx;
	char path[2300], token[2048] = "";

	requests_release(a->out);
	for (int i = 0; i < PAGES; i++) {
		struct json *page;

		snprintf(path, sizeof(path), REQUESTS "?limit=250%s%s", *token ? "&continue=" : "", token);
		page = net_json(c, "GET", path, NULL, NULL, NULL, err);
		if (!page || world_next_page(page, token, sizeof(token), err)) {
			json_free(page);
			return -1;
		}
		if (requests_add(a->out, &a->view, page, err))
			return -1;
		if (!*token)
			break;
	}
	return 0;
}

int requests_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct requests found = { 0 };
	struct asked a = { { w->wish.inventory, &w->seen.cluster, clock_wall_ms() / 1000 }, &found };

	if (world_api(t, ask, &a, err)) {
		requests_release(&found);
		return error_wrap(err, "the CertificateSigningRequests cannot be read");
	}
	task_lock(t);
	requests_release(&w->seen.requests);
	w->seen.requests = found;
	task_unlock(t);
	return 0;
}

/* ---- signing --------------------------------------------------------------------------------------------------------- */

static bool agreed(const struct world *w, const struct request *q)
{
	size_t n = strlen(q->uid);

	for (const char *p = w->wish.sign; n && p && *p; p += strcspn(p, " "), p += *p == ' ')
		if (strcspn(p, " ") == n && strncmp(p, q->uid, n) == 0)
			return q->verdict == REQUEST_GOOD;
	return false;
}

enum step_verdict sign_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	unsigned n = 0;

	if (!speaks(t))
		return STEP_NOT_HERE;
	if (lock_refused(t, why))
		return STEP_IMPOSSIBLE;
	for (size_t i = 0; i < w->seen.requests.count; i++)
		n += agreed(w, &w->seen.requests.list[i]);
	return n ? step_needed(why, EVIDENCE_RENEW, "sign", "signs %u certificate%s", n, n == 1 ? "" : "s")
		 : STEP_NOT_HERE;
}

struct signing {
	const struct request *q;
	const struct secret *cert; /* NULL: a control plane signs what is approved */
};

static bool is_approved(const struct json *j)
{
	const struct json *conditions = json_get(j, "status.conditions");

	for (size_t i = 0; i < json_size(conditions); i++)
		if (strcmp(json_get_str(json_at(conditions, i), "type", ""), "Approved") == 0)
			return true;
	return false;
}

/* Only what a part of it is about, and only while the request is as it was looked at. The answer, or NULL. */
static struct json *patch(struct net_client *c, const struct json *seen, const char *part, const char *member,
	struct json *value, struct error *err)
{
	struct json *body = json_object(), *answer;
	char path[400];

	json_set_str(json_set(body, "metadata", json_object()), "resourceVersion",
		json_get_str(seen, "metadata.resourceVersion", NULL));
	json_set(json_set(body, "status", json_object()), member, value);
	snprintf(path, sizeof(path), REQUESTS "/%s/%s", json_get_str(seen, "metadata.name", ""), part);
	answer = net_json(c, "PATCH", path, "application/merge-patch+json", body, NULL, err);
	json_free(body);
	return answer;
}

static struct json *approve(struct net_client *c, const struct request *q, struct error *err)
{
	const struct json *before = json_get(q->json, "status.conditions");
	struct json *list, *condition;

	if (is_approved(q->json))
		return json_copy(q->json);
	list = json_is_array(before) ? json_copy(before) : json_array();
	condition = json_add(list, json_object());
	json_set_str(condition, "type", "Approved");
	json_set_str(condition, "status", "True");
	json_set_str(condition, "reason", "CheckedByKubewright");
	json_set_str(condition, "message", "approved by 'kubewright certs sign'");
	return patch(c, q->json, "approval", "conditions", list, err);
}

static int put(struct net_client *c, void *ctx, struct error *err)
{
	const struct signing *s = ctx;
	struct json *approved = approve(c, s->q, err), *answer;
	struct str data = STR_INIT;

	if (!approved || !s->cert) {
		json_free(approved);
		return approved ? 0 : -1;
	}
	str_add_base64(&data, s->cert->text, s->cert->len);
	answer = patch(c, approved, "status", "certificate", json_string(data.buf), err);
	str_release(&data);
	json_free(approved);
	json_free(answer);
	return answer ? 0 : -1;
}

static int sign(struct task *t, const struct request *q, struct error *err)
{
	const struct world *w = world_of(t);
	struct secret cert = { 0 };
	struct signing s = { q, NULL };
	int rc = 0;

	if (inventory_keeps_ca_keys(w->wish.inventory)) {
		s.cert = &cert;
		rc = pki_request_sign(w->pki.store, q->pem, q->pem_len, &q->use, &cert, err);
	}
	if (rc == 0)
		rc = world_api(t, put, &s, err);
	secret_release(&cert);
	return rc ? error_wrap(err, "%s is not signed", q->name) : 0;
}

int sign_serving(struct task *t, struct error *err)
{
	struct world *w = world_of(t);

	if (requests_apply(t, err))
		return -1;
	/* the list is the lead's alone */
	for (size_t i = 0; i < w->seen.requests.count; i++) {
		const struct request *q = &w->seen.requests.list[i];
		struct error why = { 0 };

		if (q->verdict != REQUEST_GOOD || !q->use.server)
			continue;
		if (lock_may_change(t, err))
			return -1;
		if (sign(t, q, &why) && (world_way_lost(&why) || task_cancelled(t)))
			return *err = why, -1;
		task_log(t, "%s: %s", q->name, *why.what ? why.what : "done");
	}
	return 0;
}

/* One that cannot be signed keeps none of the others from it. */
int sign_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	bool failed = false;

	/* one after the other; the list is this host's alone until the run ends */
	for (size_t i = 0; i < w->seen.requests.count; i++) {
		struct request *q = &w->seen.requests.list[i];

		struct error why = { 0 };
		int rc;

		if (!agreed(w, q))
			continue;
		if (lock_may_change(t, err))
			return -1;
		rc = sign(t, q, &why);
		if (rc && (world_way_lost(&why) || task_cancelled(t)))
			return *err = why, -1;
		if (rc && !failed)
			*err = why;
		failed = failed || rc;
		task_lock(t);
		q->verdict = rc ? REQUEST_REFUSED : REQUEST_SIGNED;
		if (rc)
			snprintf(q->why, sizeof(q->why), "%.239s", why.what);
		task_unlock(t);
		task_log(t, "%s: %s", q->name, rc ? why.what : "done");
	}
	return failed ? -1 : 0;
}
