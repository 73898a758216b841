/*
 * A CA is rotated, or the key of service accounts: a host gets its certificates, or public keys, and a control plane the key that signs, as the key store has them, in the
 * same job as what that CA has signed (renew.c). What the cluster publishes of it is in rotate_told.c.
 */
#include "steps/rotate.h"

#include "cluster/rotate.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/run/want.h"

#include <stdio.h>
#include <string.h>

#define PKI "/etc/kubernetes/pki/"

/* ---- on a host ----------------------------------------------------------------------------------------------------- */

static bool is_worker(const struct world *w, int host)
{
	return w->wish.inventory->hosts[host].role == INVENTORY_WORKER;
}

bool rotate_has_turn(const struct world *w, int host, unsigned stages)
{
	return w->wish.renew->rotates && w->seen.renew[host].plan.trust == RENEW_DUE &&
	       stages & 1u << renew_trust_stage(w->wish.renew->issuer, is_worker(w, host));
}

/*
 * That the certificates differ shows a run that was cut that this is yet to be done: they come last. The key only on
 * control planes, where those have the keys of CAs.
 */
void rotate_add_params(const struct world *w, int host, struct items *l)
{
	const enum pki_pem files[] = { pki_issuer_key(w->wish.renew->issuer), pki_issuer_crt(w->wish.renew->issuer) };
	static const char *const names[2][3] = { { "shared_1_path", "shared_1_mode", "shared_1_data" },
		{ "shared_2_path", "shared_2_mode", "shared_2_data" } };

	bool alone = is_worker(w, host) || (inventory_keeps_ca_keys(w->wish.inventory) && pki_is_ca_key(files[0]));
	size_t first = alone ? 1 : 0;

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
	if (signing_is_due(w, host)) {
		str_addf(why, "the certificate that signs is not in its own file as it should be on %s", name);
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
		if (rotate_reaches(w->wish.renew->issuer, !c->nodes[i].control_plane) &&
			!inventory_find(w->wish.inventory, c->nodes[i].name))
			str_addf(why, "the inventory has no host for the %s %s",
				c->nodes[i].control_plane ? "control plane" : "worker", c->nodes[i].name);
}

void rotate_see(const struct world *w, struct rotate_state *out)
{
	enum pki_issuer issuer = w->wish.renew->issuer;
	struct str why = STR_INIT;

	*out = (struct rotate_state){ .phase = pki_store_phase(w->pki.store, issuer), .due = told_is_due(w) };
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		out->due = out->due || is_due_on(&w->seen.renew[i].plan) || signing_is_due(w, (int)i);
		if (w->seen.renew[i].plan.ahead && !out->ahead[0])
			snprintf(out->ahead, sizeof(out->ahead), "%.60s: %s", w->wish.inventory->hosts[i].name,
				w->seen.renew[i].plan.trust_why);
		if (!why.len && rotate_reaches(issuer, is_worker(w, (int)i)))
			add_behind(w, (int)i, &why);
	}
	if (!why.len && !w->seen.cluster.exists)
		str_add(&why, "no API server answers");
	if (!why.len)
		add_unknown(w, &why);
	if (!why.len)
		told_add_behind(w, &why);
	if (issuer == PKI_ISSUER_TOKENS)
		tokens_see(w, out);
	if (issuer == PKI_ISSUER_CLUSTER)
		trusting_see(w, out);
	str_copy_line(out->behind, sizeof(out->behind), why.buf);
	str_release(&why);
}
