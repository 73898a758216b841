/*
 * What the cluster says of that which is in the way of an upgrade, asked only in its look. Each question has seconds, all of them together half a minute; lists come in
 * pages of bounded size. What is not answered is noted as unknown, and never makes the look fail.
 */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MS 8000
#define ALL_MS 30000
#define PAGE_MAX (16 << 20)
#define METRICS_MAX (32 << 20)
#define PAGES 100
#define SYSTEM "/api/v1/namespaces/kube-system/"

enum step_verdict obstacles_check(struct task *t, struct error *why)
{
	(void)why;
	/* the look comes first in any case, and nobody reads it later */
	if (!task_check_only(t) || !world_of(t)->pki.store || !place_runs(world_facts(t), PLACE_API_PORT))
		return STEP_NOT_HERE;
	return STEP_NEEDED;
}

/* ---- questions -------------------------------------------------------------------------------------------------------- */

/* NULL: err, and *status when there was one. */
static struct json *get(
	const struct upgrade_question *q, struct net_client *c, const char *path, long *status, struct error *err)
{
	struct net_response r = { 0, STR_INIT };
	struct json *j = NULL;

	*status = 0;
	if (clock_mono_ms() > q->deadline)
		return error_set(err, ERROR_TIMEOUT, "there was no time left to ask"), NULL;
	if (net_do(c, &(struct net_request){ .path = path, .timeout_ms = ASK_MS, .max = PAGE_MAX }, &r, err) == 0) {
		*status = r.status;
		j = json_parse(r.body.buf, r.body.len, err);
		if (j)
			json_clean(j);
		if (j && r.status != 200) {
			error_set(err, ERROR_NET, "HTTP %ld: %.120s", r.status, json_get_str(j, "message", ""));
			json_free(j);
			j = NULL;
		}
	}
	str_release(&r.body);
	return j;
}

static void take_pods(struct upgrade_seen *s, const struct json *list)
{
	const struct json *pods = json_get(list, "items");

	for (size_t i = 0; i < json_size(pods); i++) {
		enum drain_pod fate = drain_pod(json_at(pods, i));

		upgrade_see_pod(s, json_at(pods, i), fate == DRAIN_POD_STAYS, fate == DRAIN_POD_LOST);
	}
}

static void take_corefile(struct upgrade_seen *s, const struct json *map)
{
	upgrade_see_corefile(s, json_get_str(map, "data.Corefile", ""));
}

static void take_kubelet_config(struct upgrade_seen *s, const struct json *map)
{
	const char *text = json_get_str(map, "data.kubelet", "");
	struct json *config = inventory_yaml(text, strlen(text), NULL);

	if (!json_is_object(config)) {
		upgrade_unknown(s, "the kubelets' configuration, which is not YAML");
		json_free(config);
		return;
	}
	json_free(s->kubelet_config);
	s->kubelet_config = config;
}

static const struct asked {
	const char *what, *path;
	int page; /* objects in a page: those of one kind are larger than of another; 0: it is one object */
	void (*take)(struct upgrade_seen *s, const struct json *document);
	bool of_drain; /* not when no pod has to move */
	bool may_miss; /* a cluster can do without it */
} questions[] = {
	{ "CustomResourceDefinitions", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", 10, upgrade_see_crds,
		false, false },
	{ "ValidatingWebhookConfigurations", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
		100, upgrade_see_webhooks, false, false },
	{ "MutatingWebhookConfigurations", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", 100,
		upgrade_see_webhooks, false, false },
	{ "APIServices", "/apis/apiregistration.k8s.io/v1/apiservices", 250, upgrade_see_api_services, false, false },
	{ "the Pods of API servers", SYSTEM "pods?labelSelector=component%3Dkube-apiserver", 100, upgrade_see_api_pods,
		false, false },
	{ "kube-proxy", "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy", 0, upgrade_see_proxy, false,
		true },
	{ "CoreDNS' Corefile", SYSTEM "configmaps/coredns", 0, take_corefile, false, true },
	{ "the kubelets' configuration", SYSTEM "configmaps/%s", 0, take_kubelet_config, false, false },
	/* budgets before pods */
	{ "PodDisruptionBudgets", "/apis/%s/poddisruptionbudgets", 250, upgrade_see_budgets, true, false },
	{ "Pods", "/api/v1/pods", 100, take_pods, true, false },
};

