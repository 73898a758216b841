/* What the fields must be to one another: endpoint, networks, versions. */
#include "inventory/private.h"

#include "inventory/release.h"

#include <string.h>

static const struct inventory_node *at(const struct inventory_load *l, const char *path)
{
	return inventory_node_near(l->root, path);
}

static bool given(const struct inventory_load *l, const char *section, const char *word)
{
	return inventory_node_get(inventory_node_get(l->root, section), word) != NULL;
}

inventory_say_fn *inventory_unfinished(const struct inventory_load *l)
{
	return l->draft ? inventory_warn : inventory_complain;
}

static void check_endpoint(struct inventory_load *l)
{
	const struct inventory *inv = l->inv;
	size_t planes = inventory_count(inv, INVENTORY_CONTROL_PLANE);

	if (given(l, "endpoint", "vip") && given(l, "endpoint", "host"))
		inventory_complain(l, at(l, "endpoint.host"),
			"'vip' and 'host' exclude each other: name kubewright's virtual IP or your load balancer");
	if (inv->endpoint.interface && !given(l, "endpoint", "vip"))
		inventory_warn(l, at(l, "endpoint.interface"), "'interface' needs 'vip'");
	if (planes > 1 && !l->roles_unknown && !given(l, "endpoint", "vip") && !given(l, "endpoint", "host"))
		inventory_unfinished(l)(l, at(l, "hosts")->key,
			"%zu control planes need one endpoint: set endpoint.vip or endpoint.host", planes);
	for (size_t i = 0; i < inv->host_count && inv->endpoint.vip; i++) {
		const struct inventory_host *h = &inv->hosts[i];

		if ((h->address && strcmp(h->address, inv->endpoint.vip) == 0) ||
			(h->ssh.address && strcmp(h->ssh.address, inv->endpoint.vip) == 0))
			inventory_complain(l, at(l, "endpoint.vip"),
				"the virtual IP %s is the address of host '%s'; it must be a free one",
				inv->endpoint.vip, h->name ? h->name : "?");
	}
}

/* Addresses that must stay outside of a cluster network. */
static void check_outside(struct inventory_load *l, const char *path, const char *cidr)
{
	const struct inventory *inv = l->inv;

	if (inv->endpoint.vip && inventory_cidr_contains(cidr, inv->endpoint.vip))
		inventory_complain(
			l, at(l, "endpoint.vip"), "the virtual IP %s lies in %s %s", inv->endpoint.vip, path, cidr);
	for (size_t i = 0; i < inv->host_count; i++)
		if (inv->hosts[i].address && inventory_cidr_contains(cidr, inv->hosts[i].address))
			inventory_complain(l, inventory_node_near(l->host_nodes[i], "address"),
				"the address %s lies in %s %s%s", inv->hosts[i].address, path, cidr,
				inventory_node_get(inventory_node_get(l->root, "network"), strchr(path, '.') + 1)
					? ""
					: " (the default)");
}

static void check_networks(struct inventory_load *l)
{
	const char *pods = l->inv->network.pods, *services = l->inv->network.services;
	struct inventory_net p, s;
	size_t fit;

	if (!pods || !services || !inventory_net(pods, &p) || !inventory_net(services, &s))
		return;
	check_outside(l, "network.pods", pods);
	check_outside(l, "network.services", services);
	if (inventory_cidr_overlap(pods, services))
		inventory_complain(l, at(l, given(l, "network", "services") ? "network.services" : "network.pods"),
			"network.pods %s and network.services %s overlap", pods, services);
	if (s.bits < 12 || s.bits > 28)
		inventory_complain(l, at(l, "network.services"), "network.services %s is too %s: use /12 to /28",
			services, s.bits < 12 ? "large" : "small");
	if (p.bits < 8 || p.bits > 24) {
		inventory_complain(l, at(l, "network.pods"),
			"network.pods %s is too %s: each Node takes a /24 of it, so use /8 to /24", pods,
			p.bits < 8 ? "large" : "small");
		return;
	}
	fit = (size_t)1 << (24 - p.bits);
	if (l->inv->host_count > fit)
		inventory_complain(l, given(l, "network", "pods") ? at(l, "network.pods") : at(l, "hosts")->key,
			"network.pods %s has room for %zu Nodes of /24 each, and there are %zu hosts", pods, fit,
			l->inv->host_count);
}

static void check_days(struct inventory_load *l)
{
	const struct inventory *inv = l->inv;

	if (inv->pki.critical_days > inv->pki.warn_days)
		inventory_complain(l, at(l, given(l, "pki", "critical-days") ? "pki.critical-days" : "pki.warn-days"),
			"a certificate is critical with fewer than %d days left, and warned of only with fewer than %d: "
			"pki.critical-days must not be more than pki.warn-days",
			inv->pki.critical_days, inv->pki.warn_days);
}

static void check_cni(struct inventory_load *l)
{
	const struct inventory_node *cni = inventory_node_get(inventory_node_get(l->root, "network"), "cni");

	if (!cni || cni->kind != INVENTORY_KIND_MAP)
		return;
	if (!inventory_node_get(cni, "url"))
		inventory_complain(l, cni->key, "'cni' has no 'url'");
	if (!inventory_node_get(cni, "sha256"))
		inventory_complain(l, cni->key, "'cni' has no 'sha256': a download must be verified");
}

