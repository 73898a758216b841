/* What can be begun, in the words of the pages and of the command line. */
#include "tui/wizard.h"

#include <stdlib.h>

static const char as_described[] = "every host is as the inventory describes it";

static const struct purpose_kind kinds[] = {
	[PURPOSE_CHECK] = { .command = "check", .does = PURPOSE_LOOKS },
	[PURPOSE_PLAN] = { "plan", PURPOSE_PLANS, false, PURPOSE_APPLY, "installation", "", as_described },
	[PURPOSE_APPLY] = { .command = "apply", .does = PURPOSE_CHANGES, .noun = "installation" },
	[PURPOSE_REMEDY] = { .command = "check", .does = PURPOSE_CHANGES, .noun = "remedy" },
	[PURPOSE_LOOK] = { .command = "status", .does = PURPOSE_LOOKS },
	[PURPOSE_CERTS] = { .command = "certs", .does = PURPOSE_LOOKS },
	[PURPOSE_BENCHMARK] = { .command = "check --security", .does = PURPOSE_LOOKS },
	[PURPOSE_HARDWARE] = { .command = "hardware", .does = PURPOSE_LOOKS },
	[PURPOSE_MESH] = { .command = "check --mesh", .does = PURPOSE_LOOKS },
	[PURPOSE_DRILL_LOOK] = { .command = "drill --check", .does = PURPOSE_LOOKS },
	[PURPOSE_DRILL] = { .command = "drill", .does = PURPOSE_CHANGES, .noun = "drill", .names = true },
	[PURPOSE_REPAIR_PLAN] = { "repair --check", PURPOSE_PLANS, false, PURPOSE_REPAIR, "repair", "", as_described },
	[PURPOSE_REPAIR] = { .command = "repair", .does = PURPOSE_CHANGES, .noun = "repair" },
	[PURPOSE_REJOIN_PLAN] = { "rejoin", PURPOSE_PLANS, true, PURPOSE_REJOIN, "rejoin",
		"The host is removed from the cluster, Kubernetes' data there is deleted, and it joins again. ",
		as_described },
	[PURPOSE_REJOIN] = { .command = "rejoin", .does = PURPOSE_CHANGES, .one_host = true, .noun = "rejoin" },
	[PURPOSE_REMOVE_PLAN] = { "remove", PURPOSE_PLANS, true, PURPOSE_REMOVE, "removal",
		"The host's pods are evicted, it leaves the cluster for good, and Kubernetes, its data there and its entry in the inventory are deleted. ",
		as_described },
	[PURPOSE_REMOVE] = { .command = "remove", .does = PURPOSE_CHANGES, .one_host = true, .noun = "removal" },
	[PURPOSE_REBOOT_PLAN] = { "reboot", PURPOSE_PLANS, true, PURPOSE_REBOOT, "reboot",
		"The host's pods are evicted, it restarts, and pods are let onto it again when it is back. ",
		as_described },
	[PURPOSE_REBOOT] = { .command = "reboot", .does = PURPOSE_CHANGES, .one_host = true, .noun = "reboot" },
	[PURPOSE_UPGRADE_PLAN] = { "upgrade --check", PURPOSE_PLANS, false, PURPOSE_UPGRADE, "upgrade",
		"A snapshot of etcd is taken first: there is no other way back to the earlier version. ",
		as_described },
	[PURPOSE_UPGRADE] = { .command = "upgrade", .does = PURPOSE_CHANGES, .noun = "upgrade" },
	[PURPOSE_RENEW_PLAN] = { "certs renew", PURPOSE_PLANS, false, PURPOSE_RENEW, "renewal",
		"One host after the other restarts what reads them. ",
		"every certificate was made within the last hour" },
	[PURPOSE_RENEW] = { .command = "certs renew", .does = PURPOSE_CHANGES, .noun = "renewal" },
	[PURPOSE_REQUESTS] = { .command = "certs sign", .does = PURPOSE_LOOKS },
	[PURPOSE_SIGN_PLAN] = { "certs sign", PURPOSE_PLANS, false, PURPOSE_SIGN, "signing",
		"Each request is checked again, and signed only if it is still the one that was shown. ",
		"none of these requests waits any more, or may be signed" },
	[PURPOSE_SIGN] = { .command = "certs sign", .does = PURPOSE_CHANGES, .noun = "signing" },
	[PURPOSE_ROTATE_LOOK] = { .command = "certs rotate", .does = PURPOSE_LOOKS, .names = true },
	[PURPOSE_ROTATE] = { .command = "certs rotate", .does = PURPOSE_CHANGES, .noun = "rotation", .names = true },
	[PURPOSE_SUPPORT] = { .command = "support", .does = PURPOSE_LOOKS },
	[PURPOSE_ADOPT] = { .command = "adopt", .does = PURPOSE_LOOKS, .alone = true },
	[PURPOSE_TAKE_KEYS] = { .command = "adopt", .does = PURPOSE_LOOKS },
	[PURPOSE_SNAPSHOT] = { .command = "etcd snapshot", .does = PURPOSE_CHANGES, .noun = "snapshot" },
};

const struct purpose_kind *purpose_kind(enum purpose purpose)
{
	return &kinds[purpose];
}

void wizard_equivalent(const struct wizard *w, enum purpose purpose, struct str *out)
{
	const char *path = w->document ? document_path(w->document) : "kubewright.yaml";

	str_addf(out, "kubewright %s ", kinds[purpose].command);
	if (kinds[purpose].one_host)
		str_addf(out, "%s ", w->host);
	if (kinds[purpose].names && w->what)
		str_addf(out, "%s ", w->what);
	str_add(out, "-f ");
	str_add_quoted(out, path);
}

void port_cluster_release(struct port_cluster *c)
{
	for (size_t i = 0; i < c->node_count; i++)
		findings_release(&c->nodes[i].findings);
	free(c->nodes);
	*c = (struct port_cluster){ .node_count = 0 };
}

void port_certs_release(struct port_certs *c)
{
	arena_release(&c->arena);
	*c = (struct port_certs){ .count = 0 };
}

void port_benchmark_release(struct port_benchmark *b)
{
	arena_release(&b->arena);
	*b = (struct port_benchmark){ .count = 0 };
}

void port_hardware_release(struct port_hardware *h)
{
	arena_release(&h->arena);
	*h = (struct port_hardware){ .host_count = 0 };
}

void port_mesh_release(struct port_mesh *m)
{
	arena_release(&m->arena);
	*m = (struct port_mesh){ .host_count = 0 };
}

void port_drill_release(struct port_drill *d)
{
	arena_release(&d->arena);
	*d = (struct port_drill){ .count = 0 };
}

void port_requests_release(struct port_requests *r)
{
	arena_release(&r->arena);
	*r = (struct port_requests){ .count = 0 };
}

void port_rotation_release(struct port_rotation *r)
{
	arena_release(&r->arena);
	*r = (struct port_rotation){ .name = NULL };
}

void port_support_release(struct port_support *s)
{
	arena_release(&s->arena);
	*s = (struct port_support){ .path = NULL };
}

void port_adopted_release(struct port_adopted *a)
{
	findings_release(&a->found);
	arena_release(&a->arena);
	*a = (struct port_adopted){ .hosts = NULL };
}

void port_past_free(struct port_past *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].path);
		free(list[i].run);
		free(list[i].command);
	}
	free(list);
}
