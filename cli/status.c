/* kubewright status: what the hosts, the API and etcd said, folded into what an operator asks first. */
#include "cli/run.h"

#include "base/clock.h"
#include "cluster/health.h"
#include "cluster/place.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <limits.h>
#include <string.h>

static int days_left(const char *pem)
{
	return health_days_left(pem, clock_wall_ms() / 1000);
}

/* CAs are the cluster's, and shown apart. */
static bool is_ca(const char *path)
{
	size_t n = strlen(path);

	return n >= 6 && strcmp(path + n - 6, "ca.crt") == 0;
}

int status_days(const struct cli_run *r, size_t host, const char **path)
{
	const struct remote_answer *a = &r->world.seen.hosts[host].facts;
	int left = days_left(cluster_fact(&r->world.seen.hosts[host], "kubelet_cert"));

	*path = "/var/lib/kubelet/pki";
	for (size_t i = 0; i < a->count; i++) {
		const char *file = a->lines[i].word + 5;
		int days;

		/* the kubelet's own is the one that is current */
		if (strncmp(a->lines[i].word, "cert.", 5) != 0 || is_ca(file) ||
			strcmp(file, "/etc/kubernetes/kubelet.conf") == 0)
			continue;
		days = days_left(a->lines[i].value);
		if (days != INT_MIN && (left == INT_MIN || days < left)) {
			left = days;
			*path = file;
		}
	}
	return left;
}

void status_pods(const struct cli_run *r, size_t host, unsigned *up, unsigned *all)
{
	const struct cluster_node *n = cluster_find_node(&r->world.seen.cluster, r->inventory->hosts[host].name);

	*up = *all = 0;
	/* the API shows more than a host's ports do */
	if (r->world.seen.cluster.pods.asked && n) {
		*up = n->pods_ready;
		*all = n->pods;
		return;
	}
	for (size_t i = 0; i < STATIC_PODS; i++) {
		const char *state = cluster_factf(&r->world.seen.hosts[host], "pod.%s", static_pods[i].name);

		*all += *state != '\0';
		*up += strncmp(state, "up", 2) == 0;
	}
}

const char *status_node(const struct cli_run *r, size_t host, bool *well)
{
	static const struct {
		const char *condition, *words;
	} troubles[] = { { "DiskPressure", "Ready,DiskPressure" }, { "MemoryPressure", "Ready,MemPressure" },
		{ "PIDPressure", "Ready,PIDPressure" }, { "NetworkUnavailable", "Ready,NoNetwork" } };
	const struct cluster_node *n;

	if (well)
		*well = false;
	if (!r->world.seen.cluster.exists)
		return r->world.seen.hosts[host].probed &&
				       !strstr(cluster_fact(&r->world.seen.hosts[host], "have"), "kubelet-conf")
			       ? "none"
			       : "unknown";
	n = cluster_find_node(&r->world.seen.cluster, r->inventory->hosts[host].name);
	if (!n)
		return "absent";
	if (n->unschedulable)
		return n->ready ? "Ready,cordoned" : "NotReady,cordoned";
	for (size_t i = 0; n->ready && i < sizeof(troubles) / sizeof(troubles[0]); i++)
		if (cluster_node_is(n, troubles[i].condition))
			return troubles[i].words;
	if (well)
		*well = n->ready;
	return n->ready ? "Ready" : "NotReady";
}

const char *status_member(const struct cli_run *r, size_t host, bool *well)
{
	const struct quorum_view *v = &r->world.seen.cluster.etcd;
	bool lacks = v->count && r->inventory->hosts[host].role == INVENTORY_CONTROL_PLANE;

	for (int i = 0; i < v->count; i++)
		if (quorum_member_at(&v->list[i], r->inventory->hosts[host].address)) {
			if (well)
				*well = v->list[i].name[0] && !v->list[i].learner && quorum_healthy(v, i);
			return quorum_state(v, i);
		}
	if (well)
		*well = !lacks;
	return lacks ? "no member" : "";
}

static void fold_members(const struct cli_run *r, struct status *s)
{
	const struct quorum_view *v = &r->world.seen.cluster.etcd;
	struct quorum q = quorum_count(v);

	s->voters = q.voters;
	s->voters_up = q.healthy;
	s->all_members = s->all_control_planes && !quorum_unseen(v);
	s->learners = (unsigned)v->count - q.voters;
	for (int i = 0; i < v->count; i++)
		s->unstarted += !v->list[i].learner && !v->list[i].name[0];
}

static void fold_host(const struct cli_run *r, size_t i, struct status *s)
{
	const struct cluster_host *h = &r->world.seen.hosts[i];
	bool control_plane = r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE, well;

	if (control_plane && !h->probed)
		s->all_control_planes = false;
	if (*h->unseen && !s->unseen)
		s->unseen = h->unseen;
	if (!r->chosen[i])
		return;
	if (!h->probed)
		s->unreachable++;
	if (h->probed && (strstr(cluster_fact(h, "have"), "kubelet-conf") ||
				 strstr(cluster_fact(h, "have"), "apiserver-manifest")))
		s->installed = true;
	status_node(r, i, &well);
	if (!h->probed || !well)
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
	s->installed = r->world.seen.cluster.exists;
	for (size_t i = 0; i < r->inventory->host_count; i++)
		fold_host(r, i, s);
	fold_members(r, s);
	s->ca_days = r->world.pki.store ? days_left(pki_store_pem(r->world.pki.store, PKI_CA_CRT)) : INT_MIN;
}

int status_exit(const struct cli_run *r, const struct status *s)
{
	bool vip_wrong = r->inventory->endpoint.vip && s->all_control_planes && s->vip_holders != 1;

	if (r->world.seen.cluster.exists)
		return s->not_ready || vip_wrong || r->world.decided.refusal ? CLI_EXIT_HOSTS_LEFT : 0;
	if (s->unreachable)
		return error_exit_code(ERROR_CONNECT);
	if (s->unseen)
		return error_exit_code(ERROR_BLOCKED);
	return s->installed ? error_exit_code(ERROR_COMMAND) : 0;
}

int cli_status(const struct cli_options *o)
{
	struct health health;
	struct status s;
	struct cli_run r;
	int status = cli_look(&r, KIND_STATUS, o);

	if (status)
		return status;
	health_fold(&r, &health);
	status_fold(&r, &s);
	if (o->json)
		cli_json_print(status_json(&r, &s, &health));
	else
		status_print(&r, &s, &health);
	status = status_exit(&r, &s);
	/* what is broken and stops nothing yet still shows in the exit status */
	if (status == 0 && health.errors)
		status = CLI_EXIT_HOSTS_LEFT;
	health_release(&health);
	cli_run_release(&r);
	return status;
}
