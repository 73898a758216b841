/* What the steps of one run share, and how a host is logged in to. */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "inventory/document.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "remote/pool.h"
#include "remote/remote.h"
#include "steps/host_scripts.h"
#include "steps/want.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void world_init(struct world *w, const struct inventory *inv, const struct release *release)
{
	memset(w, 0, sizeof(*w));
	w->inventory = inv;
	w->release = release;
	w->hosts = xcalloc(inv->host_count, sizeof(*w->hosts));
	w->findings = xcalloc(inv->host_count, sizeof(*w->findings));
	w->logins = xcalloc(inv->host_count, sizeof(*w->logins));
	w->etcd = xcalloc(inv->host_count, sizeof(*w->etcd));
	w->looks = xcalloc(inv->host_count, sizeof(*w->looks));
	w->gone = xcalloc(inv->host_count, sizeof(*w->gone));
	w->locks = xcalloc(inv->host_count, sizeof(*w->locks));
	w->lock_ttl_ms = LOCK_TTL_S * 1000;
	w->parts = want_parts;
	w->cluster.lead = -1;
	w->init_host = -1;
	w->lead = w->store_from = -1;
	w->dead_runs = "";
	w->take_lock = true;
}

void world_release(struct world *w)
{
	for (size_t i = 0; i < w->inventory->host_count; i++) {
		cluster_host_release(&w->hosts[i]);
		findings_release(&w->findings[i]);
		secret_release(&w->logins[i].password);
		secret_release(&w->logins[i].sudo);
	}
	free(w->hosts);
	free(w->locks);
	free(w->etcd);
	free(w->looks);
	free(w->findings);
	free(w->logins);
	free(w->gone);
	free(w->decision);
	cluster_state_release(&w->cluster);
	pki_store_free(w->store);
	secret_wipe(w->token, sizeof(w->token));
}

struct world *world_of(struct task *t)
{
	return task_world(t);
}

const struct inventory_host *world_host(struct task *t)
{
	return &world_of(t)->inventory->hosts[task_host(t)];
}

struct cluster_host *world_facts(struct task *t)
{
	return &world_of(t)->hosts[task_host(t)];
}

bool world_is_control_plane(struct task *t)
{
	return world_host(t)->role == INVENTORY_CONTROL_PLANE;
}

struct hostkey_question {
	struct task *task;
	bool accept;
};

static enum remote_hostkey_verdict ask_host_key(
	const char *host, const char *type, const char *fingerprint, const char *note, void *ctx)
{
	struct hostkey_question *q = ctx;
	char text[512];

	if (q->accept) {
		task_log(q->task, "accepted the new host key %s %s of %s%s%s", type, fingerprint, host,
			note ? ": " : "", note ? note : "");
		return REMOTE_HOSTKEY_ACCEPT;
	}
	snprintf(text, sizeof(text), "%s shows the unknown host key %s %s. %s%sIs it the right one?", host, type,
		fingerprint, note ? note : "", note ? ". " : "");
	const struct question question = { QUESTION_HOST_KEY, { host, type, fingerprint, note }, text, "no|yes" };
	return task_ask(q->task, &question) == 1 ? REMOTE_HOSTKEY_ACCEPT : REMOTE_HOSTKEY_REFUSE;
}

static void log_note(const char *text, void *ctx)
{
	task_log(((struct hostkey_question *)ctx)->task, "%s", text);
}

char *world_login_key(const struct inventory_host *h)
{
	const struct inventory_ssh *s = &h->ssh;

	return xasprintf("%s %s %d %s %s %s", h->name, s->address, s->port, s->user, s->key ? s->key : "",
		s->host_key ? s->host_key : "");
}

/* ssh takes a name of ~/.ssh/config for an address; this program reads that file in the wizard's import alone, and says so. */
void world_explain_alias(const char *address, const char *config, struct error *err)
{
	struct ssh_config_host *list = NULL;
	size_t count = 0, i = 0;

	if (ssh_config_hosts(config, &list, &count, NULL) != 0)
		return;
	while (i < count && strcmp(list[i].name, address) != 0)
		i++;
	if (i < count && (list[i].jump[0] || strcmp(list[i].address, address) != 0)) {
		err->hint[0] = '\0';
		error_hint(err, "%s has a Host '%s' (HostName %s%s%s), but is not read here: %s", config, address,
			list[i].address, list[i].jump[0] ? ", by way of " : "", list[i].jump,
			list[i].jump[0]
				? "connections are direct, so run kubewright where it reaches the hosts themselves"
				: "write the address, user, port and key into the inventory, or have the wizard "
				  "import the host (its Hosts page)");
	}
	free(list);
}

