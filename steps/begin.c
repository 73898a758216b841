/* What a run of these plans begins with, and what is left of it at its end. */
#include "steps/steps.h"

#include "base/alloc.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/run/want.h"

#include <stdlib.h>
#include <string.h>

/* wish.parts unless a test has others; ends with NULL. */
static const struct want_part *const want_parts[] = {
	&want_os,
	&want_packages,
	&want_runtime,
	&want_endpoint,
	&want_security,
	&want_snapshots,
	&want_serving,
	NULL,
};

void world_init(struct world *w, const struct inventory *inv, const struct release *release)
{
	memset(w, 0, sizeof(*w));
	w->wish.inventory = inv;
	w->wish.release = release;
	w->seen.hosts = xcalloc(inv->host_count, sizeof(*w->seen.hosts));
	w->seen.findings = xcalloc(inv->host_count, sizeof(*w->seen.findings));
	w->seen.certs = xcalloc(inv->host_count, sizeof(*w->seen.certs));
	w->seen.support = xcalloc(inv->host_count, sizeof(*w->seen.support));
	w->seen.benchmark = xcalloc(inv->host_count, sizeof(*w->seen.benchmark));
	w->seen.mesh = xcalloc(inv->host_count, sizeof(*w->seen.mesh));
	w->seen.hardware = xcalloc(inv->host_count, sizeof(*w->seen.hardware));
	w->seen.adopt = xcalloc(inv->host_count, sizeof(*w->seen.adopt));
	w->logins.secrets = xcalloc(inv->host_count, sizeof(*w->logins.secrets));
	w->seen.etcd = xcalloc(inv->host_count, sizeof(*w->seen.etcd));
	for (size_t i = 0; i < inv->host_count; i++)
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE)
			w->seen.etcd[i] = xcalloc(1, sizeof(**w->seen.etcd));
	w->seen.looks = xcalloc(inv->host_count, sizeof(*w->seen.looks));
	w->seen.space = xcalloc(inv->host_count, sizeof(*w->seen.space));
	w->seen.defrag = xcalloc(inv->host_count, sizeof(*w->seen.defrag));
	w->seen.renew = xcalloc(inv->host_count, sizeof(*w->seen.renew));
	w->seen.gone = xcalloc(inv->host_count, sizeof(*w->seen.gone));
	w->seen.begun = xcalloc(inv->host_count, sizeof(*w->seen.begun));
	w->seen.drill.asked = xcalloc(inv->host_count, sizeof(*w->seen.drill.asked));
	w->seen.drill.under_way = xcalloc(inv->host_count, sizeof(*w->seen.drill.under_way));
	w->locks = xcalloc(inv->host_count, sizeof(*w->locks));
	w->wish.lock_ttl_ms = LOCK_TTL_S * 1000;
	w->wish.verify_ms = 300000;
	/* a server with much memory takes ten minutes and more before it boots */
	w->wish.reboot_ms = 30 * 60000;
	w->wish.reboot_try_ms = 2000;
	w->wish.parts = want_parts;
	w->seen.cluster.lead = w->seen.stopped = w->seen.leads = -1;
	for (int i = 0; i < SETTINGS_KINDS; i++)
		w->seen.settings_stopped[i] = -1;
	w->decided.init_host = -1;
	w->decided.lead = w->pki.from = -1;
	w->wish.dead_runs = "";
	w->wish.take_lock = true;
}

void world_release(struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		cluster_host_release(&w->seen.hosts[i]);
		findings_release(&w->seen.findings[i]);
		certs_release(&w->seen.certs[i]);
		remote_answer_release(&w->seen.support[i].answer);
		adopt_host_release(&w->seen.adopt[i]);
		benchmark_host_release(&w->seen.benchmark[i]);
		mesh_host_release(&w->seen.mesh[i]);
		json_free(w->seen.hardware[i]);
		free(w->seen.etcd[i]);
		secret_release(&w->logins.secrets[i].password);
		secret_release(&w->logins.secrets[i].sudo);
	}
	free(w->seen.hosts);
	free(w->locks);
	free(w->seen.etcd);
	free(w->seen.looks);
	free(w->seen.space);
	free(w->seen.defrag);
	free(w->seen.renew);
	free(w->seen.findings);
	free(w->seen.certs);
	free(w->seen.support);
	free(w->seen.adopt);
	free(w->seen.benchmark);
	free(w->seen.mesh);
	free(w->seen.hardware);
	json_free(w->seen.sets);
	identities_release(&w->seen.identities);
	requests_release(&w->seen.requests);
	free(w->logins.secrets);
	free(w->seen.gone);
	free(w->seen.drill.asked);
	free(w->seen.drill.under_way);
	for (int f = 0; f < DRILL_FAULTS; f++)
		free(w->seen.drill.cases[f].why);
	free(w->seen.begun);
	free(w->decided.refusal);
	cluster_state_release(&w->seen.cluster);
	upgrade_seen_release(&w->seen.upgrade);
	pki_store_free(w->pki.store);
	pki_store_free(w->pki.earlier);
	secret_wipe(w->token.text, sizeof(w->token.text));
}
