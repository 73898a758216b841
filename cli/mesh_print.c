/* What hosts get through to one another, for people and for programs. */
#include "cli/mesh.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_NS 1000
#define MS_NS 1000000

static const char *name_of(const struct mesh_view *v, size_t host)
{
	return v->plan->inv->hosts[host].name;
}

/* ---- the matrix -------------------------------------------------------------------------------------------------------- */

static void count_states(const struct mesh_view *v, size_t from, size_t counts[MESH_STATES])
{
	for (size_t to = 0; to < v->plan->count; to++)
		if (mesh_plan_pair(v->plan, from, to))
			counts[mesh_pair(v, from, to)]++;
}

static void legend(const size_t counts[MESH_STATES], struct str *out)
{
	struct str text = STR_INIT;

	for (int s = 0; s < MESH_STATES; s++) {
		if (!counts[s])
			continue;
		str_clear(&text);
		str_addf(&text, "%s", mesh_state_words((enum mesh_state)s));
		str_addf(out, "  %-2s  ", mesh_state_mark((enum mesh_state)s));
		cli_wrap(out, text.buf, 6, 6);
	}
	str_release(&text);
}

/* Only hosts that take part have a number. */
static void matrix(const struct cli_run *r, const struct mesh_view *v, struct str *out)
{
	unsigned number = 0;

	str_addf(out, "%-15s", "from \\ to");
	for (size_t to = 0; to < v->plan->count; to++)
		if (r->chosen[to])
			str_addf(out, "%4u", ++number);
	str_addc(out, '\n');
	number = 0;
	for (size_t from = 0; from < v->plan->count; from++) {
		if (!r->chosen[from])
			continue;
		str_addf(out, "%2u %-12.12s", ++number, name_of(v, from));
		for (size_t to = 0; to < v->plan->count; to++)
			if (r->chosen[to])
				str_addf(out, "%4s", from == to ? "-" : mesh_state_mark(mesh_pair(v, from, to)));
		str_addc(out, '\n');
	}
}

/* Of many hosts: how often each came to what. */
static void by_host(const struct cli_run *r, const struct mesh_view *v, struct str *out)
{
	str_addf(out, "%-30s %6s", "from", "asked");
	for (int s = 0; s < MESH_STATES; s++)
		str_addf(out, " %6s", mesh_state_mark((enum mesh_state)s));
	str_addc(out, '\n');
	for (size_t from = 0; from < v->plan->count; from++) {
		size_t counts[MESH_STATES] = { 0 }, all = 0;

		if (!r->chosen[from])
			continue;
		count_states(v, from, counts);
		for (int s = 0; s < MESH_STATES; s++)
			all += counts[s];
		str_addf(out, "%-30.30s %6zu", name_of(v, from), all);
		for (int s = 0; s < MESH_STATES; s++)
			if (counts[s])
				str_addf(out, " %6zu", counts[s]);
			else
				str_addf(out, " %6s", "");
		while (out->len && out->buf[out->len - 1] == ' ')
			str_truncate(out, out->len - 1);
		str_addc(out, '\n');
	}
}

/* ---- what was measured ------------------------------------------------------------------------------------------------- */

/* "0.21-1.30 ms", of all that it asked. */
static void round_trip(const struct mesh_view *v, size_t from, char *out, size_t size)
{
	int64_t least = INT64_MAX, most = -1;

	for (size_t to = 0; to < v->plan->count; to++) {
		const struct mesh_link *l = mesh_plan_pair(v->plan, from, to) ? mesh_link(v, from, to) : NULL;

		if (l && l->rtt_min_ns < least)
			least = l->rtt_min_ns;
		if (l && l->rtt_min_ns > most)
			most = l->rtt_min_ns;
	}
	if (most < 0)
		snprintf(out, size, "unknown");
	else
		snprintf(out, size, "%.2f-%.2f ms", (double)least / MS_NS, (double)most / MS_NS);
}

/* "1500" or "1400-1500". */
static void path_mtu(const struct mesh_view *v, size_t from, char *out, size_t size)
{
	int least = 0, most = 0;

	for (size_t to = 0; to < v->plan->count; to++) {
		const struct mesh_link *l = mesh_plan_pair(v->plan, from, to) ? mesh_link(v, from, to) : NULL;

		if (l && l->mtu && (!least || l->mtu < least))
			least = l->mtu;
		if (l && l->mtu > most)
			most = l->mtu;
	}
	if (!most)
		snprintf(out, size, "unknown");
	else if (least == most)
		snprintf(out, size, "%d", most);
	else
		snprintf(out, size, "%d-%d", least, most);
}

