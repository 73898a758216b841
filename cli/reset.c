/* kubewright reset: looks at the hosts first and shows what they are; what is not this cluster's is refused, whatever was confirmed. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

#define WHY "reset deletes the cluster and must be confirmed"

/* Typing the cluster's name is what makes one look at it. */
static int confirm(const struct cli_run *r, struct error *err)
{
	char prompt[1024];
	size_t shown = 0;
	int n;

	n = snprintf(prompt, sizeof(prompt), "This deletes Kubernetes and all data of cluster %s on %zu host%s (",
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
	return cli_confirm_name(r, prompt, WHY, err);
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
		printf("\nThe hosts are as they were before. The cluster's keys stay in %s:\nthe next apply uses them again; delete the folder to "
		       "start with new ones.\n",
			r->store_dir);
	else if (status)
		puts("\nnext: fix the hosts above and run 'kubewright reset' again; it continues with them");
	return status;
}

/* ---- looking ---- */

/* Every host that is not this cluster's; any of them ends it all: its address may be another's too. */
static int refuse(const struct cli_run *r)
{
	int status = 0;

	fflush(stdout);
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		struct error err = { 0 };

		if (!r->world.seen.hosts[i].probed || reset_guard(r->inventory, r->world.seen.hosts, (int)i, &err) == 0)
			continue;
		snprintf(err.host, sizeof(err.host), "%s", r->inventory->hosts[i].name);
		cli_error_print(stderr, &err);
		status = error_exit_code(err.kind);
	}
	if (status)
		fputs("nothing was changed on any host\n", stderr);
	return status;
}

static bool any_seen(const struct cli_run *r)
{
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->world.seen.hosts[i].probed)
			return true;
	return false;
}

/* Shows the hosts and has the reset confirmed. *shown: what they are; the caller frees. Returns the exit status. */
static int agree(const struct cli_options *o, struct host_identity **shown)
{
	struct str table = STR_INIT;
	struct error err = { 0 };
	struct cli_run r;
	int status = cli_look(&r, KIND_RESET_LOOK, o);

	if (status)
		return status;
	if (!any_seen(&r)) {
		status = cli_look_errors(&r, true);
		cli_run_release(&r);
		return status;
	}
	if (!o->json) {
		reset_table(&r, &table);
		printf("Cluster %s, the hosts as they are now:\n\n%s\n", r.inventory->cluster, table.buf);
		str_release(&table);
	}
	status = refuse(&r);
	if (status == 0 && r.chosen_count < r.inventory->host_count)
		fputs("note: the other hosts are not touched; if their cluster stays, it still lists the Nodes and etcd members of the reset hosts\n",
			stderr);
	fflush(stdout);
	if (status == 0 && confirm(&r, &err))
		status = cli_fail(&err);
	*shown = xcalloc(r.inventory->host_count, sizeof(**shown));
	for (size_t i = 0; i < r.inventory->host_count; i++)
		host_identify(&r.world.seen.hosts[i], &(*shown)[i]);
	cli_run_release(&r);
	return status;
}

int cli_reset(const struct cli_options *o)
{
	struct host_identity *shown = NULL;
	struct cli_session session;
	struct error err = { 0 };
	int status;

	if (cli_may_confirm(o, WHY, &err))
		return cli_fail(&err);
	cli_session_begin(&session, o);
	status = agree(&session.options, &shown);
	cli_session_next(&session);
	session.options.shown = shown;
	if (status == 0)
		status = cli_run_change(&session.options, KIND_RESET, &(struct cli_change){ .report = report });
	cli_session_end(&session);
	free(shown);
	return status;
}
