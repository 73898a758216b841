/* kubewright status: what the hosts, the API and etcd said, folded into what an operator asks first. */
#include "cli/run.h"

#include "base/clock.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <limits.h>
#include <string.h>

#define DAY_S 86400

static int days_left(const char *pem)
{
	struct pki_cert_info info;

	if (!pem || !*pem || pki_cert_info(pem, strlen(pem), &info, NULL))
		return INT_MIN;
	return (int)((info.not_after - clock_wall_ms() / 1000) / DAY_S);
}

int status_kubelet_days(const struct cli_run *r, size_t host)
{
	return days_left(cluster_fact(&r->world.hosts[host], "kubelet_cert"));
}

const char *status_node(const struct cli_run *r, size_t host)
{
	const struct cluster_node *n;

	if (!r->world.cluster.exists)
		return r->world.hosts[host].probed &&
				       !strstr(cluster_fact(&r->world.hosts[host], "have"), "kubelet-conf")
			       ? "none"
			       : "unknown";
	n = cluster_find_node(&r->world.cluster, r->inventory->hosts[host].name);
	if (!n)
		return "absent";
	if (n->unschedulable)
		return n->ready ? "Ready,cordoned" : "NotReady,cordoned";
	return n->ready ? "Ready" : "NotReady";
}

/* Whether a port is in the fact `listen`, a list of numbers. */
static bool listens(const struct cluster_host *h, const char *port)
{
	const char *list = cluster_fact(h, "listen");
	size_t n = strlen(port);

	for (const char *p = list; (p = strstr(p, port)) != NULL; p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

static void fold_members(const struct cli_run *r, struct status *s)
{
	const struct cluster_state *c = &r->world.cluster;

	for (size_t i = 0; i < c->member_count; i++) {
		const struct cluster_member *m = &c->members[i];
		const struct inventory_host *h = inventory_find(r->inventory, m->name);

		if (m->learner) {
			s->learners++;
			continue;
		}
		s->voters++;
		s->unstarted += !m->started;
		if (h && listens(&r->world.hosts[h - r->inventory->hosts], "2379"))
			s->voters_up++;
	}
}

static void fold_host(const struct cli_run *r, size_t i, struct status *s)
{
	const struct cluster_host *h = &r->world.hosts[i];
	bool control_plane = r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE;

	if (control_plane && !h->probed)
		s->all_control_planes = false;
	if (!r->chosen[i])
		return;
	if (!h->probed)
		s->unreachable++;
	if (h->probed && (strstr(cluster_fact(h, "have"), "kubelet-conf") ||
				 strstr(cluster_fact(h, "have"), "apiserver-manifest")))
		s->installed = true;
	if (!h->probed || strcmp(status_node(r, i), "Ready") != 0)
		s->not_ready++;
	if (cluster_fact_is(h, "vip_held", "yes")) {
		s->vip_holder = r->inventory->hosts[i].name;
		s->vip_holders++;
	}
}

void status_fold(const struct cli_run *r, struct status *s)
{
	memset(s, 0, sizeof(*s));
	s->all_control_planes = true;
	s->installed = r->world.cluster.exists;
	for (size_t i = 0; i < r->inventory->host_count; i++)
		fold_host(r, i, s);
	fold_members(r, s);
	s->ca_days = r->world.store ? days_left(pki_store_pem(r->world.store, PKI_CA_CRT)) : INT_MIN;
}

int status_exit(const struct cli_run *r, const struct status *s)
{
	bool vip_wrong = r->inventory->endpoint.vip && s->all_control_planes && s->vip_holders != 1;

	if (r->world.cluster.exists)
		return s->not_ready || vip_wrong || r->world.decision ? CLI_EXIT_HOSTS_LEFT : 0;
	if (s->unreachable)
		return error_exit_code(ERROR_CONNECT);
	return s->installed ? error_exit_code(ERROR_COMMAND) : 0;
}

int cli_status(const struct cli_options *o)
{
	const struct cli_run_kind kind = {
		.command = "status", .steps = plan_status, .step_count = plan_status_count, .needs_keys = true
	};
	struct status s;
	struct cli_run r;
	int status = cli_look(&r, &kind, o, NULL, NULL);

	if (status)
		return status;
	status_fold(&r, &s);
	if (o->json)
		status_print_json(&r, &s);
	else
		status_print(&r, &s);
	status = status_exit(&r, &s);
	cli_run_release(&r);
	return status;
}
