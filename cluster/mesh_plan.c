/* Who asks whom, and what one host gets to know of it. */
#include "cluster/mesh.h"

#include "base/alloc.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

/* Asking, from the first packet to the last; and how much longer is listened, for hosts that begin later. */
#define ASK_MS 8000
#define LISTEN_MS 12000

static bool control_plane(const struct mesh_plan *p, size_t host)
{
	return p->inv->hosts[host].role == INVENTORY_CONTROL_PLANE;
}

static void ask(struct mesh_plan *p, size_t a, size_t b)
{
	if (a == b || p->pairs[a * p->count + b])
		return;
	p->pairs[a * p->count + b] = p->pairs[b * p->count + a] = true;
	p->asked += 2;
}

/* splitmix64: a good mixture of a small state. */
static uint64_t chance(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void ring(struct mesh_plan *p, const size_t *part, size_t n, const char *run)
{
	uint64_t state = 1469598103934665603u;
	size_t centers = 0;

	for (; run && *run; run++)
		state = (state ^ (unsigned char)*run) * 1099511628211u;
	for (size_t i = 0; i < n; i++)
		centers += control_plane(p, part[i]);
	for (size_t i = 0; i < n; i++) {
		ask(p, part[i], part[(i + 1) % n]);
		for (int k = 0; k < MESH_RANDOM; k++)
			ask(p, part[i], part[chance(&state) % n]);
		for (size_t j = 0; j < n && centers <= MESH_CENTERS; j++)
			if (control_plane(p, part[j]))
				ask(p, part[i], part[j]);
	}
}

void mesh_plan_make(struct mesh_plan *p, const struct inventory *inv, const bool *chosen, enum mesh_network network,
	const char *run)
{
	size_t *part = xcalloc(inv->host_count + 1, sizeof(*part)), n = 0;

	*p = (struct mesh_plan){ .inv = inv, .network = network, .count = inv->host_count };
	p->pairs = xcalloc(p->count * p->count + 1, sizeof(*p->pairs));
	for (size_t i = 0; i < p->count; i++)
		if (!chosen || chosen[i])
			part[n++] = i;
	p->whole = n <= MESH_WHOLE;
	if (!p->whole)
		ring(p, part, n, run);
	for (size_t i = 0; p->whole && i < n; i++)
		for (size_t j = 0; j < i; j++)
			ask(p, part[i], part[j]);
	free(part);
}

void mesh_plan_release(struct mesh_plan *p)
{
	free(p->pairs);
	*p = (struct mesh_plan){ 0 };
}

bool mesh_plan_pair(const struct mesh_plan *p, size_t from, size_t to)
{
	return p->pairs[from * p->count + to];
}

static bool has_role(const struct mesh_plan *p, size_t host, unsigned roles)
{
	return roles == MESH_ANY || control_plane(p, host);
}

static bool holds(const struct mesh_plan *p, const struct mesh_need *need)
{
	return !need->networks || need->networks & 1u << p->network || mesh_need_guessed(need, p->network);
}

bool mesh_plan_needs(const struct mesh_plan *p, const struct mesh_need *need, size_t from, size_t to)
{
	return mesh_plan_pair(p, from, to) && holds(p, need) && has_role(p, from, need->from) &&
	       has_role(p, to, need->to);
}

void mesh_plan_text(const struct mesh_plan *p, size_t host, const char *token, const char *mark, struct str *out)
{
	const struct inventory_host *hosts = p->inv->hosts;

	str_addf(out, "self %zu %s\ntoken %s\nmark %s\ntimes %d %d\n", host, hosts[host].address, token, mark, ASK_MS,
		LISTEN_MS);
	for (size_t n = 0; n < mesh_need_count; n++)
		if (holds(p, &mesh_needs[n]) && has_role(p, host, mesh_needs[n].to))
			str_addf(out, "listen %s %d\n", mesh_needs[n].udp ? "udp" : "tcp", mesh_needs[n].port);
	str_addf(out, "listen udp %d always\n", MESH_MEASURE_PORT);
	for (size_t to = 0; to < p->count; to++) {
		if (!mesh_plan_pair(p, host, to))
			continue;
		str_addf(out, "peer %zu %s", to, hosts[to].address);
		for (size_t n = 0; n < mesh_need_count; n++)
			if (mesh_plan_needs(p, &mesh_needs[n], host, to))
				str_addf(out, " %s:%d", mesh_needs[n].udp ? "udp" : "tcp", mesh_needs[n].port);
		str_addf(out, " udp:%d\n", MESH_MEASURE_PORT);
	}
	for (size_t to = 0; to < p->count && p->inv->endpoint.vip && control_plane(p, host); to++)
		if (control_plane(p, to) && mesh_plan_pair(p, host, to))
			str_addf(out, "segment %zu %s\n", to, hosts[to].address);
	if (control_plane(p, host))
		str_add(out, "fsync\n");
}
