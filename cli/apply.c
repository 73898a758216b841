/* kubewright apply. */
#include "cli/mesh.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <string.h>

/* The cluster in two lines, as this run saw it. */
static void cluster_line(const struct cli_run *r)
{
	const struct world *w = &r->world;
	const unsigned *nodes = w->seen.nodes;

	printf("\n%sCluster %s%s, Kubernetes %s: %u control plane%s and %u worker%s%s", cli_color(stdout, CLI_GREEN),
		r->inventory->cluster, cli_color(stdout, CLI_PLAIN), w->decided.version, nodes[0],
		nodes[0] == 1 ? "" : "s", nodes[1], nodes[1] == 1 ? "" : "s", w->seen.no_network ? "" : " Ready");
	if (w->seen.no_network)
		printf(", %u waiting for a pod network", w->seen.no_network);
	if (w->seen.quorum.voters)
		printf("; %u etcd voter%s, ", w->seen.quorum.voters, w->seen.quorum.voters == 1 ? "" : "s");
	if (w->seen.quorum.healthy < w->seen.quorum.voters)
		printf("%u of them lost, ", w->seen.quorum.voters - w->seen.quorum.healthy);
	if (w->seen.quorum.voters)
		printf("tolerates %u%s lost", quorum_tolerates(&w->seen.quorum),
			w->seen.quorum.healthy < w->seen.quorum.voters ? " more" : "");
	printf("\n  endpoint    https://%s:%d\n", inventory_endpoint(r->inventory), r->inventory->endpoint.port);
	if (w->seen.kubeadm_version[0])
		printf("  kubeadm     %s%s%s\n", w->seen.kubeadm_version, w->seen.kubeadm_digest[0] ? "  " : "",
			w->seen.kubeadm_digest);
	printf("  kubeconfig  %s\n", r->kubeconfig);
}

static void next_step(const struct cli_run *r, int status, bool verified)
{
	/* once the hosts are out, a rejoin is an apply */
	const char *to = r->options->through_to;
	char upgrade[64];
	const char *again = r->world.wish.leave                                  ? "remove"
			    : r->world.wish.reboot                               ? "reboot"
			    : r->world.wish.upgrade                              ? upgrade
			    : r->world.wish.rejoin && !r->world.decided.expelled ? "rejoin"
										 : "apply";

	/* with the version: the inventory may still have the earlier one */
	snprintf(upgrade, sizeof(upgrade), "upgrade %.31s%s", to ? to : r->world.decided.version,
		to ? " --through" : "");
	if (status == 0 && r->world.seen.no_network)
		puts("\nnext: install a pod network, or set its manifest in network.cni and run 'kubewright apply' again");
	if (status == 0)
		printf("\nnext: kubectl --kubeconfig %s get nodes\n", r->kubeconfig);
	else if (status == CLI_EXIT_HOSTS_LEFT)
		printf("\nnext: fix the hosts above and run 'kubewright %s' again; it continues with them\n", again);
	else if (status == 130)
		printf("\nnext: 'kubewright %s' continues where this stopped\n", again);
	else if (status == error_exit_code(ERROR_LOCKED))
		printf("\nnext: wait until the other run is done, then run 'kubewright %s' again\n", again);
	else if (!verified)
		printf("\nnext: fix the error above and run 'kubewright %s' again; what is done stays done\n", again);
}

int cli_apply_report(const struct cli_run *r)
{
	struct engine_result result;
	bool verified = cli_run_did(r, "verify");
	unsigned left = cli_hosts_left(r);
	int status;

	engine_result(r->engine, &result);
	status = cli_exit_status(result.cancelled, verified, left, left ? cli_run_error(r, &result) : NULL);
	if (r->options->json) {
		struct str line = STR_INIT;
		struct json *j = json_summary(r, &result, status);

		if (verified)
			json_set_str(j, "kubeconfig", r->kubeconfig);
		json_set_int(j, "voters", r->world.seen.quorum.voters);
		json_set_int(j, "tolerates", quorum_tolerates(&r->world.seen.quorum));
		json_write(j, &line);
		puts(line.buf);
		json_free(j);
		str_release(&line);
		return status;
	}
	cli_summary(r, &result);
	if (verified)
		cluster_line(r);
	cli_removed_print(r);
	next_step(r, status, verified);
	return status;
}

static void begin(const struct cli_run *r)
{
	if (!r->options->json)
		printf("applying %s to %zu host%s of cluster %s\n", r->options->file, r->chosen_count,
			r->chosen_count == 1 ? "" : "s", r->inventory->cluster);
}

int cli_apply(const struct cli_options *o)
{
	struct cli_session session;
	int status;

	cli_session_begin(&session, o);
	status = cli_first_mesh(&session.options);
	cli_session_next(&session);
	if (status == 0)
		status = cli_run_change(&session.options, KIND_APPLY,
			&(struct cli_change){ .begin = begin, .report = cli_apply_report });
	cli_session_end(&session);
	return status;
}
