/*
 * A CA is rotated, or the key of service accounts: a control plane gets its certificates, or public keys, and the key that signs as the key store has them, in the same
 * job as what that CA has signed (renew.c). And servers behind the API servers read in a ConfigMap whom to trust: each API server adds its own CAs to it, and none takes one away.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/run/want.h"
#include "steps/settings.h"

#include <stdio.h>
#include <string.h>

#define PKI "/etc/kubernetes/pki/"
#define MAP "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
#define KEY "requestheader-client-ca-file"

/* ---- on a host ----------------------------------------------------------------------------------------------------- */

bool rotate_has_turn(const struct world *w, const struct renew_host *plan, unsigned stages)
{
	return w->wish.renew->rotates && plan->trust == RENEW_DUE &&
	       stages & 1u << renew_trust_stage(w->wish.renew->issuer);
}

/*
 * That the certificates differ shows a run that was cut that this is yet to be done: they come last. The key only where
 * control planes have those of CAs.
 */
void rotate_add_params(const struct world *w, struct items *l)
{
	const enum pki_pem files[] = { pki_issuer_key(w->wish.renew->issuer), pki_issuer_crt(w->wish.renew->issuer) };
	static const char *const names[2][3] = { { "shared_1_path", "shared_1_mode", "shared_1_data" },
		{ "shared_2_path", "shared_2_mode", "shared_2_data" } };

	size_t first = inventory_keeps_ca_keys(w->wish.inventory) && pki_is_ca_key(files[0]) ? 1 : 0;

	for (size_t i = first; i < 2; i++) {
		const char *pem = pki_store_pem(w->pki.store, files[i]);
		struct str path = STR_INIT, mode = STR_INIT, data = STR_INIT;

		str_addf(&path, PKI "%s", pki_shared[files[i]].file);
		str_addf(&mode, "%o", pki_shared[files[i]].mode);
		str_add_base64(&data, pem, strlen(pem));
		items_param(l, names[i - first][0], items_keep(l, str_detach(&path)));
		items_param(l, names[i - first][1], items_keep(l, str_detach(&mode)));
		items_param(l, names[i - first][2], items_keep(l, str_detach(&data)));
	}
	items_param(l, "shared", first ? "1" : "2");
}

/* ---- what the API servers publish ------------------------------------------------------------------------------ */

/* Of the other CAs nobody but the API servers and etcd has to know. */
static bool is_told(const struct world *w)
{
	return w->wish.renew->issuer == PKI_ISSUER_FRONT_PROXY || w->wish.renew->issuer == PKI_ISSUER_TOKENS;
}

static bool is_mine(struct task *t)
{
	const struct world *w = world_of(t);

	return is_told(w) && w->pki.store && w->seen.cluster.exists && task_host(t) == w->decided.lead;
}

static int ask(struct net_client *c, void *map, struct error *err)
{
	*(struct json **)map = net_json(c, "GET", MAP, NULL, NULL, NULL, err);
	return *(struct json **)map ? 0 : -1;
}

static int look(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct json *map = NULL;
	int rc = world_api(t, ask, &map, err);

	task_lock(t);
	w->seen.told = rc ? ROTATE_TOLD_UNKNOWN
			  : rotate_told(w->pki.store, PKI_ISSUER_FRONT_PROXY, json_get_str(map, "data." KEY, ""));
	task_unlock(t);
	json_free(map);
	return rc;
}

enum step_verdict ask_trust_check(struct task *t, struct error *why)
{
	(void)why;
	return is_mine(t) ? STEP_NEEDED : STEP_NOT_HERE;
}

/* What cannot be asked is not known, and for the operator to see. */
int ask_trust_apply(struct task *t, struct error *err)
{
	struct error why = { 0 };
	int rc = world_of(t)->wish.renew->issuer == PKI_ISSUER_TOKENS ? tokens_ask(t, &why) : look(t, &why);

	if (rc == 0 || !world_way_lost(&why))
		return 0;
	*err = why;
	return -1;
}

/* As long as two are trusted, one more than the store has does no harm. */
static bool is_due(const struct world *w)
{
	if (w->wish.renew->issuer == PKI_ISSUER_TOKENS)
		return tokens_unnoted(w);
	return w->seen.told == ROTATE_TOLD_LACKS ||
	       (w->seen.told == ROTATE_TOLD_MORE &&
		       pki_store_phase(w->pki.store, PKI_ISSUER_FRONT_PROXY) == PKI_PHASE_ONE);
}

