/* The table of what may be in the way of an upgrade, and the run through it. */
#include "cluster/findings_upgrade.h"

#include "inventory/inventory.h"

#include <string.h>

#define KIND(function, name, level, rule, kubeadm, summary) { name, summary, FINDING_##level, kubeadm },
const struct finding_kind upgrade_kinds[] = { UPGRADE_OF_CLUSTER(KIND) UPGRADE_OF_UNSEEN(KIND) UPGRADE_OF_HOST(KIND)
		UPGRADE_OF_HEALTH(KIND) UPGRADE_OF_PREFLIGHT(KIND) };
const size_t upgrade_kind_count = sizeof(upgrade_kinds) / sizeof(upgrade_kinds[0]);

struct row {
	const char *name, *kubeadm;
	enum upgrade_rule rule;
	/* one of them */
	void (*own)(const struct upgrade_scope *s);
	void (*health)(const struct health_scope *h);
	void (*preflight)(const struct finding_scope *s);
};
#define OWN(function, name, level, rule, kubeadm, summary) \
	{ name, kubeadm, UPGRADE_##rule, upgrade_##function, NULL, NULL },
#define OF_HEALTH(function, name, level, rule, kubeadm, summary) \
	{ name, kubeadm, UPGRADE_##rule, NULL, health_##function, NULL },
#define OF_PREFLIGHT(function, name, level, rule, kubeadm, summary) \
	{ name, kubeadm, UPGRADE_##rule, NULL, NULL, find_##function },
static const struct row cluster_rows[] = { UPGRADE_OF_CLUSTER(OWN) };
static const struct row unseen_rows[] = { UPGRADE_OF_UNSEEN(OWN) };
static const struct row host_rows[] = { UPGRADE_OF_HOST(OWN) UPGRADE_OF_HEALTH(OF_HEALTH)
		UPGRADE_OF_PREFLIGHT(OF_PREFLIGHT) };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct finding_kind *upgrade_kind_find(const char *name)
{
	for (size_t i = 0; i < upgrade_kind_count; i++)
		if (strcmp(upgrade_kinds[i].name, name) == 0)
			return &upgrade_kinds[i];
	return NULL;
}

static bool is_worker(const struct inventory *inv, int host)
{
	return host >= 0 && inv->hosts[host].role == INVENTORY_WORKER;
}

static void apply_rule(const struct upgrade_view *v, const struct row *row, struct finding *f)
{
	bool told = row->rule == UPGRADE_TELL ||
		    (row->rule == UPGRADE_STATE && (v->begun || is_worker(v->health.inv, f->host)));

	if (told)
		f->level = FINDING_WARNING;
	/* what repair does about it is not done here */
	f->act[0] = '\0';
}

static void run(struct upgrade_scope *s, const struct row *rows, size_t count)
{
	struct findings *out = s->h.s.out;

	for (size_t i = 0; i < count; i++) {
		size_t before = out->count;

		s->h.s.name = rows[i].name;
		if (rows[i].own)
			rows[i].own(s);
		else if (rows[i].health)
			rows[i].health(&s->h);
		else
			rows[i].preflight(&s->h.s);
		for (size_t k = before; k < out->count; k++) {
			apply_rule(s->u, &rows[i], &out->list[k]);
			if (rows[i].kubeadm)
				finding_same_as(&s->h.s, &out->list[k], rows[i].kubeadm);
		}
	}
}

/* Whether anything is to be done, and there is a cluster to do it in. */
static bool concerns(const struct upgrade_view *v)
{
	for (size_t i = 0; i < v->health.inv->host_count; i++)
		if (v->due[i])
			return v->health.state->exists && v->to[0];
	return false;
}

void findings_upgrade(const struct upgrade_view *v, struct findings *out)
{
	const struct inventory *inv = v->health.inv;
	struct upgrade_scope s = {
		.h = { .s = { .inv = inv, .release = v->release, .hosts = v->health.hosts, .index = -1, .out = out },
			.v = &v->health },
		.u = v,
	};

	if (!concerns(v))
		return;
	run(&s, cluster_rows, COUNT(cluster_rows));
	for (size_t i = 0; i < inv->host_count; i++) {
		const struct cluster_host *h = &v->health.hosts[i];

		if (!cluster_find_node(v->health.state, inv->hosts[i].name))
			continue;
		s.h.s.host = &inv->hosts[i];
		s.h.s.h = h;
		s.h.s.index = (int)i;
		/* packages and images come to it */
		s.h.s.fresh = v->due[i];
		s.h.installed = cluster_kubeadm_done(h);
		if (h->probed)
			run(&s, host_rows, COUNT(host_rows));
		else if (v->due[i])
			run(&s, unseen_rows, COUNT(unseen_rows));
	}
}
