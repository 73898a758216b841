/* What a helper needs to see of a host: its logs and versions, one exec. What is asked for, and how much of it, is a table. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

#include <string.h>

#define KIB 1024u
#define ALL_HOSTS (64u << 20) /* of all hosts together, at most */
#define LEAST (4 * KIB)       /* of a piece, however many hosts there are */
#define TIMEOUT_MS 60000

/* The order in which they are asked for: when time is short, the first ones count. */
const struct support_piece support_pieces[] = {
	{ "versions", "versions", "", "versions of the system and of its programs", 16 * KIB, ROLE_ALL },
	{ "system", "system", "", "disks, memory, addresses, units, containers", 64 * KIB, ROLE_ALL },
	{ "kubelet", "unit", "kubelet", "log of the kubelet", 256 * KIB, ROLE_ALL },
	{ "containerd", "unit", "containerd", "log of containerd", 128 * KIB, ROLE_ALL },
	{ "keepalived", "unit", "keepalived", "log of keepalived", 64 * KIB, ROLE_CONTROL_PLANE },
	{ "etcd", "container", "etcd", "log of etcd", 256 * KIB, ROLE_CONTROL_PLANE },
	{ "kube-apiserver", "container", "kube-apiserver", "log of the API server", 256 * KIB, ROLE_CONTROL_PLANE },
	{ "kube-controller-manager", "container", "kube-controller-manager", "log of the controller manager", 128 * KIB,
		ROLE_CONTROL_PLANE },
	{ "kube-scheduler", "container", "kube-scheduler", "log of the scheduler", 64 * KIB, ROLE_CONTROL_PLANE },
	{ "kube-proxy", "container", "kube-proxy", "log of kube-proxy", 64 * KIB, ROLE_ALL },
	{ "jobs", "jobs", "", "logs of kubewright's jobs, kubeadm's among them", 256 * KIB, ROLE_ALL },
	{ "history", "file", "/var/lib/kubewright/history", "history of kubewright's jobs", 64 * KIB, ROLE_ALL },
	{ "kernel", "unit", "-k", "log of the kernel", 128 * KIB, ROLE_ALL },
};
const size_t support_piece_count = sizeof(support_pieces) / sizeof(support_pieces[0]);

size_t support_limit(const struct support_piece *p, size_t hosts)
{
	size_t all = 0, limit;

	for (size_t i = 0; i < support_piece_count; i++)
		all += support_pieces[i].limit;
	if (!hosts || all <= ALL_HOSTS / hosts)
		return p->limit;
	limit = (size_t)((double)p->limit * (double)(ALL_HOSTS / hosts) / (double)all);
	return limit > LEAST ? limit : LEAST;
}

int support_apply(struct task *t, struct error *err)
{
	static const char *const words[] = { "=piece.*", "error", "hint", NULL };
	struct world *w = world_of(t);
	struct remote_answer answer = { 0 };
	struct str pieces = STR_INIT;
	struct error local = { 0 };
	int rc;

	for (size_t i = 0; i < support_piece_count; i++) {
		const struct support_piece *p = &support_pieces[i];

		if (p->roles & (world_is_control_plane(t) ? ROLE_CONTROL_PLANE : ROLE_WORKER))
			str_addf(&pieces, "%s %s %zu %s\n", p->name, p->kind,
				support_limit(p, w->wish.inventory->host_count), p->argument);
	}
	const struct remote_param params[] = { { "pieces", pieces.buf } };
	rc = world_script(t, "support", host_script_support, params, 1, words, &answer, TIMEOUT_MS, &local);
	str_release(&pieces);
	task_lock(t);
	w->seen.support[task_host(t)].error = local;
	if (rc == 0) {
		remote_answer_release(&w->seen.support[task_host(t)].answer);
		w->seen.support[task_host(t)].answer = answer;
		w->seen.support[task_host(t)].looked = true;
	} else {
		remote_answer_release(&answer);
	}
	task_unlock(t);
	/* facts may be had all the same, unless the way there is what is broken, or the host too slow for anything */
	return rc && local.kind != ERROR_COMMAND && local.kind != ERROR_PROTOCOL ? (*err = local, -1) : 0;
}