/* "+0.002 s" before the others. */
static void clock_text(const struct mesh_view *v, size_t host, char *out, size_t size)
{
	int64_t ahead, error;
	long long ms;

	if (!mesh_clock(v, host, &ahead, &error)) {
		snprintf(out, size, "unknown");
		return;
	}
	ms = (llabs(ahead) + MS_NS / 2) / MS_NS;
	snprintf(out, size, "%s%lld.%03lld s", !ms ? "" : ahead < 0 ? "-" : "+", ms / 1000, ms % 1000);
}

static void measured(const struct cli_run *r, const struct mesh_view *v, struct str *out)
{
	str_addf(out, "\n%-24s %-18s %-12s %-11s %s\n", "measured at", "round trips", "clock", "path MTU", "fsync p99");
	for (size_t i = 0; i < v->plan->count; i++) {
		const struct mesh_host *h = &v->hosts[i];
		char trips[32], mtu[32], clock[32], disk[32] = "";

		if (!r->chosen[i])
			continue;
		round_trip(v, i, trips, sizeof(trips));
		path_mtu(v, i, mtu, sizeof(mtu));
		clock_text(v, i, clock, sizeof(clock));
		if (h->fsync_count)
			snprintf(disk, sizeof(disk), "%.1f ms", (double)h->fsync_p99_us / 1000);
		else if (r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE)
			snprintf(disk, sizeof(disk), "unknown");
		str_addf(out, "%-24.24s %-18s %-12s %-11s%s%s\n", name_of(v, i), trips, clock, mtu, *disk ? " " : "",
			disk);
		while (out->len > 1 && out->buf[out->len - 2] == ' ') {
			str_truncate(out, out->len - 2);
			str_addc(out, '\n');
		}
	}
}

/* ---- what was not tested ----------------------------------------------------------------------------------------------- */

static void left_alone(const struct mesh_view *v, const struct mesh_need *n, enum mesh_reason reason, struct str *out)
{
	struct str text = STR_INIT;
	size_t count = 0;

	for (size_t to = 0; to < v->plan->count; to++) {
		bool is = false;

		for (size_t from = 0; from < v->plan->count && !is; from++)
			is = mesh_plan_needs(v->plan, n, from, to) && mesh_judge(v, n, from, to).reason == reason;
		if (is && count++ < 8)
			str_addf(&text, "%s%s", count > 1 ? ", " : "", name_of(v, to));
	}
	if (count > 8)
		str_addf(&text, " and %zu more", count - 8);
	if (count) {
		struct str all = STR_INIT;

		str_addf(&all, "not tested: %s %d (%s) of %s: %s", n->udp ? "UDP" : "TCP", n->port, n->what, text.buf,
			mesh_reason_words(reason));
		cli_wrap(out, all.buf, 0, 2);
		str_release(&all);
	}
	str_release(&text);
}

/* Of directions that are not unknown altogether. */
static void not_measured(const struct mesh_view *v, struct str *out)
{
	struct str text = STR_INIT;
	size_t count = 0;

	for (size_t from = 0; from < v->plan->count; from++)
		for (size_t to = 0; to < v->plan->count; to++)
			if (mesh_plan_pair(v->plan, from, to) && mesh_pair(v, from, to) != MESH_UNKNOWN &&
				!mesh_path_known(v, from, to) && count++ < 4)
				str_addf(&text, "%s%s to %s", count > 1 ? ", " : "", name_of(v, from), name_of(v, to));
	if (count > 4)
		str_addf(&text, " and %zu more", count - 4);
	if (count) {
		struct str all = STR_INIT;

		str_addf(&all, "not measured: the path from %s: UDP %d gets no answer there", text.buf,
			MESH_MEASURE_PORT);
		cli_wrap(out, all.buf, 0, 2);
		str_release(&all);
	}
	str_release(&text);
}

static void not_tested(const struct mesh_view *v, struct str *out)
{
	str_addc(out, '\n');
	for (size_t n = 0; n < mesh_need_count; n++) {
		left_alone(v, &mesh_needs[n], MESH_IN_USE, out);
		left_alone(v, &mesh_needs[n], MESH_HELD, out);
	}
	not_measured(v, out);
	if (v->plan->inv->endpoint.vip)
		cli_wrap(out, "not tested: VRRP (IP protocol 112) between control planes, for the virtual IP", 0, 2);
	if (v->plan->network == MESH_CALICO_BGP)
		cli_wrap(out, "not tested: IPIP (IP protocol 4) between hosts, for pods", 0, 2);
}

