/* The system below Kubernetes: names, swap, modules, sysctls. */
#include "steps/run/want.h"

#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"

static const struct item rows[] = {
	{ .kind = ITEM_MODULE, .key = "overlay", .want = "loaded" },
	{ .kind = ITEM_MODULE, .key = "br_netfilter", .want = "loaded" },
	{ .kind = ITEM_SYSCTL, .key = "net.ipv4.ip_forward", .want = "1" },
	{ .kind = ITEM_SYSCTL, .key = "net.bridge.bridge-nf-call-iptables", .want = "1", .later = true },
	{ .kind = ITEM_SYSCTL, .key = "net.bridge.bridge-nf-call-ip6tables", .want = "1", .later = true },
};

static void os_items(const struct world *w, int host, struct items *out)
{
	const struct inventory_host *h = &w->wish.inventory->hosts[host];

	items_add(out, (struct item){ .kind = ITEM_NAME, .key = h->name, .want = h->address });
	/* the kubelet starts beside swap only when its configuration says so */
	if (!inventory_keeps_swap(w->wish.inventory))
		items_add(out, (struct item){ .kind = ITEM_SWAP, .key = "-", .want = "off", .from = "kubelet.config" });
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		items_add(out, rows[i]);
}

const struct want_part want_os = { "os", os_items, { host_script_trees, host_script_os },
	"pod traffic is routed by this host and seen by its packet filter", "containers and bridged pod traffic" };

enum step_verdict os_check(struct task *t, struct error *why)
{
	return want_check(t, "os", why);
}

int os_apply(struct task *t, struct error *err)
{
	return want_apply(t, "os", NULL, 0, NULL, err);
}
