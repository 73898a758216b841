/* Each control plane saves its etcd member's data by itself: a script, a unit and a timer. */
#include "steps/run/want.h"

#include "base/str.h"
#include "cluster/snapshots.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"

#define UNIT "kubewright-etcd-snapshot"
/* So much later than the one before it a control plane takes its turn, of the period. */
#define TURNS 5

/* Two control planes should not have the same turn; those added at the end change nobody's. */
static int turn_min(const struct world *w, int host, int period_min)
{
	int place = 0;

	for (int i = 0; i < host; i++)
		place += w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE;
	return place * (period_min / TURNS) % period_min;
}

static void service(const struct inventory *inv, struct str *out)
{
	str_addf(out,
		"# Written by kubewright.\n"
		"[Unit]\n"
		"Description=Snapshot of etcd, by kubewright\n"
		"After=containerd.service kubelet.service\n"
		"[Service]\n"
		"Type=oneshot\n"
		"ExecStart=/bin/sh /etc/kubewright/etcd-snapshot %s %s %d %d\n"
		"UMask=0077\n"
		"Nice=19\n"
		"IOSchedulingClass=idle\n"
		"TimeoutStartSec=%d\n",
		inv->cluster, inv->etcd.snapshots.folder, inv->etcd.snapshots.keep, inv->etcd.snapshots.keep_days,
		SNAPSHOT_LIMIT_S);
}

/* All periods divide a day, and a day in UTC has no hour twice. */
static void timer(const struct world *w, int host, struct str *out)
{
	int period = (int)(snapshots_period_s(w->wish.inventory) / 60), turn = turn_min(w, host, period);

	str_add(out, "# Written by kubewright.\n"
		     "[Unit]\n"
		     "Description=Snapshots of etcd, by kubewright\n"
		     "[Timer]\n"
		     "OnCalendar=*-*-* ");
	if (period < 60)
		str_addf(out, "*:%02d/%d", turn, period);
	else if (period == 60)
		str_addf(out, "*:%02d", turn);
	else if (period < 24 * 60)
		str_addf(out, "%02d/%d:%02d", turn / 60, period / 60, turn % 60);
	else
		str_addf(out, "%02d:%02d", turn / 60, turn % 60);
	str_add(out, ":00 UTC\n"
		     "RandomizedDelaySec=60\n"
		     "Persistent=true\n"
		     "[Install]\n"
		     "WantedBy=timers.target\n");
}

static void snapshots_items(const struct world *w, int host, struct items *out)
{
	struct item row = { .kind = ITEM_FILE, .mode = 0644, .reader = UNIT ".timer", .from = "etcd.snapshots" };
	const struct inventory *inv = w->wish.inventory;
	struct str text = STR_INIT;

	if (inv->hosts[host].role != INVENTORY_CONTROL_PLANE || !snapshots_period_s(inv))
		return;
	row.key = "/etc/kubewright/etcd-snapshot";
	row.want = host_script_etcd_snapshot;
	items_add(out, row);
	service(inv, &text);
	row.key = "/etc/systemd/system/" UNIT ".service";
	row.want = text.buf;
	items_add(out, row);
	str_clear(&text);
	timer(w, host, &text);
	row.key = "/etc/systemd/system/" UNIT ".timer";
	row.want = text.buf;
	items_add(out, row);
	str_release(&text);
}

const struct want_part want_snapshots = { "snapshots", snapshots_items, { NULL }, NULL, NULL };

enum step_verdict snapshots_check(struct task *t, struct error *why)
{
	enum step_verdict verdict = want_check(t, "snapshots", why);

	return verdict == STEP_DONE ? approver_check(t, why) : verdict;
}

int snapshots_apply(struct task *t, struct error *err)
{
	struct error why = { 0 };

	if (want_check(t, "snapshots", &why) != STEP_DONE && want_apply(t, "snapshots", NULL, 0, NULL, err))
		return -1;
	/* the approver where none is wanted any more; else it had its turn */
	return approver_check(t, &why) == STEP_DONE ? 0 : approver_apply(t, err);
}
