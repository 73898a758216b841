/*
 * What the cluster publishes of a CA that is rotated, for those that are not hosts of ours: API servers, for servers behind them, in the ConfigMap
 * extension-apiserver-authentication, to which each adds its own CAs, and from which none takes one away; for who joins, cluster-info; for Pods, kube-root-ca.crt in every
 * namespace, which the controller manager writes.
 */
#include "steps/rotate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "cluster/rotate.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/settings.h"

#include <stdio.h>
#include <string.h>

#define MAP "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
#define INFO "/api/v1/namespaces/kube-public/configmaps/cluster-info"
#define ROOTS "/api/v1/configmaps?fieldSelector=metadata.name%3Dkube-root-ca.crt"
#define AUTHORITY "certificate-authority-data"

static enum pki_issuer issuer_of(const struct world *w)
{
	return w->wish.renew->issuer;
}

/* Of etcd's CA nobody but the API servers and etcd has to know. */
static bool is_told(const struct world *w)
{
	return issuer_of(w) != PKI_ISSUER_ETCD;
}

static const char *key_of(const struct world *w)
{
	return issuer_of(w) == PKI_ISSUER_CLUSTER ? "client-ca-file" : "requestheader-client-ca-file";
}

static bool is_mine(struct task *t)
{
	const struct world *w = world_of(t);

	return is_told(w) && w->pki.store && w->seen.cluster.exists && task_host(t) == w->decided.lead;
}

/* ---- what is published --------------------------------------------------------------------------------------------- */

/* What lacks one counts before what has one more. */
struct look {
	struct world *w;
	enum rotate_told told;
};

static void see(struct look *l, const char *pem)
{
	enum rotate_told told = rotate_told(l->w->pki.store, issuer_of(l->w), pem);

	if (l->told == ROTATE_TOLD_UNKNOWN || told == ROTATE_TOLD_LACKS || l->told == ROTATE_TOLD_SAME)
		l->told = told;
}

/* The kubeconfig in cluster-info: in what is read of it the data of the first cluster's CAs. */
static struct json *info_of(const struct json *map, struct str *pem)
{
	const char *text = json_get_str(json_get(map, "data"), "kubeconfig", "");
	struct json *config = inventory_yaml(text, strlen(text), NULL);
	const char *data = json_get_str(config, "clusters.0.cluster." AUTHORITY, "");

	if (str_add_unbase64(pem, data, strlen(data)))
		str_clear(pem);
	return config;
}

/* NULL, with *missing: the operator has taken it away, and nobody joins by it. */
static struct json *ask_info(struct net_client *c, bool *missing, struct error *err)
{
	struct error why = { 0 };
	long status = 0;
	struct json *map = net_json(c, "GET", INFO, NULL, NULL, &status, &why);

	*missing = !map && status == 404;
	if (!map && !*missing)
		*err = why;
	return map;
}

static int look_at_info(struct net_client *c, struct look *l, struct error *err)
{
	struct str pem = STR_INIT;
	bool missing;
	struct json *map = ask_info(c, &missing, err);

	if (!map)
		return missing ? 0 : -1;
	json_free(info_of(map, &pem));
	see(l, pem.buf ? pem.buf : "");
	str_release(&pem);
	json_free(map);
	return 0;
}

static void see_roots(void *look, const struct json *page)
{
	const struct json *items = json_get(page, "items");

	for (size_t i = 0; i < json_size(items); i++) {
		const char *pem = json_text(json_member(json_get(json_at(items, i), "data"), "ca.crt"));

		see(look, pem ? pem : "");
	}
}

static int ask(struct net_client *c, void *ctx, struct error *err)
{
	struct look *l = ctx;
	struct json *map = net_json(c, "GET", MAP, NULL, NULL, NULL, err);
	const char *pem = json_text(json_member(json_get(map, "data"), key_of(l->w)));

	if (!map)
		return -1;
	see(l, pem ? pem : "");
	json_free(map);
	if (issuer_of(l->w) != PKI_ISSUER_CLUSTER)
		return 0;
	return look_at_info(c, l, err) || world_each_page(c, ROOTS, NULL, see_roots, l, err) ? -1 : 0;
}

static int look(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct look l = { w, ROTATE_TOLD_UNKNOWN };
	int rc = world_api(t, ask, &l, err);

	task_lock(t);
	w->seen.told = rc ? ROTATE_TOLD_UNKNOWN : l.told;
	task_unlock(t);
	return rc;
}

