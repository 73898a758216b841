/* How a run ended. */
#include "cli/run.h"

#include <string.h>

bool cli_run_did(const struct cli_run *r, const char *step)
{
	for (size_t s = 0; s < r->config.step_count; s++) {
		if (strcmp(r->config.steps[s].name, step) != 0)
			continue;
		for (size_t h = 0; h < r->config.host_count; h++) {
			enum cell_state state = r->progress.cells[h * r->config.step_count + s].state;

			if (state == CELL_CHANGED || state == CELL_OK)
				return true;
		}
	}
	return false;
}

unsigned cli_run_count(const struct cli_run *r, enum cell_state state)
{
	unsigned n = 0;

	for (size_t s = 0; s < r->config.step_count; s++)
		for (size_t h = 0; h < r->config.host_count; h++)
			n += r->progress.cells[h * r->config.step_count + s].state == state &&
			     !(r->config.steps[s].flags & (STEP_OBSERVES | STEP_ALWAYS));
	return n;
}

const struct error *cli_run_error(const struct cli_run *r, const struct engine_result *result)
{
	/* another run at work explains whatever else went wrong */
	for (size_t i = 0; i < r->config.host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);

		if (e && e->kind == ERROR_LOCKED)
			return e;
	}
	/* and an inventory that is refused, the hosts that could not be asked */
	if (r->world.decided.refusal && r->world.decided.refusal->kind == ERROR_INVENTORY)
		return r->world.decided.refusal;
	return result->first;
}

int cli_exit_status(bool cancelled, bool verified, unsigned aside, const struct error *first)
{
	if (cancelled)
		return 130;
	if (!aside && !first)
		return 0;
	if (verified)
		return CLI_EXIT_HOSTS_LEFT;
	return first ? error_exit_code(first->kind) : error_exit_code(ERROR_COMMAND);
}
