/* Health of one host: units, the kubelet's files, the kernel. */
#include "cluster/health_private.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

static struct finding *unit_down(const struct health_scope *h, const char *unit)
{
	const char *state = cluster_factf(h->s.h, "unit.%s", unit);
	const char *enabled = cluster_factf(h->s.h, "enabled.%s", unit);
	struct finding *f;

	/* what is not installed is apply's business, and what was not said is not known */
	if (!h->installed || !*state || strcmp(state, "active") == 0 || strcmp(state, "absent") == 0)
		return NULL;
	f = finding_add(&h->s, FINDING_ERROR, "%s.service is %s%s", unit,
		strcmp(state, "activating") == 0 ? "failing and being restarted" : state,
		strcmp(enabled, "masked") == 0 ? ", and masked" : "");
	health_act(f, "unit %s", unit);
	return f;
}

void health_containerd_down(const struct health_scope *h)
{
	struct finding *f = unit_down(h, "containerd");

	if (!f)
		return;
	finding_why(f, "no container of this host can be started or managed");
	finding_remedy(f, "repair writes its configuration again if it was changed, and starts it");
	health_explain(h, f, "containerd");
}

void health_kubelet_down(const struct health_scope *h)
{
	struct finding *f = unit_down(h, "kubelet");

	if (!f)
		return;
	finding_why(f, "nothing manages the Pods of this host, and the Node becomes NotReady");
	finding_remedy(f, "repair starts it");
	health_explain(h, f, "kubelet");
	if (health_kubelet_expired(h)) {
		finding_why(f, "its client certificate has expired, so it cannot start");
		finding_remedy(f, "repair renews the certificate and starts it");
	}
}

void health_keepalived_down(const struct health_scope *h)
{
	struct finding *f = NULL;

	if (h->s.inv->endpoint.vip && health_control_plane(h))
		f = unit_down(h, "keepalived");
	if (!f)
		return;
	finding_why(f, "this control plane cannot take the virtual IP");
	finding_remedy(f, "repair writes its configuration again if it was changed, and starts it");
	health_explain(h, f, "keepalived");
}

void health_unit_not_enabled(const struct health_scope *h)
{
	static const char *const units[] = { "containerd", "kubelet", "keepalived" };

	for (size_t i = 0; h->installed && i < sizeof(units) / sizeof(units[0]); i++) {
		const char *enabled = cluster_factf(h->s.h, "enabled.%s", units[i]);
		struct finding *f;

		if (strcmp(units[i], "keepalived") == 0 && (!h->s.inv->endpoint.vip || !health_control_plane(h)))
			continue;
		if (!health_unit_up(h, units[i]) ||
			(strcmp(enabled, "disabled") != 0 && strcmp(enabled, "masked") != 0 &&
				strcmp(enabled, "masked-runtime") != 0))
			continue;
		f = finding_add(&h->s, FINDING_WARNING, "%s.service runs but is %s", units[i], enabled);
		finding_why(f, "it will not start at the next boot");
		finding_remedy(f, "repair enables it");
		health_act(f, "unit %s", units[i]);
	}
}

void health_reboot_pending(const struct health_scope *h)
{
	const char *reasons = cluster_fact(h->s.h, "reboot");
	struct finding *f;

	if (!h->installed || !*reasons)
		return;
	f = finding_add(&h->s, FINDING_WARNING, "a reboot is pending: %.*s", (int)strcspn(reasons, "\n"), reasons);
	finding_why(f, "what was installed runs from the next boot on");
	finding_remedy(
		f, "'kubewright reboot %s' evicts its pods, restarts it and waits until it is back", h->s.host->name);
}

void health_ip_forward_off(const struct health_scope *h)
{
	struct finding *f;

	if (!h->installed || !cluster_fact_is(h->s.h, "sysctl.net.ipv4.ip_forward", "0"))
		return;
	f = finding_add(&h->s, FINDING_ERROR, "net.ipv4.ip_forward is 0");
	finding_why(f, "pods on this host and on other hosts cannot reach each other");
	finding_remedy(f, "repair sets it to 1");
}

void health_half_done(const struct health_scope *h)
{
	static const char *const jobs[] = { "init", "join" };

	for (size_t i = 0; i < 2; i++) {
		const char *record = cluster_factf(h->s.h, "job.%s", jobs[i]);
		struct finding *f;

		if (!*record || strncmp(record, "running", 7) == 0 || strncmp(record, "done 0 ", 7) == 0)
			continue;
		f = finding_add(&h->s, FINDING_ERROR, "kubeadm %s %s", jobs[i],
			strncmp(record, "died", 4) == 0 ? "was interrupted" : "failed");
		finding_why(f, "this host is only partly in the cluster, or not at all");
		finding_remedy(f, "repair undoes what is there and runs it again, as apply does");
	}
}

void health_kubelet_conf(const struct health_scope *h)
{
	const char *have = cluster_fact(h->s.h, "have"), *cert = cluster_fact(h->s.h, "kubelet_cert");
	bool conf = finding_has_word(have, "kubelet-conf");
	struct finding *f;

	if (!h->installed || (conf && *cert && *cluster_fact(h->s.h, "kubelet_server")))
		return;
	f = finding_add(&h->s, FINDING_ERROR, "%s",
		!conf   ? "/etc/kubernetes/kubelet.conf is missing"
		: *cert ? "/etc/kubernetes/kubelet.conf names no API server"
			: "the kubelet's client certificate is missing or unreadable");
	finding_why(f, "the kubelet cannot connect to the API server, at its next start at the latest");
	finding_remedy(f, "repair makes a new kubelet.conf with the cluster's CA");
	health_act(f, "kubelet-conf");
}

static const char *const kubelet_files[] = { "/var/lib/kubelet/config.yaml", "/var/lib/kubelet/instance-config.yaml",
	"/var/lib/kubelet/kubeadm-flags.env" };

void health_kubelet_files(const struct health_scope *h)
{
	for (size_t i = 0; h->installed && i < 3; i++) {
		const char *state = cluster_factf(h->s.h, "kept.%s", kubelet_files[i]);
		struct finding *f;

		if (strcmp(state, "absent") != 0 && strcmp(state, "broken") != 0)
			continue;
		f = finding_add(&h->s, FINDING_ERROR, "%s is %s", kubelet_files[i],
			strcmp(state, "absent") == 0 ? "gone" : "unreadable or invalid");
		finding_why(f, "the kubelet does not start without it");
		finding_remedy(f, "repair puts it back as kubeadm made it");
		health_act(f, "kept %s", kubelet_files[i]);
	}
}

void health_kubelet_files_changed(const struct health_scope *h)
{
	for (size_t i = 0; h->installed && i < 3; i++) {
		struct finding *f;

		if (strcmp(cluster_factf(h->s.h, "kept.%s", kubelet_files[i]), "changed") != 0)
			continue;
		/* by hand, and the kubelet takes it: it may be meant */
		if (health_unit_up(h, "kubelet")) {
			f = finding_add(
				&h->s, FINDING_WARNING, "%s was changed after kubeadm made it", kubelet_files[i]);
			finding_remedy(f,
				"if that was intended, put it in kubelet.config of the inventory too; "
				"the original is /var/lib/kubewright/kept%s on the host",
				kubelet_files[i]);
		} else {
			f = finding_add(&h->s, FINDING_ERROR,
				"%s was changed after kubeadm made it, and the kubelet does not run", kubelet_files[i]);
			finding_remedy(f, "repair puts it back as kubeadm made it");
			health_act(f, "kept %s", kubelet_files[i]);
		}
		finding_why(f, "a host that is reinstalled will not have the change");
	}
}
