/* Findings about the network around a host: clock, names, routes, ports, filters, the virtual IP, repositories. */
#include "cluster/findings.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SKEW_WARNING_MS = 2000,
	SKEW_ERROR_MS = 30000,
	SKEW_CERTIFICATES_MS = 300000, /* what backdated certificates forgive */
};

/* Whether two other hosts or more show the same time as this one: then it is the operator's clock that is off. */
static bool others_agree(const struct finding_scope *s)
{
	unsigned agree = 0, differ = 0;

	for (size_t i = 0; i < s->inv->host_count; i++) {
		const struct cluster_host *o = &s->hosts[i];

		if ((int)i == s->index || !o->probed)
			continue;
		if (llabs(o->clock_offset_ms - s->h->clock_offset_ms) <=
			SKEW_WARNING_MS + o->clock_error_ms + s->h->clock_error_ms)
			agree++;
		else
			differ++;
	}
	return agree >= 2 && agree > differ;
}

void find_clock_skew(const struct finding_scope *s)
{
	/* what the measurement cannot show is not held against the host */
	int64_t off = llabs(s->h->clock_offset_ms) - s->h->clock_error_ms;
	const char *way = s->h->clock_offset_ms < 0 ? "behind" : "ahead of";
	bool agree;
	struct finding *f;

	if (off <= SKEW_WARNING_MS)
		return;
	agree = others_agree(s);
	f = finding_add(s, off > (agree ? SKEW_CERTIFICATES_MS : SKEW_ERROR_MS) ? FINDING_ERROR : FINDING_WARNING,
		"the clock is %lld.%lld s %s this machine's%s", (long long)(llabs(s->h->clock_offset_ms) / 1000),
		(long long)(llabs(s->h->clock_offset_ms) / 100 % 10), way,
		agree ? "; the hosts agree with each other" : "");
	finding_why(f,
		"certificates made here may not be valid there yet, tokens expire early, etcd's leases end at the wrong time");
	finding_remedy(f,
		agree ? "set the clock of the machine that kubewright runs on"
		      : "set the host's clock ('chronyc makestep', 'timedatectl set-ntp true' or 'date -s') and check that its time source answers");
}

void find_address_missing(const struct finding_scope *s)
{
	if (*cluster_fact(s->h, "address_iface") || !*cluster_fact(s->h, "addrs"))
		return;
	struct finding *f =
		finding_add(s, FINDING_ERROR, "no interface of this host has the address %s", s->host->address);
	finding_why(f, "the API server, etcd and the kubelet are configured to use it");
	finding_remedy(f,
		"correct the address in the inventory ('ip -4 addr' on the host shows what it has), or configure it; NAT and floating "
		"addresses belong in ssh.address");
}

void find_name_unresolved(const struct finding_scope *s)
{
	const char *resolve = cluster_fact(s->h, "resolve"), *by = cluster_fact(s->h, "resolve_by");
	struct finding *f;

	if (cluster_fact_first(s->h, "resolve", s->host->address))
		return;
	f = *resolve ? finding_add(s, FINDING_WARNING, "%s resolves to %.*s, not to %s%s%s%s", s->host->name,
			       (int)strcspn(resolve, " "), resolve, s->host->address, *by ? " (by " : "", by,
			       *by ? ")" : "")
		     : finding_add(s, FINDING_WARNING, "%s does not resolve on the host itself", s->host->name);
	finding_why(f, "kubeadm and the kubelet look up their own name; an answer such as 127.0.1.1 misleads them");
	finding_remedy(f, *by == '\'' ? "let /etc/hosts be read first: put 'files' before the others in that line"
				      : "apply corrects the line of this name in /etc/hosts");
}

void find_forwarding_forbidden(const struct finding_scope *s)
{
	struct finding *f;

	/* of a living cluster health reports it */
	if (!s->fresh || !finding_control_plane(s) || !*s->h->unseen)
		return;
	f = finding_add(s, FINDING_ERROR, "%s", s->h->unseen);
	finding_why(f,
		"kubewright reaches API servers and etcd through SSH: it could neither finish the cluster nor check it");
	finding_remedy(f, "%s", s->h->unseen_hint);
}

void find_default_route_missing(const struct finding_scope *s)
{
	if (*cluster_fact(s->h, "default_iface") || !*cluster_fact(s->h, "addrs"))
		return;
	struct finding *f = finding_add(s, FINDING_WARNING, "there is no default route");
	finding_why(f,
		"without one the host cannot reach Services' addresses: 'network is unreachable' before kube-proxy sees the packet");
	finding_remedy(f, "add a default route, or one for %s through the interface of %s", s->inv->network.services,
		s->host->address);
}

/* ---- routes ---- */

