/*
 * The cluster's endpoint changes: another virtual IP, a load balancer, another port. The new one works before anybody goes by it: keepalived holds both addresses, the
 * API servers' certificates have both names (settings_control_plane.c). Then the hosts' kubeconfigs follow, one host after the other; then what the cluster itself says to
 * newcomers and kube-proxy; and the earlier virtual IP is given up last. kubeadm-config says how far it is: it is the last to change.
 */
#include "steps/settings.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

#define MAPS "/api/v1/namespaces/"
/* Annotation of kube-proxy's Pod template: the server that its Pods ask. */
#define KUBEPROXY_ENDPOINT "kubewright/endpoint"

static const char *const move_words[] = { "-record.endpoint", "-kubelet_server", "error", "hint", NULL };

/* ---- a host ------------------------------------------------------------------------------------------------------------ */

/* Of the living cluster, and installed. */
static bool is_in(const struct world *w, int host)
{
	return w->seen.cluster.exists && !w->decided.half_upgraded && !world_leaves(w, host) &&
	       upgrade_member(w, host) && strstr(cluster_fact(&w->seen.hosts[host], "have"), "kubelet-conf");
}

/* A kubelet that asks neither a host of the inventory nor itself: an endpoint of before, as on a host that was away when the others moved. */
static bool asks_elsewhere(const struct world *w, int host)
{
	const struct inventory *inv = w->wish.inventory;
	const char *server = cluster_fact(&w->seen.hosts[host], "kubelet_server"), *at = strstr(server, "://");
	char name[256], wish[300];

	endpoint_wanted(w, wish);
	at = at ? at + 3 : server;
	if (!*at || strcmp(at, wish) == 0)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ":/"), at);
	for (size_t i = 0; i < inv->host_count; i++)
		if (strcmp(name, inv->hosts[i].address) == 0 || strcmp(name, inv->hosts[i].name) == 0)
			return false;
	return strcmp(name, "127.0.0.1") != 0 && strcmp(name, "localhost") != 0;
}

static bool due(const struct world *w, int host)
{
	char before[300], wish[300];

	if (!is_in(w, host))
		return false;
	endpoint_wanted(w, wish);
	return endpoint_earlier(w, before) ? !cluster_fact_is(&w->seen.hosts[host], "record.endpoint", wish)
					   : asks_elsewhere(w, host);
}

/* A control plane that was not reached has a certificate without the new name: clients would meet it there. */
static int refuse_missing(const struct world *w, struct error *why)
{
	const struct inventory *inv = w->wish.inventory;
	char wish[300];

	endpoint_wanted(w, wish);
	for (size_t i = 0; i < inv->host_count; i++) {
		if (inv->hosts[i].role != INVENTORY_CONTROL_PLANE || world_leaves(w, (int)i) ||
			!cluster_find_node(&w->seen.cluster, inv->hosts[i].name) ||
			(w->seen.hosts[i].probed && w->seen.settings_stopped[SETTINGS_CONTROL_PLANE] != (int)i))
			continue;
		error_refuse(why, ERROR_COMMAND, REFUSAL_SETTINGS, inv->hosts[i].name,
			"nothing goes by %s yet, as the control plane %s is not ready for it", wish,
			inv->hosts[i].name);
		return error_hint(
			why, "bring %s back, or take it out, and run 'kubewright apply' again", inv->hosts[i].name);
	}
	return 0;
}

enum step_verdict move_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	char wish[300];
	int rc = 0;
	bool needed;

	endpoint_wanted(w, wish);
	task_lock(t);
	needed = due(w, task_host(t));
	if (needed)
		rc = refuse_missing(w, why);
	task_unlock(t);
	if (!needed)
		return STEP_NOT_HERE;
	if (rc)
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_SETTINGS, "endpoint", "goes by the endpoint %s", wish);
}

int move_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	struct remote_answer answer = { 0 };
	char wish[300], before[300];
	int rc;

	endpoint_wanted(w, wish);
	task_lock(t);
	if (!endpoint_earlier(w, before))
		snprintf(before, sizeof(before), "%s", wish);
	task_unlock(t);
	const struct remote_param params[] = { { "endpoint", wish }, { "before", before } };
	rc = world_script(t, "move", host_script_move, params, 2, move_words, &answer, SCRIPT_CHANGE_MS, err);
	if (rc == 0)
		world_learn(t, &answer);
	remote_answer_release(&answer);
	return rc ? -1 : node_await(t, &(struct node_wanted){ .version = NULL }, err);
}

/* ---- what the cluster says ------------------------------------------------------------------------------------------- */

static struct json *with_server(const struct json *cluster, const char *url)
{
	struct json *out = json_copy(cluster), *inner = json_object();

	if (json_is_object(json_get(cluster, "cluster")))
		json_merge(inner, json_get(cluster, "cluster"));
	json_set_str(inner, "server", url);
	json_set(out, "cluster", inner);
	return out;
}

/* A kubeconfig with another server, as text; false: it is none. */
static bool moved_kubeconfig(const char *text, const char *url, struct str *out)
{
	struct json *config = inventory_yaml(text, strlen(text), NULL), *list;
	const struct json *clusters = json_get(config, "clusters");
	bool good = json_is_object(config) && json_size(clusters) > 0;

	if (good) {
		list = json_array();
		for (size_t i = 0; i < json_size(clusters); i++)
			json_add(list, with_server(json_at(clusters, i), url));
		json_set(config, "clusters", list);
		json_write_pretty(config, out);
	}
	json_free(config);
	return good;
}

