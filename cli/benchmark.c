/* kubewright check --security: how the hosts are set up, beside the items of the CIS Kubernetes Benchmark. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/benchmark.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where what an item wants begins, and what is seen of it. */
#define AT_WANTS 24
#define AT_SEEN 8

/* ---- what comes of an item --------------------------------------------------------------------------------------------- */

void benchmark_judge_all(const struct cli_run *r, const struct benchmark_item *item, struct benchmark_judged *j)
{
	*j = (struct benchmark_judged){ .count = r->inventory->host_count };
	j->hosts = xcalloc(j->count, sizeof(*j->hosts));
	for (size_t i = 0; i < j->count; i++) {
		bool control_plane = r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE;

		j->hosts[i].shown = !r->chosen[i] || !benchmark_concerns(item, control_plane);
		if (j->hosts[i].shown)
			continue;
		benchmark_judge(item, &r->world.seen.benchmark[i], &j->hosts[i].is);
		if (j->hosts[i].is.state > j->state)
			j->state = j->hosts[i].is.state;
	}
}

void benchmark_same(const struct cli_run *r, struct benchmark_judged *j, size_t first, struct str *out)
{
	const struct benchmark_seen *seen = &j->hosts[first].is;

	for (size_t i = first; i < j->count; i++) {
		struct benchmark_shows *other = &j->hosts[i];

		if (other->shown || other->is.state != seen->state || strcmp(other->is.what, seen->what) != 0)
			continue;
		other->shown = true;
		str_addf(out, "%s%s", i > first ? ", " : "", r->inventory->hosts[i].name);
	}
}

void benchmark_count(const struct cli_run *r, size_t counts[BENCHMARK_STATES])
{
	struct benchmark_judged j;

	memset(counts, 0, BENCHMARK_STATES * sizeof(*counts));
	for (size_t i = 0; i < benchmark_item_count; i++) {
		benchmark_judge_all(r, &benchmark_items[i], &j);
		counts[j.state]++;
		free(j.hosts);
	}
}

/* ---- for people -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *words;
	enum cli_color color;
} states[BENCHMARK_STATES] = {
	[BENCHMARK_NOT_APPLICABLE] = { "not applicable", CLI_DIM },
	[BENCHMARK_PASSED] = { "passed", CLI_GREEN },
	[BENCHMARK_BY_HAND] = { "by hand", CLI_YELLOW },
	[BENCHMARK_UNKNOWN] = { "unknown", CLI_YELLOW },
	[BENCHMARK_FAILED] = { "failed", CLI_RED },
};

const char *benchmark_words(enum benchmark_state state)
{
	return states[state].words;
}

static void group(const struct cli_run *r, struct benchmark_judged *j, size_t first, struct str *out)
{
	struct str text = STR_INIT;

	benchmark_same(r, j, first, &text);
	str_addf(&text, ": %s", j->hosts[first].is.what);
	str_addf(out, "%*s", AT_SEEN, "");
	cli_wrap(out, text.buf, AT_SEEN, AT_SEEN + 2);
	str_release(&text);
}

static void line(struct str *out, const char *label, const char *text)
{
	struct str all = STR_INIT;

	str_addf(&all, "%s: %s", label, text);
	str_addf(out, "%*s", AT_SEEN, "");
	cli_wrap(out, all.buf, AT_SEEN, AT_SEEN + 2);
	str_release(&all);
}

static void item_lines(const struct cli_run *r, const struct benchmark_item *item, bool verbose, struct str *out)
{
	struct benchmark_judged j;

	benchmark_judge_all(r, item, &j);
	str_addf(out, "%-7s %s%-15s%s ", item->id, cli_color(stdout, states[j.state].color), states[j.state].words,
		cli_color(stdout, CLI_PLAIN));
	cli_wrap(out, item->wants, AT_WANTS, AT_WANTS);
	for (size_t i = 0; i < j.count; i++)
		if (!j.hosts[i].shown && (verbose || j.hosts[i].is.state >= BENCHMARK_BY_HAND))
			group(r, &j, i, out);
	if (j.state == BENCHMARK_BY_HAND)
		line(out, "why", item->why);
	if (j.state == BENCHMARK_BY_HAND || j.state == BENCHMARK_FAILED)
		line(out, "remedy", item->remedy);
	free(j.hosts);
}

void benchmark_table(const struct cli_run *r, bool verbose, struct str *out)
{
	size_t counts[BENCHMARK_STATES];
	struct str text = STR_INIT;

	str_addf(out, "CIS Kubernetes Benchmark " BENCHMARK_EDITION ", cluster %s\n\n", r->inventory->cluster);
	for (size_t i = 0; i < benchmark_item_count; i++)
		item_lines(r, &benchmark_items[i], verbose, out);
	benchmark_count(r, counts);
	str_addf(&text, "%zu items", benchmark_item_count);
	for (int i = BENCHMARK_STATES - 1; i >= 0; i--)
		str_addf(&text, "%s %zu %s", i == BENCHMARK_STATES - 1 ? ":" : ",", counts[i], states[i].words);
	str_add(&text, ". Nothing was changed.");
	str_addc(out, '\n');
	cli_wrap(out, text.buf, 0, 0);
	str_release(&text);
}

/* ---- for programs ------------------------------------------------------------------------------------------------------ */

