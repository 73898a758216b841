/* kubewright plan. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

/* What each step would do on each host: the text of its event, or NULL; and the differences that its check logged. */
struct would {
	size_t steps;
	struct would_cell {
		char *text;
		struct str differences;
	} * cells; /* [host * steps + step] */
	size_t size;
};

static struct would_cell *cell_of(struct would *w, size_t host, size_t step)
{
	size_t i = host * w->steps + step;

	if (i >= w->size) {
		w->cells = xrealloc(w->cells, i + w->steps, sizeof(*w->cells));
		for (size_t k = w->size; k < i + w->steps; k++)
			w->cells[k] = (struct would_cell){ NULL, STR_INIT };
		w->size = i + w->steps;
	}
	return &w->cells[i];
}

static void collect(const struct event *ev, void *ctx)
{
	struct would *w = ctx;
	struct would_cell *c;

	if (ev->host < 0 || ev->step < 0)
		return;
	c = cell_of(w, (size_t)ev->host, (size_t)ev->step);
	if (ev->kind == EVENT_OUTPUT && ev->text)
		str_addf(&c->differences, "%s\n", ev->text);
	if (ev->kind != EVENT_STEP_DONE || ev->outcome != OUTCOME_WOULD)
		return;
	free(c->text);
	c->text = xstrdup(ev->text ? ev->text : "");
}

static void would_release(struct would *w)
{
	for (size_t i = 0; i < w->size; i++) {
		free(w->cells[i].text);
		str_release(&w->cells[i].differences);
	}
	free(w->cells);
}

static const char *would_text(const struct would *w, size_t host, size_t step)
{
	size_t i = host * w->steps + step;

	return i < w->size ? w->cells[i].text : NULL;
}

static const char *differences(const struct would *w, size_t host, size_t step)
{
	size_t i = host * w->steps + step;

	return i < w->size ? w->cells[i].differences.buf : "";
}

static unsigned print_host(const struct cli_run *r, const struct would *w, size_t host, int width)
{
	unsigned n = 0;

	for (size_t s = 0; s < r->config.step_count; s++) {
		const char *text = would_text(w, host, s);

		/* the lock is given back in any case: no change */
		if (!text || (r->config.steps[s].flags & STEP_ALWAYS))
			continue;
		if (n++ == 0)
			printf("%s%s%s  %s %s\n", cli_color(stdout, CLI_BOLD), r->config.hosts[host].name,
				cli_color(stdout, CLI_PLAIN),
				r->inventory->hosts[host].role == INVENTORY_WORKER ? "worker" : "control plane",
				r->inventory->hosts[host].address);
		printf("  %-*s  %s\n", width, r->config.steps[s].name, *text ? text : r->config.steps[s].title);
		cli_indented(stdout, "      ", differences(w, host, s));
	}
	return n;
}

static void print_plan(const struct cli_run *r, const struct would *w, int status)
{
	unsigned steps = 0, hosts = 0;
	int width = 0;

	for (size_t s = 0; s < r->config.step_count; s++)
		if ((int)strlen(r->config.steps[s].name) > width)
			width = (int)strlen(r->config.steps[s].name);
	for (size_t h = 0; h < r->config.host_count; h++) {
		unsigned n = print_host(r, w, h, width);

		steps += n;
		hosts += n > 0;
	}
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
		struct json *host, *steps;

		if (!r->chosen[h])
			continue;
		host = json_add(hosts, json_object());
		json_set_str(host, "name", r->config.hosts[h].name);
		steps = json_set(host, "steps", json_array());
		for (size_t s = 0; s < r->config.step_count; s++) {
			const char *text = would_text(w, h, s);
			struct json *step;

			if (!text || (r->config.steps[s].flags & STEP_ALWAYS))
				continue;
			step = json_add(steps, json_object());
			json_set_str(step, "step", r->config.steps[s].name);
			json_set_str(step, "text", text);
			if (*differences(w, h, s))
				json_set_str(step, "diff", differences(w, h, s));
		}
		if (e)
			json_set(host, "error", cli_error_json(e));
	}
	cli_json_print(j);
}

int cli_plan(const struct cli_options *o)
{
	const struct cli_run_kind kind = {
		.command = "plan",
		.steps = plan_install,
		.step_count = plan_install_count,
		.needs_keys = true,
		.needs_cni = true,
		.texts = true,
	};
	struct would would = { .steps = plan_install_count };
	struct cli_run r;
	int status = cli_look(&r, &kind, o, collect, &would);

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
