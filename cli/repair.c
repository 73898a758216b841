/* kubewright repair: looks, shows what is broken and what would be done about it, asks, does it, and looks again. */
#include "cli/run.h"

#include "base/clock.h"
#include "base/json.h"
#include "cluster/health.h"
#include "inventory/inventory.h"

#include <poll.h>
#include <string.h>

/* A kubelet is started again by systemd every ten seconds, and starts a static Pod within some more. */
#define SETTLE_MS 90000

static int list_kinds(bool json)
{
	static const char *const by[] = { "operator", "repair, apply", "repair", "repair" };
	struct json *list = json ? json_array() : NULL;

	for (size_t i = 0; i < health_kind_count; i++) {
		const struct health_kind *k = &health_kinds[i];
		const char *level = k->level == FINDING_ERROR ? "error" : "warning";

		if (!json) {
			printf("%-24s %-8s %-14s %s\n", k->name, level, by[k->remedy], k->summary);
			continue;
		}
		struct json *j = json_add(list, json_object());
		json_set_str(j, "name", k->name);
		json_set_str(j, "level", level);
		json_set_str(j, "summary", k->summary);
		json_set_bool(j, "repair", k->remedy != HEALTH_TOLD);
	}
	if (json)
		cli_json_print(list);
	return 0;
}

/* What is not looked at cannot be called healthy. */
static int health_exit(const struct cli_run *r, const struct health *h, int status)
{
	if (h->errors || h->warnings)
		return CLI_EXIT_HOSTS_LEFT;
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->chosen[i] && !r->world.seen.hosts[i].probed)
			return status ? status : error_exit_code(ERROR_CONNECT);
	return 0;
}

static void print_json(const struct cli_run *r, const struct health *h)
{
	struct json *j = json_object(), *hosts;

	json_set_str(j, "cluster", r->inventory->cluster);
	json_set(j, "findings", health_json(r, h));
	json_set_int(j, "starting", h->settling);
	hosts = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);
		struct json *host;

		if (!r->chosen[i])
			continue;
		host = json_add(hosts, json_object());
		json_set_str(host, "name", r->config.hosts[i].name);
		json_set_bool(host, "reached", r->world.seen.hosts[i].probed);
		would_json(r, i, json_set(host, "steps", json_array()));
		if (e)
			json_set(host, "error", cli_error_json(e));
	}
	cli_json_print(j);
}

/* One look. Returns 0 with the run's findings in h, or the exit status after complaining. */
static int look(struct cli_run *r, const struct cli_options *o, struct health *h)
{
	int status = cli_look(r, KIND_REPAIR_LOOK, o);

	if (status == 0)
		health_fold(r, h);
	return status;
}

static void print_total(const struct health *h)
{
	printf("%u error%s, %u warning%s", h->errors, h->errors == 1 ? "" : "s", h->warnings,
		h->warnings == 1 ? "" : "s");
}

/* The findings, and what repair would do; returns how many steps that are. */
static unsigned tell(const struct cli_run *r, const struct health *h)
{
	unsigned hosts, steps;

	health_print(r, h);
	if (h->errors + h->warnings) {
		print_total(h);
		puts("\n");
	}
	if (!h->remediable)
		return 0;
	puts("What repair does:");
	steps = would_print(r, &hosts);
	if (steps)
		puts("");
	return steps;
}

/* What was started again takes its time: looks until nothing is left that repair would have mended or that is just starting, or it has had time enough. */
static int look_settled(struct cli_run *r, const struct cli_options *o, struct health *h)
{
	int64_t deadline = clock_mono_ms() + SETTLE_MS;
	bool said = false;
	int looked;

	while ((looked = look(r, o, h)) == 0 && (h->remediable || h->unwell || h->settling) &&
		clock_mono_ms() < deadline) {
		if (!said)
			fprintf(stderr, "waiting up to %d s until Nodes and Pods are Ready\n", SETTLE_MS / 1000);
		said = true;
		health_release(h);
		cli_run_release(r);
		poll(NULL, 0, 2000);
	}
	return looked;
}

/* Looks once more: that the steps ended well is not yet that all is well. */
static int look_after(const struct cli_options *o, int status)
{
	struct health h = { 0 };
	struct cli_run r;
	int looked = status ? look(&r, o, &h) : look_settled(&r, o, &h);

	if (looked)
		return looked;
	if (!o->json && h.errors + h.warnings == 0) {
		puts("\nLooked again: nothing is broken now.");
	} else if (!o->json) {
		puts("\nLooked again; what is left:");
		health_print(&r, &h);
	} else {
		cli_json_print(health_json(&r, &h));
	}
	looked = health_exit(&r, &h, 0);
	health_release(&h);
	cli_run_release(&r);
	return status && status != CLI_EXIT_HOSTS_LEFT ? status : looked;
}

/* The first look, shown and agreed to. True: there is something to repair; else *status is how it ends. */
static bool begin(const struct cli_options *o, int *status)
{
	struct health h = { 0 };
	struct error err = { 0 };
	struct cli_run r;
	bool go_on;

	*status = look(&r, o, &h);
	if (*status)
		return false;
	if (o->json && (o->check || !h.remediable))
		print_json(&r, &h);
	else if (!o->json)
		tell(&r, &h);
	/* that the cluster is down is what is to be mended: no error of the repair */
	*status = cli_look_errors_but(&r, false, h.errors == 0);
	go_on = h.remediable && !o->check;
	if (!o->json)
		health_print_starting(&h);
	if (!go_on && !o->json && h.errors + h.warnings == 0 && *status == 0)
		puts("Nothing is broken.");
	else if (!go_on && !o->json && !h.remediable && h.errors + h.warnings)
		puts("repair cannot fix these; see their remedies.");
	*status = health_exit(&r, &h, *status);
	if (go_on && cli_confirm_yes(o, "Do it?", "repair changes hosts and must be confirmed", &err)) {
		*status = cli_fail(&err);
		go_on = false;
	}
	health_release(&h);
	cli_run_release(&r);
	return go_on;
}

int cli_repair(const struct cli_options *o)
{
	struct cli_session session;
	int status;

	if (o->list)
		return list_kinds(o->json);
	cli_session_begin(&session, o);
	if (begin(&session.options, &status)) {
		cli_session_next(&session);
		status = cli_run_change(
			&session.options, KIND_REPAIR, &(struct cli_change){ .report = cli_apply_report });
		status = look_after(&session.options, status);
	}
	cli_session_end(&session);
	return status;
}
