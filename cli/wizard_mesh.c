/* What hosts get through to one another, as a look saw it, for the page of the wizard. */
#include "cli/wizard.h"

#include "base/alloc.h"
#include "cluster/mesh.h"
#include "inventory/inventory.h"
#include "tui/wizard.h"

#include <stdlib.h>

#define MS_NS 1000000

static void add_need(const struct mesh_need *n, struct mesh_verdict is, struct str *out)
{
	str_addf(out, "%s %d (%s): %s\n", n->udp ? "UDP" : "TCP", n->port, n->what, mesh_reason_words(is.reason));
}

/* Two rounds: what is not well comes first. */
static void add_needs(const struct mesh_view *v, size_t from, size_t to, struct str *out)
{
	for (int well = 0; well < 2; well++)
		for (size_t i = 0; i < mesh_need_count; i++) {
			struct mesh_verdict is;

			if (!mesh_plan_needs(v->plan, &mesh_needs[i], from, to))
				continue;
			is = mesh_judge(v, &mesh_needs[i], from, to);
			if ((is.state == MESH_OK) == well)
				add_need(&mesh_needs[i], is, out);
		}
}

static void add_measured(const struct mesh_view *v, size_t from, size_t to, struct str *out)
{
	const struct mesh_link *l = mesh_link(v, from, to);

	if (!l) {
		str_add(out, "Nothing was measured on this way.");
		return;
	}
	str_addf(out, "There and back in %.2f ms", (double)l->rtt_min_ns / MS_NS);
	if (mesh_path_narrow(v, from, to))
		str_addf(out, ". Packets of at most %d bytes arrive, and %s sends up to %d.", l->mtu,
			v->hosts[from].iface, v->hosts[from].mtu);
	else if (l->mtu)
		str_addf(out, ", packets of up to %d bytes.", l->mtu);
	else
		str_add(out, "; how large packets may be is not known.");
}

static void fill_way(
	const struct mesh_view *v, size_t from, size_t to, struct port_mesh *out, struct port_mesh_way *way)
{
	struct str text = STR_INIT;

	if (!mesh_plan_pair(v->plan, from, to))
		return;
	way->state = mesh_pair(v, from, to);
	out->asked++;
	out->counts[way->state]++;
	/* what loses large packets is the first thing to know of a way on which all ports answer */
	if (mesh_path_narrow(v, from, to)) {
		add_measured(v, from, to, &text);
		str_addc(&text, '\n');
		add_needs(v, from, to, &text);
	} else {
		add_needs(v, from, to, &text);
		add_measured(v, from, to, &text);
	}
	way->text = arena_strdup(&out->arena, text.buf);
	str_release(&text);
}

static void fill_host(const struct cli_run *r, const struct findings *all, size_t i, struct port_mesh *out)
{
	const struct error *e = r->engine ? engine_host_error(r->engine, (int)i) : NULL;
	struct port_mesh_host *h = &out->hosts[out->host_count++];

	h->name = arena_strdup(&out->arena, r->inventory->hosts[i].name);
	if (e)
		h->error = *e;
	for (size_t k = 0; k < all->count; k++)
		h->finding_count += all->list[k].host == (int)i;
	h->findings = arena_alloc(&out->arena, (h->finding_count + 1) * sizeof(*h->findings));
	h->finding_count = 0;
	for (size_t k = 0; k < all->count; k++)
		if (all->list[k].host == (int)i)
			h->findings[h->finding_count++] = all->list[k];
}

void cli_wizard_mesh(struct cli_run *r, struct port_mesh *out)
{
	size_t count = r->inventory->host_count, *at = xcalloc(count + 1, sizeof(*at));
	struct findings found = { 0 };
	struct mesh_plan plan;
	struct mesh_view view = { &plan, r->world.seen.mesh };

	mesh_of_run(&r->world, &plan);
	findings_mesh(&view, &found);
	*out = (struct port_mesh){ .network = mesh_network_words(plan.network) };
	out->hosts = arena_alloc(&out->arena, (count + 1) * sizeof(*out->hosts));
	for (size_t i = 0; i < count; i++) {
		if (!r->chosen[i])
			continue;
		at[out->host_count] = i;
		fill_host(r, &found, i, out);
	}
	out->ways = arena_alloc(&out->arena, (out->host_count * out->host_count + 1) * sizeof(*out->ways));
	for (size_t from = 0; from < out->host_count; from++)
		for (size_t to = 0; to < out->host_count; to++)
			fill_way(&view, at[from], at[to], out, &out->ways[from * out->host_count + to]);
	findings_release(&found);
	mesh_plan_release(&plan);
	free(at);
}
