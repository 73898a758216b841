/* How far kube-proxy's DaemonSet is with what its Pod template says, by its own counts or, where a Node is not Ready, by its Pods; and what a Pod says that does not start. */
#include "steps/settings.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "net/net.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PODS "/api/v1/namespaces/kube-system/pods"
/* Nodes that are named. */
#define TOLD 3
/* Of a log: what ends the program comes first in it, and an old one has all its threads' stacks behind that. */
#define LOG_MAX 65536
#define PAGES 100

static const char *annotated(const struct json *annotations, const char *key)
{
	const char *text = json_text(json_member(annotations, key));

	return text ? text : "";
}

const char *kubeproxy_noted(const struct json *set, const char *annotation)
{
	return annotated(json_get(set, "spec.template.metadata.annotations"), annotation);
}

/* ---- Pods ------------------------------------------------------------------------------------------------------------- */

struct look {
	struct kubeproxy_rollout *out;
	struct cluster_state nodes;
	int64_t good;  /* Pods that are as wanted, on Nodes that are Ready */
	unsigned left; /* … that are not */
	struct str names;
};

/* Its kubelet works: kube-proxy needs no pod network. */
static bool lives(const struct cluster_node *n)
{
	return n->ready || n->no_network;
}

static bool is_ready(const struct json *pod)
{
	const struct json *list = json_get(pod, "status.conditions");

	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), "type", ""), "Ready") == 0)
			return strcmp(json_get_str(json_at(list, i), "status", ""), "True") == 0;
	return false;
}

/* The container that ended again and again; NULL: none did. One restart may have another reason. */
static const struct json *failing(const struct json *pod)
{
	const struct json *list = json_get(pod, "status.containerStatuses");

	for (size_t i = 0; i < json_size(list); i++) {
		const struct json *s = json_at(list, i);

		if (strcmp(json_get_str(s, "state.waiting.reason", ""), "CrashLoopBackOff") == 0 ||
			(json_get_int(s, "restartCount", 0) >= 2 && !json_get_bool(s, "ready", false)))
			return s;
	}
	return NULL;
}

/* It goes into a path. */
static bool is_name(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.")];
}

static void note_failing(struct kubeproxy_rollout *out, const struct json *pod, const struct json *status)
{
	const char *name = json_get_str(pod, "metadata.name", ""), *container = json_get_str(status, "name", "");

	if (*out->pod || !is_name(name) || !is_name(container))
		return;
	snprintf(out->pod, sizeof(out->pod), "%s", name);
	snprintf(out->container, sizeof(out->container), "%s", container);
	snprintf(out->node, sizeof(out->node), "%s", json_get_str(pod, "spec.nodeName", ""));
	snprintf(out->reason, sizeof(out->reason), "it ends with exit code %d",
		(int)json_get_int(
			status, "lastState.terminated.exitCode", json_get_int(status, "state.terminated.exitCode", 1)));
}

static void judge_pod(struct look *l, const struct json *pod)
{
	const struct cluster_node *node = cluster_find_node(&l->nodes, json_get_str(pod, "spec.nodeName", ""));
	const struct json *status;
	bool wanted;

	if (!node || !lives(node) || json_get(pod, "metadata.deletionTimestamp"))
		return;
	wanted = strcmp(annotated(json_get(pod, "metadata.annotations"), l->out->annotation), l->out->value) == 0;
	if (wanted && is_ready(pod)) {
		l->good++;
		return;
	}
	if (l->left++ < TOLD)
		str_addf(&l->names, "%s%s", l->left > 1 ? ", " : "", node->name);
	status = wanted && !l->out->back ? failing(pod) : NULL;
	if (status)
		note_failing(l->out, pod, status);
}

static int judge_pods(struct net_client *c, struct look *l, struct error *err)
{
	char path[2300], token[2048] = "";
	int rc = 0, pages = 0;

	do {
		struct json *page;

		snprintf(path, sizeof(path), PODS "?labelSelector=k8s-app%%3Dkube-proxy&limit=500%s%s",
			*token ? "&continue=" : "", token);
		page = net_json(c, "GET", path, NULL, NULL, NULL, err);
		if (!page)
			return -1;
		for (size_t i = 0; i < json_size(json_get(page, "items")); i++)
			judge_pod(l, json_at(json_get(page, "items"), i));
		rc = world_next_page(page, token, sizeof(token), err);
		json_free(page);
	} while (rc == 0 && *token && ++pages < PAGES);
	return rc;
}

/* Nodes that are not Ready; how many. */
static unsigned note_away(struct look *l)
{
	struct str names = STR_INIT;
	unsigned n = 0;

	for (size_t i = 0; i < l->nodes.node_count; i++)
		if (!lives(&l->nodes.nodes[i]) && n++ < TOLD)
			str_addf(&names, "%s%s", n > 1 ? ", " : "", l->nodes.nodes[i].name);
	if (n > TOLD)
		str_addf(&names, " and %u more", n - TOLD);
	str_copy_line(l->out->away, sizeof(l->out->away), names.buf);
	str_release(&names);
	return n;
}

