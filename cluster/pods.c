/* kube-system as the API shows it. */
#include "cluster/pods.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/cluster.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct json *condition(const struct json *pod, const char *type)
{
	const struct json *list = json_get(pod, "status.conditions");

	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), "type", ""), type) == 0)
			return json_at(list, i);
	return NULL;
}

static bool is(const struct json *condition, const char *status)
{
	return condition && strcmp(json_get_str(condition, "status", ""), status) == 0;
}

/* ": text" of the last line of a message, when there is one. */
static void add_message(struct str *out, const char *message)
{
	size_t n = strlen(message);

	while (n && (message[n - 1] == '\n' || message[n - 1] == ' '))
		n--;
	if (n)
		str_addf(out, ": %.*s", (int)n, message);
}

static void ended(struct str *out, const struct json *terminated)
{
	str_addf(out, "%s, exit status %d", json_get_str(terminated, "reason", "ended"),
		(int)json_get_int(terminated, "exitCode", 0));
	add_message(out, json_get_str(terminated, "message", ""));
}

/* Why a container is not what it should be: 2 a reason of its own, 1 it waits for something, 0 nothing is wrong with it. */
static int container(const struct json *status, bool init, struct str *out)
{
	const struct json *waiting = json_get(status, "state.waiting"), *dead = json_get(status, "state.terminated");
	const struct json *before = json_get(status, "lastState.terminated");
	const char *reason = waiting ? json_get_str(waiting, "reason", "waits") : "";
	bool starts = strcmp(reason, "ContainerCreating") == 0 || strcmp(reason, "PodInitializing") == 0;

	str_clear(out);
	str_addf(out, "%s: ", json_get_str(status, "name", "a container"));
	if (waiting && before && !starts) {
		str_addf(out, "%s; ", reason);
		ended(out, before);
	} else if (waiting) {
		str_add(out, reason);
		add_message(out, json_get_str(waiting, "message", ""));
	} else if (dead && (!init || json_get_int(dead, "exitCode", 0) != 0)) {
		ended(out, dead);
	} else if (!init && !dead && !json_get_bool(status, "ready", false)) {
		str_add(out, "runs but is not ready");
	} else {
		return 0;
	}
	return starts ? 1 : 2;
}

static void why_not(const struct json *pod, struct str *out)
{
	static const char *const kinds[] = { "status.initContainerStatuses", "status.containerStatuses" };
	const struct json *scheduled = condition(pod, "PodScheduled");
	struct str said = STR_INIT;
	int best = 0;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < json_size(json_get(pod, kinds[k])); i++) {
			int weight = container(json_at(json_get(pod, kinds[k]), i), k == 0, &said);

			if (weight <= best)
				continue;
			best = weight;
			str_clear(out);
			str_addf(out, "%s", said.buf);
		}
	str_release(&said);
	if (best)
		return;
	if (is(scheduled, "False"))
		str_addf(out, "%s: %s", json_get_str(scheduled, "reason", "not scheduled"),
			json_get_str(scheduled, "message", ""));
	else
		str_add(out, json_get_str(pod, "status.reason", json_get_str(pod, "status.phase", "not Ready")));
}

/* What is over, or goes, is not a loss. */
static bool counts(const struct json *pod)
{
	const char *phase = json_get_str(pod, "status.phase", "");

	return strcmp(phase, "Succeeded") != 0 && strcmp(phase, "Failed") != 0 &&
	       !json_get(pod, "metadata.deletionTimestamp");
}

