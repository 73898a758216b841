/* Findings of an upgrade about what the API server has: who uses what ends, what refuses changes, which pods cannot move. */
#include "cluster/findings_upgrade.h"

#include "base/str.h"
#include "inventory/inventory.h"
#include "inventory/release.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TOLD 4 /* names in one finding */
#define TOLD_UNKNOWN 10

/* Calls fn for each thing of a kind. */
static void each(const struct upgrade_scope *s, enum upgrade_thing thing,
	void (*fn)(const struct upgrade_scope *s, const struct upgrade_item *item))
{
	const struct upgrade_seen *seen = s->u->seen;

	for (size_t i = 0; i < seen->count; i++)
		if (seen->list[i].thing == thing)
			fn(s, &seen->list[i]);
}

/* How many there were beside those that are kept. */
static unsigned beyond(const struct upgrade_scope *s, enum upgrade_thing thing)
{
	unsigned all = s->u->seen->seen[thing];

	return all > UPGRADE_KEPT ? all - UPGRADE_KEPT : 0;
}

/* ---- APIs that end ------------------------------------------------------------------------------------------------- */

static void removed(const struct upgrade_scope *s, const struct upgrade_item *item)
{
	int release = release_minor(item->more);
	struct finding *f;

	if (release < 0 || release > release_minor(s->u->to))
		return;
	f = finding_add(&s->h.s, FINDING_ERROR, "%s is used, and Kubernetes %s removes it", item->name, item->more);
	finding_why(
		f, "requests for it fail from then on: of controllers, of pipelines, of releases of Helm that name it");
	finding_remedy(f,
		"the audit log names who asks (annotation k8s.io/deprecated); once nobody does, restart the API server of %s, which remembers it, or add api-removed to preflight.ignore",
		item->host >= 0 ? s->h.s.inv->hosts[item->host].name : "a control plane");
}

void upgrade_api_removed(const struct upgrade_scope *s)
{
	each(s, UPGRADE_API_USE, removed);
}

static void stored(const struct upgrade_scope *s, const struct upgrade_item *item)
{
	struct finding *f = finding_add(&s->h.s, FINDING_WARNING,
		"%s has objects stored as %s, which it does not serve", item->name, item->more);

	finding_why(f, "such objects cannot be read once that version leaves the definition");
	finding_remedy(f,
		"write each object again ('kubectl get %s -A -o json | kubectl replace -f -'), then take %s out of status.storedVersions",
		item->name, item->more);
}

void upgrade_crd_stored_version(const struct upgrade_scope *s)
{
	each(s, UPGRADE_STORED, stored);
}

/* ---- what refuses or does not answer ------------------------------------------------------------------------------- */

static void webhook(const struct upgrade_scope *s, const struct upgrade_item *item)
{
	struct finding *f;

	if (item->served != CLUSTER_NO)
		return;
	f = finding_add(&s->h.s, item->serious ? FINDING_ERROR : FINDING_WARNING,
		"the webhook %s has failurePolicy Fail, and its Service %s has no endpoint", item->name, item->more);
	finding_why(f, "%s",
		item->serious
			? "the API server refuses what an upgrade makes and changes: Pods, Nodes, kubeadm's Job and roles"
			: "the API server refuses the objects that it is for");
	finding_remedy(f,
		"'kubectl -n %.*s get pods' shows why; if nobody needs it any more, delete the webhook's configuration",
		(int)strcspn(item->more, "/"), item->more);
}

void upgrade_webhook_without_endpoint(const struct upgrade_scope *s)
{
	each(s, UPGRADE_WEBHOOK, webhook);
}

static void api_service(const struct upgrade_scope *s, const struct upgrade_item *item)
{
	struct finding *f =
		finding_add(&s->h.s, FINDING_WARNING, "the APIService %s is not available: %s", item->name, item->more);

	finding_why(f, "namespaces cannot be deleted, and those who list all APIs get errors, controllers among them");
	finding_remedy(f, "fix the Service behind it, or delete it: 'kubectl get apiservice %s -o yaml'", item->name);
}

