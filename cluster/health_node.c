/* Health of a Node by its own conditions and taints, and what fills its disk. */
#include "cluster/health_private.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cluster_node *node_of(const struct health_scope *h)
{
	return h->v->state->exists ? cluster_find_node(h->v->state, h->s.host->name) : NULL;
}

/* "72 GiB" of KiB. */
static void add_size(struct str *out, long long kb)
{
	if (kb >= 10LL << 20)
		str_addf(out, "%lld GiB", kb >> 20);
	else
		str_addf(out, "%lld MiB", kb >> 10);
}

static void add_fill(const char *line, void *ctx)
{
	static const struct {
		const char *path, *what;
	} names[] = { { "/var/lib/containerd", "images" }, { "/var/lib/kubelet", "volumes" },
		{ "/var/log/pods", "container logs" }, { "/var/log/journal", "systemd's journal" },
		{ "/var/lib/etcd", "etcd" } };
	struct str *out = ctx;
	char path[64];
	long long kb;

	if (sscanf(line, "%lld %63s", &kb, path) != 2 || out->len > 120)
		return;
	str_add(out, out->len ? ", " : "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].path, path) == 0)
			str_addf(out, "%s (%s) ", names[i].what, path);
	if (!out->len || out->buf[out->len - 2] != ')')
		str_addf(out, "%s ", path);
	add_size(out, kb);
}

/* A condition that a Node has, in the words of who set it. */
static struct finding *condition(const struct health_scope *h, const char *type)
{
	const struct cluster_node *n = node_of(h);
	const struct json *c;

	if (!n || !cluster_node_is(n, type))
		return NULL;
	c = cluster_node_condition(n, type);
	return finding_add(&h->s, FINDING_ERROR, "the Node has %s: %s", type,
		json_get_str(c, "message", json_get_str(c, "reason", "no reason given")));
}

void health_disk_pressure(const struct health_scope *h)
{
	struct finding *f = condition(h, "DiskPressure");
	struct str fills = STR_INIT;

	if (!f)
		return;
	cluster_fact_lines(h->s.h, "fills", add_fill, &fills);
	finding_why(f, "its kubelet accepts no new Pods and evicts those that run there%s%s",
		fills.len ? "; the largest here: " : "", fills.len ? fills.buf : "");
	finding_remedy(f,
		"free some space: 'crictl rmi --prune' for images, 'journalctl --vacuum-size=100M' for systemd's journal, 'du -xh -d2 /var | sort -h' "
		"shows the rest; or enlarge the disk");
	str_release(&fills);
}

void health_memory_pressure(const struct health_scope *h)
{
	struct finding *f = condition(h, "MemoryPressure");

	if (!f)
		return;
	finding_why(f, "its kubelet evicts Pods, those without requests first, and accepts no new ones without");
	finding_remedy(f,
		"'kubectl top pod -A' and 'ps -eo rss,comm --sort=-rss | head' on the host show what uses it; set limits, or add memory");
}

void health_pid_pressure(const struct health_scope *h)
{
	struct finding *f = condition(h, "PIDPressure");

	if (!f)
		return;
	finding_why(f,
		"its kubelet accepts no new Pods and evicts those that run there; soon nothing can start on the host");
	finding_remedy(f,
		"'ps -eLf | wc -l' counts them, 'ps -eo nlwp,pid,comm --sort=-nlwp | head' shows what they belong to; see kernel.pid_max");
}

void health_network_unavailable(const struct health_scope *h)
{
	struct finding *f = condition(h, "NetworkUnavailable");

	if (!f)
		return;
	finding_why(f, "the pod network has not set up this Node; only Pods that tolerate this are placed here");
	finding_remedy(f,
		"see the pod network's own Pod on this Node: 'kubectl get pods -A -o wide --field-selector spec.nodeName=%s'",
		h->s.host->name);
}

/* ---- taints --------------------------------------------------------------------------------------------------------------- */

/* What the inventory wants, and what Kubernetes sets for conditions, for a cordon, for the role: these are reported otherwise, or meant. */
static bool expected(const struct health_scope *h, const char *key, const char *effect)
{
	static const char *const known[] = { "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable",
		"node.kubernetes.io/unschedulable", "node.kubernetes.io/disk-pressure",
		"node.kubernetes.io/memory-pressure", "node.kubernetes.io/pid-pressure",
		"node.kubernetes.io/network-unavailable" };

	if (strcmp(effect, "PreferNoSchedule") == 0 || str_starts(key, "node-role.kubernetes.io/"))
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(key, known[i]) == 0)
			return true;
	for (size_t i = 0; i < h->s.host->taint_count; i++)
		if (strcmp(h->s.host->taints[i].key, key) == 0)
			return true;
	return false;
}

void health_node_tainted(const struct health_scope *h)
{
	const struct cluster_node *n = node_of(h);
	const struct json *taints = n ? json_get(n->json, "spec.taints") : NULL;

	for (size_t i = 0; i < json_size(taints); i++) {
		const char *key = json_get_str(json_at(taints, i), "key", "");
		const char *effect = json_get_str(json_at(taints, i), "effect", "");
		const char *value = json_get_str(json_at(taints, i), "value", "");
		struct finding *f;

		if (expected(h, key, effect))
			continue;
		f = finding_add(&h->s, FINDING_WARNING,
			"a taint that is not in the inventory keeps Pods away: %s%s%s:%s", key, *value ? "=" : "",
			value, effect);
		finding_why(f, "%s",
			strstr(key, "uninitialized")
				? "a cloud controller was expected to remove it, but has not"
				: "it was set by hand, or by a controller that waits for something");
		finding_remedy(f,
			"add it to taints in the inventory if it is intended; if not, run 'kubectl taint node %s %s:%s-'",
			h->s.host->name, key, effect);
	}
}
