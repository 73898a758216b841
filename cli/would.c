/* What a run that only looks would do: the steps' texts and the differences that their checks logged, gathered from its events. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

void would_event(const struct event *ev, void *run)
{
	const struct cli_run *r = run;
	struct would_step *c;

	if (ev->host < 0 || ev->step < 0)
		return;
	c = &r->would[(size_t)ev->host * r->config.step_count + (size_t)ev->step];
	if (ev->kind == EVENT_OUTPUT && ev->text)
		str_addf(&c->differences, "%s\n", ev->text);
	if (ev->kind != EVENT_STEP_DONE || ev->outcome != OUTCOME_WOULD)
		return;
	free(c->text);
	free(c->about);
	c->text = xstrdup(ev->text ? ev->text : "");
	c->about = xstrdup(ev->fields[0] ? ev->fields[0] : "");
	c->code = ev->code;
}

const struct would_step *would_step(const struct cli_run *r, size_t host, size_t step)
{
	const struct would_step *c = r->would ? &r->would[host * r->config.step_count + step] : NULL;

	return c && c->text ? c : NULL;
}

static unsigned print_host(const struct cli_run *r, size_t host, int width)
{
	unsigned n = 0;

	for (size_t s = 0; s < r->config.step_count; s++) {
		const struct would_step *would = would_step(r, host, s);

		/* the lock is released in any case: no change */
		if (!would || (r->config.steps[s].flags & STEP_ALWAYS))
			continue;
		if (n++ == 0)
			printf("%s%s%s  %s %s\n", cli_color(stdout, CLI_BOLD), r->config.hosts[host].name,
				cli_color(stdout, CLI_PLAIN),
				r->inventory->hosts[host].role == INVENTORY_WORKER ? "worker" : "control plane",
				r->inventory->hosts[host].address);
		printf("  %-*s  %s\n", width, r->config.steps[s].name,
			*would->text ? would->text : r->config.steps[s].title);
		cli_indented(stdout, "      ", would->differences.buf);
	}
	return n;
}

unsigned would_print(const struct cli_run *r, unsigned *hosts)
{
	unsigned steps = 0;
	int width = 0;

	*hosts = 0;
	for (size_t s = 0; s < r->config.step_count; s++)
		if ((int)strlen(r->config.steps[s].name) > width)
			width = (int)strlen(r->config.steps[s].name);
	for (size_t h = 0; h < r->config.host_count; h++) {
		unsigned n = print_host(r, h, width);

		steps += n;
		*hosts += n > 0;
	}
	return steps;
}

void would_json(const struct cli_run *r, size_t host, struct json *steps)
{
	for (size_t s = 0; s < r->config.step_count; s++) {
		const struct would_step *would = would_step(r, host, s);
		struct json *step;

		if (!would || (r->config.steps[s].flags & STEP_ALWAYS))
			continue;
		step = json_add(steps, json_object());
		json_set_str(step, "step", r->config.steps[s].name);
		event_write_code(would->code, (const char *[CODE_FIELDS]){ would->about }, step);
		json_set_str(step, "text", would->text);
		if (would->differences.len)
			json_set_str(step, "diff", would->differences.buf);
	}
}
