/* What a look has seen, as files of the archive. */
#include "cli/support_pack.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/sieve.h"
#include "cli/run.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

enum {
	FACTS_LIMIT = 512 << 10,
	REPORT_LIMIT = 4 << 20,
};

/* Takes the document. */
static void add_json(struct pack *p, const char *name, const char *what, struct json *j, size_t limit)
{
	struct str text = STR_INIT;

	json_write_pretty(j, &text);
	pack_add(p, name, what, &text, limit, PACK_START, NULL);
	str_release(&text);
	json_free(j);
}

static void add_facts(struct pack *p, const char *host, const struct cluster_host *h)
{
	char *name = xasprintf("hosts/%s/facts.json", host);
	struct json *j = json_object();

	for (size_t i = 0; i < h->facts.count; i++)
		if (!json_member(j, h->facts.lines[i].word))
			json_set_str(j, h->facts.lines[i].word, h->facts.lines[i].value);
	add_json(p, name, "facts of the host", j, FACTS_LIMIT);
	free(name);
}

/* The host sent one byte more than the limit of what is longer; its first line is not whole then. */
static void add_piece(struct pack *p, const char *host, const struct support_piece *piece,
	const struct remote_answer_line *l, size_t limit)
{
	char *name = xasprintf("hosts/%s/%s.%s", host, piece->name, *piece->argument ? "log" : "txt");
	size_t from = l->len > limit ? sieve_whole_line(l->value, l->len) : 0;
	struct str text = STR_INIT;
	char cut[64];

	snprintf(cut, sizeof(cut), "only its last %zu KiB", limit >> 10);
	str_addn(&text, l->value + from, l->len - from);
	pack_add(p, name, piece->what, &text, limit, PACK_END, from ? cut : NULL);
	str_release(&text);
	free(name);
}

static void add_pieces(struct pack *p, const struct cli_run *r, size_t host)
{
	const struct world_support *seen = &r->world.seen.support[host];
	const char *name = r->inventory->hosts[host].name;

	for (size_t i = 0; i < support_piece_count; i++) {
		const struct support_piece *piece = &support_pieces[i];
		char word[64];
		const struct remote_answer_line *l;

		snprintf(word, sizeof(word), "piece.%s", piece->name);
		l = remote_answer_find(&seen->answer, word);
		if (l && l->len)
			add_piece(p, name, piece, l, support_limit(piece, r->inventory->host_count));
		else if (l)
			pack_missing(p, "hosts/%s: the %s is empty", name, piece->what);
	}
}

static void add_host(struct pack *p, const struct cli_run *r, size_t host)
{
	const struct world_support *seen = &r->world.seen.support[host];
	const struct cluster_host *h = &r->world.seen.hosts[host];
	const struct error *e = engine_host_error(r->engine, (int)host);
	const char *name = r->inventory->hosts[host].name;

	if (h->probed)
		add_facts(p, name, h);
	add_pieces(p, r, host);
	if (!seen->looked && seen->error.kind)
		e = &seen->error;
	if (!seen->looked || !h->probed)
		pack_missing(p, "%s of host %s: %s%s%s",
			seen->looked ? "facts"
			: h->probed  ? "logs"
				     : "all",
			name, e ? e->what : "it was not looked at", e && *e->hint ? "; " : "", e ? e->hint : "");
}

static void add_status(struct pack *p, struct cli_run *r)
{
	struct health health;
	struct status s;

	health_fold(r, &health);
	status_fold(r, &s);
	add_json(p, "status.json", "the cluster and its health, as of 'kubewright status -o json'",
		status_json(r, &s, &health), REPORT_LIMIT);
	health_release(&health);
}

void pack_hosts(struct pack *p, struct cli_run *r)
{
	struct json *list = json_array();

	cli_findings_complete(r);
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->chosen[i])
			cli_check_json(r, i, list);
	add_json(p, "check.json", "findings, as of 'kubewright check -o json'", list, REPORT_LIMIT);
	/* without the cluster's keys little of it would be known */
	if (r->kind->flags & RUN_HEALTH)
		add_status(p, r);
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		if (r->chosen[i])
			add_host(p, r, i);
		else
			pack_missing(p, "all of host %s: --hosts leaves it out", r->inventory->hosts[i].name);
	}
}
