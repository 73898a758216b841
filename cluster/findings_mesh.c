/* What is not well between hosts, with its direction and the command that would mend it. */
#include "cluster/mesh.h"

#include "base/str.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NAMED 4 /* so many hosts are named, the others counted */
enum {
	CLOCK_WARNING_MS = 500,
	CLOCK_ERROR_MS = 5000,
	ROUND_TRIP_MS = 50, /* half of etcd's heartbeat */
	FSYNC_WARNING_US = 10000,
	FSYNC_ERROR_US = 1000000, /* etcd complains of each write that is as slow */
	MS_NS = 1000000,
};

#define KIND(function, name, level, summary) { name, summary, FINDING_##level, NULL },
const struct finding_kind mesh_finding_kinds[] = { MESH_FINDINGS(KIND) };
const size_t mesh_finding_kind_count = COUNT(mesh_finding_kinds);

/* Hosts that one finding is about: their names, and their addresses for a rule. */
struct about {
	struct str names, addresses;
	size_t count;
	size_t first;
};

static void about_add(struct about *a, const struct mesh_view *v, size_t host)
{
	const struct inventory_host *h = &v->plan->inv->hosts[host];

	if (a->count++ == 0)
		a->first = host;
	if (a->count > NAMED)
		return;
	str_addf(&a->names, "%s%s", a->count > 1 ? ", " : "", h->name);
	str_addf(&a->addresses, "%s%s", a->count > 1 ? "," : "", h->address);
}

/* Afterwards names is a text to be shown. */
static bool about_some(struct about *a)
{
	if (a->count > NAMED)
		str_addf(&a->names, " and %zu more", a->count - NAMED);
	return a->count > 0;
}

static void about_release(struct about *a)
{
	str_release(&a->names);
	str_release(&a->addresses);
}
#define ABOUT \
	{ \
		STR_INIT, STR_INIT, 0, 0 \
	}

static void scope_of(
	struct finding_scope *s, const struct mesh_view *v, size_t host, const char *name, struct findings *out)
{
	*s = (struct finding_scope){
		.inv = v->plan->inv, .host = &v->plan->inv->hosts[host], .index = (int)host, .name = name, .out = out
	};
}

/* ---- ports ------------------------------------------------------------------------------------------------------------- */

static const char *proto(const struct mesh_need *n)
{
	return n->udp ? "UDP" : "TCP";
}

/* The rule that lets them in, in the words of what filters there. */
static void remedy_in(
	struct finding *f, const struct mesh_view *v, size_t to, const struct mesh_need *n, const struct about *a)
{
	const char *filter = v->hosts[to].firewall, *p = n->udp ? "udp" : "tcp", *host = v->plan->inv->hosts[to].name;
	const char *more = a->count > 1 ? "; the same for the others" : "";

	if (strcmp(filter, "firewalld") == 0)
		finding_remedy(f, "on %s: 'firewall-cmd --permanent --add-port=%d/%s && firewall-cmd --reload'", host,
			n->port, p);
	else if (strcmp(filter, "ufw") == 0)
		finding_remedy(f, "on %s: 'ufw allow proto %s from %s to any port %d'%s", host, p,
			v->plan->inv->hosts[a->first].address, n->port, more);
	else if (strcmp(filter, "nft") == 0)
		finding_remedy(f,
			"on %s: 'nft insert rule inet filter input ip saddr { %s } %s dport %d accept', with the table and chain that "
			"'nft list ruleset' shows, and in the file that they are loaded from%s",
			host, a->addresses.buf, p, n->port, a->count > NAMED ? "; the same for the others" : "");
	else if (strcmp(filter, "iptables") == 0)
		finding_remedy(f,
			"on %s: 'iptables -I INPUT -p %s -s %s --dport %d -j ACCEPT', and where these rules are kept%s",
			host, p, a->addresses.buf, n->port, a->count > NAMED ? "; the same for the others" : "");
	else
		finding_remedy(f,
			"no packet filter shows itself on %s: look at what %s lets out, and at security groups, switches and routes "
			"between them; %s %d must pass",
			host, v->plan->inv->hosts[a->first].name, proto(n), n->port);
}

static const char *how(enum mesh_reason r)
{
	return r == MESH_REFUSED ? "is refused" : r == MESH_UNREACHABLE ? "is unreachable" : "does not arrive";
}

