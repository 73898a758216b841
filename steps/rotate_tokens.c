/*
 * The key of service accounts is rotated: since when the new one signs on all control planes stands in the ConfigMap kubewright, where every machine finds it, and by it
 * goes which tokens of the earlier one may still be in use.
 */
#include "steps/rotate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/settings.h"

#include <stdio.h>
#include <string.h>

#define SECRETS "/api/v1/secrets?fieldSelector=type%3Dkubernetes.io%2Fservice-account-token"
#define PODS "/api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed"
/* Without what is in them. */
#define METADATA "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

/* As the control plane has it, whose clock the times of objects are of. */
static int64_t now_s(struct task *t)
{
	return (clock_wall_ms() + world_facts(t)->clock_offset_ms) / 1000;
}

/* ---- who uses the earlier one ---------------------------------------------------------------------------------------- */

static void add_secrets(void *tokens, const struct json *page)
{
	tokens_add_secrets(tokens, page);
}

static void add_pods(void *tokens, const struct json *page)
{
	tokens_add_pods(tokens, page);
}

static int ask(struct net_client *c, void *tokens, struct error *err)
{
	if (world_each_page(c, SECRETS, METADATA, add_secrets, tokens, err))
		return error_wrap(err, "Secrets");
	if (world_each_page(c, PODS, NULL, add_pods, tokens, err))
		return error_wrap(err, "Pods");
	return 0;
}

int tokens_ask(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct tokens seen = { .since_s = tokens_since(w->seen.cluster.own_config, w->pki.store), .now_s = now_s(t) };
	int rc = 0;

	if (!seen.since_s)
		return 0;
	rc = world_api(t, ask, &seen, err);
	seen.asked = rc == 0;
	if (rc)
		snprintf(seen.unknown, sizeof(seen.unknown), "%.199s", err->what);
	task_lock(t);
	w->seen.tokens = seen;
	task_unlock(t);
	return rc;
}

void tokens_see(const struct world *w, struct rotate_state *out)
{
	struct json *config;
	char what[100];

	if (out->phase == PKI_PHASE_REISSUED && !out->due)
		tokens_breaks(
			&w->seen.tokens, out->breaks, sizeof(out->breaks), out->breaks_hint, sizeof(out->breaks_hint));
	if (out->phase != PKI_PHASE_ONE)
		return;
	config = kubeadm_living_config(w);
	if (tokens_elsewhere(config, what, sizeof(what))) {
		snprintf(out->breaks, sizeof(out->breaks),
			"the cluster's configuration gives %s a file of its own, which kubewright does not change",
			what);
		snprintf(out->breaks_hint, sizeof(out->breaks_hint),
			"rotate that key by hand, or take the argument out of kubeadm.extra and of the ConfigMap kubeadm-config");
	}
	json_free(config);
}

/* ---- since when the new one signs -------------------------------------------------------------------------------------- */

/* Of another key is what a restored snapshot of etcd says, when all hosts have the store's. */
bool tokens_unnoted(const struct world *w)
{
	const struct json *own = w->seen.cluster.own_config;

	if (!w->seen.cluster.exists)
		return false;
	return tokens_earlier_copy(own, w->pki.store) ||
	       (pki_store_phase(w->pki.store, PKI_ISSUER_TOKENS) == PKI_PHASE_REISSUED &&
		       !tokens_since(own, w->pki.store));
}

int tokens_refuse(const struct world *w, struct error *err)
{
	if (!w->pki.store || !tokens_earlier_copy(w->seen.cluster.own_config, w->pki.store))
		return 0;
	error_refuse(err, ERROR_PKI, REFUSAL_NO_STORE, w->wish.store_dir,
		"the key store in %s is a copy from before the key of service accounts was rotated", w->wish.store_dir);
	return error_hint(err,
		"copy the key store again from the machine on which 'kubewright certs rotate sa' ran; "
		"if etcd was restored from an older snapshot since, 'kubewright certs rotate sa --forget' notes it again");
}

int tokens_note(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct json *j = json_object();
	char pin[80], when[32];

	tokens_pin(w->pki.store, pin, sizeof(pin));
	clock_rfc3339(now_s(t) * 1000, when, sizeof(when));
	json_set_str(j, "key", pin);
	json_set_str(j, "since", when);
	return settings_note_here(t, TOKENS_NOTE, j, err);
}
