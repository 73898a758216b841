/* What a host shows of its setup, taken over and judged item by item. */
#include "cluster/benchmark_private.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <string.h>

const char *benchmark_state_name(enum benchmark_state state)
{
	static const char *const names[BENCHMARK_STATES] = {
		[BENCHMARK_NOT_APPLICABLE] = "not-applicable",
		[BENCHMARK_PASSED] = "passed",
		[BENCHMARK_BY_HAND] = "by-hand",
		[BENCHMARK_UNKNOWN] = "unknown",
		[BENCHMARK_FAILED] = "failed",
	};

	return names[state];
}

void benchmark_host_take(struct benchmark_host *h, struct remote_answer *said)
{
	const struct remote_answer_line *config;

	benchmark_host_release(h);
	adopt_host_take(&h->said, said);
	config = remote_answer_find(&h->said.said, "kubelet_config");
	h->kubelet = config ? inventory_yaml(config->value, config->len, NULL) : NULL;
	if (json_is_object(h->kubelet))
		return;
	json_free(h->kubelet);
	h->kubelet = NULL;
}

void benchmark_host_release(struct benchmark_host *h)
{
	adopt_host_release(&h->said);
	json_free(h->kubelet);
	h->kubelet = NULL;
}

bool benchmark_concerns(const struct benchmark_item *item, bool control_plane)
{
	return item->all || control_plane;
}

void benchmark_judge(const struct benchmark_item *item, const struct benchmark_host *h, struct benchmark_seen *out)
{
	static const enum benchmark_state states[] = {
		[BENCHMARK_YES] = BENCHMARK_PASSED,
		[BENCHMARK_NO] = BENCHMARK_FAILED,
		[BENCHMARK_UNSEEN] = BENCHMARK_UNKNOWN,
		[BENCHMARK_NONE] = BENCHMARK_NOT_APPLICABLE,
	};
	struct str seen = STR_INIT;
	enum benchmark_answer answer = BENCHMARK_UNSEEN;

	if (h->said.looked)
		answer = item->rule->look(item->rule, h, &seen);
	else
		str_add(&seen, "the host was not looked at");
	out->state = answer == BENCHMARK_NO && item->why ? BENCHMARK_BY_HAND : states[answer];
	str_copy_line(out->what, sizeof(out->what), seen.buf);
	str_release(&seen);
}
