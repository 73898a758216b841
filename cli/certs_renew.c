/* kubewright certs renew [HOST…] [NAME…]: a look, what is renewed and who restarts for it, the operator's word, and then host after host. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

/* ---- what was asked for ------------------------------------------------------------------------------------------- */

/* What names a certificate is taken for that; the rest are hosts, which the run knows. o->args becomes them. */
static void read_args(struct cli_options *o, struct renew_wish *wish, char **hosts)
{
	size_t n = 0;

	*wish = (struct renew_wish){ .days = o->expiring };
	for (size_t i = 1; i < o->arg_count; i++) {
		const struct renew_kind *k = renew_kind_find(o->args[i]);

		if (k)
			wish->kinds |= 1u << (k - renew_kinds);
		else
			hosts[n++] = o->args[i];
	}
	o->args = hosts;
	o->arg_count = n;
	o->renew = wish;
}

/* ---- what is to be done, and what was ----------------------------------------------------------------------------- */

static const struct renew_host *plan_of(const struct cli_run *r, size_t i)
{
	return &r->world.seen.renew[i].plan;
}

static unsigned count(const struct cli_run *r, enum renew_verdict verdict, unsigned *hosts)
{
	unsigned n = 0;

	*hosts = 0;
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		unsigned here = renew_count(plan_of(r, i), verdict, RENEW_STAGES);

		*hosts += here > 0;
		n += here;
	}
	return n;
}

static unsigned restarts(const struct cli_run *r)
{
	unsigned bits = 0;

	for (size_t i = 0; i < r->inventory->host_count; i++)
		bits |= plan_of(r, i)->restarts;
	return bits;
}

static const struct {
	const char *name, *words;
} verdicts[] = {
	[RENEW_LEFT] = { "left", "" },
	[RENEW_NEW] = { "new", "new" },
	[RENEW_DUE] = { "due", "to be renewed" },
	[RENEW_REFUSED] = { "refused", "" },
};

static void print_item(const struct cli_run *r, size_t host, const struct renew_item *i)
{
	char days[16] = "-";

	/* of a new one they are those of the one before */
	if (i->file && i->file->count && i->verdict != RENEW_NEW)
		snprintf(days, sizeof(days), "%d", certs_days(i->file->list[0].info.not_after, clock_wall_ms() / 1000));
	printf("%-16s  %-24s  %5s  %s%s\n", r->inventory->hosts[host].name, i->kind->name, days,
		i->verdict == RENEW_REFUSED ? "not renewed: " : verdicts[i->verdict].words, i->why);
}

static void print_table(const struct cli_run *r)
{
	struct str names = STR_INIT;
	unsigned left, hosts, all = 0;

	for (size_t h = 0; h < r->inventory->host_count; h++)
		all += (unsigned)plan_of(r, h)->count;
	left = count(r, RENEW_LEFT, &hosts);
	if (all > left)
		printf("%-16s  %-24s  %5s\n", "HOST", "CERTIFICATE", "DAYS");
	for (size_t h = 0; h < r->inventory->host_count; h++)
		for (size_t i = 0; i < plan_of(r, h)->count; i++)
			if (plan_of(r, h)->items[i].verdict != RENEW_LEFT)
				print_item(r, h, &plan_of(r, h)->items[i]);
	for (size_t h = 0; h < r->inventory->host_count; h++) {
		str_clear(&names);
		renew_reader_names(plan_of(r, h)->restarts, ", ", &names);
		if (names.len)
			printf("%-16s  restarts: %s\n", r->inventory->hosts[h].name, names.buf);
	}
	str_release(&names);
}

static struct json *certificates_json(const struct cli_run *r)
{
	struct json *list = json_array();

	for (size_t h = 0; h < r->inventory->host_count; h++)
		for (size_t n = 0; n < plan_of(r, h)->count; n++) {
			const struct renew_item *i = &plan_of(r, h)->items[n];
			struct json *j = json_add(list, json_object());

			json_set_str(j, "host", r->inventory->hosts[h].name);
			json_set_str(j, "name", i->kind->name);
			json_set_str(j, "file", i->kind->path);
			json_set_str(j, "state", verdicts[i->verdict].name);
			if (i->why[0])
				json_set_str(j, "why", i->why);
		}
	return list;
}

