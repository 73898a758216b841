/* kubewright drill [FAULT…]: a look, what would be done, the operator's word, and then one fault after the other. */
#include "cli/wizard.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <string.h>

/* For 80 columns, what follows indented by two. */
static void wrapped(const char *before, const char *text)
{
	struct str all = STR_INIT, out = STR_INIT;

	str_addf(&all, "%s%s", before, text);
	cli_wrap(&out, all.buf, 0, 2);
	fputs(out.buf, stdout);
	str_release(&all);
	str_release(&out);
}

static void print_kind(enum drill_fault f)
{
	struct str text = STR_INIT;

	str_addf(&text, "%s: %s: %s", drill_kinds[f].name, drill_kinds[f].title, drill_kinds[f].does);
	wrapped("", text.buf);
	str_release(&text);
}

/* ---- which ------------------------------------------------------------------------------------------------------------ */

static int take_names(const struct cli_options *o, unsigned *bits, struct error *err)
{
	struct str all = STR_INIT;

	*bits = 0;
	for (size_t i = 0; i < o->arg_count; i++) {
		enum drill_fault f = drill_find(o->args[i]);

		if (f < DRILL_FAULTS) {
			*bits |= 1u << f;
			continue;
		}
		for (int k = 0; k < DRILL_FAULTS; k++)
			str_addf(&all, "%s%s", k ? ", " : "", drill_kinds[k].name);
		error_set(err, ERROR_USAGE, "'%.60s' is not a fault that drill can make", o->args[i]);
		error_hint(err, "there are %s; without a name all are made that the cluster can do without", all.buf);
		str_release(&all);
		return -1;
	}
	return 0;
}

unsigned cli_drill_bits(const char *names)
{
	char word[16];
	unsigned bits = 0;

	for (size_t n; *names; names += n + strspn(names + n, " ")) {
		enum drill_fault f;

		n = strcspn(names, " ");
		snprintf(word, sizeof(word), "%.*s", (int)(n < sizeof(word) ? n : sizeof(word) - 1), names);
		f = drill_find(word);
		bits |= f < DRILL_FAULTS ? 1u << f : 0;
	}
	return bits;
}

static int list(bool as_json)
{
	struct json *j = json_array();
	struct str line = STR_INIT;

	for (int f = 0; f < DRILL_FAULTS; f++) {
		const struct drill_kind *k = &drill_kinds[f];
		struct json *o = json_add(j, json_object());

		json_set_str(o, "name", k->name);
		json_set_str(o, "title", k->title);
		json_set_int(o, "pause-expected-ms", (int64_t)k->pause_s * 1000);
		if (!as_json)
			print_kind((enum drill_fault)f);
	}
	if (as_json) {
		json_write(j, &line);
		puts(line.buf);
	}
	json_free(j);
	str_release(&line);
	return 0;
}

/* ---- what came of it -------------------------------------------------------------------------------------------------- */

static const char *host_name(const struct cli_run *r, int host)
{
	return host >= 0 ? r->inventory->hosts[host].name : "-";
}

static void print_case(const struct cli_run *r, enum drill_fault f, const struct drill_case *c)
{
	const struct drill_kind *k = &drill_kinds[f];
	const struct drill_measured *m = &c->measured;

	if (c->state == DRILL_DONE)
		printf("%-11s %-15.15s %7.1f s %7.1f s %7u s %5u %8.1f s%s\n", k->name, host_name(r, c->host),
			(double)m->write_pause_ms / 1000, (double)m->read_pause_ms / 1000, k->pause_s, m->lost,
			(double)c->back_ms / 1000, drill_as_expected(f, m) ? "" : " !");
	else if (c->state != DRILL_NOT_ASKED)
		printf("%-11s %-15.15s %s\n", k->name, host_name(r, c->host),
			c->state == DRILL_DUE      ? "not made"
			: c->state == DRILL_FAILED ? "failed, see below"
						   : "left out, see below");
}

static void print_table(const struct cli_run *r)
{
	const struct drill_case *cases = r->world.seen.drill.cases;

	printf("\n%-11s %-15s %9s %9s %9s %5s %10s\n", "FAULT", "HOST", "WRITES", "READS", "EXPECTED", "LOST",
		"WELL AFTER");
	for (int f = 0; f < DRILL_FAULTS; f++)
		print_case(r, (enum drill_fault)f, &cases[f]);
	puts("");
	wrapped("WRITES, READS: ",
		"the longest time from one that succeeded to the next; half a second is the usual one.");
	for (int f = 0; f < DRILL_FAULTS; f++) {
		if (cases[f].state == DRILL_DONE && cases[f].noticed_ms)
			printf("worker: Node %s was seen not Ready after %.1f s\n", host_name(r, cases[f].host),
				(double)cases[f].noticed_ms / 1000);
		if (cases[f].state == DRILL_DONE && !drill_as_expected((enum drill_fault)f, &cases[f].measured))
			printf("%s: %s\n", drill_kinds[f].name,
				cases[f].measured.lost ? "writes that were acknowledged are gone"
						       : "longer than expected");
		if (cases[f].why && cases[f].state != DRILL_DONE)
			wrapped("", cases[f].why->what);
	}
}

