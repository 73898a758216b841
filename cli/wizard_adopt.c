/* The takeover of a cluster that others made, for its pages of the wizard: what was asked for, the two looks, the inventory. */
#include "cli/wizard.h"

#include "base/alloc.h"
#include "inventory/document.h"
#include "inventory/inventory.h"
#include "tui/wizard.h"

#include <stdlib.h>
#include <string.h>

/* ---- what was asked for --------------------------------------------------------------------------------------------- */

/* Cuts the lines into what the command line would have. */
static int read_words(struct cli_takeover *t, struct error *err)
{
	struct cli_options *o = &t->asked;
	char *save = NULL;

	for (char *line = strtok_r(t->words, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (str_starts(line, "host="))
			t->args[0] = line + strlen("host=");
		else if (str_starts(line, "out="))
			o->out = line + strlen("out=");
		else if (str_starts(line, "cluster="))
			o->cluster = line + strlen("cluster=");
		else if (o->set_count < CLI_TAKEOVER_SETS && strchr(line, '='))
			t->sets[o->set_count++] = line;
		else
			return error_set(err, ERROR_INTERNAL, "a takeover cannot be asked for '%s'", line);
	}
	return t->args[0] ? 0 : error_set(err, ERROR_USAGE, "no control plane is named");
}

static int begin(struct cli_takeover *t, const struct cli_options *o, const char *what, struct error *err)
{
	cli_takeover_release(t);
	t->what = xstrdup(what);
	t->words = xstrdup(what);
	t->asked = *o;
	t->asked.args = t->args;
	t->asked.arg_count = 1;
	t->asked.sets = t->sets;
	t->asked.set_count = 0;
	t->asked.cluster = t->asked.out = NULL;
	t->asked.take_ca_keys = false;
	/* what belongs to the run that began it does not live as long */
	t->asked.etcd = NULL;
	t->asked.renew = NULL;
	t->runs = t->asked;
	return read_words(t, err) || adopting_begin(&t->is, &t->asked, &t->runs, err) ? -1 : 0;
}

int cli_takeover_open(
	struct cli_takeover *t, const struct cli_options *o, const char *what, struct cli_run **run, struct error *err)
{
	bool same = t->what && what && strcmp(t->what, what) == 0 && t->is.options && t->stage != TAKEOVER_ALL;

	if (!same && begin(t, o, what ? what : "", err))
		return -1;
	if (t->stage == TAKEOVER_NEXT ? adopting_all(&t->is, err) : adopting_first(&t->is, err))
		return -1;
	*run = t->stage == TAKEOVER_NEXT ? &t->is.all : &t->is.first;
	t->stage = t->stage == TAKEOVER_NEXT ? TAKEOVER_ALL : TAKEOVER_FIRST;
	return 0;
}

/* ---- what came of it ------------------------------------------------------------------------------------------------ */

static void fill_host(const struct cli_run *r, size_t i, struct arena *a, struct port_adopted_host *out)
{
	const struct inventory_host *h = &r->inventory->hosts[i];
	const struct error *e = engine_host_error(r->engine, (int)i);

	*out = (struct port_adopted_host){ .name = arena_strdup(a, h->name),
		.address = arena_strdup(a, h->address),
		.control_plane = h->role == INVENTORY_CONTROL_PLANE,
		.reached = r->world.seen.hosts[i].probed };
	if (e)
		out->error = *e;
}

static void fill(struct cli_takeover *t, struct port_adopted *out)
{
	const struct cli_run *r = &t->is.all;
	struct arena *a = &out->arena;
	struct str text = STR_INIT;

	out->file = arena_strdup(a, t->is.file);
	out->version = arena_strdup(a, r->world.seen.cluster.version);
	adopt_print_cas(r, &text);
	out->cas = arena_strdup(a, text.buf);
	str_clear(&text);
	if (t->is.document)
		document_get(t->is.document, "cluster", &text);
	out->cluster = arena_strdup(a, text.buf);
	str_release(&text);
	out->host_count = r->inventory->host_count;
	out->hosts = arena_alloc(a, (out->host_count + 1) * sizeof(*out->hosts));
	for (size_t i = 0; i < out->host_count; i++)
		fill_host(r, i, a, &out->hosts[i]);
	out->found.count = t->is.found.count;
	out->found.list = xcalloc(out->found.count + 1, sizeof(*out->found.list));
	for (size_t i = 0; i < out->found.count; i++)
		out->found.list[i] = t->is.found.list[i];
}

void cli_takeover_see(struct cli_takeover *t, struct port_adopted *out)
{
	const struct error *e;

	*out = (struct port_adopted){ .cluster = "", .version = "", .file = "", .cas = "" };
	if (t->stage == TAKEOVER_ALL) {
		t->ready = adopting_judge(&t->is, &out->refused) == 0;
		fill(t, out);
		return;
	}
	e = engine_host_error(t->is.first.engine, 0);
	if (e) {
		out->refused = *e;
		return;
	}
	t->stage = TAKEOVER_NEXT;
	out->more = true;
}

int cli_takeover_write(struct cli_takeover *t, bool *keys, struct error *err)
{
	struct adopt_report report = { 0 };
	struct cli_run r = { 0 };
	int rc = t->ready ? 0 : error_set(err, ERROR_USAGE, "no cluster was looked at that can be adopted");

	if (rc == 0)
		rc = adopting_finish(&t->is, &r, &report, err);
	if (rc == 0 && !report.written)
		rc = adopting_exists(&t->is, err);
	if (rc == 0)
		*keys = adopt_keys_here(r.store_dir);
	if (r.options)
		cli_run_release(&r);
	if (rc == 0)
		cli_takeover_release(t);
	return rc;
}

void cli_takeover_release(struct cli_takeover *t)
{
	adopting_release(&t->is);
	free(t->what);
	free(t->words);
	*t = (struct cli_takeover){ .what = NULL };
}
