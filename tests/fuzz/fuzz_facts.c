/*
 * What hosts and API say, judged: three answers of the probe, then a NodeList, each ended by a line "%%". Properties: every finding is printable, and what
 * repair would do about it has one line.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "cluster/health.h"
#include "cluster/identities.h"
#include "inventory/inventory.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { HOSTS = 3 };

static const char text[] = "cluster: rack7\n"
			   "kubernetes: {version: 1.36.2}\n"
			   "endpoint: {vip: 10.0.0.100}\n"
			   "network: {cni: none}\n"
			   "hosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			   "  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
			   "  - {name: w1, address: 10.0.0.21, role: worker}\n";

static void check(struct findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		fuzz_printable("what a finding saw", f->list[i].what);
		fuzz_printable("why it matters", f->list[i].why);
		fuzz_printable("its remedy", f->list[i].remedy);
		if (strchr(f->list[i].act, '\n'))
			fuzz_broken("an act of several lines: %s", f->list[i].act);
	}
	findings_release(f);
	*f = (struct findings){ 0 };
}

/* The answer that a host would give in these words: blank lines are none. */
static void take_answer(struct cluster_host *h, const char *words, size_t len)
{
	struct str s = STR_INIT;
	struct error err = { 0 };

	str_add(&s, "N begin\n");
	for (size_t i = 0; i < len; i++)
		if (words[i] != '\n' || s.buf[s.len - 1] != '\n')
			str_addc(&s, words[i]);
	if (s.buf[s.len - 1] != '\n')
		str_addc(&s, '\n');
	str_add(&s, "N end\n");
	h->probed = remote_answer_parse(&h->facts, "N", s.buf, s.len, cluster_probe_words, &err) == 0;
	str_release(&s);
}

static void judge(const struct inventory *inv, const struct cluster_host *hosts, const struct cluster_state *state)
{
	struct health_view view = {
		.inv = inv, .hosts = hosts, .state = state, .now_s = 1796000000, .ca = "x", .etcd_ca = "y"
	};
	struct identities all = { 0 };
	struct findings f = { 0 };

	for (int i = 0; i < HOSTS; i++)
		if (hosts[i].probed)
			identities_add(&all, &hosts[i], i);
	for (int i = 0; i < HOSTS; i++) {
		findings_preflight(inv, hosts, &all, i, true, &f);
		check(&f);
		findings_preflight(inv, hosts, &all, i, false, &f);
		check(&f);
		findings_health(&view, i, &f);
		check(&f);
	}
	identities_release(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct inventory *inv;
	struct cluster_host hosts[HOSTS] = { 0 };
	struct cluster_state state = { .lead = -1 };
	const char *p = (const char *)data, *end = p + size;
	struct error err = { 0 };

	if (!inv && !(inv = inventory_parse("x", text, sizeof(text) - 1, NULL, 0, NULL, &err)))
		fuzz_broken("the inventory: %s", err.what);
	for (int i = 0; i <= HOSTS && p < end; i++) {
		const char *stop = memmem(p, (size_t)(end - p), "%%\n", 3);
		size_t len = (size_t)((stop ? stop : end) - p);
		struct json *j = i < HOSTS ? NULL : json_parse(p, len, NULL);

		if (i < HOSTS)
			take_answer(&hosts[i], p, len);
		else if (j)
			state.exists = cluster_state_nodes(&state, j, &err) == 0;
		p = stop ? stop + 3 : end;
	}
	judge(inv, hosts, &state);
	for (int i = 0; i < HOSTS; i++)
		cluster_host_release(&hosts[i]);
	cluster_state_release(&state);
	return 0;
}