void cli_mesh_table(const struct cli_run *r, const struct mesh_view *v, struct str *out)
{
	size_t counts[MESH_STATES] = { 0 }, hosts = r->chosen_count;
	struct str text = STR_INIT;

	for (size_t from = 0; from < v->plan->count; from++)
		count_states(v, from, counts);
	str_addf(&text, "Cluster %s: %zu hosts, %zu of %zu directions asked%s. Pod network: %s.", r->inventory->cluster,
		hosts, v->plan->asked, hosts ? hosts * (hosts - 1) : 0,
		v->plan->whole ? "" : " (to and from the control planes, a ring, and pairs by chance)",
		mesh_network_words(v->plan->network));
	cli_wrap(out, text.buf, 0, 0);
	str_addc(out, '\n');
	str_release(&text);
	if (v->plan->whole)
		matrix(r, v, out);
	else
		by_host(r, v, out);
	legend(counts, out);
	measured(r, v, out);
	not_tested(v, out);
}

/* ---- for programs ------------------------------------------------------------------------------------------------------ */

static void set_host(const struct cli_run *r, const struct mesh_view *v, size_t i, struct json *j)
{
	static const char *const untried[] = { NULL, "no-perl", "no-clock", "no-address", "stopped" };
	const struct error *e = r->engine ? engine_host_error(r->engine, (int)i) : NULL;
	const struct mesh_host *h = &v->hosts[i];
	int64_t ahead, error;

	json_set_str(j, "name", name_of(v, i));
	json_set_bool(j, "reached", h->answered);
	if (untried[h->untried])
		json_set_str(j, "unknown", untried[h->untried]);
	if (e)
		json_set(j, "error", cli_error_json(e));
	if (h->answered) {
		json_set_str(j, "interface", h->iface);
		json_set_int(j, "mtu", h->mtu);
		json_set_str(j, "firewall", h->firewall);
	}
	if (mesh_clock(v, i, &ahead, &error)) {
		json_set_int(j, "clock-ahead-us", ahead / US_NS);
		json_set_int(j, "clock-error-us", error / US_NS);
	}
	if (h->fsync_count) {
		struct json *f = json_set(j, "fsync", json_object());

		json_set_int(f, "writes", h->fsync_count);
		json_set_int(f, "p50-us", h->fsync_p50_us);
		json_set_int(f, "p99-us", h->fsync_p99_us);
		json_set_int(f, "max-us", h->fsync_max_us);
	}
}

static void set_direction(const struct mesh_view *v, size_t from, size_t to, struct json *j)
{
	const struct mesh_link *l = mesh_link(v, from, to);
	struct json *list;

	json_set_str(j, "from", name_of(v, from));
	json_set_str(j, "to", name_of(v, to));
	json_set_str(j, "state", mesh_state_name(mesh_pair(v, from, to)));
	list = json_set(j, "ports", json_array());
	for (size_t n = 0; n < mesh_need_count; n++) {
		const struct mesh_need *need = &mesh_needs[n];
		struct mesh_verdict is;
		struct json *p;

		if (!mesh_plan_needs(v->plan, need, from, to))
			continue;
		is = mesh_judge(v, need, from, to);
		p = json_add(list, json_object());
		json_set_str(p, "protocol", need->udp ? "udp" : "tcp");
		json_set_int(p, "port", need->port);
		json_set_str(p, "for", need->what);
		json_set_str(p, "state", mesh_state_name(is.state));
		json_set_str(p, "reason", mesh_reason_name(is.reason));
	}
	if (!l)
		return;
	json_set_int(j, "round-trip-us", l->rtt_min_ns / US_NS);
	json_set_int(j, "round-trip-median-us", l->rtt_ns / US_NS);
	if (l->mtu)
		json_set_int(j, "path-mtu", l->mtu);
}

struct json *cli_mesh_json(const struct cli_run *r, const struct mesh_view *v, const struct findings *found)
{
	struct json *j = json_object(), *list;

	json_set_str(j, "cluster", r->inventory->cluster);
	json_set_str(j, "pod-network", mesh_network_words(v->plan->network));
	json_set_bool(j, "all-directions", v->plan->whole);
	list = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < v->plan->count; i++)
		if (r->chosen[i])
			set_host(r, v, i, json_add(list, json_object()));
	list = json_set(j, "directions", json_array());
	for (size_t from = 0; from < v->plan->count; from++)
		for (size_t to = 0; to < v->plan->count; to++)
			if (mesh_plan_pair(v->plan, from, to))
				set_direction(v, from, to, json_add(list, json_object()));
	cli_findings_json(r, found, json_set(j, "findings", json_array()));
	return j;
}
