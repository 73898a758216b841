/* Findings about who a host is: unlike the others, of this cluster, and without strangers' Kubernetes. */
#include "cluster/findings.h"

#include "base/str.h"
#include "cluster/identities.h"
#include "pki/pki.h"

#include <stdio.h>
#include <string.h>

static int same_fact(const struct finding_scope *s, const char *word)
{
	return s->identities ? identities_other(s->identities, s->hosts, s->index, word) : -1;
}

void find_duplicate_machine_id(const struct finding_scope *s)
{
	int other = same_fact(s, "machine_id");

	if (other < 0)
		return;
	struct finding *f = finding_add(s, FINDING_ERROR, "the machine-id %s is also that of %s",
		cluster_fact(s->h, "machine_id"), s->inv->hosts[other].name);
	finding_why(f,
		"cloned hosts with one id get one DHCP lease, and the kubelet, journals and some pod networks take them for one machine");
	finding_remedy(f,
		"on the clone: 'rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup', then reboot");
}

void find_duplicate_product_uuid(const struct finding_scope *s)
{
	int other = same_fact(s, "product_uuid");

	if (other < 0)
		return;
	struct finding *f = finding_add(s, FINDING_WARNING, "the product_uuid %s is also that of %s",
		cluster_fact(s->h, "product_uuid"), s->inv->hosts[other].name);
	finding_why(f, "Nodes report it as systemUUID, and storage and monitoring may distinguish machines by it");
	finding_remedy(f,
		"virtual machines: give the clone a new UUID; real ones: the board's firmware holds a placeholder, the vendor's tool sets it");
}

void find_duplicate_hostname(const struct finding_scope *s)
{
	int other = same_fact(s, "hostname");

	if (other < 0)
		return;
	struct finding *f = finding_add(s, FINDING_WARNING, "the host name %s is also that of %s",
		cluster_fact(s->h, "hostname"), s->inv->hosts[other].name);
	finding_why(f,
		"Nodes are named after the inventory, but logs and prompts show the host name: it is easy to work on the wrong machine");
	finding_remedy(f, "'hostnamectl set-hostname %s' on this host", s->host->name);
}

void find_duplicate_mac(const struct finding_scope *s)
{
	char mac[18];
	int other = s->identities ? identities_other_mac(s->identities, s->hosts, s->index, mac) : -1;

	if (other < 0)
		return;
	struct finding *f =
		finding_add(s, FINDING_ERROR, "the MAC address %s is also that of %s", mac, s->inv->hosts[other].name);
	finding_why(f, "on one segment the switch sends frames for both to the one that sent last");
	finding_remedy(f, "is it one machine under two names? if not, give the clone's network card a new address");
}

/* ---- container runtimes of others ---- */

/* Our own installation is at work here, or was cut: what it has unpacked so far is not a package yet. It would not have begun beside another's. */
static bool half_unpacked(const struct finding_scope *s)
{
	const char *job = cluster_fact(s->h, "job.packages");

	return *job && !str_starts(job, "done 0 ");
}

void find_foreign_runtime(const struct finding_scope *s)
{
	bool packaged = *cluster_runtime_version(s->h);
	struct finding *f;

	if (*cluster_fact(s->h, "containerd_version") && !packaged && !half_unpacked(s)) {
		f = finding_add(s, FINDING_ERROR, "this containerd belongs to no package: %s",
			cluster_fact(s->h, "containerd_version"));
		finding_why(f, "kubewright would install its package beside it, and the wrong one might run");
		finding_remedy(f,
			"remove it ('command -v containerd' shows where it is) with its unit in /usr/local/lib/systemd or /etc/systemd");
	}
	if (s->fresh && cluster_fact_is(s->h, "unit.docker", "active")) {
		f = finding_add(s, FINDING_WARNING, "Docker runs here");
		finding_why(f,
			"it uses the same containerd, which kubewright configures and restarts, and sets the FORWARD chain to drop pods' traffic");
		finding_remedy(f, "move its containers elsewhere and remove it; kubewright does not touch it");
	}
	if (cluster_fact_is(s->h, "unit.crio", "active")) {
		f = finding_add(s, FINDING_WARNING, "CRI-O runs here");
		finding_why(f,
			"kubewright runs pods in containerd; two runtimes share the pod network's configuration in /etc/cni/net.d");
		finding_remedy(f, "'systemctl disable --now crio', and remove its files from /etc/cni/net.d");
	}
}

void find_runtime_too_old(const struct finding_scope *s)
{
	const char *package = cluster_runtime_package(s->h), *version = cluster_runtime_version(s->h);

	if (!*version || !s->release || release_compare(version, s->release->containerd_floor) >= 0)
		return;
	struct finding *f = finding_add(s, FINDING_ERROR, "%s %s is installed; Kubernetes %s needs %s or newer",
		package, version, s->release->minor, s->release->containerd_floor);
	finding_why(f,
		"the kubelet does not work with an older one, and kubewright does not replace a runtime that it did not install");
	finding_remedy(f,
		"'apt-get remove %s' on this host, and kubewright installs a newer one; or upgrade it yourself",
		package);
}

/* ---- whose host is it ---- */

void find_other_cluster(const struct finding_scope *s)
{
	const char *cluster = cluster_fact(s->h, "record.cluster");

	if (!*cluster || strcmp(cluster, s->inv->cluster) == 0)
		return;
	struct finding *f = finding_add(s, FINDING_ERROR,
		"kubewright installed this host for the cluster %s; the inventory is for %s", cluster, s->inv->cluster);
	finding_why(f, "continuing would tear a member out of a living cluster");
	finding_remedy(f,
		"is the address right? to move the host, remove it from that cluster and run 'kubewright reset' with that cluster's inventory");
}

