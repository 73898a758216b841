/* Health of the snapshots of etcd that control planes take by themselves. */
#include "cluster/health_private.h"

#include "cluster/snapshots.h"
#include "inventory/inventory.h"

#include <string.h>

/* A control plane that has taken none for so many periods is reported. */
#define PERIODS 3

/* The codes of steps/host/etcd-snapshot.sh, and "cut". */
static const struct {
	const char *code, *what, *remedy;
} failures[] = {
	{ "no-etcd", "etcd did not answer", "see 'kubewright etcd members'" },
	{ "no-room", "the disk of its folder has too little room",
		"delete old snapshots there, or name a folder on another disk (etcd.snapshots.folder)" },
	{ "damaged", "its digest did not match its data",
		"look at the host's disk and memory, and at 'kubewright etcd members'" },
	{ "no-folder", "its folder cannot be written to",
		"see 'ls -ld' and 'df' of etcd.snapshots.folder on the host" },
	{ "cut", "it did not end", "see whether the host was restarted or its disk is slow" },
};

static bool scheduled(const struct health_scope *h)
{
	return h->installed && health_control_plane(h) && snapshots_period_s(h->s.inv) > 0;
}

void health_snapshot_failed(const struct health_scope *h)
{
	char age[24];
	int64_t when;
	const char *code = snapshots_try(h->s.h, h->v->now_s, &when);
	struct finding *f;
	size_t i = 0;

	while (i < sizeof(failures) / sizeof(failures[0]) && strcmp(failures[i].code, code) != 0)
		i++;
	if (!scheduled(h) || i == sizeof(failures) / sizeof(failures[0]))
		return;
	snapshots_age(h->v->now_s - when, age, sizeof(age));
	f = finding_add(&h->s, FINDING_WARNING, "the last snapshot of etcd failed %s ago: %s", age, failures[i].what);
	finding_why(f, "'journalctl -u kubewright-etcd-snapshot' on the host shows more");
	finding_remedy(f, "%s; then 'systemctl start kubewright-etcd-snapshot' there", failures[i].remedy);
}

void health_snapshot_overdue(const struct health_scope *h)
{
	int64_t period = snapshots_period_s(h->s.inv), last = cluster_fact_int(h->s.h, "snapshot_since", 0);
	struct snapshot_file newest;
	struct finding *f;
	char age[24];

	/* one that was not scheduled yet is reported as drift */
	if (!scheduled(h) || last <= 0)
		return;
	if (snapshots_newest(h->s.h, &newest) && newest.taken_s > last)
		last = newest.taken_s;
	if (h->v->now_s - last <= PERIODS * period)
		return;
	snapshots_age(h->v->now_s - last, age, sizeof(age));
	f = finding_add(&h->s, FINDING_WARNING, "no snapshot of etcd for %s, and one every %s is wanted", age,
		h->s.inv->etcd.snapshots.every);
	finding_why(f, "what was written since then is lost if etcd's data is");
	finding_remedy(f,
		"'systemctl list-timers kubewright-etcd-snapshot.timer' on the host shows its schedule; 'systemctl start kubewright-etcd-snapshot' takes one now");
}