/* An API server that has yet to follow would add the earlier one again. */
static const struct inventory_host *behind(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const struct renew_host *plan = &w->seen.renew[i].plan;

		if (w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE &&
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
	bool tokens = w->wish.renew->issuer == PKI_ISSUER_TOKENS;
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

static int put(struct net_client *c, void *ctx, struct error *err)
{
	const struct world *w = ctx;
	struct json *map = NULL, *now = NULL;
	int rc = ask(c, &map, err);

	if (rc == 0)
		rc = settings_put(c, MAP, map, KEY, pki_store_pem(w->pki.store, PKI_FRONT_PROXY_CA_CRT), &now, err);
	json_free(map);
	json_free(now);
	return rc;
}

/* API servers add what is missing by themselves, soon after they have started. */
int tell_trust_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct world_wait wait = { .begun_ms = clock_mono_ms() };

	if (w->wish.renew->issuer == PKI_ISSUER_TOKENS)
		return tokens_note(t, err);
	for (;;) {
		if (look(t, err))
			return -1;
		if (!is_due(w))
			return 0;
		if (w->seen.told == ROTATE_TOLD_MORE && world_api(t, put, w, err))
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
	error_set(err, ERROR_TIMEOUT,
		"the ConfigMap extension-apiserver-authentication does not hold the CAs of the key store after %d s",
		(int)(w->wish.verify_ms / 1000));
	return error_hint(err, "do all API servers run? see 'kubewright status'; then run the same command again");
}

/* ---- how far it is ------------------------------------------------------------------------------------------------- */

static bool is_due_on(const struct renew_host *plan)
{
	return plan->trust == RENEW_DUE || plan->restarts || renew_count(plan, RENEW_DUE, RENEW_STAGES);
}

/* Why a control plane is not as the key store says; nothing is added: it is. */
static void add_behind(const struct world *w, int host, struct str *why)
{
	const struct renew_host *plan = &w->seen.renew[host].plan;
	const char *name = w->wish.inventory->hosts[host].name;

	if (!w->seen.certs[host].looked) {
		str_addf(why, "%s was not looked at", name);
		return;
	}
	if (custody_is_due(w, host)) {
		str_addf(why, "the keys of the CAs are not where pki.ca-keys says on %s", name);
		return;
	}
	if (plan->trust == RENEW_REFUSED) {
		str_addf(why, "%s: %s: %s", name, pki_shared[pki_issuer_crt(w->wish.renew->issuer)].file,
			plan->trust_why);
		return;
	}
	for (size_t k = 0; k < plan->count; k++)
		if (plan->items[k].verdict == RENEW_REFUSED) {
			str_addf(why, "%s: %s: %s", name, plan->items[k].kind->name, plan->items[k].why);
			return;
		}
	if (is_due_on(plan))
		str_addf(why, "%s does not have it yet", name);
}

/* A Node that the inventory does not have gets nothing, and would be lost with the earlier CA. */
static void add_unknown(const struct world *w, struct str *why)
{
	const struct cluster_state *c = &w->seen.cluster;

	for (size_t i = 0; i < c->node_count && !why->len; i++)
		if (c->nodes[i].control_plane && !inventory_find(w->wish.inventory, c->nodes[i].name))
			str_addf(why, "the inventory has no host for the control plane %s", c->nodes[i].name);
}

static void add_untold(const struct world *w, struct str *why)
{
	if (!is_told(w))
		return;
	if (w->wish.renew->issuer == PKI_ISSUER_TOKENS && is_due(w))
		str_add(why, "since when the new key signs is not noted yet");
	else if (w->wish.renew->issuer == PKI_ISSUER_FRONT_PROXY && (w->seen.told == ROTATE_TOLD_UNKNOWN || is_due(w)))
		str_add(why, "servers behind the API may not know it");
}

void rotate_see(const struct world *w, struct rotate_state *out)
{
	enum pki_issuer issuer = w->wish.renew->issuer;
	struct str why = STR_INIT;

	*out = (struct rotate_state){ .phase = pki_store_phase(w->pki.store, issuer), .due = is_told(w) && is_due(w) };
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		out->due = out->due || is_due_on(&w->seen.renew[i].plan);
		if (!why.len && w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE)
			add_behind(w, (int)i, &why);
	}
	if (!why.len && !w->seen.cluster.exists)
		str_add(&why, "no API server answers");
	if (!why.len)
		add_unknown(w, &why);
	if (!why.len)
		add_untold(w, &why);
	if (issuer == PKI_ISSUER_TOKENS)
		tokens_see(w, out);
	str_copy_line(out->behind, sizeof(out->behind), why.buf);
	str_release(&why);
}
