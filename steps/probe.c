/* One exec per host returns all evidence, and takes the lock in the same round trip. */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/run/family.h"
#include "steps/host/scripts.h"
#include "steps/run/want.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum step_verdict probe_check(struct task *t, struct error *why)
{
	(void)t;
	(void)why;
	return STEP_NEEDED;
}

/* "host port" of a URL, for the reachability test; nothing when the URL makes no sense. */
static void add_repository(struct str *out, const char *url)
{
	const char *host = url ? strstr(url, "://") : NULL;
	size_t n, h;

	if (!host)
		return;
	host += 3;
	n = strcspn(host, "/");
	h = strcspn(host, ":/");
	if (h < n)
		str_addf(out, "%.*s %.*s\n", (int)h, host, (int)(n - h - 1), host + h + 1);
	else
		str_addf(out, "%.*s %s\n", (int)n, host, str_starts(url, "https") ? "443" : "80");
}

static int look_through(int fd, void *ctx, struct error *err)
{
	(void)fd;
	(void)ctx;
	(void)err;
	return 0;
}

/* Whether the API server that is to run here could be asked: better known before anything is installed. That nobody listens yet is an answer. */
static int try_way(struct task *t, struct remote *r, struct error *err)
{
	struct place api = place_api(NULL);
	struct error local = { 0 };

	if (!world_is_control_plane(t) || world_installed(world_facts(t)))
		return 0;
	if (remote_tunnel(r, api.address, api.port, look_through, NULL, &local) == 0 || world_note_unseen(t, &local))
		return 0;
	return world_way_lost(&local) ? (*err = local, -1) : 0;
}

void probe_script(const struct world *w, struct str *out)
{
	str_addf(out, "%s%s%s", host_script_questions, host_script_hardware, host_script_lock);
	if (w->wish.texts)
		str_add(out, host_script_contents);
	if (w->wish.health)
		str_addf(out, "%s%s", host_script_words, host_script_health);
	str_addf(out, "%s%s%s", host_script_room, host_script_snapshots, host_script_pod_networks);
	for (size_t i = 0; i < package_family_count; i++)
		str_add(out, package_families[i].questions);
	str_addf(out, "%s%s", host_script_surroundings, host_script_probe);
}

/* Of the ledger each line becomes an item, and items are compared with each other. A host has a few dozen. */
#define OWNED_MAX 1000
static int bounded(const struct remote_answer *a, struct error *err)
{
	const char *owned = remote_answer_get(a, "owned");
	size_t lines = 0;

	for (const char *p = owned ? owned : ""; *p && lines <= OWNED_MAX; p++)
		lines += *p == '\n';
	if (lines <= OWNED_MAX)
		return 0;
	error_set(err, ERROR_PROTOCOL, "the undo ledger of the host has more than %d entries", OWNED_MAX);
	return error_hint(err, "kubewright did not write them: look at /var/lib/kubewright/ledger/list on the host");
}

/* Nothing here records an init or join of ours, and the operator has taken the keys of the CA that it goes by. */
static bool is_adopted(const struct world *w, const struct cluster_host *h)
{
	return w->pki.store && !*cluster_fact(h, "job.init") && !*cluster_fact(h, "job.join") &&
	       cluster_fact_has(h, "have", "kubelet-conf") &&
	       pki_same_key(cluster_fact(h, "ca_crt"), pki_store_pem(w->pki.store, PKI_CA_CRT));
}

int probe_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const struct inventory *inv = w->wish.inventory;
	const struct inventory_host *host = world_host(t);
	struct remote *r = task_remote(t, err);
	struct remote_answer answer = { 0 };
	struct str repositories = STR_INIT, script = STR_INIT;
	int64_t before, after, mid, begun = clock_boot_ms();
	char ttl[16];
	int rc;

	if (!r)
		return -1;
	add_repository(&repositories,
		inv->kubernetes.repository.url ? inv->kubernetes.repository.url : w->wish.release->repository);
	snprintf(ttl, sizeof(ttl), "%lld", (long long)(w->wish.lock_ttl_ms / 1000));
	struct items params = { 0 };
	const struct remote_param known[] = {
		{ "node", host->name },
		{ "run", w->wish.run },
		{ "owner", w->wish.owner },
		{ "machine", w->wish.machine },
		{ "dead_runs", w->wish.dead_runs },
		{ "lock", w->wish.take_lock ? "yes" : "no" },
		{ "ttl", ttl },
		{ "cluster", inv->cluster },
		{ "address", host->address },
		{ "vip", host->role == INVENTORY_CONTROL_PLANE && inv->endpoint.vip ? inv->endpoint.vip : "" },
		{ "vip_interface", inv->endpoint.interface ? inv->endpoint.interface : "" },
		{ "snapshot_folder", host->role == INVENTORY_CONTROL_PLANE ? inv->etcd.snapshots.folder : "" },
		{ "repositories", repositories.buf },
		{ "kubelet_resolv", inv->kubelet_config ? json_get_str(inv->kubelet_config, "resolvConf", "") : "" },
	};
	probe_script(w, &script);
	task_lock(t);
	want_questions(w, task_host(t), &params);
	task_unlock(t);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		items_param(&params, known[i].name, known[i].value);
	before = clock_wall_ms();
	rc = remote_script(r, "probe", script.buf, params.params, params.param_count, cluster_probe_words, &answer,
		task_output, t, 60000, err);
	after = clock_wall_ms();
	items_release(&params);
	str_release(&repositories);
	str_release(&script);
	if (rc == 0)
		rc = lock_result(t, &answer, err);
	if (rc == 0)
		rc = bounded(&answer, err);
	if (rc) {
		remote_answer_release(&answer);
		return rc;
	}
	lock_seen(t, begun);
	task_lock(t);
	struct cluster_host *h = world_facts(t);
	cluster_host_release(h);
	h->facts = answer;
	h->probed = true;
	h->adopted = is_adopted(w, h);
	identities_add(&w->seen.identities, h, task_host(t));
	/* the host's work lies between its two readings; what is left of the round trip is the network */
	int64_t now = cluster_fact_int(h, "now_ms", 0), end = cluster_fact_int(h, "now_end_ms", now);
	mid = before + (after - before - (end - now)) / 2;
	h->clock_offset_ms = now - mid;
	h->clock_error_ms = (after - before - (end - now)) / 2 + 1;
	task_unlock(t);
	return try_way(t, r, err);
}
