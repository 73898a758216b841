/* A run as JSON lines. */
#include "cli/run.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <string.h>

void json_event(const struct event *ev, void *config)
{
	struct str line = STR_INIT;

	event_write_json(ev, config, &line);
	str_addc(&line, '\n');
	fwrite(line.buf, 1, line.len, stdout);
	/* who reads this wants it now; a reader that went away does not stop the run */
	fflush(stdout);
	str_release(&line);
}

struct json *json_summary(const struct cli_run *r, const struct engine_result *result, int status)
{
	struct json *j = json_object(), *hosts;

	json_set_int(j, "v", 1);
	json_set_str(j, "kind", "summary");
	json_set_str(j, "run", r->id);
	json_set_str(j, "cluster", r->inventory->cluster);
	json_set_int(j, "exit", status);
	json_set_bool(j, "cancelled", result->cancelled);
	json_set_bool(j, "verified", cli_run_did(r, "verify"));
	json_set_int(j, "changed", cli_run_count(r, CELL_CHANGED));
	json_set_int(j, "ok", cli_run_count(r, CELL_OK));
	json_set_int(j, "failed", result->failed);
	json_set_int(j, "elapsed_ms", r->elapsed_ms);
	hosts = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < r->config.host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);
		struct json *h;

		if (!r->chosen[i])
			continue;
		h = json_add(hosts, json_object());
		json_set_str(h, "name", r->config.hosts[i].name);
		json_set_str(h, "state", cli_host_removed(r, i) ? "removed" : cli_host_left(r, i) ? "aside" : "done");
		if (cli_host_removed(r, i))
			json_set_bool(h, "reset", cli_host_reset(r, i));
		if (e)
			json_set(h, "error", cli_error_json(e));
	}
	return j;
}
