/* kubewright reboot HOST…|--all: hosts restart one after the other, while the cluster works. */
#include "cli/run.h"

#include "base/str.h"
#include "inventory/inventory.h"

static int confirm(const struct cli_run *r, struct error *err)
{
	static const char why[] = "reboot restarts hosts and must be confirmed";
	struct str question = STR_INIT;
	size_t n = 0;
	int rc;

	str_addf(&question, "This restarts%s", r->options->pending ? ", where a reboot is pending," : "");
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->named[i])
			str_addf(&question, "%s %.63s", n++ ? "," : "", r->inventory->hosts[i].name);
	str_add(&question,
		": control planes one by one, workers afterwards. The pods of a host are evicted before it restarts.");
	/* what etcd forbids is not agreed to by a "yes" */
	if (r->options->override_quorum) {
		rc = cli_confirm_name(r, question.buf, why, err);
	} else {
		str_add(&question, " Do it?");
		rc = cli_confirm_yes(r->options, question.buf, why, err);
	}
	str_release(&question);
	return rc;
}

int cli_reboot(const struct cli_options *o)
{
	struct error err = { 0 };

	if (o->all == (o->arg_count > 0)) {
		error_set(&err, ERROR_USAGE,
			o->all ? "reboot takes hosts or --all, not both" : "reboot needs HOST… or --all");
		error_hint(&err, "'kubewright status' shows where a reboot is pending");
		return cli_fail(&err);
	}
	return cli_run_change(o, KIND_REBOOT, &(struct cli_change){ .confirm = confirm, .report = cli_apply_report });
}