/* ---- the steps ----------------------------------------------------------------------------------------------------- */

enum step_verdict ask_trust_check(struct task *t, struct error *why)
{
	(void)why;
	return is_mine(t) ? STEP_NEEDED : STEP_NOT_HERE;
}

/* What cannot be asked is not known, and for the operator to see. */
int ask_trust_apply(struct task *t, struct error *err)
{
	struct error why = { 0 };
	enum pki_issuer issuer = issuer_of(world_of(t));
	int rc = issuer == PKI_ISSUER_TOKENS ? tokens_ask(t, &why) : look(t, &why);

	if (rc == 0 && issuer == PKI_ISSUER_CLUSTER)
		rc = trusting_ask(t, &why);
	if (rc == 0 || !world_way_lost(&why))
		return 0;
	*err = why;
	return -1;
}

/* As long as two are trusted, one more than the store has does no harm. */
static bool is_published(const struct world *w)
{
	return w->seen.told == ROTATE_TOLD_SAME ||
	       (w->seen.told == ROTATE_TOLD_MORE && pki_store_phase(w->pki.store, issuer_of(w)) != PKI_PHASE_ONE);
}

static bool is_due(const struct world *w)
{
	if (issuer_of(w) == PKI_ISSUER_TOKENS)
		return tokens_unnoted(w);
	if (w->seen.told == ROTATE_TOLD_UNKNOWN)
		return false;
	return !is_published(w) || (issuer_of(w) == PKI_ISSUER_CLUSTER && trusting_unnoted(w));
}

bool told_is_due(const struct world *w)
{
	return is_told(w) && is_due(w);
}

void told_add_behind(const struct world *w, struct str *why)
{
	if (!is_told(w))
		return;
	if (issuer_of(w) == PKI_ISSUER_TOKENS && is_due(w))
		str_add(why, "since when the new key signs is not noted yet");
	else if (issuer_of(w) == PKI_ISSUER_FRONT_PROXY && !is_published(w))
		str_add(why, "servers behind the API may not know it");
	else if (issuer_of(w) == PKI_ISSUER_CLUSTER && (!is_published(w) || is_due(w)))
		str_add(why, "Pods, servers behind the API or hosts that join do not have it yet");
}

/*
 * Whether a control plane is in nobody's way: with one key alone the note only says again, after an older snapshot of
 * etcd was restored, which one that is; and one that was lost meanwhile can come back when it does.
 */
static bool is_lost(const struct world *w, size_t i)
{
	return issuer_of(w) == PKI_ISSUER_TOKENS && (int)i != w->decided.lead &&
	       pki_store_phase(w->pki.store, PKI_ISSUER_TOKENS) == PKI_PHASE_ONE &&
	       !certs_shared(&w->seen.certs[i], pki_shared[PKI_SA_PUB].file);
}

/* An API server that has yet to follow would add the earlier one again. */
static const struct inventory_host *behind(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const struct renew_host *plan = &w->seen.renew[i].plan;

		if (w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && !is_lost(w, i) &&
			(!w->seen.certs[i].looked || plan->trust == RENEW_DUE || plan->trust == RENEW_REFUSED ||
				plan->restarts & (RENEW_READER_API | RENEW_READER_MANAGER)))
			return &w->wish.inventory->hosts[i];
	}
	return NULL;
}

static enum step_verdict refuse_note(const struct inventory_host *host, struct error *why)
{
	error_refuse(why, ERROR_COMMAND, REFUSAL_RENEW, host->name,
		"since when the new key signs everywhere is not noted, as %s does not have it yet", host->name);
	error_hint(why, "correct what is reported there, then run the same command again; it continues");
	return STEP_IMPOSSIBLE;
}

enum step_verdict tell_trust_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	bool tokens = issuer_of(w) == PKI_ISSUER_TOKENS;
	const struct inventory_host *host;
	bool due;

	if (!is_mine(t))
		return STEP_NOT_HERE;
	task_lock(t);
	due = is_due(w) || (!tokens && (w->seen.told == ROTATE_TOLD_UNKNOWN || w->seen.renew[task_host(t)].done));
	host = behind(w);
	task_unlock(t);
	if (!due || (task_check_only(t) && !is_due(w)))
		return STEP_NOT_HERE;
	if (!host || task_check_only(t))
		return step_needed(why, EVIDENCE_RENEW, "publish", "%s",
			tokens ? "notes since when the new key signs"
			       : "publishes which CAs servers behind the API trust");
	if (tokens)
		return refuse_note(host, why);
	error_refuse(why, ERROR_COMMAND, REFUSAL_RENEW, host->name,
		"what servers behind the API trust stays the same, as %s does not have the CAs of the key store yet",
		host->name);
	error_hint(why, "correct what is reported there, then run the same command again; it continues");
	return STEP_IMPOSSIBLE;
}

