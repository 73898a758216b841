/* kubewright reset. */
#include "cli/run.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <string.h>

/* Typing the cluster's name is what makes one look at it. */
static int confirm(const struct cli_run *r, struct error *err)
{
	char prompt[1024];
	size_t shown = 0;
	int n;

	n = snprintf(prompt, sizeof(prompt), "This takes Kubernetes and all data of cluster %s off %zu host%s (",
		r->inventory->cluster, r->chosen_count, r->chosen_count == 1 ? "" : "s");
	for (size_t i = 0; i < r->inventory->host_count && shown < 8; i++) {
		if (!r->chosen[i])
			continue;
		n += snprintf(prompt + n, sizeof(prompt) - (size_t)n, "%s%.40s", shown ? ", " : "",
			r->inventory->hosts[i].name);
		shown++;
	}
	if (shown < r->chosen_count)
		n += snprintf(prompt + n, sizeof(prompt) - (size_t)n, ", …");
	snprintf(prompt + n, sizeof(prompt) - (size_t)n, ").");
	return cli_confirm_name(r, prompt, "reset takes the cluster away and must be confirmed", err);
}

static int report(const struct cli_run *r)
{
	struct engine_result result;
	int status;

	engine_result(r->engine, &result);
	status = cli_exit_status(result.cancelled, false, result.hosts_aside, cli_run_error(r, &result));
	if (r->options->json) {
		struct str line = STR_INIT;
		struct json *j = json_summary(r, &result, status);

		json_write(j, &line);
		puts(line.buf);
		json_free(j);
		str_release(&line);
		return status;
	}
	cli_summary(r, &result);
	if (status == 0 && r->chosen_count == r->inventory->host_count)
		printf("\nThe hosts are as they were before. The cluster's keys stay in %s:\nanother apply uses them again; delete the folder to "
		       "begin with new ones.\n",
			r->store_dir);
	else if (status)
		puts("\nnext: see to the hosts above, then 'kubewright reset' again: it goes on with them");
	return status;
}

int cli_reset(const struct cli_options *o)
{
	const struct cli_run_kind kind = {
		.command = "reset", .steps = plan_reset, .step_count = plan_reset_count, .changes = true
	};
	struct error err = { 0 };
	struct cli_run r;
	int status;

	if (cli_run_load(&r, o, &err) || confirm(&r, &err) || cli_run_open(&r, &kind, &err)) {
		status = cli_fail(&err);
		cli_run_release(&r);
		return status;
	}
	if (r.chosen_count < r.inventory->host_count)
		fputs("note: the other hosts are not touched: in a cluster that lives on, the Nodes and etcd members of the reset hosts stay listed\n",
			stderr);
	cli_run_show(&r);
	status = cli_run_execute(&r, &err) ? cli_fail(&err) : report(&r);
	cli_run_release(&r);
	return status;
}