struct remote *world_open(void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	struct world *w = world;
	const struct inventory_host *h = &w->inventory->hosts[host];
	struct hostkey_question question = { t, w->accept_new_host_keys };
	struct remote_ssh_config config = {
		.name = h->name,
		.address = h->ssh.address,
		.port = h->ssh.port,
		.user = h->ssh.user,
		.key = h->ssh.key,
		.agent = h->ssh.agent,
		.keys = w->keys,
		.password = &w->logins[host].password,
		.sudo = &w->logins[host].sudo,
		.host_key = h->ssh.host_key,
		.known_hosts = w->known_hosts,
		.other_known_hosts = w->other_known_hosts,
		.on_unknown_key = ask_host_key,
		.on_note = log_note,
		.ctx = &question,
		.cancel = token,
		.connect_timeout_ms = w->connect_timeout_ms,
	};

	char *key = world_login_key(h);
	struct remote *r = w->pool ? remote_pool_take(w->pool, key) : NULL;

	if (!r) {
		r = remote_ssh_open(&config, err);
		if (!r && err && err->kind == ERROR_CONNECT)
			world_explain_alias(h->ssh.address, "~/.ssh/config", err);
		if (r && w->pool)
			r = remote_pool_keep(w->pool, key, r);
	}
	free(key);
	return r;
}

bool world_installed(const struct cluster_host *h)
{
	return (world_job_done(h, "init") || world_job_done(h, "join")) &&
	       strstr(cluster_fact(h, "have"), "kubelet-conf") != NULL;
}

int world_script_always(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, int64_t timeout_ms,
	struct error *err)
{
	struct remote *r = task_remote(t, err);
	struct remote_param all[256];
	struct str text = STR_INIT;
	size_t n = 0;
	int rc;

	if (!r)
		return -1;
	all[n++] = (struct remote_param){ "node", world_host(t)->name };
	all[n++] = (struct remote_param){ "run", world_of(t)->run };
	all[n++] = (struct remote_param){ "step", name };
	for (size_t i = 0; i < param_count && n < sizeof(all) / sizeof(all[0]); i++)
		all[n++] = params[i];
	str_add(&text, host_script_lib);
	str_add(&text, host_script_questions);
	str_add(&text, script);
	rc = remote_script(r, name, text.buf, all, n, words, answer, task_output, t, timeout_ms, err);
	str_release(&text);
	return rc;
}

/* A script that changes the host begins with the fence: that it ran is a sign of life. */
static bool fences(const char *script)
{
	return strstr(script, "\n\tfence\n") != NULL;
}

int world_script(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, int64_t timeout_ms,
	struct error *err)
{
	int64_t begun = clock_boot_ms();

	if (lock_may_change(t, err))
		return -1;
	if (world_script_always(t, name, script, params, param_count, words, answer, timeout_ms, err))
		return fences(script) ? lock_explain(t, err) : -1;
	if (fences(script))
		lock_seen(t, begun);
	return 0;
}

void world_learn(struct task *t, const struct remote_answer *answer)
{
	task_lock(t);
	for (size_t i = 0; i < answer->count; i++)
		if (cluster_is_fact(answer->lines[i].word))
			cluster_set(world_facts(t), answer->lines[i].word, answer->lines[i].value);
	task_unlock(t);
}

struct api_call {
	struct task *task;
	struct world *world;
	struct place at;
	int (*fn)(struct net_client *c, void *ctx, struct error *err);
	void *ctx;
};

/* In the tunnel's thread. The certificate is made anew each time: nothing of it is kept anywhere. */
static int api_use(int fd, void *ctx, struct error *err)
{
	struct api_call *call = ctx;
	struct secret cert = { 0 }, key = { 0 };
	struct net_identity id;
	struct net_client *c = NULL;
	char base[96];
	int rc = -1;

	if (pki_client_certificate(call->world->store, call->at.etcd ? PKI_ISSUER_ETCD : PKI_ISSUER_CLUSTER,
		    "kubewright", call->at.etcd ? NULL : "system:masters", 3600, &cert, &key, err))
		goto out;
	id = (struct net_identity){ pki_store_pem(call->world->store, call->at.etcd ? PKI_ETCD_CA_CRT : PKI_CA_CRT),
		cert.text, key.text };
	snprintf(base, sizeof(base), "https://%s:%d", call->at.address, call->at.port);
	c = net_client_new(base, &id, fd, NULL);
	net_client_guard(c, lock_guard, call->task);
	rc = call->fn(c, call->ctx, err);
out:
	net_client_free(c);
	secret_release(&cert);
	secret_release(&key);
	return rc;
}

int world_api_at(struct task *t, struct place at, int (*fn)(struct net_client *c, void *ctx, struct error *err),
	void *ctx, struct error *err)
{
	struct api_call call = { .task = t, .world = world_of(t), .at = at, .fn = fn, .ctx = ctx };
	struct remote *r;
	int rc;

	lock_renew(t);
	r = task_remote(t, err);
	if (!r)
		return -1;
	rc = remote_tunnel(r, at.address, at.port, api_use, &call, err);
	if (rc && (err->kind == ERROR_NET || err->kind == ERROR_REFUSED || err->kind == ERROR_UNREACHABLE))
		error_hint(err, "is %s up there? see 'kubewright status'; 'kubewright apply' goes on where it stopped",
			at.etcd ? "etcd" : "the API server");
	return rc;
}

int world_api(
	struct task *t, int (*fn)(struct net_client *c, void *ctx, struct error *err), void *ctx, struct error *err)
{
	return world_api_at(t, place_api(NULL), fn, ctx, err);
}