void upgrade_api_service_unavailable(const struct upgrade_scope *s)
{
	each(s, UPGRADE_API_SERVICE, api_service);
}

/* ---- pods that must move ------------------------------------------------------------------------------------------- */

/* The names of a kind on Nodes whose pods go; returns how many. Those that were not kept may be there too. */
static unsigned moved(const struct upgrade_scope *s, enum upgrade_thing thing, struct str *names)
{
	const struct upgrade_seen *seen = s->u->seen;
	unsigned n = 0, more = beyond(s, thing);

	for (size_t i = 0; i < seen->count; i++) {
		const struct upgrade_item *item = &seen->list[i];

		if (item->thing != thing || !upgrade_drains(s, item->node))
			continue;
		if (n++ < TOLD)
			str_addf(names, "%s%.100s on %s", names->len ? ", " : "", item->name, item->node);
	}
	if (n > TOLD)
		str_addf(names, ", and %u more", n - TOLD);
	if (more)
		str_addf(names, "%s%u that were not looked at one by one", names->len ? "; and " : "", more);
	return n + more;
}

/* Whether any Node loses its pods at all. */
static bool any_drain(const struct upgrade_scope *s)
{
	for (size_t i = 0; i < s->h.s.inv->host_count; i++)
		if (upgrade_drains(s, s->h.s.inv->hosts[i].name))
			return true;
	return false;
}

static void budget(const struct upgrade_scope *s, const struct upgrade_item *item)
{
	struct finding *f;

	if (!upgrade_drains(s, item->node))
		return;
	f = finding_add(&s->h.s, s->u->force ? FINDING_WARNING : FINDING_ERROR,
		"the PodDisruptionBudget %s allows no eviction of %s on %s", item->name, item->more, item->node);
	finding_why(f, "%s",
		s->u->force ? "with --force it is not waited for, and the pod continues while its kubelet changes"
			    : "the Node is drained before its kubelet changes, and this pod would not go");
	finding_remedy(f,
		"make its other pods Ready, add replicas, or change the budget ('kubectl -n %.*s describe pdb %s')%s",
		(int)strcspn(item->name, "/"), item->name, strchr(item->name, '/') ? strchr(item->name, '/') + 1 : "",
		s->u->force ? "" : "; or --force");
}

void upgrade_eviction_forbidden(const struct upgrade_scope *s)
{
	unsigned more = beyond(s, UPGRADE_BUDGET);
	struct finding *f;

	each(s, UPGRADE_BUDGET, budget);
	if (!more || !any_drain(s))
		return;
	f = finding_add(&s->h.s, FINDING_WARNING,
		"%u more cases of a PodDisruptionBudget that allows no eviction were not looked at", more);
	finding_why(f, "pods of Nodes that are drained may be among them");
	finding_remedy(f, "'kubectl get pdb -A' shows them: those with 0 in ALLOWED DISRUPTIONS");
}

void upgrade_pod_without_controller(const struct upgrade_scope *s)
{
	struct str names = STR_INIT;
	struct finding *f;

	if (any_drain(s) && moved(s, UPGRADE_POD_LOST, &names)) {
		f = finding_add(&s->h.s, s->u->force ? FINDING_WARNING : FINDING_ERROR,
			"pods without a controller must move: %s", names.buf);
		finding_why(f, "%s",
			s->u->force ? "with --force they are deleted, and nothing makes them again"
				    : "nothing would make them again, so their Node is not drained");
		finding_remedy(f, "save what they have and delete them%s", s->u->force ? "" : "; --force deletes them");
	}
	str_release(&names);
}