/* The path of a question, with what differs between releases. */
static void path_of(const struct upgrade_question *q, const struct asked *what, char *out, size_t size)
{
	const char *from = strstr(what->path, "%s");
	const char *fill = what->of_drain ? q->release ? q->release->policy_api : "policy/v1"
			   : q->release   ? q->release->kubelet_config
					  : "kubelet-config";

	if (from)
		snprintf(out, size, "%.*s%s%s", (int)(from - what->path), what->path, fill, from + 2);
	else
		snprintf(out, size, "%s", what->path);
}

/* All pages of a list, or one object. */
static int ask_one(struct upgrade_question *q, struct net_client *c, const struct asked *what, struct error *err)
{
	char base[256], path[2600], token[2048] = "";
	struct json *page;
	long status = 0;
	int rc = 0;

	path_of(q, what, base, sizeof(base));
	for (int pages = 0; rc == 0 && (pages == 0 || *token); pages++) {
		if (pages == PAGES)
			return error_set(err, ERROR_PROTOCOL, "there are too many");
		if (what->page)
			snprintf(path, sizeof(path), "%s%slimit=%d%s%s", base, strchr(base, '?') ? "&" : "?",
				what->page, *token ? "&continue=" : "", token);
		else
			snprintf(path, sizeof(path), "%s", base);
		page = get(q, c, path, &status, err);
		if (!page)
			return status == 404 && what->may_miss ? (memset(err, 0, sizeof(*err)), 0) : -1;
		what->take(q->seen, page);
		rc = what->page ? world_next_page(page, token, sizeof(token), err) : 0;
		json_free(page);
	}
	return rc;
}

/* What a name of an object may be made of: it goes into a path. */
static bool plain(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-/")] && !strstr(name, "..");
}

static int ask_endpoints(struct upgrade_question *q, struct net_client *c, const char *service, struct error *err)
{
	const char *slash = strchr(service, '/');
	struct json *endpoints;
	char path[300];
	long status;

	if (!plain(service) || !slash)
		return error_set(err, ERROR_PROTOCOL, "its name cannot be");
	snprintf(
		path, sizeof(path), "/api/v1/namespaces/%.*s/endpoints/%s", (int)(slash - service), service, slash + 1);
	endpoints = get(q, c, path, &status, err);
	if (!endpoints && status != 404)
		return -1;
	memset(err, 0, sizeof(*err));
	upgrade_see_endpoints(q->seen, service, endpoints);
	json_free(endpoints);
	return 0;
}

static void ask_services(struct upgrade_question *q, struct net_client *c)
{
	for (size_t i = 0; i < q->seen->count; i++) {
		struct error why = { 0 };
		char service[sizeof(q->seen->list->more)];

		if (q->seen->list[i].thing != UPGRADE_WEBHOOK || q->seen->list[i].served != CLUSTER_UNSEEN)
			continue;
		memcpy(service, q->seen->list[i].more, sizeof(service));
		if (ask_endpoints(q, c, service, &why))
			upgrade_unknown(q->seen, "the endpoints of %.80s: %.80s", service, why.what);
	}
	if (q->seen->seen[UPGRADE_WEBHOOK] > UPGRADE_KEPT)
		upgrade_unknown(q->seen, "the endpoints of %u webhooks: there are too many",
			q->seen->seen[UPGRADE_WEBHOOK] - UPGRADE_KEPT);
}

int obstacles_ask_objects(struct net_client *c, void *question, struct error *err)
{
	struct upgrade_question *q = question;

	(void)err;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct error why = { 0 };

		if (questions[i].of_drain && !q->drains)
			continue;
		if (ask_one(q, c, &questions[i], &why))
			upgrade_unknown(q->seen, "%s: %.100s", questions[i].what, why.what);
	}
	ask_services(q, c);
	q->seen->asked = true;
	return 0;
}

int obstacles_ask_metrics(struct net_client *c, void *question, struct error *err)
{
	struct upgrade_question *q = question;
	const struct net_request request = { .path = "/metrics", .timeout_ms = ASK_MS, .max = METRICS_MAX };
	struct net_response r = { 0, STR_INIT };
	int rc = net_do(c, &request, &r, err);

	if (rc == 0 && r.status != 200)
		rc = error_set(err, ERROR_NET, "HTTP %ld", r.status);
	if (rc == 0)
		rc = upgrade_see_metrics(q->seen, q->host, r.body.buf, r.body.len, err);
	str_release(&r.body);
	return rc;
}

