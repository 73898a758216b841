/*
 * How far an upgrade is: which version may follow which, which hosts have it, which wait. Read from the hosts and the API alone: tags of the static Pods' images, what a host has
 * recorded of an upgrade that ended well, the Nodes' kubelets, the version in kubeadm-config.
 */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const components[] = { "kube-apiserver", "kube-controller-manager", "kube-scheduler" };

bool upgrade_is_version(const char *have, const char *want)
{
	size_t n = strlen(want);

	have += *have == 'v';
	return n > 0 && strncmp(have, want, n) == 0 && (have[n] == '\0' || strchr("-+~", have[n]));
}

static bool is_control_plane(const struct world *w, size_t host)
{
	return w->wish.inventory->hosts[host].role == INVENTORY_CONTROL_PLANE;
}

/* ---- which version may follow which ---- */

int upgrade_refuse(const char *oldest, const char *newest, const char *to, struct error *err)
{
	int have = release_minor(oldest), want = release_minor(to);

	if (release_compare(to, newest) < 0) {
		error_set(err, ERROR_INVENTORY, "the cluster runs Kubernetes %s, and %s is older", newest, to);
		error_hint(err,
			"there is no way down. To continue an upgrade that was interrupted: 'kubewright upgrade %s'; the way back is a snapshot, see 'kubewright help etcd'",
			newest);
		return error_about(err, REFUSAL_OLDER, newest), -1;
	}
	if (want <= have + 1)
		return 0;
	error_set(err, ERROR_INVENTORY, "the cluster runs Kubernetes %s, and %s skips a minor version", oldest, to);
	error_hint(err,
		"upgrade to 1.%d first: 'kubewright upgrade 1.%d'; or 'kubewright upgrade %s --through' goes the whole way",
		have + 1, have + 1, to);
	return error_about(err, REFUSAL_SKIPS, oldest), -1;
}

bool upgrade_first(const struct error *refusal, char minor[16])
{
	if (!refusal || refusal->code != REFUSAL_SKIPS)
		return false;
	snprintf(minor, 16, "1.%d", release_minor(refusal->about) + 1);
	return true;
}

/*
 * Sets both to what API servers and kubeadm's own record say; of hosts that could not be looked at their kubelet stands for them. kubelets: the oldest may also be one of
 * those. Hosts that leave do not count.
 */
static void versions(const struct world *w, const char *stored, bool kubelets, char oldest[32], char newest[32])
{
	snprintf(oldest, 32, "%s", w->seen.cluster.version);
	snprintf(newest, 32, "%s", w->seen.cluster.version);
	if (*stored && release_compare(stored, newest) > 0)
		snprintf(newest, 32, "%.31s", stored);
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		const struct cluster_node *node = cluster_find_node(&w->seen.cluster, w->wish.inventory->hosts[i].name);
		const char *server = cluster_fact(&w->seen.hosts[i], "image.kube-apiserver"), *kubelet;

		if (!node || !node->version[0] || world_leaves(w, (int)i))
			continue;
		kubelet = node->version + (node->version[0] == 'v');
		server = *server ? server + (*server == 'v') : kubelet;
		if (is_control_plane(w, i) && release_compare(server, newest) > 0)
			snprintf(newest, 32, "%.31s", server);
		if (is_control_plane(w, i) && release_compare(server, oldest) < 0)
			snprintf(oldest, 32, "%.31s", server);
		if (kubelets && release_compare(kubelet, oldest) < 0)
			snprintf(oldest, 32, "%.31s", kubelet);
	}
}

bool upgrade_half_done(const struct world *w, char newest[32])
{
	char oldest[32];

	versions(w, "", true, oldest, newest);
	return release_compare(oldest, newest) < 0;
}

bool upgrade_servers_differ(const struct world *w)
{
	char oldest[32], newest[32];

	versions(w, "", false, oldest, newest);
	return release_compare(oldest, newest) < 0;
}

/* What kubeadm has recorded, without "v"; "": nothing. */
static void stored_version(const struct world *w, char out[32])
{
	struct json *config = kubeadm_living_config(w);
	const char *text = json_get_str(config, "kubernetesVersion", "");

	str_copy_line(out, 32, text + (*text == 'v'));
	json_free(config);
}

void upgrade_range(const struct world *w, char oldest[32], char newest[32])
{
	char stored[32];

	stored_version(w, stored);
	versions(w, stored, true, oldest, newest);
}

int upgrade_decide(struct world *w, struct error *err)
{
	char stored[32], oldest[32], newest[32];
	bool never = true, applied = false;

	stored_version(w, stored);
	/* a kubelet takes one minor version at a time, too: flags that one has dropped only the version before takes out of its files */
	versions(w, stored, true, oldest, newest);
	/* after it kubeadm still uploads what `upgrade node` never does: an apply that was interrupted there is to be run again */
	for (size_t i = 0; i < w->wish.inventory->host_count; i++) {
		never = never && !*world_job_state(&w->seen.hosts[i], "upgrade");
		applied = applied || (is_control_plane(w, i) &&
					     upgrade_is_version(cluster_fact(&w->seen.hosts[i], "record.applied"),
						     w->decided.version));
	}
	w->decided.config_new = upgrade_is_version(stored, w->decided.version) && (never || applied);
	return upgrade_refuse(oldest, newest, w->decided.version, err);
}

/* ---- how far a host is ---- */

bool upgrade_components_new(const struct world *w, const struct cluster_host *h)
{
	for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++)
		if (!upgrade_is_version(cluster_factf(h, "image.%s", components[i]), w->decided.version))
			return false;
	return true;
}

void upgrade_forget(struct world *w, int host)
{
	char word[64];

	for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++) {
		snprintf(word, sizeof(word), "image.%s", components[i]);
		if (*cluster_fact(&w->seen.hosts[host], word))
			cluster_set(&w->seen.hosts[host], word, "");
	}
}

bool upgrade_member(const struct world *w, int host)
{
	const struct inventory_host *own = &w->wish.inventory->hosts[host];
	const struct cluster_node *node = cluster_find_node(&w->seen.cluster, own->name);
	const char *cluster = cluster_fact(&w->seen.hosts[host], "record.cluster");

	return node && strcmp(node->address, own->address) == 0 &&
	       (!w->seen.hosts[host].probed || !*cluster || strcmp(cluster, w->wish.inventory->cluster) == 0);
}

bool upgrade_host_done(const struct world *w, int host)
{
	const struct cluster_host *h = &w->seen.hosts[host];
	const struct cluster_node *node = cluster_find_node(&w->seen.cluster, w->wish.inventory->hosts[host].name);
	bool recorded = upgrade_is_version(cluster_fact(h, "record.upgraded"), w->decided.version);
	/* one that joined with this version was never upgraded to it */
	bool born = !*world_job_state(h, "upgrade") && node && upgrade_is_version(node->version, w->decided.version);

	if (is_control_plane(w, (size_t)host) && !(upgrade_components_new(w, h) && w->decided.config_new))
		return false;
	return recorded || born;
}

const struct inventory_host *upgrade_behind(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (is_control_plane(w, i) && upgrade_member(w, (int)i) && !upgrade_host_done(w, (int)i))
			return &w->wish.inventory->hosts[i];
	return NULL;
}

bool upgrade_kubelet_due(const struct world *w, int host)
{
	return !upgrade_behind(w) && upgrade_host_done(w, host);
}