static void check_versions(struct inventory_load *l)
{
	const struct inventory *inv = l->inv;
	const struct inventory_node *repository =
		inventory_node_get(inventory_node_get(l->root, "kubernetes"), "repository");
	const struct release *release = inv->kubernetes.version ? release_find(inv->kubernetes.version) : NULL;

	if (!release)
		return;
	if (inv->containerd.version && release_compare(inv->containerd.version, release->containerd_floor) < 0)
		inventory_complain(l, at(l, "containerd.version"), "Kubernetes %s needs containerd %s or newer, not %s",
			inv->kubernetes.version, release->containerd_floor, inv->containerd.version);
	if (!release->repository && !inventory_node_get(repository, "url"))
		inventory_complain(l, at(l, "kubernetes.version"),
			"Kubernetes %s has no public package repository: set kubernetes.repository to yours",
			inv->kubernetes.version);
}

/* What is under another word would be merged into nothing. */
static void check_extra(struct inventory_load *l)
{
	static const char *const kinds[] = { "ClusterConfiguration", "InitConfiguration", "JoinConfiguration" };
	const struct inventory_node *extra = inventory_node_get(inventory_node_get(l->root, "kubeadm"), "extra");

	if (!extra || extra->kind != INVENTORY_KIND_MAP)
		return;
	for (const struct inventory_node *n = extra->first; n; n = n->next) {
		const char *key = n->key->text, *near = inventory_nearest(key, kinds, 3);
		bool known = near && strcmp(near, key) == 0;

		if (n->kind == INVENTORY_KIND_BAD)
			continue;
		if (!known && near)
			inventory_complain(l, n->key, "unknown kind '%s' in 'kubeadm.extra'; did you mean '%s'?",
				inventory_shown(l, key), near);
		else if (!known)
			inventory_complain(l, n->key,
				"unknown kind '%s' in 'kubeadm.extra'; the kinds are %s, %s and %s",
				inventory_shown(l, key), kinds[0], kinds[1], kinds[2]);
		else if (n->kind != INVENTORY_KIND_MAP)
			inventory_complain(
				l, n, "'%s' must be a map of keys and values, not %s", key, inventory_kind_name(n));
	}
}

/* What security.audit gives the API server: kubeadm takes each flag, volume and mount once. */
static const char *const of_audit[] = { "audit-policy-file", "audit-log-path", "audit-log-maxage",
	"audit-log-maxbackup", "audit-log-maxsize", "kubewright-security", "kubewright-audit-log", NULL };
/* The same of security.encrypt-secrets. */
static const char *const of_encryption[] = { "encryption-provider-config",
	"encryption-provider-config-automatic-reload", "kubewright-security", NULL };

static bool is_one_of(const struct inventory_node *n, const char *const *names)
{
	for (; n && n->kind == INVENTORY_KIND_SCALAR && *names; names++)
		if (strcmp(n->text, *names) == 0)
			return true;
	return false;
}

/* Of one in a list of maps with a name each, or, in old versions, in a map. */
static const struct inventory_node *name_of(const struct inventory_node *all, const struct inventory_node *n)
{
	return all->kind == INVENTORY_KIND_MAP ? n->key : inventory_node_get(n, "name");
}

static void check_own(struct inventory_load *l, const struct inventory_node *all)
{
	for (const struct inventory_node *n = all ? all->first : NULL; n; n = n->next) {
		const struct inventory_node *name = name_of(all, n);

		if (strcmp(l->inv->security.audit, "none") != 0 && is_one_of(name, of_audit))
			inventory_complain(l, name,
				"security.audit sets '%s' itself: remove it here, or set security.audit to none",
				name->text);
		else if (l->inv->security.encrypt_secrets && is_one_of(name, of_encryption))
			inventory_complain(l, name,
				"security.encrypt-secrets sets '%s' itself: remove it here, or set security.encrypt-secrets to false",
				name->text);
	}
}

/* The first name there that security.audit would give; NULL: there is none. */
static const struct inventory_node *first_of_audit(const struct inventory_node *all)
{
	for (const struct inventory_node *n = all ? all->first : NULL; n; n = n->next)
		if (is_one_of(name_of(all, n), of_audit))
			return name_of(all, n);
	return NULL;
}

/* An audit log too, unless the operator has one already. */
static void audit_of_profile(
	struct inventory_load *l, const struct inventory_node *args, const struct inventory_node *volumes)
{
	const struct inventory_node *arg = first_of_audit(args), *name = arg ? arg : first_of_audit(volumes);

	if (name)
		inventory_warn(l, name, "security.profile sets no audit log, as kubeadm.extra sets %s", name->text);
	else
		l->inv->security.audit = "default";
}

static void check_security(struct inventory_load *l)
{
	const struct inventory_node *extra = inventory_node_get(inventory_node_get(l->root, "kubeadm"), "extra");
	const struct inventory_node *server =
		inventory_node_get(inventory_node_get(extra, "ClusterConfiguration"), "apiServer");

	if (strcmp(l->inv->security.profile, "cis") == 0 && !given(l, "security", "audit"))
		audit_of_profile(
			l, inventory_node_get(server, "extraArgs"), inventory_node_get(server, "extraVolumes"));
	check_own(l, inventory_node_get(server, "extraArgs"));
	check_own(l, inventory_node_get(server, "extraVolumes"));
}

void inventory_check(struct inventory_load *l)
{
	inventory_check_hosts(l);
	check_endpoint(l);
	check_networks(l);
	check_days(l);
	check_cni(l);
	check_extra(l);
	check_security(l);
	inventory_check_settings(l);
	inventory_check_profile(l);
	inventory_check_serving(l);
	check_versions(l);
}
