/* keepalived: unicast, one virtual router id made from the address, and a check of the API server on this host. */
#include "steps/run/want.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Asked once a second on this host; packages.c brings curl. Open to everyone unless the operator closes anonymous access. */
static const char check_script[] =
	"#!/bin/sh\n"
	"# kubewright: is the API server of this host ready, and left alone?\n"
	"# A change that restarts it says so by its process (vip_aside): the address goes to another control plane before.\n"
	"if read -r pid 2>/dev/null </run/kubewright/vip-aside && kill -0 \"$pid\" 2>/dev/null; then exit 1; fi\n"
	"exec curl --silent --fail --output /dev/null --noproxy '*' --max-time 2 --cacert /etc/kubernetes/pki/ca.crt "
	"https://127.0.0.1:6443/readyz\n";

/* A control plane that leaves has its part until it is out of the cluster. */
static bool takes_part(const struct world *w, int host)
{
	const struct inventory_host *h = &w->wish.inventory->hosts[host];
	const struct cluster_node *node = world_leaves(w, host) ? cluster_find_node(&w->seen.cluster, h->name) : NULL;

	if (node && node->control_plane)
		return true;
	return h->role == INVENTORY_CONTROL_PLANE && !world_removes(w, host);
}

/*
 * The priority falls with the control plane's place in the inventory; the host that runs init, or ran it by its own record, comes first: it must hold the
 * address before there is an API server anywhere. Nothing that differs from run to run counts.
 */
static int priority(const struct world *w, int host)
{
	bool init = host == w->decided.init_host &&
		    (!w->seen.cluster.exists || cluster_fact_is(&w->seen.hosts[host], "record.init", "yes"));
	int place = 0;

	for (int i = 0; i < host; i++)
		place += takes_part(w, i);
	return 140 - place + (init ? 10 : 0);
}

static void vrrp_instance(const struct world *w, int host, const char *name, const char *vip, struct str *out)
{
	const struct inventory *inv = w->wish.inventory;
	const char *last = strrchr(vip, '.');
	const char *interface =
		inv->endpoint.interface ? inv->endpoint.interface : cluster_fact(&w->seen.hosts[host], "address_iface");
	int vrid = last ? atoi(last + 1) : 51;

	str_addf(out,
		"vrrp_instance %s {\n"
		"  state BACKUP\n"
		"  interface %s\n"
		"  virtual_router_id %d\n"
		"  priority %d\n"
		"  advert_int 1\n"
		"  unicast_src_ip %s\n"
		"  check_unicast_src\n"
		"  unicast_peer {\n",
		name, interface, vrid > 0 && vrid < 256 ? vrid : 51, priority(w, host), inv->hosts[host].address);
	for (size_t i = 0; i < inv->host_count; i++)
		if ((int)i != host && takes_part(w, (int)i))
			str_addf(out, "    %s\n", inv->hosts[i].address);
	str_addf(out,
		"  }\n"
		"  virtual_ipaddress {\n"
		"    %s/32\n"
		"  }\n"
		"  track_script {\n"
		"    apiserver\n"
		"  }\n"
		"}\n",
		vip);
}

/* before: the virtual IP that the cluster goes by as yet; "": none. */
static void keepalived_conf(const struct world *w, int host, const char *before, struct str *out)
{
	str_addf(out,
		"# Written by kubewright.\n"
		"global_defs {\n"
		"  router_id %s\n"
		"  enable_script_security\n"
		"  script_user root\n"
		"  vrrp_garp_master_refresh 30\n"
		"}\n"
		"vrrp_script apiserver {\n"
		"  script \"/etc/keepalived/kubewright-check\"\n"
		"  interval 1\n"
		"  timeout 2\n"
		"  fall 2\n"
		"  rise 1\n"
		"  weight -60\n"
		"}\n",
		w->wish.inventory->hosts[host].name);
	if (w->wish.inventory->endpoint.vip)
		vrrp_instance(w, host, "kubernetes", w->wish.inventory->endpoint.vip, out);
	if (*before)
		vrrp_instance(w, host, "kubernetes_before", before, out);
}

static void endpoint_items(const struct world *w, int host, struct items *out)
{
	char before[64];
	bool here = w->wish.inventory->hosts[host].role == INVENTORY_CONTROL_PLANE &&
		    (endpoint_earlier_vip(w, before) || w->wish.inventory->endpoint.vip);
	struct item row = { .kind = ITEM_FILE, .reader = "keepalived", .reload = true, .from = "endpoint.vip" };
	struct str conf = STR_INIT;

	if (here)
		keepalived_conf(w, host, before, &conf);
	row.key = "/etc/keepalived/keepalived.conf";
	row.mode = 0644;
	row.want = here ? conf.buf : NULL;
	items_add(out, row);
	row.key = "/etc/keepalived/kubewright-check";
	row.mode = 0755;
	row.want = here ? check_script : NULL;
	items_add(out, row);
	str_release(&conf);
}

const struct want_part want_endpoint = { "endpoint", endpoint_items, { host_script_endpoint }, NULL, NULL };

/*
 * The virtual IP goes when the cluster goes by its other endpoint: kubelets and kube-proxy would lose the API server with it. A cluster of which nobody knows
 * keeps it, and so does one whose address no control plane holds at the moment. -1: not yet.
 */
static int still_used(const struct world *w, struct error *why)
{
	const char *own = inventory_endpoint(w->wish.inventory);
	struct json *living;
	char at[256];

	if (!w->seen.cluster.exists || endpoint_earlier_vip(w, at))
		return 0;
	living = kubeadm_living_config(w);
	snprintf(at, sizeof(at), "%s", json_get_str(living, "controlPlaneEndpoint", ""));
	at[strcspn(at, ":")] = '\0';
	if (living && (!*at || strcmp(at, own) == 0))
		return json_free(living), 0;
	if (living)
		error_set(why, ERROR_INVENTORY,
			"the cluster's endpoint is still %s, which no control plane holds that could be looked at", at);
	else
		error_set(why, ERROR_INVENTORY,
			"this control plane would give up the virtual IP, and the ConfigMap kubeadm-config does not "
			"say what the cluster's endpoint is");
	json_free(living);
	return error_hint(why, "set endpoint.vip again, mend that, and move to %s then", own);
}

enum step_verdict endpoint_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	enum step_verdict verdict;
	int rc;

	/* where hosts are removed nothing is installed: only what is there is adjusted */
	if (world_removes(w, task_host(t)) || (w->wish.leave && !world_installed(world_facts(t))))
		return STEP_NOT_HERE;
	verdict = want_check(t, "endpoint", why);
	if (w->wish.inventory->endpoint.vip || verdict == STEP_IMPOSSIBLE)
		return verdict;
	/* what is left of it is in use as yet, or none was ever there */
	if (verdict == STEP_DONE)
		return STEP_NOT_HERE;
	task_lock(t);
	rc = still_used(w, why);
	task_unlock(t);
	return rc ? STEP_IMPOSSIBLE : STEP_NEEDED;
}

int endpoint_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct remote_param params[2] = { { "vip", w->wish.inventory->endpoint.vip } };

	/* kubeadm init on the first host may need the address; later the healthiest host has it */
	task_lock(t);
	params[1] = (struct remote_param){ "want_vip",
		!w->seen.cluster.exists && task_host(t) == w->decided.init_host ? "yes" : "no" };
	task_unlock(t);
	return want_apply(t, "endpoint", params, 2, NULL, err);
}
