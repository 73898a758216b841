/* How a host is set up beside what the CIS Kubernetes Benchmark wants: one exec, nothing else of it is looked at. */
#include "steps/steps.h"

#include "cluster/benchmark.h"
#include "steps/host/scripts.h"

#include <string.h>

/* The manifests and the kubelet's file are parsed, and what of them is shown is cleaned. */
static const char *const words[] = { "files.*", "=manifest.*", "kubelet_args", "=kubelet_config", "-etcd_ca",
	"-providers", "-proxy_listens", "error", "hint", NULL };

int benchmark_apply(struct task *t, struct error *err)
{
	struct remote_answer answer = { 0 };
	struct benchmark_host seen = { 0 }, *at = &world_of(t)->seen.benchmark[task_host(t)], old;
	int rc = world_script(t, "benchmark", host_script_benchmark, NULL, 0, words, &answer, 60000, err);

	if (rc == 0) {
		benchmark_host_take(&seen, &answer);
		task_lock(t);
		old = *at;
		*at = seen;
		task_unlock(t);
		benchmark_host_release(&old);
	}
	remote_answer_release(&answer);
	return rc;
}
