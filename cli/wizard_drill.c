/* Faults on purpose, as a look or a drill left them, for the page of the wizard. */
#include "cli/wizard.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "tui/wizard.h"

static void add_measured(const struct cli_run *r, enum drill_fault f, const struct drill_case *c, struct str *out)
{
	const struct drill_measured *m = &c->measured;

	str_addf(out, "writes: %u, %u of them failed; the longest wait between two that succeeded was %.1f s\n",
		m->writes, m->writes_failed, (double)m->write_pause_ms / 1000);
	str_addf(out, "reads: %u, %u of them failed; the longest wait was %.1f s\n", m->reads, m->reads_failed,
		(double)m->read_pause_ms / 1000);
	str_addf(out, "expected: no more than %u s\n", drill_kinds[f].pause_s);
	str_addf(out, "writes that were acknowledged and are gone: %u\n", m->lost);
	if (c->noticed_ms)
		str_addf(out, "the Node was seen not Ready after %.1f s\n", (double)c->noticed_ms / 1000);
	str_addf(out, "the cluster was well %.1f s after the end\n", (double)c->back_ms / 1000);
	if (c->measures >= 0)
		str_addf(out, "written and read from %s\n", r->inventory->hosts[c->measures].name);
}

static void add_result(const struct drill_case *c, struct str *out)
{
	const struct drill_measured *m = &c->measured;

	if (c->state == DRILL_DONE && m->lost)
		str_addf(out, "%u writes are gone", m->lost);
	else if (c->state == DRILL_DONE)
		str_addf(out, "waited: writes %.1f s, reads %.1f s", (double)m->write_pause_ms / 1000,
			(double)m->read_pause_ms / 1000);
	else if (c->why)
		str_add(out, c->why->what);
	else
		str_add(out, "can be made");
}

static void fill(const struct cli_run *r, enum drill_fault f, struct port_drill *out)
{
	const struct drill_case *c = &r->world.seen.drill.cases[f];
	struct port_drill_fault *p = &out->list[out->count++];
	struct str text = STR_INIT, result = STR_INIT;

	*p = (struct port_drill_fault){ drill_kinds[f].name, drill_kinds[f].title, .state = c->state };
	p->host = c->state == DRILL_DONE || c->state == DRILL_FAILED
			  ? arena_strdup(&out->arena, c->host >= 0 ? r->inventory->hosts[c->host].name : "")
			  : "";
	p->expected = c->state != DRILL_DONE || drill_as_expected(f, &c->measured);
	add_result(c, &result);
	str_addf(&text, "%s: %s.\n", drill_kinds[f].title, drill_kinds[f].does);
	if (c->state == DRILL_DONE)
		add_measured(r, f, c, &text);
	else
		str_addf(&text, "%s\n", result.buf);
	if (c->why && c->why->hint[0])
		str_addf(&text, "What to do: %s\n", c->why->hint);
	p->result = arena_strdup(&out->arena, result.buf);
	p->text = arena_strdup(&out->arena, text.buf);
	str_release(&text);
	str_release(&result);
}

void cli_wizard_drill(struct cli_run *r, struct port_drill *out)
{
	const struct error *first;
	struct engine_result result;

	*out = (struct port_drill){ .count = 0 };
	out->list = arena_alloc(&out->arena, DRILL_FAULTS * sizeof(*out->list));
	for (int f = 0; f < DRILL_FAULTS; f++)
		if (r->world.seen.drill.cases[f].state != DRILL_NOT_ASKED)
			fill(r, (enum drill_fault)f, out);
	engine_result(r->engine, &result);
	first = cli_run_error(r, &result);
	if (first)
		out->error = *first;
}
