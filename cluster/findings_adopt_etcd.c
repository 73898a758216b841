/* What an adoption meets in etcd. */
#include "cluster/findings_adopt.h"

#include "base/str.h"
#include "inventory/inventory.h"

#include <string.h>

void adopt_etcd_unseen(const struct adopt_scope *s)
{
	struct finding *f;

	if (s->etcd->count)
		return;
	f = finding_add(&s->s, NOTE, "no etcd member could be asked for the list of members");
	finding_remedy(f, "'kubewright etcd members' asks again, once the keys are taken");
}

static int host_of(const struct adopt_scope *s, const struct net_etcd_member *m)
{
	for (size_t i = 0; i < s->v->inv->host_count; i++) {
		const struct inventory_host *h = &s->v->inv->hosts[i];

		if (h->role == INVENTORY_CONTROL_PLANE && quorum_member_of(m, h->address, h->name))
			return (int)i;
	}
	return -1;
}

void adopt_etcd_members(const struct adopt_scope *s)
{
	const struct inventory *inv = s->v->inv;
	struct finding *f;
	char address[64];

	for (int i = 0; i < s->etcd->count; i++) {
		const struct net_etcd_member *m = &s->etcd->list[i];

		if (host_of(s, m) >= 0)
			continue;
		quorum_address(m, address, sizeof(address));
		f = finding_add(&s->s, NOTE, "the etcd member %s (%s) is of no control plane that the API knows",
			m->name, address);
		finding_why(f, "it counts for the quorum as long as it is in the list");
		finding_remedy(f, "once the keys are taken, 'kubewright repair' removes it if etcd keeps its quorum");
	}
	for (size_t i = 0; s->etcd->count && i < inv->host_count; i++)
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE &&
			quorum_find(s->etcd, inv->hosts[i].address, inv->hosts[i].name) < 0) {
			f = finding_add(&s->s, NOTE, "the control plane %s has no etcd member", inv->hosts[i].name);
			finding_remedy(
				f, "once the keys are taken, 'kubewright rejoin %s' gives it one", inv->hosts[i].name);
		}
}

void adopt_etcd_health(const struct adopt_scope *s)
{
	struct quorum q = quorum_count(s->etcd);
	struct str sum = STR_INIT;

	quorum_view_words(s->etcd, &sum);
	for (int i = 0; i < s->etcd->count; i++) {
		const struct net_etcd_member *m = &s->etcd->list[i];
		struct finding *f;

		if (quorum_healthy(s->etcd, i) && !m->learner)
			continue;
		f = finding_add(
			&s->s, NOTE, "the etcd member %s: %s", *m->name ? m->name : m->id, quorum_state(s->etcd, i));
		finding_why(f, "%s%s", sum.buf,
			quorum_tolerates(&q) ? "" : ": no change of a control plane is safe until it is back");
		finding_remedy(f,
			"once the keys are taken, 'kubewright status' shows more and 'kubewright rejoin' replaces it");
	}
	str_release(&sum);
}

void adopt_etcd_alarms(const struct adopt_scope *s)
{
	for (int i = 0; i < s->alarms->count; i++) {
		struct finding *f = finding_add(&s->s, NOTE, "etcd has raised the alarm %s (%s)",
			s->alarms->list[i].name, space_member(s->etcd, &s->alarms->list[i]));

		finding_remedy(
			f, "NOSPACE: 'kubewright etcd defrag', then 'kubewright etcd disarm', once the keys are taken");
	}
}
