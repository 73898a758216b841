/* Three control planes and workers: w1 loses a port of cp1 and large packets to cp2; cp3's disk is slow. */
#include "tests/unit/fake_mesh.h"

#include <stdio.h>
#include <string.h>

enum { CP1, CP2, CP3, W1, W2, FEW };

static const char well[] = "TCP 10250 (the kubelet): gets through\n"
			   "UDP 8472 (VXLAN of flannel and Cilium): gets through\n"
			   "There and back in 0.18 ms, packets of up to 1500 bytes.";
static const char blocked[] = "UDP 8472 (VXLAN of flannel and Cilium): does not answer\n"
			      "TCP 6443 (the API server): gets through\n"
			      "There and back in 0.21 ms, packets of up to 1500 bytes.";
static const char narrow[] =
	"There and back in 0.19 ms. Packets of at most 1400 bytes arrive, and eth0 sends up to 1500.\n"
	"TCP 6443 (the API server): gets through\n"
	"UDP 8472 (VXLAN of flannel and Cilium): gets through";
static const char unknown[] = "TCP 10250 (the kubelet): was not asked for\nNothing was measured on this way.";

static void set_way(struct port_mesh *m, size_t from, size_t to, enum mesh_state state, const char *text)
{
	m->ways[from * m->host_count + to] = (struct port_mesh_way){ state, text };
}

static void find(struct port_mesh_host *h, const char *name, enum finding_level level, const char *what,
	const char *why, const char *remedy)
{
	struct finding *f = &h->findings[h->finding_count++];

	*f = (struct finding){ .level = level };
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->what, sizeof(f->what), "%s", what);
	snprintf(f->why, sizeof(f->why), "%s", why);
	snprintf(f->remedy, sizeof(f->remedy), "%s", remedy);
}

static void fill_host(struct port_mesh *m, size_t i, bool unseen, const char *hostile)
{
	struct port_mesh_host *h = &m->hosts[i];
	char name[16];

	snprintf(name, sizeof(name), "%s%zu", i < W1 ? "cp" : "w", i < W1 ? i + 1 : i - CP3);
	h->name = arena_strdup(&m->arena, name);
	h->findings = arena_alloc(&m->arena, 4 * sizeof(*h->findings));
	if (unseen && i == CP2) {
		error_set(&h->error, ERROR_CONNECT, "%s",
			hostile ? hostile : "cannot connect to cp2 (10.0.0.12:22): no route to host");
		error_hint(&h->error, "is the machine on? see its console");
	}
}

static bool asks(size_t count, size_t from, size_t to)
{
	return count == FEW || from < W1 || to < W1 || from + 1 == to || to + 1 == from;
}

static void fill_ways(struct port_mesh *m, bool unseen, const char *hostile)
{
	for (size_t from = 0; from < m->host_count; from++)
		for (size_t to = 0; to < m->host_count; to++)
			if (from != to && asks(m->host_count, from, to))
				set_way(m, from, to, MESH_OK, well);
	set_way(m, W1, CP1, MESH_FAILED, blocked);
	set_way(m, W1, CP2, MESH_FAILED, narrow);
	for (size_t i = 0; unseen && i < m->host_count; i++)
		if (i != CP2) {
			set_way(m, i, CP2, MESH_UNKNOWN, unknown);
			set_way(m, CP2, i, MESH_UNKNOWN, unknown);
		}
	for (size_t i = 0; i < m->host_count * m->host_count; i++)
		if (m->ways[i].text) {
			m->asked++;
			m->counts[m->ways[i].state]++;
			m->ways[i].text = hostile ? hostile : m->ways[i].text;
		}
}

void fake_mesh_fill(struct port_mesh *out, size_t count, bool unseen, const char *hostile)
{
	*out = (struct port_mesh){ .host_count = count, .network = "flannel with VXLAN" };
	out->hosts = arena_alloc(&out->arena, count * sizeof(*out->hosts));
	out->ways = arena_alloc(&out->arena, count * count * sizeof(*out->ways));
	for (size_t i = 0; i < count; i++)
		fill_host(out, i, unseen, hostile);
	fill_ways(out, unseen, hostile);
	find(&out->hosts[CP1], "mesh-port-blocked", FINDING_ERROR,
		hostile ? hostile : "UDP 8472 (VXLAN of flannel and Cilium) does not answer w1 (10.0.0.21)",
		"pods of the two hosts do not reach one another",
		"nft insert rule inet filter input ip saddr 10.0.0.21 udp dport 8472 accept");
	find(&out->hosts[CP3], "mesh-fsync", FINDING_WARNING,
		"1 in 100 durable writes to /var/lib/etcd takes 23.1 ms or more",
		"etcd's members wait for one another, and elections follow", "give etcd an SSD of its own");
	if (!unseen)
		find(&out->hosts[W1], "mesh-path-mtu", FINDING_ERROR,
			"the path to cp2 carries packets of 1400 bytes at most, and eth0 sends up to 1500",
			"large answers hang", "set the MTU of eth0 to 1400, or let the path carry more");
}
