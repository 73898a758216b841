/*
 * The bootstrap token of this run: made by the API, usable only once the controller manager has signed cluster-info with it, and deleted when nobody of this run joins any more. What
 * a run that was killed leaves expires by itself.
 */
#include "steps/run/run.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

#define SIGNING_TIMEOUT_MS 120000
#define TOKEN_HOURS 2

void world_new_token(struct task *t)
{
	struct world *w = world_of(t);
	char id[7], word[17];

	secret_random_word(id, 6);
	secret_random_word(word, 16);
	snprintf(w->token.text, sizeof(w->token.text), "%s.%s", id, word);
	w->token.known = false;
	/* the id alone is public */
	task_secret(t, word);
	secret_wipe(word, sizeof(word));
}

static void secret_name(const struct world *w, char *out, size_t size)
{
	snprintf(out, size, "bootstrap-token-%.6s", w->token.text);
}

/* POST of the Secret that is a bootstrap token (kubernetes.io/docs, "Authenticating with Bootstrap Tokens"). */
static int create_token(struct net_client *c, void *ctx, struct error *err)
{
	const struct world *w = ctx;
	struct json *s = json_object(), *m = json_set(s, "metadata", json_object()), *d, *answer;
	char id[7], name[64], until[32];

	snprintf(id, sizeof(id), "%.6s", w->token.text);
	secret_name(w, name, sizeof(name));
	clock_rfc3339(clock_wall_ms() + TOKEN_HOURS * 3600 * 1000, until, sizeof(until));
	json_set_str(s, "apiVersion", "v1");
	json_set_str(s, "kind", "Secret");
	json_set_str(s, "type", "bootstrap.kubernetes.io/token");
	json_set_str(m, "name", name);
	json_set_str(m, "namespace", "kube-system");
	d = json_set(s, "stringData", json_object());
	json_set_str(d, "token-id", id);
	json_set_str(d, "token-secret", w->token.text + 7);
	json_set_str(d, "expiration", until);
	json_set_str(d, "usage-bootstrap-signing", "true");
	json_set_str(d, "usage-bootstrap-authentication", "true");
	json_set_str(d, "auth-extra-groups", "system:bootstrappers:kubeadm:default-node-token");
	json_set_str(d, "description", "made by kubewright for joins");
	answer = net_json(c, "POST", "/api/v1/namespaces/kube-system/secrets", NULL, s, NULL, err);
	json_free(s);
	json_free(answer);
	return answer ? 0 : -1;
}

struct signing {
	struct world *world;
	struct task *task;
	int64_t deadline;
	struct world_wait wait;
};

static int wait_signed(struct net_client *c, void *ctx, struct error *err)
{
	struct signing *s = ctx;
	char key[64];

	snprintf(key, sizeof(key), "data.jws-kubeconfig-%.6s", s->world->token.text);
	while (clock_mono_ms() < s->deadline && !task_cancelled(s->task)) {
		struct error why = { 0 };
		long status = 0;
		struct json *info = net_json(
			c, "GET", "/api/v1/namespaces/kube-public/configmaps/cluster-info", NULL, NULL, &status, &why);
		bool is_signed = json_get_str(info, key, NULL) != NULL;

		json_free(info);
		if (is_signed)
			return 0;
		/* a connection that broke stays broken: the next one may do better */
		if (status == 0) {
			if (err)
				*err = why;
			return -1;
		}
		world_waits(s->task, &s->wait, s->deadline - s->wait.begun_ms,
			"the controller manager has not signed cluster-info yet");
		task_lock(s->task);
		task_wait(s->task, clock_mono_ms() + 250);
		task_unlock(s->task);
	}
	error_set(err, ERROR_TIMEOUT, "the controller manager has not signed cluster-info within %d s",
		SIGNING_TIMEOUT_MS / 1000);
	return error_hint(err, "is kube-controller-manager running? see 'kubewright logs'");
}

