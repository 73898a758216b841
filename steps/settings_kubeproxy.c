/*
 * kubeproxy.config of a living cluster: into the ConfigMap kube-proxy, and from there onto the Nodes by its DaemonSet. That replaces one Pod after the other and
 * stops at one that does not work: then everything becomes what it was. One control plane does it for the whole cluster.
 */
#include "steps/settings.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_MS 300000
#define LIMIT_NODE_MS 30000
/*
 * kube-proxy has no probe of its own: a Pod that ends at once counts as available for a moment, and the next Node would get the same. A new Pod has to run for
 * this long.
 */
#define RUNS_S 5

static struct json *wish(const struct world *w)
{
	const struct inventory *inv = w->wish.inventory;

	return inv->kubeproxy_config ? json_copy(inv->kubeproxy_config) : json_object();
}

/*
 * Until the change is noted as accepted its Pods were not all seen to work. After that a template without a note is not behind: kubeadm writes it again with each
 * upgrade, and then all Pods restart with what the ConfigMap has.
 */
static bool behind(const struct world *w, const struct settings *s)
{
	const char *noted = kubeproxy_noted(w->seen.cluster.kubeproxy_set, KUBEPROXY_NOTE);

	return !json_get_bool(s->note, "accepted", false) || (*noted && strcmp(noted, s->digest) != 0);
}

const struct settings_kind settings_kubeproxy = {
	.id = SETTINGS_KUBEPROXY,
	.field = "kubeproxy.config",
	.whom = "kube-proxy",
	.note = "kubeproxy-settings",
	.map = KUBEPROXY_CONFIG,
	.key = "config.conf",
	.document = "KubeProxyConfiguration",
	.seen = offsetof(struct cluster_state, kubeproxy_config),
	.wish = wish,
	.behind = behind,
	.continues = true,
};

enum step_verdict kube_proxy_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	bool here;

	task_lock(t);
	here = task_host(t) == w->decided.lead && !w->seen.cluster.no_kubeproxy;
	task_unlock(t);
	return here ? settings_look(t, &settings_kubeproxy, why) : STEP_NOT_HERE;
}

/* ---- the DaemonSet ---------------------------------------------------------------------------------------------------- */

struct roll {
	struct task *t;
	struct kubeproxy_rollout *seen;
};

/* What is seen of it from now on. */
static void see(struct task *t, struct json *set)
{
	struct cluster_state *c = &world_of(t)->seen.cluster;
	struct json *old;

	task_lock(t);
	old = c->kubeproxy_set;
	c->kubeproxy_set = set;
	task_unlock(t);
	json_free(old);
}

static struct json *template_patch(const struct json *set, const struct kubeproxy_rollout *r)
{
	struct json *patch = json_object(), *spec = json_set(patch, "spec", json_object()), *meta;

	if (json_get_int(set, "spec.minReadySeconds", 0) < RUNS_S)
		json_set_int(spec, "minReadySeconds", RUNS_S);
	meta = json_set(json_set(spec, "template", json_object()), "metadata", json_object());
	json_set_str(json_set(meta, "annotations", json_object()), r->annotation, *r->value ? r->value : NULL);
	return patch;
}

