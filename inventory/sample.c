/* A new inventory's text: the table of fields with help, what matters filled in, the rest as comments. */
#include "inventory/private.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/release.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample {
	struct arena arena;
	const char *cluster;
	struct inventory_host *hosts;
	size_t host_count;
	char vip[16]; /* "" when there is no need for one */
	char pods[20], services[20];
	char version[16];
};

/* What a commented-out key shows instead of its default. */
static const struct {
	const char *path, *text;
} examples[] = {
	{ "kubernetes.repository.url", "https://mirror.example.com/kubernetes/" },
	{ "kubernetes.repository.key-url", "https://mirror.example.com/kubernetes/Release.key" },
	{ "containerd.repository.url", "https://mirror.example.com/docker/" },
	{ "containerd.repository.key-url", "https://mirror.example.com/docker/gpg" },
	{ "kubernetes.image-repository", "registry.example.com/k8s" },
	{ "containerd.version", "2.2.0" },
	{ "containerd.config", "'oom_score = -999'" },
	{ "endpoint.vip", "10.0.0.100" },
	{ "endpoint.interface", "eth0" },
	{ "endpoint.host", "api.example.com" },
	{ "network.cni", "./flannel.yaml\n  #cni: {url: 'https://example.com/cni.yaml', sha256: "
			 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}" },
	{ "pki.store", "~/rack7-pki" },
	{ "kubelet.config", "{maxPods: 200}" },
	{ "kubeproxy.config", "{mode: nftables}" },
	{ "kubeadm.extra", "{ClusterConfiguration: {}}" },
	{ "preflight.ignore", "[swap-on]" },
	{ "ssh.key", "~/.ssh/id_ed25519" },
};

static const char *example(const struct inventory_field *f)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		if (strcmp(examples[i].path, f->path) == 0)
			return examples[i].text;
	if (f->fallback)
		return f->fallback;
	return f->type == INVENTORY_TYPE_HEX ? "0123456789ABCDEF0123456789ABCDEF01234567" : "''";
}

/* What is written as a living key; NULL: a comment. */
static const char *living(const struct sample *s, const char *path)
{
	const struct {
		const char *path, *text;
	} all[] = {
		{ "cluster", s->cluster },
		{ "kubernetes.version", s->version },
		{ "endpoint.vip", *s->vip ? s->vip : NULL },
		{ "network.pods", s->pods },
		{ "network.services", s->services },
		{ "ssh.user", "root" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].path, path) == 0)
			return all[i].text;
	return NULL;
}

static bool section_lives(const struct sample *s, const char *path, size_t n)
{
	for (size_t i = 0; i < inventory_field_count; i++)
		if (strncmp(inventory_fields[i].path, path, n) == 0 && inventory_fields[i].path[n] == '.' &&
			living(s, inventory_fields[i].path))
			return true;
	return false;
}

/* The headers of the sections that path enters and the one before it was not in. Returns its depth. */
static int write_sections(const struct sample *s, const char *path, const char *before, struct str *out)
{
	int depth = 0;

	for (const char *dot = strchr(path, '.'), *word = path; dot; word = dot + 1, dot = strchr(word, '.'), depth++) {
		size_t n = (size_t)(dot - path);

		if (strncmp(path, before, n + 1) == 0)
			continue;
		str_addf(out, "%s%*s%s%.*s:\n", depth ? "" : "\n", 2 * depth, "", section_lives(s, path, n) ? "" : "#",
			(int)(dot - word), word);
	}
	return depth;
}

static void write_fields(const struct sample *s, struct str *out)
{
	const char *before = "";

	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *f = &inventory_fields[i];
		const char *last = strrchr(f->path, '.'), *value = living(s, f->path),
			   *word = last ? last + 1 : f->path;
		char parent[64] = "";
		int depth;

		if (last)
			snprintf(parent, sizeof(parent), "%.*s", (int)(last - f->path), f->path);
		/* the parts of cni's other form are in its help */
		if (f->type == INVENTORY_TYPE_RESERVED || str_starts(f->path, "hosts[]") ||
			inventory_field_find(parent))
			continue;
		depth = write_sections(s, f->path, before, out);
		if (value && strcmp(f->path, "endpoint.vip") == 0)
			str_add(out, "  # CHECK THIS ONE: chosen without asking the network.\n");
		str_addf(out, "%*s# %s\n%*s%s%s: %s\n", 2 * depth, "", f->help, 2 * depth, "", value ? "" : "#", word,
			value ? value : example(f));
		before = f->path;
	}
}

static void write_hosts(const struct sample *s, struct str *out)
{
	str_add(out,
		"\n# Each may have more: ssh: {address: 192.168.9.21, port: 2222, user: ops, host-key: 'SHA256:…'},\n"
		"# labels: {gpu: h200}, taints: ['gpu=true:NoSchedule']\nhosts:\n");
	for (size_t i = 0; i < s->host_count; i++)
		str_addf(out, "  - {name: %s, address: %s, role: %s}\n", s->hosts[i].name, s->hosts[i].address,
			s->hosts[i].role == INVENTORY_WORKER ? "worker" : "control-plane");
}

