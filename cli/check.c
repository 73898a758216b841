/* kubewright check: every finding at once. */
#include "cli/run.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <string.h>

struct counts {
	unsigned errors, warnings, ignored;
};

static int list_kinds(bool json)
{
	struct json *list = json ? json_array() : NULL;

	for (size_t i = 0; i < finding_kind_count; i++) {
		const struct finding_kind *k = &finding_kinds[i];
		const char *level = k->level == FINDING_ERROR ? "error" : "warning";

		if (!json) {
			printf("%-28s %-8s %s\n", k->name, level, k->summary);
			continue;
		}
		struct json *j = json_add(list, json_object());
		json_set_str(j, "name", k->name);
		json_set_str(j, "level", level);
		json_set_str(j, "summary", k->summary);
		json_set_str(j, "kubeadm", k->kubeadm);
	}
	if (json)
		cli_json_print(list);
	return 0;
}

static void count(struct counts *c, const struct finding *f)
{
	if (f->ignored)
		c->ignored++;
	else if (f->level == FINDING_ERROR)
		c->errors++;
	else
		c->warnings++;
}

static void print_host(const struct cli_run *r, size_t host, struct counts *c)
{
	const struct findings *all = &r->world.seen.findings[host];

	if (all->count)
		printf("%s%s%s\n", cli_color(stdout, CLI_BOLD), r->config.hosts[host].name,
			cli_color(stdout, CLI_PLAIN));
	cli_findings_print(stdout, all, false);
	for (size_t i = 0; i < all->count; i++)
		count(c, &all->list[i]);
}

static void json_host(const struct cli_run *r, size_t host, struct counts *c, struct json *list)
{
	const struct findings *all = &r->world.seen.findings[host];
	const struct error *e = engine_host_error(r->engine, (int)host);

	for (size_t i = 0; i < all->count; i++) {
		const struct finding *f = &all->list[i];
		struct json *j = json_add(list, json_object());

		count(c, f);
		json_set_str(j, "host", r->config.hosts[host].name);
		json_set_str(j, "name", f->name);
		json_set_str(j, "level", f->level == FINDING_ERROR ? "error" : "warning");
		json_set_bool(j, "ignored", f->ignored);
		json_set_str(j, "what", f->what);
		json_set_str(j, "why", f->why);
		json_set_str(j, "remedy", f->remedy);
	}
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

static void total(const struct cli_run *r, const struct counts *c)
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
	struct counts c = { 0, 0, 0 };
	struct error err = { 0 };
	struct cli_run r;
	struct json *list;
	int status;

	if (o->list)
		return list_kinds(o->json);
	status = cli_look(&r, KIND_CHECK, o);
	if (status)
		return status;
	cli_findings_complete(&r);
	list = o->json ? json_array() : NULL;
	for (size_t i = 0; i < r.config.host_count; i++) {
		if (o->json)
			json_host(&r, i, &c, list);
		else
			print_host(&r, i, &c);
	}
	if (o->json)
		cli_json_print(list);
	else
		total(&r, &c);
	status = cli_look_errors(&r, false);
	if (cli_run_cni(&r, &err)) {
		cli_error_print(stderr, &err);
		status = status ? status : error_exit_code(err.kind);
	}
	if (c.errors)
		status = error_exit_code(ERROR_PREFLIGHT);
	cli_run_release(&r);
	return status;
}