static bool moved_config(const char *text, const char *endpoint, struct str *out)
{
	struct json *config = inventory_yaml(text, strlen(text), NULL);
	bool good = json_is_object(config);

	if (good) {
		json_set_str(config, "controlPlaneEndpoint", endpoint);
		json_write_pretty(config, out);
	}
	json_free(config);
	return good;
}

/* In this order: kubeadm-config says that all of it is done. */
static const struct told {
	const char *path, *key;
	bool maybe;    /* a cluster may do without */
	bool restarts; /* kube-proxy */
} told[] = {
	{ "kube-public/configmaps/cluster-info", "kubeconfig", true, false },
	{ "kube-system/configmaps/kube-proxy", "kubeconfig.conf", true, true },
	{ "kube-system/configmaps/kubeadm-config", "ClusterConfiguration", false, false },
};

struct move {
	const struct told *what;
	const char *endpoint, *url;
	struct json *now; /* the ConfigMap that was changed; NULL: none was */
};

static int tell(struct net_client *c, void *ctx, struct error *err)
{
	struct move *m = ctx;
	char path[128];
	long status = 0;
	struct json *map;
	const char *text;
	struct str moved = STR_INIT;
	int rc = 0;

	snprintf(path, sizeof(path), MAPS "%s", m->what->path);
	map = net_json(c, "GET", path, NULL, NULL, &status, err);
	if (!map)
		return status == 404 && m->what->maybe ? (memset(err, 0, sizeof(*err)), 0) : -1;
	text = json_text(json_member(json_get(map, "data"), m->what->key));
	/* one that somebody has made otherwise stays unchanged */
	if (text && (m->what->maybe ? moved_kubeconfig(text, m->url, &moved) : moved_config(text, m->endpoint, &moved)))
		rc = settings_put(c, path, map, m->what->key, moved.buf, &m->now, err);
	else if (!m->what->maybe)
		rc = error_set(err, ERROR_PROTOCOL, "the ConfigMap kubeadm-config holds no ClusterConfiguration");
	json_free(map);
	str_release(&moved);
	return rc;
}

/* Pods of kube-proxy read their kubeconfig once; the earlier address stays until none of them goes by it. */
static int restart_proxies(struct task *t, const char *url, struct error *err)
{
	struct kubeproxy_rollout r = { .annotation = KUBEPROXY_ENDPOINT, .value = url };

	if (kubeproxy_roll_out(t, &r, err)) {
		if (!r.none)
			return -1;
		/* a pod network that does without it has left its ConfigMap */
		memset(err, 0, sizeof(*err));
		return 0;
	}
	if (!*r.pod)
		return 0;
	kubeproxy_failed(t, &r, err);
	return error_hint(err, "see 'kubewright logs %s'; 'kubewright apply' continues the move", r.node);
}

static int tell_all(struct task *t, const char *endpoint, struct error *err)
{
	struct world *w = world_of(t);
	struct json *config = NULL;
	char url[320];

	snprintf(url, sizeof(url), "https://%s", endpoint);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct move m = { &told[i], endpoint, url, NULL };

		json_free(config);
		config = NULL;
		if (world_any_api(t, tell, &m, err))
			return -1;
		config = m.now;
		if (told[i].restarts && config && restart_proxies(t, url, err))
			return json_free(config), -1;
	}
	task_lock(t);
	json_free(w->seen.cluster.kubeadm_config);
	w->seen.cluster.kubeadm_config = config;
	w->decided.moved = true;
	task_unlock(t);
	return 0;
}

/* The first host that does not go by it yet; NULL: all do. */
static const char *behind(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const char *name = w->wish.inventory->hosts[i].name;

		if (w->seen.hosts[i].probed ? due(w, (int)i)
					    : !world_leaves(w, (int)i) && cluster_find_node(&w->seen.cluster, name))
			return name;
	}
	return NULL;
}

/* The first control plane that comes does what is done once; each gives up the earlier address by itself. */
enum step_verdict leave_endpoint_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const char *name = NULL;
	char before[300], wish[300];
	bool moving, moved;

	task_lock(t);
	moving = is_in(w, task_host(t)) && endpoint_earlier(w, before) &&
		 (!task_check_only(t) || task_host(t) == w->decided.lead);
	moved = w->decided.moved;
	if (moving && !task_check_only(t))
		name = behind(w);
	task_unlock(t);
	endpoint_wanted(w, wish);
	if (!moving)
		return moved ? endpoint_check(t, why) : STEP_NOT_HERE;
	if (!name)
		return step_needed(why, EVIDENCE_SETTINGS, "endpoint",
			"gives the cluster the endpoint %s instead of %s", wish, before);
	error_refuse(why, ERROR_COMMAND, REFUSAL_SETTINGS, name,
		"the cluster keeps the endpoint %s as well, as %s still goes by it", before, name);
	error_hint(why, "when %s is back, 'kubewright apply' finishes the move", name);
	return STEP_IMPOSSIBLE;
}

int leave_endpoint_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	char wish[300], before[300];
	enum step_verdict verdict;
	struct error why = { 0 };
	bool moving;

	endpoint_wanted(w, wish);
	task_lock(t);
	moving = endpoint_earlier(w, before);
	task_unlock(t);
	if (moving && tell_all(t, wish, err))
		return -1;
	verdict = endpoint_check(t, &why);
	if (verdict == STEP_IMPOSSIBLE)
		return *err = why, -1;
	return verdict == STEP_NEEDED || verdict == STEP_HALF_DONE ? endpoint_apply(t, err) : 0;
}
