/* The status in words, a line each: for the command line and the wizard's Dashboard alike. */
#include "cli/run.h"

#include "base/clock.h"
#include "cluster/snapshots.h"
#include "inventory/inventory.h"

enum cli_color status_api_words(const struct cli_run *r, const struct status *s, struct str *out)
{
	const struct world *w = &r->world;

	if (w->seen.cluster.exists) {
		str_addf(out, "Kubernetes %s; the API server answers (asked through %s)", w->seen.cluster.version,
			w->decided.lead >= 0 ? r->inventory->hosts[w->decided.lead].name : "a control plane");
		return CLI_PLAIN;
	}
	/* it says where it cannot look */
	if (s->unseen) {
		str_add(out, s->unseen);
		return CLI_YELLOW;
	}
	if (s->installed) {
		str_add(out, "no API server answers on the control planes that were reached");
		return CLI_RED;
	}
	if (s->unreachable == r->chosen_count) {
		str_add(out, "no host could be reached");
		return CLI_RED;
	}
	str_add(out, "not installed yet; 'kubewright apply' does it");
	return CLI_PLAIN;
}

enum cli_color status_etcd_words(const struct status *s, struct str *out)
{
	unsigned quorum = quorum_needed(s->voters);
	enum cli_color color = CLI_PLAIN;

	if (!s->voters && s->unseen) {
		str_add(out, "cannot be asked either");
		return CLI_YELLOW;
	}
	if (!s->voters) {
		if (s->installed)
			str_add(out, "no member answers on the control planes that were reached");
		return CLI_RED;
	}
	str_addf(out, "%u voter%s", s->voters, s->voters == 1 ? "" : "s");
	if (s->voters_up < s->voters) {
		str_addf(out, ", %u %s", s->voters_up, s->all_members ? "up" : "seen");
		color = s->all_members ? CLI_RED : CLI_YELLOW;
	}
	if (s->voters_up >= quorum) {
		str_addf(out, "; quorum %u, tolerates %u lost", quorum, s->voters_up - quorum);
	} else if (s->all_members) {
		str_addf(out, "; quorum %u is lost: nothing can be written", quorum);
		color = CLI_RED;
	} else {
		str_addf(out, "; fewer than the quorum of %u were seen", quorum);
	}
	if (s->voters % 2 == 0)
		str_addf(out, " (no better than %u voters)", s->voters - 1);
	if (s->unstarted)
		str_addf(out, "; %u never started", s->unstarted);
	if (s->learners)
		str_addf(out, "; %u learner%s", s->learners, s->learners == 1 ? "" : "s");
	return color;
}

enum cli_color status_vip_words(const struct cli_run *r, const struct status *s, struct str *out)
{
	const char *vip = r->inventory->endpoint.vip;

	if (!vip || !s->installed)
		return CLI_PLAIN;
	if (s->vip_holders == 1) {
		str_addf(out, "%s held by %s", vip, s->vip_holder);
		return CLI_PLAIN;
	}
	if (s->vip_holders == 0) {
		str_addf(out, "%s not held by any control plane that was reached", vip);
		return CLI_YELLOW;
	}
	str_addf(out, "%s held by %u control planes at once; is VRRP blocked between them?", vip, s->vip_holders);
	return CLI_RED;
}

bool status_snapshot_words(const struct cli_run *r, size_t host, struct str *out)
{
	const struct cluster_host *h = &r->world.seen.hosts[host];
	struct snapshot_file newest;
	char age[24];

	if (!snapshots_period_s(r->inventory) || !h->probed ||
		r->inventory->hosts[host].role != INVENTORY_CONTROL_PLANE)
		return false;
	if (!snapshots_newest(h, &newest))
		return str_add(out, "none yet"), true;
	snapshots_age(clock_wall_ms() / 1000 - newest.taken_s, age, sizeof(age));
	str_addf(out, "%s old, %.1f MiB", age, (double)newest.size / 1048576);
	return true;
}