/* Interfaces that pod networks make: their routes are the cluster's own. */
static bool is_pod_interface(const char *name)
{
	static const char *const prefixes[] = { "cni", "flannel", "cali", "vxlan.calico", "tunl", "cilium", "lxc",
		"kube-", "weave", "veth", "wireguard.cali" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (str_starts(name, prefixes[i]))
			return true;
	return false;
}

static void word_after(const char *line, const char *word, char *out, size_t size)
{
	const char *p = strstr(line, word);

	out[0] = '\0';
	if (p) {
		p += strlen(word);
		snprintf(out, size, "%.*s", (int)strcspn(p, " "), p);
	}
}

static void check_route(const char *line, void *ctx)
{
	const struct finding_scope *s = ctx;
	const char *const ranges[] = { s->inv->network.pods, s->inv->network.services };
	static const char *const whose[] = { "pods", "services" };
	char target[64], dev[32];

	/* other kinds ("blackhole …", "default …") begin with a word */
	if (!isdigit((unsigned char)*line))
		return;
	word_after(line, " dev ", dev, sizeof(dev));
	if (is_pod_interface(dev) || (!s->untouched && strstr(line, " via ")))
		return;
	snprintf(target, sizeof(target), "%.*s", (int)strcspn(line, " "), line);
	if (!strchr(target, '/'))
		snprintf(target + strlen(target), sizeof(target) - strlen(target), "/32");
	for (size_t i = 0; i < 2; i++) {
		if (!inventory_cidr_overlap(ranges[i], target))
			continue;
		struct finding *f = finding_add(s, s->untouched ? FINDING_ERROR : FINDING_WARNING,
			"the %s' range %s overlaps the route %s on %s", whose[i], ranges[i], target, dev);
		finding_why(f, "traffic for that network would go to the cluster, or the cluster's to that network");
		finding_remedy(f,
			"choose another network.%s in the inventory before the cluster is created; it cannot be changed later",
			whose[i]);
	}
}

void find_cidr_route_overlap(const struct finding_scope *s)
{
	struct finding_scope copy = *s;

	cluster_fact_lines(s->h, "routes", check_route, &copy);
}

/* ---- ports and filters ---- */

static void listener(const struct finding_scope *s, const char *port, char *out, size_t size)
{
	const char *who = cluster_fact(s->h, "listen_who");
	size_t n = strlen(port);

	snprintf(out, size, "another process");
	while (who && *who) {
		if (strncmp(who, port, n) == 0 && who[n] == ' ') {
			snprintf(out, size, "%.*s", (int)strcspn(who + n + 1, "\n"), who + n + 1);
			return;
		}
		who = strchr(who, '\n');
		who = who ? who + 1 : NULL;
	}
}

void find_port_in_use(const struct finding_scope *s)
{
	static const char *const ports[] = { "10250", "6443", "10257", "10259", "2379", "2380" };
	static const char *const users[] = { "the kubelet", "the API server", "the controller manager", "the scheduler",
		"etcd", "etcd" };
	size_t count = finding_control_plane(s) ? sizeof(ports) / sizeof(ports[0]) : 1;
	char who[96], check[16];

	if (!s->untouched)
		return;
	for (size_t i = 0; i < count; i++) {
		if (!finding_has_word(cluster_fact(s->h, "listen"), ports[i]))
			continue;
		listener(s, ports[i], who, sizeof(who));
		struct finding *f = finding_add(s, FINDING_ERROR, "port %s is in use by %s", ports[i], who);
		snprintf(check, sizeof(check), "Port-%s", ports[i]);
		finding_same_as(s, f, check);
		finding_why(f, "%s listens there", users[i]);
		finding_remedy(f,
			"stop it ('ss -ltnp sport = :%s' on the host shows it); if it is an earlier Kubernetes, run 'kubeadm reset' first",
			ports[i]);
	}
}

void find_firewall_active(const struct finding_scope *s)
{
	const char *rules = cluster_fact(s->h, "firewall");
	bool firewalld = cluster_fact_is(s->h, "unit.firewalld", "active");
	struct finding *f;

	if (!firewalld && !*rules)
		return;
	f = firewalld ? finding_add(s, FINDING_WARNING, "firewalld is active")
		      : finding_add(s, FINDING_WARNING, "a packet filter is active: %.*s", (int)strcspn(rules, "\n"),
				rules);
	finding_why(f, "the hosts must reach each other, also for pods' traffic%s",
		s->inv->endpoint.vip && finding_control_plane(s)
			? " and for VRRP (IP protocol 112); without it every control plane takes the virtual IP"
			: "");
	finding_remedy(f,
		"allow the cluster's hosts and %s, TCP 6443, 2379-2380 and 10250 at least, and the pod network's own traffic (VXLAN: UDP 8472 or "
		"4789)%s; or stop the filter",
		s->inv->network.pods, s->inv->endpoint.vip ? ", and protocol 112" : "");
}

/* ---- the virtual IP ---- */

struct subnet_search {
	const char *interface, *vip;
	bool seen, inside;
};

static void look_at_subnet(const char *line, void *ctx)
{
	struct subnet_search *q = ctx;
	const char *cidr = strrchr(line, ' ');
	size_t n = strlen(q->interface);

	if (!cidr || strncmp(line, q->interface, n) != 0 || line[n] != ' ')
		return;
	q->seen = true;
	/* the virtual IP's own /32 says nothing of its segment */
	q->inside = q->inside || (!str_ends(cidr, "/32") && inventory_cidr_contains(cidr + 1, q->vip));
}

static bool search_subnet(const struct finding_scope *s, struct subnet_search *q)
{
	if (!finding_control_plane(s) || !s->inv->endpoint.vip || !*cluster_fact(s->h, "addrs"))
		return false;
	q->vip = s->inv->endpoint.vip;
	q->interface = s->inv->endpoint.interface ? s->inv->endpoint.interface : cluster_fact(s->h, "address_iface");
	cluster_fact_lines(s->h, "addrs", look_at_subnet, q);
	return *q->interface != '\0';
}

void find_vip_interface_missing(const struct finding_scope *s)
{
	struct subnet_search q = { 0 };

	if (!search_subnet(s, &q) || q.seen)
		return;
	struct finding *f = finding_add(
		s, FINDING_ERROR, "endpoint.interface %s is not on this host, or has no IPv4 address", q.interface);
	finding_why(f, "keepalived would put the virtual IP %s on it", q.vip);
	finding_remedy(f,
		"remove endpoint.interface to use the interface of each host's address, or correct it ('ip -4 addr')");
}

void find_vip_outside_subnet(const struct finding_scope *s)
{
	struct subnet_search q = { 0 };

	if (!search_subnet(s, &q) || !q.seen || q.inside)
		return;
	struct finding *f =
		finding_add(s, FINDING_WARNING, "the virtual IP %s is not in any subnet of %s", q.vip, q.interface);
	finding_why(f, "other machines look for it by ARP on their own segment and will not find it");
	finding_remedy(f,
		"choose a free address of the control planes' subnet, or make sure that it is routed to this segment");
}

void find_vip_taken(const struct finding_scope *s)
{
	const char *answer = cluster_fact(s->h, "vip_answers");
	bool missing = false;

	if (!finding_control_plane(s) || !s->inv->endpoint.vip)
		return;
	if (s->untouched && cluster_fact_is(s->h, "vip_held", "yes")) {
		struct finding *own =
			finding_add(s, FINDING_ERROR, "this host already has the virtual IP %s", s->inv->endpoint.vip);
		finding_why(own,
			"keepalived must be able to move it between the control planes; something else set it here");
		finding_remedy(own,
			"choose a free address, or remove this one from the host ('ip -4 addr' shows where it is)");
		return;
	}
	if (!str_starts(answer, "yes"))
		return;
	for (size_t i = 0; i < s->inv->host_count; i++) {
		const struct cluster_host *o = &s->hosts[i];

		/* one of ours holds it, or answers by that card */
		if (cluster_fact_is(o, "vip_held", "yes") ||
			(strlen(answer) > 4 && strstr(cluster_fact(o, "addrs"), answer + 4)))
			return;
		missing = missing || (s->inv->hosts[i].role == INVENTORY_CONTROL_PLANE && !o->probed);
	}
	struct finding *f = finding_add(s, missing ? FINDING_WARNING : FINDING_ERROR,
		"the machine with MAC address %s answers for the virtual IP %s%s",
		strlen(answer) > 4 ? answer + 4 : "unknown", s->inv->endpoint.vip,
		missing ? ", perhaps a control plane that has not answered yet" : "");
	finding_why(f, "two machines with one address: clients would reach sometimes one, sometimes the other");
	finding_remedy(
		f, "choose a free address, or find that machine (switch tables, 'ip neigh' on the host) and remove it");
}

/* ---- package repositories ---- */

void find_repository_unreachable(const struct finding_scope *s)
{
	for (size_t i = 0; i < s->h->facts.count; i++) {
		const struct remote_answer_line *l = &s->h->facts.lines[i];
		const char *where = l->word + strlen("repo.");

		if (!str_starts(l->word, "repo.") || strcmp(l->value, "ok") == 0 ||
			cluster_fact_is(s->h, "apt_proxy", "yes"))
			continue;
		struct finding *f = finding_add(s, FINDING_ERROR, "the package repository %.*s, port %s: %s",
			(int)strcspn(where, "/"), where, strchr(where, '/') ? strchr(where, '/') + 1 : "?",
			strcmp(l->value, "unresolved") == 0 ? "its name does not resolve" : l->value);
		finding_why(f, "the packages of this host come from there");
		finding_remedy(f, "%s",
			strcmp(l->value, "unresolved") == 0
				? "fix the host's DNS (/etc/resolv.conf), or set kubernetes.repository to a mirror of yours"
				: "open the firewall, set a proxy in /etc/apt/apt.conf.d (Acquire::http::Proxy), or set kubernetes.repository to a mirror of yours");
	}
}
