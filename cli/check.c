/* kubewright check: every finding at once. */
#include "cli/mesh.h"
#include "cli/run.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <string.h>

static void print_host(const struct cli_run *r, size_t host)
{
	const struct findings *all = &r->world.seen.findings[host];

	if (all->count)
		printf("%s%s%s\n", cli_color(stdout, CLI_BOLD), r->config.hosts[host].name,
			cli_color(stdout, CLI_PLAIN));
	cli_findings_print(stdout, all, false);
}

void cli_check_json(const struct cli_run *r, size_t host, struct json *list)
{
	const struct findings *all = &r->world.seen.findings[host];
	const struct error *e = engine_host_error(r->engine, (int)host);

	cli_findings_json(r, all, list);
	if (e && e->kind != ERROR_PREFLIGHT) {
		struct json *j = json_add(list, json_object());

		json_set_str(j, "host", r->config.hosts[host].name);
		json_set_str(j, "name", error_kind_name(e->kind));
		json_set_str(j, "level", "error");
		json_set_bool(j, "ignored", false);
		json_set_str(j, "what", e->what);
		json_set_str(j, "why", e->detail);
		json_set_str(j, "remedy", e->hint);
	}
}

static void total(const struct cli_run *r, const struct findings_count *c)
{
	unsigned seen = 0;

	for (size_t i = 0; i < r->config.host_count; i++)
		seen += r->world.seen.hosts[i].probed;
	printf("%s%u of %zu hosts looked at", c->errors + c->warnings + c->ignored ? "\n" : "", seen, r->chosen_count);
	if (c->errors + c->warnings + c->ignored == 0)
		printf("%s. ", seen ? ": no findings there" : "");
	else
		printf(": %u error%s, %u warning%s, %u ignored. ", c->errors, c->errors == 1 ? "" : "s", c->warnings,
			c->warnings == 1 ? "" : "s", c->ignored);
	puts("Nothing was changed.");
}

int cli_check(const struct cli_options *o)
{
	struct findings_count c = { 0, 0, 0 };
	struct error err = { 0 };
	struct cli_run r;
	struct json *list;
	int status;

	if (o->mesh && o->security) {
		error_set(&err, ERROR_USAGE, "--mesh and --security cannot be given together");
		error_hint(&err, "each looks at the hosts for itself: run one after the other");
		return cli_fail(&err);
	}
	if (o->mesh)
		return cli_mesh(o);
	if (o->security)
		return cli_benchmark(o);
	if (o->list)
		return cli_findings_list(finding_kinds, finding_kind_count, o->json);
	status = cli_look(&r, KIND_CHECK, o);
	if (status)
		return status;
	cli_findings_complete(&r);
	list = o->json ? json_array() : NULL;
	for (size_t i = 0; i < r.config.host_count; i++) {
		cli_findings_count(&r.world.seen.findings[i], &c);
		if (o->json)
			cli_check_json(&r, i, list);
		else
			print_host(&r, i);
	}
	if (o->json)
		cli_json_print(list);
	else
		total(&r, &c);
	status = cli_look_errors(&r, false);
	if (cli_run_cni(&r, &err) || cli_run_audit(&r, &err)) {
		cli_error_print(stderr, &err);
		status = status ? status : error_exit_code(err.kind);
	}
	if (c.errors)
		status = error_exit_code(ERROR_PREFLIGHT);
	cli_run_release(&r);
	return status;
}
