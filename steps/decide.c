/* Compares what is there with what the inventory wants, once per run: new cluster or living one, which host runs init, which version; and refuses to guess. */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a package index. */
#define INDEX_MAX (16u << 20)

enum step_verdict decide_check(struct task *t, struct error *why)
{
	(void)t;
	(void)why;
	return STEP_NEEDED;
}

/*
 * kubeadm labels the Node of a control plane last: one whose init or join was cut before that has no label, and neither has one whose Node was deleted and came back. What is
 * on the host tells what it is; of a host that cannot be looked at nobody knows, and nothing is done to it.
 */
static bool lacks_mark(const struct world *w, const struct inventory_host *h)
{
	const struct cluster_host *seen = &w->hosts[h - w->inventory->hosts];

	return h->role == INVENTORY_CONTROL_PLANE &&
	       (!seen->probed || strstr(cluster_fact(seen, "have"), "apiserver-manifest"));
}

static int refuse_nodes(const struct world *w, struct error *err)
{
	for (size_t i = 0; i < w->cluster.node_count; i++) {
		const struct cluster_node *node = &w->cluster.nodes[i];
		const struct inventory_host *h = inventory_find(w->inventory, node->name);

		/* it leaves; when it comes back it is as the inventory says */
		if (h && world_leaves(w, (int)(h - w->inventory->hosts)))
			continue;
		if (!h && node->control_plane) {
			error_set(err, ERROR_INVENTORY,
				"the control plane %s (%s) of the living cluster is not in the inventory", node->name,
				node->address);
			return error_hint(err,
				"put it back into the inventory: apply never removes a host; 'kubewright remove %s' does then",
				node->name);
		}
		if (h && node->address[0] && strcmp(node->address, h->address) != 0) {
			error_set(err, ERROR_INVENTORY,
				"%s has the address %s in the living cluster and %s in the inventory", node->name,
				node->address, h->address);
			return error_hint(err,
				"correct the inventory; or, when another machine takes its place and the old one is off for good, 'kubewright rejoin %s' takes the old one out and joins the new one",
				node->name);
		}
		if (h && node->control_plane != (h->role == INVENTORY_CONTROL_PLANE) && !lacks_mark(w, h)) {
			error_set(err, ERROR_INVENTORY, "%s is a %s in the living cluster and a %s in the inventory",
				node->name, node->control_plane ? "control plane" : "worker",
				node->control_plane ? "worker" : "control plane");
			return error_hint(err,
				"apply does not change roles: 'kubewright rejoin %s' takes it out and joins it as a %s; or correct the inventory",
				node->name, node->control_plane ? "worker" : "control plane");
		}
	}
	return 0;
}

static int refuse_version(struct world *w, struct error *err)
{
	const char *want = w->inventory->kubernetes.version;
	size_t n = strlen(want);

	snprintf(w->version, sizeof(w->version), "%s", w->cluster.version);
	if (strncmp(w->cluster.version, want, n) == 0 &&
		(w->cluster.version[n] == '\0' || w->cluster.version[n] == '.'))
		return 0;
	error_set(err, ERROR_INVENTORY, "the living cluster runs Kubernetes %s and the inventory says %s",
		w->cluster.version, want);
	return error_hint(err, "apply never upgrades: set kubernetes.version to %s", w->cluster.version);
}

/* With the lock held; it is given up while the repository is asked. */
static bool is_cancelled(void *task)
{
	return task_cancelled(task);
}

static int resolve_version(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const char *want = w->inventory->kubernetes.version;
	const char *url = w->inventory->kubernetes.repository.url ? w->inventory->kubernetes.repository.url
								  : w->release->repository;
	struct str index = STR_INIT;
	char full[512], version[32] = "";
	int rc;

	if (strchr(strchr(want, '.') + 1, '.')) {
		snprintf(w->version, sizeof(w->version), "%s", want);
		return 0;
	}
	snprintf(full, sizeof(full), "%s%sPackages", url ? url : "", url && url[strlen(url) - 1] == '/' ? "" : "/");
	task_unlock(t);
	rc = net_fetch_index(full, INDEX_MAX, &(struct net_stop){ is_cancelled, t }, &index, err);
	if (rc == 0)
		release_newest(index.buf, want, version);
	str_release(&index);
	if (rc == 0 && !version[0])
		rc = error_set(err, ERROR_NET, "the package index %s lists no kubeadm %s", full, want);
	if (rc)
		error_hint(err, "write the whole version into the inventory, such as %s.0", want);
	task_lock(t);
	snprintf(w->version, sizeof(w->version), "%s", version);
	return rc;
}

