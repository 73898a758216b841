/* Items of the benchmark in all states. */
#include "tests/unit/fake_benchmark.h"

#include <string.h>

static const char *const words[BENCHMARK_STATES] = { "not applicable", "passed", "by hand", "unknown", "failed" };

/* What is not as the others: these pass. */
static const struct {
	const char *id;
	enum benchmark_state state;
	const char *seen;
} others[] = {
	{ "1.1.9", BENCHMARK_NOT_APPLICABLE, "no pod network's files are on the host" },
	{ "1.2.1", BENCHMARK_BY_HAND, "--anonymous-auth is not given, so that it is true" },
	{ "1.2.15", BENCHMARK_FAILED, "--profiling is not given, so that it is true" },
	{ "1.2.16", BENCHMARK_FAILED, "--audit-log-path is not given" },
};

static void add(struct port_benchmark *out, struct port_benchmark_item *item, enum benchmark_state state,
	const char *hosts, const char *seen)
{
	item->groups[item->group_count++] =
		(struct port_benchmark_group){ state, words[state], arena_strdup(&out->arena, hosts), seen };
	if (state > item->state)
		item->state = state;
	item->words = words[item->state];
}

static void fill(struct port_benchmark *out, struct port_benchmark_item *item, bool unseen, const char *hostile)
{
	enum benchmark_state state = BENCHMARK_PASSED;
	const char *seen = "600 root:root /etc/kubernetes/manifests/kube-apiserver.yaml";

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i].id, item->is->id) == 0) {
			state = others[i].state;
			seen = others[i].seen;
		}
	item->groups = arena_alloc(&out->arena, 4 * sizeof(*item->groups));
	add(out, item, state, unseen ? "cp1, cp3" : "cp1, cp2, cp3", hostile ? hostile : seen);
	if (unseen)
		add(out, item, BENCHMARK_UNKNOWN, "cp2", "the host was not looked at");
	if (item->is->all)
		add(out, item, BENCHMARK_PASSED, "w1, w2", hostile ? hostile : "as it is wanted");
}

void fake_benchmark_fill(struct port_benchmark *out, bool unseen, const char *hostile)
{
	*out = (struct port_benchmark){ .count = benchmark_item_count, .unseen_count = unseen };
	out->items = arena_alloc(&out->arena, out->count * sizeof(*out->items));
	out->unseen = arena_alloc(&out->arena, sizeof(*out->unseen));
	for (size_t i = 0; i < out->count; i++) {
		out->items[i].is = &benchmark_items[i];
		fill(out, &out->items[i], unseen, hostile);
	}
	if (!unseen)
		return;
	out->unseen[0].host = "cp2";
	error_set(&out->unseen[0].error, ERROR_CONNECT, "%s",
		hostile ? hostile : "cannot connect to cp2 (10.0.0.12:22): no route to host");
	error_hint(&out->unseen[0].error, "is the machine on? see its console");
}
