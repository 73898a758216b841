/* kubewright hardware: what the machines are made of. */
#include "cli/run.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/hardware_words.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

/* Where what is said of a part begins. */
#define AT_TEXT 26

/* ---- for people -------------------------------------------------------------------------------------------------------- */

static void line(const char *label, const char *text, void *ctx)
{
	struct str *out = ctx;
	int at = 2 + (int)strlen(label) + 1;

	str_addf(out, "  %s ", label);
	for (; at < AT_TEXT; at++)
		str_addc(out, ' ');
	cli_wrap(out, text, at, AT_TEXT);
}

static void one_by_one(const struct cli_run *r, struct str *out)
{
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		if (!r->world.seen.hardware[i])
			continue;
		str_addf(out, "%s%s\n", out->len ? "\n" : "", r->inventory->hosts[i].name);
		hardware_lines(r->world.seen.hardware[i], line, out);
	}
}

/* As Markdown, which tickets and pages take. A bar in a name would end a cell. */
static void cell(struct str *out, const char *text)
{
	str_add(out, " ");
	for (; *text; text++)
		str_addf(out, "%s%c", *text == '|' ? "\\" : "", *text);
	str_add(out, " |");
}

static void as_table(const struct cli_run *r, struct str *out)
{
	struct str text = STR_INIT;
	const char *heading;

	str_add(out, "| Host |");
	for (size_t c = 0; (heading = hardware_column(NULL, c, &text)) != NULL; c++)
		cell(out, heading);
	str_add(out, "\n|---|");
	for (size_t c = 0; hardware_column(NULL, c, &text); c++)
		str_add(out, "---|");
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		if (!r->world.seen.hardware[i])
			continue;
		str_add(out, "\n|");
		cell(out, r->inventory->hosts[i].name);
		for (size_t c = 0; str_clear(&text), hardware_column(r->world.seen.hardware[i], c, &text); c++)
			cell(out, text.buf);
	}
	str_addc(out, '\n');
	str_release(&text);
}

/* ---- for programs ------------------------------------------------------------------------------------------------------ */

static struct json *all(const struct cli_run *r)
{
	struct json *j = json_object(), *list;

	json_set_str(j, "cluster", r->inventory->cluster);
	list = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct error *e = r->engine ? engine_host_error(r->engine, (int)i) : NULL;
		const struct json *map = r->world.seen.hardware[i];
		struct json *host;

		if (!r->chosen[i])
			continue;
		host = json_add(list, json_object());
		json_set_str(host, "name", r->inventory->hosts[i].name);
		json_set(host, "hardware", map ? json_copy(map) : json_null());
		if (e)
			json_set(host, "error", cli_error_json(e));
	}
	return j;
}

int cli_hardware(const struct cli_options *o)
{
	struct str text = STR_INIT;
	struct cli_run r;
	int status = cli_look(&r, KIND_HARDWARE, o);

	if (status)
		return status;
	if (o->json) {
		cli_json_print(all(&r));
	} else {
		if (o->table)
			as_table(&r, &text);
		else
			one_by_one(&r, &text);
		fputs(text.buf, stdout);
		str_release(&text);
	}
	status = cli_look_errors(&r, true);
	cli_run_release(&r);
	return status;
}