void find_other_name(const struct finding_scope *s)
{
	const char *name = cluster_fact(s->h, "record.node");

	if (!*name || strcmp(name, s->host->name) == 0)
		return;
	struct finding *f = finding_add(
		s, FINDING_ERROR, "this host was installed as %s; the inventory calls it %s", name, s->host->name);
	finding_why(f, "a Node cannot be renamed: its certificate and its etcd member carry the name");
	finding_remedy(
		f, "correct the inventory (are two addresses exchanged?), or remove %s from the cluster first", name);
}

/*
 * "https://10.0.0.1:6443" is of this cluster when its host part is known to the inventory. A control plane whose kubelet asks its own API server is not judged
 * here: when the inventory gave it another address, the living cluster shows that better.
 */
static bool is_own_server(const struct finding_scope *s, const char *server)
{
	const struct inventory *inv = s->inv;
	const char *host = strstr(server, "://");
	char name[256];

	host = host ? host + 3 : server;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(host, ":/"), host);
	if (strcmp(name, inventory_endpoint(inv)) == 0 || strcmp(name, "127.0.0.1") == 0 ||
		strcmp(name, "localhost") == 0)
		return true;
	/* by its own record: the endpoint has changed since; of another cluster of that name the CA is another one */
	if (cluster_fact_is(s->h, "record.cluster", inv->cluster))
		return true;
	for (size_t i = 0; i < inv->host_count; i++)
		if (strcmp(name, inv->hosts[i].address) == 0 || strcmp(name, inv->hosts[i].name) == 0)
			return true;
	return false;
}

void find_already_joined_elsewhere(const struct finding_scope *s)
{
	const char *server = cluster_fact(s->h, "kubelet_server");

	if (!*server || is_own_server(s, server))
		return;
	struct finding *f = finding_add(s, FINDING_ERROR, "the kubelet here belongs to %s", server);
	finding_why(f,
		"that is neither the inventory's endpoint (%s) nor one of its hosts: the host belongs to another cluster",
		inventory_endpoint(s->inv));
	finding_remedy(f,
		"is the address right? did the endpoint change? if not, drain and delete the Node there, then run 'kubeadm reset' on the host");
}

void find_ca_mismatch(const struct finding_scope *s)
{
	const char *mine = cluster_fact(s->h, "ca_crt");

	/* the first host of the inventory that has one is the measure */
	for (int i = 0; *mine && i < s->index; i++) {
		const char *theirs = cluster_fact(&s->hosts[i], "ca_crt");

		if (!*theirs)
			continue;
		/* while that CA is rotated one of two may have two */
		if (strcmp(mine, theirs) == 0 || pki_same_key(mine, theirs))
			return;
		struct finding *f = finding_add(s, FINDING_ERROR,
			"the cluster CA in /etc/kubernetes/pki/ca.crt is not that of %s", s->inv->hosts[i].name);
		finding_why(f,
			"the two hosts belong to different clusters, or one was reinstalled with new CAs; they do not trust each other");
		finding_remedy(f,
			"compare 'openssl x509 -in /etc/kubernetes/pki/ca.crt -noout -fingerprint -dates'; reset the host that is wrong");
		return;
	}
}

/* ---- leftovers ---- */

/* What kubeadm refuses to start over. */
static bool stops_kubeadm(const char *line)
{
	return str_starts(line, "file /etc/kubernetes/") || str_starts(line, "file /var/lib/etcd/") ||
	       str_starts(line, "file /var/lib/kubelet/");
}

struct leftovers {
	bool hard, control_plane;
	unsigned count;
	char text[256];
};

static void add_leftover(const char *line, void *ctx)
{
	struct leftovers *l = ctx;
	size_t n = strlen(l->text);

	/* what is in etcd's folder beside its data stops control planes alone */
	if (str_starts(line, "file /var/lib/etcd/") && !l->control_plane && !str_ends(line, "/member"))
		return;
	l->hard = l->hard || stops_kubeadm(line);
	if (l->count++ < 4)
		snprintf(l->text + n, sizeof(l->text) - n, "%s%s", n ? ", " : "",
			str_starts(line, "file ") ? line + 5 : line);
}

void find_leftovers(const struct finding_scope *s)
{
	struct leftovers l = { .control_plane = finding_control_plane(s) };
	const char *have = cluster_fact(s->h, "have");

	if (!s->untouched)
		return;
	cluster_fact_lines(s->h, "leftovers", add_leftover, &l);
	if (finding_has_word(have, "kubelet-conf"))
		add_leftover("file /etc/kubernetes/kubelet.conf", &l);
	if (finding_has_word(have, "ca-crt"))
		add_leftover("file /etc/kubernetes/pki/ca.crt", &l);
	if (!l.count)
		return;
	struct finding *f = finding_add(s, l.hard ? FINDING_ERROR : FINDING_WARNING,
		"left by an earlier Kubernetes: %s%s", l.text, l.count > 4 ? ", and more" : "");
	finding_why(f, "%s",
		l.hard ? "kubeadm does not start over these files, and they may hold a cluster's data"
		       : "pods may get their network from it instead of the cluster's");
	finding_remedy(f, "%s",
		l.hard ? "if none of it is needed: 'kubeadm reset' and 'rm -rf /etc/kubernetes /var/lib/etcd /etc/cni/net.d' on the host"
		       : "remove it: 'rm' for files, 'ip link delete' for interfaces");
}
