/* keepalived: unicast, one virtual router id made from the address, and a check of the API server on this host. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host_scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const endpoint_words[] = { "vip_held", "sum.*", "mode.*", "unit.*", "record.*", "error", "hint",
	NULL };

/* Asked once a second on this host; packages.c brings curl. Open to everyone unless the operator closes anonymous access. */
static const char check_script[] =
	"#!/bin/sh\n"
	"# kubewright: is the API server of this host ready?\n"
	"exec curl --silent --fail --output /dev/null --noproxy '*' --max-time 2 --cacert /etc/kubernetes/pki/ca.crt "
	"https://127.0.0.1:6443/readyz\n";

/* A control plane that leaves has its part until it is out of the cluster. */
static bool takes_part(const struct world *w, int host)
{
	const struct inventory_host *h = &w->inventory->hosts[host];
	const struct cluster_node *node = world_leaves(w, host) ? cluster_find_node(&w->cluster, h->name) : NULL;

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
	bool init =
		host == w->init_host && (!w->cluster.exists || cluster_fact_is(&w->hosts[host], "record.init", "yes"));
	int place = 0;

	for (int i = 0; i < host; i++)
		place += takes_part(w, i);
	return 140 - place + (init ? 10 : 0);
}

static void keepalived_conf(const struct world *w, int host, struct str *out)
{
	const struct inventory *inv = w->inventory;
	const char *vip = inv->endpoint.vip, *last = strrchr(vip, '.');
	const char *interface =
		inv->endpoint.interface ? inv->endpoint.interface : cluster_fact(&w->hosts[host], "address_iface");
	int vrid = last ? atoi(last + 1) : 51;

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
		"}\n"
		"vrrp_instance kubernetes {\n"
		"  state BACKUP\n"
		"  interface %s\n"
		"  virtual_router_id %d\n"
		"  priority %d\n"
		"  advert_int 1\n"
		"  unicast_src_ip %s\n"
		"  check_unicast_src\n"
		"  unicast_peer {\n",
		inv->hosts[host].name, interface, vrid > 0 && vrid < 256 ? vrid : 51, priority(w, host),
		inv->hosts[host].address);
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

static void endpoint_files(struct task *t, struct managed_files *f)
{
	struct str conf = STR_INIT;

	keepalived_conf(world_of(t), task_host(t), &conf);
	managed_add(f, "/etc/keepalived/keepalived.conf", 0644, false, conf.buf, conf.len);
	managed_add(f, "/etc/keepalived/kubewright-check", 0755, false, check_script, sizeof(check_script) - 1);
	str_release(&conf);
}

enum step_verdict endpoint_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_host *h = world_facts(t);
	struct managed_files files = { .count = 0 };
	const char *which = NULL;
	bool same;

	/* where hosts are removed nothing is installed: only what is there is adjusted */
	if (!w->inventory->endpoint.vip || world_removes(w, task_host(t)) || (w->leave && !world_installed(h)))
		return STEP_NOT_HERE;
	endpoint_files(t, &files);
	same = managed_check(t, &files, &which);
	managed_release(&files);
	if (!same)
		return step_needed(why, EVIDENCE_FILE, which, "writes %s", which);
	if (!cluster_fact_is(h, "unit.keepalived", "active"))
		return step_needed(why, EVIDENCE_UNIT, "keepalived", "starts keepalived");
	if (managed_stale(h, "keepalived"))
		return step_needed(why, EVIDENCE_UNIT_STALE, "keepalived",
			"reloads keepalived, which runs with an older configuration");
	return STEP_DONE;
}

int endpoint_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct managed_files files = { .count = 0 };
	const struct remote_param *file_params;
	struct remote_param params[12] = { { "vip", w->inventory->endpoint.vip } };
	struct remote_answer answer = { 0 };
	size_t n;
	int rc;

	/* kubeadm init on the first host may need the address; later the healthiest host has it */
	task_lock(t);
	params[1] =
		(struct remote_param){ "want_vip", !w->cluster.exists && task_host(t) == w->init_host ? "yes" : "no" };
	task_unlock(t);

	endpoint_files(t, &files);
	n = managed_params(&files, &file_params);
	memcpy(params + 2, file_params, n * sizeof(*params));
	rc = world_script(
		t, "endpoint", host_script_endpoint, params, n + 2, endpoint_words, &answer, SCRIPT_CHANGE_MS, err);
	if (rc == 0) {
		world_learn(t, &answer);
		rc = world_verified(t, endpoint_check, err);
	}
	remote_answer_release(&answer);
	managed_release(&files);
	return rc;
}