static void blocked(
	const struct mesh_view *v, size_t to, const struct mesh_need *n, enum mesh_reason reason, struct findings *out)
{
	struct about a = ABOUT;
	struct finding_scope s;
	struct finding *f;

	for (size_t from = 0; from < v->plan->count; from++)
		if (mesh_plan_needs(v->plan, n, from, to) && mesh_judge(v, n, from, to).reason == reason)
			about_add(&a, v, from);
	if (about_some(&a)) {
		bool guessed = mesh_need_guessed(n, v->plan->network);

		scope_of(&s, v, to, "mesh-port-blocked", out);
		f = finding_add(&s, guessed ? FINDING_WARNING : FINDING_ERROR, "%s %d (%s) %s here from %s", proto(n),
			n->port, n->what, how(reason), a.names.buf);
		finding_why(f,
			guessed ? "which pod network there will be is not known; this one carries all packets between hosts by it"
			: n->networks ? "pods on these hosts cannot reach each other"
				      : "without it Kubernetes does not work on these hosts");
		remedy_in(f, v, to, n, &a);
	}
	about_release(&a);
}

static void forbidden(const struct mesh_view *v, size_t from, const struct mesh_need *n, struct findings *out)
{
	struct about a = ABOUT;
	struct finding_scope s;

	for (size_t to = 0; to < v->plan->count; to++)
		if (mesh_plan_needs(v->plan, n, from, to) && mesh_judge(v, n, from, to).reason == MESH_FORBIDDEN)
			about_add(&a, v, to);
	if (about_some(&a)) {
		struct finding *f;

		scope_of(&s, v, from, "mesh-port-blocked", out);
		f = finding_add(&s, mesh_need_guessed(n, v->plan->network) ? FINDING_WARNING : FINDING_ERROR,
			"this host's own packet filter lets no %s %d (%s) out to %s", proto(n), n->port, n->what,
			a.names.buf);
		finding_why(f, "hosts must reach each other");
		finding_remedy(f, "allow %s %d in its output chain: see 'nft list ruleset' or 'iptables -S OUTPUT'",
			proto(n), n->port);
	}
	about_release(&a);
}

static void answer_lost(const struct mesh_view *v, size_t from, const struct mesh_need *n, struct findings *out)
{
	struct about a = ABOUT;
	struct finding_scope s;

	for (size_t to = 0; to < v->plan->count; to++)
		if (mesh_plan_needs(v->plan, n, from, to) && mesh_judge(v, n, from, to).reason == MESH_ANSWER_LOST)
			about_add(&a, v, to);
	if (about_some(&a)) {
		struct finding *f;

		scope_of(&s, v, from, "mesh-answer-lost", out);
		f = finding_add(&s, FINDING_WARNING, "%s %d (%s) arrives at %s, and no answer comes back to this host",
			proto(n), n->port, n->what, a.names.buf);
		finding_why(f, "a packet filter lets packets of one direction through alone");
		finding_remedy(f,
			"let in on %s what comes from %s %d of the others ('ct state established,related accept'), or let it out there",
			v->plan->inv->hosts[from].name, proto(n), n->port);
	}
	about_release(&a);
}

static void other_answers(const struct mesh_view *v, size_t to, const struct mesh_need *n, struct findings *out)
{
	struct about a = ABOUT;
	struct finding_scope s;

	for (size_t from = 0; from < v->plan->count; from++)
		if (mesh_plan_needs(v->plan, n, from, to) && mesh_judge(v, n, from, to).reason == MESH_OTHER)
			about_add(&a, v, from);
	if (about_some(&a)) {
		struct finding *f;

		scope_of(&s, v, to, "mesh-other-answers", out);
		f = finding_add(&s, FINDING_ERROR, "at %s, TCP %d, %s get%s an answer, and not from this host",
			v->plan->inv->hosts[to].address, n->port, a.names.buf, a.count == 1 ? "s" : "");
		finding_why(f, "another machine has the address too, or something between them answers in its place");
		finding_remedy(f,
			"'ip neigh show %s' on %s shows which machine has it; look for NAT and proxies between them",
			v->plan->inv->hosts[to].address, v->plan->inv->hosts[a.first].name);
	}
	about_release(&a);
}

static void ports(const struct mesh_view *v, size_t host, struct findings *out)
{
	static const enum mesh_reason reasons[] = { MESH_SILENT, MESH_REFUSED, MESH_UNREACHABLE };

	for (size_t n = 0; n < mesh_need_count; n++) {
		for (size_t i = 0; i < COUNT(reasons); i++)
			blocked(v, host, &mesh_needs[n], reasons[i], out);
		forbidden(v, host, &mesh_needs[n], out);
		answer_lost(v, host, &mesh_needs[n], out);
		other_answers(v, host, &mesh_needs[n], out);
	}
}

