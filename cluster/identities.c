/* Who has which identity: hashes in order, each found by halves and then compared with what the host itself said. */
#include "cluster/identities.h"

#include "base/alloc.h"
#include "base/str.h"
#include "cluster/cluster.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a */
static uint64_t hash_of(const char *word, const char *value)
{
	uint64_t hash = 14695981039346656037u;

	for (const char *p = word; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	for (const char *p = value; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	return hash;
}

/* The first place that is not before this one. */
static size_t place_of(const struct identities *all, uint64_t hash, int host)
{
	size_t low = 0, high = all->count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct identity *i = &all->list[mid];

		if (i->hash < hash || (i->hash == hash && i->host < host))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void add(struct identities *all, const char *word, const char *value, int host)
{
	uint64_t hash = hash_of(word, value);
	size_t at = place_of(all, hash, host);

	if (!*value || (at < all->count && all->list[at].hash == hash && all->list[at].host == host))
		return;
	if (all->count == all->size) {
		all->size = all->size ? all->size * 2 : 64;
		all->list = xrealloc(all->list, all->size, sizeof(*all->list));
	}
	memmove(all->list + at + 1, all->list + at, (all->count++ - at) * sizeof(*all->list));
	all->list[at] = (struct identity){ hash, host };
}

/* Of "eth0 02:00:… 10.0.0.1/24"; false: of none, or one that software made and may share. */
static bool mac_of(const char *line, char mac[18])
{
	static const char *const made[] = { "cni", "flannel", "docker", "br-", "virbr", "cali", "tunl", "vxlan",
		"cilium", "kube-", "veth", "lxc", "wg", "tun" };
	const char *at = strchr(line, ' ');

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (str_starts(line, made[i]))
			return false;
	if (!at || strcspn(at + 1, " ") != 17 || str_starts(at, " 00:00:00:00:00:00"))
		return false;
	snprintf(mac, 18, "%s", at + 1);
	return true;
}

struct adding {
	struct identities *all;
	int host;
};

static void add_mac(const char *line, void *ctx)
{
	const struct adding *a = ctx;
	char mac[18];

	if (mac_of(line, mac))
		add(a->all, "mac", mac, a->host);
}

static const char *const words[] = { "machine_id", "product_uuid", "hostname" };

void identities_add(struct identities *all, const struct cluster_host *h, int host)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		add(all, words[i], cluster_fact(h, words[i]), host);
	cluster_fact_lines(h, "addrs", add_mac, &(struct adding){ all, host });
}

int identities_other(const struct identities *all, const struct cluster_host *hosts, int host, const char *word)
{
	const char *value = cluster_fact(&hosts[host], word);
	uint64_t hash = hash_of(word, value);

	for (size_t at = place_of(all, hash, 0); *value && at < all->count && all->list[at].hash == hash; at++)
		if (all->list[at].host != host && hosts[all->list[at].host].probed &&
			cluster_fact_is(&hosts[all->list[at].host], word, value))
			return all->list[at].host;
	return -1;
}

struct search {
	const struct identities *all;
	const struct cluster_host *hosts;
	int host, found;
	char *mac;
};

static void look_at_mac(const char *line, void *ctx)
{
	struct search *s = ctx;
	char mac[18], needle[20];
	uint64_t hash;

	if (s->found >= 0 || !mac_of(line, mac))
		return;
	hash = hash_of("mac", mac);
	snprintf(needle, sizeof(needle), " %s ", mac);
	for (size_t at = place_of(s->all, hash, 0); at < s->all->count && s->all->list[at].hash == hash; at++) {
		int other = s->all->list[at].host;

		if (other == s->host || !s->hosts[other].probed ||
			!strstr(cluster_fact(&s->hosts[other], "addrs"), needle))
			continue;
		memcpy(s->mac, mac, sizeof(mac));
		s->found = other;
		return;
	}
}

int identities_other_mac(const struct identities *all, const struct cluster_host *hosts, int host, char mac[18])
{
	struct search s = { all, hosts, host, -1, mac };

	cluster_fact_lines(&hosts[host], "addrs", look_at_mac, &s);
	return s.found;
}

void identities_release(struct identities *all)
{
	free(all->list);
	*all = (struct identities){ 0 };
}