static void say_missing(struct look *l)
{
	const char *which = l->out->back ? "the settings of before" : "the changed settings";

	if (l->left > TOLD)
		str_addf(&l->names, " and %u more", l->left - TOLD);
	if (l->left)
		snprintf(l->out->said, sizeof(l->out->said), "kube-proxy does not work with %s yet on %.200s", which,
			l->names.buf);
	else
		snprintf(l->out->said, sizeof(l->out->said), "kube-proxy restarts with %s", which);
}

static int look_at_pods(struct net_client *c, struct kubeproxy_rollout *out, int64_t desired, struct error *err)
{
	struct look l = { .out = out, .nodes = { .lead = -1 }, .names = STR_INIT };
	int rc = world_nodes(c, &l.nodes, err) || judge_pods(c, &l, err) ? -1 : 0;

	if (rc == 0) {
		out->rest = l.good + note_away(&l) >= desired && !l.left;
		say_missing(&l);
	}
	cluster_state_release(&l.nodes);
	str_release(&l.names);
	return rc;
}

int kubeproxy_look(struct net_client *c, void *rollout, struct error *err)
{
	struct kubeproxy_rollout *out = rollout;
	struct json *set = net_json(c, "GET", KUBEPROXY_SET, NULL, NULL, NULL, err);
	int64_t desired = json_get_int(set, "status.desiredNumberScheduled", 0);
	bool current;
	int rc = 0;

	out->whole = out->rest = false;
	out->pod[0] = out->away[0] = '\0';
	if (!set)
		return -1;
	current = json_get_int(set, "status.observedGeneration", 0) >= json_get_int(set, "metadata.generation", 0);
	out->whole = current && json_get_int(set, "status.updatedNumberScheduled", 0) == desired &&
		     json_get_int(set, "status.numberAvailable", 0) == desired;
	if (!current)
		snprintf(out->said, sizeof(out->said), "the controller manager has not seen the change of kube-proxy");
	else if (!out->whole)
		rc = look_at_pods(c, out, desired, err);
	json_free(set);
	return rc;
}

/* ---- what it says ----------------------------------------------------------------------------------------------------- */

static bool is_fatal(const char *line)
{
	return (*line == 'E' || *line == 'F') && isdigit((unsigned char)line[1]) && isdigit((unsigned char)line[2]) &&
	       isdigit((unsigned char)line[3]) && isdigit((unsigned char)line[4]);
}

/* What stands behind time and place; of a message with an error, that. */
static void say_line(const char *line, char *out, size_t size)
{
	const char *p = is_fatal(line) ? strstr(line, "] ") : NULL, *quoted;
	struct str text = STR_INIT;

	line = p ? p + 2 : line;
	quoted = strstr(line, " err=\"");
	if (!quoted)
		str_add(&text, line);
	for (p = quoted ? quoted + strlen(" err=\"") : ""; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		str_addc(&text, p[-1] == '\\' && *p == 'n' ? ' ' : *p);
	}
	str_copy_line(out, size, text.buf);
	str_release(&text);
}

bool kubeproxy_last_words(const char *log, char *out, size_t size)
{
	struct str line = STR_INIT, last = STR_INIT;
	bool fatal = false;

	while (*log) {
		size_t n = strcspn(log, "\n");

		str_clear(&line);
		str_addn(&line, log, n);
		if (line.len && (is_fatal(line.buf) || !fatal)) {
			fatal = is_fatal(line.buf);
			str_clear(&last);
			str_add(&last, line.buf);
		}
		log += n + (log[n] == '\n');
	}
	say_line(last.buf, out, size);
	str_release(&line);
	str_release(&last);
	return fatal;
}

/* As kubeproxy_last_words, of one container of the Pod: the one before, or the one that is there. */
static int ask_log(struct net_client *c, const struct kubeproxy_rollout *r, bool previous, char *words, size_t size,
	bool *fatal, struct error *err)
{
	struct net_response answer = { 0, STR_INIT };
	char path[512];
	int rc;

	snprintf(path, sizeof(path), PODS "/%s/log?container=%s%s&limitBytes=%d", r->pod, r->container,
		previous ? "&previous=true" : "", LOG_MAX);
	rc = net_do(c, &(struct net_request){ .path = path, .max = 2 * LOG_MAX }, &answer, err);
	if (rc == 0 && answer.status != 200)
		rc = error_set(err, ERROR_NET, "HTTP %ld", answer.status);
	if (rc == 0)
		*fatal = kubeproxy_last_words(answer.body.buf, words, size);
	str_release(&answer.body);
	return rc;
}

int kubeproxy_ask_reason(struct net_client *c, void *rollout, struct error *err)
{
	struct kubeproxy_rollout *r = rollout;
	char words[sizeof(r->reason)] = "", best[sizeof(r->reason)] = "";
	bool fatal = false;
	int rc = -1;

	/* one of them may be gone already; the kubelet says so with status 200, in place of the log */
	for (int previous = 1; previous >= 0 && !fatal; previous--) {
		if (ask_log(c, r, previous, words, sizeof(words), &fatal, err))
			continue;
		rc = 0;
		if (*words && (fatal || !*best))
			memcpy(best, words, sizeof(best));
	}
	if (*best)
		memcpy(r->reason, best, sizeof(best));
	return rc;
}