static void keep(struct cluster_pods *p, const struct json *pod)
{
	const struct json *ready = condition(pod, "Ready"), *labels = json_get(pod, "metadata.labels");
	struct str reason = STR_INIT;
	struct cluster_pod *out;

	if (p->count == CLUSTER_PODS) {
		p->more++;
		return;
	}
	p->list = xrealloc(p->list, p->count + 1, sizeof(*p->list));
	out = &p->list[p->count++];
	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", json_get_str(pod, "metadata.name", ""));
	snprintf(out->node, sizeof(out->node), "%s", json_get_str(pod, "spec.nodeName", ""));
	why_not(pod, &reason);
	snprintf(out->reason, sizeof(out->reason), "%s", reason.buf);
	str_release(&reason);
	out->made_s = clock_seconds(json_get_str(pod, "metadata.creationTimestamp", ""));
	out->since_s = ready ? clock_seconds(json_get_str(ready, "lastTransitionTime", "")) : 0;
	if (!out->since_s)
		out->since_s = out->made_s;
	out->mirror = json_get(pod, "metadata.annotations.kubernetes\\.io/config\\.mirror") != NULL;
	out->dns = strcmp(json_get_str(labels, "k8s-app", ""), "kube-dns") == 0;
	out->proxy = strcmp(json_get_str(labels, "k8s-app", ""), "kube-proxy") == 0;
}

int cluster_pods_add(struct cluster_state *c, const struct json *pod_list, struct error *err)
{
	const struct json *items = json_get(pod_list, "items");

	if (!json_is_object(pod_list) || (items && json_size(items) && !json_is_array(items)))
		return error_set(err, ERROR_PROTOCOL, "the API server's answer is not a list of Pods");
	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *pod = json_at(items, i);
		const char *node = json_get_str(pod, "spec.nodeName", "");
		bool ready = is(condition(pod, "Ready"), "True");

		if (!counts(pod))
			continue;
		for (size_t k = 0; k < c->node_count; k++)
			if (strcmp(c->nodes[k].name, node) == 0) {
				c->nodes[k].pods++;
				c->nodes[k].pods_ready += ready;
			}
		if (!ready)
			keep(&c->pods, pod);
	}
	c->pods.asked = true;
	return 0;
}

static const char *event_time(const struct json *event)
{
	static const char *const paths[] = { "series.lastObservedTime", "lastTimestamp", "eventTime",
		"metadata.creationTimestamp" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (*json_get_str(event, paths[i], ""))
			return json_get_str(event, paths[i], "");
	return "";
}

void cluster_pods_events(struct cluster_pods *p, const struct json *event_list)
{
	const struct json *items = json_get(event_list, "items");

	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *e = json_at(items, i);
		const char *name = json_get_str(e, "involvedObject.name", ""), *at = event_time(e);

		if (strcmp(json_get_str(e, "type", ""), "Warning") != 0)
			continue;
		for (size_t k = 0; k < p->count; k++)
			if (strcmp(p->list[k].name, name) == 0 && strcmp(at, p->list[k].event_at) > 0) {
				snprintf(p->list[k].event_at, sizeof(p->list[k].event_at), "%s", at);
				snprintf(p->list[k].event, sizeof(p->list[k].event), "%s",
					json_get_str(e, "message", ""));
			}
	}
}

void cluster_pods_dns(struct cluster_pods *p, const struct json *endpoints)
{
	const struct json *subsets = json_get(endpoints, "subsets");

	p->dns = DNS_SILENT;
	for (size_t i = 0; i < json_size(subsets); i++)
		if (json_size(json_get(json_at(subsets, i), "addresses")) > 0)
			p->dns = DNS_SERVES;
}

void cluster_pods_unknown(struct cluster_pods *p, const char *fmt, ...)
{
	size_t n = strlen(p->unknown);
	va_list ap;

	if (n && n + 3 < sizeof(p->unknown))
		n += (size_t)snprintf(p->unknown + n, sizeof(p->unknown) - n, "; ");
	va_start(ap, fmt);
	vsnprintf(p->unknown + n, sizeof(p->unknown) - n, fmt, ap);
	va_end(ap);
}

void cluster_pods_release(struct cluster_pods *p)
{
	free(p->list);
	memset(p, 0, sizeof(*p));
}