static int ask_alarms(struct net_client *c, void *question, struct error *err)
{
	struct upgrade_question *q = question;
	struct net_etcd_alarm list[QUORUM_MEMBERS];
	int n = net_etcd_alarms(c, list, QUORUM_MEMBERS, err);

	for (int i = 0; i < n; i++) {
		struct upgrade_item item = { .thing = UPGRADE_ALARM, .host = -1 };

		snprintf(item.name, sizeof(item.name), "%s", list[i].name);
		snprintf(item.more, sizeof(item.more), "%s", list[i].member_id);
		upgrade_see(q->seen, &item);
	}
	return n < 0 ? -1 : 0;
}

/* Whether some kubelet will get another minor version. */
static bool drains(const struct world *w)
{
	for (size_t i = 0; i < w->seen.cluster.node_count; i++)
		if (release_minor(w->seen.cluster.nodes[i].version) !=
			release_minor(w->wish.inventory->kubernetes.version))
			return true;
	return false;
}

/* -1: the way to this host broke, or the run was cancelled. */
static int note(
	struct upgrade_question *q, const char *what, const char *host, int rc, struct error *why, struct error *err)
{
	if (rc && world_way_lost(why))
		return *err = *why, -1;
	if (rc)
		upgrade_unknown(q->seen, "%s of %s: %.100s", what, host, why->what);
	memset(why, 0, sizeof(*why));
	return 0;
}

int obstacles_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const char *name = world_host(t)->name;
	struct upgrade_seen seen = { 0 };
	struct upgrade_question q = { .seen = &seen, .deadline = clock_mono_ms() + ALL_MS, .host = task_host(t) };
	struct error why = { 0 };
	bool lead;
	int rc;

	task_lock(t);
	lead = w->decided.lead == task_host(t);
	q.release = release_find(w->seen.cluster.version);
	q.drains = drains(w);
	task_unlock(t);
	rc = note(&q, "deprecated APIs at the API server", name, world_api(t, obstacles_ask_metrics, &q, &why), &why,
		err);
	if (rc == 0 && lead)
		rc = note(&q, "the objects at the API server", name, world_api(t, obstacles_ask_objects, &q, &why),
			&why, err);
	if (rc == 0 && lead)
		rc = note(&q, "etcd's alarms at the member", name,
			world_api_at(t, place_etcd(NULL), ask_alarms, &q, &why), &why, err);
	task_lock(t);
	upgrade_seen_join(&w->seen.upgrade, &seen);
	task_unlock(t);
	return rc;
}

/* ---- judged ------------------------------------------------------------------------------------------------------------ */

static bool due(const struct world *w, int host)
{
	const struct cluster_node *node = cluster_find_node(&w->seen.cluster, w->wish.inventory->hosts[host].name);

	return node && upgrade_member(w, host) &&
	       (!upgrade_host_done(w, host) || !upgrade_is_version(node->version, w->decided.version));
}

/* An upgrade that is not at its end, by what the hosts have: the same command continues it. */
static bool begun(const struct world *w, const char *oldest, const char *newest)
{
	bool jobs = false;

	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const char *state = world_job_state(&w->seen.hosts[i], "upgrade");

		jobs = jobs || strcmp(state, "running") == 0 || strcmp(state, "died") == 0;
	}
	return jobs || release_compare(oldest, newest) < 0;
}

void obstacles_find(struct world *w, const bool *chosen, struct findings *out)
{
	const size_t n = w->wish.inventory->host_count;
	bool *hosts = xcalloc(n, sizeof(*hosts));
	struct json *config = kubeadm_living_config(w);
	struct upgrade_view v = {
		.seen = &w->seen.upgrade,
		.config = config,
		.release = release_find(w->decided.version),
		.to = w->decided.version,
		.due = hosts,
		.force = w->wish.force,
	};

	world_health_view(w, &v.health);
	for (size_t i = 0; w->seen.cluster.exists && w->decided.version[0] && i < n; i++)
		hosts[i] = (!chosen || chosen[i]) && due(w, (int)i);
	if (w->seen.cluster.exists && !config)
		upgrade_unknown(&w->seen.upgrade, "kubeadm-config, which is not there or not YAML");
	upgrade_range(w, v.oldest, v.newest);
	v.begun = begun(w, v.oldest, v.newest);
	findings_upgrade(&v, out);
	json_free(config);
	free(hosts);
}