/* Something of a cluster is on a host, but no API server answered. */
static const struct inventory_host *has_cluster(const struct world *w)
{
	for (size_t i = 0; i < w->inventory->host_count; i++)
		if (w->hosts[i].probed && w->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE &&
			world_installed(&w->hosts[i]))
			return &w->inventory->hosts[i];
	return NULL;
}

/* The control planes that did not answer, as text; "" when all did. */
static void missing(const struct world *w, struct str *out)
{
	for (size_t i = 0; i < w->inventory->host_count; i++)
		if (w->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && !w->hosts[i].probed)
			str_addf(out, "%s%s", out->len ? ", " : "", w->inventory->hosts[i].name);
}

static bool anyone_leaves(const struct world *w)
{
	for (size_t i = 0; i < w->inventory->host_count; i++)
		if (world_leaves(w, (int)i))
			return true;
	return false;
}

static int new_cluster(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const struct inventory_host *dead = has_cluster(w);
	struct str absent = STR_INIT;
	char even[200];
	int rc = 0;

	/* half of an installation may be a whole one that nobody could ask */
	if (world_cannot_look(w, err))
		return -1;
	if (dead) {
		error_set(err, ERROR_COMMAND,
			"%s is an installed control plane, but no API server of the cluster answers", dead->name);
		return error_hint(err,
			"see 'kubewright status' and 'kubewright logs %s': apply does not start a new cluster over one that is down",
			dead->name);
	}
	if (anyone_leaves(w)) {
		error_set(err, ERROR_COMMAND, "there is no cluster to take hosts out of: no API server answers");
		return error_hint(err,
			"see 'kubewright status'; 'kubewright reset' takes Kubernetes off hosts that belong to no cluster");
	}
	if (inventory_even(w->inventory, even, sizeof(even))) {
		error_set(err, ERROR_INVENTORY, "%s", even);
		return error_hint(
			err, "a new cluster begins with an odd number: see 'hosts' in %s", w->inventory->path);
	}
	missing(w, &absent);
	if (absent.len && !w->without_missing) {
		/* not this host's connection: it has its lock to give back through it */
		error_set(err, ERROR_COMMAND,
			"control planes cannot be reached: %s; a new cluster begins with all of them", absent.buf);
		rc = error_hint(
			err, "bring them back, or go on with --without-missing and apply again when they are back");
	}
	str_release(&absent);
	for (size_t i = 0; rc == 0 && i < w->inventory->host_count; i++) {
		bool usable = w->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && w->hosts[i].probed;

		/* the choice of an earlier run stands: half of its work is there */
		if (usable && (w->init_host < 0 || cluster_fact_is(&w->hosts[i], "record.init", "yes")))
			w->init_host = (int)i;
	}
	if (rc == 0 && !w->store && !task_check_only(t)) {
		const char *type = w->inventory->pki.key_type;
		int key = pki_key_type_parse(type);

		w->store = pki_store_create(w->store_dir, (enum pki_key_type)key,
			w->release->sa_rsa && key == PKI_ECDSA_P256 ? PKI_RSA_2048 : (enum pki_key_type)key,
			w->passphrase, err);
		rc = w->store ? 0 : -1;
	}
	return rc ? rc : resolve_version(t, err);
}

static int living_cluster(struct world *w, struct error *err)
{
	w->init_host = -1;
	for (size_t i = 0; i < w->inventory->host_count; i++)
		if (cluster_fact_is(&w->hosts[i], "record.init", "yes") && !world_leaves(w, (int)i))
			w->init_host = (int)i;
	if (w->init_host < 0)
		w->init_host = w->lead;
	return refuse_version(w, err) || refuse_nodes(w, err) ? -1 : 0;
}

int decide_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct error refused = { 0 };
	int rc = 0;

	/* not for good: the other run comes to its end, and the host may be tried again */
	if (lock_refused(t, err))
		return -1;
	task_lock(t);
	/* one host's thread decides for all */
	while (w->deciding && !w->decided && !task_cancelled(t))
		task_wait(t, clock_mono_ms() + 1000);
	if (!w->deciding) {
		w->deciding = true;
		if (w->cluster.exists ? living_cluster(w, &refused) : new_cluster(t, &refused)) {
			w->decision = xcalloc(1, sizeof(*w->decision));
			error_about(&refused, REFUSAL_DECISION, NULL);
			*w->decision = refused;
		}
		w->decided = true;
		task_wake(t);
	}
	if (!w->decided)
		rc = error_set(err, ERROR_CANCELLED, "cancelled");
	else if (w->decision)
		*err = *w->decision, rc = -1;
	task_unlock(t);
	return rc;
}
