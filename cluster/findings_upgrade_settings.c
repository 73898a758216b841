/*
 * Findings of an upgrade about settings that the new version no longer has: a component that is given one does not start. From each minor's change log; what an earlier
 * minor has dropped already cannot be given to what runs.
 */
#include "cluster/findings_upgrade.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "inventory/release.h"

#include <stdio.h>
#include <string.h>

enum {
	API_SERVER = 1,
	CONTROLLER_MANAGER = 2,
	SCHEDULER = 4,
	ETCD = 8,
	KUBELET = 16,
	EACH = API_SERVER | CONTROLLER_MANAGER | SCHEDULER | KUBELET, /* of Kubernetes' own */
};
/* In ClusterConfiguration; the kubelets' have places of their own. */
static const struct {
	unsigned component;
	const char *name, *args;
} components[] = {
	{ API_SERVER, "kube-apiserver", "apiServer.extraArgs" },
	{ CONTROLLER_MANAGER, "kube-controller-manager", "controllerManager.extraArgs" },
	{ SCHEDULER, "kube-scheduler", "scheduler.extraArgs" },
	{ ETCD, "etcd", "etcd.local.extraArgs" },
};

#define KUBEADM_FLAGS "/var/lib/kubelet/kubeadm-flags.env"

struct dropped {
	int minor; /* the first that lacks it */
	unsigned components;
	const char *name;
	bool cleaned; /* kubeadm itself takes it out of KUBEADM_FLAGS */
};
static const struct dropped flags[] = {
	{ 34, KUBELET, "cloud-config", false },
	/* etcd 3.6 */
	{ 34, ETCD, "enable-v2", false },
	{ 35, KUBELET, "pod-infra-container-image", true },
};
static const struct dropped gates[] = {
	{ 34, EACH, "DevicePluginCDIDevices", false },
	{ 34, EACH, "LegacySidecarContainers", false },
	{ 34, EACH, "PodDisruptionConditions", false },
	{ 35, EACH, "SizeMemoryBackedVolumes", false },
	{ 35, EACH, "UserNamespacesHostNetworkSupport", false },
	{ 36, EACH, "CSIMigrationPortworx", false },
	{ 36, EACH, "InTreePluginPortworxUnregister", false },
	{ 36, EACH, "WatchFromStorageWithoutResourceVersion", false },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The row that drops it on this way; NULL: none does. */
static const struct dropped *find(const struct upgrade_scope *s, const struct dropped *table, size_t count,
	unsigned component, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if ((table[i].components & component) && strlen(table[i].name) == len &&
			strncmp(table[i].name, name, len) == 0 && table[i].minor <= release_minor(s->u->to) &&
			table[i].minor > release_minor(s->u->oldest))
			return &table[i];
	return NULL;
}

/* ---- what there is to judge ------------------------------------------------------------------------------------------- */

struct setting {
	unsigned component;
	const char *who, *where; /* "kube-apiserver", "kubeadm-config" */
	int host;                /* -1: of the cluster */
	const char *name;        /* without dashes */
	size_t len;
};
typedef void setting_fn(const struct upgrade_scope *s, const struct setting *g);

struct walk {
	const struct upgrade_scope *s;
	setting_fn *fn;
	struct setting g;
	bool gates;
};

/* "A=true,B=false" */
static void walk_gates(struct walk *w, const char *list)
{
	for (const char *p = list; *p; p += strcspn(p, ", \""), p += *p != '\0') {
		w->g.name = p;
		w->g.len = strcspn(p, "=, \"");
		w->fn(w->s, &w->g);
	}
}

static void walk_arg(struct walk *w, const char *name, const char *value)
{
	w->g.name = name;
	w->g.len = strlen(name);
	if (!w->gates)
		w->fn(w->s, &w->g);
	else if (strcmp(name, "feature-gates") == 0)
		walk_gates(w, value);
}

static void walk_member(const char *key, const struct json *value, void *ctx)
{
	walk_arg(ctx, key, json_text(value) ? json_text(value) : "");
}

/* A list of names and values, or with earlier releases a map. */
static void walk_args(struct walk *w, const struct json *args)
{
	for (size_t i = 0; json_is_array(args) && i < json_size(args); i++)
		walk_arg(w, json_get_str(json_at(args, i), "name", ""), json_get_str(json_at(args, i), "value", ""));
	if (json_is_object(args))
		json_each(args, walk_member, w);
}

static void walk_gate(const char *key, const struct json *value, void *ctx)
{
	struct walk *w = ctx;

	(void)value;
	w->g.name = key;
	w->g.len = strlen(key);
	w->fn(w->s, &w->g);
}

/* A line "FILE --flag" or "FILE --feature-gates=A=true" of the kubelet's own. */
static void walk_line(const char *line, void *ctx)
{
	struct walk *w = ctx;
	const char *flag = strstr(line, " --");
	char file[128], name[512];

	if (!flag)
		return;
	snprintf(file, sizeof(file), "%.*s", (int)(flag - line), line);
	snprintf(name, sizeof(name), "%s", flag + 3);
	w->g.where = file;
	flag = strchr(name, '=') ? strchr(name, '=') + 1 : "";
	name[strcspn(name, "=")] = '\0';
	walk_arg(w, name, flag);
}

/* All flags, or all feature gates, of all components. */
static void walk(const struct upgrade_scope *s, bool of_gates, setting_fn *fn)
{
	struct walk w = { .s = s, .fn = fn, .gates = of_gates };

	for (size_t i = 0; i < COUNT(components); i++) {
		w.g = (struct setting){ components[i].component, components[i].name, "kubeadm-config", -1, "", 0 };
		walk_args(&w, json_get(s->u->config, components[i].args));
	}
	w.g = (struct setting){ KUBELET, "the kubelet", "the ConfigMap kubelet-config", -1, "", 0 };
	if (of_gates)
		json_each(json_get(s->u->seen->kubelet_config, "featureGates"), walk_gate, &w);
	for (size_t i = 0; i < s->h.s.inv->host_count; i++) {
		w.g = (struct setting){ KUBELET, "the kubelet", "", (int)i, "", 0 };
		if (s->u->due[i] && s->h.s.hosts[i].probed)
			cluster_fact_lines(&s->h.s.hosts[i], "kubelet_args", walk_line, &w);
	}
}

/* ---- the findings ------------------------------------------------------------------------------------------------------ */

static void tell(
	const struct upgrade_scope *s, const struct setting *g, const char *kind, const char *dashes, int minor)
{
	struct finding_scope at = s->h.s;
	struct finding *f;

	at.index = g->host;
	f = finding_add(&at, FINDING_ERROR, "%s has the %s %s%.*s in %s, and Kubernetes 1.%d no longer knows it",
		g->who, kind, dashes, (int)g->len, g->name, g->where, minor);
	finding_why(f, "it does not start with what it does not know");
	finding_remedy(f, "%s",
		g->host >= 0 ? "take it out of that file and restart the kubelet"
		: g->component == KUBELET
			? "take it out of that ConfigMap: kubeadm gives it to each host in the upgrade"
			: "take it out of kubeadm-config ('kubectl -n kube-system edit configmap kubeadm-config'): kubeadm makes the manifests from it");
}

static void removed_flag(const struct upgrade_scope *s, const struct setting *g)
{
	const struct dropped *d = find(s, flags, COUNT(flags), g->component, g->name, g->len);

	if (d && !(d->cleaned && strcmp(g->where, KUBEADM_FLAGS) == 0))
		tell(s, g, "flag", "--", d->minor);
}

void upgrade_flag_removed(const struct upgrade_scope *s)
{
	walk(s, false, removed_flag);
}

static void removed_gate(const struct upgrade_scope *s, const struct setting *g)
{
	const struct dropped *d = find(s, gates, COUNT(gates), g->component, g->name, g->len);

	if (d)
		tell(s, g, "feature gate", "", d->minor);
}

void upgrade_feature_gate_removed(const struct upgrade_scope *s)
{
	walk(s, true, removed_gate);
}

static void deprecated_flag(const struct upgrade_scope *s, const struct setting *g)
{
	struct finding *f;

	if (g->component != ETCD || strncmp(g->name, "experimental-", 13) != 0)
		return;
	f = finding_add(&s->h.s, FINDING_WARNING, "etcd has the flag --%.*s in kubeadm-config", (int)g->len, g->name);
	finding_why(f, "etcd 3.6 warns of it, and 3.7 does not start with it");
	finding_remedy(f, "name it without 'experimental-' in kubeadm-config once all members are of 3.6");
}

void upgrade_etcd_flag_deprecated(const struct upgrade_scope *s)
{
	if (release_minor(s->u->to) >= 34)
		walk(s, false, deprecated_flag);
}

/* kubeadm refuses them only when it brings another CoreDNS. */
void upgrade_coredns_plugin_unknown(const struct upgrade_scope *s)
{
	for (size_t i = 0; i < s->u->seen->count; i++) {
		const struct upgrade_item *item = &s->u->seen->list[i];
		struct finding *f;

		if (item->thing != UPGRADE_PLUGIN)
			continue;
		f = finding_add(&s->h.s, upgrade_to_minor(s) ? FINDING_ERROR : FINDING_WARNING,
			"the Corefile has the plugin %s, which kubeadm does not know", item->name);
		finding_why(f, "kubeadm migrates the Corefile, and refuses what it cannot judge");
		finding_remedy(f,
			"take it out, or move it to a CoreDNS of your own; if you know that the new CoreDNS has it, add coredns-plugin-unknown to preflight.ignore");
	}
}

/* ---- what kubelets refuse at their next start, unless the configuration that they get says otherwise ------------------- */

/* Gives what find has added this level. */
static void levels(
	const struct upgrade_scope *s, void (*find_it)(const struct finding_scope *s), enum finding_level level)
{
	size_t before = s->h.s.out->count;

	find_it(&s->h.s);
	for (size_t i = before; i < s->h.s.out->count; i++)
		s->h.s.out->list[i].level = level;
}

/* In an upgrade nothing turns it off. */
void upgrade_swap(const struct upgrade_scope *s)
{
	if (json_get_bool(s->u->seen->kubelet_config, "failSwapOn", true))
		levels(s, find_swap_on, *cluster_fact(s->h.s.h, "swap") ? FINDING_ERROR : FINDING_WARNING);
}

void upgrade_cgroup(const struct upgrade_scope *s)
{
	if (json_get_bool(s->u->seen->kubelet_config, "failCgroupV1", true))
		find_cgroup_v1(&s->h.s);
	else
		levels(s, find_cgroup_v1, FINDING_WARNING);
}