/* ---- paths ------------------------------------------------------------------------------------------------------------- */

/* The narrowest of those below `under` that this host's packets take; 0: none. */
static int narrowest(const struct mesh_view *v, size_t from, int above)
{
	int least = 0;

	for (size_t to = 0; to < v->plan->count; to++)
		if (mesh_path_narrow(v, from, to)) {
			int mtu = v->hosts[from].links[to].mtu;

			if (mtu > above && (!least || mtu < least))
				least = mtu;
		}
	return least;
}

static void paths(const struct mesh_view *v, size_t from, struct findings *out)
{
	const struct mesh_host *h = &v->hosts[from];
	int overhead = mesh_network_overhead(v->plan->network);

	for (int mtu = 0; (mtu = narrowest(v, from, mtu)) != 0;) {
		struct about a = ABOUT;
		struct finding_scope s;
		struct finding *f;

		for (size_t to = 0; to < v->plan->count; to++)
			if (mesh_path_narrow(v, from, to) && h->links[to].mtu == mtu)
				about_add(&a, v, to);
		about_some(&a);
		scope_of(&s, v, from, "mesh-path-mtu", out);
		f = finding_add(&s, FINDING_ERROR, "packets from here to %s may have %d bytes, and %s sends up to %d",
			a.names.buf, mtu, *h->iface ? h->iface : "its interface", h->mtu);
		finding_why(f, "larger ones are lost: small requests work, and large answers, images and logs hang");
		finding_remedy(f,
			"let what is between them (switch, VLAN, tunnel, cloud network) carry %d bytes; or set the MTU of the hosts' interfaces to "
			"%d, and that of the pod network to %d or less",
			h->mtu, mtu, mtu - overhead);
		about_release(&a);
	}
}

static void round_trips(const struct mesh_view *v, size_t from, struct findings *out)
{
	const struct inventory_host *hosts = v->plan->inv->hosts;

	for (size_t to = 0; to < v->plan->count && hosts[from].role == INVENTORY_CONTROL_PLANE; to++) {
		const struct mesh_link *l = mesh_link(v, from, to);
		struct finding_scope s;
		struct finding *f;

		if (!l || hosts[to].role != INVENTORY_CONTROL_PLANE || l->rtt_min_ns <= ROUND_TRIP_MS * (int64_t)MS_NS)
			continue;
		scope_of(&s, v, from, "mesh-round-trip", out);
		f = finding_add(&s, FINDING_WARNING, "a packet to %s and back takes %lld ms", hosts[to].name,
			(long long)(l->rtt_min_ns / MS_NS));
		finding_why(f,
			"etcd's members expect a heartbeat every 100 ms, and each write waits for a majority of them");
		finding_remedy(f,
			"put control planes into one site; or set etcd's heartbeat-interval and election-timeout in kubeadm.extra");
	}
}

static void segments(const struct mesh_view *v, size_t from, struct findings *out)
{
	struct about a = ABOUT;
	struct finding_scope s;
	struct finding *f;

	for (size_t to = 0; v->hosts[from].links && to < v->plan->count; to++)
		if (v->hosts[from].links[to].segment == MESH_SEGMENT_APART)
			about_add(&a, v, to);
	if (about_some(&a)) {
		scope_of(&s, v, from, "mesh-segment", out);
		f = finding_add(&s, FINDING_ERROR, "packets from here to %s go by a gateway: %s on another segment",
			a.names.buf, a.count == 1 ? "it is" : "they are");
		finding_why(f, "the virtual IP %s is found by ARP: it can only move between hosts of one segment",
			v->plan->inv->endpoint.vip ? v->plan->inv->endpoint.vip : "");
		finding_remedy(f,
			"put all control planes into one segment, or have a load balancer of yours in front of them (endpoint.host)");
	}
	about_release(&a);
}

/* ---- what a host is by itself ------------------------------------------------------------------------------------------ */