static void set_item(const struct cli_run *r, const struct benchmark_item *item, struct json *j)
{
	struct benchmark_judged all;
	struct json *hosts;

	benchmark_judge_all(r, item, &all);
	json_set_str(j, "id", item->id);
	json_set_str(j, "wants", item->wants);
	json_set_str(j, "state", benchmark_state_name(all.state));
	json_set_str(j, "remedy", item->remedy);
	json_set_str(j, "why", item->why);
	hosts = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < all.count; i++) {
		struct json *host;

		if (all.hosts[i].shown)
			continue;
		host = json_add(hosts, json_object());
		json_set_str(host, "name", r->inventory->hosts[i].name);
		json_set_str(host, "state", benchmark_state_name(all.hosts[i].is.state));
		json_set_str(host, "seen", all.hosts[i].is.what);
	}
	free(all.hosts);
}

struct json *benchmark_json(const struct cli_run *r)
{
	struct json *j = json_object(), *list, *counts_of;
	size_t counts[BENCHMARK_STATES];

	json_set_str(j, "cluster", r->inventory->cluster);
	json_set_str(j, "benchmark", BENCHMARK_EDITION);
	list = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct error *e = r->engine ? engine_host_error(r->engine, (int)i) : NULL;
		struct json *host;

		if (!r->chosen[i])
			continue;
		host = json_add(list, json_object());
		json_set_str(host, "name", r->inventory->hosts[i].name);
		json_set_bool(host, "reached", r->world.seen.benchmark[i].said.looked);
		if (e)
			json_set(host, "error", cli_error_json(e));
	}
	list = json_set(j, "items", json_array());
	for (size_t i = 0; i < benchmark_item_count; i++)
		set_item(r, &benchmark_items[i], json_add(list, json_object()));
	benchmark_count(r, counts);
	counts_of = json_set(j, "counts", json_object());
	for (int i = 0; i < BENCHMARK_STATES; i++)
		json_set_int(counts_of, benchmark_state_name((enum benchmark_state)i), (int64_t)counts[i]);
	return j;
}

/* ---- the command ------------------------------------------------------------------------------------------------------- */

static int list(bool json)
{
	struct json *all = json ? json_array() : NULL;

	for (size_t i = 0; i < benchmark_item_count; i++) {
		struct json *j;

		if (!json) {
			printf("%-7s %s\n", benchmark_items[i].id, benchmark_items[i].wants);
			continue;
		}
		j = json_add(all, json_object());
		json_set_str(j, "id", benchmark_items[i].id);
		json_set_str(j, "wants", benchmark_items[i].wants);
		json_set_str(j, "remedy", benchmark_items[i].remedy);
		json_set_str(j, "why", benchmark_items[i].why);
	}
	if (json)
		cli_json_print(all);
	return 0;
}

int benchmark_status(const size_t counts[BENCHMARK_STATES], int unseen)
{
	if (counts[BENCHMARK_FAILED])
		return error_exit_code(ERROR_PREFLIGHT);
	/* what could not be seen is not well */
	return unseen || !counts[BENCHMARK_UNKNOWN] ? unseen : error_exit_code(ERROR_COMMAND);
}

int cli_benchmark(const struct cli_options *o)
{
	size_t counts[BENCHMARK_STATES];
	struct str text = STR_INIT;
	struct cli_run r;
	int status;

	if (o->list)
		return list(o->json);
	status = cli_look(&r, KIND_BENCHMARK, o);
	if (status)
		return status;
	if (o->json) {
		cli_json_print(benchmark_json(&r));
	} else {
		benchmark_table(&r, o->verbose, &text);
		fputs(text.buf, stdout);
		str_release(&text);
	}
	status = cli_look_errors(&r, true);
	benchmark_count(&r, counts);
	status = benchmark_status(counts, status);
	cli_run_release(&r);
	return status;
}
