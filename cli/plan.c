/* kubewright plan. */
#include "cli/run.h"

#include "base/json.h"
#include "inventory/inventory.h"

static void print_plan(const struct cli_run *r, const struct would *w, int status)
{
	unsigned hosts, steps = would_print(r, w, &hosts);

	if (steps)
		printf("\n%u step%s on %u host%s to do. Nothing was changed; 'kubewright apply' does it.\n", steps,
			steps == 1 ? "" : "s", hosts, hosts == 1 ? "" : "s");
	else if (status == 0)
		printf("Nothing to do: all %zu hosts are as %s says.\n", r->chosen_count, r->options->file);
	else
		puts("Nothing to do on the hosts that could be looked at.");
}

static void print_json(const struct cli_run *r, const struct would *w)
{
	struct json *j = json_object(), *hosts;

	json_set_str(j, "cluster", r->inventory->cluster);
	json_set_str(j, "version", r->world.version);
	hosts = json_set(j, "hosts", json_array());
	for (size_t h = 0; h < r->config.host_count; h++) {
		const struct error *e = engine_host_error(r->engine, (int)h);
		struct json *host;

		if (!r->chosen[h])
			continue;
		host = json_add(hosts, json_object());
		json_set_str(host, "name", r->config.hosts[h].name);
		would_json(r, w, h, json_set(host, "steps", json_array()));
		if (e)
			json_set(host, "error", cli_error_json(e));
	}
	cli_json_print(j);
}

int cli_plan(const struct cli_options *o)
{
	struct would would = { .steps = plans[PLAN_INSTALL].count };
	struct cli_run r;
	int status = cli_look(&r, KIND_PLAN, o, would_event, &would);

	if (status == 0) {
		status = cli_look_errors(&r, true);
		if (o->json)
			print_json(&r, &would);
		else
			print_plan(&r, &would, status);
		cli_run_release(&r);
	}
	would_release(&would);
	return status;
}
