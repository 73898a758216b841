/* What an API server says of that which is in the way of an upgrade: the record of it, and its smaller documents. */
#include "cluster/upgrade.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void upgrade_see(struct upgrade_seen *s, const struct upgrade_item *item)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].thing == item->thing && strcmp(s->list[i].name, item->name) == 0 &&
			strcmp(s->list[i].node, item->node) == 0 &&
			(item->thing != UPGRADE_STORED || strcmp(s->list[i].more, item->more) == 0))
			return;
	if (s->seen[item->thing]++ >= UPGRADE_KEPT)
		return;
	s->list = xrealloc(s->list, s->count + 1, sizeof(*s->list));
	s->list[s->count++] = *item;
}

void upgrade_unknown(struct upgrade_seen *s, const char *fmt, ...)
{
	struct upgrade_item item = { .thing = UPGRADE_UNKNOWN, .host = -1 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(item.name, sizeof(item.name), fmt, ap);
	va_end(ap);
	upgrade_see(s, &item);
}

void upgrade_seen_join(struct upgrade_seen *s, struct upgrade_seen *from)
{
	for (size_t i = 0; i < from->count; i++)
		upgrade_see(s, &from->list[i]);
	for (int i = 0; i < UPGRADE_THINGS; i++)
		if (from->seen[i] > UPGRADE_KEPT)
			s->seen[i] += from->seen[i] - UPGRADE_KEPT;
	s->asked = s->asked || from->asked;
	if (from->proxy[0])
		memcpy(s->proxy, from->proxy, sizeof(s->proxy));
	if (from->kubelet_config) {
		json_free(s->kubelet_config);
		s->kubelet_config = from->kubelet_config;
		from->kubelet_config = NULL;
	}
	upgrade_seen_release(from);
}

void upgrade_seen_release(struct upgrade_seen *s)
{
	free(s->list);
	json_free(s->kubelet_config);
	json_free(s->budgets);
	memset(s, 0, sizeof(*s));
}

/* ---- APIs that somebody uses ----------------------------------------------------------------------------------------- */

struct uses {
	struct upgrade_seen *seen;
	int host;
};

static void add_use(const struct metric *m, void *ctx)
{
	const struct uses *u = ctx;
	struct upgrade_item item = { .thing = UPGRADE_API_USE, .host = u->host };
	const char *group = metric_label(m, "group"), *sub = metric_label(m, "subresource");

	/* one that no release removes is only deprecated */
	if (m->value <= 0 || !*metric_label(m, "removed_release"))
		return;
	snprintf(item.name, sizeof(item.name), "%.64s%s%.32s of %.64s%s%.24s", metric_label(m, "resource"),
		*sub ? "/" : "", sub, group, *group ? "/" : "", metric_label(m, "version"));
	snprintf(item.more, sizeof(item.more), "%.16s", metric_label(m, "removed_release"));
	upgrade_see(u->seen, &item);
}

int upgrade_see_metrics(struct upgrade_seen *s, int host, const char *text, size_t len, struct error *err)
{
	struct uses u = { s, host };

	/* what ends within a line was cut off */
	if (!len || text[len - 1] != '\n')
		return error_set(err, ERROR_PROTOCOL, "the metrics end within a line");
	if (metrics_each(text, len, "apiserver_requested_deprecated_apis", add_use, &u))
		return error_set(err, ERROR_PROTOCOL, "the metric about deprecated APIs cannot be read");
	return 0;
}

/* ---- CustomResourceDefinitions --------------------------------------------------------------------------------------- */

static bool serves(const struct json *crd, const char *version)
{
	const struct json *versions = json_get(crd, "spec.versions");

	for (size_t i = 0; i < json_size(versions); i++)
		if (strcmp(json_get_str(json_at(versions, i), "name", ""), version) == 0)
			return json_get_bool(json_at(versions, i), "served", false);
	return false;
}

void upgrade_see_crds(struct upgrade_seen *s, const struct json *list)
{
	const struct json *items = json_get(list, "items");

	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *crd = json_at(items, i), *stored = json_get(crd, "status.storedVersions");

		for (size_t k = 0; k < json_size(stored); k++) {
			const char *version = json_text(json_at(stored, k));
			struct upgrade_item item = { .thing = UPGRADE_STORED, .host = -1 };

			if (!version || serves(crd, version))
				continue;
			snprintf(item.name, sizeof(item.name), "%s", json_get_str(crd, "metadata.name", ""));
			snprintf(item.more, sizeof(item.more), "%s", version);
			upgrade_see(s, &item);
		}
	}
}

