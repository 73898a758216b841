/* kubewright adopt HOST: the two looks, what is found, and the inventory; with --take-ca-keys also the keys of the CAs. */
#include "cli/adopt.h"

#include "base/json.h"
#include "pki/pki.h"

struct adopt {
	struct cli_session session; /* of all runs */
	struct adopting is;
};

static int look(struct cli_run *r, struct error *err)
{
	struct engine_result result = { 0 };

	cli_run_show(r);
	if (cli_run_execute(r, err))
		return -1;
	engine_result(r->engine, &result);
	return result.cancelled ? error_set(err, ERROR_CANCELLED, "cancelled; nothing was changed") : 0;
}

static int look_at_all(struct adopting *a, struct error *err)
{
	return adopting_first(a, err) || look(&a->first, err) || adopting_all(a, err) || look(&a->all, err) ? -1 : 0;
}

static int take_keys(struct cli_run *r, struct adopt_report *report, struct error *err)
{
	if (cli_run_open(r, KIND_TAKE_KEYS, err))
		return -1;
	cli_run_show(r);
	if (cli_run_execute(r, err) || adopt_keys_taken(r, err))
		return -1;
	report->keys = true;
	return 0;
}

/* last: the run with the inventory as it is written, or as it was there. */
static int finish(struct adopt *a, struct cli_run *last, struct adopt_report *report, struct error *err)
{
	if (adopting_judge(&a->is, err))
		return -1;
	a->session.options.warned = false;
	if (adopting_finish(&a->is, last, report, err))
		return -1;
	if (!a->session.options.take_ca_keys || adopt_keys_here(last->store_dir))
		return 0;
	return take_keys(last, report, err);
}

int cli_adopt(const struct cli_options *o)
{
	struct adopt a = { .is = { .host = NULL } };
	struct adopt_report report = { 0 };
	struct cli_run last = { 0 };
	struct error err = { 0 };
	int rc;

	cli_session_begin(&a.session, o);
	rc = adopting_begin(&a.is, o, &a.session.options, &err) || look_at_all(&a.is, &err) ? -1 : 0;
	if (rc == 0) {
		report = (struct adopt_report){
			.run = &a.is.all, .file = a.is.file, .store_dir = "", .cluster = "", .found = &a.is.found
		};
		rc = finish(&a, &last, &report, &err);
		if (o->json)
			adopt_print_json(&report);
		else
			adopt_print(&report);
	}
	if (last.options)
		cli_run_release(&last);
	adopting_release(&a.is);
	cli_session_end(&a.session);
	return rc ? cli_fail(&err) : 0;
}
