/* Findings of an upgrade about etcd, beside those of its health: each member restarts, some with a new version. */
#include "cluster/findings_upgrade.h"

#include "base/json.h"
#include "cluster/quorum.h"
#include "inventory/inventory.h"
#include "inventory/release.h"

#include <stdio.h>
#include <string.h>

#define WAL_KB (5 * 64 * 1024) /* etcd keeps five files of its log, of 64 MiB each */

static const struct quorum_view *members(const struct upgrade_scope *s)
{
	return &s->u->health.state->etcd;
}

void upgrade_etcd_alarm(const struct upgrade_scope *s)
{
	for (size_t i = 0; i < s->u->seen->count; i++) {
		const struct upgrade_item *item = &s->u->seen->list[i];
		bool space = strncmp(item->name, "NOSPACE", 7) == 0;
		struct finding *f;

		if (item->thing != UPGRADE_ALARM)
			continue;
		f = finding_add(&s->h.s, FINDING_ERROR, "etcd has the alarm %s of member %s", item->name, item->more);
		finding_why(f, "%s",
			space ? "it accepts no writes until its database has room, and an upgrade writes"
			      : "its members may not have the same data");
		finding_remedy(f, "%s",
			space ? "run 'kubewright etcd defrag', or raise quota-backend-bytes; then 'kubewright etcd disarm'"
			      : "compare the members with 'etcdctl endpoint hashkv --cluster', rejoin the one that differs, then 'etcdctl alarm disarm'");
	}
}

void upgrade_etcd_quorum_fragile(const struct upgrade_scope *s)
{
	struct quorum q = quorum_count(members(s));
	struct finding *f;

	/* one member alone has none to lose, and what is lost altogether is another finding */
	if (q.voters < 2 || quorum_tolerates(&q) > 0 || q.healthy + quorum_unseen(members(s)) < quorum_needed(q.voters))
		return;
	/* with two it is never otherwise */
	f = finding_add(&s->h.s, q.voters == 2 ? FINDING_WARNING : FINDING_ERROR,
		"%u of %u etcd voters are healthy, and none of them may be lost", q.healthy, q.voters);
	finding_why(f, "each member restarts in the upgrade: meanwhile nothing can be written");
	finding_remedy(f, "%s",
		q.voters == 2 ? "expect some seconds without writes on each control plane, or add a third one first"
			      : "bring the other members back first: see 'kubewright etcd members'");
}

void upgrade_etcd_too_old(const struct upgrade_scope *s)
{
	const struct quorum_view *v = members(s);
	const char *floor = s->u->release ? s->u->release->etcd_floor : NULL;

	for (int i = 0; floor && i < v->count; i++) {
		struct finding *f;

		if (!v->answers[i] || !v->status[i].version[0] || release_compare(v->status[i].version, floor) >= 0)
			continue;
		f = finding_add(&s->h.s, FINDING_ERROR,
			"the etcd member %s runs %s; its upgrade starts from %s or newer", v->list[i].name,
			v->status[i].version, floor);
		finding_why(f,
			"with an older one members that were removed, or learners, come back under etcd 3.6 and cost the quorum");
		finding_remedy(f,
			"upgrade to the newest patch of this minor version first; or set etcd.local.imageTag in kubeadm-config and run 'kubeadm upgrade apply' for the version that runs");
	}
}

void upgrade_etcd_image_pinned(const struct upgrade_scope *s)
{
	const char *oldest = s->u->release ? s->u->release->etcd_oldest : NULL;
	const char *tag = json_get_str(s->u->config, "etcd.local.imageTag", "");
	struct finding *f;

	if (!oldest || !*tag || release_compare(tag + (*tag == 'v'), oldest) >= 0)
		return;
	f = finding_add(&s->h.s, FINDING_ERROR, "kubeadm-config pins etcd to %s; Kubernetes %s needs %s or newer", tag,
		s->u->to, oldest);
	finding_why(f, "kubeadm gives it flags that it does not know, and it does not start");
	finding_remedy(f,
		"remove etcd.local.imageTag from kubeadm-config ('kubectl -n kube-system edit configmap kubeadm-config')");
}

/* kubeadm copies the whole folder of its data, each time, to the disk of /etc/kubernetes. */
void upgrade_etcd_copy_space(const struct upgrade_scope *s)
{
	const struct inventory_host *host = s->h.s.host;
	int i = quorum_find(members(s), host->address, host->name);
	int64_t room = cluster_fact_int(s->h.s.h, "disk_etc_kb", -1), want;
	struct finding *f;

	if (!finding_control_plane(&s->h.s) || i < 0 || !members(s)->answers[i] || room < 0 || !s->u->due[s->h.s.index])
		return;
	want = members(s)->status[i].db_size / 1024 + WAL_KB;
	if (room >= want)
		return;
	f = finding_add(&s->h.s, FINDING_ERROR,
		"%lld MiB are free on the disk of /etc, and kubeadm copies up to %lld MiB", (long long)(room / 1024),
		(long long)(want / 1024));
	finding_why(
		f, "it copies etcd's data to /etc/kubernetes/tmp before it changes anything, and never removes a copy");
	finding_remedy(f,
		"remove earlier copies (/etc/kubernetes/tmp/kubeadm-backup-etcd-*), run 'kubewright etcd defrag', or free some space");
}