static bool in_use(const struct sample *s, const char *cidr)
{
	for (size_t i = 0; i < s->host_count; i++)
		if (inventory_cidr_contains(cidr, s->hosts[i].address))
			return true;
	return false;
}

/* A free address near the first control plane's: from .100 of its /24 on. */
static void choose_vip(struct sample *s)
{
	char cidr[24], one[24];
	unsigned address, n;

	snprintf(cidr, sizeof(cidr), "%s/16", s->hosts[0].address);
	inventory_ipv4(s->hosts[0].address, &address);
	for (unsigned i = 0; i < 0x10000 && !*s->vip; i++) {
		n = ((address & 0xff00) + 100 + i) & 0xffff;
		if ((n & 0xff) == 0 || (n & 0xff) == 0xff || inventory_cidr_nth(cidr, n, s->vip))
			continue;
		snprintf(one, sizeof(one), "%s/32", s->vip);
		if (in_use(s, one))
			s->vip[0] = '\0';
	}
}

/* The usual network, or another one when hosts live in it. */
static void choose_network(const struct sample *s, const char *const *bases, int bits, const char *other, char out[20])
{
	char text[24], base[16];

	for (; *bases; bases++) {
		snprintf(text, sizeof(text), "%s/%d", *bases, bits);
		if (inventory_cidr_nth(text, 0, base))
			continue;
		snprintf(out, 20, "%s/%d", base, bits);
		if (!in_use(s, out) && !(*s->vip && inventory_cidr_contains(out, s->vip)) &&
			!inventory_cidr_overlap(out, other))
			return;
	}
}

static void choose(struct sample *s)
{
	static const char *const services[] = { "10.96.0.0", "10.160.0.0", "172.16.0.0", NULL };
	static const char *const pods[] = { "10.244.0.0", "10.200.0.0", "10.32.0.0", "172.28.0.0", "192.168.0.0",
		"100.64.0.0", NULL };
	const char *newest = strrchr(release_supported(), ' ');
	int bits = 16;

	snprintf(s->version, sizeof(s->version), "%s", newest ? newest + 1 : release_supported());
	if (s->host_count > 3)
		choose_vip(s);
	choose_network(s, services, 12, "0.0.0.0/32", s->services);
	while (bits > 8 && s->host_count > (size_t)1 << (24 - bits))
		bits--;
	choose_network(s, pods, bits, s->services, s->pods);
}

/* What was given must make a sound file: its checks are the inventory's own. */
static int verify(const char *text, size_t len, struct error *err)
{
	struct inventory_problems *problems = xcalloc(1, sizeof(*problems));
	struct inventory *inv = inventory_parse(NULL, text, len, NULL, 0, problems, NULL);
	int rc = 0;

	if (!inv)
		rc = error_set(err, ERROR_USAGE, "%s", problems->list[0].text);
	inventory_free(inv);
	free(problems);
	return rc;
}

int inventory_sample(
	const char *cluster, const char *const *hosts, size_t host_count, struct str *out, struct error *err)
{
	static const char *const none[] = { "10.0.0.[11-12]" };
	struct sample s = { .cluster = cluster };
	struct str text = STR_INIT;
	unsigned a;
	int rc = inventory_expand(
		&s.arena, host_count ? hosts : none, host_count ? host_count : 1, &s.hosts, &s.host_count, err);

	if (rc == 0 && !inventory_is_label(cluster))
		rc = error_set(err, ERROR_USAGE, "'%s' is not a cluster name: use a-z, 0-9 and '-'", cluster);
	for (size_t i = 0; i < s.host_count && rc == 0; i++)
		if (!inventory_ipv4(s.hosts[i].address, &a)) {
			error_set(err, ERROR_USAGE, "'%s' is not an IPv4 address", s.hosts[i].address);
			rc = error_hint(err, "write hosts as NAME=ADDRESS, ADDRESS or 10.0.0.[11-15]");
		} else if (!inventory_is_node_name(s.hosts[i].name)) {
			rc = error_set(err, ERROR_USAGE, "'%s' is not a Node name: use a-z, 0-9, '-' and '.'",
				s.hosts[i].name);
		}
	if (rc == 0) {
		choose(&s);
		str_add(&text,
			"# Inventory of a Kubernetes cluster, for kubewright. Lines that start with '#' and a key show defaults\n"
			"# and examples. 'kubewright check' reads this file and looks at the hosts; it changes nothing.\n\n");
		write_fields(&s, &text);
		write_hosts(&s, &text);
		rc = verify(text.buf, text.len, err);
	}
	if (rc == 0)
		str_addn(out, text.buf, text.len);
	str_release(&text);
	arena_release(&s.arena);
	return rc;
}