static void print_json(const struct cli_run *r, const struct engine_result *result, int status)
{
	struct json *j = json_summary(r, result, status), *all = json_set(j, "faults", json_array());
	struct str line = STR_INIT;

	for (int f = 0; f < DRILL_FAULTS; f++) {
		const struct drill_case *c = &r->world.seen.drill.cases[f];
		struct json *o;

		if (c->state == DRILL_NOT_ASKED)
			continue;
		o = json_add(all, json_object());
		json_set_str(o, "name", drill_kinds[f].name);
		json_set_str(o, "state", drill_state_name(c->state));
		json_set_int(o, "pause-expected-ms", (int64_t)drill_kinds[f].pause_s * 1000);
		if (c->why)
			json_set_str(o, "why", c->why->what);
		if (c->host >= 0)
			json_set_str(o, "host", host_name(r, c->host));
		if (c->state != DRILL_DONE)
			continue;
		json_set_str(o, "measured-from", host_name(r, c->measures));
		json_set_int(o, "writes", c->measured.writes);
		json_set_int(o, "writes-failed", c->measured.writes_failed);
		json_set_int(o, "write-pause-ms", c->measured.write_pause_ms);
		json_set_int(o, "reads", c->measured.reads);
		json_set_int(o, "reads-failed", c->measured.reads_failed);
		json_set_int(o, "read-pause-ms", c->measured.read_pause_ms);
		json_set_int(o, "writes-lost", c->measured.lost);
		json_set_int(o, "well-after-ms", c->back_ms);
		if (c->noticed_ms)
			json_set_int(o, "noticed-after-ms", c->noticed_ms);
		json_set_bool(o, "as-expected", drill_as_expected((enum drill_fault)f, &c->measured));
	}
	json_write(j, &line);
	puts(line.buf);
	json_free(j);
	str_release(&line);
}

static unsigned count(const struct cli_run *r, enum drill_state s)
{
	unsigned n = 0;

	for (int f = 0; f < DRILL_FAULTS; f++)
		n += r->world.seen.drill.cases[f].state == s;
	return n;
}

static unsigned lost(const struct cli_run *r)
{
	unsigned n = 0;

	for (int f = 0; f < DRILL_FAULTS; f++)
		n += r->world.seen.drill.cases[f].measured.lost;
	return n;
}

static int report(const struct cli_run *r)
{
	struct engine_result result;
	unsigned left = cli_hosts_left(r);
	int status;

	engine_result(r->engine, &result);
	status = cli_exit_status(result.cancelled, false, left, cli_run_error(r, &result));
	if (status == 0 && (lost(r) || count(r, DRILL_FAILED) || count(r, DRILL_DUE)))
		status = error_exit_code(ERROR_COMMAND);
	if (r->options->json)
		return print_json(r, &result, status), status;
	cli_summary(r, &result);
	print_table(r);
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->world.seen.drill.under_way[i])
			printf("%s: what was begun there could not be ended; the host does it by itself, within 15 minutes\n",
				r->inventory->hosts[i].name);
	if (status)
		puts("\nnext: kubewright repair --check");
	return status;
}

/* ---- the look, and the word ------------------------------------------------------------------------------------------- */

static void print_plan(const struct cli_run *r)
{
	for (int f = 0; f < DRILL_FAULTS; f++) {
		const struct drill_case *c = &r->world.seen.drill.cases[f];

		if (c->state == DRILL_DUE)
			print_kind((enum drill_fault)f);
		else if (c->state == DRILL_LEFT_OUT)
			wrapped("left out: ", c->why->what);
	}
}

static int confirm(const struct cli_run *r)
{
	struct str tell = STR_INIT;
	struct error err = { 0 };
	int rc;

	str_addf(&tell,
		"This makes %u faults in cluster %s, one at a time, each for a minute or two. The API may not answer for some seconds each time, and pods of a host that is cut off have no network meanwhile.",
		count(r, DRILL_DUE), r->inventory->cluster);
	rc = cli_confirm_name(r, tell.buf, "drill makes faults on purpose and must be confirmed", &err);
	str_release(&tell);
	return rc ? cli_fail(&err) : 0;
}

/* The first of two runs. *due: how many are to be made; returns the exit status. */
static int look(const struct cli_options *o, unsigned *due)
{
	struct engine_result result;
	struct cli_run r;
	int status = cli_look(&r, KIND_DRILL_LOOK, o);

	*due = 0;
	if (status)
		return status;
	status = cli_look_errors(&r, true);
	*due = count(&r, DRILL_DUE);
	engine_result(r.engine, &result);
	if (status == 0 && !o->json)
		print_plan(&r);
	if (status == 0 && *due && !o->check)
		status = confirm(&r);
	else if (status == 0 && o->json)
		print_json(&r, &result, 0);
	else if (status == 0 && !*due)
		puts("\nthis cluster cannot do without anything, so no fault is made");
	cli_run_release(&r);
	return status;
}

int cli_drill(const struct cli_options *given)
{
	struct cli_session session;
	struct error err = { 0 };
	unsigned due;
	int status;

	if (given->list && given->arg_count) {
		error_set(&err, ERROR_USAGE, "drill --list takes no FAULT");
		return cli_fail(&err);
	}
	if (given->list)
		return list(given->json);
	cli_session_begin(&session, given);
	if (take_names(given, &session.options.drill, &err)) {
		cli_session_end(&session);
		return cli_fail(&err);
	}
	status = look(&session.options, &due);
	cli_session_next(&session);
	if (status == 0 && due && !given->check)
		status = cli_run_change(&session.options, KIND_DRILL, &(struct cli_change){ .report = report });
	cli_session_end(&session);
	return status;
}
