/* What a run saw, in short words for the wizard: hardware, and how a living cluster is. */
#include "cli/wizard.h"

#include "base/alloc.h"
#include "inventory/inventory.h"
#include "tui/wizard.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void join_lines(const char *line, void *out)
{
	struct str *s = out;

	str_addf(s, "%s%s", s->len ? ", " : "", line);
}

/* A fact of several lines in one, cut to size. */
static void joined(const struct cluster_host *h, const char *word, char *out, size_t size)
{
	struct str s = STR_INIT;

	cluster_fact_lines(h, word, join_lines, &s);
	snprintf(out, size, "%s", s.buf);
	str_release(&s);
}

void cli_wizard_host(const struct cluster_host *h, struct port_host *out)
{
	int64_t kb = cluster_fact_int(h, "mem_kb", 0);
	const char *virt = cluster_fact(h, "virt");

	memset(out, 0, sizeof(*out));
	out->probed = h->probed;
	if (!h->probed)
		return;
	snprintf(out->os, sizeof(out->os), "%s", cluster_fact(h, "os_name"));
	snprintf(out->cpu, sizeof(out->cpu), "%s x %s", cluster_fact(h, "cpus"), cluster_fact(h, "cpu_model"));
	snprintf(out->memory, sizeof(out->memory), "%lld GiB", (long long)((kb + (1 << 19)) >> 20));
	snprintf(out->kind, sizeof(out->kind), "%s%s",
		!*virt                      ? ""
		: strcmp(virt, "none") == 0 ? "bare metal"
					    : "virtual: ",
		strcmp(virt, "none") == 0 ? "" : virt);
	joined(h, "block_devices", out->disk, sizeof(out->disk));
	joined(h, "nics", out->nics, sizeof(out->nics));
	joined(h, "gpus", out->gpus, sizeof(out->gpus));
}

static void take_words(struct str *words, enum cli_color color, struct port_words *out)
{
	snprintf(out->text, sizeof(out->text), "%s", words->buf);
	out->style = color == CLI_RED ? STYLE_FAIL : color == CLI_YELLOW ? STYLE_WARNING : STYLE_NORMAL;
	str_release(words);
}

static void fill_words(const struct cli_run *r, const struct status *s, struct port_cluster *out)
{
	struct str words = STR_INIT;
	enum cli_color color = status_api_words(r, s, &words);

	take_words(&words, color, &out->api);
	color = status_etcd_words(s, &words);
	take_words(&words, color, &out->etcd);
	color = status_vip_words(r, s, &words);
	take_words(&words, color, &out->vip);
}

static void fill_node(const struct cli_run *r, size_t i, struct port_node *n)
{
	const struct cluster_host *h = &r->world.seen.hosts[i];
	const struct inventory_host *inv = &r->inventory->hosts[i];
	const struct error *e = engine_host_error(r->engine, (int)i);
	struct str words = STR_INIT;
	const char *path;

	snprintf(n->name, sizeof(n->name), "%s", inv->name);
	snprintf(n->role, sizeof(n->role), "%s", status_role(r, i));
	snprintf(n->address, sizeof(n->address), "%s", inv->address);
	snprintf(n->node, sizeof(n->node), "%s", status_node(r, i, &n->ready));
	snprintf(n->etcd, sizeof(n->etcd), "%s", status_member(r, i, &n->etcd_well));
	n->control_plane = inv->role == INVENTORY_CONTROL_PLANE;
	n->probed = h->probed;
	n->days = INT_MIN;
	if (!h->probed) {
		if (e)
			n->error = *e;
		return;
	}
	snprintf(n->kubelet, sizeof(n->kubelet), "%s", cluster_fact(h, "unit.kubelet"));
	n->kubelet_runs = cluster_fact_is(h, "unit.kubelet", "active");
	status_pods(r, i, &n->pods_up, &n->pods);
	n->days = status_days(r, i, &path);
	if (r->world.seen.cluster.exists && status_snapshot_words(r, i, &words))
		snprintf(n->snapshot, sizeof(n->snapshot), "%s", words.buf);
	str_release(&words);
}

void cli_wizard_cluster(struct cli_run *r, struct port_cluster *out)
{
	struct status status;
	struct health health;

	*out = (struct port_cluster){ .node_count = r->inventory->host_count };
	out->nodes = xcalloc(out->node_count ? out->node_count : 1, sizeof(*out->nodes));
	/* which members are healthy comes with it */
	health_fold(r, &health);
	status_fold(r, &status);
	out->installed = status.installed;
	out->errors = health.errors;
	out->warnings = health.warnings;
	out->remediable = health.remediable;
	if (r->world.decided.refusal)
		out->problem = *r->world.decided.refusal;
	fill_words(r, &status, out);
	for (size_t i = 0; i < out->node_count; i++) {
		fill_node(r, i, &out->nodes[i]);
		/* they are the node's from here on */
		out->nodes[i].findings = health.hosts[i];
		health.hosts[i] = (struct findings){ NULL, 0 };
	}
	health_release(&health);
}

void cli_wizard_support(struct cli_run *r, const struct error *keys, struct port_support *out)
{
	struct support_made made = { 0 };
	struct str listing = STR_INIT;

	*out = (struct port_support){ .listing = "" };
	if (cli_support_make(r, keys, &made, &listing, &out->error) == 0) {
		out->path = arena_strdup(&out->arena, made.path);
		out->listing = arena_strdup(&out->arena, listing.buf);
		out->files = made.files;
		out->cut = made.cut;
		out->size = made.size;
	}
	free(made.path);
	str_release(&listing);
}
