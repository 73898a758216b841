/* kubewright hardware: what the machines are made of. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/findings_hardware.h"
#include "cluster/hardware_gone.h"
#include "cluster/hardware_words.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where what is said of a part begins. */
#define AT_TEXT 26

/* ---- the last look ----------------------------------------------------------------------------------------------------- */

#define MAP_MAX (8u << 20)

/* What this host had; NULL: nobody has looked yet. One that cannot be read is as good as none: that is said, and it is written again. */
static struct json *last_look(const char *path, struct str *unread)
{
	struct str text = STR_INIT;
	struct error err = { 0 };
	struct json *map = NULL;

	if (access(path, F_OK) != 0)
		return NULL;
	if (file_read(path, MAP_MAX, &text, &err) == 0)
		map = json_parse(text.buf, text.len, &err);
	if (!map)
		str_addf(unread, "the last look cannot be read from %s: %s; it is not compared\n", path, err.what);
	str_release(&text);
	return map;
}

static int keep(const struct json *map, const char *path, struct error *err)
{
	struct str text = STR_INIT;
	int rc;

	json_write(map, &text);
	str_addc(&text, '\n');
	rc = file_write(path, text.buf, text.len, 0600, err);
	str_release(&text);
	return rc;
}

int cli_hardware_find(
	const struct cli_run *r, bool forget, struct findings *found, struct str *unread, struct error *err)
{
	char *dir = xasprintf("%s/hardware", r->state_dir);
	int rc = file_mkdirs(dir, 0700, err);

	findings_hardware(r->inventory, r->world.seen.hardware, found);
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct json *now = r->world.seen.hardware[i];
		char *path = xasprintf("%s/%s.json", dir, r->inventory->hosts[i].name);
		struct json *before = now && !forget ? last_look(path, unread) : NULL, *kept = NULL;

		if (before) {
			findings_hardware_gone(r->inventory, (int)i, before, now, found);
			kept = hardware_kept(before, now);
		}
		/* one that cannot be kept is said, and the others are still compared */
		if (now && rc == 0)
			rc = keep(kept ? kept : now, path, err);
		json_free(before);
		json_free(kept);
		free(path);
	}
	free(dir);
	return rc;
}

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

/* What is odd about this host, below it: what the inventory ignores comes last. */
static void print_odd(const struct findings *all, size_t host)
{
	struct findings own = { xcalloc(all->count + 1, sizeof(*own.list)), 0 };

	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].host == (int)host)
			own.list[own.count++] = all->list[i];
	cli_findings_print(stdout, &own, false);
	findings_release(&own);
}

static void one_by_one(const struct cli_run *r, const struct findings *odd)
{
	struct str text = STR_INIT;
	bool first = true;

	for (size_t i = 0; i < r->inventory->host_count; i++) {
		if (!r->world.seen.hardware[i])
			continue;
		str_clear(&text);
		str_addf(&text, "%s%s\n", first ? "" : "\n", r->inventory->hosts[i].name);
		hardware_lines(r->world.seen.hardware[i], line, &text);
		fputs(text.buf, stdout);
		print_odd(odd, i);
		first = false;
	}
	str_release(&text);
}

/* As Markdown, which tickets and pages take. A bar in a name would end a cell. */
static void cell(struct str *out, const char *text)
{
	str_add(out, " ");
	for (; *text; text++)
		str_addf(out, "%s%c", *text == '|' ? "\\" : "", *text);
	str_add(out, " |");
}

static void as_table(const struct cli_run *r)
{
	struct str text = STR_INIT, all = STR_INIT, *out = &all;
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
	fputs(all.buf, stdout);
	str_release(&text);
	str_release(&all);
}

/* ---- for programs ------------------------------------------------------------------------------------------------------ */

static struct json *document(const struct cli_run *r, const struct findings *odd)
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
	cli_findings_json(r, odd, json_set(j, "findings", json_array()));
	return j;
}

int cli_hardware(const struct cli_options *o)
{
	struct findings odd = { 0 };
	struct str unread = STR_INIT;
	struct error err = { 0 };
	struct cli_run r;
	int kept;
	int status = cli_look(&r, KIND_HARDWARE, o);

	if (status)
		return status;
	kept = cli_hardware_find(&r, o->forget, &odd, &unread, &err);
	for (const char *p = unread.buf, *end; (end = strchr(p, '\n')) != NULL; p = end + 1)
		fprintf(stderr, "warning: %.*s\n", (int)(end - p), p);
	str_release(&unread);
	if (o->json)
		cli_json_print(document(&r, &odd));
	else if (o->table)
		as_table(&r);
	else
		one_by_one(&r, &odd);
	findings_release(&odd);
	status = cli_look_errors(&r, true);
	cli_run_release(&r);
	return kept ? cli_fail(&err) : status;
}
