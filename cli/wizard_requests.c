/* Who waits for a certificate, as a look saw it, for the page of the wizard. */
#include "cli/wizard.h"

#include "inventory/inventory.h"
#include "tui/wizard.h"

#include <string.h>

#define TEXT_MAX 2000 /* what a request says is shown as far as this */

/* Printable, on one line. */
static const char *keep(struct arena *a, const char *text)
{
	struct str out = STR_INIT;
	const char *kept;

	str_add_line(&out, text ? text : "", text ? strnlen(text, TEXT_MAX) : 0);
	kept = arena_strdup(a, out.buf);
	str_release(&out);
	return kept;
}

static void fill_request(const struct request *q, struct arena *a, struct port_request *out)
{
	struct str text = STR_INIT;

	*out = (struct port_request){ .verdict = q->verdict, .age_s = q->age_s };
	out->name = keep(a, q->name);
	out->uid = keep(a, q->uid);
	out->signer = keep(a, q->signer);
	out->requester = keep(a, q->requester);
	out->usages = keep(a, q->usages);
	out->why = keep(a, q->why);
	request_names(q, &text);
	out->names = keep(a, text.buf);
	str_clear(&text);
	if (*q->asked.cn)
		str_addf(&text, "%s%s%s", q->asked.cn, q->asked.org_count ? " of " : "",
			q->asked.org_count ? q->asked.orgs[0] : "");
	out->subject = keep(a, text.buf);
	str_release(&text);
}

void cli_wizard_requests(struct cli_run *r, struct port_requests *out)
{
	const struct requests *seen = &r->world.seen.requests;
	const struct error *why;
	struct engine_result result;

	*out = (struct port_requests){ .asked = seen->pages != NULL, .count = seen->count, .more = seen->more };
	out->list = arena_alloc(&out->arena, (seen->count + 1) * sizeof(*out->list));
	for (size_t i = 0; i < seen->count; i++)
		fill_request(&seen->list[i], &out->arena, &out->list[i]);
	if (out->asked || !r->engine)
		return;
	engine_result(r->engine, &result);
	why = cli_run_error(r, &result);
	if (why)
		out->error = *why;
	else
		error_set(&out->error, ERROR_COMMAND, "no API server was asked");
}