static void clocks(const struct mesh_view *v, size_t host, struct findings *out)
{
	int64_t ahead, error, off;
	struct finding_scope s;
	struct finding *f;

	if (!mesh_clock(v, host, &ahead, &error))
		return;
	/* what the measurement cannot show is not held against the host */
	off = (llabs(ahead) - error) / MS_NS;
	if (off <= CLOCK_WARNING_MS)
		return;
	scope_of(&s, v, host, "mesh-clock", out);
	f = finding_add(&s, off > CLOCK_ERROR_MS ? FINDING_ERROR : FINDING_WARNING,
		"the clock is %lld.%03lld s %s the other hosts' (± %lld.%03lld s)",
		(long long)(llabs(ahead) / MS_NS / 1000), (long long)(llabs(ahead) / MS_NS % 1000),
		ahead < 0 ? "behind" : "ahead of", (long long)(error / MS_NS / 1000),
		(long long)(error / MS_NS % 1000));
	finding_why(f,
		"new certificates are not valid yet on a host that is behind, tokens and etcd's leases end at the wrong time");
	finding_remedy(f,
		"set the clock ('chronyc makestep', 'timedatectl set-ntp true' or 'date -s') and check that its time source answers");
}

static void fsync(const struct mesh_view *v, size_t host, struct findings *out)
{
	const struct mesh_host *h = &v->hosts[host];
	struct finding_scope s;
	struct finding *f;

	if (!h->fsync_asked)
		return;
	scope_of(&s, v, host, h->fsync_count ? "mesh-fsync" : "mesh-unknown", out);
	if (!h->fsync_count) {
		f = finding_add(&s, FINDING_WARNING, "unknown: how fast the disk of etcd's data writes durably");
		finding_why(f, "no file could be written there, or the disk did not answer in time");
		finding_remedy(f, "see 'df /var/lib/etcd' and the kernel's log ('dmesg') on the host");
		return;
	}
	if (h->fsync_p99_us <= FSYNC_WARNING_US)
		return;
	f = finding_add(&s, h->fsync_p99_us >= FSYNC_ERROR_US ? FINDING_ERROR : FINDING_WARNING,
		"of %u durable writes to the disk of etcd's data 1 in 100 took %.1f ms or more, half of them %.1f ms",
		h->fsync_count, (double)h->fsync_p99_us / 1000, (double)h->fsync_p50_us / 1000);
	finding_why(f,
		"etcd wants less than 10 ms; slower disks cost leader elections, and with them API servers that restart");
	finding_remedy(f,
		"put etcd's data on a local SSD with power-loss protection and nothing else that writes; a network disk or a disk shared with "
		"other machines is the usual cause");
}

static const struct {
	const char *what, *remedy;
} untried[] = {
	[MESH_NO_PERL] = { "no perl", "install perl-base on the host, then run the same command again" },
	[MESH_NO_CLOCK] = { "its perl cannot read a fine clock on this processor",
		"none; other hosts are compared without it" },
	[MESH_NO_ADDRESS] = { "no interface has the address ",
		"correct the address in the inventory, or configure it" },
	[MESH_CUT] = { "what listens and asks there was stopped before it could say anything",
		"run the same command again" },
};

static void unknown(const struct mesh_view *v, size_t host, struct findings *out)
{
	struct about a = ABOUT;
	struct finding_scope s;
	struct finding *f;

	scope_of(&s, v, host, "mesh-unknown", out);
	if (v->hosts[host].answered && v->hosts[host].untried != MESH_TRIED) {
		f = finding_add(&s, FINDING_WARNING, "unknown: %s%s", untried[v->hosts[host].untried].what,
			v->hosts[host].untried == MESH_NO_ADDRESS ? s.host->address : "");
		finding_why(f, "nothing is known of what other hosts let in from here, or this one from them");
		finding_remedy(f, "%s", untried[v->hosts[host].untried].remedy);
		return;
	}
	for (size_t to = 0; to < v->plan->count; to++) {
		bool apart = false;

		for (size_t n = 0; n < mesh_need_count; n++)
			apart = apart || (mesh_plan_needs(v->plan, &mesh_needs[n], host, to) &&
						 mesh_judge(v, &mesh_needs[n], host, to).reason == MESH_APART);
		if (apart)
			about_add(&a, v, to);
	}
	if (about_some(&a)) {
		f = finding_add(&s, FINDING_WARNING, "unknown: what reaches %s from here", a.names.buf);
		finding_why(f, "these hosts did not listen while this one asked: one of them began too late");
		finding_remedy(f, "run the same command again");
	}
	about_release(&a);
}

void findings_mesh(const struct mesh_view *v, struct findings *out)
{
	for (size_t host = 0; host < v->plan->count; host++) {
		ports(v, host, out);
		paths(v, host, out);
		segments(v, host, out);
		clocks(v, host, out);
		round_trips(v, host, out);
		fsync(v, host, out);
		unknown(v, host, out);
	}
}