static int put_map(struct net_client *c, const struct world *w, const char *pem, struct error *err)
{
	struct json *map = net_json(c, "GET", MAP, NULL, NULL, NULL, err), *now = NULL;
	const char *is = json_text(json_member(json_get(map, "data"), key_of(w)));
	int rc = map ? 0 : -1;

	/* what is missing they add by themselves */
	if (map && is && rotate_told(w->pki.store, issuer_of(w), is) == ROTATE_TOLD_MORE)
		rc = settings_put(c, MAP, map, key_of(w), pem, &now, err);
	json_free(map);
	json_free(now);
	return rc;
}

/* The same kubeconfig with other CAs. */
static void add_info(struct json *config, const char *pem, struct str *out)
{
	const struct json *old = json_get(config, "clusters");
	struct json *list = json_array();
	struct str data = STR_INIT;

	str_add_base64(&data, pem, strlen(pem));
	for (size_t i = 0; i < json_size(old); i++) {
		struct json *one = json_add(list, json_copy(json_at(old, i)));
		const struct json *cluster = json_get(one, "cluster");
		struct json *now = cluster ? json_copy(cluster) : json_object();

		json_set_str(now, AUTHORITY, data.buf);
		json_set(one, "cluster", now);
	}
	json_set(config, "clusters", list);
	json_write_pretty(config, out);
	str_release(&data);
}

/* The controller manager signs it again for each token. */
static int put_info(struct net_client *c, const struct world *w, const char *pem, struct error *err)
{
	struct str is = STR_INIT, text = STR_INIT;
	struct json *config, *now = NULL;
	bool missing;
	struct json *map = ask_info(c, &missing, err);
	int rc = map || missing ? 0 : -1;

	if (!map)
		return rc;
	config = info_of(map, &is);
	if (json_is_object(config) &&
		rotate_told(w->pki.store, PKI_ISSUER_CLUSTER, is.buf ? is.buf : "") != ROTATE_TOLD_SAME) {
		add_info(config, pem, &text);
		rc = settings_put(c, INFO, map, "kubeconfig", text.buf, &now, err);
	}
	json_free(now);
	json_free(config);
	json_free(map);
	str_release(&is);
	str_release(&text);
	return rc;
}

static int put(struct net_client *c, void *ctx, struct error *err)
{
	const struct world *w = ctx;
	const char *pem = pki_store_pem(w->pki.store, pki_issuer_crt(issuer_of(w)));

	if (put_map(c, w, pem, err))
		return -1;
	return issuer_of(w) == PKI_ISSUER_CLUSTER ? put_info(c, w, pem, err) : 0;
}

static int put_late(const struct world *w, struct error *err)
{
	error_set(err, ERROR_TIMEOUT,
		issuer_of(w) == PKI_ISSUER_CLUSTER
			? "the ConfigMaps extension-apiserver-authentication, cluster-info and kube-root-ca.crt do not all hold the CAs of the key store after %d s"
			: "the ConfigMap extension-apiserver-authentication does not hold the CAs of the key store after %d s",
		(int)(w->wish.verify_ms / 1000));
	return error_hint(err,
		"do all API servers and controller managers run? see 'kubewright status'; then run the same command again");
}

/* API servers add what is missing by themselves, soon after they have started. */
int tell_trust_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct world_wait wait = { .begun_ms = clock_mono_ms() };

	if (issuer_of(w) == PKI_ISSUER_TOKENS)
		return tokens_note(t, err);
	for (;;) {
		if (look(t, err))
			return -1;
		if (is_published(w))
			return issuer_of(w) == PKI_ISSUER_CLUSTER && trusting_unnoted(w) ? trusting_note(t, err) : 0;
		if (world_api(t, put, w, err))
			return -1;
		if (task_cancelled(t))
			return error_set(err, ERROR_CANCELLED, "cancelled");
		if (clock_mono_ms() - wait.begun_ms > w->wish.verify_ms)
			break;
		world_waits(t, &wait, w->wish.verify_ms, "the API servers do not publish these CAs yet");
		task_lock(t);
		task_wait(t, clock_mono_ms() + 500);
		task_unlock(t);
	}
	return put_late(w, err);
}