static bool may_come(const struct error *e)
{
	return e->kind == ERROR_NET || e->kind == ERROR_REFUSED || e->kind == ERROR_UNREACHABLE;
}

/* An API server that has just started may close connections, or not listen for a moment. */
static int until_signed(struct task *t, const char *lead, struct error *err)
{
	struct signing s = { .world = world_of(t), .task = t, .deadline = clock_mono_ms() + SIGNING_TIMEOUT_MS };

	s.wait.begun_ms = clock_mono_ms();

	for (;;) {
		struct error why = { 0 };

		if (world_api_at(t, place_api(lead), wait_signed, &s, &why) == 0)
			return 0;
		if (!may_come(&why) || clock_mono_ms() >= s.deadline || task_cancelled(t)) {
			*err = why;
			return error_hint(err, "is the API server of %s up? see 'kubewright status'", lead);
		}
		world_waits(t, &s.wait, SIGNING_TIMEOUT_MS, why.what);
		task_lock(t);
		task_wait(t, clock_mono_ms() + 250);
		task_unlock(t);
	}
}

int world_token(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const char *lead;
	int rc = 0;

	task_lock(t);
	while (w->token.busy && !task_cancelled(t))
		task_wait(t, clock_mono_ms() + SIGNING_TIMEOUT_MS);
	if (w->token.is_signed) {
		task_unlock(t);
		return 0;
	}
	w->token.busy = true;
	if (!w->token.known)
		world_new_token(t);
	lead = world_lead_address(t);
	bool known = w->token.known;
	task_unlock(t);
	if (!known)
		rc = world_api_at(t, place_api(lead), create_token, w, err);
	if (rc == 0)
		rc = until_signed(t, lead, err);
	task_lock(t);
	/* a token that may be half there is not used again */
	w->token.known = w->token.is_signed = rc == 0;
	w->token.busy = false;
	task_wake(t);
	task_unlock(t);
	return rc;
}

/* ---- its end --------------------------------------------------------------------------------------------------------- */

void world_joins(struct task *t, bool begins, const struct error *err)
{
	struct world *w = world_of(t);

	task_lock(t);
	w->token.joining += begins ? 1 : -1;
	/* its job may continue without us */
	if (!begins && (err->kind == ERROR_CANCELLED || err->kind == ERROR_CONNECT || err->kind == ERROR_TIMEOUT))
		w->token.in_use = true;
	task_unlock(t);
}

static int delete_token(struct net_client *c, void *ctx, struct error *err)
{
	struct net_response r = { 0, STR_INIT };
	char name[64], path[128];
	int rc;

	secret_name(ctx, name, sizeof(name));
	snprintf(path, sizeof(path), "/api/v1/namespaces/kube-system/secrets/%s", name);
	rc = net_do(c, &(struct net_request){ .method = "DELETE", .path = path }, &r, err);
	if (rc == 0 && r.status != 404 && r.status / 100 != 2)
		rc = error_set(err, ERROR_NET, "HTTP %ld", r.status);
	str_release(&r.body);
	return rc;
}

/* That it stays is not a failure: it expires. */
void world_forget_token(struct task *t)
{
	struct world *w = world_of(t);
	struct error why = { 0 };
	bool made, in_use;

	task_lock(t);
	made = w->token.known && w->decided.lead == task_host(t);
	in_use = w->token.joining > 0 || w->token.in_use;
	/* a host that is tried again makes another one */
	if (made)
		w->token.known = w->token.is_signed = false;
	task_unlock(t);
	if (!made)
		return;
	if (in_use)
		task_notice(t, NOTICE_TOKEN_LEFT, NULL,
			"the bootstrap token %.6s is left for a join that may still run; it expires within %d hours",
			w->token.text, TOKEN_HOURS);
	else if (world_api(t, delete_token, w, &why))
		task_notice(t, NOTICE_TOKEN_LEFT, NULL,
			"the bootstrap token %.6s could not be deleted (%s); it expires within %d hours", w->token.text,
			why.what, TOKEN_HOURS);
}