static void print_json(const struct cli_run *r, int status)
{
	struct engine_result result;
	struct str line = STR_INIT;
	struct json *j;

	engine_result(r->engine, &result);
	j = json_summary(r, &result, status);
	json_set(j, "certificates", certificates_json(r));
	json_write(j, &line);
	puts(line.buf);
	json_free(j);
	str_release(&line);
}

/* ---- the two runs ------------------------------------------------------------------------------------------------- */

static int confirm(const struct cli_run *r, unsigned due, unsigned hosts)
{
	struct str question = STR_INIT, names = STR_INIT;
	struct error err = { 0 };
	int rc;

	renew_reader_names(restarts(r), ", ", &names);
	if (due)
		str_addf(&question, "This renews %u certificate%s on %u host%s", due, due == 1 ? "" : "s", hosts,
			hosts == 1 ? "" : "s");
	else
		str_add(&question, "This continues an earlier renewal");
	if (names.len)
		str_addf(&question, "; one host after the other restarts %s", names.buf);
	str_add(&question, ". Do it?");
	rc = cli_confirm_yes(r->options, question.buf, "certs renew replaces certificates and must be confirmed", &err);
	str_release(&names);
	str_release(&question);
	return rc ? cli_fail(&err) : 0;
}

/* That something cannot be renewed is shown with its reason; the exit status says so in the end. */
static int refused(const struct cli_run *r, int status)
{
	unsigned hosts;

	return count(r, RENEW_REFUSED, &hosts) && status == 0 ? CLI_EXIT_HOSTS_LEFT : status;
}

/* *go_on: there is something to do, and it was agreed to; else the exit status is returned. */
static int look(const struct cli_options *o, bool *go_on)
{
	unsigned due, hosts;
	struct cli_run r;
	int status = cli_look(&r, KIND_RENEW_LOOK, o);

	*go_on = false;
	if (status)
		return status;
	due = count(&r, RENEW_DUE, &hosts);
	if (!o->json)
		print_table(&r);
	status = refused(&r, cli_look_errors(&r, true));
	if (due || restarts(&r)) {
		status = confirm(&r, due, hosts);
		*go_on = status == 0;
	} else if (o->json) {
		print_json(&r, status);
	} else if (status == 0) {
		puts("nothing to renew");
	}
	cli_run_release(&r);
	return status;
}

/* Whether this run has made a kubeconfig that people keep copies of. */
static bool made_admin(const struct cli_run *r)
{
	const struct renew_kind *admin = renew_kind_find("admin.conf");

	for (size_t h = 0; h < r->inventory->host_count; h++)
		for (size_t i = 0; r->world.seen.renew[h].done && i < plan_of(r, h)->count; i++)
			if (plan_of(r, h)->items[i].kind == admin && plan_of(r, h)->items[i].verdict == RENEW_NEW)
				return true;
	return false;
}

static int report(const struct cli_run *r)
{
	struct engine_result result;
	unsigned left = cli_hosts_left(r), hosts, due = count(r, RENEW_DUE, &hosts);
	int status;

	engine_result(r->engine, &result);
	left += due > 0 || restarts(r);
	status = refused(r, cli_exit_status(result.cancelled, cli_run_did(r, "verify"), left,
				    left ? cli_run_error(r, &result) : NULL));
	if (r->options->json)
		return print_json(r, status), status;
	cli_summary(r, &result);
	puts("");
	print_table(r);
	if (left)
		puts("\nnext: run the same command again; it continues where this stopped");
	else if (made_admin(r))
		puts("\ncopies of admin.conf, as in ~/.kube, hold the earlier certificate: replace them");
	return status;
}

int cli_certs_renew(const struct cli_options *o)
{
	struct cli_session session;
	struct renew_wish wish;
	char **hosts = xcalloc(o->arg_count, sizeof(*hosts));
	bool go_on;
	int status;

	cli_session_begin(&session, o);
	read_args(&session.options, &wish, hosts);
	status = look(&session.options, &go_on);
	cli_session_next(&session);
	if (go_on)
		status = cli_run_change(&session.options, KIND_RENEW, &(struct cli_change){ .report = report });
	cli_session_end(&session);
	free(hosts);
	return status;
}