/* ---- webhooks and APIServices ---------------------------------------------------------------------------------------- */

/* The groups of what an upgrade itself makes and changes: Pods, Nodes, kube-system's objects, kubeadm's roles and Job. */
static bool of_upgrade(const struct json *webhook)
{
	static const char *const groups[] = { "", "*", "apps", "batch", "rbac.authorization.k8s.io",
		"coordination.k8s.io", "certificates.k8s.io", "policy" };
	const struct json *rules = json_get(webhook, "rules");

	for (size_t i = 0; i < json_size(rules); i++) {
		const struct json *of = json_get(json_at(rules, i), "apiGroups");

		for (size_t k = 0; k < json_size(of); k++)
			for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
				if (json_text(json_at(of, k)) && strcmp(json_text(json_at(of, k)), groups[g]) == 0)
					return true;
	}
	return false;
}

void upgrade_see_webhooks(struct upgrade_seen *s, const struct json *list)
{
	const struct json *items = json_get(list, "items");

	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *config = json_at(items, i), *hooks = json_get(config, "webhooks");

		for (size_t k = 0; k < json_size(hooks); k++) {
			const struct json *hook = json_at(hooks, k), *to = json_get(hook, "clientConfig.service");
			struct upgrade_item item = {
				.thing = UPGRADE_WEBHOOK, .host = -1, .serious = of_upgrade(hook)
			};

			/* a webhook at a URL is not of the cluster; without a word a failure is one */
			if (!to || strcmp(json_get_str(hook, "failurePolicy", "Fail"), "Fail") != 0)
				continue;
			snprintf(item.name, sizeof(item.name), "%s of %s", json_get_str(hook, "name", ""),
				json_get_str(config, "metadata.name", ""));
			snprintf(item.more, sizeof(item.more), "%s/%s", json_get_str(to, "namespace", ""),
				json_get_str(to, "name", ""));
			upgrade_see(s, &item);
		}
	}
}

void upgrade_see_endpoints(struct upgrade_seen *s, const char *service, const struct json *endpoints)
{
	const struct json *subsets = json_get(endpoints, "subsets");
	enum cluster_answer served = CLUSTER_NO;

	for (size_t i = 0; i < json_size(subsets); i++)
		if (json_size(json_get(json_at(subsets, i), "addresses")) > 0)
			served = CLUSTER_YES;
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].thing == UPGRADE_WEBHOOK && strcmp(s->list[i].more, service) == 0)
			s->list[i].served = served;
}

void upgrade_see_api_services(struct upgrade_seen *s, const struct json *list)
{
	const struct json *items = json_get(list, "items");

	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *conditions = json_get(json_at(items, i), "status.conditions");

		for (size_t k = 0; k < json_size(conditions); k++) {
			const struct json *c = json_at(conditions, k);
			struct upgrade_item item = { .thing = UPGRADE_API_SERVICE, .host = -1 };

			if (strcmp(json_get_str(c, "type", ""), "Available") != 0 ||
				strcmp(json_get_str(c, "status", ""), "True") == 0)
				continue;
			snprintf(item.name, sizeof(item.name), "%s",
				json_get_str(json_at(items, i), "metadata.name", ""));
			snprintf(item.more, sizeof(item.more), "%s",
				json_get_str(c, "message", json_get_str(c, "reason", "no reason given")));
			upgrade_see(s, &item);
		}
	}
}
