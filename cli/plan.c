/* kubewright plan. */
#include "cli/run.h"

#include "base/json.h"
#include "inventory/inventory.h"

static void print_birth(const struct birth_difference *d, void *ctx)
{
	(void)ctx;
	printf("note: %s\n", d->text);
}

struct birth_lists {
	struct json *only, *unknown;
};

static void add_birth(const struct birth_difference *d, void *lists)
{
	const struct birth_lists *l = lists;
	struct json *j = json_add(d->unknown ? l->unknown : l->only, json_object());

	json_set_str(j, "field", d->field);
	if (d->more)
		json_set_int(j, "more", d->more);
	if (d->unknown || d->more)
		return;
	json_set_str(j, "living", d->unset ? NULL : d->living);
	json_set_str(j, "wanted", d->wanted);
}

static void print_plan(const struct cli_run *r, int status)
{
	unsigned hosts, steps = would_print(r, &hosts);

	birth_differences(&r->world, print_birth, NULL);
	if (steps)
		printf("\n%u step%s on %u host%s to do. Nothing was changed; 'kubewright apply' does it.\n", steps,
			steps == 1 ? "" : "s", hosts, hosts == 1 ? "" : "s");
	else if (status == 0)
		printf("Nothing to do: all %zu hosts are as %s describes them.\n", r->chosen_count, r->options->file);
	else
		puts("Nothing to do on the hosts that could be looked at.");
}

static void print_json(const struct cli_run *r)
{
	struct json *j = json_object(), *hosts;
	struct birth_lists birth;

	json_set_str(j, "cluster", r->inventory->cluster);
	json_set_str(j, "version", r->world.decided.version);
	hosts = json_set(j, "hosts", json_array());
	for (size_t h = 0; h < r->config.host_count; h++) {
		const struct error *e = engine_host_error(r->engine, (int)h);
		struct json *host;

		if (!r->chosen[h])
			continue;
		host = json_add(hosts, json_object());
		json_set_str(host, "name", r->config.hosts[h].name);
		would_json(r, h, json_set(host, "steps", json_array()));
		if (e)
			json_set(host, "error", cli_error_json(e));
	}
	birth.only = json_set(j, "birth_only", json_array());
	birth.unknown = json_set(j, "birth_unknown", json_array());
	birth_differences(&r->world, add_birth, &birth);
	cli_json_print(j);
}

int cli_plan(const struct cli_options *o)
{
	struct cli_run r;
	int status = cli_look(&r, KIND_PLAN, o);

	if (status)
		return status;
	status = cli_look_errors(&r, true);
	if (o->json)
		print_json(&r);
	else
		print_plan(&r, status);
	cli_run_release(&r);
	return status;
}
