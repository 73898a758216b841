/* What is broken on which host: for repair and status. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "cluster/health.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

/* What on an installed host means that something was changed since. A unit that is down, swap and packets that are not passed on have findings of their own, which say more. */
static bool tells_drift(const struct would_step *would)
{
	static const enum code drifts[] = { EVIDENCE_FILE, EVIDENCE_NAME, EVIDENCE_SWAP_BOOT, EVIDENCE_SYSCTL,
		EVIDENCE_SYSCTL_BOOT, EVIDENCE_MODULE, EVIDENCE_GONE, EVIDENCE_PACKAGE, EVIDENCE_HOLD, EVIDENCE_SOURCE,
		EVIDENCE_DPKG, EVIDENCE_UNIT_STALE, EVIDENCE_MANIFEST, EVIDENCE_NODE };

	if (would->code == EVIDENCE_SYSCTL && strcmp(would->about, "net.ipv4.ip_forward") == 0)
		return false;
	for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++)
		if (would->code == drifts[i])
			return true;
	return false;
}

/* What goes away by itself, some time after its cause. */
static bool follows(const struct finding *f)
{
	return strcmp(f->name, "pod-not-ready") == 0 || strcmp(f->name, "dns-down") == 0 ||
	       strcmp(f->name, "node-not-ready") == 0;
}

static void add_drift(const struct cli_run *r, size_t host, struct findings *out)
{
	for (size_t s = 0; s < r->config.step_count; s++) {
		const struct would_step *would = would_step(r, host, s);
		struct finding *f;

		if (!would || !world_installed(&r->world.seen.hosts[host]) || !tells_drift(would))
			continue;
		out->list = xrealloc(out->list, out->count + 1, sizeof(*out->list));
		f = &out->list[out->count++];
		memset(f, 0, sizeof(*f));
		f->level = FINDING_WARNING;
		f->host = (int)host;
		snprintf(f->name, sizeof(f->name), "drift");
		snprintf(f->what, sizeof(f->what), "differs from what apply sets up; %s: %s", r->config.steps[s].name,
			would->text);
		snprintf(f->why, sizeof(f->why), "the host was changed by hand, or the inventory has changed");
		snprintf(f->remedy, sizeof(f->remedy),
			"'kubewright repair' or 'kubewright apply' sets it right; 'kubewright plan' shows the differences");
	}
}

void health_fold(struct cli_run *r, struct health *h)
{
	struct health_view view;

	*h = (struct health){ .host_count = r->inventory->host_count };
	h->hosts = xcalloc(h->host_count, sizeof(*h->hosts));
	world_health_view(&r->world, &view);
	h->settling = health_settling(&view);
	for (size_t i = 0; i < h->host_count; i++) {
		struct findings *all = &h->hosts[i];

		if (!r->chosen[i])
			continue;
		findings_health(&view, (int)i, all);
		add_drift(r, i, all);
		for (size_t k = 0; k < all->count; k++) {
			h->errors += all->list[k].level == FINDING_ERROR && !all->list[k].ignored;
			h->warnings += all->list[k].level == FINDING_WARNING && !all->list[k].ignored;
			h->remediable += health_remediable(&all->list[k]);
			h->unwell += follows(&all->list[k]);
		}
	}
}

void health_print(const struct cli_run *r, const struct health *h)
{
	for (size_t i = 0; i < h->host_count; i++) {
		if (!h->hosts[i].count)
			continue;
		printf("%s%s%s\n", cli_color(stdout, CLI_BOLD), r->inventory->hosts[i].name,
			cli_color(stdout, CLI_PLAIN));
		cli_findings_print(stdout, &h->hosts[i], false);
	}
}

void health_print_starting(const struct health *h)
{
	if (h->settling)
		printf("still starting: %u Pod%s of kube-system or kubelet%s\n", h->settling,
			h->settling == 1 ? "" : "s", h->settling == 1 ? "" : "s");
}

struct json *health_json(const struct cli_run *r, const struct health *h)
{
	struct json *list = json_array();

	for (size_t i = 0; i < h->host_count; i++)
		for (size_t k = 0; k < h->hosts[i].count; k++) {
			const struct finding *f = &h->hosts[i].list[k];
			struct json *j = json_add(list, json_object());

			json_set_str(j, "host", r->inventory->hosts[i].name);
			json_set_str(j, "name", f->name);
			json_set_str(j, "level", f->level == FINDING_ERROR ? "error" : "warning");
			json_set_bool(j, "ignored", f->ignored);
			json_set_str(j, "what", f->what);
			json_set_str(j, "why", f->why);
			json_set_str(j, "remedy", f->remedy);
			json_set_bool(j, "repair", health_remediable(f));
		}
	return list;
}

void health_release(struct health *h)
{
	for (size_t i = 0; i < h->host_count; i++)
		findings_release(&h->hosts[i]);
	free(h->hosts);
	*h = (struct health){ .hosts = NULL };
}