/* The annotation into the template, unless it is there: its Pods are replaced. */
static int note_template(struct net_client *c, void *ctx, struct error *err)
{
	const struct roll *r = ctx;
	long status = 0;
	struct json *set = net_json(c, "GET", KUBEPROXY_SET, NULL, NULL, &status, err), *patch;

	r->seen->none = !set && status == 404;
	if (r->seen->none) {
		error_set(err, ERROR_COMMAND,
			"the cluster has no kube-proxy: no DaemonSet of that name is in kube-system");
		error_hint(err, "if it is to have none, remove kubeproxy.config from the inventory");
	}
	if (!set)
		return -1;
	if (strcmp(kubeproxy_noted(set, r->seen->annotation), r->seen->value) != 0) {
		patch = template_patch(set, r->seen);
		json_free(set);
		set = net_json(c, "PATCH", KUBEPROXY_SET, "application/merge-patch+json", patch, NULL, err);
		json_free(patch);
	}
	if (set)
		see(r->t, set);
	return set ? 0 : -1;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------------- */

static int64_t nodes(struct task *t)
{
	int64_t n;

	task_lock(t);
	n = (int64_t)world_of(t)->seen.cluster.node_count;
	task_unlock(t);
	return n;
}

/* Whether the wait is over; rest_ms: since when all Nodes that are Ready have their Pod, 0: they have not. */
static bool is_over(const struct kubeproxy_rollout *r, int64_t *rest_ms)
{
	int64_t now = clock_mono_ms();

	*rest_ms = !r->rest ? 0 : *rest_ms ? *rest_ms : now;
	/* the DaemonSet itself has waited that long for Pods that it counts as available */
	return r->whole || *r->pod || (*rest_ms && now - *rest_ms >= RUNS_S * 1000);
}

static int too_long(struct task *t, const struct kubeproxy_rollout *r, int64_t limit_ms, struct error *err)
{
	if (task_cancelled(t))
		return error_set(err, ERROR_CANCELLED, "cancelled");
	error_set(err, ERROR_TIMEOUT, "%s after %d s", r->said, (int)(limit_ms / 1000));
	return error_hint(err,
		"see 'kubectl -n kube-system get pods -l k8s-app=kube-proxy -o wide'; 'kubewright apply' waits for them again");
}

static int await(struct roll *r, struct error *err)
{
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	int64_t limit = LIMIT_MS + nodes(r->t) * LIMIT_NODE_MS, rest_ms = 0;
	struct error why = { 0 };

	for (;;) {
		if (world_any_api(r->t, kubeproxy_look, r->seen, &why)) {
			if (world_way_lost(&why) || task_cancelled(r->t))
				return *err = why, -1;
			rest_ms = 0;
			str_copy_line(r->seen->said, sizeof(r->seen->said), why.what);
			memset(&why, 0, sizeof(why));
		} else if (is_over(r->seen, &rest_ms)) {
			return 0;
		}
		world_waits(r->t, &wait, limit, r->seen->said);
		if (clock_mono_ms() - wait.begun_ms > limit || task_cancelled(r->t))
			return too_long(r->t, r->seen, limit, err);
		task_lock(r->t);
		/* the Pods of very many Nodes are not asked for all the time */
		task_wait(r->t, clock_mono_ms() + 500 + 10 * (int64_t)world_of(r->t)->seen.cluster.node_count);
		task_unlock(r->t);
	}
}

int kubeproxy_roll_out(struct task *t, struct kubeproxy_rollout *r, struct error *err)
{
	struct roll roll = { t, r };

	if (world_any_api(t, note_template, &roll, err) || await(&roll, err))
		return -1;
	if (!*r->pod && *r->away)
		task_log(t, "kube-proxy gets its settings there once the Node is Ready: %s", r->away);
	return 0;
}

int kubeproxy_failed(struct task *t, struct kubeproxy_rollout *r, struct error *err)
{
	struct error no = { 0 };

	if (world_any_api(t, kubeproxy_ask_reason, r, &no))
		task_log(t, "the log of %s cannot be read: %s", r->pod, no.what);
	return error_set(err, ERROR_COMMAND, "kube-proxy on %s does not start with the changed settings: %s", r->node,
		r->reason);
}

/* ---- the step --------------------------------------------------------------------------------------------------------- */

/* What settings_change calls once the ConfigMap has them. */
static int roll_out(struct task *t, const struct settings *s, struct error *err)
{
	struct kubeproxy_rollout r = { .annotation = KUBEPROXY_NOTE, .value = s->digest };

	if (kubeproxy_roll_out(t, &r, err))
		return -1;
	if (!*r.pod)
		return 0;
	kubeproxy_failed(t, &r, err);
	return error_hint(err, "correct kubeproxy.config in the inventory, then run 'kubewright apply' again");
}

/* The ConfigMap is what it was; now the template and its Pods, too. err: of the change, which then says so. */
static void roll_back(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct error why = { 0 }, whole = *err;
	char digest[65];
	struct kubeproxy_rollout r = { .annotation = KUBEPROXY_NOTE, .value = digest, .back = true };

	task_lock(t);
	settings_given(w, &settings_kubeproxy, digest);
	task_unlock(t);
	if (kubeproxy_roll_out(t, &r, &why))
		error_set(&whole, err->kind, "%s; those of before are not back on each Node: %.120s", err->what,
			why.what);
	else
		error_set(&whole, err->kind, "%s; those of before are back", err->what);
	memcpy(err->what, whole.what, sizeof(err->what));
}

int kube_proxy_apply(struct task *t, struct error *err)
{
	int rc = settings_change(t, &settings_kubeproxy, roll_out, err);

	if (rc && world_of(t)->decided.settings_back[SETTINGS_KUBEPROXY])
		roll_back(t, err);
	return rc;
}
