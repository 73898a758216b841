/* What a run that only looks would do: the steps' texts and the differences that their checks logged, gathered from its events. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

static struct would_step *cell_of(struct would *w, size_t host, size_t step)
{
	size_t i = host * w->steps + step;

	if (i >= w->size) {
		w->cells = xrealloc(w->cells, i + w->steps, sizeof(*w->cells));
		for (size_t k = w->size; k < i + w->steps; k++)
			w->cells[k] = (struct would_step){ .differences = STR_INIT };
		w->size = i + w->steps;
	}
	return &w->cells[i];
}

void would_event(const struct event *ev, void *ctx)
{
	struct would *w = ctx;
	struct would_step *c;

	if (ev->host < 0 || ev->step < 0)
		return;
	c = cell_of(w, (size_t)ev->host, (size_t)ev->step);
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

void would_release(struct would *w)
{
	for (size_t i = 0; i < w->size; i++) {
		free(w->cells[i].text);
		free(w->cells[i].about);
		str_release(&w->cells[i].differences);
	}
	free(w->cells);
	*w = (struct would){ .steps = 0 };
}

const struct would_step *would_step(const struct would *w, size_t host, size_t step)
{
	size_t i = host * w->steps + step;

	return i < w->size && w->cells[i].text ? &w->cells[i] : NULL;
}

static unsigned print_host(const struct cli_run *r, const struct would *w, size_t host, int width)
{
	unsigned n = 0;

	for (size_t s = 0; s < r->config.step_count; s++) {
		const struct would_step *would = would_step(w, host, s);

		/* the lock is given back in any case: no change */
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

unsigned would_print(const struct cli_run *r, const struct would *w, unsigned *hosts)
{
	unsigned steps = 0;
	int width = 0;

	*hosts = 0;
	for (size_t s = 0; s < r->config.step_count; s++)
		if ((int)strlen(r->config.steps[s].name) > width)
			width = (int)strlen(r->config.steps[s].name);
	for (size_t h = 0; h < r->config.host_count; h++) {
		unsigned n = print_host(r, w, h, width);

		steps += n;
		*hosts += n > 0;
	}
	return steps;
}

void would_json(const struct cli_run *r, const struct would *w, size_t host, struct json *steps)
{
	for (size_t s = 0; s < r->config.step_count; s++) {
		const struct would_step *would = would_step(w, host, s);
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
