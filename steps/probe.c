/* One exec per host returns all evidence, and takes the lock in the same round trip. */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host_scripts.h"
#include "steps/want.h"

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
	if (w->want_texts)
		str_add(out, host_script_contents);
	if (w->want_health)
		str_addf(out, "%s%s", host_script_words, host_script_health);
	str_addf(out, "%s%s%s%s%s", host_script_room, host_script_pod_networks, host_script_sources,
		host_script_surroundings, host_script_probe);
}

int probe_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const struct inventory *inv = w->inventory;
	const struct inventory_host *host = world_host(t);
	struct remote *r = task_remote(t, err);
	struct remote_answer answer = { 0 };
	struct str repositories = STR_INIT, sources = STR_INIT, script = STR_INIT;
	int64_t before, after, mid, begun = clock_boot_ms();
	char ttl[16];
	int rc;

	if (!r)
		return -1;
	add_repository(&repositories,
		inv->kubernetes.repository.url ? inv->kubernetes.repository.url : w->release->repository);
	snprintf(ttl, sizeof(ttl), "%lld", (long long)(w->lock_ttl_ms / 1000));
	packages_sources(w, &sources);
	struct items params = { 0 };
	const struct remote_param known[] = {
		{ "node", host->name },
		{ "run", w->run },
		{ "owner", w->owner },
		{ "machine", w->machine },
		{ "dead_runs", w->dead_runs },
		{ "lock", w->take_lock ? "yes" : "no" },
		{ "ttl", ttl },
		{ "cluster", inv->cluster },
		{ "address", host->address },
		{ "vip", host->role == INVENTORY_CONTROL_PLANE && inv->endpoint.vip ? inv->endpoint.vip : "" },
		{ "vip_interface", inv->endpoint.interface ? inv->endpoint.interface : "" },
		{ "repositories", repositories.buf },
		{ "sources", sources.buf },
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
	str_release(&sources);
	str_release(&script);
	if (rc == 0)
		rc = lock_result(t, &answer, err);
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
	/* the host's work lies between its two readings; what is left of the round trip is the network */
	int64_t now = cluster_fact_int(h, "now_ms", 0), end = cluster_fact_int(h, "now_end_ms", now);
	mid = before + (after - before - (end - now)) / 2;
	h->clock_offset_ms = now - mid;
	h->clock_error_ms = (after - before - (end - now)) / 2 + 1;
	task_unlock(t);
	return try_way(t, r, err);
}