void upgrade_pod_local_data(const struct upgrade_scope *s)
{
	struct str names = STR_INIT;
	struct finding *f;

	if (any_drain(s) && moved(s, UPGRADE_POD_EMPTYDIR, &names)) {
		f = finding_add(&s->h.s, FINDING_WARNING, "pods that must move have emptyDir volumes: %s", names.buf);
		finding_why(f, "what is in them ends with the pod");
		finding_remedy(f, "none needed for caches; save what is not one, or give the pod another volume");
	}
	str_release(&names);
}

/* ---- API servers' Pods ----------------------------------------------------------------------------------------------- */

static void api_pod(const struct upgrade_scope *s, const struct upgrade_item *item)
{
	bool gone = !cluster_find_node(s->u->health.state, item->node);
	const char *name = strchr(item->name, '/') ? strchr(item->name, '/') + 1 : item->name;
	struct finding *f;

	if (!gone && !item->serious)
		return;
	if (gone)
		f = finding_add(&s->h.s, FINDING_ERROR,
			"the API server's Pod %s is of the Node %s, which does not exist", item->name, item->node);
	else
		f = finding_add(&s->h.s, FINDING_ERROR, "the API server's Pod %s does not run", item->name);
	finding_why(f,
		"kubeadm waits until each of them runs, and leaves CoreDNS and kube-proxy unchanged while one has another version");
	if (gone)
		finding_remedy(f, "'kubectl -n kube-system delete pod %s --force'", name);
	else
		finding_remedy(f, "see 'kubectl -n kube-system describe pod %s' and 'kubewright repair'", name);
}

void upgrade_api_server_pod_stale(const struct upgrade_scope *s)
{
	each(s, UPGRADE_API_POD, api_pod);
}

void upgrade_api_server_images_differ(const struct upgrade_scope *s)
{
	const struct upgrade_seen *seen = s->u->seen;
	const struct upgrade_item *first = NULL, *other = NULL;
	struct finding *f;

	for (size_t i = 0; i < seen->count; i++) {
		if (seen->list[i].thing != UPGRADE_API_POD || !seen->list[i].more[0])
			continue;
		first = first ? first : &seen->list[i];
		other = strcmp(first->more, seen->list[i].more) != 0 ? &seen->list[i] : other;
	}
	if (!other)
		return;
	f = finding_add(&s->h.s, FINDING_WARNING, "the API server of %s is an image of %s, that of %s one of %s",
		first->node, first->more, other->node, other->more);
	finding_why(f,
		"kubeadm compares the whole name, and leaves CoreDNS and kube-proxy unchanged while they differ, without an error");
	finding_remedy(f,
		"give their manifests the same image; afterwards 'kubeadm upgrade node phase addon all' on a control plane");
}

/* ---- what is not known ------------------------------------------------------------------------------------------------ */

static void unknown(const struct upgrade_scope *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void unknown(const struct upgrade_scope *s, const char *fmt, ...)
{
	struct finding *f;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	f = finding_add(&s->h.s, FINDING_WARNING, "could not look at %s", what);
	finding_why(f, "what is in the way there is not known");
	finding_remedy(f, "run this again; 'kubewright status' shows how the API servers are");
}

void upgrade_not_looked_at(const struct upgrade_scope *s)
{
	const struct upgrade_seen *seen = s->u->seen;
	unsigned told = 0;

	if (!seen->asked)
		unknown(s, "what the API server knows of webhooks, budgets, pods and definitions");
	for (size_t i = 0; i < seen->count; i++)
		if (seen->list[i].thing == UPGRADE_UNKNOWN && told++ < TOLD_UNKNOWN)
			unknown(s, "%s", seen->list[i].name);
	if (seen->seen[UPGRADE_UNKNOWN] > TOLD_UNKNOWN)
		unknown(s, "%u things more", seen->seen[UPGRADE_UNKNOWN] - TOLD_UNKNOWN);
	if (s->u->health.state->pods.unknown[0])
		unknown(s, "%s", s->u->health.state->pods.unknown);
}
